"""Currencies as the wire has them: minor units by ISO 4217, never by anybody's rounding.

What a terminal charges in is not in NETS' answers; at most it is printed on the receipt.
"""

import re
from decimal import Decimal, InvalidOperation

# ISO 4217: how many decimal places the minor unit has. Codes without a minor unit (gold, testing, no
# currency) are no currencies here.
_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
        CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ
        GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
        MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
        SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN
        UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = {code: exponent for exponent, codes in _CODES.items() for code in codes.split()}
# How far a float may be from the decimal number it stands for, in minor units.
_FLOAT_NOISE = Decimal("0.001")
_LARGEST = 10**15  # minor units; nothing on the wire has more digits


class UnknownCurrencyError(ValueError):
    """No ISO 4217 code of a currency with a minor unit."""


class AmountError(ValueError):
    """No amount, or one that the currency's minor units can't express."""


def exponent(code):
    """The decimal places of a currency's minor unit.

    :param str code: ISO 4217, in capitals
    :raise UnknownCurrencyError: for any other
    """
    try:
        return EXPONENTS[code]
    except (KeyError, TypeError):
        raise UnknownCurrencyError(f"not a currency of ISO 4217: {code!r}") from None


def to_minor_units(amount, code):
    """An amount as the wire wants it.

    :param amount: Decimal, int or decimal text; or a float, taken for the number it stands for
    :param str code: ISO 4217
    :return: int, with the amount's sign
    :raise UnknownCurrencyError: for a code that isn't known
    :raise AmountError: for what is no number, or has more decimals than the currency
    """
    places = exponent(code)
    if isinstance(amount, bool) or not isinstance(amount, (Decimal, int, float, str)):
        raise AmountError(f"not an amount: {amount!r}")
    try:
        number = Decimal(repr(amount) if isinstance(amount, float) else amount)
    except InvalidOperation:
        raise AmountError(f"not an amount: {amount!r}") from None
    if not number.is_finite() or number.adjusted() + places >= len(str(_LARGEST)):
        raise AmountError(f"not an amount: {amount!r}")
    exact = number.scaleb(places)
    minor = int(exact.to_integral_value())
    if abs(exact - minor) > (_FLOAT_NOISE if isinstance(amount, float) else 0):
        raise AmountError(f"{code} has {places} decimals: {amount!r}")
    return minor


def from_minor_units(minor, code):
    """The other way round.

    :param int minor: minor units
    :param str code: ISO 4217
    :return: Decimal with the currency's decimal places
    :raise UnknownCurrencyError: for a code that isn't known
    :raise AmountError: for what is no integer
    """
    places = exponent(code)
    if isinstance(minor, bool) or not isinstance(minor, int) or abs(minor) > _LARGEST:
        raise AmountError(f"not minor units: {minor!r}")
    return Decimal(minor).scaleb(-places)


# === ON A RECEIPT === #

_LONGEST_LINE = 64  # a receipt has 24 characters
_AMOUNT = r"(?P<whole>[0-9]{1,3}(?:(?P<group>[ .,'’\u00a0\u202f])[0-9]{3}(?:(?P=group)[0-9]{3})*)?|[0-9]{1,12})"
_DECIMALS = r"(?:(?P<point>[.,])(?P<decimals>[0-9]{1,4}))?"
_LABEL = r"(?:[^\W\d_][^\d]{0,24}[\s:])?"
_LINES = (
    re.compile(rf"{_LABEL}(?P<code>[A-Z]{{3}}):?\s*-?\s?{_AMOUNT}{_DECIMALS}-?"),
    re.compile(rf"{_LABEL}-?\s?{_AMOUNT}{_DECIMALS}\s*(?P<code>[A-Z]{{3}})"),
)


def read_amounts(text):
    """The amounts with a currency that are on separate lines, as far as they can only mean one thing.

    :param str text: a receipt
    :return: set of (ISO 4217 code, minor units); without signs, the direction is in the transaction
    """
    found = set()
    for line in text.splitlines():
        line = line.strip()
        if len(line) > _LONGEST_LINE or len(EXPONENTS.keys() & set(re.findall("[A-Z]{3}", line))) != 1:
            continue
        for match in filter(None, (pattern.fullmatch(line) for pattern in _LINES)):
            found.update(filter(None, [_read_match(match)]))
    return found


def read_amount(text):
    """The one amount of a receipt: (ISO 4217 code, minor units). None where there is none, or several
    that differ: which of them was charged would be a guess."""
    found = read_amounts(text)
    return found.pop() if len(found) == 1 else None


def _read_match(match):
    places = EXPONENTS.get(match["code"])
    whole, group, point, decimals = match["whole"], match["group"], match["point"], match["decimals"] or ""
    if places is None or (group and group == point):
        return None
    # Decimals are there as the currency has them: 1.234 may be a thousand, or one and three decimals.
    if len(decimals) != places if places else decimals.strip("0"):
        return None
    digits = re.sub("[^0-9]", "", whole) + (decimals if places else "")
    return (match["code"], int(digits)) if int(digits) else None
