"""Baxi.Agent talks as protocol.md, section 9, says: on the same terminals as the REST service."""

import contextlib
import xml.etree.ElementTree as ET

import pytest
import websocket
from conftest import DESK, PATIENCE, until

OTHER = "10000002"
CANCEL, RECONCILIATION, X_REPORT, Z_REPORT, LAST = 12594, 12592, 12598, 12599, 12605


class Till:
    """A client of an agent: what it said is kept as (name of the message, its texts by name)."""

    def __init__(self, url, terminal=DESK, ecr_id="TILL-1"):
        self.terminal, self.ecr_id = terminal, ecr_id
        address = f"{url.replace('http', 'ws')}/agent/{terminal}"
        self.socket = websocket.create_connection(address, timeout=PATIENCE)
        self.frames = []  # (opcode, data)
        self._buffer = b""

    def ask(self, content, **header):
        names = {"ECRID": self.ecr_id, "TerminalID": self.terminal, "VersionNumber": "1", **header}
        head = " ".join(f'{name}="{value}"' for name, value in names.items())
        self.socket.send(f"<NetsRequest><MessageHeader {head}/>{content}</NetsRequest>")

    def open(self):
        self.ask("<Open/>")
        return self.until("Dfs13TerminalReady")

    def transfer(self, amount=12500, kind=48, operator="0000", **more):
        fields = {"TransactionType": kind, "OperId": operator, "Amount1": amount, "Amount2": 0, **more}
        self.ask(f"<Dfs13TransferAmount>{_xml(fields)}</Dfs13TransferAmount>")

    def administration(self, code, operator="0000"):
        fields = {"OperId": operator, "AdmCode": code, "OptionalData": ""}
        self.ask(f"<Dfs13Administration>{_xml(fields)}</Dfs13Administration>")

    def next(self):
        """The next message; raises where the connection ends before it."""
        end = b"</NetsResponse>"
        while end not in self._buffer:
            opcode, data = self.socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                raise ConnectionError
            self.frames.append((opcode, data))
            self._buffer += data
        text, _end, self._buffer = self._buffer.partition(end)
        header, *messages = ET.fromstring(text + end)
        assert header.attrib["TerminalID"] == self.terminal
        (message,) = messages
        self.heard_for = header.attrib["ECRID"]
        texts = {child.tag: child.text or "" for child in message}
        return message.tag, texts or message.text or ""

    def until(self, *names):
        """All messages up to and with the first of these."""
        messages = []
        while not messages or messages[-1][0] not in names:
            messages.append(self.next())
        return messages

    def rejected(self):
        (message,) = self.until("MethodRejected")
        return message[1]["Code"]

    def is_cut(self):
        with contextlib.suppress(websocket.WebSocketException, ConnectionError):
            while True:
                self.next()
        return True


def _xml(fields):
    return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())


def names(messages):
    return [name for name, _texts in messages if name != "Dfs13DisplayText"]


def result(messages):
    return next(texts for name, texts in messages if name in ("Dfs13LocalMode", "Dfs13LastFinancialResult"))


@pytest.fixture
def connect(sim):
    with contextlib.ExitStack() as stack:

        def connect(**options):
            till = Till(sim.url, **options)
            stack.callback(till.socket.close)
            return till

        yield connect


@pytest.fixture
def till(connect):
    till = connect()
    till.open()
    return till


# === A TRANSACTION === #


def test_a_payment_shows_prints_and_ends_in_this_order(sim, till):
    till.transfer(12500)
    displays = till.until("Dfs13DisplayText")
    assert "Tap or insert card" in displays[0][1]
    sim.press("tap")
    messages = till.until("Dfs13TerminalReady")
    assert names(messages) == ["Dfs13PrintText", "Dfs13PrintText", "Dfs13LocalMode", "Dfs13TerminalReady"]
    assert "APPROVED" in messages[-3][1]["Text"]
    fields = result(messages)
    assert (fields["Result"], fields["TotalAmount"], len(fields["StanAuth"])) == ("0", "00000012500", 12)
    assert till.heard_for == "TILL-1"
    (entry,) = sim.ledger()
    assert (entry["amount"], entry["kind"], entry["stanAuth"]) == (12500, "purchase", fields["StanAuth"])
    # the very same terminal is seen through the REST service
    assert sim.last()["latestTransactionResult"]["StanAuth"] == fields["StanAuth"]
    assert sim.state()["agents"] == ["TILL-1"]


@pytest.mark.parametrize(("kind", "name"), [(49, "refund"), (51, "purchase")])
def test_other_kinds_are_charged_as_what_they_are(sim, till, kind, name):
    sim.script({"outcome": "approved"})
    till.transfer(1000, kind, Amount2=200)
    assert result(till.until("Dfs13TerminalReady"))["Result"] == "0"
    assert [(entry["kind"], entry["amount"]) for entry in sim.ledger()] == [(name, 1000)]


def test_a_reversal_takes_back_the_last_payment(sim, till):
    sim.script({"outcome": "approved"})
    till.transfer(1000)
    till.until("Dfs13TerminalReady")
    till.transfer(1000, 50)
    till.until("Dfs13TerminalReady")
    assert [entry["kind"] for entry in sim.ledger()] == ["purchase", "reversal"]


def test_a_decline_says_why(sim, till):
    sim.script({"outcome": "insufficient_funds"})
    till.transfer()
    fields = result(till.until("Dfs13TerminalReady"))
    assert (fields["Result"], fields["ResponseCode"]) == ("2", "51")
    assert sim.ledger() == []


def test_an_abort_is_answered_by_the_transaction_alone(sim, till):
    till.transfer()
    till.until("Dfs13DisplayText")
    till.administration(CANCEL)
    fields = result(till.until("Dfs13TerminalReady"))
    assert (fields["Result"], fields["RejectionReason"], fields["StanAuth"]) == ("2", "2:1", "")
    sim.script({"abort": "too_late", "wait": "card"})
    till.transfer()
    till.until("Dfs13DisplayText")
    till.administration(CANCEL)
    assert result(till.until("Dfs13TerminalReady"))["Result"] == "0"
    till.administration(CANCEL)
    assert till.rejected() == "7105"


@pytest.mark.parametrize(
    "fields", [{"amount": 0}, {"amount": "12,50"}, {"kind": 52}, {"kind": 51, "Amount2": 12500}, {"amount": -1}]
)
def test_a_malformed_transfer_is_a_format_error(sim, till, fields):
    till.transfer(**fields)
    assert result(till.until("Dfs13TerminalReady"))["RejectionReason"] == "4:6"
    assert sim.state()["phase"] == "idle"


@pytest.mark.parametrize("operator", ["", "1", "00000", "ABCD", "１２３４"])
def test_a_bad_operator_id_is_rejected(sim, till, operator):
    till.transfer(operator=operator)
    assert till.rejected() == "7506"
    till.administration(LAST, operator)
    assert till.rejected() == "7506"
    assert sim.state()["phase"] == "idle"


# === OPEN, AND WHO MAY === #


def test_nothing_is_taken_before_open_and_a_second_open_does_no_harm(sim, connect):
    till = connect()
    till.transfer()
    assert till.rejected() == "7101"
    assert names(till.open()) == ["Dfs13TerminalReady"]
    till.ask("<Open/>")
    assert till.rejected() == "7102"
    till.administration(LAST)
    assert till.next()[0] == "Dfs13LastFinancialResult"


@pytest.mark.parametrize(("how", "code"), [("7102", "7102"), ("rejected", "9100")])
def test_open_may_be_rejected(sim, connect, how, code):
    sim.service(agent_open=how)
    till = connect()
    till.ask("<Open/>")
    assert till.rejected() == code


def test_open_may_be_silent(sim, connect):
    sim.service(agent_open="silent")
    till = connect()
    till.ask("<Open/>")
    till.administration(LAST)
    assert till.next()[0] == "Dfs13LastFinancialResult"


def test_an_agent_may_not_be_there(sim, connect):
    sim.service(agent="down")
    with pytest.raises((websocket.WebSocketException, ConnectionError)):
        connect()
    with pytest.raises(websocket.WebSocketException):
        connect(terminal="99999999")


def test_what_is_no_request_is_rejected(sim, till):
    for text in ("<", "<Other/>", "<NetsRequest/>"):
        till.socket.send(text)
        assert till.rejected() == "7501"
    till.ask("<SomethingNew/>")
    assert till.rejected() == "7501"
    till.ask("<Open/>", TerminalID=OTHER)
    assert till.rejected() == "8013"


def test_requests_are_logged_and_may_be_binary(sim, till):
    till.socket.send_binary(b'<NetsRequest><MessageHeader ECRID="T"/><Open/></NetsRequest>')
    assert till.rejected() == "7102"
    entries = sim.control("GET", "requests", terminal=DESK)["requests"]
    assert [(entry["method"], entry["status"]) for entry in entries] == [("AGENT", "Open")] * 2


def test_a_terminal_without_a_cloud_account_is_driven_by_its_agent_alone(sim, connect):
    desk = "10000004"
    till = connect(terminal=desk)
    till.open()
    sim.script({"outcome": "approved"}, terminal=desk)
    till.transfer()
    assert result(till.until("Dfs13TerminalReady"))["Result"] == "0"
    assert len(sim.ledger(desk)) == 1
    assert sim.nets("GET", f"terminal/{desk}").status_code == 404
    assert {"terminalId": desk} not in sim.nets("GET", "terminal").json()["terminals"]


# === TWO AT ONCE === #


def test_two_tills_share_an_agent_and_only_one_is_served(sim, till, connect):
    second = connect(ecr_id="TILL-2")
    second.open()
    till.transfer()
    till.until("Dfs13DisplayText")
    second.transfer()
    assert second.rejected() == "7100"
    second.administration(LAST)
    assert second.rejected() == "7100"
    sim.press("tap")
    assert result(till.until("Dfs13TerminalReady"))["Result"] == "0"
    second.administration(LAST)
    messages = second.until("Dfs13TerminalReady")
    assert names(messages) == ["Dfs13LastFinancialResult", "Dfs13TerminalReady"]
    assert result(messages)["TotalAmount"] == "00000012500"


def test_an_agent_may_take_one_client_alone(sim, till, connect):
    sim.service(agent_clients="one")
    with pytest.raises((websocket.WebSocketException, ConnectionError)):
        connect(ecr_id="TILL-2")
    till.socket.close()
    until(lambda: not sim.state()["agents"])
    connect(ecr_id="TILL-2").open()


def test_an_agent_may_tell_everybody(sim, till, connect):
    sim.service(agent_audience="all")
    sim.script({"outcome": "approved"})
    second = connect(ecr_id="TILL-2")
    second.open()
    till.transfer()
    assert result(second.until("Dfs13TerminalReady"))["Result"] == "0"
    assert second.heard_for == "TILL-1"


def test_a_terminal_is_busy_whoever_uses_it(sim, till):
    sim.background(sim.purchase)
    sim.wait("card")
    till.transfer()
    assert [name for name, _texts in till.until("MethodRejected")][-1] == "MethodRejected"
    sim.press("tap")


# === FRAMES === #


@pytest.mark.parametrize("frames", ["text", "binary", "mixed"])
@pytest.mark.parametrize("split", ["whole", "halves", "bytes", "joined"])
def test_the_same_is_said_in_all_frames(sim, till, frames, split):
    sim.service(agent_frames=frames, agent_split=split)
    sim.script({"outcome": "approved", "brand": "Købekort"})
    till.frames.clear()
    till.transfer()
    messages = till.until("Dfs13TerminalReady")
    assert result(messages)["CardIssuerName"] == "Købekort"
    opcodes = {opcode for opcode, _data in till.frames}
    kinds = {websocket.ABNF.OPCODE_TEXT: "text", websocket.ABNF.OPCODE_BINARY: "binary"}
    seen = {kinds[opcode] for opcode in opcodes}
    if frames == "binary":
        assert seen == {"binary"}
    elif split in ("whole", "joined") and frames == "text":
        assert seen == {"text"}
    count = len(till.frames)
    assert {
        "whole": count == len(messages),
        "halves": count == 2 * len(messages),
        "bytes": count > 500,
        "joined": count < len(messages),
    }[split]


def test_an_agent_may_be_slow(sim, till):
    sim.service(agent_pause=0.01, agent_split="halves")
    sim.script({"outcome": "approved"})
    till.transfer()
    assert result(till.until("Dfs13TerminalReady"))["Result"] == "0"


# === UNKIND === #


def pay(sim, till, **play):
    sim.script({"outcome": "approved", **play})
    till.transfer()


@pytest.mark.parametrize(
    ("how", "order"),
    [
        ("twice", ["LocalMode", "TerminalReady", "LocalMode"]),
        ("missing", ["TerminalReady"]),
        ("ready_first", ["TerminalReady", "LocalMode"]),
        ("no_ready", ["LocalMode"]),
    ],
)
def test_results_may_come_as_they_should_not(sim, till, how, order):
    sim.service(agent_results=how)
    pay(sim, till, receipts=False)
    heard = []
    while len(heard) < len(order):
        name, _texts = till.next()
        if name != "Dfs13DisplayText":
            heard.append(name.removeprefix("Dfs13"))
    assert heard == order
    assert len(sim.ledger()) == 1


def test_a_result_of_an_older_transaction_may_come_first(sim, till):
    pay(sim, till)
    older = result(till.until("Dfs13TerminalReady"))
    sim.service(agent_results="older_first")
    pay(sim, till)
    messages = till.until("Dfs13TerminalReady")
    first, second = [texts for name, texts in messages if name == "Dfs13LocalMode"]
    assert first["StanAuth"] == older["StanAuth"]
    assert second["StanAuth"] == sim.ledger()[1]["stanAuth"]


@pytest.mark.parametrize(("answer", "charges"), [("cut_before", 0), ("cut_after", 1), ("cut_mid", 1)])
def test_a_connection_may_end_anywhere(sim, till, answer, charges):
    pay(sim, till, answer=answer)
    assert till.is_cut()
    until(lambda: len(sim.ledger()) == charges)


def test_an_answer_may_be_99_broken_or_an_error(sim, till):
    pay(sim, till, answer="result_99")
    assert result(till.until("Dfs13TerminalReady"))["Result"] == "99"
    pay(sim, till, answer="http_500")
    assert till.until("Dfs13Error")[-1][1]["ErrorCode"] == "9000"
    till.until("Dfs13TerminalReady")
    pay(sim, till, answer="broken_json")
    with pytest.raises(ET.ParseError):
        till.until("Dfs13TerminalReady")
    assert len(sim.ledger()) == 3


@pytest.mark.parametrize(
    ("outcome", "message", "code"),
    [
        ("busy", "MethodRejected", "7100"),
        ("not_allowed", "MethodRejected", "9100"),
        ("disconnected", "Dfs13Error", "8013"),
        ("failure_text", "Dfs13Error", "7009"),
    ],
)
def test_a_transfer_may_be_turned_away(sim, till, outcome, message, code):
    sim.script({"outcome": outcome})
    till.transfer()
    name, texts = till.next()
    assert (name, texts.get("Code", texts.get("ErrorCode"))) == (message, code)
    assert sim.state()["phase"] == "idle"


def test_the_agent_is_stopped_in_mid_payment_and_the_terminal_goes_on(sim, till, connect):
    till.transfer()
    till.until("Dfs13DisplayText")
    sim.service(cut_agents=True)
    assert till.is_cut()
    again = connect()
    again.open()
    again.administration(LAST)
    assert again.rejected() == "7100"
    sim.press("tap")
    # who comes back under the same name hears the result, and may ask for it
    assert result(again.until("Dfs13TerminalReady"))["Result"] == "0"
    again.administration(LAST)
    assert result(again.until("Dfs13TerminalReady"))["StanAuth"] == sim.ledger()[0]["stanAuth"]


@pytest.mark.parametrize("how", ["result_99", "cut"])
def test_a_terminal_may_lose_power_in_mid_payment(sim, till, connect, how):
    sim.service(lost_contact=how)
    till.transfer()
    till.until("Dfs13DisplayText")
    sim.press("unplug")
    if how == "cut":
        assert till.is_cut()
        till = connect()
        till.ask("<Open/>")
        assert till.next()[1]["ErrorCode"] == "8013"
    else:
        assert result(till.until("Dfs13LocalMode"))["Result"] == "99"
        till.administration(LAST)
        assert till.until("Dfs13Error")[-1][1]["ErrorCode"] == "8013"


# === THE LAST RESULT, AND REPORTS === #


@pytest.mark.parametrize("how", ["empty", "error"])
def test_a_terminal_may_have_no_last_result(sim, till, how):
    sim.service(agent_no_last=how)
    till.administration(LAST)
    name, texts = till.next()
    assert (name, texts) == {
        "empty": ("Dfs13LastFinancialResult", ""),
        "error": ("Dfs13Error", {"ErrorCode": "7000", "ErrorString": "No transaction found"}),
    }[how]


def test_a_last_result_may_be_refused(sim, till):
    sim.service(last_transaction="error")
    till.administration(LAST)
    assert till.next()[1]["ErrorCode"] == "9000"


def test_reports_leave_the_session_alone_and_a_reconciliation_closes_it(sim, till):
    pay(sim, till)
    till.until("Dfs13TerminalReady")
    for code, title, session in [
        (X_REPORT, "X REPORT", "001"),
        (Z_REPORT, "Z REPORT", "001"),
        (RECONCILIATION, "RECONCILIATION", "001"),
        (X_REPORT, "X REPORT", "002"),
    ]:
        till.administration(code)
        messages = till.until("Dfs13TerminalReady")
        assert names(messages) == ["Dfs13PrintText", "Dfs13LocalMode", "Dfs13TerminalReady"]
        paper = next(texts["Text"] for name, texts in messages if name == "Dfs13PrintText")
        assert title in paper
        assert "\r\n" in paper
        assert ("125,00" in paper) == (session == "001")
        fields = result(messages)
        assert (fields["Result"], fields["SessionNumber"]) == ("1", session)
    # what was charged is still the last financial result
    till.administration(LAST)
    assert result(till.until("Dfs13TerminalReady"))["TotalAmount"] == "00000012500"


def test_a_reconciliation_may_fail_or_lose_its_answer(sim, till):
    sim.service(reconciliation="failure_400")
    till.administration(RECONCILIATION)
    assert till.next()[1]["ErrorCode"] == "7008"
    sim.service(reconciliation="ok", administration="cut")
    till.administration(RECONCILIATION)
    assert till.is_cut()


def test_an_unknown_administration_is_a_format_error(sim, till):
    till.administration(1)
    assert till.next()[1]["RejectionReason"] == "4:6"
