"""What a charge is booked with is kept in columns that merges, deletions and years don't pass by (rule 22)."""

from contextlib import contextmanager
from unittest.mock import patch

from psycopg2.errors import ForeignKeyViolation
from psycopg2.extras import Json

from odoo.exceptions import AccessError, UserError
from odoo.modules.migration import load_script
from odoo.tests import Form, tagged
from odoo.tools import file_path, mute_logger

from ..common import CardPaymentCommon, approved


@tagged("post_install", "-at_install")
class TestReferences(CardPaymentCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1000)

    @contextmanager
    def refusing(self, error):
        """As if a module refused each payment."""

        def refuse(payments):
            raise error

        with patch.object(self.env.registry["account.payment"], "action_post", refuse):
            yield

    def approve(self, transaction):
        transaction._record_answer(approved(self.minor(transaction)))
        return transaction._book()

    def test_rule_22_customers_are_merged_while_the_card_is_charged(self):
        transaction = self.send(self.invoice)
        other = self.env["res.partner"].create({"name": "The same, again"})
        (self.partner_a | other).email = "same@example.com"
        self.env.flush_all()
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.partner_a | other).ids, other, extra_checks=False)
        self.env.invalidate_all()
        self.assertFalse(self.partner_a.exists())
        self.assertTrue(self.approve(transaction), transaction.booking_error)
        self.assertEqual((transaction.partner_id, transaction.payment_id.partner_id), (other, other))
        self.assertPaymentLines(
            transaction.payment_id, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, 0)]
        )
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_rule_22_what_a_charge_is_booked_with_is_not_deleted(self):
        journal = self.bank_journal.copy({"name": "Cards", "code": "CRD1"})
        account = self.receivable.copy({"code": "121299", "name": "Another receivable"})
        writeoff = self.company.account_journal_early_pay_discount_loss_account_id.copy({"code": "999299"})
        self.register(
            self.invoice,
            journal_id=journal.id,
            payment_method_line_id=journal._nets_method_line("inbound").id,
            amount=990,
            payment_difference_handling="reconcile",
            writeoff_account_id=writeoff.id,
        ).action_nets_process_card()
        transaction = self.engine["nets.transaction"].search([], limit=1)
        self.assertEqual((transaction.journal_id, transaction.writeoff_account_id), (journal, writeoff))
        transaction.destination_account_id = account
        for record in (journal, writeoff, account):
            with (
                self.subTest(record._name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(ForeignKeyViolation),
                self.env.cr.savepoint(),
            ):
                record.unlink()

    def test_a_manager_books_what_accounting_refuses_as_he_chooses(self):
        transaction = self.send(self.invoice)
        self.bank_journal.active = False
        self.assertFalse(self.approve(transaction))
        journal = self.bank_journal.copy({"name": "Open", "code": "BNKO", "active": True})
        account = self.receivable.copy({"code": "121298", "name": "Receivable of cards"})
        book = self.env["nets.transaction.book"].with_context(default_transaction_id=transaction.id)
        with self.subTest("not by everybody"), self.assertRaises(AccessError):
            book.with_user(self.clerk).create({})
        form = Form(book.with_user(self.manager))
        self.assertEqual((form.partner_id, form.account_id), (self.partner_a, self.receivable))
        form.save()
        with (
            self.subTest("refused again: nothing is changed"),
            self.assertRaisesRegex(UserError, "not booked"),
            self.env.cr.savepoint(),
        ):
            form.save().action_book()
        self.assertTrue(transaction.to_book)
        form.journal_id, form.partner_id, form.account_id = journal, self.partner_b, account
        form.save().action_book()
        self.assertFalse(transaction.to_book)
        payment = transaction.payment_id
        self.assertEqual((payment.journal_id, payment.partner_id), (journal, self.partner_b))
        outstanding = journal._nets_method_line("inbound").payment_account_id or self.outstanding
        self.assertPaymentLines(payment, [(outstanding, 1000, 0, 1000), (account, 0, 1000, -1000)])
        self.assertEqual(self.invoice.amount_residual, 1000, "another account: the accountant matches it")
        self.assertSaidOn(transaction, journal.display_name)
        with self.subTest("once"), self.assertRaisesRegex(UserError, "booked already"):
            form.save().action_book()

    def test_an_unexpected_error_reads_as_a_sentence(self):
        transaction = self.send(self.invoice)
        with self.refusing(KeyError("batch")):
            self.assertFalse(self.approve(transaction))
        self.assertRegex(transaction.booking_error, "^Odoo stopped with an unexpected error.*KeyError: 'batch'$")
        with self.refusing(UserError("The journal is closed.")):
            transaction._book()
        self.assertEqual(transaction.booking_error, "The journal is closed.")

    def test_what_was_kept_before_moves_into_the_columns(self):
        """An update in the middle of the day: a card is being charged."""
        plain, discount = self.start(self.invoice), self.start(self.make_invoice(50), terminal=self.terminal_2)
        loss = self.company.account_journal_early_pay_discount_loss_account_id
        kept = {
            "journal_id": self.bank_journal.id,
            "payment_method_line_id": self.method_line.id,
            "destination_account_id": self.receivable.id,
            "memo": "as it was",
            "residual": 1000.0,
            "write_off_line_vals": [],
        }
        granted = kept | {
            "residual": 50.0,
            "payment_method_line_id": 2**30,  # deleted since
            "invoice_id": self.invoice.id,
            "write_off_line_vals": [{"name": "Early", "account_id": loss.id, "balance": 1}],
        }
        names = (
            "journal_id",
            "payment_method_line_id",
            "destination_account_id",
            "memo",
            "amount_due",
            "difference_handling",
            "writeoff_account_id",
            "writeoff_label",
            "due_first_id",
            "payment_date",
        )
        (plain | discount).write(dict.fromkeys(names, False))
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE nets_transaction ADD COLUMN booking_values jsonb")
        for transaction, values in ((plain, kept), (discount, granted)):
            self.env.cr.execute(
                "UPDATE nets_transaction SET booking_values = %s WHERE id = %s", [Json(values), transaction.id]
            )
        script = file_path("nets_connect_cloud/migrations/19.0.2.0.0/post-migration.py")
        load_script(script, "post-migration").migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertRecordValues(
            plain | discount,
            [
                {
                    "journal_id": self.bank_journal.id,
                    "payment_method_line_id": self.method_line.id,
                    "destination_account_id": self.receivable.id,
                    "memo": "as it was",
                    "amount_due": 1000,
                    "difference_handling": "open",
                    "writeoff_account_id": False,
                    "due_first_id": False,
                },
                {
                    "journal_id": self.bank_journal.id,
                    "payment_method_line_id": False,
                    "destination_account_id": self.receivable.id,
                    "memo": "as it was",
                    "amount_due": 50,
                    "difference_handling": "reconcile",
                    "writeoff_account_id": loss.id,
                    "due_first_id": self.invoice.id,
                },
            ],
        )
        self.assertTrue(plain.payment_date)
        self.assertTrue(plain._claim("thread-1"))
        self.assertTrue(self.approve(plain), plain.booking_error)
        self.assertEqual(self.invoice.amount_residual, 0)
