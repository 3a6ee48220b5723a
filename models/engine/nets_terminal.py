import logging
import re
import uuid
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError, ValidationError
from odoo.tools import SQL

from ... import listener
from ...const import RECEIPT_WIDTH, RECONCILIATION_DELAYS, TYPE_SELECTION, UNRESOLVED_STATES
from ...messages import describe_refusal, describe_setup, refusal
from .press import AdministrationPress, TestPaymentPress
from .rows import lock_rows

_logger = logging.getLogger(__name__)

# After a change of these, what was the last result says nothing about the terminal as it is now, or other results may
# have come in between.
OTHER_RESULTS_FIELDS = {"account_id", "identifier", "currency_id", "type", "location_id", "used_by_hand"}
# How many terminals one press asks for their state: the person waits for it.
MOST_STATES = 20
# What keeps one terminal from being asked, and not all of its account.
OF_ONE_TERMINAL = {"terminal_disconnected", "terminal_busy", "unreadable_answer"}
# The operations that managers may start, too.
OF_MANAGERS = {"reconciliation", "x_report", "z_report"}
# As browsers take it, and nothing that could carry a password or a question along.
_AGENT_ADDRESS = re.compile(
    r"wss?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]{0,200})?"
)


class NetsTerminal(models.Model):
    _name = "nets.terminal"
    _description = "Card terminal"
    _inherit = ["nets.server.fields", "nets.asked"]
    _check_company_auto = True
    _order = "location_id, name, id"

    name = fields.Char(required=True, help="What people call it, for example *Front desk*.")
    identifier = fields.Char(
        "Terminal ID", required=True, help="The 8 digits on the terminal's receipts and in its menu."
    )
    active = fields.Boolean(default=True)
    type = fields.Selection(
        TYPE_SELECTION,
        required=True,
        default="connect_cloud",
        help="*Connect@Cloud*: NETS' service drives the terminal, for this server. *Baxi.Agent*: a program beside the "
        "terminal does, for the browser of the person who takes a payment.",
    )
    agent_address = fields.Char(
        "Agent's address",
        help="Where the browsers of those who use this terminal reach its agent, for example ws://127.0.0.1:8010. "
        "A page of https may need wss://.",
    )
    account_id = fields.Many2one(
        "nets.account",
        "NETS account",
        index=True,
        ondelete="restrict",
        check_company=True,
        help="With *Baxi.Agent*, nobody logs in: leave it empty, or choose the NETS account where NETS pays out both "
        "in one sum.",
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    environment = fields.Selection(related="account_id.environment", store=True)
    location_id = fields.Many2one("nets.location", "Site", index=True, ondelete="restrict", check_company=True)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="The currency the terminal charges in. NETS' answers don't include it.",
    )
    used_by_hand = fields.Boolean(
        "Also used by hand",
        default=True,
        help="Cards are also taken on this terminal without Odoo. Its last result is then asked for before each "
        "payment, and an interrupted payment is settled automatically only where the result can't be one that was "
        "typed by hand. Untick it where that never happens: payments start a little sooner, and fewer are left to a "
        "person.",
    )
    printer = fields.Selection(
        [("terminal", "The terminal's own printer"), ("odoo", "Odoo")],
        help="Who prints receipts and reports. Empty: as it is set at NETS.",
    )
    printer_applied = fields.Char(readonly=True, copy=False)
    # What became of it, in keys and values: words are made when it is read.
    printer_said = fields.Json(readonly=True, copy=False, groups=fields.NO_ACCESS)
    printer_message = fields.Char("Printer setting", compute="_compute_printer_message")
    nets_status = fields.Selection(
        [("unchecked", "Not checked yet"), ("allowed", "Allowed"), ("refused", "Not allowed")],
        "At NETS",
        required=True,
        readonly=True,
        default="unchecked",
        copy=False,
        help="Whether NETS has linked this terminal to the account.",
    )
    state = fields.Char(readonly=True, copy=False, help="As the terminal last said it.")
    state_at = fields.Datetime("State seen on", readonly=True, copy=False)
    activity = fields.Char("Now", compute="_compute_activity")
    open_count = fields.Integer("To look at", compute="_compute_open_count")
    replaced_by_id = fields.Many2one("nets.terminal", "Replaced by", readonly=True, copy=False, check_company=True)
    # The last result known to be this terminal's last one, as `_fingerprint` makes it; false: not known.
    last_result = fields.Json(readonly=True, copy=False, groups=fields.NO_ACCESS)

    # One physical terminal is one record, over all companies and archived ones too: only so can "busy" be told
    # in every company that has it.
    _identifier_unique = models.UniqueIndex(
        "(environment, identifier)",
        "This terminal ID exists already, perhaps archived or in another company. A terminal is entered only once.",
    )

    _account_check = models.Constraint("CHECK(account_id IS NOT NULL)", "Choose the account of the terminal.")

    # === COMPUTE METHODS === #

    @api.depends("name", "identifier")
    def _compute_display_name(self):
        for terminal in self:
            terminal.display_name = f"{terminal.name or ''} ({terminal.identifier or ''})"

    @api.depends("printer_said")
    @api.depends_context("lang")
    def _compute_printer_message(self):
        for terminal in self:
            said = terminal.sudo().printer_said or {}
            terminal.printer_message = self.env._("Sent to NETS.") if said else False
            if reason := said.get("reason"):
                terminal.printer_message = self.env._(
                    "Not sent to NETS yet (%(reason)s). It is tried again with the next payment.",
                    reason=describe_setup(self.env, reason, said.get("text")).label,
                )

    @api.depends("state", "type", "nets_status")
    @api.depends_context("lang")
    def _compute_activity(self):
        unresolved = (
            self.env["nets.transaction"]
            .sudo()
            .search([("terminal_id", "in", self.ids), ("state", "in", UNRESOLVED_STATES)])
        )
        for terminal in self:
            running = unresolved.filtered(lambda transaction, terminal=terminal: transaction.terminal_id == terminal)
            if running:
                terminal.activity = self.env._("Busy: %(activity)s", activity=running[0]._format_activity())
            elif (terminal.state or "").lower() == "idle":
                terminal.activity = self.env._("Idle")
            elif (terminal.state or "").lower() == "disconnected":
                terminal.activity = self.env._("Disconnected")
            elif terminal.type == "baxi_agent":
                terminal.activity = self.env._("Only its agent knows")
            elif terminal.nets_status == "refused" and not terminal.state:
                terminal.activity = self.env._("Not allowed")
            else:
                terminal.activity = terminal.state or self.env._("Not asked yet")

    def _compute_open_count(self):
        """How many transactions wait for a person, as the dashboard counts them."""
        transactions = self.env["nets.transaction"]
        groups = transactions._read_group(
            fields.Domain("terminal_id", "in", self.ids) & transactions._overdue_domain(), ["terminal_id"], ["__count"]
        )
        counts = {terminal.id: count for terminal, count in groups}
        for terminal in self:
            terminal.open_count = counts.get(terminal.id, 0)

    # === CONSTRAINT METHODS === #

    @api.constrains("identifier")
    def _check_identifier(self):
        for terminal in self:
            if not (terminal.identifier.isascii() and terminal.identifier.isdigit() and len(terminal.identifier) == 8):
                raise refusal(
                    self.env, "identifier_not_possible", error=ValidationError, identifier=terminal.identifier
                )

    @api.constrains("agent_address", "type")
    def _check_agent_address(self):
        for terminal in self.filtered(lambda terminal: terminal.type == "baxi_agent"):
            if not _AGENT_ADDRESS.fullmatch(terminal.agent_address or ""):
                raise refusal(self.env, "agent_address_not_possible", error=ValidationError)

    @api.constrains("type", "account_id")
    def _check_account_logs_in(self):
        for terminal in self:
            if terminal.type == "connect_cloud" and not terminal.account_id._logs_in():
                raise refusal(self.env, "account_without_login", error=ValidationError, terminal=terminal.name)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for values in vals_list:
            if values.get("type") == "baxi_agent" and not values.get("account_id"):
                values["account_id"] = self.env["nets.account"]._of_agents(self.env.company).id
        terminals = super().create(vals_list)
        terminals._ask_whether_allowed()
        terminals._apply_printer()
        return terminals

    def write(self, vals):
        if "account_id" in vals and not vals["account_id"] and vals.get("type", self[:1].type) == "baxi_agent":
            vals = {**vals, "account_id": self.env["nets.account"]._of_agents(self[:1].company_id).id}
        if OTHER_RESULTS_FIELDS & vals.keys():
            self._check_not_in_use()
            self._set_last_result(None)
        elif not vals.get("active", True):
            self._check_not_in_use()
        if "identifier" in vals:
            self._check_keeps_identifier(vals["identifier"])
        result = super().write(vals)
        if {"account_id", "identifier"} & vals.keys():
            # the company comes with the account
            self._check_company()
            self.sudo().nets_status = "unchecked"
            self._ask_whether_allowed()
        if "printer" in vals:
            self._apply_printer()
        return result

    def _check_keeps_identifier(self, identifier):
        """The history belongs to the device: another device is another record."""
        used = self.filtered(lambda terminal: terminal.identifier != identifier and terminal._has_transactions())
        if used:
            raise refusal(self.env, "terminal_with_history", terminal=used[0].display_name)

    def _has_transactions(self):
        return bool(self.env["nets.transaction"].sudo().search_count([("terminal_id", "in", self.ids)], limit=1))

    def web_save(self, vals, specification, next_id=None):
        """As Odoo's, where a person waits for it: a terminal id that the account may not use isn't saved."""
        if {"account_id", "identifier"} & vals.keys():
            terminal_type = vals.get("type", self.type)
            account = self.env["nets.account"].browse(vals.get("account_id", self.account_id.id))
            self._check_allowed(account, vals.get("identifier", self.identifier), terminal_type)
        return super().web_save(vals, specification, next_id=next_id)

    @api.model
    def _check_allowed(self, account, identifier, terminal_type):
        """Ask NETS, before anything is written, whether an account may use a terminal. Where NETS can't be asked, it is
        left unchecked; it knows nothing of those that browsers drive.

        :raise UserError: where NETS says that it may not
        """
        if terminal_type == "baxi_agent" or not account.exists() or not identifier:
            return
        account.check_access("write")
        identifiers = self._log_in_apart(account)
        if identifiers is not None and identifier not in identifiers:
            raise UserError(_refused(self.env, account, [identifier], identifiers).as_text())

    def _ask_whether_allowed(self):
        """Have NETS asked, once this is saved, whether their accounts may use these terminals."""
        terminals = self.filtered(lambda terminal: terminal.type == "connect_cloud")
        self._log_in_after_commit(terminals.account_id)

    def _refused_by(self, identifiers):
        """What a person reads of those of these that their account may not use.

        :param identifiers: of the terminals that it may use
        :return: Message, or None where NETS didn't say, or allows them all
        """
        refused = self.filtered(
            lambda terminal: terminal.type == "connect_cloud" and terminal.identifier not in identifiers
        )
        if not identifiers or not refused:
            return None
        return _refused(self.env, refused.account_id, refused.mapped("identifier"), identifiers)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self._has_transactions():
            raise refusal(self.env, "terminal_not_deletable")

    def _check_not_in_use(self):
        """:raise UserError: where a result depends on how these are set up"""
        if self._is_any_in_use(self.with_context(active_test=False).sudo().account_id):
            raise refusal(self.env, "terminal_in_use")

    def _is_any_in_use(self, accounts):
        """Whether a result, that isn't known yet, depends on how these are set up; asked by whoever is about to change
        that.

        A press at the same moment keeps the set-up until its reservation is committed, which is waited for here; it
        isn't in the own snapshot, so it is looked for past that. A press that comes later finds the row of the account
        written, and is repeated.

        :param accounts: nets.account, those of these terminals
        """
        lock_rows(accounts.sudo())
        if not self.ids:
            return False
        unresolved = SQL(
            "SELECT 1 FROM nets_transaction WHERE terminal_id IN %s AND state IN %s LIMIT 1",
            tuple(self.ids),
            UNRESOLVED_STATES,
        )
        self.env.flush_all()
        with self.env.registry.cursor() as past_snapshot:
            for cr in (self.env.cr, past_snapshot):
                cr.execute(unresolved)
                if cr.fetchone():
                    return True
        return False

    # === ACTION METHODS === #

    def action_refresh_state(self):
        """Ask NETS what the terminal is doing now.

        :return: as `action_refresh_states`
        """
        self.ensure_one()
        self.check_access("write")
        if self.type == "baxi_agent":
            return self.action_test_agent()
        return self.action_refresh_states()

    def action_refresh_states(self):
        """Ask NETS what the chosen terminals, or the first ones there are, are doing now.

        :return: an action after which they are read again; where one couldn't be asked, it says why and what to do
        """
        terminals = self or self.search([("type", "=", "connect_cloud")], limit=MOST_STATES)
        terminals.check_access("write")
        accounts = self.env["nets.account"]  # that can't ask
        failed = {}
        for terminal in terminals.filtered(lambda terminal: terminal.type == "connect_cloud")[:MOST_STATES]:
            if terminal.account_id in accounts:
                continue
            answer = terminal._ask_apart()
            if not answer.reason or answer.reason == "terminal_not_allowed":
                continue
            failed.setdefault(answer.reason, []).append((terminal.name, answer.message))
            if answer.reason not in OF_ONE_TERMINAL:
                # the others couldn't be asked either, and the person waits for each
                accounts |= terminal.account_id
        again = {"type": "ir.actions.act_window_close"}
        if not failed:
            return again
        reason, said = next(iter(failed.items()))
        names, texts = zip(*said, strict=True)
        message = describe_setup(self.env, reason, texts[0])
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger",
                "title": f"{message.label}: {', '.join(names)}",
                "message": "\n".join(filter(None, [message.explanation, message.detail])),
                "sticky": True,
                "next": again,
            },
        }

    def action_replace(self):
        """Open the window in which another device takes this one's place: one of those that NETS lists."""
        self.ensure_one()
        self.check_access("write")
        fetch = self.env["nets.terminal.fetch"]
        if self.type == "connect_cloud":
            identifiers = self._log_in_apart(self.account_id)
            fetch = fetch._for_account(self.account_id, identifiers) if identifiers is not None else fetch
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Replace the terminal"),
            "res_model": "nets.terminal.replace",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_terminal_id": self.id, "default_fetch_id": fetch.id},
        }

    def _ask_apart(self):
        """Ask for the state now, in answer to a button, and keep what NETS says.

        :return: listener.TerminalAnswer
        """
        self._end_transaction()
        answer = listener.refresh_terminal(self.env.cr.dbname, self.id)
        self.env.invalidate_all()
        return answer

    def action_reconciliation(self):
        """Close the terminal's session with NETS, and keep its report."""
        return self._reserve_administration("reconciliation")._dialog_action()

    def action_download_dataset(self):
        """Have the terminal fetch its parameters."""
        return self._reserve_administration("download_dataset")._dialog_action()

    def action_download_software(self):
        """Have the terminal fetch its software."""
        return self._reserve_administration("download_software")._dialog_action()

    def action_balance_inquiry(self):
        """Ask for the balance of a gift card."""
        return self._reserve_administration("balance_inquiry")._dialog_action()

    def action_x_report(self):
        """Have the terminal print what its session holds so far, and keep it."""
        return self._reserve_administration("x_report")._dialog_action()

    def action_z_report(self):
        """Have the terminal print what its session holds, and start the next one."""
        return self._reserve_administration("z_report")._dialog_action()

    def action_test_agent(self):
        """Open the dialog in which this browser tries to reach the terminal's agent."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.client",
            "tag": "nets_connect_cloud.agent_test",
            "params": {"terminal": self._agent_values()},
        }

    def _agent_values(self):
        """What a browser has to know to reach this terminal's agent.

        :return: dict of plain values
        """
        self.ensure_one()
        return {
            "id": self.id,
            "name": self.name,
            "identifier": self.identifier,
            "address": self.agent_address or "",
            "ecr_id": self.env["nets.transaction"]._agent_ecr_id(),
        }

    def _check_may_administer(self, administration):
        """Refuse users who may not have this terminal do anything besides payments: meanwhile it can't take any.

        A branch takes cards on the terminals of its parents, but doesn't administer them.

        :param str administration: a key of `ADMINISTRATION_SELECTION`
        :raise AccessError: with the cause
        """
        if self.env.su:
            return
        group = "group_manager" if administration in OF_MANAGERS else "group_admin"
        if not self.env.user.has_group(f"nets_connect_cloud.{group}"):
            raise refusal(self.env, "rights_administration", error=AccessError)
        self.check_access("read")
        if self.company_id not in self.env.companies:
            raise refusal(
                self.env,
                "terminal_of_another",
                error=AccessError,
                terminal=self.name,
                company=self.company_id.sudo().display_name,
            )

    def _reserve_administration(self, administration):
        """Reserve the terminal for an operation that moves no money.

        :param str administration: a key of `ADMINISTRATION_SELECTION`
        :return: nets.transaction
        :raise UserError: the terminal is busy, or can't do this
        """
        self.ensure_one()
        return self._press(AdministrationPress(self.env, str(uuid.uuid4()), self, administration))

    def _press(self, press):
        """:return: the transaction of a press that is started from here
        :raise UserError: also where it would have to wait"""
        transaction, waiting = self.env["nets.transaction"]._press(press)
        if waiting:
            raise UserError("\n".join([waiting["label"], waiting["explanation"]]))
        return transaction

    def action_test_payment(self):
        """Charge 1.00 of play money, to see that everything works. It isn't booked.

        :raise UserError: where it would be real money
        """
        self.ensure_one()
        return self._press(TestPaymentPress(self.env, str(uuid.uuid4()), self.id))._dialog_action()

    # === STATE AND SETTINGS AT NETS === #

    def _mark_allowed(self, identifiers):
        """Keep what NETS says about which terminals their account may use.

        :param identifiers: what it may use
        """
        for terminal in self:
            status = "allowed" if terminal.identifier in identifiers else "refused"
            if terminal.nets_status != status:
                terminal.nets_status = status

    def _set_last_result(self, fingerprint):
        """Keep what is known to be the terminal's last result; nobody else writes it.

        :param dict fingerprint: as `nets.transaction` makes it; nothing where it isn't known (any more): it is then
            asked for before the next payment
        """
        self.sudo().last_result = fingerprint or False

    def _apply_printer(self):
        """Have the printer setting sent to NETS, without waiting for it: printing must never stop a payment."""
        for terminal in self.filtered(lambda terminal: terminal.type == "connect_cloud"):
            if terminal.printer and terminal.printer != terminal.printer_applied:
                listener.refresh_terminal_after_commit(self.env.cr, terminal.id)

    def _wants_state(self):
        """Whether what is shown of this terminal, or its printer setting, waits for it to be idle and answer."""
        return (self.state or "").lower() != "idle" or self.printer != self.printer_applied

    def _prepare_query(self):
        """What is needed to ask for the terminal's state, and to send its printer setting where it is not sent yet.

        :return: listener.Query
        """
        self.ensure_one()
        width = {"terminal": 0, "odoo": RECEIPT_WIDTH}.get(self.printer)
        return listener.Query(
            account_id=self.account_id.id,
            client_values=self.account_id._client_values(),
            terminal=self.identifier,
            printer=self.printer or "",
            printer_width=width if self.printer != self.printer_applied else None,
        )

    def _record_query(self, answer):
        """Keep what NETS said about the terminal.

        :param answer: listener.TerminalAnswer
        """
        self.ensure_one()
        values = {}
        if answer.state:
            values |= {"state": answer.state, "state_at": fields.Datetime.now(), "nets_status": "allowed"}
        elif answer.reason == "terminal_not_allowed":
            values |= {"state": False, "nets_status": "refused"}
        elif answer.reason == "terminal_disconnected":
            values |= {"state": "disconnected", "state_at": fields.Datetime.now()}
        if answer.printer and not answer.printer_reason:
            values |= {"printer_applied": answer.printer, "printer_said": {"sent": True}}
        elif answer.printer:
            values["printer_said"] = {"reason": answer.printer_reason, "text": answer.printer_text}
        self.write(values)

    def _replace_by(self, terminal):
        """Hook: another device takes this one's place. What offers this one, offers the other from now on.

        :param terminal: nets.terminal
        """
        self.ensure_one()

    # === DAILY RECONCILIATION === #

    @api.model
    def _cron_reconcile(self):
        """Reserve the reconciliations that are due. The terminals work on them side by side, in threads."""
        terminals = self.search(
            [
                ("account_id.active", "=", True),
                ("account_id.reconciliation_daily", "=", True),
                ("type", "=", "connect_cloud"),
            ]
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(terminals))
        for terminal in terminals:
            if terminal._is_reconciliation_due():
                try:
                    with self.env.cr.savepoint():
                        terminal._reserve_administration("reconciliation")
                except (UserError, ConcurrencyError) as error:
                    # busy: the next run of this job tries again
                    _logger.info("The reconciliation of terminal %s waits: %s", terminal.identifier, error)
            cron._commit_progress(1)

    def _is_reconciliation_due(self):
        """Whether today's reconciliation isn't done, isn't under way, and didn't just fail."""
        self.ensure_one()
        due_at = self._reconciliation_due_at()
        if due_at <= self.account_id.reconciliation_since:
            return False
        since = (
            self.env["nets.transaction"]
            .sudo()
            .search(
                [
                    ("terminal_id", "=", self.id),
                    ("administration", "=", "reconciliation"),
                    ("create_date", ">=", due_at),
                ],
                order="id",
            )
        )
        if not since:
            return True
        failed = since.filtered(lambda transaction: transaction.state == "failed")
        if failed != since or len(failed) > len(RECONCILIATION_DELAYS):
            return False
        pause = timedelta(seconds=RECONCILIATION_DELAYS[len(failed) - 1])
        return fields.Datetime.now() - failed[-1].create_date >= pause

    def _reconciliation_due_at(self):
        """When this terminal's session was last to be closed, in UTC: the set hour of its site, today or yesterday."""
        zone = ZoneInfo(self.location_id.tz or self.company_id.partner_id.tz or "UTC")
        now = datetime.now(zone)
        hour, minute = divmod(round(self.account_id.reconciliation_hour * 60), 60)
        due_at = datetime.combine(now.date(), time(hour, minute), zone)
        if due_at > now:
            due_at = datetime.combine(now.date() - timedelta(days=1), time(hour, minute), zone)
        return due_at.astimezone(timezone.utc).replace(tzinfo=None)

    # === BUSINESS METHODS === #

    @api.model
    def _company_domain(self, company):
        # users may not see accounts, nor search through them
        accounts = self.env["nets.account"].sudo().search([("company_id", "in", company.sudo().parent_ids.ids)])
        return fields.Domain("account_id", "in", accounts.ids)

    @api.model
    def _is_any_near(self, company):
        """Whether a terminal could take cards for this company: its own, one of its parents', or of its branches."""
        near = fields.Domain("company_id", "parent_of", company.ids) | fields.Domain(
            "company_id", "child_of", company.ids
        )
        return bool(self.sudo().search_count(near, limit=1))

    def _check_usable(self, company, currency):
        """Refuse a terminal that a payment can't use, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        terminal = self.sudo().exists()
        if len(terminal) != 1 or not terminal.active or not terminal.account_id.active:
            raise refusal(self.env, "terminal_gone")
        if terminal.company_id not in company.sudo().parent_ids:
            raise refusal(self.env, "terminal_company", terminal=terminal.name, company=company.display_name)
        if terminal.currency_id != currency:
            raise refusal(
                self.env,
                "terminal_currency",
                terminal=terminal.name,
                terminal_currency=terminal.currency_id.name,
                currency=currency.name,
            )
        if terminal.type == "baxi_agent" and not terminal.agent_address:
            raise refusal(self.env, "terminal_without_address", terminal=terminal.name)

    def _choices(self):
        """What the dialog shows of these terminals, for a person to choose from."""
        return [
            {
                "id": terminal.id,
                "name": terminal.name,
                "location": terminal.location_id.complete_name or "",
                "environment": terminal.environment,
                "type": terminal.type,
            }
            for terminal in self
        ]


def _refused(env, account, identifiers, allowed):
    """:return: Message; NETS says that an account may not use these terminals"""
    return describe_refusal(
        env,
        "identifier_refused",
        account=account.name,
        identifiers=", ".join(identifiers),
        allowed=", ".join(allowed) or "–",
    )
