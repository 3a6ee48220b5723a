"""Every scripted play: what really happens, and what the client is told."""

import re

import pytest
import requests
from conftest import DESK, ROOT, until
from test_service import mode

from simulator import answers
from simulator.plays import ABORTS, ANSWERS, OUTCOMES, SCENES, Play

DECLINED = {
    "insufficient_funds": "51",
    "wrong_pin": "55",
    "wrong_pin_offline": "Z1",
    "expired_card": "54",
    "over_limit": "61",
    "issuer_unavailable": "91",
    "do_not_honour": "05",
    "provider_refused": "57",
    "duplicate": "94",
    "terminal_refused": "Z3",
    "customer_cancelled": "",
    "card_removed": "",
    "terminal_timeout": "",
}
NEVER_ASKED = {
    "busy": 400,
    "disconnected": 400,
    "not_allowed": 403,
    "format_error": 400,
    "failure_text": 400,
    "unknown_text": 400,
}


def test_every_outcome_is_tested_here():
    assert set(OUTCOMES) == {"approved", "loyalty", *DECLINED, *NEVER_ASKED}


@pytest.mark.parametrize(("outcome", "code"), DECLINED.items())
def test_a_declined_outcome_charges_nothing_and_becomes_the_last_one(sim, outcome, code):
    sim.script({"outcome": outcome})
    answer = sim.purchase()
    args = mode(answer)
    assert answer.status_code == 400
    assert answer.json()["failure"]["error"]
    assert (args["Result"], args["ResponseCode"]) == ("2", code)
    assert bool(args["StanAuth"].strip()) is bool(code)
    assert sim.ledger() == []
    assert sim.last()["latestTransactionResult"] == args


@pytest.mark.parametrize(("outcome", "status"), NEVER_ASKED.items())
def test_a_refusal_before_the_terminal_leaves_the_last_one_alone(sim, outcome, status):
    sim.script({"outcome": outcome})
    assert sim.purchase().status_code == status
    assert sim.ledger() == []
    assert sim.last()["latestTransactionResult"] is None


def test_a_failure_may_be_a_bare_string_or_an_unknown_text(sim):
    sim.script({"outcome": "failure_text"}, {"outcome": "unknown_text", "text": "Never seen"})
    assert isinstance(sim.purchase().json()["failure"], str)
    assert sim.purchase().json() == {"failure": {"error": "Never seen"}}


def test_loyalty_is_result_3_and_no_charge(sim):
    sim.script({"outcome": "loyalty"})
    assert mode(sim.purchase())["Result"] == "3"
    assert sim.ledger() == []


def test_cut_before_charges_nothing(sim):
    sim.script({"outcome": "approved", "answer": "cut_before"})
    with pytest.raises(requests.ConnectionError):
        sim.purchase()
    assert sim.ledger() == []
    assert sim.last()["latestTransactionResult"] is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("cut_after", requests.ConnectionError),
        ("cut_mid", requests.RequestException),
        ("never", requests.ReadTimeout),
    ],
)
def test_an_answer_lost_after_the_charge(sim, answer, error):
    sim.script({"outcome": "approved", "answer": answer})
    with pytest.raises(error):
        sim.purchase(order_id="LOST", timeout=0.5)
    assert [e["orderId"] for e in sim.ledger()] == ["LOST"]
    assert sim.last()["orderId"] == "LOST"
    (request,) = [r for r in sim.control("GET", "requests")["requests"] if r["method"] == "POST"][1:]
    assert request["status"] is None


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [("html_502", 502, "<html>"), ("http_500", 500, "{"), ("empty", 201, "")],
)
def test_an_answer_that_says_nothing_after_the_charge(sim, answer, status, body):
    sim.script({"outcome": "approved", "answer": answer})
    got = sim.purchase()
    assert got.status_code == status
    assert got.text.startswith(body) if body else got.text == ""
    assert len(sim.ledger()) == 1


def test_broken_json_after_the_charge(sim):
    sim.script({"outcome": "approved", "answer": "broken_json"})
    with pytest.raises(requests.JSONDecodeError):
        sim.purchase().json()
    assert len(sim.ledger()) == 1


@pytest.mark.parametrize(("outcome", "charges"), [("approved", 1), ("insufficient_funds", 0)])
def test_result_99_hides_what_really_happened(sim, outcome, charges):
    sim.script({"outcome": outcome, "answer": "result_99"})
    assert mode(sim.purchase())["Result"] == "99"
    assert len(sim.ledger()) == charges


def test_a_text_can_hide_a_charge(sim):
    sim.script({"outcome": "approved", "answer": "text", "text": "9000 Fatal"})
    assert sim.purchase().json() == {"failure": "9000 Fatal"}
    assert len(sim.ledger()) == 1


def test_the_shape_of_one_and_the_same_answer(sim):
    shape = {
        "result": "number",
        "amounts": "number",
        "timestamp": "iso",
        "absent": ["AID", "merchantReceipt"],
        "null": ["StanAuth"],
        "empty": ["CVM"],
    }
    sim.script({"outcome": "approved", "shape": shape})
    answer = sim.purchase(12500)
    args = mode(answer)
    assert (args["Result"], args["TotalAmount"]) == (0, 12500)
    assert args["TimeStamp"].endswith("Z")
    assert "AID" not in args
    assert "merchantReceipt" not in answer.json()["result"][0]
    assert (args["StanAuth"], args["CVM"]) == (None, "")
    assert sim.last()["latestTransactionResult"] == args


def test_more_shapes(sim):
    sim.script(
        {"shape": {"amounts": "string", "timestamp": "empty"}, "outcome": "approved"},
        {"shape": {"timestamp": "absent"}, "outcome": "approved"},
        {"outcome": "approved"},
    )
    args = mode(sim.purchase(12500))
    assert (args["TotalAmount"], args["TimeStamp"]) == ("12500", "")
    assert "TimeStamp" not in mode(sim.purchase())
    assert len(mode(sim.purchase())["TimeStamp"]) == 14


def test_brand_and_cvm_are_as_scripted(sim):
    sim.script({"outcome": "approved", "brand": "Mastercard", "cvm": "4"})
    args = mode(sim.purchase())
    assert (args["CardIssuerName"], args["CVM"]) == ("Mastercard", "4")


def test_wait_card_holds_until_a_key_then_the_script_decides(sim):
    sim.script({"outcome": "insufficient_funds", "wait": "card"})
    pending = sim.background(sim.purchase)
    sim.wait("card")
    sim.press("tap")
    assert mode(pending.result())["ResponseCode"] == "51"


def test_wait_release_holds_until_released(sim):
    sim.script({"outcome": "approved", "wait": {"release": True}})
    pending = sim.background(sim.purchase)
    assert sim.wait("card")["scripted"] == 0
    sim.control("POST", f"terminals/{DESK}/release")
    assert pending.result().status_code == 201
    assert sim.raw_control("POST", f"terminals/{DESK}/release").status_code == 409


def test_wait_seconds_ends_automatically(sim):
    sim.script({"outcome": "approved", "wait": {"seconds": 0.2}})
    pending = sim.background(sim.purchase)
    assert sim.wait("card")["phase"] == "card"
    assert pending.result().status_code == 201


def test_plays_are_used_one_by_one_and_can_be_dropped(sim):
    sim.script({"outcome": "approved"}, {"outcome": "do_not_honour"})
    assert sim.script({"outcome": "approved"})["scripted"] == 3
    assert sim.purchase().status_code == 201
    assert mode(sim.purchase())["ResponseCode"] == "05"
    assert sim.control("DELETE", f"terminals/{DESK}/script")["scripted"] == 0


@pytest.mark.parametrize(
    "play",
    [
        {"outcome": "aproved"},
        {"answer": "later"},
        {"wait": "pin"},
        {"wait": {"release": False}},
        {"wait": {"seconds": "5"}},
        {"abort": "maybe"},
        {"tip": -1},
        {"tip": "5"},
        {"cvm": 0},
        {"dcc": {"currency": "USD"}},
        {"shape": {"result": "text"}},
        {"shape": {"absent": "AID"}},
        {"shape": {"colour": "red"}},
        {"outcom": "approved"},
        "approved",
    ],
)
def test_a_play_with_a_mistake_is_refused_as_a_whole(play):
    with pytest.raises(ValueError):
        Play.parse(play)


def test_a_script_with_a_mistake_is_refused_as_a_whole(sim):
    body = {"plays": [{"outcome": "approved"}, {"outcome": "aproved"}]}
    answer = sim.raw_control("POST", f"terminals/{DESK}/script", body)
    assert answer.status_code == 400
    assert "aproved" in answer.json()["error"]
    assert sim.state()["scripted"] == 0


def test_a_void_takes_a_play_too(sim):
    sim.script({"outcome": "approved"}, {"outcome": "approved", "answer": "cut_after"})
    sim.purchase(100)
    with pytest.raises(requests.ConnectionError):
        sim.void(100)
    assert [e["kind"] for e in sim.ledger()] == ["purchase", "reversal"]


def test_the_client_may_hang_up_and_the_card_is_charged_all_the_same(sim):
    with pytest.raises(requests.ReadTimeout):
        sim.purchase(order_id="GONE", timeout=0.2)
    assert sim.wait("card")["transaction"]["orderId"] == "GONE"
    sim.press("tap")
    until(lambda: [e["orderId"] for e in sim.ledger()] == ["GONE"])


@pytest.mark.parametrize("_time", range(30))
def test_random_forms_tell_the_same_facts(_time):
    record = answers.Record(
        terminal_id="10000001",
        site_id="100001",
        organisation_number="999888777",
        kind="purchase",
        result=0,
        text="",
        time="2026-03-01T12:00:00+01:00",
        session=1,
        total=1050,
        tip=50,
        order_id="ORDER",
        stan_auth="000101A00101",
    )
    told = answers.last_transaction(record, "on_success", forms="random")["result"]["latestTransactionResult"]
    assert int(told["Result"]) == 0
    assert int(told["TotalAmount"]) == 1050, "what was added on the terminal can't be known without it"
    assert told["StanAuth"] == "000101A00101"
    moment = told.get("TimeStamp")
    assert moment in (None, "", "20260301120000", "2026-03-01T11:00:00Z", "2026-03-01T11:00:00.000Z")


def test_every_scene_that_a_trainer_can_choose_is_a_play():
    assert all(Play.parse(play) for play in scene_plays())
    titles = [words for scenes in SCENES.values() for words, *_plays in scenes]
    assert len(set(titles)) == len(titles)


def test_a_trainer_can_choose_each_message_that_a_play_leads_to():
    table = [re.split(r" *\| *", line) for line in (ROOT / "docs/MESSAGES.md").read_text().splitlines()]
    # its label, and how the simulator plays it
    messages = [(row[1], row[4]) for row in table if len(row) > 5 and "switch" not in row[4]]
    chosen = {value for play in scene_plays() for value in play.values() if isinstance(value, str)}
    known = {*OUTCOMES, *ANSWERS, *ABORTS}
    leading = [(label, known & set(re.findall(r"`(\w+)`", played))) for label, played in messages]
    assert ("**Not charged**", {"cut_before"}) in leading
    assert [label for label, values in leading if values and not values & chosen] == []


def test_a_payment_stays_charged_where_the_terminal_does_not_reverse_it(sim):
    scenes = SCENES["Decline the signature in the till"]
    for _words, signed, refused in scenes:
        sim.script(signed | {"wait": None}, refused)
        assert mode(sim.purchase(100))["CVM"] == "1"
        assert sim.void(100).status_code == 400
    assert [entry["kind"] for entry in sim.ledger()] == ["purchase"] * len(scenes)


def scene_plays():
    return [play for scenes in SCENES.values() for _words, *plays in scenes for play in plays]
