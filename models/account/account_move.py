from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ...messages import refusal
from .frozen import changed
from .press import CreditNotePayout, InvoicePayment

# What an entry says of money, and whose it is.
FROZEN = {
    "company_id",
    "currency_id",
    "date",
    "journal_id",
    "move_type",
    "origin_payment_id",
    "partner_id",
    "state",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    nets_transaction_ids = fields.Many2many(
        "nets.transaction",
        string="Card transactions",
        readonly=True,
        copy=False,
        groups="nets_connect_cloud.group_user",
    )
    nets_can_pay_by_card = fields.Boolean(compute="_compute_nets_can_pay_by_card")
    nets_can_confirm_and_pay = fields.Boolean(compute="_compute_nets_can_pay_by_card")
    nets_can_pay_out = fields.Boolean(compute="_compute_nets_can_pay_out")
    nets_open_transaction_id = fields.Many2one(
        "nets.transaction", compute="_compute_nets_open_transaction_id", groups="nets_connect_cloud.group_user"
    )

    # === COMPUTE METHODS === #

    @api.depends("state", "payment_state", "move_type", "currency_id", "company_id")
    def _compute_nets_can_pay_by_card(self):
        may_run = self.env.user.has_group("nets_connect_cloud.group_user")
        has_terminal = {}
        for move in self:
            payable = may_run and move.move_type in ("out_invoice", "out_receipt")
            if payable:
                key = (move.company_id, move.currency_id)
                if key not in has_terminal:
                    domain = self.env["nets.terminal"]._usable_domain(*key)
                    has_terminal[key] = bool(self.env["nets.terminal"].search_count(domain, limit=1))
                payable = has_terminal[key]
            move.nets_can_pay_by_card = (
                payable
                and move.state == "posted"
                and move.payment_state in ("not_paid", "partial", "in_payment")
                and not move.currency_id.is_zero(move.amount_residual)
            )
            move.nets_can_confirm_and_pay = payable and move.state == "draft" and move.company_id.nets_confirm_and_pay

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

    @api.depends("nets_transaction_ids.state", "nets_transaction_ids.to_book", "nets_transaction_ids.signature_open")
    def _compute_nets_open_transaction_id(self):
        for move in self:
            transactions = move.nets_transaction_ids
            move.nets_open_transaction_id = (transactions._still_open() or transactions.filtered("signature_open"))[:1]

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
                    row["nets_card"] = purchase._card_name()
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
        """On a credit note: what went back to a card is named as such."""
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
        if self != refund._credited_invoice():
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
            "nets_card": "",
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
            "currency_id": self.currency_id.id,
            "date": payment.date,
            "partial_id": False,
            "account_payment_id": payment.id,
            "payment_method_name": payment.payment_method_line_id.name,
            "move_id": payment.move_id.id,
            # what is printed: “Reversed on” for refunds, “Paid on” for payments
            "is_refund": transaction.kind != "purchase",
            "ref": f"{payment.move_id.name} ({payment.memo})",
            "is_exchange": False,
            "amount_company_currency": company_currency.format(abs(payment.amount_company_currency_signed)),
            "amount_foreign_currency": foreign and transaction.currency_id.format(payment.amount),
            "nets_is_refund": transaction.kind != "purchase",
            "nets_card": transaction._card_name(),
        }

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._nets_check_values(vals)
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("state") in ("draft", "cancel"):
            # a payout is undone as a whole
            payout = self.env["nets.payout"].sudo().search([("move_id", "in", self.ids)], limit=1)
            if payout:
                raise refusal(self.env, "payout_entry_stays", entry=payout.move_id.display_name)
        self._nets_check_values(vals)
        if FROZEN & vals.keys():
            for move in self._nets_frozen():
                if changed(move, vals, FROZEN):
                    move._nets_check_frozen()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        self._nets_check_frozen()

    def _nets_frozen(self):
        """The entries among these that stand for what a terminal charged: as untouchable as the payment. While it is
        made, an entry is a draft."""
        posted = self.filtered(lambda move: move.state == "posted" and move.origin_payment_id)
        return posted.filtered(lambda move: move.origin_payment_id.sudo()._nets_charged())

    def _nets_check_frozen(self):
        """:raise UserError: where one of these is the entry of a charged payment"""
        if frozen := self._nets_frozen()[:1]:
            frozen.origin_payment_id._nets_refuse_change()

    def _nets_check_values(self, vals):
        """Rule 3: a transaction that could be taken off its invoice would no longer count, and the debt be charged
        again. Readonly fields are so for people only, not over RPC."""
        if "nets_transaction_ids" in vals and not self.env.su:
            raise refusal(self.env, "rights_transactions", error=AccessError)

    # === ACTION METHODS === #

    def action_nets_pay_by_card(self):
        """Open the dialog with the amount due and the usual terminal."""
        self._nets_check_payable()
        return self._nets_dialog_action()

    def action_nets_confirm_and_pay(self):
        """Confirm the draft, and ask for the card at once where it is clear on which terminal."""
        if not self.company_id.nets_confirm_and_pay:
            raise refusal(self.env, "confirm_and_pay_off")
        if self.state == "draft":
            self.action_post()
        self._nets_check_payable()
        return self._nets_dialog_action(start=True)

    def action_nets_approve_refund(self):
        """Open the approval of a refund to this customer, for the second person."""
        self.ensure_one()
        self._nets_check_payout()
        return self.env["nets.transaction"]._approval_action(
            company_id=self.company_id.id,
            currency_id=self.currency_id.id,
            partner_id=self.commercial_partner_id.id,
            amount=self._nets_payout_left(),
        )

    def action_nets_pay_out(self):
        """Open the dialog that pays this credit note out on a card."""
        self._nets_check_payout()
        return self._nets_dialog_action()

    def _nets_dialog_action(self, transaction=None, start=False, wizard=None):
        transaction = transaction or self.env["nets.transaction"]
        task = self._nets_task() | {"start": start, "wizard_id": wizard.id if wizard else False}
        return transaction._dialog_action(task=task)

    def _nets_task(self):
        """What the dialog is opened for that pays these, or pays them out, see `card_tasks.js`."""
        is_payout = set(self.mapped("move_type")) == {"out_refund"}
        return {"type": "payout" if is_payout else "payment", "invoice_ids": self.ids}

    # === BUSINESS METHODS === #

    def _nets_printed_transactions(self):
        """The card payments and refunds that the printed document and the portal page name.

        :return: nets.transaction with all rights, in their order
        """
        transactions = self.sudo().nets_transaction_ids
        return transactions.filtered(
            lambda transaction: transaction.state == "approved" and self in transaction._printed_on()
        ).sorted("id")

    def nets_card_payment_data(self, previous_id=False):
        """What the dialog shows before anything is started.

        :param int previous_id: the payment that failed, and is about to be changed: what it asked for is shown
        :return: dict of plain values
        :raise UserError: where these invoices can't be paid by card, with the cause
        """
        self.env["nets.transaction"]._check_may_run()
        previous = self.env["nets.transaction"]._previous(previous_id)
        self._nets_check_payable(in_pay=bool(previous))
        company = previous.company_id or self.company_id[:1]
        currency = previous.currency_id or self.currency_id[:1]
        terminals = self.env["nets.terminal"].search(self.env["nets.terminal"]._usable_domain(company, currency))
        terminal = self.env["nets.terminal"]._proposed(company, currency)
        due = sum(self.mapped("amount_residual"))
        if previous:
            due = previous._amount_due_of(previous._open_lines(), currency, company)
            amount = min(previous.amount, due)
        else:
            amount = self._nets_default_amount(terminal) if terminal else due
        return {
            "title": ", ".join(self.mapped("display_name")),
            "customer": self.commercial_partner_id[:1].display_name,
            "transaction_id": self.nets_open_transaction_id[:1].id,
            "amount": amount,
            "due": currency.format(due),
            # the other choice, where that isn't what is proposed
            "whole": due,
            "currency_id": currency.id,
            "terminal_id": terminal.id,
            "has_usual_terminal": bool(self.env["nets.terminal"]._usual(company, currency)),
            "terminals": terminals._choices(),
            "warning": self._nets_online_payment_warning(),
        }

    def nets_start_card_payment(self, amount, terminal_id, request_id, previous_id=False):
        """Charge a card for these invoices.

        :param float amount: in the invoices' currency, major units
        :param int terminal_id: where
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :param int previous_id: the payment that failed, and is asked for again with another amount or terminal:
            journal, memo, and what was agreed for the same amount, stay (rule 28)
        :return: what `read_progress` returns; or, where an earlier payment on the terminal has to be resolved first,
            what it has to wait for, in a list: nothing was started then, and the client repeats the request
        :raise UserError: where nothing was sent, with the cause
        """
        transactions = self.env["nets.transaction"]
        previous = transactions.browse(previous_id or [])
        return transactions._press_and_watch(
            InvoicePayment(self.env, request_id, terminal_id, self, amount, previous=previous)
        )

    def _nets_payment_wizard(self, terminal, payment_type="inbound"):
        windows = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=self.ids)
        journal = terminal.journal_id
        if not journal or not journal._nets_method_line(payment_type):
            # the one that Odoo's *Pay* proposes, else the first that takes cards
            journals = windows.new({"group_payment": True}).journal_id._origin
            journals |= self.env["account.journal"].search(
                [
                    *self.env["account.journal"]._check_company_domain(self.company_id[:1]),
                    ("type", "=", "bank"),
                ]
            )
            journals = journals.filtered(lambda record: record._nets_method_line(payment_type))
            currency = self.currency_id[:1]
            in_currency = journals.filtered(
                lambda record: (record.currency_id or record.company_id.currency_id) == currency
            )
            journal = (in_currency or journals)[:1]
        if not journal:
            raise refusal(self.env, "no_journal")
        return windows.create(
            {
                "journal_id": journal.id,
                "currency_id": self.currency_id[:1].id,
                "payment_method_line_id": journal._nets_method_line(payment_type).id,
                "group_payment": True,
            }
        )

    def _nets_default_amount(self, terminal):
        """What Odoo's *Pay* proposes: less an early payment discount that is still granted, or the next instalment."""
        return self._nets_payment_wizard(terminal).amount

    def _nets_check_payable(self, in_pay=False):
        """Refuse what can't be paid by card, before anything is sent.

        :param bool in_pay: a person put it together in Odoo's *Pay*: credit notes are netted, journal items may be of
            entries, and a parent and its branches are paid together
        :raise UserError: with the cause in plain words
        """
        if not self:
            raise refusal(self.env, "no_invoice")
        self.check_access("read")
        payable = ("out_invoice", "out_receipt", *(("out_refund", "entry") if in_pay else ()))
        for move in self:
            if move.move_type not in payable:
                raise refusal(self.env, "not_customer_invoice", name=move.display_name)
            if move.state == "draft":
                raise refusal(self.env, "invoice_draft", name=move.display_name)
            if move.state == "cancel":
                raise refusal(self.env, "invoice_cancelled", name=move.display_name)
            # what is due of an entry is for its journal items to say
            if move.move_type != "entry" and move.currency_id.is_zero(move.amount_residual):
                raise refusal(self.env, "invoice_paid", name=move.display_name)
        if len(self.company_id.root_id if in_pay else self.company_id) > 1:
            raise refusal(self.env, "invoices_companies")
        if len(self.currency_id) > 1:
            raise refusal(self.env, "invoices_currencies")
        if len(self.commercial_partner_id) > 1:
            raise refusal(self.env, "invoices_customers")

    def _nets_amount_under_way(self, kinds=("purchase",)):
        """What is pending, unknown, or charged and not booked on these documents: still due in the books, but not to
        be paid again.

        :param kinds: purchases for invoices, refunds for credit notes
        :return: positive
        """
        transactions = self.env["nets.transaction"].sudo()
        of_these = Domain("invoice_ids", "in", self.ids) & Domain("kind", "in", kinds)
        return transactions.search(of_these & transactions._open_domain())._amount_under_way()

    # === PAY OUT A CREDIT NOTE === #

    def nets_payout_data(self, previous_id=False):
        """What the dialog shows before a credit note is paid out.

        :param int previous_id: the payout that failed, and is about to be changed: what it asked for is shown
        :return: dict of plain values, amounts negative
        :raise UserError: where it can't be paid out, with the cause
        """
        transactions, terminals = self.env["nets.transaction"], self.env["nets.terminal"]
        transactions._check_may_run()
        self._nets_check_payout()
        company, currency = self.company_id, self.currency_id
        usable = terminals.search(terminals._usable_domain(company, currency))
        candidates, proposed = self._nets_card_payments(), self._nets_proposed_card_payment()
        left = self._nets_payout_left()
        previous = transactions._previous(previous_id)
        if previous:
            proposed = previous.refund_of_id & candidates
        amount = min(left, proposed.amount_refundable) if proposed else left
        if previous:
            amount = min(amount, -previous.amount)
        terminal = proposed.terminal_id if proposed.terminal_id in usable else terminals._proposed(company, currency)
        return {
            "title": ", ".join(self.mapped("display_name")),
            "customer": self.commercial_partner_id.display_name,
            "transaction_id": self.nets_open_transaction_id[:1].id,
            "amount": -amount,
            "due": currency.format(left),
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

    def nets_start_payout(self, amount, terminal_id, request_id, refund_of_id=False, previous_id=False):
        """Pay credit notes out on a card.

        :param float amount: negative, in their currency, major units
        :param int terminal_id: where
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :param int refund_of_id: the card payment that this gives back, or false
        :param int previous_id: as for `nets_start_card_payment`
        :return: what `read_progress` returns; or what the terminal has to finish first, as for payments
        :raise UserError: where nothing was sent, with the cause
        """
        transactions = self.env["nets.transaction"]
        refund_of = transactions.browse(refund_of_id or [])
        previous = transactions.browse(previous_id or [])
        return transactions._press_and_watch(
            CreditNotePayout(self.env, request_id, terminal_id, self, amount, refund_of, previous)
        )

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
        if len(self.company_id) > 1 or len(self.currency_id) > 1 or len(self.commercial_partner_id) > 1:
            raise refusal(self.env, "credit_notes_differ")

    def _nets_payout_left(self):
        return max(0, sum(self.mapped("amount_residual")) - self._nets_amount_under_way(("refund",)))

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
            amount=open_payments[0].currency_id.format(sum(open_payments.mapped("amount"))),
            reference=", ".join(open_payments.mapped("reference")),
        )
