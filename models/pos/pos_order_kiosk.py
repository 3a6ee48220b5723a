import logging

import psycopg2

from odoo import models

from ...const import NOT_CHARGED_STATES
from ...messages import describe_to_visitor
from .press import KioskPayment

_logger = logging.getLogger(__name__)


class PosOrder(models.Model):
    """Orders of kiosks: the server makes the payment line, and completes the order, since nobody stands at a till."""

    _inherit = "pos.order"

    # === WHAT A VISITOR MAY DO === #

    def _nets_kiosk_pay(self, method_id, request_id):
        """Charge a card for what this order comes to.

        :param int method_id: of the kiosk's payment methods
        :param str request_id: made by the kiosk, new for each press; a repeat returns the first one's transaction
        :return: as `_nets_kiosk_progress`; or what it has to wait for: nothing was started then, and the kiosk repeats
            the request
        :raise UserError: where nothing was sent, with the cause
        """
        press = KioskPayment(self.env, request_id, self, method_id)
        transaction, waiting = self.env["nets.transaction"]._press(press)
        if waiting:
            return {"waiting": True, **self._nets_kiosk_words("waiting")}
        return self._nets_kiosk_progress(transaction)

    def _nets_kiosk_abort(self):
        """Ask the terminal to stop. A wish, as everywhere (rule 11).

        :return: as `_nets_kiosk_progress`
        """
        running = self._nets_kiosk_transaction()
        if running.state == "pending":
            running.abort()
        return self._nets_kiosk_progress(running)

    def _nets_kiosk_progress(self, transaction=None):
        """What the kiosk shows: little of `Progress`, in words for the customer.

        :param transaction: the one to tell of, the one that matters to this order where not given
        :return: dict of plain values: `label` and `explanation` in the kiosk's language; `look` as in `Progress`;
            `paid`: the order is complete; `finished`: nothing moves any more; `charged`: a card was, or may have been;
            `can_abort`, `can_retry` and `retry_wait` (seconds). None where nothing was started
        """
        self.ensure_one()
        transaction = transaction or self._nets_kiosk_transaction()
        if not transaction:
            return None
        [progress] = transaction.read_progress()
        is_paid = self.state not in ("draft", "cancel")
        is_charged = progress["state"] not in NOT_CHARGED_STATES
        words = "misplaced" if is_charged and progress["look"] == "trouble" else progress["look"]
        if words == "approved" and not is_paid:
            words = "running" if not progress["finished"] else "unbooked"
        return {
            "waiting": False,
            "look": progress["look"],
            "paid": is_paid,
            "finished": progress["finished"],
            "charged": is_charged,
            "can_abort": progress["abort"] == "possible",
            "can_retry": progress["can_retry"] and self.state == "draft",
            "retry_wait": progress["retry_wait"],
            **self._nets_kiosk_words(words),
        }

    def _nets_kiosk_words(self, key):
        message = describe_to_visitor(self.env, key)
        return {"label": message.label, "explanation": message.explanation}

    def _nets_kiosk_transaction(self):
        """The card transaction that matters to this order: the one that runs or charged it, else the newest."""
        transactions = self.env["nets.transaction"].search([("pos_order_id", "=", self.id)], order="id")
        return transactions.sorted(lambda transaction: (transaction.sudo()._pos_precedence(), transaction.id))[-1:]

    # === WHAT THE SERVER DOES === #

    def _nets_kiosk_line(self, method):
        """The payment line that a card is charged for: of an attempt before, or a new one.

        :param method: pos.payment.method
        :return: pos.payment with what is to be paid
        """
        open_lines = self.payment_ids.filtered(
            lambda line: line.payment_method_id._nets_is_terminal() and not line._nets_is_paid()
        )
        line = open_lines.filtered(lambda line: line.payment_method_id == method)[:1]
        # of another method that was tried first
        (open_lines - line).unlink()
        worth = self._nets_worth()
        # as Odoo rounds it where it rounds for cards, too
        taken = self._nets_due() - self._nets_left(line)
        amount = self.currency_id.round(self._get_rounded_amount(worth) - taken)
        if not line:
            values = {"pos_order_id": self.id, "payment_method_id": method.id, "amount": amount}
            return line.create({**values, "payment_status": "pending"})
        if self.currency_id.compare_amounts(line.amount, amount) != 0:
            line.write({"amount": amount})
        return line

    def _nets_kiosk_complete(self):
        """Complete an order of a kiosk as soon as it is paid, whether or not its page is still open.

        What can't be completed stays on the list of who closes the session, with its charge.
        """
        if not self or self.state != "draft" or self.source != "kiosk":
            return
        charged = self._nets_charged_unpaid()
        if not charged or self._nets_unresolved() or any(charged.mapped("signature_open")):
            return
        order = self.with_company(self.company_id)
        try:
            with self.env.cr.savepoint():
                order.amount_paid = order._compute_amount_paid()
                if not order._is_pos_order_paid():
                    return
                order._process_saved_order(False)
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # a serialization failure: whoever came here repeats it
        except Exception:  # what is installed beside it may refuse in any way, and the charge is booked
            self.env.invalidate_all()
            _logger.warning("The order %s of a kiosk is paid, but can't be completed", order.name, exc_info=True)
            return
        order._send_order()
        order.config_id.notify_synchronisation(order.config_id.current_session_id.id, 0)
