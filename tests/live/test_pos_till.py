"""The cashier's card flow, in a till in a real browser."""

import pytest
from clinic import minor_units
from pages import money
from playwright.sync_api import expect
from till import BOSS, CASHIER, Shop, Till

import stack as machinery


@pytest.fixture
def shop(clinic, terminal):
    shop = Shop(clinic, [terminal])
    shop.make_product("Zither lesson", 300)
    shop.make_product("Zither string", 45)
    return shop


@pytest.fixture
def open_till(open_page, shop):
    """Return a function that opens the shop's till as a user: ``open_till("boss")``."""

    def open_till(login=CASHIER, **options):
        return Till(open_page(login, shop.path, **options)).expect_open()

    return open_till


def wait_for_paid(shop, amount):
    """Wait until the server has the shop's newest order as paid, and return it."""

    def paid():
        [order, *_others] = shop.orders()
        return order if order["state"] == "paid" else None

    order = machinery.wait_until(paid, 20, "the order to be paid", 0.2)
    assert minor_units(order["amount_total"]) == minor_units(order["amount_paid"]) == minor_units(amount)
    return order


def test_a_card_pays_the_order_with_tip_and_surcharge_and_its_receipt_is_printed(shop, terminal, open_till):
    terminal.hold(tip=2000, surcharge=500)
    till = open_till().add("Zither lesson").to_payment().pay_by("Card")
    line = till.card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    terminal.asks_for_card()
    terminal.release()

    receipt = till.expect_receipt()
    expect(receipt).to_contain_text(money(325))
    expect(receipt.locator(".pos-payment-terminal-receipt")).to_contain_text("CUSTOMER'S COPY")
    order = wait_for_paid(shop, 325)
    [payment] = shop.payments(order)
    assert (payment["amount"], payment["card_brand"], payment["card_no"]) == (325, "Visa", "1234")
    assert shop.transactions()[0]["cashier_name"] == "Cashier"

    # a second order: declined, tried again, aborted, and then paid in cash
    till.next_order().add("Zither string").to_payment()
    terminal.play("insufficient_funds")
    till.pay_by("Card")
    line = till.card_line().expect_status("Insufficient funds", "Try another card")
    line.expect_buttons("Try again", "Get last result").press("Get last result")
    line.expect_status("The terminal's last result shows no charge").expect_buttons("Try again", "Get last result")
    line.press("Try again").expect_status("Waiting for the card")
    terminal.asks_for_card()
    line.press("Abort").expect_status("Aborted").expect_buttons("Try again")
    till.pay_by("Cash")
    expect(till.card_lines).to_have_count(0)
    till.validate().expect_receipt()
    wait_for_paid(shop, 45)
    assert terminal.charges() == [32500]
    till.next_order()
    shop.close_session()
    assert shop.booked_on_card() == 32500


def test_two_cards_and_their_refund_and_a_reversal(shop, terminal, open_till):
    till = open_till().add("Zither lesson").to_payment()
    till.pay_a_part(terminal, 200)
    terminal.play("approved")
    till.pay_by("Card").expect_receipt()
    order = wait_for_paid(shop, 300)
    assert sorted(payment["amount"] for payment in shop.payments(order)) == [100, 200]

    till.next_order().open_orders("Paid").select_order(300).refund()
    till.pay_by("Card")
    expect(till.card_lines).to_have_count(2)
    # the lines change their places when the order comes back from the server
    first, second = till.card_line_of(200), till.card_line_of(100)
    first.expect_buttons("Refund")
    terminal.hold()
    first.press("Refund").expect_status("Waiting for the card", "get the money back").expect_buttons("Abort")
    terminal.asks_for_card()
    terminal.release()
    first.expect_status("Refunded").expect_free()
    terminal.play("approved")
    second.press("Refund")
    till.expect_receipt()
    wait_for_paid(shop, -300)
    assert terminal.kinds() == ["purchase", "purchase", "refund", "refund"]

    # a past order is reversed as a whole, while it is the terminal's last
    terminal.play("approved")
    till.next_order().add("Zither string").to_payment().pay_by("Card").expect_receipt()
    till.next_order().open_orders("Paid").select_order(45).reverse()
    till.expect_receipt()
    wait_for_paid(shop, -45)
    assert terminal.kinds()[-1] == "reversal"

    # and a payment of an order that isn't finished, from its line: it may be paid otherwise then
    till.next_order().add("Zither lesson").to_payment()
    line = till.pay_a_part(terminal, 200)
    terminal.play("approved")
    line.press("Reverse")
    till.confirm("No card is needed", "Reverse")
    line.expect_status("Reversed").expect_amount(0).expect_free()
    till.pay_by("Cash").validate().expect_receipt()
    order = wait_for_paid(shop, 300)
    assert [payment["payment_method_id"][1] for payment in shop.payments(order)] == ["Cash"]


def test_a_reload_at_each_moment_loses_nothing(shop, terminal, open_till):
    till = open_till().add("Zither lesson").to_payment()
    terminal.hold()
    till.pay_by("Card").card_line().expect_status("Waiting for the card")
    terminal.asks_for_card()
    # while the terminal waits
    till.reload().card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    # while it is aborting
    till.card_line().press("Abort")
    till.reload().card_line().expect_status("Aborted")
    # after the approval, before the till heard of it
    terminal.hold()
    till.card_line().press("Try again").expect_status("Waiting for the card")
    terminal.asks_for_card()
    page = till.page
    page.goto("about:blank")
    terminal.release()
    machinery.wait_until(lambda: shop.transactions()[0]["state"] == "approved", 10, "the charge")
    page.goto(shop.path)
    till.expect_open().open_orders().select_order(300).load_order()
    till.card_line().expect_status("Successful", "Visa •••• 1234")
    till.validate().expect_receipt()
    wait_for_paid(shop, 300)
    assert terminal.charges() == [30000]


def test_another_till_sees_the_running_payment_and_takes_over(shop, terminal, open_till):
    mine = open_till().add("Zither lesson").to_payment()
    terminal.hold()
    mine.pay_by("Card").card_line().expect_status("Waiting for the card")
    terminal.asks_for_card()

    theirs = open_till(BOSS).open_orders().select_order(300).load_order()
    theirs.card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    mine.page.close()
    theirs.page.reload()
    theirs.expect_open().card_line().expect_status("Waiting for the card")
    # no way round it
    theirs.open_orders().delete_order(300)
    theirs.expect_dialog("The result of the card payment of", "isn't known yet")
    theirs.close_dialog().select_order(300).load_order()
    theirs.pay_by("Cash").expect_dialog("A card payment is running")
    theirs.close_dialog()
    terminal.release()
    theirs.expect_receipt()
    wait_for_paid(shop, 300)
    assert terminal.charges() == [30000]


def test_an_unknown_result_is_settled_by_a_manager_with_a_reason(shop, terminal, simulator, open_till):
    simulator.service(last_transaction="error")
    till = open_till(BOSS).add("Zither lesson").to_payment()
    terminal.play(outcome="approved", answer="cut_after")
    line = till.pay_by("Card").card_line()
    line.expect_status("Connection interrupted", "Don't charge again")
    line.press("Get last result")
    line.press("Settle by hand")
    till.popup("Settle by hand").press("The card was charged").press("Settle")
    till.popup("Settle by hand").expect_refusal("Enter the number that stands on the terminal's receipt")
    till.popup("Settle by hand").fill(reference="000001", reason="Stands on the receipt").press("Settle")
    till.expect_receipt()
    order = wait_for_paid(shop, 300)
    [transaction] = shop.transactions()
    assert (transaction["state"], transaction["settled_by_id"][1]) == ("approved", "Boss")
    assert shop.payments(order)[0]["payment_status"] == "done"
    till.next_order().close_register()
    till.expect_dialog("Recorded or settled by hand", money(300), terminal.name)


def test_where_nets_is_down_the_card_is_recorded_by_hand(shop, terminal, simulator, open_till):
    till = open_till().add("Zither lesson").to_payment()
    simulator.service(login="unavailable", revoke_tokens=True)
    line = till.pay_by("Card").card_line()
    line.expect_status("Login not possible now", "type the amount on the terminal itself")
    line.expect_buttons("Try again", "Record by hand").press("Record by hand")
    till.popup("Record a payment by hand").fill(reference="000777", reason="NETS is down").press("Record")
    till.expect_receipt()
    wait_for_paid(shop, 300)
    simulator.service(login="ok")
    [transaction, _failed] = shop.transactions()
    assert transaction["settled_by_id"][1] == "Cashier"
    assert terminal.charges() == [], "the service knows nothing of it"


def test_a_lost_connection_to_odoo_is_said_and_goes_on_by_itself(shop, terminal, open_till, open_page):
    till = open_till().add("Zither lesson").to_payment()
    terminal.hold()
    line = till.pay_by("Card").card_line().expect_status("Waiting for the card")
    terminal.asks_for_card()
    till.page.context.set_offline(True)
    line.expect_status("No connection to Odoo", "don't charge again")
    terminal.release()
    till.page.context.set_offline(False)
    till.expect_receipt()
    wait_for_paid(shop, 300)
    open_page.errors.clear()  # the lost connection was on purpose


def test_the_cashier_compares_the_signature(shop, terminal, open_till):
    till = open_till().add("Zither lesson").to_payment()
    terminal.play(outcome="approved", cvm="1")
    line = till.pay_by("Card").card_line()
    line.expect_status("The customer signs the receipt").expect_buttons("The signature is right", "Not right")
    till.validate().expect_dialog("Check the signature")
    till.close_dialog()
    terminal.play("approved")
    line.press("Not right")
    line.expect_status("Reversed").expect_amount(0).expect_free()
    terminal.play(outcome="approved", cvm="1")
    till.pay_by("Card")
    till.card_line().press("The signature is right").expect_buttons("Reverse")
    till.validate().expect_receipt()
    wait_for_paid(shop, 300)
    assert terminal.kinds() == ["purchase", "reversal", "purchase"]


def test_a_device_remembers_its_terminal_and_works_on_a_tablet(clinic, terminal, open_page):
    other = clinic.make_terminal()
    shop = Shop(clinic, [terminal, other])
    shop.make_product("Zither lesson", 300)
    till = Till(open_page(CASHIER, shop.path, viewport={"width": 820, "height": 1180})).expect_open()
    till.add("Zither lesson").to_payment().pay_by("Card")
    line = till.card_line()
    expect(line.button("Send")).to_be_disabled()
    terminal.hold()
    line.choose(terminal).press("Send").expect_status("Waiting for the card")
    terminal.asks_for_card()
    line.press("Abort").expect_status("Aborted")
    line.choose(other)
    till.reload()
    expect(line.root.get_by_label("Terminal")).to_have_value(str(other.id))
    other.play("approved")
    line.press("Try again")
    till.expect_receipt()
    assert (terminal.charges(), other.charges()) == ([], [30000])


def test_in_a_restaurant_the_waiter_goes_on_to_other_tables(clinic, terminal, open_page):
    values = {"name": "Ola Nordmann", "pin": "4711", "company_id": clinic.ref("demo_company")}
    waiter = clinic.admin.call("hr.employee", "create", [values])[0]
    shop = Shop(
        clinic,
        [terminal],
        module_pos_restaurant=True,
        module_pos_hr=True,
        basic_employee_ids=[(6, 0, [waiter])],
    )
    shop.make_product("Zither lesson", 300)
    page = open_page(CASHIER, shop.path)
    till = Till(page)
    page.get_by_text("Unlock Register").click()
    page.get_by_placeholder("Enter your PIN").fill("4711")
    page.keyboard.press("Enter")
    table = page.locator(".floor-map .table").first
    table.click()
    till.add("Zither lesson").to_payment()
    terminal.hold()
    till.pay_by("Card").card_line().expect_status("Waiting for the card")
    terminal.asks_for_card()
    till.to_tables()
    table.click()
    till.card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    till.to_tables()
    terminal.release()
    # he hears of it, and stays where he is
    expect(page.locator(".o_notification").filter(has_text="Successful")).to_contain_text(money(300))
    table.click()
    till.card_line().expect_status("Successful", "Visa •••• 1234")
    till.validate().expect_receipt()
    wait_for_paid(shop, 300)
    assert shop.transactions()[0]["cashier_name"] == "Ola Nordmann"


def test_the_register_closes_over_an_unresolved_payment_only_with_a_managers_reason(shop, terminal, open_till, clinic):
    till = open_till(BOSS).add("Zither lesson").to_payment()
    till.pay_a_part(terminal, 200)
    # the cashier walks away
    till.close_register()
    dialog = till.expect_dialog("Charged, but belongs to no paid order", money(200), terminal.name)
    expect(dialog.get_by_role("button", name="Close Register")).to_be_disabled()
    dialog.get_by_role("button", name="Close anyway").click()
    till.popup("Close anyway").fill(reason="The customer left").press("Allow closing")
    expect(dialog.get_by_role("button", name="Close Register")).to_be_enabled()
    transaction = shop.transactions()[0]
    assert clinic.read("nets.transaction", transaction["id"], "without_order") is True
