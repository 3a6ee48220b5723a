"""Run Odoo with demo data and the NETS simulator, on 127.0.0.1 only, until Ctrl-C.

The first start makes the database; later ones keep its data and bring the addon up to date.
"""

import argparse
import shutil
import sys
import time

import stack

LOGIN = "clinic"  # of the demo data
TO_TRY = """\
Things to try:
  1. Invoicing → Customers → Invoices: open a posted invoice that is not paid, press *Pay by card*.
  2. On the terminal's page: tap a card, or insert it and enter the PIN. The dialog closes.
  3. The same with *wrong PIN*, *cancel* or *cut the network*, and Abort in Odoo's dialog.
  4. The same on *Workshop*: it has a Baxi.Agent, which your browser drives."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="script/server",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8069, help="Odoo's port (8069)")
    parser.add_argument("--simulator-port", type=int, default=8910, help="the simulator's (8910)")
    parser.add_argument("--database", default="nets_demo", help="the database's name (nets_demo)")
    parser.add_argument("--terminals", type=int, default=0, help="more virtual terminals")
    parser.add_argument("--reset", action="store_true", help="begin from scratch: database and ledger")
    return parser.parse_args()


def check_port(option, port):
    """Say which option to use where another program has the port.

    :raise StackError: then
    """
    if not stack.port_is_free(port):
        other = next(free for free in range(port + 1, port + 100) if stack.port_is_free(free))
        raise stack.StackError(
            f"Port {port} is in use by another program. "
            f"Stop that, or choose another port: script/server {option} {other}"
        )


def prepare_database(postgresql, options, ledger):
    """Leave the database ready for Odoo: new where there was none or ``--reset`` asks for it."""
    stamp = postgresql.stamp(options.database)
    if stamp == "" and not options.reset:
        raise stack.StackError(
            f"The database {options.database} was not made by script/server, or not completely. "
            "Choose another with --database, or let --reset replace it."
        )
    if stamp and not options.reset:
        stack.update_addon(postgresql, options.database)
        return
    stack.ensure_template(postgresql)
    with stack.step(f"Database {options.database}"):
        stack.clone_template(postgresql, options.database)
    shutil.rmtree(ledger, ignore_errors=True)


def describe(odoo, simulator):
    """Print where everything is."""
    lines = ["", f"Odoo             {odoo.url}   login: {LOGIN}, password: {LOGIN}"]
    lines += [f"Virtual terminals {simulator.url}"]
    for terminal in simulator.terminals_of_account("demo"):
        number = terminal["terminalId"]
        lines.append(f"  {number}  {simulator.url}/terminal/{number}   {terminal['name']}")
    lines += ["", TO_TRY, "", "Ctrl-C ends everything; the data stays for the next start.", ""]
    print("\n".join(lines), flush=True)


def serve(options):
    """Start everything and watch over it."""
    check_port("--port", options.port)
    check_port("--simulator-port", options.simulator_port)
    data = stack.HOME / "simulator" / options.database
    with stack.PostgreSQL() as postgresql:
        prepare_database(postgresql, options, data)
        simulator = stack.Simulator(data, options.simulator_port, options.terminals)
        odoo = stack.OdooServer(postgresql, options.database, options.port, max_cron_threads=2)
        try:
            with stack.step("Simulator"):
                simulator.start()
            with stack.step("Odoo"):
                odoo.start()
                stack.connect_demo_account(odoo.login(LOGIN), simulator.url)
            describe(odoo, simulator)
            while True:
                for name, server in (("Odoo", odoo), ("The simulator", simulator)):
                    if (code := server.process.returncode()) is not None:
                        raise stack.StackError(f"{name} ended ({code}), see {server.log}")
                time.sleep(0.5)
        finally:
            odoo.stop()
            simulator.stop()


def main():
    options = parse_arguments()
    stack.exit_on_signals()
    try:
        serve(options)
    except KeyboardInterrupt:
        stack.say("\nEverything is stopped.")
    except stack.StackError as error:
        stack.say(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
