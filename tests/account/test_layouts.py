"""Customised layouts, changed before or after this addon's views: it hangs on names, and goes on working."""

import re
from pathlib import Path

from lxml import etree, html

from odoo.tests import BaseCase, tagged

from .test_refund import RefundCase

ROOT = Path(__file__).resolve().parents[2]
BEFORE, AFTER = 1, 99  # priorities, beside the 16 of views that don't say otherwise

# A tag that a view has once; or one with a name, an id or a class; or several of these, one in the other.
PLACE = re.compile(r"(//?\w+(\[(@name|@id)='[\w-]+'\]|\[hasclass\('[\w-]+'\)\])?)+")
# Templates of Odoo's JavaScript, which nobody customises, with nothing else to hang on.
EXPRESSIONS = {
    "//t[@t-if='line.is_refund']",
    "//t[@t-if='line.isSelected()']",
    "//div[@t-foreach='props.non_cash_payment_methods']/t[@t-set='counted']",
}


class TestPlaces(BaseCase):
    def test_views_hang_on_names_and_never_on_positions_or_expressions(self):
        found = set()
        for folder in ("views", "wizard", "report", "static/src"):
            for file in (ROOT / folder).rglob("*.xml"):
                for node in etree.parse(str(file)).iter("xpath"):
                    expression = node.get("expr")
                    found.add(expression)
                    if folder != "static/src" or expression not in EXPRESSIONS:
                        self.assertRegex(expression, f"^{PLACE.pattern}$", file.name)
        self.assertLessEqual(EXPRESSIONS, found)


@tagged("post_install", "-at_install")
class TestLayouts(RefundCase):
    def customise(self, priority, core_view, specs):
        """Install a view that changes one of core's before or after ours does."""
        core = self.env.ref(core_view)
        return self.env["ir.ui.view"].create(
            {
                "name": "Customised",
                "type": core.type,
                "model": core.model,
                "inherit_id": core.id,
                "priority": priority,
                "arch": f"<data>{specs}</data>",
            }
        )

    # === INVOICES ON PAPER === #

    def printed(self, invoice):
        """What the printed invoice says of cards, and whether its lines are there at all."""
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", invoice.ids
        )
        document = html.fromstring(content)
        self.assertTrue(document.xpath("//table[@name='invoice_line_table']"))
        return [" ".join(node.text_content().split()) for node in document.xpath("//div[@name='nets_card_payments']")]

    def test_an_invoice_names_its_card(self):
        invoice = self.make_invoice(10)
        self.charge(invoice)
        self.assertRegex(" ".join(self.printed(invoice)), "^Paid by card on .*: Visa •••• 1234, authorisation A00101$")

    def test_a_layout_with_other_rows_for_payments_is_printed(self):
        """Changed before this addon came, or afterwards: the way a refund's row is written is nobody's contract."""
        invoice = self.make_invoice(10)
        purchase = self.charge(invoice)
        self.refund(purchase, -10)
        for priority in (BEFORE, AFTER):
            with self.subTest(priority=priority):
                view = self.customise(
                    priority,
                    "account.report_invoice_document",
                    """<xpath expr="//i[hasclass('oe_payment_label')]" position="replace">
                           <i class="oe_payment_label">Settled on <t t-out="payment_vals['date']" /></i>
                       </xpath>
                       <xpath expr="//div[@id='payment_term']" position="replace">
                           <section>$0</section>
                       </xpath>""",
                )
                self.assertEqual(len(self.printed(invoice)), 1)
                # an update of this addon finds nothing wrong with its own view
                self.env.ref("nets_connect_cloud.report_invoice_document")._check_xml()
                view.unlink()

    def test_a_layout_without_the_places_is_printed_without_what_stands_there(self):
        """What other modules add there is there before ours is."""
        invoice = self.make_invoice(10)
        self.charge(invoice)
        label, terms = "//i[hasclass('oe_payment_label')]", "//div[@id='payment_term']"
        for priority, place, name, left in ((98, label, "class", 1), (98, terms, "id", 0), (AFTER, terms, "id", 1)):
            with self.subTest(priority=priority, place=place):
                change = f"""<attribute name="{name}">of_ours</attribute>"""
                spec = f"""<xpath expr="{place}" position="attributes">{change}</xpath>"""
                view = self.customise(priority, "account.report_invoice_document", spec)
                self.assertEqual(len(self.printed(invoice)), left)
                self.env.ref("nets_connect_cloud.report_invoice_document")._check_xml()
                view.unlink()

    def test_a_layout_with_other_words_for_payments_is_printed(self):
        """Core's expressions are nobody's contract: those for the rows of payments are rewritten here."""
        invoice = self.make_invoice(10)
        self.charge(invoice)
        core = self.env.ref("account.report_invoice_document")
        changed = core.arch.replace("payment_vals['is_refund']", "payment_vals.get('is_refund')")
        self.assertNotEqual(changed, core.arch)
        core.arch = changed
        self.assertEqual(len(self.printed(invoice)), 1)

    # === THE FORM THAT REGISTERS A PAYMENT === #

    def conditions(self):
        """When the buttons that create a payment are hidden."""
        form = etree.fromstring(self.env["account.payment.register"].get_view(view_type="form")["arch"])
        return [button.get("invisible") for button in form.iterfind(".//button[@name='action_create_payments']")]

    def test_process_card_takes_the_place_of_the_buttons_of_the_form(self):
        self.assertEqual(
            self.conditions(),
            [
                "(total_payments_amount == 1) or (nets_is_terminal)",
                "(total_payments_amount != 1) or (nets_is_terminal)",
            ],
        )

    def test_a_form_with_one_button(self):
        """Removed before this addon came, or afterwards."""
        for priority in (BEFORE, AFTER):
            with self.subTest(priority=priority):
                view = self.customise(
                    priority,
                    "account.view_account_payment_register_form",
                    """<button name="action_create_payments" position="replace" />""",
                )
                self.assertEqual(self.conditions(), ["(total_payments_amount != 1) or (nets_is_terminal)"])
                view.unlink()

    def test_a_form_with_one_more_button_and_other_conditions(self):
        for priority in (BEFORE, AFTER):
            with self.subTest(priority=priority):
                view = self.customise(
                    priority,
                    "account.view_account_payment_register_form",
                    """<button name="action_create_payments" position="attributes">
                           <attribute name="invisible">amount == 0</attribute>
                       </button>
                       <footer position="inside">
                           <button name="action_create_payments" type="object" string="Create and print" />
                       </footer>""",
                )
                self.assertEqual(
                    self.conditions(),
                    [
                        "(amount == 0) or (nets_is_terminal)",
                        "(total_payments_amount != 1) or (nets_is_terminal)",
                        "(nets_is_terminal)",
                    ],
                )
                view.unlink()
