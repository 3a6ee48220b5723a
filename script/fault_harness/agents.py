"""What is broken where a browser drives the terminal: browsers that are closed, reports that are lost, doubled, late or
made up, agents that are restarted."""

import itertools
import time
from functools import partial

from stack import StackError

from .browser import ANSWERED, CLAIMED, PRESSED, REPORTED
from .desk import Refused
from .faults import (
    APPROVED,
    AT_THE_BANK,
    CANCELLED,
    DECLINED,
    HELD,
    KINDS,
    NOT_REACHED,
    SLOWLY_APPROVED,
    Point,
    named,
    under_way,
)
from .forgery import Forgery, state_of
from .world import PERSON_WAIT, PROMISE, is_evidence_gone

AWAITED = "awaited"  # the browser is closed while the card is awaited
NEVER_SENT = "never sent"
# How long an agent's program is away that is started again.
RESTART = 5  # seconds
AN_AGENT = "agent"


def played(fault, play, kind="purchase", person=False, till=False, browser=None, meanwhile=None):
    """Return a job: one payment, refund or reversal over an agent, with this play on the terminal.

    :param dict browser: what goes wrong in it, as `Page` takes it
    :param meanwhile: called with world and operation, once it is pressed
    """
    fault = named(f"{AN_AGENT}{', till' if till else ''}: {fault}", kind)

    def job(world, **values):
        with world.terminal(agent=True) as terminal:
            values = world.prepare(terminal, kind, till=till, **values)
            if values is None:
                return
            world.service.play(terminal.identifier, play)
            operation = world.operation(fault, terminal, person=person, browser=browser or {}, **values)
            desk, deadline = world.desk(), time.monotonic() + (PERSON_WAIT if person else PROMISE)
            desk.press(operation, deadline)
            if not operation.transaction:
                world.leave_order(operation)
                return
            if meanwhile:
                meanwhile(world, operation)
            world.finish(operation, desk, deadline)

    return fault, job


def closed(moment, name, play, fate, kind="purchase", till=False):
    """Return a job: the browser that sent it is closed, and another one finds the result."""

    def meanwhile(world, operation):
        [page] = operation.pages
        if moment == AWAITED:
            world.wait_held(operation)
            page.close()
        page.join()
        if moment == AWAITED:
            world.service.release(operation.terminal.identifier)
        world.forget_browser(operation)

    if moment == AWAITED:
        play = {**play, "wait": HELD}
    browser = {} if moment == AWAITED else {"ends": moment}
    person = fate != NEVER_SENT and is_evidence_gone(kind, fate, by_hand=False)
    return played(f"browser closed, {name}: {fate}", play, kind, person, till, browser, meanwhile)


def late(name, play):
    """Return a job: another browser has found the result when the one that sent it comes back with its report."""

    def meanwhile(world, operation):
        [page] = operation.pages
        world.wait_finished_on_terminal(operation)
        page.wait_answered()
        world.forget_browser(operation)
        world.desk().watch(operation, time.monotonic() + PROMISE)
        page.let_report()

    return played(f"report comes late: {name}", play, browser={"reports": "late"}, meanwhile=meanwhile)


def altered(name, alter, play=SLOWLY_APPROVED):
    """Return a job: the browser that sent it reports something else than what it heard."""
    return played(f"report says {name}", play, browser={"alters": alter})


# === WHAT IS MADE UP === #


def forged(fault, agent):
    """Return a job: while a card is awaited, people who hold no token of its payment report about it.

    :param bool agent: whether a browser drives the terminal; where none does, none is listened to
    """
    fault = f"{AN_AGENT}: {fault}"

    def job(world, **values):
        with world.terminal(by_hand=None if agent else False, agent=agent) as terminal:
            forgery = None
            while not forgery or not forgery.is_over:
                world.service.play(terminal.identifier, {**APPROVED, "wait": HELD})
                operation = world.operation(fault, terminal, **values)
                forgery = forgery or Forgery(terminal.identifier, operation.amount)
                desk, deadline = world.desk(), time.monotonic() + PROMISE
                desk.press(operation, deadline)
                if not operation.transaction:
                    return
                world.wait_held(operation)
                forgery.go_on(partial(state_of, world, operation), partial(_call_unasked, world, operation))
                world.service.release(terminal.identifier)
                world.finish(operation, desk, deadline)

    return fault, job


def _call_unasked(world, operation, login, method, arguments):
    """:raise StackError: where somebody is listened to who may say nothing"""
    deadline = time.monotonic() + PROMISE
    try:
        answer = world.desk(login).insist(deadline, "nets.transaction", method, [operation.transaction], *arguments)
    except Refused:
        return
    if not operation.terminal.is_agents:
        raise StackError(f"{method} wasn't refused for a terminal that no browser drives: {operation}")
    if method == "agent_claim" and answer["request"]:
        raise StackError(f"Claimed twice: {operation}")


def forged_afterwards(world, **values):
    """Reports about what is finished, from the very browser that sent it, and of one payment for another."""
    fault = f"{AN_AGENT}: forged afterwards"
    with world.terminal(agent=True) as terminal:
        finished = []
        for _number in range(2):
            world.service.play(terminal.identifier, SLOWLY_APPROVED)
            operation = world.operation(fault, terminal, **values)
            world.pay(operation)
            if operation.state != "approved" or not operation.pages:
                return
            finished.append(operation)
        states = [state_of(world, each) for each in finished]
        desk = world.desk()
        for about, of in itertools.product(finished, finished):
            said = [of.pages[0].token, of.pages[0].heard, True]
            with_another = [text.replace("TotalAmount>", "TotalAmount>9") for text in of.pages[0].heard]
            for arguments in (said, [said[0], with_another, True], [said[0], [], True, "closed"]):
                try:
                    deadline = time.monotonic() + PROMISE
                    desk.insist(deadline, "nets.transaction", "agent_report", [about.transaction], *arguments)
                except Refused:
                    pass
        if states != [state_of(world, each) for each in finished]:
            raise StackError(f"Changed by a report of what was finished: {states}")


def replayed(world, **values):
    """The result of the payment before is reported for the next one, which is declined."""
    fault = f"{AN_AGENT}: report is that of the payment before"
    with world.terminal(agent=True) as terminal:
        world.service.play(terminal.identifier, SLOWLY_APPROVED, DECLINED)
        before = world.operation(fault, terminal, **values)
        world.pay(before)
        if before.state == "approved" and before.pages:
            heard = before.pages[0].heard
            world.pay(world.operation(fault, terminal, browser={"alters": lambda _heard: heard}, **values))


def two_browsers(world, **values):
    """One press reaches the server twice, from two browsers: one claims, both look."""
    with world.terminal(agent=True) as terminal:
        world.service.play(terminal.identifier, SLOWLY_APPROVED)
        operation = world.operation(f"{AN_AGENT}: two browsers, one press", terminal, **values)
        deadline = time.monotonic() + PROMISE
        desks = [world.desk(), world.desk()]
        for number, desk in enumerate(desks):
            desk.press(operation, deadline, server=number)
        if operation.transaction:
            world.finish(operation, desks[0], deadline)


def two_on_one_agent(world, **values):
    """Two people want the same agent's terminal: the one waits, or is told that it is busy."""
    fault = f"{AN_AGENT}: two people, one terminal"
    with world.terminal(agent=True) as terminal:
        world.service.play(terminal.identifier, SLOWLY_APPROVED, SLOWLY_APPROVED)
        for user in ("admin", "demo"):
            operation = world.operation(fault, terminal, user=user, may_wait=False, **values)
            world.pay(operation)


def catalogue(till=False):
    """Return all jobs that may run beside each other and beside those of `faults`: (fault, job).

    :param till: whether there is a Point of Sale
    """
    jobs = [
        closed(PRESSED, "not claimed", APPROVED, NEVER_SENT),
        closed(AWAITED, "card awaited", CANCELLED, "cancelled"),
        played("agent cuts before the request", NOT_REACHED),
        played("agent never answers", {**SLOWLY_APPROVED, "answer": "never"}),
        played("half an answer", {**SLOWLY_APPROVED, "answer": "cut_mid"}),
        played("Result 99", {**SLOWLY_APPROVED, "answer": "result_99"}),
        played("reported twice: declined", DECLINED, browser={"reports": "twice"}),
        late("approved", SLOWLY_APPROVED),
        late("declined", DECLINED),
        altered("another amount", lambda heard: [text.replace("TotalAmount>", "TotalAmount>9") for text in heard]),
        altered("another terminal", lambda heard: [text.replace("TerminalID", "TerminalID0") for text in heard]),
        altered("nothing", lambda _heard: []),
        altered("garbage", lambda heard: [text[: len(text) // 2] for text in heard]),
        forged("forged while awaited", agent=True),
        forged("forged for a terminal without one", agent=False),
        (f"{AN_AGENT}: forged afterwards", forged_afterwards),
        (f"{AN_AGENT}: report is that of the payment before", replayed),
        (f"{AN_AGENT}: two browsers, one press", two_browsers),
        (f"{AN_AGENT}: two people, one terminal", two_on_one_agent),
    ]
    for kind in KINDS:
        jobs += [
            played("nothing broken: approved", SLOWLY_APPROVED, kind),
            played("nothing broken: declined", DECLINED, kind),
            played("reported twice: approved", SLOWLY_APPROVED, kind, browser={"reports": "twice"}),
            closed(CLAIMED, "claimed and not sent", {**APPROVED}, "not reached", kind),
            closed(AWAITED, "card awaited", APPROVED, "approved", kind),
            closed(AWAITED, "card awaited", DECLINED, "declined", kind),
            closed(ANSWERED, "answered and not reported", SLOWLY_APPROVED, "approved", kind),
            closed(ANSWERED, "answered and not reported", DECLINED, "declined", kind),
            closed(REPORTED, "reported", SLOWLY_APPROVED, "approved", kind),
        ]
        if till:
            jobs += [
                played("nothing broken: approved", SLOWLY_APPROVED, kind, till=True),
                closed(ANSWERED, "answered and not reported", SLOWLY_APPROVED, "approved", kind, till=True),
            ]
    return jobs


def kill_points():
    """Return the boundaries at which a server is killed, or an agent restarted, while a browser drives a terminal.

    The browser lives on: it says what the server didn't answer once more.
    """
    boundaries = (
        ("claiming", SLOWLY_APPROVED, "claim"),
        ("claimed", SLOWLY_APPROVED, "claim_commit"),
        ("at the terminal, then approved", {**APPROVED, "wait": HELD}, ""),
        ("at the terminal, then declined", {**DECLINED, "wait": HELD}, ""),
        ("approved, reporting", SLOWLY_APPROVED, "record"),
        ("approved, reported", SLOWLY_APPROVED, "record_commit"),
        ("approved, booking", SLOWLY_APPROVED, "book"),
    )
    return [
        Point(*boundary, kind=kind, agent=True)
        for boundary in boundaries
        for kind in KINDS
        # the same code for all kinds, but for what becomes of a result
        if kind == "purchase" or boundary[2] in ("", "record")
    ]


def restart_agents(world):
    """The agents' program is stopped in mid-payment and started again; the terminals go on meanwhile."""
    what = "agent restarted"
    points = [
        Point("then approved", {**APPROVED, "wait": HELD}, "", "approved", kind, what=what, agent=True)
        for kind in KINDS
    ]
    points += [
        Point("then declined", {**DECLINED, "wait": HELD}, "", "declined", what=what, agent=True),
        Point("then cancelled", {**CANCELLED, "wait": HELD}, "", "cancelled", what=what, agent=True),
        Point("then approved at the bank", {**APPROVED, "wait": AT_THE_BANK}, "", "approved", what=what, agent=True),
    ]

    def damage():
        world.outage_begins(what)
        world.service.service(agent="down", cut_agents=True)

    def repair():
        time.sleep(RESTART)
        world.service.service(agent="ok")
        world.outage_ends(what)

    under_way(world, points, 0, damage, repair)


ALONE = [("agent restarted", restart_agents)]
