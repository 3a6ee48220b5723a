"""Borders of the till: whose payment it is, what is kept of it, and what prevents the addon from being removed."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged

from .common import PosCardCommon

YEAR = 366 * 24 * 3600


@tagged("post_install", "-at_install")
class TestPosBorders(PosCardCommon):
    def abort(self, user, transaction):
        return call_kw(self.env["nets.transaction"].with_user(user), "abort", [transaction.ids], {})

    def test_rule_24_the_tills_payments_are_the_tills_and_invoices_are_not(self):
        colleague = self._new_pos_user("nets_colleague", "point_of_sale.group_pos_user")
        at_till = self.send(self.card_order().payment_ids)
        with self.assertRaises(AccessError):
            self.abort(self.clerk, at_till)
        self.assertFalse(at_till.abort_requested_at)
        self.abort(colleague, at_till)
        self.assertEqual(at_till.abort_requested_by_id, colleague)
        in_office = self.start_invoice()
        for user in (self.cashier, colleague):
            with self.assertRaises(AccessError):
                self.abort(user, in_office)
            with self.assertRaises(AccessError):
                call_kw(self.env["nets.transaction"].with_user(user), "action_book_again", [in_office.ids], {})
        self.assertEqual(in_office.state, "pending")

    def start_invoice(self):
        """A clerk's payment of an invoice, on the other terminal."""
        invoice = self.make_invoice(10).with_user(self.clerk)
        [progress] = invoice.nets_start_card_payment(10, self.terminal_2.id, "invoice-request")
        return self.engine["nets.transaction"].browse(progress["id"])

    def test_a_cashier_isnt_told_whose_invoice_it_is(self):
        in_office = self.start_invoice()
        invoice = in_office.invoice_ids
        self.assertIn(invoice.name, in_office.with_user(self.clerk).story)
        self.assertNotIn(invoice.name, in_office.with_user(self.cashier).story)

    def test_what_the_till_copied_of_a_receipt_goes_with_it(self):
        order = self.card_order()
        transaction = self.charge(order.payment_ids)
        self.validate(order)
        payment = transaction.pos_payment_id
        self.assertRecordValues(payment, [{"ticket": "CUSTOMER", "card_no": "1234", "card_brand": "Visa"}])
        self.pass_time(transaction, 12 * YEAR)
        with patch.object(self.env.registry["ir.cron"], "_commit_progress", lambda *_args, **_values: 1):
            self.engine["nets.transaction"]._cron_remove_old()
        self.assertRecordValues(payment, [{"ticket": False, "card_no": False, "card_brand": "Visa", "amount": 100}])

    def test_rule_23_a_till_is_closed_before_the_addon_goes(self):
        module = self.engine["ir.module.module"].search([("name", "=", "nets_connect_cloud")])
        with self.assertRaisesRegex(UserError, f"Open session {self.session.name} of {self.config.name}"):
            module.button_uninstall()
        self.session.with_user(self.pos_manager).action_pos_session_closing_control()
        self.assertEqual(self.session.state, "closed")
        module.button_uninstall()
        self.assertEqual(module.state, "to remove")
