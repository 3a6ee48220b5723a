import re

from odoo import models

# What the browser subscribes to while an invoice is open.
INVOICE_CHANNEL = re.compile(r"nets_connect_cloud\.invoice_(\d{1,18})")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Turn an invoice's channel into the real one, for those who may read the invoice."""
        channels = super()._build_bus_channel_list(channels)
        for channel in [name for name in channels if isinstance(name, str)]:
            if match := INVOICE_CHANNEL.fullmatch(channel):
                channels.remove(channel)
                invoice = self.env["account.move"].browse(int(match[1])).exists()
                if invoice and self.env.user._is_internal() and invoice.has_access("read"):
                    channels.append((invoice, "nets_connect_cloud"))
        return channels
