/* turns: how long the loop's turns take, waiting left out, always measured.
 *
 * A turn is all that runs between two looks at what is to be waited for: timers,
 * then replies, connections, ends of work. A handle that keeps nothing alive is
 * called before each wait; libuv says how much of the time was waiting. It also
 * begins what timer.c put off. */
#include "internal.h"

#include <time.h>

#define TURN_LONG 50000 /* us */

static size_t bucket_of(uint64_t us) {
    if (us < 16)
        return (size_t)us;
    int top = 63 - __builtin_clzll(us); /* 4 and more */
    size_t at = 16 + 8 * (size_t)(top - 4) + (size_t)(us >> (top - 3) & 7);
    return at < TURN_BUCKETS ? at : TURN_BUCKETS - 1;
}

/* The greatest duration that falls into it. */
static uint64_t bucket_end(size_t at) {
    if (at < 16)
        return at;
    size_t top = 4 + (at - 16) / 8, part = (at - 16) % 8;
    return ((8 + part + 1) << (top - 3)) - 1;
}

static uint64_t cpu_now(void) {
    struct timespec t = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void turn_end(uv_prepare_t *handle) {
    struct io *io = handle->data;
    struct turns *t = &io->turns;
    uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(&io->loop), cpu = cpu_now();
    uint64_t whole = now - t->last_at, waited = idle - t->last_idle;
    uint64_t us = whole > waited ? (whole - waited) / 1000 : 0;
    if (t->last_at) {
        t->count++;
        uint64_t own = (cpu - t->last_cpu) / 1000;
        t->cpu_over += own > TURN_LONG;
        t->cpu_most = own > t->cpu_most ? own : t->cpu_most;
        t->over += us > TURN_LONG;
        t->most = us > t->most ? us : t->most;
        t->buckets[bucket_of(us)]++;
    }
    t->last_at = now;
    t->last_idle = idle;
    t->last_cpu = cpu;
    timers_begin_later(io);
}

int turns_init(struct io *io) {
    int r = uv_loop_configure(&io->loop, UV_METRICS_IDLE_TIME);
    if (r < 0)
        return r;
    uv_prepare_init(&io->loop, &io->turn);
    io->turn.data = io;
    uv_prepare_start(&io->turn, turn_end);
    uv_unref((uv_handle_t *)&io->turn);
    return 0;
}

static double percentile(const struct turns *t, double part) {
    uint64_t seen = 0, want = (uint64_t)((double)t->count * part);
    for (size_t i = 0; i < TURN_BUCKETS; i++) {
        seen += t->buckets[i];
        if (seen > want)
            return (double)(bucket_end(i) < t->most ? bucket_end(i) : t->most) / 1000;
    }
    return (double)t->most / 1000;
}

void io_turns(const struct io *io, struct io_turns *ret) {
    const struct turns *t = &io->turns;
    *ret = (struct io_turns){.turns = t->count,
                             .over_50ms = t->over,
                             .cpu_over_50ms = t->cpu_over,
                             .cpu_max = (double)t->cpu_most / 1000,
                             .p50 = percentile(t, 0.5),
                             .p99 = percentile(t, 0.99),
                             .max = (double)t->most / 1000};
}
