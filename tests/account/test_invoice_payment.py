"""What a charge becomes in the books, journal item by journal item."""

from contextlib import contextmanager, nullcontext
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ...hooks import post_init_hook, uninstall_hook
from ...models.account.const import PAYMENT_METHOD_CODE
from ..common import CardPaymentCommon, approved, declined, lost


class InvoicePaymentCase(CardPaymentCommon):
    def assertPaid(self, invoice):
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(invoice.payment_state, invoice._get_invoice_in_payment_state())

    @contextmanager
    def accounting_app(self):
        """As if the Accounting app were installed: payments wait for the bank statement."""
        moves = self.env.registry["account.move"]
        with patch.object(moves, "_get_invoice_in_payment_state", lambda self: "in_payment"):
            yield

    def comes_to_the_bank(self, invoice, amount):
        """The customer paid by bank transfer while the card was awaited, and the accountant matched it."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": invoice.partner_id.id,
                "amount": amount,
                "journal_id": self.bank_journal.id,
                "payment_method_line_id": self.inbound_payment_method_line.id,
            }
        )
        payment.action_post()
        lines = (payment.move_id | invoice).line_ids
        lines.filtered(lambda line: line.account_id == self.receivable and not line.reconciled).reconcile()


@tagged("post_install", "-at_install")
class TestBooking(InvoicePaymentCase):
    """What is booked when nothing came between."""

    def test_full_payment(self):
        invoice = self.make_invoice(1000)
        transaction = self.charge(invoice)
        self.assertTrue(transaction.booked_at)
        self.assertFalse(transaction.to_book)
        payment = transaction.payment_id
        self.assertRecordValues(
            payment,
            [
                {
                    "amount": 1000,
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.partner_a.id,
                    "journal_id": self.bank_journal.id,
                    "payment_method_code": PAYMENT_METHOD_CODE,
                    "currency_id": self.usd.id,
                    "company_id": self.company.id,
                    "date": transaction.charge_date,
                    "payment_reference": transaction.order_id,
                    "create_uid": self.clerk.id,
                }
            ],
        )
        self.assertPaymentLines(payment, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, 0)])
        self.assertEqual(payment.move_id.state, "posted")
        self.assertIn(invoice.payment_reference, payment.memo)
        self.assertIn("90000001/021/000101", payment.memo, "what an accountant finds the charge by")
        self.assertPaid(invoice)
        self.assertEqual(invoice.matched_payment_ids, payment)
        self.assertFalse(transaction.booking_note)

    def test_partial_payments(self):
        invoice = self.make_invoice(1000)
        first = self.charge(invoice, 400)
        self.assertPaymentLines(first.payment_id, [(self.outstanding, 400, 0, 400), (self.receivable, 0, 400, 0)])
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (600, "partial"))
        second = self.charge(invoice, 599.99, terminal=self.terminal_2)
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (0.01, "partial"))
        third = self.charge(invoice)
        self.assertEqual(third.amount, 0.01)
        self.assertPaid(invoice)
        self.assertEqual(invoice.matched_payment_ids, (first | second | third).payment_id)

    def test_several_invoices_of_one_customer_in_one_payment(self):
        invoices = self.make_invoice(1000) | self.make_invoice(500) | self.make_invoice(0.5)
        transaction = self.charge(invoices)
        self.assertEqual(transaction.amount, 1500.5)
        self.assertPaymentLines(
            transaction.payment_id, [(self.outstanding, 1500.5, 0, 1500.5), (self.receivable, 0, 1500.5, 0)]
        )
        for invoice in invoices:
            self.assertPaid(invoice)
            self.assertEqual(invoice.nets_transaction_ids, transaction)

    def test_part_of_several_invoices_pays_the_oldest_first(self):
        today = fields.Date.today()
        new = self.make_invoice(1000, invoice_date_due=today + timedelta(days=30), invoice_payment_term_id=None)
        old = self.make_invoice(500, invoice_date=today - timedelta(days=60), invoice_date_due=today)
        self.charge(new | old, 600)
        self.assertEqual((old.amount_residual, new.amount_residual), (0, 900))

    def test_installments(self):
        terms = {"invoice_payment_term_id": self.pay_terms_b}
        with self.subTest("all at once"):
            invoice = self.make_invoice(1000, **terms)
            self.charge(invoice, 1000)
            self.assertPaid(invoice)
        with self.subTest("the first, then the rest"):
            invoice = self.make_invoice(1000, **terms)
            installments = invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
            self.charge(invoice, 300)
            self.assertEqual(
                sorted((line.balance, line.amount_residual) for line in installments), [(300, 0), (700, 700)]
            )
            self.charge(invoice)
            self.assertPaid(invoice)

    def test_receipt_is_paid_like_an_invoice(self):
        receipt = self.make_invoice(80, move_type="out_receipt")
        self.charge(receipt)
        self.assertPaid(receipt)

    def test_outstanding_account_of_the_method_line(self):
        account = self.outstanding.copy({"code": "101499", "name": "Cards on their way"})
        self.method_line.payment_account_id = account
        for app in (False, True):
            with self.subTest(accounting_app=app), self.undone():
                invoice = self.make_invoice(1000)
                with self.accounting_app() if app else nullcontext():
                    transaction = self.charge(invoice)
                    self.assertPaymentLines(
                        transaction.payment_id, [(account, 1000, 0, 1000), (self.receivable, 0, 1000, 0)]
                    )
                    self.assertPaid(invoice)

    def test_method_line_without_outstanding_account(self):
        self.method_line.payment_account_id = False
        with self.accounting_app():
            invoice = self.make_invoice(1000)
            transaction = self.charge(invoice)
            payment = transaction.payment_id
            self.assertPaymentLines(payment, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, 0)])
            self.assertEqual(payment.state, "in_process")
            self.assertEqual((invoice.amount_residual, invoice.payment_state), (0, "in_payment"))

    def test_early_payment_discount(self):
        terms = self.make_discount_terms()
        loss = self.company.account_journal_early_pay_discount_loss_account_id
        with self.subTest("proposed, and granted"):
            invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
            data = invoice.with_user(self.clerk).nets_card_payment_data()
            self.assertEqual(data["amount"], 980)
            transaction = self.charge(invoice, data["amount"])
            self.assertEqual(transaction.charged_amount, 980)
            self.assertPaymentLines(
                transaction.payment_id,
                [(self.outstanding, 980, 0, 980), (loss, 20, 0, 0), (self.receivable, 0, 1000, 0)],
            )
            self.assertPaid(invoice)
        with self.subTest("refused by the customer"):
            invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
            transaction = self.charge(invoice, 1000)
            self.assertPaymentLines(
                transaction.payment_id, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, 0)]
            )
        with self.subTest("not for a part"):
            invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
            self.charge(invoice, 979)
            self.assertEqual(invoice.amount_residual, 21)
        with self.subTest("charged less than was asked"):
            invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
            transaction = self.charge(invoice, 980, outcome=approved(97000))
            self.assertPaymentLines(
                transaction.payment_id, [(self.outstanding, 970, 0, 970), (self.receivable, 0, 970, 0)]
            )
            self.assertEqual(invoice.amount_residual, 30)
        with self.subTest("another payment came between"):
            invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
            transaction = self.send(invoice, 980)
            self.comes_to_the_bank(invoice, 100)
            transaction._record_answer(approved(98000))
            transaction._book()
            self.assertEqual(transaction.payment_id.amount, 980)
            self.assertFalse(transaction.payment_id.move_id.line_ids.filtered(lambda line: line.account_id == loss))
            self.assertEqual(invoice.amount_residual, 0)
            self.assertIn("customer's credit", transaction.booking_note)

    def test_charged_less_than_asked(self):
        """Nobody promises that the terminal charges what was asked: what was charged is booked."""
        invoice = self.make_invoice(1000)
        transaction = self.charge(invoice, outcome=approved(80000))
        self.assertEqual(transaction.payment_id.amount, 800)
        self.assertEqual(invoice.amount_residual, 200)
        self.assertIn("charged only $\xa0800.00 of the $\xa01,000.00", transaction.booking_note)
        self.assertSaidOn(invoice, "The rest is still due")

    def test_amount_that_the_terminal_does_not_say(self):
        invoice = self.make_invoice(1000)
        transaction = self.charge(invoice, outcome=approved(None))
        self.assertEqual(transaction.payment_id.amount, 1000)
        self.assertFalse(transaction.alert, "nothing says that it was another one")

    def test_invoice_in_a_foreign_currency(self):
        eur = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.5)])
        terminal = self.terminal.copy({"name": "Euro", "identifier": "90000003", "currency_id": eur.id})
        invoice = self.make_invoice(1000, currency_id=eur)
        transaction = self.charge(invoice, 600, terminal=terminal)
        payment = transaction.payment_id
        self.assertEqual((payment.amount, payment.currency_id), (600, eur))
        self.assertPaymentLines(payment, [(self.outstanding, 1200, 0, 1200), (self.receivable, 0, 1200, 0)])
        self.assertEqual(
            sorted(payment.move_id.line_ids.mapped(lambda line: (line.amount_currency, line.currency_id))),
            [(-600, eur), (600, eur)],
        )
        self.assertEqual(invoice.amount_residual, 400)

    def test_the_rate_may_change_between_invoice_and_charge(self):
        today = fields.Date.today()
        eur = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.5), (today - timedelta(days=3), 0.8)])
        terminal = self.terminal.copy({"name": "Euro", "identifier": "90000003", "currency_id": eur.id})
        invoice = self.make_invoice(1000, currency_id=eur, invoice_date=today - timedelta(days=10))
        transaction = self.charge(invoice, terminal=terminal)
        self.assertEqual(transaction.payment_id.move_id.amount_total_signed, 1250)
        self.assertPaid(invoice)

    def test_a_currency_without_decimals(self):
        jpy = self.setup_other_currency("JPY", rates=[("2016-01-01", 100)])
        terminal = self.terminal.copy({"name": "Yen", "identifier": "90000004", "currency_id": jpy.id})
        invoice = self.make_invoice(15000, currency_id=jpy)
        transaction = self.start(invoice, terminal=terminal)
        self.assertEqual(transaction._prepare_call().amount, 15000)
        transaction._claim("thread-1")
        transaction._record_answer(approved(15000))
        transaction._book()
        self.assertEqual(transaction.payment_id.amount, 15000)
        self.assertPaid(invoice)

    def test_other_modules_find_what_odoos_pay_hands_them(self):
        """Expenses, for example, look into the batch of each payment that *Pay* makes."""
        register = self.env.registry["account.payment.register"]
        seen = {}

        def watched(name):
            original = getattr(register, name)

            def method(wizard, to_process, edit_mode=False):
                seen[name] = [dict(vals) for vals in to_process], edit_mode, wizard.company_currency_id
                return original(wizard, to_process, edit_mode=edit_mode)

            return method

        names = ("_init_payments", "_post_payments", "_reconcile_payments")
        invoice = self.make_invoice(1000)
        due = invoice.line_ids.filtered(lambda line: line.account_id == self.receivable)
        with patch.multiple(register, **{name: watched(name) for name in names}):
            transaction = self.charge(invoice)
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        for name in names:
            with self.subTest(name):
                [vals], edit_mode, currency = seen[name]
                self.assertTrue(edit_mode)
                self.assertEqual(currency, self.usd)
                self.assertEqual((vals["to_reconcile"], vals["batch"]["lines"]), (due, due))
                self.assertEqual(
                    vals["batch"]["payment_values"],
                    {
                        "partner_id": self.partner_a.id,
                        "account_id": self.receivable.id,
                        "currency_id": self.usd.id,
                        "partner_bank_id": vals["create_vals"]["partner_bank_id"],
                        "partner_type": "customer",
                        "payment_type": "inbound",
                    },
                )
                if name != "_init_payments":
                    self.assertEqual(vals["payment"], transaction.payment_id)

    def test_declined_books_nothing(self):
        invoice = self.make_invoice(1000)
        transaction = self.charge(invoice, outcome=declined())
        self.assertFalse(transaction.payment_id)
        self.assertFalse(transaction.to_book)
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (1000, "not_paid"))

    def test_booked_twice_is_one_payment(self):
        invoice = self.make_invoice(1000)
        transaction = self.charge(invoice)
        self.assertTrue(transaction._book())
        transaction.with_user(self.clerk).action_book_again()
        self.run_cron()
        self.assertEqual(
            self.env["account.payment"].search([("payment_reference", "=", transaction.order_id)]),
            transaction.payment_id,
        )
        self.assertEqual(len(invoice.matched_payment_ids), 1)

    def test_the_wizard_may_be_gone(self):
        wizard = self.register(self.make_invoice(1000))
        wizard.action_nets_process_card()
        transaction = self.engine["nets.transaction"].search([], limit=1)
        invoice = transaction.invoice_ids
        wizard.sudo().unlink()
        transaction._claim("thread-1")
        transaction._record_answer(approved(100000))
        self.assertTrue(transaction._book())
        self.assertPaid(invoice)

    def test_the_person_may_be_gone(self):
        for name, change in {
            "archived": {"active": False},
            "without rights": {"group_ids": [Command.set(self.env.ref("base.group_user").ids)]},
        }.items():
            with self.subTest(name), self.undone():
                invoice = self.make_invoice(1000)
                transaction = self.send(invoice)
                self.clerk.write(change)
                transaction._record_answer(approved(100000))
                self.assertTrue(transaction._book())
                self.assertPaid(invoice)

    def test_the_person_may_have_no_email(self):
        """The note on the invoice is a message, and messages have senders; the booking doesn't depend on that."""
        self.clerk.partner_id.email = False
        transaction = self.charge(self.make_invoice(1000), outcome=approved(110000, tip_amount=10000))
        self.assertTrue(transaction.booked_at, transaction.booking_error)
        settled = self.lose(self.make_invoice(10))
        self.manager.partner_id.email = False
        self.looked_up(settled).with_user(self.manager)._settle_by_hand(charged=False, reason="nothing in the journal")
        settled._record_answer(approved(1000))
        self.assertTrue(settled.alert)

    def run_cron(self):
        """The scheduled job, which commits as it goes."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.engine(cr=cr)["nets.transaction"]._cron_recover()


@tagged("post_install", "-at_install")
class TestMeanwhile(InvoicePaymentCase):
    """Something happened between the press and the charge, or accounting refuses."""

    run_cron = TestBooking.run_cron

    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1000)

    def approve(self, transaction):
        transaction._record_answer(approved(self.minor(transaction)))
        return transaction._book()

    def test_paid_in_another_way_meanwhile(self):
        transaction = self.send(self.invoice)
        self.comes_to_the_bank(self.invoice, 1000)
        self.assertTrue(self.approve(transaction))
        self.assertPaymentLines(
            transaction.payment_id, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, -1000)]
        )
        self.assertRegex(transaction.booking_note, r"1,000\.00 .*more than what was still due.*credit")
        self.assertSaidOn(self.invoice, "customer's credit")
        self.assertIn(transaction.payment_id, self.invoice.matched_payment_ids)
        self.assertEqual(transaction.state, "approved")

    def test_paid_in_part_meanwhile(self):
        transaction = self.send(self.invoice)
        self.comes_to_the_bank(self.invoice, 300)
        self.assertTrue(self.approve(transaction))
        self.assertPaymentLines(
            transaction.payment_id, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, -300)]
        )
        self.assertPaid(self.invoice)
        self.assertRegex(transaction.booking_note, r"300\.00 .*credit")

    def test_cancelled_meanwhile(self):
        transaction = self.send(self.invoice)
        self.invoice.button_draft()
        self.invoice.button_cancel()
        self.assertTrue(self.approve(transaction))
        self.assertPaymentLines(
            transaction.payment_id, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, -1000)]
        )
        self.assertIn("customer's credit", transaction.booking_note)

    def test_credited_meanwhile(self):
        transaction = self.send(self.invoice)
        self._reverse_invoice(self.invoice, post=True)
        self.assertTrue(self.approve(transaction))
        self.assertEqual(sum(transaction.payment_id.move_id.line_ids.mapped("amount_residual")), 0)
        self.assertEqual(transaction.payment_id.amount, 1000)

    def test_reset_to_draft_meanwhile(self):
        transaction = self.send(self.invoice)
        self.invoice.button_draft()
        self.assertTrue(self.approve(transaction))
        self.assertIn("customer's credit", transaction.booking_note)
        self.assertEqual(self.invoice.state, "draft")

    def test_confirmed_again_meanwhile(self):
        for name, price, residual, credit in (
            ("as it was", 1000, 0, 0),
            ("dearer", 1200, 200, 0),
            ("cheaper", 900, 0, -100),
        ):
            with self.subTest(name), self.undone():
                transaction = self.send(self.invoice)
                self.invoice.button_draft()
                self.invoice.invoice_line_ids.price_unit = price
                self.invoice.action_post()
                self.assertTrue(self.approve(transaction))
                self.assertEqual(self.invoice.amount_residual, residual)
                self.assertPaymentLines(
                    transaction.payment_id, [(self.outstanding, 1000, 0, 1000), (self.receivable, 0, 1000, credit)]
                )

    def test_deleted_meanwhile(self):
        transaction = self.send(self.invoice)
        self.invoice.button_draft()
        self.invoice.with_context(force_delete=True).unlink()
        self.assertTrue(self.approve(transaction))
        self.assertEqual(transaction.payment_id.partner_id, self.partner_a)
        self.assertIn("customer's credit", transaction.booking_note)

    def test_archived_journal(self):
        transaction = self.send(self.invoice)
        self.bank_journal.active = False
        self.assertFalse(self.approve(transaction))
        with self.subTest("charged, not booked, and explained"):
            self.assertRecordValues(transaction, [{"state": "approved", "to_book": True, "booked_at": False}])
            self.assertTrue(transaction.booking_error)
            self.assertFalse(self.env["account.payment"].search([("payment_reference", "=", transaction.order_id)]))
            [shown] = transaction.with_user(self.clerk).read_progress()
            self.assertEqual((shown["label"], shown["detail"]), ("Charged, not booked", transaction.booking_error))
            self.assertIn("Don't charge again", shown["explanation"])
            self.assertEqual(shown["look"], "unbooked")
            self.assertEqual(self.invoice.amount_residual, 1000)
            self.assertEqual(self.invoice.with_user(self.clerk).nets_open_transaction_id, transaction)
        with self.subTest("not charged again"), self.assertRaisesRegex(UserError, "charged already"):
            self.terminal_2.journal_id = self.bank_journal.copy({"name": "Open", "code": "BNKO", "active": True})
            self.start(self.invoice, terminal=self.terminal_2)
        with self.subTest("tried again, with growing pauses"):
            pauses = []
            for _attempt in range(5):
                transaction._book()
                pauses.append(int((transaction.next_booking_at - transaction._now()).total_seconds()))
            self.assertEqual(pauses, [300, 900, 3600, 3600, 3600])
            self.assertEqual(transaction.booking_attempts, 6)
        with self.subTest("by a person"), self.undone():
            self.bank_journal.active = True
            transaction.with_user(self.clerk).action_book_again()
            self.assertPaid(self.invoice)
            self.assertFalse(transaction.booking_error)
            self.assertFalse(self.invoice.with_user(self.clerk).nets_open_transaction_id)
        with self.subTest("by the scheduled job"):
            self.bank_journal.active = True
            self.run_cron()
            self.assertTrue(transaction.to_book, "not due yet")
            self.pass_time(transaction, 3601)
            self.run_cron()
            self.assertFalse(transaction.to_book)
            self.assertPaid(self.invoice)

    def test_the_scheduled_job_goes_on_after_one_that_fails(self):
        journal = self.bank_journal.copy({"name": "Closed", "code": "BNKX"})
        self.terminal_2.journal_id = journal
        refused = self.send(self.make_invoice(50), terminal=self.terminal_2)
        good = self.send(self.invoice)
        refused._record_answer(approved(5000))
        good._record_answer(approved(100000))
        journal.active = False
        # accounting refused both before: what wasn't tried yet is for threads
        (refused | good).write({"booking_attempts": 1})
        self.run_cron()
        self.assertTrue(refused.to_book)
        self.assertTrue(refused.booking_error)
        self.assertFalse(good.to_book)
        self.assertPaid(self.invoice)

    def test_the_charge_is_recorded_before_booking_is_tried(self):
        transaction = self.send(self.invoice)
        transaction._record_answer(approved(100000))
        self.assertRecordValues(transaction, [{"state": "approved", "charged_amount": 1000, "to_book": True}])
        self.assertEqual(transaction.raw_answer, '{"result": "as it came"}')
        self.assertFalse(transaction.payment_id)

    def test_deactivated_account(self):
        transaction = self.send(self.invoice)
        self.receivable.active = False
        self.assertFalse(self.approve(transaction))
        self.assertTrue(transaction.to_book)
        self.assertTrue(transaction.booking_error)
        self.receivable.active = True
        transaction.with_user(self.clerk).action_book_again()
        self.assertPaid(self.invoice)

    def test_method_line_removed_meanwhile(self):
        transaction = self.send(self.invoice)
        self.method_line.unlink()
        self.bank_journal._nets_add_payment_method_lines()
        self.assertTrue(self.approve(transaction), transaction.booking_error)
        self.assertPaid(self.invoice)

    def test_a_journal_that_was_there_before_offers_it_in_its_companys_language(self):
        self.env["res.lang"]._activate_lang("it_IT")
        self.method_line.payment_method_id.with_context(lang="it_IT").name = "Carta"
        self.company.partner_id.lang = "it_IT"
        self.method_line.unlink()
        self.bank_journal._nets_add_payment_method_lines()
        self.assertEqual(self.bank_journal._nets_method_line("inbound").name, "Carta")

    def test_lock_date_shifts_the_booking_and_says_so(self):
        transaction = self.send(self.invoice)
        transaction._record_answer(approved(100000))
        self.company.fiscalyear_lock_date = transaction.charge_date
        self.assertTrue(transaction._book(), transaction.booking_error)
        booked_on = transaction.payment_id.move_id.date
        self.assertGreater(booked_on, transaction.charge_date)
        self.assertPaid(self.invoice)
        self.assertIn("A lock date doesn't allow an entry on that day", transaction.booking_note)
        self.assertSaidOn(self.invoice, "A lock date doesn't allow")

    def test_the_date_is_the_days_of_the_charge_not_of_the_booking(self):
        transaction = self.send(self.invoice)
        self.bank_journal.active = False
        self.approve(transaction)
        day = transaction.charge_date - timedelta(days=2)
        transaction._compare_and_set({"charge_date": day}, ("approved",))
        self.bank_journal.active = True
        transaction._book()
        self.assertEqual(transaction.payment_id.date, day)
        self.assertEqual(transaction.payment_id.move_id.date, day)


@tagged("post_install", "-at_install")
class TestPaymentMethod(InvoicePaymentCase):
    """The payment method, the *Pay* wizard, and what protects payments that a terminal took."""

    def lines(self, journal):
        lines = journal.inbound_payment_method_line_ids | journal.outbound_payment_method_line_ids
        return lines.filtered(lambda line: line.code == PAYMENT_METHOD_CODE)

    def test_bank_journals_offer_card_terminal(self):
        self.assertEqual(sorted(self.lines(self.bank_journal).mapped("payment_type")), ["inbound", "outbound"])

    def test_journals_created_later_offer_it_too(self):
        journals = self.env["account.journal"].create(
            [{"name": kind, "code": f"N{kind[:4].upper()}", "type": kind} for kind in ("bank", "cash", "sale")]
        )
        self.assertEqual([len(self.lines(journal)) for journal in journals], [2, 0, 0])
        other = self.setup_other_company(name="Another one")["default_journal_bank"]
        self.assertEqual(len(self.lines(other)), 2)

    def test_an_e_invoice_says_card(self):
        """Italy's localisation comes with a module that this one doesn't need: without it there is nothing to say."""
        lines = self.lines(self.bank_journal)
        if "l10n_it_payment_method" not in lines._fields:
            self.assertEqual(lines._nets_e_invoice_codes(), {})
            return
        self.assertEqual(set(lines.mapped("l10n_it_payment_method")), {"MP08"})
        with self.subTest("what an accountant chooses stays"):
            lines.l10n_it_payment_method = "MP05"
            lines._register_hook()
            self.assertEqual(set(lines.mapped("l10n_it_payment_method")), {"MP05"})
        with self.subTest("the localisation is installed later"):
            self.env["ir.config_parameter"].search([("key", "=", "nets_connect_cloud.e_invoice_codes")]).unlink()
            lines._register_hook()
            self.assertEqual(set(lines.mapped("l10n_it_payment_method")), {"MP08"})
        with self.subTest("the invoice says it"):
            self.company.account_fiscal_country_id = self.env.ref("base.it")
            invoice = self.make_invoice(1000)
            self.charge(invoice)
            self.assertEqual(invoice.with_company(self.company).l10n_it_payment_method, "MP08")

    def test_installing_again_adds_nothing(self):
        post_init_hook(self.env)
        self.assertEqual(len(self.lines(self.bank_journal)), 2)
        self.lines(self.bank_journal).filtered(lambda line: line.payment_type == "outbound").unlink()
        post_init_hook(self.env)
        self.assertEqual(len(self.lines(self.bank_journal)), 2)

    def test_uninstalling_leaves_the_books_intact(self):
        invoice = self.make_invoice(1000)
        payment = self.charge(invoice).payment_id
        items = payment.move_id.line_ids
        uninstall_hook(self.env)
        self.assertTrue(payment.exists())
        self.assertEqual(payment.move_id.line_ids, items)
        self.assertEqual(payment.move_id.state, "posted")
        self.assertPaid(invoice)
        self.assertFalse(self.lines(self.bank_journal))

    def test_the_wizard_reserves_and_shows_the_dialog(self):
        invoice = self.make_invoice(1000)
        wizard = self.register(invoice, amount=250)
        self.assertTrue(wizard.nets_is_terminal)
        action = wizard.action_nets_process_card()
        transaction = invoice.with_user(self.clerk).nets_transaction_ids
        self.assertEqual((transaction.state, transaction.amount, transaction.user_id), ("pending", 250, self.clerk))
        self.assertEqual(action["tag"], "nets_connect_cloud.card_dialog")
        self.assertEqual(action["params"]["transaction_id"], transaction.id)
        with self.subTest("pressing twice is one"):
            again = wizard.action_nets_process_card()
            self.assertEqual(again["params"]["transaction_id"], transaction.id)
            self.assertEqual(len(invoice.nets_transaction_ids), 1)

    def test_the_wizard_never_books_without_a_terminal(self):
        invoice = self.make_invoice(1000)
        wizard = self.register(invoice, nets_terminal_id=False)
        with self.assertRaisesRegex(UserError, "Choose a terminal"):
            wizard.action_create_payments()
        wizard.nets_terminal_id = self.terminal
        wizard.action_create_payments()
        self.assertEqual(invoice.amount_residual, 1000)
        self.assertFalse(self.env["account.payment"].search([("partner_id", "=", self.partner_a.id)]))
        self.assertEqual(invoice.nets_transaction_ids.state, "pending")

    def test_the_wizard_with_another_method_is_odoos_own(self):
        invoice = self.make_invoice(1000)
        self.register(
            invoice, payment_method_line_id=self.inbound_payment_method_line.id, nets_terminal_id=False
        ).action_create_payments()
        self.assertPaid(invoice)
        self.assertFalse(invoice.nets_transaction_ids)

    def test_the_wizard_proposes_the_terminal_used_last(self):
        with self.subTest("none yet: the first"):
            self.assertEqual(
                self.proposed(), self.terminal_2 if self.terminal_2.name < self.terminal.name else self.terminal
            )
        for terminal in (self.terminal, self.terminal_2):
            with self.subTest(terminal.name):
                self.charge(self.make_invoice(10), terminal=terminal)
                self.assertEqual(self.proposed(), terminal)
        with self.subTest("another person's isn't mine"):
            self.charge(self.make_invoice(10), terminal=self.terminal, user=self.manager)
            self.assertEqual(self.proposed(), self.terminal_2)
        with self.subTest("not an archived one"):
            self.terminal_2.active = False
            self.assertEqual(self.proposed(), self.terminal)

    def proposed(self):
        wizard = self.env["account.payment.register"].with_user(self.clerk)
        context = {"active_model": "account.move", "active_ids": self.make_invoice(10).ids}
        with Form(wizard.with_context(**context)) as form:
            form.journal_id = self.bank_journal
            form.payment_method_line_id = self.method_line
            return form.nets_terminal_id

    # === OTHER WAYS OF PAYING === #

    def pay_otherwise(self, invoices, **values):
        """Press Odoo's own *Create Payment*."""
        wizard = self.pay_wizard(invoices, self.inbound_payment_method_line, **values)
        with self.env.cr.savepoint():
            wizard.action_create_payments()

    def test_what_a_terminal_may_be_charging_is_not_paid_in_another_way(self):
        invoice = self.make_invoice(1000)
        transaction = self.start(invoice, 600)
        for step in ("reserved", "sent", "aborting", "unknown"):
            if step == "sent":
                self.assertTrue(transaction._claim("thread-1"))
            elif step == "aborting":
                transaction.with_user(self.clerk).abort()
            elif step == "unknown":
                transaction._record_answer(lost())
            with (
                self.subTest(step),
                self.assertRaisesRegex(UserError, r"600.00 is being paid on the card terminal Front desk"),
            ):
                self.pay_otherwise(invoice, amount=400.01)
        self.pay_otherwise(invoice, amount=400)
        self.assertEqual(invoice.amount_residual, 600)
        transaction._record_outcome(declined())
        self.pay_otherwise(invoice)
        self.assertEqual(invoice.amount_residual, 0)

    def test_nor_while_it_waits_for_its_booking(self):
        invoice = self.make_invoice(1000)
        self.send(invoice)._record_answer(approved(100000))
        with self.assertRaisesRegex(UserError, "booking"):
            self.pay_otherwise(invoice)

    def test_other_invoices_are_paid_one_by_one_all_the_same(self):
        charging, other = self.make_invoice(1000), self.make_invoice(500)
        self.start(charging)
        with self.assertRaisesRegex(UserError, "1,000.00 is being paid"):
            self.pay_otherwise(charging + other, group_payment=True)
        with self.assertRaisesRegex(UserError, "1,000.00 is being paid"):
            self.pay_otherwise(charging + other, group_payment=False)
        self.pay_otherwise(other)
        self.assertEqual((charging.amount_residual, other.amount_residual), (1000, 0))

    def test_an_open_online_payment_is_pointed_out(self):
        """Online payments come with a module that this one doesn't need: without it there is nothing to point out."""
        invoice = self.make_invoice(1000)
        data = invoice.with_user(self.clerk).nets_card_payment_data
        self.assertEqual(data()["warning"], "")
        if "payment.transaction" not in self.env:
            return
        method = self.env["payment.method"].with_context(active_test=False).search([], limit=1)
        provider = self.env["payment.provider"].create(
            {"name": "Online", "code": "none", "payment_method_ids": [Command.set(method.ids)]}
        )
        online = self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "reference": "ONLINE-1",
                "amount": 1000,
                "currency_id": self.usd.id,
                "partner_id": self.partner_a.id,
                "invoice_ids": [Command.set(invoice.ids)],
            }
        )
        self.assertEqual(data()["warning"], "", "a draft is somebody who looked at the page")
        online._set_pending()
        self.assertIn("1,000.00", data()["warning"])
        self.assertIn("ONLINE-1", data()["warning"])
        online._set_canceled()
        self.assertEqual(data()["warning"], "")

    # === PROTECTION OF WHAT WAS CHARGED === #

    def test_no_payment_by_card_terminal_without_a_terminal(self):
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.partner_a.id,
                "amount": 100,
                "journal_id": self.bank_journal.id,
                "payment_method_line_id": self.method_line.id,
            }
        )
        with self.assertRaisesRegex(UserError, "is made on the terminal"):
            payment.action_post()
        self.assertEqual(payment.state, "draft")
        payment.payment_method_line_id = self.inbound_payment_method_line
        payment.action_post()
        self.assertIn(payment.state, ("in_process", "paid"))
