"""What was charged can't be taken out of the books, and what wasn't can't be made up, through any door."""

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..common import CardPaymentCommon, approved

# Odoo itself refuses some of it, of entries that are posted.
STAYS = "was charged on a card terminal|readonly fields on a posted move"


@tagged("post_install", "-at_install")
class TestFrozen(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = new_test_user(
            cls.env,
            login="nets_accountant",
            groups="account.group_account_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.other_journal = cls.bank_journal.copy({"name": "Other", "code": "BNKX"})

    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1000)

    def refused(self, attempts, text=STAYS, error=UserError):
        """Each of these is refused, with all rights and with an accountant's."""
        for name, attempt in attempts.items():
            for user in (self.accountant, self.env.ref("base.user_root")):
                with (
                    self.subTest(name, user=user.name),
                    self.assertRaisesRegex(error, text),
                    self.env.cr.savepoint(),
                ):
                    attempt(user)
                    self.env.flush_all()

    # === WHAT WAS CHARGED === #

    def test_what_is_said_beside_a_call_is_not_booked(self):
        for name in ("context", "own defaults"):
            with self.subTest(name), self.undone():
                said = {"narration": "Paid in cash"}
                if name == "context":
                    said = {f"default_{key}": value for key, value in said.items()}
                    transaction = self.send(self.invoice)
                    transaction._record_answer(approved(100000))
                    transaction.with_user(self.clerk).with_context(**said).action_book_again()
                else:
                    self.env["ir.default"].with_user(self.clerk).set("account.move", *said.popitem(), user_id=True)
                    transaction = self.charge(self.invoice)
                self.assertTrue(transaction.payment_id.move_id)
                self.assertFalse(transaction.payment_id.move_id.narration)

    def test_what_a_card_payment_is_made_by_stays(self):
        """A payment says that it is by card through its method, which others may write."""
        clerk = self.clerk
        ours = self.env.ref("nets_connect_cloud.account_payment_method_nets_in")
        manual = self.inbound_payment_method_line
        values = {"amount": 77, "partner_id": self.partner_a.id, "payment_method_line_id": manual.id}
        self.env["account.payment"].create({**values, "journal_id": manual.journal_id.id}).action_post()
        self.charge(self.invoice)
        journal = manual.journal_id
        into_ours = {"payment_method_id": ours.id}
        attempts = {
            "a line becomes ours": lambda: manual.with_user(clerk).write(into_ours),
            "through its journal": lambda: journal.write(
                {"inbound_payment_method_line_ids": [Command.update(manual.id, into_ours)]}
            ),
            "a line isn't ours any more": lambda: self.method_line.with_user(clerk).write(
                {"payment_method_id": manual.payment_method_id.id}
            ),
            "a method becomes ours": lambda: manual.payment_method_id.with_user(clerk).write({"code": ours.code}),
            "the method isn't ours any more": lambda: ours.with_user(clerk).write({"code": "manual"}),
            "ours goes the other way": lambda: ours.with_user(clerk).write({"payment_type": "outbound"}),
            "ours is deleted": lambda: ours.with_user(clerk).unlink(),
        }
        for name, attempt in attempts.items():
            with (
                self.subTest(name),
                self.assertRaisesRegex(UserError, "doesn't change|stays as it is"),
                self.env.cr.savepoint(),
            ):
                attempt()
        with self.subTest("what nothing was paid by may be chosen again"), self.undone():
            lines = self.other_journal.inbound_payment_method_line_ids
            unused = (lines - self.other_journal._nets_method_line("inbound"))[:1]
            unused.with_user(clerk).write(into_ours)
            self.assertEqual(unused.code, ours.code)

    def test_a_charged_payment_stays(self):
        payment = self.charge(self.invoice).payment_id
        values = {
            "amount": 900,
            "currency_id": self.env.ref("base.EUR").id,
            "date": fields.Date.to_date("2020-01-01"),
            "destination_account_id": self.company_data["default_account_payable"].id,
            "journal_id": self.other_journal.id,
            "move_id": False,
            "outstanding_account_id": self.receivable.id,
            "partner_id": self.partner_b.id,
            "partner_type": "supplier",
            "payment_method_line_id": self.inbound_payment_method_line.id,
            "payment_type": "outbound",
            "state": "draft",
        }
        attempts = {
            name: lambda user, name=name, value=value: payment.with_user(user).write({name: value})
            for name, value in values.items()
        }
        attempts |= {
            method: lambda user, method=method: getattr(payment.with_user(user), method)()
            for method in ("action_draft", "action_cancel", "action_reject", "unlink")
        }
        self.refused(attempts)
        self.assertEqual((payment.amount, payment.state), (1000, payment.state))
        payment.with_user(self.accountant).write({"memo": "corrected", "amount": 1000, "partner_id": self.partner_a.id})
        self.assertEqual((payment.memo, payment.move_id.state), ("corrected", "posted"))

    def test_so_does_its_entry(self):
        entry = self.charge(self.invoice).payment_id.move_id
        values = {
            "origin_payment_id": False,
            "state": "draft",
            "journal_id": self.other_journal.id,
            "partner_id": self.partner_b.id,
            "date": fields.Date.to_date("2020-01-01"),
            "line_ids": [Command.clear()],
        }
        attempts = {
            name: lambda user, name=name, value=value: entry.with_user(user).write({name: value})
            for name, value in values.items()
        }
        attempts |= {
            method: lambda user, method=method: getattr(entry.with_user(user), method)()
            for method in ("button_draft", "button_cancel")
        }
        attempts["unlink"] = lambda user: entry.with_user(user).with_context(force_delete=True).unlink()
        self.refused(attempts)
        entry.with_user(self.accountant).write({"ref": "corrected"})
        self.assertEqual((entry.ref, entry.state), ("corrected", "posted"))

    def test_and_its_items(self):
        entry = self.charge(self.invoice).payment_id.move_id
        money = entry.line_ids.filtered(lambda line: line.account_id == self.outstanding)
        owed = entry.line_ids - money
        self.refused(
            {
                "account": lambda user: money.with_user(user).write({"account_id": self.receivable.id}),
                "amount": lambda user: money.with_user(user).write({"debit": 900}),
                "customer": lambda user: owed.with_user(user).write({"partner_id": self.partner_b.id}),
                "moved away": lambda user: owed.with_user(user).write({"move_id": self.invoice.id}),
                "deleted": lambda user: entry.line_ids.with_user(user).unlink(),
                "added": lambda user: (
                    self.env["account.move.line"]
                    .with_user(user)
                    .create({"move_id": entry.id, "account_id": self.outstanding.id, "debit": 1})
                ),
                "through the entry": lambda user: entry.with_user(user).write(
                    {"line_ids": [Command.update(money.id, {"account_id": self.receivable.id})]}
                ),
            }
        )
        with self.subTest("labels and matching are the accountant's"):
            owed.with_user(self.accountant).write({"name": "Ours"})
            owed.with_user(self.accountant).remove_move_reconcile()
            self.assertEqual(self.invoice.amount_residual, 1000)
            (owed | self.invoice.line_ids).filtered(lambda line: line.account_id == self.receivable).reconcile()
            self.assertEqual(self.invoice.amount_residual, 0)

    def test_other_entries_are_as_free_as_before(self):
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.partner_a.id,
                "amount": 100,
                "journal_id": self.bank_journal.id,
                "payment_method_line_id": self.inbound_payment_method_line.id,
            }
        )
        payment.action_post()
        payment.action_draft()
        payment.write({"amount": 90, "partner_id": self.partner_b.id})
        payment.action_post()
        self.assertEqual(sum(payment.move_id.line_ids.mapped("debit")), 90)

    # === WHAT WASN'T === #

    def test_a_card_payment_without_a_charge_is_not_made(self):
        charged = self.charge(self.invoice)
        payments = self.env["account.payment"]
        values = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.partner_a.id,
            "amount": 100,
            "journal_id": self.bank_journal.id,
            "payment_method_line_id": self.method_line.id,
        }
        draft = payments.create(values)
        manual = payments.create({**values, "payment_method_line_id": self.inbound_payment_method_line.id})
        manual.action_post()
        self.refused(
            {
                "created as paid": lambda user: payments.with_user(user).create({**values, "state": "paid"}),
                "created in process": lambda user: payments.with_user(user).create({**values, "state": "in_process"}),
                "created with an entry": lambda user: payments.with_user(user).create(
                    {**values, "write_off_line_vals": []}
                ),
                "confirmed": lambda user: draft.with_user(user).action_post(),
                "validated": lambda user: draft.with_user(user).action_validate(),
                "written": lambda user: draft.with_user(user).write({"state": "paid"}),
                "another method": lambda user: manual.with_user(user).write(
                    {"payment_method_line_id": self.method_line.id}
                ),
            },
            "is made on the terminal",
        )
        with self.subTest("nor with another one's charge"), self.assertRaises(AccessError):
            payments.with_user(self.accountant).create(
                {**values, "state": "paid", "nets_transaction_ids": [Command.link(charged.id)]}
            )
        self.assertEqual(draft.state, "draft")

    def test_one_that_was_reversed_does_not_come_back(self):
        purchase = self.charge(self.invoice)
        payment = purchase.payment_id
        [progress] = purchase.with_user(self.clerk).start_reversal("reverse-it")
        reversal = self.engine["nets.transaction"].browse(progress["id"])
        reversal.baseline = {"known": True}
        self.assertTrue(reversal._claim("thread-1"))
        reversal._compare_and_set({"charged_amount": -1000, "state": "approved", "to_book": True}, ("pending",))
        reversal.charge_date = purchase.charge_date
        self.assertTrue(reversal._book(), reversal.booking_error)
        self.assertEqual(payment.state, "canceled")
        payment.action_draft()
        with self.assertRaisesRegex(UserError, "is made on the terminal"):
            payment.action_post()
