from odoo import Command, models

from ...messages import refusal


class AccountBankStatementLine(models.Model):
    """The bank's line that a payout arrives with: matched here, because Odoo's own screen for that may not be there."""

    _inherit = "account.bank.statement.line"

    def action_nets_payout(self):
        """Make a payout from what the bank says: amount and day.

        :return: an action, to that payout
        """
        self.ensure_one()
        self.check_access("read")
        payouts = self.env["nets.payout"]
        accounts = self.env["account.account"]._nets_clearing_accounts(self.company_id)
        if not accounts:
            raise refusal(self.env, "payout_no_clearing")
        if self.is_reconciled:
            raise refusal(self.env, "payout_bank_matched", line=self.display_name)
        payout = payouts.search([("statement_line_ids", "in", self.ids)], limit=1) or payouts.create(
            {
                "account_id": accounts[0].id,
                "company_id": self.company_id.id,
                "currency_id": self._nets_payout_currency().id,
                "amount": self._nets_payout_amount(),
                "paid_on": self.date,
                "statement_line_ids": [Command.set(self.ids)],
            }
        )
        return payout._open()

    def _nets_payout_currency(self):
        return self.foreign_currency_id or self.currency_id

    def _nets_payout_amount(self):
        """:return: what arrived, in the currency of `_nets_payout_currency`"""
        return self.amount_currency if self.foreign_currency_id else self.amount

    def _nets_match_payout(self, payout, amount=None):
        """Match this line with what a payout has left to arrive.

        :param payout: nets.payout, booked
        :param float amount: in the payout's currency, where the bank says another one: all that is left
        """
        self.ensure_one()
        _liquidity, suspense, _others = self._seek_for_lines()
        if len(suspense) != 1 or self.is_reconciled:
            raise refusal(self.env, "payout_bank_matched", line=self.display_name)
        values = {"account_id": payout.net_line_id.account_id.id, "name": payout.name}
        if amount is not None:
            # what it is worth in the books stays what the bank says
            values |= {"currency_id": payout.currency_id.id, "amount_currency": -amount, "balance": suspense.balance}
        line = self.with_context(force_delete=True, skip_readonly_check=True)
        line.write({"line_ids": [Command.update(suspense.id, values)], "checked": True})
        (suspense | payout.net_line_id).filtered(lambda item: not item.reconciled).reconcile()
