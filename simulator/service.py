"""The REST service of NETS Connect@Cloud: everything under /v1 (protocol.md, sections 2 to 7)."""

import asyncio
import json
import re

from aiohttp import web

from . import answers
from .plays import NEVER_ASKED, OUTCOMES, is_amount
from .terminal import LOST, Order

_KINDS = {
    "purchase": "purchase",
    "purchaseWithCashback": "purchase",
    "returnOfGoods": "refund",
    "deposit": "deposit",
}
# [?] The real limit is not known. Ours is what protocol.md tells clients to stay within.
_ORDER_ID = re.compile(r"[A-Z0-9-]{1,20}")


def routes(nets):
    """Return the routes of the service."""
    service = _Service(nets)
    terminal = "/v1/terminal/{terminal_id}"
    return [
        web.post("/v1/login", service.login),
        web.get("/v1/terminal", service.terminals),
        web.get(terminal, service.terminal_state),
        web.get(f"{terminal}/settings", service.settings),
        web.put(f"{terminal}/settings", service.change_settings),
        web.post(f"{terminal}/transaction", service.transaction),
        web.get(f"{terminal}/transaction", service.last_transaction),
        web.delete(f"{terminal}/transaction", service.void),
        web.post(f"{terminal}/administration", service.administration),
    ]


def middleware(nets):
    """Return what comes before every call: the request log and the switch "down"."""

    @web.middleware
    async def log_and_switch(request, handler):
        if not request.path.startswith("/v1/"):
            return await handler(request)
        request["body"] = await _body(request)
        entry = nets.log_request(request.method, request.path, _without_password(request["body"]))
        try:
            if nets.switches["down"] == "cut":
                await _cut(request)
            if nets.switches["down"]:
                response = _html(503, "Service Unavailable")
            else:
                response = await handler(request)
        except web.HTTPException as error:
            entry["status"] = error.status
            raise
        entry["status"] = response.status
        return response

    return log_and_switch


class _Service:
    def __init__(self, nets):
        self.nets = nets

    # === LOGIN AND TERMINALS === #

    async def login(self, request):
        login = self.nets.switches["login"]
        if login == "unavailable":
            return _html(503, "Service Unavailable")
        if login == "not_activated":
            # [?] Status and text are ours.
            return _json(403, {"error": "Account not activated"})
        body = request["body"] if isinstance(request["body"], dict) else {}
        account = self.nets.accounts.get(str(body.get("username")))
        if login == "refused" or account is None or body.get("password") != account.password:
            return _json(401, {"error": "Invalid username or password"})
        terminals = [terminal.id for terminal in self.nets.terminals_of(account)]
        token = self.nets.token(account)
        return _json(200, {"token": token, "username": account.username, "terminals": terminals})

    async def terminals(self, request):
        account = self._account(request)
        terminals = self.nets.terminals_of(account)
        return _json(200, {"terminals": [{"terminalId": terminal.id} for terminal in terminals]})

    async def terminal_state(self, request):
        terminal = self._terminal(request)
        return _json(200, {"terminal": {"terminalId": terminal.id, "terminalState": terminal.state}})

    async def settings(self, request):
        return _json(200, self._terminal(request).settings)

    async def change_settings(self, request):
        terminal = self._terminal(request)
        body = request["body"]
        width = body.get("printerWidth") if isinstance(body, dict) else None
        if self.nets.switches["settings"] == "error" or not is_amount(width, least=0):
            return _json(400, {"failure": {"error": "Settings not changed"}})
        terminal.settings["printerWidth"] = width
        return _json(200, terminal.settings)

    # === TRANSACTIONS === #

    async def transaction(self, request):
        terminal = self._terminal(request)
        order = _order(request["body"])
        if order is None:
            return _json(*answers.never_asked("format_error"))
        return await self._run(request, terminal, order)

    async def void(self, request):
        terminal = self._terminal(request)
        body = request["body"]
        amount = body.get("amount") if isinstance(body, dict) else None
        if not is_amount(amount):
            return _json(*answers.never_asked("format_error"))
        return await self._run(request, terminal, Order("reversal", amount))

    async def _run(self, request, terminal, order):
        unavailable = terminal.unavailable()
        if unavailable:
            return _json(*answers.never_asked(unavailable))
        play = terminal.next_play()
        if play.answer == "cut_before":
            await _cut(request)
        if play.outcome and OUTCOMES[play.outcome].place == NEVER_ASKED:
            return _json(*answers.never_asked(play.outcome, play.text))
        transaction = terminal.start(order, play)
        # A client that hangs up ends this wait; the terminal doesn't notice, as in real life.
        record = await transaction.done
        if record is LOST:
            return await self._lost_contact(request, terminal)
        return await _answered(self.nets, request, transaction.play, record)

    async def _lost_contact(self, request, terminal):
        how = self.nets.switches["lost_contact"]
        if how == "never":
            await _hang()
        if how == "cut":
            await _cut(request)
        return _json(*answers.lost(terminal.id))

    async def last_transaction(self, request):
        terminal = self._terminal(request)
        how = self.nets.switches["last_transaction"]
        if how == "hang":
            await _hang()
        if how == "error":
            return _json(500, {"error": "Internal server error"})
        if not terminal.connected:
            # [?] Ours: the terminal itself is asked for its last result.
            return _json(*answers.never_asked("disconnected"))
        if terminal.last is None and self.nets.switches["no_last"] == "failure":
            return _json(400, {"failure": {"error": "No transaction found"}})
        if terminal.last is None and self.nets.switches["no_last"] == "empty":
            return _json(200, {"result": {}})
        policy = self.nets.switches["order_id_in_last"]
        return _json(200, answers.last_transaction(terminal.last, policy, self.nets.switches["forms"]))

    # === ADMINISTRATION === #

    async def administration(self, request):
        terminal = self._terminal(request)
        action = request["body"].get("action") if isinstance(request["body"], dict) else None
        if action == "cancelAction":
            return self._cancel(terminal)
        if action not in (
            "reconciliation",
            "downloadDataset",
            "downloadSoftware",
            "balanceInquiry",
        ):
            return _json(*answers.never_asked("format_error"))
        unavailable = terminal.unavailable()
        if unavailable:
            return _json(*answers.never_asked(unavailable))
        if action == "reconciliation":
            answer = self._reconciliation(terminal)
        else:
            time = terminal.now().isoformat(timespec="seconds")
            text = "BALANCE\r\n" if action == "balanceInquiry" else None
            answer = _json(200, answers.administration(terminal.id, time, text))
        if self.nets.switches["administration"] == "cut":
            await _cut(request)
        return answer

    def _cancel(self, terminal):
        # [?] The body is ours; it decides nothing, the pending POST does.
        if not terminal.connected:
            return _json(*answers.never_asked("disconnected"))
        if terminal.abort():
            return _json(200, {"result": {}})
        return _json(400, {"failure": {"error": "No transaction to cancel"}})

    def _reconciliation(self, terminal):
        how = self.nets.switches["reconciliation"]
        if how != "ok":
            failure = {"failure": {"error": "7008 No host contact"}}
            return _json(200 if how == "failure_200" else 400, failure)
        return _json(200, answers.reconciliation(*terminal.reconcile()))

    # === WHO ASKS, AND FOR WHAT === #

    def _account(self, request):
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise ValueError("no token")
            return self.nets.account_of(token.strip())
        except ValueError:
            raise _refusal(web.HTTPUnauthorized, "Unauthorized") from None

    def _terminal(self, request):
        account = self._account(request)
        terminal = self.nets.terminals.get(request.match_info["terminal_id"])
        if terminal is None or terminal.agent_only:
            raise _refusal(web.HTTPNotFound, "Terminal not found")
        if terminal.account is not account:
            raise _refusal(web.HTTPForbidden, "Terminal not allowed for this account")
        return terminal


def _order(body):
    """Return the Order of a request's body, or None where it is malformed."""
    if not isinstance(body, dict) or body.get("transactionType") not in _KINDS:
        return None
    kind, order_id = body["transactionType"], body.get("orderId")
    cashback = body.get("amountCashback", 0) if kind == "purchaseWithCashback" else 0
    if not is_amount(body.get("amount")) or not is_amount(cashback, least=0):
        return None
    if not isinstance(order_id, str) or not _ORDER_ID.fullmatch(order_id):
        return None
    return Order(_KINDS[kind], body["amount"], order_id, cashback)


async def _answered(nets, request, play, record):
    """Return the answer to a finished transaction, as kind or unkind as its play wants it."""
    status, body = answers.transaction(record, nets.switches["forms"])
    match play.answer:
        case "cut_after":
            await _cut(request)
        case "cut_mid":
            await _half(request, status, body)
        case "never":
            await _hang()
        case "html_502":
            return _html(502, "Bad Gateway")
        case "http_500":
            return _json(500, {"error": "Internal server error"})
        case "broken_json":
            text = json.dumps(body)
            return _json(status, text=text[: len(text) // 2])
        case "empty":
            return web.Response(status=status, content_type="application/json")
        case "result_99":
            return _json(*answers.lost(record.terminal_id))
        case "text":
            return _json(400, {"failure": play.text or OUTCOMES["unknown_text"].text})
    return _json(status, body)


async def _body(request):
    text = await request.text()
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _without_password(body):
    if isinstance(body, dict) and "password" in body:
        return {name: value for name, value in body.items() if name != "password"}
    return body


def _json(status, body=None, *, text=None):
    text = json.dumps(body) if text is None else text
    return web.Response(status=status, text=text, content_type="application/json")


def _html(status, title):
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"
    return web.Response(status=status, text=page, content_type="text/html")


def _refusal(exception, text):
    return exception(text=json.dumps({"error": text}), content_type="application/json")


async def _half(request, status, body):
    raw = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(raw))}
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(request)
    await response.write(raw[: len(raw) // 2])
    await _cut(request)


async def _cut(request):
    request.transport.close()
    await _hang()


async def _hang():
    """Never answer. Ends when the connection does: the server then cancels the handler."""
    await asyncio.Event().wait()
