"""One door in, one door out: read from the code, so that a second one is found as soon as somebody writes it."""

import ast
from collections import defaultdict
from pathlib import Path

from odoo.tests import TransactionCase, tagged

ROOT = Path(__file__).resolve().parents[2]
# The columns that say how a transaction ended, and the only methods that write them.
ENDING = {"recorded_at", "unknown_since", "to_book"}
DOORS_OUT = {
    ("models/engine/nets_transaction_ending.py", "NetsTransaction._ending"),
    ("models/engine/nets_transaction_ending.py", "NetsTransaction._become_unknown"),
    ("models/engine/nets_transaction_booking.py", "NetsTransaction._book"),
}
# A manager's record of what a session booked already says so from the start.
BOOKED_ALREADY = {("models/pos/press.py", "PaidLineByHand.values")}
STATES = {"pending", "unknown", "approved", "failed", "aborted"}


def functions():
    """Yield each function of the addon's models and wizards: (file, its qualified name, its tree)."""
    for path in sorted([*ROOT.glob("models/*/*.py"), *ROOT.glob("wizard/*/*.py"), ROOT / "listener.py"]):
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.FunctionDef):
                    owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                    yield name, f"{owner}{child.name}", child


def written(function):
    """What a function writes: the keys of its dictionaries with their values, and the attributes that it sets."""
    for node in ast.walk(function):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield key.value, value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    yield target.attr, node.value


def calls(function):
    """The names of the methods that a function calls."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def names_called(function):
    """The names of the functions and classes that a function calls."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


@tagged("post_install", "-at_install")
class TestDoors(TransactionCase):
    def where(self, is_meant):
        """The functions that something is true of: {(file, name)}."""
        return {(file, name) for file, name, function in functions() if is_meant(function)}

    def test_one_door_out(self):
        """How a transaction ended is written by the doors out alone."""

        def writes_an_end(function):
            return any(
                key in ENDING
                or (key == "state" and isinstance(value, ast.Constant) and value.value in STATES - {"pending"})
                for key, value in written(function)
            )

        found = set(self.where(writes_an_end))
        self.assertLessEqual(DOORS_OUT, found)
        found -= DOORS_OUT
        elsewhere = {entry for entry in found if "nets_transaction" in entry[0] or entry[0] == "listener.py"}
        # what a till's payment line or a session says is another matter
        self.assertFalse(elsewhere, "These write how a transaction ends")
        self.assertEqual({entry for entry in found if entry[0].endswith("press.py")}, BOOKED_ALREADY)

    def test_one_door_in(self):
        """Rows come in through `_reserve` and `_record_by_hand`, which only `_press` calls."""
        callers = defaultdict(set)
        for _file, name, function in functions():
            for called in calls(function):
                callers[called].add(name.split(".")[-1])
        self.assertEqual(callers["_reserve"], {"_press"})
        self.assertEqual(callers["_record_by_hand"], {"_press"})
        self.assertEqual(callers["_insert"], {"_reserve", "_record_by_hand", "_as_if_charged"})
        self.assertEqual(callers["send_after_commit"], {"_send_after_commit"})
        self.assertEqual(callers["_send_after_commit"], {"_reserve"})

    def test_one_writer_of_the_last_result(self):
        def writes_it(function):
            return any(key == "last_result" for key, _value in written(function))

        self.assertEqual(self.where(writes_it), {("models/engine/nets_terminal.py", "NetsTerminal._set_last_result")})

    def test_rule_26_nets_is_asked_outside_of_database_transactions(self):
        """Rule 26: threads talk to NETS, and who waits for them has ended the own transaction before."""
        talks = {"ConnectCloudClient", "try_login", "ask_terminal"}
        talking = self.where(lambda function: talks & {*calls(function), *names_called(function)})
        self.assertEqual({file for file, _name in talking}, {"listener.py"})
        waits = {"log_in", "refresh_terminal"}
        waiting = self.where(lambda function: waits & {*calls(function)})
        self.assertEqual(
            waiting,
            {
                ("models/engine/nets_asked.py", "NetsAsked._log_in_apart"),
                ("models/engine/nets_terminal.py", "NetsTerminal._ask_apart"),
            },
        )
        for file, name, function in functions():
            if (file, name) in waiting:
                order = [called for called in calls(function) if called in {"_end_transaction", *waits}]
                self.assertEqual(order[0], "_end_transaction", name)

    def test_one_place_says_whether_a_result_is_settled_by_hand(self):
        def refuses(function):
            keys = {node.value for node in ast.walk(function) if isinstance(node, ast.Constant)}
            return any(isinstance(key, str) and key.startswith("settle_") for key in keys)

        names = ("_settle_by_hand", "_check_settled_charge", "_check_settled_no_charge")
        self.assertEqual(
            {(file, name) for file, name in self.where(refuses) if file.startswith(("models/", "wizard/"))},
            {("models/engine/nets_transaction_recovery.py", f"NetsTransaction.{name}") for name in names},
        )

    def test_no_method_of_a_transaction_is_overridden_from_file_to_file(self):
        """Except where core's own contract asks for it."""
        files = defaultdict(set)
        for file, name, _function in functions():
            if name.startswith("NetsTransaction."):
                files[name].add(file)
        overridden = {name for name, found in files.items() if len(found) > 1}
        self.assertEqual(overridden - {"NetsTransaction._compute_display_name", "NetsTransaction.action_refund"}, set())
