/* state: what states mean, the outbox's moves, references. domain.md 1. */
#include "bascule/model.h"

#include <string.h>

bool state_is_closed_unresolved(enum state s, enum outcome o) {
    if (s == STATE_CLOSED_UNRESOLVED)
        return true;
    return s == STATE_CLOSED && (o == OUTCOME_WORKAROUND || o == OUTCOME_WONT_FIX || o == OUTCOME_RISK_ACCEPTED ||
                                 o == OUTCOME_NOT_REPRODUCIBLE || o == OUTCOME_INCOMPLETE);
}

bool state_counts_nowhere(enum state s, enum outcome o) {
    return s == STATE_CLOSED &&
           (o == OUTCOME_INVALID || o == OUTCOME_WITHDRAWN || o == OUTCOME_DUPLICATE || o == OUTCOME_MOVED);
}

bool state_is_solved(enum state s, enum outcome o) {
    return s == STATE_RESOLVED ||
           (s == STATE_CLOSED && (o == OUTCOME_FIXED || o == OUTCOME_UNKNOWN || o == OUTCOME_NONE));
}

#define MAY(s) (1u << (s))
/* pending -> in-flight -> done; in-flight -> unsure -> done | pending;
 * in-flight -> pending only if proven not applied; any open one -> parked. */
static const unsigned effect_next[EFFECT_STATE_COUNT] = {
    [EFFECT_PENDING] = MAY(EFFECT_IN_FLIGHT) | MAY(EFFECT_SUPERSEDED) | MAY(EFFECT_PARKED) | MAY(EFFECT_DONE),
    [EFFECT_IN_FLIGHT] = MAY(EFFECT_DONE) | MAY(EFFECT_UNSURE) | MAY(EFFECT_PENDING) | MAY(EFFECT_PARKED),
    [EFFECT_UNSURE] = MAY(EFFECT_DONE) | MAY(EFFECT_PENDING) | MAY(EFFECT_PARKED),
    [EFFECT_DONE] = 0,
    [EFFECT_SUPERSEDED] = MAY(EFFECT_PENDING), /* only adopted ones, by `outbox open --assert` */
    [EFFECT_PARKED] = MAY(EFFECT_PENDING) | MAY(EFFECT_SUPERSEDED) | MAY(EFFECT_DONE),
};

bool effect_state_may(enum effect_state from, enum effect_state to) {
    return from < EFFECT_STATE_COUNT && to < EFFECT_STATE_COUNT && (effect_next[from] & MAY(to));
}

char *ref_make(struct arena *a, const char *tracker, const char *id) {
    return arena_printf(a, "%s:%s", tracker, id);
}

bool ref_split(struct arena *a, const char *ref, const char **ret_tracker, const char **ret_id) {
    const char *colon = ref ? strchr(ref, ':') : NULL;
    if (!colon || colon == ref || !colon[1])
        return false;
    *ret_tracker = arena_strndup(a, ref, (size_t)(colon - ref));
    *ret_id = arena_strdup(a, colon + 1);
    return true;
}

bool problem_ref_parse(const char *s, int64_t *ret) {
    if (!s || (s[0] != 'P' && s[0] != 'p') || s[1] != '-')
        return false;
    int64_t n;
    if (!str_int64(s + 2, &n) || n == 0)
        return false;
    *ret = n;
    return true;
}

void policy_defaults(struct policy *p) {
    *p = (struct policy){
        .treatment = TREATMENT_CLOSE,
        .delivered_when = DELIVERED_WHEN_RELEASED,
        .several_defects = SEVERAL_ALL,
        .on_declined = ON_DECLINED_KEEP,
        .on_reopen = ON_REOPEN_FLAG,
        .recurrences = 2,
        .on_risk_accepted = ON_RISK_ACCEPTED_NOTE,
        .reopen_window = 30 * DAY_MS,
        .thresholds = {10, 50, 100},
        .n_thresholds = 3,
        .notes = {[NOTE_KNOWN_ERROR] = VISIBILITY_PUBLIC,
                  [NOTE_WORKAROUND] = VISIBILITY_PUBLIC,
                  [NOTE_FIXED] = VISIBILITY_PUBLIC,
                  [NOTE_DECLINED] = VISIBILITY_PUBLIC,
                  [NOTE_DID_NOT_HOLD] = VISIBILITY_PUBLIC,
                  [NOTE_UNLINKED] = VISIBILITY_INTERNAL,
                  [NOTE_LINKED] = VISIBILITY_INTERNAL,
                  [NOTE_CAME_BACK] = VISIBILITY_INTERNAL,
                  [NOTE_RECURRENCE] = VISIBILITY_INTERNAL,
                  [NOTE_RISK_ACCEPTED] = VISIBILITY_INTERNAL,
                  [NOTE_THRESHOLD] = VISIBILITY_INTERNAL,
                  [NOTE_AGENT] = VISIBILITY_INTERNAL},
    };
}
