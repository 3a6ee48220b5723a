"""The rules of money: each was found by thinking of a sequence of events that loses or doubles money without it.

What needs threads, several processes or real time (the other half of rules 1, 2, 3, 5, 10 and 16) is shown against a
real server, in `tests/live`. Rules 14 and 15 come with the till.
"""

import re
import string
import uuid
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from zoneinfo import ZoneInfo

import psycopg2.errors

from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, format_datetime, mute_logger

from ...connect_cloud import ConnectCloudError, Reason
from ...const import SETTLE_MARGIN
from ..common import (
    TERMINAL_ZONE,
    CardPaymentCommon,
    approved,
    cancelled,
    declined,
    last,
    lost,
    not_sent,
    terminal_time,
)

# What the terminal showed before: somebody else's charge, ten minutes ago.
BEFORE = last(approved(7700, number=100, timestamp=terminal_time(-600)))


class RulesOfMoneyCase(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.make_invoice(1000)

    def look_up(self, transaction, last_transaction, state="idle", after=0, error=None):
        """One lookup, some seconds after the one before."""
        self.pass_time(transaction, after)
        transaction._record_lookup(state, last_transaction, error)


@tagged("post_install", "-at_install")
class TestRulesOfSending(RulesOfMoneyCase):
    """Rules 1 to 6 and 16: what is sent, and how often."""

    # === 1: ONE CLAIM, ONE SEND === #

    def test_rule_01_one_claim_one_send(self):
        transaction = self.start(self.invoice)
        self.assertTrue(transaction._claim("thread-1"))
        self.assertTrue(transaction.sent_at)
        self.assertFalse(transaction._claim("thread-2"))
        self.assertFalse(transaction._claim("thread-1"))
        self.assertEqual(transaction.claim_token, "thread-1")
        self.assertIsNone(transaction._prepare_call(), "no other thread even learns what to send")

    def test_rule_01_an_aborted_row_is_not_claimed(self):
        transaction = self.start(self.invoice)
        transaction.with_user(self.clerk).abort()
        self.assertEqual(transaction.state, "aborted")
        self.assertEqual(transaction.reason, "merchant_aborted")
        self.assertIsNone(transaction._prepare_call())
        self.assertFalse(transaction._claim("thread-1"))
        self.assertFalse(transaction.sent_at)

    def test_rule_01_unclaimed_fails_after_a_minute(self):
        transaction = self.start(self.invoice)
        self.pass_time(transaction, 59)
        transaction._recover()
        self.assertEqual(transaction.state, "pending")
        self.pass_time(transaction, 2)
        transaction._recover()
        self.assertEqual(transaction.state, "failed")
        self.assertEqual(transaction.reason, "never_sent")
        self.assertEqual(transaction.lookup_count, 0, "nothing was sent, so there is nothing to ask for")
        # the thread that comes back late
        self.assertIsNone(transaction._prepare_call())
        self.assertFalse(transaction._claim("thread-1"))
        self.assertEqual(transaction.state, "failed")

    def test_rule_01_nothing_is_sent_after_the_minute(self):
        """Also where nobody has called the row failed yet: the person has long gone."""
        transaction = self.start(self.invoice)
        self.pass_time(transaction, 61)
        self.assertFalse(transaction._claim("thread-1"))
        transaction._recover()
        self.assertEqual(transaction.state, "failed")

    def test_rule_01_claimed_never_fails_by_the_minute(self):
        transaction = self.send(self.invoice)
        self.pass_time(transaction, 3600)
        transaction._recover()
        self.assertEqual(transaction.state, "unknown")

    def test_rule_01_repeat_after_refused_token_checks_the_claim(self):
        transaction = self.send(self.invoice, token="thread-1")
        self.assertFalse(transaction._holds_claim("thread-2"))
        self.assertTrue(transaction._holds_claim("thread-1"))
        with self.undone():
            transaction.with_user(self.clerk).abort()
            self.assertFalse(transaction._holds_claim("thread-1"), "aborted meanwhile")
        with self.undone():
            self.pass_time(transaction, 21)
            transaction._recover()
            self.assertFalse(transaction._holds_claim("thread-1"), "taken for dead meanwhile")
        self.assertTrue(transaction._holds_claim("thread-1"))

    def test_rule_01_state_changes_compare_and_set(self):
        transaction = self.send(self.invoice)
        self.assertFalse(transaction._compare_and_set({"state": "failed"}, ("unknown",)))
        self.assertEqual(transaction.state, "pending")
        self.assertTrue(transaction._compare_and_set({"state": "unknown"}, ("pending",)))
        self.assertEqual(transaction.state, "unknown")

    # === 2: ONE OPERATION PER TERMINAL === #

    def _insert_raw(self, state):
        self.env.cr.execute(
            SQL(
                """INSERT INTO nets_transaction
                       (order_id, kind, terminal_id, amount, currency_id, company_id, user_id, origin, state)
                   VALUES (%s, 'purchase', %s, 1, %s, %s, %s, 'none', %s)""",
                self.env["nets.transaction"]._new_order_id(),
                self.terminal.id,
                self.usd.id,
                self.company.id,
                self.clerk.id,
                state,
            )
        )

    def test_rule_02_the_database_decides_what_is_busy(self):
        for resolved in ("approved", "failed", "aborted"):
            self._insert_raw(resolved)
        for first in ("pending", "unknown"):
            for second in ("pending", "unknown"):
                with self.subTest(first=first, second=second), self.undone():
                    self._insert_raw(first)
                    with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation):
                        self._insert_raw(second)

    def test_rule_02_the_second_one_asks_again(self):
        """The index answers the race in which neither could see the other's row: Odoo repeats the request, which then
        sees it."""
        self.start(self.invoice)
        other = self.make_invoice(500)
        transactions = self.env.registry["nets.transaction"]
        with (
            mute_logger("odoo.sql_db"),
            patch.object(transactions, "_check_terminal_free", lambda self, terminal: None),
            self.assertRaises(ConcurrencyError),
        ):
            self.start(other)
        with self.assertRaisesRegex(UserError, "busy with another payment"):
            self.start(other)

    def test_rule_02_busy_is_said_in_plain_words(self):
        other = self.make_invoice(500)
        transaction = self.start(self.invoice)
        with self.assertRaisesRegex(UserError, r"Front desk is busy.*1,000\.00.*nets_clerk"):
            self.start(other, user=self.manager)
        transaction._claim("thread-1")
        transaction._record_answer(lost())
        [answer] = other.with_user(self.clerk).nets_start_card_payment(500, self.terminal.id, "another-request")
        self.assertTrue(answer["waiting"])
        self.assertRegex(answer["explanation"], r"result of an earlier payment of.*1,000\.00.*still being fetched")
        self.assertFalse(other.nets_transaction_ids, "nothing was started")
        self.start(other, terminal=self.terminal_2)

    def test_rule_02_a_resolved_terminal_is_free(self):
        for outcome in (approved(30000), declined(), not_sent()):
            with self.subTest(outcome.state):
                self.charge(self.make_invoice(300), outcome=outcome)
        self.start(self.invoice)

    def test_rule_02_one_physical_terminal_is_one_record(self):
        other_company = self.env["res.company"].create({"name": "Neighbour"})
        other_account = self.account.copy({"name": "Other", "company_id": other_company.id})
        self.terminal.active = False
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation):
            self.env["nets.terminal"].create(
                {"name": "Same", "identifier": self.terminal.identifier, "account_id": other_account.id}
            )

    # === 3: ONE DEBT, ONE CHARGE === #

    def test_rule_03_what_is_under_way_is_not_due_again(self):
        for name, finish in {
            "pending": lambda transaction: None,
            "unknown": lambda transaction: transaction._record_answer(lost()),
            "charged, not booked": lambda transaction: transaction._record_answer(approved(60000)),
        }.items():
            with self.subTest(name), self.undone():
                transaction = self.send(self.invoice, 600)
                finish(transaction)
                with self.assertRaisesRegex(UserError, r"600\.00 of the .*1,000\.00 .*charged already"):
                    self.start(self.invoice, 400.01, terminal=self.terminal_2)
                rest = self.start(self.invoice, 400, terminal=self.terminal_2)
                self.assertEqual(rest.state, "pending")

    def test_rule_03_what_was_not_charged_is_due_again(self):
        for outcome in (declined(), cancelled(), not_sent()):
            self.charge(self.invoice, outcome=outcome)
        self.assertEqual(self.start(self.invoice).amount, 1000)

    def test_rule_03_more_than_asked_counts_in_full(self):
        """A tip that isn't booked yet isn't charged again as a part of the debt."""
        transaction = self.send(self.invoice, 600)
        transaction._record_answer(approved(70000, tip_amount=10000))
        with self.assertRaisesRegex(UserError, "charged already"):
            self.start(self.invoice, 301, terminal=self.terminal_2)

    def test_rule_03_counts_over_groups_of_invoices(self):
        other = self.make_invoice(500)
        self.start(self.invoice | other, 1500)
        for invoices in (self.invoice, other, self.invoice | other):
            with self.assertRaisesRegex(UserError, "charged already"):
                self.start(invoices, terminal=self.terminal_2)

    def test_rule_03_counts_what_other_users_cannot_see(self):
        """Someone who may not see a transaction still can't charge its debt again."""
        self.start(self.invoice, user=self.manager)
        self.env["ir.rule"].create(
            {
                "name": "own only",
                "model_id": self.env.ref("nets_connect_cloud.model_nets_transaction").id,
                "domain_force": "[('user_id', '=', user.id)]",
            }
        )
        with self.assertRaisesRegex(UserError, "charged already"):
            self.start(self.invoice, terminal=self.terminal_2)

    def test_rule_03_a_repeated_press_returns_the_first(self):
        request_id = str(uuid.uuid4())
        first = self.start(self.invoice, request_id=request_id)
        self.assertEqual(self.start(self.invoice, request_id=request_id), first)
        # wherever it is by now, and regardless of what comes with it
        first._claim("thread-1")
        first._record_answer(approved(100000))
        first._book()
        self.assertEqual(self.invoice.payment_state, self.invoice._get_invoice_in_payment_state())
        self.assertEqual(self.start(self.invoice, 10, terminal=self.terminal_2, request_id=request_id), first)
        self.assertEqual(self.env["nets.transaction"].search_count([("request_id", "=", request_id)]), 1)

    def test_rule_03_the_database_keeps_requests_unique(self):
        request_id = str(uuid.uuid4())
        self.start(self.invoice, request_id=request_id)
        other = self.make_invoice(500)
        transactions = self.env.registry["nets.transaction"]
        nothing_yet = self.env["nets.transaction"]
        with (
            mute_logger("odoo.sql_db"),
            patch.object(transactions, "_find_request", lambda self, request: nothing_yet),
            self.assertRaises(ConcurrencyError),
        ):
            self.start(other, terminal=self.terminal_2, request_id=request_id)

    def test_rule_03_a_request_needs_its_number(self):
        for request_id in ("", None, False, 7, "x" * 65):
            with self.subTest(request_id=request_id), self.assertRaisesRegex(UserError, "has no number"):
                self.invoice.with_user(self.clerk).nets_start_card_payment(10, self.terminal.id, request_id)

    def test_rule_03_the_link_to_the_debt_cannot_be_removed(self):
        """Taking the transaction off its invoice would let the same debt be charged again."""
        transaction = self.start(self.invoice)
        for command in ((3, transaction.id, 0), (5, 0, 0), (6, 0, []), (2, transaction.id, 0)):
            with self.subTest(command=command), self.assertRaisesRegex(AccessError, "can't be changed"):
                self.invoice.with_user(self.manager).write({"nets_transaction_ids": [command]})
        self.assertEqual(transaction.invoice_ids, self.invoice)
        with self.assertRaisesRegex(UserError, "charged already"):
            self.start(self.invoice, terminal=self.terminal_2)

    def test_rule_03_an_earlier_charge_found_stops_the_next(self):
        """Asking for the last result before sending finds that the payment which this one repeats was charged."""
        first = self.lose(self.invoice)
        self.looked_up(first).with_user(self.manager)._settle_by_hand(charged=False, reason="terminal restarted")
        second = self.start(self.invoice)
        call = second._prepare_call()
        self.assertTrue(call.wants_baseline)
        second._record_baseline(last(approved(100000, number=101), order_id=first.order_id))
        self.assertEqual(first.state, "approved")
        self.assertFalse(second._claim("thread-2"), "the customer would pay twice")
        self.assertEqual(second.state, "failed")
        self.assertFalse(second.sent_at)

    # === 4: RANDOM ORDER IDS === #

    def test_rule_04_order_ids_are_random(self):
        new_order_id = self.env["nets.transaction"]._new_order_id
        order_ids = {new_order_id() for _round in range(2000)}
        self.assertEqual(len(order_ids), 2000)
        self.assertEqual({len(order_id) for order_id in order_ids}, {20})
        used = set("".join(order_ids))
        self.assertEqual(used, set(string.ascii_uppercase + string.digits))
        for position in range(20):
            self.assertGreater(len({order_id[position] for order_id in order_ids}), 30, "no part of it counts")

    def test_rule_04_a_transaction_keeps_its_order_id(self):
        transaction = self.start(self.invoice)
        self.assertRegex(transaction.order_id, r"^[A-Z0-9]{20}$")
        self.assertEqual(transaction._prepare_call().order_id, transaction.order_id)

    # === 5: NEVER HANG UP FIRST === #

    def test_rule_05_the_person_is_told_and_the_answer_still_counts(self):
        self.account.write({"answer_timeout": 60, "customer_timeout": 300})
        transaction = self.start(self.invoice)
        call = transaction._prepare_call()
        self.assertEqual((call.answer_timeout, call.customer_timeout), (60, 300))
        transaction._claim("thread-1")
        for progress, look, words in (
            ("customer", "running", "still at the terminal"),
            ("interrupted", "unknown", "Connection interrupted"),
        ):
            transaction._show_progress("thread-1", progress)
            [shown] = transaction.with_user(self.clerk).read_progress()
            self.assertEqual((shown["state"], shown["look"]), ("pending", look))
            self.assertIn(words, shown["label"])
        transaction._record_answer(approved(100000))
        self.assertEqual(transaction.state, "approved")

    # === 6: A CONNECTION THAT NEVER OPENED === #

    def test_rule_06_nothing_sent_fails_at_once(self):
        for reason in (Reason.SERVICE_UNREACHABLE, Reason.LOGIN_REFUSED, Reason.TERMINAL_NOT_ALLOWED):
            with self.subTest(reason):
                transaction = self.send(self.make_invoice(100))
                transaction._record_answer(not_sent(reason))
                self.assertEqual(transaction.state, "failed")
                self.assertEqual(transaction.reason, reason.value)
                self.assertFalse(transaction.next_lookup_at)

    def test_rule_06_all_else_is_unknown_until_proven(self):
        for reason in (Reason.CONNECTION_INTERRUPTED, Reason.SERVICE_ERROR, Reason.RESULT_UNKNOWN):
            with self.subTest(reason), self.undone():
                transaction = self.send(self.invoice)
                transaction._record_answer(lost(reason))
                self.assertEqual(transaction.state, "unknown")
                self.assertEqual(transaction.reason, reason.value)
                self.assertAlmostEqual(transaction._seconds_to_lookup(), 5, delta=1, msg="earlier, it isn't there yet")
                [shown] = transaction.read_progress()
                self.assertFalse(shown["can_retry"])
                self.assertEqual(shown["abort"], "")

    # === 16: LISTENING IS VISIBLE === #

    def test_rule_16_no_heartbeat_means_unknown(self):
        transaction = self.send(self.invoice)
        self.pass_time(transaction, 19)
        transaction._recover()
        self.assertEqual(transaction.state, "pending")
        self.pass_time(transaction, 2)
        transaction._recover()
        self.assertEqual(transaction.state, "unknown")
        self.assertEqual(transaction.reason, "connection_interrupted")
        self.assertTrue(transaction.next_lookup_at)

    def test_rule_16_anyone_who_watches_sees_a_dead_listener(self):
        transaction = self.send(self.invoice)
        self.pass_time(transaction, 21)
        [shown] = transaction.with_user(self.clerk).read_progress()
        self.assertEqual(shown["state"], "unknown")

    def test_rule_16_a_stalled_process_that_comes_back(self):
        transaction = self.send(self.invoice)
        self.pass_time(transaction, 21)
        transaction._recover()
        self.assertFalse(transaction._claim("thread-1"))
        self.assertFalse(transaction._holds_claim("thread-1"))
        transaction._record_answer(approved(100000))
        self.assertEqual(transaction.state, "approved")

    def test_rule_16_a_recorded_answer_needs_no_heartbeat(self):
        transaction = self.send(self.invoice)
        self.assertFalse(transaction._lost_its_thread())
        transaction._record_answer(lost())
        self.assertTrue(transaction._lost_its_thread())

    def test_rule_16_one_lookup_at_a_time(self):
        transaction = self.lose(self.invoice)
        self.assertIsNone(transaction._claim_lookup(), "not due yet")
        self.pass_time(transaction, 5)
        call = transaction._claim_lookup()
        self.assertEqual(call.order_id, transaction.order_id)
        self.assertIsNone(transaction._claim_lookup(), "somebody is at it")
        self.pass_time(transaction, 90)
        self.assertTrue(transaction._claim_lookup(), "that process died")
        self.assertEqual(transaction.lookup_count, 2)

    def test_rule_16_lookups_have_growing_pauses(self):
        transaction = self.lose(self.invoice)
        pauses = []
        for _lookup in range(7):
            self.pass_time(transaction, transaction._seconds_to_lookup())
            transaction._claim_lookup()
            transaction._record_lookup(None, None, ConnectCloudError(Reason.SERVICE_UNREACHABLE))
            pauses.append(int(transaction._seconds_to_lookup()))
        # until a person is called, who waits at the counter isn't kept waiting
        self.assertEqual(pauses, [10, 20, 20, 20, 20, 20, 20])
        self.assertEqual(transaction.state, "unknown")


@tagged("post_install", "-at_install")
class TestRulesOfEvidence(RulesOfMoneyCase):
    """Rules 7 to 13: what an outcome may be concluded from."""

    # === 7: PROOF OF A CHARGE === #

    def test_rule_07_our_order_id_proves_the_charge(self):
        transaction = self.lose(self.invoice)
        # whatever the clocks say
        self.look_up(transaction, last(approved(100000, timestamp="19990101000000"), transaction.order_id))
        self.assertEqual(transaction.state, "approved")
        self.assertEqual(transaction.charged_amount, 1000)
        self.assertTrue(transaction.to_book)
        self.assertTrue(transaction._book())
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_rule_07_our_order_id_needs_no_idle_terminal(self):
        transaction = self.lose(self.invoice)
        self.look_up(transaction, last(approved(100000), transaction.order_id), state="cardPresented")
        self.assertEqual(transaction.state, "approved")

    def test_rule_07_with_our_order_id_the_amount_is_the_terminals(self):
        transaction = self.lose(self.invoice)
        self.look_up(transaction, last(approved(110000, tip_amount=10000), transaction.order_id))
        self.assertEqual((transaction.charged_amount, transaction.tip_amount), (1100, 100))

    def test_rule_07_our_order_id_on_another_terminal_proves_nothing(self):
        transaction = self.lose(self.invoice)
        other = self.lose(self.make_invoice(500), terminal=self.terminal_2)
        self.look_up(other, last(approved(100000), transaction.order_id))
        self.assertEqual((transaction.state, other.state), ("unknown", "unknown"))

    def test_rule_07_without_order_ids(self):
        """A variant of the service that doesn't send them back."""
        self.terminal.used_by_hand = False
        transaction = self.lose(self.invoice, baseline=BEFORE)
        self.look_up(transaction, last(approved(100000, number=101)))
        self.assertEqual(transaction.state, "approved")
        self.assertEqual(transaction.stan_auth, "000101A00101")

    def test_rule_07_without_order_ids_every_condition_counts(self):
        def known_on_this_terminal():
            other = self.send(self.make_invoice(900), terminal=self.terminal_2)
            other._record_answer(approved(90000, number=101))
            other._compare_and_set({"terminal_id": self.terminal.id}, ("approved",))

        def mirrors():
            self.account.sudo().mirrors_order_id = True

        def used_by_hand():
            self.terminal.used_by_hand = True

        self.terminal.used_by_hand = False
        good = {"amount": 100000, "number": 101}
        cases = {
            "another amount": ({**good, "amount": 99999}, BEFORE, None),
            "no amount": ({**good, "total_amount": None}, BEFORE, None),
            "no STAN": ({**good, "number": None}, BEFORE, None),
            "StanAuth known on this terminal": (good, BEFORE, known_on_this_terminal),
            "older than what was before": ({**good, "timestamp": terminal_time(-3600)}, BEFORE, None),
            "as old as what was before, and no later number": (
                {**good, "number": 99, "timestamp": BEFORE.outcome.timestamp},
                BEFORE,
                None,
            ),
            "neither a time nor a later number": ({**good, "number": 99, "timestamp": ""}, BEFORE, None),
            "not known what was before": (good, None, None),
            "ids are sent back, and a number was left out": ({**good, "number": 102}, BEFORE, mirrors),
            "perhaps typed by hand": (good, BEFORE, used_by_hand),
        }
        for name, (answer, before, prepare) in cases.items():
            with self.subTest(name), self.undone():
                if prepare:
                    prepare()
                transaction = self.lose(self.invoice, baseline=before)
                for _sighting in range(3):
                    self.look_up(transaction, last(approved(**answer)), after=60)
                self.assertEqual(transaction.state, "unknown")

    def test_rule_07_without_order_ids_the_number_tells_what_is_newer(self):
        self.terminal.used_by_hand = False
        for name, timestamp in {"no time": "", "the same second": BEFORE.outcome.timestamp}.items():
            with self.subTest(name), self.undone():
                transaction = self.lose(self.invoice, baseline=BEFORE)
                self.look_up(transaction, last(approved(100000, number=101, timestamp=timestamp)))
                self.assertEqual((transaction.state, transaction.charged_amount), ("approved", 1000))

    def test_rule_07_the_very_next_number_is_ours_although_order_ids_are_expected(self):
        self.terminal.used_by_hand = False
        self.account.sudo().mirrors_order_id = True
        transaction = self.lose(self.invoice, baseline=BEFORE)
        self.look_up(transaction, last(approved(100000, number=101)))
        self.assertEqual(transaction.state, "approved")

    def test_rule_07_a_tip_that_is_told_makes_no_other_amount(self):
        self.terminal.used_by_hand = False
        transaction = self.lose(self.invoice, baseline=BEFORE)
        self.look_up(transaction, last(approved(105000, number=101, tip_amount=5000)))
        self.assertEqual((transaction.state, transaction.charged_amount), ("approved", 1050))

    def test_rule_07_an_approval_is_known_while_the_call_is_held(self):
        transaction = self.send(self.invoice)
        self.assertFalse(transaction._record_while_held(last(approved(100000, number=101))))
        self.assertEqual(transaction.state, "pending", "without our order id nothing is concluded")
        self.assertTrue(transaction._record_while_held(last(approved(100000, number=101), transaction.order_id)))
        self.assertEqual(transaction.state, "approved")
        transaction._book()
        # whatever the call does then
        transaction._record_answer(lost())
        self.assertEqual((transaction.state, transaction.alert), ("approved", False))
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_rule_08_nothing_but_a_charge_is_concluded_while_the_call_is_held(self):
        transaction = self.send(self.invoice)
        for seen in (None, BEFORE, last(declined(number=101)), last(declined(number=101), transaction.order_id)):
            transaction._record_while_held(seen)
            self.assertEqual(transaction.state, "pending")

    def test_rule_08_a_result_is_recognised_in_any_form(self):
        """The same last result as before ours, its time once local and once in UTC, its amount told or not."""
        moment = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=10)
        local = moment.astimezone(ZoneInfo(TERMINAL_ZONE)).strftime("%Y%m%d%H%M%S")
        forms = (local, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "")
        for form in forms:
            with self.subTest(form), self.undone():
                transaction = self.lose(self.invoice, baseline=last(declined(number=100, timestamp=local)))
                seen = last(declined(number=100, timestamp=form, total_amount=0))
                self.look_up(transaction, seen, after=301)
                self.assertEqual(transaction.state, "unknown")
                self.look_up(transaction, seen, after=5)
                self.assertEqual(transaction.state, "failed")

    def test_rule_07_with_an_order_id_nobody_needs_to_know_what_was_typed_by_hand(self):
        self.assertTrue(self.terminal.used_by_hand)
        transaction = self.lose(self.invoice, baseline=BEFORE)
        self.look_up(transaction, last(approved(100000, number=103), transaction.order_id))
        self.assertEqual(transaction.state, "approved")

    def test_rule_07_somebody_elses_order_id_is_not_ours(self):
        transaction = self.lose(self.invoice, baseline=BEFORE)
        for _sighting in range(3):
            self.look_up(transaction, last(approved(100000, number=101), "SOMEBODYELSES"), after=60)
        self.assertEqual(transaction.state, "unknown")

    def test_rule_07_an_order_id_seen_once_is_expected_ever_after(self):
        self.assertFalse(self.account.mirrors_order_id)
        first = self.lose(self.invoice)
        self.look_up(first, last(approved(100000), first.order_id))
        self.assertTrue(self.account.mirrors_order_id)

    def test_rule_07_a_reversal_is_not_proven_by_the_order_id_of_its_original(self):
        transaction = self.lose(self.invoice, baseline=BEFORE)
        transaction._compare_and_set({"kind": "reversal"}, ("unknown",))
        self.look_up(transaction, last(approved(100000), transaction.order_id))
        self.assertEqual(transaction.state, "unknown")

    # === 8: PROOF OF NO CHARGE === #

    def test_rule_08a_a_newer_refusal_seen_twice(self):
        transaction = self.lose(self.invoice, baseline=BEFORE)
        refusal = last(declined(number=101))
        self.look_up(transaction, refusal)
        self.assertEqual(transaction.state, "unknown", "seen once")
        self.look_up(transaction, refusal, after=5)
        self.assertEqual(transaction.state, "failed")
        self.assertEqual(transaction.reason, "insufficient_funds", "what the terminal itself said")
        self.assertEqual(transaction.charged_amount, 0)
        self.start(self.invoice)

    def test_rule_08a_every_condition_counts(self):
        newer = declined(number=101)
        good = {"before": BEFORE, "first": (newer, "idle"), "second": (newer, "idle"), "pause": 5}
        cases = {
            "terminal not idle the first time": {"first": (newer, "busy")},
            "terminal not idle the second time": {"second": (newer, "busy")},
            "not known what was before": {"before": None},
            "seen twice too quickly": {"pause": 4},
            "not seen a second time": {"second": (BEFORE.outcome, "idle")},
            "another one the second time": {"second": (declined(number=101, timestamp=terminal_time(3)), "idle")},
            "charged the second time": {"second": (approved(4200, number=102), "idle")},
        }
        same_both_times = {
            "older than what was before": declined(number=101, timestamp=terminal_time(-3600)),
            "as old as what was before, and no later number": declined(number=99, timestamp=BEFORE.outcome.timestamp),
            "neither a time nor a later number": declined(number=99, timestamp=""),
            "a number was left out: somebody else's came between": declined(number=102),
            "the number of what was before": declined(number=100),
            "another amount": declined(number=101, total_amount=99999),
            "its result is unknown too": lost(Reason.RESULT_UNKNOWN, result=99, timestamp=terminal_time()),
        }
        cases |= {
            name: {"first": (outcome, "idle"), "second": (outcome, "idle")} for name, outcome in same_both_times.items()
        }
        for name, changed in cases.items():
            with self.subTest(name), self.undone():
                case = good | changed
                transaction = self.lose(self.invoice, baseline=case["before"])
                for outcome, state in (case["first"], case["second"]):
                    self.look_up(transaction, last(outcome), state=state, after=case["pause"])
                self.assertEqual(transaction.state, "unknown")

    def test_rule_08a_another_order_is_not_ours(self):
        transaction = self.lose(self.invoice, baseline=BEFORE)
        seen = last(declined(number=101), "SOMEBODYELSES")
        for _sighting in range(3):
            self.look_up(transaction, seen, after=60)
        self.assertEqual(transaction.state, "unknown")

    def test_rule_08a_a_cancellation_where_nobody_works_by_hand_is_ours(self):
        self.terminal.used_by_hand = False
        transaction = self.lose(self.invoice, baseline=BEFORE)
        seen = last(cancelled())
        for _sighting in range(2):
            self.look_up(transaction, seen, after=5)
        self.assertEqual((transaction.state, transaction.reason), ("failed", "customer_cancelled"))

    def test_rule_08a_where_cards_are_taken_by_hand_only_the_next_number_is_ours(self):
        """A charge of ours, then one of the same amount that was typed by hand and refused."""
        nameless = last(cancelled(timestamp=terminal_time(-60)))
        cases = {
            "cancelled by hand": (BEFORE, cancelled()),
            "cancelled by hand, with the amount": (BEFORE, cancelled(total_amount=100000)),
            "refused by hand": (BEFORE, declined(number=102)),
            "cancelled before": (nameless, declined(number=102)),
            "nothing before": (None, cancelled()),
        }
        self.assertTrue(self.terminal.used_by_hand, "so it is unless somebody says otherwise")
        for name, (before, seen) in cases.items():
            with self.subTest(name), self.undone():
                transaction = self.start(self.invoice)
                transaction._record_baseline(before)
                transaction._claim("thread-1")
                transaction._record_answer(lost())
                for _sighting in range(3):
                    self.look_up(transaction, last(seen), after=600)
                self.assertEqual(transaction.state, "unknown")
                self.looked_up(transaction).with_user(self.manager)._settle_by_hand(
                    charged=True, reason="in the journal", amount=1000, reference="000101"
                )
                self.assertTrue(transaction.booked_at)

    def test_rule_08b_still_the_very_one_after_the_longest_wait_seen_twice(self):
        transaction = self.lose(self.invoice, baseline=BEFORE)
        self.look_up(transaction, BEFORE, after=301)
        self.assertEqual(transaction.state, "unknown", "seen once")
        self.look_up(transaction, BEFORE, after=5)
        self.assertEqual((transaction.state, transaction.reason), ("failed", "proven_not_charged"))

    def test_rule_08b_every_condition_counts(self):
        unrecognisable = last(approved(7700, number=None, timestamp=""))
        other_result = last(declined(number=100, timestamp=BEFORE.outcome.timestamp))
        good = {"before": BEFORE, "seen": (BEFORE, BEFORE), "states": ("idle", "idle"), "wait": 301, "pause": 5}
        cases = {
            "a customer may still be at it": {"wait": 290},
            "terminal not idle the first time": {"states": ("busy", "idle")},
            "terminal not idle the second time": {"states": ("idle", "busy")},
            "not known what was before": {"before": None},
            "seen twice too quickly": {"pause": 4},
            "there was none before": {"before": None, "none_before": True},
            "there is none any more": {"seen": (None, None)},
            "another one the second time": {"seen": (BEFORE, last(approved(7700, number=101)))},
            "one that can't be told from another": {"before": unrecognisable, "seen": (unrecognisable,) * 2},
            "the same number with another result": {"seen": (other_result, other_result)},
            "a reversal, whose original it may be": {"kind": "reversal"},
        }
        for name, changed in cases.items():
            with self.subTest(name), self.undone():
                case = good | changed
                transaction = self.start(self.invoice)
                if case["before"] or case.get("none_before"):
                    transaction._record_baseline(case["before"])
                transaction._claim("thread-1")
                transaction._record_answer(lost())
                if "kind" in case:
                    transaction._compare_and_set({"kind": case["kind"]}, ("unknown",))
                waits = (case["wait"], case["pause"])
                for seen, state, wait in zip(case["seen"], case["states"], waits, strict=True):
                    self.look_up(transaction, seen, state=state, after=wait)
                self.assertEqual(transaction.state, "unknown")

    def test_rule_08b_a_terminal_that_never_had_one(self):
        self.terminal.used_by_hand = False
        transaction = self.start(self.invoice)
        transaction._record_baseline(None)
        transaction._claim("thread-1")
        transaction._record_answer(lost())
        self.look_up(transaction, None, after=301)
        self.look_up(transaction, None, after=5)
        self.assertEqual(transaction.state, "failed")

    def test_rule_08b_no_result_proves_nothing_where_one_may_have_been_wiped_out_by_hand(self):
        transaction = self.start(self.invoice)
        transaction._record_baseline(None)
        transaction._claim("thread-1")
        transaction._record_answer(lost())
        for _sighting in range(3):
            self.look_up(transaction, None, after=301)
        self.assertEqual(transaction.state, "unknown")

    def test_rule_08_an_aborted_one_ends_aborted(self):
        transaction = self.send(self.invoice)
        transaction._record_baseline(BEFORE)
        transaction.with_user(self.clerk).abort()
        transaction._record_answer(lost())
        seen = last(declined(number=101))
        for _sighting in range(2):
            self.look_up(transaction, seen, after=5)
        self.assertEqual((transaction.state, transaction.reason), ("aborted", "merchant_aborted"))

    def test_rule_08_a_clock_alone_never_decides(self):
        transaction = self.lose(self.invoice, baseline=BEFORE)
        for _day in range(5):
            self.pass_time(transaction, 86400)
            transaction._recover()
            transaction._record_lookup(None, None, ConnectCloudError(Reason.SERVICE_UNREACHABLE))
        self.assertEqual(transaction.state, "unknown")
        [answer] = self.make_invoice(10).nets_start_card_payment(10, self.terminal.id, "another-request")
        self.assertTrue(answer["waiting"])

    def test_rule_08_an_error_proves_nothing(self):
        transaction = self.lose(self.invoice, baseline=BEFORE)
        refusal = last(declined(number=101))
        self.look_up(transaction, refusal)
        self.look_up(transaction, None, after=60, error=ConnectCloudError(Reason.SERVICE_ERROR))
        self.assertEqual(transaction.state, "unknown")
        self.assertEqual(transaction.lookup_message, "NETS answered with an error")

    def test_rule_08_when_the_last_result_is_asked_for_before(self):
        self.terminal.used_by_hand = False
        with self.subTest("first use"):
            first = self.start(self.invoice)
            self.assertTrue(first._prepare_call().wants_baseline)
            first._claim("thread-1")
            first._record_answer(declined(number=100))
        with self.subTest("known from the payment before"):
            second = self.start(self.invoice)
            self.assertFalse(second._prepare_call().wants_baseline)
            second._claim("thread-1")
            self.assertEqual(second.baseline["stan"], "000100")
        with self.subTest("not known after a lost answer"):
            second._record_answer(lost())
            self.looked_up(second).with_user(self.manager)._settle_by_hand(charged=False, reason="new terminal")
            third = self.start(self.invoice)
            self.assertTrue(third._prepare_call().wants_baseline)
            third._claim("thread-1")
            self.assertFalse(third.baseline)
            third._record_answer(declined(number=101))
        with self.subTest("used by hand"):
            self.terminal.used_by_hand = True
            fourth = self.start(self.invoice)
            self.assertTrue(fourth._prepare_call().wants_baseline)
            fourth._claim("thread-1")
            self.assertFalse(fourth.baseline, "what we know ourselves may be old")

    def test_rule_08_not_known_after_the_listener_died(self):
        """Whatever the dead thread's payment became, the result before it isn't the last one any more."""
        self.terminal.used_by_hand = False
        self.charge(self.invoice, outcome=declined(number=100, timestamp=terminal_time(-600)))
        second = self.send(self.invoice)
        self.pass_time(second, 21)
        second._recover()
        self.look_up(second, last(approved(100000, number=101)))
        self.assertEqual(second.state, "approved")
        third = self.start(self.make_invoice(10))
        self.assertFalse(third._prepare_call().wants_baseline, "known from the lookup")
        third._claim("thread-3")
        self.assertEqual(third.baseline["stan"], "000101")

    # === 9: EVIDENCE OF A CHARGE ALWAYS WINS === #

    def _settled_as_not_charged(self):
        """(how it was settled, transaction)."""
        failed = self.lose(self.make_invoice(1000), baseline=BEFORE)
        seen = last(declined(number=101))
        for _sighting in range(2):
            self.look_up(failed, seen, after=5)
        yield "failed", failed

        aborted = self.send(self.make_invoice(1000))
        aborted.with_user(self.clerk).abort()
        aborted._record_answer(cancelled())
        yield "aborted", aborted

        by_hand = self.lose(self.make_invoice(1000))
        self.looked_up(by_hand).with_user(self.manager)._settle_by_hand(charged=False, reason="nothing in the journal")
        yield "failed", by_hand

    def test_rule_09_a_later_proof_wins(self):
        for state, transaction in self._settled_as_not_charged():
            with self.subTest(state=state, reason=transaction.reason):
                self.assertEqual(transaction.state, state)
                # found when asking for somebody else's result
                other = self.lose(self.make_invoice(50))
                self.look_up(other, last(approved(100000, number=102), transaction.order_id))
                self.assertEqual(transaction.state, "approved")
                self.assertEqual(transaction.charged_amount, 1000)
                self.assertIn("the card was charged", transaction.alert)
                self.assertIn(transaction.alert, transaction.message_ids[0].body)
                self.assertTrue(transaction.to_book)
                self.assertTrue(transaction._book())
                self.assertEqual(transaction.invoice_ids.amount_residual, 0)
                self.assertEqual(other.state, "unknown")
                self.looked_up(other).with_user(self.manager)._settle_by_hand(charged=False, reason="done with it")

    def test_rule_09_the_result_before_the_next_payment_is_checked_too(self):
        for state, transaction in self._settled_as_not_charged():
            with self.subTest(state=state, reason=transaction.reason):
                other = self.start(self.make_invoice(50))
                other._record_baseline(last(approved(100000, number=102), transaction.order_id))
                self.assertEqual(transaction.state, "approved")
                self.assertTrue(transaction.alert)
                self.assertTrue(transaction.to_book)

    def test_rule_09_what_was_known_before_stops_nothing(self):
        """The usual case: the last result is that of the payment before."""
        before = self.charge(self.make_invoice(20), outcome=approved(2000, number=100))
        transaction = self.start(self.invoice)
        transaction._record_baseline(last(approved(2000, number=100), before.order_id))
        self.assertTrue(transaction._claim("thread-1"))
        self.assertFalse(before.alert)

    def _reversal_settled_as_not_charged(self, used_by_hand=False):
        """A reversal that the terminal does after a person has looked into its journal.

        :return: (reversal, what the terminal shows then)
        """
        self.terminal.used_by_hand = used_by_hand
        original = self.charge(self.invoice, outcome=approved(100000, number=101))
        [shown] = original.with_user(self.clerk).start_reversal("back")
        reversal = self.engine["nets.transaction"].browse(shown["id"])
        reversal._record_baseline(last(approved(100000, number=101), original.order_id))
        self.assertTrue(reversal._claim("thread-back"))
        reversal._record_answer(lost())
        self.looked_up(reversal).with_user(self.manager)._settle_by_hand(charged=False, reason="nothing in the journal")
        self.assertEqual((reversal.state, self.invoice.amount_residual), ("failed", 0))
        return reversal, last(approved(100000, number=102, timestamp=terminal_time(5)))

    def test_rule_09_an_approval_without_order_id_wins_over_a_person_too(self):
        for name in ("asked for", "before the next payment"):
            with self.subTest(name), self.undone():
                reversal, seen = self._reversal_settled_as_not_charged()
                if name == "asked for":
                    reversal.with_user(self.clerk).get_last_result()
                    self.look_up(reversal, seen)
                else:
                    following = self.start(self.make_invoice(50))
                    self.assertTrue(following._prepare_call().wants_baseline)
                    following._record_baseline(seen)
                    self.assertEqual((following.state, following.reason), ("failed", "earlier_charge_found"))
                self.assertEqual((reversal.state, reversal.stan), ("approved", "000102"))
                self.assertIn("the card was charged", reversal.alert)
                self.assertTrue(reversal._book())
                self.assertEqual(self.invoice.amount_residual, 1000)

    def test_rule_09_what_is_no_proof_calls_a_person(self):
        reversal, seen = self._reversal_settled_as_not_charged(used_by_hand=True)
        following = self.start(self.make_invoice(50))
        for _again in range(2):
            following._record_baseline(seen)
        self.assertTrue(following._claim("thread-next"))
        self.assertEqual(reversal.state, "failed")
        self.assertIn("an approval that is unknown here: number 000102", reversal.alert)
        self.assertEqual(len(reversal.message_ids.filtered(lambda message: "000102" in message.body)), 1)
        self.assertEqual(reversal.activity_ids.user_id, reversal._responsible_users())
        for activity in reversal.activity_ids:
            self.assertIn("number 000102", activity.note)
        with self.subTest("the terminal is asked for again, and it is settled the other way"):
            reversal.with_user(self.manager)._settle_by_hand(True, "It is in the journal", 1000, "000102")
            self.assertEqual((reversal.state, self.invoice.amount_residual), ("approved", 1000))

    def test_rule_09_what_says_nothing_against_a_person_raises_nothing(self):
        for name, seen in {
            "the same as before": approved(100000, number=101, timestamp=terminal_time(-100)),
            "another amount": approved(5000, number=102, timestamp=terminal_time(5)),
            "an older one": approved(100000, number=99, timestamp=terminal_time(-1000)),
            "a refusal": declined(number=102, timestamp=terminal_time(5)),
        }.items():
            for used_by_hand in (False, True):
                with self.subTest(name, used_by_hand=used_by_hand), self.undone():
                    reversal, _seen = self._reversal_settled_as_not_charged(used_by_hand)
                    following = self.start(self.make_invoice(50))
                    following._record_baseline(last(seen))
                    self.assertEqual((reversal.state, reversal.alert), ("failed", False))
        with self.subTest("another payment was sent since"):
            reversal, seen = self._reversal_settled_as_not_charged()
            self.charge(self.make_invoice(30), outcome=declined(number=103))
            self.start(self.make_invoice(50))._record_baseline(seen)
            self.assertEqual((reversal.state, reversal.alert), ("failed", False))

    # === 10: OUR OWN ANSWER IS ALWAYS RECORDED === #

    def test_rule_10_no_matter_what_the_row_says_meanwhile(self):
        for state, transaction in self._settled_as_not_charged():
            with self.subTest(state=state, reason=transaction.reason):
                transaction._record_answer(approved(100000, number=103))
                self.assertEqual(transaction.state, "approved")
                self.assertTrue(transaction.alert)
                self.assertTrue(transaction.to_book)
                self.assertEqual(transaction.raw_answer, '{"result": "as it came"}')

    def test_rule_10_a_known_stan_does_not_block_it(self):
        self.charge(self.make_invoice(10), outcome=approved(1000, number=101))
        transaction = self.charge(self.invoice, outcome=approved(100000, number=101))
        self.assertEqual(transaction.state, "approved")
        self.assertTrue(transaction.booked_at)

    def test_rule_10_an_approval_twice_is_one(self):
        transaction = self.lose(self.invoice)
        self.look_up(transaction, last(approved(100000, customer_receipt=""), transaction.order_id))
        transaction._book()
        payment = transaction.payment_id
        transaction._record_answer(approved(100000))
        transaction._book()
        self.assertEqual((transaction.state, transaction.to_book, transaction.alert), ("approved", False, False))
        self.assertEqual(transaction.payment_id, payment)
        self.assertEqual(
            self.env["account.payment"].search_count([("payment_reference", "=", transaction.order_id)]), 1
        )
        self.assertEqual(transaction.customer_receipt, "CUSTOMER", "what was missing is added")

    def test_rule_10_an_approval_twice_with_another_amount_alerts(self):
        transaction = self.charge(self.invoice)
        transaction._record_answer(approved(90000))
        self.assertEqual(transaction.charged_amount, 1000)
        self.assertRegex(transaction.alert, r"900\.00.*1,000\.00")
        self.assertFalse(transaction.to_book)

    def test_rule_10_a_refusal_after_an_approval_alerts(self):
        transaction = self.lose(self.invoice)
        self.look_up(transaction, last(approved(100000), transaction.order_id))
        transaction._record_answer(declined())
        self.assertEqual(transaction.state, "approved")
        self.assertIn("nothing was charged", transaction.alert)

    def test_rule_10_a_lost_answer_changes_nothing_that_is_known(self):
        transaction = self.lose(self.invoice)
        self.look_up(transaction, last(approved(100000), transaction.order_id))
        transaction._record_answer(lost(Reason.RESULT_UNKNOWN))
        self.assertEqual(transaction.state, "approved")

    def test_rule_10_an_old_answer_is_not_the_terminals_last_result(self):
        """The answer of a stalled process, after the next payment on the same terminal."""
        self.terminal.used_by_hand = False
        first = self.lose(self.invoice, baseline=BEFORE)
        self.looked_up(first).with_user(self.manager)._settle_by_hand(charged=False, reason="nothing in the journal")
        self.charge(self.make_invoice(70), outcome=approved(7000, number=102))
        first._record_answer(declined(number=101, timestamp=terminal_time(-100)))
        third = self.start(self.make_invoice(10))
        self.assertTrue(third._prepare_call().wants_baseline, "asked for again")
        third._claim("thread-3")
        self.assertFalse(third.baseline)

    # === 11: ABORT IS A WISH === #

    def test_rule_11_aborting_until_the_call_ended(self):
        transaction = self.send(self.invoice)
        [shown] = transaction.with_user(self.clerk).abort()
        self.assertEqual((shown["state"], shown["look"], shown["label"]), ("pending", "aborting", "Aborting…"))
        self.assertEqual(shown["abort"], "running", "one abort call at a time")
        with self.assertRaisesRegex(UserError, "charged already"):
            self.start(self.invoice, terminal=self.terminal_2)
        transaction._abort_call_ended()
        [shown] = transaction.with_user(self.clerk).read_progress()
        self.assertEqual((shown["state"], shown["look"]), ("pending", "aborting"))
        self.assertEqual(shown["abort"], "possible", "may be pressed again")

    def test_rule_11_abort_obeyed_is_aborted(self):
        transaction = self.send(self.invoice)
        transaction.with_user(self.clerk).abort()
        transaction._record_answer(cancelled())
        self.assertEqual((transaction.state, transaction.reason), ("aborted", "merchant_aborted"))
        self.assertEqual(transaction.abort_requested_by_id, self.clerk)

    def test_rule_11_cancelled_by_the_customer_is_failed(self):
        transaction = self.charge(self.invoice, outcome=cancelled())
        self.assertEqual((transaction.state, transaction.reason), ("failed", "customer_cancelled"))

    def test_rule_11_abort_too_late_is_a_charge(self):
        transaction = self.send(self.invoice)
        transaction.with_user(self.clerk).abort()
        transaction._record_answer(approved(100000))
        self.assertEqual(transaction.state, "approved")
        self.assertTrue(transaction._book())
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_rule_11_abort_with_a_lost_answer_is_unknown(self):
        transaction = self.send(self.invoice)
        transaction.with_user(self.clerk).abort()
        transaction._record_answer(lost())
        self.assertEqual(transaction.state, "unknown")
        [shown] = transaction.with_user(self.clerk).abort()
        self.assertEqual(shown["state"], "unknown")

    def test_rule_11_an_abort_of_what_is_over_changes_nothing(self):
        for outcome, state in ((approved(10000), "approved"), (declined(), "failed")):
            transaction = self.charge(self.make_invoice(100), outcome=outcome)
            transaction.with_user(self.clerk).abort()
            self.assertEqual(transaction.state, state)
            self.assertFalse(transaction.abort_requested_at)
            self.assertIsNone(transaction._prepare_abort())

    # === 12: BOOKING TAKES THE CHARGED AMOUNT === #

    def test_rule_12_the_charged_amount_is_booked(self):
        """More of it in test_invoice_payment.py."""
        transaction = self.charge(self.invoice, outcome=approved(110000, tip_amount=10000))
        self.assertEqual(transaction.payment_id.amount, 1100)
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertRegex(transaction.booking_note, r"100\.00 .*tip")

    # === 13: HAND SETTLEMENT === #

    def test_rule_13_only_a_manager(self):
        transaction = self.lose(self.invoice)
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            self.looked_up(transaction).with_user(self.clerk)._settle_by_hand(charged=False, reason="because")
        with self.assertRaises(AccessError):
            self.env["nets.transaction.settle"].with_user(self.clerk).create(
                {"transaction_id": transaction.id, "outcome": "not_charged", "reason": "because"}
            )
        self.assertEqual(transaction.state, "unknown")

    def test_rule_13_only_what_is_unknown_and_not_listened_to(self):
        refused = self.assertRaisesRegex(UserError, "result is unknown, and no longer waited for")
        pending = self.send(self.invoice)
        with refused:
            self.looked_up(pending).with_user(self.manager)._settle_by_hand(charged=False, reason="because")
        pending._compare_and_set({"state": "unknown"}, ("pending",))
        with self.assertRaisesRegex(UserError, "no longer waited for"):  # its thread lives
            self.looked_up(pending).with_user(self.manager)._settle_by_hand(charged=False, reason="because")
        self.assertEqual(pending.state, "unknown")
        for outcome in (approved(1000), declined()):
            known = self.charge(self.make_invoice(10), terminal=self.terminal_2, outcome=outcome)
            with self.assertRaisesRegex(UserError, "result is unknown"):
                self.looked_up(known).with_user(self.manager)._settle_by_hand(charged=False, reason="because")

    def test_rule_13_needs_a_reason_and_for_a_charge_amount_and_reference(self):
        transaction = self.lose(self.invoice).with_user(self.manager)
        with self.assertRaisesRegex(UserError, "why this is settled by hand"):
            self.looked_up(transaction)._settle_by_hand(charged=False, reason=" ")
        for values in (
            {"amount": 1000},
            {"amount": 1000, "reference": " "},
            {"amount": 0, "reference": "000101"},
            {"amount": -5, "reference": "000101"},
            {"amount": float("nan"), "reference": "000101"},
            {"amount": float("inf"), "reference": "000101"},
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "amount and the reference|number"):
                self.looked_up(transaction)._settle_by_hand(charged=True, reason="journal", **values)
        self.assertEqual(transaction.state, "unknown")

    def test_rule_13_the_terminal_is_asked_first(self):
        transaction = self.lose(self.invoice)
        values = {"transaction_id": transaction.id, "outcome": "not_charged", "reason": "because"}
        wizard = self.env["nets.transaction.settle"].with_user(self.manager).create(values)
        for call in (
            wizard.action_settle,
            lambda: transaction.with_user(self.manager)._settle_by_hand(charged=False, reason="because"),
            lambda: self.looked_up(transaction, -1).with_user(self.manager)._settle_by_hand(False, "because"),
        ):
            with self.assertRaisesRegex(UserError, "Get last result"):
                call()
        self.looked_up(transaction)
        wizard.action_settle()
        self.assertEqual(transaction.state, "failed")

    def test_rule_13_nothing_is_settled_as_not_charged_while_it_may_still_run(self):
        transaction = self.lose(self.invoice).with_user(self.manager)
        until = self.account.customer_timeout + SETTLE_MARGIN

        def settle():
            transaction._settle_by_hand(charged=False, reason="nothing in the journal")

        self.look_up(transaction.sudo(), None, after=until - 30)
        time = format_datetime(self.env, transaction.sent_at + timedelta(seconds=until))
        with self.assertRaisesRegex(UserError, f"may be doing this until {re.escape(time)}"):
            settle()
        self.pass_time(transaction, 60)
        with self.subTest("it was asked before"), self.assertRaisesRegex(UserError, "was last asked when"):
            settle()
        self.look_up(transaction.sudo(), None, state="cardPresented")
        with self.subTest("it is busy"), self.assertRaisesRegex(UserError, "is “cardPresented”"):
            settle()
        self.assertEqual(transaction.state, "unknown")
        for name in ("idle", "it can't be asked", "busy for ever", "charged"):
            with self.subTest(name), self.undone():
                if name == "idle":
                    self.look_up(transaction.sudo(), None)
                elif name == "it can't be asked":
                    self.look_up(transaction.sudo(), None, error=ConnectCloudError(Reason.SERVICE_UNREACHABLE))
                elif name == "busy for ever":
                    self.pass_time(transaction, 600)
                    self.look_up(transaction.sudo(), None, state="cardPresented")
                if name == "charged":
                    transaction._settle_by_hand(True, "It is in the journal", 1000, "000101")
                    self.assertEqual(transaction.state, "approved")
                else:
                    settle()
                    self.assertEqual(transaction.state, "failed")

    def test_rule_13_what_was_misread_is_settled_the_other_way(self):
        transaction = self.looked_up(self.lose(self.invoice)).with_user(self.manager)
        transaction._settle_by_hand(charged=False, reason="Not in the journal")
        with self.assertRaisesRegex(UserError, "Only a transaction whose result is unknown"):
            transaction._settle_by_hand(charged=False, reason="Once more")
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            transaction.with_user(self.clerk)._settle_by_hand(True, "It is", 1000, "000101")
        with self.subTest("not against the terminal's own word"), self.undone():
            transaction.sudo()._record_answer(declined())
            with self.assertRaisesRegex(UserError, "Only a transaction whose result is unknown"):
                transaction._settle_by_hand(True, "It is on the next page", 1000, "000101")
        transaction._settle_by_hand(True, "It is on the next page", 1000, "000101")
        self.assertEqual((transaction.state, transaction.charged_amount), ("approved", 1000))
        self.assertEqual(self.invoice.amount_residual, 0)

    def test_rule_13_what_is_read_in_the_journal_is_no_other_charge(self):
        self.charge(self.make_invoice(500), outcome=approved(50000, number=101))
        self.charge(self.make_invoice(1000), terminal=self.terminal_2, outcome=approved(100000, number=202))
        transaction = self.looked_up(self.lose(self.invoice)).with_user(self.manager)
        for reference in ("000101", "a00101", "STAN 000101", "000202", "A00202 x"):
            with self.subTest(reference), self.assertRaisesRegex(UserError, "is the reference of another payment"):
                transaction._settle_by_hand(True, "journal", 1000, reference)
        with self.assertRaisesRegex(UserError, "much shorter"):
            transaction._settle_by_hand(True, "journal", 1000, "9" * 65)
        with self.subTest("other terminals count their own numbers"), self.undone():
            transaction._settle_by_hand(True, "journal", 999, "000202")
        transaction._settle_by_hand(True, "journal " * 100, 1000, "000303")
        self.assertEqual(len(transaction.settlement_reason), 500)
        again = self.looked_up(self.lose(self.make_invoice(200))).with_user(self.manager)
        with self.assertRaisesRegex(UserError, "is the reference of another payment"):
            again._settle_by_hand(True, "journal", 200, "000303")

    def test_rule_13_settled_as_charged_is_booked(self):
        transaction = self.lose(self.invoice)
        self.look_up(transaction, None)
        self.env["nets.transaction.settle"].with_user(self.manager).create(
            {
                "transaction_id": transaction.id,
                "outcome": "charged",
                "amount": 1000,
                "reference": "000101",
                "reason": "read in the journal",
            }
        ).action_settle()
        self.assertEqual(transaction.state, "approved")
        self.assertEqual((transaction.settled_by_id, transaction.settlement_reference), (self.manager, "000101"))
        self.assertEqual(transaction.payment_id.amount, 1000)
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertIn("read in the journal", transaction.message_ids[0].body)

    def test_rule_13_a_later_refusal_of_what_was_settled_so_is_kept(self):
        transaction = self.lose(self.make_invoice(1000))
        self.looked_up(transaction).with_user(self.manager)._settle_by_hand(charged=False, reason="Not in the journal")
        transaction._record_answer(declined())
        self.assertEqual((transaction.state, transaction.reason), ("failed", "settled_by_hand"))
        self.assertEqual((transaction.stan, transaction.raw_answer), ("000101", '{"result": "as it came"}'))
        self.assertSaidOn(transaction, "says the same: Insufficient funds")
        self.assertFalse(transaction.alert)

    def test_rule_13_a_later_answer_to_a_settled_charge(self):
        transaction = self.lose(self.invoice)
        self.looked_up(transaction).with_user(self.manager)._settle_by_hand(
            charged=True, reason="journal", amount=1000, reference="000101"
        )
        with self.subTest("the same amount adds what was missing"):
            transaction._record_answer(approved(100000, number=101))
            self.assertEqual((transaction.stan_auth, transaction.alert), ("000101A00101", False))
        with self.subTest("nothing charged after all"):
            transaction._record_answer(declined())
            self.assertEqual(transaction.state, "approved")
            self.assertIn("nothing was charged", transaction.alert)
        self.assertEqual(len(self.invoice.matched_payment_ids), 1)
