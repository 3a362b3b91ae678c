/* What follows for a defect, and what waits for a person on a problem. */
#include "world.h"

#define REF "product:56"

struct side {
    struct problem problems[3];
    const struct problem *list[3];
    int recurrences[3];
    struct policy policy;
    struct defect_side_facts f;
    struct decision d;
};

static struct side *side_make(struct arena *a, size_t n) {
    struct side *s = arena_make(a, struct side);
    for (size_t i = 0; i < n; i++) {
        s->problems[i] = (struct problem){.id = 12 + (int64_t)i, .serial = 2, .resolved_at = 777};
        s->list[i] = &s->problems[i];
    }
    policy_defaults(&s->policy);
    s->f = (struct defect_side_facts){.ref = REF,
                                      .state = STATE_OPEN,
                                      .now = NOW,
                                      .problems = s->list,
                                      .recurrences = s->recurrences,
                                      .n_problems = n,
                                      .policy = &s->policy};
    return s;
}

/* The keys, without "note:product:56:"; with - before those that are only spent. */
static const char *keys(struct arena *a, struct side *s) {
    struct buf b = {0};
    decide_defect(&s->f, a, &s->d);
    for (size_t i = 0; i < s->d.n_wants; i++) {
        const struct want *w = &s->d.wants[i];
        bool note = w->kind == EFFECT_NOTE;
        buf_printf(&b, "%s%s%s", i ? " " : "", w->spent ? "-" : "", w->key + (note ? strlen("note:" REF ":") : 0));
        assert_false(str_empty(w->reason));
        assert_true(w->problem > 0);
        assert_false(w->of_turn);
        if (note)
            assert_true(w->visibility == s->policy.notes[w->note] && str_is(w->ref, REF) && !w->revision);
    }
    const char *text = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return text;
}

static void test_linked(void **state) {
    struct side *s = side_make(*state, 3);
    assert_text(keys(*state, s), "");
    s->f.incident_count = 1;
    assert_text(keys(*state, s), "linked:P-12 linked:P-13 linked:P-14");
    s->problems[0].resolution = RESOLUTION_CANCELLED;
    s->problems[1].resolution = RESOLUTION_DUPLICATE;
    assert_text(keys(*state, s), "linked:P-14");
    assert_int_equal(s->d.wants[0].visibility, VISIBILITY_INTERNAL);
    s->policy.notes[NOTE_LINKED] = VISIBILITY_PUBLIC;
    assert_text(keys(*state, s), "linked:P-14");
    assert_int_equal(s->d.wants[0].visibility, VISIBILITY_PUBLIC);
    s->policy.notes[NOTE_LINKED] = VISIBILITY_OFF;
    assert_text(keys(*state, s), "");
}

static void test_threshold(void **state) {
    struct side *s = side_make(*state, 2);
    s->policy.notes[NOTE_LINKED] = VISIBILITY_OFF;
    static const struct {
        int count;
        const char *keys;
    } cases[] = {{0, ""},
                 {9, ""},
                 {10, "threshold:10"},
                 {49, "threshold:10"},
                 {50, "threshold:50 -threshold:10"},
                 {99, "threshold:50 -threshold:10"},
                 {1000, "threshold:100 -threshold:50 -threshold:10"}};
    for (size_t i = 0; i < array_size(cases); i++) {
        s->f.incident_count = cases[i].count;
        assert_text(keys(*state, s), cases[i].keys);
    }
    assert_text(s->d.wants[0].reason, "1000 incidents are linked");
    assert_int_equal(s->d.wants[0].problem, 12);
    s->problems[0].resolution = RESOLUTION_CANCELLED;
    assert_text(keys(*state, s), "threshold:100 -threshold:50 -threshold:10");
    assert_int_equal(s->d.wants[0].problem, 13);
    s->problems[1].resolution = RESOLUTION_CANCELLED;
    assert_text(keys(*state, s), "");
    s->problems[1].resolution = RESOLUTION_NONE;
    s->policy.n_thresholds = 0;
    assert_text(keys(*state, s), "");
    s->policy.n_thresholds = 3;
    s->policy.notes[NOTE_THRESHOLD] = VISIBILITY_OFF;
    assert_text(keys(*state, s), "");
}

static void test_risk_accepted(void **state) {
    struct side *s = side_make(*state, 1);
    s->problems[0].resolution = RESOLUTION_RISK_ACCEPTED;
    assert_text(keys(*state, s), "risk-accepted:P-12:777");
    s->problems[0].resolved_at = 778; /* another acceptance */
    assert_text(keys(*state, s), "risk-accepted:P-12:778");
    s->policy.on_risk_accepted = ON_RISK_ACCEPTED_CLOSE;
    assert_text(keys(*state, s), "risk-accepted:P-12:778 state:" REF ":accepted:P-12:778");
    const struct want *w = state_of(&s->d);
    assert_int_equal(w->state, STATE_CLOSED);
    assert_int_equal(w->outcome, OUTCOME_WONT_FIX);
    assert_int_equal(w->from, 1u << STATE_OPEN | 1u << STATE_WORKING);
    for (int st = 0; st < STATE_COUNT; st++) { /* what holds a fix, or is finished, stays */
        s->f.state = (enum state)st;
        keys(*state, s);
        assert_int_equal(state_of(&s->d) != NULL, st == STATE_OPEN || st == STATE_WORKING);
    }
    s->policy.notes[NOTE_RISK_ACCEPTED] = VISIBILITY_OFF;
    assert_text(keys(*state, s), "");
}

/* Another problem that still waits for the fix keeps the defect open. */
static void test_risk_accepted_of_several(void **state) {
    struct side *s = side_make(*state, 3);
    s->policy.on_risk_accepted = ON_RISK_ACCEPTED_CLOSE;
    s->policy.notes[NOTE_RISK_ACCEPTED] = VISIBILITY_OFF;
    s->problems[0].resolution = RESOLUTION_RISK_ACCEPTED;
    s->problems[1].resolution = RESOLUTION_CANCELLED;
    assert_text(keys(*state, s), "");
    s->problems[2].resolution = RESOLUTION_RISK_ACCEPTED;
    assert_text(keys(*state, s), "state:" REF ":accepted:P-12:777"); /* one move, not two */
    s->problems[2].resolution = RESOLUTION_DUPLICATE;
    assert_text(keys(*state, s), "state:" REF ":accepted:P-12:777");
}

static void test_recurrences(void **state) {
    struct side *s = side_make(*state, 2);
    s->f.state = STATE_RELEASED;
    s->recurrences[0] = s->recurrences[1] = 2;
    assert_text(keys(*state, s), ""); /* flag: the problem's attention */
    s->policy.on_reopen = ON_REOPEN_REOPEN;
    assert_text(keys(*state, s), "state:" REF ":recurred:P-12:2");
    const struct want *w = state_of(&s->d);
    assert_int_equal(w->state, STATE_OPEN);
    assert_int_equal(w->outcome, OUTCOME_NONE);
    assert_int_equal(w->from, 1u << STATE_RELEASED | 1u << STATE_CLOSED);
    assert_text(w->reason, "2 recurrences since the delivery");
    s->recurrences[0] = 1;
    assert_text(keys(*state, s), "state:" REF ":recurred:P-13:2");
    s->recurrences[1] = 1;
    assert_text(keys(*state, s), "");
    s->policy.recurrences = 1;
    s->policy.on_reopen = ON_REOPEN_NEW_DEFECT;
    assert_text(keys(*state, s), "create:product:recurred:P-12:2");
    assert_int_equal(s->d.wants[0].kind, EFFECT_CREATE);
    assert_text(s->d.wants[0].ref, "product:");
    s->problems[0].resolution = RESOLUTION_CANCELLED;
    assert_text(keys(*state, s), "create:product:recurred:P-13:2");
}

/* A manager's yes needs no number; it does nothing where nothing follows. */
static void test_said_to_recur(void **state) {
    struct side *s = side_make(*state, 2);
    const bool said[] = {false, true};
    s->f.state = STATE_RELEASED;
    s->f.recurred = said;
    assert_text(keys(*state, s), "");
    s->policy.on_reopen = ON_REOPEN_REOPEN;
    assert_text(keys(*state, s), "state:" REF ":recurred:P-13:2");
    assert_text(state_of(&s->d)->reason, "a manager said that it recurred");
    s->policy.on_reopen = ON_REOPEN_NEW_DEFECT;
    assert_text(keys(*state, s), "create:product:recurred:P-13:2");
    s->f.state = STATE_OPEN; /* not delivered (any more) */
    assert_text(keys(*state, s), "");
}

/* Only what was delivered can recur. */
static void test_recurrence_states(void **state) {
    struct side *s = side_make(*state, 1);
    s->recurrences[0] = 5;
    s->policy.on_reopen = ON_REOPEN_REOPEN;
    for (int when = 0; when < 3; when++)
        for (int st = 0; st < STATE_COUNT; st++)
            for (int o = 0; o < OUTCOME_COUNT; o++) {
                s->policy.delivered_when = (enum delivered_when)when;
                s->f.state = (enum state)st;
                s->f.outcome = (enum outcome)o;
                keys(*state, s);
                bool want = st == STATE_RELEASED || (st == STATE_CLOSED && o == OUTCOME_FIXED) ||
                            (st == STATE_FIXED && when != DELIVERED_WHEN_RELEASED);
                assert_int_equal(state_of(&s->d) != NULL, want);
                if (want)
                    assert_true(state_of(&s->d)->from & 1u << st);
            }
}

/* More problems than wants: what is too many is left out, nothing is overrun. */
static void test_too_many(void **state) {
    struct side *s = side_make(*state, 1);
    const struct problem **list = arena_alloc(*state, 100 * sizeof(*list));
    int *none = arena_alloc(*state, 100 * sizeof(*none));
    for (int i = 0; i < 100; i++) {
        struct problem *p = arena_make(*state, struct problem);
        p->id = i + 1;
        list[i] = p;
    }
    s->f.problems = list;
    s->f.recurrences = none;
    s->f.n_problems = 100;
    s->f.incident_count = 1;
    decide_defect(&s->f, *state, &s->d);
    assert_int_equal(s->d.n_wants, WANTS_MAX);
    assert_text(s->d.wants[WANTS_MAX - 1].key, "note:" REF ":linked:P-64");
}

static void test_defect_hands_off(void **state) {
    struct side *s = side_make(*state, 1);
    s->f.incident_count = 100;
    s->problems[0].resolution = RESOLUTION_RISK_ACCEPTED;
    for (int presence = GONE; presence < PRESENCE_COUNT; presence++) {
        s->f.presence = (enum presence)presence;
        assert_text(keys(*state, s), "");
        assert_int_equal(s->d.n_attention, 0);
    }
    s->f.presence = PRESENT;
    s->f.state = STATE_NONE;
    s->policy.on_risk_accepted = ON_RISK_ACCEPTED_CLOSE;
    assert_text(keys(*state, s), "linked:P-12 risk-accepted:P-12:777 threshold:100 -threshold:50 -threshold:10");
    assert_text(s->d.attention[0].kind, "unmapped-state");
    assert_text(s->d.attention[0].subject, REF);
    s->f.n_problems = 0;
    assert_text(keys(*state, s), "");
}

/* ---- a problem ---- */

struct waiting {
    struct problem problem;
    struct defect_facts defects[12];
    struct problem_facts facts;
    struct delivered delivered;
    struct policy policy;
    struct problem_side_facts f;
    struct decision d;
};

static struct waiting *waiting_make(struct arena *a, enum delivery delivery) {
    struct waiting *w = arena_make(a, struct waiting);
    w->problem = (struct problem){.id = 12};
    w->facts = (struct problem_facts){.problem = &w->problem, .defects = w->defects};
    w->delivered = (struct delivered){.delivery = delivery, .why = "product:56 is so"};
    policy_defaults(&w->policy);
    w->f =
        (struct problem_side_facts){.facts = &w->facts, .delivered = &w->delivered, .now = NOW, .policy = &w->policy};
    return w;
}

/* "kind subject, ..." */
static const char *attentions(struct arena *a, struct waiting *w) {
    struct buf b = {0};
    decide_problem(&w->f, a, &w->d);
    assert_int_equal(w->d.n_wants, 0);
    for (size_t i = 0; i < w->d.n_attention; i++) {
        const struct want_attention *t = &w->d.attention[i];
        buf_printf(&b, "%s%s %s", i ? ", " : "", t->kind, t->subject);
        assert_true(!str_empty(t->text) && !str_empty(t->who) && !str_empty(t->clear));
        for (size_t k = 0; k < i; k++)
            assert_false(str_is(t->kind, w->d.attention[k].kind) && str_is(t->subject, w->d.attention[k].subject) &&
                         str_is(t->text, w->d.attention[k].text));
    }
    const char *text = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return text;
}

static void test_nobody_works(void **state) {
    struct waiting *w = waiting_make(*state, DELIVERY_NONE);
    w->f.incidents = 7;
    assert_text(attentions(*state, w), "");
    w->f.open = 1;
    assert_text(attentions(*state, w), "nobody-works P-12");
    assert_non_null(strstr(w->d.attention[0].text, "(7)"));
    w->f.open = 0;
    w->f.waiting = 1;
    assert_text(attentions(*state, w), "nobody-works P-12");
    w->delivered.delivery = DELIVERY_PENDING;
    assert_text(attentions(*state, w), "");
}

static void test_declined_decide(void **state) {
    struct waiting *w = waiting_make(*state, DELIVERY_DECLINED);
    assert_text(attentions(*state, w), "declined-decide P-12");
    assert_text(w->d.attention[0].who, "manager");
    w->facts.pushed_back = true;
    assert_text(attentions(*state, w), "");
    w->facts.pushed_back = false;
    w->problem.resolution = RESOLUTION_RISK_ACCEPTED;
    assert_text(attentions(*state, w), "");
    w->problem.resolution = RESOLUTION_DUPLICATE; /* asked of the other problem */
    struct problem other = {.id = 13};
    struct problem_facts live = {.problem = &other};
    w->facts.duplicate_of = &live;
    w->defects[0] = (struct defect_facts){.ref = REF, .state = STATE_CLOSED, .presence = GONE};
    w->facts.n_defects = 1; /* its own count for nothing */
    assert_text(attentions(*state, w), "");
    w->facts.n_defects = 0;
    w->facts.duplicate_of = NULL;
    w->delivered.delivery = DELIVERY_PENDING;
    assert_text(attentions(*state, w), "duplicate-loop P-12");
}

/* What delivery leaves incidents pending is told how many did not hold. */
static void test_did_not_hold(void **state) {
    for (int d = 0; d < DELIVERY_COUNT; d++) {
        struct waiting *w = waiting_make(*state, (enum delivery)d);
        w->facts.pushed_back = true;
        w->f.did_not_hold = 3;
        bool pending = d == DELIVERY_NONE || d == DELIVERY_PENDING || d == DELIVERY_MIXED;
        assert_text(attentions(*state, w), d == DELIVERY_MIXED ? "mixed P-12, did-not-hold P-12"
                                           : pending           ? "did-not-hold P-12"
                                                               : "");
        if (pending)
            assert_non_null(strstr(w->d.attention[w->d.n_attention - 1].text, "3 incidents"));
        w->f.did_not_hold = 0;
        assert_text(attentions(*state, w), d == DELIVERY_MIXED ? "mixed P-12" : "");
    }
}

static void test_recurrence_flag(void **state) {
    struct waiting *w = waiting_make(*state, DELIVERY_DELIVERED);
    w->f.recurrences = 1;
    assert_text(attentions(*state, w), "");
    w->f.recurrences = 2;
    assert_text(attentions(*state, w), "recurrence P-12");
    w->policy.on_reopen = ON_REOPEN_REOPEN;
    assert_text(attentions(*state, w), "");
    w->policy.on_reopen = ON_REOPEN_FLAG;
    w->delivered.delivery = DELIVERY_PENDING;
    assert_text(attentions(*state, w), "");
}

static void test_review_and_merge(void **state) {
    struct waiting *w = waiting_make(*state, DELIVERY_PENDING);
    w->problem.review = NOW + 1;
    assert_text(attentions(*state, w), "");
    assert_int_equal(w->d.again_at, NOW + 1);
    w->problem.review = NOW;
    assert_text(attentions(*state, w), "review-due P-12");
    assert_int_equal(w->d.again_at, 0);
    w->problem.review = 0;
    w->f.shares_defect_with = 13;
    assert_text(attentions(*state, w), "merge-proposed P-12");
    assert_text(w->d.attention[0].clear, "bascule problem merge P-12 P-13");
    w->problem.review = NOW - 1;
    w->problem.resolution = RESOLUTION_CANCELLED; /* nothing waits for it any more */
    w->f.did_not_hold = 1;
    w->facts.n_defects = 1;
    w->defects[0].presence = GONE;
    assert_text(attentions(*state, w), "");
}

static void test_defects_of_problem(void **state) {
    static const struct {
        struct defect_facts defect;
        const char *attention;
    } cases[] = {
        {{.ref = REF, .state = STATE_OPEN}, ""},
        {{.ref = REF, .state = STATE_CLOSED, .outcome = OUTCOME_WONT_FIX}, ""},
        {{.ref = REF, .state = STATE_CLOSED, .outcome = OUTCOME_UNKNOWN}, "defect-closed-how " REF},
        {{.ref = REF, .state = STATE_CLOSED}, "defect-closed-how " REF},
        {{.ref = REF, .state = STATE_CLOSED, .excluded = true}, ""},
        {{.ref = REF, .state = STATE_CLOSED, .presence = FORBIDDEN}, "defect-hidden " REF},
        {{.ref = REF, .state = STATE_OPEN, .presence = GONE}, "defect-gone " REF},
        {{.ref = REF, .state = STATE_OPEN, .presence = GONE, .excluded = true}, ""},
        {{.ref = REF, .state = STATE_OPEN, .presence = FORBIDDEN}, "defect-hidden " REF},
        {{.ref = REF, .state = STATE_OPEN, .presence = OUT_OF_SCOPE}, "defect-hidden " REF},
        {{.ref = REF, .state = STATE_OPEN, .presence = MERGED}, ""},
        {{.ref = REF, .state = STATE_OPEN, .stuck = true}, "duplicate-loop P-12"},
        {{.ref = REF, .state = STATE_CLOSED, .stuck = true}, "duplicate-loop P-12"}, /* no other question is asked */
        {{.ref = REF, .state = STATE_CLOSED, .outcome = OUTCOME_DUPLICATE}, "duplicate-loop P-12"},
        {{.ref = REF, .state = STATE_CLOSED, .outcome = OUTCOME_MOVED}, "duplicate-loop P-12"},
        {{.ref = REF, .state = STATE_OPEN, .outcome = OUTCOME_MOVED}, ""},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct waiting *w = waiting_make(*state, DELIVERY_PENDING);
        w->defects[0] = cases[i].defect;
        w->facts.n_defects = 1;
        assert_text(attentions(*state, w), cases[i].attention);
    }
    struct waiting *w = waiting_make(*state, DELIVERY_PENDING);
    w->defects[0] = (struct defect_facts){.ref = REF, .stuck = true, .via = "product:7"};
    w->facts.n_defects = 1;
    attentions(*state, w);
    assert_non_null(strstr(w->d.attention[0].text, "duplicates of product:7 "));
    w->defects[0].via = NULL;
    attentions(*state, w);
    assert_non_null(strstr(w->d.attention[0].text, "duplicates of " REF " "));
}

/* More than there is room for: the problem's own come first. */
static void test_crowd(void **state) {
    struct waiting *w = waiting_make(*state, DELIVERY_MIXED);
    for (int i = 0; i < 12; i++)
        w->defects[i] =
            (struct defect_facts){.ref = arena_printf(*state, "product:%d", i), .state = STATE_OPEN, .presence = GONE};
    w->facts.n_defects = 12;
    w->problem.review = NOW;
    assert_text(attentions(*state, w),
                "mixed P-12, review-due P-12, defect-gone product:0, defect-gone product:1, defect-gone product:2, "
                "defect-gone product:3, defect-gone product:4, defect-gone product:5");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(test_linked),
        world_test(test_threshold),
        world_test(test_risk_accepted),
        world_test(test_risk_accepted_of_several),
        world_test(test_recurrences),
        world_test(test_said_to_recur),
        world_test(test_recurrence_states),
        world_test(test_defect_hands_off),
        world_test(test_nobody_works),
        world_test(test_declined_decide),
        world_test(test_did_not_hold),
        world_test(test_recurrence_flag),
        world_test(test_review_and_merge),
        world_test(test_defects_of_problem),
        world_test(test_crowd),
        world_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
