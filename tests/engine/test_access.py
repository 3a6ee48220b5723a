"""Who may see and do what. Nobody changes the log over RPC; nobody reads a secret."""

import inspect
import re
import uuid
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import MagicMock, patch

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import CardPaymentCommon

PASSWORD = "very-secret"
TOKEN = "token-that-nobody-sees"
# What of Odoo the addon adds to, and nobody can change anything by.
ONLY_READ = {"default_get", "get_values", "web_read", "fields_get"}


def methods_of_page(page):
    """What docs/rpc.md has in its tables.

    :return: {(model, method): names of its parameters}
    """
    methods, section = {}, ""
    for line in page.splitlines():
        if line.startswith("## "):
            section = line[3:]
        if not line.startswith("| `"):
            continue
        models, several = [section], []
        for name, parameters in re.findall(r"`([\w.]+)(\([\w, ]*\))?`", line.split(" | ")[0]):
            model, _dot, method = name.rpartition(".")
            if not parameters:
                several.append(name)
                models = several
                continue
            if model:
                models, several = [model], []
            for each in models:
                methods[each, method] = parameters[1:-1].split(", ") if parameters != "()" else []
    return methods


@tagged("post_install", "-at_install")
class TestAccess(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(
            cls.env,
            login="nets_admin",
            groups="base.group_system,account.group_account_manager,nets_connect_cloud.group_admin",
            company_id=cls.company.id,
            company_ids=cls.company.ids,
        )
        cls.other_company = cls.env["res.company"].create({"name": "Neighbour"})
        cls.stranger = new_test_user(
            cls.env,
            login="nets_stranger",
            groups="account.group_account_manager,nets_connect_cloud.group_admin",
            company_id=cls.other_company.id,
            company_ids=cls.other_company.ids,
        )
        cls.employee = new_test_user(cls.env, login="nets_employee", groups="base.group_user")
        cls.account.sudo()._write_secret({"token": TOKEN, "token_expires_at": 4102444800})
        cls.invoice = cls.make_invoice(1000)
        # fields that only the engine reads
        cls.hidden = {
            "nets.transaction": {"claim_token", "baseline", "no_charge_evidence", "abort_call_at"},
            "nets.terminal": {"last_result"},
        }

    def setUp(self):
        super().setUp()
        self.transaction = self.charge(self.invoice, 400)

    @contextmanager
    def websocket(self, user):
        """`ir.websocket` as it serves a user's browser."""
        request = MagicMock()
        request.session.uid = user.id
        with patch("odoo.addons.bus.models.ir_websocket.wsrequest", new=request):
            yield self.env["ir.websocket"].with_user(user)

    def rpc(self, user, model, method, *args, **kwargs):
        """As a call over RPC, from any client."""
        return call_kw(self.env[model].with_user(user), method, list(args), kwargs)

    # === THE LOG === #

    def test_nobody_changes_the_log(self):
        ids = self.transaction.ids
        values = {
            "order_id": "X",
            "kind": "purchase",
            "terminal_id": self.terminal.id,
            "amount": 1,
            "currency_id": self.usd.id,
            "company_id": self.company.id,
            "user_id": self.clerk.id,
        }
        for user in (self.clerk, self.manager, self.admin):
            for method, args in {
                "create": [values],
                "write": [ids, {"state": "approved"}],
                "unlink": [ids],
                "copy": [ids],
                "web_save": [ids, {"amount": 2}, {}],
                "name_create": ["X"],
            }.items():
                with self.subTest(user=user.login, method=method), self.assertRaises(AccessError):
                    self.rpc(user, "nets.transaction", method, *args)
            with (
                self.subTest(user=user.login, method="load"),
                self.env.cr.savepoint(flush=False),
                mute_logger("odoo.sql_db"),
            ):
                self.rpc(user, "nets.transaction", "load", [".id", "amount"], [[str(ids[0]), "7"]])
        self.assertRecordValues(self.transaction, [{"state": "approved", "amount": 400}])

    def test_the_methods_that_rpc_reaches(self):
        """Each of these checks group, company and state; another one must not slip in."""
        expected = {
            "nets.transaction": {
                "read_progress",
                "agent_jobs",
                "agent_claim",
                "agent_not_reached",
                "agent_beat",
                "agent_abort_sent",
                "agent_report",
                "agent_claim_lookup",
                "agent_report_lookup",
                "abort",
                "retry",
                "get_last_result",
                "refund_data",
                "start_refund",
                "start_reversal",
                "action_book_again",
                "action_get_last_result",
                "action_print_receipt",
                "action_download_specimen",
                "action_send_receipt",
                "action_refund",
                "action_approve_refund",
                "action_reverse",
                "pos_start",
                "pos_progress",
                "pos_reverse",
                "pos_settle",
                "pos_record_by_hand",
                "action_pos_complete",
                "action_pos_take_off",
                "sign",
                "action_accept_signature",
                "action_decline_signature",
            },
            "account.move": {
                "nets_card_payment_data",
                "nets_start_card_payment",
                "action_nets_pay_by_card",
                "action_nets_confirm_and_pay",
                "action_nets_pay_out",
                "action_nets_approve_refund",
                "nets_payout_data",
                "nets_start_payout",
            },
            "nets.account": {"action_test_connection", "action_fetch_terminals", "action_set_up_books"},
            "nets.terminal": {
                "action_refresh_state",
                "action_refresh_states",
                "action_replace",
                "action_reconciliation",
                "action_download_dataset",
                "action_download_software",
                "action_balance_inquiry",
                "action_x_report",
                "action_z_report",
                "action_test_agent",
                "action_test_payment",
            },
            "nets.terminal.fetch": {"action_import"},
            "nets.terminal.replace": {"action_replace"},
            "nets.report": {"action_show_transactions", "action_show_suspects", "action_compare"},
            "nets.report.agree": {"action_agree"},
            "nets.payout": {
                "action_accept",
                "action_add_difference",
                "action_match",
                "action_open_entry",
                "action_propose_days",
                "action_reconcile",
                "action_undo",
            },
            "nets.payout.line": {"action_accept"},
            "nets.payout.column": set(),
            "nets.payout.import": {"action_read", "action_import", "action_back"},
            "account.bank.statement.line": {"action_nets_payout"},
            "nets.clearing.item": {"action_open"},
            "nets.clearing.day": {"action_open"},
            "res.config.settings": {
                "action_nets_test_connection",
                "action_nets_fetch_terminals",
                "action_nets_set_up_books",
            },
            "nets.heartbeat": set(),
            "nets.account.secret": set(),
            "nets.transaction.attach": {"action_attach"},
            "nets.transaction.settle": {"action_settle"},
            "nets.transaction.book": {"action_book"},
            "nets.refund.approval": set(),
            "nets.pos.session.allow.closing": {"action_allow"},
            "nets.pos.payment.settle": {"action_settle"},
            "pos.config": set(),
            "pos.make.payment": set(),
            "pos.order": {"action_nets_transactions"},
            "pos.order.line": set(),
            "pos.payment": {"action_nets_transactions", "action_nets_without_transaction"},
            "pos.payment.method": set(),
            "pos.session": {"action_nets_transactions", "nets_allow_closing", "nets_closing_issues"},
            "nets.receipt.print": {"action_print"},
            "account.payment.register": {"action_nets_process_card", "nets_process_card"},
        }
        for model, methods in expected.items():
            found = set()
            classes = [cls for cls in type(self.env[model]).mro() if ".nets_connect_cloud." in f"{cls.__module__}."]
            ours = {name for cls in classes for name in vars(cls) if callable(vars(cls)[name])}
            odoos = {name for cls in type(self.env[model]).mro() if cls not in classes for name in vars(cls)}
            for name in ours - odoos:
                try:
                    get_public_method(self.env[model], name)
                except AccessError:
                    continue
                found.add(name)
            with self.subTest(model):
                self.assertEqual(found, methods)

    def reached(self):
        """:return: {(model, method): parameters} of all that the addon lets RPC reach, own methods and Odoo's that it
        changes; parameters None for Odoo's"""
        found = {}
        for model in self.env.registry:
            if self.env[model]._abstract:
                continue
            classes = type(self.env[model]).mro()
            ours = [cls for cls in classes if ".nets_connect_cloud." in f"{cls.__module__}."]
            for name, method in {name: value for cls in reversed(ours) for name, value in vars(cls).items()}.items():
                if not callable(method):
                    continue
                try:
                    get_public_method(self.env[model], name)
                except AccessError:
                    continue
                is_odoos = self.is_odoos(model, name)
                found[model, name] = None if is_odoos else [*inspect.signature(method).parameters][1:]
        return found

    def is_odoos(self, model, method):
        """Whether Odoo itself offers a method of this name there."""
        if model not in self.env:
            return False
        classes = type(self.env[model]).mro()
        return any(method in vars(cls) for cls in classes if ".nets_connect_cloud." not in f"{cls.__module__}.")

    def test_rule_24_the_page_of_methods_says_what_rpc_reaches(self):
        """Rule 24: docs/rpc.md names each method that any client may call, with its parameters, and no other."""
        reached = self.reached()
        written = methods_of_page((Path(__file__).resolve().parents[2] / "docs/rpc.md").read_text())
        own = {place: parameters for place, parameters in reached.items() if parameters is not None}
        own_written = {place: value for place, value in written.items() if not self.is_odoos(*place)}
        self.assertEqual(own_written, own)
        changed = {place for place in reached if place[1] not in ONLY_READ}
        self.assertFalse(changed - written.keys(), "what Odoo offers, and the addon changes")

    def test_who_reads_the_log(self):
        for user, sees in (
            (self.clerk, True),
            (self.manager, True),
            (self.admin, True),
            (self.stranger, False),
            (self.employee, False),
        ):
            with self.subTest(user.login):
                transactions = self.env["nets.transaction"].with_user(user)
                if sees:
                    self.assertIn(self.transaction.id, transactions.search([]).ids)
                    self.assertEqual(
                        self.rpc(user, "nets.transaction", "read_progress", self.transaction.ids)[0]["state"],
                        "approved",
                    )
                    continue
                if user == self.stranger:
                    self.assertNotIn(self.transaction.id, transactions.search([]).ids)
                for method, args in (
                    ("read", [["state"]]),
                    ("read_progress", []),
                    ("abort", []),
                    ("action_book_again", []),
                    ("action_print_receipt", []),
                    ("retry", [str(uuid.uuid4()), self.terminal.id]),
                ):
                    with self.assertRaises(AccessError):
                        self.rpc(user, "nets.transaction", method, self.transaction.ids, *args)

    def test_a_known_request_shows_nothing_of_another_company(self):
        with self.assertRaises(AccessError):
            self.env["nets.transaction"].with_user(self.stranger)._find_request(
                self.transaction.request_id
            ).read_progress()

    def test_raw_answers_are_for_administrators(self):
        self.assertEqual(self.transaction.with_user(self.admin).raw_answer, '{"result": "as it came"}')
        for user in (self.clerk, self.manager):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.transaction.with_user(user).read(["raw_answer"])

    def test_the_engines_own_fields_are_nobodys(self):
        records = {"nets.transaction": self.transaction, "nets.terminal": self.terminal}
        # it is the field that is closed, not the export
        (self.clerk | self.manager | self.admin).group_ids |= self.env.ref("base.group_allow_export")
        for model, names in self.hidden.items():
            for user in (self.clerk, self.manager, self.admin):
                self.assertFalse(names & set(self.rpc(user, model, "fields_get")))
                for name in names:
                    with self.subTest(user=user.login, model=model, field=name):
                        with self.assertRaises(AccessError):
                            self.rpc(user, model, "read", records[model].ids, [name])
                        with self.assertRaises(AccessError):
                            self.rpc(user, model, "search", [(name, "!=", False)])
                        with self.assertRaises(AccessError):
                            self.rpc(user, model, "export_data", records[model].ids, [name])

    # === SECRETS === #

    def test_nobody_reaches_the_tables_of_secrets_and_heartbeats(self):
        self.send(self.invoice, 100)
        for model, secret in (("nets.account.secret", "password"), ("nets.heartbeat", "claim_token")):
            record = self.engine[model].search([], limit=1)
            for user in (self.clerk, self.manager, self.admin):
                for method, args in {
                    "search_read": [[], []],
                    "search_count": [[]],
                    "read": [record.ids, []],
                    "web_search_read": [[], {}],
                    "export_data": [record.ids, [secret]],
                    "create": [{}],
                    "write": [record.ids, {}],
                    "unlink": [record.ids],
                    "formatted_read_group": [[], ["id"]],
                    "name_search": [""],
                }.items():
                    error = UserError if method == "export_data" else AccessError
                    with self.subTest(model=model, user=user.login, method=method), self.assertRaises(error):
                        self.rpc(user, model, method, *args)

    def test_the_password_is_written_and_never_read(self):
        account = self.account.with_user(self.admin)
        secret = self.engine["nets.account.secret"].search([("account_id", "=", account.id)])
        self.assertEqual(secret.password, PASSWORD)
        self.assertTrue(account.password_is_set)
        ways_to_read = {
            "read": lambda: self.rpc(self.admin, "nets.account", "read", account.ids, []),
            "web_read": lambda: self.rpc(
                self.admin, "nets.account", "web_read", account.ids, {"password": {}, "password_is_set": {}}
            ),
            "export": lambda: self.rpc(self.admin, "nets.account", "export_data", account.ids, ["name", "password"]),
            "save": lambda: self.rpc(
                self.admin, "nets.account", "web_save", account.ids, {"password": PASSWORD}, {"password": {}}
            ),
            "fields": lambda: self.rpc(self.admin, "nets.account", "fields_get"),
            "copy": lambda: account.copy({"name": "copy"}).read(),
            "chatter": lambda: account.message_ids.mapped("body") + account.message_ids.tracking_value_ids.read(),
        }
        for name, read in ways_to_read.items():
            with self.subTest(name):
                shown = repr(read())
                self.assertNotIn(PASSWORD, shown)
                self.assertNotIn(TOKEN, shown)
        with self.subTest("found by its value"):
            self.assertFalse(account.name_search(PASSWORD))
            for domain in ([("password", "=", PASSWORD)], [("password", "like", "very")]):
                with mute_logger("odoo.domains", "odoo.fields"):
                    try:
                        right = self.env["nets.account"].with_user(self.admin).search(domain)
                        wrong = self.env["nets.account"].with_user(self.admin).search([("password", "=", "no")])
                    except (ValueError, UserError, NotImplementedError):
                        continue
                self.assertEqual(right, wrong, "whether it matches can't be told")

    def test_an_empty_password_keeps_the_one_that_is_set(self):
        account = self.account.with_user(self.admin)
        account.write({"name": "renamed", "password": False})
        account.write({"password": ""})
        secret = self.engine["nets.account.secret"].search([("account_id", "=", account.id)])
        self.assertEqual((secret.password, secret.token), (PASSWORD, TOKEN))

    def test_a_token_belongs_to_its_user_name_and_service(self):
        secret = self.engine["nets.account.secret"].search([("account_id", "=", self.account.id)])
        for values in ({"username": "other"}, {"environment": "production"}, {"password": "other"}):
            with self.subTest(values), self.undone():
                self.account.with_user(self.admin).write(values)
                self.assertFalse(secret.token)

    # === ACCOUNTS, TERMINALS, SITES === #

    def test_only_administrators_change_accounts_terminals_and_sites(self):
        records = {"nets.account": self.account, "nets.terminal": self.terminal, "nets.location": self.location}
        for user in (self.clerk, self.manager, self.employee, self.stranger):
            for model, record in records.items():
                with self.subTest(user=user.login, model=model):
                    with self.assertRaises(AccessError):
                        self.rpc(user, model, "write", record.ids, {"name": "mine"})
                    with self.assertRaises(AccessError):
                        self.rpc(user, model, "unlink", record.ids)
        for method, record in (("action_test_connection", self.account), ("action_refresh_state", self.terminal)):
            with self.assertRaises(AccessError):
                self.rpc(self.clerk, record._name, method, record.ids)
        for record in records.values():
            self.rpc(self.admin, record._name, "write", record.ids, {"name": "theirs"})

    def test_clerks_see_terminals_but_no_accounts(self):
        self.assertIn(self.terminal.id, self.env["nets.terminal"].with_user(self.clerk).search([]).ids)
        with self.assertRaises(AccessError):
            self.env["nets.account"].with_user(self.clerk).search([])
        self.assertFalse(self.env["nets.terminal"].with_user(self.stranger).search([("id", "=", self.terminal.id)]))
        self.assertFalse(self.env["nets.account"].with_user(self.stranger).search([("id", "=", self.account.id)]))
        self.assertFalse(self.env["nets.location"].with_user(self.stranger).search([("id", "=", self.location.id)]))

    def test_a_terminal_in_use_stays_as_it_is(self):
        self.start(self.invoice, 100)
        for record, values in (
            (self.terminal, {"identifier": "90000009"}),
            (self.terminal, {"currency_id": self.env.ref("base.EUR").id}),
            (self.account, {"environment": "production"}),
            (self.account, {"username": "other"}),
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "not finished yet"):
                record.with_user(self.admin).write(values)
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            self.terminal.with_user(self.admin).unlink()

    # === SCREENS === #

    def test_invoices_open_for_those_without_the_group(self):
        """Their form doesn't ask for what they may not see."""
        reader = new_test_user(
            self.env, login="nets_reader", groups="account.group_account_readonly", company_id=self.company.id
        )
        for user in (reader, self.clerk):
            with self.subTest(user.login):
                form = Form(self.invoice.with_user(user), "account.view_move_form")
                self.assertEqual("nets_transaction_ids" in form._view["fields"], user == self.clerk)

    # === BUS === #

    def test_only_readers_of_an_invoice_are_told(self):
        channel = f"nets_connect_cloud.invoice_{self.invoice.id}"
        for user, hears in ((self.clerk, True), (self.admin, True), (self.stranger, False), (self.employee, False)):
            with self.subTest(user.login), self.websocket(user) as websocket:
                channels = websocket._build_bus_channel_list([channel, "other"])
                ours = [name for name in channels if isinstance(name, tuple) and name[1] == "nets_connect_cloud"]
                self.assertEqual(ours, [(self.invoice, "nets_connect_cloud")] if hears else [])
                names = [name for name in channels if isinstance(name, str)]
                self.assertNotIn(channel, names)
                self.assertIn("other", names)

    def test_channels_that_are_no_invoices(self):
        for channel in (
            "nets_connect_cloud.invoice_987654321",
            "nets_connect_cloud.invoice_-1",
            "nets_connect_cloud.invoice_1 OR 1=1",
            f"nets_connect_cloud.invoice_{'9' * 30}",
            f"xnets_connect_cloud.invoice_{self.invoice.id}",
        ):
            with self.subTest(channel), self.websocket(self.clerk) as websocket:
                found = websocket._build_bus_channel_list([channel])
                self.assertFalse(
                    [name for name in found if isinstance(name, tuple) and name[1] == "nets_connect_cloud"]
                )
