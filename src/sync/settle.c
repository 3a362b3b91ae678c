/* settle: what became of a request, in the second transaction: done, refused
 * (parked with the tracker's own words), again, or unsure. */
#include "deliver.h"

#include <string.h>

#define RETRY_FIRST   (1 * SEC_MS)
#define RETRY_MOST    (300 * SEC_MS)
#define TRIES_MOST    8 /* of a write that never arrives though its tracker answers */
#define LOOK_AGAIN    (15 * SEC_MS)
#define LOOKS_IN_VAIN (600 * SEC_MS)

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

static void wait_again(struct dispatch *d, const struct effect_row *x, const char *words) {
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

static void field_done(struct dispatch *d, const struct effect_row *x) {
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

static void note_done(struct dispatch *d, const struct effect_row *x, const char *echo, bool inside) {
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
    wait_again(d, x, NULL);
    return true;
}

static bool is_step(const struct dispatch *d, const struct effect_row *x) {
    return d->write.state == STATE_OPEN && !str_is(json_text(x->e.want, "state"), "open");
}

/* A step is behind it: on to the target. The state on the way is the bridge's own. */
static void walked_step(struct dispatch *d, const struct effect_row *x) {
    json_t *want = json_deep_copy(x->e.want);
    json_array_clear(json_object_get(want, "walking"));
    json_object_set_new(want, "midway", json_string("open"));
    store_effect_want(d->e->store, x->e.n, want);
    json_decref(want);
    wait_again(d, x, NULL);
    struct incident_row i;
    if (store_incident(d->e->store, d->a, d->ref, &i)) {
        i.asserted = STATE_OPEN;
        i.asserted_at = now_of(d->e);
        store_incident_put(d->e->store, &i);
    }
}

static void settle_state(struct dispatch *d, const struct effect_row *x, const struct op_result *r) {
    if (r->state_applied && is_step(d, x))
        walked_step(d, x);
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
        wait_again(d, &d->effects[i], words);
        store_effect_later(d->e->store, d->effects[i].e.n, now_of(d->e) + wait, words);
    }
}

static msec_t backoff(const struct dispatch *d, const struct effect_row *x) {
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
            field_done(d, x);
        else if (x->e.kind == EFFECT_NOTE && r->note_applied)
            note_done(d, x, r->echo, r->note_inside);
        else if (x->e.kind == EFFECT_NOTE && state_refused(d, r))
            wait_again(d, x, r->words);
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
    case CLASS_NOT_MODIFIED: again(d, backoff(d, &d->effects[0]), r->words); break;
    case CLASS_DENIED:
        if (r->status == 401) {
            again(d, backoff(d, &d->effects[0]), r->words);
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
static void tell_lost(struct dispatch *d, const struct lost_edit *x) {
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
        tell_lost(d, &r->lost[i]);
    if (r->after && memory_believes(d->lane, d->a, r->after))
        ingest(d->lane, d->a, &(struct seen){.record = r->after});
    if (!engine_commit(e)) /* what was written stays in flight on disk: a restart asks */
        log_error(e->world->log, "%s: its outcome could not be stored", d->ref);
    engine_changed(e, "effect", d->ref);
    dispatch_done(d);
}

/* ---- creations ---- */

/* The new record is linked by the bridge's own act, and read at once. */
static void created(struct dispatch *d, const struct effect_row *x, const char *id) {
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
        created(d, &d->effects[0], r->created_id);
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

/* ---- looking (law 5) ---- */

static void look_next(struct dispatch *d);

static bool change_is_ours(struct dispatch *d, const struct effect_row *x, const struct record *r,
                           const struct change *c) {
    enum state want;
    enum outcome outcome;
    enum field f;
    if (x->e.kind == EFFECT_FIELD)
        return field_parse(json_text(x->e.want, "field"), &f) &&
               field_equal(d->e, d->a, f, r->kind, c->to, json_text(x->e.want, "value"));
    enum state state = c->to ? tracker_map_state(d->lane->tracker, c->to, NULL, &outcome) : STATE_NONE;
    return state_parse(json_text(x->e.want, "state"), &want) && state != STATE_NONE &&
           (r->kind == KIND_INCIDENT ? incident_class(state, outcome) : state) == want;
}

/* What the history tells of an effect: ours since the request left, and what another did just before it. */
struct traces {
    const struct change *ours, *theirs;
};

static struct traces traces_of(struct dispatch *d, const struct effect_row *x, const struct record *r,
                               const char *field) {
    struct traces t = {0};
    msec_t since = x->e.sent / SEC_MS * SEC_MS - SEC_MS; /* histories have whole seconds */
    for (size_t i = 0; field && !t.ours && i < r->n_changes; i++) {
        const struct change *c = &r->changes[i];
        if (!str_is(c->field, field) || c->at - d->lane->offset < since)
            continue;
        if (change_is_ours(d, x, r, c))
            t.ours = c;
        else
            t.theirs = c;
    }
    return t;
}

static bool tells_publicly(const struct dispatch *d) {
    for (size_t i = 0; i < d->n; i++)
        if (str_is(json_text(d->effects[i].e.want, "visibility"), "public"))
            return true;
    return false;
}

/* An edit that was not there when the record was read before the write. A public note makes its tracker move the
 * state by itself: that is no edit. */
static void look_lost(struct dispatch *d, const struct effect_row *x, const struct traces *t) {
    struct record_row row;
    bool state = x->e.kind == EFFECT_STATE;
    const char *what = state ? "state" : json_text(x->e.want, "field");
    if (!t->ours || !t->theirs || (state && tells_publicly(d)) || !store_record(d->e->store, d->a, d->ref, &row))
        return;
    const char *was = state ? row.r.native_state : json_text(row.r.fields, what), *to = t->theirs->to;
    if (!str_is_nocase(was ? was : "", to ? to : ""))
        tell_lost(d, &(struct lost_edit){
                         .what = what, .value = to, .wrote = t->ours->to, .by = t->theirs->by, .at = t->theirs->at});
}

static bool state_there(struct dispatch *d, struct effect_row *x, const struct record *r, enum state want) {
    enum state class = r->kind == KIND_INCIDENT ? incident_class(r->state, r->outcome) : r->state;
    if (json_array_size(json_object_get(x->e.want, "walking")) && class == STATE_OPEN) {
        walked_step(d, x);
        return true;
    }
    struct traces t = traces_of(d, x, r, "state");
    if (class != want && !t.ours)
        return false;
    settle_state_done(d, x, want, false);
    look_lost(d, x, &t);
    ingest_overtaken(d->lane, d->a, d->ref, r);
    return true;
}

/* There, or it was there after the request left: done, and what stands there now is another's (law 2). */
static bool there(struct dispatch *d, struct effect_row *x, const struct record *r) {
    enum state want = STATE_NONE;
    enum field f;
    const char *name = json_text(x->e.want, "field");
    if (x->e.kind == EFFECT_STATE && state_parse(json_text(x->e.want, "state"), &want))
        return state_there(d, x, r, want);
    if (x->e.kind != EFFECT_FIELD || !field_parse(name, &f))
        return false;
    struct traces t = traces_of(d, x, r, native_field(d->lane, f));
    bool now = field_equal(d->e, d->a, f, r->kind, json_text(r->fields, name), json_text(x->e.want, "value"));
    if (!now && !t.ours)
        return false;
    field_done(d, x);
    look_lost(d, x, &t);
    if (!now)
        journal(d->e, "tracker", "override", d->ref, 0, 0,
                "the bridge had set %s, and it was changed since: left alone until its value changes", name);
    return true;
}

/* Not there: that counts only look_after since the request was last alive, twice. */
static void not_there(struct dispatch *d, struct effect_row *x) {
    struct engine *e = d->e;
    msec_t now = now_of(e), ripe = x->alive + d->lane->cfg->look_after;
    if (now < ripe) {
        store_effect_later(e->store, x->e.n, ripe, NULL);
        return;
    }
    store_effect_looked(e->store, x->e.n, x->looks + 1);
    if (x->looks + 1 < 2) {
        if (!d->look_at)
            d->look_at = now + SEC_MS;
        store_effect_later(e->store, x->e.n, d->look_at, NULL);
        return;
    }
    journal(e, "bridge", "looked", d->ref, x->e.problem, x->e.n, "it is not there");
    if (x->e.attempts >= TRIES_MOST) {
        settle_park(d, x,
                    arena_printf(d->a, "sent %d times, and it never arrived: %s", x->e.attempts,
                                 x->e.error ? x->e.error : "no answer"));
        return;
    }
    wait_again(d, x, NULL);
    if (!d->again_at)
        d->again_at = now + backoff(d, x);
    store_effect_later(e->store, x->e.n, d->again_at, NULL);
}

/* The record is not there to be compared. For good: what asked for a state or a value of it is over. */
static bool look_absent(struct dispatch *d, const struct op_result *r) {
    struct engine *e = d->e;
    struct record_row row;
    if (r->presence != PRESENT)
        ingest_presence(d->lane, d->a, d->ref, r->presence, r->merged_into, false);
    bool over = store_record(e->store, d->a, d->ref, &row) && (row.r.presence == GONE || row.r.presence == MERGED);
    for (size_t i = 0; i < d->n; i++)
        if (!over)
            store_effect_later(e->store, d->effects[i].e.n, now_of(e) + 10 * SEC_MS, r->words);
        else if (row.r.presence == GONE || d->effects[i].e.kind != EFFECT_NOTE)
            wait_again(d, &d->effects[i], NULL);
    return over;
}

/* What became of it can't be seen now. For long, though the tracker answers: a person should know. */
static void look_failed(struct dispatch *d, const struct op_result *r) {
    msec_t now = now_of(d->e);
    bool long_ago = now - d->effects[0].alive > LOOKS_IN_VAIN && r->class != CLASS_LIMITED;
    for (size_t i = 0; i < d->n; i++)
        store_effect_later(d->e->store, d->effects[i].e.n, now + (long_ago ? RETRY_MOST : LOOK_AGAIN), NULL);
    if (long_ago && d->effects[0].e.kind != EFFECT_CREATE)
        record_broken(d->lane, d->a, d->ref, r->words ? r->words : reply_class_name(r->class));
}

static void look_record_done(struct lane *l, void *who, const struct op_result *r) {
    struct dispatch *d = who;
    struct engine *e = d->e;
    bool healthy = lane_told(l, r);
    if (!healthy || !r->n_records || r->presence != PRESENT) {
        engine_begin(e);
        bool over = healthy && look_absent(d, r);
        if (!healthy)
            look_failed(d, r);
        (void)engine_commit(e);
        d->record_read = true;
        if (over && r->presence == MERGED) /* its notes went along */
            look_next(d);
        else
            dispatch_done(d);
        return;
    }
    engine_begin(e);
    if (!memory_believes(l, d->a, &r->records[0])) {
        for (size_t i = 0; i < d->n; i++)
            store_effect_later(e->store, d->effects[i].e.n, now_of(e) + 10 * SEC_MS, NULL);
        (void)engine_commit(e);
        dispatch_done(d);
        return;
    }
    for (size_t i = 0; i < d->n; i++)
        if (d->effects[i].e.kind != EFFECT_NOTE && !there(d, &d->effects[i], &r->records[0]))
            not_there(d, &d->effects[i]);
    ingest(l, d->a, &(struct seen){.record = &r->records[0]});
    record_mended(l, d->ref);
    (void)engine_commit(e);
    d->record_read = true;
    look_next(d);
}

static void look_note_done(struct lane *l, void *who, const struct op_result *r) {
    struct dispatch *d = who;
    struct engine *e = d->e;
    struct effect_row *x = &d->effects[0];
    for (size_t i = 0; i < d->n; i++)
        if (d->effects[i].e.kind == EFFECT_NOTE)
            x = &d->effects[i];
    bool healthy = lane_told(l, r);
    engine_begin(e);
    if (!healthy || r->class != CLASS_OK)
        store_effect_later(e->store, x->e.n, now_of(e) + LOOK_AGAIN, NULL);
    else if (r->found)
        note_done(d, x, r->echo, false);
    else
        not_there(d, x);
    (void)engine_commit(e);
    dispatch_done(d);
}

static void look_created_done(struct lane *l, void *who, const struct op_result *r) {
    struct dispatch *d = who;
    struct engine *e = d->e;
    struct effect_row *x = &d->effects[0];
    bool healthy = lane_told(l, r);
    engine_begin(e);
    if (!healthy || r->class != CLASS_OK)
        store_effect_later(e->store, x->e.n, now_of(e) + LOOK_AGAIN, NULL);
    else if (r->found && r->created_id)
        created(d, x, r->created_id);
    else
        not_there(d, x);
    (void)engine_commit(e);
    dispatch_done(d);
}

static void cannot_look(struct dispatch *d, struct effect_row *x) {
    engine_begin(d->e);
    settle_park(
        d, x,
        "no answer came, and this tracker offers no way to look whether it was carried out: look there, then retry or "
        "discard");
    (void)engine_commit(d->e);
    dispatch_done(d);
}

/* Where its notes are: those of a merged record went along to the survivor. */
static const char *notes_of(struct dispatch *d) {
    struct record_row row;
    const char *ref = d->ref;
    for (int depth = 0; depth < 16; depth++) {
        if (!store_record(d->e->store, d->a, ref, &row) || row.r.presence != MERGED || str_empty(row.r.merged_into))
            break;
        ref = ref_make(d->a, d->lane->cfg->name, row.r.merged_into);
    }
    return strchr(ref, ':') + 1;
}

static void look_next(struct dispatch *d) {
    const struct tracker_abilities *can = tracker_abilities(d->lane->tracker);
    const char *id = strchr(d->ref, ':') + 1;
    if (d->effects[0].e.kind == EFFECT_CREATE) {
        if (!can->look_create)
            cannot_look(d, &d->effects[0]);
        else
            lane_run(d->lane,
                     op_look_created(d->lane->tracker, json_text(d->effects[0].e.want, "marker"),
                                     d->effects[0].e.sent - 60 * SEC_MS),
                     false, look_created_done, d);
        return;
    }
    struct effect_row *note = NULL;
    for (size_t i = 0; i < d->n; i++) {
        if (d->effects[i].e.kind == EFFECT_NOTE)
            note = &d->effects[i];
    }
    if (!d->record_read) /* for a note too: only this tells that the record is gone */
        lane_run(d->lane, op_read(d->lane->tracker, id), false, look_record_done, d);
    else if (note && !can->look_note)
        cannot_look(d, note);
    else if (note)
        lane_run(d->lane, op_look_note(d->lane->tracker, notes_of(d), json_text(note->e.want, "marker")), false,
                 look_note_done, d);
    else
        dispatch_done(d);
}

void look_begin(struct dispatch *d) {
    struct effect_row *all;
    size_t n = store_effects_open(d->e->store, d->a, d->ref, &all);
    for (size_t i = 0; i < n && d->n < EFFECTS_AT_ONCE; i++)
        if (all[i].e.state == EFFECT_UNSURE && all[i].e.not_before <= now_of(d->e)) {
            d->effects[d->n] = all[i];
            d->wants[d->n] = json_deep_copy(all[i].e.want);
            d->effects[d->n].e.want = d->wants[d->n];
            d->n++;
        }
    if (!d->n)
        dispatch_done(d);
    else
        look_next(d);
}
