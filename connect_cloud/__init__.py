"""A client for NETS Connect@Cloud card terminals, in plain Python on `requests`.

It knows nothing of Odoo. It sends, listens, and says what an answer proves; it never guesses,
never repeats a transaction and never looks one up by itself: that is its owner's business.

All amounts are integers in minor units (cents, øre).
"""

from .answers import (
    AdministrationOutcome,
    Card,
    LastTransaction,
    Outcome,
    OutcomeState,
    parse_timestamp,
)
from .client import PRODUCTION_URL, TEST_URL, ConnectCloudClient
from .errors import ConnectCloudError, SendRefused
from .evidence import (
    Decision,
    Evidence,
    Fingerprint,
    Kind,
    Original,
    Question,
    Rule,
    Verdict,
    Why,
    is_amount_asked,
    is_newer,
    is_same,
    weigh,
)
from .reasons import Reason
from .tokens import Token
from .transport import Timeouts

__all__ = [
    "PRODUCTION_URL",
    "TEST_URL",
    "AdministrationOutcome",
    "Card",
    "ConnectCloudClient",
    "ConnectCloudError",
    "Decision",
    "Evidence",
    "Fingerprint",
    "Kind",
    "LastTransaction",
    "Original",
    "Outcome",
    "OutcomeState",
    "Question",
    "Reason",
    "Rule",
    "SendRefused",
    "Timeouts",
    "Token",
    "Verdict",
    "Why",
    "is_amount_asked",
    "is_newer",
    "is_same",
    "parse_timestamp",
    "weigh",
]
