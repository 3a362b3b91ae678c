/* memory: does a tracker still know what it knew? One that was put back from a
 * backup has forgotten; what it shows then is no news (domain.md 9).
 *
 * A change feed cannot tell: what was forgotten is not listed. So before changes
 * are believed, and before a record is believed gone, the records that were
 * changed last are read: one that is as we saw it vouches for the rest; one that
 * is older than we saw it, was created at another time, or whose history does not
 * know the state in which we saw it, does not. It is asked a second time, and if
 * it says so again nothing is taken from there any more until a person says go
 * on. A record that is newer, or not there, says nothing: somebody works on it,
 * or it was deleted, merged, moved away; then the next one is asked.
 *
 * Asked at most once in FRESH, when there is news, and again after every failed
 * request (who restores a tracker ends it first): an idle one costs nothing.
 * Times are compared as far as the tracker's clock allows: it may have been set
 * meanwhile, so what it was ever off by is kept, and makes the comparison wider. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH      (60 * SEC_MS)
#define DOUBT_WAIT (5 * SEC_MS)
#define ASKED_MOST 20
#define TRIES      3
#define SLACK      (2 * SEC_MS)

struct asking {
    struct arena *a;
    const char **refs;
    size_t n, at;
    int tries;           /* of this one */
    const char *doubted; /* asked a second time */
};

bool memory_fresh(const struct lane *l) {
    msec_t now = now_of(l->e);
    return l->remembered_at && now >= l->remembered_at && now - l->remembered_at < FRESH;
}

/* ---- clocks ---- */

static void clock_range(struct lane *l, struct arena *a, msec_t *least, msec_t *most) {
    long long x = 0, y = 0;
    const char *text = store_meta(l->e->store, a, arena_printf(a, "clock:%s", l->cfg->name));
    if (text)
        (void)sscanf(text, "%lld %lld", &x, &y);
    *least = l->offset < x ? l->offset : x;
    *most = l->offset > y ? l->offset : y;
}

void memory_clock(struct lane *l, struct arena *a) {
    msec_t off = l->offset < 0 ? -l->offset : l->offset, least, most;
    if (off <= SLACK)
        return; /* nothing is corrected by it */
    clock_range(l, a, &least, &most);
    store_meta_set(l->e->store, arena_printf(a, "clock:%s", l->cfg->name),
                   arena_printf(a, "%lld %lld", (long long)least, (long long)most));
}

/* ---- one record ---- */

/* Its history has moves, and none into or out of the state in which we saw it. Moves are only ever added, also by
 * merging; records without any say nothing. */
static bool history_lacks(struct lane *l, const struct record *r, const struct record *old) {
    bool any = false;
    for (size_t i = 0; r->detailed && old->native_state && i < r->n_changes; i++) {
        const struct change *c = &r->changes[i];
        enum outcome o;
        if (!str_is(c->field, "state") || !c->from || !c->to)
            continue;
        any = true;
        if (str_is_nocase(c->from, old->native_state) || str_is_nocase(c->to, old->native_state) ||
            tracker_map_state(l->tracker, c->to, NULL, &o) == STATE_NONE)
            return false;
    }
    return any && !str_is_nocase(r->native_state ? r->native_state : "", old->native_state);
}

/* What contradicts what we saw before; NULL: nothing. */
static const char *contradiction(struct lane *l, struct arena *a, const struct record *r) {
    struct record_row old;
    msec_t least, most;
    const char *ref = ref_make(a, l->cfg->name, r->id);
    if (!store_record(l->e->store, a, ref, &old) || old.r.presence != PRESENT)
        return NULL;
    clock_range(l, a, &least, &most);
    msec_t wide = most - least, created = as_told(l, r->created), updated = ours(l, r->updated);
    if (created && old.r.created && (created + SLACK + wide < old.r.created || old.r.created + SLACK + wide < created))
        return arena_printf(a, "%s was created at %s, and now at %s", ref, time_text(a, old.r.created),
                            time_text(a, created));
    if (updated && old.r.updated && updated + SLACK + wide < old.r.updated)
        return arena_printf(a, "%s was last changed at %s, and now at %s", ref, time_text(a, old.r.updated),
                            time_text(a, updated));
    if (history_lacks(l, r, &old.r))
        return arena_printf(a, "%s was '%s', and its history does not know that", ref, old.r.native_state);
    return NULL;
}

/* As we saw it, or (for one that tells no time) simply there. */
static bool vouches(struct lane *l, struct arena *a, const struct record *r) {
    struct record_row old;
    msec_t least, most, updated = ours(l, r->updated);
    if (!store_record(l->e->store, a, ref_make(a, l->cfg->name, r->id), &old) || old.r.presence != PRESENT)
        return false;
    clock_range(l, a, &least, &most);
    return !updated || !old.r.updated || updated <= old.r.updated + SLACK + (most - least);
}

static void begin_ask(struct lane *l, const char *doubted, msec_t wait) {
    if (l->asking)
        return;
    struct asking *x = calloc(1, sizeof(*x));
    x->a = arena_new();
    x->doubted = arena_strdup(x->a, doubted);
    l->asking = x;
    l->remembered_at = 0;
    l->ask_at = now_of(l->e) + wait;
    lane_wake(l, wait);
}

void memory_ask(struct lane *l) {
    begin_ask(l, NULL, 0);
}

bool memory_believes(struct lane *l, struct arena *a, const struct record *r) {
    if (l->blind)
        return false;
    if (!l->import_done)
        return true;
    const char *why = contradiction(l, a, r);
    if (!why)
        return !l->doubts;
    if (!l->doubts) {
        log_warn(l->e->world->log, "tracker %s: %s: looked at again", l->cfg->name, why);
        memory_free(l);
        l->doubts = true;
        begin_ask(l, ref_make(a, l->cfg->name, r->id), DOUBT_WAIT);
    }
    return false;
}

bool memory_page(struct lane *l, struct arena *a, const struct op_result *r) {
    if (l->blind || !l->import_done || !r->n_records)
        return !l->blind;
    if (!memory_fresh(l)) {
        memory_ask(l);
        return false;
    }
    for (size_t i = 0; i < r->n_records; i++)
        if (!memory_believes(l, a, &r->records[i]))
            return false;
    return true;
}

/* ---- asking ---- */

void memory_free(struct lane *l) {
    if (!l->asking || l->asked) /* its answer is on its way: it frees it */
        return;
    arena_free(l->asking->a);
    free(l->asking);
    l->asking = NULL;
}

static void end(struct lane *l, bool remembers) {
    l->asked = false;
    memory_free(l);
    if (!remembers)
        return;
    l->doubts = false;
    l->remembered_at = now_of(l->e);
    l->poll_at = 0;
}

static void alarm(struct lane *l, struct arena *a, const char *why) {
    struct engine *e = l->e;
    engine_begin(e);
    lane_stop(
        l, "tracker-restored", STOP_ALL,
        arena_printf(a,
                     "it was put back to an earlier state, or is another one (%s): nothing is taken from it and "
                     "nothing written to it",
                     why),
        arena_printf(a,
                     "see that it is the right tracker; then bascule resume %s: what it shows then is taken as it "
                     "is, and nobody is told because of it",
                     l->cfg->name));
    (void)engine_commit(e);
    engine_changed(e, "tracker", l->cfg->name);
}

/* Its tracker may be down: a list tells. If the lists are answered, it is the record, and says nothing. */
static void no_word(struct lane *l, struct asking *x, const struct op_result *r) {
    l->ask_at = now_of(l->e) + DOUBT_WAIT;
    if (r->class != CLASS_LIMITED && ++x->tries >= TRIES) {
        x->tries = 0;
        x->at++;
    }
    lane_wake(l, 0);
}

static void answered(struct lane *l, void *who, const struct op_result *r) {
    struct asking *x = who;
    struct engine *e = l->e;
    l->asked = false;
    if (!lane_told(l, r) || e->stopping) {
        no_word(l, x, r);
        return;
    }
    x->tries = 0;
    bool there = r->n_records && (r->presence == PRESENT || r->presence == OUT_OF_SCOPE);
    const char *why = there ? contradiction(l, x->a, &r->records[0]) : NULL;
    if (why && (x->doubted || l->doubts)) {
        alarm(l, x->a, why);
        end(l, false);
        l->doubts = false;
    } else if (why) {
        l->doubts = true;
        x->doubted = ref_make(x->a, l->cfg->name, r->records[0].id);
        l->ask_at = now_of(e) + DOUBT_WAIT;
    } else if (there && vouches(l, x->a, &r->records[0])) {
        end(l, true);
    } else {
        x->at++;
    }
    lane_wake(l, 0);
}

static void ask(struct lane *l, struct asking *x) {
    if (!x->refs) {
        if (x->doubted)
            *arena_push(x->a, &x->refs, &x->n) = x->doubted;
        const char **newest;
        size_t n = store_records_newest(l->e->store, x->a, l->cfg->name, ASKED_MOST, &newest);
        for (size_t i = 0; i < n; i++)
            *arena_push(x->a, &x->refs, &x->n) = newest[i];
    }
    if (!x->refs || x->at >= x->n) { /* nobody is left to ask */
        end(l, true);
        lane_wake(l, 0);
        return;
    }
    const char *colon = strchr(x->refs[x->at], ':');
    l->asked = true;
    lane_run(l, op_read(l->tracker, colon + 1), false, answered, x);
}

void memory_run(struct lane *l) {
    if (l->asking && !l->asked && now_of(l->e) >= l->ask_at)
        ask(l, l->asking);
}

/* ---- people: go on ---- */

void memory_resume(struct lane *l, struct arena *a, struct tracker_row *t) {
    struct engine *e = l->e;
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)now_of(e));
    store_meta_set(e->store, arena_printf(a, "again:%s", l->cfg->name), text);
    store_meta_set(e->store, "adopts", "1");
    store_attention_clear(e->store, "tracker-restored", l->cfg->name);
    store_tracker_again(e->store, l->cfg->name);
    e->adopts = true;
    t->import = "none";
    t->cursor = NULL;
    t->imported = 0;
    free(l->cursor);
    l->cursor = NULL;
    l->import_done = l->listed = l->blind = l->doubts = false;
    journal(e, "bridge", "import", "", 0, 0,
            "tracker %s: what it shows is taken as it is now, and adopted: nobody is told because of it", l->cfg->name);
}

/* Inside the transaction that ends an import. */
void memory_imported(struct lane *l, struct arena *a) {
    struct engine *e = l->e;
    int64_t since = 0;
    const char **refs, *key = arena_printf(a, "again:%s", l->cfg->name), *text = store_meta(e->store, a, key);
    l->remembered_at = now_of(e);
    if (str_empty(text) || !str_int64(text, &since))
        return;
    size_t n = store_records_unseen(e->store, a, l->cfg->name, since, &refs);
    for (size_t i = 0; i < n; i++) { /* what it does not list any more is looked for, and is no contradiction again */
        store_record_unknown(e->store, refs[i]);
        store_lookup_add(e->store, &(struct lookup_row){.ref = refs[i], .adopt = true}, now_of(e));
    }
    store_meta_set(e->store, key, "");
}
