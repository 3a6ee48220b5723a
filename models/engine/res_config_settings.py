from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...const import FIRST_LOOKUP, KEEP_ANSWERS, KEEP_RECEIPTS, LONGEST_PAUSE, PERSON_AFTER
from ...messages import refusal
from .nets_account import ENVIRONMENTS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    nets_responsible_ids = fields.Many2many(related="company_id.nets_responsible_ids", readonly=False)
    nets_first_lookup = fields.Integer(
        "First lookup after (seconds)",
        config_parameter="nets_connect_cloud.first_lookup",
        default=FIRST_LOOKUP,
        help="A lost result is available a few seconds later at the earliest. The pauses between lookups double "
        "from this.",
    )
    nets_longest_pause = fields.Integer(
        "Longest pause between lookups (seconds)",
        config_parameter="nets_connect_cloud.longest_pause",
        default=LONGEST_PAUSE,
    )
    nets_person_after = fields.Integer(
        "Call a person after (minutes)",
        config_parameter="nets_connect_cloud.person_after",
        default=PERSON_AFTER,
        help="What is unknown, or charged and not booked, for longer becomes an activity.",
    )
    nets_keep_answers = fields.Integer(
        "Raw answers (days)",
        config_parameter="nets_connect_cloud.keep_answers",
        default=KEEP_ANSWERS,
        help="NETS' answers as they came are removed after this. A cardholder may dispute a charge for up to 540 days.",
    )
    nets_keep_receipts = fields.Integer(
        "Receipts and card details (years)",
        config_parameter="nets_connect_cloud.keep_receipts",
        default=KEEP_RECEIPTS,
        help="Receipts, card numbers and the details of the chip are removed this many years after the end of the "
        "year. Amounts, dates, brand and authorisation stay.",
    )
    nets_monitoring_token = fields.Char(
        "Monitoring token",
        config_parameter="nets_connect_cloud.monitoring_token",
        help="Anyone who sends this as a bearer token may read /nets_connect_cloud/monitoring. Empty: switched off.",
    )
    nets_account_id = fields.Many2one("nets.account", compute="_compute_nets_account_id")
    nets_account_note = fields.Char(compute="_compute_nets_account_id")
    nets_terminal_ids = fields.Many2many("nets.terminal", compute="_compute_nets_terminal_ids")
    nets_environment = fields.Selection(ENVIRONMENTS, "NETS environment", default="test")
    nets_simulator_url = fields.Char("NETS simulator address")
    nets_username = fields.Char("NETS user name")
    # Not stored here, not even for a moment: it goes straight to where nobody can read it.
    nets_password = fields.Char(
        "NETS password", compute="_compute_nets_password", inverse="_inverse_nets_password", copy=False
    )
    nets_password_is_set = fields.Boolean(related="nets_account_id.password_is_set")
    nets_connection_state = fields.Selection(related="nets_account_id.connection_state")
    nets_connection_label = fields.Char(related="nets_account_id.connection_label")
    nets_connection_explanation = fields.Char(related="nets_account_id.connection_explanation")
    nets_connection_detail = fields.Char(related="nets_account_id.connection_detail")
    nets_setup_step = fields.Selection(related="nets_account_id.setup_step")

    # === CONSTRAINT METHODS === #

    @api.constrains(
        "nets_first_lookup",
        "nets_longest_pause",
        "nets_person_after",
        "nets_monitoring_token",
        "nets_keep_answers",
        "nets_keep_receipts",
    )
    def _check_nets_times(self):
        for settings in self:
            if not 5 <= settings.nets_first_lookup <= settings.nets_longest_pause <= 3600:
                raise refusal(self.env, "settings_lookup", error=ValidationError)
            if settings.nets_person_after < 1:
                raise refusal(self.env, "settings_person", error=ValidationError)
            if not (1 <= settings.nets_keep_answers <= 36500 and 1 <= settings.nets_keep_receipts <= 100):
                raise refusal(self.env, "settings_retention", error=ValidationError)
            if settings.nets_monitoring_token and len(settings.nets_monitoring_token) < 16:
                raise refusal(self.env, "settings_token", error=ValidationError)

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_nets_account_id(self):
        for settings in self:
            accounts = settings._nets_accounts()
            settings.nets_account_id = accounts[:1]
            settings.nets_account_note = settings._nets_account_note(accounts)

    @api.depends("company_id")
    def _compute_nets_terminal_ids(self):
        for settings in self:
            terminals = self.env["nets.terminal"]
            settings.nets_terminal_ids = terminals.search(terminals._company_domain(settings.company_id))

    def _compute_nets_password(self):
        self.nets_password = False

    def _inverse_nets_password(self):
        for settings in self.filtered("nets_password"):
            settings._nets_save_account({"password": settings.nets_password})
        self.invalidate_recordset(["nets_password"])

    # === CRUD METHODS === #

    @api.model
    def get_values(self):
        account = self._nets_accounts()[:1]
        return super().get_values() | {
            "nets_environment": account.environment or "test",
            "nets_simulator_url": account.simulator_url or "http://127.0.0.1:8910",
            "nets_username": account.username,
        }

    def set_values(self):
        result = super().set_values()
        self._nets_save_account({})
        return result

    # === ACTION METHODS === #

    def action_nets_test_connection(self):
        """Save the account as it is entered, log in, and say how it went."""
        self.ensure_one()
        account = self._nets_save_account({}) or self.nets_account_id
        if not account:
            return self.env["nets.account"]._missing_notification()
        return account.action_test_connection()

    def action_nets_fetch_terminals(self):
        """Save the account as it is entered, and show what it may use."""
        self.ensure_one()
        account = self._nets_save_account({}) or self.nets_account_id
        if not account:
            return self.env["nets.account"]._missing_notification()
        return account.action_fetch_terminals()

    # === BUSINESS METHODS === #

    def _nets_accounts(self):
        """:return: those of the company that log in; agents' terminals need none"""
        company = self.company_id or self.env.company
        return self.env["nets.account"].search([("company_id", "=", company.id)], order="id")._logs_in()

    def _nets_account_note(self, accounts):
        """What isn't seen of the one account that the page shows: that there are others, or a parent company's."""
        if len(accounts) > 1:
            return self.env._("This company has %(count)s accounts. This is the first one.", count=len(accounts))
        parents = self.company_id.sudo().parent_ids - self.company_id
        inherited = self.env["nets.account"].sudo().search([("company_id", "in", parents.ids)])._logs_in()[:1]
        if accounts or not inherited:
            return ""
        return self.env._(
            "This branch takes cards on the terminals of %(company)s. Enter an account here only where the branch has "
            "its own.",
            company=inherited.company_id.name,
        )

    def _nets_save_account(self, secret):
        """Write what changed to the company's account, which logs in once it is saved, and says how that ended; make it
        where there is none.

        :param dict secret: the password, where a new one was entered
        :return: nets.account, empty where none is wanted
        """
        self.ensure_one()
        values = {
            "environment": self.nets_environment,
            "username": self.nets_username,
            "simulator_url": self.nets_simulator_url,
        }
        account = self._nets_accounts()[:1]
        if not account and not self.nets_username:
            return account
        if not account:
            values |= {"name": "Connect@Cloud", "company_id": self.company_id.id}
            return account.create(values | secret)
        if changed := {name: value for name, value in values.items() if value and account[name] != value} | secret:
            account.write(changed)
        return account
