"""The screens of the office: the dialog, the invoice, the log, the settings; and the simulator's terminal."""

import states
from pages import InvoicePage, LogPage, TransactionPage

DIALOG = ".o_nets_card_dialog"


def _paid(studio, amount=1050, **play):
    """:return: (invoice, its transaction, its terminal), once it was asked for"""
    clinic = studio.clinic
    terminal = clinic.make_terminal()
    terminal.play(**{"outcome": "approved", **play})
    invoice = clinic.make_invoice(amount)
    return invoice, clinic.press_pay(invoice, terminal), terminal


def _open_invoice(studio, invoice):
    page = studio.open("admin", InvoicePage.path(invoice))
    page.locator(".o_form_sheet").wait_for()
    return page


def form(studio):
    page = _open_invoice(studio, studio.clinic.make_invoice(1050))
    page.locator("button[name=action_nets_pay_by_card]:visible").first.click()
    page.locator(f"{DIALOG} #nets_amount").wait_for()


def dialog(*ends, **play):
    """:return: what shows the dialog of a payment, once it is in one of these states, or waits for the card"""

    def take(studio):
        invoice, transaction, terminal = _paid(studio, **play)
        if ends:
            studio.clinic.wait_for_state(transaction, *ends)
        else:
            terminal.asks_for_card()
        page = _open_invoice(studio, invoice)
        page.evaluate(states.OPEN_DIALOG, transaction)
        page.locator(f"{DIALOG} .o_nets_label").wait_for()

    return take


def unknown(studio):
    studio.simulator.service(last_transaction="error")
    dialog("unknown", answer="cut_after")(studio)


def invoice(studio):
    invoice, transaction, _terminal = _paid(studio)
    studio.clinic.wait_for_end(transaction)
    return _open_invoice(studio, invoice)


def pop_over(studio):
    page = invoice(studio)
    page.locator("[name=invoice_payments_widget] .js_payment_info").first.click()
    page.locator(".account_payment_popover").wait_for()


def payment(studio):
    _invoice, transaction, _terminal = _paid(studio)
    studio.clinic.wait_for_end(transaction)
    [payment, _name] = studio.clinic.read("nets.transaction", transaction, "payment_id")
    studio.open("admin", f"/odoo/account.payment/{payment}").locator(".o_form_sheet").wait_for()


def story(studio):
    _invoice, transaction, _terminal = _paid(studio)
    studio.clinic.wait_for_end(transaction)
    studio.open("admin", TransactionPage.path(transaction)).locator(".o_form_sheet").wait_for()


def log(studio):
    studio.open("admin", LogPage.PATH).locator(".o_data_row, .o_kanban_record").first.wait_for()


def takings(studio):
    studio.open("admin", "/odoo/card-takings").locator(".o_graph_renderer canvas").wait_for()


def settings(setting):
    def take(studio):
        page = studio.open("admin", "/odoo/settings")
        page.locator(f"#{setting}").scroll_into_view_if_needed()

    return take


def terminals(studio):
    path = "/odoo/action-nets_connect_cloud.nets_terminal_action"
    studio.open("admin", path).locator(".o_data_row, .o_kanban_record").first.wait_for()


def simulator(studio):
    _invoice, _transaction, terminal = _paid(studio, wait={"release": True})
    terminal.asks_for_card()
    studio.open("admin", f"{studio.simulator.url}/terminal/{terminal.identifier}").wait_for_timeout(1000)


PICTURES = [
    ("office invoice before", form),
    ("office dialog waiting", dialog(wait={"release": True})),
    ("office dialog declined", dialog("failed", outcome="insufficient_funds")),
    ("office dialog unknown", unknown),
    ("office dialog signature", dialog("approved", cvm="1")),
    ("office invoice paid", invoice),
    ("office invoice pop-over", pop_over),
    ("office payment", payment),
    ("office transaction", story),
    ("office log", log),
    ("office takings", takings),
    ("office settings account", settings("nets_connect_cloud")),
    ("office settings terminals", settings("nets_terminals")),
    ("office terminals", terminals),
    ("office simulator", simulator),
]
