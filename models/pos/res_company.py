from odoo import api, fields, models


class ResCompany(models.Model):
    """In the till, a tip or a surcharge is a line of the order: its product has the account and the taxes."""

    _inherit = "res.company"

    nets_confirm_reported = fields.Boolean(
        "Compare with the terminal's report",
        help="A session whose cards were charged on Baxi.Agent terminals closes only once a manager has compared the "
        "terminals' reconciliation with what their browsers reported.",
    )

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
