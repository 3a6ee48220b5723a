from odoo import api, fields, models


class NetsTransactionSettle(models.TransientModel):
    """What a manager read in the terminal's journal about a transaction whose result stayed unknown."""

    _name = "nets.transaction.settle"
    _description = "Settle a card transaction by hand"

    transaction_id = fields.Many2one("nets.transaction", required=True, readonly=True)
    # what to look for in the journal
    terminal_label = fields.Char(related="transaction_id.terminal_label")
    sent_at = fields.Datetime(related="transaction_id.sent_at")
    currency_id = fields.Many2one(related="transaction_id.currency_id")
    outcome = fields.Selection(
        [("charged", "The card was charged, or refunded"), ("not_charged", "Nothing was charged, or refunded")],
        "The terminal's journal says",
        required=True,
    )
    amount = fields.Monetary(
        compute="_compute_amount", store=True, readonly=False, help="As printed in the terminal's journal."
    )
    reference = fields.Char(help="STAN or authorisation code from the terminal's journal.")
    reason = fields.Char("Why by hand", required=True)

    @api.depends("transaction_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = abs(wizard.transaction_id.amount)

    def action_settle(self):
        """Settle, and book a charge.

        :raise UserError: where that isn't so, or the terminal wasn't asked first
        """
        self.ensure_one()
        self.transaction_id._settle_by_hand(
            charged=self.outcome == "charged", reason=self.reason, amount=self.amount, reference=self.reference
        )
        return {"type": "ir.actions.act_window_close"}
