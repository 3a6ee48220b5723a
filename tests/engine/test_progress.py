"""One voice: what the server says of a transaction is one contract, the same in Python and JavaScript."""

import dataclasses
import datetime
import itertools
import re
import types
import typing
from pathlib import Path

from odoo.tests import BaseCase

from ...connect_cloud import AdministrationOutcome, Card, OutcomeState, Reason
from ...models.engine.progress import Progress, Waiting
from ..common import CardPaymentCommon, approved, cancelled, declined, last, lost, not_sent

ROOT = Path(__file__).resolve().parents[2]
JAVASCRIPT = ROOT / "static/src/common/progress.js"
NAMES = {int: "number", float: "number", str: "string", bool: "boolean", dict | None: "Object | null"}


def contract(cls):
    """Return the keys of a contract, in their order, each with its type as JSDoc writes it."""
    return {
        key: " | ".join(f'"{value}"' for value in typing.get_args(kind))
        if typing.get_origin(kind) is typing.Literal
        else NAMES[kind]
        for key, kind in typing.get_type_hints(cls).items()
    }


def typedef(name):
    """Return the same of a typedef."""
    [block] = re.findall(rf"@typedef \{{Object\}} {name}\n(.*?)\*/", JAVASCRIPT.read_text(), re.DOTALL)
    return {key: kind for kind, key in re.findall(r"@property \{(.*?)\} (\w+)", block)}


def is_of(value, kind):
    """Whether a value is exactly of the type that the contract names."""
    if typing.get_origin(kind) is typing.Literal:
        return value in typing.get_args(kind)
    if isinstance(kind, types.UnionType):
        return type(value) in typing.get_args(kind)
    return type(value) is kind


class TestContract(BaseCase):
    def test_python_and_javascript_say_the_same(self):
        for cls in (Progress, Waiting):
            self.assertEqual(list(typedef(cls.__name__).items()), list(contract(cls).items()))

    def test_there_is_an_icon_and_a_colour_for_each_look(self):
        [looks] = re.findall(r"const LOOKS = \{(.*?)\n\};", JAVASCRIPT.read_text(), re.DOTALL)
        shown = re.findall(r"^  (\w+): \{icon: \"fa-[^\"]+\", tone: \"\w+\"\},$", looks, re.MULTILINE)
        said = typing.get_args(typing.get_type_hints(Progress)["look"])
        self.assertEqual(shown, [*said, "sending", "waiting", "disconnected"])

    def test_the_unit_tests_in_javascript_speak_the_same(self):
        helpers = (ROOT / "static/tests/unit/helpers.js").read_text()
        [progress] = re.findall(r"const progress = \{(.*?)\n  \};", helpers, re.DOTALL)
        self.assertEqual(re.findall(r"^    (\w+):", progress, re.MULTILINE), list(contract(Progress)))

    def test_nothing_is_said_besides(self):
        with self.assertRaisesRegex(TypeError, "colour"):
            Progress(colour="red")


class TestProgress(CardPaymentCommon):
    def show(self, transaction, user=None):
        """What a person who watches is told; every key, each of its type."""
        transaction.env.flush_all()
        [progress] = self.env["nets.transaction"].with_user(user or self.clerk).browse(transaction.id).read_progress()
        kinds = typing.get_type_hints(Progress)
        self.assertEqual(list(progress), list(kinds))
        wrong = {key: value for key, value in progress.items() if not is_of(value, kinds[key])}
        self.assertFalse(wrong)
        return progress

    def looks(self, transaction):
        progress = self.show(transaction)
        return progress["look"], progress["finished"]

    def test_how_a_payment_looks_on_its_way(self):
        transaction = self.start(self.make_invoice(100))
        self.assertEqual(self.looks(transaction), ("running", False))
        transaction._claim("thread-1")
        for doing, look in (("card", "running"), ("customer", "running"), ("interrupted", "unknown")):
            transaction._show_progress("thread-1", doing)
            self.assertEqual(self.looks(transaction), (look, False))
        transaction.with_user(self.clerk).abort()
        self.assertEqual(self.looks(transaction), ("aborting", False))
        transaction._record_answer(approved(10000))
        self.assertEqual(self.looks(transaction), ("approved", False), "not booked yet")
        transaction._book()
        self.assertEqual(self.looks(transaction), ("approved", True))

    def test_how_a_payment_looks_that_was_not_charged(self):
        for outcome, look in (
            (declined(), "refused"),
            (declined(reason=Reason.TERMINAL_REFUSED), "trouble"),
            (declined(reason=Reason.DUPLICATE_TRANSACTION), "trouble"),
            (declined(reason=Reason.ISSUER_UNAVAILABLE), "trouble"),
            (not_sent(), "trouble"),
            (not_sent(Reason.TERMINAL_BUSY), "trouble"),
            (cancelled(), "aborted"),
            (declined(reason=Reason.TERMINAL_TIMEOUT), "aborted"),
        ):
            with self.subTest(outcome.reason):
                transaction = self.charge(self.make_invoice(100), outcome=outcome)
                self.assertEqual(self.looks(transaction), (look, True))
        transaction = self.send(self.make_invoice(100))
        transaction.with_user(self.clerk).abort()
        transaction._record_answer(cancelled())
        self.assertEqual(self.looks(transaction), ("aborted", True))

    def test_how_a_payment_looks_whose_answer_is_lost(self):
        transaction = self.lose(self.make_invoice(100))
        self.assertEqual(self.looks(transaction), ("unknown", False))
        self.assertTrue(self.show(transaction)["advice"])
        self.looked_up(transaction).with_user(self.manager)._settle_by_hand(False, "Looked at the journal")
        self.assertEqual(self.looks(transaction), ("aborted", True))
        self.assertEqual(self.show(transaction)["label"], "Settled by hand: not charged")

    def test_what_is_settled_by_hand_says_as_what(self):
        transaction = self.looked_up(self.lose(self.make_invoice(100)))
        transaction.with_user(self.manager)._settle_by_hand(True, "Looked at the journal", 100, "000123")
        progress = self.show(transaction)
        self.assertEqual((progress["look"], progress["label"]), ("approved", "Settled by hand: charged"))

    def age(self, transaction, seconds):
        """Let it have been sent so long ago."""
        transaction.env.flush_all()
        self.env.cr.execute(
            "UPDATE nets_transaction SET sent_at = now() AT TIME ZONE 'utc' - %s * interval '1 second' WHERE id = %s",
            [seconds, transaction.id],
        )
        transaction.invalidate_recordset()

    def times(self, transaction):
        progress = self.show(transaction)
        return progress["elapsed"], progress["known_in"]

    def test_a_wait_has_an_end_in_sight(self):
        self.terminal.account_id.customer_timeout = 300
        transaction = self.start(self.make_invoice(100))
        transaction._claim("thread-1")
        self.age(transaction, 100)
        elapsed, known_in = self.times(transaction)
        self.assertGreaterEqual(elapsed, 100)
        self.assertEqual(known_in, 0, "it is usual")
        transaction._show_progress("thread-1", "interrupted")
        _elapsed, known_in = self.times(transaction)
        # the customer's time, the first lookup and the second sighting
        self.assertLessEqual(known_in, 300 - 100 + 10)
        self.assertGreater(known_in, 150)
        transaction._record_answer(approved(10000))
        self.assertEqual(self.times(transaction), (0, 0))

    def test_the_end_of_a_wait_is_said_only_where_somebody_knows_it(self):
        transaction = self.lose(self.make_invoice(100))
        self.assertEqual(self.times(transaction)[1], 0, "it wasn't looked up")
        transaction._schedule_lookup({"why": "no_baseline"})
        self.assertEqual(self.times(transaction)[1], 0)
        until = transaction._now().replace(tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=200)
        transaction._schedule_lookup({"why": "customer_may_be_there"}, until)
        transaction.invalidate_recordset()
        known_in = self.times(transaction)[1]
        self.assertTrue(150 < known_in <= 205, known_in)
        waiting = self.make_invoice(10).with_user(self.clerk)
        [answer] = waiting.nets_start_card_payment(10, self.terminal.id, "waits-for-it")
        self.assertTrue(150 < answer["known_in"] <= 205, answer)

    def test_how_a_payment_looks_that_accounting_refuses(self):
        transaction = self.send(self.make_invoice(100))
        transaction._record_answer(approved(10000, tip_amount=500))
        self.bank_journal.active = False
        transaction._book()
        self.assertEqual(self.looks(transaction), ("unbooked", False))
        self.assertRegex(self.show(transaction)["additions"], r"^Tip .*5\.00")

    def test_a_signature_stays_open(self):
        card = Card(brand="Visa", truncated_pan="*1234", last_four="1234", cvm="1")
        transaction = self.send(self.make_invoice(100))
        transaction._record_answer(approved(10000, card=card))
        self.assertEqual(self.show(transaction)["signature"], "", "not before it is booked")
        transaction._book()
        progress = self.show(transaction)
        self.assertEqual((progress["look"], progress["signature"]), ("signature", "required"))
        self.assertEqual(progress["paper"], "MERCHANT")
        self.assertEqual(progress["label"], "Check the signature")

    def test_money_that_goes_back(self):
        purchase = self.charge(self.make_invoice(100))
        original = purchase.with_user(self.clerk)
        [answer] = original.start_refund(-40, self.terminal.id, "refund-of-a-part")
        refund = self.engine["nets.transaction"].browse(answer["id"])
        self.assertEqual(self.show(refund)["task"]["type"], "refund")
        refund._claim("thread-1")
        refund._record_answer(lost())
        self.assertRegex(self.show(refund)["advice"], r"a refund of [^-]*40\.00")
        waiting = self.make_invoice(10).with_user(self.clerk)
        [answer] = waiting.nets_start_card_payment(10, self.terminal.id, "waits-for-it")
        self.assertEqual(list(answer), list(contract(Waiting)))
        self.assertEqual(answer["label"], "An earlier refund is being resolved")
        self.assertRegex(answer["explanation"], r"an earlier refund of [^-]*40\.00")

    def test_a_reversal(self):
        purchase = self.charge(self.make_invoice(100))
        [answer] = purchase.with_user(self.clerk).start_reversal("take-it-back")
        reversal = self.engine["nets.transaction"].browse(answer["id"])
        self.assertEqual(answer["task"], {"type": "reversal", "refund_of_id": purchase.id})
        reversal._record_baseline(last(approved(10000), purchase.order_id))
        reversal._claim("thread-1")
        reversal._record_answer(lost())
        self.assertRegex(reversal._being_resolved().explanation, r"reversed an earlier payment of [^-]*100\.00")
        self.assertNotIn("-", reversal._being_resolved().explanation)

    def test_what_belongs_to_no_document(self):
        administration = self.terminal._reserve_administration("reconciliation")
        administration = self.engine["nets.transaction"].browse(administration.id)
        progress = self.show(administration)
        self.assertEqual((progress["title"], progress["amount"], progress["abort"]), ("Reconciliation", "", ""))
        administration._claim("thread-1")
        administration._record_answer(
            AdministrationOutcome(OutcomeState.APPROVED, session_number="021", report_text="TOTAL 1,00")
        )
        self.assertEqual(self.show(administration, self.manager)["paper"], "TOTAL 1,00")
        progress = self.show(administration, self.clerk)
        self.assertEqual((progress["paper"], progress["report_id"]), ("", 0), "reports are for managers")
        self.assertEqual(progress["label"], "Done")

    # === WHAT IS STILL OPEN === #

    def test_finished_and_still_open_agree_in_every_state(self):
        transaction = self.charge(self.make_invoice(100))
        engine = self.engine["nets.transaction"]
        states = dict(transaction._fields["state"]._description_selection(self.env))
        for state, to_book, error, looked_up in itertools.product(
            states, (True, False), ('[{"text": "The journal is archived"}]', None), (True, False)
        ):
            if to_book and state != "approved":
                continue
            with self.subTest(state=state, to_book=to_book, error=error, looked_up=looked_up):
                self.env.cr.execute(
                    """UPDATE nets_transaction
                          SET state = %s, to_book = %s, booking_error_notes = %s, lookup_started_at = NULL,
                              next_lookup_at = CASE WHEN %s THEN now() AT TIME ZONE 'utc' + interval '1 minute' END
                        WHERE id = %s""",
                    [state, to_book, error, looked_up, transaction.id],
                )
                transaction.invalidate_recordset()
                is_open = transaction in engine.search(engine._open_domain())
                self.assertEqual(is_open, bool(transaction._still_open()))
                # a person has asked the terminal once more: that isn't open, but not finished either
                is_looked_up = looked_up and state in ("failed", "aborted")
                self.assertEqual(transaction._progress_values()["finished"], not is_open and not is_looked_up)
                watched = self.env["account.move"].browse(transaction.invoice_ids.id).with_user(self.clerk)
                watched.invalidate_recordset()
                self.assertEqual(watched.nets_open_transaction_id == transaction, is_open)

    def test_the_neutral_values_are_of_the_contract(self):
        kinds = typing.get_type_hints(Progress)
        for key, value in dataclasses.asdict(Progress()).items():
            self.assertTrue(is_of(value, kinds[key]), key)
