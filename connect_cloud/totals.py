"""What a terminal prints when a session is closed: totals by kind, and by brand where they are printed.

The totals stand in the printed text only, whose form NETS hasn't published: it is read tolerantly, in the
languages of receipts, and what can't be read, or contradicts itself, says so. Amounts are minor units.
"""

import itertools
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field, replace

from .currencies import exponent

_LARGEST_TEXT = 20_000  # characters; a reconciliation has some hundreds
_LONGEST_LINE = 64  # a receipt has 24 characters
_MOST_LINES = 400
_MOST_UNREAD = 20
# "3 100,00" is three times a hundred in all, or three thousand: lines for which both are tried
_MOST_AMBIGUOUS = 6

_WORDS = {
    "purchase": """purchase purchases sale sales payment payments debit goods
        kjøp varekjøp salg betaling varesalg kjop köp inköp försäljning betalning varuköp køb købe varekøb
        osto ostot myynti maksu maksut kauf käufe verkauf zahlung zahlungen achat ventes""",
    "refund": """refund refunds return returns credit credits
        retur returer refusjon refusjoner kreditering krediteringer tilbakebetaling returkjøp varuretur
        återbetalning återbetalningar återköp refundering refunderinger tilbagebetaling
        palautus palautukset hyvitys hyvitykset gutschrift gutschriften erstattung erstattungen""",
    "reversal": """reversal reversals void voids cancelled canceled
        reversering reverseringer annullering annulleringer makulering makuleringer kansellering annullert
        återföring återföringar annullerad tilbageførsel tilbageførsler makulerad
        peruutus peruutukset mitätöinti mitätöinnit storno stornos stornierung stornierungen""",
    "net": """net total totals totaal sum grand balance
        netto totalt totaler totalsum sluttsum samlet alt ialt summa totalsumma slutsumma saldo
        yhteensä loppusumma gesamt summe gesamtsumme""",
    # parts of the above, that stand beside them
    "part": """tip tips gratuity surcharge surcharges fee fees cashback cash vat
        drikkepenger drikkepenge driks dricks gebyr gebyrer avgift avgifter tillägg kontant kontanter uttak uttag
        hævet juomaraha juomarahat lisämaksu käteisnosto mva moms trinkgeld gebühr zuschlag""",
    "count": "number count antall antal lkm kpl määrä stk st anzahl quantity qty no",
    "amount": "amount beløp belopp beløb betrag arvo",
    "session": "session sesjon sesjonsnr sessionsnr avstemming sessio istunto sitzung sessionsnummer",
}
_BRANDS = {
    "Visa": "visa",
    "Visa Electron": "visaelectron electron",
    "V Pay": "vpay",
    "Mastercard": "mastercard mc eurocard",
    "Maestro": "maestro",
    "American Express": "americanexpress amex",
    "Diners": "diners dinersclub",
    "JCB": "jcb",
    "UnionPay": "unionpay cup",
    "Dankort": "dankort visadankort",
    "BankAxept": "bankaxept bax bank",
    "Discover": "discover",
}


def _plain(word):
    """A word without case, accents and signs: printers drop some of them."""
    spelled = unicodedata.normalize("NFKD", word.casefold().replace("ø", "o").replace("æ", "a").replace("ß", "ss"))
    return "".join(letter for letter in spelled if letter.isalnum() and not unicodedata.combining(letter))


_MEANING = {_plain(word): meaning for meaning, words in _WORDS.items() for word in words.split()}
_BRAND = {_plain(word): brand for brand, words in _BRANDS.items() for word in words.split()}
# a number that may be a count, and the next one the amount; after a currency's code, or before a zero, it isn't
_AMBIGUOUS = re.compile(r"(^|[^\W\d_]{4,}:? |[a-z]:? )([0-9]{1,3}) (?=[1-9][0-9]{2}[^0-9])")
_NUMBER = re.compile(r"(?<![0-9.,:/-])[0-9]{6}(?![0-9.,:/-])")
# of a line that has several, the first of these decides: "total refunds" is refunds, "return of goods" too
_PRECEDENCE = ("reversal", "refund", "purchase", "part", "net", "count", "amount", "session")


@dataclass(frozen=True)
class Sum:
    """How many, where that is printed, and how much: positive minor units."""

    amount: int
    count: int | None = None


@dataclass(frozen=True)
class Named:
    """A transaction that the terminal prints: the ``line``, its ``numbers`` of six digits, one of which is the STAN,
    and its ``amount`` in minor units, negative where money went back."""

    line: str
    numbers: frozenset
    amount: int


@dataclass(frozen=True)
class Totals:
    """What could be read. ``doubt`` says why that isn't enough to compare: ``nothing`` was understood, or it is a
    ``contradiction``; empty where it can be relied on."""

    net: int | None = None
    purchases: Sum | None = None
    refunds: Sum | None = None
    reversals: Sum | None = None
    brands: dict = field(default_factory=dict)  # brand → minor units, net
    session_number: str = ""
    named: tuple = ()  # of Named: each transaction, where they are printed and come to the net amount
    unread: tuple = ()  # lines with an amount that nobody understood
    doubt: str = "nothing"


@dataclass(frozen=True)
class More:
    """What the terminal has more of a ``kind`` (purchase, refund, reversal) than the other side: ``amount`` in minor
    units, and ``count`` where that is printed; negative where the other side has more."""

    kind: str
    amount: int
    count: int | None = None


@dataclass(frozen=True)
class Comparison:
    """``agrees``, or ``difference``: minor units that the terminal has more than the other side. Both None where it
    can't be said. ``kinds``: of More, where kinds are printed."""

    agrees: bool | None
    difference: int | None = None
    kinds: tuple = ()

    @property
    def count_difference(self):
        """How many purchases the terminal has more; None where it can't be said."""
        return next((more.count for more in self.kinds if more.kind == "purchase"), None)


class _Reader:
    """
    :param set counted: indexes of the lines whose first group of digits is a count
    :param bool names: lines with a number of six digits and an amount are single transactions
    """

    def __init__(self, code, counted, names):
        places = exponent(code)
        decimals = rf"[.,][0-9]{{{places}}}" if places else ""
        self._code = code
        self._counted = counted
        self._names = names and bool(places)
        self._amount = re.compile(
            rf"(?<![0-9.,])(?P<sign>[-−–]\s?)?"
            rf"(?P<digits>(?:[0-9]{{1,3}}(?P<group>[ .,'’\u00a0\u202f])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*"
            rf"|[0-9]{{1,12}}){decimals})(?![0-9.,])(?P<after>\s?[-−–](?=\s|$))?"
        )
        self._sums = defaultdict(lambda: [0, 0, True])  # (section, kind) → amount, count, whether all have a count
        self._nets = defaultdict(list)  # section → amounts
        self._brand_nets = defaultdict(int)
        self._unread = []
        self._named = []
        self._session = ""
        self._section = self._kind = ""
        self._pending = None  # a count that stands above its amount
        self.is_confirmed = False  # the kinds, or the brands, add up to what is printed

    def read(self, lines):
        for index, line in enumerate(lines):
            if len(line) > _LONGEST_LINE:
                if self._amount.search(line[:_LONGEST_LINE]):
                    self._unread.append(line[:_LONGEST_LINE])
            elif index in self._counted:
                # the two numbers apart
                self._read_line(_AMBIGUOUS.sub(r"\1\2  ", line))
            else:
                self._read_line(line)
        return self._result()

    def _read_line(self, line):
        if re.fullmatch(r"[-=_*.·\s]{3,}", line):
            self._section = self._kind = ""
            return
        words = [_plain(word) for word in re.findall(r"[^\W\d_]+", line)]
        meanings = {_MEANING[word] for word in words if word in _MEANING}
        meaning = next((one for one in _PRECEDENCE if one in meanings), "")
        brand = _BRAND.get("".join(words)) or next((_BRAND[word] for word in words if word in _BRAND), "")
        found = list(self._amount.finditer(line))
        if meaning == "session" and (number := re.search(r"(?<!\d)\d{1,6}(?!\d)", line)):
            self._session = self._session or number[0]
        elif not found or (len(found) == 1 and not self._is_amount(line, found[0], meaning)):
            self._read_heading(line, meaning, brand)
        else:
            match = found[-1]
            if self._names and (numbers := _NUMBER.findall(line[: match.start()] + " " + line[match.end() :])):
                given_back = (meaning or self._kind) in ("refund", "reversal")
                amount = -abs(self._minor(match)) if given_back else self._minor(match)
                self._named.append(Named(line, frozenset(numbers), amount))
                return
            count = re.search(r"(?<![\d.,])\d{1,6}(?![\d.,])", line[: match.start()] + " " + line[match.end() :])
            self._read_amount(line, meaning, brand, self._minor(match), int(count[0]) if count else None)

    def _is_amount(self, line, match, meaning):
        """In a currency without decimals, a number is an amount only where the line says so."""
        if exponent(self._code):
            return True
        return meaning in ("purchase", "refund", "reversal", "net", "amount", "part") or self._code in line

    def _minor(self, match):
        amount = int(re.sub("[^0-9]", "", match["digits"]))
        return -amount if match["sign"] or match["after"] else amount

    def _read_heading(self, line, meaning, brand):
        if meaning == "count" and (number := re.search(r"(?<!\d)\d{1,6}(?!\d)", line)):
            self._pending = int(number[0])
        elif meaning in ("purchase", "refund", "reversal"):
            self._kind = meaning
        elif meaning == "net":
            self._section = self._kind = ""
        elif brand and not re.search(r"\d", line):
            if not self._kind or self._section:
                self._section, self._kind = brand, ""
            else:
                self._section = brand

    def _read_amount(self, line, meaning, brand, amount, count):
        count, self._pending = count if count is not None else self._pending, None
        kind = meaning if meaning in ("purchase", "refund", "reversal") else ""
        if kind or (meaning == "amount" and self._kind) or (brand and not meaning and self._kind):
            entry = self._sums[brand or self._section, kind or self._kind]
            entry[0] += abs(amount)
            entry[1] += count or 0
            entry[2] = entry[2] and count is not None
        elif meaning == "part":
            return
        elif brand:
            self._brand_nets[brand] += amount
        elif meaning == "net":
            self._nets[self._section].append(amount)
        else:
            self._unread.append(line)

    def _result(self):
        kinds, contradicts = self._kinds()
        net, unsure = self._net(kinds)
        brands = dict(self._brand_nets)
        for brand in {section for section, _kind in self._sums if section}:
            sums = {kind: self._sums[brand, kind][0] for kind in _SIGNS if (brand, kind) in self._sums}
            brands[brand] = sum(_SIGNS[kind] * amount for kind, amount in sums.items())
        doubt = ""
        if contradicts or unsure:
            doubt = "contradiction"
        elif net is None:
            doubt = "nothing"
        return Totals(
            net=None if doubt else net,
            purchases=kinds.get("purchase"),
            refunds=kinds.get("refund"),
            reversals=kinds.get("reversal"),
            brands=brands,
            session_number=self._session,
            named=tuple(self._named),
            unread=tuple(self._unread[:_MOST_UNREAD]),
            doubt=doubt,
        )

    def _kinds(self):
        """:return: ({kind: Sum} over all brands, whether what is printed for all and by brand differs)"""
        overall, by_brand = {}, {}
        for (section, kind), (amount, count, counted) in self._sums.items():
            if section:
                before = by_brand.get(kind, Sum(0, 0))
                known = before.count is not None and counted
                by_brand[kind] = Sum(before.amount + amount, before.count + count if known else None)
            else:
                overall[kind] = Sum(amount, count if counted else None)
        if not overall:
            return by_brand, False
        differs = any(kind in overall and overall[kind].amount != by_brand[kind].amount for kind in by_brand)
        return by_brand | overall, differs

    def _net(self, kinds):
        """:return: (net amount or None, whether what is printed contradicts itself)"""
        printed = self._nets.get("") or [sum(amounts[-1] for amounts in self._nets.values())] * bool(self._nets)
        if not kinds:
            if self._brand_nets and sum(self._brand_nets.values()) in printed:
                self.is_confirmed = True
                return sum(self._brand_nets.values()), False
            if not printed and self._brand_nets:
                return sum(self._brand_nets.values()), False
            if len(set(printed)) > 1:
                return None, True
            return (printed[0], False) if printed else (None, False)
        with_reversals = sum(_SIGNS[kind] * total.amount for kind, total in kinds.items())
        without = with_reversals + (kinds["reversal"].amount if "reversal" in kinds else 0)
        if not printed:
            return with_reversals, False
        for amount in (with_reversals, without):
            if amount in printed:
                self.is_confirmed = True
                return amount, False
        return None, True


_SIGNS = {"purchase": 1, "refund": -1, "reversal": -1}


def read_totals(text, code):
    """The totals of a reconciliation.

    :param str text: as it was printed
    :param str code: ISO 4217, what the terminal charges in
    :return: Totals, whatever the text is
    :raise UnknownCurrencyError: for a code that isn't known
    """
    exponent(code)
    if not isinstance(text, str) or len(text) > _LARGEST_TEXT:
        return Totals()
    lines = [line.strip() for line in text.splitlines()[:_MOST_LINES]]
    if any(map(_NUMBER.search, lines)):
        totals = _read(lines, code, names=True)
        if totals.named and not totals.doubt and sum(one.amount for one in totals.named) == totals.net:
            return totals
    return _read(lines, code, names=False)


def _read(lines, code, names):
    unsure = (
        [index for index, line in enumerate(lines) if len(line) <= _LONGEST_LINE and _AMBIGUOUS.search(line)]
        if exponent(code)
        else []
    )
    ways = (
        itertools.chain.from_iterable(itertools.combinations(unsure, size) for size in range(len(unsure) + 1))
        if len(unsure) <= _MOST_AMBIGUOUS
        else ((), unsure)
    )
    readings = []
    for counted in ways:
        reader = _Reader(code, set(counted), names)
        readings.append((reader.read(lines), reader.is_confirmed))
    sure = [reading for reading, _confirmed in readings if not reading.doubt]
    sure = [reading for reading, confirmed in readings if confirmed and not reading.doubt] or sure
    if not sure:
        return readings[0][0]
    if len({(reading.net, reading.purchases and reading.purchases.amount) for reading in sure}) > 1:
        # it can be read in several ways, and nothing says in which
        return replace(sure[0], net=None, doubt="contradiction")
    return sure[0]


def compare(totals, purchases, refunds, reversals, counts=None):
    """What a terminal printed, beside what was recorded of the same session.

    :param Totals totals: as they were read
    :param int purchases: minor units, all of them, also those that were reversed
    :param int refunds: minor units, positive
    :param int reversals: minor units that reversals took back; negative where they took back more refunds
    :param dict counts: {kind: how many were recorded}
    :return: Comparison
    """
    if totals.doubt:
        return Comparison(None)
    kinds = _more(totals, purchases, refunds, reversals, counts or {})
    difference = totals.net - (purchases - refunds - reversals)
    # The sums may agree because two errors are equal: a purchase and a refund that only one side has.
    hidden = [_SIGNS[more.kind] * more.amount for more in kinds if more.kind != "reversal"]
    if difference or hidden:
        return Comparison(False, difference or hidden[0], kinds)
    return Comparison(True, 0)


def _more(totals, purchases, refunds, reversals, counts):
    """:return: tuple of More, the kinds that differ; what isn't printed while others are, the terminal hasn't"""
    if not (totals.purchases or totals.refunds or totals.reversals):
        return ()
    none = Sum(0, 0)
    found = []
    for kind, printed, expected in (
        # some count without what was reversed
        ("purchase", totals.purchases or none, (purchases, purchases - reversals)),
        ("refund", totals.refunds or none, (refunds, refunds + reversals)),
        ("reversal", totals.reversals, (abs(reversals),)),
    ):
        if printed and printed.amount not in expected:
            known = printed.count is not None and kind in counts
            found.append(More(kind, printed.amount - expected[0], printed.count - counts[kind] if known else None))
    return tuple(found)
