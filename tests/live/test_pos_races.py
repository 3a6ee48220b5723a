"""Two people at the same moment, on a real PostgreSQL: each request has its own connection and transaction.

No race is left to luck: the database holds both where they are about to meet, and lets them go together. No browser is
needed for that; a till is played over RPC.
"""

import contextlib
import threading
import uuid

import pytest
import synced
from clinic import minor_units
from till import BOSS, CASHIER, Shop

import stack as machinery

WAITERS = """SELECT count(*) FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"""


class Counter:
    """A shop whose tills are played over RPC."""

    def __init__(self, clinic, *terminals):
        self.clinic = clinic
        self.shop = Shop(clinic, terminals)
        template = self.shop.make_product("Zither", 100)
        [self.product] = clinic.admin.call("product.product", "search", [("product_tmpl_id", "=", template)])
        self.company = clinic.ref("demo_company")

    def sync(self, values, user=CASHIER):
        """Send an order to the server, as a till does."""
        return self.clinic.user(user).call("pos.order", "sync_from_ui", [values])

    def values(self, order_uuid, amount, lines=(), payments=(), **values):
        values = {"amount_total": amount, "amount_paid": amount, **values}
        return synced.order_values(
            self.shop.session,
            lines,
            payments,
            uuid=order_uuid,
            company_id=self.company,
            user_id=self.clinic.user(CASHIER).uid,
            **values,
        )

    def payment(self, method, amount):
        return synced.payment_values(method, amount)

    def order(self, amount=100.0, method=None, **values):
        """Make an order with one payment line, by card where no other method is given."""
        line = synced.line_values(self.product, amount)
        payment = self.payment(method or self.shop.card, amount)
        order = Order(self, str(uuid.uuid4()), payment["uuid"], amount)
        self.sync(self.values(order.uuid, amount, [line], [payment], **values))
        [order.id] = self.clinic.admin.call("pos.order", "search", [("uuid", "=", order.uuid)])
        return order

    @contextlib.contextmanager
    def holding(self, statement, *params):
        """Hold what this statement locks; at the end, those who wait for it go on."""
        connection = self.clinic.stack.postgresql.connect(self.clinic.stack.database)
        connection.autocommit = False
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement, params)
            yield
            connection.rollback()

    def wait_for_waiters(self, count):
        """Wait until so many requests wait for a lock."""
        machinery.wait_until(
            lambda: self.clinic.sql(WAITERS)[0][0] >= count, 20, f"{count} requests to wait for a lock", 0.02
        )

    def meet(self, statement, params, *calls):
        """Have these calls wait for the same lock, and let them go at once.

        :return: what each returned or raised
        """
        results = []
        together = threading.Thread(target=lambda: results.extend(self.clinic.together(*calls)))
        with self.holding(statement, *params):
            together.start()
            self.wait_for_waiters(len(calls))
        together.join()
        return results


class Order:
    """An order of the counter, with its payment line."""

    def __init__(self, counter, order_uuid, payment_uuid, amount):
        self.counter = counter
        self.clinic = counter.clinic
        self.uuid = order_uuid
        self.payment_uuid = payment_uuid
        self.amount = amount
        self.id = None

    def start(self, terminal, user=CASHIER):
        """Send the payment line to a terminal; return the transaction."""
        args = [self.payment_uuid, terminal.id, self.amount, str(uuid.uuid4())]
        return self.clinic.user(user).call("nets.transaction", "pos_start", *args)[0]["id"]

    def validate(self, user=CASHIER):
        return self.counter.sync(self.counter.values(self.uuid, self.amount, state="paid"), user)

    def pay_cash(self, user=CASHIER):
        payment = self.counter.payment(self.counter.shop.cash, self.amount)
        return self.counter.sync(self.counter.values(self.uuid, self.amount, payment_ids=[(0, 0, payment)]), user)

    def cancel(self, user=CASHIER):
        return self.clinic.user(user).call("pos.order", "action_pos_order_cancel", [self.id])

    @property
    def state(self):
        return self.clinic.read("pos.order", self.id, "state")

    def payments(self):
        return [
            (minor_units(line["amount"]), line["payment_status"])
            for line in self.counter.shop.payments({"id": self.id})
        ]

    @property
    def lock(self):
        return "SELECT 1 FROM pos_order WHERE id = %s FOR UPDATE", [self.id]


def refusals(results):
    return [str(each) for each in results if isinstance(each, machinery.OdooError)]


@pytest.fixture
def terminals(clinic):
    return clinic.make_terminals(2)


def test_two_tills_and_one_order(clinic, terminals):
    here, there = terminals
    counter = Counter(clinic, here, there)

    # both send the same line
    for terminal in terminals:
        terminal.hold()
    order = counter.order()
    first, second = counter.meet(*order.lock, lambda: order.start(here), lambda: order.start(there, BOSS))
    assert first == second
    used = here if clinic.read("nets.transaction", first, "terminal_id")[0] == here.id else there
    used.asks_for_card()

    # the approval is being recorded, and the other till validates the order
    with counter.holding("SELECT 1 FROM nets_transaction WHERE id = %s FOR UPDATE", first):
        used.release()
        counter.wait_for_waiters(1)
        with pytest.raises(machinery.OdooError, match="is running"):
            order.validate(BOSS)
        assert order.payments() == [(10000, "waitingCard")]
    assert clinic.wait_for_end(first) == "approved"
    # and both tills validate it
    counter.meet(*order.lock, order.validate, lambda: order.validate(BOSS))
    assert (order.state, order.payments()) == ("paid", [(10000, "done")])
    assert here.charges() + there.charges() == [10000]

    # one takes cash, or throws the order away, while the other sends it to the terminal
    for what in ("pay_cash", "cancel"):
        for terminal in terminals:
            terminal.simulator.reset()
        here.hold()
        order = counter.order()
        results = counter.meet(*order.lock, lambda: order.start(here), lambda: getattr(order, what)(BOSS))  # noqa: B023
        assert len(refusals(results)) == 1, results
        if isinstance(results[0], int):
            here.asks_for_card()
            assert "is running" in refusals(results)[0]
            here.release()
            assert clinic.wait_for_end(results[0]) == "approved"
            order.validate()
        assert order.state == {int: "paid"}.get(type(results[0]), "cancel" if what == "cancel" else "draft")
        if order.state == "draft":
            assert "is left to pay" in refusals(results)[0]
            order.cancel()


def test_two_tills_on_one_terminal(clinic, terminal):
    counter = Counter(clinic, terminal)
    terminal.hold()
    first, second = counter.order(30.0), counter.order(40.0)
    # both have found it free, and reserve it
    results = counter.meet(
        "LOCK TABLE nets_transaction IN SHARE MODE",
        [],
        lambda: first.start(terminal),
        lambda: second.start(terminal, BOSS),
    )
    [refused] = refusals(results)
    assert f"{terminal.name} is busy" in refused
    [started] = [each for each in results if isinstance(each, int)]
    terminal.asks_for_card()
    terminal.release()
    assert clinic.wait_for_end(started) == "approved"
    assert len(terminal.purchases()) == 1


def test_a_session_is_closed_while_a_card_is_sent_and_approved(clinic, terminal):
    counter = Counter(clinic, terminal)
    shop = counter.shop
    counter.order(10.0, shop.cash).validate()

    def close():
        return clinic.admin.call("pos.session", "action_pos_session_closing_control", [shop.session])

    def started():
        return clinic.admin.call("nets.transaction", "search", [("pos_session_id", "=", shop.session)])

    # one is sending, the other closes: an order of a later day doesn't stop the closing on its own
    terminal.hold()
    order = counter.order(preset_time="2099-01-01 12:00:00")
    results = []
    both = [
        threading.Thread(target=lambda call=call: results.extend(clinic.together(call)))
        for call in (lambda: order.start(terminal, BOSS), close)
    ]
    with counter.holding("LOCK TABLE nets_transaction IN SHARE MODE"):
        for number, thread in enumerate(both, 1):
            thread.start()
            counter.wait_for_waiters(number)
    for thread in both:
        thread.join()
    assert "is running" in refusals(results)[0], results
    assert clinic.read("pos.session", shop.session, "state") != "closed"
    [deposit] = started()
    terminal.asks_for_card()
    terminal.release()
    assert clinic.wait_for_end(deposit) == "approved"

    # a manager closes anyway, at the moment of the approval
    terminal.hold()
    order = counter.order()
    transaction = order.start(terminal)
    terminal.asks_for_card()
    lock = "SELECT 1 FROM nets_transaction WHERE id = %s FOR UPDATE"
    allow = threading.Thread(
        target=lambda: clinic.user(BOSS).call("pos.session", "nets_allow_closing", [shop.session], "Late")
    )
    with counter.holding(lock, transaction):
        allow.start()
        terminal.release()
        counter.wait_for_waiters(2)
    allow.join()
    assert clinic.wait_for_end(transaction) == "approved"
    fields = ["without_order", "payment_id", "to_book"]
    values = clinic.read("nets.transaction", transaction, *fields)
    assert values["payment_id"], "a payment of its own, once"
    assert (values["without_order"], values["to_book"]) == (True, False)
    assert clinic.read("account.payment", values["payment_id"][0], "amount") == 100
    # no matter who was first: nothing on the order is paid by that card any more
    assert order.payments() in ([], [(10000, "retry")])
    order.cancel()
    assert terminal.charges() == [10000, 10000]

    # one closes, the other sends: the later one is told so
    terminal.hold()
    late = counter.order(preset_time="2099-01-01 12:00:00")
    results = counter.meet(
        "LOCK TABLE account_move, nets_transaction IN SHARE MODE", [], close, lambda: late.start(terminal, BOSS)
    )
    [refused] = refusals(results)
    if clinic.read("pos.session", shop.session, "state") == "closed":
        assert "isn't open" in refused
        assert started() == [transaction, deposit]
    else:
        assert "is running" in refused
        terminal.asks_for_card()
        terminal.release()
        assert clinic.wait_for_end(started()[0]) == "approved"
