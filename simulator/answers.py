"""The shapes of the wire: a Record becomes the JSON of protocol.md, sections 3, 4 and 7."""

import json
from dataclasses import dataclass
from datetime import datetime, timezone

from .plays import OUTCOMES, Shape


@dataclass
class Record:
    """A finished transaction as the terminal remembers it. Amounts are in minor units."""

    terminal_id: str
    site_id: str
    organisation_number: str
    kind: str  # purchase, refund, reversal, deposit
    result: int
    text: str
    time: str  # ISO 8601 with the terminal's offset
    session: int
    total: int  # with tip, surcharge and cashback
    tip: int = 0
    surcharge: int = 0
    cashback: int = 0
    order_id: str | None = None
    stan_auth: str = ""
    response_code: str = ""
    source: str = ""
    reason: str = ""
    card: dict | None = None
    contactless: bool = False
    cvm: str = ""
    tvr: str = ""
    tsi: str = ""
    atc: str = ""
    tcc: str = ""
    dcc: dict | None = None
    shape: dict | None = None
    with_receipts: bool = True
    # Not in the ledger's file: they follow from the rest.
    customer_receipt: str = ""
    merchant_receipt: str = ""

    @property
    def approved(self):
        return self.result == 0


def shape_of(record, forms="kept"):
    """Return the Shape of an answer: the one that the record's play asks for, else by the switch ``forms``."""
    if record.shape or forms == "kept":
        return Shape(**(record.shape or {}))
    return Shape.random(with_amount=record.approved)


def local_mode(record, shape):
    """Return ``localModeEventArgs`` of a Record."""
    card = record.card or {}
    values = {
        "Result": record.result if shape.result == "number" else str(record.result),
        "TotalAmount": _amount(record.total, shape),
        # "empty when none" [R]
        "TipAmount": _amount(record.tip, shape) if record.tip else "",
        "SurchargeAmount": _amount(record.surcharge, shape) if record.surcharge else "",
        "StanAuth": record.stan_auth,
        "TimeStamp": _timestamp(record.time, shape),
        "TruncatedPAN": card.get("pan", ""),
        "CardIssuerName": card.get("brand", ""),
        "IssuerID": card.get("issuer_id", ""),
        "AID": card.get("aid", ""),
        "TVR": record.tvr,
        "TSI": record.tsi,
        "ATC": record.atc,
        "TCC": record.tcc,
        "AED": "",
        "IAC": "",
        "AccountType": "00" if card else "",
        "CVM": record.cvm,
        "ResponseCode": record.response_code,
        "RejectionSource": record.source,
        "RejectionReason": record.reason,
        "SessionNumber": f"{record.session:03}",
        "TerminalID": record.terminal_id,
        "SiteID": record.site_id,
        "OrganisationNumber": record.organisation_number,
        "OptionalData": _optional_data(record.dcc),
        "ResultData": f"{record.result};{record.total:011};{record.stan_auth};{record.time}",
    }
    if shape.timestamp == "absent":
        del values["TimeStamp"]
    return _shaped(values, shape)


def transaction(record, forms="kept"):
    """Return (HTTP status, body) of a finished transaction: 201 or 400."""
    shape = shape_of(record, forms)
    extras = {"localModeEventArgs": local_mode(record, shape)}
    if record.with_receipts and record.customer_receipt:
        extras["customerReceipt"] = record.customer_receipt
        extras["merchantReceipt"] = record.merchant_receipt
    if record.result in (0, 3):
        extras["cardType"] = (record.card or {}).get("brand", "")
        return 201, {"result": [_shaped(extras, shape)]}
    return 400, {"failure": _shaped({"error": record.text, **extras}, shape)}


def never_asked(name, text=None):
    """Return (status, body) of a refusal by the service itself: the terminal was not asked."""
    outcome = OUTCOMES[name]
    text = text or outcome.text
    if name == "not_allowed":
        return 403, {"error": text}
    if name == "failure_text":
        return 400, {"failure": text}
    failure = {"error": text}
    if name == "format_error":
        failure["localModeEventArgs"] = {
            "Result": str(outcome.result),
            "RejectionSource": outcome.source,
            "RejectionReason": outcome.reason,
            "StanAuth": "",
            "TimeStamp": "",
        }
    return 400, {"failure": failure}


def lost(terminal_id):
    """Return (status, body) of Result 99: contact with the terminal was lost.

    [?] With which HTTP status NETS sends it is not known; 400 is ours.
    """
    args = {"Result": "99", "TerminalID": terminal_id, "StanAuth": "", "TimeStamp": ""}
    return 400, {
        "failure": {
            "error": "9000 Connection to the terminal lost",
            "localModeEventArgs": args,
        }
    }


def last_transaction(record, order_id_policy, forms="kept"):
    """Return the body for the last transaction of a terminal.

    ``order_id_policy``: "on_success" [C], "always" or "never". [?] What a terminal without any
    transaction answers is not known; ours is a null.
    """
    if record is None:
        return {"result": {"latestTransactionResult": None, "printText": None}}
    result = {
        "latestTransactionResult": local_mode(record, shape_of(record, forms)),
        "printText": {"Text": record.customer_receipt},
    }
    show = order_id_policy == "always" or (order_id_policy == "on_success" and record.approved)
    if show and record.order_id:
        result["orderId"] = record.order_id
    return {"result": result}


def reconciliation(time, session, text):
    """Return the body of a reconciliation; ``session`` is the number of the session it closed."""
    header = {"timestamp": _utc(time), "sessionNumber": f"{session:03}"}
    return {"result": {"reconciliation": {"header": header, "printText": {"Text": text}}}}


def administration(terminal_id, time, text=None):
    """Return the body of a download or a balance: Result 1 is their success."""
    moment = datetime.fromisoformat(time)
    args = {"Result": "1", "TerminalID": terminal_id, "TimeStamp": f"{moment:%Y%m%d%H%M%S}"}
    body = {"result": {"localModeEventArgs": args}}
    if text:
        body["printText"] = {"Text": text}
    return body


def report_done(terminal_id, time, session):
    """Return the fields with which a terminal ends a report or a reconciliation."""
    moment = datetime.fromisoformat(time)
    timestamp = f"{moment:%Y%m%d%H%M%S}"
    return {"Result": "1", "TerminalID": terminal_id, "SessionNumber": f"{session:03}", "TimeStamp": timestamp}


def _shaped(values, shape):
    values = {name: value for name, value in values.items() if name not in shape.absent}
    values.update({name: None for name in shape.null if name in values})
    values.update({name: "" for name in shape.empty if name in values})
    return values


def _amount(amount, shape):
    if shape.amounts == "number":
        return amount
    return f"{amount:011}" if shape.amounts == "padded" else str(amount)


def _timestamp(time, shape):
    if shape.timestamp == "empty":
        return ""
    if shape.timestamp == "iso":
        return _utc(time)
    if shape.timestamp == "iso_fraction":
        return _utc(time).replace("Z", ".000Z")
    return f"{datetime.fromisoformat(time):%Y%m%d%H%M%S}"


def _utc(time):
    return f"{datetime.fromisoformat(time).astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def _optional_data(dcc):
    if not dcc:
        return None
    return json.dumps({"od": {"dcc": {"ccura": dcc["currency"], "cam": dcc["amount"]}}})
