/* sides: what follows for a defect, and what waits for a person on a problem.
 * domain.md 4 (after the table) and 7. */
#include "room.h"

#include <string.h>

static struct want *defect_want(struct decision *d, const struct defect_side_facts *f, enum effect_kind kind,
                                int64_t problem) {
    if (d->n_wants == WANTS_MAX)
        return &d->wants[WANTS_MAX];
    struct want *w = &d->wants[d->n_wants++];
    *w = (struct want){.kind = kind, .ref = f->ref, .problem = problem};
    return w;
}

/* NULL: it is switched off. */
static struct want *defect_note(struct decision *d, const struct defect_side_facts *f, enum note_kind kind,
                                int64_t problem, const char *key, const char *reason) {
    if (f->policy->notes[kind] == VISIBILITY_OFF)
        return NULL;
    struct want *w = defect_want(d, f, EFFECT_NOTE, problem);
    w->key = key;
    w->note = kind;
    w->visibility = f->policy->notes[kind];
    w->reason = reason;
    return w;
}

/* Nobody has finished it, and the code does not hold the fix yet. */
static bool is_unfixed(const struct defect_side_facts *f) {
    return f->state == STATE_OPEN || f->state == STATE_WORKING;
}

static bool is_delivered(const struct defect_side_facts *f) {
    return f->state == STATE_RELEASED || (f->state == STATE_CLOSED && f->outcome == OUTCOME_FIXED) ||
           (f->state == STATE_FIXED && f->policy->delivered_when != DELIVERED_WHEN_RELEASED);
}

/* Its links count for something. */
static bool is_live(const struct problem *p) {
    return p->resolution != RESOLUTION_CANCELLED && p->resolution != RESOLUTION_DUPLICATE;
}

/* Closing it would decline it for all its problems. */
static bool all_accepted(const struct defect_side_facts *f) {
    for (size_t i = 0; i < f->n_problems; i++)
        if (is_live(f->problems[i]) && f->problems[i]->resolution != RESOLUTION_RISK_ACCEPTED)
            return false;
    return true;
}

/* At most one move of a defect in one decision. */
static bool is_moved(const struct decision *d) {
    for (size_t i = 0; i < d->n_wants; i++)
        if (d->wants[i].kind != EFFECT_NOTE)
            return true;
    return false;
}

/* The manager accepted the risk: developers are told, or the defect is closed. */
static void risk_accepted(struct decision *d, const struct defect_side_facts *f, const struct problem *p,
                          struct arena *a) {
    const char *about = arena_printf(a, "P-%lld:%lld", (long long)p->id, (long long)p->resolved_at);
    defect_note(d, f, NOTE_RISK_ACCEPTED, p->id, arena_printf(a, "note:%s:risk-accepted:%s", f->ref, about),
                "a manager accepted the risk");
    if (f->policy->on_risk_accepted != ON_RISK_ACCEPTED_CLOSE || !is_unfixed(f) || !all_accepted(f) || is_moved(d))
        return;
    struct want *w = defect_want(d, f, EFFECT_STATE, p->id);
    w->key = arena_printf(a, "state:%s:accepted:%s", f->ref, about);
    w->state = STATE_CLOSED;
    w->outcome = OUTCOME_WONT_FIX;
    w->from = (1u << STATE_OPEN) | (1u << STATE_WORKING);
    w->reason = "a manager accepted the risk, and on_risk_accepted is close";
}

/* Recurrences since the delivery reopen it, or have a new one made; `flag` is for
 * the problem's attention. */
static void recurred(struct decision *d, const struct defect_side_facts *f, size_t i, struct arena *a) {
    const struct problem *p = f->problems[i];
    int count = f->recurrences[i];
    bool said = f->recurred && f->recurred[i];
    if (f->policy->on_reopen == ON_REOPEN_FLAG || (count < f->policy->recurrences && !said) || !is_delivered(f) ||
        is_moved(d))
        return;
    const char *about = arena_printf(a, "recurred:P-%lld:%d", (long long)p->id, p->serial);
    const char *tracker = arena_strndup(a, f->ref, strcspn(f->ref, ":"));
    bool reopen = f->policy->on_reopen == ON_REOPEN_REOPEN;
    struct want *w = defect_want(d, f, reopen ? EFFECT_STATE : EFFECT_CREATE, p->id);
    w->reason = said ? "a manager said that it recurred" : arena_printf(a, "%d recurrences since the delivery", count);
    if (reopen) {
        w->key = arena_printf(a, "state:%s:%s", f->ref, about);
        w->state = STATE_OPEN;
        w->from = (1u << STATE_RELEASED) | (1u << STATE_CLOSED);
        if (f->policy->delivered_when != DELIVERED_WHEN_RELEASED)
            w->from |= 1u << STATE_FIXED;
    } else {
        w->ref = arena_printf(a, "%s:", tracker);
        w->key = arena_printf(a, "create:%s:%s", tracker, about);
    }
}

/* Only the highest that was passed is told; the lower ones are spent by it, so that a falling count tells nothing. */
static void threshold(struct decision *d, const struct defect_side_facts *f, const struct problem *p, struct arena *a) {
    bool told = false;
    for (size_t i = f->policy->n_thresholds; i-- > 0;) {
        int t = f->policy->thresholds[i];
        if (f->incident_count < t)
            continue;
        struct want *w = defect_note(d, f, NOTE_THRESHOLD, p->id, arena_printf(a, "note:%s:threshold:%d", f->ref, t),
                                     arena_printf(a, "%d incidents are linked", f->incident_count));
        if (w)
            w->spent = told;
        told = true;
    }
}

static void attend(struct decision *d, const char *subject, const char *kind, const char *text, const char *who,
                   const char *clear) {
    if (d->n_attention < array_size(d->attention))
        d->attention[d->n_attention++] =
            (struct want_attention){.kind = kind, .subject = subject, .text = text, .who = who, .clear = clear};
}

void decide_defect(const struct defect_side_facts *f, struct arena *a, struct decision *ret) {
    const struct problem *first = NULL;
    *ret = (struct decision){0};
    if (f->presence != PRESENT)
        return;
    if (f->state == STATE_NONE)
        attend(ret, f->ref, "unmapped-state", "its state maps to no canonical state", "owner",
               "map the state under trackers.NAME.states in the configuration");
    for (size_t i = 0; i < f->n_problems; i++) {
        const struct problem *p = f->problems[i];
        if (!is_live(p))
            continue;
        if (!first)
            first = p;
        if (f->incident_count > 0)
            defect_note(ret, f, NOTE_LINKED, p->id, arena_printf(a, "note:%s:linked:P-%lld", f->ref, (long long)p->id),
                        "its first incident was linked");
        if (p->resolution == RESOLUTION_RISK_ACCEPTED)
            risk_accepted(ret, f, p, a);
        recurred(ret, f, i, a);
    }
    if (first)
        threshold(ret, f, first, a);
}

/* ---- problem ---- */

struct siding {
    const struct problem_side_facts *f;
    struct arena *a;
    struct decision *d;
    const char *id; /* "P-12" */
};

/* What its delivery asks of a person; a duplicate's is asked of the other problem. */
static void attend_delivery(struct siding *c) {
    const struct problem_side_facts *f = c->f;
    const char *id = c->id, *why = f->delivered->why;
    switch (f->delivered->delivery) {
    case DELIVERY_NONE:
        if (f->open + f->waiting > 0)
            attend(c->d, id, "nobody-works",
                   arena_printf(c->a, "incidents are linked (%d), but no defect: nobody works on it", f->incidents),
                   "practitioner", arena_printf(c->a, "bascule defect new %s, or bascule link %s DEFECT", id, id));
        break;
    case DELIVERY_DECLINED:
        if (f->facts->problem->resolution != RESOLUTION_RISK_ACCEPTED && !f->facts->pushed_back)
            attend(c->d, id, "declined-decide",
                   arena_printf(c->a, "no fix will come (%s): accept the risk, or push back", why), "manager",
                   arena_printf(c->a,
                                "bascule problem accept-risk %s --reason TEXT --review DATE, or problem push-back %s",
                                id, id));
        break;
    case DELIVERY_MIXED:
        attend(
            c->d, id, "mixed", arena_printf(c->a, "fixed enough? %s", why), "manager",
            arena_printf(c->a, "bascule problem close %s --resolution fix-applied, or problem accept-risk %s", id, id));
        break;
    case DELIVERY_DELIVERED:
        if (f->policy->on_reopen == ON_REOPEN_FLAG && f->recurrences >= f->policy->recurrences)
            attend(c->d, id, "recurrence",
                   arena_printf(c->a, "%d recurrences since the delivery: does the fix hold?", f->recurrences),
                   "manager", arena_printf(c->a, "bascule problem reopen %s, or bascule ack %s", id, id));
        break;
    case DELIVERY_PENDING:
    case DELIVERY_CANCELLED:
    case DELIVERY_COUNT:
    default: break;
    }
}

/* Under every delivery that leaves incidents pending. */
static void attend_did_not_hold(struct siding *c) {
    enum delivery d = c->f->delivered->delivery;
    if (c->f->did_not_hold && (d == DELIVERY_PENDING || d == DELIVERY_NONE || d == DELIVERY_MIXED))
        attend(c->d, c->id, "did-not-hold",
               arena_printf(c->a, "the fix did not hold; %d incidents that were resolved or closed stay as they are",
                            c->f->did_not_hold),
               "practitioner", arena_printf(c->a, "reopen those that need it, or bascule ack %s", c->id));
}

static void attend_defects(struct siding *c) {
    struct arena *a = c->a;
    for (size_t i = 0; i < c->f->facts->n_defects; i++) {
        const struct defect_facts *x = &c->f->facts->defects[i];
        bool unsaid =
            !x->stuck && x->state == STATE_CLOSED && (x->outcome == OUTCOME_UNKNOWN || x->outcome == OUTCOME_NONE);
        if (x->excluded)
            continue;
        if (defect_is_lost(x))
            attend(c->d, c->id, "duplicate-loop",
                   arena_printf(a, "the chain of duplicates of %s loops, is too long or cannot be read",
                                x->via ? x->via : x->ref),
                   "practitioner", "mend the relation in the tracker, or link the live defect");
        if (unsaid && x->presence == PRESENT)
            attend(c->d, x->ref, "defect-closed-how",
                   "closed, but how? Its outcome is not known, so it counts as unfinished", "practitioner",
                   arena_printf(a, "bascule outcome %s fixed|wont-fix|... --reason TEXT", x->ref));
        if (x->presence == GONE)
            attend(c->d, x->ref, "defect-gone", "deleted in its tracker; its last state goes on counting",
                   "practitioner",
                   arena_printf(a, "bascule ack %s takes it out of the reckoning; or link another defect", x->ref));
        else if (x->presence == FORBIDDEN || x->presence == OUT_OF_SCOPE)
            attend(c->d, x->ref, "defect-hidden", "cannot be read any more; its last state goes on counting", "owner",
                   "give the bridge's account its right back, or widen the scope");
    }
}

/* The problem's own come first: a long list of defects must not crowd them out. */
void decide_problem(const struct problem_side_facts *f, struct arena *a, struct decision *ret) {
    const struct problem *p = f->facts->problem;
    struct siding c = {.f = f, .a = a, .d = ret, .id = arena_printf(a, "P-%lld", (long long)p->id)};
    *ret = (struct decision){0};
    if (p->resolution == RESOLUTION_CANCELLED)
        return;
    if (p->resolution != RESOLUTION_DUPLICATE)
        attend_delivery(&c);
    else if (!problem_followed(f->facts))
        attend(ret, c.id, "duplicate-loop", "its chain of duplicates loops, is too long or leads nowhere",
               "practitioner",
               arena_printf(a, "bascule problem reopen %s, or problem set %s --duplicate-of P-n", c.id, c.id));
    attend_did_not_hold(&c);
    if (f->shares_defect_with)
        attend(ret, c.id, "merge-proposed",
               arena_printf(a, "shares a defect with P-%lld", (long long)f->shares_defect_with), "manager",
               arena_printf(a, "bascule problem merge %s P-%lld", c.id, (long long)f->shares_defect_with));
    if (p->review && p->review <= f->now)
        attend(ret, c.id, "review-due", "its review date has come", "manager",
               arena_printf(a, "bascule problem set %s --review DATE, or problem reopen %s", c.id, c.id));
    else if (p->review)
        ret->again_at = p->review;
    if (p->resolution != RESOLUTION_DUPLICATE) /* its own count for nothing */
        attend_defects(&c);
}
