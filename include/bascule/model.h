/* model: the nouns of domain.md section 1, and their vocabulary.
 *
 * Plain data. Every pointer in these structs is owned by the arena in which
 * the struct was made; NULL means unknown. Times are msec_t, UTC, 0 unknown. */
#ifndef BASCULE_MODEL_H
#define BASCULE_MODEL_H

#include "bascule/base.h"

enum role { ROLE_TICKETING, ROLE_DEFECTS };
/* What somebody may do here (interface.md 3), each all that those before may: read; link, write workarounds, retry;
 * publish, accept risks, close, release, change the policy's reach; tokens, trackers, the outbox. NONE: nothing. */
enum user_role { USER_NONE, USER_VIEWER, USER_PRACTITIONER, USER_MANAGER, USER_OWNER };
enum kind { KIND_INCIDENT, KIND_DEFECT, KIND_PROBLEM };

/* Canonical states (domain.md 1). NONE: the native state is not mapped. The
 * order of the incidents' states is the order of law 3. */
enum state {
    STATE_NONE,
    STATE_OPEN,
    STATE_WAITING,           /* incident */
    STATE_WORKING,           /* defect */
    STATE_FIXED,             /* defect: in the code */
    STATE_RELEASED,          /* defect: delivered to users */
    STATE_CLOSED_UNRESOLVED, /* both */
    STATE_RESOLVED,          /* incident */
    STATE_CLOSED,            /* both, with an outcome */
    STATE_COUNT
};

enum outcome {
    OUTCOME_NONE,
    OUTCOME_FIXED,
    OUTCOME_WORKAROUND,
    OUTCOME_WONT_FIX,
    OUTCOME_RISK_ACCEPTED,
    OUTCOME_NOT_REPRODUCIBLE,
    OUTCOME_INVALID,
    OUTCOME_DUPLICATE,
    OUTCOME_WITHDRAWN,
    OUTCOME_INCOMPLETE,
    OUTCOME_MOVED,
    OUTCOME_UNKNOWN,
    OUTCOME_COUNT
};

/* Presence is no state, and never changes a verdict (domain.md 1). */
enum presence { PRESENT, GONE, MERGED, FORBIDDEN, OUT_OF_SCOPE, PRESENCE_COUNT };

enum verdict { VERDICT_UNLINKED, VERDICT_PENDING, VERDICT_DECLINED, VERDICT_DELIVERED, VERDICT_COUNT };

/* Delivery of a problem (domain.md 3). */
enum delivery {
    DELIVERY_NONE,
    DELIVERY_PENDING,
    DELIVERY_DELIVERED,
    DELIVERY_DECLINED,
    DELIVERY_MIXED,
    DELIVERY_CANCELLED, /* its links count as none */
    DELIVERY_COUNT
};

enum ke_status { KE_DETECTED, KE_INFORMATIONAL, KE_DIAGNOSED, KE_RESOLVED, KE_CLOSED, KE_COUNT };

enum resolution {
    RESOLUTION_NONE,
    RESOLUTION_FIX_APPLIED,
    RESOLUTION_RISK_ACCEPTED,
    RESOLUTION_DUPLICATE,
    RESOLUTION_CANCELLED,
    RESOLUTION_COUNT
};

/* What an effect wants of a record, and where it is (architecture.md, outbox). */
enum effect_kind { EFFECT_STATE, EFFECT_FIELD, EFFECT_NOTE, EFFECT_LINK, EFFECT_CREATE, EFFECT_KIND_COUNT };
enum effect_state {
    EFFECT_PENDING,
    EFFECT_IN_FLIGHT,
    EFFECT_UNSURE,
    EFFECT_DONE,
    EFFECT_SUPERSEDED,
    EFFECT_PARKED,
    EFFECT_STATE_COUNT
};

enum note_kind {
    NOTE_KNOWN_ERROR,
    NOTE_WORKAROUND,
    NOTE_FIXED,
    NOTE_DECLINED,
    NOTE_DID_NOT_HOLD,
    NOTE_UNLINKED,
    NOTE_LINKED,
    NOTE_CAME_BACK,
    NOTE_RECURRENCE,
    NOTE_RISK_ACCEPTED,
    NOTE_THRESHOLD,
    NOTE_AGENT, /* internal word to the agent: rows "internal note to the agent" */
    NOTE_KIND_COUNT
};
enum visibility { VISIBILITY_OFF, VISIBILITY_INTERNAL, VISIBILITY_PUBLIC };

/* Canonical fields of interface.md 1. */
enum field {
    FIELD_DEFECT,
    FIELD_PROBLEM,
    FIELD_KNOWN_ERROR,
    FIELD_SERVICE,
    FIELD_PRIORITY,
    FIELD_OUTCOME,
    FIELD_INCIDENTS,
    FIELD_INCIDENT_COUNT,
    FIELD_CLOSED_UNRESOLVED_COUNT,
    FIELD_COUNT
};

/* Names as they stand in configuration, API and database ("closed-unresolved"),
 * and back; the _parse functions give false for a word they don't know. */
const char *role_name(enum role v);
const char *user_role_name(enum user_role v); /* NONE: "" */
const char *kind_name(enum kind v);
const char *state_name(enum state v);
const char *outcome_name(enum outcome v); /* NONE: "" */
const char *presence_name(enum presence v);
const char *verdict_name(enum verdict v);
const char *delivery_name(enum delivery v);
const char *ke_status_name(enum ke_status v);
const char *resolution_name(enum resolution v); /* NONE: "" */
const char *effect_kind_name(enum effect_kind v);
const char *effect_state_name(enum effect_state v);
const char *note_kind_name(enum note_kind v);
const char *visibility_name(enum visibility v);
const char *field_name(enum field v);
bool role_parse(const char *s, enum role *ret);
bool user_role_parse(const char *s, enum user_role *ret); /* never NONE */
bool kind_parse(const char *s, enum kind *ret);
bool state_parse(const char *s, enum state *ret);
bool outcome_parse(const char *s, enum outcome *ret);
bool presence_parse(const char *s, enum presence *ret);
bool verdict_parse(const char *s, enum verdict *ret);
bool delivery_parse(const char *s, enum delivery *ret);
bool resolution_parse(const char *s, enum resolution *ret);
bool effect_kind_parse(const char *s, enum effect_kind *ret);
bool effect_state_parse(const char *s, enum effect_state *ret);
bool note_kind_parse(const char *s, enum note_kind *ret);
bool visibility_parse(const char *s, enum visibility *ret);
bool field_parse(const char *s, enum field *ret);

/* True for closed-unresolved in the sense of domain.md 1: the state says so, or
 * it is closed with outcome workaround, wont-fix, risk-accepted,
 * not-reproducible or incomplete. */
bool state_is_closed_unresolved(enum state s, enum outcome o);
/* invalid, withdrawn, duplicate, moved: closed, and counted nowhere. */
bool state_counts_nowhere(enum state s, enum outcome o);
/* An incident that counts as solved: resolved, or closed fixed or unknown. */
bool state_is_solved(enum state s, enum outcome o);

/* The outbox's table of moves (architecture.md): true if from -> to is allowed. */
bool effect_state_may(enum effect_state from, enum effect_state to);

/* ---- policy: what a user may choose (interface.md 1) ---- */

enum treatment { TREATMENT_CLOSE, TREATMENT_HOLD, TREATMENT_LEAVE };
enum delivered_when { DELIVERED_WHEN_RELEASED, DELIVERED_WHEN_FIXED, DELIVERED_WHEN_VERSION };
enum several_defects { SEVERAL_ALL, SEVERAL_ANY };
enum on_declined { ON_DECLINED_KEEP, ON_DECLINED_ASK };
enum on_reopen { ON_REOPEN_FLAG, ON_REOPEN_REOPEN, ON_REOPEN_NEW_DEFECT };
enum on_risk_accepted { ON_RISK_ACCEPTED_NOTE, ON_RISK_ACCEPTED_CLOSE };
const char *treatment_name(enum treatment v);
const char *delivered_when_name(enum delivered_when v);
const char *several_defects_name(enum several_defects v);
const char *on_declined_name(enum on_declined v);
const char *on_reopen_name(enum on_reopen v);
const char *on_risk_accepted_name(enum on_risk_accepted v);
bool treatment_parse(const char *s, enum treatment *ret);
bool delivered_when_parse(const char *s, enum delivered_when *ret);
bool several_defects_parse(const char *s, enum several_defects *ret);
bool on_declined_parse(const char *s, enum on_declined *ret);
bool on_reopen_parse(const char *s, enum on_reopen *ret);
bool on_risk_accepted_parse(const char *s, enum on_risk_accepted *ret);

#define THRESHOLDS_MAX 16
struct policy {
    enum treatment treatment;
    bool require_workaround;
    enum delivered_when delivered_when;
    enum several_defects several_defects;
    enum on_declined on_declined;
    enum on_reopen on_reopen;
    int recurrences; /* >= 1 */
    enum on_risk_accepted on_risk_accepted;
    msec_t reopen_window;
    msec_t settle[VERDICT_COUNT];   /* [VERDICT_UNLINKED] stays 0 */
    int thresholds[THRESHOLDS_MAX]; /* ascending */
    size_t n_thresholds;
    enum visibility notes[NOTE_KIND_COUNT];
};
/* The defaults of interface.md 1. */
void policy_defaults(struct policy *p);

/* One entry of `policy.for`: what it matches, and which keys it sets. A list
 * matches when one of its words equals the incident's (case folded); NULL: any. */
enum policy_key {
    POLICY_TREATMENT = 1 << 0,
    POLICY_REQUIRE_WORKAROUND = 1 << 1,
    POLICY_DELIVERED_WHEN = 1 << 2,
    POLICY_SEVERAL_DEFECTS = 1 << 3,
    POLICY_ON_DECLINED = 1 << 4,
    POLICY_ON_REOPEN = 1 << 5,
    POLICY_RECURRENCES = 1 << 6,
    POLICY_ON_RISK_ACCEPTED = 1 << 7,
    POLICY_REOPEN_WINDOW = 1 << 8,
    POLICY_SETTLE_PENDING = 1 << 9,
    POLICY_SETTLE_DECLINED = 1 << 10,
    POLICY_SETTLE_DELIVERED = 1 << 11,
    POLICY_THRESHOLDS = 1 << 12,
    POLICY_NOTES = 1 << 13 /* one bit for each kind from here: POLICY_NOTES << kind */
};
struct policy_words {
    const char **words;
    size_t count; /* 0: matches anything */
};
struct policy_rule {
    struct policy_words service, priority, tracker;
    struct policy_field {
        const char *name; /* native custom field */
        struct policy_words values;
    } * fields;
    size_t n_fields;
    uint32_t set; /* enum policy_key bits */
    struct policy policy;
    int line; /* in the file, for explain */
};
struct policy_set {
    struct policy base;
    struct policy_rule *rules;
    size_t n_rules;
};

/* ---- a record as a tracker told it ---- */

/* One text a person (or the bridge) wrote on a record. */
struct text {
    const char *place;  /* "subject", "description", "comment" */
    const char *id;     /* the tracker's id of the comment, transaction or journal; NULL for subject */
    const char *author; /* account name */
    bool requester;     /* by the record's requester, not by staff */
    bool internal;
    msec_t at;
    const char *body; /* plain text, LF */
};

/* One relation the tracker itself knows. */
struct relation {
    enum { RELATION_DUPLICATE_OF, RELATION_URL, RELATION_HELD_BY } type;
    const char *target; /* URL: the URL; else an id in the same tracker; HELD_BY: what may have to be done first */
    msec_t at;          /* 0 if the tracker doesn't tell */
    const char *by;
};

/* One change out of the tracker's history; only what the recipe asks for. */
struct change {
    const char *id;        /* the tracker's id of the history entry */
    const char *field;     /* "state" or the name of a native field */
    const char *from, *to; /* native values, NULL for none */
    const char *by;
    msec_t at;
};

struct record {
    const char *tracker, *id;
    enum kind kind;
    const char *title, *url;
    const char *native_state, *native_resolution;
    enum state state;     /* STATE_NONE: unmapped */
    enum outcome outcome; /* of a closed one; else NONE */
    enum presence presence;
    const char *merged_into;        /* id of the survivor when MERGED */
    const char *service, *priority; /* canonical */
    const char *reporter, *assignee;
    const char *version; /* target version's name */
    bool version_closed;
    msec_t created, updated;
    json_t *fields; /* object: canonical field name -> text or null; owned reference */
    json_t *native; /* object: native custom field name -> text; owned reference */
    uint64_t hash;  /* of the raw element */
    /* With detail (after a full read) only: */
    bool detailed;
    struct text *texts;
    size_t n_texts;
    struct relation *relations;
    size_t n_relations;
    struct change *changes;
    size_t n_changes;
    const char *allowed; /* native states this account may move it to, comma separated; NULL unknown */
};

/* "helpdesk:4711"; in the arena. */
char *ref_make(struct arena *a, const char *tracker, const char *id);
/* Splits at the first colon; false when it isn't a reference. */
bool ref_split(struct arena *a, const char *ref, const char **ret_tracker, const char **ret_id);
/* "P-12" -> 12; false on anything else. Case of P is folded. */
bool problem_ref_parse(const char *s, int64_t *ret);

/* ---- the bridge's own record ---- */

struct problem {
    int64_t id; /* 12 is P-12 */
    bool known_error;
    const char *title, *symptom, *error_code, *service, *items, *product, *version;
    int impact, urgency;  /* 1..4, 0 unset; 1 is critical */
    const char *priority; /* critical, high, medium, low or NULL */
    const char *owner, *group;
    bool proactive;
    const char *cause;
    msec_t cause_at;        /* first known */
    const char *workaround; /* internal text */
    msec_t workaround_at;
    const char *customer_text; /* saved, perhaps not published */
    const char *published_text;
    int revision; /* of the published text; 0: none */
    msec_t confirmed_at;
    const char *solution, *fixed_in;
    enum resolution resolution;
    const char *reason, *accepted_by;
    msec_t review;
    int64_t duplicate_of;
    const char *change_request;
    msec_t analysis_target;
    msec_t created, known, closed, resolved_at; /* resolved_at: when `resolution` was set */
    bool reopened;                              /* pending until a defect's state moves or it is closed again */
    enum delivery delivery;
    int serial; /* how often the delivery changed */
};

/* ---- the outbox's row ---- */

struct effect {
    int64_t n;
    const char *ref; /* record; for a creation "TRACKER:" */
    enum effect_kind kind;
    const char *key; /* law 1, unique */
    json_t *want;    /* what, see store.h; owned reference */
    json_t *from;    /* array of canonical states it may start from, or NULL */
    enum effect_state state;
    const char *reason;
    int64_t problem;
    int turn;
    int64_t batch;    /* 0: none */
    int64_t decision; /* effects of one decision carry one number */
    int attempts;
    const char *error; /* the tracker's own words */
    const char *echo;  /* id the tracker gave to our change */
    msec_t created, not_before, sent, settled;
};

#endif
