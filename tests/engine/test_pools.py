"""Few threads for much work (rule 25). Real threads, which don't touch the database."""

import ctypes
import queue
import threading
from unittest.mock import patch

from odoo.tests import BaseCase

from ... import pools

PATIENCE = 20  # seconds, before a test fails


class Work:
    """Jobs that stay at work until they are let go on, and note who did them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.go_on = threading.Event()
        self.begun = []
        self.changed = threading.Condition(self.lock)
        self.ended = []
        self.threads = set()

    def job(self, name):
        def work():
            with self.changed:
                self.begun.append(name)
                self.threads.add(threading.get_ident())
                self.changed.notify_all()
            self.go_on.wait(PATIENCE)
            with self.changed:
                self.ended.append(name)
                self.changed.notify_all()

        return work

    def wait_for(self, condition):
        with self.changed:
            return self.changed.wait_for(condition, PATIENCE)


class TestPools(BaseCase):
    def setUp(self):
        super().setUp()
        self.work = Work()
        self.addCleanup(self.work.go_on.set)

    def pool(self, size, **options):
        return pools.Pool(f"test.{self.id()}", size, **options)

    def test_rule_25_work_is_bounded(self):
        """Rule 25: however much there is to do, a few threads do it."""
        pool, work = self.pool(3), self.work
        for number in range(276):
            pool.submit(number, work.job(number))
        self.assertTrue(work.wait_for(lambda: len(work.begun) == 3))
        self.assertEqual(pool.backlog(), 273)
        work.go_on.set()
        self.assertTrue(work.wait_for(lambda: len(work.ended) == 276))
        self.assertLessEqual(len(work.threads), 3)
        self.assertEqual(sorted(work.ended), list(range(276)))

    def test_what_is_queued_is_not_queued_twice(self):
        pool, work = self.pool(1), self.work
        pool.submit("first", work.job("first"))
        self.assertTrue(work.wait_for(lambda: work.begun == ["first"]))
        self.assertTrue(pool.submit("second", work.job("older")))
        self.assertFalse(pool.submit("second", work.job("newer")))
        pool.submit("third", work.job("third"))
        work.go_on.set()
        self.assertTrue(work.wait_for(lambda: "third" in work.ended))
        self.assertEqual(work.ended, ["first", "newer", "third"])

    def test_what_is_at_work_is_done_once_more(self):
        """A caller may meanwhile ask for what wasn't there when it began."""
        pool, work = self.pool(2), self.work
        pool.submit("same", work.job("first"))
        self.assertTrue(work.wait_for(lambda: work.begun == ["first"]))
        self.assertTrue(pool.submit("same", work.job("again")))
        self.assertFalse(pool.submit("same", work.job("and again")))
        pool.submit("other", work.job("other"))
        self.assertTrue(work.wait_for(lambda: "other" in work.begun))
        self.assertEqual(work.begun, ["first", "other"], "never two at once")
        work.go_on.set()
        self.assertTrue(work.wait_for(lambda: len(work.ended) == 3))
        self.assertIn("and again", work.ended)

    def test_what_is_to_be_done_later_lets_others_pass(self):
        pool, work = self.pool(1), self.work
        work.go_on.set()
        pool.submit("later", work.job("later"), delay=0.1)
        pool.submit("sooner", work.job("sooner"), delay=1000)
        pool.submit("sooner", work.job("sooner"))
        pool.submit("last", work.job("last"), delay=0.3)
        self.assertTrue(work.wait_for(lambda: "last" in work.ended))
        self.assertEqual(work.ended, ["sooner", "later", "last"])

    def test_a_spare_thread_stands_in_for_one_that_is_held_up(self):
        pool, work = self.pool(1, spare=1), self.work
        other = Work()
        other.go_on.set()
        with patch.object(pools, "HELD_UP", 0.2):
            pool.submit("held up", work.job("held up"))
            self.assertTrue(work.wait_for(lambda: work.begun == ["held up"]))
            for number in range(5):
                pool.submit(number, other.job(number))
            self.assertEqual(other.begun, [], "not at once")
            self.assertTrue(other.wait_for(lambda: len(other.ended) == 5))
            self.assertEqual(len(other.threads), 1)

    def test_what_a_job_raises_is_seen_and_stops_nobody(self):
        pool, work = self.pool(1), self.work
        work.go_on.set()
        with self.assertLogs(pools.__name__, "ERROR") as logs:
            pool.submit("broken", lambda: 1 / 0)
            pool.submit("next", work.job("next"))
            self.assertTrue(work.wait_for(lambda: work.ended == ["next"]))
        self.assertIn("ZeroDivisionError", logs.output[0])

    def test_threads_end_when_there_is_nothing_to_do(self):
        work = self.work
        work.go_on.set()
        with patch.object(pools, "IDLE", 0.05):
            pool = self.pool(3)
            for number in range(3):
                pool.submit(number, work.job(number))
            self.assertTrue(work.wait_for(lambda: len(work.ended) == 3))
            threads = [thread for thread in threading.enumerate() if thread.name.startswith(pool.name)]
            for thread in threads:
                thread.join(PATIENCE)
                self.assertFalse(thread.is_alive())
        pool.submit("again", work.job("again"))
        self.assertTrue(work.wait_for(lambda: "again" in work.ended))

    def test_a_forked_process_begins_with_empty_queues(self):
        pool, work = self.pool(1), self.work
        pool.submit("parent's", work.job("parent's"))
        pool.submit("waiting", work.job("waiting"))
        self.assertTrue(work.wait_for(lambda: work.begun == ["parent's"]))
        child = self.pool(1)
        child.__dict__.update(pool.__dict__)  # as a fork would copy it
        child._reset()
        own = Work()
        own.go_on.set()
        child.submit("waiting", own.job("the child's"))
        self.assertTrue(own.wait_for(lambda: own.ended == ["the child's"]))
        self.assertEqual(work.begun, ["parent's"])

    def test_threads_that_only_wait_take_little_address_space(self):
        """Odoo restarts itself at 2 GB."""
        sizes = queue.SimpleQueue()
        pools.start_small_thread(lambda: sizes.put(self.stack_size()), "test.small")
        self.assertEqual(sizes.get(timeout=PATIENCE), pools.SMALL_STACK)
        threading.Thread(target=lambda: sizes.put(self.stack_size())).start()
        self.assertGreater(sizes.get(timeout=PATIENCE), pools.SMALL_STACK, "all other threads")

    @staticmethod
    def stack_size():
        """:return: bytes of this thread's stack, as the C library says"""
        library, attributes, size = ctypes.CDLL(None), ctypes.create_string_buffer(128), ctypes.c_size_t()
        library.pthread_getattr_np(ctypes.c_ulong(threading.get_ident()), attributes)
        library.pthread_attr_getstacksize(attributes, ctypes.byref(size))
        return size.value
