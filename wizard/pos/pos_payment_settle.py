from odoo import api, fields, models

from ...messages import refusal


class PosPaymentSettle(models.TransientModel):
    """A card payment of a paid order that no terminal charged: where did the money come from?"""

    _name = "nets.pos.payment.settle"
    _description = "Settle a card payment without a charge"

    payment_id = fields.Many2one("pos.payment", required=True, readonly=True)
    pos_order_id = fields.Many2one(related="payment_id.pos_order_id")
    amount = fields.Monetary(related="payment_id.amount")
    currency_id = fields.Many2one(related="payment_id.currency_id")
    way = fields.Selection(
        [
            ("attach", "A charge that is listed without an order is for it"),
            ("by_hand", "The card was taken on the terminal by hand"),
        ],
        "What happened",
        compute="_compute_way",
        store=True,
        readonly=False,
    )
    candidate_ids = fields.Many2many("nets.transaction", compute="_compute_candidate_ids")
    transaction_id = fields.Many2one("nets.transaction", "Charge", domain="[('id', 'in', candidate_ids)]")
    allowed_terminal_ids = fields.Many2many("nets.terminal", compute="_compute_allowed_terminal_ids")
    terminal_id = fields.Many2one("nets.terminal", domain="[('id', 'in', allowed_terminal_ids)]")
    reference = fields.Char(help="STAN or authorisation code from the terminal's receipt or journal.")
    reason = fields.Char("Why by hand")

    # === COMPUTE METHODS === #

    @api.depends("payment_id")
    def _compute_candidate_ids(self):
        for wizard in self:
            payment = wizard.payment_id
            wizard.candidate_ids = self.env["nets.transaction"].search(
                [
                    ("without_order", "=", True),
                    ("state", "=", "approved"),
                    ("kind", "=", "purchase"),
                    ("to_book", "=", False),
                    ("company_id", "=", payment.company_id.id),
                    ("currency_id", "=", payment.currency_id.id),
                    ("charged_amount", "=", payment.amount),
                ]
            )

    @api.depends("payment_id")
    def _compute_allowed_terminal_ids(self):
        for wizard in self:
            payment = wizard.payment_id
            wizard.allowed_terminal_ids = payment.payment_method_id._nets_terminals(payment.pos_order_id.config_id)

    @api.depends("candidate_ids")
    def _compute_way(self):
        for wizard in self:
            wizard.way = "attach" if wizard.candidate_ids else "by_hand"

    # === ACTION METHODS === #

    def action_settle(self):
        """Put a card transaction beside the payment. The payment itself stays as it is.

        :raise UserError: where that can't be, with the cause
        """
        self.ensure_one()
        self.env["nets.transaction"]._pos_check_manager()
        self.payment_id.check_access("write")
        payment = self.payment_id.sudo()
        transactions = self.env["nets.transaction"].sudo().with_company(payment.company_id)
        if self.way == "attach":
            if not self.transaction_id:
                raise refusal(self.env, "charge_to_attach")
            self.transaction_id.check_access("read")
            transactions.browse(self.transaction_id.id)._pos_attach_to_payment(payment)
        else:
            reference, reason = (self.reference or "").strip(), (self.reason or "").strip()
            if not self.terminal_id or not reference or not reason:
                raise refusal(self.env, "by_hand_terminal")
            transactions._pos_record_payment_by_hand(payment, self.terminal_id, reference, reason)
        return {"type": "ir.actions.client", "tag": "reload"}
