from odoo import models
from odoo.exceptions import UserError

from ..const import POS_TERMINAL_CODE


class PosPayment(models.Model):
    """A payment line that a terminal charges: what it says is the transaction's to decide, not the till's."""

    _inherit = "pos.payment"

    # === BUSINESS METHODS === #

    def _nets_transaction(self):
        """What runs on this line, or charged it; with all rights, perhaps empty."""
        self.ensure_one()
        transactions = self.env["nets.transaction"]
        return transactions._pos_of_lines([self.uuid]).get(self.uuid, transactions)

    def _nets_check_terminal_method(self):
        if self.payment_method_id.use_payment_terminal != POS_TERMINAL_CODE:
            raise UserError(
                self.env._(
                    "%(method)s isn't a payment method for NETS terminals. Choose one that is.",
                    method=self.payment_method_id.name,
                )
            )
