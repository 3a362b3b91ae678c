"""13. `check` finds and names what is wrong, in the file and on the trackers.

In the texts below ⟦ stands where the fault is; it is taken out, and its line
and column are what `check` has to say as bascule.yaml:LINE:COLUMN. Where more
than one place would be right there is more than one ⟦.
"""
import re

from harness import web
from harness.runner import scenario

GOOD = """\
listen: 127.0.0.1:8420
brake: 500
dry_run: false
history: adopt
trackers:
  helpdesk:
    connector: rt
    role: ticketing
    url: {rt}
    auth: {{ token: {{ env: RT_TOKEN }} }}
    scope: {{ queue: Incidents }}
    poll: 1s
    states:
      closed-unresolved: closed-unresolved
    fields: {{ defect: Defect, problem: Problem }}
  product:
    connector: redmine
    role: defects
    url: {redmine}
    auth: {{ key: {{ env: REDMINE_KEY }} }}
    scope: {{ project: product }}
    states:
      Resolved: fixed
      Closed: {{ state: released, outcome: fixed }}
    fields:
      incident_count: Incident count
references:
  patterns:
    - {{ pattern: 'BUG-(\\d+)', tracker: product }}
policy:
  treatment: close
  thresholds: [10, 50, 100]
  notes: {{ fixed: public }}
  for:
    - match: {{ service: [Billing] }}
      treatment: leave
"""

# name, what is replaced, by what, what must be said
FAULTS = [
    ("an unknown key at the top", "brake: 500", "⟦brakes: 500", r"\"brakes\".*did you mean \"brake\""),
    ("an unknown key of a tracker", "    poll: 1s", "    ⟦polll: 1s", r"\"polll\".*did you mean \"poll\""),
    ("an unknown key of the policy", "  treatment: close", "  ⟦treatmant: close",
     r"\"treatmant\".*did you mean \"treatment\""),
    ("an unknown kind of note", "{ fixed: public }", "{ ⟦fixt: public }", r"\"fixt\".*did you mean \"fixed\""),
    ("an unknown canonical field", "{ defect: Defect,", "{ ⟦defekt: Defect,",
     r"\"defekt\".*write defect, problem.*did you mean \"defect\""),
    ("an unknown key of match", "match: { service:", "match: { ⟦servise:", r"\"servise\".*did you mean \"service\""),
    ("no mapping where one belongs", "fields: { defect: Defect, problem: Problem }", "fields: ⟦[Defect]",
     r"fields: a section of .* is wanted here, not a list"),
    ("no list where one belongs", "thresholds: [10, 50, 100]", "thresholds: ⟦{ a: b }",
     r"thresholds: a list of .*such as \[10, 50, 100\]"),
    ("no duration", "poll: 1s", "poll: ⟦fifteen", r"\"fifteen\".*such as \d+s"),
    ("no number", "brake: 500", "brake: ⟦many", r"\"many\".*write a whole number from 1 to"),
    ("no yes or no", "dry_run: false", "dry_run: ⟦perhaps",
     r"\"perhaps\" is neither true nor false; write one of them"),
    ("an unknown role", "role: ticketing", "role: ⟦tickets", r"\"tickets\".*write ticketing or defects"),
    ("an unknown treatment", "  treatment: close", "  treatment: ⟦closed", r"\"closed\".*write close, hold or leave"),
    ("an unknown state", "Resolved: fixed", "Resolved: ⟦fixt",
     r"\"fixt\".*write open, working, fixed.*did you mean \"fixed\""),
    ("an unknown outcome", "outcome: fixed }", "outcome: ⟦mended }", r"\"mended\".*write fixed, workaround, wont-fix"),
    ("an unknown visibility", "{ fixed: public }", "{ fixed: ⟦pubic }", r"\"pubic\".*write off, internal or public"),
    ("an unknown history", "history: adopt", "history: ⟦adapt", r"\"adapt\".*write adopt or assert"),
    ("an unknown connector", "connector: redmine", "connector: ⟦redmin",
     r"no connector \"redmin\".*bascule connectors"),
    ("no connector", "  product:\n    connector: redmine\n", "  ⟦product:\n",
     r"product: \"connector\" is missing"),
    ("no role", "  product:\n    connector: redmine\n    role: defects\n",
     "  ⟦product:\n    connector: redmine\n", r"product: \"role\" is missing"),
    ("no URL", "  product:\n    connector: redmine\n    role: defects\n    url: {redmine}\n",
     "  ⟦product:\n    connector: redmine\n    role: defects\n", r"product: \"url\" is missing"),
    ("a URL that is none", "url: {redmine}", "url: ⟦redmine.example.org",
     r"url: .*write one that begins with https:// or http://"),
    ("a pattern for a tracker that is not there", "tracker: product }", "tracker: ⟦produkt }",
     r"no tracker \"produkt\".*did you mean \"product\""),
    ("a pattern that is none", "'BUG-(\\d+)'", "⟦'BUG-(\\d+⟦'", r"pattern: .*offset 8: missing closing parenthesis"),
    ("a pattern without a group", "'BUG-(\\d+)'", "⟦'BUG-\\d+'",
     r"no group 1; put the part that is the id in \( \), such as 'BUG-\("),
    ("thresholds that do not ascend", "[10, 50, 100]", "[10, ⟦5, 100]",
     r"5 does not come after 10; write them in rising order"),
    ("the same key twice", "brake: 500", "brake: 500\n⟦brake: 400",
     r"\"brake\".*line 2 already; keep one"),
    ("a tracker's name twice", "  product:\n", "  ⟦helpdesk:\n",
     r"\"helpdesk\".*line 6 already; keep one"),
    ("a secret in a variable that is not set", "env: RT_TOKEN", "⟦env: ⟦NO_SUCH_TOKEN",
     r"variable NO_SUCH_TOKEN is not set; set it where bascule starts"),
    ("a secret in a file that is not there", "env: RT_TOKEN", "⟦file: ⟦/nowhere/token",
     r"\"/nowhere/token\" can't be read: .*No such file"),
    ("an address for all without TLS", "listen: 127.0.0.1:8420", "listen: ⟦0.0.0.0:8420",
     r"no loopback address: .*; listen on 127\.0\.0\.1"),
    ("a port that is none", "listen: 127.0.0.1:8420", "listen: ⟦127.0.0.1:http",
     r"port is no number.*such as 127\.0\.0\.1:8420"),
    ("YAML that ends in the middle", "[10, 50, 100]", "[10, 50", r"no valid YAML: .*(indent|close)"),
]


@scenario(13, "check names what is wrong", cases=len(FAULTS) + 23)
def check(r):
    with r.open(start=False) as s:
        # where there is nothing yet, check can only say that it can't tell
        s.ticket(), s.issue()
        with r.case("a good file and two good trackers: no FAIL, exit 0"):
            said = s.cli("check", ok=None)
            assert said.code in (0, 3) and "FAIL" not in said.out and "OK" in said.out, said.out + said.err
            for word in ("helpdesk", "product"):
                assert word in said.out, said.out
        with r.case("no secret is printed"):
            secrets = [v for k, v in s.bascule.env.items() if k in ("RT_TOKEN", "REDMINE_KEY")]
            assert not any(secret in said.out + said.err for secret in secrets)
        trackers(r, s)
        in_the_file(r, s)
    what_if(r)


def found(s, pattern, level="FAIL", **over):
    """check with changed settings: one line of that level (None: not OK) says so."""
    kept = s.bascule.settings
    try:
        s.bascule.write(**over)
        said = s.cli("check", ok=None, timeout=60)
    finally:
        s.bascule.settings = kept
        s.bascule.write()
    lines = [line for line in (said.out + said.err).splitlines() if re.match(level or "WARN|FAIL", line)]
    assert any(re.search(pattern, line, re.I) for line in lines), \
        f"no {level} line with /{pattern}/ (exit {said.code}):\n{said.out}{said.err}"
    assert (said.code == 1) == any(re.match("FAIL", line) for line in said.out.splitlines()), said.code
    return said


def tracker(name, **over):
    return {"trackers": {name: over}}


def trackers(r, s):
    with r.case("wrong URL: nobody listens"):
        found(s, r"helpdesk +reached +http://127\.0\.0\.1:9 can't be used: .*(connect|refused)",
              **tracker("helpdesk", url="http://127.0.0.1:9"))
    with r.case("wrong URL: something else answers"):
        url = s.proxies["product"].url
        found(s, rf"helpdesk +reached +(there is no REST 2\.0 at {url}|{url} answers, but not as RT).*`url` RT's own",
              **tracker("helpdesk", url=url))
        url = s.proxies["helpdesk"].url
        # a real RT sends whom it does not know to its login
        found(s, rf"product +reached +(there is no Redmine at {url}: is the path|{url} answers, but not as Redmine|"
              rf"{url} can't be used: .* redirects to .*/NoAuth/Login.*: is `url` the address)",
              **tracker("product", url=url))
    with r.case("wrong token, RT"):
        found(s, r"helpdesk.*does not accept the token: make one .*Auth Tokens",
              **tracker("helpdesk", auth={"token": "1-27-" + "0" * 32}))
    with r.case("wrong key, Redmine"):
        found(s, r"product.*does not accept the key: take the one under My account",
              **tracker("product", auth={"key": "0" * 40}))
    with r.case("unknown queue"):
        found(s, r"helpdesk.*queue Incidence.*SeeQueue", **tracker("helpdesk", scope={"queue": "Incidence"}))
    with r.case("unknown project"):
        found(s, r"product.*(no project produkt; the identifier|project produkt: this account is no member)",
              **tracker("product", scope={"project": "produkt"}))
    with r.case("missing custom field, RT"):
        found(s, r"helpdesk.*\"Fehler\" \(defect\) is not there: make it",
              **tracker("helpdesk", fields={"defect": "Fehler"}))
    with r.case("missing custom field, Redmine"):
        found(s, r"product.*\"Anzahl\" \(incident_count\) is not there: make it",
              **tracker("product", fields={"incident_count": "Anzahl"}))
    with r.case("unmapped state, RT"):
        rule = s.proxies["helpdesk"].rewrite(r'"Status" ?: ?"new"', '"Status":"triage"', times=9, path=r"/tickets\?")
        try:
            found(s, r"helpdesk.*\"triage\" is not mapped: say under `states` of helpdesk", level="WARN")
            assert s.proxies["helpdesk"].hits(rule), "the state was never seen"
        finally:
            s.proxies["helpdesk"].clear()
    with r.case("unmapped state, Redmine"):
        rule = s.proxies["product"].rewrite(r'"name":"Feedback"', '"name":"Triage"', times=9,
                                            path=r"^/issue_statuses\.json")
        try:
            found(s, r"product.*\"Triage\" is not mapped: say under `states` of product", level="WARN")
            assert s.proxies["product"].hits(rule), "the state was never seen"
        finally:
            s.proxies["product"].clear()
    for name in ("helpdesk", "product"):
        with r.case(f"skewed clock: {name}"):
            if "date" not in web.request("GET", s.proxies[name].url).headers:
                # Redmine's own server sends no Date, only one in front of it does: then nobody can tell
                found(s, name + r".*clock.*no Date header", level="WARN")
            # ... and as that one the proxy puts a Date in where there is none
            rule = s.proxies[name].skew(1200)
            try:
                found(s, name + r" +clock +the tracker's clock is (20m|1[12]\d\ds|1\dm\w*) ahead of ours; set both by")
                assert s.proxies[name].hits(rule), "the clock was never seen"
            finally:
                s.proxies[name].clear()
    with r.case("the API user lives in another time zone"):
        s.backend.zone("Europe/Berlin")
        try:
            found(s, r"helpdesk.*account.*Europe/Berlin", level="OK")  # dates of queries are said in it
            found(s, r"helpdesk.*zone.*as expected", level="OK")
        finally:
            s.backend.zone("")
    for only, name, wanted in (
            ("rt", "CommentOnTicket", r"helpdesk +right +internal notes .* the right CommentOnTicket"),
            ("redmine", "add_issue_notes", r"product +right +notes .* the permission Add notes")):
        with r.case(f"one right that is visibly missing: {name}"):
            s.backend.right_taken(only, name)
            try:
                said = found(s, wanted)
                assert len(re.findall("^FAIL", said.out, re.M)) == 1, said.out
            finally:
                s.backend.rights(True, only)
    with r.case("all rights are missing, RT"):
        s.backend.rights(False, "rt")
        try:
            found(s, r"helpdesk +scope +queue Incidents: .*the right SeeQueue|no queue Incidents, .*SeeQueue")
        finally:
            s.backend.rights(True, "rt")
    with r.case("all rights are missing, Redmine"):
        s.backend.rights(False, "redmine")
        try:
            found(s, r"product +scope +project product: this account is no member of it")
        finally:
            s.backend.rights(True, "redmine")


def in_the_file(r, s):
    good = GOOD.format(rt=s.proxies["helpdesk"].url, redmine=s.proxies["product"].url)
    names = {"{rt}": s.proxies["helpdesk"].url, "{redmine}": s.proxies["product"].url}
    with r.case("the good file of this list is good"):
        assert said_about(s, good).code in (0, 3)
    for name, old, new, pattern in FAULTS:
        with r.case("the file: " + name):
            for word, url in names.items():
                old, new = old.replace(word, url), new.replace(word, url)
            assert good.count(old) == 1, f"{old!r} stands {good.count(old)} times in the good file"
            text = good.replace(old, new)
            wanted = places(text)
            said = said_about(s, text.replace("⟦", ""))
            out = said.out + said.err
            assert said.code == 1, f"exit {said.code}: {out}"
            lines = [line for line in out.splitlines() if re.search(r"bascule\.yaml:\d+:\d+", line)]
            assert lines, f"no line with file:line:column:\n{out}"
            here = [line for line in lines
                    if not wanted or re.search(r"bascule\.yaml:(%s)\b" % "|".join(f"{a}:{b}" for a, b in wanted), line)]
            assert here, f"none of {wanted} is named:\n{out}"
            assert pattern is None or any(re.search(pattern, line, re.I) for line in here), f"/{pattern}/? {out}"


def places(text):
    """Line and column of each ⟦."""
    found_at = []
    for number, line in enumerate(text.split("\n"), 1):
        while "⟦" in line:
            found_at.append((number, line.index("⟦") + 1))
            line = line.replace("⟦", "", 1)
    return found_at


def said_about(s, text):
    with open(s.bascule.file, "w", encoding="utf-8") as f:
        f.write(text)
    try:
        return s.cli("check", ok=None, timeout=60)
    finally:
        s.bascule.write()


def what_if(r):
    """check --diff: what a changed file would do, at once and by `policy apply`; it does nothing of it."""
    with r.open(policy={"treatment": "leave"}) as s:
        ticket = s.linked(s.issue())
        s.expect(ticket, status="new", verdict="pending")
        s.settle()

        def diff(**over):
            kept = s.bascule.settings
            try:
                s.bascule.write(**over)
                return s.cli("check", "--diff", ok=(0, 3), timeout=60).out
            finally:
                s.bascule.settings = kept
                s.bascule.write()
        with r.case("--diff: the same file does nothing"):
            out = diff()
            assert re.search(r"at once .*would do nothing", out) and "under another policy" in out, out
        with r.case("--diff: a changed policy, by policy apply only"):
            out = diff(policy={"treatment": "close"})
            assert re.search(r"at once .*would do nothing", out), out
            assert re.search(r"policy apply` would close 1\b.* 1 incident;", out), out
        with r.case("--diff: a changed table of states, at once; nothing moved by asking"):
            out = diff(trackers={"helpdesk": {"states": {"closed-unresolved": "closed-unresolved",
                                                         "new": "closed-unresolved"}}})
            assert re.search(r"at once .*would write \d+ field", out), out
            s.settle()
            s.expect(ticket, status="new", turn=1)
