"""People who call whatever RPC lets them call, in generated sequences (rules 17 to 19).

A cashier and a manager write and call what they like on the orders of a shop, with values that exist; the terminal
answers in between. After each step it is asked what must hold, whatever they did (`people.py`). The sequences are the
same in each run; one that fails is told as short as it can be made. `PEOPLE_SEQUENCES` asks for more, from
`PEOPLE_SEED` on. `script/faults` does the same on a server that runs.
"""

import json
import os
from contextlib import nullcontext
from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import approved, declined, last, lost, not_sent
from . import people
from .common import PosCardCommon

SEQUENCES = int(os.environ.get("PEOPLE_SEQUENCES", "12"))
SEED = int(os.environ.get("PEOPLE_SEED", "0"))
# What a request may end with, after which nothing of it remains.
REFUSED = (UserError, psycopg2.Error, ValueError, TypeError)
ENGINE = "odoo.addons.nets_connect_cloud.models.engine.nets_transaction"
LOGGERS = ("odoo.sql_db", ENGINE, f"{ENGINE}_booking")


@tagged("post_install", "-at_install")
class TestPeopleSequences(PosCardCommon):
    def test_no_call_pays_an_order_by_a_card_that_was_not_charged_for_it(self):
        for seed in range(SEED, SEED + SEQUENCES):
            steps = people.sequence(seed)
            with mute_logger(*LOGGERS):
                fault = self.fault_of(steps)
                if fault:
                    steps, fault = self.shorten(steps[: fault[0]], fault)
            if fault:
                self.fail("\n".join([f"seed {seed}: {fault[1]}", *map(str, steps)]))

    def test_the_sequences_find_each_rule_that_is_broken(self):
        orders, cards = (type(self.env[model]) for model in ("pos.order", "nets.transaction"))
        broken = [
            (orders, "_nets_check_paid", lambda order: None),
            (orders, "_nets_left", lambda order, payment: payment.amount),
            (orders, "_nets_check_kept", lambda order, facts: None),
            (orders, "_nets_check_removable", lambda order: None),
            (cards, "_pos_reached_nobody", lambda card: True),
        ]
        for owner, name, instead in broken:
            with self.subTest(name), mute_logger(*LOGGERS), patch.object(owner, name, instead):
                found = (self.fault_of(people.sequence(seed)) for seed in range(SEED, SEED + 40))
                self.assertTrue(next(filter(None, found), None), "not found")

    def fault_of(self, steps):
        """:return: (how many steps were done, what doesn't hold then), or None"""
        with self.undone():
            shop = people.Shop(InOdoo(self))
            shop.open()
            return shop.do(steps)

    def shorten(self, steps, fault):
        """Leave out each step without which it also fails."""
        for number in reversed(range(len(steps))):
            fewer = steps[:number] + steps[number + 1 :]
            if found := self.fault_of(fewer):
                steps, fault = fewer[: found[0]], found
        return steps, fault


class InOdoo(people.Place):
    """A shop in a test of Odoo, whose terminals are played."""

    def __init__(self, case):
        self.case = case
        self.env = case.env
        self.people = {"cashier": case.cashier, "manager": case.pos_manager}
        self.answers = 0
        self.company, self.user = case.company.id, case.cashier.id
        self.config, self.session, self.product = case.config.id, case.session.id, case.product.id
        self.card_method, self.cash_method = case.card_method.id, case.cash_method.id
        self.terminals = (case.terminal.id, case.terminal_2.id)

    def request(self, who, model, method, *args, **kwargs):
        env = self.env(user=self.people[who].id)
        kwargs["context"] = {"allowed_company_ids": [self.company], **kwargs.get("context", {})}
        # as it comes over the network
        args, kwargs = json.loads(json.dumps([args, kwargs]))
        result = None
        try:
            with self.env.cr.savepoint():
                result = call_kw(env[model], method, args, kwargs)
                self.env.flush_all()
        except REFUSED:
            result = None
        self.env.invalidate_all()
        return result

    def query(self, statement, params=()):
        self.env.flush_all()
        self.env.cr.execute(statement, params)
        return self.env.cr.fetchall()

    def down(self):
        return nullcontext()

    def answer(self, card, tip, name):
        self.answers += 1
        transaction = self.case.engine["nets.transaction"].browse(card.id)
        if transaction.kind == "reversal" and not transaction.baseline:
            original = transaction.refund_of_id
            minor = abs(original._to_minor_units(original.charged_amount))
            shown = approved(self.case.minor(original), total_amount=minor)
            transaction._record_baseline(last(shown, order_id=original.order_id))
        if not transaction.sent_at and not transaction._claim(f"thread-{self.answers}"):
            return
        minor = self.case.minor(transaction) + (tip * 100 if transaction.kind == "purchase" else 0)
        outcome = {
            "yes": approved(minor, number=self.answers, tip_amount=tip * 100),
            "no": declined(number=self.answers),
            "lost": lost(),
            "down": not_sent(),
        }[name]
        transaction._record_answer(outcome)
        if name == "lost":
            self.case.looked_up(transaction)
        transaction._book()
        self.env.flush_all()
        self.env.invalidate_all()
