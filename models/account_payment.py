from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import PAYMENT_METHOD_CODE


class AccountPayment(models.Model):
    """A payment that a terminal took stays in the books as it was charged.

    Its date, memo or partner may be corrected; the amount, and that it exists, may not: the card was charged.
    """

    _inherit = "account.payment"

    nets_transaction_ids = fields.One2many(
        "nets.transaction", "payment_id", "Card transactions", readonly=True, groups="nets_connect_cloud.group_user"
    )

    # === CRUD METHODS === #

    def write(self, vals):
        for payment in self._nets_charged():
            if (
                ("amount" in vals and payment.currency_id.compare_amounts(vals["amount"], payment.amount) != 0)
                or ("currency_id" in vals and vals["currency_id"] != payment.currency_id.id)
                or ("payment_type" in vals and vals["payment_type"] != payment.payment_type)
                or vals.get("state") in ("canceled", "rejected")
            ):
                payment._nets_refuse_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        for payment in self._nets_charged():
            payment._nets_refuse_change()

    # === ACTION METHODS === #

    def action_post(self):
        for payment in self - self._nets_charged():
            if payment.payment_method_code == PAYMENT_METHOD_CODE:
                raise UserError(
                    self.env._(
                        "A payment by card terminal is made on the terminal: open the invoice and press “Pay by card”. "
                        "To record one that was taken in another way, choose another payment method."
                    )
                )
        return super().action_post()

    def action_cancel(self):
        for payment in self._nets_charged():
            payment._nets_refuse_change()
        return super().action_cancel()

    def action_reject(self):
        for payment in self._nets_charged():
            payment._nets_refuse_change()
        return super().action_reject()

    # === BUSINESS METHODS === #

    def _nets_charged(self):
        """The payments among these that stand for a charge on a terminal."""
        return self.filtered(lambda payment: payment.sudo().nets_transaction_ids)

    def _nets_refuse_change(self):
        raise UserError(
            self.env._(
                "%(payment)s was charged on a card terminal, so it can't be cancelled, deleted, or change its amount: "
                "the books would no longer say what was charged.",
                payment=self.display_name,
            )
        )
