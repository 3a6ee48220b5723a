"""A Point of Sale, as its till talks to Odoo: orders are synced, a payment line is sent to the terminal, the order
is synced as paid, and the session is closed at the end of the day."""

import uuid
from dataclasses import dataclass, field

import synced

from stack import MODULE

from .desk import Refused


@dataclass
class Order:
    """One order with one product and one card payment over all of it, or the refund of such an order."""

    amount: int  # minor units, positive
    refunded: "Order | None" = None  # the paid order that this one gives back
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    line_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    payment_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))


class Till:
    """An open session of a Point of Sale that takes cards on all terminals."""

    def __init__(self, desk, admin):
        """Set up the Point of Sale and open its session.

        :param Desk desk: of an administrator
        :param OdooClient admin: the same, on the first server
        """
        self.desk = desk
        company = admin.ref(f"{MODULE}.demo_company")
        domain = [["type", "=", "bank"], ["company_id", "=", company]]
        [bank] = admin.call("account.journal", "search", domain, limit=1)
        self.method = admin.call(
            "pos.payment.method",
            "create",
            [
                {
                    "name": "Card",
                    "journal_id": bank,
                    "company_id": company,
                    "payment_method_type": "terminal",
                    "use_payment_terminal": "nets",
                }
            ],
        )[0]
        self.product = admin.call(
            "product.product",
            "create",
            [{"name": "Treatment", "available_in_pos": True, "list_price": 1, "taxes_id": [[6, 0, []]]}],
        )[0]
        self.config = admin.call(
            "pos.config",
            "create",
            [{"name": "Faults", "company_id": company, "payment_method_ids": [[6, 0, [self.method]]]}],
        )[0]
        admin.call("pos.config", "open_ui", [self.config])
        [values] = admin.call("pos.config", "read", [self.config], ["current_session_id"])
        self.session, self.company = values["current_session_id"][0], company
        admin.call("pos.session", "set_opening_control", [self.session], 0, "")
        self.user = admin.uid

    def sync(self, order, deadline, paid=False):
        """Send an order to the server, until it answers.

        :raise Refused: with words for a person
        """
        desk = self.desk.copy()
        quantity = -1 if order.refunded else 1
        price = order.amount / 100
        total = quantity * price
        values = {
            "uuid": order.uuid,
            "company_id": self.company,
            "user_id": self.user,
            "state": "paid" if paid else "draft",
            "amount_total": total,
            "amount_paid": total,
        }
        lines = payments = ()
        if not paid:
            lines = [synced.line_values(self.product, price, quantity, uuid=order.line_uuid)]
            payments = [synced.payment_values(self.method, total, uuid=order.payment_uuid, payment_status="pending")]
            if order.refunded:
                domain = [["uuid", "=", order.refunded.line_uuid]]
                [lines[0]["refunded_orderline_id"]] = desk.insist(deadline, "pos.order.line", "search", domain)
                values["is_refund"] = True
        values = synced.order_values(self.session, lines, payments, **values)
        desk.insist(deadline, "pos.order", "sync_from_ui", [values])

    def close(self, deadline):
        """Close the session: only now its payments become journal entries.

        :return: why that can't be, "" where it is done
        """
        desk = self.desk.copy()
        try:
            # nobody paid these
            domain = [["session_id", "=", self.session], ["state", "=", "draft"]]
            if unpaid := desk.insist(deadline, "pos.order", "search", domain):
                desk.insist(deadline, "pos.order", "action_pos_order_cancel", unpaid)
            desk.insist(deadline, "pos.session", "update_closing_control_state_session", [self.session], "")
            answer = desk.insist(deadline, "pos.session", "close_session_from_ui", [self.session])
        except Refused as refused:
            return str(refused)
        return "" if answer.get("successful") else str(answer)
