from odoo import models

from ...messages import refusal


class PosMakePayment(models.TransientModel):
    """The back office's own payment of an order knows no terminal: it can't record a card payment."""

    _inherit = "pos.make.payment"

    def check(self):
        if self.payment_method_id._nets_is_terminal():
            raise refusal(self.env, "method_in_back_office", method=self.payment_method_id.name)
        return super().check()
