from odoo import api, models

from .const import PAYMENT_METHOD_CODE


class AccountPaymentMethod(models.Model):
    _inherit = "account.payment.method"

    @api.model
    def _get_payment_method_information(self):
        # "unique" would allow one journal of a company only; the method itself is linked to the journals in
        # `account.journal`, so that journals created later get it too.
        information = super()._get_payment_method_information()
        information[PAYMENT_METHOD_CODE] = {"mode": "multi", "type": ("bank",)}
        return information

    def _auto_link_payment_methods(self, payment_methods, methods_info):
        # Core would link both methods to every bank journal on installation, in every company and without asking
        # whether it is there already. `_nets_add_payment_method_lines` does it, once.
        others = payment_methods.filtered(lambda method: method.code != PAYMENT_METHOD_CODE)
        super()._auto_link_payment_methods(others, methods_info)
        return payment_methods
