"""One HTTP call: what came back, or what is certain about what didn't.

The money question of every failed call is whether the request can have reached NETS. It is
answered by watching the connection, not by reading exceptions: an SSLError in the handshake and
one in the middle of an answer look alike and mean the opposite.
"""

import http.client
import io
import logging
import time
import zlib
from dataclasses import dataclass, field
from functools import partial

import requests
import urllib3
from requests.adapters import HTTPAdapter

from .reasons import Reason
from .redaction import hide_token

_logger = logging.getLogger(__name__)

MAX_BODY = 256 * 1024  # bytes; a real answer with two receipts has about 4 KiB
MAX_WIRE = 2 * MAX_BODY  # bytes with headers and chunk sizes: those can be endless, too
KEPT_OF_TOO_MUCH = 16 * 1024  # bytes kept of an answer beyond MAX_BODY, as evidence


@dataclass(frozen=True)
class Timeouts:
    """How long each kind of call may take, in seconds.

    `connect` is for opening the connection (each address of the host, as the resolver names
    them); the others count from there until the last byte of the answer.
    """

    connect: float = 10
    login: float = 10
    query: float = 10
    abort: float = 10
    transaction: float = 300  # as long as a customer may take
    void: float = 120
    last_transaction: float = 60
    reconciliation: float = 120
    administration: float = 300  # downloads, balance


@dataclass(frozen=True)
class Answer:
    """What a call brought.

    :param status: the HTTP status as int; None where no status line came
    :param str text: the body without NUL characters, and without the token but in a login's
    :param trouble: None when the answer came whole; else SERVICE_UNREACHABLE (the connection
        provably never opened), CONNECTION_INTERRUPTED or UNREADABLE_ANSWER (too long, or packed in
        another way than it was asked for)
    """

    status: int | None
    text: str = field(default="", repr=False)
    trouble: Reason | None = None

    @property
    def ok(self):
        """Whether it is a whole answer with a 2xx status."""
        return self.trouble is None and 200 <= self.status < 300


def call(method, url, *, json=None, token=None, connect_timeout, timeout):
    """Make one HTTP call on a connection of its own and never repeat it.

    A kept-alive connection that the server has just closed would look like a lost answer, so none
    is reused. Redirects are not followed: they would send a transaction twice.

    :param str token: the bearer token's value, or None
    :param float connect_timeout: seconds to open the connection
    :param float timeout: seconds from then until the answer has come whole
    :return: an Answer; no network condition is raised
    """
    watch = _Watch(connect_timeout, timeout)
    started = time.monotonic()
    status, body = None, bytearray()
    trouble = cause = None
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, _WatchingAdapter(watch))
        try:
            with session.request(
                method,
                url,
                json=json,
                auth=partial(_authorize, token),
                headers={"Accept-Encoding": "identity", "Connection": "close"},
                timeout=(connect_timeout, timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                if watch.ended:  # http.client takes a cut for the end of the headers
                    raise http.client.IncompleteRead(b"")
                # urllib3 1.26, which Debian 12 has, takes a cut for the end of the body.
                response.raw.enforce_content_length = True
                # As it came: that version of urllib3 unpacks without bounds.
                for chunk in response.raw.stream(KEPT_OF_TOO_MUCH, decode_content=False):
                    body += chunk
                    if len(body) > MAX_BODY:
                        break
        # requests lets some of urllib3's and http.client's own errors through, and ValueErrors
        # (addresses, headers). Whatever it was: the watch knows whether we got to send.
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError) as e:
            trouble = Reason.SERVICE_UNREACHABLE if watch.never_opened else Reason.CONNECTION_INTERRUPTED
            cause = _class_names(e)
    body = _unpack(body, watch.encoding)
    if body is None or len(body) > MAX_BODY:
        trouble = trouble or Reason.UNREADABLE_ANSWER
        body = (body or b"")[:KEPT_OF_TOO_MUCH]
    if trouble:
        # Half a card number can't be recognised as one.
        body = body.rstrip(b"0123456789 .-/\t\xc2\xa0")
    _logger.log(
        logging.WARNING if trouble else logging.INFO,
        "%s %s: HTTP %s after %.1f s%s",
        method,
        url,
        status,
        time.monotonic() - started,
        f", {trouble} ({cause or 'too long or packed'})" if trouble else "",
    )
    # One odd byte in a shop's name must not make a charge unreadable. NUL: databases refuse it.
    text = body.decode("utf-8-sig", "replace").replace("\x00", "")
    if token:  # without one it's a login, whose answer is the token
        text = hide_token(text, token)
    return Answer(status, text, trouble)


def _unpack(body, encoding):
    """A body without its compression. We ask for none; a proxy may compress all the same.

    :param str encoding: the header's value, in lower case; "" where there is none
    :return: bytes, at most one more than MAX_BODY; None where it can't be unpacked
    """
    if not body or encoding in ("", "identity"):
        return bytes(body)
    if encoding not in ("gzip", "x-gzip"):
        return None
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        unpacked = unpacker.decompress(bytes(body), MAX_BODY + 1)
    except zlib.error:
        return None
    return unpacked if unpacker.eof or len(unpacked) > MAX_BODY else None


def _authorize(token, request):
    # Given as `auth` also without a token: else requests would look for a password in ~/.netrc,
    # and put it in the place of the token.
    if token:
        request.headers["Authorization"] = f"Bearer {token}"
    return request


def _class_names(error):
    """The kinds of an exception and its causes. Their texts may hold addresses with passwords."""
    names = []
    while error is not None and len(names) < 8:
        names.append(type(error).__name__)
        error = error.__cause__ or error.__context__
    return " < ".join(names)


class _Watch:
    """What happened to the connection of one call."""

    def __init__(self, connect_timeout, timeout):
        self.connect_timeout = connect_timeout
        self.timeout = timeout
        self.deadline = time.monotonic() + connect_timeout
        self.ended = False  # the other side has closed the connection
        self.encoding = ""  # how the answer's body is packed, in lower case
        self.opened = False
        self.failed_to_open = False

    @property
    def never_opened(self):
        """Proof that nothing was sent: opening was tried, failed, and never succeeded. Where the
        watch saw nothing at all, nothing is proven."""
        return self.failed_to_open and not self.opened


class _WatchingAdapter(HTTPAdapter):
    """An adapter whose connections report to a watch."""

    def __init__(self, watch):
        self._watch = watch
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self._watch_pools(self.poolmanager)

    def proxy_manager_for(self, *args, **kwargs):
        manager = super().proxy_manager_for(*args, **kwargs)
        self._watch_pools(manager)
        return manager

    def cert_verify(self, *args, **kwargs):
        try:
            super().cert_verify(*args, **kwargs)
        except OSError:
            # The file of trusted certificates is missing: this comes before any connection.
            self._watch.failed_to_open = True
            raise

    def _watch_pools(self, manager):
        manager.pool_classes_by_scheme = {
            scheme: partial(_watched_pool, pool_class, self._watch)
            for scheme, pool_class in manager.pool_classes_by_scheme.items()
        }


def _watched_pool(pool_class, watch, *args, **kwargs):
    pool = pool_class(*args, **kwargs)
    connection_class = pool.ConnectionCls
    pool.ConnectionCls = type(connection_class.__name__, (_WatchedConnection, connection_class), {"watch": watch})
    return pool


class _WatchedConnection:
    """Mixed into urllib3's connections.

    `connect` there is all that comes before the request: name, TCP, proxy tunnel, TLS handshake
    and the check of the certificate.
    """

    def connect(self):
        try:
            super().connect()
        except BaseException:
            self.watch.failed_to_open = True
            raise
        self.watch.opened = True
        self.watch.deadline = time.monotonic() + self.watch.timeout

    def response_class(self, sock, *args, **kwargs):
        """http.client asks this for the object that reads an answer (a proxy's, too)."""
        response = _PlainResponse(sock, *args, **kwargs)
        response.watch = self.watch
        response.fp = io.BufferedReader(_BoundedReader(response.fp, sock, self.watch))
        return response


class _PlainResponse(http.client.HTTPResponse):
    """An answer without the headers that the libraries act upon unasked: `requests` reads the body of a
    redirect whole and unpacked, also where it doesn't follow it, and urllib3 before 2.6 prepares for
    any number of compressions."""

    watch = None

    def begin(self):
        super().begin()
        self.watch.encoding = ", ".join(self.msg.get_all("Content-Encoding", ())).strip().lower()
        for name in ("Content-Encoding", "Location"):
            del self.msg[name]


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until the watch's deadline, and no more than MAX_WIRE.

    A timeout of `requests` is for each single read: a server that sends a byte now and then would
    hold the call, and the terminal with it, for ever.
    """

    def __init__(self, file, sock, watch):
        self._file = file
        self._sock = sock
        self._watch = watch
        self._left = MAX_WIRE

    def readable(self):
        return True

    def readinto(self, buffer):
        remaining = self._watch.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the answer took too long")
        if self._left <= 0:
            raise OSError("the answer is too long")
        self._sock.settimeout(remaining)
        count = self._file.readinto1(buffer)
        self._left -= count
        self._watch.ended = not count
        return count

    def close(self):
        self._file.close()
        super().close()
