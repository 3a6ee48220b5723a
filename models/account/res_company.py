from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    nets_confirm_and_pay = fields.Boolean(
        "Confirm and pay by card", default=True, help="Offer *Confirm and pay by card* on draft invoices."
    )

    def _nets_called_users(self):
        users = super()._nets_called_users()
        if self.nets_responsible_ids:
            return users
        return users.filtered(lambda user: user.has_group("account.group_account_invoice"))
