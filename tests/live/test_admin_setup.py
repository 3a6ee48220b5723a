"""An administrator looks after the account and the terminals, and closes the day.

How they are set up from nothing: `test_lifecycle.py`.
"""

import re

import pytest
from pages import CardDialog, shoot
from playwright.sync_api import expect

import stack as machinery

TERRACE = "20000002"  # a terminal of the simulator's second account, which the demo data doesn't know


@pytest.mark.parametrize(
    ("switch", "label", "explanation"),
    [
        ("refused", "Login refused", "The user name or the password is wrong"),
        ("unavailable", "Login not possible now", "This usually passes"),
        ("not_activated", "Account not activated", "Contact NETS"),
    ],
)
def test_the_account_says_which_of_the_causes_it_is(clinic, simulator, open_page, switch, label, explanation):
    account = clinic.make_account(name=f"Account {switch}")
    simulator.service(login=switch)
    page = open_page("admin", f"/odoo/action-nets_connect_cloud.nets_account_action/{account}")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator(".o_notification").filter(has_text=label).first).to_contain_text(explanation)
    expect(page.locator(".o_nets_connection")).to_contain_text(explanation)
    shoot(page, f"admin-account-{switch}")
    clinic.admin.call("nets.account", "write", [account], {"active": False})


def test_a_terminal_that_nets_refuses_is_refused_while_entered(clinic, simulator):
    entered = [[], _terminal(clinic, TERRACE), {}]
    said = clinic.refusal(lambda: clinic.admin.call("nets.terminal", "web_save", *entered))
    assert "may not use the terminal 20000002" in said
    # where no person waits for it, it is saved and marked
    [terminal] = clinic.admin.call("nets.terminal", "create", [_terminal(clinic, TERRACE)])
    assert clinic.read("nets.terminal", terminal, "nets_status") == "refused"
    clinic.admin.call("nets.terminal", "unlink", [terminal])
    simulator.service(login="unavailable", revoke_tokens=True)
    [terminal] = clinic.admin.call("nets.terminal", "create", [_terminal(clinic, "30000299")])
    assert clinic.read("nets.terminal", terminal, "nets_status") == "unchecked"
    clinic.admin.call("nets.terminal", "unlink", [terminal])


def _terminal(clinic, identifier):
    return {
        "name": "Entered by hand",
        "identifier": identifier,
        "account_id": clinic.ref("nets_account_demo"),
        "currency_id": clinic.admin.ref("base.NOK"),
    }


def open_terminal(open_page, terminal, login="admin"):
    return open_page(login, f"/odoo/action-nets_connect_cloud.nets_terminal_action/{terminal.id}")


def test_reconciliation_keeps_a_report_beside_what_odoo_recorded(clinic, terminal, open_page):
    terminal.play("approved", "approved")
    for amount in (120, 80):
        clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(amount), terminal))
    page = open_terminal(open_page, terminal)
    page.get_by_role("button", name="Reconciliation").click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    dialog = CardDialog(page).expect_open()
    dialog.expect_status("Done", "200,00")
    shoot(page, "admin-reconciliation")
    dialog.button("Open the report").click()
    expect(page.locator("[name=recorded_total]").first).to_contain_text("200")
    expect(page.locator("[name=session_transaction_ids] .o_data_row")).to_have_count(2)
    expect(page.locator("[name=text]")).to_contain_text("200,00")
    shoot(page, "admin-report")
    page.goto("/odoo/action-nets_connect_cloud.nets_session_action")
    expect(page.locator(".o_group_header").filter(has_text=terminal.identifier)).to_be_visible()
    page.locator(".o_group_header").filter(has_text=terminal.identifier).click()
    shoot(page, "admin-sessions")


def test_reconciliation_that_fails_with_a_2xx_says_so(clinic, terminal, simulator, open_page):
    simulator.service(reconciliation="failure_200")
    page = open_terminal(open_page, terminal)
    page.get_by_role("button", name="Reconciliation").click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    dialog = CardDialog(page).expect_open()
    dialog.expect_status("Not done", "No money was moved", "7008 No host contact")
    expect(dialog.button("Try again")).to_have_count(0)
    shoot(page, "admin-reconciliation-failed")


def test_lost_answer_of_an_administration_keeps_the_terminal_until_it_is_idle(clinic, terminal, simulator):
    simulator.service(administration="cut")
    action = clinic.admin.call("nets.terminal", "action_download_dataset", [terminal.id])
    transaction = action["params"]["transaction_id"]
    clinic.wait_for_state(transaction, "unknown")
    invoice = clinic.make_invoice(100)
    assert "busy with administration" in clinic.refusal(lambda: clinic.press_pay(invoice, terminal))
    clinic.wait_for_state(transaction, "failed", timeout=60)
    assert clinic.progress(transaction)["label"] == "Ended without an answer"
    sent = [each for each in simulator.requests(terminal.identifier) if each["path"].endswith("/administration")]
    assert len(sent) == 1
    terminal.play("approved")
    clinic.wait_for_end(clinic.press_pay(invoice, terminal))
    assert terminal.charges() == [10000]


@pytest.mark.parametrize("action", ["download_dataset", "download_software", "balance_inquiry"])
def test_downloads_and_balance(clinic, terminal, action):
    started = clinic.admin.call("nets.terminal", f"action_{action}", [terminal.id])
    transaction = started["params"]["transaction_id"]
    clinic.wait_for_state(transaction, "approved")
    text = clinic.progress(transaction)["paper"]
    assert ("BALANCE" in text) == (action == "balance_inquiry")


def test_printer_setting_reaches_the_terminal_and_may_fail(clinic, terminal, simulator):
    simulator.service(settings="error")
    clinic.admin.call("nets.terminal", "write", [terminal.id], {"printer": "odoo"})

    def message():
        return clinic.read("nets.terminal", terminal.id, "printer_message") or ""

    machinery.wait_until(lambda: "Not sent to NETS yet" in message(), 60, "the failure", 0.2)
    simulator.service(settings="ok")
    terminal.play("approved")
    clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(100), terminal))
    machinery.wait_until(lambda: message() == "Sent to NETS.", 60, "the setting to be sent", 0.2)


def test_the_first_steps_are_shown(clinic, open_page):
    account = clinic.make_account(name="First steps", username="nobody")
    page = open_page("admin", f"/odoo/action-nets_connect_cloud.nets_account_action/{account}")
    steps = page.locator(".o_nets_setup")
    expect(steps).to_contain_text(re.compile("Lane/3000.*ECR.*host.*Fetch terminals.*Test payment", re.DOTALL))
    shoot(page, "admin-account")
    clinic.admin.call("nets.account", "write", [account], {"active": False})


def test_their_state_is_asked_together_and_shown_wherever_it_stands(clinic, open_page):
    here, gone = clinic.make_terminal(), clinic.make_terminal()
    gone.press("unplug")
    page = open_page("admin", "/odoo/settings")
    page.locator(".o_nets_terminals").get_by_role("button", name=re.compile("Terminals$")).click()
    rows = {terminal: page.locator(".o_data_row").filter(has_text=terminal.identifier) for terminal in (here, gone)}
    for row in rows.values():
        expect(row.locator("[name=activity]")).to_have_text("Not asked yet")
        row.locator(".o_list_record_selector input").check()
    page.get_by_role("button", name="Ask for their state").click()
    # one that can't be asked stops no other, and what is known is shown
    expect(rows[here].locator("[name=activity]")).to_have_text("Idle")
    expect(rows[gone].locator("[name=activity]")).to_have_text("Disconnected")
    page.locator(".breadcrumb").get_by_text("Settings").click()
    listed = page.locator(".o_nets_terminals .o_data_row")
    expect(listed.first).to_be_visible()
    for terminal, said in ((here, "Idle"), (gone, "Disconnected")):
        expect(listed.filter(has_text=terminal.identifier).locator("[name=activity]")).to_have_text(said)
