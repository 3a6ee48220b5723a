"""What a Baxi.Agent says, as a browser hands it on: raw XML messages in, the same typed results out as
from the service.

A browser may be old, broken or lying. So nothing that it concluded itself is taken over: what the
agent said is read here, once more, and judged as an answer of the service is. What this can't prevent
is a browser that makes up messages from whole cloth; its owner marks such outcomes.

The wire: section 9 of docs/PROTOCOL.md. It carries no order id, and nothing that ties an answer to a
request: what belongs to an older transaction is told by the result from before (the baseline) and by
numbers that are known already.
"""

import re
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree

from . import reasons
from .answers import (
    AdministrationOutcome,
    LastTransaction,
    Outcome,
    OutcomeState,
    _code,
    _judge_result,
    _read_fields,
    _short,
    _text,
)
from .enums import TextEnum
from .errors import ConnectCloudError
from .evidence import Fingerprint, Kind, is_amount_asked, is_same
from .reasons import Reason
from .redaction import mask_answer, mask_card_numbers

MAX_MESSAGES = 200
MAX_CHARACTERS = 65_536  # of one message
MAX_TOTAL = 524_288  # of all messages of a report
MAX_CHILDREN = 200  # elements of one object

TRANSACTION_TYPES = {Kind.PURCHASE: 48, Kind.REFUND: 49, Kind.REVERSAL: 50}
ADMINISTRATIONS = {"reconciliation": 12592, "x_report": 12598, "z_report": 12599}


class Trouble(TextEnum):
    """Why nothing more will come, in the browser's word."""

    NONE = ""
    NOT_WRITTEN = "not_written"  # not one byte of the request was handed to the connection
    CLOSED = "closed"  # the connection was lost
    TIMEOUT = "timeout"  # the customer's whole time is over
    LEFT = "left"  # the page was left or loaded again


class _Part(TextEnum):
    LOCAL_MODE = "Dfs13LocalMode"
    LAST_RESULT = "Dfs13LastFinancialResult"
    DISPLAY = "Dfs13DisplayText"
    PRINT = "Dfs13PrintText"
    READY = "Dfs13TerminalReady"
    ERROR = "Dfs13Error"
    REJECTED = "MethodRejected"


@dataclass(frozen=True)
class Message:
    """One object that the agent sent.

    :param part: _Part
    :param dict fields: text by element's name, card numbers masked
    :param str terminal: id in the message's header, or ""
    """

    part: _Part
    fields: dict = field(repr=False)
    terminal: str = ""

    @property
    def text(self):
        """What is shown, printed, or said of an error."""
        if self.part == _Part.ERROR:
            return self._told("ErrorCode", "ErrorString")
        if self.part == _Part.REJECTED:
            return self._told("Code", "Info")
        return next((self.fields[name] for name in ("Text", "DisplayText", "") if self.fields.get(name)), "")

    def _told(self, *names):
        return ": ".join(filter(None, (_short(self.fields.get(name)) for name in names)))


class ReportError(ValueError):
    """A report is not what a browser may send: too much, or not text."""


# === READING === #


def read_messages(texts):
    """The objects in what the agent sent, in their order. What can't be read is left out.

    :param texts: list of str, as they came
    :return: list of Message
    :raise ReportError: for what isn't a list of texts of a size that an agent can need
    """
    if not isinstance(texts, list | tuple) or len(texts) > MAX_MESSAGES:
        raise ReportError("not a list, or too many messages")
    if not all(isinstance(text, str) and len(text) <= MAX_CHARACTERS for text in texts):
        raise ReportError("not text, or too long")
    if sum(map(len, texts)) > MAX_TOTAL:
        raise ReportError("too much text")
    return [message for text in texts for message in _read_one(text)]


def _read_one(text):
    # XML 1.0 knows no other control characters, receipts may; and nothing here needs an entity of its own
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", _text(text)).strip()
    if re.search("<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        return
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError):
        return
    header = next((child for child in root if _name(child) == "MessageHeader"), None)
    terminal = _short(header.get("TerminalID")) if header is not None else ""
    parts = {part.value: part for part in _Part}
    for child in [*root][:MAX_CHILDREN] or [root]:
        part = parts.get(_name(child))
        if part:
            yield Message(part, _fields(child), terminal)


def _name(element):
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.rpartition("}")[2]


def _fields(element):
    found = {_name(child): child.text or "" for child in [*element][:MAX_CHILDREN] if len(child) == 0}
    # a bare text, and what stands in attributes
    found = {**{name.rpartition("}")[2]: value for name, value in element.attrib.items()}, **found}
    if (element.text or "").strip():
        found.setdefault("", element.text)
    return mask_answer(found)


def raw_text(texts):
    """What is stored of a report: as it came, with card numbers masked.

    :param texts: as for `read_messages`
    """
    return _text(mask_card_numbers("\n".join(texts)))[:MAX_TOTAL]


# === WHAT IS ASKED === #


def request_of(kind, amount, administration=""):
    """What a browser sends to the agent: plain values of which the driver makes XML.

    :param str kind: of the transaction
    :param int amount: minor units, positive
    :param str administration: a key of ADMINISTRATIONS
    :return: dict
    :raise ValueError: for what an agent can't do
    """
    if kind == Kind.ADMINISTRATION:
        if administration not in ADMINISTRATIONS:
            raise ValueError("this isn't done through an agent")
        return {"method": "administration", "adm_code": ADMINISTRATIONS[administration]}
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise ValueError("amount must be a positive integer in minor units")
    return {"method": "transfer", "transaction_type": TRANSACTION_TYPES[Kind(kind)], "amount": amount}


# === WHAT WAS ANSWERED === #


@dataclass(frozen=True)
class Asked:
    """One of our operations, and what tells its answer from others'.

    :param int amount: minor units, positive
    :param str terminal: the id of the terminal that it was for
    :param baseline: Fingerprint of the terminal's last result before it, None where that isn't known
    :param zone: the terminal's time zone
    :param bool was_aborted: the agent was asked to stop, so a rejection may be about that
    """

    kind: Kind
    amount: int
    terminal: str
    zone: object
    baseline: Fingerprint | None = None
    was_aborted: bool = False


def read_transfer(texts, asked, is_known, *, is_last, trouble=Trouble.NONE):
    """The Outcome of a payment, refund or reversal.

    :param texts: what the agent sent since
    :param Asked asked: what for
    :param is_known: called with a StanAuth; whether another operation of this terminal has it
    :param bool is_last: nothing more will come
    :param Trouble trouble: why
    :return: Outcome; None where none of this is the end, and more may come
    :raise ReportError: as `read_messages`
    """
    messages = read_messages(texts)
    raw = raw_text(texts)
    prints = [message.text for message in messages if message.part == _Part.PRINT]
    ends = [_outcome(message, prints, raw) for message in messages if message.part == _Part.LOCAL_MODE]
    own = [outcome for outcome in ends if not _is_older(outcome, asked, is_known)]
    # evidence of a charge always wins
    own.sort(key=lambda outcome: outcome.state != OutcomeState.APPROVED)
    if own:
        return _checked(own[0], asked)
    if rejected := _rejection(messages, prints, asked, raw):
        return rejected
    if not is_last:
        return None
    if trouble == Trouble.NOT_WRITTEN and not messages:
        return Outcome(OutcomeState.NOT_APPROVED, Reason.AGENT_UNREACHABLE, started=False, raw=raw)
    reason = Reason.RESULT_UNKNOWN if ends else Reason.AGENT_INTERRUPTED
    text = next((message.text for message in reversed(messages) if _is_refusal(message)), "")
    return Outcome(OutcomeState.UNKNOWN, reason, text, raw=raw)


def _outcome(message, prints, raw):
    """A LocalMode or LastFinancialResult as an Outcome."""
    fields = _read_fields(message.fields)
    verdict = _judge_result(fields, ok=True)
    # Which text is whose isn't known [?]: the customer's first. One alone is for both where the customer signs it.
    customer = prints[0] if prints else ""
    merchant = prints[1] if len(prints) > 1 else customer if fields["card"].cvm == "1" else ""
    outcome = Outcome(
        verdict.state,
        verdict.reason,
        code=_code(fields, _NoFailure),
        customer_receipt=_text(customer),
        merchant_receipt=_text(merchant),
        raw=raw,
        **fields,
    )
    if outcome.state == OutcomeState.APPROVED and outcome.total_amount == 0:
        outcome = replace(outcome, total_amount=None, says_zero=True)
    return replace(outcome, terminal_id=outcome.terminal_id or message.terminal)


class _NoFailure:
    failed = False


def _is_older(outcome, asked, is_known):
    """Whether this result was there before ours was asked for: agents repeat what they have."""
    # a reversal may be told with the number of the payment that it takes back
    if asked.kind != Kind.REVERSAL and outcome.stan_auth and is_known(outcome.stan_auth):
        return True
    baseline = asked.baseline
    if baseline is None or baseline.none:
        return False
    seen = Fingerprint.of(outcome, asked.zone)
    return bool(seen.stan or seen.recognisable) and is_same(seen, baseline)


def _checked(outcome, asked):
    """A browser can't say another amount or another terminal: what contradicts what was asked is left to a
    person, who compares the terminal's journal."""
    if outcome.terminal_id and outcome.terminal_id != asked.terminal:
        return replace(outcome, state=OutcomeState.UNKNOWN, reason=Reason.AGENT_OTHER_TERMINAL)
    if outcome.state != OutcomeState.APPROVED:
        return outcome
    added = (outcome.tip_amount or 0) + (outcome.surcharge_amount or 0)
    most = asked.amount if asked.kind == Kind.PURCHASE else 0
    is_other = outcome.total_amount is not None and not is_amount_asked(asked.amount, outcome)
    if is_other or added > most:
        return replace(outcome, state=OutcomeState.UNKNOWN, reason=Reason.AGENT_OTHER_AMOUNT)
    return outcome


def _is_refusal(message):
    return message.part in (_Part.ERROR, _Part.REJECTED)


def _rejection(messages, prints, asked, raw):
    """A request that was turned away before anything ran, or None where that isn't proven.

    Nothing ties a rejection to a request. It is ours where nothing else was asked that could be rejected:
    the question for the last result was answered before, and nobody asked to stop.
    """
    others = asked.was_aborted or (asked.kind != Kind.ADMINISTRATION and asked.baseline is None)
    first = next((message for message in messages if message.part not in (_Part.DISPLAY, _Part.READY)), None)
    if others or prints or first is None or not _is_refusal(first):
        return None
    reason, nothing_started = reasons.of_failure(first.text)
    if not nothing_started:
        return None
    return Outcome(
        OutcomeState.NOT_APPROVED,
        reason,
        first.text,
        next(iter(reasons.service_codes(first.text)), ""),
        started=False,
        raw=raw,
    )


def read_administration(texts, asked, *, is_last, trouble=Trouble.NONE):
    """The AdministrationOutcome of a reconciliation or a report. As `read_transfer`."""
    messages = read_messages(texts)
    raw = raw_text(texts)
    prints = [message.text for message in messages if message.part == _Part.PRINT]
    report = _text("\n".join(filter(None, prints)))
    for message in messages:
        if message.part != _Part.LOCAL_MODE:
            continue
        fields = _read_fields(message.fields)
        verdict = _judge_result(fields, ok=True, success=1)
        if fields["result"] == 0 or (
            (fields["terminal_id"] or message.terminal) not in ("", asked.terminal)
        ):
            continue  # of a payment, or of another terminal
        return AdministrationOutcome(
            verdict.state,
            verdict.reason,
            "",
            _code(fields, _NoFailure),
            session_number=fields["session_number"],
            timestamp=fields["timestamp"],
            report_text=report,
            raw=raw,
        )
    if rejected := _rejection(messages, prints, asked, raw):
        return AdministrationOutcome(
            rejected.state, rejected.reason, rejected.message, rejected.code, started=False, raw=raw
        )
    if not is_last:
        return None
    if trouble == Trouble.NOT_WRITTEN and not messages:
        return AdministrationOutcome(
            OutcomeState.NOT_APPROVED, Reason.AGENT_UNREACHABLE, started=False, raw=raw
        )
    text = next((message.text for message in reversed(messages) if _is_refusal(message)), "")
    return AdministrationOutcome(
        OutcomeState.UNKNOWN, Reason.AGENT_INTERRUPTED, text, report_text=report, raw=raw
    )


def read_last_result(texts, terminal):
    """The last transaction of a terminal, as its agent showed it.

    An agent that answers this isn't at anything else: its terminal is idle [I].

    :param texts: what the agent sent when it was asked
    :param str terminal: whose it has to be
    :return: LastTransaction, or None where there is none
    :raise ConnectCloudError: where the agent doesn't tell; TERMINAL_BUSY where it is at something else
    :raise ReportError: as `read_messages`
    """
    messages = read_messages(texts)
    shown = next((message for message in reversed(messages) if message.part == _Part.LAST_RESULT), None)
    if shown is None:
        refused = next((message for message in reversed(messages) if _is_refusal(message)), None)
        if refused is None:
            raise ConnectCloudError(Reason.AGENT_SILENT)
        if reasons.says_no_transaction(_short(refused.fields.get("Info") or refused.fields.get("ErrorString"))):
            return None
        raise ConnectCloudError(reasons.of_failure(refused.text)[0] or Reason.SERVICE_ERROR, refused.text)
    if not any(value.strip() for value in shown.fields.values() if isinstance(value, str)):
        return None
    prints = [message.text for message in messages if message.part == _Part.PRINT]
    outcome = _outcome(shown, [], raw_text(texts))
    if outcome.terminal_id not in ("", terminal):
        raise ConnectCloudError(Reason.AGENT_WRONG_TERMINAL, outcome.terminal_id[:32])
    if outcome.result is None:
        raise ConnectCloudError(Reason.UNREADABLE_ANSWER)
    return LastTransaction("", outcome, _text(prints[-1]) if prints else "")


def read_display(text):
    """What a terminal shows, for people: one short line.

    :param text: as a browser sent it
    """
    return " ".join(mask_card_numbers(_short(text)).split())
