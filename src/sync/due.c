/* due: the worker. Works off what has to be decided in short transactions, so
 * that a release with 10,000 incidents never stops the loop, and nothing leaves
 * the table undecided (law 4). */
#include "engine.h"

#include <stdlib.h>

#define STEP 100

static void attend_brake(struct engine *e, struct arena *a, const struct batch_row *b) {
    store_attention_set(
        e->store,
        &(struct attention_item){
            .kind = "braked",
            .subject = arena_printf(a, "batch:%lld", (long long)b->id),
            .text = arena_printf(a, "%s would tell %d requesters and move %d states, more than brake (%d)", b->cause,
                                 b->tells, b->moves, e->settings->brake),
            .who = "manager",
            .clear =
                arena_printf(a, "bascule list effects --problem P-%lld shows them; bascule release %lld lets them go",
                             (long long)b->problem, (long long)b->id)},
        now_of(e));
    journal(e, "bridge", "braked", "", b->problem, 0, "batch %lld waits for a yes: %d requesters, %d states",
            (long long)b->id, b->tells, b->moves);
}

void decide_due(struct engine *e, struct arena *a, const struct due_row *d) {
    switch (d->kind) {
    case KIND_INCIDENT: decide_incident_now(e, a, d->id, d->batch, d->adopt); break;
    case KIND_DEFECT: decide_defect_now(e, a, d->id, d->adopt); break;
    case KIND_PROBLEM:
    default: decide_problem_now(e, a, strtoll(d->id, NULL, 10), d->batch, d->adopt); break;
    }
}

static bool step(struct engine *e, bool *ret_more) {
    cleanup_arena struct arena *a = arena_new();
    struct due_row *due;
    struct batch_row *braked;
    engine_begin(e);
    const char *blocked = engine_blocked(e, a);
    size_t n = blocked ? store_due_take_but(e->store, a, STEP, blocked, &due) : store_due_take(e->store, a, STEP, &due);
    for (size_t i = 0; i < n; i++)
        decide_due(e, a, &due[i]);
    size_t n_braked = store_batches_close(e->store, a, e->settings->brake, &braked);
    for (size_t i = 0; i < n_braked; i++)
        attend_brake(e, a, &braked[i]);
    if (n == 0 && n_braked == 0 && !store_failed(e->store)) {
        *ret_more = false;
        store_rollback(e->store);
        return true;
    }
    *ret_more = n > 0;
    return engine_commit(e);
}

void worker_drain(struct engine *e) {
    bool more = true;
    for (int i = 0; i < 5 && more && store_due_any(e->store); i++)
        if (!step(e, &more))
            return;
}

/* Waits until the first import is complete: nothing is decided on half the facts. A tracker that joins later only
 * keeps what hangs on it waiting. */
void worker_run(void *engine) {
    struct engine *e = engine;
    bool more = false;
    if (e->stopping || !engine_imported(e))
        return;
    msec_t now = now_of(e), next = store_again_next(e->store);
    if (next && next <= now) {
        engine_begin(e);
        next = store_again_ripe(e->store, now);
        if (!engine_commit(e))
            return;
    }
    if (store_due_any(e->store) && !step(e, &more))
        return; /* the commit failed: engine_commit asked for another try */
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
