"""From NETS' codes and texts to a reason: the one place where they are interpreted.

Each line says how sure it is, in the words of the BAXI world:

    seen       in a real answer or receipt
    layer      documented for the layer below Connect@Cloud (the terminal library); that it shows
               up in a text here is likely, not certain
    ISO        the usual ISO 8583 meaning, not confirmed by NETS
    guess      the texts of `failure.error` are not published; a keyword that can't mean much else

A reason only chooses the words a person reads. It never makes a transaction approved or refused:
`Result` does. The one exception is *nothing started*, see `of_failure`, and it is kept narrow.
"""

import re

from .enums import TextEnum

MAX_TEXT = 1000  # characters of a failure's text that are read


class Reason(TextEnum):
    """Why something was not approved, is not known, or could not be asked."""

    # The way to the service
    LOGIN_REFUSED = "login_refused"
    LOGIN_MISSING = "login_missing"  # no user name or password is set
    LOGIN_UNAVAILABLE = "login_unavailable"
    CALL_REFUSED = "call_refused"  # the login works, and this call is refused (401) all the same
    ACCOUNT_NOT_ACTIVATED = "account_not_activated"
    TERMINAL_NOT_ALLOWED = "terminal_not_allowed"
    LAST_RESULT_NOT_FOUND = "last_result_not_found"  # 404 for the last result: none, or no such terminal
    SERVICE_UNREACHABLE = "service_unreachable"  # the connection never opened, nothing was sent
    # The answer
    CONNECTION_INTERRUPTED = "connection_interrupted"  # sent, and the answer was lost
    SERVICE_ERROR = "service_error"  # a status that tells nothing
    UNREADABLE_ANSWER = "unreadable_answer"
    RESULT_UNKNOWN = "result_unknown"  # NETS itself doesn't know (Result 99), or doesn't say
    # The way to a Baxi.Agent, and what a browser hands on of it
    AGENT_UNREACHABLE = "agent_unreachable"  # the connection never opened, nothing was sent
    AGENT_BLOCKED = "agent_blocked"  # the browser doesn't open it from this page, nothing was sent
    AGENT_SILENT = "agent_silent"  # it is open, and doesn't say what was asked
    AGENT_INTERRUPTED = "agent_interrupted"  # sent, and the answer, or the browser, was lost
    AGENT_WRONG_TERMINAL = "agent_wrong_terminal"  # another terminal answers there; nothing was sent
    AGENT_OTHER_TERMINAL = "agent_other_terminal"  # sent, and another terminal answered
    AGENT_OTHER_AMOUNT = "agent_other_amount"  # the answer contradicts what was asked
    # The transaction
    PROVIDER_REFUSED = "provider_refused"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    TERMINAL_REFUSED = "terminal_refused"
    CUSTOMER_CANCELLED = "customer_cancelled"
    CARD_REMOVED = "card_removed"
    TERMINAL_TIMEOUT = "terminal_timeout"
    DUPLICATE_TRANSACTION = "duplicate_transaction"
    TERMINAL_BUSY = "terminal_busy"
    TERMINAL_DISCONNECTED = "terminal_disconnected"
    WRONG_PIN = "wrong_pin"
    EXPIRED_CARD = "expired_card"
    OVER_LIMIT = "over_limit"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    FORMAT_ERROR = "format_error"


# RejectionReason, where it is known whole.
REJECTION_REASONS = {
    "4:6": Reason.FORMAT_ERROR,  # seen, with RejectionSource 03; nothing was asked
    "3:2:Z1": Reason.WRONG_PIN,  # seen; the card checked the PIN offline
}
CANCELLED_AT_TERMINAL = "2:1"  # seen, with an empty StanAuth

# ResponseCode: what the card's issuer answered, two characters.
RESPONSE_CODES = {
    "51": Reason.INSUFFICIENT_FUNDS,  # ISO
    "54": Reason.EXPIRED_CARD,  # ISO
    "55": Reason.WRONG_PIN,  # ISO
    "61": Reason.OVER_LIMIT,  # ISO
    "75": Reason.WRONG_PIN,  # ISO: too many PIN attempts
    "91": Reason.ISSUER_UNAVAILABLE,  # ISO
    "94": Reason.DUPLICATE_TRANSACTION,  # ISO
}
# Codes that are not the issuer's refusal: approved (and the terminal refused afterwards), or
# decided offline between card and terminal (EMV).
NOT_THE_ISSUER = {"", "00", "Y1", "Y3", "Z1", "Z3"}

# Codes of the layer below: reason, and whether the code proves that nothing was started.
SERVICE_CODES = {
    "6003": (Reason.TERMINAL_BUSY, True),  # layer: busy
    "7008": (Reason.ISSUER_UNAVAILABLE, False),  # layer: no host contact
    "7009": (Reason.TERMINAL_TIMEOUT, False),  # layer: no response from terminal
    "7014": (Reason.TERMINAL_DISCONNECTED, False),  # layer: no response from controller
    "7016": (Reason.TERMINAL_DISCONNECTED, False),  # layer: terminal restarted
    "7100": (Reason.TERMINAL_BUSY, True),  # layer: processing a previous command
    "7104": (Reason.TERMINAL_BUSY, True),  # layer: busy with administration
    "7506": (Reason.FORMAT_ERROR, False),  # layer: bad operator id; when it is checked: not known
    "8013": (Reason.TERMINAL_DISCONNECTED, True),  # layer: terminal not found / not connected
    "9000": (Reason.TERMINAL_DISCONNECTED, False),  # layer: fatal, connection lost
    "9100": (Reason.TERMINAL_NOT_ALLOWED, True),  # layer: unauthorised
}
# A code is alone ("7100", "7100: …", "(8013)") or behind a word for it: an amount or a
# number in the middle of a sentence is not one.
_SERVICE_CODE = re.compile(
    r"(?:^\W*|[(\[]\s*|\b(?:code|error|status)\W{0,3})"
    rf"({'|'.join(SERVICE_CODES)})(?![\d.,]*\d)",
    re.IGNORECASE,
)

# Words of the four categories in which nothing was started: busy, not found, not allowed, format
# error. The first match counts, here and below.
_NOTHING_STARTED = {
    # layer
    r"\bbusy\b|\bprocessing (a |the )?previous\b": Reason.TERMINAL_BUSY,
    r"\bterminal\W+([0-9]{8}\W+)?((is|was) )?not found\b": Reason.TERMINAL_DISCONNECTED,
    r"\b(unknown|no such) terminal\b": Reason.TERMINAL_DISCONNECTED,
    # guess
    r"^\W*not found\W*$": Reason.TERMINAL_DISCONNECTED,
    r"\bnot allowed\b|\bforbidden\b|\baccess denied\b": Reason.TERMINAL_NOT_ALLOWED,
    r"\bunauthori[sz]ed\b": Reason.TERMINAL_NOT_ALLOWED,
    # seen as the meaning of 03/4:6; the words are a guess
    r"\bformat error\b|\bmalformed\b": Reason.FORMAT_ERROR,
    r"\binvalid (request|format|json|transaction ?type)\b": Reason.FORMAT_ERROR,
}
# Words that name a reason and prove nothing. All are guesses.
_HINTS = {
    r"\binsufficient\b|\bnot enough (funds|money)\b": Reason.INSUFFICIENT_FUNDS,
    r"\b(wrong|incorrect|invalid|bad) pin\b": Reason.WRONG_PIN,
    r"\bpin (\w+ )?(wrong|incorrect|invalid|blocked)\b": Reason.WRONG_PIN,
    r"\bexpired card\b|\bcard (has |is )?expired\b": Reason.EXPIRED_CARD,
    r"\b(over|exceed\w*)\b.{0,20}\blimit\b|\blimit exceeded\b": Reason.OVER_LIMIT,
    r"\bissuer\b.{0,20}\b(unavailable|not available|inoperative)\b": Reason.ISSUER_UNAVAILABLE,
    r"\bno host contact\b": Reason.ISSUER_UNAVAILABLE,
    r"\bduplicate\b": Reason.DUPLICATE_TRANSACTION,
    r"\bcard\b.{0,20}\b(removed|withdrawn)\b|\bremoved card\b": Reason.CARD_REMOVED,
    r"\btime[d -]*out\b|\bno card\b": Reason.TERMINAL_TIMEOUT,
    r"\bnot connected\b|\bdisconnected\b|\bno response\b": Reason.TERMINAL_DISCONNECTED,
    r"\b(connection|contact)\b.{0,20}\blost\b|\brestarted\b": Reason.TERMINAL_DISCONNECTED,
    r"\blost\b.{0,20}\b(connection|contact)\b": Reason.TERMINAL_DISCONNECTED,
    r"\bcancel\w*\b|\babort\w*\b": Reason.CUSTOMER_CANCELLED,
    r"\bdo not honou?r\b": Reason.PROVIDER_REFUSED,
    r"\b(declined|refused) by (the )?(issuer|bank|host)\b": Reason.PROVIDER_REFUSED,
}
# Words that speak against "nothing was started", whatever else the text says: a terminal that
# was lost on the way, or a card or a person that already took part.
_DOUBT = re.compile(
    r"\b(lost|interrupt\w*|time[d -]*out|no (response|answer|contact)|restart\w*|disconnect\w*"
    r"|during|(?<!again )after|unknown (result|outcome|state)|approved|card\w*|customer|pin)\b",
    re.IGNORECASE,
)

_NOT_ACTIVATED = re.compile(
    r"\bnot (yet )?(been )?activated\b|\binactive\b|\bdisabled\b|\bdeactivated\b", re.IGNORECASE
)
_ABOUT_LOGIN = re.compile(r"\buser\w*|\bpassword|\bcredential|\blog-?in\b|\baccount\b", re.IGNORECASE)
_NO_TRANSACTION = re.compile(
    r"\W*no (last |latest |previous )?(financial )?(transaction|result)( result)?"
    r"( found| available| exists)?\W*",
    re.IGNORECASE,
)


def service_codes(text):
    """The codes of the layer below that a text carries, in their order, as text."""
    return _SERVICE_CODE.findall(text)


def of_failure(text):
    """What a failure without `localModeEventArgs` says.

    :param str text: `failure.error`, or the bare string
    :return: (Reason or None, whether the text proves that nothing was started on the terminal)
    """
    # What is left out of a text may be its doubts.
    is_whole = len(text) <= MAX_TEXT
    codes = [SERVICE_CODES[code] for code in service_codes(text)]
    proven = _first(_NOTHING_STARTED, text)
    if codes:
        reason, proof = codes[0][0], all(proof for _reason, proof in codes)
    else:
        reason, proof = proven or _first(_HINTS, text), proven is not None
    return reason, proof and is_whole and not _DOUBT.search(text)


# With which statuses, besides 400, a terminal that is busy or not there may be told (guess), and what
# must then be the whole text: proxies and load balancers between us and NETS also use these statuses.
TURNED_AWAY_STATUSES = (409, 423, 503, 504)
_AGAIN = "(?: (?:please )?(?:try again|retry)(?: later)?)?"
_BUSY = "busy(?: with administration)?|processing (?:a |the )?previous command"
_TERMINAL_IS = "(?:the )?terminal (?:[0-9]{8} )?(?:(?:is|was) )?"
_TURNED_AWAY = re.compile(
    f"(?:(?:error |code |status )*(?:6003|7100|7104|8013)(?: (?:{_TERMINAL_IS}not connected|{_TERMINAL_IS}not found"
    f"|(?:{_TERMINAL_IS})?(?:{_BUSY})))?"
    f"|{_TERMINAL_IS}(?:not found|{_BUSY})|(?:unknown|no such) terminal){_AGAIN}"
)


def of_turned_away(text):
    """What a failure says that came with one of TURNED_AWAY_STATUSES.

    :return: Reason where the text proves that nothing was started, else None
    """
    if len(text) > MAX_TEXT or not _TURNED_AWAY.fullmatch(" ".join(re.findall(r"\w+", text.lower()))):
        return None
    reason, nothing_started = of_failure(text)
    return reason if nothing_started else None


def _first(table, text):
    return next(
        (reason for pattern, reason in table.items() if re.search(pattern, text, re.IGNORECASE)),
        None,
    )


def of_rejection(response_code, rejection_reason, stan_auth, text):
    """Why the terminal rejected (`Result` 2): from the most to the least certain sign.

    :param str response_code: the host's two characters, or ""
    :param str rejection_reason: `a:b` or `a:b:ResponseCode`, or ""
    :param str stan_auth: "" when nothing was asked of the host
    :param str text: `failure.error` beside it, or ""
    """
    if rejection_reason in REJECTION_REASONS:
        return REJECTION_REASONS[rejection_reason]
    if rejection_reason == CANCELLED_AT_TERMINAL and not stan_auth:
        return Reason.CUSTOMER_CANCELLED
    if not response_code and rejection_reason.count(":") == 2:
        response_code = rejection_reason.rpartition(":")[2]
    if response_code in RESPONSE_CODES:
        return RESPONSE_CODES[response_code]
    reason, _proof = of_failure(text)
    if reason:
        return reason
    # The host said something else than yes (05 do not honour among them), or wasn't asked.
    if response_code in NOT_THE_ISSUER:
        return Reason.TERMINAL_REFUSED
    return Reason.PROVIDER_REFUSED


def of_login(status, text):
    """Why a login brought no token.

    :param int status: the HTTP status of the answer
    :param str text: its `error`, or ""
    """
    if status not in (400, 401, 403):
        return Reason.LOGIN_UNAVAILABLE
    # seen: 401 for a bad login. guess: that an account which isn't active yet says so in words, and that a
    # 403 without a word about the login comes from a proxy before it, and will pass.
    if _NOT_ACTIVATED.search(text):
        return Reason.ACCOUNT_NOT_ACTIVATED
    if status == 403 and not _ABOUT_LOGIN.search(text):
        return Reason.LOGIN_UNAVAILABLE
    return Reason.LOGIN_REFUSED


def says_no_transaction(text):
    """Whether a failure of *last transaction* says that the terminal has none (guess: only a text
    that says nothing else counts)."""
    return bool(_NO_TRANSACTION.fullmatch(text))
