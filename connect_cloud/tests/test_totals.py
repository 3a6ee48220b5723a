"""A reconciliation's printed text, as terminals may print it, and as nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_cloud.totals import More, Sum, Totals, compare, read_totals

SIMULATOR = """THE CORNER SHOP

Bax: 10000001-100001
05/11/2026 22:00

RECONCILIATION
Session: 021

3 purchase        450,00
1 return of goods  50,00
1 reversal        100,00
------------------------
Net NOK           300,00

PLAY MONEY - SIMULATOR
"""
NORWEGIAN = """AVSTEMMING
Sesjon: 021
BankAxept
  Kjøp   2  1.200,00
  Retur  1    200,00
Visa
  Kjøp   1    300,50
------------------------
TOTALT NOK 1.300,50
"""
SWEDISH = """AVSTÄMNING
KÖP
Antal: 12
Belopp: 1 234,00
ÅTERKÖP
Antal: 1
Belopp: 34,00-
SUMMA SEK 1 200,00
"""
DANISH = """KASSEAFSTEMNING
KØB
DANKORT   3   450,00
VISA      1   100,00
RETUR
VISA      1    50,00
I ALT DKK    500,00
"""
FINNISH = """TILITYS
Ostot 5 kpl 1 000,00
Palautukset 1 kpl 100,00
Yhteensä EUR 900,00
"""


@pytest.mark.parametrize(
    ("text", "code", "net", "purchases", "refunds"),
    [
        (SIMULATOR, "NOK", 30000, Sum(45000, 3), Sum(5000, 1)),
        (NORWEGIAN, "NOK", 130050, Sum(150050, 3), Sum(20000, 1)),
        (SWEDISH, "SEK", 120000, Sum(123400, 12), Sum(3400, 1)),
        (DANISH, "DKK", 50000, Sum(55000, 4), Sum(5000, 1)),
        (FINNISH, "EUR", 90000, Sum(100000, 5), Sum(10000, 1)),
        ("KJOP 3 450,00\nNETTO 450,00", "NOK", 45000, Sum(45000, 3), None),
        ("Visa 3 450,00\nMastercard 1 100,00\nTotal 550,00", "NOK", 55000, None, None),
        ("PURCHASE 2 1500\nTOTAL ISK 1500", "ISK", 1500, Sum(1500, 2), None),
        ("Total NOK 0,00", "NOK", 0, None, None),
        ("PURCHASES 2 450.00\nTips 10.00\nTotal 450.00", "EUR", 45000, Sum(45000, 2), None),
        # no amount begins with zeros: "1 000" is a thousand
        ("Purchase 1 000,00\nReversal 1 000,00\nTotal 0,00", "NOK", 0, Sum(100000), None),
        # purchases without those that were reversed
        ("Purchase 2 350,00\nReversal 1 100,00\nTotal 350,00", "NOK", 35000, Sum(35000, 2), None),
    ],
)
def test_it_is_read_in_the_languages_of_receipts(text, code, net, purchases, refunds):
    totals = read_totals(text, code)
    assert not totals.doubt
    assert totals.net == net
    assert totals.purchases == purchases
    assert totals.refunds == refunds


def test_brands_are_read_where_they_are_printed():
    assert read_totals(NORWEGIAN, "NOK").brands == {"BankAxept": 100000, "Visa": 30050}
    assert read_totals(DANISH, "DKK").brands == {"Dankort": 45000, "Visa": 5000}
    assert read_totals(NORWEGIAN, "NOK").session_number == "021"


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("", "nothing"),
        (None, "nothing"),
        ("RECONCILIATION\nOK", "nothing"),
        ("Xyzzy 450,00", "nothing"),
        ("x" * 100_000, "nothing"),
        ("Purchase 3 450,00\nTotal 500,00", "contradiction"),
        ("Total 500,00\nTotal 400,00", "contradiction"),
        ("Purchase 3 100,00\nRefund 3 100,00\nTotal 0,00", "contradiction"),
        ("Visa\nPurchase 1 100,00\n-----\nPurchase 2 300,00\nTotal 300,00", "contradiction"),
    ],
)
def test_what_cant_be_read_says_so(text, doubt):
    totals = read_totals(text, "NOK")
    assert (totals.doubt, totals.net) == (doubt, None)
    assert compare(totals, 45000, 0, 0).agrees is None


def test_lines_that_nobody_understood_are_named():
    assert read_totals("Xyzzy 450,00\nPurchase 1 10,00", "NOK").unread == ("Xyzzy 450,00",)


def test_comparison():
    totals = read_totals(SIMULATOR, "NOK")
    assert compare(totals, 45000, 5000, 10000, {"purchase": 3}).agrees
    found = compare(totals, 40000, 5000, 10000, {"purchase": 2, "refund": 1, "reversal": 1})
    assert (found.agrees, found.difference, found.count_difference) == (False, 5000, 1)
    assert found.kinds == (More("purchase", 5000, 1),)
    # as much more was refunded on the terminal as was charged there: the sum alone would hide both
    found = compare(totals, 35000, -5000, 10000)
    assert (found.agrees, found.difference) == (False, 10000)
    assert found.kinds == (More("purchase", 10000),)
    # what isn't printed beside others, the terminal hasn't
    found = compare(read_totals("Purchase 2 150,00\nTotal 150,00", "NOK"), 15000, 5000, 0, {"purchase": 2, "refund": 1})
    assert (found.difference, found.kinds) == (5000, (More("refund", -5000, -1),))


NAMES = """AVSTEMMING
051126 12:30 000101 KJØP 100,00
051126 12:45 000102 KJØP 1.050,00
051126 13:10 000103 RETUR 30,00
KJØP 2 1.150,00
RETUR 1 30,00
TOTALT NOK 1.120,00
"""


def test_transactions_that_are_printed_are_named():
    totals = read_totals(NAMES, "NOK")
    assert (totals.doubt, totals.net, totals.purchases) == ("", 112000, Sum(115000, 2))
    assert [(one.amount, "000101" in one.numbers) for one in totals.named] == [
        (10000, True),
        (105000, False),
        (-3000, False),
    ]
    # not where they aren't all of it: then they may be something else
    assert not read_totals(NAMES.replace("000103 RETUR 30,00", "RETUR"), "NOK").named
    assert not read_totals(SIMULATOR, "NOK").named


LANGUAGES = [
    ("Purchase", "Refund", "Reversal", "Total"),
    ("Kjøp", "Retur", "Reversering", "Totalt"),
    ("KÖP", "ÅTERBETALNING", "MAKULERING", "SUMMA"),
    ("Køb", "Refundering", "Annullering", "I alt"),
    ("Ostot", "Hyvitykset", "Peruutukset", "Yhteensä"),
]
amounts = st.integers(0, 10**9)


def _written(amount, group, point):
    whole, cents = divmod(abs(amount), 100)
    return ("-" if amount < 0 else "") + f"{whole:,}".replace(",", group) + f"{point}{cents:02}"


@given(
    st.sampled_from(LANGUAGES),
    amounts,
    amounts,
    amounts,
    st.sampled_from([("", ","), (" ", ","), (".", ","), (",", "."), ("'", ".")]),
    st.booleans(),
    st.integers(0, 30),
)
def test_whatever_is_printed_is_read(language, purchases, refunds, reversals, form, with_counts, spaces):
    lines = []
    for word, amount in zip(language, (purchases, refunds, reversals), strict=False):
        if amount:
            count = " 3 " if with_counts else " "
            lines.append(f"{word}{count}{' ' * spaces}{_written(amount, *form)}")
    net = purchases - refunds - reversals
    lines.append(f"{language[3]} NOK {_written(net, *form)}")
    totals = read_totals("\r\n".join(lines), "NOK")
    if ((with_counts and not spaces) or form[0] == " ") and totals.doubt:
        return  # "3 100,00" may be three thousand, and sometimes nothing else says which
    assert (totals.doubt, totals.net) == ("", net)
    assert compare(totals, purchases, refunds, reversals).agrees
    assert compare(totals, purchases + 1, refunds, reversals).agrees is False


@given(st.text(max_size=500), st.sampled_from(["NOK", "ISK", "KWD"]), amounts, amounts)
def test_no_text_breaks_it(text, code, purchases, refunds):
    totals = read_totals(text, code)
    assert isinstance(totals, Totals)
    assert (totals.net is None) == bool(totals.doubt)
    compare(totals, purchases, refunds, 0)


@given(st.lists(st.sampled_from(["Purchase 1 ", "Total ", "VISA", "-----", "1.000,00", "Refund\n", "\n", "3 "])))
def test_no_pieces_break_it(pieces):
    compare(read_totals("".join(pieces), "NOK"), 1, 2, 3)
