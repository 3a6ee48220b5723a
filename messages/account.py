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
                    "The credit note is in %(invoice_currency)s, but the payment in %(currency)s. It is paid out in its own currency: choose a terminal for %(invoice_currency)s; or refund the card payment from its invoice, and match the invoice with the credit note."
                ),
                "difference_in_other_currency": _lt(
                    "A card that is charged in another currency pays in full, or leaves the rest open. Choose “Keep open”, or grant the difference in %(currency)s with a credit note first."
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
            _lt("A payment method that stays"),
            {
                "method_stays": _lt(
                    "The payment method “Card” stays as it is: it says which payments were taken on a terminal. To offer it no longer, take it off the journals."
                ),
                "method_line_used": _lt(
                    "There are payments with “%(method)s”, and whether those were taken on a terminal doesn't change. Add another line to the journal instead."
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
                "no_chart_of_accounts": _lt(
                    "%(company)s has no chart of accounts yet. Choose one in the settings of the invoices, and press the button again."
                ),
                "clearing_not_reconcilable": _lt(
                    "What stands on %(account)s can't be matched with what NETS pays out. Choose an account that allows reconciliation."
                ),
                "no_journal": _lt(
                    "No bank journal offers “Card”. Ask the accountant to add it to a bank journal, under Incoming Payments, and under Outgoing Payments for refunds."
                ),
                "journal_without_outgoing": _lt(
                    "The journal %(journal)s doesn't offer “Card” for outgoing payments any more. Ask the accountant to add it there, under Outgoing Payments."
                ),
                "no_terminal": _lt(
                    "Choose a terminal. If there is none, ask the administrator to add one in the settings."
                ),
            },
        ),
        (
            _lt("Payout not possible"),
            {
                "rights_payout": _lt(
                    "Only an accountant who manages card payments, and works in this company now, may book payouts. Ask one, or switch the company."
                ),
                "payout_booked": _lt(
                    "%(payout)s is booked, so it can't be changed. Press “Undo” first, as long as the bank's line isn't matched."
                ),
                "payout_done": _lt(
                    "This payout is booked and matched with the bank already: there is nothing left to do."
                ),
                "payout_not_booked": _lt("This payout isn't booked: there is nothing to undo."),
                "payout_at_bank": _lt(
                    "The bank's line is matched with this payout. Undo that first, on the line of the bank, and press “Undo” here again."
                ),
                "payout_empty": _lt(
                    "Nothing says what this payout is made of. Import NETS' file, enter the lines, or press “Propose days”."
                ),
                "payout_has_lines": _lt(
                    "The lines of this payout are known. Remove them first, to have days proposed."
                ),
                "payout_no_days": _lt(
                    "No days were found whose charges are this amount, or a little more. Check amount and day, or import NETS' file."
                ),
                "payout_differs": _lt(
                    "The lines and what was paid out differ by %(amount)s. Correct a line, or press “Add the difference” where NETS doesn't say what it is."
                ),
                "payout_proposals": _lt(
                    "%(count)s lines are only proposals. Look at each, and accept what is right, or choose another transaction."
                ),
                "payout_twice": _lt(
                    "%(transaction)s is in another payout already, twice in this one, not of this NETS account, or play money where the payout is none. Choose another transaction for its line."
                ),
                "payout_line_differs": _lt(
                    "The card transactions of the line “%(line)s” aren't worth its amount. Choose others, or none: it stays open as not known here."
                ),
                "payout_account_missing": _lt(
                    "There is no account for this: %(cost)s. Choose one on the line, or in the settings for all payouts."
                ),
                "payout_bank_matched": _lt(
                    "The bank's line %(line)s is matched with something already. Choose another one, or undo that first."
                ),
                "payout_bank_company": _lt(
                    "The bank's line %(line)s is another company's. Choose one of this company."
                ),
                "payout_bank_currency": _lt(
                    "Some of the bank's lines aren't in %(currency)s. Where the bank has changed the money, choose that line alone."
                ),
                "payout_bank_more": _lt(
                    "The bank's lines come to %(bank)s, and only %(left)s of this payout is left to arrive. Remove the line that belongs elsewhere."
                ),
                "payout_no_clearing": _lt(
                    "No NETS account has a clearing account yet. Ask an administrator to press “Set up the books” on its page."
                ),
                "payout_entry_stays": _lt(
                    "%(entry)s is the entry of a payout. Open the payout, and press “Undo” there."
                ),
                "payout_imported_already": _lt("This settlement was imported already: %(payout)s. Open that one."),
            },
        ),
        (
            _lt("Settlement file not readable"),
            {
                "file_missing": _lt("Choose a file, or paste what it contains."),
                "file_empty": _lt("There is nothing in it. Choose another file."),
                "file_too_large": _lt("It is larger than a settlement file is. Choose another file."),
                "file_too_many_rows": _lt("It has more rows than a settlement file has. Choose another file."),
                "file_too_many_columns": _lt("It has more columns than a settlement file has. Choose another file."),
                "file_not_a_table": _lt(
                    "It is no table with commas or semicolons. Choose the CSV or SDV file that NETS sent."
                ),
                "file_no_amount": _lt("Say which column is the amount."),
                "file_not_readable": _lt(
                    "Row %(row)s can't be read: “%(text)s”. Correct what the columns mean, and try again."
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

# What is noted of how a charge was booked.
register(
    notes={
        "booked_on_another_day": _lt(
            "The card was charged on %(charge_date)s. A lock date doesn't allow an entry on that day, so the payment is booked on %(booking_date)s."
        ),
        "charged_less": _lt(
            "The terminal charged only %(charged)s of the %(asked)s that was asked for. The rest is still due."
        ),
        "refund_unmatched": _lt(
            "%(amount)s went back to the card, but there is nothing open in the books that it could be matched with. It is among the customer's open items."
        ),
        "credit_of_nobody": _lt(
            "%(credit)s of the charge belongs to no customer yet. It is open on the account %(account)s."
        ),
        "credit_of_customer": _lt(
            "%(credit)s of the charge is more than what was still due. It is the customer's credit: refund it, or match it with another invoice."
        ),
        "added_on_terminal": _lt("%(extra)s of the charge was added on the terminal as a tip or surcharge."),
        "added_on_suspense": _lt(
            "The company has no account for that, so it is booked on %(account)s. Choose accounts for tips and surcharges in the settings, and move it."
        ),
    }
)
