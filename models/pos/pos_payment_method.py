from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError

from ...messages import refusal
from .const import POS_TERMINAL_CODE


class PosPaymentMethod(models.Model):
    """A method of the Point of Sale whose payments are taken on NETS terminals.

    Cashiers read it, and the till keeps it for the whole session: nothing secret, and no state, is here.
    """

    _name = "pos.payment.method"
    _inherit = ["pos.payment.method", "nets.server.fields"]

    nets_terminal_ids = fields.Many2many(
        "nets.terminal",
        string="NETS terminals",
        help="Where payments by this method may be taken. Empty: on every terminal of the company that charges in the "
        "currency of the Point of Sale.",
    )
    nets_default_terminal_id = fields.Many2one(
        "nets.terminal",
        "Default terminal",
        help="Proposed on a device that has not taken a card yet. After that, each device remembers its own.",
    )

    nets_since = fields.Datetime(
        "Cards on NETS terminals since",
        compute="_compute_nets_since",
        store=True,
        help="What was paid earlier needed no terminal.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("use_payment_terminal", "journal_id", "company_id", "nets_terminal_ids", "nets_default_terminal_id")
    def _check_nets_terminals(self):
        for method in self.filtered(lambda method: method._nets_is_terminal()):
            if method.journal_id.type != "bank":
                raise refusal(self.env, "method_without_bank", error=ValidationError, method=method.name)
            terminals = method.sudo().nets_terminal_ids
            default = method.sudo().nets_default_terminal_id
            if default and terminals and default not in terminals:
                raise refusal(
                    self.env,
                    "method_default_terminal",
                    error=ValidationError,
                    terminal=default.display_name,
                    method=method.name,
                )
            for terminal in terminals | default:
                if terminal.company_id not in method.company_id.sudo().parent_ids:
                    raise refusal(
                        self.env,
                        "method_company",
                        error=ValidationError,
                        terminal=terminal.display_name,
                        method=method.name,
                        company=method.company_id.display_name,
                    )
                currency = method.journal_id.currency_id or method.company_id.currency_id
                if terminal.currency_id != currency:
                    raise refusal(
                        self.env,
                        "method_currency",
                        error=ValidationError,
                        terminal=terminal.display_name,
                        terminal_currency=terminal.currency_id.name,
                        method=method.name,
                        currency=currency.name,
                    )

    # === COMPUTE METHODS === #

    @api.depends("use_payment_terminal")
    def _compute_nets_since(self):
        for method in self:
            method.nets_since = method._nets_is_terminal() and (method.nets_since or fields.Datetime.now())

    def _get_payment_terminal_selection(self):
        return [*super()._get_payment_terminal_selection(), (POS_TERMINAL_CODE, "NETS")]

    @api.onchange("use_payment_terminal")
    def _onchange_use_payment_terminal(self):
        if self.use_payment_terminal != POS_TERMINAL_CODE:
            self.nets_terminal_ids = False
            self.nets_default_terminal_id = False
        return super()._onchange_use_payment_terminal()

    # === CRUD METHODS === #

    def _is_write_forbidden(self, fields):
        # A broken device is replaced in the middle of the day. The server reads the terminals again for each card.
        return super()._is_write_forbidden(fields - {"nets_terminal_ids", "nets_default_terminal_id"})

    # === LOADING THE TILL === #

    @api.model
    def _load_pos_data_fields(self, config):
        return [*super()._load_pos_data_fields(config), "nets_terminal_ids", "nets_default_terminal_id"]

    # === LOADING A KIOSK: `pos_self_order` CALLS THESE === #

    @api.model
    def _load_pos_self_data_search_read(self, data, config):
        """Offer cards beside what other modules take at a kiosk. Their domain isn't extended: that module's own class
        comes before this one, and asks nobody."""
        loaded = super()._load_pos_self_data_search_read(data, config)
        if config.self_ordering_mode == "kiosk":
            known = {values["id"] for values in loaded}
            cards = config.payment_method_ids.filtered(
                lambda method: method._nets_is_terminal() and method.id not in known
            )
            loaded += self._load_pos_self_data_read(cards, config)
        return loaded

    @api.model
    def _load_pos_self_data_fields(self, config):
        """Visitors aren't told of terminals."""
        fields = super()._load_pos_self_data_fields(config)
        return [name for name in fields if not name.startswith("nets_")]

    # === BUSINESS METHODS === #

    def _nets_is_terminal(self):
        """Whether cards are taken on NETS terminals by one of these methods."""
        return POS_TERMINAL_CODE in self.mapped("use_payment_terminal")

    def _nets_terminals(self, config):
        """The terminals that payments by these methods may be taken on, in one Point of Sale.

        :param config: pos.config
        :return: nets.terminal
        """
        methods = self.filtered(lambda method: method._nets_is_terminal())
        terminals = self.env["nets.terminal"]
        if not methods:
            return terminals
        usable = terminals.search(terminals._pos_domain(config.company_id, config.currency_id))
        for method in methods:
            terminals |= (usable & method.nets_terminal_ids) if method.nets_terminal_ids else usable
        return usable & terminals

    def _nets_kiosk_terminal(self, config):
        """The terminal beside a kiosk: the default one of this method, or the only one. A kiosk's page drives no agent.

        :return: nets.terminal, empty where it isn't said
        """
        terminals = self._nets_terminals(config).filtered(lambda terminal: terminal.type == "connect_cloud")
        default = terminals & self.nets_default_terminal_id
        return default or (terminals if len(terminals) == 1 else terminals.browse())

    def _nets_replace_terminal(self, old, new):
        """Offer another device in a terminal's place."""
        offered = [("nets_terminal_ids", "in", old.ids)]
        for method in self.sudo().search(["|", ("nets_default_terminal_id", "in", old.ids), *offered]):
            values = {}
            if old in method.with_context(active_test=False).nets_terminal_ids:
                values["nets_terminal_ids"] = [Command.link(new.id), Command.unlink(old.id)]
            if method.nets_default_terminal_id == old:
                values["nets_default_terminal_id"] = new.id
            method.write(values)
