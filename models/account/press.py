"""The presses of accounting: pay invoices, pay credit notes out, give a payment back."""

# A press is no model: what it overrides returns nothing.
# pylint: disable=missing-return

from odoo import Command, fields

from ...messages import refusal
from ..engine.press import Press


class GivesBack(Press):
    """A press that may give money back to a card: a company says who may, and how much."""

    # on whose word it is given back, see `nets.transaction._check_refund_rights`
    refund_rights = {}

    def check_giving_back(self):
        # a terminal reverses what it has just charged, on the same card: nothing that could be given to another
        if self.kind == "refund":
            self.refund_rights = self.env["nets.transaction"]._check_refund_rights(self)

    def reservation(self):
        return {**super().reservation(), **self.refund_rights}


class _BookedPress(GivesBack):
    """A press that becomes a payment in the books."""

    origin = "invoice"

    def _check_previous(self, is_for_these):
        """Refuse to repeat what was for something else.

        :param bool is_for_these: it was for the same documents
        """
        previous = self.previous
        is_of_these = self.refund_of and previous.refund_of_id == self.refund_of
        if previous and (previous.kind != self.kind or not (is_for_these or is_of_these)):
            raise refusal(self.env, "another_document")

    def rehearse(self, reservation):
        self.env["nets.transaction"]._rehearse_booking(reservation)


class _DocumentPress(_BookedPress):
    """Documents that are paid, or paid out, in one payment, as Odoo's *Pay* would register it."""

    payment_type = "inbound"

    def __init__(self, env, request_id, terminal_id, moves, amount, refund_of=None, previous=None, wizard=None):
        """
        :param moves: account.move, all of them
        :param float amount: signed, in their currency
        :param refund_of: the card payment that is given back, where it is known
        :param wizard: account.payment.register that a person filled in; one with Odoo's proposals where not given
        """
        super().__init__(env, request_id, terminal_id, previous)
        self.moves = moves
        self.amount = amount
        self.refund_of = refund_of or self.refund_of
        self.wizard = wizard

    def check_rights(self):
        self.moves.check_access("write")
        self.previous.check_access("read")
        if self.refund_of:
            self.refund_of._check_may_give_back()

    def is_repeated_by(self, transaction):
        return transaction.kind == self.kind and self.moves <= transaction.invoice_ids

    def to_lock(self):
        return [self.moves, self.refund_of]

    def check_document(self):
        self._check_moves()
        self._check_previous(self._was_for_these())
        self.company = self.wizard.company_id if self.wizard else self.moves.company_id[:1]
        if self._was_for_these():
            self.company = self.previous.company_id
        if self.company not in self.moves.company_id:
            raise refusal(self.env, "invoices_companies")
        self._set_currency()

    def _set_currency(self):
        """The documents' currency, or another one that a person chose in Odoo's *Pay*: the terminal's."""
        self.document_currency = self.moves.currency_id[:1]
        self.currency = self.document_currency
        if self.wizard:
            self.currency = self.wizard.currency_id
        elif self._was_for_these():
            self.currency = self.previous.currency_id
        if self._is_converted() and self.payment_type == "outbound":
            raise refusal(
                self.env,
                "payment_currency",
                invoice_currency=self.document_currency.name,
                currency=self.currency.name,
            )

    def _is_converted(self):
        """Whether the card is charged in another currency than the documents'."""
        return self.currency != self.document_currency

    def _due_of(self, lines):
        """What is due of journal items, in the currency that the card is charged in, at today's rate: computed here,
        whatever day a caller says."""
        return self.env["nets.transaction"]._amount_due_of(lines, self.currency, self.company)

    def _check_moves(self):
        self.moves._nets_check_payable(in_pay=bool(self.wizard) or self._was_for_these())

    def check_amount(self):
        positive = abs(self.amount)
        if not self.wizard:
            self.wizard = self._window()
            if self.currency.compare_amounts(self.wizard.amount, positive) != 0:
                self.wizard.write({"amount": positive, "installments_mode": "full"})
                # a difference that was agreed belongs to the amount that it was agreed for
                agreed = self.wizard.early_payment_discount_mode
                self.wizard.payment_difference_handling = "reconcile" if agreed else "open"
                if self._was_for_these():
                    self.wizard.communication = self.previous.memo
        wizard = self.wizard
        if not wizard.can_edit_wizard or (len(wizard.batches[0]["lines"]) > 1 and not wizard.group_payment):
            raise refusal(self.env, "invoices_not_grouped")
        self.partner = wizard.partner_id
        lines = wizard.batches[0]["lines"]
        due, of_documents = self._due_of(lines), abs(sum(lines.mapped("amount_residual_currency")))
        if wizard.payment_type != self.payment_type:
            raise refusal(self.env, "nothing_due")
        under_way = self._under_way(lines)
        if self._is_converted() and not self.document_currency.is_zero(of_documents):
            under_way = self.currency.round(under_way * due / of_documents)
            if wizard.payment_difference_handling == "reconcile" and self.currency.compare_amounts(positive, due) < 0:
                raise refusal(self.env, "difference_in_other_currency", currency=self.document_currency.name)
        self._check_due(positive, due, under_way)
        wizard._nets_check_outstanding_account()

    def _under_way(self, lines):
        """What terminals are charging, or have charged and isn't booked, of these journal items' documents. Of an
        entry, which has many customers' items, only these count.

        :return: positive
        """
        entries = lines.filtered(lambda line: line.move_id.move_type == "entry")
        documents = (lines - entries).move_id
        kinds = {self.kind}
        if "out_refund" in documents.mapped("move_type"):
            # a credit note that is netted isn't paid out at the same time
            kinds.add("refund")
        return documents._nets_amount_under_way(tuple(kinds)) + entries._nets_amount_under_way()

    def _was_for_these(self):
        """Whether this repeats what was asked for these documents."""
        return bool(self.previous) and self.previous._settled_moves() == self.moves

    def _window(self):
        """:return: Odoo's *Pay*, as it proposes it, or as it was filled in before (rule 28)"""
        if not self._was_for_these():
            return self.moves._nets_payment_wizard(self.terminal, self.payment_type)
        window = self.previous._pay_window(self.previous._open_lines())
        due = abs(sum(window.line_ids.mapped("amount_residual_currency")))
        if self.currency.compare_amounts(due, self.previous.amount_due) != 0:
            window.payment_difference_handling = "open"
        return window

    def _check_due(self, amount, due, under_way):
        """Rule 3: one debt, one charge.

        :param float amount: positive
        :param float due: what the books say is due on these documents
        :param float under_way: what of it terminals are charging, or have charged and isn't booked
        """
        raise NotImplementedError

    def values(self):
        wizard = self.wizard
        lines = wizard.batches[0]["lines"]
        converted = self._converted_values(lines) if self._is_converted() else {}
        return {
            "journal_id": wizard.journal_id.id,
            "payment_method_line_id": wizard.payment_method_line_id.id,
            "destination_account_id": lines[0].account_id.id,
            "memo": wizard.communication,
            "amount_due": abs(sum(lines.mapped("amount_residual_currency"))),
            "payment_date": wizard.payment_date,
            "installments_mode": wizard.installments_mode,
            "difference_handling": wizard.payment_difference_handling,
            "writeoff_account_id": wizard.writeoff_account_id.id,
            "writeoff_label": wizard.writeoff_label,
            "invoice_ids": [Command.set((lines.move_id | self.refund_of.invoice_ids).ids)],
            "line_ids": [Command.set(lines.ids)],
            **converted,
        }

    def _converted_values(self, lines):
        """What is kept where the card is charged in another currency than the documents': what of them it pays."""
        due, of_documents = self._due_of(lines), abs(sum(lines.mapped("amount_residual_currency")))
        return {
            "amount_due": due,
            "document_currency_id": self.document_currency.id,
            "document_amount": self.document_currency.round(abs(self.amount) * of_documents / due),
            "payment_date": fields.Date.context_today(self.wizard),
            "difference_handling": "open",
        }


class InvoicePayment(_DocumentPress):
    """*Pay by card*, and *Process card* in Odoo's *Pay*."""

    def _check_due(self, amount, due, under_way):
        if self.currency.compare_amounts(self.amount, 0) <= 0:
            raise refusal(self.env, "amount_not_positive")
        if self.currency.compare_amounts(amount, due) > 0:
            raise refusal(self.env, "amount_above_due", due=self.currency.format(due))
        if self.currency.compare_amounts(amount + under_way, due) > 0:
            raise refusal(
                self.env,
                "amount_under_way",
                under_way=self.currency.format(under_way),
                due=self.currency.format(due),
            )


class CreditNotePayout(_DocumentPress):
    """A credit note is paid out on a card."""

    kind = "refund"
    payment_type = "outbound"

    def _check_moves(self):
        self.moves._nets_check_payout()
        if self.refund_of:
            self._check_refund_of()

    def _check_refund_of(self):
        """Refuse a payout that gives back more than was paid, or what belongs to somebody else."""
        original = self.refund_of.sudo()
        if original.partner_id.commercial_partner_id != self.moves.commercial_partner_id:
            raise refusal(self.env, "card_payment_customer")
        if original.company_id != self.moves.company_id or original.currency_id != self.moves.currency_id:
            raise refusal(self.env, "card_payment_company")
        self.refund_of._check_refundable()

    def _check_due(self, amount, due, under_way):
        if self.currency.compare_amounts(self.amount, 0) >= 0:
            raise refusal(self.env, "amount_not_positive")
        if self.currency.compare_amounts(amount + under_way, due) > 0:
            raise refusal(self.env, "amount_above_payout", left=self.currency.format(max(0, due - under_way)))
        if self.refund_of:
            self.refund_of._check_refund_amount(self.amount)

    def values(self):
        return {**super().values(), "refund_mode": "credit_note"}


class CreditNoteRefund(CreditNotePayout):
    """The same, asked for from the payment that goes back."""

    def _check_moves(self):
        if self.moves not in self.refund_of._open_credit_notes():
            raise refusal(self.env, "credit_note_gone")
        return super()._check_moves()


class Refund(_BookedPress):
    """A part of a payment goes back to a card, and the amount is due again."""

    kind = "refund"

    def __init__(self, env, request_id, terminal_id, refund_of, amount, invoice_id=False, previous=None):
        """
        :param refund_of: the card payment
        :param float amount: negative, in its currency
        :param int invoice_id: the invoice that becomes due first, where the payment was for several
        """
        super().__init__(env, request_id, terminal_id, previous)
        self.refund_of = refund_of
        self.amount = amount
        self.invoice_id = invoice_id

    def check_rights(self):
        self.previous.check_access("read")
        self.refund_of._check_may_give_back()

    def is_repeated_by(self, transaction):
        return transaction.kind == self.kind and transaction.refund_of_id == self.refund_of

    def check_document(self):
        self.refund_of._check_refundable()
        self._check_previous(is_for_these=False)
        self._set_document()

    def _set_document(self):
        self.company = self.refund_of.company_id
        self.currency = self.refund_of.currency_id
        self.partner = self.refund_of.partner_id

    def check_amount(self):
        self.refund_of._check_refund_amount(self.amount)
        self.refund_of._check_matching(-self.amount)

    def values(self):
        """Everything that booking an outgoing payment against the original one needs."""
        original = self.refund_of
        payment = original.sudo().payment_id
        method_line = payment.journal_id._nets_method_line("outbound")
        if not payment.journal_id.active or not method_line:
            raise refusal(self.env, "journal_without_outgoing", journal=payment.journal_id.display_name)
        if not method_line.payment_account_id:
            payment._get_outstanding_account("outbound")  # refuses where there is none
        return {
            "refund_mode": "due_again",
            "invoice_ids": [Command.set(original.invoice_ids.ids)],
            "journal_id": payment.journal_id.id,
            "payment_method_line_id": method_line.id,
            "destination_account_id": payment._nets_counterpart_lines().account_id[:1].id,
            "memo": self.env._("Refund %(names)s", names=original._purpose()),
            "due_first_id": self.invoice_id if self.invoice_id in original.invoice_ids.ids else False,
        }


class Reversal(Refund):
    """The terminal reverses its last payment, as a whole, without a card."""

    kind = "reversal"

    def __init__(self, env, request_id, refund_of, previous=None):
        super().__init__(env, request_id, refund_of.terminal_id.id, refund_of, 0.0, previous=previous)

    def check_document(self):
        self.refund_of._check_reversible()
        self._set_document()
        self.amount = -self.refund_of.charged_amount

    def check_amount(self):
        """The whole of it, which `check_document` made sure of."""
