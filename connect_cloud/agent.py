"""What a Baxi.Agent said, read into the same facts as answers of Connect@Cloud (docs/PROTOCOL.md, section 9).

The texts come from a browser, which talked to the agent; so any text may come, and none makes anything here fail.
What is read is bounded in size, depth and number, there are no DTDs and no entities, and card numbers are masked in
all that leaves this module.

No message names the operation that it answers. What can be told apart here is: results of others (terminal and
`ECRID`, where the header names them), and errors that may belong to something else than our request. Whether a result
is an older one only its owner can tell, who knows what was before (`evidence.Fingerprint`).
"""

import re
from dataclasses import dataclass, field
from itertools import islice
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from . import reasons
from .answers import (
    MAX_DEPTH,
    AdministrationOutcome,
    LastTransaction,
    build_outcome,
    code_of,
    judge_result,
    nothing_ran,
    read_fields,
    refused,
    unknown,
)
from .enums import TextEnum
from .errors import ConnectCloudError
from .reasons import Reason
from .redaction import mask_answer, mask_card_numbers, mask_pan

# A payment takes some twenty messages of a few hundred characters; a report may have many pages.
MAX_MESSAGES = 200
MAX_MESSAGE = 128 * 1024  # characters
MAX_TOTAL = 512 * 1024  # characters
MAX_ELEMENTS = 1000  # of one message

ADMINISTRATION_DONE = 1  # Result


class MessageKind(TextEnum):
    LOCAL_MODE = "local_mode"  # the result of what was asked
    LAST_RESULT = "last_result"
    DISPLAY = "display"
    PRINT = "print"
    READY = "ready"
    ERROR = "error"
    REJECTED = "rejected"
    OTHER = "other"
    UNREADABLE = "unreadable"


KINDS = {
    "Dfs13LocalMode": MessageKind.LOCAL_MODE,
    "Dfs13LastFinancialResult": MessageKind.LAST_RESULT,
    "Dfs13DisplayText": MessageKind.DISPLAY,
    "Dfs13PrintText": MessageKind.PRINT,
    "Dfs13TerminalReady": MessageKind.READY,
    "Dfs13Error": MessageKind.ERROR,
    "MethodRejected": MessageKind.REJECTED,
}


@dataclass(frozen=True)
class Message:
    """One message of the agent, with card numbers masked.

    :param str terminal_id: of its header, "" where it names none; so is `ecr_id`
    :param dict fields: of a result, as text under the names of the wire
    :param str text: what is displayed or printed; of an error or a rejection, its code and its words
    :param str code: of an error or a rejection
    :param str raw: the whole document, to keep
    """

    kind: MessageKind
    terminal_id: str = ""
    ecr_id: str = ""
    fields: dict = field(default_factory=dict, repr=False)
    text: str = field(default="", repr=False)
    code: str = ""
    raw: str = field(default="", repr=False)

    def is_for(self, terminal_id, ecr_id):
        """Whether nothing speaks against it being for this terminal and this till; "" fits everything."""
        shown = self.fields.get("TerminalID", "").strip()
        return not (
            _differ(self.terminal_id, terminal_id)
            or (re.fullmatch("[0-9]{8}", shown) and _differ(shown, terminal_id))
            or _differ(self.ecr_id, ecr_id)
        )


def _differ(a, b):
    return bool(a and b and a != b)


# === WHAT IS SAID === #


def read_messages(texts):
    """The messages in what an agent sent.

    :param list texts: one XML document each, in their order. What is no text, too long or too much is
        UNREADABLE, without its content
    :return: list of Message; a document with several objects gives several
    """
    messages, total = [], 0
    for text in islice(texts, MAX_MESSAGES):
        size = len(text) if isinstance(text, str) else 0
        total += size
        if not 0 < size <= MAX_MESSAGE or total > MAX_TOTAL:
            messages.append(Message(MessageKind.UNREADABLE))
        else:
            messages.extend(_read_document(text))
    return messages


def read_answers(texts, terminal_id="", ecr_id="", *, has_aborted=False):
    """The Outcomes of financial operations in what an agent sent since one was asked for: none while
    nothing is decided, several where it repeats an older one. Each with whether the terminal had shown or
    printed something before it: what is repeated from before comes without.

    A rejection or an error is one only as the first thing that is said: later, and once an abort was sent, it
    may as well be about something else, while a card is being charged.

    :param list texts: as for `read_messages`
    :param str terminal_id: of ours, and `ecr_id`: what names others isn't read
    :param bool has_aborted: whether the agent was (perhaps) asked to cancel
    :return: list of (Outcome, bool)
    """
    outcomes, papers, documents, has_begun, was_shown = [], [], [], has_aborted, False
    for message in _ours(texts, terminal_id, ecr_id):
        was_shown |= message.kind in (MessageKind.DISPLAY, MessageKind.PRINT)
        _append(documents, message.raw)
        if message.kind == MessageKind.PRINT:
            papers.append(message.text)
        elif message.kind == MessageKind.LOCAL_MODE:
            if not _is_of_administration(message):
                outcomes.append((_read_result(message, papers, documents), was_shown))
                papers, documents = [], []
        elif message.kind in (MessageKind.ERROR, MessageKind.REJECTED) and not has_begun:
            outcomes.append((_read_refusal(message, documents), was_shown))
            documents = []
        # what can't be read may have been anything
        has_begun |= message.kind not in (MessageKind.READY, MessageKind.ERROR, MessageKind.REJECTED)
    return outcomes


def read_last_result(texts, terminal_id="", ecr_id=""):
    """The last result that a terminal told, when it was asked for it (12605).

    :param list texts: all since it was asked
    :return: LastTransaction, or None where the terminal says that it has none. This wire has no order ids
    :raise ConnectCloudError: where it didn't tell
    """
    reason, text, papers = Reason.CONNECTION_INTERRUPTED, "", []
    for message in _ours(texts, terminal_id, ecr_id):
        if message.kind == MessageKind.PRINT:
            papers.append(message.text)
        elif message.kind == MessageKind.LAST_RESULT:
            if not any(value.strip() for value in message.fields.values()):
                return None  # guess: how a terminal says that there is none is not known
            outcome = _read_result(message, [], [message.raw])
            return LastTransaction("", outcome, "\n".join(papers))
        elif message.kind in (MessageKind.ERROR, MessageKind.REJECTED):
            if reasons.says_no_transaction(message.text.removeprefix(message.code).strip(" :")):
                return None
            reason, text = reasons.of_failure(message.text)[0] or Reason.SERVICE_ERROR, message.text
        elif message.kind == MessageKind.UNREADABLE:
            reason = Reason.UNREADABLE_ANSWER
    raise ConnectCloudError(reason, text)


def read_administration(texts, terminal_id="", ecr_id="", *, has_aborted=False):
    """The AdministrationOutcome in what an agent sent since a reconciliation or a report was asked for, or None
    while nothing is decided. Parameters as for `read_answers`."""
    papers, documents, has_begun = [], [], has_aborted
    for message in _ours(texts, terminal_id, ecr_id):
        _append(documents, message.raw)
        if message.kind == MessageKind.PRINT:
            papers.append(message.text)
        elif message.kind == MessageKind.LOCAL_MODE:
            fields = read_fields(message.fields)
            # Approvals are results of payments, which belong to something else.
            if fields["result"] not in (0, 3):
                verdict = judge_result(fields, ok=True, success=ADMINISTRATION_DONE)
                return _administration(verdict, fields, papers, documents)
        elif message.kind in (MessageKind.ERROR, MessageKind.REJECTED) and not has_begun:
            # As for Connect@Cloud: nothing can have been charged, whatever its words.
            reason, nothing_started = reasons.of_failure(message.text)
            verdict = (nothing_ran if nothing_started else refused)(reason or Reason.TERMINAL_REFUSED)
            return _administration(verdict, read_fields({}), papers, documents, message.text)
        has_begun |= message.kind not in (MessageKind.READY, MessageKind.ERROR, MessageKind.REJECTED)
    return None


def unknown_outcome(texts, reason=Reason.CONNECTION_INTERRUPTED):
    """The Outcome of a financial operation that was sent and has no answer, with what was said of it."""
    return build_outcome(unknown(reason), read_fields({}), raw=_join(_raws(texts)))


def unknown_administration(texts, reason=Reason.CONNECTION_INTERRUPTED):
    """The same for an administration."""
    return _administration(unknown(reason), read_fields({}), [], _raws(texts))


def not_reached_outcome(text=""):
    """The Outcome of a financial operation of which not one byte was sent.

    :param str text: the browser's words
    """
    return build_outcome(nothing_ran(Reason.AGENT_UNREACHABLE), read_fields({}), message=_cut(text))


def not_reached_administration(text=""):
    """The same for an administration."""
    return _administration(nothing_ran(Reason.AGENT_UNREACHABLE), read_fields({}), [], [], _cut(text))


def _ours(texts, terminal_id, ecr_id):
    return (message for message in read_messages(texts) if message.is_for(terminal_id, ecr_id))


def _is_of_administration(message):
    return read_fields(message.fields)["result"] == ADMINISTRATION_DONE


def _read_result(message, papers, documents):
    fields = read_fields(message.fields)
    return build_outcome(
        judge_result(fields, ok=True),
        fields,
        code=code_of(fields, ""),
        # Which text is whose isn't known: the customer's first is the order of Connect@Cloud.
        customer_receipt=papers[0] if papers else "",
        merchant_receipt="\n".join(papers[1:]),
        raw=_join(documents),
    )


def _read_refusal(message, documents):
    fields = read_fields({})
    reason, nothing_started = reasons.of_failure(message.text)
    return build_outcome(
        nothing_ran(reason) if nothing_started else unknown(Reason.RESULT_UNKNOWN),
        fields,
        message=_cut(message.text),
        code=message.code or code_of(fields, message.text),
        raw=_join(documents),
    )


def _administration(verdict, fields, papers, documents, text=""):
    return AdministrationOutcome(
        verdict.state,
        verdict.reason,
        _cut(text),
        code_of(fields, text),
        verdict.started,
        fields["session_number"],
        fields["timestamp"],
        "\n".join(papers),
        _join(documents),
    )


def _raws(texts):
    documents = []
    for message in read_messages(texts):
        _append(documents, message.raw)
    return documents


def _append(documents, raw):
    # Several messages of one document have the same text, which is kept once.
    if raw and raw not in documents[-1:]:
        documents.append(raw)


def _join(documents):
    return "\n".join(documents)


def _cut(text):
    return mask_card_numbers(_clean(text if isinstance(text, str) else ""))[: reasons.MAX_TEXT].strip()


# === XML === #


class _Unreadable(Exception):
    """No XML, or more than anything an agent sends."""


@dataclass
class _Element:
    name: str  # without its prefix
    attributes: dict
    children: list = field(default_factory=list)
    pieces: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(self.pieces)

    def child(self, name):
        return next((child for child in self.children if child.name == name), None)

    def leaves(self):
        """The elements with nothing but text in them, in their order."""
        if not self.children:
            return [self]
        return [leaf for child in self.children for leaf in child.leaves()]


def _read_document(text):
    """The messages of one document."""
    text = _clean(text)
    try:
        root = _parse(text)
    except _Unreadable:
        # An agent that doesn't escape what a shop is called, or what its printer is told.
        try:
            root = _parse(_mend(text))
        except _Unreadable:
            return [Message(MessageKind.UNREADABLE, raw=_mask_unreadable(text))]
    raw = _mask_document(text, root)
    if root.name != "NetsResponse":
        return [Message(MessageKind.OTHER, raw=raw)]
    header = root.child("MessageHeader")
    terminal_id = _value(header, "TerminalID")
    ecr_id = _value(header, "ECRID")
    said = [child for child in root.children if child is not header]
    return [_read_message(child, terminal_id, ecr_id, raw) for child in said] or [
        Message(MessageKind.OTHER, terminal_id, ecr_id, raw=raw)
    ]


def _read_message(element, terminal_id, ecr_id, raw):
    kind = KINDS.get(element.name, MessageKind.OTHER)
    fields, text, code = {}, "", ""
    if kind in (MessageKind.LOCAL_MODE, MessageKind.LAST_RESULT):
        fields = _fields(element)
    elif kind in (MessageKind.DISPLAY, MessageKind.PRINT):
        text = mask_card_numbers(_shown(element))
    elif kind == MessageKind.ERROR:
        code, text = _value(element, "ErrorCode"), _value(element, "ErrorString")
    elif kind == MessageKind.REJECTED:
        code, text = _value(element, "Code"), _value(element, "Info")
    if kind in (MessageKind.ERROR, MessageKind.REJECTED):
        text = mask_card_numbers(text if not code or text.startswith(code) else f"{code} {text}".strip())
        code = mask_card_numbers(code)[:40]
    return Message(kind, terminal_id, ecr_id, fields, text, code, raw)


def _fields(element):
    """Names and texts of a result. A name that comes twice with different texts says nothing."""
    pairs = [*element.attributes.items(), *((leaf.name, leaf.text) for leaf in element.leaves() if leaf is not element)]
    fields, contradicted = {}, set()
    for name, text in pairs:
        if fields.setdefault(name, text) != text:
            contradicted.add(name)
    return mask_answer({name: text for name, text in fields.items() if name not in contradicted})


def _shown(element):
    """The text of a display or a print: of its element `Text`, its own, or of all that is in it."""
    if texts := [child.text for child in element.children if child.name == "Text"]:
        return "\n".join(texts)
    return element.text.strip() or "\n".join(leaf.text for leaf in element.leaves() if leaf is not element)


def _value(element, name):
    """The text of a child or an attribute, "" where there is none."""
    if element is None:
        return ""
    child = element.child(name)
    return (element.attributes.get(name, "") if child is None else child.text).strip()


_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&(?:(?:lt|gt|amp|quot|apos);|#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));)?")


def _clean(text):
    """Without what XML can't carry (and databases refuse): what printers are told, NUL, half of a pair."""
    return _NO_XML.sub("", text)


def _mend(text):
    """With each ampersand that stands for itself escaped, and without what it says of control characters."""
    return _REFERENCE.sub(_mend_reference, text)


def _mend_reference(match):
    hexadecimal, decimal = match.groups()
    if hexadecimal or decimal:
        number = int(hexadecimal, 16) if hexadecimal else int(decimal)
        return match[0] if number <= 0x10FFFF and not _NO_XML.match(chr(number)) else ""
    return "&amp;" if match[0] == "&" else match[0]


def _parse(text):
    """The root of a document; raise _Unreadable."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    holder = _Element("", {})
    path, count = [holder], 0

    def start(name, attributes):
        nonlocal count
        count += 1 + len(attributes)
        if len(path) > MAX_DEPTH or count > MAX_ELEMENTS:
            raise _Unreadable
        named = {_local(key): value for key, value in attributes.items() if not key.startswith("xmlns")}
        element = _Element(_local(name), named)
        path[-1].children.append(element)
        path.append(element)

    def end(_name):
        path.pop()

    def characters(piece):
        path[-1].pieces.append(piece)

    def refuse(*_args):
        raise _Unreadable

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    # Without a document type there are no entities: nothing can be expanded, and nothing fetched.
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.strip().encode(), True)
    except expat.ExpatError as error:
        raise _Unreadable from error
    return holder.children[0]


def _local(name):
    return name.rpartition(":")[2]


# === MASKING === #


def _mask_document(text, root):
    """The document to keep: as it came, unless a card number is in it. Characters may be written in many ways;
    so where it has any of them, what was read is written again."""
    if not re.search(r"&#|<!|<\?", text.removeprefix("<?xml")) and mask_card_numbers(text) == text:
        pans = [leaf.text for leaf in root.leaves() if leaf.name == "TruncatedPAN"]
        if all(mask_pan(pan) == pan for pan in pans) and "TruncatedPAN=" not in text:
            return text
    return _write(root)


def _write(element):
    attributes = "".join(f" {name}={quoteattr(_mask_value(name, value))}" for name, value in element.attributes.items())
    content = escape(_mask_value(element.name, element.text)) + "".join(map(_write, element.children))
    return f"<{element.name}{attributes}>{content}</{element.name}>"


def _mask_value(name, text):
    return mask_pan(text) if name == "TruncatedPAN" else mask_card_numbers(text)


_DIGIT_REFERENCE = re.compile(r"&#(?:x0*3([0-9])|0*(4[89]|5[0-7]));?", re.IGNORECASE)
_UNREAD_PAN = re.compile(r"(TruncatedPAN\b[^<>=\"']{0,40}[>=\"']{1,3}\s{0,10})([^<>\"']{1,100})")


def _mask_unreadable(text):
    """A text that is no XML, without card numbers as far as they can be seen."""
    text = _DIGIT_REFERENCE.sub(lambda match: match[1] or chr(int(match[2])), text)
    text = re.sub(r"<!\[CDATA\[|\]\]>|<!--|-->", "", text)
    return mask_card_numbers(_UNREAD_PAN.sub(lambda match: match[1] + mask_pan(match[2]), text))
