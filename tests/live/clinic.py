"""The clinic of the demo data, as the tests arrange it over RPC, and its books beside the ledger."""

import dataclasses
import threading
import uuid

import stack as machinery

PATIENCE = 60  # seconds, for what takes a moment: an answer, a booking, a lookup after 5 s
UNRESOLVED = ("pending", "unknown")


@dataclasses.dataclass(frozen=True)
class Terminal:
    """A card terminal, with the keys that the simulator gives it."""

    id: int
    identifier: str
    name: str
    simulator: machinery.Simulator

    def play(self, *plays, **play):
        """Script the next transactions; with keywords alone, one play."""
        return self.simulator.play(self.identifier, *plays, *([play] if play else []))

    def hold(self, **play):
        """Hold the next transaction while the card is awaited, until `release`."""
        return self.play(**{"outcome": "approved", "wait": {"release": True}} | play)

    def release(self):
        self.simulator.release(self.identifier)

    def press(self, key, **details):
        self.simulator.press(self.identifier, key, **details)

    def wait(self, *phases, timeout=60):
        """Wait until the terminal is in one of these phases."""
        return self.simulator.wait_phase(self.identifier, *phases, timeout=timeout)

    def asks_for_card(self):
        """Wait until the terminal asks for the card."""
        return self.wait("card")

    def purchases(self):
        """Return the purchases that were sent to this terminal, as they came in."""
        requests = self.simulator.requests(self.identifier)
        return [each for each in requests if each["method"] == "POST" and each["path"].endswith("/transaction")]

    def voids(self):
        """Return the reversals that were sent to this terminal."""
        return [each for each in self.simulator.requests(self.identifier) if each["method"] == "DELETE"]

    def charges(self):
        """Return what was really charged here, in minor units."""
        return [entry["amount"] for entry in self.ledger()]

    def kinds(self):
        """Return what was done here: purchases, refunds, reversals."""
        return [entry["kind"] for entry in self.ledger()]

    def ledger(self):
        return [entry for entry in self.simulator.ledger() if entry["terminalId"] == self.identifier]


class Clinic:
    """What a test needs of Odoo besides its pages."""

    def __init__(self, stack, logins, identifiers=None):
        """:param logins: {login: RPC client}, kept for the session
        :param identifiers: iterator of terminal ids that nobody uses yet
        """
        self.stack = stack
        self.logins = logins
        self.identifiers = identifiers
        self.terminals = []

    def user(self, login="admin"):
        """Return the RPC client of a user."""
        if login not in self.logins:
            self.logins[login] = self.stack.odoo.login(login)
        return self.logins[login]

    @property
    def admin(self):
        return self.user("admin")

    def ref(self, name):
        """Return the id of a record of the addon."""
        return self.admin.ref(f"{machinery.MODULE}.{name}")

    def read(self, model, record, *fields, user="admin"):
        """Return a record's values; a single field's value alone."""
        values = self.user(user).call(model, "read", [record], list(fields))[0]
        return values[fields[0]] if len(fields) == 1 else values

    def read_each(self, model, records, field):
        """Return a field's value of each of these records."""
        return [row[field] for row in self.admin.call(model, "read", list(records), [field])]

    def close(self):
        """Compare the ledger of this test's terminals with the books, and put the terminals away."""
        if not self.terminals:
            return
        terminals = [terminal.id for terminal in self.terminals]
        left = self.unfinished(("terminal_id", "in", terminals))
        self.assert_books([terminal.identifier for terminal in self.terminals])
        assert not left, "the test left a transaction that is not finished"
        # so that the lists of terminals stay short
        self.admin.call("nets.terminal", "write", terminals, {"active": False})

    def unfinished(self, *domain):
        """Return the transactions whose result isn't known, or that wait for their booking."""
        domain = [*domain, "|", ("state", "in", UNRESOLVED), ("to_book", "=", True)]
        return self.admin.call("nets.transaction", "search", domain)

    def assert_books(self, terminals=None):
        assert_ledger_equals_books(self.stack.simulator, self.admin, terminals)

    # --- arrange ---

    def make_terminal(self, **values):
        """Return a terminal of its own for a test.

        :param values: of the nets.terminal, for example ``account_id``
        """
        return self.make_terminals(1, **values)[0]

    def make_terminals(self, count, identifiers=(), **values):
        """:param identifiers: of terminals that the simulator has besides those for the tests"""
        identifiers = identifiers or [str(next(self.identifiers)) for _index in range(count)]
        values = {
            "account_id": self.ref("nets_account_demo"),
            "location_id": self.ref("nets_location_demo_clinic"),
            "currency_id": self.admin.ref("base.NOK"),
            **values,
        }
        rows = [{"name": f"Desk {each[-3:]}", "identifier": each, **values} for each in identifiers]
        ids = self.admin.call("nets.terminal", "create", rows)
        made = [
            Terminal(record, row["identifier"], row["name"], self.stack.simulator)
            for record, row in zip(ids, rows, strict=True)
        ]
        self.terminals += made
        return made

    def make_impatient_terminal(self, answer_timeout=1, customer_timeout=300, **values):
        """Return a terminal whose account tells after a second that the customer is still there.

        :param int customer_timeout: seconds that a customer may take, and the connection stays open
        :param values: of the terminal
        """
        account = self.make_account(answer_timeout=answer_timeout, customer_timeout=customer_timeout)
        return self.make_terminal(account_id=account, **values)

    def make_account(self, **values):
        """Return the id of a NETS account with waiting times of its own."""
        values = {
            "name": "Impatient account",
            "company_id": self.ref("demo_company"),
            "environment": "simulator",
            "simulator_url": self.stack.simulator.url,
            "username": "demo",
            "password": "demo-secret",
            **values,
        }
        return self.admin.call("nets.account", "create", [values])[0]

    def make_journal(self, **values):
        """Return the id of a new bank journal, which gets the method *Card* automatically."""
        number = self.admin.call("account.journal", "search_count", [])
        values = {"name": f"Card bank {number}", "code": f"CB{number}", "type": "bank", **values}
        values.setdefault("company_id", self.ref("demo_company"))
        return self.admin.call("account.journal", "create", [values])[0]

    def make_customer(self, name="Fjordgata Hardware"):
        return self.admin.call("res.partner", "create", [{"name": name}])[0]

    def make_invoice(self, amount=500.0, customer=None, post=True, **values):
        """Return the id of a new customer invoice without taxes."""
        return self.make_invoices(1, amount, customer, post, **values)[0]

    def make_invoices(self, count, amount=500.0, customer=None, post=True, **values):
        line = {"name": "Consultation", "quantity": 1, "price_unit": amount, "tax_ids": [(5, 0, 0)]}
        values = {
            "move_type": "out_invoice",
            "partner_id": customer or self.ref("demo_partner_bakery"),
            "invoice_line_ids": [(0, 0, line)],
            **values,
        }
        invoices = self.admin.call("account.move", "create", [values] * count)
        if post:
            self.admin.call("account.move", "action_post", invoices)
        return invoices

    def make_user(self, login, *groups, **values):
        """Let there be a user with these groups; the login is also the password."""
        if self.admin.call("res.users", "search_count", [("login", "=", login)]):
            return
        company = self.ref("demo_company")
        values = {
            "name": login.capitalize(),
            "login": login,
            "password": login,
            "group_ids": [(6, 0, [self.admin.ref(group) for group in groups])],
            "company_id": company,
            "company_ids": [(6, 0, [company])],
            **values,
        }
        self.admin.call("res.users", "create", [values])

    # --- act ---

    def pay_otherwise(self, invoice):
        """Match the amount due with a payment that came to the bank directly."""
        values = self.read("account.move", invoice, "partner_id", "amount_residual", "company_id", "currency_id")
        payment = self.admin.call(
            "account.payment",
            "create",
            [
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": values["partner_id"][0],
                    "amount": values["amount_residual"],
                    "currency_id": values["currency_id"][0],
                    "company_id": values["company_id"][0],
                    "journal_id": self.make_journal(),
                }
            ],
        )
        self.admin.call("account.payment", "action_post", payment)
        [move, *_name] = self.read("account.payment", payment[0], "move_id")
        domain = [("move_id", "=", move), ("account_type", "=", "asset_receivable")]
        [line] = self.admin.call("account.move.line", "search", domain)
        self.admin.call("account.move", "js_assign_outstanding_line", [invoice], line)

    def press_pay(self, invoice, terminal, amount=None, request="", user="admin"):
        """Do over RPC what *Process card* does in the dialog; return the transaction's id.

        :param invoice: an id or a list of ids
        :param str request: the number of the press; a new one by default
        """
        invoices = invoice if isinstance(invoice, list) else [invoice]
        if amount is None:
            amount = sum(self.due(each) for each in invoices)
        request = request or str(uuid.uuid4())
        call = self.user(user).call
        return call("account.move", "nets_start_card_payment", invoices, amount, terminal.id, request)[0]["id"]

    def refusal(self, call):
        """Return the text that a person reads when Odoo refuses this call."""
        try:
            call()
        except machinery.OdooError as error:
            return str(error)
        raise AssertionError("Odoo did not refuse.")

    def pay(self, amount=500.0, terminal=None, **values):
        """Return the id of an invoice that was paid on a terminal."""
        invoice = self.make_invoice(amount, **values)
        terminal.play("approved")
        transaction = self.press_pay(invoice, terminal)
        assert self.wait_for_end(transaction) == "approved"
        return invoice

    def make_credit_note(self, invoice, amount):
        """Return the id of a confirmed credit note of a part of an invoice."""
        customer = self.read("account.move", invoice, "partner_id")[0]
        return self.make_invoice(amount, customer, move_type="out_refund", reversed_entry_id=invoice)

    def press_refund(self, transaction, terminal, amount, user="admin"):
        """Do over RPC what *Process card* does in the dialog of a refund; return the transaction's id."""
        request = str(uuid.uuid4())
        call = self.user(user).call
        return call("nets.transaction", "start_refund", [transaction], amount, terminal.id, request)[0]["id"]

    def together(self, *calls):
        """Make the calls at the same time; return what each returned or raised."""
        results = [None] * len(calls)
        start = threading.Barrier(len(calls))

        def run(index, call):
            start.wait()
            try:
                results[index] = call()
            except machinery.OdooError as error:
                results[index] = error

        threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def sql(self, statement, *params):
        """Run a statement on the database, past Odoo; return its rows."""
        return self.stack.postgresql.query(self.stack.database, statement, params)

    # --- look ---

    def due(self, invoice):
        return self.read("account.move", invoice, "amount_residual")

    def payment_state(self, invoice):
        return self.read("account.move", invoice, "payment_state")

    def transactions(self, invoice):
        """Return the ids of an invoice's card transactions, newest first."""
        return self.admin.call("nets.transaction", "search", [("invoice_ids", "in", [invoice])])

    def transaction(self, invoice):
        """Return the id of an invoice's newest card transaction."""
        return self.transactions(invoice)[0]

    def state(self, transaction):
        return self.read("nets.transaction", transaction, "state")

    def wait_for_state(self, transaction, *states, timeout=PATIENCE):
        """Wait until a transaction is in one of these states, watching it as a dialog does."""
        what = f"transaction {transaction} to become {' or '.join(states)}"
        return machinery.wait_until(lambda: self.progress(transaction)["state"] in states, timeout, what, 0.2)

    def wait_for_lookup(self, transaction, timeout=PATIENCE):
        """Wait until the terminal was asked for a lost result: only then a person may settle it by hand."""
        asked = lambda: self.read("nets.transaction", transaction, "looked_up_at")
        machinery.wait_until(asked, timeout, f"a lookup of transaction {transaction}", 0.3)

    def wait_for_silence(self, transaction):
        """Wait until the terminal was asked for a lost result, and let the time of its customer be over: only then a
        person may say that nothing was charged."""
        self.wait_for_lookup(transaction)
        earlier = ", ".join(
            f"{name} = {name} - interval '1 hour'" for name in ("create_date", "sent_at", "unknown_since")
        )
        self.sql(f"UPDATE nets_transaction SET {earlier} WHERE id = %s", transaction)

    def wait_for_end(self, transaction, timeout=PATIENCE):
        """Wait until a transaction is finished, and booked where it was charged; return its state."""

        def end():
            progress = self.progress(transaction)
            if "finished" in progress:
                is_finished = progress["finished"]
            else:
                # the version before, which an update starts from
                state = progress["state"]
                is_finished = state in ("failed", "aborted") or (state == "approved" and progress["booked"])
            return progress["state"] if is_finished else None

        return machinery.wait_until(end, timeout, f"the end of transaction {transaction}", 0.2)

    def progress(self, transaction, user="admin"):
        """Return what a person who watches sees."""
        return self.user(user).call("nets.transaction", "read_progress", [transaction])[0]


def assert_ledger_equals_books(simulator, admin, terminals=None):
    """Compare, entry by entry, what the terminals charged with what Odoo's books say.

    The ledger's entries that came through the service, against the approved transactions and against
    the journal items that their payments made: terminal, order, kind, minor units, currency.

    :param admin: RPC client
    :param terminals: identifiers; all by default
    """
    charged = sorted(
        (
            entry["terminalId"],
            entry["orderId"] or "",
            entry["kind"],
            entry["amount"] if entry["kind"] == "purchase" else -entry["amount"],
            entry["currency"],
        )
        for entry in simulator.ledger()
        if entry["origin"] == "service" and (terminals is None or entry["terminalId"] in terminals)
    )
    known = _known_to_odoo(admin, terminals)
    assert sorted(known.values()) == charged
    at_the_till = _of_the_till(admin, known)
    elsewhere = {each: entry for each, entry in known.items() if each not in at_the_till}
    assert sorted(_on_the_lines(admin, at_the_till)) == sorted(at_the_till.values())
    assert _in_the_books(admin, elsewhere) == sorted(elsewhere.values())


def _domain(terminals):
    # what a cashier recorded by hand was never sent, and is in no ledger of the service
    domain = [("state", "=", "approved"), ("kind", "!=", "administration"), ("sent_at", "!=", False)]
    return domain if terminals is None else [*domain, ("terminal_identifier", "in", list(terminals))]


def _known_to_odoo(admin, terminals):
    """What the approved transactions say, by their ids: negative where money went back."""
    fields = ["terminal_identifier", "order_id", "kind", "charged_amount", "currency_id", "terminal_type"]
    rows = admin.call("nets.transaction", "search_read", _domain(terminals), fields)
    return {
        row["id"]: (
            row["terminal_identifier"],
            # a reversal is sent without an order id, and an agent knows none
            "" if row["kind"] == "reversal" or row["terminal_type"] == "baxi_agent" else row["order_id"],
            row["kind"],
            minor_units(row["charged_amount"]),
            row["currency_id"][1],
        )
        for row in rows
    }


def _of_the_till(admin, known):
    """The transactions that a payment line of a till stands for."""
    domain = [("id", "in", list(known)), ("origin", "=", "pos"), ("payment_id", "=", False)]
    return {each: known[each] for each in admin.call("nets.transaction", "search", domain)}


def _on_the_lines(admin, known):
    """What the till's payment lines say: its journal entries are made of them when the session closes.

    A line stands for all transactions of its uuid: what the terminal reversed leaves nothing on it.
    """
    by_line = {}
    for row in admin.call("nets.transaction", "read", list(known), ["pos_payment_uuid"]):
        by_line.setdefault(row["pos_payment_uuid"], []).append(known[row["id"]])
    domain = [("uuid", "in", list(by_line))]
    lines = admin.call("pos.payment", "search_read", domain, ["uuid", "amount"])
    amounts = {line["uuid"]: minor_units(line["amount"]) for line in lines}
    return [
        entry
        for uuid, entries in by_line.items()
        if sum(amount for _terminal, _order, _kind, amount, _currency in entries) == amounts.get(uuid, 0)
        for entry in entries
    ]


def _in_the_books(admin, known):
    """What the posted journal items say, found through the payments.

    A payment that the terminal reversed is cancelled: it stands for both transactions, and for no money.
    """
    rows = admin.call("nets.transaction", "read", list(known), ["payment_id"])
    by_payment = {}
    for row in rows:
        by_payment.setdefault(row["payment_id"] and row["payment_id"][0], []).append(row["id"])
    fields = ["payment_reference", "state", "move_id"]
    payments = admin.call("account.payment", "read", [each for each in by_payment if each], fields)
    booked = []
    for payment in payments:
        transactions = [known[each] for each in by_payment[payment["id"]]]
        if payment["state"] == "canceled":
            assert sum(amount for _terminal, _order, _kind, amount, _currency in transactions) == 0
            booked += transactions
            continue
        [(terminal, order, kind, _amount, _currency)] = transactions
        domain = [
            ("move_id", "=", payment["move_id"] and payment["move_id"][0]),
            ("parent_state", "=", "posted"),
            # where the money is until the bank statement: the whole of it, with a tip that is on its own account
            ("account_type", "in", ("asset_cash", "asset_current")),
        ]
        lines = admin.call("account.move.line", "search_read", domain, ["amount_currency", "currency_id"])
        for currency in {line["currency_id"][1] for line in lines}:
            # nothing was sent that the books could repeat
            reference = payment["payment_reference"] if order else ""
            amount = sum(line["amount_currency"] for line in lines if line["currency_id"][1] == currency)
            booked.append((terminal, reference, kind, minor_units(amount), currency))
    return sorted(booked)


def minor_units(amount):
    """Return kroner as øre."""
    return round(amount * 100)
