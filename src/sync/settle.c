/* settle: what became of a request, in the second transaction: done, refused
 * (parked with the tracker's own words), again, or unsure. */
#include "deliver.h"

#include <string.h>

#define RETRY_FIRST (1 * SEC_MS)

/* ---- one effect ---- */

void settle_state_done(struct dispatch *d, const struct effect_row *x, enum state confirmed, bool was_there) {
    struct engine *e = d->e;
    struct incident_row i;
    store_effect_move(e->store, x->e.n, EFFECT_DONE, NULL, NULL, now_of(e));
    journal(e, "bridge", was_there ? "already" : "written", d->ref, x->e.problem, x->e.n,
            was_there ? "it is %s already: no write" : "set %s", state_name(confirmed));
    if ((was_there && !x->e.attempts) || !store_incident(e->store, d->a, d->ref, &i))
        return; /* found so before anything was sent: a person's doing */
    i.asserted = confirmed;
    i.asserted_turn = x->e.turn;
    i.asserted_at = now_of(e);
    i.overridden = false;
    i.came_back_at = 0;
    store_incident_put(e->store, &i);
}

/* Why nothing waits for it any more: its turn is over or spent, a newer value is on its way, a person wants it left
 * alone, or its record gone. NULL: something does. */
static const char *why_over(struct dispatch *d, const struct effect_row *x) {
    struct engine *e = d->e;
    struct incident_row i;
    struct record_row r;
    struct value_row v;
    if (store_record(e->store, d->a, d->ref, &r) && (r.r.presence == GONE || r.r.presence == MERGED))
        return r.r.presence == GONE ? "its record was deleted" : "its record was merged";
    if (store_incident(e->store, d->a, d->ref, &i)) {
        bool of_turn = (x->e.kind == EFFECT_STATE || x->e.kind == EFFECT_NOTE) && x->e.turn;
        if (i.ignored)
            return "a person told the bridge to ignore it";
        if (of_turn && x->e.turn < i.turn)
            return "the verdict changed before it left";
        if (of_turn && x->e.kind == EFFECT_STATE && x->e.turn == i.adopted_turn)
            return "it returned in another state";
    }
    if (x->e.kind == EFFECT_FIELD && store_value(e->store, d->a, d->ref, json_text(x->e.want, "field"), &v) &&
        json_int(x->e.want, "revision", v.revision) < v.revision)
        return "a newer value";
    return NULL;
}

static void supersede(struct dispatch *d, const struct effect_row *x, const char *why) {
    store_effect_move(d->e->store, x->e.n, EFFECT_SUPERSEDED, why, NULL, now_of(d->e));
    journal(d->e, "bridge", "superseded", d->ref, x->e.problem, x->e.n, "%s", why);
}

void settle_again(struct dispatch *d, const struct effect_row *x, const char *words) {
    const char *over = why_over(d, x);
    store_effect_move(d->e->store, x->e.n, EFFECT_PENDING, words, NULL, now_of(d->e));
    if (over)
        supersede(d, x, over);
}

void settle_park(struct dispatch *d, const struct effect_row *x, const char *words) {
    struct engine *e = d->e;
    const char *why = str_empty(words) ? "the tracker did not carry it out, and gave no reason" : words;
    const char *over = why_over(d, x);
    store_effect_move(e->store, x->e.n, EFFECT_PARKED, why, NULL, now_of(e));
    if (over) {
        supersede(d, x, over);
        return;
    }
    store_attention_set(
        e->store,
        &(struct attention_item){
            .kind = "parked",
            .subject = arena_printf(d->a, "effect:%lld", (long long)x->e.n),
            .text = arena_printf(d->a, "%s on %s was refused: %s", effect_kind_name(x->e.kind), d->ref, why),
            .who = "practitioner",
            .clear = arena_printf(
                d->a, "make the move in the tracker, or bascule retry %lld, or bascule discard %lld --reason TEXT",
                (long long)x->e.n, (long long)x->e.n)},
        now_of(e));
    journal(e, "bridge", "refused", d->ref, x->e.problem, x->e.n, "%s", why);
}

void settle_field_done(struct dispatch *d, const struct effect_row *x) {
    struct engine *e = d->e;
    struct value_row v;
    const char *name = json_text(x->e.want, "field"), *value = json_text(x->e.want, "value");
    store_effect_move(e->store, x->e.n, EFFECT_DONE, NULL, NULL, now_of(e));
    if (store_value(e->store, d->a, d->ref, name, &v)) {
        v.written = value;
        v.written_at = now_of(e);
        store_value_put(e->store, d->ref, name, &v);
    }
    journal(e, "bridge", "written", d->ref, x->e.problem, x->e.n, "field %s = '%s'", name, value);
}

void settle_note_done(struct dispatch *d, const struct effect_row *x, const char *echo, bool inside) {
    store_effect_move(d->e->store, x->e.n, EFFECT_DONE, NULL, echo, now_of(d->e));
    journal(d->e, "bridge", "written", d->ref, x->e.problem, x->e.n, "%s note %s%s",
            inside ? "internal" : json_text(x->e.want, "visibility"), json_text(x->e.want, "note"),
            inside ? ": a public one would have moved the record" : "");
}

/* A refused move may be walked: closed states often lead only to open, and open
 * leads everywhere. One effect, its steps on disk (law 8). */
static bool walk(struct dispatch *d, const struct effect_row *x, const struct record *now) {
    enum state class =
        now ? (now->kind == KIND_INCIDENT ? incident_class(now->state, now->outcome) : now->state) : STATE_NONE;
    const char *native = tracker_native_state(d->lane->tracker, STATE_OPEN);
    if (json_object_get(x->e.want, "walked") || str_is(json_text(x->e.want, "state"), "open") || class == STATE_OPEN ||
        class == STATE_NONE || !native)
        return false;
    if (now->allowed && !strstr(now->allowed, native))
        return false;
    json_t *want = json_deep_copy(x->e.want);
    json_object_set_new(want, "walking", json_pack("[s]", "open"));
    json_object_set_new(want, "walked", json_true());
    store_effect_want(d->e->store, x->e.n, want);
    json_decref(want);
    journal(d->e, "bridge", "walks", d->ref, x->e.problem, x->e.n, "the direct move was refused: by way of open");
    settle_again(d, x, NULL);
    return true;
}

static bool is_step(const struct dispatch *d, const struct effect_row *x) {
    return d->write.state == STATE_OPEN && !str_is(json_text(x->e.want, "state"), "open");
}

/* A step is behind it: on to the target. The state on the way is the bridge's own. */
void settle_walked(struct dispatch *d, const struct effect_row *x) {
    json_t *want = json_deep_copy(x->e.want);
    json_array_clear(json_object_get(want, "walking"));
    json_object_set_new(want, "midway", json_string("open"));
    store_effect_want(d->e->store, x->e.n, want);
    json_decref(want);
    settle_again(d, x, NULL);
    struct incident_row i;
    if (store_incident(d->e->store, d->a, d->ref, &i)) {
        i.asserted = STATE_OPEN;
        i.asserted_at = now_of(d->e);
        store_incident_put(d->e->store, &i);
    }
}

static void settle_state(struct dispatch *d, const struct effect_row *x, const struct op_result *r) {
    if (r->state_applied && is_step(d, x))
        settle_walked(d, x);
    else if (r->state_applied) {
        settle_state_done(d, x, d->write.state, false);
        if (r->after) /* the history showed ours: what stands there now may be another's */
            ingest_overtaken(d->lane, d->a, d->ref, r->after);
    } else if (!walk(d, x, r->after))
        settle_park(d, x, r->words);
}

/* ---- the whole request ---- */

static void again(struct dispatch *d, msec_t wait, const char *words) {
    for (size_t i = 0; i < d->n; i++) {
        settle_again(d, &d->effects[i], words);
        store_effect_later(d->e->store, d->effects[i].e.n, now_of(d->e) + wait, words);
    }
}

msec_t settle_backoff(const struct dispatch *d, const struct effect_row *x) {
    msec_t span = RETRY_FIRST;
    for (int i = 0; i < x->e.attempts && span < RETRY_MOST; i++)
        span *= 2;
    return span / 2 + (msec_t)(randomness_u64(&d->e->world->randomness) % (uint64_t)(span / 2 + 1));
}

static void unsure(struct dispatch *d, const struct op_result *r) {
    msec_t alive = r->last_alive ? r->last_alive : now_of(d->e);
    for (size_t i = 0; i < d->n; i++) {
        store_effect_move(d->e->store, d->effects[i].e.n, EFFECT_UNSURE, r->words, NULL, now_of(d->e));
        store_effect_alive(d->e->store, d->effects[i].e.n, alive);
        store_effect_later(d->e->store, d->effects[i].e.n, 0, NULL);
        journal(d->e, "bridge", "unsure", d->ref, d->effects[i].e.problem, d->effects[i].e.n,
                "%s: it is looked for before anything is sent again", r->words ? r->words : "no answer");
    }
}

/* What was refused with its state waits with it. */
static bool state_refused(const struct dispatch *d, const struct op_result *r) {
    for (size_t i = 0; i < d->n; i++)
        if (d->effects[i].e.kind == EFFECT_STATE)
            return !r->state_applied;
    return false;
}

static bool field_applied(const struct effect_row *x, const struct op_result *r) {
    enum field f;
    return r->fields_applied || (field_parse(json_text(x->e.want, "field"), &f) && (r->fields_done & 1u << f));
}

static void parts(struct dispatch *d, const struct op_result *r) {
    for (size_t i = 0; i < d->n; i++) {
        const struct effect_row *x = &d->effects[i];
        if (x->e.kind == EFFECT_STATE)
            settle_state(d, x, r);
        else if (x->e.kind == EFFECT_FIELD && field_applied(x, r))
            settle_field_done(d, x);
        else if (x->e.kind == EFFECT_NOTE && r->note_applied)
            settle_note_done(d, x, r->echo, r->note_inside);
        else if (x->e.kind == EFFECT_NOTE && state_refused(d, r))
            settle_again(d, x, r->words);
        else
            settle_park(d, x, r->words);
    }
}

static void by_class(struct dispatch *d, const struct op_result *r) {
    switch (r->class) {
    case CLASS_OK:
    case CLASS_REJECTED: parts(d, r); break;
    case CLASS_CONFLICT: again(d, 300 + (msec_t)(randomness_u64(&d->e->world->randomness) % 700), r->words); break;
    case CLASS_RETRY_SAFE:
    case CLASS_LIMITED:
    case CLASS_NOT_MODIFIED: again(d, settle_backoff(d, &d->effects[0]), r->words); break;
    case CLASS_DENIED:
        if (r->status == 401) {
            again(d, settle_backoff(d, &d->effects[0]), r->words);
            break;
        } /* fall through */
    case CLASS_GONE:
        parts(d, r);
        if (d->effects[0].e.kind != EFFECT_CREATE)
            store_lookup_add(d->e->store, &(struct lookup_row){.ref = d->ref, .hash = 1}, now_of(d->e));
        break;
    case CLASS_UNSURE:
    case CLASS_NONSENSE:
    default: unsure(d, r); break;
    }
}

/* The window between our read and our write (law 2): nothing is put back, a person is told. */
void settle_lost(struct dispatch *d, const struct lost_edit *x) {
    struct engine *e = d->e;
    struct record_row row;
    bool forgotten = store_record(e->store, d->a, d->ref, &row) && row.forgotten;
    const char *by = x->by && !forgotten ? x->by : "somebody";
    const char *text = arena_printf(d->a, "%s had set %s to '%.200s' at %s; the bridge wrote '%.200s' over it", by,
                                    x->what, x->value && !forgotten ? x->value : "",
                                    time_text(d->a, ours(d->lane, x->at)), x->wrote ? x->wrote : "");
    d->lost = d->lost ? arena_printf(d->a, "%s; %s", d->lost, text) : text;
    journal(e, by, "lost-edit", d->ref, 0, 0, "%s", text);
    store_attention_set(
        e->store,
        &(struct attention_item){
            .kind = "lost-edit",
            .subject = d->ref,
            .text = d->lost,
            .who = "practitioner",
            .clear = arena_printf(d->a, "set it again in the tracker if it shall hold; then bascule ack %s", d->ref)},
        now_of(e));
}

void settle_write(struct dispatch *d, const struct op_result *r) {
    struct engine *e = d->e;
    (void)lane_told(d->lane, r);
    engine_begin(e);
    by_class(d, r);
    for (size_t i = 0; i < r->n_lost; i++)
        settle_lost(d, &r->lost[i]);
    if (r->after && memory_believes(d->lane, d->a, r->after))
        ingest(d->lane, d->a, &(struct seen){.record = r->after});
    if (!engine_commit(e)) /* what was written stays in flight on disk: a restart asks */
        log_error(e->world->log, "%s: its outcome could not be stored", d->ref);
    engine_changed(e, "effect", d->ref);
    dispatch_done(d);
}

/* ---- creations ---- */

/* The new record is linked by the bridge's own act, and read at once. */
void settle_created(struct dispatch *d, const struct effect_row *x, const char *id) {
    struct engine *e = d->e;
    const char *ref = ref_make(d->a, d->lane->cfg->name, id);
    store_effect_move(e->store, x->e.n, EFFECT_DONE, NULL, ref, now_of(e));
    store_evidence_add(e->store,
                       &(struct evidence){.defect = ref,
                                          .problem = x->e.problem,
                                          .source = "creation",
                                          .place = "created by the bridge",
                                          .actor = "bridge",
                                          .at = now_of(e)},
                       now_of(e));
    struct record_row seen;
    if (store_record(e->store, d->a, ref, &seen)) /* a poll saw it before its answer was known */
        relink_defect(e, d->a, ref, false);
    store_lookup_add(e->store, &(struct lookup_row){.ref = ref, .hash = 1}, now_of(e));
    journal(e, "bridge", "written", ref, x->e.problem, x->e.n, "created");
}

void settle_create(struct dispatch *d, const struct op_result *r) {
    struct engine *e = d->e;
    (void)lane_told(d->lane, r);
    engine_begin(e);
    if (r->created_id)
        settle_created(d, &d->effects[0], r->created_id);
    else if (r->class == CLASS_OK)
        unsure(d, r);
    else if (r->class == CLASS_REJECTED || r->class == CLASS_GONE)
        settle_park(d, &d->effects[0], r->words);
    else
        by_class(d, r);
    if (!engine_commit(e))
        log_error(e->world->log, "%s: the outcome of a creation could not be stored", d->ref);
    engine_changed(e, "effect", d->ref);
    dispatch_done(d);
}
