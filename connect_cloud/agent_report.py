"""What a browser's report about a Baxi.Agent means: raw messages in, an outcome out, judged as an answer of the service
is.

A browser may be old, broken or lying. So nothing that it concluded itself is taken over: what the agent said is read
once more (`agent.py`), and compared with what was asked. What this can't prevent is a browser that makes up messages
from whole cloth; its owner marks such outcomes.

The wire carries no order id, and nothing that ties an answer to a request. What belongs to an older transaction is told
by the terminal's result from before (the baseline), and by numbers that are known already.
"""

from dataclasses import dataclass, replace

from .agent import (
    MAX_MESSAGE,
    MAX_MESSAGES,
    MAX_TOTAL,
    MessageKind,
    not_reached_administration,
    not_reached_outcome,
    read_administration,
    read_answers,
    read_last_result,
    read_messages,
    unknown_administration,
    unknown_outcome,
)
from .answers import MAX_FIELD, OutcomeState
from .enums import TextEnum
from .errors import ConnectCloudError
from .evidence import Fingerprint, Kind, added_to, contradicts, is_amount_asked, is_same
from .reasons import Reason
from .redaction import mask_card_numbers

TRANSACTION_TYPES = {Kind.PURCHASE: 48, Kind.REFUND: 49, Kind.REVERSAL: 50}
ADMINISTRATIONS = {"reconciliation": 12592, "x_report": 12598, "z_report": 12599}
CVM_SIGNATURE = "1"


class Trouble(TextEnum):
    """Why nothing more will come, in the browser's word."""

    NONE = ""
    NOT_WRITTEN = "not_written"  # not one byte of the request was handed to the connection
    CLOSED = "closed"  # the connection was lost
    TIMEOUT = "timeout"  # the customer's whole time is over
    LEFT = "left"  # the page was left or loaded again
    BUSY = "busy"  # the browser itself was at something else; nothing was written either


_NOTHING_WRITTEN = {Trouble.NOT_WRITTEN, Trouble.BUSY}


class ReportError(ValueError):
    """A report is not what a browser of ours sends: too much, or not text."""


@dataclass(frozen=True)
class Asked:
    """One of our operations, and what tells its answer from others'.

    :param int amount: minor units, positive
    :param str terminal: the id of the terminal that it was for
    :param zone: the terminal's time zone
    :param baseline: Fingerprint of the terminal's last result before it, None where that isn't known
    :param bool was_aborted: the agent was asked to stop, so a rejection may be about that
    :param str ecr_id: under which it was sent
    """

    kind: Kind
    amount: int
    terminal: str
    zone: object
    baseline: Fingerprint | None = None
    was_aborted: bool = False
    ecr_id: str = ""


def request_of(kind, amount, administration=""):
    """What a browser sends to the agent: plain values, of which its driver makes XML.

    :param str kind: of the transaction
    :param int amount: minor units, positive
    :param str administration: a key of ADMINISTRATIONS
    :return: dict
    :raise ValueError: for what an agent can't do
    """
    if kind == Kind.ADMINISTRATION:
        if administration not in ADMINISTRATIONS:
            raise ValueError("this isn't done through an agent")
        return {"method": "administration", "adm_code": ADMINISTRATIONS[administration]}
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise ValueError("amount must be a positive integer in minor units")
    return {"method": "transfer", "transaction_type": TRANSACTION_TYPES[Kind(kind)], "amount": amount}


def check_messages(texts):
    """The messages of a report, where they are of a size that an agent can need.

    :return: list of str
    :raise ReportError: otherwise
    """
    if not isinstance(texts, list | tuple) or len(texts) > MAX_MESSAGES:
        raise ReportError("not a list, or too many messages")
    if not all(isinstance(text, str) and len(text) <= MAX_MESSAGE for text in texts):
        raise ReportError("not text, or too long")
    if sum(map(len, texts)) > MAX_TOTAL:
        raise ReportError("too much text")
    return list(texts)


def judge_transfer(texts, asked, is_known, *, is_last, trouble=Trouble.NONE):
    """The Outcome of a payment, refund or reversal.

    :param list texts: what the agent sent since it was asked
    :param Asked asked: what for
    :param is_known: called with a StanAuth; whether another operation of this terminal has it
    :param bool is_last: nothing more will come
    :param Trouble trouble: why
    :return: Outcome; None where none of this is the end, and more may come
    :raise ReportError: as `check_messages`
    """
    texts = check_messages(texts)
    answers = read_answers(texts, asked.terminal, asked.ecr_id, has_aborted=asked.was_aborted)
    # What names no result is a rejection. It is about our request where nothing else was asked that could be rejected:
    # the question for the last result was answered before.
    ran = [(outcome, was_shown) for outcome, was_shown in answers if outcome.result is not None]
    own = [outcome for outcome, was_shown in ran if _is_ours(outcome, was_shown, asked, is_known)]
    if own:
        # evidence of a charge always wins
        outcome = min(own, key=lambda outcome: outcome.state != OutcomeState.APPROVED)
        return _signed(_checked(outcome, asked))
    refused = [outcome for outcome, _was_shown in answers if outcome.result is None and not outcome.started]
    if refused and not ran and asked.baseline is not None:
        return refused[0]
    if not is_last:
        return None
    if trouble in _NOTHING_WRITTEN and not texts:
        return not_reached_outcome()
    said = next((outcome.message for outcome, _was_shown in answers if outcome.message), "")
    return replace(unknown_outcome(texts, _silence(texts, asked)), message=said)


def judge_administration(texts, asked, *, is_last, trouble=Trouble.NONE):
    """The AdministrationOutcome of a reconciliation or a report. As `judge_transfer`."""
    texts = check_messages(texts)
    outcome = read_administration(texts, asked.terminal, asked.ecr_id, has_aborted=asked.was_aborted)
    if outcome or not is_last:
        return outcome
    if trouble in _NOTHING_WRITTEN and not texts:
        return not_reached_administration()
    return unknown_administration(texts, _silence(texts, asked))


def judge_last_result(texts, terminal, ecr_id=""):
    """The last transaction of a terminal, as its agent showed it.

    :param list texts: what the agent sent since it was asked
    :param str terminal: whose it has to be
    :return: LastTransaction, or None where there is none
    :raise ConnectCloudError: where the agent doesn't tell; TERMINAL_BUSY where it is at something else
    :raise ReportError: as `check_messages`
    """
    texts = check_messages(texts)
    if _is_anothers(texts, terminal, MessageKind.LAST_RESULT):
        raise ConnectCloudError(Reason.AGENT_WRONG_TERMINAL)
    try:
        last = read_last_result(texts, terminal, ecr_id)
    except ConnectCloudError as error:
        if error.reason == Reason.CONNECTION_INTERRUPTED:
            raise ConnectCloudError(Reason.AGENT_SILENT) from None
        raise
    if last and last.outcome.result is None:
        raise ConnectCloudError(Reason.UNREADABLE_ANSWER)
    return last


def read_line(text):
    """What a browser says in a line: what a terminal shows, what the browser calls itself."""
    line = " ".join(text.split()) if isinstance(text, str) else ""
    return mask_card_numbers(line.encode("utf-8", "replace").decode().replace("\x00", "")[:MAX_FIELD])


def _silence(texts, asked):
    if _is_anothers(texts, asked.terminal, MessageKind.LOCAL_MODE):
        return Reason.AGENT_OTHER_TERMINAL
    return Reason.AGENT_INTERRUPTED


def _is_anothers(texts, terminal, kind):
    """Whether such a result came, and only of other terminals."""
    found = [message.is_for(terminal, "") for message in read_messages(texts) if message.kind == kind]
    return bool(found) and not any(found)


def _is_ours(outcome, was_shown, asked, is_known):
    """Whether this result is that of our operation: agents repeat what was there before it was asked for.

    :param bool was_shown: the terminal showed or printed something before it, so something ran
    """
    # a reversal may be told with the number of the payment that it takes back
    if asked.kind != Kind.REVERSAL and outcome.stan_auth and is_known(outcome.stan_auth):
        return False
    if asked.baseline is None:
        return was_shown
    seen = Fingerprint.of(outcome, asked.zone)
    if contradicts(seen, asked.baseline):
        return True
    # what can't be told from the one before may be that one
    return was_shown and not is_same(seen, asked.baseline)


def _checked(outcome, asked):
    """A browser can't say another amount: what contradicts what was asked is left to a person, who compares the
    terminal's journal."""
    if outcome.state != OutcomeState.APPROVED:
        return outcome
    most = asked.amount if asked.kind == Kind.PURCHASE else 0
    is_other = outcome.total_amount is not None and not is_amount_asked(asked.amount, outcome)
    if is_other or added_to(outcome) > most:
        return replace(outcome, state=OutcomeState.UNKNOWN, reason=Reason.AGENT_OTHER_AMOUNT)
    return outcome


def _signed(outcome):
    """Where one paper alone came and the customer signs, it is the one to sign."""
    if outcome.card.cvm == CVM_SIGNATURE and not outcome.merchant_receipt:
        return replace(outcome, merchant_receipt=outcome.customer_receipt)
    return outcome
