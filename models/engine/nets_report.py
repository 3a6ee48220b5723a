import logging
from datetime import timedelta, timezone

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ...connect_cloud import (
    Totals,
    UnknownCurrencyError,
    compare,
    from_minor_units,
    parse_timestamp,
    read_totals,
    to_minor_units,
)
from ...const import ADMINISTRATION_SELECTION
from ...messages import refusal

_logger = logging.getLogger(__name__)

# What became known late changes what a session is compared with: so long it is looked at again.
COMPARED_FOR = timedelta(days=60)
COMPARED_AT_ONCE = 500
CARD_KINDS = ("purchase", "refund", "reversal")


class NetsReport(models.Model):
    """What a terminal would have printed after a reconciliation, a download or a balance inquiry.

    Kept as it came, and never changed. Totals are in the text only: a reconciliation's are read from it, and
    compared with what Odoo recorded for the same session. A person looks where they differ, or can't be read.
    """

    _name = "nets.report"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"
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
    elsewhere_count = fields.Integer(compute="_compute_session_transactions")

    # == What was read from the text, and what came of comparing it == #
    agreement = fields.Selection(
        [("agrees", "Agrees"), ("differs", "Differs"), ("unread", "Can't be read")],
        readonly=True,
        index="btree_not_null",
        help="Whether what the terminal printed is what was recorded here for the same session.",
    )
    printed_total = fields.Monetary("Total, printed", readonly=True)
    printed_purchases = fields.Monetary("Payments, printed", readonly=True)
    printed_refunds = fields.Monetary("Refunds and reversals, printed", readonly=True)
    printed_brands = fields.Json("Totals by brand", readonly=True)
    printed_brands_text = fields.Char("By card brand", compute="_compute_texts")
    difference = fields.Monetary(readonly=True, help="What the terminal has more than what was recorded here.")
    count_difference = fields.Integer(
        "Payments more", readonly=True, help="How many payments the terminal has more than were recorded here."
    )
    agreement_label = fields.Char("Compared", compute="_compute_texts")
    agreement_explanation = fields.Text(compute="_compute_texts")
    one_side = fields.Html("What only one side has", compute="_compute_suspects")
    suspect_ids = fields.Many2many(
        "nets.transaction", string="To look at", compute="_compute_suspects", help="What only one side may have."
    )
    agreed_by_id = fields.Many2one("res.users", "Agreed by", readonly=True)
    agreed_at = fields.Datetime("Agreed on", readonly=True)
    agreed_note = fields.Char("Why", readonly=True)

    _transaction_unique = models.UniqueIndex("(transaction_id)")

    # === COMPUTE METHODS === #

    @api.depends("kind", "terminal_identifier", "session_number", "reported_at")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for report in self:
            parts = [kinds.get(report.kind), report.terminal_identifier, report.session_number]
            report.display_name = " ".join(filter(None, parts))

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_session_transactions(self):
        """The terminal's totals are of all that it did, and so are these, whatever companies are selected. What is
        listed is what may be read."""
        for report in self:
            domain = report.sudo()._session_domain()
            transactions = self.env["nets.transaction"].sudo()
            transactions = transactions.search(domain) if domain else transactions
            known = transactions.filtered("session_number")
            report.session_transaction_ids = known.sudo(False)._filtered_access("read")
            report.elsewhere_count = len(known) - len(report.session_transaction_ids)
            report.recorded_purchases = sum(known.filtered(lambda one: one.kind == "purchase").mapped("charged_amount"))
            report.recorded_total = sum(known.mapped("charged_amount"))
            report.recorded_refunds = report.recorded_total - report.recorded_purchases
            report.without_session_count = len(transactions - known)

    @api.depends("agreement", "difference", "count_difference", "printed_brands", "printed_total", "agreed_at")
    @api.depends_context("lang")
    def _compute_texts(self):
        for report in self:
            report.agreement_label, report.agreement_explanation = report._agreement_texts()
            report.printed_brands_text = ", ".join(
                f"{brand} {report.currency_id.format(amount)}"
                for brand, amount in sorted((report.printed_brands or {}).items())
            )

    def _agreement_texts(self):
        """:return: a label, and what to do"""
        if not self.agreement:
            return "", ""
        if self.agreement == "agrees":
            return self.env._("Agrees"), self.env._("What the terminal printed is what was recorded here.")
        if self.agreement == "unread":
            return self.env._("Can't be read"), self.env._(
                "The totals can't be read from what the terminal printed, or they contradict themselves. Compare them "
                "with what was recorded here, and press “Agree”."
            )
        label = self.env._("Differs by %(amount)s", amount=self.currency_id.format(self.difference))
        if self.difference > 0:
            explanation = self.env._(
                "The terminal has %(amount)s more than was recorded here. Look for a card that was taken on the "
                "terminal by hand, or for a result that isn't known here yet.",
                amount=self.currency_id.format(self.difference),
            )
        else:
            explanation = self.env._(
                "Recorded here is %(amount)s more than the terminal has. Look for what was settled by hand as charged, "
                "or for a charge that the terminal counts in another session.",
                amount=self.currency_id.format(-self.difference),
            )
        return label, explanation

    def _compute_suspects(self):
        for report in self:
            texts, only_here = report.sudo()._one_side() if report.agreement == "differs" else ([], self.browse())
            items = Markup().join(Markup("<li>%s</li>") % text for text in texts)
            report.one_side = Markup("<ul class='mb-0'>%s</ul>") % items if texts else False
            report.suspect_ids = report._suspects()
            if only_here:
                report.suspect_ids |= only_here.sudo(False)._filtered_access("read")

    def _suspects(self):
        """The transactions between this reconciliation and the one before that may explain a difference.

        Those whose result isn't known, that were settled by hand, aren't booked, or have no session; and those that
        failed here, and are worth as much as the difference.
        """
        window = self._window_domain()
        if window is None or self.agreement != "differs":
            return self.env["nets.transaction"]
        doubtful = Domain.OR(
            [
                Domain("state", "=", "unknown"),
                Domain("settled_by_id", "!=", False),
                Domain("to_book", "=", True),
                Domain("state", "=", "approved") & Domain("session_number", "=", False),
                Domain("state", "in", ("failed", "aborted"))
                & Domain("amount", "in", [abs(self.difference), -abs(self.difference)]),
            ]
        )
        return self.env["nets.transaction"].search(window & doubtful, limit=80)

    def _session_domain(self):
        """The transactions that belong to the session of a reconciliation, and those that may: successful ones whose
        session isn't known.

        Session numbers start again after 999, so the previous reconciliation of the terminal is the other limit.

        :return: a domain, or None where the report closes no session
        """
        self.ensure_one()
        if self.kind != "reconciliation":
            return None
        numbers = [self.session_number, False] if self.session_number else [False]
        return self._window_domain() & Domain("state", "=", "approved") & Domain("session_number", "in", numbers)

    def _window_domain(self):
        """What the terminal did between the previous reconciliation and this one.

        :return: a domain, or None where the report closes no session
        """
        if self.kind != "reconciliation":
            return None
        previous = self.search(
            [
                ("terminal_identifier", "=", self.terminal_identifier),
                ("environment", "=", self.environment),
                ("kind", "=", "reconciliation"),
                "|",
                ("reported_at", "<", self.reported_at),
                "&",
                ("reported_at", "=", self.reported_at),
                ("id", "<", self.id),
            ],
            limit=1,
        )
        domain = (
            Domain("terminal_identifier", "=", self.terminal_identifier)
            & Domain("environment", "=", self.environment)
            & Domain("kind", "!=", "administration")
            & Domain("id", "<", self.transaction_id.id)
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
        report = self.with_context(mail_create_nolog=True, mail_create_nosubscribe=True).create(
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
                "reported_at": reported_at.astimezone(timezone.utc).replace(tzinfo=None)
                if reported_at
                else fields.Datetime.now(),
                "text": outcome.report_text.replace("\r\n", "\n"),
            }
        )
        try:
            with self.env.cr.savepoint():
                report._compare()
        except Exception:
            # the report is evidence: it is kept whatever is read from it
            _logger.exception("Card terminal report %s wasn't compared", report.id)
        return report

    # === COMPARE === #

    def _compare(self):
        """Read the totals of these reconciliations, and compare them with what is recorded by now."""
        for report in self.filtered(lambda report: report.kind == "reconciliation" and not report.agreed_at):
            values = report._comparison_values()
            if any(report[name] != value for name, value in values.items()):
                report.write(values)
                report._call_or_release()

    def _comparison_values(self):
        code = self.currency_id.name
        try:
            totals = read_totals(self.text, code)
        except UnknownCurrencyError:
            totals, code = Totals(), None
        found, _known = self._compare_with(totals)

        def major(amount):
            return self._major(amount) if code else 0.0

        given_back = [total.amount for total in (totals.refunds, totals.reversals) if total]
        return {
            "agreement": {True: "agrees", False: "differs", None: "unread"}[found.agrees],
            "difference": major(found.difference),
            "count_difference": found.count_difference or 0,
            "printed_total": major(totals.net),
            "printed_purchases": major(totals.purchases and totals.purchases.amount),
            "printed_refunds": -major(sum(given_back)),
            "printed_brands": {brand: major(amount) for brand, amount in totals.brands.items()} or False,
        }

    def _compare_with(self, totals):
        """:param connect_cloud.Totals totals: as they were read
        :return: connect_cloud.Comparison, and nets.transaction: what was recorded of this session, with all rights
        """
        # not the field: what it found before may not be all any more
        known = self.env["nets.transaction"].sudo().search(self._session_domain()).filtered("session_number")
        of_kinds = {kind: known.filtered(lambda one, kind=kind: one.kind == kind) for kind in CARD_KINDS}

        def minor(kind):
            return 0 if totals.doubt else self._minor(sum(of_kinds[kind].mapped("charged_amount")))

        counts = {kind: len(transactions) for kind, transactions in of_kinds.items()}
        return compare(totals, minor("purchase"), -minor("refund"), -minor("reversal"), counts), known

    def _minor(self, amount):
        return to_minor_units(self.currency_id.round(amount), self.currency_id.name)

    def _major(self, amount):
        return float(from_minor_units(amount, self.currency_id.name)) if amount else 0.0

    def _one_side(self):
        """What only the terminal has, and what only Odoo has, as far as the print says it.

        :return: list of texts, and nets.transaction: what is recorded here and may be what the terminal hasn't, with
            all rights
        """
        totals = read_totals(self.text, self.currency_id.name)
        found, known = self._compare_with(totals)
        texts = [self._text_of(more) for more in found.kinds]
        if totals.named:
            printed, only_here = list(totals.named), known.browse()
            for one in known:
                amount = self._minor(one.charged_amount)
                stan = (one.stan or "").zfill(6)
                mine = next((name for name in printed if name.amount == amount and stan in name.numbers), None)
                if mine:
                    printed.remove(mine)
                else:
                    only_here |= one
            texts += [self.env._("Only the terminal has: %(line)s", line=name.line) for name in printed]
            for one in only_here:
                charge = f"{one.stan or one.order_id} {self.currency_id.format(one.charged_amount)}"
                texts.append(self.env._("Only recorded here: %(charge)s", charge=charge))
            return texts, only_here
        # one that is worth what is missing there
        missing = {(more.kind, -more.amount) for more in found.kinds if more.amount < 0 and more.count in (None, -1)}
        return texts, known.filtered(lambda one: (one.kind, abs(self._minor(one.charged_amount))) in missing)

    def _text_of(self, more):
        """:param connect_cloud.More more: of one kind"""
        values = {
            "kind": {
                "purchase": self.env._("Payments"),
                "refund": self.env._("Refunds"),
                "reversal": self.env._("Reversals"),
            }[more.kind],
            "count": abs(more.count or 0),
            "amount": self.currency_id.format(abs(self._major(more.amount))),
        }
        if (more.count or 0) * more.amount > 0:
            if more.amount > 0:
                return self.env._("%(kind)s: the terminal has %(count)s more, worth %(amount)s.", **values)
            return self.env._("%(kind)s: recorded here are %(count)s more, worth %(amount)s.", **values)
        if more.amount > 0:
            return self.env._("%(kind)s: the terminal has %(amount)s more.", **values)
        return self.env._("%(kind)s: recorded here is %(amount)s more.", **values)

    @api.model
    def _cron_compare(self):
        """Compare again what nobody has agreed: a charge may have become known late."""
        since = fields.Datetime.now() - COMPARED_FOR
        domain = [
            ("kind", "=", "reconciliation"),
            ("agreed_at", "=", False),
            ("agreement", "!=", "agrees"),
            ("reported_at", ">", since),
        ]
        for report in self.search(domain, limit=COMPARED_AT_ONCE):
            report._compare()

    def _call_or_release(self):
        """Give the accountants an activity where a session differs, and take it back where that is explained."""
        if self.agreement != "differs" or self.agreed_at:
            self.activity_feedback(["mail.mail_activity_data_todo"], feedback=self.agreed_note or self.agreement_label)
            return
        if self.activity_ids:
            return
        for user in self.company_id._nets_called_users():
            if not user.active or user.share or not self.with_user(user).has_access("read"):
                continue
            report = self.with_context(lang=user.lang)
            report.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=f"{report.display_name}: {report.agreement_label}",
                note=Markup("<p>%s</p>%s") % (report.agreement_explanation, report.one_side or ""),
                user_id=user.id,
            )

    def action_compare(self):
        """Compare with what is known by now."""
        self.check_access("read")
        self._check_may_agree()
        self.sudo()._compare()

    def _check_may_agree(self):
        if not self.env.user.has_group("nets_connect_cloud.group_manager"):
            raise refusal(self.env, "rights_agree", error=AccessError)

    def _agree(self, note):
        """A person has looked, and says that it is in order.

        :param str note: why, where it differs
        """
        self.ensure_one()
        self._check_may_agree()
        self.check_access("read")
        report = self.sudo()
        if report.kind != "reconciliation":
            raise refusal(self.env, "agree_not_session")
        if report.agreed_at:
            raise refusal(self.env, "agreed_already", user=report.agreed_by_id.name)
        note = (note or "").strip()[:500]
        if report.agreement != "agrees" and not note:
            raise refusal(self.env, "agree_note")
        report.write({"agreed_by_id": self.env.uid, "agreed_at": fields.Datetime.now(), "agreed_note": note})
        report._confirm_reported()
        report._call_or_release()
        report.message_post(
            body=self.env._("Agreed: %(note)s", note=note or report.agreement_label),
            author_id=self.env.user.partner_id.id,
        )

    def _confirm_reported(self):
        """A person has compared this session with the terminal's own print: what browsers reported of it is confirmed.

        Totals that agree don't do that alone: a browser that made up a result could make up the print, too.
        """
        transactions = self.env["nets.transaction"]
        for transaction in transactions.search(self._session_domain() & transactions._unconfirmed_domain()):
            transaction._correct({"confirmed_report_id": self.id}, ("approved",))

    # === ACTION METHODS === #

    def action_show_transactions(self):
        """The log of what Odoo recorded for this session."""
        self.ensure_one()
        return self._open_log(self.session_transaction_ids)

    def action_show_suspects(self):
        """The log of what may explain a difference."""
        self.ensure_one()
        return self._open_log(self.suspect_ids)

    @api.model
    def _open_log(self, transactions):
        """:return: the action of the log, with these"""
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_transaction_action")
        return {**action, "domain": [("id", "in", transactions.ids)]}
