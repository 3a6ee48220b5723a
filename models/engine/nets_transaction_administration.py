"""Reconciliation, downloads, balance: what a terminal does besides payments."""

from datetime import timedelta

from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.tools import SQL

from ...connect_cloud import AdministrationOutcome, OutcomeState, Reason
from ...const import ADMINISTRATION_SELECTION, EVIDENCE_INTERVAL, UNRESOLVED_STATES
from ...messages import ADMINISTRATION_REASONS, ADMINISTRATION_UNANSWERED, describe, refusal
from .nets_transaction import NOW


class NetsTransaction(models.Model):
    """Operations of kind *administration*.

    They take the same reservation as a payment, since they may wipe the terminal's last result (rule 2), and go
    through the same phases. They move no money: there is nothing to book.
    """

    _inherit = "nets.transaction"

    administration = fields.Selection(ADMINISTRATION_SELECTION, "Operation", readonly=True)
    report_ids = fields.One2many(
        "nets.report", "transaction_id", "Reports", readonly=True, groups="nets_connect_cloud.group_manager"
    )

    _administration_check = models.Constraint(
        "CHECK((kind = 'administration') = (administration IS NOT NULL))",
        "An administration says which one it is, and nothing else does.",
    )
    _administration_index = models.Index("(terminal_id, administration, id) WHERE kind = 'administration'")

    # === PHASE 1: RESERVE === #

    @api.model
    def _reserve_administration(self, terminal, administration, request_id):
        """Reserve the terminal for an operation that moves no money.

        :param terminal: nets.terminal
        :param str administration: a key of `ADMINISTRATION_SELECTION`
        :param str request_id: new for each press; a repeat returns the first one's transaction
        :return: nets.transaction
        :raise UserError: the terminal is busy, or can't do this
        """
        terminal = terminal.sudo()
        if terminal.type != "connect_cloud" or not terminal.active:
            raise refusal(self.env, "administration_not_possible")
        return self._reserve(
            {
                "kind": "administration",
                "administration": administration,
                "terminal_id": terminal.id,
                "request_id": request_id,
                "amount": 0,
                "currency_id": terminal.currency_id.id,
                "company_id": terminal.company_id.id,
            }
        )

    # === PHASE 3: RECORD === #

    def _record_answer(self, outcome):
        if self.kind != "administration":
            return super()._record_answer(outcome)
        self._lock()
        self.env.cr.execute(SQL("DELETE FROM nets_heartbeat WHERE transaction_id = %s", self.id))
        if outcome.started:
            # Whatever it did to the terminal's last result: it is asked for before the next payment.
            self.terminal_id.last_result = False
        values = {
            "reason": outcome.reason.value if outcome.reason else None,
            "nets_message": outcome.message or None,
            "nets_code": outcome.code or None,
            "session_number": outcome.session_number or None,
            "terminal_timestamp": outcome.timestamp or None,
            "raw_answer": outcome.raw or None,
        }
        if outcome.state == OutcomeState.UNKNOWN:
            values |= {
                "state": "unknown",
                "unknown_since": NOW,
                "next_lookup_at": SQL("%s + %s * interval '1 second'", NOW, self._lookup_pause(0)),
                "reason": values["reason"] or Reason.RESULT_UNKNOWN.value,
            }
            self._compare_and_set(values, ("pending",))
        else:
            values |= {
                "state": "approved" if outcome.state == OutcomeState.APPROVED else "failed",
                "recorded_at": NOW,
                "next_lookup_at": None,
            }
            # Rule 10: our own answer counts, also where the wait for it had been given up.
            self._compare_and_set(values, (*UNRESOLVED_STATES, "failed"))
        if isinstance(outcome, AdministrationOutcome) and outcome.report_text:
            self.env["nets.report"].sudo()._keep(self, outcome)
        self._tell()
        return None

    def _record_lookup(self, terminal_state, last, error=None):
        """What may be concluded of a lost answer: that the terminal is free again, and no more.

        No money was moved. A terminal that says *idle* and is still at it would refuse a payment as busy, before
        anything is started: so *idle*, seen twice, ends the reservation. Whether it was done, the terminal's own
        print tells a person.
        """
        if self.kind != "administration":
            return super()._record_lookup(terminal_state, last, error)
        self._lock()
        self._record_evidence(last)
        now = self._now()
        seen = self.no_charge_evidence
        if (terminal_state or "").lower() != "idle":
            self._compare_and_set({"no_charge_evidence": None}, ("unknown",))
        elif not seen:
            evidence = {"rule": "idle", "at": fields.Datetime.to_string(now)}
            self._compare_and_set({"no_charge_evidence": Json(evidence)}, ("unknown",))
        elif now - fields.Datetime.to_datetime(seen["at"]) >= timedelta(seconds=EVIDENCE_INTERVAL):
            self._compare_and_set(
                {
                    "state": "failed",
                    "reason": ADMINISTRATION_UNANSWERED,
                    "recorded_at": NOW,
                    "next_lookup_at": None,
                },
                ("unknown",),
            )
        if self.state == "unknown":
            self._schedule_lookup(
                self.env._("The terminal is “%(state)s”.", state=terminal_state)
                if terminal_state
                else describe(self.env, error.reason, error.message).label
            )
        self._tell()
        return None

    def _settle_by_hand(self, charged, reason, amount=0, reference=""):
        if self.kind == "administration" and charged:
            raise refusal(self.env, "settle_administration")
        return super()._settle_by_hand(charged, reason, amount, reference)

    # === PHASE 5: TELL === #

    def _tell_targets(self):
        targets = super()._tell_targets()
        if self.kind == "administration" or self.origin == "none":
            targets.append(self.user_id.partner_id)
        return targets

    def _progress_values(self):
        values = super()._progress_values()
        if self.kind == "administration":
            report = self.report_ids[:1]
            values |= {
                "title": dict(self._fields["administration"]._description_selection(self.env))[self.administration],
                "amount": "",
                "can_abort": False,
                "can_retry": False,
                "report_id": report.id,
                "report_text": report.text or "",
            }
        elif self.origin == "none":
            values |= {"title": self.env._("Test payment"), "can_retry": False}
        return values

    def _message(self, progress=""):
        if self.kind != "administration":
            return super()._message(progress)
        if self.state == "pending":
            return describe(self.env, "administration_running")
        if self.state == "unknown":
            return describe(self.env, "administration_unknown", self.nets_message)
        if self.state == "approved":
            return describe(self.env, "administration_done")
        known = self.reason in ADMINISTRATION_REASONS
        return describe(self.env, self.reason if known else "administration_failed", self.nets_message)

    def _abort(self):
        if self.kind == "administration" and self.sent_at:
            raise refusal(self.env, "administration_not_abortable")
        return super()._abort()

    def _format_activity(self):
        """What an unresolved transaction keeps its terminal busy with, for those who wait for it."""
        self.ensure_one()
        if self.kind == "administration":
            return dict(self._fields["administration"]._description_selection(self.env))[self.administration]
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        return f"{kind} {self._format_amount(self.amount)}"
