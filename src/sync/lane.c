/* lane: one tracker. Drives operations over the transport, keeps its health:
 * back-off with jitter, limits obeyed, down and up again. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_FIRST (2 * SEC_MS)
#define BACKOFF_MOST  (300 * SEC_MS)
#define FAILURES_DOWN 3

struct job {
    struct lane *lane;
    struct op *op;
    bool write;
    job_done *done;
    void *who;
};

static void job_step(struct job *j);

static void job_reply(void *who, const struct http_reply *reply) {
    struct job *j = who;
    op_reply(j->op, reply);
    job_step(j);
}

static void job_end(struct job *j) {
    struct lane *l = j->lane;
    struct engine *e = l->e;
    const struct op_result *r = op_result(j->op);
    msec_t rest = r->class == CLASS_LIMITED ? 0 : r->retry_after;
    engine_clock(e);
    if (r->date)
        l->offset = r->date - now_of(e);
    if (rest > 0 && l->wait_until < now_of(e) + rest) /* a used-up quota, before it bites */
        l->wait_until = now_of(e) + rest;
    j->done(l, j->who, r);
    op_free(j->op);
    free(j);
    e->jobs--;
    engine_job_ended(e);
}

static void job_step(struct job *j) {
    struct http_request request = {0};
    if (!op_next(j->op, &request)) {
        job_end(j);
        return;
    }
    const struct transport *t = &j->lane->e->world->transport;
    j->lane->requests++;
    if (!str_is(request.method, "GET") && !str_is(request.method, "HEAD"))
        j->lane->writes++;
    t->send(t->arg, &request, job_reply, j);
}

void lane_run(struct lane *l, struct op *op, bool write, job_done *done, void *who) {
    struct job *j = calloc(1, sizeof(*j));
    *j = (struct job){.lane = l, .op = op, .write = write, .done = done, .who = who};
    l->e->jobs++;
    job_step(j);
}

/* ---- records under way ---- */

bool lane_busy(const struct lane *l, const char *ref) {
    for (const struct busy *b = l->busy; b; b = b->next)
        if (str_is(b->ref, ref))
            return true;
    return false;
}

void lane_hold(struct lane *l, const char *ref) {
    size_t size = strlen(ref) + 1;
    struct busy *b = malloc(sizeof(*b) + size);
    memcpy(b->ref, ref, size);
    b->next = l->busy;
    l->busy = b;
    l->jobs++;
}

void lane_release(struct lane *l, const char *ref) {
    for (struct busy **at = &l->busy; *at; at = &(*at)->next)
        if (str_is((*at)->ref, ref)) {
            struct busy *b = *at;
            *at = b->next;
            free(b);
            l->jobs--;
            return;
        }
}

/* ---- the clockwork ---- */

static void lane_turn(void *who) {
    struct lane *l = who;
    struct engine *e = l->e;
    if (e->stopping || e->held)
        return;
    engine_clock(e);
    msec_t now = now_of(e);
    if (e->adopting && engine_imported(e)) {
        lane_wake(l, SEC_MS); /* the worker wakes it when it is through */
        return;
    }
    if (!l->paused && !l->blind && now >= l->wait_until && !l->polling && now >= l->poll_at)
        poll_start(l);
    if (!l->paused && !l->down && !l->doubted && now >= l->wait_until)
        memory_run(l);
    if (lane_can(l)) {
        lookups_run(l);
        sweep_run(l);
        deliver_run(l);
    }
    msec_t next = l->poll_at > l->wait_until ? l->poll_at : l->wait_until;
    /* with every place taken, the end of a job is what comes next */
    msec_t sendable = l->jobs < l->cfg->concurrency ? store_next_sendable(e->store, l->cfg->name, now) : 0;
    if (l->polling || l->paused || l->blind)
        next = now + l->cfg->poll;
    if (l->asking && !l->asked && !l->paused && !l->down && !l->doubted && l->ask_at < next)
        next = l->ask_at > l->wait_until ? l->ask_at : l->wait_until;
    if (sendable && sendable < next)
        next = sendable > l->wait_until ? sendable : l->wait_until;
    lane_wake(l, next > now ? next - now : 1);
    engine_maybe_idle(e);
}

void lane_wake(struct lane *l, msec_t delay) {
    if (l->e->started && !l->e->stopping)
        l->e->world->timers.start(l->timer, delay);
}

bool lane_can(const struct lane *l) {
    return !l->paused && !l->blind && !l->doubts && !l->down && !l->doubted && !l->e->stopping && !l->e->held &&
           now_of(l->e) >= l->wait_until;
}

/* ---- health ---- */

static msec_t backoff(struct lane *l) {
    msec_t span = BACKOFF_FIRST;
    for (int i = 1; i < l->failures && span < BACKOFF_MOST; i++)
        span *= 2;
    if (span > BACKOFF_MOST)
        span = BACKOFF_MOST;
    if (l->failures == 1 && l->cfg->poll < span)
        span = l->cfg->poll;
    return span / 2 + (msec_t)(randomness_u64(&l->e->world->randomness) % (uint64_t)(span / 2 + 1));
}

static void went_down(struct lane *l) {
    struct engine *e = l->e;
    l->down = true;
    engine_begin(e);
    cleanup_arena struct arena *a = arena_new();
    struct tracker_row t;
    if (store_tracker(e->store, a, l->cfg->name, &t)) {
        t.error = l->error;
        t.error_since = l->error_since;
        store_tracker_put(e->store, &t);
    }
    store_attention_set(e->store,
                        &(struct attention_item){
                            .kind = "tracker-down",
                            .subject = l->cfg->name,
                            .text = l->error,
                            .who = "owner",
                            .clear = "it clears by itself when the tracker answers again; `bascule check` tells more"},
                        now_of(e));
    journal(e, "bridge", "down", "", 0, 0, "tracker %s: %s", l->cfg->name, l->error);
    (void)engine_commit(e);
    log_warn(e->world->log, "tracker %s is down: %s", l->cfg->name, l->error);
    engine_changed(e, "tracker", l->cfg->name);
}

static void came_up(struct lane *l) {
    struct engine *e = l->e;
    cleanup_arena struct arena *a = arena_new();
    l->down = false;
    engine_begin(e);
    struct tracker_row t;
    if (store_tracker(e->store, a, l->cfg->name, &t) && t.error) {
        t.error = NULL;
        t.error_since = 0;
        store_tracker_put(e->store, &t);
        journal(e, "bridge", "up", "", 0, 0, "tracker %s answers again", l->cfg->name);
    }
    store_attention_clear(e->store, "tracker-down", l->cfg->name);
    (void)engine_commit(e);
    log_info(e->world->log, "tracker %s answers", l->cfg->name);
    engine_changed(e, "tracker", l->cfg->name);
}

static void failed(struct lane *l, const struct op_result *r) {
    msec_t now = now_of(l->e);
    l->remembered_at = 0; /* it may come back as another one */
    if (!l->doubts)
        memory_free(l); /* it is asked from the beginning then */
    if (!l->failures++)
        l->error_since = now;
    snprintf(l->error, sizeof(l->error), "%s", r->words ? r->words : reply_class_name(r->class));
    l->wait_until = now + (r->retry_after ? r->retry_after : backoff(l));
    bool at_once =
        r->class == CLASS_DENIED || r->class == CLASS_GONE || r->class == CLASS_REJECTED || r->class == CLASS_NONSENSE;
    if (!l->down && (at_once || l->failures >= FAILURES_DOWN || !l->last_ok))
        went_down(l);
}

static void limited(struct lane *l, const struct op_result *r) {
    msec_t until = now_of(l->e) + (r->retry_after > 0 ? r->retry_after : 10 * SEC_MS);
    l->wait_until = until > l->wait_until ? until : l->wait_until;
    snprintf(l->error, sizeof(l->error), "asks us to slow down: %s", r->words ? r->words : "");
}

bool lane_health(struct lane *l, const struct op_result *r) {
    switch (r->class) {
    case CLASS_LIMITED: limited(l, r); return false;
    case CLASS_RETRY_SAFE:
    case CLASS_UNSURE:
    case CLASS_NONSENSE: failed(l, r); return false;
    case CLASS_DENIED:
        if (r->status != 401)
            return true;
        failed(l, r);
        return false;
    case CLASS_OK:
    case CLASS_NOT_MODIFIED:
    case CLASS_CONFLICT:
    case CLASS_GONE:
    case CLASS_REJECTED:
    default:
        l->failures = 0;
        l->error[0] = 0;
        l->doubted = false;
        if (l->down)
            came_up(l);
        return true;
    }
}

bool lane_told(struct lane *l, const struct op_result *r) {
    bool denied = r->class == CLASS_DENIED && r->status == 401;
    if (r->class == CLASS_LIMITED) {
        limited(l, r);
        return false;
    }
    if (!denied && r->class != CLASS_RETRY_SAFE && r->class != CLASS_UNSURE && r->class != CLASS_NONSENSE)
        return true;
    l->doubted = true;
    l->poll_at = l->remembered_at = 0; /* it may come back as another one */
    return false;
}

struct tracker_settings tracker_settings_of(const struct settings_tracker *cfg, const char *instance) {
    return (struct tracker_settings){.name = cfg->name,
                                     .connector = cfg->connector,
                                     .role = cfg->role,
                                     .url = cfg->url,
                                     .web_urls = cfg->web_urls,
                                     .n_web_urls = cfg->n_web_urls,
                                     .ca = cfg->ca,
                                     .timeout = cfg->timeout,
                                     .auth = cfg->auth,
                                     .scope = cfg->scope,
                                     .states = cfg->states,
                                     .outcomes = cfg->outcomes,
                                     .priorities = cfg->priorities,
                                     .write = cfg->write,
                                     .fields = cfg->fields,
                                     .import_comments = cfg->import_comments,
                                     .instance = instance};
}

int lane_init(struct lane *l, struct engine *e, const struct settings_tracker *cfg, struct fault *fault) {
    *l = (struct lane){.e = e, .cfg = cfg};
    struct tracker_settings s = tracker_settings_of(cfg, e->instance);
    l->timer = e->world->timers.make(e->world->timers.arg, lane_turn, l);
    return tracker_new(e->world->connectors_dir, &s, &l->tracker, fault);
}

void lane_deinit(struct lane *l) {
    if (l->timer)
        l->e->world->timers.free(l->timer);
    tracker_free(l->tracker);
    while (l->busy) {
        struct busy *next = l->busy->next;
        free(l->busy);
        l->busy = next;
    }
    memory_free(l);
    free((char *)l->stopped);
    free(l->cursor);
    *l = (struct lane){0};
}
