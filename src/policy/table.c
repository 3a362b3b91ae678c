/* table: which row of domain.md section 4's table an incident is on.
 *
 * "The first row that fits is taken": row_of() rules out what must not be
 * touched, then one function a verdict. Nothing here says what a row asserts;
 * decide.c does, and uses the helpers of room.h. */
#include "room.h"

enum state incident_class(enum state s, enum outcome o) {
    return state_is_closed_unresolved(s, o) ? STATE_CLOSED_UNRESOLVED : s;
}

int incident_rank(enum state class) {
    static const enum state order[] = {STATE_OPEN, STATE_WAITING, STATE_CLOSED_UNRESOLVED, STATE_RESOLVED,
                                       STATE_CLOSED};
    for (size_t i = 0; i < array_size(order); i++)
        if (order[i] == class)
            return (int)i;
    return -1;
}

enum state class_of(const struct incident_facts *f) {
    return incident_class(f->record->state, f->record->outcome);
}

/* Open by the bridge itself (unlinked, waiting) is no reopening. */
bool would_be_reopened(const struct incident_facts *f) {
    return f->adopted_open || (f->asserted != STATE_NONE && f->asserted != STATE_OPEN);
}

bool is_as_left(const struct incident_facts *f, enum state s) {
    return class_of(f) == s && f->asserted == s && !f->overridden;
}

const struct problem_facts *problem_deciding(const struct incident_facts *f) {
    return f->n_problems ? &f->problems[f->judged->which] : NULL;
}

static bool is_closed(enum state class) {
    return class == STATE_RESOLVED || class == STATE_CLOSED;
}

static bool is_reopened(const struct incident_facts *f) {
    return class_of(f) == STATE_OPEN && would_be_reopened(f);
}

/* The link to the problem that decided, made after what it delivered. */
static bool is_late_link(const struct incident_facts *f) {
    msec_t own = problem_deciding(f)->linked_at;
    return f->judged->at && (own ? own : f->linked_at) > f->judged->at + 2 * SEC_MS;
}

static bool is_answered(const struct problem_facts *p) {
    const struct problem_facts *end = problem_followed(p);
    return end && (end->pushed_back || end->problem->resolution == RESOLUTION_RISK_ACCEPTED);
}

/* Every problem that no fix will come for was answered by a manager. */
static bool are_answered(const struct incident_facts *f) {
    for (size_t i = 0; i < f->n_problems; i++)
        if (f->judged->each[i].delivery == DELIVERY_DECLINED && !is_answered(&f->problems[i]))
            return false;
    return true;
}

static enum row row_unlinked(const struct incident_facts *f) {
    if (!f->was_linked)
        return ROW_UNLINKED;
    return is_as_left(f, STATE_WAITING) ? ROW_UNLINKED_WAITING : ROW_UNLINKED_ELSE;
}

static enum row row_pending(const struct incident_facts *f) {
    enum state class = class_of(f);
    if (f->was == VERDICT_DELIVERED && is_closed(class)) {
        bool within = f->now - f->asserted_at <= f->policy->reopen_window;
        return is_as_left(f, STATE_RESOLVED) && within && !f->own_reopen ? ROW_DID_NOT_HOLD : ROW_DID_NOT_HOLD_ELSE;
    }
    if (is_closed(class))
        return ROW_PENDING_CLOSED;
    if (class == STATE_CLOSED_UNRESOLVED)
        return ROW_PENDING_CLOSED_UNRESOLVED;
    return is_reopened(f) ? ROW_PENDING_REOPENED : ROW_PENDING_OPEN;
}

static enum row row_declined(const struct incident_facts *f) {
    enum state class = class_of(f);
    if (is_closed(class))
        return ROW_DECLINED_CLOSED;
    if (f->policy->on_declined == ON_DECLINED_ASK && !are_answered(f))
        return ROW_DECLINED_ASK;
    if (is_reopened(f))
        return ROW_DECLINED_REOPENED;
    if (class == STATE_CLOSED_UNRESOLVED)
        return ROW_DECLINED_CLOSED_UNRESOLVED;
    return class == STATE_WAITING ? ROW_DECLINED_WAITING : ROW_DECLINED_OPEN;
}

static enum row row_delivered(const struct incident_facts *f) {
    enum state class = class_of(f);
    if (is_closed(class))
        return ROW_DELIVERED_CLOSED;
    if (is_late_link(f))
        return ROW_DELIVERED_LATE_LINK;
    if (class == STATE_WAITING || class == STATE_CLOSED_UNRESOLVED)
        return ROW_DELIVERED_HELD;
    return is_reopened(f) ? ROW_DELIVERED_REOPENED : ROW_DELIVERED_OPEN;
}

enum row row_of(const struct incident_facts *f) {
    if (f->record->presence != PRESENT)
        return ROW_ABSENT;
    if (incident_rank(class_of(f)) < 0)
        return ROW_UNMAPPED;
    switch (f->judged->verdict) {
    case VERDICT_PENDING: return row_pending(f);
    case VERDICT_DECLINED: return row_declined(f);
    case VERDICT_DELIVERED: return row_delivered(f);
    case VERDICT_UNLINKED:
    case VERDICT_COUNT:
    default: return row_unlinked(f);
    }
}
