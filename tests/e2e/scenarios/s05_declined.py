"""5. Developers will not fix it.

Assumed: the first stage gives the outcome a field of RT's (`fields.outcome`);
in the second, without one, it stands in the note only and the service knows it
as `outcome` of the incident. "Both sides show it" (the
accepted risk): the service's problem and incidents, and an internal note on
the defect with the reason. With `on_declined: ask` nothing at all leaves for
the incidents until the manager has accepted the risk or pushed back; after
either the rows hold as they stand (domain.md 4, read to the letter).
"""
from harness.expect import has, lacks
from harness.runner import scenario
from harness.words import DECLINED, KNOWN_ERROR, RISK_ACCEPTED, naming

ASK = {"for": [{"match": {"service": ["Ask"]}, "on_declined": "ask"}]}


@scenario(5, "won't fix", cases=14)
def declined(r):
    with r.open(policy={"for": [{"match": {"service": ["Hold"]}, "treatment": "hold"}]},
                trackers={"helpdesk": {"fields": {"outcome": "Outcome"}}}) as s:
        kept(r, s)
    with r.open(policy=ASK) as s:
        asked(r, s)


def kept(r, s):
    issue = s.issue("Works on odd days only")
    bridged, by_hand = s.linked(issue), s.linked(issue, status="closed-unresolved", requester="bob")
    waiting = s.linked(issue, fields={"Service": "Hold"})
    solved = s.linked(issue, status="resolved")
    s.expect_all([(bridged, {"status": "closed-unresolved"}), (waiting, {"status": "stalled"}), (issue, {"count": 4})])
    s.settle()
    problem = s.bascule.show(bridged.ref)["problems"][0]
    issue.set(status="Won't Fix")

    with r.case("closed-unresolved ones stay, with the outcome and one note in public"):
        s.expect(bridged, status="closed-unresolved", verdict="declined", outcome="wont-fix",
                 notes=[("internal", KNOWN_ERROR), ("public", DECLINED)])
        s.expect(by_hand, status="closed-unresolved", verdict="declined", outcome="wont-fix",
                 notes=[("public", DECLINED)])
        s.settle()
        s.now_all([(t, {"status": "closed-unresolved", "told": [DECLINED], "field_outcome": "wont-fix"})
                   for t in (bridged, by_hand)])
    with r.case("a waiting one is closed-unresolved too, and told"):
        s.expect(waiting, status="closed-unresolved", outcome="wont-fix", told=[DECLINED],
                 field_outcome="wont-fix")
    with r.case("a resolved one is left alone"):
        s.now(solved, status="resolved", notes=[], told=[])
    with r.case("the problem asks for a decision"):
        s.expect(problem, delivery="declined", attention=has("declined-decide"))
        entry = next(a for a in s.bascule.attention(problem) if a["kind"] == "declined-decide")
        assert entry.get("who") and "accept" in entry.get("clear", ""), entry
    with r.case("the tickets count as closed-unresolved on the defect"):
        s.expect(issue, count=4, unresolved=3)
    with r.case("accept-risk needs a reason"):
        for given in ((), ("--reason", ""), ("--reason", " ")):
            said = s.cli("problem", "accept-risk", problem, "--review", "2027-05-01", *given, ok=None)
            assert said.code in (1, 2) and "--reason" in said.err and "--review" not in said.err, (said.code, said.err)
        s.now(problem, resolution=lambda have: not have)
    with r.case("accepting the risk settles it, on both sides"):
        s.cli("problem", "accept-risk", problem, "--reason", "Two customers, and a way round", "--review", "2027-05-01")
        s.expect(problem, resolution="risk-accepted", attention=lacks("declined-decide"),
                 review=lambda have: (have or "").startswith("2027-05-01"))
        s.expect(issue, notes=lambda notes: any(v == "internal" and RISK_ACCEPTED.search(t)
                                                and "Two customers, and a way round" in t for v, t in notes))
        s.expect_all([(t, {"outcome": "risk-accepted", "status": "closed-unresolved", "field_outcome": "risk-accepted"})
                      for t in (bridged, by_hand, waiting)])
    with r.case("... and tells no customer a second time"):
        s.settle()
        s.now_all([(t, {"told": [DECLINED]}) for t in (bridged, by_hand, waiting)])
    with r.case("a new incident is told at once that no fix is planned"):
        new = s.linked(issue, requester="bob")
        s.expect(new, status="closed-unresolved", verdict="declined", outcome="risk-accepted",
                 field_outcome="risk-accepted",
                 notes=[("public", DECLINED)], told=[DECLINED])
        s.expect(issue, count=5, unresolved=4)


def asked(r, s):
    issue = s.issue("To be asked about")
    ticket, other = s.linked(issue, fields={"Service": "Ask"}), s.linked(s.issue("Another"), fields={"Service": "Ask"})
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (ticket, other)])
    s.settle()
    problem = s.bascule.show(ticket.ref)["problems"][0]
    with r.case("on_declined: ask: nobody is told before the manager has spoken"):
        issue.set(status="Won't Fix")
        s.expect(problem, delivery="declined", attention=has("declined-decide"))
        s.settle()
        s.now(ticket, verdict="declined", told=[], notes=[("internal", KNOWN_ERROR)], status="closed-unresolved")
    with r.case("... then told, once"):
        s.cli("problem", "accept-risk", problem, "--reason", "Too rare", "--review", "2027-05-01")
        s.expect(ticket, notes=[("internal", KNOWN_ERROR), ("public", DECLINED)], outcome="risk-accepted")
        s.settle()
        s.now(ticket, told=[DECLINED], status="closed-unresolved")
    with r.case("the reason stands in what the customer reads"):
        s.now(ticket, told=[naming("Too rare")])
    with r.case("pushed back instead: nobody is asked again, and what was withheld leaves, once"):
        second = s.redmine.find(s.bascule.show(other.ref)["defects"][0])
        second.set(status="Won't Fix")
        problem = s.bascule.show(other.ref)["problems"][0]
        s.expect(problem, delivery="declined", attention=has("declined-decide"))
        s.cli("problem", "push-back", problem, "--reason", "ten customers ask for it")
        s.expect(problem, attention=lacks("declined-decide"))
        s.expect(other, told=[DECLINED], outcome="wont-fix")
        s.settle()
        s.now(other, status="closed-unresolved", told=[DECLINED])
    with r.case("the defect is taken up again after all: pending again, and nobody is told"):
        issue.set(status="In Progress")
        s.expect(issue, state="working")
        s.settle()
        s.now(ticket, status="closed-unresolved", told=[DECLINED])
