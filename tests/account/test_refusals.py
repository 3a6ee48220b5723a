"""What is refused before anything is sent: in plain words, and without leaving a trace."""

import uuid

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import CardPaymentCommon, approved, declined, lost


@tagged("post_install", "-at_install")
class TestRefusals(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.make_invoice(1000)

    def assertRefused(self, text, invoices, amount=10, terminal=None, user=None, error=UserError):
        transactions = self.engine["nets.transaction"]
        before = transactions.search_count([])
        with self.assertRaisesRegex(error, text), self.env.cr.savepoint():
            invoices.with_user(user or self.clerk).nets_start_card_payment(
                amount, (terminal or self.terminal).id, str(uuid.uuid4())
            )
        self.assertEqual(transactions.search_count([]), before)

    def assertWizardRefuses(self, text, invoices, **values):
        wizard = self.register(invoices, **values)
        with self.assertRaisesRegex(UserError, text), self.env.cr.savepoint():
            wizard.action_nets_process_card()
        self.assertFalse(self.engine["nets.transaction"].search([("invoice_ids", "in", invoices.ids)]))

    # === AMOUNTS === #

    def test_amounts_that_are_none(self):
        for amount in (float("nan"), float("inf"), float("-inf"), True, False, None, "10", "", [10], {}):
            with self.subTest(amount=amount):
                self.assertRefused("isn't a number", self.invoice, amount)

    def test_amounts_that_are_too_small(self):
        for amount in (0, 0.0, -0.01, -1000):
            with self.subTest(amount=amount):
                self.assertRefused("greater than zero", self.invoice, amount)
                self.assertWizardRefuses("greater than zero", self.invoice, amount=amount)

    def test_amounts_above_what_is_due(self):
        for amount in (1000.01, 1e12):
            with self.subTest(amount=amount):
                self.assertRefused(r"Only .*1,000\.00.* is due", self.invoice, amount)
                self.assertWizardRefuses(r"Only .*1,000\.00.* is due", self.invoice, amount=amount)
        self.charge(self.invoice, 600)
        self.assertRefused(r"Only .*400\.00.* is due", self.invoice, 400.01)

    def test_amounts_with_more_decimals_than_the_currency(self):
        for amount in (10.001, 0.001, 999.999):
            with self.subTest(amount=amount):
                self.assertRefused("USD has only 2 decimals", self.invoice, amount)
        jpy = self.setup_other_currency("JPY", rates=[("2016-01-01", 100)])
        yen = self.terminal.copy({"identifier": "90000003", "currency_id": jpy.id})
        self.assertRefused("JPY has only 0 decimals", self.make_invoice(1000, currency_id=jpy), 10.5, yen)

    def test_floats_as_javascript_has_them_are_fine(self):
        for amount in (0.1 + 0.2, 1.1 * 3, 999.99):
            with self.subTest(amount=amount), self.undone():
                self.start(self.invoice, amount)

    # === INVOICES === #

    def test_invoices_that_cannot_be_paid(self):
        cancelled = self.make_invoice(10)
        cancelled.button_draft()
        cancelled.button_cancel()
        paid = self.make_invoice(10)
        self._register_payment(paid)
        for name, text, invoice in (
            ("draft", "isn't confirmed yet", self.make_invoice(10, post=False)),
            ("cancelled", "is cancelled", cancelled),
            ("paid", "is paid already", paid),
            ("vendor bill", "Only customer invoices", self.make_invoice(10, move_type="in_invoice")),
            ("credit note", "Only customer invoices", self.make_invoice(10, move_type="out_refund")),
            ("nothing", "Choose an invoice", self.env["account.move"]),
        ):
            with self.subTest(name):
                self.assertRefused(text, invoice)
                with self.assertRaisesRegex(UserError, text):
                    invoice.with_user(self.clerk).action_nets_pay_by_card()
                with self.assertRaisesRegex(UserError, text):
                    invoice.with_user(self.clerk).nets_card_payment_data()

    def test_an_invoice_paid_while_the_dialog_was_open(self):
        self._register_payment(self.invoice)
        self.assertRefused("is paid already", self.invoice)

    def test_another_companys_invoice(self):
        other = self.setup_other_company(name="Neighbour")["company"]
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "company_id": other.id,
                    "invoice_line_ids": [Command.create({"name": "x", "price_unit": 10, "tax_ids": []})],
                }
            )
        )
        invoice.action_post()
        self.assertRefused("", invoice, error=AccessError)
        self.assertRefused("doesn't belong to Neighbour", invoice, user=self.env.user)

    # === GROUPS OF INVOICES === #

    def test_groups_that_are_no_single_debt(self):
        eur = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.5)])
        other_account = self.copy_account(self.receivable)
        somebody = self.partner_a.copy({"name": "Same customer, other books"})
        somebody.property_account_receivable_id = other_account
        same_customer = self.make_invoice(10)
        same_customer.button_draft()
        same_customer.line_ids.filtered(lambda line: line.display_type == "payment_term").account_id = other_account
        same_customer.action_post()
        for name, text, invoice in (
            ("customers", "different customers", self.make_invoice(10, partner_id=self.partner_b)),
            ("currencies", "different currencies", self.make_invoice(10, currency_id=eur)),
            ("receivable accounts", "can't become one payment", same_customer),
        ):
            with self.subTest(name):
                self.assertRefused(text, self.invoice | invoice)

    def test_contacts_of_one_customer_are_one_customer(self):
        contact = self.env["res.partner"].create({"name": "Reception", "parent_id": self.partner_a.id})
        invoices = self.invoice | self.make_invoice(500, partner_id=contact)
        transaction = self.charge(invoices)
        self.assertEqual(transaction.payment_id.amount, 1500)
        self.assertEqual(sum(invoices.mapped("amount_residual")), 0)

    def test_different_companies(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.cr.precommit.run()  # loads its chart of accounts
        self.env.user.company_ids |= branch
        self.clerk.company_ids |= branch
        invoice = (
            self.env["account.move"]
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_a.id,
                    "invoice_line_ids": [Command.create({"name": "x", "price_unit": 10, "tax_ids": []})],
                }
            )
        )
        invoice.action_post()
        both = (self.invoice | invoice).with_context(allowed_company_ids=[self.company.id, branch.id])
        self.assertRefused("different companies", both)
        with self.subTest("a branch may use its parent's terminal"):
            clerk = invoice.with_context(allowed_company_ids=[branch.id, self.company.id])
            transaction = self.charge(clerk)
            self.assertEqual((transaction.company_id, transaction.payment_id.company_id), (branch, branch))
            self.assertEqual(invoice.amount_residual, 0)

    def test_the_wizard_wants_one_payment(self):
        invoices = self.invoice | self.make_invoice(500)
        self.assertTrue(self.register(invoices).group_payment, "nobody has to tick it")
        self.assertWizardRefuses("Tick “Group Payments”", invoices, group_payment=False)

    # === TERMINALS === #

    def test_terminals_that_cannot_be_used(self):
        eur = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.5)])
        other_company = self.env["res.company"].create({"name": "Neighbour"})
        other_account = self.account.copy({"company_id": other_company.id})
        archived_account = self.account.copy({"name": "old"})
        archived_account.active = False

        def terminal(number, **values):
            return self.terminal.copy(
                {"identifier": f"9000001{number}", "location_id": False, "journal_id": False, **values}
            )

        for name, text, unusable in (
            ("archived", "doesn't exist any more", terminal(0, active=False)),
            ("archived account", "doesn't exist any more", terminal(1, account_id=archived_account.id)),
            ("deleted", "doesn't exist any more", self.terminal.browse(987654321)),
            ("none", "doesn't exist any more", self.terminal.browse(False)),
            ("other company", "doesn't belong to", terminal(2, account_id=other_account.id)),
            ("other currency", "charges in EUR, but the amount is in USD", terminal(3, currency_id=eur.id)),
        ):
            with self.subTest(name):
                before = self.engine["nets.transaction"].search_count([])
                with self.assertRaisesRegex(UserError, text):
                    self.invoice.with_user(self.clerk).nets_start_card_payment(10, unusable.id, str(uuid.uuid4()))
                self.assertEqual(self.engine["nets.transaction"].search_count([]), before)
                offered = self.invoice.with_user(self.clerk).nets_card_payment_data()["terminals"]
                self.assertNotIn(unusable.id, [record["id"] for record in offered])

    def test_no_journal_offers_it(self):
        self.terminal.journal_id = False
        self.env["account.journal"].search([("type", "=", "bank")]).inbound_payment_method_line_ids.filtered(
            lambda line: line.code == "nets_terminal"
        ).unlink()
        self.assertRefused("No bank journal offers “Card”", self.invoice)

    def test_nowhere_to_book_it(self):
        """No outstanding account: better refused now than charged and not booked."""
        self.method_line.payment_account_id = False
        self.company.transfer_account_id = False
        self.env["ir.model.data"].search(
            [("name", "=", f"{self.company.id}_account_journal_payment_debit_account_id")]
        ).unlink()
        self.assertRefused("No outstanding account", self.invoice)

    # === PEOPLE === #

    def test_without_the_group(self):
        accountant = new_test_user(
            self.env, login="nets_reader", groups="account.group_account_readonly", company_id=self.company.id
        )
        self.assertRefused("You may not use card terminals", self.invoice, user=accountant, error=AccessError)
        with self.assertRaisesRegex(AccessError, "You may not use card terminals"):
            self.invoice.with_user(accountant).nets_card_payment_data()
        self.assertFalse(self.invoice.with_user(accountant).nets_can_pay_by_card)

    def test_seeing_an_invoice_is_not_enough(self):
        """The group for terminals, and an invoice that may be read only."""
        reader = new_test_user(
            self.env,
            login="nets_reader",
            groups="account.group_account_readonly,nets_connect_cloud.group_user",
            company_id=self.company.id,
        )
        self.assertRefused("", self.invoice, user=reader, error=AccessError)

    # === ONE STEP ON A DRAFT === #

    def test_confirm_and_pay(self):
        draft = self.make_invoice(700, post=False).with_user(self.clerk)
        self.assertTrue(draft.nets_can_confirm_and_pay)
        self.assertFalse(draft.nets_can_pay_by_card)
        action = draft.action_nets_confirm_and_pay()
        self.assertEqual(draft.state, "posted")
        self.assertEqual(action["tag"], "nets_connect_cloud.card_dialog")
        task = action["params"]["task"]
        self.assertEqual((task["type"], task["invoice_ids"], task["start"]), ("payment", draft.ids, True))
        draft.invalidate_recordset()
        self.assertTrue(draft.nets_can_pay_by_card)
        self.assertFalse(draft.nets_can_confirm_and_pay)

    def test_confirm_and_pay_switched_off(self):
        self.env["res.config.settings"].create({"nets_confirm_and_pay": False}).execute()
        draft = self.make_invoice(700, post=False).with_user(self.clerk)
        self.assertFalse(draft.nets_can_confirm_and_pay)
        with self.assertRaisesRegex(UserError, "switched off in the settings"):
            draft.action_nets_confirm_and_pay()
        self.assertEqual(draft.state, "draft")

    # === TRY AGAIN === #

    def test_only_what_was_not_charged_is_tried_again(self):
        failed = self.charge(self.invoice, 300, outcome=declined()).with_user(self.clerk)
        with self.subTest("declined"), self.undone():
            [again] = failed.retry(str(uuid.uuid4()), self.terminal_2.id)
            transaction = self.engine["nets.transaction"].browse(again["id"])
            self.assertEqual((transaction.amount, transaction.terminal_id), (300, self.terminal_2))
            self.assertEqual(transaction.retry_of_id.id, failed.id)
        for name, prepare in {
            "pending": lambda transaction: None,
            "unknown": lambda transaction: transaction._record_answer(lost()),
            "approved": lambda transaction: (transaction._record_answer(approved(30000)), transaction._book()),
        }.items():
            with self.subTest(name), self.undone():
                transaction = self.send(self.invoice, 300)
                prepare(transaction)
                with self.assertRaisesRegex(UserError, "isn't tried again"):
                    transaction.with_user(self.clerk).retry(str(uuid.uuid4()), self.terminal_2.id)
        with self.subTest("found charged meanwhile"):
            failed.sudo()._record_answer(approved(30000))
            failed.sudo()._book()
            with self.assertRaisesRegex(UserError, "isn't tried again"):
                failed.retry(str(uuid.uuid4()), self.terminal_2.id)

    def test_terminal_not_offered_on_invoices(self):
        self.terminal.for_invoices = False
        terminals = self.env["nets.terminal"]
        usable = terminals.search(terminals._usable_domain(self.company, self.terminal.currency_id))
        self.assertNotIn(self.terminal, usable)
        self.assertIn(self.terminal_2, usable)
