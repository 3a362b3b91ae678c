/* sides: what follows for a defect, and what waits for a person on a problem.
 * domain.md 4 (after the table) and 7. */
#include "bascule/policy.h"

static struct want *defect_want(struct decision *d, const struct defect_side_facts *f, enum effect_kind kind, int64_t problem) {
    if (d->n_wants == WANTS_MAX)
        return &d->wants[WANTS_MAX];
    struct want *w = &d->wants[d->n_wants++];
    *w = (struct want){.kind = kind, .ref = f->ref, .problem = problem};
    return w;
}

static void defect_note(struct decision *d, const struct defect_side_facts *f, enum note_kind kind, int64_t problem,
                        const char *key, const char *reason) {
    if (f->policy->notes[kind] == VISIBILITY_OFF)
        return;
    struct want *w = defect_want(d, f, EFFECT_NOTE, problem);
    w->key = key;
    w->note = kind;
    w->visibility = VISIBILITY_INTERNAL;
    w->reason = reason;
}

static bool defect_finished(const struct defect_side_facts *f) {
    return f->state == STATE_RELEASED || f->state == STATE_CLOSED || f->state == STATE_CLOSED_UNRESOLVED;
}

/* The manager accepted the risk: developers are told, or the defect is closed. */
static void risk_accepted(struct decision *d, const struct defect_side_facts *f, const struct problem *p, struct arena *a) {
    const char *about = arena_printf(a, "P-%lld:%lld", (long long)p->id, (long long)p->resolved_at);
    defect_note(d, f, NOTE_RISK_ACCEPTED, p->id, arena_printf(a, "note:%s:risk-accepted:%s", f->ref, about),
                "a manager accepted the risk");
    if (f->policy->on_risk_accepted != ON_RISK_ACCEPTED_CLOSE || defect_finished(f))
        return;
    struct want *w = defect_want(d, f, EFFECT_STATE, p->id);
    w->key = arena_printf(a, "state:%s:accepted:%s", f->ref, about);
    w->state = STATE_CLOSED;
    w->outcome = OUTCOME_WONT_FIX;
    w->from = (1u << STATE_OPEN) | (1u << STATE_WORKING) | (1u << STATE_FIXED);
    w->reason = "a manager accepted the risk, and on_risk_accepted is close";
}

static void recurred(struct decision *d, const struct defect_side_facts *f, const struct problem *p, int count,
                     struct arena *a) {
    if (f->policy->on_reopen != ON_REOPEN_REOPEN || count < f->policy->recurrences || !defect_finished(f))
        return;
    struct want *w = defect_want(d, f, EFFECT_STATE, p->id);
    w->key = arena_printf(a, "state:%s:recurred:P-%lld:%d", f->ref, (long long)p->id, p->serial);
    w->state = STATE_OPEN;
    w->from = (1u << STATE_RELEASED) | (1u << STATE_CLOSED) | (1u << STATE_CLOSED_UNRESOLVED);
    w->reason = arena_printf(a, "%d recurrences since the delivery", count);
}

void decide_defect(const struct defect_side_facts *f, struct arena *a, struct decision *ret) {
    *ret = (struct decision){0};
    if (f->presence != PRESENT)
        return;
    if (f->state == STATE_NONE)
        ret->attention[ret->n_attention++] =
            (struct want_attention){"unmapped-state", f->ref, "its state maps to no canonical state", "owner",
                                    "map the state under trackers.NAME.states in the configuration"};
    for (size_t i = 0; i < f->n_problems; i++) {
        const struct problem *p = f->problems[i];
        if (f->incident_count > 0)
            defect_note(ret, f, NOTE_LINKED, p->id, arena_printf(a, "note:%s:linked:P-%lld", f->ref, (long long)p->id),
                        "its first incident was linked");
        if (p->resolution == RESOLUTION_RISK_ACCEPTED)
            risk_accepted(ret, f, p, a);
        recurred(ret, f, p, f->recurrences[i], a);
    }
    for (size_t i = f->policy->n_thresholds; i-- > 0;) {
        int t = f->policy->thresholds[i];
        if (f->incident_count < t || !f->n_problems)
            continue;
        defect_note(ret, f, NOTE_THRESHOLD, f->problems[0]->id, arena_printf(a, "note:%s:threshold:%d", f->ref, t),
                    arena_printf(a, "%d incidents are linked", f->incident_count));
        break;
    }
}

/* ---- problem ---- */

static void attend(struct decision *d, const char *subject, const char *kind, const char *text, const char *who,
                   const char *clear) {
    if (d->n_attention < array_size(d->attention))
        d->attention[d->n_attention++] =
            (struct want_attention){.kind = kind, .subject = subject, .text = text, .who = who, .clear = clear};
}

static void attend_delivery(struct decision *d, const struct problem_side_facts *f, const char *id, struct arena *a) {
    const struct problem *p = f->facts->problem;
    switch (f->delivered->delivery) {
    case DELIVERY_NONE:
        if (f->open + f->waiting > 0)
            attend(d, id, "nobody-works", "incidents are linked, but no defect: nobody works on it", "practitioner",
                   arena_printf(a, "bascule defect new %s, or bascule link %s DEFECT", id, id));
        break;
    case DELIVERY_DECLINED:
        if (p->resolution != RESOLUTION_RISK_ACCEPTED && !f->facts->pushed_back)
            attend(d, id, "declined-decide",
                   arena_printf(a, "no fix will come (%s): accept the risk, or push back", f->delivered->why), "manager",
                   arena_printf(a, "bascule problem accept-risk %s --reason TEXT --review DATE, or problem push-back %s", id, id));
        break;
    case DELIVERY_MIXED:
        attend(d, id, "mixed", arena_printf(a, "fixed enough? %s", f->delivered->why), "manager",
               arena_printf(a, "bascule problem close %s --resolution fix-applied, or problem accept-risk %s", id, id));
        break;
    case DELIVERY_PENDING:
        if (f->did_not_hold)
            attend(d, id, "did-not-hold",
                   arena_printf(a, "the fix did not hold; %d incidents that people resolved stay as they are", f->did_not_hold),
                   "practitioner", arena_printf(a, "reopen those that need it, or bascule ack %s", id));
        break;
    case DELIVERY_DELIVERED:
    case DELIVERY_CANCELLED:
    case DELIVERY_COUNT:
    default:
        break;
    }
}

static void attend_defects(struct decision *d, const struct problem_side_facts *f, const char *id, struct arena *a) {
    for (size_t i = 0; i < f->facts->n_defects; i++) {
        const struct defect_facts *x = &f->facts->defects[i];
        if (x->excluded)
            continue;
        if (x->stuck)
            attend(d, id, "duplicate-loop",
                   arena_printf(a, "the chain of duplicates of %s loops, is too long or cannot be read", x->via ? x->via : x->ref),
                   "practitioner", "mend the relation in the tracker, or link the live defect");
        if (x->state == STATE_CLOSED && (x->outcome == OUTCOME_UNKNOWN || x->outcome == OUTCOME_NONE) && x->presence == PRESENT)
            attend(d, x->ref, "defect-closed-how", "closed, but how? Its outcome is not known, so it counts as unfinished",
                   "practitioner", arena_printf(a, "bascule outcome %s fixed|wont-fix|... --reason TEXT", x->ref));
        if (x->presence == GONE)
            attend(d, x->ref, "defect-gone", "deleted in its tracker; its last state goes on counting", "practitioner",
                   arena_printf(a, "bascule ack %s takes it out of the reckoning; or link another defect", x->ref));
        else if (x->presence == FORBIDDEN || x->presence == OUT_OF_SCOPE)
            attend(d, x->ref, "defect-hidden", "cannot be read any more; its last state goes on counting", "owner",
                   "give the bridge's account its right back, or widen the scope");
    }
}

void decide_problem(const struct problem_side_facts *f, struct arena *a, struct decision *ret) {
    const struct problem *p = f->facts->problem;
    const char *id = arena_printf(a, "P-%lld", (long long)p->id);
    *ret = (struct decision){0};
    if (p->resolution == RESOLUTION_CANCELLED)
        return;
    attend_delivery(ret, f, id, a);
    attend_defects(ret, f, id, a);
    if (f->shares_defect_with)
        attend(ret, id, "merge-proposed",
               arena_printf(a, "shares a defect with P-%lld", (long long)f->shares_defect_with), "manager",
               arena_printf(a, "bascule problem merge %s P-%lld", id, (long long)f->shares_defect_with));
    if (p->review && p->review <= f->now)
        attend(ret, id, "review-due", "its review date has come", "manager",
               arena_printf(a, "bascule problem set %s --review DATE, or reopen it", id));
    else if (p->review)
        ret->again_at = p->review;
}
