/* watch: somebody else's descriptor, and signals, as callbacks of the loop.
 * Called by main.c, which hands io_watch on to the server. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct watch {
    uv_poll_t handle; /* first: see io.c */
    void (*ready)(void *who);
    void *who;
};

static void watch_fire(uv_poll_t *handle, int status, int events) {
    struct watch *w = (struct watch *)handle;
    /* libuv stops a descriptor that has an error; its owner learns of it by reading, and may go on with it */
    if (status < 0)
        uv_poll_start(handle, UV_READABLE, watch_fire);
    w->ready(w->who);
}

int io_watch(struct io *io, int fd, void (*ready)(void *who), void *who, struct watch **ret, struct fault *fault) {
    struct watch *w = must_calloc(sizeof(*w));
    int r = uv_poll_init(&io->loop, &w->handle, fd);
    if (r < 0) {
        free(w); /* libuv has not taken it */
        return fault_set(fault, r, "descriptor %d cannot be watched: %s", fd, uv_strerror(r));
    }
    w->ready = ready;
    w->who = who;
    uv_poll_start(&w->handle, UV_READABLE, watch_fire);
    *ret = w;
    return 0;
}

struct watch *io_unwatch(struct watch *w) {
    if (w)
        uv_close((uv_handle_t *)&w->handle, handle_free);
    return NULL;
}

struct signal_watch {
    uv_signal_t handle; /* first: see io.c */
    void (*fire)(void *who);
    void *who;
};

static void signal_fire(uv_signal_t *handle, int signum) {
    struct signal_watch *s = (struct signal_watch *)handle;
    s->fire(s->who);
}

int io_signal(struct io *io, int signum, void (*fire)(void *who), void *who, struct fault *fault) {
    struct signal_watch *s = must_calloc(sizeof(*s));
    uv_signal_init(&io->loop, &s->handle);
    s->fire = fire;
    s->who = who;
    int r = uv_signal_start(&s->handle, signal_fire, signum);
    if (r < 0) {
        uv_close((uv_handle_t *)&s->handle, handle_free);
        return fault_set(fault, r, "signal %s cannot be watched: %s", strsignal(signum), uv_strerror(r));
    }
    uv_unref((uv_handle_t *)&s->handle); /* a loop with nothing but signals to wait for is done */
    return 0;
}
