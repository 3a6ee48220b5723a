"""Fixtures of the tests against real processes: an Odoo server, a simulator, a browser.

All tests share one database and one simulator, both fresh at the session's start; each test makes
its own invoices. Scripts and switches of the simulator are back to their start in each test, the
ledger is not.
"""

import itertools
import re
import sys

import pytest
from playwright.sync_api import expect, sync_playwright

import stack as machinery

pytest.register_assert_rewrite("clinic", "pages")
# what a till syncs
sys.path.append(str(machinery.ROOT / "tests/pos"))

from clinic import Clinic
from pages import ACTION_PATH, SCREENSHOTS, InvoicePage, go_on, leave

BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORT = {"width": 1280, "height": 900}
TIMEOUT = 45_000  # milliseconds, for everything a page is waited for
USUAL_LOGINS = {"admin", "demo"}  # whose web client stays open from test to test
CLOSE_DIALOGS = "odoo.__WOWL_DEBUG__.root.env.services.dialog.closeAll()"
TERMINALS = 400  # that the simulator has for the tests, from this one on:
FIRST_TERMINAL = 30000001

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def _stack(request, _logins):
    machinery.exit_on_signals()
    # what shops have beside the addon, where a test is about that
    is_full = any(item.path.name.startswith("test_shop_") for item in request.session.items)
    template = machinery.FULL_DATABASE if is_full else machinery.TEMPLATE_DATABASE
    with machinery.Stack("nets_live", terminals=TERMINALS, template=template) as running:
        yield running
        # at the end of the session: all terminals of the tests, and everything finished; a new shop's first test
        # payment is on others, and in no books
        clinic = Clinic(running, _logins)
        machinery.wait_until(lambda: not clinic.unfinished(), 60, "every transaction to be finished", 0.5)
        clinic.assert_books([str(FIRST_TERMINAL + number) for number in range(TERMINALS)])


@pytest.fixture(scope="session")
def _logins():
    """RPC clients by login: logging in is slow on purpose, and sessions outlive the server."""
    return {}


@pytest.fixture(scope="session")
def _identifiers():
    return (str(number) for number in itertools.count(FIRST_TERMINAL))


@pytest.fixture
def stack(_stack):
    """Return the running system; its ``odoo`` and ``simulator`` can be killed and started."""
    for server in (_stack.simulator, _stack.odoo):
        if server.process.returncode() is not None:
            server.start()
    _stack.simulator.reset()
    return _stack


@pytest.fixture
def simulator(stack):
    """Return the client of the simulator's control API."""
    return stack.simulator


@pytest.fixture
def clinic(stack, _logins, _identifiers):
    """Return the clinic; afterwards its terminals' ledger and the books must be equal."""
    clinic = Clinic(stack, _logins, _identifiers)
    yield clinic
    clinic.close()


@pytest.fixture
def terminal(clinic):
    """Return a terminal that only this test uses."""
    return clinic.make_terminal()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(machinery.BROWSER), args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _browsers():
    """Browser contexts by login, kept for the session: a warm cache opens a page much faster."""
    return {}


@pytest.fixture(scope="session")
def _clients():
    """Open web clients by login, with the server's process that they are connected to."""
    return {}


class Pages:
    """The pages that a test has open, each login with a browser of its own."""

    def __init__(self, browser, clinic, kept, clients):
        self.browser = browser
        self.clinic = clinic
        self.kept = kept
        self.clients = clients
        self.open = []
        self.errors = []

    def __call__(self, login="admin", path="/odoo", **options):
        """Open a page of Odoo as this user; the first one of a test in the web client that is open already.

        :param options: of Playwright's browser context; with any, the browser is a new one
        """
        target = ACTION_PATH.fullmatch(path)
        page = self._take_client(login) if target and not options else None
        known = bool(page)
        if not page:
            page = self._context(login, options).new_page()
        self.attach(login, page)
        if known:
            page.bring_to_front()
            go_on(page, path)
        else:
            page.goto(path)
        return page

    def attach(self, login, page):
        """Take over a page that is open: its errors fail the test, and it is closed at the end."""
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        self.open.append((login, page))

    def detach(self, login, page):
        """Leave a page open for the tests that follow."""
        self.open.remove((login, page))
        page.remove_listener("console", self._on_console)
        page.remove_listener("pageerror", self._on_error)
        page.unroute_all()

    def _take_client(self, login):
        page, server = self.clients.pop(login, (None, None))
        if page and server is not self.clinic.stack.odoo.process:
            page.close()
            return None
        return page

    def _context(self, login, options):
        if options:
            return self._new_context(login, options)
        if login not in self.kept:
            self.kept[login] = self._new_context(login, {})
        return self.kept[login]

    def _new_context(self, login, options):
        url = self.clinic.stack.odoo.url
        options = {"base_url": url, "viewport": VIEWPORT, "reduced_motion": "reduce", **options}
        context = self.browser.new_context(**options)
        context.set_default_timeout(TIMEOUT)
        context.set_default_navigation_timeout(3 * TIMEOUT)
        cookie = self.clinic.user(login).session.cookies["session_id"]
        context.add_cookies([{"name": "session_id", "value": cookie, "url": url}])
        return context

    def _on_console(self, message):
        if message.type == "error":
            self.errors.append(f"{message.location.get('url')}: {message.text}")

    def _on_error(self, error):
        self.errors.append(str(error))

    def screenshots(self, name):
        """Keep what the pages show, for a person who looks for the reason of a failure."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        pages = [page for _login, page in self.open if not page.is_closed()]
        for number, page in enumerate(pages, 1):
            page.screenshot(path=SCREENSHOTS / f"{name}-{number}.png")

    def close(self, keep):
        """:param bool keep: web clients stay open for the tests that follow"""
        for login, page in list(self.open):
            usual = page.context is self.kept.get(login) and login in USUAL_LOGINS
            if keep and usual and login not in self.clients and page.evaluate("Boolean(odoo.__WOWL_DEBUG__)"):
                self.detach(login, page)
                page.evaluate(CLOSE_DIALOGS)
                page.set_viewport_size(VIEWPORT)
                self.clients[login] = (page, self.clinic.stack.odoo.process)
                continue
            leave(page)
            if page.context is not self.kept.get(login):
                page.context.close()


@pytest.fixture
def open_page(request, browser, clinic, _browsers, _clients):
    """Return a function that opens a page as a user: ``open_page("demo", "/odoo/…")``.

    An error on a page's console fails the test; a test that provokes some empties
    ``open_page.errors`` afterwards.
    """
    pages = Pages(browser, clinic, _browsers, _clients)
    yield pages
    failed = getattr(request.node, "call_failed", False)
    if failed or pages.errors:
        pages.screenshots(re.sub(r"\W+", "-", request.node.name))
    pages.close(keep=not failed and not pages.errors)
    if pages.errors and not failed:
        pytest.fail("Errors on the console:\n" + "\n".join(pages.errors), pytrace=False)


@pytest.fixture
def open_invoice(open_page):
    """Return a function that opens an invoice as a user: ``open_invoice(invoice, "demo")``."""

    def open_invoice(invoice, login="admin", **context):
        page = open_page(login, InvoicePage.path(invoice), **context)
        return InvoicePage(page, invoice).expect_open()

    return open_invoice


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.call_failed = report.failed
    return report
