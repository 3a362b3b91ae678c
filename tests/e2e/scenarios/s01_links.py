"""1. Links: what is a reference, what is not, and what taking it away undoes.

Assumed where the contract leaves room:
- The field Defect is read with the bare number of the tracker with the role
  `defects` (there is one). What the bridge writes there, and in the field
  Problem, may have any form a reader finds the number or "P-n" in.
- A number in the field that no defect has makes nothing, and stays as typed.
- Treatment is `leave` here, so that no state moves and only links are seen.
"""
from harness.expect import has, lacks, saying
from harness.runner import scenario

LEAVE = {"treatment": "leave"}
NO_LINK = {"verdict": "unlinked", "problems": [], "field_problem": ""}


def both_sides(s, ticket, issue, **more):
    """One problem, one link, the fields on both sides."""
    s.expect(ticket, verdict="pending", defects=[issue.ref], field_defect=[issue.id],
             problems=saying("exactly one", lambda have: have is not None and len(have) == 1), **more)
    problem = s.bascule.show(ticket.ref)["problems"][0]
    named = saying(f"naming {problem}", lambda have: problem in have)
    s.expect_all([(ticket, {"field_problem": named, "field_known_error": named}),
                  (issue, {"count": 1, "linked": [ticket.id], "unresolved": 0})])
    s.expect(problem, known_error=True, defects=[issue.ref], delivery="pending")
    return problem


@scenario(1, "links and their evidence", cases=34)
def links(r):
    with r.open(policy=LEAVE) as s:
        made(r, s)
        lookalikes(r, s)
        taken_away(r, s)
    with r.open(policy=LEAVE, references={"from_requesters": "suggest"}) as s:
        suggested(r, s)


def made(r, s):
    a = s.issue("Rounding is off")
    url = a.url
    first = {}

    def forms():
        """name -> how the ticket is made; each has its own defect."""
        yield "field Defect: a number", lambda i: s.ticket(fields={"Defect": str(i.id)})
        yield "field Defect: #number", lambda i: s.ticket(fields={"Defect": f"#{i.id}"})
        yield "field Defect: a URL with query and fragment", \
            lambda i: s.ticket(fields={"Defect": f" {i.url}?tab=history#note-2 "})
        yield "subject: the defect's URL", lambda i: s.ticket(f"Same as {i.url}?")
        yield "subject: a configured pattern", lambda i: s.ticket(f"Totals (BUG-{i.id}), again")
        yield "first message: the defect's URL", lambda i: s.ticket(text=f"Seems to be\n<{i.url}>.\nThanks")
        yield "first message: a configured pattern", lambda i: s.ticket(text=f"is this BUG-{i.id}?")
        yield "internal comment: the defect's URL", lambda i: then(s.ticket(), "comment", f"see {i.url}")
        yield "internal comment: a configured pattern", lambda i: then(s.ticket(), "comment", f"BUG-{i.id}: yes")
        yield "reply of the agent: the defect's URL", lambda i: then(s.ticket(), "reply", f"We follow it in {i.url} .")
        yield "reply of the customer: a configured pattern", \
            lambda i: then(s.ticket(), "reply", f"You told me it is BUG-{i.id}", by="alice")
        yield "a link of the ticket itself to the URL", lambda i: s.ticket(refers_to=i.url)

    def then(ticket, verb, *args, **more):
        getattr(ticket, verb)(*args, **more)
        return ticket

    # all at once, then one by one: the waits are shared
    prepared = []
    for name, make in forms():
        issue = s.issue("Defect: " + name)
        prepared.append((name, make(issue), issue))
    described = s.ticket("Named by the defect's description")
    by_description = s.issue("Found by support", f"Reported in {described.url}\nPlease look.")
    noted = s.ticket("Named by a note on the defect")
    by_note = s.issue("Found by a developer")
    by_note.note(f"another one: {noted.url}")
    prepared.append(("the defect's description holds the incident's URL", described, by_description))
    prepared.append(("a note of the defect holds the incident's URL", noted, by_note))
    for name, ticket, issue in prepared:
        with r.case(name):
            first[name] = both_sides(s, ticket, issue)

    with r.case("P-n in the field Problem joins that problem"):
        name, ticket, issue = prepared[0]
        joined = s.ticket(fields={"Problem": first[name]})
        s.expect(joined, problems=[first[name]], defects=[issue.ref], field_defect=[issue.id], verdict="pending")
        s.expect(issue, count=2, linked=sorted([ticket.id, joined.id]))

    with r.case("two numbers in one field: two defects"):
        one, two = s.issue("One"), s.issue("Two")
        ticket = s.ticket(fields={"Defect": f"{one.id}, {two.id}"})
        s.expect(ticket, defects=sorted([one.ref, two.ref]), field_defect=sorted([one.id, two.id]), verdict="pending")
        s.expect_all([(one, {"count": 1}), (two, {"count": 1})])

    with r.case("one defect named in five places: one problem, one link, one note"):
        issue = s.issue("Everywhere")
        ticket = s.ticket(f"BUG-{issue.id} {issue.url}", f"{issue.url} BUG-{issue.id}",
                          fields={"Defect": str(issue.id)}, refers_to=issue.url)
        ticket.comment(f"BUG-{issue.id}")
        issue.note(f"from {ticket.url}")
        both_sides(s, ticket, issue)
        s.settle()
        s.now(issue, count=1, internal=1, public=0)

    with r.case("a person at work under the bridge's own account is a person"):
        issue = s.issue("By the same account")
        ticket = s.ticket()
        ticket.comment(f"I think this is BUG-{issue.id}", by="bridge")
        both_sides(s, ticket, issue)

    with r.case("link and unlink by the command line"):
        issue, ticket = s.issue("By hand"), s.ticket()
        s.expect_all([(ticket, {"known": True}), (issue, {"known": True})])
        s.cli("link", ticket.ref, issue.ref)
        both_sides(s, ticket, issue)
        s.cli("unlink", ticket.ref, issue.ref)
        s.expect(ticket, **NO_LINK, field_defect=[])
        s.expect(issue, count=0, linked=[])


def lookalikes(r, s):
    issue = s.issue("Never linked")
    n, url = issue.id, issue.url
    host = url.rsplit("/issues/", 1)[0]
    words = [f"XBUG-{n}", f"my-BUG-{n}", f"_BUG-{n}", f"BUG-{n}a", f"BUG-{n}0000", f"BUG {n}", f"bug {n}", f"#{n}",
             f"{n}", f"{url}0000", f"{url}x", f"{host}/projects/{n}", f"http://elsewhere.example/issues/{n}",
             "BUG-999999", f"{host}/issues/999999"]
    with r.case("what only looks like a reference does nothing"):
        tickets = [s.ticket(f"About {word}", f"It says {word}, really.") for word in words]
        tickets += [s.ticket(fields={"Defect": text})
                    for text in ("n/a", "tbd 12x", "999999", "http://elsewhere.example/1")]
        tickets += [s.ticket(fields={"Problem": text}) for text in ("P-4711", "P 1", "XP-1")]
        s.settle(timeout=60)
        s.now_all([(t, {"known": True, "verdict": "unlinked", "problems": []}) for t in tickets])
        s.now(issue, count=0, linked=[], notes=[])
    with r.case("a reference that ends a sentence, or stands in brackets, is one"):
        ones = [s.ticket(f"It is BUG-{n}."), s.ticket(text=f"({url})"), s.ticket(text=f"[BUG-{n}]: see there"),
                s.ticket(text=f"url={url}/ ")]
        s.expect_all([(t, {"defects": [issue.ref]}) for t in ones])


def taken_away(r, s):
    with r.case("a person takes the only evidence away: link, fields, counts and the empty problem go"):
        issue = s.issue("Typed by mistake")
        ticket = s.linked(issue)
        problem = both_sides(s, ticket, issue)
        ticket.set(fields={"Defect": ""})
        s.expect(ticket, **NO_LINK, field_defect=[], field_known_error="")
        s.expect(issue, count=0, unresolved=0, linked=[])
        s.expect(problem, incidents=saying("none", lambda have: not have or not have.get("total")),
                 defects=lacks(issue.ref))
        items = {p["id"] for p in s.bascule.list("problems")}
        assert problem not in items or s.bascule.show(problem).get("resolution") == "cancelled", \
            f"{problem} holds nothing and is still there"

    with r.case("of two pieces one is taken away: the link stands; with the second it ends"):
        issue = s.issue("Twice named")
        ticket = s.ticket(f"Like BUG-{issue.id}", fields={"Defect": str(issue.id)})
        both_sides(s, ticket, issue)
        ticket.set(subject="Like something")
        s.settle()
        s.now(ticket, verdict="pending", defects=[issue.ref], field_defect=[issue.id])
        ticket.set(fields={"Defect": ""})
        s.expect(ticket, **NO_LINK)
        s.expect(issue, count=0, linked=[])

    with r.case("the bridge's own words hold nothing up"):
        issue = s.issue("Only in the subject")
        ticket = s.ticket(f"As in {issue.url}")
        both_sides(s, ticket, issue)
        s.settle()
        assert ticket.fields["Defect"] and ticket.own_notes(), "the bridge wrote nothing: nothing to test"
        ticket.set(subject="As in nothing")
        s.expect(ticket, **NO_LINK, field_defect=[])
        s.expect(issue, count=0, linked=[])

    with r.case("evidence on the defect's side is taken away"):
        ticket = s.ticket("Reported")
        issue = s.issue("Found", f"see {ticket.url}")
        both_sides(s, ticket, issue)
        issue.set(description="see nothing")
        s.expect(ticket, **NO_LINK, field_defect=[])
        s.expect(issue, count=0, linked=[])

    with r.case("a quotation of the bridge's note is no evidence"):
        issue = s.issue("Quoted")
        ticket, other = s.ticket(f"BUG-{issue.id} it is"), s.ticket("Another one")
        both_sides(s, ticket, issue)
        s.settle()
        notes = ticket.own_notes()
        assert notes, "the bridge wrote no note that could be quoted"
        quoted = "\n".join("> " + line for line in notes[0].text.splitlines())
        other.reply("I got this:\n" + quoted + "\nWhat does it mean?", by="bob")
        s.settle()
        s.now(other, verdict="unlinked", problems=[])
        s.now(issue, count=1, linked=[ticket.id])

    with r.case("a person clears a field that the bridge filled: rejected, though the text still says so"):
        issue = s.issue("Not the one")
        ticket = s.ticket(f"BUG-{issue.id} perhaps")
        both_sides(s, ticket, issue)
        ticket.set(fields={"Defect": ""})
        s.expect(ticket, **NO_LINK, field_defect=[])
        s.expect(issue, count=0, linked=[])

    with r.case("what was rejected stays so when others write more"):
        ticket.comment("still nothing new")
        s.settle()
        s.now(ticket, **NO_LINK)
        s.now(issue, count=0)

    with r.case("what was rejected comes back by a new act of a person"):
        ticket.set(fields={"Defect": str(issue.id)})
        both_sides(s, ticket, issue)

    with r.case("a person clears the field Problem: rejected for that problem"):
        other = s.issue("Not that problem")
        wrong = s.ticket(f"BUG-{other.id}?")
        both_sides(s, wrong, other)
        wrong.set(fields={"Problem": ""})
        s.expect(wrong, **NO_LINK)
        s.expect(other, count=0, linked=[])

    with r.case("a person adds a second number to a field that the bridge filled: both are linked"):
        one, two = s.issue("Filled in"), s.issue("Added")
        ticket = s.ticket(f"BUG-{one.id} and more")
        both_sides(s, ticket, one)
        ticket.set(fields={"Defect": f"{one.id} {two.id}"})
        s.expect(ticket, defects=has(one.ref, two.ref), field_defect=sorted([one.id, two.id]))
        s.expect_all([(one, {"count": 1}), (two, {"count": 1})])

    with r.case("... and takes the bridge's one out: only that is rejected"):
        ticket.set(fields={"Defect": str(two.id)})
        s.expect(ticket, defects=[two.ref], field_defect=[two.id], verdict="pending")
        s.expect_all([(one, {"count": 0, "linked": []}), (two, {"count": 1, "linked": [ticket.id]})])


def suggested(r, s):
    issue = s.issue("Said by a customer")
    with r.case("from_requesters: suggest: a customer's own words only suggest"):
        ticket = s.ticket()
        ticket.reply(f"my neighbour says it is BUG-{issue.id}", by="alice")
        s.expect(ticket, attention=has("suggestion"))
        s.now(ticket, verdict="unlinked", field_defect=[])
        s.now(issue, count=0, linked=[])
    with r.case("an agent's words confirm"):
        ticket.comment(f"right: BUG-{issue.id}")
        both_sides(s, ticket, issue)
        s.expect(ticket, attention=lacks("suggestion"))
