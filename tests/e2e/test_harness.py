#!/usr/bin/env python3
"""test_harness: the harness itself. A green that cannot turn red proves nothing.

    python3 tests/e2e/test_harness.py

Needs no tracker and no service: a few lines of HTTP stand for the tracker.
"""
import io
import os
import re
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import expect, runner, stage, web, yaml  # noqa: E402
from harness.backend import CannotRun  # noqa: E402
from harness.proxy import Proxy  # noqa: E402
from harness.rt import Note  # noqa: E402
from harness.words import naming  # noqa: E402


class Tracker(BaseHTTPRequestHandler):
    """Counts what reaches it."""
    protocol_version = "HTTP/1.1"
    seen = []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Tracker.seen.append((self.command, self.path, body))
        text = b'{"ok":true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


class ProxyTest(unittest.TestCase):
    def setUp(self):
        Tracker.seen = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.proxy = Proxy(f"http://127.0.0.1:{self.server.server_address[1]}", re.compile(r"^/list\?"))

    def tearDown(self):
        self.proxy.close()
        self.server.shutdown()
        self.server.server_close()

    def ask(self, method="GET", path="/x", body=None, timeout=5):
        return web.request(method, self.proxy.url + path, body=body, timeout=timeout)

    def test_counts_and_tells_apart(self):
        began = time.time()
        self.ask(path="/list?q=1")
        self.ask("POST", "/notes", {"a": 1})
        self.ask("PUT", "/one", {"b": "ä"})
        self.assertEqual(self.proxy.lists_since(began), 1)
        self.assertEqual(len(self.proxy.writes_since(began)), 2)
        self.assertEqual(self.proxy.lists_since(time.time()), 0)
        self.assertEqual([s[:2] for s in Tracker.seen], [("GET", "/list?q=1"), ("POST", "/notes"), ("PUT", "/one")])
        self.assertEqual(Tracker.seen[2][2], b'{"b": "\\u00e4"}')

    def test_cut_before_reaches_nobody(self):
        rule = self.proxy.cut_before(method="POST")
        with self.assertRaises(OSError):
            self.ask("POST")
        self.assertEqual((Tracker.seen, self.proxy.hits(rule)), ([], 1))
        self.assertEqual(self.ask("POST").status, 200)

    def test_cut_after_is_done(self):
        self.proxy.cut_after(method="POST", path="^/one")
        self.assertEqual(self.ask("POST", "/other").status, 200)
        with self.assertRaises(OSError):
            self.ask("POST", "/one")
        self.assertEqual(len(Tracker.seen), 2)

    def test_cut_then_work(self):
        self.proxy.cut_then_work(delay=0.3)
        with self.assertRaises(OSError):
            self.ask("POST")
        self.assertEqual(Tracker.seen, [])
        time.sleep(0.5)
        self.assertEqual(len(Tracker.seen), 1)

    def test_answer_instead_and_skew(self):
        self.proxy.answer_instead(502, times=1)
        self.assertEqual(self.ask("POST").status, 502)
        self.assertEqual(len(Tracker.seen), 1)
        self.proxy.skew(3600)
        self.assertNotEqual(self.ask().headers["date"][:22], time.strftime("%a, %d %b %Y %H:%M", time.gmtime()))

    def test_hang_and_hold(self):
        for fault, done in ((self.proxy.hang, 0), (self.proxy.hold_answer, 1)):
            fault(times=1, method="PUT")
            with self.assertRaises(OSError):
                self.ask("PUT", timeout=0.3)
            self.assertTrue(self.proxy.wait_in_flight(1, method="PUT"))
            self.proxy.clear()
            self.assertEqual(self.ask("GET").status, 200)
            self.assertEqual([s[0] for s in Tracker.seen].count("PUT"), done)
        self.assertFalse(self.proxy.wait_in_flight(0.05, method="POST"))


class ExpectTest(unittest.TestCase):
    def test_numbers(self):
        for text, want in (("56", [56]), ("#56", [56]), (" http://x:80/issues/56?tab=3#note-2 ", [56]),
                           ("57, 56", [56, 57]), ("#56 http://h/issues/7", [7, 56]), ("", []), ("n/a", [])):
            self.assertEqual(expect.numbers(text), want, text)
        url = "http://h/Ticket/Display.html?id="
        self.assertEqual(expect.tickets_named(f"a {url}7, {url}3"), [3, 7])

    def test_fits(self):
        for want, have, fit in ((1, 1, True), (1, 2, False),
                                (re.compile("b"), "abc", True), (re.compile("b"), None, False),
                                ([("internal", re.compile("x"))], [("internal", "xy")], True),
                                ([("internal", re.compile("x"))], [("public", "xy")], False),
                                ([], [("public", "xy")], False), (expect.has("a"), ["b", "a"], True),
                                (expect.lacks("a"), ["a"], False), (expect.at_least(2), 1, False),
                                ([naming("1.1")], ["fixed in 1.1"], True),
                                ([naming("1.1")], ["in 1.0", "in 1.1"], False)):
            self.assertEqual(expect.fits(want, have), fit, (expect.words(want), have))

    def test_wait_fails_with_the_difference(self):
        with self.assertRaisesRegex(expect.Mismatch, "status: expected 'open', is 'new'"):
            expect.wait(lambda: ["status: expected 'open', is 'new'"], 0.1, 0.05)
        left = [["not yet"], []]
        expect.wait(lambda: left.pop(0), 1, 0.01)

    def test_quoted_markers_are_not_own(self):
        marker = "[P-1 · b1-abc1234]"
        self.assertEqual(Note(1, "x", True, f"hello\n{marker}", "").markers, [marker])
        self.assertEqual(Note(1, "x", True, f"> hello\n> {marker}\nwhat?", "").markers, [])


class YamlTest(unittest.TestCase):
    def test_text(self):
        settings = {"a": {"Won't Fix": {"b": True}, "on": 1, "n": None}, "l": [{"x": "y\\d"}, "ü"], "e": {}, "f": []}
        self.assertEqual(yaml.text(settings), 'a:\n  "Won\'t Fix":\n    b: true\n  "on": 1\n  "n": null\n'
                         'l:\n  - {"x": "y\\\\d"}\n  - "ü"\ne: {}\nf: []\n')

    def test_merge(self):
        base = {"a": {"b": 1, "c": 2}, "d": 3}
        self.assertEqual(yaml.merge(base, {"a": {"b": 9}, "d": None}), {"a": {"b": 9, "c": 2}})
        self.assertEqual(base, {"a": {"b": 1, "c": 2}, "d": 3})


class RunnerTest(unittest.TestCase):
    """What may fail, fails; what did not run has failed."""

    def run_one(self, function, cases, how=lambda r: r.run(99)):
        class Backend:
            name = "real"
        out = io.StringIO()
        r = runner.Runner(Backend(), "/bin/true", out)
        runner.SCENARIOS[99] = ("test", cases, function)
        try:
            how(r)
        finally:
            del runner.SCENARIOS[99]
        self.last = r
        return r.passed, r.failed, out.getvalue()

    def test_counts(self):
        def good(r):
            with r.case("a"):
                pass
            with r.case("b"):
                assert 1 == 2, "one is not two"
            with r.case("c"):
                raise KeyError("x")
        passed, failed, out = self.run_one(good, 3)
        self.assertEqual((passed, failed), (1, 2))
        self.assertIn("one is not two", out)
        self.assertIn("KeyError", out)
        self.assertRegex(out, r"ok   99 a 0\.0")

    def twice(self, *failures):
        """A scenario whose n-th run fails so."""
        left = list(failures)

        def story(r):
            with r.case("a"):
                if (failure := left.pop(0)) is not None:
                    raise failure
        return self.run_one(story, 1, lambda r: r.run_twice(99)) + (len(failures) - len(left),)

    def test_a_slip_is_tried_again_and_named(self):
        passed, failed, out, runs = self.twice(expect.Mismatch("late"), None)
        self.assertEqual((passed, failed, runs, self.last.shaky, self.last.failures), (1, 0, 2, ["99 a"], []))
        self.assertIn("again 99: 1 failed the first time", out)

    def test_what_fails_twice_has_failed(self):
        passed, failed, _, runs = self.twice(expect.Mismatch("x"), expect.Mismatch("x"))
        self.assertEqual((passed, failed, runs, self.last.shaky, self.last.failures), (0, 1, 2, [], ["99 a"]))

    def test_a_broken_promise_is_not_tried_again(self):
        passed, failed, _, runs = self.twice(expect.Broken("twice the same note"), None)
        self.assertEqual((passed, failed, runs, self.last.shaky, self.last.failures), (0, 1, 1, [], ["99 a"]))

    def test_a_doubled_mail_is_a_broken_promise(self):
        class Doubled(stage.Stage):
            def __init__(self):
                self.touched, self.runner = set(), None

                class Ended:
                    running = False
                self.bascule = Ended()

            def mails(self):
                return [{"to": ["alice"], "ticket": 1, "subject": "x", "body": "hello\n[P-1 · b1-abc1234]"}] * 2
        with self.assertRaisesRegex(expect.Broken, "twice"):
            Doubled().invariants()

    def test_an_early_end_fails_the_rest(self):
        def early(r):
            with r.case("a"):
                pass
            raise RuntimeError("gone")
        self.assertEqual(self.run_one(early, 5)[:2], (1, 4))

    def test_what_cannot_run_has_failed(self):
        def cannot(r):
            raise CannotRun("no tracker")
        self.assertEqual(self.run_one(cannot, 7)[:2], (0, 7))

    def test_a_case_that_cannot_run_ends_the_scenario(self):
        def cannot(r):
            with r.case("a"):
                raise CannotRun("it died")
        self.assertEqual(self.run_one(cannot, 3)[:2], (0, 3))

    def test_more_cases_than_said_is_a_failure(self):
        def more(r):
            with r.case("a"):
                pass
            with r.case("b"):
                pass
        self.assertEqual(self.run_one(more, 1)[1], 1)


if __name__ == "__main__":
    unittest.main()
