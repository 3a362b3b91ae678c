"""11. `defect new`: the defect of an incident is created once, whatever the line does.

Assumed: the command answers with the new defect, or, where that is unsure, as
soon as it is known or with the effect's number; so the cases wait for the
defect, not for the command. The time-out is 2 s and with it the time that an
unsure creation is given before "not there" counts (two looks).
"""
import threading

from harness.expect import saying
from harness.rt import MARKER
from harness.runner import scenario

QUICK = {"trackers": {"product": {"timeout": "2s", "look_after": "2s"}}}
CREATE = {"method": "POST", "path": r"^/issues\.json"}


@scenario(11, "defect new", cases=8)
def defect_new(r):
    with r.open(**QUICK) as s:
        with r.case("created, linked, with the incident's facts"):
            ticket = s.ticket("Sums are off by one", "On page two the total is wrong.",
                              fields={"Service": "Billing", "Impact": "high"})
            issue = create(s, ticket)
            body = issue.get()
            assert body["subject"] == "Sums are off by one", body["subject"]
            told = body["description"] + repr(body["priority"])
            for fact in (ticket.url, "Billing", "high"):
                assert fact.lower() in told.lower(), (fact, told)
        with r.case("the incident is treated like any other with a known cause"):
            s.expect(ticket, status="closed-unresolved", field_defect=[issue.id])
        with r.case("the creation carries one marker"):
            found = MARKER.findall(issue.get()["description"])
            assert len(found) == 1, issue.get()["description"]
        with r.case("of a problem without a defect"):
            made = s.bascule.json("problem", "new", "--title", "Nobody wrote it down yet")
            before = len(s.redmine.issues())
            s.cli("defect", "new", made["id"])
            s.expect(made["id"], defects=saying("one", lambda have: len(have) == 1), timeout=30)
            s.settle()
            assert len(s.redmine.issues()) == before + 1
        faulty(r, s, "the answer is cut after the work was done: found again, not made twice", "cut_after")
        faulty(r, s, "cut at once, the work is done a second later: found again", "cut_then_work", delay=1.0)
        faulty(r, s, "cut before anything was done: made in the end, once", "cut_before")
        faulty(r, s, "502 of something in between, after the work was done", "answer_instead", status=502)


def create(s, ticket):
    """Runs the command; the one issue that comes of it."""
    s.expect(ticket, known=True)
    before = {i.id for i in s.redmine.issues()}
    # the command may wait for what is unsure; the scenario does not wait for the command
    command = threading.Thread(target=s.cli, args=("defect", "new", ticket.ref), kwargs={"ok": None, "timeout": 60})
    command.start()
    s.expect(ticket, defects=saying("exactly one", lambda have: len(have or []) == 1), timeout=45)
    command.join()
    new = [i for i in s.redmine.issues() if i.id not in before]
    assert len(new) == 1, f"{len(new)} issues were made: {new}"
    assert s.bascule.show(ticket.ref)["defects"] == [new[0].ref]
    s.expect(new[0], count=1, linked=[ticket.id])
    s.records.append(new[0])
    s.touched.add(new[0])
    return new[0]


def faulty(r, s, name, fault, **more):
    with r.case(name):
        ticket = s.ticket(f"Case: {fault}")
        s.expect(ticket, known=True)
        proxy = s.proxies["product"]
        rule = getattr(proxy, fault)(times=1, **CREATE, **more)
        try:
            issue = create(s, ticket)
            assert proxy.hits(rule) == 1, f"the fault was met {proxy.hits(rule)} times: nothing was tested"
            s.settle()
            mine = [i for i in s.redmine.issues() if i.get()["subject"] == f"Case: {fault}"]
            assert [i.id for i in mine] == [issue.id], mine
        finally:
            proxy.clear()
