"""Prepare a version from a clean main branch: changelog, manifest, commit, tag, and the packages in dist/.

What is new is in CHANGELOG.md under “Unreleased”. Nothing is pushed; the commands for that are printed at the end.
"""

import argparse
import datetime
import re
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import addon_files
import run_build

BRANCH = "main"
SERIES = "19.0"
UNRELEASED = "Unreleased"


class NotReady(Exception):
    """The version can't be prepared; the text says what to do."""


def git(root, *arguments):
    """Run git in this repository and return what it prints."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise NotReady(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def check(root, version):
    """See that the version may be made of what is there.

    :raise NotReady: where not
    """
    if not re.fullmatch(re.escape(SERIES) + r"(\.\d+){3}", version):
        raise NotReady(f"A version is called {SERIES}.x.y.z, not {version}.")
    if git(root, "branch", "--show-current") != BRANCH:
        raise NotReady(f"A version is made of the branch {BRANCH}: git switch {BRANCH}")
    if changes := git(root, "status", "--porcelain"):
        raise NotReady(f"Commit this first, or put it away:\n{changes}")
    tags = git(root, "tag", "--list", f"{SERIES}.*").splitlines()
    last = max(tags, key=_numbers, default="")
    if last and _numbers(version) <= _numbers(last):
        raise NotReady(f"{version} isn't newer than the last version, {last}.")
    manifest = literal_eval((root / "__manifest__.py").read_text())["version"]
    if _numbers(version) < _numbers(manifest):
        raise NotReady(f"{version} is older than what __manifest__.py says, {manifest}.")


def _numbers(version):
    return [int(number) for number in version.split(".")]


def dated_changelog(text, version, day):
    """Return the changelog with what is unreleased under the version's own heading.

    :param datetime.date day: of the release
    :raise NotReady: where there is nothing
    """
    heading = re.search(rf"^## ({UNRELEASED}|{re.escape(version)})\n+(?=\S)(?!## )", text, re.MULTILINE)
    if not heading:
        raise NotReady(f"Say in CHANGELOG.md what is new, under the heading “## {UNRELEASED}”.")
    return f"{text[: heading.start()]}## {version} ({day.isoformat()})\n\n{text[heading.end() :]}"


def prepare(root, version, day):
    """Commit and tag the version.

    :raise NotReady: before anything is changed
    """
    check(root, version)
    changelog, manifest = root / "CHANGELOG.md", root / "__manifest__.py"
    dated = dated_changelog(changelog.read_text(), version, day)
    changelog.write_text(dated)
    manifest.write_text(re.sub(r'("version": )"[^"]+"', rf'\1"{version}"', manifest.read_text(), count=1))
    git(root, "commit", "--quiet", "--all", f"--message=[REL] {version}")
    git(root, "tag", "--annotate", f"--message={version}", version)


def main():
    parser = argparse.ArgumentParser(prog="script/release", description=__doc__)
    parser.add_argument("version", help=f"such as {SERIES}.1.1.0")
    version = parser.parse_args().version
    try:
        prepare(addon_files.ROOT, version, datetime.datetime.now(datetime.timezone.utc).date())
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    for path in run_build.build(addon_files.ROOT / "dist"):
        print(Path(path).relative_to(addon_files.ROOT))
    print(f"{version} is committed and tagged here. To publish it:\n  git push origin {BRANCH} {version}")
    print(f"To undo it:\n  git tag --delete {version} && git reset --hard HEAD~")
    return 0


if __name__ == "__main__":
    sys.exit(main())
