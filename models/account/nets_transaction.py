import logging

import psycopg2
import psycopg2.errors

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, ormcache

from ... import listener
from ...const import PLAY_MONEY, UNRESOLVED_STATES
from ...messages import describe_notes, note_of_error, refusal
from ..engine.own_words import own_words
from .press import CreditNotePayout, CreditNoteRefund, InvoicePayment, Refund, Reversal
from .references import account_name, charge_reference, play_money_mark

_logger = logging.getLogger(__name__)

# What accountants change, and accounting then refuses with.
ACCOUNTING_STATE_MODELS = (
    "res.company",
    "account.journal",
    "account.payment.method.line",
    "account.account",
    "account.tax",
)

# Seconds that a rehearsal waits for what somebody else has: there is a person behind it.
REHEARSAL_PATIENCE = 0.3


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

    # == How it is booked, as the person filled it in == #
    # Columns with foreign keys (rule 22): a merge of customers takes them along, and what is deleted is refused.
    journal_id = fields.Many2one("account.journal", readonly=True, copy=False, ondelete="restrict")
    payment_method_line_id = fields.Many2one(
        "account.payment.method.line", "Method", readonly=True, copy=False, ondelete="set null"
    )
    destination_account_id = fields.Many2one(
        "account.account", "Customer's account", readonly=True, copy=False, ondelete="restrict"
    )
    memo = fields.Char(readonly=True, copy=False)
    amount_due = fields.Monetary("Due when asked", readonly=True, copy=False)
    # Where the card was asked for another currency than that of the documents: what of them was to be paid.
    document_currency_id = fields.Many2one("res.currency", "Currency of the documents", readonly=True, copy=False)
    document_amount = fields.Monetary(
        "Paid of the documents", currency_field="document_currency_id", readonly=True, copy=False
    )
    # For whether a discount is granted, the day on which it was asked for counts, and not the day of the charge.
    payment_date = fields.Date("Asked on", readonly=True, copy=False)
    installments_mode = fields.Char(readonly=True, copy=False)
    difference_handling = fields.Selection(
        [("open", "Keep open"), ("reconcile", "Mark as fully paid")], "What isn't paid", readonly=True, copy=False
    )
    writeoff_account_id = fields.Many2one(
        "account.account", "Difference account", readonly=True, copy=False, ondelete="restrict"
    )
    writeoff_label = fields.Char(readonly=True, copy=False)
    # Of several invoices, the one that a refund makes due again first.
    due_first_id = fields.Many2one(
        "account.move", "Due first", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    refund_mode = fields.Selection(
        [("due_again", "The amount is due again"), ("credit_note", "Matched with a credit note")],
        "Refund in the books",
        readonly=True,
        copy=False,
    )
    # What became due again by this refund: {invoice id as text: amount in its currency}. Only for display there.
    due_again = fields.Json(readonly=True, copy=False, groups=fields.NO_ACCESS)
    can_reverse = fields.Boolean(compute="_compute_can_reverse")

    # === COMPUTE METHODS === #

    @api.depends("amount_refundable", "to_book", "origin")
    def _compute_can_reverse(self):
        """The terminal reverses only its last transaction, and only as a whole."""
        last = self.filtered(lambda transaction: transaction._has_own_payment())._is_last_of_terminals()
        for transaction in self:
            transaction.can_reverse = transaction in last

    def _has_own_payment(self):
        """Whether this has, or will have, its own payment in the books, and is refunded from there."""
        return self._origin_model()._has_own_payment(self)

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
        """Open the dialog that reverses the payment, as long as it is the terminal's last one."""
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

    def refund_data(self, reversal=False, invoice_id=False, previous_id=False):
        """What the dialog shows before a refund or reversal is started.

        :param bool reversal: the terminal's last transaction is to be reversed
        :param int invoice_id: the invoice the person looks at, or false
        :param int previous_id: the refund that failed, and is about to be changed: what it asked for is shown
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
        if previous := self._previous(previous_id):
            proposed = previous._settled_moves() & credit_notes
            amount = min(amount, -previous.amount)
        elif proposed:
            amount = min(amount, proposed._nets_payout_left())
        return {
            "title": self._purpose(),
            "customer": self.partner_id.display_name,
            "transaction_id": running.id,
            "amount": -(self.charged_amount if reversal else amount),
            "due": self.currency_id.format(self.amount_refundable),
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
                    "left_formatted": self.currency_id.format(move._nets_payout_left()),
                }
                for move in credit_notes
            ],
            "credit_note_id": proposed.id,
            "warning": self.invoice_ids._nets_online_payment_warning(),
        }

    def start_refund(self, amount, terminal_id, request_id, credit_note_id=False, invoice_id=False, previous_id=False):  # pylint: disable=too-many-positional-arguments
        """Give money back for a payment, on any terminal and card.

        :param float amount: negative, in the payment's currency, major units
        :param int terminal_id: where
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :param int credit_note_id: to be matched with this credit note; else the amount is due again
        :param int invoice_id: the invoice that becomes due first, where the payment was for several
        :param int previous_id: the refund that failed, and is asked for again with another amount or terminal
        :return: what `read_progress` returns; or what the terminal has to finish first, as for payments
        :raise UserError: where nothing was sent, with the cause
        """
        self.ensure_one()
        previous = self.browse(previous_id or [])
        if credit_note_id:
            credit_note = self.env["account.move"].browse(credit_note_id)
            press = CreditNoteRefund(self.env, request_id, terminal_id, credit_note, amount, self, previous)
        else:
            press = Refund(self.env, request_id, terminal_id, self, amount, invoice_id, previous)
        return self._press_and_watch(press)

    def start_reversal(self, request_id):
        """Have the terminal reverse its last transaction.

        :param str request_id: as for `start_refund`
        :return: as for `start_refund`
        :raise UserError: where nothing was sent, with the cause
        """
        self.ensure_one()
        return self._press_and_watch(Reversal(self.env, request_id, self))

    @api.model
    def _previous(self, previous_id):
        """:return: the transaction that failed and is about to be changed, empty for none"""
        previous = self.browse(previous_id or [])
        previous.check_access("read")
        return previous

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
            raise refusal(self.env, "amount_above_refundable", left=self.currency_id.format(left))

    def _check_matching(self, amount):
        """Refuse what can't become due again in the books.

        :param float amount: positive
        """
        payment = self.sudo().payment_id
        if self.sudo()._has_discount():
            raise refusal(self.env, "payment_with_discount")
        left = payment._nets_open_credit() + sum(map(payment._nets_freed_by, payment._nets_invoice_partials()))
        left += sum(self.sudo()._extra_left())
        # what other refunds of it will take once they are booked
        refunds = self.sudo().refund_ids.filtered(lambda refund: refund.refund_mode == "due_again")
        left -= refunds._amount_open()
        if self.currency_id.compare_amounts(amount, left) > 0:
            raise refusal(self.env, "amount_above_matched", left=self.currency_id.format(max(0, left)))

    def _check_reversible(self):
        """Refuse a reversal, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        self._check_refundable()
        transaction = self.sudo()
        if not transaction.can_reverse:
            raise refusal(self.env, "not_last_payment")
        payment = transaction.payment_id
        today = fields.Datetime.context_timestamp(
            transaction.with_context(tz=transaction.location_id.tz or "UTC"), fields.Datetime.now()
        ).date()
        if not payment._nets_is_cancelled_on(today) and transaction._has_discount():
            raise refusal(self.env, "payment_not_cancellable")

    # === REHEARSE === #

    @api.model
    def _rehearse_booking(self, reservation):
        """Refuse a charge that accounting would refuse to book today (rule 12 at its right end).

        What is booked is tried and rolled back. That takes some 170 queries, so payments that differ in nothing but
        their customer and amount do it once for each state of what accounting goes by: then it is one query.

        :param dict reservation: values of nets.transaction
        :raise UserError: where accounting refuses, with the cause
        """
        company = self.env["res.company"].browse(reservation["company_id"])
        is_plain = (
            reservation["kind"] == "purchase"
            and reservation["currency_id"] == company.currency_id.id
            and reservation["difference_handling"] != "reconcile"
            and not reservation.get("document_currency_id")
        )
        try:
            if is_plain:
                self._rehearse_once(self._accounting_state(reservation), reservation)
            else:
                self._rehearse(reservation)
        except psycopg2.errors.LockNotAvailable:
            # Nothing is refused by that, and who presses doesn't wait for it. The booking does.
            _logger.info("The booking isn't rehearsed: somebody else has what it needs")

    @api.model
    @ormcache("state", cache="stable")
    def _rehearse_once(self, state, reservation):
        """As `_rehearse`, unless that went well in the same state; another set of modules makes new caches."""
        self._rehearse(reservation)
        return True

    @api.model
    def _accounting_state(self, reservation):
        """What decides whether a plain payment is booked, besides customer and amount.

        :return: tuple that changes when an accountant changes something, and every day
        """
        self.env.flush_all()
        states = [
            # a sum, since what was begun earlier may be committed later than what is newest
            SQL(
                "(SELECT ROW(count(*), sum(extract(epoch FROM write_date)))::text FROM %s)",
                SQL.identifier(self.env[model]._table),
            )
            for model in ACCOUNTING_STATE_MODELS
        ]
        self.env.cr.execute(SQL("SELECT %s", SQL(", ").join(states)))
        names = ("company_id", "journal_id", "payment_method_line_id", "destination_account_id")
        return (fields.Date.today(), *(reservation[name] for name in names), *self.env.cr.fetchone())

    @api.model
    def _rehearse(self, reservation):
        """Book what is about to be asked for, and roll it back.

        :raise UserError: where accounting refuses, with the cause
        :raise LockNotAvailable: where somebody else has a document, or the number of an entry, for longer than a moment
        """
        try:
            with listener.quiet_conflicts(), self._as_if_charged(reservation) as transaction:
                self.env.cr.execute(SQL("SET LOCAL lock_timeout = %s", f"{REHEARSAL_PATIENCE * 1000:.0f}ms"))
                transaction.with_company(transaction.company_id).with_context(tracking_disable=True)._make_entries()
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # a serialization failure: the request is repeated
        except Exception as error:  # accounting, and anything installed beside it, may refuse in any way
            _logger.info("A card isn't asked, since the payment couldn't be booked", exc_info=True)
            cause = describe_notes(self.env, note_of_error(error), self.env["res.currency"])
            raise refusal(self.env, "not_bookable", cause=cause) from error

    # === BOOK === #

    def _make_entries(self):
        """Book an invoice's payment, refund or reversal."""
        if self.kind == "reversal":
            self._book_reversal()
        elif self.refund_mode == "due_again":
            self._book_refund()
        else:
            self._book_payment()
        # localisations compute what documents say in the current company: in this one's
        self.invoice_ids.flush_recordset()

    def _book_payment(self):
        """Register the charged amount as a payment, reconcile what is still open, leave the rest as credit.

        Rule 12: the amount is what was charged and the date is the charge's, whatever happened to the invoice.
        """
        self.booked_tip, self.booked_surcharge = self._extra_amounts()
        lines = self._open_lines()
        self._make_payment(self._payment_values(lines), lines)
        # also where nothing was open any more: the invoice shows what was paid for it
        self._settled_moves().matched_payment_ids |= self.payment_id

    def _book_refund(self):
        """An outgoing payment matched with the original one, as far as that can be freed from its invoices.

        As for charges, the payment is made and posted whatever happened to the original meanwhile.
        """
        self.booked_tip, self.booked_surcharge = self._refunded_extra_amounts()
        self._make_payment(self._payment_values(self.env["account.move.line"]))
        self._match_refund()

    def _match_refund(self):
        self.due_again = self.refund_of_id.payment_id._nets_match_refund(self.payment_id, self.due_first_id)

    def _book_reversal(self, offset_values=None):
        """Cancel the payment, or offset it where cancelling isn't allowed.

        :param offset_values: of the payment that offsets it, where the reservation doesn't keep them
        """
        payment = self.refund_of_id.payment_id
        if payment.state == "canceled" or payment._nets_is_cancelled_on(self.charge_date):
            try:
                with self.env.cr.savepoint():
                    # from now on the payment stands for no charge any more
                    self.payment_id = payment
                    if payment.state != "canceled":
                        payment.action_cancel()
                    self.env.flush_all()
                return
            except UserError:
                # what else a localisation or another module may forbid: an outgoing payment is always right
                self.env.invalidate_all()
        if offset_values:
            self._make_payment(offset_values)
            self._match_refund()
        else:
            self._book_refund()

    def _book_by_hand(self, journal, partner, account):
        """Keep what a manager chose instead of what was asked for; booking goes by it from now on.

        :param journal: account.journal
        :param partner: res.partner, perhaps none
        :param account: account.account, the customer's
        """
        self.write(
            {
                "journal_id": journal.id,
                "payment_method_line_id": False,
                "partner_id": partner.id,
                "destination_account_id": account.id,
                # a discount was granted for what was asked
                "difference_handling": False,
            }
        )
        self.message_post(
            body=self.env._(
                "To be booked in %(journal)s, customer %(partner)s, account %(account)s",
                journal=journal.display_name,
                partner=partner.display_name or "–",
                account=account.display_name,
            ),
            author_id=self.env.user.partner_id.id,
        )

    def _make_payment(self, values, lines=None):
        """Make, post and match the payment as Odoo's *Pay* does: `_create_payments` of account.payment.register is the
        contract that other modules count on, down to the batch.

        :param dict values: of account.payment
        :param lines: account.move.line, what it pays; nothing where it is matched otherwise, or stays open
        """
        lines = lines if lines is not None else self.env["account.move.line"]
        # from its first moment on, it is known what it stands for
        values["nets_transaction_ids"] = [Command.link(self.id)]
        batch_values = {
            "partner_id": values["partner_id"],
            "account_id": values["destination_account_id"],
            "currency_id": values["currency_id"],
            "partner_bank_id": values["partner_bank_id"],
            "partner_type": values["partner_type"],
            "payment_type": values["payment_type"],
        }
        to_process = [
            {
                "create_vals": values,
                "to_reconcile": lines,
                "batch": {"lines": lines, "payment_values": batch_values},
            }
        ]
        # With the Accounting app, a payment without an outstanding account makes no journal entry: the invoice would
        # stay due, and could be charged again. A charge must always have one.
        method_line = self.env["account.payment.method.line"].browse(values["payment_method_line_id"])
        has_account = values.get("force_outstanding_account_id") or method_line.payment_account_id
        with own_words(self.env["account.payment.register"]) as register:
            register = register.with_context(force_payment_move=not has_account)
            register = register.new({"company_id": values["company_id"], "currency_id": values["currency_id"]})
            self.payment_id = register._init_payments(to_process, edit_mode=True)
            register._post_payments(to_process, edit_mode=True)
            register._reconcile_payments(to_process, edit_mode=True)

    def _credited_invoice(self):
        """Where one payment was for several invoices: the one that the credit note reverses which this refund pays."""
        invoices = self.refund_of_id.invoice_ids
        return ((self._settled_moves().reversed_entry_id & invoices) or invoices)[:1]

    def _printed_on(self):
        """:return: account.move, the documents that name this payment or refund: not their neighbours"""
        if self.kind != "refund":
            return self.invoice_ids
        if self.refund_mode == "credit_note":
            return self._settled_moves() | self._credited_invoice()
        due_again = self.invoice_ids.browse(int(move_id) for move_id in self.due_again or {})
        return due_again & self.invoice_ids or self.invoice_ids

    def _settled_moves(self):
        """The documents that this transaction's payment is matched with."""
        if self.kind == "purchase":
            return self.invoice_ids
        return self.invoice_ids.filtered(lambda move: move.move_type == "out_refund")

    def _open_lines(self):
        """What is still due of what this charge was for. The lines are others than those chosen when reserving where
        the invoice was reset to draft meanwhile. An entry also has other customers' lines."""
        documents = self._settled_moves().filtered(lambda move: move.is_invoice(include_receipts=True))
        lines = self.line_ids | documents.line_ids.filtered(lambda line: line.account_id == self.destination_account_id)
        return lines.filtered(lambda line: line.parent_state == "posted" and not line.reconciled)

    def _payment_values(self, lines):
        """:return: dict of values of account.payment, for what was charged

        :param lines: what is still open of what it was for
        """
        values = {"partner_bank_id": False, "write_off_line_vals": []}
        if lines and self.difference_handling:
            register = self._pay_window(lines)
            values = register._create_payment_vals_from_wizard(register.batches[0])
        if not self._is_as_asked(lines):
            # A discount belongs to the payment it was granted for: not when anything changed meanwhile.
            values["write_off_line_vals"] = []
        return values | {
            "write_off_line_vals": values["write_off_line_vals"] + self._extra_lines(),
            "payment_type": "inbound" if self.kind == "purchase" else "outbound",
            "partner_type": "customer",
            "partner_id": self.partner_id.id,
            "journal_id": self.journal_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "payment_method_line_id": self._method_line().id,
            "destination_account_id": self.destination_account_id.id,
            "date": self.charge_date,
            "amount": abs(self.charged_amount),
            "memo": " · ".join(filter(None, [self.memo, self._payment_reference()])),
            "payment_reference": self.order_id,
        }

    @api.model
    def _amount_due_of(self, lines, currency, company):
        """What is due of journal items, in a currency, as Odoo's *Pay* converts it today.

        :return: positive
        """
        of_documents = abs(sum(lines.mapped("amount_residual_currency")))
        if lines.currency_id == currency or not lines:
            return of_documents
        today = fields.Date.context_today(self)
        if currency == company.currency_id:
            return lines.currency_id._convert(of_documents, currency, company, today)
        balance = abs(sum(lines.mapped("amount_residual")))
        return company.currency_id._convert(balance, currency, company, today)

    def _amount_under_way(self):
        """What these are charging, or have charged and isn't booked, in the currency of their documents.

        :return: positive
        """
        total = 0
        for transaction in self:
            amount = transaction._amount_open()
            if transaction.document_currency_id:
                # all that was asked for may be charged; a tip pays nothing of it
                amount = transaction.document_amount if amount else 0
            total += amount
        return total

    def _is_as_asked(self, lines):
        """Whether what was charged, and what it pays, are what they were when it was asked for."""
        due = abs(sum(lines.mapped("amount_residual_currency")))
        paid = self.charged_amount - self.booked_tip - self.booked_surcharge
        return (
            self.currency_id.compare_amounts(paid, self.amount) == 0
            and set(lines) == set(self.line_ids)
            and self.currency_id.compare_amounts(due, self.amount_due) == 0
        )

    def _pay_window(self, lines):
        """Odoo's *Pay* for these journal items, filled in as it was when this was asked for.

        :return: account.payment.register
        """
        windows = self.env["account.payment.register"].with_context(
            active_model="account.move.line", active_ids=lines.ids
        )
        return windows.create(
            {
                "journal_id": self.journal_id.id,
                "currency_id": self.currency_id.id,
                "payment_method_line_id": self._method_line().id,
                "group_payment": True,
                "communication": self.memo,
                "amount": abs(self.amount),
                "payment_date": self.payment_date,
                "installments_mode": self.installments_mode,
                "payment_difference_handling": self.difference_handling,
                "writeoff_account_id": self.writeoff_account_id.id,
                "writeoff_label": self.writeoff_label,
            }
        )

    def _method_line(self):
        """The journal's method: it may have been taken off the journal meanwhile, perhaps to be added again."""
        payment_type = "inbound" if self.kind == "purchase" else "outbound"
        journal = self.journal_id
        line = self.payment_method_line_id
        if line.journal_id != journal:
            line = journal._nets_method_line(payment_type)
        return line or journal._get_available_payment_method_lines(payment_type)[:1]

    def _payment_reference(self):
        """What an accountant needs to find these charges of one session of a terminal in what NETS pays out."""
        first = self[:1]
        stan = first.stan if len(self) == 1 else ""
        reference = charge_reference(first.terminal_identifier, first.session_number, stan)
        return play_money_mark(self.env, reference) if first.environment in PLAY_MONEY else reference

    def _notes_on_booking(self):
        """:return: what a person should know about the booking, as a list of notes. The invoices get them, too"""
        payment = self.payment_id
        if payment.state == "canceled":
            return []
        notes = []
        if payment.move_id and payment.move_id.date != self.charge_date:
            notes.append(
                {
                    "key": "booked_on_another_day",
                    "charge_date": {"day": self.charge_date.isoformat()},
                    "booking_date": {"day": payment.move_id.date.isoformat()},
                }
            )
        _liquidity, counterpart, _writeoff = payment._seek_for_lines()
        credit = abs(sum(counterpart.mapped("amount_residual_currency")))
        if not self.currency_id.is_zero(credit):
            notes.append(self._leftover_note(credit))
        notes += self._extra_notes()
        if self.kind == "purchase" and self.currency_id.compare_amounts(self.charged_amount, self.amount) < 0:
            notes.append(
                {
                    "key": "charged_less",
                    "charged": {"money": self.charged_amount},
                    "asked": {"money": self.amount},
                }
            )
        for invoice in self.invoice_ids:
            if notes:
                invoice.message_post(body=describe_notes(self.env, notes, self.currency_id))
        return notes

    def _leftover_note(self, amount):
        if self.kind != "purchase":
            return {"key": "refund_unmatched", "amount": {"money": amount}}
        if not self.partner_id:
            account = account_name(self.payment_id.destination_account_id)
            return {"key": "credit_of_nobody", "credit": {"money": amount}, "account": account}
        return {"key": "credit_of_customer", "credit": {"money": amount}}


class NetsOriginInvoice(models.AbstractModel):
    _name = "nets.origin.invoice"
    _inherit = "nets.origin"
    _description = "Card payments and refunds of invoices"

    @api.model
    def _book(self, transaction):
        transaction._make_entries()
        return transaction._notes_on_booking()

    @api.model
    def _has_own_payment(self, transaction):
        return True

    @api.model
    def _booked_as(self, transaction):
        return transaction.payment_id.display_name

    @api.model
    def _tell(self, transaction, news):
        for invoice in transaction.invoice_ids:
            transaction._send_news((invoice, "nets_connect_cloud"), {**news, "invoice_id": invoice.id})

    @api.model
    def _progress(self, transaction):
        return {"task": self._task(transaction)}

    @api.model
    def _task(self, transaction):
        if transaction.refund_mode == "credit_note":
            return transaction._settled_moves()._nets_task()
        if transaction.kind != "purchase":
            invoice_id = transaction.due_first_id.id
            return transaction.refund_of_id._give_back_task(transaction.kind == "reversal", invoice_id)
        return transaction.invoice_ids._nets_task()

    @api.model
    def _found_by(self, text):
        named = self.env["nets.transaction"]._named
        invoices = named("account.move", ["name"], text)
        payments = named("account.payment", ["name"], text)
        return [
            Domain("id", "in", invoices.sudo().nets_transaction_ids.ids),
            Domain("payment_id", "in", payments.ids),
        ]

    @api.model
    def _documents(self, transactions):
        readable = transactions.sudo().invoice_ids.sudo(False)._filtered_access("read")
        return {
            transaction: (transaction.sudo().invoice_ids.sudo(False) & readable).mapped("display_name")
            for transaction in transactions
        }

    @api.model
    def _check_may_change(self, transaction):
        # all of them: a user sees only those that are theirs to read
        transaction.sudo().invoice_ids.sudo(False).check_access("write")

    @api.model
    def _press_back(self, transaction, request_id):
        return Reversal(self.env, request_id, transaction)

    @api.model
    def _press_again(self, transaction, request_id, terminal_id):
        asked = transaction.sudo()
        original = transaction.refund_of_id
        if asked.kind == "reversal":
            return Reversal(self.env, request_id, original, previous=transaction)
        if asked.refund_mode == "due_again":
            invoice_id = asked.due_first_id.id
            return Refund(self.env, request_id, terminal_id, original, asked.amount, invoice_id, previous=transaction)
        if asked.kind == "refund":
            moves = transaction._settled_moves()
            return CreditNotePayout(self.env, request_id, terminal_id, moves, asked.amount, original, transaction)
        moves = transaction.invoice_ids
        return InvoicePayment(self.env, request_id, terminal_id, moves, asked.amount, previous=transaction)
