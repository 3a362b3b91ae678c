/* http: one listening socket served by libmicrohttpd inside the caller's loop.
 *
 * The only file with microhttpd.h is http.c. A call is handed to the handler
 * when its body is whole; the handler answers it now or later, once. Who holds
 * a call that is answered later must forget it when `gone` is called. */
#ifndef BASCULE_SERVE_HTTP_H
#define BASCULE_SERVE_HTTP_H

#include "bascule/serve.h"

struct http_server;

struct http_call {
    struct arena *arena; /* lives until the call has been answered and sent */
    const char *method;  /* "GET", also for HEAD */
    const char *target;  /* path and query as they came */
    const char *path;    /* target up to the question mark, still escaped */
    const char *query;   /* what is behind it; "" for none */
    const char *body;    /* "" for none; NUL-terminated */
    size_t body_len;
    const char *actor; /* who is at the other end of a Unix socket; NULL on TCP */
    void *who;         /* the handler's own, for a late answer */
    bool held;         /* answered on another thread: nothing is sent before http_call_release */
};
/* name in any case; NULL when absent; lives as long as the call. */
const char *http_call_header(const struct http_call *call, const char *name);
/* All of them, names in lower case, in the call's arena; at most HTTP_HEADERS_MAX. */
#define HTTP_HEADERS_MAX 64
const struct http_header *http_call_headers(struct http_call *call, size_t *ret_count);

struct http_answer {
    int status;
    const char *type; /* Content-Type; NULL: none */
    const char *body; /* copied */
    size_t len;
    const struct http_header *headers; /* besides; copied */
    size_t n_headers;
    bool hosted; /* without this service's own headers */
};
void http_call_answer(struct http_call *call, const struct http_answer *answer);
/* On the loop's thread: what was answered while held leaves. */
void http_call_release(struct http_call *call);

struct http_server_options {
    const struct serve_loop *loop;
    const struct timers *timers;
    const struct log *log;
    int listen_fd; /* becomes the server's */
    bool local;    /* a Unix socket: calls have an actor */
    size_t body_max;
    void (*handle)(void *arg, struct http_call *call);
    void *arg;
};
must_check int http_server_open(const struct http_server_options *options, struct http_server **ret,
                                struct fault *fault);
/* Ends all connections, answered or not. NULL is fine; gives NULL. */
struct http_server *http_server_close(struct http_server *s);

/* ---- listen.c ---- */

/* Loopback only: "127.0.0.1", "::1", "localhost". *ret_port is the real one for port 0. */
must_check int listen_tcp(const char *host, int port, int *ret_fd, int *ret_port, struct fault *fault);
/* Mode 0600; takes the place of a socket that nobody listens on any more. */
must_check int listen_unix(const char *path, int *ret_fd, struct fault *fault);

#endif
