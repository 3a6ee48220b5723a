"""Retention: what NETS answered, the receipts and the cards' details are kept as long as the settings say."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...const import KEEP_ANSWERS, KEEP_RECEIPTS, RETENTION_BATCH, UNRESOLVED_STATES

# What goes with the receipts. The brand stays: it says nothing of a person.
CARD_COLUMNS = ("customer_receipt", "merchant_receipt", "card_number", "card_last_four", "card_details")
from .rows import NOW


class NetsTransaction(models.Model):
    """Nothing else is removed, and nothing that still moves or waits for its booking."""

    _inherit = "nets.transaction"

    answer_removed_at = fields.Datetime("Raw answer removed on", readonly=True)
    receipts_removed_at = fields.Datetime("Receipts and card details removed on", readonly=True)

    # What the scheduled job has to look at: proportional to what is kept, not to the size of the log.
    _answer_kept_index = models.Index("(create_date) WHERE raw_answer IS NOT NULL")
    _receipts_kept_index = models.Index(
        "(create_date) WHERE customer_receipt IS NOT NULL OR merchant_receipt IS NOT NULL OR card_number IS NOT NULL "
        "OR card_last_four IS NOT NULL OR card_details IS NOT NULL"
    )

    @api.model
    def _cron_remove_old(self):
        """Remove what was kept long enough, in batches that are committed one by one."""
        today = self._now()
        answers_before = today - timedelta(days=self._setting("keep_answers", KEEP_ANSWERS))
        # whole years, as bookkeeping laws count them
        receipts_before = today.replace(year=today.year - self._setting("keep_receipts", KEEP_RECEIPTS), month=1, day=1)
        receipts_before = receipts_before.replace(hour=0, minute=0, second=0, microsecond=0)
        cron = self.env["ir.cron"]
        for columns, removed_at, before in (
            (("raw_answer",), "answer_removed_at", answers_before),
            (CARD_COLUMNS, "receipts_removed_at", receipts_before),
        ):
            while removed := self._remove_old(columns, removed_at, before):
                if not cron._commit_progress(len(removed), remaining=1):
                    return  # out of time: Odoo runs the job again
        cron._commit_progress(remaining=0)

    @api.model
    def _remove_old(self, columns, removed_at, before):
        """Empty these columns of one batch of transactions, the oldest first.

        :param columns: their names
        :param str removed_at: the column that says so
        :param datetime before: of those that were started earlier
        :return: nets.transaction
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """WITH batch AS MATERIALIZED (
                       SELECT id FROM nets_transaction
                        WHERE (%(kept)s) AND create_date < %(before)s
                          AND state NOT IN %(unresolved)s AND to_book IS NOT TRUE
                        ORDER BY create_date LIMIT %(batch)s
                          FOR NO KEY UPDATE SKIP LOCKED)
                   UPDATE nets_transaction SET %(emptied)s, %(removed_at)s = %(now)s
                    WHERE id IN (SELECT id FROM batch)
                RETURNING id""",
                emptied=SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in columns),
                kept=SQL(" OR ").join(SQL("%s IS NOT NULL", SQL.identifier(name)) for name in columns),
                removed_at=SQL.identifier(removed_at),
                now=NOW,
                before=before,
                unresolved=UNRESOLVED_STATES,
                batch=RETENTION_BATCH,
            )
        )
        removed = self.browse([row[0] for row in self.env.cr.fetchall()])
        self.invalidate_model()
        if columns == CARD_COLUMNS:
            for origin, transactions in removed.grouped("origin").items():
                self.env[f"nets.origin.{origin}"]._remove_receipts(transactions)
        return removed
