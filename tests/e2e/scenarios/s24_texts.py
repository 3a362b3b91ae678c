"""24. Texts of all kinds: emoji, right-to-left, 64 KB, HTML, CRLF, in and out; and trackers' nonsense: NUL escapes,
lone surrogates, bytes that are no UTF-8, numbers of 20 digits, broken elements in a page.

Assumed:
- What is only unclean is taken in, with U+FFFD where nothing can be read. What is broken is quarantined and named (by
  its id; `?` where even that cannot be read) while the rest of its page is taken in; when the tracker shows it whole
  again it is taken in and the entry goes, by itself.
- Nothing that came from a tracker or a person steers a terminal: tables leave controls and changes of direction out,
  JSON writes them as escapes and so loses nothing.
- What a person published arrives whole up to 60 KB; a title is cut where a field or a subject must be short, never
  within a character.
"""
import json
import re
import threading

from harness.expect import lacks, saying, wait
from harness.rt import MARKER
from harness.runner import scenario
from harness.words import naming

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # one sign of seven code points
FLAG, RECEIPT = "\U0001f1e9\U0001f1ea", "\U0001f9fe"
HEBREW, ARABIC = "\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05ea", "\u0641\u0627\u062a\u0648\u0631\u0629"
RLO, PDF, RLI, PDI = "\u202e", "\u202c", "\u2067", "\u2069"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
UNSEEN = re.compile("[\u200b\u2060]")  # what the bridge puts in to break mentions and references
KB = 1024
LOOK = {"timeout": "2s", "look_after": "2s"}
ONE = saying("exactly one", lambda have: have is not None and len(have) == 1)


@scenario(24, "texts of all kinds", cases=49)
def texts(r):
    with r.open(policy={"treatment": "leave"}) as s:
        told_in(r, s)
        lookalikes(r, s)
        shown(r, s)
    with r.open(trackers={"helpdesk": LOOK, "product": LOOK}) as s:
        told_out(r, s)
        titles(r, s)
    with r.open() as s:
        for name in s.proxies:
            nonsense(r, s, name)


def long(size, end, line="Zeile \u00e4\u00f6\u00fc " + RECEIPT + " " + HEBREW + ", again and again"):
    """A text of exactly so many bytes that ends with `end`."""
    room = size - len(end.encode()) - 1
    body = (line + "\n") * (room // len((line + "\n").encode()))
    return body + "." * (room - len(body.encode())) + "\n" + end


# ---- in ----

def html(s, ticket, body):
    ticket.comment(body, ContentType="text/html")
    return ticket


def told(ticket, text):
    ticket.comment(text)
    return ticket


def from_tickets(s):
    """name -> how a ticket comes to name the issue."""
    yield "subject of emoji, one joined of four, and a flag", \
        lambda i: s.ticket(f"{FAMILY} Sums {FLAG} (BUG-{i.id}) {RECEIPT}")
    yield "subject in Arabic and Hebrew, with changes of direction", \
        lambda i: s.ticket(f"{RLO}{ARABIC}{PDF} {RLI}BUG-{i.id}{PDI} {HEBREW}")
    yield "first message with CRLF", lambda i: s.ticket(text=f"Hello\r\n\r\nsee\r\n{i.url}\r\nBye\r\n")
    yield "first message of 64 KB, named in its last bytes", lambda i: s.ticket(text=long(64 * KB, f"BUG-{i.id}"))
    yield "first message of 100 KB with CRLF", \
        lambda i: s.ticket(text=long(100 * KB, f"BUG-{i.id}").replace("\n", "\r\n"))
    yield "comment in HTML, the address only in a link", \
        lambda i: html(s, s.ticket(), f"<p>It is <a class='x' href=\"{i.url}?a=1&amp;b=2#note-1\">this one</a>.</p>")
    yield "comment in HTML, the address in its text", \
        lambda i: html(s, s.ticket(), f"<div>see&nbsp;<b>{i.url}</b></div><blockquote>and so on</blockquote>")
    yield "comment in HTML, in entities", lambda i: html(s, s.ticket(), f"<p>&#66;UG&#x2d;{i.id}&hellip;</p>")
    yield "comment in HTML of 64 KB", \
        lambda i: html(s, s.ticket(), long(64 * KB, f"<a href='{i.url}'>here</a>").replace("\n", "<br>"))
    yield "field Defect with changes of direction around the address", \
        lambda i: s.ticket(fields={"Defect": f"{RLI}{i.url}{PDI} {RECEIPT}"})


def from_issues(s):
    """name -> how an issue comes to name the ticket."""
    yield "description in Textile", lambda t: s.issue(description=f'h2. {FAMILY}\r\n\r\n* "{HEBREW}":{t.url}\r\n')
    yield "description in Markdown", lambda t: s.issue(description=f"# {FLAG}\n\n> [{ARABIC}]({t.url})\n")
    yield "description of 64 KB, named in its last bytes", lambda t: s.issue(description=long(64 * KB, t.url))
    yield "note of 64 KB, named in its last bytes", lambda t: noted(s.issue(), long(64 * KB, t.url))
    yield "note with emoji, HTML and entities around the address", \
        lambda t: noted(s.issue(), f"{FAMILY}<b>{t.url}</b>&amp;{RECEIPT}\r\n<script>alert(1)</script>")


def noted(issue, text):
    issue.note(text)
    return issue


def told_in(r, s):
    prepared = []
    for name, make in from_tickets(s):
        issue = s.issue("Defect: " + name)
        prepared.append(("in, a ticket: " + name, make(issue), issue))
    for name, make in from_issues(s):
        ticket = s.ticket("Incident: " + name)
        prepared.append(("in, a defect: " + name, ticket, make(ticket)))
    s.expect_all([(ticket, {"verdict": "pending"}) for _, ticket, _ in prepared], timeout=40)
    for name, ticket, issue in prepared:
        with r.case(name):
            s.expect(ticket, verdict="pending", defects=[issue.ref], field_defect=[issue.id], problems=ONE, timeout=40)
            s.expect(issue, count=1, linked=[ticket.id], internal=1)
    with r.case("in: each once, and nothing more is written"):
        s.settle()
        s.now_all([(issue, {"count": 1, "internal": 1}) for _, _, issue in prepared])
        s.quiet(3)


def lookalikes(r, s):
    issue = s.issue("Nobody names it")
    n, url = issue.id, issue.url
    words = [f"\u00e4BUG-{n}", f"BUG-{n}\u0663", f"\uff22\uff35\uff27-{n}", f"BUG\u2011{n}",
             f"B\u200bUG-{n}", f"BUG-\u2066{n}",
             f"{HEBREW}BUG-{n}", f"BUG-{n}\u00e9", f"BUG-{n}{ARABIC}", f"{url}\u0661",
             url.replace("/issues/", "/issues%2F"),
             f"BUG-{RLO}{str(n)[::-1]}{PDF}", f"BUG-\U0001d7ce{n}"]
    with r.case("in: what only looks like a reference does nothing"):
        said = s.ticket(f"{words[0]} {RECEIPT}", "\r\n".join(words))
        marked = html(s, s.ticket(), f"<!-- {url} --><style>a:after{{content:'BUG-{n}'}}</style>"
                                     f"<script>'{url}'</script>"
                                     f"<i title='BUG-{n}' data-x=\"{url}\">nothing</i>")
        for ticket in (said, marked):
            s.expect(ticket, known=True)
        s.settle()
        s.now_all([(t, {"verdict": "unlinked", "problems": [], "defects": []}) for t in (said, marked)])
        s.now(issue, count=0, linked=[])


def shown(r, s):
    """Titles as they are, and a terminal that is left alone."""
    hostile = f"\x1b[31m\x07red \u009b2J{RLO}{ARABIC}{PDF} {FAMILY} {RLI}{HEBREW}{PDI} <b>&amp;\"'"
    issue = s.issue(f"{FLAG} {RLO}{HEBREW}{PDF} {RECEIPT} \u009b31m &lt;i&gt; <script>alert(1)</script>")
    # bytes beyond what RT keeps of a subject, the last character astride of it
    tickets = [s.linked(issue, subject=hostile), s.linked(issue, subject="x" + RECEIPT * 60),
               s.linked(issue, subject="y" * 300)]
    problem = []

    def titled(record, native):
        title = (s.bascule.show(record.ref) or {}).get("title")
        return [] if title == native else [f"{record}: {title!r}"]

    with r.case("shown: titles come out of JSON as they stand in the tracker"):
        s.expect(issue, count=3, timeout=30)
        for record in [*tickets, issue]:
            native = record.get()["Subject" if record.kind == "incident" else "subject"]
            native = re.sub("[\x00-\x1f\x7f]", "", native)
            wait(lambda record=record, native=native: titled(record, native), 20 * r.slow, 0.5)
            listed = [i["title"] for i in s.bascule.list(record.kind + "s") if i["ref"] == record.ref]
            assert listed == [native], (listed, native)
        assert FAMILY in tickets[0].get()["Subject"] and tickets[1].get()["Subject"].startswith("x" + RECEIPT * 40)
        problem.extend(s.bascule.show(tickets[0].ref)["problems"])
    asked = [("show", tickets[0].ref), ("show", issue.ref), ("show", problem[0]), ("list", "incidents"),
             ("list", "defects"),
             ("list", "problems"), ("list", "effects"), ("list", "journal"), ("list", "links"), ("list", "attention"),
             ("explain", tickets[0].ref), ("explain", issue.ref), ("explain", problem[0]), ("status",),
             ("audit",)]
    with r.case("shown: no table steers the terminal"):
        for args in asked:
            out = s.cli(*args, timeout=60)
            found = STEERING.search(out.out + out.err)
            assert not found, f"bascule {' '.join(args)}: {out.out[max(0, found.start() - 60):found.end() + 20]!r}"
        assert HEBREW in s.cli("show", issue.ref).out and FAMILY in s.cli("show", tickets[0].ref).out
    with r.case("shown: no JSON does, and nothing of it is lost"):
        for args in asked:
            out = s.cli(*args, "--format", "json", timeout=60).out
            assert not STEERING.search(out), f"bascule {' '.join(args)} --format json"
        assert RLO in s.bascule.show(issue.ref)["title"] and "\u009b" in s.bascule.show(issue.ref)["title"]


# ---- out ----

TRAPS = f"""<script>alert("x")</script> & <img src=x onerror=alert(1)> &lt;b&gt; &commat;all
@alice, @all and #12, #1; {{{{include(Wiki)}}}} {{{{toc}}}} [[Wiki]] !http://evil.example/x.png!
![x](http://evil.example/y.png)
h1. No title
bq. no quotation
- {RLI}{HEBREW}{PDI}, {RLO}{ARABIC}{PDF} {FAMILY} {FLAG}
/close
[P-1 \u00b7 b1-3f9k2a]"""
MEANT = ["alert(\"x\")", "include(Wiki)", "evil.example/x.png", "No title", "no quotation", HEBREW, ARABIC, FAMILY,
         FLAG]
# must not stand there as typed: a mention, a reference, a macro, a page, an image, an element
HARMFUL = re.compile(r"(?<!\w)@a|#1|\{\{|\[\[|!\[|<script|<img|&commat|(?m:^/close)")
HARMFUL_IN_TEXTILE = re.compile(HARMFUL.pattern + "|!http")


def plain(text):
    return UNSEEN.sub("", text).replace("\r\n", "\n")


def arrived(record, note, end):
    """A note that says all that was meant, harmlessly, to its end."""
    text = note.text
    missing = [part for part in [*MEANT, end] if part not in plain(text)]
    assert not missing, f"not there: {missing} in {text[:1500]!r} ... {text[-300:]!r}"
    harmful = (HARMFUL if record.kind == "incident" else HARMFUL_IN_TEXTILE).search(text)
    assert not harmful, f"{harmful.group()!r} as typed: {text[max(0, harmful.start() - 40):harmful.end() + 40]!r}"
    assert len(MARKER.findall(text)) == 1 and text.rstrip().endswith("]"), text[-200:]


def told_out(r, s):
    issue, rt, redmine = s.issue(f"{RECEIPT} {HEBREW} <b>#12</b>"), s.proxies["helpdesk"], s.proxies["product"]
    one, two = s.linked(issue), s.linked(issue, requester="bob")
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in (one, two)] + [(issue, {"count": 2})], timeout=30)
    s.settle()
    problem = s.bascule.show(one.ref)["problems"][0]
    text = TRAPS.replace("\n", "\r\n") + "\r\n" + long(60 * KB - len(TRAPS.encode()) - 200, "THE END OF IT")
    with r.case("out: a workaround of 60 KB, and both answers are cut after the work: it arrives, whole and harmless"):
        rule = rt.cut_after(times=2, method="POST", path="correspond")
        s.cli("problem", "set", problem, "--customer-text", text)
        s.cli("problem", "publish", problem)
        s.expect_all([(t, {"public": 1, "status": "closed-unresolved"}) for t in (one, two)], timeout=60)
        s.settle(timeout=60)
        assert rt.hits(rule) == 2, f"the fault was met {rt.hits(rule)} times"
        rt.clear()
        for ticket in (one, two):
            arrived(ticket, next(n for n in ticket.own_notes() if n.public), "THE END OF IT")
    with r.case("out: ... once, also as mail; RT kept the texts' ends and directions apart"):
        s.now_all([(t, {"public": 1, "told": [naming("THE END OF IT")]}) for t in (one, two)])
        shown_text = json.loads(s.cli("show", problem, "--format", "json").out)["published_text"]
        assert shown_text.replace("\r\n", "\n") == text.replace("\r\n", "\n")
        assert not STEERING.search(s.cli("show", problem).out)
    with r.case("out: nothing is written again"):
        s.quiet(4)
    with r.case("out: accepted as a risk for a reason of traps, the defect's answer cut: it arrives once, harmless"):
        rule = redmine.cut_after(times=1, method="PUT")
        s.cli("problem", "accept-risk", problem, "--reason", TRAPS + "\nTHE END OF IT", "--review", "2040-01-01")
        s.expect_all([(t, {"verdict": "declined", "public": 2}) for t in (one, two)] + [(issue, {"internal": 2})],
                     timeout=60)
        s.settle(timeout=60)
        assert redmine.hits(rule) == 1, "the fault was never met"
        redmine.clear()
        s.now_all([(t, {"public": 2}) for t in (one, two)] + [(issue, {"internal": 2})])
        for record in (one, two, issue):
            arrived(record, record.own_notes()[-1], "THE END OF IT")
    with r.case("out: nothing is written again, and the audit finds both sides alike"):
        s.quiet(4)
        found = s.cli("audit", "--format", "json", ok=None, timeout=90).json()
        assert found == [], found


def titles(r, s):
    """What is too long for a field or a subject is cut, and then compares equal."""
    issue = s.issue(f"{FAMILY * 8} {HEBREW * 12} end"[:255])
    ticket = s.linked(issue)
    s.expect(ticket, status="closed-unresolved", timeout=30)
    problem = s.bascule.show(ticket.ref)["problems"][0]

    def field(title):
        """P-n and the title's beginning."""
        return saying("its beginning", lambda have: have.startswith(problem + " ") and len(have.encode()) <= 255
                      and title.startswith(have[len(problem) + 1:]) and len(have) > len(problem) + 20)

    for name, title in (("emoji", f"{RECEIPT * 30}{FAMILY * 40} end"), ("right to left", f"{RLI}{HEBREW * 100}{PDI}"),
                        ("3,000 letters, spaces at the cut", "word " * 600)):
        with r.case(f"out: a known error's title of {name} stands in the field, cut, and is not written again"):
            s.cli("problem", "set", problem, "--title", title)
            s.expect(ticket, field_known_error=field(title))
            s.settle()
            s.quiet(3)
            assert s.bascule.show(problem)["title"] == title
            assert "\ufffd" not in ticket.fields["Known Error"], ticket.fields
            found = s.cli("audit", "--format", "json", ok=None, timeout=90).json()
            assert found == [], found
    with r.case("out: a defect made from a title of 1,200 bytes, its answer cut: once, cut at a character"):
        title = f"x{RECEIPT * 250}{HEBREW * 100}"
        made = s.bascule.json("problem", "new", "--title", title)["id"]
        before = {i.id for i in s.redmine.issues()}
        rule = s.proxies["product"].cut_after(times=1, method="POST", path=r"^/issues\.json")
        command = threading.Thread(target=s.cli, args=("defect", "new", made), kwargs={"ok": None, "timeout": 60})
        command.start()
        s.expect(made, defects=ONE, timeout=45)
        command.join()
        assert s.proxies["product"].hits(rule) == 1, "the fault was never met"
        s.proxies["product"].clear()
        s.settle()
        new = [i for i in s.redmine.issues() if i.id not in before]
        assert len(new) == 1, new
        subject = plain(new[0].get()["subject"])
        assert title.startswith(subject.rstrip("\u2026")) and len(subject) > 50 and "\ufffd" not in subject, subject
        s.quiet(3)


# ---- nonsense of the trackers ----

class Side:
    """One tracker's words."""

    def __init__(self, s, name):
        self.s, self.name, self.proxy = s, name, s.proxies[name]
        rt = name == "helpdesk"
        self.items, self.title, self.updated = ("items", "Subject", "LastUpdated") if rt else \
            ("issues", "subject", "updated_on")
        self.make = s.ticket if rt else s.issue
        self.other = "/REST/2.0/ticket/{}" if rt else "/issues/{}.json"
        self.fields = ("CustomFields", '[{"id":"9","name":"Service","values":[12345678901234567890]}]') if rt else \
            ("custom_fields", '[{"id":12345678901234567890,"name":"Odd","value":12345678901234567890}]')

    def shown(self, record):
        """Where one record is read."""
        return {"method": "GET", "path": "^" + re.escape(self.other.format(record.id)) + r"(\?|$)"}

    def spoil(self, holds, key=None, raw=None):
        return self.proxy.spoil(self.items, holds, key, raw)

    def attends(self):
        return {a["subject"]: a for a in self.s.bascule.list("attention")
                if a["kind"] == "quarantined" and a["subject"].startswith(self.name + ":")}


UNCLEAN = [("a NUL", r'"Nul \u0000 here"', "Nul \ufffd here"),
           ("a lone surrogate", r'"Half \ud83e here"', "Half \ufffd here"),
           ("bytes that are no UTF-8", '"Bytes \udcff\udcc3 here"', "Bytes \ufffd\ufffd here")]
NAMELESS = [("null", None, "null"), ("a string", None, '"nonsense"'), ("without its id", "id", None)]


def nonsense(r, s, name):
    side = Side(s, name)
    unclean(r, s, side)
    broken(r, s, side)
    nameless(r, s, side)


def unclean(r, s, side):
    s.cli("pause", side.name)
    victims, rules = [], []
    many = side.make(f"Unclean: a number, of {side.name}")
    rules.append(side.spoil("Unclean: a number", *side.fields))
    beside = [side.make("Beside the unclean ones")]
    for what, raw, title in UNCLEAN:
        record = side.make(f"Unclean: {what}, of {side.name}")
        rules.append(side.spoil(f"Unclean: {what}", side.title, raw))
        side.proxy.spoil_record(side.title, raw, **side.shown(record))
        victims.append((what, record, title))
    beside.append(side.make("Beside, behind the unclean ones"))
    s.cli("resume", side.name)
    for what, record, title in victims:
        with r.case(f"{side.name}: a title with {what} is taken in, mended"):
            s.expect(record, known=True, title=title)
    with r.case(f"{side.name}: a number of 20 digits is taken in; nothing is quarantined, the page goes on"):
        s.expect_all([(record, {"known": True}) for record in [many, *beside]])
        assert all(side.proxy.hits(rule) for rule in rules), "a fault was never met"
        assert not side.attends(), side.attends()
    side.proxy.clear()
    with r.case(f"{side.name}: when that ends, the titles are what they are"):
        s.expect_all([(record, {"title": f"Unclean: {what}, of {side.name}"}) for what, record, _ in victims])


def broken(r, s, side):
    s.cli("pause", side.name)
    kinds = [("an impossible date", side.updated, '"2026-13-45T99:99:99Z"'),
             ("no state", "Status" if side.name == "helpdesk" else "status", "null"), ("no JSON", "id", None)]
    victims = []
    beside = [side.make("Beside the broken ones")]
    for what, key, raw in kinds:
        record = side.make(f"Broken: {what}, of {side.name}")
        if what == "no JSON":
            raw = f'"{record.id}" "and": what'
        side.spoil(f"Broken: {what}", key, raw)
        side.proxy.spoil_record(key, raw, **side.shown(record)) if what != "no JSON" else \
            side.proxy.answer_instead(500, False, times=1 << 30, **side.shown(record))
        victims.append((what, record))
    beside.append(side.make("Beside, behind the broken ones"))
    s.cli("resume", side.name)
    with r.case(f"{side.name}: broken elements are quarantined and named; the page goes on, and the pages after it"):
        s.expect_all([(record, {"known": True}) for record in beside], timeout=30)
        wait(lambda: [f"{what}: {record} is not named: {side.attends()}" for what, record in victims
                      if record.ref not in side.attends()], 30 * r.slow, 0.5)
        late = side.make("After the broken ones")
        s.expect(late, known=True)
        for what, record in victims:
            entry = side.attends()[record.ref]
            assert entry["text"] and f"bascule sync {record.ref}" in entry["clear"], entry
        s.now_all([(record, {"known": False}) for _, record in victims])
    side.proxy.clear()
    with r.case(f"{side.name}: when that ends, they are taken in, and the entries go"):
        whole = {"known": True, "attention": lacks("quarantined")}
        s.expect_all([(record, whole) for _, record in victims], timeout=30)
        assert not side.attends(), side.attends()


def nameless(r, s, side):
    s.cli("pause", side.name)
    victims = []
    beside = [side.make("Beside the nameless ones")]
    for what, key, raw in NAMELESS:
        victims.append(side.make(f"Nameless: {what}, of {side.name}"))
        side.spoil(f"Nameless: {what}", key, raw)
    far = side.make(f"Nameless: far, of {side.name}")
    side.spoil("Nameless: far", "id", "12345678901234567890")
    beside.append(side.make("Beside, behind the nameless ones"))
    s.cli("resume", side.name)
    with r.case(f"{side.name}: elements without an id are quarantined as {side.name}:?; the page goes on"):
        s.expect_all([(record, {"known": True}) for record in beside], timeout=30)
        wait(lambda: [] if side.attends() else ["nothing is named"], 20 * r.slow, 0.5)
        assert list(side.attends()) == [side.name + ":?"], side.attends()
        late = side.make("After the nameless ones")
        s.expect(late, known=True)
        s.now_all([(record, {"known": False}) for record in [*victims, far]])
    side.proxy.clear()
    with r.case(f"{side.name}: when that ends, they are taken in, and the entry goes"):
        s.expect_all([(record, {"known": True}) for record in [*victims, far]], timeout=30)
        wait(lambda: [str(side.attends())] if side.attends() else [], 20 * r.slow, 0.5)
    with r.case(f"{side.name}: no tracker is taken for one that was put back"):
        assert not [a for a in s.bascule.list("attention") if a["kind"] in ("tracker-restored", "tracker-down")]
        s.quiet(2)
