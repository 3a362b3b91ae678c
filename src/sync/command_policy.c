/* command_policy: a changed policy is applied to old incidents: all, or those of
 * one problem, one tracker, or a single one. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

static bool policy_differs(struct engine *e, struct arena *a, const char *ref, struct incident_row *i,
                           const char **ret_policy) {
    struct record_row r;
    struct policy now;
    if (!store_record(e->store, a, ref, &r) || !store_incident(e->store, a, ref, i))
        return false;
    policy_for(&e->settings->policy, &r.r, &now);
    json_t *j = policy_to_json(&now);
    *ret_policy = json_print(a, j);
    json_decref(j);
    return !str_same(*ret_policy, i->policy);
}

static bool apply_one(struct engine *e, const char *ref, int64_t batch) {
    cleanup_arena struct arena *a = arena_new();
    struct incident_row row;
    const char *policy;
    if (!policy_differs(e, a, ref, &row, &policy))
        return false;
    row.turn++;
    row.quiet_turn = row.turn;
    row.turn_at = now_of(e);
    row.policy = policy;
    store_incident_put(e->store, &row);
    store_supersede_turn(e->store, ref, row.turn, "the policy was applied anew", now_of(e));
    store_due(e->store, KIND_INCIDENT, ref, batch, false, "the policy was applied anew");
    return true;
}

/* ---- for whom ---- */

struct scope {
    struct engine *e;
    int64_t problem;
    const char *ref, *tracker;
};

static bool in_scope(const struct scope *s, const char *ref) {
    if (s->ref)
        return str_is(s->ref, ref);
    if (s->tracker)
        return str_starts(ref, s->tracker) && ref[strlen(s->tracker)] == ':';
    if (!s->problem)
        return true;
    cleanup_arena struct arena *a = arena_new();
    struct link_row *links;
    size_t n = store_links_of(s->e->store, a, ref, "confirmed", &links);
    for (size_t i = 0; i < n; i++)
        if (links[i].problem == s->problem)
            return true;
    return false;
}

/* P-12, helpdesk:4711 or helpdesk. False: refused already. */
static bool scope_read(struct command *c, struct scope *ret) {
    const char *word = want_text(c, "for");
    *ret = (struct scope){.e = c->e};
    if (!word)
        return true;
    if (problem_ref_parse(word, &ret->problem)) {
        struct problem_row p;
        return want_problem(c, "for", &p);
    }
    if (strchr(word, ':')) {
        struct record_row r;
        struct incident_row i;
        ret->ref = word;
        if (!want_record(c, "for", &r))
            return false;
        if (store_incident(c->e->store, c->a, word, &i))
            return true;
        refuse(c, 400, "%s is no incident: a policy is applied to incidents; name its problem, or a tracker", word);
        return false;
    }
    const struct lane *l = engine_lane(c->e, word);
    ret->tracker = word;
    if (l && l->cfg->role == ROLE_TICKETING)
        return true;
    refuse(c, l ? 400 : 404, "%s: %s: name a problem (P-12), an incident (helpdesk:4711) or a ticketing tracker", word,
           l ? "its records are defects, and a policy is applied to incidents"
             : "no tracker of that name is configured");
    return false;
}

/* ---- all at once ---- */

static int apply(struct engine *e, const struct scope *s) {
    int64_t batch = store_batch_new(e->store, 0, "policy apply", now_of(e));
    char after[300] = "";
    int n_changed = 0;
    for (size_t n = 1; n > 0;) {
        cleanup_arena struct arena *a = arena_new();
        const char **refs;
        n = store_incidents_linked(e->store, a, after, 500, &refs);
        for (size_t i = 0; i < n; i++)
            if (in_scope(s, refs[i]) && apply_one(e, refs[i], batch))
                n_changed++;
        snprintf(after, sizeof(after), "%s", n ? refs[n - 1] : "");
    }
    return n_changed;
}

int policy_apply(struct engine *e) {
    return apply(e, &(struct scope){.e = e});
}

/* ---- what it would do: a few incidents at a time, each time rolled back, so that the loop goes on ---- */

#define A_FEW 25

struct dry_run {
    struct engine *e;
    struct arena *arena;
    struct timer *timer;
    struct scope scope;
    command_done *done;
    void *who;
    char after[300];
    json_t *counts;
    int n_changed;
};

void dry_run_free(struct engine *e) {
    struct dry_run *d = e->dry_run;
    if (!d)
        return;
    e->dry_run = NULL;
    e->world->timers.free(d->timer);
    json_decref(d->counts);
    arena_free(d->arena);
    free(d);
}

static void dry_run_answer(struct engine *e, int status, json_t *result) {
    command_done *done = e->dry_run->done;
    void *who = e->dry_run->who;
    dry_run_free(e);
    done(who, status, result);
    json_decref(result);
}

void dry_run_stop(struct engine *e) {
    if (e->dry_run)
        dry_run_answer(e, 503, problem_details(503, "Service Unavailable", "the service is ending"));
}

static void counts_add(json_t *sum, const json_t *counts) {
    const char *key;
    json_t *n;
    json_object_foreach((json_t *)(uintptr_t)counts, key, n)
        json_object_set_new(sum, key, json_integer(json_int(sum, key, 0) + json_integer_value(n)));
}

static void dry_run_step(void *arg) {
    cleanup_arena struct arena *a = arena_new();
    struct dry_run *d = arg;
    struct engine *e = d->e;
    const char **refs;
    engine_begin(e);
    int64_t before = store_next_decision(e->store);
    size_t n = store_incidents_linked(e->store, a, d->after, A_FEW, &refs);
    for (size_t i = 0; i < n; i++)
        if (in_scope(&d->scope, refs[i]) && apply_one(e, refs[i], 0)) {
            decide_incident_now(e, a, refs[i], 0, false);
            d->n_changed++;
        }
    json_t *counts = store_effect_counts(e->store, before);
    bool failed = store_failed(e->store);
    store_rollback(e->store);
    counts_add(d->counts, counts);
    json_decref(counts);
    if (failed) {
        dry_run_answer(e, 503, problem_details(503, "Service Unavailable", "the database could not be read"));
        return;
    }
    if (n > 0) {
        snprintf(d->after, sizeof(d->after), "%s", refs[n - 1]);
        e->world->timers.start(d->timer, 0);
        return;
    }
    json_t *result = whatif_words(d->counts);
    json_object_set_new(result, "dry_run", json_true());
    json_object_set_new(result, "incidents", json_integer(d->n_changed));
    dry_run_answer(e, 200, result);
}

static void dry_run_begin(struct command *c, const struct scope *s) {
    struct engine *e = c->e;
    if (!engine_imported(e)) {
        refuse(c, 409, "the first import is not complete: nothing is decided before");
        return;
    }
    if (e->dry_run) {
        refuse(c, 409, "another dry run is under way: wait for its answer");
        return;
    }
    store_rollback(e->store);
    struct dry_run *d = calloc(1, sizeof(*d));
    *d = (struct dry_run){.e = e, .arena = arena_new(), .scope = *s, .done = c->done, .who = c->who};
    d->scope.ref = s->ref ? arena_strdup(d->arena, s->ref) : NULL;
    d->scope.tracker = s->tracker ? arena_strdup(d->arena, s->tracker) : NULL;
    d->counts = json_object();
    d->timer = e->world->timers.make(e->world->timers.arg, dry_run_step, d);
    e->dry_run = d;
    e->world->timers.start(d->timer, 0);
}

/* ---- the command ---- */

void cmd_policy_apply(struct command *c) {
    struct scope s;
    if (!scope_read(c, &s))
        return;
    if (json_is_true(json_object_get(c->args, "dry_run"))) {
        dry_run_begin(c, &s);
        return;
    }
    int n = apply(c->e, &s);
    const char *word = want_text(c, "for");
    journal(c->e, c->actor, "policy", s.ref ? s.ref : "", s.problem, 0,
            "applied to %s%s%s: a new turn each, without notes", count_words(c->a, n, "incident"), word ? " of " : "",
            word ? word : "");
    command_commit(c, json_pack("{s:i}", "incidents", n));
}
