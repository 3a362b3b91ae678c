"""6. The fix did not hold: the defect is reopened, and released once more.

Assumed: RT has no way from resolved to closed-unresolved, so the bridge goes
by `open`, and no mail but the bridge's note leaves on the way. "What people
resolved": resolved by an agent before the release, or by an agent after the
customer had reopened it. The note "did not hold" is public by default, so the
customer reads three: fixed in 1.0, did not hold, fixed in 1.1.
"""
import re
import time

from harness.expect import lacks
from harness.runner import scenario
from harness.words import DID_NOT_HOLD, FIXED, KNOWN_ERROR, naming


@scenario(6, "reopened, released again", cases=10)
def reopened(r):
    with r.open() as s:
        story(r, s)
    with r.open(policy={"reopen_window": "2s"}) as s:
        late(r, s)


def story(r, s):
    issue = s.issue("The fix that was none")
    bridged, by_hand, moved = s.linked(issue), s.linked(issue, status="resolved", requester="bob"), s.linked(issue)
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (bridged, moved)])
    s.settle()
    problem = s.bascule.show(bridged.ref)["problems"][0]
    issue.release("1.0")
    s.expect_all([(t, {"status": "resolved", "turn": 2}) for t in (bridged, moved)])
    s.settle()
    # a person takes this one over: opened and resolved by hand
    moved.set(status="open")
    s.expect(moved, state="open")
    moved.set(status="resolved")
    s.expect(moved, state="resolved")
    s.settle()
    moves = {t: t.moves() for t in (bridged, by_hand, moved)}
    issue.set(status="In Progress")

    with r.case("what the bridge resolved goes back, by RT's allowed steps"):
        s.expect(bridged, status="closed-unresolved", verdict="pending", turn=3)
        steps = [(a, b) for _, a, b in bridged.moves()[len(moves[bridged]):]]
        assert steps == [("resolved", "open"), ("open", "closed-unresolved")], steps
    with r.case("one note names the defect"):
        s.settle()
        s.now(bridged, notes=[("internal", KNOWN_ERROR), ("public", FIXED), ("public", DID_NOT_HOLD)])
        text = bridged.own_notes()[-1].text
        assert str(issue.id) in text, text
    with r.case("what people resolved does not go back"):
        s.now_all([(by_hand, {"status": "resolved", "moves": moves[by_hand], "notes": []}),
                   (moved, {"status": "resolved", "moves": moves[moved]})])
    with r.case("... and stands on the attention list, with the count"):
        entries = [a for a in s.bascule.list("attention") if a["kind"] == "did-not-hold"]
        assert len(entries) == 1 and entries[0].get("subject", entries[0].get("ref")) == problem, entries
        # the one that people had resolved before, and the one that they took over
        assert re.search(r"\b2 incidents\b", entries[0]["text"]), entries[0]
    with r.case("problem and known error are open again"):
        s.expect(problem, delivery="pending", status=lambda have: have != "closed")
        s.expect(issue, unresolved=1)
    with r.case("released a second time: resolved a second time, told a second time"):
        issue.release("1.1")
        told = [naming("1.0"), DID_NOT_HOLD, naming("1.1")]
        s.expect(bridged, status="resolved", verdict="delivered", turn=4, told=told)
        s.settle()
        s.now(bridged, told=told, notes=lambda n: len(n) == 4)
    with r.case("... only what the bridge had taken back"):
        s.now_all([(by_hand, {"status": "resolved", "told": []}), (moved, {"told": [naming("1.0")]})])
        s.expect(problem, delivery="delivered", status="closed", attention=lacks("did-not-hold"))
    with r.case("reopened and released between two polls moves no turn"):
        s.bascule.stop()
        issue.set(status="In Progress")
        issue.set(status="Closed")
        s.start()
        s.settle()
        s.now(bridged, status="resolved", turn=4)


def late(r, s):
    issue = s.issue("Reopened late")
    ticket = s.linked(issue)
    s.expect(ticket, status="closed-unresolved")
    s.settle()
    issue.release("1.0")
    s.expect(ticket, status="resolved", verdict="delivered")
    s.settle()
    time.sleep(3)
    with r.case("outside reopen_window: not moved, nobody told"):
        issue.set(status="In Progress")
        s.expect(ticket, verdict="pending", turn=3)
        s.settle()
        s.now(ticket, status="resolved", told=[FIXED])
    with r.case("... attention instead"):
        assert any(a["kind"] == "did-not-hold" for a in s.bascule.list("attention")), s.bascule.list("attention")
