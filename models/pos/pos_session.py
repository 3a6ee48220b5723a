from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...const import UNRESOLVED_STATES
from ...messages import describe_refusal, refusal

# The session that is being closed, in the cache of the cursor: unlike a context, no client can set it.
CLOSING = "nets_connect_cloud.closing_session"


class PosSession(models.Model):
    """Closing a session: what the terminals charged, and what the orders say, has to agree (rule 15)."""

    _name = "pos.session"
    _inherit = ["pos.session", "nets.server.fields"]

    nets_is_blocked = fields.Boolean(compute="_compute_nets_why_blocked")
    nets_why_blocked = fields.Text(compute="_compute_nets_why_blocked")
    # A manager closes it although what browsers reported isn't compared with the terminals' reports.
    nets_unconfirmed_allowed = fields.Boolean(readonly=True, copy=False)
    nets_to_look_at = fields.Text("Card payments to look at", compute="_compute_nets_to_look_at")

    # === COMPUTE METHODS === #

    @api.depends("state")
    @api.depends_context("lang")
    def _compute_nets_why_blocked(self):
        for session in self:
            session.nets_why_blocked = session._nets_why_not_closed()
            session.nets_is_blocked = bool(session.nets_why_blocked)

    @api.depends("state")
    @api.depends_context("lang")
    def _compute_nets_to_look_at(self):
        for session in self:
            issues = session.sudo()._nets_issues()
            rows = [row for rows in issues.values() for row in rows if not row["blocking"]]
            # one that was recorded by hand and has no order is in two lists
            session.nets_to_look_at = "\n".join(dict.fromkeys(map(self._nets_row_text, rows)))

    # === ACTION METHODS === #

    def action_nets_transactions(self):
        """Show what terminals did for these sessions."""
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_transaction_pos_action")
        return action | {"domain": [("pos_session_id", "in", self.ids)]}

    # === LOADING THE TILL === #

    @api.model
    def _load_pos_data_models(self, config):
        return [*super()._load_pos_data_models(config), "nets.terminal"]

    # === CLOSING === #

    def get_closing_control_data(self):
        data = super().get_closing_control_data()
        proven = self.payment_method_ids.filtered(lambda method: method._nets_is_terminal())
        for method in data["non_cash_payment_methods"]:
            # terminals prove what these took: the popup has nothing to be counted where there are no payments
            if method["id"] in proven.ids:
                method["number"] = 0
        return {**data, "nets": self.nets_closing_issues()}

    def _cannot_close_session(self, bank_payment_method_diffs=None):
        result = super()._cannot_close_session(bank_payment_method_diffs)
        if not result and (
            reason := self._nets_why_not_closed() or self._nets_why_not_counted(bank_payment_method_diffs)
        ):
            return {"successful": False, "message": reason, "redirect": False}
        return result

    def update_closing_control_state_session(self, notes):
        # The till says so before it closes: a session that can't be closed then would stay between open and closed.
        refused = self.state == "opened" and self._cannot_close_session()
        if refused:
            raise UserError(refused["message"])
        return super().update_closing_control_state_session(notes)

    def action_pos_session_closing_control(self, *args, **kwargs):
        for session in self:
            session._nets_check_closing()
        return super().action_pos_session_closing_control(*args, **kwargs)

    def write(self, vals):
        if {"state", "config_id"} & vals.keys():
            self._nets_check_way(vals)
        return super().write(vals)

    def _nets_check_way(self, vals):
        """What cards paid comes into the books where a session is closed, once: no client says that it is.

        :raise UserError: where a session with cards is called closed, or open again, or goes to another till
        """
        others = self - self.browse(self.env.cr.cache.get(CLOSING, ()))
        cards = self.env["nets.transaction"].sudo()
        for session in others:
            states = {session.state, vals.get("state", session.state)}
            is_moved = vals.get("config_id", session.config_id.id) != session.config_id.id
            if (is_moved or (len(states) > 1 and "closed" in states)) and cards.search_count(
                [("pos_session_id", "=", session.id)], limit=1
            ):
                raise refusal(self.env, "session_with_cards", session=session.name)

    def _validate_session(self, balancing_account=False, amount_to_balance=0, bank_payment_method_diffs=None):
        self._nets_check_closing()
        if reason := self._nets_why_not_counted(bank_payment_method_diffs):
            raise UserError(reason)
        cache = self.env.cr.cache
        cache[CLOSING] = self.ids
        try:
            result = super()._validate_session(balancing_account, amount_to_balance, bank_payment_method_diffs)
        finally:
            cache.pop(CLOSING, None)
        if self.state == "closed":
            self._nets_check_nothing_started()
            self.sudo()._nets_book_deposits()
            self.sudo()._nets_reconcile_terminals()
        return result

    def nets_closing_issues(self):
        """What doesn't agree between the terminals and the orders of this session.

        :return: dict of lists of rows, which are dicts of plain values (`transaction_id`, `payment_id`, `order`,
            `amount` formatted, `terminal`, `message`, and `blocking`: whether the session can't be closed with it):
            `unresolved` transactions; approved ones `without_order` that is paid; card payments
            `without_transaction`; those that were settled or recorded `by_hand`; and those that a browser `reported`,
            added up
        """
        self.ensure_one()
        self._nets_check_user()
        return self.sudo()._nets_issues()

    def nets_allow_closing(self, reason, cashier="", employee_id=False):
        """A manager closes the session although the terminals and the orders don't agree. What is charged without a
        paid order is booked as a separate payment, now or when it becomes known.

        :param str reason: for those who read the session later
        :param str cashier: who is at the till, where that isn't who logged in
        :param int employee_id: who that is, where employees log in at the till
        :return: as `nets_closing_issues`; nothing in it is blocking any more
        :raise UserError: without a reason, or where something can't be booked, with the cause
        """
        self.ensure_one()
        self._nets_check_user()
        cashier = self.config_id._nets_check_manager_at_till(employee_id) or cashier
        return self._nets_allow_closing(reason, cashier)

    def _nets_allow_closing(self, reason, cashier=""):
        """As `nets_allow_closing`, for a manager at the till or in the back office."""
        self._nets_check_user()
        self.check_access("write")
        self.env["nets.transaction"]._pos_check_manager()
        if self.state not in ("opened", "closing_control"):
            raise refusal(self.env, "closing_not_open")
        reason = self.env["nets.transaction"]._pos_reason(reason, cashier)
        if not reason:
            raise refusal(self.env, "closing_reason")
        session = self.sudo()
        unresolved, astray = session._nets_unresolved(), session._nets_without_paid_order()
        body = self.env._("Closed although card payments are open: %(reason)s", reason=reason)
        for transaction in unresolved:
            transaction._pos_give_up_waiting()
        for transaction in astray:
            transaction._pos_take_off_order()
        session.nets_unconfirmed_allowed = True
        for record in (session, *unresolved, *astray):
            record.message_post(body=body, author_id=self.env.user.partner_id.id)
        return self.nets_closing_issues()

    # === A CARD AND THE CLOSING AT THE SAME MOMENT === #

    def _nets_keep_open(self):
        """Have these sessions stay open until the reservation of a terminal is committed.

        A lock that is shared, and no update: the tills of a shop don't wait for each other, only the closing waits.
        """
        self.env.cr.execute(
            SQL("SELECT 1 FROM pos_session WHERE id IN %s FOR SHARE", tuple(self.ids)), log_exceptions=False
        )

    def _nets_check_nothing_started(self):
        """Look, past the own snapshot, whether a card was sent to a terminal while this closing was at work.

        The session's row was written just now: those who held it open have committed, and those who come later find it
        closed.

        :raise ConcurrencyError: then Odoo repeats the closing, which says what is in its way
        """
        self.env.flush_all()
        with self.env.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """SELECT 1 FROM nets_transaction
                        WHERE pos_session_id IN %s AND state IN %s AND without_order IS NOT TRUE LIMIT 1""",
                    tuple(self.ids),
                    tuple(UNRESOLVED_STATES),
                )
            )
            if cr.fetchone():
                raise ConcurrencyError("a card payment was started while the session was being closed")

    # === BUSINESS METHODS === #

    def _nets_check_user(self):
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise refusal(self.env, "rights_till", error=AccessError)
        self.check_access("read")

    def _nets_check_closing(self):
        """:raise UserError: while something in the way of closing is open"""
        if reason := self._nets_why_not_closed():
            raise UserError(reason)

    def _nets_why_not_closed(self):
        """Why this session can't be closed, as text; mostly empty."""
        self.ensure_one()
        session = self.sudo()
        reasons = [transaction._pos_in_the_way().explanation for transaction in session._nets_unresolved()]
        reasons += [transaction._pos_in_the_way().explanation for transaction in session._nets_without_paid_order()]
        reasons += session._nets_why_not_agreed()
        if not reasons:
            return ""
        manager = self.env._("A manager can close the session anyway, but has to say why.")
        return "\n".join([*reasons, manager])

    def _nets_transactions(self, domain):
        of_session = Domain("pos_session_id", "in", self.ids)
        return self.env["nets.transaction"].search(of_session & Domain(domain), order="id")

    def _nets_unresolved(self):
        """What the terminals are doing for this session, don't say, or did and isn't booked."""
        return self._nets_transactions(
            [("without_order", "=", False), "|", ("state", "in", UNRESOLVED_STATES), ("to_book", "=", True)]
        )

    def _nets_without_paid_order(self):
        """What was charged and is booked on an order that has to be paid before this session closes, and isn't."""
        return self.get_session_orders()._nets_charged_unpaid()

    def _nets_of_later_days(self):
        """What was charged for orders of later days: as Odoo has it, they stay open when the session closes, and go
        over to the next one with what was paid of them. That was received, see `_nets_book_deposits`."""
        return (self.order_ids - self.get_session_orders())._nets_charged_unpaid()

    def _nets_issues(self):
        """:return: as `nets_closing_issues`"""
        astray, later = self._nets_without_paid_order(), self._nets_of_later_days()
        booked_alone = self._nets_transactions([("state", "=", "approved"), ("without_order", "=", True)])
        by_hand = self._nets_transactions([("state", "=", "approved"), ("settled_by_id", "!=", False)])
        without_charge = self.env["pos.payment"]._nets_without_charge(self)
        return {
            "unresolved": self._nets_unresolved()._pos_closing_rows(blocking=True),
            "without_order": astray._pos_closing_rows(blocking=True) + (later | booked_alone)._pos_closing_rows(),
            "without_transaction": [self._nets_payment_row(line) for line in without_charge],
            "by_hand": by_hand._pos_closing_rows(),
            "reported": self._nets_reported_rows(),
        }

    # === WHAT A BROWSER REPORTED === #

    def _nets_unconfirmed(self):
        """Charges that a browser reported, and nobody has compared with the terminal's own report."""
        return self._nets_transactions(self.env["nets.transaction"]._unconfirmed_domain())

    def _nets_why_not_agreed(self):
        """Why what browsers reported is in the way of closing, as a list of texts; mostly empty."""
        if not self.company_id.nets_confirm_reported or self.nets_unconfirmed_allowed:
            return []
        return [
            describe_refusal(self.env, "not_confirmed", terminal=terminal.name).explanation
            for terminal in self._nets_unconfirmed().terminal_id
        ]

    def _nets_reported_rows(self):
        """One row for each terminal, person and device."""
        is_blocking = bool(self._nets_why_not_agreed())
        groups = self._nets_unconfirmed().grouped(
            lambda transaction: (transaction.terminal_id, transaction.reported_by_id, transaction.reported_from)
        )
        return [
            {
                "transaction_id": False,
                "payment_id": False,
                "order": self.env._("%(count)s card payments", count=len(transactions)),
                "order_uuid": "",
                "amount": transactions[0].currency_id.format(sum(transactions.mapped("charged_amount"))),
                "terminal": terminal.name,
                "message": transactions[0]._said_by(),
                "blocking": is_blocking,
            }
            for (terminal, _user, _device), transactions in groups.items()
        ]

    @api.model
    def _nets_row_text(self, row):
        """One row of the closing issues, as a line of text."""
        return f"{', '.join(filter(None, [row['order'], row['amount'], row['terminal']]))}: {row['message']}"

    def _nets_payment_row(self, line):
        return {
            "transaction_id": False,
            "payment_id": line.id,
            "order": line.pos_order_id._nets_name(),
            "order_uuid": line.pos_order_id.uuid or "",
            "amount": line.currency_id.format(line.amount),
            "terminal": "",
            "message": self.env._(
                "No terminal charged this. A manager settles it under “Card payments without a charge”."
            ),
            "blocking": False,
        }

    # === RECONCILIATION === #

    def _nets_reconcile_terminals(self):
        """Close the terminals' own sessions together with this one, where their account is set so."""
        terminals = self._nets_transactions([("state", "=", "approved")]).terminal_id
        for terminal in terminals.filtered(
            # an agent's terminal is reconciled from a browser that reaches it
            lambda terminal: (
                terminal.type == "connect_cloud" and terminal.active and terminal.account_id.reconciliation_at_closing
            )
        ):
            try:
                with self.env.cr.savepoint():
                    terminal._reserve_administration("reconciliation")
            except (UserError, ConcurrencyError) as error:
                # another till is taking a card on it: its closing reconciles the terminal
                self.message_post(
                    body=self.env._(
                        "The terminal %(terminal)s wasn't reconciled: %(cause)s", terminal=terminal.name, cause=error
                    )
                )
