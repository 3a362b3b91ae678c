#!/usr/bin/env python3
"""reports: how long each report takes with very many records. Not a test: it prints figures.

    tests/bench/reports.py --bin BUILD/src/bascule [--incidents 1000000] [--defects 100000] [--problems 20000]
                           [--runs 5] [--database FILE]

Fills a database straight with SQL, as an old one (version 1), brings it up by the migrations, which it times too, then
asks each report --runs times, a fresh process each, as it stands and with --by, --service, --tracker and --since. With
--database the file is kept, and used again when it is there. Build with --buildtype=release."""
import argparse
import glob
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DAY = 86400000
STATES = ["resolved"] * 62 + ["closed"] * 18 + ["closed-unresolved"] * 12 + ["open"] * 6 + ["waiting"] * 2
OUTCOMES = ["", "unknown", "fixed", "invalid", "duplicate", "wont-fix", "workaround", "withdrawn"]
SERVICES = [f"Service {n}" for n in range(40)]
PRIORITIES = ["low", "normal", "high", "critical"]
PEOPLE = [f"person{n}" for n in range(120)]
QUESTIONS = [
    [], ["--by", "service"], ["--by", "owner"], ["--service", "Service 7"], ["--tracker", "TRACKER"],
    ["--since", "1800d"], ["--limit", "10000", "--format", "csv"], ["--format", "html"],
]
REPORTS = ["open-defects", "closed-unresolved", "known-errors", "ageing", "flow", "service", "sync"]


def incidents(count, now):
    for n in range(count):
        created = now - random.randrange(3 * 365) * DAY - random.randrange(DAY)
        state = random.choice(STATES)
        moved = min(now, created + int(random.expovariate(1 / (20 * DAY))))
        yield (f"helpdesk:{n}", "helpdesk", str(n), "incident", f"Incident {n}: it does not work as it should",
               f"http://desk.example/Ticket/Display.html?id={n}", state,
               random.choice(OUTCOMES) if state == "closed" else "", random.choice(SERVICES),
               random.choice(PRIORITIES), f"customer{n % 5000}", random.choice(PEOPLE), None, created,
               min(now, moved + random.randrange(30) * DAY), moved, '{"Impact":"high","Defect":"56"}', '{"Owner":"x"}')


def defects(count, now):
    for n in range(count):
        created = now - random.randrange(3 * 365) * DAY
        state = random.choice(["open"] * 3 + ["working", "fixed"] + ["released"] * 6 + ["closed"] * 3)
        moved = min(now, created + int(random.expovariate(1 / (60 * DAY))))
        yield (f"product:{n}", "product", str(n), "defect", f"Defect {n}: the sum is off by one",
               f"http://bugs.example/issues/{n}", state, random.choice(OUTCOMES) if state == "closed" else "",
               random.choice(SERVICES), random.choice(PRIORITIES), None, random.choice(PEOPLE), f"1.{n % 60}", created,
               moved, moved, "{}", "{}")


def links(args, now):
    """Most problems have a few incidents, some have thousands; one in twenty defects belongs to two problems."""
    for p in range(1, args.problems + 1):
        yield p, f"product:{random.randrange(args.defects)}", "defect", "confirmed", now - DAY
        if p % 20 == 0:
            yield p, f"product:{p - 1}", "defect", "confirmed", now - DAY
    for n in range(0, args.incidents, 2):
        p = 1 + int(args.problems * random.random() ** 4)
        yield p, f"helpdesk:{n}", "incident", "confirmed", now - random.randrange(300) * DAY


def fill(db, args, now):
    record = ("INSERT INTO record (ref, tracker, id, kind, title, url, state, outcome, service, priority, reporter, "
              "assignee, version, created, updated, state_at, fields, native, first_seen, last_seen) VALUES "
              "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1,1)")
    db.executemany(record, sorted(incidents(args.incidents, now)))
    db.executemany(record, defects(args.defects, now))
    decision = '{"rule":"pending, open","facts":["P-1 has delivery pending"],"did":["state"],"why":"' + "w" * 200 + '"}'
    db.execute("INSERT INTO incident (ref, verdict, was, turn, turn_at, linked_at, delivered_at, outcome, decision) "
               "SELECT ref, CASE WHEN state = 'resolved' THEN 'delivered' ELSE 'pending' END, CASE WHEN abs(random()) "
               "% 50 = 0 THEN 'delivered' ELSE 'unlinked' END, 1, state_at, created, state_at - abs(random() % "
               f"{DAY}), CASE WHEN state = 'closed-unresolved' THEN 'unknown' ELSE '' END, ? FROM record "
               "WHERE kind = 'incident'", (decision,))
    db.executemany("INSERT INTO problem (id, known_error, title, service, priority, owner, cause, cause_at, workaround,"
                   " workaround_at, published_text, review, created, known, status) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,"
                   "?,?)",
                   ((n, n % 10 != 0, f"Problem {n}", random.choice(SERVICES), random.choice(PRIORITIES),
                     random.choice(PEOPLE), "cause", now - n % 700 * DAY, "around" if n % 3 else None,
                     now - n % 600 * DAY, "so" if n % 5 == 0 else None, now + (n % 400 - 200) * DAY if n % 7 == 0 else
                     0, now - n % 900 * DAY, now - n % 900 * DAY, "closed" if n % 4 == 0 else "diagnosed")
                    for n in range(1, args.problems + 1)))
    db.executemany("INSERT OR IGNORE INTO link (problem, ref, kind, status, linked_at) VALUES (?,?,?,?,?)",
                   links(args, now))
    effects(db, now)
    db.executemany("INSERT INTO journal (at, actor, what, problem, text) VALUES (?, 'bridge', 'linked', ?, 'linked')",
                   ((now - random.randrange(400) * DAY, p) for p in range(1, args.problems + 1) for _ in range(5)))
    db.executemany("INSERT INTO tracker (name, connector, role, url, import, last_ok) VALUES (?,?,?,?,'done',?)",
                   [("helpdesk", "rt", "ticketing", "http://desk.example", now - 9000),
                    ("product", "redmine", "defects", "http://bugs.example", now - 4000)])


def effects(db, now):
    db.execute("DROP TRIGGER effect_begins")
    for kind, want, where in (("state", '{"state":"closed-unresolved"}', "state = 'closed-unresolved'"),
                              ("state", '{"state":"resolved"}', "state = 'resolved'"),
                              ("note", '{"note":"fixed","visibility":"public","text":"' + "t" * 300 + '"}',
                               "state = 'resolved'")):
        db.execute("INSERT INTO effect (ref, kind, key, want, state, reason, turn, attempts, created, settled) SELECT "
                   f"ref, '{kind}', '{kind}:{want[2:9]}{want[10:14]}:' || ref || ':1', '{want}', 'done', 'why', 1, 1 + "
                   "(abs(random()) % 20 = 0), state_at, state_at + abs(random()) % 600000 FROM record WHERE "
                   f"kind = 'incident' AND abs(random()) % 2 = 0 AND {where}")
    db.execute("INSERT INTO effect (ref, kind, key, want, state, reason, created) SELECT ref, 'state', 'p:' || ref, "
               f"'{{}}', 'parked', 'why', {now - 5 * DAY} FROM record WHERE kind = 'incident' LIMIT 500")
    db.execute("CREATE TRIGGER effect_begins BEFORE INSERT ON effect WHEN NEW.state NOT IN ('pending', 'superseded') "
               "BEGIN SELECT RAISE(ABORT, 'an effect begins pending'); END")


def script(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def make(path, args):
    now = int(time.time() * 1000)
    db = sqlite3.connect(path)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
    db.executescript(script(f"{ROOT}/src/store/schema.sql"))
    began = time.monotonic()
    fill(db, args, now)
    db.commit()
    print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
    migrations = sorted(glob.glob(f"{ROOT}/src/store/migrations/*.sql"),
                        key=lambda p: int(os.path.basename(p).split("-")[0]))
    for migration in migrations:
        began = time.monotonic()
        db.executescript("BEGIN;" + script(migration) + "COMMIT;")
        print(f"{os.path.basename(migration)}: {time.monotonic() - began:.1f} s", flush=True)
    db.executescript(f"PRAGMA application_id = 0x42617363; PRAGMA user_version = {len(migrations) + 1};"
                     "PRAGMA wal_checkpoint(TRUNCATE);")
    db.close()
    print(f"{os.path.getsize(path) >> 20} MiB")


def ask(args, config, report, options):
    took = []
    for _ in range(args.runs):
        began = time.monotonic()
        done = subprocess.run([args.bin, "report", report, "-c", config, *options], capture_output=True, text=True,
                              check=False)
        took.append(time.monotonic() - began)
        if done.returncode:
            return None, done.stderr.strip()
    return sorted(took), None


def measure(args, config):
    worst = 0
    for report in REPORTS:
        for options in QUESTIONS:
            tracker = "product" if report == "open-defects" else "helpdesk"
            options = [tracker if o == "TRACKER" else o for o in options]
            took, refused = ask(args, config, report, options)
            name = f"{report} {' '.join(options)}"
            if refused:
                print(f"{name:<52} {refused}")
                continue
            worst = max(worst, took[-1])
            print(f"{name:<52} min {took[0]:6.3f}  p50 {took[len(took) // 2]:6.3f}  max {took[-1]:6.3f} s", flush=True)
    print(f"slowest {worst:.3f} s")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", required=True)
    p.add_argument("--incidents", type=int, default=1000000)
    p.add_argument("--defects", type=int, default=100000)
    p.add_argument("--problems", type=int, default=20000)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--database")
    args = p.parse_args()
    args.bin = os.path.abspath(args.bin)
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="bascule-reports-") as folder:
        path = os.path.abspath(args.database or f"{folder}/bench.db")
        if not os.path.exists(path):
            make(path, args)
        config = f"{folder}/bascule.yaml"
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"database: {path}\ntrackers:\n"
                    "  helpdesk: { connector: rt, role: ticketing, url: 'http://desk.example', auth: { token: x },"
                    " scope: { queue: Q } }\n"
                    "  product: { connector: redmine, role: defects, url: 'http://bugs.example', auth: { key: x },"
                    " scope: { project: p } }\n")
        measure(args, config)
    return 0


if __name__ == "__main__":
    sys.exit(main())
