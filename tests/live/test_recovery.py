"""Nothing is lost and nobody waits, whatever dies: processes, connections, tokens."""

import contextlib
import time
from types import SimpleNamespace

from clinic import Clinic
from pages import TransactionPage
from playwright.sync_api import expect

import stack as machinery


def test_odoo_is_killed_while_the_card_is_awaited(clinic, terminal, open_invoice, stack):
    invoice = clinic.make_invoice(880)
    terminal.hold()
    transaction = clinic.press_pay(invoice, terminal)
    terminal.asks_for_card()

    stack.odoo.kill()
    terminal.release()
    terminal.wait("result", "idle")
    assert terminal.charges() == [88000], "charged, and nobody listened"
    stack.odoo.start()
    # the heartbeat stopped with the process; not to wait for its age
    clinic.sql(
        "UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 minute' WHERE transaction_id = %s", transaction
    )

    # whether or not it is found before the page is there: the invoice ends up paid, and nobody pressed anything
    page = open_invoice(invoice)
    page.expect_due(0)
    page.expect_payment(880)
    assert clinic.state(transaction) == "approved"
    assert len(terminal.purchases()) == 1


def test_the_scheduled_job_finishes_what_a_dead_process_left(clinic, terminal, stack):
    invoice = clinic.make_invoice(880)
    terminal.hold()
    transaction = clinic.press_pay(invoice, terminal)
    terminal.asks_for_card()
    stack.odoo.kill()
    terminal.release()
    terminal.wait("result", "idle")
    stack.odoo.start()
    clinic.sql(
        "UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 minute' WHERE transaction_id = %s", transaction
    )

    # nobody opens the invoice; the job runs every minute, and here at once
    job = clinic.ref("cron_recover")
    clinic.admin.call("ir.cron", "method_direct_trigger", [job])
    machinery.wait_until(
        lambda: clinic.state(transaction) in ("unknown", "approved"), 30, "the job to find what was left", 0.2
    )
    clinic.sql("UPDATE nets_transaction SET next_lookup_at = now() - interval '1 day' WHERE id = %s", transaction)
    clinic.admin.call("ir.cron", "method_direct_trigger", [job])
    machinery.wait_until(lambda: clinic.due(invoice) == 0, 60, "the job to fetch and book it", 0.2)
    assert clinic.state(transaction) == "approved"
    assert terminal.charges() == [88000]


def test_after_a_restart_what_is_open_is_looked_up_within_seconds(clinic, simulator, stack):
    """Nobody looks, and the scheduled job doesn't come before a minute has passed: where Odoo is started again more
    often than that, it never does."""
    terminals = clinic.make_terminals(3)
    invoices = clinic.make_invoices(3, 130)
    for terminal in terminals:
        terminal.hold()
    looked_up, *_listened_to = transactions = [
        clinic.press_pay(*each, 130) for each in zip(invoices, terminals, strict=True)
    ]
    for terminal in terminals:
        terminal.asks_for_card()
    # one is looked up at that moment, for one its call is still held
    simulator.service(last_transaction="hang")
    terminals[0].press("cut_network")
    terminals[0].release()
    machinery.wait_until(
        lambda: clinic.sql("SELECT 1 FROM nets_transaction WHERE id = %s AND lookup_token IS NOT NULL", looked_up),
        30,
        "the lookup",
        0.2,
    )
    stack.odoo.kill()
    simulator.service(last_transaction="ok")
    terminals[0].press("restore_network")
    for terminal in terminals[1:]:
        terminal.release()
        terminal.wait("result", "idle")
    # not to wait for the age of the heartbeats
    clinic.sql("UPDATE nets_heartbeat SET beat_at = beat_at - interval '15 seconds'")
    stack.odoo.start()

    statement = "SELECT count(*) FROM nets_transaction WHERE id = ANY(%s) AND booked_at IS NOT NULL"
    machinery.wait_until(lambda: clinic.sql(statement, transactions) == [(3,)], 60, "all to be known and booked", 0.2)
    assert [clinic.due(invoice) for invoice in invoices] == [0, 0, 0]


def test_a_database_that_was_dropped_leaves_one_line_in_the_log(clinic, stack):
    database = machinery.temporary("nets_dropped")
    machinery.clone_template(stack.postgresql, database)
    odoo = machinery.OdooServer(stack.postgresql, database)
    try:
        odoo.start()
        other = Clinic(SimpleNamespace(odoo=odoo, simulator=stack.simulator, postgresql=stack.postgresql), {}, None)
        other.stack.database = database
        machinery.move_in(other.admin)
        account = other.ref("nets_account_demo")
        values = {"simulator_url": stack.simulator.url, "password": "demo-secret"}
        other.admin.call("nets.account", "write", [account], values)
        terminals = other.make_terminals(2, [next(clinic.identifiers) for _number in range(2)])
        for terminal in terminals:
            terminal.hold()
            other.press_pay(other.make_invoice(10), terminal)
        for terminal in terminals:
            terminal.asks_for_card()
        stack.postgresql.drop(database)
        for terminal in terminals:
            terminal.press("cancel")

        def told():
            lines = [line for line in odoo.log.read_text(errors="replace").splitlines() if "nets_connect_cloud" in line]
            return [line for line in lines if " WARNING " in line or " ERROR " in line]

        machinery.wait_until(told, 60, "the line", 0.2)
        # heartbeats were to be renewed twice since
        clock = time.monotonic() + 11
        machinery.wait_until(lambda: time.monotonic() > clock, 60, "more lines", 0.5)
        [line] = told()
        assert f"The database {database} is gone" in line
    finally:
        odoo.stop()
        stack.postgresql.drop(database)


def test_odoo_is_killed_before_anything_was_sent(clinic, terminal, simulator, stack):
    """The thread still asks for the terminal's last result: reserved, not claimed."""
    simulator.service(last_transaction="hang")
    invoice = clinic.make_invoice(880)
    transaction = clinic.press_pay(invoice, terminal)
    machinery.wait_until(lambda: simulator.requests(terminal.identifier), 60, "the first request to the terminal")
    stack.odoo.kill()
    simulator.service(last_transaction="ok")
    stack.odoo.start()

    assert clinic.progress(transaction)["state"] == "pending", "perhaps another process sends it yet"
    # a minute later
    clinic.sql(
        "UPDATE nets_transaction SET create_date = create_date - interval '61 seconds' WHERE id = %s", transaction
    )
    progress = clinic.progress(transaction)
    assert (progress["state"], progress["label"]) == ("failed", "Not sent")
    assert terminal.purchases() == []
    # and now it works
    terminal.play("approved")
    assert clinic.wait_for_end(clinic.press_pay(invoice, terminal)) == "approved"


def test_forty_terminals_wait_and_nothing_is_held(clinic, open_page):
    """No worker, connection or row lock waits for a customer; the heartbeats are one statement."""
    count = 40
    terminals = clinic.make_terminals(count)
    invoices = clinic.make_invoices(count, 65)
    transactions = [
        clinic.press_pay(invoice, terminal, 65) for invoice, terminal in zip(invoices, terminals, strict=True)
    ]
    for terminal in terminals:
        terminal.asks_for_card()

    # rows can be locked by anybody …
    clinic.sql("SELECT id FROM nets_transaction WHERE id = ANY(%s) FOR UPDATE NOWAIT", transactions)
    clinic.sql("SELECT id FROM account_move WHERE id = ANY(%s) FOR UPDATE NOWAIT", invoices)
    # … no database transaction stays open (one that is seen now may just be at work) …
    machinery.wait_until(lambda: not _open_transactions(clinic), 60, "no database transaction to be open")
    [[connections]] = clinic.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    assert connections < count / 2
    # … Odoo answers …
    began = time.monotonic()
    for invoice in invoices[:5]:
        clinic.due(invoice)
    assert (time.monotonic() - began) / 5 < 2
    # … and all are alive, as one statement says
    machinery.wait_until(lambda: _beats(clinic, transactions) == (count, 1), 60, "heartbeats of the same moment", 0.5)
    # One whose progress takes long to be shown doesn't make the others look dead.
    [[last_beat]] = clinic.sql("SELECT max(beat_at) FROM nets_heartbeat")
    recording = clinic.stack.postgresql.connect(clinic.stack.database)
    with contextlib.closing(recording), recording.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE nets_heartbeat SET progress = 'card' WHERE transaction_id = %s", [transactions[0]])
        machinery.wait_until(
            lambda: clinic.sql("SELECT count(*) FROM nets_heartbeat WHERE beat_at > %s", last_beat) == [(count - 1,)],
            60,
            "the others' heartbeats",
            0.5,
        )
        cursor.execute("ROLLBACK")

    for terminal in terminals:
        terminal.press("tap")
    for transaction in transactions:
        assert clinic.wait_for_end(transaction) == "approved"
    assert sum(sum(terminal.charges()) for terminal in terminals) == count * 6500
    assert all(len(terminal.purchases()) == 1 for terminal in terminals)


def _open_transactions(clinic):
    return clinic.sql(
        """SELECT query FROM pg_stat_activity
            WHERE datname = current_database() AND pid != pg_backend_pid() AND state LIKE 'idle in transaction%%'"""
    )


def _beats(clinic, transactions):
    """Return how many heartbeats there are, and at how many moments they were."""
    statement = "SELECT count(*), count(DISTINCT beat_at) FROM nets_heartbeat WHERE transaction_id = ANY(%s)"
    return clinic.sql(statement, transactions)[0]


def test_a_stopped_terminal_comes_back_and_wins_over_a_settlement_by_hand(clinic, open_invoice, open_page):
    """Rules 9 and 13: settled as not charged, and the terminal knows better."""
    terminal = clinic.make_impatient_terminal()
    invoice = clinic.make_invoice(350)
    terminal.hold()
    transaction = clinic.press_pay(invoice, terminal)
    terminal.asks_for_card()
    terminal.press("cut_network")  # NETS answers that it lost the terminal; the customer can still pay
    clinic.wait_for_state(transaction, "unknown")
    clinic.wait_for_silence(transaction)

    page = TransactionPage(open_page("admin", TransactionPage.path(transaction)), transaction)
    page.button("Settle by hand").click()
    page.settle(charged=False, reason="The display was dark.")
    page.expect_state("Failed")
    assert clinic.state(transaction) == "failed"
    assert clinic.due(invoice) == 350

    terminal.release()
    terminal.press("restore_network")
    assert terminal.charges() == [35000]
    # the next payment asks for the last result first, finds the charge, and is not sent
    following = clinic.press_pay(clinic.make_invoice(20), terminal)
    assert clinic.wait_for_end(following) == "failed"
    assert clinic.read("nets.transaction", following, "reason") == "earlier_charge_found"
    clinic.wait_for_state(transaction, "approved")
    assert clinic.wait_for_end(transaction) == "approved"
    assert clinic.due(invoice) == 0
    assert "but the card was charged" in clinic.read("nets.transaction", transaction, "alert")


def test_the_answer_to_our_own_call_is_recorded_even_after_a_settlement(clinic, terminal, open_invoice):
    """Rule 10: a process that was taken for dead comes back with the answer."""
    invoice = clinic.make_invoice(350)
    terminal.hold()
    transaction = clinic.press_pay(invoice, terminal)
    terminal.asks_for_card()
    # as for a process that hangs: no heartbeat any more, and its renewal finds none
    clinic.sql("DELETE FROM nets_heartbeat WHERE transaction_id = %s", transaction)
    clinic.wait_for_state(transaction, "unknown")
    clinic.wait_for_silence(transaction)
    values = {"transaction_id": transaction, "outcome": "not_charged", "reason": "Nobody knows."}
    [wizard] = clinic.admin.call("nets.transaction.settle", "create", [values])
    clinic.admin.call("nets.transaction.settle", "action_settle", [wizard])
    assert clinic.state(transaction) == "failed"

    terminal.release()
    clinic.wait_for_state(transaction, "approved")
    clinic.wait_for_end(transaction)
    assert clinic.due(invoice) == 0
    assert "but the card was charged" in clinic.read("nets.transaction", transaction, "alert")
    assert terminal.charges() == [35000]


def test_a_token_that_was_revoked_leads_to_one_charge(clinic, terminal, simulator):
    # else the question for the last result would meet the revoked token first
    clinic.admin.call("nets.terminal", "write", [terminal.id], {"used_by_hand": False})
    terminal.play("approved", "approved")
    clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(30), terminal))
    # it is asked for its state after each payment: that would meet the revoked token, too
    idle = lambda: clinic.read("nets.terminal", terminal.id, "state") == "idle"
    machinery.wait_until(idle, 60, "its state after the payment", 0.2)
    simulator.service(revoke_tokens=True)
    assert clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(40), terminal)) == "approved"
    statuses = [request["status"] for request in terminal.purchases()]
    assert statuses == [201, 401, 201]
    assert terminal.charges() == [3000, 4000]


def test_the_simulator_dies_while_the_card_is_awaited(clinic, stack, open_invoice):
    """The other end of the line is gone, and with it everything that ran there: proven by its last result."""
    terminal = clinic.make_impatient_terminal(customer_timeout=3, used_by_hand=False)
    invoice = clinic.make_invoice(210)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    stack.simulator.kill()
    dialog.expect_status("Connection interrupted", "The result is being fetched")
    stack.simulator.start()
    expect(dialog.status).to_contain_text("Not charged", timeout=60_000)
    assert terminal.charges() == []


def test_odoo_is_away_for_a_moment_and_the_dialog_goes_on(clinic, terminal, open_invoice, open_page, stack):
    invoice = clinic.make_invoice(510)
    terminal.hold()
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal).expect_status("Waiting for the card")
    terminal.asks_for_card()
    stack.odoo.kill()
    terminal.release()
    stack.odoo.start()
    clinic.sql("UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 minute'")
    dialog.expect_closed()
    page.expect_due(0)
    page.expect_not_reloaded()
    open_page.errors.clear()  # while Odoo was away
