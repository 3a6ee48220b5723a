"""Nobody is disturbed: work is bounded, ordinary conflicts are no errors, and secrets stay out of every log."""

import contextlib
import queue
import socket
import threading
import uuid

import psutil
import pytest

import stack as machinery

SECRET = "never-in-a-log"


class Log:
    """What a server wrote into its log since the test began."""

    def __init__(self, path):
        self.path = path
        self.begin = path.stat().st_size

    def text(self):
        with open(self.path, errors="replace") as file:
            file.seek(self.begin)
            return file.read()

    def errors(self):
        return [line for line in self.text().splitlines() if " ERROR " in line or " CRITICAL " in line]


@pytest.fixture
def log(stack):
    return Log(stack.odoo.log)


class SilentService:
    """A NETS that takes connections and says nothing, until it hangs up."""

    def __init__(self, server):
        self.server = server
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        self.taken = queue.Queue()
        self.is_silent = True
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        with contextlib.suppress(OSError):  # it was closed
            while True:
                connection, _address = self.server.accept()
                self.taken.put(connection) if self.is_silent else connection.close()

    @contextlib.contextmanager
    def asked(self):
        """Somebody asks, and waits for an answer that doesn't come."""
        self.is_silent = True
        connection = self.taken.get(timeout=60)
        yield
        self.is_silent = False
        connection.close()
        while not self.taken.empty():
            self.taken.get().close()


@pytest.fixture
def silent_service():
    """Return a `SilentService`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield SilentService(server)


def in_background(function):
    """Return a function that waits for the end of this one, which is called in a thread."""
    results = []

    def run():
        try:
            results.append(function())
        except machinery.OdooError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait():
        thread.join(60)
        return results[0]

    return wait


def beating(clinic):
    """Return how many calls and lookups are under way: what died leaves its last beat for a day."""
    statement = "SELECT count(*) FROM nets_heartbeat WHERE beat_at > (now() AT TIME ZONE 'utc') - interval '15 seconds'"
    return clinic.sql(statement)[0][0]


# === BOUNDED === #


def test_rule_25_hundreds_who_ask_for_results_are_served_by_a_few_threads(clinic, simulator, stack):
    """Rule 25: one lookup of a terminal is for all who wait for it, and few are made at once."""
    terminals = clinic.make_terminals(60)
    invoices = clinic.make_invoices(len(terminals), 50)
    for terminal in terminals:
        terminal.play("insufficient_funds")
    failed = [clinic.press_pay(*each, 50) for each in zip(invoices, terminals, strict=True)]
    for transaction in failed:
        assert clinic.wait_for_end(transaction) == "failed"
    # ten of each terminal
    clinic.sql(
        """INSERT INTO nets_transaction (order_id, kind, terminal_id, terminal_identifier, environment, amount,
                                         company_id, currency_id, user_id, origin, state, sent_at, recorded_at, reason)
           SELECT left(md5(t.id::text || n), 20), kind, terminal_id, terminal_identifier, environment, amount,
                  company_id, currency_id, user_id, 'none', 'failed', sent_at, recorded_at, reason
             FROM nets_transaction t, generate_series(1, 9) n WHERE t.id = ANY(%s)""",
        failed,
    )
    rows = clinic.sql(
        "SELECT id FROM nets_transaction WHERE state = 'failed' AND terminal_id = ANY(%s)",
        [terminal.id for terminal in terminals],
    )
    everything = [record for (record,) in rows]
    assert len(everything) == 600
    process = psutil.Process(stack.odoo.process.pid)
    machinery.wait_until(lambda: not beating(clinic), 60, "nothing to be under way", 0.5)
    before = process.num_threads()

    simulator.service(last_transaction="hang")
    assert "100 transactions at most" in clinic.refusal(
        lambda: clinic.admin.call("nets.transaction", "get_last_result", everything)
    )
    for first in range(0, 600, 100):
        clinic.admin.call("nets.transaction", "get_last_result", everything[first : first + 100])
    machinery.wait_until(lambda: beating(clinic) == 6, 60, "six lookups", 0.2)
    assert process.num_threads() - before < 20
    # what hangs is cut off, and all the others are asked
    stack.simulator.kill()
    stack.simulator.start()
    statement = "SELECT count(*) FROM nets_transaction WHERE id = ANY(%s) AND next_lookup_at IS NOT NULL"
    machinery.wait_until(lambda: clinic.sql(statement, everything) == [(0,)], 60, "all to be answered", 0.5)
    assert 0 < len(_lookups(simulator)) <= len(terminals)


def _lookups(simulator):
    return [each for each in simulator.requests() if each["method"] == "GET" and each["path"].endswith("/transaction")]


# === QUIET === #


def test_answers_that_come_at_once_are_no_error(clinic, terminal, log):
    clinic.admin.call("nets.terminal", "write", [terminal.id], {"used_by_hand": False})
    for number in range(12):
        terminal.play("approved" if number % 2 else "insufficient_funds")
        clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(20), terminal))
    machinery.wait_until(lambda: not beating(clinic), 60, "all to have ended", 0.5)
    assert log.errors() == []
    assert "tries left" not in log.text(), "nor repeated, which would cost a second"


def test_two_who_pay_one_invoice_or_use_one_terminal_at_once_are_no_error(clinic, log):
    here, there = clinic.make_terminals(2)
    for terminal in (here, there):
        terminal.play("approved")
    invoice = clinic.make_invoice(500)
    clinic.user("demo")
    results = clinic.together(
        lambda: clinic.press_pay(invoice, here, 500),
        lambda: clinic.press_pay(invoice, there, 500, user="demo"),
    )
    paid = [each for each in results if isinstance(each, int)]
    assert len(paid) == 1
    clinic.wait_for_end(paid[0])

    terminal = clinic.make_terminal()
    terminal.hold()
    invoices, request = clinic.make_invoices(4, 70), str(uuid.uuid4())
    results = clinic.together(
        *[lambda invoice=invoice: clinic.press_pay(invoice, terminal, 70) for invoice in invoices[:3]],
        *[lambda: clinic.press_pay(invoices[3], terminal, 70, request)] * 2,
    )
    paid = {each for each in results if isinstance(each, int)}
    assert len(paid) == 1
    terminal.asks_for_card()
    terminal.release()
    clinic.wait_for_end(paid.pop())
    assert log.errors() == []


def test_somebody_who_works_on_the_invoice_delays_its_booking_and_no_other(clinic, log):
    """Rule 3 stays: the one who waited for a document looks at it again."""
    busy, free = clinic.make_terminals(2)
    invoices = clinic.make_invoices(2, 90)
    for terminal in (busy, free):
        terminal.hold()
    transactions = [clinic.press_pay(*each, 90) for each in zip(invoices, (busy, free), strict=True)]
    for terminal in (busy, free):
        terminal.asks_for_card()
    person = clinic.stack.postgresql.connect(clinic.stack.database)
    with contextlib.closing(person), person.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE account_move SET write_date = now() WHERE id = %s", [invoices[0]])
        busy.release()
        clinic.wait_for_state(transactions[0], "approved")
        free.release()
        assert clinic.wait_for_end(transactions[1]) == "approved"
        assert clinic.read("nets.transaction", transactions[0], "to_book")
        cursor.execute("COMMIT")
    assert clinic.wait_for_end(transactions[0]) == "approved"
    assert [clinic.due(invoice) for invoice in invoices] == [0, 0]
    assert log.errors() == []


# === SECRETS === #


def test_rule_26_a_conflict_on_a_secret_shows_it_to_nobody(clinic, stack, log):
    """Rule 26: neither Odoo's log nor PostgreSQL's has it, where two write one account's password at once."""
    account = clinic.make_account(name="Fought over")
    server = Log(stack.postgresql.directory / "log") if stack.postgresql.private else None
    other = clinic.stack.postgresql.connect(clinic.stack.database)
    with contextlib.closing(other), other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE nets_account_secret SET token_expires_at = 1 WHERE account_id = %s", [account])
        saved = in_background(lambda: clinic.admin.call("nets.account", "write", [account], {"password": SECRET}))
        machinery.wait_until(
            lambda: clinic.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"),
            60,
            "the two to meet",
            0.1,
        )
        cursor.execute("COMMIT")
    assert saved() is True
    assert clinic.sql("SELECT password FROM nets_account_secret WHERE account_id = %s", account) == [(SECRET,)]
    assert "tries left" in log.text(), "they met"
    for text in (log.text(), server.text() if server else ""):
        assert SECRET not in text
    assert "bad query" not in log.text()
    clinic.admin.call("nets.account", "write", [account], {"active": False})


def test_rule_26_no_transaction_is_open_while_nets_is_asked(clinic, silent_service, log):
    """Rule 26: saving an account or a terminal, and their buttons, ask NETS while no transaction is open."""
    account = clinic.make_account(name="Silent")
    terminal = clinic.make_terminal(account_id=account)
    save = {"simulator_url": silent_service.url, "password": SECRET}
    call = clinic.admin.call
    [replace] = call("nets.terminal.replace", "create", [{"terminal_id": terminal.id, "identifier": "39999998"}])
    new = {"name": "New", "identifier": "39999999", "account_id": account, "currency_id": clinic.admin.ref("base.NOK")}
    for ask in (
        lambda: call("nets.account", "write", [account], save),
        lambda: call("nets.account", "action_test_connection", [account]),
        lambda: call("nets.terminal", "action_refresh_state", [terminal.id]),
        lambda: call("nets.terminal", "create", [new]),
        lambda: call("nets.terminal", "web_save", [terminal.id], {"identifier": "39999997"}, {}),
        lambda: call("nets.terminal.replace", "action_replace", [replace]),
    ):
        called = in_background(ask)
        with silent_service.asked():
            machinery.wait_until(
                lambda: (
                    not clinic.sql(
                        """SELECT query FROM pg_stat_activity
                            WHERE datname = current_database() AND pid <> pg_backend_pid()
                              AND (state LIKE 'idle in transaction%%' OR backend_xmin IS NOT NULL)"""
                    )
                ),
                15,
                "no transaction to be open",
                0.1,
            )
            # what another one needs of the account isn't held either
            clinic.sql("SELECT 1 FROM nets_account_secret WHERE account_id = %s FOR UPDATE NOWAIT", account)
            clinic.sql("SELECT 1 FROM nets_account WHERE id = %s FOR UPDATE NOWAIT", account)
        called()
    said = clinic.read("nets.account", account, "connection_reason", "connection_state")
    assert said["connection_state"] == "failed"
    assert SECRET not in log.text()
    clinic.admin.call("nets.account", "write", [account], {"active": False})


def test_saving_shows_at_once_what_the_login_came_to(clinic, open_page):
    account = clinic.make_account(name="To be fixed")
    page = open_page("admin", f"/odoo/action-nets_connect_cloud.nets_account_action/{account}")
    page.locator("[name=username] input").fill("nobody")
    page.locator("[name=password] input").fill("wrong")
    page.locator(".o_form_button_save").click()
    page.locator(".o_nets_connection", has_text="Login refused").wait_for()
    page.locator(".o_notification", has_text="Login refused").first.wait_for()
    clinic.admin.call("nets.account", "write", [account], {"active": False})
