"""The messages of the catalogue: what happens on the wire, and what a person reads of it."""

import dataclasses

NOTHING = "Nothing was charged"


@dataclasses.dataclass(frozen=True)
class Case:
    """What happens on the wire, and what the person reads of it."""

    name: str
    label: str
    texts: tuple = (NOTHING,)
    play: dict | None = None  # what the terminal does
    service: dict | None = None  # what NETS does
    again: bool = True  # *Try again* is offered
    wait: int = 0  # seconds before it can be pressed
    by_hand: bool = False  # *Record by hand* is offered in the till

    def arrange(self, simulator, terminal):
        """Have it happen with the next payment on this terminal, and nothing else."""
        simulator.reset()
        if self.play:
            terminal.play(**self.play)
        if self.service:
            simulator.service(**self.service, revoke_tokens=True)


REFUSED = [
    # 1 login failed
    Case(
        "login refused",
        "Login refused",
        (NOTHING, "administrator"),
        service={"login": "refused"},
        again=False,
        by_hand=True,
    ),
    Case(
        "login unavailable",
        "Login not possible now",
        ("usually passes",),
        service={"login": "unavailable"},
        by_hand=True,
    ),
    Case(
        "not activated",
        "Account not activated",
        ("contact NETS",),
        service={"login": "not_activated"},
        again=False,
        by_hand=True,
    ),
    # 2 terminal not allowed
    Case("not allowed", "Terminal not allowed", (NOTHING, "another terminal"), play={"outcome": "not_allowed"}),
    # 4 to 6, 8 to 11
    Case("not permitted", "Refused by the card's issuer", play={"outcome": "provider_refused"}),
    Case("do not honour", "Refused by the card's issuer", play={"outcome": "do_not_honour"}),
    Case("no money", "Insufficient funds", (NOTHING, "smaller amount"), play={"outcome": "insufficient_funds"}),
    Case("terminal refused", "Refused by the terminal", play={"outcome": "terminal_refused"}),
    Case("customer", "Cancelled by the customer", (NOTHING, "red button"), play={"outcome": "customer_cancelled"}),
    Case("card removed", "Card removed too early", (NOTHING, "leave the card in"), play={"outcome": "card_removed"}),
    Case("too long", "The terminal gave up", (NOTHING, "No card"), play={"outcome": "terminal_timeout"}),
    Case("duplicate", "Possible duplicate", ("wait a minute",), play={"outcome": "duplicate"}, wait=60),
    # 12 and 13
    Case("busy", "Terminal busy", (NOTHING, "7100"), play={"outcome": "busy"}, wait=5),
    Case(
        "disconnected",
        "Terminal disconnected",
        (NOTHING, "ECR", "8013"),
        play={"outcome": "disconnected"},
        by_hand=True,
    ),
    # 14
    Case("wrong PIN", "Wrong PIN", play={"outcome": "wrong_pin"}),
    Case("wrong PIN, offline", "Wrong PIN", play={"outcome": "wrong_pin_offline"}),
    Case("expired", "Card expired", play={"outcome": "expired_card"}),
    Case("over limit", "Over the card's limit", play={"outcome": "over_limit"}),
    Case("issuer away", "Card's issuer not available", play={"outcome": "issuer_unavailable"}),
    # what no list names
    Case("format error", "Request not accepted", play={"outcome": "format_error"}),
    Case("loyalty card", "Refused by the terminal", play={"outcome": "loyalty"}),
]
# 3 connection interrupted, and its relatives; 15 result unknown; and a text that no list names
UNKNOWN = [
    Case("answer lost", "Connection interrupted", ("being fetched",), play={"answer": "cut_after"}),
    Case("bad gateway", "NETS answered with an error", ("being fetched",), play={"answer": "html_502"}),
    Case("half an answer", "Unreadable answer", ("being fetched",), play={"answer": "broken_json"}),
    Case("result 99", "Result unknown", ("being fetched",), play={"answer": "result_99"}),
    Case(
        "unknown text",
        "Result unknown",
        ("being fetched", "E-4711 Something the manual does not name"),
        play={"answer": "text"},
    ),
]
