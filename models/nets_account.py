from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..connect_cloud import PRODUCTION_URL, TEST_URL, ConnectCloudClient, ConnectCloudError, Token
from ..const import ANSWER_TIMEOUT, CUSTOMER_TIMEOUT, UNRESOLVED_STATES
from ..messages import describe


class NetsAccount(models.Model):
    _name = "nets.account"
    _description = "NETS Connect@Cloud account"
    _inherit = ["mail.thread"]
    _check_company_auto = True
    _order = "company_id, name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test"), ("simulator", "Simulator")],
        required=True,
        default="test",
        tracking=True,
        help="Only *Production* charges real cards.",
    )
    simulator_url = fields.Char(
        "Simulator address", default="http://127.0.0.1:8910", help="Where the simulator listens."
    )
    username = fields.Char("User name", required=True, tracking=True)
    password = fields.Char(
        compute="_compute_password",
        inverse="_inverse_password",
        copy=False,
        help="Can be set, never read. Leave it empty to keep the one that is set.",
    )
    password_is_set = fields.Boolean(compute="_compute_password_is_set")
    terminal_ids = fields.One2many("nets.terminal", "account_id", "Terminals")
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
        help="NETS has sent an order number of ours back: from then on, a result without one isn't ours.",
    )

    _timeouts_check = models.Constraint(
        "CHECK(answer_timeout > 0 AND customer_timeout >= answer_timeout)",
        "The waiting times must be positive, and a customer may take at least as long as a person waits to be told.",
    )

    # === COMPUTE METHODS === #

    def _compute_password(self):
        self.password = False

    def _inverse_password(self):
        for account in self.filtered("password"):
            account._write_secret({"password": account.password, "token": False, "token_expires_at": 0})
        self.invalidate_recordset(["password"])

    def _compute_password_is_set(self):
        secrets = self.env["nets.account.secret"].sudo().search([("account_id", "in", self.ids)])
        accounts_with_password = secrets.filtered("password").account_id
        for account in self:
            account.password_is_set = account in accounts_with_password

    # === CONSTRAINT METHODS === #

    @api.constrains("environment", "simulator_url")
    def _check_simulator_url(self):
        for account in self.filtered(lambda account: account.environment == "simulator"):
            url = urlsplit(account.simulator_url or "")
            if url.scheme not in ("http", "https") or not url.hostname or url.username:
                raise ValidationError(
                    self.env._("The simulator's address must be like http://127.0.0.1:8910, without a user name.")
                )

    # === CRUD METHODS === #

    def write(self, vals):
        if {"environment", "username", "company_id", "simulator_url"} & vals.keys():
            self._check_no_unresolved_transaction()
        result = super().write(vals)
        if {"environment", "username", "simulator_url"} & vals.keys():
            # a token belongs to the user name and the service it was given by
            for account in self:
                account._write_secret({"token": False, "token_expires_at": 0})
            self.mirrors_order_id = False
        return result

    def _check_no_unresolved_transaction(self):
        if (
            self.env["nets.transaction"]
            .sudo()
            .search_count([("terminal_id.account_id", "in", self.ids), ("state", "in", UNRESOLVED_STATES)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "A transaction of this account is not finished yet. Its result would be asked for in the wrong "
                    "place. Wait until it is finished, or settle it, and change the account then."
                )
            )

    # === ACTION METHODS === #

    def action_test_connection(self):
        """Log in now, and say in plain words what came of it.

        :return: a notification action
        :raise UserError: when the login failed, with what to do
        """
        self.ensure_one()
        self.check_access("write")
        client = ConnectCloudClient(**self.sudo()._client_values())
        try:
            terminals = client.login()
        except ConnectCloudError as error:
            raise UserError(describe(self.env, error.reason, error.message).as_text()) from error
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Logged in. The account may use %(count)s terminals: %(terminals)s",
                    count=len(terminals),
                    terminals=", ".join(terminals),
                ),
            },
        }

    # === BUSINESS METHODS === #

    def _base_url(self):
        return {
            "production": PRODUCTION_URL,
            "test": TEST_URL,
            # a neutralized copy has no address: nothing answers under this name, anywhere
            "simulator": self.simulator_url or "http://simulator.invalid",
        }[self.environment]

    def _client_values(self):
        """Everything a client needs, so that no cursor is held while it talks.

        :return: the keyword arguments of `ConnectCloudClient`, secrets included: never log them
        """
        self.ensure_one()
        secret = self.env["nets.account.secret"].sudo().search([("account_id", "=", self.id)])
        return {
            "base_url": self._base_url(),
            "username": self.username,
            "password": secret.password or "",
            "token": Token(secret.token, secret.token_expires_at) if secret.token else None,
        }

    def _write_secret(self, vals):
        self.ensure_one()
        secrets = self.env["nets.account.secret"].sudo()
        secret = secrets.search([("account_id", "=", self.id)])
        if secret:
            secret.write(vals)
        else:
            secrets.create({"account_id": self.id, **vals})
