"""NETS pays out: settlement files of what the ledger says was charged. The columns are ours [?]; record ids, entry
types, file names and both forms are as NETS publishes them.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import date, timedelta

from .receipts import money, signed

FORMS = {"csv": ",", "sdv": ";"}
HEADINGS = (
    "Record id",
    "Entry type",
    "Terminal id",
    "Session number",
    "STAN",
    "Authorisation code",
    "Transaction date",
    "Amount",
    "Currency",
    "Settlement number",
    "Text",
)
FOREIGN_TERMINAL = "79999999"


@dataclass
class Wishes:
    """What the file is to be like. Raises ValueError with a sentence from ``parse``."""

    form: str = "sdv"
    day: date | None = None
    fee: float = 0.01
    subscription: int = 0
    without: list = field(default_factory=list)  # ids of ledger entries that are missing
    foreign: int = 0  # minor units of a charge that none of the terminals took
    chargebacks: list = field(default_factory=list)  # ids of ledger entries
    chargeback_fee: int = 15000
    parts: int = 1
    terminals: list = field(default_factory=list)
    after: int = 0  # id of the last ledger entry that was paid out before

    @classmethod
    def parse(cls, body):
        unknown = set(body) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"There is no {', '.join(sorted(unknown))}.")
        wishes = cls(**body)
        if wishes.form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}.")
        if not isinstance(wishes.fee, int | float) or isinstance(wishes.fee, bool) or not 0 <= wishes.fee < 1:
            raise ValueError("fee must be a part of the turnover, such as 0.01.")
        if not isinstance(wishes.parts, int) or not 1 <= wishes.parts <= 9:
            raise ValueError("parts must be 1 to 9.")
        for name in ("subscription", "foreign", "chargeback_fee", "after"):
            value = getattr(wishes, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} must be a whole number.")
        for name in ("without", "chargebacks", "terminals"):
            if not isinstance(getattr(wishes, name), list):
                raise ValueError(f"{name} must be a list.")  # noqa: TRY004
        try:
            wishes.day = date.fromisoformat(wishes.day) if wishes.day else None
        except (TypeError, ValueError):
            raise ValueError("day must be a date, such as 2026-11-05.") from None
        return wishes


def settle(nets, wishes):
    """Return the file of a payout: ``{"name", "text", "transfers": [{"currency", "amount", "date"}], "last"}``.

    One settlement for each currency; the amounts of ``transfers`` are minor units, as the bank gets them.
    """
    entries = nets.ledger.entries
    chosen = [
        entry
        for entry in entries
        if entry["id"] > wishes.after
        and entry["id"] not in wishes.without
        and (not wishes.terminals or entry["terminalId"] in wishes.terminals)
        and not _is_taken_back(entry, entries)
    ]
    day = wishes.day or max((date.fromisoformat(e["time"][:10]) for e in chosen), default=date.today())  # noqa: DTZ011
    day_of_payout = day if wishes.day else day + timedelta(days=3)
    currencies = list(dict.fromkeys(entry["currency"] for entry in chosen)) or ["NOK"]
    rows, transfers = [HEADINGS], []
    for number, currency in enumerate(currencies, 1):
        own = [entry for entry in chosen if entry["currency"] == currency]
        is_first = number == 1
        rows += _settlement(nets, wishes, own, currency, number, day_of_payout, is_first, transfers)
    text = io.StringIO()
    csv.writer(text, delimiter=FORMS[wishes.form], lineterminator="\r\n").writerows(rows)
    return {
        "name": f"Nets{day_of_payout:%d%m%y}.{wishes.form.upper()}",
        "text": text.getvalue(),
        "transfers": transfers,
        "last": entries[-1]["id"] if entries else 0,
    }


def _is_taken_back(entry, entries):
    return entry["kind"] == "reversal" or any(other.get("reverses") == entry["id"] for other in entries)


def _settlement(nets, wishes, entries, currency, number, day, is_first, transfers):
    settlement = f"{day:%y%m%d}{number:02}"

    def row(record, amount, *, entry_type="", terminal="", session="", stan="", auth="", when="", text=""):
        written = ("-" if amount < 0 else "") + money(abs(amount))
        return (record, entry_type, terminal, session, stan, auth, when, written, currency, settlement, text)

    rows, turnover = [], 0
    sessions = {}
    for entry in entries:
        sessions.setdefault((entry["terminalId"], entry["sessionNumber"]), []).append(entry)
    for (terminal, session), group in sessions.items():
        amount = sum(signed(entry, entries) for entry in group)
        turnover += amount
        place = {"terminal": terminal, "session": session}
        rows.append(row("100", amount, entry_type="1", **place))
        for entry in group:
            stan, auth = entry["stanAuth"][:6], entry["stanAuth"][6:].strip()
            rows.append(row("110", signed(entry, entries), stan=stan, auth=auth, when=entry["time"][:10], **place))
    if wishes.foreign and is_first:
        turnover += wishes.foreign
        place = {"terminal": FOREIGN_TERMINAL, "session": "001"}
        rows.append(row("100", wishes.foreign, entry_type="1", **place))
        rows.append(row("110", wishes.foreign, stan="000001", auth="Z00001", when=day.isoformat(), **place))
    fee = round(turnover * wishes.fee)
    net = turnover - fee
    if fee:
        rows.append(row("100", -fee, entry_type="2", text="Transaction fees"))
    if wishes.subscription and is_first:
        net -= wishes.subscription
        rows.append(row("100", -wishes.subscription, entry_type="3", text="Subscription"))
    for entry in nets.ledger.entries:
        if entry["id"] in wishes.chargebacks and entry["currency"] == currency:
            stan, auth = entry["stanAuth"][:6], entry["stanAuth"][6:].strip()
            place = {"terminal": entry["terminalId"], "session": entry["sessionNumber"]}
            what = {"stan": stan, "auth": auth, "when": entry["time"][:10], "text": "Chargeback"}
            rows.append(row("100", -entry["amount"], entry_type="4", **place, **what))
            rows.append(row("100", -wishes.chargeback_fee, entry_type="5", text="Chargeback fee"))
            net -= entry["amount"] + wishes.chargeback_fee
    rows.append(row("200", net, text="Total"))
    part = net // wishes.parts
    for index in range(wishes.parts):
        amount = part if index < wishes.parts - 1 else net - part * (wishes.parts - 1)
        when = day + timedelta(days=index)
        rows.append(row("300", amount, when=when.isoformat(), text="Transfer"))
        transfers.append({"currency": currency, "amount": amount, "date": when.isoformat()})
    return rows
