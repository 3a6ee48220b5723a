"""Terminals that a browser drives over a Baxi.Agent: in the dialog and in the till, between real processes."""

import pytest
from clinic import Terminal
from pages import CardDialog, money, shoot
from playwright.sync_api import expect
from till import BOSS, Shop, Till

import stack as machinery


def agent_of(clinic, **values):
    """A terminal with an agent, which only this test uses."""
    url = clinic.stack.simulator.url.replace("http", "ws", 1)
    identifier = str(next(clinic.identifiers))
    values = {
        "type": "baxi_agent",
        "agent_address": f"{url}/agent/{identifier}",
        "used_by_hand": False,
        # as in a shop that has no account at NETS
        "account_id": False,
        **values,
    }
    return clinic.make_terminals(1, [identifier], **values)[0]


@pytest.fixture
def agent(clinic):
    return agent_of(clinic)


# In seconds: two lookups at least.
PATIENCE = 180  # a beat that was under way when its browser went is waited for, two minutes long
SIGNED = {"outcome": "approved", "cvm": "1"}


def forget_browsers(clinic):
    """Browsers that are gone are waited for two minutes; here, those are over. A beat that was under way when one went
    comes a moment later."""
    connection = clinic.stack.postgresql.connect(clinic.stack.database)
    cursor = connection.cursor()

    def forget():
        cursor.execute(
            """UPDATE nets_heartbeat SET beat_at = beat_at - interval '5 minutes'
                WHERE beat_at > now() AT TIME ZONE 'utc' - interval '2 minutes'"""
        )
        return not cursor.rowcount

    machinery.wait_until(forget, 30, "browsers that are gone to be silent", 1)
    connection.close()


# === IN THE DIALOG === #


def test_an_invoice_is_paid_on_the_demos_own_agent_and_its_display_is_shown(clinic, simulator, open_invoice):
    agent = Terminal(clinic.ref("nets_terminal_demo_workshop"), "10000003", "Workshop", simulator)
    invoice = clinic.make_invoice(480)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(agent).expect_status("Waiting for the card")
    agent.asks_for_card()
    expect(dialog.status.locator(".o_nets_display")).not_to_be_empty()
    shoot(dialog.page, "agent-dialog")
    agent.press("tap")
    dialog.expect_closed()
    page.expect_due(0)
    assert agent.charges()[-1] == 48000
    [transaction] = clinic.transactions(invoice)
    reported = clinic.read("nets.transaction", transaction, "reported_by_id", "reported_from", "terminal_type")
    assert reported["reported_by_id"] and reported["reported_from"]
    assert reported["terminal_type"] == "baxi_agent"


def test_declined_aborted_and_aborted_too_late(clinic, agent, open_invoice):
    invoice = clinic.make_invoice(300)
    page = open_invoice(invoice)
    agent.play("insufficient_funds")
    dialog = page.pay_by_card().pay_on(agent).expect_status("Insufficient funds", "Nothing was charged")
    dialog.try_again().expect_status("Waiting for the card")
    agent.asks_for_card()
    dialog.abort().expect_status("Aborted", "Nothing was charged")
    assert agent.charges() == []
    agent.hold(abort="too_late")
    dialog.try_again().expect_status("Waiting for the card")
    agent.asks_for_card()
    dialog.abort().expect_closed()
    page.expect_notification("Successful")
    page.expect_due(0)
    assert agent.charges() == [30000]
    account = clinic.read("nets.terminal", agent.id, "account_id")[0]
    asked = clinic.read("nets.account", account, "username", "password_is_set", "connection_at")
    assert not any(value for name, value in asked.items() if name != "id"), "nobody logs in for it"


def test_refund_and_reversal(clinic, agent, open_invoice):
    invoice = clinic.make_invoice(200)
    page = open_invoice(invoice)
    agent.play("approved")
    page.pay_by_card().pay_on(agent).expect_closed()
    page.expect_due(0)
    agent.play("approved")
    dialog = page.reverse()
    dialog.button("Reverse").click()
    dialog.expect_closed()
    page.expect_due(200)
    agent.play("approved")
    page.pay_by_card().pay_on(agent).expect_closed()
    page.expect_due(0)
    agent.play(outcome="approved", wait="card")
    dialog = page.refund()
    dialog.amount.fill("-50")
    dialog.process().expect_status("to get the money back", money(50))
    agent.asks_for_card()
    shoot(page.page, "agent-refund")
    agent.press("tap")
    dialog.expect_closed()
    page.expect_due(50)
    assert agent.kinds() == ["purchase", "reversal", "purchase", "refund"]


def test_a_signature_that_is_not_right_is_reversed(clinic, agent, open_invoice):
    invoice = clinic.make_invoice(730)
    page = open_invoice(invoice)
    agent.play(SIGNED, "approved")
    dialog = page.pay_by_card().pay_on(agent)
    dialog.expect_status("The customer signs the receipt", "Cardholder signature", money(730))
    shoot(page.page, "agent-signature")
    dialog.button("Not right: reverse the payment").click()
    dialog.expect_closed()
    page.expect_due(730)
    assert agent.kinds() == ["purchase", "reversal"]


def test_an_agent_that_is_restarted_in_mid_payment(clinic, simulator, agent, open_page, open_invoice):
    invoice = clinic.make_invoice(260)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(agent).expect_status("Waiting for the card")
    agent.asks_for_card()
    simulator.service(cut_agents=True)
    dialog.expect_status("interrupted", "Don't charge again")
    shoot(page.page, "agent-restarted")
    agent.press("tap")
    dialog.expect_closed()
    page.expect_due(0)
    assert agent.charges() == [26000]
    open_page.errors.clear()  # of the WebSocket


def test_an_agent_that_is_not_there_is_said_in_words(clinic, simulator, agent, open_page, open_invoice):
    clinic.admin.call("nets.terminal", "write", [agent.id], {"agent_address": "ws://127.0.0.1:9/agent"})
    page = open_invoice(clinic.make_invoice(90))
    dialog = page.pay_by_card().pay_on(agent)
    dialog.expect_status("The terminal's agent can't be reached", "Nothing was charged")
    assert agent.charges() == []
    open_page.errors.clear()  # of the WebSocket


def test_a_page_that_is_loaded_again_in_mid_payment_finds_the_result(clinic, agent, open_page, open_invoice):
    invoice = clinic.make_invoice(150)
    page = open_invoice(invoice, "demo", locale="en-US")
    page.page.on("dialog", lambda dialog: dialog.accept())
    page.pay_by_card().pay_on(agent).expect_status("Waiting for the card")
    agent.asks_for_card()
    page.page.reload()
    [transaction] = clinic.transactions(invoice)
    clinic.wait_for_state(transaction, "unknown", timeout=PATIENCE)
    agent.press("tap")
    page.expect_banner(money(150))
    clinic.wait_for_state(transaction, "approved", timeout=PATIENCE)
    page.expect_due(0)
    assert agent.charges() == [15000]


def test_a_browser_that_is_closed_leaves_the_result_to_another_one(clinic, agent, open_invoice):
    invoice = clinic.make_invoice(150)
    page = open_invoice(invoice, "demo", locale="en-US")
    page.pay_by_card().pay_on(agent).expect_status("Waiting for the card")
    agent.asks_for_card()
    page.page.context.close()
    agent.press("tap")
    [transaction] = clinic.transactions(invoice)
    assert clinic.state(transaction) == "pending"
    forget_browsers(clinic)
    other = open_invoice(invoice)
    other.expect_banner(money(150))
    clinic.wait_for_state(transaction, "approved", timeout=PATIENCE)
    other.expect_due(0)
    assert agent.charges() == [15000]


def test_reconciliation_and_reports(clinic, agent, open_page, open_invoice):
    page = open_invoice(clinic.make_invoice(50))
    agent.play("approved")
    page.pay_by_card().pay_on(agent).expect_closed()
    form = open_page("admin", f"/odoo/nets.terminal/{agent.id}")
    for button in ("X report", "Z report", "Reconciliation"):
        form.get_by_role("button", name=button, exact=True).click()
        if button != "X report":
            form.get_by_role("button", name="Ok", exact=True).click()
        dialog = CardDialog(form)
        dialog.expect_status("Done")
        if button == "Z report":
            shoot(form, "agent-z-report")
        dialog.close()
    reports = clinic.admin.call("nets.report", "search_read", [("terminal_id", "=", agent.id)], ["kind", "text"])
    assert sorted(row["kind"] for row in reports) == ["reconciliation", "x_report", "z_report"]
    assert all("50,00" in row["text"] for row in reports)


def test_the_test_says_what_is_there(clinic, agent, open_page):
    form = open_page("admin", f"/odoo/nets.terminal/{agent.id}")
    form.get_by_role("button", name="Test", exact=True).click()
    expect(form.locator(".o_nets_agent_test")).to_contain_text("The agent answers")
    shoot(form, "agent-test")
    field = form.get_by_label("Address for this device")
    field.fill("ws://127.0.0.1:9/agent")
    form.locator(".o_nets_agent_test").get_by_role("button", name="Test", exact=True).click()
    expect(form.locator(".o_nets_agent_test")).to_contain_text("can't be reached from this browser")
    shoot(form, "agent-test-failed")
    form.get_by_role("button", name="Use the terminal's address").click()
    expect(form.locator(".o_nets_agent_test")).to_contain_text("The agent answers")
    open_page.errors.clear()  # of the WebSocket


# === IN THE TILL === #


@pytest.fixture
def shop(clinic, agent):
    shop = Shop(clinic, [agent])
    shop.make_product("Zither lesson", 300)
    shop.make_product("Zither string", 45)
    yield shop
    shop.assert_books()
    # a lock date, which other tests set, wants every register closed
    shop.close_session()


def test_the_till(shop, agent, open_page):
    till = Till(open_page(shop.cashier, shop.path)).expect_open()
    agent.hold(tip=2000, surcharge=500)
    till.add("Zither lesson").to_payment().pay_by("Card")
    line = till.card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    agent.asks_for_card()
    expect(till.page.locator(".o_nets_display")).not_to_be_empty()
    shoot(till.page, "agent-till")
    agent.release()
    till.expect_receipt()
    assert shop.charges() == [32500]

    till.next_order().add("Zither string")
    agent.play("insufficient_funds")
    till.pay_fast_by("Card")
    line = till.card_line().expect_status("Insufficient funds")
    line.press("Try again").expect_status("Waiting for the card")
    agent.asks_for_card()
    line.press("Abort").expect_status("Aborted")
    till.pay_by("Cash").validate().expect_receipt()
    assert shop.charges() == [32500]


def test_a_till_that_is_loaded_again_in_mid_payment(shop, agent, open_page):
    till = Till(open_page(shop.cashier, shop.path)).expect_open()
    till.page.on("dialog", lambda dialog: dialog.accept())
    till.add("Zither lesson").to_payment().pay_by("Card")
    till.card_line().expect_status("Waiting for the card")
    agent.asks_for_card()
    till.reload()
    agent.press("tap")
    till.expect_receipt()
    shop.wait_for_transactions(1, "approved")
    assert shop.charges() == [30000]


def test_two_tills_on_one_agent(shop, agent, open_page):
    ours, theirs = (Till(open_page(login, shop.path)).expect_open() for login in (shop.cashier, BOSS))
    agent.hold()
    ours.add("Zither lesson").to_payment().pay_by("Card")
    ours.card_line().expect_status("Waiting for the card")
    agent.asks_for_card()
    theirs.add("Zither string").to_payment().pay_by("Card")
    line = theirs.card_line().expect_refusal("busy")
    shoot(theirs.page, "agent-two-tills")
    agent.release()
    ours.expect_receipt()
    agent.play("approved")
    line.press("Send")
    theirs.expect_receipt()
    assert shop.charges() == [30000, 4500]


def test_a_till_that_is_closed_leaves_the_result_to_another_one(clinic, shop, agent, open_page):
    ours = Till(open_page(shop.cashier, shop.path)).expect_open()
    ours.add("Zither lesson").to_payment().pay_by("Card")
    ours.card_line().expect_status("Waiting for the card")
    agent.asks_for_card()
    ours.page.close(run_before_unload=False)
    agent.press("tap")
    forget_browsers(clinic)
    theirs = Till(open_page(BOSS, shop.path)).expect_open()
    shop.wait_for_transactions(1, "approved")
    theirs.open_orders().select_order(300).load_order()
    theirs.card_line().expect_status("Successful")
    shoot(theirs.page, "agent-another-till")
    theirs.validate().expect_receipt()
    assert shop.charges() == [30000]


def test_the_till_compares_a_signature_and_gives_money_back(shop, agent, open_page):
    till = Till(open_page(shop.cashier, shop.path)).expect_open()
    agent.play(SIGNED)
    till.add("Zither lesson").to_payment().pay_by("Card")
    till.card_line().press("The signature is right")
    till.expect_receipt()
    agent.play("approved")
    till.next_order().open_orders("Paid").select_order(300).refund(1)
    till.pay_by("Card").card_line().press("Refund")
    till.expect_receipt()
    assert shop.kinds() == ["purchase", "refund"]


def test_the_till_aborts_too_late_and_has_the_terminal_reverse(shop, agent, open_page):
    till = Till(open_page(shop.cashier, shop.path)).expect_open()
    agent.hold(abort="too_late")
    till.add("Zither lesson").to_payment().pay_by("Card")
    line = till.card_line().expect_status("Waiting for the card")
    agent.asks_for_card()
    line.press("Abort")
    till.expect_receipt()
    assert shop.charges() == [30000]
    # a part, which leaves the order open
    agent.play("approved", "approved")
    till.next_order().add("Zither string").to_payment()
    till.type_amount(20).pay_by("Card")
    line = till.card_line().expect_status("Successful").expect_free()
    line.press("Reverse")
    till.confirm("No card is needed", "Reverse")
    line.expect_status("Reversed").expect_amount(0).expect_free()
    till.pay_by("Cash").validate().expect_receipt()
    assert shop.kinds() == ["purchase", "purchase", "reversal"]


def test_a_till_whose_agent_is_restarted_or_not_there(shop, agent, simulator, open_page):
    till = Till(open_page(shop.cashier, shop.path)).expect_open()
    till.add("Zither lesson").to_payment().pay_by("Card")
    line = till.card_line().expect_status("Waiting for the card")
    agent.asks_for_card()
    simulator.service(cut_agents=True)
    line.expect_status("interrupted", "Don't charge again")
    shoot(till.page, "agent-till-restarted")
    agent.press("tap")
    till.expect_receipt()
    simulator.service(agent="down", cut_agents=True)
    till.next_order().add("Zither string").pay_fast_by("Card")
    line = till.card_line().expect_status("The terminal's agent can't be reached", "Nothing was charged")
    shoot(till.page, "agent-till-not-there")
    simulator.service(agent="ok")
    agent.play("approved")
    line.press("Try again")
    till.expect_receipt()
    assert shop.charges() == [30000, 4500]
    open_page.errors.clear()  # of the WebSocket
