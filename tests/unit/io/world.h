/* world: an io and a server for one test, and requests that wait for their reply. */
#ifndef TEST_IO_WORLD_H
#define TEST_IO_WORLD_H

#include "bascule/io.h"
#include "server.h"

struct world {
    struct io *io;
    struct server *server;
    const struct transport *transport;
    int open; /* calls not yet told */
};

/* One request and a copy of what it came to. */
struct call {
    struct world *world;
    struct exchange *exchange;
    struct http_request request;
    char url[200];
    int told;    /* how often done was called */
    bool inside; /* told before send or cancel returned */
    struct arena *arena;
    struct http_reply reply;
};

int world_setup(void **state);
int world_teardown(void **state);
/* Begins METHOD http://127.0.0.1:PORT/path; change c->request before call_send. */
void call_init(struct call *c, struct world *w, const char *method, const char *path);
void call_send(struct call *c);
/* Runs the loop until nothing is open. */
void world_settle(struct world *w);
void call_deinit(struct call *c);
/* All in one. */
void call_make(struct call *c, struct world *w, const char *method, const char *path);
/* Runs the loop for a while, whatever is open. */
void world_pass(struct world *w, msec_t ms);
/* Runs the loop until the server has read so many requests. */
void world_pass_until(struct world *w, int requests);

#endif
