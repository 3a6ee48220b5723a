"""Tokens like those of NETS: JWT, HS256, the ``exp`` claim rules."""

import base64
import binascii
import hashlib
import hmac
import json

# A fixed key: tokens outlive a restart of the simulator, as those of NETS outlive one of theirs.
# It guards nothing but play money.
_KEY = b"simulator: play money only"


def encode(claims):
    """Return the signed token of ``claims`` (dict)."""
    signed = ".".join(_part(json.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_signature(signed)}"


def decode(token):
    """Return the claims of ``token``; raise ValueError where it was not signed here."""
    signed, _dot, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed).encode()):
        raise ValueError("wrong signature")
    payload = signed.partition(".")[2]
    try:
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _part(text):
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _signature(signed):
    digest = hmac.digest(_KEY, signed.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
