/* look: what is unsure is settled by looking only (law 5): the record's state and
 * fields, its notes by their markers, a created record by its own. "There" counts
 * at once; "not there" after look_after, twice. Called by deliver.c; ends the delivery. */
#include "deliver.h"

#include <string.h>

#define TRIES_MOST    8 /* of a write that never arrives though its tracker answers */
#define LOOK_AGAIN    (15 * SEC_MS)
#define LOOKS_IN_VAIN (600 * SEC_MS)

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
        settle_lost(d, &(struct lost_edit){
                           .what = what, .value = to, .wrote = t->ours->to, .by = t->theirs->by, .at = t->theirs->at});
}

static bool state_there(struct dispatch *d, struct effect_row *x, const struct record *r, enum state want) {
    enum state class = r->kind == KIND_INCIDENT ? incident_class(r->state, r->outcome) : r->state;
    if (json_array_size(json_object_get(x->e.want, "walking")) && class == STATE_OPEN) {
        settle_walked(d, x);
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
    settle_field_done(d, x);
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
    settle_again(d, x, NULL);
    if (!d->again_at)
        d->again_at = now + settle_backoff(d, x);
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
            settle_again(d, &d->effects[i], NULL);
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
        settle_note_done(d, x, r->echo, false);
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
        settle_created(d, x, r->created_id);
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
