#!/usr/bin/env python3
"""compare_sandbox: the same requests to the real trackers and to the sandboxes.

    compare_sandbox.py --real RIG/env (--server BINARY | --sandbox ENV) [--only rt|redmine] [--seed N] [-v]

Both sides are reset first (the rig by its own `reset`), then every request of
the scripts in sandbox_scripts.py goes to both, one after the other, and the
answers are compared: status, the headers that clients use, the JSON - ids
included, as both begin from the same seed. Times, keys and the wording of
mails are masked; what RT answers in random order is sorted first. Prints each
difference and exits 1 if there was one. Where they differ, the sandbox is
wrong.
"""
import argparse
import base64
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sandbox_scripts  # noqa: E402
from harness.backend import Sandbox  # noqa: E402

RT_USERS = {"bridge": "RT_TOKEN", "agent": "RT_AGENT_TOKEN", "outsider": "RT_OUTSIDER_TOKEN", "root": "RT_ROOT_TOKEN"}
REDMINE_USERS = {"bridge": "REDMINE_BRIDGE_KEY", "dev": "REDMINE_DEV_KEY", "outsider": "REDMINE_OUTSIDER_KEY",
                 "admin": "REDMINE_KEY"}
TIME = re.compile(r"\b(?!1970-01-01)2\d\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?")
DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b")
MESSAGE_ID = re.compile(r"<?rt-5\.0\.3[^@ ]*@rig\.example>?")
MAIL = ("appears to have no content", "(no text)", "automatically generated", "has arrived and is kept", "According to our records", "We have set your request",
        "/Ticket/Display.html?id=")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


class Side:
    """One pair of trackers: the real ones or the sandboxes."""

    def __init__(self, env_file):
        with open(env_file, encoding="utf-8") as f:
            self.env = dict(line.strip().split("=", 1) for line in f if "=" in line)
        self.opener = urllib.request.build_opener(NoRedirect)

    def is_real(self):
        return "RIG_DIR" in self.env

    def rig(self, *args):
        """A script of the rig; what it prints."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rig", args[0])
        return subprocess.run([script, *args[1:], self.env["RIG_DIR"]], check=True, capture_output=True).stdout

    def control(self, base, path, body=None):
        status, _, text = self.send(self.env[base], "PUT" if body else "GET", path, body, {"Content-Type": "application/json"})
        assert status == 200, (path, status, text)
        return json.loads(text)

    # what a test may switch, on both kinds of trackers
    def scrip(self, on):
        self.rig("scrip", "on" if on else "off") if self.is_real() else self.control("RT_URL", "/sandbox/scrip", {"on_resolve": on})

    def rights(self, on):
        if self.is_real():
            self.rig("rights", "on" if on else "off")
        else:
            for base in ("RT_URL", "REDMINE_URL"):
                self.control(base, "/sandbox/rights", {"bridge": on})

    def zone(self, zone):
        if self.is_real():
            self.rig("zone", zone or "-")
        else:
            for base in ("RT_URL", "REDMINE_URL"):
                self.control(base, "/sandbox/zone", {"zone": zone})

    def mails(self):
        return json.loads(self.rig("mail")) if self.is_real() else self.control("RT_URL", "/sandbox/mail")

    def send(self, base, method, path, body, headers):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(base + path, data=data, method=method, headers=headers)
        try:
            answer = self.opener.open(request, timeout=60)
        except urllib.error.HTTPError as e:
            answer = e
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return 0, {}, b""
        text = answer.read()
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, text

    def rt(self, who, method, path, body=None, headers=None):
        h = {"User-Agent": "compare", **({"Content-Type": "application/json"} if body is not None else {})}
        if who in RT_USERS:
            h["Authorization"] = "token " + self.env[RT_USERS[who]]
        elif who:
            h["Authorization"] = "Basic " + base64.b64encode(f"{who}:{who}-pw".encode()).decode()
        h.update(headers or {})
        base = self.env["RT_URL"] + ("" if path.startswith("//") else "/REST/2.0")
        return self.send(base, method, path[1:] if path.startswith("//") else path, body, drop_none(h))

    def redmine(self, who, method, path, body=None, headers=None):
        h = {"User-Agent": "compare", **({"Content-Type": "application/json"} if body is not None else {})}
        if who:
            h["X-Redmine-API-Key"] = self.env.get(REDMINE_USERS.get(who, ""), who)
        h.update(headers or {})
        return self.send(self.env["REDMINE_URL"], method, path, body, drop_none(h))


def drop_none(headers):
    return {k: v for k, v in headers.items() if v is not None}


class Masker:
    """Makes two answers comparable."""

    def __init__(self, env):
        self.any_order = False  # RT's words about a write come in random order
        self.bases = [(env["RT_URL"], "<RT>"), (env["REDMINE_URL"], "<REDMINE>")]

    def text(self, s):
        for base, name in self.bases:
            s = s.replace(base, name)
        if any(words in s for words in MAIL) or s.startswith("=?UTF-8?B?") or s.startswith("[rig #") and not s.isascii():
            return "<MAIL>"
        s = MESSAGE_ID.sub("<MESSAGE-ID>", s)
        return DAY.sub("<DAY>", TIME.sub("<TIME>", s))

    def value(self, v, key=None):
        if isinstance(v, dict):
            return {k: self.value(x, k) for k, x in v.items()}
        if isinstance(v, list):
            items = [self.value(x) for x in v]
            if key in ("_hyperlinks", "CustomFields", "TicketCustomFields") or (self.any_order and all(isinstance(x, str) for x in v)):
                items.sort(key=lambda x: json.dumps(x, sort_keys=True))
            return items
        if not isinstance(v, str):
            return v
        if key in ("api_key", "Headers", "MessageId", "Version"):
            return f"<{key}>" if v else v
        if key == "message" and ("JSON parse error" in v or " query" in v or "Unknown field" in v):
            return "<WORDS>"
        return self.text(v)

    def body(self, raw):
        for coding in ("utf-8", "latin-1"):  # RT's words about a message are the latter
            try:
                return [coding, self.value(json.loads(raw.decode(coding)))]
            except ValueError:
                pass
        return self.text(raw.decode("utf-8", "replace"))[:60]

    def headers(self, h, redmine):
        kept = {}
        for name in ("content-type", "location", "allow", "www-authenticate", "etag", "last-modified"):
            if name in h:
                v = self.text(h[name])
                kept[name] = "<TAG>" if redmine and name == "etag" else v
        return kept


class Pair:
    """Sends to both and remembers what differed."""

    def __init__(self, real, sandbox, verbose):
        self.sides = [(real, Masker(real.env)), (sandbox, Masker(sandbox.env))]
        self.verbose = verbose
        self.count = self.different = 0
        self.ignored_headers = ()

    def rt(self, who, method, path, body=None, headers=None, mask=None):
        return self.both("rt", who, method, path, body, headers, mask)

    def redmine(self, who, method, path, body=None, headers=None, mask=None):
        return self.both("redmine", who, method, path, body, headers, mask)

    def both(self, tracker, who, method, path, body, headers, mask):
        """mask(json) may take out what is known to differ. Gives the real one's JSON (or text)."""
        seen, first = [], None
        for side, masker in self.sides:
            masker.any_order = method in ("PUT", "POST")
            status, got, raw = getattr(side, tracker)(who, method, path, body, headers)
            value = masker.body(raw)
            if mask and isinstance(value, list):
                value[1] = mask(value[1])
            seen.append((status, masker.headers(got, tracker == "redmine"), value))
            if first is None:
                try:
                    first = json.loads(raw)
                except ValueError:
                    first = raw
        self.count += 1
        shown = f"{tracker} {who} {method} {path} {body if body is None else str(body)[:200]} {headers or ''}"
        if seen[0] != seen[1]:
            self.different += 1
            print("DIFFERENT:", shown)
            differences(seen[0], seen[1])
        elif self.verbose:
            print("same:", shown, seen[0][0])
        return first


    def switch(self, name, *args):
        for side, _ in self.sides:
            getattr(side, name)(*args)

    def same(self, what, of):
        """of(side, masker) gives the same on both."""
        values = [of(side, masker) for side, masker in self.sides]
        self.count += 1
        if values[0] != values[1]:
            self.different += 1
            print("DIFFERENT:", what)
            differences(values[0], values[1])
        elif self.verbose:
            print("same:", what, values[0])

    def moves(self, tracker, path, field, writes):
        """Which of these writes (who, method, path, body) move the record's time of change."""
        for write in writes:
            time.sleep(1.1)  # both show whole seconds

            def moved(side, _):
                stamps = []
                for step in (0, 1):
                    if step:
                        getattr(side, tracker)(*write)
                    record = json.loads(getattr(side, tracker)("bridge", "GET", path)[2])
                    stamps.append(record.get("issue", record)[field])
                return stamps[0] != stamps[1]
            self.same(f"{field} of {path} moved by {write}", moved)


def differences(real, sandbox, at="", depth=0):
    if isinstance(real, dict) and isinstance(sandbox, dict):
        for k in sorted(set(real) | set(sandbox), key=str):
            if real.get(k, "<absent>") != sandbox.get(k, "<absent>"):
                differences(real.get(k, "<absent>"), sandbox.get(k, "<absent>"), f"{at}.{k}", depth + 1)
    elif isinstance(real, list) and isinstance(sandbox, list) and len(real) != len(sandbox):
        for name, mine, others in (("real", real, sandbox), ("sandbox", sandbox, real)):
            print(f"    {at}: only on the {name} one: {json.dumps([x for x in mine if x not in others], ensure_ascii=False)[:900]}")
    elif isinstance(real, (list, tuple)) and isinstance(sandbox, (list, tuple)) and len(real) == len(sandbox):
        for i, (a, b) in enumerate(zip(real, sandbox)):
            if a != b:
                differences(a, b, f"{at}[{i}]", depth + 1)
    else:
        print(f"    {at}\n        real    {json.dumps(real, ensure_ascii=False)[:600]}"
              f"\n        sandbox {json.dumps(sandbox, ensure_ascii=False)[:600]}")


def reset(real_env, sandbox):
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run([os.path.join(here, "rig", "reset"), os.path.dirname(os.path.abspath(real_env))], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in ("RT_URL", "REDMINE_URL"):
        sandbox.send(sandbox.env[name], "POST", "/sandbox/reset", None, {})


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--real", required=True, help="env file of a rig that may be reset")
    options.add_argument("--sandbox", help="env file of a sandbox-server that runs")
    options.add_argument("--server", help="sandbox-server to start")
    options.add_argument("--only", help="scripts whose name begins so")
    options.add_argument("--seed", type=int, default=1, help="of the random scripts")
    options.add_argument("--steps", type=int, default=150, help="of a random script")
    options.add_argument("-v", "--verbose", action="store_true")
    given = options.parse_args()
    if bool(given.sandbox) == bool(given.server):
        options.error("give --server or --sandbox")
    server = Sandbox(given.server) if given.server else None
    try:
        return compare(given, server.file if server else given.sandbox)
    finally:
        if server:
            server.close()


def compare(given, sandbox):
    pair = Pair(Side(given.real), Side(sandbox), given.verbose)
    pair.seed, pair.steps = given.seed, given.steps
    for name, script in sandbox_scripts.ALL:
        if given.only and not name.startswith(given.only):
            continue
        reset(given.real, pair.sides[1][0])
        before = (pair.count, pair.different)
        script(pair)
        print(f"{name}: {pair.count - before[0]} requests, {pair.different - before[1]} different", flush=True)
    print(f"{pair.count} requests, {pair.different} different")
    return 1 if pair.different else 0


if __name__ == "__main__":
    sys.exit(main())
