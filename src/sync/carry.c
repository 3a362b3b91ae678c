/* carry: what a changed configuration means for what is known is carried through
 * all records: each is mapped anew if its tracker's table of states has changed,
 * and what has to be decided again is made due. A page at a time, each in a
 * transaction of its own, so that a million records never stop the loop.
 *
 * Called by the worker. Until it is through nothing is decided and nothing leaves.
 * On disk: the meta row `carry`, and a table's hash once all its records are mapped;
 * after a crash it begins anew, which says nothing twice. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define PAGE       25
#define STEP_PAGES 10
#define STEP_SPAN  8 /* ms */

enum phase { PHASE_MAP, PHASE_PROBLEMS, PHASE_INCIDENTS, PHASE_DEFECTS, PHASE_DONE };

struct carry {
    enum phase phase;
    size_t lane;
    char after[300]; /* within the phase */
    int moved;       /* records of that lane that mean something else now */
    bool all;        /* all is made due; else only once a record moved */
    bool adopt;
    int64_t batch;
    char cause[120];
};

/* ---- on disk ---- */

static void carry_keep(struct engine *e, const struct carry *c) {
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *j = json_pack("{s:b, s:b, s:I, s:s}", "all", c->all, "adopt", c->adopt, "batch",
                                       (json_int_t)c->batch, "cause", c->cause);
    store_meta_set(e->store, "carry", json_print(a, j));
}

static bool carry_kept(struct engine *e, struct carry *ret) {
    cleanup_arena struct arena *a = arena_new();
    const char *text = store_meta(e->store, a, "carry");
    cleanup_json json_t *j = str_empty(text) ? NULL : json_loads(text, 0, NULL);
    if (!j)
        return false;
    ret->all = json_is_true(json_object_get(j, "all"));
    ret->adopt = json_is_true(json_object_get(j, "adopt"));
    ret->batch = json_int(j, "batch", 0);
    snprintf(ret->cause, sizeof(ret->cause), "%s", json_text(j, "cause"));
    return true;
}

/* ---- states ---- */

static const char *map_key(struct arena *a, const struct lane *l) {
    return arena_printf(a, "mapping:%s", l->cfg->name);
}

static const char *map_print(struct arena *a, const struct lane *l) {
    return arena_printf(a, "%016llx", (unsigned long long)tracker_map_hash(l->tracker));
}

static bool map_changed(struct engine *e, struct arena *a, const struct lane *l) {
    return !str_same(store_meta(e->store, a, map_key(a, l)), map_print(a, l));
}

static bool map_one(struct engine *e, struct arena *a, const struct lane *l, const char *ref) {
    struct record_row r;
    enum outcome o = OUTCOME_NONE;
    if (!store_record(e->store, a, ref, &r))
        return false;
    enum state s = tracker_map_record(l->tracker, r.r.native_state, r.r.native_resolution, r.r.fields, &o);
    if (r.outcome_set && s == STATE_CLOSED)
        outcome_parse(r.outcome_set, &o); /* a person said why */
    if (s == r.r.state && o == r.r.outcome)
        return false;
    journal(e, "bridge", "mapped", ref, 0, 0, "'%s' means %s now, it meant %s",
            r.r.native_state ? r.r.native_state : "", state_name(s), state_name(r.r.state));
    r.r.state = s;
    r.r.outcome = o;
    store_record_put(e->store, &r);
    return true;
}

static void map_done(struct engine *e, struct arena *a, struct carry *c, const struct lane *l) {
    const char *was = store_meta(e->store, a, map_key(a, l));
    if (was || c->moved)
        log_info(e->world->log, "%s: what its states mean has changed: so for %d records", l->cfg->name, c->moved);
    store_meta_set(e->store, map_key(a, l), map_print(a, l));
    c->moved = 0;
    c->lane++;
    c->after[0] = 0;
}

static void map_page(struct engine *e, struct arena *a, struct carry *c) {
    const char **refs;
    if (c->lane == e->n_lanes) {
        c->phase = c->all ? PHASE_PROBLEMS : PHASE_DONE;
        c->after[0] = 0;
        return;
    }
    const struct lane *l = &e->lanes[c->lane];
    size_t n = map_changed(e, a, l) ? store_refs(e->store, a, l->cfg->name, c->after, PAGE, &refs) : 0;
    for (size_t i = 0; i < n; i++)
        c->moved += map_one(e, a, l, refs[i]);
    if (c->moved && !c->all) { /* adopted: only the configuration changed (domain.md 9) */
        c->all = true;
        carry_keep(e, c);
    }
    if (n == 0 && map_changed(e, a, l))
        map_done(e, a, c, l);
    else if (n == 0)
        c->lane++;
    else
        snprintf(c->after, sizeof(c->after), "%s", refs[n - 1]);
}

/* ---- what is due ---- */

static void due_page(struct engine *e, struct carry *c) {
    static const enum kind kinds[] = {
        [PHASE_PROBLEMS] = KIND_PROBLEM, [PHASE_INCIDENTS] = KIND_INCIDENT, [PHASE_DEFECTS] = KIND_DEFECT};
    enum kind kind = kinds[c->phase];
    int64_t batch = kind == KIND_INCIDENT ? c->batch : 0;
    if (store_due_page(e->store, kind, c->after, sizeof(c->after), PAGE, batch, c->adopt, c->cause))
        return;
    c->phase++;
    c->after[0] = 0;
}

/* One page, inside a transaction. False: it is through. */
static bool carry_page(struct engine *e, struct carry *c) {
    cleanup_arena struct arena *a = arena_new();
    if (c->phase == PHASE_MAP)
        map_page(e, a, c);
    else if (c->phase != PHASE_DONE)
        due_page(e, c);
    return c->phase != PHASE_DONE && !store_failed(e->store);
}

/* ---- from outside ---- */

/* Inside a transaction. All is made due, too. */
void carry_all(struct engine *e, int64_t batch, bool adopt, const char *cause) {
    struct carry *c = e->carry ? e->carry : calloc(1, sizeof(*c));
    *c = (struct carry){.all = true, .adopt = adopt, .batch = batch};
    snprintf(c->cause, sizeof(c->cause), "%s", cause);
    carry_keep(e, c);
    e->carry = c;
}

/* Inside a transaction: what a crash left, or a table that changed while the service did not run. */
void carry_begin(struct engine *e) {
    cleanup_arena struct arena *a = arena_new();
    struct carry c = {.adopt = true, .cause = "what a tracker's states mean was changed"};
    bool needed = carry_kept(e, &c);
    for (size_t i = 0; i < e->n_lanes && !needed; i++)
        needed = map_changed(e, a, &e->lanes[i]);
    if (!needed || e->carry)
        return;
    e->carry = calloc(1, sizeof(c));
    *e->carry = c;
}

bool carry_adopts(const struct engine *e) {
    return e->carry && e->carry->adopt;
}

void carry_free(struct engine *e) {
    free(e->carry);
    e->carry = NULL;
}

/* A turn's worth. False: the commit failed, and it is tried again. */
bool carry_step(struct engine *e) {
    struct carry before = *e->carry;
    msec_t began = clock_mono(&e->world->clock);
    bool more = true;
    engine_begin(e);
    for (int i = 0; more && i < STEP_PAGES && clock_mono(&e->world->clock) - began < STEP_SPAN; i++)
        more = carry_page(e, e->carry);
    more = e->carry->phase != PHASE_DONE;
    if (!more)
        store_meta_set(e->store, "carry", "");
    if (!engine_commit(e)) {
        *e->carry = before;
        return false;
    }
    if (!more)
        carry_free(e);
    return true;
}

/* The whole of it at once, inside a transaction that is rolled back. */
void carry_preview(struct engine *e, const char *cause) {
    carry_all(e, 0, true, cause);
    while (carry_page(e, e->carry))
        ;
    carry_free(e);
}
