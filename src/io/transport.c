/* transport: port.h's transport: curl's multi interface driven by the loop.
 *
 * Owns all exchanges and their places in two lists: `exchanges` holds every one
 * from send until its done() returned, `ready` those that are finished and not
 * yet told. done() is called from deliver() alone, which runs from a callback
 * of the loop (or from io_drain), with curl at rest: so it may send and cancel. */
#include "internal.h"

#include <stdlib.h>

struct sock {
    uv_poll_t handle; /* first: see io.c */
    struct io *io;
    curl_socket_t fd;
    int events;
};

/* ---- lists ---- */

static void list_add(struct io *io, struct exchange *x) {
    x->next = io->exchanges;
    if (x->next)
        x->next->prev = x;
    io->exchanges = x;
    io->n_exchanges++;
}

static void list_remove(struct io *io, struct exchange *x) {
    if (x->prev)
        x->prev->next = x->next;
    else
        io->exchanges = x->next;
    if (x->next)
        x->next->prev = x->prev;
    io->n_exchanges--;
}

static void deliver(struct io *io) {
    /* what the callbacks make ready waits for the next turn, so that nobody can keep the loop here */
    struct exchange *x = io->ready, *next;
    io->ready = NULL;
    io->ready_end = &io->ready;
    uv_timer_stop(&io->delivery);
    for (; x; x = next) {
        x->delivering = true;
        exchange_tell(x);
        next = x->next_ready;
        list_remove(io, x);
        exchange_free(x);
    }
}

static void on_delivery(uv_timer_t *handle) {
    deliver(handle->data);
}

static void ready_push(struct io *io, struct exchange *x) {
    *io->ready_end = x;
    io->ready_end = &x->next_ready;
    uv_timer_start(&io->delivery, on_delivery, 0, 0);
}

/* ---- curl and the loop ---- */

static void curl_take_back(struct exchange *x) {
    if (x->added)
        curl_multi_remove_handle(x->io->multi, x->easy);
    x->added = false;
}

static void collect(struct io *io) {
    int left;
    for (CURLMsg *m = curl_multi_info_read(io->multi, &left); m; m = curl_multi_info_read(io->multi, &left)) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct exchange *x = NULL;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        curl_take_back(x); /* m is gone with it */
        exchange_conclude(x, code);
        ready_push(io, x);
    }
    deliver(io);
}

static void on_curl_timer(uv_timer_t *handle) {
    struct io *io = handle->data;
    int running;
    curl_multi_socket_action(io->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(io);
}

static int curl_wants_timer(CURLM *multi, long ms, void *arg) {
    struct io *io = arg;
    if (ms < 0) {
        uv_timer_stop(&io->curl_timer);
    } else {
        uv_update_time(&io->loop);
        /* 0 as 0: the next turn of the loop; from inside this callback curl must not be called */
        uv_timer_start(&io->curl_timer, on_curl_timer, (uint64_t)ms, 0);
    }
    return 0;
}

static void on_socket(uv_poll_t *handle, int status, int events) {
    struct sock *s = (struct sock *)handle;
    struct io *io = s->io;
    int flags = 0, running;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    /* A socket with an error may hold a whole reply all the same (a server that answers and resets). Told of the
     * error curl would give up; told nothing (0) it reads what there is. libuv has stopped the socket, and curl says
     * its wishes only when they change: so go on. */
    if (status < 0)
        uv_poll_start(handle, s->events, on_socket);
    curl_multi_socket_action(io->multi, s->fd, flags, &running);
    collect(io);
}

static struct sock *sock_new(struct io *io, curl_socket_t fd) {
    struct sock *s = must_calloc(sizeof(*s));
    s->io = io;
    s->fd = fd;
    if (uv_poll_init_socket(&io->loop, &s->handle, fd) < 0) {
        free(s);
        return NULL;
    }
    curl_multi_assign(io->multi, fd, s);
    return s;
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known) {
    struct sock *s = known;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            uv_close((uv_handle_t *)&s->handle, handle_free);
        curl_multi_assign(((struct io *)arg)->multi, fd, NULL);
        return 0;
    }
    if (!s && !(s = sock_new(arg, fd)))
        return -1;
    s->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&s->handle, s->events, on_socket) < 0 ? -1 : 0;
}

/* ---- the vtable ---- */

static struct exchange *transport_send(void *arg, const struct http_request *request, http_done *done, void *who) {
    struct io *io = arg;
    struct exchange *x = exchange_new(io, done, who);
    const char *refused = io->draining                       ? "the service is ending"
                          : io->n_exchanges >= MAX_EXCHANGES ? "too many requests under way"
                                                             : NULL;
    list_add(io, x);
    if (!refused && !exchange_prepare(x, request))
        refused = x->why[0] ? x->why : "out of memory";
    if (!refused) {
        CURLMcode code = curl_multi_add_handle(io->multi, x->easy);
        x->added = code == CURLM_OK;
        if (!x->added)
            refused = curl_multi_strerror(code);
    }
    if (refused) {
        exchange_end(x, HTTP_NOT_SENT, refused);
        ready_push(io, x);
    }
    return x;
}

static void transport_cancel(struct exchange *x) {
    if (x->delivering)
        return;
    bool queued = x->finished;
    curl_take_back(x);
    exchange_end(x, HTTP_CANCELLED, "cancelled");
    if (!queued)
        ready_push(x->io, x);
}

/* ---- beginning and end ---- */

int transport_init(struct io *io, struct fault *fault) {
    io->ready_end = &io->ready;
    io->transport = (struct transport){.send = transport_send, .cancel = transport_cancel, .arg = io};
    uv_timer_init(&io->loop, &io->curl_timer);
    uv_timer_init(&io->loop, &io->delivery);
    io->curl_timer.data = io->delivery.data = io;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(io->multi = curl_multi_init()))
        return fault_set(fault, -EIO, "curl cannot be started");
    io->system_ca = curl_version_info(CURLVERSION_NOW)->cainfo;
    curl_multi_setopt(io->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
    curl_multi_setopt(io->multi, CURLMOPT_SOCKETDATA, io);
    curl_multi_setopt(io->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
    curl_multi_setopt(io->multi, CURLMOPT_TIMERDATA, io);
    curl_multi_setopt(io->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(io->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)MAX_CONNECTIONS);
    curl_multi_setopt(io->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MAX_HOST_CONNECTIONS);
    curl_multi_setopt(io->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
    return 0;
}

void transport_drain(struct io *io) {
    /* bounded: a callback that answers every refusal with another request is left behind */
    for (int round = 0; io->exchanges && round < 100; round++) {
        for (struct exchange *x = io->exchanges; x; x = x->next)
            if (!x->finished)
                transport_cancel(x);
        deliver(io);
    }
}

void transport_deinit(struct io *io) {
    for (struct exchange *x = io->exchanges, *next; x; x = next) {
        next = x->next;
        curl_take_back(x);
        exchange_free(x);
    }
    io->exchanges = NULL;
    if (io->multi)
        curl_multi_cleanup(io->multi);
    io->multi = NULL;
}
