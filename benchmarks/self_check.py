"""What the benchmarks have to find: a copy of the addon is broken on purpose, and measured beside the one that isn't.

Each break is code at the end of a file, so that it fits whatever that file looks like. A number has to be as many times
the unbroken one's as is stated here; the unbroken one, measured once more, must not.
"""

import dataclasses
import json
import shutil
import sys

import stack
from stack.databases import ADDON

FOLDER = stack.HOME / "bench" / "self-check"
TIMEOUT = 1800  # seconds, for one benchmark
PAYMENT = ("payment", "--only", "ours", "--payments", "6")
LOG = ("log", "--rows", "2000", "--repeats", "5")
SLEEP = """

_quick = NetsTransaction._record_outcome


def _record_outcome(self, outcome):
    __import__("time").sleep(0.03)
    return _quick(self, outcome)


NetsTransaction._record_outcome = _record_outcome
"""
QUERIES = """

class Slow(models.Model):
    _inherit = "nets.transaction"

    def web_read(self, specification):
        for row in self:
            self.env.cr.execute("SELECT 1 FROM nets_transaction WHERE id = %s", [row.id])
        return super().web_read(specification)
"""
POLL = """
setInterval(() => {
  const lines = window.posmodel?.nets?.openLines() || [];
  if (lines.length) {
    window.posmodel.nets.call("pos_progress", [lines.map(({uuid}) => uuid)]);
  }
}, 1000);
"""


@dataclasses.dataclass(frozen=True)
class Break:
    """Something that makes the addon slower or dearer."""

    name: str
    file: str  # of the addon
    code: str  # at its end
    benchmark: tuple  # that has to find it, as arguments of script/bench
    where: tuple  # the number, in what it measured
    ratio: float  # how many times the unbroken one's it is at least

    def addons(self):
        """Make a copy of the addon that is broken so.

        :return: the folder it lies in
        """
        folder = FOLDER / "addons"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ADDON, folder / ADDON.name, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        (folder / ADDON.name / "tests").mkdir()
        (folder / ADDON.name / "tests" / "__init__.py").touch()
        path = folder / ADDON.name / self.file
        path.write_text(path.read_text() + self.code)
        return folder


BREAKS = (
    Break(
        "30 ms of sleep in the recording",
        "models/engine/nets_transaction_record.py",
        SLEEP,
        PAYMENT,
        # the quickest: other work of the machine makes some slower, and none quicker
        ("summary", "ours", "recorded_ms", "min"),
        1.8,
    ),
    Break(
        "a poll of one second",
        "static/src/pos/payment_nets.js",
        POLL,
        PAYMENT,
        ("summary", "ours", "terminal_rpcs", "median"),
        1.4,
    ),
    Break(
        "a query per row in the log",
        "models/engine/nets_transaction_log.py",
        QUERIES,
        LOG,
        ("questions", "newest", "2000", "sql"),
        2,
    ),
)


def measured(benchmark, name, addons=None):
    """Run a benchmark in a process of its own; return what it measured."""
    path = FOLDER / f"{benchmark[0]} {name}.json"
    argv = [sys.executable, stack.ROOT / "script" / "run_bench.py", *benchmark, "--to", path]
    argv += ["--addons", addons] if addons else []
    log = path.with_suffix(".log")
    path.unlink(missing_ok=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with stack.step(f"{benchmark[0]}, {name}"):
        code = stack.Process(argv, log, cwd=stack.ROOT).wait(TIMEOUT)
    if code is None or not path.exists():
        raise stack.StackError(f"{benchmark[0]} failed ({name}), see {log}")
    return json.loads(path.read_text())["measured"]


def at(content, where):
    """Return the number at a place in what was measured."""
    for key in where:
        content = content[key]
    return content


def is_found(ratio, again, wanted):
    """Tell whether a break is found: its number has grown as much as was said, the unbroken one's hasn't."""
    return ratio >= wanted > again


def run():
    """Break everything, one after the other; return whether each was found."""
    benchmarks = dict.fromkeys(each.benchmark for each in BREAKS)
    unbroken = {benchmark: measured(benchmark, "unbroken") for benchmark in benchmarks}
    again = {benchmark: measured(benchmark, "unbroken, again") for benchmark in benchmarks}
    found = []
    for each in BREAKS:
        before = at(unbroken[each.benchmark], each.where)
        broken = at(measured(each.benchmark, each.name, each.addons()), each.where) / before
        control = at(again[each.benchmark], each.where) / before
        found.append(is_found(broken, control, each.ratio))
        mark = "✓ found" if found[-1] else "✗ NOT found"
        numbers = f"× {broken:.2f}, at least × {each.ratio}; unbroken × {control:.2f}"
        print(f"{mark}: {each.name}: {' '.join(each.where)} {numbers}")
    return all(found)
