/* uri: paths, queries and hosts. */
#include "../../../src/serve/serve.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void decoding_is_exact(void **state) {
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(uri_decode(a, "a%3Ab%2fc", 9, false), "a:b/c");
    assert_string_equal(uri_decode(a, "a+b", 3, false), "a+b");
    assert_string_equal(uri_decode(a, "a+b", 3, true), "a b");
    assert_string_equal(uri_decode(a, "%C3%BC", 6, false), "\xc3\xbc");
    static const char *const broken[] = {"%", "%1", "%zz", "%00", "%ff", "%c3", "a%C3%28", "%ed%a0%80"};
    for (size_t i = 0; i < array_size(broken); i++)
        assert_null(uri_decode(a, broken[i], strlen(broken[i]), false));
}

static size_t split(struct arena *a, const char *path, const char **segments) {
    size_t n = 0;
    return uri_segments(a, path, segments, &n) ? n : 99;
}

static void paths_are_split_before_they_are_decoded(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const char *s[URI_SEGMENTS_MAX];
    assert_int_equal(split(a, "/api/v1/incidents/gitlab%3Agroup%2Fproject%234", s), 4);
    assert_string_equal(s[3], "gitlab:group/project#4");
    assert_int_equal(split(a, "/", s), 0);
    assert_int_equal(split(a, "/api/", s), 1);
    assert_int_equal(split(a, "/a//b", s), 99);
    assert_int_equal(split(a, "", s), 0);
    assert_int_equal(split(a, "x", s), 99);
    assert_int_equal(split(a, "/1/2/3/4/5/6/7/8", s), 8);
    assert_int_equal(split(a, "/1/2/3/4/5/6/7/8/9", s), 99);
    assert_int_equal(split(a, "/a/%00", s), 99);
}

static void parameters_come_in_order(void **state) {
    cleanup_arena struct arena *a = arena_new();
    struct uri_param p[URI_PARAMS_MAX];
    size_t n = 0;
    assert_true(uri_params(a, "state=open&search=a+b%26c&&flag&x=1=2", p, &n));
    assert_int_equal(n, 4);
    assert_string_equal(p[1].name, "search");
    assert_string_equal(p[1].value, "a b&c");
    assert_string_equal(p[2].value, "");
    assert_string_equal(p[3].value, "1=2");
    assert_true(uri_params(a, "", p, &n));
    assert_int_equal(n, 0);
    assert_false(uri_params(a, "a=%zz", p, &n));
    assert_false(uri_params(a, "1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17", p, &n));
}

static void hosts_are_found(void **state) {
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(uri_host(a, "https://Bascule.Example.org:444/x"), "bascule.example.org");
    assert_string_equal(uri_host(a, "localhost:8420"), "localhost");
    assert_string_equal(uri_host(a, "[::1]:8420"), "::1");
    assert_string_equal(uri_host(a, "http://[::1]/"), "::1");
    assert_string_equal(uri_host(a, NULL), "");
}

static void only_loopback_is_loopback(void **state) {
    static const char *const yes[] = {"localhost", "127.0.0.1", "127.1.2.3", "::1"};
    static const char *const no[] = {
        "",           "127.0.0",        "127.evil.example", "1270.0.0.1", "10.0.0.1", "127.0.0.1.evil",
        "127.0.0.1.", "localhost.evil", "0.0.0.0",          "::",         "127..0.1", "127.0.0.1234"};
    for (size_t i = 0; i < array_size(yes); i++)
        assert_true(uri_host_is_loopback(yes[i]));
    for (size_t i = 0; i < array_size(no); i++)
        assert_false(uri_host_is_loopback(no[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_is_exact),         cmocka_unit_test(paths_are_split_before_they_are_decoded),
        cmocka_unit_test(parameters_come_in_order),  cmocka_unit_test(hosts_are_found),
        cmocka_unit_test(only_loopback_is_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
