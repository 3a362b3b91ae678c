#!/usr/bin/env python3
"""turns: how long the loop's turns take with many records. Not a test: it prints figures.

    tests/bench/turns.py --bin BUILD/src/bascule --sandbox BUILD/tests/tools/sandbox-server
                         [--incidents 10000] [--defects 1000] [--link 300,5000] [--dry-run]

Fills two sandboxes, lets the real program import them, then for each number of --link: links so many incidents to one
defect, waits until all is written, releases the defect, waits again. A fresh process a step, so that each has its own
distribution of turns; then peak memory, requests, commits' worth of time. Build with --buildtype=release."""
import argparse
import http.client
import json
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import backend, bascule, stage, yaml  # noqa: E402


class Hands:
    """People's requests, quickly."""

    def __init__(self, url, headers):
        self.host, self.headers = url.split("//")[1], {"Content-Type": "application/json", **headers}

    def say(self, method, path, body):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request(method, path, json.dumps(body), self.headers)
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        if reply.status >= 300:
            raise SystemExit(f"{method} {path}: {reply.status} {text[:200]}")
        return text


def fill(desk, product, incidents, defects):
    for i in range(defects):
        product.say("POST", "/issues.json", {"issue": {"project_id": "product", "subject": f"Defect {i}",
                                                       "description": "It is wrong. " * 20}})
    for i in range(incidents):
        desk.say("POST", "/sandbox/mailgate", {"from": random.choice(("alice", "bob")) + "@customer.example",
                                               "subject": f"Incident {i}", "content": "It does not work. " * 20})


def peak(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


def report(service, name, began, status):
    loop, requests = status["loop"], sum(t.get("requests", 0) for t in status["trackers"])
    writes = sum(t.get("writes", 0) for t in status["trackers"])
    print(f"{name:<28} {time.monotonic() - began:7.1f} s {requests:7d} requests {writes:6d} writes "
          f"{loop['turns']:8d} turns  p50 {loop['p50']:6.2f}  p99 {loop['p99']:6.2f}  max {loop['max']:7.2f} ms  "
          f"over 50 ms {loop['over_50ms']:4d}  CPU max {loop['cpu_max']:7.2f} over {loop['cpu_over_50ms']:4d}  "
          f"{peak(service.process.pid) // 1024} MiB", flush=True)


def wait(service, name, done, most=3600):
    began = time.monotonic()
    while True:
        time.sleep(2)
        status = service.json("status")
        if done(status):
            report(service, name, began, status)
            return status
        if time.monotonic() - began > most or not service.running:
            report(service, name + " (UNFINISHED)", began, status)
            print(json.dumps(status, indent=1)[:3000], service.tail(), sep="\n")
            raise SystemExit(1)


def quiet(status):
    out = status["outbox"]
    return not status["undecided"] and not any(out[k] for k in ("pending", "in-flight", "unsure"))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bin", required=True)
    p.add_argument("--sandbox", required=True)
    p.add_argument("--incidents", type=int, default=10000)
    p.add_argument("--defects", type=int, default=1000)
    p.add_argument("--link", default="300,5000")
    p.add_argument("--dry-run", action="store_true")
    p.add_argument("--keep", action="store_true")
    o = p.parse_args()
    trackers, work = backend.Sandbox(o.sandbox), tempfile.mkdtemp(prefix="bascule-bench.", dir=os.environ.get("TMPDIR"))
    env = trackers.env
    desk = Hands(env["RT_URL"], {"Authorization": "token " + env["RT_AGENT_TOKEN"]})
    product = Hands(env["REDMINE_URL"], {"X-Redmine-API-Key": env["REDMINE_KEY"]})
    settings = yaml.merge(stage.base_settings(env, env["RT_URL"], env["REDMINE_URL"]),
                          {"brake": 1000000, "dry_run": o.dry_run})
    service = bascule.Bascule(o.bin, work, settings,
                              {"RT_TOKEN": env["RT_TOKEN"], "REDMINE_KEY": env["REDMINE_BRIDGE_KEY"]})
    try:
        began = time.monotonic()
        fill(desk, product, o.incidents, o.defects)
        print(f"filled in {time.monotonic() - began:.1f} s: {o.incidents} incidents, {o.defects} defects", flush=True)
        service.start(wait=False)
        time.sleep(1)
        wait(service, "import", lambda s: all(t["import"] == "done" for t in s["trackers"]) and quiet(s))
        service.stop(within=30)
        first = 1
        for k, n in enumerate(int(x) for x in o.link.split(",")):
            defect = k + 1
            service.start()
            began = time.monotonic()
            for i in range(first, first + n):
                desk.say("PUT", f"/REST/2.0/ticket/{i}", {"CustomFields": {"Defect": str(defect)}})
            first += n
            linked = first - 1
            wait(service, f"link {n}", lambda s, linked=linked: quiet(s) and (
                o.dry_run or s["closed_unresolved"]["incidents"] >= n or linked == 0))
            service.stop(within=30)
            service.start()
            wait(service, "idle, after a restart", lambda s: True)
            product.say("PUT", f"/issues/{defect}.json", {"issue": {"status_id": 5}})
            wait(service, f"release of {n}", lambda s: quiet(s) and s["closed_unresolved"]["incidents"] == 0)
            service.stop(within=30)
    finally:
        service.close()
        trackers.close()
        if o.keep:
            print(work)
        else:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
