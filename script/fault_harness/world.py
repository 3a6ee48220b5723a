"""All processes together, and the ways to break them."""

import contextlib
import dataclasses
import itertools
import os
import queue
import signal
import tempfile
import threading
import time
from pathlib import Path

import stack
from stack import HOME, HOST, StackError
from stack.odoo_server import odoo_path

from .desk import PRESS_PAUSE, Desk, Operation, Refused
from .gates import Gates
from .proxy import Proxy
from .service import OwnService, last_transaction
from .till import Order, Till

ANSWER_TIMEOUT, CUSTOMER_TIMEOUT = 4, 12  # seconds; set on the NETS account
LONGEST_PAUSE = 10  # seconds between two lookups; a setting, too
# What the settings promise: dead for 20 s, never sent for 60 s, then the pauses between lookups, of which some meet a
# server that is still starting.
PROMISE = 150
# What is left to a person isn't waited for any longer than the lookups that could have settled it.
PERSON_WAIT = 45
# How long something that breaks for everybody is felt, by those who begin only then.
DISTURBED_FOR = 30
INVOICE_TOTAL = 100_000  # minor units
TERMINALS = 40
AGENTS = 10  # terminals that browsers drive
LEAST_TERMINALS = 20
# Odoo replaces a worker after as many requests: its threads end with it.
REQUESTS_OF_A_WORKER = 400

REVERSALS = ("reversal", "unpaid reversal")


def is_evidence_gone(kind, fate, by_hand):
    """Return whether only a person can tell what became of a request whose answer is lost.

    :param fate: "approved", "declined" (with a number), "cancelled" (without one), "not reached"
    :param by_hand: whether cards are typed on the terminal, too
    """
    if kind in REVERSALS:
        # It has no order id. Where it wasn't reached, the terminal still shows the original, which disproves nothing.
        return bool(by_hand or fate == "not reached")
    # a charge has an order id, a refusal a number; a cancellation may as well have been typed by somebody
    return bool(by_hand and fate == "cancelled")


@dataclasses.dataclass(frozen=True)
class Terminal:
    id: int
    identifier: str
    by_hand: bool  # cards may be typed on the terminal itself, as Odoo knows
    is_agents: bool = False  # a browser drives it


class TerminalPool:
    """Who takes a terminal has it alone."""

    def __init__(self):
        self._free = []
        self._changed = threading.Condition()

    def put(self, terminal):
        with self._changed:
            self._free.append(terminal)
            self._changed.notify_all()

    def take(self, by_hand=None, timeout=600):
        """Return the one that has been free for the longest.

        :param by_hand: whether cards are typed on it; None: no matter
        """

        def find():
            return next((terminal for terminal in self._free if by_hand in (None, terminal.by_hand)), None)

        with self._changed:
            if not self._changed.wait_for(find, timeout):
                raise StackError("No terminal became free.")
            terminal = find()
            self._free.remove(terminal)
            return terminal


class World:
    """PostgreSQL with durable settings, one or two Odoo servers on one database, the terminals."""

    def __init__(self, name, hosts=1, workers=0, till=True, service=None, mutation=None):
        """Choose how it will run.

        :param int hosts: Odoo servers on the one database
        :param int workers: worker processes of each; 0: threads
        :param bool till: open a Point of Sale, too
        :param service: a Service that runs already, or None for a simulator of our own
        :param Mutation mutation: a rule to break
        """
        self.database = f"nets_faults_{name}"
        self.postgresql = stack.PostgreSQL(durable=True)
        terminals = TERMINALS + AGENTS + 1
        self.service = service or OwnService(HOME / "simulator" / self.database, terminals=terminals)
        self.has_agents = isinstance(self.service, OwnService)
        self.hosts, self.workers = hosts, workers
        self.has_till = till
        self.mutation = mutation
        self.operations = []
        self.debts = {}  # invoice, or order of the till → what was due on it, in minor units
        self._first_entry = 0
        self._disturbed_at = 0.0
        self.outages = []  # (from, to), in seconds since 1970: what kept Odoo from working
        self._began_outages = {}  # what → since when
        self._lock = threading.Lock()
        self._invoices = queue.SimpleQueue()
        self.terminals, self.agents = TerminalPool(), TerminalPool()
        self.recovery_job = ""
        self.servers = []
        self._undo = ""  # what takes back what `break_rule` did in the database
        self._down = set()  # numbers of servers that are killed on purpose
        self._server_lock = threading.Lock()
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    # === LIFE === #

    def __enter__(self):
        self.postgresql.start()
        self._refuse_lossy_settings()
        template = self._take_template()
        self.postgresql.drop(self.database)
        self.postgresql.create(self.database, template)
        options = {"limit_request": REQUESTS_OF_A_WORKER} if self.workers else {}
        if self.mutation and self.mutation.edits:
            options["addons_path"] = f"{self.mutation.addons()},{odoo_path() / 'addons'}"
        if self.mutation and self.mutation.statement:
            self.postgresql.query(self.database, self.mutation.statement)
        self.gates = Gates(self.postgresql, self.database)
        self.service.start()
        host, port = self.service.url.split("://")[1].split(":")
        self.nets_line = Proxy((host, int(port)))
        self.database_line = Proxy(f"{self.postgresql.directory}/.s.PGSQL.{self.postgresql.port}")
        for number in range(self.hosts):
            server = stack.OdooServer(
                self.postgresql,
                self.database,
                workers=self.workers,
                name=f"{self.database}-{number + 1}",
                db_host=HOST,
                db_port=self.database_line.port,
                **options,
            )
            server.log.unlink(missing_ok=True)
            self.servers.append(server.start())
        self._prepare()
        self._supervisor.start()
        return self

    def __exit__(self, *_exception):
        self._closing.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for server in self.servers:
            server.stop()
        self.service.stop()
        self.postgresql.drop(self.database)
        self.postgresql.stop()

    def _take_template(self):
        """Copy the prepared database from the PostgreSQL that the tests use, rather than making it twice.

        :return: its name
        """
        with stack.PostgreSQL() as source:
            template = stack.ensure_template(source)
            stamp = source.stamp(template)
            if self.postgresql.stamp(template) == stamp:
                return template
            with stack.step("The prepared database, copied to the durable PostgreSQL"):
                self.postgresql.drop(template)
                with tempfile.TemporaryDirectory(dir=HOME) as folder:
                    source.dump(template, Path(folder) / "dump")
                    self.postgresql.restore(template, Path(folder) / "dump")
                self.postgresql.set_stamp(template, stamp)
        return template

    def _refuse_lossy_settings(self):
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            value = self.postgresql.query("postgres", f"SHOW {setting}")[0][0]
            if value != "on":
                raise StackError(
                    f"PostgreSQL runs with {setting} = {value}: it may lose what it committed, so this proves nothing."
                )

    def _prepare(self):
        self._desks = {login: Desk(self.servers, login) for login in ("admin", "demo")}
        admin = self.servers[0].login("admin")
        stack.move_in(admin)
        for desk in self._desks.values():
            for server in self.servers:
                desk.client(server)
        self.service.reset()
        if self.has_agents:
            # the same facts in any form that the protocol allows, another one each time
            self.service.service(forms="random")
        self._first_entry = len(self.service.ledger())
        account = admin.ref(f"{stack.MODULE}.nets_account_demo")
        values = {
            "simulator_url": f"http://{HOST}:{self.nets_line.port}",
            "password": "demo-secret",
            "answer_timeout": ANSWER_TIMEOUT,
            "customer_timeout": CUSTOMER_TIMEOUT,
        }
        admin.call("nets.account", "write", [account], values)
        admin.call("ir.config_parameter", "set_param", "nets_connect_cloud.longest_pause", LONGEST_PAUSE)
        currency = admin.ref("base.NOK")
        identifiers = [terminal["terminalId"] for terminal in self.service.terminals_of_account("demo")]
        known = {row["identifier"] for row in admin.call("nets.terminal", "search_read", [], ["identifier"])}
        identifiers = [identifier for identifier in identifiers if identifier not in known]
        identifiers, more = identifiers[:TERMINALS], identifiers[TERMINALS : TERMINALS + AGENTS]
        if len(identifiers) < LEAST_TERMINALS:
            raise StackError(
                f"The account “demo” has {len(identifiers)} terminals; at least {LEAST_TERMINALS} are needed."
            )
        common = {
            "account_id": account,
            "currency_id": currency,
            "location_id": admin.ref(f"{stack.MODULE}.nets_location_demo_clinic"),
        }
        values = [
            {**common, "name": identifier, "identifier": identifier, "used_by_hand": bool(number % 2)}
            for number, identifier in enumerate(identifiers)
        ]
        if self.has_agents:
            agent = f"{self.service.url.replace('http', 'ws', 1)}/agent"
            values += [
                {
                    **common,
                    "name": identifier,
                    "identifier": identifier,
                    "used_by_hand": False,
                    "type": "baxi_agent",
                    "agent_address": f"{agent}/{identifier}",
                }
                for identifier in more
            ]
        for record, value in zip(admin.call("nets.terminal", "create", values), values, strict=True):
            terminal = Terminal(record, value["identifier"], value["used_by_hand"], "type" in value)
            self.refuse_by_hand(terminal)  # some need what was last before
            self._pool(terminal.is_agents).put(terminal)
        self.till = Till(self.desk("admin"), admin) if self.has_till else None
        self._partner = admin.ref(f"{stack.MODULE}.demo_partner_bakery")
        [job] = admin.call("ir.cron", "read", [admin.ref(f"{stack.MODULE}.cron_recover")], ["cron_name"])
        self.recovery_job = job["cron_name"]

    def make_invoices(self, count):
        """Post invoices, so that they are there when they are wanted."""
        values = {
            "move_type": "out_invoice",
            "partner_id": self._partner,
            "invoice_date": time.strftime("%Y-%m-%d"),
            "invoice_line_ids": [
                [0, 0, {"name": "Treatment", "quantity": 1, "price_unit": INVOICE_TOTAL / 100, "tax_ids": [[6, 0, []]]}]
            ],
        }
        desk = self.desk("admin")
        deadline = time.monotonic() + 300
        while count > 0:
            ids = desk.insist(deadline, "account.move", "create", [values] * min(count, 40))
            desk.insist(deadline, "account.move", "action_post", ids)
            count -= len(ids)
            for invoice in ids:
                self.debts[invoice] = INVOICE_TOTAL
                self._invoices.put(invoice)

    def invoice(self):
        """Return a posted invoice that nobody else uses."""
        with self._lock:
            if self._invoices.empty():
                self.make_invoices(20)
            return self._invoices.get()

    def desk(self, login="admin"):
        return self._desks[login].copy()

    def _pool(self, is_agents):
        return self.agents if is_agents else self.terminals

    @contextlib.contextmanager
    def terminal(self, by_hand=None, agent=False):
        """Have a terminal for oneself.

        :param by_hand: whether cards are typed on it, too; None: no matter
        :param bool agent: whether a browser drives it
        """
        terminal = self._pool(agent).take(by_hand)
        try:
            if terminal.by_hand:
                # the test before may have left a result without a number, behind which nothing is proven
                self.service.wait_phase(terminal.identifier, "idle", "result")
                self.refuse_by_hand(terminal)
            yield terminal
        finally:
            # a payment that was never sent has left its play behind
            self.service._control("DELETE", f"terminals/{terminal.identifier}/script")
            self._pool(agent).put(terminal)

    def refuse_by_hand(self, terminal):
        """Have a card refused that was typed on the terminal: its last result has a number and a time then."""
        self.service.by_hand(terminal.identifier, "declined", 100)

    # === WHAT PEOPLE DO === #

    def operation(self, fault, terminal, **values):
        """Note what somebody is about to ask for."""
        if not values.get("order") and not values.get("invoice"):
            values["invoice"] = self.invoice()
        values = {name: value for name, value in values.items() if value is not None}
        values.setdefault("invoice", None)
        values.setdefault("amount", INVOICE_TOTAL)
        operation = Operation(fault, terminal, **values)
        with self._lock:
            self.operations.append(operation)
        return operation

    def till_order(self, amount=INVOICE_TOTAL, refunded=None):
        """Return a new order of the till, which is on the server already.

        :param Order refunded: the paid order that it gives back
        """
        order = Order(amount, refunded)
        self.till.sync(order, time.monotonic() + PROMISE)
        if not refunded:
            with self._lock:
                self.debts[order.uuid] = amount
        return order

    def close_till(self):
        """End the day at the till: what it took becomes journal entries.

        :return: what is wrong, as text
        """
        return self.till.close(time.monotonic() + 60) if self.till else ""

    def pay(self, operation, server=0, watched_on=None):
        """Press, watch until it is settled, and hand it to a person where it isn't in time.

        :param int server: where it is pressed
        :param int watched_on: where it is watched, if elsewhere
        """
        desk = self.desk(operation.user)
        deadline = time.monotonic() + (PERSON_WAIT if operation.person else PROMISE)
        desk.press(operation, deadline, server)
        if operation.transaction:
            self.finish(operation, desk, deadline, server if watched_on is None else watched_on)
        else:
            self.leave_order(operation)

    def prepare(self, terminal, kind, server=0, till=False, **values):
        """Prepare an operation of any kind: for a refund or reversal, pay what it gives back, without any fault.

        :param str kind: "purchase", "refund" or "reversal"; at the till also "unpaid reversal": the reversal of a
            payment whose order isn't finished
        :param bool till: at the till, not for an invoice
        :return: the values of the Operation, or None where that payment didn't come through because something else
            broke
        """
        if till:
            values.pop("invoice", None)
            values["order"] = self.till_order(values.get("amount", INVOICE_TOTAL))
        if kind == "purchase":
            return values
        fault = "paid, to be given back"
        original = self.operation(fault, terminal, keep_open=kind == "unpaid reversal", **values)
        self.service.play(terminal.identifier, {"outcome": "approved"})
        self.pay(original, server)
        if not original.settled or original.state != "approved":
            return None
        order = original.order
        if till and kind != "unpaid reversal":
            order = self.till_order(original.amount, order)
        return {
            **values,
            "original": original,
            "kind": "refund" if kind == "refund" else "reversal",
            "amount": original.amount,
            "invoice": original.invoice,
            "order": order,
        }

    def finish(self, operation, desk, deadline, server=0):
        desk.watch(operation, deadline, server)
        if not operation.settled:
            self.ask_a_person(operation, desk)
        self.leave_order(operation)
        for page in operation.pages:
            page.join()

    def leave_order(self, operation):
        """Finish the order, as the till does once its card is charged."""
        is_charged = (operation.state == "approved") != operation.takes_back
        if operation.order and is_charged and not operation.keep_open:
            self.till.sync(operation.order, time.monotonic() + PROMISE, paid=True)

    def ask_a_person(self, operation, desk):
        """Do what is left to a person: look into the terminal's journal and settle it."""
        operation.left_to_person = True
        deadline = time.monotonic() + 120
        while not operation.settled and time.monotonic() < deadline:
            # refused, the person looks again: the terminal may have been busy with it
            entry = self.journal_entry(operation)
            if self._disturbed_at > operation.began:
                # What broke for everybody met this one at a moment that nobody could foresee.
                fate = self.fate(operation, entry)
                operation.person = is_evidence_gone(operation.kind, fate, operation.terminal.by_hand)
            with contextlib.suppress(Refused):
                if operation.state == "approved":
                    desk.insist(deadline, "nets.transaction", "action_book_again", [operation.transaction])
                else:
                    desk.settle(operation, entry, deadline)
            desk.look(operation, deadline)
            time.sleep(PRESS_PAUSE)

    def journal_entry(self, operation):
        """Return what the terminal's journal says of an operation, or None."""
        entries = [entry for entry in self.ledger() if entry["terminalId"] == operation.terminal.identifier]
        if operation.kind == "reversal":
            # the terminal was nobody else's meanwhile
            return entries[-1] if entries[-1]["kind"] == "reversal" else None
        if operation.terminal.is_agents:
            # an agent knows no order ids; what no other operation has is this one's
            statement = "SELECT stan_auth FROM nets_transaction WHERE request_id <> %s AND stan_auth IS NOT NULL"
            rows = self.postgresql.query(self.database, statement, [operation.request_id])
            known = {number.strip() for (number,) in rows}
            return next((entry for entry in entries if entry["stanAuth"].strip() not in known), None)
        order_id = self.row(operation)["order_id"]
        return next((entry for entry in entries if entry["orderId"] == order_id), None)

    def fate(self, operation, entry):
        """Return what became of an operation on its terminal, as `is_evidence_gone` names it.

        :param dict entry: of the terminal's journal, or None
        """
        if entry:
            return "approved"
        last = last_transaction(self.service.url, operation.terminal.identifier)
        number = last.get("StanAuth", "").strip()
        if number in {known["stanAuth"].strip() for known in self.ledger()}:
            return "not reached"
        return "declined" if number else "cancelled"

    def row(self, operation):
        """Return what the database knows of an operation, or None."""
        fields = ("id", "order_id", "state", "sent_at", "booked_at")
        found = self.postgresql.query(
            self.database,
            f"SELECT {', '.join(fields)} FROM nets_transaction WHERE request_id = %s",
            [operation.request_id],
        )
        return dict(zip(fields, found[0], strict=True)) if found else None

    def forget_browser(self, operation):
        """Have its browser be gone for as long as one is waited for, which is minutes."""
        self.postgresql.query(
            self.database,
            "UPDATE nets_heartbeat SET beat_at = beat_at - interval '10 minutes' WHERE transaction_id = %s",
            [operation.transaction],
        )

    def request_of(self, operation):
        """Return the request id of the transaction that an operation got, which may be another's."""
        statement = "SELECT request_id FROM nets_transaction WHERE id = %s"
        return self.postgresql.query(self.database, statement, [operation.transaction])[0][0]

    def wait_sent(self, operation, timeout=90):
        """Wait until the request is on its way, or gone."""
        stack.wait_until(
            lambda: (row := self.row(operation)) and row["sent_at"],
            timeout,
            f"{operation.fault}: the request",
            interval=0.3,
        )

    def wait_finished_on_terminal(self, operation, timeout=90):
        """Wait until the terminal is done with it, no matter who knows."""
        self.wait_sent(operation, timeout)
        identifier = operation.terminal.identifier

        def done():
            terminal = self.service.terminal(identifier)
            return not terminal["scripted"] and terminal["phase"] in ("idle", "result")

        stack.wait_until(done, timeout, f"{operation.fault}: the terminal", interval=0.3)

    def wait_held(self, operation, timeout=90):
        """Wait until the terminal waits for the customer, or for its bank."""
        self.service.wait_phase(operation.terminal.identifier, "card", "processing", timeout=timeout)

    # === WHAT BREAKS === #

    def disturb(self):
        """Note that something breaks for everybody."""
        self._disturbed_at = time.monotonic()

    def is_disturbed_since(self, moment):
        """:param float moment: of the monotonic clock"""
        return self._disturbed_at > moment - DISTURBED_FOR

    def outage_begins(self, what):
        self._began_outages[what] = time.time()

    def outage_ends(self, what):
        self.outages.append((self._began_outages.pop(what), time.time()))

    def kill_odoo(self, number=0):
        with self._server_lock:
            self._down.add(number)
            self.outage_begins(f"Odoo {number}")
            self.servers[number].kill()

    def start_odoo(self, number=0):
        with self._server_lock:
            if number not in self._down:
                return  # something else went wrong before it was killed
            self.servers[number].start()
            self._down.remove(number)
            self.outage_ends(f"Odoo {number}")

    def _supervise(self):
        """Start servers again that ended on their own, as systemd would: with worker processes,
        Odoo ends where it wants a new one while the database is away."""
        while not self._closing.wait(1):
            with self._server_lock:
                for number, server in enumerate(self.servers):
                    if number not in self._down and server.process.returncode() is not None:
                        with contextlib.suppress(StackError):  # the database is away still
                            self.outage_begins(f"Odoo {number}, ended")
                            server.start()
                            self.outage_ends(f"Odoo {number}, ended")

    def pause_odoo(self, number=0):
        """Let all processes of a server hang, as a machine does that is out of memory."""
        self.outage_begins("pause")
        os.killpg(self.servers[number].process.pid, signal.SIGSTOP)

    def continue_odoo(self, number=0):
        os.killpg(self.servers[number].process.pid, signal.SIGCONT)
        self.outage_ends("pause")

    def crash_postgresql(self):
        """As a power failure would, and start again."""
        self.outage_begins("PostgreSQL")
        self.postgresql.kill()
        self.postgresql.start()
        self.outage_ends("PostgreSQL")

    def break_rule(self, mutation):
        """Run the one server with another rule broken, on the same database.

        :param Mutation mutation: what is broken, instead of what was broken before
        """
        [server] = self.servers
        undo, self._undo = self._undo, mutation.undo
        with self._server_lock:
            server.stop()
            for statement in filter(None, (undo, mutation.statement)):
                self.postgresql.query(self.database, statement)
            # Odoo takes the first of two folders that have a module
            server.options.pop("addons_path", None)
            if mutation.edits:
                server.options["addons_path"] = f"{mutation.addons()},{odoo_path() / 'addons'}"
            server.start()

    # === THE PROOF === #

    def jobs_at_once(self):
        """Return when two servers ran the scheduled job of recovery at the same time, as texts.

        A run that didn't come to its end isn't counted: its process, or its database, was killed.
        """
        runs = []
        for number, server in enumerate(self.servers):
            started = {}  # process id → time
            for line in server.log.read_text(errors="replace").splitlines():
                if f"Job {self.recovery_job!r}" not in line:
                    continue
                at, process = line[:23], line.split()[2]
                if line.rstrip().endswith("starting"):
                    started[process] = at
                elif process in started:
                    runs.append((started.pop(process), at, number))
        runs.sort()
        return [
            f"the scheduled job ran twice at once: {one}, {other}"
            for one, other in itertools.pairwise(runs)
            if other[0] < one[1]
        ]

    def ledger(self):
        return self.service.ledger()[self._first_entry :]
