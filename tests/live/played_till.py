"""A till that is played over RPC: what its screens would send, and no browser. It outlives the server it began on."""

import dataclasses
import uuid

import synced
from till import Shop


@dataclasses.dataclass
class Sale:
    """An order of a till, with its last card line."""

    order: dict  # as the till sends it
    payment: str  # the line's uuid
    amount: float  # what the line asks for


class PlayedTill(Shop):
    """A shop with one product, which is sold at any price."""

    def __init__(self, clinic, terminals, **values):
        super().__init__(clinic, terminals, **values)
        self.product = self.read_product(self.make_product("Zither strings", 1))

    def go_on(self, clinic):
        """Go on with another server process, on the same database."""
        self.clinic, self.admin = clinic, clinic.admin

    def call(self, *args):
        """Call Odoo as the cashier does."""
        return self.clinic.user(self.cashier).call(*args)

    # --- what the till sends --- #

    def ring_up(self, amount, **line):
        """Begin an order that will be paid by card.

        :param line: other values of its order line
        """
        payment = self._card_line(amount)
        line = synced.line_values(self.product, abs(amount), 1 if amount > 0 else -1, **line)
        order = synced.order_values(self.session, [line], [payment])
        self._sync(order)
        return Sale(order, payment["uuid"], amount)

    def another_card(self, sale):
        """Ask for the same amount again, on another line of the order."""
        payment = self._card_line(sale.amount)
        self._sync(sale.order | {"lines": [], "payment_ids": [(0, 0, payment)]})
        sale.payment = payment["uuid"]

    def start(self, sale, terminal):
        """Send the card line to a terminal; return the transaction's id."""
        press = (sale.payment, terminal.id, sale.amount, str(uuid.uuid4()))
        return self.call("nets.transaction", "pos_start", *press)[0]["id"]

    def charge(self, sale, terminal, **play):
        """Have the card line charged.

        :param play: what the terminal adds
        :return: the transaction's id
        """
        terminal.play(outcome="approved", **play)
        transaction = self.start(sale, terminal)
        assert self.clinic.wait_for_end(transaction) == "approved"
        return transaction

    def reverse(self, sale):
        """Have the terminal take back what it charged last."""
        [started] = self.call("nets.transaction", "pos_reverse", sale.payment, str(uuid.uuid4()))
        assert self.clinic.wait_for_end(started["id"]) == "approved"

    def finish(self, sale):
        """Complete the order, as it is on the server."""
        order = self.read(sale)
        totals = {"amount_total": order["amount_total"], "amount_paid": order["amount_paid"]}
        self._sync(sale.order | totals | {"lines": [], "payment_ids": [], "state": "paid"})
        assert self.read(sale)["state"] == "paid"

    def _card_line(self, amount):
        return synced.payment_values(self.card, amount, payment_status="pending")

    def _sync(self, order):
        self.call("pos.order", "sync_from_ui", [order])

    # --- what came of it --- #

    def read(self, sale):
        """Return the order as the server has it."""
        [order] = self.orders(("uuid", "=", sale.order["uuid"]))
        return order

    def statuses(self, sale):
        """Return what the order's payment lines say: [(amount, status), …]."""
        return [(line["amount"], line["payment_status"]) for line in self.payments(self.read(sale))]

    def money(self, session, *terminals):
        """Return what went over cards in a session, as `money_of_the_session` does.

        :param terminals: those that took cards in this session alone
        """
        now = self.session, self.terminals
        self.session, self.terminals = session, terminals
        try:
            return self.money_of_the_session()
        finally:
            self.session, self.terminals = now
