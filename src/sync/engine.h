/* engine: what the files of this room share.
 *
 *   engine.c   beginning, end                  lane.c     one tracker: operations, health
 *   reload.c   new settings                    carry.c    what they mean for what is known
 *   poll.c     lists, import, versions         lookup.c   reads of single records, sweep, presence
 *   ingest.c   a record was seen               gather.c   its evidence
 *   presence.c it is deleted, merged, hidden
 *   relink.c   evidence to links and problems  due.c      the worker
 *   facts.c    what policy is handed           incident.c problem.c defect.c  one decision each
 *   clock.c    the wall clock that was set
 *   assert.c   wants to effects                mirror.c   mirrored values
 *   deliver.c  effects to the tracker          settle.c   what became of them
 *   look.c     what is unsure, looked for
 *   identity.c who we are, lost and restored databases
 *   foreign.c  markers found on records            memory.c   restored trackers
 *   command*.c what people want                whatif.c   what a changed configuration would do
 *   bulk.c     a command for all incidents
 *   audit*.c   all linked records again, and what differs
 *
 * All database work of one event stands between engine_begin and engine_commit. */
#ifndef SYNC_ENGINE_H
#define SYNC_ENGINE_H

#include "bascule/note.h"
#include "bascule/policy.h"
#include "bascule/store.h"
#include "bascule/sync.h"
#include "bascule/tracker.h"

struct lane;

/* A reference that lives as long as something is under way for its record. */
struct busy {
    struct busy *next;
    char ref[];
};

struct lane {
    struct engine *e;
    const struct settings_tracker *cfg;
    struct tracker *tracker;
    struct timer *timer; /* the next thing to do */
    bool polling;        /* a list is under way */
    msec_t poll_at;      /* of the next poll; wall clock, kept right when that is set (clock.c) */
    msec_t begin_at;     /* when it must be found out again in which zone its account's dates are read; 0: now */
    bool unproven;       /* ... for there was no record to show whether that was right */
    msec_t back_at;      /* when a list begins long before the cursor; 0: the next one */
    bool back;           /* the one under way does */
    bool doubted;        /* something failed: nothing else leaves until a list tells whether it was the tracker */
    int jobs;            /* single-record operations under way */
    struct busy *busy;   /* their records */
    char *cursor;        /* newer than the stored one while nothing changes; NULL: as stored */
    bool import_done, paused;
    bool versions_seen; /* the stored versions were compared with the tracker's since the start */
    bool listed;        /* the import has seen its last page */
    /* elements of lists whose id could not be read */
    enum { NAMELESS_NONE, NAMELESS_SEEN, NAMELESS_LOOKED } nameless; /* looked: none so far in a round from there on */
    msec_t nameless_from;                                            /* of the page that had one */
    const char *stopped; /* heap; why nothing is written here until a person says go on */
    bool blind;          /* stopped, and nothing is believed from here either */
    /* memory.c */
    struct asking *asking; /* whether it remembers is being found out */
    bool asked, doubts;    /* a read for it is under way; it contradicted itself once */
    msec_t ask_at, remembered_at;
    /* health */
    int failures; /* in a row */
    bool down;
    msec_t wait_until; /* limits, back-off; wall clock too */
    char error[400];
    msec_t error_since, last_ok, last_poll, stored_ok;
    msec_t offset;       /* tracker's clock minus ours */
    msec_t sweep_at;     /* when the next sweep begins */
    char sweep_ref[300]; /* "" no sweep runs */
    bool sweeping;
    uint64_t requests, writes; /* counted since start */
};

struct asking;
struct carry;
struct bulk;

struct engine {
    const struct engine_world *world;
    struct store *store;
    struct settings *settings;
    struct lane *lanes;
    size_t n_lanes;
    struct reference_rules *rules;
    const struct note_templates *notes; /* in notes_arena */
    struct arena *notes_arena;
    char instance[16];
    /* identity.c */
    int64_t generation;
    enum { MARK_NONE, MARK_DUE, MARK_BUMPED } mark;
    msec_t marked_at;
    struct timer *marker;
    msec_t recovered; /* markers that the database does not know are no surprise if older; 0 never */
    bool adopts;      /* imports adopt, whatever `history` says */
    struct timer *worker;
    bool started, stopping, held, outbox_open;
    bool adopting; /* what a changed configuration made due is not yet decided: nothing new is read before that */
    msec_t references_at; /* since when references are found as now; 0: always */
    int jobs;             /* all lanes */
    void (*stopped)(void *arg);
    void *stopped_arg;
    struct timer *grace;
    void (*idle)(void *arg, bool failed);
    void *idle_arg;
    msec_t idle_by; /* what leaves soon is waited for until then */
    void (*changed)(void *arg, const char *what, const char *ref);
    void *changed_arg;
    bool imported; /* the very first import was complete once */
    bool clock_known;
    msec_t clock_ahead;  /* the wall clock minus the one that never goes back */
    struct carry *carry; /* a changed configuration is carried through; NULL: none */
    struct bulk *bulk;   /* something for all incidents is under way; NULL: nothing */
    struct audit *audit; /* NULL: none is under way */
    int64_t audits;      /* begun so far */
    struct fault fault;  /* of the last commit that failed */
    int commit_failures;
};

struct identity {
    char instance[16], machine[40];
    int64_t generation, problems;
};

/* ---- engine.c ---- */
static inline bool engine_asserts_history(const struct engine *e) {
    return e->settings->history_assert && !e->adopts;
}
static inline msec_t now_of(const struct engine *e) {
    return clock_now(&e->world->clock);
}
void engine_begin(struct engine *e);
/* False: rolled back; everything the transaction was about must be done again. Asks the worker to come. */
bool engine_commit(struct engine *e);
void engine_wake(struct engine *e, msec_t delay); /* the worker */
void engine_maybe_idle(struct engine *e);
void engine_job_ended(struct engine *e);
void engine_changed(struct engine *e, const char *what, const char *ref);
struct lane *engine_lane(struct engine *e, const char *tracker);
struct lane *engine_lane_of_ref(struct engine *e, const char *ref);
bool engine_may_write(const struct engine *e);
/* Trackers that joined later and whose import is not complete, as a JSON array of names; NULL: none. */
const char *engine_blocked(const struct engine *e, struct arena *a);
bool engine_due(const struct engine *e); /* something waits for a decision */
/* For a reload. */
int rules_make(struct engine *e, struct fault *fault);
int templates_make(struct engine *e, struct fault *fault);
int lanes_make(struct engine *e, struct settings *settings, struct lane **ret, struct fault *fault);
void lanes_free(struct lane *lanes, size_t n);
bool engine_identity(struct engine *e, bool first, struct fault *fault);
void references_known(struct engine *e); /* inside a transaction: since when they are found as they are now */
void journal(struct engine *e, const char *actor, const char *what, const char *ref, int64_t problem, int64_t effect,
             const char *format, ...) printf_like(7, 8);

/* ---- lane.c ---- */
typedef void job_done(struct lane *l, void *who, const struct op_result *result);
/* Drives an operation to its end, then calls done and frees op. Takes op. write: counts it as one. */
void lane_run(struct lane *l, struct op *op, bool write, job_done *done, void *who);
bool lane_busy(const struct lane *l, const char *ref);
void lane_hold(struct lane *l, const char *ref);
void lane_release(struct lane *l, const char *ref);
void lane_wake(struct lane *l, msec_t delay);
/* What a list says of its tracker: the only judge of its health. True if it may be believed. */
bool lane_health(struct lane *l, const struct op_result *r);
/* What any other result says: true if its class is about the record. A failure may be that one
 * record's or the tracker's: the next list tells (law 6). */
bool lane_told(struct lane *l, const struct op_result *r);
bool lane_can(const struct lane *l); /* may send now */
int lane_init(struct lane *l, struct engine *e, const struct settings_tracker *cfg, struct fault *fault);
void lane_deinit(struct lane *l);

/* ---- carry.c ---- */
/* Inside a transaction: all is decided again, each after its states were mapped anew if their table has changed. */
void carry_all(struct engine *e, int64_t batch, bool adopt, const char *cause);
/* Inside the transaction of the start: what did not end before, or a table that changed meanwhile. */
void carry_begin(struct engine *e);
bool carry_step(struct engine *e); /* the worker's; false: the commit failed */
bool carry_adopts(const struct engine *e);
void carry_preview(struct engine *e, const char *cause);
void carry_free(struct engine *e);

/* ---- identity.c ---- */
/* Inside the first transaction; after its commit identity_keep writes the file. */
must_check int identity_begin(struct engine *e, struct fault *fault);
must_check int identity_keep(struct engine *e, struct fault *fault);
/* Effects are about to leave: inside the transaction that marks them in flight, and after its commit. */
void identity_mark(struct engine *e);
void identity_marked(struct engine *e);
void identity_end(struct engine *e); /* what a timer would have marked, now */
void identity_opened(struct engine *e);
bool instance_is_one(const char *name, struct fault *fault);
void identity_take(struct engine *e, const char *instance); /* goes on as that one */

/* ---- foreign.c, memory.c: inside a transaction, but for memory_run, memory_fresh, memory_free ---- */
#define STOP_WRITES "writes"
#define STOP_ALL    "all"
void lane_stop(struct lane *l, const char *kind, const char *how, const char *why, const char *clear);
/* The markers that stand in a record's texts. */
void foreign_look(struct lane *l, struct arena *a, const char *ref, const struct record *r);
/* A record names a problem of that number: after a loss it is not given again. */
void foreign_number(struct lane *l, int64_t problem);
void foreign_accept(struct lane *l, struct arena *a); /* a person says go on */
/* The note of that key stands on the record, since when. */
bool told_before(struct engine *e, struct arena *a, const char *ref, const char *key, msec_t *ret_at);
bool turn_was_used(struct engine *e, struct arena *a, const char *ref, int turn, msec_t moved);
bool memory_fresh(const struct lane *l); /* it remembered, lately */
void memory_ask(struct lane *l);
void memory_run(struct lane *l);
void memory_free(struct lane *l);
void memory_clock(struct lane *l, struct arena *a); /* a time is about to be stored */
/* False: not to be taken, it contradicts what was seen (or another one just did). */
bool memory_believes(struct lane *l, struct arena *a, const struct record *r);
bool memory_page(struct lane *l, struct arena *a, const struct op_result *r);
void memory_resume(struct lane *l, struct arena *a, struct tracker_row *t);
void memory_imported(struct lane *l, struct arena *a);

/* ---- poll.c ---- */
void poll_start(struct lane *l);
void poll_versions(struct lane *l);
void import_maybe_done(struct lane *l);

/* ---- clock.c ---- */
/* The wall clock was set: spans that are counted in it are set along. Not inside a transaction. */
void engine_clock(struct engine *e);
/* The tracker's clock corrected to ours; `ours` has nothing in the future. */
msec_t as_told(const struct lane *l, msec_t t);
msec_t ours(const struct lane *l, msec_t t);

/* ---- lookup.c ---- */
/* Puts a record aside that cannot be read, on the attention list; the sweep looks again. Inside a transaction. */
void record_broken(struct lane *l, struct arena *a, const char *ref, const char *why);
void record_mended(struct lane *l, const char *ref);
void lookups_run(struct lane *l);
void sweep_run(struct lane *l);
/* Reads one record now; then(arg, ok) after it was ingested. */
void lookup_now(struct lane *l, const char *ref, void (*then)(void *arg, const struct op_result *r), void *arg);

/* ---- ingest.c: inside a transaction ---- */
struct seen {
    const struct record *record;
    bool adopt;     /* by an import: what it finds is adopted */
    uint64_t hash;  /* of the list's element; 0: keep */
    const char *by; /* who moved it, when the record itself can't tell */
};
void ingest(struct lane *l, struct arena *a, const struct seen *seen);
/* A state was confirmed by the history alone: what stands there now may be another's already (law 2). */
void ingest_overtaken(struct lane *l, struct arena *a, const char *ref, const struct record *r);

/* ---- presence.c: inside a transaction ---- */
void ingest_presence(struct lane *l, struct arena *a, const char *ref, enum presence presence, const char *merged_into,
                     bool certain);
/* A record is mirrored into which others were merged before. */
void merged_before(struct lane *l, struct arena *a, const char *ref);

/* ---- gather.c ---- */
struct touched {
    const char **items;
    size_t count;
};
struct gathered {
    bool changed; /* evidence came or went */
    bool old;     /* all that changed is that older references were found now: what follows from it is adopted */
    struct touched touched; /* the incidents that a defect's evidence came to name, or names no longer */
};
/* Brings the evidence that stands in a record up to date. old: the record as it was known; NULL: it was not. */
struct gathered gather(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                       const struct record_row *old, bool suggest_only);
const char *native_field(const struct lane *l, enum field f);
const char *home_tracker(const struct engine *e, enum role role);

/* ---- relink.c ---- */
void relink_incident(struct engine *e, struct arena *a, const char *ref, bool adopt);
/* The number that stands for a problem today: of a merged one the other's. */
int64_t problem_meant(struct engine *e, struct arena *a, int64_t id);
/* A person says that the defect does not stand behind the problem. */
void reject_defect_problem(struct engine *e, const char *ref, int64_t problem, const char *actor);
/* All incidents whose evidence names that defect, by the worker; or those alone. */
void relink_defect(struct engine *e, struct arena *a, const char *ref, bool adopt);
void relink_touched(struct engine *e, struct arena *a, const char *ref, const struct touched *t, bool adopt);
int64_t problem_make(struct engine *e, struct arena *a, const char *title, const char *service, bool automatic,
                     bool adopt, const char *actor);
/* The problem that a defect stands behind; made if there is none. */
int64_t problem_of_defect(struct engine *e, struct arena *a, const char *ref, bool adopt, const char *actor);
void problem_maybe_undo(struct engine *e, struct arena *a, int64_t id);

/* ---- facts.c ---- */
bool facts_problem(struct engine *e, struct arena *a, int64_t id, struct problem_facts *ret);
size_t facts_incident_problems(struct engine *e, struct arena *a, const char *ref, struct problem_facts **ret);
/* The policy that holds for it and what stands behind it. */
void facts_policy(struct engine *e, struct arena *a, const struct problem_facts *f, struct policy *ret);
/* Live end of a chain of duplicates. */
void facts_defect(struct engine *e, struct arena *a, const char *ref, struct defect_facts *ret);
/* "A defect closed as duplicate, by its status or by a relation on a closed
 * defect, hands its problem on." */
bool defect_hands_on(const struct record_row *d);
/* Somebody still has to work on it. */
bool defect_unfinished(const struct defect_facts *d);
/* Problems whose delivery depends on a defect: its own, and those of its duplicates. */
size_t problems_of_defect(struct engine *e, struct arena *a, const char *ref, int64_t **ret);
/* Those that count for it now: its own, and those that its duplicates hand on. */
size_t problems_handed_to(struct engine *e, struct arena *a, const char *ref, int64_t **ret);

/* ---- due.c, incident.c, problem.c, defect.c: inside a transaction ---- */
void decide_due(struct engine *e, struct arena *a, const struct due_row *d);
bool worker_one(struct engine *e, struct arena *a, const char *blocked); /* false: nothing is due */
void worker_run(void *engine);
void worker_drain(struct engine *e); /* a few steps at once, before a command is answered */
/* Decides that one record, and its problems, if anything about it waits for a decision: before it is written. */
void worker_decide(struct engine *e, struct arena *a, enum kind kind, const char *ref);
/* One defect's mirrored values leave together, at most every 2 s (law 1), and the rarer the more is on its way behind
 * it. */
msec_t values_span(struct engine *e, const char *ref);
void defect_soon(struct engine *e, const char *ref, bool adopt, const char *cause);
void due_problems_of(struct engine *e, struct arena *a, const char *defect, bool adopt, const char *cause);
/* Adds to `counts` ("note fixed": 2) what would be entered anew if what was adopted on it counted as new. */
void incident_unadopted(struct engine *e, struct arena *a, const char *ref, json_t *counts);
void decide_incident_now(struct engine *e, struct arena *a, const char *ref, int64_t batch, bool adopt);
void decide_problem_now(struct engine *e, struct arena *a, int64_t id, int64_t batch, bool adopt);
void decide_defect_now(struct engine *e, struct arena *a, const char *ref, bool adopt);

/* ---- assert.c ---- */
struct asserting {
    struct engine *e;
    struct arena *a;
    int turn;
    int64_t batch;
    bool quiet;      /* asked for by `policy apply`: its notes are spent */
    bool spent;      /* ignored, or what an import found: spent without leaving */
    bool spent_turn; /* an adopted turn: what belongs to the turn is spent, what is newer is not */
    bool ignored;    /* spent for good: not history, which may be asserted later */
    const char *why_spent;
    const struct problem_facts *problems;
    size_t n_problems;
    const struct judged *judged; /* NULL for a defect's own */
    const struct record *record; /* the incident or defect that is decided on */
    msec_t came_back_at;         /* of the incident */
    json_t *did;                 /* array: what was wanted and became of it, for explain */
};
void assert_wants(struct asserting *x, const struct decision *d);
/* The attention of a decision as the store takes it. */
const struct attention_item *attention_items(struct arena *a, const struct decision *d);
/* A creation as a want: the facts of a problem, and of the incident or the defect (whose fix did not hold) it comes
 * from, for a new defect. 0: it was asked for before. */
int64_t assert_creation(struct engine *e, struct arena *a, const char *tracker, const char *key, int64_t problem,
                        const struct record *from, const char *reason, bool spent);

/* ---- mirror.c ---- */
void mirror_incident(struct engine *e, struct arena *a, const struct record *r, const struct problem_facts *problems,
                     size_t n, enum outcome outcome, bool keeps_outcome, bool spent);
void mirror_defect(struct engine *e, struct arena *a, const struct record *r, const struct problem *const *problems,
                   size_t n, const struct counts *counts, bool spent);
bool field_equal(struct engine *e, struct arena *a, enum field f, enum kind kind, const char *x, const char *y);

/* ---- deliver.c, settle.c, look.c ---- */
void deliver_run(struct lane *l);

/* ---- whatif.c ---- */
/* {"would": "close 12, resolve 3, tell 9", "effects": counts} */
json_t *whatif_words(const json_t *counts);

/* ---- command ---- */
/* command_policy.c: incidents whose turn began under another policy begin a new one, without notes; says how many. */
int policy_apply(struct engine *e);
/* bulk.c: what is under way ends unanswered, or answered that the service ends. */
void bulk_free(struct engine *e);
void bulk_stop(struct engine *e);
bool bulk_keeps(const struct engine *e); /* nothing may be decided or leave before it is through */
/* audit.c: ends it; a question that waits is answered that the service ends. */
void audit_free(struct engine *e);
void audit_stop(struct engine *e);
typedef void command_fn(struct engine *e, json_t *args, const char *actor, command_done *done, void *who);
json_t *problem_details(int status, const char *title, const char *detail);

#endif
