"""Baxi.Agent: a terminal that no server reaches, but a program beside it, which a browser talks to.

Everything from *reserve* to *tell* is what it is for other terminals. Who makes the call differs: instead of a thread,
the browser of the person who pressed. It is told what to do by `Progress.agent`, claims the row as a thread would, and
hands on what the agent said, as it came; that is read and judged here (`connect_cloud/agent_report.py`).

A browser could make all of it up. So it says neither amount nor kind nor terminal; what it says counts once, with the
token of its claim, for that one transaction; and what came to be known this way is marked.
"""

import hmac
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import SQL

from ... import listener
from ...connect_cloud import ConnectCloudError, OutcomeState, Reason
from ...connect_cloud.agent_report import (
    Asked,
    ReportError,
    Trouble,
    judge_administration,
    judge_last_result,
    judge_transfer,
    read_line,
    request_of,
)
from ...connect_cloud.evidence import Fingerprint, Kind
from ...const import (
    BROWSER_TIMEOUT,
    LONGEST_DEVICE,
    LONGEST_TOKEN,
    MOST_DUE,
    NOT_CHARGED_STATES,
    SHORTEST_TOKEN,
)
from ...messages import refusal
from .nets_transaction_recovery import LOOKUP_MOMENT
from .rows import NOW

# Why a browser didn't get through to an agent, in the driver's word. Nothing was sent then.
UNREACHED = {"blocked": Reason.AGENT_BLOCKED, "rejected": Reason.AGENT_SILENT}


class NetsTransaction(models.Model):
    """What a browser asks and says that drives a terminal."""

    _inherit = "nets.transaction"

    # The browser that claimed it, as it calls itself.
    agent_device = fields.Char("Sent from", readonly=True)
    reported_by_id = fields.Many2one(
        "res.users",
        "Result reported by",
        readonly=True,
        help="A browser drove the terminal, and handed on what it answered: NETS' service wasn't asked.",
    )
    reported_from = fields.Char("Reported from", readonly=True)
    confirmed_report_id = fields.Many2one(
        "nets.report",
        "Confirmed by",
        readonly=True,
        groups="nets_connect_cloud.group_manager",
        index="btree_not_null",
        ondelete="restrict",
        help="The terminal's own report, with which a manager has compared what a browser reported.",
    )

    _by_agent_index = models.Index("(id DESC) WHERE terminal_type = 'baxi_agent'")
    _reported_index = models.Index("(terminal_id, id DESC) WHERE reported_by_id IS NOT NULL")

    # === WHO MAKES THE CALL === #

    def _is_agents(self):
        return self.terminal_type == "baxi_agent"

    def _send_after_commit(self):
        """Have this sent, once its reservation is committed: by a thread, or by the browser that pressed, which is told
        to by `_browser_job`."""
        if not self._is_agents():
            listener.send_after_commit(self.env.cr, self._prepare_call())

    def _abort_after_commit(self):
        """Have the terminal asked to stop: the browser that holds the call hears of it in `agent_beat`."""
        if not self._is_agents():
            listener.abort_after_commit(self.env.cr, self.id)

    def _look_up_after_commit(self):
        """Have the terminal asked for its last result, if that is due and nobody else is at it."""
        if not self._is_agents():
            listener.look_up_after_commit(self)

    def _reason_of_silence(self):
        """:return: the Reason where an answer was lost, and nothing else is known"""
        return Reason.AGENT_INTERRUPTED if self._is_agents() else Reason.CONNECTION_INTERRUPTED

    def _browser_job(self):
        """What only a browser can do for this one, and the one that asks may.

        :return: dict, the keys of `AgentJob` in `progress.js`; None where there is nothing to do
        """
        if not self._is_agents():
            return None
        if self.state == "pending":
            # others may look
            kind = "send" if not self.sent_at and self.user_id == self.env.user else ""
            due_in = 0
        else:
            due_in = self._agent_due_in()
            kind = "" if due_in is None else "look_up"
        return self._agent_job(kind, due_in) if kind else None

    def _agent_job(self, kind, due_in):
        terminal = self.terminal_id
        return {
            "kind": kind,
            "transaction_id": self.id,
            "terminal_id": terminal.id,
            "terminal": self.terminal_identifier,
            "address": terminal.agent_address or "",
            "ecr_id": self._agent_ecr_id(),
            "customer_timeout": terminal.account_id.customer_timeout,
            "due_in": due_in,
        }

    @api.model
    def _agent_ecr_id(self):
        """What this database calls itself towards an agent."""
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid") or ""
        return f"ODOO{re.sub('[^A-Z0-9]', '', uuid.upper())[:8]}"

    def _agent_due_in(self):
        """:return: seconds until a browser may ask for the result, 0 for now; None where nobody waits for it"""
        if not self.next_lookup_at or self.state not in ("unknown", *NOT_CHARGED_STATES):
            return None
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "SELECT extract(epoch FROM %s - %s)::float FROM nets_transaction WHERE id = %s",
                LOOKUP_MOMENT,
                NOW,
                self.id,
            )
        )
        return max(0, round(self.env.cr.fetchone()[0], 1))

    def _display(self):
        """:return: what the terminal shows at this moment, word by word; mostly empty"""
        if not self._is_agents() or self.state != "pending":
            return ""
        self.env.cr.execute(SQL("SELECT display FROM nets_heartbeat WHERE transaction_id = %s", self.id))
        return (self.env.cr.fetchone() or [""])[0] or ""

    @api.model
    def agent_jobs(self, terminal_ids):
        """What has to be asked of these terminals' agents before anything new runs on them: results that got lost.

        Asked when a screen opens that may use them, and again until nothing is open any more.

        :param list terminal_ids: of nets.terminal
        :return: list of dicts as `Progress.agent`, at most one for each terminal
        """
        self._check_may_run()
        terminal_ids = [each for each in terminal_ids if type(each) is int] if isinstance(terminal_ids, list) else []
        self._check_few(terminal_ids)
        lost = self.search(
            [("terminal_id", "in", terminal_ids), ("terminal_type", "=", "baxi_agent"), ("state", "=", "unknown")],
            limit=MOST_DUE,
        )
        # whose browser is gone becomes unknown by this
        running = self.search(
            [("terminal_id", "in", terminal_ids), ("terminal_type", "=", "baxi_agent"), ("state", "=", "pending")]
        )
        running.sudo()._recover()
        lost |= running.filtered(lambda transaction: transaction.state == "unknown")
        return [job for transaction in lost.sudo() if (job := transaction._browser_job())]

    # === SEND === #

    def agent_claim(self, token, device="", messages=()):
        """Take the one right to send this to the terminal's agent.

        What the agent showed as its last result goes with it, so that ours can be told from it later (rule 8).

        :param str token: random, made by the browser; the same once more is the same claim
        :param str device: what the browser calls itself
        :param list messages: what the agent sent when it was asked for its last result, raw
        :return: dict with `request`, what to send, None where nothing may be; and `progress`
        :raise AccessError: for who neither started it nor may change what it is for
        """
        self.ensure_one()
        self._check_may_act()
        transaction = self.sudo()
        transaction._check_agents_token(token)
        transaction._lock()
        is_repeated = transaction.state == "pending" and transaction._holds_agent(token)
        if is_repeated or (
            transaction.state == "pending"
            and not transaction.sent_at
            and transaction._agent_baseline(messages)
            and transaction._claim(token)
        ):
            if not is_repeated:
                transaction._correct({"agent_device": self._agent_device(device)})
                transaction._tell()
            amount = abs(transaction._to_minor_units(transaction.amount))
            wanted = request_of(transaction.kind, amount, transaction.administration or "")
            return {"request": wanted, "progress": self.read_progress()[0]}
        return {"request": None, "progress": self.read_progress()[0]}

    def _agent_baseline(self, messages):
        """Keep what the terminal showed before ours is sent.

        :return: whether it may be sent
        """
        if self.kind == "administration":
            return True
        try:
            self._record_baseline(judge_last_result(messages, self.terminal_identifier, self._agent_ecr_id()))
        except ReportError as error:
            raise refusal(self.env, "agent_report_refused") from error
        except ConnectCloudError as error:
            if error.reason in (Reason.AGENT_WRONG_TERMINAL, Reason.TERMINAL_BUSY):
                self._end_unreached(error.reason, error.message)
            # otherwise the payment matters more than its baseline
        return self.state == "pending"

    def agent_not_reached(self, why="", text=""):
        """No connection to the agent could be opened: nothing was sent (rule 6).

        :param str why: the driver's word for it
        :param str text: what the agent said, if anything
        :return: what `read_progress` returns
        :raise AccessError: for who neither started it nor may change what it is for
        """
        self.ensure_one()
        self._check_may_act()
        transaction = self.sudo()
        transaction._check_agents()
        transaction._end_unreached(UNREACHED.get(why, Reason.AGENT_UNREACHABLE), text)
        return self.read_progress()

    def _end_unreached(self, reason, text):
        """As `_end_unsent`, with what the agent said."""
        said = {"nets_message": read_line(text) or None}
        if self._end("failed", reason.value, said, ("pending",), SQL("sent_at IS NULL")):
            self._tell()

    # === WHILE IT IS HELD === #

    def agent_beat(self, token, display=""):
        """The browser that sent it is alive, and this is what the terminal shows.

        :param str token: of the claim
        :param str display: what the terminal shows, word by word
        :return: dict with `held`, whether its report is still waited for, and `abort`, whether it is to ask the agent
            to stop now
        """
        self.ensure_one()
        self._check_may_run()
        transaction = self.sudo()
        transaction._check_agents()
        if not transaction._holds_agent(token):
            return {"held": False, "abort": False}
        shown = read_line(display)
        account = transaction.terminal_id.account_id
        was_shown = transaction._display()
        # longer than a customer may take, nobody is waited for who says that he waits
        self.env.cr.execute(
            SQL(
                """UPDATE nets_heartbeat SET beat_at = %(now)s, display = %(shown)s,
                          progress = CASE WHEN t.sent_at < %(now)s - %(told)s * interval '1 second' THEN 'customer'
                                          ELSE nets_heartbeat.progress END
                     FROM nets_transaction t
                    WHERE nets_heartbeat.transaction_id = t.id AND t.id = %(id)s
                      AND nets_heartbeat.claim_token = %(token)s
                      AND t.sent_at > %(now)s - %(longest)s * interval '1 second'""",
                now=NOW,
                shown=shown or None,
                told=account.answer_timeout,
                longest=account.customer_timeout + BROWSER_TIMEOUT,
                id=transaction.id,
                token=token,
            )
        )
        if shown != was_shown:
            transaction._tell()
        return {"held": True, "abort": transaction.state == "pending" and transaction._is_abort_call_running()}

    def agent_abort_sent(self, token):
        """The agent was asked to stop. What it answers to the payment decides (rule 11).

        :param str token: of the claim
        """
        self.ensure_one()
        self._check_may_run()
        transaction = self.sudo()
        transaction._check_agents()
        if transaction._holds_agent(token):
            transaction._abort_call_ended()

    # === RECORD === #

    def agent_report(self, token, messages, is_last=True, trouble=""):
        """Hand on what the agent answered. It counts once (rule 10: always), with the token of the claim.

        :param str token: of the claim
        :param list messages: what the agent sent since the request was, raw
        :param bool is_last: nothing more will come; otherwise what is no answer to ours is listened past
        :param str trouble: why nothing more will come, see `agent_report.Trouble`
        :return: dict with `done`, whether it is recorded, and `progress`
        :raise AccessError: where the token isn't that of the claim
        """
        self.ensure_one()
        self._check_may_run()
        transaction = self.sudo()
        transaction._check_agents()
        transaction._lock()
        if transaction.claim_token and not transaction._holds_agent(token):
            raise refusal(self.env, "agent_report_refused", error=AccessError)
        if not transaction.claim_token:
            # it was reported before, or never claimed
            return {"done": True, "progress": self.read_progress()[0]}
        outcome = transaction._agent_outcome(messages, bool(is_last), trouble)
        if outcome is None:
            return {"done": False, "progress": self.read_progress()[0]}
        if outcome.state != OutcomeState.UNKNOWN:
            transaction._mark_reported(transaction.agent_device)
        transaction._record_answer(outcome)
        transaction._forget_browser(token)
        if transaction.to_book:
            listener.book_after_commit(self.env.cr, transaction.id)
        return {"done": True, "progress": self.read_progress()[0]}

    def _agent_outcome(self, messages, is_last, trouble):
        """What the agent's messages mean for this transaction.

        :return: Outcome or AdministrationOutcome; None where more has to come
        :raise UserError: for what no browser of ours sends
        """
        asked = Asked(
            kind=Kind(self.kind),
            amount=abs(self._to_minor_units(self.amount)),
            terminal=self.terminal_identifier,
            zone=self._zone(),
            baseline=Fingerprint.from_json(self.baseline, self._zone()),
            was_aborted=bool(self.abort_requested_at),
            ecr_id=self._agent_ecr_id(),
        )
        known = {trouble_.value: trouble_ for trouble_ in Trouble}
        options = {"is_last": is_last, "trouble": known.get(trouble, Trouble.CLOSED)}
        try:
            if self.kind == "administration":
                return judge_administration(messages, asked, **options)
            return judge_transfer(messages, asked, self._is_stan_auth_known, **options)
        except ReportError as error:
            raise refusal(self.env, "agent_report_refused") from error

    def _mark_reported(self, device):
        """Who says so, and from where: something certain is known by this.

        :param str device: what the browser calls itself
        """
        self._correct({"reported_by_id": self.env.uid, "reported_from": self._agent_device(device)})

    def _forget_browser(self, token):
        self.env.cr.execute(SQL("DELETE FROM nets_heartbeat WHERE claim_token = %s", token))

    # === LOOK UP === #

    def agent_claim_lookup(self, token):
        """Let this browser, and no other at this time, ask the agent for what got lost.

        :param str token: random, made by the browser
        :return: bool, whether it may
        """
        self.ensure_one()
        self._check_may_run()
        transaction = self.sudo()
        transaction._check_agents_token(token)
        if transaction.state == "pending":
            transaction._recover()
        return transaction._claim_lookup(token) is not None

    def agent_report_lookup(self, token, messages, reached=True, device=""):
        """Hand on what the agent showed as its last result. Rules 7 to 9 decide what it proves.

        :param str token: of the lookup
        :param list messages: what the agent sent, raw
        :param bool reached: whether the agent could be reached
        :param str device: what the browser calls itself
        :return: what `read_progress` returns
        """
        self.ensure_one()
        self._check_may_run()
        transaction = self.sudo()
        transaction._check_agents_token(token)
        state = last = failure = None
        try:
            if not reached:
                raise ConnectCloudError(Reason.AGENT_UNREACHABLE)
            last = judge_last_result(messages, transaction.terminal_identifier, self._agent_ecr_id())
            state = "idle"
        except ReportError as error:
            raise refusal(self.env, "agent_report_refused") from error
        except ConnectCloudError as error:
            failure = error
        for waiting in transaction._claimed_lookups(token):
            waiting._record_reported_lookup(state, last, failure, device)
        self._forget_browser(token)
        return self.read_progress()

    def _claimed_lookups(self, token):
        """:return: what the lookup with this token was claimed for on this one's terminal, and isn't told yet"""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT id FROM nets_transaction
                    WHERE terminal_id = %s AND lookup_token = %s ORDER BY id FOR NO KEY UPDATE""",
                self.terminal_id.id,
                token,
            ),
            log_exceptions=False,
        )
        return self.browse([row[0] for row in self.env.cr.fetchall()])

    def _record_reported_lookup(self, state, last, failure, device):
        known_as = self.state
        to_book = self._record_lookup(state, last, failure)
        self._correct({"lookup_token": None})
        if self.state != known_as:
            self._mark_reported(device)
        if to_book:
            listener.book_after_commit(self.env.cr, self.id)

    # === WHAT IS CHECKED === #

    def _check_agents(self):
        """:raise UserError: where this isn't a browser's business"""
        if not self._is_agents():
            raise refusal(self.env, "agent_report_refused")

    def _check_agents_token(self, token):
        """:raise UserError: also for what is no token"""
        self._check_agents()
        if not isinstance(token, str) or not re.fullmatch(f"[A-Za-z0-9-]{{{SHORTEST_TOKEN},{LONGEST_TOKEN}}}", token):
            raise refusal(self.env, "agent_report_refused")

    def _holds_agent(self, token):
        """Whether this is the token of the claim."""
        ours = self.claim_token
        return bool(ours and isinstance(token, str) and hmac.compare_digest(ours.encode(), token.encode()))

    @api.model
    def _agent_device(self, device):
        """Where a browser is: what it calls itself, and the address that this server sees."""
        name = read_line(device)[:LONGEST_DEVICE]
        address = request.httprequest.remote_addr if request else ""
        if not address or name.endswith(f"({address})"):
            return name
        return f"{name} ({address})".strip()

    # === WHAT IS SAID OF IT === #

    @api.model
    def _unconfirmed_domain(self):
        """Charges that a browser reported, and that weren't compared with the terminal's own report yet."""
        return (
            Domain("reported_by_id", "!=", False)
            & Domain("state", "=", "approved")
            & Domain("confirmed_report_id", "=", False)
        )

    def _said_by(self):
        """Who reported this from where, as a person reads it; empty where no browser did."""
        if not self.reported_by_id:
            return ""
        return self.env._(
            "reported by %(user)s from %(device)s",
            user=self.reported_by_id.sudo().name,
            device=self.reported_from or "–",
        )
