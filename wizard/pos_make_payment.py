from odoo import models
from odoo.exceptions import UserError


class PosMakePayment(models.TransientModel):
    """The back office's own payment of an order knows no terminal: it can't record a card payment."""

    _inherit = "pos.make.payment"

    def check(self):
        if self.payment_method_id._nets_is_terminal():
            raise UserError(
                self.env._(
                    "%(method)s takes cards on a terminal, which is done from the till: open the order there, and pay "
                    "it by card. Or choose another payment method.",
                    method=self.payment_method_id.name,
                )
            )
        return super().check()
