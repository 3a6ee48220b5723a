from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    nets_books_are_set_up = fields.Boolean(related="nets_account_id.books_are_set_up")
    nets_confirm_and_pay = fields.Boolean(related="company_id.nets_confirm_and_pay", readonly=False)
    nets_always_offset = fields.Boolean(related="company_id.nets_always_offset", readonly=False)
    nets_refund_by = fields.Selection(related="company_id.nets_refund_by", readonly=False)
    nets_refund_unlinked = fields.Selection(related="company_id.nets_refund_unlinked", readonly=False)
    nets_refund_limit = fields.Monetary(
        related="company_id.nets_refund_limit", readonly=False, currency_field="nets_company_currency_id"
    )
    nets_company_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of the limit")
    nets_tip_account_id = fields.Many2one(related="company_id.nets_tip_account_id", readonly=False)
    nets_tip_tax_ids = fields.Many2many(related="company_id.nets_tip_tax_ids", readonly=False)
    nets_surcharge_account_id = fields.Many2one(related="company_id.nets_surcharge_account_id", readonly=False)
    nets_surcharge_tax_ids = fields.Many2many(related="company_id.nets_surcharge_tax_ids", readonly=False)
    nets_payout_days = fields.Integer(related="company_id.nets_payout_days", readonly=False)
    nets_fee_account_id = fields.Many2one(related="company_id.nets_fee_account_id", readonly=False)
    nets_fee_tax_ids = fields.Many2many(related="company_id.nets_fee_tax_ids", readonly=False)
    nets_subscription_account_id = fields.Many2one(related="company_id.nets_subscription_account_id", readonly=False)
    nets_subscription_tax_ids = fields.Many2many(related="company_id.nets_subscription_tax_ids", readonly=False)
    nets_adjustment_account_id = fields.Many2one(related="company_id.nets_adjustment_account_id", readonly=False)
    nets_adjustment_tax_ids = fields.Many2many(related="company_id.nets_adjustment_tax_ids", readonly=False)
    nets_chargeback_account_id = fields.Many2one(related="company_id.nets_chargeback_account_id", readonly=False)
    nets_chargeback_tax_ids = fields.Many2many(related="company_id.nets_chargeback_tax_ids", readonly=False)

    def set_values(self):
        result = super().set_values()
        # terminals may be there before a chart of accounts is
        if self.nets_terminal_ids:
            self.company_id._nets_propose_extra_accounts()
        return result

    def action_nets_set_up_books(self):
        """Make what the books, and all who take cards, need for the account's terminals."""
        self.ensure_one()
        return self.nets_account_id.action_set_up_books()
