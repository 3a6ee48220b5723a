"""Each message of the catalogue, from the wire to what the person reads in the dialog."""

import re

from catalogue import NOTHING, REFUSED, UNKNOWN
from pages import CardDialog, InvoicePage, shoot
from playwright.sync_api import expect

import stack as machinery


def test_a_person_reads_what_happened_and_what_to_do(clinic, terminal, simulator, open_invoice, subtests):
    """Nothing is charged, so that one invoice does for all."""
    invoice = clinic.make_invoice(150)
    page = open_invoice(invoice)
    for number, case in enumerate(REFUSED, 1):
        with subtests.test(case.name):
            case.arrange(simulator, terminal)
            dialog = page.pay_by_card().pay_on(terminal)
            dialog.expect_status(case.label, *case.texts)
            again = dialog.button(re.compile("^Try again"))
            expect(again).to_have_count(1 if case.again else 0)
            if case.wait:
                expect(again).to_be_disabled()
                assert int(re.search(r"\d+", again.inner_text())[0]) <= case.wait
            elif case.again:
                expect(again).to_be_enabled()
            shoot(dialog.page, f"message-{case.name}")
            transactions = clinic.transactions(invoice)
            assert len(transactions) == number
            # the log says the same
            row = clinic.read("nets.transaction", transactions[0], "state", "message")
            assert (row["state"], row["message"]) == ("failed", case.label)
            assert not terminal.charges()
        CardDialog(page.page).escape()


def test_a_lost_result_is_never_called_failed_and_is_fetched_by_itself(clinic, open_invoice, subtests):
    """One after the other is pressed, and all are looked up side by side."""
    terminals = clinic.make_terminals(len(UNKNOWN))
    invoices = clinic.make_invoices(len(UNKNOWN), 150)
    page = None
    for case, terminal, invoice in zip(UNKNOWN, terminals, invoices, strict=True):
        with subtests.test(case.name):
            terminal.play(outcome="approved", **case.play)
            page = page.go_on(invoice) if page else open_invoice(invoice)
            dialog = page.pay_by_card().pay_on(terminal)
            dialog.expect_status(case.label, *case.texts)
            expect(dialog.button("Try again")).to_have_count(0)
            shoot(dialog.page, f"message-{case.name}")
            if case is not UNKNOWN[-1]:
                dialog.close()
    # looked up, and booked, without anybody's help; the dialog that is open sees it
    dialog.expect_closed()
    for case, terminal, invoice in zip(UNKNOWN, terminals, invoices, strict=True):
        with subtests.test(f"{case.name}, afterwards"):
            clinic.wait_for_end(clinic.transaction(invoice))
            assert terminal.charges() == [15000]
            assert clinic.due(invoice) == 0


def test_no_way_to_nets(clinic, open_invoice):
    account = clinic.make_account(simulator_url=f"http://127.0.0.1:{machinery.free_port()}")
    terminal = clinic.make_terminal(account_id=account)
    dialog = open_invoice(clinic.make_invoice(150)).pay_by_card().pay_on(terminal)
    dialog.expect_status("NETS can't be reached", NOTHING)
    expect(dialog.button("Try again")).to_be_enabled()
    shoot(dialog.page, "message-unreachable")


def test_no_password(clinic, open_invoice):
    account = clinic.make_account(password=False)
    terminal = clinic.make_terminal(account_id=account)
    dialog = open_invoice(clinic.make_invoice(150)).pay_by_card().pay_on(terminal)
    dialog.expect_status("Login data missing", NOTHING)
    expect(dialog.button("Try again")).to_have_count(0)


def test_merchant_aborts(clinic, terminal, open_invoice):
    dialog = open_invoice(clinic.make_invoice(150)).pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    dialog.expect_status("Waiting for the card")
    shoot(dialog.page, "message-waiting")
    dialog.abort()
    dialog.expect_status("Aborted", NOTHING)
    shoot(dialog.page, "message-aborted")


def test_charged_but_not_booked(clinic, terminal, open_page):
    journal = clinic.make_journal()
    clinic.admin.call("nets.terminal", "write", [terminal.id], {"journal_id": journal})
    invoice = clinic.make_invoice(150)
    terminal.hold()
    page = InvoicePage(open_page("admin", InvoicePage.path(invoice)), invoice).expect_open()
    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    clinic.admin.call("account.journal", "write", [journal], {"active": False})
    terminal.release()
    dialog.expect_status("Charged, not booked", "Don't charge again")
    expect(dialog.button("Try again")).to_have_count(0)
    shoot(dialog.page, "message-not-booked")
    clinic.admin.call("account.journal", "write", [journal], {"active": True})
    clinic.admin.call("nets.transaction", "action_book_again", [clinic.transaction(invoice)])
    clinic.wait_for_end(clinic.transaction(invoice))


def test_terminal_that_is_taken(clinic, terminal, open_invoice):
    transaction = clinic.press_pay(clinic.make_invoice(99), terminal)
    terminal.asks_for_card()
    dialog = open_invoice(clinic.make_invoice(150)).pay_by_card().pay_on(terminal)
    dialog.expect_refusal("busy with another payment")
    shoot(dialog.page, "message-taken")
    terminal.press("cancel")
    clinic.wait_for_state(transaction, "failed")
