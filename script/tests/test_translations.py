import importlib.util
import sys
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "Terminal ID; Session; STAN; Date; Amount; Fee"


@pytest.fixture(scope="module")
def payouts():
    """The client's module: it needs neither Odoo nor the addon around it."""
    folder = ROOT / "connect_cloud"
    spec = importlib.util.spec_from_file_location(
        "connect_cloud", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    sys.modules["connect_cloud"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return importlib.import_module("connect_cloud.payouts")


@pytest.mark.parametrize("file", sorted((ROOT / "i18n").glob("*.po")), ids=lambda file: file.stem)
def test_the_example_of_a_settlement_file_is_understood(payouts, file):
    """Who writes a file by hand takes the headings from the example in the import's window."""
    headings = polib.pofile(str(file)).find(EXAMPLE).msgstr
    table = payouts.read_table(f"{headings}\n1;1;1;1;1;1")
    mapping = payouts.propose(table.columns)
    meant = ["terminal", "session", "stan", "date", "amount", "fee"]
    assert [mapping[column.key] for column in table.columns] == meant
