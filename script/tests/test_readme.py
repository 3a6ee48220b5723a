import re
import subprocess

import addon_files
import pytest

ROOT = addon_files.ROOT


@pytest.fixture(scope="module")
def known():
    """The files that git knows, or would take, and their folders."""
    git = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(git, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.split()
    return {str(parent) for file in files for parent in [ROOT / file, *(ROOT / file).parents]}


@pytest.mark.parametrize("page", ["README.md", "script/README.md", "docs/install.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_the_files_that_a_page_names_are_there(page, known):
    text = (ROOT / page).read_text()
    named = set(re.findall(r"\b(?:script|tests|docs|connect_cloud|simulator|fault_harness)/[\w./]*\w(?![\w*])", text))
    assert named
    places = (ROOT, ROOT / "script")
    missing = {name for name in named if not any(str(place / name) in known for place in places)}
    assert not missing
