"""A shop with a till: what the tests arrange of it over RPC, and do and see on its screens."""

import re

from pages import money
from playwright.sync_api import expect

CASHIER = "cashier"
BOSS = "boss"


class Shop:
    """A point of sale with a cash box and a card method, whose session is open."""

    def __init__(self, clinic, terminals, **config):
        """:param terminals: those that the card method may use
        :param config: values of the pos.config
        """
        self.clinic = clinic
        self.admin = clinic.admin
        clinic.make_user(CASHIER, "point_of_sale.group_pos_user")
        clinic.make_user(BOSS, "point_of_sale.group_pos_manager")
        self.terminals = terminals
        self.cash = self._make_method("Cash", clinic.make_journal(type="cash"))
        self.card = self._make_method(
            "Card",
            clinic.make_journal(),
            payment_method_type="terminal",
            use_payment_terminal="nets",
            nets_terminal_ids=[(6, 0, [each.id for each in terminals])],
        )
        values = {
            "name": "Corner shop",
            "company_id": clinic.ref("demo_company"),
            "payment_method_ids": [(6, 0, [self.cash, self.card])],
            "module_pos_hr": False,
            "module_pos_restaurant": False,
            **config,
        }
        self.config = self.admin.call("pos.config", "create", [values])[0]
        self.open_session()

    def _make_method(self, name, journal, **values):
        values = {"name": name, "journal_id": journal, "company_id": self.clinic.ref("demo_company"), **values}
        return self.admin.call("pos.payment.method", "create", [values])[0]

    def make_product(self, name, price):
        values = {"name": name, "list_price": price, "available_in_pos": True, "type": "consu", "taxes_id": [(5, 0, 0)]}
        return self.admin.call("product.template", "create", [values])[0]

    def open_session(self):
        self.clinic.user(CASHIER).call("pos.config", "open_ui", [self.config])
        self.session = self.clinic.read("pos.config", self.config, "current_session_id")[0]
        self.admin.call("pos.session", "set_opening_control", [self.session], 0, "")

    @property
    def path(self):
        # from the back office: with the data as it is now, and the cashier who is logged in
        return f"/pos/ui/{self.config}?from_backend=1"

    def orders(self, *domain):
        """Return this shop's orders, newest first."""
        fields = ["state", "amount_total", "amount_paid", "payment_ids", "lines", "uuid"]
        return self.admin.call(
            "pos.order", "search_read", [("config_id", "=", self.config), *domain], fields, order="id desc"
        )

    def payments(self, order):
        fields = ["amount", "payment_status", "card_brand", "card_no", "ticket", "payment_method_id", "uuid"]
        return self.admin.call("pos.payment", "search_read", [("pos_order_id", "=", order["id"])], fields, order="id")

    def transactions(self):
        """Return this shop's card transactions, newest first."""
        domain = [("pos_config_id", "=", self.config)]
        fields = ["state", "kind", "amount", "charged_amount", "cashier_name", "order_id", "settled_by_id"]
        return self.admin.call("nets.transaction", "search_read", domain, fields)

    def close_session(self):
        """Close the session as a manager does, with the cash counted as it should be.

        :return: the move lines of the card method's journal entries, {account name: balance in minor units}
        """
        self.admin.call("pos.session", "action_pos_session_closing_control", [self.session])
        state = self.clinic.read("pos.session", self.session, "state")
        assert state == "closed", state


class Till:
    """The screens of a till, in the words of the cashier."""

    def __init__(self, page):
        self.page = page

    def expect_open(self):
        expect(self.page.locator(".pos .pos-topheader")).to_be_visible(timeout=40_000)
        return self

    def reload(self):
        self.page.reload()
        return self.expect_open()

    # --- the order --- #

    def add(self, product):
        card = self.page.locator(".product-list .product").filter(has_text=product).first
        card.click()
        expect(card.locator(".product-cart-qty")).to_be_visible()
        return self

    def to_payment(self):
        # on a small screen the order is behind the products, and the button beside it
        self.page.locator(".pay-order-button:visible, .switchpane .pay-button:visible").first.click()
        expect(self.page.locator(".payment-screen")).to_be_visible()
        return self

    def back(self):
        self.page.locator(".payment-screen .back-button").click()
        expect(self.page.locator(".product-screen")).to_be_visible()
        return self

    def pay_by(self, method):
        self.page.locator(".paymentmethod").filter(has_text=method).click()
        return self

    def type(self, keys):
        for key in str(keys):
            self.page.locator(".numpad button").filter(has_text=re.compile(rf"^{re.escape(key)}$")).click()
        return self

    def validate(self):
        self.page.locator(".validation-button.next").click()
        return self

    def expect_receipt(self):
        expect(self.page.locator(".receipt-screen")).to_be_visible()
        return self.page.locator(".pos-receipt")

    def next_order(self):
        self.page.locator(".receipt-screen .validation[name=done]").click()
        expect(self.page.locator(".product-screen")).to_be_visible()
        return self

    # --- the card line --- #

    def card_line(self, number=0):
        return CardLine(self.page, self.page.locator(".o_nets_card_line").nth(number))

    @property
    def card_lines(self):
        return self.page.locator(".o_nets_card_line")

    def expect_dialog(self, *texts):
        """Return the dialog that says all of these."""
        dialog = self.page.locator(".modal").last
        for text in texts:
            expect(dialog).to_contain_text(text)
        return dialog

    def close_dialog(self):
        self.page.locator(".modal").last.get_by_role("button", name="Ok").click()
        expect(self.page.locator(".modal")).to_have_count(0)
        return self

    # --- past orders --- #

    def open_orders(self, filter_name=None):
        self.page.locator(".orders-button").click()
        expect(self.page.locator(".ticket-screen")).to_be_visible()
        if filter_name:
            self.page.locator(".ticket-screen .pos-search-bar .filter").click()
            self.page.locator(".ticket-screen .pos-search-bar .options li, .dropdown-item").filter(
                has_text=re.compile(rf"^\s*{filter_name}\s*$")
            ).first.click()
        return self

    def select_order(self, amount):
        self.page.locator(".order-row").filter(has_text=money(amount)).first.click()
        return self


class CardLine:
    """A card payment among the payment lines."""

    def __init__(self, page, root):
        self.page = page
        self.root = root

    @property
    def status(self):
        """What a screen reader reads out."""
        return self.root.get_by_role("status")

    @property
    def refusal(self):
        return self.root.get_by_role("alert")

    def button(self, name):
        return self.root.get_by_role("button", name=name)

    def press(self, name):
        self.button(name).click()
        return self

    def expect_status(self, *texts):
        for text in texts:
            expect(self.status).to_contain_text(text)
        return self

    def expect_refusal(self, *texts):
        for text in texts:
            expect(self.refusal).to_contain_text(text)
        return self

    def expect_amount(self, amount):
        expect(self.root.locator(".payment-amount")).to_contain_text(money(abs(amount)))
        return self

    def expect_buttons(self, *names):
        expect(self.root.locator(".o_nets_buttons button")).to_have_text([re.compile(name) for name in names])
        return self

    def choose(self, terminal):
        self.root.get_by_label("Terminal").select_option(str(terminal.id))
        return self
