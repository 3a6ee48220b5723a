from odoo import models
from odoo.tools import SQL

from ...connect_cloud import Reason
from ...const import STATE_SELECTION, UNRESOLVED_STATES
from ...messages import MERCHANT_ABORTED
from .rows import NEXT_VERSION, NOW


class NetsTransaction(models.Model):
    """The doors out: a transaction ends, becomes unknown or is corrected here, and nowhere else."""

    _inherit = "nets.transaction"

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
        # regardless of how it ended: the terminal's last result from before isn't the last one any more
        self.terminal_id._set_last_result(None)
        return True

    def _correct(self, values, states=tuple(dict(STATE_SELECTION))):
        """Add to what is known of a transaction, without changing whether and how it ended."""
        return self._compare_and_set(values, states)

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
                "UPDATE nets_transaction SET %s, version = %s, write_date = %s WHERE id = %s AND state IN %s AND (%s)",
                assignments,
                NEXT_VERSION,
                NOW,
                self.id,
                tuple(states),
                condition or SQL("TRUE"),
            ),
            log_exceptions=False,  # somebody else was faster: what called this is repeated
        )
        changed = self.env.cr.rowcount == 1
        self.invalidate_recordset()
        if changed and values.get("state") == "approved" and self.refund_of_id:
            # what the payment that this gives back is shown as
            self.modified(["state", "charged_amount"])
            self.refund_of_id.flush_recordset(["given_back"])
        return changed

    def _lock(self):
        """Wait for the row, and read it again. A change meanwhile ends in a serialization failure, and a repeat."""
        self.flush_recordset()
        self.env.cr.execute(
            SQL("SELECT 1 FROM nets_transaction WHERE id = %s FOR NO KEY UPDATE", self.id), log_exceptions=False
        )
        self.invalidate_recordset()
