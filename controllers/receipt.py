from odoo import http
from odoo.http import request


class ReceiptController(http.Controller):
    @http.route(
        '/nets_connect_cloud/receipt/<int:transaction_id>/<any("customer", "merchant"):which>.txt',
        type="http",
        auth="user",
        methods=["GET"],
    )
    def receipt_text(self, transaction_id, which):
        """A receipt as plain text, for receipt printers that fetch it. Counts as printed.

        :param int transaction_id: of a nets.transaction that the user may see
        :param which: "customer" or "merchant"
        :raise NotFound: where there is none, or the user may not see it: which of both isn't told
        """
        transaction = request.env["nets.transaction"].browse(transaction_id).exists()
        if not transaction or not transaction.has_access("read"):
            raise request.not_found()
        [(_transaction, [text])] = transaction._print_receipts([which])
        return request.make_response(
            # what the terminal itself sends, and what printers move the paper on
            text.replace("\n", "\r\n").encode(),
            headers=[("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")],
        )
