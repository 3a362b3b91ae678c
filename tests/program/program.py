"""program: what people see of the program itself: exit codes, the terminal, signals, manuals, the unit.

    program.py BASCULE SANDBOX_SERVER SOURCE_ROOT      prints TAP

Two sandbox trackers run beside it. What can be told of a command without a process is in
tests/unit/cli; the stories of the service are in tests/e2e.
"""
import contextlib
import http.server
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

BASCULE, SERVER, ROOT = map(os.path.abspath, sys.argv[1:4])
GOOD = """\
database: {work}/bascule.db
listen: 127.0.0.1:{port}
{top}trackers:
  helpdesk:
    connector: rt
    role: ticketing
    url: {rt}
    auth: {{ token: {{ env: RT_TOKEN }} }}
    scope: {{ queue: Incidents }}
    poll: 15s
    states: {{ closed-unresolved: closed-unresolved }}
    fields: {{ defect: Defect, problem: Problem }}
  product:
    connector: redmine
    role: defects
    url: {redmine}
    auth: {{ key: {{ env: REDMINE_BRIDGE_KEY }} }}
    scope: {{ project: product }}
    states: {{ Resolved: fixed, Closed: {{ state: released, outcome: fixed }} }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def truth(value, what):
    if not value:
        raise AssertionError(what)


def says(pattern, text):
    truth(re.search(pattern, text, re.S), f"no /{pattern}/ in:\n{text}")


def says_not(pattern, text):
    truth(not re.search(pattern, text, re.S), f"/{pattern}/ in:\n{text}")


class World:
    """Two sandbox trackers, a folder, a configuration."""

    def __init__(self, work):
        self.work, self.port = work, free_port()
        self.env = {k: v for k, v in os.environ.items() if k.startswith(("ASAN_", "UBSAN_", "LSAN_"))}
        self.env.update(PATH=os.environ.get("PATH", "/usr/bin:/bin"), HOME=work, LANG="C.UTF-8", TERM="xterm",
                        BASCULE_CONNECTORS=ROOT + "/connectors")
        self.log = open(work + "/server.log", "wb")
        self.server = subprocess.Popen([SERVER, "--env", work + "/env", "--story"], stdout=self.log, stderr=self.log)
        self.until("the sandboxes", lambda: os.path.exists(work + "/env") and "REDMINE_URL" in self.read("env"))
        for line in self.read("env").splitlines():
            name, _, value = line.partition("=")
            self.env[name] = value.strip("'\"")
        self.write()

    def read(self, name):
        with open(os.path.join(self.work, name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def write(self, *changes, top="", text=GOOD, rt=None):
        text = text.format(work=self.work, port=self.port, top=top, rt=rt or self.env["RT_URL"],
                           redmine=self.env["REDMINE_URL"])
        for old, new in changes:
            truth(text.count(old) == 1, f"{old!r} stands {text.count(old)} times")
            text = text.replace(old, new)
        with open(self.work + "/bascule.yaml", "w", encoding="utf-8") as f:
            f.write(text)

    @staticmethod
    def until(what, probe, limit=20):
        end = time.monotonic() + limit
        while not (found := probe()):
            truth(time.monotonic() < end, f"no {what} after {limit} s")
            time.sleep(0.05)
        return found

    def do(self, *args, code=None, env=None):
        done = subprocess.run([BASCULE, *args], cwd=self.work, env={**self.env, **(env or {})}, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        truth(code is None or done.returncode == code,
              f"{args}: exit {done.returncode} instead of {code}\n{done.stdout}{done.stderr}")
        return done

    def fresh(self):
        for name in os.listdir(self.work):
            if name.startswith("bascule.db"):
                os.unlink(os.path.join(self.work, name))

    @contextlib.contextmanager
    def running(self):
        """The service; gives its process, its words are in run.log."""
        with open(self.work + "/run.log", "wb") as log:
            p = subprocess.Popen([BASCULE, "run"], cwd=self.work, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log)
        try:
            self.until("import", lambda: re.search("import complete.*import complete", self.read("run.log"), re.S))
            yield p
        finally:
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
            p.wait(20)
        truth(p.returncode == 0, f"it ended with {p.returncode}:\n" + self.read("run.log"))

    def on_terminal(self, *args, typed=b"", env=None, columns=100, limit=60):
        """On a terminal of its own: (exit code, all that stood on it)."""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.work)
            os.execve("/bin/sh", ["sh", "-c", f'stty cols {columns} -echo; exec "$@"', "sh", BASCULE, *args],
                      {**self.env, **(env or {})})
        seen, end, answered = b"", time.monotonic() + limit, not typed
        try:
            while time.monotonic() < end:
                if not select.select([fd], [], [], 0.2)[0]:
                    continue
                try:
                    piece = os.read(fd, 65536)
                except OSError:
                    break
                if not piece:
                    break
                seen += piece
                if not answered and b"[y/N]" in seen:
                    os.write(fd, typed)
                    answered = True
            else:
                os.kill(pid, signal.SIGKILL)
        finally:
            os.close(fd)
            status = os.waitpid(pid, 0)[1]
        return os.waitstatus_to_exitcode(status), seen.decode(errors="replace")

    def close(self):
        self.server.terminate()
        self.server.wait(20)
        self.log.close()


class Slow(http.server.BaseHTTPRequestHandler):
    """Hands everything on to a sandbox, a while later: an import that takes long enough to be seen."""
    target = ""

    def do_GET(self):
        time.sleep(0.1)
        request = urllib.request.Request(self.target + self.path)
        for name, value in self.headers.items():
            if name.lower() in ("authorization", "accept"):
                request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                status, headers, body = reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as e:
            status, headers, body = e.code, e.headers, e.read()
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def slow(w):
    Slow.target = w.env["RT_URL"]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        w.write(rt=f"http://127.0.0.1:{server.server_address[1]}", top="dry_run: true\n")
        try:
            yield
        finally:
            server.shutdown()
            w.write()
            w.fresh()


# ---- the cases ----

def exit_codes(w):
    """0 done, 1 failed, 2 used wrongly, 3 done but something needs attention"""
    for args, code in ((("--help",), 0), (("list", "--help"), 0), (("--version",), 0), ((), 2), (("lists",), 2),
                       (("list",), 2), (("list", "incidents", "--colour"), 2), (("list", "nothing"), 2),
                       (("status", "--format", "xml"), 2), (("ack", "4711"), 2), (("status", "-c", "none.yaml"), 1),
                       (("status",), 1), (("ack", "helpdesk:1"), 1), (("connectors", "none"), 1),
                       (("connectors",), 0), (("connectors", "test", "/nowhere"), 1), (("check",), (0, 3))):
        done = w.do(*args)
        codes = code if isinstance(code, tuple) else (code,)
        truth(done.returncode in codes, f"{args}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
        truth(done.returncode in (0, 3) or done.stderr, f"{args}: failed without a word")
    w.write(("states: { Resolved: fixed", "states: { New: none"))
    w.do("check", code=1)
    w.write(("poll: 15s", "poll: 15s\n    outcomes: {}\n    paused: false"), ("{ env: RT_TOKEN }", w.env["RT_TOKEN"]))
    says("WARN.*in clear", w.do("check", code=3).stdout)
    w.write()


def progress_on_a_terminal(w):
    """the first import shows how far it is, on a terminal only, without colours where none are wanted"""
    with slow(w):
        code, seen = w.on_terminal("run", "--once")
        truth(code in (0, 3), f"exit {code}:\n{seen}")
        says(r"first import \[.*#.*-.*\]\s+\d+%  \d+ of \d+ records", re.sub(r"\033\[\d*m", "", seen))
        says("\033\\[32m", seen)
        says(r"\r +\r\d{4}-\d\d-\d\dT\S+ info: tracker helpdesk: import complete", seen)  # cleared before a line
        for line in re.split(r"[\r\n]+", re.sub(r"\033\[\d*m", "", seen)):
            truth("import complete" not in line or "first import [" not in line, line)
            truth("first import [" not in line or len(line) < 100, f"{len(line)} columns: {line}")
        w.fresh()
        code, seen = w.on_terminal("run", "--once", env={"NO_COLOR": "1"}, columns=60)
        says(r"first import \[", seen)
        says_not("\033", seen)
        w.fresh()
        says_not("first import", w.do("run", "--once").stderr)


def care_on_a_terminal(w):
    """audit and backup show how far they are, on a terminal only; a failed backup leaves nothing"""
    w.do("run", "--once")
    with slow(w):
        code, seen = w.on_terminal("audit")
        plain_seen = re.sub(r"\033\[\d*m", "", seen)
        truth(code in (0, 3), f"exit {code}:\n{seen}")
        says(r"audit \[[#-]*\]\s+\d+%  \d+ of \d+ records", plain_seen)
        says(r"\r +\r(Nothing differs|REF)", plain_seen)
        says_not(r"audit \[", w.do("audit").stderr)
        code, seen = w.on_terminal("backup", "copy.db", env={"NO_COLOR": "1"})
        says(r"backup \[#+\]\s+100%|copy.db: \d+ KiB", seen)
        truth(code == 0 and "\033" not in seen, f"exit {code}:\n{seen}")
        w.do("doctor", "copy.db", code=0)
        w.do("backup", "copy.db", code=1)
        truth(sorted(n for n in os.listdir(w.work) if n.startswith("copy")) == ["copy.db"], os.listdir(w.work))
        os.unlink(w.work + "/copy.db")


def questions_on_a_terminal(w):
    """what has no bounds is asked on a terminal; elsewhere it is not done"""
    with w.running():
        done = w.do("outbox", "open", code=1)
        says("--yes", done.stderr)
        code, seen = w.on_terminal("outbox", "open", typed=b"n\n")
        says(r"Open the outbox\? \[y/N\]", seen)
        truth(code == 1 and "nothing was done" in seen, f"{code}: {seen}")
        code, seen = w.on_terminal("outbox", "open", typed=b"y\n")
        truth(code == 0 and "the outbox is open" in seen, f"{code}: {seen}")
        code, seen = w.on_terminal("outbox", "open", "--yes")
        truth(code == 0 and "[y/N]" not in seen, f"{code}: {seen}")
    w.fresh()


def a_reload_logs_what_changed(w):
    """SIGHUP logs each changed key, and no secret"""
    with w.running() as p:
        def reload(wanted, *changes, top=""):
            before = len(w.read("run.log"))
            w.write(*changes, top=top)
            p.send_signal(signal.SIGHUP)
            w.until("end of the reload", lambda: re.search(wanted, w.read("run.log")[before:]))
            return w.read("run.log")[before:]
        text = reload("was reloaded", ("poll: 15s", "poll: 30s"), ("queue: Incidents", "queue: [Incidents]"),
                      ("{ env: RT_TOKEN }", "{ env: REDMINE_BRIDGE_KEY }"), top="brake: 7\n")
        says(r"reload: brake: 500 -> 7\n", text)
        says(r"reload: helpdesk\.poll: 15s -> 30s\n", text)
        says(r"reload: helpdesk\.auth, token: changed \(not shown\)", text)
        truth(w.env["REDMINE_BRIDGE_KEY"] not in w.read("run.log"), "a secret stands in the log")
        says("nothing in it has changed", reload("was reloaded", ("poll: 15s", "poll: 30s"),
                                                 ("queue: Incidents", "queue: [Incidents]"),
                                                 ("{ env: RT_TOKEN }", "{ env: REDMINE_BRIDGE_KEY }"),
                                                 top="brake: 7\n"))
        says("stays in force", reload("stays in force", ("poll: 15s", "poll: soon")))
    w.write()
    w.fresh()


def check_and_run_agree(w):
    """an address that is not served: one fault, from both"""
    for listen, top in (("0.0.0.0:8420", ""), ("0.0.0.0:8420", "behind_proxy: true\n"),
                        ("0.0.0.0:8420", "tls: { cert: c.pem, key: k.pem }\n"), ("page.localhost:8420", "")):
        w.write((f"listen: 127.0.0.1:{w.port}", f"listen: {listen}"), top=top)
        for command in ("check", "run"):
            done = w.do(command, code=1)
            says(r"bascule\.yaml:2:9.*is no loopback address: .* listen on 127\.0\.0\.1", done.stdout + done.stderr)
    w.write(top="tls: { cert: c.pem, key: k.pem }\n")
    says(r"WARN .*bascule\.yaml:3:6.*tls: not served yet", w.do("check", code=3).stdout)
    w.write()


def connectors_are_tested(w):
    """connectors test replays the recorded cases of a folder, and finds what differs"""
    for name in ("rt", "redmine"):
        out = w.do("connectors", "test", f"{ROOT}/connectors/{name}", code=0).stdout
        cases = len([f for f in os.listdir(f"{ROOT}/connectors/{name}/tests") if f.endswith(".case")])
        found = len(re.findall(r"^OK +\S+ +case ", out, re.M))
        truth(cases > 10 and found == cases, f"{name}: {found} of {cases} cases:\n{out}")
    copy = w.work + "/ours/rt"
    shutil.copytree(ROOT + "/connectors/rt", copy)
    with open(copy + "/recipe.yaml", encoding="utf-8") as f:
        recipe = f.read()
    truth(recipe.count("/REST/2.0\"") == 1, "the recipe's root")
    with open(copy + "/recipe.yaml", "w", encoding="utf-8") as f:
        f.write(recipe.replace("/REST/2.0\"", "/REST/3.0\""))
    done = w.do("connectors", "test", copy, code=1)
    says(r"FAIL +read +case +line \d+: another request", done.stdout)
    says(r"tests/read\.case: line \d+: another request\n--- wanted\n.*REST/2\.0.*--- got\n.*REST/3\.0", done.stderr)
    shutil.rmtree(copy + "/tests")
    says("WARN.*no recorded case", w.do("connectors", "test", copy, code=3).stdout)
    says("not there yet", w.do("connectors", "test", copy, "--live", code=2).stderr)
    says_not("--live", w.do("connectors", "--help", code=0).stdout)
    out = w.do("connectors", "rt", code=0).stdout
    proven = re.search(r'^proven: "(.*)"', recipe, re.M)[1]
    truth(proven in out, out)


def plain(manual):
    """A manual's source as words: no requests, no fonts."""
    with open(f"{ROOT}/src/cli/man/{manual}", encoding="utf-8") as f:
        text = re.sub(r'^\.\\".*\n', "", f.read(), flags=re.M)
    text = re.sub(r"\\f.|\\$", "", text.replace("\\-", "-").replace("\\ ", " "), flags=re.M)
    return re.sub(r'"', "", text)


def manuals_name_every_option(w):
    """bascule(1) has each command with its options, and none that there is not"""
    manual = plain("bascule.1")
    body = manual[manual.index(".SH COMMANDS"):manual.index(".SH OPTIONS")]
    entries = re.split(r"^\.TP\n", body, flags=re.M)[1:]
    commands = re.findall(r"^  ([a-z]+) {2,}\S", w.do("--help", code=0).stdout, re.M)
    truth(len(commands) > 20, f"the commands of --help: {commands}")
    for command in commands:
        of_it = [e for e in entries if re.search(rf"^\.BR? (.*; +)?{command}\b", e.split("\n.TP")[0])]
        truth(of_it, f"bascule(1) has no paragraph of {command}")
        words = "\n".join(of_it)
        helped = w.do(command, "--help", code=0).stdout
        options = set(re.findall(r"^  --([a-z-]+)", helped.partition("\nEverywhere:")[0], re.M))
        written = set(re.findall(r"--([a-z-]+)", words))
        truth(options <= written, f"bascule(1), {command}: without --{', --'.join(sorted(options - written))}")
        if all(len(re.findall(r"; +[a-z]", e.split("\n")[0])) == 0 for e in of_it):
            more = ", --".join(sorted(written - options))
            truth(not more, f"bascule(1), {command}: --{more} does not exist")


def manuals_name_every_key(w):
    """bascule.yaml(5) and the example have the same keys"""
    manual = plain("bascule.yaml.5")
    with open(ROOT + "/config/bascule.example.yaml", encoding="utf-8") as f:
        example = f.read()
    keys = set(re.findall(r"^#? *([a-z_]+):", example, re.M)) | set(re.findall(r"[{,] ([a-z_]+):", example))
    keys -= {"helpdesk", "product", "again", "https", "http"}  # names that people choose
    truth(len(keys) > 40, f"only {len(keys)} keys in the example")
    missing = sorted(k for k in keys if not re.search(rf"(?<![a-z_-]){k}(?![a-z_])", manual))
    truth(not missing, "bascule.yaml(5) is without " + ", ".join(missing))


def the_unit_is_sound(w):
    """systemd-analyze verify of bascule.service"""
    with open(ROOT + "/config/bascule.service", encoding="utf-8") as f:
        unit = f.read()
    truth(unit.count("ExecStart=bascule ") == 1, "ExecStart")
    path = w.work + "/bascule.service"
    for text, code in ((unit, 0), (unit.replace("WatchdogSec=", "WatchdogSecs="), 1)):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("ExecStart=bascule ", f"ExecStart={BASCULE} "))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        truth(done.returncode == code and (not said) == (code == 0), f"exit {done.returncode}: {said}")


def readme_configures(w):
    """README's ten lines are ten, and all that is needed"""
    with open(ROOT + "/README.md", encoding="utf-8") as f:
        text = re.search(r"```yaml\n(.*?)```", f.read(), re.S)[1]
    truth(text.count("\n") == 10, f"{text.count(chr(10))} lines")
    truth(text.count("https://") == 2, "two addresses")
    for name, url in (("https://rt.example.org", "RT_URL"), ("https://redmine.example.org", "REDMINE_URL")):
        text = text.replace(name, w.env[url])
    with open(w.work + "/ten.yaml", "w", encoding="utf-8") as f:
        f.write(text + f"listen: 127.0.0.1:{free_port()}\n")  # another one may run on this machine
    env = {"REDMINE_KEY": w.env["REDMINE_BRIDGE_KEY"]}
    done = w.do("check", "-c", "ten.yaml", env=env)
    truth(done.returncode in (0, 3) and "FAIL" not in done.stdout, done.stdout + done.stderr)
    w.do("run", "--once", "-c", "ten.yaml", env=env, code=0)
    out = w.do("list", "effects", "-c", "ten.yaml", env=env, code=0).stdout
    says("pending", out)  # "with dry_run: what it would write"
    w.fresh()


CASES = [exit_codes, progress_on_a_terminal, care_on_a_terminal, questions_on_a_terminal, a_reload_logs_what_changed,
         check_and_run_agree, connectors_are_tested, manuals_name_every_option, manuals_name_every_key, the_unit_is_sound, readme_configures]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    only, failed = sys.argv[4:], 0
    cases = [c for c in CASES if not only or c.__name__ in only]
    print(f"1..{len(cases)}")
    with tempfile.TemporaryDirectory(prefix="bascule-program.") as work:
        w = World(work)
        try:
            for n, case in enumerate(cases, 1):
                try:
                    case(w)
                    print(f"ok {n} - {case.__name__}")
                except Exception as e:  # whatever it is, the case has failed
                    failed += 1
                    print(str(e) or repr(e))
                    print(f"not ok {n} - {case.__name__}")
                sys.stdout.flush()
        finally:
            w.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
