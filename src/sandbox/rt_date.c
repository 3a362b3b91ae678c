/* rt_date: how RT reads a date that a person typed.
 *
 * The traps are the point: every form is read in the user's zone, whatever
 * offset it carries; of the very form of RT's own answers (a Z at the end) only
 * the day is kept; and what is not understood at all silently means 1970. Pure. */
#include "rt.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool civil(int year, int month, int day, int hour, int minute, int second, msec_t *ret) {
    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    *ret = day_number(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * SEC_MS;
    return true;
}

/* What may follow the time: nothing, or a zone, which is read and ignored. */
static bool is_ignored_zone(const char *s) {
    int h, m, end = 0;
    if (!*s || str_is(s, " UTC") || str_is(s, " GMT"))
        return true;
    if (*s == ' ')
        s++;
    return (sscanf(s, "%*1[+-]%2d:%2d%n", &h, &m, &end) == 2 && !s[end]) ||
           (strlen(s) == 5 && sscanf(s, "%*1[+-]%2d%2d%n", &h, &m, &end) == 2 && !s[end]);
}

static bool read_iso(const char *s, msec_t *ret) {
    int y, mo, d, h = 0, mi = 0, sec = 0, end = 0;
    char between;
    if (sscanf(s, "%4d-%2d-%2d%n", &y, &mo, &d, &end) != 3)
        return false;
    if (!s[end])
        return civil(y, mo, d, 0, 0, 0, ret);
    bool day = s[end] == ' ' || s[end] == 'T';
    if (sscanf(s, "%*4d-%*2d-%*2d%c%2d:%2d:%2d%n", &between, &h, &mi, &sec, &end) != 4 ||
        (between != ' ' && between != 'T') || !is_ignored_zone(s + end))
        return day && civil(y, mo, d, 0, 0, 0, ret); /* 02:00:00Z: the time is lost, the day stays */
    return civil(y, mo, d, h, mi, sec, ret);
}

static bool read_mail(const char *s, msec_t *ret) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int d, y, h, mi, sec, end = 0;
    char name[4];
    const char *comma = strchr(s, ',');
    if (comma)
        s = comma + 1 + strspn(comma + 1, " ");
    if (sscanf(s, "%2d %3[A-Za-z] %4d %2d:%2d:%2d%n", &d, name, &y, &h, &mi, &sec, &end) != 6)
        return false;
    const char *at = strstr(months, name);
    if (!at || strlen(name) != 3 || (at - months) % 3 || !is_ignored_zone(s + end))
        return false;
    return civil(y, (int)(at - months) / 3 + 1, d, h, mi, sec, ret);
}

/* "2 hours ago", "yesterday": relative to now, so no zone comes in. */
static bool read_relative(const char *s, msec_t now, msec_t *ret) {
    static const struct {
        const char *name;
        msec_t span;
    } units[] = {
        {"second", SEC_MS}, {"minute", 60 * SEC_MS}, {"hour", 3600 * SEC_MS}, {"day", DAY_MS}, {"week", 7 * DAY_MS}};
    long n = 1;
    char unit[12] = "", ago[4] = "";
    if (str_is_nocase(s, "now")) {
        *ret = now;
        return true;
    }
    if (str_is_nocase(s, "tomorrow")) {
        *ret = now + DAY_MS;
        return true;
    }
    if (str_is_nocase(s, "yesterday")) {
        *ret = now - DAY_MS;
        return true;
    }
    if (sscanf(s, "%ld %11[a-z] %3[ago]", &n, unit, ago) != 3 || !str_is(ago, "ago") || n < 0 || n > 100000)
        return false;
    for (size_t i = 0; i < array_size(units); i++) {
        size_t len = strlen(units[i].name);
        if (strncmp(unit, units[i].name, len) == 0 && (!unit[len] || str_is(unit + len, "s"))) {
            *ret = now - n * units[i].span;
            return true;
        }
    }
    return false;
}

const char *rt_zone_of(const struct rt_actor *who) {
    return str_empty(who->user->zone) ? who->c->sb->server_zone : who->user->zone;
}

msec_t rt_date_read(const char *text, const char *zone, msec_t now) {
    msec_t t, offset = 0;
    if (read_relative(text, now, &t))
        return t / SEC_MS * SEC_MS;
    if (!read_iso(text, &t) && !read_mail(text, &t))
        return 0;
    if (!zone_offset_of_figures(zone, t, &offset)) /* at the figures taken as UTC, whatever the clock there shows */
        offset = 0;
    return t - offset;
}
