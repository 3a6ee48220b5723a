"""A person at the terminal: keys, power, network."""

import pytest
import requests
from conftest import DESK
from test_service import mode


@pytest.fixture
def waiting(sim):
    """A simulator whose front desk waits for a card; ``sim.pending`` is the client's call."""
    sim.pending = sim.background(sim.purchase, 12500)
    sim.wait("card")
    return sim


def answer(sim):
    return mode(sim.pending.result())


def refused(sim, key, **body):
    return sim.raw_control("POST", f"terminals/{DESK}/press", {"key": key, **body})


def test_the_display_says_what_to_pay_and_what_to_do(waiting):
    state = waiting.state()
    assert state["display"] == ["PURCHASE", "NOK 125,00", "Tap or insert card"]
    assert state["transaction"]["amount"] == 12500
    assert state["keys"] == ["cancel", "cut_network", "insert", "tap", "unplug"]
    waiting.press("cancel")


def test_tap_is_contactless_without_pin(waiting):
    assert waiting.press("tap")["phase"] == "processing"
    args = answer(waiting)
    assert (args["Result"], args["CVM"]) == ("0", "2")
    assert "Contactless" in waiting.state()["receipts"][-1]["customer"]


def test_insert_pin_and_remove_card(waiting):
    assert waiting.press("insert", "mastercard")["phase"] == "pin"
    assert waiting.press("pin")["phase"] == "processing"
    assert waiting.wait("remove_card")["transaction"]["charged"]
    assert not waiting.pending.done()
    assert waiting.press("remove_card")["phase"] == "result"
    args = answer(waiting)
    assert (args["CardIssuerName"], args["CVM"]) == ("Mastercard", "0")
    assert "Contactless" not in waiting.state()["receipts"][-1]["customer"]


def test_a_wrong_pin_may_be_corrected(waiting):
    waiting.press("insert")
    assert waiting.press("wrong_pin")["display"][-1] == "Wrong PIN, 2 left"
    waiting.press("pin")
    waiting.wait("remove_card")
    waiting.press("remove_card")
    assert answer(waiting)["Result"] == "0"


def test_the_third_wrong_pin_is_a_refusal(waiting):
    waiting.press("insert")
    for _ in range(3):
        waiting.press("wrong_pin")
    waiting.press("remove_card")
    assert answer(waiting)["ResponseCode"] == "55"


@pytest.mark.parametrize("keys", [["cancel"], ["insert", "cancel", "remove_card"]])
def test_the_red_button_works_before_the_pin(waiting, keys):
    for key in keys:
        waiting.press(key)
    args = answer(waiting)
    assert (args["Result"], args["RejectionReason"], args["StanAuth"]) == ("2", "2:1", "")
    assert waiting.ledger() == []


def test_the_red_button_is_too_late_after_the_pin(waiting):
    waiting.service(processing=60)
    waiting.press("insert")
    waiting.press("pin")
    assert refused(waiting, "cancel").status_code == 409
    waiting.control("POST", f"terminals/{DESK}/release")
    waiting.press("remove_card")
    assert answer(waiting)["Result"] == "0"


@pytest.mark.parametrize("keys", [["insert", "remove_card"], ["insert", "pin", "remove_card"]])
def test_a_card_removed_too_early_is_a_refusal(waiting, keys):
    waiting.service(processing=60)
    for key in keys:
        waiting.press(key)
    assert answer(waiting)["RejectionReason"] == "2:2"
    assert waiting.ledger() == []


@pytest.mark.parametrize(("card", "code"), [("no_funds", "51"), ("expired", "54"), ("phone", "00")])
def test_the_card_decides(waiting, card, code):
    waiting.press("tap", card)
    assert answer(waiting)["ResponseCode"] == code


def test_a_signature_card_waits_for_the_signature(waiting):
    assert waiting.press("insert", "signature")["phase"] == "processing"
    waiting.wait("signature")
    assert not waiting.pending.done()
    waiting.press("sign")
    waiting.press("remove_card")
    assert answer(waiting)["CVM"] == "1"
    assert "Cardholder signature" in waiting.state()["receipts"][-1]["merchant"]


def test_a_phone_cannot_be_inserted(waiting):
    assert refused(waiting, "insert", card="phone").status_code == 409
    assert refused(waiting, "tap", card="library card").status_code == 409
    assert waiting.state()["phase"] == "card"
    waiting.press("cancel")


@pytest.mark.parametrize("key", ["pin", "sign", "remove_card", "plug", "restore_network", "dance"])
def test_a_key_that_makes_no_sense_is_explained(waiting, key):
    got = refused(waiting, key)
    assert got.status_code == 409
    assert "Possible: cancel, " in got.json()["error"]
    waiting.press("cancel")


def test_a_card_never_presented_ends_with_a_timeout(sim):
    sim.service(card_timeout=0.1)
    args = mode(sim.purchase())
    assert (args["RejectionReason"], args["StanAuth"]) == ("2:3", "")


def test_unplugged_before_the_charge_nothing_is_charged(waiting):
    waiting.press("insert")
    state = waiting.press("unplug")
    assert (state["plugged"], state["display"], state["state"]) == (False, [], "disconnected")
    assert answer(waiting)["Result"] == "99"
    refusal = waiting.purchase()
    assert refusal.json()["failure"]["error"].startswith("8013")
    waiting.press("plug")
    assert waiting.state()["state"] == "idle"
    assert waiting.ledger() == []
    assert waiting.last()["latestTransactionResult"] is None


def test_unplugged_after_the_charge_it_stays_charged(waiting):
    waiting.press("insert")
    waiting.press("pin")
    waiting.wait("remove_card")
    waiting.press("unplug")
    assert answer(waiting)["Result"] == "99"
    waiting.press("plug")
    assert len(waiting.ledger()) == 1
    assert waiting.last()["orderId"] == "ORDER-1"


def test_with_the_network_cut_the_card_can_still_be_charged(waiting):
    waiting.press("cut_network")
    assert answer(waiting)["Result"] == "99"
    path = f"terminal/{DESK}/transaction"
    assert waiting.nets("GET", path).json()["failure"]["error"].startswith("8013")
    waiting.press("tap")
    waiting.wait("result")
    assert waiting.nets("GET", path).status_code == 400
    waiting.press("restore_network")
    assert waiting.last()["orderId"] == "ORDER-1"
    assert len(waiting.ledger()) == 1


@pytest.mark.parametrize(("how", "error"), [("never", requests.ReadTimeout), ("cut", requests.ConnectionError)])
def test_lost_contact_may_mean_no_answer_at_all(sim, how, error):
    sim.service(lost_contact=how)
    pending = sim.background(sim.purchase, timeout=1)
    sim.wait("card")
    sim.press("cut_network")
    with pytest.raises(error):
        pending.result()


def test_a_transaction_by_hand_is_charged_and_becomes_the_last(sim):
    path = f"terminals/{DESK}/by_hand"
    sim.control("POST", path, {"outcome": "approved", "amount": 7700})
    (entry,) = sim.ledger()
    assert (entry["origin"], entry["amount"], entry["orderId"]) == ("terminal", 7700, None)
    assert "orderId" not in sim.last()
    sim.control("POST", path, {"outcome": "declined", "amount": 7700})
    assert sim.last()["latestTransactionResult"]["ResponseCode"] == "05"
    assert len(sim.ledger()) == 1
    declined = sim.last()["latestTransactionResult"]
    sim.control("POST", path, {"outcome": "cancelled", "amount": 7700})
    cancelled = sim.last()["latestTransactionResult"]
    assert declined["StanAuth"] and not cancelled["StanAuth"], "cancelled before the card: no number"
    assert (cancelled["Result"], len(sim.ledger())) == ("2", 1)
    assert sim.raw_control("POST", path, {"outcome": "approved", "amount": 0}).status_code == 400


def test_by_hand_is_refused_on_a_terminal_in_use(waiting):
    path = f"terminals/{DESK}/by_hand"
    body = {"outcome": "approved", "amount": 100}
    assert waiting.raw_control("POST", path, body).status_code == 409
    waiting.press("cancel")
