/* Arena: zeroed, aligned, apart, and gone together (the sanitizer sees the last). */
#include "head.h"

static void test_pieces(void **state) {
    unsigned char *pieces[300];
    for (size_t i = 0; i < 300; i++) {
        size_t size = i * 37 % 9000;
        pieces[i] = arena_alloc(*state, size);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < 300; i++) /* none lies over another */
        for (size_t k = 0; k < i * 37 % 9000; k++)
            assert_int_equal(pieces[i][k], i & 0xff);
}

static void test_large(void **state) {
    char *big = arena_alloc(*state, 5000000), *small = arena_alloc(*state, 1);
    memset(big, 1, 5000000);
    *small = 2;
    assert_int_equal(big[4999999], 1);
}

static void test_text(void **state) {
    struct arena *a = *state;
    assert_null(arena_strdup(a, NULL));
    assert_null(arena_strndup(a, NULL, 5));
    assert_string_equal(arena_strdup(a, ""), "");
    assert_string_equal(arena_strdup(a, "abc"), "abc");
    assert_string_equal(arena_strndup(a, "abc", 2), "ab");
    assert_string_equal(arena_strndup(a, "abc", 0), "");
    assert_string_equal(arena_strndup(a, "abc", 99), "abc"); /* not beyond its end */
    assert_string_equal(arena_printf(a, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_printf(a, "%s", ""), "");
    char *big = arena_printf(a, "%*s|", 20000, "x");
    assert_int_equal(strlen(big), 20001);
    const char src[] = {'a', 'b', 'c'}; /* no NUL: only n bytes may be read */
    assert_string_equal(arena_strndup(a, src, 3), "abc");
}

struct item {
    int n;
    char *text;
};

static void test_push(void **state) {
    struct item *items = NULL;
    size_t count = 0;
    for (int i = 0; i < 1000; i++) {
        struct item *x = arena_push(*state, &items, &count);
        assert_int_equal(x->n, 0); /* zeroed, also after growing */
        assert_null(x->text);
        assert_ptr_equal(x, &items[i]);
        *x = (struct item){i, arena_printf(*state, "%d", i)};
    }
    assert_int_equal(count, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(items[i].n, i);
        assert_int_equal(atoi(items[i].text), i);
    }
}

static void test_end(void **state) {
    assert_null(arena_free(NULL));
    cleanup_arena struct arena *a = arena_new();
    arena_strdup(a, "goes with its block");
    struct arena *b = arena_new();
    assert_null(arena_free(b));
}

int main(void) {
    const struct CMUnitTest tests[] = {arena_test(test_pieces), arena_test(test_large), arena_test(test_text),
                                       arena_test(test_push), cmocka_unit_test(test_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
