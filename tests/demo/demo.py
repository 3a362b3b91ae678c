"""demo: a running `bascule demo`, and a count of cases, for door.py and page.py."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Demo:
    """Starts a command that ends in `bascule demo`; `origin` is what it says it listens on."""

    def __init__(self, *command, limit=60):
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        self.lines = []
        self.process = subprocess.Popen([*command, "--port", str(self.port)], cwd=REPO, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.origin = None
        self.until(limit, "an address in what it prints", self._address)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def _address(self):
        found = re.search(r"http://(127\.0\.0\.1|localhost):%d\b" % self.port, "\n".join(self.lines))
        self.origin = found and found[0]
        return self.origin

    def until(self, limit, what, probe):
        """Tries until probe() gives something true; gives that."""
        end = time.monotonic() + limit
        while True:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended by itself ({self.process.returncode}):\n" + self.text())
            if result := probe():
                return result
            if time.monotonic() > end:
                raise AssertionError(f"no {what} after {limit} s; it printed:\n" + self.text())
            time.sleep(0.2)

    def text(self):
        return "\n".join(self.lines[-40:])

    def get(self, path):
        """(status, headers, body); a refused connection is status 0."""
        try:
            with urllib.request.urlopen(self.origin + path, timeout=10) as reply:
                return reply.status, reply.headers, reply.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read().decode(errors="replace")
        except OSError:
            return 0, {}, ""

    def items(self, name):
        status, _, body = self.get("/api/v1/" + name)
        return json.loads(body)["items"] if status == 200 else []

    def settled(self, limit=60):
        """Until the bridge has done its work by itself: incidents closed unresolved, every effect at its end."""
        self.until(limit, "problem with closed-unresolved incidents",
                   lambda: any(p["incidents"]["closed_unresolved"] for p in self.items("problems")))
        self.until(limit, "end of deliveries",
                   lambda: (found := self.items("effects?limit=500"))
                   and all(e["state"] in ("done", "superseded", "parked") for e in found))

    def stop(self, limit=5):
        """SIGTERM; its status, None if it had to be killed after `limit` seconds."""
        status = None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join(5)
        return status


class Cases:
    """Runs functions as test cases, a line each, and counts them in the last line."""

    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, function, *args):
        began = time.monotonic()
        try:
            function(*args)
        except Exception as e:  # whatever it is, the case has failed
            self.failed += 1
            print(f"FAIL {name}\n    " + (str(e) or repr(e)).replace("\n", "\n    "), flush=True)
            return False
        self.passed += 1
        print(f"ok   {name} {time.monotonic() - began:.1f} s", flush=True)
        return True

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: {got!r} instead of {want!r}")


def truth(value, what):
    if not value:
        raise AssertionError(what)
