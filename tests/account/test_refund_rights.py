"""Who may give money back to cards, and how much of it, is a company's to say."""

import uuid

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import CardPaymentCommon, approved, declined


@tagged("post_install", "-at_install")
class TestRefundRights(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoicing = cls.new_user("nets_invoicing", "account.group_account_invoice")
        cls.second = cls.new_user("nets_second", "account.group_account_invoice,nets_connect_cloud.group_refund")

    @classmethod
    def new_user(cls, login, groups):
        return new_test_user(
            cls.env, login=login, groups=groups, company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)]
        )

    def setUp(self):
        super().setUp()
        self.purchase = self.charge(self.make_invoice(1000))
        self.credit_note = self.make_invoice(300, move_type="out_refund")

    def refund(self, amount, user=None):
        [progress] = self.purchase.with_user(user or self.invoicing).start_refund(
            -amount, self.terminal.id, str(uuid.uuid4())
        )
        return self.engine["nets.transaction"].browse(progress["id"])

    def pay_out(self, amount, user=None, refund_of=None):
        [progress] = self.credit_note.with_user(user or self.invoicing).nets_start_payout(
            -amount, self.terminal.id, str(uuid.uuid4()), refund_of_id=refund_of.id if refund_of else False
        )
        return self.engine["nets.transaction"].browse(progress["id"])

    def finish(self, transaction, outcome=None):
        self.assertTrue(transaction._claim("thread-refund"))
        transaction._record_answer(outcome or approved(self.minor(transaction), number=transaction.id))
        transaction._book()
        return transaction

    def approve(self, action, user=None, **values):
        """The second person presses *Approve card refund*, and saves."""
        approvals = self.env["nets.refund.approval"].with_user(user or self.second)
        return approvals.with_context(**action["context"]).create(values)

    def test_by_default_a_card_that_was_not_charged_here_needs_the_right(self):
        with self.assertRaisesRegex(AccessError, "isn't of a card payment that was taken here"):
            self.pay_out(300)
        self.finish(self.pay_out(100, refund_of=self.purchase))
        self.finish(self.refund(100))
        self.finish(self.pay_out(200, user=self.second))

    def test_a_company_may_forbid_it_to_everybody_or_nobody(self):
        self.company.nets_refund_unlinked = "nobody"
        with self.assertRaisesRegex(UserError, "only card payments that were taken here"):
            self.pay_out(300, user=self.second)
        self.company.nets_refund_unlinked = "everyone"
        self.assertEqual(self.pay_out(300).state, "pending")

    def test_a_company_may_keep_all_refunds_to_those_with_the_right(self):
        self.company.nets_refund_by = "right"
        for name, press in {
            "refund": lambda: self.refund(10),
            "payout of it": lambda: self.pay_out(10, refund_of=self.purchase),
        }.items():
            with self.subTest(name), self.assertRaisesRegex(AccessError, "Card refunds"), self.env.cr.savepoint():
                press()
        self.finish(self.refund(10, user=self.second))
        with self.subTest("the terminal reverses what it has just charged"):
            payment = self.charge(self.make_invoice(50), outcome=approved(5000, number=500))
            [progress] = payment.with_user(self.invoicing).start_reversal(str(uuid.uuid4()))
            self.assertEqual(progress["kind"], "reversal")

    def test_above_the_limit_a_second_person_agrees(self):
        self.company.nets_refund_limit = 100
        self.finish(self.refund(100))
        refused = self.assertRaisesRegex(UserError, "second person")
        with refused, self.env.cr.savepoint():
            self.refund(50)
        action = self.purchase.with_user(self.second).action_approve_refund()
        self.assertEqual(action["context"]["default_amount"], 900)
        with self.subTest("not the same person"), self.env.cr.savepoint() as savepoint:
            self.approve(action, user=self.second)
            with self.assertRaisesRegex(UserError, "second person"), self.env.cr.savepoint():
                self.refund(50, user=self.second)
            savepoint.rollback()
        with self.subTest("not without the right"), self.assertRaises(AccessError):
            self.approve(action, user=self.invoicing)
        approval = self.approve(action, amount=60, user_id=self.invoicing.id)
        self.assertEqual(approval.user_id, self.second, "nobody approves in another person's name")
        with self.subTest("not more than that"), self.assertRaisesRegex(UserError, "second person"):
            self.refund(61)
        failed = self.finish(self.refund(60), declined(number=600))
        refund = self.finish(self.refund(60))
        self.assertEqual((failed.approval_id, refund.approval_id), (approval, approval))
        self.assertEqual((refund.above_limit, refund.approved_by_id), (True, self.second))
        with self.subTest("once"), self.assertRaisesRegex(UserError, "second person"):
            self.refund(10)

    def test_a_payout_is_approved_on_the_credit_note(self):
        self.company.write({"nets_refund_limit": 100, "nets_refund_unlinked": "everyone"})
        with self.assertRaisesRegex(UserError, "second person"), self.env.cr.savepoint():
            self.pay_out(300)
        approval = self.approve(self.credit_note.with_user(self.second).action_nets_approve_refund())
        self.assertEqual((approval.amount, approval.partner_id), (300, self.partner_a))
        with self.subTest("another customer's isn't this one's"):
            other = self.make_invoice(300, move_type="out_refund", partner_id=self.partner_b)
            with self.assertRaisesRegex(UserError, "second person"), self.env.cr.savepoint():
                other.with_user(self.invoicing).nets_start_payout(-300, self.terminal.id, str(uuid.uuid4()))
        refund = self.finish(self.pay_out(300))
        self.assertEqual(refund.approval_id, approval)

    def test_an_approval_does_not_lie_around(self):
        self.company.nets_refund_limit = 100
        approval = self.approve(self.purchase.with_user(self.second).action_approve_refund())
        self.env.cr.execute(
            "UPDATE nets_refund_approval SET create_date = create_date - interval '25 hours' WHERE id = %s",
            approval.ids,
        )
        with self.assertRaisesRegex(UserError, "second person"):
            self.refund(500)

    def test_one_list_has_them(self):
        self.company.write({"nets_refund_limit": 100, "nets_refund_unlinked": "everyone"})
        small = self.finish(self.refund(10))
        unlinked = self.finish(self.pay_out(20))
        self.approve(self.purchase.with_user(self.second).action_approve_refund())
        large = self.finish(self.refund(500))
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_refund_action")
        domain = [("kind", "=", "refund"), "|", ("refund_of_id", "=", False), ("above_limit", "=", True)]
        self.assertEqual(action["domain"].replace("'", '"'), str(domain).replace("'", '"'))
        listed = self.env["nets.transaction"].with_user(self.manager).search(domain)
        self.assertEqual(listed & (small | unlinked | large), unlinked | large)
