"""One voice: what a line of the till says is decided on the server, once."""

import typing

from odoo.tests import tagged

from ...connect_cloud import Reason
from ...models.engine.progress import Progress
from ..common import approved, cancelled, declined, last, lost, not_sent
from ..engine.test_progress import is_of
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosProgress(PosCardCommon):
    def setUp(self):
        super().setUp()
        self.order = self.card_order()
        self.payment = self.order.payment_ids

    def assertLine(self, status, amount=100.0, payment=None):
        """What the till is told is what the line says on the server."""
        payment = payment or self.payment
        progress = self.progress(payment)[payment.uuid]
        kinds = typing.get_type_hints(Progress)
        self.assertEqual(list(progress), list(kinds))
        self.assertFalse({key: value for key, value in progress.items() if not is_of(value, kinds[key])})
        payment.invalidate_recordset()
        self.assertEqual((payment.payment_status, payment.amount), (status, amount))
        self.assertEqual((progress["payment_status"], progress["payment_amount"]), (status, amount))
        return progress

    def test_a_payment_on_its_way(self):
        transaction = self.start(self.payment)
        progress = self.assertLine("waitingCard")
        self.assertEqual((progress["look"], progress["abort"]), ("running", "possible"))
        self.assertEqual(progress["task"], {"type": "till"})
        transaction._claim("thread-1")
        transaction.with_user(self.cashier).abort()
        self.assertEqual(self.assertLine("waitingCancel")["look"], "aborting")
        transaction._record_answer(lost())
        self.assertEqual(self.assertLine("waitingCard")["look"], "unknown")
        transaction._record_outcome(cancelled())
        transaction._tell()
        self.assertEqual(self.assertLine("retry")["look"], "aborted")
        again = self.send(self.payment)
        progress = self.assertLine("waitingCard")
        self.assertEqual(progress["id"], again.id)
        self.assertEqual(transaction._progress_values()["payment_status"], "waitingCard", "of the line, by now")

    def test_what_is_charged_is_not_done_before_it_is_booked(self):
        transaction = self.send(self.payment)
        transaction._record_answer(approved(10700, tip_amount=700))
        self.assertLine("waitingCard")
        # a till that knows less sends the order meanwhile
        self.sync(self.stale(self.order, (self.payment, {"payment_status": "waitingCard", "amount": 100})))
        progress = self.assertLine("waitingCard")
        self.assertEqual((progress["state"], progress["finished"]), ("approved", False))
        transaction._book()
        progress = self.assertLine("done", 107.0)
        self.assertTrue(progress["finished"])
        self.assertRegex(progress["additions"], r"^Tip .*7\.00")

    def test_what_accounting_refuses_keeps_the_line_as_it_was(self):
        transaction = self.send(self.payment)
        transaction._record_answer(approved(10700, tip_amount=700))
        self.config.tip_product_id = False
        tip = self.env.ref("point_of_sale.product_product_tip")
        tip.company_id = self.env["res.company"].create({"name": "Another"})
        self.env.ref("nets_connect_cloud.product_surcharge").unlink()
        self.assertFalse(transaction._book())
        progress = self.assertLine("waitingCard")
        self.assertEqual((progress["look"], progress["finished"]), ("unbooked", False))

    def reverse(self, original, number=102):
        [answer] = (
            self.env["nets.transaction"].with_user(self.cashier).pos_reverse(self.payment.uuid, f"press-{number}")
        )
        reversal = self.engine["nets.transaction"].browse(answer["id"])
        reversal._record_baseline(last(approved(10700), original.order_id))
        self.assertTrue(reversal._claim(f"thread-{number}"))
        return reversal

    def test_a_payment_that_is_reversed(self):
        original = self.charge(self.payment, outcome=approved(10700, tip_amount=700))
        reversal = self.reverse(original)
        progress = self.assertLine("reversing", 107.0)
        self.assertEqual((progress["id"], progress["abort"]), (reversal.id, ""), "no card, and nothing to stop")
        reversal._record_answer(not_sent(Reason.TERMINAL_BUSY))
        self.assertEqual(self.assertLine("done", 107.0)["id"], original.id)
        self.assertEqual(reversal._progress_values()["payment_status"], "done", "a reversal that came to nothing")
        reversal = self.reverse(original, 103)
        reversal._record_answer(approved(10700, number=103))
        progress = self.assertLine("reversing", 107.0)
        self.assertEqual((progress["id"], progress["finished"]), (reversal.id, False))
        reversal._book()
        progress = self.assertLine("reversed", 0.0)
        self.assertEqual((progress["label"], progress["finished"]), ("Reversed", True))

    def test_a_charge_that_its_order_cant_take(self):
        given_up = self.charge(self.payment, outcome=declined())
        self.charge(self.payment, outcome=approved(10000, number=102))
        given_up._record_answer(approved(10000, number=101))
        given_up._book()
        self.assertTrue(given_up.without_order)
        self.assertNotEqual(self.assertLine("done")["id"], given_up.id)
        progress = given_up._progress_values()
        self.assertEqual((progress["label"], progress["look"]), ("Charged, but not for this order", "trouble"))
        self.assertEqual(progress["payment_status"], "done", "of the line, which the other one charged")
        self.assertFalse(progress["can_retry"])
