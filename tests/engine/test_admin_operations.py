"""Reconciliation, downloads and balance: the same reservation as a payment, nothing to book, a report to keep."""

from datetime import datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from odoo import fields
from odoo.exceptions import AccessError, UserError

from ...connect_cloud import AdministrationOutcome, ConnectCloudError, OutcomeState, Reason
from ..common import TERMINAL_ZONE, CardPaymentCommon, approved, last, not_sent

REPORT = "RECONCILIATION\r\nVisa            1   100,00\r\n"


def done(**values):
    """The terminal did it."""
    return AdministrationOutcome(
        **{
            "state": OutcomeState.APPROVED,
            "session_number": "021",
            "timestamp": datetime.now(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "report_text": REPORT,
            "raw": "{}",
            **values,
        }
    )


def refused(reason=Reason.ISSUER_UNAVAILABLE, **values):
    return AdministrationOutcome(OutcomeState.NOT_APPROVED, reason, **{"message": "7008 No host contact", **values})


def unanswered():
    return AdministrationOutcome(OutcomeState.UNKNOWN, Reason.CONNECTION_INTERRUPTED)


class TestAdministration(CardPaymentCommon):
    def reserve(self, administration="reconciliation", terminal=None):
        """Press a button of the terminal, as the engine's threads see it."""
        transaction = (terminal or self.terminal)._reserve_administration(administration)
        return self.engine["nets.transaction"].browse(transaction.id)

    def send_administration(self, administration="reconciliation", terminal=None):
        transaction = self.reserve(administration, terminal)
        self.assertTrue(transaction._claim("thread-1"))
        return transaction

    # --- the engine --- #

    def test_reconciliation_keeps_its_report(self):
        transaction = self.send_administration()
        transaction._record_answer(done())
        self.assertEqual(
            (transaction.state, transaction.to_book, transaction.session_number), ("approved", False, "021")
        )
        report = transaction.report_ids
        self.assertEqual(
            (report.kind, report.session_number, report.terminal_id), ("reconciliation", "021", self.terminal)
        )
        self.assertEqual(report.text, REPORT.replace("\r\n", "\n"))
        self.assertEqual(report.environment, "test")
        progress = transaction.read_progress()[0]
        self.assertEqual(
            (progress["title"], progress["label"], progress["amount"]),
            ("Reconciliation", "Done: the session differs", ""),
        )
        self.assertEqual(
            (progress["report_id"], progress["paper"], progress["abort"], progress["can_retry"]),
            (report.id, report.text, "", False),
        )

    def test_administration_and_payment_exclude_each_other(self):
        self.send_administration("download_software")
        with self.assertRaisesRegex(UserError, "busy with administration .Download of the software"):
            self.start(self.make_invoice())
        self.start(self.make_invoice(), terminal=self.terminal_2)
        with self.assertRaisesRegex(UserError, "busy with another payment"):
            self.reserve(terminal=self.terminal_2)

    def test_unresolved_payment_is_never_wiped_by_an_administration(self):
        self.lose(self.make_invoice())
        for administration in ("reconciliation", "download_dataset", "download_software", "balance_inquiry"):
            with self.assertRaisesRegex(UserError, "still being fetched"):
                self.reserve(administration)

    def test_refusal_is_final_and_frees_the_terminal(self):
        transaction = self.send_administration()
        transaction._record_answer(refused())
        self.assertEqual((transaction.state, transaction.nets_message), ("failed", "7008 No host contact"))
        message = transaction._message()
        self.assertEqual(message.label, "Not done")
        self.assertIn("No money was moved", message.explanation)
        self.assertEqual(message.detail, "7008 No host contact")
        self.assertFalse(transaction.report_ids)
        self.reserve()

    def test_not_sent_is_failed_with_its_reason(self):
        transaction = self.send_administration()
        transaction._record_answer(not_sent(Reason.LOGIN_REFUSED))
        self.assertEqual((transaction.state, transaction._message().label), ("failed", "Login refused"))

    def test_last_result_is_asked_for_again_after_an_administration(self):
        self.terminal.sudo().last_result = {"stan_auth": "000101A00101"}
        transaction = self.send_administration("download_dataset")
        transaction._record_answer(done(report_text=""))
        self.assertFalse(self.terminal.sudo().last_result)
        self.assertFalse(transaction.report_ids)

    def test_administration_asks_for_no_baseline(self):
        self.assertFalse(self.reserve()._prepare_call().wants_baseline)

    # --- an answer that got lost --- #

    def test_lost_answer_keeps_the_terminal_until_it_is_idle(self):
        transaction = self.send_administration()
        transaction._record_answer(unanswered())
        self.assertEqual(transaction.state, "unknown")
        self.assertEqual(transaction._message().label, "No answer yet")
        unreachable = ConnectCloudError(Reason.SERVICE_UNREACHABLE)
        for state, error in (("busy", None), (None, unreachable), ("transaction", None), ("idle", None)):
            transaction._record_lookup(state, None, error)
            self.assertEqual(transaction.state, "unknown", state)
            with self.assertRaisesRegex(UserError, "busy with administration"):
                self.start(self.make_invoice())
        # at once again: not two sightings
        transaction._record_lookup("idle", None)
        self.assertEqual(transaction.state, "unknown")
        self.pass_time(transaction, 10)
        transaction._record_lookup("idle", None)
        self.assertEqual((transaction.state, transaction.reason), ("failed", "administration_unanswered"))
        self.assertIn("didn't say whether it did this", transaction._message().explanation)
        self.start(self.make_invoice())

    def test_busy_in_between_restarts_the_sightings(self):
        transaction = self.send_administration()
        transaction._record_answer(unanswered())
        transaction._record_lookup("idle", None)
        transaction._record_lookup("busy", None)
        self.pass_time(transaction, 10)
        transaction._record_lookup("idle", None)
        self.assertEqual(transaction.state, "unknown")

    def test_lookup_of_an_administration_finds_evidence_of_a_charge(self):
        """Rule 9: each lookup, for whatever row, is checked for that."""
        payment = self.send(self.make_invoice(100.0))
        payment._record_answer(not_sent())
        self.assertEqual(payment.state, "failed")
        transaction = self.send_administration()
        transaction._record_answer(unanswered())
        transaction._record_lookup("idle", last(approved(10000), payment.order_id))
        self.assertEqual(payment.state, "approved")

    def test_own_answer_counts_also_after_the_wait_was_given_up(self):
        transaction = self.send_administration()
        transaction._become_unknown()
        transaction._record_lookup("idle", None)
        self.pass_time(transaction, 10)
        transaction._record_lookup("idle", None)
        self.assertEqual(transaction.state, "failed")
        transaction._record_answer(done())
        self.assertEqual((transaction.state, transaction.report_ids.session_number), ("approved", "021"))

    def test_settled_by_hand_frees_the_terminal_and_charges_nothing(self):
        transaction = self.send_administration()
        transaction._record_answer(unanswered())
        by_manager = transaction.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "moves no money"):
            self.looked_up(by_manager)._settle_by_hand(True, "It printed a report", 10, "000101")
        self.looked_up(by_manager)._settle_by_hand(False, "The terminal is broken")
        self.assertEqual((transaction.state, transaction.to_book), ("failed", False))

    def test_administration_cannot_be_aborted_once_sent(self):
        transaction = self.send_administration()
        with self.assertRaisesRegex(UserError, "Only payments can be aborted"):
            transaction.with_user(self.manager).abort()

    # --- who may --- #

    def test_only_managers_reconcile_and_only_administrators_download(self):
        terminal = self.terminal.with_user(self.clerk)
        for action in ("reconciliation", "download_dataset", "download_software", "balance_inquiry"):
            with self.assertRaises(AccessError):
                getattr(terminal, f"action_{action}")()
        self.assertTrue(self.terminal.with_user(self.manager).action_reconciliation())
        with self.assertRaises(AccessError):
            self.terminal_2.with_user(self.manager).action_download_software()

    def test_reports_are_read_only_for_everybody_and_hidden_from_clerks(self):
        transaction = self.send_administration()
        transaction._record_answer(done())
        report = transaction.report_ids
        self.assertTrue(report.with_user(self.manager).text)
        with self.assertRaises(AccessError):
            report.with_user(self.clerk).read(["text"])
        for user in (self.manager, self.env.ref("base.user_admin")):
            with self.assertRaises(AccessError):
                report.with_user(user).write({"text": "better"})
            with self.assertRaises(AccessError):
                report.with_user(user).unlink()

    # --- the session's comparison --- #

    def test_report_shows_what_odoo_recorded_for_the_session(self):
        first = self.charge(self.make_invoice(100.0), outcome=approved(10000, 1))
        second = self.charge(self.make_invoice(50.0), outcome=approved(5000, 2))
        self.charge(self.make_invoice(30.0), outcome=approved(3000, 3, session_number="020"))
        self.charge(self.make_invoice(20.0), outcome=approved(2000, 4, session_number=""))
        self.charge(self.make_invoice(70.0), outcome=approved(7000, 1), terminal=self.terminal_2)
        transaction = self.send_administration()
        transaction._record_answer(done())
        report = transaction.report_ids
        self.assertEqual(report.session_transaction_ids, first + second)
        self.assertEqual((report.recorded_purchases, report.recorded_refunds, report.recorded_total), (150, 0, 150))
        self.assertEqual(report.without_session_count, 1)

    def test_what_is_recorded_does_not_depend_on_the_companies_that_are_selected(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()
        own = self.charge(self.make_invoice(100.0), outcome=approved(10000, 1))
        both = self.env.companies | self.company | branch
        self.manager.company_ids = both
        other = self.charge(
            self.make_invoice(50.0, company_id=branch.id), outcome=approved(5000, 2), user=self.env.user
        )
        self.assertEqual(other.company_id, branch)
        transaction = self.send_administration()
        transaction._record_answer(done())
        for companies, listed in ((self.company | branch, own + other), (self.company, own)):
            report = transaction.report_ids.with_user(self.manager).with_context(allowed_company_ids=companies.ids)
            report.invalidate_recordset()
            self.assertEqual(report.recorded_total, 150)
            self.assertEqual(report.session_transaction_ids, listed)
            self.assertEqual(report.elsewhere_count, 2 - len(listed))

    def test_session_number_that_came_round_again_counts_only_the_new_session(self):
        self.charge(self.make_invoice(100.0), outcome=approved(10000, 1))
        self.send_administration()._record_answer(done(timestamp="2020-01-01T10:00:00Z"))
        new = self.charge(self.make_invoice(50.0), outcome=approved(5000, 2))
        transaction = self.send_administration()
        transaction._record_answer(done())
        self.assertEqual(transaction.report_ids.session_transaction_ids, new)

    def test_report_prints_on_a_roll_and_on_a_page(self):
        transaction = self.send_administration()
        transaction._record_answer(done())
        report = transaction.report_ids
        for name in ("report_roll", "report_page"):
            html, _kind = self.env["ir.actions.report"]._render_qweb_html(f"nets_connect_cloud.{name}", report.ids)
            self.assertIn("Visa            1   100,00", html.decode())
            self.assertIn("play money", html.decode().lower())

    # --- every day --- #

    def switch_on(self, hours_ago=1, since_days=2):
        """Switch the daily reconciliation on, due some hours ago."""
        now = datetime.now(ZoneInfo(TERMINAL_ZONE)) - timedelta(hours=hours_ago)
        self.account.write({"reconciliation_daily": True, "reconciliation_hour": now.hour + now.minute / 60})
        self.account.sudo().reconciliation_since = fields.Datetime.now() - timedelta(days=since_days)

    def run_cron(self):
        """Run the scheduled job; its commits would end the test's transaction.

        :return: the reservations it made
        """
        before = self.engine["nets.transaction"].search([])
        with patch.object(self.env.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: 1):
            self.engine["nets.terminal"]._cron_reconcile()
        return self.engine["nets.transaction"].search([]) - before

    def test_daily_reconciliation_is_off_by_default(self):
        self.assertFalse(self.account.reconciliation_daily)
        self.assertFalse(self.run_cron())

    def test_daily_reconciliation_runs_once_for_each_terminal(self):
        self.switch_on()
        reserved = self.run_cron()
        self.assertEqual(reserved.terminal_id, self.terminal + self.terminal_2)
        self.assertFalse(self.run_cron(), "one is under way")
        for transaction in reserved:
            transaction._claim("thread-1")
            transaction._record_answer(done())
        self.assertFalse(self.run_cron(), "it is done for today")

    def test_daily_reconciliation_does_not_make_up_for_a_time_before_it_was_switched_on(self):
        self.switch_on(since_days=0)
        self.assertFalse(self.run_cron())

    def test_daily_reconciliation_waits_for_a_busy_terminal(self):
        self.switch_on()
        payment = self.send(self.make_invoice(100.0))
        self.assertEqual(self.run_cron().terminal_id, self.terminal_2)
        payment._record_answer(approved(10000))
        self.assertEqual(self.run_cron().terminal_id, self.terminal)

    def test_daily_reconciliation_that_failed_is_tried_again_after_a_while(self):
        self.switch_on()
        failed = self.run_cron().filtered(lambda one: one.terminal_id == self.terminal)
        failed._claim("thread-1")
        failed._record_answer(refused(Reason.TERMINAL_BUSY))
        self.assertNotIn(self.terminal, self.run_cron().terminal_id, "too soon")
        self.pass_time(failed, 700)
        self.assertIn(self.terminal, self.run_cron().terminal_id)

    def test_daily_reconciliation_goes_by_the_clock_of_the_site(self):
        self.switch_on(hours_ago=1)
        self.location.tz = "Pacific/Auckland"
        due_at = self.terminal._reconciliation_due_at().replace(tzinfo=ZoneInfo("UTC"))
        local = due_at.astimezone(ZoneInfo("Pacific/Auckland"))
        self.assertAlmostEqual(local.hour + local.minute / 60, self.account.reconciliation_hour, places=1)
        self.assertLessEqual(due_at, datetime.now(ZoneInfo("UTC")))
