"""A charge that accounting would refuse to book today isn't made."""

import uuid
from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import CardPaymentCommon


@tagged("post_install", "-at_install")
class TestRehearsal(CardPaymentCommon):
    def setUp(self):
        super().setUp()
        # what other tests rehearsed
        self.env.registry.clear_cache("stable")
        self.invoice = self.make_invoice(1000)

    @contextmanager
    def posting(self, before):
        """Have something done each time a payment is posted, as another module's override might."""
        payments = self.env.registry["account.payment"]
        original = payments.action_post

        def action_post(records):
            before(records)
            return original(records)

        with patch.object(payments, "action_post", action_post):
            yield

    def refuse(self, error):
        def before(records):
            raise error

        return self.posting(before)

    def books(self):
        """All that a rehearsal could leave behind."""
        models = ("account.payment", "account.move", "account.move.line", "account.partial.reconcile")
        return [self.env[model].search_count([]) for model in (*models, "nets.transaction", "mail.message")]

    def test_what_accounting_refuses_today_is_not_charged(self):
        for name, error, cause in (
            ("said in words", UserError("The period is closed."), "The period is closed."),
            ("a module that breaks", KeyError("batch"), "KeyError: 'batch'"),
        ):
            with (
                self.subTest(name),
                self.refuse(error),
                self.assertRaises(UserError) as refused,
                self.env.cr.savepoint(),
            ):
                self.start(self.invoice)
            label, sentence, *detail = refused.exception.args[0].splitlines()
            self.assertEqual(label, "Not bookable")
            self.assertRegex(sentence, r"^[A-Z].*No money moved.*\.$")
            self.assertIn(cause, " ".join(detail))
            self.assertFalse(self.invoice.nets_transaction_ids)
        self.start(self.invoice)
        self.assertEqual(self.invoice.nets_transaction_ids.state, "pending")

    def test_who_presses_does_not_wait_for_what_others_have(self):
        partner = self.env.ref("base.partner_root")

        def before(records):
            records.env.cr.execute(SQL("UPDATE res_partner SET color = color WHERE id = %s", partner.id))

        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute(SQL("SELECT 1 FROM res_partner WHERE id = %s FOR UPDATE", partner.id))
            with self.posting(before):
                transaction = self.start(self.invoice)
        self.assertEqual(transaction.state, "pending", "nothing is refused by that")
        tried = []
        with self.posting(tried.append):
            self.start(self.make_invoice(10), terminal=self.terminal_2)
        self.assertTrue(tried, "it is tried the next time")

    def test_nor_is_a_refund(self):
        purchase = self.charge(self.invoice)
        credit_note = self.make_invoice(100, move_type="out_refund")
        presses = {
            "refund": lambda: purchase.with_user(self.clerk).start_refund(-100, self.terminal.id, str(uuid.uuid4())),
            "payout": lambda: credit_note.with_user(self.clerk).nets_start_payout(
                -100, self.terminal.id, str(uuid.uuid4())
            ),
        }
        for name, press in presses.items():
            with (
                self.subTest(name),
                self.refuse(UserError("The period is closed.")),
                self.assertRaisesRegex(UserError, "Not bookable"),
                self.env.cr.savepoint(),
            ):
                press()
        self.assertEqual(self.engine["nets.transaction"].search([("kind", "=", "refund")]).ids, [])
        presses["refund"]()

    def test_a_reversal_is_rehearsed_too(self):
        purchase = self.charge(self.invoice)
        state = purchase.payment_id.state
        with (
            patch.object(self.env.registry["account.payment"], "action_cancel", side_effect=KeyError("x")),
            self.assertRaisesRegex(UserError, "Not bookable"),
            self.env.cr.savepoint(),
        ):
            purchase.with_user(self.clerk).start_reversal(str(uuid.uuid4()))
        self.assertEqual(purchase.payment_id.state, state)

    def test_a_rehearsal_leaves_nothing_behind(self):
        told = []
        before, state = self.books(), self.invoice.payment_state
        with self.posting(lambda payments: self.env.cr.postcommit.add(lambda: told.append(payments))):
            transaction = self.start(self.invoice)
        after = self.books()
        self.assertEqual(after[:4], before[:4])
        self.assertEqual(after[4], before[4] + 1, "the reservation")
        self.assertEqual(after[5], before[5])
        self.assertEqual((self.invoice.payment_state, self.invoice.amount_residual), (state, 1000))
        self.env.cr.postcommit.run()
        self.assertEqual(told, [], "no mail about a payment that was never made")
        self.assertEqual((transaction.state, transaction.to_book, transaction.payment_id.ids), ("pending", False, []))

    def test_what_differs_in_customer_and_amount_alone_is_rehearsed_once(self):
        posted = []
        with self.posting(posted.append):
            running = self.start(self.invoice)
            running |= self.start(self.make_invoice(7, partner_id=self.partner_a.copy()), terminal=self.terminal_2)
            self.assertEqual(len(posted), 1)
            for name, record in {
                "journal": self.bank_journal,
                "account": self.receivable,
                "company": self.company,
            }.items():
                with self.subTest(name), self.undone():
                    for transaction in running:
                        transaction._end("failed", "never_sent")
                    # an accountant changes something, in a transaction of their own
                    self.env.cr.execute(
                        SQL(
                            "UPDATE %s SET write_date = write_date + interval '1 second' WHERE id = %s",
                            SQL.identifier(record._table),
                            record.id,
                        )
                    )
                    posted.clear()
                    self.start(self.invoice)
                    self.assertEqual(len(posted), 1)

    def test_what_is_particular_is_rehearsed_each_time(self):
        posted = []
        with self.posting(posted.append):
            for _press in range(2):
                wizard = self.register(
                    self.make_invoice(1000),
                    amount=990,
                    payment_difference_handling="reconcile",
                    writeoff_account_id=self.company.account_journal_early_pay_discount_loss_account_id.id,
                )
                wizard.action_nets_process_card()
                self.engine["nets.transaction"].search([], limit=1)._end("failed", "never_sent")
        self.assertEqual(len(posted), 2)
