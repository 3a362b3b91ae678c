/* problem: one decision on one problem - delivery, derived status, attention,
 * and whether its incidents have to be decided again. */
#include "engine.h"

#define ATTENTION_KINDS                                                                                                \
    "nobody-works declined-decide mixed did-not-hold duplicate-loop merge-proposed review-due recurrence"

/* Everything an incident's decision takes from its problem. */
static uint64_t fingerprint(struct arena *a, const struct problem_facts *f, const struct delivered *d) {
    struct buf b = {0};
    const struct problem *p = f->problem;
    buf_printf(&b, "%d %d %d %d %d %lld %s|%s|%s|", d->delivery, p->resolution, p->reopened, p->revision,
               f->pushed_back, (long long)p->duplicate_of, p->fixed_in ? p->fixed_in : "", d->why, p->title);
    for (size_t i = 0; i < f->n_defects; i++) {
        const struct defect_facts *x = &f->defects[i];
        buf_printf(&b, "%s %d %d %d %d %d %s;", x->ref, x->state, x->outcome, x->excluded, x->version_closed, x->stuck,
                   x->version ? x->version : "");
    }
    uint64_t h = hash_bytes(b.data, b.len) >> 1;
    buf_deinit(&b);
    return h;
}

static bool working(const struct problem_facts *f) {
    for (size_t i = 0; i < f->n_defects; i++)
        if (f->defects[i].state == STATE_WORKING && !f->defects[i].excluded)
            return true;
    return false;
}

static void derive(struct engine *e, struct problem_row *row, const struct problem_facts *f,
                   const struct delivered *d) {
    msec_t now = now_of(e);
    enum ke_status status = ke_status_of(f->problem, d->delivery, working(f));
    if (row->p.delivery != d->delivery) {
        row->p.serial++;
        row->delivered_at = d->delivery == DELIVERY_DELIVERED ? d->at : 0;
        journal(e, "bridge", "delivery", "", row->p.id, 0, "P-%lld: %s -> %s: %s", (long long)row->p.id,
                delivery_name(row->p.delivery), delivery_name(d->delivery), d->why);
        row->p.delivery = d->delivery;
    }
    if (row->status != status) {
        journal(e, "bridge", "status", "", row->p.id, 0, "P-%lld: known error %s -> %s", (long long)row->p.id,
                ke_status_name(row->status), ke_status_name(status));
        row->status = status;
        row->p.closed = status == KE_CLOSED ? now : 0;
    }
}

static const char *decision_json(struct arena *a, const struct problem_row *row, const struct problem_facts *f,
                                 const struct delivered *d, const struct counts *c) {
    json_t *facts = json_array(), *would = json_array();
    for (size_t i = 0; i < f->n_defects; i++)
        json_array_append_new(
            facts, json_string(arena_printf(a, "%s is %s%s%s%s", f->defects[i].ref, state_name(f->defects[i].state),
                                            f->defects[i].outcome ? " (" : "",
                                            f->defects[i].outcome ? outcome_name(f->defects[i].outcome) : "",
                                            f->defects[i].outcome ? ")" : "")));
    if (!f->n_defects)
        json_array_append_new(facts, json_string("no defect stands behind it"));
    json_array_append_new(facts, json_string(arena_printf(a, "%s: %d open, %d waiting, %d closed unresolved, %d solved",
                                                          count_words(a, c->total, "incident"), c->open, c->waiting,
                                                          c->closed_unresolved, c->solved)));
    json_array_append_new(
        would, json_string("a defect moves, a person resolves or reopens the problem, or the policy changes"));
    json_t *j = json_pack("{s:s, s:s, s:s, s:o, s:[], s:o}", "row", delivery_name(d->delivery), "rule",
                          "A problem is delivered when its defects are: its own resolution comes first, then all (or "
                          "any) of its defects.",
                          "why", d->why ? d->why : "", "facts", facts, "did", "would_change", would);
    const char *text = json_print(a, j);
    json_decref(j);
    (void)row;
    return text;
}

/* The problem that this one should be merged into; 0: none, or the other one proposes it. The one whose own defect is
 * live stays; of two alike, the older. */
static int64_t merges_into(struct engine *e, struct arena *a, const struct problem_row *row,
                           const struct problem_facts *f) {
    struct problem_facts g;
    int64_t other = store_shared_defect(e->store, row->p.id);
    if (!other || !facts_problem(e, a, other, &g))
        return 0;
    bool live = false, other_live = false;
    for (size_t i = 0; i < f->n_defects; i++)
        for (size_t k = 0; k < g.n_defects; k++)
            if (str_is(f->defects[i].ref, g.defects[k].ref)) {
                live |= !f->defects[i].via;
                other_live |= !g.defects[k].via;
            }
    bool mine = live == other_live ? row->p.id > other : other_live;
    return mine ? other : 0;
}

static void attend(struct engine *e, struct arena *a, const struct problem_row *row, const struct problem_facts *f,
                   const struct delivered *d, const struct counts *c, const struct policy *policy) {
    const char *id = arena_printf(a, "P-%lld", (long long)row->p.id);
    bool acked = row->held_acked == row->p.serial; /* a person has seen it in this delivery */
    struct decision *x = arena_make(a, struct decision);
    struct problem_side_facts s = {.facts = f,
                                   .delivered = d,
                                   .incidents = c->total,
                                   .open = c->open,
                                   .waiting = c->waiting,
                                   .did_not_hold = acked ? 0 : c->did_not_hold,
                                   .recurrences = acked ? 0 : c->late,
                                   .shares_defect_with = merges_into(e, a, row, f),
                                   .now = now_of(e),
                                   .policy = policy};
    decide_problem(&s, a, x);
    struct attention_item own[array_size(x->attention)];
    size_t n = 0;
    for (size_t i = 0; i < x->n_attention; i++) {
        const struct want_attention *w = &x->attention[i];
        struct attention_item item = {
            .kind = w->kind, .subject = w->subject, .text = w->text, .who = w->who, .clear = w->clear};
        if (str_is(w->subject, id))
            own[n++] = item;
        else
            store_attention_set(e->store, &item, now_of(e));
    }
    store_attention_sync(e->store, id, ATTENTION_KINDS, own, n, now_of(e));
    for (size_t i = 0; i < f->n_defects; i++)
        if (f->defects[i].state != STATE_CLOSED ||
            (f->defects[i].outcome != OUTCOME_UNKNOWN && f->defects[i].outcome != OUTCOME_NONE))
            store_attention_clear(e->store, "defect-closed-how", f->defects[i].ref);
    store_again(e->store, KIND_PROBLEM, arena_printf(a, "%lld", (long long)row->p.id), x->again_at);
}

static void due_others(struct engine *e, struct arena *a, int64_t id, const struct problem_facts *f,
                       const struct counts *c, int64_t batch, bool adopt, const char *why) {
    int64_t *duplicates;
    if (!batch && c->total > 1 && !adopt)
        batch = store_batch_new(e->store, id, arena_printf(a, "P-%lld: %s", (long long)id, why), now_of(e));
    store_due_incidents_of(e->store, id, batch, adopt, "its problem moved");
    for (size_t i = 0; i < f->n_defects; i++) {
        store_due(e->store, KIND_DEFECT, f->defects[i].ref, 0, adopt, "its problem moved");
        if (f->defects[i].via)
            store_due(e->store, KIND_DEFECT, f->defects[i].via, 0, adopt, "its problem moved");
    }
    size_t n = store_problems_duplicating(e->store, a, id, &duplicates);
    for (size_t i = 0; i < n; i++)
        store_due(e->store, KIND_PROBLEM, arena_printf(a, "%lld", (long long)duplicates[i]), batch, adopt,
                  "the problem it duplicates moved");
}

void decide_problem_now(struct engine *e, struct arena *a, int64_t id, int64_t batch, bool adopt) {
    struct problem_row row;
    struct problem_facts f;
    struct delivered d;
    struct counts c;
    struct policy policy;
    if (!store_problem(e->store, a, id, &row) || !facts_problem(e, a, id, &f))
        return;
    facts_policy(e, a, &f, &policy);
    delivery_of(&f, &policy, a, &d);
    store_counts_problem(e->store, id, &c);
    derive(e, &row, &f, &d);
    uint64_t print = fingerprint(a, &f, &d);
    bool moved = print != row.fingerprint;
    row.fingerprint = print;
    row.decision = decision_json(a, &row, &f, &d, &c);
    store_problem_put(e->store, &row);
    attend(e, a, &row, &f, &d, &c, &policy);
    if (moved)
        due_others(e, a, id, &f, &c, batch, adopt, d.why ? d.why : "it moved");
    engine_changed(e, "problem", arena_printf(a, "P-%lld", (long long)id));
}
