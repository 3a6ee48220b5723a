"""People who call whatever RPC lets them call, on a server that runs (rules 17 to 26).

Cashiers and managers do what `tests/pos/people.py` names; invoicing users, bookkeepers and administrators besides:
invoices, refunds, what takes a charge out of the books, what lies behind the border to another company or branch,
hostile answers, and more questions than anybody needs. Each sequence has a shop, terminals and invoices of its own, so
that several run beside each other, and is the same for the same seed.
"""

import contextlib
import itertools
import re
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from random import Random

import people
import psycopg2
from people import ORDERS, Fault, Shop

import stack
from stack import HOST, MODULE

from .desk import Desk, Refused, Unreachable
from .proxy import Proxy

WHICH = people.WHICH
SHARE = ("all", "half", "double")
OFFICE_STEPS = {
    **people.TILL_STEPS,
    "bill": (3,),
    "pay_invoice": (5, WHICH, SHARE),
    "refund": (3, WHICH, SHARE, ("invoicing", "bookkeeper")),
    "invent_credit_note": (2, ("invoicing", "bookkeeper")),
    "take_out_of_books": (
        5,
        WHICH,
        ("link", "draft", "cancel", "lines", "journal", "date", "partner", "reject", "unlink", "write off"),
    ),
    "invent_payment": (2, WHICH, ("create", "state", "post", "method")),
    "tidy_up": (2, WHICH, ("merge customers", "delete journal", "archive journal")),
    "cross_border": (
        6,
        WHICH,
        ("branch", "neighbour", "both"),
        ("rename", "archive", "move", "adopt", "download", "refund", "read report", "delete", "site"),
    ),
    "press_known": (2, WHICH, WHICH),
    "ask_much": (1,),
    "say_secret": (1,),
    "hostile": (2, WHICH, ("card number", "markup", "long")),
}
# Card numbers that pass the Luhn check, as a play card's would.
CARD_NUMBER = "4925000000000004"
HOSTILE = {
    "card number": f"A{CARD_NUMBER} or 4925 0000 0000 0004",
    "markup": "<img src=x onerror=alert(1)>",
    "long": "eyJ-" * 60_000,
}
SECRET = "said-by-many-0123456789"  # a password that is looked for in the log
# How long somebody else's question may take while a hostile answer is read, in seconds.
LONGEST_HOLD_UP = 8
LOOKUPS_OF_ONE_QUESTION = 3

LOGINS = {
    "cashier": ("point_of_sale.group_pos_user", "account.group_account_readonly"),
    "manager": ("point_of_sale.group_pos_manager", "account.group_account_readonly"),
    "invoicing": ("account.group_account_invoice",),
    "bookkeeper": ("account.group_account_manager", "base.group_partner_manager"),
    "administrator": (f"{MODULE}.group_admin", "account.group_account_manager"),
    "branch": (f"{MODULE}.group_admin", "account.group_account_manager", "point_of_sale.group_pos_manager"),
    "neighbour": (f"{MODULE}.group_admin", "account.group_account_manager", "point_of_sale.group_pos_manager"),
    "both": (f"{MODULE}.group_user", "account.group_account_invoice", "point_of_sale.group_pos_user"),
}
# Who may give money back without an original, or on his own word.
MAY_REFUND = ("manager", "bookkeeper", "administrator")

INVOICES = """
SELECT id, amount_total, state FROM account_move
 WHERE invoice_origin = %s AND move_type = 'out_invoice' AND state = 'posted' ORDER BY id
"""
INVOICE_CARDS = """
SELECT t.id, t.kind, t.state, t.amount, t.charged_amount, t.to_book, t.payment_id, t.refund_of_id, t.create_uid,
       p.state, m.state, rel.account_move_id, t.booking_error_notes::text,
       (SELECT sum(l.amount_currency) FROM account_move_line l JOIN account_account a ON a.id = l.account_id
         WHERE l.move_id = m.id AND a.account_type IN ('asset_cash', 'asset_current'))
  FROM nets_transaction t
  JOIN account_move_nets_transaction_rel rel ON rel.nets_transaction_id = t.id
  LEFT JOIN account_payment p ON p.id = t.payment_id
  LEFT JOIN account_move m ON m.id = p.move_id
 WHERE t.terminal_id = ANY(%s) AND t.id > %s AND t.origin = 'invoice' ORDER BY t.id
"""
REFUNDS = """
SELECT t.id, u.login, t.refund_of_id, t.state FROM nets_transaction t JOIN res_users u ON u.id = t.create_uid
 WHERE t.terminal_id = ANY(%s) AND t.id > %s AND t.kind = 'refund' AND t.origin = 'invoice'
   AND t.state NOT IN ('failed', 'aborted')
"""
INVENTED = """
SELECT p.id, p.state FROM account_payment p
  JOIN account_payment_method_line ml ON ml.id = p.payment_method_line_id
  JOIN account_payment_method pm ON pm.id = ml.payment_method_id
 WHERE pm.code = 'nets_terminal' AND p.state IN ('in_process', 'paid')
       -- what a session's closing made of many is compared there
   AND p.pos_session_id IS NULL
   AND NOT EXISTS (SELECT FROM nets_transaction t WHERE t.payment_id = p.id)
"""
# Whose hand is on a record of a company that isn't theirs.
OVER_BORDERS = " UNION ALL ".join(
    f"""SELECT '{table}', r.id, u.login FROM {table} r JOIN res_users u ON u.id = r.{column}
         WHERE u.login LIKE 'people_%%' AND NOT EXISTS (
               SELECT FROM res_company_users_rel rel WHERE rel.user_id = u.id AND rel.cid = r.company_id)"""
    for table, column in (
        ("nets_account", "write_uid"),
        ("nets_terminal", "write_uid"),
        ("nets_location", "write_uid"),
        ("nets_transaction", "create_uid"),
    )
)
ACROSS = """
SELECT 'refund', t.id, original.id
  FROM nets_transaction t JOIN nets_transaction original ON original.id = t.refund_of_id
 WHERE t.company_id <> original.company_id OR t.currency_id <> original.currency_id
UNION ALL
SELECT 'account', t.id, a.id FROM nets_terminal t JOIN nets_account a ON a.id = t.account_id
 WHERE t.company_id <> a.company_id
UNION ALL
SELECT 'terminal', t.id, terminal.id FROM nets_transaction t JOIN nets_terminal terminal ON terminal.id = t.terminal_id
 WHERE t.currency_id <> terminal.currency_id
"""
TEXTS = """
SELECT id FROM nets_transaction
 WHERE concat_ws(' ', raw_answer, nets_message, customer_receipt, merchant_receipt, booking_error_notes) ~ %s
"""
# What is looked for in the whole database: (statement, values) → what holds where nothing is found.
EVERYWHERE = {
    (INVENTED, ()): "a payment by card has a charge",
    (OVER_BORDERS, ()): "nobody wrote over a border",
    (ACROSS, ()): "nothing belongs to two companies or currencies",
    (TEXTS, (f"{CARD_NUMBER}|4925 0000 0000 0004",)): "no card number is kept",
}
# What is charged at the till stands on a paid order, or is a payment of its own, or was reversed.
NOWHERE = """
SELECT t.id FROM nets_transaction t
 WHERE t.terminal_id = ANY(%s) AND t.id > %s AND t.state = 'approved' AND t.kind <> 'reversal' AND t.origin = 'pos'
   AND t.payment_id IS NULL AND t.without_order IS NOT TRUE
   AND NOT EXISTS (SELECT FROM pos_payment p JOIN pos_order o ON o.id = p.pos_order_id
                    WHERE p.id = t.pos_payment_id AND p.amount = t.charged_amount
                      AND o.state IN ('paid', 'done', 'invoiced'))
   AND NOT EXISTS (SELECT FROM nets_transaction back WHERE back.refund_of_id = t.id
                      AND back.kind = 'reversal' AND back.state = 'approved')
"""
UNSETTLED = """
SELECT id, state, to_book, booking_error_notes::text FROM nets_transaction
 WHERE terminal_id = ANY(%s) AND (state IN ('pending', 'unknown') OR to_book)
"""


# What has been unknown for so long that a person is called, and what that person reads.
CALLED = """
UPDATE nets_transaction SET unknown_since = unknown_since - interval '1 hour'
 WHERE request_id = %s AND state = 'unknown'
"""
NOTES = """
SELECT activity.note FROM mail_activity activity JOIN nets_transaction t ON t.id = activity.res_id
 WHERE activity.res_model = 'nets.transaction' AND t.request_id = %s
"""


class Town:
    """The companies, the people and what they share, in a world."""

    def __init__(self, world):
        self.world = world
        self._desks, self._lock = {}, threading.Lock()
        self.setting_up = threading.Lock()  # nothing is broken while somebody has it
        admin = self.admin = world.servers[0].login("admin")
        self.company = admin.ref(f"{MODULE}.demo_company")
        self.foreign = admin.ref("base.main_company")
        self.currency = admin.ref("base.NOK")
        self.recovery = admin.ref(f"{MODULE}.cron_recover")
        self.branch = admin.call("res.company", "create", [{"name": "Branch", "parent_id": self.company}])[0]
        companies = {"branch": [self.branch], "neighbour": [self.foreign], "both": [self.company, self.foreign]}
        admin.call("res.users", "write", [admin.uid], {"company_ids": [(4, self.branch)]})
        users = []
        for name, groups in LOGINS.items():
            of = companies.get(name, [self.company])
            user = {
                "name": name.title(),
                "login": f"people_{name}",
                "password": f"people_{name}",
                "company_id": of[0],
                "company_ids": [(6, 0, of)],
                "group_ids": [(6, 0, [admin.ref("base.group_user"), *map(admin.ref, groups)])],
            }
            users.append(user)
        admin.call("res.users", "create", users, context={"no_reset_password": True})
        [self.bank] = self._search("account.journal", [("type", "=", "bank")], limit=1)
        self.product = admin.call(
            "product.product",
            "create",
            [{"name": "Splint", "available_in_pos": True, "list_price": 100, "taxes_id": [(6, 0, [])]}],
        )[0]
        admin.call("res.company", "write", [self.company], {"nets_refund_unlinked": "right"})
        self.site = admin.ref(f"{MODULE}.nets_location_demo_clinic")
        self._make_neighbour()
        # NETS knows it, Odoo doesn't
        known = {row["identifier"] for row in admin.call("nets.terminal", "search_read", [], ["identifier"])}
        terminals = world.service.terminals_of_account("demo")
        self.unused = next(found["terminalId"] for found in terminals if found["terminalId"] not in known)
        self.shops = 0  # how many were opened

    def _search(self, model, domain, **kwargs):
        return self.admin.call(model, "search", [("company_id", "=", self.company), *domain], **kwargs)

    def _make_neighbour(self):
        """Another company, with an account, a terminal and a charge of its own, for which nobody here has any right."""
        admin, context = self.admin, {"allowed_company_ids": [self.foreign]}
        values = {
            "name": "Abroad",
            "company_id": self.foreign,
            "environment": "simulator",
            "simulator_url": self.world.service.url,
            "username": "abroad",
            "password": "abroad-secret",
        }
        [account] = admin.call("nets.account", "create", [values], context=context)
        [site] = admin.call(
            "nets.location", "create", [{"name": "Abroad", "company_id": self.foreign, "tz": "UTC"}], context=context
        )
        values = {
            "name": "Abroad",
            "identifier": "40000001",
            "account_id": account,
            "location_id": site,
            "currency_id": admin.ref("base.USD"),
        }
        [terminal] = admin.call("nets.terminal", "create", [values], context=context)
        self.abroad = {"nets.account": account, "nets.location": site, "nets.terminal": terminal}

    def desk(self, who):
        """:return: a Desk of this person that one thread may use"""
        with self._lock:
            if who not in self._desks:
                self._desks[who] = Desk(self.world.servers, "admin" if who == "admin" else f"people_{who}")
            for server in self.world.servers:
                self._desks[who].client(server)
            return self._desks[who].copy()


class Place(people.Place):
    """A shop on a server that runs."""

    def __init__(self, town, number):
        self.town, self.number = town, number
        self.world = world = town.world
        self.trace = []
        self.oddities = []  # what people were answered besides results and words
        self.refusal = ""  # the last one
        self._desks = {}
        admin, company = town.admin, town.company
        self.company = company
        host, port = world.service.url.split("://")[1].split(":")
        # a line to NETS of its own: nobody else feels it when that is cut
        self.line = Proxy((host, int(port)))
        values = {
            "name": f"Shop {number}",
            "company_id": company,
            "environment": "simulator",
            "simulator_url": f"http://{HOST}:{self.line.port}",
            "username": "demo",
            "password": "demo-secret",
            "answer_timeout": 4,
            "customer_timeout": 12,
        }
        [self.account] = admin.call("nets.account", "create", [values])
        taken = [world.terminals.take(by_hand=None) for _terminal in range(2)]
        self.taken = taken
        self.terminals = tuple(terminal.id for terminal in taken)
        self.identifiers = {terminal.id: terminal.identifier for terminal in taken}
        admin.call("nets.terminal", "write", list(self.terminals), {"account_id": self.account, "used_by_hand": False})
        [cash] = admin.call(
            "account.journal",
            "create",
            [{"name": f"Cash {number}", "type": "cash", "code": f"PC{number}", "company_id": company}],
        )
        [self.journal] = admin.call(
            "account.journal",
            "create",
            [{"name": f"Bank {number}", "type": "bank", "code": f"PB{number}", "company_id": company}],
        )
        self.cash_method, self.card_method = admin.call(
            "pos.payment.method",
            "create",
            [
                {"name": "Cash", "journal_id": cash, "company_id": company},
                {
                    "name": "Card",
                    "journal_id": town.bank,
                    "company_id": company,
                    "payment_method_type": "terminal",
                    "use_payment_terminal": "nets",
                },
            ],
        )
        values = {
            "name": f"Shop {number}",
            "company_id": company,
            "payment_method_ids": [(6, 0, [self.card_method, self.cash_method])],
            "iface_tipproduct": True,
        }
        [self.config] = admin.call("pos.config", "create", [values])
        self.product = town.product
        self.user = town.desk("cashier").client(world.servers[0]).uid
        self.origin = f"people {number}"  # of its invoices

    def open_session(self):
        self.request("manager", "pos.config", "open_ui", [self.config], insist=True)
        [values] = self.request("manager", "pos.config", "read", [self.config], ["current_session_id"], insist=True)
        self.session = values["current_session_id"][0]
        self.request("manager", "pos.session", "set_opening_control", [self.session], 0, "", insist=True)

    def request(self, who, model, method, *args, insist=False, **kwargs):
        deadline = time.monotonic() + 60
        while True:
            try:
                return self._call(who, model, method, args, kwargs)
            except Refused as refused:
                self._note(who, model, method, args, f"refused: {refused}")
                self.refusal = str(refused)
                return None
            except Unreachable as error:
                self._note(who, model, method, args, f"!! {error}")
                if not insist or time.monotonic() > deadline:
                    self.oddities.append(f"{model}.{method}{args!r:.120}: {error}")
                    return None
                time.sleep(0.5)

    def _call(self, who, model, method, args, kwargs):
        if who not in self._desks:
            self._desks[who] = self.town.desk(who)
        result = self._desks[who].call(model, method, *args, server=self.number, **kwargs)
        self._note(who, model, method, args, result)
        return result

    def _note(self, who, model, method, args, result):
        self.trace.append(f"{who}: {model}.{method}{args!r:.160} → {result!r:.160}")

    def query(self, statement, params=()):
        for _attempt in range(60):
            try:
                return self.world.postgresql.query(self.world.database, statement, params)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                time.sleep(1)
        raise Unreachable("The database stays away.")

    # --- the terminals --- #

    def ready(self):
        """What is pressed next waits at its terminal until it is answered."""
        held = {"outcome": "approved", "wait": {"release": True}}
        for identifier in self.identifiers.values():
            self.world.service._control("DELETE", f"terminals/{identifier}/script")
            self.world.service.play(identifier, held)

    @contextlib.contextmanager
    def down(self):
        self.line.refuse()
        self.line.cut()
        try:
            yield
        finally:
            self.line.accept()

    def state(self, card):
        [row] = self.query("SELECT state, to_book, booking_error_notes FROM nets_transaction WHERE id = %s", [card.id])
        return row

    def answer(self, card, tip, name):
        play = {"outcome": "insufficient_funds" if name == "no" else "approved"}
        if name == "lost":
            play["answer"] = "cut_after"
        if tip and card.kind == "purchase":
            play["tip"] = tip * 100
        self.end(card, play, patience=10 if name != "lost" else 4)

    def end(self, card, play, patience=10):
        """Let a card's transaction go on, and wait until that is known."""
        identifier = self.identifiers.get(card.terminal_id)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            state, to_book, error = self.state(card)
            if state not in ("pending", "unknown") and not (to_book and not error):
                return
            if state == "unknown" and play.get("answer"):
                return
            with contextlib.suppress(stack.StackError):
                self.world.service.release(identifier, play)
            time.sleep(0.2)

    def close(self):
        self.line.refuse()
        open_here = self.query(UNSETTLED, [list(self.terminals)])
        for terminal in self.taken:
            self.world.service._control("DELETE", f"terminals/{terminal.identifier}/script")
            if not open_here:  # else nobody gets it any more
                self.world.terminals.put(terminal)


class Business(Shop):
    """A shop with an office: invoices, books, administration, and neighbours."""

    def __init__(self, town, number):
        super().__init__(Place(town, number))
        self.town, self.world = town, town.world
        self.customers = []
        # others had these terminals before
        [[newest]] = self.place.query("SELECT coalesce(max(id), 0) FROM nets_transaction")
        self.mine = [list(self.place.terminals), newest]
        self.first_entry = len(self.world.service.ledger())
        self.over = []  # what somebody could do behind a border
        # what stands in the database of those who were here before
        self.before = {statement: set(self.place.query(statement, values)) for statement, values in EVERYWHERE}
        self.slowest = 0.0

    def open(self, morning=True):
        self.place.open_session()
        self.customers = [self.new_customer(), self.new_customer()]
        if not morning:
            return
        self.bill()
        self.bill()
        self.pay_invoice(0, "half")
        super().open()

    # --- helpers --- #

    def new_customer(self):
        values = {"name": f"Customer of {self.place.origin}", "email": f"{self.place.number}@example.com"}
        return self.place.request("admin", "res.partner", "create", [values], insist=True)[0]

    def by(self, who, model, method, *args, **kwargs):
        return self.place.request(who, model, method, *args, **kwargs)

    def invoices(self):
        return self.place.query(INVOICES, [self.place.origin])

    def invoice_cards(self, *states):
        """:return: rows of `INVOICE_CARDS`"""
        rows = self.place.query(INVOICE_CARDS, self.mine)
        return [row for row in rows if not states or row[2] in states]

    def open_cards(self):
        """What runs on the terminals of this shop, for the till or an invoice."""
        statement = people.CARDS.replace(
            "pos_config_id = %s", "terminal_id = ANY(%s) AND state IN ('pending', 'unknown')"
        )
        return [people.Card(row) for row in self.place.query(statement, [list(self.place.terminals)])]

    def press(self, which, back, second):
        self.place.ready()
        super().press(which, back, second)

    def say_beside(self, which, own):
        self.place.ready()
        before = len(self.place.oddities)
        super().say_beside(which, own)
        crashes = [oddity for oddity in self.place.oddities[before:] if "builtins." in oddity]
        self.require(not crashes, "what is said beside a call changes nothing", crashes)

    def answer(self, which, tip, name):
        running = [card for card in self.open_cards() if card.state == "pending"]
        if card := self.pick(running, which):
            self.number += 1
            self.place.answer(card, tip, name)

    # --- invoices --- #

    def bill(self):
        line = {"name": "Splint", "quantity": 1, "price_unit": 100.0, "tax_ids": [(6, 0, [])]}
        values = {
            "move_type": "out_invoice",
            "partner_id": self.customers[0],
            "invoice_origin": self.place.origin,
            "invoice_date": time.strftime("%Y-%m-%d"),
            "invoice_line_ids": [(0, 0, line)],
        }
        if invoice := self.by("invoicing", "account.move", "create", [values]):
            self.by("invoicing", "account.move", "action_post", invoice)

    def pay_invoice(self, which, share):
        if not (invoice := self.pick(self.invoices(), which)):
            return
        amount = {"all": 100.0, "half": 50.0, "double": 200.0}[share]
        self.place.ready()
        self.number += 1
        request = f"pay-{self.place.config}-{self.place.session}-{self.number}"
        arguments = ([invoice[0]], amount, self.place.terminals[1], request)
        self.by("invoicing", "account.move", "nets_start_card_payment", *arguments)
        self.answer(-1, 0, "yes")

    def refund(self, which, share, who):
        charged = [row for row in self.invoice_cards("approved") if row[1] == "purchase"]
        if not (row := self.pick(charged, which)):
            return
        amount = float(row[4]) * {"all": 1, "half": 0.5, "double": 2}[share]
        self.place.ready()
        self.number += 1
        request = f"refund-{self.place.config}-{self.place.session}-{self.number}"
        self.by(who, "nets.transaction", "start_refund", [row[0]], -amount, self.place.terminals[1], request)
        self.answer(-1, 0, "yes")

    def invent_credit_note(self, who):
        """Pay out a credit note that was just made up, to whatever card."""
        line = {"name": "Sorry", "quantity": 1, "price_unit": 5000.0, "tax_ids": [(6, 0, [])]}
        values = {
            "move_type": "out_refund",
            "partner_id": self.customers[0],
            "invoice_origin": self.place.origin,
            "invoice_date": time.strftime("%Y-%m-%d"),
            "invoice_line_ids": [(0, 0, line)],
        }
        note = self.by(who, "account.move", "create", [values])
        if not note:
            return
        self.by(who, "account.move", "action_post", note)
        self.place.ready()
        self.number += 1
        request = f"payout-{self.place.config}-{self.place.session}-{self.number}"
        self.by(who, "account.move", "nets_start_payout", note, -5000.0, self.place.terminals[1], request)
        self.answer(-1, 0, "yes")

    # --- the books --- #

    def take_out_of_books(self, which, name):
        booked = [row for row in self.invoice_cards("approved") if row[6]]
        if not (row := self.pick(booked, which)):
            return
        payment = row[6]
        [[move]] = self.place.query("SELECT move_id FROM account_payment WHERE id = %s", [payment])
        lines = [line for (line,) in self.place.query("SELECT id FROM account_move_line WHERE move_id = %s", [move])]
        calls = {
            "link": [("account.move", "write", [move], {"origin_payment_id": False})],
            "draft": [("account.move", "button_draft", [move]), ("account.payment", "action_draft", [payment])],
            "cancel": [("account.payment", "action_cancel", [payment]), ("account.move", "button_cancel", [move])],
            "lines": [
                ("account.move.line", "write", lines[:1], {"debit": 1.0, "credit": 0.0}),
                (
                    "account.move",
                    "write",
                    [move],
                    {"line_ids": [(1, line, {"amount_currency": 0.0, "debit": 0.0, "credit": 0.0}) for line in lines]},
                ),
            ],
            "journal": [("account.payment", "write", [payment], {"journal_id": self.place.journal})],
            "date": [("account.payment", "write", [payment], {"date": "2020-01-01"})],
            "partner": [("account.payment", "write", [payment], {"partner_id": self.customers[-1]})],
            "reject": [("account.payment", "write", [payment], {"state": "rejected"})],
            "unlink": [("account.payment", "unlink", [payment]), ("account.move", "unlink", [move])],
            "write off": [("account.payment", "write", [payment], {"amount": 0.01})],
        }[name]
        for model, method, *args in calls:
            self.by("bookkeeper", model, method, *args)

    def invent_payment(self, which, name):
        """A *Card* payment that no terminal took."""
        statement = """SELECT ml.id, ml.journal_id FROM account_payment_method_line ml
                         JOIN account_payment_method pm ON pm.id = ml.payment_method_id
                        WHERE pm.code = 'nets_terminal' AND pm.payment_type = 'inbound' AND ml.journal_id = %s"""
        rows = self.place.query(statement, [self.place.journal])
        if not rows:
            return
        method, journal = rows[0]
        values = {
            "amount": 77.0,
            "partner_id": self.pick(self.customers, which),
            "journal_id": journal,
            "payment_type": "inbound",
            "partner_type": "customer",
            "payment_method_line_id": method,
        }
        if name == "create":
            self.by("bookkeeper", "account.payment", "create", [{**values, "state": "paid"}])
            return
        if name == "method":
            values["payment_method_line_id"] = False
        payment = self.by("bookkeeper", "account.payment", "create", [values])
        if not payment:
            return
        if name == "state":
            self.by("bookkeeper", "account.payment", "write", payment, {"state": "paid"})
        else:
            self.by("bookkeeper", "account.payment", "action_post", payment)
        if name == "method":
            self.by("bookkeeper", "account.payment", "write", payment, {"payment_method_line_id": method})

    def tidy_up(self, which, name):
        """What a colleague does who knows nothing of the card that runs."""
        if name == "merge customers":
            # a card runs for this customer meanwhile
            if invoice := self.pick(self.invoices(), which):
                self.place.ready()
                self.number += 1
                request = f"pay-{self.place.config}-{self.place.session}-{self.number}"
                arguments = ([invoice[0]], 1.0, self.place.terminals[1], request)
                self.by("invoicing", "account.move", "nets_start_card_payment", *arguments)
            kept = self.new_customer()
            values = {"partner_ids": [(6, 0, [kept, self.customers[0]])], "dst_partner_id": kept}
            wizard = self.by("admin", "base.partner.merge.automatic.wizard", "create", values)
            if wizard and self.by("admin", "base.partner.merge.automatic.wizard", "action_merge", [wizard]):
                self.customers[0] = kept
            self.answer(-1, 0, "yes")
        elif name == "delete journal":
            self.by("bookkeeper", "account.journal", "unlink", [self.place.journal])
        else:
            self.by("bookkeeper", "account.journal", "write", [self.place.journal], {"active": bool(which % 2)})

    # --- borders --- #

    def cross_border(self, which, who, name):
        """Do something behind the border: to what is the parent's, or another company's."""
        place, town = self.place, self.town
        abroad = who == "both" or (who == "branch" and which % 2)
        account = town.abroad["nets.account"] if abroad else place.account
        terminal = town.abroad["nets.terminal"] if abroad else place.terminals[which % 2]
        site = town.abroad["nets.location"] if abroad else town.site
        charged = [row[0] for row in self.invoice_cards("approved") if row[1] == "purchase"]
        companies = {"branch": [town.branch], "neighbour": [town.foreign], "both": [town.company, town.foreign]}[who]
        context = {"allowed_company_ids": companies}
        calls = {
            "rename": ("nets.account", "write", [account], {"name": "Mine"}),
            "archive": ("nets.terminal", "write", [terminal], {"active": False}),
            "move": ("nets.terminal", "write", [terminal], {"account_id": town.abroad["nets.account"]}),
            "adopt": (
                "nets.terminal",
                "create",
                [
                    {
                        "name": "Mine",
                        "identifier": town.unused,
                        "account_id": account,
                        "currency_id": town.currency,
                    }
                ],
            ),
            "download": ("nets.terminal", "action_download_software", [terminal]),
            "refund": (
                "nets.transaction",
                "start_refund",
                charged[:1] or [0],
                -1.0,
                town.abroad["nets.terminal"],
                f"over-{place.config}-{place.session}-{self.number}",
            ),
            "read report": ("nets.report", "search_read", [], ["text"]),
            "delete": ("nets.location", "unlink", [site]),
            "site": ("nets.location", "write", [site], {"name": "Mine", "tz": "Asia/Tokyo"}),
        }[name]
        self.number += 1
        result = self.by(who, *calls, context=context)
        if name == "download" and result:
            self.over.append((who, name, terminal))

    def press_known(self, which, other):
        """A request id that was used before finds its own transaction only."""
        line = self.pick(self.card_lines(), which)
        used = self.place.query(
            "SELECT request_id, id, pos_payment_id FROM nets_transaction WHERE pos_config_id = %s ORDER BY id",
            [self.place.config],
        )
        if not (line and used):
            return
        request, _card, _payment = self.pick(used, other)
        self.place.ready()
        answer = self.cashier(
            "nets.transaction", "pos_start", line[4], self.place.terminals[0], float(line[3]), request
        )
        if answer and answer[0].get("id"):
            [[payment]] = self.place.query(
                "SELECT pos_payment_id FROM nets_transaction WHERE id = %s", [answer[0]["id"]]
            )
            self.require(payment == line[0], "a press gets its own transaction", answer[0]["id"], line)

    # --- load, secrets, hostile answers --- #

    def ask_much(self):
        """Ask for everything at once: one question for each terminal is enough."""
        place = self.place
        failed = [card.id for card in self.cards("failed", "aborted", "unknown") if card.sent_at]
        if not failed:
            return
        path = "/transaction"
        before = {name: self._lookups(name, path) for name in place.identifiers.values()}
        for who in ("cashier", "manager"):
            self.by(who, "nets.transaction", "get_last_result", failed[:50])
        time.sleep(2)
        for name, count in before.items():
            asked = self._lookups(name, path) - count
            self.require(asked <= LOOKUPS_OF_ONE_QUESTION, "a terminal is asked once for all", name, asked, len(failed))

    def _lookups(self, identifier, path):
        requests = self.world.service.requests(identifier)
        return sum(request["method"] == "GET" and request["path"].endswith(path) for request in requests)

    def say_secret(self):
        """An administrator writes a password while somebody else has its row, and changes it first."""
        values = [self.place.account], {"password": SECRET}
        connection = self.world.postgresql.connect(self.world.database)
        connection.autocommit = False
        statement = "UPDATE nets_account_secret SET write_date = now() WHERE account_id = %s"
        with ThreadPoolExecutor(1) as pool, contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement, [self.place.account])
            writing = pool.submit(self.by, "administrator", "nets.account", "write", *values)
            with contextlib.suppress(FutureTimeout):
                writing.result(timeout=3)  # it waits, or fails and is repeated
            connection.commit()
        self.by("admin", "nets.account", "write", [self.place.account], {"password": "demo-secret"})

    def hostile(self, which, name):
        """NETS answers what nobody should."""
        line = self.pick(self.card_lines(), which)
        if not line:
            return
        for identifier in self.place.identifiers.values():
            self.world.service._control("DELETE", f"terminals/{identifier}/script")
            self.world.service.play(identifier, {"outcome": "failure_text", "text": HOSTILE[name]})
        self.number += 1
        request = f"hostile-{self.place.config}-{self.place.session}-{self.number}"
        arguments = (line[4], self.place.terminals[0], float(line[3]), request)
        began = time.monotonic()
        if self.cashier("nets.transaction", "pos_start", *arguments):
            for _question in range(4):
                asked = time.monotonic()
                self.cashier("nets.transaction", "pos_progress", [line[4]])
                if not self.world.is_disturbed_since(began):
                    self.slowest = max(self.slowest, time.monotonic() - asked)
                time.sleep(0.3)
            self._read_activities(request)

    def _read_activities(self, request):
        """Whoever is called for what stays unknown reads what NETS said, and gets no page of it."""
        self.place.query(CALLED, [request])
        self.by("admin", "ir.cron", "method_direct_trigger", [self.town.recovery])
        for (note,) in self.place.query(NOTES, [request]):
            self.require("<img" not in note, "what NETS says is text", note)

    # --- what must hold --- #

    def check(self):
        super().check()
        charged = {}
        for row in self.invoice_cards():
            (card, kind, state, amount, took, to_book, payment, _of, _who, paid, posted, invoice, _error, liquid) = row
            if state in ("failed", "aborted"):
                continue
            due = amount if state != "approved" else took
            charged[invoice] = charged.get(invoice, 0) + due
            if state == "approved" and not to_book and payment and kind != "reversal":
                self.require(paid in ("in_process", "paid", "canceled"), "a charge stays in the books", card, paid)
                if paid != "canceled":
                    self.require(posted == "posted", "a charge stays posted", card, posted)
                    self.require(liquid == took, "the books say what was charged", card, took, liquid)
                else:
                    back = [other for other in self.invoice_cards("approved") if other[7] == card]
                    self.require(back, "only what was reversed is cancelled", card)
        for invoice, total, _state in self.invoices():
            self.require(charged.get(invoice, 0) <= total, "no invoice is charged more than it is worth", invoice)
        for card, login, original, _state in self.place.query(REFUNDS, self.mine):
            who = login.removeprefix("people_")
            self.require(original or who in MAY_REFUND, "who refunds without an original may", card, who)
        for (statement, values), what in EVERYWHERE.items():
            found = set(self.place.query(statement, values)) - self.before[statement]
            self.require(not found, what, found)
        self.require(not self.over, "nobody administers behind a border", self.over)
        self.require(self.slowest < LONGEST_HOLD_UP, "no answer holds the process up", self.slowest)

    def finish(self):
        """The evening: what is open is settled, the session closed, and the terminals are compared with the books.

        :raise Fault: where something doesn't come to its end, or doesn't agree
        """
        self._settle_all()
        self.check()
        self._close_session()
        self.check()
        self._compare_ledger()
        self._read_logs()

    def _settle_all(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for card in self.open_cards():
                self.place.end(card, {"outcome": "insufficient_funds"}, patience=1)
            rows = self.place.query(UNSETTLED, [list(self.place.terminals)])
            if not rows:
                return
            for card, _state, to_book, error in rows:
                if to_book and error:
                    self.by("bookkeeper", "nets.transaction", "action_book_again", [card])
                else:
                    self.by("cashier", "nets.transaction", "read_progress", [card])
            time.sleep(1)
        self.require(False, "everything comes to its end", self.place.query(UNSETTLED, [list(self.place.terminals)]))

    def _close_session(self):
        place = self.place
        session = [place.session]
        said = []
        for _attempt in range(3):
            self.by("manager", "pos.session", "nets_allow_closing", session, "The day is over")
            for order, state, _uuid in self.rows(ORDERS):
                if state == "draft":
                    self.by("manager", "pos.order", "action_pos_order_cancel", [order])
            names = ["cash_register_balance_end", "state"]
            [values] = self.by("admin", "pos.session", "read", session, names, insist=True)
            if values["state"] == "closed":
                return
            if values["state"] == "opened":
                counted = values["cash_register_balance_end"]
                self.by("manager", "pos.session", "post_closing_cash_details", session, counted)
                self.by("manager", "pos.session", "update_closing_control_state_session", session, "")
            answer = self.by("manager", "pos.session", "close_session_from_ui", session)
            if answer and answer.get("redirect"):
                self._force_closing()
            said.append(answer or place.refusal)
        [[state]] = place.query("SELECT state FROM pos_session WHERE id = %s", session)
        self.require(state == "closed", "no session is stuck", state, *said)

    def _force_closing(self):
        """Odoo's own way out, where what people did to orders without cards doesn't add up."""
        action = self.by("manager", "pos.session", "action_pos_session_closing_control", [self.place.session])
        if action and action is not True and action.get("res_id"):
            context = {"active_ids": [self.place.session], "active_model": "pos.session"}
            self.by("manager", action["res_model"], "close_session", [action["res_id"]], context=context)

    def _compare_ledger(self):
        """What the terminals charged is what Odoo knows, to the cent; a manager's word on what stayed unknown, whom
        rule 13 trusts, is compared where it is said that there was a charge, and there was one."""
        fields = "order_id, kind, state, charged_amount, settled_by_id, sent_at, stan_auth"
        statement = f"SELECT {fields} FROM nets_transaction WHERE terminal_id = ANY(%s) AND id > %s"
        known, trusted, reversed_here = {}, set(), 0
        for order, kind, state, amount, by_hand, sent_at, number in self.place.query(statement, self.mine):
            if by_hand and sent_at and not number:
                trusted.add(order)
            if state != "approved" or (by_hand and not sent_at):
                continue  # what was recorded by hand stands in the list of the session
            if kind == "reversal":
                reversed_here += 1
            else:
                known[order] = round(abs(float(amount)) * 100)
        entries = self.world.service.ledger()[self.first_entry :]
        mine = [entry for entry in entries if entry["terminalId"] in self.place.identifiers.values()]
        charged = {entry["orderId"]: entry["amount"] for entry in mine if entry["kind"] != "reversal"}
        back = sum(entry["kind"] == "reversal" for entry in mine)
        differing = {
            (order, amount)
            for order, amount in set(charged.items()) ^ set(known.items())
            if order not in trusted or (order in charged and order in known)
        }
        self.require(not differing, "the terminals charged what Odoo knows", differing)
        self.require(back == reversed_here, "the terminals took back what Odoo knows", back, reversed_here)
        nowhere = self.place.query(NOWHERE, self.mine)
        self.require(not nowhere, "what is charged stands on a paid order, or is booked alone", nowhere)

    def _read_logs(self):
        """No secret is in a log."""
        for server in self.world.servers:
            text = server.log.read_text(errors="replace")
            found = re.search(f".*({SECRET}|demo-secret|abroad-secret).*", text)
            self.require(not found, "no secret is in the log", found and found[0][:200])


NEW_ORDER = ("new_order", [False, 100.0, 0.0])
PRESS_IT = ("press", [-1, False, False])
# Each is a way round that somebody once found: the kinds behind the rules 17 to 26, as short as they are told. Each
# begins with what it needs, so that they may follow each other in one shop.
WAYS_ROUND = {
    "what a client can write is taken for proof": [
        NEW_ORDER,
        ("write_payment", [-1, 0, 100.0, "status"]),
        ("end_order", [-1, "validate"]),
        ("end_order", [-1, "paid"]),
    ],
    "checked after the money moved": [
        ("new_order", [False, 1000.0, -900.0]),
        ("press", [-2, False, False]),
        PRESS_IT,
        ("answer", [-1, 0, "yes"]),
    ],
    "one door guarded of several": [
        NEW_ORDER,
        ("write_order", [-1, 0, 0.0, "paid"]),
        ("write_order", [-1, 0, 0.0, "done"]),
        ("end_order", [-1, "paid"]),
    ],
    "the condition is only in the browser": [NEW_ORDER, ("record_by_hand", [-1, False, True, False])],
    "guards on buttons": [
        NEW_ORDER,
        PRESS_IT,
        ("change_line", [-1, 0, 1.0, "price_unit"]),
        ("change_line", [-1, 0, 1.0, "delete"]),
        ("answer", [-1, 0, "yes"]),
        ("change_line", [-1, 0, 1.0, "price_unit"]),
    ],
    "a way out that wasn't walked to its end": [
        NEW_ORDER,
        PRESS_IT,
        ("answer", [-1, 0, "yes"]),
        NEW_ORDER,
        PRESS_IT,
        ("answer", [-1, 0, "lost"]),
        ("decide", [0, 0, "close"]),
    ],
    "what is said beside a call is taken for proof": [
        NEW_ORDER,
        ("say_beside", [-1, False]),
        NEW_ORDER,
        ("say_beside", [-1, True]),
    ],
    "ids made from what others know": [
        NEW_ORDER,
        PRESS_IT,
        ("answer", [-1, 0, "yes"]),
        NEW_ORDER,
        ("press_known", [-1, -1]),
    ],
    "references without foreign keys": [("bill", []), ("tidy_up", [-1, "merge customers"])],
    "what was charged is taken out of the books": [
        ("bill", []),
        ("pay_invoice", [-1, "all"]),
        ("take_out_of_books", [-1, "link"]),
        ("take_out_of_books", [-1, "draft"]),
        ("take_out_of_books", [-1, "lines"]),
    ],
    "a payment that no terminal took": [("invent_payment", [0, "create"]), ("invent_payment", [0, "state"])],
    "who may refund": [("invent_credit_note", ["invoicing"])],
    "rights to read taken for rights to write": [
        ("cross_border", [0, "branch", "rename"]),
        ("cross_border", [0, "branch", "archive"]),
        ("cross_border", [0, "neighbour", "adopt"]),
    ],
    "compared by id, without company and currency": [
        ("bill", []),
        ("pay_invoice", [-1, "all"]),
        ("cross_border", [0, "both", "refund"]),
    ],
    "secrets in a statement": [("say_secret", [])],
    "unbounded work": [NEW_ORDER, *[PRESS_IT, ("answer", [-1, 0, "no"])] * 5, ("ask_much", [])],
    "a card number is kept": [NEW_ORDER, ("hostile", [-1, "card number"])],
    "what NETS says is shown as a page": [NEW_ORDER, ("hostile", [-1, "markup"])],
    "a hostile answer takes all the time": [NEW_ORDER, ("hostile", [-1, "long"])],
}


def play(town, number, steps, morning=True):
    """Have people do these steps in a shop of their own, and end their day.

    :param number: of the shop; nobody else has it
    :param bool morning: something was done there already
    :return: (what doesn't hold, as text with what led to it, or None; how many requests were made)
    """
    with town.setting_up:
        business = Business(town, number)
    done = 0
    try:
        business.open(morning)
        for done, (name, arguments) in enumerate(steps, 1):  # noqa: B007
            getattr(business, name)(*arguments)
            business.check()
        business.finish()
    except Fault as fault:
        said = "\n".join(f"      {line}" for line in business.place.trace[-12:])
        what = "\n".join(f"      {step}" for step in steps[:done])
        return f"{fault}\n    steps:\n{what}\n    the last requests:\n{said}", len(business.place.trace)
    finally:
        business.place.close()
    return None, len(business.place.trace)


def sequences(seed, count, length=25):
    """:return: list of (name, steps), the same for the same seed"""
    numbers = Random(seed).sample(range(1_000_000), count)
    return [(f"people, seed {number}", people.sequence(number, OFFICE_STEPS, length)) for number in numbers]


def ways_round(only=(), at_once=3):
    """Those that somebody once found, one after the other in a few shops.

    :return: list of (name, steps)
    """
    wanted = [(name, steps) for name, steps in WAYS_ROUND.items() if not only or name in only]
    shares = [wanted[number::at_once] for number in range(min(at_once, len(wanted)))]
    return [
        ("people: " + "; ".join(name for name, _steps in share), [step for _name, steps in share for step in steps])
        for share in shares
    ]


def play_all(town, plan, morning=True, at_once=3):
    """Have people do several sequences, some beside each other.

    :param plan: list of (name, steps)
    :param bool morning: as for `play`
    :return: (what doesn't hold, as texts; how many requests were made)
    """
    troubles, requests = [], 0
    numbers = itertools.count(town.shops + 1)
    town.shops += len(plan)
    with ThreadPoolExecutor(at_once) as pool:
        futures = [(name, pool.submit(play, town, next(numbers), steps, morning)) for name, steps in plan]
        for name, future in futures:
            try:
                trouble, count = future.result()
                requests += count
            except Exception:  # noqa: BLE001  told at the end
                trouble = traceback.format_exc()
            if trouble:
                troubles.append(f"{name}: {trouble}")
    return troubles, requests
