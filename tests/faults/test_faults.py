"""A short selection of `script/faults`: a real server with a durable database, broken on purpose."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script"))

from fault_harness.mutations import MUTATIONS
from fault_harness.world import World, is_evidence_gone

import stack

TIMEOUT = 900


def test_money_and_books_agree_after_a_short_selection_of_faults():
    command = [sys.executable, str(ROOT / "script" / "run_faults.py"), "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    summary = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "lost 0, double 0" in summary[0]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_what_a_mutation_breaks_is_still_there(mutation):
    mutation.check_fits()


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
