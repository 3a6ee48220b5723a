"""Find Odoo 19.0: take the first source that has it whole, and note where it is.

The sources, in this order:

1. the folder that ``ODOO_SRC`` names; then nothing else is tried
2. what lies beside the checkout (``../*``, ``../*/*``): a source tree, Debian's packages, an archive of a tree that is
   called ``odoo-19.0*.tar.xz``
3. Debian's packages that were downloaded before
4. Debian's ``sid``
5. Debian's archive of snapshots
6. Odoo's nightly builds
7. the branch 19.0 of Odoo's repository

A tree that is there already is used where it is; everything else is unpacked into ``.odoo/src``. script/bootstrap runs
this before anything is installed: the standard library of Python 3.10 has to do. What is tried is said on stderr; what
the programs that it runs have to say is in ``.odoo/odoo-source.log``. Exit code 3 where there is no Odoo, 2 where
``ODOO_SRC`` holds none.
"""

import contextlib
import fcntl
import getpass
import glob
import http.client
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zlib
from ast import literal_eval
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".odoo"
SERIES = "19.0"

# Where the package `odoo` lies in Debian's package.
DEBIAN_PATH = "usr/lib/python3/dist-packages"
# Debian's Odoo replaces bundled fonts and jQuery by links into these packages.
COMPANIONS = {
    "bookworm": (
        *("fonts-font-awesome", "fonts-inconsolata", "fonts-ocr-b", "fonts-roboto-unhinted"),
        *("libjs-jquery", "libjs-jquery-form", "libjs-underscore"),
    ),
    "sid": ("fonts-montserrat",),
}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT = Path("/etc/apt")
# A day on which sid had Odoo 19.0.
SNAPSHOT_TIME = "20260401T000000Z"
# web.assets_backend names a file that Debian leaves out; without it each page of the back office logs an error, which
# fails every browser test.
LEFT_OUT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
TIMEOUT = 30  # seconds in which a server has to say something
LONGEST = 1800  # seconds that one program may take
RETRIES = 3


class Unusable(Exception):
    """A source has no whole Odoo 19.0; the text says why."""


def say(text):
    """Print progress."""
    print(text, file=sys.stderr, flush=True)


def setting(name, default):
    """Return an environment variable, or the default where it is empty or not set."""
    return os.environ.get(name) or default


def cache():
    """Return the folder that checkouts share, as script/bootstrap names it."""
    home = os.environ.get("HOME") or str(HOME)
    return Path(setting("ODOO_CACHE", setting("XDG_CACHE_HOME", f"{home}/.cache") + "/nets_connect_cloud"))


# === WHAT IS A WHOLE ODOO === #


def is_odoo(folder):
    """Tell whether this folder holds the package `odoo` of our series."""
    try:
        release = Path(folder, "odoo", "release.py").read_text()
    except OSError:
        return False
    major, minor = SERIES.split(".")
    return re.search(rf"^version_info = \({major}, {minor}\b", release, re.MULTILINE) is not None


def find_tree(folder):
    """Return the folder that holds the package `odoo`: this one, one below, or Debian's in either; None for none."""
    top = glob.escape(str(folder))
    for pattern in ("", "*", DEBIAN_PATH, f"*/{DEBIAN_PATH}"):
        for found in sorted(glob.glob(f"{top}/{pattern}")):
            if is_odoo(found):
                return Path(found).resolve()
    return None


def lack(tree):
    """Return a word for something that the addon needs and this tree doesn't have: "" where all is there."""
    if not (tree / "odoo" / "http.py").is_file():
        return "odoo/http.py"
    todo = ["base", *literal_eval((ROOT / "__manifest__.py").read_text())["depends"]]
    known = set(todo)
    while todo:
        name = todo.pop()
        places = [place / name for place in (tree / "odoo" / "addons", tree / "addons")]
        folder = next((place for place in places if (place / "__manifest__.py").is_file()), None)
        if not folder:
            return f"the module {name}"
        manifest = literal_eval((folder / "__manifest__.py").read_text())
        for file in manifest.get("data", ()):
            if not (folder / file).is_file():
                return f"{name}/{file}"
        new = set(manifest.get("depends", ())) - known
        known |= new
        todo += new
    return ""


def check(tree):
    """Refuse a tree that is not whole.

    :raise Unusable: then
    """
    if missing := lack(tree):
        raise Unusable(f"{tree} is not whole: {missing} is missing")


# === UNPACKING === #


def run(*command, cwd=None, env=None):
    """Run a program; what it says goes to the log.

    :return: its output
    :raise Unusable: when it failed, isn't there, or takes too long
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unusable(str(error)) from error
    with (HOME / "odoo-source.log").open("a") as log:
        log.write(f"$ {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise Unusable(f"{command[0]}: {lines[-1]}")
    return done.stdout


@contextlib.contextmanager
def unpacked(version):
    """Give an empty folder to put a tree into, fix what Debian leaves out, and put it in its place when it is whole.

    :param str version: which build it is, for what is made from it
    :raise Unusable: where it isn't whole
    """
    new = HOME / "src.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    yield new
    tree = find_tree(new)
    if not tree:
        raise Unusable(f"it holds no Odoo {SERIES}")
    check(tree)
    for folder, _folders, names in os.walk(tree):
        for name in names:
            if not os.path.exists(f"{folder}/{name}"):
                raise Unusable(f"what {folder}/{name} is a link to is missing")
    repair(tree)
    (new / "version").write_text(f"{version}\n")
    shutil.rmtree(HOME / "src", ignore_errors=True)
    new.rename(HOME / "src")


def _stale_copy(tree):
    """Return the partial second copy of the modules that Debian's package has beside them, None where it hasn't."""
    doubled = (tree / "odoo" / "addons" / "web").is_dir() and (tree / "addons").is_dir()
    return tree / "addons" if doubled else None


def _gap(tree):
    """Return the file that Debian leaves out, None where it is there."""
    places = [place / LEFT_OUT for place in (tree / "odoo" / "addons", tree / "addons") if (place / "mail").is_dir()]
    return next((place for place in places if not place.exists()), None)


def repair(tree):
    """Make of Debian's tree one that Odoo runs from without complaint."""
    if stale := _stale_copy(tree):
        shutil.rmtree(stale)
    if gap := _gap(tree):
        gap.parent.mkdir(parents=True, exist_ok=True)
        gap.write_text("/* not part of Debian's package */\n")


def use_tree(tree):
    """Use a tree where it is, or a copy of it where something has to be fixed: it is not ours.

    :return: its folder
    :raise Unusable: where it isn't whole
    """
    check(tree)
    if not (_stale_copy(tree) or _gap(tree)):
        return tree
    with unpacked(f"a copy of {tree}") as new:
        # its links lead to other folders of the same tree
        top = tree.parents[3] if str(tree).endswith(f"/{DEBIAN_PATH}") else tree
        shutil.copytree(top, new / "tree", symlinks=True)
    return find_tree(HOME / "src")


def use_debs(folder):
    """Unpack Debian's Odoo and its companions from this folder.

    :return: the tree's folder
    :raise Unusable: where one is missing
    """
    debs = []
    for wanted in (f"odoo*_{SERIES}", *(f"{name}_" for names in COMPANIONS.values() for name in names)):
        found = sorted(folder.glob(f"{wanted}*.deb"), key=os.path.getmtime)
        if not found:
            raise Unusable(f"{folder} lacks Debian's package {wanted.rpartition('_')[0]}")
        debs.append(found[-1])
    with unpacked(" ".join(sorted(deb.name for deb in debs))) as new:
        for deb in debs:
            run("dpkg-deb", "-x", deb, new)
    return find_tree(HOME / "src")


def use_archive(file):
    """Unpack an archive of a source tree.

    :return: the tree's folder
    :raise Unusable: where it can't be read, or has no whole Odoo
    """
    with unpacked(f"{file.name} {file.stat().st_size}") as new:
        try:
            with tarfile.open(file) as archive:
                # nothing outside of the folder, where this Python knows how to see to it
                safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                archive.extractall(new, **safe)
        except (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
            raise Unusable(f"{file} can't be unpacked: {error}") from error
    return find_tree(HOME / "src")


# === THE SOURCES === #


def beside():
    """Use what lies beside the checkout."""
    around = glob.escape(str(ROOT.parent))
    folders = [Path(name) for depth in ("", "*/", "*/*/") for name in sorted(glob.glob(f"{around}/{depth}"))]
    folders = [folder for folder in folders if not folder.is_relative_to(ROOT)]
    found = [(use_tree, folder) for folder in folders if is_odoo(folder)]
    found += [(use_tree, folder / DEBIAN_PATH) for folder in folders if is_odoo(folder / DEBIAN_PATH)]
    found += [(use_debs, folder) for folder in folders if any(folder.glob(f"odoo*_{SERIES}*.deb"))]
    found += [(use_archive, file) for folder in folders for file in sorted(folder.glob(f"odoo-{SERIES}*.tar.xz"))]
    for use, path in found:
        say(f"  {path}")
        try:
            return use(path)
        except Unusable as error:
            say(f"  no: {error}")
    raise Unusable("nothing that can be used")


def downloaded_debs():
    """Use the packages that a checkout has downloaded before."""
    if not any((cache() / "debs").glob(f"odoo*_{SERIES}*.deb")):
        raise Unusable(f"nothing in {cache() / 'debs'}")
    return use_debs(cache() / "debs")


def system_id():
    """Return the name of this system, as Debian and its like give it: `debian`, `ubuntu`, …"""
    try:
        release = Path("/etc/os-release").read_text()
    except OSError:
        return "unknown"
    match = re.search(r'^ID="?([\w-]+)', release, re.MULTILINE)
    return match[1] if match else "unknown"


def debian_mirror():
    """Return the address of a mirror that has `sid`: the one that apt uses here.

    :raise Unusable: where none is known
    """
    if given := os.environ.get("DEBIAN_MIRROR"):
        return given
    if system_id() == "ubuntu":
        files, pattern = ["/usr/share/python-apt/templates/Debian.info"], r"^BaseURI:\s*(\S+)"
    else:
        more = APT / "sources.list.d"
        files = [more / "debian.sources", *sorted(more.glob("*.sources")), APT / "sources.list"]
        files += sorted(more.glob("*.list"))
        pattern = r"^(?:URIs:|deb\s+(?:\[[^]]*\]\s*)?)\s*(https?:\S+)"
    for file in files:
        with contextlib.suppress(OSError):
            if match := re.search(pattern, Path(file).read_text(), re.MULTILINE):
                return match[1]
    raise Unusable("no mirror of Debian is known here: name one in DEBIAN_MIRROR")


def download_debs(mirror, options=""):
    """Download Odoo and its companions from a mirror of Debian, and use them.

    With a configuration of its own: the machine's apt, its sources and its lists stay as they are.

    :param str options: further ones of apt's, for these sources
    :raise Unusable: where it has no Odoo 19.0, or doesn't answer
    """
    if not KEYRING.exists():
        raise Unusable(f"{KEYRING} is missing, which says what packages are Debian's (package debian-archive-keyring)")
    apt = cache() / "apt"
    # what another mirror had is none of this one's business
    shutil.rmtree(apt, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "debs"):
        (apt / folder).mkdir(parents=True)
    lines = [f"deb [signed-by={KEYRING}{options}] {mirror} {suite} main\n" for suite in COMPANIONS]
    (apt / "sources.list").write_text("".join(lines))
    (apt / "apt.conf").write_text(f"""
Dir::Etc::sourcelist "{apt}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "{apt}/lists";
Dir::Cache "{apt}/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Retries "{RETRIES}";
Acquire::http::Timeout "{TIMEOUT}";
Acquire::https::Timeout "{TIMEOUT}";
APT::Sandbox::User "{getpass.getuser()}";
APT::Update::Post-Invoke-Success "";
APT::Update::Error-Mode "any";
""")
    env = {"APT_CONFIG": str(apt / "apt.conf"), "LC_ALL": "C"}
    run("apt-get", "-q", "update", env=env)
    rows = [line.split("|") for line in run("apt-cache", "madison", "odoo-19", "odoo", env=env).splitlines()]
    versions = [f"{row[0].strip()}={row[1].strip()}" for row in rows if re.match(rf" *(\d+:)?{SERIES}", row[1])]
    if not versions:
        raise Unusable(f"there is no package of Odoo {SERIES} any more")
    companions = [f"{name}/{suite}" for suite, names in COMPANIONS.items() for name in names]
    run("apt-get", "-q", "download", versions[0], *companions, cwd=apt / "debs", env=env)
    debs = cache() / "debs"
    debs.mkdir(exist_ok=True)
    # Odoo's own package last: its presence says that all are there
    for deb in sorted((apt / "debs").glob("*.deb"), key=lambda deb: deb.name.startswith("odoo")):
        deb.replace(debs / deb.name)
    return use_debs(debs)


def sid():
    """Use Debian's `sid`, which has 19.0 until 20.0 takes its place."""
    return download_debs(debian_mirror())


def snapshot():
    """Use what `sid` was on a day on which it had 19.0."""
    address = setting("DEBIAN_SNAPSHOT", "https://snapshot.debian.org/archive/debian")
    return download_debs(f"{address}/{SNAPSHOT_TIME}", " check-valid-until=no")


def nightly():
    """Use what Odoo builds each night."""
    address = setting("ODOO_NIGHTLY", f"https://nightly.odoo.com/{SERIES}/nightly/src/odoo_{SERIES}.latest.tar.gz")
    file = HOME / "odoo-nightly.tar.gz"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer, file.open("wb") as target:
            shutil.copyfileobj(answer, target)
        return use_archive(file)
    except (OSError, http.client.HTTPException) as error:
        raise Unusable(f"{address}: {error}") from error
    finally:
        file.unlink(missing_ok=True)


def branch():
    """Use the branch of Odoo's repository, without its history."""
    address = setting("ODOO_GIT", "https://github.com/odoo/odoo.git")
    options = ["-c", "http.lowSpeedLimit=1000", "-c", f"http.lowSpeedTime={TIMEOUT}"]
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        clone = ["git", *options, "clone", "--quiet", "--depth=1", f"--branch={SERIES}", address, f"{folder}/odoo"]
        run(*clone, env={"GIT_TERMINAL_PROMPT": "0"})
        commit = run("git", "-C", f"{folder}/odoo", "rev-parse", "HEAD").strip()
        with unpacked(commit) as new:
            Path(folder, "odoo").rename(new / "odoo")
            shutil.rmtree(new / "odoo" / ".git")
    return find_tree(HOME / "src")


SOURCES = {
    "beside the checkout": beside,
    "Debian's packages, downloaded before": downloaded_debs,
    "Debian's sid": sid,
    "Debian's archive of snapshots": snapshot,
    "Odoo's nightly build": nightly,
    f"the branch {SERIES} of Odoo's repository": branch,
}


def given():
    """Return the folder in which ``ODOO_SRC`` has Odoo.

    :raise Unusable: where it has none
    """
    folder = os.environ["ODOO_SRC"]
    tree = find_tree(folder)
    if not tree:
        raise Unusable(f"ODOO_SRC={folder} holds no Odoo {SERIES} (looked for odoo/release.py there).")
    return use_tree(tree)


def first():
    """Return the folder in which the first source that answers has put Odoo.

    :raise Unusable: where none has it
    """
    tree = find_tree(HOME / "src")
    if tree and not lack(tree):
        return tree
    for name, use in SOURCES.items():
        say(f"· Odoo {SERIES}: {name} …")
        began = time.monotonic()
        try:
            tree = use()
        except Unusable as error:
            say(f"  no: {error}")
        else:
            say(f"· Odoo {SERIES}: {name}, {time.monotonic() - began:.1f} s")
            return tree
    raise Unusable(
        f"Odoo {SERIES} is not available: no source has it (above), the details are in {HOME}/odoo-source.log. "
        f"Point ODOO_SRC to a folder that holds an Odoo {SERIES} source tree, or put one beside the checkout."
    )


def main():
    HOME.mkdir(exist_ok=True)
    (HOME / "odoo-source.log").write_text("")
    cache().mkdir(parents=True, exist_ok=True)
    src = os.environ.get("ODOO_SRC", "")
    # one checkout at a time downloads into the folder that they share
    with (cache() / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            tree = given() if src else first()
        except Unusable as error:
            say(error)
            return 2 if src else 3
    # for script/bootstrap: where it is, and for which ODOO_SRC
    (HOME / "odoo-source").write_text(f"{tree}\n{src}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
