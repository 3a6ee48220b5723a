"""What is refused where invoices and credit notes are paid by card."""

from odoo.tools.translate import LazyTranslate

from .catalogue import register

_lt = LazyTranslate(__name__)

register(
    refusals=(
        (
            _lt("Amount not possible"),
            {
                "amount_not_positive": _lt("Enter an amount greater than zero."),
                "refund_not_negative": _lt("A refund is a negative amount. Enter it with a minus sign."),
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
            },
        ),
        (
            _lt("Currencies differ"),
            {
                "payment_currency": _lt(
                    "The invoice is in %(invoice_currency)s, but the payment in %(currency)s. A card is charged in the invoice's currency: choose a journal and a terminal for %(invoice_currency)s."
                ),
                "invoices_currencies": _lt(
                    "These invoices have different currencies. Take one payment for each currency."
                ),
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
                "nothing_due": _lt(
                    "Less is due on these invoices than the credit notes give back. Pay out the rest of the credit notes instead."
                ),
                "invoices_companies": _lt(
                    "These invoices belong to different companies. Take one payment for each company."
                ),
                "invoices_customers": _lt(
                    "These invoices belong to different customers. Take one payment for each customer."
                ),
                "another_document": _lt(
                    "What failed before was for other documents. Close this window, and open it again from the document."
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
                "refund_unlinked": _lt(
                    "Your company refunds only card payments that were taken here. Choose the card payment that goes back, or refund it in another way."
                ),
                "second_person": _lt(
                    "With this refund, %(amount)s goes back within a day; above %(limit)s, a second person has to agree. Ask somebody with the right “Card refunds”: they open the card payment, or the credit note, and press “Approve card refund”. Then press again here."
                ),
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
                "credit_note_paid_out": _lt("%(name)s has been paid out in full."),
                "credit_note_gone": _lt(
                    "This credit note can't be paid out with this payment any more. Choose another one."
                ),
                "payment_not_successful": _lt("Only a successful card payment can be refunded."),
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
                    "A discount or a write-off was booked with this payment, and it isn't clear which part of it the refund gives back. Make a credit note, and match the refund with that."
                ),
            },
        ),
        (
            _lt("Not reversible"),
            {
                "not_last_payment": _lt(
                    "A terminal can only reverse its last payment, and only as a whole: this one was followed by another, or a refund of it was started. Refund it instead."
                ),
                "payment_not_cancellable": _lt(
                    "The payment can't be cancelled in the books, and a discount or a write-off was booked with it. Make a credit note, and match a refund with that."
                ),
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
            },
        ),
        (
            _lt("Choose another way to pay"),
            {
                "payment_without_terminal": _lt(
                    "A payment by card terminal is made on the terminal: open the invoice and press “Pay by card”. To record one that was taken in another way, choose another payment method."
                ),
            },
        ),
        (
            _lt("Not allowed"),
            {
                "rights_refund_of_company": _lt(
                    "Your company lets only people with the right “Card refunds” give money back to cards. Ask one of them."
                ),
                "rights_refund_unlinked": _lt(
                    "This refund isn't of a card payment that was taken here, and your company lets only people with the right “Card refunds” make it. Choose the card payment that goes back, or ask one of them."
                ),
                "rights_book": _lt(
                    "Only a manager of card payments may choose how a charge is booked. Ask one, or wait until the cause is gone: it is then booked automatically."
                ),
                "rights_transactions": _lt("The card transactions of an invoice can't be changed."),
            },
        ),
        (
            _lt("Set-up not complete"),
            {
                "extra_account_missing": _lt(
                    "A terminal may add a tip or a surcharge to what is asked, and that needs an account. Choose one for each."
                ),
                "extra_account_type": _lt(
                    "%(account)s can't take tips or surcharges: it holds money, or what customers owe. Choose an account for income, expenses or current liabilities."
                ),
                "no_journal": _lt(
                    "No bank journal offers “Card terminal”. Ask the accountant to add it to a bank journal, under Incoming Payments, and under Outgoing Payments for refunds."
                ),
                "journal_without_outgoing": _lt(
                    "The journal %(journal)s doesn't offer “Card terminal” for outgoing payments any more. Ask the accountant to add it there, under Outgoing Payments."
                ),
                "no_terminal": _lt(
                    "Choose a terminal. If there is none, ask the administrator to add one in the settings."
                ),
            },
        ),
        (
            _lt("Not bookable"),
            {
                "not_bookable": _lt(
                    "Accounting would refuse this today, so the card isn't charged. No money moved. Ask the accountant to remove the cause, and try again then.\n%(cause)s"
                ),
            },
        ),
        (
            _lt("Not possible now"),
            {
                "booked_already": _lt("This is booked already: there is nothing left to do."),
                "charged_payment_stays": _lt(
                    "%(payment)s was charged on a card terminal, so neither it nor its journal entry can be set back to draft, cancelled or deleted, or change in amount, accounts, customer, journal or date: the books would no longer say what was charged. Refund it on a terminal, or correct the rest with a separate journal entry."
                ),
            },
        ),
    ),
)
