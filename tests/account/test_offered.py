"""Where *Card* is offered: where somebody could take a card, for what a card can be taken."""

from odoo.tests import tagged

from ..common import CardPaymentCommon, approved


@tagged("post_install", "-at_install")
class TestOffered(CardPaymentCommon):
    def offered(self, moves):
        """The codes that Odoo's *Pay* offers for these, the default first."""
        register = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=moves.ids)
        wizard = register.create({"journal_id": self.bank_journal.id})
        self.assertIn(wizard.payment_method_line_id, wizard.available_payment_method_line_ids)
        return wizard.payment_method_line_id.code, wizard.available_payment_method_line_ids.mapped("code")

    def make_first(self):
        """Let *Card* be what is proposed."""
        for payment_type in ("inbound", "outbound"):
            self.bank_journal._nets_method_line(payment_type).sequence = -1
        self.env.flush_all()
        self.bank_journal.invalidate_recordset()

    def test_for_customers_and_never_for_vendors(self):
        self.make_first()
        invoice = self.make_invoice(100)
        credit_note = self.make_invoice(100, move_type="out_refund")
        for move in (invoice, credit_note):
            self.assertEqual(self.offered(move)[0], "nets_terminal")
        for move_type in ("in_invoice", "in_refund"):
            default, offered = self.offered(self.make_invoice(100, move_type=move_type, invoice_date="2024-01-01"))
            self.assertNotIn("nets_terminal", offered)
            self.assertEqual(default, "manual")
        for partner_type, expected in (("customer", True), ("supplier", False)):
            payment = self.env["account.payment"].new(
                {"payment_type": "outbound", "partner_type": partner_type, "journal_id": self.bank_journal.id}
            )
            self.assertEqual("nets_terminal" in payment.available_payment_method_line_ids.mapped("code"), expected)

    def test_not_in_a_company_without_a_terminal(self):
        self.make_first()
        self.assertIn("nets_terminal", self.offered(self.make_invoice(100))[1])
        (self.terminal | self.terminal_2).active = False
        default, offered = self.offered(self.make_invoice(100))
        self.assertNotIn("nets_terminal", offered)
        self.assertEqual(default, "manual")
        payment = self.env["account.payment"].new({"payment_type": "inbound", "journal_id": self.bank_journal.id})
        self.assertNotIn("nets_terminal", payment.available_payment_method_line_ids.mapped("code"))

    def test_a_terminal_of_a_branch_takes_nothing_for_its_parent(self):
        (self.terminal | self.terminal_2).active = False
        branch = self.env["res.company"].sudo().create({"name": "Branch", "parent_id": self.company.id})
        account = self.env["nets.account"].sudo().create({"name": "B", "username": "b", "company_id": branch.id})
        values = {"name": "Kiosk", "identifier": "90000010", "account_id": account.id, "currency_id": self.usd.id}
        self.env["nets.terminal"].sudo().create(values)
        self.assertNotIn("nets_terminal", self.offered(self.make_invoice(100))[1])

    def test_what_was_charged_is_booked_where_the_last_terminal_is_gone(self):
        transaction = self.send(self.make_invoice(100))
        transaction._record_answer(approved(10000))
        (self.terminal | self.terminal_2).active = False
        transaction._book()
        self.assertRecordValues(transaction.payment_id, [{"amount": 100, "payment_method_code": "nets_terminal"}])
