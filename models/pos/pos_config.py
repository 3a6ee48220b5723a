from odoo import models


class PosConfig(models.Model):
    _inherit = "pos.config"

    def _get_special_products(self):
        """What a terminal adds to an order has to be known to the till, and isn't for sale."""
        surcharge = self.env.ref("nets_connect_cloud.product_surcharge", raise_if_not_found=False)
        return super()._get_special_products() | (surcharge or self.env["product.product"])
