from odoo import api, models


class _ReceiptReport(models.AbstractModel):
    """Receipts of one or many transactions; rendering counts as printing."""

    _name = "report.nets_connect_cloud.receipts"
    _description = "Card receipts"

    @api.model
    def _get_report_values(self, docids, data=None):
        """The receipts to print.

        :param docids: the transactions, or none where `data` has them
        :param dict data: `transaction_ids`, and `receipts`: some of "customer", "merchant"
        """
        data = data or {}
        transactions = self.env["nets.transaction"].browse(docids or data.get("transaction_ids", []))
        wanted = [
            which for which in ("customer", "merchant") if which in data.get("receipts", ("customer", "merchant"))
        ]
        return {"receipts": transactions._print_receipts(wanted)}


class ReceiptRollReport(models.AbstractModel):
    _name = "report.nets_connect_cloud.report_receipt_roll"
    _inherit = "report.nets_connect_cloud.receipts"
    _description = "Card receipts on a receipt roll"


class ReceiptA4Report(models.AbstractModel):
    _name = "report.nets_connect_cloud.report_receipt_a4"
    _inherit = "report.nets_connect_cloud.receipts"
    _description = "Card receipts on A4"


class ReceiptMailReport(models.AbstractModel):
    """The customer's receipt, as it is attached to an e-mail."""

    _name = "report.nets_connect_cloud.report_receipt_mail"
    _description = "Card receipt by e-mail"

    @api.model
    def _get_report_values(self, docids, data=None):
        return {"receipts": self.env["nets.transaction"].browse(docids)._receipts_to_send()}
