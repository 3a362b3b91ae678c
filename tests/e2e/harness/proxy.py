"""proxy: what stands between the service and one tracker, in the words of scenarios.

../faultproxy.py does the work; here polls are told from other reads, requests
are counted from a moment on, and faults have names and say how often they were
met: a case whose fault was never met has tested nothing.
"""
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultproxy import FaultProxy  # noqa: E402


class Asked:
    """One request that passed."""

    def __init__(self, entry, polls):
        self.method, self.path, self.write = entry["method"], entry["path"], entry["class"] == "write"
        self.began, self.over = entry["arrived"], entry["ended"] is not None
        self.poll = self.method == "GET" and bool(polls.search(self.path))
        became = entry["sent"] or ", ".join(entry["rules"]) or ("no reply" if self.over else "under way")
        self.line = f"{self.method} {urllib.parse.unquote(self.path)[:120]} -> {became}"


class Proxy:
    def __init__(self, target, polls):
        """polls: pattern of the path of the request that asks what changed."""
        self.proxy, self.polls = FaultProxy(target), polls
        self.url, self.mark = self.proxy.url, 0

    def close(self):
        self.clear()
        self.proxy.stop()

    # ---- what was asked ----

    def requests_since(self, began=0.0):
        return self.proxy.ask(lambda: [Asked(e, self.polls) for e in self.proxy.proxy.log
                                       if e["arrived"] is not None and e["arrived"] >= began])

    def lists_since(self, began):
        """Polls that began then or later and are over."""
        return sum(q.poll and q.over for q in self.requests_since(began))

    def writes_since(self, began=0.0):
        return [q.line for q in self.requests_since(began) if q.write]

    def lines(self):
        """To read: all but the polls."""
        return [q.line for q in self.requests_since() if not q.poll]

    def wait_in_flight(self, timeout, done=False, **match):
        """Until such a request, that came after the newest rule was made, is under way; done: the tracker did it."""
        phase = "answered" if done else "arrived"
        return self.proxy.wait(match, phase, since=self.mark, open=True, timeout=timeout) is not None

    def delivered(self):
        """What reached the tracker and changed something, in order: (method, path, body)."""
        return self.proxy.ask(lambda: [(e["method"], e["path"], e["text"]) for e in self.proxy.proxy.log
                                       if e["class"] == "write" and e["forwards"] and (e["status"] or 0) < 300])

    def written(self, path, body=""):
        """When each such request that changes something came, in order; both are patterns."""
        return self.proxy.ask(lambda: [e["arrived"] for e in self.proxy.proxy.log if e["class"] == "write"
                                       and re.search(path, e["path"]) and re.search(body, e["text"])])

    # ---- what shall go wrong; each gives a rule's number ----

    def _rule(self, do, times=1, method=None, path=None, **more):
        match = {k: v for k, v in (("method", method), ("path", path)) if v}
        self.mark = self.proxy.ask(lambda: max((e["n"] for e in self.proxy.proxy.log), default=0))
        return self.proxy.add({"match": match, "do": do, "times": times, **more})

    def cut_before(self, **match):
        """The connection is closed, nothing was forwarded."""
        return self._rule("cut-before", **match)

    def cut_after(self, **match):
        """Forwarded and done; the connection is closed without the answer."""
        return self._rule("cut-after", **match)

    def cut_then_work(self, delay, **match):
        """The connection is closed at once; the work is done `delay` seconds later."""
        return self._rule("cut-after-delayed", ms=int(delay * 1000), **match)

    def answer_instead(self, status, forward=True, headers=None, **match):
        """Forwarded (or not) and done; another answer comes back, as from something in between."""
        return self._rule("status", status=status, forward=forward, body="<h1>Bad Gateway</h1>",
                          headers={"Content-Type": "text/html", **(headers or {})}, **match)

    def half(self, **match):
        """Forwarded and done; the answer breaks off in the middle."""
        return self._rule("half", **match)

    def down(self):
        """Connections are refused, as of a server that does not run."""
        self.proxy.down()

    def up(self):
        self.proxy.up()

    def delay(self, milliseconds, **match):
        """Forwarded so much later."""
        return self._rule("delay", ms=milliseconds, **match)

    def hang(self, **match):
        """Neither forwarded nor answered, ever."""
        return self._rule("hang", **match)

    def hold_answer(self, **match):
        """Forwarded and done; never answered."""
        return self._rule("hang", when="after", **match)

    def skew(self, seconds):
        """Every answer's Date is so far off."""
        return self._rule("skew", times=1 << 30, seconds=seconds)

    def rewrite(self, pattern, new, **match):
        """The first such place in the answer's body reads otherwise."""
        return self._rule("rewrite", pattern=pattern, **{"with": new}, **match)

    def spoil(self, items, holds, key=None, raw=None, **match):
        """In lists: the element that holds this text, or its value at key, becomes raw; no raw: its key is not there."""
        more = {"key": key} if key else {}
        if raw is not None:
            more["raw"] = raw
        return self._rule("rewrite", times=1 << 30, list=items, holds=holds, **more, **match)

    def spoil_record(self, key, raw, **match):
        """In every answer that matches: each value at that key becomes raw."""
        return self._rule("rewrite", times=1 << 30, key=key, raw=raw, count=0, **match)

    def hits(self, rule):
        return next((r["acted"] for r in self.proxy.rules() if r["id"] == rule), 0)

    def clear(self):
        """No rule any more. What hangs goes on hanging, so that it is never forwarded late."""
        self.proxy.remove()
