from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, format_amount

from ...const import UNRESOLVED_STATES
from ...messages import refusal


class AccountMove(models.Model):
    _inherit = "account.move"

    nets_transaction_ids = fields.Many2many(
        "nets.transaction",
        string="Card transactions",
        readonly=True,
        copy=False,
        groups="nets_connect_cloud.group_user",
    )
    nets_can_pay_by_card = fields.Boolean(compute="_compute_nets_can_pay_by_card")
    nets_can_confirm_and_pay = fields.Boolean(compute="_compute_nets_can_pay_by_card")
    nets_open_transaction_id = fields.Many2one(
        "nets.transaction", compute="_compute_nets_open_transaction_id", groups="nets_connect_cloud.group_user"
    )

    # === COMPUTE METHODS === #

    @api.depends("state", "payment_state", "move_type", "currency_id", "company_id")
    def _compute_nets_can_pay_by_card(self):
        may_run = self.env.user.has_group("nets_connect_cloud.group_user")
        has_terminal = {}
        for move in self:
            payable = may_run and move.move_type in ("out_invoice", "out_receipt")
            if payable:
                key = (move.company_id, move.currency_id)
                if key not in has_terminal:
                    domain = self.env["nets.terminal"]._usable_domain(*key)
                    has_terminal[key] = bool(self.env["nets.terminal"].search_count(domain, limit=1))
                payable = has_terminal[key]
            move.nets_can_pay_by_card = (
                payable
                and move.state == "posted"
                and move.payment_state in ("not_paid", "partial", "in_payment")
                and not move.currency_id.is_zero(move.amount_residual)
            )
            move.nets_can_confirm_and_pay = payable and move.state == "draft" and move.company_id.nets_confirm_and_pay

    @api.depends("nets_transaction_ids.state", "nets_transaction_ids.to_book")
    def _compute_nets_open_transaction_id(self):
        for move in self:
            move.nets_open_transaction_id = move.nets_transaction_ids._still_open()[:1]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._nets_check_values(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._nets_check_values(vals)
        if vals.get("state") in ("cancel", "draft"):
            self._unlink_except_charged()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        """The entry of a payment that a terminal took is as untouchable as the payment."""
        for payment in self.origin_payment_id._nets_charged():
            payment._nets_refuse_change()

    def _nets_check_values(self, vals):
        """Rule 3: a transaction that could be taken off its invoice would no longer count, and the debt be charged
        again. Readonly fields are so for people only, not over RPC."""
        if "nets_transaction_ids" in vals and not self.env.su:
            raise refusal(self.env, "rights_transactions", error=AccessError)

    # === ACTION METHODS === #

    def action_nets_pay_by_card(self):
        """Open the dialog with the amount due and the usual terminal."""
        self._nets_check_payable()
        return self._nets_dialog_action()

    def action_nets_confirm_and_pay(self):
        """Confirm the draft, and ask for the card at once where it is clear on which terminal."""
        if not self.company_id.nets_confirm_and_pay:
            raise refusal(self.env, "confirm_and_pay_off")
        if self.state == "draft":
            self.action_post()
        self._nets_check_payable()
        return self._nets_dialog_action(start=True)

    def _nets_dialog_action(self, transaction=None, start=False, wizard=None):
        return {
            "type": "ir.actions.client",
            "tag": "nets_connect_cloud.card_dialog",
            "params": {
                "invoice_ids": self.ids,
                "transaction_id": transaction.id if transaction else False,
                "start": start,
                "pay_out": self[:1].move_type == "out_refund",
                "wizard_id": wizard.id if wizard else False,
            },
        }

    # === BUSINESS METHODS === #

    def _nets_printed_transactions(self):
        """The card payments and refunds that the printed document and the portal page name: also those of the order of
        the Point of Sale that it invoices.

        :return: nets.transaction with all rights, in their order
        """
        transactions = self.sudo().nets_transaction_ids
        if orders := self.sudo().pos_order_ids:
            transactions |= transactions.search([("pos_order_id", "in", orders.ids), ("without_order", "=", False)])
        return transactions.filtered(lambda transaction: transaction.state == "approved").sorted("id")

    def nets_card_payment_data(self):
        """What the dialog shows before anything is started.

        :return: dict of plain values
        :raise UserError: where these invoices can't be paid by card, with the cause
        """
        self.env["nets.transaction"]._check_may_run()
        self._nets_check_payable()
        company, currency = self.company_id[:1], self.currency_id[:1]
        terminals = self.env["nets.terminal"].search(self.env["nets.terminal"]._usable_domain(company, currency))
        terminal = self.env["nets.terminal"]._proposed(company, currency)
        return {
            "title": ", ".join(self.mapped("display_name")),
            "customer": self.commercial_partner_id[:1].display_name,
            "transaction_id": self.nets_open_transaction_id[:1].id,
            "amount": self._nets_default_amount(terminal) if terminal else sum(self.mapped("amount_residual")),
            "due": format_amount(self.env, sum(self.mapped("amount_residual")), currency),
            "currency_id": currency.id,
            "terminal_id": terminal.id,
            "has_usual_terminal": bool(self.env["nets.terminal"]._usual(company, currency)),
            "terminals": terminals._choices(),
            "warning": self._nets_online_payment_warning(),
        }

    def nets_start_card_payment(self, amount, terminal_id, request_id):
        """Charge a card for these invoices.

        :param float amount: in the invoices' currency, major units
        :param int terminal_id: where
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :return: what `read_progress` returns; or, where an earlier payment on the terminal has to be resolved first,
            what `_wait_for_terminal` returns, in a list: nothing was started then, and the client repeats the request
        :raise UserError: where nothing was sent, with the cause
        """
        if waiting := self._nets_wait_for_terminal(terminal_id, request_id):
            return [waiting]
        return self._nets_start_card_payment(amount, terminal_id, request_id).read_progress()

    def _nets_wait_for_terminal(self, terminal_id, request_id):
        """What a new payment of these invoices has to wait for, see `nets.transaction._wait_for_terminal`."""
        transactions = self.env["nets.transaction"]
        transactions._check_may_run()
        self.check_access("write")
        if transactions._find_request(request_id):
            return None
        self._nets_check_payable()
        terminal = self.env["nets.terminal"].browse(terminal_id)
        terminal._check_usable(self.company_id[:1], self.currency_id[:1])
        return transactions._wait_for_terminal(terminal)

    def _nets_start_card_payment(self, amount, terminal_id, request_id, previous=None):
        transactions = self.env["nets.transaction"]
        transactions._check_may_run()
        self.check_access("write")
        if existing := transactions._find_request(request_id):
            return existing
        self._nets_check_payable()
        terminal = self.env["nets.terminal"].browse(terminal_id)
        terminal._check_usable(self.company_id[:1], self.currency_id[:1])
        wizard = self._nets_payment_wizard(terminal)
        transactions._check_number(amount, self.currency_id[:1])
        if wizard.currency_id.compare_amounts(wizard.amount, amount) != 0:
            wizard.write({"amount": amount, "installments_mode": "full"})
        return wizard._nets_reserve(terminal, request_id, previous=previous)

    def _nets_payment_wizard(self, terminal, payment_type="inbound"):
        journal = terminal.journal_id
        if not journal or not journal._nets_method_line(payment_type):
            journals = self.env["account.journal"].search(
                [
                    *self.env["account.journal"]._check_company_domain(self.company_id[:1]),
                    ("type", "=", "bank"),
                ]
            )
            journals = journals.filtered(
                lambda record: (
                    record._nets_method_line(payment_type)
                    and (record.currency_id or record.company_id.currency_id) == self.currency_id[:1]
                )
            ) or journals.filtered(lambda record: record._nets_method_line(payment_type))
            journal = journals[:1]
        if not journal:
            raise refusal(self.env, "no_journal")
        return (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=self.ids)
            .create(
                {
                    "journal_id": journal.id,
                    "currency_id": self.currency_id[:1].id,
                    "payment_method_line_id": journal._nets_method_line(payment_type).id,
                    "group_payment": True,
                }
            )
        )

    def _nets_default_amount(self, terminal):
        """What is due, less an early payment discount that is still granted."""
        wizard = self._nets_payment_wizard(terminal)
        return wizard.amount if wizard.early_payment_discount_mode else sum(self.mapped("amount_residual"))

    def _nets_check_payable(self):
        """Refuse what can't be paid by card, before anything is sent.

        :raise UserError: with the cause in plain words
        """
        if not self:
            raise refusal(self.env, "no_invoice")
        self.check_access("read")
        for move in self:
            if move.move_type not in ("out_invoice", "out_receipt"):
                raise refusal(self.env, "not_customer_invoice", name=move.display_name)
            if move.state == "draft":
                raise refusal(self.env, "invoice_draft", name=move.display_name)
            if move.state == "cancel":
                raise refusal(self.env, "invoice_cancelled", name=move.display_name)
            if move.currency_id.is_zero(move.amount_residual):
                raise refusal(self.env, "invoice_paid", name=move.display_name)
        if len(self.company_id) > 1:
            raise refusal(self.env, "invoices_companies")
        if len(self.currency_id) > 1:
            raise refusal(self.env, "invoices_currencies")
        if len(self.commercial_partner_id) > 1:
            raise refusal(self.env, "invoices_customers")

    def _nets_lock_debt(self):
        """Rule 3: only one reservation at a time looks at what is due on these invoices.

        A real update and not just a lock: whoever waited for it has an old snapshot, in which the other's reservation
        can't be seen. PostgreSQL then refuses the update, and Odoo repeats the request with a new snapshot.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE account_move SET write_date = write_date
                    WHERE id IN (SELECT id FROM account_move WHERE id IN %s ORDER BY id FOR NO KEY UPDATE)""",
                tuple(self.ids),
            )
        )
        self.invalidate_recordset()

    def _nets_amount_under_way(self, kinds=("purchase",)):
        """What is pending, unknown, or charged and not booked on these documents: still due in the books, but not to
        be paid again.

        :param kinds: purchases for invoices, refunds for credit notes
        :return: positive
        """
        transactions = self.env["nets.transaction"].sudo()
        return transactions.search(
            [
                ("invoice_ids", "in", self.ids),
                ("kind", "in", kinds),
                "|",
                ("state", "in", UNRESOLVED_STATES),
                ("to_book", "=", True),
            ]
        )._amount_open()
