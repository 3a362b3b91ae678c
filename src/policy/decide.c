/* decide: what the row of the table asserts.
 *
 * One function a verdict says what its rows want, in the table's order. Wants
 * carry law 1's keys: the caller drops what was asserted before, so nothing
 * here asks whether it was. */
#include "room.h"

#define BIT(s) (1u << (s))

struct deciding {
    const struct incident_facts *f;
    struct arena *a;
    struct decision *d;
    const char *ref;
};

/* ---- wants ---- */

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

/* The outcome is written when the state may leave, and never for a move that is
 * only spent. */
static void outcome_with(struct deciding *c, enum outcome o, msec_t not_before) {
    if (!o || c->f->ignored || c->f->adopted)
        return;
    if (not_before > c->f->now)
        c->d->again_at = not_before;
    else
        c->d->outcome = o;
}

/* `from` names the classes for which the row asserts this very state. What a
 * person opens before the effect leaves is reopened, and left to the person;
 * `leave` never moves what is open or waiting. */
static void want_state(struct deciding *c, enum state s, enum outcome o, unsigned from, const char *reason) {
    const struct problem_facts *p = problem_deciding(c->f);
    struct want *w = want_add(c, EFFECT_STATE, p ? p->problem->id : 0);
    if (would_be_reopened(c->f))
        from &= ~BIT(STATE_OPEN);
    if (c->f->policy->treatment == TREATMENT_LEAVE)
        from &= ~(BIT(STATE_OPEN) | BIT(STATE_WAITING));
    w->key = arena_printf(c->a, "state:%s:%d", c->ref, c->f->turn);
    w->of_turn = true;
    w->state = s;
    w->outcome = o;
    w->from = from;
    w->reason = reason;
    w->not_before = settled_at(c);
    outcome_with(c, o, w->not_before);
}

/* The words after the kind in a note's key: what it is about (law 1). */
static const char *note_about(struct deciding *c, enum note_kind kind, const struct problem_facts *p) {
    if (kind == NOTE_KNOWN_ERROR)
        return arena_printf(c->a, "P-%lld", (long long)p->problem->id);
    if (kind == NOTE_WORKAROUND)
        return arena_printf(c->a, "P-%lld:%d", (long long)p->problem->id, p->problem->revision);
    return arena_printf(c->a, "%d", c->f->turn);
}

/* As the policy says, but: what is for the agent stays inside, and a known error
 * or workaround is public only with a published text. */
static enum visibility note_visibility(const struct deciding *c, enum note_kind kind, int revision) {
    enum visibility v = c->f->policy->notes[kind];
    bool needs_text = kind == NOTE_KNOWN_ERROR || kind == NOTE_WORKAROUND;
    bool inside = kind != NOTE_FIXED && kind != NOTE_DECLINED && kind != NOTE_DID_NOT_HOLD && !needs_text;
    return v == VISIBILITY_PUBLIC && (inside || (needs_text && !revision)) ? VISIBILITY_INTERNAL : v;
}

static struct want *want_note(struct deciding *c, enum note_kind kind, const struct problem_facts *p,
                              const char *reason) {
    int revision = p ? p->problem->revision : 0;
    enum visibility v = note_visibility(c, kind, revision);
    bool carries = kind == NOTE_KNOWN_ERROR || kind == NOTE_WORKAROUND || kind == NOTE_DECLINED;
    if (v == VISIBILITY_OFF)
        return NULL;
    struct want *w = want_add(c, EFFECT_NOTE, p ? p->problem->id : 0);
    w->key = arena_printf(c->a, "note:%s:%s:%s", c->ref, note_kind_name(kind), note_about(c, kind, p));
    w->of_turn = kind != NOTE_WORKAROUND;
    w->note = kind;
    w->visibility = v;
    w->revision = carries && v == VISIBILITY_PUBLIC ? revision : 0;
    w->reason = reason;
    w->not_before = v == VISIBILITY_PUBLIC ? settled_at(c) : 0;
    return w;
}

static void attend(struct deciding *c, const char *kind, const char *text, const char *who, const char *clear) {
    c->d->attention[c->d->n_attention++] =
        (struct want_attention){.kind = kind, .subject = c->ref, .text = text, .who = who, .clear = clear};
}

/* Neither delivered nor cancelled: its workaround is still worth something. */
static bool is_live(const struct deciding *c, size_t i) {
    enum delivery d = c->f->judged->each[i].delivery;
    return d != DELIVERY_DELIVERED && d != DELIVERY_CANCELLED;
}

static bool is_published(const struct deciding *c) {
    for (size_t i = 0; i < c->f->n_problems; i++)
        if (is_live(c, i) && c->f->problems[i].problem->revision > 0)
            return true;
    return false;
}

/* The want of this decision whose note carries the problem's workaround already. */
static const char *carried_by(const struct deciding *c, const struct problem_facts *p) {
    for (size_t i = 0; i < c->d->n_wants; i++)
        if (c->d->wants[i].kind == EFFECT_NOTE && c->d->wants[i].revision && c->d->wants[i].problem == p->problem->id)
            return c->d->wants[i].key;
    return NULL;
}

/* Newly published texts that this incident was not told yet; after the notes
 * that may carry them. */
static void want_workarounds(struct deciding *c) {
    for (size_t i = 0; i < c->f->n_problems; i++) {
        const struct problem_facts *p = &c->f->problems[i];
        if (p->problem->revision <= p->told_revision || !is_live(c, i))
            continue;
        const char *carried = carried_by(c, p);
        struct want *w = want_note(c, NOTE_WORKAROUND, p, "a workaround was published");
        if (w)
            w->unless = carried;
    }
}

/* ---- unlinked ---- */

static void unlinked(struct deciding *c) {
    enum state class = class_of(c->f);
    if (c->d->row == ROW_UNLINKED_WAITING && c->f->policy->treatment != TREATMENT_LEAVE) {
        want_state(c, STATE_OPEN, OUTCOME_NONE, BIT(STATE_WAITING), "the problem it waited for is not linked any more");
        want_note(c, NOTE_UNLINKED, NULL, "the last link ended");
    }
    c->d->clears_fields = c->f->was_linked;
    /* An outcome that alone makes it closed-unresolved stays: no state is undone. */
    c->d->keeps_outcome = !c->f->was_linked || class != c->f->record->state;
    if (class == STATE_CLOSED_UNRESOLVED)
        attend(c, "orphan", "closed unresolved, and nothing stands behind it", "practitioner",
               arena_printf(c->a, "link it (bascule link %s REF), or close or reopen it in the tracker", c->ref));
}

/* ---- pending ---- */

/* `close` waits for a workaround where the policy says so, or where no defect
 * stands behind it at all. */
static bool may_close(const struct deciding *c) {
    bool worked_on = false;
    for (size_t i = 0; i < c->f->n_problems; i++)
        worked_on |= is_live(c, i) && c->f->judged->each[i].delivery != DELIVERY_NONE;
    return is_published(c) || (worked_on && !c->f->policy->require_workaround);
}

static enum outcome unresolved_outcome(const struct deciding *c) {
    return is_published(c) ? OUTCOME_WORKAROUND : OUTCOME_UNKNOWN;
}

static void pending_open(struct deciding *c) {
    const char *why = c->f->judged->delivered.why;
    if (c->f->policy->treatment == TREATMENT_CLOSE && may_close(c))
        want_state(c, STATE_CLOSED_UNRESOLVED, unresolved_outcome(c), BIT(STATE_OPEN) | BIT(STATE_WAITING), why);
    else if (c->f->policy->treatment == TREATMENT_HOLD && class_of(c->f) == STATE_OPEN)
        want_state(c, STATE_WAITING, OUTCOME_NONE, BIT(STATE_OPEN), why);
    for (size_t i = 0; i < c->f->n_problems; i++)
        if (is_live(c, i) && c->f->judged->each[i].delivery != DELIVERY_DECLINED)
            want_note(c, NOTE_KNOWN_ERROR, &c->f->problems[i], c->f->judged->each[i].why);
    want_workarounds(c);
}

/* A defect that is not present, or only where a chain of duplicates broke off, is
 * not written to. */
static bool defect_hears(const struct problem_facts *p, const char *ref) {
    const struct problem_facts *end = problem_followed(p);
    for (size_t i = 0; end && i < end->n_defects; i++)
        if (str_is(end->defects[i].ref, ref))
            return end->defects[i].presence == PRESENT && !defect_is_lost(&end->defects[i]);
    return false;
}

static bool is_wanted(const struct deciding *c, const char *key) {
    for (size_t i = 0; i < c->d->n_wants; i++)
        if (str_is(c->d->wants[i].key, key))
            return true;
    return false;
}

/* Told to developers at most once a day: the key is the day. An ignored incident
 * must not use the day up for the others. */
static void came_back(struct deciding *c) {
    if (!c->f->came_back_at || c->f->ignored || c->f->policy->notes[NOTE_CAME_BACK] == VISIBILITY_OFF)
        return;
    for (size_t i = 0; i < c->f->n_problems; i++) {
        const char *defect = c->f->judged->each[i].defect;
        if (!is_live(c, i) || !defect_hears(&c->f->problems[i], defect))
            continue;
        const char *key = arena_printf(c->a, "note:%s:came-back:%s", defect, time_day(c->a, c->f->came_back_at));
        if (is_wanted(c, key))
            continue;
        struct want *w = want_add(c, EFFECT_NOTE, c->f->problems[i].problem->id);
        w->ref = defect;
        w->key = key;
        w->note = NOTE_CAME_BACK;
        w->visibility = c->f->policy->notes[NOTE_CAME_BACK];
        w->reason = arena_printf(c->a, "%s was reopened", c->ref);
    }
}

/* What the bridge closed says why as the bridge knows it; what people closed
 * keeps their reason. */
static void pending_closed_unresolved(struct deciding *c) {
    enum outcome own = c->f->record->outcome;
    if (is_as_left(c->f, STATE_CLOSED_UNRESOLVED) || own == OUTCOME_NONE || own == OUTCOME_UNKNOWN)
        c->d->outcome = unresolved_outcome(c);
    want_workarounds(c);
}

static void pending(struct deciding *c) {
    const char *why = c->f->judged->delivered.why;
    if (c->d->row == ROW_DID_NOT_HOLD) {
        want_state(c, STATE_CLOSED_UNRESOLVED, unresolved_outcome(c), BIT(STATE_RESOLVED), why);
        want_note(c, NOTE_DID_NOT_HOLD, problem_deciding(c->f), why);
    } else if (c->d->row == ROW_PENDING_OPEN) {
        pending_open(c);
    } else if (c->d->row == ROW_PENDING_CLOSED_UNRESOLVED) {
        pending_closed_unresolved(c);
    } else if (c->d->row == ROW_PENDING_REOPENED) {
        came_back(c);
        want_workarounds(c);
    }
}

/* ---- declined ---- */

static void declined(struct deciding *c) {
    const struct delivered *by = &c->f->judged->delivered;
    bool close = c->f->policy->treatment == TREATMENT_CLOSE, leave = c->f->policy->treatment == TREATMENT_LEAVE;
    enum row r = c->d->row;
    bool closes = (r == ROW_DECLINED_OPEN && close) || (r == ROW_DECLINED_WAITING && !leave);
    if (r == ROW_DECLINED_CLOSED)
        return;
    if (closes)
        want_state(c, STATE_CLOSED_UNRESOLVED, by->outcome, BIT(STATE_WAITING) | (close ? BIT(STATE_OPEN) : 0),
                   by->why);
    if (closes || r == ROW_DECLINED_CLOSED_UNRESOLVED)
        want_note(c, NOTE_DECLINED, problem_deciding(c->f), by->why);
    else if (r != ROW_DECLINED_ASK)
        want_note(c, NOTE_AGENT, problem_deciding(c->f), by->why);
    if (r == ROW_DECLINED_CLOSED_UNRESOLVED)
        c->d->outcome = by->outcome;
    want_workarounds(c);
}

/* ---- delivered ---- */

static void late_link(struct deciding *c, const char *why) {
    want_note(c, NOTE_RECURRENCE, problem_deciding(c->f), "the link was made after the delivery");
    attend(c, "recurrence", arena_printf(c->a, "linked after the fix was delivered (%s): a recurrence?", why),
           "practitioner",
           arena_printf(c->a, "close the ticket if the fix helps, unlink it if it is something else, or bascule ack %s",
                        c->ref));
}

static void delivered(struct deciding *c) {
    const char *why = c->f->judged->delivered.why;
    enum row r = c->d->row;
    bool still = c->f->policy->treatment == TREATMENT_LEAVE && class_of(c->f) != STATE_CLOSED_UNRESOLVED;
    if (r == ROW_DELIVERED_LATE_LINK)
        late_link(c, why);
    if (r == ROW_DELIVERED_REOPENED)
        want_note(c, NOTE_AGENT, problem_deciding(c->f), why);
    if (r != ROW_DELIVERED_HELD && r != ROW_DELIVERED_OPEN)
        return;
    if (!still)
        want_state(c, STATE_RESOLVED, OUTCOME_FIXED,
                   BIT(STATE_OPEN) | BIT(STATE_WAITING) | BIT(STATE_CLOSED_UNRESOLVED), why);
    want_note(c, NOTE_FIXED, problem_deciding(c->f), why);
}

/* ---- all ---- */

/* "Clears when the ticket is closed or acknowledged" (domain.md 7). */
static void attend_came_back(struct deciding *c) {
    const char *by = c->f->came_back_by;
    const char *but = c->f->judged->verdict == VERDICT_PENDING ? " although its defect is not fixed" : "";
    if (c->f->came_back_at && incident_rank(class_of(c->f)) < incident_rank(STATE_CLOSED_UNRESOLVED))
        attend(c, "came-back", arena_printf(c->a, "reopened%s%s%s", by ? " by " : "", by ? by : "", but),
               "practitioner", arena_printf(c->a, "close the ticket, or bascule ack %s", c->ref));
}

static const char *facts_sentence(const struct deciding *c) {
    const struct incident_facts *f = c->f;
    const char *seen = f->record->presence == PRESENT
                           ? arena_printf(c->a, "it is %s", state_name(class_of(f)))
                           : arena_printf(c->a, "it is %s, and was last seen %s", presence_name(f->record->presence),
                                          state_name(class_of(f)));
    if (f->judged->verdict == VERDICT_UNLINKED)
        return arena_printf(c->a, "%s and no confirmed link stands", seen);
    return arena_printf(c->a, "%s; verdict %s, because %s (P-%lld)", seen, verdict_name(f->judged->verdict),
                        f->judged->delivered.why, (long long)problem_deciding(f)->problem->id);
}

static void unmapped(struct deciding *c) {
    const char *native = c->f->record->native_state;
    attend(c, "unmapped-state", arena_printf(c->a, "its state '%s' maps to no canonical state", native ? native : ""),
           "owner", arena_printf(c->a, "add it under trackers.%s.states", c->f->record->tracker));
}

void decide(const struct incident_facts *f, struct arena *a, struct decision *ret) {
    *ret = (struct decision){.row = row_of(f), .keeps_outcome = true};
    struct deciding c = {.f = f, .a = a, .d = ret, .ref = ref_make(a, f->record->tracker, f->record->id)};
    ret->why = facts_sentence(&c);
    if (ret->row == ROW_ABSENT)
        return;
    if (ret->row == ROW_UNMAPPED) {
        unmapped(&c);
        return;
    }
    if (f->judged->verdict == VERDICT_UNLINKED) {
        unlinked(&c);
        return;
    }
    if (f->judged->verdict == VERDICT_PENDING)
        pending(&c);
    else if (f->judged->verdict == VERDICT_DECLINED)
        declined(&c);
    else
        delivered(&c);
    attend_came_back(&c);
    /* An outcome says why a closed record is closed: on an open one it is stale. */
    ret->keeps_outcome = incident_rank(class_of(f)) >= incident_rank(STATE_CLOSED_UNRESOLVED);
}
