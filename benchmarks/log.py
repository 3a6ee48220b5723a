"""How fast the transaction log is, and whether it stays so when it grows.

Fills copies of the prepared database with card transactions over ten years, and times what the log asks for on each,
by turns, so that other work of the machine slows all of them: a page of 80 rows under each filter and search, as the
web client asks for it (with its count, which stops where the view says), and each chart and grouping. Told are the
medians, how many times that of the shortest log the longest's is, with which power of the rows it grows (0: not at
all; 1: as they do), the statements that it takes, and the indexes that PostgreSQL's plan uses.

What is read of the log in pages must not grow with it: a ratio near 1. A chart adds up all its rows: as many times the
rows for all time, and near 1 for what has an own range of dates. Fails where a page reads the whole table.
"""

import re
import time

from lxml import etree

import stack

from . import copies, figures

PAGE = 80
LONG = 50_000  # rows, from which on PostgreSQL uses indexes whatever they cost
# Ten years up to now, whatever their number; one in 16 not charged, one in 10 000 not booked or play money; one in
# 10 000 on a terminal and site of their own.
FILL = """
    INSERT INTO nets_transaction (
        order_id, kind, terminal_id, terminal_identifier, terminal_name, terminal_type, location_id, environment,
        amount, currency_id, company_id, user_id, partner_id, origin, state, create_date, sent_at, recorded_at,
        charged_amount, reason, stan, authorisation_code, session_number, charge_date, card_brand, card_last_four,
        customer_receipt, answer_seconds, to_book, payment_id)
    WITH terminals AS (SELECT array_agg(id ORDER BY id DESC) AS ids FROM nets_terminal WHERE company_id = %(company)s),
         partners AS (SELECT array_agg(id ORDER BY id) AS ids FROM res_partner),
         numbers AS (
           SELECT n,
                  -- of one of the terminals and of one of the partners, found by their place and not by comparing
                  terminals.ids[CASE WHEN n %% 10000 = 11 THEN 1 ELSE 2 + n %% (cardinality(terminals.ids) - 1) END]
                      AS terminal_id,
                  partners.ids[1 + n %% cardinality(partners.ids)] AS partner_id
             FROM generate_series(%(first)s, %(last)s) n, terminals, partners)
    SELECT upper(substr(md5(n::text), 1, 20)), 'purchase', t.id, t.identifier, t.name, t.type, t.location_id,
           CASE WHEN n %% 10000 = 7 THEN 'test' ELSE 'production' END,
           n %% 300000 / 100.0, t.currency_id, t.company_id, %(user)s, partner_id, 'invoice', s.state, s.at, s.at, s.at,
           CASE WHEN s.state = 'approved' THEN n %% 300000 / 100.0 END,
           CASE WHEN s.state <> 'approved' THEN 'wrong_pin' END,
           lpad((n %% 1000000)::text, 6, '0'), upper(substr(md5(n::text), 1, 6)), lpad((n / 500 %% 1000)::text, 3, '0'),
           s.at::date, (ARRAY['Visa', 'Mastercard', 'BankAxept'])[1 + n %% 3], lpad((n * 37 %% 10000)::text, 4, '0'),
           repeat('RECEIPT' || chr(10), 30), n %% 30, s.state = 'approved' AND n %% 10000 = 0,
           CASE WHEN n %% 10000 <> 0 THEN %(payment)s END
      FROM numbers
      JOIN nets_terminal t ON t.id = terminal_id
     CROSS JOIN LATERAL (
           SELECT CASE n %% 32 WHEN 3 THEN 'failed' WHEN 5 THEN 'aborted' ELSE 'approved' END AS state,
                  now() AT TIME ZONE 'utc' - (%(last)s - n) * interval '10 years' / %(last)s AS at) s
"""
# One for each five transactions, copies of one of the demo data.
INVOICES = """
    INSERT INTO account_move_nets_transaction_rel (nets_transaction_id, account_move_id)
    WITH invoices AS (
        SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM account_move WHERE name LIKE 'INV/BENCH/%')
    SELECT t.id, i.id FROM nets_transaction t
      JOIN invoices i ON i.number = t.id % (SELECT count(*) FROM invoices)
"""


def add_arguments(parser):
    sizes = [10_000, 100_000, 1_000_000]
    parser.add_argument(
        "--rows", type=int, nargs="+", default=sizes, help="how many transactions (10000 100000 1000000)"
    )
    parser.add_argument("--repeats", type=int, default=20, help="of each question (20)")


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
        # as whom the log is asked
        cursor.execute("SELECT id FROM res_users WHERE login = 'clinic'")
        [user] = cursor.fetchone()
        cursor.execute(FILL, {"first": 1, "last": rows, "company": company, "user": user, "payment": payment})
        copy_invoices(cursor, company, rows // 5)
        cursor.execute(INVOICES)
        cursor.execute("VACUUM ANALYZE nets_transaction, account_move, account_move_nets_transaction_rel")
    connection.close()


def copy_invoices(cursor, company, count):
    """Make so many invoices of one."""
    posted = f"move_type = 'out_invoice' AND state = 'posted' AND company_id = {company}"
    copies.plan(cursor, "account_move", f"id = (SELECT max(id) FROM account_move WHERE {posted})", count)
    others = dict.fromkeys(("access_token", "sequence_number", "sequence_prefix"), "NULL")
    copies.copy(cursor, "account_move", name="'INV/BENCH/' || lpad(copied.number::text, 7, '0')", **others)


def open_environment(postgresql, database, addons):
    """Return an Odoo environment of the demo data's administrator in this process."""
    options = {"log_level": "error", "addons_path": stack.addons_path(addons)}
    config_path = stack.write_odoo_config(stack.HOME / "run" / f"{database}.conf", postgresql, database, **options)
    from odoo import SUPERUSER_ID, api
    from odoo.orm.registry import Registry
    from odoo.tools import config

    config.parse_config(["-c", str(config_path)], setup_logging=False)
    env = api.Environment(Registry(database).cursor(), SUPERUSER_ID, {})
    company = env.ref(f"{stack.MODULE}.demo_company")
    user = env.ref(f"{stack.MODULE}.demo_user_admin")
    return api.Environment(env.cr, user.id, {"allowed_company_ids": company.ids, "lang": "en_US"})


def questions(env):
    """What the log asks: {name: (domain, fields to group by, or none for a page of the list)}.

    With each filter and each grouping that the search view has.
    """
    from odoo.tools.safe_eval import safe_eval

    log = env["nets.transaction"]
    middle = log.search([], limit=1, offset=log.search_count([]) // 2)
    # that of each ten thousandth, and one that has its full share
    rare, terminal = env["nets.terminal"].search([], order="id desc", limit=2)
    invoice = env["account.move"].search([("name", "like", "INV/BENCH")], limit=1)
    month_ago = "-30d"
    search = etree.fromstring(log.get_view(view_type="search")["arch"])
    typed = {
        "reference": middle.order_id[:10],
        "STAN": middle.stan,
        "card": f"{middle.card_brand} •••• {middle.card_last_four}",
        "amount": "12.34",
        "customer": middle.partner_id.name,
        "terminal": terminal.name,
        "invoice": invoice.name,
    }
    return {
        "newest": ([], None),
        **{
            f"filter: {node.get('string')}": (safe_eval(node.get("domain"), {"uid": env.uid}), None)
            for node in search.xpath("//filter[@domain]")
        },
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
        "invoice": ([("invoice_ids", "in", invoice.ids)], None),
        "STAN": ([("stan", "=", middle.stan)], None),
        "authorisation": ([("authorisation_code", "=", middle.authorisation_code)], None),
        "last four digits": ([("card_last_four", "=", middle.card_last_four)], None),
        "amount": (["|", ("amount", "in", [12.34, -12.34]), ("charged_amount", "in", [12.34, -12.34])], None),
        "customer": ([("partner_id", "child_of", middle.partner_id.id)], None),
        **{f"typed: {name}": ([("found_by", "ilike", text)], None) for name, text in typed.items()},
        "chart: takings per day, 30 days": (
            [("state", "=", "approved"), ("create_date", ">=", month_ago)],
            ["charge_date:day", "terminal_id"],
        ),
        "chart: takings per day, all time": ([("state", "=", "approved")], ["charge_date:day", "terminal_id"]),
        **{
            f"chart: {favourite.name}": (
                safe_eval(favourite.domain),
                safe_eval(favourite.context)["pivot_row_groupby"],
            )
            for favourite in env["ir.filters"].search([("model_id", "=", "nets.transaction")])
        },
        **{
            f"chart: {node.get('string')}, all time": ([], [safe_eval(node.get("context"))["group_by"]])
            for node in search.xpath("//filter[contains(@context, 'group_by')]")
        },
    }


def page(env):
    """Return what the list's view shows of a page, as the web client asks for it: arguments of `web_search_read`."""
    log = env["nets.transaction"]
    architecture = etree.fromstring(log.get_view(view_type="list")["arch"])
    names = {node.get("name") for node in architecture.xpath("//field")}
    columns = {name: {"fields": {"display_name": {}}} if log._fields[name].relational else {} for name in sorted(names)}
    return {"specification": columns, "limit": PAGE, "count_limit": int(architecture.get("count_limit")) + 1}


# A chart of money asks for the currencies that are in it, too.
MONEY = ("__count", "currency_id:array_agg_distinct", "charged_amount:sum_currency", "charged_amount:sum")


def ask(env, domain, groups):
    """Do what the web client does for a page of the list, or for a chart."""
    log = env["nets.transaction"].with_env(env)
    env.invalidate_all()
    domain = [("kind", "!=", "administration"), *domain]
    if groups is None:
        log.web_search_read(domain, **page(env))
    else:
        log.formatted_read_group(domain, groups, MONEY)


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


def timed(env, question):
    """Return milliseconds and statements of a question."""
    from odoo import sql_db

    begin, before = time.perf_counter(), sql_db.sql_counter
    ask(env, *question)
    return (time.perf_counter() - begin) * 1000, sql_db.sql_counter - before


def measure(environments, repeats):
    """Ask all by turns.

    :param dict environments: {rows: environment of a log that has so many}
    :return: {question: {rows: {"ms": spread, "sql": statements, "indexes": text}}}
    """
    asked = {rows: questions(env) for rows, env in environments.items()}
    measured = {}
    for name in next(iter(asked.values())):
        found = {rows: [] for rows in environments}
        for attempt in range(repeats + 1):
            for rows, env in environments.items():
                took = timed(env, asked[rows][name])
                if attempt:  # the first one reads what is cached from then on
                    found[rows].append(took)
        measured[name] = {
            str(rows): {
                "ms": figures.spread([milliseconds for milliseconds, _sql in took]),
                "sql": figures.spread([sql for _milliseconds, sql in took])["median"],
                "indexes": indexes(environments[rows], *asked[rows][name]),
            }
            for rows, took in found.items()
        }
    return measured


def run(options):
    """:return: figures.Report"""
    databases = {rows: stack.temporary(f"bench_log{rows}") for rows in sorted(options.rows)}
    with stack.PostgreSQL() as postgresql:
        stack.drop_leftovers(postgresql)
        try:
            environments = {}
            for rows, database in databases.items():
                with stack.step(f"{rows:,} rows"):
                    stack.clone_template(postgresql, database)
                    fill(postgresql, database, rows)
                    environments[rows] = open_environment(postgresql, database, options.addons)
            with stack.step("Asking"):
                measured = measure(environments, options.repeats)
        finally:
            from odoo.sql_db import close_all

            close_all()
            for database in databases.values():
                postgresql.drop(database)
    return figures.Report("log", [table(measured)], {"questions": measured}, troubles(measured))


def table(measured):
    """Return what is told of it."""
    sizes = list(next(iter(measured.values())))
    heads = ["ms, median (p95)", *(f"{int(rows):,} rows" for rows in sizes), "ratio", "power", "SQL", "indexes"]
    lines = []
    for name, by_rows in measured.items():
        longest = by_rows[sizes[-1]]
        grown = figures.ratio(longest["ms"], by_rows[sizes[0]]["ms"])
        times = [figures.time(found["ms"], 1) for found in by_rows.values()]
        power = figures.power([int(rows) for rows in by_rows], [found["ms"]["median"] for found in by_rows.values()])
        numbers = (figures.number(grown, 1), figures.number(power, 2), figures.number(longest["sql"]))
        lines.append([name, *times, *numbers, longest["indexes"]])
    return figures.table(heads, lines)


def troubles(measured):
    """Return which pages read the whole table, where that is long enough for an index."""
    longest = list(next(iter(measured.values())))[-1]
    slow = [name for name, found in measured.items() if "all rows" in found[longest]["indexes"] and "chart" not in name]
    return [f"{name}: a page reads the whole table." for name in slow if int(longest) >= LONG]
