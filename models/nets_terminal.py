from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..connect_cloud import ConnectCloudClient, ConnectCloudError
from ..const import UNRESOLVED_STATES
from ..messages import describe


class NetsTerminal(models.Model):
    _name = "nets.terminal"
    _description = "Card terminal"
    _check_company_auto = True
    _order = "location_id, name, id"

    name = fields.Char(required=True, help="What people call it, for example *Front desk*.")
    identifier = fields.Char(
        "Terminal ID", required=True, help="The 8 digits on the terminal's receipts and in its menu."
    )
    active = fields.Boolean(default=True)
    type = fields.Selection(
        [("connect_cloud", "Connect@Cloud"), ("baxi_agent", "Baxi.Agent")],
        required=True,
        default="connect_cloud",
    )
    account_id = fields.Many2one("nets.account", required=True, index=True, ondelete="restrict", check_company=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    environment = fields.Selection(related="account_id.environment", store=True)
    location_id = fields.Many2one("nets.location", "Site", index=True, ondelete="restrict", check_company=True)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="The currency the terminal charges in. NETS doesn't say it in its answers.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        "Bank journal",
        check_company=True,
        domain="[('type', '=', 'bank')]",
        help="Where payments by *Pay by card* are booked. Empty: the first bank journal that offers *Card terminal*.",
    )
    used_by_hand = fields.Boolean(
        "Also used by hand",
        default=True,
        help="Cards are also taken on this terminal without Odoo. Its last result is then asked for before each "
        "payment, so that an interrupted one can be told from those taken by hand. Without it, payments start a "
        "little sooner.",
    )
    state = fields.Char(readonly=True, copy=False, help="As the terminal last said it.")
    state_at = fields.Datetime("State seen on", readonly=True, copy=False)
    # The last result known to be this terminal's last one, as `_fingerprint` makes it; false: not known.
    last_result = fields.Json(readonly=True, copy=False, groups=fields.NO_ACCESS)

    # One physical terminal is one record, over all companies and archived ones too: only so can "busy" be told
    # in every company that has it.
    _identifier_unique = models.UniqueIndex(
        "(environment, identifier)",
        "This terminal ID exists already, perhaps archived or in another company. A terminal is entered only once.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("identifier")
    def _check_identifier(self):
        for terminal in self:
            if not (terminal.identifier.isascii() and terminal.identifier.isdigit() and len(terminal.identifier) == 8):
                raise ValidationError(
                    self.env._(
                        "“%(identifier)s” isn't a terminal ID. It has 8 digits and stands on the terminal's receipts.",
                        identifier=terminal.identifier,
                    )
                )

    @api.depends("name", "identifier")
    def _compute_display_name(self):
        for terminal in self:
            terminal.display_name = f"{terminal.name or ''} ({terminal.identifier or ''})"

    # === CRUD METHODS === #

    def write(self, vals):
        if {"account_id", "identifier", "currency_id", "type"} & vals.keys():
            self._check_not_in_use()
            # what was the last result elsewhere says nothing about the terminal as it is now
            vals = {**vals, "last_result": False}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.env["nets.transaction"].sudo().search_count([("terminal_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._("This terminal has transactions. Archive it instead, so that they remain readable.")
            )

    def _check_not_in_use(self):
        if (
            self.env["nets.transaction"]
            .sudo()
            .search_count([("terminal_id", "in", self.ids), ("state", "in", UNRESOLVED_STATES)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "A transaction on this terminal is not finished yet. Wait until it is finished, or settle it, and "
                    "change the terminal then."
                )
            )

    # === ACTION METHODS === #

    def action_refresh_state(self):
        """Ask NETS what the terminal is doing now.

        :raise UserError: when it can't be asked, with what to do
        """
        self.ensure_one()
        self.check_access("write")
        client = ConnectCloudClient(**self.sudo().account_id._client_values())
        try:
            state = client.terminal_state(self.identifier)
        except ConnectCloudError as error:
            raise UserError(describe(self.env, error.reason, error.message).as_text()) from error
        self.write({"state": state, "state_at": fields.Datetime.now()})

    # === BUSINESS METHODS === #

    @api.model
    def _usable_domain(self, company, currency=None):
        """Terminals that a payment of `company` may use.

        A branch may use the terminals of its parents.
        """
        # users may not see accounts, nor search through them
        accounts = self.env["nets.account"].sudo().search([("company_id", "in", company.sudo().parent_ids.ids)])
        domain = fields.Domain("account_id", "in", accounts.ids) & fields.Domain("type", "=", "connect_cloud")
        return domain & fields.Domain("currency_id", "=", currency.id) if currency else domain

    def _check_usable(self, company, currency):
        """Refuse a terminal that a payment can't use, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        terminal = self.sudo().exists()
        if len(terminal) != 1 or not terminal.active or not terminal.account_id.active:
            raise UserError(self.env._("This terminal doesn't exist any more. Choose another one."))
        if terminal.company_id not in company.sudo().parent_ids:
            raise UserError(
                self.env._(
                    "The terminal %(terminal)s doesn't belong to %(company)s. Choose one of its own terminals.",
                    terminal=terminal.name,
                    company=company.display_name,
                )
            )
        if terminal.currency_id != currency:
            raise UserError(
                self.env._(
                    "The terminal %(terminal)s charges in %(terminal_currency)s, but the amount is in %(currency)s. "
                    "Choose a terminal for %(currency)s, or another way of payment.",
                    terminal=terminal.name,
                    terminal_currency=terminal.currency_id.name,
                    currency=currency.name,
                )
            )
        if terminal.type != "connect_cloud":
            raise UserError(
                self.env._(
                    "The terminal %(terminal)s is connected through Baxi.Agent, which isn't available here. Choose a "
                    "Connect@Cloud terminal.",
                    terminal=terminal.name,
                )
            )

    def _choices(self):
        """What the dialog shows of these terminals, for a person to choose from."""
        return [
            {
                "id": terminal.id,
                "name": terminal.name,
                "location": terminal.location_id.complete_name or "",
                "environment": terminal.environment,
            }
            for terminal in self
        ]

    @api.model
    def _usual(self, company, currency):
        """The terminal that this user takes cards on: the one used last, or the only one there is.

        :return: a terminal, empty where the user has to choose
        """
        terminals = self.search(self._usable_domain(company, currency))
        last = self.env["nets.transaction"].search(
            [("user_id", "=", self.env.uid), ("terminal_id", "in", terminals.ids)], order="id desc", limit=1
        )
        return last.terminal_id or (terminals if len(terminals) == 1 else terminals.browse())

    @api.model
    def _proposed(self, company, currency):
        """The terminal to propose: the usual one, else the first.

        :return: a terminal, empty when the company has none in this currency
        """
        usual = self._usual(company, currency)
        return usual or self.search(self._usable_domain(company, currency), limit=1)
