"""What was asked pays what was due (rule 27): tips and surcharges have separate accounts."""

import uuid

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from ..common import CardPaymentCommon, approved


@tagged("post_install", "-at_install")
class TestExtras(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        accounts = cls.env["account.account"]
        cls.tips = accounts.create({"name": "Staff's tips", "code": "299901", "account_type": "liability_current"})
        cls.fees = accounts.create({"name": "Card fees", "code": "499901", "account_type": "income_other"})
        cls.collected = accounts.create({"name": "VAT", "code": "299902", "account_type": "liability_current"})
        cls.vat = cls.make_tax("25%", 25)
        cls.tags = cls.vat.invoice_repartition_line_ids.tag_ids
        cls.company.write(
            {
                "nets_tip_account_id": cls.tips.id,
                "nets_tip_tax_ids": False,
                "nets_surcharge_account_id": cls.fees.id,
                "nets_surcharge_tax_ids": [Command.set(cls.vat.ids)],
            }
        )
        cls.outgoing = cls.env["account.chart.template"].ref("account_journal_payment_credit_account_id")

    @classmethod
    def make_tax(cls, name, amount):
        def repartition(kind):
            tags = cls.env["account.account.tag"].create(
                [{"name": f"{name} {kind} {part}", "applicability": "taxes"} for part in ("base", "tax")]
            )
            return [
                Command.create({"repartition_type": "base", "tag_ids": [Command.set(tags[0].ids)]}),
                Command.create({"account_id": cls.collected.id, "tag_ids": [Command.set(tags[1].ids)]}),
            ]

        return cls.env["account.tax"].create(
            {
                "name": name,
                "amount": amount,
                "type_tax_use": "sale",
                "invoice_repartition_line_ids": repartition("invoice"),
                "refund_repartition_line_ids": repartition("refund"),
            }
        )

    def tipped(self, invoice, asked=400, tip=20, surcharge=5, number=101):
        """A payment to which the terminal added something."""
        total = round((asked + tip + surcharge) * 100)
        outcome = approved(total, number=number, tip_amount=round(tip * 100), surcharge_amount=round(surcharge * 100))
        transaction = self.charge(invoice, asked, outcome=outcome)
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        return transaction

    def refund(self, purchase, amount, number):
        [progress] = purchase.with_user(self.clerk).start_refund(-amount, self.terminal.id, str(uuid.uuid4()))
        return self.finish(self.engine["nets.transaction"].browse(progress["id"]), number)

    def finish(self, transaction, number):
        self.assertTrue(transaction._claim("thread-refund"))
        transaction._record_answer(approved(self.minor(transaction), number=number))
        transaction._book()
        self.env.invalidate_all()
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        return transaction

    def balance(self, account):
        lines = self.env["account.move.line"].search([("account_id", "=", account.id), ("parent_state", "=", "posted")])
        return self.usd.round(sum(lines.mapped("balance")))

    # === BOOKED === #

    def test_rule_27_what_was_asked_pays_what_was_due(self):
        invoice = self.make_invoice(1150)
        transaction = self.tipped(invoice)
        self.assertPaymentLines(
            transaction.payment_id,
            [
                (self.outstanding, 425, 0, 425),
                (self.receivable, 0, 400, 0),
                (self.tips, 0, 20, 0),
                (self.fees, 0, 4, 0),
                (self.collected, 0, 1, 0),
            ],
        )
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (750, "partial"))
        self.assertEqual((transaction.booked_tip, transaction.booked_surcharge), (20, 5))
        self.assertRegex(transaction.booking_note, r"25\.00 of the charge was added on the terminal")
        fee = transaction.payment_id.move_id.line_ids.filtered(lambda line: line.account_id == self.fees)
        vat = transaction.payment_id.move_id.line_ids.filtered(lambda line: line.account_id == self.collected)
        self.assertEqual((fee.tax_ids, fee.tax_tag_ids), (self.vat, self.tags[0]))
        self.assertEqual((vat.tax_line_id, vat.tax_tag_ids), (self.vat, self.tags[1]))

    def test_what_the_terminal_does_not_explain_is_a_tip(self):
        transaction = self.charge(self.make_invoice(100), outcome=approved(11250, surcharge_amount=250))
        self.assertEqual((transaction.booked_tip, transaction.booked_surcharge), (10, 2.5))

    def test_a_discount_is_granted_all_the_same(self):
        loss = self.company.account_journal_early_pay_discount_loss_account_id
        terms = self.make_discount_terms()
        invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
        transaction = self.tipped(invoice, asked=980, tip=20, surcharge=0)
        self.assertPaymentLines(
            transaction.payment_id,
            [(self.outstanding, 1000, 0, 1000), (loss, 20, 0, 0), (self.receivable, 0, 1000, 0), (self.tips, 0, 20, 0)],
        )
        self.assertEqual(invoice.amount_residual, 0)

    def test_on_a_paid_invoice_the_tip_is_nobodys_credit(self):
        invoice = self.make_invoice(400)
        first = self.send(invoice, 400)
        # paid otherwise while the card was charged
        credit = self.make_invoice(400, move_type="out_refund")
        (invoice | credit).line_ids.filtered(lambda line: line.account_id == self.receivable).reconcile()
        first._record_answer(approved(42500, tip_amount=2000, surcharge_amount=500))
        first._book()
        self.assertPaymentLines(
            first.payment_id,
            [
                (self.outstanding, 425, 0, 425),
                (self.receivable, 0, 400, -400),
                (self.tips, 0, 20, 0),
                (self.fees, 0, 4, 0),
                (self.collected, 0, 1, 0),
            ],
        )
        self.assertRegex(first.booking_note, r"400\.00 of the charge is more than what was still due")

    def test_in_a_foreign_currency(self):
        eur = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.5)])
        terminal = self.terminal.copy({"name": "Euro", "identifier": "90000003", "currency_id": eur.id})
        invoice = self.make_invoice(1000, currency_id=eur)
        transaction = self.charge(
            invoice, 1000, terminal=terminal, outcome=approved(102500, tip_amount=2000, surcharge_amount=500)
        )
        self.assertPaymentLines(
            transaction.payment_id,
            [
                (self.outstanding, 2050, 0, 2050),
                (self.receivable, 0, 2000, 0),
                (self.tips, 0, 40, 0),
                (self.fees, 0, 8, 0),
                (self.collected, 0, 2, 0),
            ],
        )
        self.assertEqual(invoice.amount_residual, 0)

    def test_the_customers_fiscal_position_decides_the_tax(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        free = self.make_tax("0% abroad", 0)
        free.write(
            {"fiscal_position_ids": [Command.set(position.ids)], "original_tax_ids": [Command.set(self.vat.ids)]}
        )
        invoice = self.make_invoice(1150, fiscal_position_id=position.id)
        transaction = self.tipped(invoice)
        fee = transaction.payment_id.move_id.line_ids.filtered(lambda line: line.account_id == self.fees)
        self.assertEqual((fee.balance, fee.tax_ids), (-5, free))

    def test_without_an_account_it_waits_on_the_suspense_account(self):
        self.tips.active = False
        suspense = self.bank_journal.suspense_account_id
        invoice = self.make_invoice(1150)
        transaction = self.tipped(invoice)
        self.assertPaymentLines(
            transaction.payment_id,
            [
                (self.outstanding, 425, 0, 425),
                (self.receivable, 0, 400, 0),
                (suspense, 0, 20, 0),
                (self.fees, 0, 4, 0),
                (self.collected, 0, 1, 0),
            ],
        )
        self.assertEqual(invoice.amount_residual, 750)
        self.assertIn(suspense.display_name, transaction.booking_note)

    # === GIVEN BACK === #

    def test_a_refund_gives_back_what_was_asked_first(self):
        invoice = self.make_invoice(1150)
        purchase = self.tipped(invoice)
        refund = self.refund(purchase, 100, 201)
        self.assertPaymentLines(refund.payment_id, [(self.outgoing, 0, 100, -100), (self.receivable, 100, 0, 0)])
        self.assertEqual(invoice.amount_residual, 850)
        refund = self.refund(purchase, 310, 202)
        self.assertPaymentLines(
            refund.payment_id,
            [(self.outgoing, 0, 310, -310), (self.receivable, 300, 0, 0), (self.tips, 10, 0, 0)],
        )
        self.assertEqual(invoice.amount_residual, 1150)
        refund = self.refund(purchase, 15, 203)
        self.assertEqual(invoice.amount_residual, 1150)
        for account in (self.tips, self.fees, self.collected):
            self.assertEqual(self.balance(account), 0, account.name)
        self.assertEqual((purchase.amount_refundable, purchase._extra_left()), (0, (0, 0)))
        vat = refund.payment_id.move_id.line_ids.filtered(lambda line: line.account_id == self.collected)
        self.assertEqual(vat.tax_repartition_line_id.document_type, "refund")

    def test_all_of_it_at_once(self):
        invoice = self.make_invoice(1150)
        purchase = self.tipped(invoice)
        refund = self.refund(purchase, 425, 201)
        self.assertPaymentLines(
            refund.payment_id,
            [
                (self.outgoing, 0, 425, -425),
                (self.receivable, 400, 0, 0),
                (self.tips, 20, 0, 0),
                (self.fees, 4, 0, 0),
                (self.collected, 1, 0, 0),
            ],
        )
        self.assertEqual(invoice.amount_residual, 1150)
        rows = [row["amount"] for row in (invoice.invoice_payments_widget or {"content": []})["content"]]
        self.assertEqual(sum(rows), 0)

    def test_reversed_as_a_whole(self):
        for locked in (False, True):
            with self.subTest(locked=locked), self.undone():
                invoice = self.make_invoice(1150)
                purchase = self.tipped(invoice)
                if locked:
                    self.company.fiscalyear_lock_date = fields.Date.today()
                [progress] = purchase.with_user(self.clerk).start_reversal(str(uuid.uuid4()))
                reversal = self.engine["nets.transaction"].browse(progress["id"])
                reversal.baseline = reversal._fingerprint(approved(42500, number=101))
                self.finish(reversal, 301)
                self.assertEqual(invoice.amount_residual, 1150)
                for account in (self.tips, self.fees, self.collected):
                    self.assertEqual(self.balance(account), 0, account.name)

    # === SET UP === #

    def test_the_first_terminal_brings_accounts_along(self):
        company = self.setup_other_company(name="New shop")["company"]
        self.assertFalse(company.nets_tip_account_id)
        account = self.account.copy({"name": "Another", "company_id": company.id, "password": "x"})
        values = {"name": "First", "identifier": "90000009", "account_id": account.id, "location_id": False}
        self.env["nets.terminal"].create({**values, "currency_id": company.currency_id.id})
        tips, fees = company.nets_tip_account_id, company.nets_surcharge_account_id
        self.assertEqual((tips.account_type, fees), ("liability_current", company.income_account_id))
        self.assertEqual(company.nets_surcharge_tax_ids, company.account_sale_tax_id)
        with self.subTest("once"):
            self.env["nets.terminal"].create(
                {**values, "identifier": "90000010", "currency_id": company.currency_id.id}
            )
            self.assertEqual(company.nets_tip_account_id, tips)
        with self.subTest("for its branches, too"):
            branch = self.env["res.company"].create({"name": "Branch", "parent_id": company.id})
            self.assertEqual(branch._nets_extra_account("tip")[0], tips)

    def test_a_company_that_has_terminals_before_its_chart_of_accounts_can_save_its_settings(self):
        company = self.env["res.company"].create({"name": "Very new"})
        self.env.user.company_ids |= company
        account = self.account.copy({"name": "Early", "company_id": company.id, "password": "x"})
        values = {"name": "Early", "identifier": "90000011", "account_id": account.id, "location_id": False}
        self.env["nets.terminal"].create({**values, "currency_id": company.currency_id.id})
        administrator = self.env(user=self.env.ref("base.user_admin"), context={"allowed_company_ids": company.ids})
        administrator.user.company_ids |= company
        with Form(administrator["res.config.settings"]) as settings:
            self.assertTrue(settings.nets_terminal_ids)
        self.assertFalse(company.nets_tip_account_id)
        # the chart, once it is chosen, brings them along
        settings = administrator["res.config.settings"].create({"chart_template": self.company.chart_template})
        settings.execute()
        self.assertTrue(company.nets_tip_account_id and company.nets_surcharge_account_id)

    def test_what_cannot_be_right_is_refused_when_it_is_set_up(self):
        for name, account in {
            "the customers' account": self.receivable,
            "the money": self.bank_journal.default_account_id,
            "nothing": self.env["account.account"],
        }.items():
            with self.subTest(name), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.company.nets_tip_account_id = account
