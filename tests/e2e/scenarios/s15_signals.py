"""15. Signals and the service manager.

Assumed: SIGTERM ends the process with exit code 0 within 5 s; what is under
way and answers in time is settled before, what cannot answer is left in-flight
and, at the next start, looked for. SIGHUP takes a changed file over; a faulty
one is named in the log with line and column and changes nothing. With
NOTIFY_SOCKET the service says READY=1, STOPPING=1, RELOADING=1, and with
WATCHDOG_USEC it says WATCHDOG=1 at least twice in that time.
"""
import os
import signal
import socket
import threading
import time

from harness.expect import wait
from harness.runner import scenario
from harness.words import KNOWN_ERROR

NOTE = {"method": "POST", "path": r"/ticket/\d+/(comment|correspond)"}


class Manager:
    """What systemd is to the service: a datagram socket that listens."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(0.2)
        self.path, self.said, self.open = path, [], True
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        while self.open:
            try:
                for line in self.socket.recv(4096).decode().splitlines():
                    self.said.append((time.monotonic(), line))
            except TimeoutError:
                pass
            except OSError:
                return

    def lines(self):
        return [line for _, line in self.said]

    def times(self, line):
        return [t for t, said in self.said if said == line]

    def close(self):
        self.open = False
        self.thread.join(2)
        self.socket.close()


@scenario(15, "signals and the service manager", cases=14)
def signals(r):
    with r.open(trackers={"helpdesk": {"timeout": "4s", "look_after": "4s"}}) as s:
        terminated(r, s)
        killed(r, s)
    managed(r)
    with r.open() as s:
        reloaded(r, s)


def terminated(r, s):
    with r.case("SIGTERM during a delivery that answers: settled, exit 0, within 5 s"):
        proxy = s.proxies["helpdesk"]
        proxy.delay(1500, times=1, **NOTE)
        ticket = s.linked(s.issue("Slow to answer"))
        assert proxy.wait_in_flight(15, **NOTE), "no delivery began"
        code, seconds = s.bascule.stop()
        assert code == 0 and seconds < 5, (code, seconds)
        proxy.clear()
        assert ticket.status == "closed-unresolved" and len(ticket.own_notes()) == 1, ticket.own_notes()
        states = {e["state"] for e in offline(s, ticket)}
        assert states <= {"done", "pending", "superseded"}, states
    with r.case("... started again: nothing is done twice"):
        s.start()
        s.expect(ticket, status="closed-unresolved", notes=[("internal", KNOWN_ERROR)])
        s.settle()
        s.now(ticket, notes=[("internal", KNOWN_ERROR)])
    with r.case("SIGTERM during a delivery that hangs: left in-flight, exit within 5 s"):
        proxy.hang(times=1, **NOTE)
        ticket = s.linked(s.issue("Never answers"))
        assert proxy.wait_in_flight(15, **NOTE), "no delivery began"
        code, seconds = s.bascule.stop()
        assert code == 0 and seconds < 5, (code, seconds)
        states = {e["state"] for e in offline(s, ticket)}
        assert states & {"in-flight", "unsure"}, states
    with r.case("... started again: looked for, not there, and only then sent"):
        proxy.clear()
        s.start()
        s.expect(ticket, status="closed-unresolved", notes=[("internal", KNOWN_ERROR)], timeout=40)
        s.settle()
        s.now(ticket, notes=[("internal", KNOWN_ERROR)])
    with r.case("SIGTERM while idle: exit 0 at once"):
        code, seconds = s.bascule.stop()
        assert code == 0 and seconds < 2, (code, seconds)
        s.start()


def killed(r, s):
    proxy = s.proxies["helpdesk"]
    with r.case("SIGKILL before the tracker has done it: sent once"):
        proxy.hang(times=1, **NOTE)
        ticket = s.linked(s.issue("Killed before"))
        assert proxy.wait_in_flight(15, **NOTE), "no delivery began"
        s.bascule.stop(signal.SIGKILL)
        proxy.clear()
        s.start()
        s.expect(ticket, status="closed-unresolved", notes=[("internal", KNOWN_ERROR)], timeout=40)
    with r.case("SIGKILL after the tracker has done it: found, not sent again"):
        proxy.hold_answer(times=1, **NOTE)
        ticket = s.linked(s.issue("Killed after"))
        wait(lambda: [] if ticket.own_notes() else ["no note yet"], 20)
        s.bascule.stop(signal.SIGKILL)
        proxy.clear()
        s.start()
        s.expect(ticket, status="closed-unresolved", notes=[("internal", KNOWN_ERROR)], timeout=40)
        s.settle()
        s.now(ticket, notes=[("internal", KNOWN_ERROR)])


def offline(s, ticket):
    """Effects while the service is down: the command line reads the database itself."""
    return s.bascule.effects(ticket.ref)


def managed(r):
    with r.open(start=False) as s:
        manager = Manager(os.path.join(s.work, "notify"))
        try:
            s.start(env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"})
            with r.case("READY=1 is said"):
                wait(lambda: [] if "READY=1" in manager.lines() else [repr(manager.lines())], 5)
            with r.case("WATCHDOG=1 comes at least twice in its time"):
                time.sleep(6)
                beats = [t for t in manager.times("WATCHDOG=1") if t > time.monotonic() - 6]
                gaps = [b - a for a, b in zip(beats, beats[1:])]
                assert len(beats) >= 5 and max(gaps) < 1.5, gaps
            with r.case("RELOADING=1, then READY=1, on SIGHUP"):
                before = len(manager.lines())
                s.configure(brake=400)
                wait(lambda: [] if "READY=1" in manager.lines()[before:] else [repr(manager.lines()[before:])], 5)
                assert "RELOADING=1" in manager.lines()[before:], manager.lines()[before:]
            with r.case("STOPPING=1 on SIGTERM"):
                code, seconds = s.bascule.stop()
                assert code == 0 and seconds < 5, (code, seconds)
                wait(lambda: [] if "STOPPING=1" in manager.lines() else [repr(manager.lines())], 2)
        finally:
            manager.close()


def reloaded(r, s):
    with r.case("SIGHUP: a changed policy holds for what comes"):
        s.configure(policy={"treatment": "leave"})
        ticket = s.linked(s.issue("After the change"))
        s.expect(ticket, notes=[("internal", KNOWN_ERROR)], verdict="pending")
        s.settle()
        s.now(ticket, status="new")
    with r.case("SIGHUP with a faulty file: named with line and column, the running settings stay"):
        try:
            s.configure(policy={"treatment": "whatever"})
        finally:
            said = s.bascule.tail(30)
            # the command line reads the file too; the service is not told again
            s.bascule.write(policy={"treatment": "leave"})
        assert "bascule.yaml:" in said and "whatever" in said, said
        assert s.bascule.running
        other = s.linked(s.issue("After the fault"), requester="bob")
        s.expect(other, notes=[("internal", KNOWN_ERROR)], verdict="pending")
        s.settle()
        s.now(other, status="new")
    with r.case("SIGHUP with the mended file"):
        s.configure(policy={"treatment": "close"})
        third = s.linked(s.issue("After the mend"))
        s.expect(third, status="closed-unresolved")
