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
        self.assertEqual((message.label, message.detail), ("Not charged", "Something new"))

    def test_what_is_decided_about_reasons_is_about_known_ones(self):
        decided = messages.NO_RETRY_REASONS | messages.ADMINISTRATION_REASONS | set(messages.RETRY_WAIT)
        self.assertLessEqual(decided, set(messages._MESSAGES))

    def test_page_of_the_documentation_lists_the_catalogue(self):
        rows = [
            tuple(cell.strip() for cell in line.strip("|").split("|")[:2])
            for line in PAGE.read_text().splitlines()
            if line.startswith("| **")
        ]
        catalogue = [*messages._MESSAGES.values(), *messages._SETUP_MESSAGES.values()]
        self.assertCountEqual(rows, [(f"**{label}**", str(explanation)) for label, explanation in catalogue])
