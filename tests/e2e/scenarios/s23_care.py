"""23. audit, backup, doctor: what differs, what is kept, what is sound.

Assumed:
- A field given to the bridge is the bridge's: a person's value in it is a
  difference, also once the database knows of it. A state that people moved is
  theirs.
- A deleted note is never sent again, so the audit goes on naming it.
- A backup made while effects leave may hold one that was in flight: `doctor`
  warns of it, and fails nothing.
- "Writes nothing" of the database: with no service, not a byte of its files.
"""
import glob
import hashlib
import os
import re
import shutil
import sqlite3
import threading
import time

from harness.redmine import Unexpected
from harness.runner import scenario

WORD = re.compile(r"^(OK|WARN|FAIL)\b", re.M)
FAULTS = [
    ("a link without evidence", "links", "DELETE FROM evidence WHERE incident = '{ticket}'", r"P-\d+ {ticket}"),
    ("a turn that cannot be", "turns", "UPDATE incident SET adopted_turn = turn + 1 WHERE ref = '{ticket}'",
     "{ticket}"),
    ("evidence of a problem that is not there", "evidence",
     "INSERT INTO evidence (incident, problem, source, at, seen) VALUES ('{ticket}', 4711, 'person', 1, 1)",
     "evidence \\d+"),
    ("a title that cannot be found", "search", "DELETE FROM search WHERE ref = '{ticket}'", "{ticket}"),
    ("a mirrored value of no record", "values",
     "INSERT INTO value (ref, field, computed, revision) VALUES ('helpdesk:999999', 'problem', 'P-1', 1)",
     "helpdesk:999999"),
    ("two notes with one marker", "markers",
     "UPDATE effect SET marker = 'twice0', ref = ref WHERE ref = '{issue}' AND kind IN ('note', 'field') AND state = "
     "'done'", "{issue} twice0"),
    ("a link to no problem", "foreign_key_check",
     "INSERT INTO link (problem, ref, kind, status, linked_at) VALUES (4711, '{ticket}', 'incident', 'rejected', 1)",
     "names no problem"),
]


@scenario(23, "audit, backup, doctor", cases=21 + len(FAULTS))
def care(r):
    audit(r)
    with r.open() as s:
        backup(r, s)


def audited(s, code):
    """(differences, read requests a tracker); it wrote nothing, and left nothing."""
    began, aside = time.time(), s.work + "/tmp"
    os.makedirs(aside, exist_ok=True)
    said = s.cli("audit", "--format", "json", ok=None, timeout=90, env={"TMPDIR": aside})
    assert os.listdir(aside) == [], "its copy is still there"
    assert said.code == code, f"exit {said.code}, not {code}: {said.out}{said.err}"
    s.no_writes(began)
    return said.json(), {name: len(p.requests_since(began)) for name, p in s.proxies.items()}


def digest(s):
    found = {}
    for name in sorted(glob.glob(s.bascule.settings["database"] + "*")):
        if os.path.getsize(name) and not name.endswith("-shm"):  # a reader leaves an empty -wal, and its marks in -shm
            with open(name, "rb") as f:
                found[os.path.basename(name)] = hashlib.sha256(f.read()).hexdigest()
    return found


def audit(r):
    with r.open() as s:
        issue, other = s.issue("Totals are wrong"), s.issue("To be deleted")
        tickets = s.linked(issue, count=3)
        alone = s.linked(other, requester="bob")
        s.expect_all([(t, {"status": "closed-unresolved"}) for t in [*tickets, alone]]
                     + [(issue, {"count": 3, "unresolved": 3}), (other, {"count": 1})], timeout=30)
        s.settle()
        with r.case("beside the service: nothing differs, all records were read, nothing is written"):
            before = s.bascule.effects()
            found, reads = audited(s, 0)
            assert found == [] and reads["helpdesk"] >= 4 and reads["product"] >= 2, (found, reads)
            assert s.bascule.effects() == before
            assert re.search(r"Nothing differs: 6 records", s.cli("audit", ok=(0,), timeout=90).out)
        s.bascule.stop()
        with r.case("without a service: nothing differs, and not a byte of the database changes"):
            before = digest(s)
            found, reads = audited(s, 0)
            assert found == [] and reads["helpdesk"] >= 4 and reads["product"] >= 2, (found, reads)
            assert digest(s) == before, "the database was written to"
        note = issue.own_notes()[0]
        issue.set(fields={"Incident count": "99"}, by="dev")
        delete_note(issue, note)
        other.delete()
        tickets[0].set(status="open")
        changed_while_off(r, s, issue, other, tickets[0], note)
        s.start()
        s.settle()
        with r.case("the service again: what it has seen is gone, what stays different stays"):
            found, _ = audited(s, 3)
            keys = {(d["ref"], d["what"]) for d in found}
            assert (issue.ref, "incident_count") in keys and (tickets[0].ref, "state") not in keys, found
            assert [d for d in found if d["ref"] == issue.ref and d["what"].startswith("note ")], found
            mend = next(d["mend"] for d in found if d["what"] == "incident_count")
            assert "by hand" in mend, mend
        with r.case("a tracker that does not answer: not all was read, exit 1"):
            s.bascule.stop()
            s.bascule.write(trackers={"product": {"url": "http://127.0.0.1:9"}})
            said = s.cli("audit", ok=None, timeout=90)
            assert said.code == 1 and "not read" in said.out and "check" in said.out, said.out + said.err
            s.bascule.write(trackers={"product": {"url": s.proxies["product"].url}})
        s.records = [t for t in s.records if t not in (issue, other, alone)]
        s.left_open = True
        s.start()


def delete_note(issue, note):
    issue.redmine.call("PUT", f"/journals/{note.id}.json", {"journal": {"notes": ""}})
    if any(n.id == note.id for n in issue.own_notes()):
        raise Unexpected(f"{issue}: note {note.id} is still there")


def changed_while_off(r, s, issue, other, ticket, note):
    before = digest(s)
    found, _ = audited(s, 3)
    by = {(d["ref"], d["what"]): d for d in found}
    with r.case("a field that a person changed: both values, and what mends it"):
        d = by[issue.ref, "incident_count"]
        assert (d["tracker"], d["bridge"]) == ("99", "3") and f"bascule sync {issue.ref}" in d["mend"], d
    with r.case("a note that was deleted: named, with where its text is"):
        d = next(d for d in found if d["ref"] == issue.ref and d["what"].startswith("note "))
        n = int(re.search(r"bascule show (\d+)", d["mend"]).group(1))
        want = s.bascule.show(str(n))["want"]
        assert d["tracker"] == "not there" and want["marker"] in note.text, (d, want, note.text)
    with r.case("a state that a person moved"):
        d = by[ticket.ref, "state"]
        assert (d["tracker"], d["bridge"]) == ("open", "closed-unresolved"), d
    with r.case("a defect that was deleted"):
        d = by[other.ref, "presence"]
        assert d["bridge"] == "present" and d["tracker"] == "gone", d
    with r.case("nothing else differs, and nothing was written down"):
        assert len(found) == 4, found
        assert digest(s) == before, "the database was written to"
    with r.case("as a table: one line a difference"):
        said = s.cli("audit", ok=(3,), timeout=90)
        lines = [line for line in said.out.splitlines() if line.startswith(("helpdesk:", "product:"))]
        assert len(lines) == 4, said.out


# ---- backup ----

def sound(s, *file):
    said = s.cli("doctor", *file, ok=None, timeout=60)
    fails = [line for line in said.out.splitlines() if line.startswith("FAIL")]
    warns = [line for line in said.out.splitlines() if line.startswith("WARN")]
    assert said.code == (1 if fails else 3 if warns else 0), f"exit {said.code}: {said.out}{said.err}"
    return said, fails, warns


def backup(r, s):
    issue = s.issue("Edited all the time")
    tickets = s.linked(issue, count=4)
    s.expect_all([(t, {"status": "closed-unresolved"}) for t in tickets], timeout=30)
    s.settle()
    with r.case("doctor beside the service: all is well, and said so"):
        said, fails, warns = sound(s)
        assert not fails and not warns and len(WORD.findall(said.out)) > 20, said.out
    made = under_load(r, s, issue, tickets)
    refusals(r, s, made)
    with r.case("doctor says what a file is not"):
        with open(s.work + "/no.db", "w", encoding="utf-8") as f:
            f.write("not a database, but long enough to be looked at\n" * 100)
        said = s.cli("doctor", s.work + "/no.db", ok=None)
        assert said.code == 1 and "no.db" in said.err, said.out + said.err
    for name, what, sql, shown in FAULTS:
        with r.case("doctor finds a planted fault: " + name):
            planted(s, made, what, sql, shown, {"ticket": tickets[0].ref, "issue": issue.ref})
    with r.case("doctor finds a damaged page"):
        damaged(s, made)
    with r.case("doctor finds a file that others may read"):
        os.chmod(made, 0o644)
        said, fails, _ = sound(s, made)
        assert len(fails) == 1 and "chmod 600" in fails[0], said.out
        os.chmod(made, 0o600)


def under_load(r, s, issue, tickets):
    stop, edits, failed = threading.Event(), [0], []

    def edit():
        while not stop.is_set():
            try:
                tickets[edits[0] % 4].set(subject=f"Edited {edits[0]} times")
                issue.set(subject=f"Edited {edits[0]} times")
                edits[0] += 1
            except Exception as e:  # noqa: BLE001: told by the case
                failed.append(e)
                return
    editor = threading.Thread(target=edit)
    editor.start()
    made = [f"{s.work}/copy{i}.db" for i in range(6)]
    new = []
    try:
        with r.case("backups while people edit: each is made at once", parked=None):
            for i, file in enumerate(made):
                new += [s.linked(issue, requester="bob")] if i % 2 == 0 else []
                said = s.cli("backup", file, ok=(0,))
                assert "restore" in said.out and os.stat(file).st_mode & 0o777 == 0o600, said.out
                time.sleep(0.3)
    finally:
        stop.set()
        editor.join()
    with r.case("... and people were editing"):
        assert edits[0] > 3 and not failed, (edits, failed)
        s.settle()
    with r.case("each one is sound, and alone: no file beside it"):
        for file in made:
            assert glob.glob(file + "*") == [file], glob.glob(file + "*")
            said, fails, warns = sound(s, file)
            assert not fails and all("in flight" in w for w in warns), said.out
    with r.case("its outbox can be followed: every effect is one of the service's, and none is lost"):
        live = {e["n"]: e for e in s.bascule.effects()}
        counts = []
        for file in made:
            copied = s.work + "/other.yaml"
            with open(s.bascule.file, encoding="utf-8") as f, open(copied, "w", encoding="utf-8") as to:
                to.write(f.read().replace(s.bascule.settings["database"], file))
            items = s.cli("list", "effects", "--limit", 500, "--format", "json", "-c", copied).json()["items"]
            assert all((live[e["n"]]["ref"], live[e["n"]]["kind"]) == (e["ref"], e["kind"]) for e in items)
            assert {e["n"] for e in items} == set(range(1, len(items) + 1)), "a hole"
            counts.append(len(items))
        assert counts == sorted(counts) and counts[0] >= 12, counts
    with r.case("the service went on: the trackers were polled, the new tickets treated"):
        s.expect_all([(t, {"status": "closed-unresolved"}) for t in new], timeout=30)
        s.settle()
    return made[-1]


def refusals(r, s, made):
    def leftovers():
        return glob.glob(s.work + "/*part*") + glob.glob(s.work + "/*copy9*")
    with r.case("what exists is not replaced; an older backup is, by force; the database never"):
        before = open(made, "rb").read()
        said = s.cli("backup", made, ok=(1,))
        assert "--force" in said.err and open(made, "rb").read() == before, said.err
        s.cli("backup", made, "--force", ok=(0,))
        said = s.cli("backup", s.bascule.file, "--force", ok=(1,))
        assert "is no backup" in said.err, said.err
        said = s.cli("backup", s.bascule.settings["database"], "--force", ok=(1,))
        assert "database itself" in said.err and not leftovers(), said.err
    with r.case("a folder that is not there: said, and nothing left"):
        said = s.cli("backup", s.work + "/nowhere/copy9.db", ok=(1,))
        assert "no folder" in said.err and not leftovers(), said.err


def planted(s, made, what, sql, shown, names):
    file = s.work + "/planted.db"
    shutil.copy(made, file)
    os.chmod(file, 0o600)
    db = sqlite3.connect(file)
    db.execute("DROP TRIGGER effect_keeps")
    assert db.execute(sql.format(**names)).rowcount > 0, "nothing was planted"
    db.commit()
    db.close()
    said, fails, _ = sound(s, file)
    mine = [line for line in fails if re.match(rf"FAIL +{what} ", line)]
    assert said.code == 1 and mine and re.search(shown.format(**names), mine[0]), said.out
    assert len(fails) == 1, said.out
    os.unlink(file)


def damaged(s, made):
    file = s.work + "/damaged.db"
    shutil.copy(made, file)
    db = sqlite3.connect(file)
    page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'effect_state'").fetchone()[0]
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    with open(file, "r+b") as f:
        f.seek((page - 1) * size + size // 2)
        f.write(b"\xff" * (size // 2))
    said, fails, _ = sound(s, file)
    assert fails and "integrity_check" in said.out and "backup" in fails[0], said.out
