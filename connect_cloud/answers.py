"""Typed results, and the reading of NETS' answers into them.

`Result` can be relied on. Every other field may be absent, null, "", a number or a numeric string,
and has changed its type before: so nothing here fails on a field, and a field that can't be read is
"" or None.
"""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from . import reasons
from .enums import TextEnum
from .errors import ConnectCloudError
from .reasons import Reason
from .redaction import mask_answer, mask_card_numbers

MAX_DEPTH = 32  # of JSON; NETS' own has 5
MAX_NUMBER = 40  # characters of a number in JSON
MAX_FIELD = 256  # characters of a field that isn't a receipt


class OutcomeState(TextEnum):
    APPROVED = "approved"
    NOT_APPROVED = "not_approved"  # final: nothing was charged (refunded, voided) by this call
    UNKNOWN = "unknown"  # neither is proven: look it up


@dataclass(frozen=True)
class Card:
    """The card and its EMV details, as text; "" when absent."""

    brand: str = ""
    truncated_pan: str = ""  # as it came, never more than the last four digits
    last_four: str = ""
    issuer_id: str = ""
    aid: str = ""
    tvr: str = ""
    tsi: str = ""
    atc: str = ""
    tcc: str = ""
    cvm: str = ""  # 0 PIN, 1 signature, 2 none, 3 loyalty, 4 consumer device
    account_type: str = ""


@dataclass(frozen=True)
class Outcome:
    """What is known about a purchase, refund or void after its call ended.

    :param Reason reason: None when approved
    :param str message: NETS' own text as it came, or ""
    :param str code: `RejectionSource/RejectionReason`, or the service's code, as it came, or ""
    :param bool started: False when provably nothing ran on the terminal
    :param total_amount: minor units, with tip and surcharge. Book this, not what was asked (see
        `evidence.read_charge`). None: NETS didn't say, or said zero for something that is approved
    :param bool says_zero: the latter
    :param str stan_auth: 12 characters, unique per terminal; "" when nothing was asked of the host
    :param str timestamp: as it came, see `parse_timestamp`
    :param str raw: the body as it came, with card numbers masked where NETS didn't
    """

    state: OutcomeState
    reason: Reason | None = None
    message: str = ""
    code: str = ""
    started: bool = True
    http_status: int | None = None
    result: int | None = None
    total_amount: int | None = None
    says_zero: bool = False
    tip_amount: int | None = None
    surcharge_amount: int | None = None
    stan_auth: str = ""
    stan: str = ""
    authorisation_code: str = ""
    timestamp: str = ""
    card: Card = field(default_factory=Card, repr=False)
    response_code: str = ""
    rejection_source: str = ""
    rejection_reason: str = ""
    session_number: str = ""
    terminal_id: str = ""
    site_id: str = ""
    organisation_number: str = ""
    dcc_currency: str = ""  # the customer paid in this currency (DCC)
    dcc_amount: int | None = None  # minor units of that currency
    customer_receipt: str = field(default="", repr=False)
    merchant_receipt: str = field(default="", repr=False)
    raw: str = field(default="", repr=False)


@dataclass(frozen=True)
class LastTransaction:
    """The last transaction a terminal knows. `order_id` is "" for one that didn't succeed; it is there to
    be compared with ours, and not for being shown: it is as it came."""

    order_id: str = field(repr=False)
    outcome: Outcome
    print_text: str = field(default="", repr=False)


@dataclass(frozen=True)
class AdministrationOutcome:
    """What is known about an administration call. The fields are those of Outcome;
    `report_text` is what the terminal would print."""

    state: OutcomeState
    reason: Reason | None = None
    message: str = ""
    code: str = ""
    started: bool = True
    session_number: str = ""
    timestamp: str = ""
    report_text: str = field(default="", repr=False)
    raw: str = field(default="", repr=False)


def parse_timestamp(raw, zone):
    """When it happened.

    :param str raw: `YYYYMMDDhhmmss` in the terminal's local time, or ISO 8601 ending in `Z` (or an
        offset); both are seen
    :param zone: the terminal's time zone, as its name or a tzinfo
    :return: an aware datetime in UTC, the earlier one where the clocks show that time twice, or
        None where it can't be read
    :raise zoneinfo.ZoneInfoNotFoundError: for a name that is no time zone
    """
    return next(iter(parse_instants(raw, zone)), None)


def parse_instants(raw, zone):
    """All that a time can mean: as `parse_timestamp`, but a tuple. It is empty where the time can't
    be read, and has two instants where local time is given in the hour that clocks show twice a
    year."""
    text = _text(raw).strip()
    if isinstance(zone, str):
        zone = ZoneInfo(zone)
    try:
        if re.fullmatch("[0-9]{14}", text):
            local = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone)
            return tuple(sorted({local.replace(fold=fold).astimezone(timezone.utc) for fold in (0, 1)}))
        if found := _ISO_8601.fullmatch(text):
            return (_read_iso_8601(*found.groups()),)
    except (ValueError, OverflowError):
        pass  # no such day or hour, or outside of the calendar
    return ()


# Python's own reader knows neither `Z` nor fractions of any length before 3.11.
_ISO_8601 = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[T ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)",
    re.IGNORECASE,
)


def _read_iso_8601(year, month, day, hour, minute, second, fraction, sign, hours, minutes):
    moment = datetime(*map(int, (year, month, day, hour, minute, second or 0)), tzinfo=timezone.utc)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if offset >= timedelta(days=1):
        raise ValueError("no such offset")
    moment = moment + offset if sign == "-" else moment - offset
    return moment.replace(microsecond=int((fraction or "")[:6].ljust(6, "0")))


# === WHAT AN ANSWER MEANS === #


@dataclass(frozen=True)
class _Verdict:
    state: OutcomeState
    reason: Reason | None = None
    started: bool = True


_APPROVED = _Verdict(OutcomeState.APPROVED)


def nothing_ran(reason):
    """The verdict where provably nothing started."""
    return _Verdict(OutcomeState.NOT_APPROVED, reason, started=False)


def refused(reason):
    """The verdict where nothing was charged."""
    return _Verdict(OutcomeState.NOT_APPROVED, reason)


def unknown(reason):
    """The verdict where neither is proven."""
    return _Verdict(OutcomeState.UNKNOWN, reason)


def not_let_in(error):
    """The Outcome of a transaction that was never let in: no token could be obtained, or it was refused
    twice.

    :param ConnectCloudError error: why
    """
    return Outcome(
        OutcomeState.NOT_APPROVED,
        error.reason,
        error.message,
        started=False,
        http_status=error.status,
    )


def administration_not_let_in(error):
    """The same for an administration call."""
    return AdministrationOutcome(OutcomeState.NOT_APPROVED, error.reason, error.message, started=False)


def read_transaction(answer):
    """The Outcome of a purchase, refund or void.

    :param transport.Answer answer: any but a 401
    """
    body = _Body(answer)
    fields = read_fields(body.mode or {})
    verdict = _judge_wire(answer, body)
    if verdict is None and body.mode is not None:
        verdict = judge_result(fields, ok=answer.ok and not body.failed, text=body.message)
    elif verdict is None and body.failed:
        reason, nothing_started = reasons.of_failure(body.message)
        verdict = nothing_ran(reason) if nothing_started else unknown(Reason.RESULT_UNKNOWN)
    elif verdict is None:
        verdict = unknown(Reason.UNREADABLE_ANSWER)
    return _build_outcome(verdict, fields, answer, body)


def read_last_transaction(answer):
    """The last transaction of a terminal, or None where it has none.

    :param transport.Answer answer: any but a 401
    :raise ConnectCloudError: where the answer doesn't tell
    """
    body = _Body(answer)
    result = body.single_result
    latest = result.get("latestTransactionResult")
    if not answer.trouble and not latest:
        # How NETS says that there is none is not known. Only what can't mean anything else counts.
        says_so = answer.status in (400, 404) and reasons.says_no_transaction(body.message)
        shows_so = answer.ok and not body.failed and body.has_empty_last_transaction
        if says_so or shows_so:
            return None
    if not answer.trouble and answer.status == 404:
        # Not what a 404 means elsewhere: perhaps there is none, and this is how it is said.
        says_terminal = "terminal" in body.message.lower() and reasons.of_failure(body.message)[0]
        raise ConnectCloudError(says_terminal or Reason.LAST_RESULT_NOT_FOUND, body.message, answer.status)
    raise_unless_ok(answer, body)
    if not isinstance(latest, dict):
        raise ConnectCloudError(Reason.UNREADABLE_ANSWER, status=answer.status)
    fields = read_fields(latest)
    outcome = _build_outcome(judge_result(fields, ok=True), fields, answer, body)
    order_id = _short(_single(body.unmasked.get("result")).get("orderId"))
    return LastTransaction(order_id, outcome, _print_text(result))


def read_administration(answer):
    """The AdministrationOutcome of a reconciliation, a download or a balance inquiry.

    :param transport.Answer answer: any but a 401
    """
    body = _Body(answer)
    result = body.single_result
    report = _dict(result.get("reconciliation"))
    header = _dict(report.get("header"))
    fields = read_fields(body.mode or {})
    verdict = _judge_wire(answer, body)
    if verdict is None and body.failed and fields["result"] is None:
        # Unlike a transaction's, an explicit failure is final, however it is worded: nothing can have
        # been charged, and a terminal still at it would answer "busy" to the next call.
        reason, nothing_started = reasons.of_failure(body.message)
        reason = reason or Reason.TERMINAL_REFUSED
        verdict = nothing_ran(reason) if nothing_started else refused(reason)
    elif verdict is None and body.mode is not None:
        verdict = judge_result(fields, ok=answer.ok and not body.failed, text=body.message, success=1)
    elif verdict is None:
        verdict = _APPROVED if answer.ok and report else unknown(Reason.UNREADABLE_ANSWER)
    return AdministrationOutcome(
        verdict.state,
        verdict.reason,
        body.message,
        _code(fields, body),
        verdict.started,
        _padded(header.get("sessionNumber"), 3) or fields["session_number"],
        _short(header.get("timestamp")) or fields["timestamp"],
        _print_text(report) or _print_text(result) or _print_text(body.data),
        body.raw,
    )


def read_login(answer):
    """The token's text and the terminal ids of a login's answer.

    :param transport.Answer answer: a 2xx
    :raise ConnectCloudError: LOGIN_UNAVAILABLE where there is no token in it
    """
    body = _Body(answer)
    value = body.unmasked.get("token")  # its characters may look like anything
    # What else a header can't carry is no token; and it must not end up in an error about headers.
    if not isinstance(value, str) or not re.fullmatch("[!-~]+", value):
        raise ConnectCloudError(Reason.LOGIN_UNAVAILABLE, body.message, answer.status)
    return value, tuple(read_terminal_ids(body.data))


def read_terminal_ids(data):
    """The ids under `terminals`: strings after a login, objects with `terminalId` in the list."""
    terminals = data.get("terminals")
    ids = (
        _text(item.get("terminalId") if isinstance(item, dict) else item).strip()
        for item in (terminals if isinstance(terminals, list) else [])
    )
    return [terminal_id for terminal_id in ids if terminal_id]


def read_query(answer):
    """The JSON object of a call that only asks or sets something.

    :param transport.Answer answer: any but a 401
    :raise ConnectCloudError: for anything but a 2xx with such a body and no failure in it
    """
    body = _Body(answer)
    raise_unless_ok(answer, body)
    return body.data


def raise_unless_ok(answer, body=None):
    """Raise a ConnectCloudError unless the answer is a 2xx with a JSON object and no failure."""
    body = body or _Body(answer)
    reason = answer.trouble
    if not reason and answer.status in (403, 404):
        reason = Reason.TERMINAL_NOT_ALLOWED
    elif not reason and (body.failed or not answer.ok):
        if answer.ok or answer.status == 400:
            reason = reasons.of_failure(body.message)[0]
        elif answer.status in reasons.TURNED_AWAY_STATUSES:
            reason = reasons.of_turned_away(body.message)
        reason = reason or Reason.SERVICE_ERROR
    elif not reason and not body.readable:
        reason = Reason.UNREADABLE_ANSWER
    if reason:
        raise ConnectCloudError(reason, body.message, answer.status)


def read_message(answer):
    """NETS' own text of an answer that is not what was hoped for, or ""."""
    return _Body(answer).message


def _judge_wire(answer, body):
    """The verdict where it doesn't depend on what the answer says, or None."""
    if answer.trouble == Reason.SERVICE_UNREACHABLE:
        return nothing_ran(answer.trouble)
    if answer.trouble:
        return unknown(answer.trouble)
    if answer.status in (403, 404):
        return nothing_ran(Reason.TERMINAL_NOT_ALLOWED)
    if not answer.ok and answer.status != 400:
        reason = None
        if answer.status in reasons.TURNED_AWAY_STATUSES and body.mode is None and not body.single_result:
            reason = reasons.of_turned_away(body.message)
        return nothing_ran(reason) if reason else unknown(Reason.SERVICE_ERROR)
    if not body.readable:
        return unknown(Reason.UNREADABLE_ANSWER)
    return None


def judge_result(fields, *, ok, text="", success=0):
    """The verdict of a terminal's own `Result`.

    :param bool ok: a 2xx without a failure: only there an approval is one
    :param int success: 0 for financial transactions, 1 for administration
    """
    result = fields["result"]
    if result == success and ok:
        return _APPROVED
    if result in {0, 1, 2, 3} - {success}:
        return refused(
            reasons.of_rejection(fields["response_code"], fields["rejection_reason"], fields["stan_auth"], text)
        )
    # Approved inside a failure contradicts itself, 99 says so, others aren't known.
    return unknown(Reason.UNREADABLE_ANSWER if result is None else Reason.RESULT_UNKNOWN)


# === WHAT IS IN AN ANSWER === #


class _Body:
    """The parts of a body, wherever this kind of answer keeps them.

    raw         the text to store
    data        the JSON object with card numbers masked, {} where there is none
    unmasked    the same as it came: for what is compared or sent, never stored or shown
    readable    whether there is one
    failed      whether it carries a failure
    message     the failure's text
    mode        localModeEventArgs, None where absent; {} where present and not readable
    entry       what lies beside localModeEventArgs: receipts, card type
    """

    def __init__(self, answer):
        data = _load(answer.text)
        masked = mask_answer(data)
        # As it came, unless a card number had to be taken out. The text once more: it may be no JSON, or
        # have a key twice, of which only the last one is read.
        raw = answer.text if masked == data else json.dumps(masked, ensure_ascii=False)
        self.raw = _text(mask_card_numbers(raw))
        self.readable = isinstance(data, dict)
        self.unmasked = _dict(data)
        self.data = _dict(masked)
        failure = self.data.get("failure")
        self.failed = bool(failure)
        self.message = _message(failure if self.failed else self.data.get("error"))
        self.entry = self.single_result
        if _dict(failure).get("localModeEventArgs"):
            self.entry = failure
        mode = self.entry.get("localModeEventArgs")
        self.mode = (mode if isinstance(mode, dict) else {}) if mode else None
        if self.failed and self.mode is None:
            self.entry = _dict(failure)

    @property
    def single_result(self):
        """`result`: an array of one for transactions, an object for administration."""
        return _single(self.data.get("result"))

    @property
    def has_empty_last_transaction(self):
        if "result" not in self.data:
            return False
        result = self.data["result"]
        return not result or (
            "latestTransactionResult" in self.single_result and not self.single_result["latestTransactionResult"]
        )


def _build_outcome(verdict, fields, answer, body):
    return build_outcome(
        verdict,
        fields,
        brand=_short(body.entry.get("cardType")),
        message=body.message,
        code=_code(fields, body),
        http_status=answer.status,
        customer_receipt=_text(body.entry.get("customerReceipt")),
        merchant_receipt=_text(body.entry.get("merchantReceipt")),
        raw=body.raw,
    )


def build_outcome(verdict, fields, *, brand="", **values):
    """The Outcome of a verdict.

    :param dict fields: as `read_fields` gives them
    :param str brand: of the card, where the fields don't tell it
    :param values: the other fields of Outcome
    """
    outcome = Outcome(verdict.state, verdict.reason, started=verdict.started, **values, **fields)
    if outcome.state == OutcomeState.APPROVED and outcome.total_amount == 0:
        # An approved charge of nothing isn't one: better no amount than a payment of zero.
        outcome = replace(outcome, total_amount=None, says_zero=True)
    if not outcome.card.brand:
        outcome = replace(outcome, card=replace(outcome.card, brand=brand))
    return outcome


def read_fields(mode):
    """The fields of a localModeEventArgs, under the names of Outcome; card numbers are masked already."""

    def text(name):
        return _short(mode.get(name))

    stan_auth = _stan_auth(mode.get("StanAuth"))
    stan, authorisation_code = split_stan_auth(stan_auth)
    pan = text("TruncatedPAN")
    last_four = re.search(r"([0-9]{4})(?:-[0-9]{1,2})?$", pan)
    dcc = _dict(_dict(_optional_data(mode.get("OptionalData")).get("od")).get("dcc"))
    return {
        "result": _number(mode.get("Result")),
        "total_amount": _amount(mode.get("TotalAmount")),
        "tip_amount": _amount(mode.get("TipAmount")),
        "surcharge_amount": _amount(mode.get("SurchargeAmount")),
        "stan_auth": stan_auth,
        "stan": stan,
        "authorisation_code": authorisation_code,
        "timestamp": text("TimeStamp"),
        "card": Card(
            brand=text("CardIssuerName"),
            truncated_pan=pan,
            last_four=last_four[1] if last_four else "",
            issuer_id=text("IssuerID"),
            aid=text("AID"),
            tvr=text("TVR"),
            tsi=text("TSI"),
            atc=text("ATC"),
            tcc=text("TCC"),
            cvm=text("CVM"),
            account_type=text("AccountType"),
        ),
        "response_code": _padded(mode.get("ResponseCode"), 2),
        "rejection_source": text("RejectionSource"),
        "rejection_reason": text("RejectionReason"),
        "session_number": _padded(mode.get("SessionNumber"), 3),
        "terminal_id": text("TerminalID"),
        "site_id": text("SiteID"),
        "organisation_number": text("OrganisationNumber"),
        "dcc_currency": _short(dcc.get("ccura")),
        "dcc_amount": _amount(dcc.get("cam")),
    }


def _code(fields, body):
    return code_of(fields, body.message if body.failed else "")


def code_of(fields, message):
    """`RejectionSource/RejectionReason`, or the code of the layer below in the words of a failure, or ""."""
    rejection = [fields["rejection_source"], fields["rejection_reason"]]
    service = reasons.service_codes(message)
    return "/".join(filter(None, rejection)) or (service[0] if service else "")


def _print_text(holder):
    return _text(_dict(holder.get("printText")).get("Text"))


# === TOLERANT VALUES === #


def _load(text):
    """JSON, or None; also where it is nested deeper than anything NETS sends. Control characters
    inside strings are let pass: receipts have line breaks."""
    try:
        data = json.loads(text, strict=False, parse_int=_parse_int, parse_float=_parse_float)
    except (ValueError, RecursionError):
        return None
    level = [data]
    for _depth in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return None if level else data


def _parse_int(digits):
    # Reading thousands of digits takes long, or is refused, depending on the version of Python.
    return int(digits) if len(digits) <= MAX_NUMBER else digits


def _parse_float(text):
    if len(text) > MAX_NUMBER:
        return text
    number = float(text)
    # A float has too few digits for what may be a card number.
    return int(Decimal(text)) if number.is_integer() else number


def _dict(value):
    return value if isinstance(value, dict) else {}


def _single(value):
    return _dict(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _text(value):
    if isinstance(value, str):
        # What JSON can express and databases refuse: NUL, and half of a surrogate pair.
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def _short(value):
    """The text of a field that is never long."""
    return _text(value).strip()[:MAX_FIELD]


def _number(value):
    text = _short(value)
    return int(text) if re.fullmatch("-?[0-9]{1,15}", text) else None


def _amount(value):
    """Minor units, or None. Amounts are never negative: the direction is in the type."""
    number = _number(value)
    return None if number is None or number < 0 else number


def _padded(value, width):
    """Text of a fixed width, with the zeros back that it lost on its way through a number."""
    text = _short(value)
    return text.zfill(width) if re.fullmatch("[0-9]+", text) else text


def split_stan_auth(value):
    """STAN and authorisation code of a `StanAuth`, in any form; "" where it has none."""
    stan_auth = _stan_auth(value)
    return stan_auth[:6].strip(), stan_auth[6:].strip()


def _stan_auth(value):
    """STAN and authorisation code, whose places count: 6 and 6. The code may be blank."""
    text = _text(value)
    if len(text) != 12:
        text = _short(text)
        if re.fullmatch("[0-9]{7,11}", text):  # came through a number
            text = text.zfill(12)
        elif re.fullmatch("[0-9]{1,5}", text):  # so did a STAN without a code
            text = text.zfill(6)
    # Nothing but zeros is nothing: it would make different transactions look like one.
    return text.rstrip() if text.strip("0 ") else ""


def _message(failure):
    """The text of a failure: an object with `error`, a bare string, or anything else as it came. A very
    long one is cut, and proves nothing then."""
    if isinstance(failure, dict):
        failure = failure.get("error")
    if isinstance(failure, dict | list) and failure:
        failure = json.dumps(failure, ensure_ascii=False)
    text = _text(failure).strip()
    return text if len(text) <= reasons.MAX_TEXT else f"{text[: reasons.MAX_TEXT]}…"


def _optional_data(value):
    """OptionalData: a string that holds JSON."""
    return _dict(_load(value) if isinstance(value, str) else value)
