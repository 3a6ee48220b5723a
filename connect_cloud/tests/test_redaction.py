import json

import pytest

from connect_cloud.redaction import hide_token, mask_answer, mask_card_numbers, mask_pan


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
        "A4761739001010010",  # hexadecimal: an AID, a cryptogram
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
    answer = {"a": [{"b": "4761739001010010", "n": 4761739001010010, "t": True, "x": None, "i": 1}]}
    masked = {"a": [{"b": "************0010", "n": "************0010", "t": True, "x": None, "i": 1}]}
    assert mask_answer(answer) == masked


def test_a_token_is_hidden():
    opaque = "0123456789abcdef0123"
    assert hide_token(f'{{"error": "bad token {opaque}"}}', opaque) == ('{"error": "bad token [hidden]"}')
    someone_elses = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"
    assert hide_token(f"Bearer {someone_elses}.", opaque) == "Bearer [hidden]."


def test_a_token_that_could_be_a_word_does_not_spoil_an_answer():
    text = json.dumps({"Result": 0})
    assert hide_token(text, "0") == text
    assert hide_token(text, "Result") == text
