import logging

import psycopg2
import psycopg2.errors
from markupsafe import Markup
from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, sql

from ...connect_cloud import from_minor_units, to_minor_units
from ...const import MOST_IDS, STATE_SELECTION, UNRESOLVED_STATES
from ...messages import describe_notes, labels, refusal
from .own_words import own_words
from .rows import NOW

_logger = logging.getLogger(__name__)

# What a person reads → where it is kept in keys and values.
KEPT_AS = {"booking_error": "booking_error_notes", "booking_note": "booking_notes", "alert": "alert_notes"}


class NetsTransaction(models.Model):
    """One operation on one terminal: the only place where its outcome lives.

    Its life in five phases, each a short database transaction of its own, one file for each (`nets_transaction_…`):

        reserve (`press`) → send → record (and the doors out: `ending`) → book (`booking`) → tell (`progress`)

    Only *send* talks to the network, in a thread that holds no cursor (see `listener.py`). Every change of state is
    a compare-and-set (`_compare_and_set`), so that no two threads, hosts or people can both change it.
    """

    _name = "nets.transaction"
    _description = "Card transaction"
    _inherit = ["mail.thread", "mail.activity.mixin", "nets.own.words"]
    _check_company_auto = True
    _rec_name = "order_id"
    _order = "id desc"
    _mail_post_access = "read"

    # == What was asked for; never changes == #
    order_id = fields.Char("Order number", required=True, readonly=True, copy=False)
    request_id = fields.Char(readonly=True, copy=False)
    kind = fields.Selection(
        [
            ("purchase", "Payment"),
            ("refund", "Refund"),
            ("reversal", "Reversal"),
            ("administration", "Administration"),
        ],
        required=True,
        readonly=True,
    )
    terminal_id = fields.Many2one("nets.terminal", required=True, readonly=True, ondelete="restrict")
    terminal_identifier = fields.Char("Terminal ID", readonly=True)
    location_id = fields.Many2one("nets.location", "Site", readonly=True, ondelete="restrict")
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test"), ("simulator", "Simulator")], readonly=True
    )
    amount = fields.Monetary(
        "Amount asked", required=True, readonly=True, help="Negative when money goes back to the customer."
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Started by", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    origin = fields.Selection([("none", "None")], required=True, readonly=True, default="none")
    retry_of_id = fields.Many2one("nets.transaction", "Repeats", readonly=True)

    # == Where it is == #
    state = fields.Selection(STATE_SELECTION, required=True, readonly=True, default="pending")
    # Rises with each change; written by the statement that makes it.
    version = fields.Integer(readonly=True, copy=False)
    sent_at = fields.Datetime("Sent on", readonly=True)
    claim_token = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    abort_requested_at = fields.Datetime("Abort asked for on", readonly=True)
    abort_requested_by_id = fields.Many2one("res.users", "Abort asked for by", readonly=True)
    # While an abort call is under way, when it was started.
    abort_call_at = fields.Datetime(readonly=True, groups=fields.NO_ACCESS)
    recorded_at = fields.Datetime("Result known on", readonly=True)
    unknown_since = fields.Datetime("Unknown since", readonly=True)
    # The terminal's last result before ours was sent: connect_cloud.Fingerprint.
    baseline = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    lookup_count = fields.Integer("Lookups", readonly=True, default=0)
    next_lookup_at = fields.Datetime("Next lookup", readonly=True)
    # What the last lookup came to, in keys and values: words are made when it is read.
    lookup = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    lookup_message = fields.Char("Last lookup", compute="_compute_lookup_message")
    # A person was called for it, and not released from it yet.
    person_called_at = fields.Datetime("Person called on", readonly=True)
    lookup_started_at = fields.Datetime(readonly=True, groups=fields.NO_ACCESS)
    looked_up_at = fields.Datetime("Looked up on", readonly=True)
    # First sighting of what proves that nothing was charged: connect_cloud.Evidence.
    no_charge_evidence = fields.Json(readonly=True, groups=fields.NO_ACCESS)

    # == What the terminal answered == #
    charged_amount = fields.Monetary("Amount", readonly=True, help="What the card was really charged, signed.")
    tip_amount = fields.Monetary("Tip", readonly=True)
    surcharge_amount = fields.Monetary("Surcharge", readonly=True)
    reason = fields.Selection("_selection_reason", readonly=True)
    nets_message = fields.Char("Text from NETS", readonly=True)
    nets_code = fields.Char("Code from NETS", readonly=True)
    message = fields.Char(compute="_compute_message")
    stan_auth = fields.Char("STAN and authorisation", readonly=True)
    stan = fields.Char("STAN", readonly=True)
    authorisation_code = fields.Char("Authorisation", readonly=True)
    session_number = fields.Char("Session", readonly=True)
    response_code = fields.Char("Response code", readonly=True)
    terminal_timestamp = fields.Char("Terminal's time", readonly=True)
    charge_date = fields.Date("Charged on", readonly=True)
    card_brand = fields.Char("Card brand", readonly=True)
    card_number = fields.Char("Card number", readonly=True, help="As NETS truncates it.")
    card_last_four = fields.Char("Last four digits", readonly=True)
    card_details = fields.Json(readonly=True)
    signature = fields.Selection(
        [("required", "Required"), ("accepted", "Accepted"), ("declined", "Declined")],
        readonly=True,
        copy=False,
        help="Where the card asks for a signature, it is compared with the one on the card.",
    )
    # Long texts, not read along with the rest: a list of transactions doesn't show them.
    customer_receipt = fields.Text(readonly=True, prefetch=False)
    merchant_receipt = fields.Text(readonly=True, prefetch=False)
    raw_answer = fields.Text(readonly=True, prefetch=False, groups="nets_connect_cloud.group_admin")

    # == What was booked == #
    booked_at = fields.Datetime("Booked on", readonly=True)
    to_book = fields.Boolean("Charged, not booked", readonly=True)
    # What is noted is kept in keys and values, see `messages.describe_notes`: words are made when it is read.
    booking_error_notes = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    booking_error = fields.Char("Why it isn't booked", compute="_compute_notes", search="_search_booking_error")
    booking_attempts = fields.Integer(readonly=True, default=0)
    next_booking_at = fields.Datetime("Next booking attempt", readonly=True)
    booking_notes = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    booking_note = fields.Char("Note on the booking", compute="_compute_notes", search="_search_booking_note")

    # == What people have to look at == #
    alert_notes = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    alert = fields.Char(
        compute="_compute_notes",
        search="_search_alert",
        help="Something that contradicts what was known before.",
    )
    settled_by_id = fields.Many2one("res.users", "Settled by", readonly=True)
    settlement_reason = fields.Char("Reason of the settlement", readonly=True)
    settlement_reference = fields.Char("Reference in the terminal's journal", readonly=True)

    # Rule 2: one operation per terminal, no matter who asks, or in which process.
    _busy_unique = models.UniqueIndex("(terminal_id) WHERE state IN ('pending', 'unknown')")
    # Rule 3: a repeated press returns the existing transaction.
    _request_unique = models.UniqueIndex("(request_id) WHERE request_id IS NOT NULL")
    # Rule 4: a copy of this database shares the terminals; a repeated number would be taken for ours.
    _order_unique = models.UniqueIndex("(order_id)")
    # Rule 7: "is this StanAuth known on this terminal?"
    _stan_auth_index = models.Index("(terminal_id, stan_auth) WHERE stan_auth IS NOT NULL")
    # What the scheduled job has to look at: proportional to what is open, not to the size of the log.
    _unresolved_index = models.Index("(next_lookup_at) WHERE state IN ('pending', 'unknown')")
    # As Odoo writes the condition: PostgreSQL doesn't see that `to_book` is the same.
    _to_book_index = models.Index("(next_booking_at) WHERE to_book IS TRUE")
    _person_called_index = models.Index("(person_called_at) WHERE person_called_at IS NOT NULL")
    _company_index = models.Index("(company_id, id DESC)")
    _user_index = models.Index("(user_id, id DESC)")

    def init(self):
        """What was noted as text, in the language of whoever wrote it, stays as it is, and moves to where notes are."""
        result = super().init()
        cr = self.env.cr
        for name, kept_as in KEPT_AS.items():
            if not sql.column_exists(cr, self._table, name):
                continue
            cr.execute(
                SQL(
                    """UPDATE nets_transaction SET %(notes)s = jsonb_build_array(jsonb_build_object('text', %(text)s))
                        WHERE COALESCE(%(text)s, '') != ''""",
                    notes=SQL.identifier(kept_as),
                    text=SQL.identifier(name),
                )
            )
            cr.execute(SQL("ALTER TABLE nets_transaction DROP COLUMN %s", SQL.identifier(name)))
        return result

    # === COMPUTE METHODS === #

    @api.depends(*KEPT_AS.values())
    @api.depends_context("lang")
    def _compute_notes(self):
        for transaction, kept in zip(self, self.sudo(), strict=True):
            for name, kept_as in KEPT_AS.items():
                transaction[name] = describe_notes(self.env, kept[kept_as], transaction.currency_id) or False

    @api.model
    def _search_alert(self, operator, value):
        return self._search_noted("alert_notes", operator, value)

    @api.model
    def _search_booking_error(self, operator, value):
        return self._search_noted("booking_error_notes", operator, value)

    @api.model
    def _search_booking_note(self, operator, value):
        return self._search_noted("booking_notes", operator, value)

    @api.model
    def _search_noted(self, kept_as, operator, value):
        """Whether there is one: the words are in no column."""
        if operator != "in" or set(value) != {False}:
            return NotImplemented
        self.flush_model([kept_as])
        return Domain.custom(to_sql=lambda _model, alias, _query: SQL("%s IS NULL", SQL.identifier(alias, kept_as)))

    @api.depends("order_id", "terminal_identifier")
    def _compute_display_name(self):
        for transaction in self:
            transaction.display_name = f"{transaction.terminal_identifier} / {transaction.order_id}"

    @api.depends(
        "kind",
        "state",
        "reason",
        "nets_message",
        "abort_requested_at",
        "booking_error",
        "to_book",
        "booking_note",
        "signature_open",
    )
    @api.depends_context("lang")
    def _compute_message(self):
        progress = self._progress_by_id()
        for transaction in self:
            transaction.message = transaction._message(progress.get(transaction.id, "")).label

    @api.model
    def _selection_reason(self):
        return labels(self.env)

    # === WHAT IS STILL OPEN === #

    @api.model
    def _open_domain(self):
        """What still moves, or waits for its booking: the one answer for all who ask."""
        return Domain("state", "in", UNRESOLVED_STATES) | Domain("to_book", "=", True)

    def _still_open(self):
        """:return: those of these that still move, or wait for their booking"""
        return self.filtered_domain(self._open_domain())

    def _amount_now(self):
        """What was charged, signed; as long as that isn't known, what was asked."""
        return self.charged_amount if self.state == "approved" else self.amount

    def _amount_open(self):
        """What those that are still open charge or give back, positive: as asked, or as known since."""
        return sum(abs(transaction._amount_now()) for transaction in self._still_open())

    # === WHAT IT IS FOR === #

    def _origin_model(self):
        """:return: the model `nets.origin.…` that knows what this transaction is for"""
        self.ensure_one()
        name = "administration" if self.kind == "administration" else self.origin
        return self.env[f"nets.origin.{name}"]

    def _check_may_give_back(self):
        """:raise AccessError: where the user may not give this money back"""
        self.check_access("read")
        self._origin_model()._check_may_give_back(self)

    def _purpose(self):
        """What it was for, as a person calls it."""
        return self._origin_model()._purpose(self.sudo())

    # === HELPERS === #

    def _check_may_run(self):
        """Every RPC method that does something asks this first.

        :raise AccessError: where the user may not use terminals, or may not see these transactions
        """
        if not self.env.user.has_group("nets_connect_cloud.group_user"):
            raise refusal(self.env, "rights_use", error=AccessError)
        self._check_few(self.ids)
        self.check_access("read")

    def _check_may_act(self):
        """Asked where somebody acts on what may be another person's.

        :raise AccessError: for users who neither started it nor may change what it is for. Administering a
            terminal needs the right to it each time
        """
        self._check_may_run()
        for transaction in self:
            if transaction.user_id != self.env.user or transaction.kind == "administration":
                transaction._origin_model()._check_may_change(transaction)

    @api.model
    def _check_few(self, ids):
        """Rule 25: each may mean work at a terminal, or in the books.

        :param ids: as the client sent them
        :raise UserError: where they are more than anybody looks at
        """
        if len(ids) > MOST_IDS:
            raise refusal(self.env, "too_many", most=MOST_IDS)

    def _raise_alert(self, key, **values):
        """Something contradicts what was known: a person has to look.

        :param str key, values: of a note, see `messages.describe_notes`
        """
        self._correct({"alert_notes": Json([{"key": key, **values}])})
        _logger.warning("Transaction %s: %s", self.order_id, self.alert)
        self._note(self._in_its_language().alert)
        self._beside_money("_call_to_look")

    def _call_to_look(self):
        """Give those who look after such things an activity; it is done when they say so."""
        for user in self._responsible_users():
            transaction = self.with_context(lang=user.lang)
            transaction.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=transaction._message().label,
                note=Markup("<p>%s</p>") % transaction.alert,
                user_id=user.id,
            )

    def _in_its_language(self):
        """This transaction as whoever started it reads it: what is left in the chatter is written once, for all."""
        return self.with_context(lang=self.user_id.lang)

    def _note(self, text):
        """Leave a note in the chatter, where that is possible."""
        self._beside_money("message_post", body=text)

    def _beside_money(self, method, *args, **values):
        """Tell people, where that is possible.

        :return: what the method returns; None where it failed
        """
        try:
            with self.env.cr.savepoint(), own_words(self) as transaction:
                return getattr(transaction, method)(*args, **values)
        except psycopg2.OperationalError:
            raise  # a serialization failure: the whole phase is repeated
        except Exception:  # what is recorded here is money; a message about it must not get in the way
            _logger.exception("Transaction %s: nobody could be told", self.order_id)
            return None

    def _now(self):
        self.env.cr.execute(SQL("SELECT %s", NOW))
        return self.env.cr.fetchone()[0]

    def _to_minor_units(self, amount):
        """An amount as the wire wants it: integer minor units by ISO 4217, whatever rounding somebody gave the currency
        here (rule 21)."""
        return to_minor_units(amount, self.currency_id.name)

    def _from_minor_units(self, amount):
        return float(from_minor_units(amount, self.currency_id.name))
