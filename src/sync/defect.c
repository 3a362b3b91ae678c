/* defect: what follows for one live defect - counters, lists, notes. */
#include "engine.h"

/* A live problem counts it: by itself, or as the live end of a chain of duplicates. */
static bool is_counted(struct engine *e, struct arena *a, const char *ref) {
    int64_t *problems;
    struct problem_row p;
    struct defect_facts f;
    facts_defect(e, a, ref, &f);
    size_t n = f.via ? 0 : problems_of_defect(e, a, ref, &problems);
    for (size_t i = 0; i < n; i++)
        if (store_problem(e->store, a, problems[i], &p) && p.p.resolution != RESOLUTION_CANCELLED &&
            p.p.resolution != RESOLUTION_DUPLICATE)
            return true;
    return false;
}

/* Nothing is asked about it any more. */
static void nothing_asked(struct engine *e, const char *ref) {
    static const char *const asked[] = {"defect-closed-how", "defect-gone", "defect-hidden"};
    for (size_t i = 0; i < array_size(asked); i++)
        store_attention_clear(e->store, asked[i], ref);
}

/* It counts for nothing any more: its fields are undone, and the live one is told instead. */
static void decide_duplicate(struct engine *e, struct arena *a, const struct record_row *row, bool adopt) {
    struct defect_facts end;
    facts_defect(e, a, row->ref, &end);
    if (!end.stuck) /* where the chain leads nowhere, nobody is told */
        defect_soon(e, end.ref, adopt, "a duplicate hands its problem on");
    if (!is_counted(e, a, row->ref))
        nothing_asked(e, row->ref);
    if (row->r.presence == PRESENT)
        mirror_defect(e, a, &row->r, NULL, 0, &(struct counts){0}, false);
    engine_changed(e, "defect", row->ref);
}

void decide_defect_now(struct engine *e, struct arena *a, const char *ref, bool adopt) {
    struct record_row row;
    int64_t *ids;
    struct counts counts;
    struct decision *x = arena_make(a, struct decision);
    size_t n = 0;
    if (!store_record(e->store, a, ref, &row))
        return;
    adopt |= row.fresh;
    if (row.fresh) {
        row.fresh = false;
        store_record_put(e->store, &row);
    }
    if (defect_hands_on(&row)) {
        decide_duplicate(e, a, &row, adopt);
        return;
    }
    size_t n_links = problems_handed_to(e, a, ref, &ids);
    const struct problem **problems = arena_alloc(a, (n_links + 1) * sizeof(*problems));
    int *recurrences = arena_alloc(a, (n_links + 1) * sizeof(*recurrences));
    bool *recurred = arena_alloc(a, (n_links + 1) * sizeof(*recurred));
    const struct problem *first = NULL;
    struct policy policy;
    struct problem_facts *facts = arena_alloc(a, (n_links + 1) * sizeof(*facts));
    for (size_t i = 0; i < n_links; i++) {
        struct counts c;
        struct problem_row p;
        if (!store_problem(e->store, a, ids[i], &p) || !facts_problem(e, a, ids[i], &facts[n]) ||
            p.p.resolution == RESOLUTION_CANCELLED)
            continue;
        store_counts_problem(e->store, ids[i], &c);
        problems[n] = facts[n].problem;
        if (!first && p.p.resolution != RESOLUTION_DUPLICATE)
            first = problems[n];
        recurred[n] = p.recurred > 0 && p.recurred == p.p.serial;
        recurrences[n++] = c.late;
    }
    store_counts_defect(e->store, ref, &counts);
    policy_for_side(&e->settings->policy, first, &row.r, &policy);
    struct defect_side_facts f = {.ref = ref,
                                  .state = row.r.state,
                                  .outcome = row.r.outcome,
                                  .presence = row.r.presence,
                                  .now = now_of(e),
                                  .problems = problems,
                                  .recurrences = recurrences,
                                  .recurred = recurred,
                                  .n_problems = n,
                                  .incident_count = counts.total,
                                  .policy = &policy};
    decide_defect(&f, a, x);
    struct asserting as = {.e = e,
                           .a = a,
                           .spent = adopt && !engine_asserts_history(e),
                           .why_spent = "adopted: it was so before the bridge came",
                           .problems = facts,
                           .n_problems = n,
                           .record = &row.r,
                           .did = json_array()};
    assert_wants(&as, x);
    json_decref(as.did);
    store_attention_sync(e->store, ref, "unmapped-state", attention_items(a, x), x->n_attention, now_of(e));
    if (!is_counted(e, a, ref))
        nothing_asked(e, ref);
    if (row.r.presence == PRESENT)
        mirror_defect(e, a, &row.r, problems, n, &counts, false);
    engine_changed(e, "defect", ref);
}
