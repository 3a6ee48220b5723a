"""Cards at a kiosk of `pos_self_order`: a visitor whom nobody knows, a terminal beside it, and the same rules."""

import json
import uuid

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from ...connect_cloud import Card
from ..common import approved, declined, lost
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosKiosk(PosCardCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "self_ordering_mode" not in cls.env["pos.config"]._fields:
            cls.skipTest(cls, "pos_self_order isn't installed")
        cls.card_method.nets_default_terminal_id = cls.terminal
        cls.kiosk = cls.env["pos.config"].create(
            {
                "name": "Kiosk",
                "payment_method_ids": [Command.set(cls.card_method.ids)],
                "self_ordering_mode": "kiosk",
                "self_ordering_default_user_id": cls.cashier.id,
                "use_presets": False,
            }
        )
        cls.kiosk_session = cls.open_session(cls.kiosk)
        cls.kiosk._ensure_access_token()

    def test_its_page_loads_our_files_after_the_loader(self):
        """Not so from a manifest: the page would stay empty."""
        assets = self.env["ir.asset"]._get_asset_paths("pos_self_order.assets", {})
        files = [file[0].lstrip("/") for file in assets]
        ours = [index for index, file in enumerate(files) if file.startswith("nets_connect_cloud/")]
        self.assertIn("nets_connect_cloud/static/src/pos/kiosk/kiosk_card.js", files)
        self.assertLess(files.index("web/static/src/module_loader.js"), ours[0])

    # --- what a visitor does --- #

    def rpc(self, path, **params):
        """What the kiosk's page asks; the answer, or the error as Odoo sends it."""
        response = self.url_open(
            path,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        if "error" in response:
            return response["error"]["data"]
        return response["result"]

    def make_order(self, total=100.0):
        """The visitor's order, as the kiosk sends it before it asks for a card."""
        values = self.order_values(total=total, session=self.kiosk_session)
        answer = self.rpc(
            "/pos-self-order/process-order/kiosk",
            order={**values, "config_id": self.kiosk.id, "preset_id": False},
            access_token=self.kiosk.access_token,
            table_identifier=None,
        )
        return self.engine["pos.order"].browse(answer["pos.order"][0]["id"])

    def ask(self, what, order, access_token=None, **values):
        """:return: what the kiosk is answered"""
        tokens = {"access_token": access_token or self.kiosk.access_token, "order_access_token": order.access_token}
        answer = self.rpc(f"/nets_connect_cloud/kiosk/{what}", **tokens, **values)
        self.env.invalidate_all()
        return answer[0] if isinstance(answer, list) else answer

    def pay(self, order, request_id=None, method=None):
        values = {"payment_method_id": (method or self.card_method).id, "request_id": request_id or str(uuid.uuid4())}
        return self.ask("pay", order, **values)

    def transaction(self, order):
        return self.engine["nets.transaction"].search([("pos_order_id", "=", order.id)], limit=1)

    def answer(self, order, outcome):
        """The terminal answers."""
        transaction = self.transaction(order)
        self.assertTrue(transaction._claim("thread-1"))
        transaction._record_answer(outcome)
        if transaction.to_book:
            transaction._book()
        return transaction

    # --- paid --- #

    def test_a_card_is_a_way_of_payment_at_a_kiosk_and_terminals_are_not_told(self):
        data = self.rpc(f"/pos-self/data/{self.kiosk.id}", access_token=self.kiosk.access_token)
        methods = data["pos.payment.method"]
        self.assertEqual([method["id"] for method in methods], self.card_method.ids)
        self.assertFalse([name for name in methods[0] if name.startswith("nets_")])
        self.assertNotIn("nets.terminal", data)

    def test_a_customer_pays_and_the_server_completes_the_order(self):
        order = self.make_order()
        self.assertEqual(self.pay(order)["look"], "running")
        transaction = self.answer(order, approved(10000))
        self.assertEqual(order.state, "paid")
        self.assertEqual((order.payment_ids.amount, order.payment_ids.payment_status), (100, "done"))
        self.assertEqual(transaction.pos_payment_id, order.payment_ids)
        answer = self.ask("progress", order)
        self.assertTrue(answer["paid"] and answer["finished"])
        self.assertEqual(answer["order"]["pos.order"][0]["state"], "paid")
        self.close(self.kiosk_session)
        self.assertEqual(self.kiosk_session.state, "closed")

    def test_what_the_customer_adds_on_the_terminal_is_on_the_order(self):
        order = self.make_order()
        self.pay(order)
        self.answer(order, approved(11000, tip_amount=1000))
        self.assertEqual((order.state, order.amount_total, order.amount_paid), ("paid", 110, 110))

    def test_a_second_press_and_a_repeat_are_the_same_payment(self):
        order, request_id = self.make_order(), str(uuid.uuid4())
        for name in (request_id, request_id, None):
            self.assertEqual(self.pay(order, name)["look"], "running")
        self.assertEqual(self.engine["nets.transaction"].search_count([("pos_order_id", "=", order.id)]), 1)
        self.answer(order, approved(10000))
        self.assertTrue(self.pay(order)["paid"])
        self.assertEqual(len(order.payment_ids), 1)

    # --- not paid --- #

    def test_declined_and_tried_again_on_the_same_line(self):
        order = self.make_order()
        self.pay(order)
        self.answer(order, declined())
        answer = self.ask("progress", order)
        self.assertTrue(answer["finished"] and answer["can_retry"])
        self.assertFalse(answer["charged"] or answer["paid"])
        self.pay(order)
        self.answer(order, approved(10000))
        self.assertEqual((order.state, len(order.payment_ids)), ("paid", 1))

    def test_cancelled_by_the_customer_on_the_screen(self):
        order = self.make_order()
        self.pay(order)
        # before a thread took it: nothing was sent
        answer = self.ask("abort", order)
        self.assertEqual((answer["look"], answer["charged"]), ("aborted", False))
        self.assertEqual(order.state, "draft")

    def test_the_next_customer_waits_for_the_terminal(self):
        first, second = self.make_order(), self.make_order(45)
        self.pay(first)
        self.answer(first, lost())
        answer = self.pay(second)
        self.assertTrue(answer["waiting"])
        self.assertFalse(self.transaction(second))

    # --- nobody is there any more --- #

    def test_unknown_ties_the_order_and_a_later_proof_completes_it(self):
        order = self.make_order()
        self.pay(order)
        transaction = self.answer(order, lost())
        answer = self.ask("progress", order)
        self.assertEqual((answer["look"], answer["charged"]), ("unknown", True))
        removed = self.rpc(
            "/pos-self-order/remove-order",
            access_token=self.kiosk.access_token,
            order_id=order.id,
            order_access_token=order.access_token,
        )
        self.assertIn("isn't known yet", removed["message"])
        with self.assertRaisesRegex(UserError, "isn't known yet"):
            self.kiosk.with_user(self.cashier).action_close_kiosk_session()
        transaction._record_answer(approved(10000))
        transaction._book()
        self.assertEqual(order.state, "paid")

    def test_what_asks_for_a_signature_is_completed_once_it_is_accepted(self):
        order = self.make_order()
        self.pay(order)
        card = Card(brand="Visa", truncated_pan="*1234", last_four="1234", cvm="1")
        transaction = self.answer(order, approved(10000, card=card))
        answer = self.ask("progress", order)
        self.assertEqual((answer["look"], answer["charged"], order.state), ("signature", True, "draft"))
        transaction.with_user(self.cashier).sign(True, str(uuid.uuid4()))
        self.assertEqual(order.state, "paid")

    # --- what a visitor can't do --- #

    def test_tokens_bound_what_a_visitor_may_ask_for(self):
        order = self.make_order()
        till_order = self.card_order()
        for access_token, asked in (
            (False, order),
            ("wrong", order),
            (["like", "%"], order),
            # the shop's till is no kiosk
            (self.config.access_token or "none", till_order),
            (self.kiosk.access_token, till_order),
        ):
            for what in ("progress", "abort"):
                with self.subTest(access_token=access_token, what=what):
                    answer = self.rpc(
                        f"/nets_connect_cloud/kiosk/{what}",
                        access_token=access_token,
                        order_access_token=asked.access_token,
                    )
                    self.assertEqual(answer["name"], "werkzeug.exceptions.NotFound")
        for order_access_token in (False, True, "", "%", ["!=", False]):
            answer = self.rpc(
                "/nets_connect_cloud/kiosk/progress",
                access_token=self.kiosk.access_token,
                order_access_token=order_access_token,
            )
            self.assertEqual(answer["name"], "werkzeug.exceptions.NotFound")

    def test_only_the_methods_of_the_kiosk_and_only_its_own_amount(self):
        order = self.make_order()
        self.assertIn("isn't a payment method for NETS", self.pay(order, method=self.cash_method)["message"])
        for method_id in (None, "1", [self.card_method.id], 0):
            answer = self.ask("pay", order, payment_method_id=method_id, request_id=str(uuid.uuid4()))
            self.assertIn("isn't a payment method for NETS", answer["message"])
        self.assertFalse(self.transaction(order))

    def test_a_kiosk_says_that_it_has_no_terminal(self):
        self.card_method.nets_default_terminal_id = False
        self.assertIn("default terminal", self.pay(self.make_order())["message"])
        self.card_method.nets_terminal_ids = self.terminal_2
        order = self.make_order()
        self.pay(order)
        self.assertEqual(self.transaction(order).terminal_id, self.terminal_2)

    def test_a_kiosk_drives_no_agent(self):
        """An agent is driven by the page of a person who is logged in: what a kiosk asked for would wait for ever."""
        agent = self.terminal.copy(
            {"name": "Agent", "identifier": "90000009", "type": "baxi_agent", "agent_address": "ws://127.0.0.1:1"}
        )
        self.card_method.write({"nets_default_terminal_id": agent.id, "nets_terminal_ids": agent.ids})
        order = self.make_order()
        self.assertIn("Connect@Cloud", self.pay(order)["message"])
        self.assertFalse(self.transaction(order))

    def test_rule_25_attempts_are_few(self):
        order = self.make_order()
        for _attempt in range(10):
            self.pay(order)
            self.answer(order, declined())
        self.assertIn("too many attempts", self.pay(order)["message"])
        for _attempt in range(2):
            other = self.make_order()
            self.pay(other)
            self.answer(other, declined())
        self.assertIn("too many attempts", self.pay(self.make_order())["message"])

    def test_a_session_that_is_closed_takes_no_cards(self):
        order = self.make_order()
        self.kiosk_session.state = "closed"
        self.assertEqual(self.pay(order)["name"], "werkzeug.exceptions.NotFound")
