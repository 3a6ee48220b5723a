"""The accountant's screens: the set-up in one click, sessions that agree or differ, and a payout from a file that
nobody has seen before to the bank."""

from odoo import fields
from odoo.tests import HttpCase, tagged

from ...connect_cloud import AdministrationOutcome, OutcomeState
from ..common import CardPaymentCommon, approved


@tagged("post_install", "-at_install")
class TestTourPayouts(CardPaymentCommon, HttpCase):
    def reconcile(self, terminal, text):
        transaction = self.engine["nets.transaction"].browse(terminal._reserve_administration("reconciliation").id)
        self.assertTrue(transaction._claim("thread-9"))
        transaction._record_answer(
            AdministrationOutcome(OutcomeState.APPROVED, session_number="021", report_text=text, raw="{}")
        )
        return transaction.report_ids

    def test_the_books_are_set_up_in_one_click(self):
        self.manager.group_ids |= self.env.ref("base.group_system") | self.env.ref("account.group_account_manager")
        self.start_tour(
            "/odoo/action-nets_connect_cloud.nets_account_action", "nets_set_up_books", login="nets_manager"
        )
        self.assertTrue(self.account.clearing_account_id)

    def test_sessions_agree_or_differ(self):
        self.charge(self.make_invoice(100), outcome=approved(10000, 101))
        self.charge(self.make_invoice(50), terminal=self.terminal_2, outcome=approved(5000, 7))
        self.reconcile(self.terminal, "Purchase 1 100.00\nTotal 100.00")
        differs = self.reconcile(self.terminal_2, "Purchase 2 80.00\nTotal 80.00")
        self.start_tour("/odoo/action-nets_connect_cloud.nets_report_action", "nets_sessions", login="nets_manager")
        self.assertEqual(differs.agreed_by_id, self.manager)

    def test_a_payout_with_an_unknown_layout_is_imported_and_reconciled(self):
        self.account.action_set_up_books()
        self.charge(self.make_invoice(100), outcome=approved(10000, 101))
        self.charge(self.make_invoice(50), outcome=approved(5000, 102))
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank_journal.id,
                "date": fields.Date.today(),
                "payment_ref": "NETS",
                "amount": 150,
            }
        )
        self.start_tour(
            "/odoo/action-nets_connect_cloud.nets_payout_action", "nets_payout_import", login="nets_manager"
        )
        self.assertTrue(line.is_reconciled)
