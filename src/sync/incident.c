/* incident: one decision on one incident - verdict, turn, row, wants. */
#include "engine.h"

#include <string.h>

#define ATTENTION_KINDS "orphan unmapped-state came-back recurrence"

struct deciding {
    struct engine *e;
    struct arena *a;
    const char *ref;
    struct record_row record;
    struct incident_row i;
    struct problem_facts *problems;
    size_t n;
    struct judged judged;
    struct policy policy;
};

/* The values that were stored when the turn began; before the first link, today's. */
static void load_policy(struct deciding *d) {
    policy_for(&d->e->settings->policy, &d->record.r, &d->policy);
    if (d->i.policy && d->i.verdict != VERDICT_UNLINKED) {
        json_t *j = json_loads(d->i.policy, 0, NULL);
        if (j)
            policy_from_json(j, &d->policy);
        json_decref(j);
    }
}

static bool load(struct deciding *d) {
    if (!store_record(d->e->store, d->a, d->ref, &d->record) || !store_incident(d->e->store, d->a, d->ref, &d->i))
        return false;
    load_policy(d);
    d->n = facts_incident_problems(d->e, d->a, d->ref, &d->problems);
    verdict_of(d->problems, d->n, &d->policy, d->a, &d->judged);
    return true;
}

static msec_t earliest_link(const struct deciding *d) {
    msec_t first = 0;
    for (size_t i = 0; i < d->n; i++)
        if (!first || d->problems[i].linked_at < first)
            first = d->problems[i].linked_at;
    return first;
}

/* The pending was caused by the bridge itself: it reopened that defect, or made it anew. */
static bool own_reopening(const struct deciding *d) {
    struct effect_row x;
    const char *defect = d->judged.delivered.defect, *tracker, *id;
    const struct problem_facts *end = d->n ? problem_followed(&d->problems[d->judged.which]) : NULL;
    if (!end || !defect || !ref_split(d->a, defect, &tracker, &id))
        return false;
    const struct problem *p = end->problem;
    for (int serial = p->serial; serial >= 0 && serial >= p->serial - 1; serial--) {
        const char *about = arena_printf(d->a, "recurred:P-%lld:%d", (long long)p->id, serial);
        if (store_effect_by_key(d->e->store, d->a, arena_printf(d->a, "state:%s:%s", defect, about), &x) &&
            x.e.state != EFFECT_SUPERSEDED && x.e.sent)
            return true;
        if (store_effect_by_key(d->e->store, d->a, arena_printf(d->a, "create:%s:%s", tracker, about), &x) &&
            str_is(x.e.echo, defect))
            return true;
    }
    return false;
}

/* The next turn is judged by the values that it will store. */
static bool begins_turn(struct deciding *d) {
    struct policy today;
    if (d->judged.verdict == d->i.verdict)
        return false;
    policy_for(&d->e->settings->policy, &d->record.r, &today);
    verdict_of(d->problems, d->n, &today, d->a, &d->judged);
    return d->judged.verdict != d->i.verdict;
}

/* A verdict other than the stored one: the only thing that moves a turn. */
static void turn(struct deciding *d, bool adopt) {
    struct incident_row *i = &d->i;
    enum state class = incident_class(d->record.r.state, d->record.r.outcome);
    const char *why = d->judged.delivered.why ? d->judged.delivered.why : "no confirmed link stands";
    i->was = i->verdict;
    i->verdict = d->judged.verdict;
    do
        i->turn++;
    while (turn_was_used(d->e, d->a, d->ref, i->turn, d->judged.at));
    i->turn_at = now_of(d->e);
    i->outcome_set = i->outcome_reason = NULL; /* it was said of the last one */
    i->delivered_at = d->judged.verdict == VERDICT_DELIVERED ? d->judged.at : 0;
    i->own_reopen = i->was == VERDICT_DELIVERED && i->verdict == VERDICT_PENDING && own_reopening(d);
    policy_for(&d->e->settings->policy, &d->record.r, &d->policy);
    json_t *policy = policy_to_json(&d->policy);
    i->policy = json_print(d->a, policy);
    json_decref(policy);
    if (adopt) {
        i->adopted_turn = i->turn;
        i->adopted_open |= class == STATE_OPEN && i->verdict != VERDICT_UNLINKED;
    }
    store_supersede_turn(d->e->store, d->ref, i->turn, "the verdict changed before it left", now_of(d->e));
    journal(d->e, "bridge", "turn", d->ref, d->n ? d->problems[d->judged.which].problem->id : 0, 0,
            "verdict %s -> %s (turn %d%s): %s", verdict_name(i->was), verdict_name(i->verdict), i->turn,
            adopt ? ", adopted" : "", why);
}

static void facts_of(struct deciding *d, struct incident_facts *f) {
    *f = (struct incident_facts){.record = &d->record.r,
                                 .was = d->i.was,
                                 .turn = d->i.turn,
                                 .was_linked = d->i.was_linked,
                                 .turn_at = d->i.turn_at,
                                 .linked_at = d->i.linked_at,
                                 .now = now_of(d->e),
                                 .ignored = d->i.ignored,
                                 .adopted = d->i.adopted_turn == d->i.turn,
                                 .adopted_open = d->i.adopted_open,
                                 .own_reopen = d->i.own_reopen,
                                 .asserted = d->i.asserted,
                                 .overridden = d->i.overridden,
                                 .asserted_at = d->i.asserted_at,
                                 .came_back_at = d->i.came_back_acked ? 0 : d->i.came_back_at,
                                 .came_back_by = d->i.came_back_by,
                                 .policy = &d->policy,
                                 .problems = d->problems,
                                 .n_problems = d->n,
                                 .judged = &d->judged};
}

/* ---- what explain shows (law 11) ---- */

static json_t *fact_list(const struct deciding *d) {
    json_t *facts = json_array();
    struct arena *a = d->a;
    const struct record *r = &d->record.r;
    json_array_append_new(
        facts, json_string(arena_printf(a, "the incident is %s%s%s%s (%s in %s)", state_name(r->state),
                                        r->outcome ? " (" : "", r->outcome ? outcome_name(r->outcome) : "",
                                        r->outcome ? ")" : "", r->native_state ? r->native_state : "?", r->tracker)));
    for (size_t i = 0; i < d->n; i++)
        json_array_append_new(
            facts, json_string(arena_printf(a, "it is linked with P-%lld, which is %s: %s",
                                            (long long)d->problems[i].problem->id,
                                            delivery_name(d->judged.each[i].delivery), d->judged.each[i].why)));
    json_array_append_new(
        facts,
        json_string(arena_printf(a, "verdict %s, turn %d%s", verdict_name(d->i.verdict), d->i.turn,
                                 d->i.adopted_turn == d->i.turn ? " (adopted: it began as already asserted)" : "")));
    if (d->i.verdict == VERDICT_PENDING || d->i.verdict == VERDICT_DECLINED)
        json_array_append_new(
            facts,
            json_string(arena_printf(a, "policy: treatment %s%s, on_declined %s", treatment_name(d->policy.treatment),
                                     d->policy.require_workaround ? ", a workaround is required" : "",
                                     on_declined_name(d->policy.on_declined))));
    if (d->i.asserted)
        json_array_append_new(facts,
                              json_string(arena_printf(a, "the bridge last set it %s%s", state_name(d->i.asserted),
                                                       d->i.overridden ? ", and a person changed that" : "")));
    if (d->i.ignored)
        json_array_append_new(facts, json_string("a person told the bridge to ignore it"));
    return facts;
}

static const char *decision_json(const struct deciding *d, const struct decision *x, json_t *did) {
    json_t *would = json_array();
    json_array_append_new(would, json_string(row_would_change(x->row)));
    json_t *j = json_pack("{s:s, s:s, s:s, s:o, s:O, s:o}", "row", row_name(x->row), "rule", row_rule(x->row), "why",
                          x->why, "facts", fact_list(d), "did", did, "would_change", would);
    const char *text = json_print(d->a, j);
    json_decref(j);
    return text;
}

/* ---- what else is due because of this one ---- */

static void due_others(struct deciding *d, const struct incident_row *was, bool adopt) {
    struct link_row *defects;
    bool moved = was->verdict != d->i.verdict || was->outcome != d->i.outcome || was->linked_at != d->i.linked_at;
    for (size_t i = 0; i < d->n; i++) {
        int64_t id = d->problems[i].problem->id;
        size_t n = store_links_of_problem(d->e->store, d->a, id, "defect", "confirmed", 1000, &defects);
        for (size_t k = 0; k < n; k++)
            defect_soon(d->e, defects[k].ref, adopt, "one of its incidents moved");
        if (moved)
            store_due_problem(d->e->store, id, adopt, "one of its incidents moved");
    }
}

/* A person has seen it. */
static void drop_attention(struct decision *x, const char *kind) {
    size_t n = 0;
    for (size_t i = 0; i < x->n_attention; i++)
        if (!str_is(x->attention[i].kind, kind))
            x->attention[n++] = x->attention[i];
    x->n_attention = n;
}

void incident_unadopted(struct engine *e, struct arena *a, const char *ref, json_t *counts) {
    struct deciding d = {.e = e, .a = a, .ref = ref};
    struct incident_facts f;
    struct effect_row before;
    struct decision *x = arena_make(a, struct decision);
    const char *entered[WANTS_MAX];
    size_t n = 0;
    if (!load(&d) || d.i.adopted_turn < 0 || d.i.ignored)
        return;
    d.i.adopted_turn = -1;
    d.i.adopted_open = false;
    d.i.linked_at = earliest_link(&d);
    d.judged.at = d.i.verdict == VERDICT_DELIVERED && d.i.delivered_at ? d.i.delivered_at : d.judged.at;
    facts_of(&d, &f);
    decide(&f, a, x);
    for (size_t i = 0; i < x->n_wants; i++) {
        const struct want *w = &x->wants[i];
        bool left_out = store_effect_by_key(e->store, a, w->key, &before);
        for (size_t k = 0; k < n; k++)
            left_out |= w->unless && str_same(w->unless, entered[k]);
        if (left_out || w->kind == EFFECT_CREATE)
            continue;
        entered[n++] = w->key;
        const char *what = arena_printf(a, "%s %s", effect_kind_name(w->kind),
                                        w->kind == EFFECT_STATE ? state_name(w->state) : note_kind_name(w->note));
        json_object_set_new(counts, what, json_integer(json_int(counts, what, 0) + 1));
    }
}

void decide_incident_now(struct engine *e, struct arena *a, const char *ref, int64_t batch, bool adopt) {
    struct deciding d = {.e = e, .a = a, .ref = ref};
    struct incident_facts f;
    struct decision *x = arena_make(a, struct decision);
    if (!load(&d))
        return;
    struct incident_row was = d.i;
    adopt |= d.record.fresh; /* it was there before the bridge: its first decision is adopted, whoever asked for it */
    d.i.linked_at = earliest_link(&d);
    bool quiet = d.i.quiet_turn == d.i.turn; /* `policy apply` asked for this decision, whatever it comes to */
    if (begins_turn(&d))
        turn(&d, adopt && !engine_asserts_history(e));
    else if (d.i.verdict == VERDICT_DELIVERED && !d.i.delivered_at)
        d.i.delivered_at = d.judged.at;
    d.i.was_linked |= d.n > 0;
    d.judged.at = d.i.verdict == VERDICT_DELIVERED ? d.i.delivered_at : d.judged.at;
    facts_of(&d, &f);
    decide(&f, a, x);
    if (quiet && x->row != ROW_ABSENT && x->row != ROW_UNMAPPED)
        d.i.quiet_turn = -1;
    if (x->row == ROW_DELIVERED_LATE_LINK)
        store_incident_put(e->store, &d.i); /* it counts among the recurrences that its note tells */
    if (x->outcome || !x->keeps_outcome)
        d.i.outcome = x->outcome;
    bool spent = f.ignored || (f.adopted && adopt);
    struct asserting as = {.e = e,
                           .a = a,
                           .turn = d.i.turn,
                           .batch = batch,
                           .spent = spent,
                           .spent_turn = f.adopted,
                           .ignored = f.ignored,
                           .quiet = quiet,
                           .why_spent = f.ignored ? "ignored: a person told the bridge to keep its hands off"
                                                  : "adopted: it was so before the bridge came",
                           .problems = d.problems,
                           .n_problems = d.n,
                           .judged = &d.judged,
                           .record = &d.record.r,
                           .came_back_at = f.came_back_at,
                           .did = json_array()};
    assert_wants(&as, x);
    d.i.decision = decision_json(&d, x, as.did);
    json_decref(as.did);
    store_incident_put(e->store, &d.i);
    enum outcome outcome = x->outcome;
    if (d.i.outcome_set)
        outcome_parse(d.i.outcome_set, &outcome);
    if (d.record.r.presence == PRESENT)
        mirror_incident(e, a, &d.record.r, d.problems, d.n, outcome, x->keeps_outcome && !d.i.outcome_set, f.ignored);
    if (d.record.fresh) {
        d.record.fresh = false;
        store_record_put(e->store, &d.record);
    }
    if (d.i.late_acked_turn == d.i.turn || d.i.recurred_turn == d.i.turn)
        drop_attention(x, "recurrence");
    store_attention_sync(e->store, ref, ATTENTION_KINDS, attention_items(a, x), x->n_attention, now_of(e));
    store_again(e->store, KIND_INCIDENT, ref, x->again_at);
    due_others(&d, &was, adopt);
    engine_changed(e, "incident", ref);
}
