"""The addon's life in a database: installed beside data, brought up to date, copied, taken away.

Without the demo stack: each test makes databases of its own, on which only what the manifest names is installed.
"""

import contextlib
import itertools
import subprocess
from types import SimpleNamespace

import pytest
from clinic import Clinic

import stack as machinery

# The first whole state of the addon that had all of this: payments, refunds, administrators, reports.
FIRST = "e3a1438fa10c9b451432e89e81e025ce29dffde6"
FIRST_TERMINAL = 30000001
pytestmark = pytest.mark.timeout(600)
BOOKS = ("account_move", "account_move_line", "account_payment", "account_partial_reconcile", "account_full_reconcile")


class Shop(Clinic):
    """The company that was there before the addon: its demo data isn't installed."""

    def ref(self, name):
        if name == "demo_company":
            return self.admin.ref("base.main_company")
        return self.make_customer() if name == "demo_partner_bakery" else False


@pytest.fixture(scope="module")
def postgresql():
    machinery.exit_on_signals()
    with machinery.PostgreSQL() as server:
        yield server


@pytest.fixture
def simulator(tmp_path):
    server = machinery.Simulator(tmp_path, terminals=20).start()
    yield server
    server.stop()


@pytest.fixture
def copy(postgresql):
    """Return a function that makes a database as a copy of another one; all are gone afterwards."""
    made = []

    def copy(name, template):
        database = machinery.temporary(name)
        made.append(database)
        postgresql.create(database, template)
        return database

    yield copy
    for database in made:
        postgresql.drop(database)


@pytest.fixture
def serve(postgresql, simulator):
    """Return a function that runs Odoo on a database: ``with serve(database) as clinic``."""

    @contextlib.contextmanager
    def serve(database, **options):
        server = machinery.OdooServer(postgresql, database, **options).start()
        try:
            system = SimpleNamespace(odoo=server, simulator=simulator, postgresql=postgresql, database=database)
            yield Shop(system, {}, (str(number) for number in itertools.count(FIRST_TERMINAL)))
        finally:
            server.stop()

    return serve


def install(postgresql, database, **options):
    """Install the addon without its demo data, whose removal isn't the matter here."""
    postgresql.query(database, "UPDATE ir_module_module SET demo = FALSE")
    machinery.run_odoo(postgresql, database, "server", "-i", machinery.MODULE, "--stop-after-init", **options)


def pay_some(clinic):
    """Let there be an invoice that is paid, one that is paid in part, and one that was refunded.

    :return: their ids
    """
    # what the simulator's terminals charge in
    crowns = clinic.admin.ref("base.NOK")
    clinic.admin.call("res.currency", "write", [crowns], {"active": True})
    terminal = clinic.make_terminal(account_id=clinic.make_account(name="Shop"))
    paid, partly, refunded = clinic.make_invoices(3, 300, currency_id=crowns)
    terminal.play("approved", "approved", "approved", "approved")
    for invoice, amount in ((paid, 300), (partly, 100), (refunded, 300)):
        assert clinic.wait_for_end(clinic.press_pay(invoice, terminal, amount)) == "approved"
    refund = clinic.press_refund(clinic.transaction(refunded), terminal, -120)
    assert clinic.wait_for_end(refund) == "approved"
    terminal.play("insufficient_funds")
    assert clinic.wait_for_end(clinic.press_pay(partly, terminal, 50)) == "failed"
    assert [clinic.due(invoice) for invoice in (paid, partly, refunded)] == [0, 200, 120]
    return paid, partly, refunded


def rows(postgresql, database, *tables):
    """Return what stands in these tables: {table: {id or the row itself: {column: value}}}."""
    content = {}
    for table in tables:
        found = [row for (row,) in postgresql.query(database, f'SELECT to_jsonb(t) FROM "{table}" t')]
        content[table] = {row.get("id") or tuple(sorted(row.items())): row for row in found}
    return content


def tables_of_the_addon(postgresql, database):
    statement = r"SELECT tablename FROM pg_tables WHERE tablename LIKE 'nets\_%' ORDER BY tablename"
    return [name for (name,) in postgresql.query(database, statement)]


def assert_kept(before, after, may_go=()):
    """Every row is there with every value that it had.

    :param may_go: the beginnings of the names of columns that may be gone
    """
    for table, old_rows in before.items():
        for key, old in old_rows.items():
            new = after[table].get(key)
            assert new, f"{table} {key} is gone"
            lost = [name for name in old if name not in new and not name.startswith(may_go)]
            assert not lost, f"{table} lost {lost}"
            changed = {
                name: (old[name], new[name])
                for name in old.keys() & new.keys() - {"write_date", "write_uid"}
                if old[name] != new[name]
            }
            assert not changed, f"{table} {key} changed: {changed}"


def test_installed_beside_data_and_taken_away(postgresql, copy, serve):
    database = copy("installed", machinery.ensure_plain(postgresql))
    modules = "SELECT name FROM ir_module_module WHERE state = 'installed' AND name IN ('pos_hr', 'pos_restaurant')"
    assert not postgresql.query(database, modules), "nothing of the addon needs these"
    before = rows(postgresql, database, *BOOKS, "account_journal", "res_company", "pos_payment_method")
    assert before["account_move"]

    install(postgresql, database)
    assert_kept(before, rows(postgresql, database, *before))
    banks = """
        SELECT count(*) FROM account_journal j WHERE j.type = 'bank' AND j.id = ANY(%s) AND 2 != (
            SELECT count(*) FROM account_payment_method_line l
            JOIN account_payment_method m ON m.id = l.payment_method_id AND m.code = 'nets_terminal'
            WHERE l.journal_id = j.id
        )
    """
    assert postgresql.query(database, banks, [list(before["account_journal"])]) == [(0,)], "offered on old journals"

    with serve(database) as clinic:
        invoices = pay_some(clinic)
        clinic.assert_books([str(FIRST_TERMINAL)])
        states = [clinic.payment_state(invoice) for invoice in invoices]
        books = rows(postgresql, database, *BOOKS)
        ours = clinic.admin.call("ir.module.module", "search", [("name", "=", machinery.MODULE)])
        clinic.admin.call("ir.module.module", "button_immediate_uninstall", ours)

        assert_kept(books, rows(postgresql, database, *BOOKS), may_go=("nets_",))
        assert not tables_of_the_addon(postgresql, database)
        # Odoo goes on with what was paid: it is read, and the rest is paid otherwise
        assert [clinic.payment_state(invoice) for invoice in invoices] == states
        payments = clinic.admin.call("account.payment", "search", [("invoice_ids", "in", list(invoices))])
        assert len(payments) == 3
        assert clinic.admin.call("account.payment", "read", payments, ["display_name", "payment_method_line_id"])
        clinic.pay_otherwise(invoices[1])
        assert clinic.due(invoices[1]) == 0


def test_an_update_keeps_everything_and_a_neutralized_copy_charges_nothing(
    postgresql, copy, serve, simulator, tmp_path
):
    addons = tmp_path / "addons"
    folder = addons / machinery.MODULE
    folder.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "archive", FIRST], cwd=machinery.ROOT, stdout=subprocess.PIPE, timeout=60, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, timeout=60, check=True)
    options = {"addons_path": machinery.addons_path(addons)}
    database = copy("updated", machinery.ensure_plain(postgresql))
    install(postgresql, database, **options)
    with serve(database, **options) as clinic:
        paid, partly, _refunded = pay_some(clinic)
        terminal = clinic.terminals[0]
        reconciliation = clinic.admin.call("nets.terminal", "action_reconciliation", [terminal.id])
        clinic.wait_for_state(reconciliation["params"]["transaction_id"], "approved")
        clinic.admin.call("res.company", "write", [clinic.ref("demo_company")], {"nets_confirm_and_pay": False})
        clinic.make_user("nora", "account.group_account_invoice", "nets_connect_cloud.group_manager")
    tables = (*BOOKS, *tables_of_the_addon(postgresql, database), "res_company", "res_groups_users_rel")
    before = rows(postgresql, database, *tables)
    for table in ("nets_transaction", "nets_report", "nets_account_secret"):
        assert before[table], table

    machinery.run_odoo(postgresql, database, "server", "-u", machinery.MODULE, "--stop-after-init")
    assert_kept(before, rows(postgresql, database, *tables))
    with serve(database) as clinic:
        assert clinic.payment_state(paid) in ("paid", "in_payment")
        clinic.assert_books([terminal.identifier])
        terminal.play("approved")
        assert clinic.wait_for_end(clinic.press_pay(partly, terminal)) == "approved"
        clinic.assert_books([terminal.identifier])

    ledger = simulator.ledger()
    requests = len(simulator.requests())
    restored = copy("restored", database)
    machinery.run_odoo(postgresql, restored, "neutralize")
    with serve(restored) as clinic:
        terminal.play("approved")
        invoice = clinic.make_invoice(90, currency_id=clinic.admin.ref("base.NOK"))
        assert clinic.wait_for_end(clinic.press_pay(invoice, terminal)) == "failed"
        assert clinic.due(invoice) == 90
        accounts = clinic.admin.call("nets.account", "search_read", [], ["environment", "password_is_set"])
        assert {(row["environment"], row["password_is_set"]) for row in accounts} == {("simulator", False)}
    assert simulator.ledger() == ledger
    assert len(simulator.requests()) == requests, "nobody was asked"
