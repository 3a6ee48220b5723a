"""A charge that no order takes: its payment is where an accountant finds it, and can use it."""

from odoo.tests import tagged

from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestOwnPayment(PosCardCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cards = cls.outstanding.copy({"code": "101498", "name": "Cards on their way"})
        # a method stays as it is while a session is open
        cls.session.action_pos_session_closing_control()
        cls.card_method.outstanding_account_id = cls.cards
        cls.session = cls.open_session()

    def astray(self, **values):
        """Charged, and its order is thrown away."""
        order = self.card_order(100, **values)
        transaction = self.charge(order.payment_ids)
        self.session.with_user(self.pos_manager).nets_allow_closing("The customer left")
        self.assertTrue(transaction.without_order)
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        return transaction

    def test_the_money_is_on_its_way_where_the_method_says(self):
        for account in (self.outstanding, self.env["account.account"]):
            with self.subTest(account.name), self.undone():
                self.method_line.payment_account_id = account
                payment = self.astray().payment_id
                self.assertPaymentLines(payment, [(self.cards, 100, 0, 100), (self.pos_receivable, 0, 100, -100)])

    def test_a_known_customers_credit_pays_the_next_invoice(self):
        transaction = self.astray(partner_id=self.partner_a.id)
        payment = transaction.payment_id
        self.assertPaymentLines(payment, [(self.cards, 100, 0, 100), (self.receivable, 0, 100, -100)])
        self.assertIn("match it with another invoice", transaction.booking_note)
        invoice = self.make_invoice(100)
        credit = payment.move_id.line_ids.filtered(lambda line: line.account_id == self.receivable)
        invoice.js_assign_outstanding_line(credit.id)
        self.assertEqual(invoice.amount_residual, 0)

    def test_nobodys_credit_is_said_to_be_nobodys(self):
        transaction = self.astray()
        self.assertNotIn("match it with another invoice", transaction.booking_note)
        self.assertIn(self.pos_receivable.name, transaction.booking_note)
