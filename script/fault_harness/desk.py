"""What a person at a till or in accounting does, over Odoo's RPC."""

import dataclasses
import time
import uuid

import requests

from stack import OdooClient, OdooError, StackError

from .browser import Page, look_up

# What a person reads and accepts. Anything else is a broken connection, or a server that goes down.
REFUSALS = tuple(f"odoo.exceptions.{name}" for name in ("UserError", "ValidationError", "AccessError", "MissingError"))
PRESS_PAUSE = 0.7  # seconds between two presses
WATCH_PAUSE = 2  # seconds between two questions


class Refused(Exception):
    """Odoo refused, with a message for a person; nothing was sent."""


class Unreachable(Exception):
    """No answer from Odoo, or one that reports an internal error."""


@dataclasses.dataclass
class Operation:
    """One payment, refund or reversal that somebody asked for, and what became of it as far as that person knows."""

    fault: str
    terminal: object
    invoice: int | None
    amount: int  # minor units, positive
    order: object = None  # of the till, instead of an invoice
    kind: str = "purchase"
    original: "Operation | None" = None  # the payment that is given back
    keep_open: bool = False  # the till's order isn't finished with it: the payment is yet to be reversed
    repeats: "Operation | None" = None  # the failed one that is tried again
    user: str = "admin"
    request_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    person: bool = False  # the fault destroys the evidence: only a person can settle it
    may_wait: bool = True  # for a terminal whose earlier result is being fetched
    transaction: int | None = None
    refusal: str = ""
    state: str = ""
    finished: bool = False
    began: float = dataclasses.field(default_factory=time.monotonic)
    seconds: float = 0.0  # until it was settled
    left_to_person: bool = False
    said: str = ""  # what the screen last said of its lookups
    browser: dict = dataclasses.field(default_factory=dict)  # what goes wrong in it, as `Page` takes it
    pages: list = dataclasses.field(default_factory=list)  # that drove its terminal's agent

    @property
    def debt(self):
        """What it pays, or gives back."""
        if self.original:
            return self.original.debt
        return self.order.uuid if self.order else self.invoice

    @property
    def takes_back(self):
        """Whether it reverses the payment of a till's order that isn't finished."""
        return bool(self.order and self.original and self.order is self.original.order)

    @property
    def settled(self):
        return self.finished

    def call(self):
        """Return what starts it: model, method, arguments."""
        terminal, request_id = self.terminal.id, self.request_id
        if self.takes_back:
            return "nets.transaction", "pos_reverse", self.order.payment_uuid, request_id
        if self.order:
            amount = (-self.amount if self.original else self.amount) / 100
            arguments = self.order.payment_uuid, terminal, amount, request_id, "", self.kind == "reversal"
            return "nets.transaction", "pos_start", *arguments
        if self.repeats:
            return "nets.transaction", "retry", [self.repeats.transaction], request_id, terminal
        if self.kind == "refund":
            return (
                "nets.transaction",
                "start_refund",
                [self.original.transaction],
                -self.amount / 100,
                terminal,
                request_id,
            )
        if self.kind == "reversal":
            return "nets.transaction", "start_reversal", [self.original.transaction], request_id
        return "account.move", "nets_start_card_payment", [self.invoice], self.amount / 100, terminal, request_id


class Desk:
    """One person's browser, on one server or another."""

    Refused, Unreachable = Refused, Unreachable

    def __init__(self, servers, login):
        self.servers = servers
        self.login = login
        self._clients = {}

    def client(self, server):
        """Return the RPC client of one of the servers, logged in."""
        if server.url not in self._clients:
            self._clients[server.url] = server.login(self.login)
        return self._clients[server.url]

    def copy(self):
        """Return a desk of the same person that may be used in another thread."""
        desk = Desk(self.servers, self.login)
        for url, client in list(self._clients.items()):
            twin = OdooClient.__new__(OdooClient)
            twin.__dict__.update(client.__dict__, session=requests.Session())
            twin.session.cookies.update(client.session.cookies)
            desk._clients[url] = twin
        return desk

    def call(self, model, method, *args, server=0, **kwargs):
        """Call a method once.

        :raise Refused: with words for a person
        :raise Unreachable: anything else
        """
        try:
            client = self.client(self.servers[server % len(self.servers)])
            return client.call(model, method, *args, **kwargs)
        except OdooError as error:
            if error.name in REFUSALS:
                raise Refused(str(error)) from error
            raise Unreachable(f"{error.name}: {error}") from error
        except (requests.RequestException, StackError, ValueError, KeyError, TypeError) as error:
            raise Unreachable(str(error)) from error

    def insist(self, deadline, model, method, *args, **kwargs):
        """Call a method until Odoo answers, on this server or the other."""
        attempt = kwargs.pop("server", 0)
        while True:
            try:
                return self.call(model, method, *args, server=attempt, **kwargs)
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
            attempt += 1
            time.sleep(PRESS_PAUSE)

    def press(self, operation, deadline, server=0):
        """Press *Process card*, again and again with the same request id until Odoo answers.

        The operation then has a transaction, or a refusal.
        """
        while True:
            try:
                answer = self.insist(deadline, *operation.call(), server=server)[0]
            except Refused as refused:
                operation.refusal = str(refused)
                return
            self.take(answer, operation)
            if not answer.get("waiting"):
                operation.transaction = answer["id"]
                return
            # an earlier payment on this terminal is being resolved: the dialog holds this one, and repeats it
            if not operation.may_wait or time.monotonic() > deadline:
                operation.refusal = answer["label"]
                return
            time.sleep(PRESS_PAUSE)

    def take(self, answer, operation=None):
        """Do what only a browser can do, where a terminal has an agent.

        :param dict answer: a `Progress` or `Waiting`
        :param Operation operation: that was pressed here; others are only looked up
        """
        job = answer.get("agent")
        if job and job["kind"] == "send" and operation:
            operation.pages.append(Page(self.copy(), job, **operation.browser))
        elif job and job["kind"] == "look_up" and not job["due_in"]:
            look_up(self, job)

    def watch(self, operation, deadline, server=0):
        """Ask for its state until it is settled, as an open dialog does."""
        began = time.monotonic()
        while not operation.settled and time.monotonic() < deadline:
            self.look(operation, deadline, server)
            if not operation.settled:
                time.sleep(WATCH_PAUSE)
        operation.seconds = time.monotonic() - began

    def look(self, operation, deadline, server=0):
        progress = self.insist(deadline, "nets.transaction", "read_progress", [operation.transaction], server=server)[0]
        operation.state = progress["state"]
        operation.finished = progress["finished"]
        operation.said = progress["lookup_message"] or operation.said
        self.take(progress)

    def abort(self, operation):
        return self.call("nets.transaction", "abort", [operation.transaction])

    def settle(self, operation, entry, deadline):
        """Settle it by hand, by what the terminal's journal says."""
        values = {
            "transaction_id": operation.transaction,
            "outcome": "charged" if entry else "not_charged",
            "reason": "Compared with the terminal's journal",
        }
        if entry:
            values |= {"amount": entry["amount"] / 100, "reference": entry["stanAuth"]}
        wizard = self.insist(deadline, "nets.transaction.settle", "create", values)
        self.insist(deadline, "nets.transaction.settle", "action_settle", [wizard])
