from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _get_translation_frontend_modules_name(cls):
        """A kiosk is a page of the website, whose visitors don't log in: its buttons are translated, too."""
        return [*super()._get_translation_frontend_modules_name(), "nets_connect_cloud"]
