"""The one catalogue of what a person reads: a short label and an explanation for each outcome and error.

Dialogs, logs and settings take their words from here; the text and code that NETS sent are kept beside them. The words
themselves are in the files beside this one: the engine's, and those of each part that takes cards with it.
"""

from dataclasses import dataclass
from datetime import datetime

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tools import format_date
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# What a sentence of the catalogue says in each kind of transaction: that no money moved, and what not to do yet.
_WORDS = {
    "purchase": {
        "not_done": _lt("Nothing was charged."),
        "wait": _lt("Don't charge again before it is known."),
    },
    "refund": {
        "not_done": _lt("No money went back to the card."),
        "wait": _lt("Don't refund again before it is known."),
    },
    "reversal": {
        "not_done": _lt("The payment wasn't reversed."),
        "wait": _lt("Don't reverse or refund it before it is known."),
    },
}

_UNKNOWN_KEY = (
    _lt("Not done"),
    _lt("%(not_done)s The terminal's own words are below."),
)

# Reason, perhaps after the kind of transaction and a colon → (label, explanation).
_MESSAGES = {}
# The same reasons where an administrator sets up an account, and no payment is in question.
_SETUP_MESSAGES = {}
# What is refused before anything is sent, perhaps after the kind of transaction it is about and a colon → (label,
# explanation).
_REFUSALS = {}
# What the last lookup of a result came to → sentence.
_LOOKUPS = {}
# What is noted of a transaction, and read later by people of other languages → sentence.
_NOTES = {}
# What such a sentence says instead of a name that isn't there (any more).
_STAND_INS = {}


def register(messages=None, setup_messages=None, refusals=(), lookups=None, notes=None, stand_ins=None):
    """Add words to the catalogue. A key is taken once.

    :param dict messages: (label, explanation) by reason
    :param dict setup_messages: the same, for the person who sets an account up
    :param dict lookups: sentences about what a lookup came to, by key
    :param dict notes: sentences about what is noted of a transaction, by key
    :param dict stand_ins: what notes say instead of a value that is empty, by the value's name
    :param refusals: pairs of a label and of the explanations that it stands for, by key
    """
    _add(_MESSAGES, messages or {})
    _add(_SETUP_MESSAGES, setup_messages or {})
    _add(_LOOKUPS, lookups or {})
    _add(_NOTES, notes or {})
    _add(_STAND_INS, stand_ins or {})
    for label, explanations in refusals:
        _add(_REFUSALS, {key: (label, explanation) for key, explanation in explanations.items()})


def _add(catalogue, words):
    if taken := catalogue.keys() & words.keys():
        raise ValueError(f"These have words already: {', '.join(sorted(taken))}")
    catalogue.update(words)


@dataclass(frozen=True)
class Message:
    label: str
    explanation: str
    detail: str  # NETS' own text, as it came

    def as_text(self):
        """The whole message as plain text, for an error dialog."""
        return "\n".join(filter(None, [self.label, self.explanation, self.detail]))


def describe(env, reason, detail="", kind="purchase"):
    """The words for a reason, in the user's language.

    :param env: environment whose language counts
    :param reason: a `connect_cloud.Reason`, one of the engine's reasons, or anything else
    :param str detail: NETS' own text, kept as it came
    :param str kind: of the transaction; what is said of money fits it
    :return: Message
    """
    key = str(getattr(reason, "value", reason) or "")
    label, explanation = _MESSAGES.get(f"{kind}:{key}") or _MESSAGES.get(key, _UNKNOWN_KEY)
    words = {name: env._(text) for name, text in _WORDS.get(kind, _WORDS["purchase"]).items()}
    sentence = env._(explanation)
    return Message(env._(label), sentence % words, detail or "")


def labels(env):
    """The short labels of all reasons, for lists and filters.

    :return: list of (reason, label in the user's language)
    """
    return [(reason, env._(label)) for reason, (label, _explanation) in _MESSAGES.items()]


def describe_setup(env, reason, detail=""):
    """The words for the result of a login, for the administrator who sets the account up.

    :param reason: a `connect_cloud.Reason`, `LOGGED_IN`, or "" where it wasn't tried
    """
    if reason not in _SETUP_MESSAGES:
        return describe(env, reason, detail)
    label, explanation = _SETUP_MESSAGES[reason]
    return Message(env._(label), env._(explanation), detail or "")


def describe_refusal(env, key, kind="purchase", **values):
    """The words for something that is refused before anything is sent.

    :param str key: of `_REFUSALS`
    :param str kind: of the transaction that it is about
    :param values: what the explanation names
    :return: Message
    """
    label, explanation = _REFUSALS.get(f"{kind}:{key}") or _REFUSALS[key]
    text = env._(explanation)
    return Message(env._(label), text % values, "")


def refusal(env, key, error=UserError, **values):
    """The exception that refuses something: its first line is the label, its second one the explanation.

    :param error: the class of the exception
    :param values: what the explanation names; `kind` as for `describe_refusal`
    :return: the exception, to be raised
    """
    exception = error(describe_refusal(env, key, **values).as_text())
    # so that it can be kept, and read by people of other languages
    exception.nets_note = {"refusal": key, **values}
    return exception


def note_of_error(error):
    """What is kept of an exception, to be read later with `describe_notes`.

    :return: list of notes: in keys and values where it is a `refusal`; other modules' refusals stay as they say them;
        of what nobody meant to raise, a sentence that says so, and its own words
    """
    if said := getattr(error, "nets_note", None):
        return [{name: value if isinstance(value, (int, float)) else str(value) for name, value in said.items()}]
    if isinstance(error, (UserError, RedirectWarning)):
        return [{"text": str(error.args[0])[:1000]}]
    return [{"key": "unexpected_error", "error": f"{type(error).__name__}: {error}"[:900]}]


def describe_notes(env, notes, currency):
    """The words for what was noted of a transaction, in the user's language.

    :param list notes: dicts, each with `key`, one of what is registered, and with the values that its sentence names:
        text, or {"money": amount}, {"day": date in ISO 8601}, {"state": of a transaction}; or with `refusal`, a key of
        what is refused, and its values; or with `text`, which stays as it is: it came from elsewhere, or was written
        before notes were kept so
    :param currency: of the amounts
    :return: text
    """
    return " ".join(filter(None, (_describe_note(env, note, currency) for note in notes or [])))


def _describe_note(env, note, currency):
    if "text" in note:
        return note["text"]
    if "refusal" in note:
        if note["refusal"] not in _REFUSALS and f"{note.get('kind')}:{note['refusal']}" not in _REFUSALS:
            return ""
        return describe_refusal(env, note["refusal"], **{n: v for n, v in note.items() if n != "refusal"}).as_text()
    sentence = _NOTES.get(note.get("key"))
    if not sentence:
        return ""  # of a version that knew more
    text = env._(sentence)
    return text % {name: _describe_value(env, name, value, currency) for name, value in note.items()}


def _describe_value(env, name, value, currency):
    if not isinstance(value, dict):
        return value or (env._(_STAND_INS[name]) if name in _STAND_INS else "–")
    if "money" in value:
        return currency.format(value["money"])
    if "day" in value:
        return format_date(env, value["day"])
    states = dict(env["nets.transaction"]._fields["state"]._description_selection(env))
    return states.get(value.get("state"), "–")


def describe_lookup(env, said):
    """The words for what the last lookup of a result came to.

    :param dict said: `why`, a key of what is registered, with `state`, the terminal's own word, and `until`, the time
        in ISO 8601 that is waited for; or `reason` and `text`, where the terminal couldn't be asked; or nothing
    :return: text
    """
    if reason := said.get("reason"):
        return describe(env, reason, said.get("text")).label
    sentence = _LOOKUPS.get(said.get("why"))
    if not sentence:
        return ""
    until = said.get("until")
    if until:
        moment = fields.Datetime.context_timestamp(env.user, datetime.fromisoformat(until).replace(tzinfo=None))
        until = moment.strftime("%H:%M:%S")
    text = env._(sentence)
    return text % {"state": said.get("state") or "–", "until": until or ""}
