/* Faults, growing buffers, comparisons, UTF-8, numbers. */
#include "head.h"

static void test_fault(void **state) {
    struct fault f = {0};
    assert_int_equal(fault_set(&f, -5, "%s:%d", "here", 3), -5);
    assert_string_equal(f.text, "here:3");
    assert_int_equal(fault_set(&f, -6, "later"), -6); /* the first stays */
    assert_string_equal(f.text, "here:3");
    assert_int_equal(fault_wrap(&f, 7, "in %s", "file"), 7);
    assert_string_equal(f.text, "in file: here:3");
    assert_int_equal(fault_set(NULL, -1, "x"), -1);
    assert_int_equal(fault_wrap(NULL, -2, "x"), -2);
    struct fault empty = {0};
    fault_wrap(&empty, 0, "alone");
    assert_string_equal(empty.text, "alone");
    struct fault fits = {"was"};
    char prefix[2 * sizeof(f.text)];
    memset(prefix, 'p', sizeof(prefix) - 1);
    prefix[sizeof(prefix) - 1] = 0;
    fault_wrap(&fits, 0, "%s", prefix);
    assert_int_equal(strlen(fits.text), sizeof(fits.text) - 1);
    for (size_t n = sizeof(f.text) - 12; n < sizeof(f.text); n++) { /* what was said before is cut, never overrun */
        struct fault cut = {"was so"};
        fault_wrap(&cut, 0, "%.*s", (int)n, prefix);
        assert_true(strlen(cut.text) < sizeof(cut.text));
        assert_int_equal(strspn(cut.text, "p"), n < sizeof(f.text) ? n : sizeof(f.text) - 1);
        assert_true(cut.text[n] == 0 || memcmp(cut.text + n, ": was so", strlen(cut.text) - n) == 0);
    }
    fits.text[0] = 0;
    fault_set(&fits, 0, "%s", prefix);
    assert_int_equal(strlen(fits.text), sizeof(fits.text) - 1);
}

static void test_buf(void **state) {
    struct buf b = {0};
    assert_string_equal(buf_text(&b), "");
    buf_str(&b, NULL);
    buf_str(&b, "");
    assert_string_equal(buf_text(&b), "");
    buf_str(&b, "a");
    buf_char(&b, 'b');
    buf_printf(&b, "%d%s", 3, "c");
    buf_printf(&b, "%s", "");
    buf_add(&b, "de", 1);
    assert_string_equal(buf_text(&b), "ab3cd");
    assert_int_equal(b.len, 5);
    for (int i = 0; i < 100000; i++)
        buf_char(&b, 'x');
    assert_int_equal(strlen(buf_text(&b)), 100005);
    assert_false(b.over);
    buf_deinit(&b);
    assert_string_equal(buf_text(&b), "");
    buf_deinit(&b);
}

/* A limit cuts, says so, and goes on cutting. */
static void test_buf_limit(void **state) {
    for (size_t limit = 1; limit < 12; limit++) {
        cleanup_buf struct buf b = {.limit = limit};
        buf_str(&b, "0123");
        buf_str(&b, "456789");
        buf_char(&b, '!');
        assert_int_equal(b.len, limit < 11 ? limit : 11);
        assert_int_equal(b.over, limit < 11);
        assert_memory_equal(buf_text(&b), "0123456789!", b.len);
        assert_int_equal(strlen(buf_text(&b)), b.len);
        buf_add(&b, NULL, 0);
    }
}

static void test_compare(void **state) {
    assert_true(str_is("a", "a") && !str_is("a", "A") && !str_is(NULL, "a") && !str_is("a", NULL) &&
                !str_is(NULL, NULL));
    assert_true(str_same(NULL, NULL) && str_same("", "") && !str_same("", NULL) && !str_same(NULL, "") &&
                !str_same("a", "b"));
    assert_true(str_is_nocase("aBc", "AbC") && !str_is_nocase("a", "ab") && !str_is_nocase(NULL, NULL) &&
                !str_is_nocase("a", NULL));
    assert_true(str_starts("abc", "ab") && str_starts("abc", "") && !str_starts("ab", "abc") && !str_starts(NULL, "") &&
                !str_starts("xab", "ab"));
    assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
}

/* An encoder of our own says what well-formed is; every code point, cut everywhere. */
static size_t encode(uint32_t c, char *out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf00 >> n) | c);
    return n;
}

static void test_utf8(void **state) {
    for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 || (c > 0xd700 && c < 0xe100) || c > 0x10ff00 ? 1 : 97) {
        char text[8] = "";
        struct arena *a = arena_new();
        size_t n = encode(c, text);
        bool surrogate = c >= 0xd800 && c < 0xe000;
        strcpy(text + n, "z");
        char *cut = str_cut(a, text, SIZE_MAX);
        if (surrogate)
            assert_string_equal(cut, "???z");
        else
            assert_string_equal(cut, text);
        for (size_t max = 0; max < n && !surrogate; max++)
            assert_string_equal(str_cut(a, text, max), "");
        if (!surrogate)
            assert_int_equal(strlen(str_cut(a, text, n)), n);
        arena_free(a);
    }
}

/* All pairs of bytes: what comes out is well-formed, and of the same length or shorter. */
static void test_utf8_broken(void **state) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"\xff", "?"},
        {"a\x80z", "a?z"},
        {"\xc0\xaf", "??"},
        {"\xc1\xbf", "??"},
        {"\xe0\x80\xaf", "???"},
        {"\xe0\x9f\xbf", "???"},
        {"\xf0\x8f\xbf\xbf", "????"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xf5\x80\x80\x80", "????"},
        {"\xe2\x82", "??"},
        {"\xe2\x82z", "??z"},
        {"\xf0\x9f\x98", "???"},
        {"\xc3\xa9\xc3", "\xc3\xa9?"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_string_equal(str_cut(*state, cases[i].in, SIZE_MAX), cases[i].out);
    assert_null(str_cut(*state, NULL, 5));
    assert_string_equal(str_cut(*state, "abc", 2), "ab");
    assert_string_equal(str_cut(*state, "a\xc3\xa9", 2), "a");
    assert_string_equal(str_cut(*state, "\xff\xff", 1), "?");
    for (int x = 1; x < 256; x++)
        for (int y = 1; y < 256; y++) {
            struct arena *a = arena_new();
            const char in[] = {(char)x, (char)y, 0};
            char *once = str_cut(a, in, SIZE_MAX);
            assert_int_equal(strlen(once), 2);
            assert_string_equal(str_cut(a, once, SIZE_MAX), once);
            arena_free(a);
        }
}

static void test_int64(void **state) {
    static const struct {
        const char *in;
        int64_t out; /* -1: none */
    } cases[] = {{"0", 0},
                 {"7", 7},
                 {"0012", 12},
                 {"9223372036854775807", INT64_MAX},
                 {"9223372036854775808", -1},
                 {"9223372036854775810", -1},
                 {"", -1},
                 {NULL, -1},
                 {"-1", -1},
                 {"+1", -1},
                 {" 1", -1},
                 {"1 ", -1},
                 {"1x", -1},
                 {"99999999999999999999999", -1},
                 {":", -1},
                 {"/", -1},
                 {"0x10", -1},
                 {"922337203685477580", 922337203685477580}};
    for (size_t i = 0; i < array_size(cases); i++) {
        int64_t v = -7;
        assert_int_equal(str_int64(cases[i].in, &v), cases[i].out >= 0);
        assert_int_equal(v, cases[i].out >= 0 ? cases[i].out : -7); /* untouched on failure */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {arena_test(test_fault),   arena_test(test_buf),  arena_test(test_buf_limit),
                                       arena_test(test_compare), arena_test(test_utf8), arena_test(test_utf8_broken),
                                       arena_test(test_int64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
