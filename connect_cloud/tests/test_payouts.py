"""Settlement files whose columns nobody has published."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_cloud import payouts
from connect_cloud.payouts import (
    Candidate,
    Entry,
    PayoutFileError,
    match,
    propose,
    propose_spans,
    read_date,
    read_number,
    read_payouts,
    read_table,
)

BY_RECORD = """100;Entry type;Terminal id;Session;Amount;Currency;Settlement number
110;Terminal id;Session;STAN;Authorisation code;Transaction date;Amount;Currency;Settlement number
300;Payout date;Amount;Currency;Settlement number
100;1;10000001;021;450,00;NOK;7
110;10000001;021;000101;A00101;05.11.2026;500,00;NOK;7
110;10000001;021;000102;A00102;05.11.2026;-50,00;NOK;7
100;2;;;4,50;NOK;7
100;Subscription;;;99,00;NOK;7
300;08.11.2026;346,50;NOK;7
410;Thank you for choosing us;;;
"""
FLAT = """Dato,Terminalnummer,Sesjon,Sporingsnummer,Beløp,Gebyr
2026-11-05,10000001,21,101,"1.234,50","12,35"
2026-11-06,10000001,22,102,-34.50,0
"""


def read(text, **values):
    table = read_table(text)
    return read_payouts(table, propose(table.columns) | values, "NOK")


def test_records_are_read_by_their_ids_and_names():
    [payout] = read(BY_RECORD)
    assert (payout.currency, payout.reference, payout.day, payout.net) == ("NOK", "7", date(2026, 11, 8), 34650)
    assert [(e.kind, e.amount, e.terminal, e.session, e.stan) for e in payout.entries] == [
        ("charge", 50000, "10000001", "21", "101"),
        ("charge", -5000, "10000001", "21", "102"),
        ("subscription", -9900, "", "", ""),
        ("fee", -450, "", "", ""),
    ]
    assert payout.difference == 0


@pytest.mark.parametrize("form", ["csv", "sdv", "latin", "bom"])
def test_both_forms_are_read(form):
    if form == "csv":
        text = "\n".join(
            ",".join(f'"{cell}"' if "," in cell else cell for cell in line.split(";"))
            for line in BY_RECORD.splitlines()
        )
        assert read(text) == read(BY_RECORD)
        return
    data = {"sdv": "utf-8", "latin": "cp1252", "bom": "utf-8-sig"}
    assert read(BY_RECORD.encode(data[form])) == read(BY_RECORD)
    assert read(FLAT.encode(data[form])) == read(FLAT)


def test_a_list_of_charges_is_a_payout_too():
    [payout] = read(FLAT)
    assert [(e.kind, e.amount, e.day) for e in payout.entries] == [
        ("charge", 123450, date(2026, 11, 5)),
        ("charge", -3450, date(2026, 11, 6)),
        ("fee", -1235, date(2026, 11, 5)),
    ]
    assert payout.net is None


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        ("Record id;Entry type;Amount", ["record", "entry_type", "amount"]),
        ("Terminalnummer;Sesjon;Godkjenningskode;Bruttobeløp", ["terminal", "session", "authorisation", "amount"]),
        ("Terminalnr;Köpdatum;Belopp;Avgift", ["terminal", "date", "amount", "fee"]),
        ("Transaktionsdato;Beløb;Gebyr;Valuta", ["date", "amount", "fee", "currency"]),
        ("Päätetunnus;Tapahtumapäivä;Summa;Palkkio", ["terminal", "date", "amount", "fee"]),
        ("Your Terminal ID;Gross amount (NOK)", ["terminal", "amount"]),
    ],
)
def test_columns_are_proposed_from_their_headings(headings, fields):
    table = read_table(headings + "\n" + ";".join(["1"] * len(fields)))
    mapping = propose(table.columns)
    assert [mapping[column.key] for column in table.columns] == fields


def test_a_file_without_headings_is_mapped_by_hand():
    table = read_table("10000001;000101;100,00\n10000001;000102;50,00")
    assert not table.has_headings
    keys = [column.key for column in table.columns]
    [payout] = read_payouts(table, {keys[0]: "terminal", keys[1]: "stan", keys[2]: "amount"}, "EUR")
    assert [(e.stan, e.amount) for e in payout.entries] == [("101", 10000), ("102", 5000)]


def test_two_currencies_and_two_settlements_are_payouts_of_their_own():
    found = read("Terminal;Amount;Currency;Reference\n1;10,00;NOK;A\n1;20,00;EUR;A\n1;30,00;NOK;B\n")
    assert [(p.currency, p.reference, p.entries[0].amount) for p in found] == [
        ("NOK", "A", 1000),
        ("EUR", "A", 2000),
        ("NOK", "B", 3000),
    ]


def test_money_in_two_parts_is_one_payout():
    [payout] = read(BY_RECORD.replace("300;08.11.2026;346,50", "300;08.11.2026;300,00;NOK;7\n300;09.11.2026;46,50"))
    assert (payout.net, payout.parts) == (34650, (30000, 4650))


def test_turnover_that_isnt_detailed_is_named():
    [payout] = read(BY_RECORD.replace("100;1;10000001;021;450,00", "100;1;10000001;021;470,00"))
    assert [e.amount for e in payout.entries if e.kind == "other"] == [2000]
    assert payout.difference == 2000


def test_a_chargeback_and_its_fee():
    [payout] = read(
        "Type;Terminal;STAN;Amount\nPurchase;10000001;1;100,00\nChargeback;10000001;9;40,00\nChargeback fee;;;15,00\n"
    )
    assert [(e.kind, e.amount) for e in payout.entries] == [
        ("charge", 10000),
        ("chargeback", -4000),
        ("chargeback_fee", -1500),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\x00\x01;2\n", "not_a_table"),
        (b"no table at all", "not_a_table"),
        (b";".join([b"1"] * 200), "too_many_columns"),
        (b"1;2\n" * 60_000, "too_many_rows"),
        (b"1;2\n" * 2_000_000, "too_large"),
        (b"Terminal;Session\n1;2", "no_amount"),
        ("Terminal;Amount\n1;ten", "not_readable"),
        ("Amount;Currency\n1;GOLD", "not_readable"),
        ("Date;Amount\nyesterday;1", "not_readable"),
    ],
)
def test_what_is_no_payout_says_why(data, reason):
    with pytest.raises(PayoutFileError) as caught:
        read(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1.234,50", 123450),
        ("1,234.50", 123450),
        ("1 234,50", 123450),
        ("1234", 123400),
        ("-1,5", -150),
        ("1,50-", -150),
        ("(1,50)", -150),
        ("NOK 1,50", 150),
        ("1.234", 123400),
        ("1,2345", None),
        ("", None),
        ("1e5", None),
        ("9" * 40, None),
    ],
)
def test_numbers(text, minor):
    assert read_number(text, "NOK") == minor


def test_amounts_in_minor_units():
    assert read_number("0000012345", "NOK", True) == 12345
    assert read_number("123,45", "NOK", True) == 12345


@pytest.mark.parametrize(
    "text", ["2026-11-05", "05.11.2026", "5/11/2026", "20261105", "05112026", "051126", "2026-11-05T10:00:00"]
)
def test_days(text):
    assert read_date(text) == date(2026, 11, 5)


def charge(key, amount=1000, **values):
    first = {"terminal": "10000001", "session": "021", "stan": f"{key:06}", "authorisation": f"A{key:05}"}
    return Candidate(key, **{**first, "amount": amount, "day": date(2026, 11, 5), **values})


def entry(amount=1000, kind="charge", **values):
    return Entry(kind, amount, **{"terminal": "10000001", **values})


def test_the_certain_is_matched_first_and_the_rest_is_proposed():
    candidates = [charge(1), charge(2), charge(3, 500), charge(4, 700)]
    found = match(
        [
            entry(500, day=date(2026, 11, 5)),
            entry(stan="2", session="21"),
            entry(authorisation="A00001"),
            entry(999, stan="3"),
        ],
        candidates,
    )
    assert {index: (one.keys, one.is_exact) for index, one in found.items()} == {
        0: ((3,), False),
        1: ((2,), True),
        2: ((1,), True),
    }


def test_what_looks_alike_is_not_guessed():
    assert match([entry(day=date(2026, 11, 5))], [charge(1), charge(2)]) == {}
    both = match([entry(day=date(2026, 11, 5))] * 2, [charge(1), charge(2)])
    assert [one.is_exact for one in both.values()] == [False, False]


def test_a_session_is_matched_as_a_whole():
    candidates = [charge(1), charge(2), charge(3, -300), charge(4, session="022")]
    found = match([entry(1700, "batch", session="21"), entry(1500, "batch", session="22")], candidates)
    assert {index: one.keys for index, one in found.items()} == {0: (1, 2, 3)}


def test_a_chargeback_is_of_what_was_paid_out_before():
    found = match([entry(-1000, "chargeback", stan="1", session="21"), entry(stan="1", session="21")], [], [charge(1)])
    assert {index: one.keys for index, one in found.items()} == {0: (1,)}


def test_days_are_proposed_where_only_amount_and_day_are_known():
    candidates = [charge(number, 10000, day=date(2026, 11, day)) for number, day in enumerate((2, 3, 3, 4, 9), 1)]
    spans = propose_spans(29700, date(2026, 11, 6), candidates)
    assert [(span.first.day, span.last.day, span.fee) for span in spans] == [(2, 3, 300), (3, 4, 300)]
    assert propose_spans(10000, date(2026, 11, 6), candidates)[0].keys == (1,)
    assert propose_spans(5000, date(2026, 11, 6), candidates) == ()


texts = st.text(st.sampled_from('0123456789;,.|-\n" abcØ\u00e6\ufeff'), max_size=300)


@given(texts | st.text(max_size=200) | st.binary(max_size=200))
def test_no_file_breaks_it(data):
    try:
        table = read_table(data)
        mapping = propose(table.columns) | {column.key: "amount" for column in table.columns[:1]}
        found = read_payouts(table, mapping, "NOK")
    except PayoutFileError:
        return
    for payout in found:
        assert all(isinstance(one.amount, int) for one in payout.entries)


@given(st.integers(-(10**11), 10**11), st.sampled_from([("", ","), (" ", ","), (".", ","), (",", ".")]))
def test_numbers_come_back(minor, form):
    whole, cents = divmod(abs(minor), 100)
    text = ("-" if minor < 0 else "") + f"{whole:,}".replace(",", form[0]) + f"{form[1]}{cents:02}"
    assert read_number(text, "NOK") == minor


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)), max_size=12),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)), max_size=12),
)
def test_nothing_is_paid_out_twice(mine, theirs):
    entries = [entry(amount, stan=str(stan), session=str(session)) for amount, stan, session in mine]
    candidates = [
        charge(key, amount, stan=str(stan), session=str(session)) for key, (amount, stan, session) in enumerate(theirs)
    ]
    found = match(entries, candidates)
    taken = [key for one in found.values() for key in one.keys]
    assert len(taken) == len(set(taken))
    assert all(entries[index].amount == candidates[one.keys[0]].amount for index, one in found.items())


def test_the_limits_are_those_of_a_payout():
    assert payouts.LARGEST_FILE <= 10_000_000
    assert propose_spans(1, date(2026, 1, 1), [], Decimal("0.1")) == ()
