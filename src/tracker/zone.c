/* zone: time zones of accounts, in the one place (tzdata's files, RFC 8536).
 *
 * Some trackers read the dates of a query in the account's zone. Inside all is
 * UTC; here a moment becomes the figures that will be read as that moment. What
 * such a tracker does is its own arithmetic (seen in RT): the figures, taken as
 * UTC, minus the zone's offset at just that moment. So an hour a year can't be
 * said at all; then the last moment before it is said, and the caller asks wider. */
#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONEINFO      "/usr/share/zoneinfo"
#define FILE_MAX      (128u << 10)
#define MOVES_MAX     4000
#define NAME_BYTES    80
#define SECONDS_A_DAY 86400

/* A rule of the file's last line: month, week, day of week, seconds of the day; local before the change. */
struct change_rule {
    int month, week, day;
    int64_t at;
};

struct zone {
    char name[NAME_BYTES];
    size_t n;
    struct {
        int64_t at, offset; /* seconds; from then on */
    } moves[MOVES_MAX];
    int64_t first;  /* before all of them */
    bool has_rules; /* after them */
    int64_t winter, summer;
    struct change_rule begins, ends;
};

/* ---- the last line: "EST5EDT,M3.2.0,M11.1.0" ---- */

static bool name_skip(const char **p) {
    const char *from = *p;
    if (**p == '<') {
        *p += strcspn(*p, ">");
        return *(*p) ? ((*p)++, true) : false;
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        (*p)++;
    return *p - from >= 3;
}

/* [+-]hh[:mm[:ss]], in seconds. */
static bool span_read(const char **p, int64_t *ret) {
    char *end;
    bool minus = **p == '-';
    if (**p == '-' || **p == '+')
        (*p)++;
    long part = strtol(*p, &end, 10);
    if (end == *p || part < 0 || part > 167)
        return false;
    int64_t sum = part * 3600;
    for (int unit = 60; *end == ':' && unit; unit /= 60) {
        const char *from = end + 1;
        part = strtol(from, &end, 10);
        if (end == from || part < 0 || part > 59)
            return false;
        sum += part * unit;
    }
    *p = end;
    *ret = minus ? -sum : sum;
    return true;
}

static bool change_read(const char **p, struct change_rule *r) {
    int used = 0;
    if (sscanf(*p, ",M%2d.%1d.%1d%n", &r->month, &r->week, &r->day, &used) != 3 || !used)
        return false;
    *p += used;
    r->at = 7200;
    if (**p == '/') {
        (*p)++;
        return span_read(p, &r->at);
    }
    return r->month >= 1 && r->month <= 12 && r->week >= 1 && r->week <= 5 && r->day <= 6;
}

static void rules_read(struct zone *z, const char *p) {
    int64_t west;
    if (!name_skip(&p) || !span_read(&p, &west))
        return;
    z->winter = z->summer = -west;
    z->has_rules = *p == 0;
    if (!*p || !name_skip(&p))
        return;
    z->summer = z->winter + 3600;
    if (*p != ',') {
        if (!span_read(&p, &west))
            return;
        z->summer = -west;
    }
    z->has_rules = change_read(&p, &z->begins) && change_read(&p, &z->ends);
}

static int64_t day_of(int64_t year, int month, int day) { /* since 1970 */
    int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* When that change happens in that year, UTC. */
static int64_t change_at(const struct change_rule *r, int64_t year, int64_t offset) {
    int64_t first = day_of(year, r->month, 1), weekday = ((first + 4) % 7 + 7) % 7;
    int64_t day = first + (r->day - weekday + 7) % 7 + 7 * (r->week - 1);
    int64_t next = r->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, r->month + 1, 1);
    while (day >= next)
        day -= 7;
    return day * SECONDS_A_DAY + r->at - offset;
}

static int64_t offset_by_rules(const struct zone *z, int64_t t) {
    if (z->winter == z->summer)
        return z->winter;
    int64_t year = 1970 + (t + z->winter) / 31556952;
    if ((t + z->winter) < day_of(year, 1, 1) * SECONDS_A_DAY)
        year--;
    else if ((t + z->winter) >= day_of(year + 1, 1, 1) * SECONDS_A_DAY)
        year++;
    int64_t begins = change_at(&z->begins, year, z->winter), ends = change_at(&z->ends, year, z->summer);
    bool summer = begins < ends ? t >= begins && t < ends : t >= begins || t < ends;
    return summer ? z->summer : z->winter;
}

/* ---- the file ---- */

static int64_t number_at(const unsigned char *p, int bytes) {
    uint64_t v = p[0] & 0x80 ? ~UINT64_C(0) : 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

struct counts {
    size_t utc, std, leap, time, type, chars;
};

static struct counts counts_at(const unsigned char *p) {
    size_t n[6];
    for (int i = 0; i < 6; i++)
        n[i] = (size_t)(uint32_t)number_at(p + 20 + 4 * i, 4);
    return (struct counts){n[0], n[1], n[2], n[3], n[4], n[5]};
}

static bool counts_fit(const struct counts *c, size_t most) {
    return c->time <= MOVES_MAX && c->type && c->type <= 256 && c->leap <= 100 && c->chars <= most && c->utc <= 256 &&
           c->std <= 256;
}

static size_t block_size(const struct counts *c, size_t wide) {
    return c->time * (wide + 1) + c->type * 6 + c->chars + c->leap * (wide + 4) + c->std + c->utc;
}

static bool file_read(struct zone *z, const unsigned char *data, size_t len) {
    const size_t head = 44;
    if (len < head || memcmp(data, "TZif", 4) != 0 || data[4] < '2')
        return false;
    struct counts c = counts_at(data);
    if (!counts_fit(&c, len) || len < 2 * head + block_size(&c, 4))
        return false;
    const unsigned char *p = data + head + block_size(&c, 4);
    c = counts_at(p);
    p += head;
    if (memcmp(p - head, "TZif", 4) != 0 || !counts_fit(&c, len) || (size_t)(data + len - p) < block_size(&c, 8))
        return false;
    const unsigned char *which = p + 8 * c.time, *types = which + c.time;
    z->n = c.time;
    z->first = number_at(types, 4);
    for (size_t i = 0; i < c.time; i++) {
        if (which[i] >= c.type)
            return false;
        z->moves[i].at = number_at(p + 8 * i, 8);
        z->moves[i].offset = number_at(types + 6 * which[i], 4);
    }
    const char *last = (const char *)p + block_size(&c, 8); /* NUL-terminated by the caller */
    if (*last == '\n') {
        char line[NAME_BYTES] = "";
        size_t n = strcspn(last + 1, "\n");
        if (n < sizeof(line)) {
            memcpy(line, last + 1, n);
            rules_read(z, line);
        }
    }
    return true;
}

static bool name_safe(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    return name && *name && *name != '/' && strlen(name) < NAME_BYTES && strspn(name, allowed) == strlen(name);
}

struct zone *zone_load(const char *name) {
    char path[sizeof(ZONEINFO) + NAME_BYTES + 1];
    if (!name_safe(name))
        return NULL;
    snprintf(path, sizeof(path), "%s/%s", ZONEINFO, name);
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    unsigned char *data = malloc(FILE_MAX + 1);
    size_t len = fread(data, 1, FILE_MAX, f);
    data[len] = 0;
    fclose(f);
    struct zone *z = calloc(1, sizeof(*z));
    snprintf(z->name, sizeof(z->name), "%s", name);
    bool ok = file_read(z, data, len);
    free(data);
    return ok ? z : zone_free(z);
}

struct zone *zone_free(struct zone *z) {
    free(z);
    return NULL;
}

const char *zone_name(const struct zone *z) {
    return z ? z->name : "UTC";
}

/* ---- what is said ---- */

static int64_t offset_at(const struct zone *z, int64_t t) {
    size_t low = 0, high = z->n; /* the number of moves up to t */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (z->moves[middle].at <= t)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->n && z->has_rules)
        return offset_by_rules(z, t);
    return low ? z->moves[low - 1].offset : z->first;
}

msec_t zone_offset_at(const struct zone *z, msec_t t) {
    return z ? offset_at(z, t / SEC_MS) * SEC_MS : 0;
}

msec_t zone_figures(const struct zone *z, msec_t t, bool *ret_exact) {
    int64_t s = t / SEC_MS;
    *ret_exact = true;
    if (!z)
        return t;
    for (int day = -1; day <= 1; day++) {
        int64_t offset = offset_at(z, s + day * SECONDS_A_DAY);
        if (offset_at(z, s + offset) == offset)
            return t + offset * SEC_MS;
    }
    *ret_exact = false;
    int64_t low = s - 2 * SECONDS_A_DAY, high = s + 2 * SECONDS_A_DAY; /* the last figures that are read before t */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (middle - offset_at(z, middle) < s)
            low = middle;
        else
            high = middle;
    }
    return low * SEC_MS;
}
