"""E-invoices in UBL: a card that was charged is a card there, and asks for no bank transfer."""

from lxml import etree

from ..common import CardPaymentCommon, approved


class TestEInvoice(CardPaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "account.edi.xml.ubl_bis3" not in cls.env:
            cls.skipTest(cls, "account_edi_ubl_cii isn't installed")
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "NO9386011117947", "partner_id": cls.company.partner_id.id, "allow_out_payment": True}
        )

    def make(self, country="base.no"):
        self.partner_a.country_id = self.env.ref(country)
        return self.make_invoice(partner_bank_id=self.bank.id)

    def means(self, invoice, model="account.edi.xml.ubl_bis3"):
        """:return: (code, name, whether there is an account to pay to) of an e-invoice"""
        xml, _errors = self.env[model]._export_invoice(invoice)
        [means] = etree.fromstring(xml).findall("{*}PaymentMeans")
        code = means.find("{*}PaymentMeansCode")
        return code.text, code.get("name"), means.find("{*}PayeeFinancialAccount") is not None

    def test_what_is_paid_by_card_says_bank_card(self):
        invoice = self.make()
        self.assertEqual(self.means(invoice), ("30", "credit transfer", True))
        self.charge(invoice, amount=400.0, outcome=approved(40000))
        self.assertEqual(self.means(invoice), ("30", "credit transfer", True), "a part is still to be transferred")
        self.charge(invoice, outcome=approved(60000, number=102))
        self.assertEqual(self.means(invoice), ("48", "bank card", False))

    def test_a_tip_pays_no_invoice(self):
        invoice = self.make()
        self.charge(invoice, amount=990.0, outcome=approved(100000, tip_amount=1000))
        self.assertEqual(self.means(invoice)[0], "30")

    def test_danish_customers_and_formats(self):
        invoice = self.make("base.dk")
        self.assertEqual(self.means(invoice)[0], "1")
        self.charge(invoice)
        self.assertEqual(self.means(invoice), ("48", "bank card", False))
        if "account.edi.xml.oioubl_201" in self.env:
            self.assertEqual(self.means(invoice, "account.edi.xml.oioubl_201")[0], "1")

    def test_national_formats_look_at_the_account_all_the_same(self):
        """Croatia's, for example, at the characters of its number."""
        invoice = self.make()
        self.charge(invoice)
        node = self.env["account.edi.xml.ubl_bis3"]._get_invoice_node({"invoice": invoice})
        account = node["cac:PaymentMeans"]["cac:PayeeFinancialAccount"]
        self.assertEqual(account["cbc:ID"]["_text"], "")
        self.assertFalse(self.means(invoice)[2])

    def test_without_a_card_it_says_what_odoo_says(self):
        invoice = self.make()
        wizard = self.pay_wizard(invoice, self.bank_journal.inbound_payment_method_line_ids[:1])
        wizard.action_create_payments()
        self.assertEqual(self.means(invoice)[0], "30")
