"""4. Fixed, then released.

Incidents of one defect: closed by the bridge, closed-unresolved by hand,
waiting, and some that people resolved. Figures are taken here: requests and
writes for each record that a release changes.

Assumed: "its requester is told once" means one mail with the bridge's note
for each incident, in which 1.1 stands. RT's own scrip "On Resolve" sends one
more (without our note); with it off the mailbox holds exactly one mail.
"""
import os
import time

from harness.bascule import REPO
from harness.expect import at_least, has, lacks, saying
from harness.runner import scenario
from harness.words import FIXED, naming

POLICY = {"treatment": "close", "for": [{"match": {"service": ["Hold"]}, "treatment": "hold"}]}
WHEN = {"for": [{"match": {"service": ["Eager"]}, "delivered_when": "fixed"},
                {"match": {"service": ["Versions"]}, "delivered_when": "version"}]}


@scenario(4, "fixed, then released", cases=19)
def release(r):
    with r.open(policy=POLICY) as s:
        crowd = gather(s)
        fixed(r, s, crowd)
        released(r, s, crowd)
    with r.open(policy=POLICY) as s:
        s.backend.scrip(False)
        crowd = gather(s)
        with r.case("with RT's own scrip off: released"):
            crowd["issue"].release("1.1")
            s.expect_all([(t, {"status": "resolved"}) for t in crowd["held"]])
        with r.case("... each mailbox holds one mail about it"):
            s.settle()
            for ticket in crowd["held"]:
                about = about_it(s, ticket)
                assert len(about) == 1 and "1.1" in about[0]["body"], f"{ticket}: {[m['subject'] for m in about]}"
        with r.case("the connector's README names the scrip"):
            with open(os.path.join(REPO, "connectors/rt/README.md"), encoding="utf-8") as f:
                text = f.read()
            assert "On Resolve" in text, "connectors/rt/README.md does not name RT's scrip On Resolve"
    with r.open(policy=WHEN, trackers={"helpdesk": {"timeout": "2s", "look_after": "2s"}}) as s:
        delivered_when(r, s)
        cut(r, s)
        refused(r, s)


def gather(s):
    issue = s.issue("Invoices are rounded down")
    crowd = {"issue": issue}
    bridged = [s.linked(issue, subject="Rounded"), s.linked(issue, subject="Rounded too", requester="bob")]
    waiting = s.linked(issue, subject="Wrong sum", requester="bob", fields={"Service": "Hold"})
    by_hand = s.linked(issue, subject="Cents are lost", status="closed-unresolved")
    crowd["solved"] = s.linked(issue, subject="Solved by hand", status="resolved", requester="bob")
    crowd["bridged"], crowd["waiting"], crowd["by_hand"] = bridged, waiting, by_hand
    crowd["held"] = [*bridged, waiting, by_hand]
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in [*bridged, by_hand]]
                 + [(waiting, {"status": "stalled"}), (issue, {"count": 5, "unresolved": 3})], timeout=30)
    crowd["problem"] = s.bascule.show(by_hand.ref)["problems"][0]
    s.settle()
    return crowd


def fixed(r, s, crowd):
    with r.case("fixed, not released: incidents stay, nobody is told"):
        before = {t: t.status for t in crowd["held"]}
        began = time.time()
        crowd["issue"].set(status="Resolved", by="dev")
        s.expect(crowd["issue"], state="fixed")
        s.settle()
        s.now_all([(t, {"status": before[t], "verdict": "pending", "told": []}) for t in crowd["held"]])
        s.now(crowd["problem"], delivery="pending", status=lambda have: have != "closed")
        s.no_writes(began)


def released(r, s, crowd):
    began = time.time()
    crowd["issue"].release("1.1")
    with r.case("released: every waiting and closed-unresolved incident becomes resolved"):
        s.expect_all([(t, {"status": "resolved", "verdict": "delivered", "outcome": "fixed", "turn": 2})
                      for t in crowd["held"]], timeout=30)
        s.settle()
    with r.case("requests and writes for each changed record"):
        changed = len(crowd["held"])
        for name, proxy in s.proxies.items():
            requests = [q for q in proxy.requests_since(began) if not q.poll]
            writes = [q for q in requests if q.write]
            r.figure(f"release: requests a changed incident, {name}", f"{len(requests) / changed:.2f}")
            r.figure(f"release: writes a changed incident, {name}", f"{len(writes) / changed:.2f}")
        # state, note and fields of one decision go in one request (RT can): one write a ticket,
        # and the defect's fields once more
        assert len(s.proxies["helpdesk"].writes_since(began)) <= changed, s.proxies["helpdesk"].writes_since(began)
        assert len(s.proxies["product"].writes_since(began)) <= 2, s.proxies["product"].writes_since(began)
    with r.case("each requester is told once, in public, and 1.1 is named"):
        for ticket in crowd["held"]:
            notes = [n.text for n in ticket.own_notes() if n.public]
            assert len(notes) == 1 and "1.1" in notes[0] and FIXED.search(notes[0]), f"{ticket}: {notes}"
        s.now_all([(t, {"told": [naming("1.1")]}) for t in crowd["held"]])
    with r.case("what people had resolved is left alone, and nobody is told"):
        s.now(crowd["solved"], status="resolved", notes=[], told=[], moves=[("agent", "new", "resolved")])
    with r.case("problem and known error close"):
        s.expect(crowd["problem"], status="closed", delivery="delivered", attention=[])
    with r.case("a closed known error stays findable: RT's fields go on naming it"):
        named = saying(f"{crowd['problem']} and its title", lambda have: have.startswith(crowd["problem"] + " ")
                       and "Invoices are rounded down" in have)
        s.now_all([(t, {"field_known_error": named, "field_problem": crowd["problem"]}) for t in crowd["held"]])
    with r.case("the defect counts no closed-unresolved incident any more"):
        s.expect(crowd["issue"], count=5, unresolved=0)
    with r.case("no ticket was moved but once by the bridge"):
        for ticket in crowd["held"]:
            last = ticket.moves()[-1]
            assert last[2] == "resolved", ticket.moves()
    with r.case("RT's own scrip On Resolve sends a second mail, without our note"):
        ticket = crowd["waiting"]
        about = about_it(s, ticket)
        assert len(about) == 2, [m["subject"] for m in about]
    with r.case("nothing moves afterwards"):
        s.quiet(3)
        s.now_all([(t, {"status": "resolved", "attention": lacks("parked"), "turn": at_least(2)})
                   for t in crowd["held"]])


def delivered_when(r, s):
    eager, versions = (s.linked(s.issue(f"For {service}", version="1.1"), fields={"Service": service})
                       for service in ("Eager", "Versions"))
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (eager, versions)])
    s.settle()
    with r.case("delivered_when: fixed: resolved as soon as it is fixed"):
        for ticket in (eager, versions):
            s.redmine.find(s.bascule.show(ticket.ref)["defects"][0]).set(status="Resolved", by="dev")
        s.expect(eager, status="resolved", told=[naming("1.1")])
    with r.case("delivered_when: version: fixed is not enough, the version must be closed"):
        s.settle()
        s.now(versions, status="closed-unresolved", verdict="pending", told=[])
        s.redmine.close_version("1.1")
        s.expect(versions, status="resolved", told=[naming("1.1")], timeout=40)


def cut(r, s):
    with r.case("the answer to a resolution is cut after the work was done: looked for, told once"):
        issue = s.issue("Cut")
        ticket = s.linked(issue)
        s.expect(ticket, status="closed-unresolved")
        s.settle()
        proxy = s.proxies["helpdesk"]
        rule = proxy.cut_after(method="POST", path=r"/correspond$")
        issue.release("1.0")
        s.expect(ticket, status="resolved", effects=lambda have: all(state == "done" for _, state in have), timeout=40)
        assert proxy.hits(rule) == 1, "the fault was never met"
        s.settle()
        s.now(ticket, told=[naming("1.0")], public=1)


def refused(r, s):
    issue = s.issue("For one that RT holds back")
    held, free, other = s.linked(issue), s.linked(issue, requester="bob"), s.ticket("Must be done first")
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (held, free)])
    s.settle()
    held.rt.call("PUT", f"/ticket/{held.id}", {"AddDependsOn": other.id}, "agent")
    with r.case("RT refuses one: parked with its words, nobody told; the others go on", parked=None):
        issue.release("1.0")
        s.expect_all([(free, {"status": "resolved", "told": [naming("1.0")]}),
                      (held, {"effects": has(("state", "parked"))})], timeout=40)
        assert any(a["kind"] == "parked" for a in s.bascule.list("attention")), s.bascule.list("attention")
        s.now(held, status="closed-unresolved", told=[])
        parked = next(e for e in s.bascule.effects(held.ref) if e["state"] == "parked")
        assert "dependenc" in parked["error"], parked
    with r.case("what it waited for is done: retried, resolved, told once"):
        other.set(status="resolved")
        s.expect(other, state="resolved")
        s.cli("retry", parked["n"])
        s.expect(held, status="resolved", told=[naming("1.0")])
        assert not any(a["kind"] == "parked" for a in s.bascule.list("attention")), s.bascule.list("attention")


def about_it(s, ticket):
    """Mails to its requester since it was opened."""
    return [m for m in s.mails() if m["ticket"] == ticket.id and ticket.requester + "@customer.example" in m["to"]
            and "AutoReply" not in m["subject"]]

