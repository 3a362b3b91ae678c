/* bulk: what a person asks for all linked incidents at once is done, or counted, a
 * few at a time, each few in a transaction of their own, so that the loop goes on.
 *
 * One at a time. While one that keeps what it does is under way nothing is decided
 * and nothing leaves: the brake counts it as a whole. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#define A_FEW      25
#define BREATH     1 /* ms: whatever else waits comes between */
#define CARRY_WAIT 20

struct bulk {
    struct engine *e;
    struct arena *arena;
    struct timer *timer;
    json_t *args;
    const char *actor;
    command_done *done;
    void *who;
    char after[300];
    const struct bulk_kind *kind;
    void *own;
};

bool bulk_keeps(const struct engine *e) {
    return e->bulk && e->bulk->kind->keeps;
}

static void forget(struct bulk *b) {
    if (b->own)
        b->kind->free(b->own);
    json_decref(b->args);
    arena_free(b->arena);
    free(b);
}

static struct bulk *taken(struct engine *e) {
    struct bulk *b = e->bulk;
    e->bulk = NULL;
    if (b)
        e->world->timers.free(b->timer);
    return b;
}

void bulk_free(struct engine *e) {
    struct bulk *b = taken(e);
    if (b)
        forget(b);
}

static void give_up(struct engine *e, const char *why) {
    struct bulk *b = taken(e);
    json_t *said = problem_details(503, "Service Unavailable", why);
    b->done(b->who, 503, said);
    json_decref(said);
    forget(b);
    engine_wake(e, 0);
}

void bulk_stop(struct engine *e) {
    if (e->bulk)
        give_up(e, e->bulk->kind->keeps ? "the service is ending: some of it is done, say it again for the rest"
                                        : "the service is ending");
}

static void bulk_end(struct engine *e, struct arena *a) {
    struct bulk *b = taken(e);
    struct command c = {.e = e, .a = a, .args = b->args, .actor = b->actor, .done = b->done, .who = b->who};
    engine_begin(e);
    b->kind->end(&c, b->own);
    forget(b);
}

static void bulk_step(void *arg) {
    cleanup_arena struct arena *a = arena_new();
    struct bulk *b = arg;
    struct engine *e = b->e;
    const char **refs;
    if (e->carry) { /* what a changed configuration means comes first */
        e->world->timers.start(b->timer, CARRY_WAIT);
        return;
    }
    engine_begin(e);
    size_t n = store_incidents_linked(e->store, a, b->after, A_FEW, &refs);
    for (size_t i = 0; i < n; i++)
        b->kind->one(e, a, refs[i], b->own);
    bool failed = store_failed(e->store);
    if (b->kind->keeps && n > 0)
        failed = !engine_commit(e);
    else
        store_rollback(e->store);
    if (failed) {
        give_up(e, b->kind->keeps ? e->fault.text : "the database could not be read");
        return;
    }
    if (n == 0) {
        bulk_end(e, a);
        return;
    }
    snprintf(b->after, sizeof(b->after), "%s", refs[n - 1]);
    e->world->timers.start(b->timer, BREATH);
}

struct arena *bulk_begin(struct command *c, const struct bulk_kind *kind) {
    struct engine *e = c->e;
    if (e->bulk) {
        refuse(c, 409, "%s is under way: wait for its answer", e->bulk->kind->what);
        return NULL;
    }
    struct bulk *b = calloc(1, sizeof(*b));
    *b = (struct bulk){.e = e, .arena = arena_new(), .kind = kind, .done = c->done, .who = c->who};
    b->args = json_deep_copy(c->args);
    b->actor = arena_strdup(b->arena, c->actor);
    b->timer = e->world->timers.make(e->world->timers.arg, bulk_step, b);
    e->bulk = b;
    return b->arena;
}

void bulk_go(struct command *c, void *own) {
    struct engine *e = c->e;
    e->bulk->own = own;
    if (!e->bulk->kind->keeps)
        store_rollback(e->store);
    else if (!engine_commit(e)) {
        give_up(e, e->fault.text);
        return;
    }
    e->world->timers.start(e->bulk->timer, 0);
}
