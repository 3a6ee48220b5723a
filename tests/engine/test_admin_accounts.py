"""Accounts, terminals and sites: what an administrator sets up, and what must stay true while they change it."""

from unittest.mock import patch

import psycopg2
from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from ... import listener
from ...connect_cloud import ConnectCloudClient, ConnectCloudError, Reason
from ..common import TERMINAL_ZONE, CardPaymentCommon, approved


class TestAccounts(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = new_test_user(
            cls.env,
            login="nets_admin",
            groups="nets_connect_cloud.group_admin,account.group_account_invoice,base.group_system",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.account = cls.account.with_user(cls.administrator)

    def setUp(self):
        super().setUp()
        self.nets_says(Reason.SERVICE_UNREACHABLE)

    def nets_allows(self, *identifiers):
        """NETS accepts every login, and names these terminals."""
        self.login.side_effect = None
        self.login.return_value = identifiers

    def nets_says(self, reason, message=""):
        self.login.side_effect = ConnectCloudError(reason, message)

    # --- logging in --- #

    def test_saving_logs_in_and_says_what_is_wrong(self):
        cases = {
            Reason.LOGIN_REFUSED: ("Login refused", "user name or the password is wrong"),
            Reason.LOGIN_MISSING: ("Login data missing", "Enter the user name and the password"),
            Reason.LOGIN_UNAVAILABLE: ("Login not possible now", "This usually passes"),
            Reason.ACCOUNT_NOT_ACTIVATED: ("Account not activated", "hasn't activated the account"),
            Reason.SERVICE_UNREACHABLE: ("NETS can't be reached", "internet connection"),
        }
        for number, (reason, (label, explanation)) in enumerate(cases.items()):
            self.nets_says(reason, "as NETS said it")
            self.account.password = f"another {number}"
            self.assertEqual((self.account.connection_state, self.account.connection_label), ("failed", label))
            self.assertIn(explanation, self.account.connection_explanation)
            self.assertEqual(self.account.connection_detail, "as NETS said it")
        self.nets_allows("90000001", "90000002")
        self.account.password = "right"
        self.assertEqual((self.account.connection_state, self.account.connection_detail), ("ok", False))

    def test_saving_what_the_login_does_not_depend_on_asks_nobody(self):
        self.login.reset_mock()
        self.account.write({"name": "Another name", "reconciliation_daily": True, "username": self.account.username})
        self.login.assert_not_called()

    def test_test_connection_says_in_plain_words_what_came_of_it(self):
        self.nets_says(Reason.LOGIN_REFUSED)
        params = self.account.action_test_connection()["params"]
        self.assertEqual((params["type"], params["title"]), ("danger", "Login refused"))
        self.nets_allows("90000001", "90000002")
        params = self.account.action_test_connection()["params"]
        self.assertEqual(params["type"], "success")
        self.assertIn("90000001", params["message"])
        self.nets_allows("90000001")
        params = self.account.action_test_connection()["params"]
        self.assertEqual(params["type"], "warning")
        self.assertIn("may not use the terminal 90000002. It may use: 90000001", params["message"])

    def test_password_can_be_set_and_is_never_read(self):
        self.account.password = "geheim"
        self.assertFalse(self.account.password)
        self.assertEqual(self.account.sudo()._client_values()["password"], "geheim")
        self.account.password = ""
        self.assertEqual(self.account.sudo()._client_values()["password"], "geheim", "empty keeps the one that is set")

    def test_account_with_terminals_keeps_its_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaisesRegex(UserError, "has terminals"):
            self.account.sudo().company_id = other

    def test_change_of_the_environment_forgets_last_results(self):
        self.terminal.sudo().last_result = {"stan_auth": "000101A00101"}
        self.account.environment = "production"
        self.assertFalse(self.terminal.sudo().last_result)

    def test_another_service_never_gets_to_see_the_password(self):
        """Anyone who may change the address could read it there."""
        for values in (
            {"environment": "production"},
            {"environment": "simulator", "simulator_url": "http://127.0.0.1:8911"},
        ):
            with self.subTest(values), self.undone():
                self.account.password = "geheim"
                self.account.write(values)
                self.assertFalse(self.account.password_is_set)
                self.account.write({"environment": "test", "password": "other"})
                self.assertEqual(self.account.sudo()._client_values()["password"], "other")
        self.account.password = "geheim"
        self.account.write({"username": "another", "simulator_url": "http://127.0.0.1:8912"})
        self.assertTrue(self.account.password_is_set, "the service is the same")

    def test_several_accounts_and_companies_and_branches(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        other = self.env["res.company"].create({"name": "Other", "currency_id": self.usd.id})
        accounts = self.env["nets.account"]
        second = accounts.create({"name": "Second", "company_id": self.company.id, "username": "second"})
        foreign = accounts.create({"name": "Foreign", "company_id": other.id, "username": "foreign"})
        values = {"name": "Desk", "currency_id": self.usd.id}
        own = self.env["nets.terminal"].create({**values, "identifier": "90000010", "account_id": second.id})
        theirs = self.env["nets.terminal"].create({**values, "identifier": "90000011", "account_id": foreign.id})
        terminals = self.env["nets.terminal"]
        of_company = terminals.search(terminals._usable_domain(self.company, self.usd))
        self.assertEqual(of_company & (own + theirs), own)
        self.assertEqual(terminals.search(terminals._usable_domain(branch, self.usd)) & (own + theirs), own)
        with self.assertRaisesRegex(UserError, "doesn't belong to"):
            theirs._check_usable(self.company, self.usd)
        self.assertNotIn(foreign, accounts.with_user(self.administrator).search([]))
        # the settings of each say so
        self.administrator.company_ids += branch
        for company, note, shown in (
            (self.company, "2 accounts", self.terminal),
            (branch, "on the terminals of", self.terminal + own),
        ):
            settings = self.env["res.config.settings"].with_user(self.administrator).with_company(company).create({})
            self.assertIn(note, settings.nets_account_note)
            self.assertLessEqual(shown, settings.nets_terminal_ids)
            self.assertNotIn(theirs, settings.nets_terminal_ids)
        self.assertFalse(self.env["res.config.settings"].with_company(other).create({}).nets_account_note)

    # --- the settings --- #

    def test_settings_make_the_first_account_and_log_in(self):
        company = self.env["res.company"].create({"name": "New"})
        self.administrator.company_ids += company
        self.nets_allows("90000021")
        settings = self.env["res.config.settings"].with_user(self.administrator).with_company(company)
        with Form(settings) as form:
            form.nets_environment = "production"
            form.nets_username = "new shop"
            form.nets_password = "new secret"
        form.record.execute()
        account = self.env["nets.account"].search([("company_id", "=", company.id)])
        self.assertEqual(
            (account.username, account.environment, account.connection_state), ("new shop", "production", "ok")
        )
        self.assertEqual(account.sudo()._client_values()["password"], "new secret")
        self.env.cr.execute("SELECT count(*) FROM information_schema.columns WHERE column_name = 'nets_password'")
        self.assertEqual(self.env.cr.fetchone(), (0,), "not stored with the settings, not even for a moment")

    def test_settings_without_a_user_name_make_no_account(self):
        company = self.env["res.company"].create({"name": "New"})
        self.administrator.company_ids += company
        self.env["res.config.settings"].with_user(self.administrator).with_company(company).create({}).execute()
        self.assertFalse(self.env["nets.account"].search([("company_id", "=", company.id)]))

    def test_settings_change_the_account_only_where_something_changed(self):
        self.login.reset_mock()
        settings = self.env["res.config.settings"].with_user(self.administrator).with_company(self.company)
        settings.create({}).execute()
        self.login.assert_not_called()
        with Form(settings) as form:
            form.nets_username = "shop 2"
        form.record.execute()
        self.assertEqual(self.account.username, "shop 2")
        self.login.assert_called_once()

    # --- terminals --- #

    def test_fetch_lists_what_is_new_known_elsewhere_and_refused(self):
        second = self.env["nets.account"].create({"name": "Second", "username": "second"})
        self.env["nets.terminal"].create({"name": "Elsewhere", "identifier": "90000030", "account_id": second.id})
        archived = self.env["nets.terminal"].create(
            {"name": "Archived", "identifier": "90000031", "account_id": self.account.id}
        )
        archived.active = False
        self.nets_allows("90000001", "90000030", "90000031", "90000032", "90000033")
        wizard = self.env["nets.terminal.fetch"].browse(self.account.action_fetch_terminals()["res_id"])
        self.assertEqual(
            {line.identifier: line.status for line in wizard.line_ids},
            {
                "90000001": "known",
                "90000030": "elsewhere",
                "90000031": "archived",
                "90000032": "new",
                "90000033": "new",
                "90000002": "refused",
            },
        )
        self.assertEqual((self.terminal.nets_status, self.terminal_2.nets_status), ("allowed", "refused"))
        wizard.line_ids.filtered(lambda line: line.identifier == "90000033").wanted = False
        first = wizard.line_ids.filtered(lambda line: line.identifier == "90000032")
        self.assertEqual(first.currency_id, self.usd, "what is proposed can be seen, and changed")
        first.currency_id = euro = self.env.ref("base.EUR")
        first.name = "Terrace"
        wizard.action_import()
        imported = self.env["nets.terminal"].search([("identifier", "in", ("90000032", "90000033"))])
        self.assertEqual(
            (imported.identifier, imported.nets_status, imported.account_id.id),
            ("90000032", "allowed", self.account.id),
        )
        self.assertEqual((imported.currency_id, imported.name), (euro, "Terrace"))

    def test_fetch_makes_the_first_site_in_the_time_zone_of_who_fetches(self):
        company = self.env["res.company"].create({"name": "New"})
        self.administrator.write({"company_ids": [Command.link(company.id)], "tz": "Pacific/Auckland"})
        self.nets_allows("90000034")
        accounts = self.env["nets.account"].with_user(self.administrator).with_company(company)
        account = accounts.create({"name": "New", "username": "new"})
        action = account.action_fetch_terminals()
        self.env["nets.terminal.fetch"].with_user(self.administrator).browse(action["res_id"]).action_import()
        site = account.terminal_ids.location_id
        self.assertEqual((site.name, site.tz, site.company_id), ("New", "Pacific/Auckland", company))
        self.nets_allows("90000034", "90000035")
        action = account.action_fetch_terminals()
        self.env["nets.terminal.fetch"].with_user(self.administrator).browse(action["res_id"]).action_import()
        self.assertEqual(account.terminal_ids.location_id, site, "no second one")

    def test_fetch_says_why_nets_cannot_be_asked(self):
        self.nets_says(Reason.LOGIN_REFUSED)
        with self.assertRaisesRegex(UserError, "Login refused"):
            self.account.action_fetch_terminals()

    def test_terminal_that_nets_refuses_is_refused(self):
        self.nets_allows("90000001", "90000002")
        values = {"name": "X", "identifier": "90000040", "account_id": self.account.id}
        with self.assertRaisesRegex(UserError, "may not use the terminal 90000040"):
            self.env["nets.terminal"].web_save(values, {})
        with self.assertRaisesRegex(UserError, "may not use the terminal 90000041"):
            self.terminal.web_save({"identifier": "90000041"}, {})
        replace = {"terminal_id": self.terminal_2.id, "identifier": "90000042"}
        with self.assertRaisesRegex(UserError, "may not use the terminal 90000042"):
            self.env["nets.terminal.replace"].create(replace).action_replace()
        self.assertTrue(self.terminal_2.active)
        self.login.reset_mock()
        self.terminal.web_save({"name": "Front"}, {})
        self.login.assert_not_called()

    def test_terminal_that_nobody_waits_for_is_marked(self):
        """What isn't saved by a person at a form: an import, a program."""
        self.nets_allows("90000001", "90000002")
        values = {"name": "X", "identifier": "90000040", "account_id": self.account.id}
        made = self.env["nets.terminal"].create(values)
        self.assertEqual(made.nets_status, "refused")
        made.identifier = "90000041"
        self.assertEqual(made.nets_status, "refused")
        self.nets_allows("90000041")
        self.account.action_test_connection()
        self.assertEqual(made.nets_status, "allowed")

    def test_terminal_is_marked_while_nets_cannot_be_asked(self):
        terminal = self.env["nets.terminal"].create(
            {"name": "X", "identifier": "90000040", "account_id": self.account.id}
        )
        self.assertEqual(terminal.nets_status, "unchecked")
        self.nets_allows("90000040")
        self.account.action_test_connection()
        self.assertEqual(terminal.nets_status, "allowed")

    def test_terminal_in_use_stays_where_it_is(self):
        second = self.env["nets.account"].create({"name": "Second", "username": "second"})
        transaction = self.send(self.make_invoice(100.0))
        for values in (
            {"account_id": second.id},
            {"currency_id": self.env.ref("base.NOK").id},
            {"identifier": "90000050"},
        ):
            with self.assertRaisesRegex(UserError, "not finished yet"):
                self.terminal.write(values)
        transaction._record_answer(approved(10000))
        self.terminal.account_id = second
        self.assertEqual(self.terminal.account_id, second)

    def test_replaced_terminal_keeps_its_history(self):
        transaction = self.charge(self.make_invoice(100.0))
        with self.assertRaisesRegex(UserError, "Press “Replace”"):
            self.terminal.identifier = "90000060"
        replace = self.env["nets.terminal.replace"].with_user(self.administrator)
        action = replace.create({"terminal_id": self.terminal.id, "identifier": "90000060"}).action_replace()
        new = self.env["nets.terminal"].browse(action["res_id"])
        self.assertEqual((new.name, new.location_id, new.identifier), ("Front desk", self.location, "90000060"))
        self.assertFalse(self.terminal.active)
        self.assertEqual(self.terminal.replaced_by_id, new)
        self.assertEqual((transaction.terminal_id, transaction.terminal_identifier), (self.terminal, "90000001"))

    def replacing(self):
        """The window that *Replace* opens."""
        action = self.terminal.with_user(self.administrator).action_replace()
        return Form(self.env[action["res_model"]].with_user(self.administrator).with_context(**action["context"]))

    def test_it_is_replaced_by_one_that_nets_lists(self):
        self.nets_allows("90000001", "90000061", "90000062")
        with self.replacing() as form:
            offered = self.env["nets.terminal.fetch.line"].search(
                [("fetch_id", "=", form.fetch_id.id), ("status", "=", "new")]
            )
            self.assertEqual(offered.mapped("identifier"), ["90000061", "90000062"])
            form.line_id = offered[1]
            self.assertEqual(form.identifier, "90000062")
        new = self.env["nets.terminal"].browse(form.record.action_replace()["res_id"])
        self.assertEqual((new.identifier, self.terminal.replaced_by_id), ("90000062", new))

    def test_where_nets_lists_nothing_now_the_number_is_entered(self):
        self.nets_says(Reason.LOGIN_UNAVAILABLE)
        with self.replacing() as form:
            self.assertFalse(form.fetch_id)
            form.identifier = "90000063"
        self.assertEqual(
            self.env["nets.terminal"].browse(form.record.action_replace()["res_id"]).identifier, "90000063"
        )

    def test_terminal_in_use_is_not_replaced(self):
        self.send(self.make_invoice(100.0))
        replace = self.env["nets.terminal.replace"].create({"terminal_id": self.terminal.id, "identifier": "90000060"})
        with self.assertRaisesRegex(UserError, "not finished yet"):
            replace.action_replace()

    def test_terminal_that_moved_leaves_its_history_at_the_old_site(self):
        transaction = self.charge(self.make_invoice(100.0))
        self.terminal.location_id = self.env["nets.location"].create({"name": "New shop", "tz": "UTC"})
        self.assertEqual(transaction.location_id, self.location)

    @mute_logger("odoo.sql_db")
    def test_terminal_is_entered_only_once_over_all_companies(self):
        other = self.env["res.company"].create({"name": "Other"})
        account = self.env["nets.account"].create({"name": "Other", "username": "other", "company_id": other.id})
        self.terminal.active = False
        with self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            self.env["nets.terminal"].create({"name": "Twin", "identifier": "90000001", "account_id": account.id})

    def test_entries_that_are_refused(self):
        baxi = self.env["nets.terminal"].create(
            {
                "name": "Baxi",
                "identifier": "90000080",
                "account_id": self.account.id,
                "type": "baxi_agent",
                "agent_address": "ws://127.0.0.1:8010",
            }
        )
        replace = self.env["nets.terminal.replace"].create({"terminal_id": baxi.id, "identifier": "90000081"})
        baxi.active = False
        settings = self.env["res.config.settings"].with_user(self.administrator)
        for text, call in (
            ("it is archived, or of a type", baxi.action_reconciliation),
            ("is archived already", replace.action_replace),
            ("isn't a terminal ID", lambda: setattr(self.terminal_2, "identifier", "1234567x")),
            ("must be like http", lambda: self.account.write({"environment": "simulator", "simulator_url": "ftp://x"})),
            (
                "must be like http",
                lambda: self.account.write({"environment": "simulator", "simulator_url": "http://a:b@c"}),
            ),
            ("after 5 seconds at the earliest", lambda: settings.create({"nets_first_lookup": 1})),
            ("after a minute at the earliest", lambda: settings.create({"nets_person_after": 0})),
            ("at least 16 randomly generated characters", lambda: settings.create({"nets_monitoring_token": "short"})),
        ):
            with self.subTest(text), self.assertRaisesRegex(UserError, text), self.env.cr.savepoint():
                call()

    # --- state and printer --- #

    def ask(self, state="idle", settings=None):
        """Ask for the terminal's state, as the button does.

        :param state: what NETS says, or a ConnectCloudError
        :param settings: the ConnectCloudError that the printer setting meets, or None
        """
        with (
            patch.object(ConnectCloudClient, "terminal_state", side_effect=[state]),
            patch.object(ConnectCloudClient, "set_terminal_settings", side_effect=settings) as put,
        ):
            self.answered = self.terminal.with_user(self.administrator).action_refresh_state()
        return put

    def test_state_is_asked_on_demand(self):
        self.ask("idle")
        self.assertEqual((self.terminal.activity, self.terminal.nets_status), ("Idle", "allowed"))
        self.ask("downloading parameters")
        self.assertEqual(self.terminal.activity, "downloading parameters", "an unknown state is shown as it came")
        self.ask(ConnectCloudError(Reason.TERMINAL_NOT_ALLOWED, "", 403))
        self.assertEqual((self.terminal.activity, self.terminal.nets_status), ("Not allowed", "refused"))
        self.ask(ConnectCloudError(Reason.TERMINAL_DISCONNECTED, "8013"))
        self.assertEqual(self.terminal.activity, "Disconnected")
        self.assertEqual(self.answered["params"]["title"], "Terminal disconnected: Front desk")
        # what is shown is read again all the same
        self.assertEqual(self.answered["params"]["next"], {"type": "ir.actions.act_window_close"})

    def test_one_that_cannot_be_asked_stops_no_other(self):
        terminals = self.terminal | self.terminal_2 | self.make_agent_terminal()
        self.assertEqual(terminals.mapped("activity"), ["Not asked yet", "Not asked yet", "Only its agent knows"])

        def ask(*states):
            with patch.object(ConnectCloudClient, "terminal_state", side_effect=states) as asked:
                action = terminals.with_user(self.administrator).action_refresh_states()
            terminals.invalidate_recordset(["activity"])
            return asked.call_count, action

        count, action = ask(ConnectCloudError(Reason.TERMINAL_DISCONNECTED, "8013"), "idle")
        self.assertEqual((count, terminals.mapped("activity")[:2]), (2, ["Disconnected", "Idle"]))
        self.assertIn("Check its power", action["params"]["message"])
        count, action = ask("idle", "idle")
        self.assertEqual((count, action), (2, {"type": "ir.actions.act_window_close"}))
        with self.subTest("where NETS is away, the person doesn't wait for each"):
            count, action = ask(ConnectCloudError(Reason.SERVICE_UNREACHABLE))
            self.assertEqual((count, action["params"]["title"]), (1, "NETS can't be reached: Front desk"))

    def test_state_says_what_the_terminal_is_busy_with(self):
        self.send(self.make_invoice(100.0))
        self.terminal.invalidate_recordset()
        self.assertIn("Busy: Payment", self.terminal.activity)
        self.assertIn("100.00", self.terminal.activity)

    def test_printer_setting_is_sent_and_never_stops_anything(self):
        self.ask().assert_not_called()
        self.terminal.printer = "odoo"
        put = self.ask(settings=ConnectCloudError(Reason.SERVICE_ERROR, "", 500))
        put.assert_called_once_with("90000001", printer_width=24)
        self.assertIn("Not sent to NETS yet", self.terminal.printer_message)
        self.assertEqual(self.terminal.activity, "Idle")
        self.ask().assert_called_once()
        self.assertEqual(self.terminal.printer_message, "Sent to NETS.")
        self.ask().assert_not_called()
        self.terminal.printer = "terminal"
        self.ask().assert_called_once_with("90000001", printer_width=0)

    def test_thread_asks_as_the_button_does(self):
        query = self.terminal.sudo()._prepare_query()
        self.assertNotIn("very-secret", repr(query))
        with patch.object(ConnectCloudClient, "terminal_state", side_effect=["idle"]):
            answer = listener.ask_terminal(ConnectCloudClient("http://127.0.0.1:9", "a", "b"), query)
        self.assertEqual((answer.state, answer.reason, answer.printer), ("idle", "", ""))

    # --- the first payment --- #

    def test_set_up_leads_from_the_login_to_the_first_payment(self):
        account = self.env["nets.account"].create({"name": "New", "username": "new"})
        self.assertEqual(account.setup_step, "login")
        self.nets_allows("90000070")
        account.password = "secret"
        self.assertEqual(account.setup_step, "terminals")
        terminal = self.env["nets.terminal"].create({"name": "X", "identifier": "90000070", "account_id": account.id})
        account.invalidate_recordset()
        self.assertEqual(account.setup_step, "payment")
        action = terminal.with_user(self.administrator).action_test_payment()
        transaction = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        transaction._claim("thread-1")
        transaction._record_answer(approved(100))
        self.assertEqual((transaction.state, transaction.to_book), ("approved", False))
        account.invalidate_recordset()
        self.assertEqual(account.setup_step, "customer", "nobody has paid yet")
        # what NETS' answers don't say
        self.assertIn("1.00", transaction._progress_values()["question"])
        self.assertEqual(self.account.setup_step, "terminals" if not self.account.terminal_ids else "payment")
        self.charge(self.make_invoice(100))
        self.account.invalidate_recordset()
        self.assertEqual(self.account.setup_step, "done")

    def test_the_settings_show_what_is_left_to_do_until_all_of_it_is_done(self):
        form = etree.fromstring(self.env["res.config.settings"].get_view(view_type="form")["arch"])
        [steps] = form.iterfind(".//ul[@name='nets_steps']")
        names = {
            "nets_account_id": False,
            "nets_account_note": False,
            "nets_setup_step": False,
            "nets_books_are_set_up": False,
        }

        def is_hidden(**values):
            return bool(safe_eval(steps.get("invisible"), {**names, **values}))

        account = {"nets_account_id": self.account.id}
        self.assertFalse(is_hidden(), "whoever has nothing yet sees the way")
        self.assertTrue(is_hidden(nets_account_note="This branch takes cards on another company's terminals."))
        self.assertFalse(is_hidden(**account, nets_setup_step="customer", nets_books_are_set_up=True))
        self.assertFalse(is_hidden(**account, nets_setup_step="done"), "the books are still to be set up")
        self.assertTrue(is_hidden(**account, nets_setup_step="done", nets_books_are_set_up=True))

    def test_test_payment_never_charges_real_money(self):
        self.account.environment = "production"
        with self.assertRaisesRegex(UserError, "charges real cards"):
            self.terminal.with_user(self.administrator).action_test_payment()
        with self.assertRaises(AccessError):
            self.terminal_2.with_user(self.clerk).action_test_payment()

    # --- sites --- #

    def test_sites_are_a_tree(self):
        group = self.env["nets.location"].create({"name": "Bergen", "tz": TERMINAL_ZONE})
        self.location.parent_id = group
        self.assertEqual(self.location.complete_name, "Bergen / Shop")
        self.assertIn(self.terminal, self.env["nets.terminal"].search([("location_id", "child_of", group.id)]))
        with self.assertRaisesRegex(UserError, "Recursion"):
            group.parent_id = self.location
