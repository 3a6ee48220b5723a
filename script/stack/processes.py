"""Child processes that end with this one, and what is needed around them."""

import atexit
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".odoo"
HOST = "127.0.0.1"
# Chromium or Chrome, as script/bootstrap found it; Odoo's tests look for this name on the PATH.
BROWSER = HOME / "bin" / "google-chrome"


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


def is_running(pid):
    """Tell whether there is a process with this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
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
_stopping = threading.Event()


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
        if _stopping.is_set():
            raise StackError("Nothing is started any more: everything is being stopped.")
        self._lock = threading.Lock()
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
                preexec_fn=_die_with_parent,  # noqa: PLW1509
                **kwargs,
            )
        _processes.append(self)

    @property
    def pid(self):
        return self._popen.pid

    def returncode(self):
        """Return the exit code, None while it runs."""
        if self._has_ended():
            self.kill()
        return self._popen.returncode

    def _has_ended(self):
        # Without reaping it: as long as it is not, its number can't become another process's.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with self._lock:
            return self._popen.returncode is not None or os.waitid(os.P_PID, self.pid, options) is not None

    def wait(self, timeout):
        """Wait until it ended on its own and return the exit code; None when it took too long.

        It is ended then.
        """
        try:
            wait_until(self._has_ended, timeout, "a process to end")
        except StackError:
            self.stop()
            return None
        return self.returncode()

    def stop(self, timeout=10):
        """End it politely, and by force when it does not end within ``timeout`` seconds."""
        with self._lock:
            if self._popen.returncode is None:
                os.kill(self.pid, signal.SIGTERM)
        with contextlib.suppress(StackError):
            wait_until(self._has_ended, timeout, "a process to end")
        self.kill()

    def kill(self):
        """End it and all processes of its session at once, as a crash would."""
        with self._lock:
            if self._popen.returncode is not None:
                return
            # the session's other processes may outlive its leader
            os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()
            _processes.remove(self)


class Server:
    """A child process that answers on a port of 127.0.0.1."""

    about = ""  # what it is, for messages
    ready_path = "/"  # answers as soon as it is ready
    start_timeout = 30  # seconds
    folder = ROOT  # it runs here

    def __init__(self, name, port=None):
        """Choose how it will run; nothing is started yet.

        :param str name: of its log
        :param int port: 0 or None for a free one
        """
        self.port = port or free_port()
        self.log = HOME / "log" / f"{name}.log"
        self.process = None

    @property
    def url(self):
        return f"http://{HOST}:{self.port}"

    def start(self):
        """Start it, and return when it answers."""
        self.process = Process(self._command(), self.log, cwd=self.folder)
        wait_until(self._is_ready, self.start_timeout, f"{self.about} on {self.url} (log: {self.log})")
        return self

    def _command(self):
        """Return the command line, and write the files that it reads."""
        raise NotImplementedError

    def _is_ready(self):
        if self.process.returncode() is not None:
            raise StackError(f"{self.about} did not start:\n{tail(self.log)}\nAll of it: {self.log}")
        try:
            return requests.get(self.url + self.ready_path, timeout=self.start_timeout).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        """End it as an administrator would."""
        if self.process:
            self.process.stop()

    def kill(self):
        """End it as a crash would."""
        self.process.kill()


@atexit.register
def stop_all():
    """End every process that was started here and still runs, and let none be started any more."""
    _stopping.set()
    for process in tuple(_processes):
        process.stop()


def exit_with(main):
    """End this process with what a script's `main` returns. What goes wrong with the system is said in a sentence."""
    try:
        sys.exit(main())
    except StackError as error:
        say(error)
        sys.exit(1)


def exit_on_signals():
    """Make SIGTERM and SIGHUP end this process in the ordinary way, so that `stop_all` runs."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
