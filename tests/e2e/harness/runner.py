"""runner: scenarios in order, their cases, and the count that cannot be fooled.

A scenario is a function registered with @scenario(number, name, cases=N). It
opens stages and, in them, cases. N is what the author counted: a scenario that
ends early, for whatever reason, has failed each case that did not run.
"""
import contextlib
import time
import traceback

from .backend import CannotRun
from .expect import Broken
from .stage import Stage

SCENARIOS = {}


def scenario(number, name, cases, only=None):
    """cases: how many it has; or a dict backend name -> how many, where they differ."""
    def register(function):
        if number in SCENARIOS:
            raise ValueError(f"two scenarios {number}")
        SCENARIOS[number] = (name, cases, function)
        return function
    return register


class Runner:
    def __init__(self, backend, binary, out, verbose=False, keep=False, bless=False, slow=1.0, cases=None,
                 kills=40):
        self.backend, self.binary, self.out = backend, binary, out
        self.verbose, self.keep, self.bless, self.slow, self.wanted = verbose, keep, bless, slow, cases
        self.kills = kills  # how often scenario 20 kills the service
        self.passed, self.failed, self.stage = 0, 0, None
        self.number, self.in_case, self.counted = 0, None, 0
        self.figures, self.failures = {}, []
        self.shaky = []  # failed, and passed when tried again
        self.broken = 0  # failures of what must hold after every case: never tried again

    # ---- what scenarios use ----

    def open(self, start=True, **settings):
        """A stage; the keywords are laid over the settings of stage.base_settings()."""
        return Stage(self, settings, start)

    @contextlib.contextmanager
    def case(self, name, counted=True, parked=0):
        """One test case. What fails in it is told, and the scenario goes on with the next one."""
        began = time.monotonic()
        self.counted += counted
        try:
            if self.in_case:
                raise RuntimeError(f"case {name!r} within case {self.in_case!r}")
            self.in_case = name
            yield
            if self.stage:
                self.stage.invariants(parked)
        except CannotRun:
            self._fail(name, began, traceback.format_exc(limit=0))
            raise
        except Exception as e:
            self.broken += isinstance(e, Broken)
            told = str(e) if isinstance(e, AssertionError) and str(e) else traceback.format_exc()
            if isinstance(e, AssertionError):
                told = self._where(e) + told
            self._fail(name, began, told)
        else:
            self._line("ok", name, began)
            self.passed += 1
        finally:
            self.in_case = None

    def figure(self, name, value):
        """A number worth printing at the end."""
        self.figures[name] = value

    def note(self, text):
        print(f"     {text}", file=self.out, flush=True)

    # ---- running ----

    def run(self, number):
        name, cases, function = SCENARIOS[number]
        if isinstance(cases, dict):
            cases = cases[self.backend.name]
        self.number, self.counted = number, 0
        began, why = time.monotonic(), "it ended early"
        try:
            function(self)
        except Exception as e:
            why = str(e) if isinstance(e, CannotRun) else traceback.format_exc()
        if self.counted != cases:
            missing = cases - self.counted
            self.in_case = None
            if missing > 0:
                self.failed += missing
                self._fail(f"{missing} of {cases} cases of \"{name}\" did not run", began, why, count=False)
            else:
                self._fail(f"\"{name}\" says it has {cases} cases, but ran {self.counted}", began, "")
        return time.monotonic() - began

    def run_twice(self, number):
        """Once more if it failed, and said aloud: a slip in time on a busy machine is told apart from a fault. What
        must hold after every case is no matter of time: when that failed, e.g. by a doubled note, there is no second
        try."""
        passed, failed, broken, kept = self.passed, self.failed, self.broken, len(self.failures)
        seconds = self.run(number)
        if self.failed == failed or self.broken != broken:
            return seconds
        first = self.failures[kept:]
        print(f"again {number:02d}: {len(first)} failed the first time", file=self.out, flush=True)
        self.passed, self.failed = passed, failed
        del self.failures[kept:]
        seconds += self.run(number)
        self.shaky += [name for name in first if name not in self.failures[kept:]]
        return seconds

    def _line(self, word, name, began):
        print(f"{word:4} {self.number:02d} {name} {time.monotonic() - began:.1f}", file=self.out, flush=True)

    def _fail(self, name, began, told, count=True):
        self.failed += count
        self.failures.append(f"{self.number:02d} {name}")
        self._line("FAIL", name, began)
        for line in told.strip().splitlines():
            print("     " + line, file=self.out, flush=True)

    @staticmethod
    def _where(error):
        """The line of the scenario that asked."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if "/scenarios/" in frame.filename:
                return f"{frame.filename.rsplit('/', 1)[1]}:{frame.lineno}: {frame.line}\n"
        return ""
