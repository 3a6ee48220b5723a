from odoo import http
from odoo.http import request


class SpecimenController(http.Controller):
    @http.route("/nets_connect_cloud/specimen/<int:transaction_id>.json", type="http", auth="user", methods=["GET"])
    def specimen(self, transaction_id):
        """What of a transaction may be passed on, as a file.

        :param int transaction_id: of a nets.transaction that the user may see
        :raise NotFound: where there is none, or the user may not see it: which of both isn't told
        :raise AccessError: for users who don't administer the terminals
        """
        transaction = request.env["nets.transaction"].browse(transaction_id).exists()
        if not transaction or not transaction.has_access("read"):
            raise request.not_found()
        return request.make_response(
            transaction._specimen(),
            headers=[
                ("Content-Type", "application/json"),
                (
                    "Content-Disposition",
                    http.content_disposition(f"nets-{transaction.order_id or transaction.id}.json"),
                ),
                ("Cache-Control", "no-store"),
            ],
        )
