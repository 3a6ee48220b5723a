"""A shop of Odoo's own demo company, with a till that the benchmarks open in a real browser."""

import re

from playwright.sync_api import expect

BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
VIEWPORT = {"width": 1280, "height": 900}
TIMEOUT = 60_000  # milliseconds, for everything a page is waited for
NEW_ORDER = "() => posmodel.navigate('ProductScreen', {orderUuid: posmodel.addNewOrder().uuid})"
OPENED = "() => document.querySelector('.product-screen') && performance.now()"
PRODUCT = "Measured product"

expect.set_options(timeout=TIMEOUT)


class Shop:
    """What is arranged of it over RPC, in the company of the administrator who is logged in."""

    def __init__(self, admin):
        """:param OdooClient admin: an administrator"""
        self.admin = admin
        self.company = admin.ref("base.main_company")
        [values] = admin.call("res.company", "read", [self.company], ["currency_id"])
        self.currency = values["currency_id"][0]
        self.category = None

    def create(self, model, **values):
        """Return the id of a new record, made in the shop's company."""
        return self.admin.call(model, "create", [values], context={"allowed_company_ids": [self.company]})[0]

    def method(self, name, kind="bank", **values):
        """Return the id of a payment method with a journal of its own."""
        code = f"M{self.admin.call('account.journal', 'search_count', [])}"
        journal = self.create("account.journal", name=f"Measured {code}", code=code, type=kind, company_id=self.company)
        return self.create("pos.payment.method", name=name, journal_id=journal, company_id=self.company, **values)

    def nets_account(self, simulator_url):
        """Return the id of a NETS account at the simulator."""
        return self.create(
            "nets.account",
            name="Measured",
            company_id=self.company,
            environment="simulator",
            simulator_url=simulator_url,
            username="demo",
            password="demo-secret",
        )

    def nets_terminal(self, account, identifier):
        """Return the id of a terminal at a site of its own, on which nobody types."""
        return self.create(
            "nets.terminal",
            name=f"Measured {identifier}",
            identifier=identifier,
            account_id=account,
            location_id=self.create("nets.location", name=f"Measured {identifier}", company_id=self.company),
            currency_id=self.currency,
            used_by_hand=False,
        )

    def one_product(self):
        """Sell one product alone: it is in sight, and loading others costs the same with every payment method."""
        self.category = self.create("pos.category", name="Measured")
        self.create(
            "product.template",
            name=PRODUCT,
            list_price=10,
            available_in_pos=True,
            taxes_id=[(5, 0, 0)],
            pos_categ_ids=[(6, 0, [self.category])],
        )

    def open_till(self, name, method):
        """Open the session of a new till that takes cash, too: one with a single method presses that itself.

        :param int method: a payment method
        :return: its path
        """
        methods = [self.method("Cash", "cash"), method]
        values = {"name": name, "company_id": self.company, "payment_method_ids": [(6, 0, methods)]}
        if self.category:
            values |= {"limit_categories": True, "iface_available_categ_ids": [(6, 0, [self.category])]}
        config = self.create("pos.config", **values)
        self.admin.call("pos.config", "open_ui", [config])
        session = self.admin.call("pos.config", "read", [config], ["current_session_id"])[0]["current_session_id"][0]
        self.admin.call("pos.session", "set_opening_control", [session], 0, "")
        return f"/pos/ui/{config}?from_backend=1"


def new_page(browser, url, client, init=None):
    """Return a page of a browser that has never seen this server, in which somebody is logged in.

    :param OdooClient client: of the person
    :param Path init: a script that runs in each page before its own
    """
    context = browser.new_context(base_url=url, viewport=VIEWPORT, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT)
    context.set_default_navigation_timeout(3 * TIMEOUT)
    context.add_cookies([{"name": "session_id", "value": client.session.cookies["session_id"], "url": url}])
    if init:
        context.add_init_script(path=init)
    return context.new_page()


def opened(page):
    """Wait until the till can be used; return milliseconds since its page began to load."""
    return page.wait_for_function(OPENED, polling="raf", timeout=3 * TIMEOUT).json_value()


def order(page, product):
    """Begin an order with one product, and go to its payment.

    :param product: a text or pattern of its name
    """
    page.evaluate(NEW_ORDER)
    page.locator(".product-list .product").filter(has_text=product).first.click()
    page.locator(".pay-order-button:visible").first.click()
    expect(page.locator(".payment-screen")).to_be_visible()


def method_button(page, name):
    return page.locator(".paymentmethod").filter(has_text=re.compile(name))
