"""expect: what should be, what is, and the difference in words.

A Look reads one record on both sides - at its tracker as a person sees it, and
in the service - but only the parts it is asked for. match() compares, wait()
asks again once a moment until all fits or the time is up, and then fails with
the difference, never with "timed out".
"""
import re
import time


SHOWN = 40  # lines of a difference


class Mismatch(AssertionError):
    pass


class Broken(Mismatch):
    """What must hold always, in every story, does not: no second try."""


def numbers(text):
    """Ids in a field that may hold 56, #56, P-56 or URLs, separated by commas or spaces; sorted."""
    words_of = re.split(r"[,\s]+", text or "")
    return sorted(int(m) for word in words_of for m in re.findall(r"(\d+)\D*$", word.split("?")[0]))


def tickets_named(text):
    return sorted(int(m) for m in re.findall(r"Ticket/Display\.html\?id=(\d+)", text or ""))


def fits(want, have):
    if callable(want):
        try:
            return bool(want(have))
        except TypeError:
            if have is None:  # not there (yet)
                return False
            raise
    if isinstance(want, re.Pattern):
        return bool(have is not None and want.search(have if isinstance(have, str) else repr(have)))
    if isinstance(want, tuple) and isinstance(have, tuple) or isinstance(want, list) and isinstance(have, list):
        return len(want) == len(have) and all(fits(w, h) for w, h in zip(want, have))
    return want == have


def words(want):
    if isinstance(want, re.Pattern):
        return f"/{want.pattern}/"
    if isinstance(want, (list, tuple)):
        return "[" + ", ".join(words(w) for w in want) + "]"
    if callable(want):
        return getattr(want, "says", getattr(want, "__name__", "?"))
    return repr(want)


def saying(text, test):
    """A condition with words for the difference."""
    test.says = text
    return test


def has(*items):
    return saying("with " + ", ".join(map(repr, items)), lambda have: set(items) <= set(have or []))


def lacks(*items):
    return saying("without " + ", ".join(map(repr, items)), lambda have: not set(items) & set(have or []))


def at_least(n):
    return saying(f"at least {n}", lambda have: have is not None and have >= n)


class Look:
    """One reading of one record. The parts are methods of the same names as the keys people expect."""

    def __init__(self, stage, subject):
        self.stage, self.subject, self.kept = stage, subject, {}

    def part(self, key):
        if key not in self.kept:
            own = getattr(self, "_" + key, None)
            self.kept[key] = own() if own else self._shown().get(key) if self._shown() else None
        return self.kept[key]

    # what the service says: verdict, turn, state, outcome, problems, defects, ... straight out of `show`
    def _shown(self):
        if "shown" not in self.kept:
            self.kept["shown"] = self.stage.bascule.show(self.subject if isinstance(self.subject, str)
                                                         else self.subject.ref) or {}
        return self.kept["shown"]

    def _attention(self):
        return sorted(a["kind"] for a in self.stage.bascule.attention(self.subject))

    def _effects(self):
        return sorted((e["kind"], e["state"]) for e in self.stage.bascule.effects(self.subject))

    def _known(self):
        """Does the service have it at all?"""
        return bool(self._shown())

    # what its tracker shows
    def _there(self):
        if "there" not in self.kept:
            self.kept["there"] = self.subject.get()
        return self.kept["there"]

    def _status(self):
        if isinstance(self.subject, str):
            return self._shown().get("status")
        status = self._there()
        return status["Status"] if self.subject.kind == "incident" else status["status"]["name"]

    def _field(self, name):
        return self.subject.values(self._there()).get(name) or ""

    def _own(self):
        if "own" not in self.kept:
            self.kept["own"] = self.subject.own_notes()
        return self.kept["own"]

    def _notes(self):
        """The bridge's notes: [(public or internal, text)]."""
        return [("public" if n.public else "internal", n.text) for n in self._own()]

    def _public(self):
        return sum(n.public for n in self._own())

    def _internal(self):
        return sum(not n.public for n in self._own())

    def _moves(self):
        return self.subject.moves()

    def _told(self):
        """The bridge's mails to the requester about it."""
        return [m["body"] for m in self.stage.own_mails(self.subject)]

    # incidents
    def _field_defect(self):
        return numbers(self._field("Defect"))

    def _field_problem(self):
        return self._field("Problem")

    def _field_known_error(self):
        return self._field("Known Error")

    def _field_outcome(self):
        return self._field("Outcome")

    # defects
    def _count(self):
        return int(self._field("Incident count") or 0)

    def _unresolved(self):
        return int(self._field("Closed-unresolved incidents") or 0)

    def _linked(self):
        return tickets_named(self._field("Linked incidents"))


def differences(stage, wants):
    """wants: [(subject, {key: want})]. Lines of what does not fit, [] when all does."""
    lines = []
    for subject, keys in wants:
        look = Look(stage, subject)
        for key, want in keys.items():
            have = look.part(key)
            if not fits(want, have):
                lines.append(f"{subject}: {key}: expected {words(want)}, is {have!r}")
    return lines


def wait(check, timeout, every=0.5, story=None):
    """check() gives the differences; story(), when there are some in the end, gives more to read."""
    end = time.monotonic() + timeout
    while True:
        lines = check()
        if not lines:
            return
        if time.monotonic() > end:
            break
        time.sleep(every)
    raise Mismatch(f"after {timeout:.0f} s:\n" + "\n".join("    - " + line for line in lines[:SHOWN])
                   + (f"\n    - and {len(lines) - SHOWN} more" if len(lines) > SHOWN else "")
                   + ("\n" + story() if story else ""))
