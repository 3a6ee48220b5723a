"""What is sent, how often, and what becomes of a token."""

import json
import logging
import re
import threading
import time

import pytest
import responses
from conftest import PASSWORD, TERMINAL, http_answer, jwt

from connect_cloud import (
    PRODUCTION_URL,
    TEST_URL,
    ConnectCloudClient,
    ConnectCloudError,
    OutcomeState,
    Reason,
    SendRefused,
    Timeouts,
    Token,
)

NETS = "https://nets.example"
LOGIN = f"{NETS}/v1/login"
TRANSACTION = f"{NETS}/v1/terminal/{TERMINAL}/transaction"
ADMINISTRATION = f"{NETS}/v1/terminal/{TERMINAL}/administration"
NOW = 1_700_000_000.0
OLD = Token(jwt(n="old", exp=NOW + 86400), NOW + 86400)
NEW = jwt(n="new", exp=NOW + 86400)
SECOND = jwt(n="second", exp=NOW + 86400)

APPROVED = {"result": [{"localModeEventArgs": {"Result": 0, "TotalAmount": 100}}]}
GRANTED = {"token": NEW, "username": "demo", "terminals": [TERMINAL, "10000002"]}


@pytest.fixture
def nets():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def stored():
    """What the owner was told to store."""
    return []


@pytest.fixture
def client(stored):
    return make_client(on_token=stored.append)


def make_client(token=OLD, **kwargs):
    return ConnectCloudClient(NETS, "demo", PASSWORD, token=token, clock=lambda: NOW, **kwargs)


def yes(attempt):
    return True


def buy(client, before_send=yes):
    return client.purchase(TERMINAL, 100, "A-1", before_send=before_send)


def sent(nets, path=""):
    return [call.request for call in nets.calls if path in call.request.url]


def verdict(outcome):
    return outcome.state, outcome.reason, outcome.started


# === WHAT IS SENT === #

CALLS = [
    (
        lambda c: c.purchase(TERMINAL, 12550, "A-1", before_send=yes),
        ("POST", "/transaction"),
        {"transactionType": "purchase", "amount": 12550, "orderId": "A-1"},
        300,
    ),
    (
        lambda c: c.refund(TERMINAL, 12550, "A-1", before_send=yes),
        ("POST", "/transaction"),
        {"transactionType": "returnOfGoods", "amount": 12550, "orderId": "A-1"},
        300,
    ),
    (
        lambda c: c.void(TERMINAL, 12550, before_send=yes),
        ("DELETE", "/transaction"),
        {"amount": 12550},
        120,
    ),
    (lambda c: c.last_transaction(TERMINAL), ("GET", "/transaction"), None, 60),
    (lambda c: c.terminal_state(TERMINAL), ("GET", ""), None, 10),
    (lambda c: c.terminal_settings(TERMINAL), ("GET", "/settings"), None, 10),
    (
        lambda c: c.set_terminal_settings(TERMINAL),
        ("PUT", "/settings"),
        {"printerWidth": 0},
        10,
    ),
    (
        lambda c: c.set_terminal_settings(TERMINAL, printer_width=24),
        ("PUT", "/settings"),
        {"printerWidth": 24},
        10,
    ),
    (
        lambda c: c.cancel(TERMINAL),
        ("POST", "/administration"),
        {"action": "cancelAction"},
        10,
    ),
    (
        lambda c: c.reconciliation(TERMINAL, before_send=yes),
        ("POST", "/administration"),
        {"action": "reconciliation"},
        120,
    ),
    (
        lambda c: c.download_dataset(TERMINAL, before_send=yes),
        ("POST", "/administration"),
        {"action": "downloadDataset"},
        300,
    ),
    (
        lambda c: c.download_software(TERMINAL, before_send=yes),
        ("POST", "/administration"),
        {"action": "downloadSoftware"},
        300,
    ),
    (
        lambda c: c.balance_inquiry(TERMINAL, before_send=yes),
        ("POST", "/administration"),
        {"action": "balanceInquiry", "amount": 0},
        300,
    ),
]


@pytest.mark.parametrize(("run", "target", "body", "timeout"), CALLS)
def test_each_call_is_sent_once_with_its_body_and_its_own_timeout(nets, client, run, target, body, timeout):
    method, tail = target
    answer = {"result": {}, "terminal": {"terminalState": "idle"}}
    nets.add(method, f"{NETS}/v1/terminal/{TERMINAL}{tail}", json=answer)
    run(client)
    (request,) = sent(nets)
    assert request.headers["Authorization"] == f"Bearer {OLD.value}"
    assert request.req_kwargs["timeout"] == (10, timeout)
    if body is None:
        assert request.body is None
        assert "Content-Type" not in request.headers
    else:
        assert json.loads(request.body) == body
        assert request.headers["Content-Type"] == "application/json"


def test_each_kind_of_call_has_a_timeout_of_its_own(nets):
    timeouts = Timeouts(1, 2, 3, 4, 5, 6, 7, 8, 9)
    client = make_client(token=None, timeouts=timeouts)
    nets.post(LOGIN, json=GRANTED)
    nets.add(responses.GET, re.compile(".*"), json={"terminal": {"terminalState": "x"}})
    for method in (responses.POST, responses.DELETE):
        nets.add(method, re.compile(".*"), json={})
    client.terminal_state(TERMINAL)
    client.cancel(TERMINAL)
    buy(client)
    client.void(TERMINAL, 1, before_send=yes)
    with pytest.raises(ConnectCloudError):
        client.last_transaction(TERMINAL)
    client.reconciliation(TERMINAL, before_send=yes)
    client.download_dataset(TERMINAL, before_send=yes)
    found = [request.req_kwargs["timeout"] for request in sent(nets)]
    assert found == [(1, total) for total in (2, 3, 4, 5, 6, 7, 8, 9)]


def test_the_default_waits_as_long_as_a_customer_may_take():
    assert Timeouts() == Timeouts(10, 10, 10, 10, 300, 120, 60, 120, 300)


def test_the_addresses_are_those_of_nets():
    assert PRODUCTION_URL == "https://connectcloud.aws.nets.eu"
    assert TEST_URL == "https://connectcloud-test.aws.nets.eu"


def test_a_slash_behind_the_address_does_no_harm(nets):
    nets.post(TRANSACTION, json=APPROVED, status=201)
    client = ConnectCloudClient(NETS + "/", "demo", PASSWORD, token=OLD, clock=lambda: NOW)
    assert buy(client).state == OutcomeState.APPROVED


@pytest.mark.parametrize("address", ["", "nets.example", "ftp://nets.example", "https://", "https://a:b@nets.example"])
def test_an_address_that_cannot_be_one_is_refused(address):
    with pytest.raises(ValueError, match="base_url"):
        ConnectCloudClient(address, "demo", PASSWORD)


@pytest.mark.parametrize("amount", [0, -1, 1.0, "100", None, True])
def test_an_amount_that_is_no_positive_integer_is_not_sent(nets, client, amount):
    claimed = []
    for run in (
        lambda: client.purchase(TERMINAL, amount, "A-1", before_send=claimed.append),
        lambda: client.refund(TERMINAL, amount, "A-1", before_send=claimed.append),
        lambda: client.void(TERMINAL, amount, before_send=claimed.append),
    ):
        with pytest.raises(ValueError, match="amount"):
            run()
    assert not claimed
    assert not nets.calls


@pytest.mark.parametrize("order_id", ["", "a", "A B", "A" * 21, "Å", "A\n", None, 5])
def test_an_order_id_that_nets_might_not_take_is_not_sent(nets, client, order_id):
    with pytest.raises(ValueError, match="order_id"):
        client.purchase(TERMINAL, 100, order_id, before_send=yes)
    assert not nets.calls


@pytest.mark.parametrize("terminal", ["", "1234567", "123456789", "../login", "1000000\n", 10000001])
def test_a_terminal_id_that_cannot_be_one_is_not_sent(nets, client, terminal):
    with pytest.raises(ValueError, match="terminal_id"):
        client.purchase(terminal, 100, "A-1", before_send=yes)
    assert not nets.calls


# === ANSWERS OF QUERIES === #


def test_the_terminals_are_listed(nets, client):
    nets.get(f"{NETS}/v1/terminal", json={"terminals": [{"terminalId": TERMINAL}]})
    assert client.terminals() == [TERMINAL]


def test_a_state_is_shown_raw(nets, client):
    nets.get(f"{NETS}/v1/terminal/{TERMINAL}", json={"terminal": {"terminalState": "NewState"}})
    assert client.terminal_state(TERMINAL) == "NewState"


@pytest.mark.parametrize("body", [{}, {"terminal": None}, {"terminal": {}}, {"terminal": {"terminalState": None}}])
def test_a_state_that_is_not_there_is_not_made_up(nets, client, body):
    nets.get(f"{NETS}/v1/terminal/{TERMINAL}", json=body)
    with pytest.raises(ConnectCloudError) as caught:
        client.terminal_state(TERMINAL)
    assert caught.value.reason == Reason.UNREADABLE_ANSWER


def test_terminals_that_are_not_there_are_not_taken_for_none(nets, client):
    nets.get(f"{NETS}/v1/terminal", json={})
    with pytest.raises(ConnectCloudError) as caught:
        client.terminals()
    assert caught.value.reason == Reason.UNREADABLE_ANSWER


def test_settings_are_read_and_set(nets, client):
    url = f"{NETS}/v1/terminal/{TERMINAL}/settings"
    nets.get(url, json={"printerWidth": 24})
    nets.put(url, body="", status=204)
    assert client.terminal_settings(TERMINAL) == {"printerWidth": 24}
    client.set_terminal_settings(TERMINAL)


def test_settings_that_could_not_be_set_are_told(nets, client):
    nets.put(f"{NETS}/v1/terminal/{TERMINAL}/settings", json={"failure": "odd"}, status=400)
    with pytest.raises(ConnectCloudError) as caught:
        client.set_terminal_settings(TERMINAL)
    assert (caught.value.reason, caught.value.message) == (Reason.SERVICE_ERROR, "odd")


@pytest.mark.parametrize("status", [200, 201, 400])
@pytest.mark.parametrize("body", ["", "<html>", '{"failure": "No transaction to cancel"}'])
def test_the_answer_to_a_cancel_decides_nothing(nets, client, status, body):
    nets.post(ADMINISTRATION, body=body, status=status)
    assert client.cancel(TERMINAL) is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, Reason.TERMINAL_NOT_ALLOWED),
        (404, Reason.TERMINAL_NOT_ALLOWED),
        (500, Reason.SERVICE_ERROR),
    ],
)
def test_a_cancel_that_was_not_delivered_is_told(nets, client, status, reason):
    nets.post(ADMINISTRATION, body="", status=status)
    with pytest.raises(ConnectCloudError) as caught:
        client.cancel(TERMINAL)
    assert caught.value.reason == reason


# === BEFORE SEND === #


def test_the_claim_comes_after_the_login_and_right_before_the_sending(nets):
    client = make_client(token=None)
    nets.post(LOGIN, json=GRANTED)
    nets.post(TRANSACTION, json=APPROVED, status=201)
    seen = []

    def claim(attempt):
        seen.append((attempt, [request.url for request in sent(nets)]))
        return True

    assert buy(client, claim).state == OutcomeState.APPROVED
    assert seen == [(1, [LOGIN])]


@pytest.mark.parametrize("answer", [False, None, 0])
@pytest.mark.parametrize(
    "run",
    [
        buy,
        lambda c, claim: c.refund(TERMINAL, 100, "A-1", before_send=claim),
        lambda c, claim: c.void(TERMINAL, 100, before_send=claim),
        lambda c, claim: c.reconciliation(TERMINAL, before_send=claim),
        lambda c, claim: c.download_dataset(TERMINAL, before_send=claim),
        lambda c, claim: c.download_software(TERMINAL, before_send=claim),
        lambda c, claim: c.balance_inquiry(TERMINAL, before_send=claim),
    ],
)
def test_nothing_is_sent_without_a_claim(nets, client, run, answer):
    with pytest.raises(SendRefused) as caught:
        run(client, lambda attempt: answer)
    assert caught.value.attempt == 1
    assert not nets.calls


def test_a_repeat_that_lost_its_claim_is_not_sent(nets, client):
    nets.post(TRANSACTION, json={}, status=401)
    nets.post(LOGIN, json=GRANTED)
    with pytest.raises(SendRefused) as caught:
        buy(client, lambda attempt: attempt == 1)
    assert caught.value.attempt == 2
    assert len(sent(nets, "/transaction")) == 1


def test_an_error_of_the_claim_goes_to_its_owner_and_nothing_is_sent(nets, client):
    def claim(attempt):
        raise LookupError("the database is away")

    with pytest.raises(LookupError):
        buy(client, claim)
    assert not nets.calls


# === 401 === #


def test_a_401_is_repeated_once_with_a_new_token_and_a_second_claim(nets, client, stored):
    nets.post(TRANSACTION, json={"error": "expired"}, status=401)
    nets.post(LOGIN, json=GRANTED)
    nets.post(TRANSACTION, json=APPROVED, status=201)
    attempts = []
    outcome = buy(client, lambda attempt: attempts.append(attempt) or True)
    assert outcome.state == OutcomeState.APPROVED
    assert attempts == [1, 2]
    first, second = sent(nets, "/transaction")
    assert first.body == second.body
    assert first.headers["Authorization"] == f"Bearer {OLD.value}"
    assert second.headers["Authorization"] == f"Bearer {NEW}"
    assert stored == [None, Token(NEW, NOW + 86400)]


@pytest.mark.parametrize(
    "run",
    [
        buy,
        lambda c: c.refund(TERMINAL, 100, "A-1", before_send=yes),
        lambda c: c.void(TERMINAL, 100, before_send=yes),
        lambda c: c.reconciliation(TERMINAL, before_send=yes),
    ],
)
def test_a_second_401_ends_it_and_nothing_was_started(nets, client, stored, run):
    for method in (responses.POST, responses.DELETE):
        nets.add(method, TRANSACTION, json={"error": "no"}, status=401)
    nets.post(ADMINISTRATION, json={"error": "no"}, status=401)
    nets.post(LOGIN, json=GRANTED)
    outcome = run(client)
    assert verdict(outcome) == (OutcomeState.NOT_APPROVED, Reason.CALL_REFUSED, False)
    assert outcome.message == "no"
    assert len(sent(nets, "/terminal/")) == 2
    assert len(sent(nets, "/login")) == 1
    assert stored == [None, Token(NEW, NOW + 86400), None]


def test_a_query_is_repeated_once_after_a_401_as_well(nets, client):
    url = f"{NETS}/v1/terminal/{TERMINAL}"
    nets.post(LOGIN, json=GRANTED)
    nets.get(url, json={}, status=401)
    nets.get(url, json={"terminal": {"terminalState": "idle"}})
    assert client.terminal_state(TERMINAL) == "idle"
    assert len(sent(nets, "/terminal/")) == 2


def test_a_query_refused_twice_raises(nets, client):
    nets.post(LOGIN, json=GRANTED)
    nets.get(TRANSACTION, json={"error": "no"}, status=401)
    with pytest.raises(ConnectCloudError) as caught:
        client.last_transaction(TERMINAL)
    error = caught.value
    assert (error.reason, error.message, error.status) == (Reason.CALL_REFUSED, "no", 401)
    assert len(sent(nets, "/terminal/")) == 2


@pytest.mark.parametrize("status", [200, 201, 302, 400, 403, 404, 409, 429, 500, 502, 503, 504])
def test_nothing_else_is_ever_repeated(nets, client, status):
    headers = {"Location": TRANSACTION, "Retry-After": "0"}
    for method in (responses.POST, responses.DELETE, responses.GET):
        nets.add(method, TRANSACTION, body="", status=status, headers=headers)
    nets.post(ADMINISTRATION, body="", status=status, headers=headers)
    buy(client)
    client.refund(TERMINAL, 100, "A-1", before_send=yes)
    client.void(TERMINAL, 100, before_send=yes)
    client.reconciliation(TERMINAL, before_send=yes)
    with pytest.raises(ConnectCloudError):
        client.last_transaction(TERMINAL)
    assert len(nets.calls) == 5


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ({"json": {"error": "bad"}, "status": 401}, Reason.LOGIN_REFUSED),
        ({"json": {"error": "not activated"}, "status": 403}, Reason.ACCOUNT_NOT_ACTIVATED),
        ({"body": "", "status": 500}, Reason.LOGIN_UNAVAILABLE),
        ({"body": "<html>", "status": 200}, Reason.LOGIN_UNAVAILABLE),
        ({"body": ConnectionError("cut")}, Reason.LOGIN_UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("token", [None, OLD])
def test_a_login_that_fails_around_a_purchase_means_that_nothing_was_started(nets, token, login, reason):
    nets.post(TRANSACTION, json={}, status=401)
    nets.post(LOGIN, **login)
    client = make_client(token=token)
    claims = []
    outcome = buy(client, lambda attempt: claims.append(attempt) or True)
    assert verdict(outcome) == (OutcomeState.NOT_APPROVED, reason, False)
    assert claims == ([1] if token else [])


# === LOGIN AND TOKEN === #


def test_a_login_keeps_and_hands_out_its_token(nets, stored):
    client = make_client(token=None, on_token=stored.append)
    nets.post(LOGIN, json=GRANTED)
    assert client.login() == (TERMINAL, "10000002")
    assert stored == [Token(NEW, NOW + 86400)]
    (request,) = sent(nets)
    assert json.loads(request.body) == {"username": "demo", "password": PASSWORD}
    assert "Authorization" not in request.headers


def test_a_token_is_used_until_ten_minutes_before_its_end(nets, stored):
    nets.post(LOGIN, json=GRANTED)
    fresh = make_client(token=Token("t" * 20, NOW + 600), on_token=stored.append)
    fresh.ensure_token()
    assert not nets.calls
    ending = make_client(token=Token("t" * 20, NOW + 599), on_token=stored.append)
    ending.ensure_token()
    ending.ensure_token()
    assert len(nets.calls) == 1
    assert stored == [Token(NEW, NOW + 86400)]


def test_a_password_in_netrc_does_not_take_the_place_of_the_token(nets, client, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    nets.post(TRANSACTION, json=APPROVED, status=201)
    nets.post(LOGIN, json=GRANTED)
    buy(client)
    client.login()
    purchase, login = sent(nets)
    assert purchase.headers["Authorization"] == f"Bearer {OLD.value}"
    assert "Authorization" not in login.headers


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("x", ""), (False, False)])
def test_a_login_without_user_name_or_password_is_not_tried(nets, username, password):
    client = ConnectCloudClient(NETS, username, password)
    with pytest.raises(ConnectCloudError) as caught:
        client.login()
    assert caught.value.reason == Reason.LOGIN_MISSING
    outcome = buy(client)
    assert verdict(outcome) == (OutcomeState.NOT_APPROVED, Reason.LOGIN_MISSING, False)
    assert not nets.calls


def test_a_refused_login_says_what_nets_says(nets, stored):
    client = make_client(token=None, on_token=stored.append)
    nets.post(LOGIN, json={"error": "Invalid username or password"}, status=401)
    with pytest.raises(ConnectCloudError) as caught:
        client.login()
    error = caught.value
    assert (error.reason, error.status) == (Reason.LOGIN_REFUSED, 401)
    assert error.message == "Invalid username or password"
    assert stored == []


def test_an_owner_that_cannot_store_a_token_does_not_spoil_a_payment(nets, caplog):
    def store(token):
        raise LookupError(f"INSERT {token}, {NEW}")

    nets.post(TRANSACTION, json={}, status=401)
    nets.post(LOGIN, json=GRANTED)
    nets.post(TRANSACTION, json=APPROVED, status=201)
    assert buy(make_client(on_token=store)).state == OutcomeState.APPROVED
    assert "LookupError" in caplog.text
    assert NEW not in caplog.text


def test_threads_that_need_a_token_share_one_login(serve, connect):
    everybody = threading.Barrier(3)

    def answer(connection, server):
        server.read_request(connection)
        line = server.requests[-1][0]
        granted = {"token": jwt(exp=time.time() + 86400), "terminals": []}
        body = granted if b"login" in line else {"terminal": {"terminalState": "idle"}}
        connection.sendall(http_answer(200, body))

    server = serve(answer)
    client = connect(server, token=None)
    states = []

    def ask():
        everybody.wait(5)
        states.append(client.terminal_state(TERMINAL))

    threads = [threading.Thread(target=ask) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert states == ["idle"] * 3
    assert len([line for line, _head, _body in server.requests if b"login" in line]) == 1


def test_a_401_for_a_token_that_another_thread_has_renewed_costs_no_login(nets, client, stored):
    nets.post(LOGIN, json=GRANTED)

    def refuse(request):
        if request.headers["Authorization"] == f"Bearer {OLD.value}":
            if not stored:
                client.login()  # another thread, meanwhile
            return 401, {}, "{}"
        return 201, {}, json.dumps(APPROVED)

    nets.add_callback(responses.POST, TRANSACTION, refuse)
    assert buy(client).state == OutcomeState.APPROVED
    assert len(sent(nets, "/login")) == 1
    assert stored == [Token(NEW, NOW + 86400)]


# === SECRETS === #


def test_no_secret_reaches_a_log_an_error_or_a_raw_answer(nets, caplog):
    caplog.set_level(logging.DEBUG)
    pan = "4761739001010010"
    client = make_client(token=None)
    nets.post(LOGIN, json=GRANTED)
    echo = f"bad token {NEW} of card {pan}"
    nets.post(TRANSACTION, json={"failure": {"error": echo, "customerReceipt": "RCPT"}}, status=400)
    nets.get(TRANSACTION, json={"failure": echo}, status=500)
    outcome = buy(client)
    with pytest.raises(ConnectCloudError) as query_error:
        client.last_transaction(TERMINAL)
    nets.replace(responses.POST, LOGIN, json={"error": f"wrong: {PASSWORD}"}, status=401)
    with pytest.raises(ConnectCloudError) as login_error:
        client.login()
    assert login_error.value.message == "wrong: [hidden]"
    assert outcome.message == "bad token [hidden] of card ************0010"
    for error in (query_error.value, login_error.value):
        # an exception's cause would hold the request, and so the password and the token
        assert error.__cause__ is None
        assert error.__context__ is None
    shown = " ".join(
        [
            caplog.text,
            outcome.raw,
            repr(outcome),
            repr(client),
            *(f"{e.value!r} {e.value} {vars(e.value)}" for e in (query_error, login_error)),
        ]
    )
    for secret in (PASSWORD, NEW, pan):
        assert secret not in shown
    assert "RCPT" not in caplog.text
    assert "/transaction" in caplog.text
