"""People who call whatever RPC lets them call, in generated sequences (rules 17 to 19).

A cashier and a manager write and call what they like on the orders of a shop, with values that exist; the terminal
answers in between. After each step, what must hold is checked. The sequences are the same in each
run; one that fails is told as short as it can be made. `PEOPLE_SEQUENCES` asks for more, from `PEOPLE_SEED` on.
"""

import os
import uuid
from contextlib import suppress
from random import Random

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import approved, declined, last, lost, not_sent
from .common import PosCardCommon

SEQUENCES = int(os.environ.get("PEOPLE_SEQUENCES", "12"))
SEED = int(os.environ.get("PEOPLE_SEED", "0"))
STEPS = 30
# What a request may end with, after which nothing of it remains.
REFUSED = (UserError, psycopg2.Error, ValueError, TypeError)
ENGINE = "odoo.addons.nets_connect_cloud.models.engine.nets_transaction"
LOGGERS = ("odoo.sql_db", ENGINE, f"{ENGINE}_booking")
AMOUNTS = (100.0, 50.0, 40.0, 1.0, 0.0, 1000.0, -100.0, -1000.0)

# Which of the existing ones is meant, an amount, one of several things, or whether.
WHICH, AMOUNT, YES_OR_NO = range(8), AMOUNTS, (False, True)
# What people and terminals do, how often, and with what.
STEPS_OF_PEOPLE = {
    "new_order": (2, YES_OR_NO, AMOUNT, AMOUNT),
    "new_payment": (2, WHICH, YES_OR_NO, AMOUNT, WHICH, YES_OR_NO),
    "write_payment": (3, WHICH, WHICH, AMOUNT, ("amount", "order", "uuid", "status", "cash")),
    "delete_payment": (1, WHICH),
    "change_line": (4, WHICH, WHICH, AMOUNT, ("price_unit", "qty", "discount", "order", "uuid", "delete", "new")),
    "write_order": (3, WHICH, WHICH, AMOUNT, ("paid", "done", "cancel", "total", "uuid", "session", "lines")),
    "end_order": (5, WHICH, ("validate", "validate", "paid", "cancel", "remove", "delete")),
    "press": (3, WHICH, YES_OR_NO, YES_OR_NO),
    "charge": (5, WHICH, (0, 0, 7)),
    "take_back": (2, WHICH),
    "answer": (3, WHICH, (0, 0, 7), ("yes", "yes", "no", "lost", "down")),
    "record_by_hand": (2, WHICH, YES_OR_NO, YES_OR_NO, YES_OR_NO),
    "decide": (3, WHICH, WHICH, ("off", "complete", "close", "yes", "no", "attach")),
}


def sequence(seed):
    """:return: list of (name of a step, its arguments)"""
    random = Random(seed)
    names = list(STEPS_OF_PEOPLE)
    chosen = random.choices(names, [STEPS_OF_PEOPLE[name][0] for name in names], k=STEPS)
    return [(name, [random.choice(values) for values in STEPS_OF_PEOPLE[name][1:]]) for name in chosen]


@tagged("post_install", "-at_install")
class TestPeopleSequences(PosCardCommon):
    def test_no_call_pays_an_order_by_a_card_that_was_not_charged_for_it(self):
        for seed in range(SEED, SEED + SEQUENCES):
            steps = sequence(seed)
            with mute_logger(*LOGGERS):
                fault = self.fault_of(steps)
                if fault:
                    steps, fault = self.shorten(steps[: fault[0]], fault)
            if fault:
                self.fail("\n".join([f"seed {seed}: {fault[1]}", *map(str, steps)]))

    def fault_of(self, steps):
        """:return: (how many steps were done, what doesn't hold then), or None"""
        with self.undone():
            shop = Shop(self)
            for number, (name, arguments) in enumerate(steps, 1):
                getattr(shop, name)(*arguments)
                try:
                    shop.check()
                except AssertionError as fault:
                    return number, str(fault)
        return None

    def shorten(self, steps, fault):
        """Leave out each step without which it also fails."""
        for number in reversed(range(len(steps))):
            fewer = steps[:number] + steps[number + 1 :]
            if found := self.fault_of(fewer):
                steps, fault = fewer[: found[0]], found
        return steps, fault


class Shop:
    """The shop of a test, in which people do what RPC lets them do."""

    def __init__(self, case):
        self.case = case
        self.env = case.env
        self.number = 0
        self.uuids = []
        # what a morning leaves: an order that a card pays, one whose card runs, and one that nothing was done for
        for _order in range(3):
            self.new_order(False, 100.0, 0.0)
        self.press(0, False, False)
        self.answer(0, 0, "yes")
        self.press(1, False, False)

    # --- what exists --- #

    @staticmethod
    def pick(records, which):
        return records[which % len(records)] if records else records

    def records(self, model, boss=False):
        """All of a model, as one of the people sees them."""
        user = self.case.pos_manager if boss else self.case.cashier
        return self.env[model].with_user(user).with_company(self.case.company).search([], order="id")

    def transactions(self, *states):
        found = self.case.engine["nets.transaction"].search([("origin", "=", "pos")], order="id")
        return found.filtered(lambda transaction: transaction.state in states) if states else found

    def request(self, call):
        """One request of a client: refused, nothing of it remains."""
        with suppress(*REFUSED), self.env.cr.savepoint():
            call()
            self.env.flush_all()
        self.env.invalidate_all()

    # --- the cashier --- #

    def new_order(self, is_refund, card, cash):
        case = self.case
        payments = [(case.card_method, card), (case.cash_method, cash)]
        values = case.order_values(*[payment for payment in payments if payment[1]])
        paid = self.records("pos.order").filtered(lambda order: order.state == "paid")
        if is_refund and paid:
            line = {"qty": -1, "refunded_orderline_id": paid[-1].lines[:1].id}
            values["lines"] = [Command.create(case.line_values(100, **line))]
            values |= {"is_refund": True, "amount_total": -100}
        self.request(lambda: case.sync(values))
        self.uuids += [values["uuid"], *(command[2]["uuid"] for command in values["payment_ids"])]

    def new_payment(self, which, card, amount, name, own):
        order = self.pick(self.records("pos.order"), which)
        method = self.case.card_method if card else self.case.cash_method
        values = {"pos_order_id": order.id, "payment_method_id": method.id, "amount": amount}
        if not own:
            values |= {"uuid": self.pick(self.uuids, name), "payment_status": "done"}
        self.request(lambda: self.records("pos.payment").create(values))

    def write_payment(self, which, other, amount, name):
        payment = self.pick(self.records("pos.payment"), which)
        values = {
            "amount": {"amount": amount},
            "order": {"pos_order_id": self.pick(self.records("pos.order"), other).id},
            "uuid": {"uuid": self.pick(self.uuids, other)},
            "status": {"payment_status": "done", "transaction_id": "X", "amount": amount},
            "cash": {"payment_method_id": self.case.cash_method.id},
        }[name]
        self.request(lambda: payment.write(values))

    def delete_payment(self, which):
        self.request(lambda: self.pick(self.records("pos.payment"), which).unlink())

    def change_line(self, which, other, amount, name):
        line = self.pick(self.records("pos.order.line"), which)
        order = self.pick(self.records("pos.order"), other)
        if name == "delete":
            self.request(line.unlink)
        elif name == "new":
            self.request(lambda: line.create({**self.case.line_values(amount), "order_id": order.id}))
        else:
            values = {
                "price_unit": {"price_unit": amount},
                "qty": {"qty": amount / 100},
                "discount": {"discount": 50},
                "order": {"order_id": order.id},
                "uuid": {"uuid": str(uuid.uuid4()), "price_unit": amount},
            }[name]
            self.request(lambda: line.write(values))

    def write_order(self, which, other, amount, name):
        order = self.pick(self.records("pos.order"), which)
        lines = [Command.delete(order.lines[:1].id), Command.create(self.case.line_values(amount))]
        values = {
            "total": {"amount_total": amount, "amount_paid": amount},
            "uuid": {"uuid": self.pick(self.uuids, other)},
            "session": {"session_id": False},
            "lines": {"lines": lines, "state": "paid"},
        }.get(name, {"state": name})
        self.request(lambda: order.write(values))

    def end_order(self, which, name):
        order = self.pick(self.records("pos.order"), which)
        change = order.amount_total - sum(order.payment_ids.mapped("amount"))
        self.request(
            {
                "validate": lambda: self.case.validate(order, amount_return=min(0, change)),
                "paid": order.action_pos_order_paid,
                "cancel": order.action_pos_order_cancel,
                "remove": lambda: self.records("pos.order").remove_from_ui(order.ids),
                "delete": order.unlink,
            }[name]
        )

    def cards(self, boss=False):
        lines = self.records("pos.payment", boss)
        return lines.filtered(lambda line: line.payment_method_id == self.case.card_method)

    def charge(self, which, tip):
        """What mostly happens: the terminal answers at once."""
        self.press(which, False, True)
        self.answer(-1, tip, "yes")

    def take_back(self, which):
        self.press(which, True, False)
        self.answer(-1, 0, "yes")

    def press(self, which, back, second):
        payment = self.pick(self.cards(), which)
        case, transactions = self.case, self.records("nets.transaction")
        terminal = case.terminal_2 if second else case.terminal
        name = f"press-{payment.id}-{self.number}"
        if back:
            self.request(lambda: transactions.pos_reverse(payment.uuid, name))
        else:
            self.request(lambda: transactions.pos_start(payment.uuid, terminal.id, payment.amount, name))

    # --- the manager --- #

    def record_by_hand(self, which, known, boss, attempt):
        payment = self.pick(self.cards(boss), which)
        if attempt:
            self.press(which, False, False)
            self.answer(-1, 0, "down")
        reference = f"{self.number - 1 if known else self.number + 500:06}"
        press = f"hand-{which}-{self.number}"
        arguments = (payment.uuid, self.case.terminal.id, payment.amount, reference, "NETS is down", press)
        self.request(lambda: self.records("nets.transaction", boss).pos_record_by_hand(*arguments))

    def decide(self, which, other, name):
        transaction = self.pick(self.records("nets.transaction", boss=True), which)
        order = self.pick(self.records("pos.order", boss=True), other)
        session = self.case.session.with_user(self.case.pos_manager)
        attach = self.env["nets.transaction.attach"].with_user(self.case.pos_manager)
        self.request(
            {
                "off": transaction.action_pos_take_off,
                "complete": transaction.action_pos_complete,
                "close": lambda: session.nets_allow_closing("Broken"),
                "yes": lambda: transaction.pos_settle(transaction.id, True, "Journal", None, f"J{which}"),
                "no": lambda: transaction.pos_settle(transaction.id, False, "Journal"),
                "attach": lambda: attach.create(
                    {"transaction_id": transaction.id, "pos_order_id": order.id}
                ).action_attach(),
            }[name]
        )

    # --- the terminal --- #

    def answer(self, which, tip, name):
        """The terminal answers, also to what was given up meanwhile."""
        transaction = self.pick(self.transactions("pending", "unknown", "failed"), which)
        if not transaction:
            return
        self.number += 1
        if transaction.kind == "reversal" and not transaction.baseline:
            original = transaction.refund_of_id
            shown = approved(self.case.minor(original), total_amount=self.minor_charged(original))
            transaction._record_baseline(last(shown, order_id=original.order_id))
        if not transaction.sent_at and not transaction._claim(f"thread-{self.number}"):
            return
        minor = self.case.minor(transaction) + (tip * 100 if transaction.kind == "purchase" else 0)
        outcome = {
            "yes": approved(minor, number=self.number, tip_amount=tip * 100),
            "no": declined(number=self.number),
            "lost": lost(),
            "down": not_sent(),
        }[name]
        transaction._record_answer(outcome)
        if name == "lost":
            looked_up = "UPDATE nets_transaction SET looked_up_at = unknown_since WHERE id = %s"
            self.env.cr.execute(looked_up, [transaction.id])
            self.env.invalidate_all()
        transaction._book()

    @staticmethod
    def minor_charged(transaction):
        return abs(transaction._to_minor_units(transaction.charged_amount))

    # --- what must hold --- #

    def worth(self, order):
        """What its lines come to: without taxes, that is arithmetics."""
        return sum(line.price_unit * line.qty * (1 - line.discount / 100) for line in order.lines)

    def is_reversed(self, transaction):
        return any(
            refund.kind == "reversal" and refund.state == "approved" and refund.pos_order_id == transaction.pos_order_id
            for refund in transaction.refund_ids
        )

    def check(self):
        self.env.flush_all()
        self.env.invalidate_all()
        check = self.case
        standing = self.transactions("approved").filtered(
            lambda card: (
                not card.to_book
                and not card.without_order
                and not self.is_reversed(card)
                and not (card.kind == "reversal" and card.pos_order_id == card.refund_of_id.pos_order_id)
            )
        )
        orders = check.engine["pos.order"].search([("config_id", "=", check.config.id)])
        for order in orders:
            cards = standing.filtered(lambda card, order=order: card.pos_order_id == order)
            lines = order.payment_ids.filtered(lambda line: line.payment_method_id == check.card_method)
            charged = sum(cards.mapped("charged_amount"))
            if order.state in ("paid", "done"):
                check.assertEqual(
                    sorted((line.id, line.amount) for line in lines if line.amount),
                    sorted((card.pos_payment_id.id, card.charged_amount) for card in cards),
                    "a paid order's card lines are its own charges",
                )
                if lines or cards:
                    check.assertAlmostEqual(
                        sum(order.payment_ids.mapped("amount")), self.worth(order), 2, "it is paid what it is worth"
                    )
            check.assertGreaterEqual(
                round(abs(self.worth(order)), 2),
                round(abs(charged), 2),
                "no card was charged more than its order is worth",
            )
            if order.state == "cancel":
                check.assertFalse(cards, "no charge is on an order that was thrown away")
        for running in self.transactions("pending", "unknown").filtered(lambda card: not card.without_order):
            if running.kind == "purchase":
                check.assertGreaterEqual(
                    round(self.worth(running.pos_order_id), 2), running.amount, "no card is asked for more"
                )
        for card in standing:
            check.assertEqual(card.pos_payment_id.amount, card.charged_amount, "the line says what was charged")
            check.assertEqual(card.pos_payment_id.pos_order_id, card.pos_order_id)
        for card in self.transactions("approved").filtered(lambda card: card.without_order and not card.to_book):
            check.assertTrue(card.payment_id or card.kind == "reversal", "what has no order is booked alone")
