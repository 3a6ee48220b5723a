"""Small things that money depends on."""

import itertools
import json
import re
from datetime import date

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_open, mute_logger

from odoo.addons.bus.models.bus import channel_with_db, json_dump

from ... import messages
from ...connect_cloud import Reason
from ..common import CardPaymentCommon, approved, declined


@tagged("post_install", "-at_install")
class TestUnits(CardPaymentCommon):
    # === MINOR UNITS === #

    def test_rule_21_minor_units_are_those_of_iso_4217(self):
        for code, cases in {
            "JPY": {1: 1, 15000: 15000},
            "USD": {0.01: 1, 0.1 + 0.2: 30, 1.15: 115, 19.99: 1999, 4.35: 435, 1234567.89: 123456789},
            "KWD": {0.001: 1, 1.001: 1001, 2.675: 2675},
        }.items():
            currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
            transaction = self.env["nets.transaction"].new({"currency_id": currency.id})
            # a currency that was used can be given more decimals, not fewer
            for rounding in (currency.rounding, 0.01, 0.001):
                currency.rounding = min(currency.rounding, rounding)
                for amount, minor in cases.items():
                    with self.subTest(code, rounding=rounding, amount=amount):
                        self.assertIs(type(transaction._to_minor_units(amount)), int)
                        self.assertEqual(transaction._to_minor_units(amount), minor)
                        self.assertEqual(transaction._to_minor_units(-amount), -minor)
                        self.assertEqual(transaction._from_minor_units(minor), round(amount, 3))

    def test_rule_21_amounts_that_do_not_fit_are_refused(self):
        # somebody changed the rounding factor, which Odoo allows
        self.usd.rounding = 0.001
        invoice = self.make_invoice(1000)
        with self.assertRaisesRegex(UserError, "USD has only 2 decimals"):
            self.start(invoice, 10.005)
        transaction = self.start(invoice, 10.01)
        self.assertEqual(transaction._prepare_call().amount, 1001)
        unknown = self.usd.copy({"name": "XQZ"})
        with self.assertRaisesRegex(UserError, "Cards can't be charged in XQZ"):
            transaction._check_number(10, unknown)

    def test_what_the_receipt_says_is_compared(self):
        for name, outcome, alert in (
            ("the same", approved(1000, customer_receipt="AMOUNT\r\nUSD    10,00"), None),
            ("with what was added", approved(1100, tip_amount=100, customer_receipt="USD 11,00"), None),
            ("can't be read", approved(1000, customer_receipt="THANK YOU"), None),
            ("paid in another currency by choice", approved(1000, customer_receipt="USD 10.00\nSEK 105.00"), None),
            ("another amount", approved(1000, customer_receipt="USD 100,00"), "different amount"),
            ("another currency", approved(1000, customer_receipt="NOK 10,00"), "a currency other than USD"),
            ("none at all", approved(None), None),
            ("none at all, with what was added", approved(None, tip_amount=100), None),
            ("nothing", approved(None, says_zero=True), "didn't say how much"),
        ):
            with self.subTest(name), self.undone():
                transaction = self.charge(self.make_invoice(10), outcome=outcome)
                if alert:
                    self.assertIn(alert, transaction.alert)
                else:
                    self.assertFalse(transaction.alert)
                self.assertTrue(transaction.booked_at, transaction.booking_error)

    def test_every_cent_survives_the_way_there_and_back(self):
        transaction = self.env["nets.transaction"].new({"currency_id": self.usd.id})
        for minor in (*range(1, 2000), *range(99990, 100010), 123456789):
            self.assertEqual(transaction._to_minor_units(transaction._from_minor_units(minor)), minor)

    # === THE DAY OF THE CHARGE === #

    def test_charge_date_in_the_sites_zone(self):
        # half past eleven in the evening, Oslo time, in June
        sent_at = fields.Datetime.to_datetime("2025-06-01 21:30:00")
        for name, timestamp, zone, expected in (
            ("local, before midnight", "20250601235959", "Europe/Oslo", date(2025, 6, 1)),
            ("local, after midnight", "20250602000001", "Europe/Oslo", date(2025, 6, 2)),
            ("ISO, before midnight", "2025-06-01T21:59:59Z", "Europe/Oslo", date(2025, 6, 1)),
            ("ISO, after midnight there", "2025-06-01T22:00:01Z", "Europe/Oslo", date(2025, 6, 2)),
            ("another site's zone", "2025-06-01T22:00:01Z", "America/New_York", date(2025, 6, 1)),
            ("no time: when it was sent", "", "Europe/Oslo", date(2025, 6, 1)),
            ("no time, farther east", "", "Europe/Helsinki", date(2025, 6, 2)),
            ("unreadable", "yesterday", "Europe/Oslo", date(2025, 6, 1)),
            ("a clock that can't be right", "20190101120000", "Europe/Oslo", date(2025, 6, 1)),
        ):
            with self.subTest(name):
                self.location.tz = zone
                values = {"location_id": self.location.id, "sent_at": sent_at}
                transaction = self.env["nets.transaction"].sudo().new(values)
                self.assertEqual(transaction._charge_date(approved(1000, timestamp=timestamp)), expected)

    def test_a_terminal_without_a_site_is_taken_as_utc(self):
        self.terminal.location_id = False
        transaction = self.send(self.make_invoice(10))
        transaction._compare_and_set({"sent_at": "2025-06-01 21:30:00"}, ("pending",))
        self.assertEqual(transaction._charge_date(approved(1000, timestamp="")), date(2025, 6, 1))

    def test_the_charge_date_is_booked(self):
        transaction = self.send(self.make_invoice(10))
        transaction._compare_and_set({"sent_at": "2025-06-01 21:30:00"}, ("pending",))
        transaction._record_answer(approved(1000, timestamp="20250602000001"))
        transaction._book()
        self.assertEqual(transaction.payment_id.date, date(2025, 6, 2))

    # === WORDS === #

    def test_every_reason_has_its_words(self):
        engine = [
            value for name, value in vars(messages).items() if re.fullmatch("[A-Z_]+", name) and isinstance(value, str)
        ]
        self.assertIn("never_sent", engine)
        engine.remove(messages.LOGGED_IN)  # only where an account is set up
        progress = [f"progress_{name}" for name in ("starting", "card", "customer", "interrupted", "aborting")]
        fallback = messages.describe(self.env, "no such reason")
        for reason in [*Reason, *engine, *progress, "approved", "not_booked"]:
            with self.subTest(reason=str(reason)):
                message = messages.describe(self.env, reason)
                self.assertNotEqual(message, fallback)
                self.assertTrue(message.label.strip() and len(message.label) <= 50)
                self.assertRegex(message.explanation, r"^[A-Z].*\.$")

    def test_what_is_not_known_never_reads_as_failed(self):
        for reason in ("connection_interrupted", "service_error", "unreadable_answer", "result_unknown"):
            message = messages.describe(self.env, reason)
            self.assertIn("Don't charge again before it is known", message.explanation)
            self.assertNotIn("Nothing was charged", message.explanation)

    def test_refusals_say_that_nothing_was_charged(self):
        not_final = {
            "connection_interrupted",
            "last_result_not_found",
            "service_error",
            "unreadable_answer",
            "result_unknown",
            "agent_interrupted",
            "agent_other_terminal",
            "agent_other_amount",
        }
        for reason in set(Reason) - not_final - {Reason.DUPLICATE_TRANSACTION}:
            with self.subTest(reason.value):
                self.assertRegex(messages.describe(self.env, reason).explanation, "[Nn]othing was charged")

    def test_nets_own_words_are_kept(self):
        transaction = self.charge(
            self.make_invoice(10),
            outcome=declined(reason=Reason.PROVIDER_REFUSED, message="Do not honour", code="03/1:05"),
        )
        [shown] = transaction.with_user(self.clerk).read_progress()
        self.assertEqual((shown["label"], shown["detail"]), ("Refused by the card's issuer", "Do not honour"))
        self.assertEqual(transaction.nets_code, "03/1:05")
        self.assertEqual(messages.describe(self.env, "x", "as it came").as_text().splitlines()[-1], "as it came")

    # === A RESTORED COPY === #

    def test_a_neutralized_copy_can_charge_nothing(self):
        production = self.account.copy({"name": "Live", "environment": "production", "password": "live-secret"})
        # the same physical number may exist in several environments
        self.terminal.copy({"identifier": self.terminal.identifier, "account_id": production.id})
        to_book = self.send(self.make_invoice(10))
        to_book._record_answer(approved(1000))
        unknown = self.lose(self.make_invoice(20), terminal=self.terminal_2)
        self.env.flush_all()
        with file_open("nets_connect_cloud/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        accounts = self.engine["nets.account"].with_context(active_test=False).search([])
        self.assertEqual(set(accounts.mapped("environment")), {"simulator"})
        self.assertFalse(self.engine["nets.account.secret"].search([]))
        for account in accounts:
            values = account._client_values()
            self.assertFalse(values["password"])
            self.assertIsNone(values["token"])
            self.assertNotIn("nets.eu", values["base_url"])
        self.assertEqual(set(self.engine["nets.terminal"].search([]).mapped("environment")), {"simulator"})
        self.assertFalse(unknown.next_lookup_at)
        self.assertFalse(to_book.next_booking_at)

    # === MASTER DATA === #

    def test_a_terminal_id_has_eight_digits(self):
        for identifier in ("1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", " 1234567", "0000 001"):
            with self.subTest(identifier), self.assertRaisesRegex(ValidationError, "isn't a terminal ID"):
                self.terminal.copy({"identifier": identifier})

    def test_waiting_times_make_sense(self):
        for values in ({"answer_timeout": 0}, {"answer_timeout": 400}, {"customer_timeout": 10}):
            with self.subTest(values), mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
                self.account.write(values)
                self.account.flush_recordset()

    def test_the_dialog_gets_what_it_shows(self):
        invoice = self.make_invoice(1000)
        data = invoice.with_user(self.clerk).nets_card_payment_data()
        self.assertEqual(data["amount"], 1000)
        self.assertEqual(data["transaction_id"], False)
        self.assertIn(self.terminal.id, [terminal["id"] for terminal in data["terminals"]])
        transaction = self.start(invoice)
        data = invoice.with_user(self.manager).nets_card_payment_data()
        self.assertEqual(data["transaction_id"], transaction.id, "two people see the same")

    def test_everybody_who_watches_is_told(self):
        invoices = self.make_invoice(10) | self.make_invoice(20)
        messages_sent = self.engine["bus.bus"]
        transaction = self.start(invoices)
        self.env.cr.precommit.run()
        version = 0
        for change in (
            lambda: transaction._claim("thread-1") and transaction._show_progress("thread-1", "customer"),
            lambda: transaction.with_user(self.clerk).abort(),
            lambda: transaction._record_answer(approved(3000)),
            transaction._book,
        ):
            messages_sent.search([]).unlink()
            change()
            self.env.cr.precommit.run()
            told = {}
            for row in messages_sent.search([]).filtered(lambda row: "nets_connect_cloud" in row.message):
                told.setdefault(row.channel, []).append(json.loads(row.message)["payload"])
            own = told.pop(json_dump(channel_with_db(self.env.cr.dbname, self.clerk.partner_id)))
            self.assertEqual(len(told), len(invoices))
            for news in itertools.chain(*told.values()):
                self.assertIn(news.pop("invoice_id"), invoices.ids)
                self.assertEqual(
                    news,
                    {"transaction_id": transaction.id, "told_user_id": self.clerk.id},
                    "what others hear carries no data",
                )
            [now] = self.env["nets.transaction"].with_user(self.clerk).browse(transaction.id).read_progress()
            self.assertEqual(own[-1]["progress"], now, "who pressed has nothing to ask")
            self.assertGreaterEqual(now["version"], version)
            version = now["version"]
        self.assertGreater(version, 4, "a change can be told from the one before")
