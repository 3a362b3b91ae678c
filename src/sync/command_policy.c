/* command_policy: a changed policy is applied to old incidents: all, or those of
 * one problem, one tracker, or a single one. */
#include "command.h"

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

int policy_apply(struct engine *e, bool (*wanted)(void *arg, const char *ref), void *arg) {
    int64_t batch = store_batch_new(e->store, 0, "policy apply", now_of(e));
    char after[300] = "";
    int n_changed = 0;
    for (size_t n = 1; n > 0;) {
        cleanup_arena struct arena *a = arena_new();
        const char **refs;
        n = store_incidents_linked(e->store, a, after, 500, &refs);
        for (size_t i = 0; i < n; i++)
            if ((!wanted || wanted(arg, refs[i])) && apply_one(e, refs[i], batch))
                n_changed++;
        snprintf(after, sizeof(after), "%s", n ? refs[n - 1] : "");
    }
    return n_changed;
}

/* ---- for whom ---- */

struct scope {
    struct command *c;
    int64_t problem;
    const char *ref, *tracker;
};

static bool in_scope(void *arg, const char *ref) {
    const struct scope *s = arg;
    if (s->ref)
        return str_is(s->ref, ref);
    if (s->tracker)
        return str_starts(ref, s->tracker) && ref[strlen(s->tracker)] == ':';
    if (!s->problem)
        return true;
    cleanup_arena struct arena *a = arena_new();
    struct link_row *links;
    size_t n = store_links_of(s->c->e->store, a, ref, "confirmed", &links);
    for (size_t i = 0; i < n; i++)
        if (links[i].problem == s->problem)
            return true;
    return false;
}

/* P-12, helpdesk:4711 or helpdesk. False: refused already. */
static bool scope_read(struct command *c, struct scope *ret) {
    const char *word = want_text(c, "for");
    *ret = (struct scope){.c = c};
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

/* ---- the command ---- */

static void dry_run(struct command *c, struct scope *s) {
    struct engine *e = c->e;
    if (!engine_imported(e)) {
        refuse(c, 409, "the first import is not complete: nothing is decided before");
        return;
    }
    whatif_decide(e); /* what waits anyway is not the policy's doing */
    int64_t before = store_next_decision(e->store);
    int n = policy_apply(e, in_scope, s);
    whatif_decide(e);
    json_t *result = whatif_counts(e, before);
    json_object_set_new(result, "dry_run", json_true());
    json_object_set_new(result, "incidents", json_integer(n));
    store_rollback(e->store);
    answer(c, 200, result);
}

void cmd_policy_apply(struct command *c) {
    struct scope s;
    if (!scope_read(c, &s))
        return;
    if (json_is_true(json_object_get(c->args, "dry_run"))) {
        dry_run(c, &s);
        return;
    }
    int n = policy_apply(c->e, in_scope, &s);
    const char *word = want_text(c, "for");
    journal(c->e, c->actor, "policy", s.ref ? s.ref : "", s.problem, 0,
            "applied to %d incidents%s%s: a new turn each, without notes", n, word ? " of " : "", word ? word : "");
    command_commit(c, json_pack("{s:i}", "incidents", n));
}
