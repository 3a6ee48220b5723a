"""An invoice in a currency that no terminal charges: Odoo's *Pay* converts it, and what was asked pays what was due."""

import uuid
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import approved, declined
from .test_refund import RefundCase


@tagged("post_install", "-at_install")
class TestOtherCurrency(RefundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.eur = cls.env.ref("base.EUR")
        cls.eur.active = True
        cls.today = fields.Date.today()
        cls.earlier = cls.today - timedelta(days=10)
        # 1 EUR was 1.80 USD when it was invoiced, and is 2.00 USD now
        cls.eur.rate_ids.filtered(lambda rate: rate.company_id in (cls.company, cls.company.browse())).unlink()
        cls.env["res.currency.rate"].create(
            [
                {"currency_id": cls.eur.id, "company_id": cls.company.id, "name": day, "rate": 1 / rate}
                for day, rate in (("2000-01-01", 1.8), (cls.today - timedelta(days=2), 2.0))
            ]
        )
        cls.invoice = cls.make_invoice(100, currency_id=cls.eur.id, invoice_date=cls.earlier)

    def window(self, **values):
        """Odoo's *Pay*, in which somebody chose the terminal's currency."""
        return self.register(self.invoice, **{"currency_id": self.usd.id, **values})

    def pressed(self, wizard):
        progress = wizard.nets_process_card()
        self.assertEqual(len(progress), 1)
        return self.engine["nets.transaction"].browse(progress[0]["id"])

    def answered(self, transaction, outcome=None):
        self.assertTrue(transaction._claim("thread-1"))
        transaction._record_answer(outcome or approved(self.minor(transaction)))
        transaction._book()
        return transaction

    def paid(self, **values):
        transaction = self.answered(self.pressed(self.window(**values)))
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        return transaction

    def test_it_is_offered_with_its_rate(self):
        wizard = self.register(self.invoice, currency_id=self.eur.id, nets_terminal_id=False)
        self.assertFalse(wizard.nets_available_terminal_ids)
        self.assertIn("No terminal charges EUR. Choose USD beside the amount", wizard.nets_currency_note)
        wizard.currency_id = self.usd
        self.assertEqual(wizard.amount, 200)
        self.assertIn(self.terminal, wizard.nets_available_terminal_ids)
        self.assertIn("charged in USD: 2 USD for 1 EUR", wizard.nets_currency_note)
        self.assertFalse(self.register(self.make_invoice(10)).nets_currency_note)

    def test_what_was_asked_pays_what_was_due(self):
        transaction = self.paid()
        self.assertRecordValues(
            transaction,
            [
                {
                    "amount": 200,
                    "currency_id": self.usd.id,
                    "amount_due": 200,
                    "document_amount": 100,
                    "document_currency_id": self.eur.id,
                }
            ],
        )
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertPaymentLines(transaction.payment_id, [(self.outstanding, 200, 0, 200), (self.receivable, 0, 200, 0)])
        due = self.invoice.line_ids.filtered(lambda line: line.account_id == self.receivable)
        exchange = due.matched_credit_ids.exchange_move_id.line_ids
        gain = exchange.filtered(lambda line: line.account_id != self.receivable)
        self.assertEqual(sum(gain.mapped("balance")), -20, "the rate's, and nobody else's")
        self.assertFalse(transaction.booking_note)

    def test_a_part_of_it(self):
        transaction = self.paid(amount=50, custom_user_amount=50)
        self.assertEqual((transaction.document_amount, self.invoice.amount_residual), (25, 75))
        self.paid()
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_a_tip_pays_nothing_of_it(self):
        tips = self.env["account.account"].create(
            {"name": "Staff's tips", "code": "299901", "account_type": "liability_current"}
        )
        self.company.write({"nets_tip_account_id": tips.id, "nets_tip_tax_ids": False})
        transaction = self.answered(
            self.pressed(self.window(amount=100, custom_user_amount=100)), approved(11000, tip_amount=1000)
        )
        self.assertEqual(self.invoice.amount_residual, 50)
        self.assertPaymentLines(
            transaction.payment_id, [(self.outstanding, 110, 0, 110), (self.receivable, 0, 100, 0), (tips, 0, 10, 0)]
        )

    def test_the_server_converts_whatever_day_a_caller_says(self):
        # 180 would have been all of it then
        wizard = self.window(payment_date=self.earlier)
        self.assertEqual(wizard.amount, 180)
        transaction = self.pressed(wizard)
        self.assertRecordValues(
            transaction, [{"amount": 180, "amount_due": 200, "document_amount": 90, "payment_date": self.today}]
        )
        self.answered(transaction)
        self.assertEqual(self.invoice.amount_residual, 10)
        with self.assertRaisesRegex(UserError, "Only .*20.00 is due"):
            self.pressed(self.window(amount=20.01, custom_user_amount=20.01))

    def test_rule_3_one_debt_one_charge_in_whatever_currency(self):
        first = self.pressed(self.window(amount=150, custom_user_amount=150))
        self.assertEqual(self.invoice._nets_amount_under_way(), 75)
        with self.assertRaises(UserError):
            self.pressed(self.window(nets_terminal_id=self.terminal_2.id))
        other_way = self.pay_wizard(self.invoice, self.inbound_payment_method_line, journal_id=self.bank_journal.id)
        self.assertEqual(other_way.currency_id, self.eur)
        with self.assertRaisesRegex(UserError, r"75\.00"):
            other_way.action_create_payments()
        self.answered(first)
        self.assertEqual(self.invoice.amount_residual, 25)
        self.assertEqual(self.invoice._nets_amount_under_way(), 0)

    def test_rule_28_asked_again_in_the_same_currency(self):
        failed = self.answered(self.pressed(self.window()), declined())
        data = self.invoice.with_user(self.clerk).nets_card_payment_data(previous_id=failed.id)
        self.assertEqual((data["amount"], data["whole"], data["currency_id"]), (200, 200, self.usd.id))
        progress = self.invoice.with_user(self.clerk).nets_start_card_payment(
            100, self.terminal_2.id, str(uuid.uuid4()), previous_id=failed.id
        )
        part = self.answered(self.engine["nets.transaction"].browse(progress[0]["id"]))
        self.assertEqual((part.currency_id, part.document_amount), (self.usd, 50))
        self.assertEqual(self.invoice.amount_residual, 50)

    def test_what_goes_back_is_due_again_in_the_invoices_currency(self):
        purchase = self.paid()
        refund = self.refund(purchase, -50)
        self.assertEqual(refund.payment_id.amount_signed, -50)
        self.assertEqual(self.invoice.amount_residual, 25)
        self.assertEqual(refund.due_again, {str(self.invoice.id): 25})
        content = self.invoice.with_user(self.clerk).invoice_payments_widget["content"]
        rows = [row for row in content if not row.get("is_exchange")]
        self.assertEqual({row["currency_id"] for row in rows}, {self.eur.id})
        self.assertAlmostEqual(sum(row["amount"] for row in rows), 75)
        self.assertIn(-25, [row["amount"] for row in rows])
        self.refund(purchase, -150, number=202)
        self.assertEqual(self.invoice.amount_residual, 100)
        self.assertEqual(purchase.amount_refundable, 0)

    def test_what_is_not_done_in_another_currency_says_what_to_do(self):
        with self.subTest("a difference"), self.assertRaisesRegex(UserError, "Keep open"), self.env.cr.savepoint():
            self.pressed(
                self.window(
                    amount=190,
                    custom_user_amount=190,
                    payment_difference_handling="reconcile",
                    writeoff_account_id=self.company_data["default_account_revenue"].id,
                )
            )
        with self.subTest("a payout"), self.assertRaisesRegex(UserError, "refund the card payment from its invoice"):
            credit_note = self.make_invoice(40, currency_id=self.eur.id, move_type="out_refund")
            outgoing = self.bank_journal._nets_method_line("outbound")
            wizard = self.pay_wizard(credit_note, outgoing, currency_id=self.usd.id)
            wizard.nets_terminal_id = self.terminal
            wizard.action_create_payments()
