"""25. Time zones: of the API's user, of the trackers' servers, of the service; and the nights in which clocks change.

RT reads the dates of a search in its user's zone, else in its server's; Redmine keeps its times as its server's wall
shows them. Nothing of that may be seen: no change is missed, none comes twice, all times are UTC.

The nights are dated by the trackers' databases (rig/dated): the clocks of machines that change for a test make
both trackers too slow to be believed.

Assumed:
- In the hour that comes twice Redmine in New York tells the first, 05:00 to 06:00 UTC, as the second (seen): so does
  the service where it did not read them as they happened.
- What is behind the cursor by the wall only is found after a restart, or within an hour (that: unit tests).
- RT's account has no zone and its server is not in UTC: the service stays away, and says what to do.
"""
import re
import time

from harness.expect import has, wait
from harness.runner import scenario
from harness.words import RECURRENCE, naming

NEW_YORK, KOLKATA = "America/New_York", "Asia/Kolkata"
MOVES = {"helpdesk": ("stalled", "open"), "product": ("In Progress", "New")}
# the user's zone, the servers', the service's
LIVES = [(NEW_YORK, None, KOLKATA), (KOLKATA, NEW_YORK, NEW_YORK), (NEW_YORK, KOLKATA, "UTC")]


@scenario(25, "time zones", cases=4 * len(LIVES) + 7)
def zones(r):
    try:
        for user, servers, service in LIVES:
            r.backend.servers_zone(servers)
            a_life(r, user, servers, service)
            if not servers:
                a_night_of_the_user(r)
            elif servers == NEW_YORK:
                a_night_of_the_server(r)
    finally:
        r.backend.servers_zone()


def journal(s, record, what):
    return [j["text"] for j in reversed(s.bascule.list("journal")) if j["ref"] == record.ref and j["what"] == what]


# ---- what every day brings ----

def a_life(r, user, servers, service):
    name = f"user {user}, servers {servers or 'UTC'}, service {service}: "
    with r.open(start=False) as s:
        s.bascule.env["TZ"] = service
        r.backend.zone(user)
        s.ticket("The oldest")
        s.start()
        with r.case(name + "link, close unresolved; check says the zone"):
            issue = s.issue("Totals are wrong")
            first = s.linked(issue)
            s.expect(first, status="closed-unresolved")
            said = s.cli("check", ok=(0, 3), timeout=60).out
            assert re.search(rf"OK +helpdesk +account .*{user}: dates of queries are said in it", said), said
            assert re.search(r"OK +helpdesk +zone +dates in queries are read as expected", said), said
        with r.case(name + "changes in quick succession: each is seen, once"):
            issue.release("1.1")
            quick(s)
        with r.case(name + "release, resolve; a late link is a recurrence"):
            s.expect(first, status="resolved", told=[naming("1.1")])
            late = s.linked(issue, requester="bob")  # some seconds after the release, by now
            s.expect(late, verdict="delivered", attention=has("recurrence"), notes=[("internal", RECURRENCE)])
            s.polls(2)
            s.now(late, status="new", told=[])
            s.now(first, status="resolved", told=[naming("1.1")])
        with r.case(name + "all times are UTC, the lag is small"):
            for record, key in ((first, "LastUpdated"), (late, "LastUpdated"), (issue, "updated_on")):
                assert s.bascule.show(record.ref)["updated"] == record.get()[key], (record, s.bascule.show(record.ref))
            for t in s.bascule.json("status")["trackers"]:
                assert 0 <= t["lag"] <= 5 * r.slow, t
            day = time.strftime("%Y-%m-%d", time.gmtime())
            assert day in late.own_notes()[0].text, late.own_notes()[0].text


def quick(s):
    """New records and moves, faster than the polls and in the middle of them."""
    made, began = [], time.time()
    while len(made) < 6 or min(p.lists_since(began) for p in s.proxies.values()) < 2:
        made.append(s.ticket(f"Quick {len(made)}") if len(made) % 2 else s.issue(f"Quick {len(made)}"))
        time.sleep(0.1)
        made[-1].set(status=MOVES[made[-1].ref.split(":")[0]][0])
    s.expect_all([(record, {"native_state": MOVES[record.ref.split(":")[0]][0]}) for record in made])
    s.polls(2)
    for record in made:
        seen, moved = journal(s, record, "seen"), journal(s, record, "moved")
        assert len(seen) == 1 and len(moved) <= 1, (record, seen, moved)


def again(s, most):
    """Records that are read in the next polls, though nobody changes one."""
    began = time.time()
    s.polls(2)
    reads = [q.line for p in s.proxies.values() for q in p.requests_since(began)
             if re.match(r"/REST/2\.0/ticket/\d+$|/issues/\d+\.json", q.path)]
    assert len(reads) <= most, reads


# ---- the nights ----

class Walk:
    """Three records that are moved in turn, at times of another day, and followed."""

    def __init__(self, s, records):
        self.s, self.records, self.n = s, records, 0
        self.moves = {record: [] for record in records}

    def go(self, *times, told=None):
        """One move at each time; then the service has seen each of them once."""
        last = {}
        for at in times:
            record = self.records[self.n % len(self.records)]
            status = MOVES[record.ref.split(":")[0]][len(self.moves[record]) % 2]
            self.s.backend.dated(record, at, status)
            self.moves[record].append(status)
            last[record] = at
            self.n += 1
        if self.s.bascule.running:
            self.follow({record: (told or {}).get(at, at) for record, at in last.items()})

    def follow(self, last):
        wait(lambda: self.differs(last), 15 * self.s.runner.slow, 0.2, lambda: self.s.story(list(last)))

    def differs(self, last):
        lines = []
        for record, at in last.items():
            shown, moved = self.s.bascule.show(record.ref) or {}, journal(self.s, record, "moved")
            if shown.get("updated") != at or shown.get("native_state") != self.moves[record][-1]:
                lines.append(f"{record}: {shown.get('native_state')} since {shown.get('updated')}, not "
                             f"{self.moves[record][-1]} since {at}")
            if len(moved) != len(self.moves[record]):
                lines.append(f"{record}: {len(self.moves[record])} moves, seen {moved}")
        return lines


def on(day, *times):
    return [f"{day}T{t}Z" for t in times]


def a_night_of_the_user(r):
    with r.open(start=False) as s:
        s.bascule.env["TZ"] = NEW_YORK
        r.backend.zone(NEW_YORK)
        tickets = [s.ticket(f"Night {i}", status="open") for i in range(3)]
        for ticket in tickets:
            r.backend.dated(ticket, "2026-03-08T05:00:00Z")
        s.start()
        walk = Walk(s, tickets)
        began = time.time()
        with r.case("RT's user in New York, clocks go forward"):
            walk.go(*on("2026-03-08", "06:30:00", "06:59:59", "07:00:00"))
            walk.go(*on("2026-03-08", "07:30:00", "10:59:59", "11:00:00"))
            walk.go(*on("2026-03-08", "11:30:00", "11:59:59", "12:00:00"))
        with r.case("RT's user in New York, clocks go back: the hour that comes twice"):
            walk.go(*on("2026-11-01", "05:10:00", "05:30:00", "05:59:59"))
            walk.go(*on("2026-11-01", "06:00:00", "06:30:00", "06:59:59"))
        with r.case("... and the hour that RT can't be asked for"):
            walk.go(*on("2026-11-01", "09:59:59", "10:00:00", "10:00:00"))
            walk.go(*on("2026-11-01", "10:30:00", "10:30:00", "10:59:59"))
            walk.go(*on("2026-11-01", "11:00:00", "11:00:01", "11:30:00"))
        with r.case("no ticket was read twice for one move"):
            reads = [q for q in s.proxies["helpdesk"].requests_since(began)
                     if re.match(r"/REST/2\.0/ticket/\d+$", q.path)]
            # beside them one of the newest is asked now and then whether RT remembers
            assert walk.n <= len(reads) <= walk.n + 2 + (time.time() - began) / 30, (walk.n, len(reads))
            again(s, 1)


def a_night_of_the_server(r):
    with r.open(start=False) as s:
        s.bascule.env["TZ"] = KOLKATA
        issues = [s.issue(f"Night {i}") for i in range(6)]
        for issue in issues:
            r.backend.dated(issue, "2026-03-08T05:00:00Z")
        s.start()
        walk, second = Walk(s, issues[:3]), Walk(s, issues[3:])
        with r.case("Redmine in New York, clocks go forward"):
            walk.go(*on("2026-03-08", "06:30:00", "06:59:59", "07:00:00"))
            walk.go(*on("2026-03-08", "07:00:01", "07:30:00", "08:10:00"))
        with r.case("Redmine in New York, clocks go back: what an outage hides behind the first hour is found"):
            first = on("2026-11-01", "05:00:00", "05:30:00", "05:50:00")
            later = on("2026-11-01", "06:00:00", "06:30:00", "06:50:00")
            walk.go(*first, told=dict(zip(first, later)))
            s.bascule.stop()
            second.go(*on("2026-11-01", "06:00:00", "06:20:00", "06:45:00"))
            s.start()
            second.follow(dict(zip(second.records, on("2026-11-01", "06:00:00", "06:20:00", "06:45:00"))))
            walk.go(*on("2026-11-01", "07:00:00", "07:00:01", "08:10:00"))
            assert not s.bascule.attention(), s.bascule.attention()

        no_zone(r, s)


def no_zone(r, s):
    """The queue was empty so far: nothing could show how dates are read."""
    with r.case("RT's account without a zone, RT in New York: it stays away, says why, and goes on"):
        first = s.ticket("The first")
        wait(lambda: [] if [a for a in s.bascule.attention("helpdesk") if "time zone" in a["text"]]
             else [f"nothing is said of a time zone: {s.bascule.attention()}"], 20 * r.slow, 0.3)
        second = s.ticket("The second")
        said = s.cli("check", ok=(1,), timeout=60).out
        assert re.search(r"FAIL +helpdesk +zone .*set the Timezone of this account to UTC", said), said
        r.backend.zone("UTC")
        s.expect_all([(first, {"known": True}), (second, {"known": True})], timeout=40)
        wait(lambda: s.bascule.attention("helpdesk"), 40 * r.slow, 0.3)
