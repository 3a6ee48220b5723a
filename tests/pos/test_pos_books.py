"""Ledger, transactions, orders and journal entries after the session's closing: equal to the cent."""

from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..common import approved, declined
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosBooks(PosCardCommon):
    def bank_entries(self):
        """What the books of the bank hold of this session, by its journal entries."""
        payments = self.env["account.payment"].search([("journal_id", "=", self.bank_journal.id)])
        lines = payments.filtered(lambda payment: payment.state != "canceled").move_id.line_ids
        return sum(lines.filtered(lambda line: line.account_id == self.outstanding).mapped("balance"))

    def assertBooksAgree(self, charged):
        transactions = self.env["nets.transaction"].search([("origin", "=", "pos"), ("state", "=", "approved")])
        self.assertAlmostEqual(sum(transactions.mapped("charged_amount")), charged)
        self.assertFalse(transactions.filtered("to_book"))
        on_orders = self.session.order_ids.payment_ids.filtered(
            lambda line: line.payment_method_id == self.card_method and line.pos_order_id.state == "done"
        )
        alone = transactions.payment_id.filtered(lambda payment: payment.state != "canceled")
        self.assertAlmostEqual(sum(on_orders.mapped("amount")) + sum(alone.mapped("amount_signed")), charged)
        self.assertAlmostEqual(self.bank_entries(), charged)

    def test_the_closing_books_what_was_charged(self):
        plain = self.card_order(100.10)
        self.charge(plain.payment_ids, outcome=approved(10010, number=1))
        tipped = self.card_order(50)
        self.charge(tipped.payment_ids, outcome=approved(5725, number=2, tip_amount=500, surcharge_amount=225))
        mixed = self.sync(self.order_values((self.card_method, 30), (self.cash_method, 70)))
        card = mixed.payment_ids.filtered(lambda line: line.payment_method_id == self.card_method)
        self.charge(card, outcome=declined(number=3))
        self.charge(card, outcome=approved(3000, number=4))
        for order in (plain, tipped, mixed):
            self.validate(order)
        lost_order = self.card_order(20)
        lost_charge = self.charge(lost_order.payment_ids, outcome=approved(2000, number=5))
        self.session.with_user(self.pos_manager).nets_allow_closing("The customer left")
        lost_order.with_user(self.cashier).action_pos_order_cancel()
        self.assertTrue(lost_charge.without_order)
        self.assertEqual(self.close(), {"successful": True})
        self.assertEqual(self.session.state, "closed")
        self.assertBooksAgree(100.10 + 57.25 + 30 + 20)
        combined = self.session.bank_payment_ids - lost_charge.payment_id
        self.assertEqual(combined.mapped("amount"), [187.35])

    def test_an_invoiced_order(self):
        customer = self.env["res.partner"].create({"name": "Havnegata Bakery"})
        order = self.card_order(80)
        self.charge(order.payment_ids, outcome=approved(8500, tip_amount=500))
        self.validate(order, partner_id=customer.id, to_invoice=True)
        self.assertRecordValues(order.account_move, [{"amount_total": 85, "payment_state": "paid"}])
        self.assertTrue(self.close()["successful"])
        self.assertBooksAgree(85)

    def test_the_terminals_are_reconciled_with_the_session(self):
        self.account.reconciliation_at_closing = True
        order = self.card_order()
        self.charge(order.payment_ids)
        self.validate(order)
        self.assertTrue(self.close()["successful"])
        reconciliation = self.env["nets.transaction"].search([("administration", "=", "reconciliation")])
        self.assertEqual(reconciliation.terminal_id, self.terminal, "the one that was used")

    def test_a_terminal_in_use_does_not_stop_the_closing(self):
        self.account.reconciliation_at_closing = True
        order = self.card_order()
        self.charge(order.payment_ids)
        self.validate(order)
        running = self.send(self.make_invoice(10))
        self.assertTrue(self.close()["successful"])
        self.assertFalse(self.env["nets.transaction"].search([("administration", "!=", False)]))
        self.assertSaidOn(self.session, "wasn't reconciled")
        self.assertEqual(running.state, "pending")


@tagged("post_install", "-at_install")
class TestPosSetup(PosCardCommon):
    def test_terminals_of_a_payment_method(self):
        self.session.sudo().unlink()
        euro = self.env.ref("base.EUR")
        euro.active = True
        other_company = self.env["res.company"].create({"name": "Neighbour"})
        account = self.account.copy({"name": "Other", "company_id": other_company.id, "username": "other"})
        in_euro, elsewhere = self.env["nets.terminal"].create(
            [
                {"name": "Euro", "identifier": "90000011", "account_id": self.account.id, "currency_id": euro.id},
                {"name": "Other", "identifier": "90000012", "account_id": account.id, "currency_id": self.usd.id},
            ]
        )
        for values, message in (
            ({"nets_terminal_ids": [Command.link(in_euro.id)]}, "charges in EUR"),
            ({"nets_terminal_ids": [Command.link(elsewhere.id)]}, "belongs to another company"),
            ({"nets_default_terminal_id": in_euro.id}, "charges in EUR"),
            (
                {"nets_terminal_ids": [Command.link(self.terminal.id)], "nets_default_terminal_id": self.terminal_2.id},
                "is not among the terminals",
            ),
            ({"journal_id": self.company_data["default_journal_cash"].id}, "must be a bank journal"),
        ):
            with self.subTest(message), self.assertRaisesRegex(ValidationError, message), self.env.cr.savepoint():
                self.card_method.write(values)
        self.assertEqual(self.card_method._nets_terminals(self.config), self.terminal | self.terminal_2)

    def test_terminal_says_where_it_may_be_used_in_the_point_of_sale(self):
        methods = self.env["pos.payment.method"].sudo()
        journal = self.company_data["default_journal_bank"]
        values = {"journal_id": journal.id, "use_payment_terminal": "nets"}
        any_of_them = methods.create({"name": "Any", **values})
        second = methods.create({"name": "Second", **values, "nets_terminal_ids": [Command.link(self.terminal_2.id)]})
        first, other = self.terminal.sudo(), self.terminal_2.sudo()
        self.assertEqual(first.pos_payment_method_ids & (any_of_them + second), any_of_them)
        self.assertEqual(other.pos_payment_method_ids & (any_of_them + second), any_of_them + second)

    def test_a_terminal_is_replaced_while_the_session_is_open(self):
        self.card_method.write({"nets_terminal_ids": self.terminal, "nets_default_terminal_id": self.terminal})
        with self.assertRaisesRegex(UserError, "close and validate"):
            self.card_method.name = "Renamed"
        replace = self.env["nets.terminal.replace"].create({"terminal_id": self.terminal.id, "identifier": "90000020"})
        replace.action_replace()
        new = self.terminal.replaced_by_id
        self.assertEqual(self.card_method.nets_terminal_ids, new)
        self.assertEqual(self.card_method.nets_default_terminal_id, new)
        payment = self.card_order().payment_ids
        with self.assertRaisesRegex(UserError, "doesn't exist any more"):
            self.start(payment, terminal=self.terminal)
        self.start(payment, terminal=new)

    def test_a_till_in_another_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        journals = self.env["account.journal"].create(
            [
                {"name": "Euro bank", "type": "bank", "code": "BEUR", "currency_id": euro.id},
                {"name": "Euro sales", "type": "sale", "code": "SEUR", "currency_id": euro.id},
            ]
        )
        method = self.card_method.copy({"name": "Card EUR", "journal_id": journals[0].id})
        config = self.env["pos.config"].create(
            {"name": "Euro shop", "journal_id": journals[1].id, "payment_method_ids": [Command.set(method.ids)]}
        )
        session = self.open_session(config)
        payment = self.sync(self.order_values((method, 100), session=session)).payment_ids
        with self.assertRaisesRegex(UserError, "charges in USD, but the amount is in EUR"):
            self.start(payment)
        self.assertFalse(method._nets_terminals(config))

    def test_who_takes_cards_on_the_till(self):
        stranger = self.env["res.users"].create(
            {"name": "Stranger", "login": "nets_pos_stranger", "group_ids": [Command.set(self.cashier.group_ids.ids)]}
        )
        other = self.env["res.company"].create({"name": "Neighbour"})
        stranger.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        payment = self.card_order().payment_ids
        with self.assertRaisesRegex(UserError, "isn't on the server"):
            self.start(payment, user=stranger)
        self.charge(payment)
        self.assertEqual(self.env["nets.transaction"].with_user(stranger).pos_progress([payment.uuid]), {})
        with self.assertRaises(AccessError):
            self.session.with_user(stranger).nets_closing_issues()
        self.assertEqual(payment.transaction_id, self.progress(payment)[payment.uuid]["id"] and payment.transaction_id)

    def test_the_till_is_told(self):
        notified = []
        config_class = self.env.registry["pos.config"]

        def notify(config, name, message, private=True):
            notified.append((config.id, name, message))

        payment = self.card_order().payment_ids
        with patch.object(config_class, "_notify", notify):
            transaction = self.charge(payment)
        self.assertEqual(
            set(map(str, notified)),
            {
                str(
                    (
                        self.config.id,
                        "NETS_TRANSACTION",
                        {
                            "transaction_id": transaction.id,
                            "told_user_id": self.cashier.id,
                            "payment_uuid": payment.uuid,
                        },
                    )
                )
            },
        )
        self.assertGreaterEqual(len(notified), 3, "reserved, recorded, booked")

    def test_the_forms(self):
        # online payments, where they are installed, show administrators' fields on this form
        self.pos_manager.group_ids |= self.env.ref("base.group_system")
        with Form(self.card_method.with_user(self.pos_manager)) as form:
            form.nets_default_terminal_id = self.terminal
        order = self.card_order()
        transaction = self.charge(order.payment_ids)
        for record in (order, self.session, transaction):
            with self.subTest(record._name):
                Form(record.with_user(self.pos_manager))
        Form(transaction.with_user(self.clerk))
        action = order.with_user(self.cashier).action_nets_transactions()
        self.assertEqual(self.env["nets.transaction"].search(action["domain"]), transaction)
        self.assertIn(
            "isn't paid", self.session.with_user(self.pos_manager).nets_closing_issues()["without_order"][0]["message"]
        )
