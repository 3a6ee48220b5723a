import base64

import pytest
from conftest import jwt

from connect_cloud import Token
from connect_cloud.tokens import read_token

NOW = 1_700_000_000
IN_24_HOURS = NOW + 24 * 3600


def with_payload(payload):
    return f"a.{base64.urlsafe_b64encode(payload).decode()}.c"


@pytest.mark.parametrize("exp", [NOW + 60, float(NOW + 60), str(NOW + 60), NOW - 60])
def test_a_token_ends_when_it_says(exp):
    assert read_token(jwt(exp=exp), NOW).expires_at == float(exp)


@pytest.mark.parametrize(
    "value",
    [
        jwt(),
        jwt(exp=None),
        jwt(exp="soon"),
        jwt(exp=[1]),
        jwt(exp=float("inf")),
        jwt(exp=float("nan")),
        "opaque",
        "a.b.c",
        "a.ÿ.c",
        with_payload(b"[1]"),
        with_payload(b"[" * 100_000),
        with_payload(b'{"exp": ' + b"9" * 400 + b"}"),
    ],
)
def test_a_token_whose_end_cannot_be_read_lives_24_hours(value):
    assert read_token(value, NOW) == Token(value, IN_24_HOURS)


@pytest.mark.parametrize(("seconds_left", "expected"), [(-1, True), (599, True), (600, False), (3600, False)])
def test_a_token_is_renewed_ten_minutes_before_its_end(seconds_left, expected):
    assert Token("x", NOW + seconds_left).needs_renewal(NOW) is expected


def test_a_token_does_not_show_its_value():
    token = Token("very-secret", NOW)
    assert "very-secret" not in f"{token!r} {token}"
