"""Nobody below the administrator group can read a secret, however they ask; and nobody at all the password."""

import logging
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user
from odoo.tools import file_open, mute_logger

from ... import listener
from ...connect_cloud import ConnectCloudError, Reason, Token
from ...messages import LOGGED_IN
from ..common import CardPaymentCommon

PASSWORD = "very-secret"
MONITORING = "monitoring-token-of-this-shop"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"


class TestSecrets(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.sudo()._store_token(cls.account.sudo()._client_values(), Token(TOKEN, 4102444800))
        cls.administrator = new_test_user(
            cls.env,
            login="nets_admin",
            groups="nets_connect_cloud.group_admin,account.group_account_manager,base.group_system",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.plain = new_test_user(cls.env, login="nets_plain", groups="base.group_user")
        cls.below = (cls.plain, cls.clerk, cls.manager)
        # what is refused is refused for its own sake, and not because nothing may be exported
        for user in (*cls.below, cls.administrator):
            user.group_ids |= cls.env.ref("base.group_allow_export")

    def assertNoSecret(self, content):
        text = repr(content)
        self.assertNotIn(PASSWORD, text)
        self.assertNotIn(TOKEN, text)
        self.assertNotIn(MONITORING, text)

    def test_accounts_are_closed_to_all_below_the_administrator(self):
        for user in self.below:
            accounts = self.env["nets.account"].with_user(user)
            for call in (
                lambda accounts=accounts: accounts.browse(self.account.id).read(["username"]),
                lambda accounts=accounts: accounts.search([("username", "=", "shop")]),
                lambda accounts=accounts: accounts.browse(self.account.id).export_data(["username", "password"]),
                lambda accounts=accounts: accounts.browse(self.account.id).web_read({"password": {}}),
                lambda accounts=accounts: accounts.browse(self.account.id).action_test_connection(),
                lambda accounts=accounts: accounts.browse(self.account.id).action_fetch_terminals(),
                lambda accounts=accounts: accounts.browse(self.account.id).write({"simulator_url": "http://evil"}),
                lambda accounts=accounts: accounts.search([]).copy(),
            ):
                with self.assertRaises(AccessError):
                    call()

    def test_no_rpc_of_users_below_the_administrator_shows_a_secret(self):
        """Refused or answered: no answer has a secret, nor an account's user name."""
        field = {"password": {}, "username": {}}
        through = {"account_id": {"fields": field}}
        ids = self.account.ids
        calls = [
            ("nets.account", "read", ids, ["username", "password"]),
            ("nets.account", "web_read", ids, field),
            ("nets.account", "search_read", [], ["username"]),
            ("nets.account", "web_search_read", [], field),
            ("nets.account", "search_count", [("username", "=like", "s%")]),
            ("nets.account", "formatted_read_group", [], ["username"]),
            ("nets.account", "web_read_group", [], ["username"]),
            ("nets.account", "read_group", [], ["username"], ["username"]),
            ("nets.account", "name_search", "shop"),
            ("nets.account", "export_data", ids, ["username", "password"]),
            ("nets.account", "onchange", ids, {}, [], field),
            ("nets.account", "default_get", ["password", "username"]),
            ("nets.terminal", "web_read", self.terminal.ids, through),
            ("nets.terminal", "web_search_read", [], through),
            ("nets.terminal", "search_read", [("account_id.username", "=like", "s%")], ["name"]),
            ("nets.terminal", "export_data", self.terminal.ids, ["account_id/username"]),
            ("nets.terminal", "formatted_read_group", [], ["account_id.username"]),
            ("nets.terminal", "get_views", [(False, "form"), (False, "list")]),
            ("nets.transaction", "get_views", [(False, "form"), (False, "list")]),
            ("nets.terminal.fetch", "web_search_read", [], through),
            ("res.config.settings", "default_get", ["nets_username", "nets_password", "nets_monitoring_token"]),
            ("res.config.settings", "web_search_read", [], {"nets_username": {}, "nets_password": {}}),
            ("ir.config_parameter", "search_read", [("key", "like", "nets_connect_cloud")], ["value"]),
        ]
        self.account.username = "username-of-the-shop"
        self.env["ir.config_parameter"].set_param("nets_connect_cloud.monitoring_token", MONITORING)
        cashier = new_test_user(self.env, login="nets_cashier", groups="point_of_sale.group_pos_manager")
        for user in (*self.below, cashier):
            for model, method, *args in calls:
                with self.subTest(user=user.login, model=model, method=method), mute_logger("odoo.models"):
                    try:
                        with self.env.cr.savepoint():
                            answer = call_kw(self.env[model].with_user(user), method, args, {})
                    except (UserError, ValueError, KeyError) as error:
                        answer = str(error)
                    self.assertNoSecret(answer)
                    self.assertNotIn("username-of-the-shop", repr(answer))

    def test_table_of_secrets_is_closed_to_everybody(self):
        for user in (*self.below, self.administrator):
            secrets = self.env["nets.account.secret"].with_user(user)
            secret = self.env["nets.account.secret"].sudo().search([("account_id", "=", self.account.id)])
            for call in (
                lambda secrets=secrets: secrets.search([("password", "=like", "v%")]),
                lambda secrets=secrets: secrets.search_read([], ["password", "token"]),
                lambda secrets=secrets, secret=secret: secrets.browse(secret.id).read(["token"]),
                lambda secrets=secrets, secret=secret: secrets.browse(secret.id).export_data(["password"]),
                lambda secrets=secrets: secrets.read_group([], ["password"], ["password"]),
                lambda secrets=secrets, secret=secret: secrets.browse(secret.id).write({"password": "x"}),
            ):
                with self.assertRaises(AccessError):
                    call()

    def test_administrator_sets_the_password_and_never_reads_it(self):
        account = self.account.with_user(self.administrator)
        account.password = PASSWORD
        self.assertNoSecret(account.read())
        self.assertNoSecret(account.web_read({name: {} for name in account._fields}))
        self.assertNoSecret(account.export_data(["name", "password", "password_is_set"]))
        self.assertNoSecret(account.copy_data())
        self.assertNoSecret(account.message_ids.mapped("body"))
        self.assertNoSecret(account.message_ids.tracking_value_ids.read())

    def test_password_cannot_be_searched_for(self):
        for model, field in (("nets.account", "password"), ("nets.terminal", "account_id.password")):
            for operator, value in (
                ("=like", "v%"),
                ("=", PASSWORD),
                ("ilike", "very"),
                ("in", [PASSWORD]),
                (">", "a"),
            ):
                with (
                    self.subTest(model=model, operator=operator),
                    self.assertRaisesRegex(UserError, "can't be searched"),
                ):
                    self.env[model].with_user(self.administrator).search([(field, operator, value)])

    def test_way_round_over_related_fields_is_closed(self):
        for path in ("account_id.password", "account_id.username"):
            for user in self.below:
                terminals = self.env["nets.terminal"].with_user(user)
                with self.assertRaisesRegex(UserError, "not allowed to access|password can't be searched"):
                    terminals.search([(path, "=", PASSWORD)])
                with self.assertRaises(AccessError):
                    terminals.browse(self.terminal.id).export_data([path.replace(".", "/")])

    def test_what_clerks_read_of_terminals_and_transactions_holds_no_secret(self):
        transaction = self.charge(self.make_invoice(100.0))
        for record in (self.terminal, transaction):
            record = record.with_user(self.clerk)
            fields = [name for name in record._fields if record._has_field_access(record._fields[name], "read")]
            self.assertNoSecret(record.read(fields))
        with self.assertRaises(AccessError):
            transaction.with_user(self.clerk).read(["raw_answer"])

    def test_errors_and_logs_hold_no_secret(self):
        self.login.side_effect = ConnectCloudError(Reason.LOGIN_REFUSED, "as NETS said it")
        with self.assertLogs("odoo", logging.INFO) as logs:
            logging.getLogger("odoo").info("at least one line")
            account = self.account.with_user(self.administrator)
            account.password = PASSWORD + "2"
            with self.assertRaisesRegex(UserError, "Login refused") as refused:
                account.action_fetch_terminals()
        self.assertNoSecret(str(refused.exception))
        self.assertNoSecret(logs.output)

    def test_rule_26_no_statement_has_a_secret(self):
        """Rule 26: Odoo logs statements that fail, PostgreSQL also those that take long."""
        odd = "tab\t line\n return\r back\\slash \\N 'quote' æ"
        secrets = [f"{name} {odd}" for name in ("password", "token")]
        with self.assertLogs("odoo.sql_db", logging.DEBUG) as logs:
            self.account.password = secrets[0]
            self.account.sudo()._store_token(self.account.sudo()._client_values(), Token(secrets[1], 4102444800))
            self.env.flush_all()
        statements = "".join(logs.output)
        self.assertIn("UPDATE nets_account_secret", statements)
        self.assertNotIn("back\\slash", statements)
        self.assertNotIn("'quote'", statements)
        values = self.account.sudo()._client_values()
        self.assertEqual([values["password"], values["token"].value], secrets)

    def test_a_secret_that_postgresql_would_complain_about_is_not_shown_to_it(self):
        with self.assertRaises(ValueError) as refused:
            self.account.password = f"{PASSWORD}\x00"
        self.assertNoSecret(refused.exception)

    def test_a_token_is_shown_only_to_the_service_that_gave_it_and_for_that_user(self):
        account = self.account.sudo()
        given_before = account._client_values()
        self.assertEqual(given_before["token"].value, TOKEN)
        for values in ({"username": "another"}, {"environment": "production", "password": PASSWORD}):
            with self.subTest(values), self.undone():
                account.write(values)
                self.assertIsNone(account._client_values()["token"])
                # a thread that began before comes back with its own
                account._store_token(given_before, given_before["token"])
                self.assertIsNone(account._client_values()["token"])

    def test_a_token_is_renewed_before_somebody_waits_for_it(self):
        account = self.account.sudo()
        self.env.cr.execute("UPDATE nets_account SET active = FALSE WHERE id <> %s", [account.id])
        ended = time.time() - 3600
        long_ago = fields.Datetime.now() - timedelta(hours=1)

        def renewed(expires_at, reason=LOGGED_IN, tried_at=long_ago, **values):
            account._write_secret({"token": TOKEN, "token_expires_at": expires_at})
            account.write({"connection_reason": reason, "connection_at": tried_at, **values})
            self.env.flush_all()
            logins = []
            with patch.object(listener, "log_in_after_commit", lambda _cr, account_id: logins.append(account_id)):
                account._renew_tokens()
            return logins == account.ids

        self.assertTrue(renewed(time.time() + 1200), "twenty minutes left")
        self.assertFalse(renewed(time.time() + 7200), "two hours left")
        self.assertTrue(renewed(ended))
        self.assertTrue(renewed(ended, reason="service_unreachable"))
        self.assertFalse(renewed(ended, tried_at=fields.Datetime.now()), "just tried")
        self.assertFalse(renewed(ended, reason="login_refused"), "a person has to fix that")
        self.assertFalse(renewed(ended, active=False))

    def test_neutralized_copy_cannot_charge_a_card(self):
        with self.env.cr.savepoint() as savepoint:
            self.env.flush_all()
            with file_open("nets_connect_cloud/data/neutralize.sql") as statements:
                self.env.cr.execute(statements.read())
            self.env.invalidate_all()
            values = self.account.sudo()._client_values()
            self.assertEqual((values["password"], values["token"]), ("", None))
            self.assertNotIn("nets.eu", values["base_url"])
            self.assertEqual(self.terminal.environment, "simulator")
            self.env.cr.execute("SELECT count(*) FROM nets_account_secret")
            self.assertEqual(self.env.cr.fetchone(), (0,))
            savepoint.rollback()
        self.env.invalidate_all()
