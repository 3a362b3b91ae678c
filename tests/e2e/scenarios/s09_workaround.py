"""9. A published workaround reaches customers of closed-unresolved tickets once, and leaves them closed.

RT opens a closed ticket on every public note; the state goes along in the same
request, so in the history an opening by RT itself is followed at once by the
closing. Assumed: saving a customer text tells nobody, publishing it does; the
same text published again tells nobody; a changed one is a new revision.
"""
from harness.expect import lacks
from harness.runner import scenario
from harness.words import naming

TEXT = "Export as CSV, then open it in your spreadsheet."
NEXT = "Better: switch the printer driver to PostScript."
SECRETS = ("SEKRET-CAUSE", "SEKRET-INTERNAL")


@scenario(9, "a published workaround", cases=10)
def workaround(r):
    with r.open(policy={"for": [{"match": {"service": ["Leave"]}, "treatment": "leave"}]}) as s:
        issue = s.issue("Printing is broken")
        bridged, by_hand = s.linked(issue), s.linked(issue, status="closed-unresolved", requester="bob")
        opened = s.linked(issue, fields={"Service": "Leave"})
        solved = s.linked(issue, status="resolved", requester="bob")
        s.expect_all([(t, {"status": "closed-unresolved"}) for t in (bridged, by_hand)] + [(issue, {"count": 4})])
        s.settle()
        problem = s.bascule.show(bridged.ref)["problems"][0]
        readers = (bridged, by_hand, opened)

        with r.case("cause and workaround saved: the known error's status follows"):
            s.cli("problem", "set", problem, "--cause", SECRETS[0])
            s.expect(problem, status="diagnosed")
            s.cli("problem", "set", problem, "--workaround", SECRETS[1])
            s.expect(problem, status="resolved")
        with r.case("a text that is only saved tells nobody"):
            s.cli("problem", "set", problem, "--customer-text", TEXT)
            s.settle()
            s.now_all([(t, {"told": []}) for t in readers])
        with r.case("published: customers of closed-unresolved and open tickets are told once"):
            s.cli("problem", "publish", problem)
            s.expect_all([(t, {"told": [naming(TEXT)]}) for t in readers])
            s.settle()
            s.now_all([(t, {"told": [naming(TEXT)]}) for t in readers])
        with r.case("the closed ones are still closed-unresolved"):
            s.now_all([(t, {"status": "closed-unresolved"}) for t in (bridged, by_hand)])
            s.now(opened, status="new")
        with r.case("... and were not seen open in between by the service"):
            said = [j for j in s.bascule.list("journal")
                    if j["ref"] in (bridged.ref, by_hand.ref) and j["what"] == "override"]
            assert not said, said
            s.now_all([(t, {"turn": 1, "attention": lacks("came-back")}) for t in (bridged, by_hand)])
        with r.case("a resolved one is not told"):
            s.now(solved, notes=[], told=[], status="resolved")
        with r.case("what is internal stands in no mail and in no public note"):
            for mail in s.mails():
                assert not any(secret in mail["body"] for secret in SECRETS), mail
            for ticket in readers:
                assert not any(secret in n.text for n in ticket.notes() if n.public for secret in SECRETS), ticket
        with r.case("published again without a change: nobody is told"):
            s.cli("problem", "publish", problem, ok=None)
            s.settle()
            s.now_all([(t, {"told": [naming(TEXT)]}) for t in readers])
        with r.case("a changed text is told once more"):
            s.cli("problem", "set", problem, "--customer-text", NEXT)
            s.cli("problem", "publish", problem)
            s.expect_all([(t, {"told": [naming(TEXT), naming(NEXT)]}) for t in readers])
            s.settle()
            s.now_all([(t, {"status": "closed-unresolved"}) for t in (bridged, by_hand)])
        with r.case("an incident linked afterwards gets the newest text with its known-error note, once"):
            late = s.linked(issue, requester="bob")
            s.expect(late, status="closed-unresolved", notes=[("public", naming(NEXT))])
            s.settle()
            s.now(late, told=[naming(NEXT)])
