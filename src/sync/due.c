/* due: the worker. Works off what has to be decided in short transactions, so
 * that a release with 10,000 incidents never stops the loop, and nothing leaves
 * the table undecided (law 4). */
#include "engine.h"

#include <stdlib.h>

#define STEP      100
#define STEP_SPAN 8 /* ms: a turn of the loop is short, however slow the disk */

#define VALUES_SPAN (2 * SEC_MS)
#define BULK_FROM   20  /* effects on their way behind one defect */
#define BULK_MOST   300 /* those beyond make no difference */
#define BULK_EACH   100 /* ms */

static void attend_brake(struct engine *e, struct arena *a, const struct batch_row *b) {
    store_attention_set(
        e->store,
        &(struct attention_item){
            .kind = "braked",
            .subject = arena_printf(a, "batch:%lld", (long long)b->id),
            .text = arena_printf(a, "%s would tell %d requesters and move %d states, more than brake (%d)", b->cause,
                                 b->tells, b->moves, e->settings->brake),
            .who = "manager",
            .clear = arena_printf(a, "bascule list effects %s shows them; bascule release %lld lets them go",
                                  b->problem ? arena_printf(a, "--problem P-%lld", (long long)b->problem)
                                             : "--state pending",
                                  (long long)b->id)},
        now_of(e));
    journal(e, "bridge", "braked", "", b->problem, 0, "batch %lld waits for a yes: %d requesters, %d states",
            (long long)b->id, b->tells, b->moves);
}

void decide_due(struct engine *e, struct arena *a, const struct due_row *d) {
    switch (d->kind) {
    case KIND_INCIDENT: decide_incident_now(e, a, d->id, d->batch, d->adopt); break;
    case KIND_DEFECT:
        store_again(e->store, KIND_DEFECT, d->id, 0);
        decide_defect_now(e, a, d->id, d->adopt);
        break;
    case KIND_PROBLEM:
    default: decide_problem_now(e, a, strtoll(d->id, NULL, 10), d->batch, d->adopt); break;
    }
}

/* One at a time: what a decision makes due, and the batch it makes it due in, counts for those that follow. */
bool worker_one(struct engine *e, struct arena *a, const char *blocked) {
    struct due_row d;
    const char *ref;
    bool adopt;
    if (store_relink_next(e->store, a, NULL, &ref, &adopt)) {
        relink_incident(e, a, ref, adopt);
        return true;
    }
    if (!store_due_next(e->store, a, blocked, &d))
        return false;
    decide_due(e, a, &d);
    return true;
}

static msec_t since(const struct engine *e, msec_t began) {
    return clock_mono(&e->world->clock) - began;
}

static bool step(struct engine *e, bool *ret_more) {
    cleanup_arena struct arena *a = arena_new();
    struct batch_row *braked;
    msec_t began = clock_mono(&e->world->clock);
    size_t n = 0;
    engine_begin(e);
    const char *blocked = engine_blocked(e, a);
    int64_t gathering = store_batches_gathering(e->store);
    while (n < STEP && since(e, began) < STEP_SPAN && worker_one(e, a, blocked))
        n++;
    if (n == 0 && blocked)
        store_batches_part(e->store, a, now_of(e));
    size_t n_braked = store_batches_close(e->store, a, e->settings->brake, &braked);
    for (size_t i = 0; i < n_braked; i++)
        attend_brake(e, a, &braked[i]);
    if (n == 0 && n_braked == 0 && gathering == store_batches_gathering(e->store) && !store_failed(e->store)) {
        *ret_more = false;
        store_rollback(e->store);
        return true;
    }
    *ret_more = n > 0;
    return engine_commit(e);
}

void worker_drain(struct engine *e) {
    bool more = true;
    msec_t began = clock_mono(&e->world->clock);
    if (e->carry || bulk_keeps(e))
        return;
    for (int i = 0; i < 5 && more && since(e, began) < 2 * STEP_SPAN && store_due_any(e->store, NULL); i++)
        if (!step(e, &more))
            return;
}

/* The problem that it duplicates first, as the worker would: with it comes the batch of the move behind it all. */
static void problem_first(struct engine *e, struct arena *a, const char *blocked, int64_t id, int depth) {
    struct problem_row p;
    struct due_row d;
    if (depth < 16 && store_problem(e->store, a, id, &p) && p.p.duplicate_of)
        problem_first(e, a, blocked, p.p.duplicate_of, depth + 1);
    if (store_due_of(e->store, a, blocked, KIND_PROBLEM, arena_printf(a, "%lld", (long long)id), &d))
        decide_due(e, a, &d);
}

void worker_decide(struct engine *e, struct arena *a, enum kind kind, const char *ref) {
    struct link_row *links;
    struct due_row d;
    const char *blocked = engine_blocked(e, a);
    bool adopt;
    if (store_relink_next(e->store, a, ref, &ref, &adopt))
        relink_incident(e, a, ref, adopt);
    size_t n = store_links_of(e->store, a, ref, "confirmed", &links);
    for (size_t i = 0; i < n; i++)
        problem_first(e, a, blocked, links[i].problem, 0);
    if (store_due_of(e->store, a, blocked, kind, ref, &d))
        decide_due(e, a, &d);
    else if (kind == KIND_DEFECT && store_again_waits(e->store, kind, ref))
        decide_due(e, a, &(struct due_row){.kind = kind, .id = ref});
}

/* With hundreds on their way the counters change hundreds of times, and are of use when those have arrived. */
msec_t values_span(struct engine *e, const char *ref) {
    cleanup_arena struct arena *a = arena_new();
    int64_t *problems, leaving = 0;
    size_t n = problems_of_defect(e, a, ref, &problems);
    for (size_t i = 0; i < n && leaving < BULK_MOST; i++)
        leaving += store_effects_leaving(e->store, problems[i], BULK_MOST);
    leaving = leaving > BULK_MOST ? BULK_MOST : leaving;
    return VALUES_SPAN + (leaving > BULK_FROM ? (leaving - BULK_FROM) * BULK_EACH : 0);
}

/* While its values wait to leave together (law 1) they are not computed anew for each incident that moves, but once
 * that span is over: here, or just before they leave (worker_decide). */
void defect_soon(struct engine *e, const char *ref, bool adopt, const char *cause) {
    msec_t entered = store_field_entered(e->store, ref), at = entered ? entered + values_span(e, ref) : 0;
    bool adopts = adopt && !store_again_waits(e->store, KIND_DEFECT, ref); /* what waits already is news */
    if (entered && at > now_of(e) && !adopts && !store_due_waits(e->store, KIND_DEFECT, ref))
        store_again_by(e->store, KIND_DEFECT, ref, at);
    else
        store_due(e->store, KIND_DEFECT, ref, 0, adopt, cause);
}

/* One move, one batch, however many problems it stands behind: the brake counts them together (law 10). */
void due_problems_of(struct engine *e, struct arena *a, const char *defect, bool adopt, const char *cause) {
    int64_t *problems, batch = 0;
    int incidents = 0;
    size_t n = problems_of_defect(e, a, defect, &problems);
    for (size_t i = 0; i < n; i++) {
        struct counts c;
        store_counts_problem(e->store, problems[i], &c);
        incidents += c.total;
    }
    if (incidents > 1 && !adopt)
        batch =
            store_batch_new(e->store, n == 1 ? problems[0] : 0, arena_printf(a, "%s: %s", defect, cause), now_of(e));
    for (size_t i = 0; i < n; i++)
        store_due(e->store, KIND_PROBLEM, arena_printf(a, "%lld", (long long)problems[i]), batch, adopt, cause);
}

/* Waits until the first import is complete: nothing is decided on half the facts. A tracker that joins later only
 * keeps what hangs on it waiting. */
void worker_run(void *engine) {
    struct engine *e = engine;
    bool more = false;
    if (e->stopping)
        return;
    if (e->carry) {
        if (carry_step(e)) /* else the commit failed: engine_commit asked for another try */
            engine_wake(e, 0);
        return;
    }
    if (bulk_keeps(e) || !engine_imported(e))
        return;
    msec_t now = now_of(e), next = store_again_next(e->store);
    if (next && next <= now) {
        engine_begin(e);
        next = store_again_ripe(e->store, now);
        if (!engine_commit(e))
            return;
    }
    if ((store_due_any(e->store, NULL) || store_batches_gathering(e->store)) && !step(e, &more))
        return; /* as above */
    if (more) {
        engine_wake(e, 0);
        return;
    }
    e->adopting = false;
    for (size_t i = 0; i < e->n_lanes; i++)
        lane_wake(&e->lanes[i], 0);
    if (next)
        engine_wake(e, next > now ? next - now : 1);
}
