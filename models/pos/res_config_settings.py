from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    nets_confirm_reported = fields.Boolean(related="company_id.nets_confirm_reported", readonly=False)
    nets_deposit_account_id = fields.Many2one(related="company_id.nets_deposit_account_id", readonly=False)
