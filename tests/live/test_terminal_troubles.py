"""What a terminal, a customer or the line to NETS can do: said in plain words, with what to do next."""

from pages import money
from playwright.sync_api import expect

# ways in which the answer to a charge gets lost
LOST_ANSWERS = ("cut_after", "cut_mid", "never", "html_502", "http_500", "broken_json", "empty", "result_99")


def test_the_card_is_removed_too_early(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(160)
    dialog = open_invoice(invoice).pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    terminal.press("insert")
    terminal.wait("pin")
    terminal.press("remove_card")
    dialog.expect_status("Card removed too early", "Nothing was charged", "leave the card in")

    dialog.try_again().expect_status("Waiting for the card")
    terminal.asks_for_card()
    terminal.press("insert")
    terminal.wait("pin")
    terminal.press("pin")
    terminal.wait("remove_card")
    terminal.press("remove_card")
    dialog.expect_closed()
    assert terminal.charges() == [16000]


def test_a_terminal_that_is_busy_by_itself_can_be_tried_again_after_a_moment(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(160)
    terminal.play("busy", "approved")
    dialog = open_invoice(invoice).pay_by_card().pay_on(terminal)
    dialog.expect_status("Terminal busy", "Wait until it is idle")
    again = dialog.button("Try again")
    expect(again).to_be_disabled()
    expect(again).to_contain_text("s)")
    expect(again).to_be_enabled()
    dialog.try_again().expect_closed()
    assert terminal.charges() == [16000]


def test_when_nets_cannot_be_reached_it_has_failed_at_once(clinic, terminal, open_invoice, stack):
    invoice = clinic.make_invoice(160)
    page = open_invoice(invoice)
    stack.simulator.kill()
    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("NETS can't be reached", "Nothing was charged", "Check the internet connection")
    assert clinic.state(clinic.transaction(invoice)) == "failed"

    stack.simulator.start()
    terminal.play("approved")
    dialog.try_again().expect_closed()
    page.expect_due(0)
    assert len(terminal.purchases()) == 1


def test_a_customer_who_takes_long_is_still_at_the_terminal(clinic, open_invoice):
    terminal = clinic.make_impatient_terminal()
    invoice = clinic.make_invoice(160)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    dialog.expect_status("The customer is still at the terminal", "help the customer, or abort", money(160))
    expect(dialog.button("Abort")).to_be_enabled()

    terminal.press("tap")
    dialog.expect_closed()
    page.expect_due(0)
    assert terminal.charges() == [16000]


def test_answers_that_get_lost_are_fetched_and_booked(clinic):
    """All at once: each waits 5 s before it may be asked for."""
    account = clinic.make_account(answer_timeout=1, customer_timeout=3)
    terminals = clinic.make_terminals(len(LOST_ANSWERS), account_id=account)
    invoices = clinic.make_invoices(len(LOST_ANSWERS), 90)
    running = {}
    for answer, terminal, invoice in zip(LOST_ANSWERS, terminals, invoices, strict=True):
        terminal.play(outcome="approved", answer=answer)
        running[answer] = clinic.press_pay(invoice, terminal, 90)
    for answer, transaction in running.items():
        clinic.wait_for_state(transaction, "unknown", "approved")
        progress = clinic.progress(transaction)
        if progress["state"] == "unknown":
            assert "being fetched" in progress["explanation"], answer
            assert not progress["can_retry"]
    for transaction, terminal, invoice in zip(running.values(), terminals, invoices, strict=True):
        assert clinic.wait_for_end(transaction) == "approved"
        assert clinic.due(invoice) == 0
        assert terminal.charges() == [9000]
        assert len(terminal.purchases()) == 1


def test_a_request_that_never_reached_the_terminal_is_proven_not_charged(clinic, open_invoice):
    terminal = clinic.make_impatient_terminal(customer_timeout=3, used_by_hand=False)
    invoice = clinic.make_invoice(160)
    terminal.play(outcome="approved", answer="cut_before")
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("Connection interrupted", "Don't charge again before it is known")
    expect(dialog.status).to_contain_text("Not charged", timeout=40_000)
    dialog.expect_status("Nothing was charged", "proves it")

    terminal.play("approved")
    dialog.try_again().expect_closed()
    page.expect_due(0)
    assert terminal.charges() == [16000]
