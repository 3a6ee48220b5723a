"""What an accountant looks at twice: the printed page, another month, branches, other people's documents."""

import uuid
from datetime import timedelta

from odoo import Command
from odoo.tests import new_test_user, tagged

from ..common import CardPaymentCommon, approved


@tagged("post_install", "-at_install")
class TestAccountantsDetails(CardPaymentCommon):
    def finish(self, transaction, number=301, **changes):
        self.assertTrue(transaction._claim("thread-2"))
        transaction._record_answer(approved(self.minor(transaction), number=number))
        if changes:
            transaction._compare_and_set(changes, ("approved",))
        transaction._book()
        self.env.invalidate_all()
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        return transaction

    def started(self, progress):
        return self.engine["nets.transaction"].browse(progress[0]["id"])

    # === ON PAPER === #

    def test_a_refund_is_printed_on_the_invoice_that_it_is_for(self):
        first, second = self.make_invoice(600), self.make_invoice(400)
        purchase = self.charge(first | second)
        credit_note = self._create_invoice_one_line(
            price_unit=100,
            product_id=self.product_a,
            tax_ids=[Command.clear()],
            move_type="out_refund",
            reversed_entry_id=second.id,
            post=True,
        )
        payout = self.finish(
            self.started(
                credit_note.with_user(self.clerk).nets_start_payout(
                    -100, self.terminal.id, str(uuid.uuid4()), refund_of_id=purchase.id
                )
            )
        )
        due_again = self.finish(
            self.started(
                purchase.with_user(self.clerk).start_refund(
                    -50, self.terminal.id, str(uuid.uuid4()), invoice_id=first.id
                )
            ),
            number=302,
        )
        self.assertEqual(first._nets_printed_transactions(), purchase | due_again)
        self.assertEqual(second._nets_printed_transactions(), purchase | payout)
        self.assertEqual(credit_note._nets_printed_transactions(), payout)

    # === ANOTHER DAY === #

    def reverse(self, purchase, day):
        reversal = self.started(purchase.with_user(self.clerk).start_reversal(str(uuid.uuid4())))
        reversal._compare_and_set({"baseline": None}, ("pending",))
        reversal.baseline = {"known": True}
        return self.finish(reversal, charge_date=day)

    def test_a_reversal_leaves_the_books_of_another_day_alone(self):
        invoice = self.make_invoice(1000)
        for name, days, offset, cancelled in (
            ("the same day", 0, False, True),
            ("the next day", 1, False, False),
            ("always offset", 0, True, False),
        ):
            with self.subTest(name), self.undone():
                self.company.nets_always_offset = offset
                purchase = self.charge(invoice)
                reversal = self.reverse(purchase, purchase.charge_date + timedelta(days=days))
                self.assertEqual(purchase.payment_id.state == "canceled", cancelled)
                self.assertEqual(invoice.amount_residual, 1000)
                if not cancelled:
                    self.assertEqual(reversal.payment_id.payment_type, "outbound")
                    self.assertEqual(reversal.payment_id.date, purchase.charge_date + timedelta(days=days))
                    self.assertEqual(purchase.payment_id.move_id.state, "posted")

    # === WHAT ODOO'S PAY PROPOSES === #

    def test_what_is_proposed_is_what_odoos_pay_proposes(self):
        invoice = self.make_invoice(1000, invoice_payment_term_id=self.pay_terms_b)
        pay = (
            self.env["account.payment.register"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
        )
        data = invoice.with_user(self.clerk).nets_card_payment_data()
        self.assertEqual((data["amount"], data["whole"]), (pay.amount, 1000))
        self.assertLess(data["amount"], 1000)
        self.terminal.journal_id = False
        transaction = self.charge(invoice, data["amount"])
        self.assertEqual(transaction.payment_id.journal_id, pay.journal_id)

    def test_it_is_not_offered_where_it_would_be_refused(self):
        bill = self.make_invoice(100, move_type="in_invoice")
        card = self.bank_journal._nets_method_line("outbound")
        self.bank_journal.outbound_payment_method_line_ids.filtered(lambda line: line != card).sequence = 99
        card.sequence = 1
        with self.subTest("a vendor's bill"):
            wizard = self.pay_wizard(bill, self.env["account.payment.method.line"], journal_id=self.bank_journal.id)
            self.assertNotIn(card, wizard.available_payment_method_line_ids)
            wizard = (
                self.env["account.payment.register"]
                .with_user(self.clerk)
                .with_context(active_model="account.move", active_ids=bill.ids)
                .create({"journal_id": self.bank_journal.id})
            )
            self.assertNotEqual(wizard.payment_method_line_id, card)
            wizard.action_create_payments()
            self.assertEqual(bill.amount_residual, 0)
        with self.subTest("a company without a terminal"):
            (self.terminal | self.terminal_2).active = False
            wizard = self.register(self.make_invoice(100), nets_terminal_id=False)
            self.assertNotIn(self.method_line, wizard.available_payment_method_line_ids)

    # === BRANCHES === #

    def test_a_branch_pays_where_its_parent_has_the_account(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()
        self.method_line.payment_account_id = False
        user = new_test_user(
            self.env,
            login="nets_branch",
            groups="account.group_account_invoice",
            company_id=branch.id,
            company_ids=[Command.set(branch.ids)],
        )
        invoice = self.make_invoice(1000, company_id=branch.id)
        transaction = self.charge(invoice, 1000, user=user)
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        self.assertEqual((transaction.company_id, invoice.amount_residual), (branch, 0))

    # === PLAY MONEY === #

    def test_play_money_says_so_in_the_memo(self):
        payment = self.charge(self.make_invoice(10)).payment_id
        self.assertTrue(payment.memo.endswith("90000001/021/000101 · play money"))
        self.assertEqual(payment.move_id.ref, payment.memo)
        transaction = self.send(self.make_invoice(20))
        transaction.environment = "production"
        transaction._record_answer(approved(2000, number=102))
        transaction._book()
        self.assertTrue(transaction.payment_id.memo.endswith("90000001/021/000102"))
