"""Recovery as people see it, and what calls one. The rules themselves: test_rules_of_money.py."""

import itertools
from ast import literal_eval
from unittest.mock import Mock, patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, tagged

from ... import listener
from ...connect_cloud import ConnectCloudError, Reason
from ...const import DUE_PAUSE, MOST_IDS
from ..common import CardPaymentCommon, approved, declined, last, lost

TOKEN = "a-long-token-made-by-a-machine"


@tagged("post_install", "-at_install")
class TestRecovery(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.make_invoice(1000)

    def started_lookups(self):
        """Note which lookups are started; no thread runs in a test."""
        started = []
        patcher = patch.object(listener, "look_up_after_commit", lambda transaction: started.append(transaction.id))
        self.startPatcher(patcher)
        return started

    def unknown(self, **values):
        transaction = self.send(self.invoice)
        transaction._record_answer(lost())
        if values:
            self.set_columns(transaction, **values)
        return transaction

    def set_columns(self, transaction, **values):
        """Age a transaction: column → SQL expression."""
        assignments = ", ".join(f"{name} = {expression}" for name, expression in values.items())
        self.env.cr.execute(f"UPDATE nets_transaction SET {assignments} WHERE id = %s", [transaction.id])
        transaction.invalidate_recordset()

    # --- asked by a person --- #

    def test_get_last_result_asks_at_once(self):
        started = self.started_lookups()
        transaction = self.unknown(
            unknown_since="now() at time zone 'utc' - interval '1 minute'",
            next_lookup_at="now() at time zone 'utc' + interval '1 minute'",
        )
        progress = transaction.with_user(self.clerk).get_last_result()[0]
        self.assertIn(transaction.id, started)
        self.assertEqual(progress["lookup"], "possible")
        self.assertIn("1,000.00", progress["advice"])

    def test_get_last_result_right_after_the_loss_waits_until_it_can_be_there(self):
        started = self.started_lookups()
        transaction = self.unknown()
        transaction.with_user(self.clerk).get_last_result()
        self.assertEqual(started, [])

    def test_impatience_does_not_flood_the_service(self):
        started = self.started_lookups()
        transaction = self.unknown(unknown_since="now() at time zone 'utc' - interval '1 minute'")
        transaction._ask_soon()
        self.assertTrue(transaction._claim_lookup())
        started.clear()
        transaction._ask_soon()
        self.assertEqual(started, [], "one is under way")
        transaction._record_lookup("idle", None)
        transaction._ask_soon()
        self.assertEqual(started, [], "one has just ended")

    def test_get_last_result_finds_the_charge_of_a_failed_one(self):
        started = self.started_lookups()
        transaction = self.send(self.invoice)
        transaction._record_answer(declined())
        progress = transaction.with_user(self.clerk).get_last_result()[0]
        self.assertEqual(set(started), {transaction.id})
        self.assertEqual(progress["lookup"], "running")
        self.assertFalse(progress["can_retry"], "not while it may turn out to be charged")
        self.assertTrue(transaction._claim_lookup())
        transaction._record_lookup("idle", last(approved(100000, number=102), transaction.order_id))
        self.assertEqual(transaction.state, "approved")
        self.assertTrue(transaction.alert)
        self.assertTrue(transaction._book())
        self.assertEqual(transaction.read_progress()[0]["lookup"], "")

    def test_get_last_result_of_a_failed_one_that_stays_failed(self):
        self.started_lookups()
        for error in (None, ConnectCloudError(Reason.SERVICE_UNREACHABLE)):
            transaction = self.send(self.invoice)
            transaction._record_answer(declined())
            transaction.get_last_result()
            self.assertTrue(transaction._claim_lookup())
            transaction._record_lookup("idle", last(declined(number=103)), error)
            progress = transaction.read_progress()[0]
            self.assertEqual(transaction.state, "failed")
            self.assertEqual(progress["lookup"], "possible")
            self.assertTrue(progress["lookup_message"])
            self.assertFalse(transaction._claim_lookup(), "nothing asks automatically about what has failed")

    # --- the next person --- #

    def test_the_next_payment_waits_for_an_earlier_one_to_be_resolved(self):
        started = self.started_lookups()
        earlier = self.unknown(
            unknown_since="now() at time zone 'utc' - interval '1 minute'",
            next_lookup_at="now() at time zone 'utc' + interval '1 minute'",
        )
        invoice = self.make_invoice(300)
        arguments = (300, self.terminal.id, "the-same-request")
        answer = invoice.with_user(self.clerk).nets_start_card_payment(*arguments)[0]
        self.assertTrue(answer["waiting"])
        self.assertIn("1,000.00", answer["explanation"])
        self.assertFalse(invoice.nets_transaction_ids)
        self.assertIn(earlier.id, started, "the earlier one is looked up at once")
        earlier._record_lookup("idle", last(approved(100000), earlier.order_id))
        answer = invoice.with_user(self.clerk).nets_start_card_payment(*arguments)[0]
        self.assertEqual(answer["state"], "pending", "the same request goes through")

    def test_the_next_payment_finds_a_dead_listener(self):
        started = self.started_lookups()
        earlier = self.send(self.invoice)
        self.env.cr.execute("UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 hour'")
        answer = self.make_invoice(300).nets_start_card_payment(300, self.terminal.id, "another-request")[0]
        self.assertTrue(answer["waiting"])
        self.assertEqual(earlier.state, "unknown")
        self.assertIn(earlier.id, started)

    def test_the_wizard_waits_too(self):
        self.started_lookups()
        earlier = self.unknown()
        invoice = self.make_invoice(300)
        wizard = invoice._nets_payment_wizard(self.terminal)
        wizard.nets_terminal_id = self.terminal
        action = wizard.action_nets_process_card()
        self.assertEqual(action["params"]["task"]["wizard_id"], wizard.id)
        self.assertTrue(wizard.nets_process_card()[0]["waiting"])
        earlier._record_lookup("idle", last(approved(100000), earlier.order_id))
        self.assertEqual(wizard.nets_process_card()[0]["state"], "pending")

    # --- the thread --- #

    def test_a_claim_that_is_not_sure_is_never_sent_and_fails(self):
        for state in ("claim committed", "claim lost"):
            with self.subTest(state):
                transaction = self.start(self.make_invoice(100), terminal=self.terminal_2)
                if state == "claim committed":
                    self.assertTrue(transaction._claim("mine"))
                transaction._record_not_sent("mine")
                self.assertEqual((transaction.state, transaction.reason), ("failed", "never_sent"))

    def test_a_claim_of_another_is_not_touched(self):
        transaction = self.send(self.invoice)
        transaction._record_not_sent("not the token of this one")
        self.assertEqual(transaction.state, "pending")

    def test_an_alert_that_cannot_be_posted_does_not_lose_the_charge(self):
        transaction = self.send(self.invoice)
        transaction._record_answer(declined())
        Transaction = self.env.registry["nets.transaction"]
        with patch.object(Transaction, "message_post", side_effect=ValueError), self.assertLogs(level="ERROR"):
            transaction._record_answer(approved(100000))
        self.assertEqual(transaction.state, "approved")
        self.assertTrue(transaction.alert)

    def in_this_transaction(self, client=None):
        """Let what the pools do find this test's transaction, and collect what they would do later.

        :param client: what answers instead of NETS
        :return: [(function's name, arguments)]
        """
        later = []

        def in_transaction(_dbname, record_id, method, *args, model="nets.transaction", **_options):
            records = self.engine[model].browse(record_id) if record_id else self.engine[model]
            return getattr(records, method)(*args)

        def submit(_pool, target, _dbname, *args, **_options):
            later.append((target.__name__.strip("_"), args))
            return True

        self.startPatcher(patch.object(listener, "_in_transaction", in_transaction))
        self.startPatcher(patch.object(listener, "_submit", submit))
        self.startPatcher(patch.object(listener, "_client", lambda *_args, **_timeouts: client))
        self.startPatcher(patch.object(listener, "keeper", Mock()))
        return later

    def look_up(self, transaction, token="mine"):
        listener._look_up(self.env.cr.dbname, transaction.id, token)

    def test_only_a_lookup_that_finds_a_charge_waits_for_bookings(self):
        transaction = self.unknown(next_lookup_at="now() at time zone 'utc'")
        client = Mock()
        client.terminal_state.return_value = "idle"
        client.last_transaction.return_value = last(declined(number=99))  # of somebody else
        later = self.in_this_transaction(client)
        self.look_up(transaction)
        self.assertEqual((transaction.state, later), ("unknown", [("watch_over", ())]))
        self.set_columns(transaction, next_lookup_at="now() at time zone 'utc'")
        client.last_transaction.return_value = last(approved(100000), transaction.order_id)
        self.look_up(transaction)
        self.assertEqual(transaction.state, "approved")
        self.assertIn(("book", (transaction.id, "_book")), later)

    def test_one_answer_is_for_all_who_wait_for_the_terminal(self):
        failed = self.env["nets.transaction"]
        for _number in range(2):
            transaction = self.send(self.invoice)
            transaction._record_answer(declined())
            failed |= transaction
        unknown = self.unknown()
        elsewhere = self.send(self.make_invoice(10), terminal=self.terminal_2)
        elsewhere._record_answer(declined())
        client = Mock()
        client.terminal_state.return_value = "idle"
        client.last_transaction.return_value = last(approved(100000), unknown.order_id)
        later = self.in_this_transaction(client)
        self.started_lookups()
        (failed | elsewhere).get_last_result()
        self.assertEqual({progress["lookup"] for progress in failed.read_progress()}, {"running"})
        self.set_columns(unknown, next_lookup_at="now() at time zone 'utc'")
        self.look_up(failed[0])
        client.last_transaction.assert_called_once()
        self.assertEqual((unknown.state, failed.mapped("state")), ("approved", ["failed", "failed"]))
        self.assertEqual(
            [progress["lookup"] for progress in (failed | elsewhere).read_progress()],
            ["possible", "possible", "running"],
        )
        self.assertIn(("book", (unknown.id, "_book")), later)

    def test_a_lookup_belongs_to_its_process_as_long_as_that_lives(self):
        transaction = self.unknown(next_lookup_at="now() at time zone 'utc'")
        self.assertTrue(transaction._claim_lookup("one process"))
        self.assertTrue(transaction._is_looked_up())
        self.assertFalse(transaction._claim_lookup("another process"))
        self.assertEqual(transaction._due_now(transaction.ids)[0], [])
        self.env.cr.execute("UPDATE nets_heartbeat SET beat_at = beat_at - interval '21 seconds'")
        self.assertFalse(transaction._is_looked_up())
        self.assertEqual(
            transaction._due_now(transaction.ids)[0], [(transaction.id, self.terminal.id, "lookup")], "not after 90 s"
        )
        self.assertTrue(transaction._claim_lookup("another process"))

    def test_a_lookup_whose_claim_may_not_have_been_committed_is_done_by_the_same_thread(self):
        transaction = self.unknown(next_lookup_at="now() at time zone 'utc'")
        self.assertTrue(transaction._claim_lookup("mine"))
        self.assertTrue(transaction._claim_lookup("mine"))

    # --- work is bounded --- #

    def test_a_call_is_about_as_many_as_a_person_looks_at(self):
        started = self.started_lookups()
        transaction = self.unknown()
        many = transaction.browse([transaction.id] * (MOST_IDS + 1))
        for method in ("get_last_result", "read_progress", "action_book_again"):
            with self.subTest(method), self.assertRaisesRegex(UserError, f"{MOST_IDS} transactions at most"):
                getattr(many.with_user(self.manager), method)()
        self.assertEqual(started, [])
        self.assertEqual(len(transaction.browse([transaction.id] * MOST_IDS).read_progress()), MOST_IDS)

    # --- who looks after what is open --- #

    def test_the_thread_that_looks_after_what_is_open_comes_back_when_the_next_is_due(self):
        Transaction = self.engine["nets.transaction"]
        self.env.cr.execute("UPDATE nets_transaction SET state = 'failed', next_lookup_at = NULL, to_book = FALSE")
        self.assertEqual(Transaction._due_now(), ([], None), "nothing is open")
        running = self.send(self.invoice)
        self.assertEqual(Transaction._due_now(), ([], 20.0), "its heartbeat")
        unknown = self.unknown_on(self.terminal_2)
        self.assertEqual(Transaction._due_now(), ([], 5.0), "the first lookup")
        self.set_columns(unknown, next_lookup_at="now() at time zone 'utc'")
        self.env.cr.execute("UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 minute'")
        due, pause = Transaction._due_now()
        self.assertEqual(due, [(running.id, self.terminal.id, "thread"), (unknown.id, self.terminal_2.id, "lookup")])
        self.assertEqual(pause, DUE_PAUSE, "should these still be waiting then")

    def unknown_on(self, terminal):
        transaction = self.send(self.make_invoice(100), terminal=terminal)
        transaction._record_answer(lost())
        return transaction

    def test_what_is_due_is_started_no_matter_who_left_it(self):
        self.started_lookups()
        abandoned = self.send(self.invoice)
        self.env.cr.execute("UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 minute'")
        unknown = self.unknown_on(self.terminal_2)
        self.set_columns(unknown, next_lookup_at="now() at time zone 'utc' - interval '1 second'")
        charged = self.send(self.make_invoice(100), terminal=self.terminal.copy({"identifier": "10009999"}))
        charged._record_answer(approved(10000))
        later = self.in_this_transaction()
        listener._watch_over(self.env.cr.dbname)
        self.assertEqual(abandoned.state, "unknown")
        self.assertEqual([name for name, _args in later], ["look_up", "book", "watch_over"])
        self.assertEqual(later[0][1][0], unknown.id)
        self.assertEqual(later[1][1], (charged.id, "_book_unless_locked"))

    def test_bookings_come_after_answers(self):
        with (
            patch.object(listener._recording, "backlog", lambda: 1),
            self.assertRaisesRegex(listener.Postponed, "answers are recorded first"),
        ):
            listener._book(self.env.cr.dbname, 0, "_book")

    def test_an_invoice_is_booked_behind_what_somebody_at_a_counter_waits_for(self):
        transaction = self.send(self.invoice)
        transaction._record_answer(approved(100000))
        passed_on = self.book_as_a_thread_does(transaction)
        self.assertEqual(passed_on, [("nets.booking", (transaction.id, "_book", True))])
        self.assertTrue(transaction.to_book)
        self.assertFalse(self.book_as_a_thread_does(transaction, *passed_on[0][1][2:]))
        self.assertTrue(transaction.booked_at)

    # --- call a person --- #

    def test_a_person_is_called_once_and_released(self):
        self.company.nets_responsible_ids = self.manager
        self.started_lookups()
        transaction = self.unknown(unknown_since="now() at time zone 'utc' - interval '11 minutes'")
        transactions = transaction.sudo()
        for _run in range(2):
            for record in transactions.search(transactions._person_domain()):
                record._call_person()
        activity = transaction.activity_ids
        self.assertEqual(activity.user_id, self.manager)
        self.assertIn("1,000.00", activity.note)
        self.assertEqual(transaction._monitoring_values()["person_called"], {"count": 1})
        transaction._release_person()
        self.assertTrue(transaction.activity_ids, "not before it is resolved")
        transaction._record_lookup("idle", last(approved(100000), transaction.order_id))
        transaction._release_person()
        self.assertTrue(transaction.activity_ids, "not before it is booked")
        transaction._book()
        transaction._release_person()
        self.assertFalse(transaction.activity_ids)
        self.assertFalse(transaction.person_called_at)

    def test_nobody_is_called_too_early(self):
        transaction = self.unknown(unknown_since="now() at time zone 'utc' - interval '9 minutes'")
        self.assertFalse(transaction.search(transaction._person_domain()))
        self.env["ir.config_parameter"].set_param("nets_connect_cloud.person_after", 5)
        self.assertEqual(transaction.search(transaction._person_domain()), transaction)

    def test_charged_not_booked_calls_a_person(self):
        transaction = self.send(self.invoice)
        transaction._record_answer(approved(100000))
        self.set_columns(transaction, recorded_at="now() at time zone 'utc' - interval '11 minutes'")
        self.assertEqual(transaction.search(transaction._person_domain()), transaction)

    def test_one_that_fails_does_not_stop_the_others(self):
        self.started_lookups()
        first = self.unknown(next_lookup_at="now() at time zone 'utc' - interval '1 hour'")
        second = self.start(self.make_invoice(100), terminal=self.terminal_2)
        self.set_columns(second, create_date="now() at time zone 'utc' - interval '2 minutes'")
        commits, rollbacks = [], []
        recover = self.env.registry["nets.transaction"]._recover

        def broken(records):
            if records == first:
                raise ZeroDivisionError
            return recover(records)

        cron = self.env.registry["ir.cron"]
        with (
            patch.object(self.env.registry["nets.transaction"], "_recover", broken),
            patch.object(cron, "_commit_progress", lambda _self, *args, **kwargs: commits.append((args, kwargs)) or 1),
            patch.object(self.env.cr, "rollback", lambda: rollbacks.append(1)),
            self.assertLogs(level="WARNING"),
        ):
            self.env["nets.transaction"]._cron_recover()
        self.assertEqual(second.state, "failed")
        self.assertEqual(rollbacks, [1], "what the failing one did")
        self.assertEqual(commits, [((), {"remaining": 2}), ((1,), {}), ((1,), {})], "each record separately")

    def test_the_scheduled_job_looks_only_at_what_is_due(self):
        self.started_lookups()
        for _number in range(3):
            transaction = self.send(self.make_invoice(10))
            transaction._record_answer(declined())
        due = self.unknown(next_lookup_at="now() at time zone 'utc'")
        self.unknown_on(self.terminal_2)
        seen = []

        def note(records):
            seen.append(records)

        Transaction = self.env.registry["nets.transaction"]
        with (
            patch.object(self.env.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: 1),
            patch.object(Transaction, "_recover", note),
        ):
            self.env["nets.transaction"]._cron_recover()
        self.assertEqual(seen, [due])

    def test_whatever_keeps_it_open_the_terminal_is_asked_once_the_customers_time_is_over(self):
        """For example without power: its last result proves something as soon as nobody can be there any more."""
        disconnected = ConnectCloudError(Reason.TERMINAL_DISCONNECTED, "lost")
        for seconds, error in itertools.product((4, 12), (None, disconnected)):
            with self.subTest(seconds=seconds, error=error):
                transaction = self.unknown(
                    sent_at=f"now() at time zone 'utc' - interval '{300 - seconds} seconds'", lookup_count=5
                )
                transaction._record_lookup("disconnected", None, error)
                self.assertEqual(transaction.state, "unknown")
                self.assertAlmostEqual(transaction._seconds_to_lookup(), seconds + 1, delta=1)
                self.set_columns(transaction, state="'failed'")

    # --- settings --- #

    def test_pauses_are_settings(self):
        transaction = self.unknown()
        self.assertEqual([transaction._lookup_pause(count) for count in range(6)], [5, 10, 20, 20, 20, 20])
        self.env["res.config.settings"].create({"nets_first_lookup": 30}).execute()
        self.assertEqual([transaction._lookup_pause(count) for count in range(2)], [30, 30])
        self.env["res.config.settings"].create({"nets_longest_pause": 10, "nets_first_lookup": 5}).execute()
        self.assertEqual([transaction._lookup_pause(count) for count in range(3)], [5, 10, 10])

    def test_pauses_are_longer_once_a_person_is_called(self):
        transaction = self.unknown(unknown_since="now() at time zone 'utc' - interval '11 minutes'")
        self.assertEqual([transaction._lookup_pause(count) for count in range(6)], [5, 10, 20, 40, 60, 60])
        self.env["res.config.settings"].create({"nets_first_lookup": 8, "nets_longest_pause": 30}).execute()
        self.assertEqual([transaction._lookup_pause(count) for count in range(4)], [8, 16, 30, 30])

    def test_nonsense_in_the_system_parameters_does_not_stop_recovery(self):
        for name in ("first_lookup", "longest_pause", "person_after"):
            self.env["ir.config_parameter"].set_param(f"nets_connect_cloud.{name}", "soon")
        with self.assertLogs(level="WARNING"):
            transaction = self.unknown(unknown_since="now() at time zone 'utc' - interval '11 minutes'")
            self.assertEqual(transaction.state, "unknown")
            self.assertEqual(transaction._lookup_pause(1), 10)
            self.assertEqual(transaction.search(transaction._person_domain()), transaction)

    def test_settings_that_make_no_sense_are_refused(self):
        for values, words in (
            ({"nets_first_lookup": 4}, "5 seconds at the earliest"),
            ({"nets_first_lookup": 30, "nets_longest_pause": 20}, "at least as long"),
            ({"nets_person_after": 0}, "after a minute at the earliest"),
            ({"nets_monitoring_token": "short"}, "at least 16 randomly generated characters"),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, words):
                self.env["res.config.settings"].create(values)

    def test_the_dashboard_counts_what_needs_a_person(self):
        self.unknown(unknown_since="now() at time zone 'utc' - interval '11 minutes'")
        data = self.bank_journal._get_journal_dashboard_data_batched()[self.bank_journal.id]
        self.assertEqual(data["nets_open_count"], 1)
        self.assertEqual((self.terminal | self.terminal_2).mapped("open_count"), [1, 0])
        # what is counted is what the buttons open and the filter finds, and not what is unknown for a moment only
        self.start(self.make_invoice(10), terminal=self.terminal_2)._record_answer(lost())
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_transaction_action_open")
        found = self.env["nets.transaction"].search(literal_eval(action["domain"]))
        self.assertRecordValues(found, [{"terminal_id": self.terminal.id, "needs_person": True}])
        self.assertIn(
            "('needs_person', '=', True)", self.env.ref("nets_connect_cloud.nets_transaction_view_search").arch
        )


@tagged("post_install", "-at_install")
class TestMonitoring(CardPaymentCommon, HttpCase):
    def ask(self, token=None, **values):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.url_open("/nets_connect_cloud/monitoring", headers=headers, **values)

    def test_off_by_default(self):
        self.assertEqual(self.ask(TOKEN).status_code, 404)
        self.assertEqual(self.ask("").status_code, 404)

    def test_only_with_the_token(self):
        self.env["ir.config_parameter"].set_param("nets_connect_cloud.monitoring_token", TOKEN)
        for wrong in (None, "wrong", TOKEN[:-1], "æøå"):
            self.assertEqual(self.ask(wrong and wrong.encode().decode("latin-1")).status_code, 401)

    def test_counts_and_ages(self):
        self.env["ir.config_parameter"].set_param("nets_connect_cloud.monitoring_token", TOKEN)
        transaction = self.send(self.make_invoice(100))
        transaction._record_answer(lost())
        self.env.cr.execute(
            "UPDATE nets_transaction SET unknown_since = now() at time zone 'utc' - interval '90 seconds'"
        )
        other = self.send(self.make_invoice(100), terminal=self.terminal_2)
        other._record_answer(approved(10000))
        terminal = self.terminal.copy({"identifier": "10009999"})
        running = self.send(self.make_invoice(100), terminal=terminal)
        self.env.cr.execute(
            "UPDATE nets_transaction SET create_date = now() at time zone 'utc' - interval '40 seconds' WHERE id = %s",
            [running.id],
        )
        answer = self.ask(TOKEN)
        self.assertEqual(answer.status_code, 200)
        values = answer.json()
        self.assertEqual(values["unknown"]["count"], 1)
        self.assertTrue(85 <= values["unknown"]["oldest_seconds"] <= 120)
        self.assertEqual(values["unbooked"]["count"], 1)
        self.assertEqual(values["pending"]["count"], 1)
        self.assertTrue(35 <= values["pending"]["oldest_seconds"] <= 70)
