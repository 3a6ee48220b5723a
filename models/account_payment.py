from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    nets_transaction_ids = fields.One2many(
        "nets.transaction", "payment_id", "Card transactions", readonly=True, groups="nets_connect_cloud.group_user"
    )
