"""18. Presence and moves: what is merged, deleted, moved away or hidden changes no verdict, and is left alone; a move
that the workflow forbids is walked where a path exists, and else parked until a person makes it.

Assumed:
- A sweep every two seconds, so that what no list tells is found within the scenario; an absence is believed after two
  looks.
- A record in another queue or project is one that the account may not see: `forbidden`.
- Redmine refuses its list to an account without the right: then the whole tracker is down, and none of its records is
  looked at. RT gives an empty list: there each record is found to be forbidden.
- A merged ticket and a deleted one need nobody; the hidden ones name the owner, a deleted defect the practitioner.
- What a ticket was told before it was merged away is not told to the survivor.
- The way to a state that can't be reached directly goes by the tracker's word for `open`; RT has none from resolved to
  closed-unresolved, a Redmine developer none from Known Error to Won't Fix.
"""
import re
import signal
import time
from collections import Counter

from harness.expect import has, lacks, wait
from harness.rt import MARKER
from harness.runner import scenario
from harness.words import DECLINED, DID_NOT_HOLD, FIXED, KNOWN_ERROR, naming

SWEEP = {"trackers": {"helpdesk": {"sweep": "2s"}, "product": {"sweep": "2s"}}}
FOUND = 60  # seconds until two looks have been taken at each
SAID = [("internal", KNOWN_ERROR)]


@scenario(18, "presence and moves", cases=24)
def presence_and_moves(r):
    with r.open(**SWEEP, policy={"for": [{"match": {"service": ["Hold"]}, "treatment": "hold"}]}) as s:
        absent(r, s)
        no_right(r, s)
    walked_in_rt(r)
    with r.open(policy={"on_risk_accepted": "close"}) as s:
        parked_in_rt(r, s)
    with r.open(start=False, policy={"on_risk_accepted": "close"},
                trackers={"product": {"states": {"Known Error": "working"}}}) as s:
        s.bascule.env["REDMINE_KEY"] = s.backend.env["REDMINE_DEV_KEY"]
        s.start()
        parked_in_redmine(r, s)
        walked_in_redmine(r, s)


def path_of(record):
    return rf"/(ticket|issues)/{record.id}(\.json|/|\?|$)" if not isinstance(record, str) else record


def written_to(s, records, since):
    """Writes to these."""
    return [f"{name} {q.line}" for name, proxy in s.proxies.items() for q in proxy.requests_since(since) if q.write
            for x in records if x.ref.startswith(name) and re.search(path_of(x), q.path)]


def untouched(s, records, since):
    written = written_to(s, records, since)
    assert not written, "written, though it is not there:\n" + "\n".join(written)


def seen_as(s, records, presence):
    """The service's word for each, whether its tracker still shows it or not."""
    s.expect_all([(x.ref, {"presence": presence}) for x in records], timeout=FOUND)


def gone_from(s, *records):
    """What can't be read any more, or holds another's notes, is not looked at after each case."""
    for x in records:
        s.records.remove(x)
        s.touched.discard(x)


def clears(s, subject, kind):
    """Whom the attention list names for it, and how it is cleared."""
    entry = next(a for a in s.bascule.attention(subject) if a["kind"] == kind)
    return entry["who"], entry["clear"]


def notes_once(*records):
    for x in records:
        found = Counter(m for n in x.own_notes() for m in n.markers)
        assert all(n == 1 for n in found.values()), f"{x}: {found}"


def verdict_of(s, *tickets):
    return [(s.bascule.show(t.ref)["verdict"], s.bascule.show(t.ref)["state"]) for t in tickets]


# ---- merged, deleted, moved ----

def absent(r, s):
    deleted, moved, back, plain, late = (s.issue(x) for x in (
        "Is deleted", "Is moved away", "Comes back closed", "Stays", "Is released meanwhile"))
    of_deleted, of_moved, of_back = s.linked(deleted), s.linked(moved), s.linked(back)
    merged, survivor, thrown, away = s.linked(plain), s.linked(plain), s.linked(plain), s.linked(plain)
    same = s.linked(late, requester="bob", fields={"Service": "Hold"})
    closed = [of_deleted, of_moved, of_back, merged, survivor, thrown, away]
    s.expect_all([(t, {"status": "closed-unresolved", "notes": SAID}) for t in closed]
                 + [(same, {"status": "stalled"}), (plain, {"count": 4, "unresolved": 4})])
    s.settle()
    began = time.time()
    deleted.delete()
    for issue in (moved, back):
        issue.redmine.call("PUT", f"/issues/{issue.id}.json", {"issue": {"project_id": "other"}})
        assert issue.get()["project"]["name"] != "Product"
    merged.rt.call("PUT", f"/ticket/{merged.id}", {"MergeInto": survivor.id}, "agent")
    thrown.rt.call("DELETE", f"/ticket/{thrown.id}", None, "agent")
    for ticket in (away, same):
        ticket.rt.call("PUT", f"/ticket/{ticket.id}", {"Queue": "Requests"}, "agent")
    gone_from(s, deleted, merged, survivor)
    hidden = [moved, back, away, same]
    seen_as(s, [deleted, thrown], "gone")
    seen_as(s, [merged], "merged")
    seen_as(s, hidden, "forbidden")
    s.settle()
    with r.case("deleted: the defect is gone, its last state counts, and a person is asked"):
        s.now(deleted.ref, presence="gone", state="open", attention=["defect-gone"])
        who, clear = clears(s, deleted.ref, "defect-gone")
        assert who == "practitioner" and f"bascule ack {deleted.ref}" in clear, (who, clear)
        s.now(of_deleted, verdict="pending", turn=1, status="closed-unresolved", told=[], notes=SAID)
    with r.case("deleted: the ticket leaves the counts, and asks nobody"):
        s.now(thrown.ref, presence="gone", verdict="pending", state="closed-unresolved", attention=[])
        s.expect(plain, count=2, unresolved=2, linked=sorted([survivor.id, away.id]))
    with r.case("merged: the survivor has its links, and is told nothing again"):
        s.now(merged.ref, presence="merged", attention=[])
        s.now(survivor, presence="present", verdict="pending", status="closed-unresolved", defects=[plain.ref], told=[])
        assert len(survivor.own_notes()) == 2, survivor.own_notes()  # its own, and the one that came along
        notes_once(survivor)
        s.touched.discard(survivor)
    with r.case("moved away: last state and verdict stay, it counts, and the owner is named"):
        s.now_all([(x.ref, {"presence": "forbidden", "attention": ["defect-hidden"]}) for x in hidden])
        for x in hidden:
            who, clear = clears(s, x.ref, "defect-hidden")
            assert who == "owner" and "right" in clear and "scope" in clear, (who, clear)
        s.now_all([(t, {"verdict": "pending", "turn": 1, "status": "closed-unresolved", "told": []})
                   for t in (of_moved, of_back)])
        s.now_all([(away.ref, {"verdict": "pending", "state": "closed-unresolved"}),
                   (same.ref, {"verdict": "pending", "state": "waiting"}), (late, {"count": 1})])
    with r.case("... none of them is written to"):
        untouched(s, [deleted, thrown, merged, *hidden], began)
    with r.case("facts that move meanwhile are decided, and not written"):
        late.release("1.1")
        s.expect(same.ref, verdict="delivered", turn=2, state="waiting", presence="forbidden")
        back.set(status="Closed")
        away.set(status="open")
        s.settle(polls=4)
        s.now_all([(of_back, {"verdict": "pending", "status": "closed-unresolved", "told": []}),
                   (away.ref, {"state": "closed-unresolved"}), (same, {"status": "stalled", "told": []})])
        untouched(s, [deleted, thrown, merged, *hidden], began)
    came_back(r, s, moved, of_moved, back, of_back, away, plain, same)


def came_back(r, s, moved, of_moved, back, of_back, away, plain, same):
    before = away.moves(), len(away.own_notes())
    for ticket in (away, same):
        ticket.rt.call("PUT", f"/ticket/{ticket.id}", {"Queue": "Incidents"}, "agent")
    for issue in (moved, back):
        issue.redmine.call("PUT", f"/issues/{issue.id}.json", {"issue": {"project_id": "product"}})
    seen_as(s, [moved, back, away, same], "present")
    s.settle()
    with r.case("back in the same state: as if it had never been away"):
        s.now(moved, state="open", attention=[], count=1, linked=[of_moved.id])
        s.now(of_moved, verdict="pending", turn=1, status="closed-unresolved", notes=SAID, told=[])
    with r.case("back in the same state: what was decided meanwhile is done, and told once"):
        s.expect(same, status="resolved", verdict="delivered", attention=[], told=[naming("1.1")])
    with r.case("the ticket came back in another state: an override, and somebody is told"):
        s.now(away, status="open", state="open", verdict="pending", turn=1, attention=has("returned"))
        who, clear = clears(s, away.ref, "returned")
        assert who == "practitioner" and f"bascule ack {away.ref}" in clear, (who, clear)
        assert any(j["ref"] == away.ref and "left alone until the facts move" in j["text"]
                   for j in s.bascule.list("journal") if j["what"] == "override")
    with r.case("... and left alone, through polls and sweeps"):
        began = time.time()
        s.polls(6)
        untouched(s, [away], began)
        s.now(away, status="open", notes=lambda n: len(n) == before[1])
        assert away.moves() == before[0], away.moves()
        s.expect(plain, count=2, unresolved=1)
    with r.case("the defect came back closed: that is a fact, and shown"):
        s.now(back, state="released", attention=has("returned"))
        assert f"bascule ack {back.ref}" in clears(s, back.ref, "returned")[1]
        s.expect(of_back, verdict="delivered", status="resolved", told=[FIXED])
    with r.case("the facts move: what came back is acted on again"):
        plain.release("1.1")
        s.expect(away, verdict="delivered", turn=2)
        s.settle()
        s.cli("ack", away.ref)
        s.cli("ack", back.ref)
        s.expect_all([(x, {"attention": lacks("returned")}) for x in (away, back)])
        assert len(away.own_notes()) == before[1] + 1, away.own_notes()


# ---- the account loses its right ----

def no_right(r, s):
    issue, other = s.issue("Out of sight"), s.issue("Released out of sight")
    ticket, waits = s.linked(issue), s.linked(other, requester="bob")
    s.expect_all([(t, {"status": "closed-unresolved", "notes": SAID}) for t in (ticket, waits)])
    s.settle()
    began = time.time()
    s.backend.rights(False)
    try:
        seen_as(s, [ticket, waits], "forbidden")
        s.expect("product", attention=["tracker-down"])
        with r.case("the right is lost: nothing is closed, verdicts stay, and the owner is named"):
            s.now_all([(t.ref, {"verdict": "pending", "turn": 1, "state": "closed-unresolved",
                                "attention": ["defect-hidden"]}) for t in (ticket, waits)])
            s.now_all([(i.ref, {"state": "open"}) for i in (issue, other)])
            for subject, kind in ((ticket.ref, "defect-hidden"), ("product", "tracker-down")):
                who, clear = clears(s, subject, kind)
                assert who == "owner" and clear, (subject, who, clear)
            assert "right" in clears(s, ticket.ref, "defect-hidden")[1]
        with r.case("... nothing is written anywhere"):
            other.release("1.1")
            time.sleep(5)
            s.no_writes(began)
            s.now_all([(t, {"status": "closed-unresolved", "told": []}) for t in (ticket, waits)])
    finally:
        s.backend.rights(True)
    with r.case("the right is back: all is as before, and what happened meanwhile is done once"):
        seen_as(s, [ticket, waits, issue, other], "present")
        s.expect(waits, verdict="delivered", status="resolved", told=[naming("1.1")], timeout=FOUND)
        s.settle()
        s.now_all([(issue, {"attention": [], "count": 1}),
                   (ticket, {"status": "closed-unresolved", "verdict": "pending", "turn": 1, "attention": [],
                             "notes": SAID, "told": []})])
        hidden = [a for a in s.bascule.list("attention") if a["kind"] in ("defect-hidden", "tracker-down")]
        assert not hidden, hidden


# ---- a move that is forbidden ----

KILLED = {"trackers": {"helpdesk": {"timeout": "5s", "look_after": "5s"}},
          "policy": {"notes": {"did-not-hold": "internal"}}}


def killed_at(s, proxy, lay, record, act, nth, reached):
    """act() leads to writes to the record; the service dies by SIGKILL while the nth PUT of them is under way."""
    where = {"method": "PUT", "path": rf"/(ticket|issues)/{record.id}(\.json)?$"}
    rule = lay(nth=nth, **where)
    act()
    wait(lambda: [] if proxy.hits(rule) else [f"no {nth}. PUT to {record}"], 30 * s.runner.slow, 0.1, s.story)
    wait(lambda: [] if record.status == reached else [f"{record} is {record.status}"], 10, 0.2)
    s.bascule.stop(signal.SIGKILL)
    proxy.clear()
    assert record.status == reached, record.status
    s.start()


def walked_in_rt(r):
    with r.open(**KILLED) as s:
        helpdesk = s.proxies["helpdesk"]
        for lay, nth, when in ((helpdesk.hold_answer, 1, "after the first step, whose answer is lost"),
                               (helpdesk.hang, 2, "before the second step arrives")):
            issue = s.issue("Killed " + when)
            ticket = s.linked(issue)
            s.expect(ticket, status="closed-unresolved")
            s.settle()
            issue.release("1.0")
            s.expect(ticket, status="resolved", told=[FIXED])
            s.settle()
            before = len(ticket.moves())
            with r.case(f"RT, resolved to closed-unresolved, killed {when}: ends right, nothing twice"):
                killed_at(s, helpdesk, lay, ticket, lambda: issue.set(status="In Progress"), nth, "open")
                s.expect(ticket, status="closed-unresolved", verdict="pending", turn=3, timeout=40)
                s.settle()
                steps = [(a, b) for _, a, b in ticket.moves()[before:]]
                assert steps == [("resolved", "open"), ("open", "closed-unresolved")], steps
                s.now(ticket, notes=[("internal", KNOWN_ERROR), ("public", FIXED), ("internal", DID_NOT_HOLD)],
                      told=[FIXED], attention=lacks("came-back", "parked"))
                done = [e["state"] for e in s.bascule.effects(ticket.ref) if e["kind"] == "state"]
                assert done == ["done"] * 3, done


def parked_of(s, record):
    return next(e for e in s.bascule.effects(record.ref) if e["state"] == "parked")


def parked_entry(s, effect):
    return next(a for a in s.bascule.list("attention") if a["kind"] == "parked"
                and a["subject"] == f"effect:{effect['n']}")


def parked_in_rt(r, s):
    issue, other = s.issue("Held back"), s.ticket("Must be done first", requester="bob")
    ticket = s.linked(issue)
    s.expect_all([(ticket, {"status": "closed-unresolved"}), (other, {"known": True})])
    s.settle()
    ticket.rt.call("PUT", f"/ticket/{ticket.id}", {"AddDependsOn": other.id}, "agent")
    issue.release("1.1")
    s.expect(ticket, effects=has(("state", "parked")), timeout=40)
    with r.case("RT refuses: parked with what is to be done, its note waits, and nobody is told", parked=None):
        effect = parked_of(s, ticket)
        entry = parked_entry(s, effect)
        assert ticket.ref in entry["text"] and "make the move in the tracker" in entry["clear"], entry
        assert f"bascule retry {effect['n']}" in entry["clear"], entry
        s.now(ticket, status="closed-unresolved", told=[], verdict="delivered")
    with r.case("RT: a person makes the move: the parked one is done, and its note leaves, once"):
        other.set(status="resolved")
        began = len(ticket.moves())
        ticket.set(status="resolved")
        s.expect(ticket, told=[naming("1.1")], effects=lacks(("state", "parked")))
        s.settle()
        assert next(e["state"] for e in s.bascule.effects(ticket.ref) if e["n"] == effect["n"]) == "done"
        assert not [a for a in s.bascule.list("attention") if a["kind"] == "parked"], s.bascule.list("attention")
        s.now(ticket, status="resolved", told=[naming("1.1")])
        assert [m[0] for m in ticket.moves()[began:] if m[2] == "resolved"][0] == "agent", ticket.moves()


def accept(s, ticket):
    s.cli("problem", "accept-risk", s.bascule.show(ticket.ref)["problems"][0], "--reason", "too rare",
          "--review", "2027-05-01")


def status_moves(issue):
    issue.redmine.status_id("New")  # learns them all
    names = {v: k for k, v in issue.redmine.status_ids.items()}
    return [(j["user"]["name"], names[int(d["old_value"])], names[int(d["new_value"])]) for j in issue.journals()
            for d in j["details"] if d["name"] == "status_id"]


def parked_in_redmine(r, s):
    issue, first = s.issue("Too rare"), s.issue("Blocks it")
    blocks = issue.redmine.call("POST", f"/issues/{first.id}/relations.json",
                                {"relation": {"issue_to_id": issue.id, "relation_type": "blocks"}}).json()["relation"]
    ticket = s.linked(issue)
    s.expect(ticket, status="closed-unresolved")
    s.settle()
    accept(s, ticket)
    s.expect(issue, effects=has(("state", "parked")), timeout=40)
    with r.case("Redmine ignores the move: parked, with the moves that are allowed", parked=1):
        effect = parked_of(s, issue)
        said = effect["error"] + parked_entry(s, effect)["text"]
        for word in ("In Progress", "Resolved", "Feedback"):
            assert said.count(word) == 2, said
        assert "Won't Fix" not in said.split("allowed from there", 1)[1].split(":", 1)[1].split(issue.ref)[0], said
        s.now(issue, status="New")
        assert not status_moves(issue), status_moves(issue)
    with r.case("Redmine: it is not tried again by itself", parked=1):
        began = time.time()
        s.polls(4)
        s.no_writes(began)
    with r.case("Redmine: a person makes the move, and that settles it"):
        issue.redmine.call("DELETE", f"/relations/{blocks['id']}.json")
        issue.set(status="Won't Fix")
        s.expect(issue, state="closed", effects=lacks(("state", "parked")))
        s.settle()
        assert next(e["state"] for e in s.bascule.effects(issue.ref) if e["n"] == effect["n"]) == "done"
        assert not [a for a in s.bascule.list("attention") if a["kind"] == "parked"], s.bascule.list("attention")
        assert len(status_moves(issue)) == 1, status_moves(issue)


def walked_in_redmine(r, s):
    for killed in (False, True):
        issue = s.issue("Known, " + ("and the service dies" if killed else "and will stay"))
        ticket = s.linked(issue)
        issue.set(status="Known Error")
        s.expect_all([(ticket, {"status": "closed-unresolved"}), (issue, {"state": "working"})])
        s.settle()
        before = len(status_moves(issue))
        with r.case("Redmine, a forbidden transition is walked" + (", killed between the steps" if killed else "")):
            if killed:
                # the direct one is ignored, the step is done and its answer lost
                killed_at(s, s.proxies["product"], s.proxies["product"].hold_answer, issue,
                          lambda: accept(s, ticket), 2, "New")
            else:
                accept(s, ticket)
            s.expect(issue, status="Won't Fix", timeout=60)
            s.settle(timeout=60)
            steps = [(a, b) for _, a, b in status_moves(issue)[before:]]
            assert steps == [("Known Error", "New"), ("New", "Won't Fix")], steps
            notes_once(issue)
            s.now(issue, attention=lacks("parked"))
            s.now(ticket, status="closed-unresolved", told=[DECLINED])
