from dataclasses import asdict
from datetime import datetime, timedelta

from odoo import models
from odoo.tools import SQL

from ...connect_cloud import Reason
from ...const import EVIDENCE_INTERVAL, FIRST_LOOKUP, NOT_CHARGED_STATES, UNRESOLVED_STATES
from ...messages import NO_RETRY_REASONS, REFUSED_REASONS, RETRY_WAIT, SETTLED_BY_HAND, STOPPED_REASONS, describe
from .progress import Progress


class NetsTransaction(models.Model):
    """Phase 5, tell: what those who watch see of it."""

    _inherit = "nets.transaction"

    def _tell(self, asked=True):
        """Tell everybody who watches that there is news.

        The person who started it gets all that there is to see, in that person's words and on a channel that nobody
        else hears. Whoever else watches is only told that there is news, and asks for it.

        :param bool asked: whether the person who started it has to be told; else an answer that is on its way does it
        """
        for transaction in self:
            is_told = not asked or transaction._beside_money("_tell_starter")
            news = {"transaction_id": transaction.id, "told_user_id": is_told and transaction.user_id.id}
            transaction._origin_model()._tell(transaction, news)

    def _tell_starter(self):
        """Send the person who started this what there is to see now.

        :return: whether it was sent; an agent's browser asks, since it is told then what it has to do itself
        """
        user = self.user_id
        watched = self.with_user(user).with_context(lang=user.lang, tz=user.tz)
        if self.terminal_type == "baxi_agent" or not user._is_internal() or not watched.has_access("read"):
            return False
        progress = watched.sudo()._progress_values()
        self._send_news(user.partner_id, {"transaction_id": self.id, "told_user_id": False, "progress": progress})
        return True

    def _send_news(self, channel, news):
        """:param channel: as `bus.bus._sendone` takes it
        :param dict news: `transaction_id`; `progress` as `read_progress` returns it, or nothing where it has to be
            asked for, but by the user `told_user_id`"""
        self.ensure_one()
        self.env["bus.bus"]._sendone(channel, "nets_connect_cloud", news)

    def read_progress(self):
        """What a person who watches has to see now. Asked now and then, since bus messages get lost.

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
            "version": self._progress_version(),
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
            "amount": self.currency_id.format(self._amount_now()),
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
            "elapsed": self._elapsed(),
            "known_in": self._known_in(doing),
            "agent": self._browser_job(),
            "can_settle": self._can_settle(),
        }
        if self.signature_open:
            may_accept = self.signature == "required" or self._may_accept_declined()
            values |= {
                "signature": "required" if may_accept else "declined",
                "paper": self.merchant_receipt or "",
            }
        return asdict(Progress(**{**values, **self._origin_model()._progress(self)}))

    def _progress_version(self):
        """:return: what tells newer progress from older: what gives a charge back changes what is shown of it, too"""
        given_back = self.refund_ids if self.state == "approved" else self.browse()
        return (self.version or 0) + sum(refund.version or 0 for refund in given_back)

    def _elapsed(self):
        """:return: whole seconds since it was asked for, while it is open"""
        if self.state not in UNRESOLVED_STATES:
            return 0
        return max(0, int((self._now() - (self.sent_at or self.create_date)).total_seconds()))

    def _known_in(self, doing=""):
        """How long a person waits at most, where the rules make people wait: as long as a customer may take, and until
        what the terminal shows then was seen twice.

        :param str doing: as `_progress` says
        :return: whole seconds; 0 where it is known in a moment, or where nobody can say when it is
        """
        if self.kind == "administration":
            return 0
        if self.state == "pending" and doing in ("customer", "interrupted", "aborting") and self.sent_at:
            asked_twice = self._setting("first_lookup", FIRST_LOOKUP) + EVIDENCE_INTERVAL
            until = self._customer_gone_at() + timedelta(seconds=asked_twice)
        elif self.state == "unknown" and (self.lookup or {}).get("until"):
            until = datetime.fromisoformat(self.lookup["until"]).replace(tzinfo=None)
            until += timedelta(seconds=EVIDENCE_INTERVAL)
        else:
            return 0
        return max(0, int(self._seconds_to(until)))

    def _look(self, doing):
        """Its state at a glance: one of `Progress.look`.

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

    def _can_settle(self):
        """Whether this user may settle it by hand now (rule 13): `_settle_by_hand` asks the same."""
        is_manager = self.env.user.has_group("nets_connect_cloud.group_manager")
        return bool(is_manager and self.state == "unknown" and self._was_looked_up())

    def _additions(self):
        """What the customer added on the terminal, in words."""
        tip, surcharge = (self.currency_id.format(amount) for amount in (self.tip_amount, self.surcharge_amount))
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
            by_hand = "_by_hand" if self.reason == SETTLED_BY_HAND else ""
            return describe(self.env, f"approved{by_hand}", self.booking_note, self.kind)
        if self.state == "unknown":
            return describe(self.env, self.reason or Reason.RESULT_UNKNOWN.value, self.nets_message, self.kind)
        return describe(self.env, f"progress_{progress or self._progress()}", kind=self.kind)

    def _dialog_action(self, **params):
        """The client action that opens the card dialog: for this transaction, or for one that is to be started.

        :param params: what the dialog is opened for besides; `task` as in `progress.Progress`
        """
        return {
            "type": "ir.actions.client",
            "tag": "nets_connect_cloud.card_dialog",
            "params": {"transaction_id": self.id, **params},
        }

    def _card_name(self):
        """What a person recognises the card by."""
        return " ".join(filter(None, [self.card_brand, self.card_last_four and f"•••• {self.card_last_four}"]))
