"""The screens of the administrator: the settings, the terminals; and the simulator."""

import functools

from .office import DIALOG, PRESS, ROWS, open_at, paid

TERMINALS = "/odoo/action-nets_connect_cloud.nets_terminal_action"
# two terminals of the simulator, which the demo data doesn't know
COUNTER, ACCOUNT = "20000001", {"name": "Branch", "username": "branch", "password": "branch-secret"}


@functools.cache
def _company(studio, login):
    """:return: id of a new company, which this new user administers"""
    clinic = studio.clinic
    [company] = clinic.admin.call("res.company", "create", [{"name": login.capitalize()}])
    groups = ["base.group_system", "account.group_account_manager"]
    clinic.make_user(login, *groups, company_id=company, company_ids=[(6, 0, [company])])
    return company


@functools.cache
def _branch(studio):
    """:return: (login of the administrator of a company with one of its account's two terminals, that terminal)"""
    login, clinic = "branch", studio.clinic
    company = _company(studio, login)
    clinic.admin.call("account.chart.template", "try_loading", [], "generic_coa", company)
    # the generic chart brings dollars
    clinic.admin.call("res.company", "write", [company], {"currency_id": clinic.admin.ref("base.NOK")})
    account = clinic.make_account(company_id=company, **ACCOUNT)
    [location] = clinic.admin.call("nets.location", "create", [{"name": "Harbour road", "company_id": company}])
    [terminal] = clinic.make_terminals(1, [COUNTER], account_id=account, location_id=location)
    return login, terminal


def settings(setting):
    def take(studio):
        page = studio.open("admin", "/odoo/settings")
        page.locator(f"#{setting}").evaluate("(element) => element.scrollIntoView()")

    return take


def settings_at_first(studio):
    """Before anything was entered."""
    _company(studio, "newcomer")
    page = studio.open("newcomer", "/odoo/settings")
    page.locator("#nets_connect_cloud .o_nets_steps").evaluate("(element) => element.scrollIntoView({block: 'center'})")


def fetch(studio):
    login, _terminal = _branch(studio)
    page = studio.open(login, "/odoo/settings")
    page.locator("button[name=action_nets_fetch_terminals]").click()
    page.locator(".modal [name=line_ids]").locator(ROWS).first.wait_for()


def terminals(studio):
    studio.open("admin", TERMINALS).locator(ROWS).first.wait_for()


def terminal(studio):
    open_at(studio, f"{TERMINALS}/{studio.clinic.make_terminal().id}")


def replace(studio):
    login, terminal = _branch(studio)
    page = open_at(studio, f"{TERMINALS}/{terminal.id}", login)
    page.evaluate(PRESS, ["nets.terminal", [terminal.id], "action_replace", {}])
    page.locator(".modal [name=line_id] select, .modal [name=line_id] input").first.wait_for()


def test_payment(studio):
    terminal = studio.clinic.make_terminal()
    terminal.play("approved")
    page = open_at(studio, f"{TERMINALS}/{terminal.id}")
    page.evaluate(PRESS, ["nets.terminal", [terminal.id], "action_test_payment", {}])
    page.locator(f"{DIALOG} .o_nets_question").wait_for()


def account(studio):
    [account] = studio.clinic.admin.call("nets.account", "search", [("username", "=", "demo")], limit=1, order="id")
    open_at(studio, f"/odoo/action-nets_connect_cloud.nets_account_action/{account}")


def simulator(studio):
    _invoice, _transaction, terminal = paid(studio, wait={"release": True})
    terminal.asks_for_card()
    studio.open("admin", f"{studio.simulator.url}/terminal/{terminal.identifier}").wait_for_timeout(1000)


def simulator_overview(studio):
    studio.open("admin", studio.simulator.url).locator(".terminal .pill").first.wait_for()


def simulator_service(studio):
    page = studio.open("admin", f"{studio.simulator.url}/#service-title")
    page.locator(".terminal .pill").first.wait_for()


PICTURES = [
    ("office settings account", settings("nets_connect_cloud")),
    ("office settings terminals", settings("nets_terminals")),
    ("office settings at first", settings_at_first),
    ("office fetch terminals", fetch),
    ("office account", account),
    ("office terminals", terminals),
    ("office terminal", terminal),
    ("office terminal replace", replace),
    ("office test payment", test_payment),
    ("office simulator", simulator),
    ("office simulator overview", simulator_overview),
    ("office simulator service", simulator_service),
]
