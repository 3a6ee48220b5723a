import uuid

from odoo import api, fields, models

from ...const import PAYMENT_METHOD_CODE
from ...messages import refusal


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
    # Each opened wizard asks once: pressing twice returns the first one's transaction.
    nets_request_id = fields.Char(default=lambda self: str(uuid.uuid4()))

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
        self.ensure_one()
        self.env["nets.transaction"]._check_may_run()
        if not self.nets_terminal_id:
            raise refusal(self.env, "no_terminal")
        transaction, waiting = self._nets_process_card()
        wizard = self if waiting else None
        return self.line_ids.move_id._nets_dialog_action(transaction=transaction, wizard=wizard)

    def nets_process_card(self):
        """Process card, for the dialog that holds this payment while an earlier one on the terminal is resolved.

        :return: as `account.move.nets_start_card_payment`
        """
        self.ensure_one()
        self.env["nets.transaction"]._check_may_run()
        transaction, waiting = self._nets_process_card()
        return [waiting] if waiting else transaction.read_progress()

    def _nets_process_card(self):
        """:return: the transaction, or None; and what it has to wait for, or None"""
        transactions = self.env["nets.transaction"]
        if transaction := transactions._find_request(self.nets_request_id):
            return transaction, None
        self._nets_check_documents()
        self.nets_terminal_id._check_usable(self.company_id, self.currency_id)
        if waiting := transactions._wait_for_terminal(self.nets_terminal_id):
            return None, waiting
        return self._nets_reserve(self.nets_terminal_id, self.nets_request_id), None

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
        documents._nets_lock_debt()
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
                    amount=transaction._format_amount(under_way),
                    terminal=transaction.terminal_id.name,
                )

    def _nets_check_documents(self):
        """:raise UserError: where these can't be paid, or paid out, by card"""
        documents = self.line_ids.move_id
        if self.payment_type == "outbound":
            documents._nets_check_payout()
        else:
            documents._nets_check_payable()

    def _nets_reserve(self, terminal, request_id, previous=None):
        """Reserve a payment of what this wizard holds.

        Everything that booking needs is kept with the transaction: this wizard may be gone by then.

        :param terminal: nets.terminal, checked
        :param str request_id: made by the client
        :param previous: the transaction that this one repeats
        :return: nets.transaction
        :raise UserError: where nothing was sent, with the cause
        """
        self.ensure_one()
        invoices = self.line_ids.move_id
        refund_of = self.nets_refund_of_id if self.payment_type == "outbound" else self.nets_refund_of_id.browse()
        # Rule 3: from here on nobody else reserves for these invoices, and what is due is read anew.
        if refund_of:
            refund_of._lock_refundable()
        invoices._nets_lock_debt()
        self.line_ids.invalidate_recordset()
        self._nets_check_documents()
        if not self.can_edit_wizard or (len(self.batches[0]["lines"]) > 1 and not self.group_payment):
            raise refusal(self.env, "invoices_not_grouped")
        if self.currency_id != invoices.currency_id:
            raise refusal(
                self.env, "payment_currency", invoice_currency=invoices.currency_id.name, currency=self.currency_id.name
            )
        self._nets_check_amount(invoices)
        if refund_of:
            self._nets_check_refund_of(refund_of)
        self._nets_check_outstanding_account()
        batch = self.batches[0]
        values = self._create_payment_vals_from_wizard(batch)
        lines = batch["lines"]
        values["residual"] = abs(sum(lines.mapped("amount_residual_currency")))
        del values["date"], values["amount"]
        kind_values = {"kind": "purchase", "amount": self.amount}
        if self.payment_type == "outbound":
            kind_values = {
                "kind": "refund",
                "amount": -self.amount,
                "refund_mode": "credit_note",
                "refund_of_id": refund_of.id,
            }
        return self.env["nets.transaction"]._reserve(
            {
                **kind_values,
                "terminal_id": terminal.id,
                "request_id": request_id,
                "currency_id": self.currency_id.id,
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "booking_values": values,
                "retry_of_id": previous.id if previous else False,
                **self.env["nets.transaction"]._reservation_values_of_invoices(lines, refund_of.invoice_ids),
            }
        )

    def _nets_check_refund_of(self, refund_of):
        """Refuse a payout that gives back more than was paid, or what belongs to somebody else."""
        if refund_of.sudo().partner_id.commercial_partner_id != self.line_ids.move_id.commercial_partner_id:
            raise refusal(self.env, "card_payment_customer")
        if refund_of.sudo().company_id != self.company_id or refund_of.sudo().currency_id != self.currency_id:
            raise refusal(self.env, "card_payment_company")
        refund_of._check_refundable()
        refund_of._check_refund_amount(-self.amount)

    def _nets_check_amount(self, invoices):
        currency = self.currency_id
        if currency.compare_amounts(self.amount, 0) <= 0:
            raise refusal(self.env, "amount_not_positive")
        due = abs(sum(self.batches[0]["lines"].mapped("amount_residual_currency")))
        paying_out = self.payment_type == "outbound"
        under_way = invoices._nets_payout_under_way() if paying_out else invoices._nets_amount_under_way()
        transactions = self.env["nets.transaction"].new({"currency_id": currency.id})
        if paying_out and currency.compare_amounts(self.amount + under_way, due) > 0:
            raise refusal(self.env, "amount_above_payout", left=transactions._format_amount(max(0, due - under_way)))
        if currency.compare_amounts(self.amount, due) > 0:
            raise refusal(self.env, "amount_above_due", due=transactions._format_amount(due))
        if currency.compare_amounts(self.amount + under_way, due) > 0:
            raise refusal(
                self.env,
                "amount_under_way",
                under_way=transactions._format_amount(under_way),
                due=transactions._format_amount(due),
            )

    def _nets_check_outstanding_account(self):
        """Refuse now what couldn't be booked later.

        :raise UserError: neither the method line nor the company says where the money is until the bank statement
        """
        if not self.payment_method_line_id.payment_account_id:
            payment = self.env["account.payment"].new({"company_id": self.company_id.id})
            payment._get_outstanding_account(self.payment_type)
