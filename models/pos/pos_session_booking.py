"""What the closing of a session makes of its card payments: money that is found again in what NETS pays out."""

from odoo import models
from odoo.tools import format_date

from ...messages import describe_refusal


class PosSession(models.Model):
    """NETS pays by terminal, and by the sessions that a terminal counts itself: so the payments of a closing are cut.

    Odoo makes one payment for all of a method, and one for each customer who is identified; both pass
    `_nets_create_payment` here. What was received at an earlier closing, for an order of a later day, is no money that
    comes now: it is taken from where it stood.
    """

    _inherit = "pos.session"

    # === COUNTED BY NOBODY === #

    def _nets_why_not_counted(self, differences):
        """What terminals charged is proven, line by line: nobody counts it up or down.

        :param dict differences: {pos.payment.method id: what a person counted more than was charged}
        :return: why it is refused, as text; empty where nothing differs
        """
        counted = [method_id for method_id, amount in (differences or {}).items() if amount]
        cards = self.env["pos.payment.method"].browse(counted).filtered(lambda method: method._nets_is_terminal())
        return describe_refusal(self.env, "card_total_counted", method=cards[0].name).explanation if cards else ""

    # === PAYMENTS OF THE CLOSING === #

    def _create_combine_account_payment(self, payment_method, amounts, diff_amount):
        """:return: the journal items that balance the method's receivable: of one payment for each terminal and each
        of its sessions, and of the deposits that are used now"""
        if not payment_method._nets_is_terminal():
            return super()._create_combine_account_payment(payment_method, amounts, diff_amount)
        account = self._get_receivable_account(payment_method)
        payments = self._get_closed_orders().payment_ids.filtered(
            lambda line: line.payment_method_id == payment_method and not self.currency_id.is_zero(line.amount)
        )
        cards = self.env["nets.transaction"]._pos_of_lines(payments.mapped("uuid"))
        lines = self.env["account.move.line"]
        for part in payments.grouped(lambda line: self._nets_part(line, cards.get(line.uuid))).values():
            of_part = self.env["nets.transaction"].sudo()
            of_part = of_part.union(*(cards[line.uuid] for line in part if line.uuid in cards))
            if of_part._pos_is_deposit():
                lines |= self._nets_use_deposit(of_part, part, account)
            else:
                lines |= self._nets_create_payment(part, of_part, account)
        left = self.currency_id.round(amounts["amount"] - sum(payments.mapped("amount")))
        if not self.currency_id.is_zero(left):
            # what another module adds to the total is no card's
            lines |= super()._create_combine_account_payment(payment_method, {**amounts, "amount": left}, 0)
        return lines

    def _create_split_account_payment(self, payment, amounts):
        """The same where the customer is identified: each payment stands alone."""
        if not payment.payment_method_id._nets_is_terminal():
            return super()._create_split_account_payment(payment, amounts)
        partner = self.env["res.partner"]._find_accounting_partner(payment.partner_id)
        account = partner.property_account_receivable_id
        card = payment._nets_transaction()
        if card._pos_is_deposit():
            return self._nets_use_deposit(card, payment, account, partner)
        return self._nets_create_payment(payment, card, account, partner)

    def _nets_part(self, payment, card):
        """What of a method is one payment: a terminal's session. What no terminal charged is one alone, and so is what
        was received before."""
        if not card or card._pos_is_deposit():
            return payment.uuid
        return card.environment, card.terminal_identifier, card.session_number or ""

    def _nets_create_payment(self, payments, cards, account, partner=None):
        """Book what came, or went, on one terminal in one of its sessions.

        :param payments: pos.payment
        :param cards: nets.transaction, what charged them; nothing where no terminal did
        :param account: account.account, what the payment balances
        :param partner: res.partner, who is identified
        :return: account.move.line of the payment, on this account
        """
        amount = self.currency_id.round(sum(payments.mapped("amount")))
        if self.currency_id.is_zero(amount):
            # what was charged went back in the same session of the terminal: nothing will be paid out
            return self.env["account.move.line"]
        method = payments.payment_method_id
        payment_type = "inbound" if amount > 0 else "outbound"
        values = {
            "payment_type": payment_type,
            "partner_type": "customer",
            "partner_id": partner.id if partner else False,
            "amount": abs(amount),
            "currency_id": self.currency_id.id,
            "company_id": self.company_id.id,
            "journal_id": method.journal_id.id,
            "force_outstanding_account_id": method.outstanding_account_id.id,
            "destination_account_id": account.id,
            "memo": self._nets_memo(payments, cards),
            "pos_payment_method_id": method.id,
            "pos_session_id": self.id,
        }
        if method_line := method.journal_id._nets_method_line(payment_type):
            values["payment_method_line_id"] = method_line.id
        account_payment = self.env["account.payment"].with_context(pos_payment=True).create(values)
        if not account_payment.outstanding_account_id:
            # With the Accounting app, it would make no journal entry: the money would be in no ledger.
            account_payment.outstanding_account_id = account_payment._get_outstanding_account(payment_type)
        account_payment.action_post()
        cards.pos_closing_payment_id = account_payment
        return account_payment.move_id.line_ids.filtered(lambda line: line.account_id == account)

    def _nets_memo(self, payments, cards):
        """What a payment of the closing is found by: as those of invoices, by terminal, session, and STAN."""
        order = payments.pos_order_id._nets_name() if len(payments) == 1 else ""
        parts = [payments.payment_method_id.name, self.name, order, cards._payment_reference() if cards else ""]
        return " · ".join(filter(None, parts))

    # === DEPOSITS === #

    def _nets_book_deposits(self):
        """Book what was charged for orders that stay open when this session closes: it was received."""
        for charge in self._nets_of_later_days().filtered(lambda charge: not charge.payment_id):
            charge.with_company(charge.company_id)._pos_book_deposit()

    def _nets_use_deposit(self, card, payment, account, partner=None):
        """An order is finished that was paid at an earlier closing, in full or in part.

        :param card: nets.transaction, what was received
        :param payment: pos.payment
        :param account: account.account, what the payment balances
        :param partner: res.partner, who is identified
        :return: account.move.line of this session's entry, on this account
        """
        card._pos_release_deposit(self.move_id.date)
        received = card.payment_id._nets_counterpart_lines()[:1]
        amounts = self._update_amounts(
            {"amount": 0, "amount_converted": 0}, {"amount": payment.amount}, card.payment_id.date
        )
        values = {
            "move_id": self.move_id.id,
            "name": self.env._(
                "Deposit for %(order)s, received on %(date)s",
                order=payment.pos_order_id._nets_name(),
                date=format_date(self.env, card.payment_id.date),
            ),
        }
        taken, used = self.env["account.move.line"].create(
            [
                self._debit_amounts(
                    {**values, "account_id": received.account_id.id, "partner_id": received.partner_id.id},
                    amounts["amount"],
                    amounts["amount_converted"],
                ),
                self._credit_amounts(
                    {**values, "account_id": account.id, "partner_id": partner.id if partner else False},
                    amounts["amount"],
                    amounts["amount_converted"],
                ),
            ]
        )
        card.pos_deposit_line_id = taken
        return used

    def _reconcile_account_move_lines(self, data):
        data = super()._reconcile_account_move_lines(data)
        taken = self.env["nets.transaction"].sudo().search([("pos_deposit_line_id.move_id", "in", self.move_id.ids)])
        for card in taken:
            lines = card.pos_deposit_line_id | card.payment_id._nets_counterpart_lines()
            lines = lines.filtered(lambda line: line.account_id.reconcile and not line.reconciled)
            lines.with_context(no_cash_basis=True).reconcile()
        return data
