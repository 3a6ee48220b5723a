"""An accountant's month over RPC: two terminals, two tills, thirty invoices, three terminal sessions, two payouts of
which one is short by a charge. At the end each account's balance is explained to the cent; `-s` prints how."""

import base64
import collections
import datetime
import uuid

import pytest
import synced
from clinic import minor_units
from pages import shoot
from playwright.sync_api import expect
from till import Shop

import stack as machinery

FEE = 0.0125
SUBSCRIPTION = 9900
CHARGEBACK_FEE = 15000
# after the last transfer
LATER = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=14)


class MonthShop(Shop):
    """A till that takes cards by the method that the set-up made."""

    def __init__(self, clinic, terminals, method):
        self.method = method
        super().__init__(clinic, terminals)

    def _make_method(self, name, journal, **values):
        return self.method if name == "Card" else super()._make_method(name, journal, **values)

    def sell(self, amount, terminal):
        """Sell something, and take the card for it, as the till does."""
        product = self.read_product(self.make_product("Zither", amount))
        line, payment = synced.line_values(product, amount), synced.payment_values(self.card, amount)
        values = synced.order_values(self.session, [line], [payment], company_id=self.company)
        self.admin.call("pos.order", "sync_from_ui", [values])
        terminal.play("approved")
        call = self.clinic.user(self.cashier).call
        started = call("nets.transaction", "pos_start", payment["uuid"], terminal.id, amount, str(uuid.uuid4()))
        assert self.clinic.wait_for_end(started[0]["id"]) == "approved"
        paid = {**values, "state": "paid", "lines": [], "payment_ids": []}
        self.admin.call("pos.order", "sync_from_ui", [paid])
        [order] = self.orders(("uuid", "=", values["uuid"]))
        assert order["state"] in ("paid", "done")


class Month:
    def __init__(self, clinic):
        self.clinic, self.admin = clinic, clinic.admin
        self.company = clinic.ref("demo_company")
        self.account = clinic.make_account(name="The month", answer_timeout=60)
        self.here, self.there = clinic.make_terminals(2, account_id=self.account)
        self.admin.call("nets.account", "action_set_up_books", [self.account])
        names = ("clearing_account_id", "clearing_journal_id", "books_are_set_up")
        values = clinic.read("nets.account", self.account, *names)
        assert values["books_are_set_up"]
        self.clearing = values["clearing_account_id"][0]
        methods = [("journal_id", "=", values["clearing_journal_id"][0])]
        [method] = self.admin.call("pos.payment.method", "search", methods)
        self.first_entry = len(clinic.stack.simulator.ledger())
        self.first_move = max(self.admin.call("account.move", "search", [], limit=1, order="id desc"), default=0)
        self.shops = [MonthShop(clinic, [terminal], method) for terminal in (self.here, self.there)]
        self.bank = clinic.make_journal(name="The month's bank")
        self.invoices, self.reports = [], {}
        self.explained = collections.defaultdict(list)  # account → [(why, minor units)]

    # --- what happens --- #

    def pay(self, amount, terminal, part=None, **play):
        """An invoice that is paid on a terminal: `part` of it is asked for."""
        invoice = self.clinic.make_invoice(amount)
        self.invoices.append(invoice)
        terminal.play(**{"outcome": "approved", **play})
        transaction = self.clinic.press_pay(invoice, terminal, part or amount)
        assert self.clinic.wait_for_end(transaction) in ("approved", "failed")
        return invoice, transaction

    def refund(self, transaction, terminal, amount):
        terminal.play("approved")
        assert self.clinic.wait_for_end(self.clinic.press_refund(transaction, terminal, -amount)) == "approved"

    def close_session(self, terminal):
        """The terminal closes its session; return what came of the comparison."""
        self.admin.call("nets.terminal", "action_reconciliation", [terminal.id])
        domain = [("terminal_id", "=", terminal.id), ("kind", "=", "reconciliation")]
        known = len(self.reports.get(terminal.id, []))

        def printed():
            found = self.admin.call("nets.report", "search_read", domain, ["agreement", "difference"], order="id desc")
            return found if len(found) > known else None

        found = machinery.wait_until(printed, 60, "the terminal to print its report", 0.3) or printed()
        self.reports[terminal.id] = found
        return found[0]["agreement"], found[0]["difference"]

    def pay_out(self, **wishes):
        """NETS pays: its file is imported, the bank gets the money, and the payout is reconciled."""
        terminals = [self.here.identifier, self.there.identifier]
        usual = {"terminals": terminals, "fee": FEE, "chargeback_fee": CHARGEBACK_FEE}
        paid = self.clinic.stack.simulator.pay_out(**usual, **wishes)
        for transfer in paid["transfers"]:
            line = {"journal_id": self.bank, "payment_ref": "NETS", "amount": transfer["amount"] / 100}
            self.admin.call("account.bank.statement.line", "create", [{**line, "date": transfer["date"]}])
        wizard = self.admin.call(
            "nets.payout.import",
            "create",
            [
                {
                    "company_id": self.company,
                    "account_id": self.clearing,
                    "settlement_file": base64.b64encode(paid["text"].encode()).decode(),
                    "file_name": paid["name"],
                }
            ],
        )
        self.admin.call("nets.payout.import", "action_read", wizard)
        payout = self.admin.call("nets.payout.import", "action_import", wizard)["res_id"]
        self.admin.call("nets.payout", "action_accept", [payout])
        self.admin.call("nets.payout", "action_reconcile", [payout])
        values = self.clinic.read("nets.payout", payout, "state", "unknown_count", "amount")
        assert (values["state"], values["unknown_count"]) == ("done", 0), values
        assert minor_units(values["amount"]) == sum(transfer["amount"] for transfer in paid["transfers"])
        self.explain("bank", paid["name"], minor_units(values["amount"]))
        for row in paid["text"].splitlines():
            cells = row.split(";")
            if cells[0] == "100" and cells[1] in ("2", "3", "5"):
                self.explain("fees", f"{paid['name']} {cells[10]}", -int(cells[7].replace(",", "")))
        return paid

    # --- the statement --- #

    def explain(self, account, why, amount):
        self.explained[account].append((why, amount))

    def balances(self):
        """What the month's entries come to: {account's id: minor units}."""
        domain = [
            ("company_id", "=", self.company),
            ("parent_state", "=", "posted"),
            ("move_id", ">", self.first_move),
        ]
        lines = self.admin.call("account.move.line", "search_read", domain, ["account_id", "balance"])
        sums, names = collections.Counter(), {}
        for line in lines:
            sums[line["account_id"][0]] += minor_units(line["balance"])
            names[line["account_id"][0]] = line["account_id"][1]
        return {account: amount for account, amount in sums.items() if amount}, names

    def ledger(self):
        mine = (self.here.identifier, self.there.identifier)
        entries = self.clinic.stack.simulator.ledger()[self.first_entry :]
        return [entry for entry in entries if entry["terminalId"] in mine]


@pytest.fixture
def month(clinic):
    company = clinic.ref("demo_company")
    taxes = clinic.read("res.company", company, "nets_surcharge_tax_ids")
    # taxes on surcharges have their own tests
    clinic.admin.call("res.company", "write", [company], {"nets_surcharge_tax_ids": [(5, 0, 0)]})
    yield Month(clinic)
    clinic.admin.call("res.company", "write", [company], {"nets_surcharge_tax_ids": [(6, 0, taxes)]})


def test_the_month_is_explained_to_the_cent(clinic, month, open_page):
    here, there, (first_shop, second_shop) = month.here, month.there, month.shops
    company = month.company
    charged = []

    # the first terminal session here: ten invoices, with all that terminals do
    month.pay(100, here)
    charged += [month.pay(100 + index, here)[1] for index in range(4)]
    month.pay(1150, here, part=400, tip=2000, surcharge=500)
    month.explain("tips", "tip of 20.00", -2000)
    month.explain("surcharges", "surcharge of 5.00", -500)
    month.pay(80, here, outcome="insufficient_funds")
    _invoice, given_back = month.pay(250, here)
    month.refund(given_back, here, 60)
    month.pay(70, here, answer="cut_after")
    first_shop.sell(45.5, here)
    assert month.close_session(here) == ("agrees", 0)

    # the second one: the missing charge, a charge on the keys of the terminal, and one that is taken back
    _invoice, missing = month.pay(333.33, here)
    charged += [month.pay(20 + index, here)[1] for index in range(8)]
    _invoice, last = month.pay(77, here)
    here.play("approved")
    started = clinic.admin.call("nets.transaction", "start_reversal", [last], str(uuid.uuid4()))
    assert clinic.wait_for_end(started[0]["id"]) == "approved"
    first_shop.sell(19.9, here)
    assert month.close_session(here) == ("agrees", 0)

    # and one on the other terminal
    charged += [month.pay(500 + index, there)[1] for index in range(10)]
    second_shop.sell(300, there)
    second_shop.sell(12.25, there)
    assert month.close_session(there) == ("agrees", 0)
    assert len(month.invoices) >= 27
    for index in range(30 - len(month.invoices)):
        charged.append(month.pay(60 + index, there)[1])
    assert len(month.invoices) == 30
    for shop in month.shops:
        shop.close_session()

    # two payouts: the first lacks a charge; the second brings a chargeback, and comes in two parts
    ids = {entry["orderId"]: entry["id"] for entry in month.ledger()}
    missing_id = ids[clinic.read("nets.transaction", missing, "order_id")]
    half = sorted(ids.values())[len(ids) // 2]
    rest = [number for number in ids.values() if number > half]
    month.pay_out(without=[missing_id, *rest], subscription=SUBSCRIPTION)
    disputed = charged[0]
    month.pay_out(
        form="sdv",
        without=[missing_id],
        after=half,
        chargebacks=[ids[clinic.read("nets.transaction", disputed, "order_id")]],
        parts=2,
    )

    # what stands where, and why
    month.explain("clearing", "charged, and missing in NETS' payouts", 33333)
    for invoice in month.invoices:
        values = clinic.read("account.move", invoice, "name", "amount_residual", "amount_total")
        month.explain("income", values["name"], -minor_units(values["amount_total"]))
        if values["amount_residual"]:
            month.explain("customers", f"{values['name']} is due", minor_units(values["amount_residual"]))
    for amount in (4550, 1990, 30000, 1225):
        month.explain("income", "sold in a shop", -amount)

    due = dict(month.explained["customers"])
    assert sum(due.values()) == 75000 + 8000 + 6000 + 10000 + 7700, due
    balances, names = month.balances()
    settings = clinic.read(
        "res.company", company, "nets_tip_account_id", "nets_surcharge_account_id", "nets_fee_account_id"
    )
    bank = clinic.read("account.journal", month.bank, "default_account_id")[0]
    known = {
        month.clearing: "clearing",
        bank: "bank",
        settings["nets_tip_account_id"][0]: "tips",
        settings["nets_fee_account_id"][0]: "fees",
    }
    surcharges = settings["nets_surcharge_account_id"][0]
    for account in balances:
        if account in known:
            continue
        kind = clinic.read("account.account", account, "account_type")
        known[account] = {"asset_receivable": "customers", "income": "income"}.get(kind, names[account])
    if known.get(surcharges) == "income":
        # the company takes them as income
        month.explained["income"] += month.explained.pop("surcharges")
    else:
        known[surcharges] = "surcharges"
    found = collections.Counter()
    for account, amount in balances.items():
        found[known[account]] += amount
    for name in sorted({*found, *month.explained}):
        print(f"\n{name}: {found[name] / 100:.2f}")  # noqa: T201
        for why, amount in month.explained[name]:
            print(f"    {amount / 100:>12.2f}  {why}")  # noqa: T201
    explained = {name: total for name, rows in month.explained.items() if (total := sum(a for _why, a in rows))}
    assert {name: amount for name, amount in found.items() if amount} == explained

    # the page says the same of the clearing account
    rows = clinic.admin.call(
        "nets.clearing.item",
        "search_read",
        [("account_id", "=", month.clearing), ("open_amount", "!=", 0)],
        ["terminal_id", "session_number", "charged", "open_amount"],
        # once all of it has arrived
        context={"nets_clearing_day": str(LATER)},
    )
    assert [(row["terminal_id"][0], row["charged"], row["open_amount"]) for row in rows] == [(here.id, 333.33, 333.33)]
    look_at_the_screens(open_page)
    # and the terminals
    net = sum(entry["amount"] * (1 if entry["kind"] == "purchase" else -1) for entry in month.ledger())
    assert net == 33333 + sum(month_amount(month, name) for name in ("bank", "fees")) + 10000


def month_amount(month, name):
    """What a kind of account is explained by. The chargeback's own amount stands among the customers."""
    return sum(amount for _why, amount in month.explained[name])


def look_at_the_screens(open_page):
    """What an accountant sees of it at the end of the month."""
    page = open_page("admin", "/odoo/action-nets_connect_cloud.nets_clearing_item_action")
    expect(page.locator(".o_group_header").first).to_be_visible()
    page.get_by_role("button", name="Another day").click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".o_field_widget[name=day] input, .o_field_widget[name=day] button").first.click()
    dialog.locator(".o_field_widget[name=day] input").fill(LATER.strftime("%m/%d/%Y"))
    dialog.locator(".o_field_widget[name=day] input").press("Tab")
    dialog.get_by_role("button", name="Show").click()
    expect(page.locator(".o_breadcrumb")).to_contain_text(LATER.strftime("%m/%d/%Y"))
    # of this month's terminals, one charge is missing in what NETS paid
    expect(page.locator(".o_list_table")).to_contain_text("333.33")
    shoot(page, "clearing")
    page = open_page("admin", "/odoo/action-nets_connect_cloud.nets_report_action")
    expect(page.locator("[name=agreement_label]").filter(has_text="Agrees").first).to_be_visible()
    shoot(page, "sessions")
    page.locator("[name=agreement_label]").filter(has_text="Agrees").first.click()
    expect(page.locator(".alert-success")).to_contain_text("Agrees")
    shoot(page, "session")
    page = open_page("admin", "/odoo/action-nets_connect_cloud.nets_payout_action")
    page.locator(".o_data_row [name=state]").filter(has_text="At the bank").first.click()
    expect(page.locator(".o_field_widget[name=line_ids] .o_data_row").first).to_be_visible()
    shoot(page, "payout")
