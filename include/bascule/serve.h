/* serve: HTTP for people and programs (interface.md section 3).
 *
 * libmicrohttpd runs inside the caller's loop: each server is one epoll
 * descriptor that the loop watches, and one timer. Nothing here blocks and no
 * thread is started. Two doors, one set of routes:
 *   TCP on loopback      reads, and what a bearer token's role allows; `Host` must be ours
 *   Unix socket (0600)   all; who may open it may do everything
 *
 * What changes something becomes a command of the engine and is answered when
 * the engine has answered; what reads is answered from the database, through
 * this room's own read-only connection. */
#ifndef BASCULE_SERVE_H
#define BASCULE_SERVE_H

#include "bascule/port.h"

/* How to watch a descriptor for being readable: src/io's uv_poll, a test's poll(). */
struct serve_loop {
    void *(*watch)(void *arg, int fd, void (*ready)(void *who), void *who); /* NULL: failed */
    void (*unwatch)(void *arg, void *watch);
    void *arg;
};

/* The engine's answer to a command; result is borrowed for the call. */
typedef void serve_done(void *who, int http_status, json_t *result);

struct serve_options {
    const struct serve_loop *loop;
    const struct timers *timers;
    const struct clock *clock;
    const struct log *log;
    const struct pool *pool; /* reads the database; NULL: the loop's thread does */
    const char *database;    /* read through own read-only connections */
    const char *socket_path; /* NULL: no Unix socket */
    const char *host;        /* NULL: no TCP */
    int port;                /* 0: any; see serve_port */
    const char *public_url;  /* its host is accepted as ours; may be NULL */
    const char *version;
    /* engine_command(): borrows name, args and actor for the call. */
    void (*command)(void *arg, const char *name, json_t *args, const char *actor, serve_done *done, void *who);
    /* What else the process knows of itself goes into the answer to "status"; NULL: nothing. */
    void (*live)(void *arg, json_t *status);
    /* Whether the service is ready for work (/readyz); NULL: always. `why` gets words when not. */
    bool (*ready)(void *arg, struct fault *why);
    void *arg;
};

struct serve;
must_check int serve_open(const struct serve_options *options, struct serve **ret, struct fault *fault);
/* Ends every connection; commands still under way are no longer answered, their done may yet be called
 * until the engine is gone: close the engine first, or keep it from answering. NULL is fine; gives NULL. */
struct serve *serve_close(struct serve *s);
int serve_port(const struct serve *s); /* of the TCP door; 0: none */

/* ---- a handler of one's own on a loopback port: the sandboxes of the demo ---- */

struct serve_hosted_request {
    const char *method, *target;       /* path with query, as it came */
    const struct http_header *headers; /* names in lower case */
    size_t n_headers;
    const char *body;
    size_t body_len;
};
struct serve_hosted_reply {
    int status;
    const struct http_header *headers; /* Content-Length is added */
    size_t n_headers;
    const char *body;
    size_t body_len;
};
/* Answers at once; what it gives lives in `a`. */
typedef void serve_hosted(void *arg, const struct serve_hosted_request *request, struct arena *a,
                          struct serve_hosted_reply *ret);
struct serve_host;
must_check int serve_host_open(const struct serve_loop *loop, const struct timers *timers, const struct log *log,
                               int port, serve_hosted *handler, void *arg, struct serve_host **ret,
                               struct fault *fault);
struct serve_host *serve_host_close(struct serve_host *h);
int serve_host_port(const struct serve_host *h);

#endif
