"""A short selection of `script/faults`: a real server with a durable database, broken on purpose."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script"))

from fault_harness import agents, faults, knowledge, people
from fault_harness.forgery import Forgery, is_own_silence
from fault_harness.mutations import MUTATIONS, OF_PEOPLE, OF_TILLS
from fault_harness.world import World, is_evidence_gone

import stack

TIMEOUT = 900


def test_money_and_books_agree_after_a_short_selection_of_faults():
    command = [sys.executable, str(ROOT / "script" / "run_faults.py"), "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    summary = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "lost 0, double 0" in summary[0]


@pytest.mark.parametrize("mutation", [*MUTATIONS, *OF_TILLS, *OF_PEOPLE], ids=lambda mutation: mutation.name)
def test_what_a_mutation_breaks_is_still_there(mutation):
    mutation.check_fits()
    assert mutation.edits or mutation.statement
    assert mutation.only or ((mutation.ways or mutation.suites) and mutation.finds)
    for suite in mutation.suites:
        assert mutation.finds in (ROOT / "static/tests/unit" / f"{suite}.test.js").read_text()


def test_a_database_that_may_forget_is_refused(monkeypatch):
    for name in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    world = World("refused")
    with stack.PostgreSQL() as world.postgresql, pytest.raises(stack.StackError, match="fsync = off"):
        world._refuse_lossy_settings()


def test_only_destroyed_evidence_excuses_a_person():
    fates = ("approved", "declined", "cancelled", "not reached")
    gone = {
        (kind, fate, by_hand)
        for kind in ("purchase", "refund", "reversal", "unpaid reversal")
        for fate in fates
        for by_hand in (False, True)
        if is_evidence_gone(kind, fate, by_hand)
    }
    reversals = {(kind, fate, True) for kind in ("reversal", "unpaid reversal") for fate in fates}
    never_there = {(kind, "not reached", False) for kind in ("reversal", "unpaid reversal")}
    assert gone == reversals | never_there | {("purchase", "cancelled", True), ("refund", "cancelled", True)}


@pytest.mark.parametrize(("second_start", "found"), [("10:00:02,500", 1), ("10:00:03,500", 0)])
def test_a_scheduled_job_that_runs_twice_at_once_is_found(tmp_path, second_start, found):
    line = "2026-01-01 {at} {process} INFO db odoo.addons.base.models.ir_cron: Job '{name}' (7) {what}\n"
    servers = []
    for process, (start, end) in enumerate((("10:00:01,000", "10:00:03,000"), (second_start, "10:00:04,000"))):
        log = tmp_path / f"server-{process}.log"
        runs = ((start, "starting"), (end, "fully done (#loop 1; done 1; remaining 0; duration 2.00s)"))
        log.write_text("".join(line.format(at=at, process=process, name="Recover", what=what) for at, what in runs))
        servers.append(SimpleNamespace(log=log))
    world = World("jobs")
    world.servers, world.recovery_job = servers, "Recover"
    assert len(world.jobs_at_once()) == found


def test_what_was_known_late_is_told_and_who_kept_odoo_from_it_is_not_counted():
    shown = {"at": 105.0, "terminalId": "T", "orderId": "A", "kind": "purchase", "approved": True, "origin": "service"}
    another = {**shown, "at": 120.0, "orderId": "B"}

    def measured(recorded_at, results, outages=(), by_hand=False, browser=None):
        row = ("r", "A", "T", "purchase", "approved", "", by_hand, 100.0, 106.0, recorded_at)
        postgresql = SimpleNamespace(query=lambda *_args: [row])
        operation = SimpleNamespace(request_id="r", fault="", said="", person=False, browser=browser or {})
        return knowledge.measure(postgresql, "", results, [operation], list(outages), 12)

    assert measured(130.0, [shown]).summary().startswith("known within 30 s: 1 of 1")
    late = measured(140.0, [shown])
    assert (late.soon, late.shown, len(late.troubles)) == (0, 1, 1)
    assert measured(140.0, [shown], outages=[(110.0, 118.0), (112.0, 120.0)]).soon == 1
    # a browser that says something else keeps it back for the customer's time
    assert measured(140.0, [shown], browser={"alters": list}).soon == 1
    assert measured(145.0, [shown], browser={"alters": list}).soon == 0
    # by hand: excused only where another result took its place before
    assert len(measured(150.0, [shown], by_hand=True).troubles) == 1
    assert measured(150.0, [shown, another], by_hand=True).destroyed == 1
    # nothing of it ever ran: that takes the customer's whole time
    waited = measured(130.0, [])
    assert (waited.waited, waited.shown, waited.troubles) == (1, 0, [])
    assert len(measured(160.0, []).troubles) == 1


RUNNING = ("pending", None, "token", None, None, "12:00", None, None, 100)
SILENT = ("unknown", "connection_interrupted", None, *RUNNING[3:])


def forge(*payments):
    """Have a whole forgery made with payments that change after some of its calls, as long as any are left.

    :param payments: for each payment the numbers of calls (from 1) and what the payment has become then
    :return: all calls that were made
    """
    forgery, made = Forgery("T", 100), []
    for changes in [*payments, {}]:
        state, number = [RUNNING], len(made)

        def call(*said, state=state, changes=changes, number=number):
            made.append(said)
            state[0] = changes.get(len(made) - number, state[0])

        forgery.go_on(lambda state=state: state[0], call)
    assert forgery.is_over
    return made


def test_a_payment_that_falls_silent_by_itself_is_not_blamed_on_who_forges_beside_it():
    calls = forge({})
    assert {login for login, *_call in calls} == {"admin", "demo"}
    # what was called when it fell silent is called again with the next one; all others once
    met = forge({5: SILENT}, {7: SILENT})
    assert [call[:2] for call in met] == [call[:2] for call in (*calls[:5], *calls[4:11], *calls[10:])]


@pytest.mark.parametrize(
    "payments",
    [
        # the same call with the next payment, too
        ({5: SILENT}, {1: SILENT}),
        # silence, and something is known of the card all the same
        ({5: (*SILENT[:3], 100, *SILENT[4:])},),
        ({5: ("approved", None, None, *RUNNING[3:])},),
        ({5: ("failed", "connection_interrupted", None, *RUNNING[3:])},),
        ({5: ("unknown", "result_unknown", None, *RUNNING[3:])},),
        ({5: ("pending", None, "mine", *RUNNING[3:])},),
    ],
)
def test_what_a_forged_report_changes_is_found(payments):
    with pytest.raises(stack.StackError, match="Changed by a forged report"):
        forge(*payments)


def test_only_what_runs_can_fall_silent():
    assert is_own_silence(RUNNING, SILENT)
    assert not is_own_silence(SILENT, SILENT)


def test_a_forgery_whose_payments_all_end_too_soon_proves_nothing():
    with pytest.raises(stack.StackError, match="long enough"):
        forge(*[{number: SILENT} for number in [2] * 12])


@pytest.mark.parametrize("workers", [0, 2])
def test_nobody_waits_at_a_gate_in_the_place_that_another_one_needs(workers):
    def in_requests(point):
        gate = point.gate.removesuffix("_commit")
        return gate == "reserve" or (point.agent and gate in ("claim", "record"))

    points = faults.kill_points(2, True) + agents.kill_points()
    rounds = faults.rounds_of(points, workers)
    assert sorted(map(str, points)) == sorted(str(point) for members in rounds for point in members)
    assert max(sum(map(in_requests, members)) for members in rounds) == (1 if workers else 3)


def test_what_others_wait_for_is_pressed_once_these_are_where_they_should_be():
    gates = ("book", "claim", "reserve_commit", "", "book_commit", "record", "reserve")
    points = [faults.Point("", {}, gate) for gate in gates]
    assert faults.in_turn(points) == [[1, 3, 5], [2, 6], [0, 4]]


def test_people_do_the_same_for_the_same_seed():
    assert people.sequences(4, 3) == people.sequences(4, 3) != people.sequences(5, 3)
    steps = [step for _name, sequence in people.sequences(4, 3) for step in sequence]
    assert {name for name, _arguments in steps} <= {name for name in dir(people.Business) if not name.startswith("_")}


def test_each_way_round_that_was_found_is_what_a_mutation_opens():
    assert {way for mutation in OF_PEOPLE for way in mutation.ways} == people.WAYS_ROUND.keys()
