"""The unit tests of the till's JavaScript, in a browser, against a server that runs (rule 20 and what else only a till
keeps)."""

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from stack import BROWSER, MODULE, StackError

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
ADDRESS = "/web/tests?headless&loglevel=2&preset=desktop&timeout=15000"
PASSED, FAILED = "Test suite succeeded", "Some tests failed"
PATIENCE = 300  # seconds, for the suites of one mutation, whose files may have to be packed first


def failures(server, suites):
    """Run suites in a browser.

    :param OdooServer server: one that runs
    :param suites: their files in static/tests/unit, without what they end with
    :return: what failed, as texts; mostly empty
    :raise StackError: where they don't come to their end
    """
    errors = []
    ids = "".join(f"&id={_hash(f'@{MODULE}/unit/{suite}')}" for suite in suites)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(BROWSER), args=FLAGS)
        context = browser.new_context(base_url=server.url)
        cookie = server.login("admin").session.cookies["session_id"]
        context.add_cookies([{"name": "session_id", "value": cookie, "url": server.url}])
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        try:
            with page.expect_console_message(_is_end, timeout=PATIENCE * 1000) as ended:
                page.goto(ADDRESS + ids, timeout=PATIENCE * 1000)
            is_passed = PASSED in ended.value.text
        except BrowserError as error:
            raise StackError(f"The unit tests {', '.join(suites)} didn't end: {error}") from error
        finally:
            browser.close()
    return [] if is_passed else errors


def _is_end(message):
    return PASSED in message.text or FAILED in message.text


def _hash(name):
    """Return how hoot's address calls a suite."""
    number = 0
    for letter in name:
        number = ((number << 5) - number + ord(letter)) & 0xFFFFFFFF
    return f"{number:08x}"
