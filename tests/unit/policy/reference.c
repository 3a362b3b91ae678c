/* References in free text and in fields: every form, and where a reference ends. */
#include "world.h"

#include <stdlib.h>

static const struct reference_form forms[] = {
    {"product", "http://127.0.0.1:18081/issues/", "\\d+"},
    {"product", "https://bugs.example.org/issues/", NULL},
    {"helpdesk", "http://desk.example/Ticket/Display.html?id=", "\\d+"},
    {"jira", "https://jira.example/browse/", "[A-Z][A-Z0-9]+-\\d+"},
};
static const struct reference_pattern patterns[] = {
    {"DEF-(\\d+)", "product"}, {"(?i)bug ?#?(\\d+)", "product"}, {"RT#(\\d+)|ticket (\\d+)", "helpdesk"}};

static struct reference_rules *rules;

static int group_setup(void **state) {
    struct fault fault = {0};
    return reference_rules_new(forms, array_size(forms), patterns, array_size(patterns), &rules, &fault);
}

static int group_teardown(void **state) {
    rules = reference_rules_free(rules);
    return 0;
}

/* "product:56 P-12" */
static const char *shown(struct arena *a, const struct references *set) {
    struct buf b = {0};
    for (size_t i = 0; i < set->count; i++) {
        const struct reference *r = &set->items[i];
        if (r->problem)
            buf_printf(&b, "%sP-%lld", i ? " " : "", (long long)r->problem);
        else
            buf_printf(&b, "%s%s:%s", i ? " " : "", r->tracker, r->id);
    }
    const char *text = arena_strdup(a, buf_text(&b));
    buf_deinit(&b);
    return text;
}

struct text_case {
    const char *text, *found;
};

static const struct text_case in_text[] = {
    {NULL, ""},
    {"", ""},
    {"nothing here", ""},
    /* URLs */
    {"http://127.0.0.1:18081/issues/56", "product:56"},
    {"see http://127.0.0.1:18081/issues/56.", "product:56"},
    {"(http://127.0.0.1:18081/issues/56)", "product:56"},
    {"<http://127.0.0.1:18081/issues/56>", "product:56"},
    {"\"http://127.0.0.1:18081/issues/56\"", "product:56"},
    {"[56](http://127.0.0.1:18081/issues/56)", "product:56"},
    {"http://127.0.0.1:18081/issues/56?tab=history", "product:56"},
    {"http://127.0.0.1:18081/issues/56#note-3", "product:56"},
    {"http://127.0.0.1:18081/issues/56/edit", "product:56"},
    {"http://127.0.0.1:18081/issues/56,http://127.0.0.1:18081/issues/57", "product:56 product:57"},
    {"http://127.0.0.1:18081/issues/567", "product:567"},
    {"http://127.0.0.1:18081/issues/56x", ""},
    {"http://127.0.0.1:18081/issues/x56", ""},
    {"http://127.0.0.1:18081/issues/", ""},
    {"http://127.0.0.1:18081/issues/\xc3\xa9", ""},
    {"HTTP://127.0.0.1:18081/Issues/56", "product:56"},
    {"https://127.0.0.1:18081/issues/56", ""},
    {"xhttp://127.0.0.1:18081/issues/56", ""},
    {"http://127x0.0.1:18081/issues/56", ""}, /* the prefix is no expression */
    {"https://bugs.example.org/issues/56", "product:56"},
    {"https://bugs.example.org/issues/\xd9\xa3", ""}, /* an Arabic digit is no id */
    {"http://127.0.0.1:18081/issues/\xd9\xa3", ""},
    {"http://desk.example/Ticket/Display.html?id=4711", "helpdesk:4711"},
    {"http://desk.example/Ticket/Display.html?id=4711&x=1#txn-9", "helpdesk:4711"},
    {"http://desk.example/Ticket/DisplayxHtml?id=4711", ""},
    {"https://jira.example/browse/AB2-17?filter=1", "jira:AB2-17"},
    {"https://jira.example/browse/AB-17b", ""},
    /* patterns, and what stands beside them */
    {"DEF-12", "product:12"},
    {"DEF-129", "product:129"},
    {"XDEF-12", ""},
    {"XDEF12", ""},
    {"1DEF-12", ""},
    {"_DEF-12", ""},
    {"-DEF-12", ""},
    {".DEF-12.", "product:12"},
    {"/DEF-12/", "product:12"},
    {"#DEF-12", "product:12"},
    {"DEF-12a", ""},
    {"DEF-12_", "product:12"},
    {"DEF-12-", "product:12"},
    {"DEF-12\xc3\xa9", ""},
    {"\xc3\xa9"
     "DEF-12",
     ""},
    {"DEF-12\xd9\xa3", ""},
    {"\xe2\x80\x9c"
     "DEF-12\xe2\x80\x9d",
     "product:12"},
    {"\xe6\xbc\xa2 DEF-12 \xe6\xbc\xa2", "product:12"},
    {"\xe6\xbc\xa2"
     "DEF-12",
     ""},
    {"\xff"
     "DEF-12\xff",
     "product:12"}, /* not UTF-8: taken for a separator */
    {"def-12", ""},
    {"DEF-", ""},
    {"DEF-12 DEF-13,DEF-14;DEF-15", "product:12 product:13 product:14 product:15"},
    {"DEF-12 and again DEF-12", "product:12"},
    {"DEF-12\nDEF-13", "product:12 product:13"},
    {"> quoted DEF-12", "product:12"},
    {"Bug #7, bug8, BUG 9", "product:7 product:8 product:9"},
    {"debug 5", ""},
    {"RT#5", "helpdesk:5"},
    {"ticket 5", ""}, /* group 1 is the id, and is not there */
    {"DEF-12 http://127.0.0.1:18081/issues/12", "product:12"},
    {"DEF-12 RT#12", "product:12 helpdesk:12"},
    {"P-12", ""}, /* only in fields */
    {"product:56", ""},
    {"56", ""},
};

static void test_text(void **state) {
    for (size_t i = 0; i < array_size(in_text); i++) {
        struct references found;
        reference_scan(rules, *state, in_text[i].text, &found);
        if (!str_is(shown(*state, &found), in_text[i].found)) {
            print_error("'%s' gives '%s', not '%s'\n", in_text[i].text, shown(*state, &found), in_text[i].found);
            fail();
        }
    }
}

static void test_quote(void **state) {
    struct references found;
    reference_scan(rules, *state, "look: bug #7!", &found);
    assert_int_equal(found.count, 1);
    assert_text(found.items[0].quote, "bug #7");
    assert_text(found.items[0].id, "7");
    assert_int_equal(found.items[0].problem, 0);
}

static const struct {
    const char *text, *home, *found;
} in_field[] = {
    {NULL, "product", ""},
    {"", "product", ""},
    {"  \r\n\t ,;", "product", ""},
    {"56", "product", "product:56"},
    {" 56 ", "product", "product:56"},
    {"#56", "product", "product:56"},
    {"##56", "product", ""},
    {"056", "product", "product:56"},
    {"0", "product", ""},
    {"-56", "product", ""},
    {"56x", "product", ""},
    {"5.6", "product", ""},
    {"99999999999999999999", "jira", ""},
    {"56, 57", "product", "product:56 product:57"},
    {"56,57", "product", "product:56 product:57"},
    {"56 57", "product", "product:56 product:57"},
    {"56;57", "product", "product:56 product:57"},
    {"56\n57\r\n58\t59", "product", "product:56 product:57 product:58 product:59"},
    {"56 56 #56", "product", "product:56"},
    {"56", NULL, ""},
    {"#56", NULL, ""},
    {"http://127.0.0.1:18081/issues/56", NULL, "product:56"},
    {"http://127.0.0.1:18081/issues/56", "helpdesk", "product:56"},
    {"http://127.0.0.1:18081/issues/56?a=b#c", "product", "product:56"},
    {"http://127.0.0.1:18081/issues/56,http://127.0.0.1:18081/issues/57", NULL, "product:56 product:57"},
    {"http://127.0.0.1:18081/issues/56,57", "product", "product:56 product:57"},
    {"http://127.0.0.1:18081/issues/56?sort=3,4;5", "product", "product:56"},
    {"http://127.0.0.1:18081/issues/56#a,4", "product", "product:56"},
    {"http://127.0.0.1:18081/issues/56?a=3,http://127.0.0.1:18081/issues/57,58", "product",
     "product:56 product:57 product:58"},
    {"http://127.0.0.1:18081/issues/56?sort=3,4 58", "product", "product:56 product:58"},
    {"DEF-12, RT#5", "helpdesk", "product:12 helpdesk:5"},
    {"P-12", "product", "P-12"},
    {"p-12", NULL, "P-12"},
    {"P-12, P-13 56", "product", "P-12 P-13 product:56"},
    {"P-0", "product", ""},
    {"P-", "product", ""},
    {"P-12x", "product", ""},
    {"AB-17", "jira", "jira:AB-17"},
    {"#AB-17", "jira", "jira:AB-17"},
    {"AB-17", "product", ""},
    {"AB-17x", "jira", ""},
    {"xAB-17", "jira", ""},
    {"AB-17", NULL, ""},
    {"DEF-12", "jira", "jira:DEF-12"}, /* the home tracker's own ids come first */
    {"see the defect 56 please", "product", "product:56"},
    {"http://desk.example/Ticket/Display.html?id=1\nand 3 more: https://bascule.example/d/product:56", "helpdesk",
     "helpdesk:1"},
    {"1 and 3 more", "helpdesk", "helpdesk:1"},
    {"1 and 3 and 4", "helpdesk", "helpdesk:1 helpdesk:3 helpdesk:4"},
    {"1 and x more:", "helpdesk", "helpdesk:1"},
    {"and 3", "helpdesk", "helpdesk:3"},
    {"\xff 56", "product", "product:56"},
};

static void test_field(void **state) {
    for (size_t i = 0; i < array_size(in_field); i++) {
        struct references found;
        reference_field(rules, *state, in_field[i].text, in_field[i].home, &found);
        if (!str_is(shown(*state, &found), in_field[i].found)) {
            print_error("'%s' (%s) gives '%s', not '%s'\n", in_field[i].text, in_field[i].home, shown(*state, &found),
                        in_field[i].found);
            fail();
        }
    }
}

/* Every neighbour of a reference: what the law says, in another way of saying it. */
static void test_neighbours(void **state) {
    for (int before = 1; before < 128; before++)
        for (int after = 1; after < 128; after++) {
            char text[16];
            struct references found;
            snprintf(text, sizeof(text), "%cRT#5%c", before, after);
            bool alnum_before =
                strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", before) != NULL;
            bool alnum_after = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", after) != NULL;
            struct arena *a = arena_new();
            reference_scan(rules, a, text, &found);
            if (found.count != (alnum_before || alnum_after ? 0u : 1u)) {
                print_error("'%s' gives %zu\n", text, found.count);
                fail();
            }
            arena_free(a);
        }
}

static void test_bounds(void **state) {
    struct buf b = {0};
    struct references found;
    for (int i = 1; i <= 150; i++)
        buf_printf(&b, "DEF-%d ", i);
    reference_scan(rules, *state, buf_text(&b), &found);
    assert_int_equal(found.count, 100);
    assert_text(found.items[99].id, "100");
    reference_field(rules, *state, buf_text(&b), NULL, &found);
    assert_int_equal(found.count, 100);
    buf_deinit(&b);

    /* an id of 200 bytes is one, of 201 is none */
    for (int n = 200; n <= 201; n++) {
        buf_str(&b, "DEF-");
        for (int i = 0; i < n; i++)
            buf_char(&b, '1');
        reference_scan(rules, *state, buf_text(&b), &found);
        assert_int_equal(found.count, n == 200 ? 1 : 0);
        buf_deinit(&b);
        for (int i = 0; i < n - 3; i++)
            buf_char(&b, 'A');
        buf_str(&b, "A-1");
        reference_field(rules, *state, buf_text(&b), "jira", &found);
        assert_int_equal(found.count, n == 200 ? 1 : 0);
        buf_deinit(&b);
    }
}

/* An expression that takes for ever is given up, and the others still find theirs. */
static void test_slow_pattern(void **state) {
    static const struct reference_pattern slow[] = {{"((?:a+)+)b", "product"}, {"DEF-(\\d+)", "product"}};
    struct reference_rules *r;
    struct fault fault = {0};
    struct references found;
    char text[80] = "DEF-7 ";
    memset(text + 6, 'a', 60);
    assert_int_equal(reference_rules_new(NULL, 0, slow, 2, &r, &fault), 0);
    reference_scan(r, *state, text, &found);
    assert_int_equal(found.count, 1);
    reference_rules_free(r);
}

/* An expression that matches nothing at all ends, and finds nothing. */
static void test_empty_match(void **state) {
    static const struct reference_pattern empty[] = {{"()", "product"}, {"x*(\\d*)", "product"}};
    struct reference_rules *r;
    struct fault fault = {0};
    struct references found;
    assert_int_equal(reference_rules_new(NULL, 0, empty, 2, &r, &fault), 0);
    reference_scan(r, *state, "\xe2\x80\xa6 \xc3\xa9 \xe2\x80\xa6 7 ", &found);
    assert_int_equal(found.count, 1);
    assert_text(found.items[0].id, "7");
    reference_rules_free(r);
}

static void test_faults(void **state) {
    static const struct reference_pattern bad[] = {{"DEF-(\\d+", "product"}}, groupless[] = {{"DEF-\\d+", "product"}};
    static const struct reference_form bad_form[] = {{"product", "http://x/", "(\\d+"}};
    /* balanced only beside the prefix */
    static const struct reference_form half_form[] = {{"product", "http://x/", "1)(2"}};
    struct reference_rules *r = (void *)state;
    struct fault fault = {0};
    assert_int_equal(reference_rules_new(NULL, 0, bad, 1, &r, &fault), -EINVAL);
    assert_ptr_equal(r, (void *)state);
    assert_non_null(strstr(fault.text, "DEF-(\\d+"));
    fault.text[0] = 0;
    assert_int_equal(reference_rules_new(NULL, 0, groupless, 1, &r, &fault), -EINVAL);
    assert_non_null(strstr(fault.text, "no group"));
    fault.text[0] = 0;
    assert_int_equal(reference_rules_new(bad_form, 1, NULL, 0, &r, &fault), -EINVAL);
    assert_non_null(strstr(fault.text, "(\\d+"));
    fault.text[0] = 0;
    assert_int_equal(reference_rules_new(half_form, 1, NULL, 0, &r, &fault), -EINVAL);
    assert_non_null(strstr(fault.text, "1)(2"));
    assert_int_equal(reference_rules_new(forms, 4, bad, 1, &r, NULL), -EINVAL);
    assert_int_equal(reference_rules_new(NULL, 0, NULL, 0, &r, NULL), 0);
    struct references found;
    reference_scan(r, *state, "DEF-12", &found);
    assert_int_equal(found.count, 0);
    reference_field(r, *state, "12", "product", &found);
    assert_int_equal(found.count, 1);
    assert_null(reference_rules_free(r));
    assert_null(reference_rules_free(NULL));
}

static void test_sets(void **state) {
    struct reference x[] = {{"product", "56", 0, NULL}, {"product", "57", 0, NULL}, {NULL, NULL, 12, NULL}};
    struct reference y[] = {{NULL, NULL, 12, "P-12"}, {"product", "57", 0, "57"}, {"product", "56", 0, "#56"}};
    struct references a = {x, 3}, b = {y, 3}, none = {0};
    assert_true(references_same(&a, &b));
    assert_true(references_same(&none, &none));
    assert_false(references_same(&none, &a));
    assert_false(references_same(&a, &none));
    b.count = 2;
    assert_false(references_same(&a, &b));
    assert_false(references_same(&b, &a));
    assert_false(references_have(&b, &x[0]));
    assert_true(references_have(&b, &x[1]));
    assert_false(references_have(&a, &(struct reference){.problem = 13}));
    assert_false(references_have(&a, &(struct reference){.tracker = "helpdesk", .id = "56"}));
    assert_false(references_have(&a, &(struct reference){.tracker = "product", .id = "5"}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(test_text),        world_test(test_quote),  world_test(test_field),
        world_test(test_neighbours),  world_test(test_bounds), world_test(test_slow_pattern),
        world_test(test_empty_match), world_test(test_faults), world_test(test_sets),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
