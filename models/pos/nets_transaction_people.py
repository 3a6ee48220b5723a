"""What people decide about transactions of the Point of Sale: cashiers on the till, managers there and in the log."""

import uuid
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...const import REASON_LENGTH, UNRESOLVED_STATES
from ...messages import BY_HAND_REASONS, refusal
from ..engine.own_words import own_words
from ..engine.rows import lock_rows
from .press import LineByHand, LineReversal, PaidLineByHand

# How long after an attempt that didn't reach NETS a person may record the payment by hand.
BY_HAND_WINDOW = timedelta(hours=1)


class NetsTransaction(models.Model):
    """Reversals, results that are settled by hand, and charges that belong to no order."""

    _inherit = "nets.transaction"

    pos_is_on_open_order = fields.Boolean(compute="_compute_pos_is_on_open_order")

    # === COMPUTE METHODS === #

    @api.depends("state", "without_order", "to_book", "pos_order_id.state")
    def _compute_pos_is_on_open_order(self):
        for transaction in self.sudo():
            transaction.pos_is_on_open_order = not transaction.to_book and transaction._pos_is_on_open_order()

    # === THE CASHIER: REVERSE === #

    @api.model
    def pos_reverse(self, payment_uuid, request_id):
        """Have the terminal reverse its last payment, of an order that isn't finished: the line becomes zero.

        :param str payment_uuid: of the line
        :param str request_id: as for `pos_start`
        :return: as `pos_start`
        :raise UserError: where nothing was sent, with the cause
        """
        return self._press_and_watch(LineReversal(self.env, request_id, payment_uuid))

    # === SETTLE BY HAND === #

    @api.model
    def pos_settle(self, transaction_id, charged, reason, amount=None, reference="", cashier="", employee_id=False):  # pylint: disable=too-many-positional-arguments
        """*Force done*, and its opposite: a manager says what the terminal's journal says (rule 13).

        :param int transaction_id: of unknown result
        :param bool charged: what the journal says
        :param str reason: why it had to be settled by hand
        :param float amount: what was charged, positive; the amount that was asked for where not given
        :param str reference: STAN or authorisation code from the journal
        :param str cashier: who is at the till, for the log
        :param int employee_id: who that is, where employees log in at the till
        :return: what `read_progress` returns
        :raise UserError: where it isn't unknown, wasn't looked up, or something is missing
        """
        transaction = self.browse(transaction_id)
        transaction._pos_check_user()
        self._pos_check_manager()
        cashier = transaction.sudo().pos_config_id._nets_check_manager_at_till(employee_id) or cashier
        if amount is None:
            amount = abs(transaction.sudo().amount)
        reason = self._pos_reason(reason, cashier)
        transaction._settle_by_hand(charged, reason, amount=amount, reference=reference)
        return transaction.read_progress()

    @api.model
    def _pos_reason(self, reason, cashier=""):
        """:return: what a person said, signed with the cashier's name where that isn't who logged in; not longer than
        what anybody reads, and without a word that is in one language only"""
        reason = str(reason or "").strip()[:REASON_LENGTH]
        if not reason or not cashier or cashier == self.env.user.name:
            return reason

        signature = f" – {str(cashier)[:128]}"
        # whoever writes much doesn't write over who it was
        return reason[: REASON_LENGTH - len(signature)] + signature

    @api.model
    def _pos_may_record_by_hand(self):
        """Whether the user may say that a card was taken on the terminal by hand: like those who settle results."""
        return self.env.user.has_group("nets_connect_cloud.group_manager")

    def _pos_reached_nobody(self):
        """Whether this was an attempt to charge a card, a short while ago, that NETS couldn't be reached for."""
        return bool(
            self.kind == "purchase"
            and self.state == "failed"
            and self.reason in BY_HAND_REASONS
            and self.recorded_at >= self._now() - BY_HAND_WINDOW
        )

    @api.model
    def pos_record_by_hand(
        self, payment_uuid, terminal_id, amount, reference, reason, request_id, cashier="", employee_id=False
    ):  # pylint: disable=too-many-positional-arguments
        """NETS can't be reached, and the card was taken on the terminal by hand: a settlement that is flagged.

        :param str payment_uuid: of the line
        :param int terminal_id: where the card was taken
        :param float amount: what was charged, positive, at most what the line asks for
        :param str reference: STAN or authorisation code from the terminal's receipt
        :param str reason: why it had to be by hand
        :param str request_id, cashier: as for `pos_start`
        :param int employee_id: as for `pos_settle`
        :return: what `read_progress` returns
        :raise UserError: where nothing was recorded, with the cause
        """
        return self._press_and_watch(
            LineByHand(self.env, request_id, payment_uuid, terminal_id, amount, reference, reason, cashier, employee_id)
        )

    # === THE MANAGER: CHARGES WITHOUT AN ORDER === #

    def action_pos_complete(self):
        """Finish the order of this charge, where it is fully paid and the till just didn't get to it.

        :raise UserError: where it isn't, with what to do
        """
        self.ensure_one()
        self._pos_check_user()
        self._pos_check_manager()
        order = self.sudo().pos_order_id
        order._nets_lock()
        if order.state != "draft" or self.sudo().without_order:
            raise refusal(self.env, "charge_without_order")
        order._nets_check_resolved()
        if order.session_id.state not in ("opened", "closing_control"):
            raise refusal(self.env, "session_closed")
        order.amount_paid = order._compute_amount_paid()
        if not order._is_pos_order_paid():
            raise refusal(
                self.env,
                "order_not_paid",
                order=order._nets_name(),
                paid=order.currency_id.format(order.amount_paid),
                total=order.currency_id.format(order.amount_total),
            )
        order.with_company(order.company_id)._process_saved_order(False)
        order._send_order()
        order.config_id.notify_synchronisation(order.config_id.current_session_id.id, 0)
        return order.sudo(False)._get_records_action()

    def action_pos_take_off(self):
        """Take a charge off an order that won't be finished with it: it is booked as a separate payment. Then open
        the dialog that refunds it.

        :raise UserError: where its order is paid, or it is being reversed
        """
        self.ensure_one()
        self._pos_check_user()
        self._pos_check_manager()
        self.sudo()._pos_take_off_order()
        return self.action_refund()

    @api.model
    def _pos_check_manager(self):
        """:raise AccessError: for anyone who isn't a manager of the Point of Sale"""
        if not self.env.user.has_group("point_of_sale.group_pos_manager"):
            raise refusal(self.env, "rights_till_manager", error=AccessError)

    def _pos_check_user(self):
        """Refuse what isn't the user's to decide: what was taken elsewhere, or for an order that may only be read.

        :raise AccessError, UserError: with the cause
        """
        self._check_may_run()
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise refusal(self.env, "rights_till", error=AccessError)
        known = self.sudo()
        if known.origin != "pos":
            raise refusal(self.env, "not_of_till")
        known.pos_order_id.with_env(self.env).check_access("write")

    def _pos_is_on_open_order(self):
        """Whether this charge is on an order that isn't paid yet."""
        return (
            self.origin == "pos"
            and self.state == "approved"
            and not self.without_order
            and self.pos_order_id.state in ("draft", False)
        )

    def _pos_take_off_order(self):
        """Book a charge as a separate payment, instead of on an order that won't be paid with it.

        :raise UserError: where its order is paid, or it is being reversed
        """
        self.ensure_one()
        order = self.pos_order_id
        order._nets_lock()
        self._lock()
        if not self._pos_is_on_open_order():
            raise refusal(self.env, "charge_of_paid_order")
        if self._pos_take_back().filtered(lambda reversal: not reversal.without_order):
            raise refusal(self.env, "being_reversed")
        self.without_order = True
        if not self.to_book:
            self.booking_notes = self.with_company(self.company_id)._pos_book_without_order()
            self.pos_payment_id.unlink()
            if order:
                order._nets_remove_extra_lines(self)
        self._tell()

    def _pos_give_up_waiting(self):
        """A manager closes the session although this is unresolved: however it ends, the order is free, and a
        charge becomes a separate payment."""
        self.ensure_one()
        if self._compare_and_set({"without_order": True}, UNRESOLVED_STATES) or self._compare_and_set(
            {"without_order": True}, ("approved",), SQL("to_book")
        ):
            self._book()
            self._tell()

    def _pos_attach(self, order):
        """Put a charge that is booked as a separate payment on an order that is still to be paid.

        :param order: pos.order
        :raise UserError: where that can't be, with the cause
        """
        self.ensure_one()
        order._nets_lock()
        lock_rows(self)
        self._pos_check_attachable(order)
        self._pos_leave_own_payment()
        line = {"pos_order_id": order.id, "payment_method_id": self.pos_payment_method_id.id}
        with own_words(self) as transaction:
            payment = transaction.env["pos.payment"].create({**line, "amount": self.charged_amount})
        self.write(
            {
                "pos_order_uuid": order.uuid,
                "pos_order_id": order.id,
                "pos_session_id": order.session_id.id,
                "pos_config_id": order.config_id.id,
                "pos_payment_uuid": payment.uuid,
                "pos_payment_id": payment.id,
                "booking_notes": False,
            }
        )
        payment.write(self._pos_line_values())
        with own_words(order) as own_order:
            own_order._nets_add_extra_lines(self)
        self._tell()
        order.config_id.notify_synchronisation(order.config_id.current_session_id.id, 0)

    def _pos_attach_to_payment(self, payment):
        """Have a charge that is booked as a separate payment stand for a card payment of a paid order that no
        terminal charged. That one is booked by its session.

        :param payment: pos.payment
        :raise UserError: where that can't be, with the cause
        """
        self.ensure_one()
        order = payment.pos_order_id
        order._nets_lock()
        lock_rows(self)
        payment._nets_check_without_charge()
        self._pos_check_movable()
        if self.payment_id.state != "canceled" and not self.payment_id._nets_is_cancellable():
            raise refusal(self.env, "payment_locked")
        currency = self.currency_id
        if order.company_id != self.company_id or order.currency_id != currency:
            raise refusal(self.env, "attach_company")
        if currency.compare_amounts(payment.amount, self.charged_amount) != 0:
            raise refusal(
                self.env,
                "attach_other_amount",
                charged=currency.format(self.charged_amount),
                paid=currency.format(payment.amount),
            )
        self._pos_cancel_own_payment()
        self.write(
            {
                "pos_order_uuid": order.uuid,
                "pos_order_id": order.id,
                "pos_session_id": order.session_id.id,
                "pos_config_id": order.config_id.id,
                "pos_payment_method_id": payment.payment_method_id.id,
                "pos_payment_uuid": payment.uuid,
                "pos_payment_id": payment.id,
                "booking_notes": False,
            }
        )
        self._tell()

    @api.model
    def _pos_record_payment_by_hand(self, payment, terminal, reference, reason):
        """Say where and when a card payment of a paid order that no terminal charged was taken by hand.

        :param payment: pos.payment
        :param terminal: nets.terminal
        :param str reference: STAN or authorisation code from the terminal's receipt
        :param str reason: why it had to be by hand
        :return: the transaction; nothing more is booked: the payment is, by its session
        :raise UserError: where that can't be, with the cause
        """
        press = PaidLineByHand(self.env, str(uuid.uuid4()), payment.uuid, terminal.id, reference, reason)
        transaction, _waiting = self._press(press)
        return transaction

    def _pos_cancel_own_payment(self):
        """Take the separate payment out of the books: from now on a payment line stands for this charge."""
        payment = self.payment_id
        self.write({"payment_id": False, "without_order": False})
        if payment.state != "canceled":
            payment.action_cancel()

    def _pos_leave_own_payment(self):
        """From now on an order stands for this charge, which its session will book. What was booked on an earlier day
        stays in its books, and is a deposit for the order."""
        payment = self.payment_id
        if payment.state == "canceled" or payment._nets_is_cancelled_on(self._pos_today()):
            self._pos_cancel_own_payment()
            return
        # what was matched with something else is due again, as if the payment were cancelled
        payment._nets_counterpart_lines().remove_move_reconcile()
        self.without_order = False

    def _pos_check_movable(self):
        """:raise UserError: where this isn't a charge without an order, or has to stay as it is booked"""
        currency = self.currency_id
        if (
            self.kind != "purchase"
            or self.state != "approved"
            or not self.without_order
            or self.to_book
            or currency.compare_amounts(self.amount_refundable, self.charged_amount) != 0
        ):
            raise refusal(self.env, "attach_not_possible")

    def _pos_check_attachable(self, order):
        """:raise UserError: where this charge can't pay an open order, with the cause"""
        self._pos_check_movable()
        currency = self.currency_id
        if order.state != "draft" or order.session_id.state != "opened":
            raise refusal(self.env, "attach_order")
        if order.company_id != self.company_id or order.currency_id != currency:
            raise refusal(self.env, "attach_company")
        if self.pos_payment_method_id not in order.config_id.payment_method_ids:
            raise refusal(
                self.env, "attach_method", config=order.config_id.display_name, method=self.pos_payment_method_id.name
            )
        order._nets_check_resolved()
        left = order._nets_left(self.env["pos.payment"])
        asked = currency.round(self.charged_amount - sum(self._extra_amounts()))
        if currency.compare_amounts(asked, left) > 0:
            raise refusal(
                self.env,
                "attach_amount",
                left=currency.format(left),
                order=order._nets_name(),
                amount=currency.format(asked),
            )

    # === CLOSING A SESSION === #

    def _pos_closing_rows(self, blocking=False):
        """What the closing of a session shows of these."""
        return [
            {
                "transaction_id": transaction.id,
                "payment_id": transaction.pos_payment_id.id,
                "order": transaction.pos_order_id._nets_name(),
                "order_uuid": transaction.pos_order_id.uuid or "",
                "amount": transaction.currency_id.format(transaction._amount_now()),
                "terminal": transaction.terminal_id.name,
                "message": transaction._pos_closing_message(blocking),
                "blocking": blocking,
            }
            for transaction in self
        ]

    def _pos_closing_message(self, blocking):
        self.ensure_one()
        if self.settled_by_id and not blocking:
            return self.env._(
                "Recorded by hand by %(user)s, reference %(reference)s: %(reason)s",
                user=self.settled_by_id.name,
                reference=self.settlement_reference or "–",
                reason=self.settlement_reason,
            )
        if self.without_order:
            return self.booking_note or self._message().label
        if self.state == "approved" and self.signature == "required" and blocking:
            return self.env._("Charged, but the signature isn't accepted, and the order isn't paid.")
        if self.state == "approved" and not self.to_book and not blocking:
            return self.env._(
                "Charged for an order of a later day. It is booked as a deposit, and used when that order is finished."
            )
        if self.state == "approved" and not self.to_book:
            return self.env._("Charged, but the order isn't paid.")
        return self._message().label
