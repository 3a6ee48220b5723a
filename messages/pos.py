"""What is refused at the till, and around its orders."""

from odoo.tools.translate import LazyTranslate

from .catalogue import Message, register

_lt = LazyTranslate(__name__)

# Where NETS, or the way to it, is down: the terminal itself may still take the card, and a person records it.
BY_HAND_REASONS = {
    "service_unreachable",
    "login_unavailable",
    "login_refused",
    "login_missing",
    "account_not_activated",
    "call_refused",
    "terminal_disconnected",
    "agent_unreachable",
    "agent_blocked",
    "agent_silent",
}

# What a customer reads at a kiosk, who isn't a cashier: by what it looks like → (label, explanation).
TO_VISITORS = {
    "waiting": (
        _lt("One moment"),
        _lt("The terminal is still busy with another payment. Yours begins right after it."),
    ),
    "running": (_lt("Pay on the terminal"), _lt("Follow the terminal beside this screen.")),
    "aborting": (_lt("Cancelling…"), _lt("Wait for the terminal: your card may still be charged.")),
    "unknown": (
        _lt("Please don't pay again yet"),
        _lt("We are finding out whether your card was charged. Wait here, or ask at the counter with your number."),
    ),
    "approved": (_lt("Paid"), _lt("Thank you.")),
    "signature": (
        _lt("Paid, please sign"),
        _lt("Your card asks for a signature. Go to the counter with your number: your order is complete after that."),
    ),
    "unbooked": (
        _lt("Paid, please ask at the counter"),
        _lt("Your card was charged. Go to the counter with your number: your order is completed there."),
    ),
    "misplaced": (
        _lt("Please ask at the counter"),
        _lt("Your card was charged, but your order couldn't take the payment. Go to the counter with your number."),
    ),
    "refused": (
        _lt("Your card was not accepted"),
        _lt("Nothing was charged. Try again, or take another card."),
    ),
    "aborted": (_lt("Cancelled"), _lt("Nothing was charged.")),
    "trouble": (
        _lt("The terminal can't be used now"),
        _lt("Nothing was charged. Try again in a moment, or ask at the counter."),
    ),
}


def describe_to_visitor(env, key):
    """The words for a customer at a kiosk.

    :param env: environment whose language counts
    :param str key: of `TO_VISITORS`
    :return: Message
    """
    label, explanation = TO_VISITORS[key]
    return Message(env._(label), env._(explanation), "")


register(
    messages={
        "without_order": (
            _lt("Charged, but not for this order"),
            _lt(
                "The card was charged when this order could no longer take it. A manager can find the charge in the list of card transactions, and refund it or attach it to an order."
            ),
        ),
        "refund:without_order": (
            _lt("Refunded, but not for this order"),
            _lt(
                "The money went back to the card when this order could no longer take it. It is booked as a separate payment. A manager can find it in the list of card transactions."
            ),
        ),
        "reversal:without_order": (
            _lt("Reversed, but not for this order"),
            _lt(
                "The terminal reversed the payment when this order could no longer take that. It is booked as a separate payment. A manager can find it in the list of card transactions."
            ),
        ),
    },
    refusals=(
        (
            _lt("Amount not possible"),
            {
                "amount_zero": _lt("The amount is zero, so there is nothing to charge."),
            },
        ),
        (
            _lt("Amount too high"),
            {
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
                "method_currency": _lt(
                    "%(terminal)s charges in %(terminal_currency)s, but the journal of %(method)s is kept in %(currency)s. Choose another terminal, or another journal."
                ),
                "attach_company": _lt("The order's company or currency differs from the payment's."),
            },
        ),
        (
            _lt("Not refundable"),
            {
                "credit_note_of_till": _lt(
                    "The invoice that %(name)s reverses was paid in the Point of Sale, so the refund goes through the Point of Sale."
                ),
                "payment_of_till": _lt(
                    "This payment was taken in the Point of Sale, so its refund goes through the Point of Sale: open the paid order in the till, and press “Refund” there."
                ),
                "order_not_refundable": _lt(
                    "No card payment of the refunded order is left to refund. Nothing was sent. Give the money back in another way."
                ),
            },
        ),
        (
            _lt("Not reversible"),
            {
                "line_not_charged": _lt("No card was charged on this line, so there is nothing to reverse."),
            },
        ),
        (
            _lt("Card payment under way"),
            {
                "order_card_running": _lt(
                    "A card payment of %(amount)s for %(order)s is running on the terminal %(terminal)s. Wait until it is finished, or abort it."
                ),
                "refund:order_card_running": _lt(
                    "A card refund of %(amount)s for %(order)s is running on the terminal %(terminal)s. Wait until it is finished, or abort it."
                ),
                "reversal:order_card_running": _lt(
                    "A reversal of %(amount)s for %(order)s is running on the terminal %(terminal)s. Wait until it is finished."
                ),
                "order_result_unknown": _lt(
                    "The result of the card payment of %(amount)s for %(order)s on the terminal %(terminal)s isn't known yet. Get its last result first; a manager can settle it by hand."
                ),
                "refund:order_result_unknown": _lt(
                    "The result of the card refund of %(amount)s for %(order)s on the terminal %(terminal)s isn't known yet. Get its last result first; a manager can settle it by hand."
                ),
                "reversal:order_result_unknown": _lt(
                    "It isn't known yet whether the terminal %(terminal)s reversed the %(amount)s for %(order)s. Get its last result first; a manager can settle it by hand."
                ),
                "order_charge_unbooked": _lt(
                    "%(order)s was charged %(amount)s on a card, but that isn't booked yet. Wait a moment and try again."
                ),
                "refund:order_charge_unbooked": _lt(
                    "%(amount)s for %(order)s went back to a card, but that isn't booked yet. Wait a moment and try again."
                ),
                "reversal:order_charge_unbooked": _lt(
                    "The terminal reversed %(amount)s for %(order)s, but that isn't booked yet. Wait a moment and try again."
                ),
            },
        ),
        (
            _lt("Terminal not usable"),
            {
                "terminal_not_of_method": _lt(
                    "The terminal %(terminal)s isn't among those of the payment method %(method)s. Choose another one."
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
                "session_with_cards": _lt(
                    "Cards were charged in %(session)s, so it can only be closed at its till, or with “Close Session & Post Entries”, and stays closed then."
                ),
                "session_not_open": _lt(
                    "The session of this order isn't open, so nothing can be done on a terminal. Nothing was sent."
                ),
                "closing_not_open": _lt("This session isn't open, so there is nothing to allow."),
                "session_closed": _lt("The session of this order is closed. Open the order in the till instead."),
            },
        ),
        (
            _lt("Choose another way to pay"),
            {
                "card_total_counted": _lt(
                    "What %(method)s took is proven by the terminals, payment by payment, so it can't be counted as another amount. Leave it as it is; what doesn't agree is listed when the register closes, and in the log."
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
                "rights_refund": _lt("Only a manager may refund this. Ask your manager."),
                "rights_till_manager": _lt(
                    "Only a manager of the Point of Sale may do this. Ask your manager to log in here."
                ),
                "rights_till_employee": _lt(
                    "Only an employee with manager rights at this till may do this. Ask your manager to log in at the till."
                ),
                "rights_session_payment": _lt(
                    "Which session of the Point of Sale a payment belongs to is written only when that session closes."
                ),
                "rights_till": _lt("Only users of the Point of Sale may do this, or see it."),
                "rights_by_hand": _lt(
                    "Only a manager may record a card payment by hand. Ask your manager, or use another way to pay."
                ),
            },
        ),
        (
            _lt("Set-up not complete"),
            {
                "kiosk_terminal": _lt(
                    "No terminal is set for this kiosk. Choose the Connect@Cloud terminal beside it as the default terminal of the payment method %(method)s."
                ),
                "deposit_account_type": _lt(
                    "%(account)s can't hold deposits. Choose an account of the type current liabilities."
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
                "kiosk_too_often": _lt(
                    "There were too many attempts to pay here. Nothing was charged. Wait a minute, or ask at the counter."
                ),
                "not_confirmed": _lt(
                    "What a browser reported from the terminal %(terminal)s isn't compared yet: have the terminal reconciled (on its page, “Reconciliation”), and a manager press “Agree” on its report."
                ),
                "line_with_charge": _lt(
                    "%(product)s was charged on the card together with %(order)s, so it stays on the order."
                ),
                "charge_without_order": _lt("This charge belongs to no open order, so there is none to complete."),
                "order_not_paid": _lt(
                    "%(order)s isn't fully paid: %(paid)s of %(total)s. Take the rest in the till, or refund this payment."
                ),
                "by_hand_not_down": _lt(
                    "A card payment is recorded by hand only while NETS can't be reached. Send it to the terminal first: if that fails, record it then."
                ),
                "by_hand_busy": _lt(
                    "%(terminal)s is busy with another payment, so the card can't have been taken there by hand. Choose another terminal, or wait."
                ),
                "not_of_till": _lt("This wasn't taken in the Point of Sale. Open it where it was started."),
                "belongs_to_till": _lt("This belongs to an order of the Point of Sale. Open it there, and try again."),
                "charge_of_paid_order": _lt("This charge belongs to a paid order, or is booked as a separate payment."),
                "being_reversed": _lt("The terminal is reversing this payment, or has already done so."),
                "attach_not_possible": _lt(
                    "Only a payment without an order, of which nothing was refunded, can be attached to an order."
                ),
                "payment_locked": _lt(
                    "The payment stays in the books: it is in a locked period, or matched with a bank statement. Refund it, or leave it as it is."
                ),
                "order_unsigned": _lt(
                    "The customer signs for the card payment of %(amount)s of %(order)s. Compare the signature with the one on the card, and accept or decline it: in the till, or in the list of card transactions."
                ),
                "order_signature_declined": _lt(
                    "The signature for the card payment of %(amount)s of %(order)s was declined, but the money hasn't gone back yet. Press “Reverse”; if the terminal can't do that any more, a manager refunds it in the list of card transactions, or accepts the signature there after all."
                ),
                "order_below_cards": _lt(
                    "%(amount)s of %(order)s is paid by card, or being paid at this moment, so its total can't become %(total)s. Put back what was removed. To give the money back, use “Reverse”; or complete the order, and refund it."
                ),
                "order_paid_stays": _lt(
                    "%(order)s is paid, so its total and its payments stay as they are. Sell more on a new order, and refund what is returned."
                ),
                "order_charged": _lt(
                    "%(order)s was charged %(amount)s on a card, so this payment stays as it is. Complete the order; or press “Reverse” to have the terminal reverse it, or refund it."
                ),
                "refund:order_charged": _lt(
                    "%(amount)s for %(order)s went back to a card, so this payment stays as it is. Complete the order."
                ),
                "reversal:order_charged": _lt(
                    "The terminal reversed %(amount)s for %(order)s, so this payment stays as it is. Complete the order."
                ),
            },
        ),
        (
            _lt("Not up to date"),
            {
                "order_changed": _lt(
                    "The order changed: the server has %(amount)s on this line. Nothing was sent. Look at the order and try again."
                ),
                "line_used": _lt(
                    "A terminal was used for this payment line before. Reload the till, and add a new payment line."
                ),
                "payment_has_charge": _lt(
                    "A terminal charged this payment already, or its order isn't paid. Reload the page."
                ),
            },
        ),
    ),
)

# What is noted of how a charge was booked.
register(
    notes={
        "booked_without_order": _lt(
            "%(order)s couldn't take this any more, so it is booked as a separate payment. Refund it, or attach it to an order."
        ),
        "given_back_without_order": _lt(
            "%(order)s couldn't take this any more, so it is booked as a separate payment."
        ),
    },
    stand_ins={"order": _lt("The order")},
)
