"""Somebody who holds no token of a payment calls whatever a browser may call about it, with results that never were."""

import collections
import itertools

from stack import StackError

from .browser import message, new_token

LOGINS = ("admin", "demo")
STATE = """
SELECT state, reason, claim_token, charged_amount, stan_auth, sent_at, recorded_at, reported_by_id, amount
  FROM nets_transaction WHERE request_id = %s
"""
# What changes, as the first of those columns, where a payment's own call ends without an answer.
SILENCE = slice(0, 3)
SILENT_REASONS = ("connection_interrupted", "agent_interrupted")
# Payments that may end by themselves before each call has met one that stays as it is.
MOST_PAYMENTS = 10
_numbers = itertools.count(700_000)


def state_of(world, operation):
    """Return what may not change by what others say, as one row."""
    [row] = world.postgresql.query(world.database, STATE, [operation.request_id])
    return row


def is_own_silence(before, after):
    """Return whether this is all that happened: the payment's own call ended without an answer.

    A customer took too long, or the process that held the call was replaced. Nothing is told of the card by that.
    """
    (was, *_unknown), (state, reason, _token) = before[SILENCE], after[SILENCE]
    untold = before[SILENCE.stop :] == after[SILENCE.stop :]
    return was == "pending" and state == "unknown" and reason in SILENT_REASONS and untold


class Forgery:
    """All those calls, each of which has to leave a running payment as it was."""

    def __init__(self, terminal, amount):
        """:param str terminal: its id
        :param int amount: minor units, of what runs there
        """
        self._left = collections.deque((login, *call) for login in LOGINS for call in _calls(terminal, amount))
        self._suspected = False  # whether the first of them was made when a payment fell silent
        self._payments = 0

    @property
    def is_over(self):
        return not self._left

    def go_on(self, look, call):
        """Make the calls that are left, for as long as this payment runs.

        The one after which it is silent may have met that by chance: it is made again with the next payment, and is to
        blame where that falls silent by it, too.

        :param look: returns the payment's state, see `state_of`
        :param call: makes one, of (login, method, arguments)
        :raise StackError: where something changes by a call
        """
        self._payments += 1
        if self._payments > MOST_PAYMENTS:
            raise StackError(f"No payment ran for long enough; not tried yet: {list(self._left)}")
        before = look()
        while self._left and before[0] == "pending":
            login, method, *arguments = self._left[0]
            call(login, method, arguments)
            after = look()
            if after == before:
                self._left.popleft()
                self._suspected = False
            elif self._suspected or not is_own_silence(before, after):
                raise StackError(f"Changed by a forged report, {method}{arguments}: {before} became {after}")
            else:
                self._suspected = True
                return


def _calls(terminal, amount):
    fields = {"Result": 0, "TotalAmount": amount, "StanAuth": f"{next(_numbers)}A00001", "CVM": 0}
    result = [message("Dfs13DisplayText", terminal, Text="PIN"), message("Dfs13LocalMode", terminal, **fields)]
    refused = [message("Dfs13LocalMode", terminal, Result=2)]
    last = [message("Dfs13LastFinancialResult", terminal, **fields)]
    calls = [
        ("agent_claim", new_token(), "Forger", []),
        ("agent_not_reached", "refused", ""),
        ("agent_beat", new_token(), "APPROVED"),
        ("agent_abort_sent", new_token()),
        ("agent_report_lookup", new_token(), last, True, "Forger"),
        ("agent_claim_lookup", new_token()),
    ]
    return calls + [
        ("agent_report", token, said, True)
        for token in (new_token(), "", "x" * 10_000, None)
        for said in (result, refused, [])
    ]
