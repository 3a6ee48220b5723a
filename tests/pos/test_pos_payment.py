"""Paying on the till: from the payment line to the order, and what the till asks in between."""

import uuid

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import approved, declined
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosPayment(PosCardCommon):
    def test_a_card_pays_an_order(self):
        order = self.card_order()
        payment = order.payment_ids
        transaction = self.send(payment, cashier="Kari")
        self.assertRecordValues(
            transaction,
            [
                {
                    "origin": "pos",
                    "kind": "purchase",
                    "state": "pending",
                    "amount": 100,
                    "pos_order_id": order.id,
                    "pos_payment_id": payment.id,
                    "pos_session_id": self.session.id,
                    "pos_config_id": self.config.id,
                    "pos_payment_method_id": self.card_method.id,
                    "cashier_name": "Kari",
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertEqual(payment.payment_status, "waitingCard")
        transaction._record_answer(approved(10000))
        self.assertEqual(payment.payment_status, "waitingCard", "not before it is booked")
        transaction._book()
        self.assertRecordValues(
            payment,
            [
                {
                    "amount": 100,
                    "payment_status": "done",
                    "card_brand": "Visa",
                    "card_no": "1234",
                    "payment_method_authcode": "A00101",
                    "payment_ref_no": "000101",
                    "transaction_id": transaction.order_id,
                    "ticket": "CUSTOMER",
                }
            ],
        )
        self.assertTrue(transaction.booked_at)
        self.assertFalse(transaction.payment_id, "the session's closing makes the entry")
        self.validate(order)
        self.assertEqual(order.state, "paid")

    def test_an_order_at_the_counter_waits_for_no_invoice(self):
        transaction = self.send(self.card_order().payment_ids)
        transaction._record_answer(approved(10000))
        self.assertFalse(self.book_as_a_thread_does(transaction))
        self.assertTrue(transaction.booked_at)
        self.assertEqual(transaction.pos_payment_id.payment_status, "done")

    def test_what_odoo_keeps_of_its_orders_stays(self):
        """Odoo's own closing, for example, goes through new orders as they were made."""
        first, second = self.card_order(), self.card_order()
        self.session.invalidate_recordset(["order_ids"])
        kept = self.session.order_ids
        self.env.flush_all()
        (first | second)._nets_lock()
        with self.assertQueryCount(0):
            self.assertEqual(self.session.order_ids, kept)

    def test_an_order_that_no_card_can_pay_is_left_alone(self):
        order = self.card_order()
        self.assertTrue(self.is_locked(order))
        self.session.state = "closed"
        self.config.payment_method_ids -= self.card_method
        self.assertTrue(self.is_locked(order), "it has a line for a card from before")
        order.payment_ids.unlink()
        self.assertFalse(self.is_locked(order))

    def is_locked(self, order):
        """Whether its lock changes the row: then whoever has an older view of it is refused."""
        before = self.version_of(order)
        order._nets_lock()
        return self.version_of(order) != before

    def version_of(self, record):
        """Where the database keeps this version of a row."""
        self.env.flush_all()
        self.env.cr.execute(SQL("SELECT ctid::text FROM %s WHERE id = %s", SQL.identifier(record._table), record.id))
        return self.env.cr.fetchone()

    def test_the_log_finds_it_by_what_its_order_is_called(self):
        order, other = self.card_order(), self.card_order()
        transaction = self.charge(order.payment_ids)
        self.charge(other.payment_ids, outcome=approved(10000, number=102))
        self.validate(order)
        for text in (transaction.document, order.pos_reference, order.name):
            found = self.env["nets.transaction"].search([("found_by", "ilike", text)])
            self.assertEqual(found & (transaction | other.payment_ids._nets_transaction()), transaction, text)

    def test_the_till_asks_for_its_lines(self):
        order = self.card_order()
        payment = order.payment_ids
        self.assertEqual(self.progress(payment), {})
        failed = self.charge(payment, outcome=declined())
        self.assertEqual(payment.payment_status, "retry")
        self.assertEqual(self.progress(payment)[payment.uuid]["id"], failed.id)
        running = self.send(payment)
        self.assertEqual(running.retry_of_id, failed)
        self.assertEqual(self.progress(payment)[payment.uuid]["state"], "pending")
        running._record_answer(approved(10000))
        running._book()
        progress = self.progress(payment)[payment.uuid]
        self.assertEqual(
            {name: progress[name] for name in ("id", "state", "payment_status", "payment_amount", "finished")},
            {
                "id": running.id,
                "state": "approved",
                "payment_status": "done",
                "payment_amount": 100,
                "finished": True,
            },
        )

    def test_a_line_that_runs_or_is_paid_is_not_sent_again(self):
        payment = self.card_order().payment_ids
        transaction = self.send(payment)
        self.assertEqual(self.start(payment, terminal=self.terminal_2), transaction)
        transaction._record_answer(approved(10000))
        self.assertEqual(self.start(payment), transaction)
        transaction._book()
        self.assertEqual(self.start(payment), transaction)

    def test_the_amount_has_to_agree(self):
        payment = self.card_order().payment_ids
        with self.assertRaisesRegex(UserError, "The order changed"):
            self.start(payment, 99)
        with self.assertRaisesRegex(UserError, "isn't on the server yet"):
            self.env["nets.transaction"].with_user(self.cashier).pos_start(
                str(uuid.uuid4()), self.terminal.id, 100, str(uuid.uuid4())
            )

    def test_not_more_than_is_left_to_pay(self):
        values = self.order_values((self.cash_method, 60), (self.card_method, 60))
        order = self.sync(values)
        card = order.payment_ids.filtered(lambda line: line.payment_method_id == self.card_method)
        with self.assertRaisesRegex(UserError, "Only .*40.00.* is left to pay"):
            self.start(card)

    def test_the_next_card_waits_until_the_one_before_is_booked(self):
        order = self.sync(self.order_values((self.card_method, 60)))
        first = self.send(order.payment_ids)
        first._record_answer(approved(6000))
        line = Command.create(self.payment_values(self.card_method, 40))
        self.sync(self.stale(order, payment_ids=[line]))
        second = order.payment_ids - first.pos_payment_id
        press = (second.uuid, self.terminal.id, 40, "press-of-the-second")
        [answer] = self.env["nets.transaction"].with_user(self.cashier).pos_start(*press)
        self.assertTrue(answer["waiting"])
        self.assertIn("isn't booked yet", answer["explanation"])
        first._book()
        [answer] = self.env["nets.transaction"].with_user(self.cashier).pos_start(*press)
        self.assertEqual(answer["state"], "pending")
        self.assertEqual(self.engine["nets.transaction"].browse(answer["id"]).pos_payment_uuid, second.uuid)

    def test_money_from_a_card_is_no_change(self):
        order = self.sync(self.order_values((self.card_method, 100)))
        self.charge(order.payment_ids)
        product = order.lines
        with self.assertRaisesRegex(UserError, "total can't become"), self.env.cr.savepoint():
            self.validate(
                order, lines=[Command.update(product.id, self.line_values(70))], amount_total=70, amount_return=-30
            )
        self.validate(order)
        self.assertEqual(order.state, "paid")

    def test_the_till_loads_its_terminals(self):
        data = self.session.with_user(self.cashier).load_data(["pos.config", "pos.payment.method", "nets.terminal"])
        self.assertEqual({row["id"] for row in data["nets.terminal"]}, {self.terminal.id, self.terminal_2.id})
        self.assertEqual(
            set(data["nets.terminal"][0]), {"id", "name", "identifier", "type", "environment", "currency_id"}
        )
        self.card_method.nets_terminal_ids = self.terminal_2
        data = self.session.with_user(self.cashier).load_data(["pos.config", "pos.payment.method", "nets.terminal"])
        self.assertEqual([row["id"] for row in data["nets.terminal"]], self.terminal_2.ids)
        with self.assertRaisesRegex(UserError, "isn't among those of the payment method"):
            self.start(self.card_order().payment_ids, terminal=self.terminal)

    def test_a_till_that_asks_for_what_is_new_gets_all_its_terminals(self):
        """One that the method has since may be older than what the till has loaded."""
        session = self.session.with_user(self.cashier).with_context(pos_last_server_date="2199-01-01 00:00:00")
        data = session.load_data(["pos.config", "pos.payment.method", "nets.terminal"])
        self.assertFalse(data["pos.payment.method"], "what the till has is up to date")
        self.assertEqual({row["id"] for row in data["nets.terminal"]}, {self.terminal.id, self.terminal_2.id})

    def test_tip_and_surcharge_become_lines(self):
        order = self.card_order()
        transaction = self.charge(order.payment_ids, outcome=approved(11250, tip_amount=1000, surcharge_amount=250))
        self.assertEqual((transaction.tip_amount, transaction.surcharge_amount), (10, 2.5))
        self.assertRecordValues(
            order,
            [{"amount_total": 112.5, "amount_paid": 112.5, "is_tipped": True, "tip_amount": 10, "amount_return": 0}],
        )
        extra = order.lines.filtered(lambda line: line.product_id != self.product)
        self.assertEqual(
            {line.product_id: line.price_subtotal_incl for line in extra},
            {self.config.tip_product_id: 10, self.env.ref("nets_connect_cloud.product_surcharge"): 2.5},
        )
        self.validate(order)
        self.assertRecordValues(order, [{"state": "paid", "amount_total": 112.5, "amount_paid": 112.5}])

    def test_two_cards_and_cash(self):
        order = self.sync(self.order_values((self.card_method, 30), (self.card_method, 50), (self.cash_method, 20)))
        cards = order.payment_ids.filtered(lambda line: line.payment_method_id == self.card_method)
        self.charge(cards[0])
        self.charge(cards[1], outcome=approved(self.minor_of(cards[1]), number=102))
        self.validate(order)
        self.assertEqual(order.state, "paid")

    def minor_of(self, payment):
        return round(payment.amount * 100)
