"""The transaction log and receipts, as a person uses them."""

import re

import pytest
from pages import money
from playwright.sync_api import expect


class LogPage:
    """The list of card transactions."""

    def __init__(self, page):
        self.page = page

    def open(self, *terminals):
        """Open the log, searched for these terminals' rows: other tests' are in it as well."""
        self.page.goto("/odoo/card-transactions")
        expect(self.page.locator(".o_list_view .o_data_row").first).to_be_visible()
        for terminal in terminals:
            self.panel(terminal.name).click()
        return self

    @property
    def rows(self):
        return self.page.locator(".o_list_view .o_data_row")

    def row(self, text):
        return self.rows.filter(has_text=text)

    def expect_charged(self, *amounts):
        """Exactly these amounts are listed, newest first; 0 where nothing was charged."""
        expect(self.page.locator(".o_list_view .o_data_row td[name=charged_amount]")).to_have_text(
            [money(amount) for amount in amounts]
        )

    def printer(self, amount):
        return self.row(money(amount)).locator("button[name=action_print_receipt]")

    def panel(self, text):
        """A site or terminal in the search panel."""
        return self.page.locator(".o_search_panel").get_by_text(text, exact=False).first

    def filter(self, *names):
        """Switch filters of the search menu on or off."""
        menu = self.page.locator(".o_search_bar_menu")
        self.page.locator(".o_searchview_dropdown_toggler").click()
        for name in names:
            menu.get_by_role("menuitemcheckbox", name=name, exact=True).click()
        self.page.keyboard.press("Escape")
        expect(menu).to_have_count(0)

    def search(self, label, text):
        """Type into the search box, and choose under what to look for it."""
        box = self.page.locator(".o_searchview_input")
        box.fill(text)
        offers = self.page.locator(".o_searchview_autocomplete li")
        offers.filter(has_text=re.compile(rf"Search\s+{label}\s+(for|at)")).click()


@pytest.fixture
def page(open_page):
    """The administrator's page."""
    return open_page("admin")


@pytest.fixture
def history(clinic):
    """One successful and one failed payment on the first terminal, one successful on another site's."""
    here = clinic.make_terminal()
    there = clinic.make_terminal(location_id=clinic.ref("nets_location_demo_workshop"))
    clinic.charged = {}
    for terminal, amount, play in (
        (here, 310, "approved"),
        (here, 320, "insufficient_funds"),
        (there, 330, "approved"),
    ):
        terminal.play(outcome=play)
        invoice = clinic.make_invoice(amount)
        clinic.charged[amount] = clinic.press_pay(invoice, terminal)
        clinic.wait_for_end(clinic.charged[amount])
    return here, there


def test_results_sites_and_terminals_are_filtered(history, page):
    here, there = history
    log = LogPage(page).open(here, there)
    log.expect_charged(330, 0, 310)
    log.filter("Failed")
    log.expect_charged(0)
    expect(log.rows).to_contain_text("Insufficient funds")
    log.filter("Failed", "Successful")
    log.expect_charged(330, 310)
    # a group of sites has what its sites have
    log.panel("Bergen").click()
    log.expect_charged(330, 310)
    log.panel("Dental workshop").click()
    log.expect_charged(330)


def test_searched_by_amount_and_order(clinic, history, page):
    here, there = history
    log = LogPage(page).open(here, there)
    log.search("Amount", "320")
    log.expect_charged(0)
    page.locator(".o_facet_remove").last.click()
    log.expect_charged(330, 0, 310)
    log.search("Reference", clinic.read("nets.transaction", clinic.charged[310], "order_id")[:10])
    log.expect_charged(310)


def test_a_receipt_is_printed_and_then_a_copy(clinic, history, page):
    here, _there = history
    transaction = clinic.charged[310]
    log = LogPage(page).open(here)
    log.expect_charged(0, 310)
    log.printer(310).click()
    dialog = page.locator(".modal")
    expect(dialog.get_by_label("Customer's receipt")).to_be_checked()
    expect(dialog).not_to_contain_text("marked as a copy")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Print").click()
    assert download.value.suggested_filename.endswith(".pdf")
    expect(dialog).to_have_count(0)
    assert clinic.read("nets.transaction", transaction, "customer_receipt_prints") == 1
    log.printer(310).click()
    expect(dialog).to_contain_text("marked as a copy")


def test_no_printer_where_there_is_no_receipt(clinic, page, terminal):
    terminal.play(outcome="approved", receipts=False)
    transaction = clinic.press_pay(clinic.make_invoice(340), terminal)
    clinic.wait_for_end(transaction)
    log = LogPage(page).open(terminal)
    log.expect_charged(340)
    expect(log.printer(340)).to_have_count(0)
    log.row(money(340)).locator("td[name=terminal_label]").click()
    expect(page.get_by_role("button", name="Print confirmation")).to_be_visible()


def test_the_story_reads_from_top_to_bottom(clinic, history, page):
    here, _there = history
    log = LogPage(page).open(here)
    log.expect_charged(0, 310)
    log.row(money(310)).locator("td[name=terminal_label]").click()
    story = page.locator(".o_nets_story li")
    expect(story.locator("strong")).to_have_text(["Payment", "Sent to the terminal", "Successful", "Booked"])
    expect(story.first).to_contain_text(money(310))
    expect(story.first).to_contain_text(here.identifier)
    # the receipt as it came, in a letter of one width
    expect(page.locator(".o_nets_receipt").first).to_contain_text("APPROVED")
    page.get_by_role("tab", name="Raw answer").click()
    expect(page.locator("[name=raw_answer]")).to_contain_text("localModeEventArgs")


def test_takings_are_charted(history, page):
    page.goto("/odoo/card-takings")
    expect(page.locator(".o_graph_renderer canvas")).to_be_visible()
    page.locator(".o_searchview_dropdown_toggler").click()
    page.get_by_role("menuitemcheckbox", name="Why cards were not charged").click()
    page.get_by_role("button", name="Pivot View").click()
    expect(page.locator("div.o_pivot")).to_contain_text("Insufficient funds")
