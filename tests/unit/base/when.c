/* Times and spans as text, and back. */
#include "head.h"

#define UNTOUCHED 424242

static void test_parse(void **state) {
    static const struct {
        const char *in;
        msec_t out;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-02T03:04:05Z", 1767323045000},
        {"2026-01-02t03:04:05z", 1767323045000},
        {"2026-01-02 03:04:05Z", 1767323045000},
        {"2026-01-02T03:04:05.1Z", 1767323045100},
        {"2026-01-02T03:04:05.123Z", 1767323045123},
        {"2026-01-02T03:04:05.123999999Z", 1767323045123},
        {"2026-01-02T03:04:05.000000000000000000000000001Z", 1767323045000},
        {"2026-01-02T05:04:05+02:00", 1767323045000},
        {"2026-01-02T05:04:05.000+0200", 1767323045000},
        {"2026-01-01T21:34:05-05:30", 1767323045000},
        {"2026-01-02T03:04:05-00:00", 1767323045000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"1969-12-31T23:59:59Z", -1000},
        {"9999-12-31T23:59:59Z", 253402300799000},
        {"1600-03-01T00:00:00Z", -11670912000000},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        msec_t t = UNTOUCHED;
        if (!time_parse(cases[i].in, &t) || t != cases[i].out) {
            print_error("%s gives %lld\n", cases[i].in, (long long)t);
            fail();
        }
    }
}

static void test_parse_refuses(void **state) {
    static const char *const cases[] = {
        NULL,
        "",
        "2026",
        "2026-01-02",
        "2026-01-02T03:04Z",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05X",
        "2026-01-02T03:04:05Zx",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05+2",
        "2026-01-02T03:04:05+02",
        "2026-01-02T03:04:05+02:",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+02:60",
        "2026-00-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-01-32T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "1900-02-29T03:04:05Z",
        "2026-02-30T03:04:05Z",
        "2026-01-02T24:04:05Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:61Z",
        "2026/01/02T03:04:05Z",
        "26-01-02T03:04:05Z",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03-04-05Z",
        "2026-01-02T03:04-05Z",
        "2026-1-2T3:4:5Z",
        "2026-01-02x03:04:05Z",
        "-026-01-02T03:04:05Z",
        "2026-01-02T03:04:05 02:00",
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        msec_t t = UNTOUCHED;
        if (time_parse(cases[i], &t) || t != UNTOUCHED) {
            print_error("%s is taken for a time\n", cases[i]);
            fail();
        }
    }
}

/* Every cut of a good one is none. */
static void test_parse_cut(void **state) {
    const char *good = "2026-01-02T03:04:05.123+02:00";
    for (size_t n = 0; n < strlen(good); n++) {
        msec_t t;
        assert_false(time_parse(arena_strndup(*state, good, n), &t));
    }
}

/* There and back, over all days from 1900 to 2100, and the calendar against its own rule. */
static void test_days(void **state) {
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    msec_t day = -25567 * DAY_MS; /* 1900-01-01 */
    for (int y = 1900; y <= 2100; y++)
        for (int m = 1; m <= 12; m++) {
            int n = length[m - 1] + (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));
            for (int d = 1; d <= n; d++, day += DAY_MS) {
                char text[32], next[32];
                struct arena *a = arena_new();
                msec_t t;
                snprintf(text, sizeof(text), "%04d-%02d-%02dT23:59:59Z", y, m, d);
                snprintf(next, sizeof(next), "%04d-%02d-%02d", y, m, d);
                assert_true(time_parse(text, &t));
                assert_int_equal(t, day + DAY_MS - SEC_MS);
                assert_string_equal(time_text(a, t), text);
                assert_string_equal(time_day(a, t + 999), next);
                assert_string_equal(time_day(a, t), next);
                arena_free(a);
            }
        }
}

static void test_text(void **state) {
    assert_string_equal(time_text(*state, 0), "");
    assert_string_equal(time_day(*state, 0), "");
    assert_string_equal(time_text(*state, 1767323045999), "2026-01-02T03:04:05Z");
    assert_string_equal(time_text(*state, -1), "1969-12-31T23:59:59Z");
    assert_string_equal(time_text(*state, -1000), "1969-12-31T23:59:59Z");
    assert_string_equal(time_text(*state, -1001), "1969-12-31T23:59:58Z");
    assert_string_equal(time_day(*state, 1767323045999), "2026-01-02");
}

static void test_http(void **state) {
    static const struct {
        const char *in;
        msec_t out;
    } cases[] = {{"Fri, 02 Jan 2026 03:04:05 GMT", 1767323045000},
                 {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
                 {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},
                 {"Thu, 31 Dec 2026 23:59:59 GMT", 1798761599000}};
    static const char *const bad[] = {NULL,
                                      "",
                                      "now",
                                      "Fri, 02 Jan 2026 03:04:05",
                                      "Fri, 02 Jan 2026 03:04:05 CET",
                                      "Fri, 02 Foo 2026 03:04:05 GMT",
                                      "Fri, 32 Jan 2026 03:04:05 GMT",
                                      "Fri, 30 Feb 2026 03:04:05 GMT",
                                      "Fri, 02 Jan 2026 24:04:05 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994",
                                      "Fri, -2 Jan 2026 03:04:05 GMT",
                                      "Fri, 02 Jan 2026 03:-4:05 GMT",
                                      "Fry, 02 Jan 2026 03:04:05 GMT",
                                      "Fri, 02 Jan 2026 03:04:05 GMTx",
                                      "Fri, 2 Jan 2026 03:04:05 GMT",
                                      "Fri, 02 jan 2026 03:04:05 GMT",
                                      "Fri 02 Jan 2026 03:04:05 GMT"};
    for (size_t i = 0; i < array_size(cases); i++) {
        msec_t t = UNTOUCHED;
        assert_true(time_parse_http(cases[i].in, &t));
        assert_int_equal(t, cases[i].out);
    }
    for (size_t i = 0; i < array_size(bad); i++) {
        msec_t t = UNTOUCHED;
        if (time_parse_http(bad[i], &t) || t != UNTOUCHED) {
            print_error("%s is taken for a date\n", bad[i]);
            fail();
        }
    }
}

static void test_duration(void **state) {
    static const struct {
        const char *in;
        msec_t out;
        const char *back;
    } cases[] = {{"0s", 0, "0s"},         {"0ms", 0, "0s"},
                 {"30s", 30000, "30s"},   {"60s", 60000, "1m"},
                 {"15m", 900000, "15m"},  {"6h", 21600000, "6h"},
                 {"24h", DAY_MS, "1d"},   {"30d", 30 * DAY_MS, "30d"},
                 {"250ms", 250, "250ms"}, {"1500ms", 1500, "1500ms"},
                 {"90m", 5400000, "90m"}, {"1000000000d", 1000000000 * DAY_MS, "1000000000d"}};
    static const char *const bad[] = {NULL,
                                      "",
                                      "s",
                                      "30",
                                      "30 s",
                                      " 30s",
                                      "-1s",
                                      "+1s",
                                      "1.5s",
                                      "30S",
                                      "30sec",
                                      "1000000001s",
                                      "99999999999999999999s",
                                      "1h30m",
                                      "30d "};
    for (size_t i = 0; i < array_size(cases); i++) {
        msec_t d = UNTOUCHED;
        assert_true(duration_parse(cases[i].in, &d));
        assert_int_equal(d, cases[i].out);
        assert_string_equal(duration_text(*state, d), cases[i].back);
    }
    for (size_t i = 0; i < array_size(bad); i++) {
        msec_t d = UNTOUCHED;
        if (duration_parse(bad[i], &d) || d != UNTOUCHED) {
            print_error("%s is taken for a span\n", bad[i]);
            fail();
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(test_parse), arena_test(test_parse_refuses), arena_test(test_parse_cut), arena_test(test_days),
        arena_test(test_text),  arena_test(test_http),          arena_test(test_duration)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
