"""What the tests of the Point of Sale share: a shop with a cash box, a terminal, and a cashier who syncs as a till."""

import uuid

from odoo import Command
from odoo.tests import new_test_user

from ..common import CardPaymentCommon
from . import synced


class PosCardCommon(CardPaymentCommon):
    """A shop in US dollars. The till is played: what it would sync is sent as it would send it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("point_of_sale.group_pos_manager")
        cls.cashier = cls._new_pos_user("nets_cashier", "point_of_sale.group_pos_user")
        cls.pos_manager = cls._new_pos_user("nets_pos_manager", "point_of_sale.group_pos_manager")
        cls.cash_method = cls.env["pos.payment.method"].create(
            {"name": "Cash", "journal_id": cls.company_data["default_journal_cash"].id}
        )
        cls.card_method = cls.env["pos.payment.method"].create(
            {
                "name": "Card",
                "journal_id": cls.bank_journal.id,
                "outstanding_account_id": cls.outstanding.id,
                "payment_method_type": "terminal",
                "use_payment_terminal": "nets",
            }
        )
        cls.config = cls.env["pos.config"].create(
            {
                "name": "Shop",
                "payment_method_ids": [Command.set((cls.cash_method | cls.card_method).ids)],
                "iface_tipproduct": True,
            }
        )
        cls.pos_receivable = cls.company.account_default_pos_receivable_account_id
        cls.product = cls.env["product.product"].create(
            {"name": "Splint", "available_in_pos": True, "list_price": 100, "taxes_id": [Command.clear()]}
        )
        cls.session = cls.open_session()

    @classmethod
    def _new_pos_user(cls, login, groups):
        return new_test_user(
            cls.env, login=login, groups=groups, company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)]
        )

    @classmethod
    def open_session(cls, config=None):
        config = config or cls.config
        config.with_user(cls.cashier).open_ui()
        session = config.current_session_id
        session.set_opening_control(0, "")
        return session

    # --- what a till does --- #

    def sync(self, values, user=None):
        """What the till sends, and what the server says to it.

        :return: pos.order, with all rights
        """
        orders = self.env["pos.order"].with_user(user or self.cashier).with_company(self.company)
        orders.sync_from_ui([dict(values)])
        return self.engine["pos.order"].search([("uuid", "=", values["uuid"])])

    def order_values(self, *payments, total=100.0, session=None, **values):
        """An order as the till sends it.

        :param payments: (payment method, amount)
        """
        values = {"company_id": self.company.id, "user_id": self.cashier.id, "amount_total": total, **values}
        return synced.order_values(
            (session or self.session).id,
            [self.line_values(total)],
            [self.payment_values(*payment) for payment in payments],
            **values,
        )

    def line_values(self, price, **values):
        return synced.line_values(self.product.id, price, **values)

    def payment_values(self, method, amount, **values):
        values = {"payment_status": "pending" if method == self.card_method else False, **values}
        return synced.payment_values(method.id, amount, **values)

    def card_order(self, amount=100.0, **values):
        """A draft order with one card line over its whole amount, synced."""
        return self.sync(self.order_values((self.card_method, amount), total=amount, **values))

    def stale(self, order, *payments, **values):
        """What a till sends of an order that it knows already.

        :param payments: (pos.payment, values that the till believes)
        """
        known = order.lines.filtered(lambda line: line.product_id == self.product)
        values = {
            "uuid": order.uuid,
            "access_token": order.access_token,
            # without what the terminal added: the till hasn't loaded that yet
            "amount_total": sum(known.mapped("price_subtotal_incl")),
            "payment_ids": [Command.update(payment.id, believed) for payment, believed in payments],
            "is_tipped": False,
            "tip_amount": 0,
            **values,
        }
        return synced.order_values(self.session.id, **values)

    def validate(self, order, user=None, **values):
        """The till validates the order."""
        return self.sync(self.stale(order, state="paid", **values), user=user)

    def start_pos(self, payment, amount=None, terminal=None, user=None, request_id=None, **values):
        """The till sends a payment line to the terminal.

        :return: the transaction, as the engine's threads see it
        """
        progress = (
            self.env["nets.transaction"]
            .with_user(user or self.cashier)
            .pos_start(
                payment.uuid,
                (terminal or self.terminal).id,
                payment.amount if amount is None else amount,
                request_id or str(uuid.uuid4()),
                **values,
            )
        )
        self.assertEqual(len(progress), 1)
        return self.engine["nets.transaction"].browse(progress[0]["id"])

    # The helpers of the engine's tests (`send`, `charge`, `lose`) take a payment line as well as an invoice.
    def start(self, record, *args, **kwargs):
        if record._name == "pos.payment":
            return self.start_pos(record, *args, **kwargs)
        return super().start(record, *args, **kwargs)

    def progress(self, *payments):
        uuids = [payment.uuid for payment in payments]
        return self.env["nets.transaction"].with_user(self.cashier).pos_progress(uuids)

    def close(self, session=None, user=None):
        """Count the cash and close the session, as the till does."""
        session = (session or self.session).with_user(user or self.cashier)
        if session.cash_control:
            result = session.post_closing_cash_details(session.cash_register_balance_end)
            if not result["successful"]:
                return result
        session.update_closing_control_state_session("")
        return session.close_session_from_ui()
