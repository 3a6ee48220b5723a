"""What people decide: refunds and reversals, signatures, settlements by hand, and charges without an order."""

import uuid

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ...connect_cloud import Card, Reason
from ..common import approved, declined, last, lost, not_sent
from .common import PosCardCommon


class PosPeopleCase(PosCardCommon):
    def rpc(self, user):
        return self.env["nets.transaction"].with_user(user)

    def paid_order(self, amount=100.0, number=101, **kwargs):
        """:return: a paid order, and its transaction"""
        order = self.card_order(amount)
        transaction = self.charge(order.payment_ids, outcome=approved(round(amount * 100), number=number), **kwargs)
        self.validate(order)
        self.assertEqual(order.state, "paid")
        return order, transaction

    def refund_order(self, order, *payments, quantity=1.0):
        """What the till makes of *Refund*: an order with negative lines, linked to those of the original.

        :param payments: (payment method, amount), negative
        """
        total = -order.amount_total * quantity
        line = order.lines[:1]
        values = self.order_values(*payments, total=total, is_refund=True)
        values["lines"] = [
            Command.create(
                self.line_values(
                    line.price_unit,
                    qty=-quantity,
                    price_subtotal=total,
                    price_subtotal_incl=total,
                    refunded_orderline_id=line.id,
                )
            )
        ]
        return self.sync(values)


@tagged("post_install", "-at_install")
class TestPosRefund(PosPeopleCase):
    def test_a_refund_goes_back_to_the_card_of_the_order(self):
        order, original = self.paid_order()
        refund = self.refund_order(order, (self.card_method, -100))
        transaction = self.charge(refund.payment_ids, outcome=approved(10000, number=102))
        self.assertRecordValues(
            transaction,
            [{"kind": "refund", "amount": -100, "charged_amount": -100, "refund_of_id": original.id, "to_book": False}],
        )
        self.assertRecordValues(refund.payment_ids, [{"amount": -100, "payment_status": "done"}])
        self.validate(refund)
        self.assertEqual(refund.state, "paid")
        self.assertEqual(original.amount_refundable, 0)

    def test_never_more_than_is_left_to_refund(self):
        order, original = self.paid_order()
        half = self.refund_order(order, (self.card_method, -50), quantity=0.5)
        self.sync(self.stale(half, (half.payment_ids, {"amount": -60})))
        with self.subTest("more than the refund order"), self.assertRaisesRegex(UserError, "is left to pay"):
            self.start(half.payment_ids)
        self.sync(self.stale(half, (half.payment_ids, {"amount": -50})))
        self.charge(half.payment_ids, outcome=approved(5000, number=102))
        self.validate(half)
        self.assertEqual(original.amount_refundable, 50)
        more = self.refund_order(order, (self.card_method, -75), quantity=0.75)
        with self.assertRaisesRegex(UserError, "Make one payment line for each card: Visa .*1234 .*50.00"):
            self.start(more.payment_ids)

    def test_a_refund_of_several_cards(self):
        order = self.sync(self.order_values((self.card_method, 30), (self.card_method, 70)))
        small, large = order.payment_ids.sorted("amount")
        first = self.charge(small, outcome=approved(3000))
        second = self.charge(large, outcome=approved(7000, number=102))
        self.validate(order)
        whole = self.refund_order(order, (self.card_method, -100))
        with self.assertRaisesRegex(UserError, "one payment line for each card"), self.env.cr.savepoint():
            self.start(whole.payment_ids)
        refund = self.refund_order(order, (self.card_method, -30), (self.card_method, -70))
        small, large = refund.payment_ids.sorted("amount", reverse=True)
        self.assertEqual(self.charge(small, outcome=approved(3000, number=103)).refund_of_id, first)
        self.assertEqual(self.charge(large, outcome=approved(7000, number=104)).refund_of_id, second)

    def test_cash_is_not_refunded_on_a_card(self):
        order = self.sync(self.order_values((self.cash_method, 100)))
        self.validate(order)
        refund = self.refund_order(order, (self.card_method, -100))
        with self.assertRaisesRegex(UserError, "No card payment of the refunded order"):
            self.start(refund.payment_ids)
        alone = self.sync(self.order_values((self.card_method, -100), total=-100))
        with self.assertRaisesRegex(UserError, "No card payment of the refunded order"):
            self.start(alone.payment_ids)

    def test_a_paid_order_is_reversed_on_the_terminal(self):
        order, original = self.paid_order()
        refund = self.refund_order(order, (self.card_method, -100))
        transaction = self.start(refund.payment_ids, reversal=True, terminal=self.terminal_2)
        self.assertEqual((transaction.kind, transaction.terminal_id), ("reversal", self.terminal))
        transaction._record_baseline(last(approved(10000), order_id=original.order_id))
        self.assertTrue(transaction._claim("thread-1"))
        transaction._record_answer(approved(10000, number=102))
        transaction._book()
        self.assertRecordValues(refund.payment_ids, [{"amount": -100, "payment_status": "done"}])
        self.assertEqual(order.payment_ids.payment_status, "done", "the paid order stays as it is")
        self.validate(refund)
        self.assertEqual(refund.state, "paid")

    def test_no_longer_the_last_one(self):
        order, _original = self.paid_order()
        self.paid_order(number=102)
        refund = self.refund_order(order, (self.card_method, -100))
        with self.assertRaisesRegex(UserError, "can only reverse its last payment"):
            self.start(refund.payment_ids, reversal=True)

    def test_the_back_office_repeats_nothing(self):
        failed = self.charge(self.card_order().payment_ids, outcome=declined())
        with self.assertRaisesRegex(UserError, "Open it there"):
            failed.with_user(self.cashier).retry(str(uuid.uuid4()), self.terminal.id)

    def test_the_back_office_sends_refunds_to_the_till(self):
        _order, original = self.paid_order()
        self.pos_manager.group_ids |= self.env.ref("account.group_account_invoice")
        for method in ("action_refund", "action_reverse", "refund_data"):
            with self.subTest(method), self.assertRaisesRegex(UserError, "goes through the Point of Sale"):
                getattr(original.with_user(self.pos_manager), method)()
        with self.assertRaisesRegex(UserError, "goes through the Point of Sale"):
            original.with_user(self.pos_manager).start_refund(-10, self.terminal.id, str(uuid.uuid4()))


@tagged("post_install", "-at_install")
class TestPosTakeBack(PosPeopleCase):
    def setUp(self):
        super().setUp()
        self.order = self.card_order()
        self.payment = self.order.payment_ids
        self.original = self.charge(self.payment, outcome=approved(10700, tip_amount=700))

    def reverse(self, user=None):
        progress = self.rpc(user or self.cashier).pos_reverse(self.payment.uuid, str(uuid.uuid4()))
        return self.engine["nets.transaction"].browse(progress[0]["id"])

    def run_reversal(self, reversal, outcome=None, original=None):
        original = original or self.original
        before = approved(self.minor(reversal))
        reversal._record_baseline(last(before, order_id=original.order_id))
        self.assertTrue(reversal._claim("thread-r"))
        reversal._record_answer(outcome or approved(10700, number=102))
        reversal._book()

    def test_a_line_is_reversed(self):
        reversal = self.reverse()
        self.assertRecordValues(
            reversal, [{"kind": "reversal", "amount": -107, "refund_of_id": self.original.id, "origin": "pos"}]
        )
        self.assertEqual(self.payment.payment_status, "reversing")
        self.assertEqual(self.reverse(), reversal, "pressed twice")
        with self.assertRaisesRegex(UserError, "is running"), self.env.cr.savepoint():
            self.validate(self.order)
        self.run_reversal(reversal)
        self.assertRecordValues(self.payment, [{"amount": 0, "payment_status": "reversed"}])
        self.assertRecordValues(
            self.order, [{"amount_total": 100, "amount_paid": 0, "is_tipped": False, "tip_amount": 0}]
        )
        progress = self.progress(self.payment)[self.payment.uuid]
        self.assertEqual((progress["id"], progress["label"]), (reversal.id, "Reversed"))
        # the customer pays in cash; the till drops the empty line, as it always does
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

    def test_a_reversal_that_fails_leaves_the_line_paid(self):
        reversal = self.reverse()
        self.run_reversal(reversal, outcome=declined(reason=Reason.TERMINAL_BUSY))
        self.assertRecordValues(self.payment, [{"amount": 107, "payment_status": "done"}])
        progress = self.progress(self.payment)[self.payment.uuid]
        self.assertEqual((progress["id"], progress["label"]), (self.original.id, "Successful"))
        self.run_reversal(self.reverse())
        self.assertEqual(self.payment.payment_status, "reversed")

    def test_a_line_that_cant_be_reversed(self):
        other = self.card_order()
        self.charge(other.payment_ids, outcome=approved(10000, number=102))
        with self.subTest("followed by another"), self.assertRaisesRegex(UserError, "only reverse its last payment"):
            self.reverse()
        with self.subTest("nothing charged"), self.assertRaisesRegex(UserError, "No card was charged"):
            self.rpc(self.cashier).pos_reverse(self.card_order().payment_ids.uuid, str(uuid.uuid4()))
        self.validate(other)
        with self.subTest("paid"), self.assertRaisesRegex(UserError, "is paid or cancelled already"):
            self.rpc(self.cashier).pos_reverse(other.payment_ids.uuid, str(uuid.uuid4()))

    def test_the_session_is_closed_while_the_terminal_reverses(self):
        reversal = self.reverse()
        reversal._record_baseline(last(approved(10700), order_id=self.original.order_id))
        self.assertTrue(reversal._claim("thread-r"))
        reversal._record_answer(lost())
        self.session.with_user(self.pos_manager).nets_allow_closing("Broken")
        self.assertTrue(self.original.without_order)
        self.order.with_user(self.cashier).action_pos_order_cancel()
        self.assertTrue(self.close()["successful"])
        payment = self.original.payment_id
        self.assertEqual(payment.amount, 107)
        reversal._record_answer(approved(10700, number=102))
        reversal._book()
        self.assertEqual(payment.state, "canceled", "nothing was charged in the end")

    # === SIGNATURE === #

    def signed_order(self):
        order = self.card_order()
        outcome = approved(10000, number=105, card=Card(brand="Visa", truncated_pan="*1234", last_four="1234", cvm="1"))
        return order, self.charge(order.payment_ids, outcome=outcome)

    def sign(self, transaction, accepted, user=None):
        return transaction.with_user(user or self.cashier).sign(accepted, str(uuid.uuid4()))

    def fail_reversal(self, reversal):
        reversal._record_baseline(last(approved(10000), order_id=reversal.refund_of_id.order_id))
        self.assertTrue(reversal._claim("thread-r"))
        reversal._record_answer(declined(reason=Reason.TERMINAL_BUSY))

    def test_a_signature_is_accepted(self):
        order, transaction = self.signed_order()
        progress = self.progress(order.payment_ids)[order.payment_ids.uuid]
        self.assertEqual((progress["signature"], progress["look"]), ("required", "signature"))
        self.assertEqual((progress["payment_status"], progress["finished"]), ("done", True))
        progress = self.sign(transaction, True)
        self.assertEqual((progress[0]["signature"], progress[0]["look"]), ("", "approved"))
        self.assertEqual(transaction.signature, "accepted")
        with self.assertRaisesRegex(UserError, "no signature to check"):
            self.sign(transaction, False)
        with self.assertRaisesRegex(UserError, "no signature to check"):
            self.sign(self.original, True)

    def test_who_may_accept_or_decline_a_signature(self):
        _order, transaction = self.signed_order()
        for user in (self.clerk, self.manager):
            for accepted in (True, False):
                with self.subTest("without a right to the order"), self.assertRaises(AccessError):
                    self.sign(transaction, accepted, user)
        self.assertEqual(transaction.signature, "required")

    def test_an_order_is_not_paid_before_the_signature_is_accepted(self):
        order, transaction = self.signed_order()
        with self.assertRaisesRegex(UserError, "accept or decline it"), self.env.cr.savepoint():
            self.validate(order)
        with self.assertRaisesRegex(UserError, "accept or decline it"), self.env.cr.savepoint():
            transaction.with_user(self.pos_manager).action_pos_complete()
        self.assertEqual(order.state, "draft")
        # the till can't any more: in the log
        transaction.with_user(self.cashier).action_accept_signature()
        self.assertEqual(transaction.signature, "accepted")
        self.validate(order)
        self.assertEqual(order.state, "paid")

    def test_a_declined_signature_whose_payment_is_not_reversed(self):
        order, transaction = self.signed_order()
        action = transaction.with_user(self.cashier).action_decline_signature()
        reversal = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        self.assertEqual(reversal.refund_of_id, transaction)
        with self.assertRaisesRegex(UserError, "no signature to check"):
            self.sign(transaction, True)
        self.fail_reversal(reversal)
        with self.assertRaisesRegex(UserError, "was declined, but the money hasn't gone back"), self.env.cr.savepoint():
            self.validate(order)
        with self.subTest("a manager refunds it"), self.undone():
            transaction.with_user(self.pos_manager).action_pos_take_off()
            self.assertTrue(transaction.without_order)
            order.with_user(self.cashier).action_pos_order_cancel()
        uuids = [order.payment_ids.uuid]
        for user, offered in ((self.cashier, "declined"), (self.pos_manager, "required")):
            progress = self.rpc(user).pos_progress(uuids)[uuids[0]]
            self.assertEqual((progress["label"], progress["signature"]), ("Signature declined", offered))
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            self.sign(transaction, True)
        self.sign(transaction, True, self.pos_manager)
        self.assertEqual(transaction.signature, "accepted", "the customer has shown a passport")
        self.validate(order)

    def test_a_signature_is_declined(self):
        order, transaction = self.signed_order()
        progress = self.sign(transaction, False)
        reversal = self.engine["nets.transaction"].browse(progress[0]["id"])
        self.assertEqual((reversal.kind, reversal.refund_of_id), ("reversal", transaction))
        self.assertEqual(transaction.signature, "declined")
        self.assertEqual(self.sign(transaction, False)[0]["id"], reversal.id, "pressed twice")
        self.fail_reversal(reversal)
        again = self.sign(transaction, False)[0]["id"]
        self.assertNotEqual(again, reversal.id, "the terminal was busy still")
        self.assertEqual(order.payment_ids.payment_status, "reversing")

    def test_a_declined_signature_of_a_charge_without_an_order(self):
        order, transaction = self.signed_order()
        transaction.with_user(self.pos_manager).action_pos_take_off()
        self.assertTrue(transaction.without_order)
        self.assertIn(transaction, self.engine["nets.transaction"].search([("signature_open", "=", True)]))
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            self.sign(transaction, False)
        [progress] = self.sign(transaction, False, self.pos_manager)
        reversal = self.engine["nets.transaction"].browse(progress["id"])
        self.run_reversal(reversal, outcome=approved(10000, number=106), original=transaction)
        self.assertEqual((reversal.state, transaction.payment_id.state), ("approved", "canceled"))
        self.assertFalse(transaction.signature_open)
        self.assertFalse(order.payment_ids)


@tagged("post_install", "-at_install")
class TestPosByHand(PosPeopleCase):
    def setUp(self):
        super().setUp()
        self.order = self.card_order()
        self.payment = self.order.payment_ids

    def test_force_done_needs_a_lookup_a_manager_and_a_reason(self):
        transaction = self.lose(self.payment)
        settle = self.rpc(self.pos_manager).pos_settle
        with self.subTest("not looked up"), self.assertRaisesRegex(UserError, "Get last result"):
            settle(transaction.id, True, "Journal", 100, "000101")
        self.looked_up(transaction, seconds=-1)
        with self.subTest("looked up before"), self.assertRaisesRegex(UserError, "Get last result"):
            settle(transaction.id, True, "Journal", 100, "000101")
        self.looked_up(transaction)
        with self.subTest("a cashier"), self.assertRaises(AccessError):
            self.rpc(self.cashier).pos_settle(transaction.id, True, "Journal", 100, "000101")
        for reason, reference, words in (
            ("", "000101", "why this is settled by hand"),
            ("Journal", "", "amount and the reference"),
        ):
            with self.subTest(reason=reason, reference=reference), self.assertRaisesRegex(UserError, words):
                settle(transaction.id, True, reason, 100, reference)
        progress = settle(transaction.id, True, "Journal", reference="000101", cashier="Kari")
        self.assertEqual(progress[0]["state"], "approved")
        self.assertRecordValues(self.payment, [{"amount": 100, "payment_status": "done", "payment_ref_no": "000101"}])
        self.assertSaidOn(transaction, "Journal")
        self.assertEqual(transaction.settlement_reason, "Journal – Kari")
        by_hand = self.session.with_user(self.cashier).nets_closing_issues()["by_hand"]
        self.assertEqual([row["transaction_id"] for row in by_hand], transaction.ids)
        self.validate(self.order)

    def test_the_card_becomes_known_after_the_settlement(self):
        for moment in ("open", "paid", "posted"):
            with self.subTest(moment), self.undone():
                transaction = self.lose(self.payment)
                self.looked_up(transaction)
                self.rpc(self.pos_manager).pos_settle(transaction.id, True, "Journal", reference="REF 1")
                if moment != "open":
                    self.validate(self.order)
                if moment == "posted":
                    self.assertTrue(self.close()["successful"])
                self.assertRecordValues(self.payment, [{"payment_ref_no": "REF 1", "card_no": False, "ticket": False}])
                transaction._record_answer(approved(10000))
                self.assertRecordValues(
                    self.payment,
                    [
                        {
                            "amount": 100,
                            "payment_status": "done",
                            "payment_ref_no": "000101",
                            "payment_method_authcode": "A00101",
                            "card_brand": "Visa",
                            "card_no": "1234",
                            "ticket": "CUSTOMER",
                        }
                    ],
                )

    def test_settled_as_not_charged(self):
        transaction = self.lose(self.payment)
        self.looked_up(transaction)
        self.rpc(self.pos_manager).pos_settle(transaction.id, False, "Journal")
        self.assertEqual(transaction.state, "failed")
        self.assertEqual(self.payment.payment_status, "retry")
        self.payment.with_user(self.cashier).unlink()

    def record(self, amount=100, reference="000777", reason="NETS is down", user=None, **values):
        progress = self.rpc(user or self.pos_manager).pos_record_by_hand(
            self.payment.uuid, self.terminal.id, amount, reference, reason, str(uuid.uuid4()), **values
        )
        return self.engine["nets.transaction"].browse(progress[0]["id"])

    def test_a_card_taken_by_hand_is_recorded(self):
        self.charge(self.payment, outcome=not_sent())
        transaction = self.record(cashier="Kari")
        self.assertRecordValues(
            transaction,
            [
                {
                    "state": "approved",
                    "reason": "settled_by_hand",
                    "charged_amount": 100,
                    "settled_by_id": self.pos_manager.id,
                    "settlement_reference": "000777",
                    "cashier_name": "Kari",
                    "to_book": False,
                }
            ],
        )
        self.assertTrue(transaction.charge_date)
        self.assertRecordValues(self.payment, [{"amount": 100, "payment_status": "done", "payment_ref_no": "000777"}])
        self.assertEqual(self.record(), transaction, "recorded once")
        issues = self.session.with_user(self.cashier).nets_closing_issues()
        self.assertEqual([row["transaction_id"] for row in issues["by_hand"]], transaction.ids)
        self.validate(self.order)
        self.assertTrue(self.close()["successful"])

    def test_what_is_not_recorded_by_hand(self):
        self.charge(self.payment, outcome=not_sent())
        for values, words in (
            ({"amount": 101}, "at most"),
            ({"amount": 0}, "at most"),
            ({"reference": " "}, "why it was taken by hand"),
            ({"reason": ""}, "why it was taken by hand"),
            ({"user": self.cashier}, "Only a manager"),
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, words), self.env.cr.savepoint():
                self.record(**values)
        transaction = self.lose(self.payment)
        self.assertEqual(self.record(), transaction, "it may have been charged")
        self.assertEqual(transaction.state, "unknown")

    def employees(self):
        """Have employees log in at the till, as with pos_hr.

        :return: (a cashier, one with manager rights at this till, one whose user manages the Point of Sale)
        """
        values = [{"name": name, "company_id": self.company.id} for name in ("Kari", "Berit", "Ola")]
        kari, berit, ola = self.env["hr.employee"].sudo().create(values)
        ola.user_id = self.pos_manager
        config = self.config.sudo()
        config.module_pos_hr = True
        config.advanced_employee_ids = berit
        return kari, berit, ola

    def test_rule_24_an_employee_without_the_right_decides_nothing_at_a_managers_login(self):
        kari, berit, ola = self.employees()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        elsewhere = self.env["hr.employee"].sudo().create({"name": "Somebody", "company_id": company.id})
        self.config.sudo().write({"advanced_employee_ids": [Command.link(elsewhere.id)]})
        self.charge(self.payment, outcome=not_sent())
        lost = self.lose(self.card_order().payment_ids, terminal=self.terminal_2)
        self.looked_up(lost)
        session = self.session.with_user(self.pos_manager)

        def ways(employee_id):
            who = {"cashier": "Somebody", "employee_id": employee_id}
            return (
                lambda: self.record(**who),
                lambda: self.rpc(self.pos_manager).pos_settle(lost.id, True, "Journal", reference="000888", **who),
                lambda: session.nets_allow_closing("Because", **who),
            )

        for employee_id in (False, kari.id, elsewhere.id, "1", [berit.id], 0, -1):
            for way in ways(employee_id):
                with self.subTest(employee_id), self.assertRaisesRegex(AccessError, "log in at the till"):
                    way()
        for employee in (berit, ola):
            for way in ways(employee.id):
                with self.subTest(employee.name), self.undone():
                    way()
        record, settle, close = ways(berit.id)
        by_hand = record()
        self.assertEqual((by_hand.cashier_name, by_hand.settled_by_id), ("Berit", self.pos_manager))
        self.assertEqual(by_hand.settlement_reason, "NETS is down – Berit")
        settle()
        self.assertEqual(lost.settlement_reason, "Journal – Berit")
        close()
        self.assertSaidOn(session, "Because – Berit")

    def test_who_stood_at_the_till_is_not_written_over(self):
        said = self.rpc(self.pos_manager)._pos_reason("x" * 1000, "Kari")
        self.assertEqual(len(said), 500)
        self.assertTrue(said.endswith("x – Kari"))


@tagged("post_install", "-at_install")
class TestPosWithoutOrder(PosPeopleCase):
    """Charges that no paid order stands for, and what a manager does about them."""

    def astray(self, amount=100.0, outcome=None):
        """:return: a charge booked as a separate payment: its line was given up, and the order cancelled"""
        order = self.card_order(amount)
        transaction = self.lose(order.payment_ids)
        self.session.with_user(self.pos_manager).nets_allow_closing("Thrown away")
        order.with_user(self.cashier).action_pos_order_cancel()
        transaction._record_answer(outcome or approved(round(amount * 100)))
        transaction._book()
        self.assertTrue(transaction.without_order)
        return transaction

    def attach(self, transaction, order, user=None):
        self.env["nets.transaction.attach"].with_user(user or self.pos_manager).create(
            {"transaction_id": transaction.id, "pos_order_id": order.id}
        ).action_attach()

    def test_it_is_found_in_the_log_and_at_closing(self):
        transaction = self.astray()
        domain = [("without_order", "=", True), ("state", "=", "approved")]
        self.assertEqual(self.rpc(self.pos_manager).search(domain), transaction)
        rows = self.session.with_user(self.cashier).nets_closing_issues()["without_order"]
        self.assertEqual([(row["transaction_id"], row["blocking"]) for row in rows], [(transaction.id, False)])
        for user in (self.cashier, self.pos_manager):
            with self.subTest(user.login), Form(transaction.with_user(user)) as form:
                self.assertEqual(form.pos_order_id, transaction.pos_order_id)

    def test_it_is_attached_to_another_order(self):
        transaction = self.astray(outcome=approved(11000, tip_amount=1000))
        own = transaction.payment_id
        order = self.sync(self.order_values())
        with self.assertRaises(AccessError):
            self.attach(transaction, order, user=self.cashier)
        self.attach(transaction, order)
        self.assertEqual(own.state, "canceled", "not booked twice")
        self.assertRecordValues(transaction, [{"without_order": False, "payment_id": False, "pos_order_id": order.id}])
        self.assertRecordValues(
            order.payment_ids, [{"amount": 110, "payment_status": "done", "transaction_id": transaction.order_id}]
        )
        self.assertRecordValues(order, [{"amount_total": 110, "amount_paid": 110, "tip_amount": 10}])
        transaction.with_user(self.pos_manager).action_pos_complete()
        self.assertEqual(order.state, "paid")

    def test_orders_that_it_cant_be_attached_to(self):
        transaction = self.astray()
        smaller = self.sync(self.order_values(total=99))
        with self.subTest("too small"), self.assertRaisesRegex(UserError, "is left to pay"):
            self.attach(transaction, smaller)
        paid, charge = self.paid_order(number=500)
        with self.subTest("paid"), self.assertRaisesRegex(UserError, "isn't paid yet"):
            self.attach(transaction, paid)
        with self.subTest("on an order"), self.assertRaisesRegex(UserError, "without an order"):
            self.attach(charge, self.sync(self.order_values()))

    def test_the_manager_completes_what_the_till_did_not_finish(self):
        order = self.sync(self.order_values((self.card_method, 60), (self.card_method, 40)))
        first, second = order.payment_ids.sorted("amount", reverse=True)
        transaction = self.charge(first, outcome=approved(6000))
        with self.assertRaisesRegex(UserError, "isn't fully paid"), self.env.cr.savepoint():
            second.with_user(self.cashier).unlink()
            transaction.with_user(self.pos_manager).action_pos_complete()
        self.charge(second, outcome=approved(4000, number=102))
        with self.assertRaises(AccessError):
            transaction.with_user(self.cashier).action_pos_complete()
        self.assertTrue(transaction.with_user(self.pos_manager).pos_is_on_open_order)
        transaction.with_user(self.pos_manager).action_pos_complete()
        self.assertEqual(order.state, "paid")

    def test_the_manager_refunds_what_stands_on_an_open_order(self):
        order = self.card_order()
        transaction = self.charge(order.payment_ids, outcome=approved(10500, tip_amount=500))
        with self.assertRaises(AccessError):
            transaction.with_user(self.cashier).action_pos_take_off()
        transaction = transaction.with_user(self.pos_manager)
        with self.assertRaisesRegex(UserError, "goes through the Point of Sale"):
            transaction.action_refund()
        action = transaction.action_pos_take_off()
        self.assertEqual(action["tag"], "nets_connect_cloud.card_dialog")
        self.assertTrue(transaction.without_order)
        self.assertEqual(transaction.sudo().payment_id.amount, 105)
        self.assertFalse(order.payment_ids)
        self.assertEqual(order.amount_total, 100, "the tip goes with it")
        data = transaction.refund_data()
        self.assertEqual((data["amount"], data["title"]), (-105, order.pos_reference))
        progress = transaction.start_refund(-105, self.terminal.id, str(uuid.uuid4()))
        refund = self.engine["nets.transaction"].browse(progress[0]["id"])
        refund._claim("thread-r")
        refund._record_answer(approved(10500, number=102))
        refund._book()
        self.assertRecordValues(refund, [{"state": "approved", "to_book": False, "charged_amount": -105}])
        outstanding = self.env["account.chart.template"].ref("account_journal_payment_credit_account_id")
        self.assertPaymentLines(refund.payment_id, [(outstanding, 0, 105, -105), (self.pos_receivable, 105, 0, 0)])
        self.assertEqual(transaction.sudo().payment_id._nets_open_credit(), 0)
        order.with_user(self.cashier).action_pos_order_cancel()

    def test_it_is_reversed_from_the_log(self):
        transaction = self.astray()
        progress = transaction.with_user(self.pos_manager).start_reversal(str(uuid.uuid4()))
        reversal = self.engine["nets.transaction"].browse(progress[0]["id"])
        reversal._record_baseline(last(approved(10000), order_id=transaction.order_id))
        reversal._claim("thread-r")
        reversal._record_answer(approved(10000, number=102))
        reversal._book()
        self.assertEqual(transaction.payment_id.state, "canceled")

    def test_a_charge_that_cant_be_booked_stays_in_sight(self):
        order = self.card_order()
        transaction = self.lose(order.payment_ids)
        self.session.with_user(self.pos_manager).nets_allow_closing("Thrown away")
        order.with_user(self.cashier).action_pos_order_cancel()
        self.bank_journal.active = False
        with mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_transaction_booking"):
            transaction._record_answer(approved(10000))
            transaction._book()
        self.assertTrue(transaction.to_book)
        self.assertTrue(transaction.booking_error)
        self.bank_journal.active = True
        transaction.with_user(self.pos_manager).action_book_again()
        self.assertRecordValues(transaction, [{"to_book": False, "without_order": True}])
