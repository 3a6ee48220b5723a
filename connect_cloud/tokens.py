"""The login token."""

import base64
import json
import math
from dataclasses import dataclass, field

RENEW_BEFORE = 10 * 60  # seconds before its end, so that it can't die in mid-transaction
UNREADABLE_LIFETIME = 24 * 3600  # seconds; what NETS' tokens live


@dataclass(frozen=True)
class Token:
    """A bearer token.

    :param str value: what goes into the Authorization header; never shown
    :param float expires_at: epoch seconds
    """

    value: str = field(repr=False)
    expires_at: float

    def needs_renewal(self, now):
        """Whether it ends within ten minutes of `now` (epoch seconds)."""
        return self.expires_at - now < RENEW_BEFORE


def read_token(value, now):
    """A Token from what the login answered.

    Its end is the JWT's `exp`; where that can't be read, 24 hours from `now`. The signature is
    NETS' business: a token that isn't NETS' gets a 401.

    :param str value: the JWT
    :param float now: epoch seconds
    """
    expires_at = now + UNREADABLE_LIFETIME
    try:
        payload = value.split(".")[1]
        padding = "=" * (-len(payload) % 4)
        claimed = float(json.loads(base64.urlsafe_b64decode(payload + padding))["exp"])
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        pass  # not a JWT, or none with a number as its end
    else:
        if math.isfinite(claimed):
            expires_at = claimed
    return Token(value, expires_at)
