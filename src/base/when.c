/* when: times and spans as text, and back. UTC milliseconds inside. */
#include "bascule/base.h"

#include <string.h>
#include <time.h>

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t days_of(int64_t y, int m, int d) {
    struct tm tm = {.tm_year = (int)(y - 1900), .tm_mon = m - 1, .tm_mday = d};
    return (int64_t)timegm(&tm) / 86400;
}

static struct tm fields_of(msec_t t) {
    time_t s = (time_t)(t / SEC_MS - (t % SEC_MS < 0 ? 1 : 0));
    struct tm tm;
    gmtime_r(&s, &tm);
    return tm;
}

char *time_text(struct arena *a, msec_t t) {
    if (!t)
        return arena_strdup(a, "");
    struct tm tm = fields_of(t);
    return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                        tm.tm_min, tm.tm_sec);
}

char *time_day(struct arena *a, msec_t t) {
    if (!t)
        return arena_strdup(a, "");
    struct tm tm = fields_of(t);
    return arena_printf(a, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* Exactly n digits at *s, which moves on. */
static bool digits(const char **s, int n, int *ret) {
    int v = 0;
    for (int i = 0; i < n; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        v = v * 10 + (**s - '0');
    }
    *ret = v;
    return true;
}

static bool literal(const char **s, const char *one_of) {
    if (!**s || !strchr(one_of, **s))
        return false;
    (*s)++;
    return true;
}

/* ".123456" -> 123; none -> 0 */
static bool fraction(const char **s, int *ret_ms) {
    *ret_ms = 0;
    if (**s != '.')
        return true;
    (*s)++;
    int scale = 100, seen = 0;
    for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10, seen++)
        *ret_ms += (**s - '0') * scale;
    return seen > 0;
}

/* "Z", "+02:00", "+0200" */
static bool offset(const char **s, msec_t *ret) {
    *ret = 0;
    if (literal(s, "Zz"))
        return true;
    int sign = **s == '-' ? -1 : 1, h, m;
    if (!literal(s, "+-") || !digits(s, 2, &h))
        return false;
    literal(s, ":");
    if (!digits(s, 2, &m) || h > 23 || m > 59)
        return false;
    *ret = sign * (h * 60LL + m) * 60 * SEC_MS;
    return true;
}

static bool ranges(int y, int mo, int d, int h, int mi, int s) {
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return mo >= 1 && mo <= 12 && d >= 1 && d <= length[mo - 1] && !(mo == 2 && d == 29 && !leap) && h <= 23 &&
           mi <= 59 && s <= 60;
}

bool time_parse(const char *s, msec_t *ret) {
    int y, mo, d, h, mi, sec, ms;
    msec_t off;
    if (!s || !digits(&s, 4, &y) || !literal(&s, "-") || !digits(&s, 2, &mo) || !literal(&s, "-") ||
        !digits(&s, 2, &d) || !literal(&s, "Tt ") || !digits(&s, 2, &h) || !literal(&s, ":") || !digits(&s, 2, &mi) ||
        !literal(&s, ":") || !digits(&s, 2, &sec) || !fraction(&s, &ms) || !offset(&s, &off) || *s)
        return false;
    if (!ranges(y, mo, d, h, mi, sec))
        return false;
    *ret = ((days_of(y, mo, d) * 24 + h) * 60 + mi) * 60 * SEC_MS + sec * SEC_MS + ms - off;
    return true;
}

/* Three letters at *s, which moves on; their place in `names` ("JanFeb..."), from 1; 0 for none. */
static int name_of_three(const char **s, const char *names) {
    for (int i = 1; *names; i++, names += 3)
        if (strncmp(*s, names, 3) == 0) {
            *s += 3;
            return i;
        }
    return 0;
}

static bool literals(const char **s, const char *text) {
    for (; *text; text++, (*s)++)
        if (**s != *text)
            return false;
    return true;
}

bool time_parse_http(const char *s, msec_t *ret) {
    int y, mo, d, h, mi, sec;
    if (!s || !name_of_three(&s, "MonTueWedThuFriSatSun") || !literals(&s, ", ") || !digits(&s, 2, &d) ||
        !literal(&s, " "))
        return false;
    mo = name_of_three(&s, "JanFebMarAprMayJunJulAugSepOctNovDec");
    if (!mo || !literal(&s, " ") || !digits(&s, 4, &y) || !literal(&s, " ") || !digits(&s, 2, &h) ||
        !literal(&s, ":") || !digits(&s, 2, &mi) || !literal(&s, ":") || !digits(&s, 2, &sec) ||
        !literals(&s, " GMT") || *s)
        return false;
    if (!ranges(y, mo, d, h, mi, sec))
        return false;
    *ret = ((days_of(y, mo, d) * 24 + h) * 60 + mi) * 60 * SEC_MS + sec * SEC_MS;
    return true;
}

static const struct {
    const char *name;
    msec_t ms;
} units[] = {{"d", DAY_MS}, {"h", 3600 * SEC_MS}, {"m", 60 * SEC_MS}, {"s", SEC_MS}, {"ms", 1}};

bool duration_parse(const char *s, msec_t *ret) {
    int64_t v = 0;
    const char *p = s;
    if (!s || *s < '0' || *s > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (*p - '0');
        if (v > 1000000000LL)
            return false;
    }
    for (size_t i = 0; i < array_size(units); i++)
        if (str_is(units[i].name, p)) {
            *ret = v * units[i].ms;
            return true;
        }
    return false;
}

char *duration_text(struct arena *a, msec_t d) {
    for (size_t i = 0; i < array_size(units); i++)
        if (d && d % units[i].ms == 0)
            return arena_printf(a, "%lld%s", (long long)(d / units[i].ms), units[i].name);
    return arena_strdup(a, "0s");
}
