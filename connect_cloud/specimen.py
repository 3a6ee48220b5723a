"""An answer of NETS made fit to be passed on, to whoever mends a difference between this client and the real NETS.

What the client reads stays as it came. Of everything else the form alone stays: names, types, lengths, line breaks,
which characters are digits. So it holds no card data, no receipt's text and nobody's name.
"""

import json
import re

# What says how a call ended, what was charged, and when; by the names of Connect@Cloud and of Baxi.Agent alike.
_NAMES = (
    *("Result", "TotalAmount", "TipAmount", "SurchargeAmount", "StanAuth", "TimeStamp", "SessionNumber"),
    *("ResponseCode", "RejectionSource", "RejectionReason", "CVM", "AccountType"),
    *("status", "state", "type", "orderId", "transactionType", "timestamp", "sessionNumber", "error", "failure"),
)
_KEPT = {name.lower() for name in _NAMES}
_ELEMENT = re.compile(r"<([A-Za-z][\w.:-]*)(?:[^<>]*)>([^<]*)")


def specimen(raw):
    """What may be shown to others of an answer.

    :param str raw: as it came, JSON or XML; anything else is a text whose form stays
    :return: text, of the same form
    """
    try:
        data = json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        return _of_text(raw)
    return json.dumps(_of_json(data, kept=False), ensure_ascii=False, indent=2)


def _of_json(value, kept):
    if isinstance(value, dict):
        return {name: _of_json(item, name.lower() in _KEPT) for name, item in value.items()}
    if isinstance(value, list):
        return [_of_json(item, kept) for item in value]
    if kept or value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        # an answer within an answer, as OptionalData is
        return specimen(value) if value.lstrip().startswith(("{", "[")) else _form(value)
    # as many digits
    return 0.1 if isinstance(value, float) else 10 ** (len(str(abs(value))) - 1)


def _of_text(text):
    """XML, of which the elements' names stay and their attributes go; of any other text the form."""
    if not text.lstrip().startswith("<"):
        return _form(text)
    elements = []
    for name, content in _ELEMENT.findall(text):
        elements.append(f"<{name}>{content if name.lower() in _KEPT else _form(content)}")
    return "\n".join(elements)


def _form(text):
    """A text of which nobody can read anything: each digit is 0, each letter x or X."""
    text = re.sub(r"[^\W\d_]", lambda letter: "X" if letter[0].isupper() else "x", text)
    return re.sub(r"\d", "0", text)
