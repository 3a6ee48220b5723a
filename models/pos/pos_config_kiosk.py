from odoo import api, models


class PosConfig(models.Model):
    """The kiosks of the module `pos_self_order`, where that is installed: nothing here needs it."""

    _inherit = "pos.config"

    @api.model
    def _nets_kiosk(self, access_token):
        """The kiosk that a visitor stands at, whom nobody knows: what can be asked for is bounded by this token.

        :param str access_token: the kiosk's own, as anybody may send it
        :return: pos.config, in its company and with the rights of its user, as Odoo's own routes for kiosks have it;
            empty where there is none with this token, or no session is open
        """
        if "self_ordering_mode" not in self._fields or not access_token or not isinstance(access_token, str):
            return self.browse()
        domain = [("access_token", "=", access_token), ("self_ordering_mode", "=", "kiosk")]
        config = self.sudo().search(domain, limit=1)
        if not config.has_active_session or not config.self_ordering_default_user_id:
            return self.browse()
        kiosk = config.sudo(False).with_user(config.self_ordering_default_user_id)
        return kiosk.with_context(allowed_company_ids=config.company_id.ids)

    def _nets_kiosk_order(self, access_token):
        """The order that was made at this kiosk, and that a visitor has the token of.

        :param str access_token: the order's own, as anybody may send it
        :return: pos.order, empty where there is none
        """
        orders = self.env["pos.order"]
        if not access_token or not isinstance(access_token, str):
            return orders
        domain = [("access_token", "=", access_token), ("config_id", "=", self.id), ("source", "=", "kiosk")]
        return orders.search(domain, limit=1)
