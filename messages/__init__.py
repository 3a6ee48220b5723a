from .catalogue import (
    Message,
    describe,
    describe_lookup,
    describe_notes,
    describe_refusal,
    describe_setup,
    labels,
    note_of_error,
    refusal,
)
from .engine import (
    ADMINISTRATION_REASONS,
    ADMINISTRATION_UNANSWERED,
    EARLIER_CHARGE_FOUND,
    LOGGED_IN,
    MERCHANT_ABORTED,
    NEVER_SENT,
    NO_RETRY_REASONS,
    NOT_LAST_TRANSACTION,
    PROVEN_NOT_CHARGED,
    REFUSED_REASONS,
    RETRY_WAIT,
    SETTLED_BY_HAND,
    STOPPED_REASONS,
)
from . import account
from .pos import BY_HAND_REASONS, describe_to_visitor
