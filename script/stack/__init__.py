"""Starts and stops what a running system is made of: PostgreSQL, databases, Odoo, the simulator.

`script/server`, `script/test`, `script/smoke` and the tests in `tests/live` use it::

    with Stack("my_test") as stack:        # on a fresh copy of the prepared database
        admin = stack.odoo.login()         # RPC client
        stack.simulator.play("10000001", "approved")
        stack.odoo.kill()                  # as a crash would
        stack.odoo.start()                 # same port, same database

Everything listens on 127.0.0.1 only and ends with the process that started it, however that ends.
Processes are started from the main thread: Linux signals a child when the *thread* that started
it is gone.
"""

import shutil

from .databases import (
    FULL_DATABASE,
    FULL_MODULES,
    MODULE,
    TEMPLATE_DATABASE,
    TEMPLATES,
    addon_stamp,
    clone_template,
    drop_leftovers,
    ensure_plain,
    ensure_template,
    manifest,
    temporary,
    update_addon,
)
from .odoo_server import OdooClient, OdooError, OdooServer, addons_path, odoo_path, run_odoo, write_odoo_config
from .postgresql import PostgreSQL
from .processes import (
    BROWSER,
    HOME,
    HOST,
    ROOT,
    Process,
    StackError,
    exit_on_signals,
    exit_with,
    free_port,
    is_running,
    port_is_free,
    say,
    step,
    stop_all,
    wait_until,
)
from .simulator_server import Simulator


class Stack:
    """PostgreSQL, a simulator, and Odoo on a fresh database that knows the simulator."""

    def __init__(self, name, durable=False, workers=0, terminals=0, template=TEMPLATE_DATABASE, **options):
        """Choose how it will run.

        :param str name: what it is for; its database's name begins with it
        :param bool durable: with a PostgreSQL that keeps its promises through a crash
        :param int workers: see `OdooServer`
        :param int terminals: see `Simulator`
        :param str template: the prepared database that it begins with, see `clone_template`
        :param options: further options of Odoo's configuration
        """
        self.database = temporary(name)
        self.template = template
        self.postgresql = PostgreSQL(durable=durable)
        data = HOME / "simulator" / self.database
        self.simulator = Simulator(data, terminals=terminals)
        self.odoo = OdooServer(self.postgresql, self.database, workers=workers, **options)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exception):
        self.stop()

    def start(self):
        """Start everything, on a fresh database and an empty ledger."""
        self.postgresql.start()
        drop_leftovers(self.postgresql)
        clone_template(self.postgresql, self.database, self.template)
        silence_other_jobs(self.postgresql, self.database)
        self.simulator.start()
        self.odoo.start()
        move_in(self.odoo.login())
        connect_demo_account(self.odoo.login(), self.simulator.url)

    def stop(self):
        """End everything and remove the database."""
        self.odoo.stop()
        self.simulator.stop()
        self.postgresql.drop(self.database)
        self.postgresql.stop()


def silence_other_jobs(postgresql, database):
    """Switch off the scheduled jobs of other modules, which begin whenever they like.

    They meet what the tests do, and Odoo logs such a conflict as an error: the stock's scheduler and an order of the
    till write on the same rows.

    :param PostgreSQL postgresql: the server
    :param str database: one that isn't in use yet
    """
    postgresql.query(
        database,
        """UPDATE ir_cron SET active = false
            WHERE id NOT IN (SELECT res_id FROM ir_model_data WHERE model = 'ir.cron' AND module = %s)""",
        [MODULE],
    )


def move_in(client):
    """Let Odoo's own demo users, as which the tests log in, work in the company of the demo data, which has others.

    :param OdooClient client: an administrator
    """
    company = client.ref(f"{MODULE}.demo_company")
    admin, demo = (client.ref(f"base.user_{name}") for name in ("admin", "demo"))
    client.call("res.users", "write", [admin, demo], {"company_ids": [[4, company]]})
    # the accounts of their partners are those of the company that is worked in
    there = {"allowed_company_ids": [company]}
    client.call("res.users", "write", [admin, demo], {"company_id": company}, context=there)
    groups = [client.ref(name) for name in ("account.group_account_invoice", "point_of_sale.group_pos_user")]
    client.call("res.users", "write", [demo], {"group_ids": [[4, group] for group in groups]})


def connect_demo_account(client, simulator_url):
    """Let the demo data's NETS account use the simulator at this address.

    :param OdooClient client: an administrator
    """
    account = client.ref(f"{MODULE}.nets_account_demo")
    if client.call("nets.account", "read", [account], ["simulator_url"])[0]["simulator_url"] != (simulator_url):
        values = {"simulator_url": simulator_url, "password": "demo-secret"}
        client.call("nets.account", "write", [account], values)
    # the agents' side of it
    fields = ["identifier", "agent_address"]
    of_agents = [["account_id", "=", account], ["type", "=", "baxi_agent"]]
    for terminal in client.call("nets.terminal", "search_read", of_agents, fields):
        address = f"{simulator_url.replace('http', 'ws', 1)}/agent/{terminal['identifier']}"
        if terminal["agent_address"] != address:
            client.call("nets.terminal", "write", [terminal["id"]], {"agent_address": address})
