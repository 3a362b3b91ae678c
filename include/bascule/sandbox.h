/* sandbox: two small trackers in memory, request in, reply out.
 *
 * They speak the dialects of Request Tracker's REST 2 and of Redmine's REST,
 * with the habits of the real ones (a public note reopens a ticket; a
 * forbidden status is a silent 204; a write that changes nothing moves
 * `updated`). The simulator calls them through port/transport, the demo and
 * the end-to-end tests through HTTP on loopback. Where a sandbox and the real
 * tracker differ and a client could notice, the sandbox is wrong
 * (tests/e2e/compare_sandbox.py).
 *
 * A sandbox is a state machine: no I/O, no clock, no randomness. The same
 * requests at the same times give the same bytes.
 *
 * Beside its own API each sandbox answers, without credentials, to
 *   POST /sandbox/reset                          back to the seed
 *   GET|PUT /sandbox/past    {"past":17}         a backup's number; back to it
 *   GET  /sandbox/stats                          {"requests","writes","digest"}
 *   GET|PUT /sandbox/clock   {"skew":"10m"}      ahead of the caller's clock; "-10m": behind
 *   GET|PUT /sandbox/rights  {"bridge":false}    takes what user bridge may do, or gives it back
 *   GET|PUT /sandbox/zone    {"zone":"Europe/Berlin"}   bridge's time zone: "", UTC, +01:00, or a known name;
 *                            {"server":"Asia/Kolkata"}  the server's own, which a reset leaves
 *   PUT  /sandbox/dated      {"id":7,"at":"2026-11-01T05:40:00Z"}  all that happened to that record happened then
 *   RT:      GET /sandbox/mail[?address=A]       what would have been sent, oldest first
 *            GET|PUT /sandbox/scrip {"on_resolve":false}   RT's own mail on resolving
 *            POST /sandbox/mailgate {"from":ADDRESS,"subject","content"[,"ticket":7]}  a customer writes
 *            POST /sandbox/merge {"from":6,"into":5}
 *   Redmine: POST /sandbox/race {"puts":2}       the next PUTs of issues lose a race (422, nothing done)
 *            PUT /sandbox/workflow {"strict":true}        bridge may move an issue only as developers may: silent 204
 *            POST /sandbox/hide {"issue":7,"hidden":true}  403 for all but admins, its relations still shown
 * A request with the header X-Sandbox-At: 2026-11-01T05:40:00Z is done as at that time.
 * It has pages for people, with a form to move a record on: /, /Ticket/Display.html?id=1, /issues/1. */
#ifndef BASCULE_SANDBOX_H
#define BASCULE_SANDBOX_H

#include "bascule/base.h"

enum sandbox_dialect { SANDBOX_RT, SANDBOX_REDMINE };

struct sandbox_header {
    const char *name, *value;
};

struct sandbox_request {
    const char *method;
    const char *target;                   /* path and query, as in the request line; no scheme, no host */
    const struct sandbox_header *headers; /* names in any case */
    size_t n_headers;
    const char *body; /* NULL: none */
    size_t body_len;
};

struct sandbox_reply {
    int status; /* 0: the work was done, and the connection closes without a word, as a real one dies of its own reply
                 */
    const struct sandbox_header *headers; /* names in lower case; always has "date"; no content-length */
    size_t n_headers;
    const char *body; /* NUL-terminated, "" when empty */
    size_t body_len;
};

struct sandbox;

/* base_url ("http://127.0.0.1:18080", no slash at the end) is what its answers
 * link to. The seed is dated `now`. */
struct sandbox *sandbox_new(enum sandbox_dialect dialect, const char *base_url, msec_t now);
/* NULL is fine; gives NULL. */
struct sandbox *sandbox_free(struct sandbox *sb);
static inline void sandbox_freep(struct sandbox **sb) {
    *sb = sandbox_free(*sb);
}
#define cleanup_sandbox __attribute__((cleanup(sandbox_freep)))
/* Back to the seed, dated now; switches and skew too. */
void sandbox_reset(struct sandbox *sb, msec_t now);

/* Answers one request; the reply lives in `a`. Every request is carried out
 * wholly before the reply is made: a caller that loses the reply has a write
 * that was done. */
void sandbox_handle(struct sandbox *sb, const struct sandbox_request *request, msec_t now, struct arena *a,
                    struct sandbox_reply *ret);

/* How clients are to reach it, as lines NAME=VALUE (RT_URL, RT_TOKEN, ...): the
 * same names as the env file of the rig of real trackers. In `a`. */
char *sandbox_env(const struct sandbox *sb, struct arena *a);

/* A hash of all records with their histories: two equal digests, nothing was written in between. */
uint64_t sandbox_digest(const struct sandbox *sb);

/* Fills both with the demo's story: an invoicing product, six defects, about
 * 25 incidents that hang on them, over the 90 days before `now`. */
void sandbox_seed_story(struct sandbox *rt, struct sandbox *redmine, msec_t now);

#endif
