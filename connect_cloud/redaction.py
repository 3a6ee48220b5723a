"""Takes out of NETS' answers what must never be stored, logged or shown.

NETS masks card numbers itself. Should it ever not, only the last four digits get past here.

A card number is 13 to 19 digits that pass the Luhn check and start as one does: in one piece, also
between letters and behind zeros; or in groups as cards print them, or of one size up to four, with one
kind of separator between them. What NETS itself sends stays as it is: masked numbers, STANs (6 and 6),
terminal ids (8), organisation numbers (9), amounts (up to 11). So do

- times of 14 digits, also those that happen to pass the Luhn check: none of that length starts with 20
- dates with separators: their groups differ in size
- AIDs: their digits start with 0, or are too few for how they start
- numbers of more than 19 digits

A number of another meaning that has 13 to 19 digits, starts with 2 to 9 and passes the Luhn check (one
in ten does) is masked. Nothing here takes longer than in proportion to the text.
"""

import re
from itertools import pairwise

_HIDDEN = "[hidden]"
# A JWT and what is glued to it. Each such run is looked at once.
_TOKEN_RUN = re.compile(r"[\w.-]+")
_JWT_HEAD = re.compile(r"\beyJ[\w-]")

# What may be between groups of digits: in text, or in JSON that couldn't be read.
_SEPARATOR = r"(?:\\t|\\u[0-9a-fA-F]{4}|[^\S\r\n]|[-./\\|_,:·•*–—\u200b\u2060]){1,3}"
_RUN = re.compile(f"(?<![0-9])[0-9]+(?:{_SEPARATOR}[0-9]+)*")
_GROUP = re.compile(f"([0-9]+)({_SEPARATOR})?")
_SHORTEST, _LONGEST = 13, 19
_LARGEST_GROUP = 4
_PRINTED = ((4, 6, 5), (4, 6, 4))  # American Express, Diners Club
# How a number starts, by its length, where it may well be something else: in groups, behind zeros, or
# behind a letter that may be a hexadecimal digit (AIDs, cryptograms).
_STARTS = {
    13: re.compile("4"),
    14: re.compile("3(?:0[0-5]|[689])"),
    15: re.compile("3[47]|2131"),
    16: re.compile("2[2-7]|[3-9]"),
    17: re.compile("2[2-7]|[3-9]"),
    18: re.compile("2[2-7]|[3-9]"),
    19: re.compile("2[2-7]|[3-9]"),
}
# 14 digits that are a moment, as in TimeStamp.
_MOMENT = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])(?:[0-5][0-9]){2}")


def hide_token(text, token):
    """`text` without the token and without anything that looks like a JWT.

    Both consist of characters that can't break the JSON around them.
    """
    # A token shorter than this would be a word of the answer rather than a secret.
    if len(token) >= 16:
        text = text.replace(token, _HIDDEN)
    return _TOKEN_RUN.sub(_hide_jwt, text) if "eyJ" in text else text


def _hide_jwt(match):
    run = match[0]
    parts = run.split(".")
    start = 0
    for part, following in pairwise(parts):
        if following and (head := _JWT_HEAD.search(part)):
            return run[: start + head.start()] + _HIDDEN + "." * (len(run) - len(run.rstrip(".")))
        start += len(part) + 1
    return run


def mask_card_numbers(text):
    """`text` with all but the last four digits of each card number as `*`. The length stays, so
    receipts keep their columns."""
    return _RUN.sub(_mask_run, text)


def _mask_run(match):
    """Mask what is a card number among groups of digits that are near each other."""
    run = match[0]
    if len(run) < _SHORTEST:
        return run
    groups = [(group[1], group[2], group.start()) for group in _GROUP.finditer(run)]
    behind_hex = match.string[match.start() - 1 : match.start()] in tuple("ABCDEFabcdef")
    hidden = set()
    for first, (digits, separator, start) in enumerate(groups):
        if len(digits) >= _SHORTEST:
            number = digits.lstrip("0")
            if _is_card_number(number, strict=number != digits or (behind_hex and first == 0)):
                hidden.update(range(start, start + len(digits) - 4))
        elif digits[0] not in "01" and separator:
            for last in _card_ends(groups, first):
                places = [at + place for part, _, at in groups[first : last + 1] for place in range(len(part))]
                hidden.update(places[:-4])
    if not hidden:
        return run
    return "".join("*" if place in hidden else character for place, character in enumerate(run))


def _card_ends(groups, first):
    """The indices of the groups with which a card number ends that starts with the first one."""
    digits, separator, _start = groups[first]
    size, number = len(digits), digits
    if tuple(len(part) for part, *_rest in groups[first : first + 3]) in _PRINTED:
        printed = "".join(part for part, *_rest in groups[first : first + 3])
        if groups[first + 1][1] == separator and _is_card_number(printed, strict=True):
            yield first + 2
    if size > _LARGEST_GROUP:
        return
    for index in range(first + 1, min(first + _LONGEST, len(groups))):
        part, following, _start = groups[index]
        number += part
        if len(part) > size or len(number) > _LONGEST:
            return
        if len(number) >= _SHORTEST and _is_card_number(number, strict=True):
            yield index
        if len(part) < size or following != separator:
            return


def _is_card_number(digits, strict):
    if not _SHORTEST <= len(digits) <= _LONGEST or _MOMENT.fullmatch(digits):
        return False
    starts_as_one = _STARTS[len(digits)].match(digits) if strict else digits[0] not in "01"
    return bool(starts_as_one) and _passes_luhn(digits)


_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def _passes_luhn(digits):
    backwards = digits[::-1].encode()
    places = backwards[::2] + backwards[1::2].translate(_DOUBLED)
    return (sum(places) - len(places) * ord("0")) % 10 == 0


def mask_pan(text):
    """A `TruncatedPAN` with at most its last four digits; `-n` (the sequence number) stays."""
    sequence = re.search(r"-[0-9]{1,2}$", text)
    end = sequence.start() if sequence else len(text)
    too_many = max(0, sum(character in "0123456789" for character in text[:end]) - 4)
    return re.sub("[0-9]", "*", text, count=too_many) if too_many else text


def mask_answer(value, key=None):
    """A parsed JSON answer with card numbers masked, also where they are numbers or keys.

    :raise RecursionError: where it is nested too deep
    """
    if isinstance(value, dict):
        return {mask_card_numbers(name): mask_answer(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [mask_answer(item, key) for item in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    text = str(value)
    masked = mask_pan(text) if key == "TruncatedPAN" else mask_card_numbers(text)
    return value if masked == text else masked
