"""Databases with the addon: prepared once, cloned in a moment."""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from ast import literal_eval
from pathlib import Path

import odoo_source
from addon_files import MODULE

from .odoo_server import odoo_path, run_odoo
from .processes import HOME, ROOT, StackError, is_running, locked, step

ADDON = HOME / "addons" / MODULE
# With what the manifest depends on alone: the addon has to get along without everything else.
PLAIN_DATABASE = "nets_plain"
BASE_DATABASE = "nets_base"
# What a shop may have: the addon has to get along with all of it.
FULL_BASE_DATABASE = "nets_full_base"
# With Odoo's own addons for terminals, and without ours: what script/bench compares it with.
PEERS_DATABASE = "nets_peers"
FULL_MODULES = (
    *("account_check_printing", "account_debit_note", "account_peppol", "hr_expense", "purchase", "sale_management"),
    *("pos_discount", "pos_loyalty", "pos_online_payment", "pos_sale", "pos_self_order"),
    *("website_payment", "website_sale"),
    # the countries of NETS, and of its neighbours
    *("l10n_dk_oioubl", "l10n_ee", "l10n_fi", "l10n_lt", "l10n_lv", "l10n_no", "l10n_pl", "l10n_se"),
    *("l10n_ch_pos", "l10n_de", "l10n_fr_account", "l10n_fr_pos_cert", "l10n_it_edi"),
)
# Databases with Odoo's modules alone: {name: (what it is made of, what is installed there)}
BASES = {
    PLAIN_DATABASE: ("template0", ()),
    BASE_DATABASE: (PLAIN_DATABASE, ("pos_hr", "pos_restaurant")),
    FULL_BASE_DATABASE: (BASE_DATABASE, FULL_MODULES),
    PEERS_DATABASE: (BASE_DATABASE, ("pos_mercado_pago", "pos_viva_com")),
}
# Databases with the addon, and what each is made of.
TEMPLATE_DATABASE = "nets_template"
FULL_DATABASE = "nets_full"
TEMPLATES = {TEMPLATE_DATABASE: BASE_DATABASE, FULL_DATABASE: FULL_BASE_DATABASE}

# Entries of the addon that leave no trace in a database when it is installed.
NOT_IN_DATABASE = {"tests", "static", "connect_cloud", "controllers", "README.md", "__pycache__"}


def manifest():
    """Return the addon's manifest."""
    return literal_eval((ROOT / "__manifest__.py").read_text())


def _digest(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _files(folder, skip=()):
    for path, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in skip)
        for name in sorted(names):
            if name not in skip and not name.endswith((".pyc", ".pot")):
                yield Path(path, name)


def _base_modules(database):
    """Return what is installed in a database without the addon."""
    source, modules = BASES[database]
    return sorted({*modules, *(_base_modules(source) if source in BASES else manifest()["depends"])})


def _base_key(database):
    """Return what such a database is made of, as a hash."""
    release = (odoo_path() / "odoo" / "release.py").read_bytes()
    # the checkout, since its folder has the attachments
    return _digest([ROOT, *_base_modules(database), release])


def _keys(template=TEMPLATE_DATABASE):
    """Return what the addon's data and its bundles are made of, as hashes."""
    base = _base_key(TEMPLATES[template])
    files = _files(ADDON, NOT_IN_DATABASE)
    addon = _digest([base, *(part for path in files for part in (path, path.read_bytes()))])
    static = _files(ADDON / "static", {"__pycache__"})
    bundles = _digest([addon, *(part for path in static for part in (path, path.read_bytes()))])
    return addon, bundles


def addon_stamp():
    """Return a hash of everything in the addon that an installation leaves in a database."""
    return _keys()[0]


def _install(postgresql, database, modules):
    run_odoo(postgresql, database, "server", "-i", ",".join(modules), "--stop-after-init")
    if MODULE in modules and (warnings := _warnings_about_us(HOME / "log" / f"{database}.log")):
        raise StackError("\n".join(["Odoo warns of the addon while it is installed.", *warnings]))
    failures = postgresql.query(
        database,
        "SELECT m.name, f.error FROM ir_demo_failure f JOIN ir_module_module m ON m.id = f.module_id",
    )
    if failures:
        details = "\n".join(f"{name}: {error}" for name, error in failures)
        raise StackError(f"The demo data can't be loaded.\n{details}")


def _warnings_about_us(log):
    """Return what Odoo said of the addon and its demo data, and an administrator would have to look at."""
    lines = re.findall(
        r"^\S+ \S+ \d+ (?:WARNING|ERROR|CRITICAL) \S+ (.*)$", log.read_text(errors="replace"), re.MULTILINE
    )
    return [line for line in lines if re.search(r"nets[_.]|Fjord Clinic", line)]


# What the login page, the back office, the till and reports load; made beforehand so that no page and no
# test waits for it. hoot makes its own.
PREGENERATE = """
bundle = env["ir.qweb"]._get_asset_bundle
for name in ("web.assets_frontend_minimal", "web.assets_frontend_lazy", "web.assets_web", "web.assets_tests",
             "point_of_sale.assets_prod"):
    bundle(name, css=False, js=True).js()
for name in ("web.assets_frontend", "web.assets_web", "web.assets_web_print", "web.report_assets_common",
             "point_of_sale.assets_prod"):
    bundle(name, css=True, js=False).css()
env.cr.commit()
print("bundles are ready")
"""


def _pregenerate_bundles(postgresql, database):
    log = f"{database}-bundles"
    output = run_odoo(postgresql, database, "shell", "--no-http", stdin=PREGENERATE, log_name=log)
    if "bundles are ready" not in output:
        raise StackError(f"The web client's bundles can't be made, see {HOME}/log/{log}.log")


def _stamp(postgresql, database):
    """Return what a prepared database was made of: "" for none, or one whose files are gone.

    The server outlives a checkout that was deleted and made again in the same place.
    """
    return (postgresql.filestore(database).exists() and postgresql.stamp(database)) or ""


def ensure_template(postgresql, template=TEMPLATE_DATABASE):
    """Prepare a database that others are cloned from, as far as it is out of date.

    It is a clone of one with Odoo's modules alone, which takes long and stays, with the addon, its demo data, and the
    web client's bundles.

    :param str template: one of `TEMPLATES`
    :return: its name
    """
    addon_key, bundles_key = _keys(template)
    with locked(HOME / f"{template}.lock"):
        done = _stamp(postgresql, template).split()
        if done == [addon_key, bundles_key]:
            return template
        ensure_base(postgresql, TEMPLATES[template])
        if done[:1] != [addon_key]:
            with step(f"Database {template} with {MODULE}"):
                postgresql.drop(template)
                postgresql.create(template, TEMPLATES[template])
                _install(postgresql, template, [MODULE])
        with step(f"The web client's bundles in {template}"):
            _pregenerate_bundles(postgresql, template)
            postgresql.set_stamp(template, f"{addon_key} {bundles_key}")
    return template


def ensure_plain(postgresql):
    """Prepare the database with what the manifest depends on alone, and demo data, as far as it is out of date.

    :return: its name
    """
    ensure_base(postgresql, PLAIN_DATABASE)
    return PLAIN_DATABASE


def ensure_base(postgresql, database):
    """Make a database with Odoo's modules alone: from what another checkout left, where it can be."""
    key = _base_key(database)
    modules = _base_modules(database)
    source, own = BASES[database]
    with locked(HOME / f"{database}.lock"):
        if _stamp(postgresql, database) == key:
            return
        kept = _kept_base(modules)
        postgresql.drop(database)
        if kept and kept.exists():
            with step(f"Database {database}, from {kept.parent}"):
                postgresql.restore(database, kept)
        else:
            if source in BASES:
                ensure_base(postgresql, source)
            with step(f"Database {database} with {', '.join(own or modules)} and demo data"):
                postgresql.create(database, source)
                _install(postgresql, database, modules)
                if kept:
                    _keep_base(postgresql, database, kept)
        postgresql.set_stamp(database, key)


def _kept_base(modules):
    """Return the folder of a dump of the base database, which may exist; None where none is kept.

    Only for an unpacked Odoo, whose version is known. A new one each month, since the dates of
    Odoo's demo data are relative to the day of the installation.
    """
    version = HOME / "src" / "version"
    if not (version.exists() and odoo_path().is_relative_to(HOME)):
        return None
    month = time.strftime("%Y-%m")
    return odoo_source.cache() / f"base-{_digest([month, version.read_bytes(), *modules])}"


def _keep_base(postgresql, database, folder):
    for old in sorted(folder.parent.glob("base-*"), key=os.path.getmtime)[:-6]:
        shutil.rmtree(old, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="new-", dir=folder.parent), folder.name)
    postgresql.dump(database, new)
    # one that another checkout just made is as good
    with contextlib.suppress(OSError):
        new.rename(folder)
    shutil.rmtree(new.parent)


def clone_template(postgresql, database, template=TEMPLATE_DATABASE):
    """Make ``database`` a fresh copy of a prepared database.

    :param str template: one of `TEMPLATES`
    """
    ensure_template(postgresql, template)
    with locked(HOME / f"{template}.lock"):
        postgresql.drop(database)
        postgresql.create(database, template)
        stamp = postgresql.stamp(template).split()[0]
    postgresql.set_stamp(database, stamp)


def temporary(name):
    """Return a name for a database that this process alone uses, and drops."""
    return f"nets_tmp_{name}_{os.getpid()}"


def drop_leftovers(postgresql):
    """Remove temporary databases whose process was killed before it could, with their files."""
    if not postgresql.private:
        return  # other machines' processes may use a shared server
    pattern = r"^nets_tmp_\w+_\d+$"
    for (database,) in postgresql.query("postgres", "SELECT datname FROM pg_database WHERE datname ~ %s", [pattern]):
        if not is_running(int(database.rpartition("_")[2])):
            postgresql.drop(database)
    for folder in ("log", "run", "simulator"):
        for path in (HOME / folder).glob("*nets_tmp_*"):
            pid = re.search(r"nets_tmp_\w+?_(\d+)", path.name)
            if pid and not is_running(int(pid[1])):
                # another run may be clearing up, too
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def update_addon(postgresql, database):
    """Bring the addon in an existing database up to date, keeping its data."""
    if postgresql.stamp(database) == addon_stamp():
        return
    with step(f"Update of {MODULE} in the database {database}"):
        run_odoo(postgresql, database, "server", "-u", MODULE, "--stop-after-init")
    postgresql.set_stamp(database, addon_stamp())
