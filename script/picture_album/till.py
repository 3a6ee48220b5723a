"""The screens of the till."""

import functools
import re

from playwright.sync_api import expect
from till import BOSS, Shop, Till

import stack

LABEL = ".o_nets_label"
PRODUCT = "Zither lesson"
TO_PRODUCTS = "() => posmodel.navigate('ProductScreen', {orderUuid: posmodel.getOrder().uuid})"


class Counter:
    """A till that stays open while its pictures are taken."""

    def __init__(self, studio):
        self.studio = studio
        clinic = studio.clinic
        self.terminals = clinic.make_terminals(2)
        self.shop = Shop(clinic, self.terminals)
        self.shop.make_product(PRODUCT, 1050)
        self.till = Till(studio.open(BOSS, self.shop.path)).expect_open()

    def begin(self):
        """:return: (the till with a new order at its payment, the terminal that it uses: one that is free)"""
        clinic = self.studio.clinic
        if self.till.page.is_closed():  # for pictures of other screens
            self.till = Till(self.studio.open(BOSS, self.shop.path)).expect_open()
        if clinic.unfinished(("terminal_id", "=", self.terminals[0].id)):
            self.finish()
        till, terminal = self.till, self.terminals[0]
        till.use(self.shop.card, terminal).begin()
        till.page.locator(".product-list .product").first.click()
        till.to_payment()
        return till, terminal

    def finish(self):
        """Have what runs come to its end, now that the simulator does what it usually does."""
        clinic = self.studio.clinic
        for transaction in self.shop.transactions():
            if transaction["state"] in ("pending", "unknown"):
                clinic.admin.call("nets.transaction", "get_last_result", [transaction["id"]])
                clinic.wait_for_end(transaction["id"], timeout=60)
        # the order that it was for is completed, and shows its receipt
        expect(self.till.page.locator(".o_nets_running")).to_have_count(0)
        self.till.page.wait_for_timeout(1000)

    def pay(self, **play):
        till, terminal = self.begin()
        terminal.play(**play)
        till.pay_by("Card")
        till.page.locator(LABEL).first.wait_for()
        return till, terminal

    def pay_until(self, *states, **play):
        """:return: (the till once the payment is in one of these states, the terminal)"""
        before = len(self.shop.transactions())
        till, terminal = self.pay(**play)
        stack.wait_until(lambda: len(self.shop.transactions()) > before, 30, "the payment to be sent")
        self.studio.clinic.wait_for_state(self.shop.transactions()[0]["id"], *states)
        till.page.wait_for_timeout(1500)
        return till, terminal


@functools.cache
def _counter(studio, _language, _size):
    return Counter(studio)


def counter(studio):
    """:return: the till of this language and size, with orders of its own"""
    return _counter(studio, studio.language, studio.size)


def type_a_part(till):
    """Ask for a card with 200 of what is due, without a word of the screen's language."""
    till.page.locator(".o_nets_split").click()
    for digit in "200":
        till.page.locator(".modal .numpad button").filter(has_text=re.compile(f"^{digit}$")).click()
        till.page.wait_for_timeout(200)  # what comes faster is taken for a barcode scanner


def pay_a_part(till):
    type_a_part(till)
    till.page.locator(".modal footer .btn-primary").click()
    till.card_line().expect_amount(200).expect_free()


def paid_orders(till):
    till.page.locator(".orders-button").click()
    search, back = till.page.locator(".ticket-screen .pos-search-bar"), till.page.locator(".ticket-screen .back-button")
    search.or_(back).first.wait_for()
    if not search.is_visible():  # on a phone that showed an order last
        back.click()
    search.locator(".filter").click()
    till.page.locator(".ticket-screen .pos-search-bar .options li, .dropdown-item").last.click()
    till.select_order(1050)
    review = till.page.locator(".ticket-screen .review-button")  # on a phone, what is in the order is behind it
    if review.is_visible():
        review.click()
    return till


def waiting(studio):
    _till, terminal = counter(studio).pay(outcome="approved", wait={"release": True})
    terminal.asks_for_card()


def elsewhere(studio):
    waiting(studio)
    counter(studio).till.begin()


def orders(studio):
    waiting(studio)
    counter(studio).till.open_orders()


def cut_off(studio):
    """Odoo can't be reached while the terminal waits for the card."""
    waiting(studio)
    page = counter(studio).till.page
    page.context.set_offline(True)
    page.locator(".o_nets_state .fa-plug").wait_for()


def cut_off_before(studio):
    """Odoo can't be reached, so that nothing is sent."""
    till, _terminal = counter(studio).begin()
    till.page.context.set_offline(True)
    till.pay_by("Card")
    till.page.locator(".o_nets_card_line .alert-danger").wait_for()


def choice(studio):
    """A device that has used no terminal yet, where there are several."""
    till, _terminal = counter(studio).begin()
    till.forget(counter(studio).shop.card).pay_by("Card")
    till.page.locator(".o_nets_choose_terminal").wait_for()


def aborting(studio):
    till, terminal = counter(studio).pay(outcome="approved", wait={"release": True}, abort="ignored")
    terminal.asks_for_card()
    till.page.locator(".o_nets_abort").click()


def ended(outcome):
    def take(studio):
        counter(studio).pay_until("failed", "aborted", outcome=outcome)

    return take


def unknown(studio):
    counter(studio).finish()
    studio.simulator.service(last_transaction="error")
    counter(studio).pay_until("unknown", outcome="approved", answer="cut_after")


def held_up(studio):
    unknown(studio)
    till = counter(studio).till.begin()
    till.page.locator(".product-list .product").first.click()
    till.to_payment().pay_by("Card")
    till.page.locator(LABEL).first.wait_for()
    till.page.wait_for_timeout(1000)


def another_terminal(studio):
    """Who waits for an earlier payment on one terminal has taken another one."""
    held_up(studio)
    other = counter(studio).terminals[1]
    other.hold()
    counter(studio).till.page.locator(".o_nets_use_terminal").click()
    other.asks_for_card()


def signature(studio):
    counter(studio).pay_until("approved", outcome="approved", cvm="1")


def split(studio):
    till, terminal = counter(studio).begin()
    terminal.play("approved")
    pay_a_part(till)


def split_amount(studio):
    till, _terminal = counter(studio).begin()
    type_a_part(till)


def second_card(studio):
    """A part is charged, and the rest is asked for."""
    split(studio)
    terminal = counter(studio).terminals[0]
    terminal.hold()
    counter(studio).till.pay_by("Card")
    terminal.asks_for_card()


def unfinished(studio):
    """The products of an order that was charged, and not finished."""
    split(studio)
    page = counter(studio).till.page
    page.evaluate(TO_PRODUCTS)
    page.locator(".product-screen").wait_for()


def charged_in_orders(studio):
    split(studio)
    counter(studio).till.open_orders()


def settle(studio):
    unknown(studio)
    till = counter(studio).till
    till.page.wait_for_function("document.querySelector('.o_nets_settle:not(:disabled)')")
    till.page.locator(".o_nets_settle").click()


def by_hand(studio):
    """The window for what was typed on the terminal, where NETS is down."""
    counter(studio).finish()
    studio.simulator.service(login="unavailable", revoke_tokens=True)
    till, _terminal = counter(studio).pay_until("failed", outcome="approved")
    till.page.locator(".o_nets_by_hand").wait_for()
    till.page.locator(".o_nets_buttons .btn-secondary").first.click()
    till.page.locator(".o_nets_card_popup").wait_for()


def receipt(studio):
    till, terminal = counter(studio).begin()
    terminal.play("approved")
    till.pay_by("Card").expect_receipt()


def refund(studio):
    till, terminal = counter(studio).begin()
    terminal.play("approved")
    pay_a_part(till)
    terminal.play("approved")
    till.pay_by("Card").expect_receipt()
    paid_orders(till.next_order()).refund()
    till.pay_by("Card")
    till.page.wait_for_timeout(1000)


def past(studio):
    till, terminal = counter(studio).begin()
    terminal.play("approved")
    till.pay_by("Card").expect_receipt()
    paid_orders(till.next_order())


def refund_in_orders(studio):
    """How much of a past order goes back."""
    past(studio)
    page = counter(studio).till.page
    page.locator(".ticket-screen .numpad button").filter(has_text=re.compile("^1$")).click()
    page.locator(".to-refund-highlight").wait_for()


def close(studio):
    page = counter(studio).till.page
    page.evaluate("() => void posmodel.closeSession()")
    page.locator(".close-pos-popup").wait_for()


def closing(studio):
    split(studio)
    close(studio)


def closing_meanwhile(studio):
    waiting(studio)
    close(studio)


def closing_anyway(studio):
    closing(studio)
    counter(studio).till.page.locator(".o_nets_closing .btn-danger").click()
    counter(studio).till.page.locator(".o_nets_card_popup").wait_for()


PICTURES = [
    ("till waiting for the card", waiting),
    ("till choice of the terminal", choice),
    ("till another order meanwhile", elsewhere),
    ("till orders meanwhile", orders),
    ("till aborting", aborting),
    ("till declined", ended("insufficient_funds")),
    ("till cancelled by the customer", ended("customer_cancelled")),
    ("till terminal disconnected", ended("disconnected")),
    ("till unknown", unknown),
    ("till held up by an unknown one", held_up),
    ("till another terminal", another_terminal),
    ("till signature", signature),
    ("till split amount", split_amount),
    ("till split", split),
    ("till split on a second card", second_card),
    ("till products of a charged one", unfinished),
    ("till orders with a charged one", charged_in_orders),
    ("till settle by hand", settle),
    ("till record by hand", by_hand),
    ("till receipt", receipt),
    ("till refund in orders", refund_in_orders),
    ("till refund to two cards", refund),
    ("till past order", past),
    ("till closing", closing),
    ("till closing while a card runs", closing_meanwhile),
    ("till closing anyway", closing_anyway),
    # last: once Odoo can be reached again, it takes a moment until news come as fast as before
    ("till cut off", cut_off),
    ("till cut off before", cut_off_before),
]
