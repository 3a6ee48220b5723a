"""Whether what a terminal charged has been paid out."""

from odoo import api, fields, models
from odoo.fields import Domain


class NetsTransaction(models.Model):
    _inherit = "nets.transaction"

    payout_id = fields.Many2one(
        "nets.payout",
        "Paid out with",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="nets_connect_cloud.group_manager,nets_connect_cloud.group_auditor",
    )
    payout_is_late = fields.Boolean(
        "Charged, not paid out",
        compute="_compute_payout_is_late",
        search="_search_payout_is_late",
        exportable=False,
        groups="nets_connect_cloud.group_manager,nets_connect_cloud.group_auditor",
    )

    @api.model
    def _paid_out_domain(self):
        """What NETS pays out, or takes off a payout: not what the terminal took back as a whole, as if it had never
        been charged."""
        taken_back = Domain("refund_ids", "any", [("kind", "=", "reversal"), ("state", "=", "approved")])
        return (
            Domain("state", "=", "approved")
            & Domain("kind", "in", ("purchase", "refund"))
            & Domain("origin", "!=", "none")
            & ~taken_back
        )

    def _compute_payout_is_late(self):
        late = self.filtered_domain(self._search_payout_is_late("in", [True]))
        for transaction in self:
            transaction.payout_is_late = transaction in late

    @api.model
    def _search_payout_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        late = Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("charge_date", "<", fields.Date.subtract(today, days=company.nets_payout_days))
            for company in self.env.companies.sudo()
        )
        domain = self._paid_out_domain() & Domain("payout_id", "=", False) & late
        # by their ids: who looks here doesn't read the NETS accounts
        terminals = self.env["nets.terminal"].sudo().with_context(active_test=False)
        cleared = terminals.search([("account_id.clearing_account_id", "!=", False)])
        domain &= Domain("terminal_id", "in", cleared.ids)
        return domain if True in value else ~domain

    def _money_items(self):
        """:return: account.move.line, where the money of these stands until NETS pays it out; empty where none of it is
        in the books yet"""
        items = self.env["account.move.line"]
        for transaction in self:
            items |= transaction._origin_model()._money_items(transaction)
        return items.filtered(lambda item: item.account_id.reconcile)
