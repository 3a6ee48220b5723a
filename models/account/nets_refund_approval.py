from odoo import api, fields, models

# An approval is meant for the customer who is waiting: it doesn't lie around.
VALID_HOURS = 24


class NetsRefundApproval(models.Model):
    """A second person allows a refund above the company's limit: of one card payment, or to one customer."""

    _name = "nets.refund.approval"
    _description = "Approval of a card refund"
    _order = "id desc"
    _check_company_auto = True

    user_id = fields.Many2one("res.users", "Approved by", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)
    amount = fields.Monetary("Up to", required=True)
    partner_id = fields.Many2one("res.partner", "Customer", ondelete="restrict")
    refund_of_id = fields.Many2one("nets.transaction", "Card payment", ondelete="restrict", check_company=True)
    transaction_ids = fields.One2many("nets.transaction", "approval_id", "Used for", readonly=True)

    _check_amount = models.Constraint("CHECK(amount > 0)", "Enter how much may be refunded.")
    _check_what = models.Constraint(
        "CHECK(partner_id IS NOT NULL OR refund_of_id IS NOT NULL)", "Say to which customer, or for which card payment."
    )

    @api.model_create_multi
    def create(self, vals_list):
        # nobody approves in another person's name
        return super().create([{**vals, "user_id": self.env.uid} for vals in vals_list])

    @api.model
    def _for_press(self, press):
        """The approval that a refund above the limit may use.

        :param Press press: of a refund, with what it is for
        :return: nets.refund.approval, with all rights; perhaps empty
        """
        partner = press.partner.commercial_partner_id if press.partner else self.env["res.partner"]
        of_these = fields.Domain("refund_of_id", "in", press.refund_of.ids)
        if partner:
            to_customer = fields.Domain("partner_id", "child_of", partner.id)
            of_these |= fields.Domain("refund_of_id", "=", False) & to_customer
        since = fields.Datetime.subtract(fields.Datetime.now(), hours=VALID_HOURS)
        approvals = self.sudo().search(
            of_these
            & fields.Domain("company_id", "=", press.company.id)
            & fields.Domain("currency_id", "=", press.currency.id)
            & fields.Domain("user_id", "!=", self.env.uid)
            & fields.Domain("create_date", ">=", since)
        )
        return approvals.filtered(
            lambda approval: (
                not approval.transaction_ids._in_force()
                and press.currency.compare_amounts(approval.amount, abs(press.amount)) >= 0
            )
        )[:1]
