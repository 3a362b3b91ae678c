"""tally: what a program printed, turned into counts of tests that truly ran.

Pure functions over text. The rule of all of them: what was announced and did not
end well has failed, be it skipped, cut off by a crash, or never begun; and where
nothing can be counted, there is one test, and it has failed.
"""
import json
import re
from dataclasses import dataclass, field


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    names: list = field(default_factory=list)  # of what failed, for a person
    shaky: list = field(default_factory=list)  # of what failed once and passed when tried again
    figures: list = field(default_factory=list)  # worth reading beside the count

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.names += other.names
        self.shaky += other.shaky
        self.figures += other.figures
        return self


def lost(name):
    """One test that failed or could not run."""
    return Tally(0, 1, [name])


PLAN = re.compile(r"^1\.\.(\d+)\s*$", re.M)
# a test's own output may stand before the verdict on the same line
VERDICT = re.compile(r"(not )?ok (\d+)(?: - (\S.*)| # SKIP (\S.*))$", re.M)


def of_cmocka(text, status, name):
    """The TAP that cmocka prints: a plan and verdicts for each group of a program."""
    plans = [int(n) for n in PLAN.findall(text)]
    if not plans:
        return Tally(1) if status == 0 else lost(f"{name} (exit {status}, no test ran)")
    tally, seen = Tally(), 0
    for bad, _, test, skipped in VERDICT.findall(text):
        seen += 1
        if bad or skipped or "# SKIP" in test:
            tally.add(lost(f"{name}: {test or skipped}" + (" (skipped)" if skipped or "# SKIP" in test else "")))
        else:
            tally.passed += 1
    if seen < sum(plans):
        tally.add(Tally(0, sum(plans) - seen, [f"{name}: ended after {seen} of {sum(plans)} tests (exit {status})"]))
    elif status != 0 and not tally.failed:
        tally.add(lost(f"{name}: all tests passed, but exit {status} (a leak?)"))
    if tally.passed + tally.failed == 0:
        tally.add(lost(f"{name}: holds no test"))
    return tally


def gist(text, lines=30):
    """What a person needs of a failed program's output: a sanitizer's first words, or all but what went well."""
    kept = [line for line in text.strip().splitlines() if not re.match(r"(ok \d|# ok)", line)]
    spoken = next((i for i, line in enumerate(kept) if re.search(r"ERROR: \w+Sanitizer|runtime error:", line)), None)
    if spoken is not None:
        kept = kept[max(0, spoken - 5):]
    return "\n".join(kept[:lines] + (["..."] if len(kept) > lines else []))


def of_meson(log):
    """meson's testlog.json, a line for each program: (tally of each suite, output of what failed, names of all)."""
    suites, output, names = {}, [], set()
    for line in log.splitlines():
        entry = json.loads(line)
        # "bascule:unit / policy/verdict"; the bare name where there is one suite only
        suite, _, name = entry["name"].rpartition(" / ")
        suite = suite.rpartition(":")[2] or "unit"
        names.add(name)
        text = (entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")
        if entry["result"] in ("OK", "FAIL"):
            tally = of_cmocka(text, entry["returncode"], name)
        else:  # TIMEOUT, ERROR, SKIP, INTERRUPT, ...
            tally = of_cmocka(text, entry["returncode"] or entry["result"], f"{name} [{entry['result']}]")
        if entry["result"] != "OK" and not tally.failed:
            tally.add(lost(f"{name}: {entry['result']}"))
        suites.setdefault(suite, Tally()).add(tally)
        if tally.failed:
            output.append(f"--- {name} ({entry['result']})\n{gist(text)}")
    return suites, "\n".join(output), names


def of_unittest(text, status, name):
    """Python's unittest."""
    ran = re.findall(r"^Ran (\d+) tests? in", text, re.M)
    if not ran or int(ran[-1]) == 0:
        return lost(f"{name}: no test ran (exit {status})")
    failed = sum(int(n) for n in re.findall(r"(?:failures|errors|skipped|unexpected successes)=(\d+)", text))
    if status != 0:
        failed = max(failed, 1)
    names = re.findall(r"^(?:FAIL|ERROR): (.*)$", text, re.M)
    tally = Tally(max(int(ran[-1]) - failed, 0), failed)
    tally.names = [f"{name}: {n}" for n in names] or ([name] if failed else [])
    return tally


def of_last_line(text, status, name):
    """Programs that count for themselves: the last line is "N passed, N failed"."""
    lines = text.strip().splitlines()
    found = re.fullmatch(r"(\d+) passed, (\d+) failed\.?", lines[-1].strip()) if lines else None
    if not found:
        return lost(f"{name}: ended without a count (exit {status})")
    tally = Tally(int(found[1]), int(found[2]))
    if (status != 0 and not tally.failed) or tally.passed + tally.failed == 0:
        tally.add(lost(f"{name}: {lines[-1].strip()}, exit {status}"))
    elif tally.failed:
        names = re.findall(r"^\s*failed:\s+(.*)$", text, re.M) or re.findall(r"^FAIL\s+(.*)$", text, re.M)
        tally.names = [f"{name}: {n}" for n in dict.fromkeys(names)][:40] or [name]
    tally.shaky = [f"{name}: {n}" for n in re.findall(r"^\s*shaky, passed the second time: (.*)$", text, re.M)]
    tally.figures = [f"{name}: {n}" for n in re.findall(r"^\s*figure: (.*)$", text, re.M)]
    return tally


class Met:
    """What tests/sim lists as to be met, over all slices: what no seed met has failed."""

    def __init__(self):
        self.slices = []  # appended to by several threads
        self.times = {}

    def slice(self, text, status, name):
        self.slices.append(re.findall(r"^met (.*): (\d+)$", text, re.M))
        return of_last_line(text, status, name)

    def tally(self, name):
        self.times = {}
        for what, times in (line for lines in self.slices for line in lines):
            self.times[what] = self.times.get(what, 0) + int(times)
        if not self.times:
            return lost(f"{name}: nothing was counted")
        never = [f"{name}: never met: {what}" for what, times in self.times.items() if not times]
        tally = Tally(len(self.times) - len(never), len(never), never)
        rare = sorted((times, what) for what, times in self.times.items())[:3]
        tally.figures = [f"{name}: {len(self.times)} faults, habits, acts and paths met; least often " +
                         ", ".join(f"{what} ({times})" for times, what in rare)]
        return tally


def of_figures(text, status, name):
    """tests/lint/figures: its table is worth reading at the end."""
    tally = of_status(text, status, name)
    tally.figures = [line for line in text.splitlines()
                     if re.match(r"room +files|[\w/]+ +\d+ +\d+ +[\d-]+|all but tests ", line)]
    return tally if tally.figures else tally.add(lost(f"{name}: printed no figures"))


def of_coverage(text, status, name):
    """tests/coverage: its last line counts all branches of the room."""
    tally = of_status(text, status, name)
    found = re.findall(r"^in all +(\d+) +(\d+) +([\d.]+ %)$", text, re.M)
    if not found:
        return tally.add(lost(f"{name}: ended without a count (exit {status})"))
    tally.figures = ["branches of policy that the tests take: {} of {}, {}".format(*found[-1])]
    return tally


def in_time(seconds, most, what):
    """One failure when it took longer than it may; the seconds are told in any case."""
    tally = Tally() if seconds <= most else lost(f"{what} took {seconds:.0f} s, more than {most} s")
    tally.figures = [f"{what}: {seconds:.0f} s, at most {most} s"]
    return tally


def of_compared(text, status, name):
    """"N requests, N different": each request is a test of the sandbox."""
    found = re.findall(r"^(\d+) requests, (\d+) different$", text, re.M)
    if not found or not int(found[-1][0]):
        return lost(f"{name}: ended without a count (exit {status})")
    asked, different = map(int, found[-1])
    tally = Tally(asked - different, different, [f"{name}: {n}" for n in re.findall(r"^DIFFERENT: (.*)$", text, re.M)])
    return tally.add(lost(f"{name}: exit {status}")) if status != 0 and not different else tally


def of_mutants(text, status, name):
    """"N mutants, N killed": each one is a test of the tests."""
    found = re.findall(r"^(\d+) mutants, (\d+) killed", text, re.M)
    if not found:
        return lost(f"{name}: ended without a count (exit {status})")
    planted, killed = map(int, found[-1])
    tally = Tally(killed, planted - killed)
    if tally.failed:
        tally.names = [f"{name}: {planted - killed} survived"]
    if (status != 0 and not tally.failed) or planted == 0:
        tally.add(lost(f"{name}: {planted} planted, {killed} killed, exit {status}"))
    return tally


def of_status(text, status, name):
    """Checks that only succeed or fail."""
    return Tally(1) if status == 0 else lost(name)
