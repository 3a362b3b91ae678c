/* world: a whole world for the engine, in one process and in virtual time.
 *
 * The production engine, policy, connectors' runtime, recipes and a real SQLite
 * database; around them a clock that only jumps, timers, seeded randomness, and
 * a transport that carries requests to the two sandboxes - or loses them. The
 * same seed and the same calls give the same trace.
 *
 * Whatever must never happen (watch.c) is looked for after every step. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "bascule/sandbox.h"
#include "bascule/store.h"
#include "bascule/sync.h"

#include "cover.h"
#include "vfs.h"

#include <sqlite3.h>

#define DESK        "http://desk.example"
#define PRODUCT     "http://product.example"
#define TRACE_LINES 400
#define READ_MOST   100 /* records of a tracker whose reads are remembered */

/* What may become of a request. */
enum fate {
    FATE_FINE,
    FATE_REFUSED,      /* no connection: not a byte left */
    FATE_LOST_BEFORE,  /* time-out, nothing was done */
    FATE_LOST_AFTER,   /* time-out, it was done */
    FATE_LATE,         /* cut; it is done seconds later */
    FATE_CUT,          /* done; the reply breaks off */
    FATE_HTML,         /* a proxy's page with status 200, nothing done */
    FATE_HTML_AFTER,   /* ... although it was done */
    FATE_ERROR,        /* 200 with an error in JSON, nothing done */
    FATE_ERROR_AFTER,  /* ... although it was done */
    FATE_LIMITED,      /* 429 */
    FATE_BROKEN,       /* 503, nothing done */
    FATE_BROKEN_AFTER, /* 502, done */
    FATE_TWICE,        /* by something in between; of writes only what changes nothing the second time */
    FATE_SLOW,         /* now and then slower than the time-out */
    FATE_RESET,        /* on a connection kept open: closed by the tracker meanwhile, nothing done */
    FATE_COUNT,        /* behind it: never by chance */
    FATE_TIRED,        /* answered, and asks for five minutes of rest */
    FATE_EMPTY,        /* 200 with a JSON object that says nothing */
    FATE_BAD,          /* 400, nothing done */
    FATE_DENIED        /* 403, nothing done */
};

struct world_event;
struct exchange;
struct watch;

struct world_config {
    const char *top;            /* lines of the file's top level, "" for none */
    const char *policy;         /* lines under policy:, each with two spaces */
    const char *desk;           /* lines of the tracker helpdesk, each with four */
    const char *product;        /* ... and product */
    int page;                   /* elements of a page, in the recipes and by the trackers; 0: as they are */
    const char *skew;           /* of the desk's clock, "-5m"; NULL: none */
    const char *product_skew;   /* of product's */
    const char *zone;           /* of the bridge's account at the desk; NULL: UTC */
    bool strict;                /* the bridge may move an issue only as developers may */
    msec_t began;               /* when the world begins; 0: on a day in March */
    bool laggy;                 /* what people do is stamped up to two seconds before it can be seen */
    const char *states;         /* what product's native states mean; NULL: as the sandbox has them */
    const char *closed;         /* what product's Closed means, NULL: released */
    const char *service;        /* what helpdesk's field Service means, "outcome"; NULL: service */
    const char *patterns;       /* more patterns, ", { pattern: ... }" */
    const char *product_fields; /* of product, instead of the three for incidents */
};

struct world {
    struct arena *a;
    uint64_t seed, random, engine_random;
    msec_t now, began;
    msec_t step; /* how far our wall clock was set off; the trackers' are right */
    uint64_t order;
    struct timer *timers;
    struct exchange *exchanges;
    struct engine_world port;
    struct log log;
    struct sandbox *desk, *product;
    struct world_config config;
    char folder[200], database[256], connectors[256];
    const char *identity; /* the file beside the database; NULL: none */
    int generation;       /* of the database's file: one more after each crash */
    struct disk disk;
    struct store *store;
    struct engine *engine;
    sqlite3 *reader; /* sees only what is committed */
    bool dead;       /* the process died in the middle of this step */
    bool draining;
    /* faults */
    int fault_percent, crash_permille;
    enum fate (*fate_of)(void *arg, const struct http_request *request); /* a script's; NULL: by chance */
    void *fate_arg;
    /* what people do while the work of a request begins */
    void (*meddle)(struct world *w, void *arg, const struct http_request *request);
    void *meddle_arg;
    int meddle_permille;
    const char *(*spoil)(void *arg, struct arena *a, const char *url, const char *body); /* what is read instead */
    void *spoil_arg;
    bool shut; /* nothing may be written: dry_run, or the outbox is shut */
    /* what was seen */
    uint64_t steps, requests, writes, crashes, trace_hash;
    msec_t minute; /* requests are counted from here */
    uint64_t requests_then;
    char trace[TRACE_LINES][200];
    char failure[1000]; /* the first; "" none */
    struct cover cover;
    bool acted; /* the last thing that a person did was taken */
    /* habits.c: by tracker (the desk first) */
    msec_t read_at[2][READ_MOST], listed_at[2];
    size_t read_txns[READ_MOST], listed_changes[2];
    bool full_page[2];
    struct watch *watch;
};

/* Begins with two sandboxes as they are seeded, an empty database, no engine. */
struct world *world_new(uint64_t seed, const struct world_config *config);
struct world *world_free(struct world *w);

/* The engine on the database as it stands. */
void world_start(struct world *w);
/* Ends it as SIGTERM does. */
void world_stop(struct world *w);
/* As SIGKILL between two steps, and a new start. */
void world_crash(struct world *w);
/* The process dies at the n-th sync from now; it is started again at once. */
void world_crash_at_sync(struct world *w, int n);
/* A copy of the running database; put back, or lost, while nothing runs. The identity file stays. */
void world_backup(struct world *w);
void world_restore(struct world *w);
void world_lose(struct world *w);
/* A tracker's backup, and putting it back, from one moment to the next. */
int64_t world_past(struct world *w, struct sandbox *sb);
void world_put_back(struct world *w, struct sandbox *sb, int64_t past);
/* A new configuration file and SIGHUP; waits until nothing is under way. */
void world_reload(struct world *w, const struct world_config *config);

/* One event. False: nothing will ever happen again. */
bool world_step(struct world *w);
/* All that happens within that span. */
void world_run(struct world *w, msec_t span);
/* Until nothing is due, to be read or to be sent now; false: not within `most`. */
bool world_settle(struct world *w, msec_t most);

/* 0 <= x < n */
uint64_t world_random(struct world *w, uint64_t n);
bool world_chance(struct world *w, int percent);
void world_tell(struct world *w, const char *format, ...) printf_like(2, 3);
/* Something that must never happen has happened. */
void world_fail(struct world *w, const char *format, ...) printf_like(2, 3);
void world_print_trace(const struct world *w);

/* A request of a person, at once and without faults; gives the status. body: JSON, taken.
 * who: "agent" or "root" (RT), "dev" or "admin" (Redmine), NULL: the sandbox's own control. */
int world_say(struct world *w, struct sandbox *to, const char *who, const char *method, const char *target,
              json_t *body, json_t **ret);
/* A command, as from the command line; gives its status, *ret (may be NULL) is the caller's. args taken. */
int world_command(struct world *w, const char *name, json_t *args, json_t **ret);

/* The first column of the first row of committed data: a number, or `otherwise`. */
int64_t world_number(struct world *w, int64_t otherwise, const char *format, ...) printf_like(3, 4);
/* ... a text in w->a, "" for none. */
const char *world_text(struct world *w, const char *format, ...) printf_like(2, 3);

/* ---- people, in few words (people.c) ---- */
int desk_ticket(struct world *w, const char *from, const char *subject, const char *text); /* gives its number */
void desk_field(struct world *w, int ticket, const char *field, const char *value);
void desk_status(struct world *w, int ticket, const char *status);
void desk_comment(struct world *w, int ticket, const char *text);
void desk_reply(struct world *w, int ticket, const char *from, const char *text); /* a customer's mail */
int product_issue(struct world *w, const char *title, const char *text);
void product_status(struct world *w, int issue, int status);
enum {
    ISSUE_NEW = 1,
    ISSUE_WORKING,
    ISSUE_RESOLVED,
    ISSUE_FEEDBACK,
    ISSUE_CLOSED,
    ISSUE_REJECTED,
    ISSUE_KNOWN_ERROR,
    ISSUE_WONT_FIX
};
/* The sandboxes' own truth. */
const char *desk_status_of(struct world *w, int ticket);
const char *desk_field_of(struct world *w, int ticket, const char *field); /* "" empty */
const char *product_field_of(struct world *w, int issue, int field);       /* 1 .. 3 */
int product_status_of(struct world *w, int issue);
const char *product_status_name(struct world *w, int issue);
bool desk_sees(struct world *w, int ticket);                          /* it is where the bridge sees it */
bool desk_was_moved(struct world *w, int ticket, const char *status); /* by whomever, at any time */
bool desk_is_deleted(struct world *w, int ticket);                    /* where the bridge can see that it is */
bool desk_moved_by_bridge(struct world *w, int ticket);               /* the last time, and not by RT itself */
int desk_merged_into(struct world *w, int ticket);
const char *desk_last_told(struct world *w, int ticket); /* by the bridge, to its requesters; "" nothing yet */
bool product_is_ours(struct world *w, int issue);        /* made by the bridge, beside another defect of the problem */
bool product_sees(struct world *w, int issue);           /* it is where the bridge sees it */
msec_t product_updated(struct world *w, int issue);
/* The newest note of that developer; 0 none. */
int product_note_by(struct world *w, const char *login, int *ret_issue);
/* How often that text stands in what the bridge wrote there. */
int desk_notes(struct world *w, int ticket, const char *text, bool public_only);
int product_notes(struct world *w, int issue, const char *text);
int desk_count(struct world *w);
int product_count(struct world *w);

/* ---- watch.c: what must never happen ---- */
struct watch *watch_new(void);
struct watch *watch_free(struct watch *x);
void watch_step(struct world *w);
void watch_forget(struct world *w);   /* another database: its keys are others */
void watch_put_back(struct world *w); /* what a tracker forgot does not come again */
void watch_send(struct world *w, const struct http_request *request);
void watch_before(struct world *w, const struct http_request *request); /* around the work */
void watch_after(struct world *w, const struct http_request *request);

#endif
