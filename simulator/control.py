"""The control API: what a person or a test does to the terminals and to the service.

Loopback and play money: it asks nobody for a password.
"""

import asyncio
import contextlib
import dataclasses
import json

from aiohttp import web

from . import payouts
from .nets import SWITCHES
from .plays import CARDS, SCENES, Play, is_amount
from .terminal import PHASES, Order, Refused

OVERVIEW_PAUSE = 0.1  # hundreds of terminals change at once; the overview needs no more than this
LEDGER_SHOWN = 12


def routes(nets):
    """Return the routes of the control API."""
    control = _Control(nets)
    terminal = "/control/terminals/{terminal_id}"
    return [
        web.get("/control/terminals", control.terminals),
        web.get(terminal, control.terminal),
        web.post(f"{terminal}/press", control.press),
        web.post(f"{terminal}/script", control.script),
        web.delete(f"{terminal}/script", control.clear_script),
        web.post(f"{terminal}/release", control.release),
        web.post(f"{terminal}/by_hand", control.by_hand),
        web.get(f"{terminal}/live", control.live_terminal),
        web.get("/control/cards", control.cards),
        web.get("/control/scenes", control.scenes),
        web.get("/control/service", control.service),
        web.get("/control/switches", control.switches),
        web.post("/control/service", control.change_service),
        web.get("/control/ledger", control.ledger),
        web.post("/control/payouts", control.pay_out),
        web.get("/control/requests", control.requests),
        web.get("/control/results", control.results),
        web.post("/control/reset", control.reset),
        web.get("/control/live", control.live_overview),
    ]


class _Control:
    def __init__(self, nets):
        self.nets = nets

    # === TERMINALS === #

    async def terminals(self, _request):
        terminals = [terminal.snapshot() for terminal in self.nets.terminals.values()]
        return web.json_response({"terminals": terminals})

    async def terminal(self, request):
        terminal = self._terminal(request)
        if "wait_phase" not in request.query:
            return web.json_response(terminal.snapshot())
        phases = request.query["wait_phase"].split(",")
        if not set(phases) <= set(PHASES):
            raise _bad(f"wait_phase must name phases: {', '.join(PHASES)}.")
        try:
            timeout = float(request.query.get("timeout", 10))
        except ValueError:
            raise _bad("timeout must be a number of seconds.") from None
        try:
            return web.json_response(await asyncio.wait_for(terminal.wait_for(phases), timeout))
        except asyncio.TimeoutError:
            return web.json_response(terminal.snapshot(), status=408)

    async def press(self, request):
        body = await _body(request)
        return self._do(request, lambda t: t.press(str(body.get("key")), body.get("card")))

    async def script(self, request):
        plays = (await _body(request)).get("plays")
        if not isinstance(plays, list):
            raise _bad("plays must be a list.")
        try:
            plays = [Play.parse(play) for play in plays]
        except ValueError as error:
            raise _bad(str(error)) from error
        return self._do(request, lambda terminal: terminal.script(plays))

    async def clear_script(self, request):
        return self._do(request, lambda terminal: terminal.script(None))

    async def release(self, request):
        play = (await _body(request)).get("play")
        try:
            play = Play.parse(play) if play is not None else None
        except ValueError as error:
            raise _bad(str(error)) from error
        return self._do(request, lambda terminal: terminal.release(play))

    async def by_hand(self, request):
        body = await _body(request)
        outcomes = {"approved": "approved", "declined": "do_not_honour", "cancelled": "customer_cancelled"}
        kind = body.get("kind", "purchase")
        if body.get("outcome") not in outcomes or kind not in ("purchase", "refund"):
            raise _bad("outcome must be approved, declined or cancelled, kind purchase or refund.")
        if not is_amount(body.get("amount")):
            raise _bad("amount must be a positive whole number of minor units.")
        order = Order(kind, body["amount"])
        outcome = outcomes[body["outcome"]]
        return self._do(request, lambda terminal: terminal.charge_by_hand(order, outcome))

    def _do(self, request, action):
        terminal = self._terminal(request)
        try:
            action(terminal)
        except Refused as refused:
            return web.json_response({"error": str(refused), **terminal.snapshot()}, status=409)
        return web.json_response(terminal.snapshot())

    async def cards(self, _request):
        """The play cards that ``tap`` and ``insert`` know."""
        return web.json_response({"cards": [dataclasses.asdict(card) for card in CARDS.values()]})

    async def scenes(self, _request):
        """What a person can have happen next, in words, with the plays that do it."""
        groups = [
            {"title": title, "scenes": [{"title": words, "plays": plays} for words, *plays in scenes]}
            for title, scenes in SCENES.items()
        ]
        return web.json_response({"groups": groups})

    # === SERVICE, LEDGER, REQUESTS === #

    async def service(self, _request):
        return web.json_response(self.nets.switches)

    async def switches(self, _request):
        """What there is to switch: the choices (null: seconds) and the value at the start."""
        switches = {
            name: {"choices": None if allowed is float else allowed, "first": first}
            for name, (first, allowed) in SWITCHES.items()
        }
        return web.json_response({"switches": switches})

    async def change_service(self, request):
        try:
            self.nets.set_switches(await _body(request))
        except ValueError as error:
            raise _bad(str(error)) from error
        return web.json_response(self.nets.switches)

    async def ledger(self, request):
        terminal_id = request.query.get("terminal")
        entries = [entry for entry in self.nets.ledger.entries if terminal_id in (None, entry["terminalId"])]
        return web.json_response({"entries": entries})

    async def pay_out(self, request):
        """The settlement file of what was charged."""
        try:
            return web.json_response(payouts.settle(self.nets, payouts.Wishes.parse(await _body(request))))
        except (TypeError, ValueError) as error:
            raise _bad(str(error)) from error

    async def requests(self, request):
        terminal_id = request.query.get("terminal")
        entries = [
            entry for entry in self.nets.requests if terminal_id is None or terminal_id in entry["path"].split("/")
        ]
        return web.json_response({"requests": entries})

    async def results(self, request):
        """When each transaction, charged or not, became the last one of its terminal."""
        terminal_id = request.query.get("terminal")
        results = [result for result in self.nets.results if terminal_id in (None, result["terminalId"])]
        return web.json_response({"results": results})

    async def reset(self, request):
        self.nets.reset(ledger=bool((await _body(request)).get("ledger")))
        return web.json_response({})

    # === LIVE === #

    async def live_terminal(self, request):
        terminal = self._terminal(request)
        return await self._live(request, terminal, terminal.snapshot, pause=0)

    async def live_overview(self, request):
        return await self._live(request, None, self._overview, OVERVIEW_PAUSE)

    def _overview(self):
        return {
            # Without receipts: hundreds of terminals would send megabytes with each change.
            "terminals": [terminal.snapshot() | {"receipts": []} for terminal in self.nets.terminals.values()],
            "ledger": self.nets.ledger.entries[-LEDGER_SHOWN:],
            "service": self.nets.switches,
        }

    async def _live(self, request, terminal, snapshot, pause):
        """Send a snapshot now and after each change, until the page closes its WebSocket."""
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        with self.nets.listen(terminal) as event:
            sender = asyncio.create_task(_send(socket, event, snapshot, pause))
            try:
                async for _message in socket:
                    pass  # the page only listens
            finally:
                sender.cancel()
        return socket

    def _terminal(self, request):
        terminal = self.nets.terminals.get(request.match_info["terminal_id"])
        if terminal is None:
            text = json.dumps({"error": "There is no such terminal."})
            raise web.HTTPNotFound(text=text, content_type="application/json")
        return terminal


async def _send(socket, event, snapshot, pause):
    with contextlib.suppress(ConnectionResetError):  # the page was closed
        while True:
            event.clear()
            await socket.send_json(snapshot())
            await event.wait()
            await asyncio.sleep(pause)


async def _body(request):
    """Return the JSON object in a request's body; an empty body is an empty object."""
    text = await request.text()
    try:
        body = json.loads(text or "{}")
    except ValueError as error:
        raise _bad(f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _bad("The body must be an object.")
    return body


def _bad(text):
    return web.HTTPBadRequest(text=json.dumps({"error": text}), content_type="application/json")
