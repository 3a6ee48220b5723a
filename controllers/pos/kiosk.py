from odoo import http
from odoo.http import request


class KioskController(http.Controller):
    """Card payments at a kiosk of the module `pos_self_order`. Nobody is logged in there: a visitor may do what the
    tokens of the kiosk and of the order say, and nothing else."""

    def _order(self, access_token, order_access_token):
        """:raise NotFound: where no kiosk and order have these tokens: which of both isn't told"""
        kiosk = request.env["pos.config"]._nets_kiosk(access_token)
        language = request.env["res.lang"]._get_data(code=request.cookies.get("frontend_lang")).code
        kiosk = kiosk.with_context(lang=language or kiosk.env.user.lang)
        order = kiosk and kiosk._nets_kiosk_order(order_access_token)
        if not order:
            raise request.not_found()
        return order

    def _answer(self, order, progress):
        """:return: list with what `_nets_kiosk_progress` returns, and with the order as the kiosk loads it, once it is
        paid"""
        if progress and progress.get("paid"):
            config = order.config_id
            progress["order"] = {
                **self._products(order),
                **{
                    records._name: records._load_pos_self_data_read(records, config)
                    for records in (order, order.lines, order.payment_ids)
                },
            }
        return [progress]

    def _products(self, order):
        """The products of an order as a kiosk loads them: it doesn't know those of what a terminal adds, as a tip.

        :return: dict of lists, by model
        """
        products = order.lines.product_id
        templates = products.product_tmpl_id
        found = {
            records._name: records.read(records._load_pos_self_data_fields(order.config_id), load=False)
            for records in (templates, products)
        }
        # images are told by their presence
        templates._process_pos_self_ui_products(found[templates._name])
        return found

    @http.route("/nets_connect_cloud/kiosk/pay", type="jsonrpc", auth="public", website=True)
    def pay(self, access_token, order_access_token, payment_method_id, request_id):
        """Charge a card for an order. Arguments besides the tokens: as `pos.order._nets_kiosk_pay`.

        :raise NotFound: see `_order`
        """
        order = self._order(access_token, order_access_token)
        return self._answer(order, order._nets_kiosk_pay(payment_method_id, request_id))

    @http.route("/nets_connect_cloud/kiosk/progress", type="jsonrpc", auth="public", website=True)
    def progress(self, access_token, order_access_token):
        """What became of it.

        :raise NotFound: see `_order`
        """
        order = self._order(access_token, order_access_token)
        return self._answer(order, order._nets_kiosk_progress())

    @http.route("/nets_connect_cloud/kiosk/abort", type="jsonrpc", auth="public", website=True)
    def abort(self, access_token, order_access_token):
        """Ask the terminal to stop.

        :raise NotFound: see `_order`
        """
        order = self._order(access_token, order_access_token)
        return self._answer(order, order._nets_kiosk_abort())
