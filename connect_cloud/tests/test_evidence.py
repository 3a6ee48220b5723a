"""What a last result proves: each proof, and what nearly looks like it.

Results are told as NETS tells them and read by the client, so that every form of a fact counts. The
second half lets a small model of a terminal live through generated sequences.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connect_cloud import (
    Charge,
    Decision,
    Doubt,
    Evidence,
    Fingerprint,
    Kind,
    Original,
    Question,
    Rule,
    Why,
    read_charge,
    weigh,
)
from connect_cloud.answers import read_last_transaction, read_transaction
from connect_cloud.evidence import is_newer, is_same
from connect_cloud.transport import Answer

UTC = timezone.utc
OSLO = ZoneInfo("Europe/Oslo")
SENT = datetime(2024, 1, 31, 12, 0, tzinfo=UTC)
ORDER = "OURORDERID0000000001"
AMOUNT = 100_00


# === TOLD BY THE SERVICE === #


def told(order_id="", **fields):
    """A LastTransaction, by the names of the wire."""
    result = {"latestTransactionResult": {name: value for name, value in fields.items() if value is not ...}}
    if order_id:
        result["orderId"] = order_id
    return read_last_transaction(Answer(200, json.dumps({"result": result})))


def local(seconds):
    """The terminal's local time, as many seconds after ours was sent."""
    return f"{(SENT + timedelta(seconds=seconds)).astimezone(OSLO):%Y%m%d%H%M%S}"


def zulu(seconds, fraction=""):
    return f"{SENT + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def approved(number=101, at=30, order_id="", **fields):
    """By default the number right behind BEFORE's, and our amount."""
    code = f"A{number:05}" if number is not None else ""
    return told(
        order_id,
        **{
            "Result": 0,
            "TotalAmount": AMOUNT,
            "StanAuth": f"{number:06}{code}" if number is not None else "",
            "TimeStamp": local(at),
            **fields,
        },
    )


def refused(number=101, at=30, order_id="", **fields):
    """By the card's issuer; with `number=None` cancelled before the card."""
    stan_auth = f"{number:06}      " if number is not None else ""
    return told(order_id, **{"Result": 2, "StanAuth": stan_auth, "TimeStamp": local(at), **fields})


BEFORE = approved(100, at=-60, TotalAmount=77_00)


def fingerprint(last):
    return Fingerprint.of(last, OSLO)


def question(after=60, before=BEFORE, **values):
    """Ours, looked up as many seconds after it was sent."""
    return Question(
        **{
            "kind": Kind.PURCHASE,
            "order_id": ORDER,
            "amount": AMOUNT,
            "zone": "Europe/Oslo",
            "now": SENT + timedelta(seconds=after),
            "sent_at": SENT,
            "customer_timeout": 300,
            "baseline": before and fingerprint(before),
            "used_by_hand": False,
            **values,
        }
    )


NONE_BEFORE = question(before=None, baseline=Fingerprint(none=True))


def look(asked, last, state="idle", known=()):
    return weigh(asked, state, last, known.__contains__)


def look_twice(asked, last, state="idle", known=(), pause=5):
    """The verdict of a second lookup that sees the same."""
    first = look(asked, last, state, known)
    evidence = first.evidence and Evidence.from_json(json.loads(json.dumps(first.evidence.to_json())), OSLO)
    again = replace(asked, now=asked.now + timedelta(seconds=pause), evidence=evidence)
    return look(again, last, state, known)


def assert_open(verdict, why=None):
    assert verdict.decision == Decision.OPEN
    assert verdict.evidence is None, "what was seen before doesn't count any more"
    assert why is None or verdict.why == why


# === 7: PROOF OF A CHARGE === #


@pytest.mark.parametrize(
    "circumstances",
    [
        {},
        {"used_by_hand": True},
        {"baseline": None},
        {"baseline": fingerprint(approved(at=4000))},
        {"call_held": True},
        {"mirrors_order_id": True},
        {"kind": Kind.REFUND},
        {"sent_at": None},
    ],
)
@pytest.mark.parametrize("state", ["idle", "cardPresented", "", None])
def test_rule_7_our_order_id_proves_the_charge_whatever_else(circumstances, state):
    for seen in (
        approved(order_id=ORDER),
        approved(order_id=ORDER, TimeStamp="19990101000000", StanAuth="", TotalAmount=1),
    ):
        verdict = look(question(**circumstances), seen, state, known=["000101A00101"])
        assert (verdict.decision, verdict.why) == (Decision.CHARGED, Why.ORDER_ID)
        assert verdict.outcome == seen.outcome


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (approved(order_id=ORDER[:-1] + "2"), Why.OTHER_ORDER),
        (approved(order_id=ORDER.lower()), Why.OTHER_ORDER),
        (told(ORDER, Result=99), Why.RESULT_UNKNOWN),
        (told(ORDER, Result=None), Why.RESULT_UNKNOWN),
    ],
)
def test_rule_7_nearly_our_order_id_or_nearly_an_approval(seen, why):
    for asked in (question(), question(after=900)):
        assert_open(look_twice(asked, seen), why)


@pytest.mark.parametrize("kind", [Kind.REVERSAL, Kind.ADMINISTRATION])
def test_rule_7_only_a_payment_or_refund_sends_its_order_id(kind):
    assert look(question(kind=kind), approved(order_id=ORDER)).decision != Decision.CHARGED


def test_rule_7_without_order_ids():
    for kind in (Kind.PURCHASE, Kind.REFUND, Kind.REVERSAL):
        verdict = look(question(kind=kind), approved())
        assert (verdict.decision, verdict.why) == (Decision.CHARGED, Why.NUMBER)
        assert verdict.outcome.stan_auth == "000101A00101"


@pytest.mark.parametrize(
    ("seen", "changed", "known", "why"),
    [
        (approved(TotalAmount=AMOUNT - 1), {}, (), Why.OTHER_AMOUNT),
        (approved(TotalAmount=AMOUNT + 1), {}, (), Why.OTHER_AMOUNT),
        (approved(TotalAmount=AMOUNT + 10, TipAmount=9), {}, (), Why.OTHER_AMOUNT),
        (approved(TotalAmount=None), {}, (), Why.NO_AMOUNT),
        (approved(TotalAmount=0), {}, (), Why.NO_AMOUNT),
        (approved(StanAuth=""), {}, (), Why.NO_NUMBER),
        (approved(StanAuth="0" * 12), {}, (), Why.NO_NUMBER),
        (approved(), {}, ["000101A00101"], Why.KNOWN_PAYMENT),
        (approved(at=-3600), {}, (), Why.NOT_NEWER),
        (approved(102, at=-60, TimeStamp=local(-61)), {}, (), Why.NOT_NEWER),
        (approved(99, TimeStamp=""), {}, (), Why.NOT_NEWER),
        (approved(99, at=-60), {}, (), Why.NOT_NEWER),
        (approved(20_000, TimeStamp=""), {}, (), Why.NOT_NEWER),
        (approved(), {"baseline": None}, (), Why.NO_BASELINE),
        (approved(), {"used_by_hand": True}, (), Why.USED_BY_HAND),
        (approved(), {"call_held": True}, (), Why.CALL_HELD),
        (approved(order_id="SOMEBODYELSES"), {}, (), Why.OTHER_ORDER),
    ],
)
def test_rule_7_without_order_ids_every_condition_counts(seen, changed, known, why):
    assert look(question(), approved()).decision == Decision.CHARGED, "it would be, were it not for one thing"
    for after in (60, 900):
        assert_open(look_twice(question(after=after, **changed), seen, known=known), why)


def test_rule_7_a_result_is_newer_by_its_number_where_the_clock_cannot_tell():
    for seen in (
        approved(101, TimeStamp=""),
        approved(101, TimeStamp=local(-60)),  # the same second as the one before
        approved(140, TimeStamp=""),
    ):
        assert look(question(), seen).decision == Decision.CHARGED
    wrapped = question(before=approved(999_999, at=-60, TimeStamp=""))
    assert look(wrapped, approved(1)).decision == Decision.CHARGED
    assert_open(look(question(before=approved(1, at=-60, TimeStamp="")), approved(999_999)), Why.NOT_NEWER)


def test_rule_7_what_the_terminal_added_does_not_make_it_another_amount():
    for added in ({"TipAmount": 15_00}, {"SurchargeAmount": "1500"}, {"TipAmount": 10_00, "SurchargeAmount": 5_00}):
        for mirrors in (False, True):
            asked = question(mirrors_order_id=mirrors)
            assert look(asked, approved(TotalAmount=AMOUNT + 15_00, **added)).decision == Decision.CHARGED


def test_rule_7_an_order_id_that_is_missing_needs_the_very_next_number():
    asked = question(mirrors_order_id=True)
    assert look(asked, approved(101)).decision == Decision.CHARGED
    nearly = {
        "another one came between": (asked, approved(102)),
        "nothing says what the next one is": (replace(asked, baseline=fingerprint(refused(None, -60))), approved()),
        "the first one ever": (replace(NONE_BEFORE, mirrors_order_id=True), approved()),
        "perhaps a number lies between": (
            replace(asked, baseline=fingerprint(approved(999_999, -60))),
            approved(1),
        ),
    }
    for name, (asked, seen) in nearly.items():
        assert look(replace(asked, mirrors_order_id=False), seen).decision == Decision.CHARGED, name
        assert_open(look_twice(asked, seen), Why.ORDER_ID_MISSING)


@pytest.mark.parametrize(
    ("seen", "changed", "known", "why"),
    [
        (approved(TotalAmount=AMOUNT - 1), {}, (), Why.OTHER_AMOUNT),
        (approved(), {}, ["000101A00101"], Why.KNOWN_PAYMENT),
        (approved(at=-3600), {}, (), Why.NOT_NEWER),
        (approved(), {"used_by_hand": True}, (), Why.USED_BY_HAND),
        (approved(order_id="SOMEBODYELSES"), {}, (), Why.OTHER_ORDER),
    ],
)
def test_rule_7_an_order_id_that_is_missing_needs_every_other_condition_too(seen, changed, known, why):
    assert_open(look_twice(question(mirrors_order_id=True, **changed), seen, known=known), why)


def test_rule_7_a_reversal_shows_no_order_id_also_where_payments_do():
    asked = question(kind=Kind.REVERSAL, mirrors_order_id=True)
    assert look(asked, approved(105)).decision == Decision.CHARGED
    assert_open(look(asked, approved(105, order_id="THEORIGINALS")), Why.OTHER_ORDER)


def test_rule_7_a_reversal_is_not_proven_by_what_it_reverses():
    original = Original("THEORIGINALS", "000101A00101", AMOUNT)
    asked = question(kind=Kind.REVERSAL, original=original)
    assert look(asked, approved(102)).decision == Decision.CHARGED
    assert_open(look_twice(asked, approved(101)), Why.KNOWN_PAYMENT)


# === 8: PROOF OF NO CHARGE === #


def test_rule_8a_a_newer_refusal_seen_twice():
    seen = refused(101)
    first = look(question(), seen)
    assert (first.decision, first.rule) == (Decision.SEEN_ONCE, Rule.NEWER)
    assert first.wait_until == SENT + timedelta(seconds=65)
    verdict = look_twice(question(), seen)
    assert (verdict.decision, verdict.rule, verdict.evidence) == (Decision.NOT_CHARGED, Rule.NEWER, None)
    assert verdict.outcome == seen.outcome, "what the terminal itself said"


def test_rule_8a_where_cards_are_taken_by_hand_the_very_next_number_is_needed():
    asked = question(used_by_hand=True)
    assert look_twice(asked, refused(101)).decision == Decision.NOT_CHARGED
    nameless = fingerprint(refused(None, -60))
    for seen, before, why in (
        (refused(None), asked.baseline, Why.USED_BY_HAND),
        (refused(None, TotalAmount=AMOUNT), asked.baseline, Why.USED_BY_HAND),
        (refused(102), asked.baseline, Why.NUMBER_LEFT_OUT),
        (refused(102), nameless, Why.USED_BY_HAND),
        (refused(None), Fingerprint(none=True), Why.USED_BY_HAND),
        (refused(1), fingerprint(approved(999_999, -60)), Why.NUMBER_LEFT_OUT),
    ):
        assert_open(look_twice(replace(asked, baseline=before), seen), why)


def test_rule_8a_where_nobody_takes_cards_by_hand_a_cancellation_is_ours():
    assert look_twice(question(), refused(None)).decision == Decision.NOT_CHARGED
    assert look_twice(NONE_BEFORE, refused(None)).decision == Decision.NOT_CHARGED
    assert look_twice(NONE_BEFORE, refused(None, TimeStamp="")).decision == Decision.NOT_CHARGED
    assert look_twice(question(kind=Kind.REVERSAL), refused(None)).decision == Decision.NOT_CHARGED


@pytest.mark.parametrize(
    ("seen", "changed", "why"),
    [
        (refused(100, at=30), {}, Why.NUMBER_LEFT_OUT),
        (refused(102), {}, Why.NUMBER_LEFT_OUT),
        (refused(101, at=-3600), {}, Why.NOT_NEWER),
        (refused(None, at=-60), {}, Why.NOT_NEWER),
        (refused(None, TimeStamp=""), {}, Why.NOT_RECOGNISABLE),
        (refused(TotalAmount=AMOUNT - 1), {}, Why.OTHER_AMOUNT),
        (refused(order_id="SOMEBODYELSES"), {}, Why.OTHER_ORDER),
        (refused(Result=99), {}, Why.RESULT_UNKNOWN),
        (refused(), {"baseline": None}, Why.NO_BASELINE),
        (refused(), {"call_held": True}, Why.CALL_HELD),
        (refused(order_id=ORDER), {"call_held": True}, Why.CALL_HELD),
        (refused(), {"kind": Kind.REVERSAL, "used_by_hand": True}, Why.USED_BY_HAND),
        (None, {}, Why.RESULT_GONE),
    ],
)
def test_rule_8a_every_condition_counts(seen, changed, why):
    for after in (60, 900):
        assert_open(look_twice(question(after=after, **changed), seen), why)


def test_rule_8_the_terminals_final_answer_about_this_very_order():
    seen = refused(102, at=-4000, order_id=ORDER)
    verdict = look(question(used_by_hand=True, baseline=None), seen, "busy")
    assert (verdict.decision, verdict.rule) == (Decision.NOT_CHARGED, Rule.ANSWERED)
    assert verdict.outcome == seen.outcome


def test_rule_8b_still_the_very_one_after_the_longest_wait_seen_twice():
    for asked, seen in ((question(301), BEFORE), (question(301, used_by_hand=True), BEFORE)):
        first = look(asked, seen)
        assert (first.decision, first.rule) == (Decision.SEEN_ONCE, Rule.UNCHANGED)
        verdict = look_twice(asked, seen)
        assert (verdict.decision, verdict.rule) == (Decision.NOT_CHARGED, Rule.UNCHANGED)
        assert verdict.outcome is None, "what it shows isn't ours"
    assert look_twice(replace(NONE_BEFORE, now=SENT + timedelta(seconds=301)), None).decision == Decision.NOT_CHARGED


@pytest.mark.parametrize(
    "seen",
    [
        approved(100, TotalAmount="00000007700", TimeStamp=zulu(-60)),
        approved(100, TotalAmount=None, TimeStamp=zulu(-60, ".731"), Result="0"),
        approved(100, TotalAmount="", TimeStamp=""),
        approved(100, TotalAmount=7700, TimeStamp=f"{(SENT + timedelta(seconds=-60)).isoformat()}"),
    ],
)
def test_rule_8b_in_any_form(seen):
    assert look_twice(question(301), seen).decision == Decision.NOT_CHARGED
    assert look_twice(question(301, before=seen), BEFORE).decision == Decision.NOT_CHARGED


@pytest.mark.parametrize(
    ("before", "seen", "changed"),
    [
        (BEFORE, approved(100, at=-60, TotalAmount=77_01), {}),
        (BEFORE, approved(100, at=-59, TotalAmount=77_00), {}),
        (BEFORE, refused(100, at=-60), {}),
        (BEFORE, refused(100, at=-60, StanAuth="000100A00100"), {}),
        (BEFORE, approved(100, at=-60, TotalAmount=77_00, StanAuth=""), {}),
        (BEFORE, approved(100, at=-60, TotalAmount=77_00, StanAuth="000100B00100"), {}),
        (BEFORE, approved(100, at=-60, TotalAmount=77_00, StanAuth="100100A00100"), {}),
        (BEFORE, None, {}),
        (refused(None, at=-60, TimeStamp=""), refused(None, at=-60, TimeStamp=""), {}),
        (refused(None, at=-60), refused(None, at=-60, TimeStamp=""), {}),
        (BEFORE, BEFORE, {"kind": Kind.REVERSAL}),
        (BEFORE, BEFORE, {"baseline": None}),
        (BEFORE, BEFORE, {"baseline": Fingerprint(none=True)}),
        (BEFORE, BEFORE, {"sent_at": None}),
        (BEFORE, BEFORE, {"call_held": True}),
        (BEFORE, None, {"baseline": Fingerprint(none=True), "used_by_hand": True}),
    ],
)
def test_rule_8b_every_condition_counts(before, seen, changed):
    assert_open(look_twice(question(301, before=before, **changed), seen))


def test_rule_8b_waits_for_the_customer():
    verdict = look(question(300), BEFORE)
    assert_open(verdict, Why.CUSTOMER_MAY_BE_THERE)
    assert verdict.wait_until == SENT + timedelta(seconds=300)
    early = look_twice(question(296), BEFORE)
    assert early.decision == Decision.SEEN_ONCE, "what was seen before doesn't count"


@pytest.mark.parametrize(
    ("asked", "seen"),
    [(question(), refused()), (question(301), BEFORE), (question(kind=Kind.ADMINISTRATION), None)],
)
def test_rule_8_needs_an_idle_terminal_both_times(asked, seen):
    assert look_twice(asked, seen).decision == Decision.NOT_CHARGED
    assert look_twice(asked, seen, "IDLE").decision == Decision.NOT_CHARGED
    for state in ("busy", "idling", "", None):
        assert_open(look_twice(asked, seen, state), Why.TERMINAL_NOT_IDLE)
        later = replace(asked, now=asked.now + timedelta(seconds=60), evidence=look(asked, seen).evidence)
        assert_open(look(later, seen, state), Why.TERMINAL_NOT_IDLE)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [(question(), refused()), (question(301), BEFORE), (question(kind=Kind.ADMINISTRATION), None)],
)
def test_rule_8_seen_twice_too_quickly_is_seen_once(asked, seen):
    first, second = look(asked, seen), look_twice(asked, seen, pause=4.9)
    assert second.decision == Decision.SEEN_ONCE
    assert second.evidence.at == first.evidence.at, "the first sighting counts on"
    assert look_twice(replace(asked, evidence_interval=60), seen, pause=59).decision == Decision.SEEN_ONCE


def test_rule_8_another_one_the_second_time_is_seen_once():
    asked, seen = question(), refused(None)
    first = look(asked, seen).evidence
    again = replace(asked, now=asked.now + timedelta(seconds=60), evidence=first)
    assert look(again, refused(None)).decision == Decision.NOT_CHARGED
    for other in (refused(None, at=31), refused(101), refused(None, Result=1)):
        verdict = look(again, other)
        assert (verdict.decision, verdict.evidence.at) == (Decision.SEEN_ONCE, again.now)
    unchanged = replace(question(301), evidence=replace(first, rule=Rule.UNCHANGED))
    assert look(unchanged, BEFORE).decision == Decision.SEEN_ONCE


def test_rule_8_a_clock_alone_never_decides():
    for asked in (question(10_000_000, before=None), question(10_000_000, used_by_hand=True)):
        assert_open(look_twice(asked, refused(None)))
    assert_open(look_twice(question(10_000_000, kind=Kind.REVERSAL), BEFORE), Why.REVERSAL_NOT_DISPROVED)


def test_rule_8_an_administration_moves_no_money_so_idle_is_enough():
    for baseline in (None, fingerprint(BEFORE)):
        for seen in (None, BEFORE, approved()):
            asked = question(kind=Kind.ADMINISTRATION, baseline=baseline, used_by_hand=True, amount=0)
            assert look(asked, seen).decision == Decision.SEEN_ONCE
            assert (look_twice(asked, seen).decision, look_twice(asked, seen).rule) == (
                Decision.NOT_CHARGED,
                Rule.IDLE,
            )
    assert_open(look_twice(replace(asked, call_held=True), None), Why.CALL_HELD)


def test_rule_9_an_approval_with_our_order_id_wins_over_evidence_against_it():
    asked = replace(question(), evidence=look(question(), refused()).evidence)
    assert look(asked, approved(102, order_id=ORDER)).decision == Decision.CHARGED


# === REVERSALS === #


def test_what_is_reversed_is_what_is_shown_and_nothing_else():
    original = Original("THEORIGINALS", "000101A00101", AMOUNT)
    for shown in (
        approved(101),
        approved(101, TotalAmount=None),
        approved(101, order_id="THEORIGINALS"),
        approved(101, order_id="THEORIGINALS", StanAuth=""),
    ):
        assert original.is_shown(shown)
    for shown in (
        None,
        approved(102),
        approved(101, TotalAmount=AMOUNT + 1),
        approved(101, order_id="SOMEBODYELSES"),
        approved(101, TotalAmount=1, order_id="THEORIGINALS"),
        approved(101, StanAuth=""),
    ):
        assert not original.is_shown(shown)
    assert not replace(original, stan_auth="").is_shown(approved(101, StanAuth=""))


# === HOW MUCH WAS CHARGED === #


def charge(receipt="", **fields):
    body = {"result": [{"localModeEventArgs": {"Result": 0, **fields}, "customerReceipt": receipt}]}
    return read_charge(AMOUNT, "NOK", read_transaction(Answer(201, json.dumps(body))))


@pytest.mark.parametrize(
    ("fields", "receipt", "amount"),
    [
        ({"TotalAmount": AMOUNT}, "", AMOUNT),
        ({"TotalAmount": 90_00}, "", 90_00),
        ({"TotalAmount": 115_00, "TipAmount": 15_00}, "", 115_00),
        ({}, "", AMOUNT),
        ({"TotalAmount": ""}, "KR 1,00", AMOUNT),
        ({"TipAmount": 10_00, "SurchargeAmount": 5_00}, "", 115_00),
        ({}, "NOK 100,00", AMOUNT),
        ({"TotalAmount": 115_00, "TipAmount": 15_00}, "NOK 115,00", 115_00),
        ({"TotalAmount": 115_00, "TipAmount": 15_00}, "NOK 100,00\r\nTip 15,00", 115_00),
        ({"OptionalData": json.dumps({"od": {"dcc": {"ccura": "EUR", "cam": 870}}})}, "EUR 8,70", AMOUNT),
        ({}, "NOK 100,00\r\nEUR 8,70", AMOUNT),
    ],
)
def test_an_amount_that_nothing_contradicts_needs_nobody(fields, receipt, amount):
    assert charge(receipt, **fields) == Charge(amount)


@pytest.mark.parametrize(
    ("fields", "receipt", "doubt"),
    [
        ({"TotalAmount": "00000000000"}, "", Doubt.ZERO),
        ({}, "NOK 99,00", Doubt.OTHER_AMOUNT),
        ({"TotalAmount": AMOUNT}, "NOK 1000,00", Doubt.OTHER_AMOUNT),
        ({"TotalAmount": 115_00, "TipAmount": 15_00}, "NOK 110,00", Doubt.OTHER_AMOUNT),
        ({"TotalAmount": AMOUNT}, "SEK 100,00", Doubt.OTHER_CURRENCY),
        ({"TotalAmount": AMOUNT}, "EUR 8,70", Doubt.OTHER_CURRENCY),
    ],
)
def test_an_amount_that_something_contradicts_is_for_a_person(fields, receipt, doubt):
    assert charge(receipt, **fields).doubt == doubt
    assert charge(**fields).doubt in (None, Doubt.ZERO)


def test_what_a_lookup_prints_is_compared_too():
    outcome = approved().outcome
    assert read_charge(AMOUNT, "NOK", outcome, "NOK 1,00").doubt == Doubt.OTHER_AMOUNT
    assert read_charge(AMOUNT, "NOK", outcome, "NOK 100,00").doubt is None


# === KEPT IN A DATABASE === #


def test_fingerprints_that_were_stored_before_are_read():
    def stored(**values):
        return Fingerprint.from_json(
            {"stan_auth": "", "timestamp": "", "result": 2, "total_amount": None, **values}, "Europe/Oslo"
        )

    before = stored(stan_auth="000100A00100", timestamp=local(-60), result=0, total_amount=77_00)
    assert before == fingerprint(BEFORE)
    assert stored(timestamp=zulu(-60, ".000")) == fingerprint(refused(None, at=-60))
    assert stored() == fingerprint(refused(None, TimeStamp=""))
    assert Fingerprint.from_json({"none": True}, OSLO) == Fingerprint(none=True) == fingerprint(None)
    assert Fingerprint.from_json(None, OSLO) is Fingerprint.from_json({}, OSLO) is None


def test_evidence_that_was_stored_before_is_read():
    kept = {"stan_auth": "000101", "timestamp": local(30), "result": 2, "total_amount": None}
    evidence = Evidence.from_json({"rule": "newer", "fingerprint": kept, "at": "2024-01-31 12:00:55"}, OSLO)
    assert look(replace(question(), evidence=evidence), refused()).decision == Decision.NOT_CHARGED
    evidence = Evidence.from_json({"rule": "idle", "at": "2024-01-31 12:00:55"}, OSLO)
    administration = question(kind=Kind.ADMINISTRATION, evidence=evidence)
    assert look(administration, None).decision == Decision.NOT_CHARGED
    assert Evidence.from_json(None, OSLO) is None


def test_times_without_a_zone_are_utc_as_databases_give_them():
    naive = question(301, sent_at=SENT.replace(tzinfo=None), now=SENT.replace(tzinfo=None) + timedelta(seconds=301))
    assert look_twice(naive, BEFORE).decision == Decision.NOT_CHARGED


# === ONE RESULT, MANY FORMS === #


def test_local_time_in_the_hour_that_clocks_show_twice():
    first = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)  # 02:30 in summer time
    second = first + timedelta(hours=1)  # 02:30 in winter time

    def result(moment, number="000100A00100", form="%Y%m%d%H%M%S"):
        text = f"{moment.astimezone(OSLO):{form}}" if form else moment.isoformat()
        return fingerprint(told(Result=0, StanAuth=number, TimeStamp=text))

    for moment in (first, second):
        assert is_same(result(moment), result(moment, form=None))
    assert not is_same(result(first, form=None), result(second, form=None))
    # its number tells which came later; without one, nothing does
    assert is_newer(result(first, "000101A00101"), result(second))
    assert is_newer(result(first + timedelta(hours=2)), result(second, "000099A00099"))
    assert not is_newer(result(second, ""), result(first, ""))
    assert not is_same(result(second, ""), result(first, "", form=None))


@dataclass(frozen=True)
class Fact:
    """A result as it really was."""

    approved: bool
    number: int | None  # STAN
    code: str
    at: datetime
    total: int
    tip: int = 0
    order_id: str = ""
    ours: bool = False


codes = st.one_of(
    st.text("ABCXYZ0123456789", min_size=6, max_size=6), st.integers(0, 999_999).map("{:06}".format), st.just("")
)
# around the night in which the clocks go back, too
moments = st.one_of(
    st.integers(0, 30_000_000).map(lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(-7200, 7200).map(lambda seconds: datetime(2024, 10, 27, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
)
numbers = st.one_of(st.integers(1, 999_999), st.integers(1, 3), st.integers(999_997, 999_999))


@st.composite
def facts(draw):
    success = draw(st.booleans())
    number = draw(numbers) if success else draw(st.none() | numbers)
    code = draw(codes) if number is not None else ""
    return Fact(success, number, code, draw(moments), draw(st.integers(1, 10_000_000)))


def as_told(draw, fact, *, show_order_id=True, blank=True):
    """One of the forms in which NETS tells a fact. `blank`: time and amount may be missing."""
    form = draw(st.integers(0, 20_000))  # one number for all choices: that is fast

    def choose(options):
        nonlocal form
        form, index = divmod(form, len(options))
        return options[index]

    nothing = [..., None, "", "   "]
    amount = [fact.total, str(fact.total), f"{fact.total:011}", *(nothing if blank or not fact.approved else [])]
    tip = [fact.tip, f"{fact.tip:011}"] if fact.tip else [*nothing, 0, "0"]
    stan_auth = [*nothing, "0" * 12, " " * 12, 0]
    if fact.number is not None:
        text = f"{fact.number:06}{fact.code:6}"
        stan_auth = [text, text.strip()] + ([int(text.strip())] if text.strip().isdigit() else [])
    local_time = f"{fact.at.astimezone(OSLO):%Y%m%d%H%M%S}"
    iso = f"{fact.at:%Y-%m-%dT%H:%M:%S}"
    time = [local_time, int(local_time), f"{iso}Z", f"{iso}.000Z", f"{iso}.9999999Z", f"{iso}+00:00"]
    time += [fact.at.astimezone(OSLO).isoformat(), *(nothing if blank else [])]
    result = 0 if fact.approved else 2
    return told(
        fact.order_id if show_order_id else "",
        Result=choose([result, str(result), f"{result:02}"]),
        TotalAmount=choose(amount),
        TipAmount=choose(tip),
        StanAuth=choose(stan_auth),
        TimeStamp=choose(time),
    )


def is_ambiguous(moment):
    return len(Fingerprint.of(told(TimeStamp=f"{moment.astimezone(OSLO):%Y%m%d%H%M%S}"), OSLO).instants) > 1


quickly = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quickly
@given(st.data(), facts())
def test_any_fact_in_any_two_forms_is_the_same_result(data, fact):
    a, b = (fingerprint(as_told(data.draw, fact, blank=fact.number is not None)) for _form in range(2))
    if fact.number is None and is_ambiguous(fact.at):
        return  # half of its forms don't say which of two moments
    assert is_same(a, b) and is_same(b, a)
    assert not is_newer(a, b) and not is_newer(b, a)
    assert is_same(Fingerprint.from_json(json.loads(json.dumps(a.to_json())), "UTC"), b)


@quickly
@given(st.data(), facts(), facts())
def test_two_different_results_are_never_the_same(data, one, other):
    # What differs: the number, or the moment where neither has one. Two refusals of one second don't exist.
    other = data.draw(
        st.sampled_from([other, replace(one, at=other.at), replace(one, number=other.number, code=other.code)])
    )
    if one.number is None and other.number is None:
        assume(one.at != other.at)
    else:
        assume((one.number, one.code) != (other.number, other.code))
    a, b = (fingerprint(as_told(data.draw, fact)) for fact in (one, other))
    assert not is_same(a, b) and not is_same(b, a)
    assert not (is_newer(a, b) and is_newer(b, a))


@quickly
@given(st.data(), facts(), st.integers(1, 9_998), st.integers(1, 100_000))
def test_a_later_result_is_newer_in_any_form_that_shows_it(data, before, numbers_later, seconds_later):
    after = replace(before, at=before.at + timedelta(seconds=seconds_later))
    if before.number is not None:
        after = replace(after, number=(before.number + numbers_later - 1) % 999_999 + 1)
    a, b = (fingerprint(as_told(data.draw, fact, blank=fact.number is not None)) for fact in (after, before))
    if before.number is None and (is_ambiguous(before.at) or is_ambiguous(after.at)):
        return
    if not (a.instants and b.instants) and before.number is None:
        return
    clock_goes_back = a.instants and b.instants and a.instants[-1] < b.instants[0]
    assert is_newer(a, b) or clock_goes_back
    assert not is_newer(b, a)


# === A TERMINAL'S LIFE === #


class Terminal:
    """What a terminal does and remembers. Its lookups tell it in one of many forms."""

    def __init__(self, draw):
        self.draw = draw
        self.now = draw(st.sampled_from([SENT, datetime(2024, 10, 27, 0, 50, tzinfo=UTC)]))
        self.counter = draw(st.sampled_from([0, 99, 12_345, 999_996, 999_998]))
        self.restarts_at = draw(st.sampled_from([0, 1]))
        self.history = [None]
        self.changed_at = self.now
        self.running = False

    def pass_time(self, seconds):
        self.now += timedelta(seconds=seconds)

    def take_number(self):
        self.counter += 1
        if self.counter > 999_999:
            self.counter = self.restarts_at
        return self.counter

    def finish(self, how, total, *, tip=0, order_id="", ours=False, code=None):
        """A card was charged, refused by its issuer (which takes a number), or nobody showed one."""
        number = None if how == "cancelled" else self.take_number()
        code = self.draw(codes) if code is None else code
        success = how == "charged"
        fact = Fact(
            success,
            number,
            code if number is not None and (success or code.isdigit()) else "",
            self.now,
            total + tip,
            tip,
            order_id,
            ours,
        )
        self.history.append(fact)
        self.changed_at = self.now
        return fact

    def tell(self, shows_order_ids):
        """What a lookup shows now: within some seconds perhaps still what was before."""
        fact = self.history[-1]
        is_new = self.now - self.changed_at < timedelta(seconds=5)
        if is_new and len(self.history) > 1 and self.draw(st.booleans()):
            fact = self.history[-2]
        if fact is None:
            return None
        show = fact.approved and shows_order_ids != "none"
        if show and shows_order_ids == "some":
            show = self.draw(st.booleans())
        return as_told(self.draw, fact, show_order_id=show)


pauses = st.sampled_from([5, 60, 2])
endings = st.sampled_from(["charged", "charged", "refused", "cancelled"])


class Life:
    """One of our operations among what else happens on its terminal."""

    def __init__(self, draw, kind, by_hand):
        self.draw = draw
        self.terminal = Terminal(draw)
        self.kind = kind
        self.by_hand = by_hand
        self.shows_order_ids = draw(st.sampled_from(["none", "some", "all"]))
        self.shows_reversals = draw(st.booleans())
        self.known = set()
        self.original = None
        self.charged = False
        for _operation in range(draw(st.integers(0, 1))):
            self.before()
        if self.kind == Kind.REVERSAL:
            fact = self.terminal.finish("charged", AMOUNT, order_id="THEORIGINALS", code="A00000")
            self.remember(fact)
            self.original = Original("THEORIGINALS", f"{fact.number:06}A00000", AMOUNT)
        self.terminal.pass_time(draw(st.sampled_from([5, 60, 3600])))
        last = self.terminal.history[-1]
        self.baseline = last and fingerprint(as_told(draw, last))
        if last is None:
            self.baseline = Fingerprint(none=True)
        if draw(st.integers(0, 9)) == 9:
            self.baseline = None
        if draw(st.integers(0, 3)) == 3:
            self.hand()
        self.sent_at = self.terminal.now
        self.fate = draw(st.sampled_from(["ends", "ends", "lost on its way"]))
        self.terminal.running = self.fate == "ends"
        self.evidence = None

    def before(self):
        self.terminal.pass_time(self.draw(st.integers(5, 100)))
        known = not self.by_hand or self.draw(st.booleans())
        fact = self.terminal.finish(self.draw(endings), AMOUNT, order_id="EARLIER" if known else "")
        if known:
            self.remember(fact)

    def remember(self, fact):
        if fact.number is not None:
            self.known.add(f"{fact.number:06}{fact.code}")

    def hand(self):
        """Somebody else uses the terminal, where that may be and it is free."""
        if not self.by_hand or self.terminal.running:
            return
        self.terminal.pass_time(self.draw(pauses))
        total = self.draw(st.sampled_from([AMOUNT, AMOUNT, 55_00]))
        how = self.draw(st.sampled_from(["refused", "cancelled", "charged", "wiped"]))
        if how == "wiped":  # by an administration, that perhaps takes a number
            self.terminal.counter += self.draw(st.integers(0, 1))
            self.terminal.history = [None]
        else:
            # typed in, or by a copy of the database
            self.terminal.finish(how, total, order_id=self.draw(st.sampled_from(["", "", "OFACOPY"])))

    def end(self):
        """Ours ends, if it is running."""
        if not self.terminal.running:
            return
        self.terminal.pass_time(self.draw(pauses))
        how = self.draw(endings)
        self.terminal.running = False
        self.charged = how == "charged"
        if self.kind == Kind.REVERSAL:
            if self.charged and not self.shows_reversals:
                self.terminal.take_number()
                return
            self.terminal.finish(how, AMOUNT, ours=True)
            return
        tip = self.draw(st.sampled_from([0, 0, 15_00])) if self.kind == Kind.PURCHASE else 0
        self.terminal.finish(how, AMOUNT, tip=tip, order_id=ORDER, ours=True)

    def look(self, call_held=False):
        terminal = self.terminal
        terminal.pass_time(self.draw(pauses))
        states = ["busy", "cardPresented"] if terminal.running else ["idle", "idle", "idle", "busy"]
        state = self.draw(st.sampled_from(states))
        asked = Question(
            kind=self.kind,
            order_id=ORDER,
            amount=AMOUNT,
            zone=OSLO,
            now=terminal.now,
            sent_at=self.sent_at,
            customer_timeout=300,
            baseline=self.baseline,
            original=self.original,
            used_by_hand=self.by_hand,
            mirrors_order_id=self.draw(st.booleans()),
            call_held=call_held,
            evidence=self.evidence and Evidence.from_json(json.loads(json.dumps(self.evidence.to_json())), OSLO),
        )
        verdict = weigh(asked, state, terminal.tell(self.shows_order_ids), self.known.__contains__)
        self.evidence = verdict.evidence
        return verdict

    def check(self, verdict):
        """What must be true of any verdict, ever."""
        if verdict.decision == Decision.CHARGED:
            assert self.charged, "it never was"
            shown = verdict.outcome.total_amount
            assert shown in (None, *(fact.total for fact in self.terminal.history if fact and fact.ours))
        if verdict.decision == Decision.NOT_CHARGED:
            assert not self.charged, "but it was"
            assert not self.terminal.running, "it may still be"


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.REVERSAL])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), st.lists(st.lists(st.sampled_from(["end", "hand", "wait"]), max_size=3), min_size=1, max_size=3))
def test_rules_7_and_8_hold_whatever_happens_on_the_terminal(kind, by_hand, data, rounds):
    life = Life(data.draw, kind, by_hand)
    for events in rounds:
        for event in events:
            if event == "hand":
                life.hand()
            else:
                life.end()
            if event == "wait":  # no customer takes longer
                life.terminal.pass_time(300)
        call_held = data.draw(st.integers(0, 7)) == 7
        for _lookup in range(2):
            verdict = life.look(call_held)
            life.check(verdict)
            if call_held:
                assert verdict.why in (Why.ORDER_ID, Why.CALL_HELD)
            if verdict.decision in (Decision.CHARGED, Decision.NOT_CHARGED):
                return


@quickly
@given(st.data(), st.sampled_from(["charged", "refused", "cancelled", "lost"]), st.booleans(), st.booleans())
def test_rules_7_and_8_settle_what_is_still_shown(data, fate, shows_order_ids, mirrors_order_id):
    """Not only never wrong: where nobody works by hand, two lookups are enough, in any forms."""
    draw = data.draw
    terminal = Terminal(draw)
    terminal.restarts_at = 1
    before = None
    if draw(st.integers(0, 4)):
        before = terminal.finish(draw(st.sampled_from(["charged", "refused"])), AMOUNT)
    terminal.pass_time(60)
    asked = question(
        sent_at=terminal.now,
        baseline=fingerprint(as_told(draw, before, blank=False)) if before else Fingerprint(none=True),
        mirrors_order_id=mirrors_order_id,
    )
    terminal.pass_time(30)
    if fate != "lost":
        terminal.finish(fate, AMOUNT, order_id=ORDER)
    # where a number is missing or not the next one, an order id that should be there says too little
    last, first_number = terminal.history[-1], before and before.number
    if fate == "charged" and mirrors_order_id and not shows_order_ids:
        assume(before and first_number < last.number)
    if fate == "refused":
        assume(not before or first_number < last.number)
    # nor does the hour that clocks show twice, where there is no number
    if fate == "cancelled":
        assume(before is None or not is_ambiguous(last.at))
    for after in (301, 306):
        shown = last and as_told(draw, last, show_order_id=shows_order_ids and last.approved, blank=False)
        asked = replace(asked, now=asked.sent_at + timedelta(seconds=after))
        verdict = look(asked, shown)
        if fate == "charged":
            assert verdict.decision == Decision.CHARGED
        asked = replace(asked, evidence=verdict.evidence)
    assert verdict.decision == (Decision.CHARGED if fate == "charged" else Decision.NOT_CHARGED)
