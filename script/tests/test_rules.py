import pytest
import rules


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("see rule 7.", [(1, 7)]),
        ("Rules 9 and 13: settled by hand", [(1, 9), (1, 13)]),
        ("rules 1, 3 to 5 and 16", [(1, number) for number in (1, 3, 4, 5, 16)]),
        ("x = 1\n# so say rules 7\n# to 9, 2026", [(2, 7), (2, 8), (2, 9)]),
        ("// === RULE 14 === //", [(1, 14)]),
        ("record rules, 3 of them; a rule 4th in line; ruler 5", []),
    ],
)
def test_a_citation_names_its_rules(text, cited):
    assert list(rules.citations(text)) == cited


def test_rules_are_the_items_below_their_heading():
    before, after = "\n# A\n1. **No.** x\n", "\n## B\n\n3. **No.**\n"
    page = f"{before}\n{rules.HEADING}\n\n1. **One.** x\n### More\n2. **Two.**\n   3. no\n{after}"
    assert rules.rules(page) == [1, 2]


def test_a_test_is_for_the_rule_in_its_name_or_at_the_beginning_of_its_docstring():
    source = '''
"""Rule 1: a module is no test."""
def test_rule_07_proof(): "also rule 2"
class TestMore:
    def test_rule_8b_proof(self): "..."
    def test_more(self): "Rules 9 and 13: more."
    def test_less(self): "Neither is rule 3 meant."
    def helper(self): "Rule 4: no test."
'''
    assert rules.tested(source) == {7, 8, 9, 13}


def test_a_test_in_the_browser_is_for_the_rule_in_its_name():
    source = 'test("rule 20: one", () => {\n  test("rule 7: two", async () => {\n// test("rule 3: no'
    assert rules.tested_in_browser(source) == {20, 7}


@pytest.fixture
def folder(tmp_path):
    """A folder with two rules, the first of them cited, and both tested."""
    files = {
        rules.PAGE: f"# A\n{rules.HEADING}\n1. **One.**\n2. **Two.**\n",
        "models/engine.py": "# rule 1\n",
        "tests/test_engine.py": "def test_rule_01_one():\n    pass\n",
        "static/tests/till.test.js": 'test("rule 2: two", () => {\n',
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return tmp_path


def test_all_is_well_where_each_rule_is_there_and_tested(folder):
    assert rules.check(folder) == (True, "")


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("static/till.js", "x\n// see rule 3", "static/till.js:2 cites rule 3, which isn't in docs/ARCHITECTURE.md"),
        ("tests/test_engine.py", "def test_other():\n    pass\n", "rule 1 has no test"),
        ("static/tests/till.test.js", 'test("two", () => {\n', "rule 2 has no test"),
        (rules.PAGE, f"# A\n{rules.HEADING}\n1. **One.**\n3. **Three.**\n", "one after the other: [1, 3]"),
        (rules.PAGE, "# A\n", "docs/ARCHITECTURE.md has no rules"),
    ],
)
def test_what_is_wrong_is_said(folder, path, content, said):
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(content)
    good, text = rules.check(folder)
    assert not good
    assert said in text
