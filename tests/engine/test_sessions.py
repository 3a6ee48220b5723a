"""Sessions that agree: what a terminal printed on closing its session, beside what Odoo recorded of it."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...connect_cloud import AdministrationOutcome, OutcomeState
from ..common import CardPaymentCommon, approved


@tagged("post_install", "-at_install")
class TestSessions(CardPaymentCommon):
    def reconcile(self, text):
        """The terminal closes its session, and prints.

        :return: nets.report
        """
        transaction = self.engine["nets.transaction"].browse(self.terminal._reserve_administration("reconciliation").id)
        self.assertTrue(transaction._claim("thread-9"))
        transaction._record_answer(
            AdministrationOutcome(OutcomeState.APPROVED, session_number="021", report_text=text, raw="{}")
        )
        return transaction.report_ids

    def charge_twice(self):
        self.charge(self.make_invoice(100), outcome=approved(10000, 101))
        self.charge(self.make_invoice(50), outcome=approved(5000, 102))

    def test_a_session_agrees(self):
        self.charge_twice()
        report = self.reconcile("AVSTEMMING\nKjøp 2  150,00\nTotalt USD 150,00")
        self.assertEqual((report.agreement, report.difference), ("agrees", 0))
        self.assertEqual(report.printed_total, 150)
        self.assertEqual(report.agreement_label, "Agrees")
        self.assertFalse(report.activity_ids)
        self.assertEqual(report.transaction_id.message, "Done: the session agrees", "in the log, too")

    def test_a_session_differs_and_calls_a_person(self):
        self.charge_twice()
        by_hand = self.send(self.make_invoice(30))
        by_hand._record_answer(approved(3000, 103, session_number=""))
        by_hand._book()
        report = self.reconcile("PURCHASE 4  250,00\nTotal USD 250,00")
        self.assertEqual((report.agreement, report.difference, report.count_difference), ("differs", 100, 2))
        self.assertIn("Differs by", report.agreement_label)
        self.assertIn("taken on the terminal by hand", report.agreement_explanation)
        self.assertEqual(report.suspect_ids, by_hand, "what has no session may be one of those")
        self.assertIn("Payments: the terminal has 2 more, worth $&nbsp;100.00.", report.one_side)
        self.assertIn("2 more", report.activity_ids[:1].note)
        self.assertIn(self.manager, report.activity_ids.user_id)
        self.assertEqual(report.transaction_id.message, "Done: the session differs")
        counted = self.bank_journal.with_user(self.manager)._nets_differing_sessions()
        self.assertEqual(counted, 1)

    def test_two_errors_do_not_hide_each_other(self):
        self.charge_twice()
        report = self.reconcile("Purchase 3 200,00\nRefund 1 50,00\nTotal 150,00")
        self.assertEqual((report.agreement, report.difference), ("differs", 50))

    def test_what_only_one_side_has_is_listed(self):
        self.charge_twice()
        second = self.engine["nets.transaction"].search([], order="id desc", limit=1)
        with self.subTest("one that is worth what is missing"), self.undone():
            report = self.reconcile("Purchase 1 100,00\nTotal 100,00")
            self.assertIn("Payments: recorded here are 1 more, worth $&nbsp;50.00.", report.one_side)
            self.assertEqual(report.suspect_ids, second)
        report = self.reconcile(
            "12:30 000101 Purchase 100,00\n12:40 000107 Purchase 20,00\nPurchase 2 120,00\nTotal 120,00"
        )
        self.assertIn("Only the terminal has: 12:40 000107 Purchase 20,00", report.one_side)
        self.assertIn("Only recorded here: 000102 $&nbsp;50.00", report.one_side)
        self.assertNotIn("000101", report.one_side)
        self.assertEqual(report.suspect_ids, second)

    def test_what_becomes_known_late_is_compared_again(self):
        self.charge_twice()
        lost = self.lose(self.make_invoice(30))
        # the terminal was free again, and closed its session
        self.env.cr.execute("UPDATE nets_transaction SET state = 'failed' WHERE id = %s", [lost.id])
        lost.invalidate_recordset()
        report = self.reconcile("Purchase 3 180,00\nTotal 180,00")
        self.assertEqual((report.agreement, report.difference), ("differs", 30))
        self.assertEqual(report.suspect_ids, lost, "it failed here, and is worth as much as the difference")
        lost._record_answer(approved(3000, 103))
        report._cron_compare()
        self.assertEqual((report.agreement, report.activity_ids), ("agrees", report.activity_ids.browse()))

    def test_what_cant_be_read_says_so(self):
        self.charge_twice()
        for text in ("RECONCILIATION OK", "Purchase 150,00\nTotal 200,00", "?" * 30000):
            with self.subTest(text[:20]), self.undone():
                report = self.reconcile(text)
                self.assertEqual((report.agreement, report.difference), ("unread", 0))
                self.assertFalse(report.activity_ids)
                self.assertIn("Compare them", report.agreement_explanation)

    @mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_report")
    def test_the_report_is_kept_whatever_is_read_from_it(self):
        report_class = self.env.registry["nets.report"]

        def break_down(report):
            raise ValueError("a fault")

        self.patch(report_class, "_comparison_values", break_down)
        self.assertEqual(self.reconcile("Total 1,00").text, "Total 1,00")

    def test_somebody_agrees(self):
        self.charge_twice()
        report = self.reconcile("Purchase 3 170,00\nTotal 170,00")
        wizards = self.env["nets.report.agree"].with_user(self.manager)
        with self.assertRaisesRegex(UserError, "Say why"):
            wizards.create({"report_id": report.id}).action_agree()
        with self.assertRaises(AccessError):
            report.with_user(self.clerk)._agree("I say so")
        auditor = self.clerk.copy({"login": "nets_auditor_of_sessions"})
        auditor.group_ids = self.env.ref("nets_connect_cloud.group_auditor")
        with self.assertRaises(AccessError):
            report.with_user(auditor)._agree("I say so")
        wizards.create({"report_id": report.id, "note": "Typed by hand"}).action_agree()
        self.assertEqual((report.agreed_by_id, report.agreed_note), (self.manager, "Typed by hand"))
        self.assertFalse(report.activity_ids)
        self.assertSaidOn(report, "Typed by hand")
        report._compare()
        self.assertEqual(report.agreement, "differs", "what was agreed stays as it was")
        with self.assertRaisesRegex(UserError, "already"):
            report.with_user(self.manager)._agree("Again")
        self.assertEqual(self.bank_journal.with_user(self.manager)._nets_differing_sessions(), 0)
