"""The terminal: a state machine moved by keys, timers and requests, never by its listeners.

    idle → card → pin → processing → signature → remove_card → result → idle

Everything here is synchronous: a key is pressed and the terminal is in its next phase. So a
transaction goes on when the client hangs up, as it does on a real terminal.
"""

import asyncio
import dataclasses
import random
import string
from datetime import datetime

from . import receipts
from .answers import Record
from .plays import CARDS, DEFAULT_CARD, INTERACTIVE, OUTCOMES, Play

PHASES = ("idle", "card", "pin", "processing", "signature", "remove_card", "result")
CARD_TAKEN_SECONDS = 3  # after this the customer has taken the card out without being asked
RESULT_SECONDS = 4  # how long the result stays on the display; the terminal is free meanwhile
RECEIPTS_KEPT = 10
PIN_TRIES = 3
LOST = None  # what a listener gets when contact with the terminal was lost
CONTACTLESS_TVR, CHIP_TVR = "0000000000", "0000008000"

_VERBS = {
    "purchase": "PURCHASE",
    "refund": "REFUND",
    "reversal": "REVERSAL",
    "deposit": "GIFT CARD LOAD",
}


class Refused(Exception):
    """The key or request makes no sense now; the text says why."""


@dataclasses.dataclass(frozen=True)
class Order:
    """What the client asked for. Amounts in minor units; ``amount`` without the cashback."""

    kind: str
    amount: int
    order_id: str | None = None
    cashback: int = 0


@dataclasses.dataclass
class Transaction:
    """One operation under way on a terminal; ``done`` gets its Record, or LOST."""

    order: Order
    play: Play
    done: asyncio.Future
    started: str
    by_hand: bool = False
    card: object = None
    contactless: bool = True
    wrong_pins: int = 0
    record: Record | None = None


class Terminal:
    """One terminal. ``nets`` gives the ledger, the switches and is told about changes."""

    def __init__(self, nets, terminal_id, name, account, site_id, agent_only=False):
        self.nets = nets
        self.id = terminal_id
        self.name = name
        self.account = account
        self.site_id = site_id
        self.agent_only = agent_only  # the service doesn't know it
        self.settings = {"printerWidth": 0}
        self._watchers = []
        self.display_watchers = []  # are called with each new display, at once
        self.agent_clients = []  # who is connected through Baxi.Agent
        self._shown = None
        self._timers = []
        self.running = None
        self._start_up()

    def _start_up(self):
        self.plugged = True
        self.network = True
        self.plays = []
        self.receipts = []
        self.phase = "idle"
        self.display = ["Welcome", self.account.merchant[0]]
        self.outcome = None  # of the last transaction, for the display
        self._free_at = 0.0
        self.forget()

    def forget(self):
        """Read the last transaction again from the ledger (at the start, or after a reset)."""
        last = self.nets.ledger.memory(self.id).last
        self._last = Record(**last) if last else None
        if self._last:
            self._write_receipts(self._last)
        self._previous = None
        self._last_visible_at = 0.0

    # === WHAT OTHERS SEE === #

    @property
    def merchant(self):
        return self.account.merchant

    @property
    def currency(self):
        return self.account.currency

    @property
    def connected(self):
        return self.plugged and self.network

    @property
    def cooling_down(self):
        return asyncio.get_running_loop().time() < self._free_at

    @property
    def state(self):
        """The ``terminalState`` of the REST service. [?] Only "idle" is known; the rest is ours."""
        if not self.connected:
            return "disconnected"
        if self.running:
            return "transaction"
        return "busy" if self.cooling_down else "idle"

    @property
    def last(self):
        """The last transaction as NETS shows it now: a fresh one may not be there yet [C]."""
        if asyncio.get_running_loop().time() < self._last_visible_at:
            return self._previous
        return self._last

    def snapshot(self):
        """Return what the control API and the pages show of this terminal."""
        running = self.running
        return {
            "terminalId": self.id,
            "name": self.name,
            "account": "" if self.agent_only else self.account.username,
            "merchant": self.merchant[0],
            "currency": self.currency,
            "state": self.state,
            "phase": self.phase,
            "display": self.display,
            "outcome": self.outcome,
            "plugged": self.plugged,
            "network": self.network,
            "keys": sorted(self._keys()),
            "transaction": running
            and {
                "orderId": running.order.order_id,
                "kind": running.order.kind,
                "amount": running.order.amount + running.order.cashback,
                "card": running.card and running.card.key,
                "inserted": bool(running.card) and not running.contactless,
                "started": running.started,
                "charged": bool(running.record and running.record.approved),
            },
            "receipts": self.receipts,
            "scripted": len(self.plays),
            "agents": [client.ecr_id for client in self.agent_clients],
        }

    async def wait_for(self, phases):
        """Return the snapshot of the moment in which the phase is, or becomes, one of these."""
        if self.phase in phases:
            return self.snapshot()
        future = asyncio.get_running_loop().create_future()
        watcher = (phases, future)
        self._watchers.append(watcher)
        try:
            return await future
        finally:
            self._watchers.remove(watcher)

    # === REQUESTS === #

    def unavailable(self):
        """Return the outcome name ("disconnected", "busy") that a new request meets, or None."""
        if not self.connected:
            return "disconnected"
        return "busy" if self.running or self.cooling_down else None

    def next_play(self):
        """Take the next scripted play; without one, the terminal waits for a person."""
        if not self.plays:
            return INTERACTIVE
        play = self.plays.pop(0)
        self._changed()
        return play

    def script(self, plays):
        """Append plays to the queue; None empties it."""
        self.plays = [*self.plays, *plays] if plays is not None else []
        self._changed()

    def start(self, order, play, *, by_hand=False):
        """Start a transaction on a free terminal; return it. Its ``done`` future gets the Record.

        Works without a listener; with nothing to wait for it is finished when this returns.
        """
        self._stop_timers()
        done = asyncio.get_running_loop().create_future()
        self.running = Transaction(order, play, done, self.now().isoformat(), by_hand)
        self.outcome = None
        transaction = self.running
        if order.kind == "reversal" and play is INTERACTIVE:
            self._process()  # a void asks for no card
        elif play.phase_held == "card":
            self._show("card", "Tap or insert card")
            self._after(self.nets.switches["card_timeout"], self._refuse, "terminal_timeout")
            self._after(play.seconds, self._present, DEFAULT_CARD)
        else:
            self._present(DEFAULT_CARD)
        return transaction

    def abort(self):
        """Ask the running transaction to end (cancelAction); return whether there was one."""
        running = self.running
        if not running:
            return False
        if running.play.abort == "obeyed" and self.phase in ("card", "pin"):
            self._refuse("customer_cancelled")
        elif running.play.abort == "too_late" and self.phase in ("card", "pin"):
            self._present(running.card or DEFAULT_CARD)
        elif running.play.abort == "too_late" and self.phase == "processing":
            self._decide()
        return True

    def release(self, play=None):
        """End the hold of a play's ``wait``, and go on as ``play`` says, if there is one.

        Raises Refused where nothing is held.
        """
        if play and self.phase in ("card", "processing"):
            self.running.play = play
        if self.phase == "card":
            self._present(DEFAULT_CARD)
        elif self.phase == "processing":
            self._decide()
        else:
            raise Refused(f"Nothing is held: the terminal is in phase {self.phase}.")

    def charge_by_hand(self, order, outcome):
        """Run a transaction typed on the terminal itself, not through the service."""
        if not self.plugged or self.running:
            raise Refused("The terminal is not free.")
        self.start(order, Play(outcome), by_hand=True)

    def reconcile(self):
        """Close the session; return (time, number of the closed session, report)."""
        memory = self.nets.ledger.memory(self.id)
        session = memory.session
        entries = self._session_entries(session)
        time = self.now().isoformat(timespec="seconds")
        text = receipts.report(self, session, entries, time)
        self.nets.ledger.write(self.id, session=session % 999 + 1)
        self._print(time, text, "")
        self._show_result("Reconciliation done", f"Session {session:03}", outcome="done")
        return time, session, text

    def report(self, title):
        """Print the running session; return as ``reconcile``, which closes it."""
        session = self.nets.ledger.memory(self.id).session
        time = self.now().isoformat(timespec="seconds")
        text = receipts.report(self, session, self._session_entries(session), time, title)
        self._print(time, text, "")
        self._changed()
        return time, session, text

    def _session_entries(self, session):
        return [
            entry
            for entry in self.nets.ledger.entries
            if entry["terminalId"] == self.id and entry["sessionNumber"] == f"{session:03}"
        ]

    def reset(self):
        """Back to the start: free, plugged in, nothing scripted. A listener has lost contact."""
        self._stop_timers()
        self._answer(LOST)
        self.running = None
        self._start_up()
        self._changed()

    # === KEYS === #

    def press(self, key, card=None):
        """Press a key, or do something to the terminal; raise Refused where it makes no sense."""
        keys = self._keys()
        if key not in keys:
            possible = ", ".join(sorted(keys))
            raise Refused(f"{key} does nothing in phase {self.phase}. Possible: {possible}.")
        if key in ("tap", "insert"):
            chosen = CARDS.get(card or DEFAULT_CARD.key)
            if chosen is None:
                raise Refused(f"There is no card {card}. There are: {', '.join(CARDS)}.")
            if key == "insert" and chosen.tap_only:
                raise Refused("This one can only be tapped.")
            keys[key](chosen)
        else:
            keys[key]()

    def _keys(self):
        """The keys that make sense now, each with what it does."""
        if not self.plugged:
            return {"plug": self._plug}
        keys = {"unplug": self._unplug}
        if self.network:
            keys["cut_network"] = self._cut_network
        else:
            keys["restore_network"] = self._restore_network
        if self.phase == "card":
            keys |= {"tap": self._present, "insert": self._insert, "cancel": self._cancel}
        elif self.phase == "pin":
            keys |= {
                "pin": self._process,
                "wrong_pin": self._wrong_pin,
                "cancel": self._cancel,
                "remove_card": self._card_removed,
            }
        elif self.phase == "processing" and not self.running.contactless:
            keys["remove_card"] = self._card_removed
        elif self.phase == "signature":
            keys["sign"] = self._signed
        elif self.phase == "remove_card":
            keys["remove_card"] = self._finish
        return keys

    def _present(self, card):
        self.running.card = card
        self.running.contactless = True
        self._process()

    def _insert(self, card):
        self.running.card = card
        self.running.contactless = False
        if card.cvm == "1":
            self._process()  # a card without PIN: the customer signs
        else:
            self._ask_pin("Enter PIN")

    def _ask_pin(self, prompt):
        self._stop_timers()
        self._show("pin", prompt)
        self._after(self.nets.switches["card_timeout"], self._refuse, "terminal_timeout")

    def _wrong_pin(self):
        self.running.wrong_pins += 1
        left = PIN_TRIES - self.running.wrong_pins
        if left:
            self._ask_pin(f"Wrong PIN, {left} left")
        else:
            self._refuse("wrong_pin")

    def _cancel(self):
        self._refuse("customer_cancelled")

    def _card_removed(self):
        self._refuse("card_removed")

    def _unplug(self):
        # [?] What a real one does is not known. Ours: what was not approved yet is forgotten
        # with the power, and leaves no last transaction; what was approved stays charged.
        self._stop_timers()
        if self.running:
            self._answer(LOST)
            self._publish()
            self.running = None
        self.plugged = False
        self.phase, self.display, self.outcome = "idle", [], None
        self._changed()

    def _plug(self):
        self.plugged = True
        self._idle()

    def _cut_network(self):
        # [?] Ours: the line to NETS' service is cut, the one to the bank is not. So the client
        # loses its answer at once while the customer can still pay: the unkindest case.
        self.network = False
        self._answer(LOST)
        self._changed()

    def _restore_network(self):
        self.network = True
        self._changed()

    # === FROM THE CARD TO THE RESULT === #

    def _process(self):
        self._stop_timers()
        self._show("processing", "Please wait")
        play = self.running.play
        if play.phase_held == "processing":
            self._after(play.seconds, self._decide)
        elif play.wait == "card":
            self._after(self.nets.switches["processing"], self._decide)
        else:
            self._decide()

    def _decide(self):
        """The host has answered: from here on it is charged or not, and on the disk."""
        self._stop_timers()
        running = self.running
        if running.order.kind == "reversal" and not self._may_reverse():
            self._refuse("terminal_refused", "Nothing to reverse with this amount")
            return
        name = running.play.outcome or (running.card.outcome if running.card else "approved")
        if name not in ("approved", "loyalty"):
            self._refuse(name)
            return
        self._record(name)
        if running.record.cvm == "1" and running.play.wait == "card":
            self._show("signature", "Please sign")
            self._after(self.nets.switches["card_timeout"], self._signed)
        else:
            self._signed()

    def _may_reverse(self):
        # [?] Ours: the newest charge of this terminal, its whole amount (with tip and surcharge),
        # and not twice. A declined attempt in between does not matter.
        newest = self.nets.ledger.newest(self.id)
        return bool(newest and newest["kind"] != "reversal" and newest["amount"] == self.running.order.amount)

    def _refuse(self, name, text=None):
        self._stop_timers()
        self._record(name, text)
        self._signed()

    def _signed(self):
        self._stop_timers()
        running = self.running
        if not running.contactless and running.record.reason != OUTCOMES["card_removed"].reason:
            self._show("remove_card", running.record.text, "Remove card")
            self._after(CARD_TAKEN_SECONDS, self._finish)
        else:
            self._finish()

    def _finish(self):
        self._stop_timers()
        running, loop = self.running, asyncio.get_running_loop()
        self._publish()
        self.running = None
        self._free_at = loop.time() + self.nets.switches["cool_down"]
        record = running.record
        self._print(record.time, record.customer_receipt, record.merchant_receipt, record.approved)
        total = [f"{self.currency} {receipts.money(record.total)}"] if record.approved else []
        outcome = "approved" if record.approved else "declined"
        self._show_result(record.text, *total, outcome=outcome)
        if not running.done.done():
            running.done.set_result(record)

    def _publish(self):
        """Make the running transaction, once decided, the last one."""
        record = self.running.record
        if record is None:
            return
        loop = asyncio.get_running_loop()
        self._previous, self._last = self.last, record
        delay = self.nets.switches["last_delay"]
        self._last_visible_at = loop.time() + delay
        self.nets.results.append(
            {
                "at": self.now().timestamp() + delay,
                "terminalId": self.id,
                "orderId": record.order_id,
                "kind": record.kind,
                "approved": record.approved,
                "stanAuth": record.stan_auth,
                "origin": "terminal" if self.running.by_hand else "service",
            }
        )

    def _record(self, name, text=None):
        """Write down how it ended, and the charge, if it is one, before anybody is told."""
        running, outcome = self.running, OUTCOMES[name]
        order, play = running.order, running.play
        memory = self.nets.ledger.memory(self.id)
        stan = memory.stan
        stan_auth = ""
        if outcome.stan:
            stan = stan % 999999 + 1
            auth = random.choices(string.ascii_uppercase + string.digits, k=6)
            # A refusal has no authorisation code; NETS fills with blanks [?]
            stan_auth = f"{stan:06}" + ("".join(auth) if outcome.result == 0 else " " * 6)
        with_card = running.card and order.kind != "reversal"
        extra = play if order.kind == "purchase" else Play()
        record = Record(
            terminal_id=self.id,
            site_id=self.site_id,
            organisation_number=self.account.organisation_number,
            kind=order.kind,
            result=outcome.result,
            text=text or play.text or outcome.text,
            time=self.now().isoformat(timespec="seconds"),
            session=memory.session,
            total=order.amount + order.cashback + extra.tip + extra.surcharge,
            tip=extra.tip,
            surcharge=extra.surcharge,
            cashback=order.cashback,
            order_id=order.order_id,
            stan_auth=stan_auth,
            response_code=outcome.response_code,
            source=outcome.source,
            reason=outcome.reason,
            contactless=running.contactless,
            dcc=play.dcc,
            shape=dataclasses.asdict(play.shape),
            with_receipts=play.receipts,
        )
        if with_card:
            self._add_card(record)
        entry = self._entry(record) if outcome.result == 0 else None
        last = dataclasses.asdict(record)
        self.nets.ledger.write(self.id, stan=stan, entry=entry, last=last)
        self._write_receipts(record)
        running.record = record

    def _write_receipts(self, record):
        record.customer_receipt = receipts.receipt(record, self, merchant=False)
        record.merchant_receipt = receipts.receipt(record, self, merchant=True)

    def _add_card(self, record):
        running = self.running
        card, play = running.card, running.play
        record.card = {
            "brand": play.brand or card.brand,
            "pan": card.pan,
            "issuer_id": card.issuer_id,
            "aid": card.aid,
        }
        # 0 PIN, 1 signature, 2 none, 4 consumer device [R]
        record.cvm = play.cvm or card.cvm or ("2" if running.contactless else "0")
        record.tvr = CONTACTLESS_TVR if running.contactless else CHIP_TVR
        record.tsi = "0000" if running.contactless else "E800"
        record.atc = f"{random.randrange(1, 9999):04}"
        record.tcc = "@5" if running.contactless else "@1"

    def _entry(self, record):
        newest = self.nets.ledger.newest(self.id)
        return {
            "time": record.time,
            "terminalId": self.id,
            "orderId": record.order_id,
            "kind": record.kind,
            "amount": record.total,
            "currency": self.currency,
            "stanAuth": record.stan_auth,
            "sessionNumber": f"{record.session:03}",
            "origin": "terminal" if self.running.by_hand else "service",
            "reverses": newest["id"] if record.kind == "reversal" else None,
        }

    # === DISPLAY, PAPER, TIME === #

    def _show(self, phase, *prompt):
        order = self.running.order
        amount = f"{self.currency} {receipts.money(order.amount + order.cashback)}"
        self.phase = phase
        self.display = [_VERBS[order.kind], amount, *prompt]
        self._changed()

    def _show_result(self, *lines, outcome):
        self.phase, self.outcome = "result", outcome
        self.display = list(lines)
        self._changed()
        self._after(RESULT_SECONDS, self._idle)

    def _idle(self):
        self.phase, self.outcome = "idle", None
        self.display = ["Welcome", self.merchant[0]]
        self._changed()

    def _print(self, time, customer, merchant, approved=True):
        number = self.receipts[-1]["number"] + 1 if self.receipts else 1
        printed = {
            "number": number,
            "time": time,
            "approved": approved,
            "customer": customer,
            "merchant": merchant,
        }
        self.receipts = [*self.receipts, printed][-RECEIPTS_KEPT:]

    def _answer(self, value):
        if self.running and not self.running.done.done():
            self.running.done.set_result(value)

    def _changed(self):
        if self.display != self._shown:
            self._shown = self.display
            for watcher in self.display_watchers:
                watcher(self.display)
        for phases, future in self._watchers:
            if self.phase in phases and not future.done():
                future.set_result(self.snapshot())
        self.nets.changed(self)

    def _after(self, seconds, call, *args):
        if seconds is not None:
            self._timers.append(asyncio.get_running_loop().call_later(seconds, call, *args))

    def _stop_timers(self):
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def now(self):
        """Return the time on the wall where the terminal is."""
        return datetime.now(self.nets.zone)
