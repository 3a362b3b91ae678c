"""bascule: the service under test, from outside: its file, its process, its command line.

Nothing here looks into the database or the source; what a scenario learns of
the service it learns as a user would. The one exception is quiet(), which asks
SQLite whether anybody committed.
"""
import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time

from . import yaml
from .backend import CannotRun, free_port

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SANITIZED = re.compile(r"ERROR: AddressSanitizer|runtime error:|LeakSanitizer|Assertion .* failed")


class Done:
    """What a command said."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"`bascule {' '.join(self.args)}` gave no JSON (exit {self.code}): "
                                 f"{self.out[:400]!r} {self.err[:400]!r}") from None


class Bascule:
    def __init__(self, binary, work, settings, env, ready_after=15):
        self.binary, self.work = os.path.abspath(binary), work
        self.file, self.log_file = work + "/bascule.yaml", work + "/bascule.log"
        self.process, self.starts = None, 0
        self.ready_after = ready_after
        # nothing but what a service manager would give; the test's own variables stay outside
        self.env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": work, "LANG": "C.UTF-8", "TZ": "UTC",
                    "BASCULE_CONNECTORS": REPO + "/connectors", **env}
        for k in os.environ:
            if k.startswith(("ASAN_", "UBSAN_", "LSAN_", "BASCULE_")):
                self.env[k] = os.environ[k]
        self.settings = yaml.merge({"database": work + "/bascule.db", "listen": f"127.0.0.1:{free_port()}"}, settings)
        self.write()

    def write(self, **over):
        """Puts the settings, changed by `over`, into the file."""
        self.settings = yaml.merge(self.settings, over)
        with open(self.file, "w", encoding="utf-8") as f:
            f.write(yaml.text(self.settings))

    def configure(self, **over):
        """A changed file, taken over as an administrator would: SIGHUP."""
        self.write(**over)
        before = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if re.search(r"reload|configuration", self.log()[before:], re.I):
                return self.log()[before:]
            time.sleep(0.05)
        raise AssertionError("SIGHUP: nothing was said about the configuration within 10 s")

    # ---- the process ----

    def start(self, *more, wait=True, env=None, terminal=False):
        """terminal: its stderr is one, 100 columns wide; what it shows there goes into the log, too."""
        if terminal:
            here, there = pty.openpty()
            fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("4H", 40, 100, 0, 0))
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([self.binary, "run", "-c", self.file, *more], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=there if terminal else log,
                                            env={**self.env, **(env or {})}, cwd=self.work)
        if terminal:
            os.close(there)
            threading.Thread(target=self._shown, args=(here,), daemon=True).start()
        self.starts += 1
        if wait:
            self.wait_ready()

    def wait_ready(self):
        end = time.monotonic() + self.ready_after
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise CannotRun(f"bascule ended with {self.process.returncode} while starting:\n{self.tail()}")
            status = self.cli("status", "--format", "json", ok=None)
            if status.code in (0, 3):
                try:
                    said = status.json()  # before it listens, the database answers for it
                    if said.get("running") and all(t.get("import") in (None, "done") for t in said.get("trackers", [])):
                        return
                except (AssertionError, AttributeError):
                    pass
            time.sleep(0.1)
        raise CannotRun(f"bascule was not ready after {self.ready_after} s:\n{self.tail()}")

    def _shown(self, terminal):
        with open(self.log_file, "ab", buffering=0) as log:
            while True:
                try:
                    piece = os.read(terminal, 65536)
                except OSError:  # its other end is closed
                    piece = b""
                if not piece:
                    os.close(terminal)
                    return
                log.write(piece)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, sign=signal.SIGTERM, within=10):
        """Ends it; gives (exit code, seconds)."""
        if not self.running:
            return (self.process.returncode if self.process else None), 0
        began = time.monotonic()
        self.process.send_signal(sign)
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"bascule did not end within {within} s of signal {sign}:\n{self.tail()}") from None
        return code, time.monotonic() - began

    def log(self):
        try:
            with open(self.log_file, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=15):
        return "\n".join("    | " + line for line in self.log().splitlines()[-lines:]) or "    | (nothing logged)"

    def faults(self):
        """Words of a sanitizer in the log: a failure of whatever ran."""
        return [line for line in self.log().splitlines() if SANITIZED.search(line)]

    # ---- the command line ----

    def cli(self, *args, ok=(0, 3), timeout=30, env=None):
        """Runs a command; ok: the exit codes that are no failure, None for any."""
        args = [str(a) for a in args]
        done = subprocess.run([self.binary, *args[:1], "-c", self.file, *args[1:]], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env={**self.env, **(env or {})}, cwd=self.work,
                              timeout=timeout, check=False)
        result = Done(args, done.returncode, done.stdout, done.stderr)
        if SANITIZED.search(done.stderr):
            raise AssertionError(f"`bascule {' '.join(args)}`: {done.stderr[:1500]}")
        if ok is not None and done.returncode not in ok:
            raise AssertionError(f"`bascule {' '.join(args)}` exits {done.returncode}: "
                                 f"{(done.stderr or done.stdout).strip()[:600]}")
        return result

    def json(self, *args, **more):
        return self.cli(*args, "--format", "json", **more).json()

    def list(self, what, *args):
        items, after = [], None
        while after != "":
            found = self.json("list", what, *args, "--limit", 500, *(("--after", after) if after else ()))
            items += found["items"]
            after = found["after"] or ""
        return items

    def all(self, what, *args):
        """As list(), to the end."""
        items, after = [], ()
        while True:
            found = self.json("list", what, *args, *after, "--limit", 500)
            items += found["items"]
            if not found["after"]:
                return items
            after = ("--after", found["after"])

    def show(self, ref):
        """A record, problem or effect; None if the service has none of that name."""
        done = self.cli("show", ref, "--format", "json", ok=None)
        return done.json() if done.code in (0, 3) else None

    def explain(self, ref):
        return self.cli("explain", ref).out

    def effects(self, ref=None):
        return [e for e in self.list("effects") if ref is None or e["ref"] == str(ref)]

    def attention(self, subject=None):
        return [a for a in self.list("attention") if subject is None or a.get("subject", a.get("ref")) == str(subject)]

    # ---- the database, only: did anybody write? ----

    def data_version(self):
        """A number that changes with every commit of another connection; keep the connection to compare."""
        if not getattr(self, "_reader", None):
            self._reader = sqlite3.connect(f"file:{self.settings['database']}?mode=ro", uri=True,
                                           check_same_thread=False)
        return self._reader.execute("pragma data_version").fetchone()[0]

    def close(self):
        if getattr(self, "_reader", None):
            self._reader.close()
            self._reader = None
        if self.running:
            self.stop()


def say(*words):
    print(*words, flush=True, file=sys.stderr)
