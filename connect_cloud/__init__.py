"""A client for NETS Connect@Cloud card terminals, in plain Python on `requests`.

It knows nothing of Odoo. It sends, listens, and says what an answer proves; it never guesses,
never repeats a transaction and never looks one up on its own: that is its owner's business.

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
from .currencies import (
    AmountError,
    UnknownCurrencyError,
    from_minor_units,
    read_amount,
    to_minor_units,
)
from .errors import ConnectCloudError, SendRefused
from .evidence import (
    Charge,
    Decision,
    Doubt,
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
    read_charge,
    weigh,
)
from .payouts import (
    FIELDS,
    LARGEST_FILE,
    Candidate,
    Column,
    Entry,
    Payout,
    PayoutFileError,
    match,
    propose,
    propose_spans,
    read_payouts,
    read_table,
)
from .reasons import Reason
from .tokens import Token
from .totals import Comparison, Sum, Totals, compare, read_totals
from .transport import Timeouts

__all__ = [
    "FIELDS",
    "LARGEST_FILE",
    "PRODUCTION_URL",
    "TEST_URL",
    "AdministrationOutcome",
    "AmountError",
    "Candidate",
    "Card",
    "Charge",
    "Column",
    "Comparison",
    "ConnectCloudClient",
    "ConnectCloudError",
    "Decision",
    "Doubt",
    "Entry",
    "Evidence",
    "Fingerprint",
    "Kind",
    "LastTransaction",
    "Original",
    "Outcome",
    "OutcomeState",
    "Payout",
    "PayoutFileError",
    "Question",
    "Reason",
    "Rule",
    "SendRefused",
    "Sum",
    "Timeouts",
    "Token",
    "Totals",
    "UnknownCurrencyError",
    "Verdict",
    "Why",
    "compare",
    "from_minor_units",
    "is_amount_asked",
    "is_newer",
    "is_same",
    "match",
    "parse_timestamp",
    "propose",
    "propose_spans",
    "read_amount",
    "read_charge",
    "read_payouts",
    "read_table",
    "read_totals",
    "to_minor_units",
    "weigh",
]
