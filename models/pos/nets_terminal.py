from odoo import api, fields, models

from .const import POS_TERMINAL_CODE


class NetsTerminal(models.Model):
    """Terminals as the till knows them: what a cashier chooses from, and nothing that is secret or that changes."""

    _name = "nets.terminal"
    _inherit = ["nets.terminal", "pos.load.mixin"]

    pos_payment_method_ids = fields.Many2many(
        "pos.payment.method",
        string="In the Point of Sale",
        compute="_compute_pos_payment_method_ids",
        groups="point_of_sale.group_pos_user",
        help="The payment methods that take cards on this terminal. It is chosen there.",
    )

    # === COMPUTE METHODS === #

    def _compute_pos_payment_method_ids(self):
        methods = self.env["pos.payment.method"].sudo().search([("use_payment_terminal", "=", POS_TERMINAL_CODE)])
        for terminal in self:
            terminal.pos_payment_method_ids = methods.filtered(
                lambda method, terminal=terminal: (
                    terminal.company_id in method.company_id.parent_ids
                    and (
                        terminal in method.nets_terminal_ids
                        if method.nets_terminal_ids
                        else terminal.currency_id == (method.journal_id.currency_id or method.company_id.currency_id)
                    )
                )
            )

    # === LOADING THE TILL === #

    @api.model
    def _load_pos_data_domain(self, data, config):
        return [("id", "in", config.payment_method_ids._nets_terminals(config).ids)]

    @api.model
    def _server_date_to_domain(self, domain):
        """All of them each time: they are few, and one that a till gets now may be older than what it has loaded."""
        return domain

    @api.model
    def _load_pos_data_fields(self, config):
        return ["id", "name", "identifier", "type", "environment", "currency_id"]

    # === BUSINESS METHODS === #

    @api.model
    def _pos_domain(self, company, currency):
        """Terminals that a till of `company` may use; unlike for invoices, each one is there for it."""
        return self._company_domain(company) & fields.Domain("currency_id", "=", currency.id)

    def _replace_by(self, terminal):
        self.env["pos.payment.method"]._nets_replace_terminal(self, terminal)
        return super()._replace_by(terminal)
