"""One catalogue: whole, without strays, and the page in the documentation says the same."""

from pathlib import Path

from odoo.tests import TransactionCase

from .. import messages
from ..connect_cloud import Reason

PAGE = Path(__file__).resolve().parents[1] / "docs" / "MESSAGES.md"


class TestMessages(TransactionCase):
    def test_every_reason_of_the_client_has_words(self):
        for reason in Reason:
            self.assertIn(reason.value, messages._MESSAGES)
            message = messages.describe(self.env, reason, "as it came")
            self.assertTrue(message.label and message.explanation)
            self.assertEqual(message.detail, "as it came")

    def test_unknown_reason_is_shown_as_it_came(self):
        message = messages.describe(self.env, "E-4711", "Something new")
        self.assertEqual((message.label, message.detail), ("Not done", "Something new"))

    def test_what_is_decided_about_reasons_is_about_known_ones(self):
        decided = messages.NO_RETRY_REASONS | messages.ADMINISTRATION_REASONS | set(messages.RETRY_WAIT)
        self.assertLessEqual(decided, set(messages._MESSAGES))

    def test_page_of_the_documentation_lists_the_catalogue(self):
        rows = [
            tuple(cell.strip() for cell in line.strip("|").split("|")[:2])
            for line in PAGE.read_text().splitlines()
            if line.startswith("| **")
        ]
        catalogue = [self.describe(key) for key in messages._MESSAGES]
        catalogue += [messages.describe_setup(self.env, key) for key in messages._SETUP_MESSAGES]
        self.assertCountEqual(rows, [(f"**{message.label}**", message.explanation) for message in catalogue])

    def test_refunds_and_reversals_never_speak_of_a_charge(self):
        for key in messages._MESSAGES:
            if ":" in key or key in ("approved", "not_booked", messages.EARLIER_CHARGE_FOUND):
                continue
            for kind, other in (("refund", "No money went back"), ("reversal", "wasn't taken back")):
                payment, message = (messages.describe(self.env, key, kind=each) for each in ("purchase", kind))
                self.assertNotRegex(message.explanation, "charge again|was charged|%", key)
                if "Nothing was charged" in payment.explanation:
                    self.assertIn(other, message.explanation, key)

    def describe(self, key):
        kind, _colon, reason = key.rpartition(":")
        return messages.describe(self.env, reason, kind=kind or "purchase")
