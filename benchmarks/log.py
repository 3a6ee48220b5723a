"""How fast the transaction log is, and whether it stays so when it grows tenfold.

    .venv/bin/python benchmarks/log.py [--rows N]

Fills a copy of the prepared database with N card transactions (100 000 by default), another with 10 N, and times what
the log asks for on each, alternately, so that other work of the machine slows both: a page of 80 rows under each main
filter, as the web client asks for it (with its count, which stops at 10 001), and the charts. Prints both times, their
ratio, and the indexes that PostgreSQL's plan uses.

What is read of the log in pages must not grow with it: a ratio near 1. A chart adds up all its rows: a ratio near
10 for all time, and near 1 for what has an own range of dates. Times depend on the machine, ratios hardly.

Exits with 1 where a page reads the whole table. Measured figures are in benchmarks/README.md.
"""

import argparse
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "script"))

from lxml import etree

import stack

REPEATS = 5
PAGE = 80
COUNT_LIMIT = 10001  # the web client's
# Ten years up to now, whatever their number; one in 16 not charged, one in 10 000 not booked or play money; one in
# 10 000 on a terminal and site of their own.
FILL = """
    INSERT INTO nets_transaction (
        order_id, kind, terminal_id, terminal_identifier, terminal_name, terminal_type, location_id, environment,
        amount, currency_id, company_id, user_id, partner_id, origin, state, create_date, sent_at, recorded_at,
        charged_amount, reason, stan, authorisation_code, session_number, charge_date, card_brand, card_last_four,
        customer_receipt, answer_seconds, to_book, payment_id)
    SELECT upper(substr(md5(n::text), 1, 20)), 'purchase', t.id, t.identifier, t.name, t.type, t.location_id,
           CASE WHEN n %% 10000 = 7 THEN 'test' ELSE 'production' END,
           n %% 300000 / 100.0, t.currency_id, t.company_id, %(user)s, p.id, 'invoice', s.state, s.at, s.at, s.at,
           CASE WHEN s.state = 'approved' THEN n %% 300000 / 100.0 END,
           CASE WHEN s.state <> 'approved' THEN 'wrong_pin' END,
           lpad((n %% 1000000)::text, 6, '0'), upper(substr(md5(n::text), 1, 6)), lpad((n / 500 %% 1000)::text, 3, '0'),
           s.at::date, (ARRAY['Visa', 'Mastercard', 'BankAxept'])[1 + n %% 3], lpad((n * 37 %% 10000)::text, 4, '0'),
           repeat('RECEIPT' || chr(10), 30), n %% 30, s.state = 'approved' AND n %% 10000 = 0,
           CASE WHEN n %% 10000 <> 0 THEN %(payment)s END
      FROM generate_series(%(first)s, %(last)s) n
      JOIN (SELECT *, row_number() OVER (ORDER BY id DESC) - 1 AS number, count(*) OVER () AS total
              FROM nets_terminal WHERE company_id = %(company)s) t
           ON t.number = CASE WHEN n %% 10000 = 11 THEN 0 ELSE 1 + n %% (t.total - 1) END
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS total
              FROM res_partner) p ON p.number = n %% p.total
     CROSS JOIN LATERAL (
           SELECT CASE n %% 32 WHEN 3 THEN 'failed' WHEN 5 THEN 'aborted' ELSE 'approved' END AS state,
                  now() AT TIME ZONE 'utc' - (%(last)s - n) * interval '10 years' / %(last)s AS at) s
"""
INVOICES = """
    INSERT INTO account_move_nets_transaction_rel (nets_transaction_id, account_move_id)
    SELECT t.id, m.id FROM nets_transaction t
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS total
              FROM account_move WHERE move_type = 'out_invoice') m ON m.number = t.id % m.total
"""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="N (100000)")
    return parser.parse_args()


def fill(postgresql, database, rows):
    """Make the log one of so many rows, spread evenly over ten years."""
    connection = postgresql.connect(database)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM res_company WHERE name = 'Fjord Clinic'")
        [company] = cursor.fetchone()
        # any payment does: who has one counts as booked
        cursor.execute(
            """INSERT INTO account_payment (company_id, journal_id, currency_id, payment_type, partner_type, state,
                                            amount, date)
               SELECT company_id, id, 1, 'inbound', 'customer', 'paid', 1, now() FROM account_journal
                WHERE type = 'bank' AND company_id = %s LIMIT 1 RETURNING id""",
            [company],
        )
        [payment] = cursor.fetchone()
        cursor.execute("TRUNCATE nets_transaction CASCADE")
        cursor.execute(FILL, {"first": 1, "last": rows, "company": company, "user": 2, "payment": payment})
        cursor.execute(INVOICES)
        cursor.execute("VACUUM ANALYZE nets_transaction, account_move_nets_transaction_rel")
    connection.close()


def open_environment(postgresql, database):
    """Return an Odoo environment of the demo data's administrator in this process."""
    config_path = stack.write_odoo_config(
        stack.HOME / "run" / f"{database}.conf", postgresql, database, log_level="error"
    )
    from odoo import SUPERUSER_ID, api
    from odoo.orm.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", str(config_path)], setup_logging=False)
    env = api.Environment(Registry(database).cursor(), SUPERUSER_ID, {})
    company = env.ref(f"{stack.MODULE}.demo_company")
    user = env.ref(f"{stack.MODULE}.demo_user_admin")
    return api.Environment(env.cr, user.id, {"allowed_company_ids": company.ids, "lang": "en_US"})


def questions(env):
    """What the log asks: {name: (domain, fields to group by, or none for a page of the list)}."""
    log = env["nets.transaction"]
    middle = log.search([], limit=1, offset=log.search_count([]) // 2)
    # that of each ten thousandth, and one that has its full share
    rare, terminal = env["nets.terminal"].search([], order="id desc", limit=2)
    month_ago = "-30d"
    return {
        "newest": ([], None),
        "result: successful": ([("state", "=", "approved")], None),
        "result: pending": ([("state", "in", ("pending", "unknown"))], None),
        "result: failed": ([("state", "=", "failed")], None),
        "result: aborted": ([("state", "=", "aborted")], None),
        "charged, not booked": ([("to_book", "=", True)], None),
        "charged, without a payment": ([("state", "=", "approved"), ("payment_id", "=", False)], None),
        "test and simulator": ([("environment", "in", ("test", "simulator"))], None),
        "today": ([("create_date", ">=", "today")], None),
        "one day, years ago": (
            [("create_date", ">=", middle.create_date.date()), ("create_date", "<=", middle.create_date)],
            None,
        ),
        "terminal": ([("terminal_id", "=", terminal.id)], None),
        "terminal that is rarely used": ([("terminal_id", "=", rare.id)], None),
        "terminal id": ([("terminal_identifier", "=", rare.identifier)], None),
        "site": ([("location_id", "child_of", terminal.location_id.id)], None),
        "site that is rarely used": ([("location_id", "child_of", rare.location_id.id)], None),
        "group of sites": ([("location_id", "child_of", terminal.location_id.parent_id.id)], None),
        "mine, failed": ([("user_id", "=", env.uid), ("state", "=", "failed")], None),
        "reference": ([("order_id", "=like", middle.order_id[:10] + "%")], None),
        "invoice": ([("invoice_ids", "in", env["account.move"].search([("name", "!=", False)], limit=1).ids)], None),
        "STAN": ([("stan", "=", middle.stan)], None),
        "authorisation": ([("authorisation_code", "=", middle.authorisation_code)], None),
        "last four digits": ([("card_last_four", "=", middle.card_last_four)], None),
        "amount": (["|", ("amount", "in", [12.34, -12.34]), ("charged_amount", "in", [12.34, -12.34])], None),
        "customer": ([("partner_id", "child_of", middle.partner_id.id)], None),
        "chart: takings per day, 30 days": (
            [("state", "=", "approved"), ("create_date", ">=", month_ago)],
            ["charge_date:day", "terminal_id"],
        ),
        "chart: takings per card, all time": ([("state", "=", "approved")], ["card_brand"]),
        "chart: reasons, all time": ([("state", "in", ("failed", "aborted"))], ["reason"]),
    }


def columns(env):
    """Return what the list's view shows, as the web client asks for it."""
    log = env["nets.transaction"]
    architecture = etree.fromstring(log.get_view(view_type="list")["arch"])
    names = {node.get("name") for node in architecture.xpath("//field")}
    return {name: {"fields": {"display_name": {}}} if log._fields[name].relational else {} for name in sorted(names)}


def ask(env, domain, groups):
    """Do what the web client does for a page of the list, or for a chart."""
    log = env["nets.transaction"].with_env(env)
    env.invalidate_all()
    domain = [("kind", "!=", "administration"), *domain]
    if groups is None:
        log.web_search_read(domain, columns(env), limit=PAGE, count_limit=COUNT_LIMIT)
    else:
        log.formatted_read_group(domain, groups, ["charged_amount:sum", "__count"])


def indexes(env, domain, groups):
    """Name the indexes in PostgreSQL's plan for a page; "all rows" where it reads the whole table."""
    from odoo.tools import SQL

    domain = [("kind", "!=", "administration"), *domain]
    query = env["nets.transaction"]._search(domain, limit=None if groups else PAGE, order=None if groups else "id desc")
    env.cr.execute(SQL("EXPLAIN %s", query.select()))
    plan = "\n".join(row[0] for row in env.cr.fetchall())
    found = {name.removeprefix("nets_transaction_").strip("_") for name in re.findall(r"nets_transaction_\w+", plan)}
    if "Seq Scan on nets_transaction" in plan:
        found.add("all rows")
    return ", ".join(sorted(found))


def measure(few, many):
    """Ask both alternately.

    :param few: environment of the shorter log
    :param many: environment of the longer log
    :return: {question: (milliseconds of few, milliseconds of many, indexes that many used)}
    """
    asked = [(env, questions(env)) for env in (few, many)]
    measured = {}
    for name in asked[0][1]:
        best = [float("inf")] * 2
        for _attempt in range(REPEATS):
            for which, (env, to_ask) in enumerate(asked):
                begin = time.perf_counter()
                ask(env, *to_ask[name])
                best[which] = min(best[which], time.perf_counter() - begin)
        measured[name] = (*(seconds * 1000 for seconds in best), indexes(many, *asked[1][1][name]))
    return measured


def main():
    options = parse_arguments()
    sizes = (options.rows, 10 * options.rows)
    databases = [stack.temporary(f"benchmark{number}") for number in (1, 2)]
    environments = []
    with stack.PostgreSQL() as postgresql:
        try:
            for database, rows in zip(databases, sizes, strict=True):
                with stack.step(f"{rows} rows"):
                    stack.clone_template(postgresql, database)
                    fill(postgresql, database, rows)
                    environments.append(open_environment(postgresql, database))
            with stack.step("Asking"):
                measured = measure(*environments)
        finally:
            from odoo.sql_db import close_all

            close_all()
            for database in databases:
                postgresql.drop(database)
    print(f"{'':34} {options.rows:>10} {10 * options.rows:>10} rows")
    for name, (milliseconds, more, used) in measured.items():
        print(f"{name:34} {milliseconds:7.1f} ms {more:7.1f} ms  × {more / milliseconds:4.1f}  {used}")
    slow = [name for name, (*_times, used) in measured.items() if "all rows" in used and "chart" not in name]
    if slow:
        sys.exit(f"These read the whole table for a page: {', '.join(slow)}")


if __name__ == "__main__":
    main()
