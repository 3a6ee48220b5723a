from odoo import api, fields, models
from odoo.fields import Domain


class AccountAccount(models.Model):
    """Which accounts are clearing accounts: who isn't an administrator doesn't read the NETS accounts."""

    _inherit = "account.account"

    nets_is_clearing = fields.Boolean(
        compute="_compute_nets_is_clearing", search="_search_nets_is_clearing", exportable=False
    )
    nets_payout_in_cents = fields.Boolean(
        "Settlement files without decimals", help="Amounts in NETS' files are cents or øre."
    )

    def _compute_nets_is_clearing(self):
        clearing = self.env["nets.account"].sudo().search([("clearing_account_id", "in", self.ids)]).clearing_account_id
        for account in self:
            account.nets_is_clearing = account in clearing

    @api.model
    def _search_nets_is_clearing(self, operator, value):
        if operator != "in":
            return NotImplemented
        clearing = self.env["nets.account"].sudo().search([("clearing_account_id", "!=", False)]).clearing_account_id
        domain = Domain("id", "in", clearing.ids)
        return domain if True in value else ~domain

    @api.model
    def _nets_clearing_accounts(self, company):
        """:return: the clearing accounts that a company uses, with the user's rights"""
        accounts = self.env["nets.account"].sudo().search([("company_id", "parent_of", company.id)])
        return accounts.clearing_account_id.sudo(False)
