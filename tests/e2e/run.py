#!/usr/bin/env python3
"""run: the end-to-end scenarios, on the real trackers or on the sandbox (tests/README.md).

    python3 tests/e2e/run.py [--on real|sandbox] [--only 4,7] [-v] [--bin PATH] [--keep] [--bless]

Prints a line for each test case, "N passed, N failed" at the end, and fails if
one did, or could not run.
"""
import argparse
import importlib
import os
import pkgutil
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from harness.backend import CannotRun, Real, Sandbox  # noqa: E402
from harness.runner import SCENARIOS, Runner  # noqa: E402


def load():
    import scenarios
    for module in sorted(m.name for m in pkgutil.iter_modules(scenarios.__path__)):
        importlib.import_module("scenarios." + module)


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="Exit 0: all passed.")
    p.add_argument("--on", choices=("real", "sandbox"), default="sandbox", help="which trackers")
    p.add_argument("--only", default="", help="numbers of scenarios: 4,7 or 4-7")
    p.add_argument("--rig", default=os.environ.get("RIG_DIR", REPO + "/.rig"), help="folder of the real trackers' rig")
    p.add_argument("--bin", default=REPO + "/build/src/bascule", help="the service's binary")
    p.add_argument("--sandbox", default=None, help="the sandbox server's binary (beside --bin by default)")
    p.add_argument("-v", "--verbose", action="store_true", help="logs and requests beside each failure")
    p.add_argument("--keep", action="store_true", help="leave the service's folder of each stage")
    p.add_argument("--bless", action="store_true", help="write the golden texts anew instead of comparing")
    p.add_argument("--slow", type=float, default=1.0, help="factor for every time limit (sanitizers, a busy machine)")
    p.add_argument("--once", action="store_true", help="no second try for a scenario that fails")
    p.add_argument("--kills", type=int, default=40, help="how often scenario 20 kills the service (%(default)s)")
    p.add_argument("--list", action="store_true", help="name the scenarios, run none")
    return p.parse_args()


def chosen(text):
    numbers = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    unknown = numbers - set(SCENARIOS)
    if unknown:
        sys.exit(f"run.py: no scenario {sorted(unknown)}; there are {sorted(SCENARIOS)}")
    return sorted(numbers or SCENARIOS)


def main():
    args = arguments()
    load()
    if args.list:
        for number in sorted(SCENARIOS):
            print(f"{number:02d} {SCENARIOS[number][0]}")
        return 0
    numbers = chosen(args.only)
    # an ended test run ends what it started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began, backend = time.monotonic(), None
    try:
        if not os.access(args.bin, os.X_OK):
            raise CannotRun(f"no binary at {args.bin}: build it, or name it with --bin")
        beside = os.path.join(os.path.dirname(args.bin), "../tests/tools/sandbox-server")
        backend = Real(args.rig) if args.on == "real" else Sandbox(os.path.abspath(args.sandbox or beside))
        runner = Runner(backend, args.bin, sys.stdout, args.verbose, args.keep, args.bless, args.slow,
                        kills=args.kills)
        seconds = {}
        for number in numbers:
            seconds[number] = runner.run(number) if args.once else runner.run_twice(number)
    except CannotRun as e:
        print(f"run.py: {e}\n0 passed, {len(numbers)} failed", file=sys.stderr)
        return 1
    finally:
        if backend:
            backend.close()
    print(f"\non {args.on}: {time.monotonic() - began:.0f} s; "
          + ", ".join(f"{n:02d} {s:.0f} s" for n, s in seconds.items()))
    for name, value in runner.figures.items():
        print(f"  figure: {name}: {value}")
    for name in runner.shaky:
        print(f"  shaky, passed the second time: {name}")
    for name in runner.failures:
        print(f"  failed: {name}")
    print(f"{runner.passed} passed, {runner.failed} failed")
    return 1 if runner.failed or not runner.passed else 0


if __name__ == "__main__":
    sys.exit(main())
