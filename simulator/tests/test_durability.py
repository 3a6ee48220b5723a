"""The ledger survives; the process starts at once and stands a crowd."""

import asyncio
import subprocess
import sys
import time

import aiohttp
import pytest
from conftest import PATIENCE, ROOT, Simulator, running

CROWD = 300


def test_a_killed_process_forgets_nothing_it_has_told(tmp_path):
    first = Simulator(tmp_path)
    try:
        first.script(*[{"outcome": "approved"}] * 2, {"outcome": "do_not_honour"})
        first.purchase(100, "ONE")
        first.administration("reconciliation")
        token = first.login().json()["token"]
        first.purchase(200, "TWO")
        first.purchase(300, "THREE")
        ledger, last = first.ledger(), first.last()
    finally:
        first.kill()
    with running(tmp_path) as second:
        assert second.ledger() == ledger
        assert [e["sessionNumber"] for e in ledger] == ["001", "002"]
        assert second.last() == last
        assert second.nets("GET", "terminal", token=token).status_code == 200
        second.script({"outcome": "approved"})
        second.purchase(400, "FOUR")
        newest = second.ledger()[-1]
        assert (newest["id"], newest["sessionNumber"]) == (3, "002")
        assert newest["stanAuth"].startswith("000004")
        assert second.void(400).status_code == 201


def test_a_charge_is_on_the_disk_before_anybody_is_told(tmp_path):
    with running(tmp_path) as simulator:
        simulator.script({"outcome": "approved", "answer": "cut_after"})
        pending = simulator.background(simulator.purchase, 100, "TOLD")
        assert pending.exception(PATIENCE)
        assert "TOLD" in (tmp_path / "ledger.jsonl").read_text()


def test_a_half_written_last_line_is_dropped_and_the_file_goes_on(tmp_path):
    first = Simulator(tmp_path)
    try:
        first.script({"outcome": "approved"})
        first.purchase(100, "WHOLE")
    finally:
        first.kill()
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"terminalId": "10000001", "stan": 2, "ent')
    for order_id in ("NEXT", "LAST"):
        with running(tmp_path) as simulator:
            simulator.script({"outcome": "approved"})
            simulator.purchase(100, order_id)
            orders = [e["orderId"] for e in simulator.ledger()]
    assert orders == ["WHOLE", "NEXT", "LAST"]


def test_two_simulators_never_share_a_ledger(tmp_path):
    with running(tmp_path):
        command = [sys.executable, "-m", "simulator", "--port", "0", "--data", str(tmp_path)]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert second.returncode == 1
    assert "Another simulator uses the ledger" in second.stderr


def test_a_busy_port_is_said_in_a_sentence(process, tmp_path):
    port = process.url.rpartition(":")[2]
    command = [sys.executable, "-m", "simulator", "--port", port, "--data", str(tmp_path)]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(f"Can't listen on 127.0.0.1:{port}:")


def test_it_starts_and_ends_quickly_with_a_client_that_waits(tmp_path):
    begin = time.monotonic()
    with running(tmp_path) as simulator:
        assert simulator.ready_line.startswith("simulator ready on http://127.0.0.1:")
        started = time.monotonic() - begin
        pending = simulator.background(simulator.purchase)
        simulator.wait("card")
        begin = time.monotonic()
        simulator.stop()
        assert simulator.process.returncode == 0
        assert pending.exception(PATIENCE)
    # A second is the aim; a loaded machine gets more.
    assert started < 5
    assert time.monotonic() - begin < 5


@pytest.fixture
def crowd(tmp_path):
    with running(tmp_path, "--terminals", str(CROWD)) as simulator:
        yield simulator


def test_hundreds_of_terminals_wait_at_once_and_each_is_charged_once(crowd):
    terminals = [str(30000001 + number) for number in range(CROWD)]
    headers = {"Authorization": f"Bearer {crowd.login().json()['token']}"}

    async def pay(http, terminal):
        body = {"transactionType": "purchase", "amount": 100, "orderId": f"T-{terminal}"}
        url = f"{crowd.url}/v1/terminal/{terminal}/transaction"
        async with http.post(url, json=body, headers=headers) as answer:
            return answer.status, (await answer.json())["result"][0]["localModeEventArgs"]

    async def tap(http, terminal):
        url = f"{crowd.url}/control/terminals/{terminal}"
        params = {"wait_phase": "card", "timeout": PATIENCE}
        async with http.get(url, params=params) as answer:
            assert answer.status == 200
        all_wait.append(terminal)
        if len(all_wait) == CROWD:
            everybody.set()
        await everybody.wait()
        async with http.post(f"{url}/press", json={"key": "tap"}) as answer:
            assert answer.status == 200

    async def rush():
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=40)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            paying = [pay(http, terminal) for terminal in terminals]
            tapping = [tap(http, terminal) for terminal in terminals]
            return (await asyncio.gather(*paying, *tapping))[:CROWD]

    all_wait, everybody = [], asyncio.Event()
    answers = asyncio.run(rush())
    assert {status for status, _args in answers} == {201}
    assert [args["TerminalID"] for _status, args in answers] == terminals
    entries = crowd.control("GET", "ledger")["entries"]
    assert sorted(e["orderId"] for e in entries) == [f"T-{t}" for t in terminals]
