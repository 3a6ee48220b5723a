"""Try the addon beside other modules of Odoo, and write down what was done with each: docs/NEIGHBOURS.md.

For each row a database of its own: the modules are installed beside the addon, after it or before it; then a day
passes (see `Day`), over Odoo's RPC and with the simulator, and what the terminals charged is compared with the books;
the addon is updated, and uninstalled.

script/neighbours                      all rows, both orders
script/neighbours --order after        the modules come after the addon
script/neighbours --only denmark shop  the rows whose name contains one of these
script/neighbours --write              put the result into docs/NEIGHBOURS.md
"""

import argparse
import dataclasses
import itertools
import json
import re
import shutil
import sys
import time
import traceback
import uuid
from types import SimpleNamespace

import stack

sys.path += [str(stack.ROOT / "tests/live"), str(stack.ROOT / "tests/pos")]

import synced
from clinic import Clinic
from till import Shop

PAGE = stack.ROOT / "docs" / "NEIGHBOURS.md"
RESULTS = stack.HOME / "neighbours.json"
FIRST_TERMINAL = 30000001
AFTER, BEFORE = "after", "before"


@dataclasses.dataclass(frozen=True)
class Row:
    """Modules that are tried together."""

    name: str
    modules: tuple
    chart: str = ""  # in a company with this chart of accounts
    country: str = ""


def country(name, code, *modules, chart=""):
    """Return the row of a country.

    :param str chart: of its localisation, where that isn't called as the country
    """
    return Row(name, (f"l10n_{code}", *modules), chart or code, code.upper())


ROWS = (
    # the office
    Row("Sales", ("sale_management", "sale_stock", "sale_margin")),
    Row("Purchase and stock", ("purchase_stock", "stock_account", "stock_landed_costs")),
    Row("Invoicing", ("account_debit_note", "account_check_printing", "account_payment", "account_edi_ubl_cii")),
    Row("Expenses", ("hr_expense",)),
    Row("Projects and timesheets", ("project", "hr_timesheet", "sale_timesheet")),
    Row("Manufacturing and repairs", ("mrp_account", "repair", "maintenance")),
    Row("Customers and marketing", ("crm", "mass_mailing", "event_sale", "survey")),
    Row("People", ("hr_holidays", "hr_attendance", "hr_recruitment", "lunch")),
    Row("Website and shop", ("website_sale", "website_payment", "website_event_sale")),
    Row("Online payments", ("payment_custom", "payment_stripe", "payment_adyen", "payment_demo")),
    Row("Other offices", ("fleet", "spreadsheet_dashboard", "calendar", "contacts")),
    # the till
    Row("Restaurant", ("pos_restaurant", "pos_hr_restaurant")),
    Row("Loyalty and discounts", ("pos_loyalty", "pos_discount", "pos_sale_loyalty")),
    Row("Orders of sales in the till", ("pos_sale", "pos_sale_margin", "pos_event")),
    Row("Kiosk and self-ordering", ("pos_self_order", "pos_online_payment_self_order")),
    Row("Other terminals", ("pos_adyen", "pos_stripe", "pos_viva_com", "pos_self_order_adyen")),
    Row("More of the till", ("pos_mrp", "pos_repair", "pos_sms", "pos_account_tax_python", "pos_glory_cash")),
    # countries of NETS, and their neighbours
    country("Norway", "no"),
    country("Denmark", "dk", "l10n_dk_oioubl", "l10n_dk_nemhandel"),
    country("Sweden", "se"),
    country("Finland", "fi", "l10n_fi_sale"),
    country("Estonia", "ee"),
    country("Latvia", "lv"),
    country("Lithuania", "lt"),
    country("Poland", "pl", "l10n_pl_edi"),
    country("Germany", "de", chart="de_skr03"),
    country("Switzerland", "ch", "l10n_ch_pos"),
    country("France", "fr_account", "l10n_fr_pos_cert", chart="fr"),
    country("Italy", "it", "l10n_it_edi"),
)


class Day:
    """What happens in a shop: an invoice is paid, another one declined, one refunded in part and printed; the till
    sells by card and closes its session; ledger and books are compared."""

    def __init__(self, system, row):
        self.clinic = Clinic(system, {}, (str(number) for number in itertools.count(FIRST_TERMINAL)))
        self.admin = self.clinic.admin
        self.row = row
        self.done = {}

    def run(self):
        """:return: {what was done: "" or what went wrong}; nothing is done after what went wrong"""
        for step in (self.arrange, self.invoices, self.printing, self.till, self.books):
            try:
                step()
                self.done[step.__name__] = ""
            except (AssertionError, stack.OdooError, stack.StackError, ValueError, KeyError) as error:
                stack.say(traceback.format_exc())
                self.done[step.__name__] = f"{type(error).__name__}: {error}"[:300]
                break
        return self.done

    def arrange(self):
        """The company: of the demo data, or one with the country's chart of accounts."""
        clinic, admin = self.clinic, self.admin
        self.company = clinic.ref("demo_company")
        self.crowns = admin.ref("base.NOK")
        admin.call("res.currency", "write", [self.crowns], {"active": True})
        if self.row.chart:
            [land] = admin.call("res.country", "search", [("code", "=", self.row.country[:2])])
            [self.company] = admin.call("res.company", "create", [{"name": self.row.name, "country_id": land}])
            admin.call("res.users", "write", [clinic.user().uid], {"company_ids": [[4, self.company]]})
            admin.call("account.chart.template", "try_loading", [], self.row.chart, self.company, install_demo=False)
            values = {"company_id": self.company}
            there = {"context": {"allowed_company_ids": [self.company]}}
            admin.call("res.users", "write", [clinic.user().uid], values, **there)
        account = clinic.make_account(name=f"Shop of {self.row.name}", company_id=self.company)
        site = admin.call("nets.location", "create", [{"name": self.row.name, "company_id": self.company}])[0]
        self.terminal = clinic.make_terminal(account_id=account, currency_id=self.crowns, location_id=site)
        journal = clinic.make_journal(company_id=self.company, currency_id=self.crowns)
        admin.call("nets.terminal", "write", [self.terminal.id], {"journal_id": journal})

    def invoices(self):
        clinic = self.clinic
        customer = clinic.make_customer("Zither society")
        values = {"currency_id": self.crowns, "company_id": self.company}
        self.paid, refused, returned = clinic.make_invoices(3, 300, customer, **values)
        self.terminal.play("approved", "insufficient_funds", "approved", "approved")
        self.expect(clinic.press_pay(self.paid, self.terminal), "approved")
        self.expect(clinic.press_pay(refused, self.terminal), "failed")
        self.expect(clinic.press_pay(returned, self.terminal), "approved")
        self.expect(clinic.press_refund(clinic.transaction(returned), self.terminal, -120), "approved")
        due = [clinic.due(invoice) for invoice in (self.paid, refused, returned)]
        assert due == [0, 300, 120], f"due on the invoices: {due}"

    def expect(self, transaction, state):
        found = self.clinic.wait_for_end(transaction)
        assert found == state, f"{found} instead of {state}"

    def printing(self):
        # as the web client says it: beside a website, its company is taken else
        context = json.dumps({"allowed_company_ids": [self.company]})
        answer = self.admin.session.get(
            f"{self.admin.url}/report/html/account.report_invoice_with_payments/{self.paid}",
            params={"context": context},
        )
        assert answer.ok, f"the printed invoice: {answer.status_code}"
        assert "Visa" in answer.text, "the printed invoice doesn't name its card"

    def till(self):
        shop = Shop(self.clinic, [self.terminal], company=self.company, currency=self.crowns)
        product = shop.read_product(shop.make_product("Zither strings", 45))
        payment = synced.payment_values(shop.card, 45, payment_status="pending")
        order = synced.order_values(shop.session, [synced.line_values(product, 45)], [payment])
        cashier = self.clinic.user(shop.cashier)
        cashier.call("pos.order", "sync_from_ui", [order])
        self.terminal.play("approved")
        request = str(uuid.uuid4())
        [started] = cashier.call("nets.transaction", "pos_start", payment["uuid"], self.terminal.id, 45, request)
        self.expect(started["id"], "approved")
        cashier.call("pos.order", "sync_from_ui", [order | {"lines": [], "payment_ids": [], "state": "paid"}])
        [sold] = shop.orders()
        assert sold["state"] == "paid", f"the till's order is {sold['state']}"
        shop.close_session()

    def books(self):
        self.clinic.assert_books([self.terminal.identifier])
        assert sum(self.terminal.charges()) == 30000 + 30000 + 12000 + 4500, self.terminal.ledger()


def try_row(postgresql, row, order):
    """Try one row.

    :return: {what was done: "" or what went wrong}
    """
    database = stack.temporary("neighbours")
    data = stack.HOME / "simulator" / database
    shutil.rmtree(data, ignore_errors=True)  # the row before had a ledger of its own
    simulator = stack.Simulator(data, terminals=5)
    began = time.monotonic()
    result = {}
    try:
        if order == AFTER:
            stack.clone_template(postgresql, database)
            arguments = ("-i", ",".join(row.modules))
        else:
            postgresql.drop(database)
            postgresql.create(database, stack.ensure_plain(postgresql))
            stack.run_odoo(postgresql, database, "server", "-i", ",".join(row.modules), "--stop-after-init")
            arguments = ("-i", stack.MODULE)
        simulator.start()
        result["installed"] = "failed"
        server = stack.OdooServer(postgresql, database, arguments=arguments, max_cron_threads=0).start()
        try:
            result["installed"] = ""
            stack.move_in(server.login())
            system = SimpleNamespace(odoo=server, simulator=simulator, postgresql=postgresql, database=database)
            result |= Day(system, row).run()
        finally:
            server.stop()
        log = stack.HOME / "log" / f"server-{database}.log"
        result["log"] = words_about_us(log.read_text(errors="replace"))
        result["updated"] = "failed"
        stack.run_odoo(postgresql, database, "server", "-u", stack.MODULE, "--stop-after-init")
        result["updated"] = ""
        result["removed"] = "failed"
        stack.run_odoo(postgresql, database, "shell", "--no-http", stdin=UNINSTALL)
        left = postgresql.query(database, r"SELECT count(*) FROM pg_tables WHERE tablename LIKE 'nets\_%'")[0][0]
        result["removed"] = f"{left} tables are left" if left else ""
    except stack.StackError as error:
        stack.say(error)
        result["error"] = str(error)[:300]
    finally:
        simulator.stop()
        postgresql.drop(database)
        shutil.rmtree(data, ignore_errors=True)
    result["seconds"] = round(time.monotonic() - began)
    return result


UNINSTALL = f"""
env["ir.module.module"].search([("name", "=", "{stack.MODULE}")]).button_immediate_uninstall()
"""


def words_about_us(log):
    """Return what a log warns of that names the addon."""
    lines = re.findall(r"^.* (?:WARNING|ERROR|CRITICAL) .*$", log, re.MULTILINE)
    return "; ".join(line.split(" ", 4)[-1] for line in lines if re.search(r"nets[_.]", line.split(": ", 1)[-1]))[:300]


STEPS = {
    "installed": "installed",
    "invoices": "invoices paid, declined, refunded",
    "printing": "printed",
    "till": "till, session closed",
    "books": "ledger = books",
    "log": "no warning of ours",
    "updated": "updated",
    "removed": "uninstalled",
}


def is_good(result):
    return "error" not in result and all(result.get(step) == "" for step in ("arrange", *STEPS))


def page(results):
    """Return the page, of what is known of all rows."""
    lines = [
        "# Neighbours",
        "",
        "What the addon was tried beside, each on a database of its own, by `script/neighbours`, which can be run",
        "again. A mark stands for what was done and came out as it should; a word for what didn't. _After_ and",
        "_before_: the modules were installed after the addon, or before it. In a country, in a company with its chart",
        "of accounts.",
        "",
        "Besides, the tests of models run on a database with " + f"{len(stack.FULL_MODULES)} of them at once",
        "(`script/test full`; all of them: `script/test full --all`), and a day of a till and of a kiosk there in a",
        "browser (`script/test shop`).",
        "",
        "| beside | modules | order | " + " | ".join(STEPS.values()) + " |",
        "|" + " --- |" * (3 + len(STEPS)),
    ]
    for row in ROWS:
        for order in (AFTER, BEFORE):
            result = results.get(f"{row.name}/{order}")
            if result:
                cells = ["✓" if result.get(step) == "" else result.get(step, "–") for step in STEPS]
                modules = ", ".join(f"`{module}`" for module in row.modules)
                lines.append(f"| {row.name} | {modules} | {order} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main():
    parser = argparse.ArgumentParser(
        prog="script/neighbours", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[""], metavar="NAME", help="rows whose name contains one of these")
    parser.add_argument("--order", choices=(AFTER, BEFORE, "both"), default="both")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args()
    stack.exit_on_signals()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    bad = tried = 0
    with stack.PostgreSQL() as postgresql:
        stack.drop_leftovers(postgresql)
        for row in ROWS:
            if not any(word.lower() in row.name.lower() for word in options.only):
                continue
            for order in (AFTER, BEFORE) if options.order == "both" else (options.order,):
                result = results[f"{row.name}/{order}"] = try_row(postgresql, row, order)
                RESULTS.write_text(json.dumps(results, indent=1))
                tried += 1
                good = is_good(result)
                bad += not good
                stack.say(
                    f"{'✓' if good else '✗'} {row.name} ({order}), {result['seconds']} s" + f" {result}" * (not good)
                )
    if options.write:
        PAGE.write_text(page(results))
    print(f"{tried - bad} passed, {bad} failed")
    return 1 if bad or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
