/* command_outbox: people retry, discard, release; open and shut the outbox. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

static bool want_effect(struct command *c, struct effect_row *ret) {
    int64_t n = json_int(c->args, "n", 0);
    if (n && store_effect(c->e->store, c->a, n, ret))
        return true;
    refuse(c, 404, "there is no effect %lld: bascule list effects shows them", (long long)n);
    return false;
}

static void unpark(struct command *c, const struct effect_row *x) {
    store_attention_clear(c->e->store, "parked", arena_printf(c->a, "effect:%lld", (long long)x->e.n));
}

void cmd_retry(struct command *c) {
    struct effect_row x;
    if (!want_effect(c, &x))
        return;
    if (x.e.state != EFFECT_PARKED && x.e.state != EFFECT_PENDING) {
        refuse(c, 409, "effect %lld is %s: only a parked or waiting one can be tried again", (long long)x.e.n,
               effect_state_name(x.e.state));
        return;
    }
    if (x.e.state == EFFECT_PARKED)
        store_effect_move(c->e->store, x.e.n, EFFECT_PENDING, NULL, NULL, now_of(c->e));
    store_effect_later(c->e->store, x.e.n, 0, NULL);
    store_decision_now(c->e->store, x.e.decision);
    unpark(c, &x);
    journal(c->e, c->actor, "retry", x.e.ref, x.e.problem, x.e.n, "tried again");
    command_commit(c, json_pack("{s:I, s:s}", "n", (json_int_t)x.e.n, "state", "pending"));
}

/* The notes that waited with a discarded move would tell of it. */
static void discard_notes(struct command *c, const struct effect_row *x) {
    struct effect_row *open;
    size_t n = x->e.kind == EFFECT_STATE ? store_effects_open(c->e->store, c->a, x->e.ref, &open) : 0;
    for (size_t i = 0; i < n; i++)
        if (open[i].e.kind == EFFECT_NOTE && open[i].e.decision == x->e.decision && open[i].e.state == EFFECT_PENDING)
            store_effect_move(c->e->store, open[i].e.n, EFFECT_SUPERSEDED, "discarded with its move", NULL,
                              now_of(c->e));
}

void cmd_discard(struct command *c) {
    struct effect_row x;
    const char *reason = want_text(c, "reason");
    if (!want_effect(c, &x))
        return;
    if (is_blank(reason)) {
        refuse(c, 400, "say why it is discarded: --reason TEXT");
        return;
    }
    if (x.e.state != EFFECT_PARKED && x.e.state != EFFECT_PENDING) {
        refuse(c, 409, "effect %lld is %s: only a parked or waiting one can be discarded", (long long)x.e.n,
               effect_state_name(x.e.state));
        return;
    }
    store_effect_move(c->e->store, x.e.n, EFFECT_SUPERSEDED,
                      arena_printf(c->a, "discarded by %s: %s", c->actor, reason), NULL, now_of(c->e));
    unpark(c, &x);
    discard_notes(c, &x);
    journal(c->e, c->actor, "discard", x.e.ref, x.e.problem, x.e.n, "discarded: %s", reason);
    command_commit(c, json_pack("{s:I, s:s}", "n", (json_int_t)x.e.n, "state", "superseded"));
}

void cmd_release(struct command *c) {
    struct effect_row x;
    int64_t n = json_int(c->args, "n", 0), batch = n;
    if (!store_batch_release(c->e->store, batch) && store_effect(c->e->store, c->a, n, &x)) {
        batch = x.e.batch;
        if (!store_batch_release(c->e->store, batch))
            batch = 0;
    } else if (!n) {
        batch = 0;
    }
    struct batch_row released;
    if (!batch || !store_batch(c->e->store, c->a, batch, &released)) {
        refuse(c, 404, "no braked batch %lld waits: bascule list attention shows them", (long long)n);
        return;
    }
    store_attention_clear(c->e->store, "braked", arena_printf(c->a, "batch:%lld", (long long)batch));
    journal(c->e, c->actor, "release", "", released.problem, 0, "batch %lld was let go: %d requesters, %d states",
            (long long)batch, released.tells, released.moves);
    command_commit(
        c, json_pack("{s:I, s:i, s:i}", "batch", (json_int_t)batch, "tells", released.tells, "moves", released.moves));
}

/* What was another one's is ours now. */
static void instance_taken(struct command *c, const char *instance) {
    struct fault fault = {0};
    identity_take(c->e, instance);
    journal(c->e, c->actor, "outbox", "", 0, 0, "goes on as instance %s: notes that bear its marker are its own",
            instance);
    for (size_t i = 0; i < c->e->n_lanes; i++) {
        struct lane *l = &c->e->lanes[i];
        struct tracker_row t;
        const char *foreign = store_meta(c->e->store, c->a, arena_printf(c->a, "foreign:%s", l->cfg->name));
        if (!l->stopped || l->blind || !str_is(foreign, instance) ||
            !store_tracker(c->e->store, c->a, l->cfg->name, &t))
            continue;
        foreign_accept(l, c->a);
        t.stopped = NULL;
        store_tracker_put(c->e->store, &t);
        free((char *)l->stopped);
        l->stopped = NULL;
    }
    if (identity_keep(c->e, &fault) < 0)
        log_error(c->e->world->log, "%s", fault.text);
}

static bool may_take(struct command *c, const char *instance, struct fault *fault) {
    if (!instance_is_one(instance, fault))
        return false;
    for (size_t i = 0; i < c->e->n_lanes; i++)
        if (str_is(store_meta(c->e->store, c->a, arena_printf(c->a, "foreign:%s", c->e->lanes[i].cfg->name)), instance))
            return true;
    fault_set(fault, -EINVAL,
              "--instance is for a database whose identity file is lost: this one's is known (%s), and no tracker is "
              "stopped for notes of %s, so open it without",
              c->e->instance, instance);
    return false;
}

/* ---- what was adopted counts as new ---- */

/* What would leave: what stands as adopted, and what would be decided besides. */
struct asserted {
    json_t *counts;
};

static void count_it(struct engine *e, struct arena *a, const char *ref, void *own) {
    incident_unadopted(e, a, ref, ((struct asserted *)own)->counts);
}

static int counted(const json_t *counts) {
    const char *key;
    json_t *one;
    int sum = 0;
    json_object_foreach((json_t *)(uintptr_t)counts, key, one)
        sum += (int)json_integer_value(one);
    return sum;
}

static void opened(struct command *c, int n, json_t *counts) {
    const char *instance = want_text(c, "instance");
    if (!str_empty(instance))
        instance_taken(c, instance);
    store_meta_set(c->e->store, "outbox", "open");
    c->e->outbox_open = true;
    identity_opened(c->e);
    journal(c->e, c->actor, "outbox", "", 0, 0, "opened%s",
            n >= 0 ? arena_printf(c->a, ": %d effects that had been adopted count as new", n) : "");
    for (size_t i = 0; i < c->e->n_lanes; i++)
        lane_wake(&c->e->lanes[i], 0);
    command_commit(c, json_pack("{s:s, s:i, s:o}", "outbox", "open", "asserted", n < 0 ? 0 : n, "counts", counts));
}

static void assert_counted(struct command *c, void *own) {
    struct asserted *x = own;
    json_t *counts = x->counts;
    x->counts = NULL;
    if (json_is_true(json_object_get(c->args, "dry_run"))) {
        store_rollback(c->e->store);
        answer(c, 200, json_pack("{s:b, s:o}", "dry_run", 1, "would_assert", counts));
        return;
    }
    int64_t batch = store_batch_new(c->e->store, 0, "outbox open --assert", now_of(c->e));
    store_adopted_release(c->e->store, batch);
    carry_all(c->e, batch, false, "what was adopted counts as new");
    opened(c, counted(counts), counts);
}

static void asserted_free(void *own) {
    json_decref(((struct asserted *)own)->counts);
}

static const struct bulk_kind asserts = {"outbox open --assert", false, count_it, assert_counted, asserted_free};

void cmd_outbox_open(struct command *c) {
    const char *instance = want_text(c, "instance");
    struct fault fault = {0};
    if (!str_empty(instance) && !may_take(c, instance, &fault)) {
        refuse(c, 400, "%s", fault.text);
        return;
    }
    if (json_is_true(json_object_get(c->args, "assert"))) {
        struct arena *keep = bulk_begin(c, &asserts);
        if (!keep)
            return;
        struct asserted *x = arena_make(keep, struct asserted);
        x->counts = store_adopted_counts(c->e->store);
        bulk_go(c, x);
    } else if (json_is_true(json_object_get(c->args, "dry_run"))) {
        store_rollback(c->e->store);
        answer(c, 200, json_pack("{s:b, s:o}", "dry_run", 1, "would_assert", json_object()));
    } else {
        opened(c, -1, json_object());
    }
}

void cmd_outbox_close(struct command *c) {
    store_meta_set(c->e->store, "outbox", "shut");
    store_meta_set(c->e->store, "outbox_why", "a person shut it");
    c->e->outbox_open = false;
    journal(c->e, c->actor, "outbox", "", 0, 0, "shut: all is decided and shown, nothing leaves");
    command_commit(c, json_pack("{s:s}", "outbox", "shut"));
}
