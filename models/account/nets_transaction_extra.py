"""What a terminal adds to what was asked: tips and surcharges, which pay no invoice (rule 27)."""

from odoo import Command, fields, models

from .references import account_name


class NetsTransaction(models.Model):
    """A tip is the staff's, or income; a surcharge is a fee with its tax: both are lines of the payment's own entry."""

    _inherit = "nets.transaction"

    # What is booked on their accounts; negative for a refund.
    booked_tip = fields.Monetary("Tip on its account", readonly=True, copy=False)
    booked_surcharge = fields.Monetary("Surcharge on its account", readonly=True, copy=False)

    def _extra_amounts(self):
        """What the terminal added to what was asked for.

        :return: (tip, surcharge) in major units. What it doesn't explain is a tip: it never becomes change (rule 14)
        """
        self.ensure_one()
        if self.kind != "purchase" or self.state != "approved":
            return 0, 0
        extra = self.currency_id.round(self.charged_amount - self.amount)
        if self.currency_id.compare_amounts(extra, 0) <= 0:
            return 0, 0
        surcharge = min(self.surcharge_amount, extra)
        return self.currency_id.round(extra - surcharge), surcharge

    def _refunded_extra_amounts(self):
        """What of the tip and the surcharge a refund gives back: what was asked for goes back first.

        :return: (tip, surcharge) in major units, zero or negative
        """
        self.ensure_one()
        tip, surcharge = self.refund_of_id._extra_left()
        beyond = abs(self.charged_amount) - self.refund_of_id._asked_left()
        tip = max(0, min(beyond, tip))
        surcharge = max(0, min(beyond - tip, surcharge))
        return -self.currency_id.round(tip), -self.currency_id.round(surcharge)

    def _extra_left(self):
        """:return: (tip, surcharge) booked on their accounts for this charge, less what was refunded"""
        taken = self | self.refund_ids
        return sum(taken.mapped("booked_tip")), sum(taken.mapped("booked_surcharge"))

    def _asked_left(self):
        """What was paid of what was asked for, less what went back of that."""
        booked = (self | self.refund_ids).filtered("booked_at")
        return sum(record.charged_amount - record.booked_tip - record.booked_surcharge for record in booked)

    def _has_discount(self):
        """Whether this payment's entry has more than money, the customer's account, and what the terminal added."""
        others = self.payment_id._seek_for_lines()[2]
        added = self.booked_tip + self.booked_surcharge
        return bool(others) and not self.currency_id.is_zero(sum(others.mapped("amount_currency")) + added)

    def _extra_lines(self):
        """What `booked_tip` and `booked_surcharge` are in the books.

        :return: list of values of account.move.line
        """
        lines = []
        for name, amount, label in (
            ("tip", self.booked_tip, self.env._("Tip on the card terminal")),
            ("surcharge", self.booked_surcharge, self.env._("Surcharge of the card terminal")),
        ):
            if not self.currency_id.is_zero(amount):
                lines += self._extra_account_lines(name, amount, label)
        return lines

    def _extra_account_lines(self, name, amount, label):
        """:param str name: `tip` or `surcharge`
        :param float amount: with taxes; negative where it goes back
        """
        account, taxes = self._extra_account(name)
        computed = taxes.with_context(force_price_include=True).compute_all(
            amount, self.currency_id, partner=self.partner_id, is_refund=amount < 0
        )
        base = {
            "name": label,
            "account_id": account.id,
            "tax_ids": [Command.set(taxes.ids)],
            "tax_tag_ids": [Command.set(computed["base_tags"])],
        }
        parts = [(computed["total_excluded"], base)]
        for tax in computed["taxes"]:
            values = {
                "name": tax["name"],
                "account_id": tax["account_id"] or account.id,
                "tax_repartition_line_id": tax["tax_repartition_line_id"],
                "tax_ids": [Command.set(tax["tax_ids"])],
                "tax_tag_ids": [Command.set(tax["tag_ids"])],
            }
            parts.append((tax["amount"], values))
        return [self._extra_line(part, values) for part, values in parts]

    def _extra_line(self, amount, values):
        balance = self.currency_id._convert(amount, self.company_id.currency_id, self.company_id, self.charge_date)
        return values | {
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "amount_currency": -amount,
            "balance": -balance,
        }

    def _extra_notes(self):
        """:return: list of notes, what a person should know about what the terminal added"""
        added = self.tip_amount + self.surcharge_amount
        booked = {name: self[f"booked_{name}"] for name in ("tip", "surcharge")}
        accounts = {
            self._extra_account(name)[0] for name, amount in booked.items() if not self.currency_id.is_zero(amount)
        }
        notes = []
        if self.kind == "purchase" and (added or accounts):
            notes.append({"key": "added_on_terminal", "extra": {"money": sum(booked.values()) or added}})
        if self._suspense_account() in accounts:
            notes.append({"key": "added_on_suspense", "account": account_name(self._suspense_account())})
        return notes

    def _extra_account(self, name):
        """Where a tip or a surcharge is booked.

        Where the company has no account for it (any more), it is charged all the same: it is booked on the journal's
        suspense account then, from where accountants take everything else that isn't assigned yet.

        :param str name: `tip` or `surcharge`
        :return: account.account, account.tax
        """
        account, taxes = self.company_id._nets_extra_account(name)
        if not account.active:
            return self._suspense_account(), taxes.browse()
        return account, self.invoice_ids[:1].fiscal_position_id.map_tax(taxes)

    def _suspense_account(self):
        company = self.company_id
        suspense = self.journal_id.suspense_account_id or company.account_journal_suspense_account_id
        return suspense or company.transfer_account_id or self.destination_account_id
