"""The terminals and their ledger, as the harness sees them.

`--nets-url` names another implementation of the service than `simulator/`. Besides the service itself
(under /v1, with the account "demo" / "demo-secret") it offers, as JSON:

    GET  /control/terminals                 {"terminals": [{"terminalId", "account", "phase", …}]}
    GET  /control/terminals/<TID>           one of them; phase "idle" or "result": free
    POST /control/terminals/<TID>/script    {"plays": [{"outcome", "answer", "wait", "abort", …}]}, one per transaction
    POST /control/terminals/<TID>/release   lets a transaction go on whose play waits for it
    POST /control/terminals/<TID>/press     {"key": "unplug" | "plug" | "cut_network" | "restore_network"}
    POST /control/terminals/<TID>/by_hand   {"outcome", "amount"}: typed on the terminal itself
    POST /control/service                   switches: revoke_tokens, token_lifetime, last_transaction
    POST /control/reset
    GET  /control/ledger                    {"entries": [{"terminalId", "orderId", "kind", "amount", "currency",
                                            "stanAuth", "origin"}]}: what was really charged
    GET  /control/requests                  {"requests": [{"method", "path", "body", "status"}]}

`simulator/README.md` describes the plays.
"""

from stack import Simulator


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
