"""The rules that docs/ARCHITECTURE.md numbers: each that is cited is there, and each has its test."""

import ast
import os
import re
from pathlib import Path

PAGE = "docs/ARCHITECTURE.md"
CODE = (".py", ".js", ".mjs", ".xml", ".css", ".scss", ".sql", ".md")
SKIPPED = {"node_modules", "lib"}
HEADING = "## The rules"
_RULE = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)
# What is between two words of a citation: a line may end there, and the next one begin with a comment's sign.
_GAP = r"(?:\s|#|//|\*)+"
_CITATION = re.compile(
    rf"\brules?{_GAP}(\d{{1,2}}\b(?:(?:,|{_GAP}and|{_GAP}or|{_GAP}to){_GAP}\d{{1,2}}\b)*)", re.IGNORECASE
)
_TEST_NAME = re.compile(r"test_rule_0*(\d+)[a-z]?_")
_JS_TEST_NAME = re.compile(r'^\s*test\("rule[ ]0*(\d+): ', re.MULTILINE)


def numbers(text):
    """Return the numbers in a citation's list: ``1, 3 to 5 and 16`` → {1, 3, 4, 5, 16}."""
    found, previous, span = set(), 0, False
    for word in re.findall(r"\d+|to\b", text):
        if word == "to":
            span = True
            continue
        number = int(word)
        found.update(range(previous, number) if span else (), [number])
        previous, span = number, False
    return found


def rules(page):
    """Return the numbers of the rules on the page, in their order.

    They are the list items ``N. **Title.** …`` below the heading *The rules*, up to the next heading of its level.
    """
    _before, _heading, rest = page.partition(f"\n{HEADING}\n")
    return [int(number) for number in _RULE.findall(rest.partition("\n## ")[0])]


def citations(text):
    """Yield (line, number) for each rule that a file's text cites."""
    for match in _CITATION.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        for number in sorted(numbers(match[1])):
            yield line, number


def tested(source):
    """Return the rules that the tests in this Python file are for.

    A test is for the rule in its name, ``test_rule_07_…``, or for those with which its docstring begins: *Rule 7: …*,
    *Rules 9 and 13: …*.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            if named := _TEST_NAME.match(node.name):
                found.add(int(named[1]))
            if cited := _CITATION.match(ast.get_docstring(node) or ""):
                found |= numbers(cited[1])
    return found


def tested_in_browser(source):
    """Return the rules that the tests in this JavaScript file are for: those in names, ``test("rule 7: …``."""
    return {int(number) for number in _JS_TEST_NAME.findall(source)}


def check(folder, fix=False):
    """Compare the rules on the page with the citations and tests in this folder; nothing is fixed.

    :return: whether all is well, and what to say
    """
    page = folder / PAGE
    standing = rules(page.read_text()) if page.exists() else []
    if not standing:
        return False, f"{PAGE} has no rules under “{HEADING}”"
    said = []
    if standing != list(range(1, len(standing) + 1)):
        said.append(f"{PAGE} doesn't number its rules from 1 on, one after the other: {standing}")
    with_test = set()
    for path in sorted(_files(folder)):
        text = path.read_text()
        name = path.relative_to(folder)
        said += [
            f"{name}:{line} cites rule {number}, which isn't in {PAGE}"
            for line, number in citations(text)
            if number not in standing
        ]
        if path.name.startswith("test_") and path.suffix == ".py":
            with_test |= tested(text)
        elif name.name.endswith(".test.js"):
            with_test |= tested_in_browser(text)
    said += [f"rule {number} has no test" for number in sorted(set(standing) - with_test)]
    return not said, "\n".join(said)


def _files(folder):
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith(".")]
        yield from (Path(path, name) for name in names if name.endswith(CODE))


# For the linters' self-check: one citation of a rule that isn't there, and one rule that nobody tests.
_SEEDED = 99
SEEDS = [
    ("__init__.py", "", f"# For rules 1 to\n# {_SEEDED}.\n", f"cites rule {_SEEDED}"),
    (PAGE, f"\n{HEADING}\n", f"\n{HEADING}\n\n{_SEEDED}. **Seeded.**\n", f"rule {_SEEDED} has no test"),
]
