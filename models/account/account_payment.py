from odoo import api, fields, models

from ...messages import refusal
from .const import PAYMENT_METHOD_CODE
from .frozen import changed

# What a payment says of money, and whose it is.
FROZEN = {
    "amount",
    "company_id",
    "currency_id",
    "date",
    "destination_account_id",
    "journal_id",
    "move_id",
    "outstanding_account_id",
    "partner_id",
    "partner_type",
    "payment_method_line_id",
    "payment_type",
}
# What says that the money came, or went.
DONE_STATES = ("in_process", "paid")


class AccountPayment(models.Model):
    """A payment that a terminal took stays in the books as it was charged.

    It is never set back to draft either, not even to correct it: ledger and books would differ until somebody
    remembered to post it again.
    """

    _inherit = "account.payment"

    nets_transaction_ids = fields.One2many(
        "nets.transaction", "payment_id", "Card transactions", readonly=True, groups="nets_connect_cloud.group_user"
    )
    nets_can_refund = fields.Boolean(compute="_compute_nets_can_refund")
    nets_can_reverse = fields.Boolean(compute="_compute_nets_can_refund")

    # === COMPUTE METHODS === #

    @api.depends("state", "payment_type")
    def _compute_nets_can_refund(self):
        may_run = self.env.user.has_group("nets_connect_cloud.group_user")
        for payment in self:
            purchase = payment._nets_purchase() if may_run else self.env["nets.transaction"]
            # what has no payment of its own goes back where it was taken
            refundable = purchase and purchase._has_own_payment()
            payment.nets_can_refund = refundable and not purchase.currency_id.is_zero(purchase.amount_refundable)
            payment.nets_can_reverse = purchase.can_reverse

    def _get_payment_method_codes_to_exclude(self):
        # a terminal gives money back to the customer's card, and pays nobody else
        excluded = super()._get_payment_method_codes_to_exclude()
        return [*excluded, PAYMENT_METHOD_CODE] if self.partner_type == "supplier" else excluded

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        payments = super().create(vals_list)
        payments.filtered(lambda payment: payment.state in DONE_STATES)._nets_check_charged()
        return payments

    def write(self, vals):
        for payment in self.filtered(lambda payment: payment._nets_cards()):
            # while it is made, it is a draft
            if payment.state != "draft" and (
                changed(payment, vals, FROZEN)
                or (vals.get("state") in ("draft", "canceled", "rejected") and payment._nets_charged())
            ):
                payment._nets_refuse_change()
        if vals.get("state") in DONE_STATES:
            self._nets_check_charged()
        result = super().write(vals)
        if "payment_method_line_id" in vals:
            self.filtered(lambda payment: payment.state in DONE_STATES)._nets_check_charged()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        for payment in self:
            if payment._nets_cards():
                payment._nets_refuse_change()

    # === ACTION METHODS === #

    def action_nets_refund(self):
        """Open the dialog that refunds this card payment."""
        self.ensure_one()
        return self._nets_purchase().sudo(False).action_refund()

    def action_nets_reverse(self):
        """Open the dialog that reverses this card payment on the terminal."""
        self.ensure_one()
        return self._nets_purchase().sudo(False).action_reverse()

    # === BUSINESS METHODS === #

    def _nets_cards(self):
        """:return: nets.transaction with all rights, what these payments stand for"""
        return self.sudo().nets_transaction_ids

    def _nets_needs_charge(self):
        """Whether this payment may only be there because a terminal charged or refunded a card."""
        self.ensure_one()
        return self.payment_method_code == PAYMENT_METHOD_CODE

    def _nets_check_charged(self):
        """:raise UserError: where one of these says that a card was charged or refunded, and no terminal did"""
        for payment in self - self._nets_charged():
            if payment._nets_needs_charge():
                raise refusal(self.env, "payment_without_terminal")

    def _nets_charged(self):
        """The payments among these that stand for what a terminal charged or refunded.

        One that the terminal reversed, and that no outgoing payment offsets, stands for nothing.
        """
        return self.filtered(
            lambda payment: not payment.currency_id.is_zero(sum(payment._nets_cards().mapped("charged_amount")))
        )

    def _nets_purchase(self):
        """:return: the transaction that charged this payment, with all rights; perhaps empty"""
        transactions = self.sudo().nets_transaction_ids
        return transactions.filtered(lambda transaction: transaction.kind == "purchase")[:1]

    def _nets_refuse_change(self):
        raise refusal(self.env, "charged_payment_stays", payment=self.display_name)

    # === REFUNDS === #

    def _nets_counterpart_lines(self):
        """The journal items on the customer's account."""
        return self._seek_for_lines()[1]

    def _nets_open_credit(self):
        """What of this payment is matched with nothing, positive, in its own currency."""
        return -sum(self._nets_counterpart_lines().mapped("amount_residual_currency"))

    def _nets_invoice_partials(self, first=None):
        """The matchings of this payment with invoices, in the order in which refunds undo them.

        :param first: account.move, the invoice to begin with
        :return: account.partial.reconcile
        """
        partials = self._nets_counterpart_lines().matched_debit_ids.filtered(
            lambda partial: partial.debit_move_id.move_id.is_sale_document(include_receipts=True)
        )
        return partials.sorted(lambda partial: (partial.debit_move_id.move_id != first, -partial.id))

    def _nets_freed_by(self, partial):
        """What of this payment is matched with nothing once this matching is undone, in its own currency: where the
        currency is another one than the invoice's, a part is matched with the exchange difference."""
        exchange = partial.exchange_move_id.line_ids.matched_credit_ids
        exchange = exchange.filtered(lambda match: match.credit_move_id in self._nets_counterpart_lines())
        return partial.credit_amount_currency + sum(exchange.mapped("credit_amount_currency"))

    def _nets_match_refund(self, refund, first=None):
        """Match an outgoing payment with this one.

        :param refund: the outgoing payment, posted
        :param first: account.move, the invoice to begin with
        :return: as `_nets_give_back`
        """
        return self._nets_give_back(refund._nets_counterpart_lines(), first)

    def _nets_give_back(self, refund_lines, first=None):
        """Match what goes back to the customer with this payment, and make due again only what that takes.

        This payment's open credit is used first. Where that isn't enough, it is unmatched from its invoices, and the
        remainder is matched again with the last of them. What can't be matched stays open on what goes back.

        :param refund_lines: account.move.line, posted, on the customer's account
        :param first: account.move, the invoice to begin with
        :return: {invoice id as text: what became due again, in the invoice's currency}
        """
        currency = self.currency_id
        paid_lines = self._nets_counterpart_lines()
        missing = sum(refund_lines.mapped("amount_residual_currency")) - self._nets_open_credit()
        due_again = {}
        invoice_line = self.env["account.move.line"]
        for partial in self._nets_invoice_partials(first):
            if currency.compare_amounts(missing, 0) <= 0:
                break
            invoice_line = partial.debit_move_id
            freed, paid = self._nets_freed_by(partial), partial.debit_amount_currency
            partial.unlink()
            key = str(invoice_line.move_id.id)
            due = paid * min(freed, missing) / freed
            due_again[key] = invoice_line.currency_id.round(due_again.get(key, 0) + due)
            missing -= freed
        (paid_lines + refund_lines).filtered(lambda line: not line.reconciled).reconcile()
        remainder = (paid_lines + invoice_line).filtered(lambda line: not line.reconciled)
        if invoice_line and paid_lines & remainder:
            remainder.reconcile()
        return due_again

    def _nets_is_cancelled_on(self, day):
        """Whether a reversal on this day cancels this payment. On another day it is offset: what was in the books of a
        day, or a month, stays there.

        :param day: date
        """
        return day == self.date and not self.company_id.nets_always_offset and self._nets_is_cancellable()

    def _nets_is_cancellable(self):
        """Whether the books allow that this payment is cancelled: not secured, not in a locked period, and not on a
        bank statement already."""
        move = self.move_id
        liquidity = self._seek_for_lines()[0]
        return not (
            move.inalterable_hash
            or liquidity.matched_debit_ids
            or liquidity.matched_credit_ids
            or move._get_violated_lock_dates(move.date, has_tax=False)
        )
