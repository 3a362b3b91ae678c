/* rt_date: which forms of a date RT reads, and as what. */
#include "say.h"

#include "../../../src/sandbox/rt.h"

static void assert_date(const char *text, const char *zone, const char *expected) {
    cleanup_arena struct arena *a = arena_new();
    const char *got = time_text(a, rt_date_read(text, zone, NOON));
    assert_string_equal(got, expected);
}

static void reads_forms_of_people(void **state) {
    (void)state;
    const char *second = "2026-11-22T06:57:02Z";
    assert_date("2026-11-22 06:57:02", "", second);
    assert_date("2026-11-22T06:57:02", "", second);
    assert_date("2026-11-22 06:57:02 UTC", "", second);
    assert_date("2026-11-22 06:57:02 +0000", "", second);
    assert_date("2026-11-22T06:57:02+00:00", "", second);
    assert_date("Sun, 22 Nov 2026 06:57:02 +0000", "", second);
    assert_date("22 Nov 2026 06:57:02", "", second);
    assert_date("2026-11-22", "", "2026-11-22T00:00:00Z");
    assert_date("now", "", "2026-01-01T12:00:00Z");
    assert_date("2 hours ago", "", "2026-01-01T10:00:00Z");
    assert_date("1 week ago", "Europe/Berlin", "2025-12-25T12:00:00Z");
    assert_date("yesterday", "", "2025-12-31T12:00:00Z");
}

static void keeps_only_the_day_of_its_own_form(void **state) {
    (void)state;
    assert_date("2026-11-22T06:57:02Z", "", "2026-11-22T00:00:00Z");
    assert_date("2026-11-22 06:57:02Z", "", "2026-11-22T00:00:00Z");
    assert_date("2026-11-22T06:57:02.000Z", "", "2026-11-22T00:00:00Z");
}

static void takes_nonsense_for_1970(void **state) {
    (void)state;
    const char *const nonsense[] = {"",
                                    "zzz",
                                    "1795400000",
                                    "2030-01",
                                    "0",
                                    "-1",
                                    "2026-13-45",
                                    "1969-01-01",
                                    "2026-11-22x",
                                    "99 fortnights ago",
                                    "-3 days ago",
                                    "'",
                                    "2026-00-10 00:00:00"};
    for (size_t i = 0; i < array_size(nonsense); i++)
        assert_int_equal(rt_date_read(nonsense[i], "", NOON), 0);
}

static void reads_every_form_in_the_users_zone(void **state) {
    (void)state;
    assert_date("2026-11-22 06:57:02", "Europe/Berlin", "2026-11-22T05:57:02Z");
    assert_date("2026-07-22 06:57:02", "Europe/Berlin", "2026-07-22T04:57:02Z");
    assert_date("2026-11-22 06:57:02 +0000", "Europe/Berlin", "2026-11-22T05:57:02Z"); /* the offset is not believed */
    assert_date("2026-11-22 06:57:02 UTC", "-03:30", "2026-11-22T10:27:02Z");
    assert_date("2026-11-22T06:57:02Z", "Europe/Berlin", "2026-11-21T23:00:00Z");
}

static void knows_when_clocks_change(void **state) {
    (void)state;
    static const struct {
        const char *zone, *local;
        int ahead; /* minutes */
    } rows[] = {
        {"Europe/Berlin", "2026-03-29T01:59:59Z", 60},
        {"Europe/Berlin", "2026-03-29T02:00:00Z", 120},
        {"Europe/Berlin", "2026-10-25T01:59:59Z", 120},
        {"Europe/Berlin", "2026-10-25T02:00:00Z", 60},
        {"Europe/London", "2026-03-29T00:59:59Z", 0},
        {"Europe/London", "2026-03-29T01:00:00Z", 60},
        {"America/New_York", "2026-03-08T01:59:59Z", -300},
        {"America/New_York", "2026-03-08T02:00:00Z", -240},
        {"America/New_York", "2026-11-01T00:59:59Z", -240},
        {"America/New_York", "2026-11-01T01:00:00Z", -300},
        {"Asia/Kolkata", "2026-07-01T00:00:00Z", 330},
        {"", "2026-07-01T00:00:00Z", 0},
        {"+05:45", "2026-07-01T00:00:00Z", 345},
        {"-03:30", "2026-07-01T00:00:00Z", -210},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        msec_t local, offset;
        assert_true(time_parse(rows[i].local, &local));
        assert_true(zone_offset(rows[i].zone, local, &offset));
        assert_int_equal(offset / 60000, rows[i].ahead);
    }
    msec_t offset;
    const char *const unknown[] = {"Mars/Olympus", "+25:00", "+1", "+01:00x", "europe/berlin"};
    for (size_t i = 0; i < array_size(unknown); i++)
        assert_false(zone_offset(unknown[i], 0, &offset));
}

static void counts_days(void **state) {
    (void)state;
    assert_int_equal(day_number(1970, 1, 1), 0);
    assert_int_equal(day_number(2000, 3, 1), 11017);
    assert_int_equal(day_number(1969, 12, 31), -1);
    int64_t day = day_number(1900, 1, 1);
    for (int year = 1900; year < 2200; year++)
        for (int month = 1; month <= 12; month++) {
            static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
            bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            assert_int_equal(day_number(year, month, 1), day);
            day += lengths[month - 1] + (leap && month == 2);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_forms_of_people),    cmocka_unit_test(keeps_only_the_day_of_its_own_form),
        cmocka_unit_test(takes_nonsense_for_1970),  cmocka_unit_test(reads_every_form_in_the_users_zone),
        cmocka_unit_test(knows_when_clocks_change), cmocka_unit_test(counts_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
