import uuid

from odoo import api, fields, models
from odoo.tools import format_date, format_list, formatLang

from ...messages import refusal
from ...models.account.const import PAYMENT_METHOD_CODE
from ...models.account.press import CreditNotePayout, InvoicePayment
from ...models.engine.rows import lock_rows

CUSTOMER_DOCUMENTS = {"entry", "out_invoice", "out_receipt", "out_refund"}


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    nets_is_terminal = fields.Boolean(compute="_compute_nets_is_terminal")
    nets_terminal_id = fields.Many2one(
        "nets.terminal",
        "Terminal",
        compute="_compute_nets_terminal_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', nets_available_terminal_ids)]",
    )
    nets_available_terminal_ids = fields.Many2many("nets.terminal", compute="_compute_nets_available_terminal_ids")
    nets_refund_of_id = fields.Many2one(
        "nets.transaction",
        "Card payment to refund",
        compute="_compute_nets_refund_of_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', nets_refundable_ids)]",
        help="No more is given back than is left of it. Empty: to a card that isn't known here.",
    )
    nets_refundable_ids = fields.Many2many("nets.transaction", compute="_compute_nets_refundable_ids")
    # In which currency the card is charged, and at what rate: what the person who asks has to know before.
    nets_currency_note = fields.Char(compute="_compute_nets_currency_note")
    # Each opened wizard asks once: pressing twice returns the first one's transaction.
    nets_request_id = fields.Char(default=lambda self: str(uuid.uuid4()))

    @api.depends("line_ids", "company_id")
    def _compute_payment_method_line_fields(self):
        """*Card* is offered where it can be used."""
        result = super()._compute_payment_method_line_fields()
        for wizard in self:
            if not wizard._nets_offers_terminal():
                lines = wizard.available_payment_method_line_ids
                wizard.available_payment_method_line_ids = lines - lines._nets_card_lines()
        return result

    @api.depends("nets_is_terminal")
    def _compute_group_payment(self):
        """A card is charged once: what it pays is one payment, also where it pays several documents."""
        result = super()._compute_group_payment()
        for wizard in self.filtered("nets_is_terminal"):
            wizard.group_payment = wizard.can_edit_wizard
        return result

    @api.depends("line_ids")
    def _compute_actionable_errors(self):
        """A payment that went back to the card is no payment in progress."""
        result = super()._compute_actionable_errors()
        for wizard in self.filtered("actionable_errors"):
            payments = wizard.line_ids.move_id.reconciled_payment_ids.filtered(
                lambda payment: payment.state == "in_process"
            )
            if payments and not payments.filtered(lambda payment: not payment._nets_went_back()):
                errors = dict(wizard.actionable_errors)
                errors.pop("unpaid_matched_payments", None)
                wizard.actionable_errors = errors
        return result

    @api.depends("line_ids", "company_id")
    def _compute_payment_method_line_id(self):
        result = super()._compute_payment_method_line_id()
        for wizard in self:
            if wizard.payment_method_line_id._nets_card_lines() and not wizard._nets_offers_terminal():
                lines = wizard.journal_id._get_available_payment_method_lines(wizard.payment_type)
                wizard.payment_method_line_id = (lines - lines._nets_card_lines())[:1]._origin
        return result

    def _nets_offers_terminal(self):
        """Whether these documents are a customer's, and there is a terminal to take the card on."""
        if not set(self.line_ids.move_id.mapped("move_type")) <= CUSTOMER_DOCUMENTS:
            return False
        terminals = self.env["nets.terminal"].sudo()
        return bool(terminals.search_count(terminals._usable_domain(self.company_id), limit=1))

    @api.depends("payment_method_line_id", "payment_type")
    def _compute_nets_is_terminal(self):
        for wizard in self:
            wizard.nets_is_terminal = wizard.payment_method_line_id.code == PAYMENT_METHOD_CODE

    @api.depends("company_id", "currency_id", "nets_is_terminal")
    def _compute_nets_available_terminal_ids(self):
        terminals = self.env["nets.terminal"]
        for wizard in self:
            domain = terminals._usable_domain(wizard.company_id, wizard.currency_id)
            wizard.nets_available_terminal_ids = wizard.nets_is_terminal and terminals.search(domain)

    @api.depends("company_id", "currency_id", "nets_is_terminal")
    def _compute_nets_terminal_id(self):
        for wizard in self:
            if wizard.nets_terminal_id not in wizard.nets_available_terminal_ids:
                wizard.nets_terminal_id = wizard.nets_is_terminal and self.env["nets.terminal"]._proposed(
                    wizard.company_id, wizard.currency_id
                )

    @api.depends("currency_id", "source_currency_id", "amount", "nets_is_terminal", "nets_available_terminal_ids")
    @api.depends_context("lang")
    def _compute_nets_currency_note(self):
        for wizard in self:
            wizard.nets_currency_note = wizard.nets_is_terminal and wizard._nets_say_currency()

    def _nets_say_currency(self):
        """:return: what a person has to know where no terminal charges the documents' currency; mostly empty"""
        asked, charged = self.source_currency_id, self.currency_id
        if self.payment_type != "inbound" or not asked or not charged:
            return ""
        if asked != charged:
            today = fields.Date.context_today(self)
            rate = self.env["res.currency"]._get_conversion_rate(asked, charged, self.company_id, today)
            return self.env._(
                "The card is charged in %(charged)s: %(rate)s %(charged)s for 1 %(asked)s, the rate of %(date)s.",
                charged=charged.name,
                asked=asked.name,
                rate=formatLang(self.env, rate, digits=6).rstrip("0").rstrip(".,"),
                date=format_date(self.env, today),
            )
        if self.nets_available_terminal_ids:
            return ""
        terminals = self.env["nets.terminal"]
        others = terminals.search(terminals._usable_domain(self.company_id)).currency_id
        return self.env._(
            "No terminal charges %(asked)s. Choose %(currencies)s beside the amount, to have it converted at today's "
            "rate.",
            asked=asked.name,
            currencies=format_list(self.env, others.mapped("name"), "or"),
        )

    @api.depends("line_ids", "payment_type", "nets_is_terminal")
    def _compute_nets_refundable_ids(self):
        for wizard in self:
            wizard.nets_refundable_ids = wizard._nets_is_payout() and wizard.line_ids.move_id._nets_card_payments()

    @api.depends("line_ids", "payment_type", "nets_is_terminal")
    def _compute_nets_refund_of_id(self):
        for wizard in self:
            wizard.nets_refund_of_id = (
                wizard._nets_is_payout() and wizard.line_ids.move_id._nets_proposed_card_payment()
            )

    def _nets_is_payout(self):
        moves = self.line_ids.move_id
        return (
            self.nets_is_terminal
            and self.payment_type == "outbound"
            and set(moves.mapped("move_type")) == {"out_refund"}
            and len(moves.company_id) == len(moves.currency_id) == len(moves.commercial_partner_id) == 1
        )

    def action_nets_process_card(self):
        """Reserve the terminal, and show the transaction.

        :raise UserError: where nothing was sent, with the cause
        """
        transaction, waiting = self.env["nets.transaction"]._press(self._nets_press())
        wizard = self if waiting else None
        return self.line_ids.move_id._nets_dialog_action(transaction=transaction, wizard=wizard)

    def nets_process_card(self):
        """Process card, for the dialog that holds this payment while an earlier one on the terminal is resolved.

        :return: as `account.move.nets_start_card_payment`
        """
        return self.env["nets.transaction"]._press_and_watch(self._nets_press())

    def _nets_press(self):
        """:return: the press of *Process card* in this window"""
        self.ensure_one()
        if not self.nets_terminal_id:
            raise refusal(self.env, "no_terminal")
        common = (self.env, self.nets_request_id, self.nets_terminal_id.id, self.line_ids.move_id)
        if self.payment_type == "outbound":
            return CreditNotePayout(*common, -self.amount, self.nets_refund_of_id, wizard=self)
        return InvoicePayment(*common, self.amount, wizard=self)

    def action_create_payments(self):
        # A payment by card terminal that no terminal took would be money that never came.
        if self.payment_method_line_id.code == PAYMENT_METHOD_CODE:
            return self.action_nets_process_card()
        return super().action_create_payments()

    def _create_payments(self):
        self._nets_check_nothing_under_way()
        return super()._create_payments()

    def _nets_check_nothing_under_way(self):
        """Rule 11: while a terminal may be charging it, an amount can't be paid in another way.

        :raise UserError: where what is paid now and what is under way on a terminal are more than what is due
        """
        documents = self.line_ids.move_id.filtered(
            lambda move: move.move_type in ("out_invoice", "out_receipt", "out_refund")
        )
        if not documents:
            return
        # nor may a terminal be reserved at this very moment, unseen
        lock_rows(documents)
        kinds = ("refund",) if set(documents.mapped("move_type")) == {"out_refund"} else ("purchase",)
        # what pays one document of several is checked with that one alone
        together = self.can_edit_wizard and (len(self.batches[0]["lines"]) == 1 or self.group_payment)
        for moves in [documents] if together else documents:
            under_way = moves._nets_amount_under_way(kinds)
            if not under_way:
                continue
            currency = moves.currency_id[:1]
            due = abs(sum(move.direction_sign * move.amount_residual for move in moves))
            # in another currency, or with the amounts of several payments, all of it is paid
            paid = self.amount if together and self.currency_id == moves.currency_id else due
            if currency.compare_amounts(paid + under_way, due) > 0:
                transaction = moves.sudo().nets_transaction_ids._still_open()[:1]
                raise refusal(
                    self.env,
                    "paid_on_terminal",
                    amount=currency.format(under_way),
                    terminal=transaction.terminal_id.name,
                )

    def _nets_check_outstanding_account(self):
        """Refuse now what couldn't be booked later.

        :raise UserError: neither the method line nor the company says where the money is until the bank statement
        """
        if not self.payment_method_line_id.payment_account_id:
            # with all rights, as booking has: a branch's accounts are its parent's, which its users may not see
            payment = self.env["account.payment"].sudo().new({"company_id": self.company_id.id})
            payment._get_outstanding_account(self.payment_type)
