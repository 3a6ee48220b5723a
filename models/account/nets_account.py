from odoo import Command, api, fields, models

from ...messages import refusal

CLEARING_DOMAIN = [
    ("reconcile", "=", True),
    ("account_type", "in", ("asset_current", "asset_cash", "liability_current")),
]


class NetsAccount(models.Model):
    """Where the money stands that NETS owes: one clearing account for each NETS account."""

    _inherit = "nets.account"

    clearing_account_id = fields.Many2one(
        "account.account",
        "Clearing account",
        check_company=True,
        tracking=True,
        domain=CLEARING_DOMAIN,
        help="What the terminals charged, and NETS hasn't paid out yet.",
    )
    clearing_journal_id = fields.Many2one(
        "account.journal",
        "Journal of the cards",
        check_company=True,
        tracking=True,
        domain="[('type', '=', 'bank')]",
    )
    books_are_set_up = fields.Boolean(compute="_compute_books_are_set_up")

    # === COMPUTE METHODS === #

    @api.depends("clearing_account_id", "clearing_journal_id", "terminal_ids.journal_id")
    def _compute_books_are_set_up(self):
        for account in self:
            account.books_are_set_up = account._books_are_set_up()

    def _books_are_set_up(self):
        """Whether all that this account's terminals charge comes to its clearing account."""
        self.ensure_one()
        lines = self.sudo().clearing_journal_id._nets_clearing_lines()
        return bool(
            self.clearing_account_id
            and lines.payment_account_id == self.clearing_account_id
            and self.terminal_ids.journal_id <= self.clearing_journal_id
            and all(self.terminal_ids.mapped("journal_id"))
        )

    # === CONSTRAINT METHODS === #

    @api.constrains("clearing_account_id")
    def _check_clearing_account(self):
        for account in self:
            clearing = account.sudo().clearing_account_id
            if clearing and not clearing.reconcile:
                raise refusal(self.env, "clearing_not_reconcilable", account=clearing.display_name)

    # === ACTION METHODS === #

    def action_set_up_books(self):
        """Make, once, what the books need for this account's terminals: a clearing account, a journal *Cards* that
        books on it, and the terminals in that journal. What is there already stays.

        :return: a notification action
        :raise UserError: in a company without a chart of accounts
        """
        self.ensure_one()
        self.check_access("write")
        notes = self.sudo()._set_up_books()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if notes else "success",
                "title": self.env._("The books are ready"),
                "message": " ".join(
                    [
                        self.env._(
                            "What the terminals charge stands on %(account)s until NETS pays it out.",
                            account=self.sudo().clearing_account_id.display_name,
                        ),
                        *notes,
                    ]
                ),
                "sticky": bool(notes),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # === BUSINESS METHODS === #

    def _set_up_books(self):
        """:return: list of texts, what a person still has to do"""
        company = self.company_id
        if not company.root_id.chart_template and not company._nets_accounts("asset_current"):
            raise refusal(self.env, "no_chart_of_accounts", company=company.display_name)
        self = self.with_company(company)  # noqa: PLW0642
        if not self.clearing_account_id:
            self.clearing_account_id = self._make_clearing_account()
        if not self.clearing_journal_id:
            self.clearing_journal_id = self._make_clearing_journal()
        self.clearing_journal_id._nets_add_payment_method_lines()
        self.clearing_journal_id._nets_clearing_lines().payment_account_id = self.clearing_account_id
        self.with_context(active_test=False).terminal_ids.journal_id = self.clearing_journal_id
        company._nets_propose_cost_accounts()
        return []

    def _make_clearing_account(self):
        company = self.company_id.root_id
        near = company.transfer_account_id or company._nets_accounts("asset_current")[:1]
        accounts = self.env["account.account"].with_company(company)
        name = self.env._("NETS clearing")
        if self.with_context(active_test=False).search_count([("clearing_account_id", "!=", False)], limit=1):
            name = self.env._("NETS clearing %(account)s", account=self.name)
        return accounts.create(
            {
                "name": name,
                "code": accounts._search_new_account_code(near.with_company(company).code or "1500"),
                "account_type": "asset_current",
                "reconcile": True,
                "company_ids": [Command.set(company.ids)],
            }
        )

    def _make_clearing_journal(self):
        journals = self.env["account.journal"]
        codes = set(
            journals.with_context(active_test=False)
            .search([("company_id", "child_of", self.company_id.root_id.id)])
            .mapped("code")
        )
        code = next(code for number in range(1, 999) if (code := f"CRD{number}") not in codes)
        methods = {
            direction: self.env.ref(f"nets_connect_cloud.account_payment_method_nets_{direction}")
            for direction in ("in", "out")
        }
        return journals.create(
            {
                "name": self.env._("Cards"),
                "type": "bank",
                "code": code,
                "company_id": self.company_id.id,
                # nothing but cards comes here: neither "Manual Payment" nor checks
                "inbound_payment_method_line_ids": [Command.create({"payment_method_id": methods["in"].id})],
                "outbound_payment_method_line_ids": [Command.create({"payment_method_id": methods["out"].id})],
            }
        )
