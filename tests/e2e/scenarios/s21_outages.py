"""21. Trackers in trouble: down, slow, failing, asking to wait, answering what is no JSON or half of it, and a token
that has expired; each tracker in turn, and each trouble begins with a write whose answer it spoils.

Of each: `status` names the tracker, the error, since when and the next try; the
attention list says it and clears by itself; the tracker is not hammered; the
other tracker goes on; and afterwards nothing is lost and nothing doubled.

Assumed: a tracker that says how long to wait (429 with Retry-After) is not
down: `status` says what it asked for, and the attention list says nothing.
Some are well again by themselves, by the next try; for the others an
administrator who mended them says `bascule resume`, which asks at once.
"""
import re
import time

from harness.expect import Mismatch, wait
from harness.runner import scenario
from harness.words import naming

LOOK = {"timeout": "2s", "look_after": "2s"}
FOREVER = 1 << 30
WATCHED = 3  # seconds in which requests are counted
ALONE = ("down", "429")  # well again without a word


class Trouble:
    """name; what status says; what the proxy does to the write that it begins with, and to all that follows."""

    def __init__(self, name, says, write, others):
        self.name, self.says, self.write, self.others = name, re.compile(says, re.I), write, others
        self.down = name != "429"


def status(code, forward, **headers):
    return lambda proxy, **more: proxy.answer_instead(code, forward, headers, **more)


TROUBLES = [
    Trouble("down", r"connect|refused", lambda p, **m: p.cut_after(**m), lambda p, **m: p.down()),
    Trouble("slow", r"no whole reply within 2s", lambda p, **m: p.hold_answer(**m), lambda p, **m: p.hang(**m)),
    Trouble("500", r"HTTP 500", status(500, True), status(500, False)),
    Trouble("502", r"HTTP 502", status(502, True), status(502, False)),
    Trouble("429", r"slow down.*too many requests", status(429, False, **{"Retry-After": "6"}),
            status(429, False, **{"Retry-After": "6"})),
    Trouble("a page instead of JSON", r"web page instead of JSON", status(200, True), status(200, False)),
    Trouble("half a body", r"ended within the reply", lambda p, **m: p.half(**m), lambda p, **m: p.half(**m)),
    Trouble("the token has expired", r"401|credentials", status(401, False), status(401, False)),
]


@scenario(21, "trackers in trouble", cases=3 * 2 * len(TROUBLES))
def outages(r):
    with r.open(trackers={"helpdesk": LOOK, "product": LOOK}) as s:
        known = s.issue("Known to all")
        first = s.linked(known, requester="bob")
        stories = [Story(s, name, t) for t in TROUBLES for name in s.proxies]
        s.expect_all([(first, {"status": "closed-unresolved"}), (known, {"count": 1})]
                     + [(story.ticket, {"status": "closed-unresolved"}) for story in stories], timeout=60)
        s.settle()
        for story in stories:
            story.play(r, known)


class Story:
    """One trouble of one tracker."""

    def __init__(self, s, name, trouble):
        self.s, self.name, self.trouble, self.proxy = s, name, trouble, s.proxies[name]
        self.other = next(n for n in s.proxies if n != name)
        self.issue = s.issue(f"For {name}: {trouble.name}")
        self.ticket = s.linked(self.issue, subject=f"{trouble.name}, of {name}")

    def play(self, r, known):
        s, title = self.s, f"{self.name}: {self.trouble.name}"
        began = time.time()
        with r.case(title + ": status says it, attention too; the next try is not at once", parked=None):
            self.begin()
            self.told(began)
            self.not_hammered()
            s.touched = set()
        with r.case(title + ": the other tracker goes on", parked=None):
            on_it, beside = self.others_go_on(known)
            s.touched = set()
        with r.case(title + ": well again; nothing is lost, nothing doubled"):
            self.mend()
            self.healed()
            self.nothing_lost(known, on_it, beside)

    # ---- in trouble ----

    def begin(self):
        """A write is done (or refused) and its answer spoilt; so is every request from then on."""
        rule = self.trouble.write(self.proxy, method="write")
        if self.name == "helpdesk":
            self.issue.release("1.1")
        else:
            self.more = self.s.linked(self.issue, subject="One more")
        wait(lambda: [] if self.proxy.hits(rule) else ["no write met the trouble"], 30 * self.s.runner.slow, 0.05,
             lambda: self.s.story([self.ticket, self.issue]))
        self.trouble.others(self.proxy, times=FOREVER)

    def tracker(self):
        return next(t for t in self.s.bascule.json("status")["trackers"] if t["name"] == self.name)

    def attends(self):
        return [a for a in self.s.bascule.list("attention") if a["kind"] == "tracker-down"]

    def told(self, began):
        def missing():
            t, lines = self.tracker(), []
            if t["state"] != ("down" if self.trouble.down else "ok"):
                lines.append(f"{self.name} is {t['state']}")
            if not self.trouble.says.search(t.get("error") or ""):
                lines.append(f"its error: {t.get('error')}")
            if not t.get("waits_until"):
                lines.append("no next try")
            return lines
        wait(missing, 40 * self.s.runner.slow, 0.2, lambda: self.s.bascule.tail(8))
        said = self.s.cli("status", ok=(3,) if self.trouble.down else (0, 3)).out
        line = next(line for line in said.splitlines() if line.startswith(self.name))
        assert line.split()[2] == ("down" if self.trouble.down else "ok"), said
        if not self.trouble.down:
            assert not self.attends() and "at its request" in said, (self.attends(), said)
            return
        since = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(began))
        t, entries = self.tracker(), self.attends()
        assert (t.get("error_since") or "") >= since, t
        assert [a["subject"] for a in entries] == [self.name], entries
        assert self.trouble.says.search(entries[0]["text"]) and "bascule check" in entries[0]["clear"], entries

    def not_hammered(self):
        """By the service's own count: what is refused the proxy never sees; by the proxy's what it did see."""
        asked, began = self.tracker()["requests"], time.time()
        time.sleep(WATCHED)
        asked, seen = self.tracker()["requests"] - asked, self.proxy.requests_since(began)
        most = 2
        assert asked <= most and len(seen) <= most, (asked, [q.line for q in seen])

    def others_go_on(self, known):
        """(what people did on the one in trouble, what on the other)."""
        s = self.s
        if self.name == "helpdesk":
            beside = s.issue(f"While helpdesk is in trouble: {self.trouble.name}")
            s.expect(beside, known=True)
            return s.linked(known, subject="Nobody reads it yet"), beside
        beside = s.linked(known, subject=f"While product is in trouble: {self.trouble.name}")
        s.expect(beside, status="closed-unresolved", verdict="pending", internal=1)
        return s.issue("Nobody reads it yet"), beside

    # ---- well again ----

    def mend(self):
        assert self.proxy.clear() is None
        self.proxy.up()
        if self.trouble.name not in ALONE:
            self.s.cli("resume", self.name)

    def healed(self):
        def missing():
            t = self.tracker()
            ok = t["state"] == "ok" and not t.get("error") and not t.get("waits_until") and not t.get("failures")
            return ([] if ok else [f"{t}"]) + [f"{a}" for a in self.attends()]
        wait(missing, 40 * self.s.runner.slow, 0.3, lambda: self.s.bascule.tail(8))

    def nothing_lost(self, known, on_it, beside):
        s = self.s
        linked = sum(t.kind == "incident" and t.values(t.get())["Defect"] == str(known.id) for t in s.records)
        wants = [(known, {"count": linked, "unresolved": linked})]
        if self.name == "helpdesk":
            wants += [(on_it, {"status": "closed-unresolved", "internal": 1}),
                      (self.ticket, {"status": "resolved", "told": [naming("1.1")], "public": 1, "internal": 1}),
                      (self.issue, {"count": 1, "unresolved": 0})]
        else:
            wants += [(on_it, {"known": True}), (beside, {"status": "closed-unresolved", "internal": 1}),
                      (self.more, {"status": "closed-unresolved"}),
                      (self.issue, {"count": 2, "unresolved": 2, "linked": sorted([self.ticket.id, self.more.id])})]
        s.expect_all(wants, timeout=40)
        s.settle()
        s.now_all(wants)
        done = [(m, p, b) for m, p, b in self.proxy.delivered() if f"/{self.target().id}" in p.partition("?")[0]]
        if len(done) != len(set(done)):
            raise Mismatch(f"{self.target()}: a write reached it twice: {done}")

    def target(self):
        return self.ticket if self.name == "helpdesk" else self.issue
