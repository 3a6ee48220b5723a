from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ...messages import refusal

# Neither money nor what customers owe: what is booked there would pay an invoice.
EXTRA_ACCOUNT_TYPES = ("liability_current", "income", "income_other", "expense", "expense_other", "expense_direct_cost")
EXTRA_ACCOUNT_DOMAIN = [("account_type", "in", EXTRA_ACCOUNT_TYPES)]
COST_KINDS = ("fee", "subscription", "adjustment", "chargeback")
COST_ACCOUNT_DOMAIN = [
    (
        "account_type",
        "in",
        ("expense", "expense_direct_cost", "expense_other", "income_other", "asset_current", "liability_current"),
    )
]
PURCHASE_TAX_DOMAIN = [("type_tax_use", "=", "purchase")]
SALE_TAX_DOMAIN = [("type_tax_use", "=", "sale")]


class ResCompany(models.Model):
    _inherit = "res.company"

    nets_confirm_and_pay = fields.Boolean(
        "Confirm and pay by card", default=True, help="Offer *Confirm and pay by card* on draft invoices."
    )
    nets_tip_account_id = fields.Many2one(
        "account.account",
        "Account for tips on card terminals",
        check_company=True,
        domain=EXTRA_ACCOUNT_DOMAIN,
        help="What a customer adds on the terminal: a liability where it is paid out to the staff, else income.",
    )
    nets_tip_tax_ids = fields.Many2many(
        "account.tax",
        "nets_tip_tax_rel",
        string="Taxes on tips",
        check_company=True,
        domain=SALE_TAX_DOMAIN,
        help="Included in the amount.",
    )
    nets_surcharge_account_id = fields.Many2one(
        "account.account",
        "Account for surcharges of card terminals",
        check_company=True,
        domain=EXTRA_ACCOUNT_DOMAIN,
        help="What the terminal adds for taking the card.",
    )
    nets_surcharge_tax_ids = fields.Many2many(
        "account.tax",
        "nets_surcharge_tax_rel",
        string="Taxes on surcharges",
        check_company=True,
        domain=SALE_TAX_DOMAIN,
        help="Included in the amount.",
    )

    nets_fee_account_id = fields.Many2one(
        "account.account",
        "Account for fees of NETS",
        check_company=True,
        domain=COST_ACCOUNT_DOMAIN,
        help="What NETS keeps of each charge.",
    )
    nets_fee_tax_ids = fields.Many2many(
        "account.tax",
        "nets_fee_tax_rel",
        string="Taxes on fees of NETS",
        check_company=True,
        domain=PURCHASE_TAX_DOMAIN,
        help="Included in the amount.",
    )
    nets_subscription_account_id = fields.Many2one(
        "account.account",
        "Account for subscriptions of NETS",
        check_company=True,
        domain=COST_ACCOUNT_DOMAIN,
        help="What a terminal costs each month.",
    )
    nets_subscription_tax_ids = fields.Many2many(
        "account.tax",
        "nets_subscription_tax_rel",
        string="Taxes on subscriptions of NETS",
        check_company=True,
        domain=PURCHASE_TAX_DOMAIN,
        help="Included in the amount.",
    )
    nets_adjustment_account_id = fields.Many2one(
        "account.account",
        "Account for adjustments of NETS",
        check_company=True,
        domain=COST_ACCOUNT_DOMAIN,
        help="Corrections, and what isn't explained.",
    )
    nets_adjustment_tax_ids = fields.Many2many(
        "account.tax",
        "nets_adjustment_tax_rel",
        string="Taxes on adjustments of NETS",
        check_company=True,
        domain=PURCHASE_TAX_DOMAIN,
        help="Included in the amount.",
    )
    nets_chargeback_account_id = fields.Many2one(
        "account.account",
        "Account for chargebacks",
        check_company=True,
        domain=COST_ACCOUNT_DOMAIN,
        help="The fees of chargebacks, and those that no payment of a customer is known for.",
    )
    nets_chargeback_tax_ids = fields.Many2many(
        "account.tax",
        "nets_chargeback_tax_rel",
        string="Taxes on chargebacks",
        check_company=True,
        domain=PURCHASE_TAX_DOMAIN,
        help="Included in the amount.",
    )
    nets_payout_days = fields.Integer(
        "Usual days until a payout",
        required=True,
        default=5,
        help="What NETS hasn't paid out for longer is shown as open for longer than usual.",
    )
    nets_always_offset = fields.Boolean(
        "Offset reversed payments",
        help="A payment that a terminal reverses on the same day is offset, too, instead of being cancelled.",
    )
    nets_refund_by = fields.Selection(
        [("everyone", "Everybody who may write the document"), ("right", "Only users with the right to card refunds")],
        "Who refunds on cards",
        required=True,
        default="everyone",
    )
    nets_refund_unlinked = fields.Selection(
        [
            ("everyone", "As other refunds"),
            ("right", "Only users with the right to card refunds"),
            ("nobody", "Nobody"),
        ],
        "Refunds to a card that wasn't charged here",
        required=True,
        default="right",
    )
    nets_refund_limit = fields.Monetary(
        "Refunds above this need a second person",
        currency_field="currency_id",
        help="To one customer, or for one card payment, within a day. Zero: no limit.",
    )

    _nets_payout_days_check = models.Constraint(
        "CHECK(nets_payout_days >= 0 AND nets_payout_days <= 365)",
        "The usual days until a payout lie between 0 and 365.",
    )

    @api.constrains("nets_tip_account_id", "nets_surcharge_account_id")
    def _check_nets_extra_accounts(self):
        for company in self.filtered(lambda record: record._nets_has_terminals() and not record.parent_id):
            if not (company.nets_tip_account_id and company.nets_surcharge_account_id):
                raise refusal(self.env, "extra_account_missing", error=ValidationError)
        accounts = self.nets_tip_account_id | self.nets_surcharge_account_id
        if wrong := accounts.filtered(lambda account: account.account_type not in EXTRA_ACCOUNT_TYPES)[:1]:
            raise refusal(
                self.env, "extra_account_type", error=ValidationError, account=wrong.with_company(self[:1]).display_name
            )

    def _nets_has_terminals(self):
        return bool(self.env["nets.terminal"].sudo().search_count([("company_id", "in", self.ids)], limit=1))

    def _nets_extra_account(self, name):
        """What a company, or else its parent, books tips or surcharges on.

        :param str name: `tip` or `surcharge`
        :return: account.account, perhaps empty; account.tax
        """
        self.ensure_one()
        for company in self.sudo().parent_ids[::-1]:
            if account := company[f"nets_{name}_account_id"]:
                return account, company[f"nets_{name}_tax_ids"]
        return self.env["account.account"].sudo(), self.env["account.tax"].sudo()

    def _nets_propose_extra_accounts(self):
        """Give companies that have a chart of accounts, and begin to take cards, accounts for what a terminal may add:
        it is too late to ask once a card is charged. They can be changed in the settings."""
        for company in self.sudo().root_id.filtered("chart_template"):
            values = {}
            if not company.nets_surcharge_account_id:
                values["nets_surcharge_account_id"] = company._nets_accounts("income")[:1].id
                values["nets_surcharge_tax_ids"] = company.account_sale_tax_id.ids
            if not company.nets_tip_account_id:
                values["nets_tip_account_id"] = company._nets_tip_account().id
            if values:
                company.write(values)

    def _nets_accounts(self, account_type):
        """:return: the company's accounts of a type, the one that sales use by default first"""
        domain = Domain("account_type", "=", account_type) & Domain("company_ids", "in", self.ids)
        accounts = self.env["account.account"].with_company(self).search(domain, order="code")
        return (self.income_account_id & accounts) | accounts

    def _nets_tip_account(self):
        """A liability of its own: charts have none, and what belongs to the staff is nothing else's."""
        return self._nets_new_liability(self.env._("Tips to pay out"))

    def _nets_new_liability(self, name, **values):
        """:return: account.account, a new current liability behind those that the company has"""
        liabilities = self._nets_accounts("liability_current")
        accounts = liabilities.browse().with_company(self).sudo()
        return accounts.create(
            {
                "name": name,
                "code": accounts._search_new_account_code(liabilities[-1:].code or "2000"),
                "account_type": "liability_current",
                "company_ids": self.ids,
                **values,
            }
        )

    def _nets_cost_account(self, kind):
        """What a company, or else its parent, books a deduction of a payout on.

        :param str kind: of nets.payout.line
        :return: account.account, perhaps empty; account.tax
        """
        name = {"chargeback_fee": "chargeback"}.get(kind, kind)
        if name in COST_KINDS:
            for company in self.sudo().parent_ids[::-1]:
                if account := company[f"nets_{name}_account_id"]:
                    return account, company[f"nets_{name}_tax_ids"]
        return self.env["account.account"].sudo(), self.env["account.tax"].sudo()

    def _nets_propose_cost_accounts(self):
        """Give a company that begins to take cards an account for what NETS deducts. It can be changed in the
        settings, each kind on its own."""
        for company in self.sudo().root_id:
            missing = [name for name in COST_KINDS if not company[f"nets_{name}_account_id"]]
            if missing:
                known = next(filter(None, (company[f"nets_{name}_account_id"] for name in COST_KINDS)), None)
                account = known or company._nets_make_cost_account()
                company.write({f"nets_{name}_account_id": account.id for name in missing})

    def _nets_make_cost_account(self):
        near = self._nets_accounts("expense")
        accounts = near.browse().with_company(self).sudo()
        return accounts.create(
            {
                "name": self.env._("Card terminal fees"),
                "code": accounts._search_new_account_code(near[-1:].with_company(self).code or "6000"),
                "account_type": "expense",
                "company_ids": self.ids,
            }
        )

    def _nets_called_users(self):
        users = super()._nets_called_users()
        if self.nets_responsible_ids:
            return users
        return users.filtered(lambda user: user.has_group("account.group_account_invoice"))
