#!/usr/bin/env python3
"""door: the first of README's two commands, config/demo, does what README says.

    python3 tests/demo/door.py
"""
import glob
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from demo import REPO, Cases, Demo, equal, truth  # noqa: E402


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
    """The bridge has linked and told by itself, and nothing is stuck."""
    demo.settled()
    problems = demo.items("problems")
    truth(all(p["defects"] for p in problems if p["incidents"]["total"]), "a problem without its defect")
    parked = [e for e in demo.items("effects?limit=500") if e["state"] == "parked"]
    equal(parked, [], "parked effects")


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


def installed():
    """meson install brings all that README names, and the program finds its connectors."""
    with tempfile.TemporaryDirectory(prefix="bascule-install-") as folder:
        log = os.path.join(folder, "log")
        with open(log, "wb") as out:
            status = subprocess.run(["meson", "install", "-C", REPO + "/build", "--no-rebuild", "--destdir", folder],
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False).returncode
        with open(log, encoding="utf-8", errors="replace") as f:
            equal(status, 0, "meson install:\n" + f.read()[-2000:])
        files = {os.path.join(at, n)[len(folder):] for at, _, names in os.walk(folder) for n in names}
        for end in ("bin/bascule", "connectors/rt/recipe.yaml", "connectors/redmine/recipe.yaml",
                    "bascule.example.yaml", "bascule.service", "man1/bascule.1", "man5/bascule.yaml.5"):
            truth(any(f.endswith("/" + end) for f in files), f"no {end} among\n" + "\n".join(sorted(files)))
        truth(not any("/tests/" in f for f in files), "recorded cases are installed")
        program = next(folder + f for f in files if f.endswith("/bin/bascule"))
        done = subprocess.run([program, "connectors"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=20, check=False)
        truth(done.returncode == 0 and "redmine" in done.stdout, done.stdout + done.stderr)


def ended(demo, before):
    equal(demo.stop(), 0, "exit after SIGTERM")
    left = set(glob.glob(tempfile.gettempdir() + "/bascule-demo*")) - before
    truth(not left, f"left behind: {left}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cases, demo = Cases(), None
    before = set(glob.glob(tempfile.gettempdir() + "/bascule-demo*"))

    def start():
        nonlocal demo
        demo = Demo("config/demo", limit=480)
    try:
        if cases.run("config/demo builds, starts, and says where", start):
            cases.run("the page answers", page, demo)
            cases.run("problems are linked, both sides told", linked, demo)
            cases.run("its story is short", story, demo)
            cases.run("installs what it needs", installed)
            cases.run("reads only, for its own host", reads_only, demo)
            cases.run("ends when told to, and leaves nothing", ended, demo, before)
    finally:
        if demo:
            demo.stop()
    cases.end()


if __name__ == "__main__":
    main()
