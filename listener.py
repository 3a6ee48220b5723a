"""The threads that talk to the network, so that no worker, cursor or row lock waits for a customer.

One thread per transaction makes the blocking call; the number of terminals bounds the number of threads, since a
terminal takes one operation at a time. Whatever a thread needs is read before, in a short transaction, and whatever
it learns is written after, in another one. Should the process die at any point, the row tells how far it got:

    not claimed          nothing was sent; the row fails after a minute
    claimed, no answer   the heartbeat stops; the row becomes unknown and is looked up
    recorded, not booked the scheduled job books it
"""

import itertools
import logging
import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg2
from psycopg2.pool import PoolError

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import SQL

from .connect_cloud import (
    ConnectCloudClient,
    ConnectCloudError,
    Outcome,
    OutcomeState,
    Reason,
    SendRefused,
    Timeouts,
)
from .const import HEARTBEAT_INTERVAL, IDLE_DELAY, STATE_INTERVAL, THREAD_LOOKUPS

_logger = logging.getLogger(__name__)

# The connection pool raises at its limit: however many terminals answer at once, only a few of their threads
# hold a connection. Booking waits for documents that somebody else works on: it must not keep an answer from being
# recorded, so it has places of its own.
_cursors = threading.BoundedSemaphore(4)
_booking_cursors = threading.BoundedSemaphore(2)

# What the threads of this process are doing: whoever watches asks every few seconds, and would start the same again.
_names = set()
_names_lock = threading.Lock()

# Where the terminal's last result can't even be asked for these reasons, a payment can't be sent either. Others, a
# 404 among them, may be the service's way to say that the terminal has no last result yet.
CANNOT_SEND = {
    Reason.SERVICE_UNREACHABLE,
    Reason.LOGIN_REFUSED,
    Reason.LOGIN_MISSING,
    Reason.LOGIN_UNAVAILABLE,
    Reason.ACCOUNT_NOT_ACTIVATED,
}


@dataclass(frozen=True)
class Call:
    """What a thread has to know of a transaction to talk to NETS about it."""

    transaction_id: int
    account_id: int
    client_values: dict
    terminal_record_id: int
    terminal: str
    order_id: str
    kind: str
    administration: str  # the client's method, for an operation that moves no money
    amount: int  # minor units
    wants_baseline: bool
    answer_timeout: int
    customer_timeout: int

    def __repr__(self):
        return f"<Call of transaction {self.transaction_id}>"


@dataclass(frozen=True)
class Query:
    """What has to be known to ask for a terminal's state."""

    account_id: int
    client_values: dict
    terminal: str
    printer: str
    printer_width: int | None  # None: nothing to send

    def __repr__(self):
        return f"<Query of terminal {self.terminal}>"


@dataclass(frozen=True)
class TerminalAnswer:
    """What NETS said about a terminal. Reasons are "" where all went well."""

    state: str = ""
    reason: str = ""
    message: str = ""
    printer: str = ""  # the setting that was sent, "" for none
    printer_reason: str = ""
    printer_text: str = ""


# === STARTING === #


def send_after_commit(cr, transaction_id):
    """Start the thread that sends, once the reservation is committed."""
    _after_commit(cr, _send, transaction_id)


def look_up_after_commit(cr, transaction_id):
    """Start one lookup, if it is due and nobody else is at it."""
    _after_commit(cr, _look_up, transaction_id)


def book_after_commit(cr, transaction_id):
    """Start the booking of a charge, if nobody else is at it."""
    _after_commit(cr, _book_again, transaction_id)


def abort_after_commit(cr, transaction_id):
    """Start the call that asks the terminal to stop."""
    _after_commit(cr, _abort, transaction_id)


def refresh_terminal_after_commit(cr, terminal_id):
    """Start the thread that sends the printer setting and asks for the terminal's state."""
    _after_commit(cr, _refresh_terminal, terminal_id)


def _after_commit(cr, target, transaction_id):
    dbname = cr.dbname

    def start():
        _start_thread(target, dbname, transaction_id)

    cr.postcommit.add(start)


def _start_thread(target, dbname, transaction_id, *args):
    """Start a daemon thread, unless this process has one that does the same. Never raises: a callback that does would
    stop the ones behind it, and a row that no thread takes care of is found later.

    :return: whether it was started
    """
    name = f"nets.{dbname}.{target.__name__.strip('_')}.{transaction_id}"
    with _names_lock:
        if name in _names:
            return False
        _names.add(name)
    try:
        threading.Thread(target=_guarded, args=(target, dbname, transaction_id, *args), name=name, daemon=True).start()
    except RuntimeError:
        _logger.exception("The thread %s couldn't be started", name)
        _names.discard(name)
        return False
    return True


def _guarded(target, dbname, *args):
    thread = threading.current_thread()
    thread.dbname = dbname  # for Odoo's log lines
    try:
        target(dbname, *args)
    except Exception:  # nobody stands above a thread: what is unexpected has to be seen in the log at least
        _logger.exception("Thread %s ended unexpectedly", thread.name)
    finally:
        _names.discard(thread.name)


# === SHORT TRANSACTIONS === #


@contextmanager
def _environment(dbname, places=_cursors):
    with places, Registry(dbname).check_signaling().cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


def _in_transaction(dbname, transaction_id, method, *args, places=_cursors):
    """Call a method of the transaction in a short database transaction of its own, repeated on conflicts.

    :return: what the method returns
    :raise psycopg2.Error, PoolError: where the database can't be reached
    """
    with _environment(dbname, places) as env:

        def call():
            return getattr(env["nets.transaction"].browse(transaction_id), method)(*args)

        return retrying(call, env)


def _until_committed(dbname, transaction_id, method, *args, places=_cursors):
    """Rule 10: keep what was learnt, and repeat until it is committed, however long the database is away."""
    pause = 1
    while True:
        try:
            return _in_transaction(dbname, transaction_id, method, *args, places=places)
        except (psycopg2.Error, PoolError) as error:
            _logger.warning("Card transaction %s: %s failed, again in %s s (%s)", transaction_id, method, pause, error)
            threading.Event().wait(pause)
            pause = min(pause * 2, 10)


def _book(dbname, transaction_id, method="_book"):
    """Book a charge.

    Repeated until the database has it, too: Odoo's threads for scheduled jobs don't survive a crash of the database, so
    nobody might come after us. What accounting refuses is another matter, and left to the scheduled job.
    """
    _until_committed(dbname, transaction_id, method, places=_booking_cursors)


def _book_again(dbname, transaction_id):
    _book(dbname, transaction_id, "_book_unless_locked")


def _client(dbname, call, **timeouts):
    return ConnectCloudClient(
        **call.client_values,
        on_token=partial(_keep_token, dbname, call.account_id),
        timeouts=Timeouts(transaction=call.customer_timeout, void=call.customer_timeout, **timeouts),
    )


def _keep_token(dbname, account_id, token):
    """Store a new token. Losing it costs another login, nothing more."""
    try:
        with _environment(dbname) as env:
            env.cr.execute(
                SQL(
                    "UPDATE nets_account_secret SET token = %s, token_expires_at = %s WHERE account_id = %s",
                    token and token.value,
                    token and token.expires_at,
                    account_id,
                )
            )
    except (psycopg2.Error, PoolError) as error:
        _logger.info("The NETS token wasn't stored: %s", error)


# === SEND, AND LISTEN === #


def _send(dbname, transaction_id):
    """The whole life of one operation: claim, call, record, book; and lookups where the answer was lost."""
    in_transaction = partial(_in_transaction, dbname, transaction_id)
    until_committed = partial(_until_committed, dbname, transaction_id)
    call = in_transaction("_prepare_call")
    if call is None:
        return
    client = _client(dbname, call, last_transaction=15)
    outcome = _ask_baseline(in_transaction, client, call) if call.wants_baseline else None
    claim_token = secrets.token_hex(8)
    try:
        if outcome is None:
            outcome = _make_call(dbname, client, call, claim_token)
        if outcome is None:
            return
        until_committed("_record_answer", outcome)
    finally:
        # Not before the answer is recorded: who holds it is alive, and nobody needs to settle by hand what it knows.
        keeper.forget(dbname, claim_token)
    # From here on the outcome is in the database: the scheduled job finishes what this thread doesn't.
    if outcome.state == OutcomeState.APPROVED:
        _book(dbname, transaction_id)
    elif outcome.state == OutcomeState.UNKNOWN:
        _look_up_repeatedly(dbname, transaction_id)
    if outcome.started:
        # sooner, the terminal is still showing the result
        threading.Event().wait(IDLE_DELAY)
    _refresh_terminal(dbname, call.terminal_record_id)


def _ask_baseline(in_transaction, client, call):
    """Ask for the terminal's last result before ours is sent (rule 8).

    :return: an Outcome where the operation can't be sent at all, else None
    """
    try:
        last = client.last_transaction(call.terminal)
    except ConnectCloudError as error:
        if error.reason in CANNOT_SEND:
            return _not_sent(error.reason, error.message)
        # The payment matters more than its baseline: without one, a lost answer is left to a person at worst.
        _logger.info("Card transaction %s is sent without a baseline: %s", call.transaction_id, error.reason)
        return None
    in_transaction("_record_baseline", last)
    return None


def _make_call(dbname, client, call, claim_token):
    """Claim the row and make the blocking call. No cursor is held while it runs.

    :return: Outcome, or None where the row was not claimed
    """
    claimed = False
    ended = threading.Event()

    def before_send(attempt):
        nonlocal claimed
        method = "_claim" if attempt == 1 else "_holds_claim"
        allowed = _in_transaction(dbname, call.transaction_id, method, claim_token)
        if attempt == 1 and allowed:
            claimed = True
            keeper.keep(dbname, claim_token)
            _start_thread(_watch, dbname, call.transaction_id, ended, call, claim_token)
        return allowed

    try:
        if call.kind == "reversal":
            return client.void(call.terminal, call.amount, before_send=before_send)
        if call.kind == "administration":
            return getattr(client, call.administration)(call.terminal, before_send=before_send)
        send = {"purchase": client.purchase, "refund": client.refund}[call.kind]
        return send(call.terminal, call.amount, call.order_id, before_send=before_send)
    except SendRefused:
        # The first request was turned away at the door (401), and the repeat isn't wanted any more.
        return _not_sent(Reason.LOGIN_REFUSED, "") if claimed else None
    except (psycopg2.Error, PoolError) as error:
        # The claim couldn't be committed, or only perhaps. Nothing was sent, and nobody else will send it: who but this
        # thread knows that?
        _logger.warning("Card transaction %s was not sent: %s", call.transaction_id, error)
        _until_committed(dbname, call.transaction_id, "_record_not_sent", claim_token)
        return None
    finally:
        ended.set()


def _not_sent(reason, message):
    return Outcome(state=OutcomeState.NOT_APPROVED, reason=reason, message=message, started=False)


def _watch(dbname, transaction_id, ended, call, claim_token):
    """Tell the person that the terminal asks for the card; and, rule 5, after the set time what its state shows."""

    def show(progress):
        try:
            _in_transaction(dbname, transaction_id, "_show_progress", claim_token, progress)
        except (psycopg2.Error, PoolError) as error:
            _logger.info("The progress of card transaction %s can't be shown: %s", transaction_id, error)

    show("card")
    if ended.wait(call.answer_timeout):
        return
    client = _client(dbname, call)
    while True:
        try:
            is_idle = client.terminal_state(call.terminal).lower() == "idle"
            show("interrupted" if is_idle else "customer")
            if is_idle and call.kind in ("purchase", "refund"):
                _look_while_held(dbname, call, client.last_transaction(call.terminal))
        except ConnectCloudError:
            show("interrupted")
        if ended.wait(STATE_INTERVAL):
            return


def _look_while_held(dbname, call, last):
    """The answer is overdue, and the terminal idle: its last result may prove the charge already. Whatever it proves
    or doesn't, the call goes on listening."""
    try:
        if _in_transaction(dbname, call.transaction_id, "_record_while_held", last):
            _book(dbname, call.transaction_id)
    except (psycopg2.Error, PoolError) as error:
        _logger.info("The last result wasn't compared with card transaction %s: %s", call.transaction_id, error)


class _Keeper:
    """Rule 16: one statement per process and database renews the heartbeats of its living threads."""

    def __init__(self):
        self._lock = threading.Lock()
        # a place of its own: threads that wait for the database must not look dead
        self._place = threading.BoundedSemaphore(1)
        self._tokens = set()  # (dbname, claim token)
        self._running = False
        self._runs = itertools.count()

    def keep(self, dbname, claim_token):
        with self._lock:
            self._tokens.add((dbname, claim_token))
            if not self._running:
                self._running = _start_thread(self._run, dbname, f"beats-{next(self._runs)}")

    def forget(self, dbname, claim_token):
        with self._lock:
            self._tokens.discard((dbname, claim_token))

    def _run(self, _dbname, _all):
        pause = threading.Event()
        while True:
            pause.wait(HEARTBEAT_INTERVAL)
            with self._lock:
                tokens = set(self._tokens)
                if not tokens:
                    self._running = False
                    return
            for dbname in {dbname for dbname, _token in tokens}:
                self._beat(dbname, [token for name, token in tokens if name == dbname])

    def _beat(self, dbname, tokens):
        try:
            with _environment(dbname, self._place) as env:
                # A thread that is recording its answer deletes its own: the others must neither wait for it, nor lose
                # their beat to it.
                env.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                env.cr.execute(
                    """UPDATE nets_heartbeat SET beat_at = now() AT TIME ZONE 'utc'
                        WHERE id IN (SELECT id FROM nets_heartbeat WHERE claim_token = ANY(%s)
                                        FOR NO KEY UPDATE SKIP LOCKED)""",
                    [tokens],
                )
        except (psycopg2.Error, PoolError) as error:
            # A missed beat makes a row unknown at worst; its thread records the answer all the same.
            _logger.warning("Heartbeats weren't renewed: %s", error)


keeper = _Keeper()


# === LOOK UP, ABORT === #


def _look_up_repeatedly(dbname, transaction_id):
    """Look up until it is settled; after a while the scheduled job goes on."""
    pause = threading.Event()
    for _lookup in range(THREAD_LOOKUPS):
        delay = _until_committed(dbname, transaction_id, "_seconds_to_lookup")
        if delay is None:
            return
        pause.wait(delay)
        _look_up(dbname, transaction_id)


def _look_up(dbname, transaction_id):
    """One bounded lookup, if it is due and nobody else is at it; and the booking of what it finds."""
    call = _until_committed(dbname, transaction_id, "_claim_lookup")
    if call is None:
        return
    client = _client(dbname, call)
    terminal_state = last = failure = None
    try:
        terminal_state = client.terminal_state(call.terminal)
        last = client.last_transaction(call.terminal)
    except ConnectCloudError as error:
        failure = error
    # Only then: bookings may wait for each other, and for people who work on the same documents; lookups needn't.
    if _until_committed(dbname, transaction_id, "_record_lookup", terminal_state, last, failure):
        _book(dbname, transaction_id)


def _abort(dbname, transaction_id):
    """Ask the terminal to stop. Whatever it answers decides nothing: the payment's own answer does."""
    call = _in_transaction(dbname, transaction_id, "_prepare_abort")
    if call is None:
        return
    try:
        _client(dbname, call).cancel(call.terminal)
    except ConnectCloudError as error:
        _logger.info("The abort of card transaction %s didn't reach the terminal: %s", transaction_id, error.reason)
    _in_transaction(dbname, transaction_id, "_abort_call_ended")


# === THE TERMINAL'S STATE === #


def ask_terminal(client, query):
    """Ask for a terminal's state, and send its printer setting where there is one to send.

    :param client: ConnectCloudClient
    :param Query query: what to ask
    :return: TerminalAnswer
    """
    values = {}
    try:
        values["state"] = client.terminal_state(query.terminal)
    except ConnectCloudError as error:
        values |= {"reason": error.reason.value, "message": error.message}
    if query.printer_width is not None:
        values["printer"] = query.printer
        try:
            client.set_terminal_settings(query.terminal, printer_width=query.printer_width)
        except ConnectCloudError as error:
            values |= {"printer_reason": error.reason.value, "printer_text": error.message}
    return TerminalAnswer(**values)


def _refresh_terminal(dbname, terminal_id):
    try:
        query = _on_terminal(dbname, terminal_id, "_prepare_query")
        client = ConnectCloudClient(**query.client_values, on_token=partial(_keep_token, dbname, query.account_id))
        _on_terminal(dbname, terminal_id, "_record_query", ask_terminal(client, query))
    except (psycopg2.Error, PoolError) as error:
        # only what the settings show as the terminal's state gets older
        _logger.info("The state of terminal %s wasn't stored: %s", terminal_id, error)


def _on_terminal(dbname, terminal_id, method, *args):
    """As `_in_transaction`, for a method of the terminal."""
    with _environment(dbname) as env:

        def call():
            return getattr(env["nets.terminal"].browse(terminal_id), method)(*args)

        return retrying(call, env)
