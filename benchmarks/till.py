"""What the addon adds to a till of the Point of Sale: bytes of JavaScript, time of its start and of its payments.

    .venv/bin/python benchmarks/till.py [--repeats N]

Two servers run beside each other, on copies of the same database with Odoo's modules and demo data: one with the addon,
one without it. In a real browser, alternately, so that other work of the machine slows both, their tills are opened
for the first time (nothing in the browser's cache), opened again, and take cash. The till with the addon takes cards,
too: with a terminal that answers at once, what remains is what the addon and the server need.

Prints both medians and their ratio. Times depend on the machine, ratios hardly. Measured figures are in
benchmarks/README.md.
"""

import argparse
import contextlib
import gzip
import re
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "script"))

from playwright.sync_api import expect, sync_playwright

import stack

TERMINAL = "30000001"
OPENED = "() => document.querySelector('.product-screen') && performance.now()"
SCRIPTS = "() => Array.from(document.querySelectorAll('script[src*=\"assets\"]'), ({src}) => src)"

expect.set_options(timeout=60_000)


class Shop:
    """A server with a shop whose till can be opened."""

    def __init__(self, odoo, simulator=None):
        """:param simulator: where cards are taken; without one, the addon isn't there"""
        self.odoo = odoo
        self.admin = odoo.login()
        self.company = self.admin.ref("base.main_company")
        methods = [self._method("Cash", "cash")]
        if simulator:
            self._terminal(simulator)
            methods.append(self._method("Card", "bank", payment_method_type="terminal", use_payment_terminal="nets"))
        else:
            methods.append(self._method("Card", "bank"))
        config = self._create(
            "pos.config", name="Measured", company_id=self.company, payment_method_ids=[(6, 0, methods)]
        )
        self.admin.call("pos.config", "open_ui", [config])
        session = self.admin.call("pos.config", "read", [config], ["current_session_id"])[0]["current_session_id"][0]
        self.admin.call("pos.session", "set_opening_control", [session], 0, "")
        self.path = f"{odoo.url}/pos/ui/{config}?from_backend=1"
        self.page = None

    def _create(self, model, **values):
        context = {"allowed_company_ids": [self.company]}
        return self.admin.call(model, "create", [values], context=context)[0]

    def _method(self, name, kind, **values):
        journal = self._create(
            "account.journal", name=f"Measured {name}", code=f"M{name}", type=kind, company_id=self.company
        )
        return self._create("pos.payment.method", name=name, journal_id=journal, company_id=self.company, **values)

    def _terminal(self, simulator):
        account = self._create(
            "nets.account",
            name="Measured",
            company_id=self.company,
            environment="simulator",
            simulator_url=simulator.url,
            username="demo",
            password="demo-secret",
        )
        self._create(
            "nets.terminal",
            name="Measured",
            identifier=TERMINAL,
            account_id=account,
            location_id=self._create("nets.location", name="Measured", company_id=self.company),
            currency_id=self.admin.call("res.company", "read", [self.company], ["currency_id"])[0]["currency_id"][0],
        )

    def open_first(self, browser):
        """Open the till in a browser that has never seen it; return milliseconds."""
        if self.page:
            self.page.context.close()
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        cookie = self.admin.session.cookies["session_id"]
        context.add_cookies([{"name": "session_id", "value": cookie, "url": self.odoo.url}])
        self.page = context.new_page()
        self.page.goto(self.path)
        return self._opened()

    def open_again(self, _browser):
        """Reload the till; return milliseconds."""
        self.page.reload()
        return self._opened()

    def _opened(self):
        return self.page.wait_for_function(OPENED, polling="raf", timeout=120_000).json_value()

    def pay_cash(self, _browser):
        """Take cash for an order; return milliseconds from the press to the receipt."""
        self._order()
        begin = time.perf_counter()
        self._press("Cash")
        self.page.locator(".validation-button.next").click()
        return self._receipt(begin)

    def _order(self):
        self.page.evaluate("() => posmodel.navigate('ProductScreen', {orderUuid: posmodel.addNewOrder().uuid})")
        self.page.locator(".product-list .product").filter(has_text=re.compile("Desk Organizer|Desk Pad")).first.click()
        self.page.locator(".pay-order-button:visible").first.click()
        expect(self.page.locator(".payment-screen")).to_be_visible()

    def _press(self, method):
        self.page.locator(".paymentmethod").filter(has_text=method).click()

    def _receipt(self, begin):
        self.page.locator(".receipt-screen").wait_for()
        return (time.perf_counter() - begin) * 1000

    def pay_by_card(self, simulator):
        """Take a card for an order; return milliseconds from the press to the terminal, and from there to the receipt.

        The terminal approves as soon as it is asked.
        """
        self._order()
        simulator.play(TERMINAL, {"outcome": "approved", "wait": {"release": True}})
        begin = time.perf_counter()
        self._press("Card")
        simulator.wait_phase(TERMINAL, "card")
        asked = (time.perf_counter() - begin) * 1000
        begin = time.perf_counter()
        simulator.release(TERMINAL)
        return asked, self._receipt(begin)

    def bytes(self):
        """Return the bytes of the JavaScript that the till loads: as it is, and compressed."""
        texts = [self.page.request.get(url).body() for url in self.page.evaluate(SCRIPTS)]
        return sum(map(len, texts)), sum(len(gzip.compress(text, 6)) for text in texts)


@contextlib.contextmanager
def shops(postgresql):
    """Start both servers; give the shops without and with the addon, and the simulator."""
    databases = [stack.temporary(f"benchmark_till{number}") for number in (1, 2)]
    simulator = stack.Simulator(stack.HOME / "simulator" / databases[1], terminals=1)
    servers = [stack.OdooServer(postgresql, database) for database in databases]
    try:
        plain = stack.ensure_plain(postgresql)
        for database in databases:
            postgresql.create(database, plain)
        with stack.step(f"Database with {stack.MODULE}"):
            stack.run_odoo(postgresql, databases[1], "server", "-i", stack.MODULE, "--stop-after-init")
        simulator.start()
        for server in servers:
            server.start()
        yield Shop(servers[0]), Shop(servers[1], simulator), simulator
    finally:
        for server in (*servers, simulator):
            server.stop()
        for database in databases:
            postgresql.drop(database)


def by_turns(repeats, without, with_addon, measure, browser):
    """Return the medians of a measurement of both shops, after one that doesn't count."""
    measured = ([], [])
    for attempt in range(repeats + 1):
        for shop, found in zip((without, with_addon), measured, strict=True):
            milliseconds = measure(shop, browser)
            if attempt:
                found.append(milliseconds)
    return [statistics.median(found) for found in measured]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9, help="of each measurement")
    repeats = parser.parse_args().repeats
    rows = []
    with stack.PostgreSQL() as postgresql, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(stack.BROWSER), args=["--no-sandbox"])
        with shops(postgresql) as (without, with_addon, simulator):
            pair = (without, with_addon)
            with stack.step("Opening the tills"):
                rows.append(("first opening, ms", *by_turns(repeats, *pair, Shop.open_first, browser)))
                plain, packed = zip(*(shop.bytes() for shop in pair), strict=True)
                rows = [("JavaScript, bytes", *plain), ("JavaScript, bytes compressed", *packed), *rows]
                rows.append(("opening again, ms", *by_turns(repeats, *pair, Shop.open_again, browser)))
            with stack.step("Paying"):
                rows.append(("cash, press to receipt, ms", *by_turns(repeats, *pair, Shop.pay_cash, browser)))
                cards = [with_addon.pay_by_card(simulator) for _attempt in range(repeats + 1)][1:]
        browser.close()
    print(f"{'':34} {'without':>12} {'with':>12}")
    for name, before, after in rows:
        print(f"{name:34} {before:12,.0f} {after:12,.0f}  +{after - before:,.0f}  × {after / before:.3f}")
    for name, found in zip(("to the terminal", "approval to receipt"), zip(*cards, strict=True), strict=True):
        print(f"card, {name + ', ms':28} {'':12} {statistics.median(found):12,.0f}")


if __name__ == "__main__":
    main()
