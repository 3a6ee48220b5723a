"""What a person puts together in Odoo's *Pay* is taken by card as it is."""

import uuid

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import CardPaymentCommon, approved, declined


@tagged("post_install", "-at_install")
class TestNetting(CardPaymentCommon):
    def press(self, moves=None, lines=None, **values):
        """*Pay*, filled in for a card, and *Process card*."""
        wizard = self.env["account.payment.register"].with_user(self.clerk)
        records = lines if lines else moves
        wizard = wizard.with_context(active_model=records._name, active_ids=records.ids).create(
            {
                "journal_id": self.bank_journal.id,
                "payment_method_line_id": self.method_line.id,
                "nets_terminal_id": self.terminal.id,
                "group_payment": True,
                **values,
            }
        )
        wizard.action_nets_process_card()
        return self.engine["nets.transaction"].search([], limit=1)

    def finish(self, transaction, outcome=None, number=101):
        self.assertTrue(transaction._claim("thread-1"))
        transaction._record_answer(outcome or approved(self.minor(transaction), number=number))
        transaction._book()
        return transaction

    def test_an_invoice_is_netted_with_a_credit_note(self):
        invoice = self.make_invoice(1000)
        credit_note = self.make_invoice(300, move_type="out_refund")
        transaction = self.finish(self.press(invoice | credit_note))
        self.assertEqual((transaction.kind, transaction.charged_amount), ("purchase", 700))
        self.assertPaymentLines(transaction.payment_id, [(self.outstanding, 700, 0, 700), (self.receivable, 0, 700, 0)])
        self.assertEqual((invoice.amount_residual, credit_note.amount_residual), (0, 0))

    def test_and_asked_for_again(self):
        invoice = self.make_invoice(1000)
        credit_note = self.make_invoice(300, move_type="out_refund")
        failed = self.finish(self.press(invoice | credit_note), declined(number=90))
        document = (invoice | credit_note).with_user(self.clerk)
        self.assertEqual(document.nets_card_payment_data(previous_id=failed.id)["amount"], 700)
        [progress] = failed.with_user(self.clerk).retry(str(uuid.uuid4()), self.terminal_2.id)
        self.assertEqual(progress["task"]["type"], "payment")
        self.finish(self.engine["nets.transaction"].browse(progress["id"]))
        self.assertEqual((invoice.amount_residual, credit_note.amount_residual), (0, 0))

    def test_a_credit_note_is_not_netted_and_paid_out_at_once(self):
        invoice = self.make_invoice(1000)
        credit_note = self.make_invoice(300, move_type="out_refund")
        credit_note.with_user(self.clerk).nets_start_payout(-300, self.terminal_2.id, str(uuid.uuid4()))
        with self.assertRaisesRegex(UserError, "is being charged already"):
            self.press(invoice | credit_note)

    def test_a_parent_and_its_branch_are_paid_together(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()
        self.clerk.company_ids |= branch
        mine, theirs = self.make_invoice(600), self.make_invoice(400, company_id=branch.id)
        clerk = self.clerk
        self.clerk = clerk.with_context(allowed_company_ids=(self.company | branch).ids)
        transaction = self.finish(
            self.press((mine | theirs).with_context(allowed_company_ids=(self.company | branch).ids))
        )
        self.assertEqual((transaction.company_id, transaction.charged_amount), (self.company, 1000))
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        self.assertEqual((mine.amount_residual, theirs.amount_residual), (0, 0))

    def entry(self, *customers):
        """What the till booked on customers' accounts: one entry for all of them."""
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    *(
                        Command.create(
                            {
                                "account_id": self.receivable.id,
                                "partner_id": customer.id,
                                "debit": amount,
                                "name": "Till",
                            }
                        )
                        for customer, amount in customers
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_revenue"].id,
                            "credit": sum(amount for _customer, amount in customers),
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        return entry

    def test_what_is_on_a_customers_account_is_paid_and_nobody_elses(self):
        other = self.partner_a.copy({"name": "Somebody else"})
        entry = self.entry((self.partner_a, 70), (other, 30))
        mine = entry.line_ids.filtered(lambda line: line.partner_id == self.partner_a)
        theirs = entry.line_ids.filtered(lambda line: line.partner_id == other)
        transaction = self.press(lines=mine)
        with self.subTest("charged once"), self.assertRaisesRegex(UserError, "is being charged already"):
            self.press(lines=mine, nets_terminal_id=self.terminal_2.id)
        with self.subTest("another customer of the same entry doesn't wait"):
            second = self.press(lines=theirs, nets_terminal_id=self.terminal_2.id)
        self.finish(transaction)
        self.assertPaymentLines(transaction.payment_id, [(self.outstanding, 70, 0, 70), (self.receivable, 0, 70, 0)])
        self.assertEqual((mine.amount_residual, theirs.amount_residual), (0, 30))
        self.finish(second, number=102)
        self.assertEqual(theirs.amount_residual, 0)

    def test_a_document_alone_is_as_strict_as_before(self):
        with self.assertRaisesRegex(UserError, "Only customer invoices"):
            self.entry((self.partner_a, 70)).with_user(self.clerk).nets_start_card_payment(
                70, self.terminal.id, str(uuid.uuid4())
            )
