/* Hash: stable over versions (it stands in databases and markers), and different for different bytes. */
#include "head.h"

static void test_stable(void **state) {
    assert_int_equal(hash_str(NULL), 0);
    assert_int_equal(hash_str("abc"), hash_bytes("abc", 3));
    assert_int_not_equal(hash_str(""), 0);
    assert_int_not_equal(hash_bytes("abc", 3), hash_bytes("abc", 2));
    assert_int_not_equal(hash_bytes("a\0b", 3), hash_bytes("a\0c", 3));
    assert_string_equal(hash_word(*state, "note:helpdesk:4711:fixed:2", 6),
                        hash_word(*state, "note:helpdesk:4711:fixed:2", 6));
}

static void test_word(void **state) {
    for (size_t n = 0; n <= 12; n++) {
        const char *word = hash_word(*state, "x", n);
        assert_int_equal(strlen(word), n);
        assert_int_equal(strspn(word, "0123456789abcdefghjkmnpqrstvwxyz"), n);
        assert_memory_equal(word, hash_word(*state, "x", 12), n);
    }
    assert_int_equal(strlen(hash_word(*state, "x", 40)), 12);
    assert_string_not_equal(hash_word(*state, "x", 6), hash_word(*state, "y", 6));
}

static void test_spread(void **state) {
    uint64_t seen[2000], any = 0, all = UINT64_MAX;
    for (int i = 0; i < 2000; i++) {
        seen[i] = hash_str(arena_printf(*state, "%d", i));
        any |= seen[i];
        all &= seen[i];
        for (int k = 0; k < i; k++)
            assert_int_not_equal(seen[i], seen[k]);
    }
    assert_true(any == UINT64_MAX && all == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {arena_test(test_stable), arena_test(test_word), arena_test(test_spread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
