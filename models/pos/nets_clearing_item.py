from odoo import api, models
from odoo.tools import SQL


class NetsClearingItem(models.Model):
    _inherit = "nets.clearing.item"
    _depends = {"nets.transaction": ["pos_closing_payment_id", "pos_session_id"], "pos.session": ["state"]}

    @api.model
    def _booked_with_condition(self):
        return SQL("(%s OR t.pos_closing_payment_id = item.payment_id)", super()._booked_with_condition())

    @api.model
    def _unbooked_condition(self):
        """What a till took is booked when its session closes."""
        return SQL(
            """(%s OR (t.payment_id IS NULL AND EXISTS (
                    SELECT 1 FROM pos_session s WHERE s.id = t.pos_session_id AND s.state <> 'closed')))""",
            super()._unbooked_condition(),
        )
