"""The addon's life in a database: set up from nothing, taken away, installed beside data, brought up to date, copied.

Without the demo stack: each test makes databases of its own, on which only what the manifest names is installed.
Starting Odoo costs seconds, so that one process installs and serves.
"""

import contextlib
import itertools
import subprocess
import sys
import sysconfig
import uuid
import zipfile
from types import SimpleNamespace

import pytest
import run_build
from clinic import Clinic
from pages import CardDialog, shoot
from played_till import PlayedTill
from playwright.sync_api import expect

import stack as machinery

# The version that is in use, which an update starts from: invoices, refunds, administrators, reports, and the till.
IN_USE = "da0b11811f0e002d6e5c7a6687278bb470431a9f"
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
    """Return a function that runs Odoo on a database: ``with serve(database, "-u", "…") as clinic``."""

    @contextlib.contextmanager
    def serve(database, *arguments, **options):
        options = {"max_cron_threads": 0, **options}  # nothing happens that the test doesn't ask for
        server = machinery.OdooServer(postgresql, database, arguments=arguments, **options).start()
        try:
            system = SimpleNamespace(odoo=server, simulator=simulator, postgresql=postgresql, database=database)
            yield Shop(system, {}, (str(number) for number in itertools.count(FIRST_TERMINAL)))
        finally:
            server.stop()

    return serve


def open_shop(clinic):
    """Let there be a terminal.

    :return: the terminal, and the id of the currency that the simulator's terminals charge in
    """
    crowns = clinic.admin.ref("base.NOK")
    clinic.admin.call("res.currency", "write", [crowns], {"active": True})
    return clinic.make_terminal(account_id=clinic.make_account(name="Shop")), crowns


def pay_some(clinic):
    """Let there be an invoice that is paid, one that is paid in part, and one that was refunded.

    :return: their ids
    """
    terminal, crowns = open_shop(clinic)
    paid, partly, refunded = clinic.make_invoices(3, 300, currency_id=crowns)
    terminal.play("approved", "approved", "approved", "approved")
    for invoice, amount in ((paid, 300), (partly, 100), (refunded, 300)):
        assert clinic.wait_for_end(clinic.press_pay(invoice, terminal, amount)) == "approved"
    press = (-120, terminal.id, str(uuid.uuid4()))
    [refund] = clinic.admin.call(
        "nets.transaction", "start_refund", [clinic.transaction(refunded)], *press, invoice_id=refunded
    )
    assert clinic.wait_for_end(refund["id"]) == "approved"
    terminal.play("insufficient_funds")
    assert clinic.wait_for_end(clinic.press_pay(partly, terminal, 50)) == "failed"
    assert [clinic.due(invoice) for invoice in (paid, partly, refunded)] == [0, 200, 120]
    return paid, partly, refunded


def pay_with_discount(clinic, invoice, terminal, amount, like):
    """Press *Pay* for an amount, and write the rest of an invoice off.

    :param int like: an invoice that was paid from the same journal
    :return: the transaction's id
    """
    payment = clinic.read("nets.transaction", clinic.transaction(like), "payment_id")[0]
    paid = clinic.read("account.payment", payment, "journal_id", "payment_method_line_id")
    account = {"name": "Discounts at the desk", "code": "699950", "account_type": "expense"}
    values = {
        "journal_id": paid["journal_id"][0],
        "payment_method_line_id": paid["payment_method_line_id"][0],
        "nets_terminal_id": terminal.id,
        "amount": amount,
        "payment_difference_handling": "reconcile",
        "writeoff_account_id": clinic.admin.call("account.account", "create", [account])[0],
        "writeoff_label": "For an old friend",
    }
    context = {"active_model": "account.move", "active_ids": [invoice]}
    [wizard] = clinic.admin.call("account.payment.register", "create", [values], context=context)
    clinic.admin.call("account.payment.register", "action_create_payments", [wizard], context=context)
    return clinic.transaction(invoice)


def rows(postgresql, database, *tables):
    """Return what is in these tables: {table: {id or the row itself: {column: value}}}."""
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


COUNTER = "20000001"  # one of the two terminals of the simulator's account “branch”


def test_from_an_empty_database_to_the_first_payment_and_back(postgresql, copy, serve, simulator, browser):
    database = copy("empty", "template0")
    with serve(database, "-i", machinery.MODULE, with_demo=False) as clinic:
        # a shop where the simulator's terminals are
        crowns = clinic.admin.ref("base.NOK")
        clinic.admin.call("res.currency", "write", [crowns], {"active": True})
        clinic.admin.call("res.company", "write", [clinic.ref("demo_company")], {"currency_id": crowns})
        context = browser.new_context(base_url=clinic.stack.odoo.url, viewport={"width": 1280, "height": 1000})
        set_up(context.new_page(), simulator)
        context.close()
        [counter] = clinic.admin.call("nets.terminal", "search", [("identifier", "=", COUNTER)])
        machinery.wait_until(
            lambda: clinic.read("nets.terminal", counter, "state") == "idle", 30, "its state after the payment", 0.3
        )
        account = clinic.read("nets.terminal", counter, "account_id")[0]
        assert clinic.read("nets.account", account, "setup_step") == "customer"

        # the first invoice, in the company's own currency
        invoice = clinic.make_invoice(300)
        simulator.play(COUNTER, "approved")
        request = {"amount": 300, "terminal_id": counter, "request_id": "first-invoice"}
        [started] = clinic.admin.call("account.move", "nets_start_card_payment", [invoice], **request)
        assert clinic.wait_for_end(started["id"]) == "approved"
        assert [entry["amount"] for entry in simulator.ledger()] == [100, 30000]
        state = clinic.payment_state(invoice)
        assert state in ("paid", "in_payment")

        # and away with the addon, as soon as nothing is open
        books = take_away(postgresql, database, clinic, simulator, counter)
        assert_kept(books, rows(postgresql, database, *BOOKS), may_go=("nets_",))
        assert not tables_of_the_addon(postgresql, database)
        # Odoo goes on with what was paid
        assert clinic.payment_state(invoice) == state
        [payment] = clinic.admin.call("account.payment", "search", [("invoice_ids", "in", [invoice])])
        assert clinic.admin.call("account.payment", "read", [payment], ["display_name", "payment_method_line_id"])

        # and back again
        ours = clinic.admin.call("ir.module.module", "search", [("name", "=", machinery.MODULE)])
        clinic.admin.call("ir.module.module", "button_immediate_install", ours)
        assert tables_of_the_addon(postgresql, database)
        assert clinic.payment_state(invoice) == state


def take_away(postgresql, database, clinic, simulator, counter):
    """Uninstall the addon: refused while something is open, with the list of it.

    :return: the books right before it went
    """
    admin = clinic.admin
    ours = admin.call("ir.module.module", "search", [("name", "=", machinery.MODULE)])

    def uninstall():
        admin.call("ir.module.module", "button_immediate_uninstall", ours)

    second = clinic.make_invoice(70)
    simulator.play(COUNTER, {"outcome": "approved", "wait": {"release": True}})
    request = {"amount": 70, "terminal_id": counter, "request_id": "second-invoice"}
    [started] = admin.call("account.move", "nets_start_card_payment", [second], **request)
    simulator.wait_phase(COUNTER, "card")
    assert clinic.read("nets.transaction", started["id"], "order_id") in clinic.refusal(uninstall)
    simulator.release(COUNTER)
    assert clinic.wait_for_end(started["id"]) == "approved"

    bank = admin.call("account.journal", "search", [("type", "=", "bank")], limit=1)[0]
    card = {"name": "Card", "journal_id": bank, "payment_method_type": "terminal", "use_payment_terminal": "nets"}
    [method] = admin.call("pos.payment.method", "create", [card])
    [shop] = admin.call("pos.config", "create", [{"name": "Shop", "payment_method_ids": [(6, 0, [method])]}])
    admin.call("pos.config", "open_ui", [shop])
    session = clinic.read("pos.config", shop, "current_session_id")[0]
    admin.call("pos.session", "set_opening_control", [session], 0, "")
    assert "Open session" in clinic.refusal(uninstall)
    admin.call("pos.session", "action_pos_session_closing_control", [session])
    assert clinic.read("pos.session", session, "state") == "closed"

    books = rows(postgresql, database, *BOOKS)
    uninstall()
    # what pointed to it points nowhere: the till takes cards as by hand
    method = clinic.read("pos.payment.method", method, "use_payment_terminal", "payment_method_type")
    assert (method["use_payment_terminal"], method["payment_method_type"]) == (False, "none")
    admin.call("pos.config", "open_ui", [shop])
    session = clinic.read("pos.config", shop, "current_session_id")[0]
    loaded = admin.call("pos.session", "load_data", [session], [])
    assert [each["use_payment_terminal"] for each in loaded["pos.payment.method"]] == [False]
    left = "SELECT key FROM ir_config_parameter WHERE key LIKE 'nets%'"
    assert not postgresql.query(database, left)
    return books


def set_up(page, simulator):
    """Do what the help in the settings says, until a test payment succeeds."""
    page.set_default_timeout(60_000)  # Odoo makes the web client's bundles while the first page waits
    page.goto("/web/login")
    page.get_by_label("Email").fill("admin")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    # two pages that want the bundles at the same moment get in each other's way
    expect(page.locator(".o_main_navbar")).to_be_visible(timeout=120_000)
    page.goto("/odoo/settings#general_settings")
    account, terminals = page.locator("#nets_connect_cloud"), page.locator("#nets_terminals")
    expect(account).to_contain_text("Lane/3000", timeout=90_000)
    expect(terminals).to_contain_text("No terminals yet")
    account.locator("[name=nets_environment] input").click()
    page.locator(".o_select_menu_item", has_text="Simulator").click()
    account.locator("[name=nets_simulator_url] input").fill(simulator.url)
    account.locator("[name=nets_username] input").fill("branch")

    # a wrong password: what was typed is saved and tried, and the page stays where it is
    password = account.locator("[name=nets_password] input:visible")
    password.fill("wrong")
    test = account.get_by_role("button", name="Test connection")
    test.scroll_into_view_if_needed()
    before = account.bounding_box()["y"]
    test.click()
    said = account.locator(".o_nets_connection")
    expect(said).to_contain_text("Login refused", timeout=60_000)
    expect(said).to_contain_text("The user name or the password is wrong")
    expect(page.locator(".o_loading_indicator")).to_have_count(0)
    assert abs(account.bounding_box()["y"] - before) < 5
    expect(page.get_by_text("Unsaved changes")).to_have_count(0)
    expect(page.locator(".o_notification")).to_have_count(1)
    shoot(page, "setup-settings-wrong-password")
    # what else was changed isn't saved without a question
    password.fill("branch-secret")
    other = page.locator(".o_setting_box [name=module_google_gmail] input, [name=module_auth_oauth] input").first
    other.check()
    test.click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("save your changes")
    question.get_by_role("button", name="Stay Here").click()
    other.uncheck()
    # the right one, saved
    password.fill("branch-secret")
    expect(page.locator(".o_form_button_save")).to_be_enabled()
    page.locator(".o_form_button_save").click()
    expect(account.locator(".alert-success")).to_contain_text("Logged in", timeout=60_000)

    terminals.get_by_role("button", name="Fetch terminals").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".o_data_row")).to_have_count(2)
    shoot(page, "setup-fetch")
    dialog.get_by_role("button", name="Import").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".o_list_view .o_data_row")).to_have_count(2)
    shoot(page, "setup-terminals")
    page.locator(".o_data_row").filter(has_text=COUNTER).locator("td").nth(1).click()
    expect(page.locator(".o_form_view [name=nets_status]")).to_contain_text("Allowed")
    page.get_by_role("button", name="Test payment").click()
    dialog = CardDialog(page).expect_open()
    dialog.expect_status("Waiting for the card")
    expect(dialog.root).to_contain_text("Play money")
    simulator.wait_phase(COUNTER, "card")
    simulator.press(COUNTER, "tap")
    dialog.expect_status("Did the terminal show")
    shoot(page, "setup-test-payment")
    dialog.button("Yes").click()
    dialog.expect_closed()
    expect(page.locator(".o_notification").filter(has_text="Successful").first).to_be_visible()
    shoot(page, "setup-terminal")


def test_installed_beside_data(postgresql, copy):
    database = copy("installed", machinery.ensure_plain(postgresql))
    modules = "SELECT name FROM ir_module_module WHERE state = 'installed' AND name IN ('pos_hr', 'pos_restaurant')"
    assert not postgresql.query(database, modules), "nothing of the addon needs these"
    before = rows(postgresql, database, *BOOKS, "account_journal", "res_company", "pos_payment_method")
    assert before["account_move"]

    without_demo(postgresql, database)
    machinery.run_odoo(postgresql, database, "server", "-i", machinery.MODULE, "--stop-after-init")
    assert_kept(before, rows(postgresql, database, *before))
    banks = """
        SELECT count(*) FROM account_journal j WHERE j.type = 'bank' AND j.id = ANY(%s) AND 2 != (
            SELECT count(*) FROM account_payment_method_line l
            JOIN account_payment_method m ON m.id = l.payment_method_id AND m.code = 'nets_terminal'
            WHERE l.journal_id = j.id
        )
    """
    assert postgresql.query(database, banks, [list(before["account_journal"])]) == [(0,)], "offered on old journals"


def without_demo(postgresql, database):
    """Let the addon's own demo data not be installed into a database that has some."""
    postgresql.query(database, "UPDATE ir_module_module SET demo = FALSE")


# What was kept as text → where it is since words are made when they are read.
WRITTEN = {"alert": "alert_notes", "booking_note": "booking_notes", "booking_error": "booking_error_notes"}
# How a charge is booked: the column where it is now → what it was called in `booking_values`.
BOOKED_BY = {
    **{name: name for name in ("journal_id", "payment_method_line_id", "destination_account_id", "memo")},
    "due_first_id": "invoice_id",
    "amount_due": "residual",
    "writeoff_account_id": "account_id",
    "writeoff_label": "name",
}
# What a till keeps, besides what the addon adds to it.
TILL = ("pos_config", "pos_session", "pos_order", "pos_order_line", "pos_payment", "pos_payment_method")


def unpack(commit, folder):
    """Unpack the addon as it was at a commit.

    Fails where the clone hasn't got it: an update from anything else would prove nothing.
    """
    git = ["git", "-C", machinery.ROOT, "archive", commit]
    archive = subprocess.run(git, capture_output=True, timeout=60, check=False)
    if archive.returncode:
        pytest.fail(
            f"The update starts from the addon as it was at {commit[:8]}, and this clone has no such commit. It needs "
            f"the whole history: git fetch --unshallow ({archive.stderr.decode().strip()})",
            pytrace=False,
        )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, timeout=60, check=True)


class Till:
    """A till in the middle of its second day when the update comes."""

    def __init__(self, clinic, account):
        """A session that is closed, and one that is open, with orders that cards were charged for.

        :param int account: the nets.account of its terminals
        """
        self.surcharges = self._choose_surcharges(clinic.admin)
        crowns = clinic.admin.ref("base.NOK")
        # Odoo exchanges each line of a closing on its own: at another rate a cent may be left, with or without cards
        rates = clinic.admin.call("res.currency.rate", "search", [("currency_id", "=", crowns)])
        clinic.admin.call("res.currency.rate", "write", rates, {"rate": 1})
        self.morning, self.noon, self.evening = clinic.make_terminals(3, account_id=account)
        terminals = [self.morning, self.noon, self.evening]
        self.shop = shop = PlayedTill(clinic, terminals, currency=crowns)
        self.sold = shop.ring_up(45)
        shop.charge(self.sold, self.morning)
        shop.finish(self.sold)
        self.closed = shop.session
        shop.close_session()
        assert shop.money(self.closed, self.morning) == (4500,) * 5

        shop.open_session()
        # charged, with what the terminal added, and not finished
        self.tipped, self.regretted = shop.ring_up(60), shop.ring_up(30)
        self.extras = shop.charge(self.tipped, self.noon, tip=500, surcharge=225)
        shop.charge(self.regretted, self.noon, tip=300)
        assert shop.statuses(self.tipped) == [(67.25, "done")]
        assert shop.statuses(self.regretted) == [(33, "done")]
        # and one whose customer takes the card out while nobody is there
        self.slow = shop.ring_up(80)
        self.evening.hold()
        self.caught = shop.start(self.slow, self.evening)
        self.evening.asks_for_card()

    def _choose_surcharges(self, admin):
        """Let surcharges of terminals have an account and a tax that somebody chose.

        :return: their ids
        """
        account = {"name": "Card surcharges", "code": "499950", "account_type": "income_other"}
        tax = {"name": "On surcharges", "amount": 7, "type_tax_use": "sale"}
        [account] = admin.call("account.account", "create", [account])
        [tax] = admin.call("account.tax", "create", [tax])
        product = admin.ref(f"{machinery.MODULE}.product_surcharge")
        values = {"property_account_income_id": account, "taxes_id": [(6, 0, [tax])]}
        admin.call("product.product", "write", [product], values)
        return account, tax

    def assert_proposed(self, clinic):
        """What was chosen for the till is what invoices go by, too, and the rest was proposed."""
        company = clinic.read(
            "res.company",
            clinic.ref("demo_company"),
            *("nets_surcharge_account_id", "nets_surcharge_tax_ids", "nets_tip_account_id", "nets_deposit_account_id"),
        )
        account, tax = self.surcharges
        assert company["nets_surcharge_account_id"][0] == account
        assert company["nets_surcharge_tax_ids"] == [tax]
        for name in ("nets_tip_account_id", "nets_deposit_account_id"):
            kind = clinic.read("account.account", company[name][0], "account_type")
            assert kind == "liability_current", name

    def close(self, clinic):
        """Bring the day to its end, on a server that has been updated."""
        shop = self.shop
        shop.go_on(clinic)
        assert shop.money(self.closed, self.morning) == (4500,) * 5
        # what is open is still known, and in the way
        assert "67.25" in clinic.refusal(shop.close_session)

        # what the terminal added is known as such
        added = clinic.read("nets.transaction", self.extras, "pos_tip_line_id", "pos_surcharge_line_id")
        assert added["pos_tip_line_id"] and added["pos_surcharge_line_id"], added
        # what it reversed leaves nothing on its order, also not the tip
        shop.reverse(self.regretted)
        assert shop.statuses(self.regretted) == [(0, "reversed")]
        assert shop.read(self.regretted)["amount_total"] == 30, "a tip from before the update stays on its order"
        shop.another_card(self.regretted)
        shop.charge(self.regretted, self.noon)
        for sale in (self.tipped, self.regretted, self.slow):
            shop.finish(sale)

        # a customer of the day before is given the money back
        [line] = shop.read(self.sold)["lines"]
        returned = shop.ring_up(-45, refunded_orderline_id=line)
        refund = shop.charge(returned, self.noon)
        charged = clinic.read("nets.transaction", refund, "refund_of_id")[0]
        assert clinic.read("nets.transaction", charged, "pos_payment_uuid") == self.sold.payment
        shop.finish(returned)

        issues = clinic.admin.call("pos.session", "nets_closing_issues", [shop.session])
        assert not any(issues.values()), issues
        shop.close_session()
        assert shop.money(shop.session, self.noon, self.evening) == (6725 + 3000 + 8000 - 4500,) * 5
        assert clinic.read("nets.transaction", self.extras, "pos_closing_payment_id")
        shop.assert_books()


def assert_moved(before, after):
    """What was in one column is in separate ones.

    :param dict before: the rows of nets.transaction before the update, after: those after it
    """
    met = set()
    for key, old in before.items():
        new = after[key]
        if asked := old["booking_values"]:
            [written_off] = asked["write_off_line_vals"] or [{}]
            assert new["difference_handling"] == ("reconcile" if written_off else "open")
            expected = {name: (asked | written_off).get(earlier) or None for name, earlier in BOOKED_BY.items()}
            assert {name: new[name] or None for name in BOOKED_BY} == expected
            met |= {name for name, value in expected.items() if value}
        for name, notes in WRITTEN.items():
            assert new[notes] == ([{"text": old[name]}] if old[name] else None), name
    assert met == set(BOOKED_BY), "no row has the others"


def assert_rights(clinic):
    """What the update brought: who may read may not write, and new groups."""
    rights = ["perm_read", "perm_write", "perm_create", "perm_unlink"]
    for name in ("account", "location", "terminal"):
        read, write = (
            clinic.admin.ref(f"{machinery.MODULE}.nets_{name}_rule_company{suffix}") for suffix in ("", "_write")
        )
        assert [clinic.read("ir.rule", rule, *rights) for rule in (read, write)] == [
            {"id": read, "perm_read": True, "perm_write": False, "perm_create": False, "perm_unlink": False},
            {"id": write, "perm_read": False, "perm_write": True, "perm_create": True, "perm_unlink": True},
        ]
    for group, implied in (
        ("account.group_account_readonly", "group_auditor"),
        (f"{machinery.MODULE}.group_manager", "group_refund"),
    ):
        found = clinic.read("res.groups", clinic.admin.ref(group), "implied_ids")
        assert clinic.admin.ref(f"{machinery.MODULE}.{implied}") in found, group


def test_an_update_keeps_everything_and_a_neutralized_copy_charges_nothing(
    postgresql, copy, serve, simulator, tmp_path
):
    addons = tmp_path / "addons"
    folder = addons / machinery.MODULE
    folder.mkdir(parents=True)
    unpack(IN_USE, folder)
    options = {"addons_path": machinery.addons_path(addons)}
    database = copy("updated", machinery.ensure_plain(postgresql))
    without_demo(postgresql, database)
    with serve(database, "-i", machinery.MODULE, **options) as clinic:
        paid, partly, _refunded = pay_some(clinic)
        awaited, left = clinic.make_invoices(2, 90, currency_id=clinic.admin.ref("base.NOK"))
        terminal = clinic.terminals[0]
        reconciliation = clinic.admin.call("nets.terminal", "action_reconciliation", [terminal.id])
        clinic.wait_for_state(reconciliation["params"]["transaction_id"], "approved")
        clinic.admin.call("res.company", "write", [clinic.ref("demo_company")], {"nets_confirm_and_pay": False})
        clinic.make_user("nora", "account.group_account_invoice", "nets_connect_cloud.group_manager")
        customise(clinic.admin)
        account = clinic.read("nets.terminal", terminal.id, "account_id")[0]
        till = Till(clinic, account)
        # a payment that the restart catches: its customer has the card in the hand
        [slow] = clinic.make_terminals(1, account_id=account)
        slow.hold()
        caught = [till.caught, pay_with_discount(clinic, awaited, slow, 80, like=paid)]
        slow.asks_for_card()
        terminals = clinic.terminals
    # it was text, in the language of the one who wrote it
    postgresql.query(database, "UPDATE nets_transaction SET alert = 'as it was'")
    # until all is compared, what is caught counts as in somebody's hands
    postgresql.query(database, "UPDATE nets_heartbeat SET beat_at = beat_at + interval '1 day'")
    tables = (*BOOKS, *TILL, *tables_of_the_addon(postgresql, database), "res_company", "res_groups_users_rel")
    before = rows(postgresql, database, *tables)
    for table in ("nets_transaction", "nets_report", "nets_account_secret", *TILL):
        assert before[table], table
    assert {row["transaction_id"] for row in before["nets_heartbeat"].values()} == set(caught)

    with serve(database, "-u", machinery.MODULE) as clinic:
        after = rows(postgresql, database, *tables)
        assert_kept(before, after, may_go=("booking_values", "lookup_message", *WRITTEN))
        assert_moved(before["nets_transaction"], after["nets_transaction"])
        assert clinic.payment_state(paid) in ("paid", "in_payment")
        clinic.sql("UPDATE nets_heartbeat SET beat_at = beat_at - interval '2 days'")
        for each in (slow, till.evening):
            each.release()
        for transaction in caught:
            assert clinic.wait_for_end(transaction) == "approved"
        assert clinic.due(awaited) == 0
        identifiers = [each.identifier for each in terminals]
        clinic.assert_books(identifiers)
        terminal.play("approved")
        assert clinic.wait_for_end(clinic.press_pay(partly, terminal)) == "approved"
        till.assert_proposed(clinic)
        till.close(clinic)
        clinic.assert_books(identifiers)
        assert_customised(clinic.admin)
        assert_rights(clinic)
        machinery.run_odoo(postgresql, database, "server", "-u", machinery.MODULE, "--stop-after-init")
        assert_customised(clinic.admin)

    ledger = simulator.ledger()
    requests = len(simulator.requests())
    restored = copy("restored", database)
    machinery.run_odoo(postgresql, restored, "neutralize")
    with serve(restored) as clinic:
        terminal.play("approved")
        assert clinic.wait_for_end(clinic.press_pay(left, terminal)) == "failed"
        assert clinic.due(left) == 90
        accounts = clinic.admin.call("nets.account", "search_read", [], ["environment", "password_is_set"])
        assert {(row["environment"], row["password_is_set"]) for row in accounts} == {("simulator", False)}
    assert simulator.ledger() == ledger
    assert len(simulator.requests()) == requests, "nobody was asked"


STRICTER = "[('company_id', 'in', company_ids), ('kind', '!=', 'administration')]"


def customise(admin):
    """Change what an administrator may change: a rule, and what the administrators of Odoo get automatically."""
    rule = admin.ref(f"{machinery.MODULE}.nets_transaction_rule_company")
    admin.call("ir.rule", "write", [rule], {"domain_force": STRICTER})
    group = admin.ref(f"{machinery.MODULE}.group_manager")
    managers = admin.ref("account.group_account_manager")
    admin.call("res.groups", "write", [managers], {"implied_ids": [(3, group)]})


def assert_customised(admin):
    """It is as `customise` left it."""
    rule = admin.ref(f"{machinery.MODULE}.nets_transaction_rule_company")
    assert admin.call("ir.rule", "read", [rule], ["domain_force"])[0]["domain_force"] == STRICTER
    managers = admin.ref("account.group_account_manager")
    implied = admin.call("res.groups", "read", [managers], ["implied_ids"])[0]["implied_ids"]
    assert admin.ref(f"{machinery.MODULE}.group_manager") not in implied


# === AS INTEGRATORS INSTALL IT === #


def fresh_python(folder, *wheels):
    """Make an environment in which nothing is ours: with Odoo, what it needs, and these wheels.

    :return: its Python
    """
    uv = machinery.HOME / "uv" / "bin" / "uv"
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], timeout=60, check=True)
    [site] = folder.glob("lib/python*/site-packages")
    # the folders themselves: what the .pth files there name doesn't count
    (site / "odoo.pth").write_text(f"{machinery.odoo_path()}\n{sysconfig.get_path('purelib')}\n")
    if wheels:
        subprocess.run([uv, "pip", "install", "--no-deps", "--python", python, *wheels], timeout=120, check=True)
    return python


def test_installed_from_the_wheel_and_updated_from_the_zip(postgresql, copy, serve, tmp_path):
    wheel, zipped = run_build.build(tmp_path / "dist")
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(tmp_path / "addons")
    database = copy("packages", machinery.ensure_plain(postgresql))
    without_demo(postgresql, database)

    python = fresh_python(tmp_path / "with-wheel", wheel)
    with serve(database, "-i", machinery.MODULE, python=python, addons_path=machinery.addons_path()) as clinic:
        terminal, crowns = open_shop(clinic)
        first, second = clinic.make_invoices(2, 300, currency_id=crowns)
        terminal.play("approved", "approved")
        assert clinic.wait_for_end(clinic.press_pay(first, terminal)) == "approved"
        assert clinic.due(first) == 0

    python = fresh_python(tmp_path / "without")
    path = machinery.addons_path(tmp_path / "addons")
    with serve(database, "-u", machinery.MODULE, python=python, addons_path=path) as clinic:
        assert clinic.wait_for_end(clinic.press_pay(second, terminal)) == "approved"
        assert clinic.due(second) == 0
        clinic.assert_books([terminal.identifier])
