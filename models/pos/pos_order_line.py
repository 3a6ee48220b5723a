from odoo import api, models

from ...messages import refusal

# What makes up the amount of a line, and where it stands.
PRICE_FIELDS = {
    "product_id",
    "qty",
    "price_unit",
    "price_subtotal",
    "price_subtotal_incl",
    "discount",
    "tax_ids",
    "order_id",
    "uuid",
}


class PosOrderLine(models.Model):
    """A tip or surcharge that the terminal added stays on the order: it was charged."""

    _inherit = "pos.order.line"

    # === CRUD METHODS === #

    def write(self, vals):
        added = self._nets_added_by_terminal() if PRICE_FIELDS & vals.keys() else self.browse()
        if not added:
            return super().write(vals)
        kept = {name: value for name, value in vals.items() if name not in PRICE_FIELDS}
        result = super(PosOrderLine, added).write(kept)
        if others := self - added:
            result = super(PosOrderLine, others).write(vals)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        if added := self._nets_added_by_terminal():
            raise refusal(
                self.env, "line_with_charge", product=added[0].full_product_name, order=added[0].order_id._nets_name()
            )

    # === BUSINESS METHODS === #

    def _nets_added_by_terminal(self):
        """Those of these lines that a card was charged for besides what was asked."""
        # those of tills are random (version 4), ours are made from the transaction (version 5)
        candidates = self.filtered(lambda line: (line.uuid or "")[14:15] == "5")
        if not candidates:
            return candidates
        uuids = candidates.order_id._nets_charged()._pos_extra_line_uuids()
        return candidates.filtered(lambda line: line.uuid in uuids)
