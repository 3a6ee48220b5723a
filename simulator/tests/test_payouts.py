"""NETS pays out: the files agree with the ledger, in every form that is asked for."""

import csv

import pytest

from connect_cloud.payouts import propose, read_payouts, read_table


def rows(payout, form="sdv"):
    return list(csv.DictReader(payout["text"].splitlines(), delimiter={"sdv": ";", "csv": ","}[form]))


def minor(text):
    return int(text.replace(",", ""))


def charge(sim, *amounts):
    sim.script(*[{"outcome": "approved"}] * len(amounts))
    for amount in amounts:
        sim.purchase(amount)


@pytest.mark.parametrize("form", ["csv", "sdv"])
def test_a_payout_is_what_was_charged_less_the_fee(sim, form):
    charge(sim, 10000, 20000)
    payout = sim.control("POST", "payouts", {"form": form, "fee": 0.01})
    found = rows(payout, form)
    assert payout["name"].endswith(form.upper())
    assert [minor(row["Amount"]) for row in found if row["Record id"] == "110"] == [10000, 20000]
    assert [minor(row["Amount"]) for row in found if row["Record id"] == "300"] == [29700]
    assert [transfer["amount"] for transfer in payout["transfers"]] == [29700]


def test_what_is_wished_for(sim):
    charge(sim, 10000, 20000)
    first, second = (entry["id"] for entry in sim.control("GET", "ledger")["entries"])
    payout = sim.control(
        "POST",
        "payouts",
        {
            "fee": 0,
            "without": [second],
            "foreign": 700,
            "chargebacks": [first],
            "chargeback_fee": 100,
            "parts": 2,
        },
    )
    found = rows(payout)
    assert [minor(row["Amount"]) for row in found if row["Record id"] == "110"] == [10000, 700]
    assert sum(transfer["amount"] for transfer in payout["transfers"]) == 10700 - 10000 - 100
    assert len(payout["transfers"]) == 2
    assert rows(sim.control("POST", "payouts", {"after": payout["last"]}))[0]["Record id"] == "200"


def test_nonsense_is_refused(sim):
    for body in ({"form": "xml"}, {"fee": 2}, {"parts": 0}, {"day": "soon"}, {"colour": 1}, {"without": 3}):
        assert sim.raw_control("POST", "payouts", body).status_code == 400


@pytest.mark.parametrize("form", ["csv", "sdv"])
def test_the_client_reads_what_is_paid_out(sim, form):
    charge(sim, 10000, 20000)
    first = sim.control("GET", "ledger")["entries"][0]["id"]
    wishes = {"form": form, "foreign": 700, "chargebacks": [first], "subscription": 900, "parts": 2}
    payout = sim.control("POST", "payouts", wishes)
    table = read_table(payout["text"].encode())
    [read] = read_payouts(table, propose(table.columns), "EUR")
    assert (read.currency, read.difference) == ("NOK", 0)
    assert read.net == sum(transfer["amount"] for transfer in payout["transfers"])
    assert [entry.kind for entry in read.entries] == [
        "charge",
        "charge",
        "charge",
        "subscription",
        "chargeback",
        "chargeback_fee",
        "fee",
    ]
