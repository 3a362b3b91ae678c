/* io: the loop, its clock and randomness, signals, and how it all ends.
 *
 * Owns struct io. main.c calls it; the four vtables go to the engine. Every
 * handle of libuv that lives on the heap is the first member of its struct, so
 * that whoever closes one may free it without knowing what it was. */
#include "internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>

static msec_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (msec_t)t.tv_sec * SEC_MS + t.tv_nsec / 1000000;
}

msec_t io_now(void) {
    return read_clock(CLOCK_REALTIME);
}

static msec_t clock_read_wall(void *arg) {
    return io_now();
}

/* The loop's own clock, so that a timer that fired is never before its time. */
static msec_t clock_read_mono(void *arg) {
    return (msec_t)(uv_hrtime() / 1000000);
}

static void randomness_read(void *arg, void *bytes, size_t n) {
    randombytes_buf(bytes, n);
}

static int pool_run(void *arg, void (*run)(void *who), void (*done)(void *who, bool ran), void *who) {
    return io_work(arg, run, done, who);
}

void handle_free(uv_handle_t *handle) {
    free(handle);
}

void *must_calloc(size_t size) {
    void *p = calloc(1, size);
    if (!p)
        abort(); /* as in base: the state on disk is whole */
    return p;
}

int io_new(struct io **ret, struct fault *fault) {
    struct io *io = must_calloc(sizeof(*io));
    int r = uv_loop_init(&io->loop);
    if (r < 0) {
        free(io);
        return fault_set(fault, r, "no event loop: %s", uv_strerror(r));
    }
    io->clock = (struct clock){.now = clock_read_wall, .mono = clock_read_mono, .arg = io};
    io->randomness = (struct randomness){.fill = randomness_read, .arg = io};
    io->pool = (struct pool){.run = pool_run, .arg = io};
    timers_init(io);
    uv_timer_init(&io->loop, &io->watchdog);
    if (sodium_init() < 0)
        r = fault_set(fault, -EIO, "no randomness from the system");
    else if ((r = turns_init(io)) < 0)
        fault_set(fault, r, "the loop cannot be measured: %s", uv_strerror(r));
    else
        r = transport_init(io, fault);
    if (r < 0) {
        io_free(io);
        return r;
    }
    signal(SIGPIPE, SIG_IGN);
    *ret = io;
    return 0;
}

static void close_any(uv_handle_t *handle, void *arg) {
    char *at = (char *)handle, *io = arg;
    bool embedded = at >= io && at < io + sizeof(struct io);
    if (!uv_is_closing(handle))
        uv_close(handle, embedded ? NULL : handle_free);
}

struct io *io_free(struct io *io) {
    if (!io)
        return NULL;
    io->draining = true;
    transport_deinit(io);
    uv_walk(&io->loop, close_any, io);
    while (uv_loop_close(&io->loop) == UV_EBUSY)
        uv_run(&io->loop, UV_RUN_ONCE);
    free(io);
    return NULL;
}

const struct clock *io_clock(const struct io *io) {
    return &io->clock;
}
const struct timers *io_timers(const struct io *io) {
    return &io->timers;
}
const struct pool *io_pool(const struct io *io) {
    return &io->pool;
}
const struct randomness *io_randomness(const struct io *io) {
    return &io->randomness;
}
const struct transport *io_transport(const struct io *io) {
    return &io->transport;
}

void io_run(struct io *io) {
    while (!io->stopped && uv_run(&io->loop, UV_RUN_DEFAULT))
        ;
    io->stopped = false;
}

void io_stop(struct io *io) {
    io->stopped = true;
    uv_stop(&io->loop);
}

static void quieten(uv_handle_t *handle, void *arg) {
    if (uv_is_closing(handle))
        return;
    switch ((int)handle->type) {
    case UV_TIMER: uv_timer_stop((uv_timer_t *)handle); break;
    case UV_POLL: uv_poll_stop((uv_poll_t *)handle); break;
    case UV_SIGNAL: uv_signal_stop((uv_signal_t *)handle); break;
    default: break;
    }
}

void io_drain(struct io *io) {
    io->draining = true;
    transport_drain(io);
    uv_walk(&io->loop, quieten, NULL);
    work_drain(io);
    transport_drain(io); /* what done() of the works asked for */
}
