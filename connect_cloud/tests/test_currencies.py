import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_cloud.currencies import (
    EXPONENTS,
    AmountError,
    UnknownCurrencyError,
    exponent,
    from_minor_units,
    read_amount,
    read_amounts,
    to_minor_units,
)

codes = st.sampled_from(sorted(EXPONENTS))
minor_units = st.integers(-(10**13), 10**13)


@pytest.mark.parametrize(
    ("code", "places"),
    [("NOK", 2), ("EUR", 2), ("DKK", 2), ("SEK", 2), ("ISK", 0), ("JPY", 0), ("HUF", 2), ("KWD", 3), ("CLF", 4)],
)
def test_the_exponent_is_isos(code, places):
    assert exponent(code) == places


def test_each_code_is_there_once():
    assert len(EXPONENTS) == 17 + 141 + 7 + 2
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "nok", "NO", "", None, "HRK", 578])
def test_what_is_no_currency_is_refused(code):
    for convert in (exponent, lambda code: to_minor_units(1, code), lambda code: from_minor_units(1, code)):
        with pytest.raises(UnknownCurrencyError):
            convert(code)


@pytest.mark.parametrize(
    ("amount", "code", "minor"),
    [
        (Decimal("12.50"), "NOK", 1250),
        (Decimal("-12.5"), "NOK", -1250),
        ("0.01", "EUR", 1),
        (12, "EUR", 1200),
        (12, "JPY", 12),
        ("1.234", "KWD", 1234),
        (0.1 + 0.2, "EUR", 30),
        (35 * 0.01, "EUR", 35),  # as rounding by a factor gives it
        (1008.37, "NOK", 100837),
        (9_999_999_999.99, "NOK", 999_999_999_999),
        (0, "NOK", 0),
    ],
)
def test_to_minor_units(amount, code, minor):
    assert to_minor_units(amount, code) == minor


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("12.505", "NOK"),
        (12.505, "NOK"),
        (0.004, "NOK"),
        (Decimal("12.500000001"), "NOK"),
        ("0.5", "JPY"),
        (0.5, "JPY"),
        ("1.2345", "KWD"),
        (float("nan"), "NOK"),
        (float("inf"), "NOK"),
        ("1e999999999", "NOK"),
        (10**14, "NOK"),
        (True, "NOK"),
        (None, "NOK"),
        ("", "NOK"),
        ("12,50", "NOK"),
    ],
)
def test_an_amount_that_does_not_fit_is_refused(amount, code):
    with pytest.raises(AmountError):
        to_minor_units(amount, code)


@pytest.mark.parametrize("minor", [1.0, "1", True, None, Decimal(1), 10**16])
def test_minor_units_are_integers(minor):
    with pytest.raises(AmountError):
        from_minor_units(minor, "NOK")


@given(minor_units, codes)
def test_there_and_back_again(minor, code):
    amount = from_minor_units(minor, code)
    assert -amount.as_tuple().exponent == EXPONENTS[code]
    assert to_minor_units(amount, code) == to_minor_units(str(amount), code) == minor
    if abs(minor) < 10**12:
        assert to_minor_units(float(amount), code) == minor


# === ON A RECEIPT === #

RECEIPT = """Clinic AS
Storgata 1
0155 OSLO

Bax: 10000001-1234
31.01.2024 23:59

Visa
Contactless
*******1234-0
AID: A0000000031010
TVR: 0000008000
Ref.: 000123 123456 KC1
Resp.: 00
Session: 021

PURCHASE
{}
APPROVED
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("NOK               125,50", ("NOK", 12550)),
        ("NOK 125.50", ("NOK", 12550)),
        ("NOK125,50", ("NOK", 12550)),
        ("125,50 NOK", ("NOK", 12550)),
        ("  NOK     1 234 567,50  ", ("NOK", 123456750)),
        ("NOK 1.234.567,50", ("NOK", 123456750)),
        ("NOK 1,234.50", ("NOK", 123450)),
        ("NOK 1\u00a0234,50", ("NOK", 123450)),
        ("CHF 1'234.50", ("CHF", 123450)),
        ("NOK 1234,50", ("NOK", 123450)),
        ("NOK 00000125,50", ("NOK", 12550)),
        ("BELØP NOK 125,50", ("NOK", 12550)),
        ("Total: NOK   125,50", ("NOK", 12550)),
        ("NOK          -125,50", ("NOK", 12550)),
        ("NOK 125,50-", ("NOK", 12550)),
        ("ISK 1.234", ("ISK", 1234)),
        ("ISK 1234,00", ("ISK", 1234)),
        ("JPY 500", ("JPY", 500)),
        ("KWD 1,234", None),  # a thousand, or 1.234?
        ("KWD 1.234,567", ("KWD", 1234567)),
    ],
)
def test_the_amount_on_a_receipt(line, expected):
    assert read_amount(RECEIPT.format(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "125,50",
        "kr 125,50",
        "NOK",
        "NOK 125",
        "NOK 125,5",
        "NOK 125,505",
        "NOK 1.234",
        "NOK 12 34,50",
        "NOK 1 234.567,50",
        "NOK 1,234,50",
        "ISK 12,34",
        "XXX 125,50",
        "nok 125,50",
        "NOK 0,00",
        "NOK 125,50 EUR",
        "NOK 125,50 + tip",
        "2 NOK 125,50",
        "NOK 100,00\r\nNOK 120,00",
        "NOK 100,00\r\nEUR 8,70",
        "NOK " + "1" * 100 + ",00",
    ],
)
def test_what_could_mean_something_else_is_not_read(line):
    assert read_amount(RECEIPT.format(line)) is None


def test_the_same_amount_twice_is_one_and_all_that_are_there_are_given():
    assert read_amount("NOK 100,00\nTOTAL NOK 100,00") == ("NOK", 10000)
    assert read_amounts("NOK 100,00\r\nEUR 8,70\r\nTip 1,00") == {("NOK", 10000), ("EUR", 870)}
    assert read_amounts("") == set()


@given(st.integers(1, 10**10), codes, st.sampled_from(["", " ", ".", "'", "\u00a0"]), st.booleans())
def test_any_amount_in_any_style_is_read_or_left(minor, code, group, behind):
    amount = from_minor_units(minor, code)
    number = f"{amount:,}".replace(".", "p").replace(",", group).replace("p", ",")
    line = f"{number} {code}" if behind else f"{code} {number}"
    if EXPONENTS[code] == 3 and read_amount(line) is None:
        assert len(re.findall("[0-9]+", number)) == 2, "a thousand, or three decimals"
    else:
        assert read_amount(line) == (code, minor)


@given(st.text())
def test_any_text_can_be_read(text):
    assert read_amount(text) is None or read_amount(text)[0] in EXPONENTS
