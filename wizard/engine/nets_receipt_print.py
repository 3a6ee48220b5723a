from odoo import api, fields, models


class NetsReceiptPrint(models.TransientModel):
    """Which receipts to print, and on what paper."""

    _name = "nets.receipt.print"
    _description = "Print card receipts"

    transaction_ids = fields.Many2many("nets.transaction", "nets_receipt_print_transaction_rel", readonly=True)
    receipts = fields.Selection(
        [("customer", "Customer's receipt"), ("merchant", "Merchant's receipt"), ("both", "Both receipts")],
        required=True,
        default="customer",
    )
    paper = fields.Selection(
        [("roll", "Receipt roll, 80 mm"), ("a4", "A4")],
        required=True,
        default="roll",
    )
    copies = fields.Boolean(compute="_compute_hints")
    printed_by_terminal = fields.Boolean(compute="_compute_hints")
    confirmations = fields.Boolean(compute="_compute_hints")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "nets.transaction":
            values["transaction_ids"] = self.env.context.get("active_ids")
        return values

    @api.depends("transaction_ids", "receipts")
    def _compute_hints(self):
        for wizard in self:
            wanted = wizard._wanted()
            wizard.copies = any(
                transaction._is_copy(which) for transaction in wizard.transaction_ids for which in wanted
            )
            wizard.printed_by_terminal = any(
                transaction.printer == "terminal" and transaction[f"{which}_receipt"]
                for transaction in wizard.transaction_ids
                for which in wanted
            )
            wizard.confirmations = not all(
                any(transaction[f"{which}_receipt"] for which in wanted) for transaction in wizard.transaction_ids
            )

    def action_print(self):
        """Print; what was printed before is marked as a copy."""
        self.ensure_one()
        self.transaction_ids._check_has_paper()
        report = self.env.ref(f"nets_connect_cloud.report_receipt_{self.paper}_action")
        return {
            **report.report_action(
                None,
                data={"transaction_ids": self.transaction_ids.ids, "receipts": self._wanted()},
                config=False,
            ),
            "close_on_report_download": True,
        }

    def _wanted(self):
        return ["customer", "merchant"] if self.receipts == "both" else [self.receipts]
