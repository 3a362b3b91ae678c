"""22. Accidents: a database lost, put back or copied; a second bridge; Redmine put back from yesterday's backup.

In each nobody is told twice - mails are counted - and the service says what is
wrong and what to do, on the attention list and in `status`.

Assumed:
- The identity file is DATABASE.identity; BASCULE_MACHINE_ID goes before /etc/machine-id.
- A tracker that is put back does not answer meanwhile.
"""
import glob
import os
import re
import shutil
import sqlite3
import tempfile
from collections import Counter

from harness import yaml
from harness.bascule import Bascule
from harness.expect import wait
from harness.rt import MARKER
from harness.runner import scenario
from harness.words import naming


@scenario(22, "accidents", cases=19)
def accidents(r):
    lost(r)
    put_back(r)
    copied(r)
    second(r)
    tracker_put_back(r)


def told(s):
    """How many mails of ours each customer has."""
    return Counter((to, mail["ticket"]) for mail in s.mails() if MARKER.search(mail["body"]) for to in mail["to"])


def notes(*records):
    """Of the bridge, on each; none twice."""
    found = {}
    for record in records:
        found[str(record)] = Counter(m for n in record.own_notes() for m in n.markers)
        assert all(n == 1 for n in found[str(record)].values()), found
    return found


def attends(bascule, kind):
    return [a for a in bascule.list("attention") if a["kind"] == kind]


def comes(bascule, kind, s):
    wait(lambda: [] if attends(bascule, kind) else [f"no {kind} on the attention list"], 30 * s.runner.slow, 0.5, s.story)
    return attends(bascule, kind)[0]


def forget_records(s):
    """The records' notes are those of a database that is no more: counted here, not by the stage."""
    s.records, s.touched = [], set()


def remove_database(bascule, identity=False):
    for file in glob.glob(bascule.settings["database"] + "*"):
        if identity or not file.endswith(".identity"):
            os.unlink(file)


def pending_and_done(s):
    """Two defects with a ticket each: one still open, the other released and told."""
    open_, done = s.issue("Totals are wrong"), s.issue("Slow")
    one, two = s.linked(open_), s.linked(done, requester="bob")
    s.expect_all([(one, {"status": "closed-unresolved"}), (two, {"status": "closed-unresolved"})])
    done.release("1.1")
    s.expect(two, status="resolved", told=[naming("1.1")])
    s.settle()
    return open_, done, one, two


def lost(r):
    with r.open() as s:
        open_, done, one, two = pending_and_done(s)
        before, mails = notes(open_, done, one, two), told(s)
        instance = s.bascule.json("status")["instance"]
        numbers = [int(p["id"][2:]) for p in s.bascule.list("problems")]
        s.bascule.stop()
        remove_database(s.bascule)
        forget_records(s)
        s.start()
        with r.case("database lost: nobody is told, nothing moves"):
            s.expect_all([(one, {"verdict": "pending"}), (two, {"verdict": "delivered"})], timeout=40)
            s.settle()
            assert notes(open_, done, one, two) == before and told(s) == mails
            assert one.status == "closed-unresolved" and two.status == "resolved"
            s.touched = set()
        with r.case("database lost: the same instance, and no number of a problem again"):
            assert s.bascule.json("status")["instance"] == instance and len(instance) == 5, instance
            fresh = [int(p["id"][2:]) for p in s.bascule.list("problems")]
            assert min(fresh) > max(numbers), (numbers, fresh)
            assert re.search(r"P-\d+", one.fields["Problem"]) and int(one.fields["Problem"][2:]) in fresh
            assert [j for j in s.bascule.list("journal") if "lost" in j["text"]]
        with r.case("database lost: what is new is told, once"):
            open_.release("1.1")
            s.expect(one, status="resolved", told=[naming("1.1")])
            s.settle()
            assert told(s) == mails + Counter({("alice@customer.example", one.id): 1}), told(s)
            notes(open_, done, one, two)
            s.touched = set()
        forget_records(s)


def backup(bascule, to):
    source, copy = sqlite3.connect(f"file:{bascule.settings['database']}?mode=ro", uri=True), sqlite3.connect(to)
    with copy:
        source.backup(copy)
    source.close()
    copy.close()


def put_back(r):
    with r.open() as s:
        yesterday = s.work + "/yesterday.db"
        open_, late = s.issue("Totals are wrong"), s.issue("Comes later")
        one, two = s.linked(open_), s.linked(late, requester="bob")
        s.expect_all([(one, {"status": "closed-unresolved"}), (two, {"status": "closed-unresolved"})])
        s.settle()
        backup(s.bascule, yesterday)
        open_.release("1.1")
        s.expect(one, status="resolved", told=[naming("1.1")])
        s.settle()
        before, mails = notes(open_, one, two), told(s)
        s.bascule.stop()
        remove_database(s.bascule)
        shutil.copy(yesterday, s.bascule.settings["database"])
        late.release("1.1")
        s.start()
        began = s.proxies["helpdesk"].requests_since()[-1].began
        with r.case("restored from a backup: the outbox is shut, and says why and what to do", parked=None):
            entry = comes(s.bascule, "outbox-shut", s)
            assert "backup" in entry["text"] and "bascule outbox open" in entry["clear"], entry
            status = s.cli("status", ok=(3,)).out
            assert "backup" in status and "bascule outbox open" in status, status
            s.touched = set()
        with r.case("restored from a backup: decided and shown, not written", parked=None):
            s.expect_all([(one, {"verdict": "delivered"}), (two, {"verdict": "delivered"})])
            s.polls(3)
            s.no_writes(began)
            assert [e for e in s.bascule.effects(two.ref) if e["state"] == "pending"]
            s.touched = set()
        with r.case("restored from a backup: opened, nobody is told twice, and what is new is told"):
            s.cli("outbox", "open", "--yes")
            s.expect(two, status="resolved", told=[naming("1.1")])
            s.settle()
            assert notes(open_, one)[str(one)] == before[str(one)]
            assert told(s) == mails + Counter({("bob@customer.example", two.id): 1}), told(s)
            assert not attends(s.bascule, "outbox-shut") and not attends(s.bascule, "foreign-bridge")
            s.touched = set()
        with r.case("restored from a backup: the next start is an ordinary one"):
            s.bascule.stop()
            s.start()
            assert s.bascule.json("status")["outbox"]["open"]
            s.quiet(2)
            s.touched = set()
        forget_records(s)


class Another:
    """One more Bascule on the same trackers, with a folder of its own."""

    def __init__(self, s, database=None, env=None):
        self.work = tempfile.mkdtemp(prefix="bascule-e2e.")
        if database:
            shutil.copy(database, self.work + "/bascule.db")
        first = {k: v for k, v in s.bascule.settings.items() if k not in ("database", "listen")}
        keys = {k: s.bascule.env[k] for k in ("RT_TOKEN", "REDMINE_KEY")}
        self.bascule = Bascule(s.runner.binary, self.work, yaml.merge({}, first), {**keys, **(env or {})})

    def __enter__(self):
        self.bascule.start()
        return self.bascule

    def __exit__(self, kind, value, trace):
        try:
            assert kind or not self.bascule.faults(), self.bascule.faults()
        finally:
            self.bascule.close()
            shutil.rmtree(self.work, ignore_errors=True)


def copied(r):
    with r.open(start=False) as s:
        s.start(env={"BASCULE_MACHINE_ID": "one"})
        issue, other = s.issue("Totals are wrong"), s.issue("Slow")
        ticket, slow = s.linked(issue), s.linked(other, requester="bob")
        s.expect_all([(ticket, {"status": "closed-unresolved"}), (slow, {"status": "closed-unresolved"})])
        s.settle()
        copy = s.work + "/copy.db"
        backup(s.bascule, copy)
        with Another(s, copy, {"BASCULE_MACHINE_ID": "two"}) as staging:
            with r.case("a copy on another machine: shut, and says why"):
                entry = comes(staging, "outbox-shut", s)
                assert "another machine" in entry["text"] and "copy for tests" in entry["clear"], entry
                assert staging.cli("status", ok=(3,)).out.count("another machine")
            with r.case("a copy on another machine: it decides; the original tells, once"):
                issue.release("1.1")
                s.expect(ticket, status="resolved", told=[naming("1.1")])
                wait(lambda: [] if staging.show(ticket.ref)["verdict"] == "delivered" else ["not decided there"],
                     20 * r.slow, 0.5, s.story)
                s.settle()
                notes(issue, ticket)
                assert told(s) == Counter({("alice@customer.example", ticket.id): 1}), told(s)
            with r.case("a copy on another machine: it sees that the original is at work"):
                problem = s.bascule.show(slow.ref)["problems"][0]
                s.cli("problem", "set", problem, "--customer-text", "Wait a minute.")
                s.cli("problem", "publish", problem)
                s.expect(slow, public=1)
                entry = comes(staging, "foreign-bridge", s)
                assert "resume" in entry["clear"], entry


def second(r):
    with r.open() as s:
        issue, later = s.issue("Totals are wrong"), s.issue("Slow")
        one, two = s.linked(issue), s.linked(later, requester="bob")
        s.expect_all([(one, {"status": "closed-unresolved"}), (two, {"status": "closed-unresolved"})])
        s.settle()
        instance = s.bascule.json("status")["instance"]
        with Another(s) as other:
            with r.case("a second bridge: it stops writing, and says whose marker it found"):
                entry = comes(other, "foreign-bridge", s)
                assert instance in entry["text"] and "bascule resume " + entry["subject"] in entry["clear"], entry
                assert "stopped" in other.cli("status", ok=(3,)).out
            with r.case("a second bridge: people are told once, by the first"):
                issue.release("1.1")
                s.expect(one, status="resolved", told=[naming("1.1")])
                s.settle()
                notes(issue, one)
                assert told(s) == Counter({("alice@customer.example", one.id): 1}), told(s)
                assert not attends(s.bascule, "foreign-bridge")
            before, mails = notes(issue, later, one, two), told(s)
            forget_records(s)
            s.bascule.stop()
            with r.case("database and identity file lost: it goes on as the instance it is told", parked=None):
                other.cli("outbox", "open", "--instance", instance, "--yes")
                assert other.json("status")["instance"] == instance and not attends(other, "foreign-bridge")
            with r.case("database and identity file lost: nobody is told again, what is new is told"):
                later.release("1.1")
                wait(lambda: [] if two.status == "resolved" else [f"{two} is {two.status}"], 40 * r.slow, 0.5, s.story)
                wait(lambda: [] if told(s)[("bob@customer.example", two.id)] else ["bob waits"], 20 * r.slow, 0.5, s.story)
                now = notes(issue, later, one, two)
                assert now[str(one)] == before[str(one)] and now[str(issue)] == before[str(issue)], (before, now)
                assert told(s) == mails + Counter({("bob@customer.example", two.id): 1}), told(s)


def tracker_put_back(r):
    with r.open() as s:
        issue, other = s.issue("Totals are wrong"), s.issue("Slow")
        ticket = s.linked(issue)
        s.expect(ticket, status="closed-unresolved")
        s.settle()
        r.backend.past_keep()
        issue.release("1.1")
        s.expect(ticket, status="resolved", told=[naming("1.1")])
        s.settle()
        before, mails = notes(ticket), told(s)
        down = s.proxies["product"].cut_before(times=10 ** 6)
        wait(lambda: [] if s.proxies["product"].hits(down) else ["not polled"], 20, 0.2)
        r.backend.past_back()
        s.proxies["product"].clear()
        assert issue.status != "Closed"
        other.set(status="In Progress")
        forget_records(s)
        with r.case("Redmine put back: noticed; says so, and what to do", parked=None):
            entry = comes(s.bascule, "tracker-restored", s)
            assert "bascule resume product" in entry["clear"] and entry["subject"] == "product", entry
            assert "stopped" in s.cli("status", ok=(3,)).out
            s.touched = set()
        with r.case("Redmine put back: nothing of it is taken for news", parked=None):
            issue.set(status="In Progress")
            s.polls_of("helpdesk", 3)
            assert s.bascule.show(ticket.ref)["verdict"] == "delivered"
            assert ticket.status == "resolved" and notes(ticket) == before and told(s) == mails
            s.touched = set()
        with r.case("Redmine put back: after resume its state holds, and nobody is told of it"):
            s.cli("resume", "product")
            s.expect_all([(ticket, {"verdict": "pending"}), (issue, {"state": "working", "count": 1})], timeout=40)
            s.settle()
            assert ticket.status == "resolved" and notes(ticket) == before and told(s) == mails
            assert not attends(s.bascule, "tracker-restored")
            s.touched = set()
        with r.case("Redmine put back: released again, nobody is told again; what is new is told"):
            issue.release("1.1")
            s.expect(ticket, verdict="delivered", status="resolved")
            new = s.linked(other, requester="bob")
            s.expect(new, status="closed-unresolved")
            s.settle()
            assert notes(ticket) == before and told(s) == mails, told(s)
            s.touched = set()
        forget_records(s)
        with r.case("Redmine put back: then nothing is written"):
            s.quiet(2)
