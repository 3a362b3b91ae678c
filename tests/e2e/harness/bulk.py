"""bulk: what scenarios with hundreds and thousands of records ask of the service as a whole.

Lists end at 500 and cost more than they tell there: what is open is asked of
`status`, how the loop does of its `loop`.
"""
import time

from .expect import Mismatch


def outbox_empty(status):
    """Decided, delivered, and nothing waits to be decided again."""
    out = status["outbox"]
    return not status["undecided"] and not any(out[k] for k in ("pending", "in-flight", "unsure"))


def until(s, fits, timeout, every=1.0):
    """Until fits(status), or fails with the status."""
    end = time.monotonic() + timeout
    while True:
        if not s.bascule.running:
            raise Mismatch(f"bascule ended with {s.bascule.process.returncode}:\n{s.bascule.tail()}")
        status = s.bascule.json("status")
        if fits(status):
            return status
        if time.monotonic() > end:
            raise Mismatch(f"after {timeout:.0f} s: {status}\n{s.bascule.tail()}")
        time.sleep(every)


def peak(service):
    """The most memory that the process had, MiB."""
    with open(f"/proc/{service.process.pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def loop_holds(service):
    """No turn takes long - by CPU time: a busy machine makes its wall time as long as it likes. Sanitizers make it
    three times as long: then it is only shown."""
    with open(service.binary, "rb") as program:
        sanitized = b"__asan_init" in program.read()
    loop = service.json("status")["loop"]
    assert sanitized or loop["cpu_over_50ms"] == 0, f"turns of more than 50 ms of CPU: {loop}"
    return loop_figure(service, loop)


def loop_figure(service, loop):
    return (f"{loop['turns']} turns, p50 {loop['p50']:.2f}, p99 {loop['p99']:.1f}, max {loop['max']:.0f} ms, "
            f"{loop['over_50ms']} over 50 ms; CPU max {loop['cpu_max']:.0f} ms, {loop['cpu_over_50ms']} over 50 ms; "
            f"{peak(service)} MiB at most")
