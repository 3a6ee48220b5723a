"""Which parts of the repository are the addon: one list, for a checkout's own Odoo, for the wheel, and for the zip.

``python addon_files.py`` makes the folder that a checkout's Odoo finds the addon in. Only the standard library is
needed: script/bootstrap runs this before anything is installed, and ``pip`` in an environment of its own.
"""

import os
import shutil
import sys
from ast import literal_eval
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = "nets_connect_cloud"
# The addon's own entries at the root of the repository; the rest is not Odoo's business.
ENTRIES = (
    *("__init__.py", "__manifest__.py", "const.py", "hooks.py", "listener.py", "pools.py", "README.md"),
    *("connect_cloud", "controllers", "data", "demo", "i18n", "messages", "migrations", "models", "report", "security"),
    *("static", "tests", "views", "wizard"),
)
# What of these only developers need, and what only packages have.
NOT_PACKAGED = ("tests", "static/tests", "connect_cloud/tests")
ONLY_PACKAGED = ("LICENSE",)


def version():
    """Return the version that the manifest names."""
    return literal_eval((ROOT / "__manifest__.py").read_text())["version"]


def link(folder):
    """Make this folder the addon, for the addons path of a checkout's own Odoo: one link for each entry.

    Odoo takes the folder's name for the module's, so whatever the checkout is called, it sees a folder with the right
    name. It is a real one: a link to the root would make Odoo find .odoo/ inside itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in ENTRIES:
        if not (folder / entry).is_symlink():
            (folder / entry).symlink_to(os.path.relpath(ROOT / entry, folder))
    for place in list(folder.iterdir()):
        if not place.exists():  # what is no more, or not in this version
            place.unlink()


def packaged():
    """Return the files that a package has, relative to the root, sorted."""
    files = []
    for entry in (*ENTRIES, *ONLY_PACKAGED):
        if (ROOT / entry).is_file():
            files.append(Path(entry))
        for folder, folders, names in os.walk(ROOT / entry):
            here = Path(folder).relative_to(ROOT)
            if here.as_posix() in NOT_PACKAGED:
                folders.clear()
                continue
            folders[:] = [name for name in folders if name != "__pycache__"]
            files += [here / name for name in names if not name.startswith(".") and not name.endswith(".pyc")]
    return sorted(files)


def stage(folder):
    """Copy what a package has into a new folder inside this one.

    :return: that folder, which is called like the module
    """
    target = Path(folder, MODULE)
    for file in packaged():
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, target / file)
    return target


if __name__ == "__main__":
    link(ROOT / ".odoo" / "addons" / MODULE)
    sys.exit()
