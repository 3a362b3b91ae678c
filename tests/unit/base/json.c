/* Bounded JSON: depth, pointers, typed readers, one form of print. */
#include "head.h"

static json_t *doc(const char *text) {
    struct fault f = {0};
    json_t *j = json_read(text, strlen(text), &f);
    if (!j)
        print_error("%s: %s\n", text, f.text);
    assert_non_null(j);
    return j;
}

static void test_read(void **state) {
    static const char *const good[] = {
        "{}", "[]", "1", "\"x\"", "null", "true", " {\"a\":[1,2]} ", "\"[[[[\"", "{\"a\\\"[\":1}"};
    static const char *const bad[] = {"", "{", "[1,]", "{'a':1}", "nul", "{} x", "[1]]", "\"\xff\"", "{\"a\":1,}"};
    for (size_t i = 0; i < array_size(good); i++)
        json_decref(doc(good[i]));
    for (size_t i = 0; i < array_size(bad); i++) {
        struct fault f = {0};
        assert_null(json_read(bad[i], strlen(bad[i]), &f));
        assert_non_null(strstr(f.text, "not JSON: line "));
        assert_null(json_read(bad[i], strlen(bad[i]), NULL));
    }
    struct fault f = {0};
    json_t *j = json_read("[1]trailing", 3, &f); /* only len bytes */
    assert_non_null(j);
    json_decref(j);
}

/* 64 levels are read, 65 are not; brackets in strings are none. */
static void test_depth(void **state) {
    for (size_t depth = 63; depth <= 65; depth++) {
        struct buf b = {0};
        struct fault f = {0};
        for (size_t i = 0; i < depth; i++)
            buf_str(&b, i % 2 ? "{\"a\":" : "[");
        buf_char(&b, '1');
        for (size_t i = depth; i-- > 0;)
            buf_char(&b, i % 2 ? '}' : ']');
        json_t *j = json_read(b.data, b.len, &f);
        assert_int_equal(j != NULL, depth <= 64);
        if (!j)
            assert_non_null(strstr(f.text, "deeper than 64"));
        json_decref(j);
        buf_deinit(&b);
    }
    struct buf b = {0};
    buf_str(&b, "[\"\\\"");
    for (int i = 0; i < 100; i++)
        buf_char(&b, '[');
    buf_str(&b, "\"]");
    json_decref(doc(b.data));
    buf_deinit(&b);
    struct buf many = {0}; /* side by side is not deep; a close too many is a syntax error only */
    buf_char(&many, '[');
    for (int i = 0; i < 100; i++)
        buf_str(&many, "[],");
    buf_str(&many, "[]]");
    json_decref(doc(many.data));
    buf_deinit(&many);
    assert_null(json_read("]]", 2, NULL));
}

static void test_at(void **state) {
    cleanup_json json_t *j = doc("{\"a\":[10,{\"b\":true}],\"\":5,\"x/y\":6,\"m~n\":7,\"o\":{\"0\":8}}");
    static const struct {
        const char *pointer;
        int64_t value; /* -1: absent */
    } cases[] = {{"/a/0", 10},   {"/", 5},         {"/x~1y", 6},  {"/m~0n", 7},
                 {"/o/0", 8},    {"/a/2", -1},     {"/a/-1", -1}, {"/a/x", -1},
                 {"/b", -1},     {"a", -1},        {"/a~", -1},   {"/a~2", -1},
                 {"/a/0/0", -1}, {"/a/1/b/c", -1}, {"/a/", -1},   {"/a/18446744073709551616", -1}};
    for (size_t i = 0; i < array_size(cases); i++) {
        json_t *v = json_at(j, cases[i].pointer);
        if ((v != NULL) != (cases[i].value >= 0) || (v && json_integer_value(v) != cases[i].value)) {
            print_error("%s\n", cases[i].pointer);
            fail();
        }
    }
    assert_ptr_equal(json_at(j, ""), j);
    assert_true(json_is_true(json_at(j, "/a/1/b")));
    assert_null(json_at(NULL, "/a"));
    assert_null(json_at(NULL, ""));
    char *lengthy = arena_printf(*state, "/%0300d", 0); /* a name too long is no name */
    assert_null(json_at(j, lengthy));
    json_t *longest = json_pack("{s:i}", arena_printf(*state, "%0255d", 0), 9);
    assert_int_equal(json_integer_value(json_at(longest, arena_printf(*state, "/%0255d", 0))), 9);
    json_decref(longest);
}

static void test_typed(void **state) {
    cleanup_json json_t *j =
        doc("{\"s\":\"x\",\"n\":9223372036854775807,\"r\":1.5,\"t\":true,\"f\":false,\"z\":null,\"e\":\"\"}");
    assert_string_equal(json_text(j, "s"), "x");
    assert_string_equal(json_text(j, "e"), "");
    assert_null(json_text(j, "n"));
    assert_null(json_text(j, "z"));
    assert_null(json_text(j, "q"));
    assert_null(json_text(NULL, "s"));
    assert_int_equal(json_int(j, "n", 1), INT64_MAX);
    assert_int_equal(json_int(j, "r", 1), 1);
    assert_int_equal(json_int(j, "s", 1), 1);
    assert_int_equal(json_int(NULL, "s", 1), 1);
    assert_true(json_bool(j, "t", false) && !json_bool(j, "f", true) && json_bool(j, "s", true) &&
                !json_bool(j, "q", false) && json_bool(NULL, "t", true));
}

static void test_print(void **state) {
    struct arena *a = *state;
    cleanup_json json_t *x = doc("{\"b\":1, \"a\":[true,null,\"\\u00e9\"]}"),
                        *y = doc(" {\"a\":[true,null,\"\xc3\xa9\"],\"b\":1}");
    assert_string_equal(json_print(a, x), "{\"a\":[true,null,\"\xc3\xa9\"],\"b\":1}");
    assert_string_equal(json_print(a, x), json_print(a, y));
    assert_string_equal(json_print(a, NULL), "null");
    cleanup_json json_t *s = json_string("x\"y"), *n = json_integer(-3), *t = json_true(), *z = json_null();
    assert_string_equal(json_as_text(a, s), "x\"y");
    assert_string_equal(json_print(a, s), "\"x\\\"y\"");
    assert_string_equal(json_as_text(a, n), "-3");
    assert_string_equal(json_as_text(a, t), "true");
    assert_null(json_as_text(a, z));
    assert_null(json_as_text(a, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {arena_test(test_read), arena_test(test_depth), arena_test(test_at),
                                       arena_test(test_typed), arena_test(test_print)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
