"""What was asked is asked again (rule 28): by *Try again*, and by *Change amount or terminal*."""

import uuid

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import CardPaymentCommon, approved, declined


@tagged("post_install", "-at_install")
class TestAskedAgain(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.bank_journal.copy({"name": "Cards", "code": "CRDS"})
        cls.loss = cls.company.account_journal_early_pay_discount_loss_account_id
        cls.cards = cls.journal._nets_method_line("inbound").payment_account_id or cls.outstanding

    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1050)

    def declined_payment(self, **values):
        """*Pay*, filled in by a person, and declined by the card's issuer."""
        wizard = self.register(
            self.invoice,
            journal_id=self.journal.id,
            payment_method_line_id=self.journal._nets_method_line("inbound").id,
            communication="As agreed on the phone",
            **values,
        )
        wizard.action_nets_process_card()
        transaction = self.engine["nets.transaction"].search([], limit=1)
        self.finish(transaction, declined(number=90))
        self.assertEqual(transaction.state, "failed")
        return transaction

    def finish(self, transaction, outcome=None):
        self.assertTrue(transaction._claim("thread-1"))
        transaction._record_answer(outcome or approved(self.minor(transaction)))
        transaction._book()
        return transaction

    def again(self, failed):
        [progress] = failed.with_user(self.clerk).retry(str(uuid.uuid4()), self.terminal_2.id)
        return self.finish(self.engine["nets.transaction"].browse(progress["id"]))

    def change(self, failed, amount):
        [progress] = self.invoice.with_user(self.clerk).nets_start_card_payment(
            amount, self.terminal_2.id, str(uuid.uuid4()), previous_id=failed.id
        )
        return self.finish(self.engine["nets.transaction"].browse(progress["id"]))

    def assertAsked(self, transaction, failed):
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        self.assertEqual((transaction.retry_of_id, transaction.terminal_id), (failed, self.terminal_2))
        payment = transaction.payment_id
        self.assertEqual(payment.journal_id, self.journal)
        self.assertTrue(payment.memo.startswith("As agreed on the phone · 90000002/"), payment.memo)

    def test_rule_28_a_part_stays_a_part(self):
        for press in (self.again, lambda failed: self.change(failed, 400)):
            with self.subTest(press), self.undone():
                failed = self.declined_payment(amount=400)
                data = self.invoice.with_user(self.clerk).nets_card_payment_data(previous_id=failed.id)
                self.assertEqual(data["amount"], 400, "the dialog doesn't propose the whole")
                transaction = press(failed)
                self.assertAsked(transaction, failed)
                self.assertPaymentLines(
                    transaction.payment_id, [(self.cards, 400, 0, 400), (self.receivable, 0, 400, 0)]
                )
                self.assertEqual(self.invoice.amount_residual, 650)

    def test_a_write_off_is_still_granted_for_the_same_amount(self):
        written_off = {
            "amount": 1000,
            "payment_difference_handling": "reconcile",
            "writeoff_account_id": self.loss.id,
            "writeoff_label": "A scratch",
        }
        for press in (self.again, lambda failed: self.change(failed, 1000)):
            with self.subTest(press), self.undone():
                failed = self.declined_payment(**written_off)
                transaction = press(failed)
                self.assertAsked(transaction, failed)
                self.assertPaymentLines(
                    transaction.payment_id,
                    [(self.cards, 1000, 0, 1000), (self.loss, 50, 0, 0), (self.receivable, 0, 1050, 0)],
                )
                lines = transaction.payment_id.move_id.line_ids
                self.assertEqual(lines.filtered(lambda line: line.account_id == self.loss).name, "A scratch")
                self.assertEqual(self.invoice.amount_residual, 0)
        with self.subTest("not for another amount"), self.undone():
            failed = self.declined_payment(**written_off)
            transaction = self.change(failed, 600)
            self.assertAsked(transaction, failed)
            self.assertEqual(self.invoice.amount_residual, 450)
        with self.subTest("nor when less is due by now"), self.undone():
            failed = self.declined_payment(**written_off)
            self._create_invoice_one_line(
                price_unit=30,
                product_id=self.product_a,
                tax_ids=[Command.clear()],
                move_type="out_refund",
                partner_id=self.partner_a,
                post=True,
            )
            credit = self.env["account.move"].search([("move_type", "=", "out_refund")], limit=1)
            lines = (credit | self.invoice).line_ids.filtered(lambda line: line.account_id == self.receivable)
            lines.reconcile()
            transaction = self.again(failed)
            self.assertAsked(transaction, failed)
            self.assertEqual(self.invoice.amount_residual, 20, "nobody granted that")

    def test_an_early_payment_discount_stays_granted(self):
        terms = self.make_discount_terms()
        self.invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
        transaction = self.again(self.declined_payment(amount=980))
        self.assertPaymentLines(
            transaction.payment_id,
            [(self.cards, 980, 0, 980), (self.loss, 20, 0, 0), (self.receivable, 0, 1000, 0)],
        )

    def test_a_credit_note_is_paid_out_again(self):
        purchase = self.finish(self.start(self.invoice))
        credit_note = self._create_invoice_one_line(
            price_unit=300,
            product_id=self.product_a,
            tax_ids=[Command.clear()],
            move_type="out_refund",
            reversed_entry_id=self.invoice.id,
            post=True,
        )
        document = credit_note.with_user(self.clerk)
        [progress] = document.nets_start_payout(-100, self.terminal.id, str(uuid.uuid4()), refund_of_id=purchase.id)
        failed = self.finish(self.engine["nets.transaction"].browse(progress["id"]), declined(number=91))
        with self.subTest("shown from the credit note"):
            data = document.nets_payout_data(previous_id=failed.id)
            self.assertEqual((data["amount"], data["card_payment_id"]), (-100, purchase.id))
        with self.subTest("shown from the card payment"):
            data = purchase.with_user(self.clerk).refund_data(previous_id=failed.id)
            self.assertEqual((data["amount"], data["credit_note_id"]), (-100, credit_note.id))
        for name, press in {
            "try again": lambda: failed.with_user(self.clerk).retry(str(uuid.uuid4()), self.terminal_2.id),
            "change": lambda: document.nets_start_payout(
                -100, self.terminal_2.id, str(uuid.uuid4()), refund_of_id=purchase.id, previous_id=failed.id
            ),
            "change to due again": lambda: purchase.with_user(self.clerk).start_refund(
                -100, self.terminal_2.id, str(uuid.uuid4()), previous_id=failed.id
            ),
        }.items():
            with self.subTest(name), self.undone():
                transaction = self.finish(self.engine["nets.transaction"].browse(press()[0]["id"]))
                self.assertEqual((transaction.retry_of_id, transaction.refund_of_id), (failed, purchase))
                self.assertEqual(transaction.payment_id.journal_id, purchase.payment_id.journal_id)
                left = 300 if name == "change to due again" else 200
                self.assertEqual(credit_note.amount_residual, left)

    def test_what_was_for_something_else_is_not_asked_again(self):
        failed = self.declined_payment(amount=400)
        other = self.make_invoice(10).with_user(self.clerk)
        with self.assertRaisesRegex(UserError, "other documents"):
            other.nets_start_card_payment(10, self.terminal.id, str(uuid.uuid4()), previous_id=failed.id)
        stranger = new_test_user(
            self.env,
            login="nets_other",
            groups="account.group_account_invoice",
            company_id=self.env["res.company"].create({"name": "Neighbour"}).id,
        )
        with self.assertRaises(AccessError):
            self.invoice.with_user(stranger).nets_card_payment_data(previous_id=failed.id)
