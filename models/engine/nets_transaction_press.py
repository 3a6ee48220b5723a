import contextlib
import math
import secrets
import string
from dataclasses import asdict

import psycopg2
import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools.misc import Callbacks

from ... import listener
from ...connect_cloud import AmountError, UnknownCurrencyError, to_minor_units
from ...connect_cloud.currencies import exponent
from ...const import NOT_CHARGED_STATES, UNRESOLVED_STATES
from ...messages import SETTLED_BY_HAND, describe_refusal, refusal
from .own_words import own_words
from .progress import Waiting
from .rows import lock_rows

ORDER_ID_ALPHABET = string.ascii_uppercase + string.digits


class NetsTransaction(models.Model):
    """Phase 1, reserve: the one door in."""

    _inherit = "nets.transaction"

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
        if standing := press.standing():
            return standing.with_env(self.env), None
        if press.previous and press.previous.sudo().state not in NOT_CHARGED_STATES:
            raise refusal(self.env, "not_failed")
        if waiting := press.wait():
            return None, waiting
        press.check_document()
        self._check_number(press.amount, press.currency)
        press.terminal._check_usable(press.company, press.currency)
        press.terminal.sudo().account_id._keep_set_up()
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
        :raise ConcurrencyError: somebody else was faster
        """
        terminal = self.env["nets.terminal"].sudo().browse(vals["terminal_id"])
        try:
            with listener.quiet_conflicts(psycopg2.errors.UniqueViolation):
                transaction = self._insert(terminal, vals)
        except psycopg2.errors.UniqueViolation as error:
            # Rules 2 and 3: the index decides, in the same instant, in any process.
            raise ConcurrencyError("terminal or request taken meanwhile") from error
        # Nothing is sent before the reservation is committed: if the process dies now, nothing was sent.
        transaction._send_after_commit()
        transaction._tell(asked=False)
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
        transaction._tell(asked=False)
        return transaction.sudo(False)

    @api.model
    @contextlib.contextmanager
    def _as_if_charged(self, vals):
        """A transaction as it will be once what is about to be asked for has been charged. Everything that is done
        with it is rolled back at the end.

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
            with contextlib.closing(cr.savepoint()), own_words(self) as transactions:
                yield transactions._insert(terminal, {**vals, **ending, **charge})
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
        """The terminal as it is now; it may be renamed, moved or connected in another way later."""
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
    def _check_terminal_free(self, busy):
        """Refuse where the terminal is busy.

        :param busy: what was unresolved on it a moment ago, mostly empty
        :raise UserError: saying with what
        """
        if busy.state not in UNRESOLVED_STATES:
            return
        terminal = busy.terminal_id
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
            amount=busy.currency_id.format(abs(busy.amount)),
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

        :return: dict as `_waiting`, or None where the terminal is free
        :raise UserError: the terminal is busy with something else; nothing was sent then
        """
        busy = self._busy_on(terminal)
        busy._recover()
        if busy.state != "unknown" or busy.kind == "administration":
            self._check_terminal_free(busy)
            return None
        busy._ask_soon()
        label = {
            "purchase": self.env._("An earlier payment is being resolved"),
            "refund": self.env._("An earlier refund is being resolved"),
            "reversal": self.env._("An earlier reversal is being resolved"),
        }[busy.kind]
        return self._waiting(
            label, busy._being_resolved().explanation, busy._advice(), busy._browser_job(), busy._known_in()
        )

    @api.model
    def _waiting(self, label, explanation, advice="", agent=None, known_in=0):
        """:return: what holds a press that has to wait, as a dict, see `progress.Waiting`"""
        return asdict(Waiting(label=label, explanation=explanation, advice=advice, agent=agent, known_in=known_in))

    def _being_resolved(self):
        """:return: Message, for those who wait for the terminal"""
        return describe_refusal(
            self.env,
            "earlier_result",
            kind=self.kind,
            terminal=self.terminal_id.name,
            amount=self.currency_id.format(abs(self.amount)),
        )

    @api.model
    def _new_order_id(self):
        """A random number (rule 4) within what NETS surely takes: 20 characters of [A-Z0-9-]."""
        return "".join(secrets.choice(ORDER_ID_ALPHABET) for _position in range(20))

    @api.model
    def _check_number(self, amount, currency):
        """Refuse anything that isn't an amount of money.

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
