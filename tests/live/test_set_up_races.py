"""Somebody changes how an account is set up at the very moment of a press, on a real PostgreSQL: the database holds
both where they are about to meet."""

import contextlib

import pytest
from test_bounds import in_background

import stack as machinery

WAITERS = """SELECT count(*) FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"""


@pytest.fixture
def held(clinic):
    """Return a context manager that locks a table, and a function that waits until so many requests wait."""

    @contextlib.contextmanager
    def held(table):
        connection = clinic.stack.postgresql.connect(clinic.stack.database)
        connection.autocommit = False
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield lambda count: machinery.wait_until(
                lambda: clinic.sql(WAITERS)[0][0] >= count, 20, f"{count} requests to wait", 0.02
            )
            connection.rollback()

    return held


@pytest.mark.parametrize("place", ["account", "terminal", "site"])
def test_rule_08_what_a_result_is_judged_by_stays_from_the_press_on(clinic, held, place):
    """Rule 8: a press that isn't committed yet counts, too, whatever snapshot the other one has."""
    account = clinic.make_account(name=f"Account of a race about the {place}")
    terminal = clinic.make_terminal(account_id=account)
    invoice = clinic.make_invoice(100)
    terminal.hold()
    change = {
        "account": ("nets.account", account, {"active": False}),
        "terminal": ("nets.terminal", terminal.id, {"active": False}),
        "site": ("nets.location", clinic.ref("nets_location_demo_clinic"), {"tz": "Asia/Tokyo"}),
    }[place]
    model, record, values = change
    with held("nets_transaction") as wait_for:
        pressed = in_background(lambda: clinic.press_pay(invoice, terminal))
        wait_for(1)
        changed = in_background(lambda: clinic.user("admin").call(model, "write", [record], values))
        wait_for(2)
    transaction = pressed()
    assert "not finished yet" in str(changed())
    terminal.asks_for_card()
    terminal.release()
    assert clinic.wait_for_end(transaction) == "approved"
    assert terminal.charges() == [10000]


def test_rule_08_a_press_finds_what_was_changed_a_moment_before(clinic, held):
    """Rule 8: and the other way round: nothing is sent for an account that is archived at this moment."""
    account = clinic.make_account(name="Account that goes")
    terminal = clinic.make_terminal(account_id=account)
    invoice = clinic.make_invoice(100)
    with held("nets_account_secret") as wait_for:
        values = {"active": False, "username": "other"}
        changed = in_background(lambda: clinic.user("admin").call("nets.account", "write", [account], values))
        wait_for(1)
        pressed = in_background(lambda: clinic.press_pay(invoice, terminal))
        wait_for(2)
    assert changed() is True
    assert "doesn't exist any more" in str(pressed())
    assert not terminal.purchases()
