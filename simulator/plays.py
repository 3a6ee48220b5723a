"""What happens on a terminal when nobody touches it: outcomes, cards and scripted plays.

Numbers and texts that protocol.md does not know ([?]) are ours: no client may rely on them.
"""

import dataclasses
import random
from dataclasses import dataclass, field

NEVER_ASKED = "never asked"  # refused before the terminal was asked: nothing changes on it


@dataclass(frozen=True)
class Outcome:
    """How a transaction ends, in the words of the wire.

    ``stan``: the host was asked, so a STAN was used up. ``place`` is NEVER_ASKED for an answer
    that comes from the service alone.
    """

    text: str
    result: int = 2
    response_code: str = ""
    source: str = ""
    reason: str = ""
    stan: bool = False
    place: str = ""


def _host(code, text):
    # Pattern a:b:ResponseCode is seen [R]; which a and b the host uses is ours.
    return Outcome(text, 2, code, "04", f"1:1:{code}", stan=True)


OUTCOMES = {
    "approved": Outcome("Approved", 0, "00", stan=True),
    "insufficient_funds": _host("51", "Insufficient funds"),
    "wrong_pin": _host("55", "Wrong PIN"),
    # 3:2:Z1 is seen [R]
    "wrong_pin_offline": Outcome("Wrong PIN", 2, "Z1", "03", "3:2:Z1", stan=True),
    "expired_card": _host("54", "Expired card"),
    "over_limit": _host("61", "Amount over the card's limit"),
    "issuer_unavailable": _host("91", "Card issuer not available"),
    "do_not_honour": _host("05", "Do not honour"),
    "provider_refused": _host("57", "Transaction not permitted"),
    "duplicate": _host("94", "Duplicate transaction"),
    "terminal_refused": Outcome("Declined by the terminal", 2, "Z3", "03", "3:4:Z3", stan=True),
    # 2:1 with an empty StanAuth is seen [R]; 2:2 and 2:3 are ours
    "customer_cancelled": Outcome("Transaction cancelled", 2, "", "02", "2:1"),
    "card_removed": Outcome("Card removed too early", 2, "", "02", "2:2"),
    "terminal_timeout": Outcome("Timeout: no card presented", 2, "", "02", "2:3"),
    # [?] Whether a loyalty answer is a success or a failure for HTTP is not known: 201 is ours.
    "loyalty": Outcome("Loyalty card read", 3),
    # 03 / 4:6, nothing was asked, is seen [R]
    "format_error": Outcome("Format error", 2, "", "03", "4:6", place=NEVER_ASKED),
    "busy": Outcome("7100 Processing a previous command", place=NEVER_ASKED),
    "disconnected": Outcome("8013 Terminal not connected", place=NEVER_ASKED),
    "not_allowed": Outcome("Terminal not allowed for this account", place=NEVER_ASKED),
    "failure_text": Outcome("7009 No response from terminal", place=NEVER_ASKED),
    "unknown_text": Outcome("E-4711 Something the manual does not name", place=NEVER_ASKED),
}

ANSWERS = (
    "normal",
    "cut_before",
    "cut_after",
    "cut_mid",
    "never",
    "html_502",
    "http_500",
    "broken_json",
    "empty",
    "result_99",
    "text",
)
ABORTS = ("obeyed", "too_late", "ignored")


@dataclass(frozen=True)
class Card:
    """A play card. ``pan`` is the only form of the number there is: masked."""

    key: str
    title: str
    note: str  # what it does, for the person who picks it
    brand: str
    pan: str
    issuer_id: str
    aid: str
    outcome: str = "approved"
    cvm: str | None = None  # None: PIN when inserted, none when tapped
    tap_only: bool = False


_VISA = {"brand": "Visa", "issuer_id": "02", "aid": "A0000000031010"}
_MASTERCARD = {"brand": "Mastercard", "issuer_id": "03", "aid": "A0000000041010"}
_BANKAXEPT = {"brand": "BankAxept", "issuer_id": "01", "aid": "D5780000021010"}
_AMEX = {"brand": "American Express", "issuer_id": "04", "aid": "A000000025010801"}

CARDS = {
    card.key: card
    for card in (
        Card("visa", "Visa", "Pays", pan="*******1234-0", **_VISA),
        Card("mastercard", "Mastercard", "Pays", pan="*******5678-1", **_MASTERCARD),
        Card("bankaxept", "BankAxept", "Pays", pan="*******4321-0", **_BANKAXEPT),
        Card("phone", "Phone", "Pays, tap only", pan="*******9876", cvm="4", tap_only=True, **_VISA),
        Card("signature", "Traveller", "Asks for a signature", pan="*******0005-0", cvm="1", **_AMEX),
        Card(
            "no_funds",
            "Empty",
            "No money left",
            pan="*******5151-0",
            outcome="insufficient_funds",
            **_VISA,
        ),
        Card("expired", "Old", "Expired", pan="*******5454-1", outcome="expired_card", **_MASTERCARD),
    )
}
DEFAULT_CARD = CARDS["visa"]


@dataclass(frozen=True)
class Shape:
    """The forms in which one and the same answer may be written (protocol.md, section 3)."""

    result: str = "string"
    amounts: str = "padded"
    timestamp: str = "local"
    absent: tuple[str, ...] = ()
    null: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()

    CHOICES = {
        "result": ("string", "number"),
        "amounts": ("padded", "number", "string"),
        "timestamp": ("local", "iso", "iso_fraction", "empty", "absent"),
    }

    @classmethod
    def random(cls, with_amount):
        """Return any of the forms, with any of the fields left out that can't be relied on.

        :param bool with_amount: the amount is told: otherwise nobody could know what was added on the terminal
        """
        unreliable = ["ResponseCode", "SessionNumber", "CVM", "AccountType", "RejectionReason", "OptionalData"]
        if not with_amount:
            unreliable.append("TotalAmount")
        gone = {name: random.choice(("told", "told", "absent", "null", "empty")) for name in unreliable}
        return cls(
            **{name: random.choice(choices) for name, choices in cls.CHOICES.items()},
            **{
                how: tuple(name for name, chosen in gone.items() if chosen == how)
                for how in ("absent", "null", "empty")
            },
        )

    @classmethod
    def parse(cls, data):
        """Return the shape written in ``data`` (dict); raise ValueError with a sentence."""
        _only(data, [f.name for f in dataclasses.fields(cls)], "shape")
        values = dict(data)
        for name, choices in cls.CHOICES.items():
            if name in values:
                _one_of(values[name], choices, f"shape.{name}")
        for name in ("absent", "null", "empty"):
            names = values.get(name, [])
            if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
                raise ValueError(f"shape.{name} must be a list of field names.")
            values[name] = tuple(names)
        return cls(**values)


@dataclass(frozen=True)
class Play:
    """What the next transaction of a terminal does. README.md explains each field."""

    outcome: str | None = None  # None: the presented card decides
    answer: str = "normal"
    wait: str | dict | None = None
    abort: str = "obeyed"
    tip: int = 0
    surcharge: int = 0
    cvm: str | None = None
    receipts: bool = True
    dcc: dict | None = None
    shape: Shape = field(default_factory=Shape)
    brand: str | None = None
    text: str | None = None

    @classmethod
    def parse(cls, data):
        """Return the play written in ``data`` (dict); raise ValueError with a sentence."""
        _only(data, [f.name for f in dataclasses.fields(cls)], "play")
        values = {key: value for key, value in data.items() if value is not None}
        if values.setdefault("outcome", None) is not None:
            _one_of(values["outcome"], OUTCOMES, "outcome")
        _one_of(values.get("answer", "normal"), ANSWERS, "answer")
        _one_of(values.get("abort", "obeyed"), ABORTS, "abort")
        _one_of(values.get("cvm", "0"), ("0", "1", "2", "3", "4"), "cvm")
        for name in ("tip", "surcharge"):
            if not is_amount(values.get(name, 0), least=0):
                raise ValueError(f"{name} must be a whole number of minor units.")
        _check_wait(values.get("wait"))
        dcc = values.get("dcc")
        if dcc is not None and (
            not isinstance(dcc, dict) or not isinstance(dcc.get("currency"), str) or not is_amount(dcc.get("amount"))
        ):
            raise ValueError('dcc must be {"currency": "USD", "amount": minor units}.')
        if "shape" in values:
            values["shape"] = Shape.parse(values["shape"])
        return cls(**values)

    @property
    def phase_held(self):
        """The phase in which ``wait`` holds the transaction: "card", "processing" or None."""
        if isinstance(self.wait, dict):
            return self.wait.get("phase", "card")
        return self.wait

    @property
    def seconds(self):
        """After how many seconds the hold ends automatically; None where it does not."""
        return self.wait.get("seconds") if isinstance(self.wait, dict) else None


INTERACTIVE = Play(wait="card")


# What a trainer chooses on a terminal's page: groups of (what happens, its plays). Where a terminal is at it, it takes
# so long that the till is seen to wait.
_SEEN = {"wait": {"seconds": 4}}
_SIGNED = {"outcome": "approved", "cvm": "1", **_SEEN}
_ABORTED = {"outcome": "approved", "wait": {"seconds": 15}}  # which leaves the time to do it
SCENES = {
    "The card is charged": (
        ("The customer pays", {"outcome": "approved", **_SEEN}),
        ("The customer pays, and adds a tip of 20.00", {"outcome": "approved", "tip": 2000, **_SEEN}),
        ("The card wants a signature", _SIGNED),
    ),
    "Decline the signature in the till": (
        ("The terminal is busy, and reverses nothing", _SIGNED, {"outcome": "busy"}),
        ("The bank refuses to reverse the payment", _SIGNED, {"outcome": "do_not_honour"}),
    ),
    "The card or its bank refuses": (
        ("There isn't enough money on the account", {"outcome": "insufficient_funds", **_SEEN}),
        ("The PIN is wrong", {"outcome": "wrong_pin", **_SEEN}),
        ("The card has expired", {"outcome": "expired_card", **_SEEN}),
        ("The amount is over the card's limit", {"outcome": "over_limit", **_SEEN}),
        ("The bank refuses, and doesn't say why", {"outcome": "do_not_honour", **_SEEN}),
        ("The bank can't be reached", {"outcome": "issuer_unavailable", **_SEEN}),
    ),
    "Somebody stops it": (
        ("The customer presses the red button", {"outcome": "customer_cancelled", **_SEEN}),
        ("The customer takes the card out too early", {"outcome": "card_removed", **_SEEN}),
        ("Nobody presents a card", {"outcome": "terminal_timeout", **_SEEN}),
    ),
    "Abort in the till within 15 seconds": (
        ("The terminal stops, and nothing is charged", {"abort": "obeyed", **_ABORTED}),
        ("It is too late: the customer pays at that moment", {"abort": "too_late", **_ABORTED}),
        ("The terminal goes on, and the customer pays", {"abort": "ignored", **_ABORTED}),
    ),
    "The terminal": (
        ("The terminal refuses the card", {"outcome": "terminal_refused", **_SEEN}),
        ("The same amount on the same card, a moment ago", {"outcome": "duplicate", **_SEEN}),
        ("The terminal is busy with something else", {"outcome": "busy"}),
        ("The terminal isn't connected to NETS", {"outcome": "disconnected"}),
        ("The account may not use this terminal", {"outcome": "not_allowed"}),
        ("NETS doesn't accept the request", {"outcome": "format_error"}),
    ),
    "The answer gets lost": (
        ("The connection breaks before the card is asked for", {"outcome": "approved", "answer": "cut_before"}),
        ("The card is charged, and the connection breaks", {"outcome": "approved", "answer": "cut_after", **_SEEN}),
        (
            "The card is refused, and the connection breaks",
            {"outcome": "do_not_honour", "answer": "cut_after", **_SEEN},
        ),
        ("The card is charged, and the answer breaks off", {"outcome": "approved", "answer": "cut_mid", **_SEEN}),
        ("The card is charged, and no answer comes", {"outcome": "approved", "answer": "never", **_SEEN}),
        (
            "The card is charged, and the answer can't be read",
            {"outcome": "approved", "answer": "broken_json", **_SEEN},
        ),
        ("The card is charged, and the answer is empty", {"outcome": "approved", "answer": "empty", **_SEEN}),
        ("The card is charged, and NETS answers with an error", {"outcome": "approved", "answer": "html_502", **_SEEN}),
        ("The card is charged, and the answer makes no sense", {"outcome": "approved", "answer": "text", **_SEEN}),
        ("The card is charged, and NETS doesn't know it yet", {"outcome": "approved", "answer": "result_99", **_SEEN}),
    ),
}


def is_amount(value, least=1):
    """True for a whole number of minor units from ``least`` on; True/False are no numbers."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _only(data, names, what):
    if not isinstance(data, dict):
        raise ValueError(f"A {what} must be an object.")  # noqa: TRY004 - one error for all
    unknown = sorted(set(data) - set(names))
    if unknown:
        raise ValueError(f"Unknown in a {what}: {', '.join(unknown)}. Known: {', '.join(names)}.")


def _one_of(value, choices, name):
    if value not in choices:
        raise ValueError(f"{name} can't be {value!r}; one of: {', '.join(choices)}.")


def _check_wait(wait):
    if wait is None or wait == "card":
        return
    _only(wait, ["seconds", "release", "phase"], "wait")
    _one_of(wait.get("phase", "card"), ("card", "processing"), "wait.phase")
    seconds = wait.get("seconds")
    if seconds is None and wait.get("release") is not True:
        raise ValueError('wait must be null, "card", {"seconds": x} or {"release": true}.')
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        raise ValueError("wait.seconds must be a number.")
