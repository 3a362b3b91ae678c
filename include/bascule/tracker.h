/* tracker: the connector runtime. Recipes to requests, replies to records.
 *
 * It does no I/O and knows no store, no clock and no randomness: an operation
 * is a small machine that gives requests and takes replies, one at a time:
 *
 *     struct op *op = op_list(t, cursor_json, now);
 *     while (op_next(op, &request))           // true: send this one
 *         op_reply(op, &reply);               // then hand its reply in
 *     use(op_result(op)); op_free(op);
 *
 * All that an operation gives lives in the operation, until op_free. */
#ifndef BASCULE_TRACKER_H
#define BASCULE_TRACKER_H

#include "bascule/model.h"
#include "bascule/port.h"

/* ---- a configured tracker ---- */

/* What config hands over; strings borrowed, they outlive the tracker. */
struct tracker_settings {
    const char *name;      /* helpdesk */
    const char *connector; /* rt: a folder's name */
    enum role role;
    const char *url;
    const char **web_urls;
    size_t n_web_urls;
    const char *ca;
    msec_t timeout;
    const json_t *auth;       /* object: secrets, resolved: {"token":"..."} */
    const json_t *scope;      /* object, keys are the connector's */
    const json_t *states;     /* native ("STATUS" or "STATUS/RESOLUTION") -> "state" or {"state","outcome"} */
    const json_t *outcomes;   /* native resolution -> outcome */
    const json_t *priorities; /* canonical -> [native] */
    const json_t *write;      /* canonical state -> {"status","resolution","label"} */
    const json_t *fields;     /* canonical field -> native custom field's name, or null */
    bool import_comments;
    const char *instance; /* "b1": our notes' markers carry it */
};

struct tracker;
/* Loads connectors_dir/NAME/recipe.yaml, checks it, joins it with the settings.
 * On failure the fault names recipe or setting and what is wrong. */
must_check int tracker_new(const char *connectors_dir, const struct tracker_settings *settings, struct tracker **ret,
                           struct fault *fault);
struct tracker *tracker_free(struct tracker *t);
const char *tracker_name(const struct tracker *t);
enum role tracker_role(const struct tracker *t);

/* What the recipe says it can do; for the engine's choices and `bascule connectors`. */
struct tracker_abilities {
    bool composite_write; /* state, fields and note in one request */
    bool public_note, internal_note;
    bool look_note;   /* a note's marker can be found again */
    bool look_create; /* a created record can be found by its marker */
    bool create;
    bool relations; /* duplicate-of is readable */
    bool versions;
    bool public_note_keeps_closed; /* with the state in the same request */
    bool edit_note;
    bool lists_description; /* a list's element brings the text that a record begins with */
};
const struct tracker_abilities *tracker_abilities(const struct tracker *t);
/* How far the recipe was tried, in its own words. */
const char *tracker_proven(const struct tracker *t);

/* Web address of a record (first web_url); in the arena. */
char *tracker_record_url(const struct tracker *t, struct arena *a, const char *id);
/* URL forms in which people write a record, one per (template x url and web_urls):
 * prefix up to where the id begins; the id is decimal digits unless id_pattern says else.
 * Query and fragment after the id are ignored. */
struct tracker_url_form {
    const char *prefix;     /* "http://desk.example/Ticket/Display.html?id=" */
    const char *id_pattern; /* PCRE2 for the id */
};
const struct tracker_url_form *tracker_url_forms(const struct tracker *t, size_t *ret_count);

/* Of all that says what a native state or resolution means. */
uint64_t tracker_map_hash(const struct tracker *t);
/* Maps a native state (with resolution, may be NULL) to the canonical one.
 * STATE_NONE when unmapped. */
enum state tracker_map_state(const struct tracker *t, const char *native, const char *resolution,
                             enum outcome *ret_outcome);
/* The same of a whole record: where the tracker does not say why it is closed, its field
 * Outcome may. `fields`: canonical, as in struct record. */
enum state tracker_map_record(const struct tracker *t, const char *native, const char *resolution, const json_t *fields,
                              enum outcome *ret_outcome);
/* The native word for a canonical state; NULL: this tracker can't say it. Borrowed. */
const char *tracker_native_state(const struct tracker *t, enum state s);
/* True if that canonical field is configured for this tracker. */
bool tracker_has_field(const struct tracker *t, enum field f);

/* ---- what became of a request (recipe's `replies`) ---- */

enum reply_class {
    CLASS_OK,
    CLASS_NOT_MODIFIED,
    CLASS_RETRY_SAFE, /* surely not carried out: later again */
    CLASS_UNSURE,     /* may have been carried out: look */
    CLASS_CONFLICT,   /* somebody was faster: read, then again */
    CLASS_GONE,       /* 404: op_presence tells what it means */
    CLASS_DENIED,     /* credentials or right: the tracker is down for us, or the record forbidden */
    CLASS_REJECTED,   /* understood and refused: park with the words */
    CLASS_LIMITED,    /* slow down, see retry_after */
    CLASS_NONSENSE    /* HTML for JSON, half a body, wrong shape: nothing is believed */
};
const char *reply_class_name(enum reply_class c);

struct op_result {
    enum reply_class class;
    int status;         /* last HTTP status, 0 none */
    const char *words;  /* the tracker's own words, or ours, when not OK */
    msec_t retry_after; /* span, 0 unknown */
    msec_t date;        /* last Date header, 0 none */
    msec_t last_alive;  /* reply->ended of the last exchange */
    int requests;       /* how many were sent */

    /* list and read */
    struct record *records;
    size_t n_records;
    struct quarantined {
        const char *id; /* NULL when even that could not be read */
        const char *why;
        uint64_t hash; /* of the element of a list; 0: it was a reading */
    } * quarantined;
    size_t n_quarantined;
    const char *cursor; /* JSON; where to go on from */
    bool more;          /* list again at once with this cursor */
    msec_t from;        /* changes since then were asked for (tracker's clock); -1 unknown */

    /* presence of the one read */
    enum presence presence;
    const char *merged_into;

    /* write */
    bool state_applied, fields_applied, note_applied; /* what the reply or read-back shows */
    bool note_inside;     /* a public note went as an internal one: it would have moved the record */
    unsigned fields_done; /* 1u << field of each that shows, though others don't */
    const char *echo;     /* the id of our note/transaction/journal */
    const char **echoes;  /* the ids of all history entries that are ours, echo among them */
    size_t n_echoes;
    const char *created_id; /* of a created record */
    struct record *after;   /* read-back, NULL if there was none */
    /* what somebody wrote between the caller's read and ours, and ours went over (domain.md 6, law 2) */
    struct lost_edit {
        const char *what;               /* "state", or the canonical field */
        const char *value, *wrote, *by; /* native, NULL unknown or none */
        msec_t at;
    } * lost;
    size_t n_lost;

    /* look */
    bool found;

    /* check */
    bool unproven; /* op_begin: no record was there that could show in which zone dates are read */
    struct finding {
        enum { FINDING_OK, FINDING_WARN, FINDING_FAIL } level;
        const char *what; /* "reached", "account", "clock", "zone", "right", "state", "field", "scope" */
        const char *text; /* a sentence for a person, with the mend */
    } * findings;
    size_t n_findings;

    /* versions: name -> closed; as JSON object {"1.1":true} */
    json_t *versions;
};

struct op;
/* The next request; false: finished, op_result holds. The request lives until op_reply. */
bool op_next(struct op *op, struct http_request *ret);
/* Copies what it needs of the reply. */
void op_reply(struct op *op, const struct http_reply *reply);
const struct op_result *op_result(const struct op *op);
struct op *op_free(struct op *op);

/* ---- operations ---- */

/* Changed since the cursor (JSON of an earlier result; NULL: from `since`, 0:
 * everything), one page. `offset` is tracker clock minus ours, in ms. Records
 * come without detail unless the list holds all. An idle tracker costs one
 * request. unchanged(arg, id, hash) may say that this very element was ingested
 * already (then it isn't parsed); NULL: parse all. */
typedef bool op_unchanged(void *arg, const char *id, uint64_t hash);
struct op *op_list(const struct tracker *t, const char *cursor, msec_t since, op_unchanged *unchanged, void *arg);
/* The same, from so much before the cursor as the recipe says (`back`; nothing said: as op_list). To be asked after a
 * start, after a failure, and once an hour. */
struct op *op_list_back(const struct tracker *t, const char *cursor, msec_t since, op_unchanged *unchanged, void *arg);

/* One record, with detail (texts, history, relations). When it is not there or
 * not readable: presence, by the probes the recipe names (project and account).
 *   OK        records[0] when PRESENT or OUT_OF_SCOPE; none when MERGED or GONE (the tracker
 *             says itself that it is deleted), nor when the one record can't be read: quarantined
 *   GONE      presence GONE: 404, and account and project answer
 *   DENIED    presence FORBIDDEN: this record or its project; presence PRESENT: the tracker refuses
 *             us (status 401), or a part of the record (its history); nothing is known of it */
struct op *op_read(const struct tracker *t, const char *id);

/* One composite change of one record. Whatever is NULL/NONE is left alone. The
 * caller has read the record just before (`before`), compared, and checked the
 * states it may start from. What `before` shows already is not sent; where that is all,
 * the result is OK after no request. Everything borrowed is copied.
 *   OK        all of it shows in `after`, or in the history since
 *   REJECTED  something doesn't: the flags say what did, the words what not and why
 *   UNSURE    one of the requests may or may not have been carried out; also when reading back failed */
struct write_note {
    enum visibility visibility;
    const char *body;   /* rendered Markdown without marker, frozen */
    const char *marker; /* "[P-12 · b1-3f9k2a]" */
};
struct write_field {
    enum field field;
    const char *value; /* NULL or "": clear */
};
struct write_request {
    const char *id;
    const struct record *before;
    enum state state;     /* STATE_NONE: leave */
    enum outcome outcome; /* NONE: leave; for trackers whose closing asks for one */
    const struct write_field *fields;
    size_t n_fields;
    const struct write_note *note; /* NULL: none */
    bool keep_state; /* public note on a record: send its present state along so that the tracker's own habit (RT
                        reopens) doesn't move it */
    const char *link_url, *link_title; /* NULL: none; a remote link object */
};
struct op *op_write(const struct tracker *t, const struct write_request *w);

/* Is our note (by marker) on the record / is our created record there? found,
 * echo / created_id. A look for a state or fields is an op_read. */
struct op *op_look_note(const struct tracker *t, const char *id, const char *marker);
struct op *op_look_created(const struct tracker *t, const char *marker, msec_t since);

struct create_request {
    const char *title, *body, *marker;
    const char *service, *priority; /* canonical, may be NULL */
    const struct write_field *fields;
    size_t n_fields;
};
struct op *op_create(const struct tracker *t, const struct create_request *c);

/* reached, who am I, clock (now is ours), zone, rights, states mapped, fields found, scope. */
struct op *op_check(const struct tracker *t, msec_t now);
/* What must be known before the first list, and again once an hour: in which time zone the account's dates are read.
 * OK; NONSENSE with the mend in `words` where it can't be used so. Asks nothing where the recipe has no such step. */
struct op *op_begin(const struct tracker *t, msec_t now);
struct op *op_versions(const struct tracker *t);

/* The marker of a note: what stands at its end. "[P-12 · b1-3f9k2a]" */
char *marker_make(struct arena *a, int64_t problem, const char *instance, const char *key);
/* Finds the first marker in a text; false when there is none. Strings in the arena. */
struct marker {
    int64_t problem;
    const char *instance, *word; /* "b1", "3f9k2a" */
    const char *whole;           /* as it stood */
    size_t at;                   /* byte offset */
};
bool marker_find(struct arena *a, const char *text, struct marker *ret);

/* ---- recorded cases (src/tracker/case.h says what one looks like) ---- */

struct case_replayed {
    const char *title;
    const char *what; /* the first difference, and where; NULL: it went as recorded */
    int line;
    const char *differences; /* all, with what was wanted and what came */
    const char *text;        /* the case as it went */
};
/* Replays the case `text` against the connectors of a folder; all in the arena. root: what a case's own
 * folder of connectors is relative to. */
void case_replay(const char *connectors, const char *root, const char *text, struct arena *a,
                 struct case_replayed *ret);

#endif
