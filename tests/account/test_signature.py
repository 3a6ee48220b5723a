"""An invoice is paid with a card that asks for a signature: somebody accepts it, or has the payment reversed."""

import uuid

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ...connect_cloud import Card, Reason
from ..common import CardPaymentCommon, approved, declined, last

SIGNED = Card(brand="Visa", truncated_pan="*1234", last_four="1234", cvm="1")


class TestSignature(CardPaymentCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1000)
        self.transaction = self.charge(self.invoice, 400, outcome=approved(40000, card=SIGNED))

    def sign(self, accepted, user=None, request_id=None):
        [progress] = self.transaction.with_user(user or self.clerk).sign(accepted, request_id or str(uuid.uuid4()))
        return progress

    def decline(self, **kwargs):
        reversal = self.engine["nets.transaction"].browse(self.sign(False, **kwargs)["id"])
        self.assertEqual((reversal.kind, reversal.refund_of_id), ("reversal", self.transaction))
        return reversal

    def finish(self, reversal, outcome):
        reversal._record_baseline(last(approved(40000), self.transaction.order_id))
        self.assertTrue(reversal._claim("thread-r"))
        reversal._record_answer(outcome)
        reversal._book()

    @property
    def unsigned(self):
        return self.env["nets.transaction"].with_user(self.clerk).search([("signature_open", "=", True)])

    def assertShownOnInvoice(self, transaction):
        invoice = self.invoice.with_user(self.clerk)
        self.env.invalidate_all()
        self.assertEqual(invoice.nets_open_transaction_id, transaction)

    def test_it_is_found_until_it_is_accepted(self):
        self.assertIn(self.transaction, self.unsigned)
        self.assertShownOnInvoice(self.transaction)
        # and nothing else is asked for on this invoice before
        data = self.invoice.with_user(self.clerk).nets_card_payment_data()
        self.assertEqual(data["transaction_id"], self.transaction.id)
        progress = self.sign(True)
        self.assertEqual((progress["id"], progress["look"]), (self.transaction.id, "approved"))
        self.assertNotIn(self.transaction, self.unsigned)
        self.assertShownOnInvoice(self.env["nets.transaction"])
        with self.assertRaisesRegex(UserError, "no signature to check"):
            self.sign(False)

    def test_declined_it_is_reversed(self):
        reversal = self.decline()
        self.assertEqual(self.transaction.signature, "declined")
        self.assertShownOnInvoice(reversal)
        with self.assertRaisesRegex(UserError, "no signature to check"):
            self.sign(True, self.manager)
        self.assertEqual(self.decline(), reversal, "somebody else declines it, too")
        self.finish(reversal, approved(40000, number=102))
        self.assertEqual((self.transaction.payment_id.state, self.invoice.amount_residual), ("canceled", 1000))
        self.assertNotIn(self.transaction, self.unsigned)
        self.assertEqual(self.transaction._message().label, "Successful")

    def test_one_press_is_one_reversal(self):
        reversal = self.decline(request_id="pressed-once")
        self.finish(reversal, declined(reason=Reason.TERMINAL_BUSY))
        self.assertEqual(self.decline(request_id="pressed-once"), reversal, "its answer had got lost")
        self.assertNotEqual(self.decline(), reversal)

    def test_a_number_that_was_used_before_does_not_keep_the_reversal_from_being_sent(self):
        others = (
            ("my own payment", {}),
            ("somebody else's", {"user": self.manager}),
            ("of this very transaction", {"request_id": self.transaction.request_id}),
        )
        for number, (name, values) in enumerate(others):
            used = values.get("request_id") or f"used-{number}"
            if "request_id" not in values:
                values = {"terminal": self.terminal_2, "outcome": declined(number=200 + number), **values}
                self.charge(self.make_invoice(10), request_id=used, **values)
            with self.subTest(name), self.assertRaisesRegex(UserError, "another"):
                self.sign(False, request_id=used)
            # nobody takes it for reversed, and the press that follows does it
            self.assertEqual((self.transaction.signature, len(self.transaction.refund_ids)), ("required", 0))
            self.assertIn(self.transaction, self.unsigned)
        self.decline()

    def test_declined_and_not_reversed(self):
        reversal = self.decline()
        [meanwhile] = self.transaction.read_progress()
        self.finish(reversal, declined(reason=Reason.TERMINAL_BUSY))
        self.env.invalidate_all()
        [now] = self.transaction.read_progress()
        self.assertEqual((meanwhile["label"], now["label"]), ("Successful", "Signature declined"))
        self.assertGreater(now["version"], meanwhile["version"], "a screen that shows the former takes the latter")
        self.assertShownOnInvoice(self.transaction)
        self.assertEqual(self.transaction._message().label, "Signature declined")
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            self.sign(True)
        with self.subTest("it is refunded"), self.undone():
            self.transaction.with_user(self.clerk).start_refund(-400, self.terminal_2.id, str(uuid.uuid4()))
            self.assertNotIn(self.transaction, self.unsigned)
        self.sign(True, self.manager)
        self.assertEqual(self.transaction.signature, "accepted")

    def test_what_cant_be_reversed_any_more_says_so(self):
        self.charge(self.make_invoice(10), outcome=approved(1000, number=103))
        with self.assertRaisesRegex(UserError, "Refund it instead"):
            self.sign(False)
        self.assertEqual(self.transaction.signature, "required")

    def test_who_may_say_it(self):
        reader = new_test_user(
            self.env,
            login="nets_signature_reader",
            groups="account.group_account_readonly,nets_connect_cloud.group_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        for accepted in (True, False):
            with self.assertRaises(AccessError):
                self.sign(accepted, reader)
        self.assertEqual((self.transaction.signature, len(self.transaction.refund_ids)), ("required", 0))
