"""The screens of the till."""

import functools
import re

from playwright.sync_api import expect
from till import BOSS, Shop, Till

import stack

LABEL = ".o_nets_label"
PRODUCT = "Zither lesson"


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


def pay_a_part(till):
    """Charge a card 200, without a word of the screen's language."""
    till.page.locator(".o_nets_split").click()
    for digit in "200":
        till.page.locator(".modal .numpad button").filter(has_text=re.compile(f"^{digit}$")).click()
        till.page.wait_for_timeout(200)  # what comes faster is taken for a barcode scanner
    till.page.locator(".modal footer .btn-primary").click()
    till.card_line().expect_amount(200).expect_free()


def paid_orders(till):
    till.page.locator(".orders-button").click()
    till.page.locator(".ticket-screen .pos-search-bar .filter").click()
    till.page.locator(".ticket-screen .pos-search-bar .options li, .dropdown-item").last.click()
    return till.select_order(1050)


def waiting(studio):
    _till, terminal = counter(studio).pay(outcome="approved", wait={"release": True})
    terminal.asks_for_card()


def elsewhere(studio):
    waiting(studio)
    counter(studio).till.begin()


def orders(studio):
    waiting(studio)
    counter(studio).till.open_orders()


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


def signature(studio):
    counter(studio).pay_until("approved", outcome="approved", cvm="1")


def split(studio):
    till, terminal = counter(studio).begin()
    terminal.play("approved")
    pay_a_part(till)


def charged_in_orders(studio):
    split(studio)
    counter(studio).till.open_orders()


def settle(studio):
    unknown(studio)
    till = counter(studio).till
    till.page.wait_for_function("document.querySelector('.o_nets_settle:not(:disabled)')")
    till.page.locator(".o_nets_settle").click()


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


def closing(studio):
    split(studio)
    counter(studio).till.page.evaluate("() => void posmodel.closeSession()")
    counter(studio).till.page.locator(".close-pos-popup").wait_for()


PICTURES = [
    ("till waiting for the card", waiting),
    ("till another order meanwhile", elsewhere),
    ("till orders meanwhile", orders),
    ("till aborting", aborting),
    ("till declined", ended("insufficient_funds")),
    ("till cancelled by the customer", ended("customer_cancelled")),
    ("till terminal disconnected", ended("disconnected")),
    ("till unknown", unknown),
    ("till held up by an unknown one", held_up),
    ("till signature", signature),
    ("till split", split),
    ("till orders with a charged one", charged_in_orders),
    ("till settle by hand", settle),
    ("till refund to two cards", refund),
    ("till past order", past),
    ("till closing", closing),
]
