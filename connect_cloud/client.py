"""The calls of NETS Connect@Cloud."""

import logging
import re
import threading
import time
from urllib.parse import urlsplit

from . import answers, reasons
from .errors import ConnectCloudError, SendRefused
from .reasons import Reason
from .tokens import read_token
from .transport import Timeouts, call

_logger = logging.getLogger(__name__)

PRODUCTION_URL = "https://connectcloud.aws.nets.eu"
TEST_URL = "https://connectcloud-test.aws.nets.eu"

_DEFAULT_TIMEOUTS = Timeouts()


class ConnectCloudClient:
    """One NETS account.

    May be used by several threads at once. Every call opens its own connection and blocks until
    its answer came or its time is over (see Timeouts). Before it, a login is made where needed.

    A 401 means that a request was not let in: it is repeated once with a new token. Nothing else
    is ever repeated.

    :param str base_url: PRODUCTION_URL, TEST_URL or a simulator's address
    :param Token token: one that was stored, or None
    :param on_token: called with the Token after each login, and with None when a token turned out
        invalid, so that it can be stored. It must not call the client
    :param clock: epoch seconds, for the token's end
    :raise ValueError: for an address that isn't http(s), or that carries a password
    """

    def __init__(
        self,
        base_url,
        username,
        password,
        *,
        token=None,
        on_token=None,
        timeouts=_DEFAULT_TIMEOUTS,
        clock=time.time,
    ):
        address = urlsplit(base_url)
        if address.scheme not in ("http", "https") or not address.hostname or "@" in address.netloc:
            raise ValueError("base_url must be an http(s) address without user and password")
        self._base_url = base_url.rstrip("/")
        self._username = username
        self._password = password
        self._token = token
        self._on_token = on_token
        self._timeouts = timeouts
        self._clock = clock
        self._lock = threading.Lock()

    # === LOGIN === #

    def login(self):
        """Log in and keep the token.

        :return: the terminal ids of the account, as a tuple of str
        :raise ConnectCloudError: LOGIN_MISSING, LOGIN_REFUSED, ACCOUNT_NOT_ACTIVATED,
            LOGIN_UNAVAILABLE (it answered, but not with a token) or SERVICE_UNREACHABLE
        """
        with self._lock:
            return self._login()

    def ensure_token(self):
        """Log in only where there is no token, or it ends within ten minutes.

        :raise ConnectCloudError: as `login`
        """
        self._usable_token()

    # === QUERIES === #

    def terminals(self):
        """The terminal ids of the account, as a list of str.

        :raise ConnectCloudError: no answer, or none of use
        """
        data = self._query("GET", "/v1/terminal")
        if not isinstance(data.get("terminals"), list):
            raise ConnectCloudError(Reason.UNREADABLE_ANSWER)
        return answers.read_terminal_ids(data)

    def terminal_state(self, terminal_id):
        """What the terminal is doing, in NETS' own word. "idle" is the one that is known.

        :raise ConnectCloudError: no answer, or none of use
        """
        terminal = self._query("GET", _terminal_path(terminal_id)).get("terminal")
        state = terminal.get("terminalState") if isinstance(terminal, dict) else None
        if not isinstance(state, str) or not state:
            raise ConnectCloudError(Reason.UNREADABLE_ANSWER)
        return state[: answers.MAX_FIELD]

    def terminal_settings(self, terminal_id):
        """The terminal's settings, the answer as it came. The one known key is `printerWidth`.

        :raise ConnectCloudError: no answer, or none of use
        """
        return self._query("GET", _terminal_path(terminal_id, "/settings"))

    def set_terminal_settings(self, terminal_id, printer_width=0):
        """Set the width of printed receipts. 0: the terminal prints on its own printer.

        :raise ConnectCloudError: it didn't work; that must never stop a payment
        """
        path = _terminal_path(terminal_id, "/settings")
        answer = self._call("PUT", path, {"printerWidth": printer_width}, timeout=self._timeouts.query)
        if not answer.ok:  # the shape of a good answer is not known, and may be empty
            answers.raise_unless_ok(answer)

    # === TRANSACTIONS === #

    def purchase(self, terminal_id, amount, order_id, *, before_send):
        """Charge a card. Blocks until the card is done.

        :param int amount: minor units, positive
        :param str order_id: up to 20 of A-Z, 0-9 and -; NETS shows it with the last transaction
        :param before_send: called with the attempt (1, or 2 for the repeat after a 401) immediately
            before each sending; nothing is sent unless it returns true
        :return: an Outcome, whatever the network does
        :raise SendRefused: before_send said no
        :raise ValueError: for arguments that are not as described; nothing was sent
        """
        return self._transaction(terminal_id, "purchase", amount, order_id, before_send)

    def refund(self, terminal_id, amount, order_id, *, before_send):
        """Pay back to a card (return of goods). As `purchase`; the amount is positive, too."""
        return self._transaction(terminal_id, "returnOfGoods", amount, order_id, before_send)

    def void(self, terminal_id, amount, *, before_send):
        """Reverse the terminal's last transaction. As `purchase`. Right after a transaction the
        terminal is busy: wait 5 s."""
        return self._financial(
            "DELETE",
            terminal_id,
            {"amount": _checked_amount(amount)},
            self._timeouts.void,
            before_send,
        )

    def last_transaction(self, terminal_id):
        """The last transaction of the terminal, no matter who made it: a LastTransaction, or None where
        it has none. An answer was lost? Ask no sooner than 5 s after.

        :raise ConnectCloudError: no answer, or none of use
        """
        path = _terminal_path(terminal_id, "/transaction")
        answer = self._call("GET", path, timeout=self._timeouts.last_transaction)
        return answers.read_last_transaction(answer)

    def cancel(self, terminal_id):
        """Ask the running transaction to stop. Its own call tells how it ends.

        :raise ConnectCloudError: the wish was not delivered, or we don't know
        """
        path = _terminal_path(terminal_id, "/administration")
        body = {"action": "cancelAction"}
        answer = self._call("POST", path, body, timeout=self._timeouts.abort)
        if not answer.ok and (answer.trouble or answer.status != 400):
            answers.raise_unless_ok(answer)

    # === ADMINISTRATION === #

    def reconciliation(self, terminal_id, *, before_send):
        """Close the terminal's session with NETS.

        :param before_send: as in `purchase`
        :return: an AdministrationOutcome, whatever the network does; totals are in its text only
        :raise SendRefused: before_send said no
        """
        body = {"action": "reconciliation"}
        return self._administration(terminal_id, body, self._timeouts.reconciliation, before_send)

    def download_dataset(self, terminal_id, *, before_send):
        """Have the terminal fetch its parameters. As `reconciliation`."""
        body = {"action": "downloadDataset"}
        return self._administration(terminal_id, body, self._timeouts.administration, before_send)

    def download_software(self, terminal_id, *, before_send):
        """Have the terminal fetch its software. As `reconciliation`."""
        body = {"action": "downloadSoftware"}
        return self._administration(terminal_id, body, self._timeouts.administration, before_send)

    def balance_inquiry(self, terminal_id, *, before_send):
        """Ask for the balance of a (gift) card. As `reconciliation`."""
        body = {"action": "balanceInquiry", "amount": 0}
        return self._administration(terminal_id, body, self._timeouts.administration, before_send)

    # === PRIVATE === #

    def _transaction(self, terminal_id, transaction_type, amount, order_id, before_send):
        if not isinstance(order_id, str) or not re.fullmatch("[A-Z0-9-]{1,20}", order_id):
            raise ValueError("order_id must be 1 to 20 of A-Z, 0-9 and -")
        body = {
            "transactionType": transaction_type,
            "amount": _checked_amount(amount),
            "orderId": order_id,
        }
        return self._financial("POST", terminal_id, body, self._timeouts.transaction, before_send)

    def _financial(self, method, terminal_id, body, timeout, before_send):
        path = _terminal_path(terminal_id, "/transaction")
        try:
            answer = self._call(method, path, body, timeout=timeout, before_send=before_send)
        except ConnectCloudError as error:
            outcome = answers.not_let_in(error)
        else:
            outcome = answers.read_transaction(answer)
        _log_outcome(method, path, outcome)
        return outcome

    def _administration(self, terminal_id, body, timeout, before_send):
        path = _terminal_path(terminal_id, "/administration")
        try:
            answer = self._call("POST", path, body, timeout=timeout, before_send=before_send)
        except ConnectCloudError as error:
            outcome = answers.administration_not_let_in(error)
        else:
            outcome = answers.read_administration(answer)
        _log_outcome(body["action"], path, outcome)
        return outcome

    def _query(self, method, path):
        return answers.read_query(self._call(method, path, timeout=self._timeouts.query))

    def _call(self, method, path, body=None, *, timeout, before_send=None):
        """Make a call with a token, twice where the first is answered 401.

        :return: a transport.Answer, any but a 401
        :raise ConnectCloudError: there is no token, or it is refused twice: NETS did nothing
        :raise SendRefused: before_send said no
        """
        for attempt in (1, 2):
            token = self._usable_token()
            if before_send is not None and not before_send(attempt):
                raise SendRefused(attempt)
            answer = self._send(method, path, body, timeout, token)
            if answer.trouble or answer.status != 401:
                return answer
            self._forget(token)
        # The login in between worked: it isn't the password.
        raise ConnectCloudError(Reason.CALL_REFUSED, answers.read_message(answer), 401)

    def _send(self, method, path, body, timeout, token=None):
        return call(
            method,
            self._base_url + path,
            json=body,
            token=token and token.value,
            connect_timeout=self._timeouts.connect,
            timeout=timeout,
        )

    def _usable_token(self):
        # One login for all threads that need one: the others wait here for its end.
        with self._lock:
            if self._token is None or self._token.needs_renewal(self._clock()):
                self._login()
            return self._token

    def _login(self):
        if not self._username or not self._password:
            raise ConnectCloudError(Reason.LOGIN_MISSING)
        credentials = {"username": self._username, "password": self._password}
        answer = self._send("POST", "/v1/login", credentials, self._timeouts.login)
        if answer.trouble == Reason.SERVICE_UNREACHABLE:
            raise ConnectCloudError(answer.trouble)
        if answer.trouble:
            raise ConnectCloudError(Reason.LOGIN_UNAVAILABLE, status=answer.status)
        if not answer.ok:
            # A service that repeats what was wrong must not bring the password into a log.
            message = answers.read_message(answer).replace(self._password, "[hidden]")
            reason = reasons.of_login(answer.status, message)
            raise ConnectCloudError(reason, message, answer.status)
        value, terminal_ids = answers.read_login(answer)
        self._token = read_token(value, self._clock())
        self._tell_owner(self._token)
        return terminal_ids

    def _forget(self, token):
        with self._lock:
            if self._token is token:  # else another thread has already logged in again
                self._token = None
                self._tell_owner(None)

    def _tell_owner(self, token):
        if self._on_token is None:
            return
        try:
            self._on_token(token)
        except Exception as error:  # noqa: BLE001  the owner's code, whatever it raises
            # Whatever keeps the owner from storing a token (a database), it only costs a login
            # later. The call in hand moves money and must end with what NETS says. The text of the
            # error isn't logged: a statement that failed may be in it, with the token.
            _logger.error("The token could not be stored: %s", type(error).__name__)


def _checked_amount(amount):
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise ValueError("amount must be a positive integer in minor units")
    return amount


def _terminal_path(terminal_id, tail=""):
    if not isinstance(terminal_id, str) or not re.fullmatch("[0-9]{8}", terminal_id):
        raise ValueError("terminal_id must be 8 digits, as text")
    return f"/v1/terminal/{terminal_id}{tail}"


def _log_outcome(what, path, outcome):
    _logger.info("%s %s: %s%s", what, path, outcome.state, f", {outcome.reason}" if outcome.reason else "")
