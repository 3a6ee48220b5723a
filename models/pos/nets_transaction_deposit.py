"""What was charged for an order of a later day: received when the session closes, earned when the order is finished."""

from odoo import Command, fields, models


class NetsTransaction(models.Model):
    """A deposit is a payment of its own (`payment_id`), with its order: NETS pays it out whenever that is finished.

    What was received is the customer's credit. Where the company has an account for deposits, it stands there until it
    is used, given back, or taken off the order; each of these releases it first, and then does what it always does.
    """

    _inherit = "nets.transaction"

    pos_closing_payment_id = fields.Many2one(
        "account.payment",
        "Payment of the closing",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The payment that the closing of the session made of this one, and of others of the same session of the "
        "terminal.",
    )
    pos_deposit_move_id = fields.Many2one(
        "account.move",
        "Deposit",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="What keeps the deposit on its account until its order is finished.",
    )
    pos_deposit_line_id = fields.Many2one(
        "account.move.line",
        "Used by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Where the deposit went when its order was finished.",
    )

    def _pos_is_deposit(self):
        """Whether this is one charge, and was booked as received before its order was finished."""
        if len(self) != 1 or self.origin != "pos":
            return False
        return bool(self.payment_id) and not self.without_order and self.kind != "reversal"

    def _pos_book_deposit(self):
        """Book this charge as received, on the day on which it was charged."""
        self.ensure_one()
        self._make_payment(self._pos_payment_values())
        account = self.company_id._nets_deposit_account()
        received = self.payment_id._nets_counterpart_lines()
        if not account or account == received.account_id:
            return
        label = self.env._("Deposit for %(order)s", order=self.pos_order_id._nets_name())
        common = {"name": label, "partner_id": received.partner_id.id, "currency_id": received.currency_id.id}
        move = self.env["account.move"].create(
            {
                "journal_id": (self.pos_config_id.journal_id or self.payment_id.journal_id).id,
                "date": self.payment_id.move_id.date,
                "ref": self.payment_id.memo,
                "line_ids": [
                    Command.create(
                        {
                            **common,
                            "account_id": account_id,
                            "amount_currency": sign * received.amount_currency,
                            "balance": sign * received.balance,
                        }
                    )
                    for account_id, sign in ((received.account_id.id, -1), (account.id, 1))
                ],
            }
        )
        move._post(soft=False)
        (received | move.line_ids.filtered(lambda line: line.account_id == received.account_id)).reconcile()
        self.pos_deposit_move_id = move

    def _pos_release_deposit(self, date):
        """Take the deposit off its account: from now on it is the customer's credit, as the payment says.

        :param date: when that happens
        """
        move = self.pos_deposit_move_id
        self.pos_deposit_move_id = False
        if move.state == "posted":
            self.payment_id._nets_counterpart_lines().remove_move_reconcile()
            move._reverse_moves([{"date": date, "ref": move.ref}], cancel=True)
