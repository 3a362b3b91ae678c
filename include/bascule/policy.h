/* policy: what is so, and what follows. Pure: facts in (with the time),
 * decisions and reasons out; the same facts give byte-same decisions.
 *
 *   texts, fields -> references -> evidence -> links          (reference.c, evidence.c)
 *   defects       -> delivery of a problem -> verdict         (verdict.c)
 *   incident      -> row of the table -> wants                (table.c, decide.c)
 *   record        -> mirrored values                          (mirror.c)
 *   defect, problem -> wants, attention                       (sides.c)
 *
 * Everything that is given lives in the arena that was handed in. */
#ifndef BASCULE_POLICY_H
#define BASCULE_POLICY_H

#include "bascule/model.h"

/* ---- references (domain.md 2) ---- */

struct reference_form { /* a URL under which people write a record */
    const char *tracker, *prefix;
    const char *id_pattern; /* NULL: digits */
};
struct reference_pattern { /* of the configuration; group 1 is the id */
    const char *pattern, *tracker;
};
struct reference_rules;
/* -EINVAL and a fault for an expression that is none, or a pattern without group 1. */
must_check int reference_rules_new(const struct reference_form *forms, size_t n_forms,
                                   const struct reference_pattern *patterns, size_t n_patterns,
                                   struct reference_rules **ret, struct fault *fault);
struct reference_rules *reference_rules_free(struct reference_rules *r);

struct reference {
    const char *tracker, *id; /* NULL for a problem */
    int64_t problem;          /* 0 for a record */
    const char *quote;        /* as it was written */
};
struct references {
    struct reference *items;
    size_t count; /* at most 100; each target once */
};
/* URLs of configured trackers and patterns in free text; each stands alone (no
 * letter, digit, _ or - before it, no letter or digit after). Ids of more than 200
 * bytes are none. */
void reference_scan(const struct reference_rules *r, struct arena *a, const char *text, struct references *ret);
/* A field that holds references: id, #id, URL, pattern, P-12; several separated
 * by comma, semicolon or white space. home: the tracker a bare id means (digits, or
 * what the id_pattern of one of its forms matches whole), NULL: none. Words that are
 * no reference are left out, also the "and N more: URL" that the bridge writes. */
void reference_field(const struct reference_rules *r, struct arena *a, const char *text, const char *home,
                     struct references *ret);
bool references_have(const struct references *set, const struct reference *one);
bool references_same(const struct references *x, const struct references *y);

/* The text without what the bridge wrote in it: every line with the marker, and
 * every line that is a line of `own` (a note's frozen text); where it is quoted, or
 * the marker tells that the text holds a copy, also a part of one, since mail
 * programs break lines. With own NULL the note is not known any more: quoted lines
 * go, and if the marker itself stands unquoted, all of it. */
const char *own_text_strip(struct arena *a, const char *text, const char *own, const char *marker);

/* Compared as sets: the field now, what the bridge wrote there, and what stood
 * there as a person's evidence. */
struct field_diff {
    struct references added;     /* a person put in: evidence */
    struct references withdrawn; /* a person's own, taken out */
    struct references rejected;  /* the bridge's, taken out by a person */
};
void field_compare(struct arena *a, const struct references *now, const struct references *written,
                   const struct references *evidence, struct field_diff *ret);

/* ---- delivery and verdict (domain.md 3) ---- */

struct defect_facts {
    const char *ref;
    enum state state;
    enum outcome outcome;
    enum presence presence;
    bool excluded; /* a person took it out of the reckoning */
    bool version_closed;
    const char *version; /* target version */
    msec_t state_at;     /* when it came into its state */
    msec_t version_at;   /* when its target version was closed; 0 unknown */
    bool stuck;          /* duplicate chain: loop, over 16, or unreadable; one that is itself closed as duplicate or
                            moved and leads nowhere is taken for such */
    const char *via;     /* the duplicate that led here, NULL: linked itself */
};
struct problem_facts {
    const struct problem *problem;
    const struct defect_facts *defects;
    size_t n_defects;
    const struct problem_facts *duplicate_of; /* when its resolution is `duplicate`; NULL: not known (a loop) */
    msec_t linked_at;                         /* of this incident to it */
    int told_revision;                        /* the newest published workaround that a note to this incident carried */
    bool pushed_back;                         /* a manager pushed back on this very decline */
};
/* The problem at the end of a chain of duplicates (itself, if it is none); NULL:
 * the chain loops, is longer than 16 or leads out of what is known. */
const struct problem_facts *problem_followed(const struct problem_facts *f);
struct delivered {
    enum delivery delivery;
    msec_t at;            /* when the latest of the moves that made it happened */
    const char *why;      /* "product:56 is released", one clause */
    const char *version;  /* in which it was delivered; NULL under any other delivery */
    enum outcome outcome; /* of a declined one: workaround, wont-fix, risk-accepted, not-reproducible, incomplete */
    const char *defect;   /* the one that decided */
};
void delivery_of(const struct problem_facts *f, const struct policy *policy, struct arena *a, struct delivered *ret);

struct judged {
    enum verdict verdict;
    msec_t at;                  /* delivered_at */
    size_t which;               /* index of the problem that decided */
    struct delivered delivered; /* of that problem */
    struct delivered *each;     /* of every problem */
};
void verdict_of(const struct problem_facts *problems, size_t n, const struct policy *policy, struct arena *a,
                struct judged *ret);

/* Derived, never set by hand (domain.md 1). working: a defect is in `working`. */
enum ke_status ke_status_of(const struct problem *p, enum delivery delivery, bool working);

/* The policy values for one incident: first matching rule, key by key. */
void policy_for(const struct policy_set *set, const struct record *incident, struct policy *ret);
/* ... for a problem and a defect behind it, either may be NULL: the problem's service
 * and priority, else the defect's; the defect's tracker and native fields. */
void policy_for_side(const struct policy_set *set, const struct problem *problem, const struct record *defect,
                     struct policy *ret);
/* The values as JSON for the turn, and back. */
json_t *policy_to_json(const struct policy *p);
void policy_from_json(const json_t *j, struct policy *ret);

/* ---- the table (domain.md 4) ---- */

enum row {
    ROW_ABSENT,   /* not present: no write, ever */
    ROW_UNMAPPED, /* native state not mapped */
    ROW_UNLINKED,
    ROW_UNLINKED_WAITING,
    ROW_UNLINKED_ELSE,
    ROW_DID_NOT_HOLD,
    ROW_DID_NOT_HOLD_ELSE,
    ROW_PENDING_REOPENED,
    ROW_PENDING_OPEN,
    ROW_PENDING_CLOSED_UNRESOLVED,
    ROW_PENDING_CLOSED,
    ROW_DECLINED_ASK,
    ROW_DECLINED_REOPENED,
    ROW_DECLINED_OPEN,
    ROW_DECLINED_WAITING,
    ROW_DECLINED_CLOSED_UNRESOLVED,
    ROW_DECLINED_CLOSED,
    ROW_DELIVERED_LATE_LINK,
    ROW_DELIVERED_HELD,
    ROW_DELIVERED_REOPENED,
    ROW_DELIVERED_OPEN,
    ROW_DELIVERED_CLOSED,
    ROW_COUNT
};
const char *row_name(enum row r);         /* "pending/open" */
const char *row_rule(enum row r);         /* the rule in a sentence */
const char *row_would_change(enum row r); /* what would lead to another one */

/* `ignored` and `adopted` change no want: the caller spends the wants of such an
 * incident without sending them (domain.md 7, 9). They only keep an ignored
 * incident from speaking on its defect, and an outcome from being written for a
 * move that will not happen. */
struct incident_facts {
    const struct record *record;
    enum verdict was; /* the verdict this turn replaced */
    int turn;
    bool was_linked;
    msec_t turn_at, linked_at, now; /* linked_at: for a problem whose own linked_at is 0 */
    bool ignored, adopted, adopted_open, own_reopen;
    enum state asserted; /* last state of the bridge's that was confirmed; NONE: never */
    bool overridden;
    msec_t asserted_at;
    msec_t came_back_at; /* 0: not since last acknowledged */
    const char *came_back_by;
    const struct policy *policy;
    const struct problem_facts *problems;
    size_t n_problems;
    const struct judged *judged;
};

/* One intended change. The caller enters them in order and leaves out those whose
 * key was entered before. */
struct want {
    enum effect_kind kind; /* STATE or NOTE; of a defect also CREATE (on_reopen: new-defect) */
    const char *ref;       /* the incident's, or a defect's (came-back); for a creation "TRACKER:" */
    const char *key;       /* law 1 */
    const char *unless;    /* key of an earlier want of this decision: if that one was entered just now, this one
                              is left out (it carries the same published workaround); NULL: none */
    const char *reason;
    int64_t problem;
    bool spent;   /* entered without leaving: another want of this decision says more */
    bool of_turn; /* an adopted turn has asserted it, whenever it comes up in that turn; the others (a workaround
                     published since, a came-back) it has asserted only if they were due when it began */
    /* STATE */
    enum state state;
    enum outcome outcome;
    unsigned from; /* bits 1 << enum state: the classes it may start from */
    /* NOTE */
    enum note_kind note;
    enum visibility visibility;
    int revision; /* the published workaround it carries, 0 none */
    msec_t not_before;
};
struct want_attention {
    const char *kind, *subject, *text, *who, *clear;
};
#define WANTS_MAX 64
struct decision {
    enum row row;
    const char *why;                  /* facts in a sentence */
    struct want wants[WANTS_MAX + 1]; /* the last takes what is too many */
    size_t n_wants;
    struct want_attention attention[8];
    size_t n_attention;
    enum outcome outcome; /* what the incident's outcome should say */
    bool keeps_outcome;   /* with outcome NONE: what stands there is people's, or still true; else NONE empties it */
    bool clears_fields;   /* unlinked: mirrored values go */
    msec_t again_at;      /* decide once more then; 0: no need */
};
/* The incident's state for the table: closed with an unresolved outcome is
 * CLOSED_UNRESOLVED. */
enum state incident_class(enum state s, enum outcome o);
/* Law 3's order: open 0 < waiting < closed-unresolved < resolved < closed 4; -1 for others. */
int incident_rank(enum state class);
enum row row_of(const struct incident_facts *f);
void decide(const struct incident_facts *f, struct arena *a, struct decision *ret);

/* ---- mirrored values (law 1) ---- */

struct mirror_incident { /* newest first */
    const char *ref, *url, *id;
};
struct mirror_facts {
    /* of an incident */
    const struct reference *defects; /* live links, sorted */
    size_t n_defects;
    const char *defect_tracker; /* the one whose bare ids suffice; NULL: write refs' URLs */
    const char *const *defect_urls;
    const struct problem *const *problems;
    size_t n_problems;
    enum outcome outcome;
    bool keeps_outcome; /* of the decision */
    /* of a defect */
    const struct mirror_incident *incidents; /* at most 20 */
    size_t n_incidents;
    int incident_count, closed_unresolved_count;
    const char *more_url;
};
/* The text for that field; "" means empty; NULL: the bridge says nothing there. */
const char *mirror_value(enum field field, enum kind kind, const struct mirror_facts *f, struct arena *a);

/* ---- defects (domain.md 4, last part) ---- */

/* A decision on a defect or a problem has wants and attention; its row, why and
 * outcome mean nothing. */
struct defect_side_facts {
    const char *ref; /* "product:56" */
    enum state state;
    enum outcome outcome;
    enum presence presence;
    msec_t now;
    const struct problem *const *problems;
    const int *recurrences; /* per problem: staff-confirmed or late links since the delivery */
    const bool *recurred;   /* per problem: a manager said so of this delivery; NULL: of none */
    size_t n_problems;
    int incident_count;
    const struct policy *policy;
};
void decide_defect(const struct defect_side_facts *f, struct arena *a, struct decision *ret);

/* What waits for a person on a problem. */
struct problem_side_facts {
    const struct problem_facts *facts;
    const struct delivered *delivered;
    int incidents;              /* linked ones, all */
    int open, waiting;          /* those that nobody solved or closed */
    int did_not_hold;           /* resolved or closed ones whose fix did not hold, left as they are */
    int recurrences;            /* since the delivery, as in defect_side_facts */
    int64_t shares_defect_with; /* another problem, 0 none */
    msec_t now;
    const struct policy *policy;
};
void decide_problem(const struct problem_side_facts *f, struct arena *a, struct decision *ret);

#endif
