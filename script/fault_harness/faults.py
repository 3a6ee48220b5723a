"""The catalogue: what is broken, and how. Each job makes its operations on terminals of its own."""

import contextlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import stack

from .desk import Operation, Unreachable
from .world import INVOICE_TOTAL, PERSON_WAIT, PROMISE, REVERSALS, is_evidence_gone

# A terminal's clock has seconds: two results within the same one can't be told apart by it. No customer is that fast.
A_MOMENT = {"seconds": 1.1}
HELD = {"release": True}
AT_THE_BANK = {"release": True, "phase": "processing"}

APPROVED = {"outcome": "approved"}
SLOWLY_APPROVED = {**APPROVED, "wait": A_MOMENT}
DECLINED = {"outcome": "insufficient_funds", "wait": A_MOMENT}
CANCELLED = {"outcome": "customer_cancelled", "wait": A_MOMENT}
NOT_REACHED = {**APPROVED, "answer": "cut_before"}

KINDS = ("purchase", "refund", "reversal")
# at the till, the terminal also reverses what an unfinished order was paid with
TILL_KINDS = (*KINDS, "unpaid reversal")


def named(fault, kind, by_hand=False):
    """Return a fault's name with what it happens to."""
    extras = [kind] if kind != "purchase" else []
    extras += ["used by hand"] if by_hand else []
    return f"{fault} ({', '.join(extras)})" if extras else fault


def together(calls):
    """Make calls at the same instant, each in a thread of its own, and return their results."""
    barrier = threading.Barrier(len(calls))

    def call(function):
        barrier.wait()
        return function()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call, function) for function in calls]]


def pay_together(world, operations):
    """Have all of them paid at the same instant, each on another server."""
    together(
        [
            lambda number=number, operation=operation: world.pay(operation, number)
            for number, operation in enumerate(operations)
        ]
    )


# === ONE PAYMENT, ONE ANSWER === #


def played(fault, play, kind="purchase", by_hand=None, person=False, till=False):
    """Return a job: one payment, refund or reversal, for an invoice or at the till, with this play on the terminal."""
    fault = named(f"till: {fault}" if till else fault, kind, by_hand)

    def job(world, **values):
        with world.terminal(by_hand) as terminal:
            values = world.prepare(terminal, kind, till=till, **values)
            if values is None:
                return
            world.service.play(terminal.identifier, play)
            world.pay(world.operation(fault, terminal, person=person, **values))

    return fault, job


def lost(answer, name, fate, kind="purchase", by_hand=None, till=False):
    """Return a job: the answer to this is lost in this way."""
    play = {
        "approved": SLOWLY_APPROVED if kind in REVERSALS else APPROVED,
        "declined": DECLINED,
        "cancelled": CANCELLED,
        "not reached": APPROVED,
    }[fate]
    if is_evidence_gone(kind, fate, by_hand=False) != is_evidence_gone(kind, fate, by_hand=True):
        by_hand = bool(by_hand)
    person = is_evidence_gone(kind, fate, by_hand)
    return played(f"{name}: {fate}", {**play, "answer": answer}, kind, by_hand, person, till)


def answer_jobs():
    """Return a job for each way in which an answer gets lost or garbled, and for each outcome and kind."""
    jobs = []
    for kind in KINDS:
        approved = SLOWLY_APPROVED if kind == "reversal" else APPROVED
        jobs += [
            played("nothing broken: approved", approved, kind),
            played("nothing broken: declined", DECLINED, kind),
            played("nothing broken: cancelled", CANCELLED, kind, by_hand=False),
            lost("cut_before", "cut before the request", "not reached", kind),
            lost("cut_after", "cut after the request", "cancelled", kind),
        ]
        names = {
            "cut_after": "cut after the request",
            "cut_mid": "cut in mid-answer",
            "never": "answer never comes",
            "result_99": "Result 99",
        }
        if kind == "purchase":
            names |= {
                "html_502": "answer is HTML, 502",
                "http_500": "answer is a 500",
                "broken_json": "answer is broken JSON",
                "empty": "answer is empty",
            }
        for answer, name in names.items():
            jobs += [lost(answer, name, "approved", kind), lost(answer, name, "declined", kind)]
    return [
        *jobs,
        lost("cut_after", "cut after the request", "cancelled", by_hand=True),
        lost("cut_after", "cut after the request", "approved", "refund", by_hand=True),
        lost("cut_after", "cut after the request", "cancelled", "refund", by_hand=True),
        lost("cut_after", "cut after the request", "approved", "reversal", by_hand=True),
        lost("cut_after", "cut after the request", "declined", "reversal", by_hand=True),
        played("answer comes late", {**APPROVED, "wait": {"seconds": 8}}),
        played("answer comes late", {**APPROVED, "wait": {"seconds": 8}}, "refund"),
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
    ]


# === PEOPLE === #


def double_click(world, presses=2, fault="double click", kind="purchase", **values):
    with world.terminal() as terminal:
        values = world.prepare(terminal, kind, **values)
        if values is None:
            return
        world.service.play(terminal.identifier, SLOWLY_APPROVED)
        operation = world.operation(named(fault, kind), terminal, **values)
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


def double_click_on_refund(world, **values):
    double_click(world, kind="refund", **values)


def retry_storm(world, **values):
    double_click(world, 6, "retry storm", **values)


def retries_of_one_failure(world, **values):
    """A refused payment is tried again by many at once, each with their own request: one of them may charge."""
    with world.terminal() as terminal:
        fault = "retry storm, many requests"
        world.service.play(terminal.identifier, DECLINED)
        # what is left of the invoice has to be too little for two
        values |= {"invoice": world.invoice(), "amount": INVOICE_TOTAL}
        failed = world.operation(fault, terminal, **values)
        world.pay(failed)
        if failed.state != "failed":
            return
        world.service.play(terminal.identifier, SLOWLY_APPROVED)
        operations = [
            world.operation(fault, terminal, repeats=failed, may_wait=False, **values) for _number in range(4)
        ]
        pay_together(world, operations)


def two_accountants(world, **values):
    """Two people charge the whole of one invoice, each on their own terminal."""
    values |= {"invoice": world.invoice(), "amount": INVOICE_TOTAL}
    with world.terminal() as here, world.terminal() as there:
        operations = []
        for terminal, user in ((here, "admin"), (there, "demo")):
            world.service.play(terminal.identifier, SLOWLY_APPROVED)
            operations.append(world.operation("two accountants, one invoice", terminal, user=user, **values))
        pay_together(world, operations)


def two_accountants_refund(world, kinds=("refund", "refund"), fault="two accountants refund one payment", **values):
    """Two people give the whole of one payment back, each on their own terminal."""
    with world.terminal(by_hand=False) as here, world.terminal() as there:
        values = world.prepare(here, "refund", **values)
        if values is None:
            return
        operations = []
        for terminal, user, kind in ((here, "admin", kinds[0]), (there, "demo", kinds[1])):
            world.service.play(terminal.identifier, SLOWLY_APPROVED)
            operations.append(world.operation(fault, terminal, **{**values, "user": user, "kind": kind}))
        pay_together(world, operations)


def refund_races_reversal(world, **values):
    two_accountants_refund(world, ("reversal", "refund"), "refund races reversal", **values)


def two_on_one_terminal(world, **values):
    """Two people want the same terminal at the same moment, for different debts."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, SLOWLY_APPROVED, SLOWLY_APPROVED)
        pay_together(
            world,
            [
                world.operation("two people, one terminal", terminal, user=user, may_wait=False, **values)
                for user in ("admin", "demo")
            ],
        )


def two_on_one_terminal_lost(world, **values):
    """The same, and the first one's answer gets lost: a second one on the terminal would wipe out the evidence."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "answer": "cut_after"}, APPROVED)
        pay_together(
            world,
            [
                world.operation("two people, one terminal, lost answer", terminal, user=user, **values)
                for user in ("admin", "demo")
            ],
        )


def payment_waits_for_lost_refund(world, **values):
    """A refund's answer is lost; the next person's payment is held until that is known, and goes on automatically."""
    fault = "a payment behind a lost refund"
    with world.terminal() as terminal:
        given_back = world.prepare(terminal, "refund", **values)
        if given_back is None:
            return
        world.service.play(terminal.identifier, {**APPROVED, "answer": "cut_after"}, SLOWLY_APPROVED)
        refund = world.operation(fault, terminal, **given_back)
        desk, deadline = world.desk(), time.monotonic() + PROMISE
        desk.press(refund, deadline)
        if not refund.transaction:
            return
        payment = world.operation(fault, terminal, **values)
        together([lambda: world.finish(refund, desk, deadline), lambda: world.pay(payment, 1)])


def abort(mode, outcome="approved", kind="purchase"):
    """Return a job: the merchant's abort meets the customer's card."""
    fault = named(f"abort {mode.replace('_', ' ')}", kind)

    def job(world, **values):
        # one that is obeyed has no number
        with world.terminal(by_hand=False) as terminal:
            values = world.prepare(terminal, kind, **values)
            if values is None:
                return
            world.service.play(terminal.identifier, {"outcome": outcome, "abort": mode, "wait": HELD})
            operation = world.operation(fault, terminal, **values)
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

    return fault, job


def abort_races_sending(world, **values):
    """The abort comes at the very moment the request is sent."""
    with world.terminal(by_hand=False) as terminal:
        world.service.play(terminal.identifier, SLOWLY_APPROVED)
        operation = world.operation("abort races sending", terminal, **values)
        desk, deadline = world.desk(), time.monotonic() + PROMISE
        desk.press(operation, deadline)
        if operation.transaction:
            with contextlib.suppress(Unreachable):
                desk.abort(operation)
            world.finish(operation, desk, deadline)


def abort_races_approval(world, **values):
    """The abort and the card come at the same moment."""
    with world.terminal(by_hand=False) as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "wait": HELD})
        operation = world.operation("abort races approval", terminal, **values)
        desk, deadline = world.desk(), time.monotonic() + PROMISE
        desk.press(operation, deadline)
        if not operation.transaction:
            return

        def release():
            with contextlib.suppress(stack.StackError):  # the abort was faster
                world.service.release(terminal.identifier)

        def cancel():
            with contextlib.suppress(Unreachable):
                desk.abort(operation)

        with contextlib.suppress(stack.StackError):
            world.wait_held(operation, timeout=10)
            together([release, cancel])
        world.finish(operation, desk, deadline)


# === TERMINALS AND THE SERVICE === #


def tokens_revoked(world, **values):
    world.service.service(revoke_tokens=True)
    played("token expired in between", SLOWLY_APPROVED)[1](world, **values)


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


def typed_by_hand(outcome, charged, same_amount):
    """Return a job: the answer is lost, and before anybody can look somebody types on the terminal itself."""
    amounts = "same amount" if same_amount else "another amount"
    fault = f"{'charged' if charged else 'not reached'}, then typed by hand: {outcome}, {amounts}"
    # A refusal with the number right behind the one before ours shows that ours never ran.
    person = charged or outcome != "declined" or not same_amount

    def job(world, **values):
        with world.terminal(by_hand=True) as terminal:
            world.service.play(terminal.identifier, {**APPROVED, "answer": "cut_after" if charged else "cut_before"})
            operation = world.operation(fault, terminal, person=person, **values)
            desk, deadline = world.desk(), time.monotonic() + PERSON_WAIT
            desk.press(operation, deadline)
            world.wait_finished_on_terminal(operation)
            time.sleep(A_MOMENT["seconds"])
            world.service.by_hand(terminal.identifier, outcome, operation.amount if same_amount else 4711)
            world.finish(operation, desk, deadline)

    return fault, job


def approved_predecessor(world, **values):
    """The same amount was charged just before, and then the request doesn't reach the terminal."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, APPROVED, NOT_REACHED)
        for _number in range(2):
            world.pay(world.operation("the same amount before, then not reached", terminal, **values))


def without_marks(fault, plays, person):
    """Return a job: what the terminal did can't be recognised, for it has neither number nor time."""
    shape = {"shape": {"timestamp": "absent", "empty": ["StanAuth"]}}

    def job(world, **values):
        # by hand, so that Odoo asks for what was last and the next one here finds marks again
        with world.terminal(by_hand=True) as terminal:
            for play, for_person in zip(plays, person, strict=True):
                with_shape = play if play is NOT_REACHED else {**play, **shape}
                world.service.play(terminal.identifier, with_shape)
                world.pay(world.operation(fault, terminal, person=for_person, **values))

    return fault, job


# === THE DATABASE === #


def rivals(world, **values):
    """Somebody else writes on the invoice all the time: serialization failures in every phase."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, SLOWLY_APPROVED)
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


def connection_lost(gate, kind="purchase"):
    """Return a job: the database takes the connection away at this boundary, before anything is committed."""
    fault = named(f"connection to PostgreSQL lost: {gate}", kind)

    def job(world, **values):
        with world.terminal(by_hand=False) as terminal, ThreadPoolExecutor(1) as pool:
            values = world.prepare(terminal, kind, **values)
            if values is None:
                return
            world.service.play(terminal.identifier, SLOWLY_APPROVED)
            operation = world.operation(fault, terminal, **values)
            closed = world.gates.close(operation.request_id, gate)
            paying = pool.submit(world.pay, operation)
            try:
                pid = world.gates.reached(closed, fault)
                world.gates.forget(closed)
                world.gates.terminate(pid)
            finally:
                world.gates.forget(closed)
                world.gates.open(closed)
            paying.result()

    return fault, job


# === AT THE TILL === #


def double_click_at_the_till(world, **values):
    """The line is sent twice with one request, and by another till with a request of its own."""
    with world.terminal() as terminal:
        values = world.prepare(terminal, "purchase", till=True, **values)
        world.service.play(terminal.identifier, SLOWLY_APPROVED)
        operation = world.operation("till: double click, and another till", terminal, **values)
        deadline = time.monotonic() + PROMISE
        # not counted: the second one gets the first one's transaction
        other = Operation(operation.fault, terminal, None, operation.amount, order=operation.order)
        desks = [world.desk() for _press in range(3)]
        pressed = [operation, operation, other]
        together(
            [
                lambda number=number, desk=desk: desk.press(pressed[number], deadline, server=number)
                for number, desk in enumerate(desks)
            ]
        )
        if operation.transaction:
            operation.request_id = world.request_of(operation)
            world.finish(operation, desks[0], deadline)


def till_and_back_office(world, **values):
    """Till and back office want the same terminal at the same moment."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, SLOWLY_APPROVED, SLOWLY_APPROVED)
        fault = "till and back office, one terminal"
        invoice = world.operation(fault, terminal, user="demo", may_wait=False, **values)
        values = world.prepare(terminal, "purchase", till=True, **values)
        order = world.operation(fault, terminal, may_wait=False, **values)
        pay_together(world, [order, invoice])


def till_behind_back_office(world, **values):
    """The back office's answer is lost; the till's payment is held until that is known, and goes on automatically."""
    with world.terminal() as terminal:
        world.service.play(terminal.identifier, {**APPROVED, "answer": "cut_after"}, SLOWLY_APPROVED)
        fault = "till behind a lost payment of the back office"
        invoice = world.operation(fault, terminal, user="demo", **values)
        desk, deadline = world.desk("demo"), time.monotonic() + PROMISE
        desk.press(invoice, deadline)
        if not invoice.transaction:
            return
        order = world.operation(fault, terminal, **world.prepare(terminal, "purchase", till=True, **values))
        together([lambda: world.finish(invoice, desk, deadline), lambda: world.pay(order, 1)])


def till_jobs():
    return [
        *(
            job
            for kind in TILL_KINDS
            for job in (
                played("nothing broken: approved", SLOWLY_APPROVED, kind, till=True),
                played("nothing broken: declined", DECLINED, kind, till=True),
                lost("cut_after", "cut after the request", "approved", kind, till=True),
                lost("cut_after", "cut after the request", "declined", kind, till=True),
                lost("cut_before", "cut before the request", "not reached", kind, till=True),
            )
        ),
        lost("result_99", "Result 99", "approved", till=True),
        ("till: double click, and another till", double_click_at_the_till),
        ("till and back office, one terminal", till_and_back_office),
        ("till behind a lost payment of the back office", till_behind_back_office),
    ]


def catalogue(till=False):
    """Return all jobs that may run beside each other: (fault, job).

    :param till: whether there is a Point of Sale
    """
    return [
        *(till_jobs() if till else []),
        *answer_jobs(),
        ("double click", double_click),
        ("double click (refund)", double_click_on_refund),
        ("retry storm", retry_storm),
        ("retry storm, many requests", retries_of_one_failure),
        ("two accountants, one invoice", two_accountants),
        ("two accountants refund one payment", two_accountants_refund),
        ("refund races reversal", refund_races_reversal),
        ("two people, one terminal", two_on_one_terminal),
        ("two people, one terminal, lost answer", two_on_one_terminal_lost),
        ("a payment behind a lost refund", payment_waits_for_lost_refund),
        abort("obeyed"),
        abort("too_late"),
        abort("ignored"),
        abort("too_late", kind="refund"),
        ("abort races sending", abort_races_sending),
        ("abort races approval", abort_races_approval),
        ("token expired in between", tokens_revoked),
        ("terminal loses power", power_cut),
        ("terminal loses its network", network_cut),
        typed_by_hand("declined", charged=True, same_amount=True),
        typed_by_hand("cancelled", charged=True, same_amount=True),
        typed_by_hand("approved", charged=True, same_amount=True),
        typed_by_hand("approved", charged=True, same_amount=False),
        typed_by_hand("approved", charged=False, same_amount=True),
        typed_by_hand("declined", charged=False, same_amount=True),
        typed_by_hand("cancelled", charged=False, same_amount=True),
        ("the same amount before, then not reached", approved_predecessor),
        without_marks("predecessor without marks, not reached", (CANCELLED, NOT_REACHED), (False, True)),
        without_marks("no marks, lost answer", ({**APPROVED, "answer": "cut_after"},), (False,)),
        ("serialization conflicts", rivals),
        *[connection_lost(gate) for gate in ("reserve", "claim", "record", "book")],
        *[connection_lost(gate, kind) for gate in ("record", "book") for kind in ("refund", "reversal")],
    ]


# === THE PROCESS IS KILLED === #


@dataclass(frozen=True)
class Point:
    """A boundary between phases at which something breaks, and what the terminal does."""

    name: str
    play: dict
    gate: str = ""
    fate: str = ""  # what became of it on the terminal, where the answer is lost
    kind: str = "purchase"
    by_hand: bool = False
    what: str = "killed"
    till: bool = False
    agent: bool = False

    @property
    def fault(self):
        place = "till, " if self.till else "agent, " if self.agent else ""
        return named(f"{place}{self.what}: {self.name}", self.kind, self.by_hand)

    @property
    def person(self):
        return bool(self.fate) and is_evidence_gone(self.kind, self.fate, self.by_hand)

    @property
    def is_held(self):
        return self.play.get("wait") in (HELD, AT_THE_BANK)

    def ready(self, world, operation, gate):
        """Wait until the operation has got there."""
        if gate:
            world.gates.reached(gate, self.fault)
        elif self.is_held:
            world.wait_held(operation)
        else:
            world.wait_finished_on_terminal(operation)


BOUNDARIES = (
    ("reserving", APPROVED, "reserve", ""),
    ("reserved, no thread yet", APPROVED, "reserve_commit", ""),
    ("claiming", APPROVED, "claim", ""),
    ("claimed, not sent", APPROVED, "claim_commit", "not reached"),
    ("at the terminal, then approved", {**APPROVED, "wait": HELD}, "", "approved"),
    ("at the terminal, then declined", {**DECLINED, "wait": HELD}, "", "declined"),
    ("at the terminal, then cancelled", {**CANCELLED, "wait": HELD}, "", "cancelled"),
    ("at the bank, then approved", {**APPROVED, "wait": AT_THE_BANK}, "", "approved"),
    ("at the bank, then declined", {**DECLINED, "wait": AT_THE_BANK}, "", "declined"),
    ("approved, not answered", {**SLOWLY_APPROVED, "answer": "never"}, "", "approved"),
    ("declined, not answered", {**DECLINED, "answer": "never"}, "", "declined"),
    ("approved, recording", SLOWLY_APPROVED, "record", "approved"),
    ("declined, recording", DECLINED, "record", "declined"),
    ("approved, recorded", SLOWLY_APPROVED, "record_commit", ""),
    ("declined, recorded", DECLINED, "record_commit", ""),
    ("approved, booking", SLOWLY_APPROVED, "book", ""),
    ("approved, booked", SLOWLY_APPROVED, "book_commit", ""),
    ("not reached", NOT_REACHED, "", "not reached"),
)


def kill_points(hosts=1, till=False):
    """Return every boundary for every kind, and what differs where cards are typed on the terminal.

    :param int hosts: with two, refunds and reversals only where a result is lost: they are the same code
    :param till: whether there is a Point of Sale
    """
    points = [
        Point(*boundary, kind=kind)
        for boundary in BOUNDARIES
        for kind in KINDS
        if hosts == 1 or kind == "purchase" or boundary[3]
    ]
    if till:
        # what comes before is the same code for both
        points += [
            Point(*boundary, kind=kind, till=True)
            for boundary in BOUNDARIES
            for kind in TILL_KINDS
            if boundary[2] in (("", "book", "book_commit") if kind == "purchase" else ("book", "book_commit"))
        ]
    if hosts > 1:
        return points
    for boundary in BOUNDARIES:
        if boundary[0] in ("at the terminal, then approved", "at the terminal, then cancelled"):
            points += [Point(*boundary, kind=kind, by_hand=True) for kind in KINDS]
    return points


def rounds_of(points, workers=0):
    """Share points out to as few rounds as the places allow that there are for those who wait at a gate.

    A server with worker processes has few for people's requests, and where a browser drives the terminal, it claims and
    reports in them. Of the engine's threads, three send, three record, and
    all share four cursors (`listener.py`): two of them may wait at a gate, so that the others' work is done. Two book,
    unless answers wait to be recorded, and the one that books an invoice's payment holds the journal's sequence. Those
    that take a minute are put together.

    :param int workers: of each server
    """
    requests = ("requests", 1 if workers else 3)
    places = {"reserve": requests, "claim": ("threads", 2), "record": ("threads", 2), "book": ("sequence", 1)}

    def place(point):
        gate = point.gate.removesuffix("_commit")
        if point.till and gate == "book":
            return "booking at the till", 1
        if point.agent and gate in ("claim", "record"):
            return requests
        return places.get(gate, ("", 6))

    rounds = []
    for point in sorted(points, key=lambda point: not (point.person or point.gate in ("claim", "reserve_commit"))):
        name, number = place(point)
        for members in rounds:
            if sum(place(member)[0] == name for member in members) < number:
                members.append(point)
                break
        else:
            rounds.append([point])
    return rounds


def in_turn(points):
    """Say in which order operations are pressed that are to wait at these points, as lists of their indexes.

    Who waits while he books holds the journal's sequence. A refund that is pressed rehearses its booking, and whoever
    wants the sequence at that moment waits until its reservation is committed; and what an answer says of the account
    is written once nobody reserves on it. So these come when all others are where they should be.
    """
    turns = [point.gate.removesuffix("_commit") for point in points]
    last = ("reserve", "book")
    groups = [[number for number, turn in enumerate(turns) if turn not in last]]
    return groups + [[number for number, turn in enumerate(turns) if turn == each] for each in last]


def under_way(world, points, server, damage, repair=None, watched_on=None):
    """Have one operation wait at each of these points, break something, let the terminals go on, repair it.

    :param int server: where they are started
    :param int watched_on: the server that is asked what became of them, where it is another one
    :param damage: called once all wait at their points
    :param repair: called when nobody holds them any more; afterwards everything has to settle
    """
    with contextlib.ExitStack() as terminals, ThreadPoolExecutor(len(points)) as pool:
        taken = [terminals.enter_context(world.terminal(point.by_hand, point.agent)) for point in points]

        def prepare(point, terminal):
            return world.prepare(terminal, point.kind, server, point.till)

        prepared = list(pool.map(prepare, points, taken))
        held = []
        try:
            for begun in in_turn(points):
                reached = len(held)
                for number in begun:
                    point, terminal, values = points[number], taken[number], prepared[number]
                    world.service.play(terminal.identifier, point.play)
                    operation = world.operation(point.fault, terminal, person=point.person, **values)
                    gate = world.gates.close(operation.request_id, point.gate) if point.gate else None
                    held.append((point, operation, gate, pool.submit(world.pay, operation, server, watched_on)))
                for point, operation, gate, _future in held[reached:]:
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
                if point.is_held:
                    with contextlib.suppress(stack.StackError):
                        world.service.release(operation.terminal.identifier)
            if repair:
                repair()
        for _point, _operation, _gate, future in held:
            future.result()


def kill_round(world, points, server=0):
    """Kill one Odoo server while an operation waits at each of these points, and start it again."""
    under_way(world, points, server, lambda: world.kill_odoo(server), lambda: world.start_odoo(server))


# Two of the short selection's points would be needed twice for every kind: one of each boundary is enough there.
SHORT_KILL_ROUND = [
    Point("claimed, not sent", APPROVED, "claim_commit", "not reached"),
    Point("at the terminal, then approved", {**APPROVED, "wait": HELD}, "", "approved", "refund"),
    Point("at the terminal, then approved", {**APPROVED, "wait": HELD}, "", "approved", "reversal"),
    Point("approved, recording", SLOWLY_APPROVED, "record", "approved"),
    Point("approved, recorded", SLOWLY_APPROVED, "record_commit", ""),
]


# === WHAT EVERYBODY FEELS === #


def stalled_process(world):
    """A server hangs for longer than its heartbeats may; the other one, where there is one, looks after it.

    The listeners then come back with answers that are known already.
    """
    what = "process stalls"
    points = [
        Point("approved", {**APPROVED, "wait": HELD}, what=what),
        Point("declined", {**DECLINED, "wait": HELD}, what=what),
        Point("approved", {**APPROVED, "wait": HELD}, kind="refund", what=what),
        Point("approved", {**APPROVED, "wait": HELD}, kind="reversal", what=what),
        Point("answer lost", {**SLOWLY_APPROVED, "answer": "never"}, what=what),
    ]

    def go_on():
        time.sleep(25)  # longer than HEARTBEAT_TIMEOUT
        world.continue_odoo(0)

    under_way(world, points, 0, lambda: world.pause_odoo(0), go_on, watched_on=len(world.servers) - 1)


def restart_postgresql(world):
    """PostgreSQL crashes with payments at the terminals, in mid-recording and in mid-booking."""
    what = "PostgreSQL restarted"
    points = [
        Point("approved", {**APPROVED, "wait": HELD}, what=what),
        Point("declined", {**DECLINED, "wait": HELD}, what=what),
        Point("recording", SLOWLY_APPROVED, "record", what=what),
        Point("booking", SLOWLY_APPROVED, "book", what=what),
        Point("answer lost", {**SLOWLY_APPROVED, "answer": "never"}, what=what),
        Point("approved", {**APPROVED, "wait": HELD}, kind="refund", what=what),
        Point("recording", SLOWLY_APPROVED, "record", kind="refund", what=what),
        Point("approved", {**APPROVED, "wait": HELD}, kind="reversal", what=what),
        Point("recording", SLOWLY_APPROVED, "record", kind="reversal", what=what),
    ]
    under_way(world, points, 0, world.crash_postgresql)


def cut_database_line(world):
    """All connections to PostgreSQL are cut; what was inside its COMMIT is committed, and nobody knows."""
    what = "connection to PostgreSQL lost"
    gates = ("reserve_commit", "claim_commit", "record_commit", "book_commit")
    points = [Point(gate, SLOWLY_APPROVED, gate, kind=kind, what=what) for gate in gates for kind in KINDS]
    for members in rounds_of(points, world.workers):
        under_way(world, members, 0, world.database_line.cut)


def cut_nets_line(world):
    """All connections to NETS are cut while customers are at the terminals."""
    what = "connection to NETS cut"
    points = [Point("declined", {**DECLINED, "wait": HELD}, what=what)]
    points += [Point("approved", {**APPROVED, "wait": HELD}, kind=kind, what=what) for kind in KINDS]
    under_way(world, points, 0, world.nets_line.cut)


def refuse_nets_line(world):
    """NETS can't be reached: nothing is sent, and that is certain."""
    with contextlib.ExitStack() as terminals:
        taken = [terminals.enter_context(world.terminal(by_hand=False)) for _kind in KINDS]
        prepared = [world.prepare(terminal, kind) for kind, terminal in zip(KINDS, taken, strict=True)]
        world.nets_line.refuse()
        try:
            for kind, terminal, values in zip(KINDS, taken, prepared, strict=True):
                world.pay(world.operation(named("connection to NETS refused", kind), terminal, **values))
        finally:
            world.nets_line.accept()


def lookups_fail(world):
    """NETS doesn't say what was last, for a while."""
    what = "lookups fail for a while"
    play = {**SLOWLY_APPROVED, "answer": "cut_after"}
    points = [Point("approved", play, "", "approved", kind, what=what) for kind in KINDS]
    points += [Point("declined", {**DECLINED, "answer": "cut_after"}, "", "declined", what=what)]

    def damage():
        world.outage_begins(what)
        world.service.service(last_transaction="error")

    def repair():
        time.sleep(15)  # two lookups or three
        world.service.service(last_transaction="ok")
        world.outage_ends(what)

    under_way(world, points, 0, damage, repair)


def without_order_ids(world):
    """A variant of the service that doesn't send order ids back: a charge is recognised by the rest, or by a person."""
    what = "no order ids, lost answer"
    world.service.service(order_id_in_last="never")
    statement = "UPDATE nets_account SET mirrors_order_id = %s"
    world.postgresql.query(world.database, statement, [False])

    def job(kind, fate, by_hand, person):
        play = {"approved": SLOWLY_APPROVED, "declined": DECLINED, "not reached": APPROVED}[fate]
        answer = "cut_before" if fate == "not reached" else "cut_after"
        return played(f"{what}: {fate}", {**play, "answer": answer}, kind, by_hand, person)[1]

    try:
        together(
            [
                lambda args=args: job(*args)(world)
                for args in (
                    ("purchase", "approved", False, False),
                    ("refund", "approved", False, False),
                    ("reversal", "approved", False, False),
                    ("purchase", "declined", False, False),
                    ("purchase", "declined", True, False),
                    ("purchase", "not reached", True, False),
                    # nothing tells them from what was typed on the terminal
                    ("purchase", "approved", True, True),
                    ("refund", "approved", True, True),
                )
            ]
        )
    finally:
        world.service.service(order_id_in_last="on_success")
        world.postgresql.query(world.database, statement, [True])


ALONE = [
    ("process stalls", stalled_process),
    ("PostgreSQL restarted", restart_postgresql),
    ("connection to PostgreSQL lost while committing", cut_database_line),
    ("connection to NETS cut", cut_nets_line),
    ("connection to NETS refused", refuse_nets_line),
    ("lookups fail for a while", lookups_fail),
    ("no order ids, lost answer", without_order_ids),
]


# === EVERYTHING AT ONCE === #

# What the random run mixes; the others take the whole service or database for themselves, or destroy evidence.
RANDOM_WEIGHTS = {
    "nothing broken: approved": 30,
    "nothing broken: approved (refund)": 6,
    "nothing broken: approved (reversal)": 4,
    "nothing broken: declined": 6,
    "till: nothing broken: approved": 12,
    "nothing broken: cancelled": 4,
    "double click": 4,
    "retry storm": 2,
    "two accountants, one invoice": 3,
    "two people, one terminal": 3,
    "abort obeyed": 2,
    "abort too late": 2,
    "abort races sending": 2,
    "abort races approval": 2,
    "token expired in between": 2,
}
NOT_RANDOM = (
    "typed by hand",
    "used by hand",
    "marks",
    "not reached (reversal)",
    "not reached (unpaid reversal)",
    "serialization",
    "PostgreSQL",
    "loses",
    "hung up",
    "ignored",
)


def random_plan(seed, count, jobs):
    """Return the jobs of the random run, the same for the same seed: (job, values).

    :param list jobs: those that may run beside each other: (fault, job)
    """
    rng = random.Random(seed)
    jobs = [(fault, job) for fault, job in jobs if not any(word in fault for word in NOT_RANDOM)]
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
    world.disturb()
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
            world.outage_begins(what)
            world.nets_line.refuse()
            time.sleep(1)
            world.nets_line.accept()
            world.outage_ends(what)
        case "tokens":
            world.service.service(revoke_tokens=True)
