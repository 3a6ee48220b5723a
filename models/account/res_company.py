from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    nets_confirm_and_pay = fields.Boolean(
        "Confirm and pay by card", default=True, help="Offer *Confirm and pay by card* on draft invoices."
    )
