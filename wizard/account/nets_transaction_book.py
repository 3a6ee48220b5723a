from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...messages import refusal


class NetsTransactionBook(models.TransientModel):
    """A card was charged, and accounting refuses what was asked for: a manager says how it is booked instead."""

    _name = "nets.transaction.book"
    _description = "Book a card transaction by hand"

    transaction_id = fields.Many2one("nets.transaction", required=True, readonly=True)
    company_id = fields.Many2one(related="transaction_id.company_id")
    booking_error = fields.Char(related="transaction_id.booking_error")
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        compute="_compute_from_transaction",
        store=True,
        readonly=False,
        domain="[('type', '=', 'bank'), ('company_id', 'parent_of', company_id)]",
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", compute="_compute_from_transaction", store=True, readonly=False
    )
    account_id = fields.Many2one(
        "account.account",
        "Customer's account",
        required=True,
        compute="_compute_account_id",
        store=True,
        readonly=False,
        domain="[('account_type', '=', 'asset_receivable'), ('company_ids', 'parent_of', company_id)]",
    )

    @api.depends("transaction_id")
    def _compute_from_transaction(self):
        for wizard in self:
            wizard.journal_id = wizard.transaction_id.journal_id
            wizard.partner_id = wizard.transaction_id.partner_id

    @api.depends("partner_id")
    def _compute_account_id(self):
        for wizard in self:
            asked = wizard.transaction_id
            partner = wizard.partner_id.with_company(wizard.company_id)
            same = partner == asked.partner_id
            wizard.account_id = (same and asked.destination_account_id) or partner.property_account_receivable_id

    def action_book(self):
        """Book it so.

        :raise UserError: where accounting refuses that, too, with the cause; nothing is changed then
        """
        self.ensure_one()
        if not self.env.user.has_group("nets_connect_cloud.group_manager"):
            raise refusal(self.env, "rights_book", error=AccessError)
        self.transaction_id.check_access("read")
        transaction = self.transaction_id.sudo()
        transaction._lock()
        if not transaction.to_book:
            raise refusal(self.env, "booked_already")
        transaction._book_by_hand(self.journal_id.sudo(), self.partner_id.sudo(), self.account_id.sudo())
        if not transaction._book():
            raise UserError(transaction._message().as_text())
        return {"type": "ir.actions.act_window_close"}
