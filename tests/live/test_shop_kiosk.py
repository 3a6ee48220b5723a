"""A kiosk with a terminal beside it, in a browser in which nobody is logged in: each way out is walked to its end."""

import re

import pytest
from playwright.sync_api import expect
from till import CASHIER, Shop

import stack as machinery

DRINK = "Zither lemonade"


class Kiosk:
    """The pages of a kiosk, in the words of its customer."""

    def __init__(self, page):
        self.page = page
        self.card = page.locator(".nets_kiosk_card")

    def press(self, name):
        self.page.locator(".btn:visible").filter(has_text=re.compile(rf"^\s*{name}\s*$")).first.click()
        return self

    def order(self):
        """Put a drink in the cart and go to pay for it: the card is the only way."""
        self.press("Order Now")
        self.page.locator(".product_list .o_self_product_box span").filter(has_text=DRINK).first.click()
        self.press("Checkout").press("Pay")
        return self

    def expect_card(self, *texts):
        for text in texts:
            expect(self.card).to_contain_text(text)
        return self

    def expect_paid(self):
        expect(self.page.locator(".confirmation-page")).to_contain_text("preparing your order")
        return self

    def expect_start(self):
        expect(self.page.locator(".btn").filter(has_text="Order Now")).to_be_visible()
        return self

    def wait_a_minute(self):
        self.page.clock.run_for(70_000)
        return self


@pytest.fixture
def shop(clinic):
    """A shop whose kiosk is open; its session is closed, and compared with the ledger, at the end."""
    shop = Shop(clinic, [clinic.make_terminal()])
    admin = clinic.admin
    shop.make_product(DRINK, 45)
    admin.call("pos.payment.method", "write", [shop.card], {"nets_default_terminal_id": shop.terminals[0].id})
    [cashier] = admin.call("res.users", "search", [("login", "=", CASHIER)])
    values = {
        "name": "Kiosk at the corner",
        "company_id": shop.company,
        "payment_method_ids": [(6, 0, [shop.card])],
        "limit_categories": True,
        "iface_available_categ_ids": [(6, 0, [shop.category])],
        "module_pos_restaurant": False,
        "use_presets": False,
        "self_ordering_mode": "kiosk",
        "self_ordering_pay_after": "each",
        "self_ordering_default_user_id": cashier,
    }
    context = {"allowed_company_ids": [shop.company]}
    shop.config = admin.call("pos.config", "create", [values], context=context)[0]
    shop.url = admin.call("pos.config", "action_open_wizard", [shop.config], context=context)["url"]
    shop.session = clinic.read("pos.config", shop.config, "current_session_id")[0]
    yield shop
    if shop.is_open:
        shop.close_session()
    assert len(set(shop.money_of_the_session())) == 1, shop.money_of_the_session()


@pytest.fixture
def kiosk(shop, browser, open_page):
    """The kiosk's page, of a visitor whom nobody knows."""
    context = browser.new_context(viewport={"width": 1080, "height": 1920}, reduced_motion="reduce")
    page = context.new_page()
    open_page.attach("nobody", page)
    page.clock.install()
    # the first visit makes the page's bundles
    page.goto(shop.url, timeout=90_000)
    return Kiosk(page)


def wait_for_orders(shop, *states):
    def found():
        return [order["state"] for order in shop.orders()] == list(states)

    machinery.wait_until(found, 60, f"orders that are {states}, and not {shop.orders()}", 0.2)


def test_a_day_at_a_kiosk(shop, kiosk):
    [terminal] = shop.terminals
    # paid, with a tip
    terminal.hold(tip=500)
    kiosk.order().expect_card("Pay on the terminal", "45.00", "Your number")
    terminal.asks_for_card()
    kiosk.page.screenshot(path=machinery.HOME / "screenshots/kiosk-running.png")
    terminal.release()
    kiosk.expect_paid().press("Close").expect_start()
    wait_for_orders(shop, "paid")
    assert shop.orders()[0]["amount_total"] == 50

    # declined, and then another card
    terminal.play("insufficient_funds")
    kiosk.order().expect_card("Your card was not accepted", "Nothing was charged")
    kiosk.page.screenshot(path=machinery.HOME / "screenshots/kiosk-refused.png")
    terminal.play("approved")
    kiosk.press("Try again").expect_paid().press("Close").expect_start()

    # cancelled on the screen, changed, and paid
    terminal.hold()
    kiosk.order()
    terminal.asks_for_card()
    kiosk.press("Cancel").expect_card("Cancelled", "Nothing was charged").press("Back")
    kiosk.page.locator(".oi-plus:visible").first.click()
    terminal.play("approved")
    kiosk.press("Pay").expect_paid().press("Close")
    wait_for_orders(shop, "paid", "paid", "paid")
    assert terminal.charges() == [5000, 4500, 9000]


def test_who_walks_away_leaves_the_kiosk_to_the_next(shop, kiosk):
    [terminal] = shop.terminals
    terminal.play("terminal_timeout")
    kiosk.order().expect_card("Nothing was charged", "starts over")
    kiosk.wait_a_minute().expect_start()
    assert not shop.orders(("state", "!=", "cancel"))
    terminal.play("approved")
    kiosk.order().expect_paid()
    assert terminal.charges() == [4500]


def test_the_answer_is_lost_while_the_customer_pays(shop, kiosk):
    """Nobody pays twice, and the server completes the order once the terminal says what it did."""
    [terminal] = shop.terminals
    terminal.hold()
    kiosk.order()
    terminal.asks_for_card()
    terminal.press("cut_network")
    kiosk.expect_card("Please don't pay again yet")
    kiosk.page.screenshot(path=machinery.HOME / "screenshots/kiosk-unknown.png")
    expect(kiosk.card.get_by_text("Try again")).to_have_count(0)
    terminal.release()
    kiosk.press("Done").expect_start()
    terminal.press("restore_network")
    wait_for_orders(shop, "paid")
    assert terminal.charges() == [4500]


def test_unplugged_and_abandoned(shop, kiosk, clinic):
    """It isn't known, so the order stays with the server; the kiosk is free, and a person settles it."""
    [terminal] = shop.terminals
    terminal.hold()
    kiosk.order()
    terminal.asks_for_card()
    terminal.press("unplug")
    kiosk.expect_card("Please don't pay again yet").wait_a_minute().expect_start()
    wait_for_orders(shop, "draft")
    [unknown] = shop.transactions()
    assert unknown["state"] == "unknown"
    terminal.press("plug")
    values = {"transaction_id": unknown["id"], "outcome": "not_charged", "reason": "It was unplugged"}
    clinic.wait_for_silence(unknown["id"])
    [settle] = clinic.admin.call("nets.transaction.settle", "create", [values])
    clinic.admin.call("nets.transaction.settle", "action_settle", [settle])
    clinic.admin.call("pos.order", "action_pos_order_cancel", [each["id"] for each in shop.orders()])
    terminal.play("approved")
    kiosk.order().expect_paid()
    assert terminal.charges() == [4500]


def test_the_kiosks_page_is_closed_while_the_card_is_charged(shop, kiosk):
    [terminal] = shop.terminals
    terminal.hold()
    kiosk.order()
    terminal.asks_for_card()
    kiosk.page.goto("about:blank")
    terminal.release()
    wait_for_orders(shop, "paid")
    # the next customer has a kiosk of their own
    kiosk.page.goto(shop.url)
    kiosk.expect_start()
    terminal.play("approved")
    kiosk.order().expect_paid()
    assert terminal.charges() == [4500, 4500]


def test_a_terminal_that_cant_be_reached(shop, kiosk):
    [terminal] = shop.terminals
    terminal.play("disconnected")
    kiosk.order().expect_card("The terminal can't be used now", "Nothing was charged")
    terminal.play("approved")
    kiosk.press("Back").press("Pay").expect_paid()
    assert terminal.charges() == [4500]
