"""A register closes regardless of the method that Odoo chooses for the payments that the closing makes."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestMethodLines(PosCardCommon):
    def setUp(self):
        super().setUp()
        incoming = self.bank_journal.inbound_payment_method_line_ids
        (incoming - self.method_line).unlink()
        self.assertEqual(self.bank_journal.inbound_payment_method_line_ids, self.method_line)

    def sell(self, **values):
        order = self.card_order(100, **values)
        self.charge(order.payment_ids)
        self.validate(order)
        return order

    def test_card_terminal_is_the_only_incoming_method(self):
        self.sell()
        self.assertEqual(self.close(), {"successful": True})
        self.assertEqual(self.session.state, "closed")
        [payment] = self.session.bank_payment_ids
        self.assertEqual((payment.payment_method_line_id, payment.amount), (self.method_line, 100))
        lines = payment.move_id.line_ids
        for name, attempt in {
            "draft": payment.with_user(self.manager).action_draft,
            "cancelled": payment.with_user(self.manager).action_cancel,
            "another amount": lambda: payment.with_user(self.manager).write({"amount": 1}),
            "its entry": payment.move_id.with_user(self.manager).button_draft,
            "its items": lambda: lines.with_user(self.manager).write({"account_id": self.receivable.id}),
        }.items():
            with (
                self.subTest("what the terminals charged stays in the books", name=name),
                self.assertRaisesRegex(UserError, "was charged on a card terminal|readonly fields on a posted move"),
                self.env.cr.savepoint(),
            ):
                attempt()

    def test_it_is_what_a_customer_prefers_who_is_identified(self):
        customer = self.env["res.partner"].create({"name": "Havnegata Bakery"})
        customer.with_company(self.company).property_inbound_payment_method_line_id = self.method_line
        self.close()
        self.card_method.split_transactions = True
        self.session = self.open_session()
        self.sell(partner_id=customer.id)
        self.assertEqual(self.close(), {"successful": True})
        [payment] = self.session.bank_payment_ids
        self.assertEqual((payment.payment_method_line_id, payment.partner_id), (self.method_line, customer))

    def test_a_session_is_not_said_from_outside(self):
        values = {
            "partner_id": self.partner_a.id,
            "amount": 100,
            "journal_id": self.bank_journal.id,
            "payment_method_line_id": self.method_line.id,
        }
        payments = self.env["account.payment"].with_user(self.manager)
        with self.assertRaises(AccessError):
            payments.create({**values, "state": "paid", "pos_session_id": self.session.id})
        draft = payments.create(values)
        with self.assertRaises(AccessError):
            draft.write({"pos_session_id": self.session.id, "state": "paid"})
        self.sell()
        self.close()
        self.assertFalse(self.session.bank_payment_ids.copy().pos_session_id)
