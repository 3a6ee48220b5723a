from odoo import Command, api, fields, models

from ...connect_cloud import Entry
from ...messages import refusal
from .nets_payout import KINDS, OF_CARDS, WITH_TRANSACTIONS
from .references import charge_reference


class NetsPayoutLine(models.Model):
    """A part of a payout. What reduces the payout is negative."""

    _name = "nets.payout.line"
    _inherit = ["nets.server.fields"]
    _description = "Line of a payout"
    _order = "payout_id, id"

    payout_id = fields.Many2one("nets.payout", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="payout_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="payout_id.currency_id")
    state = fields.Selection(related="payout_id.state")
    date_paid_out = fields.Date(related="payout_id.paid_on", string="Paid out on")
    kind = fields.Selection(KINDS, required=True, default="charge")
    amount = fields.Monetary(required=True)
    line_label = fields.Char("Text")
    terminal_identifier = fields.Char("Terminal ID")
    session_number = fields.Char("Session")
    stan = fields.Char("STAN")
    authorisation_code = fields.Char("Authorisation")
    charged_on = fields.Date("Date")
    file_row = fields.Integer("Row of the file")
    transaction_ids = fields.Many2many(
        "nets.transaction",
        string="Card transactions",
        domain="[('state', '=', 'approved'), ('kind', '!=', 'administration'), ('payout_id', '=', False)]",
    )
    certainty = fields.Selection(
        [("exact", "Certain"), ("proposed", "Proposed"), ("accepted", "Accepted")], "Matched", readonly=True
    )
    reason = fields.Char(readonly=True)
    reason_text = fields.Char("Why", compute="_compute_reason_text")
    is_unknown = fields.Boolean("Not known here", compute="_compute_is_unknown", store=True)
    account_id = fields.Many2one(
        "account.account",
        compute="_compute_account",
        store=True,
        readonly=False,
        domain="[('account_type', 'in', ('expense', 'expense_direct_cost', 'expense_other', 'income_other', "
        "'asset_current', 'liability_current'))]",
        ondelete="restrict",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        compute="_compute_account",
        store=True,
        readonly=False,
        domain=[("type_tax_use", "=", "purchase")],
    )
    move_line_ids = fields.Many2many("account.move.line", string="Booked as", readonly=True, copy=False)
    # The invoice lines that a chargeback made due again.
    reopened_ids = fields.Many2many(
        "account.move.line", "nets_payout_line_reopened_rel", readonly=True, copy=False, groups=fields.NO_ACCESS
    )

    # === COMPUTE METHODS === #

    @api.depends("kind", "line_label", "terminal_identifier", "session_number", "stan", "amount")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for line in self:
            reference = line.terminal_identifier and charge_reference(
                line.terminal_identifier, line.session_number, line.stan
            )
            parts = [kinds.get(line.kind), reference or line.line_label, line.currency_id.format(line.amount)]
            line.display_name = " ".join(filter(None, parts))

    @api.depends("kind", "transaction_ids")
    def _compute_is_unknown(self):
        for line in self:
            line.is_unknown = line.kind in WITH_TRANSACTIONS and not line.transaction_ids

    @api.depends("kind", "payout_id.company_id")
    def _compute_account(self):
        for line in self:
            line.account_id, line.tax_ids = line.payout_id.company_id._nets_cost_account(line.kind)

    @api.depends("reason", "is_unknown", "certainty")
    @api.depends_context("lang")
    def _compute_reason_text(self):
        texts = self._reason_texts()
        for line in self:
            line.reason_text = texts.get(line.reason, "")
            if line.is_unknown:
                line.reason_text = self.env._("Nothing here is like it")
            elif line.transaction_ids and not line.reason:
                line.reason_text = self.env._("Chosen by hand")

    def _reason_texts(self):
        return {
            "stan": self.env._("Same terminal, STAN and amount"),
            "authorisation": self.env._("Same terminal, authorisation and amount"),
            "stan_day": self.env._("Same terminal, STAN, day and amount"),
            "authorisation_alone": self.env._("Same authorisation and amount, on another terminal"),
            "stan_alone": self.env._("Same terminal, STAN and amount, in another session or on another day"),
            "session_amount": self.env._("Same terminal, session and amount"),
            "day_amount": self.env._("Same terminal, day and amount"),
            "amount_day": self.env._("Same day and amount"),
            "session": self.env._("All of this terminal's session"),
            "days": self.env._("All that was charged on these days"),
        }

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.payout_id._check_open()
        return lines

    def write(self, vals):
        if not self.env.su:
            self.payout_id._check_open()
        result = super().write(vals)
        if not self.env.su:
            if "payout_id" in vals:
                self.payout_id._check_open()
            if "transaction_ids" in vals:
                # what a person chose is no proposal any more
                self.sudo().write({"certainty": "accepted" if vals["transaction_ids"] else False, "reason": False})
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_booked(self):
        self.payout_id._check_open()

    def action_accept(self):
        """What is proposed for this line is right."""
        for line in self:
            line.payout_id._check_may_book()
            line.payout_id._check_open()
        self.filtered(lambda line: line.certainty == "proposed").sudo().certainty = "accepted"

    # === BUSINESS METHODS === #

    def _as_entry(self):
        return Entry(
            "charge" if self.kind == "other" and self.stan else self.kind,
            self.payout_id._minor(self.amount),
            self.terminal_identifier or "",
            self.session_number or "",
            self.stan or "",
            self.authorisation_code or "",
            self.charged_on or None,
        )

    def _complete_from_transactions(self):
        """Name what it is of as it is named here."""
        terminals = set(self.transaction_ids.mapped("terminal_identifier"))
        sessions = set(self.transaction_ids.mapped("session_number"))
        if len(terminals) == 1:
            self.terminal_identifier = terminals.pop()
            if len(sessions) == 1:
                self.session_number = sessions.pop()

    def _booking_lines(self):
        """What this is in the books.

        :return: list of (values of account.move.line, the item of ours that it is matched with, perhaps empty)
        """
        none = self.env["account.move.line"]
        if self.kind in OF_CARDS:
            if not self.transaction_ids:
                # known to NETS, and not here: it stands open until it is
                return [(self._item_values(self.payout_id.account_id, -self.amount), none)]
            parts = []
            amounts = {}
            for one in self.transaction_ids:
                item = one._money_items()[:1]
                amounts[item] = amounts.get(item, 0) + one.charged_amount
            for item, amount in amounts.items():
                parts.append((self._matched_values(item, amount), item))
            return parts
        if self.kind == "chargeback" and (payment := self._disputed_payment()):
            values = self._item_values(payment.destination_account_id, -self.amount)
            return [(values | {"partner_id": payment.partner_id.id}, none)]
        return [(values, none) for values in self._cost_values()]

    def _item_values(self, account, amount):
        amount = self.currency_id.round(amount)
        return {
            "name": self.display_name,
            "account_id": account.id,
            "currency_id": self.currency_id.id,
            "amount_currency": amount,
            "balance": self.payout_id._rated(amount),
        }

    def _matched_values(self, item, amount):
        """What takes an item of ours off its account: worth what that is worth, whatever the rate is by now."""
        values = self._item_values(item.account_id or self.payout_id.account_id, -amount)
        if item and item.currency_id == self.currency_id and item.amount_currency:
            share = amount / item.amount_currency
            values["balance"] = -item.company_currency_id.round(item.balance * share)
        return values

    def _cost_values(self):
        """Fees and the like, on their accounts with their taxes, which are included."""
        account, taxes = self.account_id, self.tax_ids
        if not account:
            kinds = dict(self._fields["kind"]._description_selection(self.env))
            raise refusal(self.env, "payout_account_missing", cost=kinds[self.kind])
        cost = -self.amount
        computed = taxes.with_context(force_price_include=True).compute_all(cost, self.currency_id, is_refund=cost < 0)
        parts = [
            self._item_values(account, computed["total_excluded"])
            | {"tax_ids": [Command.set(taxes.ids)], "tax_tag_ids": [Command.set(computed["base_tags"])]}
        ]
        for tax in computed["taxes"]:
            parts.append(
                self._item_values(account, tax["amount"])
                | {
                    "name": tax["name"],
                    "account_id": tax["account_id"] or account.id,
                    "tax_repartition_line_id": tax["tax_repartition_line_id"],
                    "tax_ids": [Command.set(tax["tax_ids"])],
                    "tax_tag_ids": [Command.set(tax["tag_ids"])],
                }
            )
        return parts

    # === CHARGEBACKS === #

    def _disputed_payment(self):
        """:return: account.payment that a chargeback takes back, perhaps none"""
        payment = self.transaction_ids[:1].payment_id
        is_its = len(self.transaction_ids) == 1 and payment.move_id.state == "posted"
        return payment if is_its and self.amount < 0 else payment.browse()

    def _reopen(self):
        """The customer owes again what was taken back."""
        if not (payment := self._disputed_payment()):
            return
        invoice_lines = payment._nets_invoice_partials().debit_move_id
        due_again = payment._nets_give_back(self.move_line_ids)
        self.reopened_ids = invoice_lines.filtered(lambda line: str(line.move_id.id) in due_again)
        for invoice in self.reopened_ids.move_id:
            invoice.message_post(
                body=self.env._(
                    "NETS took %(amount)s back: the customer disputes the card payment. It is due again.",
                    amount=self.currency_id.format(abs(self.amount)),
                )
            )

    def _close_again(self):
        """The payment pays again what it paid before."""
        if not (payment := self._disputed_payment()):
            return
        self.move_line_ids.remove_move_reconcile()
        items = payment._nets_counterpart_lines() | self.reopened_ids
        items.filtered(lambda item: not item.reconciled).reconcile()
        self.reopened_ids = [Command.clear()]


class NetsPayoutColumn(models.Model):
    """What a column of a settlement file means: proposed, corrected once, and kept for each clearing account."""

    _name = "nets.payout.column"
    _description = "Column of settlement files"

    account_id = fields.Many2one("account.account", required=True, ondelete="cascade", index=True)
    column_key = fields.Char(required=True)
    meaning = fields.Char()

    _key_unique = models.UniqueIndex("(account_id, column_key)")
