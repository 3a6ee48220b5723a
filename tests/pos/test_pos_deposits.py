"""Charged for an order of a later day: received at the closing, and moved when the order is finished, or goes back."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..common import approved
from .test_pos_closing import PosClosingCase


@tagged("post_install", "-at_install")
class TestDeposits(PosClosingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deposits = cls.env["account.account"].create(
            {"name": "Deposits", "code": "299911", "account_type": "liability_current", "reconcile": True}
        )
        cls.company.nets_deposit_account_id = cls.deposits
        cls.today = fields.Date.today()
        cls.last_month = cls.today.replace(day=1) - timedelta(days=1)

    def deposit(self, amount=40, total=100, **values):
        """:return: what is charged for an order of a later day; the session isn't closed yet"""
        order = self.sync(self.order_values((self.card_method, amount), total=total, **values))
        order.preset_time = fields.Datetime.now() + timedelta(days=3)
        charge = self.charge(order.payment_ids, outcome=approved(round(amount * 100), number=1))
        charge.charge_date = self.last_month
        return charge

    def next_day(self, charge):
        """The day of the order, at the till: the next session takes it over."""
        self.session = self.open_session()
        order = charge.pos_order_id
        order.preset_time = fields.Datetime.now()
        self.sync(self.stale(order, session_id=self.session.id))
        self.assertEqual(order.session_id, self.session)
        return order

    def finish(self, order, method, amount, number=2):
        """The rest is paid, and the order is done."""
        self.sync(self.stale(order, payment_ids=[Command.create(self.payment_values(method, amount))]))
        rest = order.payment_ids.filtered(lambda line: line.amount == amount)
        if method == self.card_method:
            self.charge(rest, outcome=approved(round(amount * 100), number=number, session_number="022"))
        self.validate(order)
        self.assertEqual(order.state, "paid")

    def balance(self, account, day=None):
        """What an account holds of what these tests did, at the end of a day."""
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", account.id),
                ("parent_state", "=", "posted"),
                ("id", ">", self.last_line),
                ("date", "<=", day or fields.Date.today()),
            ]
        )
        return self.usd.round(sum(lines.mapped("balance")))

    def setUp(self):
        super().setUp()
        self.last_line = self.env["account.move.line"].search([], order="id desc", limit=1).id or 0

    def assertBalances(self, day=None, **expected):
        found = {name: self.balance(getattr(self, name), day) for name in expected}
        self.assertEqual(found, expected)

    def test_it_is_received_over_the_months_end_and_earned_when_the_order_is_finished(self):
        charge = self.deposit()
        self.closed()
        payment = charge.payment_id
        self.assertEqual((payment.date, payment.state), (self.last_month, "in_process"))
        self.assertEqual(payment.memo, f"Card · {charge.pos_order_id._nets_name()} · 90000001/021/000001 · play money")
        self.assertPaymentLines(payment, [(self.outstanding, 40, 0, 40), (self.pos_receivable, 0, 40, 0)])
        self.assertBalances(self.last_month, outstanding=40, pos_receivable=0, deposits=-40)
        self.assertFalse(charge.without_order)
        order = self.next_day(charge)
        self.finish(order, self.card_method, 60)
        self.closed()
        self.assertBalances(self.last_month, outstanding=40, pos_receivable=0, deposits=-40)
        self.assertBalances(outstanding=100, pos_receivable=0, deposits=0)
        self.assertEqual(self.session.bank_payment_ids.mapped("amount_signed"), [60], "the deposit had come before")
        self.assertEven(self.session, self.pos_receivable)
        self.assertEqual(charge._money_items(), payment._seek_for_lines()[0])
        of_deposits = self.env["account.move.line"].search([("account_id", "=", self.deposits.id)])
        self.assertTrue(all(of_deposits.mapped("reconciled")))
        sales = self.session.move_id.line_ids.filtered(lambda line: line.account_id.account_type == "income")
        self.assertEqual(sum(sales.mapped("balance")), -100)

    def test_it_stays_while_the_order_is_open(self):
        charge = self.deposit()
        self.closed()
        payment = charge.payment_id
        self.session = self.open_session()
        self.sell(5, 7)
        self.closed()
        self.session = self.open_session()
        self.sync(self.stale(charge.pos_order_id, session_id=self.session.id))
        self.closed()
        self.assertEqual(charge.payment_id, payment)
        self.assertBalances(outstanding=45, deposits=-40)

    def test_the_rest_in_cash(self):
        charge = self.deposit()
        self.closed()
        self.finish(self.next_day(charge), self.cash_method, 60)
        self.closed()
        self.assertFalse(self.session.bank_payment_ids)
        self.assertBalances(outstanding=40, pos_receivable=0, deposits=0)

    def test_without_an_account_it_is_the_customers_credit(self):
        self.company.nets_deposit_account_id = False
        session = self.session
        for customer in (self.partner_a, self.env["res.partner"]):
            self.session = session
            with self.subTest(customer.name), self.undone():
                account = self.receivable if customer else self.pos_receivable
                charge = self.deposit(partner_id=customer.id)
                self.closed()
                payment = charge.payment_id
                self.assertEqual(payment.partner_id, customer)
                self.assertPaymentLines(payment, [(self.outstanding, 40, 0, 40), (account, 0, 40, -40)])
                self.finish(self.next_day(charge), self.cash_method, 60)
                self.closed()
                self.assertPaymentLines(payment, [(self.outstanding, 40, 0, 40), (account, 0, 40, 0)])
                self.assertEqual(self.balance(self.pos_receivable), 0)

    def test_customers_who_are_identified(self):
        self.close()
        self.card_method.split_transactions = True
        self.session = self.open_session()
        charge = self.deposit(partner_id=self.partner_a.id)
        self.closed()
        self.assertBalances(outstanding=40, receivable=0, deposits=-40)
        self.finish(self.next_day(charge), self.card_method, 60)
        self.closed()
        self.assertBalances(outstanding=100, receivable=0, deposits=0)
        self.assertEven(self.session, self.receivable)

    def test_an_invoiced_order(self):
        charge = self.deposit(partner_id=self.partner_a.id)
        self.closed()
        order = self.next_day(charge)
        self.sync(self.stale(order, payment_ids=[Command.create(self.payment_values(self.card_method, 60))]))
        rest = order.payment_ids.filtered(lambda line: line.amount == 60)
        self.charge(rest, outcome=approved(6000, number=2))
        self.validate(order, partner_id=self.partner_a.id, to_invoice=True)
        self.assertEqual(order.account_move.payment_state, "paid")
        self.closed()
        self.assertBalances(outstanding=100, receivable=0, pos_receivable=0, deposits=0)

    def test_the_terminal_takes_it_back_in_a_later_session(self):
        charge = self.deposit()
        self.closed()
        payment = charge.payment_id
        self.next_day(charge)
        reversal = self.reverse(charge)
        self.assertEqual(payment.state, "in_process", "of another day: what was in its books stays there")
        self.assertEqual((reversal.payment_id.payment_type, reversal.payment_id.amount), ("outbound", 40))
        self.assertIn("90000001/021/000002", reversal.payment_id.memo)
        self.assertPaymentLines(payment, [(self.outstanding, 40, 0, 40), (self.pos_receivable, 0, 40, 0)])
        self.assertBalances(self.last_month, outstanding=40, pos_receivable=0, deposits=-40)
        with self.subTest("and the books close"):
            charge.pos_order_id.with_user(self.cashier).action_pos_order_cancel()
            self.closed()
            self.assertBalances(pos_receivable=0, deposits=0)
            self.assertEqual(sum((payment | reversal.payment_id).mapped("amount_signed")), 0)
            self.assertFalse(charge.can_reverse or reversal.can_reverse)

    def test_taken_back_on_the_same_day_it_never_came(self):
        charge = self.deposit()
        charge.charge_date = charge._pos_today()
        self.closed()
        payment = charge.payment_id
        self.next_day(charge)
        reversal = self.reverse(charge)
        self.assertEqual((payment.state, reversal.payment_id), ("canceled", payment))
        self.assertBalances(outstanding=0, pos_receivable=0, deposits=0)

    def test_taken_back_before_the_closing_it_is_booked_nowhere(self):
        charge = self.deposit()
        self.reverse(charge)
        self.closed()
        self.assertFalse(charge.payment_id)
        self.assertBalances(outstanding=0, deposits=0)

    def test_an_order_that_is_given_up_gives_it_to_the_customer(self):
        charge = self.deposit(partner_id=self.partner_a.id)
        self.closed()
        payment = charge.payment_id
        self.next_day(charge)
        charge.with_user(self.pos_manager).action_pos_take_off()
        self.assertTrue(charge.without_order)
        self.assertEqual(charge.payment_id, payment, "it had come: once")
        self.assertPaymentLines(payment, [(self.outstanding, 40, 0, 40), (self.receivable, 0, 40, -40)])
        self.assertBalances(outstanding=40, receivable=-40, deposits=0)
        self.assertFalse(charge.pos_payment_id)
        refund = self.send_refund(charge)
        self.assertPaymentLines(payment, [(self.outstanding, 40, 0, 40), (self.receivable, 0, 40, 0)])
        self.assertEqual(refund.payment_id.amount_signed, -40)
        self.assertBalances(receivable=0, deposits=0)

    def send_refund(self, charge):
        progress = charge.with_user(self.pos_manager).start_refund(
            -40, self.terminal.id, f"7d4f0a0e-0000-4000-8000-{charge.id:012}"
        )
        refund = self.engine["nets.transaction"].browse(progress[0]["id"])
        self.assertTrue(refund._claim("thread-1"))
        refund._record_answer(approved(4000, number=9))
        refund._book()
        self.assertTrue(refund.booked_at, refund.booking_error)
        return refund

    def test_a_charge_of_an_earlier_day_that_gets_its_order_later_stays_in_its_books(self):
        order = self.card_order(40)
        charge = self.charge(order.payment_ids, outcome=approved(4000, number=1))
        charge.charge_date = self.last_month
        self.session.with_user(self.pos_manager).nets_allow_closing("The customer left")
        order.with_user(self.cashier).action_pos_order_cancel()
        payment = charge.payment_id
        self.assertBalances(self.last_month, outstanding=40, pos_receivable=-40)
        later = self.sync(self.order_values(total=40))
        self.env["nets.transaction.attach"].with_user(self.pos_manager).create(
            {"transaction_id": charge.id, "pos_order_id": later.id}
        ).action_attach()
        self.validate(later)
        self.closed()
        self.assertEqual((payment.state, charge.payment_id), ("in_process", payment))
        self.assertBalances(self.last_month, outstanding=40, pos_receivable=-40)
        self.assertBalances(outstanding=40, pos_receivable=0)
        self.assertEqual(self.session.bank_payment_ids, payment)
        self.assertPaymentLines(payment, [(self.outstanding, 40, 0, 40), (self.pos_receivable, 0, 40, 0)])

    def test_a_register_that_closes_nevertheless_has_it_once(self):
        charge = self.deposit()
        self.closed()
        self.next_day(charge)
        self.session.with_user(self.pos_manager).nets_allow_closing("The customer never came")
        self.assertTrue(charge.without_order)
        charge.pos_order_id.with_user(self.cashier).action_pos_order_cancel()
        self.closed()
        self.assertBalances(outstanding=40, pos_receivable=-40, deposits=0)

    def test_refunded_after_the_order_was_finished(self):
        charge = self.deposit(amount=100)
        self.closed()
        order = self.next_day(charge)
        self.validate(order)
        self.give_back(charge, 5, "022")
        self.closed()
        self.assertEqual(self.session.bank_payment_ids.mapped("amount_signed"), [-100])
        self.assertBalances(outstanding=0, pos_receivable=0, deposits=0)
        self.assertEven(self.session, self.pos_receivable)

    def test_it_goes_back_in_the_till_only_as_long_as_its_order_stands(self):
        charge = self.deposit()
        self.closed()
        self.assertFalse(charge._has_own_payment())
        payment = charge.payment_id.with_user(self.manager)
        self.assertFalse(payment.nets_can_refund or payment.nets_can_reverse)
        with self.assertRaisesRegex(UserError, "Point of Sale"):
            payment.action_nets_refund()

    def test_the_accounting_app_without_an_outstanding_account(self):
        with self.accounting_app():
            self.close()
            self.card_method.outstanding_account_id = False
            self.method_line.payment_account_id = False
            self.session = self.open_session()
            charge = self.deposit()
            self.closed()
            self.assertBalances(outstanding=40, deposits=-40)
            self.finish(self.next_day(charge), self.card_method, 60)
            self.closed()
            self.assertBalances(outstanding=100, pos_receivable=0, deposits=0)

    def test_the_account_is_a_liability(self):
        with self.assertRaisesRegex(ValidationError, "can't hold deposits"):
            self.company.nets_deposit_account_id = self.receivable

    def test_the_set_up_proposes_an_account(self):
        self.company.nets_deposit_account_id = False
        self.company._nets_propose_extra_accounts()
        account = self.company.nets_deposit_account_id
        self.assertEqual((account.account_type, account.reconcile), ("liability_current", True))
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.assertEqual(branch._nets_deposit_account(), account)
