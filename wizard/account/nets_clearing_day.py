from odoo import fields, models


class NetsClearingDay(models.TransientModel):
    """As the inventory at a date: the same page, for another day."""

    _name = "nets.clearing.day"
    _description = "Balance of the NETS clearing account on a day"

    day = fields.Date(required=True, default=fields.Date.context_today)

    def action_open(self):
        """The page, on the chosen day."""
        self.ensure_one()
        return self.env["nets.clearing.item"]._open_at(self.day)
