import hmac

from odoo import http
from odoo.http import request


class Monitoring(http.Controller):
    """How many card transactions are open, and for how long: for a monitoring system that calls somebody."""

    @http.route("/nets_connect_cloud/monitoring", type="http", auth="public", methods=["GET"], save_session=False)
    def monitoring(self):
        """Answer as JSON; 404 while it is switched off, 401 without the token.

        The token comes as `Authorization: Bearer …` and is set in the settings.
        """
        token = request.env["ir.config_parameter"].sudo().get_param("nets_connect_cloud.monitoring_token")
        if not token:
            raise request.not_found()
        scheme, _space, given = request.httprequest.headers.get("Authorization", "").partition(" ")
        # in constant time, so that nobody finds it out letter by letter
        if not hmac.compare_digest(given.strip().encode(), token.encode()) or scheme.lower() != "bearer":
            return request.make_json_response(
                {"error": "unauthorized"}, headers={"WWW-Authenticate": "Bearer"}, status=401
            )
        answer = request.env["nets.transaction"].sudo()._monitoring_values()
        return request.make_json_response(answer, headers={"Cache-Control": "no-store"})
