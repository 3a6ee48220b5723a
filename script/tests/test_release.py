import datetime
import os
import subprocess

import pytest
import run_release

DAY = datetime.date(2026, 5, 4)
CHANGELOG = "# Changelog\n\n## Unreleased\n\n- More.\n\n## 19.0.1.0.0 (2026-01-02)\n\n- All.\n"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one version, and something new since."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "nobody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nobody@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    run_release.git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "__manifest__.py").write_text('{\n    "name": "x",\n    "version": "19.0.1.0.0",\n}\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    run_release.git(tmp_path, "add", ".")
    run_release.git(tmp_path, "commit", "--quiet", "--message=x")
    run_release.git(tmp_path, "tag", "19.0.1.0.0")
    return tmp_path


def test_a_version_is_written_committed_and_tagged(repository):
    run_release.prepare(repository, "19.0.1.1.0", DAY)
    assert '"version": "19.0.1.1.0",' in (repository / "__manifest__.py").read_text()
    assert "## 19.0.1.1.0 (2026-05-04)\n\n- More.\n\n## 19.0.1.0.0 (" in (repository / "CHANGELOG.md").read_text()
    assert run_release.git(repository, "status", "--porcelain") == ""
    assert run_release.git(repository, "log", "-1", "--format=%s %D") == (
        "[REL] 19.0.1.1.0 HEAD -> main, tag: 19.0.1.1.0"
    )


def test_the_first_version_is_the_one_that_the_manifest_names(repository):
    run_release.git(repository, "tag", "--delete", "19.0.1.0.0")
    (repository / "CHANGELOG.md").write_text("# Changelog\n\n## 19.0.1.0.0\n\n- All.\n")
    run_release.git(repository, "commit", "--quiet", "--all", "--message=x")
    run_release.prepare(repository, "19.0.1.0.0", DAY)
    assert (repository / "CHANGELOG.md").read_text() == "# Changelog\n\n## 19.0.1.0.0 (2026-05-04)\n\n- All.\n"


@pytest.mark.parametrize(
    ("version", "spoil", "said"),
    [
        ("1.1.0", (), "A version is called 19.0.x.y.z"),
        ("18.0.1.1.0", (), "A version is called 19.0.x.y.z"),
        ("19.0.1.0.0", (), "isn't newer than the last version, 19.0.1.0.0"),
        ("19.0.0.10.0", (), "isn't newer than the last version, 19.0.1.0.0"),
        ("19.0.1.1.0", ("git", "switch", "--quiet", "--create", "other"), "git switch main"),
        ("19.0.1.1.0", ("touch", "stray"), "stray"),
        ("19.0.1.1.0", ("sed", "--in-place", "s/Unreleased/Soon/", "CHANGELOG.md"), "CHANGELOG.md"),
    ],
)
def test_what_is_not_ready_changes_nothing(repository, version, spoil, said):
    if spoil:
        subprocess.run(spoil, cwd=repository, timeout=60, check=True)
    before = run_release.git(repository, "status", "--porcelain")
    with pytest.raises(run_release.NotReady, match=said):
        run_release.prepare(repository, version, DAY)
    assert run_release.git(repository, "status", "--porcelain") == before
    assert run_release.git(repository, "tag", "--list") == "19.0.1.0.0"


@pytest.mark.parametrize("text", ["# Changelog\n", "## Unreleased\n\n## 19.0.1.0.0\n", "## Soon\n\n- More.\n"])
def test_a_version_without_news_is_none(text):
    with pytest.raises(run_release.NotReady, match=r"Say in CHANGELOG\.md what is new"):
        run_release.dated_changelog(text, "19.0.1.1.0", DAY)
