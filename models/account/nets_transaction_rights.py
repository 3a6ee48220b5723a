"""Who may give money back to a card, how much of it, and on whose word."""

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...const import NOT_CHARGED_STATES
from ...messages import refusal
from .nets_refund_approval import VALID_HOURS


class NetsTransaction(models.Model):
    """Who may give money back, how much of it, and on whose word: what a company sets."""

    _inherit = "nets.transaction"

    above_limit = fields.Boolean("Above the limit", readonly=True, copy=False)
    approval_id = fields.Many2one("nets.refund.approval", readonly=True, copy=False, ondelete="restrict")
    approved_by_id = fields.Many2one(related="approval_id.user_id", string="Second person")

    # One approval, one refund.
    _approval_unique = models.UniqueIndex(
        "(approval_id) WHERE approval_id IS NOT NULL AND state NOT IN ('failed', 'aborted')"
    )
    _looked_after_index = models.Index("(id DESC) WHERE kind = 'refund'")

    def action_approve_refund(self):
        """Open the approval of a refund of this card payment, for the second person."""
        self.ensure_one()
        self.check_access("read")
        left = self.sudo().amount_refundable
        return self._approval_action(
            company_id=self.company_id.id, currency_id=self.currency_id.id, refund_of_id=self.id, amount=left
        )

    @api.model
    def _approval_action(self, **defaults):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Approve a card refund"),
            "res_model": "nets.refund.approval",
            "views": [(False, "form")],
            "target": "new",
            "context": {f"default_{name}": value for name, value in defaults.items()},
        }

    def _in_force(self):
        """:return: those of these that give, or gave, money back"""
        return self.filtered(lambda transaction: transaction.state not in NOT_CHARGED_STATES)

    @api.model
    def _check_refund_rights(self, press):
        """Refuse a refund that the company doesn't allow this person.

        :param Press press: of a refund, with what it is for
        :return: dict of values of nets.transaction that say on whose word it is made
        :raise AccessError, UserError: with what to do
        """
        company = press.company.sudo()
        has_right = self.env.user.has_group("nets_connect_cloud.group_refund")
        if company.nets_refund_by == "right" and not has_right:
            raise refusal(self.env, "rights_refund_of_company", error=AccessError)
        if not press.refund_of:
            if company.nets_refund_unlinked == "nobody":
                raise refusal(self.env, "refund_unlinked")
            if company.nets_refund_unlinked == "right" and not has_right:
                raise refusal(self.env, "rights_refund_unlinked", error=AccessError)
        limit = company.nets_refund_limit
        amount = self._refunded_lately(press)
        if not limit or company.currency_id.compare_amounts(amount, limit) <= 0:
            return {}
        approval = self.env["nets.refund.approval"]._for_press(press)
        if not approval:
            raise refusal(
                self.env,
                "second_person",
                limit=company.currency_id.format(limit),
                amount=company.currency_id.format(amount),
            )
        return {"above_limit": True, "approval_id": approval.id}

    @api.model
    def _refunded_lately(self, press):
        """What this customer, or of this payment, gets back with this refund and those of the last day: several small
        ones are a large one.

        :return: in the company's currency
        """
        company = press.company
        lately = fields.Domain("create_date", ">=", fields.Datetime.subtract(fields.Datetime.now(), hours=VALID_HOURS))
        same = fields.Domain("refund_of_id", "in", press.refund_of.ids)
        if press.partner:
            same |= fields.Domain("partner_id", "child_of", press.partner.commercial_partner_id.id)
        others = self.sudo().search(
            lately & same & fields.Domain("kind", "=", "refund") & fields.Domain("company_id", "=", company.id)
        )
        amounts = [(abs(other._amount_now()), other.currency_id) for other in others._in_force()]
        today = fields.Date.context_today(self)
        return sum(
            currency._convert(amount, company.currency_id, company, today)
            for amount, currency in [*amounts, (abs(press.amount), press.currency)]
        )
