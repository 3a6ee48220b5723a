import contextlib
import logging
import math
import secrets
import string
from dataclasses import asdict
from datetime import timedelta

import psycopg2
import psycopg2.errors
from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, RedirectWarning, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount
from odoo.tools.misc import Callbacks

from ... import listener
from ...connect_cloud import (
    AdministrationOutcome,
    AmountError,
    Doubt,
    OutcomeState,
    Reason,
    UnknownCurrencyError,
    from_minor_units,
    parse_timestamp,
    read_charge,
    to_minor_units,
)
from ...connect_cloud.currencies import exponent
from ...const import (
    ABORT_DEADLINE,
    BOOKING_DELAYS,
    CLAIM_DEADLINE,
    MOST_IDS,
    NOT_CHARGED_STATES,
    STATE_SELECTION,
    UNRESOLVED_STATES,
)
from ...messages import (
    EARLIER_CHARGE_FOUND,
    MERCHANT_ABORTED,
    NEVER_SENT,
    NO_RETRY_REASONS,
    NOT_LAST_TRANSACTION,
    REFUSED_REASONS,
    RETRY_WAIT,
    SETTLED_BY_HAND,
    STOPPED_REASONS,
    describe,
    describe_refusal,
    labels,
    refusal,
)
from .progress import Progress, Waiting

_logger = logging.getLogger(__name__)

# All times in the database are the database's own clock: several hosts may disagree on the time.
NOW = SQL("(now() AT TIME ZONE 'utc')")
# The cardholder verification method that asks for a signature.
CVM_SIGNATURE = "1"
ORDER_ID_ALPHABET = string.ascii_uppercase + string.digits


def lock_rows(records):
    """Rule 3: only one at a time looks at what is due on these records, or left of them.

    A real update and not just a lock: a transaction that waited for it has an old snapshot, in which the other's
    reservation can't be seen. PostgreSQL then refuses the update, and Odoo repeats the request with a new snapshot.
    That is as it should be, and no error for the log.

    :param records: of one model, real ones
    """
    if not records.ids:
        return
    table = SQL.identifier(records._table)
    records.env.cr.execute(
        SQL(
            """UPDATE %(table)s SET write_date = write_date
                WHERE id IN (SELECT id FROM %(table)s WHERE id IN %(ids)s ORDER BY id FOR NO KEY UPDATE)""",
            table=table,
            ids=tuple(records.ids),
        ),
        log_exceptions=False,
    )
    records.invalidate_recordset()


class NetsTransaction(models.Model):
    """One operation on one terminal: the only place where its outcome lives.

    Its life in five phases, each a short database transaction of its own, and the methods below in this order:

        reserve → send → record → book → tell

    Only *send* talks to the network, in a thread that holds no cursor (see `listener.py`). Every change of state is
    a compare-and-set (`_compare_and_set`), so that no two threads, hosts or people can both change it.
    """

    _name = "nets.transaction"
    _description = "Card transaction"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _check_company_auto = True
    _rec_name = "order_id"
    _order = "id desc"
    _mail_post_access = "read"

    # == What was asked for; never changes == #
    order_id = fields.Char("Order number", required=True, readonly=True, copy=False)
    request_id = fields.Char(readonly=True, copy=False)
    kind = fields.Selection(
        [
            ("purchase", "Payment"),
            ("refund", "Refund"),
            ("reversal", "Reversal"),
            ("administration", "Administration"),
        ],
        required=True,
        readonly=True,
    )
    terminal_id = fields.Many2one("nets.terminal", required=True, readonly=True, ondelete="restrict")
    terminal_identifier = fields.Char("Terminal ID", readonly=True)
    location_id = fields.Many2one("nets.location", "Site", readonly=True, ondelete="restrict")
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test"), ("simulator", "Simulator")], readonly=True
    )
    amount = fields.Monetary(
        "Amount asked", required=True, readonly=True, help="Negative when money goes back to the customer."
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Started by", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    origin = fields.Selection([("none", "None")], required=True, readonly=True, default="none")
    retry_of_id = fields.Many2one("nets.transaction", "Repeats", readonly=True)

    # == Where it is == #
    state = fields.Selection(STATE_SELECTION, "Result", required=True, readonly=True, default="pending")
    sent_at = fields.Datetime("Sent on", readonly=True)
    claim_token = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    abort_requested_at = fields.Datetime("Abort asked for on", readonly=True)
    abort_requested_by_id = fields.Many2one("res.users", "Abort asked for by", readonly=True)
    # While an abort call is under way, when it was started.
    abort_call_at = fields.Datetime(readonly=True, groups=fields.NO_ACCESS)
    recorded_at = fields.Datetime("Result known on", readonly=True)
    unknown_since = fields.Datetime("Unknown since", readonly=True)
    # The terminal's last result before ours was sent: connect_cloud.Fingerprint.
    baseline = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    lookup_count = fields.Integer("Lookups", readonly=True, default=0)
    next_lookup_at = fields.Datetime("Next lookup", readonly=True)
    # What the last lookup came to, in keys and values: words are made when it is read.
    lookup = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    lookup_message = fields.Char("Last lookup", compute="_compute_lookup_message")
    # A person was called for it, and not released from it yet.
    person_called_at = fields.Datetime("Person called on", readonly=True)
    lookup_started_at = fields.Datetime(readonly=True, groups=fields.NO_ACCESS)
    looked_up_at = fields.Datetime("Looked up on", readonly=True)
    # First sighting of what proves that nothing was charged: connect_cloud.Evidence.
    no_charge_evidence = fields.Json(readonly=True, groups=fields.NO_ACCESS)

    # == What the terminal answered == #
    charged_amount = fields.Monetary("Amount", readonly=True, help="What the card was really charged, signed.")
    tip_amount = fields.Monetary("Tip", readonly=True)
    surcharge_amount = fields.Monetary("Surcharge", readonly=True)
    reason = fields.Selection("_selection_reason", readonly=True)
    nets_message = fields.Char("Text from NETS", readonly=True)
    nets_code = fields.Char("Code from NETS", readonly=True)
    message = fields.Char(compute="_compute_message")
    stan_auth = fields.Char("STAN and authorisation", readonly=True)
    stan = fields.Char("STAN", readonly=True)
    authorisation_code = fields.Char("Authorisation", readonly=True)
    session_number = fields.Char("Session", readonly=True)
    response_code = fields.Char("Response code", readonly=True)
    terminal_timestamp = fields.Char("Terminal's time", readonly=True)
    charge_date = fields.Date("Charged on", readonly=True)
    card_brand = fields.Char("Card brand", readonly=True)
    card_number = fields.Char("Card number", readonly=True, help="As NETS truncates it.")
    card_last_four = fields.Char("Last four digits", readonly=True)
    card_details = fields.Json(readonly=True)
    signature = fields.Selection(
        [("required", "Required"), ("accepted", "Accepted"), ("declined", "Declined")],
        readonly=True,
        copy=False,
        help="Where the card asks for a signature, it is compared with the one on the card.",
    )
    # Long texts, not read along with the rest: a list of transactions doesn't show them.
    customer_receipt = fields.Text(readonly=True, prefetch=False)
    merchant_receipt = fields.Text(readonly=True, prefetch=False)
    raw_answer = fields.Text(readonly=True, prefetch=False, groups="nets_connect_cloud.group_admin")

    # == What was booked == #
    booked_at = fields.Datetime("Booked on", readonly=True)
    to_book = fields.Boolean("Charged, not booked", readonly=True)
    booking_error = fields.Char("Why it isn't booked", readonly=True)
    booking_attempts = fields.Integer(readonly=True, default=0)
    next_booking_at = fields.Datetime("Next booking attempt", readonly=True)
    booking_note = fields.Char("Note on the booking", readonly=True)

    # == What people have to look at == #
    alert = fields.Char(readonly=True, help="Something that contradicts what was known before.")
    settled_by_id = fields.Many2one("res.users", "Settled by", readonly=True)
    settlement_reason = fields.Char("Reason of the settlement", readonly=True)
    settlement_reference = fields.Char("Reference in the terminal's journal", readonly=True)

    # Rule 2: one operation per terminal, whoever asks, in whatever process.
    _busy_unique = models.UniqueIndex("(terminal_id) WHERE state IN ('pending', 'unknown')")
    # Rule 3: a repeated press returns the existing transaction.
    _request_unique = models.UniqueIndex("(request_id) WHERE request_id IS NOT NULL")
    # Rule 4: a copy of this database shares the terminals; a repeated number would be taken for ours.
    _order_unique = models.UniqueIndex("(order_id)")
    # Rule 7: "is this StanAuth known on this terminal?"
    _stan_auth_index = models.Index("(terminal_id, stan_auth) WHERE stan_auth IS NOT NULL")
    # What the scheduled job has to look at: proportional to what is open, not to the size of the log.
    _unresolved_index = models.Index("(next_lookup_at) WHERE state IN ('pending', 'unknown')")
    # As Odoo writes the condition: PostgreSQL doesn't see that `to_book` is the same.
    _to_book_index = models.Index("(next_booking_at) WHERE to_book IS TRUE")
    _person_called_index = models.Index("(person_called_at) WHERE person_called_at IS NOT NULL")
    _company_index = models.Index("(company_id, id DESC)")
    _user_index = models.Index("(user_id, id DESC)")

    # === COMPUTE METHODS === #

    @api.depends("order_id", "terminal_identifier")
    def _compute_display_name(self):
        for transaction in self:
            transaction.display_name = f"{transaction.terminal_identifier} / {transaction.order_id}"

    @api.depends(
        "kind",
        "state",
        "reason",
        "nets_message",
        "abort_requested_at",
        "booking_error",
        "to_book",
        "booking_note",
        "signature_open",
    )
    @api.depends_context("lang")
    def _compute_message(self):
        progress = self._progress_by_id()
        for transaction in self:
            transaction.message = transaction._message(progress.get(transaction.id, "")).label

    @api.model
    def _selection_reason(self):
        return labels(self.env)

    # === PHASE 1: RESERVE === #

    @api.model
    def _press(self, press):
        """The one door in: take a press from its request id to its reservation.

        :param Press press: what is wanted
        :return: (transaction, None): the new one, or the one that stands for this press already; or (None, dict) where
            it has to wait, see `_waiting`: nothing was started then, and the client repeats the request
        :raise AccessError, UserError: where nothing was sent, with the cause
        :raise ConcurrencyError: somebody else was faster; Odoo repeats the whole request, which then finds out who
        """
        self._check_may_run()
        press.check_rights()
        if existing := self._find_request(press.request_id):
            if existing.sudo().user_id != self.env.user or not press.is_repeated_by(existing.sudo()):
                raise refusal(self.env, "request_of_another")
            return existing, None
        for records in press.to_lock():
            lock_rows(records)
        self.env.invalidate_all()
        if standing := press.standing():
            return standing.with_env(self.env), None
        if press.previous and press.previous.sudo().state not in NOT_CHARGED_STATES:
            raise refusal(self.env, "not_failed")
        if waiting := press.wait():
            return None, waiting
        press.check_document()
        self._check_number(press.amount, press.currency)
        press.terminal._check_usable(press.company, press.currency)
        press.check_amount()
        press.check_giving_back()
        if press.is_by_hand:
            return self._record_by_hand(press.reservation()), None
        if waiting := self._wait_for_terminal(press.terminal):
            return None, waiting
        reservation = press.reservation()
        press.rehearse(reservation)
        return self._reserve(reservation), None

    @api.model
    def _press_and_watch(self, press):
        """As `_press`, for a screen that then watches.

        :return: what `read_progress` returns; or, in a list, what the press has to wait for
        """
        transaction, waiting = self._press(press)
        return [waiting] if waiting else transaction.read_progress()

    @api.model
    def _reserve(self, vals):
        """Reserve the terminal for one operation, and have it sent once this is committed.

        :param dict vals: as `Press.reservation` makes them
        :return: the new transaction
        :raise UserError: the terminal is busy; nothing was sent then
        :raise ConcurrencyError: somebody else was faster
        """
        terminal = self.env["nets.terminal"].sudo().browse(vals["terminal_id"])
        self._check_terminal_free(terminal)
        try:
            with listener.quiet_conflicts(psycopg2.errors.UniqueViolation):
                transaction = self._insert(terminal, vals)
        except psycopg2.errors.UniqueViolation as error:
            # Rules 2 and 3: the index decides, in the same instant, in any process.
            raise ConcurrencyError("terminal or request taken meanwhile") from error
        # Nothing is sent before the reservation is committed: if the process dies now, nothing was sent.
        transaction._send_after_commit()
        transaction._tell()
        return transaction.sudo(False)

    @api.model
    def _record_by_hand(self, vals):
        """Record an operation that nobody sent: the card was taken on the terminal by hand.

        :param dict vals: as `Press.reservation` makes them
        :return: the transaction, which has ended
        """
        terminal = self.env["nets.terminal"].sudo().browse(vals["terminal_id"])
        now = self._now().replace(microsecond=0)
        ending = self.new({"origin": vals["origin"]})._ending("approved", SETTLED_BY_HAND, now)
        transaction = self._insert(terminal, {**ending, **vals})
        # the terminal had something else meanwhile: its last result is asked for before the next payment
        terminal._set_last_result(None)
        transaction.message_post(
            body=self.env._("Recorded by hand: %(reason)s", reason=transaction.settlement_reason),
            author_id=self.env.user.partner_id.id,
        )
        transaction._book()
        transaction._tell()
        return transaction.sudo(False)

    @api.model
    @contextlib.contextmanager
    def _as_if_charged(self, vals):
        """A transaction as it will be once what is about to be asked for was charged. Whatever is done with it is taken
        back at the end.

        :param dict vals: as `Press.reservation` makes them
        :return: a context that gives the transaction, with all rights
        """
        terminal = self.env["nets.terminal"].sudo().browse(vals["terminal_id"])
        ending = self.new({"origin": vals["origin"]})._ending("approved", None, self._now().replace(microsecond=0))
        charge = {"charged_amount": vals["amount"], "charge_date": fields.Date.context_today(self)}
        cr = self.env.cr
        # what modules want to do once this is committed isn't done: it won't be
        after_commit, cr.postcommit = cr.postcommit, Callbacks()
        try:
            with contextlib.closing(cr.savepoint()):
                yield self._insert(terminal, {**vals, **ending, **charge})
        finally:
            cr.postcommit = after_commit

    @api.model
    def _insert(self, terminal, vals):
        """:return: the new row, with all rights"""
        transactions = self.sudo().with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
        transaction = transactions.create(
            {"order_id": self._new_order_id(), "user_id": self.env.uid, **self._terminal_values(terminal), **vals}
        )
        transaction.flush_recordset()
        return transaction

    @api.model
    def _terminal_values(self, terminal):
        """The terminal as it is now; it may be renamed, moved or connected otherwise later."""
        return {
            "terminal_id": terminal.id,
            "terminal_identifier": terminal.identifier,
            "terminal_name": terminal.name,
            "terminal_type": terminal.type,
            "location_id": terminal.location_id.id,
            "environment": terminal.environment,
            "printer": terminal.printer_applied,
        }

    @api.model
    def _find_request(self, request_id):
        """The transaction that a request made before.

        :param str request_id: made by the client, new for each press
        :return: transaction, perhaps empty
        :raise UserError: without a request id
        """
        if not request_id or not isinstance(request_id, str) or len(request_id) > 64:
            raise refusal(self.env, "request_without_number")
        found = self.sudo().search([("request_id", "=", request_id)])
        return found.sudo(False)

    @api.model
    def _check_terminal_free(self, terminal):
        """Refuse where the terminal is busy.

        :raise UserError: saying with what
        """
        busy = self._busy_on(terminal)
        if not busy:
            return
        if busy.kind == "administration":
            raise refusal(
                self.env,
                "terminal_in_administration",
                terminal=terminal.name,
                activity=busy._format_activity(),
                user=busy.user_id.name,
            )
        if busy.state == "unknown":
            raise UserError(busy._being_resolved().as_text())
        raise refusal(
            self.env,
            "terminal_in_payment",
            kind=busy.kind,
            terminal=terminal.name,
            amount=busy._format_amount(abs(busy.amount)),
            user=busy.user_id.name,
        )

    @api.model
    def _busy_on(self, terminal):
        """:return: what is unresolved on a terminal, mostly empty"""
        return self.sudo().search([("terminal_id", "=", terminal.id), ("state", "in", UNRESOLVED_STATES)])

    @api.model
    def _wait_for_terminal(self, terminal):
        """What a new payment on this terminal has to wait for: an earlier one whose result is being fetched, and is
        now fetched at once.

        :return: dict as `_waiting`, or None where it needn't wait; then `_check_terminal_free` has the say
        """
        busy = self._busy_on(terminal)
        busy._recover()
        if busy.state != "unknown" or busy.kind == "administration":
            return None
        busy._ask_soon()
        label = {
            "purchase": self.env._("An earlier payment is being resolved"),
            "refund": self.env._("An earlier refund is being resolved"),
            "reversal": self.env._("An earlier reversal is being resolved"),
        }[busy.kind]
        return self._waiting(label, busy._being_resolved().explanation, busy._advice(), busy._browser_job())

    @api.model
    def _waiting(self, label, explanation, advice="", agent=None):
        """:return: what holds a press that has to wait, as a dict, see `progress.Waiting`"""
        return asdict(Waiting(label=label, explanation=explanation, advice=advice, agent=agent))

    def _being_resolved(self):
        """:return: Message, for those who wait for the terminal"""
        return describe_refusal(
            self.env,
            "earlier_result",
            kind=self.kind,
            terminal=self.terminal_id.name,
            amount=self._format_amount(abs(self.amount)),
        )

    @api.model
    def _new_order_id(self):
        """A random number (rule 4) within what NETS surely takes: 20 characters of [A-Z0-9-]."""
        return "".join(secrets.choice(ORDER_ID_ALPHABET) for _position in range(20))

    # === PHASE 2: SEND (what the thread needs of the database) === #

    def _prepare_call(self):
        """Everything the thread needs to make the call, read at once.

        :return: listener.Call, or None when this row is not to be sent (any more)
        """
        self.ensure_one()
        if not self.exists() or self.state != "pending" or self.sent_at:
            return None
        # A terminal takes back whatever was last, so for a reversal it is asked each time. An administration has
        # nothing to tell from an earlier result.
        wants_baseline = self.kind == "reversal" or (
            self.kind != "administration" and (self.terminal_id.used_by_hand or not self.terminal_id.last_result)
        )
        return self._make_call(wants_baseline)

    def _prepare_abort(self):
        """:return: listener.Call, or None when there is nothing to stop any more"""
        self.ensure_one()
        if not self.exists() or self.state != "pending":
            return None
        return self._make_call(wants_baseline=False)

    def _make_call(self, wants_baseline):
        account = self.terminal_id.account_id
        return listener.Call(
            transaction_id=self.id,
            account_id=account.id,
            client_values=account._client_values(),
            terminal_record_id=self.terminal_id.id,
            terminal=self.terminal_identifier,
            order_id=self.order_id,
            kind=self.kind,
            administration=self.administration or "",
            amount=abs(self._to_minor_units(self.amount)),
            wants_baseline=wants_baseline,
            answer_timeout=account.answer_timeout,
            customer_timeout=account.customer_timeout,
        )

    def _record_baseline(self, last):
        """Keep the terminal's last result from before ours is sent, to tell ours from it later (rule 8).

        :param last: LastTransaction, or None where the terminal has none
        """
        self.ensure_one()
        self.baseline = self._fingerprint(last)
        if self._record_evidence(last):
            # Rule 9 meets rule 3: perhaps this one repeats what turns out to be charged now. The person who pressed
            # looks at that first; the claim finds this row failed, and nothing is sent.
            self._end_unsent(EARLIER_CHARGE_FOUND)
        elif self.kind == "reversal" and not self.refund_of_id._is_shown_by(last):
            self._end_unsent(NOT_LAST_TRANSACTION)

    def _claim(self, claim_token):
        """Rule 1: one claim, one send.

        :return: whether this thread, and no other ever, may send
        """
        self.ensure_one()
        if self.kind == "reversal" and not self.baseline:
            # the terminal couldn't say what was last
            self._end_unsent(NOT_LAST_TRANSACTION)
            return False
        values = {"sent_at": NOW, "claim_token": claim_token}
        if not self.baseline and not self.terminal_id.used_by_hand and self.terminal_id.last_result:
            values["baseline"] = Json(self.terminal_id.last_result)
        claimed = self._compare_and_set(
            values,
            ("pending",),
            SQL(
                """sent_at IS NULL AND abort_requested_at IS NULL
                   AND create_date >= %s - %s * interval '1 second'""",
                NOW,
                CLAIM_DEADLINE,
            ),
        )
        if claimed:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO nets_heartbeat (transaction_id, claim_token, beat_at) VALUES (%s, %s, %s)",
                    self.id,
                    claim_token,
                    NOW,
                )
            )
        return claimed

    def _holds_claim(self, claim_token):
        """Whether the repeat after a refused token may be sent: still ours, and nobody asked to abort."""
        self.ensure_one()
        # a real update, so that an abort at the same instant conflicts instead of passing unseen
        return self._compare_and_set(
            {"sent_at": NOW},
            ("pending",),
            SQL("claim_token = %s AND abort_requested_at IS NULL", claim_token),
        )

    def _show_progress(self, claim_token, progress):
        self.ensure_one()
        self.env.cr.execute(
            SQL("UPDATE nets_heartbeat SET progress = %s WHERE claim_token = %s", progress, claim_token)
        )
        self._tell()

    def _record_not_sent(self, claim_token):
        """The thread couldn't make sure of its claim, so it sent nothing. Only that thread can know.

        :param str claim_token: of the claim that is committed, or not
        """
        self.ensure_one()
        if self._end_not_charged(NEVER_SENT, condition=SQL("sent_at IS NULL OR claim_token = %s", claim_token)):
            self._tell()

    # === PHASE 3: RECORD === #

    def _record_answer(self, outcome):
        """Record the answer to our own call. Rule 10: always, whatever the row says meanwhile.

        :param outcome: connect_cloud.Outcome, or AdministrationOutcome
        """
        self.ensure_one()
        self._lock()
        was_open = self.state in UNRESOLVED_STATES
        # nobody holds its call any more; the heartbeat itself is its keeper's
        self._correct({"claim_token": None})
        if outcome.state == OutcomeState.UNKNOWN:
            self._become_unknown(outcome)
        else:
            self._record_outcome(outcome)
            self._correct({"answer_seconds": SQL("EXTRACT(EPOCH FROM %s - sent_at)", NOW)})
            if self.kind == "administration":
                if outcome.started:
                    # Whatever it did to the terminal's last result: it is asked for before the next payment.
                    self.terminal_id._set_last_result(None)
            elif outcome.result is not None:
                # after the row was settled otherwise, the terminal may have had the next one already
                self.terminal_id._set_last_result(was_open and self._fingerprint(outcome))
        if isinstance(outcome, AdministrationOutcome) and outcome.report_text:
            self.env["nets.report"].sudo()._keep(self, outcome)
        self._tell()

    def _record_outcome(self, outcome):
        """Turn a certain outcome into an end.

        :param outcome: connect_cloud.Outcome or AdministrationOutcome, approved or not approved
        """
        self.ensure_one()
        values = self._outcome_values(outcome)
        reason = outcome.reason.value if outcome.reason else None
        if self.kind == "administration":
            # It moves no money: its own answer counts, also where the wait for it had been given up.
            state = "approved" if outcome.state == OutcomeState.APPROVED else "failed"
            self._end(state, reason, values, (*UNRESOLVED_STATES, "failed"))
        elif outcome.state == OutcomeState.APPROVED:
            self._record_approval(outcome, values)
        elif self._end_not_charged(reason, values):
            pass
        elif self.state == "approved":
            self._raise_alert(
                self.env._(
                    "The terminal says that nothing was charged, but this transaction is known as successful. Compare "
                    "it with the terminal's journal."
                )
            )
        elif self.settled_by_id and not self.raw_answer:
            self._confirm_settlement(reason, values)

    def _confirm_settlement(self, reason, values):
        """The terminal's own refusal came after a person had settled it so: what it says is kept, and told."""
        self._correct({name: value for name, value in values.items() if value}, NOT_CHARGED_STATES)
        self._note(
            self.env._(
                "The terminal's own answer came later, and says the same: %(message)s",
                message=describe(self.env, reason, kind=self.kind).label,
            )
        )

    def _record_approval(self, outcome, values):
        """Rule 9: evidence of a charge always wins."""
        charge = read_charge(abs(self._to_minor_units(self.amount)), self.currency_id.name, outcome)
        if doubt := self._doubt(charge, outcome):
            values["alert"] = doubt
        charged = self._from_minor_units(charge.amount)
        values |= {
            "charged_amount": charged if self.amount >= 0 else -charged,
            "tip_amount": self._from_minor_units(outcome.tip_amount or 0),
            "surcharge_amount": self._from_minor_units(outcome.surcharge_amount or 0),
            "charge_date": self._charge_date(outcome),
        }
        if self._end("approved", None, values):
            return
        previous_state = self.state
        if self._end("approved", None, values, NOT_CHARGED_STATES):
            self._raise_alert(
                self.env._(
                    "This transaction was known as “%(state)s”, but the card was charged. It is booked now. Tell the "
                    "person who may have charged the customer again.",
                    state=dict(STATE_SELECTION)[previous_state],
                )
            )
            return
        self._complete_approval(outcome, values)

    def _doubt(self, charge, outcome):
        """Why a person should compare what an approval charged, as text; mostly empty.

        :param Charge charge: what was read of it
        """
        if charge.doubt == Doubt.OTHER_CURRENCY:
            return self.env._(
                "The receipt shows another currency than %(currency)s, which the terminal is set up with. Compare "
                "them, and have the administrator correct the terminal: what it charges is booked in that currency.",
                currency=self.currency_id.name,
            )
        if charge.doubt == Doubt.OTHER_AMOUNT:
            return self.env._(
                "The receipt shows another amount than the terminal said it charged. Compare it with the terminal's "
                "journal."
            )
        if not outcome.total_amount:
            # The card was charged, but not how much: what was asked is the best that is known.
            return self.env._(
                "The terminal didn't say how much it charged. The amount asked for was taken. Compare it with the "
                "receipt."
            )
        return ""

    def _complete_approval(self, outcome, values):
        """A second approval of the same charge (lookup and own answer, or a settlement by hand before).

        What was recorded first stays; what it lacked is added. A different amount is a person's matter.
        """
        missing = {
            name: value
            for name, value in values.items()
            if name in self._outcome_values(outcome) and value and not self[name]
        }
        if missing:
            self._correct(missing, ("approved",))
        if self.currency_id.compare_amounts(self.charged_amount, values["charged_amount"]) != 0:
            self._raise_alert(
                self.env._(
                    "The terminal charged %(charged)s, but %(recorded)s was recorded. Compare it with the terminal's "
                    "journal.",
                    charged=self._format_amount(values["charged_amount"]),
                    recorded=self._format_amount(self.charged_amount),
                )
            )

    def _outcome_values(self, outcome):
        values = {
            "nets_message": outcome.message or None,
            "nets_code": outcome.code or None,
            "session_number": outcome.session_number or None,
            "terminal_timestamp": outcome.timestamp or None,
            "raw_answer": outcome.raw or None,
        }
        if self.kind == "administration":
            return values
        return values | {
            "stan_auth": outcome.stan_auth or None,
            "stan": outcome.stan or None,
            "authorisation_code": outcome.authorisation_code or None,
            "response_code": outcome.response_code or None,
            "card_brand": outcome.card.brand or None,
            "card_number": outcome.card.truncated_pan or None,
            "card_last_four": outcome.card.last_four or None,
            "card_details": Json(
                {
                    name: value
                    for name in ("aid", "tvr", "tsi", "atc", "tcc", "cvm", "account_type")
                    if (value := getattr(outcome.card, name))
                }
            ),
            "customer_receipt": outcome.customer_receipt or None,
            "merchant_receipt": outcome.merchant_receipt or None,
            "signature": "required" if self._wants_signature(outcome) else None,
        }

    def _wants_signature(self, outcome):
        # nobody is asked for what is only a test
        charged = outcome.state == OutcomeState.APPROVED and self.kind == "purchase" and self.origin != "none"
        return charged and outcome.card.cvm == CVM_SIGNATURE

    # === THE DOORS OUT === #

    def _ending(self, state, reason, now=NOW):
        """The columns of an end. Only this says which they are.

        :param str state: approved, failed or aborted
        :param reason: why nothing was charged, or how it came to be known
        :param now: the time, where a row is inserted that ended already
        """
        values = {"state": state, "reason": reason, "recorded_at": now, "next_lookup_at": None}
        if state == "approved":
            values |= {"to_book": self.origin != "none", "next_booking_at": now}
        return values

    def _end(self, state, reason, values=None, states=UNRESOLVED_STATES, condition=None):
        """The one door out: a transaction ends, if it still is as expected.

        :param dict values: column → value or SQL, what is known of it besides
        :param states: those it may end from
        :param SQL condition: what must be true besides
        :return: whether it ended by this
        """
        return self._compare_and_set({**(values or {}), **self._ending(state, reason)}, states, condition)

    def _end_not_charged(self, reason, values=None, states=UNRESOLVED_STATES, condition=None):
        """As `_end`, where nothing was charged: aborted where the merchant had asked for that, else failed."""
        if self.abort_requested_at:
            return self._end("aborted", MERCHANT_ABORTED, values, states, condition)
        return self._end("failed", reason, values, states, condition)

    def _end_unsent(self, reason, condition=None):
        """As `_end`, for a row that was not claimed: the same compare-and-set as the claim (rule 1)."""
        unsent = SQL("sent_at IS NULL AND %s", condition or SQL("TRUE"))
        if self._end("failed", reason, None, ("pending",), unsent):
            self._tell()

    def _become_unknown(self, outcome=None, look_up_now=False):
        """The other way out of *pending*: the answer is lost. Not failed, not charged, but to be looked up (rule:
        unknown is never called failed).

        :param outcome: connect_cloud.Outcome or AdministrationOutcome, where there was an answer that says nothing
        :param bool look_up_now: the answer got lost long ago
        :return: whether it became unknown by this
        """
        pause = 0 if look_up_now else self._lookup_pause(0)
        values = {
            "state": "unknown",
            "unknown_since": NOW,
            "next_lookup_at": SQL("%s + %s * interval '1 second'", NOW, pause),
            "reason": self._reason_of_silence().value,
        }
        if outcome:
            # what an answer that says nothing certain says of card and amount, isn't known
            known = ("nets_message", "nets_code", "raw_answer", "customer_receipt", "merchant_receipt")
            said = self._outcome_values(outcome)
            values |= {name: said[name] for name in known if name in said}
            values["reason"] = outcome.reason.value if outcome.reason else Reason.RESULT_UNKNOWN.value
        if not self._compare_and_set(values, ("pending",)):
            return False
        # whatever became of it: what was the terminal's last result before isn't it any more
        self.terminal_id._set_last_result(None)
        return True

    def _correct(self, values, states=tuple(dict(STATE_SELECTION))):
        """Add to what is known of a transaction, without changing whether and how it ended."""
        return self._compare_and_set(values, states)

    def _charge_date(self, outcome):
        """The day of the charge where the terminal stands, or the day it was sent where the terminal's time is
        missing or can't be right."""
        zone = self._zone()
        sent_at = self.sent_at or fields.Datetime.now()
        charged_at = parse_timestamp(outcome.timestamp, zone) if outcome.timestamp else None
        if charged_at:
            charged_at = charged_at.replace(tzinfo=None)
            if abs(charged_at - sent_at) > timedelta(days=1):
                charged_at = None
        return fields.Datetime.context_timestamp(self.with_context(tz=zone), charged_at or sent_at).date()

    # === PHASE 4: BOOK === #

    def _book(self):
        """Make the accounting payment of a charge, once, whoever asks and however often.

        Rule 12: with the rights of the person who started it checked when reserving, and not again now.
        What can't be booked stays *charged, not booked*, is explained, and is tried again later.

        :return: whether it is booked now
        """
        self.ensure_one()
        self._lock()
        if not self.to_book:
            return bool(self.booked_at)
        try:
            with self.env.cr.savepoint():
                # what booking writes says what was charged; a refusal takes this back, too
                self._compare_and_set({"to_book": False}, ("approved",))
                user = self.user_id if self.user_id.active else self.env.user
                booker = self.with_user(user).sudo().with_company(self.company_id)
                note = booker._origin_model()._book(booker)
                # all that accounting computes later must be computed, or refused, inside the savepoint
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # a serialization failure: the whole phase is repeated
        except Exception as error:  # accounting, and whatever is installed beside it, may refuse in any way
            self.env.invalidate_all()
            _logger.warning("Transaction %s is charged, but can't be booked", self.order_id, exc_info=True)
            delay = BOOKING_DELAYS[min(self.booking_attempts, len(BOOKING_DELAYS) - 1)]
            self._compare_and_set(
                {
                    "booking_error": self._refusal_text(error),
                    "booking_attempts": SQL("booking_attempts + 1"),
                    "next_booking_at": SQL("%s + %s * interval '1 second'", NOW, delay),
                },
                ("approved",),
            )
            self._tell()
            return False
        self._compare_and_set(
            {
                "to_book": False,
                "booked_at": NOW,
                "booking_error": None,
                "next_booking_at": None,
                "booking_note": note or None,
            },
            ("approved",),
        )
        self._tell()
        return True

    @api.model
    def _refusal_text(self, error):
        """Why accounting refuses, as a sentence: a programming error's own words come behind it."""
        if isinstance(error, (UserError, RedirectWarning)):
            return str(error.args[0])[:1000]
        return self.env._(
            "Odoo stopped with an unexpected error. Show this to the person who looks after your Odoo: %(error)s",
            error=f"{type(error).__name__}: {error}"[:900],
        )

    def action_book_again(self):
        """Try to book a charge that accounting refused, after its cause is gone.

        :raise AccessError: for who neither started it, nor may change what it is for, nor manages card payments
        """
        if self.env.user.has_group("nets_connect_cloud.group_manager"):
            self._check_may_run()
        else:
            self._check_may_act()
        for transaction in self.sudo().filtered("to_book"):
            transaction.message_post(body=self.env._("Booking tried again"), author_id=self.env.user.partner_id.id)
            transaction._book()

    # === PHASE 5: TELL === #

    def _tell(self):
        """Tell everybody who watches that there is news."""
        for transaction in self:
            transaction._origin_model()._tell(transaction)

    def _send_news(self, *channels):
        """Send the news to bus channels. The screens ask for it themselves: a message carries no data.

        :param channels: as `bus.bus._sendone` takes them
        """
        self.ensure_one()
        for channel in channels:
            self.env["bus.bus"]._sendone(channel, "nets_connect_cloud", {"transaction_id": self.id})

    def read_progress(self):
        """What a person who watches has to see now. Asked every few seconds, since bus messages get lost.

        :return: list of dicts of plain values, texts in the user's language
        """
        self._check_few(self.ids)
        self.check_access("read")
        transactions = self.sudo()
        transactions._recover()
        return [transaction._progress_values() for transaction in transactions]

    def _progress_values(self):
        """:return: dict, all keys of `progress.Progress`"""
        self.ensure_one()
        doing = self._progress()
        message = self._message(doing)
        is_looked_up = self._is_looked_up()
        values = {
            "id": self.id,
            "state": self.state,
            "kind": self.kind,
            "finished": not self._still_open() and not is_looked_up,
            "look": self._look(doing),
            "label": message.label,
            "explanation": message.explanation,
            "detail": message.detail if message.detail.lower() != message.label.lower() else "",
            "advice": self._advice(),
            "lookup_message": "" if self.state == "approved" else self.lookup_message or "",
            "note": self.booking_note or "",
            "alert": self.alert or "",
            "amount": self._format_amount(self._amount_now()),
            "additions": self._additions(),
            "card": self._card_name(),
            "authorisation_code": self.authorisation_code or "",
            "terminal_id": self.terminal_id.id,
            "terminal_name": self.terminal_id.name,
            "environment": self.environment,
            "abort": "" if self.state != "pending" else "running" if self._is_abort_call_running() else "possible",
            "lookup": "running" if is_looked_up else "possible" if self._can_look_up() else "",
            "can_retry": self._can_retry(),
            "retry_wait": RETRY_WAIT.get(self.reason, 0),
            "display": self._display(),
            "agent": self._browser_job(),
        }
        if self.signature_open:
            may_accept = self.signature == "required" or self._may_accept_declined()
            values |= {
                "signature": "required" if may_accept else "declined",
                "paper": self.merchant_receipt or "",
            }
        return asdict(Progress(**{**values, **self._origin_model()._progress(self)}))

    def _look(self, doing):
        """How it stands at a glance: one of `Progress.look`.

        :param str doing: as `_progress` says
        """
        if self.state == "unknown" or self._is_looked_up() or doing == "interrupted":
            return "unknown"
        if self.state == "pending":
            return "aborting" if doing == "aborting" else "running"
        if self.state == "approved":
            if self.to_book and self.booking_error:
                return "unbooked"
            return "signature" if self.signature_open else "approved"
        if self.reason in REFUSED_REASONS:
            return "refused"
        return "aborted" if self.state == "aborted" or self.reason in STOPPED_REASONS else "trouble"

    def _can_retry(self):
        """Whether asking once more on the same terminal makes sense: nothing was done, nothing has to change first."""
        return self.state in NOT_CHARGED_STATES and self.reason not in NO_RETRY_REASONS and not self._is_looked_up()

    def _additions(self):
        """What the customer added on the terminal, in words."""
        tip, surcharge = (self._format_amount(amount) for amount in (self.tip_amount, self.surcharge_amount))
        added = [
            self.tip_amount and self.env._("Tip %(amount)s", amount=tip),
            self.surcharge_amount and self.env._("Surcharge %(amount)s", amount=surcharge),
        ]
        return " · ".join(filter(None, added))

    def _progress(self):
        """What a pending transaction is doing, in one word."""
        self.ensure_one()
        return self._progress_by_id().get(self.id, "")

    def _progress_by_id(self):
        """What the pending ones among these are doing, in one word each: {id: word}, asked for at once."""
        running = self.filtered(lambda transaction: transaction.state == "pending")
        if not running:
            return {}
        self.env.cr.execute(
            SQL("SELECT transaction_id, progress FROM nets_heartbeat WHERE transaction_id IN %s", tuple(running.ids))
        )
        shown = dict(self.env.cr.fetchall())
        return {
            transaction.id: (
                "aborting"
                if transaction.abort_requested_at
                else "starting"
                if not transaction.sent_at
                else shown.get(transaction.id) or "card"
            )
            for transaction in running
        }

    def _message(self, progress=""):
        """The words for this transaction as it is now.

        :return: messages.Message
        """
        self.ensure_one()
        if special := self._origin_model()._message(self, progress):
            return special
        if self.state in NOT_CHARGED_STATES:
            return describe(self.env, self.reason, self.nets_message, self.kind)
        if self.state == "approved" and self.to_book and self.booking_error:
            return describe(self.env, "not_booked", self.booking_error, self.kind)
        if self.signature_open:
            return describe(self.env, f"signature_{self.signature}")
        if self.state == "approved":
            return describe(self.env, "approved", self.booking_note, self.kind)
        if self.state == "unknown":
            return describe(self.env, self.reason or Reason.RESULT_UNKNOWN.value, self.nets_message, self.kind)
        return describe(self.env, f"progress_{progress or self._progress()}", kind=self.kind)

    # === ABORT === #

    def abort(self):
        """Ask the terminal to stop. A wish: the terminal's own answer to the payment decides (rule 11).

        :return: what `read_progress` returns
        :raise AccessError: for who neither started it nor may change what it is for
        """
        self.ensure_one()
        self._check_may_act()
        self.sudo()._abort()
        return self.read_progress()

    def _abort(self):
        self.ensure_one()
        if self.kind == "administration" and self.sent_at:
            raise refusal(self.env, "administration_not_abortable")
        wish = {
            "abort_requested_at": SQL("COALESCE(abort_requested_at, %s)", NOW),
            "abort_requested_by_id": SQL("COALESCE(abort_requested_by_id, %s)", self.env.uid),
        }
        if self._end("aborted", MERCHANT_ABORTED, wish, ("pending",), SQL("sent_at IS NULL")):
            self._tell()
            return
        # One abort call at a time; once it has ended the person may press again.
        if self._compare_and_set(
            {**wish, "abort_call_at": NOW},
            ("pending",),
            SQL("abort_call_at IS NULL OR abort_call_at < %s - %s * interval '1 second'", NOW, ABORT_DEADLINE),
        ):
            self._abort_after_commit()
            self._tell()

    def _is_abort_call_running(self):
        return bool(self.abort_call_at and self.abort_call_at > self._now() - timedelta(seconds=ABORT_DEADLINE))

    def _abort_call_ended(self):
        self.env.cr.execute(SQL("UPDATE nets_transaction SET abort_call_at = NULL WHERE id = %s", self.id))
        self.invalidate_recordset(["abort_call_at"])
        self._tell()

    # === WHAT IS STILL OPEN === #

    @api.model
    def _open_domain(self):
        """What still moves, or waits for its booking: the one answer for all who ask."""
        return Domain("state", "in", UNRESOLVED_STATES) | Domain("to_book", "=", True)

    def _still_open(self):
        """:return: those of these that still move, or wait for their booking"""
        return self.filtered_domain(self._open_domain())

    def _amount_now(self):
        """What was charged, signed; as long as that isn't known, what was asked."""
        return self.charged_amount if self.state == "approved" else self.amount

    def _amount_open(self):
        """What those that are still open charge or give back, positive: as asked, or as known since."""
        return sum(abs(transaction._amount_now()) for transaction in self._still_open())

    # === WHAT IT IS FOR === #

    def _origin_model(self):
        """:return: the model `nets.origin.…` that knows what this transaction is for"""
        self.ensure_one()
        name = "administration" if self.kind == "administration" else self.origin
        return self.env[f"nets.origin.{name}"]

    def _check_may_give_back(self):
        """:raise AccessError: where the user may not give this money back"""
        self.check_access("read")
        self._origin_model()._check_may_give_back(self)

    def _purpose(self):
        """What it was for, as a person calls it."""
        return self._origin_model()._purpose(self.sudo())

    def retry(self, request_id, terminal_id):
        """Ask once more for what was not done.

        :param str request_id: made by the client, new for each press
        :param int terminal_id: where now
        :return: what `read_progress` returns; or, in a list, what it has to wait for
        :raise UserError: where it can't be repeated; nothing was sent then
        """
        self.ensure_one()
        self._check_may_run()
        return self._press_and_watch(self._origin_model()._press_again(self, request_id, terminal_id))

    def _dialog_action(self, **params):
        """The client action that opens the card dialog: for this transaction, or for one that is to be started.

        :param params: what the dialog is opened for besides; `task` as in `progress.Progress`
        """
        return {
            "type": "ir.actions.client",
            "tag": "nets_connect_cloud.card_dialog",
            "params": {"transaction_id": self.id, **params},
        }

    # === HELPERS === #

    def _card_name(self):
        """What a person recognises the card by."""
        return " ".join(filter(None, [self.card_brand, self.card_last_four and f"•••• {self.card_last_four}"]))

    def _check_may_run(self):
        """Every RPC method that does something asks this first.

        :raise AccessError: where the user may not use terminals, or may not see these transactions
        """
        if not self.env.user.has_group("nets_connect_cloud.group_user"):
            raise refusal(self.env, "rights_use", error=AccessError)
        self._check_few(self.ids)
        self.check_access("read")

    def _check_may_act(self):
        """Asked where somebody acts on what may be another person's.

        :raise AccessError: for who neither started it nor may change what it is for. Who administers a terminal needs
            the right to it each time
        """
        self._check_may_run()
        for transaction in self:
            if transaction.user_id != self.env.user or transaction.kind == "administration":
                transaction._origin_model()._check_may_change(transaction)

    @api.model
    def _check_few(self, ids):
        """Rule 25: each may mean work at a terminal, or in the books.

        :param ids: as the client sent them
        :raise UserError: where they are more than anybody looks at
        """
        if len(ids) > MOST_IDS:
            raise refusal(self.env, "too_many", most=MOST_IDS)

    @api.model
    def _check_number(self, amount, currency):
        """Refuse what is no amount of money.

        :raise UserError: with the cause in plain words
        """
        if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not math.isfinite(amount):
            raise refusal(self.env, "amount_not_a_number")
        try:
            to_minor_units(amount, currency.name)
        except UnknownCurrencyError as error:
            raise refusal(self.env, "currency_unknown", currency=currency.name) from error
        except AmountError as error:
            digits = exponent(currency.name)
            raise refusal(self.env, "amount_decimals", currency=currency.name, digits=digits) from error

    def _compare_and_set(self, values, states, condition=None):
        """Change the row where it still is as expected; all changes of state go through here.

        :param dict values: column → value or SQL
        :param states: states in which the change is allowed
        :param SQL condition: what must be true besides
        :return: whether the row was changed
        """
        self.ensure_one()
        self.flush_recordset()
        assignments = SQL(", ").join(SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items())
        self.env.cr.execute(
            SQL(
                "UPDATE nets_transaction SET %s, write_date = %s WHERE id = %s AND state IN %s AND (%s)",
                assignments,
                NOW,
                self.id,
                tuple(states),
                condition or SQL("TRUE"),
            ),
            log_exceptions=False,  # somebody else was faster: what called this is repeated
        )
        changed = self.env.cr.rowcount == 1
        self.invalidate_recordset()
        return changed

    def _lock(self):
        """Wait for the row, and read it again. A change meanwhile ends in a serialization failure, and a repeat."""
        self.flush_recordset()
        self.env.cr.execute(
            SQL("SELECT 1 FROM nets_transaction WHERE id = %s FOR NO KEY UPDATE", self.id), log_exceptions=False
        )
        self.invalidate_recordset()

    def _raise_alert(self, text):
        """Something contradicts what was known: a person has to look."""
        self.env.cr.execute(SQL("UPDATE nets_transaction SET alert = %s WHERE id = %s", text, self.id))
        self.invalidate_recordset(["alert"])
        _logger.warning("Transaction %s: %s", self.order_id, text)
        self._note(text)

    def _note(self, text):
        """Leave a note in the chatter, where that is possible."""
        try:
            with self.env.cr.savepoint():
                self.message_post(body=text)
        except psycopg2.OperationalError:
            raise  # a serialization failure: the whole phase is repeated
        except Exception:  # what is recorded here is money; a message about it must not stand in the way
            _logger.exception("Transaction %s: the note couldn't be posted", self.order_id)

    def _now(self):
        self.env.cr.execute(SQL("SELECT %s", NOW))
        return self.env.cr.fetchone()[0]

    def _to_minor_units(self, amount):
        """An amount as the wire wants it: integer minor units by ISO 4217, whatever rounding somebody gave the currency
        here (rule 21)."""
        return to_minor_units(amount, self.currency_id.name)

    def _from_minor_units(self, amount):
        return float(from_minor_units(amount, self.currency_id.name))

    def _format_amount(self, amount):
        return format_amount(self.env, amount, self.currency_id)
