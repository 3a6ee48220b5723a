"""What really was charged, and what the terminals remember: one file that survives a crash.

Each finished transaction is ONE line: the charge (if any), the terminal's last transaction and its
counters. So a crash leaves either all of it or nothing. The line is on the disk before anybody is
told about it.
"""

import fcntl
import json
import os
from dataclasses import dataclass


@dataclass
class Memory:
    """What one terminal remembers: counters, and its last transaction (a dict) or None."""

    stan: int = 0
    session: int = 1
    last: dict | None = None


class Ledger:
    """The journal file ``ledger.jsonl`` in ``folder``; raises BlockingIOError where in use."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.entries = []
        self._memories = {}
        self._newest = {}
        # Kept open for the life of the process: the lock goes with it.
        self._file = open(folder / "ledger.jsonl", "a+b")  # noqa: SIM115
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._read()

    def _read(self):
        self._file.seek(0)
        good = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break  # the process died while it wrote: nobody was told about this one
            self._remember(json.loads(line))
            good += len(line)
        self._file.truncate(good)

    def _remember(self, line):
        memory = self.memory(line["terminalId"])
        memory.stan, memory.session = line["stan"], line["session"]
        if line["last"]:
            memory.last = line["last"]
        if line["entry"]:
            self.entries.append(line["entry"])
            self._newest[line["terminalId"]] = line["entry"]

    def memory(self, terminal_id):
        """Return the terminal's Memory, to read; ``write`` changes it."""
        return self._memories.setdefault(terminal_id, Memory())

    def newest(self, terminal_id):
        """Return the terminal's newest charge (a ledger entry), or None."""
        return self._newest.get(terminal_id)

    def write(self, terminal_id, *, stan=None, session=None, entry=None, last=None):
        """Put one line on the disk; an ``entry`` gets its id here. Returns when it is safe."""
        memory = self.memory(terminal_id)
        if entry is not None:
            entry = {"id": len(self.entries) + 1, **entry}
        line = {
            "terminalId": terminal_id,
            "stan": memory.stan if stan is None else stan,
            "session": memory.session if session is None else session,
            "entry": entry,
            "last": last,
        }
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._remember(line)

    def clear(self):
        """Forget everything, on the disk too."""
        self._file.truncate(0)
        os.fsync(self._file.fileno())
        self.entries.clear()
        self._memories.clear()
        self._newest.clear()

    def close(self):
        self._file.close()
