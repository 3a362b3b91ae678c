"""3. An agent closes as closed-unresolved by hand.

Assumed: such a ticket gets fields and counts, but neither a state nor a note
of the bridge's (the table: pending, closed-unresolved). `list attention` names
the ticket with kind `orphan` as long as nothing is behind it.
"""
from harness.expect import has, lacks
from harness.runner import scenario

MINE = {"status": "closed-unresolved", "notes": [], "told": []}


@scenario(3, "closed-unresolved by hand", cases=8)
def by_hand(r):
    with r.open(policy={"treatment": "leave"}) as s:
        issue = s.issue("Behind it")
        before, bare, after = s.ticket("Closed before the link"), s.ticket("Nothing behind"), s.linked(issue)
        s.expect(after, verdict="pending", field_problem=lambda have: "P-" in have)
        for ticket in (before, bare, after):
            ticket.set(status="closed-unresolved")

        with r.case("with nothing behind it: attention"):
            s.expect_all([(t, {"attention": has("orphan"), "state": "closed-unresolved", "verdict": "unlinked"})
                          for t in (before, bare)])
        with r.case("after the link: it counts, and stays as it is"):
            s.expect(issue, count=1, unresolved=1, linked=[after.id])
            s.expect(after, attention=lacks("orphan"), verdict="pending", state="closed-unresolved",
                     status="closed-unresolved")
        with r.case("the entry says who can clear it, and how"):
            entry = next(a for a in s.bascule.attention(bare) if a["kind"] == "orphan")
            assert entry.get("who") and entry.get("clear"), entry
        with r.case("status asks for attention by its exit code"):
            assert s.cli("status", ok=None).code == 3
        with r.case("linked afterwards: fields and counts, no state, no note, no mail; the attention is cleared"):
            before.set(fields={"Defect": f"#{issue.id}"})
            s.expect(before, verdict="pending", attention=lacks("orphan"), field_problem=lambda have: "P-" in have)
            s.expect(issue, count=2, unresolved=2, linked=sorted([before.id, after.id]))
            s.settle()
            s.now(before, **MINE)
        with r.case("the agent reopens: it no longer counts as closed-unresolved"):
            after.set(status="open")
            s.expect(issue, count=2, unresolved=1)
            after.set(status="closed-unresolved")
            s.expect(issue, count=2, unresolved=2)
        with r.case("the field is removed: undone on both sides, the state untouched, attention again"):
            before.set(fields={"Defect": ""})
            s.expect(before, verdict="unlinked", field_problem="", field_known_error="", attention=has("orphan"))
            s.expect(issue, count=1, unresolved=1, linked=[after.id])
            s.settle()
            s.now(before, **MINE)
            assert before.moves() == [("agent", "new", "closed-unresolved")], before.moves()
        with r.case("the last one removed: the defect's fields are empty, the problem is gone"):
            problem = s.bascule.show(after.ref)["problems"][0]
            after.set(fields={"Defect": ""})
            s.expect(after, verdict="unlinked", field_problem="", attention=has("orphan"))
            s.expect(issue, count=0, unresolved=0, linked=[])
            assert problem not in {p["id"] for p in s.bascule.list("problems")} \
                or s.bascule.show(problem).get("resolution") == "cancelled"
