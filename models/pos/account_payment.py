from odoo import models


class AccountPayment(models.Model):
    """The payments that a closing session makes of what its orders were paid.

    Odoo chooses their method by the journal and the customer, and that may be *Card terminal*: what they stand for was
    proven, line by line, when the orders were paid.
    """

    _inherit = "account.payment"

    # === BUSINESS METHODS === #

    def _nets_needs_charge(self):
        # the closing works with all rights, which nobody has from outside
        is_of_closing = self.env.su and self.pos_session_id and self.pos_payment_method_id
        return super()._nets_needs_charge() and not is_of_closing
