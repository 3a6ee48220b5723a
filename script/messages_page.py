"""docs/MESSAGES.md, made of the catalogue in messages/: every message, what leads to it, and how to see it.

What a message says is in the catalogue alone; here is what leads to it on the wire, and how the simulator plays
that. `script/lint` compares the page with the catalogue, and `script/lint --fix` writes it again.
"""

import importlib.util
import re
import sys

import stack

PAGE = "docs/MESSAGES.md"

# Reason → (what leads to it, how the simulator plays it).
PAYMENTS = {
    "login_refused": ("login answered 401 or 400, or 403 with a word about the login", "switch `login`: `refused`"),
    "login_missing": ("no user name or password is set; nothing is sent", "an account without a password"),
    "login_unavailable": (
        "login answered with another status, without a token, or not at all",
        "switch `login`: `unavailable`",
    ),
    "account_not_activated": (
        "login answered 400, 401 or 403 and says *not activated*, *inactive* or *disabled*",
        "switch `login`: `not_activated`",
    ),
    "call_refused": ("401 again, after a login that worked", "switch `revoke_tokens`, again and again"),
    "last_result_not_found": ("404 for the last result; lookups only", "a terminal of the other account"),
    "terminal_not_allowed": (
        "403 or 404 on the terminal's path; code 9100; *not allowed*",
        "outcome `not_allowed`, or a terminal of the other account",
    ),
    "service_unreachable": ("the connection never opened: DNS, refused, TLS", "an address where nothing listens"),
    "connection_interrupted": ("the request was sent, and its answer got lost", "answer `cut_after`, `cut_mid`"),
    "agent_unreachable": (
        "the browser's connection to the agent never opened; or not one byte of the request was written",
        "switch `agent` `down` or `hang`; an address where nothing listens",
    ),
    "agent_blocked": (
        "the browser refuses it: `ws://` from a page of https",
        "Odoo behind https, an address with another host",
    ),
    "agent_silent": ("it opened, and the last result, or *Open*, wasn't answered", "switch `agent_open` `rejected`"),
    "agent_interrupted": (
        "the connection, the page or its heartbeat was lost after the request was sent",
        "`cut_agents`; load the page again while the card is awaited",
    ),
    "agent_wrong_terminal": (
        "the last result before ours was sent is another terminal's",
        "an address with the id of another terminal",
    ),
    "agent_other_terminal": ("the answer is another terminal's", "tests only"),
    "agent_other_amount": ("the answer's total isn't what was asked, with tip and surcharge", "tests only"),
    "service_error": ("a status other than 2xx, 400, 401, 403, 404", "answer `html_502`, `http_500`"),
    "unreadable_answer": ("the answer is no JSON, or has no `Result`", "answer `broken_json`, `empty`"),
    "result_unknown": (
        "`Result` 99; or a failure whose text doesn't prove that nothing was started",
        "answer `result_99`, `text`",
    ),
    "provider_refused": (
        "`Result` 2 with another `ResponseCode` of the issuer, such as 05 or 57",
        "outcome `provider_refused`, `do_not_honour`",
    ),
    "insufficient_funds": ("`ResponseCode` 51", "outcome `insufficient_funds`"),
    "wrong_pin": (
        "`ResponseCode` 55 or 75; `RejectionReason` 3:2:Z1 (offline)",
        "outcome `wrong_pin`, `wrong_pin_offline`",
    ),
    "expired_card": ("`ResponseCode` 54", "outcome `expired_card`"),
    "over_limit": ("`ResponseCode` 61", "outcome `over_limit`"),
    "issuer_unavailable": ("`ResponseCode` 91; code 7008", "outcome `issuer_unavailable`"),
    "card_removed": ("`Result` 2 and a text that says so", "outcome `card_removed`"),
    "terminal_refused": (
        "`Result` 2, and the issuer wasn't asked or said yes; `Result` 3",
        "outcome `terminal_refused`, `loyalty`",
    ),
    "customer_cancelled": ("`RejectionReason` 2:1 with an empty `StanAuth`", "outcome `customer_cancelled`"),
    "terminal_timeout": ("`Result` 2 and a text that says so; code 7009", "outcome `terminal_timeout`"),
    "duplicate_transaction": ("`ResponseCode` 94, or *duplicate*", "outcome `duplicate`"),
    "terminal_busy": ("codes 6003, 7100, 7104, or *busy*", "outcome `busy`"),
    "terminal_disconnected": (
        "codes 8013, 7014, 7016, 9000, or *not found*, *not connected*",
        "outcome `disconnected`, or unplug it",
    ),
    "format_error": ("`RejectionReason` 4:6; *format error*", "outcome `format_error`"),
    "approved": ("`Result` 0 with a 2xx, or the terminal's last result proves it", "outcome `approved`"),
    "not_booked": ("approved, and accounting refused", "outcome `approved`, and an archived journal"),
    "signature_required": ("`CVM` 1; nobody has looked at the signature yet", "outcome `approved`, `cvm` 1"),
    "signature_declined": (
        "somebody declined the signature, and the terminal didn't reverse the payment",
        "outcome `approved`, `cvm` 1, then `busy`",
    ),
    "without_order": (
        "at the till: charged when the order was paid otherwise, cancelled, or its session closed",
        "answer `cut_after`, and the session is closed by a manager",
    ),
    "merchant_aborted": ("not charged, and somebody had pressed *Abort*", "abort `obeyed`"),
    "never_sent": ("no thread took it within a minute: the server was stopped", "–"),
    "earlier_charge_found": (
        "the terminal's last result, asked for before sending, shows an earlier charge that Odoo had not known",
        "typed on the terminal by hand",
    ),
    "proven_not_charged": ("the terminal's last result proves it", "answer `cut_before`"),
    "settled_by_hand": ("a manager settled it as not charged", "–"),
    "approved_by_hand": ("a manager settled it as charged, or recorded it by hand", "–"),
}
PROGRESS = {
    "progress_starting": ("reserved, not sent yet", "any play"),
    "progress_card": ("sent", "wait `card`"),
    "progress_customer": (
        "no answer within the set time (60 s), and the terminal isn't idle",
        "wait `card`, longer than that",
    ),
    "progress_interrupted": (
        "no answer within the set time, and the terminal is idle or can't be asked",
        "answer `never`",
    ),
    "progress_aborting": ("somebody pressed *Abort*, and the terminal hasn't answered yet", "abort `ignored`"),
}
ADMINISTRATION = {
    "administration_running": ("an administration was sent", "any"),
    "administration_done": ("`Result` 1, or a report that closes no session", "switch `administration`: `ok`"),
    "session_agrees": ("a reconciliation's totals are those recorded", "switch `reconciliation`: `ok`"),
    "session_differs": ("a reconciliation's totals aren't those recorded", "charge by hand, then reconcile"),
    "session_unread": ("a reconciliation's totals can't be read, or contradict themselves", "–"),
    "administration_failed": (
        "a `failure`, also with a 2xx status, or `Result` 2",
        "switch `reconciliation`: `failure_200`, `failure_400`",
    ),
    "administration_unknown": ("its answer got lost", "switch `administration`: `cut`"),
    "administration_unanswered": (
        "its answer got lost, and the terminal said *idle* twice",
        "switch `administration`: `cut`",
    ),
}
SETUP = {
    "": ("nothing tried yet", "–"),
    "logged_in": ("login answered with a token", "switch `login`: `ok`"),
    **{
        reason: PAYMENTS[reason]
        for reason in (
            "login_refused",
            "login_missing",
            "login_unavailable",
            "account_not_activated",
            "service_unreachable",
        )
    },
}
GIVING_BACK = {
    "not_last_transaction": (
        "another transaction ran on the terminal since; nothing is sent",
        "typed on the terminal by hand",
    )
}
# Where the outcome isn't one after which somebody would press *Try again*.
NOT_FAILED = {
    "connection_interrupted",
    "service_error",
    "unreadable_answer",
    "result_unknown",
    "approved",
    "approved_by_hand",
    "not_booked",
    "settled_by_hand",
    "signature_required",
    "signature_declined",
    "without_order",
}


def _catalogue():
    """Return messages/ as a package, with all its words; of the addon it needs nothing else."""
    name = f"odoo.addons.{stack.MODULE}.messages"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, stack.ROOT / "messages/__init__.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def _refusals(catalogue):
    """Return the causes of each label, regardless of which part of the addon refuses them."""
    causes = {}
    for label, explanation in catalogue.catalogue._REFUSALS.values():
        causes.setdefault(_text(label), []).append(_text(explanation))
    return causes


def _text(text, words=None):
    """Return a text of the catalogue in English, with the names of its values in italics."""
    text = text._source if not isinstance(text, str) else text
    for name, value in (words or {}).items():
        text = text.replace(f"%({name})s", _text(value))
    return re.sub(r"%\((\w+)\)s", lambda value: f"*{value[1].replace('_', ' ')}*", text)


def _table(*columns, rows):
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, ["---"] * len(columns), *rows])


def _again(catalogue, reason):
    if reason in NOT_FAILED:
        return "–"
    if reason in catalogue.NO_RETRY_REASONS:
        return "no"
    seconds = catalogue.RETRY_WAIT.get(reason)
    return f"after {seconds} s" if seconds else "yes"


def _rows(messages, conditions, words):
    for reason, (when, play) in conditions.items():
        label, explanation = messages[reason]
        yield reason, [f"**{_text(label)}**", _text(explanation, words), when, play]


def render():
    """Return the page.

    :raise StackError: where a message of the catalogue isn't described here, or one that is isn't in the catalogue
    """
    catalogue = _catalogue()
    messages, words, setup = (getattr(catalogue.catalogue, name) for name in ("_MESSAGES", "_WORDS", "_SETUP_MESSAGES"))
    described = {*PAYMENTS, *PROGRESS, *ADMINISTRATION, *GIVING_BACK}
    if wrong := described.symmetric_difference(key for key in messages if ":" not in key):
        raise stack.StackError(f"messages/ and script/messages_page.py differ in: {', '.join(sorted(wrong))}")
    if wrong := set(SETUP).symmetric_difference(setup):
        raise stack.StackError(f"The messages of the set-up differ in: {', '.join(sorted(wrong))}")
    columns = ("label", "explanation", "when", "the simulator plays it")
    purchase = words["purchase"]
    back = [row for _reason, row in _rows(messages, GIVING_BACK, words["reversal"])]
    for key in messages:
        kind, _colon, reason = key.partition(":")
        if reason:
            label, explanation = messages[key]
            when = f"a {kind}: as *{_text(messages[reason][0])}*"
            back.append([f"**{_text(label)}**", _text(explanation, words[kind]), when, "the same"])
    refusals = "\n\n".join(
        f"### {label}\n\n" + "\n".join(f"- {explanation}" for explanation in explanations)
        for label, explanations in _refusals(catalogue).items()
    )
    sentences = {
        name: "\n".join(f"- {_text(text)}" for text in getattr(catalogue.catalogue, f"_{name.upper()}").values())
        for name in ("lookups", "notes")
    }
    kiosk = [[f"**{_text(label)}**", _text(explanation)] for label, explanation in catalogue.pos.TO_VISITORS.values()]
    payments = [[*row, _again(catalogue, reason)] for reason, row in _rows(messages, PAYMENTS, purchase)]
    return PAGE_TEMPLATE.format(
        payments=_table(*columns, "*Try again*", rows=payments),
        progress=_table(*columns, rows=[row for _reason, row in _rows(messages, PROGRESS, purchase)]),
        administration=_table(*columns, rows=[row for _reason, row in _rows(messages, ADMINISTRATION, purchase)]),
        setup=_table(*columns, rows=[row for _reason, row in _rows(setup, SETUP, purchase)]),
        other_label=_text(catalogue.catalogue._UNKNOWN_KEY[0]),
        other=_text(catalogue.catalogue._UNKNOWN_KEY[1], purchase),
        back=_table(*columns, rows=back),
        kiosk=_table("label", "explanation", rows=kiosk),
        refusals=refusals,
        **sentences,
    )


PAGE_TEMPLATE = """\
<!-- Made of messages/ by script/lint --fix -->

# Messages

Every outcome and error has a short label and an explanation that says what to do. The dialog, the till, the log and the
settings take them from one catalogue, `messages/`; the text and code that NETS sent are beside them as they came. A
text or code that nobody knows is shown under the nearest label.

An unknown result is never called failed: the labels that say *The result is being fetched* end automatically in
*Successful* or in one that says *Nothing was charged*.

How to play each of them: [simulator/README.md](../simulator/README.md).

## Payments

{payments}

A reason that the catalogue doesn't name reads **{other_label}**: {other}

## While a payment runs

{progress}

## Refunds and reversals

Where money goes back, *Nothing was charged* reads *No money went back to the card* (a refund) or *The payment wasn't
reversed* (a reversal), and *Don't charge again* reads *Don't refund again* or *Don't reverse or refund it*. Besides,
these words replace those for payments.

{back}

## At a kiosk

A customer who orders at a kiosk isn't told what a cashier is. The log has the message above.

{kiosk}

## Reconciliation, downloads, balance

{administration}

## Setting the account up

{setup}

## What the last lookup showed

As long as a result isn't known. What is named there is in italics.

{lookups}

## Noted on a transaction

What contradicts what was known before, why a charge isn't booked, and what is special about its booking. Keys and
values are kept, so each reads it in their own language. Why accounting refuses, it says in its own words.

{notes}

## Before anything is sent

These are refused at once: nothing has reached a terminal, and nothing was charged. The label is the first line, the
explanation the second one. What is named there is in italics.

{refusals}
"""


def check(folder, fix=False):
    """Compare the page in this folder with the catalogue.

    :return: whether all is well, and what to say
    """
    try:
        page = render()
    except stack.StackError as error:
        return False, str(error)
    return compare(folder, PAGE, page, "messages/ says", fix)


def compare(folder, path, page, source, fix=False):
    """Compare a page that is made of something else with what it has to be.

    :param Path folder: the addon's
    :param str path: of the page, in there
    :param str page: what it has to be
    :param str source: what it is made of, and its verb, for the message
    :param bool fix: write it
    :return: whether all is well, and what to say
    """
    file = folder / path
    if file.exists() and file.read_text() == page:
        return True, ""
    if fix:
        file.write_text(page)
        return True, f"{path} is rewritten"
    return False, f"{path} is not what {source}: run script/lint --fix"
