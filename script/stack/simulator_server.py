"""The simulator's process, and its control API."""

import sys
from pathlib import Path

import requests

from .processes import HOST, Server, StackError


class Simulator(Server):
    """A simulator process, and a client of its control API."""

    about = "The simulator"
    ready_path = "/control/terminals"

    def __init__(self, data, port=None, terminals=0):
        """Choose how it will run; nothing is started yet.

        :param Path data: the folder of its ledger, which stays where it is killed
        :param int port: 0 or None for a free one
        :param int terminals: how many it has besides those of its default accounts
        """
        self.data = Path(data)
        super().__init__(f"simulator-{self.data.name}", port)
        self.extra_terminals = terminals

    def _command(self):
        self.data.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "simulator", "--host", HOST, "--port", self.port, "--data", self.data]
        return [*argv, "--terminals", self.extra_terminals] if self.extra_terminals else argv

    # --- control API ---

    def _control(self, method, path, content=None, timeout=10):
        url = f"{self.url}/control/{path}"
        answer = requests.request(method, url, json=content, timeout=timeout)
        if not answer.ok:
            raise StackError(f"{method} /control/{path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def terminal(self, terminal_id):
        """Return the terminal's state, phase, display and so on."""
        return self._control("GET", f"terminals/{terminal_id}")

    def terminals_of_account(self, username):
        """Return the states of the terminals of one NETS account."""
        terminals = self._control("GET", "terminals")["terminals"]
        return [terminal for terminal in terminals if terminal["account"] == username]

    def wait_phase(self, terminal_id, *phases, timeout=20):
        """Wait until the terminal is in one of the phases, and return its state."""
        path = f"terminals/{terminal_id}?wait_phase={','.join(phases)}&timeout={timeout}"
        return self._control("GET", path, timeout=timeout + 10)

    def press(self, terminal_id, key, **details):
        """Do what a person does at the terminal: `tap`, `insert`, `pin`, `cancel`, `unplug`, …"""
        content = {"key": key, **details}
        return self._control("POST", f"terminals/{terminal_id}/press", content)

    def play(self, terminal_id, *plays):
        """Script the terminal's next transactions; a bare text is the play's outcome."""
        plays = [{"outcome": play} if isinstance(play, str) else play for play in plays]
        return self._control("POST", f"terminals/{terminal_id}/script", {"plays": plays})

    def release(self, terminal_id, play=None):
        """Let a transaction go on whose play waits for this.

        :param dict play: what it does from there on, where that isn't what was scripted
        """
        return self._control("POST", f"terminals/{terminal_id}/release", {"play": play} if play else {})

    def by_hand(self, terminal_id, outcome, amount, kind="purchase"):
        """Make a transaction that is typed on the terminal itself.

        :param int amount: minor units
        """
        content = {"outcome": outcome, "amount": amount, "kind": kind}
        return self._control("POST", f"terminals/{terminal_id}/by_hand", content)

    def service(self, **switches):
        """Change how the service behaves: `login`, `down`, `token_lifetime`, …"""
        return self._control("POST", "service", switches)

    def ledger(self):
        """Return what really was charged, oldest first."""
        return self._control("GET", "ledger")["entries"]

    def pay_out(self, **wishes):
        """Return the settlement file of what was charged: see ``simulator/README.md``."""
        return self._control("POST", "payouts", wishes)

    def requests(self, terminal_id=None):
        """Return the requests to the service as they came in."""
        query = f"?terminal={terminal_id}" if terminal_id else ""
        return self._control("GET", f"requests{query}")["requests"]

    def results(self):
        """Return when each transaction, charged or not, became its terminal's last one, oldest first."""
        return self._control("GET", "results")["results"]

    def reset(self, ledger=False):
        """Put scripts, switches and terminals back to their start, on request the ledger too."""
        return self._control("POST", "reset", {"ledger": ledger})
