"""20. kill -9: the service dies inside a request, again and again, while people work on both sides.

Pairs of tickets (a: alice's, b: bob's) hang on a defect each and live through
STEPS; each step is taken once what the step before asks for is there, on both
sides, so that the decision table says what the end must be. Every step has one
kill: before the tracker did the request's work (it never does), after it (the
answer is held), or so that the work is done when nobody waits for it any more;
where a step makes the bridge write nothing, it is killed while it reads.

Assumed: between two kills nothing is awaited but the start, unless no pair is
ready for its next step. What RT itself does around a public note on a closed
ticket - open, and the bridge's request closes it again - is part of that note.
"""
import signal
import time

from harness.expect import Mismatch, at_least, differences, wait
from harness.runner import scenario

PAIRS = 5  # under way at a time
LOOK = {"timeout": "2s", "look_after": "2s"}
WRITE, READ = {"method": "write"}, {"method": "GET"}
LATE = 700  # milliseconds until the work is done of which nobody hears


class Pair:
    """A defect and its two tickets: what people did so far, and what has to come of it."""

    def __init__(self, s, number):
        self.s, self.number, self.step = s, number, 0
        self.acted = 0.0
        self.issue = self.a = self.b = self.problem = None

    def act(self):
        STEPS[self.step][1](self)
        self.step, self.acted = self.step + 1, time.monotonic()

    def wants(self):
        """The decision table's words after the last step: on the trackers, and in the service."""
        return STEPS[self.step - 1][3](self) if self.step else []

    def ready(self):
        """What is missing before the next step; read at the trackers only."""
        return differences(self.s, [(who, {k: v for k, v in keys.items() if k not in INSIDE})
                                    for who, keys in self.wants()])

    @property
    def over(self):
        return self.step == len(STEPS)

    def paths(self):
        """The states that both tickets went through."""
        return [(self.a, PATHS_A[self.step]), (self.b, PATHS_B[self.step])]


INSIDE = ("verdict", "turn")
CU = "closed-unresolved"
CLOSED = (CU, "resolved")
OWN = ("bridge", "RT_System")  # who moves in RT what no person does


def made(p):
    p.issue = p.s.issue(f"Totals are wrong ({p.number})")
    p.a = p.s.linked(p.issue, subject=f"Wrong total {p.number}")
    p.b = p.s.ticket(f"Wrong sum {p.number}", requester="bob")
    p.b.comment(f"see {p.issue.url}")


def talked(p):
    p.a.comment("The customer has called again.")
    p.b.set(subject=f"Wrong sum on invoices {p.number}", fields={"Service": "Billing"})
    p.issue.note("I can see it here, too.")
    p.issue.set(description="Round late, not early.")


def published(p):
    p.problem = p.s.bascule.show(p.a.ref)["problems"][0]
    p.s.cli("problem", "set", p.problem, "--customer-text", "Round by hand.")
    p.s.cli("problem", "publish", p.problem)


def table(p, a, b, count, unresolved, linked=None):
    """a, b: (status, verdict, turn, public notes, internal notes)."""
    keys = ("status", "verdict", "turn", "public", "internal")
    named = [t.id for t in (linked or (p.a, p.b))]
    return [(p.a, dict(zip(keys, a))), (p.b, dict(zip(keys, b))),
            (p.issue, {"count": count, "unresolved": unresolved, "linked": named, "internal": at_least(1)})]


def unlinked(p):
    wants = table(p, ("open", "unlinked", 4, 1, 2), (CU, "pending", 3, 3, 1), 1, 1, [p.b])
    wants[0][1].update(field_defect=[], field_problem="", field_known_error="")
    return wants


def edited(p):
    wants = table(p, ("open", "unlinked", 4, 1, 2), ("resolved", "delivered", 4, 4, 1), 1, 0, [p.b])
    wants[1][1].update(field_known_error="see my own list")
    return wants


# what people do; on which tracker the bridge writes then (none: it reads on both); what the table says
STEPS = [
    ("linked", made, ("helpdesk", "product"),
     lambda p: table(p, (CU, "pending", 1, 0, 1), (CU, "pending", 1, 0, 1), 2, 2)),
    ("comments and edits", talked, (),
     lambda p: table(p, (CU, "pending", 1, 0, 1), (CU, "pending", 1, 0, 1), 2, 2)),
    ("a workaround published", published, ("helpdesk",),
     lambda p: table(p, (CU, "pending", 1, 1, 1), (CU, "pending", 1, 1, 1), 2, 2)),
    ("an agent reopens a ticket", lambda p: p.a.set(status="open"), ("product",),
     lambda p: table(p, ("open", "pending", 1, 1, 1), (CU, "pending", 1, 1, 1), 2, 1)),
    ("released", lambda p: p.issue.release("1.0"), ("helpdesk", "product"),
     lambda p: table(p, ("open", "delivered", 2, 1, 2), ("resolved", "delivered", 2, 2, 1), 2, 0)),
    ("the defect is reopened", lambda p: p.issue.set(status="In Progress"), ("product", "helpdesk"),
     lambda p: table(p, ("open", "pending", 3, 1, 2), (CU, "pending", 3, 3, 1), 2, 1)),
    ("unlinked", lambda p: p.a.set(fields={"Defect": ""}), ("helpdesk", "product"), unlinked),
    ("released again", lambda p: p.issue.release("1.1"), ("product", "helpdesk"),
     lambda p: table(p, ("open", "unlinked", 4, 1, 2), ("resolved", "delivered", 4, 4, 1), 1, 0, [p.b])),
    ("a field of the bridge's edited", lambda p: p.b.set(fields={"Known Error": "see my own list"}), (), edited),
]
PATHS_A = [[], *[["new", CU]] * 3, *[["new", CU, "open"]] * 6]
PATHS_B = [[], *[["new", CU]] * 4, ["new", CU, "resolved"], *[["new", CU, "resolved", CU]] * 2,
           *[["new", CU, "resolved", CU, "resolved"]] * 2]


@scenario(20, "kill -9", cases=7)
def kills(r):
    with r.open(trackers={"helpdesk": LOOK, "product": LOOK}) as s:
        pairs = []
        with r.case(f"{r.kills} kills, each inside a request, and started again each time"):
            how = killed(r, s, pairs)
            wait(lambda: [line for p in pairs for line in p.ready()], 60 * r.slow, 1, s.story)
            s.settle(timeout=60 * r.slow)
            r.figure("kill -9", ", ".join(f"{n} {name}" for name, n in how.items()))
            assert sum(how.values()) == r.kills and s.bascule.starts == r.kills + 1, (how, s.bascule.starts)
            if r.kills >= 20:
                assert all(how.values()), how
        ends(r, s, pairs)


def ends(r, s, pairs):
    with r.case("both sides are as the decision table says: states, fields, counters, notes"):
        s.now_all([want for p in pairs for want in p.wants()])
    with r.case("no state was set twice"):
        for ticket, path in (both for p in pairs for both in p.paths()):
            states_once(ticket, path)
    with r.case("no note stands twice, nobody was told twice"):
        for ticket in (t for p in pairs for t in (p.a, p.b)):
            told = [m for n in ticket.own_notes() if n.public for m in n.markers]
            mails = [m["body"] for m in s.own_mails(ticket)]
            assert len(told) == len(set(told)), f"{ticket}: {told}"
            assert all(sum(m in body for body in mails) == 1 for m in told), f"{ticket}: {told} in {mails}"
    with r.case("no write reached a tracker twice"):
        writes_once(s)
    with r.case("the database is sound, and the audit finds no difference but the edited field"):
        s.cli("doctor", ok=(0,), timeout=60)
        found = s.cli("audit", "--format", "json", ok=None, timeout=90).json()
        assert {d["ref"] for d in found} <= {p.b.ref for p in pairs if p.over}, found
    with r.case("nothing is written any more"):
        s.polls(4)
        s.quiet(3)


# ---- dying ----

def killed(r, s, pairs):
    """The story; how often it died in which way."""
    how = {"before": 0, "after": 0, "late": 0, "reading": 0}
    for n in range(r.kills):
        pair = next_pair(r, s, pairs)
        where = STEPS[pair.step][2]
        way = ("before", "after", "late")[n % 3] if where else "reading"
        tracker = where[n // 3 % len(where)] if where else ("helpdesk", "product")[n % 2]
        die(r, s, pair, way, s.proxies[tracker])
        how[way] += 1
    return how


def next_pair(r, s, pairs):
    """One that is ready for its next step, the one that rested longest first; new ones while there are few."""
    end = time.monotonic() + 60 * r.slow
    while True:
        under_way = [p for p in pairs if not p.over]
        if len(under_way) < PAIRS:
            pairs.append(Pair(s, len(pairs) + 1))
            return pairs[-1]
        missing = []
        for pair in sorted(under_way, key=lambda p: p.acted):
            lines = pair.ready()
            if not lines:
                return pair
            missing += lines
        if time.monotonic() > end:
            raise Mismatch("no pair comes to what the table says:\n" + "\n".join(missing) + s.story())
        time.sleep(0.3)


def die(r, s, pair, way, proxy):
    step, match = STEPS[pair.step][0], READ if way == "reading" else WRITE
    rule = inject(proxy, way, match)
    pair.act()
    if not proxy.wait_in_flight(20 * r.slow, done=way == "after", **match):
        raise Mismatch(f"pair {pair.number}, {step}: no request to die in\n" + s.story([pair.a, pair.b, pair.issue]))
    s.bascule.process.send_signal(signal.SIGKILL)
    code = s.bascule.process.wait(10)
    assert code == -signal.SIGKILL, code
    assert proxy.hits(rule) >= 1, "the fault was never met"
    proxy.clear()
    s.bascule.start()


def inject(proxy, way, match):
    if way == "late":
        proxy.delay(LATE, **match)
        return proxy.cut_after(**match)
    return proxy.hold_answer(**match) if way == "after" else proxy.hang(**match)


# ---- once ----

def states_once(ticket, path):
    """Its states one after another. What RT or the bridge opened on the way from one closed state to the next - around
    a public note, or because RT knows no other way - is folded: at most once for each note that was told."""
    folded, around = [], 0
    for by, old, new in ticket.moves():
        folded = folded or [(None, old)]
        assert old == folded[-1][1], f"{ticket}: {ticket.moves()}"
        if old == "open" and by in OWN and folded[-1][0] in OWN and folded[-2][1] in CLOSED and new in CLOSED:
            folded.pop()
            around += 1
        if new != folded[-1][1]:
            folded.append((by, new))
    public = sum(n.public for n in ticket.own_notes())
    assert [state for _, state in folded] == path and around <= public, \
        f"{ticket}: {ticket.moves()}, {around} times around {public} public notes, expected {path}"


def writes_once(s):
    """Two alike running, on one record: the second one was too much."""
    for name, proxy in s.proxies.items():
        last = {}
        for method, path, body in proxy.delivered():
            record = path.partition("?")[0].rpartition(".")[0] if name == "product" else "/".join(path.split("/")[:5])
            assert last.get(record) != (method, path, body), f"{name}: twice running: {method} {path} {body[:200]}"
            last[record] = (method, path, body)
