"""The Point of Sale books on the clearing account of the NETS account, too."""

from odoo.tests import tagged

from ..common import approved
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosClearing(PosCardCommon):
    def test_one_click_sets_the_payment_method_up(self):
        order = self.card_order()
        self.charge(order.payment_ids)
        self.validate(order)
        said = self.account.action_set_up_books()["params"]
        self.assertIn("is open. Close it", said["message"])
        self.assertFalse(self.account.books_are_set_up)
        items = self.env["nets.clearing.item"].with_user(self.manager)
        self.assertEqual(items.search([]).mapped("unbooked"), [100], "what a till took isn't booked before it closes")
        self.assertTrue(self.close()["successful"])
        self.account.action_set_up_books()
        self.assertEqual(self.card_method.journal_id, self.account.clearing_journal_id)
        self.assertEqual(self.card_method.outstanding_account_id, self.account.clearing_account_id)
        self.assertTrue(self.account.books_are_set_up)
        self.session = self.open_session()
        order = self.card_order()
        self.charge(order.payment_ids)
        self.validate(order)
        self.assertTrue(self.close()["successful"])
        self.assertEqual(sum(items.search([]).mapped("open_amount")), 100)

    def test_what_has_no_session_number_is_of_its_terminal(self):
        self.session.sudo().unlink()
        self.account.action_set_up_books()
        self.session = self.open_session()
        for number in (1, 2):
            order = self.card_order(30)
            self.charge(order.payment_ids, outcome=approved(3000, number=number, session_number=""))
            self.validate(order)
        self.assertTrue(self.close()["successful"])
        item = self.env["nets.clearing.item"].with_user(self.manager).search([("open_amount", "!=", 0)])
        self.assertEqual((item.terminal_id, item.session_number, item.open_amount), (self.terminal, False, 60))
        self.assertEqual(item.play_money, 60)

    def test_without_a_method_one_is_made(self):
        self.session.sudo().unlink()
        self.config.payment_method_ids = self.cash_method
        self.card_method.sudo().unlink()
        self.account.action_set_up_books()
        method = (
            self.env["pos.payment.method"]
            .sudo()
            .search([("use_payment_terminal", "=", "nets"), ("company_id", "=", self.company.id)])
        )
        self.assertEqual(method.outstanding_account_id, self.account.clearing_account_id)
        self.assertTrue(self.account.books_are_set_up)
        self.assertIn(method, self.config.sudo().payment_method_ids, "it is offered at the till")

    def test_a_new_method_comes_to_the_registers(self):
        other = self.env["pos.config"].create({"name": "Bar", "payment_method_ids": self.cash_method.ids[:0]})
        self.session.sudo().unlink()
        self.card_method.sudo().write({"use_payment_terminal": False, "payment_method_type": "none"})
        self.session = self.open_session()
        said = self.account.action_set_up_books()["params"]["message"]
        method = self.account._pos_card_methods()
        self.assertEqual(method.name, "Card terminal", "there is a method Card already")
        self.assertIn(method, other.payment_method_ids)
        self.assertNotIn(method, self.config.payment_method_ids, "its session is open")
        self.assertIn("The session of Shop is open", said)
