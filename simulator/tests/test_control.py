"""The control API's own promises: long poll, switches, request log, reset."""

import time

import pytest
import requests
from conftest import DESK, running, until


def test_all_terminals_with_their_accounts(sim):
    terminals = sim.control("GET", "terminals")["terminals"]
    assert [(t["terminalId"], t["account"]) for t in terminals] == [
        ("10000001", "demo"),
        ("10000002", "demo"),
        ("10000003", "demo"),
        ("10000004", ""),  # its agent's alone
        ("20000001", "branch"),
        ("20000002", "branch"),
        ("40000001", "abroad"),
    ]
    assert terminals[0]["name"] == "Front desk"


def test_the_long_poll_gives_up_with_408(sim):
    got = sim.raw_control("GET", f"terminals/{DESK}", wait_phase="pin", timeout=0.1)
    assert (got.status_code, got.json()["phase"]) == (408, "idle")


def test_the_long_poll_misses_no_phase_however_short(sim):
    poll = sim.background(
        requests.get,
        f"{sim.url}/control/terminals/{DESK}",
        params={"wait_phase": "processing"},
        timeout=10,
    )
    sim.script(*[{"outcome": "approved"}] * 200)
    # The phase lasts no time at all; the poll may start after the first of them.
    until(lambda: sim.purchase(100) and poll.done())
    assert poll.result().json()["phase"] == "processing"


def test_a_long_poll_for_an_unknown_phase_is_refused(sim):
    got = sim.raw_control("GET", f"terminals/{DESK}", wait_phase="crad")
    assert got.status_code == 400


def test_an_unknown_terminal_is_404(sim):
    assert sim.raw_control("GET", "terminals/99999999").status_code == 404


def test_a_wrong_switch_changes_nothing(sim):
    body = {"cool_down": 5, "login": "perhaps"}
    got = sim.raw_control("POST", "service", body)
    assert got.status_code == 400
    assert sim.control("GET", "service")["cool_down"] == 0
    assert sim.raw_control("POST", "service", {"cooldown": 5}).status_code == 400
    assert sim.raw_control("POST", "service", {"cool_down": -1}).status_code == 400


def test_the_request_log_tells_what_was_sent_but_no_password(sim):
    sim.script({"outcome": "approved"})
    sim.purchase(100, "ONCE")
    sim.nets("GET", "terminal")
    login, purchase, _terminals = sim.control("GET", "requests")["requests"]
    assert login["body"] == {"username": "demo"}
    assert (login["method"], login["path"], login["status"]) == ("POST", "/v1/login", 200)
    assert purchase["body"]["orderId"] == "ONCE"
    assert purchase["status"] == 201
    assert sim.control("GET", "requests", terminal=DESK)["requests"] == [purchase]


def test_the_results_tell_when_each_transaction_became_the_last_one(sim):
    before = time.time()
    for order, outcome, answer in (
        ("NEVERRAN", "approved", "cut_before"),
        ("REFUSED", "insufficient_funds", "cut_after"),
    ):
        sim.script({"outcome": outcome, "answer": answer})
        with pytest.raises(requests.ConnectionError):
            sim.purchase(100, order)
    (result,) = sim.control("GET", "results", terminal=DESK)["results"]
    assert before <= result.pop("at") <= time.time()
    assert result.pop("stanAuth").strip().isdigit()
    assert result == {
        "terminalId": DESK,
        "orderId": "REFUSED",
        "kind": "purchase",
        "approved": False,
        "origin": "service",
    }


def test_a_request_without_an_answer_yet_is_in_the_log(sim):
    pending = sim.background(sim.purchase)
    sim.wait("card")
    (entry,) = sim.control("GET", "requests", terminal=DESK)["requests"]
    assert entry["status"] is None
    sim.press("tap")
    pending.result()
    (entry,) = sim.control("GET", "requests", terminal=DESK)["requests"]
    assert entry["status"] == 201


def test_reset_leaves_the_ledger_unless_asked(sim):
    sim.script({"outcome": "approved"}, {"outcome": "approved"}, {"outcome": "approved"})
    sim.purchase(100)
    pending = sim.background(sim.purchase, terminal="10000002")
    sim.wait("card", terminal="10000002")
    sim.press("unplug", terminal="10000003")
    sim.service(cool_down=60)
    sim.control("POST", "reset", {})
    assert pending.result().status_code == 400
    assert {t["phase"] for t in sim.control("GET", "terminals")["terminals"]} == {"idle"}
    assert {t["state"] for t in sim.control("GET", "terminals")["terminals"]} == {"idle"}
    assert sim.state()["scripted"] == 0
    assert sim.control("GET", "service")["cool_down"] == 0
    assert sim.control("GET", "requests")["requests"] == []
    assert len(sim.ledger()) == 1
    assert sim.last()["orderId"] == "ORDER-1"
    sim.control("POST", "reset", {"ledger": True})
    assert sim.ledger() == []
    assert sim.last()["latestTransactionResult"] is None


def test_accounts_come_from_a_config_file(tmp_path):
    config = tmp_path / "config.json"
    config.write_text(
        """{"time_zone": "Europe/Helsinki", "accounts": [{"username": "shop",
        "password": "shop-secret", "currency": "EUR", "organisation_number": "1",
        "merchant": ["SHOP"],
        "terminals": [{"id": "70000001", "name": "Till", "site_id": "700001"}]}]}"""
    )
    with running(tmp_path / "data", "--config", str(config)) as sim:
        sim.script({"outcome": "approved"}, terminal="70000001")
        assert sim.purchase(100, terminal="70000001", account="shop").status_code == 201
        assert sim.ledger("70000001")[0]["currency"] == "EUR"


def test_how_a_held_transaction_ends_may_be_said_when_it_is_released(sim):
    sim.script({"outcome": "approved", "wait": {"release": True}})
    pending = sim.background(sim.purchase, 1000, "CHANGED")
    sim.wait("card")
    sim.control("POST", f"terminals/{DESK}/release", {"play": {"outcome": "insufficient_funds", "answer": "cut_after"}})
    with pytest.raises(requests.ConnectionError):
        pending.result()
    assert sim.ledger() == []
    (result,) = sim.control("GET", "results")["results"]
    assert (result["orderId"], result["approved"]) == ("CHANGED", False)
