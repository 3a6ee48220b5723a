from odoo import api, fields, models


class NetsTerminal(models.Model):
    """Terminals as invoices know them: which ones are offered, which one is proposed, and where they book."""

    _inherit = "nets.terminal"

    for_invoices = fields.Boolean("Offered on invoices", default=True)
    journal_id = fields.Many2one(
        "account.journal",
        "Bank journal",
        check_company=True,
        domain="[('type', '=', 'bank')]",
        help="Where payments by *Pay by card* are booked. Empty: the first bank journal that offers *Card*.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        terminals = super().create(vals_list)
        terminals.company_id._nets_propose_extra_accounts()
        # a new one books where those of its account do
        for terminal in terminals.sudo().filtered(lambda terminal: not terminal.journal_id):
            terminal.journal_id = terminal.account_id.clearing_journal_id
        return terminals

    # === BUSINESS METHODS === #

    @api.model
    def _usable_domain(self, company, currency=None):
        """Terminals that a payment of `company` may use.

        A branch may use the terminals of its parents.
        """
        domain = self._company_domain(company) & fields.Domain("for_invoices", "=", True)
        return domain & fields.Domain("currency_id", "=", currency.id) if currency else domain

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
