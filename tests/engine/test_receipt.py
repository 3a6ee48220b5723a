"""Receipts: as the terminal gave them, on both papers, and what stands in for a missing one."""

import io
import re

from lxml import html

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader

from ..common import CardPaymentCommon, approved, cancelled, declined

# Every kind of letter a merchant's name or a menu may have; blanks and empty lines that carry meaning.
RECEIPT = (
    "    BLÅBÆR & CØ <é>    \r\nStraße Łódź 5\r\n\r\nΑθήνα Київ\r\n\r\nNOK             1.050,00\r\n\r\n\r\nGODKJENT\r\n"
)
LINES = RECEIPT.replace("\r\n", "\n")
MERCHANT_RECEIPT = RECEIPT.replace("GODKJENT", "BUTIKK")
MERCHANT_LINES = LINES.replace("GODKJENT", "BUTIKK")


class ReceiptCase(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.make_invoice(1050)

    def paid(self, customer=RECEIPT, merchant=MERCHANT_RECEIPT, **values):
        """A payment with these receipts."""
        outcome = approved(105000, customer_receipt=customer, merchant_receipt=merchant, **values)
        return self.charge(self.invoice, outcome=outcome)

    def printed(self, transactions, receipts=("customer", "merchant"), paper="roll", user=None):
        """The texts on paper, one per receipt."""
        report = self.env["ir.actions.report"].with_user(user or self.clerk)
        content, _type = report._render_qweb_html(
            f"nets_connect_cloud.report_receipt_{paper}",
            [],
            data={"transaction_ids": transactions.ids, "receipts": list(receipts)},
        )
        return [node.text for node in html.fromstring(content).xpath("//div[contains(@class, 'o_nets_receipt')]")]


@tagged("post_install", "-at_install")
class TestReceipt(ReceiptCase):
    # === PRINTING === #

    def test_every_letter_and_blank_is_right(self):
        transaction = self.paid()
        for paper in ("roll", "a4"):
            with self.subTest(paper), self.undone():
                self.assertEqual(self.printed(transaction, paper=paper), [LINES, MERCHANT_LINES])

    def test_either_or_both(self):
        transaction = self.paid()
        with self.undone():
            self.assertEqual(self.printed(transaction, ["customer"]), [LINES])
        self.assertEqual(self.printed(transaction, ["merchant"]), [MERCHANT_LINES])

    def test_many_at_once(self):
        first = self.paid()
        second = self.charge(self.make_invoice(5), outcome=approved(500, number=102, customer_receipt="SECOND\r\n"))
        self.assertEqual(self.printed(first | second, ["customer"]), [LINES, "SECOND\n"])

    def test_printed_again_is_a_copy(self):
        transaction = self.paid()
        self.assertEqual(self.printed(transaction, ["customer"]), [LINES])
        [again] = self.printed(transaction, ["customer"])
        self.assertEqual(again.splitlines()[0].strip(), "*** COPY ***")
        self.assertEqual(again.splitlines()[-1].strip(), "*** COPY ***")
        self.assertIn(LINES.rstrip(), again)
        # the other receipt hasn't been printed yet
        self.assertEqual(self.printed(transaction, ["merchant"]), [MERCHANT_LINES])
        self.assertEqual((transaction.customer_receipt_prints, transaction.merchant_receipt_prints), (2, 1))
        self.assertEqual(transaction.customer_receipt, RECEIPT, "what is kept stays as the terminal gave it")

    def test_what_the_terminal_printed_itself_is_a_copy_here(self):
        self.terminal.printer = "terminal"
        transaction = self.paid(merchant="")
        self.assertFalse(transaction.printer, "NETS hasn't taken that setting yet")
        self.terminal.sudo().printer_applied = "terminal"
        transaction = self.charge(
            self.make_invoice(5), outcome=approved(500, number=102, customer_receipt="MINE\r\n", merchant_receipt="")
        )
        self.assertEqual(transaction.printer, "terminal")
        self.assertTrue(self.dialog(transaction).copies and self.dialog(transaction).printed_by_terminal)
        [text] = self.printed(transaction, ["customer"])
        self.assertIn("*** COPY ***", text)
        # it gave no merchant's receipt, so it printed none: the first confirmation is no copy
        self.assertNotIn("COPY", self.printed(transaction, ["merchant"])[0])
        # history stays true when the terminal is set otherwise
        self.terminal.sudo().write({"printer": "odoo", "printer_applied": "odoo"})
        transaction.invalidate_recordset()
        self.assertEqual(transaction.printer, "terminal")

    def test_printing_needs_no_right_to_write(self):
        transaction = self.paid()
        self.printed(transaction, user=self.clerk)
        with self.assertRaises(AccessError):
            transaction.with_user(self.clerk).write({"customer_receipt_prints": 0})

    def test_a_declined_card_may_have_a_receipt(self):
        transaction = self.charge(self.invoice, outcome=declined(8, customer_receipt="DECLINED\r\n"))
        self.assertEqual(self.printed(transaction, ["customer"]), ["DECLINED\n"])

    def test_nothing_is_printed_for_other_companies(self):
        transaction = self.paid()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.clerk.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
        with self.assertRaises(AccessError):
            self.printed(transaction)
        self.assertEqual(transaction.customer_receipt_prints, 0)

    def test_pdf_on_both_papers(self):
        transaction = self.paid()
        data = {"transaction_ids": transaction.ids, "receipts": ["customer", "merchant"]}
        for paper, pages, width in (("roll", 2, 80), ("a4", 1, 210)):
            with self.subTest(paper), self.allow_pdf_render():
                content, _type = (
                    self.env["ir.actions.report"]
                    .with_context(force_report_rendering=True)
                    ._render_qweb_pdf(f"nets_connect_cloud.report_receipt_{paper}", [], data=data)
                )
                pdf = PdfFileReader(io.BytesIO(content))
                self.assertEqual(len(pdf.pages), pages)
                self.assertAlmostEqual(float(pdf.pages[0].mediabox[2]) / 72 * 25.4, width, delta=1)

    def test_a_roll_is_as_long_as_its_longest_receipt(self):
        short = self.paid()
        outcome = approved(5000, number=102, customer_receipt=RECEIPT + "LINE\r\n" * 60)
        long = self.charge(self.make_invoice(50), outcome=outcome)
        heights = []
        for transactions in (short, long, short | long):
            with self.allow_pdf_render():
                content, _type = (
                    self.env["ir.actions.report"]
                    .with_context(force_report_rendering=True)
                    ._render_qweb_pdf(
                        "nets_connect_cloud.report_receipt_roll",
                        [],
                        data={"transaction_ids": transactions.ids, "receipts": ["customer"]},
                    )
                )
            pdf = PdfFileReader(io.BytesIO(content))
            self.assertEqual(len(pdf.pages), len(transactions), "no receipt goes on on another page")
            heights.append(float(pdf.pages[0].mediabox[3]) / 72 * 25.4)
        self.assertLess(heights[0], 100)
        self.assertGreater(heights[1], 350)
        self.assertGreaterEqual(heights[2], heights[1], "marked as copies, too")

    # === BY E-MAIL === #

    def test_sent_to_the_customer_and_counted_as_no_print(self):
        transaction = self.paid()
        transaction.partner_id.email = "customer@example.com"
        action = transaction.with_user(self.clerk).action_send_receipt()
        composer = self.env["mail.compose.message"].with_user(self.clerk).with_context(**action["context"]).create({})
        self.assertEqual(composer.partner_ids, transaction.partner_id)
        self.assertIn("1,050.00", composer.subject)
        self.assertIn(self.invoice.name, composer.body)
        self.assertEqual(len(composer.attachment_ids), 1)
        self.assertEqual(transaction.customer_receipt_prints, 0)
        self.assertEqual(transaction._receipts_to_send(), [(transaction, [LINES])])
        before = transaction.message_ids
        composer.action_send_mail()
        message = transaction.message_ids - before
        self.assertEqual((message.partner_ids, len(message.attachment_ids)), (transaction.partner_id, 1))
        with self.assertRaises(UserError):
            self.send(self.make_invoice(10), terminal=self.terminal_2).with_user(self.clerk).action_send_receipt()

    def test_sent_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("it_IT")
        template = self.env.ref("nets_connect_cloud.mail_template_receipt")
        template.with_context(lang="it_IT").subject = "La Sua ricevuta"
        transaction = self.paid()
        transaction.partner_id.write({"email": "customer@example.com", "lang": "it_IT"})
        action = transaction.with_user(self.clerk).action_send_receipt()
        composer = self.env["mail.compose.message"].with_user(self.clerk).with_context(**action["context"]).create({})
        self.assertEqual(composer.subject, "La Sua ricevuta")

    # === WITHOUT A RECEIPT === #

    def test_confirmation_in_place_of_a_receipt(self):
        transaction = self.paid(customer="", merchant="")
        [text] = self.printed(transaction)
        for words in (
            "CONFIRMATION",
            "Not the\nterminal's receipt.",
            "Terminal        90000001",
            "USD              1050.00",
            "SUCCESSFUL",
            "A00101",
            "1234-0",
            transaction.order_id,
        ):
            self.assertIn(words, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 24)
        self.assertTrue(text.endswith("PLAY MONEY\n"), "nobody takes it for a payment")
        [again] = self.printed(transaction)
        self.assertIn("*** COPY ***", again)

    def test_confirmation_of_a_real_payment_with_a_tip(self):
        self.terminal.account_id.environment = "production"
        transaction = self.charge(
            self.invoice, outcome=approved(110000, tip_amount=5000, customer_receipt="", merchant_receipt="")
        )
        [text] = self.printed(transaction)
        self.assertIn("PAYMENT\nTip                50.00\nUSD              1100.00\n", text)
        self.assertNotIn("PLAY MONEY", text)

    def test_who_printed_it_is_noted(self):
        transaction = self.paid()
        self.printed(transaction, user=self.manager)
        self.printed(self.charge(self.make_invoice(5), outcome=cancelled()), user=self.manager)
        [note, *_others] = transaction.message_ids
        self.assertEqual(note.author_id, self.manager.partner_id)
        self.assertIn("the customer's receipt, the merchant's receipt", html.fromstring(note.body).text_content())

    def test_confirmation_that_nothing_was_charged(self):
        transaction = self.charge(self.invoice, outcome=cancelled())
        [text] = self.printed(transaction, ["customer"])
        self.assertIn("NOT CHARGED", text)
        self.assertNotIn("SUCCESSFUL", text)

    def test_no_confirmation_of_what_is_not_known(self):
        transaction = self.lose(self.invoice)
        with self.assertRaisesRegex(UserError, "isn't known yet"):
            self.printed(transaction)
        with self.assertRaisesRegex(UserError, "isn't known yet"):
            transaction.with_user(self.clerk).action_print_receipt()

    def test_the_printer_is_shown_only_where_there_is_a_receipt(self):
        with_receipt = self.paid()
        without = self.charge(self.make_invoice(1), outcome=cancelled())
        self.assertEqual((with_receipt | without).mapped("has_receipt"), [True, False])

    # === THE DIALOG === #

    def dialog(self, transactions, **values):
        action = transactions.with_user(self.clerk).action_print_receipt()
        return self.env["nets.receipt.print"].with_user(self.clerk).with_context(**action["context"]).create(values)

    def test_dialog_prints_what_was_chosen(self):
        transaction = self.paid()
        action = self.dialog(transaction, receipts="both", paper="a4").action_print()
        self.assertEqual(action["report_name"], "nets_connect_cloud.report_receipt_a4")
        self.assertEqual(action["data"], {"transaction_ids": transaction.ids, "receipts": ["customer", "merchant"]})
        action = self.dialog(transaction).action_print()
        self.assertEqual(action["report_name"], "nets_connect_cloud.report_receipt_roll")
        self.assertEqual(action["data"]["receipts"], ["customer"])

    def test_dialog_says_what_will_be_on_the_paper(self):
        transaction = self.paid(merchant="")
        dialog = self.dialog(transaction)
        self.assertFalse(dialog.copies)
        self.assertFalse(dialog.confirmations)
        dialog.receipts = "merchant"
        self.assertTrue(dialog.confirmations)
        self.printed(transaction, ["customer"])
        dialog.receipts = "customer"
        self.assertTrue(dialog.copies)

    # === THE INVOICE === #

    def test_the_invoice_names_the_card_payment(self):
        self.paid()
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", self.invoice.ids
        )
        [node] = html.fromstring(content).xpath("//div[@name='nets_card_payments']")
        text = " ".join(node.text_content().split())
        self.assertRegex(text, r"^Paid by card on \d\d/\d\d/\d{4}\s?: Visa •••• 1234, authorisation A00101$")

    def test_the_invoice_names_no_card_that_was_not_charged(self):
        self.charge(self.invoice, outcome=declined(8))
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", self.invoice.ids
        )
        self.assertNotIn("nets_card_payments", content.decode())


@tagged("post_install", "-at_install")
class TestReceiptRoutes(ReceiptCase, HttpCase):
    def fetch(self, transaction, which="customer", login="nets_clerk"):
        self.authenticate(login, login)
        return self.url_open(f"/nets_connect_cloud/receipt/{transaction.id}/{which}.txt")

    def test_plain_text_for_receipt_printers(self):
        transaction = self.paid()
        response = self.fetch(transaction)
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(response.content, RECEIPT.encode())
        self.assertIn("COPY", self.fetch(transaction).text)
        self.assertEqual(self.fetch(transaction, "merchant").text, MERCHANT_RECEIPT)
        transaction.invalidate_recordset()
        self.assertEqual((transaction.customer_receipt_prints, transaction.merchant_receipt_prints), (2, 1))

    def test_plain_text_is_not_for_everybody(self):
        transaction = self.paid()
        self.authenticate(None, None)
        response = self.url_open(f"/nets_connect_cloud/receipt/{transaction.id}/customer.txt", allow_redirects=False)
        self.assertEqual(response.status_code, 303, "to the login page")
        self.env["res.users"].create(
            {
                "name": "Storekeeper",
                "login": "nets_storekeeper",
                "password": "nets_storekeeper",
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
            }
        )
        refused = self.fetch(transaction, login="nets_storekeeper")
        missing = self.url_open("/nets_connect_cloud/receipt/999999999/customer.txt")
        self.assertEqual((refused.status_code, refused.content), (404, missing.content), "nor told that it is there")
        self.assertEqual(transaction.customer_receipt_prints, 0)

    def test_only_the_two_receipts_have_an_address(self):
        transaction = self.paid()
        self.assertEqual(self.fetch(transaction, "raw_answer").status_code, 404)
        self.authenticate("nets_clerk", "nets_clerk")
        self.assertEqual(self.url_open("/nets_connect_cloud/receipt/999999999/customer.txt").status_code, 404)

    def test_the_portal_page_names_the_card_payment(self):
        self.paid()
        url = self.invoice.get_portal_url(report_type="html")
        self.authenticate(None, None)
        text = re.sub(r"\s+", " ", html.fromstring(self.url_open(url).content).text_content())
        self.assertIn("Visa •••• 1234, authorisation A00101", text)
