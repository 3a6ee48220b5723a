"""Rule 15, both lists: what was charged without a paid order, and what was paid by card without a charge."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..common import approved
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosUnproven(PosCardCommon):
    """Card payments of paid orders that no terminal charged. No till can make one: here they are written past Odoo."""

    def setUp(self):
        super().setUp()
        self.order, self.payment = self.unproven_order(80)

    def unproven_order(self, amount):
        order = self.sync(self.order_values((self.cash_method, amount), total=amount))
        self.validate(order)
        payment = order.payment_ids
        self.env.cr.execute(
            "UPDATE pos_payment SET payment_method_id = %s WHERE id = %s", [self.card_method.id, payment.id]
        )
        self.env.invalidate_all()
        return order, payment

    def listed(self, user=None):
        action = self.env["pos.payment"].with_user(user or self.pos_manager).action_nets_without_transaction()
        self.assertEqual(action["res_model"], "pos.payment")
        return self.env["pos.payment"].with_user(user or self.pos_manager).search(action["domain"])

    def rows(self):
        return self.session.with_user(self.cashier).nets_closing_issues()["without_transaction"]

    def settle(self, payment, user=None, **values):
        with Form(
            self.env["nets.pos.payment.settle"]
            .with_user(user or self.pos_manager)
            .with_context(default_payment_id=payment.id)
        ) as form:
            for name, value in values.items():
                setattr(form, name, value)
        return form.record.action_settle()

    def astray(self, amount):
        """:return: a charge that is booked as a separate payment"""
        order = self.card_order(amount)
        charge = self.charge(order.payment_ids, outcome=approved(round(amount * 100), number=700))
        self.session.with_user(self.pos_manager).nets_allow_closing("Thrown away")
        order.with_user(self.cashier).action_pos_order_cancel()
        self.assertTrue(charge.without_order)
        return charge

    def test_it_is_listed_at_the_closing_and_outside(self):
        charged = self.card_order()
        self.charge(charged.payment_ids)
        self.validate(charged)
        self.card_order(7)  # not paid yet
        self.assertEqual(self.listed(), self.payment)
        self.assertEqual(
            [(row["payment_id"], row["order"], row["blocking"]) for row in self.rows()],
            [(self.payment.id, self.order.name, False)],
        )
        self.assertIn(self.order.name, self.session.with_user(self.pos_manager).nets_to_look_at)
        menu = self.env.ref("nets_connect_cloud.pos_payment_unproven_menu")
        self.assertEqual(menu.action.with_user(self.pos_manager).run()["domain"], [("id", "in", self.payment.ids)])
        self.env["pos.order"].search([("session_id", "=", self.session.id), ("state", "=", "draft")]).with_user(
            self.cashier
        ).action_pos_order_cancel()
        self.assertTrue(self.close()["successful"])
        self.assertEqual(self.listed(), self.payment, "also later")

    def test_what_was_paid_before_the_method_took_cards_on_terminals_is_not(self):
        self.env.cr.execute("UPDATE pos_payment SET payment_date = payment_date - interval '1 day'")
        self.env.invalidate_all()
        self.assertFalse(self.listed())
        self.assertTrue(self.card_method.nets_since)
        self.assertFalse(self.cash_method.nets_since)

    def test_other_companies_see_nothing_of_it(self):
        other = self.env["res.company"].create({"name": "Neighbour"})
        self.pos_manager.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertFalse(self.listed())

    def test_a_charge_without_an_order_is_put_beside_it(self):
        charge = self.astray(80)
        own = charge.payment_id
        self.settle(self.payment, way="attach", transaction_id=charge)
        self.assertEqual(own.state, "canceled", "the session books the payment: not twice")
        self.assertRecordValues(
            charge,
            [
                {
                    "without_order": False,
                    "payment_id": False,
                    "pos_order_id": self.order.id,
                    "pos_payment_id": self.payment.id,
                    "pos_payment_uuid": self.payment.uuid,
                }
            ],
        )
        self.assertRecordValues(
            self.payment, [{"amount": 80, "payment_status": "done", "card_no": "1234", "ticket": "CUSTOMER"}]
        )
        self.assertFalse(self.listed())
        self.assertFalse(self.rows())
        self.assertTrue(self.close()["successful"])
        self.assertEqual((self.session.bank_payment_ids - own).mapped("amount"), [80])

    def test_only_a_charge_that_fits_is_put_beside_it(self):
        charge = self.astray(79)
        wizard = self.env["nets.pos.payment.settle"].with_user(self.pos_manager).create({"payment_id": self.payment.id})
        self.assertFalse(wizard.candidate_ids)
        self.assertEqual(wizard.way, "by_hand")
        wizard.write({"way": "attach", "transaction_id": charge.id})
        with self.assertRaisesRegex(UserError, "was charged .*79.00, but the order was paid .*80.00"):
            wizard.action_settle()
        self.assertEqual(charge.payment_id.state, "in_process")
        wizard.transaction_id = False
        with self.assertRaisesRegex(UserError, "Choose the charge"):
            wizard.action_settle()

    def test_it_was_taken_by_hand(self):
        wizard = {"way": "by_hand", "terminal_id": self.terminal, "reference": "000777", "reason": "NETS was down"}
        with self.assertRaises(AccessError):
            self.settle(self.payment, user=self.cashier, **wizard)
        self.settle(self.payment, **wizard)
        transaction = self.payment._nets_transaction()
        self.assertRecordValues(
            transaction,
            [
                {
                    "state": "approved",
                    "kind": "purchase",
                    "charged_amount": 80,
                    "to_book": False,
                    "settled_by_id": self.pos_manager.id,
                    "settlement_reference": "000777",
                    "without_order": False,
                    "payment_id": False,
                    "pos_order_id": self.order.id,
                }
            ],
        )
        self.assertRecordValues(self.payment, [{"payment_status": "done", "payment_ref_no": "000777"}])
        self.assertFalse(self.listed())
        issues = self.session.with_user(self.cashier).nets_closing_issues()
        self.assertEqual([row["transaction_id"] for row in issues["by_hand"]], transaction.ids)
        with self.assertRaisesRegex(UserError, "charged this payment already"):
            self.settle(self.payment, **wizard)

    def test_what_the_wizard_asks_for(self):
        wizard = self.env["nets.pos.payment.settle"].with_user(self.pos_manager).create({"payment_id": self.payment.id})
        for values in (
            {"reference": "000777", "reason": "NETS was down"},
            {"terminal_id": self.terminal.id, "reference": " ", "reason": "NETS was down"},
            {"terminal_id": self.terminal.id, "reference": "000777", "reason": ""},
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "Choose the terminal"), self.undone():
                wizard.write(values)
                wizard.action_settle()


@tagged("post_install", "-at_install")
class TestPosLaterDays(PosCardCommon):
    """Orders of later days stay open when a session closes: so does what was paid of them by card."""

    def setUp(self):
        super().setUp()
        self.order = self.sync(self.order_values((self.card_method, 40), total=100))
        self.order.preset_time = fields.Datetime.now() + timedelta(days=3)
        self.deposit = self.charge(self.order.payment_ids)

    def test_a_deposit_does_not_stop_the_closing_and_is_used_when_the_order_is_paid(self):
        [row] = self.session.with_user(self.cashier).nets_closing_issues()["without_order"]
        self.assertEqual((row["transaction_id"], row["blocking"]), (self.deposit.id, False))
        self.assertIn("order of a later day", row["message"])
        self.assertTrue(self.close()["successful"])
        self.assertEqual(self.session.state, "closed")
        self.assertEqual((self.order.state, self.order.payment_ids.amount), ("draft", 40))
        self.assertFalse(self.deposit.without_order)
        # the day of the order: the next session's till takes it over, and the rest is paid
        next_session = self.open_session()
        self.order.preset_time = fields.Datetime.now()
        self.sync(self.stale(self.order, session_id=next_session.id))
        self.assertEqual(self.order.session_id, next_session)
        [row] = next_session.with_user(self.cashier).nets_closing_issues()["without_order"]
        self.assertEqual((row["transaction_id"], row["blocking"]), (self.deposit.id, True))
        self.sync(
            self.stale(
                self.order,
                session_id=next_session.id,
                payment_ids=[Command.create(self.payment_values(self.card_method, 60))],
            )
        )
        rest = self.order.payment_ids.filtered(lambda line: line.amount == 60)
        self.charge(rest, outcome=approved(6000, number=102))
        self.validate(self.order, session_id=next_session.id)
        self.assertTrue(self.close(next_session)["successful"])
        self.assertEqual(self.session.bank_payment_ids.mapped("amount"), [40], "received before")
        self.assertEqual(next_session.bank_payment_ids.mapped("amount"), [60], "what came now")

    def test_it_is_not_cancelled_while_it_is_charged(self):
        with self.assertRaisesRegex(UserError, "was charged .*40.00"):
            self.order.with_user(self.cashier).action_pos_order_cancel()

    def test_one_that_is_not_resolved_does(self):
        rest = self.sync(
            self.stale(self.order, payment_ids=[Command.create(self.payment_values(self.card_method, 60))])
        ).payment_ids.filtered(lambda line: line.amount == 60)
        self.lose(rest)
        result = self.session.with_user(self.cashier).close_session_from_ui()
        self.assertFalse(result["successful"])
        self.assertIn("isn't known yet", result["message"])
        self.session.with_user(self.pos_manager).nets_allow_closing("NETS is down")
        self.assertFalse(self.deposit.without_order, "only what is in the way is taken off its order")
        self.assertTrue(self.close()["successful"])
