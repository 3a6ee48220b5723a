"""What a closing books of its cards: found again in what NETS pays out, and equal to it to the cent."""

import uuid
from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import approved, last
from .test_pos_people import PosPeopleCase


class PosClosingCase(PosPeopleCase):
    def sell(self, amount, number, session_number="021", terminal=None, **values):
        """:return: the card transaction of an order that is paid"""
        order = self.card_order(amount, **values)
        outcome = approved(round(amount * 100), number=number, session_number=session_number)
        transaction = self.charge(order.payment_ids, outcome=outcome, terminal=terminal)
        self.validate(order, **{name: value for name, value in values.items() if name == "partner_id"})
        self.assertEqual(order.state, "paid")
        return transaction

    def give_back(self, transaction, number, session_number="021", share=1.0):
        """:return: the card transaction of a refund of an order, finished"""
        order = transaction.pos_order_id
        amount = order.amount_total * share
        refund = self.refund_order(order, (self.card_method, -amount), quantity=share)
        refund.partner_id = order.partner_id
        outcome = approved(round(amount * 100), number=number, session_number=session_number)
        transaction = self.charge(refund.payment_ids, outcome=outcome)
        self.validate(refund, partner_id=order.partner_id.id)
        self.assertEqual(refund.state, "paid")
        return transaction

    def reverse(self, charge, number=2):
        """:return: what had the terminal reverse this charge, of an order that isn't finished"""
        progress = self.rpc(self.cashier).pos_reverse(charge.pos_payment_uuid, str(uuid.uuid4()))
        reversal = self.engine["nets.transaction"].browse(progress[0]["id"])
        shown = approved(self.minor(reversal), number=int(charge.stan))
        reversal._record_baseline(last(shown, order_id=charge.order_id))
        self.assertTrue(reversal._claim("thread-r"))
        reversal._record_answer(approved(self.minor(reversal), number=number))
        reversal._book()
        self.assertTrue(reversal.booked_at, reversal.booking_error)
        return reversal

    def closed(self, session=None):
        session = session or self.session
        self.assertEqual(self.close(session), {"successful": True})
        self.assertEqual(session.state, "closed")
        return session

    @contextmanager
    def accounting_app(self):
        """As if the Accounting app were installed: payments wait for the bank statement."""
        moves = self.env.registry["account.move"]
        with patch.object(moves, "_get_invoice_in_payment_state", lambda self: "in_payment"):
            yield

    def assertPayments(self, session, expected):
        """What the closing made: [(end of the memo, amount, signed)], in any order; each has its journal entry."""
        payments = session.bank_payment_ids
        found = [(payment.memo.split(" · ", 2)[-1], payment.amount_signed) for payment in payments]
        self.assertEqual(sorted(found), sorted(expected))
        for payment in payments:
            liquidity, counterpart, others = payment._seek_for_lines()
            self.assertEqual(sum(liquidity.mapped("balance")), payment.amount_signed, payment.memo)
            self.assertEqual(sum(counterpart.mapped("balance")), -payment.amount_signed)
            self.assertFalse(others)

    def assertEven(self, session, *accounts):
        """Nothing is open on these accounts of what the session booked."""
        lines = session._get_related_account_moves().line_ids
        for account in accounts:
            of_account = lines.filtered(lambda line, account=account: line.account_id == account)
            self.assertTrue(of_account)
            self.assertEqual(of_account.filtered("amount_residual"), of_account.browse(), account.name)


@tagged("post_install", "-at_install")
class TestClosingPayments(PosClosingCase):
    def test_one_payment_for_each_terminal_and_each_of_its_sessions(self):
        first = self.sell(100.10, 1)
        second = self.sell(50, 2)
        alone = self.sell(30, 3, "022")
        self.sell(7, 4, terminal=self.terminal_2)
        self.sell(8, 5, terminal=self.terminal_2)
        self.give_back(first, 6, "022")
        self.closed()
        self.assertPayments(
            self.session,
            [
                ("90000001/021 · play money", 150.10),
                ("90000001/022 · play money", -70.10),
                ("90000002/021 · play money", 15),
            ],
        )
        self.assertEven(self.session, self.pos_receivable)
        payment = second.pos_closing_payment_id
        self.assertEqual(first._money_items(), payment._seek_for_lines()[0])
        self.assertEqual(payment.memo, f"Card · {self.session.name} · 90000001/021 · play money")
        self.assertEqual(payment.move_id.ref, payment.memo, "what is looked for is on the entry")
        self.assertPaymentLines(payment, [(self.outstanding, 150.10, 0, 150.10), (self.pos_receivable, 0, 150.10, 0)])
        self.assertPaymentLines(
            alone.pos_closing_payment_id, [(self.outstanding, 0, 70.10, -70.10), (self.pos_receivable, 70.10, 0, 0)]
        )

    def test_one_that_is_single_is_found_by_its_number(self):
        self.account.environment = "production"
        transaction = self.sell(30, 3)
        self.closed()
        order = transaction.pos_order_id.name
        self.assertPayments(self.session, [(f"{order} · 90000001/021/000003", 30)])

    def test_tips_and_surcharges_are_what_was_charged(self):
        order = self.card_order(50)
        self.charge(order.payment_ids, outcome=approved(5725, number=2, tip_amount=500, surcharge_amount=225))
        self.validate(order)
        self.sell(10, 3)
        self.closed()
        self.assertPayments(self.session, [("90000001/021 · play money", 67.25)])
        self.assertEven(self.session, self.pos_receivable)

    def test_refunds_alone_take_money_from_the_bank(self):
        sale = self.sell(100, 1)
        self.closed()
        self.session = self.open_session()
        self.give_back(sale, 2, "022", share=0.4)
        self.closed()
        [payment] = self.session.bank_payment_ids
        self.assertEqual((payment.payment_type, payment.amount), ("outbound", 40))
        self.assertPaymentLines(payment, [(self.outstanding, 0, 40, -40), (self.pos_receivable, 40, 0, 0)])
        self.assertEven(self.session, self.pos_receivable)

    def test_what_went_back_in_the_same_session_of_the_terminal_is_no_payment(self):
        self.give_back(self.sell(100, 1), 2)
        self.closed()
        self.assertFalse(self.session.bank_payment_ids)
        self.assertFalse(self.engine["nets.transaction"].search([])._money_items())
        self.assertEqual(sum(self.session.move_id.line_ids.mapped("balance")), 0)

    def test_what_the_terminal_took_back_is_no_payment(self):
        order = self.card_order(100)
        charge = self.charge(order.payment_ids, outcome=approved(10000, number=1))
        self.reverse(charge)
        order.with_user(self.cashier).action_pos_order_cancel()
        self.sell(5, 3)
        self.closed()
        self.assertEqual(self.session.bank_payment_ids.mapped("amount_signed"), [5])

    def test_customers_who_are_identified(self):
        self.close()
        self.card_method.split_transactions = True
        self.session = self.open_session()
        sale = self.sell(100, 1, partner_id=self.partner_a.id)
        refund = self.give_back(sale, 2, share=0.3)
        self.closed()
        names = {card: card.pos_order_id.name for card in (sale, refund)}
        self.assertPayments(
            self.session,
            [
                (f"{names[sale]} · 90000001/021/000001 · play money", 100),
                (f"{names[refund]} · 90000001/021/000002 · play money", -30),
            ],
        )
        self.assertEqual(self.session.bank_payment_ids.partner_id, self.partner_a)
        self.assertPaymentLines(
            refund.pos_closing_payment_id, [(self.outstanding, 0, 30, -30), (self.receivable, 30, 0, 0)]
        )
        self.assertEven(self.session, self.receivable)

    def test_the_accounting_app_without_an_outstanding_account(self):
        """A payment without a journal entry would be money in no ledger."""
        outgoing = self.env["account.chart.template"].ref("account_journal_payment_credit_account_id")
        session = self.session
        for split in (False, True):
            self.session = session
            with self.subTest(split=split), self.undone(), self.accounting_app():
                self.close()
                self.card_method.write({"outstanding_account_id": False, "split_transactions": split})
                self.method_line.payment_account_id = False
                self.bank_journal._nets_method_line("outbound").payment_account_id = False
                self.session = self.open_session()
                sale = self.sell(100, 1, partner_id=self.partner_a.id)
                refund = self.give_back(sale, 2, "022", share=0.3)
                self.closed()
                account = self.receivable if split else self.pos_receivable
                self.assertPaymentLines(
                    sale.pos_closing_payment_id, [(self.outstanding, 100, 0, 100), (account, 0, 100, 0)]
                )
                self.assertPaymentLines(refund.pos_closing_payment_id, [(outgoing, 0, 30, -30), (account, 30, 0, 0)])
                self.assertEven(self.session, account)

    def test_invoiced_orders(self):
        order = self.card_order(80, partner_id=self.partner_a.id)
        self.charge(order.payment_ids, outcome=approved(8500, number=1, tip_amount=500))
        self.validate(order, partner_id=self.partner_a.id, to_invoice=True)
        self.assertEqual(order.account_move.payment_state, "paid")
        self.sell(20, 2)
        self.closed()
        self.assertPayments(self.session, [("90000001/021 · play money", 105)])
        self.assertEven(self.session, self.pos_receivable)

    def test_a_payment_that_no_terminal_charged_stands_alone(self):
        self.sell(20, 2)
        order = self.sync(self.order_values((self.cash_method, 80), total=80))
        self.validate(order)
        self.env.cr.execute(
            "UPDATE pos_payment SET payment_method_id = %s WHERE id = %s",
            [self.card_method.id, order.payment_ids.id],
        )
        self.env.invalidate_all()
        self.closed()
        found = {payment.memo: payment.amount for payment in self.session.bank_payment_ids}
        self.assertEqual(found[f"Card · {self.session.name} · {order.name}"], 80)
        self.assertEqual(sum(found.values()), 100)

    def test_proven_totals_are_not_counted_as_another_amount(self):
        self.sell(100, 1)
        session = self.session.with_user(self.pos_manager)
        less = [(self.card_method.id, -10)]
        result = session.close_session_from_ui(less)
        self.assertFalse(result["successful"])
        self.assertIn("proven by the terminals", result["message"])
        for close in (
            session.action_pos_session_closing_control,
            session.action_pos_session_validate,
            session.action_pos_session_close,
        ):
            with self.assertRaisesRegex(UserError, "proven by the terminals"), self.env.cr.savepoint():
                close(bank_payment_method_diffs=dict(less))
        self.assertNotEqual(self.session.state, "closed")
        self.assertEqual(session.close_session_from_ui([(self.card_method.id, 0)]), {"successful": True})
        self.assertEqual(self.session.bank_payment_ids.amount, 100)
