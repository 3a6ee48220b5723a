"""Money goes back to a card, in a browser, from the press to the books."""

import pytest
from pages import CardDialog, money
from playwright.sync_api import expect
from till import Shop

import stack as machinery


@pytest.fixture
def paid(clinic, terminal):
    """Return an invoice of 1000 that was paid on the terminal."""
    return clinic.pay(1000, terminal)


def test_a_whole_payment_is_refunded_from_its_row_under_the_total(clinic, terminal, paid, open_invoice):
    page = open_invoice(paid)
    page.expect_paid()
    dialog = page.refund()
    expect(dialog.amount).to_have_value("-1,000.00")
    expect(dialog.root).to_contain_text("Visa •••• 1234")
    terminal.play(outcome="approved", wait="card")
    dialog.process()
    dialog.expect_status("to get the money back", money(1000), terminal.name)
    terminal.asks_for_card()
    terminal.press("tap")

    page.expect_notification("Refunded", money(1000))
    dialog.expect_closed()
    page.expect_due(1000)
    page.expect_rows(("Paid on", 1000), ("Refunded on", -1000))
    page.expect_not_reloaded()
    assert terminal.kinds() == ["purchase", "refund"]


def test_parts_are_refunded_until_nothing_is_left(clinic, terminal, paid, open_invoice):
    page = open_invoice(paid)
    terminal.play("approved", "approved")
    dialog = page.refund()
    # without the minus sign too: some keyboards have none
    dialog.amount.fill("300")
    dialog.amount.blur()
    expect(dialog.amount).to_have_value("-300.00")
    dialog.process().expect_closed()
    page.expect_due(300)
    page.expect_rows(("Paid on", 1000), ("Refunded on", -300))

    dialog = page.refund()
    expect(dialog.amount).to_have_value("-700.00")
    dialog.amount.fill("-700.01")
    dialog.process().expect_refusal("of this payment is left to refund", money(700))
    dialog.amount.fill("-700")
    dialog.process().expect_closed()
    page.expect_due(1000)
    expect(page.payment_info().get_by_role("button", name="Refund on card")).to_have_count(0)
    page.expect_not_reloaded()


def test_another_person_refunds_on_another_terminal_from_the_list(clinic, terminal, open_invoice):
    """One payment was for two invoices: the one that is looked at becomes due."""
    invoice, neighbour = clinic.make_invoices(2, 500)
    terminal.play("approved")
    clinic.wait_for_end(clinic.press_pay([invoice, neighbour], terminal))
    other = clinic.make_terminal()
    other.play("approved")
    page = open_invoice(invoice, "demo")
    page.page.get_by_role("tab", name="Card transactions").click()
    page.page.locator("[name=nets_transaction_ids]").get_by_role("button", name="Refund").click()
    dialog = CardDialog(page.page).expect_open()
    expect(dialog.amount).to_have_value("-1,000.00")
    dialog.pay_on(other, -400).expect_closed()
    # the invoice has been read again
    expect(page.page.locator("[name=nets_transaction_ids] .o_data_row")).to_have_count(2)
    page.page.get_by_role("tab", name="Invoice Lines").click()
    page.expect_due(400)
    assert clinic.due(neighbour) == 0
    assert other.kinds() == ["refund"]


def test_from_the_payments_own_form(clinic, terminal, paid, open_page):
    payment = clinic.read("nets.transaction", clinic.transaction(paid), "payment_id")[0]
    page = open_page("admin", f"/odoo/account.payment/{payment}")
    page.locator(".o_form_statusbar").get_by_role("button", name="Refund on card").click()
    terminal.play("approved")
    CardDialog(page).expect_open().process().expect_closed()
    assert clinic.due(paid) == 1000


def test_what_the_point_of_sale_took_is_not_refunded_here(clinic, terminal, open_invoice):
    customer = clinic.make_customer("Harbour Choir")
    invoice = Shop(clinic, [terminal]).sell_for_cash(120, customer)
    page = open_invoice(invoice)
    popover = page.payment_info()
    expect(popover).to_contain_text("Taken in the Point of Sale: its refund goes through the Point of Sale.")
    expect(popover.get_by_role("button", name="Refund on card")).to_have_count(0)
    page = page.go_on(clinic.make_credit_note(invoice, 120))
    page.button("Pay out on card").click()
    expect(page.page.get_by_role("dialog")).to_contain_text("so the refund goes through the Point of Sale")


@pytest.mark.parametrize("how", ["aborted by the merchant", "cancelled by the customer"])
def test_a_refund_that_is_stopped_leaves_the_books_untouched(clinic, terminal, paid, open_invoice, how):
    page = open_invoice(paid)
    terminal.play(outcome="approved", wait="card")
    dialog = page.refund().process()
    terminal.asks_for_card()
    if how == "aborted by the merchant":
        dialog.expect_status("to get the money back")
        dialog.abort().expect_status("Aborted", "No money went back")
    else:
        terminal.press("cancel")
        dialog.expect_status("Cancelled by the customer", "No money went back")
    dialog.close()
    page.expect_rows(("Paid on", 1000))
    assert clinic.due(paid) == 0
    assert clinic.state(clinic.transaction(paid)) == ("aborted" if "merchant" in how else "failed")
    # and it can be tried again
    terminal.play("approved")
    page.refund().process().expect_closed()
    page.expect_due(1000)


def test_the_invoice_stays_paid_where_the_refund_is_matched_with_its_credit_note(clinic, terminal, paid, open_invoice):
    credit_note = clinic.make_credit_note(paid, 250)
    terminal.play("approved")
    page = open_invoice(paid)
    dialog = page.refund()
    # proposed: the one that reverses this invoice, and no more than it is worth
    expect(dialog.amount).to_have_value("-250.00")
    dialog.root.get_by_label("The invoice is due again").check()
    expect(dialog.amount).to_have_value("-1,000.00")
    name = clinic.read("account.move", credit_note, "name")
    dialog.root.get_by_label(f"match with credit note {name}").check()
    dialog.process().expect_closed()
    page.expect_due(0)
    page.expect_rows(("Paid on", 1000), ("Reversed on", 250), ("Refunded on", -250))
    assert clinic.due(credit_note) == 0


def test_a_credit_note_is_paid_out(clinic, terminal, paid, open_invoice):
    credit_note = clinic.make_credit_note(paid, 400)
    page = open_invoice(credit_note)
    page.button("Pay out on card").click()
    dialog = CardDialog(page.page).expect_open()
    expect(dialog.amount).to_have_value("-400.00")
    expect(dialog.root.get_by_label("Card payment that goes back")).to_contain_text("Visa •••• 1234")
    terminal.play("approved", "approved")
    dialog.amount.fill("-150")
    dialog.process().expect_closed()
    page.expect_due(250)

    wizard = page.pay()
    wizard.choose("Payment Method", "Card")
    wizard.choose("Terminal", terminal.name)
    wizard.button("Process card").click()
    page.expect_due(0)
    assert terminal.charges() == [100000, 15000, 25000]
    assert clinic.due(paid) == 0


def test_the_terminals_last_payment_is_reversed(clinic, terminal, paid, open_invoice):
    page = open_invoice(paid)
    dialog = page.reverse()
    expect(dialog.amount).to_be_disabled()
    terminal.play("approved")
    dialog.button("Reverse").click()
    dialog.expect_closed()
    page.expect_due(1000)
    page.expect_no_payment()
    page.expect_notification("Reversed")
    [purchase, reversal] = terminal.ledger()
    assert (reversal["kind"], reversal["reverses"]) == ("reversal", purchase["id"])
    payment = clinic.read("nets.transaction", clinic.transaction(paid), "payment_id")[0]
    assert clinic.read("account.payment", payment, "state") == "canceled"


def test_nothing_is_reversed_after_a_payment_by_hand(clinic, terminal, paid, open_invoice):
    """Also one of the same amount: the terminal would reverse the wrong one."""
    page = open_invoice(paid)
    dialog = page.reverse()
    clinic.stack.simulator.by_hand(terminal.identifier, "approved", 100000)
    dialog.button("Reverse").click()
    dialog.expect_status("No longer the last transaction", "Refund the payment instead")
    expect(dialog.button("Try again")).to_have_count(0)
    assert terminal.voids() == []
    dialog.close()
    assert clinic.due(paid) == 0


def test_busy_right_after_the_payment_a_reversal_works_a_moment_later(terminal, paid, open_invoice):
    page = open_invoice(paid)
    dialog = page.reverse()
    terminal.play("busy", "approved")
    dialog.button("Reverse").click()
    dialog.expect_status("Terminal busy", "needs a few seconds")
    # Playwright waits until the button is enabled
    dialog.try_again()
    dialog.expect_closed()
    page.expect_due(1000)


def test_two_people_at_once_one_is_refused(clinic, terminal, paid):
    other = clinic.make_terminal()
    terminal.hold()
    other.hold()
    purchase = clinic.transaction(paid)
    results = clinic.together(
        lambda: clinic.press_refund(purchase, terminal, -1000, user="admin"),
        lambda: clinic.press_refund(purchase, other, -1000, user="demo"),
    )
    [refused] = [each for each in results if isinstance(each, machinery.OdooError)]
    assert "under way" in str(refused)
    [refund] = [each for each in results if each is not refused]
    desk = terminal if results[0] is not refused else other
    desk.asks_for_card()
    desk.release()
    assert clinic.wait_for_end(refund) == "approved"
    assert clinic.due(paid) == 1000
    assert sorted(terminal.kinds() + other.kinds()) == ["purchase", "refund"]


def test_a_lost_answer_is_found(clinic, terminal, paid, open_invoice):
    page = open_invoice(paid)
    terminal.play(outcome="approved", answer="cut_after")
    dialog = page.refund().process()
    dialog.expect_status("The result is being fetched")
    dialog.expect_closed()
    page.expect_due(1000)
    page.expect_rows(("Paid on", 1000), ("Refunded on", -1000))
    assert terminal.kinds() == ["purchase", "refund"]


def test_an_invoice_that_is_looked_at_shows_that_it_is_being_refunded(clinic, terminal, paid, open_invoice):
    terminal.hold()
    refund = clinic.press_refund(clinic.transaction(paid), terminal, -1000)
    terminal.asks_for_card()
    watcher = open_invoice(paid, "demo")
    expect(watcher.banner).to_contain_text("Card refund on")
    expect(watcher.banner).to_contain_text(money(1000))
    terminal.release()
    assert clinic.wait_for_end(refund) == "approved"
    watcher.expect_due(1000)
