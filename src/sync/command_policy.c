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

/* ---- all at once: only for a preview, on a copy ---- */

int policy_apply(struct engine *e) {
    char after[300] = "";
    int n_changed = 0;
    for (size_t n = 1; n > 0;) {
        cleanup_arena struct arena *a = arena_new();
        const char **refs;
        n = store_incidents_linked(e->store, a, after, 500, &refs);
        for (size_t i = 0; i < n; i++)
            n_changed += apply_one(e, refs[i], 0);
        snprintf(after, sizeof(after), "%s", n ? refs[n - 1] : "");
    }
    return n_changed;
}

/* ---- the command: a few incidents at a time ---- */

struct applying {
    struct scope scope;
    int64_t batch;
    int n_changed;
    json_t *counts; /* of a dry run */
};

static void counts_add(json_t *sum, const json_t *counts) {
    const char *key;
    json_t *n;
    json_object_foreach((json_t *)(uintptr_t)counts, key, n)
        json_object_set_new(sum, key, json_integer(json_int(sum, key, 0) + json_integer_value(n)));
}

static void apply_it(struct engine *e, struct arena *a, const char *ref, void *own) {
    struct applying *x = own;
    (void)a;
    x->n_changed += in_scope(&x->scope, ref) && apply_one(e, ref, x->batch);
}

static void reckon_it(struct engine *e, struct arena *a, const char *ref, void *own) {
    struct applying *x = own;
    int64_t before = store_next_decision(e->store);
    if (!in_scope(&x->scope, ref) || !apply_one(e, ref, 0))
        return;
    decide_incident_now(e, a, ref, 0, false);
    cleanup_json json_t *counts = store_effect_counts(e->store, before);
    counts_add(x->counts, counts);
    x->n_changed++;
}

static void applied(struct command *c, void *own) {
    const struct applying *x = own;
    const char *word = want_text(c, "for");
    journal(c->e, c->actor, "policy", x->scope.ref ? x->scope.ref : "", x->scope.problem, 0,
            "applied to %s%s%s: a new turn each, without notes", count_words(c->a, x->n_changed, "incident"),
            word ? " of " : "", word ? word : "");
    command_commit(c, json_pack("{s:i}", "incidents", x->n_changed));
}

static void reckoned(struct command *c, void *own) {
    struct applying *x = own;
    json_t *result = whatif_words(x->counts);
    json_decref(x->counts);
    x->counts = NULL;
    store_rollback(c->e->store);
    json_object_set_new(result, "dry_run", json_true());
    json_object_set_new(result, "incidents", json_integer(x->n_changed));
    answer(c, 200, result);
}

static void applying_free(void *own) {
    json_decref(((struct applying *)own)->counts);
}

static const struct bulk_kind applies = {"policy apply", true, apply_it, applied, applying_free};
static const struct bulk_kind reckons = {"a dry run of policy apply", false, reckon_it, reckoned, applying_free};

void cmd_policy_apply(struct command *c) {
    struct scope s;
    struct engine *e = c->e;
    bool dry = json_is_true(json_object_get(c->args, "dry_run"));
    if (!scope_read(c, &s))
        return;
    if (dry && !engine_imported(e)) {
        refuse(c, 409, "the first import is not complete: nothing is decided before");
        return;
    }
    struct arena *keep = bulk_begin(c, dry ? &reckons : &applies);
    if (!keep)
        return;
    struct applying *x = arena_make(keep, struct applying);
    x->scope = s;
    x->scope.ref = s.ref ? arena_strdup(keep, s.ref) : NULL;
    x->scope.tracker = s.tracker ? arena_strdup(keep, s.tracker) : NULL;
    x->counts = json_object();
    x->batch = dry ? 0 : store_batch_new(e->store, 0, "policy apply", now_of(e));
    bulk_go(c, x);
}
