"""stage: one fresh pair of trackers, one fresh service between two proxies, and the people.

What a scenario works with. Opening a stage puts the trackers back to their
seed and starts the service on an empty database; closing it checks that
nothing was told twice and nothing is left over, and ends the service.
"""
import json
import re
import shutil
import tempfile
import time
from collections import Counter

from . import yaml
from .bascule import Bascule
from .expect import Broken, Mismatch, differences, wait
from .proxy import Proxy
from .redmine import Redmine
from .rt import MARKER, RT

SETTLED = ("done", "superseded")
RT_LIST = re.compile(r"^/REST/2\.0/tickets\?")
REDMINE_LIST = re.compile(r"^/issues\.json\?")


def base_settings(env, rt_url, redmine_url):
    """interface.md's example, with a poll a second."""
    return {
        "public_url": "https://bascule.example.org",
        "trackers": {
            "helpdesk": {
                "connector": "rt", "role": "ticketing", "url": rt_url, "web_urls": [env["RT_URL"]],
                "auth": {"token": {"env": "RT_TOKEN"}}, "scope": {"queue": env["RT_QUEUE"]}, "poll": "1s",
                "states": {"closed-unresolved": "closed-unresolved"},
                "fields": {"defect": "Defect", "problem": "Problem", "known_error": "Known Error",
                           "service": "Service", "priority": "Impact"},
            },
            "product": {
                "connector": "redmine", "role": "defects", "url": redmine_url, "web_urls": [env["REDMINE_URL"]],
                "auth": {"key": {"env": "REDMINE_KEY"}}, "scope": {"project": env["REDMINE_PROJECT"]}, "poll": "1s",
                "states": {"Resolved": "fixed", "Closed": {"state": "released", "outcome": "fixed"},
                           "Won't Fix": {"state": "closed", "outcome": "wont-fix"}},
                "fields": {"incidents": "Linked incidents", "incident_count": "Incident count",
                           "closed_unresolved_count": "Closed-unresolved incidents"},
            },
        },
        "references": {"patterns": [{"pattern": r"BUG-(\d+)", "tracker": "product"}]},
    }


class Stage:
    def __init__(self, runner, settings=None, start=True):
        self.runner, self.backend = runner, runner.backend
        self.settings, self.start_now = settings or {}, start
        self.records, self.touched = [], set()
        self.left_open = False  # True: this story ends with effects that wait

    def __enter__(self):
        self.backend.reset()
        env = self.backend.env
        self.rt, self.redmine = RT(env), Redmine(env)
        self.work = tempfile.mkdtemp(prefix="bascule-e2e.")
        self.proxies = {"helpdesk": Proxy(env["RT_URL"], RT_LIST), "product": Proxy(env["REDMINE_URL"], REDMINE_LIST)}
        settings = base_settings(env, self.proxies["helpdesk"].url, self.proxies["product"].url)
        self.bascule = Bascule(self.runner.binary, self.work, yaml.merge(settings, self.settings),
                               {"RT_TOKEN": env["RT_TOKEN"], "REDMINE_KEY": env["REDMINE_BRIDGE_KEY"]})
        self.runner.stage = self
        try:
            if self.start_now:
                self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None and self.bascule.running:
                with self.runner.case("nothing twice, nothing left over", counted=False):
                    if not self.left_open:
                        self.settle()
                    self.touched = set(self.records)
                    self.invariants(None if self.left_open else 0)
                    code, seconds = self.bascule.stop()
                    assert code == 0 and seconds < 5, f"SIGTERM: exit {code} after {seconds:.1f} s"
        finally:
            self.close()

    def close(self):
        self.runner.stage = None
        try:
            self.bascule.close()
        finally:
            for proxy in self.proxies.values():
                proxy.close()
            if self.runner.keep:
                self.runner.note(f"kept: {self.work}")
            else:
                shutil.rmtree(self.work, ignore_errors=True)

    # ---- the service ----

    def start(self, *args, **more):
        self.bascule.start(*args, **more)
        # records made from now on are new in every clock: an import counts its own second to the new ones
        self.polls(1)

    def cli(self, *args, **more):
        return self.bascule.cli(*args, **more)

    def configure(self, **over):
        self.bascule.configure(**over)

    # ---- people make things ----

    def ticket(self, *args, **more):
        made = self.rt.ticket(*args, **more)
        self.records.append(made)
        self.touched.add(made)
        return made

    def issue(self, *args, **more):
        made = self.redmine.issue(*args, **more)
        self.records.append(made)
        self.touched.add(made)
        return made

    def linked(self, issue, count=1, **more):
        """Tickets that name the defect in their field."""
        more.setdefault("fields", {})
        made = [self.ticket(**{**more, "fields": {**more["fields"], "Defect": str(issue.id)}}) for _ in range(count)]
        return made if count > 1 else made[0]

    def own_mails(self, ticket):
        """Mails that carry one of our notes to the ticket's requester."""
        to = ticket.requester + "@customer.example"
        return [m for m in self.mails() if m["ticket"] == ticket.id and MARKER.search(m["body"])
                and to in m["to"] + m.get("cc", []) + m.get("bcc", [])]

    def mails(self):
        return self.backend.mails()

    # ---- waiting ----

    def polls(self, n=1, timeout=None):
        """Until n polls of each tracker that began after this moment are over."""
        self.polls_of(list(self.proxies), n, timeout)

    def polls_of(self, trackers, n=1, timeout=None):
        began = time.time()
        end = time.monotonic() + (timeout or 20 + 4 * n)
        while True:
            missing = {name: n - p.lists_since(began) for name, p in self.proxies.items() if name in trackers}
            if all(m <= 0 for m in missing.values()):
                return
            if time.monotonic() > end:
                raise Mismatch(f"waited for {n} polls, these are missing: {missing}\n{self.bascule.tail()}")
            if not self.bascule.running:
                raise Mismatch(f"bascule ended with {self.bascule.process.returncode}:\n{self.bascule.tail()}")
            time.sleep(0.05)

    def settle(self, polls=2, timeout=30):
        """Until what people did so far is read, decided and delivered, and a poll has shown what came of it."""
        self.polls(polls)
        wait(self.unsettled, timeout, 0.3, self.story)
        self.polls(1)
        wait(self.unsettled, timeout, 0.3, self.story)

    def unsettled(self, parked=0, effects=None):
        open_ones = [e for e in effects or self.bascule.effects() if e["state"] not in SETTLED]
        if len(open_ones) == parked and all(e["state"] == "parked" for e in open_ones):
            return []
        return [f"effect {e['n']} on {e['ref']} ({e['kind']}: {e['reason']}) is {e['state']}: {e.get('error')}"
                for e in open_ones]

    def expect(self, subject, timeout=20, **keys):
        self.expect_all([(subject, keys)], timeout)

    def expect_all(self, wants, timeout=20):
        for subject, _ in wants:
            if not isinstance(subject, str):
                self.touched.add(subject)
        wait(lambda: differences(self, wants), timeout * self.runner.slow, 0.5,
             lambda: self.story([s for s, _ in wants]))

    def now(self, subject, **keys):
        """As expect(), but it must be so already: for what must not have happened."""
        self.now_all([(subject, keys)])

    def now_all(self, wants):
        lines = differences(self, wants)
        if lines:
            raise Mismatch("after all was settled:\n" + "\n".join("    - " + line for line in lines)
                           + "\n" + self.story([s for s, _ in wants]))

    def story(self, subjects=()):
        """What to read beside a failure."""
        parts = []
        for subject in list(subjects)[:3]:
            ref = subject if isinstance(subject, str) else subject.ref
            said = self.cli("explain", ref, ok=None)
            parts.append("\n".join("    | " + line for line in (said.out or said.err).splitlines()[:40]))
            for e in self.bascule.effects(ref)[-8:]:
                parts.append(f"    | effect {e['n']} {e['kind']} {e['state']} want={json.dumps(e['want'])[:160]} "
                             f"{e.get('error') or ''}")
        if self.runner.verbose:
            parts.append(self.bascule.tail(25))
            for name, proxy in self.proxies.items():
                parts += [f"    | {name}: {line}" for line in proxy.lines()[-10:]]
        return "\n".join(parts)

    # ---- counting ----

    def writes(self, since=0.0):
        """Requests that change something, of the service, at both trackers: ["helpdesk PUT /REST/2.0/ticket/1"]."""
        return [f"{name} {line}" for name, p in self.proxies.items() for line in p.writes_since(since)]

    def no_writes(self, since):
        written = self.writes(since)
        if written:
            raise Mismatch("written, though nothing was to be:\n" + "\n".join("    - " + w for w in written[:20]))

    def quiet(self, polls=3):
        """Through so many polls, nothing is written."""
        began = time.time()
        self.polls(polls)
        self.no_writes(began)

    # ---- what must hold after every case ----

    def invariants(self, parked=0):
        """parked: how many effects may wait for a person; None: open ones are meant to be there."""
        try:
            self.holds(parked)
        except Mismatch as e:
            raise Broken(str(e)) from e

    def holds(self, parked):
        if self.bascule.running:
            wait(lambda: self.accounted(parked), 20 * self.runner.slow, 0.3, self.story)
            wait(self.status_agrees, 5 * self.runner.slow, 0.3)
        self.mails_once()
        faults = self.bascule.faults()
        if faults:
            raise Mismatch("a sanitizer spoke:\n" + "\n".join(faults[:10]))
        self.touched = set()

    def status_agrees(self):
        """The exit code is the attention list's, and the outbox's; something may come or go between the questions."""
        status, outbox = self.cli("status", ok=None), self.bascule.json("status").get("outbox", {})
        want = 3 if self.bascule.attention() or outbox.get("open") is False else 0
        return [] if status.code == want else [f"`bascule status` exits {status.code}, should {want}: "
                                               f"{status.out}{status.err}"[:600]]

    def accounted(self, parked):
        """No effect open; each note once, and each with the effect that wrote it: what is not (yet) so."""
        effects = self.bascule.effects()
        lines = [] if parked is None else self.unsettled(parked, effects)
        for record in self.touched:
            markers = Counter(m for n in record.own_notes() for m in n.markers)
            twice = {m: n for m, n in markers.items() if n > 1}
            if twice:
                raise Mismatch(f"{record}: notes that stand there more than once: {twice}")
            sent = {e["want"]["marker"] for e in effects
                    if e["ref"] == record.ref and e["kind"] == "note" and e["state"] == "done"}
            if sent != set(markers):
                lines.append(f"{record}: notes {sorted(markers)}, but effects wrote {sorted(sent)}")
        return lines

    def mails_once(self):
        seen, last = set(), {}
        for mail in self.mails():
            found = MARKER.findall(mail["body"])
            for to in mail["to"] + mail.get("cc", []) + mail.get("bcc", []):
                for marker in found:
                    if (to, marker) in seen:
                        raise Mismatch(f"{to} was sent {marker} twice: {mail['subject']}")
                    seen.add((to, marker))
                if found:
                    plain = MARKER.sub("", mail["body"]).strip()
                    if last.get((to, mail["ticket"])) == plain:
                        raise Mismatch(f"{to} was told the same twice running, ticket {mail['ticket']}: {plain[:200]}")
                    last[to, mail["ticket"]] = plain
