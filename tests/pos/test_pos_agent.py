"""The till on terminals that its browser drives, and what the closing says of what a browser reported."""

import uuid

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import terminal_time
from ..engine.test_agent import said
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosAgent(PosCardCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls.make_agent_terminal()
        cls.boss = new_test_user(
            cls.env,
            login="nets_boss",
            groups="point_of_sale.group_pos_manager,nets_connect_cloud.group_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def result(self, total, number):
        return said(
            "Dfs13LocalMode",
            self.agent.identifier,
            Result=0,
            TotalAmount=total,
            StanAuth=f"{number:06}A{number:05}",
            TimeStamp=terminal_time(),
            SessionNumber=21,
        )

    def ran(self, total, number):
        """What comes while a card is charged."""
        return [said("Dfs13DisplayText", self.agent.identifier, Text="PIN"), self.result(total, number)]

    def claim(self, transaction, user=None):
        """Claimed by a browser; :return: its token."""
        token = uuid.uuid4().hex
        claimed = transaction.with_user(user or self.cashier).agent_claim(token, "Till 1", [])
        self.assertTrue(claimed["request"])
        return token

    def charge_by_browser(self, payment, number=101):
        transaction = self.start_pos(payment, terminal=self.agent)
        token = self.claim(transaction)
        minor = self.minor(transaction)
        transaction.with_user(self.cashier).agent_report(token, self.ran(minor, number), False)
        self.assertTrue(transaction._book())
        return transaction

    def reconcile(self):
        """The terminal's report, as a manager has it made."""
        action = self.agent.with_user(self.boss).action_reconciliation()
        transaction = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        token = self.claim(transaction, self.boss)
        messages = [
            said("Dfs13PrintText", self.agent.identifier, Text="TOTALS"),
            said("Dfs13LocalMode", self.agent.identifier, Result=1, SessionNumber=21),
        ]
        transaction.with_user(self.boss).agent_report(token, messages, False)
        return transaction.report_ids

    def test_a_line_is_charged_by_the_browser_of_its_till(self):
        order = self.card_order(100)
        transaction = self.charge_by_browser(order.payment_ids)
        self.assertEqual((order.payment_ids.payment_status, order.payment_ids.amount), ("done", 100))
        [row] = self.session.with_user(self.cashier).nets_closing_issues()["reported"]
        self.assertFalse(row["blocking"])
        self.assertIn("Till 1", row["message"])
        self.assertIn(self.cashier.name, row["message"])
        self.assertIn("Till 1", transaction.story)

    def test_a_job_is_for_the_till_that_pressed(self):
        order = self.card_order(100)
        transaction = self.start_pos(order.payment_ids, terminal=self.agent)
        [progress] = transaction.with_user(self.cashier).read_progress()
        self.assertEqual(progress["agent"]["kind"], "send")
        [progress] = transaction.with_user(self.pos_manager).read_progress()
        self.assertIsNone(progress["agent"])

    def test_a_report_that_is_not_compared_keeps_the_session_open(self):
        order = self.card_order(100)
        transaction = self.charge_by_browser(order.payment_ids)
        self.validate(order)
        self.company.nets_confirm_reported = True
        self.assertTrue(self.session.with_user(self.cashier).nets_closing_issues()["reported"][0]["blocking"])
        refused = self.close()
        self.assertFalse(refused["successful"])
        self.assertIn("isn't compared yet", refused["message"])
        with self.assertRaisesRegex(UserError, "isn't compared yet"):
            self.session.action_pos_session_closing_control()
        report = self.reconcile()
        self.assertFalse(transaction.confirmed_report_id, "what is printed could be made up, too")
        with self.assertRaises(AccessError):
            report.with_user(self.cashier)._agree("Compared")
        report.with_user(self.boss)._agree("Compared")
        self.assertEqual(transaction.confirmed_report_id, report)
        self.assertFalse(self.session.with_user(self.cashier).nets_closing_issues()["reported"])
        self.assertTrue(self.close()["successful"])

    def test_what_comes_after_the_report_is_not_confirmed_by_it(self):
        self.charge_by_browser(self.card_order(100).payment_ids)
        report = self.reconcile()
        later = self.charge_by_browser(self.card_order(40).payment_ids, number=102)
        report.with_user(self.boss)._agree("Compared")
        self.assertFalse(later.confirmed_report_id)

    def test_a_manager_may_close_without_the_comparison(self):
        order = self.card_order(100)
        self.charge_by_browser(order.payment_ids)
        self.validate(order)
        self.company.nets_confirm_reported = True
        self.session.with_user(self.boss).nets_allow_closing("The terminal is broken")
        self.assertTrue(self.close(user=self.boss)["successful"])

    def test_closing_a_session_starts_nothing_on_an_agent(self):
        self.account.reconciliation_at_closing = True
        order = self.card_order(100)
        self.charge_by_browser(order.payment_ids)
        self.validate(order)
        self.close()
        operations = self.engine["nets.transaction"].search([("kind", "=", "administration")])
        self.assertFalse(operations.filtered(lambda operation: operation.terminal_id == self.agent))
