"""A real simulator process, and a small client for it."""

import contextlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
DESK = "10000001"
PATIENCE = 10  # seconds; the bound of every wait


class Simulator:
    """One simulator process, and the calls that the tests make to it."""

    def __init__(self, folder, *options):
        self.folder = folder
        command = [sys.executable, "-m", "simulator", "--port", "0", "--data", str(folder)]
        self.process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.ready_line = self.process.stdout.readline().strip()
        self.url = self.ready_line.rpartition(" ")[2]
        self.http = requests.Session()
        self._threads = ThreadPoolExecutor(max_workers=8)
        self._tokens = {}

    def login(self, username="demo", password="demo-secret"):
        body = {"username": username, "password": password}
        return self.http.post(f"{self.url}/v1/login", json=body, timeout=PATIENCE)

    def nets(self, method, path, body=None, *, account="demo", token=None, timeout=PATIENCE):
        """Call /v1/<path>; a new connection each time, as some of them get cut."""
        if token is None:
            if account not in self._tokens:
                answer = self.login(account, f"{account}-secret")
                self._tokens[account] = answer.json()["token"]
            token = self._tokens[account]
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.url}/v1/{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=timeout)

    def purchase(self, amount=12500, order_id="ORDER-1", terminal=DESK, **kwargs):
        body = {"transactionType": "purchase", "amount": amount, "orderId": order_id}
        return self.nets("POST", f"terminal/{terminal}/transaction", body, **kwargs)

    def void(self, amount, terminal=DESK):
        return self.nets("DELETE", f"terminal/{terminal}/transaction", {"amount": amount})

    def last(self, terminal=DESK):
        return self.nets("GET", f"terminal/{terminal}/transaction").json()["result"]

    def administration(self, action, terminal=DESK, **body):
        body = {"action": action, **body}
        return self.nets("POST", f"terminal/{terminal}/administration", body)

    def background(self, call, *args, **kwargs):
        """Run a blocking call in a thread; return its future."""
        return self._threads.submit(call, *args, **kwargs)

    def control(self, method, path, body=None, **params):
        """Call /control/<path> and return its JSON; raises where it is refused."""
        answer = self.raw_control(method, path, body, **params)
        answer.raise_for_status()
        return answer.json()

    def raw_control(self, method, path, body=None, **params):
        url = f"{self.url}/control/{path}"
        return self.http.request(method, url, json=body, params=params, timeout=PATIENCE)

    def script(self, *plays, terminal=DESK):
        return self.control("POST", f"terminals/{terminal}/script", {"plays": list(plays)})

    def press(self, key, card=None, terminal=DESK):
        body = {"key": key, "card": card} if card else {"key": key}
        return self.control("POST", f"terminals/{terminal}/press", body)

    def wait(self, *phases, terminal=DESK):
        return self.control("GET", f"terminals/{terminal}", wait_phase=",".join(phases))

    def state(self, terminal=DESK):
        return self.control("GET", f"terminals/{terminal}")

    def service(self, **switches):
        return self.control("POST", "service", switches)

    def ledger(self, terminal=DESK):
        return self.control("GET", "ledger", terminal=terminal)["entries"]

    def reset(self):
        self._tokens.clear()
        self.control("POST", "reset", {"ledger": True})

    def kill(self):
        """End the process without a chance to tidy up."""
        self.process.kill()
        self._close()

    def stop(self):
        self.process.terminate()
        self._close()

    def _close(self):
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.http.close()
        self._threads.shutdown()


@contextlib.contextmanager
def running(folder, *options):
    simulator = Simulator(folder, *options)
    try:
        yield simulator
    finally:
        if simulator.process.poll() is None:
            simulator.stop()


def until(condition):
    """Wait until ``condition()`` is true; return what it gave."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
    return value


@pytest.fixture(scope="session")
def process(tmp_path_factory):
    with running(tmp_path_factory.mktemp("data")) as simulator:
        yield simulator


@pytest.fixture
def sim(process):
    """The simulator, as it is right after its first start, with a quick bank."""
    process.reset()
    process.service(processing=0)
    return process
