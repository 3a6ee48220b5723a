"""Refunds and reversals: money that goes back to the card."""

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ...const import NOT_CHARGED_STATES, UNRESOLVED_STATES
from ...messages import NOT_LAST_TRANSACTION, refusal
from ..engine.nets_transaction import NOW


class NetsTransaction(models.Model):
    """Transactions that give money back.

    - a refund after which the amount is due again: the outgoing payment is matched with the original one
    - a refund that pays out a credit note: the outgoing payment is matched with the credit note
    - a reversal of the terminal's last payment: that payment is cancelled in the books
    """

    _inherit = "nets.transaction"

    refund_of_id = fields.Many2one(
        "nets.transaction", "Refund of", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    refund_ids = fields.One2many("nets.transaction", "refund_of_id", "Refunds", readonly=True)
    refund_mode = fields.Selection(
        [("due_again", "The amount is due again"), ("credit_note", "Matched with a credit note")],
        "Refund in the books",
        readonly=True,
        copy=False,
    )
    # What became due again by this refund: {invoice id as text: amount}. Only for display on the invoices.
    due_again = fields.Json(readonly=True, copy=False, groups=fields.NO_ACCESS)
    amount_refundable = fields.Monetary("Left to refund", compute="_compute_amount_refundable")
    can_reverse = fields.Boolean(compute="_compute_can_reverse")

    # "Is this the last approved one of its terminal?"
    _last_approved_index = models.Index("(terminal_id, id DESC) WHERE state = 'approved'")

    # === COMPUTE METHODS === #

    @api.depends(
        "kind", "state", "charged_amount", "refund_ids.state", "refund_ids.amount", "refund_ids.charged_amount"
    )
    def _compute_amount_refundable(self):
        """What was charged less what went back, and less what may be going back this very moment: a refund under way
        or of unknown result counts in full, since the terminal may have paid it out."""
        taken = {}
        groups = self.sudo()._read_group(
            [("refund_of_id", "in", self.ids), ("state", "not in", NOT_CHARGED_STATES)],
            ["refund_of_id", "state"],
            ["amount:sum", "charged_amount:sum"],
        )
        for original, state, asked, charged in groups:
            taken[original.id] = taken.get(original.id, 0) - (charged if state == "approved" else asked)
        for transaction in self:
            refundable = transaction.kind == "purchase" and transaction.state == "approved"
            left = transaction.charged_amount - taken.get(transaction.id, 0) if refundable else 0
            transaction.amount_refundable = max(0, left)

    @api.depends("amount_refundable", "to_book", "origin")
    def _compute_can_reverse(self):
        """The terminal takes back its last transaction only, and only as a whole."""
        last = self.filtered(lambda transaction: transaction._is_booked_alone())._is_last_of_terminals()
        for transaction in self:
            transaction.can_reverse = transaction in last

    def _is_booked_alone(self):
        """Hook: whether this payment has a payment of its own in the books, and is refunded from there."""
        return self.origin == "invoice"

    def _is_last_of_terminals(self):
        """Those of these payments that are the last thing their terminal did, and that nothing was refunded of."""
        candidates = self.filtered(
            lambda transaction: (
                transaction.kind == "purchase"
                and transaction.state == "approved"
                and not transaction.to_book
                and transaction.currency_id.compare_amounts(transaction.amount_refundable, transaction.charged_amount)
                == 0
            )
        )
        # one look into the index for each terminal: a group over the log would read all of its payments
        self.flush_model(["terminal_id", "state"])
        self.env.cr.execute(
            SQL(
                """SELECT (SELECT id FROM nets_transaction
                            WHERE terminal_id = terminal.id AND state = 'approved' ORDER BY id DESC LIMIT 1)
                     FROM nets_terminal terminal WHERE terminal.id IN %s""",
                tuple(candidates.terminal_id.ids) or (0,),
            )
        )
        last_ids = {row[0] for row in self.env.cr.fetchall()}
        return candidates.filtered(lambda transaction: transaction.id in last_ids)

    @api.depends_context("nets_refund_name")
    def _compute_display_name(self):
        result = super()._compute_display_name()
        if self.env.context.get("nets_refund_name"):
            for transaction in self:
                transaction.display_name = transaction._refund_name()
        return result

    def _refund_name(self):
        """What a person recognises a card payment by who has to choose one to refund."""
        return self.env._(
            "%(card)s on %(date)s, %(left)s left to refund",
            card=self._card_name() or self.terminal_identifier,
            date=format_date(self.env, self.charge_date),
            left=self._format_amount(self.amount_refundable),
        )

    # === ACTION METHODS === #

    def action_refund(self):
        """Open the dialog with what is left to refund.

        :raise UserError: where it can't be refunded, with the cause
        """
        self.ensure_one()
        self._check_may_run()
        self._check_refundable()
        return self._refund_dialog_action()

    def action_reverse(self):
        """Open the dialog that takes the payment back, as long as it is the terminal's last one."""
        self.ensure_one()
        self._check_may_run()
        self._check_reversible()
        return self._refund_dialog_action(reversal=True)

    def _refund_dialog_action(self, reversal=False):
        return {
            "type": "ir.actions.client",
            "tag": "nets_connect_cloud.card_dialog",
            "params": {
                "invoice_ids": [],
                "refund_of_id": self.id,
                "reversal": reversal,
                # the invoice that the person looks at: it is the first to become due again
                "invoice_id": self.env.context.get("nets_invoice_id", False),
            },
        }

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
        if waiting := self._wait_to_give_back(terminal_id, request_id):
            return [waiting]
        return self._start_refund(amount, terminal_id, request_id, credit_note_id, invoice_id).read_progress()

    def start_reversal(self, request_id):
        """Have the terminal take back its last transaction.

        :param str request_id: as for `start_refund`
        :return: as for `start_refund`
        :raise UserError: where nothing was sent, with the cause
        """
        if waiting := self._wait_to_give_back(self.terminal_id.id, request_id):
            return [waiting]
        return self._start_reversal(request_id).read_progress()

    def _wait_to_give_back(self, terminal_id, request_id):
        """What giving money back on this terminal has to wait for, see `_wait_for_terminal`."""
        self.ensure_one()
        self._check_may_run()
        self._check_may_refund()
        if self._find_request(request_id):
            return None
        self._check_refundable()
        terminal = self.env["nets.terminal"].browse(terminal_id)
        terminal._check_usable(self.company_id, self.currency_id)
        return self._wait_for_terminal(terminal)

    def _start_refund(self, amount, terminal_id, request_id, credit_note_id=False, invoice_id=False, previous=None):
        self.ensure_one()
        self._check_may_run()
        self._check_may_refund()
        if existing := self._find_request(request_id):
            return existing
        terminal = self.env["nets.terminal"].browse(terminal_id)
        terminal._check_usable(self.company_id, self.currency_id)
        if credit_note_id:
            credit_note = self.env["account.move"].browse(credit_note_id).exists()
            if credit_note not in self._open_credit_notes():
                raise refusal(self.env, "credit_note_gone")
            return credit_note._nets_start_payout(amount, terminal_id, request_id, refund_of=self, previous=previous)
        self._lock_refundable()
        self._check_refundable()
        self._check_refund_amount(amount)
        self._check_matching(-amount)
        return self._reserve(
            {
                **self._prepare_reservation(request_id, previous, invoice_id),
                "kind": "refund",
                "terminal_id": terminal.id,
                "amount": amount,
                "refund_mode": "due_again",
            }
        )

    def _start_reversal(self, request_id, previous=None):
        self.ensure_one()
        self._check_may_run()
        self._check_may_refund()
        if existing := self._find_request(request_id):
            return existing
        self.terminal_id._check_usable(self.company_id, self.currency_id)
        self._lock_refundable()
        self._check_reversible()
        return self._reserve(
            {
                **self._prepare_reservation(request_id, previous),
                "kind": "reversal",
                "terminal_id": self.terminal_id.id,
                "amount": -self.charged_amount,
                "refund_mode": "due_again",
            }
        )

    def retry(self, request_id, terminal_id):
        self.ensure_one()
        if self.kind == "purchase":
            return super().retry(request_id, terminal_id)
        self._check_may_run()
        if existing := self._find_request(request_id):
            return existing.read_progress()
        if self.sudo().state not in NOT_CHARGED_STATES:
            raise refusal(self.env, "refund_not_failed")
        original = self.refund_of_id
        if original and (waiting := original._wait_to_give_back(terminal_id, request_id)):
            return [waiting]
        if self.kind == "reversal":
            return original._start_reversal(request_id, previous=self).read_progress()
        if self.refund_mode == "credit_note":
            return (
                self._settled_moves()
                ._nets_start_payout(self.amount, terminal_id, request_id, refund_of=original, previous=self)
                .read_progress()
            )
        invoice_id = self.sudo().booking_values["invoice_id"]
        return original._start_refund(
            self.amount, terminal_id, request_id, invoice_id=invoice_id, previous=self
        ).read_progress()

    def _prepare_reservation(self, request_id, previous=None, invoice_id=False):
        """Everything that booking an outgoing payment against this one needs, kept with its reservation."""
        payment = self.sudo().payment_id
        method_line = payment.journal_id._nets_method_line("outbound")
        if not payment.journal_id.active or not method_line:
            raise refusal(self.env, "journal_without_outgoing", journal=payment.journal_id.display_name)
        if not method_line.payment_account_id:
            payment._get_outstanding_account("outbound")  # refuses where there is none
        return {
            "request_id": request_id,
            "currency_id": self.currency_id.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "origin": "invoice",
            "invoice_ids": [Command.set(self.invoice_ids.ids)],
            "refund_of_id": self.id,
            "retry_of_id": previous.id if previous else False,
            "booking_values": {
                "payment_type": "outbound",
                "partner_type": "customer",
                "memo": self.env._("Refund %(names)s", names=self._purpose()),
                "journal_id": payment.journal_id.id,
                "company_id": payment.company_id.id,
                "currency_id": self.currency_id.id,
                "partner_id": payment.partner_id.id,
                "partner_bank_id": False,
                "payment_method_line_id": method_line.id,
                "destination_account_id": payment._nets_counterpart_lines().account_id[:1].id,
                "write_off_line_vals": [],
                "residual": 0,
                "invoice_id": invoice_id if invoice_id in self.invoice_ids.ids else False,
            },
        }

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

    def _lock_refundable(self):
        """Rule 3: only one reservation at a time looks at what is left to refund.

        A real update and not just a lock, for the reason given at `account.move._nets_lock_debt`.
        """
        self.flush_recordset()
        self.env.cr.execute(SQL("UPDATE nets_transaction SET write_date = write_date WHERE id = %s", self.id))
        self.env.invalidate_all()

    # === REFUND: REFUSE WHAT CAN'T BE RIGHT === #

    def _check_may_refund(self):
        """Hook. :raise AccessError: where the user may not give this money back"""
        self.invoice_ids.check_access("write")

    def _check_refundable(self):
        """Refuse a refund, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        transaction = self.sudo()
        if transaction.kind != "purchase" or transaction.state != "approved":
            raise refusal(self.env, "payment_not_successful")
        if not transaction._is_booked_alone():
            raise refusal(self.env, "payment_of_till")
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

    # === REVERSAL: SEND AND LOOK UP === #

    def _wants_baseline(self):
        # A terminal takes back whatever was last: it is asked for each time, right before.
        return self.kind == "reversal" or super()._wants_baseline()

    def _record_baseline(self, last):
        result = super()._record_baseline(last)
        if self.kind == "reversal" and not self._is_original(last):
            self._refuse_reversal()
        return result

    def _claim(self, claim_token):
        if self.kind == "reversal" and not self.baseline:
            # the terminal couldn't say what was last
            self._refuse_reversal()
            return False
        return super()._claim(claim_token)

    def _is_original(self, last):
        """Whether the terminal's last transaction is the one to take back. Not known: no."""
        original = self.refund_of_id
        outcome = last and last.outcome
        if not outcome or original.state != "approved":
            return False
        if outcome.total_amount and outcome.total_amount != abs(self._to_minor_units(self.amount)):
            return False
        if last.order_id:
            return last.order_id == original.order_id
        return bool(outcome.stan_auth and outcome.stan_auth == original.stan_auth)

    def _refuse_reversal(self):
        if self._compare_and_set(
            {"state": "failed", "reason": NOT_LAST_TRANSACTION, "recorded_at": NOW},
            ("pending",),
            SQL("sent_at IS NULL"),
        ):
            self._tell()

    def _is_charge_without_order_id(self, last):
        if self.kind != "reversal":
            return super()._is_charge_without_order_id(last)
        # A reversal has no order id, also where the service sends them back.
        outcome = last.outcome
        return bool(
            outcome.state == "approved"
            and not self.terminal_id.used_by_hand
            and not last.order_id
            and outcome.stan_auth
            and not self._is_stan_auth_known(outcome.stan_auth)
            and outcome.total_amount == abs(self._to_minor_units(self.amount))
            and self._is_newer(outcome, self.baseline)
        )

    def _no_charge_rule(self, terminal_state, last):
        if self.kind == "reversal" and self.terminal_id.used_by_hand:
            # what was done by hand after it may hide a reversal that worked
            return None
        return super()._no_charge_rule(terminal_state, last)

    # === BOOK === #

    def _book_charge(self):
        if self.kind == "reversal":
            return self._book_reversal()
        if self.refund_mode == "due_again":
            return self._book_refund()
        return super()._book_charge()

    def _book_refund(self):
        """An outgoing payment matched with the original one, as far as that can be freed from its invoices.

        As for charges, the payment is made and posted whatever happened to the original meanwhile.
        """
        self._make_payment(self.env["account.move.line"])
        invoice_id = (self.booking_values or {}).get("invoice_id")
        self.due_again = self.refund_of_id.payment_id._nets_match_refund(self.payment_id, invoice_id)
        return self._booking_note(self.payment_id)

    def _book_reversal(self):
        """Cancel the payment, or offset it where cancelling isn't allowed."""
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
        return self._book_refund()

    def _prepare_payment_values(self, lines):
        values = super()._prepare_payment_values(lines)
        values.pop("invoice_id", None)
        return values

    def _settled_moves(self):
        if self.kind == "purchase":
            return super()._settled_moves()
        return self.invoice_ids.filtered(lambda move: move.move_type == "out_refund")

    def _leftover_note(self, amount):
        if self.kind == "purchase":
            return super()._leftover_note(amount)
        return self.env._(
            "%(amount)s went back to the card, but there is nothing open in the books that it could be matched with. "
            "It stands among the customer's open items.",
            amount=self._format_amount(amount),
        )

    # === TELL === #

    def _progress_values(self):
        return {
            **super()._progress_values(),
            "refund_of_id": self.refund_of_id.id,
            "pays_out_ids": self._settled_moves().ids if self.refund_mode == "credit_note" else [],
        }
