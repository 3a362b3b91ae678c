/* internal: what the files of this room share. Nobody else includes it. */
#ifndef BASCULE_IO_INTERNAL_H
#define BASCULE_IO_INTERNAL_H

#include "bascule/io.h"

#include <curl/curl.h>
#include <uv.h>

enum {
    MAX_EXCHANGES = 1024,
    MAX_CONNECTIONS = 64,
    MAX_HOST_CONNECTIONS = 16,
    MAX_IDLE_CONNECTIONS = 16,
    MAX_HEADERS = 200,
    MAX_HEADER_BYTES = 64 * 1024,
    MAX_WORK = 256
};

/* Durations in us: exact below 16, then 8 buckets for each power of two up to 2^40. */
#define TURN_BUCKETS (16 + 8 * 37)
struct turns {
    uint64_t count, over, most;            /* most: in us */
    uint64_t cpu_over, cpu_most;           /* of what the thread computed itself */
    uint64_t last_at, last_idle, last_cpu; /* ns, as the turn began */
    uint64_t buckets[TURN_BUCKETS];
};

struct io {
    uv_loop_t loop;
    struct clock clock;
    struct timers timers;
    struct randomness randomness;
    struct transport transport;
    struct pool pool;
    bool stopped, draining;

    /* transport.c */
    CURLM *multi;
    const char *system_ca; /* curl's own bundle, NULL when it has only a folder */
    uv_timer_t curl_timer;
    uv_timer_t delivery;        /* 0 ms while anything is in `ready`: done is never called from send or cancel */
    struct exchange *exchanges; /* all of them, the newest first */
    struct exchange *ready, **ready_end;
    size_t n_exchanges;

    /* work.c */
    struct work *works;
    size_t n_works;

    /* timer.c */
    bool firing;         /* a timer is on the stack */
    struct timer *later; /* started meanwhile */

    /* turns.c */
    uv_prepare_t turn;
    struct turns turns;

    /* systemd.c */
    uv_timer_t watchdog;
};

/* One request and its reply (exchange.c); its place in the lists is transport.c's. */
struct exchange {
    struct io *io;
    struct exchange *next, *prev; /* of io->exchanges */
    struct exchange *next_ready;
    http_done *done;
    void *who;

    struct arena *arena; /* the request's copy, the reply's headers */
    CURL *easy;
    struct curl_slist *lines; /* the request's headers as curl wants them */
    const char *body;
    msec_t timeout;
    bool write;  /* neither GET nor HEAD: must not leave twice */
    bool issued; /* the request may have begun to leave */
    bool added;  /* curl has it */
    bool finished, delivering;

    struct http_header *headers;
    size_t n_headers, header_bytes;
    bool headers_end; /* what comes now are trailers */
    bool headers_over;
    struct buf reply;
    msec_t began, ended;
    enum http_result result;
    char why[400];
    char curl_words[CURL_ERROR_SIZE];
};

/* exchange.c */
struct exchange *exchange_new(struct io *io, http_done *done, void *who);
struct exchange *exchange_free(struct exchange *x);
/* Copies the request into an easy handle; false and x->why when it cannot be sent at all. */
must_check bool exchange_prepare(struct exchange *x, const struct http_request *r);
/* What curl's verdict means. */
void exchange_conclude(struct exchange *x, CURLcode code);
/* Ends one that curl has not concluded; why may be x->why. */
void exchange_end(struct exchange *x, enum http_result result, const char *why);
void exchange_tell(struct exchange *x);

/* transport.c */
must_check int transport_init(struct io *io, struct fault *fault);
void transport_drain(struct io *io);
/* Frees all exchanges without a word and lets go of curl; the loop must still run afterwards to close handles. */
void transport_deinit(struct io *io);

/* timer.c */
void timers_init(struct io *io);
/* Before each wait. */
void timers_begin_later(struct io *io);

/* turns.c */
must_check int turns_init(struct io *io);

/* work.c */
void work_drain(struct io *io);

/* io.c */
msec_t io_now(void);
/* For uv_close of a handle that is the first member of its struct on the heap. */
void handle_free(uv_handle_t *handle);
/* Never NULL. */
void *must_calloc(size_t size);

#endif
