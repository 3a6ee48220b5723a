"""Several tills, terminals, shops, companies and currencies; and what a till is told of them."""

import json

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import approved
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosTills(PosCardCommon):
    def test_two_shops_on_one_terminal(self):
        other = self.open_session(self.config.copy({"name": "Kiosk"}))
        here = self.card_order().payment_ids
        there = self.sync(self.order_values((self.card_method, 100), session=other)).payment_ids
        running = self.send(here)
        with self.assertRaisesRegex(UserError, "Front desk is busy with another payment .*100.00"):
            self.start(there)
        self.assertEqual(there.payment_status, "pending")
        running._record_answer(approved(10000))
        running._book()
        second = self.charge(there, outcome=approved(10000, number=102))
        self.assertEqual((running.pos_config_id, second.pos_config_id), (self.config, other.config_id))
        self.validate(here.pos_order_id)
        self.assertTrue(self.close()["successful"], "the other shop's cards don't matter here")
        self.assertFalse(other.with_user(self.cashier).nets_closing_issues()["unresolved"])

    def test_a_till_waits_for_what_another_till_lost(self):
        other = self.open_session(self.config.copy({"name": "Kiosk"}))
        self.lose(self.card_order().payment_ids)
        there = self.sync(self.order_values((self.card_method, 100), session=other)).payment_ids
        [answer] = self.rpc_start(there)
        self.assertTrue(answer["waiting"])
        self.assertIn("Front desk is still being fetched", answer["explanation"])
        self.assertFalse(there._nets_transaction())

    def rpc_start(self, payment, user=None):
        transactions = self.env["nets.transaction"].with_user(user or self.cashier)
        return transactions.pos_start(payment.uuid, self.terminal.id, payment.amount, f"press-{payment.uuid}")

    def test_two_terminals_on_one_till(self):
        first, second = self.card_order(30).payment_ids, self.card_order(40).payment_ids
        on_desk = self.send(first)
        in_back = self.send(second, terminal=self.terminal_2, token="thread-2")
        self.assertEqual((on_desk.terminal_id, in_back.terminal_id), (self.terminal, self.terminal_2))
        in_back._record_answer(approved(4000, number=7))
        on_desk._record_answer(approved(3000))
        for transaction in (on_desk, in_back):
            transaction._book()
        self.assertEqual((first.transaction_id, second.transaction_id), (on_desk.order_id, in_back.order_id))
        self.assertEqual((first.amount, second.amount), (30, 40))

    def test_another_till_of_the_shop_takes_over(self):
        colleague = self._new_pos_user("nets_colleague", "point_of_sale.group_pos_user")
        payment = self.card_order().payment_ids
        transaction = self.send(payment)
        found = self.env["nets.transaction"].with_user(colleague).pos_progress([payment.uuid])
        self.assertEqual(found[payment.uuid]["id"], transaction.id)
        self.assertEqual(self.rpc_start(payment, user=colleague)[0]["id"], transaction.id)
        transaction.with_user(colleague).abort()
        self.assertEqual(transaction.abort_requested_by_id, colleague)
        transaction._record_answer(approved(10000))
        transaction._book()
        self.validate(payment.pos_order_id, user=colleague)
        self.assertEqual(payment.pos_order_id.state, "paid")

    def test_two_sites_and_one_order(self):
        """A till elsewhere has it, too, and takes it into its own session: not while a card runs, and once after."""
        here, there = self.session, self.open_session(self.config.copy({"name": "Other site"}))
        order = self.card_order()
        transaction = self.send(order.payment_ids)
        for state in ("draft", "paid"):
            with self.assertRaisesRegex(UserError, "is running"), self.env.cr.savepoint():
                self.sync(self.stale(order, session_id=there.id, state=state))
        elsewhere = self.start_pos(order.payment_ids, terminal=self.terminal_2)
        self.assertEqual((elsewhere, order.session_id), (transaction, here))
        transaction._record_answer(approved(10000))
        transaction._book()
        self.sync(self.stale(order, session_id=there.id, state="paid"))
        self.assertEqual((order.state, order.session_id), ("paid", there))
        for session in (here, there):
            self.assertEqual(self.close(session), {"successful": True})
        payment = transaction.pos_closing_payment_id
        self.assertEqual((payment.amount, payment.pos_session_id), (100, there))

    def test_nothing_secret_reaches_a_till(self):
        self.account.write({"name": "Account-Name-7", "username": "user-name-7", "password": "pass-word-7"})
        self.account.sudo()._write_secret({"token": "to-ken-7", "token_expires_at": 4102444800})
        self.charge(self.card_order().payment_ids, outcome=approved(10000, raw='{"raw": "raw-answer-7"}'))
        session = self.session.with_user(self.cashier)
        loaded = session.load_data([])
        self.assertGreater(len(loaded), 20)
        self.assertEqual({name for name in loaded if name.startswith("nets.")}, {"nets.terminal"})
        self.assertTrue(loaded["nets.terminal"])
        self.assertTrue(loaded["pos.payment"], "with the payment that was charged")
        text = json.dumps(loaded, default=str)
        for secret in ("Account-Name-7", "user-name-7", "pass-word-7", "to-ken-7", "raw-answer-7", "MERCHANT"):
            with self.subTest(secret):
                self.assertNotIn(secret, text)
        self.assertIn("CUSTOMER", text, "the receipt for the customer is printed by the till")
        related = {
            relation["relation"]
            for params in session.load_data_params().values()
            for relation in params["relations"].values()
            if relation.get("relation")
        }
        self.assertEqual({name for name in related if name.startswith("nets.")}, {"nets.terminal"})


@tagged("post_install", "-at_install")
class TestPosCompanies(PosCardCommon):
    def test_a_terminal_of_another_company(self):
        other = self.env["res.company"].create({"name": "Neighbour"})
        account = self.account.copy({"name": "Theirs", "company_id": other.id, "username": "theirs"})
        theirs = self.env["nets.terminal"].create(
            {"name": "Theirs", "identifier": "90000030", "account_id": account.id, "currency_id": self.usd.id}
        )
        payment = self.card_order().payment_ids
        with self.assertRaisesRegex(UserError, "Theirs doesn't belong to"):
            self.start(payment, terminal=theirs)
        # who works in both companies doesn't carry one's terminal into the other either
        self.cashier.company_ids |= other
        transactions = self.env["nets.transaction"].with_user(self.cashier)
        with self.assertRaisesRegex(UserError, "Theirs doesn't belong to"):
            transactions.with_context(allowed_company_ids=(self.company | other).ids).pos_start(
                payment.uuid, theirs.id, 100, "press-1"
            )
        self.assertFalse(payment._nets_transaction())
        self.assertNotIn(theirs, self.card_method._nets_terminals(self.config))

    def test_a_branch_uses_the_terminals_of_its_company(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        branch.write(
            {
                # the French certification asks for it
                "country_id": self.company.account_fiscal_country_id.id,
                "chart_template": self.company.chart_template,
                "account_fiscal_country_id": self.company.account_fiscal_country_id.id,
                "account_default_pos_receivable_account_id": self.pos_receivable.id,
            }
        )
        for user in (self.env.user, self.cashier, self.pos_manager):
            user.company_ids |= branch
        method = self.card_method.copy({"name": "Card at the branch", "company_id": branch.id})
        method.nets_terminal_ids = self.terminal
        config = (
            self.env["pos.config"]
            .with_company(branch)
            .create(
                {
                    "name": "Branch shop",
                    "company_id": branch.id,
                    "journal_id": self.company_data["default_journal_sale"].id,
                    "payment_method_ids": [Command.set(method.ids)],
                }
            )
        )
        self.assertEqual(method._nets_terminals(config), self.terminal)
        self.cashier.company_id = branch
        session = self.open_session(config)
        # from here on the tills of the branch
        self.company = branch
        self.env = self.env(context={**self.env.context, "allowed_company_ids": branch.ids})
        values = self.order_values((method, 25.5), total=25.5, session=session, company_id=branch.id)
        order = self.sync(values)
        transaction = self.charge(order.payment_ids)
        self.assertEqual(transaction.company_id, branch)
        self.sync(self.stale(order, session_id=session.id, state="paid"))
        lost = self.sync(self.order_values((method, 10), total=10, session=session, company_id=branch.id))
        astray = self.charge(lost.payment_ids, outcome=approved(1000, number=102))
        session.with_user(self.pos_manager).with_company(branch).nets_allow_closing("The customer left")
        lost.with_user(self.cashier).action_pos_order_cancel()
        self.assertEqual(astray.payment_id.company_id, branch)
        self.assertTrue(self.close(session)["successful"])
        payments = session.bank_payment_ids | astray.payment_id
        self.assertEqual(payments.company_id, branch)
        self.assertEqual(sorted(payments.mapped("amount")), [10, 25.5])


@tagged("post_install", "-at_install")
class TestPosForeignCurrency(PosCardCommon):
    """A shop in euros of a company in dollars, at a rate that rounds badly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        cls.env["res.currency.rate"].search([("currency_id", "=", cls.euro.id)]).unlink()
        cls.env["res.currency.rate"].create(
            {"name": "2020-01-01", "rate": 0.8371, "currency_id": cls.euro.id, "company_id": cls.company.id}
        )
        cls.euro_bank, sales = cls.env["account.journal"].create(
            [
                {"name": "Euro bank", "type": "bank", "code": "BEUR", "currency_id": cls.euro.id},
                {"name": "Euro sales", "type": "sale", "code": "SEUR", "currency_id": cls.euro.id},
            ]
        )
        cls.euro_terminal = cls.env["nets.terminal"].create(
            {
                "name": "Euro desk",
                "identifier": "90000011",
                "account_id": cls.account.id,
                "location_id": cls.location.id,
                "currency_id": cls.euro.id,
            }
        )
        cls.euro_method = cls.card_method.copy({"name": "Card EUR", "journal_id": cls.euro_bank.id})
        cls.euro_config = cls.env["pos.config"].create(
            {
                "name": "Euro shop",
                "journal_id": sales.id,
                "payment_method_ids": [Command.set(cls.euro_method.ids)],
                "iface_tipproduct": True,
            }
        )
        cls.euro_session = cls.open_session(cls.euro_config)

    def euro_order(self, amount, *payments, **values):
        payments = payments or [(self.euro_method, amount)]
        return self.sync(self.order_values(*payments, total=amount, session=self.euro_session, **values))

    def euro_charge(self, payment, minor, number, **values):
        return self.charge(payment, terminal=self.euro_terminal, outcome=approved(minor, number=number, **values))

    def pay(self, order):
        self.sync(self.stale(order, session_id=self.euro_session.id, state="paid"))
        self.assertEqual(order.state, "paid")

    def test_books_and_ledger_are_equal_in_both_currencies(self):
        plain = self.euro_order(99.99)
        self.euro_charge(plain.payment_ids, 9999, 1)
        self.pay(plain)
        tipped = self.euro_order(33.33)
        transaction = self.euro_charge(tipped.payment_ids, 3333 + 217 + 41, 2, tip_amount=217, surcharge_amount=41)
        self.assertEqual((transaction.currency_id, transaction.charged_amount), (self.euro, 35.91))
        self.assertRecordValues(tipped, [{"amount_total": 35.91, "amount_paid": 35.91, "tip_amount": 2.17}])
        self.pay(tipped)
        line = plain.lines
        values = {"qty": -1, "price_subtotal": -99.99, "price_subtotal_incl": -99.99, "refunded_orderline_id": line.id}
        refund = self.euro_order(-99.99, lines=[Command.create(self.line_values(99.99, **values))], is_refund=True)
        self.euro_charge(refund.payment_ids, 9999, 3)
        self.pay(refund)
        lost = self.euro_order(10.01)
        astray = self.euro_charge(lost.payment_ids, 1001, 4)
        self.euro_session.with_user(self.pos_manager).nets_allow_closing("The customer left")
        lost.with_user(self.cashier).action_pos_order_cancel()
        self.assertTrue(self.close(self.euro_session)["successful"])

        charged = self.env["nets.transaction"].search([("pos_session_id", "=", self.euro_session.id)])
        self.assertEqual(sorted(charged.mapped("charged_amount")), [-99.99, 10.01, 35.91, 99.99])
        payments = self.euro_session.bank_payment_ids | astray.payment_id
        self.assertEqual(payments.currency_id, self.euro)
        self.assertEqual(set(payments.mapped("state")), {"in_process"})
        bank = payments.move_id.line_ids.filtered(lambda item: item.account_id == self.outstanding)
        self.assertAlmostEqual(sum(bank.mapped("amount_currency")), 45.92, 2)
        # each entry at the day's rate, to the cent
        for item in bank:
            self.assertAlmostEqual(item.balance, self.usd.round(item.amount_currency / 0.8371), 2)
        for move in payments.move_id | self.euro_session.move_id:
            self.assertAlmostEqual(sum(move.line_ids.mapped("balance")), 0, 2)
            self.assertAlmostEqual(sum(move.line_ids.mapped("amount_currency")), 0, 2)
        # the receivable of the Point of Sale: only what belongs to no order is open
        receivable = (payments.move_id | self.euro_session.move_id).line_ids.filtered(
            lambda item: item.account_id == self.pos_receivable
        )
        self.assertAlmostEqual(sum(receivable.mapped("amount_residual_currency")), -10.01, 2)

    def test_only_terminals_of_the_currency(self):
        data = self.euro_session.with_user(self.cashier).load_data(
            ["pos.config", "pos.payment.method", "nets.terminal"]
        )
        self.assertEqual([row["id"] for row in data["nets.terminal"]], self.euro_terminal.ids)
        payment = self.euro_order(10).payment_ids
        with self.assertRaisesRegex(UserError, "charges in USD, but the amount is in EUR"):
            self.start(payment, terminal=self.terminal)
