/* ask: questions to the database, answered beside the loop.
 *
 * Owns the read-only connections: at most READERS_MAX, each used by one question
 * at a time; what finds none free waits its turn. What must hold: on the pool a
 * question touches nothing but its struct asking, its call's arena and its
 * connection; the call leaves once the loop's thread has it again. */
#include "serve.h"

static bool reader_take(struct serve *s, struct sqlite3 **ret) {
    struct fault fault = {0};
    if (s->n_idle > 0) {
        *ret = s->idle[--s->n_idle];
        return true;
    }
    if (s->n_open == READERS_MAX || report_open(s->o.database, ret, &fault) < 0)
        return false;
    s->n_open++;
    return true;
}

static void ask_run(void *who) {
    struct asking *x = who;
    x->work(x);
}

static void ask_next(struct serve *s);

static void ask_done(void *who, bool ran) {
    struct asking *x = who;
    struct serve *s = x->s;
    if (!ran)
        answer_problem(x->call, 503, "the service is ending");
    s->idle[s->n_idle++] = x->db;
    json_decref(x->live);
    json_decref(x->own);
    http_call_release(x->call);
    ask_next(s);
}

static void ask_next(struct serve *s) {
    struct asking *x;
    struct sqlite3 *db;
    const struct pool *pool = s->o.pool;
    while ((x = s->first) != NULL && reader_take(s, &db)) {
        s->first = x->next;
        if (!s->first)
            s->last = &s->first;
        x->db = db;
        if (pool && pool->run(pool->arg, ask_run, ask_done, x) == 0)
            continue;
        if (!pool)
            ask_run(x);
        ask_done(x, !pool);
        return; /* it has gone on with the next */
    }
}

void ask_begin(struct serve *s, struct http_call *call, const struct report_query *q, bool live,
               void (*work)(struct asking *x)) {
    struct asking *x = arena_make(call->arena, struct asking);
    *x = (struct asking){.s = s, .call = call, .work = work, .q = *q};
    if (live)
        live_ask(x);
    call->held = true;
    *s->last = x;
    s->last = &x->next;
    ask_next(s);
}
