from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    nets_confirm_and_pay = fields.Boolean(related="company_id.nets_confirm_and_pay", readonly=False)
