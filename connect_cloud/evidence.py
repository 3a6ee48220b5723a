"""What a terminal's last result proves about one of our operations: facts in, verdict out. And how much
an approval charged.

The rules of money 7, 8 and 9 in one place. Nothing here asks a terminal, a database or a clock; what
is not proven stays OPEN, and says what it waits for.

What no last result can prove, and is therefore left to a person:

- Where cards are also taken by hand, and no order id is shown: whether an approval is ours; whether
  a result without a number, or a refusal that doesn't follow directly, is ours.
- Where the account sends order ids back and this approval has none: whether it is ours, unless its
  number is the very next one behind the one before ours.
- What became of ours, once another result has taken its place.
- That a reversal was not done, unless its own refusal is the last result: the payment it reverses
  is shown where it never arrived, and perhaps also where it worked.
- That a terminal which "nobody uses by hand" really wasn't: that is what its owner says. Nor that a
  restored copy of the database doesn't use it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from .answers import LastTransaction, Outcome, OutcomeState, parse_instants, split_stan_auth
from .currencies import read_amounts
from .enums import TextEnum

# A STAN counts up to 999999 and starts again. As many numbers ahead still mean "later"; more than
# that, and it is rather one from before, or the counter was reset.
_STANS = 1_000_000
_AHEAD = 10_000


class Kind(TextEnum):
    """What was asked of the terminal."""

    PURCHASE = "purchase"
    REFUND = "refund"
    REVERSAL = "reversal"
    ADMINISTRATION = "administration"


class Decision(TextEnum):
    CHARGED = "charged"  # refunded, reversed: what was asked was done
    NOT_CHARGED = "not_charged"
    SEEN_ONCE = "seen_once"  # proof of no charge, once it is seen again
    OPEN = "open"


class Rule(TextEnum):
    """What proves that nothing was charged."""

    ANSWERED = "answered"  # the terminal's final answer about this very order
    NEWER = "newer"  # 8a: an unapproved result that can only be ours
    UNCHANGED = "unchanged"  # 8b: still the result from before, after the customer's whole time
    IDLE = "idle"  # of an administration, which moves no money: the terminal is free again


class Why(TextEnum):
    """What the decision rests on, or what is missing for one."""

    # CHARGED
    ORDER_ID = "order_id"  # the terminal shows our order id
    NUMBER = "number"  # nobody else can have made this approval
    # NOT_CHARGED and SEEN_ONCE: see the Rule
    PROVEN = "proven"
    # OPEN, and it will pass
    CALL_HELD = "call_held"  # our own call is still listening
    TERMINAL_NOT_IDLE = "terminal_not_idle"
    CUSTOMER_MAY_BE_THERE = "customer_may_be_there"  # until `wait_until`
    RESULT_UNKNOWN = "result_unknown"  # the terminal itself doesn't know yet (Result 99)
    # OPEN, and only another last result can help
    NOT_SENT = "not_sent"
    NO_BASELINE = "no_baseline"  # what was before ours is not known
    USED_BY_HAND = "used_by_hand"  # may have been typed on the terminal
    OTHER_ORDER = "other_order"  # shows somebody else's order id
    ORDER_ID_MISSING = "order_id_missing"  # this account sends them back, here is none
    NO_NUMBER = "no_number"  # an approval without a STAN
    KNOWN_PAYMENT = "known_payment"  # its StanAuth belongs to another operation
    NO_AMOUNT = "no_amount"
    OTHER_AMOUNT = "other_amount"
    NOT_NEWER = "not_newer"  # than what was before ours
    NUMBER_LEFT_OUT = "number_left_out"  # something else came between
    NOT_RECOGNISABLE = "not_recognisable"  # neither a STAN nor a time
    RESULT_GONE = "result_gone"  # the terminal had a last result, and has none any more
    REVERSAL_NOT_DISPROVED = "reversal_not_disproved"  # by seeing what was before it


# === WHAT IS COMPARED === #


@dataclass(frozen=True)
class Fingerprint:
    """What makes a last result recognisable, in any form in which the service told it.

    :param bool none: the terminal has no last result; then nothing else is set
    :param str stan: six digits; "" where it has none
    :param str authorisation: "" where it has none
    :param tuple instants: of aware datetimes in UTC, whole seconds. Empty: no time is known. Two:
        local time in the hour that clocks show twice
    :param result: `Result`, or None
    :param total_amount: minor units, or None where none is known
    """

    none: bool = False
    stan: str = ""
    authorisation: str = ""
    instants: tuple = ()
    result: int | None = None
    total_amount: int | None = None

    @classmethod
    def of(cls, last, zone):
        """The fingerprint of a result.

        :param last: LastTransaction, Outcome (of our own call), or None where the terminal has none
        :param zone: the terminal's time zone, as its name or a tzinfo
        """
        outcome = last.outcome if isinstance(last, LastTransaction) else last
        if outcome is None:
            return cls(none=True)
        return cls._read(outcome.stan_auth, outcome.timestamp, zone, outcome.result, outcome.total_amount)

    @classmethod
    def _read(cls, stan_auth, timestamp, zone, result, total_amount):
        # The same moment is told with fractions of a second or without.
        instants = {instant.replace(microsecond=0) for instant in parse_instants(timestamp, zone)}
        # A total of zero is as good as none: a refusal may show either.
        return cls(False, *split_stan_auth(stan_auth), tuple(sorted(instants)), result, total_amount or None)

    def to_json(self):
        """Plain values, for `from_json`."""
        if self.none:
            return {"none": True}
        return {
            "stan": self.stan,
            "authorisation": self.authorisation,
            "instants": [instant.isoformat() for instant in self.instants],
            "result": self.result,
            "total_amount": self.total_amount,
        }

    @classmethod
    def from_json(cls, values, zone):
        """What `to_json` gave. Fingerprints as they were stored before, with `stan_auth` and
        `timestamp` as NETS told them, are read too; only for them the zone counts.

        :return: Fingerprint, or None for None or an empty value: not known
        """
        if not values:
            return None
        if values.get("none"):
            return cls(none=True)
        result, total_amount = values.get("result"), values.get("total_amount")
        if "instants" not in values:
            return cls._read(values.get("stan_auth"), values.get("timestamp"), zone, result, total_amount)
        instants = tuple(datetime.fromisoformat(instant) for instant in values["instants"])
        return cls(False, values["stan"], values["authorisation"], instants, result, total_amount)

    @property
    def recognisable(self):
        """Whether it can be told from every other result. A local time that two moments share
        can't do that alone."""
        return self.none or bool(self.stan) or len(self.instants) == 1


def contradicts(a, b):
    """Whether two fingerprints can't be of one result. What is blank on one side contradicts nothing,
    with one exception: a result has its number (STAN and authorisation) or hasn't."""
    if a.none or b.none:
        return a.none != b.none
    return (
        (a.stan, a.authorisation) != (b.stan, b.authorisation)
        or bool(a.instants and b.instants and not set(a.instants) & set(b.instants))
        or _differ(a.result, b.result)
        or _differ(a.total_amount, b.total_amount)
    )


def _differ(a, b):
    return a is not None and b is not None and a != b


def is_same(a, b):
    """Whether two fingerprints are of one result: of one number, or of one moment where it has no
    number, and nothing else contradicts it."""
    if contradicts(a, b):
        return False
    return a.none or bool(a.stan) or (a.recognisable and b.recognisable)


def is_newer(a, b):
    """Whether result `a` came after `b`, by the terminal's own clock; where that can't tell (no time,
    the same second, the hour that clocks show twice) by its number, which counts up to 999999 and
    then starts again. Not known: no."""
    if a.none or b.none:
        return b.none and not a.none
    if a.stan and (a.stan, a.authorisation) == (b.stan, b.authorisation):
        return False
    if a.instants and b.instants:
        if a.instants[0] > b.instants[-1]:
            return True
        if a.instants[-1] < b.instants[0]:
            return False
    if not (_is_number(a.stan) and _is_number(b.stan)):
        return False
    return 0 < (int(a.stan) - int(b.stan)) % _STANS < _AHEAD


def _follows_directly(a, b):
    """Whether no number lies between two results. Whether 000000 lies between 999999 and 000001 is not
    known, so there the answer is no."""
    return _is_number(a.stan) and _is_number(b.stan) and int(a.stan) == int(b.stan) + 1


def _is_number(stan):
    return len(stan) == 6 and stan.isascii() and stan.isdigit()


# === THE QUESTION === #


@dataclass(frozen=True)
class Original:
    """The payment that is to be reversed.

    :param int amount: minor units, positive
    """

    order_id: str
    stan_auth: str
    amount: int

    def is_shown(self, last):
        """Whether the terminal's last result is this payment. Not known: no.

        :param last: LastTransaction, or None where the terminal has none
        """
        if last is None or (last.outcome.total_amount and last.outcome.total_amount != self.amount):
            return False
        if last.order_id:
            return last.order_id == self.order_id
        return self.has_number(last.outcome)

    def has_number(self, outcome):
        """Whether a result has the STAN and authorisation of this payment."""
        return bool(self.stan_auth) and split_stan_auth(outcome.stan_auth) == split_stan_auth(self.stan_auth)


@dataclass(frozen=True)
class Evidence:
    """A first sighting of what proves that nothing was charged.

    :param fingerprint: of the last result; None for an administration
    :param datetime at: when it was seen
    """

    rule: Rule
    fingerprint: Fingerprint | None
    at: datetime

    def to_json(self):
        """Plain values, for `from_json`."""
        return {
            "rule": self.rule.value,
            "fingerprint": self.fingerprint and self.fingerprint.to_json(),
            "at": _utc(self.at).isoformat(),
        }

    @classmethod
    def from_json(cls, values, zone):
        """What `to_json` gave, also as it was stored before; None for None or an empty value."""
        if not values:
            return None
        fingerprint = Fingerprint.from_json(values.get("fingerprint"), zone)
        return cls(Rule(values["rule"]), fingerprint, _utc(datetime.fromisoformat(values["at"])))

    def is_again(self, rule, fingerprint):
        """Whether this is seen a second time."""
        if rule != self.rule or (fingerprint is None) != (self.fingerprint is None):
            return False
        return fingerprint is None or not contradicts(fingerprint, self.fingerprint)


@dataclass(frozen=True)
class Question:
    """One of our operations, and what is known about it besides the terminal's last result.

    Times are datetimes in UTC, aware or not, of one and the same clock.

    :param str order_id: as it was sent. A reversal and an administration don't send theirs
    :param int amount: minor units, positive
    :param zone: the terminal's time zone, as its name or a tzinfo
    :param sent_at: None where it is not known to have been sent
    :param float customer_timeout: seconds; the longest a customer may take
    :param baseline: Fingerprint of the terminal's last result before ours was sent, None where that
        is not known
    :param original: Original, for a reversal
    :param bool used_by_hand: cards are also taken on this terminal by others than us
    :param bool mirrors_order_id: the account has sent an order id back before
    :param bool call_held: our own call is still listening: its answer is better than any lookup
    :param evidence: Evidence seen before, or None
    :param float evidence_interval: seconds; two sightings count as two only when this far apart
    """

    kind: Kind
    order_id: str
    amount: int
    zone: object
    now: datetime
    sent_at: datetime | None
    customer_timeout: float
    baseline: Fingerprint | None = None
    original: Original | None = None
    used_by_hand: bool = True
    mirrors_order_id: bool = False
    call_held: bool = False
    evidence: Evidence | None = None
    evidence_interval: float = 5


# === THE VERDICT === #


@dataclass(frozen=True)
class Verdict:
    """What is proven.

    :param rule: the Rule, for NOT_CHARGED and SEEN_ONCE
    :param outcome: the terminal's own result of our operation; None where it shows none
    :param evidence: Evidence to keep until the next lookup; None: there is none (any more)
    :param wait_until: aware datetime in UTC, where nothing but time is missing
    """

    decision: Decision
    why: Why
    rule: Rule | None = None
    outcome: Outcome | None = None
    evidence: Evidence | None = None
    wait_until: datetime | None = None


def weigh(question, terminal_state, last, is_known):
    """What a lookup proves about one of our operations (rules 7 to 9).

    An approved result with our order id proves the charge, whatever else is true. Everything else
    counts only after our own call has ended. A clock alone never decides.

    :param Question question: what was asked, and when
    :param str terminal_state: in NETS' own word, asked for before `last`
    :param last: LastTransaction, or None where the terminal has none. Where it couldn't be asked,
        nothing is proven: don't call this (for an administration `last` doesn't matter)
    :param is_known: called with a StanAuth; whether another operation of this terminal has it
    :return: Verdict
    """
    if question.kind == Kind.ADMINISTRATION:
        if question.call_held:
            return _open(Why.CALL_HELD)
        return _weigh_twice(question, terminal_state, Rule.IDLE)
    is_ours = bool(last and last.order_id and last.order_id == question.order_id)
    if is_ours and question.kind != Kind.REVERSAL:
        if last.outcome.state == OutcomeState.APPROVED:
            return Verdict(Decision.CHARGED, Why.ORDER_ID, outcome=last.outcome)
        if question.call_held:
            return _open(Why.CALL_HELD)
        if last.outcome.state == OutcomeState.NOT_APPROVED:
            return Verdict(Decision.NOT_CHARGED, Why.PROVEN, Rule.ANSWERED, last.outcome)
        return _open(Why.RESULT_UNKNOWN)
    if question.call_held:
        return _open(Why.CALL_HELD)
    return _weigh_without_order_id(question, terminal_state, last, is_known)


def _open(why, wait_until=None):
    return Verdict(Decision.OPEN, why, wait_until=wait_until)


def _weigh_without_order_id(question, terminal_state, last, is_known):
    if question.baseline is None:
        return _open(Why.NO_BASELINE)
    seen = Fingerprint.of(last, question.zone)
    if is_same(seen, question.baseline):
        return _weigh_unchanged(question, terminal_state, seen)
    if last is None:
        return _open(Why.RESULT_GONE)
    if last.order_id:
        return _open(Why.OTHER_ORDER)
    if last.outcome.state == OutcomeState.APPROVED:
        missing = _missing_for_charge(question, last.outcome, seen, is_known)
        return _open(missing) if missing else Verdict(Decision.CHARGED, Why.NUMBER, outcome=last.outcome)
    if last.outcome.state == OutcomeState.UNKNOWN:
        return _open(Why.RESULT_UNKNOWN)
    missing = _missing_for_refusal(question, last.outcome, seen)
    return _open(missing) if missing else _weigh_twice(question, terminal_state, Rule.NEWER, seen, last.outcome)


def _missing_for_charge(question, outcome, seen, is_known):
    """Rule 7 without an order id: why an approval isn't proven to be ours, or None.

    It says neither of which kind it is nor who asked for it. So nobody else may use the terminal, and
    it must be new, of our amount, and not known. Where this account sent order ids back before, one
    without is perhaps somebody else's after all: then it must also be the very next number behind the
    one before ours. Between the two nothing ran, and ours would have taken a number.
    """
    if question.used_by_hand:
        return Why.USED_BY_HAND
    if not seen.stan:
        return Why.NO_NUMBER
    original = question.original
    if is_known(outcome.stan_auth) or (original and original.has_number(outcome)):
        return Why.KNOWN_PAYMENT
    if outcome.total_amount is None:
        return Why.NO_AMOUNT
    # As much again for a tip is rather something else.
    if not is_amount_asked(question.amount, outcome) or added_to(outcome) > question.amount:
        return Why.OTHER_AMOUNT
    if not is_newer(seen, question.baseline):
        return Why.NOT_NEWER
    # A reversal never has an order id.
    expects_order_id = question.mirrors_order_id and question.kind != Kind.REVERSAL
    if expects_order_id and not _follows_directly(seen, question.baseline):
        return Why.ORDER_ID_MISSING
    return None


def _missing_for_refusal(question, outcome, seen):
    """Rule 8a: why an unapproved result isn't proven to be ours, or None.

    Nothing else can have run between ours and it: a card refused by hand after our own was charged must
    not pass for ours. A charge always takes a number, so the number right behind the one before ours
    shows that there was none. Without numbers, only a terminal shows it that nobody uses by hand.
    """
    # What was done by hand after a reversal may hide that it worked.
    if question.used_by_hand and question.kind == Kind.REVERSAL:
        return Why.USED_BY_HAND
    if outcome.total_amount and not is_amount_asked(question.amount, outcome):
        return Why.OTHER_AMOUNT
    if not is_newer(seen, question.baseline):
        return Why.NOT_NEWER if seen.recognisable else Why.NOT_RECOGNISABLE
    if seen.stan and question.baseline.stan:
        return None if _follows_directly(seen, question.baseline) else Why.NUMBER_LEFT_OUT
    return Why.USED_BY_HAND if question.used_by_hand else None


def _weigh_unchanged(question, terminal_state, seen):
    """Rule 8b: the terminal still shows the very result from before ours."""
    if question.kind == Kind.REVERSAL:
        return _open(Why.REVERSAL_NOT_DISPROVED)
    if question.sent_at is None:
        return _open(Why.NOT_SENT)
    # There was none and there is none: an operation by hand may have wiped out ours.
    if seen.none and question.used_by_hand:
        return _open(Why.USED_BY_HAND)
    customer_gone_at = _utc(question.sent_at) + timedelta(seconds=question.customer_timeout)
    if is_idle(terminal_state) and _utc(question.now) <= customer_gone_at:
        return _open(Why.CUSTOMER_MAY_BE_THERE, customer_gone_at)
    return _weigh_twice(question, terminal_state, Rule.UNCHANGED, seen)


def _weigh_twice(question, terminal_state, rule, seen=None, outcome=None):
    """Rule 8 demands that the terminal is idle, and that the proof is seen twice."""
    if not is_idle(terminal_state):
        return _open(Why.TERMINAL_NOT_IDLE)
    now = _utc(question.now)
    evidence = question.evidence
    if evidence is None or not evidence.is_again(rule, seen):
        evidence = Evidence(rule, seen, now)
    again_at = _utc(evidence.at) + timedelta(seconds=question.evidence_interval)
    if now < again_at:
        return Verdict(Decision.SEEN_ONCE, Why.PROVEN, rule, outcome, evidence, again_at)
    return Verdict(Decision.NOT_CHARGED, Why.PROVEN, rule, outcome)


def is_amount_asked(asked, outcome):
    """Whether a result's total is what was asked, plus the tip and the surcharge that it shows.

    :param int asked: minor units, positive
    """
    if outcome.total_amount is None:
        return False
    return outcome.total_amount in (asked, asked + added_to(outcome))


def added_to(outcome):
    """What a result shows as tip and surcharge, in minor units."""
    return (outcome.tip_amount or 0) + (outcome.surcharge_amount or 0)


def may_be_ours(question, last, is_known):
    """Whether an approval without an order id, though it doesn't prove that ours was charged, says against a person who
    settled it as not charged: an unknown one of this amount, that wasn't there before.

    Arguments as `weigh`.
    """
    if last is None or last.order_id or last.outcome.state != OutcomeState.APPROVED:
        return False
    seen, baseline, original = Fingerprint.of(last, question.zone), question.baseline, question.original
    if question.mirrors_order_id and question.kind != Kind.REVERSAL:
        return False  # ours would show its order id
    if baseline and (is_same(seen, baseline) or is_newer(baseline, seen)):
        return False
    if seen.stan and (is_known(last.outcome.stan_auth) or (original and original.has_number(last.outcome))):
        return False
    return last.outcome.total_amount is None or is_amount_asked(question.amount, last.outcome)


# === HOW MUCH === #


class Doubt(TextEnum):
    """Why a person should compare an approval's amount with the receipt."""

    ZERO = "zero"  # the terminal says that it charged nothing
    OTHER_AMOUNT = "other_amount"  # the receipt says so
    OTHER_CURRENCY = "other_currency"  # the receipt says so


@dataclass(frozen=True)
class Charge:
    """What an approval charged.

    :param int amount: minor units, positive
    :param doubt: Doubt, or None where nothing contradicts the amount
    """

    amount: int
    doubt: Doubt | None = None


def read_charge(asked, currency, outcome, print_text=""):
    """How much an approval charged: its total, or what was asked with the tip and the surcharge it shows.

    A total that isn't told contradicts nothing. The receipts are compared with it where they can be read.

    :param int asked: minor units, positive
    :param str currency: ISO 4217, that of the terminal
    :param Outcome outcome: an approved one
    :param str print_text: of a LastTransaction, which has no receipts
    :return: Charge
    """
    added = added_to(outcome)
    amount = outcome.total_amount or asked + added
    if outcome.says_zero:
        return Charge(amount, Doubt.ZERO)
    receipts = (outcome.customer_receipt, outcome.merchant_receipt, print_text)
    # what the customer pays in another currency (DCC) is printed, too
    shown = {pair for text in receipts for pair in read_amounts(text) if pair[0] != outcome.dcc_currency}
    ours = {minor for code, minor in shown if code == currency}
    if shown and not ours:
        return Charge(amount, Doubt.OTHER_CURRENCY)
    if ours and not ours & {amount, amount - added}:
        return Charge(amount, Doubt.OTHER_AMOUNT)
    return Charge(amount)


def is_idle(terminal_state):
    """Whether the terminal does nothing at the moment.

    :param str terminal_state: in NETS' own word
    """
    return (terminal_state or "").strip().lower() == "idle"


def _utc(moment):
    """A moment with its zone; one without is UTC, as databases give it."""
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
