"""Odoo 19 runs on Python 3.10 to 3.13; so does all of this, and the tests of this package run on any of them."""

import ast
import json
from pathlib import Path

import pytest

from connect_cloud import OutcomeState, Reason

OLDEST = (3, 10)
PACKAGE = Path(__file__).parents[1]
# The addon, and what its developers use.
FILES = sorted(
    file
    for file in PACKAGE.parent.rglob("*.py")
    if not any(part.startswith(".") or part == "node_modules" for part in file.relative_to(PACKAGE.parent).parts)
)
# What came later, by module, as far as this package could want it.
LATER = {
    "asyncio": {"Runner", "TaskGroup", "timeout"},
    "datetime": {"UTC"},
    "enum": {"StrEnum", "ReprEnum", "verify", "member", "nonmember"},
    "hashlib": {"file_digest"},
    "http": {"HTTPMethod"},
    "itertools": {"batched"},
    "typing": {"Self", "Never", "LiteralString", "assert_never", "override", "Required", "NotRequired", "Unpack"},
    "warnings": {"deprecated"},
}
LATER_MODULES = {"tomllib"}
LATER_NAMES = {"ExceptionGroup", "BaseExceptionGroup", "PythonFinalizationError"}


def what_is_too_new(source):
    """The names in a source that the oldest Python doesn't have.

    :raise SyntaxError: for what it can't even read
    """
    for node in ast.walk(ast.parse(source, feature_version=OLDEST)):
        if type(node).__name__ == "TryStar":  # the parser knows it whatever the version
            yield "except*"
        if isinstance(node, ast.ImportFrom):
            yield from LATER.get(node.module, set()) & {name.name for name in node.names}
            yield from {node.module} & LATER_MODULES
        if isinstance(node, ast.Import):
            yield from LATER_MODULES & {name.name for name in node.names}
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from LATER.get(node.value.id, set()) & {node.attr}
        if isinstance(node, ast.Name):
            yield from LATER_NAMES & {node.id}


def instants_read(source):
    """The calls that read an instant as the oldest Python can't: neither `Z`, nor fractions of any length."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".fromisoformat"):
            yield ast.unparse(node)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE.parent)))
def test_nothing_is_needed_that_came_after_the_oldest_python(file):
    assert not set(what_is_too_new(file.read_text()))


@pytest.mark.parametrize("file", sorted(PACKAGE.glob("*.py")), ids=lambda file: file.name)
def test_what_nets_tells_is_read_by_what_reads_any_instant(file):
    found = set(instants_read(file.read_text()))
    if file.name == "evidence.py":  # of what it has written itself
        found -= {"datetime.fromisoformat(instant)", "datetime.fromisoformat(values['at'])"}
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "from enum import StrEnum",
        "import datetime\nnow = datetime.UTC",
        "from datetime import datetime, UTC",
        "import tomllib",
        "raise ExceptionGroup('', [])",
    ],
)
def test_what_came_later_is_found(source):
    assert list(what_is_too_new(source))


def test_an_instant_that_is_read_is_found():
    assert list(instants_read("from datetime import datetime as d\nd.fromisoformat(text)"))


@pytest.mark.parametrize("source", ["type X = int", "def f[T](x: T): ...", "class A[T]: ..."])
def test_newer_syntax_is_found(source):
    with pytest.raises(SyntaxError):
        list(what_is_too_new(source))


def test_names_are_their_texts_in_any_version():
    for name in (Reason.TERMINAL_BUSY, OutcomeState.APPROVED):
        assert name == name.value == str(name) == f"{name}" == "{}".format(name) == json.loads(json.dumps(name))
        assert type(str(name)) is type(f"{name}") is str
        assert {name.value: 1}[name] == 1
