import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_cloud.answers import read_last_transaction, read_transaction
from connect_cloud.redaction import hide_token, mask_answer, mask_card_numbers, mask_pan
from connect_cloud.transport import Answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4761739001010010", "************0010"),
        ("PAN4761739001010010-1", "PAN************0010-1"),
        ("Nr.: 4761 7390 0101 0010\r\n", "Nr.: **** **** **** 0010\r\n"),
        ("4761-7390-0101-0010", "****-****-****-0010"),
        ("378282246310005", "***********0005"),  # 15 digits
        ("3782 822463 10005", "**** ****** *0005"),
        ("4222222222222", "*********2222"),  # 13 digits
        ("6304000000000000000", "***************0000"),  # 19 digits
        (r"\r\n4761739001010010\r\n", r"\r\n************0010\r\n"),
        ("A4761739001010010", "A************0010"),
        ("0004761739001010010", "***************0010"),
        ("%B4761739001010010^DOE/JANE^24122011", "%B************0010^DOE/JANE^24122011"),
        (";4761739001010010=24122011000012345?", ";************0010=24122011000012345?"),
        ("4761739001010010D24122011F", "************0010D24122011F"),
        ("1234 4761 7390 0101 0010 99", "1234 **** **** **** 0010 99"),
        ("12/4761.7390.0101.0010", "12/****.****.****.0010"),
        ("4 7 6 1 7 3 9 0 0 1 0 1 0 0 1 0", "* * * * * * * * * * * * 0 0 1 0"),
        (r"4761\t7390\t0101\t0010", r"****\t****\t****\t0010"),
        (r"4761\u00a07390\u00a00101\u00a00010", r"****\u00a0****\u00a0****\u00a00010"),
    ],
)
def test_a_card_number_keeps_its_last_four_digits_and_its_length(text, expected):
    assert mask_card_numbers(text) == expected
    assert len(expected) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "4761739001010011",  # fails the Luhn check
        "476173900101",  # 12 digits: a StanAuth
        "20240131235952",  # a time stamp that passes the Luhn check
        "A0000000043060 D5780000021010 D27600002545500100",  # AIDs
        "D5780000021016",  # one that passes the Luhn check
        "0005780000021016",
        "4761 7390-0101 0010",  # one kind of separator
        "476173 900101 0010",  # Ref.: STAN, authorisation, TCC
        "2024.01.31.23.59.52",
        "4761 7390\r\n0101 0010",  # two lines
        "1700000000000",
        "00000000100",
        "************1234-0",
        "Bax: 10000001-1234 2024-01-31 23:59",
        "47617390010100100000001",  # more than 19 digits
    ],
)
def test_other_numbers_stay(text):
    assert mask_card_numbers(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4761739001010011", "************0011"),  # here without a Luhn check
        ("476173******0010-1", "******" + "******0010-1"),
        ("4761-7390-0101-0010", "****-****-****-0010"),
        ("************0010-12", "************0010-12"),
        ("0010", "0010"),
        ("", ""),
    ],
)
def test_a_truncated_pan_shows_at_most_four_digits(text, expected):
    assert mask_pan(text) == expected


def test_an_answer_is_masked_at_any_depth_and_keeps_its_types():
    answer = {"a": [{"b": "4761739001010010", "n": 4761739001010010, "t": True, "x": None, "i": 1, "f": 0.5}]}
    masked = {"a": [{"b": "************0010", "n": "************0010", "t": True, "x": None, "i": 1, "f": 0.5}]}
    assert mask_answer(answer) == masked
    assert mask_answer({"PAN4761739001010010": {"4761739001010010": 1}}) == {
        "PAN************0010": {"************0010": 1}
    }


@pytest.mark.parametrize(
    "body",
    [
        '{"result": [{"customerReceipt": "Kort 4761.7390.0101.0010"}]}',
        '{"result": [{"localModeEventArgs": {"Result": 0, "TCC": "4761\\t7390\\t0101\\t0010"}}]}',
        '{"result": [{"localModeEventArgs": {"Result": 4761739001010010}}]}',
        '{"result": [{"localModeEventArgs": {"Result": 4761739001010010.0}}]}',
        '{"result": [{"localModeEventArgs": {"Result": 4.761739001010010e15}}]}',
        '{"result": [{"localModeEventArgs": {"Result": 0, "4761739001010010": ""}}]}',
        '{"result": [{"localModeEventArgs": {"OptionalData": "{\\"od\\": 4761739001010010}"}}]}',
        '{"result": {"orderId": "4761739001010010", "latestTransactionResult": {"Result": 0}}}',
        '{"failure": "card 4761739001010010 refused"}',
        '{"failure": {"error": {"4761739001010010": [4761739001010010]}}}',
        '{"pan": "4761739001010010", "pan": ""}',  # of two the last one is read
        '{"result": [{"customerReceipt": "4761\\t7390\\t0101\\t0010',  # cut
        "card 4761739001010010",
        "4761739001010010",
    ],
)
def test_no_part_of_an_answer_holds_a_card_number(body):
    for status in (201, 400, 500):
        answer = Answer(status, body)
        texts = [repr(vars(read_transaction(answer))), read_transaction(answer).raw]
        if "latestTransactionResult" in body and status == 201:
            last = read_last_transaction(answer)
            texts += [repr(last), repr(vars(last.outcome))]
        for text in texts:
            assert not re.search("4761[^\\w]*7390|7390[^\\w]*0101|[.]761739", text), text


# === GENERATED === #


def with_check_digit(digits):
    return next(digits + check for check in "0123456789" if luhn(digits + check))


def luhn(digits):
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(sum(divmod(number, 10)) for number in doubled) % 10 == 0


def card_numbers():
    starts = {
        13: ["4"],
        14: ["300", "305", "36", "38", "39"],
        15: ["34", "37"],
        16: ["4", "51", "55", "2221", "2720", "6011", "65", "3528", "62", "2204", "9"],
        17: ["62", "67"],
        18: ["62", "50"],
        19: ["4", "62", "6304", "58"],
    }
    return st.sampled_from([(length, start) for length, some in starts.items() for start in some]).flatmap(
        lambda case: st.text(
            "0123456789", min_size=case[0] - 1 - len(case[1]), max_size=case[0] - 1 - len(case[1])
        ).map(lambda rest: with_check_digit(case[1] + rest))
    )


separators = st.sampled_from([*" .-/_,:|·\t\u00a0\u202f\u2009\u2007", "  ", " - ", "\\t", "\\u00a0", "\\u202F"])


@st.composite
def laid_out(draw, number):
    """A card number in one piece or in groups, and the places of its digits."""
    if len(number) == 15 and draw(st.booleans()):
        sizes = (4, 6, 5)
    elif len(number) == 14 and draw(st.booleans()):
        sizes = (4, 6, 4)
    else:
        sizes = [draw(st.sampled_from([1, 2, 3, 4, 19]))] * 19
    parts, rest = [], number
    for size in sizes:
        parts.append(rest[:size])
        rest = rest[size:]
    return draw(separators).join(filter(None, parts))


around = st.sampled_from(
    [
        "",
        "PAN",
        "x",
        "F",
        "Ref.: 000123 A1B2CX ",
        "kr 1 234,50\r\n",
        ";",
        "%B",
        "a: ",
        '{"n": "',
        "************1234 ",
        "№ ",
    ]
)
behind = st.sampled_from(
    ["", "x", "F", "=24122011000012345?", "^DOE/JANE^2412", "D2412", "-\r\n", '"}', " kr", "\r\n000123"]
)


@settings(max_examples=400, deadline=None)
@given(st.data(), card_numbers(), around, behind)
def test_a_card_number_is_masked_wherever_it_is(data, number, before, after):
    shown = data.draw(laid_out(number))
    masked = mask_card_numbers(before + shown + after)
    assert masked.startswith(before) and masked.endswith(after)
    inside = masked[len(before) : len(masked) - len(after)]
    # what is left of its digits are the last four; a separator may have digits of its own
    left = re.sub(r"\\u[0-9a-fA-F]{4}", "", inside)
    assert re.sub("[^0-9]", "", left) == number[-4:]
    assert left.count("*") == len(number) - 4
    assert len(masked) == len(before + shown + after)


@settings(max_examples=100, deadline=None)
@given(card_numbers())
def test_a_card_number_is_masked_as_a_number_and_as_a_key(number):
    body = f'{{"result": [{{"n": {number}, "k{number}": 1, "{number}": {number}.0, "l": [{number}]}}]}}'
    assert number[:-4] not in read_transaction(Answer(201, body)).raw


def digits(size):
    return st.text("0123456789", min_size=size, max_size=size)


moments = st.integers(0, 100 * 365 * 86400).map(
    lambda seconds: datetime(2000, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
)
aids = st.sampled_from(
    [
        "A00000002501",
        "A000000025010104",
        "A0000000031010",
        "A0000000041010",
        "A0000000043060",
        "A0000000651010",
        "A0000001211010",
        "A0000001214711",
        "A0000001523010",
        "A000000333010101",
        "D27600002545500100",
        "D5780000021010",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.data(), moments, digits(6), digits(6), digits(8), digits(4), digits(9), aids)
def test_what_nets_sends_stays(data, moment, stan, code, terminal, tail, organisation, aid):
    # our order ids are random; one with so many digits in a row isn't met in a lifetime
    order_id = f"A{data.draw(digits(9))}BC{data.draw(digits(8))}"
    amount = data.draw(st.integers(0, 10**9))
    receipt = "\r\n".join(
        [
            "Shop AS",
            f"Org.nr {organisation[:3]} {organisation[3:6]} {organisation[6:]}",
            f"Bax: {terminal}-{tail}",
            f"{moment:%Y-%m-%d %H:%M}",
            f"{moment:%d.%m.%Y %H:%M:%S}",
            f"{moment:%d/%m/%y}      {moment:%H:%M}",
            f"*******{tail}-0",
            f"************{tail}",
            f"AID: {aid}",
            "TVR: 0000008000",
            f"Ref.: {stan} {code} KC1",
            f"NOK {amount / 100:>18,.2f}",
        ]
    )
    assert mask_card_numbers(receipt) == receipt
    answer = {
        "TotalAmount": f"{amount:011}",
        "StanAuth": stan + code,
        "TimeStamp": data.draw(st.sampled_from([f"{moment:%Y%m%d%H%M%S}", int(f"{moment:%Y%m%d%H%M%S}")])),
        "iso": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "TruncatedPAN": f"************{tail}-0",
        "AID": aid,
        "TerminalID": terminal,
        "SiteID": int(terminal),
        "OrganisationNumber": organisation,
        "SessionNumber": 21,
        "ResultData": f"0;{amount:011};{stan}{code};{moment:%Y%m%d%H%M%S}",
        "orderId": order_id,
    }
    assert mask_answer(answer) == answer
    assert mask_card_numbers(json.dumps(answer)) == json.dumps(answer)


def test_a_token_is_hidden():
    opaque = "0123456789abcdef0123"
    assert hide_token(f'{{"error": "bad token {opaque}"}}', opaque) == ('{"error": "bad token [hidden]"}')
    someone_elses = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"
    assert hide_token(f"Bearer {someone_elses}.", opaque) == "Bearer [hidden]."


def test_a_token_that_could_be_a_word_does_not_spoil_an_answer():
    text = json.dumps({"Result": 0})
    assert hide_token(text, "0") == text
    assert hide_token(text, "Result") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eyJh.b", "[hidden]"),
        ("(eyJh.b.c).", "([hidden])."),
        ("a-eyJh.b", "a-[hidden]"),
        ("a.eyJ.eyJh.b", "a.eyJ.[hidden]"),
        ("eyJh eyJh. eyJ.b eyJh..b monkeyJim.doe", "eyJh eyJh. eyJ.b eyJh..b monkeyJim.doe"),
    ],
)
def test_what_looks_like_a_jwt_is_hidden(text, expected):
    assert hide_token(text, "x" * 20) == expected
