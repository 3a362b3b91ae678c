/* lookup: reads of single records - changed ones, referenced ones, and in the
 * slow sweep all linked ones, which finds what no change feed tells: deletions,
 * lost permission, new relations (domain.md 8). */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_LOOK (10 * SEC_MS)
#define SWEEP_STEP  20

struct reading {
    char *ref;
    uint64_t hash;
    bool adopt, asked; /* asked: by a person */
    int tries;
    void (*then)(void *arg, const struct op_result *r);
    void *arg;
};

static void reading_free(struct reading *x) {
    free(x->ref);
    free(x);
}

/* What became of the lookup row. */
static void settle_row(struct lane *l, struct arena *a, const struct reading *x, const struct op_result *r) {
    struct engine *e = l->e;
    struct record_row row;
    bool known = store_record(e->store, a, x->ref, &row);
    if (r->presence == PRESENT || known)
        store_lookup_done(e->store, x->ref, x->hash);
    else if (x->hash) { /* listed, and gone before it was read: no import waits for it; perhaps a reference does */
        store_lookup_done(e->store, x->ref, x->hash);
        store_lookup_add(e->store, &(struct lookup_row){.ref = x->ref, .adopt = x->adopt}, now_of(e) + l->cfg->sweep);
    } else
        store_lookup_later(e->store, x->ref, now_of(e) + l->cfg->sweep, presence_name(r->presence));
    /* absence is believed after two looks, and a deletion only when the tracker vouches for its memory, which it is
     * asked for at the first: a hidden record may be deleted, too */
    bool again = r->presence == GONE ? row.r.presence != GONE && row.r.presence != MERGED
                                     : r->presence != PRESENT && r->presence != MERGED && row.r.presence == PRESENT &&
                                           row.missing_looks < 2;
    if (known && again)
        store_lookup_add(e->store, &(struct lookup_row){.ref = x->ref}, now_of(e) + SECOND_LOOK);
}

void record_broken(struct lane *l, struct arena *a, const char *ref, const char *why) {
    struct engine *e = l->e;
    store_quarantine(e->store, l->cfg->name, strchr(ref, ':') + 1, why, now_of(e));
    store_attention_set(
        e->store,
        &(struct attention_item){.kind = "quarantined",
                                 .subject = ref,
                                 .text = arena_printf(a, "cannot be read: %s", why),
                                 .who = "owner",
                                 .clear = arena_printf(a, "mend the record in its tracker; then bascule sync %s", ref)},
        now_of(e));
}

void record_mended(struct lane *l, const char *ref) {
    if (!store_quarantined(l->e->store, ref))
        return;
    store_quarantine(l->e->store, l->cfg->name, strchr(ref, ':') + 1, NULL, 0);
    store_attention_clear(l->e->store, "quarantined", ref);
}

/* Its row stays, so that the same element asks for no new read; the sweep's time has come when it is tried again. */
static void broken(struct lane *l, struct arena *a, const struct reading *x, const char *why) {
    struct engine *e = l->e;
    msec_t next = now_of(e) + l->cfg->sweep;
    record_broken(l, a, x->ref, why);
    if (store_lookup_waits(e->store, x->ref, x->hash))
        store_lookup_later(e->store, x->ref, next, why);
    else
        store_lookup_add(e->store, &(struct lookup_row){.ref = x->ref, .adopt = x->adopt}, next);
}

static void take(struct lane *l, struct arena *a, const struct reading *x, const struct op_result *r) {
    if (r->n_records && !memory_believes(l, a, &r->records[0])) {
        store_lookup_later(l->e->store, x->ref, now_of(l->e) + SECOND_LOOK, "its tracker contradicts itself");
        return;
    }
    if (r->n_records && r->presence == PRESENT) {
        struct record_row known;
        /* while a restored tracker is imported again all that is known is history, whoever asked for it */
        bool again = !l->import_done && l->e->adopts && store_record(l->e->store, a, x->ref, &known);
        ingest(l, a, &(struct seen){.record = &r->records[0], .adopt = x->adopt || again, .hash = x->hash});
        record_mended(l, x->ref);
    } else if (r->n_quarantined) {
        broken(l, a, x, r->quarantined[0].why);
        return;
    } else if (r->presence != PRESENT) {
        ingest_presence(l, a, x->ref, r->presence, r->merged_into, false);
        record_mended(l, x->ref);
    }
    settle_row(l, a, x, r);
}

/* Each try was made while the tracker's lists were answered (see lane_told): it is the record. A tracker
 * that asks for patience, or takes our credentials no more, says nothing of it. */
static bool is_hopeless(const struct op_result *r, int tries) {
    bool of_tracker = r->class == CLASS_LIMITED || (r->class == CLASS_DENIED && r->status == 401);
    return !of_tracker && tries >= 5;
}

static msec_t later(const struct reading *x) {
    msec_t span = 2 * SEC_MS;
    for (int i = 0; i < x->tries && span < 300 * SEC_MS; i++)
        span *= 2;
    return span;
}

static void read_done(struct lane *l, void *who, const struct op_result *r) {
    struct reading *x = who;
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    lane_release(l, x->ref);
    const char *why = r->words ? r->words : reply_class_name(r->class);
    bool healthy = lane_told(l, r);
    engine_begin(e);
    if (healthy && r->class != CLASS_CONFLICT && (r->n_records || r->presence != PRESENT || r->n_quarantined))
        take(l, a, x, r);
    else if (healthy || is_hopeless(r, x->tries))
        broken(l, a, x, why);
    else
        store_lookup_later(e->store, x->ref, now_of(e) + later(x), r->words);
    (void)engine_commit(e);
    if (x->then)
        x->then(x->arg, r);
    reading_free(x);
    import_maybe_done(l);
    engine_wake(e, 0);
    lane_wake(l, 0);
}

static void begin(struct lane *l, struct reading *x) {
    lane_hold(l, x->ref);
    lane_run(l, op_read(l->tracker, strchr(x->ref, ':') + 1), false, read_done, x);
}

void lookups_run(struct lane *l) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    struct lookup_row *rows;
    size_t n = store_lookups(e->store, a, l->cfg->name, now_of(e), 64, &rows);
    for (size_t i = 0; i < n && l->jobs < l->cfg->concurrency && lane_can(l); i++) {
        if (lane_busy(l, rows[i].ref))
            continue;
        struct reading *x = calloc(1, sizeof(*x));
        *x = (struct reading){
            .ref = strdup(rows[i].ref), .hash = rows[i].hash, .adopt = rows[i].adopt, .tries = rows[i].tries};
        begin(l, x);
    }
}

void lookup_now(struct lane *l, const char *ref, void (*then)(void *arg, const struct op_result *r), void *arg) {
    struct reading *x = calloc(1, sizeof(*x));
    *x = (struct reading){.ref = strdup(ref), .asked = true, .then = then, .arg = arg};
    begin(l, x);
}

/* ---- sweep ---- */

static void sweep_store(struct lane *l, const char *at, bool begins) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    struct tracker_row t;
    if (!store_tracker(e->store, a, l->cfg->name, &t))
        return;
    t.sweep_at = at;
    if (begins)
        t.sweep_began = now_of(e);
    store_tracker_put(e->store, &t);
}

void sweep_run(struct lane *l) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    struct lookup_row *ripe;
    const char **refs;
    msec_t now = now_of(e);
    if (!l->import_done || (!l->sweeping && (l->sweep_at == 0 || now < l->sweep_at)) ||
        store_lookups(e->store, a, l->cfg->name, now, 1, &ripe))
        return;
    bool begins = !l->sweeping;
    l->sweeping = true;
    engine_begin(e);
    size_t n = store_sweep_refs(e->store, a, l->cfg->name, l->sweep_ref, SWEEP_STEP, &refs);
    for (size_t i = 0; i < n; i++)
        store_lookup_add(e->store, &(struct lookup_row){.ref = refs[i]}, now);
    sweep_store(l, n ? refs[n - 1] : NULL, begins);
    if (!engine_commit(e))
        return;
    l->sweep_ref[0] = 0;
    if (n) {
        strncat(l->sweep_ref, refs[n - 1], sizeof(l->sweep_ref) - 1);
        lookups_run(l);
    } else {
        l->sweeping = false;
        l->sweep_at = now + l->cfg->sweep;
    }
}
