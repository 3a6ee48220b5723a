"""What a screen is told: the one contract between the server and all screens that show a transaction.

`static/src/common/progress.js` says the same in JavaScript, and a test compares the two. Every key is always there:
what doesn't apply has the neutral value given here. Nobody adds a key anywhere else.
"""

from dataclasses import dataclass
from typing import Literal

# What may be asked of the terminal: not offered, may be pressed, or being done at this moment.
Offer = Literal["", "possible", "running"]


@dataclass(kw_only=True)
class Progress:
    """One transaction, as `nets.transaction.read_progress` returns it. Texts are in the user's language.

    The engine sets all of it; what an origin sets instead, or alone, says so.
    """

    # --- what it is --- #
    # Record id.
    id: int = 0
    # Rises with each change of the transaction, or of what gives it back: of two of the same one, that with the lower
    # number is the older one.
    version: int = 0
    # As in the log; `STATE_SELECTION` has the words.
    state: Literal["pending", "unknown", "approved", "failed", "aborted"] = "pending"
    # What was asked of the terminal.
    kind: Literal["purchase", "refund", "reversal", "administration"] = "purchase"
    # Nothing moves any more without somebody's doing: the result is known and booked, and isn't being looked up.
    finished: bool = False

    # --- what a person reads --- #
    # Its state at a glance; the screens have an icon and a colour for each.
    look: Literal[
        "running",  # the terminal is at it
        "aborting",  # and was asked to stop
        "unknown",  # the result is being fetched
        "approved",  # done, as asked
        "signature",  # done, and somebody has to look at the customer's signature
        "unbooked",  # done, and accounting refused it
        "refused",  # not done: the card or its issuer said no
        "aborted",  # not done, because somebody stopped it
        "trouble",  # not done for a technical reason, or done and out of place
    ] = "running"
    # What is done, where a window can't say it of a document: the name of an administration, *Test payment*.
    title: str = ""
    # The message of the catalogue.
    label: str = ""
    explanation: str = ""
    # NETS' own words, where they say something else than the label.
    detail: str = ""
    # What a person compares where a result stays unknown.
    advice: str = ""
    # What the last lookup showed, unless it was done after all.
    lookup_message: str = ""
    # What accounting notes about the booking.
    note: str = ""
    # What contradicts what was known before.
    alert: str = ""
    # What only somebody at the terminal can answer, with yes or no.
    question: str = ""
    # What came out of the printer: a report, or the receipt that the customer signs.
    paper: str = ""

    # --- the money, the card and the terminal --- #
    # What was charged, else what was asked for, formatted, negative where money goes back; empty without money.
    amount: str = ""
    # What the customer added on the terminal, in words; empty where nothing.
    additions: str = ""
    # Brand and last four digits.
    card: str = ""
    authorisation_code: str = ""
    terminal_id: int = 0
    terminal_name: str = ""
    environment: Literal["production", "test", "simulator"] = "production"

    # --- what a person may do --- #
    abort: Offer = ""
    # Get last result.
    lookup: Offer = ""
    # Ask once more for what wasn't done, on the same terminal.
    can_retry: bool = False
    # Seconds, until that makes sense.
    retry_wait: int = 0
    # What may be said of the customer's signature: nothing; accept or decline; decline alone, once it was declined.
    signature: Literal["", "required", "declined"] = ""
    # A manager may settle it by hand: the terminal was asked for its last result.
    can_settle: bool = False
    # Record id of the report that can be opened.
    report_id: int = 0
    # What the terminal shows at this moment, word by word, where it says so.
    display: str = ""
    # Seconds since it was asked for, while it is open.
    elapsed: int = 0
    # Seconds until the result is known at the latest, where it takes longer than usual and that can be said.
    known_in: int = 0
    # What this screen's browser has to do itself, since only it can reach the terminal's agent: `AgentJob` of
    # `nets_transaction_agent.py`.
    agent: dict | None = None
    # For what it was asked, so that a window can ask for it with another amount or on another terminal: `type` and what
    # that type needs. The origin says it.
    task: dict | None = None

    # --- the line of an order that it pays; its origin sets these --- #
    # Odoo's name for the state of the line; empty where there is no line.
    payment_status: Literal["", "pending", "waitingCard", "waitingCancel", "reversing", "done", "reversed", "retry"] = (
        ""
    )
    # What the line says, signed, in the order's currency, major units.
    payment_amount: float = 0.0
    # What of this payment is left to refund, positive, major units.
    refundable: float = 0.0
    # Where the card's charge, or refund, is on the order and changed nothing else of it, what the screen takes over:
    # `payment`, the fields of its line, and the order's `write_date`. Else it reads the order.
    paid: dict | None = None
    # The terminal may still take the card where NETS can't be reached, and a person records that.
    can_record_by_hand: bool = False


@dataclass(kw_only=True)
class Waiting:
    """The answer to a press that has to wait. Nothing was started; the screen repeats it with the same request id.

    An answer instead of an error: an error would undo what is done to resolve what is waited for.
    """

    # Tells it from a `Progress`.
    waiting: bool = True
    # What is waited for.
    label: str = ""
    explanation: str = ""
    # What a person compares where it takes long.
    advice: str = ""
    # As in `Progress`, of what is waited for.
    known_in: int = 0
    # What this screen's browser has to do itself, as in `Progress`.
    agent: dict | None = None
