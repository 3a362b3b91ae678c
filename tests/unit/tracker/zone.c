/* zone: tzdata's files give what libc gives; what is said is read as what was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those: */
#include <cmocka.h>

#include "../../../src/tracker/runtime.h"

#include <stdlib.h>
#include <time.h>

#define HOUR_MS (3600 * SEC_MS)

static const char *const names[] = {"UTC",          "Europe/Berlin",     "Europe/Dublin",       "America/New_York",
                                    "Asia/Kolkata", "Asia/Kathmandu",    "Australia/Lord_Howe", "America/Sao_Paulo",
                                    "Pacific/Apia", "Africa/Casablanca", "America/St_Johns",    "Pacific/Auckland",
                                    "Asia/Tehran",  "Etc/GMT+5"};

static msec_t offset_of_libc(msec_t t) {
    time_t s = (time_t)(t / SEC_MS);
    struct tm tm;
    localtime_r(&s, &tm);
    return (msec_t)tm.tm_gmtoff * SEC_MS;
}

static void offsets_are_those_of_libc(void **state) {
    (void)state;
    for (size_t i = 0; i < array_size(names); i++) {
        struct zone *z = zone_load(names[i]);
        assert_non_null(z);
        setenv("TZ", names[i], 1);
        tzset();
        for (msec_t t = 0; t < 130 * 366 * DAY_MS; t += 11 * HOUR_MS + 7 * SEC_MS)
            if (zone_offset_at(z, t) != offset_of_libc(t)) {
                cleanup_arena struct arena *a = arena_new();
                fail_msg("%s at %s: %lld, not %lld", names[i], time_text(a, t), (long long)zone_offset_at(z, t),
                         (long long)offset_of_libc(t));
            }
        zone_free(z);
    }
    unsetenv("TZ");
    tzset();
}

/* As RT reads it. */
static msec_t read_as(const struct zone *z, msec_t figures) {
    return figures - zone_offset_at(z, figures);
}

static void what_is_said_is_read_as_what_was_meant(void **state) {
    (void)state;
    for (size_t i = 0; i < array_size(names); i++) {
        struct zone *z = zone_load(names[i]);
        int inexact = 0;
        bool exact;
        for (msec_t t = 1767225600000; t < 1767225600000 + 366 * DAY_MS; t += 15 * 60 * SEC_MS) { /* 2026 */
            msec_t got = read_as(z, zone_figures(z, t, &exact));
            inexact += !exact;
            if (exact)
                assert_int_equal(got, t);
            else
                assert_true(got < t && got >= t - HOUR_MS - SEC_MS);
        }
        if (str_is(names[i], "Asia/Kolkata") || str_is(names[i], "UTC"))
            assert_int_equal(inexact, 0);
        if (str_is(names[i], "America/New_York"))
            assert_int_equal(inexact, 4); /* an hour a year, in quarters */
        zone_free(z);
    }
    bool exact;
    assert_int_equal(zone_figures(NULL, 1234567, &exact), 1234567);
    assert_true(exact);
}

static void only_names_of_zones_are_opened(void **state) {
    static const char *const bad[] = {"",         "/etc/passwd", "../../../etc/passwd", "Europe/Nowhere",
                                      "zone.tab", "Europe",      "Europe/Berlin ",      "posixrules\n"};
    (void)state;
    assert_null(zone_load(NULL));
    for (size_t i = 0; i < array_size(bad); i++)
        assert_null(zone_load(bad[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_libc),
        cmocka_unit_test(what_is_said_is_read_as_what_was_meant),
        cmocka_unit_test(only_names_of_zones_are_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
