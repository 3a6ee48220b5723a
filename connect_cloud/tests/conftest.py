import base64
import contextlib
import json
import socket
import threading
import time

import pytest

from connect_cloud import ConnectCloudClient, Timeouts, Token

TERMINAL = "10000001"
PASSWORD = "a-secret-password"


@pytest.fixture(autouse=True)
def plain_network(monkeypatch, tmp_path):
    """No proxy, no certificates and no ~/.netrc of the machine the tests run on."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))


def jwt(**claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'HS256'})}.{part(claims)}.c2lnbmF0dXJl"


def http_answer(status, body, length=None):
    """The bytes of an answer. `body` is bytes, or an object for JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    length = len(body) if length is None else length
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, length, body)


class Server:
    """Listens on a free port and does to each connection, in their order, what a test says; the
    last handler stays for all that follow.

    A handler gets the connection and the server. The connection is closed after it.
    """

    def __init__(self, *handlers):
        self.handlers = list(handlers)
        self.requests = []  # (request line, headers and body), as bytes
        self.connections = 0
        self.ended = threading.Event()
        self._threads = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._start(self._accept)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return  # the test has ended
            handler = self.handlers[min(self.connections, len(self.handlers) - 1)]
            self.connections += 1
            self._start(self._handle, handler, connection)

    def _handle(self, handler, connection):
        with connection, contextlib.suppress(OSError):  # the client has hung up
            handler(connection, self)

    def read_request(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _blank, body = data.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += connection.recv(65536)
        self.requests.append((head.split(b"\r\n")[0], head, body))

    def close(self):
        self.ended.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)


@pytest.fixture
def serve():
    """Start servers with handlers; each is ended with the test."""
    servers = []

    def start(*handlers):
        servers.append(Server(*handlers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect():
    """Make a client that has a token, for a server or an address."""

    def make(server, **kwargs):
        address = server if isinstance(server, str) else f"http://127.0.0.1:{server.port}"
        kwargs.setdefault("token", Token(jwt(n=1), time.time() + 3600))
        kwargs.setdefault("timeouts", Timeouts(connect=5, transaction=5))
        return ConnectCloudClient(address, "demo", PASSWORD, **kwargs)

    return make
