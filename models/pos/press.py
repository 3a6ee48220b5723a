"""The presses of the till, and of the manager who corrects what a till couldn't."""

# A press is no model: what it overrides returns nothing.
# pylint: disable=missing-return

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError

from ...const import NOT_CHARGED_STATES
from ...messages import refusal
from ..account.press import GivesBack
from ..engine.press import Press


class _LinePress(Press):
    """Something for a payment line of an order that isn't finished. The line is found by its uuid, on the server: the
    amount is read here, and the till's only has to agree (rule 14)."""

    origin = "pos"

    def __init__(self, env, request_id, payment_uuid, terminal_id=False, cashier=""):
        """
        :param str payment_uuid: of the line
        :param str cashier: who is at the till, for the log
        """
        super().__init__(env, request_id, terminal_id)
        self.payment_uuid = payment_uuid
        self.cashier = cashier

    def check_rights(self):
        if not self.env.user.has_group("point_of_sale.group_pos_user"):
            raise refusal(self.env, "rights_till", error=AccessError)

    def is_repeated_by(self, transaction):
        return transaction.kind == self.kind and transaction.pos_payment_uuid == self.payment_uuid

    def to_lock(self):
        self.payment = self.env["nets.transaction"]._pos_payment(self.payment_uuid)
        self.order = self.payment.pos_order_id
        self.order.check_access("write")
        return [self.order, *super().to_lock()]

    def standing(self):
        return self.payment._nets_transaction()

    def check_document(self):
        order = self.order
        self.payment._nets_check_terminal_method()
        if order.state != "draft":
            raise refusal(self.env, "order_closed", order=order._nets_name())
        if order.session_id.state != "opened":
            raise refusal(self.env, "session_not_open")
        order.session_id._nets_keep_open()
        order._nets_check_resolved()
        self.company = order.company_id
        self.currency = order.currency_id
        self.partner = order.partner_id

    def _check_line(self):
        """Refuse a line that can't be charged.

        :raise UserError: with the cause in plain words
        """
        payment, currency = self.payment, self.currency
        if currency.compare_amounts(self.amount, payment.amount) != 0:
            raise refusal(self.env, "order_changed", amount=currency.format(payment.amount))
        if currency.is_zero(payment.amount):
            raise refusal(self.env, "amount_zero")
        # Rule 3: one debt, one charge.
        left = self.order._nets_left(payment)
        if currency.compare_amounts(abs(payment.amount), left if payment.amount > 0 else -left) > 0:
            raise refusal(
                self.env, "amount_above_order", left=currency.format(left), amount=currency.format(payment.amount)
            )
        self.env["nets.transaction"]._pos_check_terminal(payment, self.terminal)

    def values(self):
        order, payment = self.order, self.payment
        previous = self.env["nets.transaction"].sudo().search([("pos_payment_id", "=", payment.id)], limit=1)
        return {
            "pos_order_uuid": order.uuid,
            "pos_payment_uuid": payment.uuid,
            "pos_order_id": order.id,
            "pos_payment_id": payment.id,
            "pos_session_id": order.session_id.id,
            "pos_config_id": order.config_id.id,
            "pos_payment_method_id": payment.payment_method_id.id,
            "cashier_name": str(self.cashier or "")[:128] or self.env.user.name,
            "retry_of_id": previous.id if previous.state in NOT_CHARGED_STATES else False,
        }


class LinePayment(GivesBack, _LinePress):
    """*Card* at the till: charge a card, or give money back where the line's amount is negative."""

    def __init__(
        self, env, request_id, payment_uuid, terminal_id, amount, cashier="", reversal=False, refund_of_id=None
    ):
        """
        :param float amount: what the till shows, signed
        :param bool reversal: have the terminal reverse its last payment, instead of refunding a card
        :param int refund_of_id: the transaction to refund, where the refunded order was paid by several cards
        """
        super().__init__(env, request_id, payment_uuid, terminal_id, cashier)
        if not isinstance(amount, (int, float)):
            raise refusal(env, "amount_not_a_number")
        self.amount = amount
        self.refund_of_id = refund_of_id
        if amount < 0:
            self.kind = "reversal" if reversal else "refund"

    def is_repeated_by(self, transaction):
        return super().is_repeated_by(transaction) and (
            transaction.currency_id.compare_amounts(transaction.amount, self.amount) == 0
        )

    def to_lock(self):
        records = super().to_lock()
        self.candidates = self.env["nets.transaction"].sudo()
        if self.kind != "purchase":
            self.candidates = self.candidates._pos_charged_for(self.order, self.refund_of_id)
        return [*records, self.candidates]

    def wait(self):
        return self.env["nets.transaction"]._pos_wait_for_booking(self.order)

    def check_document(self):
        super().check_document()
        if self.kind != "purchase":
            self.refund_of = self.candidates._pos_original(self.payment)
        if self.kind == "reversal":
            self.refund_of._pos_check_take_back(-self.payment.amount)
            self.terminal = self.refund_of.terminal_id.with_env(self.env)

    def check_amount(self):
        self._check_line()


class KioskPayment(LinePayment):
    """A customer pays an order at a kiosk. Nobody is logged in, so nothing is taken from the kiosk but which order it
    is: the line and its amount are made here, after the lock."""

    # Rule 25: the kiosk's address says all that is needed to press, also from elsewhere.
    MOST_IN_A_MINUTE = 12
    MOST_OF_AN_ORDER = 10

    def __init__(self, env, request_id, order, method_id):
        """
        :param order: pos.order of a kiosk
        :param int method_id: of its payment methods
        """
        config = order.config_id
        methods = config.payment_method_ids.filtered(lambda method: method.id == method_id)
        super().__init__(env, request_id, "", methods._nets_kiosk_terminal(config).id, 0.0, config.display_name)
        self.order, self.method = order, methods

    def is_repeated_by(self, transaction):
        return transaction.kind == self.kind and transaction.pos_order_id == self.order

    def to_lock(self):
        self.order.check_access("write")
        return [self.order]

    def standing(self):
        # what runs for the order, or charged it, is what this press is told of, whoever asks for another
        return (self.order._nets_unresolved() or self.order._nets_charged())[:1]

    def wait(self):
        return None

    def check_document(self):
        if not self.method._nets_is_terminal():
            raise refusal(self.env, "method_not_nets", method=self.method.name or "–")
        if not self.terminal:
            raise refusal(self.env, "kiosk_terminal", method=self.method.name)
        if self.order.state != "draft":
            raise refusal(self.env, "order_closed", order=self.order._nets_name())
        self._check_few()
        self.payment = self.order._nets_kiosk_line(self.method)
        self.payment_uuid = self.payment.uuid
        super().check_document()
        self.amount = self.payment.amount
        if self.currency.compare_amounts(self.amount, 0) <= 0:
            raise refusal(self.env, "amount_zero")

    def _check_few(self):
        transactions = self.env["nets.transaction"].sudo()
        minute_ago = transactions._now() - timedelta(minutes=1)
        recent = [("pos_config_id", "=", self.order.config_id.id), ("create_date", ">", minute_ago)]
        of_order = [("pos_order_id", "=", self.order.id)]
        if (
            transactions.search_count(recent, limit=self.MOST_IN_A_MINUTE) >= self.MOST_IN_A_MINUTE
            or transactions.search_count(of_order, limit=self.MOST_OF_AN_ORDER) >= self.MOST_OF_AN_ORDER
        ):
            raise refusal(self.env, "kiosk_too_often")


class LineReversal(_LinePress):
    """The terminal reverses the payment of a line: the line becomes zero."""

    kind = "reversal"

    def to_lock(self):
        records = super().to_lock()
        self.refund_of = self.payment._nets_transaction()
        self.terminal = self.refund_of.terminal_id.with_env(self.env)
        self.cashier = self.cashier or self.refund_of.cashier_name
        return [*records, self.refund_of]

    def standing(self):
        return self.refund_of._pos_take_back()

    def check_document(self):
        super().check_document()
        if self.refund_of.kind != "purchase" or self.refund_of.state != "approved":
            raise refusal(self.env, "line_not_charged")
        self.amount = -self.refund_of.charged_amount
        self.refund_of._pos_check_take_back(-self.amount)


class _ByHand(_LinePress):
    """The card was taken on the terminal by hand: nothing is sent, and what a person says is recorded and flagged."""

    is_by_hand = True

    def __init__(self, env, request_id, payment_uuid, terminal_id, reference, reason, cashier=""):
        """
        :param str reference: STAN or authorisation code from the terminal's receipt
        :param str reason: why it had to be by hand
        """
        super().__init__(env, request_id, payment_uuid, terminal_id, cashier)
        self.reference = str(reference or "").strip()
        self.reason = env["nets.transaction"]._pos_reason(reason)

    def is_repeated_by(self, transaction):
        return super().is_repeated_by(transaction) and transaction.settlement_reference == self.reference

    def _charged_by_hand(self):
        return self.amount

    def check_rights(self):
        super().check_rights()
        if not self.env["nets.transaction"]._pos_may_record_by_hand():
            raise refusal(self.env, "rights_by_hand", error=AccessError)

    def check_amount(self):
        if not self.reference or not self.reason:
            raise refusal(self.env, "by_hand_reference")
        self.env["nets.transaction"]._check_reference(self.reference, self._charged_by_hand(), self.terminal)
        if self.env["nets.transaction"]._busy_on(self.terminal).state == "pending":
            raise refusal(self.env, "by_hand_busy", terminal=self.terminal.sudo().name)

    def values(self):
        terminal = self.terminal.sudo()
        zone = terminal.location_id.tz or "UTC"
        charge_date = fields.Datetime.context_timestamp(
            self.payment.with_context(tz=zone), self.payment.payment_date
        ).date()
        return {
            **super().values(),
            "charge_date": charge_date,
            "settled_by_id": self.env.uid,
            "settlement_reason": self.env["nets.transaction"]._pos_reason(self.reason, self.cashier),
            "settlement_reference": self.reference,
        }


class LineByHand(_ByHand):
    """At the till, while NETS can't be reached: the server knows that from an attempt with this line."""

    def __init__(
        self, env, request_id, payment_uuid, terminal_id, amount, reference, reason, cashier="", employee_id=False
    ):
        """
        :param float amount: what was charged, positive, at most what the line asks for
        :param int employee_id: who is at the till, where employees log in there
        """
        super().__init__(env, request_id, payment_uuid, terminal_id, reference, reason, cashier)
        self.charged = amount
        self.employee_id = employee_id

    def _charged_by_hand(self):
        return self.charged

    def check_document(self):
        super().check_document()
        self.cashier = self.order.config_id._nets_check_manager_at_till(self.employee_id) or self.cashier
        self.amount = self.payment.amount
        attempt = self.env["nets.transaction"].sudo().search([("pos_payment_id", "=", self.payment.id)], limit=1)
        if not attempt._pos_reached_nobody():
            raise refusal(self.env, "by_hand_not_down")

    def check_amount(self):
        self._check_line()
        self.env["nets.transaction"]._check_number(self.charged, self.currency)
        if self.currency.compare_amounts(self.charged, self.amount) > 0 or self.charged <= 0:
            raise refusal(self.env, "by_hand_amount", amount=self.currency.format(self.amount))
        super().check_amount()

    def values(self):
        return {**super().values(), "charged_amount": self.currency.round(self.charged)}


class PaidLineByHand(_ByHand):
    """A manager says where and when a card payment of a paid order was taken that no terminal charged. Nothing more is
    booked: the payment is, by its session."""

    def standing(self):
        return self.env["nets.transaction"]

    def check_document(self):
        self.payment._nets_check_without_charge()
        self.company = self.order.company_id
        self.currency = self.order.currency_id
        self.partner = self.order.partner_id
        self.amount = self.payment.amount
        self.kind = "purchase" if self.amount > 0 else "refund"

    def check_amount(self):
        self.env["nets.transaction"]._pos_check_terminal(self.payment, self.terminal)
        super().check_amount()

    def values(self):
        now = self.env["nets.transaction"]._now().replace(microsecond=0)
        return {**super().values(), "charged_amount": self.amount, "to_book": False, "booked_at": now}
