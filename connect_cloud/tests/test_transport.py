"""Real sockets: what a broken connection proves.

A connection that never opened sent nothing. After that, everything is unknown until proven.
"""

import json
import socket
import ssl
import struct
import threading
import time

import pytest
import requests
from conftest import PASSWORD, TERMINAL, http_answer

from connect_cloud import ConnectCloudError, OutcomeState, Reason, Timeouts
from connect_cloud import transport as transport_module

APPROVED = {"result": [{"localModeEventArgs": {"Result": 0, "TotalAmount": 100}}]}
NEVER_OPENED = (OutcomeState.NOT_APPROVED, Reason.SERVICE_UNREACHABLE, False)
ANSWER_LOST = (OutcomeState.UNKNOWN, Reason.CONNECTION_INTERRUPTED, True)


def yes(attempt):
    return True


def buy(client):
    outcome = client.purchase(TERMINAL, 100, "A-1", before_send=yes)
    return outcome.state, outcome.reason, outcome.started


def sends(data):
    """A handler that reads the request and answers with these bytes."""

    def handle(connection, server):
        server.read_request(connection)
        connection.sendall(data)

    return handle


def hangs_after(data):
    """A handler that reads the request, answers with these bytes and keeps the line open."""

    def handle(connection, server):
        server.read_request(connection)
        connection.sendall(data)
        server.ended.wait(10)

    return handle


def reset(connection):
    """Make close() send RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# === NEVER OPENED === #


def test_a_refused_port_sent_nothing(connect):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert buy(connect(f"http://127.0.0.1:{port}")) == NEVER_OPENED
    assert buy(connect(f"https://127.0.0.1:{port}")) == NEVER_OPENED


def test_an_unknown_host_name_sent_nothing(connect, monkeypatch):
    def fail(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert buy(connect("https://nets.invalid")) == NEVER_OPENED


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "a..b"])
def test_a_host_name_that_cannot_be_one_sent_nothing(connect, host):
    assert buy(connect(f"https://{host}")) == NEVER_OPENED


def test_a_connection_that_does_not_open_in_time_sent_nothing(connect):
    # The one place in the queue of this socket is taken: the next connection gets no answer.
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        client = connect(f"http://127.0.0.1:{full.getsockname()[1]}", timeouts=Timeouts(connect=0.1))
        assert buy(client) == NEVER_OPENED


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28"])
def test_a_failed_tls_handshake_sent_nothing(serve, connect, answer):
    def handle(connection, server):
        connection.recv(65536)  # ClientHello
        connection.sendall(answer)

    server = serve(handle)
    assert buy(connect(f"https://127.0.0.1:{server.port}")) == NEVER_OPENED
    assert server.connections == 1


def test_a_tls_handshake_that_hangs_sent_nothing(serve, connect):
    server = serve(lambda connection, server: server.ended.wait(10))
    client = connect(f"https://127.0.0.1:{server.port}", timeouts=Timeouts(connect=0.1))
    assert buy(client) == NEVER_OPENED


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
        b"",
    ],
)
def test_a_proxy_that_refuses_sent_nothing(serve, connect, monkeypatch, answer):
    proxy = serve(sends(answer))
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:secret@127.0.0.1:{proxy.port}")
    assert buy(connect("https://nets.invalid")) == NEVER_OPENED
    ((line, head, body),) = proxy.requests
    assert line.startswith(b"CONNECT nets.invalid:443")
    assert b"Bearer" not in head
    assert body == b""


def test_a_proxy_that_drips_is_given_up(serve, connect, monkeypatch):
    def drip(connection, server):
        server.read_request(connection)
        while not server.ended.wait(0.02):
            connection.sendall(b"H")

    proxy = serve(drip)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    client = connect("https://nets.invalid", timeouts=Timeouts(connect=0.3, transaction=60))
    started = time.monotonic()
    assert buy(client) == NEVER_OPENED
    assert time.monotonic() - started < 5


def test_missing_certificates_of_our_own_sent_nothing(connect, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing"))
    assert buy(connect("https://127.0.0.1:9")) == NEVER_OPENED


def test_never_opened_is_only_said_by_a_watch_that_saw_it(connect, monkeypatch):
    """Should a later urllib3 go past the watch, an error must not be taken for proof."""

    def fail(*args, **kwargs):
        raise requests.exceptions.ConnectTimeout("says so")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", fail)
    assert buy(connect("https://127.0.0.1:9")) == ANSWER_LOST


def test_a_second_connection_that_fails_proves_nothing_about_the_first():
    class Connection:
        works = True

        def connect(self):
            if not self.works:
                raise ConnectionRefusedError

    class Watched(transport_module._WatchedConnection, Connection):
        watch = transport_module._Watch(connect_timeout=1, timeout=1)

    connection = Watched()
    connection.connect()
    connection.works = False
    with pytest.raises(ConnectionRefusedError):
        connection.connect()
    assert not Watched.watch.never_opened


def test_a_login_that_cannot_be_reached_is_told(connect):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = connect(f"http://127.0.0.1:{port}", token=None)
    with pytest.raises(ConnectCloudError) as caught:
        client.login()
    assert caught.value.reason == Reason.SERVICE_UNREACHABLE
    assert buy(client) == NEVER_OPENED
    for ask in (client.terminals, lambda: client.cancel(TERMINAL)):
        with pytest.raises(ConnectCloudError) as caught:
            ask()
        assert caught.value.reason == Reason.SERVICE_UNREACHABLE


# === OPENED, AND LOST === #


def closes_unread(connection, server):
    connection.recv(1, socket.MSG_PEEK)  # it is on its way


def resets_unread(connection, server):
    connection.recv(1, socket.MSG_PEEK)
    reset(connection)


def resets_after_request(connection, server):
    server.read_request(connection)
    reset(connection)


WHOLE = http_answer(201, APPROVED)


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(closes_unread, id="closed before the request was read"),
        pytest.param(resets_unread, id="reset before the request was read"),
        pytest.param(sends(b""), id="closed after the request"),
        pytest.param(resets_after_request, id="reset after the request"),
        pytest.param(sends(b"HTTP/1.1 201 Cre"), id="half a status line"),
        pytest.param(sends(b"HTTP/1.1 201 Created\r\nContent-"), id="half a header"),
        pytest.param(sends(b"HTTP/1.1 401 Un"), id="half of a 401's status line"),
        pytest.param(sends(b"HTTP/1.1 404 X\r\n"), id="no end of the headers"),
        pytest.param(sends(WHOLE[:-30]), id="half a body"),
        pytest.param(sends(WHOLE[:-1]), id="all but a byte"),
        pytest.param(sends(b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"), id="half a chunk"),
        pytest.param(sends(b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), id="no chunk"),
        pytest.param(sends(b"SSH-2.0-OpenSSH\r\n\r\n"), id="no HTTP"),
        pytest.param(sends(http_answer(401, b"{}", length=50)), id="half a 401"),
        pytest.param(sends(http_answer(404, b"{}", length=50)), id="half a 404"),
        pytest.param(sends(http_answer(400, b"7100", length=50)), id="half a 400"),
    ],
)
def test_after_the_first_byte_everything_is_unknown_and_nothing_is_repeated(serve, connect, handler):
    server = serve(handler)
    assert buy(connect(server)) == ANSWER_LOST
    assert server.connections == 1


def test_a_lost_answer_shows_in_all_transactions_and_as_an_error_in_queries(serve, connect):
    client = connect(serve(sends(b"")))
    for outcome in (
        client.refund(TERMINAL, 1, "A", before_send=yes),
        client.void(TERMINAL, 1, before_send=yes),
        client.reconciliation(TERMINAL, before_send=yes),
    ):
        assert (outcome.state, outcome.reason, outcome.started) == ANSWER_LOST
    for ask in (client.last_transaction, client.terminal_state, client.cancel):
        with pytest.raises(ConnectCloudError) as caught:
            ask(TERMINAL)
        assert caught.value.reason == Reason.CONNECTION_INTERRUPTED


@pytest.mark.parametrize(
    "error",
    [ssl.SSLError(1, "bad record mac"), ssl.SSLEOFError(8, "EOF"), ConnectionRefusedError()],
)
def test_an_error_that_looks_like_a_failed_opening_is_unknown_in_mid_answer(serve, connect, monkeypatch, error):
    def fail(self, buffer):
        raise error

    monkeypatch.setattr(transport_module._BoundedReader, "readinto", fail)
    server = serve(sends(WHOLE))
    assert buy(connect(server)) == ANSWER_LOST


def test_what_came_before_a_cut_is_kept_as_evidence_of_the_status_only(serve, connect):
    client = connect(serve(sends(WHOLE[:-30])))
    outcome = client.purchase(TERMINAL, 100, "A-1", before_send=yes)
    assert outcome.http_status == 201
    assert outcome.total_amount is None


# === TIME === #


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 201 Created\r\n", WHOLE[:-1]])
def test_an_answer_that_never_comes_is_given_up_as_unknown(serve, connect, data):
    server = serve(hangs_after(data))
    client = connect(server, timeouts=Timeouts(transaction=0.2))
    started = time.monotonic()
    assert buy(client) == ANSWER_LOST
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("start", [b"", WHOLE[:-40], b"HTTP/1.1 201 X\r\nX: "])
def test_a_server_that_drips_bytes_cannot_hold_a_call(serve, connect, start):
    def drip(connection, server):
        server.read_request(connection)
        connection.sendall(start)
        while not server.ended.wait(0.02):  # far sooner than any timeout
            connection.sendall(b"\n" if start == WHOLE[:-40] else b"x")

    server = serve(drip)
    client = connect(server, timeouts=Timeouts(transaction=0.3))
    started = time.monotonic()
    assert buy(client) == ANSWER_LOST
    assert 0.25 < time.monotonic() - started < 5


def test_a_single_read_may_only_take_what_is_left_of_the_whole():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = transport_module._Watch(connect_timeout=0, timeout=0)
        reader = transport_module._BoundedReader(ours.makefile("rb"), ours, watch)
        theirs.sendall(b"ab")
        watch.deadline = time.monotonic() + 60
        assert reader.read(1) == b"a"
        assert 50 < ours.gettimeout() <= 60
        watch.deadline = time.monotonic() - 1
        with pytest.raises(TimeoutError):
            reader.read(1)
        reader.close()


def test_a_customer_may_take_longer_than_a_connection(serve, connect):
    waited = threading.Event()

    def handle(connection, server):
        server.read_request(connection)
        waited.wait(0.4)  # the customer
        connection.sendall(WHOLE)

    client = connect(serve(handle), timeouts=Timeouts(connect=0.1, login=0.1, transaction=20))
    assert buy(client) == (OutcomeState.APPROVED, None, True)


# === WHAT COMES IN === #


def test_an_answer_in_pieces_is_read_whole(serve, connect):
    body = json.dumps(APPROVED | {"more": "x" * 100_000}).encode()
    pieces = b"".join(
        b"%x\r\n%b\r\n" % (len(body[at : at + 9999]), body[at : at + 9999]) for at in range(0, len(body), 9999)
    )
    head = b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = serve(sends(head + pieces + b"0\r\n\r\n"))
    assert buy(connect(server))[0] == OutcomeState.APPROVED


def test_a_giant_body_does_not_fill_the_memory(serve, connect):
    def pour(connection, server):
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 201 X\r\n\r\n")
        while not server.ended.is_set():
            connection.sendall(b"x" * 65536)

    client = connect(serve(pour))
    outcome = client.purchase(TERMINAL, 100, "A-1", before_send=yes)
    assert (outcome.state, outcome.reason) == (OutcomeState.UNKNOWN, Reason.UNREADABLE_ANSWER)
    assert len(outcome.raw) == transport_module.KEPT_OF_TOO_MUCH


def test_one_odd_byte_does_not_make_a_charge_unreadable(serve, connect):
    receipt = b'"customerReceipt":"K\xf8b\x00"'
    body = b'\xef\xbb\xbf{"result":[{"localModeEventArgs":{"Result":0},' + receipt + b"}]}"
    client = connect(serve(sends(http_answer(201, body))))
    outcome = client.purchase(TERMINAL, 100, "A-1", before_send=yes)
    assert (outcome.state, outcome.customer_receipt) == (OutcomeState.APPROVED, "K\ufffdb")
    assert "\x00" not in outcome.raw


def test_a_redirect_is_not_followed(serve, connect):
    other = serve(sends(WHOLE))
    location = f"Location: http://127.0.0.1:{other.port}/\r\n".encode()
    server = serve(sends(b"HTTP/1.1 307 X\r\n" + location + b"Content-Length: 0\r\n\r\n"))
    assert buy(connect(server)) == (OutcomeState.UNKNOWN, Reason.SERVICE_ERROR, True)
    assert other.connections == 0


# === WHAT GOES OUT === #


def test_each_call_opens_a_connection_of_its_own(serve, connect):
    """The server offers to keep it alive: a stale one would look like a lost answer."""
    server = serve(hangs_after(WHOLE))
    client = connect(server)
    for number in (1, 2, 3):
        assert buy(client)[0] == OutcomeState.APPROVED
        assert server.connections == number
    for _line, head, _body in server.requests:
        assert b"Connection: close" in head


def test_a_request_is_what_the_protocol_says(serve, connect):
    server = serve(sends(WHOLE))
    client = connect(server)
    client.void(TERMINAL, 100, before_send=yes)
    with pytest.raises(ConnectCloudError):
        client.last_transaction(TERMINAL)
    (line, head, body), (get_line, get_head, get_body) = server.requests
    assert line == f"DELETE /v1/terminal/{TERMINAL}/transaction HTTP/1.1".encode()
    assert b"\r\nAuthorization: Bearer ey" in head
    assert b"\r\nContent-Type: application/json" in head
    assert json.loads(body) == {"amount": 100}
    assert get_line == f"GET /v1/terminal/{TERMINAL}/transaction HTTP/1.1".encode()
    assert b"content-type" not in get_head.lower()
    assert get_body == b""


def test_a_transport_error_is_logged_without_secrets(serve, connect, caplog):
    client = connect(serve(sends(b"")), token=None)
    buy(client)
    assert "/v1/login" in caplog.text
    assert "connection_interrupted" in caplog.text
    assert PASSWORD not in caplog.text
