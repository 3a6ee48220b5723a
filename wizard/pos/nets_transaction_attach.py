from odoo import fields, models


class NetsTransactionAttach(models.TransientModel):
    """A card was charged, but its order was thrown away: the charge is put on another one."""

    _name = "nets.transaction.attach"
    _description = "Attach a card transaction to an order"

    transaction_id = fields.Many2one("nets.transaction", required=True, readonly=True)
    company_id = fields.Many2one(related="transaction_id.company_id")
    pos_order_id = fields.Many2one(
        "pos.order",
        "Order",
        required=True,
        domain="[('state', '=', 'draft'), ('company_id', '=', company_id), ('session_id.state', '=', 'opened')]",
    )

    def action_attach(self):
        """Take the charge off its own payment, and put it on the order.

        :raise UserError: where that can't be, with the cause
        """
        self.ensure_one()
        self.transaction_id._pos_check_manager()
        self.transaction_id.check_access("read")
        self.pos_order_id.check_access("write")
        self.transaction_id.sudo().with_company(self.company_id)._pos_attach(self.pos_order_id.sudo())
        return {"type": "ir.actions.act_window_close"}
