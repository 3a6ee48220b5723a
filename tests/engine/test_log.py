"""The transaction log: what it lists, finds and counts, and that it stays fast."""

import re
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from lxml import etree, html

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from ..common import CardPaymentCommon, approved, cancelled, declined


@tagged("post_install", "-at_install")
class TestLog(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log = cls.env["nets.transaction"]
        cls.group, other_group = cls.env["nets.location"].create(
            [{"name": name, "company_id": cls.company.id} for name in ("North", "South")]
        )
        cls.location.parent_id = cls.group
        cls.other_location = cls.env["nets.location"].create(
            {"name": "Kiosk", "company_id": cls.company.id, "parent_id": other_group.id}
        )
        cls.terminal_2.location_id = cls.other_location

    def one_of_each(self):
        """Successful, failed, aborted and unknown; the last one on the other terminal."""
        successful = self.charge(self.make_invoice(100), outcome=approved(11000, number=7, tip_amount=1000))
        failed = self.charge(self.make_invoice(200), outcome=declined(8))
        aborted = self.send(self.make_invoice(300))
        aborted.with_user(self.clerk).abort()
        aborted._record_answer(cancelled())
        unknown = self.lose(self.make_invoice(400), terminal=self.terminal_2)
        return successful, failed, aborted, unknown

    def found(self, name=None, domain=()):
        """What a filter of the search view finds, newest first, without what was there before."""
        architecture = etree.fromstring(self.log.get_view(view_type="search")["arch"])
        domain = [*domain, ("company_id", "=", self.company.id)]
        if name:
            [node] = architecture.xpath(f"//filter[@name='{name}']")
            domain += safe_eval(node.get("domain"), {"uid": self.env.uid})
        return self.log.search(domain)

    def searched(self, label, value):
        """What typing a value into the search box under this label finds."""
        architecture = etree.fromstring(self.log.get_view(view_type="search")["arch"])
        labels = self.log.fields_get()
        [node] = [
            node
            for node in architecture.xpath("//search/field")
            if (node.get("string") or labels[node.get("name")]["string"]) == label
        ]
        if node.get("filter_domain"):
            # as the web client: the text that was typed, and what it means
            domain = safe_eval(node.get("filter_domain"), {"self": str(value), "raw_value": value})
        else:
            exact = isinstance(value, int) or labels[node.get("name")]["type"] == "date"
            operator = node.get("operator") or ("=" if exact else "ilike")
            domain = [(node.get("name"), operator, value)]
        return self.log.search([*domain, ("company_id", "=", self.company.id)])

    # === FILTERS === #

    def test_results_are_told_apart(self):
        successful, failed, aborted, unknown = self.one_of_each()
        self.assertEqual(self.found("successful"), successful)
        self.assertEqual(self.found("failed"), failed)
        self.assertEqual(self.found("aborted"), aborted)
        self.assertEqual(self.found("pending"), unknown, "not known yet is pending, not failed")
        pending = self.start(self.make_invoice(500))
        self.assertEqual(self.found("pending"), pending | unknown)

    def test_a_group_of_sites_has_what_its_sites_have(self):
        successful, failed, aborted, unknown = self.one_of_each()
        north = successful | failed | aborted
        self.assertEqual(self.searched("Site or group of sites", self.group.id), north)
        self.assertEqual(self.searched("Site or group of sites", self.location.id), north)
        self.assertEqual(self.searched("Site or group of sites", self.other_location.id), unknown)
        # the search panel shows the same tree
        panel = self.log.search_panel_select_range("location_id", expand=True)
        self.assertEqual(panel["parent_field"], "parent_id")
        self.assertLessEqual({self.group.id, self.location.id}, {value["id"] for value in panel["values"]})

    def test_searched_by_what_a_receipt_says(self):
        invoice = self.make_invoice(123.45)
        transaction = self.charge(invoice)
        others = self.charge(self.make_invoice(200), outcome=approved(20000, number=202))
        self.assertEqual(self.searched("STAN", "000101"), transaction)
        self.assertEqual(self.searched("Authorisation", "A00101"), transaction)
        self.assertEqual(self.searched("Last four digits", "1234"), others | transaction)
        self.assertEqual(self.searched("Amount", 123.45), transaction)
        self.assertEqual(self.searched("Reference", transaction.order_id[:9].lower()), transaction)
        self.assertEqual(self.searched("Invoice", invoice.name), transaction)
        self.assertEqual(self.searched("Customer", invoice.partner_id.id), others | transaction)
        self.assertEqual(self.searched("Terminal ID", self.terminal.identifier), others | transaction)
        self.assertFalse(self.searched("Terminal ID", self.terminal_2.identifier))

    def test_one_box_finds_whatever_a_receipt_an_invoice_or_a_person_says(self):
        invoice = self.make_invoice(1123.45)
        transaction = self.charge(invoice, outcome=approved(112345))
        other = self.charge(self.make_invoice(200), outcome=approved(20000, number=202, session_number="022"))
        partner = self.env["res.partner"].create({"name": "Harbour Ferries"})
        theirs = self.charge(self.make_invoice(300, partner_id=partner), terminal=self.terminal_2)
        for text, found in (
            ("000101", transaction | theirs),
            ("202", other),  # a STAN without its zeros
            ("A00202", other),
            ("a00202", other),
            ("1234", transaction | other | theirs),
            ("Visa •••• 1234", transaction | other | theirs),
            ("1123.45", transaction),
            ("1 123,45", transaction),
            ("$ 1,123.45", transaction),
            ("200", other),
            (transaction.order_id[:9].lower(), transaction),
            (invoice.name, transaction),
            (transaction.payment_id.name, transaction),
            (transaction.payment_id.memo, transaction),
            (f"{self.terminal.identifier}/022", other),
            ("harbour ferr", theirs),
            (self.terminal_2.name, theirs),
            (self.terminal_2.identifier, theirs),
            ("nobody's", self.log),
        ):
            with self.subTest(text):
                self.assertEqual(self.searched("Anything", text), found)

    def test_what_became_of_a_payment_is_its_result(self):
        payment = self.charge(self.make_invoice(100))
        self.assertEqual(payment.result, "approved")

        def refund(amount, number):
            [progress] = payment.with_user(self.clerk).start_refund(-amount, self.terminal.id, f"refund-{number}")
            transaction = self.log.sudo().browse(progress["id"])
            transaction._claim(f"thread-{number}")
            self.assertEqual(payment.result, "partly_refunded" if number > 201 else "approved", "as long as it runs")
            transaction._record_answer(approved(amount * 100, number=number))
            transaction._book()

        refund(30, 201)
        self.assertEqual(payment.result, "partly_refunded")
        self.assertEqual(self.found("partly_refunded"), payment)
        refund(70, 202)
        self.assertEqual(payment.result, "refunded")
        self.assertEqual(self.found("refunded"), payment)
        self.assertFalse(self.found("partly_refunded") | self.found("reversed"))
        undone = self.charge(self.make_invoice(50), outcome=approved(5000, number=301))
        [progress] = undone.with_user(self.clerk).start_reversal("reversal-1")
        reversal = self.log.sudo().browse(progress["id"])
        reversal._claim("thread-reversal")
        reversal._record_answer(approved(5000, number=302))
        self.assertEqual(undone.result, "reversed")
        self.assertEqual(self.found("reversed"), undone)
        self.assertLessEqual(payment | undone, self.found("successful"), "they were charged")

    def test_one_column_names_the_documents(self):
        single, several = self.make_invoice(10), self.make_invoice(20) | self.make_invoice(30) | self.make_invoice(40)
        self.assertEqual(self.charge(single).document, single.name)
        paid = self.charge(several, outcome=approved(9000, number=102))
        self.assertEqual(paid.document, f"{paid.invoice_ids[0].name} +2")

    def test_searched_by_date(self):
        earlier, later = self.charge(self.make_invoice(1)), self.charge(self.make_invoice(2))
        self.pass_time(earlier, 3 * 86400)
        day_before = self.log._now().replace(hour=0, minute=0, second=0)
        self.assertEqual(self.found("today"), later)
        self.assertFalse(self.found("yesterday"))
        self.assertIn(later, self.found("this_week"))
        self.assertNotIn(later, self.found("last_month"))
        self.assertEqual(self.searched("From", day_before), later)
        # the last day belongs to it as a whole, as the user's clock counts
        zone = ZoneInfo("Pacific/Auckland")
        self.log = self.log.with_context(tz=zone.key)
        day = earlier.create_date.replace(tzinfo=timezone.utc).astimezone(zone).date()
        self.assertEqual(self.searched("To", str(day)), earlier)
        self.assertFalse(self.searched("To", str(day - timedelta(days=1))))
        self.assertEqual(self.searched("To", str(day + timedelta(days=4))), earlier | later)

    def test_each_span_has_its_own(self):
        today, yesterday, last_month = (
            self.charge(self.make_invoice(amount), outcome=approved(100 * amount, number=100 + amount))
            for amount in (1, 2, 3)
        )
        self.pass_time(yesterday, 86400)
        self.pass_time(last_month, (self.log._now().day + 10) * 86400)
        self.assertEqual(self.found("today"), today)
        self.assertEqual(self.found("yesterday"), yesterday)
        self.assertEqual(self.found("last_month") & (today | last_month), last_month)

    def test_not_booked_is_found(self):
        booked = self.charge(self.make_invoice(100))
        self.assertFalse(self.found("not_booked"))
        self.assertFalse(self.found("without_payment"))
        charged = self.send(self.make_invoice(200))
        charged._record_answer(approved(20000, number=102))
        self.assertEqual(self.found("not_booked"), charged)
        self.assertEqual(self.found("without_payment"), charged)
        charged._book()
        self.assertFalse(self.found("not_booked"))
        self.assertEqual(self.found("successful"), charged | booked)

    def test_mine_and_play_money(self):
        transaction = self.charge(self.make_invoice(100))
        self.assertFalse(self.found("mine"))
        self.log = self.log.with_user(self.clerk)
        self.env = self.env(user=self.clerk)
        self.assertEqual(self.found("mine").ids, transaction.ids)
        self.assertEqual(self.found("test").ids, transaction.ids)
        self.assertFalse(self.found("production"))
        self.assertEqual(self.found("connect_cloud").ids, transaction.ids)

    def test_every_group_can_be_asked_for(self):
        self.one_of_each()
        architecture = etree.fromstring(self.log.get_view(view_type="search")["arch"])
        groups = [
            safe_eval(node.get("context"))["group_by"]
            for node in architecture.xpath("//filter[contains(@context, 'group_by')]")
        ]
        self.assertGreaterEqual(len(groups), 14)
        for group in groups:
            with self.subTest(group):
                rows = self.log.formatted_read_group(
                    [("company_id", "=", self.company.id)], [group], ["charged_amount:sum", "__count"]
                )
                self.assertEqual(sum(row["__count"] for row in rows), 4)
                self.assertEqual(sum(row["charged_amount:sum"] for row in rows), 110)

    # === WHAT IS SHOWN === #

    def test_reasons_read_as_words(self):
        """A chart of why cards were refused has no codes in it."""
        failed = self.charge(self.make_invoice(200), outcome=declined(8))
        labels = dict(self.log.fields_get(["reason"])["reason"]["selection"])
        self.assertEqual(labels[failed.reason], "Insufficient funds")

    def test_play_money_says_so(self):
        self.account.environment = "production"
        real = self.charge(self.make_invoice(100))
        self.assertEqual(real.terminal_label, "Front desk (90000001)")
        self.account.environment = "simulator"
        self.assertEqual(self.charge(self.make_invoice(100)).terminal_label, "Simulator · Front desk (90000001)")

    def test_history_stays_true(self):
        """A terminal that is renamed, moved or connected otherwise doesn't change what was."""
        transaction = self.charge(self.make_invoice(100))
        self.assertEqual(transaction.terminal_label, "Test · Front desk (90000001)")
        agent = {"type": "baxi_agent", "agent_address": "ws://127.0.0.1:8010"}
        self.terminal.sudo().write({"name": "Bar", "location_id": self.other_location.id, **agent})
        transaction.invalidate_recordset()
        self.assertEqual(transaction.terminal_label, "Test · Front desk (90000001)")
        self.assertEqual(transaction.location_id, self.location)
        self.assertEqual(self.found("connect_cloud"), transaction)
        self.assertFalse(self.found("baxi_agent"))

    def test_seconds_from_request_to_answer(self):
        transaction = self.send(self.make_invoice(100))
        self.pass_time(transaction, 12)
        transaction._record_answer(approved(10000))
        self.assertAlmostEqual(transaction.answer_seconds, 12, delta=1)
        failed = self.send(self.make_invoice(100))
        self.pass_time(failed, 30)
        failed._record_answer(declined(102))
        self.assertAlmostEqual(failed.answer_seconds, 30, delta=1)
        [row] = self.log.formatted_read_group([("company_id", "=", self.company.id)], [], ["answer_seconds:avg"])
        self.assertAlmostEqual(row["answer_seconds:avg"], 21, delta=1)

    def test_no_seconds_where_the_answer_got_lost(self):
        """A result that was looked up hours later says nothing about how long customers wait."""
        transaction = self.lose(self.make_invoice(100))
        self.pass_time(transaction, 7200)
        transaction._record_outcome(approved(10000))
        self.assertEqual(transaction.state, "approved")
        self.assertFalse(transaction.answer_seconds)

    def test_totals_per_terminal_and_session(self):
        """As NETS pays them out: refunds are taken off."""
        purchase = self.charge(self.make_invoice(100))
        [progress] = purchase.with_user(self.clerk).start_refund(-30, self.terminal_2.id, "refund-1")
        refund = self.log.sudo().browse(progress["id"])
        refund._claim("thread-refund")
        refund._record_answer(approved(3000, number=201))
        refund._book()
        self.charge(self.make_invoice(50), outcome=approved(5000, number=102, session_number="022"))
        self.charge(self.make_invoice(70), outcome=declined(103))
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_session_action")
        self.assertEqual(
            safe_eval(action["context"]), {"search_default_group_terminal": 1, "search_default_group_session": 2}
        )
        rows = self.log.formatted_read_group(
            [*safe_eval(action["domain"]), ("company_id", "=", self.company.id)],
            ["terminal_id", "session_number"],
            ["charged_amount:sum"],
        )
        totals = {(row["terminal_id"][0], row["session_number"]): row["charged_amount:sum"] for row in rows}
        self.assertEqual(
            totals,
            {(self.terminal.id, "021"): 100, (self.terminal.id, "022"): 50, (self.terminal_2.id, "021"): -30},
        )

    def test_it_is_found_in_both_menus(self):
        self.clerk.group_ids |= self.env.ref("point_of_sale.group_pos_user")
        menus = self.env["ir.ui.menu"].with_user(self.clerk).load_menus(False)
        apps = {
            menus[menu["app_id"]]["xmlid"]
            for menu in menus.values()
            if menu.get("action_model") == "ir.actions.act_window" and menu["name"] == "Card transactions"
        }
        self.assertEqual(apps, {"account.menu_finance", "point_of_sale.menu_point_root"})

    def test_totals_per_currency(self):
        self.charge(self.make_invoice(100))
        kroner = self.env.ref("base.NOK")
        kroner.active = True
        terminal = self.terminal_2.copy({"identifier": "90000003", "currency_id": kroner.id})
        self.charge(self.make_invoice(700, currency_id=kroner), terminal=terminal, outcome=approved(70000, number=303))
        rows = self.log.formatted_read_group(
            [("company_id", "=", self.company.id)], ["currency_id"], ["charged_amount:sum"]
        )
        totals = {row["currency_id"][0]: row["charged_amount:sum"] for row in rows}
        self.assertEqual(totals, {self.usd.id: 100, kroner.id: 700})

    # === THE STORY === #

    def story(self, transaction):
        """The events' titles and texts, from top to bottom."""
        return [(event["title"], event["text"]) for event in transaction.with_user(self.clerk)._story()]

    def test_story_of_a_payment(self):
        invoice = self.make_invoice(100)
        transaction = self.charge(invoice)
        titles, texts = zip(*self.story(transaction), strict=True)
        self.assertEqual(titles, ("Payment", "Sent to the terminal", "Successful", "Booked"))
        for words in (self.clerk.name, "100.00", "Test · Front desk (90000001)", "North / Shop", invoice.name):
            self.assertIn(words, texts[0])
        for words in ("100.00", "Visa •••• 1234", "A00101"):
            self.assertIn(words, texts[2])
        self.assertEqual(texts[3], transaction.payment_id.name)
        html = str(transaction.with_user(self.clerk).story)
        positions = [html.index(title) for title in titles]
        self.assertEqual(positions, sorted(positions))

    def test_story_has_one_time_zone_and_names_it(self):
        transaction = self.charge(self.make_invoice(100))
        for zone in ("Europe/Oslo", "Pacific/Auckland"):
            story = html.fromstring(str(transaction.with_context(tz=zone).story))
            [named] = [node.text_content().strip() for node in story.iter("div") if "Times:" in (node.text or "")]
            self.assertEqual(named, f"Times: {zone}")
            sent = transaction.sent_at.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone))
            self.assertIn(f"{sent:%H:%M:%S}", story.text_content())

    def test_story_of_a_failure_tried_again(self):
        failed = self.send(self.make_invoice(100))
        failed._record_answer(declined(8, message="51 <b>denied</b>"))
        retry = failed.with_user(self.clerk).retry("again-1", self.terminal.id)
        retry = self.log.browse(retry[0]["id"])
        story = self.story(failed)
        self.assertEqual([title for title, _text in story][-2:], ["Insufficient funds", "Tried again"])
        self.assertIn("isn't enough money", story[-2][1])
        self.assertIn(retry.order_id, story[-1][1])
        self.assertEqual(failed.retry_ids, retry)
        self.assertNotIn("<b>denied", str(failed.story), "what NETS sends is text, never markup")

    def test_story_of_a_lost_answer(self):
        transaction = self.lose(self.make_invoice(100))
        self.assertEqual(self.story(transaction)[-1][0], "Result unknown")
        self.pass_time(transaction, 30)
        self.looked_up(transaction)._settle_by_hand(True, "Seen in the journal", amount=100, reference="000101")
        story = self.story(transaction)
        self.assertEqual(
            [title for title, _text in story],
            ["Payment", "Sent to the terminal", "Result unknown", "Successful", "Booked"],
        )
        self.assertIn("Seen in the journal", story[3][1])

    # === RIGHTS === #

    def test_the_raw_answer_is_the_administrators(self):
        transaction = self.charge(self.make_invoice(100))
        with self.assertRaises(AccessError):
            transaction.with_user(self.clerk).read(["raw_answer"])
        form = self.log.with_user(self.clerk).get_view(view_type="form")["arch"]
        self.assertNotIn("raw_answer", form)

    def test_other_companies_dont_see_it(self):
        transaction = self.charge(self.make_invoice(100))
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.clerk.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
        self.assertFalse(self.log.with_user(self.clerk).search([("id", "=", transaction.id)]))

    # === SPEED === #

    def list_queries(self, limit):
        """How many queries the list makes for one page of this many rows."""
        architecture = etree.fromstring(self.log.get_view(view_type="list")["arch"])
        specification = {node.get("name"): {} for node in architecture.xpath("//field")}
        for name in ("location_id", "invoice_ids", "partner_id", "user_id", "currency_id", "company_id"):
            if name in specification:
                specification[name] = {"fields": {"display_name": {}}}
        log = self.log.with_user(self.clerk)
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        found = log.web_search_read([("kind", "!=", "administration")], specification, limit=limit)
        self.assertEqual(len(found["records"]), limit)
        self.assertTrue(all(record["message"] for record in found["records"]))
        return self.env.cr.sql_log_count - before

    def test_a_page_of_the_list_costs_the_same_for_2_and_80_rows(self):
        invoices = self.make_invoice(10) | self.make_invoice(20)
        terminals = self.terminal.create(
            [
                {
                    "name": f"Desk {number}",
                    "identifier": str(91000000 + number),
                    "account_id": self.account.id,
                    "location_id": self.location.id,
                    "currency_id": self.usd.id,
                }
                for number in range(80)
            ]
        )
        # all of them running: the kind of row that asks most
        transactions = self.log.sudo().create(
            [
                {
                    "order_id": f"SPEED{number}",
                    "kind": "purchase",
                    "terminal_id": terminal.id,
                    "terminal_identifier": terminal.identifier,
                    "location_id": self.location.id,
                    "amount": 10,
                    "currency_id": self.usd.id,
                    "company_id": self.company.id,
                    "user_id": self.clerk.id,
                    "partner_id": invoices[number % 2].partner_id.id,
                    "invoice_ids": [Command.set(invoices[number % 2].ids)],
                    "customer_receipt": "RECEIPT",
                }
                for number, terminal in enumerate(terminals)
            ]
        )
        self.env.flush_all()
        self.env.cr.execute(SQL("UPDATE nets_transaction SET sent_at = now() WHERE id IN %s", tuple(transactions.ids)))
        self.list_queries(2)  # what is read once: rights, views, the user
        self.assertEqual(self.list_queries(80), self.list_queries(2))

    def fill(self, rows):
        """A log of so many rows over ten years, most of them successful, on 50 terminals and 10 sites; and a few on
        the other terminal and site."""
        locations = self.env["nets.location"].create(
            [{"name": f"Site {n}", "company_id": self.company.id, "parent_id": self.group.id} for n in range(10)]
        )
        terminals = self.terminal.create(
            [
                {
                    "name": f"Desk {number}",
                    "identifier": str(91000000 + number),
                    "account_id": self.account.id,
                    "location_id": locations[number % 10].id,
                    "currency_id": self.usd.id,
                }
                for number in range(50)
            ]
        )
        payment = self.charge(self.make_invoice(100)).payment_id
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO nets_transaction (
                    order_id, kind, terminal_id, terminal_identifier, location_id, environment, amount, charged_amount,
                    currency_id, company_id, user_id, partner_id, origin, state, create_date, stan, authorisation_code,
                    card_last_four, to_book, payment_id)
                SELECT upper(substr(md5(n::text), 1, 20)), 'purchase', t.id, t.identifier, t.location_id,
                       CASE WHEN n %% 1000 = 7 THEN 'test' ELSE 'production' END, n / 100.0,
                       CASE WHEN n %% 40 > 3 THEN n / 100.0 END, t.currency_id, t.company_id,
                       CASE WHEN n %% 500 = 9 THEN %(clerk)s ELSE %(user)s END, p.id, 'invoice',
                       CASE n %% 40 WHEN 3 THEN 'failed' WHEN 2 THEN 'aborted' ELSE 'approved' END,
                       now() - (%(rows)s - n) * interval '10 years' / %(rows)s, lpad(n::text, 6, '0'),
                       upper(substr(md5('a' || n), 1, 6)), lpad((n * 37 %% 10000)::text, 4, '0'),
                       n %% 1000 = 0, CASE WHEN n %% 1000 <> 0 THEN %(payment)s END
                  FROM generate_series(1, %(rows)s) n
                  JOIN (SELECT *, row_number() OVER (ORDER BY id DESC) - 1 AS number FROM nets_terminal
                         WHERE id IN %(terminals)s) t ON t.number = CASE WHEN n %% 1000 = 11 THEN 50 ELSE n %% 50 END
                  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS total
                          FROM res_partner) p ON p.number = n %% p.total
                """,
                rows=rows,
                terminals=tuple((self.terminal_2 | terminals).ids),
                clerk=self.clerk.id,
                user=self.env.uid,
                payment=payment.id,
            )
        )
        self.env.cr.execute("ANALYZE nets_transaction, nets_location")
        return terminals

    def test_each_filter_has_an_index_of_its_own(self):
        """Asked of a log that is long enough for PostgreSQL to choose as it would on a million rows."""
        self.fill(20_000)
        middle = self.log.search([("state", "=", "approved")], limit=1, offset=10_000)
        day = middle.create_date.replace(hour=0, minute=0, second=0)
        filters = {
            "newest first": ([], "pkey|company"),
            "not booked": ([("to_book", "=", True)], "to_book"),
            "needs a person": ([("needs_person", "=", True)], "to_book"),
            "pending": ([("state", "in", ("pending", "unknown"))], "busy_unique|unresolved"),
            "failed": ([("state", "=", "failed")], "not_charged"),
            "aborted": ([("state", "=", "aborted")], "not_charged"),
            "play money": ([("environment", "in", ("test", "simulator"))], "play_money"),
            "without payment": (
                [("state", "=", "approved"), ("payment_id", "=", False), ("pos_payment_id", "=", False)],
                "unpaid",
            ),
            "Baxi.Agent": ([("terminal_type", "=", "baxi_agent")], "by_agent"),
            "site": ([("location_id", "child_of", self.other_location.id)], "location"),
            "terminal": ([("terminal_id", "=", self.terminal_2.id)], "terminal_index"),
            "terminal id": ([("terminal_identifier", "=", self.terminal_2.identifier)], "terminal_identifier"),
            "a day": ([("create_date", ">=", day), ("create_date", "<", day + timedelta(days=1))], "date"),
            "mine": ([("user_id", "=", self.clerk.id)], "user"),
            "reference": ([("order_id", "=like", middle.order_id[:8] + "%")], "order_index"),
            "STAN": ([("stan", "=", middle.stan)], "stan"),
            "authorisation": ([("authorisation_code", "=", middle.authorisation_code)], "authorisation"),
            "digits": ([("card_last_four", "=", middle.card_last_four)], "last_four"),
            "amount": (
                ["|", ("amount", "in", [12.34, -12.34]), ("charged_amount", "in", [12.34])],
                "amount_index charged_amount",
            ),
            "customer": ([("partner_id", "in", middle.partner_id.ids)], "partner"),
            "refunded": ([("given_back", "=", "refunded")], "given_back"),
            "anything: a STAN": ([("found_by", "ilike", middle.stan)], "stan"),
            "anything: a memo": (
                [("found_by", "ilike", f"{middle.terminal_identifier}/021/{middle.stan}")],
                "stan|terminal_identifier",
            ),
            "anything: a name": ([("found_by", "ilike", middle.partner_id.name)], "partner|pkey"),
        }
        for name, (domain, expected) in filters.items():
            with self.subTest(name):
                query = self.log.with_user(self.clerk)._search(domain, limit=80, order="id desc")
                self.env.cr.execute(SQL("EXPLAIN %s", query.select()))
                plan = "\n".join(row[0] for row in self.env.cr.fetchall())
                self.assertNotIn("Seq Scan on nets_transaction", plan)
                found = " ".join(re.findall(r"(?:using|on) nets_transaction_(\w+)", plan))
                self.assertRegex(found, expected, plan)

    def test_what_can_be_reversed_is_looked_up_in_the_index(self):
        """A list shows it for each row: one query for a page, which reads one entry for each terminal."""
        terminals = self.fill(20_000)
        page = self.log.search([("terminal_id", "in", terminals.ids)], limit=80)
        page.mapped("charged_amount")
        self.env.flush_all()
        with self.assertQueryCount(3):
            found = page.filtered("can_reverse")
        # the newest charge of each terminal, where that is booked
        newest = [
            rows.filtered(lambda row: row.state == "approved")[:1] for rows in page.grouped("terminal_id").values()
        ]
        self.assertEqual(set(found), {row for row in newest if row and not row.to_book})
        self.assertGreater(len(found), 40)
