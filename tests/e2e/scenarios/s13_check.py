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
    ("an unknown key at the top", "brake: 500", "⟦brakes: 500", r"brakes.*brake"),
    ("an unknown key of a tracker", "    poll: 1s", "    ⟦polll: 1s", r"polll.*poll"),
    ("an unknown key of the policy", "  treatment: close", "  ⟦treatmant: close", r"treatmant.*treatment"),
    ("an unknown kind of note", "{ fixed: public }", "{ ⟦fixt: public }", r"fixt.*fixed"),
    ("an unknown canonical field", "{ defect: Defect,", "{ ⟦defekt: Defect,", r"defekt.*defect"),
    ("an unknown key of match", "match: { service:", "match: { ⟦servise:", r"servise.*service"),
    ("no mapping where one belongs", "fields: { defect: Defect, problem: Problem }", "fields: ⟦[Defect]",
     r"section|mapping"),
    ("no list where one belongs", "thresholds: [10, 50, 100]", "thresholds: ⟦{ a: b }", r"list"),
    ("no duration", "poll: 1s", "poll: ⟦fifteen", r"fifteen.*(15s|[0-9]+s)"),
    ("no number", "brake: 500", "brake: ⟦many", r"number"),
    ("no yes or no", "dry_run: false", "dry_run: ⟦perhaps", r"true|false"),
    ("an unknown role", "role: ticketing", "role: ⟦tickets", r"ticketing.*defects"),
    ("an unknown treatment", "  treatment: close", "  treatment: ⟦closed", r"close.*hold.*leave"),
    ("an unknown state", "Resolved: fixed", "Resolved: ⟦fixt", r"fixed"),
    ("an unknown outcome", "outcome: fixed }", "outcome: ⟦mended }", r"mended"),
    ("an unknown visibility", "{ fixed: public }", "{ fixed: ⟦pubic }", r"internal.*public"),
    ("an unknown history", "history: adopt", "history: ⟦adapt", r"adopt.*assert"),
    ("an unknown connector", "connector: redmine", "connector: ⟦redmin", r"redmin"),
    ("no connector", "  product:\n    connector: redmine\n", "  ⟦product:\n", r"connector"),
    ("no role", "  product:\n    connector: redmine\n    role: defects\n",
     "  ⟦product:\n    connector: redmine\n", r"role"),
    ("no URL", "  product:\n    connector: redmine\n    role: defects\n    url: {redmine}\n",
     "  ⟦product:\n    connector: redmine\n    role: defects\n", r"url"),
    ("a URL that is none", "url: {redmine}", "url: ⟦redmine.example.org", r"http"),
    ("a pattern for a tracker that is not there", "tracker: product }", "tracker: ⟦produkt }", r"produkt.*product"),
    ("a pattern that is none", "'BUG-(\\d+)'", "⟦'BUG-(\\d+⟦'", r"\)|parenthes"),
    ("a pattern without a group", "'BUG-(\\d+)'", "⟦'BUG-\\d+'", r"group"),
    ("thresholds that do not ascend", "[10, 50, 100]", "[10, ⟦5, 100]", r"ascend|greater|larger|order"),
    ("the same key twice", "brake: 500", "brake: 500\n⟦brake: 400", r"twice|again|already|duplicate"),
    ("a tracker's name twice", "  product:\n", "  ⟦helpdesk:\n", r"twice|again|already|duplicate"),
    ("a secret in a variable that is not set", "env: RT_TOKEN", "⟦env: ⟦NO_SUCH_TOKEN", r"NO_SUCH_TOKEN"),
    ("a secret in a file that is not there", "env: RT_TOKEN", "⟦file: ⟦/nowhere/token", r"/nowhere/token"),
    ("an address for all without TLS", "listen: 127.0.0.1:8420", "listen: ⟦0.0.0.0:8420", r"tls|behind_proxy"),
    ("a port that is none", "listen: 127.0.0.1:8420", "listen: ⟦127.0.0.1:http", r"port"),
    ("YAML that ends in the middle", "[10, 50, 100]", "[10, 50", None),
]


@scenario(13, "check names what is wrong", cases=len(FAULTS) + 20)
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
        found(s, r"helpdesk.*(reach|refused|connect)", **tracker("helpdesk", url="http://127.0.0.1:9"))
    with r.case("wrong URL: something else answers"):
        found(s, r"helpdesk", **tracker("helpdesk", url=s.proxies["product"].url))
        found(s, r"product", **tracker("product", url=s.proxies["helpdesk"].url))
    with r.case("wrong token, RT"):
        found(s, r"helpdesk.*(token|401|credential)", **tracker("helpdesk", auth={"token": "1-27-" + "0" * 32}))
    with r.case("wrong key, Redmine"):
        found(s, r"product.*(key|401|credential)", **tracker("product", auth={"key": "0" * 40}))
    with r.case("unknown queue"):
        found(s, r"helpdesk.*Incidence", **tracker("helpdesk", scope={"queue": "Incidence"}))
    with r.case("unknown project"):
        found(s, r"product.*produkt", **tracker("product", scope={"project": "produkt"}))
    with r.case("missing custom field, RT"):
        found(s, r"helpdesk.*Fehler", **tracker("helpdesk", fields={"defect": "Fehler"}))
    with r.case("missing custom field, Redmine"):
        found(s, r"product.*Anzahl", **tracker("product", fields={"incident_count": "Anzahl"}))
    with r.case("unmapped state"):
        rule = s.proxies["product"].rewrite(r'"name":"Feedback"', '"name":"Triage"', times=9,
                                            path=r"^/issue_statuses\.json")
        try:
            found(s, r"product.*Triage", level=None)
            assert s.proxies["product"].hits(rule), "the state was never seen"
        finally:
            s.proxies["product"].clear()
    for name in ("helpdesk", "product"):
        with r.case(f"skewed clock: {name}"):
            if "date" not in web.request("GET", s.proxies[name].url).headers:
                # Redmine's own server sends no Date, only one in front of it does: then nobody can tell
                found(s, name + r".*clock", level="WARN")
                continue
            rule = s.proxies[name].skew(1200)
            try:
                found(s, name + r".*(clock|minute|skew)")
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
    with r.case("a right that is visibly missing, RT"):
        s.backend.rights(False, "rt")
        try:
            found(s, r"helpdesk.*(right|queue|see|may)")
        finally:
            s.backend.rights(True, "rt")
    with r.case("a right that is visibly missing, Redmine"):
        s.backend.rights(False, "redmine")
        try:
            found(s, r"product.*(right|project|member|see|may)")
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
            assert re.search(r"policy apply` would close 1\b.* 1 incidents", out), out
        with r.case("--diff: a changed table of states, at once; nothing moved by asking"):
            out = diff(trackers={"helpdesk": {"states": {"closed-unresolved": "closed-unresolved",
                                                         "new": "closed-unresolved"}}})
            assert re.search(r"at once .*would write \d+ field", out), out
            s.settle()
            s.expect(ticket, status="new", turn=1)
