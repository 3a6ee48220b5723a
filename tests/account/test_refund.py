"""What a refund, a payout and a reversal become in the books, journal item by journal item."""

import uuid
from datetime import timedelta

from lxml import html

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ...connect_cloud import Reason
from ..common import CardPaymentCommon, approved, cancelled, declined, last, lost, not_sent, terminal_time


class RefundCase(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outgoing = cls.env["account.chart.template"].ref("account_journal_payment_credit_account_id")

    def start_refund(self, purchase, amount, terminal=None, user=None, request_id=None, **values):
        """Press *Process card* in the dialog of a refund: reserve.

        :param amount: negative
        """
        [progress] = purchase.with_user(user or self.clerk).start_refund(
            amount, (terminal or self.terminal).id, request_id or str(uuid.uuid4()), **values
        )
        return self.engine["nets.transaction"].browse(progress["id"])

    def refund(self, purchase, amount, outcome=None, number=201, **values):
        """The whole life of a refund. Arguments as `start_refund`."""
        refund = self.start_refund(purchase, amount, **values)
        return self.finish(refund, outcome or approved(self.minor(refund), number=number))

    def finish(self, transaction, outcome):
        self.assertTrue(transaction._claim("thread-refund"))
        transaction._record_answer(outcome)
        transaction._book()
        self.env.invalidate_all()
        return transaction

    def make_credit_note(self, amount=1000.0, invoice=None, **values):
        return self._create_invoice_one_line(
            price_unit=amount,
            product_id=self.product_a,
            tax_ids=[Command.clear()],
            move_type="out_refund",
            reversed_entry_id=invoice and invoice.id,
            post=True,
            **values,
        )

    def match_with_statement(self, payment):
        statement_line = self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank_journal.id, "amount": payment.amount, "payment_ref": "NETS"}
        )
        _liquidity, suspense, _other = statement_line._seek_for_lines()
        suspense.account_id = self.outstanding
        (suspense + payment._seek_for_lines()[0]).reconcile()
        self.assertTrue(payment.is_matched)

    def rows(self, invoice):
        """The rows under the invoice's total: [(amount, whether it is a refund), …]"""
        invoice.invalidate_recordset()
        content = (invoice.invoice_payments_widget or {"content": []})["content"]
        return [(row["amount"], bool(row.get("nets_is_refund"))) for row in content]

    def assertLines(self, payment, account_amounts):
        """The journal items: {account: (balance, what is still open)}."""
        found = {line.account_id: (line.balance, line.amount_residual) for line in payment.move_id.line_ids}
        self.assertEqual(found, account_amounts)


@tagged("post_install", "-at_install")
class TestRefund(RefundCase):
    """A refund after which the amount is due again."""

    def test_whole(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        refund = self.refund(purchase, -1000)
        self.assertEqual((refund.state, refund.kind, refund.charged_amount), ("approved", "refund", -1000))
        payment = refund.payment_id
        self.assertRecordValues(
            payment,
            [
                {
                    "amount": 1000,
                    "payment_type": "outbound",
                    "partner_type": "customer",
                    "partner_id": self.partner_a.id,
                    "journal_id": self.bank_journal.id,
                    "payment_method_line_id": self.bank_journal._nets_method_line("outbound").id,
                    "payment_reference": refund.order_id,
                    "memo": f"Refund {invoice.name} · 90000001/021/000201 · play money",
                }
            ],
        )
        self.assertLines(payment, {self.outgoing: (-1000, -1000), self.receivable: (1000, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)})
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (1000, "not_paid"))
        self.assertEqual(self.rows(invoice), [(1000, False), (-1000, True)])
        self.assertFalse(purchase.amount_refundable)
        self.assertFalse(refund.booking_note)

    def test_what_went_back_is_no_payment_in_progress(self):
        invoice = self.make_invoice(500)
        purchase = self.charge(invoice)
        self.env.invalidate_all()
        self.assertEqual(
            [row.get("nets_card") for row in invoice.invoice_payments_widget["content"]], ["Visa •••• 1234"]
        )
        self.assertEqual(purchase.payment_id.nets_card, "Visa •••• 1234")
        pay = self.env["account.payment.register"].with_user(self.clerk)
        pay = pay.with_context(active_model="account.move", active_ids=invoice.ids)
        self.refund(purchase, -200, number=201)
        said = pay.create({}).actionable_errors or {}
        self.refund(purchase, -300, number=202)
        self.assertIn("unpaid_matched_payments", said, "a part of the payment is still there")
        self.assertFalse(pay.create({}).actionable_errors)

    def test_the_story_tells_what_went_back(self):
        purchase = self.charge(self.make_invoice(1000))
        refund = self.refund(purchase, -150)
        refused = self.refund(purchase, -850, outcome=declined(202))
        told = [(event["title"], event["text"]) for event in purchase.with_user(self.clerk)._story()][-2:]
        self.assertEqual([title for title, _text in told], ["Refund", "Refund"])
        for (_title, text), each, amount, words in zip(
            told, (refund, refused), ("150.00", "850.00"), ("Refunded", "Insufficient funds"), strict=True
        ):
            for said in (each.order_id, amount, words):
                self.assertIn(said, text)
        [asked, *_others] = refund.with_user(self.clerk)._story()
        self.assertIn(purchase.order_id, asked["text"])

    def test_part(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        refund = self.refund(purchase, -150)
        self.assertLines(refund.payment_id, {self.outgoing: (-150, -150), self.receivable: (150, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)})
        self.assertEqual((invoice.amount_residual, invoice.payment_state), (150, "partial"))
        self.assertEqual(purchase.amount_refundable, 850)
        self.assertEqual(self.rows(invoice), [(1000, False), (-150, True)])

    def test_several_then_paid_again(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        self.refund(purchase, -100)
        self.refund(purchase, -200, number=202)
        self.assertEqual(invoice.amount_residual, 300)
        self.charge(invoice, outcome=approved(30000, number=300))
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(sorted(self.rows(invoice)), [(-200, True), (-100, True), (300, False), (1000, False)])
        last_refund = self.refund(purchase, -700, number=203)
        self.assertEqual(invoice.amount_residual, 700)
        self.assertLines(last_refund.payment_id, {self.outgoing: (-700, -700), self.receivable: (700, 0)})
        self.assertEqual(purchase.amount_refundable, 0)

    def test_another_day_terminal_and_person(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        refund = self.start_refund(purchase, -400, terminal=self.terminal_2, user=self.manager)
        self.assertTrue(refund._claim("thread-refund"))
        refund._record_answer(approved(40000, timestamp=terminal_time(3600 * 20)))
        refund._compare_and_set({"charge_date": purchase.charge_date + timedelta(days=3)}, ("approved",))
        refund._book()
        self.assertEqual((refund.terminal_id, refund.user_id), (self.terminal_2, self.manager))
        self.assertEqual(refund.payment_id.date, purchase.charge_date + timedelta(days=3))
        self.assertEqual(refund.payment_id.create_uid, self.manager)
        self.assertIn("90000002/021/000101", refund.payment_id.memo)
        self.assertEqual(invoice.amount_residual, 400)

    def test_declined_or_aborted_leaves_the_books_untouched(self):
        for outcome, abort, state in ((declined(201), False, "failed"), (cancelled(), True, "aborted")):
            with self.subTest(state), self.undone():
                invoice = self.make_invoice(1000)
                purchase = self.charge(invoice)
                refund = self.start_refund(purchase, -1000)
                refund._claim("thread-refund")
                if abort:
                    refund.with_user(self.clerk).abort()
                refund._record_answer(outcome)
                self.assertEqual(refund.state, state)
                self.assertFalse(refund.payment_id)
                purchase.invalidate_recordset()
                self.assertEqual(purchase.amount_refundable, 1000)
                self.assertEqual(invoice.amount_residual, 0)
                self.assertEqual(self.rows(invoice), [(1000, False)])

    def test_several_invoices_the_clicked_one_first(self):
        first, second = self.make_invoice(600), self.make_invoice(400)
        purchase = self.charge(first + second)
        refund = self.refund(purchase, -100, invoice_id=second.id)
        self.assertEqual((first.amount_residual, second.amount_residual), (0, 100))
        self.assertEqual(self.rows(second), [(400, False), (-100, True)])
        self.assertEqual(self.rows(first), [(600, False)])
        # more than what is left of the clicked one: the rest comes from the other
        refund = self.refund(purchase, -500, number=202, invoice_id=second.id)
        self.assertEqual((first.amount_residual, second.amount_residual), (200, 400))
        self.assertEqual(self.rows(second), [(400, False), (-100, True), (-300, True)])
        self.assertEqual(self.rows(first), [(600, False), (-200, True)])
        self.assertLines(refund.payment_id, {self.outgoing: (-500, -500), self.receivable: (500, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)})

    def test_instalments_the_last_one_first(self):
        terms = self.env["account.payment.term"].create(
            {
                "name": "30% at once, the rest in a month",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 30, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 70, "nb_days": 30}),
                ],
            }
        )
        invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
        purchase = self.charge(invoice)
        refund = self.refund(purchase, -800)
        self.assertLines(refund.payment_id, {self.outgoing: (-800, -800), self.receivable: (800, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)})
        instalments = invoice.line_ids.filtered(lambda line: line.account_id == self.receivable).sorted("date_maturity")
        self.assertEqual(instalments.mapped("amount_residual"), [100, 700])
        self.assertEqual(self.rows(invoice), [(1000, False), (-800, True)])

    def test_the_customers_credit_goes_back_first(self):
        """A part was paid otherwise while the card was charged: refunding what is too much makes nothing due again."""
        invoice = self.make_invoice(1000)
        purchase = self.send(invoice)
        credit_note = self.make_credit_note(50, invoice)
        (invoice | credit_note).line_ids.filtered(lambda line: line.account_id == self.receivable).reconcile()
        purchase._record_answer(approved(100000))
        purchase._book()
        refund = self.refund(purchase, -50)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertLines(refund.payment_id, {self.outgoing: (-50, -50), self.receivable: (50, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)})

    def test_cancelled_invoice(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        invoice.button_draft()
        invoice.button_cancel()
        refund = self.refund(purchase, -1000)
        self.assertLines(refund.payment_id, {self.outgoing: (-1000, -1000), self.receivable: (1000, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)})
        self.assertEqual(invoice.state, "cancel")

    def test_matched_with_a_bank_statement(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        self.match_with_statement(purchase.payment_id)
        refund = self.refund(purchase, -300)
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 0), self.receivable: (-1000, 0)})
        self.assertLines(refund.payment_id, {self.outgoing: (-300, -300), self.receivable: (300, 0)})
        self.assertEqual(invoice.amount_residual, 300)

    def test_lock_date_shifts_the_booking(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        refund = self.start_refund(purchase, -1000)
        # the day where the terminal is, which may be tomorrow already
        self.company.fiscalyear_lock_date = purchase.charge_date
        self.finish(refund, approved(100000, number=201))
        self.assertTrue(refund.booked_at, refund.booking_error)
        self.assertGreater(refund.payment_id.move_id.date, refund.charge_date)
        self.assertIn("A lock date doesn't allow an entry on that day", refund.booking_note)
        self.assertLines(refund.payment_id, {self.outgoing: (-1000, -1000), self.receivable: (1000, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)})
        self.assertLess(purchase.payment_id.move_id.date, refund.payment_id.move_id.date)
        self.assertEqual(invoice.amount_residual, 1000)

    def test_secured_payment(self):
        """Matching changes nothing in a secured entry."""
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        purchase.payment_id.move_id.button_hash()
        self.assertTrue(purchase.payment_id.move_id.inalterable_hash)
        refund = self.refund(purchase, -1000)
        self.assertLines(refund.payment_id, {self.outgoing: (-1000, -1000), self.receivable: (1000, 0)})
        self.assertEqual(invoice.amount_residual, 1000)

    def test_foreign_currency_with_exchange_differences(self):
        today = fields.Date.today()
        eur = self.setup_other_currency(
            "EUR", rates=[("2016-01-01", 0.5), (today - timedelta(days=3), 0.8), (today, 1.0)]
        )
        terminal = self.terminal.copy({"name": "Euro", "identifier": "90000003", "currency_id": eur.id})
        invoice = self.make_invoice(1000, currency_id=eur, invoice_date=today - timedelta(days=10))
        purchase = self.send(invoice, terminal=terminal)
        purchase._record_answer(approved(100000))
        purchase._compare_and_set({"charge_date": today - timedelta(days=2)}, ("approved",))
        purchase._book()
        self.assertLines(purchase.payment_id, {self.outstanding: (1250, 1250), self.receivable: (-1250, 0)})
        # invoiced as 2000, paid as 1250, refunded as 400
        refund = self.refund(purchase, -400, terminal=terminal)
        self.assertLines(refund.payment_id, {self.outgoing: (-400, -400), self.receivable: (400, 0)})
        self.assertLines(purchase.payment_id, {self.outstanding: (1250, 1250), self.receivable: (-1250, 0)})
        self.assertEqual(invoice.amount_residual, 400)
        receivables = self.env["account.move.line"].search([("account_id", "=", self.receivable.id)])
        # of the 1000 € (2000 $), 400 € are open at the invoice's rate, and nothing else
        self.assertEqual(sum(receivables.mapped("amount_residual")), 800)
        self.assertEqual(sum(receivables.mapped("amount_residual_currency")), 400)
        self.assertEqual(sum(receivables.mapped("balance")), 800)
        losses = (
            self.env["account.move.line"]
            .search(
                [
                    ("account_id", "=", self.company.expense_currency_exchange_account_id.id),
                    ("parent_state", "=", "posted"),
                ]
            )
            .mapped("balance")
        )
        gains = (
            self.env["account.move.line"]
            .search(
                [
                    ("account_id", "=", self.company.income_currency_exchange_account_id.id),
                    ("parent_state", "=", "posted"),
                ]
            )
            .mapped("balance")
        )
        # lost on 600 € between invoice and payment (450), won on 400 € between payment and refund (100)
        self.assertEqual(sum(losses) + sum(gains), 350)
        self.assertEqual(self.rows(invoice)[-1], (-400, True))

    def test_cash_basis_taxes(self):
        tax_account, transition = self.env["account.account"].create(
            [
                {"name": "Tax", "code": "NTAX1", "account_type": "liability_current"},
                {"name": "Transition", "code": "NTAX2", "account_type": "liability_current", "reconcile": True},
            ]
        )
        self.company.tax_exigibility = True
        tax = self.env["account.tax"].create(
            {
                "name": "25% on payment",
                "amount": 25,
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": transition.id,
                "invoice_repartition_line_ids": [
                    Command.create({"repartition_type": "base"}),
                    Command.create({"repartition_type": "tax", "account_id": tax_account.id}),
                ],
                "refund_repartition_line_ids": [
                    Command.create({"repartition_type": "base"}),
                    Command.create({"repartition_type": "tax", "account_id": tax_account.id}),
                ],
            }
        )
        invoice = self._create_invoice_one_line(
            price_unit=800, product_id=self.product_a, tax_ids=[Command.set(tax.ids)], post=True
        )

        def balances():
            lines = self.env["account.move.line"].search(
                [("account_id", "in", (tax_account + transition).ids), ("parent_state", "=", "posted")]
            )
            by_account = lines.grouped("account_id")
            return [round(sum(by_account.get(a, lines[:0]).mapped("balance")), 2) for a in (tax_account, transition)]

        self.assertEqual(balances(), [0, -200])
        purchase = self.charge(invoice)
        self.assertEqual(balances(), [-200, 0])
        with self.subTest("the invoice is due again"), self.undone():
            refund = self.refund(purchase, -250)
            self.assertEqual(invoice.amount_residual, 250)
            self.assertLines(refund.payment_id, {self.outgoing: (-250, -250), self.receivable: (250, 0)})
            # a quarter of the tax isn't due any more
            self.assertEqual(balances(), [-150, -50])
        with self.subTest("matched with a credit note"), self.undone():
            credit_note = self._create_invoice_one_line(
                price_unit=200,
                product_id=self.product_a,
                tax_ids=[Command.set(tax.ids)],
                move_type="out_refund",
                reversed_entry_id=invoice.id,
                post=True,
            )
            self.assertEqual(balances(), [-200, 50])
            refund = self.refund(purchase, -250, credit_note_id=credit_note.id)
            self.assertLines(refund.payment_id, {self.outgoing: (-250, -250), self.receivable: (250, 0)})
            self.assertEqual((invoice.amount_residual, credit_note.amount_residual), (0, 0))
            self.assertEqual(balances(), [-150, 0])
        with self.subTest("reversed"):
            [progress] = purchase.with_user(self.clerk).start_reversal("reversal-1")
            reversal = self.engine["nets.transaction"].browse(progress["id"])
            reversal._record_baseline(last(approved(100000, number=101), purchase.order_id))
            self.finish(reversal, approved(100000, number=102))
            self.assertEqual(purchase.payment_id.move_id.state, "cancel")
            self.assertEqual(invoice.amount_residual, 1000)
            self.assertEqual(balances(), [0, -200])

    def test_what_cannot_be_booked_is_booked_later(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        refund = self.start_refund(purchase, -1000)
        self.bank_journal.active = False
        self.finish(refund, approved(100000, number=201))
        self.assertTrue(refund.to_book)
        self.assertEqual(refund.state, "approved")
        self.assertEqual(purchase.amount_refundable, 0)
        self.assertIn("Don't refund again", refund._message().explanation)
        self.bank_journal.active = True
        self.assertTrue(refund._book())
        self.assertEqual(invoice.amount_residual, 1000)

    def test_booked_twice_is_one_payment(self):
        purchase = self.charge(self.make_invoice(1000))
        refund = self.refund(purchase, -1000)
        self.assertTrue(refund._book())
        self.assertEqual(
            self.env["account.payment"].search([("payment_reference", "=", refund.order_id)]), refund.payment_id
        )

    def test_more_went_back_than_was_left(self):
        """Rule 9: a refund that was taken for failed is found; the books say what went back all the same."""
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        lost_one = self.start_refund(purchase, -1000)
        lost_one._claim("thread-refund")
        lost_one._record_answer(declined(201))
        self.refund(purchase, -1000, number=202)
        lost_one._record_answer(approved(100000, number=201))
        lost_one._book()
        self.assertTrue(lost_one.alert)
        self.assertLines(lost_one.payment_id, {self.outgoing: (-1000, -1000), self.receivable: (1000, 1000)})
        self.assertIn("nothing open in the books", lost_one.booking_note)
        self.assertEqual(invoice.amount_residual, 1000)

    def test_matched_with_something_else_meanwhile(self):
        """What was freed by hand while the card was awaited is the customer's credit, and is taken first."""
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        refund = self.start_refund(purchase, -300)
        purchase.payment_id._nets_invoice_partials().unlink()
        self.finish(refund, approved(30000, number=201))
        self.assertLines(purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, -700)})
        self.assertLines(refund.payment_id, {self.outgoing: (-300, -300), self.receivable: (300, 0)})
        self.assertEqual(invoice.amount_residual, 1000)

    def test_answer_lost_and_found(self):
        invoice = self.make_invoice(1000)
        purchase = self.charge(invoice)
        refund = self.start_refund(purchase, -1000)
        refund._claim("thread-refund")
        refund._record_answer(lost())
        self.assertEqual(refund.state, "unknown")
        purchase.invalidate_recordset()
        self.assertEqual(purchase.amount_refundable, 0)
        refund._record_lookup("idle", last(approved(100000, number=201), refund.order_id))
        refund._book()
        self.assertEqual((refund.state, invoice.amount_residual), ("approved", 1000))

    def test_waits_for_an_earlier_payment_to_be_resolved(self):
        """On a terminal with an unresolved result, what gives money back is held as a payment is."""
        purchase, credit_note = self.charge(self.make_invoice(1000)), self.make_credit_note(50)
        last_one = self.charge(self.make_invoice(20), outcome=approved(2000, number=102))
        again = self.start_refund(last_one, -5)
        again._claim("thread-refund")
        again._record_answer(declined(103))
        earlier = self.send(self.make_invoice(300))
        earlier._record_answer(lost())
        clerk, terminal_id = self.clerk.id, self.terminal.id
        requests = {
            "refund": lambda: purchase.with_user(clerk).start_refund(-1000, terminal_id, "a-refund"),
            "reversal": lambda: last_one.with_user(clerk).start_reversal("a-reversal"),
            "payout": lambda: credit_note.with_user(clerk).nets_start_payout(-50, terminal_id, "a-payout"),
            "retry": lambda: again.with_user(clerk).retry("a-retry", terminal_id),
        }
        count = self.env["nets.transaction"].search_count([])
        for name, request in requests.items():
            with self.subTest(name):
                [answer] = request()
                self.assertTrue(answer["waiting"])
                self.assertIn("300.00", answer["explanation"])
        self.assertEqual(self.env["nets.transaction"].search_count([]), count)
        # nothing was charged: the earlier one is over, and the same requests go through
        self.looked_up(earlier).with_user(self.manager)._settle_by_hand(charged=False, reason="nothing in the journal")
        for name, request in requests.items():
            with self.subTest(name, resolved=True), self.undone():
                self.assertEqual(request()[0]["state"], "pending")

    def test_a_payment_by_hand_never_passes_for_a_refund(self):
        """The last result doesn't say of which kind it is."""
        before = last(approved(100, number=100, timestamp=terminal_time(-100)))
        for by_hand, state in ((True, "unknown"), (False, "approved")):
            with self.subTest(by_hand), self.undone():
                purchase = self.charge(self.make_invoice(1000))
                self.terminal.used_by_hand = by_hand
                refund = self.start_refund(purchase, -1000)
                refund._record_baseline(before)
                refund._claim("thread-refund")
                refund._record_answer(lost())
                refund._record_lookup("idle", last(approved(100000, number=202)))
                self.assertEqual(refund.state, state)

    def test_payment_and_refund_stay_as_charged(self):
        purchase = self.charge(self.make_invoice(1000))
        refund = self.refund(purchase, -1000)
        for payment in (purchase.payment_id, refund.payment_id):
            for change in (payment.action_cancel, payment.unlink, lambda payment=payment: payment.write({"amount": 1})):
                with self.assertRaisesRegex(UserError, "card terminal"):
                    change()


@tagged("post_install", "-at_install")
class TestRefundRefused(RefundCase):
    """What can't be right is refused before anything is sent."""

    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1000)

    def assertRefused(self, text, purchase, amount=-1000, **values):
        count = self.env["nets.transaction"].search_count([])
        with self.assertRaisesRegex(UserError, text):
            self.start_refund(purchase, amount, **values)
        self.assertEqual(self.env["nets.transaction"].search_count([]), count)

    def test_more_than_is_left(self):
        purchase = self.charge(self.invoice)
        self.assertRefused("1,000.00 of this payment is left", purchase, -1000.01)
        self.refund(purchase, -400)
        self.assertRefused("600.00 of this payment is left", purchase, -600.01)
        self.refund(purchase, -600, number=202)
        self.assertRefused("has been refunded already", purchase, -0.01)

    def test_two_people_at_once(self):
        """Rule 3: the first reservation counts, whatever becomes of it, until it is known."""
        purchase = self.charge(self.invoice)
        first = self.start_refund(purchase, -700)
        for state in ("pending", "unknown"):
            with self.subTest(state):
                self.assertRefused(
                    "300.00 of this payment is left", purchase, -700, terminal=self.terminal_2, user=self.manager
                )
            if state == "pending":
                first._claim("thread-refund")
                first._record_answer(lost())
        rest = self.start_refund(purchase, -300, terminal=self.terminal_2, user=self.manager)
        self.assertRefused("under way", purchase, -1, terminal=self.terminal_2)
        self.finish(rest, approved(30000, number=201))
        self.assertEqual(self.invoice.amount_residual, 300)

    def test_a_repeated_press_is_one_refund(self):
        purchase = self.charge(self.invoice)
        first = self.start_refund(purchase, -700, request_id="press-1")
        self.assertEqual(self.start_refund(purchase, -700, request_id="press-1"), first)

    def test_amounts_that_are_none(self):
        purchase = self.charge(self.invoice)
        self.assertRefused("negative amount", purchase, 100)
        self.assertRefused("negative amount", purchase, 0)
        self.assertRefused("isn't a number", purchase, "100")
        self.assertRefused("has only 2 decimals", purchase, -0.001)

    def test_only_charged_and_booked_payments(self):
        failed = self.charge(self.invoice, outcome=declined())
        self.assertRefused("Only a successful card payment", failed)
        purchase = self.charge(self.invoice)
        refund = self.refund(purchase, -100)
        self.assertRefused("Only a successful card payment", refund, -100)
        unbooked = self.send(self.invoice)
        self.bank_journal.active = False
        unbooked._record_answer(approved(10000, number=300))
        unbooked._book()
        self.bank_journal.active = True
        self.assertRefused("isn't in the books yet", unbooked, -100)

    def test_without_the_right(self):
        purchase = self.charge(self.invoice)
        outsider = new_test_user(self.env, login="outsider", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.start_refund(purchase, -1000, user=outsider)
        cashier = new_test_user(self.env, login="cashier", groups="nets_connect_cloud.group_user")
        with self.assertRaises(AccessError):
            self.start_refund(purchase, -1000, user=cashier)

    def test_terminal_of_another_currency(self):
        eur = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.5)])
        terminal = self.terminal.copy({"name": "Euro", "identifier": "90000003", "currency_id": eur.id})
        self.assertRefused("charges in EUR", self.charge(self.invoice), terminal=terminal)

    def test_early_payment_discount_needs_a_credit_note(self):
        terms = self.make_discount_terms()
        invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
        purchase = self.charge(invoice, 980)
        self.assertRefused("Make a credit note", purchase, -980)
        credit_note = self.make_credit_note(980, invoice)
        refund = self.refund(purchase, -980, credit_note_id=credit_note.id)
        self.assertLines(refund.payment_id, {self.outgoing: (-980, -980), self.receivable: (980, 0)})
        self.assertEqual((invoice.amount_residual, credit_note.amount_residual), (0, 0))

    def test_write_off_needs_a_credit_note(self):
        """Ten were given up when it was paid: nobody can say which part of them the refund gives back."""
        wizard = self.pay_wizard(
            self.invoice,
            self.method_line,
            amount=990,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.company_data["default_account_expense"].id,
        )
        wizard.nets_terminal_id = self.terminal
        action = wizard.action_create_payments()
        purchase = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        self.finish(purchase, approved(99000))
        self.assertLines(
            purchase.payment_id,
            {
                self.outstanding: (990, 990),
                self.company_data["default_account_expense"]: (10, 0),
                self.receivable: (-1000, 0),
            },
        )
        self.assertRefused("Make a credit note", purchase, -990)
        credit_note = self.make_credit_note(990, self.invoice)
        refund = self.refund(purchase, -990, credit_note_id=credit_note.id)
        self.assertLines(refund.payment_id, {self.outgoing: (-990, -990), self.receivable: (990, 0)})
        self.assertEqual((self.invoice.amount_residual, credit_note.amount_residual), (0, 0))

    def test_matched_with_other_entries(self):
        purchase = self.charge(self.invoice)
        payment_line = purchase.payment_id._nets_counterpart_lines()
        payment_line.remove_move_reconcile()
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create({"account_id": self.receivable.id, "partner_id": self.partner_a.id, "debit": 400}),
                    Command.create({"account_id": self.company_data["default_account_revenue"].id, "credit": 400}),
                ]
            }
        )
        entry.action_post()
        (payment_line + entry.line_ids.filtered("debit")).reconcile()
        self.assertRefused("600.00 of this payment is matched with invoices or open", purchase, -700)
        refund = self.refund(purchase, -600)
        self.assertLines(refund.payment_id, {self.outgoing: (-600, -600), self.receivable: (600, 0)})

    def test_journal_without_the_outgoing_method(self):
        purchase = self.charge(self.invoice)
        self.bank_journal._nets_method_line("outbound").unlink()
        self.assertRefused("Outgoing Payments", purchase)


@tagged("post_install", "-at_install")
class TestPayOut(RefundCase):
    """Credit notes that are paid out on a card."""

    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1000)
        self.purchase = self.charge(self.invoice)

    def pay_out(self, credit_note, amount, refund_of=None, user=None, **values):
        [progress] = credit_note.with_user(user or self.clerk).nets_start_payout(
            amount, self.terminal.id, str(uuid.uuid4()), refund_of.id if refund_of else False
        )
        return self.engine["nets.transaction"].browse(progress["id"])

    def test_matched_with_the_credit_note(self):
        credit_note = self.make_credit_note(300, self.invoice)
        data = self.purchase.with_user(self.clerk).refund_data(invoice_id=self.invoice.id)
        self.assertEqual((data["credit_note_id"], data["amount"]), (credit_note.id, -300))
        refund = self.refund(self.purchase, -300, credit_note_id=credit_note.id)
        self.assertLines(refund.payment_id, {self.outgoing: (-300, -300), self.receivable: (300, 0)})
        self.assertEqual((self.invoice.amount_residual, credit_note.amount_residual), (0, 0))
        # what the credit note took off, and what went back to the card for it
        self.assertEqual(self.rows(self.invoice), [(1000, False), (300, False), (-300, True)])
        self.assertEqual(self.rows(credit_note), [(300, True)])
        self.assertEqual(self.purchase.amount_refundable, 700)
        self.assertIn(refund, self.invoice.nets_transaction_ids)
        self.assertNotIn(refund.payment_id, self.invoice.matched_payment_ids)
        self.assertIn(refund.payment_id, credit_note.matched_payment_ids)

    def test_the_rows_are_on_the_invoice_that_is_reversed(self):
        other = self.make_invoice(400)
        second = self.make_invoice(600)
        purchase = self.charge(other + second, outcome=approved(100000, number=150))
        credit_note = self.make_credit_note(100, second)
        self.refund(purchase, -100, credit_note_id=credit_note.id)
        self.assertEqual(self.rows(other), [(400, False)])
        self.assertEqual(self.rows(second), [(600, False), (100, False), (-100, True)])

    def test_the_printed_invoice_names_the_refund(self):
        credit_note = self.make_credit_note(300, self.invoice)
        self.refund(self.purchase, -300, credit_note_id=credit_note.id)
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", self.invoice.ids
        )
        rows = [" ".join(node.itertext()).split() for node in html.fromstring(content).xpath("//tr[td/i]")]
        self.assertEqual(
            [(row[0], row[-1].replace("\ufeff", "")) for row in rows],
            [("Paid", "1,000.00"), ("Reversed", "300.00"), ("Refunded", "-300.00")],
        )

    def test_the_original_is_proposed(self):
        credit_note = self.make_credit_note(1500, self.invoice)
        self.refund(self.purchase, -100)
        data = credit_note.with_user(self.clerk).nets_payout_data()
        self.assertEqual(data["card_payment_id"], self.purchase.id)
        self.assertEqual(data["amount"], -900)
        self.assertEqual(data["terminal_id"], self.terminal.id)

    def test_part_then_no_more_than_is_left(self):
        credit_note = self.make_credit_note(500, self.invoice)
        first = self.pay_out(credit_note, -200, self.purchase)
        with self.assertRaisesRegex(UserError, "300.00 is left to pay out"):
            self.pay_out(credit_note, -301, self.purchase)
        self.finish(first, approved(20000, number=201))
        self.assertEqual(credit_note.amount_residual, 300)
        with self.assertRaisesRegex(UserError, "300.00 is left to pay out"):
            self.pay_out(credit_note, -301, self.purchase)

    def test_never_more_than_is_left_of_the_original(self):
        credit_note = self.make_credit_note(1500, self.invoice)
        self.refund(self.purchase, -100)
        with self.assertRaisesRegex(UserError, "900.00 of this payment is left"):
            self.pay_out(credit_note, -901, self.purchase)

    def test_without_a_card_payment(self):
        """A credit note bounds what goes back, also where the invoice was paid in another way."""
        credit_note = self.make_credit_note(200)
        refund = self.finish(self.pay_out(credit_note, -200), approved(20000, number=201))
        self.assertEqual(credit_note.amount_residual, 0)
        self.assertFalse(refund.refund_of_id)
        self.assertEqual(self.purchase.amount_refundable, 1000)

    def test_another_customers_card_payment(self):
        credit_note = self.make_credit_note(200, partner_id=self.partner_b)
        with self.assertRaisesRegex(UserError, "another customer's"):
            self.pay_out(credit_note, -200, self.purchase)
        with self.assertRaisesRegex(UserError, "can't be paid out with this payment"):
            self.start_refund(self.purchase, -200, credit_note_id=credit_note.id)

    def test_only_confirmed_credit_notes(self):
        with self.assertRaisesRegex(UserError, "isn't one"):
            self.pay_out(self.make_invoice(100), -100)
        credit_note = self.make_credit_note(200)
        credit_note.button_draft()
        with self.assertRaisesRegex(UserError, "isn't confirmed"):
            self.pay_out(credit_note, -100)

    def test_credited_in_another_way_meanwhile(self):
        """The credit note was used for another invoice while the card was awaited: the books say what went back."""
        credit_note = self.make_credit_note(200, self.invoice)
        refund = self.pay_out(credit_note, -200, self.purchase)
        other = self.make_invoice(200)
        (credit_note + other).line_ids.filtered(lambda line: line.account_id == self.receivable).reconcile()
        self.finish(refund, approved(20000, number=201))
        self.assertLines(refund.payment_id, {self.outgoing: (-200, -200), self.receivable: (200, 200)})
        self.assertIn("nothing open in the books", refund.booking_note)

    def test_the_pay_wizard(self):
        credit_note = self.make_credit_note(250, self.invoice)
        wizard = self.pay_wizard(credit_note, self.bank_journal._nets_method_line("outbound"))
        self.assertTrue(wizard.nets_is_terminal)
        self.assertEqual(wizard.nets_refund_of_id, self.purchase)
        wizard.nets_terminal_id = self.terminal
        action = wizard.action_create_payments()
        refund = self.engine["nets.transaction"].browse(action["params"]["transaction_id"])
        self.assertEqual((refund.kind, refund.amount, refund.refund_of_id), ("refund", -250, self.purchase))
        self.finish(refund, approved(25000, number=201))
        self.assertLines(refund.payment_id, {self.outgoing: (-250, -250), self.receivable: (250, 0)})
        self.assertEqual(credit_note.amount_residual, 0)

    def test_the_pay_wizard_never_pays_vendors(self):
        bill = self.init_invoice("in_invoice", amounts=[100], post=True)
        wizard = self.pay_wizard(bill, self.bank_journal._nets_method_line("outbound"))
        wizard.nets_terminal_id = self.terminal
        with self.assertRaisesRegex(UserError, "Only customer credit notes"):
            wizard.action_create_payments()


@tagged("post_install", "-at_install")
class TestReversal(RefundCase):
    """The terminal reverses its last transaction."""

    def setUp(self):
        super().setUp()
        self.invoice = self.make_invoice(1000)
        self.purchase = self.charge(self.invoice, outcome=approved(100000, number=101))

    def start_reversal(self, purchase=None):
        [progress] = (purchase or self.purchase).with_user(self.clerk).start_reversal(str(uuid.uuid4()))
        return self.engine["nets.transaction"].browse(progress["id"])

    def original(self, **values):
        return last(approved(self.minor(self.purchase), number=101, **values), self.purchase.order_id)

    def reverse(self, baseline=None):
        reversal = self.start_reversal()
        self.assertTrue(reversal._prepare_call().wants_baseline)
        reversal._record_baseline(baseline or self.original())
        return self.finish(reversal, approved(self.minor(reversal), number=102))

    def test_the_payment_is_cancelled(self):
        reversal = self.reverse()
        self.assertEqual((reversal.state, reversal.charged_amount), ("approved", -1000))
        self.assertTrue(reversal.booked_at, reversal.booking_error)
        self.assertEqual(self.purchase.payment_id.state, "canceled")
        self.assertEqual(self.purchase.payment_id.move_id.state, "cancel")
        self.assertEqual((self.invoice.amount_residual, self.invoice.payment_state), (1000, "not_paid"))
        self.assertEqual(self.purchase.amount_refundable, 0)
        # what the terminal reversed stands for no charge any more, and can't become one again
        with self.assertRaisesRegex(UserError, "made on the terminal"):
            self.purchase.payment_id.action_draft()
            self.purchase.payment_id.action_post()

    def test_secured_or_locked_entries_are_offset(self):
        def secure():
            self.purchase.payment_id.move_id.button_hash()

        def lock():
            self.company.fiscalyear_lock_date = self.purchase.charge_date

        for name, forbid in {"secured": secure, "locked": lock}.items():
            with self.subTest(name), self.undone():
                forbid()
                reversal = self.reverse()
                self.assertTrue(reversal.booked_at, reversal.booking_error)
                self.assertNotEqual(reversal.payment_id, self.purchase.payment_id)
                self.assertLines(reversal.payment_id, {self.outgoing: (-1000, -1000), self.receivable: (1000, 0)})
                self.assertLines(
                    self.purchase.payment_id, {self.outstanding: (1000, 1000), self.receivable: (-1000, 0)}
                )
                self.assertEqual(self.invoice.amount_residual, 1000)
                for payment in (self.purchase.payment_id, reversal.payment_id):
                    with self.assertRaisesRegex(UserError, "card terminal"):
                        payment.action_cancel()

    def test_matched_with_a_bank_statement_it_is_offset(self):
        self.match_with_statement(self.purchase.payment_id)
        reversal = self.reverse()
        self.assertTrue(reversal.booked_at, reversal.booking_error)
        self.assertLines(reversal.payment_id, {self.outgoing: (-1000, -1000), self.receivable: (1000, 0)})
        self.assertLines(self.purchase.payment_id, {self.outstanding: (1000, 0), self.receivable: (-1000, 0)})
        self.assertEqual((self.invoice.amount_residual, self.purchase.payment_id.move_id.state), (1000, "posted"))

    def test_of_several_invoices_all_are_due_again(self):
        first, second = self.make_invoice(600), self.make_invoice(400)
        self.purchase = self.charge(first + second, outcome=approved(100000, number=101))
        reversal = self.reverse()
        self.assertTrue(reversal.booked_at, reversal.booking_error)
        self.assertEqual(self.purchase.payment_id.move_id.state, "cancel")
        self.assertEqual((first.amount_residual, second.amount_residual), (600, 400))

    def test_in_a_foreign_currency_the_exchange_difference_goes_too(self):
        today = fields.Date.today()
        eur = self.setup_other_currency("EUR", rates=[("2016-01-01", 0.5), (today, 0.8)])
        terminal = self.terminal.copy({"name": "Euro", "identifier": "90000003", "currency_id": eur.id})
        invoice = self.make_invoice(1000, currency_id=eur, invoice_date=today - timedelta(days=10))
        self.purchase = self.charge(invoice, terminal=terminal, outcome=approved(100000, number=101))
        exchange = self.env["account.move.line"].search(
            [("account_id", "=", self.company.expense_currency_exchange_account_id.id), ("parent_state", "=", "posted")]
        )
        self.assertEqual(sum(exchange.mapped("balance")), 750)  # invoiced as 2000, paid as 1250
        reversal = self.reverse()
        self.assertTrue(reversal.booked_at, reversal.booking_error)
        self.assertEqual(invoice.amount_residual, 1000)
        lines = self.env["account.move.line"].search(
            [("account_id", "=", exchange.account_id.id), ("parent_state", "=", "posted")]
        )
        self.assertEqual(sum(lines.mapped("balance")), 0)

    def test_a_discount_goes_with_the_payment(self):
        invoice = self.pay_with_discount()
        writeoff = self.purchase.payment_id._seek_for_lines()[2]
        self.assertEqual((writeoff.balance, invoice.amount_residual), (20, 0))
        reversal = self.reverse()
        self.assertTrue(reversal.booked_at, reversal.booking_error)
        self.assertEqual(self.purchase.payment_id.move_id.state, "cancel")
        self.assertEqual((writeoff.parent_state, invoice.amount_residual), ("cancel", 1000))

    def pay_with_discount(self):
        """:return: an invoice of 1000 that was paid with 980"""
        terms = self.make_discount_terms()
        invoice = self.make_invoice(1000, invoice_payment_term_id=terms)
        self.purchase = self.charge(invoice, 980, outcome=approved(98000, number=101))
        return invoice

    def test_a_discount_that_could_not_be_cancelled_is_refused(self):
        self.pay_with_discount()
        self.purchase.payment_id.move_id.button_hash()
        with self.assertRaisesRegex(UserError, "Make a credit note"):
            self.start_reversal()

    def test_only_the_last_of_its_terminal(self):
        self.assertTrue(self.purchase.can_reverse)
        other = self.charge(self.make_invoice(10), terminal=self.terminal_2, outcome=approved(1000, number=500))
        self.purchase.invalidate_recordset()
        self.assertTrue(self.purchase.can_reverse and other.can_reverse)
        self.charge(self.make_invoice(10), outcome=declined(102))
        self.purchase.invalidate_recordset()
        self.assertTrue(self.purchase.can_reverse)
        self.charge(self.make_invoice(10), outcome=approved(1000, number=103))
        self.purchase.invalidate_recordset()
        self.assertFalse(self.purchase.can_reverse)
        with self.assertRaisesRegex(UserError, "can only reverse its last payment"):
            self.start_reversal()

    def test_not_after_a_refund(self):
        self.refund(self.purchase, -1, terminal=self.terminal_2)
        with self.assertRaisesRegex(UserError, "can only reverse its last payment"):
            self.start_reversal()

    def test_not_twice(self):
        self.reverse()
        with self.assertRaisesRegex(UserError, "posted in the books"):
            self.start_reversal()

    def test_a_refund_under_way_excludes_it_and_the_other_way_round(self):
        refund = self.start_refund(self.purchase, -1000, terminal=self.terminal_2)
        with self.assertRaisesRegex(UserError, "under way"):
            self.start_reversal()
        refund.with_user(self.clerk).abort()
        self.env.invalidate_all()
        self.start_reversal()
        with self.assertRaisesRegex(UserError, "under way"):
            self.start_refund(self.purchase, -1000, terminal=self.terminal_2)

    def test_nothing_is_sent_unless_the_terminal_still_shows_it_as_its_last(self):
        before = {
            "taken by hand": last(approved(100000, number=102)),
            "of another order": last(approved(100000, number=101), "SOMEBODYELSES"),
            "another amount": last(approved(5000, number=101), self.purchase.order_id),
            "declined by hand": last(declined(102)),
            "without a number": last(cancelled()),
            "none": None,
        }
        for name, baseline in before.items():
            with self.subTest(name), self.undone():
                reversal = self.start_reversal()
                reversal._record_baseline(baseline)
                self.assertFalse(reversal._claim("thread-1"))
                self.assertEqual((reversal.state, reversal.reason), ("failed", "not_last_transaction"))
                self.assertFalse(reversal._progress_values()["can_retry"])
                self.assertEqual(self.invoice.amount_residual, 0)

    def test_nothing_is_sent_where_the_terminal_could_not_be_asked(self):
        for by_hand in (True, False):
            with self.subTest(by_hand), self.undone():
                self.terminal.used_by_hand = by_hand
                reversal = self.start_reversal()
                self.assertTrue(reversal._prepare_call().wants_baseline)
                self.assertFalse(reversal._claim("thread-1"))
                self.assertEqual((reversal.state, reversal.reason), ("failed", "not_last_transaction"))

    def test_recognised_by_its_number_where_the_service_sends_no_order_id(self):
        reversal = self.reverse(baseline=last(approved(100000, number=101)))
        self.assertEqual(reversal.state, "approved")

    def lose_reversal(self, by_hand):
        self.terminal.used_by_hand = by_hand
        reversal = self.start_reversal()
        reversal._record_baseline(self.original(timestamp=terminal_time(-100)))
        self.assertTrue(reversal._claim("thread-1"))
        reversal._record_answer(lost())
        return reversal

    def test_an_unknown_one_is_left_to_a_person_where_cards_are_taken_by_hand(self):
        reversal = self.lose_reversal(by_hand=True)
        for seen in (last(approved(100000, number=102)), last(declined(102)), self.original()):
            for _twice in range(2):
                reversal._record_lookup("idle", seen)
                self.pass_time(reversal, 600)
            self.assertEqual(reversal.state, "unknown")

    def test_an_unknown_one_is_proven_where_nobody_takes_cards_by_hand(self):
        reversal = self.lose_reversal(by_hand=False)
        # seeing the original doesn't disprove it
        for _twice in range(2):
            reversal._record_lookup("idle", self.original(timestamp=terminal_time(-100)))
            self.pass_time(reversal, 600)
        self.assertEqual(reversal.state, "unknown")
        reversal._record_lookup("idle", last(approved(100000, number=102)))
        reversal._book()
        self.assertEqual((reversal.state, self.invoice.amount_residual), ("approved", 1000))

    def test_busy_right_after_the_payment(self):
        reversal = self.start_reversal()
        reversal._record_baseline(self.original())
        self.finish(reversal, not_sent(Reason.TERMINAL_BUSY))
        self.assertEqual(reversal.state, "failed")
        self.assertIn("needs a few seconds", reversal._message().explanation)
        self.assertEqual(reversal._progress_values()["retry_wait"], 5)
        again = reversal.with_user(self.clerk).retry(str(uuid.uuid4()), self.terminal.id)
        self.assertEqual(again[0]["kind"], "reversal")
