"""How soon what had happened was known, and what was left to a person.

For each card transaction whose own answer was lost: the seconds from when the terminal had a last result to show to
when Odoo knew it. Time in which the harness itself kept Odoo, its database or NETS from working doesn't count.
"""

import dataclasses

SOON = 30  # seconds
# An answer that comes at once isn't looked up. A loaded machine takes its time to record one.
AT_ONCE = 3
# Seconds between a customer's longest time and the proof that nothing ran: two sightings, and a pause between lookups.
RULE_8 = 30

TRANSACTIONS = """
SELECT request_id, order_id, terminal_identifier, kind, state, reason, settled_by_id IS NOT NULL,
       extract(epoch FROM sent_at)::float, extract(epoch FROM unknown_since)::float,
       extract(epoch FROM recorded_at)::float, terminal_type = 'baxi_agent'
  FROM nets_transaction WHERE sent_at IS NOT NULL AND kind <> 'administration'
"""


@dataclasses.dataclass
class Lost:
    """A transaction whose own answer was lost."""

    request_id: str
    order_id: str
    terminal: str
    kind: str
    state: str
    reason: str
    by_hand: bool  # settled by a person
    sent_at: float
    unknown_since: float | None
    recorded_at: float | None
    is_agents: bool = False
    shown_at: float | None = None  # since when its own result was the terminal's last one
    overwritten_at: float | None = None  # when another one took its place
    is_charged: bool = False
    said: str = ""  # the reason on the screen, the last time that somebody looked
    seconds: float = 0.0
    person_expected: bool = False
    is_kept_back: bool = False  # by the browser that holds it, which says something else
    fault: str = "(not asked for)"

    @property
    def is_destroyed(self):
        """Whether nothing shows any more what became of it, or nothing ever did."""
        return self.person_expected or bool(self.overwritten_at and self.overwritten_at < (self.recorded_at or 0))


@dataclasses.dataclass
class Knowledge:
    """What the summary says."""

    soon: int = 0
    shown: int = 0  # whose evidence existed, and that Odoo settled
    waited: int = 0  # for rule 8: time alone could prove it
    person: int = 0
    destroyed: int = 0
    seconds: list = dataclasses.field(default_factory=list)
    troubles: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def summary(self):
        slowest = sorted(self.seconds)
        half = f" (half within {slowest[len(slowest) // 2]:.0f} s, all within {slowest[-1]:.0f} s)" if slowest else ""
        return (
            f"known within {SOON} s: {self.soon} of {self.shown}{half}; waited for rule 8: {self.waited}; "
            f"left to a person: {self.person}, evidence destroyed: {self.destroyed}"
        )


def measure(postgresql, database, results, operations, outages, customer_timeout):
    """Measure a run.

    :param list results: of the service, see `service.py`
    :param operations: all Operation that were asked for
    :param list outages: (from, to), in seconds since 1970, of what kept Odoo from knowing
    :param customer_timeout: seconds
    :return: Knowledge
    """
    knowledge = Knowledge()
    by_request = {operation.request_id: operation for operation in operations}
    for values in postgresql.query(database, TRANSACTIONS):
        lost = Lost(*values)
        if operation := by_request.get(lost.request_id):
            lost.fault, lost.said = operation.fault, operation.said
            lost.person_expected = operation.person
            lost.is_kept_back = bool(operation.browser.get("alters"))
        _look_at_results(lost, results)
        _count(knowledge, lost, outages, customer_timeout)
    return knowledge


def _look_at_results(lost, results):
    """Find its own result among those of its terminal, and the one behind it."""
    of_terminal = [result for result in results if result["terminalId"] == lost.terminal]
    # a clock of whole seconds stands on neither side: both are of this machine
    later = [result for result in of_terminal if result["at"] > lost.sent_at]
    for number, result in enumerate(later):
        if result["origin"] != "service" or result["kind"] != lost.kind:
            continue
        # the service doesn't hear of a reversal's order id, an agent of none; the terminal is nobody else's meanwhile
        if lost.is_agents or lost.kind == "reversal" or result["orderId"] == lost.order_id:
            lost.shown_at, lost.is_charged = result["at"], result["approved"]
            if later[number + 1 :]:
                lost.overwritten_at = later[number + 1]["at"]
            return
    if later:
        lost.overwritten_at = later[0]["at"]


def _count(knowledge, lost, outages, customer_timeout):
    if lost.recorded_at is None:
        return  # never settled: the comparison of the books tells
    if lost.by_hand:
        knowledge.person += 1
        knowledge.destroyed += lost.is_destroyed
        if not lost.is_destroyed:
            knowledge.troubles.append(f"left to a person, and the evidence was there: {lost}")
        return
    # What its own result doesn't show, or what was refused and has to be seen twice, waits for rule 8.
    is_rule_8 = lost.shown_at is None
    began = max(lost.sent_at + customer_timeout, lost.unknown_since or 0) if is_rule_8 else lost.shown_at
    if lost.is_kept_back:
        # nobody else may ask before the customer's time is over
        outages = [*outages, (lost.sent_at, lost.sent_at + customer_timeout)]
    lost.seconds = lost.recorded_at - began - _overlap(outages, began, lost.recorded_at)
    if is_rule_8:
        if lost.unknown_since is None:
            return  # it ended at once: nothing was sent, or it was turned away
        knowledge.waited += 1
        if lost.seconds > RULE_8 or (lost.seconds > SOON and not lost.said):
            knowledge.troubles.append(f"known {lost.seconds:.0f} s after the customer's time: {lost}")
        return
    if lost.unknown_since is None and lost.seconds < AT_ONCE:
        return
    knowledge.shown += 1
    knowledge.seconds.append(lost.seconds)
    if lost.seconds <= SOON:
        knowledge.soon += 1
    else:
        knowledge.troubles.append(f"known only after {lost.seconds:.0f} s: {lost}")


def _overlap(outages, began, ended):
    """How much of a time the harness kept Odoo from working, where outages may overlap each other."""
    seconds, reached = 0.0, began
    for start, end in sorted(outages):
        start, end = max(start, reached), min(end, ended)
        if end > start:
            seconds, reached = seconds + end - start, end
    return seconds
