"""What the addon costs in a database that has years of sales.

Two copies of the prepared database with Odoo's modules alone: one as it is; one with posted invoices over ten years and
their payments, and with a till's orders that were paid by card, on Odoo's own method. The same is done in both, by
turns, so that other work of the machine slows both:

- the addon is installed, then updated: the whole run of Odoo
- payments of invoices, of a customer who has had others: the press is the RPC that starts one, and booked is when its
  payment is in the books. Beside it, for what is Odoo's own share, its *Pay* of such an invoice
- the till that has sold for years takes cards for orders, by the method that took them before, and its register is
  closed, as the till does that
- Odoo is killed while a terminal asks for the card, and started again after the card was charged: until somebody can
  log in, and until the charge is recorded and booked. The heartbeat of the process that died is made old enough
- what each process asks for when it looks for work that was left (`_due_now`), and the scheduled job

Nothing of it may grow with what was sold before: a ratio near 1. Fails where one is above 2 (a booking's: above twice
that of Odoo's own *Pay*, if this grows), where installing or updating takes 10 s longer, where a payment isn't booked,
or an error is in Odoo's log.
"""

import collections
import contextlib
import math
import sys
import time
import uuid

import stack
from stack.databases import BASE_DATABASE, ensure_base

from . import copies, figures, log, requests_log, shop

# what a till syncs
sys.path += [str(stack.ROOT / "tests/pos")]

import synced

AS_IT_IS, WITH_YEARS = "as it is", "with years"
TERMINAL = "30000001"
HELD = {"outcome": "approved", "wait": {"release": True}}
PRICE = 65
A_CUSTOMERS = 40  # invoices
A_DAYS = 100  # orders
OPEN = 50  # invoices, of which one isn't paid
PATIENCE = 60  # seconds, until something is booked
MOST = 2  # times as long with the years
ONCE = 10  # seconds, that an installation or an update may take longer
# Nothing is left of a journal item.
SETTLED = {"reconciled": "TRUE", "amount_residual": "0", "amount_residual_currency": "0"}
# (what, its name, units in a second, decimals)
ROWS = (
    ("install", "installing, s", 1, 1),
    ("update", "updating, s", 1, 1),
    ("invoice_press", "an invoice: the press, ms", 1000, 0),
    ("invoice_booked", "an invoice: until it is booked, ms", 1000, 0),
    ("pay", "an invoice: Odoo's own Pay, ms", 1000, 0),
    ("till_press", "at the till: the press, ms", 1000, 0),
    ("till_booked", "at the till: until it is booked, ms", 1000, 0),
    ("closing", "closing the register, s", 1, 2),
    ("start", "after a crash: until a login, s", 1, 1),
    ("recorded", "after a crash: until its charge is recorded, s", 1, 1),
    ("booked", "after a crash: until it is booked, s", 1, 1),
    ("due", "looking for work that was left, ms", 1000, 1),
    ("job", "the scheduled job, ms", 1000, 1),
)
# What may take longer, once; and what is Odoo's own, with what does as much and more.
RARE = ("install", "update")
OWN, WITH_OWN = "pay", "invoice_booked"
# What the years consist of: (table, its name).
TABLES = (
    ("account_move", "journal entries"),
    ("account_move_line", "journal items"),
    ("pos_order", "orders of tills"),
    ("pos_payment", "payments of tills"),
)


def add_arguments(parser):
    parser.add_argument("--invoices", type=int, default=200_000, help="that were posted before (200000)")
    parser.add_argument("--payments", type=int, default=100_000, help="that a till took before (100000)")
    parser.add_argument("--repeats", type=int, default=20, help="of invoices that are paid, and of questions (20)")
    parser.add_argument("--orders", type=int, default=20, help="of each session of the till (20)")
    parser.add_argument("--times", type=int, default=3, help="that a register is closed, and that Odoo is killed (3)")


# === THE YEARS === #


def fill(postgresql, database, invoices, payments):
    """Let there have been so many invoices, and so many payments of a till."""
    with contextlib.closing(postgresql.connect(database)) as connection, connection.cursor() as cursor:
        fill_invoices(cursor, invoices)
        fill_till(cursor, payments)
        cursor.execute("VACUUM ANALYZE")


def _record(cursor, module, name):
    """Return the id of a record known by its external id."""
    cursor.execute("SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s", [module, name])
    [record] = cursor.fetchone()
    return record


def fill_invoices(cursor, count):
    """Copy the company's own invoices: customers have some each. All but the newest are paid."""
    company = _record(cursor, "base", "main_company")
    posted = f"move_type = 'out_invoice' AND state = 'posted' AND company_id = {company}"
    customers = max(1, count // A_CUSTOMERS)
    first = copies.plan(cursor, "res_partner", f"id IN (SELECT partner_id FROM account_move WHERE {posted})", customers)
    name = "'Customer ' || copied.number"
    own = {"name": name, "complete_name": name, "commercial_partner_id": "copied.copy", "parent_id": "NULL"}
    copies.copy(cursor, "res_partner", **own)
    customer = f"{first} + copied.number % {customers}"
    paid = count - math.ceil(count / OPEN)
    cursor.execute("INSERT INTO account_full_reconcile (create_date) SELECT now() FROM generate_series(1, %s)", [paid])
    cursor.execute("SELECT max(id) FROM account_full_reconcile")
    [last] = cursor.fetchone()
    reconciliation = f"{last - paid} + copied.number"
    invoices = copies.plan(cursor, "account_move", posted, count)
    is_paid = f"copied.number <= {paid}"
    copies.copy(
        cursor,
        "account_move",
        **_numbers("sequence_prefix"),
        payment_reference=_name("sequence_prefix"),
        access_token="NULL",
        partner_id=customer,
        commercial_partner_id=customer,
        partner_shipping_id=customer,
        payment_state=f"CASE WHEN {is_paid} THEN 'paid' ELSE 'not_paid' END",
        **_dates("date", "invoice_date", "invoice_date_due"),
        **_where(is_paid, amount_residual="0", amount_residual_signed="0"),
    )
    copies.copy(
        cursor,
        "account_move_line",
        link="move_id",
        move_name=_name("move_name"),
        partner_id=customer,
        **_dates("date", "invoice_date", "date_maturity"),
        **_where(f"{is_paid} AND original.display_type = 'payment_term'", **SETTLED, **_reconciled(reconciliation)),
    )
    pay_invoices(cursor, posted, invoices, paid, customer, reconciliation)


def pay_invoices(cursor, posted, invoices, paid, customer, reconciliation):
    """Copy a payment for each of so many invoices, and reconcile them.

    :param str posted: SQL, the condition of the invoices that were copied
    :param int invoices: the first copy
    :param customer: SQL, of whom an invoice is; reconciliation: its account.full.reconcile
    """
    cursor.execute(
        f"""SELECT min(account_id) FROM account_move_line
             WHERE display_type = 'payment_term' AND move_id IN (SELECT id FROM account_move WHERE {posted})"""
    )
    [receivable] = cursor.fetchone()
    cursor.execute("SELECT id, move_id FROM account_payment WHERE payment_type = 'inbound' ORDER BY id LIMIT 1")
    payment, move = cursor.fetchone()
    amount = f"(SELECT amount_total FROM account_move invoice WHERE invoice.id = {invoices} + copied.number - 1)"
    payments = copies.plan(cursor, "account_payment", f"id = {payment}", paid)
    copies.copy(
        cursor,
        "account_payment",
        name=_name("name"),
        # its entry is yet to be
        move_id="NULL",
        partner_id=customer,
        destination_account_id=str(receivable),
        amount=amount,
        amount_company_currency_signed=amount,
        date="copied.day",
        state="'paid'",
        is_matched="TRUE",
        **dict.fromkeys(("force_outstanding_account_id", "pos_payment_method_id", "pos_session_id"), "NULL"),
    )
    moves = copies.plan(cursor, "account_move", f"id = {move}", paid)
    copies.copy(
        cursor,
        "account_move",
        **_numbers("sequence_prefix"),
        origin_payment_id=f"{payments} + copied.number - 1",
        partner_id=customer,
        commercial_partner_id=customer,
        date="copied.day",
        amount_total=amount,
        amount_total_signed=amount,
        amount_total_in_currency_signed=amount,
    )
    is_customers = "original.balance < 0"
    balance = f"sign(original.balance) * {amount}"
    copies.copy(
        cursor,
        "account_move_line",
        link="move_id",
        move_name=_name("move_name"),
        payment_id=f"{payments} + copied.number - 1",
        partner_id=customer,
        balance=balance,
        amount_currency=balance,
        debit=f"greatest({balance}, 0)",
        credit=f"greatest(-1 * {balance}, 0)",
        **_dates("date", "date_maturity"),
        # what is on the way to the bank has come, too
        **SETTLED,
        **_where(is_customers, account_id=str(receivable), **_reconciled(reconciliation)),
    )
    cursor.execute("UPDATE account_payment SET move_id = %s + id WHERE id >= %s", [moves - payments, payments])
    cursor.execute(
        """INSERT INTO account_move__account_payment (invoice_id, payment_id)
           SELECT %s + number, %s + number FROM generate_series(0, %s - 1) number""",
        [invoices, payments, paid],
    )
    cursor.execute(
        """INSERT INTO account_partial_reconcile (
               debit_move_id, credit_move_id, full_reconcile_id, company_id, max_date, debit_currency_id,
               credit_currency_id, amount, debit_amount_currency, credit_amount_currency)
           SELECT debit.id, credit.id, debit.full_reconcile_id, debit.company_id, credit.date, debit.currency_id,
                  credit.currency_id, debit.balance, debit.balance, debit.balance
             FROM account_move_line debit
             JOIN account_move_line credit ON credit.full_reconcile_id = debit.full_reconcile_id AND credit.balance < 0
            WHERE debit.balance > 0 AND credit.move_id >= %s""",
        [moves],
    )


def _name(original):
    """Return a document's name of its year, and none that the year has already.

    :param str original: the column that begins with the letters of its journal
    """
    return f"{_prefix(original)} || (100000 + copied.number)"


def _prefix(original):
    return f"split_part(original.{original}, '/', 1) || to_char(copied.day, '/YYYY/')"


def _numbers(original):
    """Return what tells the name of a document, as `_name`."""
    return {
        "name": _name(original),
        "sequence_prefix": _prefix(original),
        "sequence_number": "100000 + copied.number",
    }


def _dates(*names):
    """Return the day instead of what is a date in the original."""
    return {name: f"CASE WHEN original.{name} IS NOT NULL THEN copied.day END" for name in names}


def _reconciled(reconciliation):
    """Return what says with which others a journal item is reconciled."""
    return {"full_reconcile_id": reconciliation, "matching_number": f"({reconciliation})::text"}


def _where(condition, **values):
    """Return these values where the condition holds; what the original has anywhere else."""
    return {name: f"CASE WHEN {condition} THEN {value} ELSE original.{name} END" for name, value in values.items()}


def fill_till(cursor, count):
    """Copy the orders of a till's closed sessions, all of them paid by its own card method."""
    config = _record(cursor, "point_of_sale", "pos_config_main")
    cursor.execute(
        """SELECT min(method.id) FROM pos_payment_method method
             JOIN pos_config_pos_payment_method_rel till ON till.pos_payment_method_id = method.id
             JOIN account_journal journal ON journal.id = method.journal_id
            WHERE till.pos_config_id = %s AND journal.type = 'bank'""",
        [config],
    )
    [card] = cursor.fetchone()
    closed = f"config_id = {config} AND state = 'closed'"
    first = copies.plan(cursor, "pos_session", closed, math.ceil(count / A_DAYS))
    copies.copy(
        cursor,
        "pos_session",
        name="'Session/' || copied.number",
        move_id="NULL",
        access_token="NULL",
        start_at="copied.day + interval '8 hours'",
        stop_at="copied.day + interval '18 hours'",
    )
    session = f"{first} + (copied.number - 1) / {A_DAYS}"
    new_uuid = "gen_random_uuid()::text"
    copies.plan(cursor, "pos_order", f"session_id IN (SELECT id FROM pos_session WHERE {closed})", count)
    copies.copy(
        cursor,
        "pos_order",
        session_id=session,
        uuid=new_uuid,
        name="'Order/' || copied.number",
        pos_reference="'Order ' || copied.number",
        access_token="NULL",
        date_order="copied.day + interval '12 hours'",
    )
    copies.copy(cursor, "pos_order_line", link="order_id", uuid=new_uuid)
    copies.copy(
        cursor,
        "pos_payment",
        link="pos_order_id",
        session_id=session,
        payment_method_id=str(card),
        uuid=new_uuid,
        payment_date="copied.day + interval '12 hours'",
    )


# === WHAT IS DONE === #


class Business:
    """A company with its database, a server, and a terminal."""

    def __init__(self, postgresql, database, addons):
        self.postgresql, self.database = postgresql, database
        self.options = {"addons_path": stack.addons_path(addons)}
        self.simulator = stack.Simulator(stack.HOME / "simulator" / database, terminals=1)
        self.odoo = stack.OdooServer(postgresql, database, **self.options)
        self.took = collections.defaultdict(list)  # what → seconds of each
        self.lost = set()  # transactions that weren't booked
        self.errors = []
        self._env = None

    @contextlib.contextmanager
    def _timed(self, what):
        begin = time.perf_counter()
        yield
        self.took[what].append(time.perf_counter() - begin)

    def sql(self, statement, *params):
        return self.postgresql.query(self.database, statement, params)

    def sizes(self):
        """Return how many rows the tables have: {table: rows}."""
        return {table: self.sql(f"SELECT count(*) FROM {table}")[0][0] for table, _name in TABLES}

    def stop(self):
        """End the processes, and remove the database."""
        self.odoo.stop()
        self.simulator.stop()
        self.postgresql.drop(self.database)

    # --- the addon --- #

    def install(self):
        with self._timed("install"):
            self._run("-i")

    def update(self):
        with self._timed("update"):
            self._run("-u")

    def _run(self, how):
        arguments = ("server", how, stack.MODULE, "--stop-after-init")
        said = stack.run_odoo(self.postgresql, self.database, *arguments, **self.options)
        self.errors += requests_log.errors(said.splitlines())

    # --- a day --- #

    def open(self, invoices):
        """Start everything, and let there be so many invoices that can be paid, and a till that takes cards."""
        stack.silence_other_jobs(self.postgresql, self.database)
        self.simulator.start()
        self.odoo.start()
        self.shop = shop.Shop(self.odoo.login())
        self.admin = self.shop.admin
        self.terminal = self.shop.nets_terminal(self.shop.nets_account(self.simulator.url), TERMINAL)
        self.till = self.admin.ref("point_of_sale.pos_config_main")
        self.card = self._use_terminals()
        values = {"name": "Treatment", "list_price": PRICE, "available_in_pos": True, "taxes_id": [(5, 0, 0)]}
        self.product = self.shop.create("product.product", **values)
        self.invoices = self._make_invoices(invoices)

    def call(self, model, method, *args, **context):
        """Call a method in the company that has sold for years."""
        return self.admin.call(model, method, *args, context={"allowed_company_ids": [self.shop.company], **context})

    def _use_terminals(self):
        """Have the till's card method, which took the payments of the years, take cards on terminals; return its id."""
        domain = [("config_ids", "in", [self.till]), ("journal_id.type", "=", "bank")]
        [card] = self.call("pos.payment.method", "search", domain)
        # another till that has it is open, and would keep it as it is
        self.sql(
            """DELETE FROM pos_config_pos_payment_method_rel
                WHERE pos_payment_method_id = %s AND pos_config_id <> %s""",
            *(card, self.till),
        )
        values = {"payment_method_type": "terminal", "use_payment_terminal": "nets"}
        self.call("pos.payment.method", "write", [card], values)
        return card

    def _make_invoices(self, count):
        """Return the ids of new invoices, of the customer who had the last one."""
        domain = [("move_type", "=", "out_invoice"), ("state", "=", "posted")]
        [last] = self.call("account.move", "search_read", domain, ["partner_id"], 0, 1, "id desc")
        line = {"name": "Consultation", "quantity": 1, "price_unit": PRICE, "tax_ids": [(5, 0, 0)]}
        values = {
            "move_type": "out_invoice",
            "partner_id": last["partner_id"][0],
            "invoice_line_ids": [(0, 0, line)],
        }
        made = self.call("account.move", "create", [values] * count)
        self.call("account.move", "action_post", made)
        return made

    def pay_invoice(self):
        self.simulator.play(TERMINAL, "approved")
        with self._timed("invoice_booked"):
            with self._timed("invoice_press"):
                transaction = self._press_on_invoice()
            self._wait_for_booking(transaction)

    def pay_otherwise(self):
        """Pay an invoice by Odoo's own *Pay*, without a card."""
        context = {"active_model": "account.move", "active_ids": [self.invoices.pop()]}
        with self._timed("pay"):
            wizard = self.call("account.payment.register", "create", [{}], **context)
            self.call("account.payment.register", "action_create_payments", wizard, **context)

    def _press_on_invoice(self):
        arguments = ([self.invoices.pop()], PRICE, self.terminal, str(uuid.uuid4()))
        return self.call("account.move", "nets_start_card_payment", *arguments)[0]["id"]

    def _wait_for(self, transaction, condition):
        """Wait until a transaction is as it should be; what never is counts as lost."""
        statement = f"SELECT count(*) FROM nets_transaction WHERE id = %s AND {condition}"
        with contextlib.closing(self.postgresql.connect(self.database)) as connection, connection.cursor() as cursor:

            def is_so():
                cursor.execute(statement, [transaction])
                return cursor.fetchone()[0]

            try:
                stack.wait_until(is_so, PATIENCE, condition, 0.005)
            except stack.StackError as error:
                stack.say(f"  {self.database}, transaction {transaction}: {error}")
                self.lost.add(transaction)

    def _wait_for_booking(self, transaction):
        self._wait_for(transaction, "booked_at IS NOT NULL")

    # --- the till --- #

    def open_register(self):
        self.call("pos.config", "open_ui", [self.till])
        [values] = self.call("pos.config", "read", [self.till], ["current_session_id"])
        self.session = values["current_session_id"][0]
        self.call("pos.session", "set_opening_control", [self.session], 0, "")

    def sell(self):
        line = synced.line_values(self.product, PRICE)
        payment = synced.payment_values(self.card, PRICE, payment_status="pending")
        order = synced.order_values(self.session, [line], [payment])
        self.call("pos.order", "sync_from_ui", [order])
        self.simulator.play(TERMINAL, "approved")
        arguments = (payment["uuid"], self.terminal, PRICE, str(uuid.uuid4()))
        with self._timed("till_booked"):
            with self._timed("till_press"):
                [pressed] = self.call("nets.transaction", "pos_start", *arguments)
            self._wait_for_booking(pressed["id"])
        self.call("pos.order", "sync_from_ui", [order | {"state": "paid", "lines": [], "payment_ids": []}])

    def close_register(self):
        """Close it as the till does, with as much cash as there should be."""
        with self._timed("closing"):
            expected = self.call("pos.session", "get_closing_control_data", [self.session])["default_cash_details"]
            self.call("pos.session", "post_closing_cash_details", [self.session], expected["amount"])
            self.call("pos.session", "update_closing_control_state_session", [self.session], "")
            answer = self.call("pos.session", "close_session_from_ui", [self.session])
        if not answer.get("successful"):
            raise stack.StackError(f"The register of {self.database} can't be closed: {answer}")

    # --- a crash --- #

    def crash(self):
        """Kill Odoo while a terminal asks for the card, and start it again after the card was charged."""
        self.simulator.play(TERMINAL, HELD)
        transaction = self._press_on_invoice()
        self.simulator.wait_phase(TERMINAL, "card")
        self.odoo.kill()
        self.simulator.release(TERMINAL)
        self.simulator.wait_phase(TERMINAL, "result", "idle")
        # as if the machine had been away for a minute
        self.sql("UPDATE nets_heartbeat SET beat_at = beat_at - interval '1 minute'")
        with self._timed("booked"):
            with self._timed("recorded"):
                with self._timed("start"):
                    self.odoo.start()
                    self.odoo.login()
                self._wait_for(transaction, "state = 'approved'")
            self._wait_for_booking(transaction)

    def end_of_day(self):
        """Stop the server, and read its log."""
        self.odoo.stop()
        self.errors += requests_log.errors(self.odoo.log.read_text(errors="replace").splitlines())

    # --- in this process --- #

    def load(self, addons):
        env = log.open_environment(self.postgresql, self.database, addons)
        # as the scheduled job
        self._env = env(user=env.ref("base.user_root").id)

    def look_for_work(self):
        transactions = self._env["nets.transaction"]
        self._env.invalidate_all()
        with self._timed("due"):
            transactions._due_now()
        self._env.cr.rollback()
        # commits itself
        with self._timed("job"):
            transactions._cron_recover()


def by_turns(pair, times, *doings):
    """Do things in both databases, one after the other."""
    for turn in range(times):
        for do in doings:
            # nobody always follows the other
            for business in reversed(pair) if turn % 2 else pair:
                do(business)


def spend_a_day(pair, options):
    """Do everything of which there is more than one."""
    with stack.step("Invoices"):
        by_turns(pair, options.repeats, Business.pay_invoice, Business.pay_otherwise)
    for number in range(options.times):
        with stack.step(f"Session {number + 1} of the till"):
            by_turns(pair, 1, Business.open_register)
            by_turns(pair, options.orders, Business.sell)
            by_turns(pair, 1, Business.close_register)
    with stack.step("Crashes"):
        by_turns(pair, options.times, Business.crash)
    by_turns(pair, 1, Business.end_of_day)


def install_once(postgresql, addons):
    """Install the addon in a database that doesn't count: the first one reads from the disk what is cached then."""
    business = Business(postgresql, stack.temporary("bench_first"), addons)
    try:
        postgresql.create(business.database, BASE_DATABASE)
        business.install()
    finally:
        business.stop()


@contextlib.contextmanager
def businesses(postgresql, options):
    """Give both of them, with the years filled in: {name: Business}."""
    ensure_base(postgresql, BASE_DATABASE)
    found = {}
    try:
        for name in (AS_IT_IS, WITH_YEARS):
            database = stack.temporary(f"bench_{name.replace(' ', '_')}")
            found[name] = Business(postgresql, database, options.addons)
            postgresql.create(database, BASE_DATABASE)
        with stack.step(f"{options.invoices:,} invoices, {options.payments:,} payments of a till"):
            fill(postgresql, found[WITH_YEARS].database, options.invoices, options.payments)
        yield found
    finally:
        for business in found.values():
            business.stop()


def ask_in_process(pair, options):
    """Time what no request does, in this process."""
    try:
        for business in pair:
            business.load(options.addons)
        by_turns(pair, options.repeats, Business.look_for_work)
    finally:
        from odoo.sql_db import close_all

        close_all()


def run(options):
    """:return: figures.Report"""
    with stack.PostgreSQL() as postgresql:
        stack.drop_leftovers(postgresql)
        with businesses(postgresql, options) as found:
            pair = list(found.values())
            sizes = {name: business.sizes() for name, business in found.items()}
            with stack.step("Installing and updating"):
                install_once(postgresql, options.addons)
                by_turns(pair, 1, Business.install, Business.update)
            with stack.step("Opening"):
                by_turns(pair, 1, lambda business: business.open(2 * options.repeats + options.times))
            spend_a_day(pair, options)
            with stack.step("Asking"):
                ask_in_process(pair, options)
    measured = {name: summary(business, sizes[name]) for name, business in found.items()}
    return figures.Report("years", [table(measured)], measured, troubles(measured))


# === WHAT IS TOLD === #


def summary(business, sizes):
    """Return what was measured of one."""
    took = {what: figures.spread([each * unit for each in business.took[what]]) for what, _name, unit, _digits in ROWS}
    for line in business.errors[:5]:
        stack.say(f"  {line.rstrip()[:300]}")
    return {**took, "sizes": sizes, "lost": len(business.lost), "errors": len(business.errors)}


def ratios(measured):
    """Return {what: how many times as long it takes with the years}."""
    before, after = measured[AS_IT_IS], measured[WITH_YEARS]
    return {what: figures.ratio(after[what], before[what]) for what, *_rest in ROWS}


def table(measured):
    """Return what is told of it."""
    sides = [measured[name] for name in (AS_IT_IS, WITH_YEARS)]
    lines = [[name, *(figures.number(side["sizes"][key]) for side in sides), ""] for key, name in TABLES]
    grown = ratios(measured)
    for what, name, _unit, digits in ROWS:
        lines.append([name, *(figures.time(side[what], digits) for side in sides), figures.number(grown[what], 2)])
    return figures.table(["median (p95)", AS_IT_IS, WITH_YEARS, "ratio"], lines)


def troubles(measured):
    """Return what went wrong, or grows with the years, as sentences."""
    found = []
    for name, side in measured.items():
        found += [f"{name}: {side['lost']} payments aren't booked."] if side["lost"] else []
        found += [f"{name}: {side['errors']} errors are in the log."] if side["errors"] else []
    grown = ratios(measured)
    for what, name, _unit, _digits in ROWS:
        if what in RARE:
            longer = measured[WITH_YEARS][what]["median"] - measured[AS_IT_IS][what]["median"]
            found += [f"{name}: {longer:.1f} more with the years."] if longer > ONCE else []
        elif what != OWN and grown[what]:
            most = MOST * max(1, grown[OWN] or 1) if what == WITH_OWN else MOST
            found += [f"{name}: {grown[what]:.1f} times as long with the years."] if grown[what] > most else []
    return found
