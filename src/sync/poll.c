/* poll: what changed since the cursor, and the first import.
 *
 * The cursor moves in the transaction that holds what the page said (law 4):
 * either the record itself, or a lookup row that makes it be read whole. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define CLOCK_SKEW_MOST     (600 * SEC_MS)
#define CURSOR_STORED_EVERY (300 * SEC_MS)
#define ZONE_ASKED_EVERY    (3600 * SEC_MS)
#define BACK_EVERY          (3600 * SEC_MS)
#define NAMELESS            "?"

/* The very element that was ingested, or waits to be read, is not parsed again. */
static bool element_known(void *arg, const char *id, uint64_t hash) {
    struct lane *l = arg;
    cleanup_arena struct arena *a = arena_new();
    const char *ref = ref_make(a, l->cfg->name, id);
    return store_record_unchanged(l->e->store, ref, hash) || store_lookup_waits(l->e->store, ref, hash);
}

static bool skewed(struct lane *l) {
    msec_t off = l->offset < 0 ? -l->offset : l->offset;
    return off > CLOCK_SKEW_MOST;
}

/* What a list says of its tracker, once. A list that is refused is no word about a record: the tracker is of no
 * use so; nor is one whose clock is wrong. */
static bool list_judged(struct lane *l, const struct op_result *r) {
    cleanup_arena struct arena *a = arena_new();
    struct op_result judged = *r;
    if (r->class == CLASS_GONE || r->class == CLASS_REJECTED || r->class == CLASS_DENIED)
        judged.class = CLASS_NONSENSE;
    if (r->class == CLASS_OK && skewed(l)) {
        judged.class = CLASS_NONSENSE;
        judged.words = arena_printf(a, "its clock is %s %s ours by more than 10 minutes: mend the clocks (NTP)",
                                    duration_text(a, (l->offset < 0 ? -l->offset : l->offset) / SEC_MS * SEC_MS),
                                    l->offset < 0 ? "behind" : "ahead of");
    }
    return lane_health(l, &judged) && judged.class == CLASS_OK;
}

static void take_element(struct lane *l, struct arena *a, const struct record *r, bool import, msec_t began) {
    struct engine *e = l->e;
    const char *ref = ref_make(a, r->tracker, r->id);
    /* where no time of creation is told, nothing tells what is new from history: then nobody is told */
    bool adopt = import && !engine_asserts_history(e) && (!r->created || r->created < began);
    bool whole = import ? l->cfg->import_comments : true;
    if (whole && !r->detailed)
        store_lookup_add(e->store, &(struct lookup_row){.ref = ref, .hash = r->hash, .adopt = adopt}, now_of(e));
    else
        ingest(l, a, &(struct seen){.record = r, .adopt = adopt, .hash = r->hash});
    if (import)
        store_quarantine(e->store, l->cfg->name, r->id, NULL, 0);
}

/* An element that can be named is read by itself: perhaps it is whole there; else the sweep tries it again. */
static void take_quarantined(struct lane *l, struct arena *a, const struct op_result *r, bool import) {
    struct engine *e = l->e;
    for (size_t i = 0; i < r->n_quarantined; i++) {
        const char *id = r->quarantined[i].id ? r->quarantined[i].id : NAMELESS;
        store_quarantine(e->store, l->cfg->name, id, r->quarantined[i].why, now_of(e));
        const char *subject = ref_make(a, l->cfg->name, id);
        bool named = r->quarantined[i].id != NULL;
        store_attention_set(
            e->store,
            &(struct attention_item){
                .kind = "quarantined",
                .subject = subject,
                .text = named ? r->quarantined[i].why
                              : arena_printf(a, "an element of a list cannot be read: %s", r->quarantined[i].why),
                .who = "owner",
                .clear = arena_printf(a,
                                      named ? "mend the record in its tracker; then bascule sync %s"
                                            : "mend the record that changed then; when none is missing: bascule ack %s",
                                      subject)},
            now_of(e));
        if (named)
            store_lookup_add(e->store,
                             &(struct lookup_row){.ref = subject,
                                                  .hash = r->quarantined[i].hash,
                                                  .adopt = import && !engine_asserts_history(e)},
                             now_of(e));
    }
}

/* Whoever has no name cannot be known again when it is whole: its entry goes once everything since the page that had
 * it was listed without one. True if that is so with this page. */
static bool nameless_over(struct lane *l, const struct op_result *r) {
    bool has = false;
    for (size_t i = 0; i < r->n_quarantined; i++)
        has |= !r->quarantined[i].id;
    if (has) {
        if (l->nameless == NAMELESS_NONE || r->from < l->nameless_from)
            l->nameless_from = r->from;
        l->nameless = NAMELESS_SEEN;
    } else if (l->nameless == NAMELESS_SEEN && r->from >= 0 && r->from <= l->nameless_from) {
        l->nameless = NAMELESS_LOOKED;
    }
    return l->nameless == NAMELESS_LOOKED && !r->more;
}

/* Complete once all pages were listed and every record they named was read. */
void import_maybe_done(struct lane *l) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    struct tracker_row t;
    if (l->import_done || !l->listed || store_lookups_changed_any(e->store, l->cfg->name) ||
        !store_tracker(e->store, a, l->cfg->name, &t))
        return;
    engine_begin(e);
    t.import = "done";
    t.sweep_began = now_of(e);
    store_tracker_put(e->store, &t);
    memory_imported(l, a);
    journal(e, "bridge", "import", "", 0, 0, "import of tracker %s is complete: %lld records", l->cfg->name,
            (long long)t.imported);
    l->import_done = true;
    bool all = engine_imported(e);
    if (all && !e->imported)
        store_meta_set(e->store, "imported", "once");
    l->import_done = engine_commit(e);
    if (!l->import_done)
        return;
    e->imported |= all;
    l->sweep_at = now_of(e) + l->cfg->sweep;
    log_info(e->world->log, "tracker %s: import complete, %lld records", l->cfg->name, (long long)t.imported);
    engine_wake(e, 0);
}

static void keep_cursor(struct lane *l, const char *cursor) {
    if (!cursor)
        return;
    free(l->cursor);
    l->cursor = strdup(cursor);
}

/* True if the page was committed. */
static bool take_page(struct lane *l, const struct op_result *r, bool import) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    struct tracker_row t;
    bool over = nameless_over(l, r), moved = r->n_records || r->n_quarantined || import || over;
    /* idle: the cursor on disk may be older, a restart only reads a little twice */
    if (!moved && now_of(e) - l->stored_ok < CURSOR_STORED_EVERY) {
        keep_cursor(l, r->cursor);
        return true;
    }
    engine_begin(e);
    if (!store_tracker(e->store, a, l->cfg->name, &t)) {
        store_rollback(e->store);
        return false;
    }
    if (import && !t.cursor) /* now its clock is known */
        t.import_began = (t.import_began + l->offset) / SEC_MS * SEC_MS;
    for (size_t i = 0; i < r->n_records; i++) {
        take_element(l, a, &r->records[i], import, t.import_began);
        if (r->records[i].updated > t.last_change)
            t.last_change = r->records[i].updated;
    }
    take_quarantined(l, a, r, import);
    if (over)
        record_mended(l, ref_make(a, l->cfg->name, NAMELESS));
    t.cursor = r->cursor ? r->cursor : t.cursor;
    t.clock_offset = l->offset;
    t.last_poll = t.last_ok = now_of(e);
    t.imported += import ? (int64_t)r->n_records : 0;
    store_tracker_put(e->store, &t);
    if (!engine_commit(e))
        return false;
    l->nameless = over ? NAMELESS_NONE : l->nameless;
    keep_cursor(l, r->cursor);
    l->stored_ok = now_of(e);
    l->listed = import && !r->more;
    import_maybe_done(l);
    return true;
}

static void page_done(struct lane *l, void *who, const struct op_result *r) {
    struct engine *e = l->e;
    bool import = who != NULL;
    l->polling = false;
    l->poll_at = now_of(e) + l->cfg->poll;
    if (list_judged(l, r)) {
        cleanup_arena struct arena *a = arena_new();
        bool taken = memory_page(l, a, r) && take_page(l, r, import);
        l->last_poll = now_of(e);
        if (taken)
            l->last_ok = now_of(e);
        if (taken && r->more)
            l->poll_at = 0;
        if (taken && (l->back || import))
            l->back_at = now_of(e) + BACK_EVERY;
        if (l->unproven && (r->n_records || r->n_quarantined))
            l->begin_at = 0; /* now there is one that shows it */
        if (r->n_records)
            engine_changed(e, "tracker", l->cfg->name);
    } else {
        l->begin_at = 0; /* it may be the zone that is another one now */
        l->back_at = 0;
    }
    engine_wake(e, 0);
    lane_wake(l, 0);
}

static void import_begin(struct lane *l, struct tracker_row *t) {
    struct engine *e = l->e;
    engine_begin(e);
    t->import = "running";
    t->import_began = now_of(e);
    store_tracker_put(e->store, t);
    journal(e, "bridge", "import", "", 0, 0, "import of tracker %s begins", l->cfg->name);
    (void)engine_commit(e);
}

static void begin_done(struct lane *l, void *who, const struct op_result *r) {
    (void)who;
    l->polling = false;
    l->poll_at = 0;
    if (r->class == CLASS_OK) { /* that it is well again is for the list to say */
        l->begin_at = now_of(l->e) + ZONE_ASKED_EVERY;
        l->unproven = r->unproven;
    } else {
        l->poll_at = now_of(l->e) + l->cfg->poll;
        (void)list_judged(l, r);
    }
    engine_wake(l->e, 0);
    lane_wake(l, 0);
}

void poll_start(struct lane *l) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    struct tracker_row t;
    if (l->blind || !store_tracker(e->store, a, l->cfg->name, &t))
        return;
    if (str_is(t.import, "none"))
        import_begin(l, &t);
    l->polling = true;
    if (now_of(e) >= l->begin_at) {
        lane_run(l, op_begin(l->tracker, now_of(e)), false, begin_done, NULL);
        return;
    }
    bool import = !l->import_done;
    if (!import)
        poll_versions(l);
    l->back = !import && now_of(e) >= l->back_at;
    lane_run(l,
             (l->back ? op_list_back : op_list)(l->tracker, l->cursor ? l->cursor : t.cursor, l->cfg->import_since,
                                                element_known, l),
             false, page_done, import ? l : NULL);
}

/* ---- versions: only where the policy asks for closed ones ---- */

static bool wants_versions(const struct engine *e) {
    bool wants = e->settings->policy.base.delivered_when == DELIVERED_WHEN_VERSION;
    for (size_t i = 0; i < e->settings->policy.n_rules; i++)
        wants |= (e->settings->policy.rules[i].set & POLICY_DELIVERED_WHEN) &&
                 e->settings->policy.rules[i].policy.delivered_when == DELIVERED_WHEN_VERSION;
    return wants;
}

static void versions_done(struct lane *l, void *who, const struct op_result *r) {
    struct engine *e = l->e;
    const char *name;
    json_t *closed;
    if (!lane_told(l, r) || r->class != CLASS_OK || !r->versions)
        return;
    cleanup_arena struct arena *a = arena_new();
    struct tracker_row t;
    const char *now_text = json_print(a, r->versions);
    if (!store_tracker(e->store, a, l->cfg->name, &t) || (l->versions_seen && str_same(t.versions, now_text)))
        return;
    engine_begin(e);
    if (!str_same(t.versions, now_text)) {
        t.versions = now_text;
        store_tracker_put(e->store, &t);
    }
    int64_t batch = 0; /* one cause, one batch: the brake counts them together */
    json_object_foreach(r->versions, name, closed) {
        const char **refs;
        size_t n = store_versions_apply(e->store, a, l->cfg->name, name, json_is_true(closed), now_of(e), &refs);
        for (size_t i = 0; i < n; i++) {
            int64_t *problems;
            size_t n_problems = problems_of_defect(e, a, refs[i], &problems);
            if (n_problems && !batch)
                batch =
                    store_batch_new(e->store, 0, arena_printf(a, "version %s of %s", name, l->cfg->name), now_of(e));
            for (size_t k = 0; k < n_problems; k++)
                store_due(e->store, KIND_PROBLEM, arena_printf(a, "%lld", (long long)problems[k]), batch, false,
                          "a version was closed or opened");
        }
    }
    if (engine_commit(e))
        l->versions_seen = true;
    engine_wake(e, 0);
}

void poll_versions(struct lane *l) {
    if (l->cfg->role == ROLE_DEFECTS && tracker_abilities(l->tracker)->versions && wants_versions(l->e))
        lane_run(l, op_versions(l->tracker), false, versions_done, NULL);
}
