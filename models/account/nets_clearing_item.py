"""What explains the balance of a clearing account, at any day."""

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ...const import PLAY_MONEY


class NetsClearingItem(models.Model):
    """The journal items of the clearing accounts, each with its terminal and terminal session; and beside them what is
    charged and not in the books yet, which is in no balance.

    The sum of *Open* is the balance of the account on the day that is looked at: today, or `nets_clearing_day` in the
    context.
    """

    _name = "nets.clearing.item"
    _description = "Item of a NETS clearing account"
    _auto = False
    _order = "entry_date desc, id desc"
    _depends = {
        "account.move.line": [
            *("account_id", "balance", "date", "name", "parent_state", "payment_id", "ref", "statement_line_id"),
        ],
        "account.partial.reconcile": ["amount", "credit_move_id", "debit_move_id", "max_date"],
        "nets.payout": ["is_play_money", "move_id"],
        "nets.payout.line": ["move_line_ids", "session_number", "terminal_identifier"],
        "nets.account": ["clearing_account_id"],
        "nets.transaction": [
            *("charge_date", "charged_amount", "environment", "payment_id", "session_number", "state", "to_book"),
        ],
        "res.company": ["nets_payout_days"],
    }

    account_id = fields.Many2one("account.account", "Clearing account", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", related="company_id.currency_id")
    entry_date = fields.Date("Date", readonly=True)
    item_label = fields.Char("Label", readonly=True)
    move_line_id = fields.Many2one("account.move.line", "Journal item", readonly=True)
    transaction_id = fields.Many2one("nets.transaction", "Card transaction", readonly=True)
    terminal_id = fields.Many2one("nets.terminal", readonly=True)
    session_number = fields.Char("Session", readonly=True)
    charged = fields.Monetary(readonly=True, aggregator="sum")
    refunded = fields.Monetary(readonly=True, aggregator="sum")
    paid_out = fields.Monetary("Paid out", readonly=True, aggregator="sum", help="What NETS paid out, with its fees.")
    other = fields.Monetary(readonly=True, aggregator="sum", help="Entries of other origin.")
    open_amount = fields.Monetary("Open", readonly=True, aggregator="sum", help="The account's balance, by origin.")
    late = fields.Monetary(
        "Open for longer",
        readonly=True,
        aggregator="sum",
        help="What is open for longer than a payout usually takes (see the settings).",
    )
    unbooked = fields.Monetary(
        readonly=True, aggregator="sum", help="Charged, and not in the books yet: it isn't in the balance."
    )

    play_money = fields.Monetary(
        "Play money",
        readonly=True,
        aggregator="sum",
        help="What of this is of test terminals, or of the simulator: nobody pays it out.",
    )

    # === THE QUERY === #

    @property
    def _table_query(self):
        day = fields.Date.to_date(self.env.context.get("nets_clearing_day")) or fields.Date.context_today(self)
        return SQL(
            """
            WITH clearing AS (
                SELECT clearing_account_id AS account_id, array_agg(id) AS nets_account_ids
                  FROM nets_account WHERE clearing_account_id IS NOT NULL GROUP BY clearing_account_id
            ), item AS (
                SELECT line.id, line.account_id, line.company_id, line.date, line.balance,
                       CASE WHEN line.payment_id IS NULL THEN line.name ELSE COALESCE(line.ref, line.name) END AS label,
                       line.move_id, line.payment_id, line.statement_line_id, clearing.nets_account_ids,
                       line.balance
                       - COALESCE((SELECT SUM(match.amount) FROM account_partial_reconcile match
                                    WHERE match.debit_move_id = line.id AND match.max_date <= %(day)s), 0)
                       + COALESCE((SELECT SUM(match.amount) FROM account_partial_reconcile match
                                    WHERE match.credit_move_id = line.id AND match.max_date <= %(day)s), 0)
                       AS open_amount
                  FROM account_move_line line
                  JOIN clearing ON clearing.account_id = line.account_id
                 WHERE line.parent_state = 'posted' AND line.date <= %(day)s
            )
            SELECT item.id, item.account_id, item.company_id, item.date AS entry_date, item.label AS item_label,
                   item.id AS move_line_id,
                   charge.id AS transaction_id, COALESCE(charge.terminal_id, terminal.id) AS terminal_id,
                   COALESCE(charge.session_number, origin.session_number) AS session_number,
                   CASE WHEN origin.what = 'card' AND item.balance > 0 THEN item.balance ELSE 0 END AS charged,
                   CASE WHEN origin.what = 'card' AND item.balance < 0 THEN item.balance ELSE 0 END AS refunded,
                   CASE WHEN origin.what = 'payout' THEN item.balance ELSE 0 END AS paid_out,
                   CASE WHEN origin.what = 'other' THEN item.balance ELSE 0 END AS other,
                   item.open_amount,
                   CASE WHEN item.date < %(day)s - company.nets_payout_days THEN item.open_amount ELSE 0 END AS late,
                   0 AS unbooked,
                   CASE WHEN COALESCE(charge.is_play_money, origin.is_play_money) THEN item.open_amount ELSE 0 END
                   AS play_money
              FROM item
              JOIN res_company company ON company.id = item.company_id
              CROSS JOIN LATERAL (%(origin)s) AS origin
              LEFT JOIN LATERAL (
                    SELECT CASE WHEN COUNT(*) = 1 THEN MIN(t.id) END AS id,
                           CASE WHEN MIN(t.terminal_id) = MAX(t.terminal_id) THEN MIN(t.terminal_id) END AS terminal_id,
                           CASE WHEN COUNT(DISTINCT COALESCE(t.session_number, '')) = 1 THEN MIN(t.session_number) END
                           AS session_number,
                           BOOL_OR(t.environment IN %(play_money)s) AS is_play_money
                      FROM nets_transaction t WHERE %(booked_with)s
                   ) AS charge ON TRUE
              LEFT JOIN LATERAL (
                    SELECT id FROM nets_terminal
                     WHERE identifier = origin.identifier AND account_id = ANY(item.nets_account_ids)
                     ORDER BY id LIMIT 1
                   ) AS terminal ON TRUE
             UNION ALL
            SELECT -t.id, nets_account.clearing_account_id, t.company_id, t.charge_date,
                   t.order_id, NULL, t.id, t.terminal_id, t.session_number, 0, 0, 0, 0, 0, 0,
                   worth.amount, CASE WHEN t.environment IN %(play_money)s THEN worth.amount ELSE 0 END
              FROM nets_transaction t
              JOIN nets_terminal ON nets_terminal.id = t.terminal_id
              JOIN nets_account ON nets_account.id = nets_terminal.account_id
              JOIN res_company company ON company.id = t.company_id
              LEFT JOIN LATERAL (%(own_rate)s) AS own ON TRUE
              LEFT JOIN LATERAL (%(foreign_rate)s) AS foreign_rate ON TRUE
              CROSS JOIN LATERAL (
                    SELECT t.charged_amount * COALESCE(own.rate, 1) / COALESCE(foreign_rate.rate, 1) AS amount
                   ) AS worth
             WHERE t.state = 'approved' AND t.kind <> 'administration' AND t.charge_date <= %(day)s
               AND nets_account.clearing_account_id IS NOT NULL AND %(unbooked)s
            """,
            day=day,
            origin=self._origin_query(),
            play_money=PLAY_MONEY,
            booked_with=self._booked_with_condition(),
            unbooked=self._unbooked_condition(),
            own_rate=self._rate_query(SQL("company.currency_id")),
            foreign_rate=self._rate_query(SQL("t.currency_id")),
        )

    @api.model
    def _origin_query(self):
        """What an item is, and what of it a payout says: `what`, `identifier`, `session_number`, `is_play_money`.

        :return: SQL, a query about one row of `item`
        """
        return SQL(
            """SELECT CASE WHEN item.statement_line_id IS NOT NULL OR payout.id IS NOT NULL THEN 'payout'
                           WHEN item.payment_id IS NOT NULL THEN 'card' ELSE 'other' END AS what,
                      part.terminal_identifier AS identifier, part.session_number, payout.is_play_money
                 FROM (SELECT 1) AS one
                 LEFT JOIN nets_payout payout ON payout.move_id = item.move_id
                 LEFT JOIN LATERAL (
                       SELECT line.terminal_identifier, line.session_number
                         FROM nets_payout_line line
                         JOIN account_move_line_nets_payout_line_rel rel ON rel.nets_payout_line_id = line.id
                        WHERE line.payout_id = payout.id AND rel.account_move_line_id = item.id
                        ORDER BY line.id LIMIT 1
                      ) AS part ON TRUE"""
        )

    @api.model
    def _booked_with_condition(self):
        """:return: SQL, whether a row of `t` is of the payment of a row of `item`"""
        return SQL("t.payment_id = item.payment_id")

    @api.model
    def _unbooked_condition(self):
        """:return: SQL, whether a row of `t` is charged and in no journal entry yet"""
        return SQL("t.to_book")

    @api.model
    def _rate_query(self, currency):
        return SQL(
            """SELECT rate FROM res_currency_rate
                WHERE currency_id = %s AND name <= t.charge_date AND (company_id IS NULL OR company_id = company.id)
                ORDER BY company_id NULLS LAST, name DESC LIMIT 1""",
            currency,
        )

    # === THE VIEW === #

    @api.model
    def _has_play_money(self):
        return bool(self.env["nets.transaction"].sudo().search_count([("environment", "in", PLAY_MONEY)], limit=1))

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        return *super()._get_view_cache_key(view_id, view_type, **options), self._has_play_money()

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Who never tried it with play money has no column for it."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if not self._has_play_money():
            for node in arch.xpath("//list/field[@name='play_money'] | //search/filter[@name='play_money']"):
                node.getparent().remove(node)
        return arch, view

    # === ACTION METHODS === #

    @api.model
    def _open_at(self, day, account=None):
        """:param day: date, or nothing for today
        :return: the action of the page, on that day
        """
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_clearing_item_action")
        context = {"search_default_open": 1, "search_default_terminal": 1, "search_default_session": 2}
        if day:
            context["nets_clearing_day"] = fields.Date.to_string(day)
            action["display_name"] = self.env._("NETS clearing on %(day)s", day=format_date(self.env, day))
        return action | {"context": context, "domain": [("account_id", "=", account.id)] if account else []}

    def action_open(self):
        """The journal entry, or the card transaction, behind this row."""
        self.ensure_one()
        record = self.move_line_id.move_id or self.transaction_id
        return record._get_records_action(context={})
