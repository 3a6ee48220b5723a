"""Money that goes back to the card: what is left of a payment, and what a terminal can reverse."""

from odoo import api, fields, models
from odoo.tools import SQL, format_date, sql

from ...connect_cloud.evidence import Original
from ...const import GIVEN_BACK_SELECTION, NOT_CHARGED_STATES


class NetsTransaction(models.Model):
    """A refund gives money back to any card, on any terminal; a reversal undoes the terminal's last payment."""

    _inherit = "nets.transaction"

    refund_of_id = fields.Many2one(
        "nets.transaction", "Refund of", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    refund_ids = fields.One2many("nets.transaction", "refund_of_id", "Refunds", readonly=True)
    amount_refundable = fields.Monetary("Left to refund", compute="_compute_amount_refundable")
    # Stored, since lists search by it. `_compare_and_set` says when a refund has ended.
    given_back = fields.Selection(
        GIVEN_BACK_SELECTION, "Given back", compute="_compute_given_back", store=True, readonly=True
    )

    # "Is this the last approved one of its terminal?"
    _last_approved_index = models.Index("(terminal_id, id DESC) WHERE state = 'approved'")
    _given_back_index = models.Index("(given_back, id DESC) WHERE given_back IS NOT NULL")

    def _auto_init(self):
        """A long log isn't computed row by row when it gets this column: few payments were given back."""
        cr = self.env.cr
        if sql.table_exists(cr, self._table) and not sql.column_exists(cr, self._table, "given_back"):
            sql.create_column(cr, self._table, "given_back", "varchar")
            cr.execute(
                SQL(
                    """
                    UPDATE nets_transaction payment
                       SET given_back = CASE WHEN back.is_reversed THEN 'reversed'
                                             WHEN -back.amount < payment.charged_amount THEN 'partly_refunded'
                                             ELSE 'refunded' END
                      FROM (SELECT refund_of_id, sum(charged_amount) AS amount,
                                   bool_or(kind = 'reversal') AS is_reversed
                              FROM nets_transaction WHERE refund_of_id IS NOT NULL AND state = 'approved'
                             GROUP BY refund_of_id HAVING sum(charged_amount) < 0) back
                     WHERE back.refund_of_id = payment.id
                    """
                )
            )
        return super()._auto_init()

    # === COMPUTE METHODS === #

    @api.depends(
        "kind", "state", "charged_amount", "refund_ids.state", "refund_ids.amount", "refund_ids.charged_amount"
    )
    def _compute_amount_refundable(self):
        """What was charged less what went back, and less what may be going back this very moment: a refund under way
        or of unknown result counts in full, since the terminal may have paid it out."""
        taken = {}
        charged = self.filtered(lambda transaction: transaction.kind == "purchase" and transaction.state == "approved")
        groups = charged.sudo()._read_group(
            [("refund_of_id", "in", charged.ids), ("state", "not in", NOT_CHARGED_STATES)],
            ["refund_of_id", "state"],
            ["amount:sum", "charged_amount:sum"],
        )
        for original, state, asked, given_back in groups:
            taken[original.id] = taken.get(original.id, 0) - (given_back if state == "approved" else asked)
        (self - charged).amount_refundable = 0
        for transaction in charged:
            transaction.amount_refundable = max(0, transaction.charged_amount - taken.get(transaction.id, 0))

    @api.depends("charged_amount", "refund_ids.kind", "refund_ids.state", "refund_ids.charged_amount")
    def _compute_given_back(self):
        charged = self.filtered("charged_amount")
        groups = charged.sudo()._read_group(
            [("refund_of_id", "in", charged.ids), ("state", "=", "approved")],
            ["refund_of_id"],
            ["kind:array_agg", "charged_amount:sum"],
        )
        given_back = {original: (kinds, -amount) for original, kinds, amount in groups}
        for transaction in self:
            kinds, amount = given_back.get(transaction, ((), 0))
            if transaction.currency_id.compare_amounts(amount, 0) <= 0:
                transaction.given_back = False
            elif "reversal" in kinds:
                transaction.given_back = "reversed"
            elif transaction.currency_id.compare_amounts(amount, transaction.charged_amount) < 0:
                transaction.given_back = "partly_refunded"
            else:
                transaction.given_back = "refunded"

    @api.depends("order_id", "terminal_identifier")
    @api.depends_context("nets_refund_name")
    def _compute_display_name(self):
        result = super()._compute_display_name()
        if self.env.context.get("nets_refund_name"):
            for transaction in self:
                transaction.display_name = transaction._refund_name()
        return result

    def _refund_name(self):
        """How a person who chooses a card payment to refund recognises it."""
        return self.env._(
            "%(card)s on %(date)s, %(left)s left to refund",
            card=self._card_name() or self.terminal_identifier,
            date=format_date(self.env, self.charge_date),
            left=self.currency_id.format(self.amount_refundable),
        )

    # === WHAT A TERMINAL CAN REVERSE === #

    def _is_last_of_terminals(self):
        """Those of these payments that are the last thing their terminal did, and that nothing was refunded of."""
        candidates = self.filtered(
            lambda transaction: (
                transaction.kind == "purchase"
                and transaction.state == "approved"
                and not transaction.to_book
                and transaction.currency_id.compare_amounts(transaction.amount_refundable, transaction.charged_amount)
                == 0
            )
        )
        # one look into the index for each terminal: a group over the log would read all of its payments
        self.flush_model(["terminal_id", "state"])
        self.env.cr.execute(
            SQL(
                """SELECT (SELECT id FROM nets_transaction
                            WHERE terminal_id = terminal.id AND state = 'approved' ORDER BY id DESC LIMIT 1)
                     FROM nets_terminal terminal WHERE terminal.id IN %s""",
                tuple(candidates.terminal_id.ids) or (0,),
            )
        )
        last_ids = {row[0] for row in self.env.cr.fetchall()}
        return candidates.filtered(lambda transaction: transaction.id in last_ids)

    def _as_original(self):
        """:return: connect_cloud.Original; this payment as a reversal recognises it"""
        if not self:
            return Original("", "", 0)
        return Original(self.order_id, self.stan_auth or "", abs(self._to_minor_units(self.charged_amount)))

    def _is_shown_by(self, last):
        """Whether the terminal's last transaction is this payment, which would be reversed. Not known: no."""
        return self.state == "approved" and self._as_original().is_shown(last)
