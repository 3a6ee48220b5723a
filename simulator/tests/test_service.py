"""The REST service answers as protocol.md says."""

import base64
import json
import time

import pytest
import requests
from conftest import DESK, until


def mode(answer):
    """Return localModeEventArgs of an answer to a transaction."""
    body = answer.json()
    return (body["result"][0] if "result" in body else body["failure"])["localModeEventArgs"]


# === LOGIN, TERMINALS, SETTINGS === #


def test_login_gives_a_jwt_and_the_terminals_as_strings(sim):
    answer = sim.login()
    body = answer.json()
    assert answer.status_code == 200
    assert body["username"] == "demo"
    assert body["terminals"] == ["10000001", "10000002", "10000003"]
    header, claims, _signature = body["token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "HS256"
    claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert 23 * 3600 < claims["exp"] - time.time() <= 24 * 3600


def test_login_with_a_wrong_password_is_401(sim):
    answer = sim.login(password="guessed")
    assert (answer.status_code, list(answer.json())) == (401, ["error"])


@pytest.mark.parametrize(("switch", "status"), [("refused", 401), ("unavailable", 503), ("not_activated", 403)])
def test_login_can_be_refused_by_the_service(sim, switch, status):
    sim.service(login=switch)
    assert sim.login().status_code == status


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_authorization_scheme_is_case_insensitive(sim, scheme):
    headers = {"Authorization": f"{scheme} {sim.login().json()['token']}"}
    assert requests.get(f"{sim.url}/v1/terminal", headers=headers, timeout=5).status_code == 200


def test_a_token_dies_when_revoked_forged_or_expired(sim):
    token = sim.login().json()["token"]
    assert sim.nets("GET", "terminal", token=token).status_code == 200
    assert sim.nets("GET", "terminal", token=token[:-2] + "AA").status_code == 401
    assert sim.nets("GET", "terminal", token="nonsense").status_code == 401
    sim.service(revoke_tokens=True)
    assert sim.nets("GET", "terminal", token=token).status_code == 401
    sim.service(token_lifetime=0)
    assert sim.nets("GET", "terminal", token=sim.login().json()["token"]).status_code == 401


def test_terminals_are_objects_and_their_state_is_idle(sim):
    listed = sim.nets("GET", "terminal", account="branch").json()
    assert listed == {"terminals": [{"terminalId": "20000001"}, {"terminalId": "20000002"}]}
    state = sim.nets("GET", f"terminal/{DESK}").json()
    assert state["terminal"]["terminalState"] == "idle"


def test_another_accounts_terminal_is_403_and_an_unknown_one_404(sim):
    assert sim.purchase(terminal="20000001").status_code == 403
    assert sim.purchase(terminal="99999999").status_code == 404
    assert sim.ledger("20000001") == []


def test_settings_are_kept_and_may_fail(sim):
    path = f"terminal/{DESK}/settings"
    assert sim.nets("PUT", path, {"printerWidth": 24}).status_code == 200
    assert sim.nets("GET", path).json() == {"printerWidth": 24}
    sim.service(settings="error")
    assert sim.nets("PUT", path, {"printerWidth": 0}).status_code == 400


def test_the_whole_service_can_be_down(sim):
    sim.service(down=True)
    assert sim.login().status_code == 503
    sim.service(down="cut")
    with pytest.raises(requests.ConnectionError):
        sim.login()


# === TRANSACTIONS === #


def test_an_approved_purchase_is_201_and_in_the_ledger(sim):
    sim.script({"outcome": "approved"})
    answer = sim.purchase(12500, "ORDER-7")
    result = answer.json()["result"]
    assert answer.status_code == 201
    assert isinstance(result, list)
    assert result[0]["cardType"] == "Visa"
    args = result[0]["localModeEventArgs"]
    assert args["Result"] == "0"
    assert args["TotalAmount"] == "00000012500"
    assert args["ResponseCode"] == "00"
    assert args["TruncatedPAN"] == "*******1234-0"
    assert len(args["StanAuth"]) == 12
    (entry,) = sim.ledger()
    assert entry["amount"] == 12500
    assert entry["orderId"] == "ORDER-7"
    assert (entry["kind"], entry["origin"], entry["currency"]) == ("purchase", "service", "NOK")
    assert entry["stanAuth"] == args["StanAuth"]


@pytest.mark.parametrize(
    ("kind", "extra", "ledger_kind", "charged"),
    [
        ("returnOfGoods", {}, "refund", 10000),
        ("deposit", {}, "deposit", 10000),
        ("purchaseWithCashback", {"amountCashback": 5000}, "purchase", 15000),
    ],
)
def test_the_other_transaction_types(sim, kind, extra, ledger_kind, charged):
    sim.script({"outcome": "approved", "tip": 0})
    body = {"transactionType": kind, "amount": 10000, "orderId": "ORDER-1", **extra}
    answer = sim.nets("POST", f"terminal/{DESK}/transaction", body)
    assert int(mode(answer)["TotalAmount"]) == charged
    assert [(e["kind"], e["amount"]) for e in sim.ledger()] == [(ledger_kind, charged)]


def test_tip_and_surcharge_are_charged_and_told(sim):
    sim.script({"outcome": "approved", "tip": 1000, "surcharge": 250})
    args = mode(sim.purchase(10000))
    assert (args["TotalAmount"], args["TipAmount"]) == ("00000011250", "00000001000")
    assert args["SurchargeAmount"] == "00000000250"
    assert sim.ledger()[0]["amount"] == 11250


def test_dcc_is_json_in_a_string(sim):
    sim.script({"outcome": "approved", "dcc": {"currency": "USD", "amount": 1170}})
    optional = json.loads(mode(sim.purchase())["OptionalData"])
    assert optional == {"od": {"dcc": {"ccura": "USD", "cam": 1170}}}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"transactionType": "purchase", "amount": 0, "orderId": "A"},
        {"transactionType": "purchase", "amount": -100, "orderId": "A"},
        {"transactionType": "purchase", "amount": 1.5, "orderId": "A"},
        {"transactionType": "purchase", "amount": "100", "orderId": "A"},
        {"transactionType": "purchase", "amount": True, "orderId": "A"},
        {"transactionType": "purchase", "amount": 100, "orderId": "A" * 21},
        {"transactionType": "purchase", "amount": 100},
        {"transactionType": "gift", "amount": 100, "orderId": "A"},
    ],
)
def test_a_malformed_order_is_a_format_error_and_asks_nobody(sim, body):
    answer = sim.nets("POST", f"terminal/{DESK}/transaction", body)
    args = mode(answer)
    assert answer.status_code == 400
    assert (args["RejectionSource"], args["RejectionReason"]) == ("03", "4:6")
    assert sim.state()["phase"] == "idle"


def test_receipts_are_24_wide_for_both_and_for_a_rejection_too(sim):
    sim.script({"outcome": "approved", "tip": 500, "cvm": "1"}, {"outcome": "over_limit"})
    approved = sim.purchase(123456).json()["result"][0]
    declined = sim.purchase(123456).json()["failure"]
    for answer in (approved, declined):
        for name in ("customerReceipt", "merchantReceipt"):
            text = answer[name]
            assert text.endswith("\r\n")
            assert "\n" not in text.replace("\r\n", "")
            assert max(len(line) for line in text.split("\r\n")) <= 24
    lines = approved["merchantReceipt"].split("\r\n")
    assert "NOK              1239,56" in lines
    assert "Contactless" in lines
    assert "Cardholder signature" in lines
    assert f"Bax: {DESK}-100001" in lines
    assert "Cardholder signature" not in approved["customerReceipt"]
    assert "DECLINED" in declined["customerReceipt"]


def test_receipts_are_optional(sim):
    sim.script({"outcome": "approved", "receipts": False})
    assert "customerReceipt" not in sim.purchase().json()["result"][0]


def test_a_busy_terminal_refuses_the_second_transaction(sim):
    first = sim.background(sim.purchase, order_id="FIRST")
    sim.wait("card")
    answer = sim.purchase(order_id="SECOND")
    assert answer.status_code == 400
    assert "localModeEventArgs" not in answer.json()["failure"]
    assert answer.json()["failure"]["error"].startswith("7100")
    assert sim.nets("GET", f"terminal/{DESK}").json()["terminal"]["terminalState"] == "transaction"
    sim.press("tap")
    assert first.result().status_code == 201
    assert [e["orderId"] for e in sim.ledger()] == ["FIRST"]


def test_the_terminal_stays_busy_for_the_cool_down(sim):
    sim.service(cool_down=60)
    sim.script({"outcome": "approved"})
    sim.purchase(100)
    assert sim.void(100).json()["failure"]["error"].startswith("7100")
    assert len(sim.ledger()) == 1


def test_stan_counts_up_per_terminal_and_stan_auth_is_unique(sim):
    sim.script(*[{"outcome": "approved"}] * 3)
    sim.script({"outcome": "approved"}, terminal="10000002")
    seen = [mode(sim.purchase())["StanAuth"] for _ in range(3)]
    assert [stan[:6] for stan in seen] == ["000001", "000002", "000003"]
    assert mode(sim.purchase(terminal="10000002"))["StanAuth"].startswith("000001")
    assert len(set(seen)) == 3


# === ABORT === #


def test_an_abort_before_the_card_ends_with_result_2(sim):
    pending = sim.background(sim.purchase)
    sim.wait("card")
    assert sim.administration("cancelAction").status_code == 200
    args = mode(pending.result())
    assert (args["Result"], args["StanAuth"], args["RejectionReason"]) == ("2", "", "2:1")
    assert sim.ledger() == []


def test_an_abort_after_the_pin_is_too_late_and_ends_approved(sim):
    sim.script({"outcome": "approved", "wait": {"release": True, "phase": "processing"}})
    pending = sim.background(sim.purchase)
    sim.wait("processing")
    assert sim.administration("cancelAction").status_code == 200
    assert sim.state()["phase"] == "processing"
    sim.control("POST", f"terminals/{DESK}/release")
    assert pending.result().status_code == 201
    assert len(sim.ledger()) == 1


def test_a_scripted_abort_can_be_too_late_or_ignored(sim):
    sim.script({"wait": "card", "abort": "too_late"}, {"wait": "card", "abort": "ignored"})
    pending = sim.background(sim.purchase)
    sim.wait("card")
    sim.administration("cancelAction")
    assert pending.result().status_code == 201
    pending = sim.background(sim.purchase)
    sim.wait("card")
    assert sim.administration("cancelAction").status_code == 200
    assert sim.state()["phase"] == "card"
    sim.press("cancel")
    assert mode(pending.result())["Result"] == "2"


def test_an_abort_with_nothing_running_is_harmless(sim):
    assert sim.administration("cancelAction").status_code == 400
    assert sim.state()["phase"] == "idle"


# === VOID === #


def test_a_void_reverses_the_last_charge_once(sim):
    sim.script({"outcome": "approved", "tip": 500})
    sim.purchase(10000)
    answer = sim.void(10500)
    assert answer.status_code == 201
    assert mode(answer)["Result"] == "0"
    purchase, reversal = sim.ledger()
    assert (reversal["kind"], reversal["amount"]) == ("reversal", 10500)
    assert reversal["reverses"] == purchase["id"]
    assert sim.void(10500).status_code == 400
    assert len(sim.ledger()) == 2


def test_a_void_of_another_amount_or_of_an_older_charge_is_refused(sim):
    sim.script({"outcome": "approved"}, {"outcome": "approved"})
    sim.purchase(10000)
    sim.purchase(20000)
    assert mode(sim.void(10000))["Result"] == "2"
    assert len(sim.ledger()) == 2


def test_a_void_with_nothing_charged_is_refused(sim):
    assert sim.void(100).status_code == 400


# === THE LAST TRANSACTION === #


def test_the_last_transaction_shows_fields_order_id_and_text(sim):
    sim.script({"outcome": "approved"})
    args = mode(sim.purchase(order_id="ORDER-9"))
    last = sim.last()
    assert last["latestTransactionResult"] == args
    assert last["orderId"] == "ORDER-9"
    assert "APPROVED" in last["printText"]["Text"]


@pytest.mark.parametrize(
    ("policy", "outcome", "shown"),
    [
        ("on_success", "insufficient_funds", False),
        ("on_success", "approved", True),
        ("always", "insufficient_funds", True),
        ("never", "approved", False),
    ],
)
def test_the_order_id_in_the_last_transaction(sim, policy, outcome, shown):
    sim.service(order_id_in_last=policy)
    sim.script({"outcome": outcome})
    sim.purchase()
    assert ("orderId" in sim.last()) is shown


def test_a_fresh_transaction_is_not_the_last_one_yet(sim):
    sim.script({"outcome": "approved"}, {"outcome": "approved"})
    sim.purchase(order_id="OLD")
    sim.service(last_delay=0.2)
    sim.purchase(order_id="NEW")
    assert sim.last()["orderId"] == "OLD"
    until(lambda: sim.last()["orderId"] == "NEW")


def test_a_terminal_without_a_last_transaction_answers_in_three_ways(sim):
    path = f"terminal/{DESK}/transaction"
    assert sim.last()["latestTransactionResult"] is None
    sim.service(no_last="empty")
    assert sim.nets("GET", path).json() == {"result": {}}
    sim.service(no_last="failure")
    assert sim.nets("GET", path).status_code == 400


def test_the_last_transaction_can_fail_or_never_come(sim):
    path = f"terminal/{DESK}/transaction"
    sim.service(last_transaction="error")
    assert sim.nets("GET", path).status_code == 500
    sim.service(last_transaction="hang")
    with pytest.raises(requests.ReadTimeout):
        sim.nets("GET", path, timeout=0.3)


# === ADMINISTRATION === #


def test_a_reconciliation_reports_the_session_and_opens_the_next(sim):
    sim.script(*[{"outcome": "approved"}] * 3)
    sim.purchase(10000)
    sim.purchase(5000)
    sim.void(5000)
    body = {"transactionType": "returnOfGoods", "amount": 2500, "orderId": "BACK"}
    sim.script({"outcome": "approved"})
    sim.nets("POST", f"terminal/{DESK}/transaction", body)
    answer = sim.administration("reconciliation").json()["result"]["reconciliation"]
    assert answer["header"]["sessionNumber"] == "001"
    assert answer["header"]["timestamp"].endswith("Z")
    lines = answer["printText"]["Text"].split("\r\n")
    assert "2 purchase        150,00" in lines
    assert "Net NOK            75,00" in lines
    again = sim.administration("reconciliation").json()["result"]["reconciliation"]
    assert again["header"]["sessionNumber"] == "002"
    assert "Net NOK             0,00" in again["printText"]["Text"].split("\r\n")


def test_the_answer_of_an_administration_may_get_lost(sim):
    sim.service(administration="cut")
    with pytest.raises(requests.ConnectionError):
        sim.administration("reconciliation")
    sim.service(administration="ok")
    answer = sim.administration("reconciliation").json()["result"]["reconciliation"]
    assert answer["header"]["sessionNumber"] == "002"


def test_a_reconciliation_may_fail_with_a_2xx(sim):
    sim.service(reconciliation="failure_200")
    answer = sim.administration("reconciliation")
    assert (answer.status_code, list(answer.json())) == (200, ["failure"])


@pytest.mark.parametrize("action", ["downloadDataset", "downloadSoftware", "balanceInquiry"])
def test_downloads_and_balance_succeed_with_result_1(sim, action):
    answer = sim.administration(action, amount=0)
    assert answer.json()["result"]["localModeEventArgs"]["Result"] == "1"


def test_administration_is_refused_while_a_card_is_awaited(sim):
    pending = sim.background(sim.purchase)
    sim.wait("card")
    assert sim.administration("reconciliation").json()["failure"]["error"].startswith("7100")
    sim.press("cancel")
    pending.result()
