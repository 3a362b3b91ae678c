"""7. People win: what a person set stays, through 50 polls, with no write.

Assumed: an agent who reopens a ticket leaves at most the one internal note
"came back" on the defect; it is waited for before the 50 polls begin. A person
who clears a filled field rejects a link (scenario 1); here fields are given
other values instead.

The 50 idle polls are also where the figures are taken: requests for each poll,
and commits to the database, which must be none.
"""
import time

from harness.expect import lacks
from harness.runner import scenario
from harness.words import KNOWN_ERROR

POLLS = 50


@scenario(7, "people win", cases=14)
def people_win(r):
    with r.open(policy={"on_risk_accepted": "close",
                        "for": [{"match": {"service": ["Hold"]}, "treatment": "hold"}]}) as s:
        issue, other = s.issue("Contended"), s.issue("Field fights")
        reopened, back, stalled, opened = s.linked(issue), s.linked(issue, requester="bob"), s.linked(issue), \
            s.linked(issue, fields={"Service": "Hold"})
        edited = s.linked(other)
        s.expect_all([(t, {"status": "closed-unresolved", "notes": [("internal", KNOWN_ERROR)]})
                      for t in (reopened, back, stalled, edited)])
        s.expect_all([(opened, {"status": "stalled"}), (issue, {"count": 4, "unresolved": 3}), (other, {"count": 1})])
        s.settle()
        closed = closed_by_the_bridge(s)

        # ---- people act ----
        reopened.set(status="open")
        back.reply("It still does not work!", by="bob")
        stalled.set(status="open")
        stalled.set(status="stalled")
        opened.set(status="open")
        edited.set(fields={"Known Error": "see my own list"})
        closed.set(status="In Progress")
        other.set(fields={"Incident count": "99", "Linked incidents": "I keep my own list here"})
        s.expect_all([(t, {"state": "open"}) for t in (reopened, back, opened)] + [(stalled, {"state": "waiting"})])
        s.expect_all([(issue, {"unresolved": 0}), (closed, {"state": "working"})])
        s.settle()
        records = [reopened, back, stalled, opened, edited]
        seen = {t: (t.status, t.moves(), len(t.own_notes())) for t in records}
        journals = {i: len(i.journals()) for i in (issue, other, closed)}
        fifty_polls(r, s)

        with r.case("an agent's reopening stays"):
            s.now(reopened, status="open", notes=[("internal", KNOWN_ERROR)], told=[])
        with r.case("a customer's reopening stays, and asks for attention"):
            s.now(back, status="open", attention=lambda have: "came-back" in have)
        with r.case("a state set by hand stays"):
            s.now_all([(stalled, {"status": "stalled"}), (opened, {"status": "open"})])
        with r.case("a defect's state set by hand stays, though the bridge had closed it"):
            assert closed.status == "In Progress", closed.status
        with r.case("edited fields stay, on both sides"):
            s.now(edited, field_known_error="see my own list")
            assert other.fields["Incident count"] == "99", other.fields
            assert other.fields["Linked incidents"] == "I keep my own list here", other.fields
        with r.case("no record has any new entry in its history"):
            assert seen == {t: (t.status, t.moves(), len(t.own_notes())) for t in records}
            assert journals == {i: len(i.journals()) for i in journals}
        with r.case("the journal says who overrode what"):
            said = [j for j in s.bascule.list("journal") if j["what"] == "override"]
            refs = {j["ref"] for j in said}
            assert {reopened.ref, edited.ref, other.ref, closed.ref} <= refs, refs
        facts_move(r, s, issue, other, reopened, edited, stalled)


def closed_by_the_bridge(s):
    """A defect whose risk the manager accepted."""
    issue = s.issue("Too rare to be fixed")
    ticket = s.linked(issue, requester="bob")
    s.expect(ticket, status="closed-unresolved")
    s.settle()
    s.cli("problem", "accept-risk", s.bascule.show(ticket.ref)["problems"][0], "--reason", "too rare",
          "--review", "2027-05-01")
    s.expect(issue, status="Won't Fix")
    s.settle()
    return issue


def fifty_polls(r, s):
    with r.case(f"{POLLS} polls: not one write"):
        s.polls(8)  # what changed within the last seconds is read once more; that is no idle poll
        s.polls(3)  # what it wrote itself has been read back
        version, began = s.bascule.data_version(), time.time()
        s.polls(POLLS, timeout=POLLS * 3)
        s.no_writes(began)
        commits = s.bascule.data_version() != version
    with r.case("one request a poll and tracker, and no commit to the database"):
        for name, proxy in s.proxies.items():
            requests = proxy.requests_since(began)
            polls = sum(q.poll for q in requests)
            r.figure(f"idle: requests a poll, {name}", f"{len(requests) / max(1, polls):.2f} ({polls} polls)")
            assert polls >= POLLS and len(requests) == polls, [q.line for q in requests if not q.poll][:10]
        r.figure("idle: commits to the database a poll", "some" if commits else f"0.00 ({POLLS} polls)")
        assert not commits, "somebody wrote to the database while nothing happened"


def facts_move(r, s, issue, other, reopened, edited, stalled):
    with r.case("the facts move: the fields are the bridge's again"):
        more = s.linked(other)
        s.expect(other, count=2, linked=sorted([edited.id, more.id]))
    with r.case("... what people set on another record stays"):
        s.settle()
        s.now(edited, field_known_error="see my own list")
    with r.case("released: what waits is resolved, though a person put it on hold"):
        issue.release("1.1")
        s.expect(stalled, status="resolved", verdict="delivered")
    with r.case("released: a reopened one is not moved; the agent is told, the customer is not"):
        s.expect(reopened, verdict="delivered", internal=2)
        s.settle()
        s.now(reopened, status="open", told=[], public=0, attention=lacks("parked"))
    with r.case("nothing comes after"):
        s.quiet(2)
