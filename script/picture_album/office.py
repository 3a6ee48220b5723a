"""The screens of the office: the dialog, the invoice, the payment, the log."""

import functools

import states
from pages import InvoiceList, InvoicePage, LogPage, TransactionPage

DIALOG = ".o_nets_card_dialog"
ROWS = ".o_data_row, .o_kanban_record"
# A button of any page, in a browser of any language; with values that its window begins with.
PRESS = """async ([model, ids, method, defaults]) => {
    const {action: actions, orm} = odoo.__WOWL_DEBUG__.root.env.services;
    const action = await orm.call(model, method, [ids]);
    const views = action.views || [[false, "form"]];
    await actions.doAction({...action, views, context: {...action.context, ...defaults}});
}"""
FILTERED_LOG = """(filters) => odoo.__WOWL_DEBUG__.root.env.services.action.doAction(
    "nets_connect_cloud.nets_transaction_action", {additionalContext: filters, clearBreadcrumbs: true})"""


def paid(studio, amount=1050, **play):
    """:return: (invoice, its transaction, its terminal), once it was asked for"""
    clinic = studio.clinic
    terminal = clinic.make_terminal()
    terminal.play(**{"outcome": "approved", **play})
    invoice = clinic.make_invoice(amount)
    return invoice, clinic.press_pay(invoice, terminal), terminal


def _approved(studio):
    """:return: (invoice, its transaction, its terminal), once it is paid"""
    invoice, transaction, terminal = paid(studio)
    studio.clinic.wait_for_end(transaction)
    return invoice, transaction, terminal


def _refunded(studio, amount):
    """:return: (invoice, its transaction), once so much of it went back"""
    invoice, transaction, terminal = _approved(studio)
    terminal.play("approved")
    studio.clinic.wait_for_end(studio.clinic.press_refund(transaction, terminal, -amount))
    return invoice, transaction


@functools.cache
def make_history(studio):
    """Payments on two terminals: charged, refused for several reasons, aborted, and partly given back."""
    clinic = studio.clinic
    outcomes = ["approved", "insufficient_funds", "approved", "wrong_pin", "insufficient_funds", "expired_card"]
    for terminal in clinic.make_terminals(2):
        terminal.play(*outcomes, "do_not_honour", "customer_cancelled", "approved")
        for amount in (1050, 480, 2190.5, 320, 1480, 95, 640, 770, 12500):
            transaction = clinic.press_pay(clinic.make_invoice(amount), terminal)
            clinic.wait_for_end(transaction)
        terminal.play("approved")
        clinic.wait_for_end(clinic.press_refund(transaction, terminal, -500))
        terminal.hold()
        transaction = clinic.press_pay(clinic.make_invoice(860), terminal)
        terminal.asks_for_card()
        clinic.admin.call("nets.transaction", "abort", [transaction])
        clinic.wait_for_end(transaction)


def open_at(studio, path, login="admin"):
    """:return: the page, once its form is there"""
    page = studio.open(login, path)
    page.locator(".o_form_sheet").wait_for()
    return page


def open_search(page):
    """:return: the menu with filters and favourites; on a phone, the box that it belongs to has to be asked for"""
    toggler = page.locator(".o_searchview_dropdown_toggler")
    if not toggler.is_visible():
        page.locator(".o_control_panel button:has(> .fa-search)").click()
    toggler.click()
    return page.locator(".o_search_bar_menu")


def _open_invoice(studio, invoice):
    return open_at(studio, InvoicePage.path(invoice))


def _show(studio, invoice, transaction):
    """:return: the invoice's page, with the dialog of its payment"""
    page = _open_invoice(studio, invoice)
    page.evaluate(states.OPEN_DIALOG, transaction)
    page.locator(f"{DIALOG} .o_nets_label").wait_for()
    return page


def form(studio):
    page = _open_invoice(studio, studio.clinic.make_invoice(1050))
    page.locator("button[name=action_nets_pay_by_card]:visible").first.click()
    page.locator(f"{DIALOG} #nets_amount").wait_for()


def dialog(*ends, **play):
    """:return: what shows the dialog of a payment, once it is in one of these states, or waits for the card"""

    def take(studio):
        invoice, transaction, terminal = paid(studio, **play)
        if ends:
            studio.clinic.wait_for_state(transaction, *ends)
        else:
            terminal.asks_for_card()
        _show(studio, invoice, transaction)

    return take


def unknown(studio):
    studio.simulator.service(last_transaction="error")
    dialog("unknown", answer="cut_after")(studio)


def _open_settleable(studio):
    """:return: *Settle by hand*, in the dialog of a result that the terminal couldn't tell"""
    studio.simulator.service(last_transaction="error")
    invoice, transaction, _terminal = paid(studio, answer="cut_after")
    studio.clinic.wait_for_state(transaction, "unknown")
    studio.clinic.wait_for_lookup(transaction)
    page = _show(studio, invoice, transaction)
    # beside *Get last result*, which has an icon
    return page.locator(f".modal:has({DIALOG}) .modal-footer .btn-secondary:not(:has(i))").first


def settleable(studio):
    _open_settleable(studio)


def settle(studio):
    _open_settleable(studio).click()
    outcomes = studio.page.locator(".modal [name=outcome] input")
    outcomes.first.check()
    studio.page.locator(".modal [name=reference]").wait_for()


def _choose_several(studio):
    """:return: (the list of invoices with Odoo's *Pay* for two of them, by card, the terminal)"""
    clinic = studio.clinic
    terminal = clinic.make_terminal()
    customer = clinic.make_customer("Ingrid Several")
    invoices = [clinic.make_invoice(amount, customer) for amount in (1050, 480)]
    domain = [("code", "=", "nets_terminal"), ("payment_type", "=", "inbound")]
    domain += [("journal_id.type", "=", "bank"), ("company_id", "=", clinic.ref("demo_company"))]
    [line] = clinic.admin.call("account.payment.method.line", "search_read", domain, ["journal_id"], limit=1)
    page = studio.open("admin", InvoiceList.PATH)
    page.locator(ROWS).first.wait_for()
    chosen = {
        "default_journal_id": line["journal_id"][0],
        "default_payment_method_line_id": line["id"],
        "default_nets_terminal_id": terminal.id,
        "default_group_payment": True,
    }
    page.evaluate(PRESS, ["account.move", invoices, "action_register_payment", chosen])
    page.locator(".modal [name=nets_terminal_id]").wait_for()
    return page, terminal


def several(studio):
    _choose_several(studio)


def several_waiting(studio):
    page, terminal = _choose_several(studio)
    terminal.hold()
    page.locator("button[name=action_nets_process_card]").click()
    terminal.asks_for_card()
    page.locator(f"{DIALOG} .o_nets_label").wait_for()


def invoice(studio):
    invoice, _transaction, _terminal = _approved(studio)
    return _open_invoice(studio, invoice)


def invoice_refunded(amount):
    def take(studio):
        invoice, _transaction = _refunded(studio, amount)
        page = _open_invoice(studio, invoice)
        page.locator("[name=amount_residual]").last.scroll_into_view_if_needed()

    return take


def refund(studio):
    page = invoice(studio)
    page.locator("[name=invoice_payments_widget] .js_nets_refund").first.click()
    page.locator(f"{DIALOG} #nets_amount").wait_for()


def transactions_of_invoice(studio):
    invoice, _transaction = _refunded(studio, 300)
    page = _open_invoice(studio, invoice)
    page.locator("[role=tab][name=nets_transactions]").click()
    rows = page.locator("[name=nets_transaction_ids]").locator(ROWS)
    rows.first.wait_for()
    rows.last.evaluate("(element) => element.scrollIntoView({block: 'nearest'})")


def pop_over(studio):
    page = invoice(studio)
    page.locator("[name=invoice_payments_widget] .js_payment_info").first.click()
    page.locator(".account_payment_popover").wait_for()


def payment(studio):
    _invoice, transaction, _terminal = _approved(studio)
    [payment, _name] = studio.clinic.read("nets.transaction", transaction, "payment_id")
    open_at(studio, f"/odoo/account.payment/{payment}")


def story(studio):
    _invoice, transaction, _terminal = _approved(studio)
    open_at(studio, TransactionPage.path(transaction))


def story_refunded(amount):
    def take(studio):
        _invoice, transaction = _refunded(studio, amount)
        open_at(studio, TransactionPage.path(transaction))

    return take


def receipt(method, ready):
    """:return: what shows a window for the receipt of a payment, once this part of it is there"""

    def take(studio):
        clinic = studio.clinic
        customer = clinic.ref("demo_partner_bakery")
        clinic.admin.call("res.partner", "write", [customer], {"email": "bakery@example.com"})
        _invoice, transaction, _terminal = _approved(studio)
        page = open_at(studio, TransactionPage.path(transaction))
        page.evaluate(PRESS, ["nets.transaction", [transaction], method, {}])
        page.locator(f".modal {ready}").first.wait_for()

    return take


def receipt_roll(studio):
    """What comes out of the printer, in the viewer that Odoo has for it."""
    _invoice, transaction, _terminal = _approved(studio)
    roll = f"/report/pdf/nets_connect_cloud.report_receipt_roll/{transaction}"
    page = studio.open("admin", f"/web/static/lib/pdfjs/web/viewer.html?file={roll}")
    page.locator(".textLayer span").first.wait_for()


def log(studio):
    studio.open("admin", LogPage.PATH).locator(ROWS).first.wait_for()


def log_filtered(studio):
    """What failed, and where the days are chosen; on a phone, the filters."""
    make_history(studio)
    log(studio)
    page = studio.page
    page.evaluate(FILTERED_LOG, {"search_default_failed": 1})
    page.locator(ROWS).first.wait_for()
    first_day = page.locator(".o_nets_from")
    if first_day.count():
        first_day.click()
        page.locator(".o_datetime_picker").wait_for()
    else:
        open_search(page).wait_for()


PICTURES = [
    ("office invoice before", form),
    ("office dialog waiting", dialog(wait={"release": True})),
    ("office dialog declined", dialog("failed", outcome="insufficient_funds")),
    ("office dialog unknown", unknown),
    ("office dialog signature", dialog("approved", cvm="1")),
    ("office dialog to settle", settleable),
    ("office settle by hand", settle),
    ("office several in Pay", several),
    ("office several waiting", several_waiting),
    ("office invoice paid", invoice),
    ("office invoice pop-over", pop_over),
    ("office invoice partly refunded", invoice_refunded(300)),
    ("office invoice refunded", invoice_refunded(1050)),
    ("office invoice transactions", transactions_of_invoice),
    ("office refund before", refund),
    ("office payment", payment),
    ("office transaction", story),
    ("office transaction partly refunded", story_refunded(300)),
    ("office transaction refunded", story_refunded(1050)),
    ("office receipt print", receipt("action_print_receipt", "[name=receipts] input")),
    ("office receipt send", receipt("action_send_receipt", "[name=attachment_ids]")),
    ("office receipt roll", receipt_roll),
    ("office log", log),
    ("office log filtered", log_filtered),
]
