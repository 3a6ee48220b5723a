import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ... import listener
from ...connect_cloud import PRODUCTION_URL, TEST_URL, Reason, Token
from ...const import ANSWER_TIMEOUT, CUSTOMER_TIMEOUT, LOGIN_PAUSE, TOKEN_RESERVE, TYPE_SELECTION
from ...messages import LOGGED_IN, describe_setup, refusal

ENVIRONMENTS = [("production", "Production"), ("test", "Test"), ("simulator", "Simulator")]
# What a login depends on.
LOGIN_FIELDS = {"environment", "username", "password", "simulator_url"}
NO_TOKEN = {"token": False, "token_expires_at": 0, "token_for": False}
# Terminals that a message names; all of them are in the list.
MOST_NAMED = 12
# What decides where a result is asked for, and what is concluded from it.
JUDGED_BY_FIELDS = {"environment", "username", "company_id", "simulator_url", "customer_timeout"}
# Hosts of simulators that aren't on this machine, with commas between them. The people who may set an account up may
# not decide what this server talks to.
SIMULATOR_HOSTS = "NETS_SIMULATOR_HOSTS"


class NetsAccount(models.Model):
    _name = "nets.account"
    _description = "NETS account"
    _inherit = ["mail.thread", "nets.server.fields", "nets.asked"]
    _check_company_auto = True
    _order = "company_id, name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    type = fields.Selection(
        TYPE_SELECTION,
        required=True,
        default="connect_cloud",
        help="*Connect@Cloud*: NETS gives a user name and a password, with which this server logs in. *Baxi.Agent*: "
        "only terminals that browsers drive, for which nobody logs in.",
    )
    environment = fields.Selection(
        ENVIRONMENTS,
        required=True,
        default="test",
        tracking=True,
        help="Only *Production* charges real cards.",
    )
    simulator_url = fields.Char(
        "Simulator address", default="http://127.0.0.1:8910", help="Where the simulator listens."
    )
    username = fields.Char("User name", tracking=True)
    password = fields.Char(
        compute="_compute_password",
        inverse="_inverse_password",
        search="_search_password",
        copy=False,
        help="Can be set, never read. Leave it empty to keep the one that is set. If the environment or "
        "the simulator's address changes, enter it again.",
    )
    password_is_set = fields.Boolean(compute="_compute_password_is_set")
    connection_reason = fields.Char(readonly=True, copy=False)
    connection_detail = fields.Char("Text from NETS", readonly=True, copy=False)
    connection_at = fields.Datetime("Last login tried on", readonly=True, copy=False)
    connection_state = fields.Selection(
        [("untried", "Not tried"), ("ok", "Logged in"), ("failed", "Failed")], compute="_compute_connection"
    )
    connection_label = fields.Char("Connection", compute="_compute_connection")
    connection_explanation = fields.Char(compute="_compute_connection")
    setup_step = fields.Selection(
        [
            ("login", "Log in"),
            ("terminals", "Fetch terminals"),
            ("payment", "Take a test payment"),
            ("customer", "Take a customer's payment"),
            ("done", "Done"),
        ],
        compute="_compute_setup_step",
    )
    terminal_ids = fields.One2many("nets.terminal", "account_id", "Terminals")
    reconciliation_daily = fields.Boolean(
        "Daily reconciliation",
        tracking=True,
        help="Close the session of every terminal automatically once a day, and keep the report.",
    )
    reconciliation_hour = fields.Float(
        "At",
        default=23.0,
        help="In the time zone of the terminal's site. A terminal that is busy then is tried again later.",
    )
    # A time that had passed when it was switched on isn't made up for.
    reconciliation_since = fields.Datetime(compute="_compute_reconciliation_since", store=True)
    answer_timeout = fields.Integer(
        "Tell after (seconds)",
        default=ANSWER_TIMEOUT,
        required=True,
        help="How long a person waits for the terminal's answer before being told whether the customer is still at "
        "the terminal or the connection is interrupted. The answer is waited for all the same.",
    )
    customer_timeout = fields.Integer(
        "Customer may take (seconds)",
        default=CUSTOMER_TIMEOUT,
        required=True,
        help="The longest a customer may take at a terminal. The connection to NETS stays open as long.",
    )
    mirrors_order_id = fields.Boolean(
        "Sends order numbers back",
        readonly=True,
        copy=False,
        help="NETS has sent an order number of ours back: from then on, a result without one isn't ours.",
    )

    _username_check = models.Constraint(
        "CHECK(type = 'baxi_agent' OR username IS NOT NULL)", "Enter the user name that NETS gave you."
    )
    _timeouts_check = models.Constraint(
        "CHECK(answer_timeout > 0 AND customer_timeout >= answer_timeout)",
        "The waiting times must be positive, and a customer may take at least as long as a person waits to be told.",
    )
    _reconciliation_hour_check = models.Constraint(
        "CHECK(reconciliation_hour >= 0 AND reconciliation_hour < 24)", "Enter an hour between 00:00 and 23:59."
    )

    # === COMPUTE METHODS === #

    def _compute_password(self):
        self.password = False

    def _inverse_password(self):
        for account in self.filtered("password"):
            account._write_secret({"password": account.password, **NO_TOKEN})
        self.invalidate_recordset(["password"])

    @api.model
    def _search_password(self, _operator, _value):
        raise refusal(self.env, "password_search")

    def _compute_password_is_set(self):
        secrets = self.env["nets.account.secret"].sudo().search([("account_id", "in", self.ids)])
        accounts_with_password = secrets.filtered("password").account_id
        for account in self:
            account.password_is_set = account in accounts_with_password

    @api.depends("reconciliation_daily", "reconciliation_hour")
    def _compute_reconciliation_since(self):
        self.reconciliation_since = fields.Datetime.now()

    @api.depends("connection_reason", "connection_detail")
    @api.depends_context("lang")
    def _compute_connection(self):
        for account in self:
            message = describe_setup(self.env, account.connection_reason or "", account.connection_detail)
            account.connection_label = message.label
            account.connection_explanation = message.explanation
            account.connection_state = {False: "untried", LOGGED_IN: "ok"}.get(account.connection_reason, "failed")

    @api.depends("connection_reason", "terminal_ids")
    def _compute_setup_step(self):
        for account in self:
            if account._has_charged([("origin", "!=", "none")]):
                account.setup_step = "done"
            elif account._has_charged():
                account.setup_step = "customer"
            elif account.terminal_ids:
                account.setup_step = "payment"
            else:
                account.setup_step = "terminals" if account.connection_state == "ok" else "login"

    def _has_charged(self, domain=()):
        """Whether any of this account's terminals has charged a card: the first one found is enough.

        :param domain: what is to be true of the charge besides
        """
        terminals = self.with_context(active_test=False).terminal_ids
        charged = [("terminal_id", "in", terminals.ids), ("kind", "=", "purchase"), ("state", "=", "approved")]
        return bool(self.env["nets.transaction"].search_count([*charged, *domain], limit=1))

    # === CONSTRAINT METHODS === #

    @api.constrains("environment", "simulator_url")
    def _check_simulator_url(self):
        for account in self.filtered(lambda account: account.environment == "simulator"):
            url = urlsplit(account.simulator_url or "")
            if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc:
                raise refusal(self.env, "simulator_address", error=ValidationError)
            # with a path of its own, it could be told what to ask for there
            if url.path.strip("/") or "?" in account.simulator_url or "#" in account.simulator_url:
                raise refusal(self.env, "simulator_address", error=ValidationError)
            if not self._is_simulator_host(url.hostname):
                raise refusal(self.env, "simulator_elsewhere", error=ValidationError, host=url.hostname)

    @api.model
    def _is_simulator_host(self, host):
        """Whether accounts may use a simulator there: on this machine, or where the server's operator allows it."""
        allowed = {name.strip().lower() for name in os.environ.get(SIMULATOR_HOSTS, "").split(",")}
        try:
            return host in allowed or ip_address(host).is_loopback
        except ValueError:  # a name
            return host == "localhost"

    @api.constrains("type")
    def _check_type(self):
        self.with_context(active_test=False).terminal_ids._check_account_logs_in()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        self._log_in_after_commit(accounts)
        return accounts

    def write(self, vals):
        if JUDGED_BY_FIELDS & vals.keys() or not vals.get("active", True):
            self._check_no_unresolved_transaction()
        moved = self.filtered(lambda account: "company_id" in vals and account.company_id.id != vals["company_id"])
        if moved.with_context(active_test=False).terminal_ids:
            raise refusal(self.env, "account_with_terminals")
        changed = self.filtered(
            lambda account: any((account[name] or "") != (vals[name] or "") for name in LOGIN_FIELDS & vals.keys())
        )
        services = {account: account._base_url() for account in self}
        result = super().write(vals)
        if {"environment", "username", "simulator_url"} & vals.keys():
            # a token belongs to the user name and the service it was given by, and so do the last results
            for account in changed:
                account._write_secret(NO_TOKEN)
                account.sudo().mirrors_order_id = False
                account.with_context(active_test=False).terminal_ids._set_last_result(None)
        for account, service in services.items():
            if account._base_url() != service and not vals.get("password"):
                # Another service never gets to see it: anyone who may set the address would read the password there.
                account._write_secret({"password": False})
        self._log_in_after_commit(changed)
        return result

    def _check_no_unresolved_transaction(self):
        if self.with_context(active_test=False).sudo().terminal_ids._is_any_in_use(self):
            raise refusal(self.env, "account_in_use")

    def _keep_set_up(self):
        """Have these accounts, their terminals and sites, stay set up as they are until a reservation is committed.

        A lock that is shared, and no update: presses don't wait for each other, only who changes the set-up waits.
        """
        if self.ids:
            self.env.cr.execute(
                SQL("SELECT 1 FROM nets_account WHERE id IN %s FOR SHARE", tuple(self.ids)), log_exceptions=False
            )

    # === ACTION METHODS === #

    def action_test_connection(self):
        """Log in now, and say in plain words how it went.

        :return: a notification action
        """
        self.ensure_one()
        self.check_access("write")
        identifiers = self._log_in_apart(self)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                **self._connection_notification(identifiers or ()),
                # read again in its place: a page that is made anew begins at its top
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_fetch_terminals(self):
        """Show what the account may use, to import what isn't here yet.

        :return: an action
        :raise UserError: where NETS can't be asked, with what to do
        """
        self.ensure_one()
        self.check_access("write")
        identifiers = self._log_in_apart(self)
        if identifiers is None:
            message = describe_setup(self.env, self.connection_reason, self.connection_detail)
            raise UserError(message.as_text())
        wizard = self.env["nets.terminal.fetch"]._for_account(self, identifiers)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Terminals of the account"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    # === BUSINESS METHODS === #

    def _logs_in(self):
        """:return: those of these with which this server logs in; nobody does for terminals that browsers drive"""
        return self.filtered(lambda account: account.type == "connect_cloud")

    @api.model
    def _of_agents(self, company):
        """The account of a company's terminals that browsers drive, where they are given no other one: it has their
        environment and waiting times, and no login.

        :param company: res.company
        :return: nets.account, made where there is none
        """
        domain = [("type", "=", "baxi_agent"), ("company_id", "=", company.id)]
        values = {"name": "Baxi.Agent", "type": "baxi_agent", "environment": "production", "company_id": company.id}
        return self.search(domain, order="id", limit=1) or self.create(values)

    def _record_login(self, identifiers, error, told_id=None):
        """Keep the result of a login.

        :param identifiers: of the terminals that the account may use, or None where NETS didn't say
        :param error: ConnectCloudError, or None where it worked
        :param int told_id: the user who is told, where nobody waits for it
        """
        if not self.exists():
            return
        self.write(
            {
                "connection_reason": error.reason.value if error else LOGGED_IN,
                "connection_detail": error and error.message,
                "connection_at": fields.Datetime.now(),
            }
        )
        if identifiers is not None:
            self.with_context(active_test=False).terminal_ids._mark_allowed(identifiers)
        user = self.env["res.users"].browse(told_id)
        if user.exists():
            notification = self.with_context(lang=user.lang)._connection_notification(identifiers or ())
            user._bus_send("simple_notification", notification)

    @api.model
    def _renew_tokens(self):
        """Have the tokens renewed that end soon: nobody at a terminal should wait for a login.

        Only where it isn't the account that NETS refuses: what is wrong there, a person must fix. And not all the time
        where NETS can't be reached.
        """
        self.env.cr.execute(
            SQL(
                """SELECT a.id FROM nets_account a JOIN nets_account_secret s ON s.account_id = a.id
                    WHERE a.active AND a.connection_reason IN %(reasons)s AND s.password <> ''
                      AND s.token_expires_at < extract(epoch FROM now()) + %(reserve)s
                      AND a.connection_at < now() AT TIME ZONE 'utc' - %(pause)s * interval '1 second'
                      AND EXISTS (SELECT 1 FROM nets_terminal t WHERE t.account_id = a.id AND t.active)""",
                reasons=(LOGGED_IN, Reason.SERVICE_UNREACHABLE.value, Reason.LOGIN_UNAVAILABLE.value),
                reserve=TOKEN_RESERVE,
                pause=LOGIN_PAUSE,
            )
        )
        for (account_id,) in self.env.cr.fetchall():
            listener.log_in_after_commit(self.env.cr, account_id)

    def _connection_notification(self, identifiers=()):
        """The result of a login, for a notification.

        :param identifiers: the terminals that NETS named
        """
        message = describe_setup(self.env, self.connection_reason or "", self.connection_detail)
        good = self.connection_state == "ok"
        if refused := self.terminal_ids._refused_by(identifiers):
            good, message = False, refused
        texts = [message.explanation, message.detail]
        if identifiers and good:
            named = ", ".join(identifiers[:MOST_NAMED])
            if len(identifiers) > MOST_NAMED:
                named += f" … (+{len(identifiers) - MOST_NAMED})"
            texts.append(self.env._("The account may use: %(terminals)s", terminals=named))
        return {
            "type": "success" if good else "warning" if refused else "danger",
            "title": message.label,
            "message": " ".join(filter(None, texts)),
            "sticky": not good,
        }

    @api.model
    def _missing_notification(self):
        message = describe_setup(self.env, "login_missing")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "danger", "title": message.label, "message": message.explanation},
        }

    def _base_url(self):
        return {
            "production": PRODUCTION_URL,
            "test": TEST_URL,
            # a neutralized copy has no address: nothing answers under this name, anywhere
            "simulator": self.simulator_url or "http://simulator.invalid",
        }[self.environment]

    def _client_values(self):
        """Everything a client needs, so that no cursor is held during the call.

        :return: the keyword arguments of `ConnectCloudClient`, secrets included: never log them
        """
        self.ensure_one()
        secret = self.env["nets.account.secret"].sudo()
        names = ["password", "token", "token_expires_at", "token_for"]
        secret = secret.search_fetch([("account_id", "=", self.id)], names)
        values = {
            "base_url": self._base_url(),
            "username": self.username,
            "password": secret.password or "",
            "token": None,
        }
        if secret.token and secret.token_for == _token_for(values):
            values["token"] = Token(secret.token, secret.token_expires_at)
        return values

    def _write_secret(self, vals):
        """:param dict vals: password, token and its end"""
        self.ensure_one()
        self.flush_recordset()
        self.env["nets.account.secret"].sudo()._store(self.id, vals)

    def _store_token(self, client_values, token):
        """Keep a token that a thread got. It costs another login, nothing more, where somebody changes the account at
        this moment: that isn't waited for.

        :param dict client_values: with which it was got
        :param token: connect_cloud.Token, or None where it turned out to be invalid
        """
        values = NO_TOKEN
        if token:
            values = {
                "token": token.value,
                "token_expires_at": token.expires_at,
                "token_for": _token_for(client_values),
            }
        self.env["nets.account.secret"]._store(self.id, values, wait=False)


def _token_for(client_values):
    """What a token belongs to: the service that gave it, and the user name."""
    return f"{client_values['username']} {client_values['base_url']}"
