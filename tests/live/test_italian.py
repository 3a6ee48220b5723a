"""The main flow in Italian: no English of ours on its screens."""

import re

import polib
import pytest
from languages import install
from pages import LAPTOP, CardDialog, InvoicePage, LogPage, TransactionPage, go_on, shoot
from playwright.sync_api import expect

import stack as machinery

TRANSLATION = {
    entry.msgid: entry.msgstr for entry in polib.pofile(str(machinery.ROOT / "i18n" / "it.po")) if entry.msgstr
}
VALUE = re.compile(r"%\(\w+\)\w")
# Everything that a person reads, or hears from a screen reader.
READ = """() => [
    ...document.body.innerText.split("\\n"),
    ...Array.from(document.querySelectorAll("[title], [placeholder], [aria-label], [data-tooltip]")).flatMap(
        (element) => ["title", "placeholder", "aria-label", "data-tooltip"].map((name) => element.getAttribute(name))
    ),
].filter(Boolean).map((text) => text.trim())"""


def _pattern(text):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text)).strip()
    return "".join(".+" if VALUE.fullmatch(part) else re.escape(part) for part in re.split(f"({VALUE.pattern})", text))


# English texts, except those that are the same in Italian, and values with at most a word between them.
ENGLISH = [
    re.compile(_pattern(text))
    for text, italian in TRANSLATION.items()
    if text != italian and len(re.findall(r"[A-Za-z]{2,}", VALUE.sub("", text))) > bool(VALUE.search(text))
]


def expect_italian(page, *texts, names=()):
    """No text of ours on the page is English, and these, given in English, are there in Italian.

    :param names: of records, which happen to be such texts
    """
    for text in texts:
        expect(page.locator("body")).to_contain_text(TRANSLATION[text])
    lines = {re.sub(r"\s+", " ", line) for line in page.evaluate(READ)}
    lines -= set(names)
    assert not [line for line in lines if any(pattern.fullmatch(line) for pattern in ENGLISH)]


@pytest.fixture
def giulia(clinic):
    """An administrator who reads Italian."""
    install(clinic.admin, "it")
    # no manager of the Point of Sale: with pos_hr, Odoo shows them employees of other companies in the settings
    groups = ("base.group_system", "account.group_account_manager")
    clinic.make_user("giulia", *groups, lang="it_IT")
    return "giulia"


def test_no_english_of_ours_on_the_screens_of_the_main_flow(clinic, terminal, open_page, giulia):
    said = TRANSLATION
    invoice = clinic.make_invoice(300)
    page = open_page(giulia, InvoicePage.path(invoice))
    form = InvoicePage(page, invoice).expect_open()
    expect_italian(page, "Pay by card")

    # paid in the end
    form.button(said["Pay by card"]).click()
    dialog = CardDialog(page).expect_open()
    expect_italian(page, "Process card", "Play money: no real card is charged here.")
    dialog.root.get_by_label(said["Terminal"]).select_option(str(terminal.id))
    terminal.play(outcome="customer_cancelled")
    dialog.button(said["Process card"]).click()
    dialog.expect_status(said["Cancelled by the customer"])
    expect_italian(page, "Try again", "Change amount or terminal")
    shoot(page, "italian-refused")
    terminal.hold()
    dialog.button(said["Try again"]).click()
    dialog.expect_status(said["Waiting for the card"])
    expect_italian(page, "Abort", "You may close this window: the payment goes on, and the invoice shows it.")
    shoot(page, "italian-waiting")
    dialog.footer_button(said["Close"]).click()
    dialog.expect_closed()
    form.expect_banner(said["Waiting for the card"])
    expect_italian(page, "Show")
    terminal.release()
    form.expect_due(0)
    page.get_by_role("tab", name=said["Card transactions"]).click()
    expect_italian(page, "Successful", "Failed")
    page.get_by_role("tab").first.click()
    form.payment_info()
    expect_italian(page, "Refund on card", "Reverse")
    shoot(page, "italian-paid")

    # and a part refunded
    page.locator(".account_payment_popover").get_by_role("button", name=said["Refund on card"]).click()
    dialog.expect_open()
    expect_italian(page, "In the books", "The invoice is due again")
    shoot(page, "italian-refund")
    dialog.root.get_by_label(said["Amount"]).fill("-100")
    dialog.root.get_by_label(said["Terminal"]).select_option(str(terminal.id))
    terminal.play("approved")
    dialog.root.locator(".modal-footer .btn-primary").click()
    dialog.expect_closed()
    form.expect_due(100)
    refund = clinic.transaction(invoice)

    # the log, the settings, and what belongs to them
    module = "/odoo/action-nets_connect_cloud."
    go_on(page, f"{module}nets_transaction_action")
    expect(page.locator(".o_data_row").first).to_be_visible()
    expect_italian(page)
    page.set_viewport_size(LAPTOP)
    LogPage(page).expect_nothing_cut()
    shoot(page, "italian-log")
    go_on(page, TransactionPage.path(refund))
    TransactionPage(page, refund)
    expect_italian(page, "Successful")
    shoot(page, "italian-transaction")
    go_on(page, f"{module}nets_terminal_action/{terminal.id}")
    expect(page.locator(".o_form_sheet")).to_be_visible()
    expect_italian(page, "Reconciliation", "Test payment")
    shoot(page, "italian-terminal")
    terminal.play("approved")
    page.get_by_role("button", name=said["Reconciliation"]).click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    dialog.expect_open().expect_status(said["Done"])
    expect_italian(page, "Open the report")
    dialog.button(said["Open the report"]).click()
    expect(page.locator("[name=recorded_total]").first).to_be_visible()
    expect_italian(page)
    shoot(page, "italian-report")
    # records of the demo data are called like this
    names = ("Simulator", "Front desk")
    for path, shown in (
        (f"nets_account_action/{clinic.ref('nets_account_demo')}", ".o_form_sheet"),
        ("nets_location_action", ".o_data_row"),
        ("nets_transaction_analysis_action", ".o_graph_view"),
    ):
        go_on(page, module + path)
        expect(page.locator(shown).first).to_be_visible()
        expect_italian(page, names=names)
        shoot(page, f"italian-{path.partition('/')[0]}")
    page.goto("/odoo/settings#general_settings")
    expect(page.locator("#nets_connect_cloud")).to_be_visible()
    expect_italian(page, "NETS Connect@Cloud account", "Fetch terminals", names=names)
    page.locator("#nets_connect_cloud").scroll_into_view_if_needed()
    shoot(page, "italian-settings")
