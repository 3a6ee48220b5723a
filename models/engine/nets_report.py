from datetime import UTC

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ...connect_cloud import parse_timestamp
from ...const import ADMINISTRATION_SELECTION
from ...messages import refusal

# What ends the terminal's session, with all that it charged in it.
CLOSING = ("reconciliation", "z_report")


class NetsReport(models.Model):
    """What a terminal would have printed after a reconciliation, a download or a balance inquiry.

    Kept as it came, and its text never changed: totals are in it only, so a person compares it with what Odoo
    recorded for the same session.
    """

    _name = "nets.report"
    _description = "Card terminal report"
    _order = "reported_at desc, id desc"

    terminal_id = fields.Many2one("nets.terminal", required=True, readonly=True, index=True, ondelete="restrict")
    terminal_identifier = fields.Char("Terminal ID", readonly=True)
    location_id = fields.Many2one("nets.location", "Site", readonly=True, ondelete="restrict")
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test"), ("simulator", "Simulator")], readonly=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    transaction_id = fields.Many2one("nets.transaction", "Operation", required=True, readonly=True, ondelete="restrict")
    kind = fields.Selection(ADMINISTRATION_SELECTION, required=True, readonly=True)
    session_number = fields.Char("Session", readonly=True)
    reported_at = fields.Datetime("Date", required=True, readonly=True)
    text = fields.Text(required=True, readonly=True)
    session_transaction_ids = fields.Many2many(
        "nets.transaction", string="Recorded in Odoo", compute="_compute_session_transactions"
    )
    recorded_purchases = fields.Monetary("Payments", compute="_compute_session_transactions")
    recorded_refunds = fields.Monetary("Refunds and reversals", compute="_compute_session_transactions")
    recorded_total = fields.Monetary("Total", compute="_compute_session_transactions")
    without_session_count = fields.Integer(compute="_compute_session_transactions")
    confirmed_by_id = fields.Many2one("res.users", "Compared by", readonly=True)
    confirmed_at = fields.Datetime("Compared on", readonly=True)
    # Whether there is something that only this comparison confirms.
    is_to_confirm = fields.Boolean(compute="_compute_is_to_confirm")

    _transaction_unique = models.UniqueIndex("(transaction_id)")

    # === COMPUTE METHODS === #

    @api.depends("kind", "terminal_identifier", "session_number", "reported_at")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for report in self:
            parts = [kinds.get(report.kind), report.terminal_identifier, report.session_number]
            report.display_name = " ".join(filter(None, parts))

    def _compute_session_transactions(self):
        for report in self:
            domain = report._session_domain()
            transactions = self.env["nets.transaction"].search(domain) if domain else self.env["nets.transaction"]
            known = transactions.filtered("session_number")
            report.session_transaction_ids = known
            report.recorded_purchases = sum(known.filtered(lambda one: one.kind == "purchase").mapped("charged_amount"))
            report.recorded_total = sum(known.mapped("charged_amount"))
            report.recorded_refunds = report.recorded_total - report.recorded_purchases
            report.without_session_count = len(transactions - known)

    def _compute_is_to_confirm(self):
        for report in self:
            report.is_to_confirm = bool(report._to_confirm())

    def _to_confirm(self):
        """:return: the charges of its session that a browser reported, and that wait for this comparison"""
        domain = self._session_domain()
        # also asked for auditors, who don't see what confirmed them
        transactions = self.env["nets.transaction"].sudo()
        return transactions.search(domain & transactions._unconfirmed_domain()) if domain else transactions

    def _session_domain(self):
        """The transactions that belong to the session of a reconciliation, and those that may: successful ones whose
        session isn't known.

        Session numbers start again after 999, so the previous reconciliation of the terminal is the other limit.

        :return: a domain, or None where the report closes no session
        """
        self.ensure_one()
        if self.kind not in CLOSING:
            return None
        previous = self.search(
            [
                ("terminal_identifier", "=", self.terminal_identifier),
                ("environment", "=", self.environment),
                ("kind", "in", CLOSING),
                "|",
                ("reported_at", "<", self.reported_at),
                "&",
                ("reported_at", "=", self.reported_at),
                ("id", "<", self.id),
            ],
            limit=1,
        )
        numbers = [self.session_number, False] if self.session_number else [False]
        domain = Domain(
            [
                ("terminal_identifier", "=", self.terminal_identifier),
                ("environment", "=", self.environment),
                ("kind", "!=", "administration"),
                ("state", "=", "approved"),
                ("session_number", "in", numbers),
                ("id", "<", self.transaction_id.id),
            ]
        )
        return domain & Domain("id", ">", previous.transaction_id.id) if previous else domain

    # === BUSINESS METHODS === #

    @api.model
    def _keep(self, transaction, outcome):
        """Keep the report of an administration.

        :param transaction: nets.transaction
        :param outcome: connect_cloud.AdministrationOutcome with a text
        :return: nets.report
        """
        zone = transaction.location_id.tz or "UTC"
        reported_at = parse_timestamp(outcome.timestamp, zone) if outcome.timestamp else None
        return self.create(
            {
                "terminal_id": transaction.terminal_id.id,
                "terminal_identifier": transaction.terminal_identifier,
                "location_id": transaction.location_id.id,
                "environment": transaction.environment,
                "company_id": transaction.company_id.id,
                "currency_id": transaction.currency_id.id,
                "transaction_id": transaction.id,
                "kind": transaction.administration,
                "session_number": outcome.session_number,
                "reported_at": reported_at.astimezone(UTC).replace(tzinfo=None)
                if reported_at
                else fields.Datetime.now(),
                "text": outcome.report_text.replace("\r\n", "\n"),
            }
        )

    def action_confirm(self):
        """A manager has compared this report with what Odoo recorded: what browsers reported of its session is agreed.

        :raise AccessError: for others, and for who works for another company
        :raise UserError: where it closes no session
        """
        self.ensure_one()
        if not self.env.user.has_group("nets_connect_cloud.group_manager"):
            raise refusal(self.env, "rights_administration", error=AccessError)
        self.check_access("read")
        self.terminal_id._check_may_administer("reconciliation")
        if self.kind not in CLOSING:
            raise refusal(self.env, "report_closes_nothing")
        for transaction in self._to_confirm():
            transaction._correct({"confirmed_report_id": self.id}, ("approved",))
        self.sudo().write({"confirmed_by_id": self.env.uid, "confirmed_at": fields.Datetime.now()})

    def action_show_transactions(self):
        """The log of what Odoo recorded for this session."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_transaction_action"),
            "domain": [("id", "in", self.session_transaction_ids.ids)],
        }
