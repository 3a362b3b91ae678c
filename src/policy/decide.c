/* decide: which row of the table an incident is on, and what that row asserts.
 *
 * row_of() finds the row, one function below it for each verdict says what it
 * wants. Wants carry law 1's keys: the store drops what was asserted before,
 * so nothing here asks whether it was. */
#include "bascule/policy.h"

#include <string.h>

#define BIT(s) (1u << (s))

enum state incident_class(enum state s, enum outcome o) {
    return state_is_closed_unresolved(s, o) ? STATE_CLOSED_UNRESOLVED : s;
}

int incident_rank(enum state class) {
    static const enum state order[] = {STATE_OPEN, STATE_WAITING, STATE_CLOSED_UNRESOLVED, STATE_RESOLVED, STATE_CLOSED};
    for (size_t i = 0; i < array_size(order); i++)
        if (order[i] == class)
            return (int)i;
    return -1;
}

static enum state class_of(const struct incident_facts *f) { return incident_class(f->record->state, f->record->outcome); }

/* Open, though a state of the bridge's that closed or held it was once
 * confirmed on it, or adopted open. */
static bool is_reopened(const struct incident_facts *f) {
    bool moved = f->asserted != STATE_NONE && f->asserted != STATE_OPEN;
    return class_of(f) == STATE_OPEN && (moved || f->adopted_open);
}

static bool is_as_left(const struct incident_facts *f, enum state s) {
    return class_of(f) == s && f->asserted == s && !f->overridden;
}

static bool is_late_link(const struct incident_facts *f) {
    return f->judged->at && f->linked_at > f->judged->at + 2 * SEC_MS;
}

static const struct problem_facts *deciding(const struct incident_facts *f) {
    return f->n_problems ? &f->problems[f->judged->which] : NULL;
}

static enum row row_unlinked(const struct incident_facts *f) {
    if (!f->was_linked)
        return ROW_UNLINKED;
    return is_as_left(f, STATE_WAITING) ? ROW_UNLINKED_WAITING : ROW_UNLINKED_ELSE;
}

static enum row row_pending(const struct incident_facts *f) {
    enum state class = class_of(f);
    bool closed = class == STATE_RESOLVED || class == STATE_CLOSED;
    if (f->was == VERDICT_DELIVERED && closed) {
        bool within = f->now - f->asserted_at <= f->policy->reopen_window;
        return is_as_left(f, STATE_RESOLVED) && within && !f->own_reopen ? ROW_DID_NOT_HOLD : ROW_DID_NOT_HOLD_ELSE;
    }
    if (closed)
        return ROW_PENDING_CLOSED;
    if (class == STATE_CLOSED_UNRESOLVED)
        return ROW_PENDING_CLOSED_UNRESOLVED;
    return is_reopened(f) ? ROW_PENDING_REOPENED : ROW_PENDING_OPEN;
}

static enum row row_declined(const struct incident_facts *f) {
    enum state class = class_of(f);
    bool accepted = deciding(f)->problem->resolution == RESOLUTION_RISK_ACCEPTED;
    if (class == STATE_RESOLVED || class == STATE_CLOSED)
        return ROW_DECLINED_CLOSED;
    if (f->policy->on_declined == ON_DECLINED_ASK && !accepted)
        return ROW_DECLINED_ASK;
    if (is_reopened(f))
        return ROW_DECLINED_REOPENED;
    if (class == STATE_CLOSED_UNRESOLVED)
        return ROW_DECLINED_CLOSED_UNRESOLVED;
    return class == STATE_WAITING ? ROW_DECLINED_WAITING : ROW_DECLINED_OPEN;
}

static enum row row_delivered(const struct incident_facts *f) {
    enum state class = class_of(f);
    if (class == STATE_RESOLVED || class == STATE_CLOSED)
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
    case VERDICT_PENDING:
        return row_pending(f);
    case VERDICT_DECLINED:
        return row_declined(f);
    case VERDICT_DELIVERED:
        return row_delivered(f);
    case VERDICT_UNLINKED:
    case VERDICT_COUNT:
    default:
        return row_unlinked(f);
    }
}

/* ---- wants ---- */

struct deciding {
    const struct incident_facts *f;
    struct arena *a;
    struct decision *d;
    const char *ref;
};

static struct want *want_add(struct deciding *c, enum effect_kind kind, int64_t problem) {
    if (c->d->n_wants == WANTS_MAX)
        return &c->d->wants[WANTS_MAX];
    struct want *w = &c->d->wants[c->d->n_wants++];
    *w = (struct want){.kind = kind, .ref = c->ref, .problem = problem};
    return w;
}

static msec_t settled_at(const struct deciding *c) {
    msec_t wait = c->f->policy->settle[c->f->judged->verdict];
    return wait ? c->f->turn_at + wait : 0;
}

static int64_t deciding_id(const struct deciding *c) {
    const struct problem_facts *p = deciding(c->f);
    return p ? p->problem->id : 0;
}

static void want_state(struct deciding *c, enum state s, enum outcome o, unsigned from, const char *reason) {
    struct want *w = want_add(c, EFFECT_STATE, deciding_id(c));
    w->key = arena_printf(c->a, "state:%s:%d", c->ref, c->f->turn);
    w->state = s;
    w->outcome = o;
    w->from = from;
    w->reason = reason;
    w->not_before = settled_at(c);
}

/* The words after the kind in a note's key: what it is about (law 1). */
static const char *note_about(struct deciding *c, enum note_kind kind, const struct problem_facts *p) {
    if (kind == NOTE_KNOWN_ERROR)
        return arena_printf(c->a, "P-%lld", (long long)p->problem->id);
    if (kind == NOTE_WORKAROUND)
        return arena_printf(c->a, "P-%lld:%d", (long long)p->problem->id, p->problem->revision);
    return arena_printf(c->a, "%d", c->f->turn);
}

static bool carries_workaround(enum note_kind kind) {
    return kind == NOTE_KNOWN_ERROR || kind == NOTE_WORKAROUND || kind == NOTE_DECLINED;
}

static void want_note(struct deciding *c, enum note_kind kind, const struct problem_facts *p, const char *reason) {
    enum visibility v = c->f->policy->notes[kind];
    int revision = p ? p->problem->revision : 0;
    if ((kind == NOTE_KNOWN_ERROR || kind == NOTE_WORKAROUND) && v == VISIBILITY_PUBLIC && !revision)
        v = VISIBILITY_INTERNAL;
    if (v == VISIBILITY_OFF)
        return;
    struct want *w = want_add(c, EFFECT_NOTE, p ? p->problem->id : 0);
    w->key = arena_printf(c->a, "note:%s:%s:%s", c->ref, note_kind_name(kind), note_about(c, kind, p));
    w->note = kind;
    w->visibility = v;
    w->revision = carries_workaround(kind) && v == VISIBILITY_PUBLIC ? revision : 0;
    w->reason = reason;
    w->not_before = v == VISIBILITY_PUBLIC ? settled_at(c) : 0;
}

static void attend(struct deciding *c, const char *kind, const char *text, const char *who, const char *clear) {
    if (c->d->n_attention < array_size(c->d->attention))
        c->d->attention[c->d->n_attention++] =
            (struct want_attention){.kind = kind, .subject = c->ref, .text = text, .who = who, .clear = clear};
}

/* A published text that this incident was not told yet. */
static void want_workarounds(struct deciding *c) {
    for (size_t i = 0; i < c->f->n_problems; i++) {
        const struct problem_facts *p = &c->f->problems[i];
        enum delivery d = c->f->judged->each[i].delivery;
        if (p->problem->revision > p->told_revision && d != DELIVERY_DELIVERED && d != DELIVERY_CANCELLED)
            want_note(c, NOTE_WORKAROUND, p, "a workaround was published");
    }
}

/* ---- rows ---- */

static void unlinked(struct deciding *c) {
    if (c->d->row == ROW_UNLINKED_WAITING && c->f->policy->treatment != TREATMENT_LEAVE) {
        want_state(c, STATE_OPEN, OUTCOME_NONE, BIT(STATE_WAITING), "the problem it waited for is not linked any more");
        want_note(c, NOTE_UNLINKED, NULL, "the last link ended");
    }
    c->d->clears_fields = c->f->was_linked;
    if (class_of(c->f) == STATE_CLOSED_UNRESOLVED)
        attend(c, "orphan", "closed unresolved, and nothing stands behind it", "practitioner",
               arena_printf(c->a, "link it (bascule link %s REF), or close or reopen it in the tracker", c->ref));
}

/* `close` waits for a workaround where the policy says so, or nobody works on it. */
static bool may_close(const struct deciding *c) {
    bool published = false, workless = false;
    for (size_t i = 0; i < c->f->n_problems; i++) {
        published |= c->f->problems[i].problem->revision > 0;
        workless |= c->f->judged->each[i].delivery == DELIVERY_NONE;
    }
    return published || !(c->f->policy->require_workaround || workless);
}

static enum outcome unresolved_outcome(const struct deciding *c) {
    for (size_t i = 0; i < c->f->n_problems; i++)
        if (c->f->problems[i].problem->revision > 0)
            return OUTCOME_WORKAROUND;
    return OUTCOME_UNKNOWN;
}

static void pending_open(struct deciding *c) {
    const char *why = c->f->judged->delivered.why;
    if (c->f->policy->treatment == TREATMENT_CLOSE && may_close(c))
        want_state(c, STATE_CLOSED_UNRESOLVED, unresolved_outcome(c), BIT(STATE_OPEN) | BIT(STATE_WAITING), why);
    else if (c->f->policy->treatment == TREATMENT_HOLD && class_of(c->f) == STATE_OPEN)
        want_state(c, STATE_WAITING, OUTCOME_NONE, BIT(STATE_OPEN), why);
    for (size_t i = 0; i < c->f->n_problems; i++) {
        enum delivery d = c->f->judged->each[i].delivery;
        if (d != DELIVERY_DELIVERED && d != DELIVERY_CANCELLED && d != DELIVERY_DECLINED)
            want_note(c, NOTE_KNOWN_ERROR, &c->f->problems[i], c->f->judged->each[i].why);
    }
    want_workarounds(c);
}

/* Told to developers at most once a day: the key is the day. */
static void came_back(struct deciding *c) {
    const struct judged *j = c->f->judged;
    if (!c->f->came_back_at)
        return;
    attend(c, "came-back", arena_printf(c->a, "reopened%s%s although its defect is not fixed",
                                        c->f->came_back_by ? " by " : "", c->f->came_back_by ? c->f->came_back_by : ""),
           "practitioner", arena_printf(c->a, "close the ticket, or bascule ack %s", c->ref));
    if (c->f->policy->notes[NOTE_CAME_BACK] == VISIBILITY_OFF)
        return;
    for (size_t i = 0; i < c->f->n_problems; i++) {
        const char *defect = j->each[i].defect;
        if (!defect || j->each[i].delivery == DELIVERY_DELIVERED)
            continue;
        struct want *w = want_add(c, EFFECT_NOTE, c->f->problems[i].problem->id);
        w->ref = defect;
        w->key = arena_printf(c->a, "note:%s:came-back:%s", defect, time_day(c->a, c->f->came_back_at));
        w->note = NOTE_CAME_BACK;
        w->visibility = c->f->policy->notes[NOTE_CAME_BACK];
        w->reason = arena_printf(c->a, "%s was reopened", c->ref);
    }
}

static void pending(struct deciding *c) {
    enum outcome o = unresolved_outcome(c);
    if (c->d->row == ROW_DID_NOT_HOLD) {
        want_state(c, STATE_CLOSED_UNRESOLVED, o, BIT(STATE_RESOLVED), c->f->judged->delivered.why);
        want_note(c, NOTE_DID_NOT_HOLD, deciding(c->f), c->f->judged->delivered.why);
        c->d->again_at = 0;
    } else if (c->d->row == ROW_PENDING_OPEN) {
        pending_open(c);
    } else if (c->d->row == ROW_PENDING_CLOSED_UNRESOLVED) {
        want_workarounds(c);
    } else if (c->d->row == ROW_PENDING_REOPENED) {
        came_back(c);
    }
    if (c->d->row == ROW_PENDING_CLOSED_UNRESOLVED || c->d->row == ROW_DID_NOT_HOLD ||
        (c->d->row == ROW_PENDING_OPEN && c->f->policy->treatment == TREATMENT_CLOSE && may_close(c)))
        c->d->outcome = o;
}

static enum outcome declined_outcome(const struct deciding *c) {
    if (deciding(c->f)->problem->resolution == RESOLUTION_RISK_ACCEPTED)
        return OUTCOME_RISK_ACCEPTED;
    return c->f->judged->delivered.outcome ? c->f->judged->delivered.outcome : OUTCOME_WONT_FIX;
}

static void declined(struct deciding *c) {
    const char *why = c->f->judged->delivered.why;
    enum treatment t = c->f->policy->treatment;
    enum row r = c->d->row;
    bool closes = (r == ROW_DECLINED_OPEN && t == TREATMENT_CLOSE) || (r == ROW_DECLINED_WAITING && t != TREATMENT_LEAVE);
    if (closes)
        want_state(c, STATE_CLOSED_UNRESOLVED, declined_outcome(c), BIT(STATE_OPEN) | BIT(STATE_WAITING), why);
    if (closes || r == ROW_DECLINED_CLOSED_UNRESOLVED) {
        want_note(c, NOTE_DECLINED, deciding(c->f), why);
        c->d->outcome = declined_outcome(c);
        const struct want *note = c->d->n_wants ? &c->d->wants[c->d->n_wants - 1] : NULL;
        if (!note || note->kind != EFFECT_NOTE || note->revision == 0)
            want_workarounds(c);
    } else if (r == ROW_DECLINED_OPEN || r == ROW_DECLINED_WAITING || r == ROW_DECLINED_REOPENED) {
        want_note(c, NOTE_AGENT, deciding(c->f), why);
        want_workarounds(c);
    }
}

static void delivered(struct deciding *c) {
    const char *why = c->f->judged->delivered.why;
    enum state class = class_of(c->f);
    bool still = c->f->policy->treatment == TREATMENT_LEAVE && (class == STATE_OPEN || class == STATE_WAITING);
    switch ((int)c->d->row) {
    case ROW_DELIVERED_LATE_LINK:
        want_note(c, NOTE_RECURRENCE, deciding(c->f), "the link was made after the delivery");
        attend(c, "recurrence", arena_printf(c->a, "linked after the fix was delivered (%s): a recurrence?", why),
               "practitioner",
               arena_printf(c->a, "close the ticket if the fix helps, unlink it if it is something else, or bascule ack %s",
                            c->ref));
        break;
    case ROW_DELIVERED_REOPENED:
        want_note(c, NOTE_AGENT, deciding(c->f), why);
        break;
    case ROW_DELIVERED_HELD:
    case ROW_DELIVERED_OPEN:
        if (!still)
            want_state(c, STATE_RESOLVED, OUTCOME_FIXED, BIT(STATE_OPEN) | BIT(STATE_WAITING) | BIT(STATE_CLOSED_UNRESOLVED),
                       why);
        want_note(c, NOTE_FIXED, deciding(c->f), why);
        c->d->outcome = still ? OUTCOME_NONE : OUTCOME_FIXED;
        break;
    default:
        break;
    }
}

static const char *facts_sentence(const struct deciding *c) {
    const struct incident_facts *f = c->f;
    const char *state = state_name(class_of(f));
    if (f->judged->verdict == VERDICT_UNLINKED)
        return arena_printf(c->a, "it is %s and no confirmed link stands", state);
    return arena_printf(c->a, "it is %s; verdict %s, because %s (P-%lld)", state, verdict_name(f->judged->verdict),
                        f->judged->delivered.why ? f->judged->delivered.why : "of its problem",
                        (long long)deciding(f)->problem->id);
}

void decide(const struct incident_facts *f, struct arena *a, struct decision *ret) {
    *ret = (struct decision){.row = row_of(f)};
    struct deciding c = {.f = f, .a = a, .d = ret, .ref = ref_make(a, f->record->tracker, f->record->id)};
    ret->why = facts_sentence(&c);
    if (ret->row == ROW_ABSENT)
        return;
    if (ret->row == ROW_UNMAPPED) {
        attend(&c, "unmapped-state",
               arena_printf(a, "its state '%s' maps to no canonical state", f->record->native_state ? f->record->native_state : ""),
               "owner", arena_printf(a, "add it under trackers.%s.states", f->record->tracker));
        return;
    }
    switch (f->judged->verdict) {
    case VERDICT_PENDING:
        pending(&c);
        break;
    case VERDICT_DECLINED:
        declined(&c);
        break;
    case VERDICT_DELIVERED:
        delivered(&c);
        break;
    case VERDICT_UNLINKED:
    case VERDICT_COUNT:
    default:
        unlinked(&c);
        break;
    }
}
