"""What the addon adds to a till of the Point of Sale: bytes of JavaScript, time of its start and of its payments.

Two servers run beside each other, on copies of the same database with Odoo's modules and demo data: one with the addon,
one without it. In a real browser, by turns, so that other work of the machine slows both, their tills are opened
for the first time (nothing in the browser's cache), opened again, and take cash. The till with the addon takes cards,
too: with a terminal that answers at once, what remains is what the addon and the server need.
"""

import contextlib
import gzip
import re
import time

from playwright.sync_api import sync_playwright

import stack

from . import figures, shop

TERMINAL = "30000001"
PRODUCTS = re.compile("Desk Organizer|Desk Pad")
SCRIPTS = "() => Array.from(document.querySelectorAll('script[src*=\"assets\"]'), ({src}) => src)"


def add_arguments(parser):
    parser.add_argument("--repeats", type=int, default=20, help="of each measurement (20)")


class MeasuredTill:
    """A till that can be opened, on a server of its own."""

    def __init__(self, odoo, simulator=None):
        """:param simulator: where cards are taken; without one, the addon isn't there"""
        self.odoo = odoo
        here = shop.Shop(odoo.login())
        values = {}
        if simulator:
            here.nets_terminal(here.nets_account(simulator.url), TERMINAL)
            values = {"payment_method_type": "terminal", "use_payment_terminal": "nets"}
        self.admin = here.admin
        self.path = here.open_till("Measured", here.method("Card", **values))
        self.page = None

    def open_first(self, browser):
        """Open the till in a browser that has never seen it; return milliseconds."""
        if self.page:
            self.page.context.close()
        self.page = shop.new_page(browser, self.odoo.url, self.admin)
        self.page.goto(self.path)
        return shop.opened(self.page)

    def open_again(self, _browser):
        """Reload the till; return milliseconds."""
        self.page.reload()
        return shop.opened(self.page)

    def pay_cash(self, _browser):
        """Take cash for an order; return milliseconds from the press to the receipt."""
        shop.order(self.page, PRODUCTS)
        begin = time.perf_counter()
        shop.method_button(self.page, "Cash").click()
        self.page.locator(".validation-button.next").click()
        return self._receipt(begin)

    def _receipt(self, begin):
        self.page.locator(".receipt-screen").wait_for()
        return (time.perf_counter() - begin) * 1000

    def pay_by_card(self, simulator):
        """Take a card for an order; return milliseconds from the press to the terminal, and from there to the receipt.

        The terminal approves as soon as it is asked.
        """
        shop.order(self.page, PRODUCTS)
        simulator.play(TERMINAL, {"outcome": "approved", "wait": {"release": True}})
        begin = time.perf_counter()
        shop.method_button(self.page, "Card").click()
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
def tills(postgresql, addons):
    """Start both servers; give the tills without and with the addon, and the simulator."""
    databases = [stack.temporary(f"bench_till{number}") for number in (1, 2)]
    simulator = stack.Simulator(stack.HOME / "simulator" / databases[1], terminals=1)
    options = {"addons_path": stack.addons_path(addons)}
    servers = [stack.OdooServer(postgresql, database, **options) for database in databases]
    try:
        plain = stack.ensure_plain(postgresql)
        for database in databases:
            postgresql.create(database, plain)
        with stack.step(f"Database with {stack.MODULE}"):
            stack.run_odoo(postgresql, databases[1], "server", "-i", stack.MODULE, "--stop-after-init", **options)
        simulator.start()
        for server in servers:
            server.start()
        yield MeasuredTill(servers[0]), MeasuredTill(servers[1], simulator), simulator
    finally:
        for server in (*servers, simulator):
            server.stop()
        for database in databases:
            postgresql.drop(database)


def by_turns(repeats, pair, measure, browser):
    """Return what was measured of both tills, after one that doesn't count: {"without": spread, "with": spread}."""
    measured = ([], [])
    for attempt in range(repeats + 1):
        for till, found in zip(pair, measured, strict=True):
            milliseconds = measure(till, browser)
            if attempt:
                found.append(milliseconds)
    return dict(zip(("without", "with"), map(figures.spread, measured), strict=True))


def run(options):
    """:return: figures.Report"""
    found = {}
    with (
        stack.PostgreSQL() as postgresql,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=str(stack.BROWSER), args=shop.BROWSER_FLAGS) as browser,
        tills(postgresql, options.addons) as (without, with_addon, simulator),
    ):
        pair = (without, with_addon)
        with stack.step("Opening the tills"):
            first = by_turns(options.repeats, pair, MeasuredTill.open_first, browser)
            sizes = zip(*(till.bytes() for till in pair), strict=True)
            for name, (plain, more) in zip(("JavaScript, bytes", "… compressed (gzip)"), sizes, strict=True):
                found[name] = {"without": figures.spread([plain]), "with": figures.spread([more])}
            found["first opening, ms"] = first
            found["opening again, ms"] = by_turns(options.repeats, pair, MeasuredTill.open_again, browser)
        with stack.step("Paying"):
            found["cash: press → receipt, ms"] = by_turns(options.repeats, pair, MeasuredTill.pay_cash, browser)
            cards = [with_addon.pay_by_card(simulator) for _attempt in range(options.repeats + 1)][1:]
    names = ("card: press → the terminal is asked, ms", "card: approval → receipt, ms")
    for name, measured in zip(names, zip(*cards, strict=True), strict=True):
        found[name] = {"with": figures.spread(measured)}
    return figures.Report("till", [table(found)], found)


def table(found):
    """Return what is told of it."""
    lines = []
    for name, sides in found.items():
        before, after = sides.get("without"), sides.get("with")
        show = figures.cost if "bytes" in name or "gzip" in name else figures.time
        lines.append([name, show(before), show(after), figures.number(figures.ratio(after, before), 3)])
    return figures.table(["median (p95)", "without", "with", "ratio"], lines)
