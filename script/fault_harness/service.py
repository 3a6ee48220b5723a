"""The terminals and their ledger, as the harness sees them.

`--nets-url` names another implementation of the service than `simulator/`. Besides the service itself (under /v1, with
the account "demo" / "demo-secret", which has at least 20 terminals besides 10000001 to 10000003), it offers as JSON:

    GET  /control/terminals                 {"terminals": [{"terminalId", "account", "phase", "scripted"}]}
    GET  /control/terminals/<TID>           one of them. phase: "idle" or "result": free; "card": the customer is asked
                                            for the card; "processing": the bank is asked. scripted: plays not used yet.
                                            With ?wait_phase=card,processing&timeout=20: when it is in one of these; 408
                                            where that takes longer
    POST /control/terminals/<TID>/script    {"plays": [play]}: what the next transactions do, one for each, below
    DELETE the same                         forgets the plays that were not used
    POST /control/terminals/<TID>/release   {} or {"play": play}: lets a transaction go on that waits for it, as this
                                            play says
    POST /control/terminals/<TID>/press     {"key": "unplug" | "plug" | "cut_network" | "restore_network"}
    POST /control/terminals/<TID>/by_hand   {"outcome": "approved" | "declined" | "cancelled", "amount"}: a purchase
                                            typed on the terminal itself, done at once; only the last has no number
    POST /control/service                   {"revoke_tokens": true}; {"order_id_in_last": "on_success" | "never"}:
                                            whether order ids are sent back; {"last_transaction": "ok" | "error"}
    POST /control/reset                     {"ledger": false}: terminals, plays, switches, requests back to the start
    GET  /control/ledger                    {"entries": [{"terminalId", "orderId", "kind", "amount", "currency",
                                            "stanAuth", "origin"}]}: what was really charged, oldest first. kind:
                                            "purchase", "refund", "reversal" (of the terminal's entry before; without
                                            order id). amount: minor units, positive. origin: "service", or "terminal"
                                            for what was typed by hand
    GET  /control/requests                  {"requests": [{"method", "path", "body", "status"}]}; status null: no answer

    GET  /control/results                   {"results": [{"terminalId", "orderId", "kind", "approved", "origin", "at"}]}
                                            at: when each transaction, charged or not, became its terminal's last one,
                                            in seconds since 1970; oldest first

    a play  outcome  what really happens: "approved", "insufficient_funds" (declined by the bank, has a number),
                     "customer_cancelled" (has none)
            answer   what the client gets: "normal", "cut_before" (nothing runs); after it really happened: "cut_after",
                     "cut_mid", "never", "html_502", "http_500", "broken_json", "empty", "result_99"
            wait     null: at once; {"seconds": x}; {"release": true}; the last with "phase": "processing": where an
                     abort is too late
            abort    what cancelAction does: "obeyed", "too_late" (charged at once), "ignored"
            tip      minor units
            shape    how the fields are written, as in `simulator/README.md`
"""

import shutil

import requests

from stack import Simulator


def last_transaction(url, terminal_id):
    """Ask the service, as any client does, what was last on a terminal.

    :return: its fields, empty where there is none
    """
    credentials = {"username": "demo", "password": "demo-secret"}
    token = requests.post(f"{url}/v1/login", json=credentials, timeout=10).json()["token"]
    path = f"{url}/v1/terminal/{terminal_id}/transaction"
    answer = requests.get(path, headers={"Authorization": f"Bearer {token}"}, timeout=10).json()
    return (answer.get("result") or {}).get("latestTransactionResult") or {}


class OwnService(Simulator):
    """A simulator of our own, with an empty ledger."""

    def __init__(self, data, terminals):
        shutil.rmtree(data, ignore_errors=True)
        super().__init__(data, terminals=terminals)


class Service(Simulator):
    """A service that runs already, at this address."""

    def __init__(self, url):
        self._url = url.rstrip("/")
        self.process = None

    @property
    def url(self):
        return self._url

    def start(self):
        return self

    def stop(self):
        """Somebody else's."""
