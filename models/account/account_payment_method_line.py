from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...messages import refusal
from .const import PAYMENT_METHOD_CODE

# What an e-invoice says of a payment, where a localisation asks for it by payment method: field → code of cards.
# Odoo's own default is a bank transfer.
E_INVOICE_CODES = {"l10n_it_payment_method": "MP08"}
DONE_PARAMETER = "nets_connect_cloud.e_invoice_codes"


class AccountPaymentMethodLine(models.Model):
    """*Card* is a card in e-invoices, too."""

    _inherit = "account.payment.method.line"

    @api.model_create_multi
    def create(self, vals_list):
        methods = self.env["account.payment.method"]
        codes = self._nets_e_invoice_codes()
        return super().create(
            [
                {**codes, **vals} if methods.browse(vals.get("payment_method_id")).code == PAYMENT_METHOD_CODE else vals
                for vals in vals_list
            ]
        )

    def write(self, vals):
        if "payment_method_id" in vals:
            method = self.env["account.payment.method"].browse(vals["payment_method_id"])
            for line in self:
                if PAYMENT_METHOD_CODE in (line.code, method.code) and line.payment_method_id != method:
                    line._nets_check_unused()
        return super().write(vals)

    def _nets_check_unused(self):
        """:raise UserError: where payments would be by card from now on, or wouldn't be any more"""
        used = Domain("payment_method_line_id", "=", self.id)
        if self.env["account.payment"].sudo().search_count(used, limit=1):
            raise refusal(self.env, "method_line_used", method=self.name)

    def _register_hook(self):
        """The localisation may be installed later: its field then has Odoo's default on the lines that are there.

        Once for each field, so that what an accountant chooses stays.
        """
        result = super()._register_hook()
        parameters = self.env["ir.config_parameter"].sudo()
        done = set((parameters.get_param(DONE_PARAMETER) or "").split(","))
        missing = {name: code for name, code in self._nets_e_invoice_codes().items() if name not in done}
        if missing:
            for name, code in missing.items():
                self._nets_set_e_invoice_code(name, code)
            parameters.set_param(DONE_PARAMETER, ",".join(sorted((done | missing.keys()) - {""})))
        return result

    def _nets_card_lines(self):
        """:return: those of these that are *Card*"""
        return self.filtered(lambda line: line.code == PAYMENT_METHOD_CODE)

    @api.model
    def _nets_e_invoice_codes(self):
        return {name: code for name, code in E_INVOICE_CODES.items() if name in self._fields}

    @api.model
    def _nets_set_e_invoice_code(self, name, code):
        """Replace Odoo's default by a card's code, on all lines of *Card*."""
        default = self.default_get([name]).get(name)
        self.env.cr.execute(
            SQL(
                """UPDATE account_payment_method_line line SET %(name)s = %(code)s
                     FROM account_payment_method method
                    WHERE method.id = line.payment_method_id AND method.code = %(method)s
                      AND line.%(name)s IS NOT DISTINCT FROM %(default)s""",
                name=SQL.identifier(name),
                code=code,
                method=PAYMENT_METHOD_CODE,
                default=default,
            )
        )
        self.invalidate_model([name])
