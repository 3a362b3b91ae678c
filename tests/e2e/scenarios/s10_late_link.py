"""10. The link is made after the release: a recurrence, and no public note.

Assumed: a link counts as late when its evidence is more than 2 s younger than
the release, by the trackers' clocks; so 4 s are let pass where "late" is meant.
"Seen in one poll": the service is down while both happen.
"""
import time

from harness.expect import has
from harness.runner import scenario
from harness.words import FIXED, RECURRENCE, naming


@scenario(10, "links made after the release", cases=8)
def late_links(r):
    with r.open() as s:
        issue = s.issue("Released long ago")
        first = s.linked(issue)
        s.expect(first, status="closed-unresolved")
        s.settle()
        issue.release("1.1")
        s.expect(first, status="resolved")
        time.sleep(4)

        late = [s.linked(issue, requester="bob"), s.linked(issue, status="stalled"),
                s.linked(issue, status="closed-unresolved", requester="bob")]
        for ticket, name in zip(late, ("an open one", "a waiting one", "a closed-unresolved one")):
            with r.case(f"{name}: an internal note, attention, no state"):
                before = ticket.status
                s.expect(ticket, verdict="delivered", attention=has("recurrence"), notes=[("internal", RECURRENCE)])
                s.settle()
                s.now(ticket, status=before, told=[])
                assert before == {"an open one": "new", "a waiting one": "stalled"}.get(name, "closed-unresolved")
        with r.case("the note names version and day"):
            text = late[0].own_notes()[0].text
            assert "1.1" in text and time.strftime("%Y-%m-%d", time.gmtime()) in text, text
        with r.case("made by an old ticket's new comment: late too"):
            old = s.ticket()
            s.settle()
            old.comment(f"It is BUG-{issue.id}")
            s.expect(old, verdict="delivered", notes=[("internal", RECURRENCE)], attention=has("recurrence"))
            s.settle()
            s.now(old, status="new", told=[])
        with r.case("the one that was resolved in time is not asked about"):
            s.now(first, status="resolved", attention=lambda have: "recurrence" not in have, told=[FIXED])

        one_poll(r, s)


def one_poll(r, s):
    fresh, stale = s.issue("Both at once"), s.issue("The other way round")
    ticket, other = s.ticket(), s.ticket(requester="bob")
    s.settle()
    s.bascule.stop()
    ticket.set(fields={"Defect": str(fresh.id)})
    fresh.release("1.1")
    stale.release("1.1")
    time.sleep(4)
    other.set(fields={"Defect": str(stale.id)})
    s.start()
    with r.case("link and release seen in one poll: resolved, told once"):
        s.expect(ticket, status="resolved", verdict="delivered", told=[naming("1.1")])
    with r.case("release and late link seen in one poll: a recurrence"):
        s.expect(other, verdict="delivered", notes=[("internal", RECURRENCE)])
        s.settle()
        s.now(other, status="new", told=[])
