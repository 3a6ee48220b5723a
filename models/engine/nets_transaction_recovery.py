"""Recovery: what happens to a transaction whose answer got lost."""

import logging
import re
from dataclasses import replace
from datetime import timedelta

from markupsafe import Markup
from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql, format_datetime

from ... import listener
from ...connect_cloud.evidence import (
    Decision,
    Evidence,
    Fingerprint,
    Kind,
    Question,
    Rule,
    is_idle,
    may_be_ours,
    weigh,
)
from ...const import (
    BROWSER_TIMEOUT,
    CLAIM_DEADLINE,
    COUNTER_PAUSE,
    DUE_PAUSE,
    EVIDENCE_INTERVAL,
    FIRST_LOOKUP,
    HEARTBEAT_TIMEOUT,
    LONGEST_PAUSE,
    LOOKUP_DEADLINE,
    MOST_DUE,
    MOST_WAITING,
    NOT_CHARGED_STATES,
    PERSON_AFTER,
    REASON_LENGTH,
    REFERENCE_LENGTH,
    SETTLE_MARGIN,
    UNRESOLVED_STATES,
)
from ...messages import (
    ADMINISTRATION_UNANSWERED,
    NEVER_SENT,
    PROVEN_NOT_CHARGED,
    SETTLED_BY_HAND,
    describe_lookup,
    refusal,
)
from .rows import NEXT_VERSION, NOW

_logger = logging.getLogger(__name__)


def _alive_until(condition, browser_timeout=HEARTBEAT_TIMEOUT):
    """How long a process that has something in hand counts as alive without another heartbeat. NULL where there is
    none.

    :param SQL condition: of the heartbeat
    :param int browser_timeout: seconds, where it is a browser that has it in hand
    """
    return SQL(
        """(SELECT max(beat_at) + CASE terminal_type WHEN 'baxi_agent' THEN %s ELSE %s END * interval '1 second'
              FROM nets_heartbeat WHERE %s)""",
        browser_timeout,
        HEARTBEAT_TIMEOUT,
        condition,
    )


# Of the thread that holds the call, and of the one that looks the result up.
CALL_ALIVE_UNTIL = _alive_until(
    SQL("transaction_id = nets_transaction.id AND nets_heartbeat.claim_token = nets_transaction.claim_token"),
    BROWSER_TIMEOUT,
)
LOOKUP_ALIVE_UNTIL = _alive_until(SQL("nets_heartbeat.claim_token = nets_transaction.lookup_token"))
# Somebody has begun to look it up, and hasn't come to the end.
LOOKUP_CLAIMED = SQL("lookup_started_at IS NOT NULL AND (looked_up_at IS NULL OR lookup_started_at > looked_up_at)")
# When it may be looked up: as planned, or as soon as the thread that began is dead. One whose heartbeat isn't there has
# just begun (it isn't seen yet), or come to an end.
LOOKUP_MOMENT = SQL(
    "CASE WHEN %s THEN LEAST(next_lookup_at, %s) ELSE next_lookup_at END",
    LOOKUP_CLAIMED,
    LOOKUP_ALIVE_UNTIL,
)
# What may have to be looked after: as many as are open, whatever the size of the log.
OPEN = SQL("(state IN ('pending', 'unknown') OR next_lookup_at IS NOT NULL OR to_book IS TRUE)")


class NetsTransaction(models.Model):
    """An unknown result is looked up until it is proven, or a person settles it; it is never guessed."""

    _inherit = "nets.transaction"

    needs_person = fields.Boolean(
        "Needs a person",
        compute="_compute_needs_person",
        search="_search_needs_person",
        help="Unknown, or charged and not booked, for longer than the settings allow.",
    )
    # The heartbeat of the thread that looks it up, or did last.
    lookup_token = fields.Char(readonly=True, groups=fields.NO_ACCESS)

    # What somebody asked for, besides what is unresolved.
    _lookup_index = models.Index("(next_lookup_at) WHERE next_lookup_at IS NOT NULL")

    # === COMPUTE METHODS === #

    @api.depends("state", "unknown_since", "to_book", "recorded_at")
    def _compute_needs_person(self):
        overdue = self.filtered_domain(self._overdue_domain())
        for transaction in self:
            transaction.needs_person = transaction in overdue

    @api.depends("lookup")
    @api.depends_context("lang", "tz")
    def _compute_lookup_message(self):
        for transaction in self:
            transaction.lookup_message = describe_lookup(self.env, transaction.sudo().lookup or {})

    @api.model
    def _search_needs_person(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._overdue_domain()

    # === LOOK THE RESULT UP === #

    def _claim_lookup(self, lookup_token=None):
        """Let one process at a time look up what is due on this one's terminal: an unknown result, and failed ones
        where a person asked. One answer is for all of them.

        :param str lookup_token: whose heartbeat tells that the process lives
        :return: listener.Call, or None when there is nothing to look up now
        """
        self.ensure_one()
        if not self.exists():
            return None
        terminal = self.terminal_id
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE nets_transaction
                      SET lookup_token = %(token)s, lookup_started_at = %(now)s, write_date = %(now)s,
                          version = %(version)s,
                          lookup_count = COALESCE(lookup_count, 0) + 1,
                          next_lookup_at = %(now)s + %(deadline)s * interval '1 second'
                    WHERE id IN (SELECT id FROM nets_transaction
                                  WHERE terminal_id = %(terminal)s AND state IN %(states)s
                                    AND next_lookup_at IS NOT NULL
                                    AND (%(moment)s <= %(now)s OR lookup_token = %(token)s AND %(claimed)s)
                                  ORDER BY state = 'unknown' DESC, id DESC LIMIT %(most)s FOR NO KEY UPDATE)
                RETURNING id""",
                token=lookup_token,
                now=NOW,
                version=NEXT_VERSION,
                deadline=LOOKUP_DEADLINE,
                terminal=terminal.id,
                states=("unknown", *NOT_CHARGED_STATES),
                moment=LOOKUP_MOMENT,
                claimed=LOOKUP_CLAIMED,
                most=MOST_WAITING,
            ),
            log_exceptions=False,
        )
        waiting = tuple(transaction_id for (transaction_id,) in self.env.cr.fetchall())
        self.invalidate_model()
        if not waiting:
            return None
        if lookup_token:
            self.env.cr.execute(
                SQL("INSERT INTO nets_heartbeat (claim_token, beat_at) VALUES (%s, %s)", lookup_token, NOW)
            )
        return replace(self._make_call(wants_baseline=False), waiting=waiting)

    def _lookup_pause(self, count):
        """:return: seconds until the next lookup, after this many"""
        first = self._setting("first_lookup", FIRST_LOOKUP)
        longest = self._setting("longest_pause", LONGEST_PAUSE)
        if not self.needs_person:
            longest = min(longest, COUNTER_PAUSE)
        return min(first * 2 ** min(count, 10), max(longest, first))

    @api.model
    def _setting(self, name, default):
        """A number of the settings. What somebody wrote into the system parameters must not stop a lookup."""
        value = self.env["ir.config_parameter"].sudo().get_param(f"nets_connect_cloud.{name}", default)
        try:
            return max(1, int(value))
        except ValueError:
            _logger.warning("The system parameter nets_connect_cloud.%s isn't a number: %s", name, value)
            return default

    # === ASKED BY A PERSON === #

    def action_get_last_result(self):
        """Open the dialog that shows this transaction and can ask for its result at once."""
        self.ensure_one()
        self._check_may_run()
        return self._dialog_action()

    def get_last_result(self):
        """Ask the terminal at once, without waiting for it here.

        For failed ones, too: an approval that turns up later wins over what was known (rule 9).

        :return: what `read_progress` returns
        """
        self._check_may_run()
        for transaction in self.sudo():
            if transaction._can_look_up():
                transaction._ask_soon()
        return self.read_progress()

    def _can_look_up(self):
        self.ensure_one()
        return bool(self.sent_at) and self.state in ("unknown", *NOT_CHARGED_STATES) and not self._is_looked_up()

    def _is_looked_up(self):
        """Whether the terminal is being asked right now. A failed one is looked up only where a person asked."""
        if self.state in NOT_CHARGED_STATES:
            return bool(self.next_lookup_at)
        return bool(
            self.state == "unknown"
            and self.lookup_started_at
            and (not self.looked_up_at or self.lookup_started_at > self.looked_up_at)
            and self.lookup_started_at > self._now() - timedelta(seconds=LOOKUP_DEADLINE)
            and (not self.lookup_token or self._is_alive(LOOKUP_ALIVE_UNTIL))
        )

    def _ask_soon(self):
        """Have the terminal asked now, or as soon as it makes sense."""
        self.ensure_one()
        if self._is_looked_up():
            return
        if self.state == "unknown":
            # not within seconds after the answer was lost, nor after the last lookup: nothing new could be there
            soon = SQL("COALESCE(looked_up_at, unknown_since) + %s * interval '1 second'", self._lookup_pause(0))
            self._compare_and_set({"next_lookup_at": soon}, ("unknown",), SQL("next_lookup_at > %s", soon))
        else:
            self._compare_and_set({"next_lookup_at": NOW}, NOT_CHARGED_STATES, SQL("next_lookup_at IS NULL"))
        self._recover()

    def _advice(self):
        """What a person compares where a result stays unknown."""
        if self.state != "unknown" or self.kind == "administration":
            return ""
        values = {"amount": self.currency_id.format(abs(self.amount)), "date": format_datetime(self.env, self.sent_at)}
        if self.kind == "reversal":
            return self.env._(
                "If this takes longer, compare the terminal's own journal: was a payment of %(amount)s reversed, as "
                "asked on %(date)s? A manager can then settle it by hand.",
                **values,
            )
        if self.kind == "refund":
            return self.env._(
                "If this takes longer, compare the terminal's own journal: is there a refund of %(amount)s, sent on "
                "%(date)s? A manager can then settle it by hand.",
                **values,
            )
        return self.env._(
            "If this takes longer, compare the terminal's own journal: is there a payment of %(amount)s, sent on "
            "%(date)s? A manager can then settle it by hand.",
            **values,
        )

    # === WHAT A LOOKUP TELLS === #

    def _seconds_to_lookup(self):
        """:return: seconds until the next lookup is due, or None when it is settled"""
        self.ensure_one()
        if not self.exists() or self.state != "unknown":
            return None
        return max(0, self._seconds_to(self.next_lookup_at))

    def _record_lookup(self, terminal_state, last, error=None):
        """Settle what the terminal's last result proves, and nothing else (rules 7 to 9).

        :param str terminal_state: as NETS names it
        :param last: LastTransaction, or None where the terminal has none
        :param error: ConnectCloudError where it couldn't be asked; nothing is concluded from that, except for an
            administration: the terminal's state is enough there, since it may have wiped the last result
        :return: whether there is a charge to book now
        """
        self.ensure_one()
        self._lock()
        self._correct({"looked_up_at": NOW})
        if error and not (self.kind == "administration" and terminal_state):
            self._schedule_lookup({"reason": error.reason.value, "text": error.message})
            self._tell()
            return self.to_book
        self._record_evidence(last)
        if self.state == "unknown":
            verdict = weigh(self._question(), terminal_state, last, self._is_stan_auth_known)
            self._settle(verdict, last)
            if self.state == "unknown":
                self._keep_evidence(verdict)
                self._schedule_lookup({"why": verdict.why.value, "state": terminal_state}, verdict.wait_until)
        elif self.next_lookup_at:
            self._schedule_lookup({"why": "no_charge_shown"})
        self._tell()
        return self.to_book

    def _schedule_lookup(self, said, wait_until=None):
        """Keep what the lookup came to, and when the next one is due.

        :param dict said: what `describe_lookup` makes words of
        :param wait_until: when time alone will have brought the proof; aware, in UTC
        """
        pause = self._lookup_pause(self.lookup_count)
        if wait_until:
            said = {**said, "until": wait_until.isoformat()}
            wait_until = wait_until.replace(tzinfo=None)
        elif self.sent_at and self._customer_gone_at() > self._now():
            # what proves that nothing was charged may be there from then on, whatever it was that kept it open now
            wait_until = self._customer_gone_at()
        if wait_until:
            # a moment later, since clocks are read in whole seconds
            pause = min(pause, max(0, self._seconds_to(wait_until)) + 1)
        self._compare_and_set(
            {"next_lookup_at": SQL("%s + %s * interval '1 second'", NOW, pause), "lookup": Json(said)}, ("unknown",)
        )
        # a person asked for this one; it isn't looked up automatically
        self._compare_and_set({"next_lookup_at": None, "lookup": Json(said)}, NOT_CHARGED_STATES)

    def _customer_gone_at(self):
        """:return: when no customer can be at the terminal any more for what was sent"""
        return self.sent_at + timedelta(seconds=self.terminal_id.account_id.customer_timeout)

    def _seconds_to(self, moment):
        return (moment - self._now()).total_seconds()

    def _question(self):
        """:return: connect_cloud.Question; what has to be known of this transaction to judge a last result"""
        terminal, zone, original = self.terminal_id, self._zone(), self.refund_of_id
        return Question(
            kind=Kind(self.kind),
            order_id=self.order_id,
            amount=abs(self._to_minor_units(self.amount)),
            zone=zone,
            now=self._now(),
            sent_at=self.sent_at or None,
            customer_timeout=terminal.account_id.customer_timeout,
            baseline=Fingerprint.from_json(self.baseline, zone),
            original=original._as_original() if self.kind == "reversal" else None,
            used_by_hand=terminal.used_by_hand,
            # an agent has no order numbers
            mirrors_order_id=terminal.account_id.mirrors_order_id and self.terminal_type != "baxi_agent",
            call_held=self.state == "pending",
            evidence=Evidence.from_json(self.no_charge_evidence, zone),
            evidence_interval=EVIDENCE_INTERVAL,
        )

    def _settle(self, verdict, last):
        """End what a verdict settles.

        :param Verdict verdict: of this transaction
        :param last: the LastTransaction that it rests on, or None
        """
        if verdict.decision == Decision.CHARGED:
            self._record_outcome(verdict.outcome)
        elif verdict.decision == Decision.NOT_CHARGED and verdict.rule == Rule.IDLE:
            # Whether it was done, the terminal's own print tells a person.
            self._end_not_charged(ADMINISTRATION_UNANSWERED, None, ("unknown",))
        elif verdict.decision == Decision.NOT_CHARGED:
            # where the terminal shows our own result: what it says
            own = verdict.outcome
            reason = own.reason.value if own and own.reason else PROVEN_NOT_CHARGED
            self._end_not_charged(reason, self._outcome_values(own) if own else None, ("unknown",))
        if verdict.decision in (Decision.CHARGED, Decision.NOT_CHARGED) and verdict.rule != Rule.IDLE:
            self.terminal_id._set_last_result(self._fingerprint(last))

    def _keep_evidence(self, verdict):
        """What was seen once has to be seen again."""
        evidence = verdict.evidence and Json(verdict.evidence.to_json())
        if evidence or self.no_charge_evidence:
            self._compare_and_set({"no_charge_evidence": evidence}, ("unknown",))

    def _record_evidence(self, last):
        """Rules 7 and 9: a last result with an order id of ours is that transaction's, no matter what it was taken for.
        One without is looked at for what was settled without the terminal's own word.

        :param last: LastTransaction or None
        :return: the transaction that was found charged just now, mostly empty
        """
        nothing = self.browse()
        if not last:
            return nothing
        terminal = self.terminal_id
        if not last.order_id:
            transaction = self._settled_on_trust()
        else:
            if not terminal.account_id.mirrors_order_id:
                terminal.account_id.mirrors_order_id = True
            transaction = self.sudo().search([("terminal_id", "=", terminal.id), ("order_id", "=", last.order_id)])
        known_as = transaction.state
        if not transaction or (known_as == "approved" and (transaction.stan_auth or not transaction.settled_by_id)):
            return nothing  # known already; what was settled by hand is compared with what NETS says
        question, is_known = transaction._question(), transaction._is_stan_auth_known
        verdict = weigh(question, None, last, is_known)
        if verdict.decision not in (Decision.CHARGED, Decision.NOT_CHARGED):
            if transaction._is_settled_as_not_charged() and may_be_ours(question, last, is_known):
                transaction._raise_doubt(last.outcome)
            return nothing
        transaction._settle(verdict, last)
        transaction._tell()
        if transaction != self and transaction.to_book:
            # this lookup books only its own
            listener.book_after_commit(self.env.cr, transaction.id)
        return transaction if transaction.state == "approved" != known_as else nothing

    def _settled_on_trust(self):
        """:return: what ran last on this one's terminal, where it is known as not charged without the terminal having
        said so of it; mostly empty"""
        latest = self.sudo().search(
            [
                ("terminal_id", "=", self.terminal_id.id),
                ("sent_at", "!=", False),
                ("kind", "!=", "administration"),
            ],
            order="id DESC",  # a terminal takes one after the other
            limit=1,
        )
        is_trusted = latest.settled_by_id or latest.reason == PROVEN_NOT_CHARGED
        return latest if latest.state in NOT_CHARGED_STATES and is_trusted else latest.browse()

    def _raise_doubt(self, outcome):
        """The terminal shows an approval that isn't proven to be this one's, and belongs to nothing else."""
        if self.alert:
            return  # said already
        self._raise_alert("approval_unknown_here", number=outcome.stan, time=outcome.timestamp)

    def _record_while_held(self, last):
        """The call is still listening, its answer overdue, and the terminal idle: an approval with our order id proves
        the charge whatever the call does. Nothing else is concluded before it ended.

        :param last: LastTransaction, or None where the terminal has none
        :return: whether there is a charge to book now
        """
        self.ensure_one()
        self._lock()
        if self.state == "pending":
            self._record_evidence(last)
        return self.to_book

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

    def _fingerprint(self, last):
        """What makes a result of this terminal recognisable.

        :param last: LastTransaction, Outcome of our own call, or None where the terminal has no last result
        :return: dict of plain values
        """
        return Fingerprint.of(last, self._zone()).to_json()

    def _zone(self):
        """The time zone of the terminal's clock."""
        return self.location_id.tz or "UTC"

    # === ROWS THAT THEIR THREAD HAS LEFT === #

    def _recover(self):
        """Look after rows that their thread has left, without waiting for anything.

        Called when somebody watches a transaction, by each process's thread that looks after what is open,
        and every minute by the scheduled job.

        - never claimed within a minute → failed, by the same compare-and-set as the claim (rule 1)
        - no heartbeat → unknown (rule 16)
        - a lookup or a booking is due → started after commit
        """
        reserved = self.filtered(lambda transaction: transaction.state == "pending" and not transaction.sent_at)
        fresh = fields.Datetime.now() - timedelta(seconds=CLAIM_DEADLINE / 2)
        may_be_due = (self - reserved.filtered(lambda transaction: transaction.create_date > fresh)).filtered(
            lambda transaction: (
                transaction.state in UNRESOLVED_STATES or transaction.next_lookup_at or transaction.to_book
            )
        )
        for transaction_id, _terminal_id, what in self._due_now(may_be_due.ids)[0]:
            transaction = self.browse(transaction_id)
            if what == "unsent":
                transaction._end_unsent(
                    NEVER_SENT, SQL("create_date < %s - %s * interval '1 second'", NOW, CLAIM_DEADLINE)
                )
            # its thread is gone for longer than a result needs to be there
            elif what == "thread" and transaction._become_unknown(look_up_now=True):
                transaction._tell()
                transaction._look_up_after_commit()
            elif what == "lookup":
                transaction._look_up_after_commit()
            elif what == "booking":
                listener.book_after_commit(self.env.cr, transaction.id)

    @api.model
    def _due_now(self, ids=None):
        """What has to be done now.

        :param list ids: of transactions; of all that are open by default
        :return: ([(transaction's id, terminal's id, what)], seconds until there is more, None where nothing is open)
        """
        if ids == []:
            return [], None
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT t.id, t.terminal_id, t.what, extract(epoch FROM t.moment - %(now)s)::float
                     FROM (SELECT id, terminal_id,
                                  CASE WHEN state = 'pending' AND sent_at IS NULL THEN 'unsent'
                                       WHEN state = 'pending' THEN 'thread'
                                       WHEN next_lookup_at IS NOT NULL THEN 'lookup'
                                       ELSE 'booking' END AS what,
                                  CASE WHEN state = 'pending' AND sent_at IS NULL
                                            THEN create_date + %(claim)s * interval '1 second'
                                       WHEN state = 'pending' THEN COALESCE(%(thread)s, timestamp '1970-01-01')
                                       -- only a browser can ask an agent
                                       WHEN next_lookup_at IS NOT NULL AND terminal_type = 'baxi_agent' THEN NULL
                                       WHEN next_lookup_at IS NOT NULL THEN %(lookup)s
                                       ELSE next_booking_at END AS moment
                             FROM nets_transaction
                            WHERE %(these)s) t
                    WHERE t.moment IS NOT NULL
                    ORDER BY t.moment LIMIT %(most)s""",
                now=NOW,
                claim=CLAIM_DEADLINE,
                thread=CALL_ALIVE_UNTIL,
                lookup=LOOKUP_MOMENT,
                these=OPEN if ids is None else SQL("id IN %s", tuple(ids)),
                most=MOST_DUE,
            )
        )
        rows = self.env.cr.fetchall()
        due = [row[:3] for row in rows if row[3] <= 0]
        later = [row[3] for row in rows if row[3] > 0]
        pause = min([*later, *([DUE_PAUSE] if due else [])], default=None)
        return due, pause

    def _lost_its_thread(self):
        """Whether nobody holds its call any more."""
        return not self._is_alive(CALL_ALIVE_UNTIL)

    def _is_alive(self, until):
        self.env.cr.execute(SQL("SELECT %s > %s FROM nets_transaction WHERE id = %s", until, NOW, self.id))
        return bool(self.env.cr.fetchone()[0])

    @api.model
    def _register_hook(self):
        super()._register_hook()
        listener.registry_was_loaded(self.env.cr.dbname)

    @api.model
    def _cron_recover(self):
        """Start what is due, in threads; try again what accounting refused; call a person for what stays open; and have
        the tokens renewed that end soon.

        Each record is committed separately, and one that fails doesn't stop the others. What isn't done within the time
        of a scheduled job, its next run does.
        """
        # of threads that died; the living ones beat every few seconds
        self.env.cr.execute(SQL("DELETE FROM nets_heartbeat WHERE beat_at < %s - interval '1 day'", NOW))
        self.env["nets.account"]._renew_tokens()
        listener.watch_over_after_commit(self.env.cr)
        to_do = [
            *((self.browse(due[0]), "_recover") for due in self._due_now()[0] if due[2] != "booking"),
            *((record, "_book_unless_locked") for record in self.search(self._refused_domain(), order="id")),
            *((record, "_call_person") for record in self.search(self._person_domain(), order="id")),
            *((record, "_release_person") for record in self.search([("person_called_at", "!=", False)], order="id")),
        ]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(to_do))
        for transaction, method in to_do:
            try:
                getattr(transaction, method)()
            except Exception:  # one that fails must not stop the others; the next run tries it again
                self.env.cr.rollback()
                _logger.warning("Card transaction %s: %s failed", transaction.id, method, exc_info=True)
            if not cron._commit_progress(1):
                break

    @api.model
    def _refused_domain(self):
        """What accounting refused, and may take by now. What wasn't tried yet is for threads."""
        return [
            ("to_book", "=", True),
            ("booking_attempts", ">", 0),
            ("next_booking_at", "<=", fields.Datetime.now()),
        ]

    def _book_unless_locked(self):
        """Book, unless somebody is booking it already."""
        if self.try_lock_for_update(allow_referencing=True):
            self._book()

    # === CALL A PERSON === #

    @api.model
    def _person_domain(self):
        """What has been open for so long that a person is called, and wasn't yet."""
        return fields.Domain("person_called_at", "=", False) & self._overdue_domain()

    @api.model
    def _overdue_domain(self):
        since = fields.Datetime.now() - timedelta(minutes=self._setting("person_after", PERSON_AFTER))
        return (fields.Domain("state", "=", "unknown") & fields.Domain("unknown_since", "<", since)) | (
            fields.Domain("to_book", "=", True) & fields.Domain("recorded_at", "<", since)
        )

    def _call_person(self):
        """Give the responsible accountants an activity, once for each transaction."""
        self.ensure_one()
        called = {"person_called_at": NOW}
        if not self._compare_and_set(called, ("unknown", "approved"), SQL("person_called_at IS NULL")):
            return
        for user in self._responsible_users():
            transaction = self.with_context(lang=user.lang)
            message = transaction._message()
            said = " ".join(filter(None, [message.explanation, message.detail, transaction._advice()]))
            transaction.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=message.label,
                # what came from NETS, or from accounting, is text and nothing else
                note=Markup("<p>%s</p>") % said,
                user_id=user.id,
            )

    def _responsible_users(self):
        """The people who look after what doesn't resolve automatically."""
        users = self.company_id._nets_called_users()
        # a person who can't see it can't be called for it
        return users.filtered(lambda user: user.active and not user.share and self.with_user(user).has_access("read"))

    def _release_person(self):
        """The activities are done once the transaction is settled and booked."""
        self.ensure_one()
        if self.state in UNRESOLVED_STATES or self.to_book:
            return
        own = self._in_its_language()
        own.activity_feedback(
            ["mail.mail_activity_data_todo"], feedback=own.env._("Resolved: %(state)s", state=own._message().label)
        )
        self._compare_and_set({"person_called_at": None}, (self.state,))

    @api.model
    def _monitoring_values(self):
        """What a monitoring system has to know: counts, and ages in seconds of the oldest.

        :return: dict of plain values, of all companies
        """
        self.env.cr.execute(
            SQL(
                """SELECT count(*) FILTER (WHERE state = 'pending'),
                          extract(epoch FROM %(now)s - min(create_date) FILTER (WHERE state = 'pending')),
                          count(*) FILTER (WHERE state = 'unknown'),
                          extract(epoch FROM %(now)s - min(unknown_since) FILTER (WHERE state = 'unknown')),
                          count(*) FILTER (WHERE to_book),
                          extract(epoch FROM %(now)s - min(recorded_at) FILTER (WHERE to_book)),
                          count(*) FILTER (WHERE person_called_at IS NOT NULL)
                     FROM nets_transaction
                    WHERE state IN ('pending', 'unknown') OR to_book OR person_called_at IS NOT NULL""",
                now=NOW,
            )
        )
        pending, pending_age, unknown, unknown_age, unbooked, unbooked_age, called = self.env.cr.fetchone()
        return {
            "pending": {"count": pending, "oldest_seconds": int(pending_age or 0)},
            "unknown": {"count": unknown, "oldest_seconds": int(unknown_age or 0)},
            "unbooked": {"count": unbooked, "oldest_seconds": int(unbooked_age or 0)},
            "person_called": {"count": called},
        }

    # === SETTLE BY HAND === #

    def _settle_by_hand(self, charged, reason, amount=0, reference=""):
        """Rule 13: a manager decides what the terminal's journal says; a later proof of a charge still wins. So does a
        manager who finds it in the journal after all.

        :param bool charged: what the journal says
        :param str reason: why it had to be settled by hand
        :param float amount: what was charged, positive, in the transaction's currency
        :param str reference: STAN or authorisation code from the journal
        :raise UserError: where it isn't unknown, wasn't looked up, may still be running, or something is missing
        """
        self.ensure_one()
        if not self.env.user.has_group("nets_connect_cloud.group_manager"):
            raise refusal(self.env, "rights_settle", error=AccessError)
        self.check_access("read")
        transaction = self.sudo()
        is_corrected = charged and transaction._is_settled_as_not_charged()
        if transaction.state != "unknown" and not is_corrected:
            raise refusal(self.env, "settle_not_unknown")
        if not is_corrected and not transaction._was_looked_up():
            raise refusal(self.env, "settle_lookup_first")
        reason, reference = _written(reason)[:REASON_LENGTH], _written(reference)
        if not reason:
            raise refusal(self.env, "settle_reason")
        if charged:
            transaction._check_settled_charge(amount, reference)
        else:
            transaction._check_settled_no_charge()
        values = {
            "settled_by_id": self.env.uid,
            "settlement_reason": reason,
            "settlement_reference": reference or None,
        }
        if charged:
            amount = self.currency_id.round(amount)
            values |= {
                "charged_amount": amount if self.amount >= 0 else -amount,
                "charge_date": fields.Datetime.context_timestamp(
                    self.with_context(tz=transaction.location_id.tz or "UTC"), transaction.sent_at
                ).date(),
            }
        # no live listener: its own answer is better than any journal
        if not transaction._lost_its_thread() or not transaction._end(
            "approved" if charged else "failed", SETTLED_BY_HAND, values, (transaction.state,)
        ):
            raise refusal(self.env, "settle_not_unknown")
        # what the terminal's last result is, is not known any more: it is asked for before the next payment
        transaction.terminal_id._set_last_result(None)
        transaction.message_post(
            body=self.env._("Settled by hand: %(reason)s", reason=reason), author_id=self.env.user.partner_id.id
        )
        transaction._tell()
        if charged:
            transaction._book()

    def _is_settled_as_not_charged(self):
        """Whether a person said so, and the terminal itself hasn't."""
        return self.state == "failed" and self.reason == SETTLED_BY_HAND and not self.answer_seconds

    def _was_looked_up(self):
        """Whether the terminal was asked for its last result since this one is unknown."""
        return bool(self.state == "unknown" and self.looked_up_at and self.looked_up_at >= self.unknown_since)

    def _check_settled_charge(self, amount, reference):
        """:raise UserError: where what a person read in the terminal's journal can't be this transaction's charge"""
        if self.kind == "administration":
            raise refusal(self.env, "settle_administration")
        self._check_number(amount, self.currency_id)
        if amount <= 0 or not reference:
            raise refusal(self.env, "settle_reference")
        # a tip is on top of what was asked; nothing is given back that wasn't asked for
        most = abs(self.amount) * (2 if self.kind == "purchase" else 1)
        if self.currency_id.compare_amounts(amount, most) > 0:
            raise refusal(self.env, "settle_too_much", asked=self.currency_id.format(abs(self.amount)))
        self._check_reference(reference, amount, self.terminal_id, self.refund_of_id)

    def _check_settled_no_charge(self):
        """A journal that doesn't show it says nothing as long as the terminal may still do it.

        :raise UserError: until then, saying when that is
        """
        if self.kind == "administration":
            return  # it moves no money
        now, over_at = self._now(), self._over_at()
        if now < over_at:
            raise refusal(self.env, "settle_too_early", time=format_datetime(self.env, over_at))
        if self.looked_up_at < over_at:
            raise refusal(self.env, "settle_look_again")
        state = (self.lookup or {}).get("state")
        called_at = self.unknown_since + timedelta(minutes=self._setting("person_after", PERSON_AFTER))
        if state and not is_idle(state) and now < called_at:
            raise refusal(self.env, "settle_not_idle", state=state, time=format_datetime(self.env, called_at))

    def _over_at(self):
        """When the terminal is done with it for certain."""
        return self._customer_gone_at() + timedelta(seconds=SETTLE_MARGIN)

    @api.model
    def _check_reference(self, reference, amount, terminal, original=None):
        """Refuse what a person read on a terminal's receipt, or in its journal, where it is that of another charge.

        A number is a terminal's own, and comes again on others; with the same amount, too, it is the same charge, read
        on another terminal of the company's accounts.

        :param str reference: STAN or authorisation code, perhaps among other words
        :param float amount: what was charged, signed or not
        :param terminal: nets.terminal
        :param original: what is taken back, or refunded: some terminals print its numbers again
        :raise UserError: saying what it is the reference of
        """
        if len(reference) > REFERENCE_LENGTH:
            raise refusal(self.env, "reference_too_long")
        terminal = terminal.sudo()
        words = {reference, *re.findall(r"\w{4,}", reference)}
        names = ("stan", "authorisation_code", "stan_auth", "settlement_reference")
        is_known = Domain.OR([Domain(name, "=ilike", escape_psql(word)) for name in names for word in words])
        is_same = Domain("terminal_id", "=", terminal.id) | Domain("charged_amount", "in", (amount, -amount))
        charges = Domain("state", "=", "approved") & Domain("terminal_id.company_id", "=", terminal.company_id.id)
        if original:
            charges &= Domain("id", "!=", original.id)
        if reference and (known := self.sudo().search(charges & is_same & is_known, limit=1)):
            raise refusal(
                self.env,
                "reference_known",
                reference=reference,
                terminal=known.terminal_id.name,
                amount=known.currency_id.format(known.charged_amount),
                purpose=known._purpose() or known.order_id,
            )


def _written(text):
    """What a person wrote, as text without what nobody sees."""
    return str(text or "").strip()
