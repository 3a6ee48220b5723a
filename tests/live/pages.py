"""What the tests do and see on Odoo's pages, in the words of the person who sits there."""

import os
import re

from fitting import unfit_texts
from playwright.sync_api import expect

import stack as machinery

SCREENSHOTS = machinery.HOME / "screenshots"
PHONE = {"width": 390, "height": 844}
TABLET = {"width": 1024, "height": 768}
LAPTOP = {"width": 1366, "height": 768}
INVOICE_PATH = "/odoo/action-account.action_move_out_invoice_type/{}"
ACTION_PATH = re.compile(r"/odoo/action-(?P<action>[\w.]+)(?:/(?P<record>\d+))?")
GO_ON = """async ({action, record}) => {
    const {action: actions} = odoo.__WOWL_DEBUG__.root.env.services;
    const form = record ? {viewType: "form", props: {resId: Number(record)}} : {};
    await actions.doAction(action, {clearBreadcrumbs: true, ...form});
    document.querySelectorAll(".o_notification_close").forEach((button) => button.click());
}"""


def leave(page):
    """Close a page, which may be about to load another one: closing it in the middle of that never ends at times."""
    if not page.is_closed():
        page.goto("about:blank")
        page.close()


def go_on(page, path):
    """Show another list or record in the web client that is open, as over a menu and a click in a list.

    Reloading it costs seconds. Nothing of what was there before stays in sight.
    """
    page.evaluate(GO_ON, ACTION_PATH.fullmatch(path).groupdict())
    expect(page.locator(".o_notification")).to_have_count(0)


def shoot(page, name):
    """Keep what the person sees, for somebody who wants to look at it: with SCREENSHOTS=1, since it takes time.

    :param str name: what the picture shows; becomes the file's name
    """
    if not os.environ.get("SCREENSHOTS"):
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(400)  # only for the eye: animations have ended
    page.screenshot(path=SCREENSHOTS / f"{re.sub(r'[^a-zA-Z0-9]+', '-', name)}.png")


def expect_to_fit(page):
    """Nothing on the page has to be scrolled sideways, apart from Odoo's own chatter."""
    wide = page.evaluate(
        """() => Array.from(document.querySelectorAll(".o_action_manager *, .modal *"))
            .filter((element) => !element.closest(".o-mail-Chatter"))
            .filter((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1)
            .filter((element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX))
            .map((element) => element.className)"""
    )
    assert not wide, wide


def money(amount):
    """Return a pattern of an amount as Odoo shows it, whatever the language's separators."""
    whole, cents = f"{amount:.2f}".split(".")
    digits = r"[\s,.\u00a0]?".join(whole[max(0, end - 3) : end] for end in _groups(len(whole)))
    return re.compile(rf"(?<!\d){digits}[.,]{cents}(?!\d)")


def signed(amount):
    """Return a pattern of an amount and nothing else; negative ones have their sign."""
    pattern = money(abs(amount)).pattern
    return re.compile(rf"^\D*-\D*{pattern}" if amount < 0 else rf"^[^-]*{pattern}")


def _groups(length):
    return range(length % 3 or 3, length + 1, 3)


class InvoicePage:
    """An invoice's form."""

    def __init__(self, page, invoice):
        self.page = page
        self.invoice = invoice

    @staticmethod
    def path(invoice):
        return INVOICE_PATH.format(invoice)

    def go_on(self, invoice):
        """Return the page of another invoice, in its place."""
        go_on(self.page, self.path(invoice))
        return InvoicePage(self.page, invoice).expect_open()

    def reload(self):
        self.page.reload()
        return self.expect_open()

    def expect_open(self):
        expect(self.page.locator(".o_form_view .o_form_sheet")).to_be_visible()
        # the mark of a page that was not reloaded
        self.page.evaluate("window.netsSamePage = true")
        return self

    def button(self, name):
        # an icon before the text is part of the name
        name = re.compile(rf"{re.escape(name)}$")
        return self.page.locator(".o_form_statusbar").get_by_role("button", name=name)

    def pay_by_card(self):
        """Press *Pay by card*, and return the dialog."""
        self.button("Pay by card").click()
        return CardDialog(self.page).expect_open()

    def pay(self):
        """Press Odoo's own *Pay*, and return its window."""
        self.button("Pay").click()
        return PayWizard(self.page).expect_open()

    def confirm_and_pay(self):
        self.button("Confirm and pay by card").click()
        return CardDialog(self.page).expect_open()

    @property
    def banner(self):
        return self.page.locator(".o_nets_banner")

    def expect_banner(self, *texts):
        for text in texts:
            expect(self.banner).to_contain_text(text)

    def show_running(self):
        """Press *Show* on the banner, and return the dialog."""
        self.banner.get_by_role("button", name="Show").click()
        return CardDialog(self.page).expect_open()

    @property
    def totals(self):
        """Payments and the amount due, under the lines."""
        return self.page.locator(".oe_subtotal_footer").last

    def expect_due(self, amount):
        expect(self.page.locator("[name=amount_residual]")).to_have_text(money(amount))

    def expect_paid(self):
        expect(self.page.locator(".ribbon:visible").first).to_contain_text(re.compile("Paid|In Payment", re.IGNORECASE))

    def payment_info(self, row=0):
        """Open the pop-over of a row under the total."""
        self.page.locator("[name=invoice_payments_widget] .js_payment_info").nth(row).click()
        return self.page.locator(".account_payment_popover")

    def refund(self, row=0):
        """Press *Refund on card* in a payment's pop-over, and return the dialog."""
        # the pop-over says what the row knew when it was opened
        rows = self.page.locator("[name=invoice_payments_widget] tr")
        expect(rows.nth(row).locator(".js_nets_refund")).to_be_visible()
        self.payment_info(row).get_by_role("button", name="Refund on card").click()
        return CardDialog(self.page).expect_open()

    def reverse(self, row=0):
        self.payment_info(row).get_by_role("button", name="Reverse").click()
        return CardDialog(self.page).expect_open()

    def expect_rows(self, *texts):
        """Exactly these rows are under the total, each with its text and amount."""
        rows = self.page.locator("[name=invoice_payments_widget] tr")
        expect(rows).to_have_count(len(texts))
        for index, (text, amount) in enumerate(texts):
            expect(rows.nth(index)).to_contain_text(text)
            expect(rows.nth(index)).to_contain_text(money(abs(amount)))
            if amount < 0:
                expect(rows.nth(index)).to_contain_text("-")

    def expect_payment(self, amount):
        expect(self.page.locator("[name=invoice_payments_widget]")).to_contain_text(money(amount))

    def expect_no_payment(self):
        expect(self.page.locator("[name=invoice_payments_widget] .oe_payment_label")).to_have_count(0)

    def expect_notification(self, *texts):
        for text in texts:
            expect(self.page.locator(".o_notification").filter(has_text=text)).to_have_count(1)

    def expect_in_chatter(self, text):
        expect(self.page.locator(".o-mail-Message").filter(has_text=text).first).to_be_visible()

    def expect_not_reloaded(self):
        assert self.page.evaluate("window.netsSamePage"), "the page was reloaded"


class CardDialog:
    """The dialog *Card payment*."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".modal:has(.o_nets_card_dialog), .o_nets_card_dialog").first

    def expect_open(self):
        expect(self.root).to_be_visible()
        return self

    def expect_closed(self):
        expect(self.page.locator(".o_nets_card_dialog")).to_have_count(0)

    def button(self, name):
        return self.root.get_by_role("button", name=name)

    @property
    def amount(self):
        return self.root.get_by_label("Amount")

    @property
    def terminal(self):
        return self.root.get_by_label("Terminal")

    @property
    def status(self):
        """What a screen reader reads out."""
        return self.root.get_by_role("status")

    @property
    def refusal(self):
        return self.root.get_by_role("alert")

    def choose(self, terminal):
        self.terminal.select_option(str(terminal.id))
        return self

    def process(self):
        self.button("Process card").click()
        return self

    def pay_on(self, terminal, amount=None):
        """Fill in the form and press *Process card*."""
        if terminal:
            self.choose(terminal)
        if amount is not None:
            self.amount.fill(str(amount))
        return self.process()

    def abort(self):
        self.button("Abort").click()
        return self

    def try_again(self):
        self.button("Try again").click()
        return self

    def footer_button(self, name):
        return self.root.locator(".modal-footer").get_by_role("button", name=name)

    def close(self):
        self._leave(self.footer_button("Close").click)

    def escape(self):
        self._leave(lambda: self.page.keyboard.press("Escape"))

    def _leave(self, leave):
        """Close the dialog. What is behind it is read again in its place, and takes clicks at once."""
        leave()
        self.expect_closed()

    def expect_status(self, *texts):
        """The person reads all of these."""
        for text in texts:
            expect(self.status).to_contain_text(text)
        return self

    def expect_refusal(self, *texts):
        for text in texts:
            expect(self.refusal).to_contain_text(text)
        return self


class PayWizard:
    """Odoo's own window *Pay*."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".modal:has(.o_form_view)")

    def expect_open(self):
        expect(self.root.locator(".o_form_view")).to_be_visible()
        return self

    def expect_closed(self):
        expect(self.root).to_have_count(0)

    def field(self, label):
        # a question mark with a hint may follow
        return self.root.get_by_label(re.compile(rf"^{label}\b"))

    def choose(self, label, name):
        """Pick what begins with this name from a list."""
        field = self.field(label)
        field.click()
        field.fill(name)
        self.page.locator(".o-autocomplete--dropdown-item").filter(has_text=name).first.click()
        expect(field).to_have_value(re.compile(re.escape(name)))
        field.press("Tab")  # the list may have opened again

    def choose_currency(self, name):
        """Pick the currency, which stands beside the amount and has no label."""
        field = self.root.locator("[name=amount_div] [name=currency_id] input")
        field.click()
        field.fill(name)
        self.page.locator(".o-autocomplete--dropdown-item").filter(has_text=name).first.click()
        expect(field).to_have_value(name)
        field.press("Tab")

    def fill(self, label, value):
        self.field(label).fill(value)
        self.field(label).press("Tab")

    def button(self, name):
        return self.root.get_by_role("button", name=name)


class InvoiceList:
    """The list of customer invoices."""

    PATH = "/odoo/action-account.action_move_out_invoice_type"

    def __init__(self, page):
        self.page = page

    def search(self, text):
        box = self.page.get_by_role("searchbox")
        box.fill(text)
        box.press("Enter")
        return self

    def select(self, count):
        """Tick all rows, which are so many."""
        expect(self.page.locator(".o_data_row")).to_have_count(count)
        self.page.locator("thead .o_list_record_selector input").check()
        return self

    def pay(self):
        self.page.get_by_role("button", name="Pay", exact=True).click()
        return PayWizard(self.page).expect_open()


class LogPage:
    """The list of card transactions."""

    PATH = "/odoo/action-nets_connect_cloud.nets_transaction_action"

    def __init__(self, page):
        self.page = page
        expect(page.locator(".o_search_panel, .o_search_panel_sidebar").first).to_be_visible()

    @property
    def rows(self):
        return self.page.locator(".o_list_view .o_data_row")

    def row(self, amount):
        """Return the row of the transaction that asked for this amount."""
        asked = self.page.locator("td[name=amount]").filter(has_text=money(amount))
        return self.rows.filter(has=asked)

    def button(self, amount, name):
        return self.row(amount).locator(f"button[name={name}]")

    def open(self, amount):
        """Open a transaction's form."""
        self.row(amount).locator("td[name=terminal_label]").click()
        expect(self.page.locator(".o_form_view .o_form_sheet")).to_be_visible()

    def back(self):
        self.page.locator(".o_breadcrumb a, .o_back_button").last.click()
        expect(self.rows.first).to_be_visible()

    def expect_asked(self, *amounts):
        """Exactly these amounts were asked for, newest first."""
        cells = self.page.locator(".o_list_view .o_data_row td[name=amount]")
        expect(cells).to_have_text([signed(amount) for amount in amounts])

    def expect_nothing_cut(self):
        """Each value of the list is there to its last letter, as are the totals."""
        assert not unfit_texts(self.page, ".o_nets_log tbody", ".o_nets_log tfoot")

    def panel(self, text):
        """Press a site or terminal in the search panel, which may be folded."""
        folded = self.page.locator(".o_search_panel_sidebar")
        if folded.count():
            folded.click()
        self.page.locator(".o_search_panel").get_by_text(text, exact=True).click()

    def filter(self, *names):
        """Switch filters, groups or favourites of the search menu on or off."""
        menu, toggler = (self.page.locator(f".o_search{part}") for part in ("_bar_menu", "view_dropdown_toggler"))
        toggler.click()
        for name in names:
            item = menu.get_by_role("menuitemcheckbox").filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))
            item.click()

        def close():
            # the bar moves when the list is read again, from under a press
            if menu.count():
                toggler.click()
            return not menu.count()

        machinery.wait_until(close, 45, "the search menu to close", 0.5)

    def search(self, label, text):
        """Type into the search box, and choose under what to look for it."""
        self.page.locator(".o_searchview_input").fill(text)
        offers = self.page.locator(".o_searchview_autocomplete .dropdown-item")
        offers.filter(has_text=re.compile(rf"Search\s+{re.escape(label)}\s+(for|at):")).first.click()

    def forget(self):
        """Take away what was searched for last."""
        self.page.locator(".o_searchview_facet .o_facet_remove").last.click()


class TransactionPage:
    """A card transaction's form, in the log."""

    def __init__(self, page, transaction):
        self.page = page
        self.transaction = transaction
        expect(page.locator(".o_form_view .o_form_sheet")).to_be_visible()

    @staticmethod
    def path(transaction):
        return f"/odoo/action-nets_connect_cloud.nets_transaction_action/{transaction}"

    def button(self, name):
        return self.page.locator(".o_form_statusbar").get_by_role("button", name=name, exact=True)

    def expect_warning(self, text):
        expect(self.page.get_by_role("alert").filter(has_text=text)).to_be_visible()

    def expect_state(self, name):
        expect(self.page.get_by_role("radio", name=name, checked=True)).to_be_visible()

    def settle(self, charged, reason):
        """Fill in *Settle by hand*."""
        window = self.page.locator(".modal:has(.o_form_view)")
        window.get_by_label("The card was charged" if charged else "Nothing was charged").check()
        window.get_by_label("Why by hand").fill(reason)
        window.get_by_role("button", name="Settle").click()
        expect(window).to_have_count(0)
