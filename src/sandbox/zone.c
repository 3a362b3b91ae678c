/* zone: just enough of time zones for a tracker's account to have one.
 *
 * The room has no tzdata (no I/O): fixed offsets, and a few names with the
 * rules that hold since 2007. RT reads every date of a query in its user's
 * zone, which is what a client must not be surprised by. */
#include "call.h"

#include <stdio.h>
#include <string.h>

enum rule { RULE_NONE, RULE_EU, RULE_US };

static const struct {
    const char *name;
    int minutes; /* ahead of UTC in winter */
    enum rule rule;
} zones[] = {
    {"UTC", 0, RULE_NONE},
    {"GMT", 0, RULE_NONE},
    {"Etc/UTC", 0, RULE_NONE},
    {"Europe/London", 0, RULE_EU},
    {"Europe/Berlin", 60, RULE_EU},
    {"Europe/Paris", 60, RULE_EU},
    {"Europe/Zurich", 60, RULE_EU},
    {"Europe/Helsinki", 120, RULE_EU},
    {"America/New_York", -300, RULE_US},
    {"America/Los_Angeles", -480, RULE_US},
    {"Asia/Kolkata", 330, RULE_NONE},
    {"Asia/Tokyo", 540, RULE_NONE},
};

int64_t day_number(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int year_of(msec_t t) {
    int64_t day = t >= 0 ? t / DAY_MS : (t - DAY_MS + 1) / DAY_MS;
    int year = (int)(1970 + day * 400 / 146097);
    while (day_number(year, 1, 1) > day)
        year--;
    while (day_number(year + 1, 1, 1) <= day)
        year++;
    return year;
}

/* 1970-01-01 was a Thursday; weekday 0 is Sunday. */
static int64_t nth_sunday(int year, int month, int nth) {
    int64_t first = day_number(year, month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7;
    return first + (7 - weekday) % 7 + 7 * (nth - 1);
}

static int64_t last_sunday(int year, int month) {
    int64_t last = month == 12 ? day_number(year + 1, 1, 1) - 1 : day_number(year, month + 1, 1) - 1;
    return last - ((last + 4) % 7 + 7) % 7;
}

static bool is_summer(enum rule rule, int minutes, msec_t local) {
    int year = year_of(local);
    msec_t begins, ends, winter = (msec_t)minutes * 60 * SEC_MS;
    switch (rule) {
    case RULE_EU:
        begins = last_sunday(year, 3) * DAY_MS + 3600 * SEC_MS + winter;
        ends = last_sunday(year, 10) * DAY_MS + 3600 * SEC_MS + winter;
        return local >= begins && local < ends;
    case RULE_US:
        begins = nth_sunday(year, 3, 2) * DAY_MS + 7200 * SEC_MS;
        ends = nth_sunday(year, 11, 1) * DAY_MS + 3600 * SEC_MS;
        return local >= begins && local < ends;
    case RULE_NONE: break;
    }
    return false;
}

bool zone_offset_of_figures(const char *zone, msec_t figures, msec_t *ret) {
    for (size_t i = 0; i < array_size(zones); i++)
        if (str_is(zones[i].name, zone))
            return zone_offset(zone, figures + zones[i].minutes * 60 * SEC_MS, ret);
    return zone_offset(zone, figures, ret);
}

bool zone_offset(const char *zone, msec_t local, msec_t *ret) {
    int hours = 0, minutes = 0, end = 0;
    if (str_empty(zone)) {
        *ret = 0;
        return true;
    }
    if ((zone[0] == '+' || zone[0] == '-') && sscanf(zone + 1, "%2d:%2d%n", &hours, &minutes, &end) == 2 &&
        !zone[1 + end] && hours >= 0 && hours <= 14 && minutes >= 0 && minutes < 60) {
        *ret = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes) * 60 * SEC_MS;
        return true;
    }
    for (size_t i = 0; i < array_size(zones); i++) {
        if (!str_is(zones[i].name, zone))
            continue;
        int ahead = zones[i].minutes + (is_summer(zones[i].rule, zones[i].minutes, local) ? 60 : 0);
        *ret = ahead * 60 * SEC_MS;
        return true;
    }
    return false;
}

msec_t zone_wall(const char *zone, msec_t t) {
    msec_t offset = 0;
    if (t <= 0 || t > INT64_MAX - DAY_MS) /* a bound that is none */
        return t;
    (void)zone_offset_of_figures(zone, t, &offset);
    return t + offset;
}

msec_t zone_of_wall(const char *zone, msec_t t) {
    const msec_t hour = 3600 * SEC_MS;
    return t > 0 && zone_wall(zone, t + hour) == zone_wall(zone, t) ? t + hour : t;
}
