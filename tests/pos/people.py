"""People of a shop who call whatever RPC lets them call, with values that exist, in generated sequences.

Plain Python, so that tests in Odoo do the same as `script/faults` does over the network. A place says how a request is
made, how the database is asked, and how a terminal is made to answer; a shop knows what people do there, and what must
hold whatever they did. A sequence is the same for the same seed.
"""

import uuid
from random import Random

try:
    from . import synced
except ImportError:  # script/faults has this folder in its path
    import synced

AMOUNTS = (100.0, 50.0, 40.0, 1.0, 0.0, 1000.0, -100.0, -1000.0)
# Which of the existing ones is meant, an amount, one of several things, or whether.
WHICH, AMOUNT, YES_OR_NO = range(8), AMOUNTS, (False, True)
# What people and terminals do, how often, and with what.
TILL_STEPS = {
    "new_order": (2, YES_OR_NO, AMOUNT, AMOUNT),
    "new_payment": (2, WHICH, YES_OR_NO, AMOUNT, WHICH, YES_OR_NO),
    "write_payment": (3, WHICH, WHICH, AMOUNT, ("amount", "order", "uuid", "status", "cash")),
    "delete_payment": (1, WHICH),
    "change_line": (4, WHICH, WHICH, AMOUNT, ("price_unit", "qty", "discount", "order", "uuid", "delete", "new")),
    "write_order": (3, WHICH, WHICH, AMOUNT, ("paid", "done", "cancel", "total", "uuid", "session", "lines")),
    "write_session": (1, ("closed", "opened")),
    "end_order": (5, WHICH, ("validate", "validate", "paid", "cancel", "remove", "delete")),
    "press": (3, WHICH, YES_OR_NO, YES_OR_NO),
    "say_beside": (1, WHICH, YES_OR_NO),
    "charge": (5, WHICH, (0, 0, 7)),
    "take_back": (2, WHICH),
    "answer": (3, WHICH, (0, 0, 7), ("yes", "yes", "no", "lost", "down")),
    "record_by_hand": (2, WHICH, YES_OR_NO, YES_OR_NO, YES_OR_NO),
    "decide": (3, WHICH, WHICH, ("off", "complete", "close", "yes", "no", "attach")),
}

ORDERS = "SELECT id, state, uuid FROM pos_order WHERE config_id = %s ORDER BY id"
# Without taxes, what the lines of an order come to is arithmetics.
LINES = """
SELECT line.id, line.order_id, line.price_unit, line.qty, coalesce(line.discount, 0), line.uuid
  FROM pos_order_line line JOIN pos_order o ON o.id = line.order_id WHERE o.config_id = %s ORDER BY line.id
"""
PAYMENTS = """
SELECT p.id, p.pos_order_id, p.payment_method_id, p.amount, p.uuid
  FROM pos_payment p JOIN pos_order o ON o.id = p.pos_order_id WHERE o.config_id = %s ORDER BY p.id
"""
SESSION = "SELECT state, move_id FROM pos_session WHERE id = %s"
CARD_FIELDS = (
    *("id", "kind", "state", "amount", "charged_amount", "to_book", "without_order", "refund_of_id", "pos_order_id"),
    *("pos_payment_id", "payment_id", "terminal_id", "sent_at", "settled_by_id", "reason", "order_id", "recorded_at"),
)
CARDS = f"SELECT {', '.join(CARD_FIELDS)} FROM nets_transaction WHERE pos_config_id = %s ORDER BY id"


def sequence(seed, steps=TILL_STEPS, length=30):
    """:return: list of (name of a step, its arguments)"""
    random = Random(seed)
    names = list(steps)
    chosen = random.choices(names, [steps[name][0] for name in names], k=length)
    return [(name, [random.choice(values) for values in steps[name][1:]]) for name in chosen]


class Fault(AssertionError):
    """Something doesn't hold that must hold, whatever people do."""


class Card:
    """A row of `nets_transaction`."""

    def __init__(self, row):
        self.__dict__.update(zip(CARD_FIELDS, row, strict=True))
        self.charged_amount = self.charged_amount or 0
        self.amount = self.amount or 0

    def __repr__(self):
        return f"<{self.kind} {self.id} {self.state} {self.amount} → {self.charged_amount}>"


class Place:
    """Where a shop is: what differs between a test in Odoo and a server that runs.

    `cashier` and `manager` are people. The attributes are ids of records, `user` that of the cashier.
    """

    company = user = config = session = product = card_method = cash_method = 0
    terminals = ()

    def request(self, who, model, method, *args, **kwargs):
        """One request of a client. Refused, nothing of it remains.

        :return: what the method returns, or None where it was refused
        """
        raise NotImplementedError

    def query(self, statement, params=()):
        """:return: rows"""
        raise NotImplementedError

    def answer(self, card, tip, name):
        """A terminal answers, also to what was given up meanwhile.

        :param Card card: what it was asked for
        :param int tip: major units
        :param str name: "yes", "no"; "lost": nobody knows; "down": it was never reached
        """
        raise NotImplementedError

    def down(self):
        """:return: a context in which NETS can't be reached by what is pressed and answered "down" """
        raise NotImplementedError


class Shop:
    """What people do in a shop."""

    def __init__(self, place):
        self.place = place
        self.number = 0
        self.uuids = []

    def open(self):
        """What a morning leaves: an order that a card pays, one whose card runs, and one that nothing was done for."""
        for _order in range(3):
            self.new_order(False, 100.0, 0.0)
        self.press(0, False, False)
        self.answer(0, 0, "yes")
        self.press(1, False, False)

    def do(self, steps):
        """Do steps, and check after each.

        :return: (how many were done, what doesn't hold), or None
        """
        for number, (name, arguments) in enumerate(steps, 1):
            getattr(self, name)(*arguments)
            try:
                self.check()
            except Fault as fault:
                return number, str(fault)
        return None

    # --- what exists --- #

    @staticmethod
    def pick(records, which):
        return records[which % len(records)] if records else 0

    def rows(self, statement):
        return self.place.query(statement, [self.place.config])

    def orders(self):
        return [order for order, *_values in self.rows(ORDERS)]

    def cards(self, *states):
        cards = [Card(row) for row in self.rows(CARDS)]
        return [card for card in cards if not states or card.state in states]

    def card_lines(self):
        """:return: rows of `PAYMENTS`"""
        return [row for row in self.rows(PAYMENTS) if row[2] == self.place.card_method]

    def cashier(self, model, method, *args, **kwargs):
        return self.place.request("cashier", model, method, *args, **kwargs)

    def manager(self, model, method, *args, **kwargs):
        return self.place.request("manager", model, method, *args, **kwargs)

    def line_values(self, price, quantity=1, **values):
        return synced.line_values(self.place.product, price, quantity, **values)

    # --- the cashier --- #

    def new_order(self, is_refund, card, cash):
        place = self.place
        methods = [(place.card_method, card, "pending"), (place.cash_method, cash, False)]
        payments = [
            synced.payment_values(method, amount, payment_status=status) for method, amount, status in methods if amount
        ]
        lines, values = [self.line_values(100.0)], {}
        paid = [order for order, state, _uuid in self.rows(ORDERS) if state == "paid"]
        if is_refund and paid:
            [sold, *_others] = [line for line, order, *_values in self.rows(LINES) if order == paid[-1]] or [False]
            lines, values = [self.line_values(100.0, -1, refunded_orderline_id=sold)], {"is_refund": True}
        values = synced.order_values(
            place.session, lines, payments, company_id=place.company, user_id=place.user, **values
        )
        self.cashier("pos.order", "sync_from_ui", [values])
        self.uuids += [values["uuid"], *(payment["uuid"] for payment in payments)]

    def new_payment(self, which, card, amount, name, own):
        method = self.place.card_method if card else self.place.cash_method
        values = {"pos_order_id": self.pick(self.orders(), which), "payment_method_id": method, "amount": amount}
        if not own:
            values |= {"uuid": self.pick(self.uuids, name), "payment_status": "done"}
        self.cashier("pos.payment", "create", [values])

    def write_payment(self, which, other, amount, name):
        values = {
            "amount": {"amount": amount},
            "order": {"pos_order_id": self.pick(self.orders(), other)},
            "uuid": {"uuid": self.pick(self.uuids, other)},
            "status": {"payment_status": "done", "transaction_id": "X", "amount": amount},
            "cash": {"payment_method_id": self.place.cash_method},
        }[name]
        if payment := self.pick(self.rows(PAYMENTS), which):
            self.cashier("pos.payment", "write", [payment[0]], values)

    def delete_payment(self, which):
        if payment := self.pick(self.rows(PAYMENTS), which):
            self.cashier("pos.payment", "unlink", [payment[0]])

    def change_line(self, which, other, amount, name):
        order = self.pick(self.orders(), other)
        line = self.pick(self.rows(LINES), which)
        if name == "new":
            self.cashier("pos.order.line", "create", [{**self.line_values(amount), "order_id": order}])
        elif line and name == "delete":
            self.cashier("pos.order.line", "unlink", [line[0]])
        elif line:
            values = {
                "price_unit": {"price_unit": amount},
                "qty": {"qty": amount / 100},
                "discount": {"discount": 50},
                "order": {"order_id": order},
                "uuid": {"uuid": str(uuid.uuid4()), "price_unit": amount},
            }[name]
            self.cashier("pos.order.line", "write", [line[0]], values)

    def write_order(self, which, other, amount, name):
        order = self.pick(self.orders(), which)
        if not order:
            return
        [first, *_others] = [line for line, of_order, *_values in self.rows(LINES) if of_order == order] or [False]
        lines = [*([(2, first, 0)] if first else []), (0, 0, self.line_values(amount))]
        values = {
            "total": {"amount_total": amount, "amount_paid": amount},
            "uuid": {"uuid": self.pick(self.uuids, other)},
            "session": {"session_id": False},
            "lines": {"lines": lines, "state": "paid"},
        }.get(name, {"state": name})
        self.cashier("pos.order", "write", [order], values)

    def write_session(self, name):
        self.cashier("pos.session", "write", [self.place.session], {"state": name})

    def end_order(self, which, name):
        if not (order := self.pick(self.rows(ORDERS), which)):
            return
        if name == "validate":
            self.validate(order)
        else:
            method = {
                "paid": "action_pos_order_paid",
                "cancel": "action_pos_order_cancel",
                "remove": "remove_from_ui",
                "delete": "unlink",
            }[name]
            self.cashier("pos.order", method, [order[0]])

    def validate(self, order):
        """What a till sends of an order that it knows already.

        :param order: row of `ORDERS`
        """
        worth = self.worth(order[0])
        paid = sum(amount for _id, of_order, _method, amount, _uuid in self.rows(PAYMENTS) if of_order == order[0])
        values = synced.order_values(
            self.place.session,
            uuid=order[2],
            company_id=self.place.company,
            user_id=self.place.user,
            state="paid",
            amount_total=worth,
            amount_paid=float(paid),
            amount_return=min(0, round(worth - float(paid), 2)),
        )
        self.cashier("pos.order", "sync_from_ui", [values])

    def charge(self, which, tip):
        """What mostly happens: the terminal answers at once."""
        self.press(which, False, True)
        self.answer(-1, tip, "yes")

    def take_back(self, which):
        self.press(which, True, False)
        self.answer(-1, 0, "yes")

    def press(self, which, back, second):
        line = self.pick(self.card_lines(), which)
        if not line:
            return
        payment, _order, _method, amount, name = line
        request = f"press-{self.place.config}-{payment}-{self.number}"
        if back:
            self.cashier("nets.transaction", "pos_reverse", name, request)
        else:
            terminal = self.place.terminals[1 if second else 0]
            self.cashier("nets.transaction", "pos_start", name, terminal, float(amount), request)

    def say_beside(self, which, own):
        """Press, and say beside the call what it came to: in its context, or as own defaults."""
        said = {"state": "approved", "charged_amount": 100.0, "sent_at": "2026-01-01 10:00:00", "to_book": True}
        line = self.pick(self.card_lines(), which)
        if not line:
            return
        if own:
            for name, value in said.items():
                self.cashier("ir.default", "set", "nets.transaction", name, value, True)
        context = {} if own else {f"default_{name}": value for name, value in said.items()}
        request = f"beside-{self.place.config}-{line[0]}-{self.number}"
        arguments = (line[4], self.place.terminals[0], float(line[3]), request)
        self.cashier("nets.transaction", "pos_start", *arguments, context=context)
        if own:
            for name, value in said.items():
                self.cashier("ir.default", "discard_values", "nets.transaction", name, [value])
        self.answer(-1, 0, "yes")

    # --- the manager --- #

    def record_by_hand(self, which, known, boss, attempt):
        line = self.pick(self.card_lines(), which)
        if not line:
            return
        if attempt:
            with self.place.down():
                self.press(which, False, False)
                self.answer(-1, 0, "down")
        reference = f"{self.number - 1 if known else self.number + 500:06}"
        press = f"hand-{self.place.config}-{which}-{self.number}"
        who = self.manager if boss else self.cashier
        arguments = (line[4], self.place.terminals[0], float(line[3]), reference, "NETS is down", press)
        who("nets.transaction", "pos_record_by_hand", *arguments)

    def decide(self, which, other, name):
        card, order = self.pick(self.cards(), which), self.pick(self.orders(), other)
        if name == "close":
            self.manager("pos.session", "nets_allow_closing", [self.place.session], "Broken")
        elif not card:
            return
        elif name == "attach":
            values = {"transaction_id": card.id, "pos_order_id": order}
            if wizard := self.manager("nets.transaction.attach", "create", values):
                self.manager("nets.transaction.attach", "action_attach", [wizard])
        elif name == "yes":
            self.manager("nets.transaction", "pos_settle", card.id, True, "Journal", None, f"J{which}")
        elif name == "no":
            self.manager("nets.transaction", "pos_settle", card.id, False, "Journal")
        else:
            method = {"off": "action_pos_take_off", "complete": "action_pos_complete"}[name]
            self.manager("nets.transaction", method, [card.id])

    # --- the terminal --- #

    def answer(self, which, tip, name):
        if card := self.pick(self.cards("pending", "unknown", "failed"), which):
            self.number += 1
            self.place.answer(card, tip, name)

    # --- what must hold --- #

    def worth(self, order):
        """What its lines come to."""
        lines = [map(float, line[2:5]) for line in self.rows(LINES) if line[1] == order]
        return round(sum(price * quantity * (1 - off / 100) for price, quantity, off in lines), 2)

    @staticmethod
    def require(holds, what, *facts):
        if not holds:
            raise Fault(f"{what}: {', '.join(map(str, facts))}" if facts else what)

    def standing(self, cards):
        """Which of these charges are on an order, and weren't reversed."""
        back = {
            card.refund_of_id
            for card in cards
            if card.kind == "reversal" and card.state == "approved" and not card.without_order
        }
        by_id = {card.id: card for card in cards}

        def takes_back(card):
            original = by_id.get(card.refund_of_id)
            return card.kind == "reversal" and original and original.pos_order_id == card.pos_order_id

        return [
            card
            for card in cards
            if card.state == "approved"
            and not card.to_book
            and not card.without_order
            and not takes_back(card)
            and not (card.id in back and any(takes_back(other) for other in cards if other.refund_of_id == card.id))
        ]

    def check(self):
        """:raise Fault: where something doesn't hold"""
        cards, payments = self.cards(), self.rows(PAYMENTS)
        standing = self.standing(cards)
        [[session, entry]] = self.place.query(SESSION, [self.place.session])
        for order, state, _uuid in self.rows(ORDERS):
            worth = self.worth(order)
            own = [card for card in standing if card.pos_order_id == order]
            lines = [line for line in payments if line[1] == order]
            on_cards = [line for line in lines if line[2] == self.place.card_method and line[3]]
            charged = round(float(sum(card.charged_amount for card in own)), 2)
            if state in ("paid", "done"):
                self.require(
                    sorted((line[0], float(line[3])) for line in on_cards)
                    == sorted((card.pos_payment_id or 0, float(card.charged_amount)) for card in own),
                    "a paid order's card lines are its own charges",
                    order,
                    on_cards,
                    own,
                )
                paid = round(float(sum(line[3] for line in lines)), 2)
                if on_cards or own:
                    self.require(session != "closed" or entry, "a session with cards is closed with its entry", order)
                    self.require(paid == worth, "it is paid what it is worth", order, paid, worth)
            self.require(
                abs(worth) >= abs(charged), "no card was charged more than its order is worth", order, worth, own
            )
            self.require(not (state == "cancel" and own), "no charge is on an order that was thrown away", order, own)
        for card in cards:
            if card.state in ("pending", "unknown") and card.kind == "purchase" and not card.without_order:
                worth = self.worth(card.pos_order_id)
                self.require(worth >= float(card.amount), "no card is asked for more", worth, card)
            if card.state == "approved" and card.without_order and not card.to_book:
                self.require(card.payment_id or card.kind == "reversal", "what has no order is booked alone", card)
        by_line = {line[0]: line for line in payments}
        for card in cards:
            self.require(card.state != "approved" or card.recorded_at, "what is charged was answered", card)
        for card in standing:
            line = by_line.get(card.pos_payment_id)
            says = line and (line[3], line[1])
            self.require(says == (card.charged_amount, card.pos_order_id), "the line says what was charged", card, line)
        self.check_by_hand(cards)

    def check_by_hand(self, cards):
        """What was recorded by hand was tried before, and NETS couldn't be reached; or it was unknown."""
        for card in cards:
            if card.settled_by_id and not card.sent_at:
                tried = [
                    other
                    for other in cards
                    if other.id < card.id and other.pos_payment_id == card.pos_payment_id and other.state == "failed"
                ]
                self.require(tried, "what is recorded by hand was tried before", card)
