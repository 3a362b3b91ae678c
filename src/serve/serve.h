/* serve.h: what the files of this room share. Private to src/serve. */
#ifndef BASCULE_SERVE_PRIVATE_H
#define BASCULE_SERVE_PRIVATE_H

#include "bascule/report.h"
#include "http.h"

#define BODY_MAX (1024 * 1024)
#define PAGE_MAX (1024 * 1024)

#define READERS_MAX 4

/* A question that is answered on the pool: what it may use there stands in it. */
struct asking {
    struct serve *s; /* only o.version, o.clock */
    struct http_call *call;
    struct asking *next;
    void (*work)(struct asking *x); /* answers the call */
    struct sqlite3 *db;
    struct report_query q;
    json_t *live, *own; /* what engine and process know by heart, asked before; NULL: nothing */
};

struct serve {
    struct serve_options o;
    struct sqlite3 *idle[READERS_MAX]; /* connections that nobody uses now */
    size_t n_idle, n_open;
    struct asking *first, **last; /* waiting for one */
    struct http_server *tcp, *local;
    int port;
    /* Copies, so that the options need not outlive serve_open. */
    struct arena *arena;
    const char *public_host; /* of public_url; "" when none */
};

/* ---- uri.c ---- */

/* Percent-decoded, in the arena; NULL when it is no UTF-8, holds a NUL or a broken escape. */
char *uri_decode(struct arena *a, const char *text, size_t len, bool plus_is_space);
#define URI_SEGMENTS_MAX 8
/* Splits a path at its slashes, then decodes each part; false when it can't be. */
bool uri_segments(struct arena *a, const char *path, const char *segments[URI_SEGMENTS_MAX], size_t *ret_count);
struct uri_param {
    const char *name, *value;
};
#define URI_PARAMS_MAX 16
bool uri_params(struct arena *a, const char *query, struct uri_param params[URI_PARAMS_MAX], size_t *ret_count);
/* The host of a URL or of a Host header, lower case, without port and brackets; "" when there is none. */
char *uri_host(struct arena *a, const char *url_or_host);
/* localhost, 127.x.y.z, ::1 */
bool uri_host_is_loopback(const char *host);

/* ---- answer.c ---- */

void answer_json(struct http_call *call, int status, const json_t *value);
/* RFC 9457. detail may be NULL. */
void answer_problem(struct http_call *call, int status, const char *detail);
void answer_text(struct http_call *call, int status, const char *type, const char *text);
const char *status_title(int status);

/* ---- access.c ---- */

/* Who is at the other end, and what he may do. */
struct caller {
    enum user_role role;
    const char *actor; /* as the journal has it: "cli:ada", "token:ci"; "" nobody said */
};
/* False: answered already (401, 503). */
bool access_of(struct serve *s, struct http_call *call, bool local, struct caller *ret);
/* What changes something, asked by nobody in particular. */
void access_refuse(struct http_call *call, const char *detail);

/* ---- ask.c ---- */

/* The call is answered by work, beside the loop; live: with what the engine knows by heart. */
void ask_begin(struct serve *s, struct http_call *call, const struct report_query *q, bool live,
               void (*work)(struct asking *x));

/* ---- read.c, write.c, page.c: each answers the call ---- */

/* GET /api/v1/...; segments are those behind v1. */
void read_handle(struct serve *s, struct http_call *call, const char **segments, size_t count);
/* Asks the database; gives 200 and the answer, or the HTTP status of the fault. */
int read_try(struct asking *x, struct report_query *q, json_t **ret, struct fault *fault);
/* On failure answers the call and gives NULL. */
json_t *read_ask(struct asking *x, struct report_query *q);
/* What engine and process know by heart, on the loop's thread... */
void live_ask(struct asking *x);
/* ... is put into an answer to STATUS or TRACKERS. */
void live_merge(const struct asking *x, json_t *answer);
/* POST, PATCH, DELETE /api/v1/..., and what only the engine can read. */
void write_handle(struct serve *s, struct http_call *call, const struct caller *who, const char **segments,
                  size_t count);
size_t write_routes(void); /* how many there are */
bool write_has(const char *method, const char **segments, size_t count);
/* Methods that a path has besides GET, for Allow; "" for none. */
const char *write_methods(struct arena *a, const char **segments, size_t count);
/* GET /metrics; render is pure, out of the answer to STATUS. */
void metrics_handle(struct serve *s, struct http_call *call);
void metrics_render(struct buf *b, const json_t *status);
/* GET / */
void page_handle(struct serve *s, struct http_call *call);
void page_style_handle(struct http_call *call);

/* The page's text out of the answers; pure, for the tests. */
struct page_parts {
    const json_t *status, *attention, *problems, *defects, *effects;
    const char *version;
    msec_t now;
};
/* The page of one problem, incident or defect; pure. */
void page_detail_render(struct buf *b, const json_t *item, const char *version, msec_t now);
/* GET /problems/P-n, /incidents/REF, /defects/REF; of is the first segment. */
void page_detail_handle(struct serve *s, struct http_call *call, const char *of, const char *ref);
void page_answer(struct http_call *call, int status, const struct buf *b);
void page_render(struct buf *b, const struct page_parts *parts);

#endif
