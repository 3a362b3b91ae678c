"""main: tests/run. Runs the parts one after another, counts, and says what failed.

A part is a function of parts.py. What cannot run has failed: a part whose program is
missing, whose time is up, or that needs another one which did not work.
"""
import argparse
import fcntl
import os
import re
import shutil
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import proc  # noqa: E402
from parts import ALL, PARTS, SOAK_KILLS, Run  # noqa: E402
from tally import Tally, lost  # noqa: E402

# ninja's and meson's, of what went well
PROGRESS = re.compile(r"\[\d+/\d+\] |(Compiler for C supports|(Run-time )?[Dd]ependency|(Found|Program) [\w-]+ ?(found)?:) ")
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def arguments():
    width = max(len(p) for p in PARTS)
    listing = "\n".join(f"  {n:{width}}  {'--all: ' if n in ALL else ''}{p.__doc__.splitlines()[0]}"
                        for n, p in PARTS.items())
    p = argparse.ArgumentParser(
        prog="tests/run", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Installs what is missing, builds, runs the tests, and ends with \"N passed, N failed\".",
        epilog=f"The parts, in order:\n{listing}\n\nExit 0: all passed; 1: one failed or could not run.\n"
               "Everything it makes is in build-tests/; what the parts print is in build-tests/log/.")
    p.add_argument("--all", action="store_true", help="also on real trackers and in a real browser, as CI does")
    p.add_argument("--only", metavar="PART,...", default="", help="these parts, and what they need")
    p.add_argument("--skip", metavar="PART,...", default="", help="all but these (for developers: CI skips nothing)")
    p.add_argument("--scenarios", metavar="N,...", default="", help="of the parts sandbox and real only these")
    p.add_argument("--soak", action="store_true", help=f"scenario 20 only, with {SOAK_KILLS} kills; with --all on the "
                   "real trackers, too")
    p.add_argument("--clean", action="store_true", help="from nothing: removes build-tests/ first")
    p.add_argument("-j", "--jobs", type=int, default=max(2, os.cpu_count() or 2), help="programs at a time (%(default)s)")
    p.add_argument("--minutes", type=float, default=60, help="after these, what has not ended fails (%(default)s)")
    args = p.parse_args()
    if args.soak:
        if args.only or args.scenarios:
            p.error("--soak says itself what runs")
        args.only, args.scenarios = "sandbox,real" if args.all else "sandbox", "20"
    only, skip = (list(filter(None, text.split(","))) for text in (args.only, args.skip))
    for name in only + skip:
        if name not in PARTS:
            p.error(f"no part {name}; there are {', '.join(PARTS)}")
    wanted = only or [n for n in PARTS if args.all or n not in ALL]
    todo = set(n for n in wanted if n not in skip)
    while more := {need for n in todo for need in PARTS[n].needs} - todo:
        todo |= more
    args.parts = [n for n in PARTS if n in todo]
    return args


def show(name, tally, seconds, extra=""):
    count = f"{tally.passed} passed, {tally.failed} failed" if tally.passed or tally.failed else "done"
    print(f"{name:9} {count:26} {seconds:6.1f} s  {extra}".rstrip(), flush=True)


def tail(path, lines=120, width=300):
    """The end of a log, where programs say why they failed."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            text = [line for line in f.read().splitlines() if not PROGRESS.match(line)]
    except OSError:
        return
    for line in ([f"... {len(text) - lines} lines before, all in {os.path.relpath(path, REPO)}"] if len(text) > lines
                 else []) + text[-lines:]:
        print("    " + line[:width])


def part(run, name, broken):
    """Runs one; gives its tally."""
    body, began = PARTS[name], time.monotonic()
    run.begin(name)
    missing = [n for n in body.needs if n in broken]
    if missing:
        tally = lost(f"{name}: could not run without {missing[0]}")
    elif began > run.deadline:
        tally = lost(f"{name}: could not run, the time is up")
    else:
        try:
            tally = body(run)
        except Exception:  # a fault of a part ends no other one
            run.write(traceback.format_exc())
            tally = lost(f"{name}: could not run")
        for command in proc.sweep():
            tally.add(lost(f"{name}: left a process behind: {command[:200]}"))
    show(name, tally, time.monotonic() - began, run.extra)
    if tally.failed and not missing:
        tail(run.log)
    return tally


def alone(run):
    """Two runs in one tree would spoil each other's logs and counts; gives what holds the lock."""
    os.makedirs(run.build, exist_ok=True)
    lock = open(os.path.join(run.build, "lock"), "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("tests/run: another one is under way in this tree\n0 passed, 1 failed")
    return lock


def main():
    args = arguments()
    proc.prepare()
    os.chdir(REPO)
    began, total, broken = time.monotonic(), Tally(), set()
    run = Run(REPO, args.jobs, began + args.minutes * 60, args.scenarios, args.soak)
    lock = alone(run)
    if args.clean:
        for entry in os.scandir(run.build):
            if entry.name != "lock":
                shutil.rmtree(entry.path) if entry.is_dir() else os.unlink(entry.path)
    try:
        for name in args.parts:
            tally = part(run, name, broken)
            total.add(tally)
            if tally.failed and not run.usable:
                broken.add(name)
    except proc.Ended as e:
        total.add(lost(f"ended by {e} in part {run.name}"))
    finally:
        run.end()
        proc.sweep(grace=0)
        lock.close()
    print(f"\n{time.monotonic() - began:.0f} s")
    if not args.parts or total.passed + total.failed == 0:
        total.add(lost("no test ran"))
    for line in total.figures:
        print(f"  {line}")
    for name in total.names:
        print(f"  failed: {name}")
    for name in total.shaky:
        print(f"  shaky, passed the second time: {name}")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
