"""Transactions of the Point of Sale: from the till's payment line to the order."""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...const import NOT_CHARGED_STATES, UNRESOLVED_STATES
from ...messages import describe, describe_refusal, refusal
from ..account.press import Reversal
from ..engine.rows import NOW
from .press import LinePayment, LineReversal

# What a payment line shows of its transaction, besides the amount.
SHOWN_FIELDS = (
    "payment_status",
    "card_type",
    "card_brand",
    "card_no",
    "payment_method_authcode",
    "payment_ref_no",
    "transaction_id",
    "ticket",
)


class NetsTransaction(models.Model):
    """Transactions that pay lines of the Point of Sale: what the engine's hooks *book* and *tell* do for them.

    The link to the till's line and its order is set here when a press is reserved, and never changes: what a client
    can write, such as a uuid, proves nothing (rule 17). Only a manager puts a charge that belongs to no order on one.
    What the line says (amount, status, card) is the server's to decide, and is told by `_pos_line_values`, from which
    the guards of `pos.payment` take it, too.
    """

    _inherit = "nets.transaction"

    origin = fields.Selection(selection_add=[("pos", "Point of Sale")], ondelete={"pos": "set default"})
    pos_order_uuid = fields.Char(readonly=True, copy=False, index="btree_not_null")
    pos_payment_uuid = fields.Char(readonly=True, copy=False, index="btree_not_null")
    pos_order_id = fields.Many2one(
        "pos.order", "POS order", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    pos_payment_id = fields.Many2one(
        "pos.payment", "POS payment", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    pos_session_id = fields.Many2one(
        "pos.session", "POS session", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    pos_config_id = fields.Many2one(
        "pos.config", "Point of Sale", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    pos_payment_method_id = fields.Many2one(
        "pos.payment.method", "POS payment method", readonly=True, copy=False, ondelete="restrict"
    )
    # The order lines of what the terminal added to the amount.
    pos_tip_line_id = fields.Many2one("pos.order.line", "Tip on the order", readonly=True, copy=False)
    pos_surcharge_line_id = fields.Many2one("pos.order.line", "Surcharge on the order", readonly=True, copy=False)
    cashier_name = fields.Char("Cashier", readonly=True)
    without_order = fields.Boolean(
        readonly=True,
        copy=False,
        help="The card was charged, but no paid order accounts for it: it is booked as a separate payment.",
    )

    _unpaid_index = models.Index("(id DESC) WHERE state = 'approved' AND payment_id IS NULL AND pos_payment_id IS NULL")
    _till_index = models.Index("(id DESC) WHERE origin = 'pos'")
    # As Odoo writes the condition.
    _without_order_index = models.Index("(id DESC) WHERE without_order IS TRUE")

    # === START === #

    @api.model
    def pos_start(self, payment_uuid, terminal_id, amount, request_id, cashier="", reversal=False, refund_of_id=None):  # pylint: disable=too-many-positional-arguments
        """Charge a card for a payment line of the till, or give money back where its amount is negative.

        The order has to be synced before: the amount is read here, and the till's only has to agree.

        :param str payment_uuid: of the line
        :param int terminal_id: where
        :param float amount: signed, in the order's currency, major units
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :param str cashier: who is at the till, for the log
        :param bool reversal: have the terminal reverse its last payment, instead of refunding a card
        :param int refund_of_id: the transaction to refund, where the refunded order was paid by several cards
        :return: what `read_progress` returns: of the new transaction, or of one that the line has already; or, in a
            list, what it has to wait for: nothing was started then, and the client repeats the request
        :raise UserError: where nothing was sent, with the cause
        """
        return self._press_and_watch(
            LinePayment(self.env, request_id, payment_uuid, terminal_id, amount, cashier, reversal, refund_of_id)
        )

    @api.model
    def pos_progress(self, payment_uuids):
        """What became of the till's payment lines: asked on return, after a reload or on another till.

        :param list payment_uuids: of lines
        :return: {uuid: what `read_progress` returns of the one that matters}; lines without a transaction are left out
        """
        self._check_may_run()
        self._check_few(payment_uuids)
        found = self.search([("pos_payment_uuid", "in", payment_uuids)])
        found = found.sorted(lambda transaction: (transaction._pos_precedence(), transaction.id))
        shown = {transaction.pos_payment_uuid: transaction for transaction in found}
        for name, transaction in self._pos_of_lines(list(shown)).items():
            shown[name] = transaction._pos_take_back() or transaction
        progress = self.browse([transaction.id for transaction in shown.values()]).read_progress()
        return dict(zip(shown, progress, strict=True))

    @api.model
    def _pos_payment(self, payment_uuid):
        """The till's payment line on the server.

        :raise UserError: where it isn't there (yet)
        """
        payment = self.env["pos.payment"]
        if payment_uuid and isinstance(payment_uuid, str):
            payment = payment.search([("uuid", "=", payment_uuid)])
        if not payment:
            raise refusal(self.env, "order_not_on_server")
        return payment

    # === START: REFUSE WHAT CAN'T BE RIGHT === #

    @api.model
    def _pos_wait_for_booking(self, order):
        """What the next card of an order has to wait for: a charge that is booked in a moment.

        :return: as `_wait_for_terminal`; None where there is nothing to wait for, or accounting refused the booking
        """
        booking = order._nets_unresolved()
        if not booking or not all(charge._pos_is_being_booked() for charge in booking):
            return None
        message = booking[0]._pos_in_the_way()
        return self._waiting(message.label, message.explanation)

    def _pos_is_being_booked(self):
        return self.state == "approved" and self.to_book and not self.booking_error

    def _pos_check_terminal(self, payment, terminal):
        """:raise UserError: where the payment's method doesn't allow the terminal, with the cause"""
        if terminal not in payment.payment_method_id._nets_terminals(payment.pos_order_id.config_id):
            raise refusal(
                self.env, "terminal_not_of_method", terminal=terminal.sudo().name, method=payment.payment_method_id.name
            )

    @api.model
    def _pos_charged_for(self, order, transaction_id=None):
        """The card payments that money of a refund can go back to: of the order that it refunds, which a till says, in
        the same company and currency.

        :param order: the order of the refund
        :param int transaction_id: only this one
        :return: nets.transaction with all rights
        """
        order = order.sudo()
        domain = [
            ("pos_order_id", "in", order.refunded_order_id.ids),
            ("company_id", "=", order.company_id.id),
            ("currency_id", "=", order.currency_id.id),
            ("kind", "=", "purchase"),
            ("state", "=", "approved"),
            ("without_order", "=", False),
        ]
        if transaction_id:
            domain.append(("id", "=", transaction_id))
        return self.sudo().search(domain, order="id")

    def _pos_original(self, payment):
        """Which of these card payments a negative payment line gives back.

        :return: nets.transaction
        :raise UserError: where none has enough left
        """
        currency = payment.currency_id
        amount = -payment.amount
        fitting = self.filtered(lambda record: currency.compare_amounts(record.amount_refundable, amount) >= 0)
        # one card that was charged just this is more likely meant than a part of another
        original = fitting.sorted(lambda record: currency.compare_amounts(record.charged_amount, amount) != 0)[:1]
        if not original:
            left = self.filtered(lambda record: not currency.is_zero(record.amount_refundable))
            if not left:
                raise refusal(payment.env, "order_not_refundable")
            raise refusal(
                payment.env,
                "amount_above_cards",
                amount=currency.format(amount),
                cards=", ".join(f"{card._card_name()} {currency.format(card.amount_refundable)}" for card in left),
            )
        return original

    def _pos_check_take_back(self, amount):
        """:raise UserError: where the terminal can't reverse this payment any more"""
        if not self._is_last_of_terminals() or self.currency_id.compare_amounts(self.charged_amount, amount) != 0:
            raise refusal(self.env, "not_last_payment")

    # === WHAT THE LINE SAYS === #

    @api.model
    def _pos_of_lines(self, payment_uuids):
        """What stands for payment lines: the running one, else the one that charged it.

        :param payment_uuids: list of uuids
        :return: {uuid: nets.transaction with all rights}; a line that nothing runs on, and that nothing charged, isn't
            in it
        """
        candidates = self.sudo().search(
            [
                # by the link, and not by what it was called then
                ("pos_payment_id.uuid", "in", [name for name in payment_uuids if name]),
                ("state", "not in", NOT_CHARGED_STATES),
                ("without_order", "=", False),
            ]
        )
        # told by the one that it reverses
        candidates = candidates.filtered(lambda transaction: not transaction._pos_takes_back_line())
        candidates = candidates.sorted(lambda transaction: (transaction._pos_precedence(), -transaction.id))
        return {transaction.pos_payment_id.uuid: transaction for transaction in candidates}

    def _pos_precedence(self):
        """How much this one, of those of the same line, matters to the line, and to those who look at it. Several are
        there where one that was given up turned out to be charged: the line then belongs to the other one."""
        if self.state in UNRESOLVED_STATES:
            return 4
        if self.state in NOT_CHARGED_STATES:
            return 0
        if self.without_order:
            return 1
        return 3 if self.booked_at else 2

    def _pos_takes_back_line(self):
        """Whether this is the reversal of a line of the same order, and not a line of a refund."""
        return self.kind == "reversal" and self.pos_order_id == self.refund_of_id.pos_order_id

    def _pos_take_back(self):
        """The reversal of this line that is under way, or worked; mostly empty."""
        return self.refund_ids.filtered(
            lambda refund: refund.state not in NOT_CHARGED_STATES and refund._pos_takes_back_line()
        )[:1]

    def _pos_line_values(self):
        """What the payment line of this transaction has to say. Nobody else decides it (rule 14).

        :return: dict of values of pos.payment
        """
        self.ensure_one()
        # what isn't booked yet may be refused by accounting, and lacks what the terminal added
        charged = self.state == "approved" and not self.to_book
        take_back = self._pos_take_back()
        if not charged:
            amount = self.amount
            status = "waitingCancel" if self.state == "pending" and self.abort_requested_at else "waitingCard"
        elif take_back and not take_back._still_open():
            amount, status = 0.0, "reversed"
        else:
            amount, status = self.charged_amount, "reversing" if take_back else "done"
        return {
            "payment_method_id": self.pos_payment_method_id.id,
            "pos_order_id": self.pos_order_id.id,
            "amount": amount,
            "payment_status": status,
            "card_type": charged and self.card_brand,
            "card_brand": charged and self.card_brand,
            "card_no": charged and self.card_last_four,
            "payment_method_authcode": charged and self.authorisation_code,
            "payment_ref_no": charged and (self.stan or self.settlement_reference),
            "transaction_id": charged and self.order_id,
            "ticket": charged and self.customer_receipt,
        }

    def _pos_said_of_line(self):
        """What the line of this transaction has to say, regardless of which transaction stands for it by now.

        :return: dict of some values of pos.payment; nothing was charged where it is the status alone
        """
        if self.state in UNRESOLVED_STATES and not self.without_order and not self._pos_takes_back_line():
            return self._pos_line_values()  # it comes before all others
        name = self.pos_payment_id.uuid
        known = self._pos_of_lines([name]).get(name)
        return known._pos_line_values() if known else {"payment_status": "retry"}

    def _pos_paid(self, said):
        """What a till takes over of this charge without reading its order: what its line says is all that changed.

        :param dict said: of the line, as `_pos_said_of_line` returns it
        :return: as `Progress.paid`; nothing where the till has to read the order
        """
        order = self.pos_payment_id.pos_order_id
        is_charged = self.state == "approved" and said["payment_status"] == "done" and not self.without_order
        if not is_charged or self._pos_extra_lines() or order.state != "draft":
            return None
        payment = {name: said[name] for name in SHOWN_FIELDS}
        return {"payment": payment, "write_date": fields.Datetime.to_string(order.write_date)}

    def _pos_show_on_line(self):
        """Write status and card on the till's line, for tills that load the order without asking for the progress: the
        card of a payment that was settled by hand may become known when its order is long paid.

        Written directly: what is recorded here is money, and nothing that point of sale modules add may stop it.
        """
        for transaction in self.filtered(lambda record: record.pos_payment_id):
            said = transaction._pos_said_of_line()
            values = {name: said[name] or None for name in SHOWN_FIELDS if name in said}
            self.env["pos.payment"].flush_model(values)
            columns = SQL(", ").join(SQL.identifier(name) for name in values)
            shown = SQL(", ").join(SQL("%s", value) for value in values.values())
            self.env.cr.execute(
                SQL(
                    """UPDATE pos_payment SET (%(columns)s, write_date) = ROW(%(shown)s, %(now)s)
                        WHERE id = %(id)s AND ROW(%(columns)s) IS DISTINCT FROM ROW(%(shown)s)""",
                    columns=columns,
                    shown=shown,
                    now=NOW,
                    id=transaction.pos_payment_id.id,
                )
            )
            self.env["pos.payment"].invalidate_model(list(values), flush=False)

    # === RECORD === #

    # === BOOK === #

    def _pos_book(self):
        """Put the charge on the till's line, and what the terminal added on the order.

        Where the order can't take it any more, it becomes a separate payment: rule 12.
        """
        if self.kind == "reversal" and self._pos_takes_back_line():
            return self._pos_book_take_back()
        payment = self._pos_line_to_book_on()
        if not payment:
            return self._pos_book_without_order()
        order = payment.pos_order_id
        self.pos_session_id = payment.session_id
        # nothing to compare: what the charge says of its line is what the order keeps
        with order._nets_unguarded():
            payment.write(self._pos_line_values())
        order._nets_add_extra_lines(self)
        return None

    def _pos_line_to_book_on(self):
        """The line that can take this charge.

        :return: pos.payment, empty where its order was paid otherwise, cancelled, deleted, or its session is closed
        """
        payment = self.pos_payment_id
        order = payment.pos_order_id
        if order.state != "draft" or not order.session_id or order.session_id.state == "closed":
            return payment.browse()
        if self._pos_of_lines([payment.uuid]).get(payment.uuid) != self:
            # this one had been given up, and another one charges the line by now
            return payment.browse()
        # this one had been given up, and the customer paid in another way, or took less
        left = order._nets_left(payment)
        if self.currency_id.compare_amounts(abs(self.amount), left if self.amount > 0 else -left) > 0:
            return payment.browse()
        return payment

    def _pos_book_without_order(self):
        """A separate payment, on the journal of the payment method: rules 12 and 15."""
        if self.payment_id:
            # a deposit, received before: the payment is there already
            self._pos_release_deposit(self._pos_today())
        else:
            self._make_payment(self._pos_payment_values())
        self.without_order = True
        key = "booked_without_order" if self.kind == "purchase" else "given_back_without_order"
        return [{"key": key, "order": self.pos_order_id._nets_name() or ""}, *self._notes_on_booking()]

    def _pos_payment_values(self):
        """:return: dict of values of account.payment, for a charge that no order takes"""
        method = self.pos_payment_method_id
        payment_type = "inbound" if self.charged_amount > 0 else "outbound"
        # what a manager chose, where accounting refused the method's
        journal = self.journal_id or method.journal_id
        method_line = journal._nets_method_line(payment_type)
        if not method_line:
            method_line = journal._get_available_payment_method_lines(payment_type)[:1]
        order = self.pos_order_id._nets_name() or self.env._("without order")
        # what is given back stands where it was received
        received = self.refund_of_id.payment_id if self.kind == "reversal" else self.env["account.payment"]
        partner = received.partner_id or self._pos_customer()
        account = received._nets_counterpart_lines().account_id[:1] if received else self._pos_customer_account()
        return {
            "payment_type": payment_type,
            "partner_type": "customer",
            "partner_id": partner.id,
            "partner_bank_id": False,
            "journal_id": journal.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "payment_method_line_id": method_line.id,
            "destination_account_id": account.id,
            "force_outstanding_account_id": journal == method.journal_id and method.outstanding_account_id.id,
            "pos_payment_method_id": method.id,
            "pos_session_id": self.pos_session_id.id,
            "write_off_line_vals": [],
            "date": self.charge_date,
            "amount": abs(self.charged_amount),
            "memo": f"{method.name} · {order} · {self._payment_reference()}",
            "payment_reference": self.order_id,
        }

    def _pos_customer(self):
        """Whose charge this is: the order may have got its customer later."""
        return (self.partner_id or self.pos_order_id.partner_id).commercial_partner_id

    def _pos_today(self):
        """:return: date, where the terminal stands"""
        return fields.Date.context_today(self.with_context(tz=self.location_id.tz or "UTC"))

    def _pos_customer_account(self):
        """Where the credit of a charge without an order is booked: on the customer's own account, where the next
        invoice can be matched with it. Who isn't known has none."""
        if self.destination_account_id:
            return self.destination_account_id
        if partner := self._pos_customer().with_company(self.company_id):
            return partner.property_account_receivable_id
        method = self.pos_payment_method_id
        return method.receivable_account_id or self.company_id.account_default_pos_receivable_account_id

    def _pos_book_take_back(self):
        """Empty the line whose payment the terminal reversed, and take off the order what it had added."""
        original = self.refund_of_id
        if original.without_order:
            # taken off the order meanwhile
            self.without_order = True
            self._book_reversal(self._pos_payment_values())
            return self._notes_on_booking()
        payment = self.pos_payment_id
        order = payment.pos_order_id
        if order.state != "draft":
            return self._pos_book_without_order()
        payment.write(original._pos_line_values())
        order._nets_remove_extra_lines(original)
        if original._pos_is_deposit():
            original._pos_release_deposit(self.charge_date)
            self._book_reversal(self._pos_payment_values())
            return self._notes_on_booking()
        return None

    def _pos_extra_lines(self):
        """:return: the order lines that these charges added"""
        return self.pos_tip_line_id | self.pos_surcharge_line_id

    # === TELL === #

    def _pos_in_the_way(self):
        """:return: Message; why something can't be done with an order now, and what to do"""
        self.ensure_one()
        values = {
            "order": self.pos_order_id._nets_name(),
            "terminal": self.terminal_id.name,
            "amount": self.currency_id.format(abs(self._amount_now())),
        }
        if self.state == "approved":
            key = "order_charge_unbooked" if self.to_book else "order_charged"
        else:
            key = "order_result_unknown" if self.state == "unknown" else "order_card_running"
        return describe_refusal(self.env, key, kind=self.kind, **values)

    def _pos_unsigned(self):
        """:return: Message; why an order can't be completed whose customer has to sign, and what to do"""
        key = "order_signature_declined" if self.signature == "declined" else "order_unsigned"
        values = {"order": self.pos_order_id._nets_name(), "amount": self.currency_id.format(self.charged_amount)}
        return describe_refusal(self.env, key, **values)

    def _pos_is_misplaced(self):
        """Whether the card was charged, or given money back, and no order counts with it."""
        return self.state == "approved" and self.without_order and not self.to_book and not self._pos_takes_back_line()


class NetsOriginPos(models.AbstractModel):
    _name = "nets.origin.pos"
    _inherit = "nets.origin"
    _description = "Card payments and refunds of the Point of Sale"

    _stands_at_counter = True

    @api.model
    def _book(self, transaction):
        return transaction._pos_book()

    @api.model
    def _booked_as(self, transaction):
        return transaction.payment_id.display_name

    @api.model
    def _has_own_payment(self, transaction):
        # a deposit goes back where its order is: in the till
        return super()._has_own_payment(transaction) and not transaction._pos_is_deposit()

    @api.model
    def _money_items(self, transaction):
        """What a till took is in the payment that its session made when it closed: the one of this terminal and its
        session. Sessions that closed before there was one for each are found by what their payments' memo says."""
        if transaction.payment_id:
            return super()._money_items(transaction)
        if closing := transaction.pos_closing_payment_id:
            return closing._seek_for_lines()[0] if closing.move_id.state == "posted" else closing.move_id.line_ids[:0]
        payments = self.env["account.payment"].search(
            [
                ("pos_session_id", "=", transaction.pos_session_id.id),
                ("pos_session_id", "!=", False),
                ("pos_payment_method_id", "=", transaction.pos_payment_method_id.id),
                ("move_id.state", "=", "posted"),
            ]
        )
        if transaction.search_count([("pos_closing_payment_id", "in", payments.ids)], limit=1):
            # all of that session of the terminal went back before the closing
            return self.env["account.move.line"]
        reference = "/".join(filter(None, [transaction.terminal_identifier, transaction.session_number]))
        own = payments.filtered(lambda payment: reference in (payment.memo or ""))
        payment = (own or payments)[:1]
        return payment._seek_for_lines()[0] if payment else self.env["account.move.line"]

    @api.model
    def _tell(self, transaction, news):
        transaction._pos_show_on_line()
        transaction.pos_order_id._nets_kiosk_complete()
        config = transaction.pos_config_id
        # without one, giving it one would write on the configuration of open tills
        if config.access_token:
            config._notify("NETS_TRANSACTION", {**news, "payment_uuid": transaction.pos_payment_uuid})

    @api.model
    def _progress(self, transaction):
        said = transaction._pos_said_of_line()
        values = {
            "task": {"type": "till"},
            "payment_status": said["payment_status"],
            "payment_amount": said.get("amount", transaction.amount),
            "refundable": transaction.amount_refundable,
            "paid": transaction._pos_paid(said),
            "can_settle": transaction._was_looked_up(),
            "can_record_by_hand": transaction._pos_reached_nobody() and transaction._pos_may_record_by_hand(),
        }
        if transaction._pos_takes_back_line():
            values["abort"] = ""
        if transaction._pos_is_misplaced():
            values["look"] = "trouble"
        return values

    @api.model
    def _message(self, transaction, progress):
        if transaction._pos_is_misplaced():
            return describe(self.env, "without_order", kind=transaction.kind)
        return None

    @api.model
    def _found_by(self, text):
        orders = self.env["nets.transaction"]._named("pos.order", ["name", "pos_reference"], text)
        return [Domain("pos_order_id", "in", orders.ids)]

    @api.model
    def _documents(self, transactions):
        return {
            transaction: [transaction.sudo().pos_order_id._nets_name()]
            for transaction in transactions
            if transaction.sudo().pos_order_id
        }

    @api.model
    def _press_back(self, transaction, request_id):
        if transaction.without_order:
            return Reversal(self.env, request_id, transaction)
        return LineReversal(self.env, request_id, transaction.pos_payment_uuid)

    @api.model
    def _remove_receipts(self, transactions):
        payments = transactions.filtered(lambda transaction: transaction.state == "approved").pos_payment_id
        if not payments:
            return
        # written directly: the orders are long closed, and nothing but this changes
        self.env.cr.execute(
            SQL("UPDATE pos_payment SET ticket = NULL, card_no = NULL WHERE id IN %s", tuple(payments.ids))
        )
        payments.invalidate_recordset(["ticket", "card_no"], flush=False)

    @api.model
    def _check_may_change(self, transaction):
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise refusal(self.env, "rights_till", error=AccessError)
        transaction.sudo().pos_order_id.sudo(False).check_access("write")

    @api.model
    def _check_may_give_back(self, transaction):
        if transaction.sudo().state == "approved" and not transaction._has_own_payment():
            raise refusal(self.env, "payment_of_till")
        if not self.env.user.has_groups("point_of_sale.group_pos_manager,account.group_account_invoice"):
            raise refusal(self.env, "rights_refund", error=AccessError)

    @api.model
    def _press_again(self, transaction, request_id, terminal_id):
        raise refusal(self.env, "belongs_to_till")
