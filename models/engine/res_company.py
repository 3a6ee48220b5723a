from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    nets_responsible_ids = fields.Many2many(
        "res.users",
        "nets_responsible_rel",
        string="Who is told when a result stays unknown",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Who gets an activity for a card transaction whose result stays unknown, or whose charge can't be booked. "
        "Empty: the accountants who manage card payments.",
    )

    def _nets_called_users(self):
        """The people called for card transactions of this company that don't resolve automatically."""
        self.ensure_one()
        managers = self.env.ref("nets_connect_cloud.group_manager").all_user_ids
        return self.nets_responsible_ids or managers.filtered(lambda user: self in user.company_ids)
