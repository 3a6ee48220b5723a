from datetime import timedelta

from psycopg2.extras import Json

from odoo import fields, models
from odoo.tools import SQL

from ...connect_cloud import AdministrationOutcome, Doubt, OutcomeState, parse_timestamp, read_charge
from ...const import NOT_CHARGED_STATES, UNRESOLVED_STATES
from ...messages import describe
from .rows import NOW

# The cardholder verification method that asks for a signature.
CVM_SIGNATURE = "1"


class NetsTransaction(models.Model):
    """Phase 3, record: an answer becomes an outcome, whatever the row says meanwhile."""

    _inherit = "nets.transaction"

    def _record_answer(self, outcome):
        """Record the answer to our own call. Rule 10: always, whatever the row says meanwhile.

        :param outcome: connect_cloud.Outcome, or AdministrationOutcome
        :return: whether the terminal should be asked for its state now
        """
        self.ensure_one()
        self._lock()
        was_open = self.state in UNRESOLVED_STATES
        # nobody holds its call any more; the heartbeat itself is its keeper's
        answered = {"claim_token": None}
        if outcome.state == OutcomeState.UNKNOWN:
            self._correct(answered)
            self._become_unknown(outcome)
        else:
            self._correct(answered | {"answer_seconds": SQL("EXTRACT(EPOCH FROM %s - sent_at)", NOW)})
            self._record_outcome(outcome)
            if self.kind == "administration":
                if outcome.started:
                    # Whatever it did to the terminal's last result: it is asked for before the next payment.
                    self.terminal_id._set_last_result(None)
            elif outcome.result is not None:
                # after the row was settled in another way, the terminal may have had the next one already
                self.terminal_id._set_last_result(was_open and self._fingerprint(outcome))
        if isinstance(outcome, AdministrationOutcome) and outcome.report_text:
            self.env["nets.report"].sudo()._keep(self, outcome)
        self._tell()
        # who answers as ever is as it was
        return outcome.state != OutcomeState.APPROVED or self.terminal_id._wants_state()

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
            self._raise_alert("not_charged_after_all")
        elif self.settled_by_id and not self.raw_answer:
            self._confirm_settlement(reason, values)

    def _confirm_settlement(self, reason, values):
        """The terminal's own refusal came after a person had settled it so: what it says is kept, and told."""
        self._correct({name: value for name, value in values.items() if value}, NOT_CHARGED_STATES)
        env = self._in_its_language().env
        self._note(
            env._(
                "The terminal's own answer came later, and says the same: %(message)s",
                message=describe(env, reason, kind=self.kind).label,
            )
        )

    def _record_approval(self, outcome, values):
        """Rule 9: evidence of a charge always wins."""
        charge = read_charge(abs(self._to_minor_units(self.amount)), self.currency_id.name, outcome)
        if doubt := self._doubt(charge, outcome):
            values["alert_notes"] = Json([doubt])
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
            self._raise_alert("charged_after_all", state={"state": previous_state})
            return
        self._complete_approval(outcome, values)

    def _doubt(self, charge, outcome):
        """Why a person should compare what an approval charged, as a note; mostly None.

        :param Charge charge: what was read of it
        """
        if charge.doubt == Doubt.OTHER_CURRENCY:
            return {"key": "receipt_other_currency", "currency": self.currency_id.name}
        if charge.doubt == Doubt.OTHER_AMOUNT:
            return {"key": "receipt_other_amount"}
        if charge.doubt == Doubt.ZERO:
            # An approval of nothing: what was asked is the best that is known. One that tells no amount says nothing
            # against what was asked.
            return {"key": "charge_without_amount"}
        return None

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
                "other_charge", charged={"money": values["charged_amount"]}, recorded={"money": self.charged_amount}
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

    def _charge_date(self, outcome):
        """The day of the charge where the terminal is, or the day it was sent where the terminal's time is
        missing or can't be right."""
        zone = self._zone()
        sent_at = self.sent_at or fields.Datetime.now()
        charged_at = parse_timestamp(outcome.timestamp, zone) if outcome.timestamp else None
        if charged_at:
            charged_at = charged_at.replace(tzinfo=None)
            if abs(charged_at - sent_at) > timedelta(days=1):
                charged_at = None
        return fields.Datetime.context_timestamp(self.with_context(tz=zone), charged_at or sent_at).date()
