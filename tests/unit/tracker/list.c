/* list: no change is missed, whatever happens between the pages.
 *
 * The recipes of RT and Redmine poll a small tracker that lives in this file and
 * has the real ones' habits (seconds, a filter that begins a second early, changes
 * that show late). It is changed at random between and within rounds; an engine of
 * a few lines ingests what comes. At the end every record must be known as it is. */
#include "bascule/tracker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORDS_MAX 600
#define BEGIN_MS    1795000000000LL

struct fake {
    bool redmine;
    int n;
    struct {
        msec_t updated; /* as stored, with fraction */
        msec_t visible; /* when readers see it */
        int revision;   /* goes up with every change, also with those no list shows */
        msec_t shown_updated;
        int shown_revision;
    } r[RECORDS_MAX + 1]; /* by id, from 1 */
    msec_t now;
    uint64_t seed;
    bool no_date;
};

/* What an engine keeps. */
struct engine {
    struct {
        uint64_t hash;
        int revision;
    } known[RECORDS_MAX + 1];
    char cursor[400];
    int requests, given;
};

static uint64_t next_random(struct fake *f) {
    f->seed ^= f->seed << 13;
    f->seed ^= f->seed >> 7;
    f->seed ^= f->seed << 17;
    return f->seed;
}
static int below(struct fake *f, int n) {
    return (int)(next_random(f) % (uint64_t)n);
}

static void settle(struct fake *f) {
    for (int i = 1; i <= f->n; i++)
        if (f->r[i].visible <= f->now) {
            f->r[i].shown_updated = f->r[i].updated;
            f->r[i].shown_revision = f->r[i].revision;
        }
}

static void change(struct fake *f, int id, msec_t late) {
    settle(f);
    if (id > f->n)
        f->n = id;
    f->r[id].updated = f->now;
    f->r[id].revision++;
    f->r[id].visible = f->now + late;
    settle(f);
}

/* ---- replies ---- */

/* The time that follows in the URL: "2026-11-23T01%3A02%3A03" or with a blank. */
static msec_t arg_time(const char *url, const char *after) {
    msec_t t = 0;
    char text[40];
    const char *p = strstr(url, after);
    if (!p)
        return -1;
    p += strlen(after);
    const char *clock = p + (p[10] == 'T' ? 11 : 13);
    snprintf(text, sizeof(text), "%.10sT%.2s:%.2s:%.2sZ", p, clock, clock + 5, clock + 10);
    return time_parse(text, &t) ? t : -1;
}

static int arg_id(const char *url, const char *after) {
    const char *p = strstr(url, after);
    return p ? atoi(p + strlen(after)) : 0;
}

static bool sought(const struct fake *f, const char *url, int id) {
    msec_t t = f->r[id].shown_updated, second = t / 1000 * 1000;
    if (!t)
        return false;
    if (!f->redmine) {
        msec_t since = arg_time(url, "LastUpdated%20%3E%20%27");
        return second > since || (second == since && id > arg_id(url, "id%20%3E%20"));
    }
    if (strstr(url, "updated_on=%3E%3C")) { /* "><": begins a second early, ends before the last one's fraction */
        msec_t from = arg_time(url, "updated_on=%3E%3C"), until = arg_time(url, "%7C");
        return t > from - 1000 && t <= until && id >= arg_id(url, "issue_id=%3E%3D");
    }
    msec_t since = arg_time(url, "updated_on=%3E%3D");
    return t > since - 1000;
}

static struct fake *sorting;
static bool by_id;
static int order(const void *x, const void *y) {
    int a = *(const int *)x, b = *(const int *)y;
    msec_t ta = sorting->r[a].shown_updated, tb = sorting->r[b].shown_updated;
    if (!sorting->redmine) {
        ta /= 1000;
        tb /= 1000;
    }
    return by_id || ta == tb ? (a > b) - (a < b) : (ta > tb) - (ta < tb);
}

static void answer(struct fake *f, const char *url, struct buf *b) {
    int found[RECORDS_MAX], n = 0;
    cleanup_arena struct arena *a = arena_new();
    settle(f);
    for (int i = 1; i <= f->n; i++)
        if (sought(f, url, i))
            found[n++] = i;
    sorting = f;
    by_id = strstr(url, "sort=id&") != NULL;
    qsort(found, (size_t)n, sizeof(*found), order);
    buf_str(b, f->redmine ? "{\"issues\":[" : "{\"items\":[");
    for (int i = 0; i < n && i < 100; i++) {
        const char *when = time_text(a, f->r[found[i]].shown_updated);
        if (f->redmine)
            buf_printf(b, "%s{\"id\":%d,\"status\":{\"name\":\"New\"},\"subject\":\"x\",\"updated_on\":\"%s\"}",
                       i ? "," : "", found[i], when);
        else
            buf_printf(b, "%s{\"id\":\"%d\",\"Status\":\"new\",\"Subject\":\"x\",\"LastUpdated\":\"%s\"}", i ? "," : "",
                       found[i], when);
    }
    buf_str(b, "]}");
}

/* ---- rounds ---- */

static bool unchanged(void *arg, const char *id, uint64_t hash) {
    return ((struct engine *)arg)->known[atoi(id)].hash == hash;
}

/* One page; true if there are more. */
static bool page(struct tracker *t, struct fake *f, struct engine *e, bool back) {
    struct http_request q;
    struct op *op = (back ? op_list_back : op_list)(t, e->cursor[0] ? e->cursor : NULL, 0, unchanged, e);
    while (op_next(op, &q)) {
        cleanup_buf struct buf b = {0};
        answer(f, q.url, &b);
        struct http_reply r = {.result = HTTP_ANSWERED,
                               .status = 200,
                               .body = buf_text(&b),
                               .body_len = b.len,
                               .date = f->no_date ? 0 : f->now,
                               .began = f->now,
                               .ended = f->now};
        op_reply(op, &r);
        e->requests++;
    }
    const struct op_result *r = op_result(op);
    if (r->class != CLASS_OK)
        fail_msg("%s: %s", reply_class_name(r->class), r->words);
    for (size_t i = 0; i < r->n_records; i++) { /* ingesting is reading it whole, now */
        int id = atoi(r->records[i].id);
        e->known[id].hash = r->records[i].hash;
        e->known[id].revision = f->r[id].shown_revision;
        e->given++;
    }
    snprintf(e->cursor, sizeof(e->cursor), "%s", r->cursor);
    bool more = r->more;
    op_free(op);
    return more;
}

static void poll_round(struct tracker *t, struct fake *f, struct engine *e, bool disturbed) {
    for (int pages = 0; page(t, f, e, disturbed && !below(f, 6)); pages++) {
        assert_true(pages < 200);
        f->now += 50 + below(f, 200);
        if (disturbed && pages < 20)
            for (int i = below(f, 4); i > 0; i--)
                change(f, 1 + below(f, f->n), below(f, 3) ? 0 : below(f, 2500));
    }
}

static struct tracker *tracker_of(bool redmine) {
    struct fault f = {0};
    struct tracker *t = NULL;
    static json_t *auth, *scope;
    json_decref(auth);
    json_decref(scope);
    auth = redmine ? json_pack("{s:s}", "key", "k") : json_pack("{s:s}", "token", "1-2-x");
    scope = redmine ? json_pack("{s:s}", "project", "p") : json_pack("{s:s}", "queue", "q");
    struct tracker_settings s = {.name = "t",
                                 .connector = redmine ? "redmine" : "rt",
                                 .url = "http://x",
                                 .auth = auth,
                                 .scope = scope,
                                 .role = redmine ? ROLE_DEFECTS : ROLE_TICKETING};
    if (tracker_new(SOURCE_ROOT "/connectors", &s, &t, &f) < 0)
        fail_msg("%s", f.text);
    return t;
}

static void all_known(struct fake *f, const struct engine *e) {
    settle(f);
    for (int i = 1; i <= f->n; i++)
        if (f->r[i].revision && e->known[i].revision != f->r[i].revision)
            fail_msg("record %d: known revision %d of %d", i, e->known[i].revision, f->r[i].revision);
}

/* Rounds every few seconds; single changes, bursts in one moment, changes that show late. */
static void story(bool redmine, bool no_date, uint64_t seed) {
    struct fake f = {.redmine = redmine, .now = BEGIN_MS, .seed = seed, .no_date = no_date};
    struct engine *e = calloc(1, sizeof(*e));
    struct tracker *t = tracker_of(redmine);
    for (int i = 1; i <= 1 + below(&f, 300); i++, f.now += below(&f, 3) * 300)
        change(&f, i, 0);
    for (int round = 0; round < 40; round++) {
        poll_round(t, &f, e, true);
        f.now += 500 + below(&f, 20000);
        int kind = below(&f, 10);
        for (int i = kind == 0 ? 130 + below(&f, 200) : below(&f, 5); i > 0; i--)
            change(&f, 1 + below(&f, f.n < RECORDS_MAX - 3 ? f.n + 3 : f.n), below(&f, 4) ? 0 : below(&f, 2500));
        if (kind == 1) { /* twice within a second: a list can't tell */
            int id = 1 + below(&f, f.n);
            change(&f, id, 0);
            poll_round(t, &f, e, false);
            f.now += 1;
            change(&f, id, 0);
        }
    }
    for (int i = 0; i < 3; i++, f.now += no_date ? 12 * 60000 : 120000)
        poll_round(t, &f, e, false);
    all_known(&f, e);
    e->requests = e->given = 0;
    poll_round(t, &f, e, false);
    assert_int_equal(e->requests, 1); /* idle: one request, and nothing in it that is new */
    assert_int_equal(e->given, 0);
    tracker_free(t);
    free(e);
}

static void nothing_missed_rt(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++)
        story(false, false, seed * 7919);
}

static void nothing_missed_redmine(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++)
        story(true, seed & 1, seed * 104729);
}

/* A mass update: hundreds in one second, then silence. */
static void crowd(bool redmine) {
    struct fake f = {.redmine = redmine, .now = BEGIN_MS + 123, .seed = 5};
    struct engine *e = calloc(1, sizeof(*e));
    struct tracker *t = tracker_of(redmine);
    for (int i = 1; i <= 550; i++)
        change(&f, i, 0);
    f.now += 5000;
    poll_round(t, &f, e, false);
    all_known(&f, e);
    f.now += 100000;
    poll_round(t, &f, e, false);
    e->requests = 0;
    poll_round(t, &f, e, false);
    assert_int_equal(e->requests, 1);
    f.now += 1000;
    change(&f, 77, 0);
    f.now += 1000;
    poll_round(t, &f, e, false);
    all_known(&f, e);
    tracker_free(t);
    free(e);
}

static void crowd_rt(void **state) {
    (void)state;
    crowd(false);
}

static void crowd_redmine(void **state) {
    (void)state;
    crowd(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_missed_rt), cmocka_unit_test(nothing_missed_redmine),
                                       cmocka_unit_test(crowd_rt), cmocka_unit_test(crowd_redmine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
