"""Payouts: from NETS' file, or from the bank's line alone, to one entry that explains all of it."""

import base64
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import approved
from .test_clearing import ClearingCommon

HEADINGS = "Record id;Entry type;Terminal;Session;STAN;Date;Amount;Currency;Settlement no"


class PayoutCommon(ClearingCommon):
    def bank_line(self, amount, days_ago=0, **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.bank_journal.id,
                "date": fields.Date.today() - timedelta(days=days_ago),
                "payment_ref": "NETS",
                "amount": amount,
                **values,
            }
        )

    def file(self, *rows, net=None, number="7"):
        """A settlement file.

        :param rows: (record, entry type, terminal, session, STAN, amount)
        """
        today = fields.Date.to_string(fields.Date.today())
        lines = [HEADINGS]
        for record, entry, terminal, session, stan, amount in rows:
            day = fields.Date.to_string(fields.Date.today() - timedelta(days=3)) if record == "110" else today
            lines.append(f"{record};{entry};{terminal};{session};{stan};{day};{amount};USD;{number}")
        if net is not None:
            lines.append(f"300;;;;;{today};{net};USD;{number}")
        return "\n".join(lines)

    def wizard(self, text, user=None, **values):
        wizard = self.env["nets.payout.import"].with_user(user or self.manager)
        data = base64.b64encode(text.encode() if isinstance(text, str) else text)
        wizard = wizard.create({"settlement_file": data, "file_name": "Nets051126.SDV", **values})
        wizard.action_read()
        return wizard

    def imported(self, *rows, **values):
        """The payout that a file makes, as the manager sees it."""
        action = self.wizard(self.file(*rows, **values)).action_import()
        return self.env["nets.payout"].with_user(self.manager).browse(action["res_id"])

    def entry(self, payout):
        """The payout's entry: [(account, amount)]."""
        return sorted((line.account_id.name, round(line.balance, 2)) for line in payout.sudo().move_id.line_ids)


@tagged("post_install", "-at_install")
class TestPayouts(PayoutCommon):
    def test_a_payout_is_booked_in_one_entry_and_matched_with_the_bank(self):
        first = self.charge_on(amount=100, days_ago=3)
        second = self.charge_on(amount=50, number=102, days_ago=3)
        line = self.bank_line(147)
        payout = self.imported(
            ("110", "", "90000001", "21", "101", "100,00"),
            ("110", "", "90000001", "21", "102", "50,00"),
            ("100", "2", "", "", "", "3,00"),
            net="147,00",
        )
        self.assertEqual(payout.line_ids.mapped("certainty"), ["exact", "exact", False])
        self.assertEqual(payout.statement_line_ids, line)
        payout.action_reconcile()
        self.assertEqual(payout.state, "done")
        self.assertEqual(
            self.entry(payout),
            [
                ("Card terminal fees", 3),
                ("NETS clearing", -100),
                ("NETS clearing", -50),
                ("NETS clearing", 147),
            ],
        )
        self.assertTrue(line.is_reconciled)
        self.assertEqual((first | second).payout_id, payout.sudo())
        self.assertEqual((self.balance(), self.rows()), (0, {}))
        self.assertEqual((first | second).payment_id.mapped("state"), ["paid", "paid"])
        with self.assertRaisesRegex(UserError, "nothing left to do"):
            payout.action_reconcile()

    def test_until_the_bank_has_it_the_net_stands_on_the_account(self):
        self.charge_on(amount=100, days_ago=3)
        payout = self.imported(
            ("110", "", "90000001", "21", "101", "100,00"), ("100", "2", "", "", "", "1,00"), net="99,00"
        )
        payout.action_reconcile()
        self.assertEqual(payout.state, "booked")
        self.assertEqual(self.rows(), {(False, False): {"paid_out": 99.0, "open_amount": 99.0}})
        first, second = self.bank_line(60), self.bank_line(39)
        payout.statement_line_ids = first
        payout.action_reconcile()
        self.assertEqual((payout.state, self.balance()), ("booked", 39), "it comes in two parts")
        payout.statement_line_ids |= second
        payout.action_reconcile()
        self.assertEqual((payout.state, self.balance()), ("done", 0))

    def test_two_parts_are_found(self):
        first, second = self.bank_line(60), self.bank_line(40)
        self.bank_line(33)
        self.charge_on(amount=100, days_ago=3)
        payout = self.imported(("110", "", "90000001", "21", "101", "100,00"), net="100,00")
        self.assertEqual(payout.statement_line_ids, first | second)

    def test_what_is_missing_stays_and_what_is_foreign_is_named(self):
        missing = self.charge_on(amount=70, number=103, days_ago=9)
        self.charge_on(amount=100, days_ago=3)
        payout = self.imported(
            ("110", "", "90000001", "21", "101", "100,00"),
            ("110", "", "77777777", "5", "9", "25,00"),
            net="125,00",
        )
        self.assertEqual(payout.unknown_count, 1)
        payout.action_reconcile()
        late = self.env["nets.transaction"].with_user(self.manager).search([("payout_is_late", "=", True)])
        self.assertEqual(late, missing.with_user(self.manager), "charged, not paid out")
        unknown = self.env["nets.payout.line"].with_user(self.manager).search([("is_unknown", "=", True)])
        self.assertEqual((unknown.amount, unknown.terminal_identifier), (25, "77777777"), "paid out, not known here")
        self.assertEqual(self.balance(), 70 + 125 - 25)
        self.assertEqual(sum(row["open_amount"] for row in self.rows().values()), self.balance())

    def test_what_becomes_known_late_is_matched_then(self):
        payout = self.imported(("110", "", "90000001", "21", "101", "100,00"), net="100,00")
        payout.action_reconcile()
        self.assertEqual(payout.unknown_count, 1)
        late = self.charge_on(amount=100, days_ago=3)
        payout.action_match()
        self.assertEqual((payout.unknown_count, late.payout_id), (0, payout.sudo()))
        self.assertEqual(self.rows(), {(False, False): {"paid_out": 100.0, "open_amount": 100.0}})

    def test_proposals_are_looked_at(self):
        charge = self.charge_on(amount=100, days_ago=3)
        payout = self.imported(("110", "", "90000001", "", "", "100,00"), net="100,00")
        line = payout.line_ids
        self.assertEqual((line.certainty, line.reason_text), ("proposed", "Same terminal, day and amount"))
        with self.assertRaisesRegex(UserError, "only proposals"):
            payout.action_reconcile()
        payout.action_accept()
        payout.action_reconcile()
        self.assertEqual(charge.payout_id, payout.sudo())

    def test_from_the_banks_line_alone(self):
        self.charge_on(amount=100, days_ago=5)
        self.charge_on(amount=50, number=102, days_ago=4)
        self.charge_on(self.terminal_2, 30, session="007", number=5, days_ago=4)
        self.charge_on(amount=500, session="022", number=103, days_ago=1)
        line = self.bank_line(176.4)
        action = line.with_user(self.manager).action_nets_payout()
        payout = self.env["nets.payout"].with_user(self.manager).browse(action["res_id"])
        payout.action_propose_days()
        self.assertEqual(
            [(one.kind, one.terminal_identifier, one.amount) for one in payout.line_ids],
            [("batch", "90000001", 150), ("batch", "90000002", 30), ("fee", False, -3.6)],
        )
        self.assertIn("2.00 %", payout.line_ids[2].line_label)
        payout.action_accept()
        payout.action_reconcile()
        self.assertEqual((payout.state, self.balance()), ("done", 500))

    def test_lines_have_to_be_what_was_paid_out(self):
        self.charge_on(amount=100, days_ago=3)
        payout = self.imported(("110", "", "90000001", "21", "101", "100,00"), net="98,50")
        self.assertEqual(payout.difference, 1.5)
        with self.assertRaisesRegex(UserError, "differ by"):
            payout.action_reconcile()
        payout.action_add_difference()
        payout.action_reconcile()
        self.assertIn(("Card terminal fees", 1.5), self.entry(payout))

    def test_fees_have_their_accounts_and_taxes(self):
        tax = self.env["account.tax"].create(
            {"name": "25 %", "amount": 25, "type_tax_use": "purchase", "company_id": self.company.id}
        )
        account = self.company_data["default_account_expense"]
        self.company.write({"nets_subscription_account_id": account.id, "nets_subscription_tax_ids": tax.ids})
        payout = self.imported(
            ("100", "Subscription", "", "", "", "125,00"), ("100", "Adjustment", "", "", "", "-10,00"), net="-135,00"
        )
        payout.action_reconcile()
        lines = payout.sudo().move_id.line_ids
        taxed = lines.filtered("tax_repartition_line_id")
        self.assertEqual((lines - taxed).filtered(lambda one: one.account_id == account).balance, 100)
        self.assertEqual((taxed.balance, taxed.tax_line_id), (25, tax))
        self.assertEqual(payout.sudo().net_line_id.balance, -135)

    def test_a_cost_without_an_account_is_refused_by_its_name(self):
        payout = self.imported(("100", "Subscription", "", "", "", "125,00"), net="-125,00")
        payout.line_ids.account_id = False
        with self.assertRaisesRegex(UserError, "no account for this: Subscription\\."):
            payout.action_reconcile()

    def test_a_chargeback_makes_the_invoice_due_again(self):
        charge = self.charge_on(amount=100, days_ago=5)
        invoice = charge.invoice_ids
        payout = self.imported(("110", "", "90000001", "21", "101", "100,00"), net="100,00")
        payout.line_ids.transaction_ids = charge
        payout.action_reconcile()
        self.assertEqual(invoice.amount_residual, 0)
        dispute = self.imported(
            ("110", "Chargeback", "90000001", "21", "101", "100,00"),
            ("100", "Chargeback fee", "", "", "", "15,00"),
            net="-115,00",
            number="8",
        )
        self.assertEqual(
            dispute.line_ids.mapped("kind"), ["chargeback", "chargeback_fee"], "the charge of an earlier payout"
        )
        self.assertEqual(dispute.line_ids[0].transaction_ids.ids, charge.ids)
        dispute.action_reconcile()
        self.assertEqual(invoice.amount_residual, 100)
        self.assertSaidOn(invoice, "It is due again")
        self.assertIn(("Card terminal fees", 15), self.entry(dispute))
        dispute.action_undo()
        self.assertEqual(invoice.amount_residual, 0, "the payment pays again what it paid")

    def test_undo_works_until_the_bank_is_matched(self):
        charge = self.charge_on(amount=100, days_ago=3)
        before = self.rows()
        payout = self.imported(("110", "", "90000001", "21", "101", "100,00"), net="100,00")
        payout.action_reconcile()
        move = payout.sudo().move_id
        with self.assertRaisesRegex(UserError, "Open the payout"):
            move.button_draft()
        with self.assertRaisesRegex(UserError, "can't be changed"):
            payout.amount = 90
        payout.action_undo()
        self.assertEqual((payout.state, charge.payout_id, move.state), ("draft", payout.sudo().browse(), "cancel"))
        self.assertEqual(self.rows(), before)
        payout.action_reconcile()
        line = self.bank_line(100)
        payout.statement_line_ids = line
        payout.action_reconcile()
        with self.assertRaisesRegex(UserError, "on the line of the bank"):
            payout.action_undo()
        line.action_undo_reconciliation()
        self.assertEqual(payout.state, "booked")
        payout.action_undo()
        self.assertEqual(self.rows(), before)

    def test_undo_offsets_what_is_locked(self):
        self.charge_on(amount=100, days_ago=3)
        before = self.balance()
        payout = self.imported(("110", "", "90000001", "21", "101", "100,00"), net="100,00")
        payout.action_reconcile()
        move = payout.sudo().move_id
        self.company.sudo().fiscalyear_lock_date = fields.Date.today()
        payout.action_undo()
        self.assertEqual((move.state, bool(move.reversal_move_ids), self.balance()), ("posted", True, before))

    def test_nothing_is_paid_out_twice(self):
        charge = self.charge_on(amount=100, days_ago=3)
        rows = [("110", "", "90000001", "21", "101", "100,00")]
        first = self.imported(*rows, net="100,00")
        second = self.imported(*rows, net="100,00", number="8")
        self.assertEqual(second.line_ids.transaction_ids.ids, charge.ids, "not booked yet")
        first.action_reconcile()
        with self.assertRaisesRegex(UserError, "in another payout already"):
            second.action_reconcile()
        with self.assertRaisesRegex(UserError, "imported already"):
            self.imported(*rows, net="100,00", number="8")

    def test_play_money_is_never_paid_out_as_money(self):
        played = self.charge_on(amount=100, days_ago=3)
        rows = [("110", "", "90000001", "21", "101", "100,00")]
        trial = self.imported(*rows, net="100,00")
        self.account.environment = "production"
        real = self.imported(*rows, net="100,00", number="8")
        self.assertEqual((trial.is_play_money, real.is_play_money), (True, False))
        self.assertEqual((trial.unknown_count, real.unknown_count), (0, 1))
        real.line_ids.transaction_ids = played
        with self.assertRaisesRegex(UserError, "play money"):
            real.action_reconcile()
        trial.action_reconcile()
        self.assertEqual(played.payout_id, trial.sudo())
        self.assertRegex(trial.sudo().move_id.ref, "^Payout 7 .* · play money$")
        self.assertNotIn("play money", real.name)
        with self.subTest("whoever imported it, its name is read in one's own language"):
            self.env["res.lang"]._activate_lang("it_IT")
            self.assertRegex(trial.with_context(lang="it_IT").name, "^Accredito 7 .* · denaro fittizio$")

    def test_what_a_caller_writes_is_checked(self):
        mine = self.charge_on(amount=100, days_ago=3)
        refused = self.charge_on(amount=40, number=105, days_ago=3)
        payout = self.imported(("110", "", "90000001", "21", "999", "60,00"), net="60,00")
        for transaction, said in ((mine, "aren't worth its amount"), (refused, "aren't worth its amount")):
            payout.line_ids.transaction_ids = transaction
            with self.assertRaisesRegex(UserError, said):
                payout.action_reconcile()
        elsewhere = (
            self.env["nets.payout"]
            .with_user(self.manager)
            .create(
                {
                    "account_id": self.receivable.id,
                    "amount": 5,
                    "line_ids": [Command.create({"kind": "charge", "amount": 5})],
                }
            )
        )
        with self.assertRaisesRegex(UserError, "clearing account"):
            elsewhere.action_reconcile()
        with self.assertRaises(AccessError):
            payout.line_ids.write({"certainty": "exact"})
        with self.assertRaises(AccessError):
            payout.write({"move_id": mine.payment_id.move_id.id})
        with self.assertRaises(AccessError):
            self.wizard(self.file(("110", "", "", "", "", "1,00")), user=self.clerk)
        other = self.env["res.company"].create({"name": "Neighbour"})
        stranger = self.manager.copy(
            {"login": "nets_payout_stranger", "company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        with self.assertRaises(AccessError):
            payout.with_user(stranger).with_company(other).read(["amount"])

    def test_a_payout_with_the_charges_of_a_branch(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()
        self.clerk.company_ids |= branch
        self.manager.company_ids |= branch
        self.env.user.company_ids |= branch
        mine = self.charge_on(amount=100, days_ago=3)
        theirs = self.charge_on(amount=50, number=102, days_ago=3, company=branch)
        invoice = theirs.invoice_ids
        self.assertEqual((theirs.company_id, theirs._money_items().company_id), (branch, branch))
        self.assertEqual(self.balance(), 150, "all of it stands on one account")
        line = self.bank_line(147)
        payout = self.imported(
            ("110", "", "90000001", "21", "101", "100,00"),
            ("110", "", "90000001", "21", "102", "50,00"),
            ("100", "2", "", "", "", "3,00"),
            net="147,00",
        )
        self.assertEqual((payout.unknown_count, payout.statement_line_ids), (0, line))
        payout.action_reconcile()
        self.assertEqual((payout.state, self.balance()), ("done", 0))
        self.assertEqual((mine | theirs).payout_id, payout.sudo())
        self.assertEqual(theirs.payment_id.state, "paid")
        dispute = self.imported(("110", "Chargeback", "90000001", "21", "102", "50,00"), net="-50,00", number="8")
        self.assertEqual(dispute.line_ids.transaction_ids.ids, theirs.ids)
        dispute.action_reconcile()
        self.assertEqual(invoice.amount_residual, 50)
        dispute.action_undo()
        self.assertEqual(invoice.amount_residual, 0)

        with self.subTest("NETS pays the branch itself"):
            again = self.charge_on(amount=30, number=103, days_ago=3, company=branch)
            bank = self.env["account.journal"].create(
                {"name": "Bank of the branch", "type": "bank", "code": "BRB", "company_id": branch.id}
            )
            text = self.file(
                ("110", "", "90000001", "21", "103", "30,00"), ("100", "2", "", "", "", "1,00"), net="29,00", number="9"
            )
            wizards = self.env["nets.payout.import"].with_user(self.manager)
            wizards = wizards.with_context(allowed_company_ids=(branch | self.company).ids)
            wizard = wizards.create({"settlement_file": base64.b64encode(text.encode())})
            wizard.action_read()
            payout = wizards.env["nets.payout"].browse(wizard.action_import()["res_id"])
            self.assertEqual((payout.company_id, payout.line_ids[0].certainty), (branch, "exact"))
            payout.statement_line_ids = self.bank_line(29, journal_id=bank.id)
            payout.action_reconcile()
            self.assertEqual((payout.state, again.payout_id, self.balance()), ("done", payout.sudo(), 0))
            self.assertEqual(payout.sudo().move_id.company_id, branch)

    def test_an_unknown_layout_is_mapped_once(self):
        self.charge_on(amount=100, days_ago=3)
        text = "Foo;Bar;Qux;Quux\n90000001;101;100,00;21\n"
        wizard = self.wizard(text)
        self.assertEqual(wizard.column_ids.mapped("meaning"), ["none"] * 4)
        with self.assertRaisesRegex(UserError, "which column is the amount"):
            wizard.action_import()
        for column, meaning in zip(wizard.column_ids, ("terminal", "stan", "amount", "session"), strict=True):
            column.meaning = meaning
        payout = self.env["nets.payout"].with_user(self.manager).browse(wizard.action_import()["res_id"])
        self.assertEqual((payout.amount, payout.line_ids.certainty), (100, "exact"))
        again = self.wizard(text.replace("100,00", "90,00"))
        self.assertEqual(again.column_ids.mapped("meaning"), ["terminal", "stan", "amount", "session"], "it is kept")

    def test_hostile_files_get_a_clear_error(self):
        for data, said in (
            (b"\x00\xff;\n", "no table"),
            (b"", "Choose a file"),
            (b"1;2\n" * 60_000, "more rows"),
            (b"x" * 6_000_000, "larger than"),
            (b"Terminal;Amount\n1;ten\n", "Row 2 can't be read"),
        ):
            with self.subTest(said), self.assertRaisesRegex(UserError, said):
                self.wizard(data).action_import()

    def test_two_currencies(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "rate": 0.5, "name": "2000-01-01", "company_id": self.company.id}
        )
        abroad = self.terminal.copy({"identifier": "90000009", "currency_id": euro.id})
        transaction = self.send(self.make_invoice(100, currency_id=euro.id), terminal=abroad)
        transaction._record_answer(approved(10000, 301))
        transaction._correct({"charge_date": fields.Date.today() - timedelta(days=3)})
        self.assertTrue(transaction._book())
        self.assertEqual(self.balance(), 200)
        text = self.file(("110", "", "90000009", "21", "301", "100,00"), ("100", "2", "", "", "", "2,00"), net="98,00")
        action = self.wizard(text.replace("USD", "EUR")).action_import()
        payout = self.env["nets.payout"].with_user(self.manager).browse(action["res_id"])
        self.assertEqual((payout.currency_id, payout.line_ids[0].certainty), (euro, "exact"))
        # the bank changed the money, at a rate of its own
        payout.statement_line_ids = self.bank_line(190)
        payout.action_reconcile()
        self.assertEqual((payout.state, self.balance()), ("done", 0))
