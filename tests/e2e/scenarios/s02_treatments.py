"""2. What happens to an incident whose cause is known and not yet fixed.

One file with `for:` rules gives each treatment to a service of its own, so all
stand side by side in one run; what a rule leaves out comes from above.

Assumed: an RT status `new` and `open` are both open; a ticket that is put on
hold becomes `stalled`; the known-error note is internal as long as the problem
has no published text, and public, with that text, afterwards.
"""
import time

from harness.expect import has, lacks
from harness.runner import scenario
from harness.words import DECLINED, KNOWN_ERROR, naming

POLICY = {
    "treatment": "close",
    "for": [
        {"match": {"service": ["Hold"]}, "treatment": "hold"},
        {"match": {"service": ["Leave"]}, "treatment": "leave"},
        {"match": {"service": ["Careful", "Careless"]}, "require_workaround": True},
        {"match": {"service": ["Settle"]}, "settle": {"pending": "6s", "declined": "6s", "delivered": "6s"}},
        {"match": {"priority": ["critical"]}, "treatment": "leave"},
        {"match": {"field": {"Service": "By field"}}, "treatment": "hold"},
    ],
}
SAID = [("internal", KNOWN_ERROR)]


@scenario(2, "treatment, require_workaround, for, settle", cases=20)
def treatments(r):
    with r.open(policy=POLICY) as s:
        plain(r, s)
        rules(r, s)
        workaround(r, s)
        settling(r, s)


def plain(r, s):
    def started(service, status=None):
        issue = s.issue(f"For {service} {status}")
        return s.linked(issue, fields={"Service": service}, status=status), issue

    rows = [
        ("close: a new one", "Close", None, "closed-unresolved"),
        ("close: one that waits", "Close", "stalled", "closed-unresolved"),
        ("hold: an open one", "Hold", "open", "stalled"),
        ("hold: one that waits already", "Hold", "stalled", "stalled"),
        ("leave: an open one", "Leave", "open", "open"),
        ("leave: one that waits", "Leave", "stalled", "stalled"),
    ]
    prepared = [(name, *started(service, status), want) for name, service, status, want in rows]
    for name, ticket, issue, want in prepared:
        with r.case(name):
            s.expect(ticket, status=want, verdict="pending", turn=1, notes=SAID)
            s.now(ticket, told=[], attention=[])
            s.expect(issue, count=1, unresolved=int(want == "closed-unresolved"))

    with r.case("none was told anything, none moved again"):
        s.settle()
        s.now_all([(ticket, {"status": want, "notes": SAID}) for _, ticket, _, want in prepared])
        s.quiet(2)

    with r.case("what people closed stays closed"):
        issue = s.issue("For closed ones")
        done, rejected = s.linked(issue, status="resolved"), s.linked(issue, status="rejected")
        s.settle()
        s.now_all([(done, {"status": "resolved", "verdict": "pending", "notes": []}),
                   (rejected, {"status": "rejected", "notes": []})])


def rules(r, s):
    with r.case("for: by priority"):
        urgent = s.linked(s.issue("Urgent"), fields={"Impact": "critical"})
        usual = s.linked(s.issue("Usual"), fields={"Impact": "high"})
        s.expect_all([(urgent, {"notes": SAID, "status": "new"}),
                      (usual, {"notes": SAID, "status": "closed-unresolved"})])
    with r.case("for: by a field of the tracker's own"):
        ticket = s.linked(s.issue("By field"), fields={"Service": "By field"})
        s.expect(ticket, notes=SAID, status="stalled")
    with r.case("for: the first match wins, key by key"):
        # Hold comes before critical -> leave
        ticket = s.linked(s.issue("Both"), fields={"Service": "Hold", "Impact": "critical"})
        s.expect(ticket, notes=SAID, status="stalled")


def workaround(r, s):
    with r.case("require_workaround: open until one is published, then closed with it, in public, once"):
        issue = s.issue("Needs a workaround")
        ticket = s.linked(issue, fields={"Service": "Careful"})
        s.expect(ticket, verdict="pending", notes=SAID)
        s.settle()
        s.now(ticket, status="new")
        problem = s.bascule.show(ticket.ref)["problems"][0]
        s.cli("problem", "set", problem, "--customer-text", "Save twice before you print.")
        s.settle()
        s.now(ticket, status="new", notes=SAID)
        s.cli("problem", "publish", problem)
        s.expect(ticket, status="closed-unresolved", outcome="workaround",
                 notes=[*SAID, ("public", naming("Save twice before you print."))])
        s.settle()
        s.now(ticket, status="closed-unresolved", told=[naming("Save twice before you print.")])
    with r.case("... and one that is linked afterwards is closed at once, with the text"):
        late = s.linked(issue, fields={"Service": "Careless"}, requester="bob")
        s.expect(late, status="closed-unresolved", notes=[("public", naming("Save twice before you print."))])
        s.settle()
        s.now(late, told=[naming("Save twice before you print.")])
    with r.case("a problem without a defect: open, nobody works on it; closed once a workaround is published"):
        made = s.bascule.json("problem", "new", "--title", "The printer room is too warm")
        ticket = s.ticket(fields={"Service": "Close", "Problem": made["id"]})
        s.expect(ticket, verdict="pending", problems=[made["id"]])
        s.settle()
        s.now(ticket, status="new")
        s.expect(made["id"], delivery="none", attention=has("nobody-works"))
        s.cli("problem", "set", made["id"], "--customer-text", "Open the window.")
        s.cli("problem", "publish", made["id"])
        s.expect(ticket, status="closed-unresolved", told=[naming("Open the window.")])


def settling(r, s):
    # with a published text the known-error note is one that customers read: there is something not to tell
    text, issue = "Switch the second one on first.", s.issue("Slip")
    first = s.linked(issue, requester="bob")
    s.expect(first, status="closed-unresolved")
    problem = s.bascule.show(first.ref)["problems"][0]
    s.cli("problem", "publish", problem, "--customer-text", text)
    s.expect(first, told=[naming(text)])
    first.set(status="resolved")  # it has shown that there is a text to be told; the story goes on without it
    s.expect(first, state="resolved")
    with r.case("settle: a slip that is corrected in time tells nobody and moves nothing"):
        slip = s.linked(issue, fields={"Service": "Settle"})
        s.expect(slip, verdict="pending", field_problem=lambda have: have.startswith("P-") or "P-" in have)
        slip.set(fields={"Defect": ""})
        s.expect(slip, verdict="unlinked", field_problem="")
        time.sleep(6)
        s.settle()
        s.now(slip, status="new", notes=lambda notes: not any(v == "public" for v, _ in notes), told=[])
    with r.case("settle: what stands that long is closed and told then, not before"):
        ticket = s.linked(issue, fields={"Service": "Settle"})
        s.expect(ticket, verdict="pending")
        began = time.monotonic()
        s.polls(2)
        s.now(ticket, status="new", told=[])
        s.expect(ticket, status="closed-unresolved", attention=lacks("parked"), told=[naming(text)])
        assert time.monotonic() - began > 2.5, "closed though the verdict had not settled"
    with r.case("settle: a release by mistake, taken back in time, tells nobody"):
        issue.release("1.1")
        s.expect(ticket, verdict="delivered", turn=2)
        issue.set(status="In Progress")
        s.expect(ticket, verdict="pending", turn=3)
        time.sleep(6)
        s.settle()
        s.now(ticket, status="closed-unresolved", told=[naming(text)], public=1)
    with r.case("settle: a refusal by mistake, taken back in time, tells nobody"):
        issue.set(status="Won't Fix")
        s.expect(ticket, verdict="declined", turn=4)
        issue.set(status="In Progress")
        s.expect(ticket, verdict="pending", turn=5)
        time.sleep(6)
        s.settle()
        s.now(ticket, status="closed-unresolved", told=[naming(text)], public=1)
    with r.case("settle: a refusal that stands is told then, not before"):
        issue.set(status="Won't Fix")
        s.expect(ticket, verdict="declined", turn=6)
        s.polls(2)
        s.now(ticket, told=[naming(text)])
        s.expect(ticket, status="closed-unresolved", told=[naming(text), DECLINED])
        issue.set(status="In Progress")
        s.expect(ticket, verdict="pending", turn=7)
    with r.case("settle: a release that stands is told then"):
        issue.release("1.1")
        s.expect(ticket, verdict="delivered", turn=8)
        s.polls(2)
        s.now(ticket, status="closed-unresolved", public=2)
        s.expect(ticket, status="resolved", told=[naming(text), DECLINED, naming("1.1")])
