"""Receipts and reports as text: 24 characters wide, lines end in CR LF (protocol.md, section 8)."""

from datetime import datetime

WIDTH = 24
_TITLES = {
    "purchase": "PURCHASE",
    "refund": "RETURN OF GOODS",
    "reversal": "REVERSAL",
    "deposit": "DEPOSIT",
}


def money(amount):
    """Return minor units as a person reads them: 12345 → "123,45"."""
    return f"{amount // 100},{amount % 100:02}"


def _row(left, right=""):
    # A long left part gives way: the amount on the right must stay whole.
    return f"{left[: WIDTH - len(right) - 1]:<{WIDTH - len(right)}}{right}"[:WIDTH].rstrip()


def _text(lines):
    return "\r\n".join(line[:WIDTH] for line in lines) + "\r\n"


def _head(terminal, time):
    moment = datetime.fromisoformat(time)
    return [
        *terminal.merchant,
        "",
        f"Bax: {terminal.id}-{terminal.site_id}",
        f"{moment:%d/%m/%Y %H:%M}",
        "",
    ]


def receipt(record, terminal, *, merchant):
    """Return the customer's or (``merchant=True``) the shop's receipt of a Record as text."""
    lines = _head(terminal, record.time)
    card = record.card
    if card:
        lines += [card["brand"]]
        lines += ["Contactless"] if record.contactless else []
        lines += [card["pan"], f"AID: {card['aid']}", f"TVR: {record.tvr}"]
        if record.stan_auth:
            stan, auth = record.stan_auth[:6], record.stan_auth[6:].strip()
            lines += [f"Ref.: {stan} {auth} {record.tcc}"]
        lines += [f"Resp.: {record.response_code}"] if record.response_code else []
        lines += [f"Session: {record.session:03}", ""]
    lines += [_TITLES[record.kind]]
    parts = [("Tip", record.tip), ("Surcharge", record.surcharge), ("Cashback", record.cashback)]
    if any(amount for _name, amount in parts):
        goods = record.total - sum(amount for _name, amount in parts)
        lines += [_row("Amount", money(goods))]
        lines += [_row(name, money(amount)) for name, amount in parts if amount]
    lines += [_row(terminal.currency, money(record.total))]
    if record.dcc:
        lines += [_row(record.dcc["currency"], money(record.dcc["amount"]))]
    lines += [""]
    if record.approved:
        lines += ["APPROVED"]
    else:
        lines += ["DECLINED", *_wrap(record.text)]
    if record.approved and record.cvm == "1" and merchant:
        lines += ["", "", "." * WIDTH, "Cardholder signature"]
    lines += [
        "",
        "MERCHANT'S COPY" if merchant else "CUSTOMER'S COPY",
        "PLAY MONEY - SIMULATOR",
        "",
    ]
    return _text(lines)


def report(terminal, session, entries, time, title="RECONCILIATION"):
    """Return the text of a reconciliation, or of another report: counts and totals of the session's ledger entries."""
    lines = [*_head(terminal, time), title, f"Session: {session:03}", ""]
    total = 0
    for kind, name in _TITLES.items():
        amounts = [entry["amount"] for entry in entries if entry["kind"] == kind]
        if amounts:
            lines += [_row(f"{len(amounts)} {name.lower()}", money(sum(amounts)))]
    for entry in entries:
        total += signed(entry, entries)
    sign = "-" if total < 0 else ""
    lines += ["-" * WIDTH, _row(f"Net {terminal.currency}", sign + money(abs(total))), ""]
    lines += ["PLAY MONEY - SIMULATOR"]
    return _text(lines)


def signed(entry, entries):
    """Return what the shop gets by a ledger entry, in minor units: a refund is negative."""
    if entry["kind"] == "reversal":
        reversed_kind = next((e["kind"] for e in entries if e["id"] == entry["reverses"]), "purchase")
        return entry["amount"] if reversed_kind == "refund" else -entry["amount"]
    return -entry["amount"] if entry["kind"] == "refund" else entry["amount"]


def _wrap(text):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]
