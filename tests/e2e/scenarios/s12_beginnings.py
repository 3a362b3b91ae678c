"""12. Safe beginnings: dry_run, history: adopt, the outbox opened, the brake.

Assumed:
- With `dry_run` effects stand in the outbox as `pending`. SIGHUP with
  `dry_run: false` delivers them.
- `outbox open --assert` asks on a terminal; without one it shows the counts,
  does nothing, says so and exits 1, unless told `--yes`. The counts are of what
  it then does, note by note and state by state.
- An open ticket that was there before the bridge counts as reopened: at the
  later release the agent is told, the customer is not, and it is not moved.
- A braked batch stands in `list attention` as `braked`; its number is the
  entry's, and `bascule release N` lets it go.
"""
import re
import time
from collections import Counter

from harness.expect import at_least, lacks, wait
from harness.runner import scenario
from harness.words import naming


@scenario(12, "dry_run, adopt, brake", cases=18)
def beginnings(r):
    dry(r)
    adopted(r)
    braked(r)
    braked_by_states(r)


def frozen(records):
    """All that a write could have moved."""
    def times(body):
        return body["LastUpdated"] if "LastUpdated" in body else body["updated_on"]
    return {str(t): (times(t.get()), t.status, t.fields, len(t.history() if t.kind == "incident" else t.journals()))
            for t in records}


def dry(r):
    with r.open(dry_run=True) as s:
        issue, done = s.issue("Tried dry"), s.issue("Already done")
        one, two = s.linked(issue), s.linked(issue, status="stalled", requester="bob")
        hand = s.linked(done, status="closed-unresolved")
        s.expect_all([(t, {"verdict": "pending"}) for t in (one, two, hand)])
        done.release("1.1")
        s.expect(hand, verdict="delivered")
        records = [issue, done, one, two, hand]
        began, before = time.time(), frozen(records)
        with r.case("dry_run: all is decided and shown as pending", parked=None):
            s.expect(one, effects=lambda have: ("state", "pending") in have and ("note", "pending") in have)
            s.expect(hand, effects=lambda have: ("state", "pending") in have)
            wants = [e for e in s.bascule.effects(one.ref) if e["kind"] == "state"]
            assert "closed-unresolved" in repr(wants[0]["want"]) and wants[0]["reason"], wants
        with r.case("dry_run: nothing is written, both histories are unchanged", parked=None):
            s.polls(4)
            s.no_writes(0)
            assert before == frozen(records)
            assert not [m for m in s.mails() if "AutoReply" not in m["subject"]]
        with r.case("dry_run: status says so", parked=None):
            assert re.search(r"dry.?run", s.cli("status", ok=None).out, re.I), s.cli("status", ok=None).out
        with r.case("opened later: it delivers, in order"):
            s.configure(dry_run=False)
            s.expect_all([(one, {"status": "closed-unresolved"}), (two, {"status": "closed-unresolved"}),
                          (hand, {"status": "resolved", "told": [naming("1.1")]}),
                          (issue, {"count": 2, "unresolved": 2})])
            assert time.time() > began


def old_desk(s):
    """Tickets and defects from before the bridge, with a clock second between them and its start."""
    desk = {"pending": s.issue("Old and open"), "done": s.issue("Old and released"), "never": s.issue("Old, refused")}
    states = (None, "stalled", "closed-unresolved", "resolved")
    tickets = {name: [s.linked(issue, status=status, requester="bob") for status in states]
               for name, issue in desk.items()}
    desk["done"].release("1.0")
    desk["never"].set(status="Won't Fix")
    time.sleep(2)
    return desk, tickets


def adopted(r):
    with r.open(start=False) as s:
        desk, tickets = old_desk(s)
        every = [t for group in tickets.values() for t in group]
        before = {t: (t.status, t.moves(), len(t.notes())) for t in every}
        s.start()
        with r.case("adopt: links, verdicts and fields are there"):
            s.expect_all([(t, {"verdict": verdict, "field_problem": lambda have: "P-" in have})
                          for name, verdict in (("pending", "pending"), ("done", "delivered"), ("never", "declined"))
                          for t in tickets[name]], timeout=40)
            s.expect_all([(desk["pending"], {"count": 4, "unresolved": at_least(1)}), (desk["never"], {"count": 4})])
        with r.case("adopt: nobody is told anything, no state moves"):
            s.settle()
            assert {t: (t.status, t.moves(), len(t.notes())) for t in every} == before
            s.now_all([(t, {"told": [], "notes": []}) for t in every])
        with r.case("adopt: what happens from now on is asserted"):
            new = s.linked(desk["pending"])
            s.expect(new, status="closed-unresolved")
            desk["pending"].release("1.1")
            held = [new] + tickets["pending"][1:3]
            s.expect_all([(t, {"status": "resolved", "told": [naming("1.1")]}) for t in held], timeout=30)
            s.settle()
            s.now(tickets["pending"][3], status="resolved", told=[])
        with r.case("adopt: what was open before the bridge is left to its agent at the later release"):
            s.now(tickets["pending"][0], status="new", verdict="delivered", told=[], public=0, internal=1)
        with r.case("adopt: then nothing is written"):
            s.quiet(2)
        with r.case("outbox open --assert shows counts first, and does nothing without a yes"):
            began = time.time()
            said = s.cli("outbox", "open", "--assert", ok=None)
            assert said.code == 1 and "nothing was done; say --yes" in said.err, (said.code, said.out, said.err)
            shown = {what: int(n) for n, what in re.findall(r"^ +(\d+) (.+)$", said.out, re.M)}
            assert {"state resolved", "note fixed", "note declined"} <= set(shown), said.out
            plan = s.bascule.json("outbox", "open", "--assert", "--dry-run")
            assert plan["would_assert"] == shown, (plan, shown)
            s.polls(2)
            s.no_writes(began)
        with r.case("outbox open --assert with a yes: asserts what was adopted"):
            before = {e["n"]: e for e in s.bascule.effects()}
            told = s.bascule.json("outbox", "open", "--assert", "--yes")
            assert told["asserted"] == sum(shown.values()), (told, shown)
            s.expect_all([(tickets["never"][2], {"public": 1, "status": "closed-unresolved"}),
                          (tickets["never"][1], {"status": "closed-unresolved"})], timeout=30)
            s.settle()
            s.now(tickets["never"][3], status="resolved", told=[])
        with r.case("outbox open --assert: the counts were those of what it did"):
            moved = Counter(f"{e['kind']} {e['want'].get('note') or e['want'].get('state')}"
                            for e in s.bascule.effects() if e["kind"] in ("state", "note")
                            and (e["state"], e["settled"]) != tuple(before.get(e["n"], {}).get(k)
                                                                    for k in ("state", "settled")))
            assert moved == shown, f"shown {shown}, done {dict(moved)}"


def closed(s, issue, count):
    """Few at a time: the closing itself is not to be braked."""
    tickets = []
    while len(tickets) < count:
        few = [s.linked(issue) for _ in range(min(2, count - len(tickets)))]
        s.expect_all([(t, {"status": "closed-unresolved"}) for t in few])
        tickets += few
    return tickets


def braked(r):
    with r.open(brake=3) as s:
        issue = s.issue("For many")
        tickets = closed(s, issue, 5)
        few = s.issue("For few")
        pair = s.linked(few, count=2, requester="bob")
        s.expect_all([(t, {"status": "closed-unresolved"}) for t in [*tickets, *pair]], timeout=40)
        s.settle()
        issue.release("1.1")
        with r.case("brake: a batch that tells more than that waits, and is shown", parked=None):
            s.expect_all([(t, {"verdict": "delivered"}) for t in tickets])
            wait_braked(s)
            s.polls(2)
            s.now_all([(t, {"status": "closed-unresolved", "told": []}) for t in tickets])
        with r.case("brake: the entry says what would happen", parked=None):
            entry = next(a for a in s.bascule.list("attention") if a["kind"] == "braked")
            assert "5" in entry["text"] and re.search(r"release", entry["clear"]), entry
        with r.case("brake: others go on", parked=None):
            few.release("1.1")
            s.expect_all([(t, {"status": "resolved", "told": [naming("1.1")]}) for t in pair])
        with r.case("brake: a batch is released by its number"):
            entry = next(a for a in s.bascule.list("attention") if a["kind"] == "braked")
            number = re.search(r"release (\d+)", entry["clear"]).group(1)
            s.cli("release", number)
            s.expect_all([(t, {"status": "resolved", "told": [naming("1.1")]}) for t in tickets], timeout=40)
            s.settle()
            assert not [a for a in s.bascule.list("attention") if a["kind"] == "braked"]
        with r.case("brake: what was held is told once"):
            s.now_all([(t, {"told": [naming("1.1")], "public": 1, "attention": lacks("braked")}) for t in tickets])


def braked_by_states(r):
    """Nobody would be told, but more moved than brake allows."""
    with r.open(brake=3, policy={"notes": {"fixed": "internal"}}) as s:
        issue = s.issue("Moves many")
        tickets = closed(s, issue, 4)
        s.settle()
        issue.release("1.1")
        with r.case("brake: by states moved alone", parked=None):
            s.expect_all([(t, {"verdict": "delivered"}) for t in tickets])
            wait_braked(s)
            s.polls(2)
            s.now_all([(t, {"status": "closed-unresolved"}) for t in tickets])
            entry = next(a for a in s.bascule.list("attention") if a["kind"] == "braked")
            assert "0 requesters" in entry["text"] and "4 states" in entry["text"], entry
            s.cli("release", re.search(r"release (\d+)", entry["clear"]).group(1))
            s.expect_all([(t, {"status": "resolved", "told": []}) for t in tickets], timeout=40)
            s.settle()


def wait_braked(s):
    def check():
        return [] if any(a["kind"] == "braked" for a in s.bascule.list("attention")) else ["nothing is braked"]
    wait(check, 20, 0.5, s.story)

