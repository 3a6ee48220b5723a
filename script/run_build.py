"""Make the packages of the addon: a wheel for pip, and a zip to unpack in an addons path. Both have the same files."""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import addon_files
import build_backend


def commit_time():
    """Return when the last commit was made, in seconds: what is built twice of it is the same. None without git."""
    git = ["git", "-C", addon_files.ROOT, "log", "-1", "--format=%ct"]
    done = subprocess.run(git, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60, check=False)
    return done.stdout.strip() or None


def build(folder):
    """Make both packages in this folder.

    :return: the wheel's path, and the zip's
    """
    folder.mkdir(parents=True, exist_ok=True)
    if made := commit_time():
        os.environ.setdefault("SOURCE_DATE_EPOCH", made)
    return folder / build_backend.build_wheel(str(folder)), build_zip(folder)


def build_zip(folder):
    """Make the zip in this folder, with the module's folder in it.

    :return: its path
    """
    file = folder / f"{addon_files.MODULE}-{addon_files.version()}.zip"
    with tempfile.TemporaryDirectory() as temporary, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        staged = addon_files.stage(temporary)
        if moment := os.environ.get("SOURCE_DATE_EPOCH"):
            for path in staged.rglob("*"):
                os.utime(path, (int(moment), int(moment)))
        for path in sorted(staged.rglob("*")):
            archive.write(path, path.relative_to(temporary))
    return file


def main():
    parser = argparse.ArgumentParser(prog="script/build", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=addon_files.ROOT / "dist", help="where (dist)")
    for path in build(parser.parse_args().folder):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
