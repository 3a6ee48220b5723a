from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...const import UNRESOLVED_STATES
from ...messages import refusal
from .press import CreditNotePayout, CreditNoteRefund, InvoicePayment, Refund, Reversal


class NetsTransaction(models.Model):
    """Transactions that pay invoices, or give money back for them.

    - a payment is matched with what is still due
    - a refund after which the amount is due again: the outgoing payment is matched with the original one
    - a refund that pays out a credit note: the outgoing payment is matched with the credit note
    - a reversal of the terminal's last payment: that payment is cancelled in the books, or offset
    """

    _inherit = "nets.transaction"

    origin = fields.Selection(selection_add=[("invoice", "Invoice")], ondelete={"invoice": "set default"})
    invoice_ids = fields.Many2many("account.move", string="Invoices", readonly=True, copy=False)
    # The receivable lines to reconcile with, chosen when reserving.
    line_ids = fields.Many2many("account.move.line", string="Journal items", readonly=True, copy=False)
    payment_id = fields.Many2one("account.payment", readonly=True, copy=False, index="btree_not_null")
    refund_mode = fields.Selection(
        [("due_again", "The amount is due again"), ("credit_note", "Matched with a credit note")],
        "Refund in the books",
        readonly=True,
        copy=False,
    )
    # What became due again by this refund: {invoice id as text: amount}. Only for display on the invoices.
    due_again = fields.Json(readonly=True, copy=False, groups=fields.NO_ACCESS)
    can_reverse = fields.Boolean(compute="_compute_can_reverse")

    # === COMPUTE METHODS === #

    @api.depends("amount_refundable", "to_book", "origin")
    def _compute_can_reverse(self):
        """The terminal takes back its last transaction only, and only as a whole."""
        last = self.filtered(lambda transaction: transaction._has_own_payment())._is_last_of_terminals()
        for transaction in self:
            transaction.can_reverse = transaction in last

    def _has_own_payment(self):
        """Whether this has, or will have, a payment of its own in the books, and is refunded from there."""
        return self.origin == "invoice" or bool(self.payment_id)

    # === ACTION METHODS === #

    def action_refund(self):
        """Open the dialog with what is left to refund.

        :raise UserError: where it can't be refunded, with the cause
        """
        self.ensure_one()
        self._check_may_run()
        self._check_may_give_back()
        self._check_refundable()
        return self._refund_dialog_action()

    def action_reverse(self):
        """Open the dialog that takes the payment back, as long as it is the terminal's last one."""
        self.ensure_one()
        self._check_may_run()
        self._check_may_give_back()
        self._check_reversible()
        return self._refund_dialog_action(reversal=True)

    def _refund_dialog_action(self, reversal=False):
        # the invoice that the person looks at: it is the first to become due again
        invoice_id = self.env.context.get("nets_invoice_id", False)
        return self.browse()._dialog_action(task=self._give_back_task(reversal, invoice_id))

    def _give_back_task(self, reversal, invoice_id):
        """What the dialog is opened for that gives this payment back, see `card_tasks.js`."""
        if reversal:
            return {"type": "reversal", "refund_of_id": self.id}
        return {"type": "refund", "refund_of_id": self.id, "invoice_id": invoice_id}

    # === REFUND: ASK FOR IT === #

    def refund_data(self, reversal=False, invoice_id=False):
        """What the dialog shows before a refund or reversal is started.

        :param bool reversal: the terminal's last transaction is to be taken back
        :param int invoice_id: the invoice the person looks at, or false
        :return: dict of plain values, amounts negative
        :raise UserError: where it can't be, with the cause
        """
        self.ensure_one()
        self._check_may_run()
        self._check_may_give_back()
        running = self.refund_ids._still_open()[:1]
        if not running:
            self._check_reversible() if reversal else self._check_refundable()
        terminals = self.env["nets.terminal"]
        terminal = self.terminal_id
        usable = terminals.search(terminals._usable_domain(self.company_id, self.currency_id))
        if terminal not in usable and not reversal:
            terminal = terminals._proposed(self.company_id, self.currency_id)
        credit_notes = self._open_credit_notes().sorted(lambda move: move.reversed_entry_id.id != invoice_id)
        proposed = credit_notes.filtered(lambda move: move.reversed_entry_id & self.invoice_ids)[:1]
        amount = self.amount_refundable
        if proposed:
            amount = min(amount, proposed._nets_payout_left())
        return {
            "title": self._purpose(),
            "customer": self.partner_id.display_name,
            "transaction_id": running.id,
            "amount": -(self.charged_amount if reversal else amount),
            "due": self._format_amount(self.amount_refundable),
            "left": self.amount_refundable,
            "card": self._card_name(),
            "currency_id": self.currency_id.id,
            "terminal_id": terminal.id,
            "has_usual_terminal": False,
            "terminals": (terminal if reversal else usable)._choices(),
            "credit_notes": [
                {
                    "id": move.id,
                    "name": move.display_name,
                    "left": move._nets_payout_left(),
                    "left_formatted": self._format_amount(move._nets_payout_left()),
                }
                for move in credit_notes
            ],
            "credit_note_id": proposed.id,
            "warning": self.invoice_ids._nets_online_payment_warning(),
        }

    def start_refund(self, amount, terminal_id, request_id, credit_note_id=False, invoice_id=False):
        """Give money back for a payment, on whatever terminal and card.

        :param float amount: negative, in the payment's currency, major units
        :param int terminal_id: where
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :param int credit_note_id: to be matched with this credit note; else the amount is due again
        :param int invoice_id: the invoice that becomes due first, where the payment was for several
        :return: what `read_progress` returns; or what the terminal has to finish first, as for payments
        :raise UserError: where nothing was sent, with the cause
        """
        self.ensure_one()
        return self._press_and_watch(
            self._refund_press(request_id, terminal_id, amount, credit_note_id=credit_note_id, invoice_id=invoice_id)
        )

    def _refund_press(self, request_id, terminal_id, amount, credit_note_id=False, invoice_id=False, previous=None):
        if credit_note_id:
            credit_note = self.env["account.move"].browse(credit_note_id)
            return CreditNoteRefund(self.env, request_id, terminal_id, credit_note, amount, self, previous)
        return Refund(self.env, request_id, terminal_id, self, amount, invoice_id, previous)

    def start_reversal(self, request_id):
        """Have the terminal take back its last transaction.

        :param str request_id: as for `start_refund`
        :return: as for `start_refund`
        :raise UserError: where nothing was sent, with the cause
        """
        self.ensure_one()
        return self._press_and_watch(Reversal(self.env, request_id, self))

    def _open_credit_notes(self):
        """Credit notes of this customer that a refund of this payment can pay out, newest first."""
        if not self.env["account.move"].has_access("read"):
            return self.env["account.move"]
        return self.env["account.move"].search(
            [
                ("move_type", "=", "out_refund"),
                ("state", "=", "posted"),
                ("company_id", "=", self.company_id.id),
                ("currency_id", "=", self.currency_id.id),
                ("commercial_partner_id", "=", self.partner_id.commercial_partner_id.id),
                ("amount_residual", "!=", 0),
            ]
        )

    # === REFUND: REFUSE WHAT CAN'T BE RIGHT === #

    def _check_refundable(self):
        """Refuse a refund, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        transaction = self.sudo()
        if transaction.kind != "purchase" or transaction.state != "approved":
            raise refusal(self.env, "payment_not_successful")
        if transaction.to_book:
            raise refusal(self.env, "payment_not_booked", cause=transaction.booking_error or "")
        payment = transaction.payment_id
        if not payment or payment.move_id.state != "posted":
            raise refusal(self.env, "payment_not_posted")
        if transaction.currency_id.compare_amounts(transaction.amount_refundable, 0) <= 0:
            if transaction.refund_ids.filtered(lambda refund: refund.state in UNRESOLVED_STATES):
                raise refusal(self.env, "refund_under_way")
            raise refusal(self.env, "payment_refunded")

    def _check_refund_amount(self, amount):
        """:raise UserError: where `amount` (negative) is no amount, or more than what is left"""
        self._check_number(amount, self.currency_id)
        if self.currency_id.compare_amounts(amount, 0) >= 0:
            raise refusal(self.env, "refund_not_negative")
        left = self.sudo().amount_refundable
        if self.currency_id.compare_amounts(-amount, left) > 0:
            raise refusal(self.env, "amount_above_refundable", left=self._format_amount(left))

    def _check_matching(self, amount):
        """Refuse what can't become due again in the books.

        :param float amount: positive
        """
        payment = self.sudo().payment_id
        if payment._seek_for_lines()[2]:
            raise refusal(self.env, "payment_with_discount")
        left = payment._nets_open_credit() + sum(payment._nets_invoice_partials().mapped("credit_amount_currency"))
        # what other refunds of it will take once they are booked
        refunds = self.sudo().refund_ids.filtered(lambda refund: refund.refund_mode == "due_again")
        left -= refunds._amount_open()
        if self.currency_id.compare_amounts(amount, left) > 0:
            raise refusal(self.env, "amount_above_matched", left=self._format_amount(max(0, left)))

    def _check_reversible(self):
        """Refuse a reversal, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        self._check_refundable()
        transaction = self.sudo()
        if not transaction.can_reverse:
            raise refusal(self.env, "not_last_payment")
        payment = transaction.payment_id
        if not payment._nets_is_cancellable() and payment._seek_for_lines()[2]:
            raise refusal(self.env, "payment_not_cancellable")

    # === BOOK === #

    def _book_payment(self):
        """Register the charged amount as a payment, reconcile what is still open, leave the rest as credit.

        Rule 12: the amount is what was charged and the date is the charge's, whatever happened to the invoice.

        :return: what a person should know about the booking
        """
        lines = self._open_lines()
        self._make_payment(self._prepare_payment_values(lines))
        self.env["account.payment.register"]._reconcile_payments([{"payment": self.payment_id, "to_reconcile": lines}])
        # also where nothing was open any more: the invoice shows what was paid for it
        self._settled_moves().matched_payment_ids |= self.payment_id
        return self._booking_note()

    def _book_refund(self):
        """An outgoing payment matched with the original one, as far as that can be freed from its invoices.

        As for charges, the payment is made and posted whatever happened to the original meanwhile.
        """
        self._make_payment(self._prepare_payment_values(self.env["account.move.line"]))
        return self._match_refund((self.booking_values or {}).get("invoice_id"))

    def _match_refund(self, invoice_id=False):
        self.due_again = self.refund_of_id.payment_id._nets_match_refund(self.payment_id, invoice_id)
        return self._booking_note()

    def _book_reversal(self, offset_values=None):
        """Cancel the payment, or offset it where cancelling isn't allowed.

        :param offset_values: of the payment that offsets it, where the reservation doesn't keep them
        """
        payment = self.refund_of_id.payment_id
        if payment.state == "canceled" or payment._nets_is_cancellable():
            try:
                with self.env.cr.savepoint():
                    # from now on the payment stands for no charge any more
                    self.payment_id = payment
                    if payment.state != "canceled":
                        payment.action_cancel()
                    self.env.flush_all()
                return None
            except UserError:
                # what else a localisation or another module may forbid: an outgoing payment is always right
                self.env.invalidate_all()
        if offset_values:
            self._make_payment(offset_values)
            return self._match_refund()
        return self._book_refund()

    def _make_payment(self, values):
        """Make and post the payment.

        :param dict values: of account.payment
        """
        method_line = self.env["account.payment.method.line"].browse(values["payment_method_line_id"])
        # With the Accounting app, a method line without an outstanding account makes no journal entry: the invoice
        # would stay due, and could be charged again. A charge must always have one.
        register = self.env["account.payment.register"].with_context(
            force_payment_move=not method_line.payment_account_id
        )
        to_process = [{"create_vals": values}]
        self.payment_id = register._init_payments(to_process)
        register._post_payments(to_process)

    def _settled_moves(self):
        """The documents that this transaction's payment is matched with."""
        if self.kind == "purchase":
            return self.invoice_ids
        return self.invoice_ids.filtered(lambda move: move.move_type == "out_refund")

    def _open_lines(self):
        """What is still due of what this charge was for. The lines are others than those chosen when reserving where
        the invoice was reset to draft meanwhile."""
        lines = self.line_ids | self._settled_moves().line_ids.filtered(
            lambda line: line.account_id.id == self.booking_values["destination_account_id"]
        )
        return lines.filtered(lambda line: line.parent_state == "posted" and not line.reconciled)

    def _prepare_payment_values(self, lines):
        values = dict(self.booking_values)
        write_off_lines = values.pop("write_off_line_vals")
        residual = values.pop("residual")
        values.pop("invoice_id", None)
        as_asked = (
            self.currency_id.compare_amounts(self.charged_amount, self.amount) == 0
            and set(lines) == set(self.line_ids)
            and self.currency_id.compare_amounts(abs(sum(lines.mapped("amount_residual_currency"))), residual) == 0
        )
        if not self.env["account.payment.method.line"].browse(values["payment_method_line_id"]).exists():
            # taken off the journal meanwhile, perhaps to be added anew
            journal = self.env["account.journal"].browse(values["journal_id"])
            values["payment_method_line_id"] = journal._nets_method_line(values["payment_type"]).id
        values |= {
            "date": self.charge_date,
            "amount": abs(self.charged_amount),
            "memo": " · ".join(filter(None, [values["memo"], self._payment_reference()])),
            "payment_reference": self.order_id,
            # A discount belongs to the payment it was granted for: not when anything changed meanwhile.
            "write_off_line_vals": write_off_lines if as_asked else [],
        }
        return values

    def _payment_reference(self):
        """What an accountant needs to find the charge in what NETS pays out."""
        return "/".join(filter(None, [self.terminal_identifier, self.session_number, self.stan]))

    def _booking_note(self):
        payment = self.payment_id
        notes = []
        if payment.move_id and payment.move_id.date != self.charge_date:
            notes.append(
                self.env._(
                    "The card was charged on %(charge_date)s. A lock date doesn't allow an entry on that day, so the "
                    "payment is booked on %(booking_date)s.",
                    charge_date=format_date(self.env, self.charge_date),
                    booking_date=format_date(self.env, payment.move_id.date),
                )
            )
        _liquidity, counterpart, _writeoff = payment._seek_for_lines()
        credit = abs(sum(counterpart.mapped("amount_residual_currency")))
        if not self.currency_id.is_zero(credit):
            notes.append(self._leftover_note(credit))
        if self.tip_amount or self.surcharge_amount:
            notes.append(
                self.env._(
                    "%(extra)s of the charge was added on the terminal as a tip or surcharge.",
                    extra=self._format_amount(self.tip_amount + self.surcharge_amount),
                )
            )
        note = " ".join(notes)
        for invoice in self.invoice_ids:
            if note:
                invoice.message_post(body=note)
        return note

    def _leftover_note(self, amount):
        if self.kind != "purchase":
            return self.env._(
                "%(amount)s went back to the card, but there is nothing open in the books that it could be matched "
                "with. It stands among the customer's open items.",
                amount=self._format_amount(amount),
            )
        return self.env._(
            "%(credit)s of the charge is more than what was still due. It is the customer's credit: refund it, "
            "or match it with another invoice.",
            credit=self._format_amount(amount),
        )


class NetsOriginInvoice(models.AbstractModel):
    _name = "nets.origin.invoice"
    _inherit = "nets.origin"
    _description = "Card payments and refunds of invoices"

    @api.model
    def _book(self, transaction):
        if transaction.kind == "reversal":
            return transaction._book_reversal()
        if transaction.refund_mode == "due_again":
            return transaction._book_refund()
        return transaction._book_payment()

    @api.model
    def _booked_as(self, transaction):
        return transaction.payment_id.display_name

    @api.model
    def _tell(self, transaction):
        transaction._send_news(*((invoice, "nets_connect_cloud") for invoice in transaction.invoice_ids))

    @api.model
    def _progress(self, transaction):
        return {"task": self._task(transaction)}

    @api.model
    def _task(self, transaction):
        if transaction.refund_mode == "credit_note":
            return transaction._settled_moves()._nets_task()
        if transaction.kind != "purchase":
            invoice_id = (transaction.booking_values or {}).get("invoice_id", False)
            return transaction.refund_of_id._give_back_task(transaction.kind == "reversal", invoice_id)
        return transaction.invoice_ids._nets_task()

    @api.model
    def _purpose(self, transaction):
        return ", ".join(transaction.invoice_ids.mapped("display_name"))

    @api.model
    def _check_may_sign(self, transaction):
        transaction.invoice_ids.check_access("write")

    @api.model
    def _press_back(self, transaction, request_id):
        return Reversal(self.env, request_id, transaction)

    @api.model
    def _check_may_give_back(self, transaction):
        transaction.invoice_ids.check_access("write")

    @api.model
    def _press_again(self, transaction, request_id, terminal_id):
        asked = transaction.sudo()
        original = transaction.refund_of_id
        if asked.kind == "reversal":
            return Reversal(self.env, request_id, original, previous=transaction)
        if asked.refund_mode == "due_again":
            invoice_id = asked.booking_values["invoice_id"]
            return Refund(self.env, request_id, terminal_id, original, asked.amount, invoice_id, previous=transaction)
        if asked.kind == "refund":
            moves = transaction._settled_moves()
            return CreditNotePayout(self.env, request_id, terminal_id, moves, asked.amount, original, transaction)
        moves = transaction.invoice_ids
        return InvoicePayment(self.env, request_id, terminal_id, moves, asked.amount, previous=transaction)
