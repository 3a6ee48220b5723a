"""What Odoo's log says of requests: how long each took, and how many statements it made.

`"POST /web/dataset/call_kw/pos.order/sync_from_ui HTTP/1.1" 200 - 50 0.021 0.043`: 50 statements, 21 ms of
them, and 43 ms of everything else.
"""

import dataclasses
import re

_LINE = re.compile(
    r"^\S+ \S+ \d+ \w+ (?P<database>\S+) werkzeug: \S+ - - \[[^\]]*\] "
    r'"(?P<method>\S+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d+) \S+ (?P<sql>\d+) (?P<in_sql>[\d.]+) (?P<rest>[\d.]+)',
    re.MULTILINE,
)
# The benchmark's own questions, and the bus, whose one connection is answered in bits that no line tells of.
_NOT_COUNTED = ("/bench/", "/websocket")


@dataclasses.dataclass(frozen=True)
class Request:
    path: str  # without what is asked for in it
    status: int
    sql: int  # statements
    milliseconds: float


def errors(lines):
    """Return those of the log's lines that somebody has to look at."""
    return [line for line in lines if " ERROR " in line or " CRITICAL " in line]


def bare(path):
    """Return a path without what is asked for in it, and without the page's own note of what it calls."""
    return re.split(r"[?#]", path, maxsplit=1)[0]


def read(text, database):
    """Return the requests on a database that this part of the log tells of."""
    return [
        Request(
            bare(found["path"]),
            int(found["status"]),
            int(found["sql"]),
            (float(found["in_sql"]) + float(found["rest"])) * 1000,
        )
        for found in _LINE.finditer(text)
        if found["database"] == database and not found["path"].startswith(_NOT_COUNTED)
    ]


def called(path):
    """Return (model, method) that a path calls over RPC; ("", "") for any other."""
    parts = path.strip("/").split("/")
    if parts[:2] == ["web", "dataset"] and len(parts) == 5:
        return parts[3], parts[4]
    return "", ""


def is_ours(path):
    """Tell whether a request is our terminal's: it calls a model or method of the addon, or a route of its own.

    All others are the till's or the invoice's own, whoever has them made: the sync of an order, reading it again.
    """
    model, method = called(path)
    return model.startswith("nets.") or "nets_" in method or "/nets" in path.removeprefix("/web/dataset")


def is_peers(path):
    """Tell whether a request is a terminal's of Odoo's own addons: what they call is on the payment method."""
    return called(path)[0] == "pos.payment.method" or path.endswith("/notification")
