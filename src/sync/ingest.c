/* ingest: a record was seen. Mirror and difference, the incident's memory of
 * what the bridge asserted (overrides, reopenings), evidence, what is due.
 *
 * Called inside a transaction; the cursor or the lookup row moves in the same. */
#include "engine.h"

#include <limits.h>
#include <string.h>

/* The last move, of those into the present state if there are any: in an hour that comes twice the later may look
 * older. NULL: the history tells none. */
static const struct change *last_move(const struct record *r) {
    const struct change *last = NULL;
    bool fits = false;
    for (size_t i = 0; i < r->n_changes; i++) {
        const struct change *c = &r->changes[i];
        bool here = c->to && r->native_state && str_is_nocase(c->to, r->native_state);
        if (!str_is(c->field, "state") || (fits && !here))
            continue;
        if (!last || here > fits || c->at >= last->at)
            last = c;
        fits = here;
    }
    return last;
}

static msec_t state_time(struct lane *l, const struct record *r, const struct record_row *old) {
    const struct change *move = r->detailed ? last_move(r) : NULL;
    bool moved = !old || old->r.state != r->state || old->r.outcome != r->outcome;
    if (!moved)
        return old->state_at;
    if (move)
        return ours(l, move->at);
    if (!old && r->detailed && r->created)
        return ours(l, r->created);
    return ours(l, r->updated);
}

static const char *duplicate_of(struct arena *a, const struct record *r, const struct record_row *old) {
    if (!r->detailed)
        return old ? old->duplicate_of : NULL;
    for (size_t i = 0; i < r->n_relations; i++)
        if (r->relations[i].type == RELATION_DUPLICATE_OF)
            return ref_make(a, r->tracker, r->relations[i].target);
    return NULL;
}

static const char *mover(const struct record *r) {
    const struct change *move = r->detailed ? last_move(r) : NULL;
    return move && move->by ? move->by : NULL;
}

/* ---- the incident's memory ---- */

/* A state the bridge asserted is not there any more: people win (law 2). */
static void note_override(struct lane *l, struct incident_row *i, const struct record *r, enum state class) {
    if (i->asserted == STATE_NONE || i->overridden || class == i->asserted)
        return;
    i->overridden = true;
    journal(l->e, mover(r) ? mover(r) : "tracker", "override", i->ref, 0, 0,
            "the bridge had set it %s, now it is %s: left alone until the facts move", state_name(i->asserted),
            state_name(class));
}

/* A defect has no memory of its own: the last state effect that was done tells what the bridge had set. */
static void note_defect_override(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                                 const struct record_row *old) {
    const char *set = old && old->r.state != r->state ? store_state_left(l->e->store, a, ref) : NULL;
    if (set && str_is(set, state_name(old->r.state)))
        journal(l->e, mover(r) ? mover(r) : "tracker", "override", ref, 0, 0,
                "the bridge had set it %s, now it is %s: left alone until the facts move", set, state_name(r->state));
}

static void note_came_back(struct lane *l, struct arena *a, struct incident_row *i, const struct record *r,
                           enum state was, enum state class) {
    if (class != STATE_OPEN) {
        if (incident_rank(class) >= incident_rank(STATE_CLOSED_UNRESOLVED))
            i->came_back_at = 0;
        return;
    }
    if (incident_rank(was) < incident_rank(STATE_CLOSED_UNRESOLVED) || i->asserted == STATE_OPEN)
        return;
    const struct change *move = r->detailed ? last_move(r) : NULL;
    i->came_back_at = move ? ours(l, move->at) : now_of(l->e);
    i->came_back_by = arena_strdup(a, mover(r));
    i->came_back_acked = false;
}

/* "A state first seen when a record returns is an override": left alone until its turn moves (law 2). */
static void return_elsewhere(struct lane *l, struct incident_row *i, const struct record_row *old, enum state class) {
    i->overridden = true;
    i->adopted_turn = i->turn; /* the turn is spent */
    journal(l->e, "tracker", "override", i->ref, 0, 0,
            "it was last seen %s, and returned %s: left alone until the facts move", state_name(old->r.state),
            state_name(class));
}

/* Of a forgotten record, who did what stays unknown. */
static const struct record *without_people(struct arena *a, const struct record *r) {
    struct record *blank = arena_make(a, struct record);
    *blank = *r;
    blank->reporter = blank->assignee = NULL;
    blank->texts = arena_alloc(a, (r->n_texts + 1) * sizeof(*blank->texts));
    blank->changes = arena_alloc(a, (r->n_changes + 1) * sizeof(*blank->changes));
    blank->relations = arena_alloc(a, (r->n_relations + 1) * sizeof(*blank->relations));
    for (size_t i = 0; i < r->n_texts; i++) {
        blank->texts[i] = r->texts[i];
        blank->texts[i].author = NULL;
    }
    for (size_t i = 0; i < r->n_changes; i++) {
        blank->changes[i] = r->changes[i];
        blank->changes[i].by = NULL;
    }
    for (size_t i = 0; i < r->n_relations; i++) {
        blank->relations[i] = r->relations[i];
        blank->relations[i].by = NULL;
    }
    return blank;
}

void ingest_overtaken(struct lane *l, struct arena *a, const char *ref, const struct record *r) {
    struct incident_row i;
    enum state class = incident_class(r->state, r->outcome);
    if (r->kind != KIND_INCIDENT || !store_incident(l->e->store, a, ref, &i) || i.asserted == STATE_NONE ||
        i.overridden || class == i.asserted)
        return;
    struct record_row row;
    bool forgotten = store_record(l->e->store, a, ref, &row) && row.forgotten;
    struct record told = forgotten ? *without_people(a, r) : *r;
    told.detailed |= r->n_changes > 0; /* what is read back brings the newest of the history */
    note_override(l, &i, &told, class);
    note_came_back(l, a, &i, &told, i.asserted, class);
    store_incident_put(l->e->store, &i);
}

static void remember_incident(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                              const struct record_row *old, bool adopt) {
    struct engine *e = l->e;
    struct incident_row i;
    enum state class = incident_class(r->state, r->outcome);
    if (!store_incident(e->store, a, ref, &i)) {
        store_incident_put(
            e->store, &(struct incident_row){.ref = ref, .adopted_turn = -1, .quiet_turn = -1, .asserted_turn = -1});
        return;
    }
    if (!old || (old->r.state == r->state && old->r.outcome == r->outcome))
        return;
    if (old->r.state != r->state || !str_is(i.outcome_set, outcome_name(r->outcome)))
        i.outcome_set = i.outcome_reason = NULL; /* it was said of another state; its own word comes back as a field */
    if (old->r.presence != PRESENT) {
        return_elsewhere(l, &i, old, class);
        store_incident_put(e->store, &i);
        return;
    }
    note_override(l, &i, r, class);
    if (adopt) { /* its tracker was put back: as if it had been found so */
        i.adopted_turn = i.turn;
        i.came_back_at = 0;
        store_incident_put(e->store, &i);
        return;
    }
    note_came_back(l, a, &i, r, incident_class(old->r.state, old->r.outcome), class);
    store_incident_put(e->store, &i);
}

/* ---- journal ---- */

static const char *state_words(struct arena *a, const struct record *r) {
    return r->outcome ? arena_printf(a, "%s (%s)", state_name(r->state), outcome_name(r->outcome))
                      : state_name(r->state);
}

static void tell_difference(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                            const struct record_row *old) {
    struct engine *e = l->e;
    const char *by = mover(r) ? mover(r) : "tracker";
    if (!old) {
        journal(e, "tracker", "seen", ref, 0, 0, "first seen, %s: %s", state_words(a, r),
                r->title ? str_cut(a, r->title, 200) : "");
    } else {
        if (old->r.state != r->state || old->r.outcome != r->outcome)
            journal(e, by, "moved", ref, 0, 0, "%s -> %s (%s)", state_words(a, &old->r), state_words(a, r),
                    r->native_state ? r->native_state : "");
        if (!str_same(old->r.version, r->version))
            journal(e, "tracker", "moved", ref, 0, 0, "target version %s -> %s",
                    old->r.version ? old->r.version : "none", r->version ? r->version : "none");
        if (old->r.presence != PRESENT)
            journal(e, "tracker", "returned", ref, 0, 0, "it was %s and is seen again, %s",
                    presence_name(old->r.presence), state_words(a, r));
    }
}

/* A value of the bridge's own that is not yet known to have arrived. */
static bool is_on_its_way(struct lane *l, struct arena *a, const struct record *r, enum field f, const char *value) {
    struct effect_row *open;
    size_t n = store_effects_open(l->e->store, a, ref_make(a, r->tracker, r->id), &open);
    for (size_t i = 0; i < n; i++)
        if (open[i].e.kind == EFFECT_FIELD && open[i].e.sent &&
            str_is(json_text(open[i].e.want, "field"), field_name(f)) &&
            field_equal(l->e, a, f, r->kind, json_text(open[i].e.want, "value"), value))
            return true;
    return false;
}

/* A person changed a value that the bridge had written: left alone until its revision moves (law 2). */
static void note_field_overrides(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                                 const struct record_row *old) {
    struct engine *e = l->e;
    for (int f = 0; old && f < FIELD_COUNT; f++) {
        const char *name = field_name((enum field)f), *before = json_text(old->r.fields, name),
                   *after = json_text(r->fields, name);
        struct value_row v;
        if (str_same(before ? before : "", after ? after : "") || !store_value(e->store, a, ref, name, &v) ||
            !v.written || !field_equal(e, a, (enum field)f, r->kind, before, v.written) ||
            field_equal(e, a, (enum field)f, r->kind, after, v.written) || is_on_its_way(l, a, r, (enum field)f, after))
            continue;
        const char *by = "tracker";
        for (size_t i = 0; i < r->n_changes; i++)
            if (str_is(r->changes[i].field, native_field(l, (enum field)f)) && r->changes[i].by)
                by = r->changes[i].by;
        journal(e, by, "override", ref, 0, 0,
                "the bridge had set %s to '%.100s', now it is '%.100s': left alone until its value changes", name,
                v.written,
                old->forgotten ? "..."
                : after        ? after
                               : "");
    }
}

/* ---- what is due ---- */

/* Through a duplicate another defect is written to, and counts. */
static void due_live_end(struct engine *e, struct arena *a, const char *ref, bool adopt) {
    struct defect_facts end;
    int64_t *problems;
    facts_defect(e, a, ref, &end);
    store_due(e->store, KIND_DEFECT, end.ref, 0, adopt, "a duplicate of it moved");
    size_t n = problems_of_defect(e, a, end.ref, &problems);
    for (size_t i = 0; i < n; i++)
        store_due_problem(e->store, problems[i], adopt, "a duplicate of its defect moved");
}

static void due_defect(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                       const struct record_row *old, const struct record_row *row, bool adopt) {
    struct engine *e = l->e;
    int64_t *problems;
    bool moved = !old || old->r.state != r->state || old->r.outcome != r->outcome || old->r.presence != PRESENT ||
                 !str_same(old->r.version, r->version) || old->r.version_closed != r->version_closed ||
                 !str_same(old->duplicate_of, row->duplicate_of);
    if (!moved)
        return;
    size_t n = problems_of_defect(e, a, ref, &problems);
    for (size_t i = 0; i < n; i++) {
        struct problem_row p;
        if (old && (old->r.state != r->state || old->r.outcome != r->outcome) &&
            store_problem(e->store, a, problems[i], &p) && p.p.reopened) {
            p.p.reopened = false; /* pending until a defect's state moves */
            store_problem_put(e->store, &p);
        }
    }
    due_problems_of(e, a, ref, adopt, arena_printf(a, "it is %s", state_words(a, r)));
    store_due(e->store, KIND_DEFECT, ref, 0, adopt, "it moved");
    if (row->duplicate_of)
        due_live_end(e, a, ref, adopt);
    if (old && old->duplicate_of)
        due_live_end(e, a, old->duplicate_of, adopt);
    /* what it duplicates is read anew: it may be unknown, or not readable any more */
    if (row->duplicate_of && (!old || !str_same(old->duplicate_of, row->duplicate_of)))
        store_lookup_add(e->store, &(struct lookup_row){.ref = row->duplicate_of, .adopt = adopt}, now_of(e));
}

/* Nothing of what policy looks at differs: then nothing is due. */
static bool incident_moved(const struct record *r, const struct record_row *old) {
    return !old || old->r.state != r->state || old->r.outcome != r->outcome || old->r.presence != PRESENT ||
           !str_same(old->r.service, r->service) || !str_same(old->r.priority, r->priority) ||
           !json_equal(old->r.fields, r->fields) || !json_equal(old->r.native, r->native);
}

/* Their counts changed. */
static void due_its_problems(struct engine *e, struct arena *a, const char *ref, bool adopt) {
    struct link_row *links;
    size_t n = store_links_of(e->store, a, ref, "confirmed", &links);
    for (size_t i = 0; i < n; i++)
        store_due_problem(e->store, links[i].problem, adopt, "one of its incidents moved");
}

/* What was to be said or done about the state it is not in any more; a defect's notes are of other things. */
static void moves_over(struct lane *l, struct arena *a, const char *ref, enum kind kind) {
    static const char why[] = "it returned in another state";
    struct effect_row *open;
    if (kind == KIND_INCIDENT) {
        store_supersede_turn(l->e->store, ref, INT_MAX, why, now_of(l->e));
        return;
    }
    size_t n = store_effects_open(l->e->store, a, ref, &open);
    for (size_t i = 0; i < n; i++)
        if (open[i].e.kind == EFFECT_STATE && (open[i].e.state == EFFECT_PENDING || open[i].e.state == EFFECT_PARKED)) {
            store_effect_move(l->e->store, open[i].e.n, EFFECT_SUPERSEDED, why, NULL, now_of(l->e));
            store_attention_clear(l->e->store, "parked", arena_printf(a, "effect:%lld", (long long)open[i].e.n));
        }
}

static void returned(struct lane *l, struct arena *a, const char *ref, const struct record *r,
                     const struct record_row *old) {
    if (!old || old->r.presence == PRESENT)
        return;
    store_attention_clear(l->e->store, "defect-gone", ref);
    store_attention_clear(l->e->store, "defect-hidden", ref);
    if (old->r.state == r->state && old->r.outcome == r->outcome)
        return;
    moves_over(l, a, ref, r->kind);
    store_attention_set(
        l->e->store,
        &(struct attention_item){.kind = "returned",
                                 .subject = ref,
                                 .text = "came back in another state than it was last seen in; it is left alone",
                                 .who = "practitioner",
                                 .clear = arena_printf(a, "bascule ack %s", ref)},
        now_of(l->e));
}

/* A person who makes the refused move settles it; its note may leave then (law 8). */
static void settle_parked(struct lane *l, struct arena *a, const char *ref, const struct record *r) {
    struct engine *e = l->e;
    struct effect_row *open;
    struct incident_row i;
    enum state class = r->kind == KIND_INCIDENT ? incident_class(r->state, r->outcome) : r->state;
    size_t n = store_effects_open(e->store, a, ref, &open);
    for (size_t k = 0; k < n; k++) {
        const struct effect *x = &open[k].e;
        bool as_said = r->kind == KIND_INCIDENT || str_empty(json_text(x->want, "outcome")) ||
                       str_is(json_text(x->want, "outcome"), outcome_name(r->outcome));
        if (x->kind != EFFECT_STATE || x->state != EFFECT_PARKED || !as_said ||
            !str_is(json_text(x->want, "state"), state_name(class)))
            continue;
        store_effect_move(e->store, x->n, EFFECT_DONE, NULL, NULL, now_of(e));
        store_attention_clear(e->store, "parked", arena_printf(a, "effect:%lld", (long long)x->n));
        store_decision_now(e->store, x->decision);
        journal(e, mover(r) ? mover(r) : "tracker", "settled", ref, x->problem, x->n,
                "made the move to %s that had been refused", state_name(class));
        if (!store_incident(e->store, a, ref, &i))
            continue;
        i.asserted = class;
        i.asserted_turn = x->turn;
        i.asserted_at = now_of(e);
        i.overridden = false;
        store_incident_put(e->store, &i);
    }
}

/* Whether its target version is closed is what the stored versions say, not what
 * the connector may not have read yet. */
static void versions_known(struct lane *l, struct arena *a, struct record_row *row) {
    struct tracker_row t;
    if (l->cfg->role != ROLE_DEFECTS || !row->r.version || !store_tracker(l->e->store, a, l->cfg->name, &t) ||
        !t.versions)
        return;
    cleanup_json json_t *versions = json_loads(t.versions, 0, NULL);
    const json_t *closed = json_object_get(versions, row->r.version);
    if (!closed)
        return;
    row->r.version_closed = json_is_true(closed);
    if (!row->r.version_closed)
        row->version_at = 0;
    else if (!row->version_at)
        row->version_at = now_of(l->e);
}

/* What a person said of its closing holds until its state moves; a closing without a reason waits for one anyway. */
static bool stands_said(const struct record *r, const struct record *old) {
    bool same = str_same(r->native_state, old->native_state) && str_same(r->native_resolution, old->native_resolution);
    return r->state == STATE_CLOSED && (same || r->outcome == OUTCOME_UNKNOWN || r->outcome == OUTCOME_NONE);
}

/* Somebody's words elsewhere had it read: what follows is theirs, whatever old ones it holds itself. */
static bool named_elsewhere(struct engine *e, struct arena *a, const char *ref, enum kind kind) {
    struct evidences all;
    if (kind == KIND_INCIDENT)
        store_evidence_of_incident(e->store, a, ref, &all);
    else
        store_evidence_of_defect(e->store, a, ref, &all);
    for (size_t i = 0; i < all.count; i++)
        if (!all.items[i].rejected && !str_is(all.items[i].origin, ref))
            return true;
    return false;
}

/* As it is kept: what is seen now, and of what was known that which it does not say. */
static struct record_row row_made(struct lane *l, struct arena *a, const struct seen *seen, const struct record *r,
                                  const char *ref, const struct record_row *old) {
    msec_t now = now_of(l->e);
    struct record_row row = {.r = *r,
                             .ref = ref,
                             .duplicate_of = duplicate_of(a, r, old),
                             .state_at = state_time(l, r, old),
                             .version_at = !r->version_closed       ? 0
                                           : old && old->version_at ? old->version_at
                                                                    : now,
                             .first_seen = old ? old->first_seen : now,
                             .last_seen = now,
                             .detailed_at = r->detailed ? now
                                            : old       ? old->detailed_at
                                                        : 0,
                             .fresh = old ? old->fresh : seen->adopt,
                             .forgotten = old && old->forgotten,
                             .excluded = false};
    memory_clock(l, a);
    row.r.created = as_told(l, r->created); /* what tells the record from another of its number: never moved */
    row.r.updated = ours(l, r->updated);
    row.r.hash = seen->hash ? seen->hash : old ? old->r.hash : r->hash;
    versions_known(l, a, &row);
    if (old && !r->allowed)
        row.r.allowed = old->r.allowed;
    return row;
}

void ingest(struct lane *l, struct arena *a, const struct seen *seen) {
    struct engine *e = l->e;
    const struct record *r = seen->record;
    const char *ref = ref_make(a, r->tracker, r->id);
    struct record_row was, *old = store_record(e->store, a, ref, &was) ? &was : NULL;
    struct record said;
    bool is_said = old && old->outcome_set && stands_said(r, &old->r);
    if (old && old->forgotten)
        r = without_people(a, r);
    if (r->presence != PRESENT) {
        ingest_presence(l, a, ref, r->presence, r->merged_into, true);
        return;
    }
    if (is_said) {
        said = *r;
        outcome_parse(old->outcome_set, &said.outcome);
        r = &said;
    }
    struct record_row row = row_made(l, a, seen, r, ref, old);
    if (is_said)
        row.outcome_set = old->outcome_set;
    tell_difference(l, a, ref, r, old);
    note_field_overrides(l, a, ref, r, old);
    if (r->kind == KIND_DEFECT)
        note_defect_override(l, a, ref, r, old);
    store_record_put(e->store, &row);
    settle_parked(l, a, ref, r);
    returned(l, a, ref, r, old);
    if (r->kind == KIND_INCIDENT)
        remember_incident(l, a, ref, r, old, seen->adopt);
    struct gathered found = gather(l, a, ref, r, old, e->settings->requesters_suggest);
    bool evidence = found.changed, adopt = seen->adopt || (found.old && !engine_asserts_history(e) &&
                                                           (old || !named_elsewhere(e, a, ref, r->kind)));
    if (r->kind == KIND_INCIDENT) {
        if (!old)
            merged_before(l, a, ref);
        if (evidence || !old) /* a new one may be named by a defect that was seen before it */
            relink_incident(e, a, ref, adopt);
        if (old && (old->r.state != r->state || old->r.outcome != r->outcome))
            due_its_problems(e, a, ref, seen->adopt);
        if (evidence || incident_moved(r, old))
            store_due(e->store, KIND_INCIDENT, ref, 0, adopt, "it was seen changed");
    } else {
        if (!old)
            relink_defect(e, a, ref, adopt);
        else if (evidence)
            relink_touched(e, a, ref, &found.touched, adopt);
        due_defect(l, a, ref, r, old, &row, seen->adopt);
    }
    engine_changed(e, kind_name(r->kind), ref);
}
