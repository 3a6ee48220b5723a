from odoo import api, fields, models


class NetsTerminal(models.Model):
    """Terminals as the till knows them: what a cashier chooses from, and nothing that is secret or that changes."""

    _name = "nets.terminal"
    _inherit = ["nets.terminal", "pos.load.mixin"]

    # === LOADING THE TILL === #

    @api.model
    def _load_pos_data_domain(self, data, config):
        return [("id", "in", config.payment_method_ids._nets_terminals(config).ids)]

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
