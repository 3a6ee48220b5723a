from odoo import api, models


class PosSession(models.Model):
    _inherit = "pos.session"

    # === LOADING THE TILL === #

    @api.model
    def _load_pos_data_models(self, config):
        return [*super()._load_pos_data_models(config), "nets.terminal"]
