"""What a page does that drives a Baxi.Agent (`static/src/common/agent_desk.js`): it claims, sends, beats and reports,
and looks up what got lost. It may be closed at any moment, and say things twice, late, or not as they were."""

import contextlib
import re
import secrets
import threading
import time

import websocket

from stack import StackError

CONNECT_TIME, QUESTION_TIME, QUIET_TIME = 10, 15, 10  # seconds
BEAT_INTERVAL = 2
CLAIM_TIME = 50
PATIENCE = 120
LAST_RESULT, CANCEL = 12605, 12594
END = "</NetsResponse>"
NO_AGENT = (OSError, websocket.WebSocketException)

# When a browser may be closed, besides while a card is awaited.
PRESSED, CLAIMED, ANSWERED, REPORTED = "pressed", "claimed", "answered", "reported"


class PageClosed(Exception):
    """The browser is gone: nothing more is said or heard."""


def new_token():
    return secrets.token_hex(24)


def message(name, terminal, **fields):
    """Return a document of an agent, as somebody would make it up."""
    content = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return f'<NetsResponse><MessageHeader TerminalID="{terminal}"/><{name}>{content}</{name}></NetsResponse>'


class Agent:
    """A connection to the agent of a job. Raises one of NO_AGENT where it ends."""

    def __init__(self, job):
        self.header = f'<MessageHeader ECRID="{job["ecr_id"]}" TerminalID="{job["terminal"]}" VersionNumber="1"/>'
        self.socket = websocket.create_connection(job["address"], timeout=CONNECT_TIME)
        self._buffer = ""

    def close(self):
        with contextlib.suppress(*NO_AGENT):
            self.socket.shutdown()

    def say(self, content):
        self.socket.send(f"<NetsRequest>{self.header}{content}</NetsRequest>")

    def administer(self, code):
        self.say(
            f"<Dfs13Administration><OperId>0000</OperId><AdmCode>{code}</AdmCode><OptionalData/></Dfs13Administration>"
        )

    def transfer(self, request):
        if request["method"] == "administration":
            self.administer(request["adm_code"])
            return
        fields = {
            "TransactionType": request["transaction_type"],
            "OperId": "0000",
            "Amount1": request["amount"],
            "Amount2": 0,
            "Amount3": 0,
            "Type2": 48,
            "Type3": 48,
        }
        content = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        self.say(f"<Dfs13TransferAmount>{content}</Dfs13TransferAmount>")

    def hear(self, seconds):
        """Return the next document, "" where none comes within this time."""
        until = time.monotonic() + seconds
        while END not in self._buffer:
            left = until - time.monotonic()
            if left <= 0:
                return ""
            self.socket.settimeout(left)
            try:
                data = self.socket.recv()
            except websocket.WebSocketTimeoutException:
                return ""
            if not data:
                raise websocket.WebSocketConnectionClosedException
            self._buffer += data if isinstance(data, str) else data.decode()
        document, _end, self._buffer = self._buffer.partition(END)
        return document + END

    def ask(self, ends, seconds=QUESTION_TIME):
        """Return what was heard up to the first document in which one of these names stands."""
        heard = []
        until = time.monotonic() + seconds
        while document := self.hear(until - time.monotonic()):
            heard.append(document)
            if any(name in document for name in ends):
                break
        return heard

    def open(self):
        self.say("<Open/>")
        self.ask(("Dfs13TerminalReady", "MethodRejected", "Dfs13Error"))
        return self

    def last_result(self):
        self.administer(LAST_RESULT)
        return self.ask(("Dfs13LastFinancialResult", "MethodRejected", "Dfs13Error"))


class Page:
    """The page of somebody who pressed, in a thread of its own."""

    def __init__(self, desk, job, ends="", reports="once", alters=None):
        """Choose what goes wrong.

        :param Desk desk: whose browser it is
        :param dict job: what the server said is to be done
        :param str ends: when the browser is closed, one of the names above
        :param str reports: "once"; "twice": at the same moment, and again afterwards; "late": only after `let_report`
        :param alters: called with the agent's messages, returns what is reported instead
        """
        self.desk, self.job = desk, job
        self.ends, self.reports, self.alters = ends, reports, alters
        self.token = ""
        self.heard = []  # since the request was written
        self.error = None
        self._is_closed = False
        self._may_report, self._has_answer = threading.Event(), threading.Event()
        self._agent = None
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._thread.start()

    # === FROM OUTSIDE === #

    def close(self):
        """Close the browser, whatever it is at."""
        self._is_closed = True
        if self._agent:
            self._agent.close()

    def wait_answered(self):
        """Wait until it has a report to make, and so beats no more.

        :raise StackError: where it never has
        """
        if not self._has_answer.wait(PATIENCE):
            raise StackError("The browser heard no answer.")

    def let_report(self):
        self._may_report.set()

    def join(self):
        """Wait until the page has nothing more to do.

        :raise StackError: with what went wrong in it
        """
        self._thread.join(PATIENCE)
        if self._thread.is_alive() or self.error:
            raise StackError(f"The browser {'failed' if self.error else 'hangs'}: {self.error}") from self.error

    # === WHAT IT DOES === #

    def _guarded(self):
        try:
            self._send()
        except PageClosed:
            pass
        except Exception as error:  # noqa: BLE001  told by `join`
            self.error = error
        finally:
            if self._agent:
                self._agent.close()

    def _at(self, boundary=None):
        """Stop here where the browser is closed at this boundary, or was meanwhile."""
        if self._is_closed or boundary == self.ends:
            raise PageClosed

    def _insist(self, method, *args, seconds=PATIENCE):
        """Say it until the server has answered; None where it refuses, or where that takes too long."""
        try:
            return self.desk.insist(
                time.monotonic() + seconds, "nets.transaction", method, [self.job["transaction_id"]], *args
            )
        except (self.desk.Refused, self.desk.Unreachable):
            return None

    def _send(self):
        self._at(PRESSED)
        try:
            self._agent = Agent(self.job).open()
            last = self._agent.last_result()
        except NO_AGENT:
            self._at()
            self._insist("agent_not_reached", "refused", "")
            return
        self.token = new_token()
        claim = self._insist("agent_claim", self.token, "Browser", last, seconds=CLAIM_TIME)
        self._at(CLAIMED)
        if claim and claim["request"]:
            self._run(claim["request"])

    def _run(self, request):
        try:
            self._agent.transfer(request)
        except NO_AGENT:
            self._report([], True, "not_written")
            return
        until = time.monotonic() + self.job["customer_timeout"]
        has_begun, trouble, beat_at = False, "timeout", 0.0
        while (left := until - time.monotonic()) > 0:
            if time.monotonic() > beat_at:
                self._beat()
                beat_at = time.monotonic() + BEAT_INTERVAL
            try:
                document = self._agent.hear(min(left, BEAT_INTERVAL))
            except NO_AGENT:
                trouble = "closed"
                break
            if not document:
                continue
            self.heard.append(document)
            is_refusal = "<MethodRejected" in document or "<Dfs13Error" in document
            if "<Dfs13TerminalReady" in document:
                until = min(until, time.monotonic() + QUIET_TIME) if has_begun else until
            elif not is_refusal:
                has_begun = True
            if ("<Dfs13LocalMode" in document or (is_refusal and not has_begun)) and self._is_reported():
                return
        self._at()
        self._report(self.heard, True, trouble)

    def _is_reported(self):
        self._at(ANSWERED)
        answer = self._report(self.heard, False)
        self._at(REPORTED)
        return not answer or answer["done"]

    def _report(self, heard, *more):
        said = [self.token, self.alters(list(heard)) if self.alters else list(heard), *more]
        self._has_answer.set()
        if self.reports == "late":
            self._may_report.wait(PATIENCE)
        if self.reports != "twice":
            return self._insist("agent_report", *said)
        twin = threading.Thread(target=self._repeat, args=(self.desk.copy(), said))
        twin.start()
        self._insist("agent_report", *said)
        twin.join()
        return self._insist("agent_report", *said)

    def _repeat(self, desk, said):
        with contextlib.suppress(desk.Refused, desk.Unreachable):
            desk.call("nets.transaction", "agent_report", [self.job["transaction_id"]], *said, server=1)

    def _beat(self):
        """That it is there, and what is shown; one that is missed is nothing."""
        shown = re.findall("<Dfs13DisplayText>(.*?)</Dfs13DisplayText>", " ".join(self.heard), re.DOTALL)
        transaction = [self.job["transaction_id"]]
        with contextlib.suppress(self.desk.Refused, self.desk.Unreachable):
            answer = self.desk.call("nets.transaction", "agent_beat", transaction, self.token, (shown or [""])[-1])
            if answer["abort"]:
                with contextlib.suppress(*NO_AGENT):
                    self._agent.administer(CANCEL)
                self.desk.call("nets.transaction", "agent_abort_sent", transaction, self.token)


def look_up(desk, job, is_closed=False):
    """Ask the agent for what got lost, as any page does that may use the terminal.

    :param bool is_closed: the browser is closed before it says what it saw
    """
    transaction, token, agent, seen = [job["transaction_id"]], new_token(), None, []
    with contextlib.suppress(*NO_AGENT):
        agent = Agent(job).open()
    try:
        if not desk.call("nets.transaction", "agent_claim_lookup", transaction, token):
            return
        if agent:
            with contextlib.suppress(*NO_AGENT):
                seen = agent.last_result()
        if not is_closed:
            desk.call("nets.transaction", "agent_report_lookup", transaction, token, seen, bool(agent), "Browser")
    except (desk.Refused, desk.Unreachable):
        pass  # the next one looks
    finally:
        if agent:
            agent.close()
