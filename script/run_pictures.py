"""Take pictures of the screens, in each size and language, to be looked at by people.

script/pictures                                    all of them
script/pictures --only declined --size phone       those whose name contains this, on a phone
script/pictures --language it --to /tmp/after      in Italian, elsewhere
script/pictures --only "counter till" --size phone --language en nb sv da fi it --to docs/counter/pictures
script/pictures --only "counter dialog" --size tablet --language en nb sv da fi it --to docs/counter/pictures

They are in .odoo/pictures, one folder for each language and size, and in no repository; the last two make those of the
pages beside the till, which are. Each file of `picture_album` has a list `PICTURES` of (name, function); the
function gets the `Studio`, and leaves a page open to be taken, or returns the part of it that is.
"""

import argparse
import importlib
import itertools
import pathlib
import pkgutil
import re
import sys
import traceback

import picture_album
from playwright.sync_api import expect, sync_playwright

import stack

# what the tests arrange, do and see
sys.path += [str(stack.ROOT / "tests/live"), str(stack.ROOT / "tests/pos")]

from clinic import Clinic
from conftest import BROWSER_FLAGS, FIRST_TERMINAL, TERMINALS
from languages import CODES, install

SIZES = {
    "desktop": {"width": 1366, "height": 768},
    "tablet": {"width": 1024, "height": 768},
    "phone": {"width": 390, "height": 844},
}
LANGUAGES = {"en": "en_US", **CODES}


class Studio:
    """A running system, and a browser of one size in one language."""

    def __init__(self, system, browser):
        self.system = system
        self.browser = browser
        self.clinic = Clinic(system, {}, (str(number) for number in itertools.count(FIRST_TERMINAL)))
        self.simulator = system.simulator
        self.page = None
        self._contexts = {}
        self._languages = {"en"}

    def set_up(self, language, size):
        """Take what follows in this language and size."""
        self._close()
        self.language, self.size = language, size
        if language not in self._languages:
            install(self.clinic.admin, language)
            self._languages.add(language)
        # also of those who see nothing before they ask for something
        everybody = self.clinic.admin.call("res.users", "search", [("share", "=", False)])
        self.clinic.admin.call("res.users", "write", everybody, {"lang": LANGUAGES[language]})

    def open(self, login, path):
        """Open a page as a user, in the size and language that is taken; return it."""
        users = self.clinic.admin.call("res.users", "search", [("login", "=", login)])
        self.clinic.admin.call("res.users", "write", users, {"lang": LANGUAGES[self.language]})
        if login not in self._contexts:
            url = self.system.odoo.url
            context = self.browser.new_context(base_url=url, viewport=SIZES[self.size], reduced_motion="reduce")
            context.set_default_timeout(30_000)
            cookie = self.clinic.user(login).session.cookies["session_id"]
            context.add_cookies([{"name": "session_id", "value": cookie, "url": url}])
            self._contexts[login] = context
        if self.page:
            self.page.close()
        self.page = self._contexts[login].new_page()
        self.page.goto(path)
        return self.page

    def reset(self):
        """The simulator does what it usually does, nobody is at its terminals, and Odoo can be reached."""
        for context in self._contexts.values():
            context.set_offline(False)
        for terminal in self.clinic.terminals:
            if "cancel" in self.simulator.terminal(terminal.identifier)["keys"]:
                terminal.press("cancel")
        self.simulator.reset()

    def shoot(self, path, part=None):
        """Keep what the page shows, or a part of it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.add_style_tag(content=".o_notification_manager { display: none }")  # of what came before
        self.page.wait_for_timeout(500)  # only for the eye: animations have ended
        (part or self.page).screenshot(path=path)

    def _close(self):
        for context in self._contexts.values():
            context.close()
        self._contexts, self.page = {}, None


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="script/pictures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[""], help="pictures whose name contains one of these")
    parser.add_argument("--size", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--language", nargs="+", choices=LANGUAGES, default=["en", "it"])
    parser.add_argument("--to", type=pathlib.Path, default=stack.HOME / "pictures", help="the folder")
    return parser.parse_args()


def wanted(only):
    """:return: [(name, function)] of all files of the album"""
    names = sorted(module.name for module in pkgutil.iter_modules(picture_album.__path__))
    albums = [importlib.import_module(f"picture_album.{name}") for name in names]
    pictures = [picture for album in albums for picture in album.PICTURES]
    return [(name, take) for name, take in pictures if any(part in name for part in only)]


def main():
    options = parse_arguments()
    stack.exit_on_signals()
    pictures = wanted(options.only)
    if not pictures:
        sys.exit("No picture has such a name.")
    expect.set_options(timeout=30_000)
    failed = 0
    with (
        stack.Stack("nets_pictures", terminals=TERMINALS) as system,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=str(stack.BROWSER), args=BROWSER_FLAGS) as browser,
    ):
        studio = Studio(system, browser)
        for language, size in itertools.product(options.language, options.size):
            studio.set_up(language, size)
            for name, take in pictures:
                studio.reset()
                path = options.to / language / size / f"{re.sub(r'[^a-zA-Z0-9]+', '-', name)}.png"
                part = None
                try:
                    part = take(studio)
                    print(path, flush=True)
                except Exception:  # noqa: BLE001  the others are taken all the same, and what there is to be seen of this one
                    traceback.print_exc()
                    failed += 1
                if studio.page:
                    studio.shoot(path, part)
    sys.exit(f"{failed} pictures couldn't be taken." if failed else 0)


if __name__ == "__main__":
    main()
