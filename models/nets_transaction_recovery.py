"""Recovery: what happens to a transaction whose answer got lost."""

import math
from datetime import timedelta

import psycopg2
from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .. import listener
from ..connect_cloud import OutcomeState, parse_timestamp
from ..const import (
    CLAIM_DEADLINE,
    EVIDENCE_INTERVAL,
    HEARTBEAT_TIMEOUT,
    LOOKUP_DEADLINE,
    LOOKUP_DELAYS,
    UNRESOLVED_STATES,
)
from ..messages import MERCHANT_ABORTED, NEVER_SENT, PROVEN_NOT_CHARGED, SETTLED_BY_HAND, describe
from .nets_transaction import NOW


class NetsTransaction(models.Model):
    """An unknown result is looked up until it is proven, or a person settles it; it is never guessed."""

    _inherit = "nets.transaction"

    # === LOOK THE RESULT UP === #

    def _claim_lookup(self):
        """Let one process at a time look an unknown result up.

        :return: listener.Call, or None when there is nothing to look up now
        """
        self.ensure_one()
        if self.exists() and self._compare_and_set(
            {
                # should the process die now, another may start after this
                "next_lookup_at": SQL("%s + %s * interval '1 second'", NOW, LOOKUP_DEADLINE),
                "lookup_count": SQL("lookup_count + 1"),
            },
            ("unknown",),
            SQL("next_lookup_at <= %s", NOW),
        ):
            return self._make_call(wants_baseline=False)
        return None

    def _seconds_to_lookup(self):
        """:return: seconds until the next lookup is due, or None when it is settled"""
        self.ensure_one()
        if not self.exists() or self.state != "unknown":
            return None
        return max(0, (self.next_lookup_at - self._now()).total_seconds())

    def _record_lookup(self, terminal_state, last, error=None):
        """Settle what the terminal's last result proves, and nothing else (rules 7 to 9).

        :param str terminal_state: as NETS names it
        :param last: LastTransaction, or None where the terminal has none
        :param error: ConnectCloudError where it couldn't be asked; nothing is concluded from that
        """
        self.ensure_one()
        self._lock()
        if error:
            self._schedule_lookup(describe(self.env, error.reason, error.message).label)
            return
        self._record_evidence(last)
        if self.state == "unknown" and last and self._is_charge_without_order_id(last):
            self._record_outcome(last.outcome)
        if self.state == "unknown":
            self._weigh_no_charge(terminal_state, last)
        if self.state == "unknown":
            self._schedule_lookup(
                self.env._(
                    "The terminal is “%(state)s”; its last result doesn't settle this yet.", state=terminal_state
                )
            )
        self._tell()

    def _schedule_lookup(self, message):
        delay = LOOKUP_DELAYS[min(self.lookup_count, len(LOOKUP_DELAYS) - 1)]
        self._compare_and_set(
            {
                "next_lookup_at": SQL("%s + %s * interval '1 second'", NOW, delay),
                "lookup_message": message,
            },
            ("unknown",),
        )

    def _record_evidence(self, last):
        """Rules 7 and 9: a last result with an order id of ours is that transaction's, whatever it was taken for.

        :param last: LastTransaction or None
        :return: the transaction that was found charged just now, mostly empty
        """
        nothing = self.browse()
        if not last:
            return nothing
        terminal = self.terminal_id
        if last.order_id and not terminal.account_id.mirrors_order_id:
            terminal.account_id.mirrors_order_id = True
        if not last.order_id:
            return nothing
        transaction = self.sudo().search(
            [("terminal_id", "=", terminal.id), ("order_id", "=", last.order_id), ("kind", "!=", "reversal")]
        )
        if not transaction:
            return nothing
        known_as = transaction.state
        if known_as == "approved" and (transaction.stan_auth or not transaction.settled_by_id):
            return nothing  # known already; what was settled by hand is compared with what NETS says
        if last.outcome.state == OutcomeState.APPROVED:
            transaction._record_outcome(last.outcome)
        elif last.outcome.state == OutcomeState.NOT_APPROVED and known_as == "unknown":
            # a final answer about this very order
            transaction._record_outcome(last.outcome)
        transaction._tell()
        terminal.last_result = self._fingerprint(last.outcome)
        return transaction if transaction.state == "approved" != known_as else nothing

    def _is_charge_without_order_id(self, last):
        """Rule 7, for variants of the service that don't send order ids back."""
        outcome = last.outcome
        return bool(
            outcome.state == OutcomeState.APPROVED
            and not last.order_id
            and not self.terminal_id.account_id.mirrors_order_id
            and outcome.stan_auth
            and not self._is_stan_auth_known(outcome.stan_auth)
            and outcome.total_amount == abs(self._to_minor_units(self.amount))
            and self._is_newer(outcome, self.baseline)
        )

    def _is_stan_auth_known(self, stan_auth):
        return bool(
            self.sudo().search_count(
                [
                    ("terminal_id", "=", self.terminal_id.id),
                    ("stan_auth", "=", stan_auth),
                    ("id", "!=", self.id),
                ],
                limit=1,
            )
        )

    # === PROOFS === #

    def _weigh_no_charge(self, terminal_state, last):
        """Rule 8: a non-charge is proven by the terminal, seen twice; a clock alone never decides."""
        rule = self._no_charge_rule(terminal_state, last)
        fingerprint = self._fingerprint(last.outcome if last else None)
        seen = self.no_charge_evidence
        if not rule:
            if seen:
                self._compare_and_set({"no_charge_evidence": None}, ("unknown",))
            return
        now = self._now()
        if not seen or seen["rule"] != rule or seen["fingerprint"] != fingerprint:
            self._compare_and_set(
                {
                    "no_charge_evidence": Json(
                        {"rule": rule, "fingerprint": fingerprint, "at": fields.Datetime.to_string(now)}
                    )
                },
                ("unknown",),
            )
            return
        if now - fields.Datetime.to_datetime(seen["at"]) < timedelta(seconds=EVIDENCE_INTERVAL):
            return
        aborted = bool(self.abort_requested_at)
        values = {"reason": MERCHANT_ABORTED if aborted else PROVEN_NOT_CHARGED}
        if rule == "newer":
            # the newer result is our own: say what the terminal said
            values |= self._outcome_values(last.outcome)
            if not aborted and last.outcome.reason:
                values["reason"] = last.outcome.reason.value
        self._compare_and_set(
            {
                **values,
                "state": "aborted" if aborted else "failed",
                "recorded_at": NOW,
                "next_lookup_at": None,
            },
            ("unknown",),
        )
        self.terminal_id.last_result = fingerprint

    def _no_charge_rule(self, terminal_state, last):
        """Which part of rule 8 the terminal's last result satisfies now.

        :return: "newer" (a), "unchanged" (b), or None
        """
        if terminal_state.lower() != "idle" or not self.baseline:
            return None
        if (
            last
            and last.outcome.state == OutcomeState.NOT_APPROVED
            and not last.order_id
            and self._is_newer(last.outcome, self.baseline)
            and self._follows_directly(last.outcome)
        ):
            return "newer"
        # A reversal is not disproved by seeing the original.
        customer_timeout = timedelta(seconds=self.terminal_id.account_id.customer_timeout)
        if (
            self.kind != "reversal"
            and self.sent_at
            and self._now() > self.sent_at + customer_timeout
            and self._is_same(last.outcome if last else None, self.baseline)
        ):
            return "unchanged"
        return None

    def _follows_directly(self, outcome):
        """Whether nothing else can have run between ours and this unapproved result: a card refused by hand after
        our own was charged must not pass for ours."""
        if outcome.total_amount and outcome.total_amount != abs(self._to_minor_units(self.amount)):
            return False
        before = (self.baseline.get("stan_auth") or "")[:6]
        after = (outcome.stan_auth or "")[:6]
        if before.isdigit() and after.isdigit():
            return int(after) == int(before) + 1
        return True

    @api.model
    def _fingerprint(self, outcome):
        """What makes a last result recognisable.

        :param outcome: connect_cloud.Outcome, or None where the terminal has no last result
        :return: dict of plain values
        """
        if outcome is None:
            return {"none": True}
        return {
            "stan_auth": outcome.stan_auth,
            "timestamp": outcome.timestamp,
            "result": outcome.result,
            "total_amount": outcome.total_amount,
        }

    def _is_same(self, outcome, baseline):
        """Whether a last result is the very one of the baseline. One without STAN and time can't be recognised."""
        fingerprint = self._fingerprint(outcome)
        if fingerprint == {"none": True}:
            return baseline == fingerprint
        return bool((outcome.stan_auth or outcome.timestamp) and fingerprint == baseline)

    def _is_newer(self, outcome, baseline):
        """Whether a last result is newer than the baseline by the terminal's own clock. Not known: no."""
        if not baseline:
            return False
        if baseline.get("none"):
            return True
        zone = self.location_id.tz or "UTC"
        before = baseline.get("timestamp") and parse_timestamp(baseline["timestamp"], zone)
        after = outcome.timestamp and parse_timestamp(outcome.timestamp, zone)
        return bool(before and after and after > before)

    # === ROWS THAT THEIR THREAD HAS LEFT === #

    def _recover(self):
        """Look after rows that their thread has left, without waiting for anything.

        Called when somebody watches a transaction, and every minute by the scheduled job.

        - never claimed within a minute → failed, by the same compare-and-set as the claim (rule 1)
        - no heartbeat → unknown (rule 16)
        - a lookup is due → started in a thread after commit
        """
        for transaction in self:
            if transaction.state == "pending" and not transaction.sent_at:
                if transaction._compare_and_set(
                    {"state": "failed", "reason": NEVER_SENT, "recorded_at": NOW},
                    ("pending",),
                    SQL("sent_at IS NULL AND create_date < %s - %s * interval '1 second'", NOW, CLAIM_DEADLINE),
                ):
                    transaction._tell()
            elif transaction.state == "pending" and transaction._lost_its_thread() and transaction._set_unknown():
                transaction._tell()
            if transaction.state == "unknown" and (
                transaction.next_lookup_at and transaction.next_lookup_at <= transaction._now()
            ):
                listener.look_up_after_commit(self.env.cr, transaction.id)

    def _lost_its_thread(self):
        self.env.cr.execute(
            SQL(
                """SELECT 1 FROM nets_heartbeat
                    WHERE transaction_id = %s AND beat_at > %s - %s * interval '1 second'""",
                self.id,
                NOW,
                HEARTBEAT_TIMEOUT,
            )
        )
        return not self.env.cr.fetchone()

    @api.model
    def _cron_recover(self):
        """Start what is due: lookups in threads, bookings here. One record that fails doesn't stop the others."""
        unresolved = self.search([("state", "in", UNRESOLVED_STATES)], order="id")
        to_book = self.search([("to_book", "=", True), ("next_booking_at", "<=", fields.Datetime.now())], order="id")
        cron = self.env["ir.cron"]
        # of threads that died; the living ones beat every few seconds
        self.env.cr.execute(SQL("DELETE FROM nets_heartbeat WHERE beat_at < %s - interval '1 day'", NOW))
        cron._commit_progress(remaining=len(unresolved) + len(to_book))
        for transaction in unresolved:
            transaction._recover()
            cron._commit_progress(1)
        for transaction in to_book:
            try:
                transaction._book()
            except psycopg2.OperationalError:
                # somebody else is at it, or the invoice is: the next run tries again
                self.env.cr.rollback()
            cron._commit_progress(1)

    # === SETTLE BY HAND === #

    def _settle_by_hand(self, charged, reason, amount=0, reference=""):
        """Rule 13: a manager decides what the terminal's journal says; a later proof of a charge still wins.

        :param bool charged: what the journal says
        :param str reason: why it had to be settled by hand
        :param float amount: what was charged, positive, in the transaction's currency
        :param str reference: STAN or authorisation code from the journal
        :raise UserError: where it isn't unknown, or something is missing
        """
        self.ensure_one()
        if not self.env.user.has_group("nets_connect_cloud.group_manager"):
            raise AccessError(
                self.env._("Only a manager of card transactions may settle one by hand. Ask your manager.")
            )
        self.check_access("read")
        if not (reason or "").strip():
            raise UserError(self.env._("Write down why this is settled by hand."))
        if charged and (not math.isfinite(amount) or amount <= 0 or not (reference or "").strip()):
            raise UserError(
                self.env._("Enter the amount and the reference (STAN or authorisation) from the terminal's journal.")
            )
        transaction = self.sudo()
        values = {
            "state": "approved" if charged else "failed",
            "reason": SETTLED_BY_HAND,
            "settled_by_id": self.env.uid,
            "settlement_reason": reason,
            "settlement_reference": reference or None,
            "recorded_at": NOW,
            "next_lookup_at": None,
        }
        if charged:
            amount = self.currency_id.round(amount)
            values |= {
                "charged_amount": amount if self.amount >= 0 else -amount,
                "charge_date": fields.Datetime.context_timestamp(
                    self.with_context(tz=transaction.location_id.tz or "UTC"), transaction.sent_at
                ).date(),
                "to_book": transaction.origin != "none",
                "next_booking_at": NOW,
            }
        # no live listener: its own answer is better than any journal
        if not transaction._lost_its_thread() or not transaction._compare_and_set(values, ("unknown",)):
            raise UserError(
                self.env._("Only a transaction whose result is unknown, and no longer waited for, can be settled.")
            )
        # what the terminal's last result is, is not known any more: it is asked for before the next payment
        transaction.terminal_id.last_result = False
        transaction.message_post(
            body=self.env._("Settled by hand: %(reason)s", reason=reason), author_id=self.env.user.partner_id.id
        )
        transaction._tell()
        if charged:
            transaction._book()
