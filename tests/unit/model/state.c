/* What states mean, the outbox's moves, references, the defaults of a policy. */
#include "../base/head.h"

#include "bascule/model.h"

/* domain.md 1, as sentences: state, outcome -> closed-unresolved, counts nowhere, solved. */
static void test_meaning(void **state) {
    static const char *const unresolved = "workaround wont-fix risk-accepted not-reproducible incomplete";
    static const char *const nowhere = "invalid withdrawn duplicate moved";
    for (int s = 0; s < STATE_COUNT; s++)
        for (int o = 0; o < OUTCOME_COUNT; o++) {
            const char *word = outcome_name((enum outcome)o);
            bool closed = s == STATE_CLOSED;
            bool is_unresolved = s == STATE_CLOSED_UNRESOLVED || (closed && *word && strstr(unresolved, word));
            bool is_nowhere = closed && *word && strstr(nowhere, word);
            assert_int_equal(state_is_closed_unresolved((enum state)s, (enum outcome)o), is_unresolved);
            assert_int_equal(state_counts_nowhere((enum state)s, (enum outcome)o), is_nowhere);
            assert_int_equal(state_is_solved((enum state)s, (enum outcome)o),
                             s == STATE_RESOLVED || (closed && !is_unresolved && !is_nowhere));
        }
}

/* architecture.md, outbox. */
static void test_moves(void **state) {
    static const char *const moves[] = {
        "pending in-flight", "pending superseded", "pending parked",    "pending done", "in-flight done",
        "in-flight unsure",  "in-flight pending",  "in-flight parked",  "unsure done",  "unsure pending",
        "unsure parked",     "parked pending",     "parked superseded", "parked done",  "superseded pending"};
    size_t allowed = 0;
    for (int from = 0; from <= EFFECT_STATE_COUNT; from++)
        for (int to = 0; to <= EFFECT_STATE_COUNT; to++) {
            const char *move = arena_printf(*state, "%s %s", effect_state_name((enum effect_state)from),
                                            effect_state_name((enum effect_state)to));
            bool may = false;
            for (size_t i = 0; i < array_size(moves); i++)
                may |= str_is(moves[i], move);
            assert_int_equal(effect_state_may((enum effect_state)from, (enum effect_state)to), may);
            allowed += may;
        }
    assert_int_equal(allowed, array_size(moves));
}

static void test_refs(void **state) {
    const char *tracker = "-", *id = "-";
    assert_string_equal(ref_make(*state, "helpdesk", "4711"), "helpdesk:4711");
    assert_true(ref_split(*state, "helpdesk:4711", &tracker, &id));
    assert_string_equal(tracker, "helpdesk");
    assert_string_equal(id, "4711");
    assert_true(ref_split(*state, "t:a:b", &tracker, &id));
    assert_string_equal(tracker, "t");
    assert_string_equal(id, "a:b");
    static const char *const bad[] = {NULL, "", ":", "helpdesk", "helpdesk:", ":4711"};
    for (size_t i = 0; i < array_size(bad); i++) {
        assert_false(ref_split(*state, bad[i], &tracker, &id));
        assert_string_equal(id, "a:b");
    }
}

static void test_problem_refs(void **state) {
    static const struct {
        const char *in;
        int64_t out; /* 0: none */
    } cases[] = {{"P-12", 12},
                 {"p-12", 12},
                 {"P-012", 12},
                 {"P-9223372036854775807", INT64_MAX},
                 {"P-9223372036854775808", 0},
                 {"P-0", 0},
                 {"P-", 0},
                 {"P", 0},
                 {"", 0},
                 {NULL, 0},
                 {"P12", 0},
                 {"Q-12", 0},
                 {"P--1", 0},
                 {"P-12 ", 0},
                 {" P-12", 0},
                 {"PP-12", 0}};
    for (size_t i = 0; i < array_size(cases); i++) {
        int64_t n = -7;
        assert_int_equal(problem_ref_parse(cases[i].in, &n), cases[i].out > 0);
        assert_int_equal(n, cases[i].out > 0 ? cases[i].out : -7);
    }
}

/* interface.md 1. */
static void test_defaults(void **state) {
    struct policy p;
    memset(&p, 0x5a, sizeof(p));
    policy_defaults(&p);
    assert_string_equal(treatment_name(p.treatment), "close");
    assert_false(p.require_workaround);
    assert_string_equal(delivered_when_name(p.delivered_when), "released");
    assert_string_equal(several_defects_name(p.several_defects), "all");
    assert_string_equal(on_declined_name(p.on_declined), "keep");
    assert_string_equal(on_reopen_name(p.on_reopen), "flag");
    assert_int_equal(p.recurrences, 2);
    assert_string_equal(on_risk_accepted_name(p.on_risk_accepted), "note");
    assert_int_equal(p.reopen_window, 30 * DAY_MS);
    for (int v = 0; v < VERDICT_COUNT; v++)
        assert_int_equal(p.settle[v], 0);
    assert_int_equal(p.n_thresholds, 3);
    assert_true(p.thresholds[0] == 10 && p.thresholds[1] == 50 && p.thresholds[2] == 100);
    for (int k = 0; k < NOTE_KIND_COUNT; k++) {
        bool public = k == NOTE_KNOWN_ERROR || k == NOTE_WORKAROUND || k == NOTE_FIXED || k == NOTE_DECLINED ||
                      k == NOTE_DID_NOT_HOLD;
        assert_string_equal(visibility_name(p.notes[k]), public ? "public" : "internal");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {arena_test(test_meaning), arena_test(test_moves), arena_test(test_refs),
                                       arena_test(test_problem_refs), arena_test(test_defaults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
