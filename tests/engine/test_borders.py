"""Borders: between companies, between who reads and who writes, and between what people and what the server may say."""

import os
from contextlib import contextmanager
from unittest.mock import patch

from lxml import html

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.models import MAGIC_COLUMNS
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ...connect_cloud import ConnectCloudError, Reason
from ...models.engine.nets_account import SIMULATOR_HOSTS
from ..common import CardPaymentCommon, approved, not_sent
from .test_admin_operations import done

ADMINISTRATIONS = ("reconciliation", "download_dataset", "download_software", "balance_inquiry")


class BordersCommon(CardPaymentCommon):
    """The company has a branch; a neighbour has nothing to do with either."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].sudo().create({"name": "Branch", "parent_id": cls.company.id})
        cls.neighbour = cls.env["res.company"].sudo().create({"name": "Neighbour"})
        cls.administrator = cls.person("nets_admin", "group_admin", cls.company | cls.branch)
        cls.of_branch = cls.person("nets_branch_admin", "group_admin", cls.branch)
        cls.branch_manager = cls.person("nets_branch_manager", "group_manager", cls.branch)
        cls.stranger = cls.person("nets_stranger", "group_admin", cls.neighbour)
        cls.cashier = cls.person("nets_other_user", "group_user", cls.company)

    @classmethod
    def person(cls, login, group, companies):
        """A user of card terminals alone, for whom invoices are closed."""
        return new_test_user(
            cls.env,
            login=login,
            groups=f"nets_connect_cloud.{group}",
            company_id=companies[:1].id,
            company_ids=[Command.set(companies.ids)],
        )

    def setUp(self):
        super().setUp()
        self.login.side_effect = ConnectCloudError(Reason.SERVICE_UNREACHABLE)

    def nets_allows(self, *identifiers):
        """NETS accepts every login, and names these terminals."""
        self.login.side_effect = None
        self.login.return_value = identifiers

    def rpc(self, user, model, method, *args, **context):
        """As a call over RPC, from any client, with the user's companies ticked."""
        context = {"allowed_company_ids": user.company_ids.ids, **context}
        return call_kw(self.env[model].with_user(user), method, list(args), {"context": context})

    def assertRefused(self, user, model, method, *args, **context):
        with (
            self.subTest(user=user.login, model=model, method=method, args=args),
            self.assertRaises(AccessError),
            self.env.cr.savepoint(),
        ):
            self.rpc(user, model, method, *args, **context)

    @contextmanager
    def nobody_logs_in(self):
        self.login.reset_mock()
        yield
        self.login.assert_not_called()


@tagged("post_install", "-at_install")
class TestBorders(BordersCommon):
    # === COMPANIES === #

    def test_rule_24_a_branch_uses_what_its_parent_has_and_changes_nothing_of_it(self):
        for record in (self.account, self.terminal, self.location):
            self.assertTrue(self.rpc(self.of_branch, record._name, "read", record.ids, ["name"]))
            with self.nobody_logs_in():
                self.assertRefused(self.of_branch, record._name, "write", record.ids, {"name": "mine"})
                self.assertRefused(self.of_branch, record._name, "action_archive", record.ids)
                self.assertRefused(self.of_branch, record._name, "unlink", record.ids)
            # people who work for the parent, too, may
            self.rpc(self.administrator, record._name, "write", record.ids, {"name": "theirs"})
        with self.nobody_logs_in():
            for method in ("action_test_connection", "action_fetch_terminals"):
                self.assertRefused(self.of_branch, "nets.account", method, self.account.ids)
            for method in ("action_refresh_state", "action_test_payment"):
                self.assertRefused(self.of_branch, "nets.terminal", method, self.terminal.ids)
            wizard = {"terminal_id": self.terminal.id, "identifier": "90000099"}
            [replace] = self.rpc(self.of_branch, "nets.terminal.replace", "create", [wizard])
            self.assertRefused(self.of_branch, "nets.terminal.replace", "action_replace", [replace])
        # pays there anyway
        self.assertIn(self.terminal, self.env["nets.terminal"].search(self.terminal._company_domain(self.branch)))

    def test_rule_24_a_branch_administers_no_terminal_of_its_parent(self):
        for user in (self.of_branch, self.branch_manager):
            for administration in ADMINISTRATIONS:
                self.assertRefused(user, "nets.terminal", f"action_{administration}", self.terminal.ids)
        with self.assertRaisesRegex(AccessError, f"belongs to {self.company.name}.*switch to it"):
            self.rpc(self.branch_manager, "nets.terminal", "action_reconciliation", self.terminal.ids)
        # nor who may, as long as the parent isn't ticked
        only_branch = {"allowed_company_ids": self.branch.ids}
        self.assertRefused(
            self.administrator, "nets.terminal", "action_download_dataset", self.terminal.ids, **only_branch
        )
        self.assertFalse(self.engine["nets.transaction"].search([("terminal_id", "=", self.terminal.id)]))
        action = self.rpc(self.administrator, "nets.terminal", "action_download_dataset", self.terminal.ids)
        transaction = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        self.assertEqual((transaction.administration, transaction.company_id), ("download_dataset", self.company))

    def test_rule_24_a_terminal_hangs_on_an_account_that_is_ones_own(self):
        """Odoo logs in with that account's password."""
        own = self.env["nets.account"].create({"name": "Own", "username": "own", "company_id": self.branch.id})
        foreign = self.env["nets.account"].create({"name": "F", "username": "f", "company_id": self.neighbour.id})
        values = {"name": "Kiosk", "identifier": "90000010", "currency_id": self.usd.id}
        [kiosk] = self.rpc(self.of_branch, "nets.terminal", "create", [{**values, "account_id": own.id}])
        values["identifier"] = "90000011"
        with self.nobody_logs_in():
            for account in (self.account, foreign):
                self.assertRefused(self.of_branch, "nets.terminal", "write", [kiosk], {"account_id": account.id})
                self.assertRefused(self.of_branch, "nets.terminal", "create", [{**values, "account_id": account.id}])
                move = {"terminal_ids": [Command.link(kiosk)]}
                self.assertRefused(self.of_branch, "nets.account", "write", account.ids, move)
            # nor is a terminal taken from the parent
            take = {"terminal_ids": [Command.link(self.terminal.id)]}
            self.assertRefused(self.of_branch, "nets.account", "write", own.ids, take)
        self.assertEqual(self.env["nets.terminal"].browse(kiosk).account_id, own)
        self.assertEqual(self.terminal.account_id, self.account)

    def test_rule_24_nothing_is_moved_where_one_may_not_write(self):
        [account] = self.rpc(self.of_branch, "nets.account", "create", [{"name": "New", "username": "new"}])
        [site] = self.rpc(self.of_branch, "nets.location", "create", [{"name": "Kiosk"}])
        for company in (self.company, self.neighbour):
            values = {"company_id": company.id}
            self.assertRefused(self.of_branch, "nets.account", "write", [account], values)
            self.assertRefused(self.of_branch, "nets.location", "write", [site], values)
            self.assertRefused(self.of_branch, "nets.account", "create", [{"name": "N", "username": "n", **values}])
            self.assertRefused(self.of_branch, "nets.location", "create", [{"name": "N", **values}])
        with self.assertRaisesRegex(UserError, "There are terminals at this site"):
            self.rpc(self.administrator, "nets.location", "write", self.location.ids, {"company_id": self.branch.id})
        # what belongs to the company comes along, or stays
        second = self.env["nets.account"].create({"name": "Own", "username": "own", "company_id": self.branch.id})
        with self.assertRaisesRegex(UserError, "company inconsistencies"):
            self.rpc(self.administrator, "nets.terminal", "write", self.terminal.ids, {"account_id": second.id})

    def test_rule_24_strangers_reach_nothing_by_its_id(self):
        transaction = self.charge(self.make_invoice(100))
        report = self.reconciled()
        for record in (self.account, self.terminal, self.location, transaction, report):
            self.assertRefused(self.stranger, record._name, "read", record.ids, ["display_name"])
        for method in ("read_progress", "abort", "action_book_again", "get_last_result", "action_print_receipt"):
            self.assertRefused(self.stranger, "nets.transaction", method, transaction.ids)
        for administration in ADMINISTRATIONS:
            self.assertRefused(self.stranger, "nets.terminal", f"action_{administration}", self.terminal.ids)
        wizards = {
            "nets.transaction.settle": (
                "action_settle",
                {"transaction_id": transaction.id, "outcome": "not_charged", "reason": "because"},
            ),
            "nets.receipt.print": ("action_print", {"transaction_ids": [Command.set(transaction.ids)]}),
            "nets.terminal.replace": ("action_replace", {"terminal_id": self.terminal.id, "identifier": "90000099"}),
        }
        for model, (method, values) in wizards.items():
            with self.subTest(model), self.assertRaises(AccessError), self.env.cr.savepoint():
                [wizard] = self.rpc(self.stranger, model, "create", [values])
                self.rpc(self.stranger, model, method, [wizard])

    # === WHAT IS READONLY IS THE SERVER'S === #

    def server_fields(self, model):
        return {
            field.name
            for field in self.env[model]._fields.values()
            if field.readonly and field.store and field.name not in MAGIC_COLUMNS
        }

    def test_rule_17_evidence_is_written_by_the_server_alone(self):
        evidence = {
            "nets.account": {"mirrors_order_id", "connection_reason", "connection_detail", "connection_at"},
            "nets.terminal": {
                *("nets_status", "state", "state_at", "printer_applied", "replaced_by_id", "last_result"),
                *("company_id", "environment"),
            },
            "nets.location": {"complete_name"},
            "nets.terminal.fetch": {"account_id"},
            "nets.terminal.fetch.line": {"identifier", "status", "fetch_id"},
        }
        records = {"nets.account": self.account, "nets.terminal": self.terminal, "nets.location": self.location}
        records["nets.terminal.fetch"] = self.fetch("90000050")
        records["nets.terminal.fetch.line"] = records["nets.terminal.fetch"].line_ids[:1]
        for model, names in evidence.items():
            self.assertLessEqual(names, self.server_fields(model), model)
            for name in self.server_fields(model):
                value = records[model].sudo()[name]
                value = value.id if hasattr(value, "_name") else value
                self.assertRefused(self.administrator, model, "write", records[model].ids, {name: value})
                self.assertRefused(self.administrator, model, "create", [{name: value}])
                self.assertRefused(self.administrator, model, "create", [{}], **{f"default_{name}": value})

    def fetch(self, *identifiers):
        """The dialog in which the administrator sees these terminals."""
        self.nets_allows(*identifiers)
        action = self.rpc(self.administrator, "nets.account", "action_fetch_terminals", self.account.ids)
        return self.env["nets.terminal.fetch"].with_user(self.administrator).browse(action["res_id"])

    def test_rule_24_what_nets_named_is_imported_and_nothing_else(self):
        wizard = self.fetch("90000050", "90000051")
        line = wizard.line_ids[:1]
        self.rpc(self.administrator, line._name, "write", line.ids, {"name": "Counter"})
        self.rpc(self.administrator, wizard._name, "action_import", wizard.ids)
        self.assertEqual(self.account.terminal_ids.filtered(lambda one: one.identifier == "90000050").name, "Counter")
        # the account was taken away meanwhile
        wizard = self.fetch("90000052")
        self.administrator.write({"company_id": self.branch.id, "company_ids": [Command.set(self.branch.ids)]})
        self.assertRefused(self.administrator, wizard._name, "action_import", wizard.ids)

    def test_rule_24_no_context_switches_the_check_with_nets_off(self):
        self.nets_allows("90000001")
        values = {"name": "X", "identifier": "90000040", "account_id": self.account.id, "currency_id": self.usd.id}
        with self.assertRaisesRegex(UserError, "may not use the terminal 90000040"), self.env.cr.savepoint():
            self.rpc(self.administrator, "nets.terminal", "web_save", [], values, {}, install_mode=True)
        self.rpc(self.administrator, "nets.terminal", "create", [values], install_mode=True)
        made = self.env["nets.terminal"].search([("identifier", "=", "90000040")])
        self.assertEqual(made.nets_status, "refused")
        self.login.reset_mock()
        self.rpc(self.administrator, "nets.account", "write", self.account.ids, {"password": "x"}, install_mode=True)
        self.login.assert_called_once()

    # === WHAT A RESULT IS JUDGED BY === #

    def test_rule_08_what_a_result_is_judged_by_stays_until_it_is_known(self):
        """Also before it is sent: where it can't be told what it was, it can't be told what became of it."""
        other = self.env["nets.location"].create({"name": "Other", "company_id": self.company.id})
        judged_by = (
            (self.terminal, {"used_by_hand": False}),
            (self.terminal, {"location_id": other.id}),
            (self.terminal, {"active": False}),
            (self.location, {"tz": "Asia/Tokyo"}),
            (self.location, {"terminal_ids": [Command.unlink(self.terminal.id)]}),
            (self.account, {"customer_timeout": 60, "answer_timeout": 60}),
            (self.account, {"active": False}),
        )
        transaction = self.lose(self.make_invoice(100))
        for record, values in judged_by:
            with (
                self.subTest(record=record._name, values=values),
                self.assertRaisesRegex(UserError, "not finished yet"),
                self.env.cr.savepoint(),
            ):
                self.rpc(self.administrator, record._name, "write", record.ids, values)
        transaction._record_answer(approved(10000))
        transaction._book()
        for record, values in judged_by:
            with self.subTest(record=record._name, values=values), self.undone():
                self.assertTrue(self.terminal.sudo().last_result)
                self.rpc(self.administrator, record._name, "write", record.ids, values)
                if not {"active", "customer_timeout"} & values.keys():
                    self.assertFalse(self.terminal.sudo().last_result, "asked for before the next payment")

    # === WHERE THE SERVER CALLS === #

    def test_rule_24_a_simulator_is_on_this_machine_or_where_the_operator_allows_it(self):
        def point_to(url):
            values = {"environment": "simulator", "simulator_url": url}
            self.rpc(self.administrator, "nets.account", "write", self.account.ids, values)

        for url in ("http://127.0.0.1:8910", "http://127.0.0.2", "http://localhost:1/", "http://[::1]:8910"):
            with self.subTest(url), self.undone():
                point_to(url)
        for text, urls in {
            "must run on Odoo's own machine": (
                *("http://169.254.169.254", "http://10.0.0.1:9200", "http://intranet", "http://0.0.0.0:80"),
                *("http://2130706433", "http://0x7f.1", "http://localhost.example", "http://[::ffff:10.0.0.1]"),
            ),
            "must be like http": (
                *("ftp://127.0.0.1", "http://a:b@127.0.0.1", "http://@127.0.0.1", "127.0.0.1:8910", "http://"),
                *("http://127.0.0.1:8910/admin", "http://127.0.0.1:8910?x=", "http://127.0.0.1:8910#", ""),
            ),
        }.items():
            for url in urls:
                with self.subTest(url), self.assertRaisesRegex(UserError, text), self.env.cr.savepoint():
                    point_to(url)
        with patch.dict(os.environ, {SIMULATOR_HOSTS: "simulator, intranet"}):
            point_to("http://intranet:8910")

    # === WHOSE TRANSACTION === #

    def reconciled(self):
        """:return: the report of a reconciliation that a manager started"""
        action = self.terminal_2.with_user(self.manager).action_reconciliation()
        transaction = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        self.assertTrue(transaction._claim("thread-r"))
        transaction._record_answer(done())
        return transaction.report_ids

    def test_rule_24_a_managers_report_is_read_by_managers(self):
        report = self.reconciled()
        for user, reads in ((self.cashier, False), (self.clerk, False), (self.manager, True)):
            with self.subTest(user.login):
                [shown] = self.rpc(user, "nets.transaction", "read_progress", report.transaction_id.ids)
                self.assertEqual(shown["state"], "approved")
                self.assertEqual("Visa" in repr(shown), reads)
                self.assertEqual(report.id in shown.values(), reads)

    def test_rule_24_who_may_abort(self):
        """Who started it; else who may change what it is for."""
        colleague = new_test_user(
            self.env,
            login="nets_colleague",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        payment = self.send(self.make_invoice(100))
        for user in (self.cashier, self.branch_manager, self.of_branch):
            self.assertRefused(user, "nets.transaction", "abort", payment.ids)
        self.assertFalse(payment.abort_requested_at)
        for user in (colleague, self.clerk):
            [shown] = self.rpc(user, "nets.transaction", "abort", payment.ids)
            self.assertEqual(shown["id"], payment.id)
        self.assertEqual(payment.abort_requested_by_id, colleague)
        with self.assertRaisesRegex(ValueError, "Expected singleton"):
            self.rpc(self.clerk, "nets.transaction", "abort", [payment.id, payment.id - 1])

    def test_rule_24_who_may_abort_what_administers_a_terminal(self):
        action = self.terminal.with_user(self.administrator).action_download_software()
        download = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        for user in (self.clerk, self.cashier, self.manager):
            self.assertRefused(user, "nets.transaction", "abort", download.ids)
        self.assertEqual(download.state, "pending")
        # nor who may no more
        self.administrator.group_ids = self.env.ref("nets_connect_cloud.group_manager")
        self.assertRefused(self.administrator, "nets.transaction", "abort", download.ids)
        self.administrator.group_ids = self.env.ref("nets_connect_cloud.group_admin")
        self.rpc(self.administrator, "nets.transaction", "abort", download.ids)
        self.assertEqual(download.state, "aborted")
        action = self.terminal.with_user(self.administrator).action_test_payment()
        test_payment = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        self.assertRefused(self.clerk, "nets.transaction", "abort", test_payment.ids)
        self.rpc(self.administrator, "nets.transaction", "abort", test_payment.ids)
        self.assertEqual(test_payment.state, "aborted")

    def test_rule_24_who_may_book_again(self):
        payment = self.send(self.make_invoice(100))
        self.bank_journal.active = False
        with mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_transaction_booking"):
            payment._record_answer(approved(10000))
            payment._book()
        self.assertTrue(payment.to_book)
        self.bank_journal.active = True
        for user in (self.cashier, self.branch_manager):
            self.assertRefused(user, "nets.transaction", "action_book_again", payment.ids)
        self.assertTrue(payment.to_book)
        for user in (self.manager, self.clerk):
            self.rpc(user, "nets.transaction", "action_book_again", payment.ids)
        self.assertFalse(payment.to_book)
        tried = [body for body in payment.message_ids.mapped("body") if "Booking tried again" in body]
        self.assertEqual(len(tried), 1, "nothing is said where there is nothing to book")

    def test_rule_24_settled_by_hand_after_the_terminal_was_asked_and_no_more_than_makes_sense(self):
        transaction = self.lose(self.make_invoice(100))

        def settle(amount):
            values = {
                "transaction_id": transaction.id,
                "outcome": "charged",
                "amount": amount,
                "reference": "000101",
                "reason": "journal",
            }
            [wizard] = self.rpc(self.manager, "nets.transaction.settle", "create", [values])
            self.rpc(self.manager, "nets.transaction.settle", "action_settle", [wizard])

        with self.assertRaisesRegex(UserError, "Press “Get last result” first"):
            settle(100)
        transaction._record_lookup("busy", None)
        with self.assertRaisesRegex(UserError, "Only .*100.00 was asked for"):
            settle(1000)
        settle(120)
        self.assertEqual((transaction.state, transaction.charged_amount), ("approved", 120))

    # === WHO READS ONLY === #

    def test_an_auditor_reads_the_log_and_does_nothing(self):
        auditor = new_test_user(
            self.env,
            login="nets_auditor",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        invoice = self.make_invoice(100)
        transaction = self.charge(invoice, 40)
        report = self.reconciled()
        for record in (transaction, report, self.terminal):
            form = Form(record.with_user(auditor))
            self.assertTrue(form._view["fields"])
        self.assertIn("Visa", report.with_user(auditor).text)
        views = self.rpc(
            auditor, "nets.transaction", "get_views", [(False, "form"), (False, "list"), (False, "search")]
        )
        for name in ("action_get_last_result", "action_print_receipt", "action_book_again", "action_refund"):
            self.assertNotIn(name, repr(views["views"]))
        for method, *args in (
            ("abort",),
            ("action_book_again",),
            ("get_last_result",),
            ("action_print_receipt",),
            ("retry", "request", self.terminal.id),
        ):
            self.assertRefused(auditor, "nets.transaction", method, transaction.ids, *args)
        for model in ("nets.transaction", "nets.report", "nets.terminal", "nets.location", "nets.account"):
            self.assertRefused(auditor, model, "create", [{}])
        self.assertRefused(auditor, "nets.account", "search", [])
        menus = self.env["ir.ui.menu"].with_user(auditor)._visible_menu_ids()
        self.assertIn(self.env.ref("nets_connect_cloud.nets_transaction_menu").id, menus)

    # === WHAT CAME FROM OUTSIDE IS TEXT === #

    HOSTILE = '<img src="http://127.0.0.1:9/x" onerror="alert(1)"/><a href="http://127.0.0.1:9">Log in</a>'

    def assertText(self, markup, where):
        """It can be read, and is nothing but text."""
        page = html.fromstring(str(markup))
        for found in page.iter("img", "a"):
            self.assertNotIn("127.0.0.1:9", f"{found.get('src')} {found.get('href')}", where)
        self.assertFalse(page.xpath("//*[@onerror='alert(1)']"), where)
        self.assertIn(self.HOSTILE, page.text_content(), where)

    def test_what_came_from_nets_is_text_wherever_it_is_shown(self):
        invoice = self.make_invoice(100)
        failed = self.send(invoice)
        failed._record_answer(not_sent(Reason.SERVICE_ERROR, message=self.HOSTILE))
        self.assertText(failed.story, "the story")
        card = {"message": self.HOSTILE, "customer_receipt": self.HOSTILE, "merchant_receipt": self.HOSTILE}
        charged = self.charge(invoice, outcome=approved(10000, authorisation_code=self.HOSTILE, **card))
        self.assertText(charged.story, "the story")
        for name in ("report_receipt_roll", "report_receipt_a4"):
            page, _kind = self.env["ir.actions.report"]._render_qweb_html(f"nets_connect_cloud.{name}", charged.ids)
            self.assertText(page.decode(), name)
        page, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", invoice.ids
        )
        self.assertText(page.decode(), "the invoice")

    def test_what_came_from_nets_is_text_in_activities_and_in_the_chatter(self):
        self.manager.company_id.nets_responsible_ids = self.manager
        lost = self.lose(self.make_invoice(100))
        lost._compare_and_set({"nets_message": self.HOSTILE}, ("unknown",))
        unbooked = self.send(self.make_invoice(50), terminal=self.terminal_2)
        refusing = patch.object(
            type(self.env["nets.origin.invoice"]), "_book", side_effect=UserError(self.HOSTILE), autospec=True
        )
        with mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_transaction_booking"), refusing:
            unbooked._record_answer(approved(5000))
            unbooked._book()
        self.assertEqual(unbooked.booking_error, self.HOSTILE)
        for transaction in (lost, unbooked):
            transaction._call_person()
            self.assertText(transaction.activity_ids.note, "the activity")
            transaction._raise_alert("approval_unknown_here", number=self.HOSTILE, time=self.HOSTILE)
            transaction.message_post(body=self.env._("Settled by hand: %(reason)s", reason=self.HOSTILE))
            transaction.activity_feedback(["mail.mail_activity_data_todo"], feedback=self.HOSTILE)
            self.assertEqual(len(transaction.message_ids), 3)
            for message in transaction.message_ids:
                self.assertText(message.body, "the chatter")

    def test_what_came_from_nets_is_text_in_reports(self):
        action = self.terminal.with_user(self.manager).action_reconciliation()
        transaction = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        transaction._claim("thread-r")
        transaction._record_answer(done(report_text=self.HOSTILE))
        for name in ("report_roll", "report_page"):
            page, _kind = self.env["ir.actions.report"]._render_qweb_html(
                f"nets_connect_cloud.{name}", transaction.report_ids.ids
            )
            self.assertText(page.decode(), name)


@tagged("post_install", "-at_install")
class TestUninstall(BordersCommon):
    def refusal(self, module="nets_connect_cloud"):
        """What keeps this module from being uninstalled; empty where nothing does."""
        module = self.engine["ir.module.module"].search([("name", "=", module)])
        with self.undone():
            try:
                module.button_uninstall()
            except UserError as error:
                return str(error)
            self.assertEqual(module.state, "to remove")
            return ""

    def test_rule_23_what_is_open_is_finished_before_the_evidence_goes(self):
        self.assertEqual(self.refusal(), "")
        pending = self.start(self.make_invoice(100))
        said = self.refusal()
        self.assertIn(f"Payment of $\xa0100.00, Test · Front desk (90000001), {self.company.name}", said)
        self.assertIn(pending.order_id, said)
        self.assertEqual(said, self.refusal("account"), "what it depends on takes it along")
        self.assertEqual(self.refusal("base_import"), "", "others go as ever")
        pending._claim("thread-1")
        pending._become_unknown()
        self.assertIn("Connection interrupted", self.refusal())
        self.bank_journal.active = False
        with mute_logger("odoo.addons.nets_connect_cloud.models.engine.nets_transaction_booking"):
            pending._record_answer(approved(10000))
            pending._book()
        self.assertIn("Charged, not booked", self.refusal())
        self.bank_journal.active = True
        pending._book()
        self.assertEqual(self.refusal(), "")

    def test_rule_25_the_list_is_one_that_a_person_reads(self):
        terminals = self.env["nets.terminal"].create(
            [
                {
                    "name": f"Desk {number}",
                    "identifier": str(91000000 + number),
                    "account_id": self.account.id,
                    "currency_id": self.usd.id,
                }
                for number in range(23)
            ]
        )
        invoice = self.make_invoice(1000)
        for terminal in terminals:
            self.start(invoice, 10, terminal=terminal)
        said = self.refusal()
        self.assertEqual(said.count("Payment of"), 20)
        self.assertIn("and 3 more", said)
