"""One clearing account for each NETS account, and the page that explains its balance."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import CardPaymentCommon, approved


class ClearingCommon(CardPaymentCommon):
    """The books are set up as the button does it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.action_set_up_books()
        cls.clearing = cls.account.clearing_account_id
        cls.cards_journal = cls.account.clearing_journal_id

    def charge_on(self, terminal=None, amount=100.0, session="021", number=101, days_ago=0, company=None, **values):  # pylint: disable=too-many-positional-arguments
        """A charge of an invoice of its own, some days ago."""
        invoice = self.make_invoice(amount, company_id=(company or self.company).id)
        transaction = self.send(invoice, terminal=terminal or self.terminal)
        transaction._record_answer(approved(self.minor(transaction), number=number, session_number=session, **values))
        transaction._correct({"charge_date": fields.Date.today() - timedelta(days=days_ago)})
        self.assertTrue(transaction._book())
        return transaction

    def rows(self, day=None, user=None):
        """What the page says: {(terminal, session): {column: amount}}, of what is open or unbooked."""
        self.env.flush_all()
        items = self.env["nets.clearing.item"].with_user(user or self.manager).with_context(nets_clearing_day=day)
        columns = ("charged", "refunded", "paid_out", "other", "open_amount", "late", "unbooked")
        groups = items._read_group(
            [("account_id", "=", self.clearing.id), "|", ("open_amount", "!=", 0), ("unbooked", "!=", 0)],
            ["terminal_id", "session_number"],
            [f"{column}:sum" for column in columns],
        )
        return {
            (terminal.identifier, session): {
                column: round(amount, 2) for column, amount in zip(columns, amounts, strict=True) if amount
            }
            for terminal, session, *amounts in groups
        }

    def balance(self, day=None):
        """The balance of the clearing account, from the journal items alone."""
        self.env.flush_all()
        domain = [("account_id", "=", self.clearing.id), ("parent_state", "=", "posted")]
        if day:
            domain.append(("date", "<=", day))
        [[balance]] = self.env["account.move.line"]._read_group(domain, aggregates=["balance:sum"])
        return round(balance, 2)


@tagged("post_install", "-at_install")
class TestClearing(ClearingCommon):
    def test_one_click_makes_the_books(self):
        self.assertEqual(self.clearing.account_type, "asset_current")
        self.assertTrue(self.clearing.reconcile)
        lines = self.cards_journal._nets_clearing_lines()
        self.assertEqual(lines.mapped("payment_type"), ["inbound", "outbound"])
        self.assertEqual(lines.payment_account_id, self.clearing)
        self.assertEqual((self.terminal | self.terminal_2).journal_id, self.cards_journal)
        self.assertTrue(self.account.books_are_set_up)
        before = (self.clearing, self.cards_journal)
        self.account.action_set_up_books()
        self.assertEqual((self.account.clearing_account_id, self.account.clearing_journal_id), before)
        new = self.terminal.copy({"identifier": "90000003", "journal_id": False})
        self.assertEqual(new.journal_id, self.cards_journal, "a new terminal books where the others do")

    def test_who_sets_up_the_books(self):
        with self.assertRaises(AccessError):
            self.account.with_user(self.manager).action_set_up_books()

    def test_charges_and_refunds_come_to_the_clearing_account(self):
        charge = self.charge_on(amount=100)
        charge.start_refund(-30, self.terminal.id, "request-of-refund")
        refund = charge.refund_ids
        self.assertTrue(refund._claim("thread-2"))
        refund._record_answer(approved(3000, number=102))
        self.assertTrue(refund._book())
        self.charge_on(self.terminal_2, 50, session="007", number=5)
        self.assertEqual(
            self.rows(),
            {
                ("90000001", "021"): {"charged": 100.0, "refunded": -30.0, "open_amount": 70.0},
                ("90000002", "007"): {"charged": 50.0, "open_amount": 50.0},
            },
        )
        self.assertEqual(self.balance(), 120)

    def test_the_balance_of_any_day_is_explained(self):
        self.charge_on(amount=100, days_ago=20)
        self.charge_on(amount=40, session="022", number=102, days_ago=3)
        by_hand = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create({"account_id": self.clearing.id, "balance": -15}),
                    Command.create({"account_id": self.company_data["default_account_expense"].id, "balance": 15}),
                ],
            }
        )
        by_hand.action_post()
        today = fields.Date.today()
        for days_ago in (0, 2, 3, 4, 10, 20, 21):
            day = today - timedelta(days=days_ago)
            rows = self.rows(day)
            with self.subTest(days_ago):
                self.assertEqual(sum(row["open_amount"] for row in rows.values()), self.balance(day))
        self.assertEqual(
            self.rows(),
            {
                ("90000001", "021"): {"charged": 100.0, "open_amount": 100.0, "late": 100.0},
                ("90000001", "022"): {"charged": 40.0, "open_amount": 40.0},
                (False, False): {"other": -15.0, "open_amount": -15.0},
            },
        )
        self.assertNotIn("late", self.rows(today - timedelta(days=17))["90000001", "021"])

    def test_what_is_not_in_the_books_stands_beside(self):
        transaction = self.send(self.make_invoice(60))
        transaction._record_answer(approved(6000))
        self.assertTrue(transaction.to_book)
        self.assertEqual(self.rows(), {("90000001", "021"): {"unbooked": 60.0}})

    def test_a_stan_is_not_taken_for_a_session(self):
        charge = self.charge_on(session="", number=101)
        self.assertIn("90000001/-/000101", charge.payment_id.memo)
        self.assertEqual(self.rows(), {("90000001", False): {"charged": 100.0, "open_amount": 100.0}})

    def test_play_money_stands_beside_money(self):
        self.charge_on(amount=100)
        self.account.environment = "production"
        self.charge_on(amount=40, number=102)
        self.account.environment = "simulator"
        waiting = self.send(self.make_invoice(60))
        waiting._record_answer(approved(6000, number=103))
        self.env.flush_all()
        items = self.env["nets.clearing.item"].with_user(self.manager)
        found = [(item.open_amount, item.unbooked, item.play_money) for item in items.search([], order="id")]
        self.assertEqual(found, [(0, 60, 60), (100, 0, 100), (40, 0, 0)])
        view = self.env.ref("nets_connect_cloud.nets_clearing_item_view_list")
        self.assertIn("play_money", items.get_view(view.id)["arch"])
        self.env.cr.execute("UPDATE nets_transaction SET environment = 'production'")
        self.env.invalidate_all()
        self.assertNotIn("play_money", items.get_view(view.id)["arch"], "who never tried it has no column for it")

    def test_what_is_matched_is_gone_from_that_day_on(self):
        charge = self.charge_on(amount=100, days_ago=5)
        today = fields.Date.today()
        move = self.env["account.move"].create(
            {
                "date": today - timedelta(days=2),
                "line_ids": [
                    Command.create({"account_id": self.clearing.id, "balance": -100}),
                    Command.create({"account_id": self.company_data["default_account_expense"].id, "balance": 100}),
                ],
            }
        )
        move.action_post()
        mine = (move.line_ids | charge.payment_id.move_id.line_ids).filtered(
            lambda line: line.account_id == self.clearing
        )
        mine.reconcile()
        self.assertEqual(self.rows(today - timedelta(days=3))["90000001", "021"]["open_amount"], 100)
        self.assertEqual(self.rows(), {})

    def test_who_sees_it(self):
        self.charge_on()
        stranger = self.clerk.copy({"login": "nets_stranger"})
        with self.assertRaises(AccessError):
            self.rows(user=stranger)
        other = self.env["res.company"].create({"name": "Neighbour"})
        elsewhere = self.manager.copy(
            {"login": "nets_elsewhere", "company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        self.assertEqual(self.rows(user=elsewhere), {})

    def test_another_day_opens_the_page_of_that_day(self):
        wizard = self.env["nets.clearing.day"].with_user(self.manager).create({"day": "2026-11-05"})
        action = wizard.action_open()
        self.assertEqual(action["context"]["nets_clearing_day"], "2026-11-05")
        self.assertIn("11/05/2026", action["display_name"])
        self.env["res.lang"].search([("code", "=", "en_US")]).date_format = "%d.%m.%Y"
        self.assertIn("05.11.2026", wizard.action_open()["display_name"], "as the language writes dates")
