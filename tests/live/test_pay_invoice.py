"""An invoice is paid on a card terminal, in a browser, from the press to the books."""

import re

from pages import CardDialog, InvoiceList, money, shoot
from playwright.sync_api import expect


def test_an_approved_card_pays_the_invoice_while_the_page_stays(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(1250.50)
    page = open_invoice(invoice)
    page.expect_due(1250.50)

    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("Waiting for the card", money(1250.50), terminal.name)
    terminal.asks_for_card()
    terminal.press("tap")

    dialog.expect_closed()
    page.expect_due(0)
    page.expect_payment(1250.50)
    page.expect_paid()
    page.expect_notification("Successful", money(1250.50), "Visa •••• 1234")
    page.expect_not_reloaded()
    assert terminal.charges() == [125050]


def test_a_part_can_be_paid_and_the_rest_later(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(1000)
    page = open_invoice(invoice)

    terminal.play("approved", "approved")
    dialog = page.pay_by_card().pay_on(terminal, amount="400")
    dialog.expect_closed()
    page.expect_due(600)
    page.expect_payment(400)
    assert clinic.payment_state(invoice) == "partial"

    dialog = page.pay_by_card()
    expect(dialog.amount).to_have_value("600.00")
    dialog.pay_on(terminal).expect_closed()
    page.expect_due(0)
    page.expect_not_reloaded()
    assert terminal.charges() == [40000, 60000]


def test_pay_leads_to_the_terminal_by_journal_and_method(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(800)
    page = open_invoice(invoice)

    wizard = page.pay()
    wizard.choose("Payment Method", "Card")
    wizard.choose("Terminal", terminal.name)
    wizard.fill("Amount", "300")
    wizard.button("Process card").click()

    dialog = CardDialog(page.page).expect_open().expect_status("Waiting for the card", money(300), terminal.name)
    wizard.expect_closed()
    terminal.press("tap")
    dialog.expect_closed()
    page.expect_due(500)
    page.expect_payment(300)
    page.expect_not_reloaded()
    assert terminal.charges() == [30000]


def test_the_terminal_that_this_person_used_last_is_proposed(clinic, terminal, open_invoice):
    others = clinic.make_terminal()
    for login, desk in (("admin", terminal), ("demo", others)):
        desk.play("approved")
        paid = clinic.make_invoice(100)
        clinic.wait_for_end(clinic.press_pay(paid, desk, user=login))

    invoice = clinic.make_invoice(100)
    page = open_invoice(invoice, "admin")
    expect(page.pay_by_card().terminal).to_have_value(str(terminal.id))
    expect(open_invoice(invoice, "demo").pay_by_card().terminal).to_have_value(str(others.id))
    page.reload()
    wizard = page.pay()
    wizard.choose("Payment Method", "Card")
    expect(wizard.field("Terminal")).to_have_value(re.compile(terminal.name))


def test_a_declined_card_says_why_and_what_to_do_and_can_be_tried_again(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(700)
    terminal.play("insufficient_funds", "approved")
    page = open_invoice(invoice)

    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status(
        "Insufficient funds", "Nothing was charged", "Try another card or a smaller amount", money(700)
    )
    assert terminal.charges() == []
    assert clinic.due(invoice) == 700

    dialog.try_again().expect_closed()
    page.expect_due(0)
    page.expect_not_reloaded()
    first, second = reversed(clinic.transactions(invoice))
    assert [clinic.state(first), clinic.state(second)] == ["failed", "approved"]
    assert terminal.charges() == [70000]


def test_after_a_refusal_amount_and_terminal_can_be_changed(clinic, terminal, open_invoice):
    other = clinic.make_terminal()
    invoice = clinic.make_invoice(700)
    terminal.play("over_limit")
    other.play("approved")
    page = open_invoice(invoice)

    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("Over the card's limit")
    dialog.button("Change amount or terminal").click()
    expect(dialog.amount).to_have_value("700.00")
    dialog.pay_on(other, amount="200").expect_closed()
    page.expect_due(500)
    assert (terminal.charges(), other.charges()) == ([], [20000])


def test_the_customer_cancels_and_the_payment_has_failed(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(300)
    page = open_invoice(invoice)

    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    terminal.press("cancel")

    dialog.expect_status("Cancelled by the customer", "Nothing was charged")
    expect(dialog.button("Try again")).to_be_enabled()
    assert clinic.state(clinic.transaction(invoice)) == "failed"


def test_the_merchant_aborts_and_the_payment_is_aborted(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(300)
    page = open_invoice(invoice)

    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    dialog.abort()

    dialog.expect_status("Aborted", "Nothing was charged")
    assert clinic.state(clinic.transaction(invoice)) == "aborted"
    assert terminal.charges() == []
    dialog.close()
    page.expect_due(300)


def test_an_abort_that_comes_too_late_is_successful_and_booked(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(300)
    terminal.hold(abort="too_late")
    page = open_invoice(invoice)

    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    dialog.abort()

    dialog.expect_closed()
    page.expect_notification("Successful")
    page.expect_due(0)
    assert clinic.state(clinic.transaction(invoice)) == "approved"
    assert terminal.charges() == [30000]


def test_while_aborting_no_other_way_of_paying_is_offered(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(300)
    terminal.hold(abort="ignored")
    page = open_invoice(invoice)

    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    dialog.abort()
    dialog.expect_status("Aborting…", "it may still have charged the card")
    expect(dialog.button("Try again")).to_have_count(0)
    expect(dialog.button("Process card")).to_have_count(0)
    # the abort call has ended, the payment has not: it may be pressed again
    expect(dialog.button("Abort again")).to_be_enabled()
    other = clinic.make_terminal()
    assert "is being charged already" in clinic.refusal(lambda: clinic.press_pay(invoice, other))

    terminal.release()
    dialog.expect_closed()
    page.expect_due(0)


def test_a_lost_answer_is_fetched_by_itself_and_booked(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(450)
    terminal.play(outcome="approved", answer="result_99")
    page = open_invoice(invoice)

    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("Result unknown", "The result is being fetched", "Don't charge again")
    expect(dialog.button("Try again")).to_have_count(0)
    expect(dialog.button("Abort")).to_have_count(0)

    dialog.expect_closed()
    page.expect_notification("Successful", money(450))
    page.expect_due(0)
    page.expect_not_reloaded()
    assert len(terminal.purchases()) == 1
    assert terminal.charges() == [45000]


def test_a_draft_is_confirmed_and_paid_in_one_step(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(620, post=False)
    terminal.play("approved")
    clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(10), terminal))  # the one used last
    terminal.hold()
    page = open_invoice(invoice)

    page.button("Confirm and pay by card").click()
    terminal.asks_for_card()
    terminal.release()
    CardDialog(page.page).expect_closed()
    page.expect_due(0)
    page.expect_paid()
    assert clinic.read("account.move", invoice, "state") == "posted"


def test_an_aborted_one_step_leaves_a_confirmed_invoice_to_pay_later(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(620, post=False)
    terminal.play("approved")
    clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(10), terminal))
    page = open_invoice(invoice)
    dialog = page.confirm_and_pay()
    terminal.asks_for_card()
    dialog.abort()
    dialog.expect_status("Aborted")
    dialog.close()
    expect(page.button("Pay by card")).to_be_visible()
    assert clinic.read("account.move", invoice, "state") == "posted"


def test_the_one_step_can_be_switched_off_in_the_settings(clinic, terminal, open_invoice, open_page):
    settings = open_page("admin", "/odoo/settings")
    block = settings.locator("#nets_connect_cloud")
    offer = block.locator("[name=nets_confirm_and_pay] input")
    expect(offer).to_be_checked()
    offer.uncheck()
    try:
        settings.get_by_role("button", name="Save").click()
        expect(settings.get_by_role("button", name="Save")).to_be_hidden()
        page = open_invoice(clinic.make_invoice(620, post=False))
        expect(page.button("Confirm")).to_be_visible()
        expect(page.button("Confirm and pay by card")).to_have_count(0)
    finally:
        clinic.admin.call("res.company", "write", [clinic.ref("demo_company")], {"nets_confirm_and_pay": True})


def test_the_invoice_lists_its_card_transactions(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(900)
    terminal.play("wrong_pin", "approved")
    for _press in range(2):
        clinic.wait_for_end(clinic.press_pay(invoice, terminal, 350))

    page = open_invoice(invoice)
    page.page.get_by_role("tab", name="Card transactions").click()
    rows = page.page.locator("[name=nets_transaction_ids] tbody tr.o_data_row")
    expect(rows).to_have_count(2)
    for text in (terminal.name, "Successful", "Visa", "1234", money(350)):
        expect(rows.nth(0)).to_contain_text(text)
    for text in (terminal.name, "Failed", "Wrong PIN", money(350)):
        expect(rows.nth(1)).to_contain_text(text)


def test_several_invoices_of_one_customer_become_one_payment(clinic, terminal, open_page):
    customer = clinic.make_customer("Ingrid Several")
    invoices = [clinic.make_invoice(amount, customer) for amount in (200, 300)]
    page = open_page("admin", InvoiceList.PATH)
    wizard = InvoiceList(page).search("Ingrid Several").select(2).pay()
    wizard.choose("Payment Method", "Card")
    wizard.field("Group Payments").check()
    wizard.choose("Terminal", terminal.name)
    wizard.button("Process card").click()
    dialog = CardDialog(page).expect_open().expect_status("Waiting for the card", money(500))
    terminal.press("tap")
    dialog.expect_closed()
    for invoice in invoices:
        assert clinic.due(invoice) == 0
    assert terminal.charges() == [50000]
    assert len(terminal.purchases()) == 1


def test_an_invoice_in_a_currency_that_no_terminal_charges_is_converted_in_pay(clinic, terminal, open_invoice):
    euro = clinic.admin.ref("base.EUR")
    clinic.admin.call("res.currency", "write", [euro], {"active": True})
    company = clinic.ref("demo_company")
    of_company = [("currency_id", "=", euro), ("company_id", "=", company)]
    if not clinic.admin.call("res.currency.rate", "search_count", of_company):
        rate = {"currency_id": euro, "company_id": company, "name": "2020-01-01", "rate": 1 / 11.5}
        clinic.admin.call("res.currency.rate", "create", [rate])
    invoice = clinic.make_invoice(100, currency_id=euro)
    page = open_invoice(invoice)

    wizard = page.pay()
    wizard.choose("Payment Method", "Card")
    expect(wizard.root).to_contain_text("No terminal charges EUR. Choose NOK beside the amount")
    shoot(page.page, "Pay: no terminal for the currency")
    wizard.choose_currency("NOK")
    expect(wizard.field("Amount")).to_have_value("1,150.00")
    expect(wizard.root).to_contain_text("The card is charged in NOK: 11.5 NOK for 1 EUR")
    wizard.choose("Terminal", terminal.name)
    shoot(page.page, "Pay: in the terminal's currency")
    wizard.button("Process card").click()

    dialog = CardDialog(page.page).expect_open().expect_status("Waiting for the card", money(1150), terminal.name)
    terminal.press("tap")
    dialog.expect_closed()
    page.expect_paid()
    assert terminal.charges() == [115000]
    assert clinic.read("account.move", invoice, "amount_residual") == 0
