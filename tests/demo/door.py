#!/usr/bin/env python3
"""door: the first of README's two commands, config/demo, does what README says.

    python3 tests/demo/door.py
"""
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from demo import REPO, Cases, Demo, equal, truth  # noqa: E402


def story(demo):
    """Three lines of story beside the address, no more than fits a screen."""
    lines = [line for line in demo.lines if line.strip()]
    truth(4 <= len(lines) <= 24, f"{len(lines)} lines:\n" + demo.text())
    truth(all(len(line) <= 120 for line in lines), "lines wider than 120:\n" + demo.text())


class Story:
    """The six steps as somebody does them who has nothing but README and what the demo printed."""

    def __init__(self, demo):
        self.demo, self.text = demo, "\n".join(demo.lines)
        self.ticket = re.search(r"http://\S+/Ticket/Display\.html\?id=24\b", self.text)[0]
        self.issue = re.search(r"http://\S+/issues/2\b", self.text)[0]
        config, path = (re.search(rf"export {n}=(\S+)", self.text)[1] for n in ("BASCULE_CONFIG", "PATH"))
        self.env = {"BASCULE_CONFIG": config, "PATH": path.replace("$PATH", os.environ["PATH"]), "LANG": "C.UTF-8"}
        with open(REPO + "/README.md", encoding="utf-8") as f:
            self.readme = f.read()

    def fetch(self, url, form=None):
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(url, data, timeout=10) as reply:
            return re.sub(r"<[^>]*>", "\n", reply.read().decode())

    def click(self, url, **form):
        self.fetch(url, {name: str(value) for name, value in form.items()})

    def typed(self, command, number="P-n"):
        """As README and the demo have it, with the problem's number in its place."""
        for where, text in (("README", self.readme), ("the demo's story", self.text)):
            truth(command in " ".join(text.split()), f"{where} does not say: {command}")
        done = subprocess.run(["sh", "-c", command.replace("P-n", number)], env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20, check=False)
        equal(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def shows(self, url, *patterns, limit=30):
        """Until all that stands on that tracker's page; gives the page."""
        return self.demo.until(limit, f"{patterns} at {url}", lambda: (text := self.fetch(url)) and all(
            re.search(p, text) for p in patterns) and text)


STATUS = r"Status\s+{}\s+Requestor"


def six_steps(demo):
    """README's story: link, close unresolved, publish a workaround, release, resolve, reopen."""
    s = Story(demo)
    for word in ("Link", "Close", "Tell", "Release", "Resolve", "Reopen"):
        truth(re.search(rf"^ *\d\. {word} ", s.text, re.M), f"no step {word} in what it prints:\n{s.text}")
    others = [s.ticket.replace("id=24", f"id={n}") for n in (3, 4, 5, 9)]
    s.shows(s.ticket, STATUS.format("new"))
    s.shows(s.issue, r"Incident count\s+4\s+Closed-unresolved incidents\s+4\s")
    s.click(s.ticket, text="BUG-2", kind="comment", status="")
    s.shows(s.ticket, STATUS.format("closed-unresolved"), r"Known Error\s+P-\d+ VAT is rounded", r"Defect\s+2\s")
    s.shows(s.issue, r"Incident count\s+5\s+Closed-unresolved incidents\s+5\s", r"Display\.html\?id=24\s")
    truth("product:2 is open" in s.typed("bascule explain helpdesk:24"), "explain names no defect")
    number = re.search(r"P-\d+", s.typed("bascule list problems --search VAT"))[0]
    text = "Until it is fixed: switch to gross prices."
    s.typed(f"bascule problem publish P-n --customer-text '{text}'", number)
    for url in (s.ticket, *others):
        truth(s.shows(url, re.escape(text), STATUS.format("closed-unresolved")).count(text) == 1, f"twice at {url}")
    s.click(s.issue, notes="", status_id=5, fixed_version_id=2)
    for url in (s.ticket, *others):
        page_text = s.shows(url, STATUS.format("resolved"), r"is fixed in version 1\.1")
        equal(page_text.count("Good news"), 1, f"how often it says that it is fixed at {url}")
    s.shows(s.issue, r"Incident count\s+5\s+Closed-unresolved incidents\s+0\s")
    equal(s.typed("bascule list incidents --problem P-n", number).count("  resolved "), 5, "resolved incidents")
    s.click(s.issue, notes="", status_id=2, fixed_version_id=2)
    for url in (s.ticket, *others):
        page_text = s.shows(url, STATUS.format("closed-unresolved"), "That was too early")
        equal(page_text.count("That was too early"), 1, f"how often it says that it did not hold at {url}")
    s.shows(s.issue, r"Closed-unresolved incidents\s+5\s", r"Status\s+In Progress\s")
    demo.settled()


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
            cases.run("its six steps go as README tells them", six_steps, demo)
            cases.run("installs what it needs", installed)
            cases.run("reads only, for its own host", reads_only, demo)
            cases.run("ends when told to, and leaves nothing", ended, demo, before)
    finally:
        if demo:
            demo.stop()
    cases.end()


if __name__ == "__main__":
    main()
