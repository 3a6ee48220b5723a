"""Few threads for much work, and threads with a small stack. Nothing of Odoo in here.

Rule 25: work is bounded. What has to be done waits in a queue for one of a small number of threads; a thread of its own
has only what holds a call to NETS, and its stack is small.
"""

import contextlib
import ctypes
import functools
import heapq
import itertools
import logging
import math
import os
import sys
import threading
import time
import weakref

_logger = logging.getLogger(__name__)

# Seconds without anything to do after which a thread ends.
IDLE = 20
# Seconds after which a job counts as held up by something that isn't its own work.
HELD_UP = 1
# For the client and a TLS handshake a fourth of it is enough. With it, 18 of 19 ways to nest Python and C as deep as
# Python's own limit of 1000 end in its RecursionError (Python 3.11). The usual 8 MB of address space for each of some
# hundred threads run into Odoo's memory limit.
SMALL_STACK = 1024 * 1024
# As <malloc.h> numbers it.
M_ARENA_MAX = -8

_stack_lock = threading.Lock()
_pools = weakref.WeakSet()


class Pool:
    """A queue of jobs, and at most so many threads for them; none as long as there is nothing to do.

    Jobs have a key. One whose key is in the queue isn't queued twice; one whose key is at work is done once more after
    it, so that a caller gets what is there from now on. What a job raises is logged.
    """

    def __init__(self, name, size, spare=0):
        """
        :param str name: of its threads
        :param int size: jobs at once
        :param int spare: further threads, which only stand in for those that are held up
        """
        self.name = name
        self.size = size
        self.spare = spare
        _pools.add(self)
        self._reset()

    def _reset(self):
        self._changed = threading.Condition()
        self._queue = []  # heap of (when, number, key); an entry that `_queued` doesn't know any more is void
        self._queued = {}  # key → (when, number, job)
        self._at_work = {}  # key → (when, job) to be done once more afterwards, or None
        self._begun = {}  # key → when it was begun
        self._threads = self._idle = 0
        self._numbers = itertools.count()

    def submit(self, key, job, delay=0):
        """Have a job done.

        :param key: what distinguishes it from others
        :param job: called without arguments
        :param float delay: seconds until then at least; of two with the same key, the newer one is done when the sooner
            one would have been
        :return: whether it wasn't queued already
        :raise RuntimeError: no thread could be started, and there is none that would do it later
        """
        when = time.monotonic() + delay
        with self._changed:
            if key in self._at_work:
                again = self._at_work[key]
                self._at_work[key] = (min(when, again[0]) if again else when, job)
                return again is None
            known = self._queued.get(key)
            self._put(min(when, known[0]) if known else when, key, job)
            try:
                self._ensure_thread()
            except RuntimeError:
                if not self._threads:
                    del self._queued[key]
                    raise
            self._changed.notify()
            return known is None

    def backlog(self):
        """:return: how many jobs wait for a thread"""
        now = time.monotonic()
        with self._changed:
            return sum(when <= now for when, _number, _job in self._queued.values())

    def _put(self, when, key, job):
        number = next(self._numbers)
        self._queued[key] = (when, number, job)
        heapq.heappush(self._queue, (when, number, key))

    def _ensure_thread(self):
        if self._idle < len(self._queued) and self._threads < self.size + self.spare:
            threading.Thread(target=self._work, name=f"{self.name}-{next(self._numbers)}", daemon=True).start()
            self._threads += 1

    def _work(self):
        while (taken := self._take()) is not None:
            key, job = taken
            try:
                job()
            except Exception:  # nobody is above a thread: what is unexpected has to be seen in the log at least
                _logger.exception("%s ended unexpectedly", key)
            del job, taken  # what it knew isn't kept until the next one comes
            self._done(key)

    def _take(self):
        """Wait for the next job.

        :return: (key, job), or None where this thread isn't needed any more
        """
        with self._changed:
            while True:
                while self._queue and self._queued.get(self._queue[0][2], (0, None))[1] != self._queue[0][1]:
                    heapq.heappop(self._queue)
                now = time.monotonic()
                left = self._queue[0][0] - now if self._queue else math.inf
                if left <= 0:
                    left = self._wait_for_place(now)
                if left <= 0:
                    _when, _number, key = heapq.heappop(self._queue)
                    _when, _number, job = self._queued.pop(key)
                    self._at_work[key] = None
                    self._begun[key] = now
                    return key, job
                self._idle += 1
                woken = self._changed.wait(min(left, IDLE))
                self._idle -= 1
                # another one waits for what is to be done later
                if not woken and (not self._queued or (left > IDLE and self._idle)):
                    self._threads -= 1
                    return None

    def _wait_for_place(self, now):
        """:return: seconds until one more may be begun"""
        fresh = sorted(begun for begun in self._begun.values() if now - begun < HELD_UP)
        return fresh[-self.size] + HELD_UP - now if len(fresh) >= self.size else 0

    def _done(self, key):
        with self._changed:
            again = self._at_work.pop(key)
            del self._begun[key]
            if again:
                self._put(again[0], key, again[1])
            # perhaps there was no place for one that waits
            self._changed.notify()


@functools.cache
def _limit_arenas():
    """The C library takes 64 MB of address space for each of some dozen threads that allocate memory, which one thread
    at a time does in Python. Odoo limits that itself where it serves with threads, and not in its worker processes."""
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, 2)


def start_small_thread(target, name):
    """Start a daemon thread with a small stack, for something that waits and doesn't nest deeply.

    :raise RuntimeError: it couldn't be started
    """
    thread = threading.Thread(target=target, name=name, daemon=True)
    _limit_arenas()
    # The size is the whole process' for a moment, so one of Odoo's own threads may get a small stack, too: SMALL_STACK
    # is enough for that.
    with _stack_lock:
        usual = threading.stack_size(SMALL_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(usual)


def _forget_parent():
    """A forked process has none of the threads, and shouldn't do what is queued in its parent."""
    global _stack_lock  # noqa: PLW0603  perhaps held in that very moment
    _stack_lock = threading.Lock()
    for pool in _pools:
        pool._reset()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_forget_parent)
