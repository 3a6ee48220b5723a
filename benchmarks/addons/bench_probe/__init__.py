"""Loaded by the benchmarks' server beside Odoo's own (`server_wide_modules`), and installed in no database.

Payment providers of Odoo's own addons are looked for at a stand-in, without a change of those addons; and what the
process did so far can be asked for, threads that answer no request included.
"""

import json
import os
import time

import requests

from odoo import http, sql_db

STAND_IN = os.environ["BENCH_STAND_IN"]
# {where an addon looks for its provider: the stand-in's folder for it}
PROVIDERS = {
    "https://accounts.vivapayments.com": "/viva",
    "https://api.vivapayments.com": "/viva",
    "https://www.vivapayments.com": "/viva",
    "https://api.mercadopago.com": "/mercado",
}


def redirected(url):
    """Return where a provider's address is found instead."""
    for address, folder in PROVIDERS.items():
        if url.startswith(f"{address}/"):
            return f"{STAND_IN}{folder}{url.removeprefix(address)}"
    return url


def post_load():
    """Have `requests` look for the providers at the stand-in."""
    original = requests.Session.request

    def request(self, method, url, *args, **kwargs):
        return original(self, method, redirected(url), *args, **kwargs)

    requests.Session.request = request


class Counted(http.Controller):
    @http.route("/bench/counted", type="http", auth="none", save_session=False)
    def counted(self):
        """Return the statements and the seconds of CPU of this process since it began."""
        return json.dumps({"sql": sql_db.sql_counter, "cpu": time.process_time()})
