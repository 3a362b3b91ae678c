"""19. The first import of 10,000 incidents and 1,000 defects: killed inside, gone on with, adopted.

`rig/fill` makes them: every third incident names a defect - in its field, by a link, or in its text. Twice imported:

1. All of them, fields and subjects only (`import: { comments: false }`), with `dry_run`: on a real RT the fields of
   what is adopted would be hundreds of writes that take minutes and show nothing more. Killed while it lists.
2. On a new database, the first 120 incidents (by a `query` of the scope) with their texts, and all defects; the fields
   are really written. Killed while it reads the texts.

Assumed:
- "Resumed inside": what was listed is not listed again, but for the page in which it died and what the overlap asks
  for; what was read whole is not read again, but for the records in which it died.
"""
import re
import signal
import time
from collections import Counter, defaultdict

from harness.bulk import loop_holds, outbox_empty, until
from harness.expect import Mismatch, numbers, wait
from harness.rt import MARKER, Ticket
from harness.runner import scenario

INCIDENTS, DEFECTS, PAGE = 10000, 1000, 100
SLICE, AT_A_TIME = 120, 4
LISTED, READ = 43, 40  # pages that are listed, tickets that are read, when it dies
LIST, TEXTS = r"^/REST/2\.0/tickets\?", r"^/REST/2\.0/ticket/\d+/attachments"
MOST = 240  # seconds that an import may take
NAMED = [{"pattern": r"defect #(\d+)", "tracker": "product"}, {"pattern": r"bug (\d+)", "tracker": "product"}]
TOLD = ("pending", "in-flight", "unsure", "done", "parked")


@scenario(19, "10,000 imported", cases=11)
def imported(r):
    quick = {"import": {"comments": False}}
    with r.open(start=False, dry_run=True, references={"patterns": NAMED},
                trackers={"helpdesk": quick, "product": quick}) as s:
        s.backend.fill(INCIDENTS, DEFECTS)
        time.sleep(2)  # what was made in the very second in which an import begins is new to it
        s.bascule.ready_after = MOST * r.slow
        listed(r, s)
        adopted_dry(r, s)
        s.bascule.stop()
        before = {id: t["LastUpdated"] for id, t in s.rt.tickets(f"id <= {SLICE}").items()}
        s.bascule.write(database=s.work + "/slice.db", dry_run=False, trackers={"helpdesk": {
            "scope": {"queue": None, "query": f"Queue = '{s.rt.queue}' AND id <= {SLICE}"},
            "import": {"comments": True}}})
        read(r, s)
        adopted(r, s, before)


def tracker(status, name):
    return next(t for t in status["trackers"] if t["name"] == name)


def in_import(status):
    return any(t["import"] != "done" for t in status["trackers"])


def killed_in(s, rule, proxy):
    """Dies by SIGKILL while the request that hangs is under way; the status right before."""
    wait(lambda: [] if proxy.hits(rule) else ["no request to die in"], MOST * s.runner.slow, 0.1, s.bascule.tail)
    status = s.bascule.json("status")
    s.shown = s.cli("status", ok=None).out
    code, _ = s.bascule.stop(signal.SIGKILL)
    assert code == -signal.SIGKILL and proxy.hits(rule) == 1, (code, proxy.hits(rule))
    proxy.clear()
    return status


def complete(s):
    """Until the import is complete; until then nothing may be written. The status that first said so."""
    end = time.monotonic() + MOST * s.runner.slow
    while True:
        written = s.writes()  # before the status: what is written after it does no harm
        status = s.bascule.json("status")
        if not in_import(status):
            return status
        if written:
            raise Mismatch(f"written while it imports: {written[:5]}")
        if time.monotonic() > end or not s.bascule.running:
            raise Mismatch(f"the import is not complete: {status['trackers']}\n{s.bascule.tail()}")
        time.sleep(0.2)


# ---- all of them, listed ----

def listed(r, s):
    helpdesk = s.proxies["helpdesk"]
    with r.case("10,000 listed: a terminal and `status` say how far it is", parked=None):
        rule = helpdesk.hang(path=LIST, nth=LISTED + 1)
        s.bascule.start(wait=False, terminal=True)
        status = killed_in(s, rule, helpdesk)
        there = tracker(status, "helpdesk")
        was = there["imported"]
        # a page is asked for anew where more records than it holds share a second
        assert there["import"] == "running" and (LISTED - 8) * PAGE <= there["imported"] <= LISTED * PAGE, there
        assert f"{there['imported']} imported so far" in s.shown, s.shown
        bar = re.findall(r"first import \[[#-]*\] +\d+%  (\d+) of (\d+) records so far", plain(s.bascule.log()))
        assert bar and 0 < int(bar[-1][0]) <= LISTED * PAGE + DEFECTS, bar[-3:]
    with r.case("10,000 listed: started again, it goes on where it was", parked=None):
        before = len(pages(helpdesk))
        s.bascule.start(wait=False, terminal=True)
        status = complete(s)
        after = len(pages(helpdesk)) - before
        there = tracker(status, "helpdesk")
        assert there["records"] == INCIDENTS and tracker(status, "product")["records"] == DEFECTS, status["trackers"]
        pages_left = (INCIDENTS - was) / PAGE
        assert pages_left <= after <= pages_left * 1.2 + 3, (before, after, was)
        s.no_writes(0)


def plain(text):
    return re.sub(r"\033\[\d*m", "", text)


def pages(proxy):
    return [q for q in proxy.requests_since() if re.search(LIST, q.path)]


def adopted_dry(r, s):
    with r.case("10,000 listed: all is decided, each named defect has its problem", parked=None):
        until(s, lambda status: not status["undecided"], MOST * r.slow)
        named = {id: numbers(Ticket.values(t)["Defect"]) for id, t in s.rt.tickets("'CF.{Defect}' IS NOT NULL").items()}
        assert len(named) > INCIDENTS / 20, len(named)
        shown = {int(i["id"]): [int(d.split(":")[1]) for d in i["defects"]] for i in s.bascule.all("incidents")}
        assert len(shown) == INCIDENTS, len(shown)
        assert {id: sorted(defects) for id, defects in shown.items() if defects} == named
    with r.case("10,000 listed: nobody would be told anything, no state would move", parked=None):
        nobody_told(s)
        wants = s.bascule.json("status")["outbox"]
        assert wants["pending"] > len(named) and wants["done"] == 0, wants
        s.no_writes(0)
    with r.case("10,000 listed: no turn of the loop is long", parked=None):
        r.figure("import of 10,000 and 1,000, loop", loop_holds(s.bascule))


def nobody_told(s):
    for kind in ("note", "state", "create", "link"):
        found = s.bascule.json("list", "effects", "--kind", kind, "--state", ",".join(TOLD), "--limit", 3)["items"]
        assert not found, found


# ---- some of them, with their texts, written ----

def read(r, s):
    helpdesk = s.proxies["helpdesk"]
    began = time.time()
    with r.case("120 read with their texts: killed while it reads", parked=None):
        rule = helpdesk.hang(path=TEXTS, nth=READ + 1)
        s.bascule.start(wait=False)
        there = tracker(killed_in(s, rule, helpdesk), "helpdesk")
        assert there["import"] == "running" and READ - AT_A_TIME <= there["records"] < 2 * READ, there
    with r.case("120 read with their texts: started again, it reads the others, and only then it writes",
                parked=None):
        s.bascule.start(wait=False)
        complete(s)
        reads = Counter(re.search(r"\d+(?=/attachments)", q.path)[0] for q in helpdesk.requests_since(began)
                        if re.search(TEXTS, q.path))
        assert len(reads) == SLICE, len(reads)
        twice = sum(reads.values()) - SLICE
        assert twice <= 2 * AT_A_TIME, f"{twice} read twice"  # when it died, and before the first writes


def adopted(r, s, before):
    with r.case("120 adopted: each third has its problem, and the fields say so"):
        until(s, outbox_empty, MOST * r.slow)
        s.settle()
        shown = {int(i["id"]): i for i in s.bascule.all("incidents")}
        linked = {id: i for id, i in shown.items() if i["problems"]}
        assert len(shown) == SLICE and abs(len(linked) - SLICE / 3) <= 8, (len(shown), len(linked))
        tickets = s.rt.tickets(f"id <= {SLICE}")
        for id, ticket in tickets.items():
            fields = Ticket.values(ticket)
            want = (sorted(shown[id]["problems"]), sorted(int(d.split(":")[1]) for d in shown[id]["defects"]))
            have = (sorted(re.findall(r"P-\d+", fields["Problem"])), numbers(fields["Defect"]))
            assert have == want, (id, have, want)
            assert id in linked or ticket["LastUpdated"] == before[id], (id, ticket, before[id])
    with r.case("120 adopted: each defect counts its incidents"):
        counts = defaultdict(int)
        for incident in linked.values():
            for defect in incident["defects"]:
                counts[int(defect.split(":")[1])] += incident["native_state"] != "rejected"
        for id, n in counts.items():
            assert int(s.redmine.find(f"product:{id}").fields["Incident count"] or 0) == n, (id, n)
        written = {int(re.search(r"/issues/(\d+)", path)[1]) for _, path, _ in s.proxies["product"].delivered()}
        assert {id for id, n in counts.items() if n} <= written <= set(counts), written ^ set(counts)
    with r.case("120 adopted: nobody was told anything, no state was moved"):
        nobody_told(s)
        own = Counter(x["Type"] for x in s.rt.transactions("Creator = 'bridge'"))
        assert own and set(own) == {"CustomField"}, own
        assert not [m for m in s.mails() if MARKER.search(m["body"])]
        for id in counts:
            assert not s.redmine.find(f"product:{id}").own_notes(), id
    with r.case("120 adopted: nothing is written any more"):
        s.polls(2)
        s.quiet(2)
