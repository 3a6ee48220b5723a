"""What is noted of a transaction is read in the language of who reads it, whoever wrote it, and whenever."""

from unittest.mock import patch

from psycopg2.extras import Json

from odoo.exceptions import UserError

from ...messages import catalogue, describe_notes, note_of_error, refusal
from ..common import CardPaymentCommon, approved, declined


class TestNotes(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("it_IT")

    def as_read(self, transaction, name):
        """:return: a field as two people read it: {language: text}"""
        self.env.flush_all()
        return {
            lang: transaction.with_user(self.clerk).with_context(lang=lang)[name] or "" for lang in ("en_US", "it_IT")
        }

    def assertRead(self, transaction, name, english, italian):
        read = self.as_read(transaction, name)
        self.assertRegex(read["en_US"], english)
        self.assertRegex(read["it_IT"], italian)

    def test_an_alert_is_read_in_each_ones_language(self):
        transaction = self.lose(self.make_invoice(1000))
        self.looked_up(transaction).with_user(self.manager)._settle_by_hand(charged=False, reason="not in the journal")
        self.manager.lang = "it_IT"
        transaction._record_answer(approved(100000))
        self.assertRead(
            transaction, "alert", "^This transaction was known as “Failed”, but", "^Questa transazione risultava “"
        )
        with self.subTest("each who is called reads it so, too"):
            by_user = {activity.user_id: activity.note for activity in transaction.activity_ids}
            self.assertIn("Questa transazione", by_user[self.manager])
        with self.subTest("amounts, too"):
            transaction._record_answer(approved(123456))
            self.assertRead(transaction, "alert", r"charged \$\s?1,234\.56, but", r"1\.234,56")

    def test_the_chatter_is_in_the_language_of_who_started_it(self):
        transaction = self.charge(self.make_invoice(1000))
        self.clerk.lang = "it_IT"
        transaction._record_answer(declined())
        self.assertIn(self.as_read(transaction, "alert")["it_IT"], transaction.message_ids[0].body)

    def test_favourites_are_called_what_each_one_calls_them(self):
        def names(lang):
            self.clerk.lang = lang
            filters = self.env["ir.filters"].with_user(self.clerk).with_context(lang=lang)
            return {each["name"] for each in filters.get_filters("nets.transaction", action.id)}

        action = self.env.ref("nets_connect_cloud.nets_transaction_analysis_action")
        stored = set(self.env["ir.filters"].search([("model_id", "=", "nets.transaction")]).mapped("name"))
        self.assertEqual(names("en_US"), stored)
        self.assertFalse(names("it_IT") & stored)

    def test_seconds_are_written_as_the_language_does(self):
        transaction = self.charge(self.make_invoice(1000))
        self.env.cr.execute("UPDATE nets_transaction SET answer_seconds = 2.5 WHERE id = %s", [transaction.id])
        transaction.invalidate_recordset()
        self.assertRead(transaction, "story", r"answered after 2\.5 s", r"2,5 s")

    def test_a_note_on_the_booking_is_read_in_each_ones_language(self):
        invoice = self.make_invoice(1000)
        self.clerk.lang = "it_IT"
        transaction = self.send(invoice)
        transaction._record_answer(approved(150000))
        self.assertTrue(transaction._book(), transaction.booking_error)
        self.assertRead(transaction, "booking_note", r"\$\s?500\.00 of the charge", r"500,00")
        both = self.as_read(transaction, "booking_note")
        said = " ".join(invoice.message_ids.mapped("preview"))
        self.assertIn("sul terminale come mancia", said, "on the invoice: as who started it")
        with self.subTest("so says the story, and the dialog"):
            [progress] = transaction.with_user(self.clerk).with_context(lang="it_IT").read_progress()
            self.assertEqual(progress["note"], both["it_IT"])
            self.assertIn(both["en_US"], transaction.with_user(self.manager).with_context(lang="en_US").story)

    def refused(self, error):
        """:return: a charge that accounting refused so"""

        def refuse(_payments):
            raise error

        transaction = self.send(self.make_invoice(1000))
        transaction._record_answer(approved(100000))
        with patch.object(self.env.registry["account.payment"], "action_post", refuse):
            self.assertFalse(transaction._book())
        return transaction

    def test_why_it_is_not_booked(self):
        with self.subTest("nobody meant to raise it"), self.undone():
            transaction = self.refused(KeyError("batch"))
            self.assertRead(
                transaction,
                "booking_error",
                "^Odoo stopped with an unexpected error.*KeyError: 'batch'$",
                "^Odoo si è .*KeyError: 'batch'$",
            )
        with self.subTest("another module's own words stay as they are"), self.undone():
            transaction = self.refused(UserError("The journal is closed."))
            self.assertRead(transaction, "booking_error", "^The journal is closed.$", "^The journal is closed.$")
        with self.subTest("our own refusal"), self.undone():
            transaction = self.refused(refusal(self.env, "no_journal"))
            english, italian = self.as_read(transaction, "booking_error").values()
            self.assertEqual(english, str(refusal(self.env(context={"lang": "en_US"}), "no_journal")))
            self.assertEqual(italian, str(refusal(self.env(context={"lang": "it_IT"}), "no_journal")))
            self.assertNotEqual(english, italian)

    def test_what_finds_them(self):
        transaction = self.refused(UserError("The journal is closed."))
        found = self.env["nets.transaction"].search([("booking_error", "!=", False), ("id", "=", transaction.id)])
        self.assertEqual(found, transaction)
        self.assertFalse(found.search([("booking_error", "=", False), ("id", "=", transaction.id)]))
        self.assertTrue(found.search([("alert", "=", False), ("id", "=", transaction.id)]))
        self.assertTrue(found.search([("booking_note", "=", False), ("id", "=", transaction.id)]))

    def test_what_was_written_before_stays_readable(self):
        """An update: the texts were in columns, in the language of whoever wrote them."""
        noted, plain = self.charge(self.make_invoice(10)), self.charge(self.make_invoice(20))
        self.env.flush_all()
        for name in ("alert", "booking_note", "booking_error"):
            self.env.cr.execute(f"ALTER TABLE nets_transaction ADD COLUMN {name} varchar")
            self.env.cr.execute(f"UPDATE nets_transaction SET {name} = %s WHERE id = %s", [f"{name}: 100%", noted.id])
        self.env["nets.transaction"].init()
        self.env.invalidate_all()
        for name in ("alert", "booking_note", "booking_error"):
            self.assertEqual(set(self.as_read(noted, name).values()), {f"{name}: 100%"})
            self.assertFalse(plain[name])
        self.env.cr.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'nets_transaction'"
            " AND column_name IN ('alert', 'booking_note', 'booking_error')"
        )
        self.assertFalse(self.env.cr.fetchall())

    def test_each_sentence_is_made_of_what_is_kept(self):
        names = {name: f"<{name}>" for name in ("number", "time", "error", "account", "currency", "order")}
        amounts = {name: {"money": 1} for name in ("charged", "recorded", "asked", "amount", "credit", "extra")}
        days = {name: {"day": "2026-01-31"} for name in ("charge_date", "booking_date")}
        values = {**names, **amounts, **days, "state": {"state": "aborted"}}
        for key in catalogue._NOTES:
            for lang in ("en_US", "it_IT"):
                with self.subTest(key, lang=lang):
                    kept = self.kept([{"key": key, **values}])
                    text = describe_notes(self.env(context={"lang": lang}), kept, self.usd)
                    self.assertTrue(text)
                    self.assertNotIn("%(", text)
        with self.subTest("of a version that knew more"):
            kept = [{"key": "unheard_of"}, {"refusal": "unheard_of"}, {"text": "as it was"}]
            self.assertEqual(describe_notes(self.env, kept, self.usd).strip(), "as it was")
        with self.subTest("what isn't there any more"):
            text = describe_notes(self.env, [{"key": "given_back_without_order", "order": ""}], self.usd)
            self.assertTrue(text.startswith("The order couldn't"))

    def kept(self, notes):
        """:return: what comes back from the database"""
        self.env.cr.execute("SELECT %s::jsonb", [Json(notes)])
        return self.env.cr.fetchone()[0]

    def test_a_refusal_that_names_records_can_be_kept(self):
        error = refusal(self.env, "not_customer_invoice", name=self.company)
        self.assertIn(str(self.company), describe_notes(self.env, self.kept(note_of_error(error)), self.usd))
