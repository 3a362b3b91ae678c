/* whatif: what a changed configuration would do, in numbers: the decisions are
 * made as ever, inside a transaction that is rolled back.
 *
 * engine_preview is for `check --diff`, on a copy: it takes its time; `policy apply
 * --dry-run` (command_policy.c) uses the words. What must hold: nothing stays of it. */
#include "engine.h"

#include <string.h>

#define STEP 100

static void decide_all(struct engine *e) {
    for (bool more = true; more && !store_failed(e->store);) {
        cleanup_arena struct arena *a = arena_new();
        for (int i = 0; i < STEP && more; i++)
            more = worker_one(e, a, NULL);
    }
}

/* ---- words ---- */

static long long sum(const json_t *counts, const char *beginning) {
    long long n = 0;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)counts, key, v)
        if (str_starts(key, beginning))
            n += json_integer_value(v);
    return n;
}

static void say(struct buf *b, const char *before, long long n, const char *after) {
    if (n)
        buf_printf(b, "%s%s%lld%s", b->len ? ", " : "", before, n, after);
}

static json_t *would(const json_t *counts) {
    static const char *const named[] = {"state closed-unresolved", "state resolved", "state waiting", "state open"};
    cleanup_buf struct buf b = {.limit = 1000};
    const char *key;
    json_t *v;
    say(&b, "close ", sum(counts, named[0]), "");
    say(&b, "resolve ", sum(counts, named[1]), "");
    say(&b, "tell ", sum(counts, "note public "), "");
    say(&b, "put ", sum(counts, named[2]), " on hold");
    say(&b, "reopen ", sum(counts, named[3]), "");
    json_object_foreach((json_t *)(uintptr_t)counts, key, v) {
        bool known = !str_starts(key, "state ");
        for (size_t i = 0; i < array_size(named); i++)
            known |= str_is(key, named[i]);
        if (!known)
            buf_printf(&b, "%sset %lld to %s", b.len ? ", " : "", (long long)json_integer_value(v),
                       key + strlen("state "));
    }
    say(&b, "create ", sum(counts, "create"), " defects");
    say(&b, "link ", sum(counts, "link"), "");
    say(&b, "write ", sum(counts, "note internal "), " internal notes");
    say(&b, "write ", sum(counts, "field "), " fields");
    return json_string(b.len ? buf_text(&b) : "do nothing");
}

json_t *whatif_words(const json_t *counts) {
    return json_pack("{s:o, s:O}", "would", would(counts), "effects", counts);
}

static json_t *counted(struct engine *e, int64_t n) {
    cleanup_json json_t *counts = store_effect_counts(e->store, n);
    return whatif_words(counts);
}

/* ---- check --diff ---- */

/* A tracker that is new in the file, or paused, hinders nothing. */
static bool imported(struct engine *e) {
    cleanup_arena struct arena *a = arena_new();
    bool any = false;
    for (size_t i = 0; i < e->n_lanes; i++) {
        struct tracker_row t;
        if (!store_tracker(e->store, a, e->lanes[i].cfg->name, &t))
            continue;
        if (str_is(t.import, "running"))
            return false;
        any |= str_is(t.import, "done");
    }
    return any;
}

json_t *engine_preview(struct engine *e) {
    engine_begin(e);
    if (!imported(e)) {
        store_rollback(e->store);
        return NULL;
    }
    decide_all(e);
    int64_t before = store_next_decision(e->store);
    carry_preview(e, "what if");
    decide_all(e);
    json_t *reload = counted(e, before);
    before = store_next_decision(e->store);
    int n = policy_apply(e);
    decide_all(e);
    json_t *apply = counted(e, before);
    json_object_set_new(apply, "incidents", json_integer(n));
    store_rollback(e->store);
    return json_pack("{s:o, s:o}", "reload", reload, "policy_apply", apply);
}
