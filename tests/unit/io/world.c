/* world: see world.h. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int world_setup(void **state) {
    struct world *w = calloc(1, sizeof(*w));
    struct fault fault = {""};
    if (io_new(&w->io, &fault) < 0)
        return -1;
    w->server = server_start();
    w->transport = io_transport(w->io);
    *state = w;
    return 0;
}

int world_teardown(void **state) {
    struct world *w = *state;
    io_free(w->io);
    server_stop(w->server);
    free(w);
    return 0;
}

void call_init(struct call *c, struct world *w, const char *method, const char *path) {
    *c = (struct call){.world = w, .arena = arena_new()};
    snprintf(c->url, sizeof(c->url), "http://127.0.0.1:%d%s", server_port(w->server), path);
    c->request = (struct http_request){.method = method, .url = c->url, .timeout = 20 * SEC_MS};
}

static void copy_reply(struct call *c, const struct http_reply *r) {
    c->reply = *r;
    c->reply.why = arena_strdup(c->arena, r->why);
    char *body = arena_alloc(c->arena, r->body_len + 1);
    memcpy(body, r->body, r->body_len + 1); /* with the NUL it must have */
    c->reply.body = body;
    struct http_header *headers = arena_alloc(c->arena, r->n_headers * sizeof(*headers));
    for (size_t i = 0; i < r->n_headers; i++) {
        headers[i].name = arena_strdup(c->arena, r->headers[i].name);
        headers[i].value = arena_strdup(c->arena, r->headers[i].value);
    }
    c->reply.headers = headers;
}

static void call_done(void *who, const struct http_reply *r) {
    struct call *c = who;
    c->told++;
    c->inside |= !c->exchange;
    copy_reply(c, r);
    if (--c->world->open == 0)
        io_stop(c->world->io);
}

void call_send(struct call *c) {
    c->world->open++;
    c->exchange = c->world->transport->send(c->world->transport->arg, &c->request, call_done, c);
}

void world_settle(struct world *w) {
    while (w->open)
        io_run(w->io);
}

void call_deinit(struct call *c) {
    arena_free(c->arena);
}

void call_make(struct call *c, struct world *w, const char *method, const char *path) {
    call_init(c, w, method, path);
    call_send(c);
    world_settle(w);
}

static void pass_end(void *who) {
    io_stop(((struct world *)who)->io);
}

void world_pass(struct world *w, msec_t ms) {
    const struct timers *timers = io_timers(w->io);
    const struct clock *clock = io_clock(w->io);
    struct timer *t = timers->make(timers->arg, pass_end, w);
    msec_t end = clock_mono(clock) + ms;
    for (msec_t left = ms; left > 0; left = end - clock_mono(clock)) {
        timers->start(t, left);
        io_run(w->io);
    }
    timers->free(t);
}

void world_pass_until(struct world *w, int requests) {
    for (int tries = 0; tries < 2000 && server_requests(w->server) < requests; tries++)
        world_pass(w, 5);
}
