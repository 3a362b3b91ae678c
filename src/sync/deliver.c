/* deliver: effects to the tracker, one record at a time.
 *
 *   read the record again -> ingest, decide -> choose -> in-flight on disk (law 5)
 *     -> write -> settle (settle.c) -> next
 *
 * Effects of one record keep their order; what one decision wants goes in one
 * request: at most one state, all mirrored values, one note. */
#include "deliver.h"

#include <stdlib.h>
#include <string.h>

#define BEHIND_WAIT (30 * SEC_MS)
#define ABSENT_WAIT (900 * SEC_MS) /* nothing is written to a record that is not there, or whose move was refused */

#define HELD_BACK (10 * SEC_MS)

#define READY_MOST 64 /* records looked at in one turn */

struct dispatch *dispatch_new(struct lane *l, const char *ref) {
    struct dispatch *d = calloc(1, sizeof(*d));
    d->lane = l;
    d->e = l->e;
    d->ref = strdup(ref);
    d->a = arena_new();
    lane_hold(l, ref);
    return d;
}

void dispatch_end(struct dispatch *d) {
    struct lane *l = d->lane;
    lane_release(l, d->ref);
    engine_wake(l->e, 0);
    lane_wake(l, 0);
    arena_free(d->a);
    free(d->ref);
    free(d);
}

/* ---- choosing ---- */

static bool may_start_from(const struct effect_row *x, enum state class) {
    size_t i;
    json_t *s;
    if (!x->e.from || str_is(json_text(x->e.want, "midway"), state_name(class)))
        return true;
    json_array_foreach(x->e.from, i, s)
        if (str_is(json_string_value(s), state_name(class)))
            return true;
    return false;
}

/* The next step of a walk is open. */
static bool is_walking(const struct effect_row *x, enum state class) {
    return json_array_size(json_object_get(x->e.want, "walking")) > 0 && class != STATE_OPEN;
}

static enum state wanted_state(const struct effect_row *x, enum state class) {
    enum state s = STATE_NONE;
    if (is_walking(x, class))
        return STATE_OPEN;
    state_parse(json_text(x->e.want, "state"), &s);
    return s;
}

static void supersede_decision(struct dispatch *d, struct effect_row *all, size_t n, const struct effect_row *head,
                               const char *why) {
    for (size_t i = 0; i < n; i++)
        if (all[i].e.decision == head->e.decision && all[i].e.kind != EFFECT_FIELD &&
            all[i].e.state == EFFECT_PENDING) {
            store_effect_move(d->e->store, all[i].e.n, EFFECT_SUPERSEDED, why, NULL, now_of(d->e));
            all[i].e.state = EFFECT_SUPERSEDED;
            journal(d->e, "bridge", "superseded", d->ref, all[i].e.problem, all[i].e.n, "%s", why);
        }
}

static void take(struct dispatch *d, const struct effect_row *x) {
    if (d->n < array_size(d->effects))
        d->effects[d->n++] = *x;
}

static bool is_done(enum state class) {
    return incident_rank(class) >= incident_rank(STATE_CLOSED_UNRESOLVED);
}

/* It takes a public note of a request whose state it refuses, and opens the record on it: nobody is told before it can
 * be closed. */
static bool half_refused(const struct dispatch *d, const struct effect_row *all, size_t n, const struct effect_row *x,
                         enum state want) {
    if (!d->waits_for || !is_done(want) || !tracker_abilities(d->lane->tracker)->public_note_keeps_closed)
        return false;
    for (size_t i = 0; i < n; i++)
        if (all[i].e.kind == EFFECT_NOTE && all[i].e.decision == x->e.decision && all[i].e.state == EFFECT_PENDING &&
            str_is(json_text(all[i].e.want, "visibility"), visibility_name(VISIBILITY_PUBLIC)))
            return true;
    return false;
}

/* The state of a decision: already there, taken over by a person, or to be sent. False: the decision is over. */
static bool choose_state(struct dispatch *d, struct effect_row *all, size_t n, struct effect_row *x,
                         const struct record *r) {
    enum state class = r->kind == KIND_INCIDENT ? incident_class(r->state, r->outcome) : r->state,
               want = wanted_state(x, class);
    if (class == want) {
        settle_state_done(d, x, want, true);
        x->e.state = EFFECT_DONE;
        return true;
    }
    if (!may_start_from(x, class)) {
        supersede_decision(
            d, all, n, x, arena_printf(d->a, "it was found %s, moved by somebody else: people win", state_name(class)));
        return false;
    }
    if (half_refused(d, all, n, x, want)) {
        settle_park(d, x,
                    arena_printf(d->a, "%s has unresolved dependencies: %s has to be closed first", d->lane->cfg->name,
                                 d->waits_for));
        x->e.state = EFFECT_PARKED;
        return false;
    }
    take(d, x);
    d->write.state = want;
    outcome_parse(json_text(x->e.want, "outcome"), &d->write.outcome);
    return true;
}

static void choose_note(struct dispatch *d, const struct effect_row *x, const struct record *r) {
    struct write_note *note = arena_make(d->a, struct write_note);
    visibility_parse(json_text(x->e.want, "visibility"), &note->visibility);
    /* a public note never moves the record: what cannot be kept closed is said to staff */
    if (d->waits_for && d->write.state == STATE_NONE && is_done(incident_class(r->state, r->outcome)))
        note->visibility = VISIBILITY_INTERNAL;
    note->body = arena_strdup(d->a, json_text(x->e.want, "text"));
    note->marker = arena_strdup(d->a, json_text(x->e.want, "marker"));
    d->write.note = note;
    take(d, x);
}

static void choose_field(struct dispatch *d, struct effect_row *x, const struct record *r) {
    const char *name = json_text(x->e.want, "field"), *value = json_text(x->e.want, "value");
    enum field f;
    if (!field_parse(name, &f))
        return;
    if (field_equal(d->e, d->a, f, r->kind, json_text(r->fields, name), value)) {
        store_effect_move(d->e->store, x->e.n, EFFECT_DONE, NULL, NULL, now_of(d->e));
        return;
    }
    if (d->n_fields == array_size(d->fields))
        return;
    d->fields[d->n_fields++] = (struct write_field){.field = f, .value = arena_strdup(d->a, value)};
    take(d, x);
}

static bool sendable(const struct dispatch *d, const struct effect_row *x) {
    return x->e.state == EFFECT_PENDING && !x->held && x->e.not_before <= now_of(d->e);
}

/* A parked state keeps its note waiting. */
static bool waits_with_parked(const struct effect_row *all, size_t n, const struct effect_row *x) {
    for (size_t i = 0; i < n; i++)
        if (all[i].e.state == EFFECT_PARKED && all[i].e.decision == x->e.decision && all[i].e.kind == EFFECT_STATE)
            return true;
    return false;
}

/* The first state or note that may leave, in order, and its decision's others. */
static void choose_decision(struct dispatch *d, struct effect_row *all, size_t n, const struct record *r) {
    struct effect_row *head = NULL;
    for (size_t i = 0; i < n && !head; i++) {
        struct effect_row *x = &all[i];
        if ((x->e.kind != EFFECT_STATE && x->e.kind != EFFECT_NOTE) || x->e.state != EFFECT_PENDING ||
            waits_with_parked(all, n, x))
            continue;
        if (!sendable(d, x)) {
            d->blocked_until = x->e.not_before;
            return;
        }
        head = x;
    }
    if (!head)
        return;
    for (size_t i = 0; i < n; i++)
        if (all[i].e.kind == EFFECT_STATE && all[i].e.decision == head->e.decision &&
            all[i].e.state == EFFECT_PENDING && !choose_state(d, all, n, &all[i], r))
            return;
    if (d->write.state == STATE_OPEN && d->n && !str_is(json_text(d->effects[0].e.want, "state"), "open"))
        return; /* on the way: the note goes with the last step */
    for (size_t i = 0; i < n && !d->write.note; i++)
        if (all[i].e.kind == EFFECT_NOTE && all[i].e.decision == head->e.decision && sendable(d, &all[i]))
            choose_note(d, &all[i], r);
}

/* Fills d->write from what is pending; false: nothing has to be sent. */
static bool choose(struct dispatch *d, const struct record_row *row) {
    struct effect_row *all;
    size_t n = store_effects_open(d->e->store, d->a, d->ref, &all);
    for (size_t i = 0; i < n; i++)
        if (all[i].e.state == EFFECT_IN_FLIGHT || all[i].e.state == EFFECT_UNSURE)
            return false;
    choose_decision(d, all, n, &row->r);
    for (size_t i = 0; i < n; i++)
        if (all[i].e.kind == EFFECT_FIELD && sendable(d, &all[i]))
            choose_field(d, &all[i], &row->r);
    d->write.fields = d->fields;
    d->write.n_fields = d->n_fields;
    d->write.keep_state =
        d->write.note && d->write.note->visibility == VISIBILITY_PUBLIC && d->write.state == STATE_NONE;
    return d->n > 0;
}

/* ---- sending ---- */

static void write_done(struct lane *l, void *who, const struct op_result *r) {
    (void)l;
    settle_write(who, r);
}

/* Nothing can leave now although some looks ready: it waits for its head, for a
 * parked one, or for what is unsure; never a round at once again. */
static void hold_back(struct dispatch *d) {
    struct effect_row *all;
    msec_t now = now_of(d->e), until = d->blocked_until > now ? d->blocked_until : now + HELD_BACK;
    size_t n = store_effects_open(d->e->store, d->a, d->ref, &all);
    for (size_t i = 0; i < n; i++)
        if (all[i].e.state == EFFECT_PENDING && all[i].e.not_before <= now)
            store_effect_later(d->e->store, all[i].e.n, until, NULL);
}

/* It could not be read: the lookup tries it, and puts it aside if it is the record's fault. */
void lookup_asks(struct dispatch *d, const struct op_result *r) {
    if (r->class != CLASS_LIMITED)
        store_lookup_add(d->e->store, &(struct lookup_row){.ref = d->ref}, now_of(d->e));
}

/* The record as it was read lives as long as the request; its history is what tells a lost edit. */
static const struct record *keep_record(struct dispatch *d, const struct record *r, const struct record *read) {
    struct record *copy = arena_make(d->a, struct record);
    *copy = *r;
    d->kept_fields = json_deep_copy(r->fields);
    d->kept_native = json_deep_copy(r->native);
    copy->fields = d->kept_fields;
    copy->native = d->kept_native;
    copy->updated = read->updated; /* by the tracker's clock, as its history is */
    copy->detailed = read->detailed;
    copy->n_changes = read->n_changes;
    copy->changes = arena_alloc(d->a, (read->n_changes + 1) * sizeof(*copy->changes));
    for (size_t i = 0; i < read->n_changes; i++)
        copy->changes[i] = (struct change){.id = arena_strdup(d->a, read->changes[i].id)};
    return copy;
}

static void send(struct dispatch *d, struct record_row *row, const struct record *read) {
    struct engine *e = d->e;
    for (size_t i = 0; i < d->n; i++)
        store_effect_move(e->store, d->effects[i].e.n, EFFECT_IN_FLIGHT, NULL, NULL, now_of(e));
    const struct record *before = keep_record(d, &row->r, read);
    identity_mark(e);
    for (size_t i = 0; i < d->n; i++) /* the rows' JSON ends with the transaction */
        d->wants[i] = json_deep_copy(d->effects[i].e.want);
    if (!engine_commit(e)) {
        dispatch_done(d);
        return;
    }
    identity_marked(e);
    for (size_t i = 0; i < d->n; i++)
        d->effects[i].e.want = d->wants[i];
    d->write.id = strchr(d->ref, ':') + 1;
    d->write.before = before;
    lane_run(d->lane, op_write(d->lane->tracker, &d->write), true, write_done, d);
}

void dispatch_done(struct dispatch *d) {
    for (size_t i = 0; i < array_size(d->wants); i++)
        json_decref(d->wants[i]);
    json_decref(d->kept_fields);
    json_decref(d->kept_native);
    dispatch_end(d);
}

/* ---- reading before writing (law 2) ---- */

static void refresh_failed(struct dispatch *d, const struct op_result *r) {
    struct record_row row;
    msec_t wait = 30 * SEC_MS;
    if (r->presence == PRESENT && r->class != CLASS_CONFLICT) { /* it is there, and can't be understood */
        const char *why = r->n_quarantined ? r->quarantined[0].why : r->words;
        record_broken(d->lane, d->a, d->ref, why ? why : reply_class_name(r->class));
        store_lookup_add(d->e->store, &(struct lookup_row){.ref = d->ref}, now_of(d->e) + d->lane->cfg->sweep);
        wait = ABSENT_WAIT;
    } else if (r->class == CLASS_OK || r->class == CLASS_GONE || r->class == CLASS_DENIED) {
        ingest_presence(d->lane, d->a, d->ref, r->presence, r->merged_into, false);
        if (store_record(d->e->store, d->a, d->ref, &row) && row.r.presence == PRESENT)
            store_lookup_add(d->e->store, &(struct lookup_row){.ref = d->ref}, now_of(d->e) + 10 * SEC_MS);
        else
            wait = ABSENT_WAIT;
    }
    struct effect_row *all;
    size_t n = store_effects_open(d->e->store, d->a, d->ref, &all);
    for (size_t i = 0; i < n; i++)
        if (all[i].e.state == EFFECT_PENDING)
            store_effect_later(d->e->store, all[i].e.n, now_of(d->e) + wait, r->words);
    (void)engine_commit(d->e);
}

/* What may leave stands behind something that may not yet: without this it would be read again at once, for ever. */
static void nothing_chosen(struct dispatch *d) {
    struct effect_row *all;
    msec_t now = now_of(d->e), until = now + BEHIND_WAIT;
    size_t n = store_effects_open(d->e->store, d->a, d->ref, &all);
    for (size_t i = 0; i < n; i++)
        if (all[i].e.not_before > now && all[i].e.not_before < until)
            until = all[i].e.not_before;
    for (size_t i = 0; i < n; i++)
        if (all[i].e.state == EFFECT_PENDING && !all[i].held && all[i].e.not_before <= now)
            store_effect_later(d->e->store, all[i].e.n, waits_with_parked(all, n, &all[i]) ? now + ABSENT_WAIT : until,
                               NULL);
}

/* What has to be done first, as far as the mirror knows that it is not. */
static const char *waits_for(struct dispatch *d, const struct record *r) {
    struct record_row other;
    for (size_t i = 0; i < r->n_relations; i++) {
        const char *ref = ref_make(d->a, r->tracker, r->relations[i].target);
        if (r->relations[i].type == RELATION_HELD_BY && store_record(d->e->store, d->a, ref, &other) &&
            other.r.presence == PRESENT && !is_done(incident_class(other.r.state, other.r.outcome)))
            return ref;
    }
    return NULL;
}

static void refreshed(struct lane *l, void *who, const struct op_result *r) {
    struct dispatch *d = who;
    struct engine *e = d->e;
    struct record_row row;
    bool healthy = lane_told(l, r);
    if (e->stopping) {
        dispatch_done(d);
        return;
    }
    engine_begin(e);
    if (!healthy) {
        if (store_quarantined(e->store, d->ref))
            d->blocked_until = now_of(e) + ABSENT_WAIT;
        hold_back(d);
        lookup_asks(d, r);
        (void)engine_commit(e);
        dispatch_done(d);
        return;
    }
    if (!r->n_records || r->presence != PRESENT) {
        refresh_failed(d, r);
        dispatch_done(d);
        return;
    }
    if (!memory_believes(l, d->a, &r->records[0])) {
        hold_back(d);
        (void)engine_commit(e);
        dispatch_done(d);
        return;
    }
    ingest(l, d->a, &(struct seen){.record = &r->records[0]});
    record_mended(l, d->ref);
    worker_decide(e, d->a, r->records[0].kind, d->ref);
    if (!engine_commit(e)) {
        dispatch_done(d);
        return;
    }
    engine_begin(e);
    d->waits_for = waits_for(d, &r->records[0]);
    bool may = engine_may_write(e) && !l->stopped && store_record(e->store, d->a, d->ref, &row);
    if (!may || !choose(d, &row)) {
        if (may)
            nothing_chosen(d);
        (void)engine_commit(e);
        dispatch_done(d);
        return;
    }
    send(d, &row, &r->records[0]);
}

/* ---- creations ---- */

static void create_done(struct lane *l, void *who, const struct op_result *r) {
    (void)l;
    settle_create(who, r);
}

static void send_creation(struct dispatch *d, const struct effect_row *x) {
    struct engine *e = d->e;
    engine_begin(e);
    store_effect_move(e->store, x->e.n, EFFECT_IN_FLIGHT, NULL, NULL, now_of(e));
    d->effects[d->n++] = *x;
    d->wants[0] = json_deep_copy(x->e.want);
    identity_mark(e);
    if (!engine_commit(e)) {
        dispatch_done(d);
        return;
    }
    identity_marked(e);
    const json_t *w = d->effects[0].e.want = d->wants[0];
    struct create_request c = {.title = json_text(w, "title"),
                               .body = json_text(w, "body"),
                               .marker = json_text(w, "marker"),
                               .service = json_text(w, "service"),
                               .priority = json_text(w, "priority")};
    lane_run(d->lane, op_create(d->lane->tracker, &c), true, create_done, d);
}

/* ---- the round ---- */

static bool any_unsure(const struct effect_row *all, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (all[i].e.state == EFFECT_UNSURE)
            return true;
    return false;
}

/* In flight though nothing is under way for the record: its outcome could not be
 * stored. It is asked for, like after a crash. */
static bool orphans_unsure(struct dispatch *d, const struct effect_row *all, size_t n) {
    struct engine *e = d->e;
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any |= all[i].e.state == EFFECT_IN_FLIGHT;
    if (!any)
        return false;
    engine_begin(e);
    for (size_t i = 0; i < n; i++)
        if (all[i].e.state == EFFECT_IN_FLIGHT) {
            store_effect_move(e->store, all[i].e.n, EFFECT_UNSURE, "its outcome could not be stored", NULL, now_of(e));
            store_effect_alive(e->store, all[i].e.n, now_of(e));
        }
    return engine_commit(e);
}

static void begin(struct lane *l, const char *ref) {
    struct engine *e = l->e;
    struct dispatch *d = dispatch_new(l, ref);
    struct effect_row *all;
    size_t n = store_effects_open(e->store, d->a, ref, &all);
    if (orphans_unsure(d, all, n) || any_unsure(all, n)) {
        look_begin(d);
        return;
    }
    if (!engine_may_write(e)) {
        lane_release(l, ref);
        arena_free(d->a);
        free(d->ref);
        free(d);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (all[i].e.kind == EFFECT_CREATE && all[i].e.state == EFFECT_PENDING) {
            send_creation(d, &all[i]);
            return;
        }
    lane_run(l, op_read(l->tracker, strchr(ref, ':') + 1), false, refreshed, d);
}

void deliver_run(struct lane *l) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    const char **refs;
    if (!l->import_done || l->stopped || l->jobs >= l->cfg->concurrency || !engine_imported(e))
        return;
    size_t n = engine_may_write(e) ? store_refs_sendable(e->store, a, l->cfg->name, now_of(e), READY_MOST, &refs)
                                   : store_refs_asking(e->store, a, l->cfg->name, now_of(e), READY_MOST, &refs);
    for (size_t i = 0; i < n && l->jobs < l->cfg->concurrency && lane_can(l); i++)
        if (!lane_busy(l, refs[i]))
            begin(l, refs[i]);
}
