import asyncio
import hashlib
import hmac
import sys
from argparse import Namespace

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

import stack

# behind everything else, since the addon's own folders are there, too
sys.path.append(str(stack.ROOT))

from benchmarks import copies, figures, inflight, log, payment, requests_log, self_check, stand_in, years

LOG = """\
2026-01-02 10:00:00,001 77 INFO ours werkzeug: 127.0.0.1 - - [02/Jan/2026 10:00:00] \
"POST /web/dataset/call_kw/nets.transaction/pos_start#nets.transaction.pos_start HTTP/1.1" 200 - 42 0.021 0.043
2026-01-02 10:00:00,002 77 INFO peers werkzeug: 127.0.0.1 - - [02/Jan/2026 10:00:00] \
"POST /pos_viva_com/notification?company_id=1&token=x HTTP/1.1" 200 - 10 0.003 0.021
2026-01-02 10:00:00,003 77 INFO ours odoo.modules: "GET / HTTP/1.1" 200 - 1 0.1 0.1
2026-01-02 10:00:00,004 77 INFO ? werkzeug: 127.0.0.1 - - [now] "GET /bench/counted HTTP/1.1" 200 - 0 0.000 0.001
2026-01-02 10:00:00,005 77 INFO ours werkzeug: 127.0.0.1 - - [now] \
"GET /websocket?version=1 HTTP/1.1" 101 - 3 0.001 9.000
"""


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([5], 0.95, 5), ([3, 1, 2, 4], 0.5, 2), (range(1, 21), 0.95, 19), (range(1, 101), 0.95, 95), ([2, 1], 0, 1)],
)
def test_a_quantile_is_one_of_the_values(values, share, found):
    assert figures.quantile(values, share) == found


def test_a_spread_leaves_out_what_was_not_measured():
    assert figures.spread([None, None]) is None
    assert figures.spread([4, None, 1, 2]) == {"median": 2, "p95": 4, "min": 1, "max": 4, "count": 3}


def test_a_summary_has_the_numbers_of_all_rows():
    rows = [{"ms": 1, "names": ["a"]}, {"ms": 3, "sql": 7}]
    found = figures.summary(rows)
    assert (found["ms"]["median"], found["sql"]["count"], set(found)) == (2, 1, {"ms", "sql"})


def test_a_ratio_needs_something_to_divide_by():
    two, nothing = figures.spread([2]), figures.spread([0])
    assert figures.ratio(figures.spread([5]), two) == 2.5
    assert [figures.ratio(None, two), figures.ratio(two, None), figures.ratio(two, nothing)] == [None] * 3


def test_a_line_is_fitted_through_costs():
    assert figures.slope([1, 2, 3], [5, 7, 9]) == 2
    assert figures.slope([4, 4], [1, 2]) is None
    assert figures.power([10, 100, 1000], [3, 30, 300]) == pytest.approx(1)
    assert figures.power([10, 100], [7, 7]) == pytest.approx(0)


def test_waiting_costs_what_its_polls_cost():
    rows = [{"think": seconds, "terminal_rpcs": 2 + seconds / 3} for seconds in (3, 6, 9)]
    assert payment.waiting_costs(rows)["rpcs_a_minute"]["median"] == pytest.approx(20)
    assert payment.waiting_costs(rows[:1]) == {}


def test_a_table_is_as_wide_as_its_cells():
    lines = figures.table(["", "ms"], [["long name", "1"], ["x", "1,234"]]).splitlines()
    assert lines == ["|           |    ms |", "| :-------- | ----: |", "| long name |     1 |", "| x         | 1,234 |"]


def test_what_is_not_there_is_a_dash():
    shown = [figures.number(None), figures.number(float("nan")), figures.time(None), figures.cost(None)]
    assert shown == [figures.NOTHING] * 4
    assert figures.time(figures.spread([1, 1, 1999.6])) == "1 (2,000)"
    assert [figures.cost(figures.spread(values)) for values in ([4, 4], [4, 5])] == ["4", "4.5"]


def test_only_the_requests_of_a_database_are_read():
    [request] = requests_log.read(LOG, "ours")
    assert (request.path, request.status, request.sql) == (
        "/web/dataset/call_kw/nets.transaction/pos_start",
        200,
        42,
    )
    assert request.milliseconds == pytest.approx(64)
    assert [each.path for each in requests_log.read(LOG, "peers")] == ["/pos_viva_com/notification"]


def test_what_somebody_has_to_look_at_is_found_in_a_log():
    lines = ["… 77 ERROR ours odoo.http: Exception", "… 77 WARNING ours odoo: ERRORS", "… 77 CRITICAL ours odoo: no"]
    assert requests_log.errors(lines) == [lines[0], lines[2]]


@pytest.mark.parametrize(
    ("path", "ours", "peers"),
    [
        ("/web/dataset/call_kw/nets.transaction/read_progress", True, False),
        ("/web/dataset/call_kw/account.move/nets_start_card_payment", True, False),
        ("/web/dataset/call_kw/pos.order/nets_start", True, False),
        ("/nets_connect_cloud/receipt/1/customer.txt", True, False),
        ("/web/dataset/call_kw/pos.payment.method/viva_com_send_payment_request", False, True),
        ("/pos_mercado_pago/notification", False, True),
        ("/web/dataset/call_kw/pos.order/sync_from_ui", False, False),
        ("/web/dataset/call_kw/account.move/web_read", False, False),
        ("/mail/data", False, False),
    ],
)
def test_a_terminals_request_is_one_of_its_addon(path, ours, peers):
    assert (requests_log.is_ours(path), requests_log.is_peers(path)) == (ours, peers)


@pytest.mark.parametrize("count", [1, 4, 20])
def test_customers_take_times_that_are_spread_evenly(count):
    seconds = sorted(payment.thinks(count))
    step = payment.SPREAD / count
    assert seconds == pytest.approx([payment.THINK + step * (number + 0.5) for number in range(count)])
    assert payment.thinks(count) == payment.thinks(count)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([""], [*payment.LANES]),
        (["ours"], ["ours"]),
        (["webhook"], [payment.WEBHOOK, payment.MERCADO]),
        (["ours", "cut"], [payment.OURS, payment.BUS_CUT]),
        (["nothing"], []),
    ],
)
def test_a_name_means_itself_and_a_word_all_that_have_it(words, names):
    assert payment.wanted(words) == names


def test_a_call_counts_for_the_payment_that_it_was_made_for():
    lane = payment.Lane.__new__(payment.Lane)
    # the second login is another lane's, since it isn't within a payment of this one
    calls = [(1, "T", "sale"), (1.5, "", "login"), (3, "T", "late state"), (3.5, "", "login"), (4, "U", "sale")]
    calls += [(5, "T", "sale")]
    lane.terminal = Namespace(identifier="T", calls=lambda: calls)
    rows = [{"window": [1, 2]}, {"window": [5, 6]}]
    lane.count_calls(rows)
    assert [row["call_names"] for row in rows] == [["sale", "login", "late state"], ["sale"]]
    assert [row["calls"] for row in rows] == [3, 1]


def test_ratios_are_to_each_of_the_others_that_was_measured():
    one = {"done_ms": figures.spread([20])}
    found = {payment.OURS: {"done_ms": figures.spread([50])}, payment.WEBHOOK: one, payment.BUS_CUT: one}
    told = payment.ratios(found)
    assert list(told) == [payment.WEBHOOK]
    assert (told[payment.WEBHOOK]["done_ms"], told[payment.WEBHOOK]["asked_ms"]) == (2.5, None)
    assert payment.ratios({payment.WEBHOOK: one}) == {}
    assert len(payment.tables(found)) == 2


def test_what_goes_wrong_in_flight_is_told():
    rows = [{"asked": 1, "errors": 0, "lost": 0}, {"asked": 500, "refused": 3, "lost": 2, "trouble": "it is gone"}]
    told = " ".join(inflight.troubles(rows))
    assert [part in told for part in ("500 terminals: 3 starts", "2 payments", "it is gone", "1 terminals")] == [
        True,
        True,
        True,
        False,
    ]
    assert "it is gone" not in inflight.table(rows)


@pytest.mark.parametrize(("rows", "troubles"), [("100000", 1), ("2000", 0)])
def test_a_page_that_reads_the_whole_log_is_told_where_that_is_long(rows, troubles):
    whole = {"ms": figures.spread([1]), "sql": 1, "indexes": "all rows"}
    measured = {"newest": {"1000": whole, rows: whole}, "chart: all": {"1000": whole, rows: whole}}
    assert len(log.troubles(measured)) == troubles


class Columns:
    """A cursor on a table with these columns, which keeps what it was last asked."""

    def __init__(self, *names):
        self.names = names
        self.asked = ""

    def execute(self, statement, _values=None):
        self.asked = " ".join(statement.split())

    def fetchall(self):
        return [(name,) for name in self.names]


def test_a_copy_is_its_original_but_for_what_is_said():
    cursor = Columns("move_id", "name", "ref")
    copies.copy(cursor, "account_move_line", link="move_id", name="'Copy ' || copied.number")
    names, _table, rest = cursor.asked.removeprefix("INSERT INTO account_move_line (").partition(") SELECT ")
    values, _from, joined = rest.partition(" FROM ")
    assert names == '"move_id", "name", "ref"'
    assert values == """copied.copy, 'Copy ' || copied.number, original."ref\""""
    assert "original.move_id = copied.source" in joined


def test_a_copy_has_an_id_of_its_own():
    cursor = Columns("name")
    copies.copy(cursor, "account_move")
    assert cursor.asked.startswith('INSERT INTO account_move ("name", "id") SELECT original."name", copied.copy FROM')


def after_years(**changed):
    """Return what was measured where everything takes a second, and with the years what is said."""
    before = {what: figures.spread([1]) for what, *_rest in years.ROWS}
    before |= {"sizes": {table: 5 for table, _name in years.TABLES}, "lost": 0, "errors": 0}
    return {years.AS_IT_IS: before, years.WITH_YEARS: before | changed}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ""),
        ({"till_press": figures.spread([1.9])}, ""),
        ({"till_press": figures.spread([2.1])}, "at the till: the press, ms: 2.1 times as long with the years."),
        ({"closing": None}, ""),
        # Odoo's own, and what a booking does besides
        ({"pay": figures.spread([5])}, ""),
        ({"pay": figures.spread([5]), "invoice_booked": figures.spread([9])}, ""),
        (
            {"invoice_booked": figures.spread([9])},
            "an invoice: until it is booked, ms: 9.0 times as long with the years.",
        ),
        # once
        ({"install": figures.spread([10])}, ""),
        ({"install": figures.spread([12])}, "installing, s: 11.0 more with the years."),
        ({"lost": 1}, "with years: 1 payments aren't booked."),
        ({"errors": 2}, "with years: 2 errors are in the log."),
    ],
)
def test_what_grows_with_the_years_is_told(changed, told):
    assert years.troubles(after_years(**changed)) == ([told] if told else [])


def test_the_years_are_compared_with_the_database_as_it_is():
    lines = years.table(after_years(due=figures.spread([3]))).splitlines()
    assert len(lines) == 2 + len(years.TABLES) + len(years.ROWS)
    [due] = [line for line in lines if "work that was left" in line]
    assert [cell.strip() for cell in due.split("|")[2:5]] == ["1.0 (1.0)", "3.0 (3.0)", "3.00"]


@pytest.mark.parametrize(("broken", "control", "found"), [(2.1, 1.0, True), (1.9, 1.0, False), (2.1, 2.0, False)])
def test_a_break_is_found_where_only_it_crosses_the_ratio(broken, control, found):
    assert self_check.is_found(broken, control, 2) is found


def test_what_is_broken_on_purpose_is_still_there():
    for each in self_check.BREAKS:
        assert (stack.ROOT / each.file).exists()
    assert "def _record_outcome(" in (stack.ROOT / self_check.BREAKS[0].file).read_text()


@pytest.mark.parametrize("provider", ["viva", "mercado"])
def test_the_stand_in_tells_odoo_in_the_moment_of_the_approval(provider):
    told = asyncio.run(_sale(provider))
    assert [event["what"] for event in told["events"]] == ["call", "approved", "webhook"]
    assert told["events"][0]["kind"] == "sale"
    assert told["events"][1]["at"] <= told["at"]
    assert told["headers"]["X-Odoo-Database"] == "peers"
    if provider == "mercado":
        now, signature = (part.partition("=")[2] for part in told["headers"]["X-Signature"].split(","))
        signed = f"id:{told['body']['id']};request-id:{told['headers']['X-Request-Id']};ts:{now};"
        expected = hmac.new(stand_in.MERCADO_SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        assert signature == expected
    else:
        assert told["body"]["EventData"] == {"TerminalId": "T", "MerchantTrns": "S/7"}
        assert told["query"] == {"company_id": "3", "token": stand_in.VIVA_KEY}


async def _sale(provider):
    """Have a terminal approve at once; return what Odoo was told, and what the stand-in noted."""
    told = asyncio.get_running_loop().create_future()

    async def notification(request):
        told.set_result(
            {
                "at": stand_in.time.time(),
                "headers": request.headers,
                "query": dict(request.query),
                "body": await request.json(),
            }
        )
        return web.Response()

    odoo = web.Application()
    odoo.router.add_post("/{addon}/notification", notification)
    async with TestServer(odoo) as here:
        app = stand_in.StandIn(str(here.make_url("")).rstrip("/"), "peers").app()
        async with TestServer(app) as server, ClientSession() as client:
            settings = {"terminal": "T", "seconds": 0, "webhook": True, "company": 3}
            await client.post(server.make_url("/control/terminal"), json=settings)
            if provider == "viva":
                path, body = "/viva/ecr/v1/transactions:sale", {"terminalId": "T", "sessionId": "S"}
                body["merchantReference"] = "S/7"
            else:
                path = f"/mercado/point/integration-api/devices/{stand_in.MERCADO_DEVICE}T/payment-intents"
                body = {"amount": 100, "additional_info": {"external_reference": "1_2_x"}}
            headers = {"Authorization": f"Bearer {stand_in.VIVA_TOKEN}"}
            await client.post(server.make_url(path), json=body, headers=headers)
            found = await asyncio.wait_for(told, 10)
            # its own note of the webhook comes with Odoo's answer
            events = []
            while len(events) < 3:
                events = await (await client.get(server.make_url("/control/events"))).json()
            return {**found, "events": events}
