/* timer: port.h's timers on uv_timer. Called through the vtable only.
 *
 * A timer that is freed while libuv still closes it must not fire: uv_close
 * stops it at once, the memory follows a turn of the loop later.
 *
 * libuv goes on with its timers until none is due, also with those that were
 * started meanwhile: one that starts itself again at once would keep all replies
 * waiting. So what a timer starts begins only after that round (turns.c). */
#include "internal.h"

struct timer {
    uv_timer_t handle; /* first: see io.c */
    struct io *io;
    void (*fire)(void *who);
    void *who;
    struct timer *next; /* of io->later */
    bool put_off;
    uint64_t at; /* when put off: on the loop's clock */
};

static void timer_fire(uv_timer_t *handle) {
    struct timer *t = (struct timer *)handle;
    struct io *io = t->io;
    io->firing = true;
    t->fire(t->who); /* may free it */
    io->firing = false;
}

static void forget(struct timer *t) {
    if (!t->put_off)
        return;
    for (struct timer **at = &t->io->later; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    t->put_off = false;
}

static void put_off(struct timer *t, uint64_t delay) {
    forget(t);
    uv_timer_stop(&t->handle);
    t->at = uv_now(&t->io->loop) + delay;
    t->put_off = true;
    t->next = t->io->later;
    t->io->later = t;
}

void timers_begin_later(struct io *io) {
    struct timer *t;
    uint64_t now = uv_now(&io->loop);
    while ((t = io->later) != NULL) {
        io->later = t->next;
        t->put_off = false;
        if (!io->draining)
            uv_timer_start(&t->handle, timer_fire, t->at > now ? t->at - now : 0, 0);
    }
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
    uint64_t span = delay > 0 ? (uint64_t)delay : 0;
    if (t->io->firing) {
        put_off(t, span);
        return;
    }
    forget(t);
    uv_timer_start(&t->handle, timer_fire, span, 0);
}

static void timer_stop(struct timer *t) {
    forget(t);
    uv_timer_stop(&t->handle);
}

static void timer_free(struct timer *t) {
    if (!t)
        return;
    forget(t);
    uv_close((uv_handle_t *)&t->handle, handle_free);
}

void timers_init(struct io *io) {
    io->timers =
        (struct timers){.make = timer_make, .start = timer_start, .stop = timer_stop, .free = timer_free, .arg = io};
}
