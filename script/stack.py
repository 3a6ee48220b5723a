"""Starts and stops what a running system is made of: PostgreSQL, databases, Odoo, the simulator.

`script/server`, `script/test`, `script/smoke` and the tests in `tests/live` use it::

    with Stack("my_test") as stack:        # a fresh database, cloned from the prepared one
        admin = stack.odoo.login()         # RPC client
        stack.simulator.script("10000001", {"outcome": "approved"})
        stack.odoo.kill()                  # as a crash would
        stack.odoo.start()                 # same port, same database

Everything listens on 127.0.0.1 only and ends with the process that started it, however that ends.
Processes are started from the main thread: Linux signals a child when the *thread* that started
it is gone.
"""

import atexit
import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from ast import literal_eval
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import psycopg2.extensions
import requests

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".odoo"
MODULE = "nets_connect_cloud"
ADDON = HOME / "addons" / MODULE
HOST = "127.0.0.1"

# Installed into the base database beside what the manifest depends on.
EXTRA_MODULES = ()
BASE_DATABASE = "nets_base"
TEMPLATE_DATABASE = "nets_template"

# Entries of the addon that leave no trace in a database when it is installed.
NOT_IN_DATABASE = {"tests", "static", "connect_cloud", "controllers", "README.md", "__pycache__"}

INSTALL_TIMEOUT = 600
START_TIMEOUT = 90


class StackError(Exception):
    """Something could not be started or did not become ready; the text says what to look at."""


def say(text):
    """Print progress where it does not mix with results."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(name):
    """Print what is being done, and how long it took."""
    say(f"· {name} …")
    began = time.monotonic()
    yield
    say(f"· {name}: {time.monotonic() - began:.1f} s")


def wait_until(condition, timeout, what, interval=0.05):
    """Call ``condition`` until it returns something true, and return that.

    :param float timeout: seconds
    :param str what: what is waited for, for the message
    :raise StackError: when the time is over
    """
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise StackError(f"Waited {timeout} s in vain for {what}.")
        time.sleep(interval)


def free_port():
    """Return a TCP port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()[1]


def port_is_free(port):
    """Tell whether something could listen on this port of 127.0.0.1."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def locked(path):
    """Hold an exclusive lock on the file ``path`` against other processes."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def tail(path, lines=40):
    """Return the last lines of a log file."""
    try:
        return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


# === PROCESSES === #

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_processes = []


def _die_with_parent():
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A child process in its own session, which ends with this one."""

    def __init__(self, argv, log=None, stdin=os.devnull, **kwargs):
        """Start it.

        :param list argv: the command
        :param Path log: the file that its output is appended to; None: it shares our output
        :param Path stdin: the file that it reads
        """
        with contextlib.ExitStack() as files:
            output = None
            if log:
                log.parent.mkdir(parents=True, exist_ok=True)
                output = files.enter_context(open(log, "ab"))
            self._popen = subprocess.Popen(
                [str(part) for part in argv],
                stdin=files.enter_context(open(stdin, "rb")),
                stdout=output,
                stderr=subprocess.STDOUT if log else None,
                start_new_session=True,
                # only a prctl call, which is safe between fork and exec
                preexec_fn=_die_with_parent,
                **kwargs,
            )
        _processes.append(self)

    @property
    def pid(self):
        return self._popen.pid

    def returncode(self):
        """Return the exit code, None while it runs."""
        return self._popen.poll()

    def wait(self, timeout):
        """Wait until it ended by itself and return the exit code; None when it took too long.

        It is ended then.
        """
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.stop()

    def stop(self, timeout=10):
        """End it politely, and by force when it does not end within ``timeout`` seconds."""
        if self._popen.poll() is None:
            self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout)
        self.kill()

    def kill(self):
        """End it and all processes of its session at once, as a crash would."""
        # the session's other processes may outlive its leader
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        if self in _processes:
            _processes.remove(self)


@atexit.register
def stop_all():
    """End every process that this module started and that still runs."""
    for process in list(_processes):
        process.stop()
    for server in list(_servers):
        server.stop()


def exit_on_signals():
    """Make SIGTERM and SIGHUP end this process in the ordinary way, so that `stop_all` runs."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))


# === POSTGRESQL === #

_servers = []

# The data of tests and demos may be lost with the machine's power, so nothing waits for the disk.
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
DURABLE_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
COMMON_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "jit": "off",
}


class PostgreSQL:
    """A database server: the one that PGHOST or DATABASE_URL names, or a private one.

    The private one is reachable through a Unix socket only. Several scripts of one checkout share
    it: the first one starts it, the last one stops it.
    """

    def __init__(self, durable=False):
        """Choose the server; nothing is started yet.

        :param bool durable: a server of its own that keeps what it committed through a crash of
            the machine, as in production
        """
        self.durable = durable
        given = {}
        if os.environ.get("DATABASE_URL"):
            given = psycopg2.extensions.parse_dsn(os.environ["DATABASE_URL"])
        elif os.environ.get("PGHOST"):
            given = {"host": os.environ["PGHOST"]}
        self.private = durable or not given
        # Odoo's: the attachments belong to the databases
        self.data_dir = HOME / ("data-durable" if durable else "data")
        self.directory = None
        self._users = None
        if self.private:
            # Not inside the checkout: the server's own user has to reach it (root's home is
            # closed), and the path of a socket may have 107 bytes only.
            key = hashlib.sha1(str(ROOT).encode(), usedforsecurity=False).hexdigest()[:10]
            suffix = "-durable" if durable else ""
            self.directory = Path(f"/var/tmp/nets-connect-cloud-{os.getuid()}-{key}{suffix}")
            # Odoo refuses a role that is called `postgres`.
            given = {"host": str(self.directory), "port": "5432", "user": "odoo"}
        self.host = given["host"]
        self.port = given.get("port") or os.environ.get("PGPORT") or "5432"
        user = given.get("user") or os.environ.get("PGUSER") or pwd.getpwuid(os.getuid()).pw_name
        self.user = user
        self.password = given.get("password") or os.environ.get("PGPASSWORD") or ""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exception):
        self.stop()

    # --- life ---

    def _as_server_user(self):
        # PostgreSQL refuses to run as root.
        return ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []

    def _program(self, name):
        found = sorted(
            Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
            key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0),
        )
        program = str(found[-1]) if found else shutil.which(name)
        if not program:
            raise StackError("PostgreSQL is not installed. Run script/bootstrap.")
        return program

    def _pg_ctl(self, *args, check=True):
        result = subprocess.run(
            [*self._as_server_user(), self._program("pg_ctl"), "-D", f"{self.directory}/data"]
            + list(args),
            cwd="/",
            stdin=subprocess.DEVNULL,
            # A pipe would be kept open by the server, and this call never end.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        if check and result.returncode:
            log = tail(self.directory / "log")
            raise StackError(f"pg_ctl {args[0]} failed ({result.returncode}).\n{log}")
        return result.returncode

    def _prepare_directory(self):
        owner = pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else os.getuid()
        self.directory.mkdir(mode=0o700, exist_ok=True)
        if self.directory.stat().st_uid not in (owner, os.getuid()):
            raise StackError(f"{self.directory} belongs to somebody else. Please remove it.")
        os.chown(self.directory, owner, -1)

    def start(self):
        """Start the private server unless it runs; check that a given one answers."""
        if self.private:
            self._prepare_directory()
            with locked(self.directory / "start.lock"):
                self._users = open(self.directory / "users.lock", "a")  # noqa: SIM115
                fcntl.flock(self._users, fcntl.LOCK_SH)
                _servers.append(self)
                self._start_private()
        try:
            self.connect().close()
        except psycopg2.OperationalError as error:
            raise StackError(f"PostgreSQL does not answer: {error}") from error
        if self.user == "postgres":
            raise StackError(
                "Odoo refuses to work as the database role `postgres`. "
                "Please name another role with the right to create databases (PGUSER)."
            )

    def _start_private(self):
        if self._pg_ctl("status", check=False) == 0:
            return
        data = self.directory / "data"
        if not (data / "PG_VERSION").exists():
            shutil.rmtree(data, ignore_errors=True)
            subprocess.run(
                [*self._as_server_user(), self._program("initdb"), "-D", data, "-U", self.user]
                + ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
                cwd="/",
                stdout=subprocess.DEVNULL,
                timeout=120,
                check=True,
            )
        settings = COMMON_SETTINGS | (DURABLE_SETTINGS if self.durable else FAST_SETTINGS)
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._pg_ctl(
            *("start", "-w", "-s", "-l", f"{self.directory}/log"),
            *("-o", f"-k {self.directory} -p {self.port} {options}"),
        )

    def stop(self):
        """Stop the private server unless another process of this checkout still uses it."""
        if self not in _servers:
            return
        _servers.remove(self)
        with locked(self.directory / "start.lock"):
            self._users.close()
            with open(self.directory / "users.lock", "a") as users:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                self._pg_ctl("stop", "-s", "-m", "fast", check=False)

    def kill(self):
        """End the private server at once, as a crash of the machine would; `start` recovers it."""
        self._pg_ctl("stop", "-s", "-m", "immediate")

    # --- databases ---

    def connect(self, database="postgres"):
        """Return an autocommitting psycopg2 connection."""
        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password or None,
            dbname=database,
            connect_timeout=10,
        )
        connection.autocommit = True
        return connection

    def query(self, database, statement, params=None):
        """Run one SQL statement and return its rows, None where it has none."""
        with contextlib.closing(self.connect(database)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else None

    def stamp(self, database):
        """Return what `set_stamp` noted about a database: "" for nothing, None for no database."""
        rows = self.query(
            "postgres",
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '')"
            " FROM pg_database WHERE datname = %s",
            [database],
        )
        return rows[0][0] if rows else None

    def set_stamp(self, database, stamp):
        """Note something about a database, in the server: gone when the database is."""
        self.query("postgres", f'COMMENT ON DATABASE "{database}" IS %s', [stamp])

    def drop(self, database):
        """Remove a database, whoever is connected to it, and its filestore."""
        self.query("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        shutil.rmtree(self.filestore(database), ignore_errors=True)

    def create(self, database, template="template0"):
        """Create a database as a copy of ``template``, with a copy of its filestore."""
        self.query("postgres", f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        if self.filestore(template).exists():
            # The filestore's files are never written to again, so links do.
            source, copy = self.filestore(template), self.filestore(database)
            shutil.copytree(source, copy, copy_function=os.link)

    def filestore(self, database):
        """Return the folder of a database's attachments."""
        return self.data_dir / "filestore" / database


# === ODOO === #


def odoo_path():
    """Return the folder that holds the `odoo` package, as script/bootstrap noted it."""
    return Path(next(iter(find_spec("odoo").submodule_search_locations))).parent


def write_odoo_config(path, postgresql, database, **options):
    """Write an Odoo configuration file for one database.

    :param Path path: the file
    :param options: further options of Odoo's configuration, which win
    """
    addons_path = [HOME / "addons"]
    if (odoo_path() / "addons").is_dir():
        addons_path.append(odoo_path() / "addons")
    values = {
        "addons_path": ",".join(str(folder) for folder in addons_path),
        "data_dir": postgresql.data_dir,
        "db_host": postgresql.host,
        "db_port": postgresql.port,
        "db_user": postgresql.user,
        "db_password": postgresql.password or "False",
        "db_name": database,
        "dbfilter": f"^{database}$",
        "db_maxconn": 48,
        "http_interface": HOST,
        "list_db": "False",
        "max_cron_threads": 1,
        "with_demo": "True",
        "log_level": "info",
    } | options
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {value}" for name, value in values.items()]
    path.write_text("\n".join(["[options]", *lines, ""]))
    return path


def odoo_command():
    """Return the start of an Odoo command line.

    A script file, since with worker processes Odoo starts a second program by this path.
    """
    for program in (odoo_path() / "odoo-bin", odoo_path().parents[2] / "bin" / "odoo"):
        if program.exists():
            return [sys.executable, str(program)]
    return [sys.executable, "-m", "odoo"]


def run_odoo(postgresql, database, *args, stdin="", log_name=None):
    """Run Odoo once, to install or update modules or for a script on its shell.

    :param args: the command line after the program, where the configuration comes last
    :param str stdin: a script for `odoo shell`
    :return: what it printed
    :raise StackError: when it failed, with the end of its output
    """
    config = write_odoo_config(HOME / "run" / f"{database}.conf", postgresql, database)
    log = HOME / "log" / f"{log_name or database}.log"
    script = HOME / "run" / f"{database}.stdin"
    script.write_text(stdin)
    log.unlink(missing_ok=True)
    argv = [*odoo_command(), *args, "-c", config, "-d", database]
    code = Process(argv, log, script, cwd=HOME).wait(INSTALL_TIMEOUT)
    if code != 0:
        how = f"exit code {code}" if code else f"ended after {INSTALL_TIMEOUT} s"
        raise StackError(
            f"Odoo failed ({' '.join(args)}: {how}):\n{tail(log)}\nAll of it: {log}"
        )
    return log.read_text(errors="replace")


class OdooServer:
    """An Odoo server process on one database."""

    def __init__(self, postgresql, database, port=None, workers=0, **options):
        """Choose how it will run; nothing is started yet.

        :param int port: 0 or None for a free one
        :param int workers: 0 for one process with threads, where also the websocket is served on
            ``port``; more for worker processes, where the websocket has a port of its own
        :param options: further options of Odoo's configuration
        """
        self.postgresql = postgresql
        self.database = database
        self.port = port or free_port()
        self.gevent_port = free_port()
        self.workers = workers
        self.options = options
        self.log = HOME / "log" / f"server-{database}.log"
        self.process = None

    @property
    def url(self):
        return f"http://{HOST}:{self.port}"

    def start(self):
        """Start it, and return when it answers."""
        config = write_odoo_config(
            HOME / "run" / f"server-{self.database}.conf",
            self.postgresql,
            self.database,
            http_port=self.port,
            gevent_port=self.gevent_port,
            workers=self.workers,
            **self.options,
        )
        self.process = Process([*odoo_command(), "server", "-c", config], self.log, cwd=HOME)
        wait_until(self._is_ready, START_TIMEOUT, f"Odoo on {self.url} (log: {self.log})")
        return self

    def _is_ready(self):
        if self.process.returncode() is not None:
            raise StackError(f"Odoo did not start:\n{tail(self.log)}\nAll of it: {self.log}")
        try:
            return requests.get(f"{self.url}/web/login", timeout=START_TIMEOUT).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        """End it as an administrator would."""
        if self.process:
            self.process.stop()

    def kill(self):
        """End it as a crash would."""
        self.process.kill()

    def login(self, login="admin", password=None):
        """Return an RPC client.

        :param str password: demo users have their login as password
        """
        return OdooClient(self.url, self.database, login, password or login)


class OdooError(Exception):
    """An error that Odoo answered an RPC call with."""

    def __init__(self, error):
        data = error.get("data") or {}
        super().__init__(data.get("message") or error.get("message"))
        self.name = data.get("name", "")
        self.debug = data.get("debug", "")


class OdooClient:
    """Calls methods of models as the web client does."""

    def __init__(self, url, database, login, password, timeout=60):
        self.url = url
        self.timeout = timeout
        self.session = requests.Session()
        info = self._post(
            "/web/session/authenticate", {"db": database, "login": login, "password": password}
        )
        self.uid = info["uid"]
        self.info = info

    def _post(self, path, params):
        answer = self.session.post(
            self.url + path,
            json={"jsonrpc": "2.0", "method": "call", "params": params},
            timeout=self.timeout,
        )
        answer.raise_for_status()
        content = answer.json()
        if "error" in content:
            raise OdooError(content["error"])
        return content.get("result")

    def call(self, model, method, *args, **kwargs):
        """Call ``model.method(*args, **kwargs)`` in one transaction.

        :raise OdooError: with the text that a person would read
        """
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def ref(self, xml_id):
        """Return the database id of a record known by its external id."""
        module, name = xml_id.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        rows = self.call("ir.model.data", "search_read", domain, ["res_id"])
        if not rows:
            raise StackError(f"There is no record {xml_id}.")
        return rows[0]["res_id"]


# === DATABASES WITH THE ADDON === #


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


def _keys():
    """Return what the base database, the addon's data and its bundles are made of, as hashes."""
    modules = sorted({*manifest()["depends"], *EXTRA_MODULES})
    release = (odoo_path() / "odoo" / "release.py").read_bytes()
    base = _digest([*modules, release])
    files = _files(ADDON, NOT_IN_DATABASE)
    addon = _digest([base, *(part for path in files for part in (path, path.read_bytes()))])
    static = _files(ADDON / "static", {"__pycache__"})
    bundles = _digest([addon, *(part for path in static for part in (path, path.read_bytes()))])
    return base, addon, bundles


def addon_stamp():
    """Return a hash of everything in the addon that an installation leaves in a database."""
    return _keys()[1]


def _install(postgresql, database, modules):
    run_odoo(postgresql, database, "server", "-i", ",".join(modules), "--stop-after-init")
    failures = postgresql.query(
        database,
        "SELECT m.name, f.error FROM ir_demo_failure f JOIN ir_module_module m ON m.id = f.module_id",
    )
    if failures:
        details = "\n".join(f"{name}: {error}" for name, error in failures)
        raise StackError(f"The demo data can't be loaded.\n{details}")


PREGENERATE = """
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
print("bundles are ready")
"""


def _pregenerate_bundles(postgresql, database):
    log = f"{database}-bundles"
    output = run_odoo(postgresql, database, "shell", "--no-http", stdin=PREGENERATE, log_name=log)
    if "bundles are ready" not in output:
        raise StackError(f"The web client's bundles can't be made, see {HOME}/log/{log}.log")


def ensure_template(postgresql):
    """Prepare the database that all others are cloned from, as far as it is out of date.

    Two databases: one with Odoo's modules alone, which takes long and stays, and a clone of it
    with the addon, its demo data, and the web client's bundles.

    :return: its name
    """
    base_key, addon_key, bundles_key = _keys()
    with locked(HOME / "template.lock"):
        done = (postgresql.stamp(TEMPLATE_DATABASE) or "").split()
        if done == [addon_key, bundles_key]:
            return TEMPLATE_DATABASE
        if postgresql.stamp(BASE_DATABASE) != base_key:
            with step(f"Database with {', '.join(manifest()['depends'])} and demo data"):
                postgresql.drop(BASE_DATABASE)
                postgresql.create(BASE_DATABASE)
                modules = sorted({*manifest()["depends"], *EXTRA_MODULES})
                _install(postgresql, BASE_DATABASE, modules)
            with step("The web client's bundles"):
                _pregenerate_bundles(postgresql, BASE_DATABASE)
                postgresql.set_stamp(BASE_DATABASE, base_key)
        if done[:1] != [addon_key]:
            with step(f"Database with {MODULE}"):
                postgresql.drop(TEMPLATE_DATABASE)
                postgresql.create(TEMPLATE_DATABASE, BASE_DATABASE)
                _install(postgresql, TEMPLATE_DATABASE, [MODULE])
        with step(f"The web client's bundles with {MODULE}"):
            _pregenerate_bundles(postgresql, TEMPLATE_DATABASE)
            postgresql.set_stamp(TEMPLATE_DATABASE, f"{addon_key} {bundles_key}")
    return TEMPLATE_DATABASE


def clone_template(postgresql, database):
    """Make ``database`` a fresh copy of the prepared database."""
    ensure_template(postgresql)
    with locked(HOME / "template.lock"):
        postgresql.drop(database)
        postgresql.create(database, TEMPLATE_DATABASE)
    postgresql.set_stamp(database, addon_stamp())


def update_addon(postgresql, database):
    """Bring the addon in an existing database up to date, keeping its data."""
    if postgresql.stamp(database) == addon_stamp():
        return
    with step(f"Update of {MODULE} in the database {database}"):
        run_odoo(postgresql, database, "server", "-u", MODULE, "--stop-after-init")
    postgresql.set_stamp(database, addon_stamp())


# === THE SIMULATOR === #


class Simulator:
    """A simulator process, and a client of its control API."""

    def __init__(self, data, port=0, terminals=0):
        """Choose how it will run; nothing is started yet.

        :param Path data: the folder of its ledger
        :param int port: 0 for a free one
        :param int terminals: how many it has besides those of its default accounts
        """
        self.data = Path(data)
        self.port = port or free_port()
        self.terminals = terminals
        self.log = HOME / "log" / f"simulator-{self.data.name}.log"
        self.process = None

    @property
    def url(self):
        return f"http://{HOST}:{self.port}"

    def start(self):
        """Start it, and return when it answers."""
        self.data.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "simulator", "--host", HOST, "--port", self.port]
        argv += ["--data", self.data]
        if self.terminals:
            argv += ["--terminals", self.terminals]
        self.process = Process(argv, self.log, cwd=ROOT)
        wait_until(self._is_ready, START_TIMEOUT, f"the simulator on {self.url}")
        return self

    def _is_ready(self):
        if self.process.returncode() is not None:
            raise StackError(f"The simulator did not start:\n{tail(self.log)}")
        try:
            return requests.get(f"{self.url}/control/terminals", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        if self.process:
            self.process.stop()

    def kill(self):
        """End it as a crash would; its ledger stays."""
        self.process.kill()

    # --- control API ---

    def _control(self, method, path, content=None, timeout=10):
        answer = requests.request(method, f"{self.url}/control/{path}", json=content, timeout=timeout)
        if not answer.ok:
            raise StackError(f"{method} /control/{path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def terminal(self, terminal_id):
        """Return the terminal's state, phase, display and so on."""
        return self._control("GET", f"terminals/{terminal_id}")

    def wait_phase(self, terminal_id, *phases, timeout=20):
        """Wait until the terminal is in one of the phases, and return its state."""
        path = f"terminals/{terminal_id}?wait_phase={','.join(phases)}&timeout={timeout}"
        return self._control("GET", path, timeout=timeout + 10)

    def press(self, terminal_id, key):
        """Do what a person does at the terminal: `tap`, `insert`, `pin`, `cancel`, `unplug`, …"""
        return self._control("POST", f"terminals/{terminal_id}/press", {"key": key})

    def play(self, terminal_id, *plays):
        """Script the terminal's next transactions; a bare text is the play's outcome."""
        plays = [{"outcome": play} if isinstance(play, str) else play for play in plays]
        return self._control("POST", f"terminals/{terminal_id}/script", {"plays": plays})

    def release(self, terminal_id):
        """Let a transaction go on whose play waits for this."""
        return self._control("POST", f"terminals/{terminal_id}/release")

    def by_hand(self, terminal_id, outcome, amount):
        """Make a transaction that is typed on the terminal itself.

        :param int amount: minor units
        """
        content = {"outcome": outcome, "amount": amount}
        return self._control("POST", f"terminals/{terminal_id}/by_hand", content)

    def service(self, **switches):
        """Change how the service behaves: `login`, `down`, `token_lifetime`, …"""
        return self._control("POST", "service", switches)

    def ledger(self):
        """Return what really was charged, oldest first."""
        return self._control("GET", "ledger")["entries"]

    def requests(self, terminal_id=None):
        """Return the requests to the service as they came in."""
        answer = self._control("GET", f"requests?terminal={terminal_id}" if terminal_id else "requests")
        return answer["requests"] if isinstance(answer, dict) else answer

    def reset(self, ledger=False):
        """Put scripts, switches and terminals back to how they started, on request the ledger too."""
        return self._control("POST", "reset", {"ledger": ledger})


# === ALL TOGETHER === #


class Stack:
    """PostgreSQL, a simulator, and Odoo on a fresh database that knows the simulator."""

    def __init__(self, database, durable=False, workers=0, terminals=0, **options):
        """Choose how it will run.

        :param str database: its name; an existing one is replaced
        :param bool durable: with a PostgreSQL that keeps its promises through a crash
        :param int workers: see `OdooServer`
        :param int terminals: see `Simulator`
        :param options: further options of Odoo's configuration
        """
        self.database = database
        self.postgresql = PostgreSQL(durable=durable)
        data = HOME / "simulator" / database
        self.simulator = Simulator(data, terminals=terminals)
        self.odoo = OdooServer(self.postgresql, database, workers=workers, **options)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exception):
        self.stop()

    def start(self):
        """Start everything, on a fresh database and an empty ledger."""
        self.postgresql.start()
        clone_template(self.postgresql, self.database)
        shutil.rmtree(self.simulator.data, ignore_errors=True)
        self.odoo.log.unlink(missing_ok=True)
        self.simulator.start()
        self.odoo.start()
        connect_demo_account(self.odoo.login(), self.simulator.url)

    def stop(self):
        """End everything and remove the database."""
        self.odoo.stop()
        self.simulator.stop()
        if self.odoo.process:
            self.postgresql.drop(self.database)
        self.postgresql.stop()


def connect_demo_account(client, simulator_url):
    """Let the demo data's NETS account use the simulator at this address.

    :param OdooClient client: an administrator
    """
    account = client.ref(f"{MODULE}.nets_account_demo")
    if client.call("nets.account", "read", [account], ["simulator_url"])[0]["simulator_url"] != (
        simulator_url
    ):
        client.call("nets.account", "write", [account], {"simulator_url": simulator_url})


def terminal_list(simulator):
    """Return the simulator's terminals, as its control API tells them."""
    answer = simulator._control("GET", "terminals")
    return answer["terminals"] if isinstance(answer, dict) else answer


if __name__ == "__main__":
    print(json.dumps(dict(zip(("base", "addon", "bundles"), _keys(), strict=True)), indent=2))
