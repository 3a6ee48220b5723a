"""Lost results, as the people see them who have to go on working."""

import pytest
from pages import CardDialog, LogPage, money
from playwright.sync_api import expect

LOST = {"outcome": "approved", "answer": "cut_after"}


@pytest.fixture
def hidden_results(simulator):
    """NETS can't say what the last transaction was, until the test lets it."""
    simulator.service(last_transaction="error")
    yield lambda: simulator.service(last_transaction="ok")
    simulator.service(last_transaction="ok")


def lose(clinic, terminal, invoice):
    """Have a card charged and the answer lost; return the transaction."""
    terminal.play(LOST)
    transaction = clinic.press_pay(invoice, terminal)
    clinic.wait_for_state(transaction, "unknown")
    return transaction


def get_last_result(page):
    """Press the circular arrows in a list, and the button in the dialog that this opens."""
    page.locator(".o_data_row button:has(.fa-refresh)").first.click()
    dialog = CardDialog(page).expect_open()
    dialog.button("Get last result").click()
    return dialog


def test_the_log_fetches_an_unknown_result_at_once(clinic, terminal, open_page, hidden_results):
    invoice = clinic.make_invoice(640)
    transaction = lose(clinic, terminal, invoice)
    page = open_page("admin", LogPage.PATH)
    log = LogPage(page)
    log.button(640, "action_get_last_result").click()
    dialog = CardDialog(page).expect_open()
    dialog.expect_status("The result is being fetched", money(640), "compare the terminal's own journal")
    hidden_results()
    dialog.button("Get last result").click()
    dialog.expect_closed()
    expect(log.row(640)).to_contain_text("Successful")
    assert clinic.state(transaction) == "approved"
    assert clinic.due(invoice) == 0


def test_a_failed_one_that_was_charged_is_found_from_the_invoice(clinic, terminal, open_invoice, hidden_results):
    invoice = clinic.make_invoice(770)
    transaction = lose(clinic, terminal, invoice)
    clinic.wait_for_silence(transaction)
    wizard = clinic.admin.call(
        "nets.transaction.settle",
        "create",
        [{"transaction_id": transaction, "outcome": "not_charged", "reason": "Misread the journal"}],
    )
    clinic.admin.call("nets.transaction.settle", "action_settle", wizard)
    assert clinic.state(transaction) == "failed"
    hidden_results()
    page = open_invoice(invoice)
    page.page.get_by_role("tab", name="Card transactions").click()
    get_last_result(page.page).expect_closed()
    page.page.get_by_role("tab", name="Invoice Lines").click()
    page.expect_due(0)
    page.expect_payment(770)
    page.expect_not_reloaded()


def test_a_failed_one_that_was_not_charged_stays_failed(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(210)
    terminal.play("insufficient_funds")
    transaction = clinic.press_pay(invoice, terminal)
    clinic.wait_for_end(transaction)
    page = open_invoice(invoice)
    page.page.get_by_role("tab", name="Card transactions").click()
    dialog = get_last_result(page.page)
    dialog.expect_status("The terminal's last result shows no charge of this payment")
    dialog.close()
    assert clinic.state(transaction) == "failed"


def test_the_next_payment_waits_for_the_earlier_one_and_goes_on_by_itself(
    clinic, terminal, open_invoice, hidden_results
):
    earlier, invoice = clinic.make_invoice(330), clinic.make_invoice(440)
    transaction = lose(clinic, terminal, earlier)
    page = open_invoice(invoice, "demo")
    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("An earlier payment is being resolved", money(330), "Yours starts automatically")
    assert len(terminal.purchases()) == 1
    terminal.hold()
    hidden_results()
    dialog.expect_status("Waiting for the card", money(440))
    # it is booked a moment after it was resolved
    assert clinic.wait_for_end(transaction) == "approved"
    assert clinic.due(earlier) == 0
    terminal.release()
    dialog.expect_closed()
    page.expect_due(0)
    assert terminal.charges() == [33000, 44000]


def test_a_person_who_stops_waiting_has_started_nothing(clinic, terminal, open_invoice, hidden_results):
    earlier, invoice = clinic.make_invoice(330), clinic.make_invoice(440)
    transaction = lose(clinic, terminal, earlier)
    dialog = open_invoice(invoice).pay_by_card().pay_on(terminal)
    dialog.expect_status("An earlier payment is being resolved")
    dialog.button("Stop waiting").click()
    dialog.expect_closed()
    hidden_results()
    clinic.wait_for_end(transaction, timeout=60)
    assert not clinic.transactions(invoice)
    assert terminal.charges() == [33000]
