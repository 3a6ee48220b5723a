"""What was taken in the Point of Sale and invoiced there: its money goes back there, and the back office says so."""

import uuid

from lxml import html

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..account.test_refund import RefundCase
from ..common import approved
from .test_pos_people import PosPeopleCase


@tagged("post_install", "-at_install")
class TestRefundOfPosInvoice(RefundCase, PosPeopleCase):
    def invoiced_order(self, method, amount=80.0):
        """:return: a paid order of the Point of Sale, and its invoice"""
        order = self.sync(self.order_values((method, amount), total=amount, partner_id=self.partner_a.id))
        if method == self.card_method:
            self.charge(order.payment_ids, outcome=approved(round(amount * 100)))
        self.validate(order, partner_id=self.partner_a.id, to_invoice=True)
        self.assertEqual(order.account_move.amount_total, amount)
        return order, order.account_move

    def assertSentToThePos(self, request):
        count = self.env["nets.transaction"].search_count([])
        with self.assertRaisesRegex(UserError, "the refund goes through the Point of Sale"):
            request()
        self.assertEqual(self.env["nets.transaction"].search_count([]), count)

    def test_its_row_under_the_total_offers_no_refund(self):
        _order, invoice = self.invoiced_order(self.card_method)
        [row] = invoice.with_user(self.clerk).invoice_payments_widget["content"]
        self.assertEqual(row["pos_payment_name"], "Card", "what the pop-over goes by")
        self.assertFalse(row.get("nets_can_refund") or row.get("nets_can_reverse"))

    def test_its_credit_note_is_not_paid_out_here(self):
        _order, invoice = self.invoiced_order(self.card_method)
        credit_note = self.make_credit_note(80, invoice).with_user(self.clerk)
        other = self.charge(self.make_invoice(500), outcome=approved(50000, number=102))
        terminal_id = self.terminal.id
        self.assertSentToThePos(credit_note.nets_payout_data)
        self.assertSentToThePos(credit_note.action_nets_pay_out)
        self.assertSentToThePos(lambda: credit_note.nets_start_payout(-80, terminal_id, str(uuid.uuid4())))
        self.assertSentToThePos(lambda: self.start_refund(other, -80, credit_note_id=credit_note.id))
        wizard = self.pay_wizard(credit_note, self.bank_journal._nets_method_line("outbound"))
        wizard.nets_terminal_id = self.terminal
        self.assertSentToThePos(wizard.action_create_payments)

    def test_what_was_put_on_the_customers_account_there_is_paid_and_refunded_here(self):
        on_account = self.env["pos.payment.method"].create({"name": "Customer account", "split_transactions": True})
        self.assertEqual(on_account.type, "pay_later")
        self.close()
        self.config.payment_method_ids |= on_account
        self.session = self.open_session()
        _order, invoice = self.invoiced_order(on_account)
        self.assertEqual(invoice.amount_residual, 80)
        purchase = self.charge(invoice)
        self.assertEqual(invoice.amount_residual, 0)
        credit_note = self.make_credit_note(80, invoice)
        data = credit_note.with_user(self.clerk).nets_payout_data()
        self.assertEqual((data["card_payment_id"], data["amount"]), (purchase.id, -80))
        refund = self.refund(purchase, -30, credit_note_id=credit_note.id)
        self.assertLines(refund.payment_id, {self.outgoing: (-30, -30), self.receivable: (30, 0)})
        self.assertEqual((invoice.amount_residual, credit_note.amount_residual), (0, 50))
        refund = self.refund(purchase, -50, number=202)
        self.assertLines(refund.payment_id, {self.outgoing: (-50, -50), self.receivable: (50, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (80, 80), self.receivable: (-80, 0)})
        self.assertEqual((invoice.amount_residual, credit_note.amount_residual), (50, 50))

    def test_the_printed_invoice_names_its_card(self):
        order, invoice = self.invoiced_order(self.card_method)
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", invoice.ids
        )
        [node] = html.fromstring(content).xpath("//div[@name='nets_card_payments']")
        text = " ".join(node.text_content().split())
        self.assertRegex(text, r"^Paid by card on \d\d/\d\d/\d{4}\s?: Visa •••• 1234, authorisation A00101$")
        # what was booked without its order has nothing to do with the invoice
        self.engine["nets.transaction"].search([("pos_order_id", "=", order.id)]).without_order = True
        self.assertFalse(invoice._nets_printed_transactions())

    def test_the_payment_of_a_session_offers_no_refund(self):
        """Closing a session books one payment for all of its cards: none of them can be told from it."""
        self.paid_order()
        self.close()
        payment = self.session.bank_payment_ids.with_user(self.clerk)
        self.assertEqual(payment.amount, 100)
        self.assertFalse(payment.nets_can_refund or payment.nets_can_reverse)
