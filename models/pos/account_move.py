from odoo import models

from ...messages import refusal


class AccountMove(models.Model):
    """Invoices of orders of the Point of Sale: what was taken there is shown here, and goes back there."""

    _inherit = "account.move"

    def _nets_printed_transactions(self):
        transactions = super()._nets_printed_transactions()
        orders = self.sudo().pos_order_ids
        if not orders:
            return transactions
        of_orders = [("pos_order_id", "in", orders.ids), ("without_order", "=", False), ("state", "=", "approved")]
        return (transactions | transactions.search(of_orders)).sorted("id")

    def _nets_check_payout(self):
        result = super()._nets_check_payout()
        for move in self:
            if move.reversed_entry_id._nets_is_paid_in_pos():
                raise refusal(self.env, "credit_note_of_till", name=move.display_name)
        return result

    def _nets_are_cards(self):
        lines = self.pos_order_ids.payment_ids.filtered("amount")
        if not lines:
            return super()._nets_are_cards()
        return all(line.payment_method_id._nets_is_terminal() for line in lines)

    def _nets_is_paid_in_pos(self):
        """Whether money for this invoice was taken in the Point of Sale. What was put on the customer's account there
        wasn't: it is paid, and refunded, here."""
        methods = self.sudo().pos_order_ids.payment_ids.payment_method_id
        return any(method.type != "pay_later" for method in methods)
