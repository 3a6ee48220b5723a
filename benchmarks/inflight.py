"""What it costs when many terminals wait for a card at once, and when all of them answer in the same second.

One Odoo server with Odoo's default limits, on a fresh copy of the prepared database for each number; payments of
invoices are started over RPC, by four clients, each on a terminal of its own that holds its transaction. Measured:

- the memory that a waiting payment takes (resident and virtual), threads and database connections
- an ordinary request (a page of 80 journal entries) before, while all wait, and after they were answered
- from the answers until all are recorded, and booked; and whether anything went wrong that somebody reads: a refused
  request, or an ERROR in the log

Fails where a payment was lost, a start refused, or an error read. What makes a server unusable is told, and the next
number is measured all the same.
"""

import contextlib
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psutil
import requests

import stack

from . import figures, requests_log

CLIENTS = 4  # that start payments
REQUESTS = 40  # ordinary ones, for a median
BATCH = 50  # records made by one call
PATIENCE = 600  # seconds, until everything is booked
# As Odoo ships them.
DEFAULTS = {"db_maxconn": 64, "max_cron_threads": 2}
HELD = {"outcome": "approved", "wait": {"release": True}}
# (what, its name, decimals)
ROWS = (
    ("waiting", "payments that wait", 0),
    ("refused", "starts that were refused", 0),
    ("start", "a start, ms, median (p95)", 0),
    ("threads", "threads that wait", 0),
    ("connections", "database connections", 0),
    ("resident_mb", "resident memory of a payment, MB", 2),
    ("virtual_mb", "virtual memory of a payment, MB", 2),
    ("idle", "an ordinary request, idle, ms, median (p95)", 1),
    ("meanwhile", "… while they wait", 1),
    ("meanwhile_ratio", "… times idle", 2),
    ("answered", "… while answers are recorded and booked", 1),
    ("answered_ratio", "… times idle", 2),
    ("released_s", "the terminals answered within, s", 1),
    ("recorded_s", "all recorded, s after the last answer", 1),
    ("booked_s", "all booked, s after the last answer", 1),
    ("errors", "ERROR lines in the log", 0),
    ("lost", "payments not booked in the end", 0),
)
# What must not be: (what, in words)
COUNTED = {"refused": "starts were refused", "errors": "errors are in the log", "lost": "payments aren't booked"}
# What a server says, or doesn't, that has no threads or no memory left.
UNUSABLE = (requests.RequestException, stack.StackError, stack.OdooError, psutil.NoSuchProcess)


def add_arguments(parser):
    parser.add_argument("--waiting", type=int, nargs="+", default=[1, 10, 100, 500], help="how many (1 10 100 500)")
    parser.add_argument("--workers", type=int, default=0, help="worker processes; 0: one process with threads (0)")


def batches(items):
    return [items[first : first + BATCH] for first in range(0, len(items), BATCH)]


class Shop:
    """A server whose terminals all wait."""

    def __init__(self, system, count):
        self.system = system
        self.admin = system.odoo.login()
        self.identifiers = [str(30000001 + number) for number in range(count)]
        self.terminals = self._make_terminals()
        self.invoices = self._make_invoices(count)
        self._log_at = system.odoo.log.stat().st_size

    def _make_terminals(self):
        ref = self.admin.ref
        common = {
            "account_id": ref(f"{stack.MODULE}.nets_account_demo"),
            "location_id": ref(f"{stack.MODULE}.nets_location_demo_clinic"),
            "currency_id": ref("base.NOK"),
        }
        rows = [{**common, "name": each, "identifier": each} for each in self.identifiers]
        return [record for batch in batches(rows) for record in self.admin.call("nets.terminal", "create", batch)]

    def _make_invoices(self, count):
        line = {"name": "Consultation", "quantity": 1, "price_unit": 65, "tax_ids": [[5, 0, 0]]}
        values = {
            "move_type": "out_invoice",
            "partner_id": self.admin.ref(f"{stack.MODULE}.demo_partner_bakery"),
            "invoice_line_ids": [[0, 0, line]],
        }
        made = []
        for batch in batches([values] * count):
            ids = self.admin.call("account.move", "create", batch)
            self.admin.call("account.move", "action_post", ids)
            made += ids
        return made

    # === WHAT IS MEASURED === #

    def processes(self):
        root = psutil.Process(self.system.odoo.process.pid)
        return [root, *root.children(recursive=True)]

    def memory(self):
        """Return resident and virtual memory of all processes of the server, and their threads."""
        resident = virtual = threads = 0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                info = process.memory_info()
                resident, virtual = resident + info.rss, virtual + info.vms
                threads += process.num_threads()
        return resident / 2**20, virtual / 2**20, threads

    def sql(self, statement, *params):
        return self.system.postgresql.query(self.system.database, statement, params)

    def connections(self):
        [[count]] = self.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return count

    def count(self, condition):
        [[count]] = self.sql(f"SELECT count(*) FROM nets_transaction WHERE request_id IS NOT NULL AND {condition}")
        return count

    def request(self, client=None):
        """Make an ordinary request; return milliseconds."""
        begin = time.perf_counter()
        fields = {"name": {}, "partner_id": {"fields": {"display_name": {}}}, "amount_residual": {}, "state": {}}
        (client or self.admin).call("account.move", "web_search_read", [], fields, limit=80)
        return (time.perf_counter() - begin) * 1000

    def requests(self):
        """Return the spread of ordinary requests."""
        return figures.spread([self.request() for _number in range(REQUESTS)])

    def errors(self):
        with open(self.system.odoo.log, errors="replace") as log:
            log.seek(self._log_at)
            return requests_log.errors(log)

    # === WHAT HAPPENS === #

    def start_all(self):
        """Start a payment on each terminal; return the milliseconds that each took, None for a refused one."""
        for identifier in self.identifiers:
            self.system.simulator.play(identifier, HELD)
        clients = [self.system.odoo.login() for _number in range(CLIENTS)]

        def start(number):
            begin = time.perf_counter()
            arguments = ([self.invoices[number]], 65, self.terminals[number], str(uuid.uuid4()))
            try:
                clients[number % CLIENTS].call("account.move", "nets_start_card_payment", *arguments)
            except Exception as error:  # noqa: BLE001  any message instead of a terminal that asks
                stack.say(f"  refused: {error}"[:200])
                return None
            return (time.perf_counter() - begin) * 1000

        # each client starts one after the other
        with ThreadPoolExecutor(CLIENTS) as pool:
            shares = [pool.submit(lambda share=share: [start(each) for each in share]) for share in self._shares()]
            return [took for share in shares for took in share.result()]

    def _shares(self):
        return [range(first, len(self.terminals), CLIENTS) for first in range(CLIENTS)]

    def waiting(self):
        terminals = self.system.simulator.terminals_of_account("demo")
        return sum(each["phase"] == "card" and each["terminalId"] in self.identifiers for each in terminals)

    def release_all(self):
        """Let all terminals answer."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            for future in [pool.submit(self._release, each) for each in self.identifiers]:
                future.result()

    def _release(self, identifier):
        # one that doesn't wait needs no answer
        with contextlib.suppress(stack.StackError):
            self.system.simulator.release(identifier)


class Requests:
    """Ordinary requests all the time, beside what is measured."""

    def __init__(self, shop):
        self.shop = shop
        self.took = []
        self._ended = threading.Event()
        self._client = shop.system.odoo.login()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._ended.wait(0.05):
            self.took.append(self.shop.request(self._client))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._ended.set()
        self._thread.join()


def measure(count, workers, addons):
    """Return what was measured with so many waiting, as a dict."""
    limits = {**DEFAULTS, "max_cron_threads": 1} if workers else DEFAULTS
    limits = {**limits, "addons_path": stack.addons_path(addons)}
    row = {"asked": count}
    with stack.Stack("inflight", terminals=count, workers=workers, **limits) as system:
        with stack.step(f"{count} terminals, {count} invoices"):
            shop = Shop(system, count)
        shop.requests()  # warm
        try:
            fill_in(row, shop, count)
        except UNUSABLE as error:
            row["trouble"] = f"the server is unusable: {error}"
        errors = shop.errors()
        for line in errors[:5]:
            stack.say(f"  {line.rstrip()[:300]}")
        row["errors"] = len(errors)
        row["lost"] = count - shop.count("booked_at IS NOT NULL")
    return row


def fill_in(row, shop, count):
    """Measure it; what was measured before a trouble stays."""
    row["idle"], before = shop.requests(), shop.memory()
    with stack.step(f"{count} payments are started"):
        took = shop.start_all()
        with contextlib.suppress(stack.StackError):
            stack.wait_until(lambda: shop.waiting() == count, 60, "all terminals to ask for the card", 0.5)
    started = [each for each in took if each is not None]
    waiting, after = shop.waiting(), shop.memory()
    row |= {
        "waiting": waiting,
        "refused": len(took) - len(started),
        "start": figures.spread(started),
        "threads": after[2] - before[2],
        "connections": shop.connections(),
        "resident_mb": (after[0] - before[0]) / max(1, waiting),
        "virtual_mb": (after[1] - before[1]) / max(1, waiting),
    }
    row["meanwhile"] = shop.requests()
    row["meanwhile_ratio"] = figures.ratio(row["meanwhile"], row["idle"])
    with Requests(shop) as beside, stack.step(f"{waiting} answers"):
        row["released_s"], row["recorded_s"], row["booked_s"] = answered(shop, waiting)
    row["answered"] = figures.spread(beside.took)
    row["answered_ratio"] = figures.ratio(row["answered"], row["idle"])


def answered(shop, waiting):
    """Have all terminals answer; return seconds: until the last did, and from then until recorded, and booked."""
    ends = {}

    def release():
        shop.release_all()
        ends["released"] = time.monotonic()

    thread = threading.Thread(target=release)
    begin = time.monotonic()
    thread.start()
    for name, condition in (("recorded", "state = 'approved'"), ("booked", "booked_at IS NOT NULL")):
        with contextlib.suppress(stack.StackError):
            stack.wait_until(lambda condition=condition: shop.count(condition) >= waiting, PATIENCE, name, 0.1)
            ends[name] = time.monotonic()
    thread.join()
    never = float("nan")
    after = [max(0.0, ends.get(name, never) - ends["released"]) for name in ("recorded", "booked")]
    return ends["released"] - begin, *after


def run(options):
    """:return: figures.Report"""
    measured = []
    for count in options.waiting:
        with stack.step(f"{count} waiting"):
            measured.append(measure(count, options.workers, options.addons))
    return figures.Report("inflight", [table(measured)], {"by_number": measured}, troubles(measured))


def _cell(value, shape):
    if isinstance(value, dict):
        return figures.time(value, shape)
    return figures.number(value, shape)


def table(measured):
    """Return what is told of it."""
    heads = ["terminals", *(f"{row['asked']:,}" for row in measured)]
    return figures.table(
        heads, [[name, *(_cell(row.get(key), digits) for row in measured)] for key, name, digits in ROWS]
    )


def troubles(measured):
    """Return what went wrong, as sentences."""
    found = []
    for row in measured:
        said = [row["trouble"]] if "trouble" in row else []
        said += [f"{row[key]} {words}" for key, words in COUNTED.items() if row.get(key)]
        found += [f"{row['asked']} terminals: {each}." for each in said]
    return found
