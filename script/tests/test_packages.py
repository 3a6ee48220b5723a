"""The packages have what Odoo needs and nothing else, and a folder with another name breaks nothing."""

import shutil
import subprocess
import sys
import tarfile
import zipfile

import addon_files
import pytest
import run_build

ROOT = addon_files.ROOT
MODULE = addon_files.MODULE
UV = ROOT / ".odoo" / "uv" / "bin" / "uv"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Both packages: the wheel's and the zip's path."""
    return run_build.build(tmp_path_factory.mktemp("dist"))


def names(package, folder):
    """Return the files below a folder of a package."""
    with zipfile.ZipFile(package) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/")]
    return {name.removeprefix(f"{folder}/") for name in files if name.startswith(f"{folder}/")}


def test_both_packages_have_the_same_files(packages):
    wheel, zipped = packages
    assert names(wheel, f"odoo/addons/{MODULE}") == names(zipped, MODULE)


def test_the_packages_have_what_git_knows_of_the_addon_less_what_only_developers_need(packages):
    git = ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(git, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.splitlines()
    for_developers = (".", "script/", "simulator/", "benchmarks/", "requirements/", "docs/", "tests/", "static/tests/")
    expected = {
        name
        for name in known
        if (ROOT / name).exists()
        and not name.startswith((*for_developers, "connect_cloud/tests/"))
        and ("/" in name or name.endswith(".py") or name in ("README.md", "LICENSE"))
    }
    assert names(packages[1], MODULE) == expected


def test_the_wheel_says_what_it_is(packages):
    wheel, _zipped = packages
    assert wheel.name == f"odoo_addon_nets_connect_cloud-{addon_files.version()}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        said = archive.read(metadata).decode()
    assert "Name: odoo-addon-nets_connect_cloud\n" in said
    assert "Requires-Dist: odoo==19.0.*\n" in said
    assert said.count("Requires-Dist") == 1, "nothing that Odoo doesn't ship"


def test_pip_makes_the_same_wheel_of_a_checkout(packages, tmp_path):
    command = [UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", tmp_path, ROOT]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    [wheel] = tmp_path.glob("*.whl")
    assert names(wheel, "odoo") == names(packages[0], "odoo")


# === ANOTHER NAME === #

ASK_ODOO = """
import sys
from odoo.tools import config
config.parse_config(["--addons-path", sys.argv[1]], setup_logging=False)
from odoo.modules.module import Manifest, initialize_sys_path
initialize_sys_path()
print(*(manifest.name for manifest in Manifest.all_addon_manifests() if manifest.addons_path == sys.argv[1]))
for name in sys.argv[2:]:
    __import__(f"odoo.addons.{name}")
"""


def ask_odoo(addons, *modules):
    """Let Odoo list the modules in a folder, and import some.

    :return: what it lists, and the last line of what went wrong
    """
    command = [sys.executable, "-c", ASK_ODOO, addons, *modules]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout.split(), (done.stderr.strip().splitlines() or [""])[-1] if done.returncode else ""


@pytest.fixture
def addons(tmp_path):
    """An addons path with somebody else's module."""
    other = tmp_path / "addons" / "others_module"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("")
    manifest = {"name": "Other", "version": "19.0.1.0.0", "author": "somebody", "license": "LGPL-3"}
    (other / "__manifest__.py").write_text(repr(manifest))
    return tmp_path / "addons"


def test_under_its_own_name_odoo_takes_it(addons):
    addon_files.stage(addons)
    assert ask_odoo(addons, MODULE) == ([MODULE, "others_module"], "")


def test_under_another_name_one_sentence_says_what_to_do_and_nothing_is_half_done(addons):
    addon_files.stage(addons).rename(addons / "nets")
    listed, said = ask_odoo(addons, "others_module", "nets")
    assert listed == ["nets", "others_module"]
    assert said.startswith("odoo.exceptions.UserError: Rename the folder “nets” to “nets_connect_cloud”")


def test_a_download_of_the_source_whose_name_has_a_dash_stops_no_other_module(addons, tmp_path):
    """Odoo refuses to list any module where one has such a name; a download isn't taken for one."""
    addon_files.stage(addons).rename(addons / f"{MODULE}-main")
    assert "Invalid module name: nets_connect_cloud-main" in ask_odoo(addons)[1], "then this test can go"
    shutil.rmtree(addons / f"{MODULE}-main")

    archive = tmp_path / "source.tar"
    git = ["git", "-C", ROOT, "archive", f"--prefix={MODULE}-main/", f"--output={archive}", "HEAD"]
    subprocess.run(git, check=True, timeout=60)
    with tarfile.open(archive) as tar:
        tar.extractall(addons)
    assert ask_odoo(addons, "others_module") == (["others_module"], "")
    # what it says to do is all there is to do
    folder = (addons / f"{MODULE}-main").rename(addons / MODULE)
    lines = (folder / "__manifest__.py").read_text().splitlines()
    assert "call this folder nets_connect_cloud, and delete this line" in lines[1]
    (folder / "__manifest__.py").write_text("\n".join([lines[0], *lines[2:]]))
    assert ask_odoo(addons, MODULE) == ([MODULE, "others_module"], "")


def test_what_is_pinned_comes_from_whatever_registry_a_machine_has():
    for file in (ROOT / "package-lock.json", *(ROOT / "requirements").iterdir()):
        text = file.read_text()
        assert "hash=" in text or "integrity" in text or file.suffix == ".in", file.name
        found = [word for word in ('"resolved"', "index-url", "find-links", "://registry", "://files.") if word in text]
        assert not found, file.name
