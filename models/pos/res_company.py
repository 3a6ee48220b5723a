from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...messages import refusal


class ResCompany(models.Model):
    """In the till, a tip or a surcharge is a line of the order: its product has the account and the taxes."""

    _inherit = "res.company"

    nets_confirm_reported = fields.Boolean(
        "Compare with the terminal's report",
        help="A session whose cards were charged on Baxi.Agent terminals closes only once a manager has compared the "
        "terminals' reconciliation with what their browsers reported.",
    )

    nets_deposit_account_id = fields.Many2one(
        "account.account",
        "Account for deposits by card",
        check_company=True,
        domain=[("account_type", "=", "liability_current")],
        help="What is charged in the till for an order of a later day stands here until that order is finished. Empty: "
        "it is the customer's credit.",
    )

    @api.constrains("nets_deposit_account_id")
    def _check_nets_deposit_account(self):
        for company in self:
            account = company.nets_deposit_account_id
            if account and account.account_type != "liability_current":
                name = account.with_company(company).display_name
                raise refusal(self.env, "deposit_account_type", error=ValidationError, account=name)

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._nets_apply_extra_accounts()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if any(name.startswith(("nets_tip_", "nets_surcharge_")) for name in vals):
            self._nets_apply_extra_accounts()
        return result

    def _nets_deposit_account(self):
        """What a company, or else its parent, keeps deposits on.

        :return: account.account; none where a deposit is the customer's credit
        """
        self.ensure_one()
        accounts = [company.nets_deposit_account_id for company in self.sudo().parent_ids[::-1]]
        return next(filter(None, accounts), self.env["account.account"].sudo())

    def _nets_propose_extra_accounts(self):
        result = super()._nets_propose_extra_accounts()
        for company in self.sudo().root_id.filtered("chart_template"):
            if not company.nets_deposit_account_id:
                company.nets_deposit_account_id = company._nets_new_deposit_account()
        return result

    def _nets_new_deposit_account(self):
        """:return: the account that sales keep down payments on, where it is a liability; else a new one"""
        known = self["downpayment_account_id"] if "downpayment_account_id" in self._fields else None
        if known and known.account_type == "liability_current":
            return known
        return self._nets_new_liability(self.env._("Deposits of customers"), reconcile=True)

    def _nets_apply_extra_accounts(self):
        """Have the products that a terminal adds to orders book what the settings say.

        The surcharge is ours alone. The tip's product is also for tips in cash: what somebody chose for it stays.
        """
        surcharge = self.env.ref("nets_connect_cloud.product_surcharge", raise_if_not_found=False)
        tip = self.env.ref("point_of_sale.product_product_tip", raise_if_not_found=False)
        for company in self.sudo():
            # a branch books like its parent, unless it says something else
            for branch in self.sudo().search([("id", "child_of", company.id)]):
                account, taxes = branch._nets_extra_account("surcharge")
                if surcharge and account:
                    product = surcharge.sudo().with_company(branch)
                    product.property_account_income_id = account
                    own = product.taxes_id.filtered_domain([("company_id", "=", company.id)])
                    product.taxes_id = product.taxes_id - own | taxes
                account, _taxes = branch._nets_extra_account("tip")
                product = tip and tip.sudo().with_company(branch)
                if account and product and not product.property_account_income_id:
                    product.property_account_income_id = account
