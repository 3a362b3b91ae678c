/* verdict: what defects mean for a problem, and problems for an incident.
 * domain.md 3. */
#include "room.h"

#define CHAIN_MAX 16

/* `closed` with outcome `fixed` is read as `released`. */
static bool is_released(const struct defect_facts *d) {
    return d->state == STATE_RELEASED || (d->state == STATE_CLOSED && d->outcome == OUTCOME_FIXED);
}

bool defect_is_lost(const struct defect_facts *d) {
    return d->stuck || (d->state == STATE_CLOSED && (d->outcome == OUTCOME_DUPLICATE || d->outcome == OUTCOME_MOVED));
}

static bool is_delivered(const struct defect_facts *d, const struct policy *p) {
    if (defect_is_lost(d))
        return false;
    switch (p->delivered_when) {
    case DELIVERED_WHEN_FIXED: return is_released(d) || d->state == STATE_FIXED;
    case DELIVERED_WHEN_VERSION: return (is_released(d) || d->state == STATE_FIXED) && d->version_closed;
    case DELIVERED_WHEN_RELEASED:
    default: return is_released(d);
    }
}

/* Declined: closed with an outcome other than unknown, and not delivered. With
 * `version`, closed as fixed but the version still open is not finished. */
static bool is_declined(const struct defect_facts *d) {
    if (defect_is_lost(d))
        return false;
    if (d->state == STATE_CLOSED_UNRESOLVED)
        return true;
    return d->state == STATE_CLOSED && d->outcome != OUTCOME_UNKNOWN && d->outcome != OUTCOME_NONE &&
           d->outcome != OUTCOME_FIXED;
}

static bool is_void(const struct defect_facts *d) {
    return !d->stuck && d->state == STATE_CLOSED && (d->outcome == OUTCOME_INVALID || d->outcome == OUTCOME_WITHDRAWN);
}

/* When it came to what it is: with `version` also by the closing of that. */
static msec_t moved_at(const struct defect_facts *d, const struct policy *p) {
    return p->delivered_when == DELIVERED_WHEN_VERSION && d->version_at > d->state_at ? d->version_at : d->state_at;
}

struct tally {
    int delivered, declined, unfinished, voided;
    const struct defect_facts *first_delivered, *last_delivered, *last_declined, *first_unfinished;
};

/* Times that are not known come last. */
static void count_delivered(struct tally *t, const struct defect_facts *d, const struct policy *p) {
    msec_t at = moved_at(d, p), first = t->first_delivered ? moved_at(t->first_delivered, p) : 0;
    if (!t->first_delivered || (at && (!first || at < first)))
        t->first_delivered = d;
    if (!t->last_delivered || at > moved_at(t->last_delivered, p))
        t->last_delivered = d;
    t->delivered++;
}

static void count_declined(struct tally *t, const struct defect_facts *d) {
    if (!t->last_declined || d->state_at > t->last_declined->state_at)
        t->last_declined = d;
    t->declined++;
}

static struct tally tally_of(const struct problem_facts *f, const struct policy *p) {
    struct tally t = {0};
    for (size_t i = 0; i < f->n_defects; i++) {
        const struct defect_facts *d = &f->defects[i];
        if (d->excluded)
            continue;
        if (is_void(d))
            t.voided++;
        else if (is_delivered(d, p))
            count_delivered(&t, d, p);
        else if (is_declined(d))
            count_declined(&t, d);
        else if (t.unfinished++ == 0)
            t.first_unfinished = d;
    }
    return t;
}

static const char *defect_words(const struct defect_facts *d, struct arena *a) {
    const char *via = d->via ? arena_printf(a, " (through its duplicate %s)", d->via) : "";
    if (defect_is_lost(d))
        return arena_printf(a, "%s%s cannot be followed: its chain of duplicates loops, is too long or cannot be read",
                            d->ref, via);
    if (d->state == STATE_CLOSED)
        return arena_printf(a, "%s is closed (%s)%s", d->ref, d->outcome ? outcome_name(d->outcome) : "unknown", via);
    return arena_printf(a, "%s is %s%s", d->ref, state_name(d->state), via);
}

static void set(struct delivered *ret, enum delivery delivery, const struct defect_facts *d, const char *why) {
    ret->delivery = delivery;
    ret->why = why;
    if (d) {
        ret->at = d->state_at;
        ret->defect = d->ref;
    }
}

static void set_delivered(struct delivered *ret, const struct defect_facts *d, const struct policy *p,
                          struct arena *a) {
    set(ret, DELIVERY_DELIVERED, d, defect_words(d, a));
    ret->at = moved_at(d, p);
    ret->version = d->version;
}

/* A state that says closed-unresolved may come without a reason that fits it. */
static void set_declined(struct delivered *ret, const struct defect_facts *d, struct arena *a) {
    set(ret, DELIVERY_DECLINED, d, defect_words(d, a));
    ret->outcome = state_is_closed_unresolved(STATE_CLOSED, d->outcome) ? d->outcome : OUTCOME_WONT_FIX;
}

/* With `any` the first delivery made it so, with `all` the last. */
static void from_defects(const struct problem_facts *f, const struct policy *p, struct arena *a,
                         struct delivered *ret) {
    struct tally t = tally_of(f, p);
    int counted = t.delivered + t.declined + t.unfinished;
    if (counted + t.voided == 0)
        set(ret, DELIVERY_NONE, NULL, "no defect stands behind it");
    else if (counted == 0)
        set(ret, DELIVERY_MIXED, NULL, "all its defects were closed as invalid or withdrawn");
    else if (p->several_defects == SEVERAL_ANY && t.delivered)
        set_delivered(ret, t.first_delivered, p, a);
    else if (t.unfinished)
        set(ret, DELIVERY_PENDING, t.first_unfinished, defect_words(t.first_unfinished, a));
    else if (t.declined == 0)
        set_delivered(ret, t.last_delivered, p, a);
    else if (t.delivered == 0)
        set_declined(ret, t.last_declined, a);
    else
        set(ret, DELIVERY_MIXED, t.last_declined,
            arena_printf(a, "%s, but %s", defect_words(t.last_delivered, a), defect_words(t.last_declined, a)));
}

/* A person's word comes over what the defects say. */
static void over_defects(const struct problem *p, struct delivered *ret) {
    if (p->resolution == RESOLUTION_RISK_ACCEPTED && ret->delivery != DELIVERY_DELIVERED) {
        ret->delivery = DELIVERY_DECLINED;
        ret->why = "the risk was accepted";
        ret->outcome = OUTCOME_RISK_ACCEPTED;
        ret->at = p->resolved_at;
    } else if (p->reopened && ret->delivery != DELIVERY_NONE) { /* without a defect, that is what there is to say */
        ret->delivery = DELIVERY_PENDING;
        ret->why = "a person reopened the problem";
        ret->outcome = OUTCOME_NONE;
        ret->version = NULL;
    }
}

const struct problem_facts *problem_followed(const struct problem_facts *f) {
    for (int depth = 0; f && f->problem->resolution == RESOLUTION_DUPLICATE; depth++)
        f = depth < CHAIN_MAX ? f->duplicate_of : NULL;
    return f;
}

/* What was made a duplicate later than the other was delivered, was delivered then. */
static msec_t chained_at(const struct problem_facts *f, const struct problem_facts *end, msec_t at) {
    for (; f != end; f = f->duplicate_of)
        if (f->problem->resolved_at > at)
            at = f->problem->resolved_at;
    return at;
}

/* Its own resolution comes first. */
void delivery_of(const struct problem_facts *f, const struct policy *policy, struct arena *a, struct delivered *ret) {
    const struct problem_facts *end = problem_followed(f);
    *ret = (struct delivered){0};
    if (!end) {
        set(ret, DELIVERY_PENDING, NULL, "its chain of duplicates loops or cannot be followed");
        return;
    }
    const struct problem *p = end->problem;
    if (p->resolution == RESOLUTION_CANCELLED) {
        set(ret, DELIVERY_CANCELLED, NULL, "the problem was cancelled");
        return;
    }
    if (p->resolution == RESOLUTION_FIX_APPLIED) {
        set(ret, DELIVERY_DELIVERED, NULL, "a person resolved the problem: fix applied");
        ret->at = p->resolved_at;
    } else {
        from_defects(end, policy, a, ret);
        over_defects(p, ret);
    }
    if (ret->delivery == DELIVERY_DELIVERED && str_empty(ret->version))
        ret->version = p->fixed_in;
    ret->at = chained_at(f, end, ret->at);
}

/* What a delivery means for the incidents; the lower the earlier it wins. */
static enum verdict verdict_by(enum delivery d) {
    switch (d) {
    case DELIVERY_DELIVERED: return VERDICT_DELIVERED;
    case DELIVERY_DECLINED: return VERDICT_DECLINED;
    case DELIVERY_CANCELLED: return VERDICT_UNLINKED;
    case DELIVERY_NONE:
    case DELIVERY_PENDING:
    case DELIVERY_MIXED:
    case DELIVERY_COUNT:
    default: return VERDICT_PENDING;
    }
}

void verdict_of(const struct problem_facts *problems, size_t n, const struct policy *policy, struct arena *a,
                struct judged *ret) {
    *ret = (struct judged){.each = arena_alloc(a, (n + 1) * sizeof(*ret->each))};
    for (size_t i = 0; i < n; i++) {
        struct delivered *d = &ret->each[i];
        delivery_of(&problems[i], policy, a, d);
        enum verdict v = verdict_by(d->delivery);
        if (v == VERDICT_UNLINKED)
            continue;
        /* pending before declined before delivered; of several alike, the latest move */
        bool first = ret->verdict == VERDICT_UNLINKED;
        if (first || v < ret->verdict || (v == ret->verdict && v != VERDICT_PENDING && d->at > ret->at)) {
            ret->verdict = v;
            ret->which = i;
            ret->at = d->at;
            ret->delivered = *d;
        }
    }
}

enum ke_status ke_status_of(const struct problem *p, enum delivery delivery, bool working) {
    bool cause = !str_empty(p->cause);
    bool workaround = !str_empty(p->workaround) || !str_empty(p->published_text);
    if (p->resolution == RESOLUTION_FIX_APPLIED || p->resolution == RESOLUTION_CANCELLED ||
        p->resolution == RESOLUTION_DUPLICATE || delivery == DELIVERY_DELIVERED)
        return KE_CLOSED;
    if (cause)
        return workaround ? KE_RESOLVED : KE_DIAGNOSED;
    if (!str_empty(p->owner) || p->analysis_target || working)
        return KE_INFORMATIONAL;
    return KE_DETECTED;
}
