from odoo import api, models

from ...messages import refusal
from .const import PAYMENT_METHOD_CODE
from .frozen import changed


class AccountPaymentMethod(models.Model):
    """*Card terminal* stays what it is: payments are by card because of it."""

    _inherit = "account.payment.method"

    @api.model
    def _get_payment_method_information(self):
        # "unique" would allow one journal of a company only; the method itself is linked to the journals in
        # `account.journal`, so that journals created later get it too.
        information = super()._get_payment_method_information()
        information[PAYMENT_METHOD_CODE] = {"mode": "multi", "type": ("bank",)}
        return information

    def write(self, vals):
        if {"code", "payment_type"} & vals.keys():
            for method in self:
                if PAYMENT_METHOD_CODE in (method.code, vals.get("code")) and changed(
                    method, vals, {"code", "payment_type"}
                ):
                    raise refusal(self.env, "method_stays")
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_card_terminal(self):
        if any(method.code == PAYMENT_METHOD_CODE for method in self):
            raise refusal(self.env, "method_stays")

    def _auto_link_payment_methods(self, payment_methods, methods_info):
        # Core would link both methods to every bank journal on installation, in every company and without asking
        # whether it is there already. `_nets_add_payment_method_lines` does it, once.
        others = payment_methods.filtered(lambda method: method.code != PAYMENT_METHOD_CODE)
        super()._auto_link_payment_methods(others, methods_info)
        return payment_methods
