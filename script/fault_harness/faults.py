"""The catalogue: what is broken, and how. Each job makes its operations on terminals of its own."""

import contextlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import stack

from .desk import Unreachable
from .world import INVOICE_TOTAL, PROMISE

# A terminal's clock has seconds: two results within the same one can't be told apart by it. No customer is that fast.
A_MOMENT = {"seconds": 1.1}
HELD = {"release": True}
AT_THE_BANK = {"release": True, "phase": "processing"}

APPROVED = {"outcome": "approved"}
DECLINED = {"outcome": "insufficient_funds", "wait": A_MOMENT}
CANCELLED = {"outcome": "customer_cancelled", "wait": A_MOMENT}


def together(calls):
    """Make calls at the same instant, each in a thread of its own, and return their results."""
    barrier = threading.Barrier(len(calls))

    def call(function):
        barrier.wait()
        return function()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call, function) for function in calls]]


# === ONE PAYMENT, ONE ANSWER === #


def played(fault, play, person=False):
    """Return a job: one payment, with this play on the terminal."""

    def job(world, **values):
        with world.terminal() as terminal:
            world.service.play(terminal.identifier, play)
            world.pay(world.operation(fault, terminal, person=person, **values))

    return fault, job


def answer_jobs():
    """Return a job for each way in which an answer gets lost or odd, and for each outcome."""
    jobs = [
        played("nothing broken: approved", APPROVED),
        played("nothing broken: declined", DECLINED),
        played("nothing broken: cancelled", CANCELLED),
        played("cut before the request: not reached", {**APPROVED, "answer": "cut_before"}),
    ]
    kinds = {
        "cut_after": "cut after the request",
        "cut_mid": "cut in mid-answer",
        "never": "answer never comes",
        "html_502": "answer is HTML, 502",
        "http_500": "answer is a 500",
        "broken_json": "answer is broken JSON",
        "empty": "answer is empty",
        "result_99": "Result 99",
    }
    for answer, name in kinds.items():
        jobs.append(played(f"{name}: approved", {**APPROVED, "answer": answer}))
        jobs.append(played(f"{name}: declined", {**DECLINED, "answer": answer}))
    jobs += [
        played("cut after the request: cancelled", {**CANCELLED, "answer": "cut_after"}),
        played("answer comes late", {**APPROVED, "wait": {"seconds": 8}}),
        played("answer comes after we hung up: approved", {**APPROVED, "wait": {"seconds": 18}}),
        played("answer comes after we hung up: declined", {**DECLINED, "wait": {"seconds": 18}}),
        played("a tip, lost answer", {**APPROVED, "tip": 1500, "answer": "cut_after"}),
        played(
            "odd shapes, lost answer",
            {
                **APPROVED,
                "answer": "cut_mid",
                "shape": {"result": "number", "amounts": "number", "timestamp": "iso", "null": ["CVM", "AID"]},
            },
        ),
        played(
            "no STAN, no time, lost answer",
            {**APPROVED, "answer": "cut_after", "shape": {"timestamp": "absent", "empty": ["StanAuth"]}},
        ),
    ]
    return jobs


# === PEOPLE === #


def double_click(world, presses=2, fault="double click", **values):
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "wait": A_MOMENT})
        operation = world.operation(fault, terminal, **values)
        deadline = time.monotonic() + PROMISE
        desks = [world.desk() for _press in range(presses)]
        together(
            [
                lambda number=number, desk=desk: desk.press(operation, deadline, server=number)
                for number, desk in enumerate(desks)
            ]
        )
        if operation.transaction:
            world.finish(operation, desks[0], deadline)


def retry_storm(world, **values):
    double_click(world, 6, "retry storm", **values)


def two_accountants(world, **values):
    """Two people charge the whole of one invoice, each on a terminal of their own."""
    values["amount"] = INVOICE_TOTAL
    values["invoice"] = world.invoice()
    with world.terminal() as here, world.terminal() as there:
        operations = []
        for terminal, user in ((here, "admin"), (there, "demo")):
            world.service.play(terminal.identifier, {**APPROVED, "wait": A_MOMENT})
            operations.append(world.operation("two accountants, one invoice", terminal, user=user, **values))
        together(
            [
                lambda number=number, operation=operation: world.pay(operation, number)
                for number, operation in enumerate(operations)
            ]
        )


def two_on_one_terminal(world, **values):
    """Till and back office want the same terminal at the same moment, for different debts."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "wait": A_MOMENT}, {**APPROVED, "wait": A_MOMENT})
        operations = [
            world.operation("two people, one terminal", terminal, user=user, may_wait=False, **values)
            for user in ("admin", "demo")
        ]
        together(
            [
                lambda number=number, operation=operation: world.pay(operation, number)
                for number, operation in enumerate(operations)
            ]
        )


def abort(mode, outcome="approved"):
    """Return a job: the merchant's abort meets the customer's card."""

    def job(world, **values):
        with world.terminal() as terminal:
            world.service.play(terminal.identifier, {"outcome": outcome, "abort": mode, "wait": HELD})
            operation = world.operation(f"abort {mode.replace('_', ' ')}", terminal, **values)
            desk, deadline = world.desk(), time.monotonic() + PROMISE
            desk.press(operation, deadline)
            if not operation.transaction:
                return
            with contextlib.suppress(stack.StackError):  # a process that died meanwhile never sent it
                world.wait_held(operation, timeout=10)
            with contextlib.suppress(Unreachable):
                desk.abort(operation)
            if mode == "ignored":
                with contextlib.suppress(stack.StackError):
                    world.service.release(terminal.identifier)
            world.finish(operation, desk, deadline)

    return f"abort {mode.replace('_', ' ')}", job


def abort_races_sending(world, **values):
    """The abort comes in the very moment in which the request is sent."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "wait": A_MOMENT})
        operation = world.operation("abort races sending", terminal, **values)
        desk, deadline = world.desk(), time.monotonic() + PROMISE
        desk.press(operation, deadline)
        if operation.transaction:
            with contextlib.suppress(Unreachable):
                desk.abort(operation)
            world.finish(operation, desk, deadline)


def two_on_one_terminal_lost(world, **values):
    """The same, and the first one's answer gets lost: a second one on the terminal would wipe out the evidence."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "answer": "cut_after"}, APPROVED)
        operations = [
            world.operation("two people, one terminal, lost answer", terminal, user=user, **values)
            for user in ("admin", "demo")
        ]
        together(
            [
                lambda number=number, operation=operation: world.pay(operation, number)
                for number, operation in enumerate(operations)
            ]
        )


# === TERMINALS AND THE SERVICE === #


def tokens_revoked(world, **values):
    world.service.service(revoke_tokens=True)
    played("token expired in between", {**APPROVED, "wait": A_MOMENT})[1](world, **values)


def power_cut(world, **values):
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "wait": HELD})
        operation = world.operation("terminal loses power", terminal, **values)
        desk, deadline = world.desk(), time.monotonic() + PROMISE
        desk.press(operation, deadline)
        world.wait_held(operation)
        world.service.press(terminal.identifier, "unplug")
        desk.look(operation, deadline)
        world.service.press(terminal.identifier, "plug")
        world.finish(operation, desk, deadline)


def network_cut(world, **values):
    """The terminal loses the line to NETS, and charges the card all the same."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "wait": AT_THE_BANK})
        operation = world.operation("terminal loses its network", terminal, **values)
        desk, deadline = world.desk(), time.monotonic() + PROMISE
        desk.press(operation, deadline)
        world.wait_held(operation)
        world.service.press(terminal.identifier, "cut_network")
        world.service.release(terminal.identifier)
        desk.look(operation, deadline)
        world.service.press(terminal.identifier, "restore_network")
        world.finish(operation, desk, deadline)


def typed_by_hand(outcome, charged):
    """Return a job: the answer is lost, and before anybody can look somebody types on the terminal itself."""
    fault = f"lost answer, then typed by hand: {outcome}"

    def job(world, **values):
        with world.terminal() as terminal:
            play = {**APPROVED, "answer": "cut_after" if charged else "cut_before"}
            world.service.play(terminal.identifier, play)
            operation = world.operation(fault, terminal, person=True, **values)
            desk = world.desk()
            deadline = time.monotonic() + 55
            desk.press(operation, deadline)
            world.wait_finished_on_terminal(operation)
            world.service.by_hand(terminal.identifier, outcome, operation.amount if outcome == "declined" else 4711)
            world.finish(operation, desk, deadline)

    return fault, job


def approved_predecessor(world, **values):
    """The same amount was charged just before, and then the request doesn't reach the terminal."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, APPROVED, {**APPROVED, "answer": "cut_before"})
        for _number in range(2):
            world.pay(world.operation("the same amount before, then not reached", terminal, **values))


def unrecognisable_predecessor(world, **values):
    """What the terminal did before can't be recognised, and then the request doesn't reach it."""
    with world.terminal() as terminal:
        nameless = {"shape": {"timestamp": "empty", "empty": ["StanAuth"]}}
        world.service.play(terminal.identifier, {**CANCELLED, **nameless}, {**APPROVED, "answer": "cut_before"})
        fault = "predecessor without marks, not reached"
        world.pay(world.operation(fault, terminal))
        world.pay(world.operation(fault, terminal, person=True, **values))


# === THE DATABASE === #


def rivals(world, **values):
    """Somebody else writes on the invoice all the time: serialization failures in every phase."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "wait": A_MOMENT})
        operation = world.operation("serialization conflicts", terminal, **values)
        done = threading.Event()

        def rival():
            connection = world.postgresql.connect(world.database)
            # not for ever: nobody could book against that
            until = time.monotonic() + 8
            with contextlib.closing(connection), connection.cursor() as cursor:
                while not done.wait(0.1) and time.monotonic() < until:
                    cursor.execute("UPDATE account_move SET write_date = now() WHERE id = %s", [operation.invoice])
                    cursor.execute(
                        "UPDATE nets_transaction SET write_date = now() WHERE request_id = %s", [operation.request_id]
                    )

        thread = threading.Thread(target=rival)
        thread.start()
        try:
            world.pay(operation)
        finally:
            done.set()
            thread.join()


def connection_lost(gate, play=APPROVED):
    """Return a job: the database takes the connection away at this boundary, before anything is committed."""
    fault = f"connection to PostgreSQL lost: {gate}"

    def job(world, **values):
        with world.terminal() as terminal, ThreadPoolExecutor(1) as pool:
            world.service.play(terminal.identifier, play)
            operation = world.operation(fault, terminal, **values)
            closed = world.gates.close(operation.request_id, gate)
            paying = pool.submit(world.pay, operation)
            pid = world.gates.reached(closed, fault)
            world.gates.break_off(closed, lambda: world.gates.terminate(pid))
            paying.result()

    return fault, job


def catalogue():
    """Return all jobs that may run beside each other: (fault, job)."""
    return [
        *answer_jobs(),
        ("double click", double_click),
        ("retry storm", retry_storm),
        ("two accountants, one invoice", two_accountants),
        ("two people, one terminal", two_on_one_terminal),
        ("two people, one terminal, lost answer", two_on_one_terminal_lost),
        abort("obeyed"),
        abort("too_late"),
        abort("ignored"),
        ("abort races sending", abort_races_sending),
        ("token expired in between", tokens_revoked),
        ("terminal loses power", power_cut),
        ("terminal loses its network", network_cut),
        typed_by_hand("declined", charged=True),
        typed_by_hand("approved", charged=True),
        typed_by_hand("approved", charged=False),
        ("the same amount before, then not reached", approved_predecessor),
        ("predecessor without marks, not reached", unrecognisable_predecessor),
        ("serialization conflicts", rivals),
        *[connection_lost(gate) for gate in ("reserve", "claim", "record", "book")],
    ]


# === THE PROCESS IS KILLED === #


@dataclass(frozen=True)
class Point:
    """A boundary between phases at which the process is killed, and what the terminal does."""

    name: str
    play: dict
    gate: str = ""

    @property
    def fault(self):
        return f"killed: {self.name}"

    def ready(self, world, operation, gate):
        """Wait until the operation has got there."""
        if gate:
            world.gates.reached(gate, self.fault)
        elif self.play.get("wait") in (HELD, AT_THE_BANK):
            world.wait_held(operation)
        else:
            world.wait_finished_on_terminal(operation)


# A thread that stands at a gate holds one of the few cursors that the engine's threads share: few gates in a round.
KILL_ROUNDS = [
    [
        Point("reserving", APPROVED, "reserve"),
        Point("reserved, no thread yet", APPROVED, "reserve_commit"),
        Point("claiming", APPROVED, "claim"),
        Point("claimed, not sent", APPROVED, "claim_commit"),
        Point("at the terminal, then approved", {**APPROVED, "wait": HELD}),
        Point("at the terminal, then declined", {"outcome": "insufficient_funds", "wait": HELD}),
        Point("at the bank, then approved", {**APPROVED, "wait": AT_THE_BANK}),
    ],
    [
        Point("approved, not answered", {**APPROVED, "answer": "never"}),
        Point("declined, not answered", {**DECLINED, "answer": "never"}),
        Point("approved, recording", APPROVED, "record"),
        Point("declined, recording", DECLINED, "record"),
        Point("approved, recorded", APPROVED, "record_commit"),
    ],
    [
        Point("declined, recorded", DECLINED, "record_commit"),
        Point("approved, booking", APPROVED, "book"),
        Point("not reached", {**APPROVED, "answer": "cut_before"}),
    ],
    [
        # whoever books holds the journal's sequence: one of these at a time
        Point("approved, booked", APPROVED, "book_commit"),
    ],
]


def under_way(world, points, server, damage, repair=None):
    """Have one operation stand at each of these points, break something, let the terminals go on, repair it.

    :param damage: called once all stand at their points
    :param repair: called when nobody holds them any more; afterwards everything has to settle
    """
    with contextlib.ExitStack() as terminals, ThreadPoolExecutor(len(points)) as pool:
        held = []
        for point in points:
            terminal = terminals.enter_context(world.terminal())
            world.service.play(terminal.identifier, point.play)
            operation = world.operation(point.fault, terminal)
            gate = world.gates.close(operation.request_id, point.gate) if point.gate else None
            held.append((point, operation, gate, pool.submit(world.pay, operation, server)))
        try:
            for point, operation, gate, _future in held:
                point.ready(world, operation, gate)
            for _point, _operation, gate, _future in held:
                if gate:
                    world.gates.forget(gate)
            damage()
        finally:
            for point, operation, gate, _future in held:
                if gate:
                    world.gates.forget(gate)
                    world.gates.open(gate)
                if point.play.get("wait") in (HELD, AT_THE_BANK):
                    with contextlib.suppress(stack.StackError):
                        world.service.release(operation.terminal.identifier)
            if repair:
                repair()
        for _point, _operation, _gate, future in held:
            future.result()


def kill_round(world, points, server=0):
    """Kill one Odoo server while an operation stands at each of these points, and start it again."""
    under_way(world, points, server, lambda: world.kill_odoo(server), lambda: world.start_odoo(server))


def restart_postgresql(world):
    """PostgreSQL crashes with payments at the terminals, in mid-recording and in mid-booking."""
    points = [
        Point("approved", {**APPROVED, "wait": HELD}),
        Point("declined", {"outcome": "insufficient_funds", "wait": HELD}),
        Point("recording", APPROVED, "record"),
        Point("booking", APPROVED, "book"),
        Point("answer lost", {**APPROVED, "answer": "never"}),
    ]
    points = [Renamed("PostgreSQL restarted", point) for point in points]
    under_way(world, points, 0, world.crash_postgresql)


def cut_database_line(world):
    """All connections to PostgreSQL are cut; what was inside its COMMIT is committed, and nobody knows."""
    for gate in ("reserve_commit", "claim_commit", "record_commit", "book_commit"):
        points = [Renamed("connection to PostgreSQL lost", Point(gate, APPROVED, gate))]
        under_way(world, points, 0, world.database_line.cut)


def cut_nets_line(world):
    """All connections to NETS are cut while customers stand at the terminals."""
    points = [
        Point("approved", {**APPROVED, "wait": HELD}),
        Point("declined", {"outcome": "insufficient_funds", "wait": HELD}),
    ]
    under_way(world, [Renamed("connection to NETS cut", point) for point in points], 0, world.nets_line.cut)


def refuse_nets_line(world):
    """NETS can't be reached: nothing is sent, and that is certain."""
    world.nets_line.refuse()
    try:
        with world.terminal() as terminal:
            world.pay(world.operation("connection to NETS refused", terminal))
    finally:
        world.nets_line.accept()


SHORT_KILL_ROUND = [
    Point("claimed, not sent", APPROVED, "claim_commit"),
    Point("at the terminal, then approved", {**APPROVED, "wait": HELD}),
    Point("approved, recording", APPROVED, "record"),
    Point("approved, recorded", APPROVED, "record_commit"),
]


@dataclass(frozen=True)
class Renamed:
    """A point at which something else breaks than the process."""

    what: str
    point: Point

    @property
    def fault(self):
        return f"{self.what}: {self.point.name}"

    @property
    def play(self):
        return self.point.play

    @property
    def gate(self):
        return self.point.gate

    def ready(self, world, operation, gate):
        self.point.ready(world, operation, gate)


# === EVERYTHING AT ONCE === #

# What the random run mixes; the others take the whole service or database for themselves, or destroy evidence.
RANDOM_WEIGHTS = {
    "nothing broken: approved": 30,
    "nothing broken: declined": 6,
    "nothing broken: cancelled": 4,
    "double click": 4,
    "retry storm": 2,
    "two accountants, one invoice": 3,
    "two people, one terminal": 3,
    "abort obeyed": 2,
    "abort too late": 2,
    "abort races sending": 2,
    "token expired in between": 2,
    "cut before the request: not reached": 1,
}
NOT_RANDOM = (
    "typed by hand",
    "predecessor without marks",
    "serialization",
    "PostgreSQL",
    "loses",
    "hung up",
    "ignored",
)


def random_plan(seed, count):
    """Return the jobs of the random run, the same for the same seed: (job, values)."""
    rng = random.Random(seed)
    jobs = [(fault, job) for fault, job in catalogue() if not any(word in fault for word in NOT_RANDOM)]
    weights = [RANDOM_WEIGHTS.get(fault, 1) for fault, _job in jobs]
    return [(job, {"amount": rng.randint(100, 6000)}) for _fault, job in rng.choices(jobs, weights, k=count)]


CHAOS = ("kill", "kill", "database crash", "database cut", "nets cut", "nets refused", "tokens")


def chaos_plan(seed, count):
    """Return what is broken for everybody during the random run: [(after how many jobs, what)]."""
    rng = random.Random(seed + 1)
    step = 50
    return [(after, rng.choice(CHAOS)) for after in range(step // 2, count, step)]


def break_everything(world, what, rng):
    """Do one thing of the chaos plan."""
    number = rng.randrange(len(world.servers))
    match what:
        case "kill":
            world.kill_odoo(number)
            world.start_odoo(number)
        case "database crash":
            world.crash_postgresql()
        case "database cut":
            world.database_line.cut()
        case "nets cut":
            world.nets_line.cut()
        case "nets refused":
            world.nets_line.refuse()
            time.sleep(1)
            world.nets_line.accept()
        case "tokens":
            world.service.service(revoke_tokens=True)
