"""What a cashier may call over RPC, and no way round a card among it (rules 17 to 20, 23 and 24)."""

import uuid
from contextlib import contextmanager

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...connect_cloud import Card
from ..common import approved, declined, last, lost, not_sent
from .common import PosCardCommon


class PosWayRoundCase(PosCardCommon):
    def as_cashier(self, record):
        return record.with_user(self.cashier)

    def pos(self, user=None):
        return self.env["nets.transaction"].with_user(user or self.cashier)

    @contextmanager
    def refused(self, pattern="", error=UserError):
        """What happens inside is refused with these words."""
        with self.assertRaisesRegex(error, pattern), self.env.cr.savepoint():
            yield

    def reopen(self, **values):
        """Open the shop again, with other settings."""
        self.config.session_ids.filtered(lambda session: session.state != "closed").sudo().unlink()
        self.config.write(values)
        self.session = self.open_session()

    def end_over_rpc(self, order):
        """The ways in which a client can end an order: name → what it calls, as the cashier."""
        order = self.as_cashier(order)
        return {
            "validate": lambda: self.validate(order),
            "action_pos_order_paid": order.action_pos_order_paid,
            "write paid": lambda: order.write({"state": "paid"}),
            "write done": lambda: order.write({"state": "done"}),
            "cancel, then done": lambda: (order.write({"state": "cancel"}), order.write({"state": "done"})),
            "invoice": order.action_pos_order_invoice,
        }

    def reversed_line(self, amount=100.0):
        """:return: the line of a draft order, whose charge the terminal reversed"""
        order = self.card_order(amount)
        minor = round(amount * 100)
        charge = self.charge(order.payment_ids, outcome=approved(minor, number=301))
        progress = self.pos().pos_reverse(order.payment_ids.uuid, str(uuid.uuid4()))
        reversal = self.engine["nets.transaction"].browse(progress[0]["id"])
        reversal._record_baseline(last(approved(minor, number=301), order_id=charge.order_id))
        self.assertTrue(reversal._claim("thread-r"))
        reversal._record_answer(approved(minor, number=302))
        reversal._book()
        self.assertEqual(order.payment_ids.payment_status, "reversed")
        return order.payment_ids


@tagged("post_install", "-at_install")
class TestPosProof(PosWayRoundCase):
    """Rule 17: what a client can write proves nothing."""

    def test_a_charge_that_was_reversed_pays_no_other_order(self):
        freed = self.reversed_line()
        name = freed.uuid
        order = self.card_order()
        self.as_cashier(freed).unlink()
        self.as_cashier(order.payment_ids).write({"uuid": name})
        self.assertNotEqual(order.payment_ids.uuid, name)
        with self.refused("no card was charged"):
            self.validate(order)
        with self.refused("was used for this payment line before"):
            values = self.order_values((self.card_method, 100))
            values["payment_ids"][0][2]["uuid"] = name
            self.sync(values)

    def test_a_charge_that_was_reversed_pays_its_own_order_neither(self):
        line = self.reversed_line()
        self.as_cashier(line).write({"amount": 100, "payment_status": "done"})
        self.assertEqual(line.amount, 0)
        for name, end in self.end_over_rpc(line.pos_order_id).items():
            if name != "cancel, then done":  # nothing is charged for it: it may be cancelled
                with self.subTest(name), self.refused():
                    end()

    def test_a_charge_is_not_found_by_the_name_of_its_line(self):
        order = self.card_order()
        charge = self.charge(order.payment_ids)
        other = self.card_order()
        # past Odoo, as no client can
        self.env.cr.execute("UPDATE pos_payment SET uuid = 'freed' WHERE id = %s", [order.payment_ids.id])
        self.env.cr.execute(
            "UPDATE pos_payment SET uuid = %s WHERE id = %s", [charge.pos_payment_uuid, other.payment_ids.id]
        )
        self.env.invalidate_all()
        self.assertEqual(order.payment_ids._nets_transaction(), charge)
        self.assertFalse(other.payment_ids._nets_transaction())
        with self.refused("no card was charged"):
            self.validate(other)
        self.validate(order)

    def test_what_the_terminal_added_is_not_recognised_by_its_name(self):
        order = self.card_order()
        self.charge(order.payment_ids, outcome=approved(10700, tip_amount=700))
        tip = order.lines.filtered(lambda line: line.product_id == self.config.tip_product_id)
        self.as_cashier(tip).write({"uuid": str(uuid.uuid4()), "price_unit": 0})
        with self.refused("stays on the order"):
            self.as_cashier(tip).unlink()
        self.assertEqual(order.amount_total, 107)

    def test_no_money_goes_back_for_an_order_of_another_company_or_currency(self):
        order = self.card_order()
        charge = self.charge(order.payment_ids)
        self.validate(order)
        values = self.order_values((self.card_method, -100), total=-100, is_refund=True)
        line = {"qty": -1, "price_subtotal": -100, "price_subtotal_incl": -100, "refunded_orderline_id": order.lines.id}
        values["lines"] = [Command.create(self.line_values(100, **line))]
        refund = self.sync(values)
        other = self.env["res.company"].create({"name": "Neighbour"})
        euro = self.env.ref("base.EUR")
        for column, record in (("company_id", other), ("currency_id", euro)):
            with self.subTest(column), self.undone(), self.refused("No card payment of the refunded order"):
                self.env.cr.execute(f"UPDATE nets_transaction SET {column} = %s WHERE id = %s", [record.id, charge.id])
                self.env.invalidate_all()
                self.start(refund.payment_ids)
        self.start(refund.payment_ids)

    def test_a_request_of_another_kind_is_not_repeated(self):
        order = self.card_order()
        self.charge(order.payment_ids, request_id="press-1")
        with self.refused("another"):
            self.pos().pos_reverse(order.payment_ids.uuid, "press-1")
        [progress] = self.pos().pos_reverse(order.payment_ids.uuid, "press-2")
        self.assertEqual(progress["kind"], "reversal")


@tagged("post_install", "-at_install")
class TestPosBound(PosWayRoundCase):
    """Rule 18: what a card may be charged, and what ends an order."""

    def card_of(self, order):
        return order.payment_ids.filtered(lambda line: line.payment_method_id == self.card_method)

    def test_rule_18_no_other_line_raises_what_a_card_may_be_charged(self):
        order = self.sync(self.order_values((self.cash_method, -1000), (self.card_method, 1100)))
        with self.refused("Only .*100.00.* is left to pay"):
            self.start(self.card_of(order))

    def test_no_total_that_a_client_sends_raises_it(self):
        order = self.card_order(100)
        self.as_cashier(order).write({"amount_total": 900})
        self.as_cashier(order.payment_ids).write({"amount": 900})
        with self.refused("Only .*100.00.* is left to pay"):
            self.start(order.payment_ids)

    def test_a_card_gets_nothing_back_from_an_order_that_is_to_be_paid(self):
        paid = self.card_order()
        self.charge(paid.payment_ids)
        self.validate(paid)
        back = {"qty": -1, "price_subtotal": -20, "price_subtotal_incl": -20, "refunded_orderline_id": paid.lines.id}
        values = self.order_values((self.cash_method, 200), (self.card_method, -80), total=100)
        values["lines"] = [Command.create(self.line_values(120)), Command.create(self.line_values(20, **back))]
        order = self.sync(values)
        with self.refused("is left to pay"):
            self.start(self.card_of(order))

    def test_rule_18_no_order_ends_for_less_than_its_card(self):
        """Card 200, then the price is written to 1, and 199 goes out in cash."""
        order = self.card_order(200)
        self.charge(order.payment_ids)
        with self.refused("total can't become .*1.00"):
            self.as_cashier(order.lines).write({"price_unit": 1})
        with self.refused("total can't become .*1.00"):
            self.as_cashier(order).write({"lines": [Command.update(order.lines.id, {"price_unit": 1})]})
        with self.refused("total can't become"):
            self.as_cashier(order).write({"lines": [Command.create(self.line_values(-199))]})
        self.as_cashier(order).write({"amount_total": 1})
        self.assertEqual(order.amount_total, 200)
        self.env["pos.payment"].with_user(self.cashier).create(
            {"pos_order_id": order.id, "payment_method_id": self.cash_method.id, "amount": -199}
        )
        for name, end in self.end_over_rpc(order).items():
            with self.subTest(name), self.refused():
                end()

    def test_nothing_is_sold_below_its_price_behind_a_card(self):
        """Past all guards of lines: what ends the order is checked where it ends."""
        order = self.card_order(200)
        self.charge(order.payment_ids)
        for price in (1, 500):
            with self.subTest(price), self.undone():
                self.env.cr.execute("UPDATE pos_order_line SET price_unit = %s WHERE order_id = %s", [price, order.id])
                self.env.cr.execute("UPDATE pos_order SET amount_total = 200 WHERE id = %s", [order.id])
                self.env.invalidate_all()
                for name, end in self.end_over_rpc(order).items():
                    with self.subTest(name), self.refused("total can't become|fully paid|was charged"):
                        end()

    def test_no_order_is_paid_by_a_card_that_was_not_charged(self):
        for name in self.end_over_rpc(self.card_order()):
            order = self.card_order()
            with self.subTest(name), self.refused("no card was charged"):
                self.end_over_rpc(order)[name]()
        with self.subTest("created"), self.refused():
            values = self.order_values((self.card_method, 100), state="paid", name="Made up")
            del values["access_token"]
            self.env["pos.order"].with_user(self.cashier).create(values)

    def test_what_is_refused_leaves_nothing_behind_where_the_caller_goes_on(self):
        order = self.card_order(200)
        self.charge(order.payment_ids)
        uncharged = self.card_order()
        for change in (
            lambda: order.lines.write({"price_unit": 1}),
            order.lines.unlink,
            lambda: uncharged.write({"state": "done"}),
        ):
            try:
                change()
            except UserError:
                continue
            self.fail("wasn't refused")
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(order.lines.price_unit, 200)
        self.assertEqual(uncharged.state, "draft")

    def test_a_product_is_replaced_by_another_of_the_same_price(self):
        order = self.card_order(100)
        self.charge(order.payment_ids)
        replaced = [Command.delete(order.lines.id), Command.create(self.line_values(100))]
        self.sync(self.stale(order, lines=replaced, amount_total=100))
        self.validate(order)
        self.assertEqual(order.state, "paid")

    def test_rule_19_what_was_paid_by_card_does_not_become_cheaper_afterwards(self):
        order = self.card_order(100)
        self.charge(order.payment_ids)
        self.validate(order)
        with self.refused("total can't become"):
            self.as_cashier(order.lines).write({"price_unit": 1})
        with self.refused("total can't become"):
            self.as_cashier(order.lines).write({"discount": 99})
        with self.refused("is paid, so its total"):
            self.as_cashier(order.lines).create({**self.line_values(900), "order_id": order.id})

    def test_rule_18_no_cash_leaves_the_drawer_for_what_was_paid_by_card(self):
        order = self.sync(self.order_values((self.card_method, 60), (self.cash_method, 40)))
        self.charge(self.card_of(order))
        self.validate(order)
        cash = self.as_cashier(order.payment_ids - self.card_of(order))
        change = {"pos_order_id": order.id, "payment_method_id": self.cash_method.id, "amount": -60}
        for name, go in {
            "change": lambda: cash.create(change),
            "less": lambda: cash.write({"amount": -20}),
            "none": cash.unlink,
            "with the order": lambda: self.as_cashier(order).write({"payment_ids": [Command.create(change)]}),
        }.items():
            with self.subTest(name), self.refused("is paid, so its total|amount is different|Cash"):
                go()
        # as the till corrects how a paid order was paid
        swap = [Command.delete(cash.id), Command.create({**change, "amount": 40})]
        self.as_cashier(order).write({"payment_ids": swap})
        self.assertEqual(sorted(order.payment_ids.mapped("amount")), [40, 60])

    def test_an_order_without_cards_is_as_odoo_has_it(self):
        order = self.sync(self.order_values((self.cash_method, 100)))
        self.as_cashier(order.lines).write({"price_unit": 50})
        self.sync(self.stale(order, state="paid", amount_total=50, amount_return=-50))
        self.assertRecordValues(order, [{"state": "paid", "amount_paid": 50}])


@tagged("post_install", "-at_install")
class TestPosRounding(PosWayRoundCase):
    """One rounding of one total: what was charged can be completed."""

    def round_to(self, rounding, method):
        account = self.company_data["default_account_revenue"]
        values = {
            "name": "Rounding",
            "rounding": rounding,
            "rounding_method": method,
            "strategy": "add_invoice_line",
            "profit_account_id": account.id,
            "loss_account_id": account.id,
        }
        rounding_method = self.env["account.cash.rounding"].create(values)
        self.reopen(cash_rounding=True, only_round_cash_method=False, rounding_method=rounding_method.id)

    def test_no_surcharge_stands_in_the_way_of_cash_rounding(self):
        number = 500
        for rounding, method in ((0.05, "HALF-UP"), (0.05, "UP"), (0.05, "DOWN"), (1, "HALF-UP")):
            self.round_to(rounding, method)
            for total, asked in ((100, 100), (99.98, None)):
                for surcharge in (13, 12, 1, 49):
                    rounded = asked or self.config.rounding_method.round(total)
                    number += 1
                    with self.subTest(rounding=rounding, method=method, total=total, surcharge=surcharge):
                        order = self.sync(self.order_values((self.card_method, rounded), total=total))
                        minor = round(rounded * 100) + surcharge
                        self.charge(
                            order.payment_ids, outcome=approved(minor, number=number, surcharge_amount=surcharge)
                        )
                        self.assertEqual(order.payment_ids.amount, minor / 100)
                        self.sync(self.stale(order, session_id=self.session.id))
                        self.sync(
                            self.stale(
                                order,
                                session_id=self.session.id,
                                state="paid",
                                amount_total=order.currency_id.round(total + surcharge / 100),
                            )
                        )
                        self.assertRecordValues(order, [{"state": "paid", "amount_paid": minor / 100}])
            self.assertTrue(self.close()["successful"])

    def test_rounding_is_no_way_to_pay_less(self):
        self.round_to(0.05, "HALF-UP")
        order = self.card_order(100)
        self.charge(order.payment_ids)
        with self.refused("total can't become"):
            self.as_cashier(order.lines).write({"price_unit": 99.9})


@tagged("post_install", "-at_install")
class TestPosFrozen(PosWayRoundCase):
    """Rule 19: an order whose card runs is frozen in the model."""

    def setUp(self):
        super().setUp()
        self.customer = self.env["res.partner"].create({"name": "Havnegata Bakery"})
        self.half = self.env["product.pricelist"].create({"name": "Half"})
        self.position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        self.order = self.card_order()
        self.other = self.sync(self.order_values())
        self.line = self.order.lines

    def changes(self):
        """What moves, makes cheaper, or gives to somebody else, through any door: name → what is called."""
        order, line, other = map(self.as_cashier, (self.order, self.line, self.other))
        lines = self.env["pos.order.line"].with_user(self.cashier)
        another_session = self.open_session(self.config.copy({"name": "Other shop"}))
        changes = {
            "customer": lambda: order.write({"partner_id": self.customer.id}),
            "pricelist": lambda: order.write({"pricelist_id": self.half.id}),
            "fiscal position": lambda: order.write({"fiscal_position_id": self.position.id}),
            "session": lambda: order.write({"session_id": another_session.id}),
            "no session": lambda: order.write({"session_id": False}),
            "uuid": lambda: order.write({"uuid": str(uuid.uuid4())}),
            "price": lambda: line.write({"price_unit": 50}),
            "price, up": lambda: line.write({"price_unit": 150}),
            "discount": lambda: line.write({"discount": 50}),
            "quantity": lambda: line.write({"qty": 2}),
            "no line": line.unlink,
            "another line": lambda: lines.create({**self.line_values(10), "order_id": order.id}),
            "a line moves away": lambda: line.write({"order_id": other.id}),
            "a line moves in": lambda: other.lines.write({"order_id": order.id}),
            "merged by another till": lambda: self.sync(
                self.stale(self.order, lines=[Command.create(self.line_values(10))], amount_total=110)
            ),
            "split by another till": lambda: self.sync(
                self.stale(self.order, lines=[Command.update(line.id, {"qty": 0.5})], amount_total=50)
            ),
        }
        if "table_id" in order._fields:
            floor = self.env["restaurant.floor"].create({"name": "Garden"})
            table = self.env["restaurant.table"].create({"floor_id": floor.id, "table_number": 7})
            changes["table"] = lambda: order.write({"table_id": table.id})
        return changes

    def test_rule_19_nothing_of_an_order_changes_while_its_card_runs(self):
        changes = self.changes()
        transaction = self.send(self.order.payment_ids)
        for state in ("pending", "unknown", "charged"):
            if state == "unknown":
                transaction._record_answer(lost())
            elif state == "charged":
                transaction._record_answer(approved(10000))
            for name, change in changes.items():
                with self.subTest(name, state=state), self.refused("is running|isn't known yet|isn't booked yet"):
                    change()
        self.assertEqual((self.order.lines, self.other.lines.order_id), (self.line, self.other))
        transaction._book()
        self.validate(self.order)

    def test_a_till_syncs_what_it_knows_while_the_card_runs(self):
        self.send(self.order.payment_ids)
        everything = {
            name: self.line[name] for name in ("uuid", "qty", "price_unit", "discount", "price_subtotal", "note")
        }
        everything |= {
            "order_id": self.order.id,
            "product_id": self.line.product_id.id,
            "tax_ids": self.line.tax_ids.ids,
            "customer_note": "No nuts",
        }
        self.sync(
            self.stale(
                self.order,
                lines=[Command.update(self.line.id, everything)],
                amount_total=100,
                partner_id=False,
                pricelist_id=self.order.pricelist_id.id,
                fiscal_position_id=self.order.fiscal_position_id.id,
                general_customer_note="Gift",
                last_order_preparation_change="{}",
            )
        )
        self.assertEqual(self.line.customer_note, "No nuts")
        self.assertEqual(self.order.general_customer_note, "Gift")

    def test_a_charged_order_may_get_a_customer_and_become_dearer(self):
        self.charge(self.order.payment_ids)
        self.as_cashier(self.order).write({"partner_id": self.customer.id})
        self.sync(self.stale(self.order, lines=[Command.create(self.line_values(10))], amount_total=110))
        self.assertRecordValues(self.order, [{"partner_id": self.customer.id, "amount_total": 110}])
        for name in ("uuid", "price", "discount", "no line", "a line moves away", "split by another till"):
            with self.subTest(name), self.refused("total can't become|was charged"):
                self.changes()[name]()

    def test_rule_19_what_another_module_adds_to_an_order_while_a_card_runs_is_refused(self):
        """A module that doesn't exist yet adds a line with all rights, and catches the refusal."""
        self.send(self.order.payment_ids)
        try:
            self.env["pos.order.line"].sudo().create({**self.line_values(-50), "order_id": self.order.id})
        except UserError as error:
            self.assertIn("is running", str(error))
        self.assertEqual(self.order.lines, self.line)


@tagged("post_install", "-at_install")
class TestPosRpc(PosWayRoundCase):
    """Rule 24: a condition that is only in the browser isn't there."""

    def setUp(self):
        super().setUp()
        self.order = self.card_order()
        self.payment = self.order.payment_ids

    def by_hand(self, payment=None, reference="000777", user=None, **values):
        payment = payment or self.payment
        arguments = (payment.uuid, self.terminal.id, payment.amount, reference, "NETS is down", str(uuid.uuid4()))
        [progress] = self.pos(user or self.pos_manager).pos_record_by_hand(*arguments, **values)
        return self.engine["nets.transaction"].browse(progress["id"])

    def test_nothing_is_recorded_by_hand_while_nets_works(self):
        with self.subTest("not tried"), self.refused("only while NETS can't be reached"):
            self.by_hand()
        with self.subTest("declined"), self.undone(), self.refused("only while NETS can't be reached"):
            self.charge(self.payment, outcome=declined())
            self.by_hand()
        with self.subTest("another line's attempt"), self.undone(), self.refused("only while NETS can't be reached"):
            self.charge(self.card_order().payment_ids, outcome=not_sent())
            self.by_hand()
        with self.subTest("yesterday's attempt"), self.undone(), self.refused("only while NETS can't be reached"):
            self.charge(self.payment, outcome=not_sent())
            self.env.cr.execute("UPDATE nets_transaction SET recorded_at = recorded_at - interval '1 day'")
            self.env.invalidate_all()
            self.by_hand()
        self.charge(self.payment, outcome=not_sent())
        with self.subTest("a cashier"), self.refused("Only a manager", AccessError):
            self.by_hand(user=self.cashier)
        self.assertEqual(self.by_hand().state, "approved")

    def test_nothing_is_recorded_by_hand_with_the_reference_of_another_payment(self):
        self.charge(self.payment, outcome=approved(10000, number=777))
        other = self.card_order().payment_ids
        self.charge(other, outcome=not_sent())
        for reference in ("000777", "A00777", "a00777", " 000777A00777 "):
            with self.subTest(reference), self.refused("is the reference of another payment"):
                self.by_hand(other, reference)
        with self.refused("much shorter"):
            self.by_hand(other, "1" * 65)
        self.by_hand(other, "000778")
        third = self.card_order().payment_ids
        self.charge(third, outcome=not_sent())
        with self.refused("is the reference of another payment"):
            self.by_hand(third, "000778")

    def test_nothing_is_recorded_by_hand_on_a_terminal_that_is_busy(self):
        self.charge(self.payment, outcome=not_sent())
        self.send(self.card_order().payment_ids)
        with self.refused("is busy with another payment"):
            self.by_hand()

    def test_rule_17_what_is_said_beside_a_call_proves_nothing(self):
        """A context's defaults, and those that each user may set for himself, come with any call."""
        said = {
            "state": "approved",
            "charged_amount": 100.0,
            "sent_at": "2026-01-01 10:00:00",
            "stan_auth": "000101A00101",
            "to_book": True,
        }
        for name in ("context", "own defaults"):
            with self.subTest(name), self.undone():
                transactions, order = self.pos(), self.card_order()
                if name == "context":
                    transactions = transactions.with_context(**{f"default_{key}": value for key, value in said.items()})
                else:
                    for key, value in said.items():
                        self.as_cashier(self.env["ir.default"]).set("nets.transaction", key, value, user_id=True)
                [shown] = transactions.pos_start(order.payment_ids.uuid, self.terminal.id, 100.0, "press-1")
                transaction = self.engine["nets.transaction"].browse(shown["id"])
                self.assertEqual(transaction.state, "pending")
                self.assertFalse(any(transaction[key] for key in said if key != "state"))
                with self.refused("is running"):
                    self.validate(order)

    def test_rule_17_what_the_server_keeps_on_odoos_models_nobody_writes(self):
        # one that no open session has
        session, method = self.session, self.card_method.copy({"name": "Card of another site"})
        for record, name, value in (
            (session.with_user(self.cashier), "nets_unconfirmed_allowed", True),
            (session.with_user(self.pos_manager), "nets_unconfirmed_allowed", True),
            (method.with_user(self.pos_manager), "nets_since", "2099-01-01 10:00:00"),
        ):
            with self.subTest(name, user=record.env.user.login), self.refused(error=AccessError):
                record.write({name: value})
        self.assertFalse(session.nets_unconfirmed_allowed)
        session.with_user(self.cashier).write({"opening_notes": "Good morning"})

    def test_rule_18_a_session_with_cards_is_closed_by_its_closing_alone(self):
        """What its cards paid would never be in the books, or twice."""
        order = self.card_order()
        self.charge(order.payment_ids, outcome=approved(10000))
        self.validate(order)
        session = self.as_cashier(self.session)
        for values in ({"state": "closed"}, {"config_id": self.config.copy().id}):
            with self.subTest(values), self.refused("can only be closed at its till"):
                session.write(values)
        drafts = self.env["pos.order"].search([("session_id", "=", session.id), ("state", "=", "draft")])
        drafts.action_pos_order_cancel()
        self.assertEqual(self.close(), {"successful": True})
        self.assertEqual(session.state, "closed")
        for state in ("opened", "closing_control"):
            with self.subTest(state), self.refused("stays closed"):
                session.write({"state": state})

    def test_own_defaults_say_nothing_of_what_is_booked(self):
        own = self.as_cashier(self.env["ir.default"])
        own.set("pos.order.line", "discount", 100.0, user_id=True)
        own.set("pos.payment", "payment_status", "cancelled", user_id=True)
        order = self.card_order()
        self.charge(order.payment_ids, outcome=approved(11000, tip_amount=1000))
        self.assertEqual((order.amount_total, order.amount_paid, order.payment_ids.amount), (110, 110, 110))
        self.validate(order)
        self.assertEqual(order.state, "paid")

    def test_nothing_is_settled_with_what_the_journal_cant_say(self):
        transaction = self.looked_up(self.lose(self.payment))
        used = self.charge(self.card_order().payment_ids, terminal=self.terminal_2, outcome=approved(10000, number=9))
        self.env.cr.execute("UPDATE nets_transaction SET terminal_id = %s WHERE id = %s", [self.terminal.id, used.id])
        self.env.invalidate_all()
        settle = self.pos(self.pos_manager).pos_settle
        for name, arguments in {
            "ten times as much": (True, "Journal", 1000, "000101"),
            "another payment's reference": (True, "Journal", 100, "000009"),
        }.items():
            with self.subTest(name), self.refused("not as much again|another payment"):
                settle(transaction.id, *arguments)
        settle(transaction.id, True, "J" * 2000, 100, "000101")
        self.assertEqual(len(transaction.settlement_reason), 500)

    def test_only_what_was_taken_in_the_till_is_settled_there(self):
        invoice = self.lose(self.make_invoice(10))
        self.pos_manager.group_ids |= self.env.ref("account.group_account_invoice")
        with self.refused("wasn't taken in the Point of Sale"):
            self.pos(self.pos_manager).pos_settle(invoice.id, False, "Journal")

    def test_who_takes_payments_of_invoices_does_nothing_at_the_till(self):
        clerk = self.clerk
        for name, call in {
            "start": lambda: self.start(self.payment, user=clerk),
            "reverse": lambda: self.pos(clerk).pos_reverse(self.payment.uuid, "press-1"),
            "by hand": lambda: self.by_hand(user=self.manager),
        }.items():
            with self.subTest(name), self.refused("Only users of the Point of Sale", AccessError):
                call()
        card = Card(brand="Visa", truncated_pan="*1234", last_four="1234", cvm="1")
        signed = self.charge(self.payment, outcome=approved(10000, card=card))
        with self.refused("Only users of the Point of Sale", AccessError):
            signed.with_user(clerk).sign(True, "press-2")

    def test_who_may_only_read_orders_starts_nothing(self):
        self.env["ir.rule"].create(
            {
                "name": "Orders are read only",
                "model_id": self.env["ir.model"]._get_id("pos.order"),
                "domain_force": "[(0, '=', 1)]",
                "perm_read": False,
            }
        )
        with self.refused("", AccessError):
            self.start(self.payment)

    def test_a_dialog_that_is_opened_takes_nothing_off_its_order(self):
        charge = self.charge(self.payment)
        with self.refused("goes through the Point of Sale"):
            charge.with_user(self.pos_manager).action_refund()
        self.assertFalse(charge.without_order)
        self.assertEqual(self.order.payment_ids, self.payment)

    def test_only_a_session_that_is_open_may_be_closed_anyway(self):
        self.charge(self.payment)
        self.validate(self.order)
        self.assertTrue(self.close()["successful"])
        with self.refused("This session isn't open"):
            self.session.with_user(self.pos_manager).nets_allow_closing("Why not")

    def test_what_is_no_number_is_no_amount(self):
        for amount in ("100", None, True, float("nan"), float("inf")):
            with self.subTest(amount), self.refused("amount|The order changed"):
                self.start_pos(self.payment, amount) if amount is not None else self.pos().pos_start(
                    self.payment.uuid, self.terminal.id, None, "press-1"
                )


@tagged("post_install", "-at_install")
class TestPosWayOut(PosWayRoundCase):
    """Rule 23: every state has a way out that is walked to its end."""

    def test_a_session_is_closed_over_an_unknown_result_to_the_end(self):
        for cash_control in (True, False):
            with self.subTest(cash_control=cash_control), self.undone():
                if not cash_control:
                    self.reopen(payment_method_ids=[Command.set(self.card_method.ids)])
                order = self.card_order()
                transaction = self.lose(order.payment_ids)
                session = self.session.with_user(self.pos_manager)
                if cash_control:
                    result = session.post_closing_cash_details(session.cash_register_balance_end)
                    self.assertFalse(result["successful"])
                with self.refused("draft orders"):
                    session.update_closing_control_state_session("")
                self.assertEqual(session.state, "opened", "not half closed")
                session.nets_allow_closing("The terminal is broken")
                self.assertEqual(order.payment_ids.payment_status, "retry")
                # the till cancels what is open, as it offers
                order.with_user(self.pos_manager).action_pos_order_cancel()
                self.assertTrue(self.close(user=self.pos_manager)["successful"])
                self.assertEqual(session.state, "closed")
                transaction._record_answer(approved(10000))
                transaction._book()
                self.assertRecordValues(transaction, [{"without_order": True, "to_book": False}])

    def test_a_register_closes_where_card_terminal_is_the_first_method_of_the_journal(self):
        customer = self.env["res.partner"].create({"name": "Havnegata Bakery"})
        split = self.card_method.copy({"name": "Card by customer", "split_transactions": True})
        for case in ("first", "only", "preferred by the customer"):
            with self.subTest(case), self.undone():
                if case == "preferred by the customer":
                    customer.property_inbound_payment_method_line_id = self.method_line
                else:
                    self.method_line.sequence = -1
                    others = self.bank_journal.inbound_payment_method_line_ids - self.method_line
                    if case == "only":
                        others.unlink()
                self.reopen(payment_method_ids=[Command.link(split.id)])
                for method, number in ((self.card_method, 601), (split, 602)):
                    order = self.sync(self.order_values((method, 100), partner_id=customer.id))
                    self.charge(order.payment_ids, outcome=approved(10000, number=number))
                    self.validate(order, partner_id=customer.id)
                self.assertTrue(self.close()["successful"])
                self.assertEqual(self.session.state, "closed")

    def test_nobody_makes_a_card_payment_by_calling_it_one_of_a_session(self):
        payment = self.env["account.payment"].with_user(self.clerk)
        made = payment.create(
            {
                "amount": 100,
                "journal_id": self.bank_journal.id,
                "payment_method_line_id": self.method_line.id,
                "partner_id": self.env["res.partner"].create({"name": "Havnegata Bakery"}).id,
            }
        )
        with self.assertRaises(AccessError):
            made.write({"pos_session_id": self.session.id, "pos_payment_method_id": self.card_method.id})
        with self.refused("terminal"):
            made.action_post()
