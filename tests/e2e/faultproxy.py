#!/usr/bin/env python3
"""A fault proxy: stands on loopback between bascule and a tracker and spoils, on request, what passes.

    faultproxy.py --listen PORT --target http://127.0.0.1:18080 --control PORT

(port 0: any; the ports are printed as one line of JSON when it is ready.) Or from a test script:

    with FaultProxy("http://127.0.0.1:18080") as proxy:
        rule = proxy.add({"match": {"method": "PUT", "path": "/ticket/"}, "do": "cut-after", "times": 1})
        ... a service that talks to proxy.url ...
        entry = proxy.wait({"method": "PUT"}, phase="answered", timeout=10)

What passes without a rule passes byte for byte (but for 1xx replies, which are dropped). To the client connections are
kept, to the tracker each request has one of its own. Requests and replies are held whole before they go on (at most
64 MiB).

A rule: {"match": {...}, "do": ACTION, ..., "nth": 1, "times": 1, "probability": 0.1, "seed": 7}
  match (all must fit; {} fits all):
    method        "PUT", a list of them, or "read" (GET, HEAD) or "write" (the others)
    path          regular expression, searched in path and query
    body          regular expression, searched in the request's body
  nth             the first `nth - 1` requests that fit are let pass
  times           how often it acts; for ever, but once when nth is given
  probability     acts on that share of them, by a generator of its own with that seed

Modifiers, which all rules that fit add up:
  delay           "ms"; "when": "before" forwarding (default) or "after", before the reply is relayed
  skew            "seconds" added to the reply's Date, or to now where it has none
  rewrite         "pattern" and "with": regular expression over the reply's body; or "key" and "raw": the value of
                  that JSON key (flat) becomes that text, which may be no JSON; "count": how many places, 0 all (1);
                  or "list", "holds" and "raw": in the array under that key, each element in whose JSON that text stands
                  becomes that text - with "key" only its value there does, and without "raw" it is taken out. Acts, and
                  counts, only where such an element is
and of the others the first rule that fits:
  pass            nothing: hides the rules after it
  cut-before      closed, the tracker never sees it
  cut-after       the tracker does it, then closed without a reply
  cut-after-delayed  closed at once, the tracker gets it "ms" later
  status          answers "status" with "body" (text, or JSON made from anything else) and "headers";
                  with "forward": true the tracker does it first
  half            the reply's head, and "fraction" (0.5) of its body, then closed
  duplicate       the tracker gets it twice; "relay": 1 or 2, whose reply is handed on (1)
  hang            held until released; "when": "before" (default) or "after" the tracker did it
A cut takes "reset": true to end the connection with RST.

Control, JSON both ways:
  POST /rules RULE -> {"id": 1}         GET /rules -> with "fits" and "acted"      DELETE /rules, /rules/1
  POST /release {"rule": 1} or {}       lets what hangs go on
  GET /log?since=N                      requests, oldest first; DELETE /log forgets them and the counts
  GET /counts                           {"total", "reads", "writes", "by": {"GET /path": n}}
  POST /wait {"match", "phase", "since", "open", "timeout"}   blocks until a request after log number `since` that
                                        fits has reached the phase; -> its log entry, or 408. With "open": true it
                                        must not be over yet.
  POST /down, /up                       connections are refused, and those that are open cut

Phases of a log entry, each a time in seconds once reached: arrived (read whole), forwarded (written to the
tracker), answered (its reply read whole, not relayed yet), ended.
"""
import argparse
import asyncio
import collections
import email.utils
import gzip
import itertools
import json
import random
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse
import zlib

LIMIT = 64 << 20
HEAD_LIMIT = 256 << 10
LOG_LIMIT = 20_000
BODY_KEPT = 32 << 10
READS = ("GET", "HEAD")
MODIFIERS = ("delay", "skew", "rewrite")
ACTIONS = ("pass", "cut-before", "cut-after", "cut-after-delayed", "status", "half", "duplicate", "hang")
PHASES = ("arrived", "forwarded", "answered", "ended")
REWRITES = ({"pattern", "with"}, {"key", "raw"}, {"list", "holds", "raw"}, {"list", "holds", "key"})
JSON_VALUE = rb'(?:"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|\[[^\[\]]*\]|\{[^{}]*\})'


class Cut(Exception):
    """The connection to the client ends here, without a reply."""


class Message:
    """A request or a reply as it came: `head` with its blank line, `raw` body with its framing."""

    def __init__(self, head, raw=b"", whole=True):
        self.head, self.raw, self.whole = head, raw, whole
        lines = head.split(b"\r\n")
        self.first = lines[0].decode("latin-1")
        self.fields = [(name.strip().lower().decode("latin-1"), value.strip().decode("latin-1"))
                       for name, _, value in (line.partition(b":") for line in lines[1:] if line)]

    def field(self, name, otherwise=""):
        return next((value for key, value in self.fields if key == name), otherwise)

    @property
    def chunked(self):
        return "chunked" in self.field("transfer-encoding").lower()

    @property
    def closes(self):
        said = self.field("connection").lower()
        return "close" in said or (self.first.split(" ")[-1] == "HTTP/1.0" and "keep-alive" not in said)

    def body(self):
        """Without framing and compression."""
        data = unchunk(self.raw) if self.chunked else self.raw
        encoding = self.field("content-encoding").lower()
        if encoding == "gzip":
            return gzip.decompress(data)
        if encoding == "deflate":
            return zlib.decompress(data)
        return data

    def with_body(self, data):
        """The same with another body, plain and of known length."""
        dropped = (b"content-length", b"transfer-encoding", b"content-encoding")
        lines = [line for line in self.head[:-4].split(b"\r\n")
                 if line.partition(b":")[0].strip().lower() not in dropped]
        lines.append(b"Content-Length: %d" % len(data))
        return Message(b"\r\n".join(lines) + b"\r\n\r\n", data, self.whole)


def unchunk(raw):
    out, at = b"", 0
    while True:
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end].split(b";")[0], 16)
        if size == 0:
            return out
        out += raw[end + 2:end + 2 + size]
        at = end + 4 + size


async def read_head(reader):
    """Up to the blank line; None when the peer is gone."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
        return None


async def read_chunks(reader):
    raw = b""
    while True:
        line = await reader.readline()
        raw += line
        size = int(line.split(b";")[0], 16)
        if len(raw) + size > LIMIT:
            raise ValueError("too large")
        if size == 0:
            break
        raw += await reader.readexactly(size + 2)
    while True:  # trailers
        line = await reader.readline()
        raw += line
        if line in (b"\r\n", b""):
            return raw


async def read_request(reader):
    head = await read_head(reader)
    if head is None:
        return None
    message = Message(head)
    length = int(message.field("content-length", "0"))
    if length > LIMIT:
        raise ValueError("too large")
    if message.field("expect").lower() == "100-continue":
        raise ValueError("Expect is not spoken here")
    message.raw = await read_chunks(reader) if message.chunked else await reader.readexactly(length)
    return message


async def read_reply(reader, method):
    """The tracker's reply; interim ones (1xx) are passed over. None when it ended without one."""
    while True:
        head = await read_head(reader)
        if head is None:
            return None
        message = Message(head)
        status = int(message.first.split(" ")[1])
        if status >= 200:
            break
    try:
        if method == "HEAD" or status in (204, 304):
            return message
        if message.chunked:
            message.raw = await read_chunks(reader)
        elif message.field("content-length"):
            message.raw = await reader.readexactly(int(message.field("content-length")))
        else:
            message.raw = await reader.read(-1)
            message.whole = False  # its end is the connection's end
    except asyncio.IncompleteReadError as cut:
        message.raw, message.whole = cut.partial, False
    return message


class Match:
    """Which requests: see the head of this file."""

    def __init__(self, spec):
        unknown = set(spec) - {"method", "path", "body"}
        if unknown:
            raise ValueError(f"match: unknown {sorted(unknown)}")
        methods = spec.get("method")
        self.methods = [methods] if isinstance(methods, str) else methods
        self.path = re.compile(spec["path"]) if "path" in spec else None
        self.body = re.compile(spec["body"]) if "body" in spec else None

    def fits(self, entry):
        if self.methods and not {entry["method"], entry["class"]} & set(self.methods):
            return False
        if self.path and not self.path.search(entry["path"]):
            return False
        return not self.body or bool(self.body.search(entry["text"]))


class Rule:
    KEYS = {"match", "do", "nth", "times", "probability", "seed", "ms", "when", "seconds", "pattern", "with", "key",
            "raw", "list", "holds", "count", "status", "body", "headers", "forward", "fraction", "relay", "reset"}

    def __init__(self, number, spec):
        if spec.get("do") not in MODIFIERS + ACTIONS:
            raise ValueError(f"do: one of {', '.join(MODIFIERS + ACTIONS)}")
        unknown = set(spec) - self.KEYS
        if unknown:
            raise ValueError(f"unknown {sorted(unknown)}")
        needs = {"delay": "ms", "skew": "seconds", "cut-after-delayed": "ms", "status": "status"}.get(spec["do"])
        if needs and needs not in spec:
            raise ValueError(f"{spec['do']} needs {needs}")
        if spec["do"] == "rewrite" and not any(keys <= set(spec) for keys in REWRITES):
            raise ValueError("rewrite needs pattern and with, key and raw, or list, holds and key or raw")
        if "pattern" in spec:
            re.compile(spec["pattern"])
        self.id, self.spec, self.do = number, spec, spec["do"]
        self.match = Match(spec.get("match", {}))
        self.fitted = self.acted = 0
        self.nth = spec.get("nth", 1)
        self.times = spec.get("times", 1 if "nth" in spec else float("inf"))
        self.random = random.Random(spec.get("seed", 0))

    def get(self, key, otherwise=None):
        return self.spec.get(key, otherwise)

    def acts(self, entry):
        if not self.match.fits(entry):
            return False
        self.fitted += 1
        if self.fitted < self.nth or self.acted >= self.times:
            return False
        if "probability" in self.spec and self.random.random() >= self.spec["probability"]:
            return False
        self.acted += "list" not in self.spec  # counted where it is seen that it changes something
        return True

    def shown(self):
        return {"id": self.id, **self.spec, "fits": self.fitted, "acted": self.acted}


def skewed(reply, seconds):
    date = reply.field("date")
    if not date:  # as a proxy in front of a server that sends none
        now = email.utils.formatdate(time.time() + seconds, usegmt=True).encode()
        head = reply.head.replace(b"\r\n", b"\r\nDate: " + now + b"\r\n", 1)
        return Message(head, reply.raw, reply.whole)
    at = email.utils.parsedate_to_datetime(date).timestamp() + seconds
    new = email.utils.formatdate(at, usegmt=True).encode()
    head = re.sub(rb"(?im)^(date:[ \t]*)[^\r\n]*", lambda m: m[1] + new, reply.head)
    return Message(head, reply.raw, reply.whole)


def raw_bytes(text):
    """Lone surrogates U+DC80 to U+DCFF stand for bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def elements_rewritten(reply, rule):
    try:
        page = json.loads(reply.body())
        elements = page[rule.get("list")]
    except (ValueError, KeyError, TypeError):
        return reply
    key, raw, mark, hit = rule.get("key"), rule.get("raw"), f"<<rule {rule.id}>>", False
    for i, element in enumerate(elements):
        if rule.get("holds") not in json.dumps(element, ensure_ascii=False):
            continue
        hit = True
        if key is None:
            elements[i] = mark
        elif raw is None:
            element.pop(key, None)
        else:
            element[key] = mark
    if not hit:
        return reply
    rule.acted += 1
    return reply.with_body(json.dumps(page).encode().replace(json.dumps(mark).encode(), raw_bytes(raw or "")))


def rewritten(reply, rule):
    if rule.get("list") is not None:
        return elements_rewritten(reply, rule)
    if rule.get("pattern") is not None:
        pattern, new = rule.get("pattern").encode(), rule.get("with").encode()
        data = re.sub(pattern, new, reply.body(), count=rule.get("count", 1))
    else:
        pattern = b'("%s"\\s*:\\s*)%s' % (re.escape(rule.get("key").encode()), JSON_VALUE)
        raw = raw_bytes(rule.get("raw"))
        data = re.sub(pattern, lambda m: m[1] + raw, reply.body(), count=rule.get("count", 1))
    return reply.with_body(data)


def made_up(rule):
    body = rule.get("body", "")
    headers = {"Content-Type": "text/plain"} if isinstance(body, str) else {"Content-Type": "application/json"}
    headers.update(rule.get("headers", {}))
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {rule.get('status')} By The Proxy", f"Date: {email.utils.formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()] + [f"Content-Length: {len(data)}", "", ""]
    return Message("\r\n".join(lines).encode(), data)


class Proxy:
    """The proxy inside an event loop; FaultProxy below runs one in a thread."""

    def __init__(self, target, port=0, control=0):
        parts = urllib.parse.urlsplit(target)
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("target: http://HOST:PORT, nothing after it")
        self.target = (parts.hostname, parts.port or 80)
        self.port, self.control_port = port, control
        self.rules, self.rule_ids = [], itertools.count(1)
        self.held = []  # (rule id, event) of what hangs
        self.changed = asyncio.Condition()
        self.tasks, self.writers = set(), set()
        self.server = self.control = None
        self.numbers = itertools.count(1)
        self.forget()

    # ---- life ----

    async def start(self):
        await self.up()
        self.control = await asyncio.start_server(self.serve_control, "127.0.0.1", self.control_port, limit=LIMIT)
        self.control_port = self.control.sockets[0].getsockname()[1]

    async def up(self):
        if not self.server:
            self.server = await asyncio.start_server(self.serve_client, "127.0.0.1", self.port, limit=HEAD_LIMIT,
                                                     reuse_address=True)
            self.port = self.server.sockets[0].getsockname()[1]

    async def down(self):
        if self.server:
            self.server.close()
            self.server = None
        for writer in list(self.writers):
            cut(writer, False)

    async def stop(self):
        await self.down()
        if self.control:
            self.control.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # ---- what tests ask ----

    def add(self, spec):
        self.rules.append(Rule(next(self.rule_ids), spec))
        return self.rules[-1].id

    def remove(self, number=None):
        self.rules = [rule for rule in self.rules if number is not None and rule.id != number]

    def release(self, number=None):
        freed = [event for rule, event in self.held if number in (None, rule)]
        self.held = [(rule, event) for rule, event in self.held if number not in (None, rule)]
        for event in freed:
            event.set()
        return len(freed)

    def forget(self):
        self.log = collections.deque(maxlen=LOG_LIMIT)
        self.counted = collections.Counter()
        self.by = collections.Counter()

    def counts(self):
        return {"total": self.counted["read"] + self.counted["write"], "reads": self.counted["read"],
                "writes": self.counted["write"], "by": dict(self.by)}

    def entries(self, since=0):
        return [entry for entry in self.log if entry["n"] > since]

    async def wait(self, match=None, phase="arrived", since=0, open=False, timeout=30):
        """The first log entry that fits and has come so far; None when there is none in time."""
        if phase not in PHASES:
            raise ValueError(f"phase: one of {', '.join(PHASES)}")
        wanted = Match(match or {})

        def found():
            return next((entry for entry in self.entries(since)
                         if entry[phase] is not None and wanted.fits(entry)
                         and not (open and entry["ended"] is not None)), None)

        async def until():
            async with self.changed:
                await self.changed.wait_for(found)
                return found()
        try:
            return await asyncio.wait_for(until(), timeout)
        except asyncio.TimeoutError:
            return None

    async def reached(self, entry, phase):
        entry[phase] = time.time()
        async with self.changed:
            self.changed.notify_all()

    # ---- what passes ----

    async def serve_client(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        self.writers.add(writer)
        try:
            while await self.serve_one(reader, writer):
                pass
            await finish(writer)
        except (Cut, ConnectionError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            cut(writer, False)
        finally:
            self.writers.discard(writer)
            self.tasks.discard(task)

    async def serve_one(self, reader, writer):
        """False: the connection ends in good order."""
        request = await read_request(reader)
        if request is None:
            return False
        entry = self.enter(request)
        modifiers, action = self.choose(entry)
        await self.reached(entry, "arrived")
        try:
            reply = await self.play(request, entry, modifiers, action, writer)
            entry["sent"] = int(reply.first.split(" ")[1])
            writer.write(reply.head + reply.raw)
            await writer.drain()
            if not reply.whole:
                raise Cut
            return not (request.closes or reply.closes)
        except ConnectionError as gone:
            entry["error"] = str(gone) or "the client went away"
            raise
        finally:
            await self.reached(entry, "ended")

    def enter(self, request):
        method, path = (request.first.split(" ") + ["", ""])[:2]
        kind = "read" if method in READS else "write"
        body = request.raw[:BODY_KEPT].decode("utf-8", "replace")
        entry = {"n": next(self.numbers), "method": method, "path": path, "class": kind, "text": body, "status": None,
                 "sent": None, "forwards": 0, "rules": [], "error": None, **dict.fromkeys(PHASES)}
        self.log.append(entry)
        self.counted[kind] += 1
        self.by[f"{method} {path.partition('?')[0]}"] += 1
        return entry

    def choose(self, entry):
        modifiers, action = [], None
        for rule in self.rules:
            if action and rule.do not in MODIFIERS:
                continue
            if rule.acts(entry):
                entry["rules"].append(f"{rule.id} {rule.do}")
                if rule.do in MODIFIERS:
                    modifiers.append(rule)
                else:
                    action = rule
        return modifiers, action

    async def play(self, request, entry, modifiers, action, writer):
        """The reply to relay; Cut when there is to be none."""
        do = action.do if action else "pass"
        await pause(modifiers, "before")
        if do == "cut-before":
            cut(writer, action.get("reset"))
            raise Cut
        if do == "cut-after-delayed":
            cut(writer, action.get("reset"))
            await asyncio.sleep(action.get("ms") / 1000)
            await self.forward(request, entry)
            raise Cut
        if do == "hang" and action.get("when", "before") == "before":
            await self.hold(action)
        times = {"duplicate": 2, "status": 1 if action and action.get("forward") else 0}.get(do, 1)
        replies = [await self.forward(request, entry) for _ in range(times)]
        if do == "hang" and action.get("when") == "after":
            await self.hold(action)
        if do == "cut-after":
            cut(writer, action.get("reset"))
            raise Cut
        reply = made_up(action) if do == "status" else replies[action.get("relay", 1) - 1 if do == "duplicate" else 0]
        if reply is None:
            raise Cut
        await pause(modifiers, "after")
        for rule in modifiers:
            reply = skewed(reply, rule.get("seconds")) if rule.do == "skew" else reply
            reply = rewritten(reply, rule) if rule.do == "rewrite" else reply
        if do == "half":
            return Message(reply.head, reply.raw[:int(len(reply.raw) * action.get("fraction", 0.5))], False)
        return reply

    async def hold(self, rule):
        event = asyncio.Event()
        self.held.append((rule.id, event))
        await event.wait()

    async def forward(self, request, entry):
        """The tracker's reply; None when there was none."""
        try:
            reader, writer = await asyncio.open_connection(*self.target, limit=HEAD_LIMIT)
        except OSError as refused:
            entry["error"] = str(refused)
            return None
        try:
            writer.write(request.head + request.raw)
            await writer.drain()
            entry["forwards"] += 1
            await self.reached(entry, "forwarded")
            reply = await read_reply(reader, entry["method"])
        except (ConnectionError, ValueError) as failed:
            entry["error"] = str(failed)
            return None
        finally:
            writer.close()
        if reply:
            entry["status"] = int(reply.first.split(" ")[1])
            await self.reached(entry, "answered")
        return reply

    # ---- control ----

    async def serve_control(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            while request := await read_request(reader):
                method, path = request.first.split(" ")[:2]
                status, answer = await self.answer_control(method, urllib.parse.urlsplit(path), request.raw)
                data = json.dumps(answer).encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                             % (status, len(data), data))
                await writer.drain()
                if request.closes:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self.tasks.discard(task)

    async def answer_control(self, method, url, raw):
        try:
            given = json.loads(raw) if raw else {}
            name, _, number = url.path.strip("/").partition("/")
            number = int(number) if number else None
            query = dict(urllib.parse.parse_qsl(url.query))
            return await self.command(f"{method} {name}", given, number, query)
        except (ValueError, TypeError, re.error) as wrong:
            return 400, {"error": str(wrong)}

    async def command(self, name, given, number, query):
        if name == "POST wait":
            entry = await self.wait(**given)
            return (200, entry) if entry else (408, {"error": "nothing such in time"})
        if name in ("POST down", "POST up"):
            await (self.down() if name == "POST down" else self.up())
            return 200, {}
        answers = {
            "POST rules": lambda: {"id": self.add(given)},
            "GET rules": lambda: [rule.shown() for rule in self.rules],
            "DELETE rules": lambda: self.remove(number),
            "POST release": lambda: {"released": self.release(given.get("rule"))},
            "GET log": lambda: self.entries(int(query.get("since", 0))),
            "DELETE log": self.forget,
            "GET counts": self.counts,
        }
        return (200, answers[name]()) if name in answers else (404, {"error": "no such command"})


async def pause(modifiers, when):
    for rule in modifiers:
        if rule.do == "delay" and rule.get("when", "before") == when:
            await asyncio.sleep(rule.get("ms") / 1000)


def cut(writer, reset):
    """Ends the client's connection at once."""
    if reset:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()


async def finish(writer):
    try:
        writer.close()
        await writer.wait_closed()
    except ConnectionError:
        pass


class FaultProxy:
    """A Proxy in a thread of its own, for test scripts: `with FaultProxy(target) as proxy`."""

    def __init__(self, target, port=0, control=0):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.proxy = self.call(self.make(target, port, control))

    @staticmethod
    async def make(target, port, control):
        proxy = Proxy(target, port, control)
        await proxy.start()
        return proxy

    def call(self, coroutine, timeout=None):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def ask(self, function, *args):
        """Runs a plain method of the proxy on its loop."""
        async def run():
            return function(*args)
        return self.call(run())

    @property
    def port(self):
        return self.proxy.port

    @property
    def control_port(self):
        return self.proxy.control_port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.proxy.port}"

    def add(self, spec=None, **more):
        return self.ask(self.proxy.add, {**(spec or {}), **more})

    def remove(self, rule=None):
        self.ask(self.proxy.remove, rule)

    def rules(self):
        return self.ask(lambda: [rule.shown() for rule in self.proxy.rules])

    def release(self, rule=None):
        return self.ask(self.proxy.release, rule)

    def log(self, since=0):
        return self.ask(lambda: [dict(entry) for entry in self.proxy.entries(since)])

    def counts(self):
        return self.ask(self.proxy.counts)

    def forget(self):
        self.ask(self.proxy.forget)

    def wait(self, match=None, phase="arrived", since=0, open=False, timeout=30):
        entry = self.call(self.proxy.wait(match, phase, since, open, timeout))
        return dict(entry) if entry else None

    def down(self):
        self.call(self.proxy.down())

    def up(self):
        self.call(self.proxy.up())

    def stop(self):
        if self.loop.is_closed():
            return
        self.call(self.proxy.stop(), 10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


async def run(arguments):
    proxy = Proxy(arguments.target, arguments.listen, arguments.control)
    await proxy.start()
    print(json.dumps({"listen": proxy.port, "control": proxy.control_port}), flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await proxy.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], epilog="See the head of this file.")
    parser.add_argument("--listen", type=int, default=0, help="port on 127.0.0.1")
    parser.add_argument("--target", required=True, help="http://HOST:PORT of the tracker")
    parser.add_argument("--control", type=int, default=0, help="port on 127.0.0.1")
    try:
        asyncio.run(run(parser.parse_args()))
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as failed:
        print(f"faultproxy: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
