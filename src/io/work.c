/* work: slow things on libuv's pool of threads (searches, reports, checkpoints).
 *
 * Owns the list of what waits or runs. Whoever asked is told exactly once, on
 * the loop, and must live until then, for `run` may be reading it. */
#include "internal.h"

#include <stdlib.h>

struct work {
    uv_work_t handle;
    struct io *io;
    struct work *next, *prev;
    void (*run)(void *who);
    void (*done)(void *who, bool ran);
    void *who;
};

static void work_run(uv_work_t *handle) {
    struct work *w = (struct work *)handle;
    w->run(w->who);
}

static void work_done(uv_work_t *handle, int status) {
    struct work *w = (struct work *)handle;
    if (w->prev)
        w->prev->next = w->next;
    else
        w->io->works = w->next;
    if (w->next)
        w->next->prev = w->prev;
    w->io->n_works--;
    w->done(w->who, status == 0);
    free(w);
}

int io_work(struct io *io, void (*run)(void *who), void (*done)(void *who, bool ran), void *who) {
    if (io->n_works >= MAX_WORK || io->draining)
        return -EAGAIN;
    struct work *w = must_calloc(sizeof(*w));
    *w = (struct work){.io = io, .run = run, .done = done, .who = who, .next = io->works};
    int r = uv_queue_work(&io->loop, &w->handle, work_run, work_done);
    if (r < 0) {
        free(w);
        return r;
    }
    if (io->works)
        io->works->prev = w;
    io->works = w;
    io->n_works++;
    return 0;
}

void work_drain(struct io *io) {
    for (struct work *w = io->works; w; w = w->next)
        uv_cancel((uv_req_t *)&w->handle); /* refused for what runs already: waited for below */
    while (io->n_works)
        uv_run(&io->loop, UV_RUN_ONCE);
}
