from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...messages import refusal


class AccountPayment(models.Model):
    """The payments that a closing session makes of what its orders were paid.

    Odoo chooses their method by the journal and the customer, and that may be *Card*: what they stand for was
    proven, line by line, when the orders were paid.
    """

    _inherit = "account.payment"

    # a copy belongs to no session
    pos_session_id = fields.Many2one(copy=False)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._nets_check_session(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._nets_check_session(vals)
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _nets_check_session(self, vals):
        """Which session a payment belongs to proves something only as long as nobody can say so from outside: the
        closing works with all rights (rule 17)."""
        if vals.get("pos_session_id") and not self.env.su:
            raise refusal(self.env, "rights_session_payment", error=AccessError)

    def _nets_cards(self):
        cards = super()._nets_cards()
        if closings := self.filtered("pos_session_id"):
            cards |= cards.search([("pos_closing_payment_id", "in", closings.ids)])
        return cards

    def _nets_needs_charge(self):
        return super()._nets_needs_charge() and not self.pos_session_id
