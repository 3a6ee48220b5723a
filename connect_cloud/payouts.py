"""Settlement files: what NETS says it pays out, and what of that is whose.

The columns aren't published. NETS recommends to read records by their id and fields by their names, so a
table is read with whatever headings it has, a mapping says what they mean, and nothing depends on positions.
Nothing here knows where the other side comes from. Amounts are minor units.
"""

import csv
import itertools
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from .currencies import EXPONENTS, exponent
from .totals import _plain

LARGEST_FILE = 5_000_000  # bytes
MOST_ROWS = 50_000
MOST_COLUMNS = 100
LONGEST_CELL = 500
_DELIMITERS = ";,\t|"
RECORDS = ("100", "110", "120", "200", "300", "400", "410")

# What a column may be, with what it is called in English and the Nordic languages: the whole heading, or a word of it.
_HEADINGS = {
    "record": "record id|record type|record|recordid|posttype|posttyp|record nr|tietuetunnus|recordtype",
    "entry_type": """entry type|entrytype|entry|type|transaction type|transaksjonstype|transaktionstyp|transaktionstype
        |tapahtumalaji|tapahtumatyyppi|posteringstype|bokföringstyp|art""",
    "terminal": """terminal id|terminal|terminal number|terminalid|terminal no|terminalnummer|terminal-id|terminalnr
        |pääte|päätetunnus|maksupääte|maksupäätteen tunnus|tid|id del terminal|terminali id|id du terminal|id terminale
        |terminalo id|termināļa id|id terminala""",
    "session": """session|session number|session no|sesjon|sesjonsnummer|sesjonsnr|sessionsnummer|sessionsnr|batch
        |batch number|bunt|buntnummer|bundt|bundtnummer|avstemming|istunto|erä|eränumero|reconciliation number|økt
        |sitzung|sesión|sessioon|sessione|sesija|sessie|sesja""",
    "stan": """stan|system trace|trace number|trace|sporingsnummer|referanse terminal|seq|sequence number|løpenummer
        |löpnummer|løbenummer|jäljitysnumero|transaction number|transaksjonsnummer|transaktionsnummer""",
    "authorisation": """authorisation|authorization|authorisation code|authorization code|auth code|auth|approval code
        |autorisasjonskode|autorisasjon|auktorisationskod|kontrollkod|autorisationskode|varmennus|varmennuskoodi
        |valtuutuskoodi|godkjenningskode""",
    "date": """date|transaction date|purchase date|dato|transaksjonsdato|transaktionsdato|kjøpsdato|købsdato|datum
        |transaktionsdatum|köpdatum|päivämäärä|tapahtumapäivä|ostopäivä|pvm|fecha|kuupäev
        |data|datums""",
    "amount": """amount|gross|gross amount|transaction amount|turnover|beløp|bruttobeløp|brutto|transaksjonsbeløp
        |omsetning|belopp|bruttobelopp|omsättning|transaktionsbelopp|beløb|bruttobeløb
        |transaktionsbeløb|omsætning
        |summa|bruttosumma|määrä|myynti|betrag|importe|montant|importo|suma|bedrag|kwota""",
    "sign": "sign|debit credit|debit/credit|d/c|d/k|fortegn|tecken|merkki|debet/kredit|dc",
    "fee": """fee|fees|fee amount|commission|charge|service charge|gebyr|gebyrbeløp|provisjon|avgift|provision|palkkio
        |kulu|toimitusmaksu|palvelumaksu|msc|interchange|gebühr|comisión|teenustasu|frais|commissione|komisiniai
        |komisijas maksa|kosten|prowizja""",
    "net": "net|net amount|netto|nettobeløp|nettobelopp|nettobeløb|nettosumma",
    "currency": "currency|currency code|valuta|valutakode|valutakod|valuutta",
    "payout_date": """payout date|settlement date|payment date|value date|transfer date|oppgjørsdato
        |utbetalingsdato|valutadato
        |bokføringsdato|utbetalningsdatum|likviddatum|bokföringsdatum|afregningsdato|udbetalingsdato|bogføringsdato
        |tilityspäivä|maksupäivä|arvopäivä""",
    "reference": """reference|settlement number|settlement no|settlement id|payment reference|transfer reference
        |referanse|oppgjørsnummer|oppgjør|referens|likvidnummer|utbetalningsnummer|afregningsnummer|tilitysnumero|viite|settlement""",
    "text": "text|description|tekst|beskrivelse|beskrivning|kuvaus|selite|message|melding|meddelande|benämning|name",
}
FIELDS = tuple(_HEADINGS)
_HEADING_OF = {
    _plain(name): meaning for meaning, names in _HEADINGS.items() for name in re.split(r"\s*\|\s*", names.strip())
}
_KIND_WORDS = {
    "chargeback": "chargeback charge-back reklamasjon reklamation indsigelse takaisinveloitus dispute tvist",
    "subscription": "subscription abonnement abonnemang tilaus kuukausimaksu leie hyra rent rental monthly månedlig",
    "fee": "fee fees gebyr avgift provisjon provision palkkio commission msc kulu",
    "adjustment": "adjustment justering korreksjon korrigering korrektion oikaisu correction",
    "refund": "refund return credit retur refusjon kreditering återbetalning återköp refundering hyvitys palautus",
    "charge": "purchase sale turnover kjøp köp køb osto salg omsetning omsättning omsætning myynti payment",
}
_KIND_OF = {_plain(word): kind for kind, words in _KIND_WORDS.items() for word in words.split()}


class PayoutFileError(ValueError):
    """``reason``: ``empty``, ``too_large``, ``too_many_rows``, ``too_many_columns``, ``not_a_table``,
    ``no_amount`` (no column is the amount), or ``not_readable`` with the row and its text."""

    def __init__(self, reason, row=0, text=""):
        super().__init__(f"{reason} {row} {text}")
        self.reason, self.row, self.text = reason, row, text


@dataclass(frozen=True)
class Column:
    """A field of a record; ``record`` is empty where all records have the same headings."""

    record: str
    heading: str
    sample: str = ""

    @property
    def key(self):
        return f"{self.record}|{self.heading.casefold()}"


@dataclass(frozen=True)
class Row:
    number: int
    record: str
    values: dict  # Column.key → text


@dataclass(frozen=True)
class Table:
    columns: tuple
    rows: tuple
    has_headings: bool = True


@dataclass(frozen=True)
class Entry:
    """One line of a payout. ``kind``: ``charge`` (a single one, or a refund with a negative amount), ``batch`` (all
    of a terminal's session), ``fee``, ``subscription``, ``adjustment``, ``chargeback``, ``chargeback_fee``,
    ``other`` (turnover that isn't detailed). What reduces the payout is negative."""

    kind: str
    amount: int
    terminal: str = ""
    session: str = ""
    stan: str = ""
    authorisation: str = ""
    day: date | None = None
    text: str = ""
    row: int = 0


@dataclass(frozen=True)
class Payout:
    """What one transfer, or several parts of one, is made of. ``net`` is None where the file doesn't say."""

    currency: str
    reference: str
    day: date | None
    net: int | None
    parts: tuple
    entries: tuple

    @property
    def difference(self):
        """What the entries say more than the transfer."""
        return sum(entry.amount for entry in self.entries) - self.net if self.net is not None else 0


# === THE TABLE === #


def read_table(data):
    """Read a CSV or SDV file, or what was pasted from one or from a spreadsheet.

    :param data: bytes in UTF-8 or Latin-1, or str
    :return: Table
    :raise PayoutFileError: where it is no table, or a larger one than a payout is
    """
    if len(data) > LARGEST_FILE:
        raise PayoutFileError("too_large")
    text = data if isinstance(data, str) else _decode(data)
    if "\0" in text:
        raise PayoutFileError("not_a_table")
    text = text.lstrip("\ufeff")
    lines = text.splitlines()
    if len(lines) > MOST_ROWS:
        raise PayoutFileError("too_many_rows")
    sample = [line for line in lines[:50] if line.strip()]
    if not sample:
        raise PayoutFileError("empty")
    delimiter = max(_DELIMITERS, key=lambda sign: sum(min(line.count(sign), 1) + line.count(sign) for line in sample))
    if not any(delimiter in line for line in sample):
        raise PayoutFileError("not_a_table")
    try:
        # no line of a settlement goes on in the next one
        rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    except csv.Error:
        raise PayoutFileError("not_a_table") from None
    if max(map(len, rows)) > MOST_COLUMNS:
        raise PayoutFileError("too_many_columns")
    return _table([[cell.strip()[:LONGEST_CELL] for cell in row] for row in rows])


def _decode(data):
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _table(rows):
    headings = {}  # record → names
    columns, found, has_headings = {}, [], False
    for number, row in enumerate(rows, 1):
        if sum(map(bool, row)) < 2:
            continue
        record = row[0] if row[0] in RECORDS else ""
        if _is_heading(row, record) and record not in headings:
            headings[record] = _unique(row)
            has_headings = True
            continue
        scope = record if record in headings else ""
        names = headings.get(scope)
        if names is None:
            scope = record
            names = headings.setdefault(scope, [])
        while len(names) < len(row):
            names.append(f"#{len(names) + 1}")
        values = {}
        for name, cell in zip(names, row, strict=False):
            column = Column(scope, name, cell)
            known = columns.setdefault(column.key, column)
            if cell and not known.sample:
                columns[column.key] = column
            values[column.key] = cell
        found.append(Row(number, record, values))
    if not found:
        raise PayoutFileError("empty")
    return Table(tuple(columns.values()), tuple(found), has_headings)


def _is_heading(row, record):
    cells = [cell for cell in row[bool(record) :] if cell]
    return len(cells) > 1 and all(re.search(r"[^\W\d_]", cell) and not _is_value(cell) for cell in cells)


def _is_value(cell):
    return cell in EXPONENTS or bool(re.fullmatch(r"[\d\s.,:/+\-TZ]+", cell) or re.search(r"\d{3}", cell))


def _unique(names):
    seen, unique = defaultdict(int), []
    for index, name in enumerate(names, 1):
        name = name or f"#{index}"
        seen[name.casefold()] += 1
        unique.append(name if seen[name.casefold()] == 1 else f"{name} ({seen[name.casefold()]})")
    return unique


def propose(columns):
    """What each column probably is.

    :param columns: of Column
    :return: {Column.key: one of FIELDS}; one column of a record for each field
    """
    mapping, taken = {}, set()
    guesses = []
    for column in columns:
        plain = _plain(column.heading)
        if plain in _HEADING_OF:
            guesses.append((0, column, _HEADING_OF[plain]))
            continue
        for words in itertools.chain(_pairs(column.heading), re.findall(r"[^\W\d_]+", column.heading)):
            if _plain(words) in _HEADING_OF:
                guesses.append((1, column, _HEADING_OF[_plain(words)]))
                break
    for _rank, column, meaning in sorted(guesses, key=lambda guess: guess[0]):
        if (column.record, meaning) not in taken:
            taken.add((column.record, meaning))
            mapping[column.key] = meaning
    return mapping


def _pairs(heading):
    words = re.findall(r"[^\W\d_]+", heading)
    return [" ".join(pair) for pair in itertools.pairwise(words)]


# === WHAT IT SAYS === #


def read_payouts(table, mapping, currency, in_minor_units=False):
    """The payouts of a table.

    :param Table table:
    :param dict mapping: Column.key → one of FIELDS
    :param str currency: ISO 4217, where the table has none
    :param bool in_minor_units: amounts without decimals are cents
    :return: tuple of Payout
    :raise PayoutFileError: where a row can't be read, which is named; a payout that is only half read is none
    """
    if not {"amount", "net"} & set(mapping.values()):
        raise PayoutFileError("no_amount")
    groups = defaultdict(list)
    for row in table.rows:
        values = {mapping[key]: cell for key, cell in row.values.items() if cell and key in mapping}
        record = values.get("record", row.record)
        if record in ("400", "410") or not {"amount", "net", "fee"} & values.keys():
            continue
        code = values.get("currency", currency).upper()
        if code not in EXPONENTS:
            raise PayoutFileError("not_readable", row.number, code)
        entry = _entry(row.number, record, values, code, in_minor_units)
        groups[code, values.get("reference", "")].append((record, entry, values))
    payouts = [_payout(*key, rows, in_minor_units) for key, rows in _joined(groups).items()]
    return tuple(payout for payout in payouts if payout.entries or payout.net)


def _joined(groups):
    """Rows without a reference belong to the only one that their currency has."""
    references = defaultdict(set)
    for code, reference in groups:
        references[code].add(reference)
    joined = defaultdict(list)
    for (code, reference), rows in groups.items():
        named = references[code] - {""}
        joined[code, reference or (min(named) if len(named) == 1 else "")] += rows
    return joined


def _entry(number, record, values, code, in_minor_units):
    amount = values.get("amount") or values.get("net") or "0"
    minor = read_number(amount, code, in_minor_units)
    if minor is None:
        raise PayoutFileError("not_readable", number, amount)
    if _plain(values.get("sign", "")) in ("d", "debit", "debet") or values.get("sign") == "-":
        minor = -abs(minor)
    day = values.get("date") or values.get("payout_date")
    read_day = read_date(day) if day else None
    if day and read_day is None:
        raise PayoutFileError("not_readable", number, day)
    kind = _kind(record, values)
    if kind == "refund":
        kind, minor = "charge", -abs(minor)
    return Entry(
        kind=kind,
        amount=minor,
        terminal=values.get("terminal", ""),
        session=_number(values.get("session", "")),
        stan=_number(values.get("stan", "")),
        authorisation=values.get("authorisation", ""),
        day=read_day,
        text=values.get("text") or values.get("entry_type", ""),
        row=number,
    )


def _kind(record, values):
    said = f"{values.get('entry_type', '')} {values.get('text', '')}"
    words = [_plain(word) for word in re.findall(r"[^\W\d_-]+(?:-[^\W\d_]+)?", said)]
    kinds = {_KIND_OF[word] for word in words if word in _KIND_OF}
    by_words = next((kind for kind in _KIND_WORDS if kind in kinds), "")
    if {"chargeback", "fee"} <= kinds:
        by_words = "chargeback_fee"
    entry_type = values.get("entry_type", "").strip().lstrip("0")
    if record == "120":
        return "fee"
    if record == "110":
        return by_words if by_words in ("refund", "chargeback") else "charge"
    if record == "100":
        if entry_type in ("1", "2"):
            return {"1": "batch", "2": "fee"}[entry_type]
        if by_words in ("charge", "refund", ""):
            return "batch" if by_words == "charge" else "adjustment"
        return by_words
    return by_words or "charge"


def _number(text):
    """Numbers of terminals are printed with zeros in front, or without."""
    return text.lstrip("0") if text.isdigit() else text


def _payout(code, reference, rows, in_minor_units):
    transfers = [(entry, values) for record, entry, values in rows if record == "300"]
    parts = tuple(entry.amount for entry, _values in transfers)
    totals = [entry.amount for record, entry, values in rows if record == "200"]
    net = sum(parts) if parts else None
    days = [entry.day for entry, _values in transfers if entry.day]
    days += [day for *_rest, values in rows if (day := read_date(values.get("payout_date", "")))]
    details = [entry for record, entry, _values in rows if record == "110"]
    batches = [entry for record, entry, _values in rows if record == "100" and entry.kind == "batch"]
    flat = [entry for record, entry, _values in rows if record not in RECORDS]
    others = [
        entry
        for record, entry, _values in rows
        if record == "100" and entry.kind not in ("batch", "fee") and not _is_detailed(entry, details)
    ]
    entries = [*details, *flat]
    if details and batches:
        # the single charges are parts of the batches
        missing = sum(entry.amount for entry in batches) - sum(e.amount for e in details if e.kind == "charge")
        if missing:
            entries.append(Entry("other", missing, text="", row=batches[0].row))
    else:
        entries += batches
    fees = _fees(rows, code, in_minor_units)
    if net is None and totals:
        net = totals[-1]
    entries = _signed([*entries, *others, *fees], net)
    return Payout(code, reference, max(days, default=None), net, parts, tuple(entries))


def _is_detailed(entry, details):
    return any(entry.kind == "chargeback" == detail.kind for detail in details)


def _fees(rows, code, in_minor_units):
    """The fees, once: of the batches, else of the single charges, else beside the charges."""
    of_batches = [entry for record, entry, _values in rows if record == "100" and entry.kind == "fee"]
    single = [entry for record, entry, _values in rows if record == "120"]
    if of_batches or single:
        return of_batches or single
    beside = []
    for record, entry, values in rows:
        if record not in ("200", "300") and values.get("fee"):
            fee = read_number(values["fee"], code, in_minor_units)
            if fee is None:
                raise PayoutFileError("not_readable", entry.row, values["fee"])
            if fee and entry.kind != "fee":
                beside.append(replace(entry, kind="fee", amount=fee))
    return beside


def _signed(entries, net):
    """Fees may be written as what they are, or as what they take away: what adds up to the transfer is meant."""
    deducted = ("fee", "subscription", "chargeback", "chargeback_fee")
    kinds = [kind for kind in deducted if any(e.kind == kind for e in entries)]

    def turned(signs):
        return [replace(e, amount=e.amount * signs.get(e.kind, 1)) for e in entries]

    usual = {kind: -1 if sum(e.amount for e in entries if e.kind == kind) > 0 else 1 for kind in kinds}
    ways = [usual, *(dict(zip(kinds, signs, strict=True)) for signs in itertools.product((1, -1), repeat=len(kinds)))]
    for signs in ways:
        if net is not None and sum(e.amount for e in turned(signs)) == net:
            return turned(signs)
    return turned(usual)


def read_number(text, code, in_minor_units=False):
    """An amount as people and programs write it.

    :return: int, minor units; None where it isn't one, or has more decimals than the currency
    """
    places = exponent(code)
    found = re.fullmatch(
        r"(?P<minus>[-−–(]?)\s*(?:[A-Z]{3}\s*)?(?P<number>[0-9][0-9 .,'\u00a0\u202f]{0,24})\s*(?P<after>[-−–)]?)"
        r"(?:\s*[A-Z]{3})?",
        text.strip(),
    ) or re.fullmatch(r"(?P<minus>\+?)(?P<number>[0-9][0-9.,]{0,24})(?P<after>)", text.strip())
    if not found:
        return None
    number = re.sub(r"[ '\u00a0\u202f]", "", found["number"])
    whole, decimals = number, ""
    last = max(number.rfind("."), number.rfind(","))
    if last >= 0:
        sign = number[last]
        tail = number[last + 1 :]
        # one sign with three digits after it groups thousands, unless the currency has three decimals
        groups = number.count(sign) > 1 or (len(tail) == 3 and places != 3)
        if not groups:
            whole, decimals = number[:last], tail
    whole = re.sub("[.,]", "", whole)
    decimals = decimals.rstrip("0") if len(decimals) > places else decimals
    if not whole.isdigit() or len(decimals) > places or len(whole) > 14:
        return None
    is_minor = in_minor_units and last < 0
    minor = int(whole) if is_minor else int(Decimal(f"{whole}.{decimals or 0}").scaleb(places))
    negative = found["minus"] in tuple("-−–(") or found["after"] in tuple("-−–)")
    return -minor if negative and minor else minor


def read_date(text):
    """A day as people and programs write it; None where it isn't one. Six digits are day, month, year."""
    text = text.strip()[:32]
    for pattern, order in (
        (r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ].*)?", "ymd"),
        (r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})(?: .*)?", "dmy"),
        (r"(\d{1,2})[-./](\d{1,2})[-./](\d{2})(?: .*)?", "dmy"),
        (r"(20\d{2})(\d{2})(\d{2})(?:\d{4,6})?", "ymd"),
        (r"(\d{2})(\d{2})(20\d{2})", "dmy"),
        (r"(\d{2})(\d{2})(\d{2})", "dmy"),
    ):
        if found := re.fullmatch(pattern, text):
            values = dict(zip(order, map(int, found.groups()), strict=True))
            year = values["y"] + (2000 if values["y"] < 100 else 0)
            try:
                return date(year, values["m"], values["d"])
            except ValueError:
                continue
    return None


# === WHOSE IT IS === #


@dataclass(frozen=True)
class Candidate:
    """Something that may have been paid out: a charge, or a refund with a negative amount."""

    key: object
    terminal: str
    session: str
    stan: str
    authorisation: str
    amount: int
    day: date | None = None


@dataclass(frozen=True)
class Match:
    """``keys`` of the candidates that an entry pays out, ``is_exact``, and ``reason``: what they have in common."""

    keys: tuple
    is_exact: bool
    reason: str


_RANKS = (
    (
        "stan",
        True,
        lambda x: (x.terminal, _number(x.session), _number(x.stan), x.amount) if x.stan and x.session else None,
    ),
    (
        "stan",
        True,
        lambda x: (x.terminal, _number(x.stan), x.authorisation, x.amount) if x.stan and x.authorisation else None,
    ),
    (
        "authorisation",
        True,
        lambda x: (x.terminal, x.authorisation, x.amount) if x.terminal and x.authorisation else None,
    ),
    (
        "stan_day",
        True,
        lambda x: (x.terminal, _number(x.stan), x.amount, x.day) if x.stan and x.terminal and x.day else None,
    ),
    ("authorisation_alone", False, lambda x: (x.authorisation, x.amount) if x.authorisation else None),
    ("stan_alone", False, lambda x: (x.terminal, _number(x.stan), x.amount) if x.stan and x.terminal else None),
    (
        "session_amount",
        False,
        lambda x: (x.terminal, _number(x.session), x.amount) if x.session and x.terminal else None,
    ),
    ("day_amount", False, lambda x: (x.terminal, x.day, x.amount) if x.terminal and x.day else None),
    ("amount_day", False, lambda x: (x.day, x.amount) if x.day else None),
)


def match(entries, candidates, paid=()):
    """What each entry pays out: what is certain first, then what is probable, with the reason.

    :param entries: of Entry; charges, chargebacks and batches are matched
    :param candidates: of Candidate, what isn't paid out yet; each is taken once
    :param paid: of Candidate, what was paid out before: only a chargeback is about those
    :return: {index of the entry: Match}
    """
    found = {}
    for is_chargeback in (False, True):
        # a chargeback takes back what was paid out before, or in the same payout
        offered = [*candidates, *paid] if is_chargeback else candidates
        free = dict(enumerate(offered))
        wanted = {}
        for index, entry in enumerate(entries):
            if entry.kind == "charge" and not is_chargeback:
                wanted[index] = entry
            elif entry.kind == "chargeback" and is_chargeback:
                wanted[index] = replace(entry, amount=abs(entry.amount))
        for reason, is_exact, key in _RANKS:
            by_key = defaultdict(lambda: ([], []))
            for index, entry in wanted.items():
                if (value := key(entry)) is not None:
                    by_key[value][0].append(index)
            for index, candidate in free.items():
                if (value := key(candidate)) in by_key:
                    by_key[value][1].append(index)
            for mine, theirs in by_key.values():
                # several that look alike belong to each other only where there are as many of both
                if mine and len(mine) == len(theirs):
                    for index, candidate in zip(mine, theirs, strict=True):
                        sure = is_exact and len(mine) == 1
                        found[index] = Match((offered[candidate].key,), sure, reason)
                        del wanted[index], free[candidate]
        if not is_chargeback:
            found |= _match_batches(entries, [candidates[index] for index in free])
    return found


def _match_batches(entries, candidates):
    found = {}
    by_session = defaultdict(list)
    for candidate in candidates:
        by_session[candidate.terminal, _number(candidate.session)].append(candidate)
    for index, entry in enumerate(entries):
        if entry.kind != "batch" or not entry.terminal:
            continue
        group = by_session.get((entry.terminal, _number(entry.session)), [])
        if group and sum(candidate.amount for candidate in group) == entry.amount:
            found[index] = Match(tuple(candidate.key for candidate in group), bool(entry.session), "session")
            del by_session[entry.terminal, _number(entry.session)]
    return found


@dataclass(frozen=True)
class Span:
    """All that was charged on some days: ``keys``, what it comes to, and what the fee would be."""

    keys: tuple
    first: date
    last: date
    amount: int
    fee: int


def propose_spans(net, day, candidates, fee_limit=Decimal("0.05"), days=45):
    """Of which days a payout may be, where only its amount and day are known: those that are exactly that first, then
    those that leave a fee, the oldest first.

    :param int net: minor units
    :param date day: of the payout; what was charged later isn't in it
    :param candidates: of Candidate with a day
    :param Decimal fee_limit: the largest part that a fee may be
    :param int days: how far back
    :return: tuple of Span
    """
    by_day = defaultdict(list)
    for candidate in candidates:
        if candidate.day and day - timedelta(days=days) <= candidate.day <= day:
            by_day[candidate.day].append(candidate)
    known = sorted(by_day)
    spans = []
    for start in range(len(known)):
        amount, keys = 0, []
        for end in range(start, len(known)):
            amount += sum(candidate.amount for candidate in by_day[known[end]])
            keys += [candidate.key for candidate in by_day[known[end]]]
            if net <= amount and amount - net <= amount * fee_limit and amount > 0:
                spans.append(Span(tuple(keys), known[start], known[end], amount, amount - net))
    return tuple(sorted(spans, key=lambda span: (span.fee != 0, span.first, span.fee)))
