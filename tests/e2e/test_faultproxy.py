#!/usr/bin/env python3
"""The fault proxy does what its head says: a small tracker behind it counts what really arrives."""
import concurrent.futures
import gzip
import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faultproxy import FaultProxy, Message, skewed  # noqa: E402


class Tracker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []
    raw_heads = []

    def handle_any(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        Tracker.seen.append((self.command, self.path, body))
        Tracker.raw_heads.append(bytes(self.headers))
        if self.path == "/chunked":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
            return
        if self.path == "/unsized":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nto the end")
            self.close_connection = True
            return
        if self.path == "/cut":
            self.close_connection = True
            return
        if self.path == "/list":
            data = json.dumps({"items": [{"id": 1, "subject": "one"}, {"id": 2, "subject": "two"}]}).encode()
        else:
            data = json.dumps({"id": len(Tracker.seen), "subject": "A \"b\" c", "nested": {"subject": "x"}}).encode()
        self.send_response(304 if self.path == "/304" else 200)
        if self.path == "/gzip":
            data = gzip.compress(data)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("X-Odd-Case", "kept As Is")
        if self.path != "/304":
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and self.path != "/304":
            self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def log_message(self, *_):
        pass


class Case(unittest.TestCase):
    def setUp(self):
        Tracker.seen, Tracker.raw_heads = [], []
        self.tracker = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
        self.tracker.daemon_threads = True
        self.serving = threading.Thread(target=self.tracker.serve_forever, args=(0.02,))
        self.serving.start()
        self.proxy = FaultProxy(f"http://127.0.0.1:{self.tracker.server_port}")
        self.pool = concurrent.futures.ThreadPoolExecutor(4)
        self.connections = []

    def tearDown(self):
        for connection in self.connections:
            connection.close()
        self.proxy.stop()
        self.tracker.shutdown()
        self.serving.join()
        self.tracker.server_close()
        self.pool.shutdown()

    def connect(self):
        self.connections.append(http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=10))
        return self.connections[-1]

    def ask(self, method="GET", path="/x", body=None, connection=None, headers=None):
        connection = connection or self.connect()
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        reply.text = reply.read()
        return reply

    def cut(self, *args, **kwargs):
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.ask(*args, **kwargs)

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.control_port, timeout=10)
        connection.request(method, path, json.dumps(body) if body is not None else None)
        reply = connection.getresponse()
        answer = json.loads(reply.read())
        connection.close()
        return reply.status, answer


class Passing(Case):
    def raw(self, port, request):
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.sendall(request)
            out = b""
            while data := s.recv(65536):
                out += data
        return out

    def test_changes_nothing(self):
        for path, method, body in (("/x?q=%3E1", "GET", b""), ("/x", "POST", b'{"a":1}'), ("/chunked", "GET", b""),
                                   ("/unsized", "GET", b""), ("/304", "GET", b""), ("/x", "HEAD", b"")):
            request = (f"{method} {path} HTTP/1.1\r\nhOST: some.where\r\nX-a:  B\r\nConnection: close\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n").encode() + body
            Tracker.seen = []
            direct = self.raw(self.tracker.server_port, request)
            head = Tracker.raw_heads[-1]
            Tracker.seen = []
            through = self.raw(self.proxy.port, request)
            drop = [line for line in direct.split(b"\r\n") if not line.startswith(b"Date:")]
            self.assertEqual(drop, [line for line in through.split(b"\r\n") if not line.startswith(b"Date:")])
            self.assertEqual(head, Tracker.raw_heads[-1])
            self.assertEqual(Tracker.seen, [(method, path, body)])

    def test_chunked_request(self):
        Tracker.do_PUT, kept = (lambda handler: None), Tracker.do_PUT
        try:
            request = b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            with socket.create_connection(("127.0.0.1", self.proxy.port), 10) as s:
                s.sendall(request)
                entry = self.proxy.wait(phase="forwarded", timeout=5)
            self.assertEqual(entry["text"], "3\r\nabc\r\n0\r\n\r\n")
        finally:
            Tracker.do_PUT = kept

    def test_keeps_the_clients_connection(self):
        connection = self.connect()
        self.ask(connection=connection)
        port = connection.sock.getsockname()
        for path in ("/x", "/chunked", "/304", "/gzip"):
            self.ask(path=path, connection=connection)
            self.assertEqual(connection.sock.getsockname(), port)

    def test_tracker_gone(self):
        self.ask()
        self.cut(path="/cut")
        self.assertEqual(self.proxy.log()[-1]["status"], None)
        self.tracker.shutdown()
        self.tracker.socket.close()
        self.cut()
        self.assertTrue(self.proxy.log()[-1]["error"])

    def test_down_and_up(self):
        connection = self.connect()
        self.ask(connection=connection)
        port = self.proxy.port
        self.proxy.down()
        with self.assertRaises(ConnectionRefusedError):
            self.ask()
        self.cut(connection=connection)
        self.proxy.up()
        self.assertEqual(self.proxy.port, port)
        self.assertEqual(self.ask().status, 200)


class Faults(Case):
    def test_cut_before(self):
        self.proxy.add({"do": "cut-before", "times": 1})
        self.cut("PUT")
        self.assertEqual(Tracker.seen, [])
        self.assertEqual(self.ask("PUT").status, 200)

    def test_cut_after(self):
        self.proxy.add({"do": "cut-after", "match": {"method": "write"}})
        self.assertEqual(self.ask().status, 200)
        self.cut("PUT", body="b")
        self.assertEqual(Tracker.seen[-1], ("PUT", "/x", b"b"))
        entry = self.proxy.log()[-1]
        self.assertEqual((entry["status"], entry["sent"], entry["forwards"]), (200, None, 1))

    def test_reset(self):
        for do in ("cut-before", "cut-after"):
            rule = self.proxy.add({"do": do, "reset": True})
            with self.assertRaises(ConnectionResetError):
                self.ask()
            self.proxy.remove(rule)

    def test_cut_after_delayed(self):
        self.proxy.add({"do": "cut-after-delayed", "ms": 300})
        began = time.time()
        self.cut("POST")
        self.assertLess(time.time() - began, 0.25)
        self.assertEqual(Tracker.seen, [])
        entry = self.proxy.wait(phase="answered", timeout=5)
        self.assertGreaterEqual(time.time() - began, 0.29)
        self.assertEqual(len(Tracker.seen), 1)
        self.assertEqual(entry["status"], 200)

    def test_delay(self):
        for when, seen in (("before", 0), ("after", 1)):
            rule = self.proxy.add({"do": "delay", "ms": 200, "when": when})
            Tracker.seen = []
            began = time.time()
            asked = self.pool.submit(self.ask)
            time.sleep(0.1)
            self.assertEqual(len(Tracker.seen), seen)
            self.assertEqual(asked.result().status, 200)
            self.assertGreaterEqual(time.time() - began, 0.19)
            self.proxy.remove(rule)

    def test_status(self):
        self.proxy.add({"do": "status", "status": 429, "headers": {"Retry-After": "7"}, "times": 1})
        self.proxy.add({"do": "status", "status": 200, "body": "<html>", "headers": {"Content-Type": "text/html"},
                        "times": 1})
        self.proxy.add({"do": "status", "status": 502, "body": {"error": 1}, "forward": True})
        connection = self.connect()
        reply = self.ask(connection=connection)
        self.assertEqual((reply.status, reply.getheader("Retry-After"), reply.text), (429, "7", b""))
        reply = self.ask(connection=connection)
        self.assertEqual((reply.status, reply.getheader("Content-Type"), reply.text), (200, "text/html", b"<html>"))
        self.assertEqual(Tracker.seen, [])
        reply = self.ask("PUT", connection=connection)
        self.assertEqual((reply.status, json.loads(reply.text)), (502, {"error": 1}))
        self.assertEqual(len(Tracker.seen), 1)
        entry = self.proxy.log()[-1]
        self.assertEqual((entry["status"], entry["sent"]), (200, 502))

    def test_half(self):
        self.proxy.add({"do": "half"})
        for path in ("/x", "/chunked", "/gzip"):
            with self.assertRaises(http.client.IncompleteRead) as cut:
                self.ask(path=path)
            self.assertGreaterEqual(len(cut.exception.partial), 1)

    def test_duplicate(self):
        first = self.proxy.add({"do": "duplicate"})
        self.assertEqual(json.loads(self.ask("POST", body="b").text)["id"], 1)
        self.assertEqual(Tracker.seen, [("POST", "/x", b"b")] * 2)
        self.assertEqual(self.proxy.log()[-1]["forwards"], 2)
        self.proxy.remove(first)
        self.proxy.add({"do": "duplicate", "relay": 2})
        self.assertEqual(json.loads(self.ask("POST").text)["id"], 4)

    def test_skew(self):
        self.proxy.add({"do": "skew", "seconds": -1000})
        reply = self.ask()
        date = time.mktime(time.strptime(reply.getheader("Date"), "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
        self.assertAlmostEqual(date, time.time() - 1000, delta=3)
        self.assertEqual(reply.getheader("X-Odd-Case"), "kept As Is")

    def test_skew_where_no_date_is_sent(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2"
        dated = skewed(Message(head, b"ok", True), 1200)
        date = time.mktime(time.strptime(dated.field("date"), "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
        self.assertAlmostEqual(date, time.time() + 1200, delta=3)
        self.assertEqual(dated.field("content-length"), "2")

    def test_rewrite(self):
        raws = ['"a\\u0000b"', '"\\ud800"', "12345678901234567890", "[[[", "null"]
        for raw in raws:
            for path in ("/x", "/gzip"):
                rule = self.proxy.add({"do": "rewrite", "key": "subject", "raw": raw})
                text = self.ask(path=path).text.decode()
                self.assertIn(f'"subject": {raw}, "nested"', text)
                self.assertIn('"nested": {"subject": "x"}', text)
                self.proxy.remove(rule)
        self.proxy.add({"do": "rewrite", "pattern": "hello", "with": "bye"})
        reply = self.ask(path="/chunked")
        self.assertEqual((reply.text, reply.getheader("Transfer-Encoding")), (b"bye world", None))

    def test_rewrite_everywhere(self):
        self.proxy.add({"do": "rewrite", "key": "subject", "raw": "0", "count": 0})
        self.assertEqual(json.loads(self.ask().text)["nested"], {"subject": 0})

    def test_rewrite_of_one_element(self):
        one, two = '{"id": 1, "subject": "one"}', '{"id": 2, "subject": %s}'
        for more, became in (({"key": "subject", "raw": "\udcff[12345678901234567890"}, two % "\udcff[12345678901234567890"),
                             ({"raw": "null"}, "null"), ({"key": "subject"}, '{"id": 2}')):
            rule = self.proxy.add({"do": "rewrite", "list": "items", "holds": '"two"', **more})
            text = self.ask(path="/list").text.decode("utf-8", "surrogateescape")
            self.assertEqual(text, f'{{"items": [{one}, {became}]}}')
            self.ask(path="/other")
            self.assertEqual(self.proxy.rules()[0]["acted"], 1)
            self.proxy.remove(rule)
        self.proxy.add({"do": "rewrite", "list": "items", "holds": "three", "raw": "null"})
        self.assertEqual(len(json.loads(self.ask(path="/list").text)["items"]), 2)
        self.assertEqual(self.proxy.rules()[0]["acted"], 0)

    def test_hang(self):
        for when, phase, seen in (("before", "arrived", 0), ("after", "answered", 1)):
            Tracker.seen = []
            self.proxy.forget()
            rule = self.proxy.add({"do": "hang", "when": when})
            asked = self.pool.submit(self.ask, "PUT")
            entry = self.proxy.wait({"method": "PUT"}, phase=phase, open=True, timeout=5)
            self.assertIsNone(entry["ended"])
            time.sleep(0.05)
            self.assertEqual(len(Tracker.seen), seen)
            self.assertFalse(asked.done())
            self.assertEqual(self.proxy.release(rule + 1), 0)
            self.assertEqual(self.proxy.release(rule), 1)
            self.assertEqual(asked.result().status, 200)
            self.assertEqual(len(Tracker.seen), 1)
            self.proxy.remove(rule)

    def test_client_that_gives_up(self):
        rule = self.proxy.add({"do": "hang"})
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as s:
            s.sendall(b"PUT /late HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            self.proxy.wait({"path": "/late"}, timeout=5)
        self.assertEqual(Tracker.seen, [])
        self.proxy.release(rule)
        self.assertEqual(self.proxy.wait({"path": "/late"}, phase="ended", timeout=5)["status"], 200)
        self.assertEqual(len(Tracker.seen), 1)

    def test_stop_frees_what_hangs(self):
        self.proxy.add({"do": "hang"})
        asked = self.pool.submit(self.cut)
        self.proxy.wait(timeout=5)
        self.proxy.stop()
        asked.result(5)


class Rules(Case):
    def test_match(self):
        self.proxy.add({"do": "status", "status": 418,
                        "match": {"method": ["PUT", "DELETE"], "path": r"^/t/\d+\?", "body": "magic"}})
        self.assertEqual(self.ask("PUT", "/t/1?x", "some magic").status, 418)
        self.assertEqual(self.ask("DELETE", "/t/22?x", "magic").status, 418)
        self.assertEqual(self.ask("POST", "/t/1?x", "magic").status, 200)
        self.assertEqual(self.ask("PUT", "/t/x?x", "magic").status, 200)
        self.assertEqual(self.ask("PUT", "/t/1?x", "magi").status, 200)
        self.assertEqual(self.proxy.rules()[0]["acted"], 2)

    def test_nth_and_times(self):
        self.proxy.add({"do": "status", "status": 500, "nth": 2})
        self.proxy.add({"do": "status", "status": 503, "nth": 3, "times": 2})
        self.assertEqual([self.ask().status for _ in range(6)], [200, 500, 200, 503, 503, 200])

    def test_probability_is_seeded(self):
        got = []
        for _ in range(2):
            rule = self.proxy.add({"do": "status", "status": 500, "probability": 0.3, "seed": 5})
            got.append([self.ask().status for _ in range(30)])
            self.proxy.remove(rule)
        self.assertEqual(got[0], got[1])
        self.assertIn(500, got[0])
        self.assertIn(200, got[0])

    def test_modifiers_add_up_and_first_action_wins(self):
        self.proxy.add({"do": "delay", "ms": 100})
        self.proxy.add({"do": "pass", "match": {"path": "^/safe"}})
        self.proxy.add({"do": "rewrite", "key": "id", "raw": "7"})
        self.proxy.add({"do": "status", "status": 500, "match": {"path": "^/safe|^/bad"}})
        began = time.time()
        reply = self.ask(path="/safe")
        self.assertGreaterEqual(time.time() - began, 0.09)
        self.assertEqual((reply.status, json.loads(reply.text)["id"]), (200, 7))
        self.assertEqual(self.ask(path="/bad").status, 500)

    def test_refuses_nonsense(self):
        for rule in ({}, {"do": "x"}, {"do": "delay"}, {"do": "pass", "extra": 1}, {"do": "rewrite", "key": "a"},
                     {"do": "pass", "match": {"url": "x"}}):
            with self.assertRaises(ValueError):
                self.proxy.add(rule)
        with self.assertRaises(Exception):
            self.proxy.add({"do": "pass", "match": {"path": "("}})
        for target in ("https://x", "http://x/path", "nonsense"):
            with self.assertRaises(ValueError):
                FaultProxy(target)

    def test_log_and_counts(self):
        self.ask("GET", "/a?x=1")
        self.ask("GET", "/a?x=2")
        self.ask("POST", "/b", "body")
        self.assertEqual(self.proxy.counts(), {"total": 3, "reads": 2, "writes": 1, "by": {"GET /a": 2, "POST /b": 1}})
        log = self.proxy.log()
        self.assertEqual([(e["method"], e["path"], e["status"], e["sent"]) for e in log],
                         [("GET", "/a?x=1", 200, 200), ("GET", "/a?x=2", 200, 200), ("POST", "/b", 200, 200)])
        for e in log:
            self.assertTrue(e["arrived"] <= e["forwarded"] <= e["answered"] <= e["ended"])
        self.assertEqual(log[2]["text"], "body")
        self.assertEqual(len(self.proxy.log(since=log[1]["n"])), 1)
        self.proxy.forget()
        self.assertEqual((self.proxy.log(), self.proxy.counts()["total"]), ([], 0))
        self.ask()
        self.assertGreater(self.proxy.log()[0]["n"], log[2]["n"])

    def test_wait(self):
        self.assertIsNone(self.proxy.wait(timeout=0.05))
        later = self.pool.submit(self.proxy.wait, {"path": "/late"}, "answered", 0, False, 5)
        self.ask(path="/early")
        time.sleep(0.05)
        self.assertFalse(later.done())
        self.ask(path="/late")
        self.assertEqual(later.result()["path"], "/late")
        self.assertIsNone(self.proxy.wait({"path": "/late"}, open=True, timeout=0.05))
        self.assertIsNone(self.proxy.wait({"path": "/late"}, since=later.result()["n"], timeout=0.05))
        with self.assertRaises(ValueError):
            self.proxy.wait(phase="never")

    def test_many_at_once(self):
        self.proxy.add({"do": "delay", "ms": 30})
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            replies = list(pool.map(lambda n: self.ask("PUT", f"/t/{n}").status, range(200)))
        self.assertEqual(replies, [200] * 200)
        self.assertEqual(self.proxy.counts()["writes"], 200)


class Control(Case):
    def test_over_http(self):
        status, answer = self.control("POST", "/rules", {"do": "hang", "match": {"method": "write"}})
        self.assertEqual(status, 200)
        rule = answer["id"]
        asked = self.pool.submit(self.ask, "PUT")
        status, entry = self.control("POST", "/wait", {"match": {"method": "PUT"}, "open": True, "timeout": 5})
        self.assertEqual((status, entry["path"]), (200, "/x"))
        self.assertEqual(self.control("POST", "/release", {"rule": rule}), (200, {"released": 1}))
        self.assertEqual(asked.result().status, 200)
        self.assertEqual(self.control("GET", "/rules")[1][0]["acted"], 1)
        self.assertEqual(self.control("DELETE", f"/rules/{rule}")[0], 200)
        self.assertEqual(self.control("GET", "/rules"), (200, []))
        self.assertEqual(self.control("GET", "/counts")[1]["writes"], 1)
        log = self.control("GET", "/log?since=0")[1]
        self.assertEqual(len(log), 1)
        self.assertEqual(self.control("DELETE", "/log")[0], 200)
        self.assertEqual(self.control("GET", "/log"), (200, []))
        self.assertEqual(self.control("POST", "/wait", {"timeout": 0.05})[0], 408)
        self.assertEqual(self.control("POST", "/rules", {"do": "x"})[0], 400)
        self.assertEqual(self.control("POST", "/rules", {"do": "pass", "match": {"path": "("}})[0], 400)
        self.assertEqual(self.control("GET", "/nothing")[0], 404)
        self.assertEqual(self.control("POST", "/down")[0], 200)
        with self.assertRaises(ConnectionRefusedError):
            self.ask()
        self.assertEqual(self.control("POST", "/up")[0], 200)
        self.assertEqual(self.ask().status, 200)

    def test_as_a_command(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faultproxy.py")
        process = subprocess.Popen([sys.executable, script, "--target", f"http://127.0.0.1:{self.tracker.server_port}"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            ports = json.loads(process.stdout.readline())
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['listen']}/x", timeout=10) as reply:
                self.assertEqual(reply.status, 200)
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['control']}/counts", timeout=10) as reply:
                self.assertEqual(json.load(reply)["reads"], 1)
        finally:
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), 0)
            process.stdout.close()
        failed = subprocess.run([sys.executable, script, "--target", "nonsense"], capture_output=True, text=True,
                                timeout=20)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("target", failed.stderr)


if __name__ == "__main__":
    unittest.main()
