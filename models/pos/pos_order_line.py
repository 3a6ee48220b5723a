from odoo import api, models

from ...messages import refusal

# What makes up the amount of a line, and where it is.
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
    """What a card pays stays on its order (`pos.order._nets_guarded`), and so does a tip or surcharge that the terminal
    added: it was charged."""

    _inherit = "pos.order.line"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        orders = self.env["pos.order"].browse({vals["order_id"] for vals in vals_list if vals.get("order_id")})
        with orders._nets_guarded(lock=True):
            return super().create(vals_list)

    def write(self, vals):
        if not PRICE_FIELDS & vals.keys():
            return super().write(vals)
        kept = {name: value for name, value in vals.items() if name not in PRICE_FIELDS}
        added = self._nets_added_by_terminal()
        orders = self.order_id | self.env["pos.order"].browse(vals.get("order_id"))
        with orders._nets_guarded(lock=True):
            result = super(PosOrderLine, added).write(kept)
            if others := self - added:
                result = super(PosOrderLine, others).write(vals)
            return result

    def unlink(self):
        with self.order_id._nets_guarded(lock=True):
            return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        # what the terminal reversed stands for nothing any more, and goes with its order
        if added := self._nets_added_by_terminal():
            raise refusal(
                self.env, "line_with_charge", product=added[0].full_product_name, order=added[0].order_id._nets_name()
            )

    # === BUSINESS METHODS === #

    def _nets_added_by_terminal(self):
        """Those of these lines that a card was charged for besides what was asked."""
        if not self.ids:
            return self
        return self & self.order_id._nets_charged()._pos_extra_lines().with_env(self.env)
