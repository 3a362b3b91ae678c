/* The loop around the transport: timers, clock, randomness, watches, signals, the pool, systemd. */
#include "bascule/io.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct probe {
    struct io *io;
    struct timer *timer;
    struct watch *watch;
    int fired, ran, refused, fd, left;
    bool free_inside;
    _Atomic int on_thread;
    char order[64];
};

static int setup(void **state) {
    struct probe *p = calloc(1, sizeof(*p));
    struct fault fault = {""};
    *state = p;
    return io_new(&p->io, &fault);
}

static int teardown(void **state) {
    struct probe *p = *state;
    io_free(p->io);
    free(p);
    return 0;
}

static void fire(void *who) {
    struct probe *p = who;
    p->fired++;
    if (p->free_inside) {
        io_timers(p->io)->free(p->timer);
        p->timer = NULL;
    }
    io_stop(p->io);
}

static struct timer *timer_of(struct probe *p) {
    const struct timers *t = io_timers(p->io);
    return t->make(t->arg, fire, p);
}

static void timer_fires_once_in_time(void **state) {
    struct probe *p = *state;
    const struct clock *c = io_clock(p->io);
    p->timer = timer_of(p);
    msec_t began = clock_mono(c);
    io_timers(p->io)->start(p->timer, 30);
    assert_int_equal(p->fired, 0);
    io_run(p->io);
    assert_int_equal(p->fired, 1);
    assert_in_range(clock_mono(c) - began, 30, 2000);
    io_run(p->io); /* nothing left to wait for */
    assert_int_equal(p->fired, 1);
    io_timers(p->io)->free(p->timer);
}

static void timer_counts_from_now_not_from_the_turn(void **state) {
    struct probe *p = *state;
    const struct clock *c = io_clock(p->io);
    p->timer = timer_of(p);
    io_timers(p->io)->start(p->timer, 0);
    io_run(p->io);
    usleep(60 * 1000); /* a turn that takes long */
    msec_t began = clock_mono(c);
    io_timers(p->io)->start(p->timer, 40);
    io_run(p->io);
    assert_in_range(clock_mono(c) - began, 40, 2000);
    io_timers(p->io)->free(p->timer);
}

static void timer_is_moved_stopped_and_freed(void **state) {
    struct probe *p = *state;
    const struct timers *t = io_timers(p->io);
    p->timer = timer_of(p);
    t->start(p->timer, 60000);
    t->start(p->timer, 0); /* moved nearer */
    io_run(p->io);
    assert_int_equal(p->fired, 1);
    t->start(p->timer, 5);
    t->stop(p->timer);
    t->stop(p->timer);
    io_run(p->io);
    assert_int_equal(p->fired, 1);
    t->start(p->timer, -5); /* long overdue: at once */
    io_run(p->io);
    assert_int_equal(p->fired, 2);
    t->start(p->timer, 0);
    t->free(p->timer);
    t->free(NULL);
    io_run(p->io);
    assert_int_equal(p->fired, 2);
    p->timer = timer_of(p);
    p->free_inside = true;
    t->start(p->timer, 0);
    io_run(p->io);
    assert_int_equal(p->fired, 3);
    p->timer = timer_of(p); /* left to io_free */
    t->start(p->timer, 60000);
}

static void clock_is_the_machines(void **state) {
    struct probe *p = *state;
    const struct clock *c = io_clock(p->io);
    msec_t now = clock_now(c), mono = clock_mono(c);
    assert_in_range(now / 1000, time(NULL) - 2, time(NULL) + 2);
    usleep(20 * 1000);
    assert_in_range(clock_mono(c) - mono, 19, 2000);
    assert_in_range(clock_now(c) - now, 15, 2000);
}

static void randomness_differs(void **state) {
    struct probe *p = *state;
    const struct randomness *r = io_randomness(p->io);
    unsigned char guarded[34] = {0};
    uint64_t a = randomness_u64(r), b = randomness_u64(r);
    assert_true(a != b);
    r->fill(r->arg, guarded + 1, 32);
    assert_int_equal(guarded[0] + guarded[33], 0);
    r->fill(r->arg, guarded, 0);
    assert_int_equal(guarded[0], 0);
}

static void stop_before_run_counts(void **state) {
    struct probe *p = *state;
    p->timer = timer_of(p);
    io_timers(p->io)->start(p->timer, 0);
    io_stop(p->io);
    io_run(p->io);
    assert_int_equal(p->fired, 0);
    io_run(p->io);
    assert_int_equal(p->fired, 1);
    io_timers(p->io)->free(p->timer);
}

/* ---- watch ---- */

static void ready(void *who) {
    struct probe *p = who;
    char c;
    p->fired++;
    ssize_t n = read(p->fd, &c, 1);
    if (n <= 0 || --p->left == 0)
        p->watch = io_unwatch(p->watch);
}

static void watch_tells_until_unwatched(void **state) {
    struct probe *p = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    p->fd = ends[0];
    p->left = 3;
    assert_int_equal(io_watch(p->io, ends[0], ready, p, &p->watch, NULL), 0);
    assert_int_equal(write(ends[1], "abcdef", 6), 6);
    io_run(p->io); /* ends by itself: nothing is watched any more */
    assert_int_equal(p->fired, 3);
    /* the same descriptor again, and its end */
    p->left = 100;
    assert_int_equal(io_watch(p->io, ends[0], ready, p, &p->watch, NULL), 0);
    close(ends[1]);
    io_run(p->io);
    assert_int_equal(p->fired, 7);
    close(ends[0]);
}

/* A reset with bytes still to read: libuv reports an error and stops, the owner must get the rest all the same. */
static void watch_goes_on_after_an_error(void **state) {
    struct probe *p = *state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct linger at_once = {.l_onoff = 1};
    socklen_t len = sizeof(a);
    int door = socket(AF_INET, SOCK_STREAM, 0), here = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(door, (struct sockaddr *)&a, sizeof(a)) + listen(door, 1), 0);
    getsockname(door, (struct sockaddr *)&a, &len);
    assert_int_equal(connect(here, (struct sockaddr *)&a, sizeof(a)), 0);
    int there = accept(door, NULL, NULL);
    assert_int_equal(send(there, "abc", 3, 0), 3);
    setsockopt(there, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(there);
    p->fd = here;
    p->left = 100;
    assert_int_equal(io_watch(p->io, here, ready, p, &p->watch, NULL), 0);
    io_run(p->io);
    assert_int_equal(p->fired, 4);
    assert_null(p->watch);
    close(here);
    close(door);
}

static void watch_refuses_what_is_none(void **state) {
    struct probe *p = *state;
    struct fault fault = {""};
    assert_true(io_watch(p->io, 9999, ready, p, &p->watch, &fault) < 0);
    assert_non_null(strstr(fault.text, "9999"));
    assert_null(io_unwatch(NULL));
}

/* ---- signals ---- */

static void signal_reaches_the_loop(void **state) {
    struct probe *p = *state;
    assert_int_equal(io_signal(p->io, SIGHUP, fire, p, NULL), 0);
    assert_int_equal(io_signal(p->io, SIGTERM, fire, p, NULL), 0);
    io_run(p->io); /* signals alone keep no loop waiting */
    p->timer = timer_of(p);
    io_timers(p->io)->start(p->timer, 60000);
    kill(getpid(), SIGHUP);
    io_run(p->io);
    assert_int_equal(p->fired, 1);
    kill(getpid(), SIGTERM);
    io_run(p->io);
    assert_int_equal(p->fired, 2);
    kill(getpid(), SIGPIPE); /* ignored */
    struct fault fault = {""};
    assert_true(io_signal(p->io, 12345, fire, p, &fault) < 0);
    assert_true(fault.text[0] != 0);
}

/* ---- the pool ---- */

static pthread_t loop_thread;

static void run(void *who) {
    struct probe *p = who;
    if (!pthread_equal(pthread_self(), loop_thread))
        p->on_thread++;
    usleep(2000);
}

static void done(void *who, bool ran) {
    struct probe *p = who;
    assert_true(pthread_equal(pthread_self(), loop_thread));
    if (ran)
        p->ran++;
    else
        p->refused++;
    if (p->timer)
        io_timers(p->io)->start(p->timer, 0); /* too late while draining */
}

static void work_runs_on_the_pool(void **state) {
    struct probe *p = *state;
    loop_thread = pthread_self();
    for (int i = 0; i < 20; i++)
        assert_int_equal(io_work(p->io, run, done, p), 0);
    assert_int_equal(p->ran, 0);
    io_run(p->io);
    assert_int_equal(p->ran, 20);
    assert_int_equal(p->on_thread, 20);
    assert_int_equal(p->refused, 0);
}

static void work_is_bounded_and_drained(void **state) {
    struct probe *p = *state;
    int taken = 0;
    loop_thread = pthread_self();
    p->timer = timer_of(p);
    io_timers(p->io)->start(p->timer, 0);
    while (taken < 1000 && io_work(p->io, run, done, p) == 0)
        taken++;
    assert_int_equal(taken, 256);
    io_drain(p->io);
    assert_int_equal(p->ran + p->refused, 256);
    assert_true(p->refused > 200);
    assert_int_equal(p->ran, p->on_thread);
    assert_int_equal(p->fired, 0); /* timers rest while draining */
    assert_int_equal(io_work(p->io, run, done, p), -EAGAIN);
    io_timers(p->io)->free(p->timer);
}

/* ---- systemd ---- */

static int notify_socket(char *path, size_t max) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof(a.sun_path), "@bascule-test-%d", (int)getpid());
    snprintf(path, max, "%s", a.sun_path);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(a.sun_path));
    a.sun_path[0] = 0; /* abstract: leaves no file */
    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    return fd;
}

/* Reads as it comes: a full socket would make the service wait. */
static void notify_read(void *who) {
    struct probe *p = who;
    char text[100] = "";
    if (recv(p->fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0 && strstr(text, "WATCHDOG=1"))
        p->left++;
}

static void notify_and_watchdog(void **state) {
    struct probe *p = *state;
    char path[120], text[100] = "";
    io_notify("READY=1"); /* no systemd: nothing */
    assert_int_equal(io_watchdog(p->io), 0);
    int fd = notify_socket(path, sizeof(path));
    setenv("NOTIFY_SOCKET", path, 1);
    io_notify("READY=1");
    assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
    assert_non_null(strstr(text, "READY=1"));
    setenv("WATCHDOG_USEC", "20000", 1);
    unsetenv("WATCHDOG_PID");
    assert_int_equal(io_watchdog(p->io), 1);
    p->timer = timer_of(p);
    io_timers(p->io)->start(p->timer, 200);
    p->fd = fd;
    assert_int_equal(io_watch(p->io, fd, notify_read, p, &p->watch, NULL), 0);
    io_run(p->io);
    assert_in_range(p->left, 2, 22); /* every 10 ms, unless the machine is busy */
    io_unwatch(p->watch);
    io_timers(p->io)->free(p->timer);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(fd);
}

struct again {
    struct io *io;
    struct timer *timer;
    int fired, read;
};

static void fire_again(void *who) {
    struct again *x = who;
    x->fired++;
    io_timers(x->io)->start(x->timer, 0);
}

static void readable(void *who) {
    struct again *x = who;
    if (++x->read == 3)
        io_stop(x->io);
}

/* A timer that starts itself again at once lets replies through in between. */
static void a_restless_timer_takes_turns(void **state) {
    struct probe *p = *state;
    struct again x = {.io = p->io};
    struct watch *w;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(io_watch(p->io, fds[0], readable, &x, &w, NULL), 0);
    x.timer = io_timers(p->io)->make(io_timers(p->io)->arg, fire_again, &x);
    io_timers(p->io)->start(x.timer, 0);
    io_run(p->io);
    assert_int_equal(x.read, 3);
    assert_in_range(x.fired, 2, 4);
    io_timers(p->io)->start(x.timer, 1000); /* moved, stopped, freed while put off */
    io_timers(p->io)->free(x.timer);
    io_unwatch(w);
    close(fds[0]);
    close(fds[1]);
}

/* ---- turns ---- */

static void busy(void *who) {
    msec_t end = clock_mono(io_clock(((struct probe *)who)->io)) + 70;
    while (clock_mono(io_clock(((struct probe *)who)->io)) < end)
        ;
}

static void idle_then_stop(void *who) {
    io_stop(((struct probe *)who)->io);
}

/* What a turn does counts, what it waits for does not. */
static void turns_are_measured(void **state) {
    struct probe *p = *state;
    const struct timers *t = io_timers(p->io);
    struct io_turns before, after;
    struct timer *work = t->make(t->arg, busy, p), *stop = t->make(t->arg, idle_then_stop, p);
    io_turns(p->io, &before);
    assert_int_equal(before.turns, 0);
    t->start(work, 20);
    t->start(stop, 400);
    io_run(p->io);
    io_turns(p->io, &after);
    assert_true(after.turns >= 2);
    assert_true(after.over_50ms >= 1 && after.cpu_over_50ms <= after.over_50ms);
    assert_true(after.max >= 69 && after.p50 <= after.p99 && after.p99 <= after.max);
    assert_true(after.max < 300 || after.cpu_max < 300); /* the wait of 400 ms was none of it */
    t->free(work);
    t->free(stop);
}

int main(void) {
#define IN_IO(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_IO(timer_fires_once_in_time),
        IN_IO(timer_counts_from_now_not_from_the_turn),
        IN_IO(timer_is_moved_stopped_and_freed),
        IN_IO(clock_is_the_machines),
        IN_IO(randomness_differs),
        IN_IO(stop_before_run_counts),
        IN_IO(watch_tells_until_unwatched),
        IN_IO(watch_goes_on_after_an_error),
        IN_IO(watch_refuses_what_is_none),
        IN_IO(signal_reaches_the_loop),
        IN_IO(work_runs_on_the_pool),
        IN_IO(work_is_bounded_and_drained),
        IN_IO(notify_and_watchdog),
        IN_IO(a_restless_timer_takes_turns),
        IN_IO(turns_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
