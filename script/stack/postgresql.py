"""The database server."""

import atexit
import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import psycopg2
import psycopg2.extensions

from .processes import HOME, ROOT, StackError, locked, tail

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

    def _program(self, name):
        found = sorted(
            Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
            key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0),
        )
        program = str(found[-1]) if found else shutil.which(name)
        if not program:
            raise StackError("PostgreSQL is not installed. Run script/bootstrap.")
        return program

    def _command(self, name):
        # PostgreSQL refuses to run as root.
        user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        return [*user, self._program(name), "-D", f"{self.directory}/data"]

    def _pg_ctl(self, *args, check=True):
        result = subprocess.run(
            [*self._command("pg_ctl"), *args],
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
                # only where nobody called `stop`
                atexit.register(self.stop)
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
                [
                    *self._command("initdb"),
                    *("-U", self.user, "-A", "trust"),
                    *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
                ],
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
        if not self._users:
            return
        atexit.unregister(self.stop)
        with locked(self.directory / "start.lock"):
            self._users.close()
            self._users = None
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
        connection = self.connect(database)
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else None

    def stamp(self, database):
        """Return what `set_stamp` noted about a database: "" for nothing, None for no database."""
        rows = self.query(
            "postgres",
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s",
            [database],
        )
        return rows[0][0] if rows else None

    def set_stamp(self, database, stamp):
        """Note something about a database, in the server: gone when the database is."""
        self.query("postgres", f'COMMENT ON DATABASE "{database}" IS %s', [stamp])

    def drop(self, database):
        """Remove a database, even while others are connected to it, and its filestore."""
        self.query("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        shutil.rmtree(self.filestore(database), ignore_errors=True)

    def create(self, database, template="template0"):
        """Create a database as a copy of ``template``, with a copy of its filestore."""
        self.query("postgres", f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        if self.filestore(template).exists():
            # The filestore's files are never written to again, so links do.
            source, copy = self.filestore(template), self.filestore(database)
            shutil.copytree(source, copy, copy_function=os.link)

    def dump(self, database, folder):
        """Write a database and its filestore into a new folder."""
        self._client("pg_dump", database, "--compress=1", f"--file={folder}")
        shutil.copytree(self.filestore(database), folder / "filestore")

    def restore(self, database, folder):
        """Make a database of what `dump` wrote."""
        self.create(database)
        # thousands of commits needn't each wait for the disk: what is half there is made again
        self._client("pg_restore", database, "--no-owner", folder, options="-c synchronous_commit=off")
        shutil.copytree(folder / "filestore", self.filestore(database))

    def _client(self, program, database, *args, options=""):
        server = ["-h", self.host, "-p", self.port, "-U", self.user, "-d", database]
        subprocess.run(
            [self._program(program), *server, "--format=directory", "--jobs=2", *args],
            env=os.environ | {"PGPASSWORD": self.password, "PGOPTIONS": options},
            timeout=600,
            check=True,
        )

    def filestore(self, database):
        """Return the folder of a database's attachments."""
        return self.data_dir / "filestore" / database
