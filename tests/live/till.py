"""A shop with a till: what the tests arrange of it over RPC, and do and see on its screens."""

import re

import synced
from clinic import minor_units
from pages import money
from playwright.sync_api import expect

import stack as machinery

CASHIER = "cashier"
BOSS = "boss"
USE_TERMINAL = """([method, terminal]) =>
    posmodel.nets.chooseTerminal(posmodel.models["pos.payment.method"].get(method), terminal)"""
FORGET_TERMINAL = """(method) => {
    delete posmodel.nets.choices[method];
    localStorage.removeItem(posmodel.nets.storageKey({id: method}));
}"""
NEW_ORDER = """() => {
    posmodel.dialog.closeAll();
    document.querySelectorAll(".o_notification_close").forEach((button) => button.click());
    posmodel.navigate("ProductScreen", {orderUuid: posmodel.addNewOrder().uuid});
}"""


class Shop:
    """A point of sale with a cash box and a card method, whose session is open."""

    def __init__(self, clinic, terminals, company=None, currency=None, **config):
        """:param terminals: those that the card method may use
        :param int company: another one than the demo data's
        :param int currency: another one than the company's
        :param config: values of the pos.config
        """
        self.clinic = clinic
        self.admin = clinic.admin
        self.company = company or clinic.ref("demo_company")
        self.cashier = f"{CASHIER}{company or ''}"
        of_company = {"company_id": self.company, "company_ids": [(6, 0, [self.company])]}
        clinic.make_user(self.cashier, "point_of_sale.group_pos_user", **of_company)
        clinic.make_user(BOSS, "point_of_sale.group_pos_manager")
        self.terminals = terminals
        journal = {"company_id": self.company, "currency_id": currency}
        self.cash = self._make_method("Cash", clinic.make_journal(type="cash", **journal))
        self.card = self._make_method(
            "Card",
            clinic.make_journal(**journal),
            payment_method_type="terminal",
            use_payment_terminal="nets",
            nets_terminal_ids=[(6, 0, [each.id for each in terminals])],
        )
        self.category = self.admin.call("pos.category", "create", [{"name": "Zithers"}])[0]
        values = {
            "name": "Corner shop",
            "company_id": self.company,
            "payment_method_ids": [(6, 0, [self.cash, self.card])],
            # of its own products alone: the till shows a hundred, in no certain order
            "limit_categories": True,
            "iface_available_categ_ids": [(6, 0, [self.category])],
            "module_pos_hr": False,
            "module_pos_restaurant": False,
            "use_fast_payment": True,
            "fast_payment_method_ids": [(6, 0, [self.cash, self.card])],
            **config,
        }
        if currency:
            values["journal_id"] = clinic.make_journal(type="sale", **journal)
        context = {"allowed_company_ids": [self.company]}
        self.config = self.admin.call("pos.config", "create", [values], context=context)[0]
        self.open_session()
        self.begin()

    def begin(self):
        """Look only at what comes from now on: the shop may have served other tests."""
        self._newest = {
            model: max(self.admin.call(model, "search", [], limit=1, order="id desc"), default=0)
            for model in ("pos.order", "nets.transaction")
        }
        self._first_entries = {each.identifier: len(each.ledger()) for each in self.terminals}

    def _make_method(self, name, journal, **values):
        values = {"name": name, "journal_id": journal, "company_id": self.company, **values}
        return self.admin.call("pos.payment.method", "create", [values])[0]

    def make_product(self, name, price):
        values = {"name": name, "list_price": price, "available_in_pos": True, "taxes_id": [(5, 0, 0)]}
        values["pos_categ_ids"] = [(6, 0, [self.category])]
        return self.admin.call("product.template", "create", [values])[0]

    def open_session(self):
        self.clinic.user(self.cashier).call("pos.config", "open_ui", [self.config])
        self.session = self.clinic.read("pos.config", self.config, "current_session_id")[0]
        self.is_open = True
        self.admin.call("pos.session", "set_opening_control", [self.session], 0, "")

    @property
    def path(self):
        # from the back office: with the data as it is now, and the cashier who is logged in
        return f"/pos/ui/{self.config}?from_backend=1"

    def orders(self, *domain):
        """Return this shop's orders, newest first."""
        fields = ["state", "amount_total", "amount_paid", "payment_ids", "lines", "uuid"]
        return self.admin.call(
            "pos.order",
            "search_read",
            [("config_id", "=", self.config), ("id", ">", self._newest["pos.order"]), *domain],
            fields,
            order="id desc",
        )

    def payments(self, order):
        fields = ["amount", "payment_status", "card_brand", "card_no", "ticket", "payment_method_id", "uuid"]
        return self.admin.call("pos.payment", "search_read", [("pos_order_id", "=", order["id"])], fields, order="id")

    def transactions(self):
        """Return this shop's card transactions, newest first."""
        domain = [("pos_config_id", "=", self.config), ("id", ">", self._newest["nets.transaction"])]
        fields = ["state", "kind", "amount", "charged_amount", "cashier_name", "order_id", "settled_by_id"]
        return self.admin.call("nets.transaction", "search_read", domain, fields)

    def wait_for_transactions(self, count, state):
        """Wait until so many of the shop's transactions are in a state."""

        def arrived():
            return [each["state"] for each in self.transactions()].count(state) == count

        machinery.wait_until(arrived, 180, f"{count} transactions to be {state}", 0.3)

    def ledger(self, terminal=None):
        """Return what was done on a terminal, by default the shop's first."""
        terminal = terminal or self.terminals[0]
        return terminal.ledger()[self._first_entries[terminal.identifier] :]

    def charges(self, terminal=None):
        """Return what was really charged there, in minor units."""
        return [entry["amount"] for entry in self.ledger(terminal)]

    def kinds(self):
        """Return what was done there: purchases, refunds, reversals."""
        return [entry["kind"] for entry in self.ledger()]

    def sell_for_cash(self, amount, customer):
        """Sync a paid order as a till does; return the invoice that was asked for with it."""
        product = self.read_product(self.make_product("Zither strings", amount))
        order = synced.order_values(
            self.session,
            [synced.line_values(product, amount)],
            [synced.payment_values(self.cash, amount)],
            partner_id=customer,
            to_invoice=True,
            state="paid",
        )
        self.admin.call("pos.order", "sync_from_ui", [order])
        [order] = self.orders()
        return self.clinic.read("pos.order", order["id"], "account_move")[0]

    def read_product(self, template):
        """Return the id of what is sold of a product template."""
        return self.clinic.read("product.template", template, "product_variant_id")[0]

    def close_session(self):
        """Close the session as a manager does in the back office, with the cash counted as it should be."""
        self.admin.call("pos.session", "action_pos_session_closing_control", [self.session])
        state = self.clinic.read("pos.session", self.session, "state")
        assert state == "closed", state
        self.is_open = False

    def assert_books(self):
        """Compare, entry by entry, what the terminals charged with what Odoo knows of it."""
        terminals = [terminal.id for terminal in self.terminals]
        assert not self.clinic.unfinished(("terminal_id", "in", terminals)), "a transaction is not finished"
        self.clinic.assert_books([terminal.identifier for terminal in self.terminals])

    def money_of_the_session(self):
        """Return what went over cards in the session, as each of those who know of it says, in minor units.

        :return: (the ledger, with what was recorded by hand; the transactions; the payment lines; the orders, less
            what was paid in cash; the journal entries in the payments' currency)
        """
        session = [("session_id", "=", self.session)]
        on_card = [("payment_method_id", "=", self.card)]
        transactions = self.admin.call(
            "nets.transaction",
            "search_read",
            [("pos_session_id", "=", self.session), ("state", "=", "approved")],
            ["charged_amount", "sent_at"],
        )
        by_hand = sum(minor_units(each["charged_amount"]) for each in transactions if not each["sent_at"])
        ledger = [
            entry["amount"] if entry["kind"] == "purchase" else -entry["amount"]
            for terminal in self.terminals
            for entry in terminal.ledger()
        ]
        # what a cancelled order keeps of a try isn't money: had it been charged, the ledger would say so
        kept = ("pos_order_id.state", "!=", "cancel")
        lines = self._sum("pos.payment", [*session, *on_card, kept], "amount")
        orders = self._sum("pos.order", [*session, ("state", "in", ["paid", "done"])], "amount_total")
        cash = self._sum("pos.payment", [*session, ("payment_method_id", "!=", self.card)], "amount")
        payments = [("pos_session_id", "=", self.session), ("pos_payment_method_id", "=", self.card)]
        moves = self.admin.call("account.payment", "search_read", payments, ["move_id"])
        journal = [
            ("move_id", "in", [each["move_id"][0] for each in moves if each["move_id"]]),
            ("parent_state", "=", "posted"),
            ("account_type", "!=", "asset_receivable"),
        ]
        return (
            sum(ledger) + by_hand,
            sum(minor_units(each["charged_amount"]) for each in transactions),
            lines,
            orders - cash,
            self._sum("account.move.line", journal, "amount_currency"),
        )

    def _sum(self, model, domain, field):
        return sum(minor_units(each[field]) for each in self.admin.call(model, "search_read", domain, [field]))


class Till:
    """The screens of a till, in the words of the cashier."""

    def __init__(self, page):
        self.page = page

    def begin(self):
        """Begin a new order, in a till that others have worked with."""
        self.page.bring_to_front()
        self.page.evaluate(NEW_ORDER)
        expect(self.page.locator(".product-screen")).to_be_visible()
        expect(self.page.locator(".modal")).to_have_count(0)
        return self

    def expect_open(self):
        broken = self.page.get_by_role("button", name="Show details")
        expect(self.page.locator(".pos .pos-topheader").or_(broken)).to_be_visible(timeout=40_000)
        if broken.is_visible():
            broken.click()
            raise AssertionError(f"The till didn't start: {self.page.locator('.o_error_detail').inner_text()}")
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

    def control(self, name):
        """Press one of the actions beside the order."""
        self.page.locator(".product-screen .more-btn").click()
        self.page.locator(".modal .control-buttons button").filter(has_text=name).first.click()
        return self

    def choose_customer(self, name):
        self.page.locator(".product-screen .set-partner, .payment-screen .partner-button").first.click()
        dialog = self.page.locator(".modal:has(.partner-list)")
        dialog.get_by_placeholder("Search").first.fill(name)
        dialog.locator(".partner-line, .partner-list tr").filter(has_text=name).first.click()
        expect(dialog).to_have_count(0)
        return self

    def expect_total(self, amount):
        expect(self.page.locator(".order-summary .total").first).to_contain_text(money(amount))
        return self

    def to_payment(self):
        # on a small screen the order is behind the products, and the button beside it
        self.page.locator(".pay-order-button:visible, .switchpane .pay-button:visible").first.click()
        expect(self.page.locator(".payment-screen")).to_be_visible()
        return self

    def pay_fast_by(self, method):
        """Press a method beside the products, without going to the payment screen first."""
        self.page.locator(".fast-pay-button").filter(has_text=method).click()
        expect(self.page.locator(".payment-screen")).to_be_visible()
        return self

    def to_tables(self):
        """Leave the order, for the tables of a restaurant."""
        self.page.get_by_role("button", name="Tables").click()
        expect(self.page.locator(".floor-map")).to_be_visible()
        return self

    def pay_by(self, method):
        self.page.locator(".paymentmethod").filter(has_text=method).click()
        return self

    def type_amount(self, amount):
        """Type an amount for the selected line on the screen's own keys."""
        shown = self.page.locator(".paymentline.selected .payment-amount")
        digits = str(amount)
        for count, key in enumerate(digits, 1):
            self.page.locator(".numpad button").filter(has_text=re.compile(rf"^{key}$")).click()
            # one after the other: what comes faster is taken for a barcode scanner
            expect(shown).to_contain_text(money(int(digits[:count])))
        return self

    def pay_a_part(self, terminal, amount):
        """Send another amount than what is due: stop the payment that is sent automatically, and change it."""
        terminal.hold()
        self.pay_by("Card")
        line = self.card_line(self.card_lines.count() - 1).expect_status("Waiting for the card")
        terminal.asks_for_card()
        line.press("Abort").expect_status("Aborted")
        self.type_amount(amount)
        terminal.play("approved")
        return line.press("Try again").expect_status("Successful").expect_amount(amount).expect_free()

    def use(self, method, terminal):
        """Take another terminal for the next card, as on a device that used it last."""
        self.page.evaluate(USE_TERMINAL, [method, terminal.id])
        return self

    def forget(self, method):
        """Have no terminal chosen, as on a device that used none yet."""
        self.page.evaluate(FORGET_TERMINAL, method)
        return self

    def delete_line(self, method):
        line = self.page.locator(".paymentline").filter(has_text=method)
        line.locator(".delete-button").click()
        expect(line).to_have_count(0)
        return self

    def validate(self):
        self.page.locator(".validation-button.next").click()
        return self

    def expect_receipt(self):
        expect(self.page.locator(".receipt-screen")).to_be_visible()
        return self.page.locator(".pos-receipt")

    def expect_finished(self):
        """The order is paid, here or elsewhere: nothing of its payment is left, and nobody is asked anything."""
        expect(self.page.locator(".payment-screen")).to_have_count(0)
        expect(self.page.locator(".modal")).to_have_count(0)
        return self

    def next_order(self):
        self.page.locator(".receipt-screen [name=done]").click()
        expect(self.page.locator(".product-screen")).to_be_visible()
        return self

    # --- the card line --- #

    def card_line(self, number=0):
        return CardLine(self.page, self.page.locator(".o_nets_card_line").nth(number))

    def card_line_of(self, amount):
        root = self.card_lines.filter(has=self.page.locator(".payment-amount", has_text=money(amount)))
        return CardLine(self.page, root)

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

    def confirm(self, text, button):
        """Press a button of the dialog that says this."""
        self.expect_dialog(text).get_by_role("button", name=button).click()
        return self

    def popup(self, title):
        """Return the window that asks for a reason."""
        return Popup(
            self.page.locator(".modal:has(.o_nets_card_popup), .o_nets_card_popup").filter(has_text=title).first
        )

    def close_register(self):
        self.page.locator(".pos-rightheader .fa-bars").click()
        self.page.get_by_text("Close Register", exact=True).click()
        return self

    # --- past orders --- #

    def open_orders(self, filter_name=None):
        self.page.locator(".orders-button").click()
        expect(self.page.locator(".ticket-screen")).to_be_visible()
        if filter_name:
            self.page.locator(".ticket-screen .pos-search-bar .filter").click()
            options = self.page.locator(".ticket-screen .pos-search-bar .options li, .dropdown-item")
            options.filter(has_text=re.compile(rf"^\s*{filter_name}\s*$")).first.click()
        return self

    def order_row(self, amount):
        """The newest order of this amount."""
        return self.page.locator(".order-row").filter(has_text=money(amount)).first

    def select_order(self, amount):
        self.order_row(amount).click()
        return self

    def load_order(self):
        self.page.locator(".load-order-button").click()
        expect(self.page.locator(".payment-screen")).to_be_visible()
        return self

    def delete_order(self, amount):
        self.order_row(amount).locator(".delete-column button").click()
        self.confirm("are you sure you want to delete", "Ok")
        return self

    def refund(self, quantity=None):
        """Refund the order that is selected, which has one product.

        :param int quantity: how many of it, where there are several; one digit
        """
        if quantity is not None:
            self.page.locator(".ticket-screen .numpad button").filter(has_text=re.compile(rf"^{quantity}$")).click()
            expect(self.page.locator(".ticket-screen .orderline")).to_contain_text("To Refund:")
        self.page.locator(".ticket-screen .pay-order-button, .ticket-screen .actionpad button.pay").first.click()
        expect(self.page.locator(".payment-screen")).to_be_visible()
        return self

    def print_again(self):
        """Print the receipt of the order that is selected; return what goes to the printer."""
        self.page.evaluate("() => { window.print = (element) => (window.printed = element.innerText); }")
        self.page.get_by_role("button", name="Print Receipt").click()
        return self.page.wait_for_function("window.printed").json_value()

    def reverse(self):
        self.page.locator(".o_nets_reverse_order").click()
        return self.confirm("which refunds the whole order", "Reverse")


class Popup:
    """A window that asks for what a person has to say."""

    def __init__(self, root):
        self.root = root

    def press(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()
        return self

    def fill(self, reason, reference=None):
        if reference:
            self.root.get_by_label("Reference").fill(reference)
        self.root.get_by_label("Reason").fill(reason)
        return self

    def expect_refusal(self, text):
        expect(self.root.get_by_role("alert")).to_contain_text(text)
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

    def expect_free(self):
        """Nothing runs on it."""
        expect(self.root).not_to_contain_class("o_nets_running")
        return self

    def choose(self, terminal):
        self.root.get_by_label("Terminal").select_option(str(terminal.id))
        return self
