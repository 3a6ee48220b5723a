"""How fast a payment by card is, and what it costs, beside Odoo's own addons for terminals.

One Odoo server with threads serves two databases: one with the addon, whose terminals are the simulator's; one with
`pos_viva_com` and `pos_mercado_pago`, unchanged, whose providers are a stand-in on the same machine that answers at
once. Real pages of one browser pay by turns, so that other work of the machine slows all of them alike. A terminal
approves after a time that is spread evenly over five seconds, so that whoever polls is met in each phase.

What is measured, all by the machine's clock:

- the approval is the moment in which the simulator sends its answer, or the stand-in its webhook (without one: from
  which it would tell who asks); *recorded* the one in which our database commits it; *line done* the one in which
  the till's payment line is done; *shown* the one in which its screen says so; *receipt* the one in which the receipt's
  screen is there; *asked* the one in which the terminal's order arrives
- RPCs are the POSTs of the till's page, from the press until the line is done; provider calls are those for the
  terminal until its next payment, and logins
- worker ms and SQL are what Odoo's own log says of each request, from the press until everything is booked and silent.
  A *terminal's request* is one that a payment method's addon has made for itself: for ours RPC on models or methods of
  the addon, for Odoo's own the RPC on the payment method, and the webhook. What such a request does besides (the sync
  of an order, if it is in there) counts with it; the till's own requests count in the whole payment only
- what threads do that answer no request is in no line of the log: the last columns have what the whole process did, in
  statements and in seconds of CPU, whoever asked for it

For ours also: with the bus cut, or open and silent, from when the terminal is asked; and the dialog of an invoice. Our
terminals are not used by hand, so that nothing has to be asked before a payment.
"""

import contextlib
import datetime
import functools
import itertools
import math
import os
import random
import re
import sys
import time
from pathlib import Path

import requests
from playwright.sync_api import sync_playwright

import stack
from stack.databases import PEERS_DATABASE, ensure_base
from stack.processes import Server

from . import figures, requests_log, shop, stand_in
from .bus import BusLine

# what the tests do and see on an invoice
sys.path += [str(stack.ROOT / "tests/live")]

from clinic import Clinic
from pages import InvoicePage

HERE = Path(__file__).parent
PROBE = HERE / "probe.js"
OURS, BUS_CUT, BUS_SILENT, INVOICE = "ours", "ours, bus cut", "ours, bus silent", "ours, invoice"
WEBHOOK, POLLING, MERCADO = "pos_viva_com, webhook", "pos_viva_com, polling", "pos_mercado_pago, webhook"
PEERS = (WEBHOOK, POLLING, MERCADO)
LANES = (OURS, *PEERS, BUS_CUT, BUS_SILENT, INVOICE)
# of the simulator
TERMINALS = {OURS: "30000001", BUS_CUT: "30000002", BUS_SILENT: "30000003", INVOICE: "30000004"}
WARM_UP = 2  # payments of each that aren't counted
THINK, SPREAD = 1.5, 5.0  # seconds: the shortest that a customer takes, and over how many it is spread
SETTLED = 0.3  # seconds of silence, until the last line is in the log
PATIENCE = 60_000  # milliseconds
INVOICED = 500.0

ARM_TILL = """() => {
    // at once, whatever the page does next
    const {prototype} = odoo.loader.modules.get("@point_of_sale/app/models/pos_payment").PosPayment;
    bench.after(prototype, "setPaymentStatus");
    bench.arm(".paymentmethod", {
        done: () => posmodel.getOrder().payment_ids.some((line) => line.payment_status === "done"),
        shown: () => {
            const status = document.querySelector(".o_nets_card_line [role=status], .electronic_status");
            return document.querySelector(".receipt-screen") || status.textContent.includes("Success");
        },
        receipt: () => document.querySelector(".receipt-screen"),
    });
}"""
# When the database has it, by its own clock, as the last thing before each commit.
NOTE_RECORDED = """
    CREATE TABLE bench_recorded (terminal varchar, at double precision);
    CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO bench_recorded VALUES (NEW.terminal_identifier, extract(epoch FROM clock_timestamp()));
            RETURN NULL;
        END $$;
    CREATE CONSTRAINT TRIGGER bench_note AFTER UPDATE ON nets_transaction DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (OLD.state <> NEW.state AND NEW.state = 'approved') EXECUTE FUNCTION bench_note();
"""
ARM_INVOICE = """() => {
    const due = () => document.querySelector(".o_form_view [name=amount_residual]")?.innerText;
    const before = due();
    const isClosed = () => !document.querySelector(".o_nets_card_dialog");
    bench.arm("button", {closed: isClosed, amount: () => isClosed() && due() !== before});
}"""
# (what, its head)
TIMES = (
    ("recorded_ms", "approval → recorded, ms (p95)"),
    ("done_ms", "→ line done, ms (p95)"),
    ("shown_ms", "→ shown, ms (p95)"),
    ("receipt_ms", "→ receipt, ms (p95)"),
    ("asked_ms", "press → asked, ms (p95)"),
)
COSTS = (
    ("rpcs", "RPCs to done"),
    ("terminal_rpcs", "the terminal's"),
    ("rpcs_a_minute", "RPCs a minute of waiting"),
    ("calls", "provider calls"),
    ("terminal_ms", "worker ms, terminal's"),
    ("terminal_sql", "SQL"),
    ("whole_ms", "worker ms, whole"),
    ("whole_sql", "SQL"),
    ("process_cpu_ms", "CPU ms, process"),
    ("process_sql", "SQL"),
)
INVOICE_TIMES = (
    ("recorded_ms", "approval → recorded, ms (p95)"),
    ("closed_ms", "→ dialog closed, ms (p95)"),
    ("amount_ms", "→ new amount, ms (p95)"),
    ("asked_ms", "press → asked, ms (p95)"),
)


def add_arguments(parser):
    parser.add_argument("--payments", type=int, default=20, help="of each (20)")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help=f"whose name has one of these: {LANES}")


class StandInServer(Server):
    """The stand-in's process, and a client of its control."""

    about = "The stand-in"
    ready_path = "/control/events"

    def __init__(self, odoo, database):
        super().__init__(f"stand-in-{database}")
        self.odoo, self.database = odoo, database

    def _command(self):
        program = HERE / "stand_in.py"
        return [sys.executable, program, "--port", self.port, "--odoo", self.odoo.url, "--database", self.database]

    def set(self, terminal, **settings):
        requests.post(f"{self.url}/control/terminal", json={"terminal": terminal, **settings}, timeout=10)

    def events(self, since):
        events = requests.get(f"{self.url}/control/events", timeout=10).json()
        return [event for event in events if event["at"] >= since]


# === THE TERMINALS === #


class SimulatorTerminal:
    """A terminal of ours."""

    is_terminals = staticmethod(requests_log.is_ours)

    def __init__(self, world, identifier):
        self.world, self.identifier = world, identifier

    def approve_after(self, seconds):
        self.world.simulator.play(self.identifier, {"outcome": "approved", "wait": {"seconds": seconds}})

    def approved(self, since):
        """Return when it approved; None as long as it didn't."""
        results = self.world.simulator.results()
        return next((each["at"] for each in results if self._is_mine(each["terminalId"], each["at"], since)), None)

    def _is_mine(self, identifier, at, since):
        return identifier == self.identifier and at >= since

    def _requests(self, since):
        requests = [(_seconds(each["time"]), each) for each in self.world.simulator.requests()]
        return [(at, each) for at, each in requests if at >= since]

    def more(self, since, approved):
        """Return what else is measured of a payment."""
        statement = "SELECT min(at) FROM bench_recorded WHERE terminal = %s AND at >= %s"
        [[recorded]] = self.world.postgresql.query(self.world.ours, statement, [self.identifier, since])
        return {"recorded_ms": (recorded - approved) * 1000}

    def asked(self, since):
        """Return when it was asked for the card; None as long as it wasn't."""
        return next(
            (at for at, each in self._requests(since) if each["method"] == "POST" and _is_purchase(each["path"])), None
        )

    def calls(self):
        """Return what was asked of the provider: (when, for which terminal, what)."""
        found = []
        for at, each in self._requests(0):
            _empty, _version, *path = each["path"].split("/")
            found.append(
                (at, path[1] if len(path) > 1 else "", f"{each['method']} /{'/'.join([*path[:1], *path[2:]])}")
            )
        return found

    def is_booked(self):
        """Tell whether nothing is left to be done of its payments."""
        [[left]] = self.world.postgresql.query(
            self.world.ours,
            "SELECT count(*) FROM nets_transaction WHERE terminal_identifier = %s AND (state <> 'approved' OR to_book)",
            [self.identifier],
        )
        return not left


def _seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def _is_purchase(path):
    return path.endswith("/transaction")


class StandInTerminal:
    """A terminal of another provider."""

    is_terminals = staticmethod(requests_log.is_peers)

    def __init__(self, world, identifier, webhook, company):
        self.world, self.identifier, self.settings = world, identifier, {"webhook": webhook, "company": company}
        self.approve_after(1)

    def approve_after(self, seconds):
        self.world.stand_in.set(self.identifier, seconds=seconds, **self.settings)

    def _at(self, since, what, *kinds):
        events = self.world.stand_in.events(since)
        mine = (each for each in events if each["what"] == what and each["terminal"] == self.identifier)
        return next((each["at"] for each in mine if not kinds or each["kind"] in kinds), None)

    def approved(self, since):
        return self._at(since, "approved")

    def asked(self, since):
        return self._at(since, "call", "sale")

    def more(self, _since, _approved):
        return {}

    def calls(self):
        events = self.world.stand_in.events(0)
        return [(each["at"], each["terminal"], each["kind"]) for each in events if each["what"] == "call"]

    def is_booked(self):
        return True


# === THE LANES === #


class Lane:
    """One way of paying, on a page that stays open."""

    marks = ()  # what is noted in the page: its last comes at the end

    def __init__(self, world, name, database, terminal, page):
        self.world, self.name, self.database, self.terminal, self.page = world, name, database, terminal, page
        self._posts = []
        page.on("request", lambda request: self._posts.append(request) if request.method == "POST" else None)

    def begin(self):
        """Do everything up to the press."""
        raise NotImplementedError

    def press(self):
        raise NotImplementedError

    def while_asked(self):
        """Do something while the terminal waits for the card."""

    def end(self):
        """Leave everything ready for the next one."""

    def pay(self, think):
        """Pay once; return what was measured.

        :param float think: seconds that the customer takes
        """
        world = self.world
        self.page.bring_to_front()
        self.begin()
        self.terminal.approve_after(think)
        self._posts.clear()
        counted, log_at, since = world.counted(), world.odoo.log.stat().st_size, time.time()
        self.press()
        asked = stack.wait_until(
            lambda: self.terminal.asked(since), 30, f"the terminal to be asked ({self.name})", 0.02
        )
        self.while_asked()
        self.page.wait_for_function(f"() => bench.marks.{self.marks[-1]}", polling=100, timeout=PATIENCE)
        stack.wait_until(self.terminal.is_booked, 60, "everything to be booked", 0.1)
        self.page.wait_for_timeout(SETTLED * 1000)
        after = world.counted()
        marks = {name: at / 1000 for name, at in self.page.evaluate("() => (bench.disarm(), bench.marks)").items()}
        with open(world.odoo.log, errors="replace") as log:
            log.seek(log_at)
            found = requests_log.read(log.read(), self.database)
        approved = self.terminal.approved(since)
        row = {
            "think": think,
            "asked_ms": (asked - marks["press"]) * 1000,
            **self.terminal.more(since, approved),
            **{f"{name}_ms": (marks[name] - approved) * 1000 for name in self.marks},
            **self._count(found, marks),
            "process_cpu_ms": (after["cpu"] - counted["cpu"]) * 1000,
            "process_sql": after["sql"] - counted["sql"],
        }
        row["window"] = [since, time.time()]
        self.end()
        return row

    def count_calls(self, rows):
        """Add to each payment what was asked of the provider for it.

        :param rows: of this lane, in their order
        """
        calls = self.terminal.calls()
        for row, following in itertools.zip_longest(rows, rows[1:]):
            begin, end = row["window"]
            until = following["window"][0] if following else math.inf
            names = [
                name
                for at, terminal, name in calls
                if begin <= at < (until if terminal == self.terminal.identifier else end)
                and terminal in ("", self.terminal.identifier)
            ]
            row |= {"calls": len(names), "call_names": names}

    def _count(self, found, marks):
        of_terminal = [each for each in found if self.terminal.is_terminals(each.path)]
        known = marks[self.marks[0]]
        posts = [_path(each.url) for each in self._posts if each.timing["startTime"] / 1000 <= known]
        return {
            "rpcs": len(posts),
            "terminal_rpcs": sum(map(self.terminal.is_terminals, posts)),
            "terminal_requests": len(of_terminal),
            "terminal_ms": sum(each.milliseconds for each in of_terminal),
            "terminal_sql": sum(each.sql for each in of_terminal),
            "whole_ms": sum(each.milliseconds for each in found),
            "whole_sql": sum(each.sql for each in found),
            "requests": [(each.path, each.sql, round(each.milliseconds, 1)) for each in found],
        }


def _path(url):
    return requests_log.bare(re.sub(r"^\w+://[^/]+", "", url))


class Till(Lane):
    marks = ("done", "shown", "receipt")

    def begin(self):
        shop.order(self.page, shop.PRODUCT)
        self.page.evaluate(ARM_TILL)

    def press(self):
        shop.method_button(self.page, "Card").click()


class TillWithoutBus(Till):
    """Its bus brings nothing from when the terminal is asked until everything is over."""

    def __init__(self, *args, line):
        super().__init__(*args)
        self.line = line

    def while_asked(self):
        if self.name == BUS_CUT:
            self.line.cut_bus()
        else:
            self.line.silence_bus()

    def end(self):
        self.line.restore_bus()
        stack.wait_until(lambda: self.line.is_connected, 120, "the bus to be back", 0.2)


class Invoice(Lane):
    """The dialog of an invoice."""

    marks = ("closed", "amount")

    def __init__(self, *args, clinic, desk):
        super().__init__(*args)
        self.clinic, self.desk = clinic, desk
        self._invoice = None
        self._dialog = None

    def begin(self):
        invoice = self.clinic.make_invoice(INVOICED)
        if self._invoice:
            self._invoice = self._invoice.go_on(invoice)
        else:
            self.page.goto(InvoicePage.path(invoice))
            self._invoice = InvoicePage(self.page, invoice).expect_open()
        self._dialog = self._invoice.pay_by_card().choose(self.desk)
        self.page.wait_for_timeout(SETTLED * 1000)
        self.page.evaluate(ARM_INVOICE)

    def press(self):
        self._dialog.process()


# === ALL OF IT === #


class World:
    """The processes and the databases, and one page for each lane."""

    def __init__(self, lanes, addons):
        """:param lanes: names of those that are measured
        :param Path addons: the folder that has the addon
        """
        self.lanes, self.addons = lanes, addons
        self.ours, self.peers = (stack.temporary(f"bench_{name}") for name in ("ours", "peers"))
        self.postgresql = stack.PostgreSQL()
        self.simulator = stack.Simulator(stack.HOME / "simulator" / self.ours, terminals=len(TERMINALS))
        databases = [self.ours, *([self.peers] if set(lanes) & set(PEERS) else ())]
        self.odoo = stack.OdooServer(
            self.postgresql,
            self.ours,
            db_name=",".join(databases),
            dbfilter=f"^({'|'.join(databases)})$",
            addons_path=stack.addons_path(addons, HERE / "addons"),
            server_wide_modules="base,rpc,web,bench_probe",
        )
        self.odoo.ready_path = "/web/health"
        self.stand_in = StandInServer(self.odoo, self.peers)
        self._open = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as opening:
            opening.enter_context(self.postgresql)
            self._start(opening)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *exception):
        self._open.close()

    def _start(self, opening):
        stack.drop_leftovers(self.postgresql)
        self._clone(opening, self.ours, stack.ensure_template(self.postgresql))
        self.postgresql.query(self.ours, NOTE_RECORDED)
        if set(self.lanes) & set(PEERS):
            ensure_base(self.postgresql, PEERS_DATABASE)
            self._clone(opening, self.peers, PEERS_DATABASE)
        for server in (self.simulator, self.stand_in):
            opening.callback(server.stop)
            server.start()
        # read by benchmarks/addons/bench_probe
        os.environ["BENCH_STAND_IN"] = self.stand_in.url
        opening.callback(self.odoo.stop)
        with stack.step("Odoo"):
            self.odoo.start()

    def _clone(self, opening, database, template):
        opening.callback(self.postgresql.drop, database)
        self.postgresql.create(database, template)
        stack.silence_other_jobs(self.postgresql, database)

    def counted(self):
        """Return what Odoo's process did so far: statements, and seconds of CPU."""
        return requests.get(f"{self.odoo.url}/bench/counted", timeout=10).json()

    # --- lanes --- #

    def open(self, browser):
        """Set up what each lane needs, and open its page; return the lanes."""
        return [self._opened(name, browser) for name in self.lanes]

    def _opened(self, name, browser):
        with stack.step(f"Opening: {name}"):
            if name in PEERS:
                lane = self._open_peer(name, browser)
            elif name == INVOICE:
                lane = self._open_invoice(browser)
            else:
                lane = self._open_ours(name, browser)
        return lane

    @functools.cached_property
    def _our_shop(self):
        our_shop = shop.Shop(self.odoo.login())
        our_shop.one_product()
        return our_shop, our_shop.nets_account(self.simulator.url)

    def _open_ours(self, name, browser):
        our_shop, account = self._our_shop
        identifier = TERMINALS[name]
        terminal = our_shop.nets_terminal(account, identifier)
        values = {"payment_method_type": "terminal", "use_payment_terminal": "nets"}
        method = our_shop.method("Card", nets_terminal_ids=[(6, 0, [terminal])], **values)
        path = our_shop.open_till(name, method)
        line = BusLine(self.odoo) if name in (BUS_CUT, BUS_SILENT) else None
        page = shop.new_page(browser, line.url if line else self.odoo.url, our_shop.admin, PROBE)
        page.goto(path)
        shop.opened(page)
        arguments = (self, name, self.ours, SimulatorTerminal(self, identifier), page)
        return TillWithoutBus(*arguments, line=line) if line else Till(*arguments)

    @functools.cached_property
    def _peers_shop(self):
        peers_shop = shop.Shop(stack.OdooClient(self.odoo.url, self.peers, "admin", "admin"))
        peers_shop.one_product()
        return peers_shop

    def _open_peer(self, name, browser):
        peers_shop = self._peers_shop
        identifier = str(16000001 + LANES.index(name))
        terminal = StandInTerminal(self, identifier, name != POLLING, peers_shop.company)
        if name == MERCADO:
            values = {
                "use_payment_terminal": "mercado_pago",
                "mp_bearer_token": "token",
                "mp_webhook_secret_key": stand_in.MERCADO_SECRET,
                "mp_id_point_smart": identifier,
            }
        else:
            names = ("merchant_id", "api_key", "client_id", "client_secret")
            values = {f"viva_com_{each}": each for each in names}
            values |= {"use_payment_terminal": "viva_com", "viva_com_terminal_id": identifier}
        method = peers_shop.method("Card", payment_method_type="terminal", **values)
        page = shop.new_page(browser, self.odoo.url, peers_shop.admin, PROBE)
        page.goto(peers_shop.open_till(name, method))
        shop.opened(page)
        return Till(self, name, self.peers, terminal, page)

    def _open_invoice(self, browser):
        admin = self.odoo.login()
        stack.move_in(admin)
        stack.connect_demo_account(admin, self.simulator.url)
        # as the demo company's user sees it from now on
        admin = self.odoo.login()
        identifier = TERMINALS[INVOICE]
        clinic = Clinic(_Running(self), {"admin": admin})
        [desk] = clinic.make_terminals(1, [identifier], used_by_hand=False)
        page = shop.new_page(browser, self.odoo.url, admin, PROBE)
        terminal = SimulatorTerminal(self, identifier)
        return Invoice(self, INVOICE, self.ours, terminal, page, clinic=clinic, desk=desk)


class _Running:
    """What `Clinic` wants to know of the system."""

    def __init__(self, world):
        self.odoo, self.simulator = world.odoo, world.simulator
        self.postgresql, self.database = world.postgresql, world.ours


def thinks(count, seed=1):
    """Return how long each customer takes: spread evenly, in no order."""
    seconds = [THINK + SPREAD * (number + 0.5) / count for number in range(count)]
    random.Random(seed).shuffle(seconds)
    return seconds


def measure(names, payments, addons):
    """Pay by turns; return {lane: rows}."""
    rows = {name: [] for name in names}
    with (
        World(names, addons) as world,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=str(stack.BROWSER), args=shop.BROWSER_FLAGS) as browser,
    ):
        lanes = world.open(browser)
        with stack.step(f"Warming up: {WARM_UP} payments of each"):
            for lane in lanes * WARM_UP:
                lane.pay(0.5)
        for turn, think in enumerate(thinks(payments)):
            with stack.step(f"Payment {turn + 1} of {payments}"):
                # nobody always follows the same
                first = turn % len(lanes)
                for lane in lanes[first:] + lanes[:first]:
                    rows[lane.name].append(lane.pay(think))
        for lane in lanes:
            lane.count_calls(rows[lane.name])
    return rows


def wanted(words):
    """Return the names of the lanes that are one of these, or have a word in them that none is called by."""
    return [name for name in LANES if any(word == name or (word not in LANES and word in name) for word in words)]


def run(options):
    """:return: figures.Report"""
    names = wanted(options.only)
    rows = measure(names, options.payments, options.addons)
    found = {name: figures.summary(of_lane) | waiting_costs(of_lane) for name, of_lane in rows.items()}
    measured = {"summary": found, "ratios": ratios(found), "payments": rows}
    return figures.Report("payment", tables(found), measured)


# === WHAT IS TOLD === #


def waiting_costs(rows):
    """Return how many RPCs of the terminal a minute takes in which the customer does nothing, as a spread of one."""
    slope = figures.slope([row["think"] for row in rows], [row["terminal_rpcs"] for row in rows])
    return {} if slope is None else {"rpcs_a_minute": figures.spread([slope * 60])}


def ratios(found):
    """Return {lane: {what: how many times the lane's median ours is}} for the lanes of others."""
    ours = found.get(OURS)
    if not ours:
        return {}
    return {
        name: {what: figures.ratio(ours.get(what), found[name].get(what)) for what, _head in (*TIMES, *COSTS)}
        for name in PEERS
        if name in found
    }


def tables(found):
    """Return the tables: the tills; how many times each other ours is; the invoice."""
    tills = [name for name in found if name != INVOICE]
    told = []
    if tills:
        heads = ["", *(head for _what, head in (*TIMES, *COSTS))]
        lines = [
            [
                name,
                *(figures.time(found[name].get(what)) for what, _head in TIMES),
                *(figures.cost(found[name].get(what)) for what, _head in COSTS),
            ]
            for name in tills
        ]
        told.append(figures.table(heads, lines))
    if of_peers := ratios(found):
        heads = ["ours is … times that of", *(head.replace(", ms (p95)", "") for _what, head in (*TIMES, *COSTS))]
        lines = [[name, *(figures.number(value, 2) for value in row.values())] for name, row in of_peers.items()]
        told.append(figures.table(heads, lines))
    if INVOICE in found:
        heads = ["", *(head for _what, head in (*INVOICE_TIMES, *COSTS))]
        one = found[INVOICE]
        times = [figures.time(one.get(what)) for what, _head in INVOICE_TIMES]
        line = [INVOICE, *times, *(figures.cost(one.get(what)) for what, _head in COSTS)]
        told.append(figures.table(heads, [line]))
    return told
