#!/usr/bin/env python3
"""Programs end: by themselves, by their time limit, or with their last descendant."""
import os
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proc  # noqa: E402

proc.prepare()


class Run(unittest.TestCase):
    def setUp(self):
        handle, self.log = tempfile.mkstemp()
        os.close(handle)

    def tearDown(self):
        os.unlink(self.log)

    def run_(self, script, limit=20, **options):
        status = proc.run(["sh", "-c", script], self.log, limit, **options)
        with open(self.log, encoding="utf-8") as f:
            return status, f.read()

    def test_status_and_output(self):
        status, text = self.run_("echo out; echo $X >&2; exit 3", env={"X": "err"})
        self.assertEqual(status, 3)
        self.assertTrue(text.endswith("out\nerr\n"))

    def test_no_stdin(self):
        self.assertEqual(self.run_("read x && exit 9; exit 0")[0], 0)

    def test_not_there(self):
        self.assertEqual(proc.run(["/nowhere/at-all"], self.log, 5), 127)

    def test_limit(self):
        began = time.monotonic()
        self.assertEqual(self.run_("sleep 60 & sleep 60", limit=0.3)[0], "time-out")
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(proc.sweep(grace=2), [])

    def test_sweep_names_and_ends_what_was_left(self):
        self.run_("setsid sleep 61.5 >/dev/null 2>&1 &")
        self.assertEqual(proc.sweep(grace=0.2), ["sleep 61.5"])
        self.assertEqual(proc.sweep(grace=0.2), [])

    def test_sweep_lets_end_what_ends(self):
        self.run_("setsid sleep 0.3 >/dev/null 2>&1 &")
        self.assertEqual(proc.sweep(grace=5), [])

    def test_sweep_ends_what_does_not_obey(self):
        self.run_("(trap '' TERM; exec setsid sleep 62.5) >/dev/null 2>&1 &")
        self.assertEqual(proc.sweep(grace=0.2), ["sleep 62.5"])
        self.assertEqual(proc.sweep(grace=0.2), [])


class Abort(unittest.TestCase):
    def tearDown(self):
        proc._aborted.clear()

    def test_ends_what_other_threads_run(self):
        with tempfile.NamedTemporaryFile() as log:
            statuses = []
            thread = threading.Thread(target=lambda: statuses.append(proc.run(["sleep", "63"], log.name, 90)))
            began = time.monotonic()
            thread.start()
            time.sleep(0.2)
            proc.abort()
            thread.join(20)
        self.assertEqual(statuses, ["time-out"])
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(proc.sweep(grace=1), [])


if __name__ == "__main__":
    unittest.main()
