/* timer: port.h's timers on uv_timer. Called through the vtable only.
 *
 * A timer that is freed while libuv still closes it must not fire: uv_close
 * stops it at once, the memory follows a turn of the loop later. */
#include "internal.h"

struct timer {
    uv_timer_t handle; /* first: see io.c */
    struct io *io;
    void (*fire)(void *who);
    void *who;
};

static void timer_fire(uv_timer_t *handle) {
    struct timer *t = (struct timer *)handle;
    t->fire(t->who);
}

static struct timer *timer_make(void *arg, void (*fire)(void *who), void *who) {
    struct io *io = arg;
    struct timer *t = must_calloc(sizeof(*t));
    uv_timer_init(&io->loop, &t->handle);
    t->io = io;
    t->fire = fire;
    t->who = who;
    return t;
}

static void timer_start(struct timer *t, msec_t delay) {
    if (t->io->draining)
        return;
    /* libuv counts from when this turn of the loop began, which long work makes the past */
    uv_update_time(&t->io->loop);
    uv_timer_start(&t->handle, timer_fire, delay > 0 ? (uint64_t)delay : 0, 0);
}

static void timer_stop(struct timer *t) {
    uv_timer_stop(&t->handle);
}

static void timer_free(struct timer *t) {
    if (t)
        uv_close((uv_handle_t *)&t->handle, handle_free);
}

void timers_init(struct io *io) {
    io->timers =
        (struct timers){.make = timer_make, .start = timer_start, .stop = timer_stop, .free = timer_free, .arg = io};
}
