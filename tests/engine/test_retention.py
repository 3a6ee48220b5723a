"""Retention: what is kept long enough goes, and says so; nothing else does."""

from unittest.mock import patch

from odoo.tests import tagged

from ...models.engine import nets_transaction_retention as retention
from ..common import CardPaymentCommon, approved, declined

DAY = 24 * 3600
YEAR = 366 * DAY
CARD = {"card_number": "************1234-0", "card_last_four": "1234", "customer_receipt": "CUSTOMER"}


@tagged("post_install", "-at_install")
class TestRetention(CardPaymentCommon):
    def run_job(self):
        """Run the scheduled job; its commits would end the test's transaction.

        :return: how many were done in each batch
        """
        batches = []

        def commit_progress(_cron, processed=0, **_values):
            batches.append(processed)
            return 1

        with patch.object(self.env.registry["ir.cron"], "_commit_progress", commit_progress):
            self.engine["nets.transaction"]._cron_remove_old()
        return batches[:-1]

    def aged(self, seconds, **kwargs):
        transaction = self.charge(self.make_invoice(10), **kwargs)
        self.pass_time(transaction, seconds)
        return transaction

    def columns(self, transaction):
        """All that is stored of it."""
        self.env.flush_all()
        self.env.cr.execute("SELECT to_jsonb(t) FROM nets_transaction t WHERE id = %s", [transaction.id])
        return self.env.cr.fetchone()[0]

    def test_raw_answers_go_first_and_receipts_after_whole_years(self):
        fresh = self.aged(0)
        older = self.aged(541 * DAY)
        old = self.aged(12 * YEAR)
        before = {transaction: self.columns(transaction) for transaction in (fresh, older, old)}
        self.assertEqual(self.run_job(), [2, 1])
        self.assertEqual(self.columns(fresh), before[fresh])
        for transaction, gone in (
            (older, {"raw_answer"}),
            (
                old,
                {
                    *("raw_answer", "customer_receipt", "merchant_receipt"),
                    *("card_number", "card_last_four", "card_details"),
                },
            ),
        ):
            after = self.columns(transaction)
            changed = {name for name in after if after[name] != before[transaction][name]}
            said = {"answer_removed_at", "receipts_removed_at"} & changed
            self.assertEqual(changed - said, gone)
            self.assertFalse([name for name in gone if after[name]])
            self.assertEqual(len(said), 1 if transaction == older else 2)
        self.assertEqual(self.run_job(), [], "once")
        self.assertIn("raw answer removed", older.story)
        self.assertNotIn("Receipts and card details removed", older.story)
        self.assertIn("Receipts and card details removed", old.story)
        # what is printed now is made from what is left
        [(_transaction, [text])] = old.with_user(self.clerk)._print_receipts(["customer"])
        self.assertIn("Made from Odoo's records", " ".join(text.split()))

    def test_the_settings_say_how_long(self):
        self.env["res.config.settings"].sudo().create({"nets_keep_answers": 10, "nets_keep_receipts": 2}).execute()
        young, older = self.aged(9 * DAY), self.aged(11 * DAY)
        # the year that it was charged in doesn't count
        last_year, long_ago = self.aged(YEAR), self.aged(4 * YEAR)
        self.run_job()
        self.assertTrue(young.sudo().raw_answer)
        self.assertFalse(older.sudo().raw_answer)
        self.assertEqual(last_year.customer_receipt, "CUSTOMER")
        self.assertFalse(long_ago.customer_receipt)

    def test_what_is_open_keeps_its_evidence(self):
        refused = self.charge(self.make_invoice(10), outcome=declined())
        lost = self.lose(self.make_invoice(10))
        lost._compare_and_set({"raw_answer": "{}", **CARD}, ("unknown",))
        unbooked = self.send(self.make_invoice(10), terminal=self.terminal_2)
        unbooked._record_answer(approved(1000))
        for transaction in (lost, unbooked, refused):
            self.pass_time(transaction, 12 * YEAR)
        self.run_job()
        for transaction in (lost, unbooked):
            self.assertTrue(transaction.sudo().raw_answer)
            self.assertEqual(transaction.customer_receipt, "CUSTOMER")
        self.assertFalse(refused.sudo().raw_answer)

    def test_rule_25_it_is_done_in_batches_that_are_committed(self):
        for _number in range(5):
            self.aged(600 * DAY)
        with patch.object(retention, "RETENTION_BATCH", 2):
            self.assertEqual(self.run_job(), [2, 2, 1])

    def test_an_index_finds_what_is_kept_too_long(self):
        """Proportional to what is there to do, and not to the size of the log."""
        self.env.cr.execute("SET LOCAL enable_seqscan = off; DROP INDEX nets_transaction_date_index")
        for columns, index in ((("raw_answer",), "answer_kept"), (retention.CARD_COLUMNS, "receipts_kept")):
            kept = " OR ".join(f"{name} IS NOT NULL" for name in columns)
            self.env.cr.execute(
                f"EXPLAIN SELECT id FROM nets_transaction WHERE ({kept}) AND create_date < '2000-01-01' "
                "ORDER BY create_date LIMIT 10"
            )
            self.assertIn(index, "\n".join(row[0] for row in self.env.cr.fetchall()))
