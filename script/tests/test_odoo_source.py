"""Where Odoo comes from: each source, played by a small stand-in in a folder or on 127.0.0.1."""

import functools
import gzip
import hashlib
import http.server
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path

import odoo_source
import pytest

MODULES = ("base", "web", "account", "base_setup", "bus", "mail", "point_of_sale")
DEBS = "usr/lib/python3/dist-packages"


def make_tree(folder, series="19, 0", modules=MODULES, at="odoo/addons"):
    """Make what a source tree of Odoo has at least."""
    (folder / "odoo").mkdir(parents=True)
    (folder / "odoo" / "release.py").write_text(f"version_info = ({series}, 0, FINAL, 0, '')\n")
    (folder / "odoo" / "http.py").write_text("")
    for name in modules:
        module = folder / at / name
        module.mkdir(parents=True)
        (module / "data.xml").write_text("<odoo/>")
        depends = ["base", "web"] if name not in ("base", "web") else []
        (module / "__manifest__.py").write_text(repr({"name": name, "depends": depends, "data": ["data.xml"]}))
    if "mail" in modules:
        file = folder / at / odoo_source.LEFT_OUT
        file.parent.mkdir(parents=True)
        file.write_text("")
    return folder


def make_deb(folder, name, version, root):
    """Pack a folder as Debian's package."""
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <n@example.com>\n"
        "Description: a stand-in\n"
    )
    file = folder / f"{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--build", root, file], check=True, stdout=subprocess.DEVNULL, timeout=60)
    return file


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with nothing around it, and no source that answers; the tests put one there."""
    root = tmp_path / "around" / "checkout"
    root.mkdir(parents=True)
    shutil.copy(odoo_source.ROOT / "__manifest__.py", root)
    monkeypatch.setattr(odoo_source, "ROOT", root)
    monkeypatch.setattr(odoo_source, "HOME", root / ".odoo")
    monkeypatch.setattr(odoo_source, "RETRIES", 0)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("ODOO_SRC", raising=False)
    monkeypatch.setenv("ODOO_CACHE", str(tmp_path / "cache"))
    with Site(tmp_path / "nothing") as nothing:
        pass
    monkeypatch.setenv("DEBIAN_MIRROR", f"{nothing.url}/debian")
    monkeypatch.setenv("DEBIAN_SNAPSHOT", f"{nothing.url}/snapshot")
    monkeypatch.setenv("ODOO_NIGHTLY", f"{nothing.url}/odoo.tar.gz")
    monkeypatch.setenv("ODOO_GIT", f"{nothing.url}/odoo.git")
    return root


class Site:
    """Serves a folder on 127.0.0.1."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.asked = []
        site = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *args):
                site.asked.append(self.path)

        handler = functools.partial(Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site(tmp_path):
    with Site(tmp_path / "site") as running:
        yield running


def found(checkout):
    """Look for Odoo.

    :return: the exit code, and the noted folder
    """
    code = odoo_source.main()
    note = checkout / ".odoo" / "odoo-source"
    return code, Path(note.read_text().splitlines()[0]) if note.exists() else None


# === GIVEN AND BESIDE === #


@pytest.mark.parametrize("inside", ["", "odoo", DEBS])
def test_the_folder_that_odoo_src_names_is_used_where_it_is(checkout, tmp_path, monkeypatch, inside):
    tree = make_tree(tmp_path / "given" / inside)
    make_tree(checkout.parent / "odoo")
    monkeypatch.setenv("ODOO_SRC", str(tmp_path / "given"))
    assert found(checkout) == (0, tree)
    assert (checkout / ".odoo" / "odoo-source").read_text() == f"{tree}\n{tmp_path}/given\n"


def test_an_odoo_src_without_odoo_is_refused(checkout, tmp_path, monkeypatch, capsys):
    make_tree(checkout.parent / "odoo")
    monkeypatch.setenv("ODOO_SRC", str(tmp_path))
    make_tree(tmp_path / "18", series="18, 0")
    assert found(checkout) == (2, None)
    assert f"ODOO_SRC={tmp_path} holds no Odoo 19.0" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["odoo", "sources/odoo-19"])
def test_a_tree_beside_the_checkout_is_used_where_it_is(checkout, place, capsys):
    make_tree(checkout.parent / "old", series="18, 0")
    tree = make_tree(checkout.parent / place, at="addons")
    assert found(checkout) == (0, tree)
    assert "beside the checkout" in capsys.readouterr().err


def test_a_tree_that_is_not_whole_is_passed_over(checkout, capsys):
    make_tree(checkout.parent / "a", modules=MODULES[:-1])
    (make_tree(checkout.parent / "b") / "odoo/addons/account/data.xml").unlink()
    tree = make_tree(checkout.parent / "c")
    assert found(checkout) == (0, tree)
    said = capsys.readouterr().err
    assert "a is not whole: the module point_of_sale is missing" in said
    assert "b is not whole: account/data.xml is missing" in said


def test_debians_tree_is_fixed_in_a_copy(checkout):
    tree = make_tree(checkout.parent / "unpacked" / DEBS)
    (tree / "odoo/addons" / odoo_source.LEFT_OUT).unlink()
    (tree / "addons" / "account").mkdir(parents=True)
    code, ours = found(checkout)
    assert code == 0
    assert ours.is_relative_to(checkout / ".odoo" / "src")
    assert (ours / "odoo/addons" / odoo_source.LEFT_OUT).exists()
    assert not (ours / "addons").exists()
    assert (tree / "addons").exists(), "somebody else's tree stays as it is"


def make_debs(folder, version="19.0.0+dfsg-1", package="odoo-19"):
    """Make Debian's Odoo, which links into its companions."""
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.parent / f"root-{package}"
    tree = make_tree(root / DEBS, series=version[:4].replace(".", ", "))
    (tree / "odoo/addons" / odoo_source.LEFT_OUT).unlink()
    (tree / "odoo/addons/web/jquery.js").symlink_to("../../../../../../share/javascript/libjs-jquery")
    make_deb(folder, package, version, root)
    for name in (name for names in odoo_source.COMPANIONS.values() for name in names):
        root = folder.parent / f"root-{name}"
        (root / "usr/share/javascript").mkdir(parents=True)
        (root / "usr/share/javascript" / name).write_text("")
        make_deb(folder, name, "1", root)


def test_debians_packages_beside_the_checkout(checkout):
    make_debs(checkout.parent / "packages" / "debian")
    code, tree = found(checkout)
    assert code == 0
    assert (tree / "odoo/addons/web/jquery.js").exists()
    assert (tree / "odoo/addons" / odoo_source.LEFT_OUT).exists()
    assert "odoo-19_19.0.0+dfsg-1_all.deb" in (checkout / ".odoo/src/version").read_text()


def test_debians_packages_without_a_companion_are_passed_over(checkout, capsys):
    make_debs(checkout.parent / "packages")
    next((checkout.parent / "packages").glob("libjs-jquery_*")).unlink()
    assert found(checkout) == (3, None)
    assert "packages lacks Debian's package libjs-jquery\n" in capsys.readouterr().err


def pack(tree, file, mode):
    with tarfile.open(file, mode) as archive:
        archive.add(tree, arcname="odoo-19.0.post20260401")


@pytest.mark.parametrize("inside", ["", DEBS])
def test_an_archive_beside_the_checkout(checkout, tmp_path, inside):
    make_tree(tmp_path / "tree" / inside)
    pack(tmp_path / "tree", checkout.parent / "odoo-19.0-2026.tar.xz", "w:xz")
    code, tree = found(checkout)
    assert (code, tree) == (0, checkout / ".odoo/src/odoo-19.0.post20260401" / inside)


def test_an_archive_that_is_cut_off_is_passed_over(checkout, tmp_path, capsys):
    file = checkout.parent / "odoo-19.0.tar.xz"
    pack(make_tree(tmp_path / "tree"), file, "w:xz")
    file.write_bytes(file.read_bytes()[:-200])
    assert found(checkout) == (3, None)
    assert "odoo-19.0.tar.xz can't be unpacked" in capsys.readouterr().err


def test_a_link_to_what_is_missing_is_not_whole(checkout, tmp_path, capsys):
    tree = make_tree(tmp_path / "tree")
    (tree / "odoo/addons/web/font.ttf").symlink_to("nowhere.ttf")
    pack(tree, checkout.parent / "odoo-19.0.tar.xz", "w:xz")
    assert found(checkout) == (3, None)
    assert "web/font.ttf is a link to is missing" in capsys.readouterr().err


def test_what_was_unpacked_before_stays(checkout, tmp_path):
    pack(make_tree(tmp_path / "tree"), checkout.parent / "odoo-19.0.tar.xz", "w:xz")
    first = found(checkout)
    (checkout.parent / "odoo-19.0.tar.xz").unlink()
    make_tree(checkout.parent / "odoo")
    assert found(checkout) == first


# === DEBIAN === #


@pytest.fixture(scope="module")
def keyring(tmp_path_factory):
    """Return a function that signs a file, with a key that only these tests know; ``sign.keyring`` has it."""
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", ""]

    def run(*arguments):
        subprocess.run([*gpg, *arguments], check=True, capture_output=True, timeout=60)

    run("--quick-generate-key", "stand-in@example.com", "rsa2048", "sign", "never")

    def sign(file, target):
        run("--yes", "--clearsign", "--output", target, file)

    sign.keyring = home / "keyring.gpg"
    run("--output", sign.keyring, "--export")
    yield sign
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True, timeout=60)


def _output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def make_mirror(folder, sign, **options):
    """Make a mirror of Debian with what is needed of sid and bookworm."""
    pool = folder / "pool"
    make_debs(pool, **options)
    machine = _output("dpkg", "--print-architecture").strip()
    for suite, names in odoo_source.COMPANIONS.items():
        index = ""
        for deb in sorted(pool.glob("*.deb")):
            name = deb.name.split("_")[0]
            if name in names or (suite == "sid" and name.startswith("odoo")):
                content = deb.read_bytes()
                digest = hashlib.sha256(content).hexdigest()
                index += _output("dpkg-deb", "--field", deb)
                index += f"Filename: pool/{deb.name}\nSize: {len(content)}\nSHA256: {digest}\n\n"
        place = folder / "dists" / suite / "main" / f"binary-{machine}"
        place.mkdir(parents=True)
        files = {"Packages": index.encode(), "Packages.gz": gzip.compress(index.encode())}
        release = folder / "dists" / suite / "Release"
        lines = [f"Suite: {suite}", f"Codename: {suite}", "Components: main", f"Architectures: {machine}", "SHA256:"]
        for name, content in files.items():
            (place / name).write_bytes(content)
            lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} main/binary-{machine}/{name}")
        release.write_text("\n".join(["Date: Wed, 01 Apr 2026 00:00:00 UTC", *lines, ""]))
        sign(release, release.with_name("InRelease"))


def test_debians_sid(checkout, site, keyring, monkeypatch):
    make_mirror(site.folder / "debian", keyring)
    monkeypatch.setattr(odoo_source, "KEYRING", keyring.keyring)
    monkeypatch.setenv("DEBIAN_MIRROR", f"{site.url}/debian")
    code, tree = found(checkout)
    assert code == 0
    assert (tree / "odoo/addons/web/jquery.js").exists()

    # what was downloaded serves the next checkout
    asked = len(site.asked)
    shutil.rmtree(checkout / ".odoo")
    assert found(checkout) == (0, tree)
    assert len(site.asked) == asked


def test_sid_may_have_a_newer_odoo_and_the_snapshots_the_old_one(checkout, site, keyring, monkeypatch, capsys):
    make_mirror(site.folder / "debian", keyring, version="20.0.0-1", package="odoo-20")
    make_mirror(site.folder / "snapshot" / odoo_source.SNAPSHOT_TIME, keyring)
    monkeypatch.setattr(odoo_source, "KEYRING", keyring.keyring)
    monkeypatch.setenv("DEBIAN_MIRROR", f"{site.url}/debian")
    monkeypatch.setenv("DEBIAN_SNAPSHOT", f"{site.url}/snapshot")
    code, tree = found(checkout)
    assert (code, odoo_source.is_odoo(tree)) == (0, True)
    assert "Debian's sid …\n  no: there is no package of Odoo 19.0 any more" in capsys.readouterr().err


def test_packages_that_nobody_signed_are_refused(checkout, site, keyring, monkeypatch, tmp_path, capsys):
    make_mirror(site.folder / "debian", keyring)
    monkeypatch.setattr(odoo_source, "KEYRING", tmp_path / "other.gpg")
    (tmp_path / "other.gpg").write_bytes(b"")
    monkeypatch.setenv("DEBIAN_MIRROR", f"{site.url}/debian")
    assert found(checkout) == (3, None)
    assert "Debian's sid …\n  no: apt-get: " in capsys.readouterr().err
    assert not list((tmp_path / "cache" / "debs").glob("*"))


@pytest.mark.parametrize(
    ("file", "content", "mirror"),
    [
        ("debian.sources", "# URIs: no\nTypes: deb\nURIs: http://127.0.0.1:1/debian\nSuites: trixie\n", True),
        ("more.list", "deb cdrom:[Debian] x main\ndeb [arch=amd64] http://127.0.0.1:1/debian trixie main\n", True),
        ("more.list", "# nothing\n", False),
    ],
)
def test_the_mirror_is_the_one_of_the_machines_own_apt(tmp_path, monkeypatch, file, content, mirror):
    monkeypatch.delenv("DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr(odoo_source, "system_id", lambda: "debian")
    monkeypatch.setattr(odoo_source, "APT", tmp_path)
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / file).write_text(content)
    if mirror:
        assert odoo_source.debian_mirror() == "http://127.0.0.1:1/debian"
    else:
        with pytest.raises(odoo_source.Unusable, match="DEBIAN_MIRROR"):
            odoo_source.debian_mirror()


# === ODOO'S OWN === #


def test_the_nightly_build(checkout, site, tmp_path, monkeypatch):
    pack(make_tree(tmp_path / "tree"), site.folder / "odoo.tar.gz", "w:gz")
    monkeypatch.setenv("ODOO_NIGHTLY", f"{site.url}/odoo.tar.gz")
    assert found(checkout) == (0, checkout / ".odoo/src/odoo-19.0.post20260401")
    assert not (checkout / ".odoo" / "odoo-nightly.tar.gz").exists()


def test_a_nightly_build_of_something_else_is_refused(checkout, site, monkeypatch, capsys):
    (site.folder / "odoo.tar.gz").write_text("<html>Please log in to this network.</html>")
    monkeypatch.setenv("ODOO_NIGHTLY", f"{site.url}/odoo.tar.gz")
    assert found(checkout) == (3, None)
    assert "nightly build …\n  no: " in capsys.readouterr().err


def test_the_branch_of_odoos_repository(checkout, site, tmp_path, monkeypatch):
    tree = make_tree(tmp_path / "tree", at="addons")
    git = ["git", "-C", tree, "-c", "user.name=nobody", "-c", "user.email=n@example.com"]
    for arguments in (["init", "-q", "-b", "19.0"], ["add", "."], ["commit", "-q", "-m", "x"], ["update-server-info"]):
        subprocess.run([*git, *arguments], check=True, timeout=60)
    shutil.copytree(tree / ".git", site.folder / "odoo.git")
    monkeypatch.setenv("ODOO_GIT", f"file://{site.folder}/odoo.git")
    assert found(checkout) == (0, checkout / ".odoo/src/odoo")
    assert len((checkout / ".odoo/src/version").read_text().strip()) == 40


def test_where_no_source_answers_it_says_what_it_tried_and_what_to_do(checkout, capsys):
    assert found(checkout) == (3, None)
    said = capsys.readouterr().err
    tried = [line for line in said.splitlines() if line.startswith("· ")]
    assert tried == [f"· Odoo 19.0: {name} …" for name in odoo_source.SOURCES]
    assert "Point ODOO_SRC to a folder that holds an Odoo 19.0 source tree" in said
