"""The threads that talk to NETS, so that no worker, cursor or row lock waits for a customer.

One thread per transaction holds the blocking call, with a small stack; the number of terminals bounds the number of
threads, since a terminal takes one operation at a time. All else is done by a few threads (`pools.py`), each kind of
work by its own, so that none keeps another from being done: what a call needs of the database before and after it,
lookups, aborts, questions for a terminal's state, bookings. What is needed is read before, in a short transaction,
and what was learnt is written after, in another one. Should the process die at any point, the row tells how far it
got:

    not claimed          nothing was sent; the row fails after a minute
    claimed, no answer   the heartbeat stops; the row becomes unknown and is looked up
    recorded, not booked it is booked by the process that looks after what is open
"""

import logging
import os
import random
import secrets
import threading
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED, ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.pool import PoolError

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, retrying
from odoo.sql_db import db_connect
from odoo.tools import SQL, config

from .connect_cloud import (
    ConnectCloudClient,
    ConnectCloudError,
    Outcome,
    OutcomeState,
    Reason,
    SendRefused,
    Timeouts,
)
from .const import HEARTBEAT_INTERVAL, IDLE_DELAY, LONGEST_WATCH_PAUSE, STATE_INTERVAL
from .pools import Pool, start_small_thread

_logger = logging.getLogger(__name__)

# The connection pool raises at its limit: however many terminals answer at once, only a few of their threads
# hold a connection.
_cursors = threading.BoundedSemaphore(6)

# What a person waits for at this very moment comes before what was answered.
_sending = Pool("nets.sending", 3)
# Where some are held up by what somebody else has locked, the answers to others are recorded all the same.
_recording = Pool("nets.recording", 3, spare=2)
# Booking is much work for the processor, which people's requests need, too; and a journal takes one entry after the
# other.
_booking = Pool("nets.booking", 1, spare=1)
# What somebody stands at a counter for is less work, and doesn't wait behind that.
_counter = Pool("nets.counter", 1, spare=1)
_lookups = Pool("nets.lookups", 6)
_aborts = Pool("nets.aborts", 3)
_states = Pool("nets.states", 3)
_logins = Pool("nets.logins", 3)

DATABASE_ERRORS = (psycopg2.Error, PoolError)
# Seconds that a booking waits for a document, or the number of an entry, that somebody else has.
BOOKING_PATIENCE = 2


class Postponed(Exception):
    """Something is done a moment later, by the next free thread."""

    def __init__(self, reason, pause):
        super().__init__(reason)
        self.pause = pause


# Where the terminal's last result can't even be asked for these reasons, a payment can't be sent either. Others, a
# 404 among them, may be the service's way to say that the terminal has no last result yet.
CANNOT_SEND = {
    Reason.SERVICE_UNREACHABLE,
    Reason.LOGIN_REFUSED,
    Reason.LOGIN_MISSING,
    Reason.LOGIN_UNAVAILABLE,
    Reason.ACCOUNT_NOT_ACTIVATED,
    Reason.CALL_REFUSED,
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
    waiting: tuple = ()  # of a lookup: the ids of all transactions that it is for

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


def send_after_commit(cr, call):
    """Have an operation sent, once its reservation is committed.

    :param Call call: what was read for it in the transaction that reserves it
    """
    _after_commit(cr, _sending, _send, call, key=call.transaction_id)


def look_up_after_commit(transaction):
    """Have one lookup made on the transaction's terminal, if one is due and nobody else is making it."""
    _after_commit(
        transaction.env.cr, _lookups, _look_up, transaction.id, secrets.token_hex(8), key=transaction.terminal_id.id
    )


def book_after_commit(cr, transaction_id):
    """Have a charge booked, if nobody else is booking it."""
    _after_commit(cr, _counter, _book, transaction_id, "_book_unless_locked")


def abort_after_commit(cr, transaction_id):
    """Have the terminal asked to stop."""
    _after_commit(cr, _aborts, _abort, transaction_id)


def refresh_terminal_after_commit(cr, terminal_id):
    """Have the printer setting sent, and the terminal asked for its state."""
    _after_commit(cr, _states, _refresh_terminal, terminal_id)


def log_in_after_commit(cr, account_id):
    """Have an account logged in, for a new token."""
    _after_commit(cr, _logins, _log_in, account_id)


def log_in(dbname, account_id, told_id=None):
    """Log in, and wait for it; to be called when no transaction is open. Never raises.

    :param int told_id: the user who is told how it ended
    :return: the ids of the terminals that the account may use, or None where NETS, or the database, didn't say
    """
    try:
        return _wait_for(_logins, _log_in, dbname, account_id, told_id)
    except Exception:  # a callback that raises would stop the ones behind it
        _logger.exception("The login of NETS account %s couldn't be tried", account_id)
        return None


def refresh_terminal(dbname, terminal_id):
    """Ask for a terminal's state, and wait for it; to be called when no transaction is open.

    :return: TerminalAnswer
    :raise psycopg2.Error, PoolError: where the database can't be reached
    """
    return _wait_for(_states, _refresh_terminal, dbname, terminal_id)


def keep_token(dbname, account_id, client_values, token):
    """Have a new token stored, without waiting for it. Losing it costs another login, nothing more.

    :param dict client_values: with which it was got
    :param token: connect_cloud.Token, or None where it turned out to be invalid
    """
    _submit(_recording, _store_token, dbname, account_id, client_values, token)


def watch_over_after_commit(cr):
    """Have this process look after what is open, until nothing is."""
    _after_commit(cr, _recording, _watch_over)


def _after_commit(cr, pool, target, *args, key=None):
    cr.postcommit.add(partial(_submit, pool, target, cr.dbname, *args, key=key))


def _submit(pool, target, dbname, *args, key=None, delay=0, attempt=0):
    """Have something done by a pool, unless it is queued there already. Never raises: a callback that does would stop
    the ones behind it, and a row that nobody takes care of is found later.

    :param key: what tells it from others of its kind; the first argument by default
    :param float delay: seconds
    :return: whether it will be done
    """
    name = f"nets.{dbname}.{target.__name__.strip('_')}.{key or next(iter(args), '')}"
    try:
        pool.submit(name, partial(_run, pool, target, dbname, args, key, name, attempt), delay)
    except RuntimeError:
        _logger.exception("%s couldn't be started", name)
        return False
    return True


def _run(pool, target, dbname, args, key, name, attempt):
    """Do it; and where it has to be done whatever happens, again and again until the database has it.

    Odoo's threads for scheduled jobs don't survive a crash of the database, so nobody might come after us.
    """
    threading.current_thread().dbname = dbname  # for Odoo's log lines
    try:
        target(dbname, *args)
    except Postponed as postponed:
        _logger.debug("%s is done later: %s", name, postponed)
        pause = min(postponed.pause * (attempt + random.random()), 10)
    except DATABASE_ERRORS as error:
        if _is_gone(dbname):
            return
        if target not in REPEATED:
            _logger.info("%s failed: %s", name, error)
            return
        pause = min(2**attempt, 10)
        _logger.warning("%s failed, again in %s s (%s)", name, pause, error)
    else:
        return
    _submit(pool, target, dbname, *args, key=key, delay=pause, attempt=attempt + 1)


# === SHORT TRANSACTIONS === #

_quiet = threading.local()


class _QuietFilter(logging.Filter):
    """Keeps a conflict of two transactions, which is repeated at once, from being logged as an error."""

    def filter(self, record):
        met = getattr(_quiet, "met", ())
        return not (met and isinstance(record.args, tuple) and any(isinstance(each, met) for each in record.args))


logging.getLogger("odoo.sql_db").addFilter(_QuietFilter())


@contextmanager
def quiet_conflicts(*met):
    """Somebody else may be faster here. That is expected: what is done is repeated.

    Odoo logs each statement that fails as an error. Where we write one ourselves, it can be told not to; where its ORM
    does, this does it, for the thread that calls it alone.

    :param met: further exceptions that are
    """
    before = getattr(_quiet, "met", ())
    _quiet.met = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, *met)
    try:
        yield
    finally:
        _quiet.met = before


_gone = set()


def _is_gone(dbname):
    """Whether a database was dropped: what was under way for it ends then, with one line in the log."""
    try:
        with db_connect("postgres").cursor() as cr:
            cr.execute("SELECT 1 FROM pg_database WHERE datname = %s", [dbname])
            is_there = bool(cr.fetchone())
    except DATABASE_ERRORS:
        return False  # all of them are away, or nobody may ask
    if is_there:
        _gone.discard(dbname)
        return False
    if dbname not in _gone:
        _gone.add(dbname)
        keeper.forget_all(dbname)
        _logger.warning("The database %s is gone, and with it all card transactions that were under way", dbname)
    return True


@contextmanager
def _environment(dbname, places=_cursors, isolation=ISOLATION_LEVEL_READ_COMMITTED):
    """Give the environment of a short transaction.

    What we change is locked, or compared and set, in a single statement. With READ COMMITTED it waits for
    the other one, and goes on from there: with Odoo's usual level it would end in an error, a line in the log, and a
    repeat some time later.
    """
    if dbname not in Registry.registries and _is_gone(dbname):
        raise PoolError("the database is gone")
    with places, Registry(dbname).cursor() as cr:
        cr.connection.set_isolation_level(isolation)
        Registry(dbname).check_signaling(cr)
        yield api.Environment(cr, SUPERUSER_ID, {})


def _in_transaction(dbname, record_id, method, *args, model="nets.transaction", **options):
    """Call a method of a record in a short database transaction of its own, repeated on conflicts.

    :param record_id: None for a method of the model
    :param options: of `_environment`
    :return: what the method returns
    :raise psycopg2.Error, PoolError: where the database can't be reached
    """
    with _environment(dbname, **options) as env, quiet_conflicts():

        def call():
            return getattr(env[model].browse(record_id), method)(*args)

        return retrying(call, env)


def _ask_database(dbname, transaction_id, method, *args):
    """As `_in_transaction`, for a thread with a small stack: one with a usual one does it."""
    return _wait_for(_sending, _in_transaction, dbname, transaction_id, method, *args)


def _wait_for(pool, target, dbname, *args):
    """Have something done by a pool, and wait for it.

    :return: what it returns
    :raise PoolError: where no thread could be started; and whatever it raises
    """
    answer = Future()
    try:
        pool.submit(answer, partial(_answer, answer, target, dbname, *args))
    except RuntimeError as error:
        raise PoolError("no thread could be started") from error
    return answer.result()


def _answer(answer, target, dbname, *args):
    """Do what another thread waits for."""
    threading.current_thread().dbname = dbname
    try:
        answer.set_result(target(dbname, *args))
    except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
        answer.set_exception(error)


def _client(dbname, call, **timeouts):
    customer_timeout = call.customer_timeout
    return ConnectCloudClient(
        **call.client_values,
        on_token=partial(keep_token, dbname, call.account_id, call.client_values),
        timeouts=Timeouts(transaction=customer_timeout, void=customer_timeout, **timeouts),
    )


# === SEND, AND LISTEN === #


def _send(dbname, call):
    """Start the thread that makes the call."""
    claim_token = secrets.token_hex(8)
    try:
        start_small_thread(partial(_hold, dbname, call, claim_token), f"nets.{dbname}.hold.{call.transaction_id}")
    except RuntimeError:
        _logger.exception("Card transaction %s couldn't be sent", call.transaction_id)
        _record_not_sent(dbname, call.transaction_id, claim_token)


def _hold(dbname, call, claim_token):
    """Make the call, and hand on what it brought. Only the client runs in here: the stack is small."""
    threading.current_thread().dbname = dbname
    try:
        client = _client(dbname, call, last_transaction=15)
        outcome = _ask_baseline(dbname, client, call) if call.wants_baseline else None
        if outcome is None:
            outcome = _make_call(dbname, client, call, claim_token)
    except DATABASE_ERRORS as error:
        # The claim couldn't be committed, or only perhaps. Nothing was sent, and nobody else will send it: who but this
        # thread knows that?
        _logger.warning("Card transaction %s was not sent: %s", call.transaction_id, error)
        _submit(_recording, _record_not_sent, dbname, call.transaction_id, claim_token)
    except Exception:  # nobody is above a thread
        keeper.forget(dbname, claim_token)
        _logger.exception("Card transaction %s: its thread ended unexpectedly", call.transaction_id)
    else:
        if outcome is not None and not _submit(
            _recording, _record, dbname, call, claim_token, outcome, key=call.transaction_id
        ):
            _record(dbname, call, claim_token, outcome)


def _record_not_sent(dbname, transaction_id, claim_token):
    _in_transaction(dbname, transaction_id, "_record_not_sent", claim_token)
    keeper.forget(dbname, claim_token)


def _record(dbname, call, claim_token, outcome):
    """Rule 10: keep what was answered until it is committed; and see to what follows.

    From then on the outcome is in the database: others look after what is open, and finish what this process doesn't.
    """
    transaction_id = call.transaction_id
    try:
        wants_state = _in_transaction(dbname, transaction_id, "_record_answer", outcome)
    except DATABASE_ERRORS:
        raise  # the answer is kept, and its holder is alive: nobody needs to settle by hand what it knows
    except Exception:
        keeper.forget(dbname, claim_token)
        raise
    keeper.forget(dbname, claim_token)
    if outcome.state == OutcomeState.APPROVED:
        _book_soon(dbname, transaction_id)
    elif outcome.state == OutcomeState.UNKNOWN:
        _submit(_recording, _watch_over, dbname)
    if wants_state:
        # sooner, the terminal is still showing the result
        delay = IDLE_DELAY if outcome.started else 0
        _submit(_states, _refresh_terminal, dbname, call.terminal_record_id, delay=delay)


def _book_soon(dbname, transaction_id, method="_book"):
    """Have a charge booked, in the queue that it belongs to."""
    _submit(_counter, _book, dbname, transaction_id, method)


def _book(dbname, transaction_id, method, may_take_long=False):
    """Book a charge. What accounting refuses is left to the scheduled job.

    :param bool may_take_long: whether this is the queue for that; what nobody stands at a counter for is put in it

    Accounting is made for Odoo's usual isolation: it counts on an error where somebody else changed what it read. It is
    repeated a little later then, and nobody waits long: neither for others' documents, nor in the way of other
    bookings, nor of answers that are to be recorded.
    """
    if _recording.backlog():
        raise Postponed("answers are recorded first", 0.3)
    try:
        with _environment(dbname, nullcontext(), ISOLATION_LEVEL_REPEATABLE_READ) as env, quiet_conflicts():
            transaction = env["nets.transaction"].browse(transaction_id)
            if not (may_take_long or transaction._origin_model()._stands_at_counter):
                _submit(_booking, _book, dbname, transaction_id, method, True)
                return
            env.cr.execute(SQL("SET LOCAL lock_timeout = %s", f"{BOOKING_PATIENCE}s"))
            getattr(transaction, method)()
            env.cr.commit()
            env.registry.signal_changes()
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
        raise Postponed(error, 0.5) from error


def _ask_baseline(dbname, client, call):
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
    _ask_database(dbname, call.transaction_id, "_record_baseline", last)
    return None


def _make_call(dbname, client, call, claim_token):
    """Claim the row and make the blocking call. No cursor is held while it runs.

    :return: Outcome, or None where the row was not claimed
    :raise psycopg2.Error, PoolError: where it couldn't be claimed for sure; nothing was sent
    """
    claimed = False

    def before_send(attempt):
        nonlocal claimed
        method = "_claim" if attempt == 1 else "_holds_claim"
        allowed = _ask_database(dbname, call.transaction_id, method, claim_token)
        if attempt == 1 and allowed:
            claimed = True
            keeper.keep(dbname, claim_token)
            _submit(_recording, _show, dbname, call.transaction_id, claim_token, "card")
            _look_later(dbname, call, claim_token, call.answer_timeout)
        return allowed

    try:
        if call.kind == "reversal":
            return client.void(call.terminal, call.amount, before_send=before_send)
        if call.kind == "administration":
            return getattr(client, call.administration)(call.terminal, before_send=before_send)
        send = {"purchase": client.purchase, "refund": client.refund}[call.kind]
        return send(call.terminal, call.amount, call.order_id, before_send=before_send)
    except SendRefused:
        # The first request was refused at the door (401), and the repeat isn't wanted any more.
        return _not_sent(Reason.LOGIN_REFUSED, "") if claimed else None
    finally:
        keeper.answered(dbname, claim_token)


def _not_sent(reason, message):
    return Outcome(state=OutcomeState.NOT_APPROVED, reason=reason, message=message, started=False)


# === WHILE IT IS HELD === #


def _show(dbname, transaction_id, claim_token, progress):
    """Tell the person what the terminal is doing."""
    _in_transaction(dbname, transaction_id, "_show_progress", claim_token, progress)


def _look_later(dbname, call, claim_token, delay):
    _submit(_states, _look_while_held, dbname, call, claim_token, key=call.transaction_id, delay=delay)


def _look_while_held(dbname, call, claim_token):
    """Rule 5: the answer is overdue. Tell what the terminal's state shows; where it is idle, its last result may prove
    the charge already. Whatever it proves or doesn't, the call goes on listening."""
    if not keeper.is_awaited(dbname, claim_token):
        return
    client = _client(dbname, call)
    try:
        is_idle = client.terminal_state(call.terminal).lower() == "idle"
        _show(dbname, call.transaction_id, claim_token, "interrupted" if is_idle else "customer")
        if is_idle and call.kind in ("purchase", "refund"):
            last = client.last_transaction(call.terminal)
            if _in_transaction(dbname, call.transaction_id, "_record_while_held", last):
                _book_soon(dbname, call.transaction_id)
    except ConnectCloudError:
        _show(dbname, call.transaction_id, claim_token, "interrupted")
    finally:
        if keeper.is_awaited(dbname, claim_token):
            _look_later(dbname, call, claim_token, STATE_INTERVAL)


class _Keeper:
    """Rule 16: one statement per process and database renews the heartbeats of what its threads have in hand.

    Nobody else renews or deletes them, so that nobody conflicts with it.
    """

    def __init__(self):
        # a place of its own: threads that wait for the database must not look dead
        self._place = threading.BoundedSemaphore(1)
        self._reset()

    def _reset(self):
        self._lock = threading.Lock()
        self._held = {}  # (dbname, token) → whether the answer to its call is still awaited
        self._forgotten = set()  # (dbname, token) whose heartbeat is to be deleted
        self._is_running = False

    def keep(self, dbname, token):
        """Renew the heartbeat with this token from now on."""
        with self._lock:
            self._held[dbname, token] = True
            self._forgotten.discard((dbname, token))
            self._ensure_thread()

    def answered(self, dbname, token):
        """The call has ended; what it brought is still to be recorded."""
        with self._lock:
            if (dbname, token) in self._held:
                self._held[dbname, token] = False

    def is_awaited(self, dbname, token):
        """Whether the call is still listening."""
        return self._held.get((dbname, token), False)

    def forget(self, dbname, token):
        """Let a heartbeat end."""
        with self._lock:
            self._held.pop((dbname, token), None)
            self._forgotten.add((dbname, token))
            self._ensure_thread()

    def forget_all(self, dbname):
        """The database is gone."""
        with self._lock:
            self._held = {key: value for key, value in self._held.items() if key[0] != dbname}
            self._forgotten = {key for key in self._forgotten if key[0] != dbname}

    def _ensure_thread(self):
        if not self._is_running:
            try:
                threading.Thread(target=self._work, name="nets.heartbeats", daemon=True).start()
                self._is_running = True
            except RuntimeError:
                _logger.exception("The heartbeats of card transactions aren't renewed")

    def _work(self):
        pause = threading.Event()
        while True:
            pause.wait(HEARTBEAT_INTERVAL)
            with self._lock:
                held, forgotten = set(self._held), set(self._forgotten)
                if not held and not forgotten:
                    self._is_running = False
                    return
            for dbname in {dbname for dbname, _token in held | forgotten}:
                self._beat(dbname, _of_database(dbname, held), _of_database(dbname, forgotten))

    def _beat(self, dbname, held, forgotten):
        try:
            with _environment(dbname, self._place) as env:
                env["nets.heartbeat"]._beat(held, forgotten)
        except DATABASE_ERRORS as error:
            # A missed beat makes a row unknown at worst; its answer is recorded all the same.
            if not _is_gone(dbname):
                _logger.warning("Heartbeats weren't renewed: %s", error)
        else:
            with self._lock:
                self._forgotten.difference_update((dbname, token) for token in forgotten)


def _of_database(dbname, tokens):
    return [token for name, token in tokens if name == dbname]


keeper = _Keeper()


# === LOOK UP, ABORT === #


def _look_up(dbname, transaction_id, lookup_token):
    """One bounded lookup, if one is due on the transaction's terminal and nobody else is at it: for all transactions
    that wait for it. And the booking of what it finds."""
    call = _in_transaction(dbname, transaction_id, "_claim_lookup", lookup_token)
    if call is None:
        return
    keeper.keep(dbname, lookup_token)
    try:
        terminal_state = last = failure = None
        client = _client(dbname, call)
        try:
            terminal_state = client.terminal_state(call.terminal)
            last = client.last_transaction(call.terminal)
        except ConnectCloudError as error:
            failure = error
        for waiting_id in call.waiting:
            if _in_transaction(dbname, waiting_id, "_record_lookup", terminal_state, last, failure):
                _book_soon(dbname, waiting_id)
    finally:
        keeper.forget(dbname, lookup_token)
    # what comes next of what is still unknown
    _submit(_recording, _watch_over, dbname)


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


# === LOOK AFTER WHAT IS OPEN === #


def _watch_over(dbname):
    """Start what is due, of any process, and come back when the next is. Ends when nothing is open any more.

    A dead process can't do it; and the scheduled job comes once a minute, not before a minute after a start, and not
    at all after a crash of the database.
    """
    due, pause = _in_transaction(dbname, None, "_due_now")
    for transaction_id, terminal_id, what in due:
        if what == "lookup":
            _submit(_lookups, _look_up, dbname, transaction_id, secrets.token_hex(8), key=terminal_id)
        elif what == "booking":
            _book_soon(dbname, transaction_id, "_book_unless_locked")
        else:
            _in_transaction(dbname, transaction_id, "_recover")
    if pause is not None:
        # not all processes in the same moment
        pause = min(max(pause, 1), LONGEST_WATCH_PAUSE) + random.random()
        _submit(_recording, _watch_over, dbname, delay=pause)


# Databases that were loaded by a process that serves nobody itself: those that it forks do.
_loaded_before_fork = set()


def registry_was_loaded(dbname):
    """A process begins to serve a database: it looks after what others left there, after a moment, and not all of them
    at once."""
    serving = server.server
    if serving is None or config["test_enable"] or config["stop_after_init"] or getattr(odoo, "evented", False):
        return
    if isinstance(serving, server.PreforkServer) and serving.pid == os.getpid():
        _loaded_before_fork.add(dbname)
    else:
        _submit(_recording, _watch_over, dbname, delay=random.uniform(1, 3))


def _after_fork():
    keeper._reset()
    loaded = set(_loaded_before_fork)
    _loaded_before_fork.clear()
    for dbname in loaded:
        _submit(_recording, _watch_over, dbname, delay=random.uniform(1, 3))


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)


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
    """What the settings show as the terminal's state gets older where this fails, nothing more."""
    query = _in_transaction(dbname, terminal_id, "_prepare_query", model="nets.terminal")
    on_token = partial(keep_token, dbname, query.account_id, query.client_values)
    answer = ask_terminal(ConnectCloudClient(**query.client_values, on_token=on_token), query)
    _in_transaction(dbname, terminal_id, "_record_query", answer, model="nets.terminal")
    return answer


# === TOKENS === #


def try_login(client):
    """:return: (ids of the terminals that the account may use, None), or (None, ConnectCloudError)"""
    try:
        return client.login(), None
    except ConnectCloudError as error:
        return None, error


def _log_in(dbname, account_id, told_id=None):
    values = _in_transaction(dbname, account_id, "_client_values", model="nets.account")
    client = ConnectCloudClient(**values, on_token=partial(_store_token, dbname, account_id, values))
    identifiers, error = try_login(client)
    _in_transaction(dbname, account_id, "_record_login", identifiers, error, told_id, model="nets.account")
    return identifiers


def _store_token(dbname, account_id, client_values, token):
    _in_transaction(dbname, account_id, "_store_token", client_values, token, model="nets.account")


# What has to be done whatever happens to the database.
REPEATED = {_send, _record, _record_not_sent, _book, _look_up, _watch_over}
