from datetime import timedelta

from psycopg2.extras import Json

from odoo import models
from odoo.tools import SQL

from ... import listener
from ...const import ABORT_DEADLINE, CLAIM_DEADLINE
from ...messages import EARLIER_CHARGE_FOUND, MERCHANT_ABORTED, NEVER_SENT, NOT_LAST_TRANSACTION, refusal
from .rows import NEXT_VERSION, NOW


class NetsTransaction(models.Model):
    """Phase 2, send: what the threads of `listener.py` need of the database, and the wish to abort."""

    _inherit = "nets.transaction"

    def _prepare_call(self):
        """Everything the thread needs to make the call, read at once.

        :return: listener.Call, or None when this row is not to be sent (any more)
        """
        self.ensure_one()
        if self.state != "pending" or self.sent_at:
            return None
        # A terminal reverses whatever was last, so for a reversal it is asked each time. An administration has
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

    # === ABORT === #

    def abort(self):
        """Ask the terminal to stop. A wish: the terminal's own answer to the payment decides (rule 11).

        :return: what `read_progress` returns
        :raise AccessError: for users who neither started it nor may change what it is for
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
        self.env.cr.execute(
            SQL("UPDATE nets_transaction SET abort_call_at = NULL, version = %s WHERE id = %s", NEXT_VERSION, self.id)
        )
        self.invalidate_recordset(["abort_call_at", "version"])
        self._tell()
