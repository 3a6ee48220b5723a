from odoo import api, models
from odoo.fields import Domain

from .frozen import changed

# What a journal item says of money. Labels, analytic accounts and matching are the accountant's.
FROZEN = {
    "account_id",
    "amount_currency",
    "balance",
    "credit",
    "currency_id",
    "debit",
    "move_id",
    "partner_id",
    "tax_ids",
    "tax_line_id",
    "tax_repartition_line_id",
    "tax_tag_ids",
}


class AccountMoveLine(models.Model):
    """The items of a charged payment's entry are as untouchable as the payment."""

    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        moves = self.env["account.move"].browse({vals["move_id"] for vals in vals_list if vals.get("move_id")})
        moves._nets_check_frozen()
        return super().create(vals_list)

    def write(self, vals):
        if FROZEN & vals.keys():
            for move in self.move_id._nets_frozen():
                if any(changed(line, vals, FROZEN) for line in self & move.line_ids):
                    move._nets_check_frozen()
        if "move_id" in vals:
            self.env["account.move"].browse(vals["move_id"])._nets_check_frozen()
        return super().write(vals)

    def _nets_amount_under_way(self):
        """:return: positive, what terminals are charging of these, or have charged and isn't booked"""
        if not self:
            return 0
        transactions = self.env["nets.transaction"].sudo()
        of_these = Domain("line_ids", "in", self.ids) & Domain("kind", "=", "purchase")
        return transactions.search(of_these & transactions._open_domain())._amount_open()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        self.move_id._nets_check_frozen()
