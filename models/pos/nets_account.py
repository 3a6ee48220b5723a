from odoo import fields, models


class NetsAccount(models.Model):
    _inherit = "nets.account"

    reconciliation_at_closing = fields.Boolean(
        "Reconciliation on closing a Point of Sale",
        tracking=True,
        help="Close the session of the terminals together with the session of the Point of Sale that used them.",
    )
