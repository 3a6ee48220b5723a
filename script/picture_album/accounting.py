"""What accountants and owners look at: charts, the terminals' sessions, and what NETS owes and pays out."""

import base64
import functools

from test_month import FEE, Month

from .office import PRESS, ROWS, make_history, open_at, open_search

ACTION = "/odoo/action-nets_connect_cloud"
CHART = ".o_graph_renderer canvas"
TO_CHART = "odoo.__WOWL_DEBUG__.root.env.services.action.switchView('graph')"
STILL = "Chart.defaults.animation = false"  # else bars that grow are taken


@functools.cache
def _month(studio):
    """A terminal's session that is closed, what was charged since, and a refund."""
    month = Month(studio.clinic)
    _invoice, given_back = month.pay(1050, month.here)
    for amount in (480, 2190.5, 95):
        month.pay(amount, month.here)
    month.refund(given_back, month.here, 300)
    month.close_session(month.here)
    month.pay(1480, month.here)
    month.pay(640, month.there)
    return month


def _choose_settlement(studio):
    """:return: the import's window, with the file of NETS; one charge in it is none of ours"""
    month = _month(studio)
    paid = studio.simulator.pay_out(
        terminals=[month.here.identifier, month.there.identifier], fee=FEE, subscription=9900, foreign=12300
    )
    values = {
        "company_id": month.company,
        "account_id": month.clearing,
        "settlement_file": base64.b64encode(paid["text"].encode()).decode(),
        "file_name": paid["name"],
    }
    return studio.clinic.admin.call("nets.payout.import", "create", [values])


@functools.cache
def _payout(studio):
    """:return: id of the payout that was imported"""
    wizard = _choose_settlement(studio)
    studio.clinic.admin.call("nets.payout.import", "action_read", wizard)
    return studio.clinic.admin.call("nets.payout.import", "action_import", wizard)["res_id"]


def takings(studio):
    make_history(studio)
    # on a phone, Odoo begins with cards
    studio.open("admin", "/odoo/card-takings").locator(f"{CHART}, .o_kanban_renderer").first.wait_for()


def chart(favourite):
    def take(studio):
        takings(studio)
        page = studio.page
        page.evaluate(TO_CHART)
        page.locator(CHART).wait_for()
        page.evaluate(STILL)
        menu = open_search(page)
        menu.get_by_role("menuitemcheckbox").filter(has_text=favourite).click()
        page.keyboard.press("Escape")
        menu.wait_for(state="hidden")
        page.locator(CHART).wait_for()

    return take


def sessions(studio):
    _month(studio)
    studio.open("admin", f"{ACTION}.nets_report_action").locator(ROWS).first.wait_for()


def session(studio):
    [newest, *_older] = _month(studio).reports[_month(studio).here.id]
    open_at(studio, f"{ACTION}.nets_report_action/{newest['id']}")


def clearing(studio):
    _month(studio)
    studio.open("admin", f"{ACTION}.nets_clearing_item_action").locator(".o_group_header").first.wait_for()


def payouts(studio):
    _payout(studio)
    studio.open("admin", f"{ACTION}.nets_payout_action").locator(ROWS).first.wait_for()


def payout(studio):
    open_at(studio, f"{ACTION}.nets_payout_action/{_payout(studio)}")


def import_payout(studio):
    payouts(studio)
    studio.page.evaluate(PRESS, ["nets.payout.import", _choose_settlement(studio), "action_read", {}])
    studio.page.locator(".modal [name=column_ids]").locator(ROWS).first.wait_for()


PICTURES = [
    ("office takings", takings),
    ("office chart of refusals", chart("Why cards were not charged, 12 months")),
    ("office chart of seconds", chart("Seconds to answer, 12 months")),
    ("office sessions", sessions),
    ("office session", session),
    ("office clearing", clearing),
    ("office payouts", payouts),
    ("office payout", payout),
    ("office payout import", import_payout),
]
