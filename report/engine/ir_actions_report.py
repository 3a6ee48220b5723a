import re

from lxml import html

from odoo import api, models

# Millimetres: of a line of a receipt on a roll, and above and below all of them.
LINE_HEIGHT = 5.6
ROLL_MARGINS = 16


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    @api.model
    def _run_wkhtmltopdf(self, bodies, report_ref=False, *args, **kwargs):
        """As Odoo's. Receipts come on a roll that is as long as the longest of them."""
        roll = self.env.ref("nets_connect_cloud.paperformat_receipt_roll", raise_if_not_found=False)
        if roll and self._get_report(report_ref).get_paperformat() == roll and (height := _roll_height(bodies)):
            self = self.with_context(nets_roll_height=height)  # noqa: PLW0642
        return super()._run_wkhtmltopdf(bodies, report_ref, *args, **kwargs)

    @api.model
    def _build_wkhtmltopdf_args(self, paperformat_id, *args, **kwargs):
        if height := self.env.context.get("nets_roll_height"):
            paperformat_id = paperformat_id.new({"page_height": height}, origin=paperformat_id)
        return super()._build_wkhtmltopdf_args(paperformat_id, *args, **kwargs)


def _roll_height(bodies):
    """:return: millimetres, 0 where there is no receipt"""
    texts = [
        node.text_content()
        for body in bodies
        for node in html.fromstring(str(body)).xpath("//div[contains(@class, 'o_nets_receipt')]")
    ]
    lines = max((len(re.findall(r"\n", text.rstrip("\n"))) + 1 for text in texts), default=0)
    return round(lines * LINE_HEIGHT + ROLL_MARGINS) if lines else 0
