"""Baxi.Agent: the browser makes the call, and the server believes it as little as it can."""

import uuid
from contextlib import contextmanager

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user, tagged

from ...const import BROWSER_TIMEOUT
from ..common import AGENT_ADDRESS, CardPaymentCommon, terminal_time


def said(name, terminal, **fields):
    """One message of the agent, as it comes."""
    content = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    header = f'<MessageHeader TerminalID="{terminal}" VersionNumber="1"/>'
    return f"<NetsResponse>{header}<{name}>{content}</{name}></NetsResponse>"


class AgentCommon(CardPaymentCommon):
    """A terminal with an agent, and what it says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls.make_agent_terminal(journal_id=cls.bank_journal.id, used_by_hand=False)
        cls.invoice = cls.make_invoice(10)
        cls.an_hour_ago = terminal_time(-3600)
        cls.other_clerk = new_test_user(
            cls.env,
            login="nets_other_clerk",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.neighbour = cls.env["res.company"].sudo().create({"name": "Neighbour"})
        cls.stranger = new_test_user(
            cls.env,
            login="nets_stranger",
            groups="account.group_account_invoice,nets_connect_cloud.group_manager",
            company_id=cls.neighbour.id,
            company_ids=[Command.set(cls.neighbour.ids)],
        )

    # --- what the agent says --- #

    def result(self, total=1000, number=101, name="Dfs13LocalMode", terminal=None, **fields):
        values = {
            "Result": 0,
            "TotalAmount": total,
            "StanAuth": f"{number:06}A{number:05}",
            "TimeStamp": terminal_time(),
            "CardIssuerName": "Visa",
            "CVM": 0,
            **fields,
        }
        return said(name, terminal or self.agent.identifier, **values)

    def before(self, **fields):
        """The last result from before ours."""
        values = {"number": 100, "total": 500, "TimeStamp": self.an_hour_ago, **fields}
        return self.result(name="Dfs13LastFinancialResult", **values)

    def shown(self, **fields):
        return self.result(name="Dfs13LastFinancialResult", **fields)

    # --- what a browser does --- #

    @staticmethod
    def token():
        return uuid.uuid4().hex

    def call(self, transaction, method, *args, user=None, **kwargs):
        """As a browser calls it."""
        transactions = self.env["nets.transaction"].with_user(user or self.clerk)
        context = {"allowed_company_ids": (user or self.clerk).company_ids.ids}
        self.env.flush_all()
        return call_kw(transactions, method, [transaction.ids, *args], {**kwargs, "context": context})

    def pressed(self, **kwargs):
        return self.start(kwargs.pop("invoice", self.invoice), terminal=self.agent, **kwargs)

    def claimed(self, **kwargs):
        """A payment that a browser has claimed and sent: (transaction, token)."""
        transaction, token = self.pressed(**kwargs), self.token()
        answer = self.call(transaction, "agent_claim", token, "Desk 1", [self.before()])
        self.assertTrue(answer["request"])
        return transaction, token

    def lost(self):
        transaction, token = self.claimed()
        self.call(transaction, "agent_report", token, [], True, "closed")
        self.assertEqual(transaction.state, "unknown")
        self.pass_time(transaction, 60)
        return transaction

    def looked_up(self, transaction, *messages, user=None, **kwargs):
        token = self.token()
        self.assertTrue(self.call(transaction, "agent_claim_lookup", token, user=user))
        return self.call(transaction, "agent_report_lookup", token, list(messages), user=user, **kwargs)[0]

    @contextmanager
    def unchanged(self, *transactions):
        """Whatever happens inside leaves these as they are."""
        fields = ("state", "charged_amount", "stan_auth", "recorded_at", "claim_token", "reported_by_id", "amount")
        before = [[transaction[name] for name in fields] for transaction in transactions]
        yield
        self.env.invalidate_all()
        self.assertEqual([[transaction[name] for name in fields] for transaction in transactions], before)


@tagged("post_install", "-at_install")
class TestAgent(AgentCommon):
    # === SEND === #

    def test_the_browser_is_told_what_only_it_can_do(self):
        transaction = self.pressed()
        [progress] = self.call(transaction, "read_progress")
        job = progress["agent"]
        self.assertEqual((job["kind"], job["terminal"], job["address"]), ("send", "90000003", AGENT_ADDRESS))
        [progress] = self.call(transaction, "read_progress", user=self.other_clerk)
        self.assertIsNone(progress["agent"], "others may look")

    def test_what_is_sent_is_the_servers(self):
        transaction, token = self.pressed(), self.token()
        answer = self.call(transaction, "agent_claim", token, "Desk 1", [self.before()])
        self.assertEqual(answer["request"], {"method": "transfer", "transaction_type": 48, "amount": 1000})
        self.assertEqual((transaction.state, bool(transaction.sent_at)), ("pending", True))
        self.assertEqual(transaction.agent_device, "Desk 1")
        self.assertEqual(transaction.baseline["stan"], "000100")

    def test_rule_01_one_browser_sends(self):
        transaction, token = self.claimed()
        for user in (self.clerk, self.other_clerk):
            answer = self.call(transaction, "agent_claim", self.token(), "Desk 2", [self.before()], user=user)
            self.assertIsNone(answer["request"])
        again = self.call(transaction, "agent_claim", token, "Desk 1", [])
        self.assertTrue(again["request"], "its answer was lost: the same browser, the same claim")
        self.call(transaction, "agent_report", token, [self.result()])
        self.assertIsNone(self.call(transaction, "agent_claim", token, "Desk 1", [])["request"])

    def test_rule_02_one_operation_per_terminal_across_browsers(self):
        self.claimed()
        with self.assertRaisesRegex(UserError, "Counter"):
            self.pressed(invoice=self.make_invoice(20), user=self.other_clerk)

    def test_rule_06_an_agent_that_never_opened_was_sent_nothing(self):
        for why, reason in (
            ("refused", "agent_unreachable"),
            ("blocked", "agent_blocked"),
            ("x" * 500, "agent_unreachable"),
        ):
            transaction = self.pressed()
            [progress] = self.call(transaction, "agent_not_reached", why, "4111111111111111")
            self.assertEqual((transaction.state, transaction.reason), ("failed", reason))
            self.assertIn("Nothing was charged", progress["explanation"])
            self.assertNotIn("411111", transaction.nets_message)
        transaction, _token = self.claimed()
        self.call(transaction, "agent_not_reached", "refused", "")
        self.assertEqual(transaction.state, "pending", "it was sent")

    def test_another_terminal_at_the_address_is_sent_nothing(self):
        transaction = self.pressed()
        answer = self.call(transaction, "agent_claim", self.token(), "", [self.before(terminal="90000099")])
        self.assertIsNone(answer["request"])
        self.assertEqual((transaction.state, transaction.reason), ("failed", "agent_wrong_terminal"))

    def test_a_busy_agent_is_sent_nothing(self):
        transaction = self.pressed()
        busy = said("MethodRejected", "90000003", Code=7100, Info="processing a previous command")
        self.assertIsNone(self.call(transaction, "agent_claim", self.token(), "", [busy])["request"])
        self.assertEqual((transaction.state, transaction.reason), ("failed", "terminal_busy"))

    # === REPORT === #

    def test_an_approval_is_recorded_booked_and_marked(self):
        transaction, token = self.claimed()
        answer = self.call(transaction, "agent_report", token, [self.result()], False)
        self.assertTrue(answer["done"])
        self.assertEqual((transaction.state, transaction.charged_amount), ("approved", 10))
        self.assertEqual((transaction.reported_by_id, transaction.reported_from), (self.clerk, "Desk 1"))
        self.assertTrue(transaction._book())
        self.assertEqual(self.invoice.payment_state, self.invoice._get_invoice_in_payment_state())
        self.assertFalse(self.engine["nets.heartbeat"].search([("transaction_id", "=", transaction.id)]))

    def test_a_refusal_is_recorded(self):
        transaction, token = self.claimed()
        self.call(transaction, "agent_report", token, [self.result(Result=2, ResponseCode=51)])
        self.assertEqual((transaction.state, transaction.reason), ("failed", "insufficient_funds"))
        self.assertEqual(transaction.reported_by_id, self.clerk)

    def test_what_is_no_end_is_listened_past(self):
        transaction, token = self.claimed()
        for message in (
            self.before(),
            self.result(number=100, total=500, TimeStamp=self.an_hour_ago),
            self.result(terminal="90000099"),
            "<broken",
            "",
        ):
            self.assertFalse(self.call(transaction, "agent_report", token, [message], False)["done"])
            self.assertEqual(transaction.state, "pending")
        self.assertTrue(self.call(transaction, "agent_report", token, ["<broken", self.result()], False)["done"])
        self.assertEqual(transaction.state, "approved")

    def test_no_answer_is_unknown_and_never_failed(self):
        for trouble in ("closed", "timeout", "left", "whatever", None, "not_written"):
            with self.undone():
                transaction, token = self.claimed()
                shown = said("Dfs13DisplayText", "90000003", Text="INSERT CARD")
                self.call(transaction, "agent_report", token, [shown], True, trouble)
                self.assertEqual((transaction.state, transaction.reason), ("unknown", "agent_interrupted"))
                self.assertFalse(transaction.reported_by_id, "nothing certain was said")

    def test_a_report_counts_once(self):
        transaction, token = self.claimed()
        self.call(transaction, "agent_report", token, [self.result()])
        with self.unchanged(transaction):
            for message in (self.result(Result=2), self.result(total=999999, number=555)):
                self.assertTrue(self.call(transaction, "agent_report", token, [message])["done"])

    def test_a_forged_report_changes_nothing(self):
        transaction, token = self.claimed()
        other = self.start(self.make_invoice(30), terminal=self.terminal)
        other._claim("thread-1")
        finished = self.charge(self.make_invoice(40), terminal=self.terminal_2)
        with self.unchanged(transaction, other, finished):
            for forged in (self.token(), "", None, 5, token[:-1], "thread-1", [token]):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    self.call(transaction, "agent_report", forged, [self.result()])
            # the right token, for what isn't its transaction
            for wrong in (other, finished):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    self.call(wrong, "agent_report", token, [self.result(number=9)])
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    self.call(wrong, "agent_report", "thread-1", [self.result(number=9)])
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self.call(transaction, "agent_report", token, [self.result()], user=self.stranger)

    def test_another_amount_is_left_to_a_person(self):
        for total in (1, 999, 1001, 100000):
            with self.undone():
                transaction, token = self.claimed()
                self.call(transaction, "agent_report", token, [self.result(total=total)])
                self.assertEqual((transaction.state, transaction.reason), ("unknown", "agent_other_amount"))
                self.assertFalse(transaction.charged_amount)

    def test_the_number_of_another_payment_is_no_proof(self):
        first, token = self.claimed()
        self.call(first, "agent_report", token, [self.result(number=101)])
        second, token = self.claimed(invoice=self.make_invoice(10))
        self.assertFalse(self.call(second, "agent_report", token, [self.result(number=101)], False)["done"])

    def test_rule_10_the_own_answer_comes_late(self):
        transaction, token = self.claimed()
        transaction._become_unknown()
        transaction.with_user(self.manager)._lost_its_thread()
        self.call(transaction, "agent_report", token, [self.result()])
        self.assertEqual(transaction.state, "approved")

    def test_rule_09_the_own_answer_comes_after_a_settlement_by_hand(self):
        transaction, token = self.claimed()
        self.pass_time(transaction, BROWSER_TIMEOUT + 10)
        transaction._recover()
        self.pass_time(transaction, self.account.customer_timeout)
        # a manager at a screen that doesn't reach the agent either
        self.looked_up(transaction, user=self.manager, reached=False)
        transaction.with_user(self.manager)._settle_by_hand(False, "The journal is empty")
        self.call(transaction, "agent_report", token, [self.result()])
        self.assertEqual(transaction.state, "approved")
        self.assertTrue(transaction.alert)

    def test_reports_are_bounded(self):
        transaction, token = self.claimed()
        with self.unchanged(transaction):
            for messages in (None, "text", {"a": 1}, [1], ["x"] * 1000, ["x" * 1_000_000]):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    self.call(transaction, "agent_report", token, messages)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.call(self.pressed(invoice=self.make_invoice(5), user=self.clerk), "agent_claim", "short", "", [])

    def test_rule_26_card_numbers_stay_out(self):
        transaction, token = self.claimed()
        self.call(transaction, "agent_report", token, [self.result(TruncatedPAN="4111111111111111")])
        self.assertNotIn("41111111", transaction.raw_answer)
        self.assertEqual(transaction.card_number, "************1111")

    # === HEARTBEAT === #

    def test_rule_16_a_browser_shows_that_it_is_there(self):
        transaction, token = self.claimed()
        for _minute in range(3):
            self.pass_time(transaction, 60)
            answer = self.call(transaction, "agent_beat", token, "INSERT CARD")
            self.assertEqual(answer, {"held": True, "abort": False})
            transaction._recover()
            self.assertEqual(transaction.state, "pending", "a hidden tab beats once a minute")
        [progress] = self.call(transaction, "read_progress", user=self.other_clerk)
        self.assertEqual(progress["display"], "INSERT CARD")
        self.pass_time(transaction, BROWSER_TIMEOUT + 10)
        self.call(transaction, "read_progress")
        self.assertEqual(transaction.state, "unknown")
        self.assertEqual(transaction.reason, "agent_interrupted")

    def test_nobody_is_waited_for_longer_than_a_customer_may_take(self):
        transaction, token = self.claimed()
        self.pass_time(transaction, self.account.customer_timeout + BROWSER_TIMEOUT + 10)
        self.call(transaction, "agent_beat", token, "")
        transaction._recover()
        self.assertEqual(transaction.state, "unknown")

    def test_only_the_claims_own_beat_counts(self):
        transaction, _token = self.claimed()
        self.pass_time(transaction, BROWSER_TIMEOUT + 10)
        answer = self.call(transaction, "agent_beat", self.token(), "FORGED")
        self.assertEqual(answer, {"held": False, "abort": False})
        transaction._recover()
        self.assertEqual(transaction.state, "unknown")

    def test_rule_11_abort_is_a_wish_that_the_browser_hears_of(self):
        transaction, token = self.claimed()
        [progress] = self.call(transaction, "abort", user=self.clerk)
        self.assertEqual(progress["look"], "aborting")
        self.assertTrue(self.call(transaction, "agent_beat", token, "")["abort"])
        self.call(transaction, "agent_abort_sent", token)
        self.assertFalse(self.call(transaction, "agent_beat", token, "")["abort"])
        self.call(transaction, "agent_report", token, [self.result()])
        self.assertEqual(transaction.state, "approved", "it came too late")

    def test_an_abort_that_worked(self):
        transaction, token = self.claimed()
        self.call(transaction, "abort")
        # the agent turns the abort away: that isn't about the payment
        busy = said("MethodRejected", "90000003", Code=7100, Info="processing a previous command")
        self.assertFalse(self.call(transaction, "agent_report", token, [busy], False)["done"])
        refused = self.result(Result=2, StanAuth="", TotalAmount="", RejectionReason="2:1")
        self.call(transaction, "agent_report", token, [refused])
        self.assertEqual(transaction.state, "aborted")

    def test_aborted_before_it_was_sent(self):
        transaction = self.pressed()
        self.call(transaction, "abort")
        self.assertEqual(transaction.state, "aborted")
        self.assertIsNone(self.call(transaction, "agent_claim", self.token(), "", [self.before()])["request"])

    # === LOOK UP === #

    def test_rule_07_another_browser_finds_the_charge(self):
        transaction = self.lost()
        [job] = self.env["nets.transaction"].with_user(self.other_clerk).agent_jobs(self.agent.ids)
        self.assertEqual((job["kind"], job["transaction_id"], job["due_in"]), ("look_up", transaction.id, 0))
        progress = self.looked_up(transaction, self.shown(), user=self.other_clerk, device="Till 2")
        self.assertEqual(progress["state"], "approved")
        self.assertEqual(transaction.reported_by_id, self.other_clerk)
        self.assertEqual(transaction.reported_from, "Till 2")
        self.assertTrue(transaction._book())

    def test_a_lookup_says_no_other_amount_either(self):
        transaction = self.lost()
        for fields in ({"total": 5000}, {"total": 5000, "TipAmount": 4000}, {"total": 1}):
            self.looked_up(transaction, self.shown(**fields))
            self.assertEqual(transaction.state, "unknown", fields)
            self.pass_time(transaction, 600)

    def test_rule_08_what_was_there_before_proves_nothing_until_the_customers_time_is_over(self):
        transaction = self.lost()
        self.looked_up(transaction, self.before())
        self.assertEqual(transaction.state, "unknown")
        self.pass_time(transaction, 400)
        self.looked_up(transaction, self.before())
        self.assertEqual(transaction.state, "unknown", "seen once")
        self.pass_time(transaction, 60)
        self.looked_up(transaction, self.before())
        self.assertEqual((transaction.state, transaction.reason), ("failed", "proven_not_charged"))

    def test_an_agent_that_is_busy_or_away_proves_nothing(self):
        transaction = self.lost()
        self.pass_time(transaction, 600)
        busy = said("MethodRejected", "90000003", Code=7100, Info="busy")
        for messages, reached in (([busy], True), ([], True), ([], False), ([self.before()], False), (["<x"], True)):
            self.looked_up(transaction, *messages, reached=reached)
            self.assertEqual(transaction.state, "unknown")
            self.pass_time(transaction, 600)
        [progress] = self.call(transaction, "read_progress")
        self.assertTrue(progress["lookup_message"])

    def test_a_lookup_is_reported_once_and_only_by_who_claimed_it(self):
        transaction = self.lost()
        token = self.token()
        with self.unchanged(transaction):
            self.call(transaction, "agent_report_lookup", token, [self.shown()])
        self.assertTrue(self.call(transaction, "agent_claim_lookup", token))
        self.assertFalse(self.call(transaction, "agent_claim_lookup", self.token(), user=self.other_clerk))
        with self.unchanged(transaction):
            self.call(transaction, "agent_report_lookup", self.token(), [self.shown()])
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.call(transaction, "agent_report_lookup", token, [self.shown()], user=self.stranger)
        busy = said("MethodRejected", "90000003", Code=7100, Info="busy")
        self.call(transaction, "agent_report_lookup", token, [busy])
        with self.unchanged(transaction):
            self.call(transaction, "agent_report_lookup", token, [self.shown()])

    def test_a_lookup_whose_browser_died_is_for_the_next_one(self):
        transaction = self.lost()
        token = self.token()
        self.assertTrue(self.call(transaction, "agent_claim_lookup", token))
        self.env.cr.execute("UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 minute'")
        self.assertTrue(self.call(transaction, "agent_claim_lookup", self.token(), user=self.other_clerk))
        with self.unchanged(transaction):
            self.call(transaction, "agent_report_lookup", token, [self.shown()])

    def test_rule_08_nothing_new_runs_before_the_last_result_is_known(self):
        transaction = self.lost()
        invoice = self.make_invoice(20)
        [waiting] = invoice.with_user(self.other_clerk).nets_start_card_payment(20, self.agent.id, self.token())
        self.assertTrue(waiting["waiting"])
        self.assertEqual(waiting["agent"]["transaction_id"], transaction.id)
        self.assertFalse(invoice.nets_transaction_ids)
        # that terminal only
        self.assertTrue(self.start(invoice, terminal=self.terminal))

    def test_get_last_result_of_what_is_failed(self):
        transaction, token = self.claimed()
        self.call(transaction, "agent_report", token, [self.result(Result=2, StanAuth="000101")])
        [progress] = self.call(transaction, "get_last_result")
        self.assertEqual(progress["agent"]["kind"], "look_up")
        progress = self.looked_up(transaction, self.shown(Result=2, StanAuth="000101"))
        self.assertEqual((progress["state"], progress["agent"]), ("failed", None))

    def test_what_no_browser_reaches_stays_unknown_and_calls_a_person(self):
        transaction = self.lost()
        self.pass_time(transaction, 3600)
        transaction._recover()
        self.assertEqual(transaction.state, "unknown")
        self.assertIn(transaction, self.engine["nets.transaction"].search(transaction._person_domain()))
        transaction._call_person()
        activity = transaction.activity_ids[:1]
        self.assertIn("The next window that reaches the terminal fetches", activity.note)

    def test_no_thread_is_ever_started_for_it(self):
        transaction = self.lost()
        due, pause = self.engine["nets.transaction"]._due_now(transaction.ids)
        self.assertEqual((due, pause), ([], None))

    # === ADMINISTRATION === #

    def test_reports_of_the_terminal(self):
        for method, code in (("reconciliation", 12592), ("x_report", 12598), ("z_report", 12599)):
            with self.subTest(method):
                action = getattr(self.agent.with_user(self.manager), f"action_{method}")()
                transaction = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
                token = self.token()
                answer = self.call(transaction, "agent_claim", token, "", [], user=self.manager)
                self.assertEqual(answer["request"], {"method": "administration", "adm_code": code})
                messages = [
                    said("Dfs13PrintText", "90000003", Text="TOTALS"),
                    said("Dfs13LocalMode", "90000003", Result=1, SessionNumber=21),
                ]
                self.call(transaction, "agent_report", token, messages, user=self.manager)
                self.assertEqual(transaction.state, "approved")
                self.assertEqual(transaction.report_ids.text, "TOTALS")

    def test_what_an_agent_does_not_know_is_refused(self):
        for method in ("download_dataset", "download_software", "balance_inquiry"):
            with self.assertRaises(UserError):
                getattr(self.agent.sudo(), f"action_{method}")()
        for method in ("x_report", "z_report"):
            with self.assertRaises(UserError):
                getattr(self.terminal.sudo(), f"action_{method}")()

    # === SET UP === #

    def test_addresses(self):
        for address in (
            "ws://127.0.0.1:8010",
            "wss://till-1.example.com",
            "ws://[::1]:8010/agent/90000003",
            "ws://localhost:1",
        ):
            self.agent.agent_address = address
        for address in (
            False,
            "http://127.0.0.1",
            "ws://user:secret@127.0.0.1",
            "ws://127.0.0.1:8010?x=1",
            "ws://",
            "javascript:alert(1)",
            "ws://a b",
            "ws://127.0.0.1:123456",
        ):
            with self.assertRaises(ValidationError, msg=address), self.env.cr.savepoint():
                self.agent.agent_address = address

    def test_a_terminal_with_an_agent_needs_no_account(self):
        self.login.reset_mock()
        terminals = []
        for identifier in ("90000071", "90000072"):
            with Form(self.env["nets.terminal"]) as form:
                form.name, form.identifier, form.type = "Counter", identifier, "baxi_agent"
                form.agent_address = AGENT_ADDRESS
            terminals.append(form.record)
        account = terminals[0].account_id
        self.assertEqual(terminals[1].account_id, account)
        self.assertEqual((account.type, account.company_id, account.username), ("baxi_agent", self.company, False))
        self.assertEqual(terminals[0].environment, "production", "nobody is told that a real card is play money")
        self.assertEqual(self.start(self.make_invoice(10), terminal=terminals[0]).state, "pending")
        terminals[1].account_id = self.account
        terminals[1].account_id = False
        self.assertEqual(terminals[1].account_id, account)
        account.action_test_connection()
        self.env["nets.terminal.replace"].create(
            {"terminal_id": terminals[1].id, "identifier": "90000073"}
        ).action_replace()
        self.login.assert_not_called()
        self.assertFalse(account.connection_at)

    def test_nobody_logs_in_at_nets_without_an_account_for_it(self):
        account = self.env["nets.account"]._of_agents(self.company)
        with self.assertRaisesRegex(ValidationError, "choose the NETS account"), self.env.cr.savepoint():
            self.terminal.account_id = account
        with self.assertRaisesRegex(ValidationError, "choose the NETS account"), self.env.cr.savepoint():
            self.account.type = "baxi_agent"
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.nets_account_id, self.account)
        self.assertFalse(settings.nets_account_note, "the other one isn't an account that somebody entered")

    def test_a_terminal_without_an_address_is_refused(self):
        self.env.cr.execute("UPDATE nets_terminal SET agent_address = NULL WHERE id = %s", [self.agent.id])
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "address of the agent"):
            self.pressed()
