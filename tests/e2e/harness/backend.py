"""backend: the two trackers under the scenarios - the real ones, or the sandbox.

Both answer on loopback and are described by the same environment variables
(rig/README.md). A scenario never asks which one it runs on, but where it says
so on purpose (`only=`). What is done here is what no REST interface offers:
back to the seed, the mailbox, RT's own scrip, rights and zones, an outage.
"""
import fcntl
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

from . import web

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class CannotRun(Exception):
    """The scenario did not begin, or something it stands on went away: counts as failed."""


def read_env(path):
    with open(path, encoding="utf-8") as lines:
        pairs = (line.strip().split("=", 1) for line in lines if "=" in line)
        return {k: v.strip("'\"") for k, v in pairs}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rig(script, *args, **env):
    done = subprocess.run([f"{HERE}/rig/{script}", *args], capture_output=True, text=True, check=False,
                          env={**os.environ, **env})
    if done.returncode:
        raise CannotRun(f"rig/{script} {' '.join(args)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Real:
    """RT 5 and Redmine 5 out of the rig; starts one if DIR has none, and then ends it."""
    name = "real"

    def __init__(self, dir):
        self.dir, self.started = os.path.abspath(dir), False
        if not os.path.exists(self.dir + "/env") or not self._answers():
            self._rig("start", *(["--keep"] if os.path.exists(self.dir + "/env") else []), self.dir)
            self.started = True
        self.env = read_env(self.dir + "/env")
        # every scenario begins with a reset: two runs on one rig would be each other's fault
        self.lock = open(self.dir + "/.e2e", "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotRun(f"another run is at work on the trackers in {self.dir}") from None
        self.servers_zone()  # a run that was killed may have left another one

    def _answers(self):
        try:
            env = read_env(self.dir + "/env")
            return all(web.request("GET", env[u], timeout=10).status for u in ("RT_URL", "REDMINE_URL"))
        except OSError:
            return False

    def _rig(self, script, *args, env=None):
        return rig(script, *args, **(env or {}))

    def fill(self, incidents, defects):
        """So many of each, of which every third incident names a defect (rig/fill)."""
        self._rig("fill", str(incidents), str(defects), self.dir)

    def copies(self, n, tickets):
        """So many tickets more, made like these, the newest ones, which have numbers in a row; their ids."""
        first, last = tickets[0].id, tickets[-1].id
        self._rig("copies", str(n), str(first), str(last), self.dir)
        return list(range(last + 1, last + 1 + n))

    def reset(self):
        self._rig("reset", self.dir)

    def mails(self):
        """All that RT sent since reset, oldest first: dicts with to, subject, body, ticket."""
        return json.loads(self._rig("mail", self.dir))

    def scrip(self, on):
        self._rig("scrip", "on" if on else "off", self.dir)

    def rights(self, on, only=None):
        self._rig("rights", "on" if on else "off", *(["--only", only] if only else []), self.dir)

    def right_taken(self, only, name):
        """One right of the bridge, named as that tracker does; rights(True, only) gives it back."""
        self._rig("rights", "off", "--only", only, "--right", name, self.dir)

    def zone(self, name):
        self._rig("zone", name or "-", self.dir)

    def servers_zone(self, name=None):
        """Both servers live in that time zone from now on; None: in their own. They are started anew."""
        name = name or self.env.get("RIG_HOME_TZ", "UTC")
        try:
            with open(self.dir + "/tz", encoding="utf-8") as f:
                if f.read().strip() == name:
                    return
        except FileNotFoundError:
            return
        self._rig("stop", "--keep", self.dir)
        self._rig("start", "--keep", self.dir, env={"RIG_TZ": name})

    def dated(self, record, at, status=None):
        """All that happened to it so far happened at that time (UTC); with a status: then somebody moved it."""
        self._rig("dated", "rt" if record.kind == "incident" else "redmine", str(record.id), at, status or "", self.dir)

    def past_keep(self):
        """Redmine's backup, as of now."""
        self._rig("past", "keep", self.dir)

    def past_back(self):
        self._rig("past", "back", self.dir)

    def close(self):
        if self.started:
            self._rig("stop", self.dir)
        else:
            self.servers_zone()


class Sandbox:
    """The service's own two sandbox trackers, served by tests/tools/sandbox-server."""
    name = "sandbox"

    def __init__(self, binary):
        if not binary or not os.access(binary, os.X_OK):
            raise CannotRun(f"no sandbox server at {binary!r}: build it, or name it with --sandbox")
        self.work = tempfile.TemporaryDirectory(prefix="bascule-sandbox.")
        self.file = self.work.name + "/env"
        self.log = open(self.work.name + "/log", "wb")
        self.process = subprocess.Popen([binary, "--rt", str(free_port()), "--redmine", str(free_port()),
                                         "--env", self.file], stdout=self.log, stderr=self.log)
        end = time.monotonic() + 10
        while not (os.path.exists(self.file) and "REDMINE_URL" in read_env(self.file)):
            if self.process.poll() is not None or time.monotonic() > end:
                raise CannotRun("the sandbox server did not come up: " + open(self.work.name + "/log").read()[-500:])
            time.sleep(0.02)
        self.env = read_env(self.file)

    def _control(self, which, method, path, body=None):
        reply = web.request(method, self.env[which + "_URL"] + "/sandbox/" + path, body=body)
        if reply.status >= 300:
            raise CannotRun(f"sandbox: {method} /sandbox/{path}: {reply.status} {reply.text[:200]}")
        return reply.json()

    def reset(self):
        for which in ("RT", "REDMINE"):
            self._control(which, "POST", "reset")

    def fill(self, incidents, defects):
        rig("fill", str(incidents), str(defects), self.work.name, FILL_REST=str(max(incidents, defects)))

    def copies(self, n, tickets):
        like = [(t.get(), t.requester) for t in tickets]
        rt = tickets[0].rt
        return [rt.ticket(was["Subject"], requester=requester, fields=tickets[0].values(was)).id
                for was, requester in (like[i % len(like)] for i in range(n))]

    def mails(self):
        return self._control("RT", "GET", "mail")

    def scrip(self, on):
        self._control("RT", "PUT", "scrip", {"on_resolve": on})

    def rights(self, on, only=None):
        for which in ("RT", "REDMINE"):
            if not only or only.upper() == which:
                self._control(which, "PUT", "rights", {"bridge": on})

    def right_taken(self, only, name):
        self._control(only.upper(), "PUT", "rights", {"without": name})

    def zone(self, name):
        for which in ("RT", "REDMINE"):
            self._control(which, "PUT", "zone", {"zone": name or ""})

    def servers_zone(self, name=None):
        for which in ("RT", "REDMINE"):
            self._control(which, "PUT", "zone", {"server": name or ""})

    def dated(self, record, at, status=None):
        if not status:
            self._control("RT" if record.kind == "incident" else "REDMINE", "PUT", "dated", {"id": record.id, "at": at})
            return
        tracker = record.rt if record.kind == "incident" else record.redmine
        tracker.at = at
        try:
            record.set(status=status)
        finally:
            tracker.at = None

    def past_keep(self):
        self.past = self._control("REDMINE", "GET", "past")["past"]

    def past_back(self):
        self._control("REDMINE", "PUT", "past", {"past": self.past})

    def hide(self, issue):
        """Unreadable for all but admins; relations to it are still shown (which no real Redmine can be made to do)."""
        self._control("REDMINE", "POST", "hide", {"issue": issue.id, "hidden": True})

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.work.cleanup()
