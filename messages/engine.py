"""What the engine says: keys are the client's `Reason` values, the engine's own reasons, and what it refuses."""

from odoo.tools.translate import LazyTranslate

from .catalogue import register

_lt = LazyTranslate(__name__)

# A reversal takes no card: trying another one, or a smaller amount, doesn't help.
_REFUND_INSTEAD = _lt("The card's issuer refused to reverse the payment. %(not_done)s Refund the payment instead.")

# The engine's own reasons, beside those of `connect_cloud.Reason`.
MERCHANT_ABORTED = "merchant_aborted"
NEVER_SENT = "never_sent"
EARLIER_CHARGE_FOUND = "earlier_charge_found"
NOT_LAST_TRANSACTION = "not_last_transaction"
PROVEN_NOT_CHARGED = "proven_not_charged"
SETTLED_BY_HAND = "settled_by_hand"
ADMINISTRATION_UNANSWERED = "administration_unanswered"
# Said where an account is set up, only.
LOGGED_IN = "logged_in"

# Words that fit an administration as well as a payment; other reasons there read *Not done*.
ADMINISTRATION_REASONS = {
    "login_refused",
    "login_missing",
    "login_unavailable",
    "account_not_activated",
    "terminal_not_allowed",
    "call_refused",
    "service_unreachable",
    "terminal_busy",
    "terminal_disconnected",
    "agent_unreachable",
    "agent_blocked",
    "agent_silent",
    NEVER_SENT,
    ADMINISTRATION_UNANSWERED,
}
# The card or its issuer said no …
REFUSED_REASONS = {
    "provider_refused",
    "insufficient_funds",
    "wrong_pin",
    "expired_card",
    "over_limit",
}
# … or a person stopped it, or did nothing. What is in neither is trouble of a technical kind.
STOPPED_REASONS = {"customer_cancelled", "card_removed", "terminal_timeout", MERCHANT_ABORTED, SETTLED_BY_HAND}
# Trying again at once makes no sense for these: a person has to change something first.
NO_RETRY_REASONS = {"login_refused", "login_missing", "account_not_activated", NOT_LAST_TRANSACTION}
# Seconds to wait before *Try again* is offered.
RETRY_WAIT = {"duplicate_transaction": 60, "terminal_busy": 5}

register(
    messages={
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
        "call_refused": (
            _lt("NETS refused this call"),
            _lt(
                "NETS accepts the login, but not this call. %(not_done)s Try again in a minute. If it keeps happening, ask the administrator to contact NETS."
            ),
        ),
        "last_result_not_found": (
            _lt("No last result"),
            _lt(
                "NETS knows no last result of this terminal: there is none, or the terminal isn't linked to the account any more. %(wait)s"
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
        # --- the agent beside the terminal, which the browser talks to --- #
        "agent_unreachable": (
            _lt("The terminal's agent can't be reached"),
            _lt(
                "This computer couldn't connect to the program that drives the terminal (Baxi.Agent). %(not_done)s Check that it runs and that the network cable is in, then try again."
            ),
        ),
        "agent_blocked": (
            _lt("The browser blocks the terminal's agent"),
            _lt(
                "This page is encrypted (https), and the browser opens no unencrypted connection (ws) from it to another computer. %(not_done)s Ask the administrator: “Test” on the terminal's page says what to do."
            ),
        ),
        "agent_silent": (
            _lt("The terminal's agent doesn't answer"),
            _lt(
                "The program that drives the terminal (Baxi.Agent) is there, but doesn't say what it was asked. %(not_done)s Restart it and the terminal, then try again."
            ),
        ),
        "agent_interrupted": (
            _lt("Connection to the terminal interrupted"),
            _lt(
                "The terminal's answer got lost on its way. The next window that reaches the terminal fetches the result. %(wait)s"
            ),
        ),
        "agent_wrong_terminal": (
            _lt("Another terminal is at this address"),
            _lt(
                "The agent at this terminal's address drives another terminal. %(not_done)s Ask the administrator to compare the terminal ID and the agent's address."
            ),
        ),
        "agent_other_terminal": (
            _lt("Another terminal answered"),
            _lt(
                "The agent at this terminal's address drives another terminal, which may have charged the card. Compare the journals of both; a manager settles it by hand. %(wait)s"
            ),
        ),
        "agent_other_amount": (
            _lt("The terminal says another amount"),
            _lt(
                "What the browser reported from the terminal isn't what was asked for. Compare the terminal's journal; a manager settles it by hand. %(wait)s"
            ),
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
            _lt("The card has expired. %(not_done)s Try another card."),
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
                "The terminal is busy with another payment or with administration. %(not_done)s Wait until it is idle and try again."
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
        "progress_starting": (
            _lt("Connecting to the terminal…"),
            _lt("The terminal will ask for the card in a moment."),
        ),
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
                "There is no answer from NETS, and the terminal doesn't seem to be working on it any more. Odoo is still waiting for the result. %(wait)s"
            ),
        ),
        "progress_aborting": (
            _lt("Aborting…"),
            _lt("The terminal was asked to stop. Wait for its answer: it may still have charged the card."),
        ),
        "approved": (_lt("Successful"), _lt("The card was charged.")),
        "signature_required": (
            _lt("Check the signature"),
            _lt(
                "The card was charged. The customer signs the receipt: compare the signature with the one on the card, and say whether it is right."
            ),
        ),
        "signature_declined": (
            _lt("Signature declined"),
            _lt(
                "The card was charged, and the money hasn't gone back yet. Have the terminal reverse the payment; if it can't do that any more, refund it. A manager can accept the signature after all."
            ),
        ),
        "not_booked": (
            _lt("Charged, not booked"),
            _lt(
                "The card was charged, but accounting refused the payment. Don't charge again. It is booked automatically once the cause is gone."
            ),
        ),
        # --- decided here --- #
        MERCHANT_ABORTED: (
            _lt("Aborted by the merchant"),
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
            _lt("No longer the last transaction"),
            _lt(
                "A terminal can only reverse its last transaction, and by now it shows another one, or couldn't say which. Nothing was sent. Refund the payment instead."
            ),
        ),
        SETTLED_BY_HAND: (
            _lt("Settled by hand: not charged"),
            _lt("A person looked at the terminal's journal and says that the card wasn't charged."),
        ),
        "approved_by_hand": (
            _lt("Settled by hand: charged"),
            _lt("A person looked at the terminal's journal and says that the card was charged."),
        ),
        # --- other words where money goes back --- #
        "refund:progress_card": (
            _lt("Waiting for the card"),
            _lt("The customer can present the card at the terminal now, to get the money back."),
        ),
        "reversal:progress_card": (
            _lt("Reversing the payment…"),
            _lt("The terminal needs no card for this. Wait for its answer."),
        ),
        f"refund:{SETTLED_BY_HAND}": (
            _lt("Settled by hand: not refunded"),
            _lt("A person looked at the terminal's journal and says that no money went back."),
        ),
        f"reversal:{SETTLED_BY_HAND}": (
            _lt("Settled by hand: not reversed"),
            _lt("A person looked at the terminal's journal and says that the payment wasn't reversed."),
        ),
        "refund:approved_by_hand": (
            _lt("Settled by hand: refunded"),
            _lt("A person looked at the terminal's journal and says that the money went back."),
        ),
        "reversal:approved_by_hand": (
            _lt("Settled by hand: reversed"),
            _lt("A person looked at the terminal's journal and says that the payment was reversed."),
        ),
        "refund:approved": (_lt("Refunded"), _lt("The money goes back to the card.")),
        "reversal:approved": (_lt("Reversed"), _lt("The terminal reversed the payment.")),
        "refund:not_booked": (
            _lt("Refunded, not booked"),
            _lt(
                "The money goes back to the card, but accounting refused the payment. Don't refund again. It is booked automatically once the cause is gone."
            ),
        ),
        "reversal:not_booked": (
            _lt("Reversed, not booked"),
            _lt(
                "The terminal reversed the payment, but accounting refused to book that. It is booked automatically once the cause is gone."
            ),
        ),
        "refund:service_error": (
            _lt("NETS answered with an error"),
            _lt("It isn't known yet whether the money went back. The result is being fetched. %(wait)s"),
        ),
        "reversal:service_error": (
            _lt("NETS answered with an error"),
            _lt("It isn't known yet whether the payment was reversed. The result is being fetched. %(wait)s"),
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
            _lt("The terminal was asked to stop. Wait for its answer: it may still have reversed the payment."),
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
            _lt("Right after a payment the terminal needs a few seconds. %(not_done)s Wait a moment and try again."),
        ),
        "refund:earlier_charge_found": (
            _lt("An earlier payment was charged"),
            _lt(
                "The terminal's last result shows that an earlier payment on it was charged after all. This refund wasn't sent. Look at that payment before you try again."
            ),
        ),
        "refund:insufficient_funds": (
            _lt("Insufficient funds"),
            _lt(
                "There isn't enough money to cover this refund. %(not_done)s Refund less, or give the money back in another way."
            ),
        ),
        "refund:over_limit": (
            _lt("Over the card's limit"),
            _lt("The amount is over a limit for refunds. %(not_done)s Refund less, or try another card."),
        ),
        "refund:card_removed": (
            _lt("Card removed too early"),
            _lt(
                "The card was taken out before the refund was finished. %(not_done)s Try again and leave the card in until the terminal asks for it to be removed."
            ),
        ),
        # --- a reversal takes no card, and nobody is waited for at the terminal --- #
        "reversal:provider_refused": (_lt("Refused by the card's issuer"), _REFUND_INSTEAD),
        "reversal:insufficient_funds": (_lt("Refused by the card's issuer"), _REFUND_INSTEAD),
        "reversal:wrong_pin": (_lt("Refused by the card's issuer"), _REFUND_INSTEAD),
        "reversal:expired_card": (_lt("Refused by the card's issuer"), _REFUND_INSTEAD),
        "reversal:over_limit": (_lt("Refused by the card's issuer"), _REFUND_INSTEAD),
        "reversal:issuer_unavailable": (
            _lt("Card's issuer not available"),
            _lt("The card's issuer doesn't answer. %(not_done)s Try again in a minute, or refund the payment instead."),
        ),
        "reversal:terminal_refused": (
            _lt("Refused by the terminal"),
            _lt("The terminal refused without giving a reason. %(not_done)s Try again, or refund the payment instead."),
        ),
        "reversal:card_removed": (
            _lt("Refused by the terminal"),
            _lt(
                "The terminal says that a card was taken out, though none is needed for this. %(not_done)s Try again, or refund the payment instead."
            ),
        ),
        "reversal:customer_cancelled": (
            _lt("Cancelled at the terminal"),
            _lt("The red button on the terminal was pressed. %(not_done)s Try again, or refund the payment instead."),
        ),
        "reversal:terminal_timeout": (
            _lt("The terminal gave up"),
            _lt("The terminal took too long. %(not_done)s Try again, or refund the payment instead."),
        ),
        "reversal:duplicate_transaction": (
            _lt("Possible duplicate"),
            _lt(
                "The terminal refused this because it has just done the same. Check its receipts to see whether the payment was reversed already. If not, wait a minute and try again, or refund the payment instead."
            ),
        ),
        "reversal:terminal_not_allowed": (
            _lt("Terminal not allowed"),
            _lt(
                "NETS hasn't linked this terminal to the account any more. %(not_done)s Refund the payment on another terminal, or ask the administrator to contact NETS."
            ),
        ),
        "reversal:format_error": (
            _lt("Request not accepted"),
            _lt(
                "The terminal didn't accept the request. %(not_done)s Refund the payment instead; if it happens again, ask the administrator."
            ),
        ),
        "reversal:progress_starting": (
            _lt("Connecting to the terminal…"),
            _lt("The terminal will reverse the payment in a moment. No card is needed."),
        ),
        "reversal:progress_customer": (
            _lt("The terminal is still working on it"),
            _lt("This takes longer than usual. No card is needed: wait for the terminal's answer."),
        ),
        "reversal:earlier_charge_found": (
            _lt("An earlier payment was charged"),
            _lt(
                "The terminal's last result shows that an earlier payment on it was charged after all, and a terminal can only reverse its last transaction. Nothing was sent. Look at that payment, and refund this one instead."
            ),
        ),
        # --- what a terminal does besides payments --- #
        "administration_running": (
            _lt("The terminal is working on it"),
            _lt("This can take a few minutes. Nobody can pay on this terminal until it has finished."),
        ),
        "administration_done": (_lt("Done"), _lt("The terminal has finished.")),
        "session_agrees": (
            _lt("Done: the session agrees"),
            _lt("The session is closed, and what the terminal printed is what was recorded here."),
        ),
        "session_differs": (
            _lt("Done: the session differs"),
            _lt(
                "The session is closed. What the terminal printed isn't what was recorded here: open the report, which says what to look at. The difference stands below."
            ),
        ),
        "session_unread": (
            _lt("Done: compare the session"),
            _lt(
                "The session is closed. Its totals can't be read from what the terminal printed: compare them in the report with what was recorded here."
            ),
        ),
        "administration_failed": (
            _lt("Not done"),
            _lt("The terminal didn't do it. No money was moved. Try again in a minute."),
        ),
        "administration_unknown": (
            _lt("No answer yet"),
            _lt(
                "The answer got lost. No money was moved. The terminal stays reserved until it says that it is idle again."
            ),
        ),
        ADMINISTRATION_UNANSWERED: (
            _lt("Ended without an answer"),
            _lt(
                "The terminal is idle again, but didn't say whether it did this. No money was moved. Look at its printout, or do it again."
            ),
        ),
    },
    setup_messages={
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
    },
    refusals=(
        (
            _lt("Amount not possible"),
            {
                "amount_not_a_number": _lt("The amount isn't a number. Enter the amount to charge."),
                "amount_decimals": _lt("%(currency)s has only %(digits)s decimals. Enter no more than that."),
                "currency_unknown": _lt(
                    "Cards can't be charged in %(currency)s. Choose a currency of ISO 4217, such as NOK or EUR."
                ),
            },
        ),
        (
            _lt("Currencies differ"),
            {
                "terminal_currency": _lt(
                    "The terminal %(terminal)s charges in %(terminal_currency)s, but the amount is in %(currency)s. Choose a terminal for %(currency)s, or another way to pay."
                ),
            },
        ),
        (
            _lt("Session not agreed"),
            {
                "rights_agree": _lt(
                    "Only a manager of card payments may say that a terminal's session agrees. Ask one."
                ),
                "agree_not_session": _lt("This report closes no session. Open a reconciliation."),
                "agreed_already": _lt("%(user)s has agreed this session already: there is nothing left to do."),
                "agree_note": _lt(
                    "What the terminal printed isn't what was recorded here, or can't be read. Say why it is in order all the same."
                ),
            },
        ),
        (
            _lt("Terminal busy"),
            {
                "terminal_in_administration": _lt(
                    "The terminal %(terminal)s is busy with administration (%(activity)s, started by %(user)s). Wait until it is finished, or choose another terminal."
                ),
                "terminal_in_payment": _lt(
                    "The terminal %(terminal)s is busy with another payment (%(amount)s, started by %(user)s). Wait until it is finished, or choose another terminal."
                ),
                "refund:terminal_in_payment": _lt(
                    "The terminal %(terminal)s is busy with a refund (%(amount)s, started by %(user)s). Wait until it is finished, or choose another terminal."
                ),
                "reversal:terminal_in_payment": _lt(
                    "The terminal %(terminal)s is busy with a reversal (%(amount)s, started by %(user)s). Wait until it is finished, or choose another terminal."
                ),
                "refund:earlier_result": _lt(
                    "The result of an earlier refund of %(amount)s on the terminal %(terminal)s is still being fetched, and a new transaction would wipe it out. Wait a moment, or choose another terminal."
                ),
                "reversal:earlier_result": _lt(
                    "It isn't known yet whether the terminal %(terminal)s reversed an earlier payment of %(amount)s, and a new transaction would wipe out the evidence. Wait a moment, or choose another terminal."
                ),
                "earlier_result": _lt(
                    "The result of an earlier payment of %(amount)s on the terminal %(terminal)s is still being fetched, and a new one would wipe it out. Wait a moment, or choose another terminal."
                ),
            },
        ),
        (
            _lt("Terminal not usable"),
            {
                "terminal_gone": _lt("This terminal doesn't exist any more. Choose another one."),
                "terminal_company": _lt(
                    "The terminal %(terminal)s doesn't belong to %(company)s. Choose one of its own terminals."
                ),
                "terminal_without_address": _lt(
                    "Nobody has entered the address of the agent (Baxi.Agent) of terminal %(terminal)s. Ask the administrator to enter it, or choose another terminal."
                ),
                "administration_not_possible": _lt(
                    "This terminal can't do this: it is archived, or of a type that doesn't know it."
                ),
                "identifier_refused": _lt(
                    "NETS says that the account %(account)s may not use the terminal %(identifiers)s. It may use: %(allowed)s. Check the number, or ask NETS to link the terminal to the account."
                ),
            },
        ),
        (
            _lt("Not allowed"),
            {
                "rights_use": _lt("You may not use card terminals. Ask your administrator for the right to do so."),
                "rights_administration": _lt("You may not do this on card terminals. Ask your administrator."),
                "rights_another": _lt(
                    "Another person started this. Ask that person, or somebody who may change what it is for."
                ),
                "terminal_of_another": _lt(
                    "The terminal %(terminal)s belongs to %(company)s. Only somebody who works for that company can do this: switch to it, or ask there."
                ),
                "rights_settle": _lt("Only a manager of card transactions may settle one by hand. Ask your manager."),
                "rights_signature": _lt(
                    "This signature was declined. Only a manager of card transactions may accept it after all. Ask your manager."
                ),
                "password_search": _lt("The password can't be searched."),
            },
        ),
        (
            _lt("Entry not complete"),
            {
                "settle_reason": _lt("Write down why this is settled by hand."),
                "settle_reference": _lt(
                    "Enter the amount and the reference (STAN or authorisation) from the terminal's journal."
                ),
                "settle_lookup_first": _lt(
                    "The terminal wasn't asked for this result yet. Press “Get last result” first, and settle by hand what stays unknown."
                ),
            },
        ),
        (
            _lt("Entry not possible"),
            {
                "identifier_not_possible": _lt(
                    "“%(identifier)s” isn't a terminal ID: that has 8 digits and is printed on the terminal's receipts."
                ),
                "agent_address_not_possible": _lt(
                    "Enter the address of the terminal's agent like ws://127.0.0.1:8010 or wss://192.168.1.20:8011, without a user name."
                ),
                "account_without_login": _lt(
                    "NETS' service drives terminal %(terminal)s: choose the NETS account with the user name and password for it. Only a terminal of type Baxi.Agent needs none."
                ),
                "simulator_address": _lt(
                    "The simulator's address must be like http://127.0.0.1:8910, without a user name or a path."
                ),
                "simulator_elsewhere": _lt(
                    "The simulator must run on Odoo's own machine (http://127.0.0.1:8910), and %(host)s is another one. The person who runs the server can allow that (NETS_SIMULATOR_HOSTS)."
                ),
                "settle_too_much": _lt(
                    "Only %(asked)s was asked for. Compare the amount in the terminal's journal: it may include a tip, but not as much again."
                ),
                "reference_known": _lt(
                    "%(reference)s is the reference of another payment on %(terminal)s: %(amount)s, %(purpose)s. Look at the receipt again."
                ),
                "reference_too_long": _lt(
                    "Enter only the reference (STAN or authorisation) from the terminal's receipt: it is much shorter."
                ),
                "settings_lookup": _lt(
                    "The first lookup comes after 5 seconds at the earliest: no result is available sooner. The longest pause must be at least as long, and an hour at most."
                ),
                "settings_person": _lt("A person is called after a minute at the earliest."),
                "settings_retention": _lt(
                    "Raw answers are kept for at least a day, receipts for at least a year and at most 100 years."
                ),
                "settings_token": _lt(
                    "The monitoring token is a password: use at least 16 randomly generated characters."
                ),
                "settle_administration": _lt(
                    "An administration moves no money. Settle it as “not charged” to free the terminal."
                ),
            },
        ),
        (
            _lt("Not possible now"),
            {
                "administration_not_abortable": _lt(
                    "Only payments can be aborted. Wait until the terminal has finished."
                ),
                "test_payment_in_production": _lt(
                    "This terminal charges real cards. For a test, take a small payment, and refund it afterwards."
                ),
                "terminal_with_history": _lt(
                    "%(terminal)s has transactions, which belong to this device. Press “Replace” to put another device in its place."
                ),
                "terminal_not_deletable": _lt(
                    "This terminal has transactions. Archive it instead, so that they remain readable."
                ),
                "terminal_in_use": _lt(
                    "A transaction on this terminal is not finished yet. Wait until it is finished, or settle it, and change the terminal then."
                ),
                "terminal_archived": _lt("This terminal is archived already."),
                "account_in_use": _lt(
                    "A transaction of this account is not finished yet, and how the account is set up decides what its result is. Wait until it is finished, or settle it, and change the account then."
                ),
                "too_many": _lt("Choose %(most)s transactions at most, so that the terminals can answer."),
                "nothing_to_book": _lt("This charge belongs to nothing that could be booked."),
                "account_with_terminals": _lt(
                    "This account has terminals, with their history. Add an account for the other company."
                ),
                "site_with_terminals": _lt(
                    "There are terminals at this site. Add a site for the other company, and move them there."
                ),
                "uninstall_open": _lt(
                    "Without this app, their results would never be known, or never be booked. Settle and book them first:\n%(open)s"
                ),
                "receipt_unknown": _lt(
                    "The result of %(order)s isn't known yet, so there is nothing to print. Wait until it is."
                ),
            },
        ),
        (
            _lt("Not up to date"),
            {
                "not_failed": _lt("This is no longer known as failed, so it isn't tried again. Look at it first."),
                "request_without_number": _lt("The request has no number. Reload the page and try again."),
                "request_of_another": _lt(
                    "The request's number belongs to another one. Reload the page and try again."
                ),
                "not_tried_again": _lt("This isn't tried again. Start a new one."),
                "no_signature": _lt("There is no signature to check."),
                "agent_report_refused": _lt(
                    "This page may not say what the terminal did: the payment was started elsewhere, or has another result already. Reload the page."
                ),
                "settle_too_early": _lt(
                    "The terminal may be doing this until %(time)s: its journal says that nothing was charged only after that. Look at it again then."
                ),
                "settle_look_again": _lt(
                    "The terminal was last asked when it may still have been doing this. Press “Get last result”, look at its journal again, and settle by hand what stays unknown."
                ),
                "settle_not_idle": _lt(
                    "The terminal is “%(state)s”: it may still be doing this. Wait until it is idle, or restart it; then press “Get last result” and look at its journal again. From %(time)s this can be settled in any case."
                ),
                "settle_not_unknown": _lt(
                    "Only a transaction whose result is unknown, and no longer waited for, can be settled."
                ),
            },
        ),
    ),
)

# Why a lookup didn't settle a result yet: the keys are those of `connect_cloud.evidence.Why`, and one of the engine's.
register(
    lookups={
        "proven": _lt("The terminal's last result shows no charge. It is asked once more, to be sure."),
        "no_charge_shown": _lt("The terminal's last result shows no charge of this payment."),
        "call_held": _lt("Odoo is still waiting for the terminal's own answer."),
        "terminal_not_idle": _lt("The terminal is “%(state)s”: it hasn't finished yet."),
        "customer_may_be_there": _lt(
            "The terminal shows nothing new. A customer may take until %(until)s: then it is known."
        ),
        "result_unknown": _lt("The terminal doesn't know the result itself yet."),
        "not_sent": _lt("It isn't known whether this reached the terminal, so its last result proves nothing."),
        "no_baseline": _lt("What the terminal did before this isn't known, so its last result proves nothing."),
        "used_by_hand": _lt("The terminal's last result may have been typed on the terminal by hand."),
        "other_order": _lt("The terminal's last result belongs to another order."),
        "order_id_missing": _lt("The terminal's last result has no order number, so it may be somebody else's."),
        "no_number": _lt("The terminal's last result has no number (STAN), so it can't be recognised."),
        "known_payment": _lt("The terminal's last result is one that is known already."),
        "no_amount": _lt("The terminal's last result doesn't say how much was charged."),
        "other_amount": _lt("The terminal's last result is about another amount."),
        "not_newer": _lt("The terminal's last result isn't newer than the one before this."),
        "number_left_out": _lt("Something else ran on the terminal in between."),
        "not_recognisable": _lt("The terminal's last result has neither number nor time, so it can't be recognised."),
        "result_gone": _lt("The terminal doesn't show any last result any more."),
        "reversal_not_disproved": _lt(
            "The terminal still shows the payment. That doesn't prove that it wasn't reversed."
        ),
    }
)

# What is noted of a transaction, and may be read by somebody else much later.
register(
    notes={
        # --- what contradicts what was known --- #
        "charged_after_all": _lt(
            "This transaction was known as “%(state)s”, but the card was charged. It is booked now. Tell the person who may have charged the customer again."
        ),
        "not_charged_after_all": _lt(
            "The terminal says that nothing was charged, but this transaction is known as successful. Compare it with the terminal's journal."
        ),
        "other_charge": _lt(
            "The terminal charged %(charged)s, but %(recorded)s was recorded. Compare it with the terminal's journal."
        ),
        "receipt_other_currency": _lt(
            "The receipt shows a currency other than %(currency)s, which the terminal is set up with. Compare them, and have the administrator correct the terminal: what it charges is booked in that currency."
        ),
        "receipt_other_amount": _lt(
            "The receipt shows a different amount from the one that the terminal said it charged. Compare it with the terminal's journal."
        ),
        "charge_without_amount": _lt(
            "The terminal didn't say how much it charged. The amount asked for was taken. Compare it with the receipt."
        ),
        "approval_unknown_here": _lt(
            "This is known as not charged, but the terminal's last result is an approval that is unknown here: number %(number)s, at %(time)s. Compare the terminal's journal. If it is this one, settle it by hand as charged."
        ),
        # --- why it isn't booked --- #
        "unexpected_error": _lt(
            "Odoo stopped with an unexpected error. Show this to the person who looks after your Odoo: %(error)s"
        ),
    }
)
