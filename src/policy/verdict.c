/* verdict: what defects mean for a problem, and problems for an incident.
 * domain.md 3. */
#include "bascule/policy.h"

#include <string.h>

/* `closed` with outcome `fixed` is read as `released`. */
static bool is_released(const struct defect_facts *d) {
    return d->state == STATE_RELEASED || (d->state == STATE_CLOSED && d->outcome == OUTCOME_FIXED);
}

static bool is_delivered(const struct defect_facts *d, const struct policy *p) {
    if (d->stuck)
        return false;
    switch (p->delivered_when) {
    case DELIVERED_WHEN_FIXED:
        return is_released(d) || d->state == STATE_FIXED;
    case DELIVERED_WHEN_VERSION:
        return (is_released(d) || d->state == STATE_FIXED) && d->version_closed;
    case DELIVERED_WHEN_RELEASED:
    default:
        return is_released(d);
    }
}

/* Declined: closed with an outcome other than unknown, and not delivered. With
 * `version`, closed as fixed but the version still open is not finished. */
static bool is_declined(const struct defect_facts *d) {
    if (d->stuck)
        return false;
    if (d->state == STATE_CLOSED_UNRESOLVED)
        return true;
    return d->state == STATE_CLOSED && d->outcome != OUTCOME_UNKNOWN && d->outcome != OUTCOME_NONE &&
           d->outcome != OUTCOME_FIXED;
}

static bool is_void(const struct defect_facts *d) {
    return !d->stuck && d->state == STATE_CLOSED && (d->outcome == OUTCOME_INVALID || d->outcome == OUTCOME_WITHDRAWN);
}

struct tally {
    int delivered, declined, unfinished, voided;
    const struct defect_facts *last_delivered, *last_declined, *first_unfinished;
};

static struct tally tally_of(const struct problem_facts *f, const struct policy *p) {
    struct tally t = {0};
    for (size_t i = 0; i < f->n_defects; i++) {
        const struct defect_facts *d = &f->defects[i];
        if (d->excluded)
            continue;
        if (is_void(d)) {
            t.voided++;
        } else if (is_delivered(d, p)) {
            t.delivered++;
            if (!t.last_delivered || d->state_at > t.last_delivered->state_at)
                t.last_delivered = d;
        } else if (is_declined(d)) {
            t.declined++;
            if (!t.last_declined || d->state_at > t.last_declined->state_at)
                t.last_declined = d;
        } else {
            t.unfinished++;
            if (!t.first_unfinished)
                t.first_unfinished = d;
        }
    }
    return t;
}

static const char *defect_words(const struct defect_facts *d, struct arena *a) {
    const char *via = d->via ? arena_printf(a, " (through its duplicate %s)", d->via) : "";
    if (d->stuck)
        return arena_printf(a, "%s%s cannot be followed: its chain of duplicates loops, is too long or cannot be read", d->ref,
                            via);
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
        ret->version = d->version;
        ret->outcome = d->state == STATE_CLOSED_UNRESOLVED && !d->outcome ? OUTCOME_WONT_FIX : d->outcome;
    }
}

static void from_defects(const struct problem_facts *f, const struct policy *p, struct arena *a, struct delivered *ret) {
    struct tally t = tally_of(f, p);
    int counted = t.delivered + t.declined + t.unfinished;
    if (counted + t.voided == 0)
        set(ret, DELIVERY_NONE, NULL, "no defect stands behind it");
    else if (counted == 0)
        set(ret, DELIVERY_MIXED, NULL, "all its defects were closed as invalid or withdrawn");
    else if (p->several_defects == SEVERAL_ANY && t.delivered)
        set(ret, DELIVERY_DELIVERED, t.last_delivered, defect_words(t.last_delivered, a));
    else if (t.unfinished)
        set(ret, DELIVERY_PENDING, t.first_unfinished, defect_words(t.first_unfinished, a));
    else if (t.declined == 0)
        set(ret, DELIVERY_DELIVERED, t.last_delivered, defect_words(t.last_delivered, a));
    else if (t.delivered == 0)
        set(ret, DELIVERY_DECLINED, t.last_declined, defect_words(t.last_declined, a));
    else
        set(ret, DELIVERY_MIXED, t.last_declined,
            arena_printf(a, "%s, but %s", defect_words(t.last_delivered, a), defect_words(t.last_declined, a)));
}

/* Its own resolution comes first. */
static void judge(const struct problem_facts *f, const struct policy *policy, struct arena *a, int depth,
                  struct delivered *ret) {
    const struct problem *p = f->problem;
    *ret = (struct delivered){0};
    if (p->resolution == RESOLUTION_CANCELLED) {
        set(ret, DELIVERY_CANCELLED, NULL, "the problem was cancelled");
        return;
    }
    if (p->resolution == RESOLUTION_DUPLICATE) {
        if (f->duplicate_of && depth < 16)
            judge(f->duplicate_of, policy, a, depth + 1, ret);
        else
            set(ret, DELIVERY_PENDING, NULL, "its chain of duplicates loops or cannot be followed");
        return;
    }
    if (p->resolution == RESOLUTION_FIX_APPLIED) {
        set(ret, DELIVERY_DELIVERED, NULL, "a person resolved the problem: fix applied");
        ret->at = p->resolved_at;
        ret->version = p->fixed_in;
        return;
    }
    from_defects(f, policy, a, ret);
    if (ret->delivery == DELIVERY_DELIVERED && !str_empty(p->fixed_in) && str_empty(ret->version))
        ret->version = p->fixed_in;
    if (p->resolution == RESOLUTION_RISK_ACCEPTED && ret->delivery != DELIVERY_DELIVERED) {
        ret->delivery = DELIVERY_DECLINED;
        ret->why = "the risk was accepted";
        ret->outcome = OUTCOME_RISK_ACCEPTED;
        ret->at = p->resolved_at;
    } else if (p->reopened && ret->delivery != DELIVERY_NONE) {
        ret->delivery = DELIVERY_PENDING;
        ret->why = "a person reopened the problem";
    }
}

void delivery_of(const struct problem_facts *f, const struct policy *policy, struct arena *a, struct delivered *ret) {
    judge(f, policy, a, 0, ret);
}

/* What a delivery means for the incidents; the lower the earlier it wins. */
static enum verdict verdict_by(enum delivery d) {
    switch (d) {
    case DELIVERY_DELIVERED:
        return VERDICT_DELIVERED;
    case DELIVERY_DECLINED:
        return VERDICT_DECLINED;
    case DELIVERY_CANCELLED:
        return VERDICT_UNLINKED;
    case DELIVERY_NONE:
    case DELIVERY_PENDING:
    case DELIVERY_MIXED:
    case DELIVERY_COUNT:
    default:
        return VERDICT_PENDING;
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
