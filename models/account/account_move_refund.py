"""Money that goes back to the card: credit notes that are paid out, and what an invoice shows of refunds."""

from odoo import api, fields, models
from odoo.tools import format_amount, formatLang

from ...messages import refusal


class AccountMove(models.Model):
    _inherit = "account.move"

    nets_can_pay_out = fields.Boolean(compute="_compute_nets_can_pay_out")

    # === COMPUTE METHODS === #

    @api.depends("state", "payment_state", "move_type", "currency_id", "company_id")
    def _compute_nets_can_pay_out(self):
        may_run = self.env.user.has_group("nets_connect_cloud.group_user")
        terminals = self.env["nets.terminal"]
        for move in self:
            move.nets_can_pay_out = (
                may_run
                and move.move_type == "out_refund"
                and move.state == "posted"
                and move.payment_state in ("not_paid", "partial", "in_payment")
                and not move.currency_id.is_zero(move.amount_residual)
                and bool(terminals.search_count(terminals._usable_domain(move.company_id, move.currency_id), limit=1))
            )

    def _compute_payments_widget_reconciled_info(self):
        """Show refunds as rows of their own, and the payments as they were charged.

        The widget lists reconciliations, and what was refunded isn't reconciled with the invoice any more. Each
        refunded amount is added to the payment's row, or to a new one where nothing of it is left, and taken off
        again in a row of its own: the sum stays what it was. So it does where a refund was matched with a credit
        note: that one is shown as if it were reconciled with the invoice that it reverses.
        """
        result = super()._compute_payments_widget_reconciled_info()
        for move in self:
            move._nets_name_refunds()
            purchases = move.sudo().nets_transaction_ids.filtered(
                lambda transaction: transaction.kind == "purchase" and transaction.payment_id
            )
            if not purchases:
                continue
            widget = move.invoice_payments_widget or {"title": self.env._("Less Payment"), "outstanding": False}
            # other modules count on the order of the reconciliations: new rows come behind them
            content = list(widget.get("content", []))
            for purchase in purchases:
                row = next((row for row in content if row["account_payment_id"] == purchase.payment_id.id), None)
                refunds = [
                    (refund, refund.due_again[str(move.id)])
                    for refund in purchase.refund_ids.sorted("id")
                    if refund.due_again and str(move.id) in refund.due_again
                ]
                if refunds and not row:
                    row = move._nets_widget_row(purchase, 0)
                    content.append(row)
                if row:
                    row["nets_transaction_id"] = purchase.id
                    row["nets_can_refund"] = not purchase.currency_id.is_zero(purchase.amount_refundable)
                    row["nets_can_reverse"] = purchase.can_reverse
                for refund, amount in refunds:
                    row["amount"] += amount
                    content.append(move._nets_widget_row(refund, -amount))
                for refund in purchase.refund_ids.sorted("id"):
                    content += move._nets_credited_rows(refund)
            if content:
                move.invoice_payments_widget = {**widget, "content": content}
        return result

    def _nets_name_refunds(self):
        """On a credit note: what went back to a card is called so."""
        refunds = self.sudo().nets_transaction_ids.filtered(lambda transaction: transaction.kind == "refund")
        widget = self.move_type == "out_refund" and refunds.payment_id and self.invoice_payments_widget
        if widget:
            payments = refunds.payment_id.ids
            content = [{**row, "nets_is_refund": row["account_payment_id"] in payments} for row in widget["content"]]
            self.invoice_payments_widget = {**widget, "content": content}

    def _nets_credited_rows(self, refund):
        """The rows of a refund that was matched with a credit note: the credit note's, and the negative one."""
        credit_notes = refund.refund_mode == "credit_note" and refund._settled_moves()
        if not credit_notes or not refund.payment_id or refund.charged_amount >= 0:
            return []
        # where one payment was for several invoices: on the one that is reversed
        invoices = refund.refund_of_id.invoice_ids
        if self != ((credit_notes.reversed_entry_id & invoices) or invoices)[:1]:
            return []
        row = self._nets_widget_row(refund, refund.charged_amount)
        credit_note = {
            **row,
            "name": ", ".join(credit_notes.mapped("display_name")),
            "journal_name": credit_notes[0].journal_id.name,
            "amount": -refund.charged_amount,
            "date": credit_notes[0].date,
            "account_payment_id": False,
            "payment_method_name": False,
            "move_id": credit_notes[0].id,
            "is_refund": True,  # “Reversed on”
            "ref": ", ".join(credit_notes.mapped("display_name")),
            "nets_is_refund": False,
        }
        return [credit_note, row]

    def _nets_widget_row(self, transaction, amount):
        """A row that shows a transaction and stands for no reconciliation: without `partial_id`."""
        payment = transaction.payment_id
        journal, company_currency = payment.journal_id, payment.company_id.currency_id
        foreign = transaction.currency_id != company_currency
        return {
            "name": payment.name,
            "journal_name": journal.name,
            "company_name": journal.company_id.name if journal.company_id != self.company_id else False,
            "amount": amount,
            "currency_id": transaction.currency_id.id,
            "date": payment.date,
            "partial_id": False,
            "account_payment_id": payment.id,
            "payment_method_name": payment.payment_method_line_id.name,
            "move_id": payment.move_id.id,
            # what is printed: “Reversed on” for refunds, “Paid on” for payments
            "is_refund": transaction.kind != "purchase",
            "ref": f"{payment.move_id.name} ({payment.memo})",
            "is_exchange": False,
            "amount_company_currency": formatLang(
                self.env, abs(payment.amount_company_currency_signed), currency_obj=company_currency
            ),
            "amount_foreign_currency": foreign
            and formatLang(self.env, payment.amount, currency_obj=transaction.currency_id),
            "nets_is_refund": transaction.kind != "purchase",
        }

    # === ACTION METHODS === #

    def action_nets_pay_out(self):
        """Open the dialog that pays this credit note out on a card."""
        self._nets_check_payout()
        return {
            "type": "ir.actions.client",
            "tag": "nets_connect_cloud.card_dialog",
            "params": {"invoice_ids": self.ids, "pay_out": True},
        }

    # === PAY OUT A CREDIT NOTE === #

    def nets_payout_data(self):
        """What the dialog shows before a credit note is paid out.

        :return: dict of plain values, amounts negative
        :raise UserError: where it can't be paid out, with the cause
        """
        transactions, terminals = self.env["nets.transaction"], self.env["nets.terminal"]
        transactions._check_may_run()
        self._nets_check_payout()
        company, currency = self.company_id, self.currency_id
        usable = terminals.search(terminals._usable_domain(company, currency))
        candidates, proposed = self._nets_card_payments(), self._nets_proposed_card_payment()
        terminal = proposed.terminal_id if proposed.terminal_id in usable else terminals._proposed(company, currency)
        left = self._nets_payout_left()
        return {
            "title": ", ".join(self.mapped("display_name")),
            "customer": self.commercial_partner_id.display_name,
            "transaction_id": self.nets_open_transaction_id[:1].id,
            "amount": -(min(left, proposed.amount_refundable) if proposed else left),
            "due": format_amount(self.env, left, currency),
            "card": "",
            "currency_id": currency.id,
            "terminal_id": terminal.id,
            "has_usual_terminal": False,
            "terminals": usable._choices(),
            "card_payments": [
                {
                    "id": payment.id,
                    "name": payment._refund_name(),
                    "left": payment.amount_refundable,
                }
                for payment in candidates
            ],
            "card_payment_id": proposed.id,
            "left": left,
            "warning": self._nets_online_payment_warning(),
        }

    def nets_start_payout(self, amount, terminal_id, request_id, refund_of_id=False):
        """Pay credit notes out on a card.

        :param float amount: negative, in their currency, major units
        :param int terminal_id: where
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :param int refund_of_id: the card payment that this gives back, or false
        :return: what `read_progress` returns; or what the terminal has to finish first, as for payments
        :raise UserError: where nothing was sent, with the cause
        """
        transactions = self.env["nets.transaction"]
        transactions._check_may_run()
        self.check_access("write")
        if not transactions._find_request(request_id):
            self._nets_check_payout()
            terminal = self.env["nets.terminal"].browse(terminal_id)
            terminal._check_usable(self.company_id, self.currency_id)
            if waiting := transactions._wait_for_terminal(terminal):
                return [waiting]
        refund_of = transactions.browse(refund_of_id)
        return self._nets_start_payout(amount, terminal_id, request_id, refund_of).read_progress()

    def _nets_start_payout(self, amount, terminal_id, request_id, refund_of, previous=None):
        transactions = self.env["nets.transaction"]
        transactions._check_may_run()
        self.check_access("write")
        if existing := transactions._find_request(request_id):
            return existing
        self._nets_check_payout()
        transactions._check_number(amount, self.currency_id[:1])
        terminal = self.env["nets.terminal"].browse(terminal_id)
        terminal._check_usable(self.company_id, self.currency_id)
        wizard = self._nets_payment_wizard(terminal, "outbound")
        if wizard.currency_id.compare_amounts(wizard.amount, -amount) != 0:
            wizard.write({"amount": -amount, "installments_mode": "full"})
        wizard.nets_refund_of_id = refund_of
        return wizard._nets_reserve(terminal, request_id, previous=previous)

    def _nets_card_payments(self):
        """The customer's card payments that a payout of these can be a refund of; of the reversed invoices first."""
        payments = self.env["nets.transaction"].search(
            [
                ("kind", "=", "purchase"),
                ("state", "=", "approved"),
                ("origin", "=", "invoice"),
                ("company_id", "=", self.company_id.id),
                ("currency_id", "=", self.currency_id.id),
                ("partner_id.commercial_partner_id", "=", self.commercial_partner_id.id),
            ],
            order="id desc",
            limit=100,
        )
        reversed_invoices = self.reversed_entry_id
        return payments.filtered("amount_refundable").sorted(
            lambda payment: (not payment.invoice_ids & reversed_invoices, -payment.id)
        )

    def _nets_proposed_card_payment(self):
        payments = self._nets_card_payments()
        return payments.filtered(lambda payment: payment.invoice_ids & self.reversed_entry_id)[:1]

    def _nets_check_payout(self):
        """Refuse what can't be paid out on a card, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        if not self:
            raise refusal(self.env, "no_credit_note")
        self.check_access("read")
        for move in self:
            if move.move_type != "out_refund":
                raise refusal(self.env, "not_customer_credit_note", name=move.display_name)
            if move.state != "posted":
                raise refusal(self.env, "credit_note_draft", name=move.display_name)
            if move.currency_id.is_zero(move.amount_residual):
                raise refusal(self.env, "credit_note_paid_out", name=move.display_name)
            if move.reversed_entry_id._nets_is_paid_in_pos():
                raise refusal(self.env, "credit_note_of_till", name=move.display_name)
        if len(self.company_id) > 1 or len(self.currency_id) > 1 or len(self.commercial_partner_id) > 1:
            raise refusal(self.env, "credit_notes_differ")

    def _nets_is_paid_in_pos(self):
        """Whether money for this invoice was taken in the Point of Sale. What was put on the customer's account there
        wasn't: it is paid, and refunded, here."""
        methods = self.sudo().pos_order_ids.payment_ids.payment_method_id
        return any(method.type != "pay_later" for method in methods)

    def _nets_payout_under_way(self):
        """What is being paid out on these credit notes, or waits for its result or booking."""
        return self._nets_amount_under_way(("refund",))

    def _nets_payout_left(self):
        return max(0, sum(self.mapped("amount_residual")) - self._nets_payout_under_way())

    # === ONLINE PAYMENTS === #

    def _nets_online_payment_warning(self):
        """What a person has to know before a card is charged or refunded for these, as text; mostly empty."""
        if "transaction_ids" not in self._fields:  # comes with online payments, which we don't depend on
            return ""
        open_payments = self.sudo().transaction_ids.filtered(
            lambda transaction: transaction.state in ("pending", "authorized")
        )
        if not open_payments:
            return ""
        return self.env._(
            "An online payment of %(amount)s for this invoice isn't finished yet (%(reference)s). Look at it first, so "
            "that nothing is paid twice.",
            amount=format_amount(self.env, sum(open_payments.mapped("amount")), open_payments[0].currency_id),
            reference=", ".join(open_payments.mapped("reference")),
        )
