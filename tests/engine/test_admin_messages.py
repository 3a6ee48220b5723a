"""One catalogue: whole, and without strays. That the page in the documentation says the same, script/lint checks."""

import ast
import re
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase

from ... import messages
from ...connect_cloud import Reason
from ...messages import catalogue

ROOT = Path(__file__).resolve().parents[2]


class TestMessages(TransactionCase):
    def test_every_reason_of_the_client_has_words(self):
        for reason in Reason:
            self.assertIn(reason.value, catalogue._MESSAGES)
            message = messages.describe(self.env, reason, "as it came")
            self.assertTrue(message.label and message.explanation)
            self.assertEqual(message.detail, "as it came")

    def test_unknown_reason_is_shown_as_it_came(self):
        message = messages.describe(self.env, "E-4711", "Something new")
        self.assertEqual((message.label, message.detail), ("Not done", "Something new"))

    def test_what_is_decided_about_reasons_is_about_known_ones(self):
        looks = messages.REFUSED_REASONS | messages.STOPPED_REASONS
        decided = messages.NO_RETRY_REASONS | messages.ADMINISTRATION_REASONS | set(messages.RETRY_WAIT) | looks
        self.assertLessEqual(decided, set(catalogue._MESSAGES))
        self.assertFalse(messages.REFUSED_REASONS & messages.STOPPED_REASONS)

    def test_a_refusal_says_its_label_and_what_to_do(self):
        error = messages.refusal(self.env, "amount_decimals", currency="USD", digits=2)
        self.assertIs(type(error), UserError)
        self.assertEqual(str(error), "Amount not possible\nUSD has only 2 decimals. Enter no more than that.")
        self.assertIs(type(messages.refusal(self.env, "rights_use", error=AccessError)), AccessError)

    def test_every_refusal_of_the_code_is_in_the_catalogue_with_its_values(self):
        raised = set()
        for file in (*ROOT.glob("models/*/*.py"), *ROOT.glob("wizard/*/*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and node.value in catalogue._REFUSALS:
                    raised.add(node.value)
                if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "refusal":
                    continue
                if isinstance(node.args[1], ast.Subscript):
                    continue  # one of a table, which names them
                key = node.args[1].value
                _label, explanation = catalogue._REFUSALS[key]
                values = {keyword.arg for keyword in node.keywords} - {"error", "kind"}
                self.assertEqual(values, set(re.findall(r"%\((\w+)\)s", str(explanation))), (file.name, key))
        of_all_kinds = {key for key in catalogue._REFUSALS if ":" not in key}
        self.assertEqual(raised, of_all_kinds, "no strays in the catalogue")

    def test_what_is_said_of_another_kind_names_the_same(self):
        for words in (catalogue._MESSAGES, catalogue._REFUSALS):
            for key, (_label, explanation) in words.items():
                if ":" in key:
                    names = [
                        set(re.findall(r"%\((\w+)\)s", str(each)))
                        for each in (explanation, words[key.split(":")[1]][1])
                    ]
                    # that nothing was done, and what not to do yet, is there for all of them
                    self.assertEqual(*(each - {"not_done", "wait"} for each in names), key)

    def test_a_reversal_asks_for_no_card_and_no_other_amount(self):
        for key in catalogue._MESSAGES:
            if ":" not in key and key not in ("signature_required", "signature_declined"):
                message = messages.describe(self.env, key, kind="reversal")
                self.assertNotRegex(
                    f"{message.label} {message.explanation}",
                    r"(?i)(try|use) (again or use )?another card|smaller amount|\bpin\b|present|customer|check the amo",
                    key,
                )

    def test_refunds_and_reversals_never_speak_of_a_charge(self):
        for key in catalogue._MESSAGES:
            of_payments = ("approved", "not_booked", messages.EARLIER_CHARGE_FOUND, "signature_required")
            if ":" in key or key in (*of_payments, "signature_declined"):
                continue
            for kind, other in (("refund", "No money went back"), ("reversal", "wasn't reversed")):
                payment, message = (messages.describe(self.env, key, kind=each) for each in ("purchase", kind))
                self.assertNotRegex(message.explanation, "charge again|was charged|%", key)
                if "Nothing was charged" in payment.explanation:
                    self.assertIn(other, message.explanation, key)

    def describe(self, key):
        kind, _colon, reason = key.rpartition(":")
        return messages.describe(self.env, reason, kind=kind or "purchase")
