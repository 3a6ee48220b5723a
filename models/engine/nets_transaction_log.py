"""The transaction log: what its lists, filters and charts need, and the story of one transaction."""

import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_datetime, formatLang

from ...const import GIVEN_BACK_SELECTION, STATE_SELECTION, TYPE_SELECTION, UNRESOLVED_STATES
from ...messages import describe

# What stands in a payment's memo where it is for a whole terminal session, or for one charge.
REFERENCE = re.compile(r"\b([0-9]{8})/([0-9]{1,6})(?:/([0-9]{1,12}))?\b")
# An amount as people write it, with or without a currency: the last group is cents where it has one or two digits.
AMOUNT = re.compile(r"[^\d]*?-?((?:\d{1,3}(?:[ .,'\u00a0\u2019\u202f]\d{3})+|\d+)(?:[.,]\d{1,3})?)[^\d]*")
# How many customers or documents one search looks at, and from how many letters on.
MOST_FOUND = 200
SHORTEST_NAME = 3


class NetsTransaction(models.Model):
    """A log of a million rows: everything that a list shows or filters by is a column, and the filters have indexes."""

    _inherit = "nets.transaction"

    # The terminal as it was then. It may be renamed, moved or connected in another way later: history stays true.
    terminal_name = fields.Char("Terminal's name", readonly=True)
    terminal_type = fields.Selection(TYPE_SELECTION, "Type", readonly=True)
    terminal_label = fields.Char("Terminal as it was", compute="_compute_terminal_label")
    card_label = fields.Char("Card", compute="_compute_card_label")
    document = fields.Char(compute="_compute_document", help="What it is for.")
    result = fields.Selection([*STATE_SELECTION, *GIVEN_BACK_SELECTION], compute="_compute_result")
    # Only to search by: whatever a receipt, a document or a person says.
    found_by = fields.Char("Anything", store=False, exportable=False, search="_search_found_by")
    answer_seconds = fields.Float(
        "Seconds to answer",
        readonly=True,
        aggregator="avg",
        digits=(10, 1),
        help="From the request to the terminal's answer. Empty where the answer got lost.",
    )
    # Only to search by. A date, and not a moment: all of that day belongs to it.
    last_day = fields.Date("Last day", store=False, exportable=False, search="_search_last_day")
    retry_ids = fields.One2many("nets.transaction", "retry_of_id", "Tried again", readonly=True)
    story = fields.Html(compute="_compute_story", sanitize=False)

    # Each main filter, in the order that the list shows.
    _terminal_index = models.Index("(terminal_id, id DESC)")
    _location_index = models.Index("(location_id, id DESC)")
    _date_index = models.Index("(create_date)")
    # Charts add up a year of them: what they group by, and their sum, without reading the rows.
    _not_charged_index = models.Index(
        "(state, id DESC) INCLUDE (create_date, kind, company_id, terminal_id, reason) "
        "WHERE state IN ('failed', 'aborted')"
    )
    _takings_index = models.Index(
        "(create_date) INCLUDE (kind, company_id, currency_id, terminal_id, session_number, card_brand, charge_date, "
        "charged_amount) WHERE state = 'approved'"
    )
    _play_money_index = models.Index("(id DESC) WHERE environment IN ('test', 'simulator')")
    # What is searched for by its beginning (also where the database knows no trigrams), or by its exact value.
    _order_index = models.Index("(order_id text_pattern_ops)")
    _terminal_identifier_index = models.Index("(terminal_identifier, id DESC)")
    _stan_index = models.Index("(stan) WHERE stan IS NOT NULL")
    _authorisation_index = models.Index("(authorisation_code) WHERE authorisation_code IS NOT NULL")
    _last_four_index = models.Index("(card_last_four, id DESC) WHERE card_last_four IS NOT NULL")
    _amount_index = models.Index("(amount)")
    _charged_amount_index = models.Index("(charged_amount) WHERE charged_amount IS NOT NULL")
    _partner_index = models.Index("(partner_id, id DESC) WHERE partner_id IS NOT NULL")
    _retry_index = models.Index("(retry_of_id) WHERE retry_of_id IS NOT NULL")

    # === COMPUTE METHODS === #

    @api.depends("terminal_name", "terminal_identifier", "environment")
    @api.depends_context("lang")
    def _compute_terminal_label(self):
        environments = dict(self._fields["environment"]._description_selection(self.env))
        for transaction in self:
            label = f"{transaction.terminal_name or ''} ({transaction.terminal_identifier or ''})"
            if transaction.environment not in (False, "production"):
                # play money isn't to be mistaken for money
                label = f"{environments[transaction.environment]} · {label}"
            transaction.terminal_label = label

    @api.depends("card_brand", "card_last_four")
    def _compute_card_label(self):
        for transaction in self:
            digits = transaction.card_last_four and f"•••• {transaction.card_last_four}"
            transaction.card_label = " ".join(filter(None, [transaction.card_brand, digits]))

    @api.depends("origin", "kind")
    @api.depends_context("uid")
    def _compute_document(self):
        self.document = False
        for origin, transactions in self.grouped(lambda transaction: transaction._origin_model()._name).items():
            for transaction, (first, *others) in self.env[origin]._documents(transactions).items():
                transaction.document = f"{first} +{len(others)}" if others else first

    @api.depends("state", "given_back")
    def _compute_result(self):
        for transaction in self:
            transaction.result = transaction.given_back or transaction.state

    @api.depends(
        "state",
        "to_book",
        "booked_at",
        "retry_ids",
        "refund_ids.state",
        "lookup_count",
        "answer_removed_at",
        "receipts_removed_at",
    )
    @api.depends_context("lang", "tz", "uid")
    def _compute_story(self):
        for transaction in self:
            transaction.story = self.env["ir.qweb"]._render(
                "nets_connect_cloud.nets_transaction_story",
                {"events": transaction._story(), "zone": transaction._story_zone().replace("_", " ")},
            )

    # === SEARCH === #

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Sites are few and the log is long: PostgreSQL finds the rows of a group of sites by their ids, and not by
        reading the log for those whose site belongs to it."""

        def by_ids(condition):
            if condition.field_expr != "location_id" or condition.operator != "child_of":
                return condition
            locations = self.env["nets.location"].with_context(active_test=False)
            return Domain("location_id", "in", locations.search([("id", "child_of", condition.value)]).ids)

        return super()._search(Domain(domain).map_conditions(by_ids), *args, **kwargs)

    def _search_found_by(self, operator, value):
        if operator not in ("ilike", "="):
            return NotImplemented
        text = (value or "").strip()
        if memo := REFERENCE.search(text):
            names = ("terminal_identifier", "session_number", "stan")
            said = zip(names, memo.groups(), strict=True)
            return Domain.AND(Domain(name, "=", value) for name, value in said if value)
        return Domain.OR(self._found_by(text)) if text else Domain.TRUE

    @api.model
    def _found_by(self, text):
        """What finds transactions by what somebody typed. Each has an index, so that the log isn't read.

        :param str text: the beginning of an order number, a STAN, an authorisation, the last four digits of a card, an
            amount, a terminal, a customer
        :return: list of Domain
        """
        found = [Domain("authorisation_code", "in", [text, text.upper()])]
        if re.fullmatch(r"[0-9A-Za-z]{4,}", text):
            found.append(Domain("order_id", "=like", text.upper() + "%"))
        if re.fullmatch(r"[0-9]{1,12}", text):
            found += [Domain("stan", "in", [text, text.zfill(6)]), Domain("terminal_identifier", "=", text)]
        # also as the list shows it, with the brand and dots before
        if digits := re.search(r"(?:^|[^0-9.,])([0-9]{4})$", text):
            found.append(Domain("card_last_four", "=", digits[1]))
        if amounts := _amounts(text):
            signed = [*amounts, *(-amount for amount in amounts)]
            found += [Domain("amount", "in", signed), Domain("charged_amount", "in", signed)]
        for name, called in (("partner_id", "complete_name"), ("terminal_id", "name")):
            records = self._named(self._fields[name].comodel_name, [called], text)
            found.append(Domain(name, "in", records.ids))
        for origin, _label in self._fields["origin"]._description_selection(self.env):
            found += self.env[f"nets.origin.{origin}"]._found_by(text)
        return found

    @api.model
    def _named(self, model, names, text):
        """:return: records of a model that are called so, and that the user may read; not all of a great many. A number
        alone is no name: it would be a part of too many"""
        records = self.env[model].with_context(active_test=False)
        if len(text) < SHORTEST_NAME or text.isdigit() or not records.has_access("read"):
            return records
        return records.search(Domain.OR(Domain(name, "ilike", text) for name in names), limit=MOST_FOUND)

    def _search_last_day(self, operator, value):
        if operator != "=":
            return NotImplemented
        return Domain("create_date", "<=", fields.Date.to_date(value))

    # === THE STORY === #

    def _story(self):
        """What happened, in the order it happened.

        :return: list of dicts for the template: `time` (text), `title`, `text`, `tone` (a colour of Bootstrap)
        """
        self.ensure_one()
        events = sorted(self._story_events(), key=lambda event: event["at"])
        day = None
        zone = self._story_zone()
        for event in events:
            at = fields.Datetime.context_timestamp(self.with_context(tz=zone), event["at"])
            # the day is said once
            event["time"] = format_datetime(
                self.env, event["at"], tz=zone, dt_format="HH:mm:ss" if at.date() == day else "d MMM y, HH:mm:ss"
            )
            day = at.date()
        return events

    def _story_zone(self):
        """The one time zone of the story, as the lists show their times: the reader's."""
        return self.env.context.get("tz") or self.env.user.tz or "UTC"

    def _story_events(self):
        """Hook: what happened, in any order.

        :return: list of dicts: `at` (naive UTC), `title`, `text`, `tone`
        """
        self.ensure_one()
        events = [self._story_request()]

        def add(at, title, text="", tone="secondary"):
            if at:
                events.append({"at": at, "title": title, "text": text, "tone": tone})

        add(self.sent_at, self.env._("Sent to the terminal"))
        add(
            self.abort_requested_at,
            self.env._("Abort asked for"),
            self.env._("By %(user)s", user=self.abort_requested_by_id.sudo().name),
            "warning",
        )
        add(
            self.unknown_since,
            self.env._("Result unknown"),
            self.env._("Looked up %(count)s times. %(last)s", count=self.lookup_count, last=self.lookup_message or ""),
            "warning",
        )
        if self.recorded_at and self.state not in UNRESOLVED_STATES:
            events.append(self._story_result())
        booked_as = [self._origin_model()._booked_as(self.sudo()), self.booking_note]
        add(self.booked_at, self.env._("Booked"), " · ".join(filter(None, booked_as)), "success")
        kept = self.env._("It was kept as long as the settings say.")
        add(self.answer_removed_at, self.env._("NETS' raw answer removed"), kept)
        add(self.receipts_removed_at, self.env._("Receipts and card details removed"), kept)
        for retry in self.retry_ids.sorted("id"):
            add(
                retry.create_date,
                self.env._("Tried again"),
                self.env._("%(order)s: %(message)s", order=retry.order_id, message=retry.message),
            )
        for refund in self.refund_ids.sorted("id"):
            add(
                refund.create_date,
                refund._kind_name(),
                self.env._(
                    "%(user)s, %(amount)s on %(terminal)s, %(order)s: %(message)s",
                    user=refund.user_id.sudo().name,
                    amount=refund.currency_id.format(refund.charged_amount or refund.amount),
                    terminal=refund.terminal_label,
                    order=refund.order_id,
                    message=refund.message,
                ),
            )
        return events

    def _story_request(self):
        asked = self.env._(
            "%(user)s asked for %(amount)s on %(terminal)s",
            user=self.user_id.sudo().name,
            amount=self.currency_id.format(self.amount),
            terminal=self.terminal_label,
        )
        purpose = self._purpose()
        if self.refund_of_id:
            purpose = self.env._("%(purpose)s, of %(order)s", purpose=purpose, order=self.refund_of_id.order_id)
        return {
            "at": self.create_date,
            "title": self._kind_name(),
            "text": " · ".join(filter(None, [asked, self.location_id.sudo().complete_name, purpose])),
            "tone": "secondary",
        }

    def _kind_name(self):
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def _story_result(self):
        message = self._message()
        parts = [message.explanation, message.detail]
        if self.state == "approved":
            parts = [
                self.currency_id.format(self.charged_amount),
                self.card_label,
                self.authorisation_code and self.env._("authorisation %(code)s", code=self.authorisation_code),
            ]
        if self.answer_seconds:
            seconds = formatLang(self.env, self.answer_seconds, digits=1)
            parts.append(self.env._("answered after %(seconds)s s", seconds=seconds))
        if self.settled_by_id:
            parts.append(
                self.env._(
                    "settled by hand by %(user)s: %(reason)s",
                    user=self.settled_by_id.sudo().name,
                    reason=self.settlement_reason,
                )
            )
        parts.append(self._said_by())
        tones = {"approved": "success", "failed": "danger"}
        return {
            "at": self.recorded_at,
            "title": describe(self.env, "approved", kind=self.kind).label
            if self.state == "approved"
            else message.label,
            "text": " · ".join(filter(None, parts)),
            "tone": tones.get(self.state, "warning"),
        }


def _amounts(text):
    """The amounts that a text may mean: “1.050” is both a thousand and fifty, and one and a bit.

    :return: list of float, empty where it is no amount
    """
    match = AMOUNT.fullmatch(text)
    if not match or re.search(r"[^\W\d_]{4,}", text):
        return []
    written = re.sub(r"[ '\u00a0\u2019\u202f]", "", match[1])
    *thousands, last = re.split(r"[.,]", written)
    whole = float("".join([*thousands, last]))
    if not thousands:
        return [whole]
    cents = float(f"{''.join(thousands)}.{last}")
    return [whole, cents] if len(last) == 3 else [cents]
