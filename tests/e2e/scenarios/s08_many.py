"""8. Several defects behind one problem, several problems behind one incident.

A problem gets its second defect by `bascule link P-n product:N`.

Assumed: Redmine closes a duplicate as the one it duplicates (its own habit),
so a chain is made by the relation first, the closing later; Redmine answers
500 when the end of a loop is closed, so loops are made of closed ones. A
relation moves no `updated`, so a person's note goes with it. "Invalid left
out": Redmine's `Rejected`.
"""
import os
import re

from harness.bascule import REPO
from harness.expect import has, lacks
from harness.runner import scenario
from harness.words import naming

POLICY = {"for": [{"match": {"service": ["Any"]}, "several_defects": "any"}]}


@scenario(8, "several defects, several problems, duplicates", cases={"real": 16, "sandbox": 17})
def many(r):
    with r.open(policy=POLICY) as s:
        several_defects(r, s)
        several_problems(r, s)
        duplicates(r, s)
        if r.backend.name == "sandbox":
            unreadable(r, s)
    with r.case("the connector's README names what a real Redmine hides"):
        with open(os.path.join(REPO, "connectors/redmine/README.md"), encoding="utf-8") as f:
            text = " ".join(f.read().split())
        assert re.search(r"Relations to issues that the account can't read are hidden.*looks like any closed one", text)


def behind_one(s, n, service="All"):
    """A ticket on a problem with n defects."""
    issues = [s.issue(f"{service} {i + 1} of {n}") for i in range(n)]
    ticket = s.linked(issues[0], fields={"Service": service})
    s.expect_all([(ticket, {"status": "closed-unresolved"})] + [(i, {"known": True}) for i in issues])
    problem = s.bascule.show(ticket.ref)["problems"][0]
    for issue in issues[1:]:
        s.cli("link", problem, issue.ref)
    s.expect(problem, defects=lambda have: sorted(have) == sorted(i.ref for i in issues))
    return ticket, problem, issues


def several_defects(r, s):
    every, any_, mixed = behind_one(s, 2), behind_one(s, 2, "Any"), behind_one(s, 2)
    invalid, nothing = behind_one(s, 2), behind_one(s, 2)
    s.settle()
    every[2][0].release("1.0")
    any_[2][1].release("1.1")
    mixed[2][0].release("1.1")
    mixed[2][1].set(status="Won't Fix")
    invalid[2][0].set(status="Rejected")
    invalid[2][1].release("1.1")
    for issue in nothing[2]:
        issue.set(status="Rejected")
    with r.case("all: one of two released: pending"):
        s.settle()
        s.now(every[1], delivery="pending")
        s.now(every[0], status="closed-unresolved", verdict="pending", told=[])
    with r.case("all: the second one too: resolved"):
        every[2][1].release("1.1")
        s.expect(every[0], status="resolved", verdict="delivered", told=[naming("1.1")])
    with r.case("any: one of two is enough"):
        s.expect(any_[0], status="resolved", verdict="delivered", told=[naming("1.1")])
    with r.case("mixed: as pending, and somebody is asked"):
        s.expect(mixed[1], delivery="mixed", attention=has("mixed"))
        s.now(mixed[0], status="closed-unresolved", verdict="pending", told=[])
    with r.case("invalid ones are left out while others remain"):
        s.expect(invalid[0], status="resolved", verdict="delivered")
    with r.case("all invalid: as pending, and somebody is asked"):
        s.expect(nothing[1], delivery="mixed", attention=has("mixed"))
        s.now(nothing[0], status="closed-unresolved", verdict="pending")
    with r.case("mixed: the problem manager says it is fixed enough"):
        s.cli("problem", "close", mixed[1], "--resolution", "fix-applied", "--reason", "good enough")
        s.expect(mixed[0], status="resolved", verdict="delivered")
        s.expect(mixed[1], attention=lacks("mixed"))


def several_problems(r, s):
    one, two, three = s.issue("First of two causes"), s.issue("Second of two"), s.issue("Never fixed")
    both = s.ticket(fields={"Defect": f"{one.id} {two.id}"})
    odd = s.ticket(fields={"Defect": f"{one.id} {three.id}"}, requester="bob")
    s.expect_all([(t, {"status": "closed-unresolved", "problems": lambda have: len(have) == 2})
                  for t in (both, odd)])
    s.settle()
    with r.case("two problems: one delivered, one pending: pending"):
        one.release("1.0")
        s.expect(one, state="released")
        s.settle()
        s.now_all([(t, {"verdict": "pending", "status": "closed-unresolved", "told": []}) for t in (both, odd)])
    with r.case("two problems: both delivered: resolved, told once"):
        two.release("1.1")
        s.expect(both, status="resolved", verdict="delivered", told=[naming("1.1")])
    with r.case("two problems: one delivered, one declined: declined"):
        three.set(status="Won't Fix")
        s.expect(odd, verdict="declined", status="closed-unresolved", public=1)


def duplicates(r, s):
    live, copy, copy2 = s.issue("The live one"), s.issue("A copy"), s.issue("A copy of the copy")
    ticket, far = s.linked(copy), s.linked(copy2, requester="bob")
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (ticket, far)])
    s.settle()
    with r.case("closed as duplicate: the live defect's state counts"):
        for a, b in ((copy, live), (copy2, copy)):
            s.redmine.duplicates(a, b)
            a.set(status="Closed", notes="the same as the other one")
        s.expect(copy, native_state="Closed")
        s.settle()
        s.now_all([(t, {"verdict": "pending", "status": "closed-unresolved", "told": []}) for t in (ticket, far)])
    with r.case("the live one is released: resolved along the chain, its version is named"):
        live.release("1.1")
        s.expect_all([(t, {"status": "resolved", "verdict": "delivered", "told": [naming("1.1")]})
                      for t in (ticket, far)])
    with r.case("Redmine closes the duplicate by itself: not taken for a release of its own"):
        live, copy = s.issue("Live, declined"), s.issue("Its copy")
        ticket = s.linked(copy)
        s.expect(ticket, status="closed-unresolved")
        s.redmine.duplicates(copy, live)
        copy.note("same as the other")
        s.settle()
        live.set(status="Won't Fix")
        s.expect(ticket, verdict="declined", status="closed-unresolved", public=1)
        s.now(ticket, outcome="wont-fix")
    with r.case("a loop: pending, and shown"):
        a, b = s.issue("Loop a"), s.issue("Loop b")
        ticket = s.linked(a)
        s.expect(ticket, status="closed-unresolved")
        s.settle()
        s.bascule.stop()
        a.set(status="Closed")
        b.set(status="Closed")
        s.redmine.duplicates(a, b)
        s.redmine.duplicates(b, a)
        for issue in (a, b):
            issue.note("same thing", by="admin")
        s.start()
        s.expect(ticket, verdict="pending", status="closed-unresolved")
        problem = s.bascule.show(ticket.ref)["problems"][0]
        s.expect(problem, delivery="pending", attention=has("duplicate-loop"))
        s.settle()
        s.now(ticket, told=[])
    with r.case("the loop is cut: what is left counts"):
        a_relations = b.get()["relations"]
        cut = next(x for x in a_relations if x["issue_id"] == b.id)
        s.redmine.call("DELETE", f"/relations/{cut['id']}.json")
        b.note("no, this is the real one", by="admin")
        s.expect(ticket, status="resolved", verdict="delivered")


def unreadable(r, s):
    with r.case("a duplicate of something unreadable: pending, and shown"):
        copy = s.issue("A copy of what is hidden")
        ticket = s.linked(copy)
        s.expect(ticket, status="closed-unresolved")
        s.settle()
        s.bascule.stop()  # that it never sees it
        hidden = s.redmine.issue("Hidden")
        s.redmine.duplicates(copy, hidden)
        s.backend.hide(hidden)
        copy.set(status="Closed", notes="see the hidden one")
        s.start()
        s.expect(copy, native_state="Closed")
        s.settle()
        s.now(ticket, verdict="pending", status="closed-unresolved", told=[])
        problem = s.bascule.show(ticket.ref)["problems"][0]
        s.expect(problem, delivery="pending", attention=["duplicate-loop"])
        entry = s.bascule.attention(problem)[0]
        assert copy.ref in entry["text"] and "cannot be read" in entry["text"], entry
