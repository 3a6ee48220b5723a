from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    nets_confirm_and_pay = fields.Boolean(related="company_id.nets_confirm_and_pay", readonly=False)
    nets_tip_account_id = fields.Many2one(related="company_id.nets_tip_account_id", readonly=False)
    nets_tip_tax_ids = fields.Many2many(related="company_id.nets_tip_tax_ids", readonly=False)
    nets_surcharge_account_id = fields.Many2one(related="company_id.nets_surcharge_account_id", readonly=False)
    nets_surcharge_tax_ids = fields.Many2many(related="company_id.nets_surcharge_tax_ids", readonly=False)
