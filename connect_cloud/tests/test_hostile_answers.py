"""Whatever the service sends costs bounded time and memory, and ends in an Outcome.

Times are of the processor, and generous: what they tell apart is a second from minutes.
"""

import gzip
import json
import time
import tracemalloc

import pytest
from conftest import TERMINAL, http_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_cloud import ConnectCloudError, OutcomeState, Reason, Timeouts
from connect_cloud import transport as transport_module
from connect_cloud.answers import (
    MAX_FIELD,
    read_administration,
    read_last_transaction,
    read_query,
    read_transaction,
)
from connect_cloud.reasons import MAX_TEXT
from connect_cloud.redaction import hide_token, mask_card_numbers, mask_pan
from connect_cloud.transport import MAX_BODY, Answer

APPROVED = {"result": [{"localModeEventArgs": {"Result": 0, "TotalAmount": 100}}]}
SECONDS = 8
MEMORY = 16 * 1024 * 1024


def yes(attempt):
    return True


@pytest.fixture
def bounded():
    """The test takes no more of processor and memory than a call may."""
    tracemalloc.start()
    began = time.process_time()
    yield
    spent, (_now, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < SECONDS
    assert peak < MEMORY


def buy(connect, serve, data):
    """The Outcome of a purchase that is answered with these bytes (or with those of a generator)."""

    def handle(connection, server):
        server.read_request(connection)
        for piece in [data] if isinstance(data, bytes) else data:
            connection.sendall(piece)

    client = connect(serve(handle), timeouts=Timeouts(connect=5, transaction=30))
    return client.purchase(TERMINAL, 100, "A-1", before_send=yes)


def packed(body, encoding, status=201, more=b""):
    head = b"HTTP/1.1 %d X\r\nContent-Encoding: %b\r\n%bContent-Length: %d\r\n\r\n"
    return head % (status, encoding, more, len(body)) + body


# === COMPRESSION, AND ENDLESS ANSWERS === #

BOMB = gzip.compress(b" " * 100_000_000, 9)  # 100 kB that unpack to 100 MB


def test_compression_that_nobody_asked_for_is_read_all_the_same(serve, connect):
    body = gzip.compress(json.dumps(APPROVED).encode())
    for encoding in (b"gzip", b"x-gzip", b" GZIP "):
        assert buy(connect, serve, packed(body, encoding)).state == OutcomeState.APPROVED
    plain = json.dumps(APPROVED).encode()
    assert buy(connect, serve, packed(plain, b"identity")).state == OutcomeState.APPROVED


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (BOMB, b"gzip"),
        (gzip.compress(BOMB), b"gzip, gzip"),
        (gzip.compress(BOMB), b"gzip\r\nContent-Encoding: gzip"),
        (gzip.compress(gzip.compress(BOMB)), b"gzip,gzip,gzip"),
        (BOMB, b"deflate"),
        (b"abc", b"gzip"),
        (b"abc", b"br"),
        (gzip.compress(json.dumps(APPROVED).encode())[:-9], b"gzip"),
    ],
)
@pytest.mark.parametrize("status", [201, 401, 404])
def test_compression_is_bounded_and_what_cannot_be_unpacked_is_unknown(serve, connect, bounded, body, encoding, status):
    outcome = buy(connect, serve, packed(body, encoding, status))
    assert (outcome.state, outcome.reason) == (OutcomeState.UNKNOWN, Reason.UNREADABLE_ANSWER)
    assert outcome.started
    assert len(outcome.raw) <= transport_module.KEPT_OF_TOO_MUCH


def test_the_body_of_a_redirect_is_bounded_too(serve, connect, bounded):
    for status in (301, 302, 303, 307, 308):
        outcome = buy(connect, serve, packed(BOMB, b"gzip", status, more=b"Location: /elsewhere\r\n"))
        assert outcome.state == OutcomeState.UNKNOWN


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 201 X\r\n", b"X: " + b"x" * 60_000 + b"\r\n"),
        (b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;x=1" * 1000),
        (b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 201 X\r\n\r\n", b"x" * 1000),
        (b"HTTP/1.1 ", b"2"),
    ],
)
def test_an_answer_without_an_end_is_given_up(serve, connect, bounded, head, piece):
    def pour():
        yield head
        while True:
            yield piece * (65536 // len(piece) + 1)

    outcome = buy(connect, serve, pour())
    assert outcome.state == OutcomeState.UNKNOWN
    assert outcome.reason in (Reason.UNREADABLE_ANSWER, Reason.CONNECTION_INTERRUPTED)


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: " + b"9" * 60_000 + b"\r\n",
        b"Set-Cookie: a=1; expires=" + b"1" * 60_000 + b"\r\n",
        b"Set-Cookie: " + b"; " * 30_000 + b"\r\n",
        b"Set-Cookie2: " + b'a="\\' * 15_000 + b"\r\n",
        b"Content-Type: " + b"a; " * 20_000 + b"\r\n",
        b"Location: http://" + b"@" * 60_000 + b"\r\n",
        b"Location: //[" + b"\r\n",
        b"Content-Encoding: " + b"gzip," * 12_000 + b"\r\n",
    ],
)
def test_headers_cost_little(serve, connect, bounded, headers):
    for status in (201, 302):
        body = json.dumps(APPROVED).encode()
        outcome = buy(connect, serve, b"HTTP/1.1 %d X\r\n" % status + headers + b"\r\n" + body)
        assert outcome.state in (OutcomeState.UNKNOWN, OutcomeState.APPROVED)


def test_half_a_card_number_at_a_cut_is_not_kept(serve, connect):
    for text in (b"x" * 100 + b" card 4761 7390 01", b"x" * 100 + b" card 476173900101001"):
        outcome = buy(connect, serve, http_answer(201, text, length=5000))
        assert outcome.reason == Reason.CONNECTION_INTERRUPTED
        assert outcome.raw.endswith(" card")
    kept = transport_module.KEPT_OF_TOO_MUCH
    long = b"x" * (kept - 15) + b"4761739001010010" + b"x" * MAX_BODY
    assert buy(connect, serve, http_answer(201, long)).raw == "x" * (kept - 15)


# === PATTERNS === #


def fill(piece, size=MAX_BODY):
    return piece * (size // len(piece))


# Each is what some pattern would begin with again and again.
PIECES = [
    *("eyJ-", "eyJ.", "eyJ-eyJ.", "4", "4 ", "4761 ", "4761 7390 0101 0010 ", "4761\\u00a0", "0", "a4", "*", "-1", "-"),
    *(
        "terminal ",
        "terminal 10000001 ",
        "code ",
        "(",
        "( ",
        "(7100",
        "7100,",
        "error 7100 ",
        "exceed",
        "card ",
        "pin ",
    ),
    *("pin a ", "lost ", "no ", "no transaction ", "busy", " ", "\t", "\n", ".", "unknown ", "abort", "\x00", "\ud800"),
]


@pytest.mark.parametrize("piece", PIECES)
def test_no_pattern_takes_longer_than_in_proportion(piece):
    text = fill(piece)
    began = time.process_time()
    hide_token(text, "x" * 20)
    mask_card_numbers(text)
    mask_pan(text)
    text = fill(piece, MAX_BODY // 8)
    for body in (
        {"failure": {"error": text, "localModeEventArgs": {"Result": 2, "RejectionReason": text}}},
        {
            "result": [
                {"localModeEventArgs": {"Result": text, "StanAuth": text, "TruncatedPAN": text, "TimeStamp": text}}
            ]
        },
        {"failure": text, "result": {"latestTransactionResult": {"Result": 2, "OptionalData": text}, "orderId": text}},
    ):
        read_transaction(Answer(400, json.dumps(body, ensure_ascii=False)))
    assert time.process_time() - began < SECONDS


def test_a_long_text_is_cut_and_proves_nothing():
    for text, started in (("terminal busy", False), ("terminal busy" + " " * MAX_TEXT + ".", True)):
        outcome = read_transaction(Answer(400, json.dumps({"failure": text})))
        assert outcome.started == started
        assert len(outcome.message) <= MAX_TEXT + 1
    late_doubt = "busy" + "." * MAX_TEXT + "after the card was approved"
    assert read_transaction(Answer(400, json.dumps({"failure": late_doubt}))).state == OutcomeState.UNKNOWN


def test_fields_are_short_whatever_comes():
    text = "9A" * 5000
    names = "StanAuth TimeStamp TruncatedPAN CardIssuerName AID ResponseCode SessionNumber TerminalID RejectionReason"
    fields = dict.fromkeys(names.split(), text)
    outcome = read_transaction(Answer(201, json.dumps({"result": [{"localModeEventArgs": {"Result": 0, **fields}}]})))
    for name, value in vars(outcome).items():
        if isinstance(value, str) and name != "raw":
            assert len(value) <= 2 * MAX_FIELD + 1, name
    assert max(len(value) for value in vars(outcome.card).values()) <= MAX_FIELD


# === JSON === #


def test_half_a_surrogate_pair_beside_a_card_number_can_be_stored():
    outcome = read_transaction(Answer(201, r'{"failure": "\ud800 4761739001010010 \u0000"}'))
    assert outcome.raw.encode() and "\x00" not in outcome.raw
    assert "476173" not in outcome.raw


def nest(depth, opening, closing):
    return opening * depth + "1" + closing * depth


@pytest.mark.parametrize("depth", [33, 600, 2000, MAX_BODY // 12])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize(
    "around",
    [
        "%s",
        '{"result": %s}',
        '{"failure": %s}',
        '{"failure": {"error": %s}}',
        '{"result": [{"localModeEventArgs": {"Result": 2, "StanAuth": %s}}]}',
        '{"result": {"latestTransactionResult": %s}}',
    ],
)
def test_json_that_is_nested_deep_is_unreadable(depth, opening, closing, around):
    answer = Answer(201, around % nest(depth, opening, closing))
    outcome = read_transaction(answer)
    assert (outcome.state, outcome.reason) == (OutcomeState.UNKNOWN, Reason.UNREADABLE_ANSWER)
    assert read_administration(answer).state == OutcomeState.UNKNOWN
    for read in (read_query, read_last_transaction):
        with pytest.raises(ConnectCloudError):
            read(answer)


def test_json_inside_of_a_string_that_is_nested_deep_is_not_there():
    fields = {"Result": 0, "OptionalData": nest(2000, "[", "]")}
    outcome = read_transaction(Answer(201, json.dumps({"result": [{"localModeEventArgs": fields}]})))
    assert (outcome.state, outcome.dcc_currency) == (OutcomeState.APPROVED, "")


@pytest.mark.parametrize(
    "number",
    ["1" * 200_000, "-" + "9" * 5000, "1" * 5000 + ".5", "1e999999999", "1." + "0" * 200_000, "NaN", "-Infinity"],
)
def test_a_huge_number_is_no_number(number, bounded):
    for name in ("Result", "TotalAmount", "StanAuth", "TimeStamp", "TruncatedPAN"):
        fields = json.dumps({"Result": 0, name: "HERE"}).replace('"HERE"', number)
        outcome = read_transaction(Answer(201, f'{{"result": [{{"localModeEventArgs": {fields}}}]}}'))
        state = OutcomeState.UNKNOWN if name == "Result" else OutcomeState.APPROVED
        assert (outcome.state, outcome.total_amount) == (state, None)


def test_huge_keys_and_many_of_them_cost_little(bounded):
    for data in (
        {"k" * MAX_BODY: 1},
        {str(number): number for number in range(MAX_BODY // 16)},
        {"result": [{"localModeEventArgs": {"Result": 0, "4" * (MAX_BODY // 2): "4" * (MAX_BODY // 2)}}]},
    ):
        read_transaction(Answer(201, json.dumps(data)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["result", "failure", "error", "localModeEventArgs", "Result", "latestTransactionResult"])
            | st.text(max_size=5),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(json_values | st.text(), st.sampled_from([200, 201, 204, 302, 400, 403, 404, 409, 423, 500, 503, 504]))
def test_any_answer_at_all_ends_in_an_outcome_or_in_our_own_error(value, status):
    whole = value.encode("utf-8", "replace").decode() if isinstance(value, str) else json.dumps(value)
    for text in (whole.replace("\x00", ""), json.dumps(value)[:-1]):  # as the transport gives it
        answer = Answer(status, text)
        outcome = read_transaction(answer)
        assert outcome.state in OutcomeState
        for shown in (outcome.raw, outcome.message, outcome.customer_receipt, repr(outcome.card)):
            assert "\x00" not in shown and shown.encode() is not None, "a database takes it"
        assert read_administration(answer).state in OutcomeState
        for read in (read_query, read_last_transaction):
            try:
                read(answer)
            except ConnectCloudError as error:
                assert error.reason in Reason
