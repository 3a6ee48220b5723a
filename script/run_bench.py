"""Measure how fast the addon is and what it costs, on copies of the prepared databases.

script/bench                              all of it, which takes hours
script/bench payment                      a payment by card, beside Odoo's own addons for terminals
script/bench payment --payments 3         fewer of each: a first look
script/bench inflight                     many terminals that wait at once, and answer in the same second
script/bench log                          the log of transactions, as it grows
script/bench till                         what the addon adds to the till
script/bench years                        what it costs in a database that has years of sales
script/bench payment --help               what is measured, and the options; for each of them
script/bench --self-check                 breaks a copy of the addon on purpose: is each break found?

Prints tables, and writes `.odoo/bench/NAME.json` with all that was measured. Times depend on the machine, ratios
hardly. benchmarks/README.md has figures.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

import stack

# the package `benchmarks`; behind everything else, since the addon's own folders are there, too
sys.path.append(str(stack.ROOT))

from benchmarks import figures, self_check

NAMES = ("payment", "inflight", "log", "till", "years")


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        prog="script/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--self-check", action="store_true", help="break something on purpose: is it found?")
    commands = parser.add_subparsers(dest="name", title="names", metavar="NAME")
    for name in NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        command = commands.add_parser(
            name,
            help=module.__doc__.partition("\n")[0],
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        path = figures.FOLDER / f"{name}.json"
        command.add_argument(
            "--to", type=Path, default=path, metavar="FILE", help="the file with all that was measured"
        )
        command.add_argument(
            "--addons", type=Path, default=stack.HOME / "addons", metavar="FOLDER", help="that has the addon"
        )
        command.set_defaults(run=module.run)
    return parser.parse_args(arguments)


def run(options):
    """Run one benchmark; return whether it found no trouble."""
    began = time.time()
    report = options.run(options)
    report.write(options.to, began, {name: value for name, value in vars(options).items() if name != "run"})
    stack.say(f"· {options.to}: {time.time() - began:.0f} s")
    return not report.troubles


def main():
    options = parse_arguments()
    stack.exit_on_signals()
    if options.self_check:
        return 0 if self_check.run() else 1
    names = [options.name] if options.name else NAMES
    chosen = [options] if options.name else [parse_arguments([name]) for name in names]
    troubled = [each.name for each in chosen if not run(each)]
    return 1 if troubled else 0


if __name__ == "__main__":
    stack.exit_with(main)
