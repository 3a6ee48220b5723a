from odoo import api, models

from .const import POS_TERMINAL_CODE


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    @api.model
    def _nets_in_the_way_of_uninstall(self):
        # a till has loaded what takes its cards, and keeps its payment methods as they are until its session is closed
        sessions = self.env["pos.session"].search(
            [
                ("state", "!=", "closed"),
                ("config_id.payment_method_ids.use_payment_terminal", "=", POS_TERMINAL_CODE),
            ]
        )
        return super()._nets_in_the_way_of_uninstall() + [
            self.env._(
                "Open session %(session)s of %(config)s", session=session.name, config=session.config_id.display_name
            )
            for session in sessions
        ]
