"""The cashier's card flow, in a till in a real browser."""

import dataclasses
import datetime
import re

import pytest
from catalogue import REFUSED, UNKNOWN, Case
from clinic import Clinic, minor_units
from pages import money, shoot
from playwright.sync_api import expect
from till import BOSS, CASHIER, Shop, Till

import stack as machinery


@dataclasses.dataclass
class Kept:
    """What stays open from test to test, as a shop does through the day: opening a till takes seconds."""

    shop: Shop | None = None
    tills: dict = dataclasses.field(default_factory=dict)  # {login: Till}

    def close(self):
        for till in self.tills.values():
            till.page.close()
        self.shop, self.tills = None, {}


@pytest.fixture(scope="module")
def kept(_stack):
    kept = Kept()
    yield kept
    kept.close()


@pytest.fixture
def shop(request, stack, _logins, _identifiers, kept):
    """Return the shop of these tests, whose session is open; a new one where the last test failed or closed it."""
    if not kept.shop:
        clinic = Clinic(stack, _logins, _identifiers)
        kept.shop = Shop(clinic, [clinic.make_terminal()])
        kept.shop.make_product("Zither lesson", 300)
        kept.shop.make_product("Zither string", 45)
    shop = kept.shop
    shop.begin()
    yield shop
    if getattr(request.node, "call_failed", True) or not shop.is_open:
        kept.close()
    shop.assert_books()


@pytest.fixture
def terminal(shop):
    """Return the terminal of the shop."""
    return shop.terminals[0]


@pytest.fixture
def open_till(open_page, shop, kept):
    """Return a function that opens the shop's till as a user: ``open_till("boss")``."""
    opened = {}

    def open_till(login=CASHIER):
        if login in kept.tills:
            till = kept.tills.pop(login)
            open_page.attach(login, till.page)
            till.begin()
        else:
            till = Till(open_page(login, shop.path)).expect_open()
        opened[login] = till
        return till

    yield open_till
    if kept.shop and not open_page.errors:
        for login, till in opened.items():
            if not till.page.is_closed():
                open_page.detach(login, till.page)
                kept.tills[login] = till


def wait_for_paid(shop, amount):
    """Wait until the server has the shop's newest order as paid, and return it."""

    def paid():
        order = next(iter(shop.orders()), None)
        return order if order and order["state"] == "paid" else None

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
    till.next_order().add("Zither string")
    terminal.play("insufficient_funds")
    till.pay_fast_by("Card")
    line = till.card_line().expect_status("Insufficient funds", "Try another card").expect_buttons("Try again")
    line.press("Try again").expect_status("Waiting for the card")
    terminal.asks_for_card()
    line.press("Abort").expect_status("Aborted").expect_buttons("Try again")
    till.pay_by("Cash")
    expect(till.card_lines).to_have_count(0)
    till.validate().expect_receipt()
    wait_for_paid(shop, 45)
    assert shop.charges() == [32500]

    # the terminal's receipt is printed again with the order's
    printed = till.next_order().open_orders("Paid").select_order(325).print_again()
    assert "CUSTOMER'S COPY" in printed
    assert "Visa" in printed


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
    # where the cashier saw them, also when the order has come back from the server
    first, second = till.card_line(0).expect_amount(200), till.card_line(1).expect_amount(100)
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
    assert shop.kinds() == ["purchase", "purchase", "refund", "refund"]

    # a past order is reversed as a whole, while it is the terminal's last
    terminal.play("approved")
    till.next_order().add("Zither string").to_payment().pay_by("Card").expect_receipt()
    till.next_order().open_orders("Paid").select_order(45).reverse()
    till.expect_receipt()
    wait_for_paid(shop, -45)
    assert shop.kinds()[-1] == "reversal"

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


def test_what_each_action_costs_in_taps(shop, terminal, open_till):
    """As the table of `docs/till.md` says: a tap more is found here."""
    rows = re.findall(r"^\| (.+?) +\| +(\d+) \|", (machinery.ROOT / "docs/till.md").read_text(), re.MULTILINE)
    promised = {action: int(taps) for action, taps in rows}
    # of amounts that no other order of the shop has
    till = open_till().add("Zither lesson").add("Zither string")
    till.page.evaluate(
        "addEventListener('click', (event) => (window.taps = (window.taps || 0) + event.isTrusted), true)"
    )
    counted = {}

    def count(action):
        counted[action] = till.page.evaluate("window.taps")
        till.page.evaluate("window.taps = 0")

    till.page.evaluate("window.taps = 0")
    terminal.play("approved")
    till.to_payment().pay_by("Card").expect_receipt()
    count("Pay an order by card")
    wait_for_paid(shop, 345)
    till.next_order()
    count("(the next order)")
    till.open_orders("Paid").select_order(345).reverse().expect_receipt()
    count("Reverse the order before")
    terminal.play("approved")
    till.next_order()
    for _string in range(7):
        till.add("Zither string")
    till.to_payment().pay_by("Card").expect_receipt()
    wait_for_paid(shop, 315)
    till.next_order()
    count("(another)")
    till.open_orders("Paid").select_order(315).refund(quantity=7).pay_by("Card")
    terminal.play("approved")
    till.card_line().press("Refund")
    till.expect_receipt()
    count("Refund a product to its card")
    terminal.play("insufficient_funds", "approved")
    till.next_order().add("Zither lesson").to_payment().pay_by("Card").card_line().expect_status("Insufficient funds")
    count("(a refusal)")
    till.card_line().press("Try again")
    till.expect_receipt()
    count("Try again after a refusal")
    terminal.play("insufficient_funds")
    till.next_order().add("Zither lesson").to_payment().pay_by("Card").card_line().expect_status("Insufficient funds")
    count("(another refusal)")
    till.pay_by("Cash").validate().expect_receipt()
    count("Take cash after a refusal")
    till.next_order().add("Zither lesson").to_payment()
    count("(an order)")
    terminal.play("approved", "approved")
    till.page.locator(".o_nets_split").click()
    window = till.page.locator(".modal")
    for typed in ("2", "20", "200"):
        window.locator(".numpad button").filter(has_text=re.compile(f"^{typed[-1]}$")).click()
        # one after the other: what comes faster is taken for a barcode scanner
        expect(window.locator(".value, input").first).to_have_text(re.compile(typed))
    window.get_by_role("button", name="Confirm").click()
    till.card_line().expect_amount(200).expect_free()
    till.pay_by("Card").expect_receipt()
    count("Split 300 over two cards, 200 and the rest")
    assert {action: taps for action, taps in counted.items() if not action.startswith("(")} == promised


def test_a_part_of_the_quantity_is_refunded_to_the_card_and_the_rest_later(shop, terminal, open_till):
    till = open_till().add("Zither string").add("Zither string").add("Zither string").to_payment()
    terminal.play("approved")
    till.pay_by("Card").expect_receipt()
    wait_for_paid(shop, 135)
    till.next_order().open_orders("Paid").select_order(135).refund(quantity=1).pay_by("Card")
    till.card_line().expect_amount(45).expect_buttons("Refund")
    terminal.play("approved")
    till.card_line().press("Refund")
    till.expect_receipt()
    order = wait_for_paid(shop, -45)
    assert [payment["amount"] for payment in shop.payments(order)] == [-45]
    till.next_order().open_orders("Paid").select_order(135).refund(quantity=2).pay_by("Card")
    till.card_line().expect_amount(90)
    terminal.play("approved")
    till.card_line().press("Refund")
    till.expect_receipt()
    wait_for_paid(shop, -90)
    assert shop.kinds() == ["purchase", "refund", "refund"]
    assert shop.charges() == [13500, 4500, 9000]


def test_a_second_tab_and_another_till_go_on_together(shop, terminal, open_till):
    mine = open_till().add("Zither lesson").to_payment()
    terminal.hold()
    mine.pay_by("Card").card_line().expect_status("Waiting for the card")
    terminal.asks_for_card()
    theirs = open_till(BOSS).open_orders().select_order(300).load_order()
    theirs.card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    # Odoo has a till open in one tab only: it goes on in the second one, and the first one leaves it
    tab = Till(mine.page.context.new_page())
    tab.page.goto(mine.page.url)
    tab.expect_open().card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    expect(mine.page).to_have_url(re.compile("/odoo"))
    mine.page.close()
    # no way round it
    theirs.open_orders().delete_order(300)
    theirs.expect_dialog("The result of the card payment of", "isn't known yet")
    theirs.close_dialog().select_order(300).load_order()
    theirs.pay_by("Cash").expect_dialog("A card payment is running")
    theirs.close_dialog()
    # both see the approval, and want to finish the order
    terminal.release()
    theirs.expect_receipt()
    order = wait_for_paid(shop, 300)
    tab.expect_finished()
    assert [payment["amount"] for payment in shop.payments(order)] == [300]
    assert len(shop.orders()) == 1
    assert shop.charges() == [30000]
    tab.page.close()


def test_an_unknown_result_is_settled_by_a_manager_with_a_reason(shop, terminal, simulator, open_till):
    simulator.service(last_transaction="error")
    till = open_till(BOSS).add("Zither lesson").to_payment()
    terminal.play(outcome="approved", answer="cut_after")
    line = till.pay_by("Card").card_line()
    line.expect_status("Connection interrupted", "Don't charge again")
    line.press("Get last result")
    line.press("Settle by hand")
    till.popup("Settle by hand").press("The card was charged").press("Settle as charged")
    till.popup("Settle by hand").expect_refusal("Enter the number that is printed on the terminal's receipt")
    till.popup("Settle by hand").fill(reference="000901", reason="Stands on the receipt").press("Settle as charged")
    till.expect_receipt()
    order = wait_for_paid(shop, 300)
    [transaction] = shop.transactions()
    assert (transaction["state"], transaction["settled_by_id"][1]) == ("approved", "Boss")
    assert shop.payments(order)[0]["payment_status"] == "done"
    till.next_order().close_register()
    till.expect_dialog("Recorded or settled by hand", money(300), terminal.name)


def test_where_nets_is_down_the_card_is_recorded_by_hand(shop, terminal, simulator, open_till):
    till = open_till(BOSS).add("Zither lesson").to_payment()
    simulator.service(login="unavailable", revoke_tokens=True)
    line = till.pay_by("Card").card_line()
    line.expect_status("Login not possible now", "type the amount on the terminal itself")
    line.expect_buttons("Try again", "Record by hand").press("Record by hand")
    till.popup("Record a payment by hand").fill(reference="000777", reason="NETS is down").press("Record")
    till.expect_receipt()
    wait_for_paid(shop, 300)
    simulator.service(login="ok")
    [transaction, _failed] = shop.transactions()
    assert transaction["settled_by_id"][1] == "Boss"
    assert shop.charges() == [], "the service knows nothing of it"


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
    line.expect_status("The customer signs the receipt")
    line.expect_buttons("Print the receipt to sign", "The signature is right", "Not right")
    till.validate().expect_dialog("Check the signature")
    till.close_dialog()
    terminal.play("approved")
    line.press("Not right")
    line.expect_status("Reversed").expect_amount(0).expect_free()
    terminal.play(outcome="approved", cvm="1")
    till.pay_by("Card")
    till.card_line(1).press("The signature is right")
    till.expect_receipt()
    wait_for_paid(shop, 300)
    assert shop.kinds() == ["purchase", "reversal", "purchase"]


def test_a_reload_at_each_moment_loses_nothing(shop, terminal, open_till):
    till = open_till().add("Zither lesson").to_payment()
    page = till.page
    # before the server heard of it
    page.route("**/pos_start", lambda _route: None)
    till.pay_by("Card").card_line().expect_status("Sending…")
    line = till.reload().card_line().expect_buttons("Send")
    # not before that: what is held back would be sent after all
    page.unroute_all(behavior="ignoreErrors")
    assert not shop.transactions()
    # while the terminal waits
    terminal.hold(abort="ignored")
    line.press("Send").expect_status("Waiting for the card")
    terminal.asks_for_card()
    line = till.reload().card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    # while it is aborting: the customer was faster, and gave a tip
    line.press("Abort").expect_status("Aborting…")
    line = till.reload().card_line().expect_status("Aborting…")
    terminal.press("cancel")
    line.expect_status("Aborted")
    terminal.hold(abort="ignored", tip=1000)
    line.press("Try again").expect_status("Waiting for the card")
    terminal.asks_for_card()
    line.press("Abort").expect_status("Aborting…")
    till.reload().card_line().expect_status("Aborting…")
    terminal.release()
    till.expect_receipt()
    wait_for_paid(shop, 310)
    # after the approval, before the till heard of it
    till.next_order().add("Zither string").to_payment()
    terminal.hold()
    till.pay_by("Card").card_line().expect_status("Waiting for the card")
    terminal.asks_for_card()
    page.goto("about:blank")
    terminal.release()
    machinery.wait_until(lambda: shop.transactions()[0]["state"] == "approved", 20, "the charge")
    page.goto(shop.path)
    till.expect_open().open_orders().select_order(45).load_order()
    till.card_line().expect_status("Successful", "Visa •••• 1234")
    till.validate().expect_receipt()
    wait_for_paid(shop, 45)
    assert shop.charges() == [31000, 4500]
    # whatever was done in this session: the ledger and the books are equal, to the øre
    shop.close_session()
    ledger, *others = shop.money_of_the_session()
    assert ledger >= 35500
    assert others == [ledger] * 4


def test_each_message_is_read_in_the_till(clinic, simulator, open_page, subtests):
    nowhere = clinic.make_account(simulator_url=f"http://127.0.0.1:{machinery.free_port()}")
    [unreachable] = clinic.make_terminals(1, account_id=nowhere)
    [unknown_login] = clinic.make_terminals(1, account_id=clinic.make_account(password=False))
    terminal, *others = clinic.make_terminals(1 + len(UNKNOWN))
    shop = Shop(clinic, [terminal, unreachable, unknown_login, *others])
    shop.make_product("Zither lesson", 300)
    # who may record a payment by hand
    till = Till(open_page(BOSS, shop.path)).expect_open()
    till.add("Zither lesson").to_payment().pay_by("Card").card_line().choose(terminal)
    elsewhere = [
        (unreachable, Case("unreachable", "NETS can't be reached", by_hand=True)),
        (unknown_login, Case("no password", "Login data missing", again=False, by_hand=True)),
    ]
    for number, (where, case) in enumerate([*((terminal, case) for case in REFUSED), *elsewhere], 1):
        with subtests.test(case.name):
            case.arrange(simulator, where)
            line = till.card_line()
            if where is not terminal:
                line.choose(where)
            # a new line takes the place of the one that failed, and is sent at once
            till.pay_by("Card")
            line.expect_status(case.label)
            shop.wait_for_transactions(number, "failed")
            line.expect_status(case.label, *case.texts)
            again = line.button("Try again")
            expect(again).to_have_count(1 if case.again else 0)
            expect(line.button("Record by hand")).to_have_count(1 if case.by_hand else 0)
            if case.again:
                expect(again).to_be_enabled(enabled=not case.wait)
            shoot(till.page, f"till-{case.name}")
    # a result that got lost is never called failed: one after the other is sent, and all stay unknown side by side
    simulator.reset()
    for case, other in zip(UNKNOWN, others, strict=True):
        with subtests.test(case.name):
            simulator.service(last_transaction="error")
            other.play(outcome="approved", **case.play)
            till.use(shop.card, other).begin().add("Zither lesson").to_payment().pay_by("Card")
            line = till.card_line().expect_status(case.label, *case.texts)
            line.expect_buttons("Get last result", "Settle by hand", "Serve the next customer on")
            shoot(till.page, f"till-{case.name}")
    unresolved = [each["id"] for each in shop.transactions()[: len(UNKNOWN)]]
    simulator.service(last_transaction="ok")
    for transaction in unresolved:
        clinic.admin.call("nets.transaction", "get_last_result", [transaction])
    till.expect_receipt()
    shop.wait_for_transactions(len(UNKNOWN), "approved")
    assert [other.charges() for other in others] == [[30000]] * len(UNKNOWN)
    assert not terminal.charges()


def test_a_till_of_another_company_in_another_currency(clinic, simulator, open_page):
    company, euro = clinic.admin.ref("base.main_company"), clinic.admin.ref("base.EUR")
    clinic.admin.call("res.currency", "write", [euro], {"active": True})
    rate = {
        "currency_id": euro,
        "company_id": company,
        "name": str(datetime.datetime.now(datetime.timezone.utc).date()),
        "rate": 2,
    }
    clinic.admin.call("res.currency.rate", "create", [rate])
    account = clinic.make_account(company_id=company, username="abroad", password="abroad-secret")
    location = clinic.admin.call("nets.location", "create", [{"name": "Abroad", "company_id": company}])[0]
    values = {"account_id": account, "location_id": location, "currency_id": euro}
    [terminal] = clinic.make_terminals(1, identifiers=["40000001"], **values)
    shop = Shop(clinic, [terminal], company, euro)
    # all terminals: those of the other company, and of other currencies, are none of this till
    clinic.admin.call("pos.payment.method", "write", [shop.card], {"nets_terminal_ids": [(5, 0, 0)]})
    shop.make_product("Zither lesson", 150)  # in the company's currency
    till = Till(open_page(shop.cashier, shop.path)).expect_open()
    till.add("Zither lesson").to_payment()
    till.pay_a_part(terminal, 200)
    terminal.play(outcome="approved", tip=550)
    till.pay_by("Card")
    expect(till.expect_receipt()).to_contain_text(money(305.5))
    wait_for_paid(shop, 305.5)
    assert [(entry["amount"], entry["currency"]) for entry in shop.ledger()] == [(20000, "EUR"), (10550, "EUR")]
    shop.close_session()
    assert shop.money_of_the_session() == (30550,) * 5


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
    # nobody touches the till for minutes
    page.evaluate("posmodel.idleTimeout.forEach(({action}) => action())")
    till.card_line().expect_status("Waiting for the card")
    till.to_tables()
    table.click()
    till.card_line().expect_status("Waiting for the card").expect_buttons("Abort")
    till.to_tables()
    terminal.release()
    # he is told, and stays where he is
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
    # a row leads to its order
    dialog.locator(".o_nets_open_order").last.click()
    till.card_line().expect_status("Successful")
    till.close_register()
    expect(dialog.get_by_role("button", name="Close Register")).to_be_disabled()
    dialog.get_by_role("button", name="Close anyway").click()
    till.popup("Close anyway").fill(reason="The customer left").press("Allow closing")
    expect(dialog.get_by_role("button", name="Close Register")).to_be_enabled()
    transaction = shop.transactions()[0]
    assert clinic.read("nets.transaction", transaction["id"], "without_order") is True
    # an order is left that nobody pays: Odoo closes no session with one
    shop.is_open = False


def test_the_register_closes_with_no_cards_to_count_and_a_deposit_is_received(shop, terminal, open_till, clinic):
    terminal.play("approved")
    till = open_till(BOSS).add("Zither lesson").to_payment().pay_by("Card")
    till.expect_receipt()
    wait_for_paid(shop, 300)
    till.next_order().add("Zither lesson").to_payment()
    till.pay_a_part(terminal, 200)
    # to be fetched on another day
    [order] = [each for each in shop.orders() if each["state"] == "draft"]
    clinic.admin.call("pos.order", "write", [order["id"]], {"preset_time": "2099-01-01 12:00:00"})
    till.reload()
    till.close_register()

    dialog = till.expect_dialog("It is booked as a deposit", money(200), "Cash Count", money(300))
    expect(dialog.get_by_text("Card Count")).to_have_count(0)
    # what terminals charged is counted by them
    [_method, charged, _counted, counted, _difference, difference] = (
        dialog.locator(".payment-methods-overview .w-100").filter(has_text="Card").locator("span").all_inner_texts()
    )
    assert counted == charged
    assert money(0).search(difference)
    shoot(till.page, "Closing: nothing to count, and a deposit")
    # in the drawer is what other tests of this shop put there
    dialog.locator("button.fa-clone").click()
    dialog.get_by_role("button", name="Close Register").click()

    def closed():
        return clinic.read("pos.session", shop.session, "state") == "closed"

    machinery.wait_until(closed, 30, "the session to be closed", 0.5)
    shop.is_open = False
    of_session = [("pos_session_id", "=", shop.session)]
    payments = clinic.admin.call("account.payment", "search_read", of_session, ["memo", "amount", "move_id"])
    assert sorted(payment["amount"] for payment in payments) == [200, 300]
    assert all(payment["move_id"] and f"{terminal.identifier}/" in payment["memo"] for payment in payments)
    # the till is loaded anew for the next day: a page that is left in the middle of that may never close
    expect(till.page.get_by_role("button", name="Open Register")).to_be_visible()
