/* io: the true clock, timers, randomness and transport, and the loop under them.
 *
 * One loop, one thread: every callback comes from io_run (or io_drain), none
 * from inside a call that asked for it, and only `run` of io_work is called on
 * another thread. main.c makes one struct io, hands its four vtables to the
 * engine, and ends in this order:
 *
 *     io_run(io);      // until io_stop
 *     io_drain(io);    // whoever still waits for a reply is told, while it still lives
 *     ...              // engine, server and so on are freed
 *     io_free(io);     // calls nobody
 */
#ifndef BASCULE_IO_H
#define BASCULE_IO_H

#include "bascule/port.h"

struct io;

/* Also makes the process ignore SIGPIPE: a peer that hangs up is an error of that exchange alone. */
must_check int io_new(struct io **ret, struct fault *fault);
/* NULL is fine; gives NULL. Timers and watches left over are freed with it. */
struct io *io_free(struct io *io);

/* All live as long as io. */
const struct clock *io_clock(const struct io *io);
const struct timers *io_timers(const struct io *io);
const struct pool *io_pool(const struct io *io); /* io_work */
const struct randomness *io_randomness(const struct io *io);
/* The transport, beyond what port.h promises:
 *  - A request other than GET and HEAD leaves at most once, whatever happens to
 *    its connection, so HTTP_LOST means once or not at all. It gets a connection
 *    of its own, so that one which the tracker closed long ago never makes a
 *    write unsure. A GET may leave again when a kept connection turns out dead.
 *  - No redirect is followed, no cookie kept, HTTP/1.1 only. A CONNECT proxy's
 *    answer is not the tracker's: without a tunnel nothing was sent.
 *  - Proxies come from the environment as curl reads it (http_proxy,
 *    HTTPS_PROXY, NO_PROXY). `ca` replaces the system's certificates.
 *  - At most 16 connections a host, 64 in all, and 1024 exchanges under way; more
 *    exchanges wait for a connection within their time-out, or are not sent.
 *  - A reply has at most 200 headers and 64 KiB of them, else it is lost.
 *    max_body counts bytes after decompression. A packed stream that stops early
 *    within a message of full length is handed on as far as it goes.
 *  - After cancel the result is HTTP_CANCELLED, also when the reply had come. */
const struct transport *io_transport(const struct io *io);

/* Returns when io_stop was called (also before) or when nothing is left to wait for. */
void io_run(struct io *io);
void io_stop(struct io *io);
/* Ends what is under way and tells everybody: exchanges are cancelled, work that
 * has not begun is done(who, false), work that has is waited for. From then on
 * nothing is sent. Timers and watches do not fire meanwhile. */
void io_drain(struct io *io);

/* From now on calls fire(who) on the loop for each of that signal (several at once may be one call). */
must_check int io_signal(struct io *io, int signum, void (*fire)(void *who), void *who, struct fault *fault);

/* Calls ready(who) while fd is readable: for an epoll descriptor of someone else's, a pipe, a socket.
 * Unwatch before closing fd; ready never comes after. */
struct watch;
must_check int io_watch(struct io *io, int fd, void (*ready)(void *who), void *who, struct watch **ret,
                        struct fault *fault);
struct watch *io_unwatch(struct watch *w);

/* Calls run(who) on a pool thread, then done(who, true) on the loop. At most 256 wait or run: then -EAGAIN. */
must_check int io_work(struct io *io, void (*run)(void *who), void (*done)(void *who, bool ran), void *who);

/* How long the loop's turns took since io_new, waiting left out: what else wants to run waits that long. cpu: what
 * the loop's thread computed meanwhile; the rest is the disk, or other processes on a busy machine. */
struct io_turns {
    uint64_t turns, over_50ms, cpu_over_50ms;
    double p50, p99, max, cpu_max; /* ms */
};
void io_turns(const struct io *io, struct io_turns *ret);

/* Tells systemd ("READY=1", "STATUS=..."); without one, nothing happens. */
void io_notify(const char *state);
/* Feeds systemd's watchdog from the loop if the unit asks for it. 1: it does, 0: it does not. */
int io_watchdog(struct io *io);

#endif
