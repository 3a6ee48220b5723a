"""Odoo: its configuration, its server process, its RPC."""

import sys
from importlib.util import find_spec
from pathlib import Path

import requests

from .processes import HOME, HOST, Process, Server, StackError, free_port, tail

INSTALL_TIMEOUT = 1500


def odoo_path():
    """Return the folder that holds the `odoo` package, as script/bootstrap noted it."""
    return Path(next(iter(find_spec("odoo").submodule_search_locations))).parent


def addons_path(*own):
    """Return the option `addons_path`.

    :param Path own: the folders that have modules besides Odoo's
    """
    folders = [*own]
    if (odoo_path() / "addons").is_dir():
        folders.append(odoo_path() / "addons")
    return ",".join(str(folder) for folder in folders)


def write_odoo_config(path, postgresql, database, **options):
    """Write an Odoo configuration file for one database.

    :param Path path: the file
    :param options: further options of Odoo's configuration, which win
    """
    values = {
        "addons_path": addons_path(HOME / "addons"),
        "data_dir": postgresql.data_dir,
        "db_host": postgresql.host,
        "db_port": postgresql.port,
        "db_user": postgresql.user,
        "db_name": database,
        "dbfilter": f"^{database}$",
        "db_maxconn": 48,
        "http_interface": HOST,
        "list_db": "False",
        "max_cron_threads": 1,
        "with_demo": "True",
        "log_level": "info",
    } | options
    if postgresql.password:
        values["db_password"] = postgresql.password
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {value}" for name, value in values.items()]
    path.write_text("\n".join(["[options]", *lines, ""]))
    return path


def odoo_command(python=sys.executable):
    """Return the start of an Odoo command line.

    :param python: the Python that runs it

    A script file, since with worker processes Odoo starts a second program by this path.
    """
    tree = odoo_path()
    # in a clone, in Debian's package, in a nightly build
    for program in (tree / "odoo-bin", tree.parents[2] / "bin" / "odoo", tree / "setup" / "odoo"):
        if program.exists():
            return [python, str(program)]
    return [python, "-m", "odoo"]


def run_odoo(postgresql, database, *args, stdin="", log_name=None, **options):
    """Run Odoo once, to install or update modules or for a script on its shell.

    :param args: the command line after the program, where the configuration comes last
    :param str stdin: a script for `odoo shell`
    :param options: further options of Odoo's configuration
    :return: what it printed
    :raise StackError: when it failed, with the end of its output
    """
    config = write_odoo_config(HOME / "run" / f"{database}.conf", postgresql, database, **options)
    log = HOME / "log" / f"{log_name or database}.log"
    script = HOME / "run" / f"{database}.stdin"
    script.write_text(stdin)
    log.unlink(missing_ok=True)
    argv = [*odoo_command(), *args, "-c", config, "-d", database]
    code = Process(argv, log, script, cwd=HOME).wait(INSTALL_TIMEOUT)
    if code != 0:
        how = f"exit code {code}" if code else f"ended after {INSTALL_TIMEOUT} s"
        raise StackError(f"Odoo failed ({' '.join(args)}: {how}):\n{tail(log)}\nAll of it: {log}")
    return log.read_text(errors="replace")


class OdooServer(Server):
    """An Odoo server process on one database."""

    about = "Odoo"
    ready_path = "/web/login"
    start_timeout = 90
    folder = HOME

    def __init__(
        self, postgresql, database, port=None, workers=0, name=None, arguments=(), python=sys.executable, **options
    ):
        """Choose how it will run; nothing is started yet.

        :param int port: 0 or None for a free one
        :param str name: of its configuration and log; needed where several servers share a database
        :param int workers: 0 for one process with threads, where also the websocket is served on
            ``port``; more for worker processes, where the websocket has a port of its own
        :param arguments: further ones of the command line, such as a module to install before it serves
        :param python: the Python that runs it
        :param options: further options of Odoo's configuration
        """
        self.name = name or database
        super().__init__(f"server-{self.name}", port)
        self.postgresql = postgresql
        self.database = database
        self.gevent_port = free_port()
        self.workers = workers
        self.arguments = arguments
        self.python = python
        if arguments:
            self.start_timeout = INSTALL_TIMEOUT
            # a request that waits meanwhile isn't one that hangs
            options = {"limit_time_real": INSTALL_TIMEOUT, **options}
        self.options = options

    def _command(self):
        config = write_odoo_config(
            HOME / "run" / f"server-{self.name}.conf",
            self.postgresql,
            self.database,
            http_port=self.port,
            gevent_port=self.gevent_port,
            workers=self.workers,
            **self.options,
        )
        return [*odoo_command(self.python), "server", *self.arguments, "-c", config]

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
        self._ids = {}  # {external id: id}
        info = self._post("/web/session/authenticate", {"db": database, "login": login, "password": password})
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
        if xml_id in self._ids:
            return self._ids[xml_id]
        module, name = xml_id.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        rows = self.call("ir.model.data", "search_read", domain, ["res_id"])
        if not rows:
            raise StackError(f"There is no record {xml_id}.")
        self._ids[xml_id] = rows[0]["res_id"]
        return self._ids[xml_id]
