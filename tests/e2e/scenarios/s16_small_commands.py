"""16. The small commands: what each does to the trackers, and what it leaves alone.

Assumed:
- `outcome` of an incident is written into the field that `fields.outcome` names.
- `ignore` withholds fields as well; `--off` acts from the next turn.
- `forget` blanks what the service keeps; the tracker's own stays as it is.
- `policy apply` and `outbox open` ask on a terminal; elsewhere they show what
  they would do, do nothing and exit 1, unless told `--yes`.
- `discard` gives up a state and with it what the same decision would have said.
"""
import os
import re
import time

from harness.bascule import REPO
from harness.expect import has, lacks, wait
from harness.runner import scenario
from harness.words import DID_NOT_HOLD, FIXED, KNOWN_ERROR, naming

OUTCOME = {"helpdesk": {"fields": {"outcome": "Outcome"}}}
SAID = [("internal", KNOWN_ERROR)]


@scenario(16, "small commands", cases=30)
def small_commands(r):
    with r.open(trackers=OUTCOME, references={"from_requesters": "suggest"}) as s:
        outcome(r, s)
        hands_off(r, s)
        forgotten(r, s)
        acknowledged(r, s)
        suggested(r, s)
        looked_at(r, s)
    with r.open() as s:
        given_up(r, s)
        paused(r, s)
        outbox(r, s)
        once(r, s)
    with r.open() as s:
        problems(r, s)
    with r.open(policy={"treatment": "leave"}) as s:
        applied(r, s)
        connectors(r, s)


def problem_of(s, ticket):
    return s.bascule.show(ticket.ref)["problems"][0]


def outcome(r, s):
    ticket, open_one = s.linked(s.issue("Closed for a reason")), s.ticket("Still open", requester="bob")
    s.expect_all([(ticket, {"status": "closed-unresolved", "field_outcome": "unknown"}), (open_one, {"known": True})])
    s.settle()
    with r.case("outcome: why it is closed stands in the tracker's field, and moves nothing"):
        moves = ticket.moves()
        s.cli("outcome", ticket.ref, "not-reproducible", "--reason", "nobody sees it any more")
        s.expect(ticket, field_outcome="not-reproducible", outcome="not-reproducible")
        s.settle()
        s.now(ticket, field_outcome="not-reproducible", status="closed-unresolved", moves=moves, notes=SAID, told=[])
        assert any("nobody sees it any more" in j["text"] for j in s.bascule.list("journal")
                   if j["ref"] == ticket.ref and j["what"] == "outcome")
    with r.case("outcome: refused for what is open, or without a reason; nothing is written"):
        began = time.time()
        said = s.cli("outcome", open_one.ref, "fixed", "--reason", "x", ok=None)
        assert said.code == 1 and "open" in said.err, (said.code, said.err)
        said = s.cli("outcome", ticket.ref, "fixed", ok=None)
        assert said.code == 2 and "--reason" in said.err, (said.code, said.err)
        s.settle()
        s.no_writes(began)


def hands_off(r, s):
    issue, ticket = s.issue("Hands off"), s.ticket(requester="bob")
    s.expect(ticket, known=True)
    with r.case("ignore: it counts, and nothing is written to it"):
        s.cli("ignore", ticket.ref)
        before = ticket.history()
        ticket.set(fields={"Defect": str(issue.id)})
        s.expect(ticket, verdict="pending", turn=1)
        s.expect(issue, count=1, linked=[ticket.id])
        s.settle()
        s.now(ticket, status="new", notes=[], field_problem="", field_known_error="", told=[])
        assert len(ticket.history()) == len(before) + 1, ticket.history()  # the agent's own
    with r.case("ignore --off: nothing at once"):
        s.cli("ignore", ticket.ref, "--off")
        s.settle()
        s.now(ticket, status="new", notes=[], told=[])
    with r.case("... and again from the next turn on"):
        issue.release("1.1")
        s.expect(ticket, verdict="delivered", status="resolved", told=[naming("1.1")])


def forgotten(r, s):
    ticket = s.linked(s.issue("To be forgotten"), subject="Mrs Blank of 7 Nowhere Street", requester="bob")
    s.expect(ticket, status="closed-unresolved")
    s.settle()
    with r.case("forget: persons and texts are gone here, the structure stays, the tracker is left alone"):
        problem, before, began = problem_of(s, ticket), (ticket.get()["Subject"], ticket.history()), time.time()
        assert "Mrs Blank" in s.cli("show", ticket.ref).out
        s.cli("forget", ticket.ref)
        for command in ("show", "explain"):
            said = s.cli(command, ticket.ref).out
            assert "Mrs Blank" not in said and "bob" not in said, said
        s.settle()
        s.no_writes(began)
        s.now(ticket, verdict="pending", problems=[problem], state="closed-unresolved")
        assert before == (ticket.get()["Subject"], ticket.history())
        assert "Mrs Blank" not in s.cli("show", ticket.ref).out


def acknowledged(r, s):
    ticket = s.linked(s.issue("Comes back"), requester="bob")
    s.expect(ticket, status="closed-unresolved")
    s.settle()
    ticket.reply("It is here again!", by="bob")
    s.expect(ticket, state="open", attention=has("came-back"))
    s.settle()
    with r.case("ack: off the list, and the ticket as people left it"):
        began = time.time()
        s.cli("ack", ticket.ref)
        s.expect(ticket, attention=lacks("came-back"))
        s.settle()
        s.no_writes(began)
        s.now(ticket, status="open", attention=lacks("came-back"))


def number_of(s, ticket, command):
    entry = next(a for a in s.bascule.attention(ticket) if a["kind"] == "suggestion")
    return re.search(command + r" (\d+)", entry["clear"]).group(1)


def suggested(r, s):
    issue = s.issue("Named by customers")
    yes, no = s.ticket(), s.ticket(requester="bob")
    for ticket, name in ((yes, "alice"), (no, "bob")):
        ticket.reply(f"A friend says it is BUG-{issue.id}", by=name)
    s.expect_all([(t, {"attention": has("suggestion"), "verdict": "unlinked"}) for t in (yes, no)])
    s.settle()
    with r.case("confirm: linked on both sides"):
        s.cli("confirm", number_of(s, yes, "confirm"))
        s.expect(yes, verdict="pending", defects=[issue.ref], field_defect=[issue.id], status="closed-unresolved",
                 attention=lacks("suggestion"))
        s.expect(issue, count=1, linked=[yes.id])
    with r.case("reject: not linked, off the list, nothing written to it"):
        before = no.history()
        s.cli("reject", number_of(s, no, "reject"))
        s.expect(no, attention=lacks("suggestion"))
        s.settle()
        s.now(no, verdict="unlinked", field_defect=[], notes=[])
        s.now(issue, count=1, linked=[yes.id])
        assert no.history() == before
    with r.case("... and never comes back by itself: not with other words, a look, or a new start"):
        no.reply("Any news?", by="bob")
        no.comment("will ask")
        s.settle()
        look(s, no)
        s.bascule.stop()
        s.start()
        s.cli("sync", "helpdesk")
        s.settle()
        s.now(no, verdict="unlinked", field_defect=[], notes=[], attention=lacks("suggestion"))
        s.now(issue, count=1, linked=[yes.id])


def look(s, record):
    """One that is just being read or written is looked at a moment later, as the service asks for."""
    def check():
        said = s.cli("sync", record.ref, ok=None)
        return [said.err] if said.code == 1 and "try again" in said.err else []
    wait(check, 20)


def looked_at(r, s):
    issue = s.issue("Deleted by mistake")
    ticket = s.linked(issue)
    s.expect(ticket, status="closed-unresolved")
    s.settle()
    with r.case("sync: a look finds what no poll can; two make it certain"):
        issue.delete()
        s.records.remove(issue)
        s.touched.discard(issue)
        s.polls(3)
        s.now(issue.ref, presence="present", attention=lacks("defect-gone"))
        for _ in range(2):
            look(s, issue)
        s.expect(issue.ref, presence="gone", attention=has("defect-gone"))
        s.settle()
        s.now(ticket, status="closed-unresolved", verdict="pending", told=[])
    with r.case("sync: of what no tracker has: told so, exit 1"):
        said = s.cli("sync", "product:999999", ok=None)
        assert said.code == 1 and "999999" in said.err, (said.code, said.out, said.err)


def parked(s, title, requester):
    """A ticket whose resolution is held back by another one, with the parked effect's number."""
    issue, other = s.issue(title), s.ticket("Must be done first: " + title)
    ticket = s.linked(issue, requester=requester)
    s.expect_all([(ticket, {"status": "closed-unresolved"}), (other, {"known": True})])
    s.settle()
    ticket.rt.call("PUT", f"/ticket/{ticket.id}", {"AddDependsOn": other.id}, "agent")
    issue.release("1.1")
    s.expect(ticket, effects=has(("state", "parked")), timeout=40)
    other.set(status="resolved")
    s.expect(other, state="resolved")
    s.polls(2)
    return ticket, next(e["n"] for e in s.bascule.effects(ticket.ref) if e["state"] == "parked")


def given_up(r, s):
    ticket, n = parked(s, "Tried again", "alice")
    with r.case("retry: done now, told once", parked=None):
        s.now(ticket, status="closed-unresolved", told=[])
        s.cli("retry", n)
        s.expect(ticket, status="resolved", told=[naming("1.1")])
        s.settle()
        s.now(ticket, public=1, attention=lacks("parked"))
    with r.case("retry: of what is done: refused"):
        assert s.cli("retry", n, ok=None).code == 1
    ticket, n = parked(s, "Given up", "bob")
    with r.case("discard: needs a reason", parked=None):
        said = s.cli("discard", n, ok=None)
        assert said.code == 2 and "--reason" in said.err, (said.code, said.err)
        s.now(ticket, effects=has(("state", "parked")))
    with r.case("discard: on record with its reason; the ticket stays as it is, and nobody is told"):
        s.cli("discard", n, "--reason", "done by telephone")
        s.settle()
        s.now(ticket, status="closed-unresolved", told=[], public=0)
        gone = next(e for e in s.bascule.effects(ticket.ref) if e["n"] == n)
        assert gone["state"] == "superseded" and "done by telephone" in gone["error"], gone
        assert not any(a["kind"] == "parked" for a in s.bascule.list("attention")), s.bascule.list("attention")


def paused(r, s):
    helpdesk, product = s.proxies["helpdesk"], s.proxies["product"]
    issue = s.issue("While one sleeps")
    s.expect(issue, known=True)
    with r.case("pause: neither polled nor written to; the other one goes on"):
        s.cli("pause", "helpdesk")
        time.sleep(1)  # what was under way
        began = time.time()
        ticket = s.linked(issue)
        issue.set(description="changed meanwhile")
        wait(lambda: [] if product.lists_since(began) >= 4 else ["product is not polled"], 20)
        asked = helpdesk.requests_since(began)
        assert not asked, [q.line for q in asked]
        assert "paused" in s.cli("status", ok=None).out
        assert ticket.status == "new" and s.bascule.show(ticket.ref) is None
    with r.case("resume: what was missed is read and asserted"):
        s.cli("resume", "helpdesk")
        s.expect(ticket, status="closed-unresolved", notes=SAID)
        s.expect(issue, count=1)


def outbox(r, s):
    with r.case("outbox close: all is decided and shown, nothing leaves", parked=None):
        s.cli("outbox", "close")
        began = time.time()
        issue = s.issue("Behind a shut door")
        ticket = s.linked(issue, requester="bob")
        s.expect(ticket, verdict="pending", effects=has(("state", "pending"), ("note", "pending")))
        s.polls(3)
        s.no_writes(began)
        assert "shut" in s.cli("outbox", ok=None).out
        s.now(ticket, status="new", notes=[])
    with r.case("outbox open: shows, and does nothing without a yes", parked=None):
        said = s.cli("outbox", "open", ok=None)
        assert said.code == 1 and "--yes" in said.err, (said.code, said.err)
        s.polls(2)
        s.no_writes(began)
    with r.case("outbox open --yes: what waited leaves, once"):
        s.cli("outbox", "open", "--yes")
        s.expect(ticket, status="closed-unresolved", notes=SAID)
        s.expect(issue, count=1)
        s.settle()
        s.now(ticket, notes=SAID)


def once(r, s):
    with r.case("run --once: polls and delivers until nothing is due, then ends"):
        s.settle()
        s.bascule.stop()
        issue = s.issue("By cron")
        ticket = s.linked(issue)
        said = s.cli("run", "--once", timeout=90)
        assert said.code in (0, 3), (said.code, said.err)
        assert ticket.status == "closed-unresolved" and len(ticket.own_notes()) == 1, ticket.own_notes()
        assert issue.values(issue.get())["Incident count"] == "1", issue.fields
    with r.case("... and a second time there is nothing to do"):
        began = time.time()
        said = s.cli("run", "--once", timeout=90)
        assert said.code in (0, 3), (said.code, said.err)
        s.no_writes(began)
        s.start()


def problems(r, s):
    one, two = s.issue("One cause"), s.issue("The same cause, found again")
    first, second, third = s.linked(one), s.linked(two, requester="bob"), s.linked(one, requester="bob")
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (first, second, third)])
    s.settle()
    into, gone = problem_of(s, first), problem_of(s, second)
    with r.case("problem merge: one problem on both sides, nobody is told"):
        s.cli("problem", "merge", gone, into, "--yes")
        s.expect_all([(t, {"problems": [into], "field_problem": into, "verdict": "pending"})
                      for t in (first, second, third)])
        s.expect(into, defects=lambda have: sorted(have) == sorted([one.ref, two.ref]))
        s.expect(gone, resolution="cancelled")
        s.settle()
        s.now_all([(t, {"notes": SAID, "told": [], "status": "closed-unresolved"}) for t in (first, second, third)])
        s.now_all([(one, {"count": 3}), (two, {"count": 3})])
    with r.case("... and waits for both defects"):
        two.release("1.0")
        s.expect(two, state="released")
        s.settle()
        s.now(second, verdict="pending", status="closed-unresolved", told=[])
    with r.case("problem split: an incident of its own problem, without the defects"):
        s.cli("problem", "split", into, third.ref, "--title", "Something else after all")
        s.expect(third, verdict="pending", field_defect=[], problems=lambda have: len(have) == 1 and have != [into])
        own = problem_of(s, third)
        s.expect(third, field_problem=own)
        s.expect_all([(one, {"count": 2}), (two, {"count": 2}), (own, {"title": "Something else after all"})])
        s.settle()
        s.now_all([(t, {"field_problem": into, "notes": SAID}) for t in (first, second)])
        s.now(third, told=[])
    with r.case("problem reopen: what the bridge had resolved goes back, and its requester is told"):
        one.release("1.1")
        s.expect_all([(t, {"status": "resolved", "told": [FIXED]}) for t in (first, second)])
        s.settle()
        s.cli("problem", "reopen", into, "--reason", "seen again in 1.1")
        s.expect(into, delivery="pending", status=lambda have: have != "closed")
        s.expect_all([(t, {"status": "closed-unresolved", "verdict": "pending", "told": [FIXED, DID_NOT_HOLD]})
                      for t in (first, second)])


def applied(r, s):
    ticket = s.linked(s.issue("Under another policy"))
    s.expect(ticket, verdict="pending", turn=1, notes=SAID)
    s.settle()
    with r.case("policy apply: a changed policy alone moves nothing; what it would do is shown, and not done"):
        began = time.time()
        s.configure(policy={"treatment": "close"})
        s.settle()
        plan = s.bascule.json("policy", "apply", "--dry-run")
        assert plan["incidents"] == 1, plan
        said = s.cli("policy", "apply", ok=None)
        assert said.code == 1 and "--yes" in said.err and re.search(r"\b1 incident\b", said.out), (said.code, said.out)
        s.polls(2)
        s.no_writes(began)
        s.now(ticket, status="new", turn=1)
    with r.case("policy apply --yes: a new turn, the state and no note"):
        s.cli("policy", "apply", "--yes")
        s.expect(ticket, status="closed-unresolved", turn=2)
        s.settle()
        s.now(ticket, notes=SAID, told=[])


def connectors(r, s):
    with r.case("connectors: both are named with what they can do, and their recorded replies still fit"):
        said = s.cli("connectors").out
        for name in ("rt", "redmine"):
            assert re.search(rf"^OK +{name} .*public notes.*creates records", said, re.M), said
            tried = s.cli("connectors", "test", os.path.join(REPO, "connectors", name), ok=None, timeout=120)
            assert tried.code == 0, tried.out[-500:] + tried.err[-500:]
