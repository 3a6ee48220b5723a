"""Break a running system on purpose, and compare what the terminals charged with Odoo's books.

script/faults                       at least 1,000 operations
script/faults --operations 5000 --seed 7
script/faults --random --operations 60      only the random run, with one server
script/faults --short               a selection of 60 operations; what script/test runs
script/faults --only killed         the faults whose name contains this
script/faults --nets-url http://127.0.0.1:8910

Real Odoo servers (first one with threads, then two with worker processes on one database, as on two
hosts), PostgreSQL with durable settings, the terminals with their ledger, and a driver that does what
tills and accountants do. Prints one table, what is wrong, and the sum; exits 0 only if every charge is
booked, entry by entry, none twice, and a person was needed only where the fault destroyed the evidence.
"""

import argparse
import collections
import contextlib
import random
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from fault_harness import agents, books, faults, hoot, knowledge, people
from fault_harness.mutations import MUTATIONS, OF_PEOPLE, OF_TILLS
from fault_harness.service import Service
from fault_harness.world import CUSTOMER_TIMEOUT, World

import stack

AT_ONCE = 20
# While people are at it.
DISTURBED_EVERY = 25  # seconds
DISTURBANCES = ("kill", "database cut", "tokens")
SHORT = (
    "nothing broken",
    "cut after the request: approved",
    "cut in mid-answer: declined",
    "Result 99: approved",
    "double click",
    "two accountants",
    "two people",
    "abort too late",
    "abort races",
    "token expired",
    "connection to PostgreSQL lost: record",
    "agent: browser closed, answered and not reported: approved",
    "agent: browser closed, card awaited: declined",
    "agent: browser closed, claimed and not sent: not reached",
    "agent: reported twice: approved",
    "agent: report says another amount",
    "agent: forged while awaited",
)
# What two processes or hosts might do to each other; what NETS does to one of them is played with one server.
BETWEEN_PROCESSES = (
    "abort races",
    "agent",
    "cut after",
    "double click",
    "nothing broken",
    "a payment behind",
    "refund races",
    "retry storm",
    "serialization",
    "till",
    "two ",
)


class Run:
    """One world, and what went wrong in it that no comparison shows."""

    def __init__(self, options, name, only=(), **world):
        """Choose what is run; nothing is started yet.

        :param only: names of faults; empty for those that `--only` wants
        :param world: arguments of World
        """
        self.options = options
        service = Service(options.nets_url) if options.nets_url else None
        self.world = World(name, service=service, **world)
        self.only = only
        self.troubles = []
        self.knowledge = knowledge.Knowledge()
        self.town = None

    def catalogue(self):
        """Return all jobs that may run beside each other: (fault, job)."""
        has_till = bool(self.world.till)
        return faults.catalogue(has_till) + (agents.catalogue(has_till) if self.world.has_agents else [])

    def wanted(self, fault):
        if self.only:
            return fault in self.only
        return (self.options.only or "").lower() in fault.lower()

    def __enter__(self):
        self.world.__enter__()
        return self

    def __exit__(self, *exception):
        self.world.__exit__(*exception)

    def guarded(self, name, job, *args, **kwargs):
        """Run a job; an error in it is one of the harness, or a promise that wasn't kept."""
        try:
            job(self.world, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  told in whole at the end, and the run has failed
            stack.say(f"  ✗ {name}: {error}")
            self.troubles.append(f"{name}: {traceback.format_exc()}")

    def beside_each_other(self, jobs):
        """Run jobs, some at a time: (fault, job)."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for fault, job in jobs:
                pool.submit(self.guarded, fault, job)

    def one_by_one(self, jobs):
        for name, job, *args in jobs:
            with stack.step(name):
                self.guarded(name, job, *args)

    def at_random(self, count):
        """The long random run."""
        seed = self.options.seed
        plan = faults.random_plan(seed, count, self.catalogue())
        chaos = collections.deque(faults.chaos_plan(seed, count))
        rng = random.Random(seed + 2)
        # some dozen invoices that everybody pays on, a little at a time
        shared = [self.world.invoice() for _number in range(max(8, count // 12))]
        for _job, values in plan:
            values["invoice"] = rng.choice(shared)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures = [pool.submit(self.guarded, "random run", job, **values) for job, values in plan]
            done = 0
            while done < len(futures):
                done = sum(future.done() for future in futures)
                if chaos and done >= chaos[0][0]:
                    _after, what = chaos.popleft()
                    stack.say(f"  after {done} jobs: {what}")
                    self.guarded(what, faults.break_everything, what, rng)
                time.sleep(0.2)

    def compare(self):
        if trouble := self.world.close_till():
            self.troubles.append(f"the session of the till can't be closed: {trouble}")
        self.troubles += self.world.jobs_at_once()
        self.knowledge = knowledge.measure(
            self.world.postgresql,
            self.world.database,
            self.world.service.results(),
            self.world.operations,
            self.world.outages,
            CUSTOMER_TIMEOUT,
        )
        return books.compare(
            self.world.postgresql,
            self.world.database,
            self.world.ledger(),
            self.world.operations,
            self.world.debts,
            self.world.service.requests(),
        )

    def single_faults(self, only=("",)):
        """:param only: how the faults' names begin"""
        jobs = [(fault, job) for fault, job in self.catalogue() if fault.startswith(only) and self.wanted(fault)]
        if jobs:
            self.world.make_invoices(len(jobs) * self.options.repeat)
            with stack.step(f"{len(jobs)} faults of single payments, {self.options.repeat} times"):
                self.beside_each_other(jobs * self.options.repeat)

    def kills(self):
        """Kill a server at each boundary; where there are two, one after the other."""
        points = faults.kill_points(self.world.hosts, bool(self.world.till))
        points += agents.kill_points() if self.world.has_agents else []
        points = [point for point in points if self.wanted(point.fault)]
        rounds = faults.rounds_of(points, self.world.workers)
        self.one_by_one(
            (
                f"Killed, round {number + 1} of {len(rounds)}",
                faults.kill_round,
                points,
                number % len(self.world.servers),
            )
            for number, points in enumerate(rounds)
        )

    def alone(self):
        alone = faults.ALONE + (agents.ALONE if self.world.has_agents else [])
        self.one_by_one(item for item in alone if self.wanted(item[0]))

    def people(self, sequences, is_disturbed=False):
        """People call whatever RPC lets them call.

        :param int sequences: how many generated ones; 0: those that somebody once found
        :param bool is_disturbed: servers are killed, and lines cut, meanwhile
        """
        plan = people.sequences(self.options.seed, sequences) if sequences else people.ways_round()
        if not self.town:
            self.town = people.Town(self.world)
        what = f"People: {len(plan)} sequences" + (f", seed {self.options.seed}" if sequences else "")
        done = threading.Event()

        def disturb():
            rng = random.Random(self.options.seed)
            while not done.wait(DISTURBED_EVERY):
                with self.town.setting_up:
                    self.guarded("people, disturbed", faults.break_everything, rng.choice(DISTURBANCES), rng)

        disturbing = threading.Thread(target=disturb)
        with stack.step(what):
            if is_disturbed:
                disturbing.start()
            try:
                troubles, requests = people.play_all(self.town, plan, morning=bool(sequences))
            finally:
                done.set()
                if is_disturbed:
                    disturbing.join()
        self.troubles += troubles
        stack.say(f"  {requests} requests, {len(troubles)} sequences with troubles")

    def fill_up(self, operations):
        """The random run, with at least so many operations."""
        if operations > 0 and not self.options.only:
            # each job is one operation or more
            with stack.step(f"Random run, {operations} jobs, seed {self.options.seed}"):
                self.at_random(operations)


def parts(options):
    """Return what is run, one after the other."""
    if options.short or options.random:
        return [one_host]
    wanted = {one_host: 1, two_hosts: 2, people_alone: None}
    if options.people:
        return [people_alone]
    return [
        part for part, hosts in wanted.items() if options.hosts in (None, hosts) and not (options.only and not hosts)
    ]


def one_host(options, _so_far):
    """One Odoo server with threads: everything, and half of the random run."""
    # the short selection has nothing of the till
    run = Run(options, "one", till=not options.short)
    with _started(run, "One Odoo server with threads"):
        if options.short:
            run.single_faults(SHORT)
            run.one_by_one([("Killed", faults.kill_round, faults.SHORT_KILL_ROUND)])
        elif options.random:
            run.fill_up(options.operations)
        else:
            run.single_faults()
            run.kills()
            run.alone()
            run.fill_up(options.operations // 2 - len(run.world.operations))
        rows = run.compare()
        if options.short:
            run.people(0)
        return rows, run


def people_alone(options, _so_far):
    """People who try to get round everything, on a server that is broken meanwhile."""
    run = Run(options, "people", till=False)
    with _started(run, "One Odoo server, for people"):
        run.people(0)
        run.people(options.sequences, is_disturbed=True)
        return {}, run


def two_hosts(options, so_far):
    """Two Odoo servers with worker processes on one database: what may go wrong between processes and hosts."""
    run = Run(options, "two", hosts=2, workers=2)
    with _started(run, "Two Odoo servers with two workers each, on one database"):
        run.single_faults(BETWEEN_PROCESSES)
        run.kills()
        run.alone()
        run.fill_up(options.operations - so_far - len(run.world.operations))
        return run.compare(), run


@contextlib.contextmanager
def _started(run, what):
    with stack.step(what):
        run.world.__enter__()
    try:
        yield
    finally:
        run.world.__exit__()


def self_check(options):
    """Break one rule after the other, and see each found.

    :return: whether all were
    """
    found = [self_check_on_one_server(options)]
    for mutation in _wanted(options, MUTATIONS):
        run = Run(options, "mutated", only=mutation.only, mutation=mutation, till=False)
        with stack.step(f"Broken on purpose: {mutation.name}"), run:
            jobs = [(fault, job) for fault, job in run.catalogue() if run.wanted(fault)]
            run.world.make_invoices(40)
            run.beside_each_other(jobs * 8)
            run.kills()
            rows = run.compare()
        troubles = [text for row in rows.values() for text in row.troubles] + run.troubles + run.knowledge.troubles
        lost, double = (sum(getattr(row, name) for row in rows.values()) for name in ("lost", "double"))
        person = sum(row.person - row.person_expected for row in rows.values())
        found.append(
            _tell(mutation, troubles, f" (lost {lost}, double {double}, needlessly left to a person {person})")
        )
    return all(found)


def self_check_on_one_server(options):
    """The same for what people might do, and for what only a till keeps, on one database, with a server that starts
    again for each rule. Without any broken, nothing may be found.

    :return: whether all were found
    """
    of_tills, of_people = _wanted(options, OF_TILLS), _wanted(options, OF_PEOPLE)
    if not of_tills and not of_people:
        return True
    run = Run(options, "mutated_people", till=False)
    with _started(run, "One Odoo server, for people and tills"):
        town = people.Town(run.world) if of_people else None

        def of_till(*mutations):
            suites = {suite for mutation in mutations for suite in mutation.suites}
            return hoot.failures(run.world.servers[0], sorted(suites)) if suites else []

        def of_person(*mutations):
            plan = people.ways_round({way for mutation in mutations for way in mutation.ways})
            return people.play_all(town, plan, morning=False)[0] if plan else []

        with stack.step("Nothing broken"):
            troubles = of_till(*of_tills) + (of_person(*of_people) if of_people else [])
        for trouble in troubles:
            print(f"✗ found, although nothing is broken: {trouble}", flush=True)
        found = [not troubles]
        for mutation, play in [(each, of_till) for each in of_tills] + [(each, of_person) for each in of_people]:
            with stack.step(f"Broken on purpose: {mutation.name}"):
                run.world.break_rule(mutation)
                found.append(_tell(mutation, play(mutation)))
    return all(found)


def _wanted(options, mutations):
    return [mutation for mutation in mutations if (options.only or "") in mutation.name]


def _tell(mutation, troubles, numbers=""):
    troubles = [text for text in troubles if mutation.finds in text]
    print(f"{'✓ found' if troubles else '✗ NOT found'}: {mutation.name}{numbers}")
    if troubles:
        print(f"    {troubles[0][:300]}", flush=True)
    return bool(troubles)


def main():
    parser = argparse.ArgumentParser(
        prog="script/faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operations", type=int, default=1000, help="at least so many (1000)")
    parser.add_argument("--seed", type=int, default=4, help="of the random run (4)")
    parser.add_argument("--random", action="store_true", help="only the random run, with one server")
    parser.add_argument("--sequences", type=int, default=40, help="of people, besides those that are known (40)")
    parser.add_argument("--people", action="store_true", help="only people who call whatever RPC lets them call")
    parser.add_argument("--nets-url", help="another implementation of the service; see fault_harness/service.py")
    parser.add_argument("--only", help="only faults whose name contains this; no random run")
    parser.add_argument("--repeat", type=int, default=1, help="how often each fault of a single payment is played (1)")
    parser.add_argument("--hosts", type=int, choices=(1, 2), help="only with one server, or only with two")
    parser.add_argument("--short", action="store_true", help="a selection of 60 operations, with one server")
    parser.add_argument("--self-check", action="store_true", help="break rules of money, and see each found")
    options = parser.parse_args()
    stack.exit_on_signals()
    if options.self_check:
        return 0 if self_check(options) else 1
    began = time.monotonic()
    rows, troubles, known = {}, [], knowledge.Knowledge()
    for part in parts(options):
        more, run = part(options, sum(row.runs for row in rows.values()))
        troubles += run.troubles + run.knowledge.troubles
        known.add(run.knowledge)
        for fault, row in more.items():
            rows.setdefault(fault, books.Row()).add(row)
    stack.say(f"· {time.monotonic() - began:.0f} s")
    agreed = books.print_table(rows, troubles, known)
    return 0 if agreed else 1


if __name__ == "__main__":
    stack.exit_with(main)
