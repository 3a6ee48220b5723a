"""Parts of the screens, for the pages beside the till and the desk: `docs/counter`."""

from . import office, till

LINE = ".o_nets_card_line"
DIALOG = f".modal-content{office.DIALOG}, .modal:has({office.DIALOG}) .modal-content"


def part(selector, take):
    """:return: what shows this part alone of the screen that `take` shows"""

    def alone(studio):
        take(studio)
        return studio.page.locator(selector).first

    return alone


PICTURES = [
    ("counter till waiting", part(LINE, till.waiting)),
    ("counter till declined", part(LINE, till.ended("insufficient_funds"))),
    ("counter till unknown", part(LINE, till.unknown)),
    ("counter till charged", part(LINE, till.split)),
    ("counter dialog waiting", part(DIALOG, office.dialog(wait={"release": True}))),
    ("counter dialog unknown", part(DIALOG, office.unknown)),
]
