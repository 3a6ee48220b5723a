"""What the terminals charged and what Odoo's books say stay equal, whatever happens beside it."""

import uuid

import pytest
from pages import InvoiceList, TransactionPage, money
from playwright.sync_api import expect


def test_two_presses_at_the_same_moment_are_one_charge(clinic):
    """Two requests of different people, on two terminals, truly at the same time."""
    here, there = clinic.make_terminals(2)
    for terminal in (here, there):
        terminal.hold()
    invoice = clinic.make_invoice(640)
    first, second = clinic.together(
        lambda: clinic.press_pay(invoice, here, 640, user="admin"),
        lambda: clinic.press_pay(invoice, there, 640, user="demo"),
    )
    started = [each for each in (first, second) if isinstance(each, int)]
    refused = [str(each) for each in (first, second) if not isinstance(each, int)]
    assert len(started) == len(refused) == 1
    assert "is being charged already" in refused[0]
    terminal = here if isinstance(first, int) else there
    terminal.asks_for_card()
    terminal.release()
    assert clinic.wait_for_end(started[0]) == "approved"
    assert here.charges() + there.charges() == [64000]


def test_one_request_that_arrives_twice_is_one_charge(clinic, terminal):
    terminal.hold()
    invoice = clinic.make_invoice(640)
    request = str(uuid.uuid4())
    # two sessions of the same person: one connection would send them one after the other
    clinic.logins.setdefault("admin again", clinic.stack.odoo.login("admin"))
    first, second = clinic.together(
        lambda: clinic.press_pay(invoice, terminal, 640, request, user="admin"),
        lambda: clinic.press_pay(invoice, terminal, 640, request, user="admin again"),
    )
    assert first == second
    terminal.asks_for_card()
    assert clinic.press_pay(invoice, terminal, 640, request) == first
    terminal.release()
    assert clinic.wait_for_end(first) == "approved"
    # also when it is all over, and nothing is due any more
    assert clinic.press_pay(invoice, terminal, 640, request) == first
    assert len(terminal.purchases()) == 1
    assert terminal.charges() == [64000]


def test_two_invoices_at_the_same_moment_take_one_terminal(clinic, terminal):
    terminal.hold()
    first, second = clinic.make_invoices(2, 120)
    results = clinic.together(
        lambda: clinic.press_pay(first, terminal, 120, user="admin"),
        lambda: clinic.press_pay(second, terminal, 120, user="demo"),
    )
    refused = [str(each) for each in results if not isinstance(each, int)]
    assert len(refused) == 1
    assert f"{terminal.name} is busy" in refused[0]
    terminal.asks_for_card()
    terminal.release()
    [started] = [each for each in results if isinstance(each, int)]
    clinic.wait_for_end(started)
    assert terminal.charges() == [12000]


def test_a_tip_is_booked_as_charged_and_pays_nothing_of_the_invoice(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(500)
    terminal.hold(tip=5000)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    terminal.release()
    dialog.expect_closed()
    page.expect_notification("Successful", money(550))
    page.expect_notification("tip or surcharge", money(50))
    page.expect_due(0)
    assert terminal.charges() == [55000]
    transaction = clinic.transaction(invoice)
    assert clinic.read("nets.transaction", transaction, "tip_amount") == 50


def test_an_invoice_paid_in_another_way_meanwhile_leaves_a_credit_and_a_note(clinic, terminal, open_invoice):
    customer = clinic.make_customer("Paid Twice")
    invoice = clinic.make_invoice(500, customer)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    clinic.pay_otherwise(invoice)
    assert clinic.due(invoice) == 0
    terminal.press("tap")

    dialog.expect_closed()
    page.expect_notification("customer's credit", money(500))
    page.expect_due(0)
    page.expect_in_chatter("customer's credit")
    assert terminal.charges() == [50000]
    # the credit can be used for this customer's next invoice
    following = open_invoice(clinic.make_invoice(500, customer))
    expect(following.page.get_by_text("Outstanding credits", exact=True)).to_be_visible()


def test_what_accounting_refuses_is_charged_not_booked_and_booked_later(clinic, open_invoice, open_page):
    journal = clinic.make_journal()
    terminal = clinic.make_terminal(journal_id=journal)
    invoice = clinic.make_invoice(730)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    clinic.admin.call("account.journal", "write", [journal], {"active": False})
    terminal.press("tap")

    dialog.expect_status("Charged, not booked", "Don't charge again", money(730))
    expect(dialog.button("Try again")).to_have_count(0)
    dialog.close()
    page.expect_banner("Charged, not booked", money(730))
    page.reload()
    page.expect_banner("Charged, not booked")
    # it can't be charged a second time
    other = clinic.make_terminal()
    assert "waits for its result or its booking" in clinic.refusal(lambda: clinic.press_pay(invoice, other))

    clinic.admin.call("account.journal", "write", [journal], {"active": True})
    transaction = clinic.transaction(invoice)
    log = TransactionPage(open_page("admin", TransactionPage.path(transaction)), transaction)
    log.expect_warning("Charged, not booked.")
    log.button("Book again").click()
    expect(log.button("Book again")).to_have_count(0)
    # everyone who has the invoice open sees it
    expect(page.banner).to_have_count(0)
    page.expect_due(0)
    assert terminal.charges() == [73000]


def test_a_lock_date_shifts_the_booking_and_says_so(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(410)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    terminal.asks_for_card()
    [[today]] = clinic.sql("SELECT (now() AT TIME ZONE 'Europe/Oslo')::date::text")
    company = clinic.ref("demo_company")
    clinic.admin.call("res.company", "write", [company], {"fiscalyear_lock_date": today})
    try:
        terminal.press("tap")
        dialog.expect_closed()
        page.expect_notification("A lock date doesn't allow an entry on that day")
    finally:
        clinic.admin.call("res.company", "write", [company], {"fiscalyear_lock_date": False})
    page.expect_due(0)
    transaction = clinic.read("nets.transaction", clinic.transaction(invoice), "charge_date", "payment_id")
    assert transaction["charge_date"] == today
    entry, _name = clinic.read("account.payment", transaction["payment_id"][0], "move_id")
    assert clinic.read("account.move", entry, "date") > today


def test_invoices_that_cannot_become_one_payment_are_refused(clinic, terminal, open_page):
    for name in ("Group of Anna", "Group of Bjørn"):
        clinic.make_invoice(100, clinic.make_customer(name))
    page = open_page("admin", InvoiceList.PATH)
    wizard = InvoiceList(page).search("Group of").select(2).pay()
    wizard.choose("Payment Method", "Card")
    wizard.choose("Terminal", terminal.name)
    wizard.button("Process card").click()
    expect(page.get_by_role("dialog").filter(has_text="different customers")).to_be_visible()
    assert terminal.purchases() == []


def test_what_is_not_due_is_refused_before_anything_is_sent(clinic, terminal):
    admin = clinic.admin
    draft = clinic.make_invoice(100, post=False)
    cancelled = clinic.make_invoice(100, post=False)
    admin.call("account.move", "button_cancel", [cancelled])
    paid = clinic.make_invoice(100)
    clinic.pay_otherwise(paid)
    credit_note = clinic.make_invoice(100, move_type="out_refund")
    euros = admin.ref("base.EUR")
    admin.call("res.currency", "write", [euros], {"active": True})
    in_euros = clinic.make_invoice(100, currency_id=euros)
    due = clinic.make_invoice(100)
    for invoice, amount, said in (
        (draft, 100, "isn't confirmed yet"),
        (cancelled, 100, "is cancelled"),
        (paid, 100, "is paid already"),
        (credit_note, 100, "Only customer invoices"),
        (in_euros, 100, "charges in NOK, but the amount is in EUR"),
        (due, 0, "greater than zero"),
        (due, -1, "greater than zero"),
        (due, 100.01, "is due"),
        (due, 0.001, "decimals"),
        (due, "100", "isn't a number"),
    ):
        refusal = clinic.refusal(lambda invoice=invoice, amount=amount: clinic.press_pay(invoice, terminal, amount))
        assert said in refusal
    assert terminal.purchases() == []


def test_another_companys_invoice_is_refused(clinic, terminal, open_invoice):
    main = clinic.admin.ref("base.main_company")
    domain = [("company_id", "=", main), ("move_type", "=", "out_invoice"), ("payment_state", "=", "not_paid")]
    [invoice] = clinic.admin.call("account.move", "search", [*domain, ("state", "=", "posted")], limit=1)

    # somebody who may see both companies: the terminal isn't that company's
    refusal = clinic.refusal(lambda: clinic.press_pay(invoice, terminal, 1))
    assert "doesn't belong to" in refusal
    # somebody of the clinic alone: nothing of that invoice is theirs
    clinic.make_user("receptionist", "base.group_user", "account.group_account_invoice")
    refusal = clinic.refusal(lambda: clinic.press_pay(invoice, terminal, 1, user="receptionist"))
    assert "Uh-oh" in refusal or "not allowed" in refusal or "access" in refusal
    assert terminal.purchases() == []
    # and the other company, without terminals, isn't offered any; in a web client that has no company chosen yet
    page = open_invoice(invoice, viewport={"width": 1280, "height": 900})
    expect(page.button("Pay")).to_be_visible()
    expect(page.button("Pay by card")).to_have_count(0)


@pytest.mark.parametrize("name", ["unlink", "write", "create"])
def test_the_log_cannot_be_changed_over_rpc(clinic, terminal, name):
    terminal.play("approved")
    transaction = clinic.press_pay(clinic.make_invoice(10), terminal)
    clinic.wait_for_end(transaction)
    args = {"unlink": ([transaction],), "write": ([transaction], {"state": "failed"}), "create": ({},)}[name]
    assert clinic.refusal(lambda: clinic.admin.call("nets.transaction", name, *args))
    assert clinic.state(transaction) == "approved"
