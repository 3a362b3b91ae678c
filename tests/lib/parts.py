"""parts: what tests/run consists of, in order; one function each, giving a Tally.

A part's first docstring line is its line in --help; `needs` names the parts it cannot
run without. It writes what its programs print into run.log. Build folders, all below
build-tests/: `san` (gcc, ASan and UBSan: what the tests run), `clang` (warnings, and
what clang-tidy reads), `fast` (gcc, no sanitizers: the simulation, and what judges the loop).
"""
import glob
import hashlib
import json
import os
import queue
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import proc
import tally
from tally import Tally, lost

PARTS, ALL = {}, set()
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


class Run:
    """One run of tests/run: its folders, and the log of the part at hand."""

    def __init__(self, repo, jobs, deadline, scenarios="", soak=False):
        self.repo, self.jobs, self.deadline, self.scenarios, self.soak = repo, jobs, deadline, scenarios, soak
        self.build = os.path.join(repo, "build-tests")
        self.name = self.log = self.extra = ""
        self.usable = False  # what others need of this part is there, though something of it failed
        self.stories_over = 0.0  # when the last of the stories ended
        self.rigs = []  # folders of real trackers that were started

    def begin(self, name):
        self.name, self.extra, self.usable = name, "", False
        os.makedirs(os.path.join(self.build, "log"), exist_ok=True)
        self.log = os.path.join(self.build, "log", name + ".txt")
        open(self.log, "w", encoding="utf-8").close()

    def do(self, *command, limit=600, env=None, log=None):
        """Runs a program of the repository or the system; its exit status, or "time-out"."""
        left = max(self.deadline - time.monotonic(), 1)
        return proc.run(list(command), log or self.log, min(limit, left), env, self.repo)

    def count(self, counter, name, *command, log=None, **options):
        """Runs a program and counts by what it printed. One that is not there has failed."""
        log = log or self.log
        path = os.path.join(self.repo, command[0])
        if "/" in command[0] and not os.path.isfile(path):
            return lost(f"{name}: {command[0]} is missing")
        if command[0].endswith(".py"):
            command = (sys.executable, "-u", *command)
        before = os.path.getsize(log) if os.path.exists(log) else 0
        status = self.do(*command, log=log, **options)
        with open(log, "rb") as f:
            f.seek(before)
            printed = f.read().decode(errors="replace").partition("\n")[2]
        return counter(printed, status, name)

    def meson(self, folder, *options, env=None):
        """A configured build folder; its name, None if that fails."""
        path = os.path.join(self.build, folder)
        if os.path.exists(os.path.join(path, "build.ninja")):
            return path
        return path if self.do("meson", "setup", *options, path, self.repo, env=env) == 0 else None

    def at_once(self, function, items, workers):
        """function(item, log) -> Tally, some at a time; the logs are joined in the order of the items."""
        logs = [f"{self.log[:-4]}-{i}.txt" for i in range(len(items))]
        for log in logs:
            open(log, "w", encoding="utf-8").close()
        pool = ThreadPoolExecutor(workers)
        try:
            tallies = list(pool.map(function, items, logs))
        except BaseException:
            proc.abort()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        for log in logs:
            with open(log, encoding="utf-8", errors="replace") as f:
                self.write(f.read())
            os.unlink(log)
        result = Tally()
        for one in tallies:
            result.add(one)
        return result

    def write(self, text):
        with open(self.log, "a", encoding="utf-8") as f:
            f.write(text + "\n")

    def end(self):
        """Whatever happens: ends what may still run."""
        while self.rigs:
            subprocess.run(["tests/e2e/rig/stop", self.rigs.pop()], cwd=self.repo, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def part(*needs, only_all=False):
    def register(function):
        name = function.__name__.rstrip("_")
        function.needs = needs
        PARTS[name] = function
        if only_all:
            ALL.add(name)
        return function
    return register


def sources(run, *patterns):
    found = [p for pattern in patterns for p in glob.glob(os.path.join(run.repo, pattern), recursive=True)]
    return sorted(os.path.relpath(p, run.repo) for p in found if os.path.isfile(p))


def scripts(run):
    """Every shell script, by its first line."""
    found = []
    for path in sources(run, "tests/**/*", "config/**/*", "src/**/*", "connectors/**/*", ".ci/*"):
        with open(os.path.join(run.repo, path), "rb") as f:
            if re.match(rb"#!.*\b(ba)?sh\b", f.readline(80)):
                found.append(path)
    return found


@part()
def install(run):
    """the Debian packages that are missing"""
    return Tally() if run.do("config/install-deps", "tests", limit=1500) == 0 else lost("install: config/install-deps")


def formatted(run):
    """clang-format, told by the file: its own words are a screen for each."""
    code = sources(run, "src/**/*.[ch]", "include/**/*.h", "tests/**/*.[ch]", "connectors/**/*.[ch]")
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *code], cwd=run.repo, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    places = re.findall(r"^(\S+?):\d+:\d+: error: code should be clang-formatted", done.stdout, re.M)
    for path in dict.fromkeys(places):
        run.write(f"clang-format -i {path}    # {places.count(path)} places")
    if done.returncode != 0 and not places:
        run.write(done.stdout[-4000:])
    return Tally(1) if done.returncode == 0 else lost(f"lint: clang-format, {len(set(places))} files")


@part("install")
def lint(run):
    """rooms, sizes, leaks, formatting, shell"""
    result = Tally()
    for path in sources(run, "tests/lint/*"):
        if os.access(os.path.join(run.repo, path), os.X_OK):
            counter = tally.of_figures if path.endswith("/figures") else tally.of_status
            result.add(run.count(counter, f"lint: {path}", path))
    if not result.passed + result.failed:
        result.add(lost("lint: nothing executable in tests/lint"))
    result.add(formatted(run))
    result.add(run.count(tally.of_status, "lint: shellcheck", "shellcheck", "-x", "-S", "style", *scripts(run)))
    return result


@part("install")
def tools(run):
    """the tests' own tools: counting, ending, faults, waiting"""
    result = Tally()
    for path in sources(run, "tests/**/test_*.py"):
        result.add(run.count(tally.of_unittest, path, path, limit=300))
    return result


@part("install")
def build(run):
    """gcc, with AddressSanitizer and UndefinedBehaviorSanitizer; warnings are errors"""
    path = run.meson("san", "--buildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Dwerror=true",
                     env={"CC": "gcc"})
    if not path or run.do("ninja", "-k", "20", "-C", path, limit=1200) != 0:
        return lost("build: gcc")
    run.usable = True
    with open(os.path.join(path, "compile_commands.json"), encoding="utf-8") as f:
        built = {os.path.relpath(os.path.join(path, c["file"]), run.repo) for c in json.load(f)}
    result = Tally(1)
    for source in sources(run, "src/**/*.c", "connectors/**/*.c", "tests/**/*.c"):
        if source not in built:
            result.add(lost(f"build: {source} stands in no meson.build"))
    return result


@part("build")
def unit(run):
    """the C tests: unit, golden, simulation"""
    path = os.path.join(run.build, "san")
    log = os.path.join(path, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    status = run.do("meson", "test", "--no-rebuild", "-C", path, "--num-processes", str(run.jobs),
                    "--timeout-multiplier", "4", limit=1500, env={**SANITIZERS, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    if not os.path.exists(log):
        return lost(f"unit: meson test gave no results ({status})")
    with open(log, encoding="utf-8", errors="replace") as f:
        suites, output, ran = tally.of_meson(f.read())
    result = Tally()
    for suite in suites.values():
        result.add(suite)
    for source in sources(run, "tests/unit/*/*.c"):
        name = source[len("tests/unit/"):-2]
        with open(os.path.join(run.repo, source), encoding="utf-8", errors="replace") as f:
            if "cmocka_run_group_tests" in f.read() and name not in ran:
                result.add(lost(f"unit: {source} did not run"))
    run.extra = ", ".join(f"{name} {t.passed}" for name, t in sorted(suites.items()))
    run.write(output)
    if status != 0 and not result.failed:
        result.add(lost(f"unit: meson test exit {status}"))
    return result


SEEDS, SLICES = 1000, 10
SEEDS_MOST = 240  # seconds on two cores: twice what was promised, for this machine may be busy or slow


def processor_seconds():
    """what all that ended below us has used"""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def release_built(run, target):
    """The folder of the build without sanitizers, with this in it; None if that fails."""
    path = run.meson("fast", "--buildtype=release", "-Dwerror=true", env={"CC": "gcc"})
    return path if path and run.do("ninja", "-C", path, target, limit=900) == 0 else None


@part("install")
def simulation(run):
    """1,000 worlds in virtual time, built without sanitizers"""
    path = release_built(run, "tests/sim/sim")
    if not path:
        return lost("simulation: build")
    each = SEEDS // SLICES
    met = tally.Met()

    def one(first, log):
        tally_ = run.count(met.slice, "simulation", os.path.join(path, "tests/sim/sim"), "--coverage", str(first),
                           str(each), limit=900, log=log)
        if tally_.passed + tally_.failed != each:
            tally_.add(lost(f"simulation: seeds {first} to {first + each - 1} did not all end"))
        return tally_

    began, used = time.monotonic(), processor_seconds()
    result = run.at_once(one, range(1, SEEDS, each), run.jobs)
    result.add(met.tally("simulation"))
    result.add(tally.in_time((processor_seconds() - used) / 2, SEEDS_MOST, f"{SEEDS} seeds on two cores"))
    run.write("\n".join(f"met {what}: {times}" for what, times in met.times.items()))
    run.extra = f"{SEEDS} seeds in {time.monotonic() - began:.0f} s"
    return result


@part("install")
def clang(run):
    """the whole tree built by clang; warnings are errors"""
    path = run.meson("clang", "--buildtype=plain", "-Doptimization=1", "-Dwerror=true", env={"CC": "clang"})
    if not path:
        return lost("clang: meson setup")
    run.usable = True
    return run.count(tally.of_status, "clang: build", "ninja", "-k", "20", "-C", path, limit=1200)


def digest(paths):
    sum_ = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as f:
            sum_.update(f.read())
    return sum_


@part("clang")
def tidy(run):
    """clang-tidy, on what has changed since it was clean"""
    stamps = os.path.join(run.build, "tidy")
    os.makedirs(stamps, exist_ok=True)
    # a header or a rule that changes may change any verdict
    base = digest([".clang-tidy", *sources(run, "include/**/*.h", "src/**/*.h"), "meson.build"])
    base.update(subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout)
    todo = []
    for path in sources(run, "src/**/*.c", "connectors/**/*.c"):
        sum_ = base.copy()
        sum_.update(digest([path]).digest())
        stamp = os.path.join(stamps, hashlib.sha256(path.encode()).hexdigest()[:16])
        if not os.path.exists(stamp) or open(stamp, encoding="ascii").read() != sum_.hexdigest():
            todo.append((path, stamp, sum_.hexdigest()))

    def one(item):
        path, stamp, sum_ = item
        done = subprocess.run(["clang-tidy", "-quiet", "-warnings-as-errors=*", "-p",
                               os.path.join(run.build, "clang"), path], stdin=subprocess.DEVNULL, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            with open(stamp, "w", encoding="ascii") as f:
                f.write(sum_)
        return path, done

    bad = []
    with ThreadPoolExecutor(run.jobs) as pool:
        for path, done in pool.map(one, todo):
            if done.returncode != 0:
                bad.append(path)
                run.write(done.stdout.strip() or done.stderr.strip())
    run.extra = f"{len(todo)} files"
    return Tally(0, len(bad), [f"tidy: {p}" for p in bad]) if bad else Tally(1)


@part("install")
def mutants(run):
    """planted bugs, which the tests must catch"""
    found = [p for p in sources(run, "tests/mutants/*", "tests/mutants") if os.access(p, os.X_OK)]
    if not found:
        return lost("mutants: nothing executable in tests/mutants")
    result = Tally()
    for path in found:
        result.add(run.count(tally.of_mutants, f"mutants: {path}", path, limit=900))
    return result


@part("install")
def coverage(run):
    """branches of the pure rooms that no test takes"""
    found = [p for p in sources(run, "tests/coverage/*", "tests/coverage") if os.access(p, os.X_OK)]
    if not found:
        return lost("coverage: nothing executable in tests/coverage")
    result = Tally()
    for path in found:
        result.add(run.count(tally.of_coverage, f"coverage: {path}", path, limit=900))
    return result


SOAK_KILLS, SOAK_MOST = 200, 1800  # kills of the service in scenario 20, and the seconds they may take


STORIES = 16  # the scenarios of what users were promised; those behind are the hard cases: they take their time


BULK = ("17", "19")  # scenarios that judge how long the loop's turns take: sanitizers would make them longer


def scenarios(run, on, options, limit, release=None):
    """Every scenario in a process of its own, as many at a time as there are `options`: they wait more than they
    work. release: a binary without sanitizers, for those of BULK."""
    e2e, binary = "tests/e2e/run.py", os.path.join(run.build, "san/src/bascule")
    server = os.path.join(run.build, "san/tests/tools/sandbox-server")
    if run.do(sys.executable, e2e, "--list") != 0:
        return lost(f"{run.name}: {e2e} does not run")
    with open(run.log, encoding="utf-8") as f:
        numbers = re.findall(r"^(\d+) ", f.read(), re.M)
    if run.scenarios:
        numbers = [n for n in numbers if int(n) in {int(w) for w in run.scenarios.split(",")}]
    soak = ("--kills", str(SOAK_KILLS), "--once") if run.soak else ()
    limit = SOAK_MOST if run.soak else limit
    if on == "sandbox":
        numbers.reverse()  # the longest ones are the last: begun first, they end with the others
    free = queue.SimpleQueue()
    for own in options:
        free.put(own)

    def one(number, log):
        own = free.get()
        try:
            program = release if release and number in BULK else binary
            return run.count(tally.of_last_line, run.name, e2e, "--on", on, "--only", number, "--bin", program,
                             "--sandbox", server, "--slow", "3", *soak, *own, limit=limit, env=SANITIZERS, log=log)
        finally:
            free.put(own)
            if int(number) <= STORIES:
                run.stories_over = time.monotonic()
    return run.at_once(one, numbers, len(options)) if numbers else lost(f"{run.name}: no scenario")


@part("build")
def sandbox(run):
    """the end-to-end scenarios on the built-in trackers"""
    path = release_built(run, "src/bascule")
    return scenarios(run, "sandbox", [()] * 3 * run.jobs, 900, os.path.join(path, "src/bascule")) if path \
        else lost("sandbox: the release build")


@part("install")
def demo(run):
    """config/demo shows its page, and ends when told to"""
    return run.count(tally.of_last_line, "demo", "tests/demo/door.py", limit=600)


def free_ports(n):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in taken]
    for s in taken:
        s.close()
    return ports


REAL_MOST = 900  # seconds that the stories (scenarios 1 to STORIES) may take on the real trackers, all together


@part("build", only_all=True)
def real(run):
    """the same scenarios on a real RT and a real Redmine; the sandbox compared with them"""
    if run.do("config/install-deps", "all", limit=1500) != 0:
        return lost("real: config/install-deps all")
    with tempfile.TemporaryDirectory(prefix="bascule-rig-") as folder:
        try:
            for i in range(1 if run.soak else min(run.jobs + 1, 3)):  # scenarios wait more than they work
                rt, redmine = free_ports(2)
                run.rigs.append(os.path.join(folder, f"rig{i}"))
                if run.do("tests/e2e/rig/start", run.rigs[-1], limit=300,
                          env={"RT_PORT": str(rt), "REDMINE_PORT": str(redmine)}) != 0:
                    return lost("real: the trackers did not start")
            began = time.monotonic()
            result = scenarios(run, "real", [("--rig", rig) for rig in run.rigs], limit=REAL_MOST)
            if not run.scenarios:
                result.add(tally.in_time(run.stories_over - began, REAL_MOST, "the scenarios on the real trackers"))
            result.add(run.count(tally.of_compared, "real: sandbox compared", "tests/e2e/compare_sandbox.py",
                                 "--real", os.path.join(run.rigs[0], "env"), "--server",
                                 os.path.join(run.build, "san/tests/tools/sandbox-server"), limit=600, env=SANITIZERS))
            return result
        finally:
            run.end()


@part("build", only_all=True)
def page(run):
    """the page in a real Chromium"""
    if run.do("config/install-deps", "all", limit=1500) != 0:
        return lost("page: config/install-deps all")
    return run.count(tally.of_last_line, "page", "tests/demo/page.py", "--bin",
                     os.path.join(run.build, "san/src/bascule"), limit=600, env=SANITIZERS)
