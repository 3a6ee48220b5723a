"""Baxi.Agent: the program beside the terminal, with its WebSocket (protocol.md, section 9).

Each terminal has one, at ``/agent/<TID>``, and is the same terminal as that of the REST service. Here, as there, the
terminal moves by itself: a client that is gone changes nothing.
"""

import asyncio
import contextlib
import itertools
import re
import xml.etree.ElementTree as ET

from aiohttp import WSMsgType, web

from . import answers
from .plays import NEVER_ASKED, OUTCOMES
from .terminal import LOST, Order

_TRANSFERS = {"48": "purchase", "49": "refund", "50": "reversal", "51": "purchase"}
_WITH_CASHBACK = "51"
RECONCILIATION, CANCEL, X_REPORT, Z_REPORT, LAST_RESULT = "12592", "12594", "12598", "12599", "12605"
_OPERATOR = re.compile("[0-9]{4}")
MAX_MESSAGE = 64 * 1024

BUSY = "7100", "Processing a previous command"
ALREADY_OPEN = "7102", "Already open"
BAD_OPERATOR = "7506", "Bad operator id"
UNAUTHORISED = "9100", "Unauthorised"
# [?] Neither the codes nor the words of these are known.
NOT_OPEN = "7101", "Not open"
NOTHING_TO_CANCEL = "7105", "No transaction to cancel"
UNKNOWN_METHOD = "7501", "Unknown method"


def routes(nets):
    """Return the route of the agents."""
    agents = {terminal_id: _Agent(nets, terminal) for terminal_id, terminal in nets.terminals.items()}

    async def agent(request):
        found = agents.get(request.match_info["terminal_id"])
        if found is None:
            raise web.HTTPNotFound(text="There is no such terminal.")
        if nets.switches["agent"] == "hang":
            await asyncio.Event().wait()
        is_taken = bool(found.clients) and nets.switches["agent_clients"] == "one"
        if is_taken or nets.switches["agent"] == "down":
            # A program that isn't started refuses the connection; on this port, that is the nearest.
            request.transport.abort()
            raise web.HTTPServiceUnavailable
        return await found.serve(request)

    return [web.get("/agent/{terminal_id}", agent)]


class _Agent:
    """The agent of one terminal, with its clients."""

    def __init__(self, nets, terminal):
        self.nets = nets
        self.terminal = terminal
        self.clients = terminal.agent_clients
        self.asker = None  # the `ECRID` whose command the terminal carries out
        self.tasks = set()
        terminal.display_watchers.append(self._show)

    async def serve(self, request):
        socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE)
        await socket.prepare(request)
        client = _Client(self, socket, request.transport)
        self.clients.append(client)
        self.nets.changed(self.terminal)
        sender = asyncio.create_task(client.send_all())
        try:
            async for frame in socket:
                if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._hear(client, frame.data)
        finally:
            sender.cancel()
            self.clients.remove(client)
            self.nets.changed(self.terminal)
        return socket

    # === WHO IS TOLD WHAT === #

    def _show(self, display):
        self._tell(self.asker, _element("Dfs13DisplayText", "\n".join(display)))

    def _audience(self, asker):
        """The clients that hear of what the terminal does now.

        [?] Whether an agent tells all its clients or only the one that asked, and whether a till that comes back
        hears the result, is not known; ours goes by `ECRID`.
        """
        everybody = self.nets.switches["agent_audience"] == "all" or asker is None
        return [client for client in self.clients if client.is_open and (everybody or client.ecr_id == asker)]

    def _tell(self, asker, *contents):
        for client in self._audience(asker):
            for content in contents:
                client.say(content, asker)

    # === WHAT IS ASKED === #

    def _hear(self, client, data):
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
        entry = self.nets.log_request("AGENT", f"/agent/{self.terminal.id}", text)
        try:
            method, fields, client.ecr_id, terminal_id = _read(text)
        except ET.ParseError:
            client.reject(*UNKNOWN_METHOD)
            return
        entry["status"] = method
        if terminal_id not in ("", self.terminal.id):
            client.reject("8013", "Terminal not found")
        elif method == "Open":
            self._open(client)
        elif not client.is_open:
            client.reject(*NOT_OPEN)
        elif method not in ("Dfs13TransferAmount", "Dfs13Administration"):
            client.reject(*UNKNOWN_METHOD)
        elif not _OPERATOR.fullmatch(fields.get("OperId", "")):
            client.reject(*BAD_OPERATOR)
        elif method == "Dfs13TransferAmount":
            self._transfer(client, fields)
        else:
            self._administer(client, fields.get("AdmCode"))

    def _open(self, client):
        how = self.nets.switches["agent_open"]
        if how == "rejected":
            client.reject(*UNAUTHORISED)
            return
        was_open, client.is_open = client.is_open, True
        if how == "7102" or was_open:
            client.reject(*ALREADY_OPEN)
        elif not self.terminal.connected:
            client.fail("8013", "Terminal not connected")
        elif how == "ready":
            client.say(_element("Dfs13DisplayText", "\n".join(self.terminal.display)))
            client.say("<Dfs13TerminalReady/>")

    # === TRANSACTIONS === #

    def _transfer(self, client, fields):
        order = _order(fields)
        if order is None:
            client.say(_refusal(self.terminal, "format_error"))
            client.say("<Dfs13TerminalReady/>")
        elif (unavailable := self.terminal.unavailable()) == "disconnected":
            client.fail("8013", "Terminal not connected")
        elif unavailable:
            client.reject(*BUSY)
        else:
            self._start(client, order)

    def _start(self, client, order):
        terminal = self.terminal
        play = terminal.next_play()
        if play.answer == "cut_before":
            client.cut()
            return
        if play.outcome and OUTCOMES[play.outcome].place == NEVER_ASKED:
            _never_asked(client, terminal, play)
            return
        self.asker = client.ecr_id
        if self.nets.switches["agent_results"] == "older_first" and terminal.last:
            self._tell(self.asker, _result("Dfs13LocalMode", terminal.last, self.nets))
        transaction = terminal.start(order, play)
        task = asyncio.create_task(self._finish(transaction, self.asker))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _finish(self, transaction, asker):
        record = await transaction.done
        if not self.terminal.running:
            self.asker = None
        if record is LOST:
            self._lose_contact(asker)
        else:
            self._answer(asker, transaction.play, record)

    def _lose_contact(self, asker):
        how = self.nets.switches["lost_contact"]
        if how == "cut":
            self._cut(asker)
        elif how == "result_99":
            fields = {"Result": "99", "TerminalID": self.terminal.id, "StanAuth": "", "TimeStamp": ""}
            self._tell(asker, _fields("Dfs13LocalMode", fields))

    def _answer(self, asker, play, record):
        how = self.nets.switches["agent_results"]
        papers = [record.customer_receipt, record.merchant_receipt] if record.with_receipts else []
        # [?] Whether both are one text, and which comes first, is not known.
        papers = [_paper(text) for text in papers if text]
        result = _result("Dfs13LocalMode", record, self.nets)
        ready = "<Dfs13TerminalReady/>"
        match play.answer:
            case "cut_after":
                self._cut(asker)
                return
            case "cut_mid":
                self._cut(asker, half=result)
                return
            case "never":
                return
            case "broken_json":
                result = result[: len(result) // 2]
            case "empty":
                result = "<Dfs13LocalMode/>"
            case "result_99":
                result = _fields("Dfs13LocalMode", {"Result": "99", "TerminalID": record.terminal_id})
            case "text":
                result = _failure("", play.text or OUTCOMES["unknown_text"].text)
            case "html_502" | "http_500":
                result = _failure("9000", "Connection to the terminal lost")
        match how:
            case "twice":
                self._tell(asker, *papers, result, ready, result)
            case "missing":
                self._tell(asker, *papers, ready)
            case "ready_first":
                self._tell(asker, *papers, ready, result)
            case "no_ready":
                self._tell(asker, *papers, result)
            case _:
                self._tell(asker, *papers, result, ready)

    # === ADMINISTRATION === #

    def _administer(self, client, code):
        terminal = self.terminal
        if code == CANCEL:
            # Only the transaction itself is answered [C]
            if not terminal.abort():
                client.reject(*NOTHING_TO_CANCEL)
            return
        if code not in (RECONCILIATION, X_REPORT, Z_REPORT, LAST_RESULT):
            client.say(_refusal(terminal, "format_error"))
        elif not terminal.connected:
            client.fail("8013", "Terminal not connected")
        elif terminal.running or (terminal.cooling_down and code != LAST_RESULT):
            client.reject(*BUSY)
        elif code == LAST_RESULT:
            self._last_result(client)
        else:
            self._report(client, code)

    def _last_result(self, client):
        how, last = self.nets.switches["last_transaction"], self.terminal.last
        if how == "hang":
            return
        if how == "error":
            client.fail("9000", "Connection to the terminal lost")
            return
        if last is None and self.nets.switches["agent_no_last"] == "error":
            client.fail("7000", "No transaction found")
            return
        # [?] What a terminal without any transaction answers is not known.
        client.say(_result("Dfs13LastFinancialResult", last, self.nets) if last else "<Dfs13LastFinancialResult/>")
        client.say("<Dfs13TerminalReady/>")

    def _report(self, client, code):
        terminal = self.terminal
        if code == RECONCILIATION and self.nets.switches["reconciliation"] != "ok":
            client.fail("7008", "No host contact")
            return
        # [?] What a Z report resets is not known; ours leaves the session alone, which a reconciliation closes.
        if code == RECONCILIATION:
            time, session, text = terminal.reconcile()
        else:
            time, session, text = terminal.report("X REPORT" if code == X_REPORT else "Z REPORT")
        if self.nets.switches["administration"] == "cut":
            client.cut()
            return
        client.say(_paper(text))
        client.say(_fields("Dfs13LocalMode", answers.report_done(terminal.id, time, session)))
        client.say("<Dfs13TerminalReady/>")

    # === THE CONNECTIONS === #

    def _cut(self, asker, half=""):
        for client in self._audience(asker):
            client.cut(half)


class _Client:
    """One WebSocket, with what is still to be said on it."""

    def __init__(self, agent, socket, transport):
        self.agent = agent
        self.socket = socket
        self.transport = transport
        self.ecr_id = ""
        self.is_open = False  # `Open` was answered
        self._queue = asyncio.Queue()
        self._frames = itertools.count()

    def say(self, content, ecr_id=None):
        """Say one message; ``ecr_id`` is whom it answers, where that isn't this client."""
        header = {"ECRID": ecr_id or self.ecr_id, "TerminalID": self.agent.terminal.id, "VersionNumber": "1"}
        head = "".join(f" {name}={_quoted(value)}" for name, value in header.items())
        self._queue.put_nowait(f"<NetsResponse><MessageHeader{head}/>{content}</NetsResponse>")

    def reject(self, code, info):
        self.say(f"<MethodRejected>{_element('Code', code)}{_element('Info', info)}</MethodRejected>")

    def fail(self, code, text):
        self.say(_failure(code, text))

    def cut(self, half=""):
        """End the connection without a word, perhaps in the middle of one, once what was said before is out."""
        if half:
            self._queue.put_nowait(f"<NetsResponse>{half[: len(half) // 2]}")
        self._queue.put_nowait(None)

    async def send_all(self):
        with contextlib.suppress(ConnectionResetError):
            while True:
                texts = [await self._queue.get()]
                if self.agent.nets.switches["agent_split"] == "joined":
                    await asyncio.sleep(0)  # what belongs together is said at once
                    while not self._queue.empty():
                        texts.append(self._queue.get_nowait())
                await self._send("".join(text for text in texts if text))
                if None in texts:
                    self.transport.abort()
                    return

    async def _send(self, text):
        switches = self.agent.nets.switches
        for piece in _pieces(text.encode(), switches["agent_split"]):
            kind = switches["agent_frames"]
            if kind == "mixed":
                kind = ("text", "binary")[next(self._frames) % 2]
            if kind == "text" and (whole := _text(piece)) is not None:
                await self.socket.send_str(whole)
            else:
                await self.socket.send_bytes(piece)
            if switches["agent_pause"]:
                await asyncio.sleep(switches["agent_pause"])


# === WORDS === #


def _read(text):
    """Return (method, its fields, ECRID, TerminalID); raise ParseError."""
    root = ET.fromstring(text)  # of a client on this computer
    header = root.find("MessageHeader")
    names = header.attrib if header is not None else {}
    method = next((child for child in root if child is not header), None)
    if root.tag != "NetsRequest" or method is None:
        raise ET.ParseError("no request")
    fields = {child.tag: (child.text or "").strip() for child in method}
    return method.tag, fields, names.get("ECRID", ""), names.get("TerminalID", "")


def _order(fields):
    """Return the Order of a Dfs13TransferAmount, or None where it is malformed."""
    kind = _TRANSFERS.get(fields.get("TransactionType"))
    amounts = [fields.get(name, "0") or "0" for name in ("Amount1", "Amount2")]
    if kind is None or not all(re.fullmatch("[0-9]{1,11}", amount) for amount in amounts):
        return None
    amount, other = map(int, amounts)
    # [?] Ours: Amount1 is the whole, Amount2 what of it is cashback.
    cashback = other if fields["TransactionType"] == _WITH_CASHBACK else 0
    return Order(kind, amount - cashback, None, cashback) if amount > cashback else None


def _never_asked(client, terminal, play):
    outcome = OUTCOMES[play.outcome]
    text = play.text or outcome.text
    code, _space, words = text.partition(" ")
    code, words = (code, words) if code.isdigit() else ("", text)
    match play.outcome:
        case "format_error":
            client.say(_refusal(terminal, "format_error"))
        case "busy":
            client.reject(code, words)
        case "not_allowed":
            client.reject("9100", text)
        case _:
            client.fail(code, words)


def _refusal(terminal, name):
    outcome = OUTCOMES[name]
    return _fields(
        "Dfs13LocalMode",
        {
            "Result": str(outcome.result),
            "TerminalID": terminal.id,
            "RejectionSource": outcome.source,
            "RejectionReason": outcome.reason,
            "StanAuth": "",
            "TimeStamp": "",
        },
    )


def _result(name, record, nets):
    return _fields(name, answers.local_mode(record, answers.shape_of(record, nets.switches["forms"])))


def _fields(name, values):
    content = "".join(_element(key, "" if value is None else str(value)) for key, value in values.items())
    return f"<{name}>{content}</{name}>"


def _failure(code, text):
    return f"<Dfs13Error>{_element('ErrorCode', code)}{_element('ErrorString', text)}</Dfs13Error>"


def _paper(text):
    return f"<Dfs13PrintText>{_element('Text', text)}</Dfs13PrintText>"


def _element(name, text):
    # XML would read the line ends of receipts as mere line feeds.
    return f"<{name}>{_escaped(text)}</{name}>".replace("\r", "&#13;")


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(text):
    escaped = _escaped(text).replace('"', "&quot;")
    return f'"{escaped}"'


def _pieces(data, split):
    if not data:
        return []
    if split == "halves":
        return [data[: len(data) // 2], data[len(data) // 2 :]]
    if split == "bytes":
        return [data[place : place + 1] for place in range(len(data))]
    return [data]


def _text(piece):
    """The piece as text, None where it cuts a character in two: then only a binary frame can carry it."""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return None
