"""chromium: a headless Chromium, spoken to by its DevTools protocol over a pipe.

No driver and no library: messages are JSON, each ended by a NUL, on descriptors 3 and
4 of the browser. It keeps its profile in a folder of its own and may reach the one
address it is given; any other request is recorded and refused.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

BROWSERS = ("chromium-headless-shell", "chromium")


class Failed(Exception):
    """The browser, or what was asked of it."""


class Chromium:
    def __init__(self, origin):
        self.origin, self.buffer, self.last, self.events = origin, b"", 0, []
        program = next((p for p in map(shutil.which, BROWSERS) if p), None)
        if not program:
            raise Failed("no Chromium: config/install-deps all")
        self.folder = tempfile.mkdtemp(prefix="bascule-chromium-")
        # above 10, so that none is in the way of the browser's own 3 and 4
        pipes = [[fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in pair] for pair in (os.pipe(), os.pipe())]
        (theirs_in, self.out), (self.input, theirs_out) = pipes

        def descriptors():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        options = ["--headless", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                   f"--user-data-dir={self.folder}/profile"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # it refuses to have one as root; it sees our own page only
        self.process = subprocess.Popen(
            [program, *options, "about:blank"], preexec_fn=descriptors, close_fds=False, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.folder, "XDG_CONFIG_HOME": self.folder, "XDG_CACHE_HOME": self.folder})
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            target = self.call("Target.createTarget", url="about:blank", session=None)["targetId"]
            self.session = self.call("Target.attachToTarget", targetId=target, flatten=True, session=None)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(domain + ".enable")
            self.call("Fetch.enable")
        except BaseException:
            self.close()
            raise

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        for fd in (self.out, self.input):
            os.close(fd)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _message(self, until):
        while b"\0" not in self.buffer:
            if not select.select([self.input], [], [], max(0, until - time.monotonic()))[0]:
                raise Failed("no answer from Chromium in time")
            data = os.read(self.input, 1 << 16)
            if not data:
                raise Failed("Chromium ended")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def _event(self, message):
        if message.get("method") == "Fetch.requestPaused":
            url, request = message["params"]["request"]["url"], message["params"]["requestId"]
            ours = url.startswith((self.origin + "/", "data:", "blob:"))
            self._send("Fetch.continueRequest" if ours else "Fetch.failRequest",
                       {"requestId": request, **({} if ours else {"errorReason": "AccessDenied"})}, self.session)
            if not ours:
                self.events.append({"method": "foreign", "params": {"url": url}})
        elif "method" in message:
            self.events.append(message)

    def _send(self, method, params, session):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        return self.last

    def call(self, method, limit=20, session="", **params):
        number = self._send(method, params, self.session if session == "" else session)
        until = time.monotonic() + limit
        while True:
            message = self._message(until)
            if message.get("id") == number:
                if "error" in message:
                    raise Failed(f"{method}: {message['error']['message']}")
                return message["result"]
            self._event(message)

    def wait(self, method, limit=20):
        """Until such an event has come since the last `open`."""
        until = time.monotonic() + limit
        while not any(e["method"] == method for e in self.events):
            self._event(self._message(until))

    def open(self, path):
        self.events.clear()
        result = self.call("Page.navigate", url=self.origin + path)
        if result.get("errorText"):
            raise Failed(f"{path}: {result['errorText']}")
        self.wait("Page.loadEventFired")

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failed(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def screen(self, width, height, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media="",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, file, kind="png", **options):
        data = self.call("Page.captureScreenshot", format=kind, captureBeyondViewport=kind == "png", **options)["data"]
        with open(file, "wb") as f:
            f.write(base64.b64decode(data))

    def complaints(self):
        """What the console, the log and the network have to say since the last `open`."""
        found = []
        for event in self.events:
            p = event["params"]
            if event["method"] == "foreign":
                found.append(f"asks for {p['url']}")
            elif event["method"] == "Runtime.exceptionThrown":
                found.append(p["exceptionDetails"].get("exception", {}).get("description", "exception"))
            elif event["method"] == "Runtime.consoleAPICalled" and p["type"] in ("error", "warning", "assert"):
                found.append("console: " + " ".join(str(a.get("value", a.get("description"))) for a in p["args"]))
            elif event["method"] == "Log.entryAdded" and p["entry"]["level"] in ("error", "warning"):
                found.append(f"log: {p['entry']['text']} {p['entry'].get('url', '')}".strip())
            elif event["method"] == "Network.responseReceived" and p["response"]["status"] >= 400:
                found.append(f"{p['response']['status']} {p['response']['url']}")
        return found
