"""17. Three hundred at once: linked to one defect, closed unresolved, released.

Ten tickets are made by people and copied, in RT's database where it is a real one. With `history: assert` the first
import takes them for new: all 300 are closed unresolved at once, and then the defect is released. The `brake` is 500
and lets them pass. What came of it is read out of RT's transactions and mails, all of them, by hundreds.

Assumed:
- Mirrored values leave at most every 2 s (law 1), and the rarer the more is on its way behind their defect: a handful
  of writes, though a real RT takes more than a minute for 300 tickets. The last of them come seconds after the last
  ticket.
"""
import time
from collections import Counter, defaultdict

from harness.bulk import loop_holds, outbox_empty, until
from harness.expect import tickets_named
from harness.rt import MARKER, Ticket
from harness.runner import scenario

MANY, MADE = 300, 10
SPAN, HANDFUL = 2, 12  # seconds between two writes of one record's values
MOST = 240  # seconds that closing, or resolving, all of them may take


@scenario(17, "300 at once", cases=8)
def bulk(r):
    with r.open(start=False, history="assert") as s:
        issue = s.redmine.issue("Totals are wrong for everybody")
        made = [s.rt.ticket(f"Wrong total {n}", requester=("alice", "bob")[n % 2], fields={"Defect": str(issue.id)})
                for n in range(MADE)]
        tickets = {t.id: t for t in made}
        for n, id in enumerate(s.backend.copies(MANY - MADE, made)):
            tickets[id] = Ticket(s.rt, id, made[n % MADE].requester)
        assert len(tickets) == MANY, len(tickets)
        s.bascule.ready_after = MOST * r.slow
        began = time.time()
        s.start()
        closed(r, s, issue, tickets, began)
        began = time.time()
        issue.release("1.1")
        released(r, s, issue, tickets, began)
        with r.case("300 at once: nothing is written any more"):
            s.polls(2)
            s.quiet(2)


def done(s, began, unresolved):
    """Until all is decided, delivered, and mirrored; how long it took."""
    until(s, lambda status: outbox_empty(status) and status["closed_unresolved"]["incidents"] == unresolved,
          MOST * s.runner.slow)
    return time.time() - began


def closed(r, s, issue, tickets, began):
    with r.case("300 linked at once: each is closed unresolved once, its agent told once, its customer not"):
        seconds = done(s, began, MANY)
        story = by_ticket(s, tickets)
        for id, own in story.items():
            assert own["states"] == ["closed-unresolved"] and own["Comment"] == 1 and not own["Correspond"], (id, own)
        assert not [m for m in s.mails() if MARKER.search(m["body"])]
    with r.case("300 linked at once: the defect counts them, in few writes"):
        counted(r, s, issue, began, seconds, "linking 300", MANY)


def released(r, s, issue, tickets, began):
    with r.case("300 released at once: each is resolved once, and noted once"):
        seconds = done(s, began, 0)
        story = by_ticket(s, tickets)
        for id, own in story.items():
            assert own["states"] == ["closed-unresolved", "resolved"], (id, own)
            assert own["Comment"] == 1 and own["Correspond"] == 1, (id, own)
        some = sorted(tickets)[::MANY // 12]
        for ticket in (tickets[id] for id in some):
            markers = Counter(m for note in ticket.own_notes() for m in note.markers)
            assert len(markers) == 2 and set(markers.values()) == {1}, (ticket, markers)
    with r.case("300 released at once: each requester is told once, in which version"):
        told = defaultdict(list)
        for mail in s.mails():
            if MARKER.search(mail["body"]):
                told[mail["ticket"]].append(mail)
        assert set(told) == set(tickets), set(told) ^ set(tickets)
        for id, mails in told.items():
            assert len(mails) == 1 and "1.1" in mails[0]["body"], (id, mails)
            assert mails[0]["to"] == [tickets[id].requester + "@customer.example"], (id, mails[0])
    with r.case("300 released at once: the defect's counters, in few writes"):
        counted(r, s, issue, began, seconds, "releasing 300", 0)
    with r.case("300 at once: the database is sound, and nothing waits for a person"):
        s.cli("doctor", ok=(0,), timeout=60 * r.slow)
        shown = s.bascule.json("status")
        assert shown["outbox"]["parked"] == 0 and not s.bascule.attention(), s.bascule.attention()
    with r.case("300 at once: no turn of the loop is long"):
        r.figure("300 at once, loop", loop_holds(s.bascule))


def by_ticket(s, tickets):
    """What RT did to each: the closed states it came into, one after another, and the bridge's notes. What RT opens
    around a public note is part of that note."""
    story = {id: {"states": [], "Comment": 0, "Correspond": 0} for id in tickets}
    for x in s.rt.transactions():
        own, by = story.get(int(x["Object"]["id"] if "Object" in x else x["ObjectId"])), x["Creator"]["id"]
        if own and x["Type"] == "Status" and x["NewValue"] != "open":
            own["states"].append(x["NewValue"])
        elif own and x["Type"] in ("Comment", "Correspond") and by == "bridge":
            own[x["Type"]] += 1
    return story


def counted(r, s, issue, began, seconds, what, unresolved):
    s.settle()  # the last values may wait for their 2 s
    body = issue.get()
    values = issue.values(body)
    have = (values["Incident count"], values["Closed-unresolved incidents"])
    assert have == (str(MANY), str(unresolved)), have
    assert len(tickets_named(values["Linked incidents"])) == 20 and f"{MANY - 20} more" in values["Linked incidents"], \
        values["Linked incidents"]
    at = [t for t in s.proxies["product"].written(rf"^/issues/{issue.id}\.json", "custom_fields") if t >= began]
    r.figure(f"{what}: writes of the defect's counters", f"{len(at)} in {seconds:.0f} s")
    most = min(seconds / SPAN + 2, max(HANDFUL, seconds / 10))
    assert 1 <= len(at) <= most, f"{len(at)} writes in {seconds:.1f} s: {[f'{t - began:.1f}' for t in at]}"
