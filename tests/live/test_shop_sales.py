"""A sales order is invoiced in parts, with Odoo's own *Create Invoice*, and each invoice is paid on a card terminal."""

from pages import InvoicePage, go_on, shoot
from playwright.sync_api import expect


class SalesOrder:
    """A sales order's form."""

    PATH = "/odoo/action-sale.action_orders/{}"

    def __init__(self, page, order):
        self.page = page
        self.path = self.PATH.format(order)

    def show(self):
        """Show it in the web client that is open."""
        go_on(self.page, self.path)
        return self.expect_open()

    def expect_open(self):
        expect(self.page.get_by_role("radio", name="Sales Order", checked=True)).to_be_visible()
        return self

    def invoice(self, method, field="", value=""):
        """Press *Create Invoice*, fill in the window, and return the draft that it makes.

        :param str method: its first choice
        :param str field: what has to be filled in then
        """
        self.page.locator(".o_form_statusbar").get_by_role("button", name="Create Invoice").first.click()
        window = self.page.locator(".modal:has(.o_form_view)")
        window.get_by_label(method).check()
        if field:
            window.locator(f"[name={field}] input").fill(value)
        shoot(self.page, f"sales order, {method}")
        window.get_by_role("button", name="Create Draft").click()
        expect(window).to_have_count(0)
        expect(self.page.get_by_role("radio", name="Draft", checked=True)).to_be_visible()
        return InvoicePage(self.page, None).expect_open()


def make_sales_order(clinic, price):
    """Return the id of a confirmed order for one kitchen, with a tax of 25 %."""
    company = clinic.ref("demo_company")
    tax = {"name": "25 %", "amount": 25, "type_tax_use": "sale", "company_id": company}
    [tax] = clinic.admin.call("account.tax", "create", [tax])
    product = {"name": "Kitchen", "type": "service", "invoice_policy": "order", "taxes_id": [(6, 0, [tax])]}
    [product] = clinic.admin.call("product.product", "create", [product])
    line = {"product_id": product, "product_uom_qty": 1, "price_unit": price, "tax_ids": [(6, 0, [tax])]}
    values = {"partner_id": clinic.make_customer(), "company_id": company, "order_line": [(0, 0, line)]}
    [order] = clinic.admin.call("sale.order", "create", [values])
    clinic.admin.call("sale.order", "action_confirm", [order])
    return order


def test_down_payments_and_what_remains_are_each_paid_by_card(clinic, terminal, open_page):
    order = make_sales_order(clinic, 9999.99)
    assert clinic.read("sale.order", order, "amount_total") == 12499.99
    page = open_page("admin", SalesOrder.PATH.format(order))
    sales = SalesOrder(page, order).expect_open()

    # 30 % of it, confirmed first and paid then
    invoice = sales.invoice("Down payment (percentage)", "amount", "30")
    invoice.button("Confirm").click()
    terminal.play("approved")
    invoice.pay_by_card().pay_on(terminal).expect_closed()
    expect_paid(invoice, 3750.00)

    # in one step, on the terminal that was used last: an amount, and what the two leave
    for method, field, value, amount in (
        ("Down payment (fixed amount)", "fixed_amount", "1000", 1000.00),
        ("Regular invoice", "", "", 7749.99),
    ):
        terminal.play("approved")
        invoice = sales.show().invoice(method, field, value)
        invoice.button("Confirm and pay by card").click()
        expect_paid(invoice, amount)

    assert terminal.charges() == [375000, 100000, 774999]
    invoices = clinic.read("sale.order", order, "invoice_ids")
    assert set(clinic.read_each("account.move", invoices, "payment_state")) <= {"paid", "in_payment"}
    assert clinic.read("sale.order", order, "invoice_status") == "invoiced"
    # of the last one: the whole order, less both
    totals = clinic.read_each("account.move.line", last_lines(clinic, invoices), "price_total")
    assert sorted(totals) == [-3750.00, -1000.00, 12499.99]


def expect_paid(invoice, amount):
    """The invoice on the screen is paid, by a card with this amount."""
    invoice.expect_payment(amount)
    invoice.expect_due(0)
    invoice.expect_paid()
    shoot(invoice.page, f"sales order, {amount} paid")


def last_lines(clinic, invoices):
    """Return the ids of the lines of the newest of these invoices that have an amount."""
    domain = [("move_id", "=", max(invoices)), ("display_type", "=", "product")]
    return clinic.admin.call("account.move.line", "search", domain)
