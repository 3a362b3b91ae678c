/* store: everything that must outlive the process. SQLite in WAL mode,
 * synchronous=FULL; one writer, on the loop's thread. The schema is
 * src/store/schema.sql.
 *
 * Transactions are short: store_begin, verbs, store_commit. An error inside one
 * sticks: the verbs after it do nothing and read nothing, and store_commit rolls
 * back and reports it. So only store_commit has to be checked, and a caller must
 * not act on what it read before it returned 0.
 *
 * All that is read lives in the arena handed in; JSON in it is freed with
 * store_arena_json's owner, the store, at the end of the transaction. */
#ifndef BASCULE_STORE_H
#define BASCULE_STORE_H

#include "bascule/model.h"

struct store;
struct sqlite3;

/* Creates or opens; refuses a database of a newer version, another application's
 * file, one that a running service holds. */
must_check int store_open(const char *path, struct store **ret, struct fault *fault);
struct store *store_close(struct store *s);
/* The handle, for the read-only queries of src/report. */
must_check int store_open_read(const char *path, struct sqlite3 **ret, struct fault *fault);

/* A whole copy of a database, also of one in use, as a new file. */
must_check int store_copy(const char *path, const char *copy, struct fault *fault);

/* What was committed moves from the log (PATH-wal) into the file by checkpoints alone: slow, with a connection of
 * their own, on any thread. Gives one that is due and not under way, else NULL; store_checkpoint_run does it,
 * store_checkpoint_done ends it on the store's thread. The store must live until then. */
struct checkpoint;
struct checkpoint *store_checkpoint(struct store *s);
void store_checkpoint_run(void *checkpoint);
void store_checkpoint_done(void *checkpoint, bool ran);
/* An online copy, in steps: FILE appears when it is whole. Nothing but an older backup is replaced, and that only by
 * force; a failure leaves nothing behind (src/store/backup.c). */
struct store_backup;
must_check int store_backup_begin(const char *database, const char *file, bool force, struct store_backup **ret,
                                  struct fault *fault);
/* 0: more to do; 1: FILE is there. */
must_check int store_backup_step(struct store_backup *b, struct fault *fault);
/* Pages copied, of how many; bytes that the copy has. */
void store_backup_progress(const struct store_backup *b, int64_t *ret_done, int64_t *ret_of, int64_t *ret_bytes);
struct store_backup *store_backup_free(struct store_backup *b);
/* A running service holds it. */
bool store_in_use(const char *path);

void store_begin(struct store *s);
must_check int store_commit(struct store *s, struct fault *fault);
void store_rollback(struct store *s);
bool store_failed(const struct store *s);
/* Rows changed by this connection since it was opened: an idle poll adds none. */
int64_t store_changes(const struct store *s);

/* ---- meta ---- */
const char *store_meta(struct store *s, struct arena *a, const char *key); /* NULL: absent */
void store_meta_set(struct store *s, const char *key, const char *value);

/* ---- API tokens (token.c) ---- */
struct token_row {
    const char *id, *name, *hash, *created_by;
    enum user_role role;
    msec_t created, expires, used, revoked; /* 0: never, not */
};
void store_token_add(struct store *s, const struct token_row *t);
bool store_token(struct store *s, struct arena *a, const char *id, struct token_row *ret);
bool store_token_named(struct store *s, struct arena *a, const char *name,
                       struct token_row *ret);                                 /* not a revoked one */
size_t store_tokens(struct store *s, struct arena *a, struct token_row **ret); /* newest first, revoked ones last */
void store_token_used(struct store *s, const char *id, msec_t now);
void store_token_revoke(struct store *s, const char *id, const char *by, msec_t now);

/* ---- markers found on records, and lost pasts (marker.c) ---- */
bool store_marker_add(struct store *s, const char *ref, const char *instance, const char *word, msec_t at); /* new? */
bool store_marker(struct store *s, const char *ref, const char *instance, const char *word, msec_t *ret_at);
/* A record that bears it, of one tracker or (NULL) any; NULL: none. */
const char *store_marker_ref(struct store *s, struct arena *a, const char *instance, const char *word,
                             const char *tracker);
int64_t store_problem_top(struct store *s);           /* the highest number ever given */
void store_problem_floor(struct store *s, int64_t n); /* numbers up to n are never given again */
/* A record that named the number before there was such a problem meant another one. */
void store_evidence_forget_problem(struct store *s, int64_t problem);
/* Creations that have not left are looked for first; says how many. */
int store_creations_unsure(struct store *s);
/* Present records, the last changed first. */
size_t store_records_newest(struct store *s, struct arena *a, const char *tracker, size_t limit, const char ***ret);
/* Each of its records is read anew, each mirrored value computed anew. */
void store_tracker_again(struct store *s, const char *tracker);
/* Nothing that it shows contradicts what was known of it. */
void store_record_unknown(struct store *s, const char *ref);
size_t store_records_unseen(struct store *s, struct arena *a, const char *tracker, msec_t since, const char ***ret);

/* ---- trackers ---- */
struct tracker_row {
    const char *name, *connector, *role, *url, *cursor, *import, *error, *stopped, *sweep_at, *versions;
    msec_t import_began, clock_offset, last_poll, last_ok, last_change, error_since, sweep_began;
    int64_t imported;
    bool paused;
};
void store_tracker_ensure(struct store *s, const char *name, const char *connector, const char *role, const char *url);
bool store_tracker(struct store *s, struct arena *a, const char *name, struct tracker_row *ret);
void store_tracker_put(struct store *s, const struct tracker_row *t);
bool store_imports_done(struct store *s);

/* ---- records ---- */
struct record_row {
    struct record r;
    const char *ref;
    const char *duplicate_of; /* ref */
    const char *outcome_set;  /* said by a person */
    msec_t state_at, version_at, first_seen, last_seen, detailed_at;
    int missing_looks;
    bool fresh, forgotten, excluded;
};
bool store_record(struct store *s, struct arena *a, const char *ref, struct record_row *ret);
void store_record_put(struct store *s, const struct record_row *r);
bool store_record_unchanged(struct store *s, const char *ref, uint64_t hash);
/* forget: also what was said elsewhere in its words; notes that wait for it end */
void store_record_blank(struct store *s, const char *ref, msec_t now);
/* Refs whose sweep is due: linked, absent, or evidence's; after `after`, ascending. */
size_t store_sweep_refs(struct store *s, struct arena *a, const char *tracker, const char *after, size_t limit,
                        const char ***ret);
/* All refs of a tracker after `after`, ascending. */
size_t store_refs(struct store *s, struct arena *a, const char *tracker, const char *after, size_t limit,
                  const char ***ret);
/* Records that name `ref` as what they duplicate, through chains. */
size_t store_duplicates_of(struct store *s, struct arena *a, const char *ref, const char ***ret);
/* Sets version_closed on the records of a tracker; gives the refs that changed. */
size_t store_versions_apply(struct store *s, struct arena *a, const char *tracker, const char *version, bool closed,
                            msec_t at, const char ***ret);

/* ---- incidents' memory ---- */
struct incident_row {
    const char *ref;
    enum verdict verdict, was;
    int turn, adopted_turn, quiet_turn, asserted_turn;
    int recurred_turn;   /* staff said that it recurred; 0 never */
    int late_acked_turn; /* its late link was seen; 0 never */
    msec_t turn_at, linked_at, delivered_at, asserted_at, came_back_at;
    bool was_linked, adopted_open, ignored, overridden, own_reopen, came_back_acked;
    const char *policy; /* JSON */
    enum state asserted;
    enum outcome outcome;
    const char *outcome_set, *outcome_reason, *came_back_by, *decision;
};
bool store_incident(struct store *s, struct arena *a, const char *ref, struct incident_row *ret);
void store_incident_put(struct store *s, const struct incident_row *i);
/* Linked incidents after `after`, ascending. */
size_t store_incidents_linked(struct store *s, struct arena *a, const char *after, size_t limit, const char ***ret);

/* ---- problems ---- */
struct problem_row {
    struct problem p;
    enum ke_status status;
    msec_t delivered_at;
    bool automatic;
    int declined_acked, held_acked;
    int recurred; /* serial of the delivery that a manager said did not hold; 0 none */
    uint64_t fingerprint;
    const char *decision;
};
bool store_problem(struct store *s, struct arena *a, int64_t id, struct problem_row *ret);
int64_t store_problem_new(struct store *s, const struct problem_row *p);
void store_problem_put(struct store *s, const struct problem_row *p);
void store_problem_text(struct store *s, int64_t id, int revision, const char *text, msec_t at, const char *by);
size_t store_problems_duplicating(struct store *s, struct arena *a, int64_t id, int64_t **ret);

/* ---- evidence, rejections, links ---- */
struct evidence {
    int64_t n;
    const char *incident, *defect; /* "" none */
    int64_t problem;
    const char *origin, *source, *place, *actor, *quote;
    msec_t at;
    bool suggested;
    bool rejected; /* read only: a rejection stands against it */
};
struct evidences {
    struct evidence *items;
    size_t count;
};
void store_evidence_add(struct store *s, const struct evidence *e,
                        msec_t seen); /* once; a repeated one changes nothing */
void store_evidence_drop(struct store *s, int64_t n);
void store_evidence_confirm(struct store *s, int64_t n);
bool store_evidence(struct store *s, struct arena *a, int64_t n, struct evidence *ret);
void store_evidence_of_origin(struct store *s, struct arena *a, const char *origin, struct evidences *ret);
void store_evidence_of_incident(struct store *s, struct arena *a, const char *ref, struct evidences *ret);
void store_evidence_of_defect(struct store *s, struct arena *a, const char *ref, struct evidences *ret);
/* Evidence and rejections of a merged problem speak for the other. Before its links move. */
void store_evidence_move_problem(struct store *s, int64_t from, int64_t to);
void store_reject(struct store *s, const char *a, const char *b, msec_t at, const char *actor);
void store_reject_lift(struct store *s, const char *a, const char *b);
/* A rejection of the problem stands also against evidence that leads to it through a defect. */
bool store_rejected(struct store *s, const char *ref, int64_t problem, const struct evidence *e);

struct link_row {
    int64_t problem;
    const char *ref, *kind, *status;
    msec_t linked_at;
    bool automatic;
};
/* Records of a tracker with a confirmed link after `after`, ascending; and how many. */
size_t store_refs_confirmed(struct store *s, struct arena *a, const char *tracker, const char *after, size_t limit,
                            const char ***ret);
int64_t store_confirmed_count(struct store *s, const char *tracker);
size_t store_links_of(struct store *s, struct arena *a, const char *ref, const char *status,
                      struct link_row **ret); /* status NULL: all */
size_t store_links_of_problem(struct store *s, struct arena *a, int64_t problem, const char *kind, const char *status,
                              size_t limit, struct link_row **ret);
void store_link_put(struct store *s, const struct link_row *l);
void store_link_drop(struct store *s, int64_t problem, const char *ref);
/* To another problem; of two links the stronger stays, and the earlier of equal ones. */
void store_link_move(struct store *s, const struct link_row *l, int64_t to);
/* Another live problem that shares a defect, duplicates followed on both sides; 0 none. */
int64_t store_shared_defect(struct store *s, int64_t problem);

struct counts { /* of a problem's or a defect's incidents; gone and nowhere-counting left out */
    int total, open, waiting, closed_unresolved, solved, did_not_hold, late;
};
void store_counts_problem(struct store *s, int64_t problem, struct counts *ret);
void store_counts_defect(struct store *s, const char *ref, struct counts *ret);
/* How many of a problem's incidents came back within that time. */
int store_came_back(struct store *s, int64_t problem, msec_t from, msec_t until);
/* The newest incidents linked to a defect through its problems. */
size_t store_incidents_of_defect(struct store *s, struct arena *a, const char *ref, size_t limit,
                                 const char ***ret_refs, const char ***ret_urls);

/* ---- mirrored values ---- */
struct value_row {
    const char *computed, *written; /* NULL: never */
    int revision;
    msec_t written_at;
};
bool store_value(struct store *s, struct arena *a, const char *ref, const char *field, struct value_row *ret);
void store_value_put(struct store *s, const char *ref, const char *field, const struct value_row *v);

/* ---- outbox ---- */
struct effect_row {
    struct effect e;
    bool adopted; /* as history: `outbox open --assert` lets it go; never what an ignore has spent */
    bool held;    /* its batch was not released */
    int looks;
    msec_t alive;
    const char *marker;
};
/* 0 if its key was there already, else the new number. superseded: spent at once. */
int64_t store_effect_add(struct store *s, const struct effect_row *e, bool superseded);
bool store_effect(struct store *s, struct arena *a, int64_t n, struct effect_row *ret);
bool store_effect_by_marker(struct store *s, struct arena *a, const char *marker, struct effect_row *ret);
bool store_effect_by_key(struct store *s, struct arena *a, const char *key, struct effect_row *ret);
/* Moves it; the trigger refuses what the table forbids. error and echo NULL: kept. */
void store_effect_move(struct store *s, int64_t n, enum effect_state to, const char *error, const char *echo,
                       msec_t now);
void store_effect_later(struct store *s, int64_t n, msec_t not_before, const char *error); /* stays pending */
/* Pending effects of that decision need not wait any longer. */
void store_decision_now(struct store *s, int64_t decision);
void store_effect_looked(struct store *s, int64_t n, int looks);
void store_effect_alive(struct store *s, int64_t n, msec_t alive);
void store_effect_want(struct store *s, int64_t n, const json_t *want);
size_t store_effects_open(struct store *s, struct arena *a, const char *ref, struct effect_row **ret);
/* Notes of a record that were delivered: the newest 500. */
size_t store_notes_done(struct store *s, struct arena *a, const char *ref, struct effect_row **ret);
/* Refs of a tracker with something to send or to look for now; released batches only. */
size_t store_refs_sendable(struct store *s, struct arena *a, const char *tracker, msec_t now, size_t limit,
                           const char ***ret);
/* ... to look for only, while nothing may be sent. */
size_t store_refs_asking(struct store *s, struct arena *a, const char *tracker, msec_t now, size_t limit,
                         const char ***ret);
/* Effects behind one problem that have not settled, but for what the brake holds; counted up to `most`. */
int store_effects_leaving(struct store *s, int64_t problem, size_t most);
/* When the record's newest waiting field effect was entered, and when the first of them may leave; 0 none. */
msec_t store_field_entered(struct store *s, const char *ref);
msec_t store_field_leaves(struct store *s, const char *ref);
/* What was never tried leaves then at the latest. */
void store_field_sooner(struct store *s, const char *ref, msec_t leaves);
/* When the next waiting effect of a tracker becomes sendable; 0 none. */
/* The state of the last state effect done on it; NULL if there is none, or while another one is on its way. */
const char *store_state_left(struct store *s, struct arena *a, const char *ref);
msec_t store_next_sendable(struct store *s, const char *tracker, msec_t now);
/* State and note effects of an older turn that have not left, parked ones too, are superseded; says how many. */
int store_supersede_turn(struct store *s, const char *ref, int turn, const char *why, msec_t now);
int store_supersede_field(struct store *s, const char *ref, const char *field, msec_t now);
/* After a crash: what was in flight is unsure; says how many. */
int store_in_flight_unsure(struct store *s, msec_t now);
int store_told_revision(struct store *s, const char *ref, int64_t problem);
int64_t store_next_decision(struct store *s);
/* Effects from number n on, by what they do; the caller's. */
json_t *store_effect_counts(struct store *s, int64_t n);
int store_adopted_release(struct store *s, int64_t batch); /* outbox open --assert */
json_t *store_adopted_counts(struct store *s);
void store_effects_merge(struct store *s, const char *from_ref, const char *why,
                         msec_t now); /* a merged record's unsent ones */
/* What was asserted on a merged record is spent for the survivor too; not what never left. Before store_effects_merge.
 */
void store_keys_merge(struct store *s, const char *from, const char *to, msec_t now);
/* The turn was raised without a new verdict: what was asserted in the old one is asserted. */
void store_keys_raise(struct store *s, const char *ref, int from, int to, msec_t now);

/* ---- batches (the brake) ---- */
int64_t store_batch_new(struct store *s, int64_t problem, const char *cause, msec_t now);
/* Batches all of whose due rows were worked off are released, or braked if they
 * tell or move more than brake. Gives the braked ones. */
struct batch_row {
    int64_t id, problem;
    int tells, moves;
    const char *cause;
};
size_t store_batches_close(struct store *s, struct arena *a, int brake, struct batch_row **ret_braked);
int64_t store_batches_gathering(struct store *s);
/* What is left of a batch waits for something else: it goes on as one of its own, and what was decided may leave. */
void store_batches_part(struct store *s, struct arena *a, msec_t now);
bool store_batch_release(struct store *s, int64_t id);
bool store_batch(struct store *s, struct arena *a, int64_t id, struct batch_row *ret);
/* Note keys about one problem count for another too (merge, split): spent, nobody
 * is told again. ref NULL: of all records. */
void store_keys_copy(struct store *s, struct arena *a, int64_t from, int64_t to, const char *ref, msec_t now);

/* ---- due ---- */
struct due_row {
    enum kind kind;
    const char *id; /* ref, or the problem's number */
    int64_t batch;
    bool adopt;
    const char *cause;
};
void store_due(struct store *s, enum kind kind, const char *id, int64_t batch, bool adopt, const char *cause);
void store_due_problem(struct store *s, int64_t id, bool adopt, const char *cause);
/* An incident that is due already keeps its own adoption: its problem's says nothing of it. */
void store_due_incidents_of(struct store *s, int64_t problem, int64_t batch, bool adopt, const char *cause);
/* The next `limit` (at most) of all problems, linked defects, or known incidents, after the one whose number or ref
 * stands in `after` ("": from the first), which is moved on. False: there are no more. What is due already stays
 * adopted only if this says so too. */
bool store_due_page(struct store *s, enum kind kind, char *after, size_t size, size_t limit, int64_t batch, bool adopt,
                    const char *cause);
bool store_due_adopted(struct store *s); /* something is due whose turn would be adopted */
/* Takes (removes) one: problems first, then incidents, then defects. blocked (NULL: none): not what belongs to those
 * trackers (a JSON array of names), or is linked with what does. False: nothing is due. */
bool store_due_next(struct store *s, struct arena *a, const char *blocked, struct due_row *ret);
/* ... that very one (id NULL: any of the kind), if it is due. */
bool store_due_of(struct store *s, struct arena *a, const char *blocked, enum kind kind, const char *id,
                  struct due_row *ret);
bool store_due_waits(struct store *s, enum kind kind, const char *id);
/* Known incidents whose evidence names that defect are to be linked anew. */
void store_relink_of_defect(struct store *s, const char *ref, bool adopt);
/* Takes (removes) one, or that very one. */
bool store_relink_next(struct store *s, struct arena *a, const char *ref, const char **ret, bool *ret_adopt);
bool store_due_any(struct store *s, const char *blocked);                     /* ... or to be linked anew */
void store_again(struct store *s, enum kind kind, const char *id, msec_t at); /* 0: not any more */
void store_again_by(struct store *s, enum kind kind, const char *id, msec_t at);
bool store_again_waits(struct store *s, enum kind kind, const char *id);
/* Turns timers that have come into due rows; gives the next one's time, 0 none. */
msec_t store_again_ripe(struct store *s, msec_t now);
msec_t store_again_next(struct store *s); /* the first one's time, 0 none */

/* ---- lookups: records to be read whole ---- */
struct lookup_row {
    const char *ref;
    uint64_t hash; /* of the list's element that asked for it; 0: a reference did */
    bool adopt;    /* found by an import */
    int tries;
};
/* A changed record (hash not 0) is read at once even if it was waiting. */
void store_lookup_add(struct store *s, const struct lookup_row *l, msec_t next);
void store_lookup_done(struct store *s, const char *ref, uint64_t hash); /* stays if a newer element asked meanwhile */
void store_lookup_later(struct store *s, const char *ref, msec_t next, const char *why);
/* Spans on disk that are counted in wall clock: of effects and lookups. */
void store_waits_shift(struct store *s, msec_t step);
size_t store_lookups(struct store *s, struct arena *a, const char *tracker, msec_t now, size_t limit,
                     struct lookup_row **ret);
msec_t store_lookup_next(struct store *s, const char *tracker); /* 0 none */
/* True if that very element waits to be read already. */
bool store_lookup_waits(struct store *s, const char *ref, uint64_t hash);
/* Changed records of a tracker that are still to be read. */
int64_t store_lookups_changed(struct store *s, const char *tracker);
bool store_lookups_changed_any(struct store *s, const char *tracker);
/* A merged incident's evidence and rejections now speak for the survivor. */
void store_incident_merge(struct store *s, const char *from, const char *to);
/* Records that were merged into that one. */
size_t store_merged_into(struct store *s, struct arena *a, const char *tracker, const char *id, const char ***ret);

/* ---- attention, journal, quarantine ---- */
struct attention_item {
    const char *kind, *subject, *text, *who, *clear;
};
/* Sets those, and clears all others of the subject whose kind is in `kinds`
 * (space separated). since stays while the kind does. */
void store_attention_sync(struct store *s, const char *subject, const char *kinds, const struct attention_item *items,
                          size_t n, msec_t now);
void store_attention_set(struct store *s, const struct attention_item *item, msec_t now);
void store_attention_clear(struct store *s, const char *kind, const char *subject);
/* Is one of these kinds (words) listed for it? */
bool store_attention_has(struct store *s, const char *kinds, const char *subject);
/* What clears the oldest entry about it; NULL: nothing is listed. */
const char *store_attention_way(struct store *s, struct arena *a, const char *subject);

struct journal_entry {
    const char *actor, *what, *ref;
    int64_t problem, effect;
    const char *text;
    const json_t *data;
};
void store_journal(struct store *s, msec_t at, const struct journal_entry *e);
bool store_quarantined(struct store *s, const char *ref);
void store_quarantine(struct store *s, const char *tracker, const char *id, const char *why,
                      msec_t now); /* why NULL: lift */

#endif
