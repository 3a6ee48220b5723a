"""A card that asks for a signature pays an invoice: somebody compares it, in the dialog."""

from pages import CardDialog, LogPage, TransactionPage, go_on, money, shoot
from playwright.sync_api import expect

ACCEPT = "The signature is right"
DECLINE = "Not right: reverse the payment"
SIGNED = {"outcome": "approved", "cvm": "1"}


def test_a_signature_is_accepted_now_or_later(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(730)
    page = open_invoice(invoice)
    terminal.play(**SIGNED)
    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("Check the signature", "The customer signs the receipt", "Cardholder signature", money(730))
    expect(dialog.button(ACCEPT)).to_be_enabled()
    expect(dialog.button(DECLINE)).to_be_enabled()
    shoot(page.page, "dialog signature")
    dialog.close()

    # it is paid, and stays to be found: on the invoice, and in the log
    page.expect_due(0)
    page.expect_banner("Check the signature", money(730), terminal.name)
    shoot(page.page, "banner signature")
    page.reload()
    page.show_running().expect_status("Check the signature").close()
    transaction = clinic.transaction(invoice)
    go_on(page.page, LogPage.PATH)
    log = LogPage(page.page)
    log.search("Terminal", terminal.name)
    log.filter("Signature open")
    log.expect_asked(730)
    expect(log.row(730)).to_contain_text("Check the signature")
    log.open(730)
    TransactionPage(page.page, transaction).expect_warning("The customer signs.")

    page = page.go_on(invoice)
    page.show_running().button(ACCEPT).click()
    CardDialog(page.page).expect_closed()
    expect(page.banner).to_have_count(0)
    assert clinic.read("nets.transaction", transaction, "signature") == "accepted"
    assert terminal.kinds() == ["purchase"]


def test_a_signature_that_is_declined_takes_the_payment_back(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(730)
    page = open_invoice(invoice)
    terminal.play(SIGNED, "busy", "approved")
    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("The customer signs the receipt").button(DECLINE).click()
    dialog.expect_status("Terminal busy", "The payment wasn't reversed", "needs a few seconds")
    dialog.try_again()
    dialog.expect_closed()
    page.expect_notification("Reversed", money(730))
    page.expect_due(730)
    page.expect_no_payment()
    expect(page.banner).to_have_count(0)
    assert terminal.kinds() == ["purchase", "reversal"]


def test_once_declined_only_a_manager_accepts_it_after_all(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(730)
    clinic.make_user("biller", "account.group_account_invoice")
    page = open_invoice(invoice, "biller")
    terminal.play(SIGNED)
    dialog = page.pay_by_card().pay_on(terminal).expect_status("The customer signs the receipt")
    clinic.stack.simulator.by_hand(terminal.identifier, "approved", 73000)
    dialog.button(DECLINE).click()
    dialog.expect_status("No longer the last transaction", "Refund the payment instead").close()
    page.expect_banner("Signature declined")
    dialog = page.show_running()
    dialog.expect_status("A manager can accept the signature after all")
    expect(dialog.button(ACCEPT)).to_have_count(0)
    transaction = clinic.read("nets.transaction", clinic.transaction(invoice), "refund_of_id")[0]
    refused = clinic.refusal(
        lambda: clinic.user("biller").call("nets.transaction", "sign", [transaction], True, "over-the-wire")
    )
    assert "Only a manager" in refused

    manager = open_invoice(invoice, "admin")
    manager.show_running().button(ACCEPT).click()
    CardDialog(manager.page).expect_closed()
    expect(manager.banner).to_have_count(0)
    # and the colleague's dialog is told
    dialog.expect_closed()
    assert clinic.read("nets.transaction", transaction, "signature") == "accepted"
