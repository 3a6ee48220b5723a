"""What a person reads: one short label and one explanation for each outcome and error.

The one catalogue of the addon. Dialogs, logs and settings take their words from here; the text and code that NETS
sent are kept beside it. The keys are the client's `Reason` values and the engine's own.
"""

from dataclasses import dataclass

from odoo.exceptions import UserError
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
# What is refused before anything is sent: by label, with the causes that it stands for.
_REFUSALS = (
    (
        _lt("Amount not possible"),
        {
            "amount_not_a_number": _lt("The amount isn't a number. Enter the amount to charge."),
            "amount_decimals": _lt("%(currency)s has only %(digits)s decimals. Enter the amount without more."),
            "amount_not_positive": _lt("Enter an amount greater than zero."),
            "refund_not_negative": _lt("A refund is a negative amount. Enter it with a minus sign."),
            "amount_zero": _lt("The amount is zero, so there is nothing to charge."),
        },
    ),
    (
        _lt("Amount too high"),
        {
            "amount_above_due": _lt("Only %(due)s is due. Enter that or less."),
            "amount_above_payout": _lt("Only %(left)s is left to pay out. Enter that or less."),
            "amount_above_refundable": _lt(
                "Only %(left)s of this payment is left to refund: the rest was refunded, or a refund of it is under way. Enter that or less."
            ),
            "amount_above_matched": _lt(
                "Only %(left)s of this payment is matched with invoices or open; the rest is matched with other journal entries. Unmatch those, refund less, or make a credit note and match the refund with that."
            ),
            "amount_above_order": _lt(
                "Only %(left)s of this order is left to pay, so %(amount)s can't be asked for. Nothing was sent."
            ),
            "amount_above_cards": _lt(
                "No card payment of the refunded order has %(amount)s left to refund. Nothing was sent. Make one payment line for each card: %(cards)s."
            ),
            "attach_amount": _lt(
                "Only %(left)s of %(order)s is left to pay, but the card was charged %(amount)s. Choose another order, or refund the payment."
            ),
        },
    ),
    (
        _lt("Currencies differ"),
        {
            "terminal_currency": _lt(
                "The terminal %(terminal)s charges in %(terminal_currency)s, but the amount is in %(currency)s. Choose a terminal for %(currency)s, or another way of payment."
            ),
            "payment_currency": _lt(
                "The invoice is in %(invoice_currency)s, but the payment in %(currency)s. A card is charged in the invoice's currency: choose a journal and a terminal for %(invoice_currency)s."
            ),
            "invoices_currencies": _lt("These invoices have different currencies. Take one payment for each currency."),
            "method_currency": _lt(
                "%(terminal)s charges in %(terminal_currency)s, but the journal of %(method)s is kept in %(currency)s. Choose another terminal, or another journal."
            ),
            "attach_company": _lt("The order has another company or currency than the payment."),
        },
    ),
    (
        _lt("Not payable by card"),
        {
            "no_invoice": _lt("Choose an invoice first."),
            "not_customer_invoice": _lt("Only customer invoices can be paid by card: %(name)s isn't one."),
            "invoice_draft": _lt("%(name)s isn't confirmed yet. Confirm it, and take the card then."),
            "invoice_cancelled": _lt("%(name)s is cancelled: nothing is due any more."),
            "invoice_paid": _lt("%(name)s is paid already."),
            "invoices_companies": _lt(
                "These invoices belong to different companies. Take one payment for each company."
            ),
            "invoices_customers": _lt(
                "These invoices belong to different customers. Take one payment for each customer."
            ),
            "confirm_and_pay_off": _lt(
                "Confirming and paying in one step is switched off in the settings. Confirm it first."
            ),
            "invoices_not_grouped": _lt(
                "These invoices can't become one payment, and a card is charged once. Tick “Group Payments”, or pay them one by one."
            ),
        },
    ),
    (
        _lt("Not refundable"),
        {
            "card_payment_customer": _lt("The card payment is another customer's. Choose one of this customer."),
            "card_payment_company": _lt(
                "The card payment was taken in another company or currency. Choose another one."
            ),
            "no_credit_note": _lt("Choose a credit note first."),
            "credit_notes_differ": _lt(
                "These credit notes differ in company, currency or customer. Pay them out one by one."
            ),
            "not_customer_credit_note": _lt("Only customer credit notes can be paid out: %(name)s isn't one."),
            "credit_note_draft": _lt("%(name)s isn't confirmed. Confirm it first."),
            "credit_note_paid_out": _lt("Nothing of %(name)s is left to pay out."),
            "credit_note_of_till": _lt(
                "The invoice that %(name)s reverses was paid in the Point of Sale, so the refund goes through the Point of Sale."
            ),
            "credit_note_gone": _lt(
                "This credit note can't be paid out with this payment any more. Choose another one."
            ),
            "payment_not_successful": _lt("Only a successful card payment can be refunded."),
            "payment_of_till": _lt(
                "This payment was taken in the Point of Sale, so its refund goes through the Point of Sale: open the paid order in the till, and press “Refund” there."
            ),
            "payment_not_booked": _lt(
                "This payment was charged, but it isn't in the books yet: %(cause)s Book it first, and refund it then."
            ),
            "payment_not_posted": _lt(
                "The payment of this charge isn't posted in the books any more. Ask the accountant to post it again, and refund it then."
            ),
            "refund_under_way": _lt(
                "A refund of the whole payment is under way, or waits for its result. Wait until that is known."
            ),
            "payment_refunded": _lt("This payment has been refunded already."),
            "payment_with_discount": _lt(
                "A discount or a write-off was booked with this payment, and nobody can say which part of it the refund takes back. Make a credit note, and match the refund with that."
            ),
            "order_not_refundable": _lt(
                "No card payment of the refunded order is left to refund. Nothing was sent. Give the money back in another way."
            ),
        },
    ),
    (
        _lt("Not reversible"),
        {
            "not_last_payment": _lt(
                "A terminal takes back its last payment only, and only as a whole: this one was followed by another, or a refund of it was started. Refund it instead."
            ),
            "payment_not_cancellable": _lt(
                "The payment can't be cancelled in the books, and a discount or a write-off was booked with it. Make a credit note, and match a refund with that."
            ),
            "line_not_charged": _lt("No card was charged on this line, so there is nothing to take back."),
        },
    ),
    (
        _lt("Card payment under way"),
        {
            "amount_under_way": _lt(
                "%(under_way)s of the %(due)s that is due is being charged already, or waits for its result or its booking. Wait until that is finished: nothing is charged twice."
            ),
            "paid_on_terminal": _lt(
                "%(amount)s is being paid on the card terminal %(terminal)s, or waits for its result or its booking, so it can't be paid in another way now. Wait until that is finished, or abort it there first."
            ),
            "order_card_running": _lt(
                "A card payment of %(amount)s for %(order)s is running on the terminal %(terminal)s. Wait until it is finished, or abort it."
            ),
            "order_result_unknown": _lt(
                "The result of the card payment of %(amount)s for %(order)s on the terminal %(terminal)s isn't known yet. Get its last result first; a manager can settle it by hand."
            ),
            "order_charge_unbooked": _lt(
                "%(order)s was charged %(amount)s on a card, but that isn't booked yet. Wait a moment and try again."
            ),
        },
    ),
    (
        _lt("Terminal busy"),
        {
            "terminal_in_administration": _lt(
                "The terminal %(terminal)s is busy with its administration (%(activity)s, started by %(user)s). Wait until it is finished, or choose another terminal."
            ),
            "terminal_in_payment": _lt(
                "The terminal %(terminal)s is busy with another payment (%(amount)s, started by %(user)s). Wait until it is finished, or choose another terminal."
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
            "terminal_baxi_agent": _lt(
                "The terminal %(terminal)s is connected through Baxi.Agent, which isn't available here. Choose a Connect@Cloud terminal."
            ),
            "administration_not_possible": _lt("Only an active Connect@Cloud terminal can do this."),
            "terminal_not_of_method": _lt(
                "The terminal %(terminal)s isn't among those of the payment method %(method)s. Choose another one."
            ),
            "identifier_refused": _lt(
                "NETS says that the account %(account)s may not use the terminal %(identifiers)s. It may use: %(allowed)s. Check the number, or ask NETS to link the terminal to the account."
            ),
        },
    ),
    (
        _lt("Order not payable now"),
        {
            "order_not_on_server": _lt(
                "The order isn't on the server yet, so nothing was sent. Check the connection and try again."
            ),
            "order_closed": _lt("%(order)s is paid or cancelled already. Nothing was sent."),
            "method_not_nets": _lt("%(method)s isn't a payment method for NETS terminals. Choose one that is."),
            "line_without_charge": _lt(
                "%(amount)s of %(order)s is to be paid by card, but no card was charged. Send it to the terminal, or remove this payment line."
            ),
        },
    ),
    (
        _lt("Session not open"),
        {
            "session_not_open": _lt(
                "The session of this order isn't open, so nothing can be done on a terminal. Nothing was sent."
            ),
            "session_closed": _lt("The session of this order is closed. Open the order in the till instead."),
        },
    ),
    (
        _lt("Choose another way of payment"),
        {
            "payment_without_terminal": _lt(
                "A payment by card terminal is made on the terminal: open the invoice and press “Pay by card”. To record one that was taken in another way, choose another payment method."
            ),
            "card_by_hand": _lt(
                "A card payment is taken on the terminal, from the till. To record money that came in another way, choose another payment method."
            ),
            "method_in_back_office": _lt(
                "%(method)s takes cards on a terminal, which is done from the till: open the order there, and pay it by card. Or choose another payment method."
            ),
        },
    ),
    (
        _lt("Not allowed"),
        {
            "rights_use": _lt("You may not use card terminals. Ask your administrator for the right to do so."),
            "rights_administration": _lt("You may not do this on card terminals. Ask your administrator."),
            "rights_settle": _lt("Only a manager of card transactions may settle one by hand. Ask your manager."),
            "rights_refund": _lt("Only a manager may refund this. Ask your manager."),
            "rights_till_manager": _lt(
                "Only a manager of the Point of Sale may do this. Ask your manager to log in here."
            ),
            "rights_till": _lt("Only users of the Point of Sale may see this."),
            "rights_transactions": _lt("The card transactions of an invoice can't be changed."),
            "password_search": _lt("The password can't be searched."),
        },
    ),
    (
        _lt("Set-up not complete"),
        {
            "no_journal": _lt(
                "No bank journal offers “Card terminal”. Ask the accountant to add it to a bank journal, under Incoming Payments, and under Outgoing Payments for refunds."
            ),
            "journal_without_outgoing": _lt(
                "The journal %(journal)s doesn't offer “Card terminal” for outgoing payments any more. Ask the accountant to add it there, under Outgoing Payments."
            ),
            "no_terminal": _lt(
                "Choose a terminal. If there is none, ask the administrator to add one in the settings."
            ),
            "method_without_bank": _lt(
                "%(method)s takes cards on NETS terminals, so its journal must be a bank journal."
            ),
            "method_default_terminal": _lt(
                "%(terminal)s is not among the terminals of %(method)s. Add it there, or choose another default."
            ),
            "method_company": _lt(
                "%(terminal)s belongs to another company than %(method)s. Choose terminals of %(company)s."
            ),
        },
    ),
    (
        _lt("Entry not complete"),
        {
            "settle_reason": _lt("Write down why this is settled by hand."),
            "settle_reference": _lt(
                "Enter the amount and the reference (STAN or authorisation) from the terminal's journal."
            ),
            "closing_reason": _lt("Write down why the session is closed like this."),
            "by_hand_reference": _lt(
                "Enter the reference (STAN or authorisation) from the terminal's receipt, and why it was taken by hand."
            ),
            "by_hand_terminal": _lt(
                "Choose the terminal, and enter the reference (STAN or authorisation) from its receipt, and why it was taken by hand."
            ),
            "charge_to_attach": _lt("Choose the charge that this payment stands for."),
        },
    ),
    (
        _lt("Entry not possible"),
        {
            "identifier_not_possible": _lt(
                "“%(identifier)s” isn't a terminal ID. It has 8 digits and stands on the terminal's receipts."
            ),
            "simulator_address": _lt(
                "The simulator's address must be like http://127.0.0.1:8910, without a user name."
            ),
            "site_in_itself": _lt("A site can't be a group of itself."),
            "settings_lookup": _lt(
                "The first lookup comes after 5 seconds at the earliest: a result isn't there sooner. The longest pause is at least as long, and an hour at most."
            ),
            "settings_person": _lt("A person is called after a minute at the earliest."),
            "settings_token": _lt("The monitoring token is a password: use 16 characters or more, made by a machine."),
            "settle_administration": _lt(
                "An administration moves no money. Settle it as “not charged” to free the terminal."
            ),
            "by_hand_amount": _lt(
                "Enter what the terminal charged, and at most %(amount)s. If it charged more, put the difference on the order first, for example as a tip."
            ),
            "attach_order": _lt("Choose an order that isn't paid yet, of a session that is open."),
            "attach_other_amount": _lt(
                "The card was charged %(charged)s, but the order was paid %(paid)s. Choose another charge."
            ),
            "attach_method": _lt(
                "%(config)s doesn't offer the payment method %(method)s. Choose an order of another Point of Sale."
            ),
        },
    ),
    (
        _lt("Not possible now"),
        {
            "charged_payment_stays": _lt(
                "%(payment)s was charged on a card terminal, so it can't be set back to draft, cancelled, deleted, or change its amount: the books would no longer say what was charged. Refund it on a terminal, or correct the rest with a journal entry of its own."
            ),
            "administration_not_abortable": _lt("Only payments can be aborted. Wait until the terminal has finished."),
            "line_with_charge": _lt(
                "%(product)s was charged on the card together with %(order)s, so it stays on the order."
            ),
            "test_payment_in_production": _lt(
                "This terminal charges real cards. For a test, pay a small invoice by card, and refund it afterwards."
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
                "A transaction of this account is not finished yet. Its result would be asked for in the wrong place. Wait until it is finished, or settle it, and change the account then."
            ),
            "account_with_terminals": _lt(
                "This account has terminals, with their history. Add an account for the other company."
            ),
            "receipt_unknown": _lt(
                "The result of %(order)s isn't known yet, so there is nothing to print. Wait until it is."
            ),
            "last_result_first": _lt(
                "Press “Get last result” first: the terminal may still know what became of this payment."
            ),
            "charge_without_order": _lt("This charge belongs to no open order, so there is none to complete."),
            "order_not_paid": _lt(
                "%(order)s isn't fully paid: %(paid)s of %(total)s. Take the rest in the till, or refund this payment."
            ),
            "belongs_to_till": _lt("This belongs to an order of the Point of Sale. Open it there, and try again."),
            "charge_of_paid_order": _lt("This charge belongs to a paid order, or is booked as a payment of its own."),
            "being_reversed": _lt("The terminal is taking this payment back, or has done so."),
            "attach_not_possible": _lt(
                "Only a payment without an order, of which nothing was refunded, can be attached to an order."
            ),
            "payment_locked": _lt(
                "The payment stays in the books: it is in a locked period, or matched with a bank statement. Refund it, or leave it as it is."
            ),
            "signature_open": _lt(
                "The customer signs for the card payment of %(amount)s of %(order)s. Compare the signature with the one on the card, and accept or decline it: in the till, or in the list of card transactions."
            ),
            "signature_declined": _lt(
                "The signature for the card payment of %(amount)s of %(order)s was declined, but the money hasn't gone back yet. Take the payment back with “Reverse”; where the terminal can't do that any more, a manager refunds it in the list of card transactions, or accepts the signature there after all."
            ),
            "order_below_cards": _lt(
                "%(amount)s of %(order)s is paid by card, or being paid at this moment, so its total can't become %(total)s. Put back what was taken off. To give the money back, use “Reverse”; or complete the order, and refund it."
            ),
            "order_charged": _lt(
                "%(order)s was charged %(amount)s on a card, so this payment stays as it is. Complete the order; or take the payment back on the terminal with “Reverse”, or refund it."
            ),
        },
    ),
    (
        _lt("Not up to date"),
        {
            "order_changed": _lt(
                "The order changed: the server has %(amount)s on this line. Nothing was sent. Look at the order and try again."
            ),
            "payment_not_failed": _lt(
                "This payment isn't known as failed any more, so it isn't tried again. Look at it first."
            ),
            "refund_not_failed": _lt(
                "This refund isn't known as failed any more, so it isn't tried again. Look at it first."
            ),
            "request_without_number": _lt("The request has no number. Reload the page and try again."),
            "settle_not_unknown": _lt(
                "Only a transaction whose result is unknown, and no longer waited for, can be settled."
            ),
            "no_signature": _lt("No signature is waited for."),
            "payment_has_charge": _lt(
                "A terminal charged this payment already, or its order isn't paid. Reload the page."
            ),
        },
    ),
)
_REFUSAL = {key: (label, explanation) for label, causes in _REFUSALS for key, explanation in causes.items()}
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


def describe_refusal(env, key, **values):
    """The words for something that is refused before anything is sent.

    :param str key: of `_REFUSALS`
    :param values: what the explanation names
    :return: Message
    """
    label, explanation = _REFUSAL[key]
    text = env._(explanation)
    return Message(env._(label), text % values, "")


def refusal(env, key, error=UserError, **values):
    """The exception that refuses something: its first line is the label, its second one the explanation.

    :param error: the class of the exception
    :return: the exception, to be raised
    """
    return error(describe_refusal(env, key, **values).as_text())
