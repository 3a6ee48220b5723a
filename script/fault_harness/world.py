"""All processes together, and the ways to break them."""

import contextlib
import dataclasses
import queue
import shutil
import tempfile
import threading
import time
from pathlib import Path

import stack
from stack import HOME, HOST, StackError
from stack.odoo_server import odoo_path

from .desk import PAUSE, Desk, Operation, Refused
from .gates import Gates
from .proxy import Proxy

ANSWER_TIMEOUT, CUSTOMER_TIMEOUT = 4, 12  # seconds; set on the NETS account
# What the settings promise: dead for 20 s, never sent for 60 s, then the pauses between lookups (5, 10, 20, 40 s), of
# which some meet a server that is still starting.
PROMISE = 150
# Whoever is left to a person isn't waited for any longer than the lookups that could have settled it.
PERSON_WAIT = 55
INVOICE_TOTAL = 100_000  # minor units
TERMINALS = 40


@dataclasses.dataclass(frozen=True)
class Terminal:
    id: int
    identifier: str


class World:
    """PostgreSQL with durable settings, one or two Odoo servers on one database, the terminals."""

    def __init__(self, name, hosts=1, workers=0, service=None, mutation=None):
        """Choose how it will run.

        :param int hosts: Odoo servers on the one database
        :param int workers: worker processes of each; 0: threads
        :param service: a Service that runs already, or None for a simulator of our own
        :param Mutation mutation: a rule to break
        """
        self.database = f"nets_faults_{name}"
        self.postgresql = stack.PostgreSQL(durable=True)
        self.service = service or stack.Simulator(HOME / "simulator" / self.database, terminals=TERMINALS)
        self.hosts, self.workers = hosts, workers
        self.mutation = mutation
        self.operations = []
        self.invoice_totals = {}
        self._first_entry = 0
        self._lock = threading.Lock()
        self._invoices = queue.SimpleQueue()
        self.terminals = queue.SimpleQueue()

    # === LIFE === #

    def __enter__(self):
        self.postgresql.start()
        self._refuse_lossy_settings()
        template = self._take_template()
        self.postgresql.drop(self.database)
        self.postgresql.create(self.database, template)
        options = {}
        if self.mutation and self.mutation.edits:
            options["addons_path"] = f"{self.mutation.addons()},{odoo_path() / 'addons'}"
        if self.mutation and self.mutation.statement:
            self.postgresql.query(self.database, self.mutation.statement)
        self.gates = Gates(self.postgresql, self.database)
        if (
            self.service.process is None
            and isinstance(self.service, stack.Simulator)
            and not hasattr(self.service, "_url")
        ):
            shutil.rmtree(self.service.data, ignore_errors=True)
        self.service.start()
        host, port = self.service.url.split("://")[1].split(":")
        self.nets_line = Proxy((host, int(port)))
        self.database_line = Proxy(f"{self.postgresql.directory}/.s.PGSQL.{self.postgresql.port}")
        self.servers = []
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
        return self

    def __exit__(self, *_exception):
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
        for desk in self._desks.values():
            for server in self.servers:
                desk._client(server)
        self.service.reset()
        self._first_entry = len(self.service.ledger())
        account = admin.ref(f"{stack.MODULE}.nets_account_demo")
        values = {
            "simulator_url": f"http://{HOST}:{self.nets_line.port}",
            "answer_timeout": ANSWER_TIMEOUT,
            "customer_timeout": CUSTOMER_TIMEOUT,
        }
        admin.call("nets.account", "write", [account], values)
        currency = admin.ref("base.NOK")
        for terminal in self.service.terminals_of_account("demo"):
            identifier = terminal["terminalId"]
            if identifier.startswith("1"):
                continue  # the demo data's own
            values = {"name": identifier, "identifier": identifier, "account_id": account, "currency_id": currency}
            location = admin.ref(f"{stack.MODULE}.nets_location_demo_clinic")
            record = admin.call("nets.terminal", "create", {**values, "location_id": location})
            self.terminals.put(Terminal(record, identifier))
        self._admin = admin
        self._partner = admin.ref(f"{stack.MODULE}.demo_partner_bakery")

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
                self.invoice_totals[invoice] = INVOICE_TOTAL
                self._invoices.put(invoice)

    def invoice(self):
        """Return a posted invoice that nobody else uses."""
        with self._lock:
            if self._invoices.empty():
                self.make_invoices(20)
            return self._invoices.get()

    def desk(self, login="admin"):
        return self._desks[login].copy()

    @contextlib.contextmanager
    def terminal(self):
        """Have a terminal for oneself."""
        terminal = self.terminals.get(timeout=600)
        try:
            yield terminal
        finally:
            # a payment that was never sent has left its play behind
            self.service._control("DELETE", f"terminals/{terminal.identifier}/script")
            self.terminals.put(terminal)

    # === WHAT PEOPLE DO === #

    def operation(self, fault, terminal, **values):
        """Note what somebody is about to ask for."""
        values.setdefault("invoice", None)
        if values["invoice"] is None:
            values["invoice"] = self.invoice()
        values.setdefault("amount", INVOICE_TOTAL)
        operation = Operation(fault, terminal, **values)
        with self._lock:
            self.operations.append(operation)
        return operation

    def pay(self, operation, server=0, desk=None, deadline=None):
        """Press, watch until it is settled, and hand it to a person where it isn't in time."""
        desk = desk or self.desk(operation.user)
        deadline = deadline or time.monotonic() + (PERSON_WAIT if operation.person else PROMISE)
        desk.press(operation, deadline, server)
        if operation.transaction:
            self.finish(operation, desk, deadline, server)

    def finish(self, operation, desk, deadline, server=0):
        desk.watch(operation, deadline, server)
        if not operation.settled:
            self.ask_a_person(operation, desk)

    def ask_a_person(self, operation, desk):
        """Do what is left to a person: look into the terminal's journal and settle it."""
        operation.left_to_person = True
        deadline = time.monotonic() + 60
        order_id = self.row(operation)["order_id"]
        entry = next((entry for entry in self.service.ledger() if entry["orderId"] == order_id), None)
        while not operation.settled and time.monotonic() < deadline:
            with contextlib.suppress(Refused):
                if operation.state == "approved":
                    desk.insist(deadline, "nets.transaction", "action_book_again", [operation.transaction])
                else:
                    desk.settle(operation, entry, deadline)
            desk.look(operation, deadline)
            time.sleep(PAUSE)

    def row(self, operation):
        """Return what the database knows of an operation, or None."""
        fields = ("id", "order_id", "state", "sent_at", "booked_at")
        found = self.postgresql.query(
            self.database,
            f"SELECT {', '.join(fields)} FROM nets_transaction WHERE request_id = %s",
            [operation.request_id],
        )
        return dict(zip(fields, found[0], strict=True)) if found else None

    def wait_sent(self, operation, timeout=30):
        """Wait until the request is on its way, or gone."""
        stack.wait_until(
            lambda: (row := self.row(operation)) and row["sent_at"],
            timeout,
            f"{operation.fault}: the request",
            interval=0.1,
        )

    def wait_finished_on_terminal(self, operation, timeout=30):
        """Wait until the terminal is done with it, whoever knows."""
        self.wait_sent(operation, timeout)
        identifier = operation.terminal.identifier

        def done():
            terminal = self.service.terminal(identifier)
            return not terminal["scripted"] and terminal["phase"] in ("idle", "result")

        stack.wait_until(done, timeout, f"{operation.fault}: the terminal", interval=0.1)

    def wait_held(self, operation, timeout=30):
        """Wait until the terminal waits for the customer, or for its bank."""
        self.service.wait_phase(operation.terminal.identifier, "card", "processing", timeout=timeout)

    # === WHAT BREAKS === #

    def kill_odoo(self, number=0):
        self.servers[number].kill()

    def start_odoo(self, number=0):
        self.servers[number].start()

    def crash_postgresql(self):
        """As a power failure would, and start again."""
        self.postgresql.kill()
        self.postgresql.start()

    # === THE PROOF === #

    def ledger(self):
        return self.service.ledger()[self._first_entry :]
