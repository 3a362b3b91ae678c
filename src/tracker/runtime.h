/* runtime: the insides shared by this room's files.
 *
 * A tracker is a recipe joined with its settings, and a cache of what the remote
 * side calls things (tables: status name -> id). An operation is a chain of
 * questions: ask() builds a request out of the recipe and names who gets the
 * answer; whoever it is asks again, or finishes. Where a template needs a table
 * that isn't there, ask() fetches the table first. */
#ifndef TRACKER_RUNTIME_H
#define TRACKER_RUNTIME_H

#include "pick.h"
#include "recipe.h"
#include "say.h"

#define OP_REQUESTS_MAX      200 /* of one operation; a recipe that wants more is wrong */
#define PAGES_MAX            50  /* of one resource of one record */
#define RECORD_TEXTS_MAX     1000
#define RECORD_CHANGES_MAX   2000
#define RECORD_RELATIONS_MAX 200
#define RECORD_FIELDS_MAX    300
#define TEXT_BYTES_MAX       (256u << 10)
#define TITLE_BYTES_MAX      1000
#define TABLE_ROWS_MAX       5000
#define QUARANTINE_MAX       100
#define FINDINGS_MAX         100
#define SKEW_MAX             (10 * 60 * SEC_MS) /* of clocks; beyond it a tracker is refused */

/* ---- the tracker ---- */

/* What is learnt while running; all of it can be asked for again. */
struct tracker_cache {
    json_t *tables;    /* {"statuses": {"New": 1}} */
    struct zone *zone; /* in which dates of queries are read; NULL: UTC */
    bool leaks;        /* an internal note came out public: no further one is sent */
};

struct tracker {
    struct arena *arena;
    struct tracker_settings set; /* borrowed strings */
    json_t *recipe;
    json_t *base_vars; /* url, root, auth, scope, instance: what every operation begins with */
    json_t *states;    /* joined, settings first: [{"native","resolution","state","outcome"}] */
    json_t *writes;    /* canonical state -> {"status","resolution","label"} */
    struct tracker_abilities abilities;
    struct tracker_url_form *forms;
    size_t n_forms;
    struct tracker_cache *cache;
};

const char *tracker_role_word(const struct tracker *t); /* "ticketing", "defects" */
/* Native words for a state, of that outcome if there is a choice. */
const json_t *tracker_write_words(const struct tracker *t, enum state s, enum outcome o);
/* The native field that stands for a canonical one; NULL when not configured. */
const char *tracker_field_native(const struct tracker *t, enum field f);
enum outcome tracker_map_outcome(const struct tracker *t, const char *resolution);
/* Canonical priority of a native word, NULL; and the native word to write. */
const char *tracker_map_priority(const struct tracker *t, const char *native);
const char *tracker_native_priority(const struct tracker *t, const char *canonical);
int tracker_map_build(struct tracker *t, struct fault *fault);

/* ---- zones (zone.c) ---- */

struct zone;
struct zone *zone_load(const char *name); /* NULL: tzdata has none of that name. zone_free */
struct zone *zone_free(struct zone *z);
const char *zone_name(const struct zone *z);
msec_t zone_offset_at(const struct zone *z, msec_t t);
/* What has to be said so that it is read as t; not exact: as at most an hour before. */
msec_t zone_figures(const struct zone *z, msec_t t, bool *ret_exact);
/* False: that moment can't be said in the zone of this tracker's account. */
bool tracker_says(const struct tracker *t, msec_t at);

/* ---- operations ---- */

/* A reply as the chain sees it; lives for one call. */
struct answer {
    enum reply_class class;
    json_t *json;     /* NULL: none, or none that can be read */
    const char *text; /* the raw body, may hold NULs */
    size_t len;
    const struct http_reply *reply; /* for headers */
    const char *words;              /* the tracker's own, or ours; NULL when OK */
};
typedef void answer_fn(struct op *op, const struct answer *a);

struct op {
    struct arena *arena;
    const struct tracker *tracker;
    struct op_result result;
    struct context c;
    enum { OP_IDLE, OP_READY, OP_WAITING, OP_DONE } phase;
    struct http_request request;
    const char *path; /* of the request, for words: without secrets and query */
    bool writing;     /* the request at hand may change something */
    bool raw;         /* the body at hand needn't be JSON */
    answer_fn *then;
    const json_t *detour_spec; /* what was to be asked when a table was missing */
    answer_fn *detour_then;
    const char *fetching, *fetching_key;
    json_t *fetched;                 /* tables fetched by this operation: "table" or "table/key" */
    json_t *kept;                    /* array: owns replies that records and picks borrow from */
    msec_t clock;                    /* the tracker's, of the last reply; at least surely past, where it doesn't tell */
    msec_t seen_at;                  /* the tracker's clock when it answered; ours where it does not tell */
    void *mine;                      /* the operation's own state, in the arena */
    void (*assemble)(struct op *op); /* called again after a table was fetched for reading */
};

struct op *op_new(const struct tracker *t);
/* Asks by a request of the recipe ({get|put|post|patch, query, body, headers}). */
void op_ask(struct op *op, const json_t *spec, answer_fn *then);
/* Fetches the table that the context wants and then calls assemble again; false
 * when it wants none, or it was fetched by this operation already. */
bool op_fetch_wanted(struct op *op, void (*assemble)(struct op *op));
void op_finish(struct op *op, enum reply_class class, const char *words);
/* Finishes with what the answer says. */
void op_finish_as(struct op *op, const struct answer *a);
const char *op_words(struct op *op, const char *format, ...) printf_like(2, 3);
void op_set(struct op *op, const char *var, json_t *value); /* steals; NULL: unset */
void op_set_text(struct op *op, const char *var, const char *value);
json_t *op_keep(struct op *op, json_t *j); /* holds a reference until op_free */

/* ---- replies ---- */

enum reply_class reply_classify(struct op *op, const struct http_reply *r, const json_t *json, msec_t *ret_after);
const char *reply_words(struct op *op, const struct http_reply *r, const json_t *json);

/* ---- texts in ---- */

/* JSON that json_read refuses, mended where that loses nothing that matters: invalid
 * UTF-8, lone surrogates, NUL escapes, numbers of too many digits. In the heap. */
void raw_mend(struct buf *out, const char *text, size_t len);
/* Splits the array of objects at a path ("/items") of a text that isn't JSON as a
 * whole. False when it can't be found or doesn't end. */
typedef void raw_visit(void *arg, const char *element, size_t len);
bool raw_split(const char *text, size_t len, const char *path, raw_visit *visit, void *arg);
/* The scalar at a top-level key of an object's text, as text; NULL. */
const char *raw_scalar(struct arena *a, const char *element, size_t len, const char *key);

/* HTML to text: tags out, entities read, line breaks kept. */
char *html_text(struct arena *a, const char *html);
/* Markdown as rendered for notes to the form a tracker shows ("markdown", "plain"). */
char *text_for(struct arena *a, const char *form, const char *markdown);
/* Plain text with LF, valid UTF-8, bounded. */
char *text_clean(struct arena *a, const char *s, size_t max);

/* ---- records ---- */

/* The record an element is; false and why when it can't be one. */
bool record_make(struct context *c, const json_t *element, struct record *ret, const char **why);
/* Adds what only a full read has: texts, changes, relations, allowed. replies: name -> items. */
void record_detail(struct context *c, struct record *r, const json_t *replies);
/* The texts of a list's element: subject and description. */
void record_own_texts(struct context *c, struct record *r, const json_t *element);
/* Remembers names and ids met in an element (tables with `learn`). */
void record_learn(struct context *c, const json_t *element);
/* The hash that a list and a read of the same state share; young: the second isn't over. */
uint64_t record_hash(struct arena *a, const struct record *r, bool young);
bool record_is_young(const struct tracker *t, const struct record *r, msec_t date);
void record_drop(struct record *r);

/* Reads the named steps of the recipe's `read` for {id}, then calls then(op, r). The
 * operation's own state (op->mine) begins with a pointer to its current reading. */
struct reading {
    json_t *replies; /* name -> whole reply, or array of all items */
    enum reply_class class;
    const char *words;
    int status;
    size_t step;
    const json_t *only; /* array of names, NULL: all */
    int page;
    void (*then)(struct op *op, struct reading *r);
};
void reading_start(struct op *op, struct reading *r, const json_t *only, void (*then)(struct op *, struct reading *));
/* The record the replies hold; false when they hold none. */
bool reading_record(struct op *op, struct reading *r, bool detail, struct record *ret, const char **why);

#endif
