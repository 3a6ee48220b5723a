"""What people decide about transactions of the Point of Sale: cashiers on the till, managers there and in the log."""

import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..const import UNRESOLVED_STATES
from ..messages import SETTLED_BY_HAND, refusal


class NetsTransaction(models.Model):
    """Reversals and signatures, results that are settled by hand, and charges that belong to no order."""

    _inherit = "nets.transaction"

    pos_is_on_open_order = fields.Boolean(compute="_compute_pos_is_on_open_order")

    # === COMPUTE METHODS === #

    @api.depends("state", "without_order", "to_book", "pos_order_id.state")
    def _compute_pos_is_on_open_order(self):
        for transaction in self.sudo():
            transaction.pos_is_on_open_order = not transaction.to_book and transaction._pos_is_on_open_order()

    # === THE CASHIER: TAKE BACK, SIGN === #

    @api.model
    def pos_reverse(self, payment_uuid, request_id):
        """Have the terminal take back its last payment, of an order that isn't finished: the line becomes zero.

        :param str payment_uuid: of the line
        :param str request_id: as for `pos_start`
        :return: as `pos_start`
        :raise UserError: where nothing was sent, with the cause
        """
        self._check_may_run()
        if existing := self._find_request(request_id):
            return existing.read_progress()
        payment = self._pos_payment(payment_uuid)
        payment.pos_order_id._nets_lock()
        original = payment._nets_transaction()
        if under_way := original._pos_take_back():
            return under_way.with_env(self.env).read_progress()
        self._pos_check_open(payment)
        if original.kind != "purchase" or original.state != "approved":
            raise refusal(self.env, "line_not_charged")
        original._lock_refundable()
        original._pos_check_take_back(original.charged_amount)
        original.terminal_id._check_usable(original.company_id, original.currency_id)
        if waiting := self._wait_for_terminal(original.terminal_id):
            return [waiting]
        transaction = self._reserve(
            {
                **self._pos_reservation_values(payment, original.cashier_name),
                "kind": "reversal",
                "terminal_id": original.terminal_id.id,
                "request_id": request_id,
                "amount": -original.charged_amount,
                "refund_of_id": original.id,
            }
        )
        return transaction.read_progress()

    def pos_sign(self, accepted):
        """The cashier has compared the customer's signature. One that is declined has the payment taken back.

        :param bool accepted: it is the one on the card
        :return: what `read_progress` returns: of this transaction, or of its reversal; or as `pos_start` while an
            earlier payment on the terminal has to be resolved first
        :raise UserError: where no signature is asked for, or the payment can't be taken back any more
        """
        self.ensure_one()
        self._check_may_run()
        transaction = self.sudo()
        if transaction.signature not in ("required", "declined"):
            raise refusal(self.env, "no_signature")
        progress = self.read_progress()
        if not accepted:
            # a reversal that failed may be asked for again
            request_id = f"declined-{self.order_id}-{len(transaction.refund_ids)}"
            progress = self.pos_reverse(transaction.pos_payment_uuid, request_id)
            if progress[0].get("waiting"):
                return progress
        values = {"signature": "accepted" if accepted else "declined"}
        transaction._compare_and_set(values, ("approved",), SQL("signature = 'required'"))
        transaction._tell()
        return self.read_progress() if accepted else progress

    # === SETTLE BY HAND === #

    @api.model
    def pos_settle(self, transaction_id, charged, reason, amount=None, reference=""):  # pylint: disable=too-many-positional-arguments
        """*Force done*, and its contrary: a manager says what the terminal's journal says (rule 13).

        :param int transaction_id: of unknown result
        :param bool charged: what the journal says
        :param str reason: why it had to be settled by hand
        :param float amount: what was charged, positive; the amount that was asked for where not given
        :param str reference: STAN or authorisation code from the journal
        :return: what `read_progress` returns
        :raise UserError: where it isn't unknown, wasn't looked up, or something is missing
        """
        self._check_may_run()
        self._pos_check_manager()
        transaction = self.browse(transaction_id)
        transaction.check_access("read")
        known = transaction.sudo()
        if known.state == "unknown" and not known._pos_was_looked_up():
            raise refusal(self.env, "last_result_first")
        if amount is None:
            amount = abs(known.amount)
        self._check_number(amount, known.currency_id)
        transaction._settle_by_hand(charged, reason, amount=amount, reference=reference)
        return transaction.read_progress()

    @api.model
    def pos_record_by_hand(self, payment_uuid, terminal_id, amount, reference, reason, request_id, cashier=""):  # pylint: disable=too-many-positional-arguments
        """NETS can't be reached, and the card was taken on the terminal by hand: a settlement that is flagged.

        :param str payment_uuid: of the line
        :param int terminal_id: where the card was taken
        :param float amount: what was charged, positive, at most what the line asks for
        :param str reference: STAN or authorisation code from the terminal's receipt
        :param str reason: why it had to be by hand
        :param str request_id, cashier: as for `pos_start`
        :return: what `read_progress` returns
        :raise UserError: where nothing was recorded, with the cause
        """
        self._check_may_run()
        if existing := self._find_request(request_id):
            return existing.read_progress()
        payment = self._pos_payment(payment_uuid)
        payment.pos_order_id._nets_lock()
        if known := payment._nets_transaction():
            return known.with_env(self.env).read_progress()
        self._pos_check_payment(payment, payment.amount)
        self._check_number(amount, payment.currency_id)
        terminal = self.env["nets.terminal"].browse(terminal_id)
        self._pos_check_terminal(payment, terminal)
        if payment.currency_id.compare_amounts(amount, payment.amount) > 0 or amount <= 0:
            raise refusal(self.env, "by_hand_amount", amount=payment.currency_id.format(payment.amount))
        if not (reference or "").strip() or not (reason or "").strip():
            raise refusal(self.env, "by_hand_reference")
        terminal = terminal.sudo()
        now = self._now().replace(microsecond=0)
        transaction = (
            self.sudo()
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            .create(
                {
                    **self._pos_reservation_values(payment, cashier),
                    **self._terminal_values(terminal),
                    "order_id": self._new_order_id(),
                    "request_id": request_id,
                    "user_id": self.env.uid,
                    "kind": "purchase",
                    "amount": payment.amount,
                    "state": "approved",
                    "reason": SETTLED_BY_HAND,
                    "charged_amount": payment.currency_id.round(amount),
                    "charge_date": fields.Date.context_today(self.with_context(tz=terminal.location_id.tz or "UTC")),
                    "settled_by_id": self.env.uid,
                    "settlement_reason": reason.strip(),
                    "settlement_reference": reference.strip(),
                    "recorded_at": now,
                    "to_book": True,
                    "next_booking_at": now,
                }
            )
        )
        # the terminal had something else meanwhile: its last result is asked for before the next payment
        terminal.last_result = False
        transaction.message_post(
            body=self.env._("Recorded by hand: %(reason)s", reason=reason), author_id=self.env.user.partner_id.id
        )
        transaction._book()
        return transaction.with_env(self.env).read_progress()

    # === THE MANAGER: CHARGES WITHOUT AN ORDER === #

    def action_pos_complete(self):
        """Finish the order of this charge, where it is fully paid and only the till didn't come to it.

        :raise UserError: where it isn't, with what to do
        """
        self.ensure_one()
        self._check_may_run()
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
                order=order.display_name,
                paid=order.currency_id.format(order.amount_paid),
                total=order.currency_id.format(order.amount_total),
            )
        order.with_company(order.company_id)._process_saved_order(False)
        order._send_order()
        order.config_id.notify_synchronisation(order.config_id.current_session_id.id, 0)
        return order.sudo(False)._get_records_action()

    def action_refund(self):
        self.ensure_one()
        if self.sudo()._pos_is_on_open_order() and self.env.user.has_group("point_of_sale.group_pos_manager"):
            self._check_may_run()
            self.sudo()._pos_take_off_order()
        return super().action_refund()

    def retry(self, request_id, terminal_id):
        self.ensure_one()
        if self.origin == "pos":
            self._check_may_run()
            raise refusal(self.env, "belongs_to_till")
        return super().retry(request_id, terminal_id)

    def _is_booked_alone(self):
        return super()._is_booked_alone() or (self.origin == "pos" and self.without_order)

    def _check_may_refund(self):
        if self.origin != "pos":
            return super()._check_may_refund()
        if not self.env.user.has_groups("point_of_sale.group_pos_manager,account.group_account_invoice"):
            raise refusal(self.env, "rights_refund", error=AccessError)
        return None

    def _pos_check_manager(self):
        if not self.env.user.has_group("point_of_sale.group_pos_manager"):
            raise refusal(self.env, "rights_till_manager", error=AccessError)

    def _pos_is_on_open_order(self):
        """Whether this charge is on an order that isn't paid yet."""
        return (
            self.origin == "pos"
            and self.state == "approved"
            and not self.without_order
            and self.pos_order_id.state in ("draft", False)
        )

    def _pos_take_off_order(self):
        """Book a charge as a payment of its own, instead of on an order that won't be paid with it.

        :raise UserError: where its order is paid, or it is being taken back
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
            note = self.with_company(self.company_id)._pos_book_without_order()
            self.booking_note = note
            self.pos_payment_id.unlink()
            if order:
                order._nets_remove_extra_lines(self)
        self._tell()

    def _pos_give_up_waiting(self):
        """A manager closes the session although this is unresolved: whatever comes of it, the order is free, and a
        charge becomes a payment of its own."""
        self.ensure_one()
        if self._compare_and_set({"without_order": True}, UNRESOLVED_STATES) or self._compare_and_set(
            {"without_order": True}, ("approved",), SQL("to_book")
        ):
            self._book()
            self._tell()

    def _pos_attach(self, order):
        """Put a charge that is booked as a payment of its own on an order that is still to be paid.

        :param order: pos.order
        :raise UserError: where that can't be, with the cause
        """
        self.ensure_one()
        order._nets_lock()
        self._lock_refundable()
        self._pos_check_attachable(order)
        payment = self.payment_id
        self.write({"payment_id": False, "without_order": False})
        if payment.state != "canceled":
            payment.action_cancel()
        line_uuid = str(uuid.uuid4())
        self.write(
            {
                "pos_order_uuid": order.uuid,
                "pos_order_id": order.id,
                "pos_session_id": order.session_id.id,
                "pos_config_id": order.config_id.id,
                "pos_payment_uuid": line_uuid,
                "pos_payment_id": False,
                "booking_note": False,
            }
        )
        self.pos_payment_id = self.env["pos.payment"].create({**self._pos_line_values(), "uuid": line_uuid})
        order._nets_add_extra_lines(self)
        self._tell()
        order.config_id.notify_synchronisation(order.config_id.current_session_id.id, 0)

    def _pos_check_attachable(self, order):
        currency = self.currency_id
        if (
            self.kind != "purchase"
            or self.state != "approved"
            or not self.without_order
            or self.to_book
            or currency.compare_amounts(self.amount_refundable, self.charged_amount) != 0
        ):
            raise refusal(self.env, "attach_not_possible")
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
        asked = currency.round(self.charged_amount - sum(self._pos_extra_amounts()))
        if currency.compare_amounts(asked, left) > 0:
            raise refusal(
                self.env,
                "attach_amount",
                left=currency.format(left),
                order=order.display_name,
                amount=currency.format(asked),
            )
        if self.payment_id.state != "canceled" and not self.payment_id._nets_is_cancellable():
            raise refusal(self.env, "payment_locked")

    # === CLOSING A SESSION === #

    def _pos_closing_rows(self, blocking=False):
        """What the closing of a session shows of these."""
        return [
            {
                "transaction_id": transaction.id,
                "payment_id": transaction.pos_payment_id.id,
                # an order that isn't paid has no name yet
                "order": transaction.pos_order_id.pos_reference or transaction.pos_order_id.display_name or "",
                "amount": transaction._format_amount(
                    transaction.charged_amount if transaction.state == "approved" else transaction.amount
                ),
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
        if self.state == "approved" and not self.to_book:
            return self.env._("Charged, but the order isn't paid.")
        return self._message().label
