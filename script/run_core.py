"""Run Odoo's own tests of what the addon changes, without it and with it, and compare them test by test.

script/core                       all of it
script/core --only account        the files whose path contains one of these
script/core -k "refund or tip"    what matches an expression, as in pytest
"""

import argparse
import os
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import stack
from stack.databases import BASE_DATABASE, ensure_base

# Of Odoo's modules: payments, their register, reconciliation; the till's models, and its tours.
FILES = (
    "account/tests/test_account_payment.py",
    "account/tests/test_account_payment_duplicate.py",
    "account/tests/test_account_payment_items.py",
    "account/tests/test_account_payment_method_line.py",
    "account/tests/test_account_payment_register.py",
    "account/tests/test_account_move_payments_widget.py",
    "account/tests/test_early_payment_discount.py",
    "account/tests/test_portal_invoice.py",
    "point_of_sale/tests/test_anglo_saxon.py",
    "point_of_sale/tests/test_generic_localization.py",
    "point_of_sale/tests/test_point_of_sale.py",
    "point_of_sale/tests/test_point_of_sale_flow.py",
    "point_of_sale/tests/test_point_of_sale_ui.py",
    "point_of_sale/tests/test_pos_basic_config.py",
    "point_of_sale/tests/test_pos_cash_rounding.py",
    "point_of_sale/tests/test_pos_controller.py",
    "point_of_sale/tests/test_pos_invoice_consolidation.py",
    "point_of_sale/tests/test_pos_margin.py",
    "point_of_sale/tests/test_pos_multiple_receivable_accounts.py",
    "point_of_sale/tests/test_pos_other_currency_config.py",
    "point_of_sale/tests/test_pos_products_with_tax.py",
    "point_of_sale/tests/test_pos_setup.py",
    "point_of_sale/tests/test_pos_simple_invoiced_orders.py",
    "point_of_sale/tests/test_pos_simple_orders.py",
    "point_of_sale/tests/test_pos_stock_account.py",
    "point_of_sale/tests/test_pos_with_fiscal_position.py",
    "point_of_sale/tests/test_report_pos_order.py",
    "point_of_sale/tests/test_report_session.py",
    "pos_restaurant/tests/test_pos_restaurant_flow.py",
    "point_of_sale/tests/test_frontend.py",
    "pos_restaurant/tests/test_frontend.py",
    "pos_hr/tests/test_frontend.py",
)
# Of the tours, which take most of the time.
TOURS = "payment or pay or refund or ticket or round or tip or split"
TOUR_FILE = "test_frontend.py"
# What comes out otherwise on purpose: {the test: why}
MEANT = {
    "TestAccountPaymentRegister.test_payment_method_different_type_single_batch_not_grouped": (
        "it wants each method of a journal offered for vendor bills, and Card isn't"
    ),
}
TIMEOUT = 3 * 3600  # seconds, for one of the two
REPORTS = stack.HOME / "core"


def files(words):
    addons = stack.odoo_path() / "odoo" / "addons"
    if not (addons / "account").is_dir():
        addons = stack.odoo_path() / "addons"
    return [str(addons / file) for file in FILES if any(word in file for word in words)]


def run(postgresql, name, template, options):
    """Run the tests on a copy of a prepared database.

    :return: {test: what became of it}
    """
    database = stack.temporary(f"core_{name}")
    postgresql.drop(database)
    postgresql.create(database, template)
    config = stack.HOME / "run" / f"{database}.conf"
    stack.write_odoo_config(config, postgresql, database, log_level="error")
    outcomes = {}
    tours = [file for file in files(options.only) if file.endswith(TOUR_FILE)]
    others = [file for file in files(options.only) if not file.endswith(TOUR_FILE)]
    try:
        for part, chosen, expression in (("models", others, options.k), ("tours", tours, options.k or TOURS)):
            if chosen:
                with stack.step(f"Odoo's tests, {part}, {name} the addon"):
                    outcomes |= _pytest(f"{part}-{name}", database, config, chosen, expression)
    finally:
        postgresql.drop(database)
    return outcomes


def _pytest(name, database, config, chosen, expression):
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    argv = [str(Path(sys.executable).parent / "pytest"), "-q", "-p", "no:cacheprovider", f"--junit-xml={report}"]
    argv += ["-o", "junit_family=xunit1", f"--odoo-database={database}", f"--odoo-config={config}"]
    argv += [*(("-k", expression) if expression else ()), *chosen]
    environment = os.environ | {"PATH": f"{stack.BROWSER.parent}:{os.environ['PATH']}"}
    code = stack.Process(argv, REPORTS / f"{name}.log", cwd=stack.HOME, env=environment).wait(TIMEOUT)
    # 1: some failed; 5: none matches
    if code not in (0, 1, 5) or not report.exists():
        raise stack.StackError(f"pytest ended with exit code {code}, see {REPORTS}/{name}.log")
    return {
        f"{case.get('classname')}.{case.get('name')}": outcome(case)
        for case in ElementTree.parse(report).iter("testcase")
    }


def outcome(case):
    for what in ("failure", "error", "skipped"):
        if case.find(what) is not None:
            return what
    return "passed"


def compare(without, beside):
    """Print what differs, and what fails in both.

    :return: how many differ
    """
    different = 0
    for test in sorted(without.keys() | beside.keys()):
        before, after = without.get(test, "not run"), beside.get(test, "not run")
        why = next((reason for name, reason in MEANT.items() if test.endswith(name)), None)
        if before != after and why:
            print(f"· {test}: {before} without the addon, {after} with it, since {why}")
        elif before != after:
            different += 1
            print(f"✗ {test}: {before} without the addon, {after} with it")
        elif before != "passed":
            print(f"· {test}: {before}, with and without the addon")
    return different


def main():
    parser = argparse.ArgumentParser(
        prog="script/core", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[""], metavar="WORD", help="files with one of these in their path")
    parser.add_argument("-k", metavar="EXPRESSION", default="", help="only tests that match, as in pytest")
    options = parser.parse_args()
    stack.exit_on_signals()
    REPORTS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with stack.PostgreSQL() as postgresql:
        stack.drop_leftovers(postgresql)
        ensure_base(postgresql, BASE_DATABASE)
        without = run(postgresql, "without", BASE_DATABASE, options)
        beside = run(postgresql, "with", stack.ensure_template(postgresql), options)
    different = compare(without, beside)
    same = len(without.keys() | beside.keys()) - different
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{same} passed, {different} failed")
    return 1 if different or not same else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except stack.StackError as error:
        stack.say(error)
        print("0 passed, 1 failed")
        sys.exit(1)
