from odoo import api, models


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """*Process card* takes the place of the buttons that create a payment.

        Not in the view's XML: core has several of the same name, and a customised form may have more or fewer.
        """
        arch, view = super()._get_view(view_id, view_type, **options)
        if arch.find(".//field[@name='nets_is_terminal']") is not None:
            for button in arch.iterfind(".//button[@name='action_create_payments']"):
                conditions = [button.get("invisible"), "nets_is_terminal"]
                button.set("invisible", " or ".join(f"({condition})" for condition in conditions if condition))
        return arch, view
