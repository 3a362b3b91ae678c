/* rt_sql: what TicketSQL means and what it refuses. The terms are one-letter
 * fields whose value says whether they hold, so that truth tables can be tried. */
#include "say.h"

#include "../../../src/sandbox/rt.h"

static bool knows(const char *field, const char *sub) {
    (void)sub;
    return strlen(field) == 1 || strcmp(field, "CF") == 0 || strcmp(field, "Requestor") == 0;
}
static bool holds(const void *arg, const struct rt_node *n) {
    const char *true_fields = arg;
    return strchr(true_fields, n->field[0]) != NULL && strcmp(n->value, "1") == 0;
}

static bool is_true(const char *query, const char *true_fields) {
    cleanup_arena struct arena *a = arena_new();
    const char *words = NULL;
    struct rt_node *n = rt_sql_parse(a, query, knows, &words);
    if (!n)
        fail_msg("%s: %s", query, words);
    return rt_sql_eval(n, holds, true_fields);
}

static void joins(void **state) {
    (void)state;
    assert_true(is_true("a=1", "a"));
    assert_false(is_true("a=1", ""));
    assert_true(is_true("a=1 AND b=1", "ab"));
    assert_false(is_true("a=1 AND b=1", "a"));
    assert_true(is_true("a=1 or b=1", "b"));
    assert_true(is_true("a = 1 AND (b = 1 OR c = 1)", "ac"));
    assert_false(is_true("a = 1 AND (b = 1 OR c = 1)", "bc"));
    assert_true(is_true("((a=1))", "a"));
    assert_true(is_true("(a=1) OR (b=1 AND c=1 AND d=1)", "bcd"));
    assert_false(is_true("(a=1) OR (b=1 AND c=1 AND d=1)", "bc"));
    assert_true(is_true("'a'='1' AND \"b\"=\"1\"", "ab"));
}

/* Without parentheses AND binds no stronger: terms of one field go together, the last joiner rules. */
static void mixes_as_rt_does(void **state) {
    (void)state;
    assert_false(is_true("a=1 OR b=1 AND c=1", "a"));
    assert_false(is_true("a=1 OR b=1 AND c=1", "ac")); /* joined by the last: all of them */
    assert_true(is_true("a=1 OR b=1 AND c=1", "abc"));
    assert_true(is_true("a=1 AND b=1 OR c=1", "a"));
    assert_false(is_true("a=1 OR a=2 AND b=1", "a"));
    assert_true(is_true("a=2 OR a=1 AND b=1", "ab"));
    assert_false(is_true("a=1 OR b=1 AND a=2", "ab"));
}

static void reads_terms(void **state) {
    (void)state;
    static const struct {
        const char *text, *field, *sub, *value;
        enum rt_op op;
    } rows[] = {
        {"a != 'x y'", "a", NULL, "x y", RT_NE},
        {"a<=5", "a", NULL, "5", RT_LE},
        {"a>=5", "a", NULL, "5", RT_GE},
        {"a<'5'", "a", NULL, "5", RT_LT},
        {"a >'5'", "a", NULL, "5", RT_GT},
        {"a LIKE 'it\\'s'", "a", NULL, "it's", RT_LIKE},
        {"a not like x", "a", NULL, "x", RT_UNLIKE},
        {"a STARTSWITH 'x'", "a", NULL, "x", RT_STARTS},
        {"a ENDSWITH 'x'", "a", NULL, "x", RT_ENDS},
        {"a IS NULL", "a", NULL, "", RT_NULL},
        {"a is not null", "a", NULL, "", RT_NOT_NULL},
        {"CF.{Known Error} = 'KE'", "CF", "Known Error", "KE", RT_EQ},
        {"'CF.{Known Error}' = 'KE'", "CF", "Known Error", "KE", RT_EQ},
        {"CF.Problem='P-1'", "CF", "Problem", "P-1", RT_EQ},
        {"'CustomField.{Problem}'='P-1'", "CF", "Problem", "P-1", RT_EQ},
        {"Requestor.EmailAddress LIKE 'a@b'", "Requestor", "EmailAddress", "a@b", RT_LIKE},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        const char *words = NULL;
        struct rt_node *n = rt_sql_parse(a, rows[i].text, knows, &words);
        if (!n)
            fail_msg("%s: %s", rows[i].text, words);
        assert_int_equal(n->n_nodes, 1);
        assert_string_equal(n->nodes[0].field, rows[i].field);
        assert_true(str_same(n->nodes[0].sub, rows[i].sub));
        assert_string_equal(n->nodes[0].value, rows[i].value);
        assert_int_equal(n->nodes[0].op, rows[i].op);
    }
}

static void refuses(void **state) {
    (void)state;
    const char *const wrong[] = {"",      "a",      "a =",       "= 1",        "a = 1 AND", "(a = 1",      "a = 1)",
                                 "a ~ 1", "a = 'x", "NOT a=1",   "a IN (1)",   "unknown=1", "a = 1 b = 1", "a IS 1",
                                 "()",    "'a",     "CF.{X = 1", "a=1 XOR b=1"};
    for (size_t i = 0; i < array_size(wrong); i++) {
        cleanup_arena struct arena *a = arena_new();
        const char *words = NULL;
        assert_null(rt_sql_parse(a, wrong[i], knows, &words));
        assert_non_null(words);
    }
}

static void is_bounded_in_depth(void **state) {
    (void)state;
    cleanup_arena struct arena *a = arena_new();
    struct buf b = {0};
    for (int i = 0; i < 5000; i++)
        buf_char(&b, '(');
    const char *words = NULL;
    assert_null(rt_sql_parse(a, buf_text(&b), knows, &words));
    buf_deinit(&b);
}

static void finds_fields(void **state) {
    (void)state;
    cleanup_arena struct arena *a = arena_new();
    const char *words;
    struct rt_node *n = rt_sql_parse(a, "a=1 AND (b IS NOT NULL OR (c IS NULL))", knows, &words);
    assert_true(rt_sql_uses(n, "C"));
    assert_false(rt_sql_uses(n, "d"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins),   cmocka_unit_test(mixes_as_rt_does),    cmocka_unit_test(reads_terms),
        cmocka_unit_test(refuses), cmocka_unit_test(is_bounded_in_depth), cmocka_unit_test(finds_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
