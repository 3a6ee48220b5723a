"""What NETS pays out: of which charges it is made, what was deducted, and the line of the bank it arrives with."""

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ...connect_cloud import Candidate, from_minor_units, match, propose_spans, to_minor_units
from ...const import PLAY_MONEY
from ...messages import refusal
from .references import play_money_mark

# So far back a charge is looked for, in days, and so many are looked at.
LOOKED_BACK = 400
MOST_CANDIDATES = 50_000
KINDS = [
    ("charge", "Charge or refund"),
    ("batch", "Terminal session"),
    ("other", "Turnover without details"),
    ("chargeback", "Chargeback"),
    ("fee", "Fee"),
    ("chargeback_fee", "Fee of a chargeback"),
    ("subscription", "Subscription"),
    ("adjustment", "Adjustment"),
]
# What has transactions of ours; everything else has an account.
OF_CARDS = ("charge", "batch", "other")
WITH_TRANSACTIONS = (*OF_CARDS, "chargeback")


class NetsPayout(models.Model):
    """One payout is booked in one entry: what was charged leaves the clearing account, what was deducted goes to its
    accounts, and the net stands on the clearing account until the bank's line comes, in one part or in several.
    """

    _name = "nets.payout"
    _inherit = ["mail.thread", "nets.server.fields"]
    _description = "Payout of NETS"
    _check_company_auto = True
    _order = "paid_on desc, id desc"
    _rec_names_search = ["reference"]

    name = fields.Char(compute="_compute_name")
    reference = fields.Char("Settlement number")
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    account_id = fields.Many2one(
        "account.account",
        "Clearing account",
        required=True,
        check_company=True,
        ondelete="restrict",
        default=lambda self: self.env["account.account"]._nets_clearing_accounts(self.env.company)[:1],
        domain="[('nets_is_clearing', '=', True)]",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id, ondelete="restrict"
    )
    paid_on = fields.Date("Paid out on", required=True, default=fields.Date.context_today, tracking=True)
    amount = fields.Monetary("Paid out", required=True, tracking=True, help="What arrives at the bank.")
    line_ids = fields.One2many("nets.payout.line", "payout_id", "Made of")
    charged_amount = fields.Monetary("Charged", compute="_compute_amounts")
    deducted_amount = fields.Monetary("Deducted", compute="_compute_amounts")
    difference = fields.Monetary(
        compute="_compute_amounts", help="What it is made of, less what is paid out: has to be zero."
    )
    proposed_count = fields.Integer(compute="_compute_amounts")
    unknown_count = fields.Integer("Not known here", compute="_compute_amounts")
    statement_line_ids = fields.Many2many(
        "account.bank.statement.line",
        string="Lines of the bank",
        domain="[('is_reconciled', '=', False), ('company_id', '=', company_id)]",
        help="One, or several where the money comes in parts.",
    )
    state = fields.Selection(
        [("draft", "Open"), ("booked", "Booked"), ("done", "At the bank")],
        compute="_compute_state",
        store=True,
        tracking=True,
    )
    move_id = fields.Many2one("account.move", "Entry", readonly=True, copy=False, ondelete="restrict", index=True)
    net_line_id = fields.Many2one("account.move.line", readonly=True, copy=False, ondelete="restrict")
    is_play_money = fields.Boolean("Play money", compute="_compute_is_play_money", store=True)
    fingerprint = fields.Char(readonly=True, copy=False)
    proposal = fields.Integer(readonly=True, copy=False)

    _fingerprint_unique = models.UniqueIndex("(account_id, fingerprint) WHERE fingerprint IS NOT NULL")

    # === COMPUTE METHODS === #

    @api.depends("account_id")
    def _compute_is_play_money(self):
        """What it is when it is made: where a NETS account goes live, what it was tried with stays play money."""
        accounts = self.env["nets.account"].sudo().with_context(active_test=False)
        for payout in self:
            owners = payout.sudo().line_ids.transaction_ids or accounts.search(
                [("clearing_account_id", "in", payout.account_id.ids)]
            )
            payout.is_play_money = bool(owners) and all(owner.environment in PLAY_MONEY for owner in owners)

    @api.depends("reference", "paid_on", "is_play_money")
    @api.depends_context("lang")
    def _compute_name(self):
        for payout in self:
            parts = [self.env._("Payout"), payout.reference, fields.Date.to_string(payout.paid_on)]
            name = " ".join(filter(None, parts))
            payout.name = play_money_mark(self.env, name) if payout.is_play_money else name

    @api.depends("amount", "line_ids.amount", "line_ids.kind", "line_ids.certainty", "line_ids.transaction_ids")
    def _compute_amounts(self):
        for payout in self:
            of_cards = payout.line_ids.filtered(lambda line: line.kind in OF_CARDS)
            total = sum(payout.line_ids.mapped("amount"))
            payout.charged_amount = sum(of_cards.mapped("amount"))
            payout.deducted_amount = total - payout.charged_amount
            payout.difference = payout.currency_id.round(total - payout.amount) if payout.currency_id else 0
            payout.proposed_count = len(payout.line_ids.filtered(lambda line: line.certainty == "proposed"))
            payout.unknown_count = len(payout.line_ids.filtered("is_unknown"))

    @api.depends("move_id.state", "net_line_id.reconciled")
    def _compute_state(self):
        for payout in self:
            if payout.move_id.state != "posted":
                payout.state = "draft"
            elif payout.net_line_id.reconciled or not payout.net_line_id:
                payout.state = "done"
            else:
                payout.state = "booked"

    # === CRUD METHODS === #

    def write(self, vals):
        if vals.keys() & {"account_id", "amount", "company_id", "currency_id", "paid_on", "line_ids", "reference"}:
            self._check_open()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_booked(self):
        self._check_open()

    def _check_open(self):
        if booked := self.filtered("move_id")[:1]:
            raise refusal(self.env, "payout_booked", payout=booked.name)

    # === RIGHTS === #

    def _check_may_book(self):
        """:raise AccessError: for who isn't an accountant who manages card payments, or not in this company"""
        self.check_access("write")
        is_accountant = self.env.user.has_groups("account.group_account_invoice")
        if not (self.env.user.has_group("nets_connect_cloud.group_manager") and is_accountant):
            raise refusal(self.env, "rights_payout", error=AccessError)
        if self.company_id not in self.env.companies:
            raise refusal(self.env, "rights_payout", error=AccessError)

    # === MATCH === #

    def _candidates(self):
        """What may be in this payout: what the terminals of its NETS account charged in its currency, and no other
        payout has. With all rights."""
        self.ensure_one()
        domain = self._charges_domain() & Domain("payout_id", "=", False)
        return self.env["nets.transaction"].sudo().search(domain, order="id", limit=MOST_CANDIDATES)

    def _charges_domain(self):
        transactions = self.env["nets.transaction"]
        return (
            transactions._paid_out_domain()
            & Domain("company_id", "child_of", self.company_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
            & Domain("environment", "in" if self.is_play_money else "not in", PLAY_MONEY)
            & Domain("terminal_id.account_id.clearing_account_id", "=", self.account_id.id)
            & Domain("charge_date", "<=", self.paid_on)
            & Domain("charge_date", ">", fields.Date.subtract(self.paid_on, days=LOOKED_BACK))
        )

    def _paid_before(self):
        domain = self._charges_domain() & Domain("payout_id", "!=", False) & Domain("kind", "=", "purchase")
        return self.env["nets.transaction"].sudo().search(domain, order="id desc", limit=MOST_CANDIDATES)

    def _minor(self, amount):
        return to_minor_units(self.currency_id.round(amount), self.currency_id.name)

    def _as_candidates(self, transactions):
        return [
            Candidate(
                one.id,
                one.terminal_identifier or "",
                one.session_number or "",
                one.stan or "",
                one.authorisation_code or "",
                self._minor(one.charged_amount),
                one.charge_date,
            )
            for one in transactions
        ]

    def _match(self):
        """Find the transactions of the lines that have none: what is certain, and what is probable."""
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.kind in WITH_TRANSACTIONS and not line.transaction_ids)
        if not lines:
            return
        taken = self.line_ids.transaction_ids.ids
        candidates = self._as_candidates(self._candidates().filtered(lambda one: one.id not in taken))
        is_disputed = any(line.kind == "chargeback" for line in lines)
        paid = self._as_candidates(self._paid_before() if is_disputed else self.env["nets.transaction"])
        found = match([line._as_entry() for line in lines], candidates, paid)
        for index, one in found.items():
            lines[index].sudo().write(
                {
                    "transaction_ids": [Command.set(one.keys)],
                    "certainty": "exact" if one.is_exact else "proposed",
                    "reason": one.reason,
                }
            )

    def _propose_days(self):
        """Where only amount and day are known: of which days it may be. Pressed again, the next possibility."""
        self.ensure_one()
        candidates = {one.id: one for one in self._candidates()}
        spans = propose_spans(self._minor(self.amount), self.paid_on, self._as_candidates(candidates.values()))
        if not spans:
            raise refusal(self.env, "payout_no_days")
        span = spans[self.proposal % len(spans)]
        groups = {}
        for key in span.keys:
            one = candidates[key]
            groups.setdefault((one.terminal_identifier, one.session_number), []).append(one)
        said = self.env._(
            "all that was charged from %(first)s to %(last)s",
            first=format_date(self.env, span.first),
            last=format_date(self.env, span.last),
        )
        lines = [
            {
                "kind": "batch",
                "amount": sum(one.charged_amount for one in group),
                "terminal_identifier": terminal,
                "session_number": session,
                "transaction_ids": [Command.set([one.id for one in group])],
                "certainty": "exact" if not span.fee else "proposed",
                "reason": "days",
                "line_label": said,
            }
            for (terminal, session), group in groups.items()
        ]
        if span.fee:
            fee = float(from_minor_units(span.fee, self.currency_id.name))
            label = self.env._("The rest: %(percent).2f %% of what was charged", percent=100 * span.fee / span.amount)
            lines.append(
                {"kind": "fee", "amount": -fee, "line_label": label, "certainty": "proposed", "reason": "days"}
            )
        self.sudo().write({"line_ids": [Command.clear(), *map(Command.create, lines)], "proposal": self.proposal + 1})

    def _propose_statement_lines(self):
        """Find the bank's line: its amount, or two that are it together, on the days around the payout."""
        for payout in self.filtered(lambda payout: not payout.statement_line_ids):
            lines = (
                self.env["account.bank.statement.line"]
                .sudo()
                .search(
                    [
                        ("company_id", "=", payout.company_id.id),
                        ("is_reconciled", "=", False),
                        ("date", ">=", fields.Date.subtract(payout.paid_on, days=3)),
                        ("date", "<=", fields.Date.add(payout.paid_on, days=10)),
                    ],
                    limit=200,
                )
            )
            lines = lines.filtered(lambda line, payout=payout: line._nets_payout_currency() == payout.currency_id)
            amounts = {line: payout._minor(line._nets_payout_amount()) for line in lines}
            wanted = payout._minor(payout.amount)
            whole = [line for line in lines if amounts[line] == wanted]
            pairs = [
                one | other
                for one in lines
                for other in lines
                if one.id < other.id and amounts[one] * amounts[other] > 0 and amounts[one] + amounts[other] == wanted
            ]
            found = whole or pairs
            if len(found) == 1:
                payout.sudo().statement_line_ids = found[0]

    # === ACTIONS === #

    def action_match(self):
        """Look for the transactions and the bank's lines once more, also of what wasn't known when it was booked."""
        for payout in self:
            payout._check_may_book()
            if payout.move_id:
                payout._match_later()
                continue
            if payout.line_ids:
                payout._match()
            payout._propose_statement_lines()

    def action_propose_days(self):
        """Make the lines from nothing but amount and day."""
        self.ensure_one()
        self._check_may_book()
        self._check_open()
        if self.line_ids.filtered(lambda line: line.reason != "days"):
            raise refusal(self.env, "payout_has_lines")
        self._propose_days()
        self._propose_statement_lines()

    def action_accept(self):
        """All that is proposed is right."""
        for payout in self:
            payout._check_may_book()
            payout._check_open()
            payout.line_ids.filtered(lambda line: line.certainty == "proposed").sudo().certainty = "accepted"

    def action_add_difference(self):
        """What is missing becomes a line: NETS paid out something that isn't in the file."""
        self.ensure_one()
        self._check_may_book()
        self._check_open()
        if not self.currency_id.is_zero(self.difference):
            line = {"kind": "adjustment", "amount": -self.difference, "line_label": self.env._("Difference")}
            self.line_ids = [Command.create(line)]

    def action_reconcile(self):
        """Book it in one entry, and match the bank's line where that has come.

        :raise UserError: where something is open, with what to do
        """
        self.ensure_one()
        self._check_may_book()
        payout = self.sudo().with_company(self.company_id)
        payout._lock()
        if payout.state == "done":
            raise refusal(self.env, "payout_done")
        if not payout.move_id:
            payout._check_complete()
            payout._book()
        payout._match_statement_lines()

    def action_undo(self):
        """Take the entry back, as long as the bank's line isn't matched.

        :raise UserError: where it is
        """
        self.ensure_one()
        self._check_may_book()
        payout = self.sudo().with_company(self.company_id)
        payout._lock()
        if not payout.move_id:
            raise refusal(self.env, "payout_not_booked")
        if payout.net_line_id.matched_debit_ids | payout.net_line_id.matched_credit_ids:
            raise refusal(self.env, "payout_at_bank")
        payout._undo()

    def _open(self):
        """:return: an action, to these payouts"""
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_payout_action")
        if len(self) == 1:
            return action | {"res_id": self.id, "views": [(False, "form")], "view_mode": "form", "context": {}}
        return action | {"domain": [("id", "in", self.ids)], "context": {}}

    def action_open_entry(self):
        """The entry."""
        self.ensure_one()
        return self.move_id._get_records_action(context={})

    def _lock(self):
        self.env.cr.execute(SQL("SELECT id FROM nets_payout WHERE id = %s FOR UPDATE", self.id), log_exceptions=False)
        self.invalidate_recordset()

    # === BOOK === #

    def _check_complete(self):
        """:raise UserError: where something isn't as it has to be, before anything is booked"""
        if self.account_id not in self.account_id._nets_clearing_accounts(self.company_id):
            raise refusal(self.env, "payout_no_clearing")
        if not self.line_ids:
            raise refusal(self.env, "payout_empty")
        if not self.currency_id.is_zero(self.difference):
            raise refusal(self.env, "payout_differs", amount=self.currency_id.format(self.difference))
        if self.proposed_count:
            raise refusal(self.env, "payout_proposals", count=self.proposed_count)
        used = [one for line in self.line_ids if line.kind != "chargeback" for one in line.transaction_ids]
        of_these = Domain("id", "in", [one.id for one in used])
        allowed = self.env["nets.transaction"].sudo().search(self._charges_domain() & of_these)
        wrong = [one for one in used if one not in allowed or one.payout_id]
        if wrong or len(used) != len(set(used)):
            twice = [one for one in used if used.count(one) > 1]
            raise refusal(self.env, "payout_twice", transaction=(wrong or twice)[0].display_name)
        disputed = self.line_ids.filtered(lambda line: line.kind == "chargeback").transaction_ids
        if any(self.company_id not in one.company_id.parent_ids for one in disputed):
            raise refusal(self.env, "payout_twice", transaction=disputed[0].display_name)
        for line in self.line_ids.filtered(lambda line: line.transaction_ids and line.kind != "chargeback"):
            if not self.currency_id.is_zero(sum(line.transaction_ids.mapped("charged_amount")) - line.amount):
                raise refusal(self.env, "payout_line_differs", line=line.display_name)

    def _book(self):
        values, booked, to_match = [], [], []
        for line in self.line_ids:
            for part, item in line._booking_lines():
                values.append(part)
                booked.append(line)
                to_match.append(item)
        taken = self.line_ids.filtered(lambda line: line.kind != "chargeback").transaction_ids
        self._take_charges(taken)
        if not self.currency_id.is_zero(self.amount):
            values.append(self._net_values(values))
        # the taxes are lines of the entry already
        move = (
            self.env["account.move"]
            .with_context(skip_invoice_sync=True)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": self._journal().id,
                    "company_id": self.company_id.id,
                    "date": self.paid_on,
                    "ref": self.name,
                    "line_ids": [Command.create(vals | {"sequence": index}) for index, vals in enumerate(values)],
                }
            )
        )
        move = move.with_context(skip_invoice_sync=False)
        move.action_post()
        items = move.line_ids.sorted("sequence")
        if not self.currency_id.is_zero(self.amount):
            self.net_line_id = items[-1]
        self.move_id = move
        for item, line, ours in zip(items, booked, to_match, strict=False):
            line.move_line_ids += item
            if ours and ours.account_id == item.account_id and not ours.reconciled:
                (ours | item).reconcile()
        for line in self.line_ids:
            line._complete_from_transactions()
            if line.kind == "chargeback":
                line._reopen()

    def _net_values(self, values):
        return {
            "name": self.name,
            "account_id": self.account_id.id,
            "currency_id": self.currency_id.id,
            "amount_currency": self.amount,
            "balance": -self.company_id.currency_id.round(sum(vals["balance"] for vals in values)),
        }

    def _take_charges(self, transactions):
        """No transaction is paid out twice, whoever books at the same moment."""
        if not transactions:
            return
        self.env.flush_all()
        # a compare-and-set, as all that is true of a transaction once
        self.env.cr.execute(
            SQL(
                "UPDATE nets_transaction SET payout_id = %s WHERE id IN %s AND payout_id IS NULL",
                self.id,
                tuple(transactions.ids),
            )
        )
        if self.env.cr.rowcount != len(transactions):
            raise refusal(self.env, "payout_twice", transaction=transactions[0].display_name)
        transactions.invalidate_recordset(["payout_id"])

    def _journal(self):
        account = self.env["nets.account"].search(
            [("clearing_account_id", "=", self.account_id.id), ("company_id", "parent_of", self.company_id.id)], limit=1
        )
        general = self.env["account.journal"].search(
            [*self.env["account.journal"]._check_company_domain(self.company_id), ("type", "=", "general")], limit=1
        )
        return account.clearing_journal_id or general

    def _rated(self, amount):
        """:return: in the company's currency, on the day of the payout"""
        return self.currency_id._convert(amount, self.company_id.currency_id, self.company_id, self.paid_on)

    def _match_statement_lines(self):
        """Match the lines of the bank with the net, each with its part of it."""
        lines = self.statement_line_ids.filtered(lambda line: not line.is_reconciled)
        for line in lines:
            if line.company_id != self.company_id:
                raise refusal(self.env, "payout_bank_company", line=line.display_name)
        total = sum(line._nets_payout_amount() for line in lines if line._nets_payout_currency() == self.currency_id)
        left = self.net_line_id.amount_residual_currency
        foreign = lines.filtered(lambda line: line._nets_payout_currency() != self.currency_id)
        if foreign and len(lines) > 1:
            raise refusal(self.env, "payout_bank_currency", currency=self.currency_id.name)
        too_much = self.currency_id.compare_amounts(abs(total), abs(left)) > 0 or total * left < 0
        if lines and not foreign and too_much:
            raise refusal(
                self.env,
                "payout_bank_more",
                bank=self.currency_id.format(total),
                left=self.currency_id.format(left),
            )
        for line in lines:
            line._nets_match_payout(self, self.net_line_id.amount_residual_currency if foreign else None)

    def _match_later(self):
        """What wasn't known when this was booked may be by now: matched with what was booked for it."""
        lines = self.line_ids.filtered("is_unknown")
        self._match()
        payout = self.sudo().with_company(self.company_id)
        payout._lock()
        for line in lines.sudo().filtered("transaction_ids"):
            items = line.transaction_ids._money_items()
            elsewhere = items.account_id - line.move_line_ids.account_id
            if line.certainty != "exact" or line.kind == "chargeback" or elsewhere or not items:
                # only what is certain, and stands on the same account, is changed in what is booked already
                line.write({"transaction_ids": [Command.clear()], "certainty": False, "reason": False})
                continue
            payout._take_charges(line.transaction_ids)
            line._complete_from_transactions()
            for item in items:
                ours = line.move_line_ids.filtered(lambda one, item=item: one.account_id == item.account_id)
                (ours | item).filtered(lambda one: not one.reconciled).reconcile()

    # === UNDO === #

    def _undo(self):
        move = self.move_id
        for line in self.line_ids.filtered(lambda line: line.kind == "chargeback"):
            line._close_again()
        move.line_ids.remove_move_reconcile()
        transactions = self.env["nets.transaction"].search([("payout_id", "=", self.id)])
        self.line_ids.move_line_ids = [Command.clear()]
        self.write({"move_id": False, "net_line_id": False})
        self.env.flush_all()
        if transactions:
            self.env.cr.execute(
                SQL("UPDATE nets_transaction SET payout_id = NULL WHERE id IN %s", tuple(transactions.ids))
            )
            transactions.invalidate_recordset(["payout_id"])
        try:
            with self.env.cr.savepoint():
                move.button_draft()
                move.button_cancel()
                self.env.flush_all()
        except UserError:
            # locked, or secured: it is offset
            self.env.invalidate_all()
            move._reverse_moves([{"date": fields.Date.context_today(self), "ref": self.name}], cancel=True)
        self.message_post(body=self.env._("Taken back: %(entry)s", entry=move.display_name))
