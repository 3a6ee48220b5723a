"""Rules 14 and 15: no way round a card that is being charged, and nothing astray when the session closes."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import approved, declined, lost
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosGuards(PosCardCommon):
    def setUp(self):
        super().setUp()
        self.order = self.card_order()
        self.payment = self.order.payment_ids

    def as_cashier(self, record):
        return record.with_user(self.cashier)

    def settle_in(self, state):
        """Bring the order's card payment into one of the states that bind it."""
        transaction = self.send(self.payment)
        if state == "unknown":
            transaction._record_answer(lost())
        elif state in ("charged", "approved"):
            transaction._record_answer(approved(10000))
        if state == "approved":
            transaction._book()
        return transaction

    # === RULE 14 === #

    def test_rule_14_nothing_goes_round_a_card_that_is_not_resolved(self):
        cash = {"payment_method_id": self.cash_method.id, "amount": 100}
        another_session = self.open_session(self.config.copy({"name": "Other shop"}))
        for state in ("pending", "unknown", "charged"):
            with self.undone():
                self.settle_in(state)
                ways_round = {
                    "validate": lambda: self.validate(self.order),
                    "another payment line": lambda: self.sync(
                        self.stale(self.order, payment_ids=[Command.create(self.payment_values(self.cash_method, 100))])
                    ),
                    "delete the line": lambda: self.as_cashier(self.payment).unlink(),
                    "delete it with the order": lambda: self.sync(
                        self.stale(self.order, payment_ids=[Command.delete(self.payment.id)])
                    ),
                    "cancel": lambda: self.as_cashier(self.order).action_pos_order_cancel(),
                    "remove": lambda: self.env["pos.order"].with_user(self.cashier).remove_from_ui(self.order.ids),
                    "delete the order": lambda: self.as_cashier(self.order).unlink(),
                    "move": lambda: self.as_cashier(self.order).write({"session_id": another_session.id}),
                    "pay in the back office": lambda: (
                        self.env["pos.payment"]
                        .with_user(self.pos_manager)
                        .create({"pos_order_id": self.order.id, **cash})
                    ),
                }
                for name, go in ways_round.items():
                    with (
                        self.subTest(state=state, way=name),
                        self.assertRaisesRegex(UserError, "is running|isn't known yet|isn't booked yet"),
                        self.env.cr.savepoint(),
                    ):
                        go()
                self.assertTrue(self.payment.exists())
                self.assertEqual(self.order.state, "draft")

    def test_rule_14_other_lines_keep_their_amount_while_a_card_runs(self):
        order = self.sync(self.order_values((self.cash_method, 40), (self.card_method, 60)))
        cash = order.payment_ids.filtered(lambda line: line.payment_method_id == self.cash_method)
        card = order.payment_ids - cash
        transaction = self.send(card)
        self.sync(self.stale(order, (cash, {"amount": 40, "payment_method_id": self.cash_method.id})))
        for values in ({"amount": 100}, {"payment_method_id": self.card_method.id}):
            with self.subTest(values), self.assertRaisesRegex(UserError, "is running"), self.env.cr.savepoint():
                self.sync(self.stale(order, (cash, values)))
        with self.assertRaisesRegex(UserError, "is running"), self.env.cr.savepoint():
            self.as_cashier(cash).unlink()
        transaction._record_answer(declined())
        self.sync(self.stale(order, (cash, {"amount": 100})))
        self.assertEqual(cash.amount, 100)

    def test_rule_14_what_a_till_believes_of_a_card_line_is_put_right_in_silence(self):
        believed = {
            "amount": 55,
            "payment_method_id": self.cash_method.id,
            "payment_status": "done",
            "card_no": "9999",
            "ticket": "forged",
        }
        for state in ("pending", "unknown", "charged", "approved"):
            with self.subTest(state), self.undone():
                self.settle_in(state)
                self.sync(self.stale(self.order, (self.payment, believed)))
                self.assertEqual(self.payment.amount, 100)
                self.assertEqual(self.payment.payment_method_id, self.card_method)
                self.assertNotEqual(self.payment.card_no, "9999")
                self.assertNotEqual(self.payment.ticket, "forged")
                if state in ("pending", "unknown"):
                    self.assertEqual(self.payment.payment_status, "waitingCard")

    def test_rule_14_a_card_payment_is_never_made_up(self):
        for status in ("done", "reversed", False):
            with self.subTest(status), self.undone():
                self.sync(self.stale(self.order, (self.payment, {"payment_status": status})))
                self.assertEqual(self.payment.payment_status, "pending")
                with self.assertRaisesRegex(UserError, "no card was charged"), self.env.cr.savepoint():
                    self.validate(self.order)
        with (
            self.subTest("a new order, paid at once"),
            self.assertRaisesRegex(UserError, "A card payment is taken on the terminal"),
            self.env.cr.savepoint(),
        ):
            values = self.order_values((self.card_method, 100), state="paid")
            values["payment_ids"][0][2]["payment_status"] = "done"
            self.sync(values)
        with self.subTest("the back office's wizard"), self.assertRaisesRegex(UserError, "done from the till"):
            wizard = self.env["pos.make.payment"].with_user(self.pos_manager)
            wizard = wizard.with_context(active_id=self.order.id)
            wizard.create({"amount": 100, "payment_method_id": self.card_method.id}).check()

    def test_rule_14_a_charged_card_stays_with_its_order(self):
        self.settle_in("approved")
        for name, go in {
            "delete the line": lambda: self.as_cashier(self.payment).unlink(),
            "cancel": lambda: self.as_cashier(self.order).action_pos_order_cancel(),
            "remove": lambda: self.env["pos.order"].with_user(self.cashier).remove_from_ui(self.order.ids),
            "delete the order": lambda: self.as_cashier(self.order).unlink(),
        }.items():
            with self.subTest(name), self.assertRaisesRegex(UserError, "was charged"), self.env.cr.savepoint():
                go()
        self.validate(self.order)
        for name, values in {"amount": {"amount": 50}, "method": {"payment_method_id": self.cash_method.id}}.items():
            with self.subTest(name), self.assertRaisesRegex(UserError, "was charged"), self.env.cr.savepoint():
                self.payment.with_user(self.pos_manager).write(values)

    def test_rule_14_what_the_terminal_added_stays_on_the_order(self):
        transaction = self.send(self.payment)
        transaction._record_answer(approved(10700, tip_amount=700))
        transaction._book()
        tip = self.order.lines.filtered(lambda line: line.product_id == self.config.tip_product_id)
        with self.assertRaisesRegex(UserError, "stays on the order"), self.env.cr.savepoint():
            self.sync(self.stale(self.order, lines=[Command.delete(tip.id)]))
        self.sync(self.stale(self.order, lines=[Command.update(tip.id, {"price_unit": 0, "qty": 0})]))
        self.assertRecordValues(self.order, [{"amount_total": 107, "amount_paid": 107, "tip_amount": 7}])
        with self.assertRaisesRegex(UserError, "not fully paid"), self.env.cr.savepoint():
            self.validate(self.order, amount_return=-7)
        self.validate(self.order)
        self.assertEqual(self.order.payment_ids.mapped("amount"), [107], "no change was given")

    def test_rule_14_a_tip_that_nobody_explains_is_no_change_either(self):
        self.charge(self.payment, outcome=approved(10300))
        self.assertRecordValues(self.order, [{"amount_total": 103, "amount_paid": 103, "tip_amount": 3}])

    def test_rule_14_a_tip_with_a_tax_is_what_was_charged(self):
        for included in ("tax_included", "tax_excluded"):
            with self.subTest(included), self.undone():
                self.config.tip_product_id.taxes_id = self.env["account.tax"].create(
                    {"name": included, "amount": 25, "price_include_override": included}
                )
                self.charge(self.payment, outcome=approved(10333, tip_amount=333))
                self.assertRecordValues(self.order, [{"amount_total": 103.33, "amount_paid": 103.33}])
                self.validate(self.order)

    # === WHAT IS ON THE ORDER === #

    def two_products(self):
        """:return: an order of 100 and its lines of 60 and 40, to be paid by card"""
        values = self.order_values((self.card_method, 100))
        values["lines"] = [Command.create(self.line_values(price)) for price in (60.0, 40.0)]
        order = self.sync(values)
        return order, *order.lines.sorted("price_unit", reverse=True)

    def take_off(self, order, line, **values):
        """A till takes a product off the order that it knows."""
        return self.sync(self.stale(order, lines=[Command.delete(line.id)], amount_total=60, **values))

    def test_rule_14_nothing_is_taken_off_an_order_that_a_card_pays(self):
        order, _dear, cheap = self.two_products()
        transaction = self.send(order.payment_ids)
        for state in ("pending", "charged", "booked"):
            if state == "charged":
                transaction._record_answer(approved(10000))
            elif state == "booked":
                transaction._book()
            for name, changes in {
                "deleted": {"lines": [Command.delete(cheap.id)]},
                "none of it": {"lines": [Command.update(cheap.id, {"qty": 0, "price_subtotal_incl": 0})]},
            }.items():
                with (
                    self.subTest(state=state, way=name),
                    self.assertRaisesRegex(UserError, "is running|isn't booked yet|total can't become .*60"),
                    self.env.cr.savepoint(),
                ):
                    self.sync(self.stale(order, amount_total=60, **changes))
        self.assertRecordValues(order, [{"amount_total": 100, "amount_paid": 100}])
        with self.assertRaisesRegex(UserError, "total can't become"), self.env.cr.savepoint():
            # with change in cash for what was charged
            self.take_off(order, cheap, state="paid", amount_return=40)
        self.validate(order)

    def test_rule_14_a_till_that_does_not_know_all_products_is_put_right_in_silence(self):
        order, _dear, _cheap = self.two_products()
        self.send(order.payment_ids)
        self.sync(self.stale(order, amount_total=60, general_customer_note="Gift"))
        self.assertRecordValues(order, [{"amount_total": 100, "general_customer_note": "Gift"}])

    def test_what_no_card_pays_may_be_taken_off(self):
        order, dear, cheap = self.two_products()
        self.charge(order.payment_ids, outcome=declined())
        self.assertEqual(self.take_off(order, cheap).amount_total, 60)
        part = self.sync(self.order_values((self.card_method, 30)))
        self.charge(part.payment_ids, outcome=approved(3000, number=102))
        self.sync(
            self.stale(part, lines=[Command.update(part.lines.id, {"price_unit": 50, "qty": 1})], amount_total=50)
        )
        self.assertEqual(part.amount_total, 50)
        self.assertEqual(order.lines, dear)

    def test_nothing_is_taken_off_a_refund_either(self):
        order = self.card_order()
        self.charge(order.payment_ids)
        self.validate(order)
        values = self.order_values((self.card_method, -100), total=-100, is_refund=True)
        values["lines"] = [
            Command.create(
                self.line_values(
                    100, qty=-1, price_subtotal=-100, price_subtotal_incl=-100, refunded_orderline_id=order.lines.id
                )
            )
        ]
        refund = self.sync(values)
        transaction = self.send(refund.payment_ids)
        smaller = [Command.update(refund.lines.id, {"qty": -0.5, "price_subtotal": -50, "price_subtotal_incl": -50})]
        with self.assertRaisesRegex(UserError, "is running"), self.env.cr.savepoint():
            self.sync(self.stale(refund, lines=smaller, amount_total=-50))
        transaction._record_answer(approved(10000, number=102))
        transaction._book()
        with self.assertRaisesRegex(UserError, "total can't become"):
            self.sync(self.stale(refund, lines=smaller, amount_total=-50))

    # === A CHARGE THAT ITS ORDER CAN'T TAKE === #

    def give_up(self, transaction):
        """A manager reads in the journal that nothing was charged; which turns out to be wrong."""
        transaction._record_answer(lost())
        self.pass_time(transaction, 60)
        self.looked_up(transaction)
        self.env["nets.transaction"].with_user(self.pos_manager).pos_settle(transaction.id, False, "Journal")
        self.assertEqual(transaction.state, "failed")
        self.assertEqual(self.payment.payment_status, "retry")

    def test_a_late_charge_of_an_order_paid_otherwise_is_booked_alone(self):
        transaction = self.send(self.payment)
        self.give_up(transaction)
        self.sync(
            self.stale(
                self.order,
                state="paid",
                payment_ids=[
                    Command.delete(self.payment.id),
                    Command.create(self.payment_values(self.cash_method, 100)),
                ],
            )
        )
        self.assertEqual(self.order.state, "paid")
        transaction._record_answer(approved(10000))
        transaction._book()
        self.assertBookedAlone(transaction, 100)

    def assertBookedAlone(self, transaction, amount):
        self.assertRecordValues(transaction, [{"state": "approved", "without_order": True, "to_book": False}])
        self.assertRecordValues(
            transaction.payment_id, [{"amount": amount, "journal_id": self.bank_journal.id, "payment_type": "inbound"}]
        )
        self.assertPaymentLines(
            transaction.payment_id, [(self.outstanding, amount, 0, amount), (self.pos_receivable, 0, amount, -amount)]
        )

    def test_a_late_charge_of_a_line_that_another_card_paid_is_booked_alone(self):
        first = self.send(self.payment)
        self.give_up(first)
        second = self.charge(self.payment, terminal=self.terminal_2, outcome=approved(10000, number=300))
        with mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_transaction"):
            first._record_answer(approved(10000))
        first._book()
        self.assertBookedAlone(first, 100)
        self.assertEqual(self.progress(self.payment)[self.payment.uuid]["id"], second.id)
        self.assertEqual(self.payment.transaction_id, second.order_id)

    def test_a_late_charge_of_an_order_that_became_smaller_is_booked_alone(self):
        transaction = self.send(self.payment)
        self.give_up(transaction)
        line = [Command.update(self.order.lines.id, {"price_unit": 60, "qty": 1})]
        self.sync(self.stale(self.order, (self.payment, {"amount": 60}), lines=line, amount_total=60))
        with mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_transaction"):
            transaction._record_answer(approved(10000))
        transaction._book()
        self.assertBookedAlone(transaction, 100)
        self.assertEqual(self.order.amount_total, 60)

    def test_a_late_charge_of_an_order_that_still_waits_pays_it(self):
        transaction = self.send(self.payment)
        self.give_up(transaction)
        with mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_transaction"):
            transaction._record_answer(approved(10000))
        transaction._book()
        self.assertFalse(transaction.without_order)
        self.assertEqual(self.payment.payment_status, "done")
        self.validate(self.order)

    # === RULE 15 === #

    def test_rule_15_a_session_with_an_unresolved_card_does_not_close(self):
        for state in ("pending", "unknown", "charged", "approved"):
            with self.subTest(state), self.undone():
                self.settle_in(state)
                if state != "approved":
                    self.order.preset_time = "2099-01-01"  # else it is stopped by the draft order alone
                issues = self.session.with_user(self.cashier).get_closing_control_data()["nets"]
                kind = "without_order" if state == "approved" else "unresolved"
                self.assertEqual([row["blocking"] for row in issues[kind]], [True])
                result = self.session.with_user(self.cashier).close_session_from_ui()
                self.assertFalse(result["successful"])
                self.assertIn("draft orders" if state == "approved" else "card", result["message"])
                with self.assertRaisesRegex(UserError, "A manager can close"):
                    self.session.with_user(self.pos_manager).action_pos_session_closing_control()

    def test_rule_15_a_manager_closes_anyway(self):
        transaction = self.settle_in("unknown")
        charged_order = self.card_order()
        charged = self.charge(charged_order.payment_ids, terminal=self.terminal_2)
        session = self.session.with_user(self.pos_manager)
        issues = session.nets_allow_closing("The terminal is broken", "Kari")
        self.assertFalse([row for rows in issues.values() for row in rows if row["blocking"]])
        self.assertSaidOn(self.session, "The terminal is broken – Kari")
        self.assertSaidOn(transaction, "The terminal is broken")
        self.assertBookedAlone(charged, 100)
        self.assertFalse(charged_order.payment_ids)
        (self.order | charged_order).with_user(self.cashier).action_pos_order_cancel()
        self.assertTrue(self.close()["successful"])
        self.assertEqual(self.session.state, "closed")
        # what turns out later
        transaction._record_answer(approved(10000))
        transaction._book()
        self.assertBookedAlone(transaction, 100)
