"""Figures: medians and spread, ratios, tables, and the files that keep them."""

import dataclasses
import json
import math
import statistics
import subprocess
from time import time as now

import psutil

import stack

FOLDER = stack.HOME / "bench"
NOTHING = "–"


def quantile(values, share):
    """Return the smallest of the values that is at least as large as this share of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values):
    """Return what is told of many measurements of one thing; None where there was none."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {
        "median": statistics.median(values),
        "p95": quantile(values, 0.95),
        "min": min(values),
        "max": max(values),
        "count": len(values),
    }


def summary(rows):
    """Return {name: spread} of what each row has a number for."""
    names = dict.fromkeys(name for row in rows for name, value in row.items() if isinstance(value, int | float))
    return {name: spread([row.get(name) for row in rows]) for name in names}


def slope(sizes, costs):
    """Return how much more each unit of size costs: of the straight line that fits best; None where there is none."""
    if len(set(sizes)) < 2:
        return None
    return statistics.linear_regression(sizes, costs).slope


def power(sizes, costs):
    """Return the power of its size with which a cost grows: 0 where it stays, 1 where it doubles with the size."""
    return slope([math.log(size) for size in sizes], [math.log(cost) for cost in costs])


def ratio(ours, peer):
    """Return how many times the peer's median ours is; None where one is missing, or there is nothing to divide by."""
    if not ours or not peer or not peer["median"]:
        return None
    return ours["median"] / peer["median"]


def number(value, digits=0):
    """Return a number as it stands in a table; what isn't there is a dash."""
    return NOTHING if value is None or math.isnan(value) else f"{value:,.{digits}f}"


def time(found, digits=0):
    """Return a median with its p95 as they stand in a table."""
    return f"{number(found['median'], digits)} ({number(found['p95'], digits)})" if found else NOTHING


def cost(found):
    """Return a median as it stands in a table: a whole number, or one with a half."""
    return number(found["median"], 1).removesuffix(".0") if found else NOTHING


def table(heads, rows):
    """Return a Markdown table, whose columns are as wide as they need to be; all but the first are numbers."""
    rows = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]

    def line(row):
        pairs = zip(row, widths, strict=True)
        cells = [cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(pairs)]
        return f"| {' | '.join(cells)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])


@dataclasses.dataclass
class Report:
    """What one benchmark found."""

    name: str
    tables: list  # of text, to be printed
    measured: dict  # for the file
    troubles: list = dataclasses.field(default_factory=list)  # what makes it fail, as sentences

    def write(self, path, began, options):
        """Print it, and write all that was measured.

        :param Path path: the file
        :param float began: seconds since 1970
        :param dict options: with which it ran
        """
        print("\n\n".join(self.tables))
        for trouble in self.troubles:
            print(f"✗ {trouble}")
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "name": self.name,
            "began": began,
            "seconds": now() - began,
            "machine": machine(),
            "options": options,
            "troubles": self.troubles,
            "measured": self.measured,
        }
        path.write_text(json.dumps(content, indent=1, default=str) + "\n")


def machine():
    """Return what times depend on."""
    git = ["git", "-C", str(stack.ROOT), "describe", "--always", "--dirty"]
    version = subprocess.run(git, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
    return {
        "cores": psutil.cpu_count(),
        "load": psutil.getloadavg(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "version": version,
    }
