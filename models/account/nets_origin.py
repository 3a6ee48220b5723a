from odoo import api, models


class NetsOrigin(models.AbstractModel):
    _inherit = "nets.origin"

    @api.model
    def _has_own_payment(self, transaction):
        """Whether a transaction has, or will have, its own payment in the books, and is refunded from there."""
        return bool(transaction.payment_id)

    @api.model
    def _money_items(self, transaction):
        """Where the money of a transaction stands in the books.

        :return: account.move.line, perhaps none
        """
        payment = transaction.payment_id
        if payment.move_id.state != "posted":
            return self.env["account.move.line"]
        return payment._seek_for_lines()[0]
