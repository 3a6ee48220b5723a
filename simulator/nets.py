"""The whole NETS: accounts, terminals, ledger, service switches and the log of requests."""

import asyncio
import collections
import time
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from . import tokens
from .ledger import Ledger
from .terminal import Terminal

REQUESTS_KEPT = 20_000

# name → (value at the start, what may be set: a tuple of choices or a type)
SWITCHES = {
    "login": ("ok", ("ok", "refused", "unavailable", "not_activated")),
    # True: 503 as from a load balancer. "cut": the connection is closed without an answer.
    "down": (False, (False, True, "cut")),
    "token_lifetime": (24 * 3600, float),
    "order_id_in_last": ("on_success", ("on_success", "always", "never")),
    "cool_down": (0, float),
    "last_delay": (0, float),
    "card_timeout": (120, float),
    # How long the bank takes with a card in somebody's hand; a script doesn't wait for it
    "processing": (0.8, float),
    "last_transaction": ("ok", ("ok", "error", "hang")),
    # What a client is told whose terminal lost power or network under a running transaction [?]
    "lost_contact": ("result_99", ("result_99", "never", "cut")),
    # What a terminal without any transaction answers [?]
    "no_last": ("null", ("null", "empty", "failure")),
    # "failure_200": a failure with a 2xx status, seen [C]
    "reconciliation": ("ok", ("ok", "failure_200", "failure_400")),
    # "cut": the terminal does it, and the answer is lost
    "administration": ("ok", ("ok", "cut")),
    "settings": ("ok", ("ok", "error")),
    # "random": each answer, and each look at the last transaction, writes the same facts in another allowed form
    "forms": ("kept", ("kept", "random")),
    # Baxi.Agent. "down": as a program that isn't started; "hang": the connection never opens
    "agent": ("ok", ("ok", "down", "hang")),
    "agent_frames": ("text", ("text", "binary", "mixed")),
    # "joined": what is said at once is one frame
    "agent_split": ("whole", ("whole", "halves", "bytes", "joined")),
    # Seconds between frames
    "agent_pause": (0, float),
    # How `Open` is answered [?]
    "agent_open": ("ready", ("ready", "7102", "silent", "rejected")),
    # The result itself: twice; missing; behind one of an older transaction; behind TerminalReady; without TerminalReady
    "agent_results": ("kept", ("kept", "twice", "missing", "older_first", "ready_first", "no_ready")),
    # What a terminal without any transaction answers [?]
    "agent_no_last": ("empty", ("empty", "error")),
    # How many clients are taken at once [?]
    "agent_clients": ("many", ("many", "one")),
    # Who hears of a transaction [?]
    "agent_audience": ("asker", ("asker", "all")),
}

DEFAULT_CONFIG = {
    "time_zone": "Europe/Oslo",
    "accounts": [
        {
            "username": "demo",
            "password": "demo-secret",
            "currency": "NOK",
            "organisation_number": "999888777",
            "merchant": ["THE CORNER SHOP", "HIGH STREET 1", "0001 OSLO"],
            "terminals": [
                {"id": "10000001", "name": "Front desk", "site_id": "100001"},
                {"id": "10000002", "name": "Second desk", "site_id": "100001"},
                {"id": "10000003", "name": "Workshop", "site_id": "100002"},
                {"id": "10000004", "name": "Agent desk", "site_id": "100001", "agent_only": True},
            ],
        },
        {
            "username": "branch",
            "password": "branch-secret",
            "currency": "NOK",
            "organisation_number": "999888778",
            "merchant": ["THE BRANCH", "HARBOUR ROAD 2", "5003 BERGEN"],
            "terminals": [
                {"id": "20000001", "name": "Counter", "site_id": "200001"},
                {"id": "20000002", "name": "Terrace", "site_id": "200001"},
            ],
        },
        {
            "username": "abroad",
            "password": "abroad-secret",
            "currency": "EUR",
            "organisation_number": "999888779",
            "merchant": ["THE SHOP ABROAD", "SQUARE 3", "00100 HELSINKI"],
            "terminals": [
                {"id": "40000001", "name": "Till", "site_id": "400001"},
            ],
        },
    ],
}
FIRST_EXTRA_TERMINAL = 30000001


@dataclass(frozen=True)
class Account:
    """A NETS account and what its terminals print."""

    username: str
    password: str
    currency: str
    organisation_number: str
    merchant: tuple[str, ...]


class Nets:
    """Everything the simulator knows.

    ``config`` as DEFAULT_CONFIG; ``folder`` (Path) for the ledger.
    Raises KeyError, TypeError where ``config`` is incomplete, BlockingIOError where another
    simulator uses the same folder.
    """

    def __init__(self, folder, config=DEFAULT_CONFIG, extra_terminals=0):
        self.zone = ZoneInfo(config.get("time_zone", "Europe/Oslo"))
        self.ledger = Ledger(folder)
        self.accounts = {}
        self.terminals = {}
        self._listeners = set()
        for description in config["accounts"]:
            self._add_account(**description)
        first = next(iter(self.accounts.values()))
        for number in range(extra_terminals):
            terminal_id = str(FIRST_EXTRA_TERMINAL + number)
            self._add_terminal(first, terminal_id, f"Desk {number + 1}", "300001")
        self._start_up()

    def _add_account(self, username, password, terminals, currency, organisation_number, merchant):
        account = Account(username, password, currency, organisation_number, tuple(merchant))
        self.accounts[username] = account
        for terminal in terminals:
            agent_only = terminal.get("agent_only", False)
            self._add_terminal(account, terminal["id"], terminal["name"], terminal["site_id"], agent_only)

    def _add_terminal(self, account, terminal_id, name, site_id, agent_only=False):
        self.terminals[terminal_id] = Terminal(self, terminal_id, name, account, site_id, agent_only)

    def terminals_of(self, account):
        """Return the terminals that the service knows of ``account``; some are driven by an agent alone."""
        return [t for t in self.terminals.values() if t.account is account and not t.agent_only]

    def _start_up(self):
        self.switches = {name: value for name, (value, _allowed) in SWITCHES.items()}
        self.requests = collections.deque(maxlen=REQUESTS_KEPT)
        self.results = collections.deque(maxlen=REQUESTS_KEPT)
        self._revoked_until = 0.0

    def set_switches(self, values):
        """Set service switches; raise ValueError with a sentence, and then set none of them."""
        values = dict(values)
        revoke = values.pop("revoke_tokens", False)
        cut_agents = values.pop("cut_agents", False)
        for name, value in values.items():
            if name not in SWITCHES:
                known = ", ".join([*SWITCHES, "revoke_tokens", "cut_agents"])
                raise ValueError(f"There is no switch {name}. There are: {known}.")
            allowed = SWITCHES[name][1]
            if allowed is float:
                if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                    raise ValueError(f"{name} must be a number of seconds.")
            elif value not in allowed:
                raise ValueError(f"{name} must be one of {allowed}.")
        self.switches.update(values)
        if revoke:
            self._revoked_until = time.time()
        if cut_agents:
            self._cut_agents()
        self.changed()

    def _cut_agents(self):
        """What the end of the agents' program does: all their connections end at once."""
        for terminal in self.terminals.values():
            for client in terminal.agent_clients:
                client.transport.abort()

    def reset(self, ledger):
        """Back to the start; the ledger and what terminals remember only where ``ledger``."""
        self._start_up()
        if ledger:
            self.ledger.clear()
        self._cut_agents()
        for terminal in self.terminals.values():
            terminal.reset()

    # === TOKENS === #

    def token(self, account):
        """Return a new token of ``account``."""
        now = time.time()
        expires = int(now + self.switches["token_lifetime"])
        return tokens.encode({"sub": account.username, "iat": now, "exp": expires})

    def account_of(self, token):
        """Return the account of a valid token; raise ValueError where it is not valid."""
        claims = tokens.decode(token)
        if claims["exp"] <= time.time() or claims["iat"] <= self._revoked_until:
            raise ValueError("expired")
        if claims["sub"] not in self.accounts:
            raise ValueError("no such account")
        return self.accounts[claims["sub"]]

    # === REQUESTS AND LISTENERS === #

    def log_request(self, method, path, body):
        """Note a request to /v1; return its entry, whose ``status`` is set with the answer."""
        entry = {
            "time": datetime.now(self.zone).isoformat(),
            "method": method,
            "path": path,
            "body": body,
            "status": None,
        }
        self.requests.append(entry)
        return entry

    def changed(self, terminal=None):
        """Wake every page that shows ``terminal``, or the overview."""
        for wanted, event in self._listeners:
            if wanted is None or wanted is terminal:
                event.set()

    def listen(self, terminal=None):
        """Return a context manager with an asyncio.Event, set at each change of ``terminal``."""
        return _Listening(self._listeners, terminal)


class _Listening:
    def __init__(self, listeners, terminal):
        self._listeners = listeners
        self._listener = (terminal, asyncio.Event())

    def __enter__(self):
        self._listeners.add(self._listener)
        return self._listener[1]

    def __exit__(self, *_exception):
        self._listeners.discard(self._listener)
