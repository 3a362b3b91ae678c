/* What must hold for every decision on an incident: the world is enumerated, each
 * decision is checked against the laws, and its row and move against an oracle that
 * reads domain.md's table from top to bottom. table.c beside this shows single rows,
 * several.c incidents with more than one problem. */
#include "world.h"

#include <stdlib.h>

#define REF          "helpdesk:4711"
#define DELIVERED_AT (NOW - 10 * DAY_MS)

enum given { NO_LINK, CANCELLED, PENDING, NO_DEFECT, MIXED, DECLINED, ACCEPTED, DELIVERED, GIVEN_COUNT };

/* One world: facts that live on the stack of the loop. */
struct world {
    enum given given;
    struct record record;
    struct problem problem;
    struct defect_facts defects[2];
    struct problem_facts facts;
    struct policy policy;
    struct judged judged;
    struct delivered each;
    struct incident_facts f;
};

static void world_make(struct world *w, enum given given) {
    *w = (struct world){.given = given};
    w->record = (struct record){.tracker = "helpdesk", .id = "4711", .native_state = "whatever"};
    w->problem = (struct problem){.id = 12, .resolved_at = DELIVERED_AT};
    w->defects[0] = (struct defect_facts){.ref = "product:56", .state = STATE_WORKING, .state_at = DELIVERED_AT};
    w->defects[1] = (struct defect_facts){
        .ref = "product:57", .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX, .state_at = DELIVERED_AT};
    if (given == DELIVERED || given == MIXED)
        w->defects[0].state = STATE_RELEASED;
    if (given == DECLINED)
        w->defects[0] = w->defects[1];
    if (given == ACCEPTED)
        w->problem.resolution = RESOLUTION_RISK_ACCEPTED;
    if (given == CANCELLED)
        w->problem.resolution = RESOLUTION_CANCELLED;
    w->facts = (struct problem_facts){.problem = &w->problem,
                                      .defects = w->defects,
                                      .n_defects = given == NO_DEFECT ? 0
                                                   : given == MIXED   ? 2
                                                                      : 1};
    policy_defaults(&w->policy);
    w->f = (struct incident_facts){.record = &w->record,
                                   .turn = 3,
                                   .was_linked = true,
                                   .turn_at = NOW - 60 * SEC_MS,
                                   .linked_at = DELIVERED_AT,
                                   .now = NOW,
                                   .asserted_at = NOW,
                                   .policy = &w->policy,
                                   .problems = &w->facts,
                                   .n_problems = given == NO_LINK ? 0 : 1,
                                   .judged = &w->judged};
}

/* The verdict once; the loops below change nothing that it depends on. */
static void world_judge(struct world *w, struct arena *a) {
    verdict_of(&w->facts, w->f.n_problems, &w->policy, a, &w->judged);
    w->each = w->judged.each[0];
    w->judged.each = &w->each;
}

/* ---- the oracle: domain.md's table, read from top to bottom ---- */

#define OPEN              1u
#define WAITING           2u
#define CLOSED_UNRESOLVED 4u
#define RESOLVED          8u
#define CLOSED            16u
#define ANY               31u

enum move { STAYS, TO_OPEN, TO_WAITING, TO_CLOSED_UNRESOLVED, TO_RESOLVED, BY_TREATMENT, IF_CLOSE };

static const struct line {
    enum verdict verdict;
    unsigned is;
    /* 0 either way, 1 must, -1 must not */
    int was_linked, by_bridge, was_delivered, reopened, late, asks;
    enum row row;
    enum move move;
} lines[] = {
    {VERDICT_UNLINKED, WAITING, 1, 1, 0, 0, 0, 0, ROW_UNLINKED_WAITING, TO_OPEN},
    {VERDICT_UNLINKED, ANY, 1, 0, 0, 0, 0, 0, ROW_UNLINKED_ELSE, STAYS},
    {VERDICT_UNLINKED, ANY, -1, 0, 0, 0, 0, 0, ROW_UNLINKED, STAYS},
    {VERDICT_PENDING, RESOLVED, 0, 1, 1, 0, 0, 0, ROW_DID_NOT_HOLD, TO_CLOSED_UNRESOLVED},
    {VERDICT_PENDING, RESOLVED | CLOSED, 0, 0, 1, 0, 0, 0, ROW_DID_NOT_HOLD_ELSE, STAYS},
    {VERDICT_PENDING, OPEN, 0, 0, 0, 1, 0, 0, ROW_PENDING_REOPENED, STAYS},
    {VERDICT_PENDING, OPEN | WAITING, 0, 0, 0, 0, 0, 0, ROW_PENDING_OPEN, BY_TREATMENT},
    {VERDICT_PENDING, CLOSED_UNRESOLVED, 0, 0, 0, 0, 0, 0, ROW_PENDING_CLOSED_UNRESOLVED, STAYS},
    {VERDICT_PENDING, RESOLVED | CLOSED, 0, 0, 0, 0, 0, 0, ROW_PENDING_CLOSED, STAYS},
    {VERDICT_DECLINED, OPEN | WAITING | CLOSED_UNRESOLVED, 0, 0, 0, 0, 0, 1, ROW_DECLINED_ASK, STAYS},
    {VERDICT_DECLINED, OPEN, 0, 0, 0, 1, 0, 0, ROW_DECLINED_REOPENED, STAYS},
    {VERDICT_DECLINED, OPEN, 0, 0, 0, 0, 0, 0, ROW_DECLINED_OPEN, IF_CLOSE},
    {VERDICT_DECLINED, WAITING, 0, 0, 0, 0, 0, 0, ROW_DECLINED_WAITING, TO_CLOSED_UNRESOLVED},
    {VERDICT_DECLINED, CLOSED_UNRESOLVED, 0, 0, 0, 0, 0, 0, ROW_DECLINED_CLOSED_UNRESOLVED, STAYS},
    {VERDICT_DECLINED, RESOLVED | CLOSED, 0, 0, 0, 0, 0, 0, ROW_DECLINED_CLOSED, STAYS},
    {VERDICT_DELIVERED, OPEN | WAITING | CLOSED_UNRESOLVED, 0, 0, 0, 0, 1, 0, ROW_DELIVERED_LATE_LINK, STAYS},
    {VERDICT_DELIVERED, WAITING | CLOSED_UNRESOLVED, 0, 0, 0, 0, 0, 0, ROW_DELIVERED_HELD, TO_RESOLVED},
    {VERDICT_DELIVERED, OPEN, 0, 0, 0, 1, 0, 0, ROW_DELIVERED_REOPENED, STAYS},
    {VERDICT_DELIVERED, OPEN, 0, 0, 0, 0, 0, 0, ROW_DELIVERED_OPEN, TO_RESOLVED},
    {VERDICT_DELIVERED, RESOLVED | CLOSED, 0, 0, 0, 0, 0, 0, ROW_DELIVERED_CLOSED, STAYS},
};

static unsigned class_bit(enum state s) {
    return s == STATE_OPEN                ? OPEN
           : s == STATE_WAITING           ? WAITING
           : s == STATE_CLOSED_UNRESOLVED ? CLOSED_UNRESOLVED
           : s == STATE_RESOLVED          ? RESOLVED
           : s == STATE_CLOSED            ? CLOSED
                                          : 0;
}

static bool fits(int wanted, bool is) {
    return wanted == 0 || (wanted > 0) == is;
}

static enum row oracle(const struct world *w, enum state class, enum state *ret_move) {
    static const enum verdict verdicts[GIVEN_COUNT] = {
        [PENDING] = VERDICT_PENDING,   [NO_DEFECT] = VERDICT_PENDING, [MIXED] = VERDICT_PENDING,
        [DECLINED] = VERDICT_DECLINED, [ACCEPTED] = VERDICT_DECLINED, [DELIVERED] = VERDICT_DELIVERED};
    const struct incident_facts *f = &w->f;
    enum treatment t = w->policy.treatment;
    bool as_left = f->asserted == class && !f->overridden;
    bool in_time = class != STATE_RESOLVED || (!f->own_reopen && NOW - f->asserted_at <= w->policy.reopen_window);
    bool reopened = f->adopted_open || (f->asserted && f->asserted != STATE_OPEN);
    bool asks = w->policy.on_declined == ON_DECLINED_ASK && w->given != ACCEPTED && !w->facts.pushed_back;
    const struct line *l = lines;
    while (l->verdict != verdicts[w->given] || !(l->is & class_bit(class)) || !fits(l->was_linked, f->was_linked) ||
           !fits(l->by_bridge, as_left && in_time) || !fits(l->was_delivered, f->was == VERDICT_DELIVERED) ||
           !fits(l->reopened, reopened) || !fits(l->late, f->linked_at > DELIVERED_AT + 2000) || !fits(l->asks, asks))
        l++;
    bool workaround = w->problem.revision > 0;
    bool may_close = workaround || (!w->policy.require_workaround && w->given != NO_DEFECT);
    enum move m = l->move;
    if (m == BY_TREATMENT)
        m = t == TREATMENT_CLOSE && may_close            ? TO_CLOSED_UNRESOLVED
            : t == TREATMENT_HOLD && class == STATE_OPEN ? TO_WAITING
                                                         : STAYS;
    if (m == IF_CLOSE)
        m = t == TREATMENT_CLOSE ? TO_CLOSED_UNRESOLVED : STAYS;
    if (t == TREATMENT_LEAVE && (class == STATE_OPEN || class == STATE_WAITING))
        m = STAYS;
    static const enum state moves[] = {[STAYS] = STATE_NONE,
                                       [TO_OPEN] = STATE_OPEN,
                                       [TO_WAITING] = STATE_WAITING,
                                       [TO_CLOSED_UNRESOLVED] = STATE_CLOSED_UNRESOLVED,
                                       [TO_RESOLVED] = STATE_RESOLVED};
    *ret_move = moves[m];
    return l->row;
}

/* ---- the laws ---- */

static void print_world(const struct world *w, const struct decision *d) {
    const struct incident_facts *f = &w->f;
    print_error(
        "given %d %s/%s, was %s, linked %d, asserted %s (over %d), adopted open %d, own %d, treatment %s, require %d, "
        "ask %d, revision %d told %d, late %lld: row %s, %zu wants\n",
        w->given, state_name(w->record.state), outcome_name(w->record.outcome), verdict_name(f->was), f->was_linked,
        state_name(f->asserted), f->overridden, f->adopted_open, f->own_reopen, treatment_name(w->policy.treatment),
        w->policy.require_workaround, w->policy.on_declined, w->problem.revision, w->facts.told_revision,
        (long long)(f->linked_at - DELIVERED_AT), row_name(d->row), d->n_wants);
    for (size_t i = 0; i < d->n_wants; i++)
        print_error("  %s %s (%s)\n", d->wants[i].key, state_name(d->wants[i].state),
                    visibility_name(d->wants[i].visibility));
}

#define hold(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                 \
            print_world(w, d);                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

/* Whoever finds it in a state that the move may start from would move it likewise. */
static void check_from(struct world *w, const struct decision *d, const struct want *move, struct decision *scratch,
                       struct arena *a) {
    struct record was = w->record;
    hold(move->from & 1u << incident_class(was.state, was.outcome));
    for (unsigned s = 0; s < STATE_COUNT; s++) {
        if (!(move->from & 1u << s))
            continue;
        w->record.state = (enum state)s;
        w->record.outcome = OUTCOME_NONE;
        decide(&w->f, a, scratch);
        const struct want *other = state_of(scratch);
        hold(other && other->state == move->state && str_is(other->key, move->key));
    }
    w->record = was;
}

static void check_move(struct world *w, const struct decision *d, enum state class, struct decision *scratch,
                       struct arena *a) {
    const struct want *move = state_of(d);
    size_t moves = 0;
    for (size_t i = 0; i < d->n_wants; i++)
        moves += d->wants[i].kind == EFFECT_STATE;
    hold(moves <= 1);
    if (!move)
        return;
    bool closes = move->state == STATE_CLOSED_UNRESOLVED || move->state == STATE_RESOLVED;
    hold(move == &d->wants[0]);
    hold(str_is(move->ref, REF) && str_is(move->key, "state:" REF ":3") && !str_empty(move->reason));
    hold(move->of_turn && !move->unless && !move->revision);
    hold(incident_rank(move->state) > incident_rank(class) || d->row == ROW_DID_NOT_HOLD ||
         d->row == ROW_UNLINKED_WAITING);
    hold(!(w->policy.treatment == TREATMENT_LEAVE && (class == STATE_OPEN || class == STATE_WAITING)));
    hold(closes == (move->outcome != OUTCOME_NONE));
    check_from(w, d, move, scratch, a);
}

static bool may_be_public(const struct world *w, const struct want *n, bool late) {
    switch ((int)n->note) {
    case NOTE_KNOWN_ERROR:
    case NOTE_WORKAROUND: return w->problem.revision > 0 && !late;
    case NOTE_FIXED:
    case NOTE_DECLINED:
    case NOTE_DID_NOT_HOLD: return !late;
    case NOTE_CAME_BACK: return true; /* on the defect */
    default: return false;
    }
}

static void check_note(const struct world *w, const struct decision *d, const struct want *n) {
    bool late = d->row == ROW_DELIVERED_LATE_LINK;
    bool carries = n->note == NOTE_KNOWN_ERROR || n->note == NOTE_WORKAROUND || n->note == NOTE_DECLINED;
    hold(n->kind == EFFECT_NOTE);
    hold(n->visibility != VISIBILITY_OFF && w->policy.notes[n->note] != VISIBILITY_OFF);
    hold(n->visibility != VISIBILITY_PUBLIC ||
         (w->policy.notes[n->note] == VISIBILITY_PUBLIC && may_be_public(w, n, late)));
    hold(n->visibility == VISIBILITY_PUBLIC || w->policy.notes[n->note] != VISIBILITY_PUBLIC ||
         !may_be_public(w, n, late));
    hold(n->revision == (carries && n->visibility == VISIBILITY_PUBLIC ? w->problem.revision : 0));
    hold(!str_empty(n->reason) && !str_empty(n->key));
    hold((n->note == NOTE_UNLINKED) == (n->problem == 0));
    hold(n->of_turn == (n->note != NOTE_WORKAROUND && n->note != NOTE_CAME_BACK));
    hold(str_is(n->ref, n->note == NOTE_CAME_BACK ? w->judged.delivered.defect : REF));
    hold(n->unless == NULL || n->note == NOTE_WORKAROUND);
    hold(n->visibility != VISIBILITY_INTERNAL || n->not_before == 0);
}

static void check_keys(const struct world *w, const struct decision *d) {
    for (size_t i = 0; i < d->n_wants; i++) {
        bool earlier = false;
        for (size_t k = 0; k < i; k++) {
            hold(!str_is(d->wants[i].key, d->wants[k].key));
            earlier |= str_is(d->wants[i].unless, d->wants[k].key) && d->wants[k].revision == w->problem.revision;
        }
        hold(!d->wants[i].unless || earlier);
    }
}

static void check_attention(const struct world *w, const struct decision *d, enum state class) {
    bool open = class == STATE_OPEN || class == STATE_WAITING;
    for (size_t i = 0; i < d->n_attention; i++) {
        const struct want_attention *t = &d->attention[i];
        hold(str_is(t->subject, REF) && !str_empty(t->text) && !str_empty(t->who) && !str_empty(t->clear));
    }
    hold((attention_of(d, "came-back") != NULL) ==
         (w->f.came_back_at && open && w->judged.verdict != VERDICT_UNLINKED));
    hold((attention_of(d, "recurrence") != NULL) == (d->row == ROW_DELIVERED_LATE_LINK));
    hold((attention_of(d, "orphan") != NULL) ==
         (w->judged.verdict == VERDICT_UNLINKED && class == STATE_CLOSED_UNRESOLVED));
}

/* The outcome field never says anything that is not so, or about to be. */
static void check_outcome(const struct world *w, const struct decision *d, enum state class) {
    const struct want *move = state_of(d);
    bool moving = move && move->outcome == d->outcome && !w->f.ignored && !w->f.adopted;
    hold(!d->outcome || moving || class == STATE_CLOSED_UNRESOLVED);
    hold(d->outcome != OUTCOME_FIXED || moving);
    hold(d->outcome || d->keeps_outcome || class == STATE_OPEN || class == STATE_WAITING || d->clears_fields);
    hold(d->clears_fields == (w->judged.verdict == VERDICT_UNLINKED && w->f.was_linked));
    /* what people said of a closed record is theirs, but under declined and delivered */
    if (w->judged.verdict == VERDICT_PENDING && w->record.state == STATE_CLOSED &&
        w->f.asserted != STATE_CLOSED_UNRESOLVED)
        hold(d->keeps_outcome && !d->outcome);
}

static void check(struct world *w, struct decision *d, struct decision *scratch) {
    struct arena *a = arena_new();
    enum state class = incident_class(w->record.state, w->record.outcome), move;
    decide(&w->f, a, d);
    hold(!str_empty(d->why));
    hold(d->row == oracle(w, class, &move));
    const struct want *s = state_of(d);
    hold((s ? s->state : STATE_NONE) == move);
    check_move(w, d, class, scratch, a);
    for (size_t i = s ? 1 : 0; i < d->n_wants; i++)
        check_note(w, d, &d->wants[i]);
    check_keys(w, d);
    check_attention(w, d, class);
    check_outcome(w, d, class);
    if ((class == STATE_RESOLVED || class == STATE_CLOSED) && d->row != ROW_DID_NOT_HOLD)
        hold(d->n_wants == 0 && d->n_attention == 0 && !d->outcome);
    arena_free(a);
}

/* ---- the enumeration ---- */

static const struct {
    enum state state;
    enum outcome outcome;
} seen_in[] = {
    {STATE_OPEN, OUTCOME_NONE},       {STATE_WAITING, OUTCOME_NONE},   {STATE_CLOSED_UNRESOLVED, OUTCOME_NONE},
    {STATE_RESOLVED, OUTCOME_NONE},   {STATE_CLOSED, OUTCOME_UNKNOWN}, {STATE_CLOSED, OUTCOME_FIXED},
    {STATE_CLOSED, OUTCOME_WONT_FIX}, {STATE_CLOSED, OUTCOME_INVALID}};
static const enum state asserted[] = {STATE_NONE, STATE_OPEN, STATE_WAITING, STATE_CLOSED_UNRESOLVED, STATE_RESOLVED};

/* What is seen of it, and what the bridge remembers. */
static void each_incident(struct world *w, struct decision *d, struct decision *scratch) {
    for (size_t s = 0; s < array_size(seen_in); s++)
        for (size_t b = 0; b < array_size(asserted); b++)
            for (unsigned bits = 0; bits < 24; bits++) {
                w->record.state = seen_in[s].state;
                w->record.outcome = seen_in[s].outcome;
                w->f.asserted = asserted[b];
                w->f.overridden = bits & 1;
                w->f.adopted_open = bits & 2;
                w->f.came_back_at = bits & 4 ? NOW : 0;
                w->f.ignored = bits / 8 == 1;
                w->f.adopted = bits / 8 == 2;
                check(w, d, scratch);
            }
}

/* Published texts, and who is told. */
static void each_note(struct world *w, struct decision *d, struct decision *scratch) {
    static const int revisions[][2] = {{0, 0}, {1, 0}, {2, 1}, {1, 1}};
    for (size_t r = 0; r < array_size(revisions); r++)
        for (int v = -1; v <= VISIBILITY_PUBLIC; v += v ? 1 : 2) { /* as by default, off, public */
            struct policy base;
            policy_defaults(&base);
            w->problem.revision = revisions[r][0];
            w->facts.told_revision = revisions[r][1];
            for (int k = 0; k < NOTE_KIND_COUNT; k++)
                w->policy.notes[k] = v < 0 ? base.notes[k] : (enum visibility)v;
            each_incident(w, d, scratch);
        }
}

static void each_treatment(struct world *w, struct decision *d, struct decision *scratch) {
    for (int t = 0; t < 3; t++) {
        w->policy.treatment = (enum treatment)t;
        each_note(w, d, scratch);
    }
}

/* Per verdict what matters for it. */
static void enumerate(enum given given) {
    struct world w;
    struct decision *d = calloc(1, sizeof(*d)), *scratch = calloc(1, sizeof(*scratch));
    struct arena *a = arena_new();
    world_make(&w, given);
    world_judge(&w, a);
    bool pending = given == PENDING || given == NO_DEFECT || given == MIXED;
    unsigned worlds = pending ? 16 : given == DELIVERED ? 2 : 4;
    for (unsigned bits = 0; bits < worlds; bits++) {
        if (pending) {
            w.f.was = bits & 1 ? VERDICT_DELIVERED : VERDICT_UNLINKED;
            w.f.own_reopen = bits & 2;
            w.f.asserted_at = bits & 4 ? NOW - w.policy.reopen_window - 1 : NOW - w.policy.reopen_window;
            w.policy.require_workaround = bits & 8;
            if (!(bits & 1) && bits & 6)
                continue;
        } else if (given == DELIVERED) {
            w.f.linked_at = DELIVERED_AT + 2000 + (bits & 1);
        } else if (given == DECLINED || given == ACCEPTED) {
            w.policy.on_declined = bits & 1 ? ON_DECLINED_ASK : ON_DECLINED_KEEP;
            w.facts.pushed_back = bits & 2;
        } else {
            w.f.was_linked = bits & 1;
            w.f.was = bits & 2 ? VERDICT_PENDING : VERDICT_DELIVERED;
        }
        each_treatment(&w, d, scratch);
    }
    arena_free(a);
    free(d);
    free(scratch);
}

static void test_no_link(void **state) {
    enumerate(NO_LINK);
}
static void test_cancelled(void **state) {
    enumerate(CANCELLED);
}
static void test_pending(void **state) {
    enumerate(PENDING);
}
static void test_no_defect(void **state) {
    enumerate(NO_DEFECT);
}
static void test_mixed(void **state) {
    enumerate(MIXED);
}
static void test_declined(void **state) {
    enumerate(DECLINED);
}
static void test_accepted(void **state) {
    enumerate(ACCEPTED);
}
static void test_delivered(void **state) {
    enumerate(DELIVERED);
}

/* Not present, or in a state that means nothing: nothing is written, whatever else is so. */
static void test_hands_off(void **state) {
    struct decision *d = calloc(1, sizeof(*d));
    for (int given = 0; given < GIVEN_COUNT; given++)
        for (int presence = 0; presence < PRESENCE_COUNT; presence++)
            for (int s = 0; s < STATE_COUNT; s++)
                for (size_t b = 0; b < array_size(asserted); b++) {
                    struct world w;
                    struct arena *a = arena_new();
                    world_make(&w, (enum given)given);
                    w.record.presence = (enum presence)presence;
                    w.record.state = (enum state)s;
                    w.problem.revision = 1;
                    w.f.asserted = asserted[b];
                    w.f.came_back_at = NOW;
                    world_judge(&w, a);
                    decide(&w.f, a, d);
                    bool mapped = class_bit((enum state)s) != 0;
                    if (presence != PRESENT || !mapped) {
                        assert_int_equal(d->row, presence != PRESENT ? ROW_ABSENT : ROW_UNMAPPED);
                        assert_int_equal(d->n_wants, 0);
                        assert_int_equal(d->n_attention, presence != PRESENT ? 0 : 1);
                        assert_true(d->keeps_outcome && !d->clears_fields && !d->outcome && !d->again_at);
                    } else {
                        assert_true(d->row != ROW_ABSENT && d->row != ROW_UNMAPPED);
                    }
                    arena_free(a);
                }
    free(d);
}

/* ---- the same facts, byte-same decisions ---- */

static void print_decision(struct buf *b, const struct decision *d) {
    buf_printf(b, "%d %s %d %d %d %lld\n", d->row, d->why, d->outcome, d->keeps_outcome, d->clears_fields,
               (long long)d->again_at);
    for (size_t i = 0; i < d->n_wants; i++) {
        const struct want *w = &d->wants[i];
        buf_printf(b, "%d %s %s %s %s %lld %d %d %d %u %d %d %d %lld\n", w->kind, w->ref, w->key,
                   w->unless ? w->unless : "-", w->reason, (long long)w->problem, w->of_turn, w->state, w->outcome,
                   w->from, w->note, w->visibility, w->revision, (long long)w->not_before);
    }
    for (size_t i = 0; i < d->n_attention; i++) {
        const struct want_attention *t = &d->attention[i];
        buf_printf(b, "%s %s %s %s %s\n", t->kind, t->subject, t->text, t->who, t->clear);
    }
}

/* Once into clean memory, once into memory full of something else. */
static void test_same_bytes(void **state) {
    struct decision *x = calloc(1, sizeof(*x)), *y = malloc(sizeof(*y));
    for (int given = 0; given < GIVEN_COUNT; given++)
        for (size_t s = 0; s < array_size(seen_in); s++)
            for (unsigned bits = 0; bits < 4; bits++) {
                struct world w;
                struct arena *a = arena_new();
                struct buf bx = {0}, by = {0};
                world_make(&w, (enum given)given);
                w.record.state = seen_in[s].state;
                w.record.outcome = seen_in[s].outcome;
                w.problem.revision = 1;
                w.f.asserted = bits & 1 ? STATE_CLOSED_UNRESOLVED : STATE_NONE;
                w.f.linked_at += bits & 2 ? DAY_MS : 0;
                w.f.came_back_at = NOW;
                world_judge(&w, a);
                decide(&w.f, a, x);
                memset(y, 0xa5, sizeof(*y));
                decide(&w.f, a, y);
                print_decision(&bx, x);
                print_decision(&by, y);
                assert_string_equal(buf_text(&bx), buf_text(&by));
                buf_deinit(&bx);
                buf_deinit(&by);
                arena_free(a);
            }
    free(x);
    free(y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(test_no_link),   world_test(test_cancelled),  world_test(test_pending),  world_test(test_no_defect),
        world_test(test_mixed),     world_test(test_declined),   world_test(test_accepted), world_test(test_delivered),
        world_test(test_hands_off), world_test(test_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
