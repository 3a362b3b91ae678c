/* port: what the engine asks of the world. src/io answers with libuv and curl,
 * the simulator with virtual time and sandbox trackers.
 *
 * All callbacks come later, never from inside the call that asked for them. */
#ifndef BASCULE_PORT_H
#define BASCULE_PORT_H

#include "bascule/base.h"

/* ---- clock ---- */
struct clock {
    msec_t (*now)(void *arg);  /* wall clock, UTC */
    msec_t (*mono)(void *arg); /* never goes back; for waits and spans */
    void *arg;
};
static inline msec_t clock_now(const struct clock *c) {
    return c->now(c->arg);
}
static inline msec_t clock_mono(const struct clock *c) {
    return c->mono(c->arg);
}

/* ---- timers: one shot ---- */
struct timer;
struct timers {
    struct timer *(*make)(void *arg, void (*fire)(void *who), void *who);
    void (*start)(struct timer *t, msec_t delay); /* again: moves it; 0: next turn of the loop */
    void (*stop)(struct timer *t);
    void (*free)(struct timer *t); /* asynchronous inside; fire never comes after it; NULL fine */
    void *arg;
};

/* ---- randomness: jitter and identities ---- */
struct randomness {
    void (*fill)(void *arg, void *bytes, size_t n);
    void *arg;
};
static inline uint64_t randomness_u64(const struct randomness *r) {
    uint64_t v;
    r->fill(r->arg, &v, sizeof(v));
    return v;
}

/* ---- pool: slow work beside the loop ---- */
struct pool {
    /* run(who) on another thread, then done(who, true) on the loop; done(who, false): it never ran. Negative: refused,
     * nothing is called. The simulator's runs both within the call. */
    int (*run)(void *arg, void (*run)(void *who), void (*done)(void *who, bool ran), void *who);
    void *arg;
};

/* ---- transport: HTTP ---- */
struct http_header {
    const char *name, *value;
};
struct http_request {
    const char *method, *url;
    const struct http_header *headers;
    size_t n_headers;
    const char *body; /* NULL: none */
    size_t body_len;
    msec_t timeout;  /* the whole exchange; 0: 30 s */
    size_t max_body; /* of the reply; 0: 16 MiB */
    const char *ca;  /* PEM file, NULL: the system's */
};

enum http_result {
    HTTP_ANSWERED, /* a whole reply, whatever its status */
    HTTP_NOT_SENT, /* refused, no such host, TLS failed, proxy refused: not a byte of the request reached the server */
    HTTP_LOST,     /* time-out, cut, half a body, too large: the server may have done the work */
    HTTP_CANCELLED
};
struct http_reply {
    enum http_result result;
    const char *why; /* words for a person when not ANSWERED */
    int status;
    const struct http_header *headers; /* names in lower case */
    size_t n_headers;
    const char *body; /* NUL-terminated, may hold NULs too; "" when empty */
    size_t body_len;
    msec_t date;         /* of the Date header, 0 unknown */
    msec_t began, ended; /* wall clock when the request left and when the connection was last alive */
};
/* NULL when absent. name in lower case. */
const char *http_header(const struct http_reply *r, const char *name);

typedef void http_done(void *who, const struct http_reply *reply); /* reply lives for the call only */
struct exchange;
struct transport {
    /* Copies the request. done is called exactly once, later, also after cancel. */
    struct exchange *(*send)(void *arg, const struct http_request *request, http_done *done, void *who);
    void (*cancel)(struct exchange *x);
    void *arg;
};

#endif
