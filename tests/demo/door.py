#!/usr/bin/env python3
"""door: the first of README's two commands, config/demo, does what README says.

    python3 tests/demo/door.py
"""
import glob
import os
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from demo import Cases, Demo, equal, truth  # noqa: E402


def story(demo):
    """Three lines of story beside the address, no more than fits a screen."""
    lines = [line for line in demo.lines if line.strip()]
    truth(4 <= len(lines) <= 24, f"{len(lines)} lines:\n" + demo.text())
    truth(all(len(line) <= 120 for line in lines), "lines wider than 120:\n" + demo.text())


def page(demo):
    status, headers, body = demo.get("/")
    equal(status, 200, "GET /")
    truth(headers["Content-Type"].startswith("text/html"), headers["Content-Type"])
    truth("Bascule" in body, body[:500])
    for name in ("Content-Security-Policy", "X-Content-Type-Options"):
        truth(headers.get(name), f"no header {name}")


def linked(demo):
    """The bridge has done its work by itself: problems, with incidents on both sides of them, nothing stuck."""
    def seen():
        found = demo.items("problems")
        return found if found and any(p["incidents"]["closed_unresolved"] for p in found) else None
    problems = demo.until(60, "problem with closed-unresolved incidents", seen)
    truth(all(p["defects"] for p in problems if p["incidents"]["total"]), "a problem without its defect")
    demo.until(60, "end of deliveries",
               lambda: (all_ := demo.items("effects?limit=500"))
               and all(e["state"] in ("done", "superseded", "parked") for e in all_))


def reads_only(demo):
    """Another Host and another method are refused on TCP."""
    import http.client
    for method, path, host, allowed in (("GET", "/", "evil.example", (400, 403, 421)),
                                        ("POST", "/api/v1/problems", None, (401, 403, 404, 405))):
        connection = http.client.HTTPConnection("127.0.0.1", demo.port, timeout=10)
        connection.request(method, path, body="{}" if method == "POST" else None,
                           headers={"Host": host} if host else {})
        status = connection.getresponse().status
        connection.close()
        truth(status in allowed, f"{method} {path} as {host}: {status}")


def ended(demo, before):
    equal(demo.stop(), 0, "exit after SIGTERM")
    left = set(glob.glob(tempfile.gettempdir() + "/bascule*")) - before
    truth(not left, f"left behind: {left}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cases, demo = Cases(), None
    before = set(glob.glob(tempfile.gettempdir() + "/bascule*"))

    def start():
        nonlocal demo
        demo = Demo("config/demo", limit=480)
    try:
        if cases.run("config/demo builds, starts, and says where", start):
            cases.run("the page answers", page, demo)
            cases.run("problems are linked, both sides told", linked, demo)
            cases.run("its story is short", story, demo)
            cases.run("reads only, for its own host", reads_only, demo)
            cases.run("ends when told to, and leaves nothing", ended, demo, before)
    finally:
        if demo:
            demo.stop()
    cases.end()


if __name__ == "__main__":
    main()
