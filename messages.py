"""What a person reads: one short label and one explanation for each outcome and error.

The one catalogue of the addon. Dialogs, logs and settings take their words from here; the text and code that NETS
sent are kept beside it. The keys are the client's `Reason` values and the engine's own.
"""

from dataclasses import dataclass

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# The engine's own reasons, beside those of `connect_cloud.Reason`.
MERCHANT_ABORTED = "merchant_aborted"
NEVER_SENT = "never_sent"
EARLIER_CHARGE_FOUND = "earlier_charge_found"
NOT_LAST_TRANSACTION = "not_last_transaction"
PROVEN_NOT_CHARGED = "proven_not_charged"
SETTLED_BY_HAND = "settled_by_hand"
ADMINISTRATION_UNANSWERED = "administration_unanswered"

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
        "not_done": _lt("The payment wasn't taken back."),
        "wait": _lt("Don't reverse or refund it before it is known."),
    },
}

_MESSAGES = {
    # --- the account and the terminal --- #
    "login_refused": (
        _lt("Login refused"),
        _lt(
            "NETS didn't accept the user name and password. %(not_done)s Ask the administrator to check the NETS account in the settings."
        ),
    ),
    "login_missing": (
        _lt("Login data missing"),
        _lt(
            "The NETS account has no user name or password. %(not_done)s Ask the administrator to enter them in the settings."
        ),
    ),
    "login_unavailable": (
        _lt("Login not possible now"),
        _lt("NETS couldn't check the login. %(not_done)s This usually passes: try again in a minute."),
    ),
    "account_not_activated": (
        _lt("Account not activated"),
        _lt(
            "NETS knows this account, but hasn't activated it for Connect@Cloud. %(not_done)s Ask the administrator to contact NETS."
        ),
    ),
    "terminal_not_allowed": (
        _lt("Terminal not allowed"),
        _lt(
            "NETS hasn't linked this terminal to the account. %(not_done)s Choose another terminal, or ask the administrator to contact NETS."
        ),
    ),
    # --- the connection --- #
    "service_unreachable": (
        _lt("NETS can't be reached"),
        _lt("No connection to NETS could be opened. %(not_done)s Check the internet connection and try again."),
    ),
    "connection_interrupted": (
        _lt("Connection interrupted"),
        _lt("NETS' answer got lost. The result is being fetched. %(wait)s"),
    ),
    "service_error": (
        _lt("NETS answered with an error"),
        _lt("It isn't known yet whether the card was charged. The result is being fetched. %(wait)s"),
    ),
    "unreadable_answer": (
        _lt("Unreadable answer"),
        _lt("NETS' answer couldn't be read. The result is being fetched. %(wait)s"),
    ),
    "result_unknown": (
        _lt("Result unknown"),
        _lt("NETS lost contact with the terminal. The result is being fetched. %(wait)s"),
    ),
    # --- the card and its issuer --- #
    "provider_refused": (
        _lt("Refused by the card's issuer"),
        _lt("The issuer refused without giving a reason. %(not_done)s Try another card."),
    ),
    "insufficient_funds": (
        _lt("Insufficient funds"),
        _lt("There isn't enough money on the card's account. %(not_done)s Try another card or a smaller amount."),
    ),
    "wrong_pin": (
        _lt("Wrong PIN"),
        _lt("The PIN was wrong. %(not_done)s Try again with the right PIN or another card."),
    ),
    "expired_card": (
        _lt("Card expired"),
        _lt("The card's date of validity has passed. %(not_done)s Try another card."),
    ),
    "over_limit": (
        _lt("Over the card's limit"),
        _lt("The amount is over the card's limit. %(not_done)s Try another card or a smaller amount."),
    ),
    "issuer_unavailable": (
        _lt("Card's issuer not available"),
        _lt("The card's issuer doesn't answer. %(not_done)s Try again in a minute or with another card."),
    ),
    "card_removed": (
        _lt("Card removed too early"),
        _lt(
            "The card was taken out before the payment was finished. %(not_done)s Try again and leave the card in until the terminal asks for it to be removed."
        ),
    ),
    # --- the terminal and the people at it --- #
    "terminal_refused": (
        _lt("Refused by the terminal"),
        _lt("The terminal refused without giving a reason. %(not_done)s Try again or use another card."),
    ),
    "customer_cancelled": (
        _lt("Cancelled by the customer"),
        _lt("The customer pressed the red button. %(not_done)s Try again when the customer is ready."),
    ),
    "terminal_timeout": (
        _lt("The terminal gave up"),
        _lt("No card was presented in time. %(not_done)s Try again when the customer is ready."),
    ),
    "duplicate_transaction": (
        _lt("Possible duplicate"),
        _lt(
            "The terminal has just had the same amount on the same card and refused it. Check whether it is paid already. If not, wait a minute and try again."
        ),
    ),
    "terminal_busy": (
        _lt("Terminal busy"),
        _lt(
            "The terminal is busy with another payment or with its own administration. %(not_done)s Wait until it is idle and try again."
        ),
    ),
    "terminal_disconnected": (
        _lt("Terminal disconnected"),
        _lt(
            "The terminal isn't connected to NETS. %(not_done)s Check its power and network, wait for the icons ECR and host to be green, and try again."
        ),
    ),
    "format_error": (
        _lt("Request not accepted"),
        _lt(
            "The terminal didn't accept the request. %(not_done)s Check the amount; if it happens again, ask the administrator."
        ),
    ),
    # --- while it runs, and when it worked --- #
    "progress_starting": (_lt("Connecting to the terminal…"), _lt("The terminal will ask for the card in a moment.")),
    "progress_card": (
        _lt("Waiting for the card"),
        _lt("The customer can present the card at the terminal now."),
    ),
    "progress_customer": (
        _lt("The customer is still at the terminal"),
        _lt("This takes longer than usual. The terminal is still working on it: help the customer, or abort."),
    ),
    "progress_interrupted": (
        _lt("Connection interrupted"),
        _lt(
            "There is no answer from NETS, and the terminal doesn't seem to work on it any more. The result is still being waited for. %(wait)s"
        ),
    ),
    "progress_aborting": (
        _lt("Aborting…"),
        _lt("The terminal was asked to stop. Wait for its answer: it may still have charged the card."),
    ),
    "approved": (_lt("Successful"), _lt("The card was charged.")),
    "not_booked": (
        _lt("Charged, not booked"),
        _lt(
            "The card was charged, but accounting refused the payment. Don't charge again. It is booked by itself once the cause is gone."
        ),
    ),
    # --- decided here --- #
    MERCHANT_ABORTED: (
        _lt("Aborted"),
        _lt("It was aborted from Odoo. %(not_done)s"),
    ),
    NEVER_SENT: (
        _lt("Not sent"),
        _lt("Odoo stopped before anything was sent to the terminal. %(not_done)s Try again."),
    ),
    EARLIER_CHARGE_FOUND: (
        _lt("An earlier payment was charged"),
        _lt(
            "The terminal's last result shows that an earlier payment on it was charged after all. This one wasn't sent. Look at that payment before you try again."
        ),
    ),
    PROVEN_NOT_CHARGED: (
        _lt("Not charged"),
        _lt("%(not_done)s The connection broke, but the terminal's last result proves it. Try again."),
    ),
    NOT_LAST_TRANSACTION: (
        _lt("Not the last transaction any more"),
        _lt(
            "A terminal takes back its last transaction only, and by now it shows another one, or couldn't say which. Nothing was sent. Refund the payment instead."
        ),
    ),
    SETTLED_BY_HAND: (
        _lt("Settled by hand"),
        _lt("A person looked at the terminal's journal and settled this transaction."),
    ),
    # --- other words where money goes back --- #
    "refund:progress_card": (
        _lt("Waiting for the card"),
        _lt("The customer can present the card at the terminal now, to get the money back."),
    ),
    "reversal:progress_card": (
        _lt("Taking the payment back…"),
        _lt("The terminal needs no card for this. Wait for its answer."),
    ),
    "refund:approved": (_lt("Refunded"), _lt("The money goes back to the card.")),
    "reversal:approved": (_lt("Reversed"), _lt("The terminal took the payment back.")),
    "refund:not_booked": (
        _lt("Refunded, not booked"),
        _lt(
            "The money goes back to the card, but accounting refused the payment. Don't refund again. It is booked by itself once the cause is gone."
        ),
    ),
    "reversal:not_booked": (
        _lt("Reversed, not booked"),
        _lt(
            "The terminal took the payment back, but accounting refused to book that. It is booked by itself once the cause is gone."
        ),
    ),
    "refund:service_error": (
        _lt("NETS answered with an error"),
        _lt("It isn't known yet whether the money went back. The result is being fetched. %(wait)s"),
    ),
    "reversal:service_error": (
        _lt("NETS answered with an error"),
        _lt("It isn't known yet whether the payment was taken back. The result is being fetched. %(wait)s"),
    ),
    "refund:duplicate_transaction": (
        _lt("Possible duplicate"),
        _lt(
            "The terminal has just had the same amount on the same card and refused it. Check whether it was refunded already. If not, wait a minute and try again."
        ),
    ),
    "refund:progress_aborting": (
        _lt("Aborting…"),
        _lt("The terminal was asked to stop. Wait for its answer: the money may still go back to the card."),
    ),
    "reversal:progress_aborting": (
        _lt("Aborting…"),
        _lt("The terminal was asked to stop. Wait for its answer: it may still have taken the payment back."),
    ),
    "refund:proven_not_charged": (
        _lt("Not refunded"),
        _lt("%(not_done)s The connection broke, but the terminal's last result proves it. Try again."),
    ),
    "reversal:proven_not_charged": (
        _lt("Not reversed"),
        _lt("%(not_done)s The connection broke, but the terminal's last result proves it. Try again."),
    ),
    "reversal:terminal_busy": (
        _lt("Terminal busy"),
        _lt("Right after a payment the terminal needs some seconds. %(not_done)s Wait a moment and try again."),
    ),
    # --- what a terminal does besides payments --- #
    "administration_running": (
        _lt("The terminal is working on it"),
        _lt("This can take some minutes. Nobody can pay on this terminal until it has finished."),
    ),
    "administration_done": (_lt("Done"), _lt("The terminal has finished.")),
    "administration_failed": (
        _lt("Not done"),
        _lt("The terminal didn't do it. No money was moved. Try again in a minute."),
    ),
    "administration_unknown": (
        _lt("No answer yet"),
        _lt(
            "NETS' answer got lost. No money was moved. The terminal stays reserved until it says that it is idle again."
        ),
    ),
    ADMINISTRATION_UNANSWERED: (
        _lt("Ended without an answer"),
        _lt(
            "The terminal is idle again, but didn't say whether it did this. No money was moved. Look at its print-out, or do it again."
        ),
    ),
}

_UNKNOWN_KEY = (
    _lt("Not done"),
    _lt("%(not_done)s The terminal's own words stand below."),
)

# The same reasons where an administrator sets up an account, and no payment is in question.
LOGGED_IN = "logged_in"
_SETUP_MESSAGES = {
    "": (_lt("Not connected yet"), _lt("Enter the user name and password that NETS gave you, and save.")),
    LOGGED_IN: (_lt("Logged in"), _lt("NETS accepts this account.")),
    "login_refused": (
        _lt("Login refused"),
        _lt(
            "The user name or the password is wrong. Check both, and whether they belong to the environment that is chosen."
        ),
    ),
    "login_missing": (_lt("Login data missing"), _lt("Enter the user name and the password that NETS gave you.")),
    "login_unavailable": (
        _lt("Login not possible now"),
        _lt("NETS couldn't check the login. This usually passes: try again in a minute."),
    ),
    "account_not_activated": (
        _lt("Account not activated"),
        _lt("The user name and password are right, but NETS hasn't activated the account. Contact NETS."),
    ),
    "service_unreachable": (
        _lt("NETS can't be reached"),
        _lt("No connection to NETS could be opened. Check the server's internet connection and try again."),
    ),
}
# Words that fit an administration as well as a payment; other reasons there read *Not done*.
ADMINISTRATION_REASONS = {
    "login_refused",
    "login_missing",
    "login_unavailable",
    "account_not_activated",
    "terminal_not_allowed",
    "service_unreachable",
    "terminal_busy",
    "terminal_disconnected",
    NEVER_SENT,
    ADMINISTRATION_UNANSWERED,
}
# Trying again at once makes no sense for these: a person has to change something first.
NO_RETRY_REASONS = {"login_refused", "login_missing", "account_not_activated", NOT_LAST_TRANSACTION}
# Where NETS, or the way to it, is down: the terminal itself may still take the card, and a person records it.
BY_HAND_REASONS = {
    "service_unreachable",
    "login_unavailable",
    "login_refused",
    "login_missing",
    "account_not_activated",
    "terminal_disconnected",
}
# Seconds to wait before *Try again* is offered.
RETRY_WAIT = {"duplicate_transaction": 60, "terminal_busy": 5}


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
    """The words for what came of a login, for the administrator who sets the account up.

    :param reason: a `connect_cloud.Reason`, `LOGGED_IN`, or "" where it wasn't tried
    """
    if reason not in _SETUP_MESSAGES:
        return describe(env, reason, detail)
    label, explanation = _SETUP_MESSAGES[reason]
    return Message(env._(label), env._(explanation), detail or "")
