"""Takes out of NETS' answers what must never be stored, logged or shown.

NETS masks card numbers itself. Should it ever not, only the last four digits get past here.
"""

import re

_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?")
_HIDDEN = "[hidden]"

# A card number: 13-19 digits, in one piece or in the groups cards print. It starts with 2-9, and
# not behind an upper-case hex digit: that is an AID or a cryptogram.
_CARD_NUMBER = re.compile(
    r"(?<![0-9A-F])(?:"
    r"[2-9][0-9]{12,18}"
    r"|[2-9][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,7}"
    r"|[2-9][0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5}"
    r")(?![0-9])"
)
# 14 digits that are a moment, as in TimeStamp; no card number of that length starts like this.
_MOMENT = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])(?:[0-5][0-9]){2}")


def hide_token(text, token):
    """`text` without the token and without anything that looks like a JWT.

    Both consist of characters that can't break the JSON around them.
    """
    # A token shorter than this would be a word of the answer rather than a secret.
    if len(token) >= 16:
        text = text.replace(token, _HIDDEN)
    return _JWT.sub(_HIDDEN, text)


def mask_card_numbers(text):
    """`text` with all but the last four digits of each card number (13-19 digits that pass the
    Luhn check) as `*`. The length stays, so receipts keep their columns."""
    return _CARD_NUMBER.sub(_mask_match, text)


def mask_pan(text):
    """A `TruncatedPAN` with at most its last four digits; `-n` (the sequence number) stays."""
    sequence = re.search(r"-[0-9]{1,2}$", text)
    end = sequence.start() if sequence else len(text)
    return re.sub(r"[0-9](?=.*[0-9]{4})", "*", text[:end]) + text[end:]


def mask_answer(value, key=None):
    """A parsed JSON answer with card numbers masked. `orderId` is ours and stays as it is."""
    if isinstance(value, dict):
        return {name: mask_answer(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [mask_answer(item, key) for item in value]
    if key == "orderId" or isinstance(value, bool) or not isinstance(value, str | int):
        return value
    text = str(value)
    masked = mask_pan(text) if key == "TruncatedPAN" else mask_card_numbers(text)
    return value if masked == text else masked


def _mask_match(match):
    found = match[0]
    digits = re.sub("[^0-9]", "", found)
    if _MOMENT.fullmatch(found) or not _passes_luhn(digits):
        return found
    return re.sub("[0-9]", "*", found[:-4]) + found[-4:]


def _passes_luhn(digits):
    total = 0
    for position, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
