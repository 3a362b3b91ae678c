"""14. `explain` says why: golden texts of one record of each case above.

The texts stand in tests/e2e/golden/NAME.txt; `run.py --only 14 --bless`
writes them anew, and the difference is then to be read before it is kept.
Numbers that a tracker gave (records, comments), problems, effects, markers,
times and addresses are replaced in the order in which they occur, so that the
real trackers and the sandbox have the same texts.

Beside the text, each JSON answer must have facts, a rule, what was done (or
that nothing was), and what would change it.
"""
import difflib
import os
import re
import time

from harness.expect import has
from harness.runner import scenario

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden")
POLICY = {"for": [
    {"match": {"service": ["Hold"]}, "treatment": "hold"},
    {"match": {"service": ["Leave"]}, "treatment": "leave"},
    {"match": {"service": ["Careful"]}, "require_workaround": True},
    {"match": {"service": ["Settle"]}, "settle": {"pending": "1h"}},
    {"match": {"service": ["Ask"]}, "on_declined": "ask"},
    {"match": {"service": ["Any"]}, "several_defects": "any"},
]}


@scenario(14, "explain", cases={"real": 37, "sandbox": 38})
def explain(r):
    with r.open(policy=POLICY) as s:
        s.left_open = True  # what settles within an hour
        for name, ref in {**links(s), **treatments(s), **declined(s), **lives(s), **many(s), **texts(s)}.items():
            golden(r, s, name, ref)
    with r.open(policy=POLICY) as s:
        for name, ref in {**several(s), **loops(r, s)}.items():
            golden(r, s, name, ref)
    with r.open(policy={"treatment": "close"}, dry_run=True) as s:
        s.left_open = True
        ticket = s.linked(s.issue("Tried dry"))
        s.expect(ticket, verdict="pending", effects=has(("state", "pending")))
        s.polls(2)
        golden(r, s, "12-dry-run", ticket.ref, parked=None)
    with r.open(start=False) as s:
        issue = s.issue("From before")
        ticket = s.linked(issue)
        time.sleep(2)
        s.start()
        s.expect(ticket, verdict="pending", field_problem=lambda have: "P-" in have)
        s.settle()
        golden(r, s, "12-adopted", ticket.ref)
    with r.open(brake=1) as s:
        s.left_open = True
        issue = s.issue("Braked")
        tickets = []
        for requester in ("alice", "bob"):  # one by one: two closings at once are more than the brake allows
            tickets.append(s.linked(issue, requester=requester))
            s.expect(tickets[-1], status="closed-unresolved")
        s.settle()
        issue.release("1.1")
        s.expect_all([(t, {"verdict": "delivered"}) for t in tickets])
        s.polls(2)
        golden(r, s, "12-braked", tickets[0].ref, parked=None)


# ---- one record of each case; each function settles what it made ----

def links(s):
    issue = s.issue("Linked in many ways")
    field, subject, comment = s.linked(issue), s.ticket(f"Like BUG-{issue.id}"), s.ticket()
    comment.comment(f"see {issue.url}")
    alike, rejected, ended = s.ticket(f"XBUG-{issue.id}"), s.ticket(f"BUG-{issue.id}?"), s.linked(issue)
    s.expect_all([(t, {"status": "closed-unresolved", "field_defect": [issue.id]})
                  for t in (field, subject, comment, rejected, ended)])
    s.settle()
    rejected.set(fields={"Defect": ""})
    ended.set(fields={"Defect": ""})
    s.expect_all([(t, {"verdict": "unlinked", "field_problem": ""}) for t in (rejected, ended)])
    s.settle()
    return {"01-link-by-field": field.ref, "01-link-by-subject": subject.ref, "01-link-by-comment": comment.ref,
            "01-only-looks-like": alike.ref, "01-rejected": rejected.ref, "01-ended": ended.ref, "01-defect": issue.ref,
            "01-problem": s.bascule.show(field.ref)["problems"][0]}


def treatments(s):
    hold, leave, careful, waits = (s.linked(s.issue(f"For {name}"), fields={"Service": name})
                                   for name in ("Hold", "Leave", "Careful", "Settle"))
    bare, hand = s.ticket(status="closed-unresolved"), s.linked(s.issue("By hand"), status="closed-unresolved")
    s.expect_all([(hold, {"status": "stalled"}), (leave, {"internal": 1}), (careful, {"internal": 1}),
                  (waits, {"verdict": "pending"}), (bare, {"attention": has("orphan")}),
                  (hand, {"field_problem": lambda have: "P-" in have})])
    s.polls(2)
    return {"02-hold": hold.ref, "02-leave": leave.ref, "02-require-workaround": careful.ref, "02-settle": waits.ref,
            "03-orphan": bare.ref, "03-by-hand": hand.ref}


def declined(s):
    issue, other = s.issue("Will not be fixed"), s.issue("To be asked about")
    told, ask = s.linked(issue), s.linked(other, fields={"Service": "Ask"})
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (told, ask)])
    s.polls(2)
    for one in (issue, other):
        one.set(status="Won't Fix")
    s.expect_all([(told, {"public": 1}), (ask, {"verdict": "declined"})])
    accepted_issue = s.issue("Accepted")
    accepted = s.linked(accepted_issue)
    s.expect(accepted, status="closed-unresolved")
    accepted_issue.set(status="Won't Fix")
    s.expect(accepted, public=1)
    s.polls(2)  # the note stands there before its effect is known to be done
    problem = s.bascule.show(accepted.ref)["problems"][0]
    s.cli("problem", "accept-risk", problem, "--reason", "too rare", "--review", "2027-05-01")
    s.expect(accepted, outcome="risk-accepted")
    s.polls(2)
    return {"05-declined": told.ref, "05-ask": ask.ref, "05-accepted": accepted.ref, "05-problem-accepted": problem,
            "05-problem-declined": s.bascule.show(told.ref)["problems"][0]}


def lives(s):
    """Released, reopened, released again; and what people did meanwhile."""
    fixed, released, back, reopened = s.issue("Fixed"), s.issue("Released"), s.issue("Reopened"), s.issue("People win")
    waits, done, again, won = (s.linked(issue) for issue in (fixed, released, back, reopened))
    solved, theirs = (s.linked(issue, status="resolved") for issue in (released, back))
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (waits, done, again, won)])
    s.polls(2)
    fixed.set(status="Resolved")
    released.release("1.1")
    back.release("1.0")
    s.expect_all([(t, {"status": "resolved"}) for t in (done, again)])
    s.polls(2)
    back.set(status="In Progress")
    won.set(status="open")
    s.expect_all([(again, {"status": "closed-unresolved"}), (won, {"state": "open"})])
    time.sleep(3)
    late = s.linked(released, requester="bob")
    s.expect(late, attention=has("recurrence"), internal=1)
    s.polls(2)
    return {"04-fixed": waits.ref, "04-released": done.ref, "04-solved-by-people": solved.ref,
            "04-problem-closed": s.bascule.show(done.ref)["problems"][0], "06-did-not-hold": again.ref,
            "06-did-not-hold-people": theirs.ref, "07-reopened": won.ref, "10-recurrence": late.ref}


def many(s):
    one, two = s.issue("Half of it"), s.issue("Other half")
    s.expect_all([(issue, {"known": True}) for issue in (one, two)])  # else the first read makes the first problem
    both = s.ticket(fields={"Defect": f"{one.id}, {two.id}"})
    s.expect(both, status="closed-unresolved", problems=lambda have: len(have) == 2)
    live, copy = s.issue("Live"), s.issue("Copy")
    ticket = s.linked(copy)
    s.expect(ticket, status="closed-unresolved")
    one.release("1.1")
    s.redmine.duplicates(copy, live)
    copy.set(status="Closed", notes="same as the other")
    s.expect_all([(copy, {"native_state": "Closed"}), (one, {"state": "released"})])
    s.polls(2)
    return {"08-two-problems": both.ref, "08-duplicate": ticket.ref}


def several(s):
    """Two defects behind one problem: all of them count, or any."""
    refs = {}
    for name, service, fates in (("08-mixed", "All", ("Closed", "Won't Fix")), ("08-any", "Any", ("Closed", None))):
        issues = [s.issue(f"One of two, {service}"), s.issue(f"Other of two, {service}")]
        ticket = s.linked(issues[0], fields={"Service": service})
        s.expect_all([(ticket, {"status": "closed-unresolved"}), (issues[1], {"known": True})])
        problem = s.bascule.show(ticket.ref)["problems"][0]
        s.cli("link", problem, issues[1].ref)
        s.expect(problem, defects=lambda have: len(have) == 2)
        s.settle()
        for issue, status in reversed(list(zip(issues, fates))):
            if status:
                issue.set(status=status)
                s.expect(issue, native_state=status)
                s.settle()
        refs[name] = ticket.ref
    return refs


def loops(r, s):
    """Duplicates that lead nowhere: round and round, or (no real Redmine shows it) to what cannot be read."""
    a, b = s.issue("Loop a"), s.issue("Loop b")
    ticket = s.linked(a)
    waits = [s.linked(s.issue("A copy of what is hidden"))] if r.backend.name == "sandbox" else []
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in [ticket, *waits]])
    s.settle()
    copies = [s.redmine.find(s.bascule.show(t.ref)["defects"][0]) for t in waits]
    s.bascule.stop()
    for issue in (a, b):
        issue.set(status="Closed")
    s.redmine.duplicates(a, b)
    s.redmine.duplicates(b, a)
    for issue in (a, b):
        issue.note("same thing", by="admin")
    for copy in copies:
        hidden = s.redmine.issue("Hidden")
        s.redmine.duplicates(copy, hidden)
        s.backend.hide(hidden)
        copy.set(status="Closed", notes="see the hidden one")
    s.start()
    s.expect_all([(issue, {"native_state": "Closed"}) for issue in [a, *copies]])
    s.settle()
    return {"08-loop": ticket.ref, **{"08-unreadable": t.ref for t in waits}}


def texts(s):
    issue = s.issue("With a workaround")
    ticket = s.linked(issue)
    s.expect(ticket, status="closed-unresolved")
    problem = s.bascule.show(ticket.ref)["problems"][0]
    s.cli("problem", "set", problem, "--customer-text", "Turn it off and on.")
    s.cli("problem", "publish", problem)
    s.expect(ticket, public=1)
    made = s.ticket("Create the defect of this")
    s.expect(made, known=True)
    s.cli("defect", "new", made.ref)
    s.expect(made, status="closed-unresolved", defects=lambda have: len(have) == 1)
    s.polls(2)
    return {"09-workaround": ticket.ref, "11-defect-new": made.ref}


# ---- comparing ----

FIELD = re.compile(r"  - effect \d+(?: on (\S+))?, (\w+) = ")


def stable(text):
    """What depends on how the polls fell is left out: a value on its way to the last one, and the order of what was
    seen at once."""
    lines, last = text.strip().splitlines(), {}
    for i, line in enumerate(lines):
        if FIELD.match(line):
            last[FIELD.match(line).groups()] = i
    lines = [line for i, line in enumerate(lines) if not FIELD.match(line) or i in last.values()]
    out = []
    for line in lines:
        # evidence, and the effects of a problem on its many records
        kind = "evidence" if line.startswith("    - ") else "effect" if re.match(r"  - effect \d+ on ", line) else ""
        if kind and out and out[-1][0] == kind:
            out[-1][1].append(line)
        else:
            out.append((kind, [line]))
    return "\n".join("\n".join(sorted(group, key=lambda line: re.sub(r"\d", "", line)) if kind else group)
                     for kind, group in out)


def normal(text, env):
    text = stable(text)
    for variable in ("RT_URL", "REDMINE_URL"):
        text = text.replace(env[variable], variable)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", "TIME", text)
    text = re.sub(r"(?!2027-05)\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?( UTC)?)?", "TIME", text)
    text = re.sub(r"\b\d+ ?(ms|s|sec|second|seconds|m|min|minute|minutes) ago\b|\bjust now\b", "AGO", text)
    text = re.sub(r"\[P-\d+ · ([0-9a-z]+)-[0-9a-z]+\]", "[MARKER]", text)
    for pattern, name in ((r"(helpdesk:)\d+", "h"), (r"(product:)\d+", "d"), (r"(P-)\d+", "p"), (r"(effect )\d+", "e"),
                          (r"(comment |transaction |journal |note )\d+", "t"), (r"(BUG-)\d+", "b"),
                          (r"(issues/)\d+", "i"), (r"(Display\.html\?id=)\d+", "u")):
        seen = {}
        text = re.sub(pattern, lambda m: f"{m.group(1)}{name}{seen.setdefault(m.group(), len(seen) + 1)}", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def golden(r, s, name, ref, parked=0):
    with r.case(f"explain {name}", parked=None):
        s.touched = set()
        why = s.bascule.json("explain", ref)
        # a defect is decided through the problems it stands behind
        decisions = [why["decision"]] if why.get("decision") else [p["decision"] for p in why["problem_items"]]
        assert decisions, f"nothing was decided about {ref}"
        for decision in decisions:
            for part in ("facts", "rule", "why", "would_change"):
                assert decision.get(part), f"no {part} in the decision of {ref}: {decision}"
            assert "did" in decision, decision
        text = normal(s.bascule.explain(ref), s.backend.env)
        path = os.path.join(GOLDEN, name + ".txt")
        if r.bless:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return
        assert os.path.exists(path), f"no golden text {path}; --bless writes it:\n{text}"
        with open(path, encoding="utf-8") as f:
            want = f.read()
        difference = difflib.unified_diff(want.splitlines(), text.splitlines(), "golden", "explained", lineterm="")
        assert text == want, "\n".join(difference)
