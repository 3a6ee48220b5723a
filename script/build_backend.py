"""How ``pip`` and script/build make the wheel: whool, by the OCA's conventions, on a staged copy of the addon.

whool would take a checkout's name for the module's, and pack whatever else the repository has.
"""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from whool import buildapi

sys.path.insert(0, str(Path(__file__).resolve().parent))

import addon_files


@contextlib.contextmanager
def _staged():
    back = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(addon_files.stage(folder))
        # as in a source archive: whool takes all files then, and asks no git for them
        Path("PKG-INFO").write_text(f"Name: odoo-addon-{addon_files.MODULE}\nVersion: {addon_files.version()}\n")
        try:
            yield
        finally:
            os.chdir(back)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Make the wheel in this folder (PEP 517).

    :return: its name
    """
    directory = Path(wheel_directory).resolve()
    with _staged():
        return buildapi.build_wheel(str(directory))


def build_sdist(sdist_directory, config_settings=None):
    """Make the source archive in this folder (PEP 517): the same files, which whool can make the wheel of.

    :return: its name
    """
    directory = Path(sdist_directory).resolve()
    with _staged():
        Path("pyproject.toml").write_text('[build-system]\nrequires = ["whool"]\nbuild-backend = "whool.buildapi"\n')
        return buildapi.build_sdist(directory)
