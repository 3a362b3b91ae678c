"""proc: programs that the tests start, and their end.

Every program runs in a session of its own, without stdin, with a time limit and its
output in a file. This process is made the reaper of all their descendants, so that
what a program leaves behind is found, ended, and reported: it is a fault of the tests.
"""
import ctypes
import os
import signal
import subprocess
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
_aborted = threading.Event()


class Ended(BaseException):
    """Somebody wants this process to end."""


def _end(number, _frame):
    raise Ended(signal.Signals(number).name)


def prepare():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _stat(pid):
    """(state, parent) of a process, None once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            fields = f.read().rpartition(") ")[2].split()
        return fields[0], int(fields[1])
    except (OSError, ValueError, IndexError):
        return None


def _descendants():
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(entry)):
            children.setdefault(stat[1], []).append(int(entry))
    found, todo = [], [os.getpid()]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def _command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def sweep(grace=3.0, keep=()):
    """Ends what runs below this process, but for the pids in `keep`; gives the command lines of what it was.

    A process that is about to end by itself is given a moment for it."""
    until, term, left = time.monotonic() + grace, False, {}
    while True:
        _reap()
        running = [p for p in _descendants() if p not in keep and (_stat(p) or "Z")[0] != "Z"]
        if not running:
            return sorted(left.values())
        late = time.monotonic() > until
        if late:
            left.update({p: _command_line(p) or left.get(p, "?") for p in running})
            for pid in running:
                try:
                    os.kill(pid, signal.SIGKILL if term else signal.SIGTERM)
                except ProcessLookupError:
                    pass
            term, until = True, time.monotonic() + 2
        time.sleep(0.05)


def abort():
    """From now on nothing begins, and what runs in other threads ends: somebody wants this process to end."""
    _aborted.set()


def _wait(child, limit):
    """Its status; None once the time is up or all has to end."""
    until = time.monotonic() + limit
    while (left := until - time.monotonic()) > 0 and not _aborted.is_set():
        try:
            return child.wait(min(left, 0.5))
        except subprocess.TimeoutExpired:
            continue
    return child.poll()


def run(command, log, limit, env=None, cwd=None):
    """Runs to its end; gives its status, or "time-out". Its output is added to the file `log`. Any thread may call it."""
    with open(log, "ab") as out:
        out.write(("$ " + " ".join(command) + "\n").encode())
        out.flush()
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=cwd,
                                     env={**os.environ, **(env or {})}, start_new_session=True)
        except OSError as e:
            out.write(f"{command[0]}: {e.strerror}\n".encode())
            return 127
        try:
            status = _wait(child, limit)
            if status is None:
                out.write(f"\n{'ended' if _aborted.is_set() else f'time-out after {limit:.0f} s'}\n".encode())
            return "time-out" if status is None else status
        finally:
            if child.poll() is None:
                _finish(child)


def _finish(child):
    """TERM to the group, so that it can end what it started in turn; KILL 15 s later."""
    for number, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            pass
        try:
            child.wait(patience)
            return
        except subprocess.TimeoutExpired:
            continue
