/* facts: what policy is handed, read from the store. */
#include "engine.h"

#define CHAIN_MAX 16

bool defect_hands_on(const struct record_row *d) {
    bool closed = d->r.state == STATE_CLOSED || d->r.state == STATE_RELEASED || d->r.state == STATE_CLOSED_UNRESOLVED;
    return (closed && d->duplicate_of) || (d->r.state == STATE_CLOSED && d->r.outcome == OUTCOME_DUPLICATE);
}

static void fill(struct arena *a, const struct record_row *d, struct defect_facts *ret) {
    ret->ref = arena_strdup(a, d->ref);
    ret->state = d->r.state;
    ret->outcome = d->r.outcome;
    ret->presence = d->r.presence;
    ret->excluded = d->excluded;
    ret->version = d->r.version;
    ret->version_closed = d->r.version_closed;
    if (d->state_at > ret->state_at)
        ret->state_at = d->state_at;
    ret->version_at = d->version_at;
}

void facts_defect(struct engine *e, struct arena *a, const char *ref, struct defect_facts *ret) {
    const char *chain[CHAIN_MAX + 1];
    struct record_row d;
    *ret = (struct defect_facts){.ref = ref, .stuck = true};
    if (!store_record(e->store, a, ref, &d))
        return;
    fill(a, &d, ret);
    for (int depth = 0; defect_hands_on(&d); depth++) {
        ret->via = ref;
        chain[depth] = d.ref;
        if (depth == CHAIN_MAX || !d.duplicate_of || !store_record(e->store, a, d.duplicate_of, &d))
            return;
        for (int i = 0; i <= depth; i++)
            if (str_is(chain[i], d.ref))
                return;
        fill(a, &d, ret);
    }
    ret->stuck = false; /* hidden since it was seen: its last state goes on counting */
}

bool defect_unfinished(const struct defect_facts *d) {
    return !d->excluded && !d->stuck && d->presence != GONE && d->state != STATE_CLOSED && d->state != STATE_RELEASED &&
           d->state != STATE_CLOSED_UNRESOLVED;
}

static bool facts_problem_deep(struct engine *e, struct arena *a, int64_t id, int depth, struct problem_facts *ret) {
    struct problem_row row;
    struct link_row *links;
    if (!store_problem(e->store, a, id, &row))
        return false;
    struct problem *p = arena_make(a, struct problem);
    *p = row.p;
    size_t n = store_links_of_problem(e->store, a, id, "defect", "confirmed", 100, &links);
    struct defect_facts *defects = arena_alloc(a, (n + 1) * sizeof(*defects));
    for (size_t i = 0; i < n; i++)
        facts_defect(e, a, links[i].ref, &defects[i]);
    *ret = (struct problem_facts){.problem = p,
                                  .defects = defects,
                                  .n_defects = n,
                                  .pushed_back = row.declined_acked == row.p.serial && row.p.serial > 0};
    if (p->resolution == RESOLUTION_DUPLICATE && p->duplicate_of && depth < CHAIN_MAX) {
        struct problem_facts *next = arena_make(a, struct problem_facts);
        if (p->duplicate_of != id && facts_problem_deep(e, a, p->duplicate_of, depth + 1, next))
            ret->duplicate_of = next;
    }
    return true;
}

bool facts_problem(struct engine *e, struct arena *a, int64_t id, struct problem_facts *ret) {
    return facts_problem_deep(e, a, id, 0, ret);
}

void facts_policy(struct engine *e, struct arena *a, const struct problem_facts *f, struct policy *ret) {
    struct record_row defect;
    bool have = f->n_defects && store_record(e->store, a, f->defects[0].ref, &defect);
    policy_for_side(&e->settings->policy, f->problem, have ? &defect.r : NULL, ret);
}

size_t facts_incident_problems(struct engine *e, struct arena *a, const char *ref, struct problem_facts **ret) {
    struct link_row *links;
    size_t n_links = store_links_of(e->store, a, ref, "confirmed", &links), n = 0;
    *ret = NULL;
    for (size_t i = 0; i < n_links; i++) {
        struct problem_facts f;
        if (!facts_problem(e, a, links[i].problem, &f))
            continue;
        f.linked_at = links[i].linked_at;
        f.told_revision = store_told_revision(e->store, ref, links[i].problem);
        *arena_push(a, ret, &n) = f;
    }
    return n;
}

static void add_problems(struct engine *e, struct arena *a, const char *ref, int64_t **ret, size_t *n) {
    struct link_row *links;
    size_t n_links = store_links_of(e->store, a, ref, "confirmed", &links);
    for (size_t i = 0; i < n_links; i++) {
        bool have = false;
        for (size_t k = 0; k < *n; k++)
            have |= (*ret)[k] == links[i].problem;
        if (!have)
            *arena_push(a, ret, n) = links[i].problem;
    }
}

size_t problems_of_defect(struct engine *e, struct arena *a, const char *ref, int64_t **ret) {
    const char **duplicates;
    size_t n = 0, n_duplicates = store_duplicates_of(e->store, a, ref, &duplicates);
    *ret = NULL;
    add_problems(e, a, ref, ret, &n);
    for (size_t i = 0; i < n_duplicates; i++)
        add_problems(e, a, duplicates[i], ret, &n);
    return n;
}

size_t problems_handed_to(struct engine *e, struct arena *a, const char *ref, int64_t **ret) {
    const char **duplicates;
    size_t n = 0, n_duplicates = store_duplicates_of(e->store, a, ref, &duplicates);
    *ret = NULL;
    add_problems(e, a, ref, ret, &n);
    for (size_t i = 0; i < n_duplicates; i++) {
        struct defect_facts end;
        facts_defect(e, a, duplicates[i], &end);
        if (str_is(end.ref, ref))
            add_problems(e, a, duplicates[i], ret, &n);
    }
    return n;
}
