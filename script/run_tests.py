"""Run the tests, or some of them, and count what really ran.

script/test                          everything
script/test client live              these groups
script/test tests/engine/test_log.py one file (or file::class::test) of any group
script/test odoo -k abort            what matches an expression
script/test full --all               all of odoo's tests, beside everything that a shop may have
script/test full tests/pos/test_x.py these files of odoo's there, whether or not `full` names them

A group that ran no test, or skipped one, has failed: nothing is left out silently.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import stack

REPORTS = stack.HOME / "reports" / str(os.getpid())


@dataclasses.dataclass(frozen=True)
class Group:
    """Tests that run in one pytest process."""

    name: str
    about: str
    folder: str  # may have wildcards
    pattern: str
    timeout: int  # seconds
    template: str = stack.TEMPLATE_DATABASE  # what its database is a copy of; empty where it wants none
    odoo: bool = False  # runs inside Odoo, through pytest-odoo
    again: tuple = ()  # files of the group `odoo` that run here once more

    def has(self, path):
        """Tell whether a file, given relative to the root, belongs to this group."""
        return path.match(f"{self.folder}/{self.pattern}") and len(path.parts) == len(Path(self.folder).parts) + 1

    def files(self, everything=False):
        """Return the group's test files, relative to the root.

        :param bool everything: of those that run once more, all and not only what the group names
        """
        found = sorted(stack.ROOT.glob(f"{self.folder}/{self.pattern}"))
        files = [path.relative_to(stack.ROOT) for path in found]
        if self.again:
            if gone := set(self.again) - {path.stem for path in files}:
                raise stack.StackError(f"{self.name}: there is no {', '.join(sorted(gone))}.")
            return [path for path in files if group_of(path).name == "odoo" and (everything or path.stem in self.again)]
        return [path for path in files if group_of(path).name == self.name]


WINGS = "tests/[aep]*"  # engine, account, pos

FULL = stack.FULL_DATABASE
# What meets other modules: it runs beside all of them, too. The rest would find nothing there that it doesn't find
# beside the few, in more than twice the time; `script/test full --all` shows it before a release.
BESIDE = (
    *("test_invoice_payment", "test_netting", "test_e_invoice", "test_extras", "test_other_currency"),
    *("test_rehearsal", "test_layouts", "test_pos_payment", "test_pos_refund", "test_pos_closing", "test_pos_kiosk"),
)

# In the order in which they are started, as soon as their database is ready: the longest first, and beside it what
# needs no database. Tests of browsers and faults wait half of their time, so that three groups keep two cores busy.
GROUPS = [
    Group("live", "real server processes and browsers", "tests/live", "test_*.py", 4500),
    Group("client", "the NETS client", "connect_cloud/tests", "test_*.py", 300, template=""),
    Group("simulator", "the simulator", "simulator/tests", "test_*.py", 300, template=""),
    Group("scripts", "what developers use", "script/tests", "test_*.py", 600, template=""),
    Group("odoo", "models and HTTP in Odoo", WINGS, "test_*.py", 4500, odoo=True),
    Group("till", "the till in a real browser", "tests/live", "test_pos_*.py", 1800),
    Group("lifecycle", "installation, update, removal", "tests/live", "test_lifecycle.py", 900),
    Group("messages", "each message, from the wire to the dialog", "tests/live", "test_messages.py", 900),
    Group("faults", "a system broken on purpose", "tests/faults", "test_*.py", 1200),
    Group("full", "what meets other modules, beside all of them", WINGS, "test_*.py", 3600, FULL, True, BESIDE),
    Group("shop", "a day of a shop that has everything", "tests/live", "test_shop_*.py", 1800, FULL),
    Group("hoot", "JavaScript unit tests", WINGS, "test_hoot*.py", 1800, odoo=True),
    Group("tour", "browser tours in Odoo", WINGS, "test_tour*.py", 900, odoo=True),
]
LANES = 3  # groups that run at a time


def group_of(path):
    """Return the group that a test file belongs to: of several, the one that says most about its name."""
    groups = (group for group in GROUPS if group.has(path) and not group.again)
    return max(groups, key=lambda group: len(group.pattern), default=None)


@dataclasses.dataclass
class Result:
    """How a group's run ended."""

    group: Group
    passed: int = 0
    failed: int = 0
    complaints: list = dataclasses.field(default_factory=list)
    output: Path | None = None
    seconds: float = 0

    def complain(self, text):
        """Count something as failed that is no test."""
        self.failed += 1
        self.complaints.append(text)


def parse_arguments():
    """Return the options, and what to run: {group: [file or node id, …]}."""
    names = "\n".join(f"  {group.name:10} {group.about} ({group.folder})" for group in GROUPS)
    parser = argparse.ArgumentParser(
        prog="script/test",
        description=__doc__,
        epilog=f"groups:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="*", help="groups and files; all groups by default")
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests that match, as in pytest")
    parser.add_argument("-x", action="store_true", help="stop a group at its first failure")
    parser.add_argument("--all", action="store_true", help="in `full`, all tests of `odoo`")
    parser.add_argument("--coverage", action="store_true", help="measure and report coverage")
    options = parser.parse_args()
    selection = {}
    for what in options.what:
        named = next((group for group in GROUPS if group.name == what), None)
        if named:
            selection.setdefault(named, [])
            continue
        file, *node = what.split("::")
        path = Path(file).resolve()
        group = path.is_relative_to(stack.ROOT) and group_of(path.relative_to(stack.ROOT))
        if not group or not path.exists():
            parser.error(f"{what} is neither a group nor a test file; groups:\n{names}")
        path = path.relative_to(stack.ROOT)
        if group.name == "odoo":
            # after `full`, what is meant is to run it there
            group = next((named for named in selection if named.again), group)
        selection.setdefault(group, []).append("::".join([str(path), *node]))
    return options, selection or {group: [] for group in GROUPS}


def command(group, targets, options, report, database):
    """Return the pytest command line of a group, and its environment's additions."""
    # The program rather than `python -m`, which would put the root on Odoo's path and so hide
    # a wrong import in the addon.
    argv = [str(Path(sys.executable).parent / "pytest"), f"--junit-xml={report}", "-q", "-ra"]
    argv += ["-o", "junit_family=xunit1", "--color=yes" if sys.stderr.isatty() else "--color=no"]
    if group.odoo:
        argv += [f"--odoo-database={database}", f"--odoo-config={config_path(database)}"]
    else:
        argv += [f"--confcutdir={group.folder}"]
    if options.k:
        argv += ["-k", options.k]
    if options.x:
        argv += ["-x"]
    environment = {"PATH": f"{stack.BROWSER.parent}:{os.environ['PATH']}"}
    if options.coverage:
        package = "odoo.addons.nets_connect_cloud" if group.odoo else group.folder.split("/")[0]
        argv += [f"--cov={package}", f"--cov-config={stack.ROOT}/pyproject.toml", "--cov-report="]
        environment["COVERAGE_FILE"] = str(REPORTS / f"coverage.{group.name}")
    return argv + [str(stack.ROOT / target) for target in targets or group.files(options.all)], environment


def config_path(database):
    """Return the Odoo configuration file of a test database."""
    return stack.HOME / "run" / f"{database}.conf"


def run_group(group, targets, options, postgresql, stream):
    """Run one group.

    :param bool stream: show pytest's output as it comes
    :return: a `Result`
    """
    result = Result(group, output=REPORTS / f"{group.name}.log")
    report = REPORTS / f"{group.name}.xml"
    if not targets and not group.files():
        result.complain(f"there is no test file {group.folder}/{group.pattern}")
        return result
    began = time.monotonic()
    database = stack.temporary(group.name)
    if group.odoo:
        stack.clone_template(postgresql, database, group.template)
        stack.write_odoo_config(config_path(database), postgresql, database, log_level="warn")
    argv, environment = command(group, targets, options, report, database)
    log = None if stream else result.output
    process = stack.Process(argv, log, cwd=stack.ROOT, env=os.environ | environment)
    code = process.wait(group.timeout)
    read_report(result, report, code)
    if not (options.k or result.passed or result.failed):
        result.complain("ran no test")
    if group.odoo:
        postgresql.drop(database)
    result.seconds = time.monotonic() - began
    return result


def read_report(result, report, code):
    """Take the counts from a group's JUnit file. What wants more modules than there are may be skipped in `odoo`, as
    long as it runs in `full`.

    :param code: pytest's exit code, None when it was ended for taking too long
    """
    if code is None:
        result.complain(f"was ended after {result.group.timeout} s")
        return
    if not report.exists():
        result.complain(f"pytest ended with exit code {code} and left no report")
        return
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
        elif (skipped := case.find("skipped")) is not None:
            name = f"{case.get('classname')}.{case.get('name')}"
            if result.group.name != "odoo" or not set(name.split(".")) & set(BESIDE):
                result.complain(f"skipped {name}: {skipped.get('message')}")
        else:
            result.passed += 1
    if code not in (0, 1, 5) or (code == 1 and not result.failed):
        result.complain(f"pytest ended with exit code {code}")


def report_result(result, stream):
    """Tell how a group ended, and what it printed when it failed."""
    if result.failed and not stream and result.output.exists():
        stack.say(f"\n===== {result.group.name} =====\n{result.output.read_text(errors='replace')}")
    for complaint in result.complaints:
        stack.say(f"✗ {result.group.name} {complaint}")
    counts = f"{result.passed} passed, {result.failed} failed"
    stack.say(f"· Tests ({result.group.name}): {counts} in {result.seconds:.1f} s")


class Queue:
    """The groups that wait for a lane, in their order, and for their database."""

    def __init__(self, groups, ready):
        """
        :param list groups: what is to be run
        :param dict ready: {group: the future of its prepared database}; left out where it wants none
        """
        self._groups = list(groups)
        self._ready = ready
        self._lock = threading.Lock()

    def take(self):
        """Return the next group whose database is ready; where there is none, wait for the next one's.

        :return: Group, or None where none is left
        """
        with self._lock:
            if not self._groups:
                return None
            group = next((group for group in self._groups if self._is_ready(group)), self._groups[0])
            self._groups.remove(group)
        if group in self._ready:
            self._ready[group].result()
        return group

    def _is_ready(self, group):
        return group not in self._ready or self._ready[group].done()


def run_lane(queue, selection, options, postgresql):
    """Run groups one after the other, until none is waiting.

    :param Queue queue: shared by the lanes
    """
    results = []
    while group := queue.take():
        stack.say(f"· Tests ({group.name}): {group.about} …")
        stream = len(selection) == 1
        result = run_group(group, selection[group], options, postgresql, stream)
        report_result(result, stream)
        results.append(result)
    return results


def prepare(pool, groups, postgresql):
    """Have the databases prepared beside the tests, one after the other: the small one is what the other is made of.

    :return: {group: the future of its prepared database}; left out where it wants none
    """
    templates = dict.fromkeys(group.template for group in groups)
    wanted = [template for template in stack.TEMPLATES if template in templates]
    before, futures = None, {}
    for template in wanted:
        before = futures[template] = pool.submit(_prepare, postgresql, template, before)
    return {group: futures[group.template] for group in groups if group.template}


def _prepare(postgresql, template, before):
    if before:
        before.result()
    return stack.ensure_template(postgresql, template)


def coverage_report():
    """Print the coverage of all groups together."""
    python = [sys.executable, "-m", "coverage"]
    files = [str(path) for path in REPORTS.glob("coverage.*")]
    environment = os.environ | {"COVERAGE_FILE": str(REPORTS / ".coverage")}
    for step in (["combine", "--keep", *files], ["report"]):
        subprocess.run(python + step, cwd=stack.ROOT, env=environment, stdout=sys.stderr, check=False)


def main():
    options, selection = parse_arguments()
    stack.exit_on_signals()
    REPORTS.mkdir(parents=True)
    for folder in REPORTS.parent.glob("[0-9]*"):
        if not stack.is_running(int(folder.name)):
            shutil.rmtree(folder)
    groups = [group for group in GROUPS if group in selection]
    postgresql = stack.PostgreSQL()
    if any(group.template for group in groups):
        postgresql.start()
        stack.drop_leftovers(postgresql)
    with concurrent.futures.ThreadPoolExecutor(LANES + len(stack.TEMPLATES)) as pool:
        queue = Queue(groups, prepare(pool, groups, postgresql))
        lanes = [pool.submit(run_lane, queue, selection, options, postgresql) for _lane in range(LANES)]
        try:
            results = [result for lane in lanes for result in lane.result()]
        except BaseException:
            # so that the lanes' threads end, which the pool waits for
            stack.stop_all()
            raise
    if options.coverage:
        coverage_report()
    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    if not passed + failed:
        stack.say(f"✗ no test matches {options.k}")
        failed = 1
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except stack.StackError as error:
        stack.say(error)
        print("0 passed, 1 failed")
        sys.exit(1)
    except KeyboardInterrupt:
        stack.say("interrupted")
        sys.exit(130)
