/* world: its clock, chance and trace; one step after the other; people's requests, and a look at what is committed. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- chance ---- */

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

uint64_t world_random(struct world *w, uint64_t n) {
    return next_random(&w->random) % n;
}
bool world_chance(struct world *w, int percent) {
    return world_random(w, 100) < (uint64_t)percent;
}

static void fill(void *arg, void *bytes, size_t n) {
    struct world *w = arg;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)next_random(&w->engine_random);
}

/* ---- telling ---- */

void world_tell(struct world *w, const char *format, ...) {
    char text[170];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char *line = w->trace[w->steps++ % TRACE_LINES];
    snprintf(line, sizeof(w->trace[0]), "%9.3f %s", (double)(w->now - w->began) / 1000, text);
    w->trace_hash = w->trace_hash * 1099511628211ULL ^ hash_str(line);
}

void world_fail(struct world *w, const char *format, ...) {
    char text[800];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    world_tell(w, "FAILED: %s", text);
    if (!w->failure[0])
        snprintf(w->failure, sizeof(w->failure), "%s", text);
}

void world_print_trace(const struct world *w) {
    uint64_t from = w->steps > TRACE_LINES ? w->steps - TRACE_LINES : 0;
    for (uint64_t i = from; i < w->steps; i++)
        fprintf(stderr, "  %s\n", w->trace[i % TRACE_LINES]);
}

void world_log(void *arg, enum log_level level, const char *text) {
    if (level >= LOG_LEVEL_WARN)
        world_tell(arg, "log: %s", text);
}

/* ---- clock and timers ---- */

static msec_t clock_of(void *arg) {
    struct world *w = arg;
    return w->now + w->step;
}

static msec_t mono_of(void *arg) {
    return ((struct world *)arg)->now;
}

static struct timer *timer_make(void *arg, void (*fire)(void *who), void *who) {
    struct world *w = arg;
    struct timer *t = calloc(1, sizeof(*t));
    *t = (struct timer){.next = w->timers, .w = w, .fire = fire, .who = who};
    w->timers = t;
    return t;
}

static void timer_start(struct timer *t, msec_t delay) {
    t->at = t->w->now + (delay > 0 ? delay : 0);
    t->order = t->w->order++;
    t->on = true;
}

static void timer_stop(struct timer *t) {
    t->on = false;
}

/* At once, in the one thread there is. */
static int pool_run(void *arg, void (*run)(void *who), void (*done)(void *who, bool ran), void *who) {
    (void)arg;
    run(who);
    done(who, true);
    return 0;
}

void timer_gone(struct timer *t) {
    if (!t)
        return;
    for (struct timer **at = &t->w->timers; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    free(t);
}
const struct clock world_clock = {clock_of, mono_of, NULL};
const struct timers world_timers = {timer_make, timer_start, timer_stop, timer_gone, NULL};
const struct pool world_pool = {pool_run, NULL};
const struct randomness world_randomness = {fill, NULL};

/* ---- steps ---- */

/* One thing at a time: a due timer, a piece of work, a reply; by time, then by age. */
bool world_step(struct world *w) {
    struct timer *timer = NULL;
    struct exchange *x = NULL;
    bool is_work = false;
    msec_t at = INT64_MAX;
    uint64_t order = UINT64_MAX;
    for (struct timer *t = w->timers; t; t = t->next)
        if (t->on && (t->at < at || (t->at == at && t->order < order))) {
            timer = t;
            at = t->at;
            order = t->order;
        }
    for (struct exchange *e = w->exchanges; e; e = e->next)
        for (int k = 0; k < 2; k++) {
            msec_t when = k ? e->reply_at : e->work_at;
            if (when && (when < at || (when == at && e->order < order))) {
                timer = NULL;
                x = e;
                is_work = !k;
                at = when;
                order = e->order;
            }
        }
    if (!timer && !x)
        return false;
    if (at > w->now)
        w->now = at;
    if (timer) {
        timer->on = false;
        timer->fire(timer->who);
    } else if (is_work) {
        exchange_work(x);
    } else {
        exchange_reply(x);
    }
    for (struct exchange *e = w->exchanges, *next; e; e = next) {
        next = e->next;
        if (!e->work_at && !e->reply_at)
            exchange_drop(e);
    }
    if (w->dead) {
        cover_met(w, "fault: death at a sync of the disk");
        world_crash(w);
    } else if (!w->draining) {
        watch_step(w);
        if (w->crash_permille && world_random(w, 1000) < (uint64_t)w->crash_permille) {
            if (world_chance(w, 50)) {
                cover_met(w, "fault: death between two steps");
                world_crash(w);
            } else {
                world_crash_at_sync(w, 1 + (int)world_random(w, 6));
            }
        }
    }
    return true;
}

static msec_t next_time(struct world *w) {
    msec_t at = INT64_MAX;
    for (struct timer *t = w->timers; t; t = t->next)
        if (t->on && t->at < at)
            at = t->at;
    for (struct exchange *e = w->exchanges; e; e = e->next) {
        if (e->work_at && e->work_at < at)
            at = e->work_at;
        if (e->reply_at && e->reply_at < at)
            at = e->reply_at;
    }
    return at;
}

void world_run(struct world *w, msec_t span) {
    msec_t end = w->now + span;
    for (int spin = 0; !w->failure[0] && next_time(w) <= end;) {
        msec_t before = w->now;
        if (!world_step(w))
            break;
        spin = w->now == before ? spin + 1 : 0;
        if (spin > 20000) {
            world_fail(w, "it spins: 20000 steps at one moment");
            break;
        }
    }
    if (w->now < end)
        w->now = end;
}

bool world_settle(struct world *w, msec_t most) {
    msec_t end = w->now + most;
    world_run(w, 20 * SEC_MS); /* a poll of each, at least */
    while (w->now < end && !w->failure[0]) {
        int64_t open = world_number(
            w, 1,
            "SELECT (SELECT count(*) FROM effect WHERE state IN ('in-flight', 'unsure') OR (state = 'pending' AND "
            "not_before <= %lld AND (batch = 0 OR batch IN (SELECT id FROM batch WHERE state = 'released')))) + "
            "(SELECT "
            "count(*) FROM due) + (SELECT count(*) FROM relink) + (SELECT count(*) FROM again WHERE kind = 'defect') + "
            "(SELECT count(*) FROM lookup WHERE next <= %lld) + (SELECT count(*) FROM tracker "
            "WHERE import <> 'done')",
            (long long)w->now + 3000, (long long)w->now);
        if (open == 0)
            return true;
        world_run(w, 5 * SEC_MS);
    }
    return false;
}

/* ---- people ---- */

int world_say(struct world *w, struct sandbox *to, const char *who, const char *method, const char *target,
              json_t *body, json_t **ret) {
    cleanup_arena struct arena *a = arena_new();
    bool rt = to == w->desk;
    const char *token = !who ? ""
                        : rt ? env_value(a, to, str_is(who, "root") ? "RT_ROOT_TOKEN" : "RT_AGENT_TOKEN")
                             : env_value(a, to, "REDMINE_KEY");
    struct sandbox_header headers[] = {
        {"Content-Type", "application/json"},
        {rt ? "Authorization" : "X-Redmine-API-Key", rt ? arena_printf(a, "token %s", token) : token},
        {"X-Redmine-Switch-User", who ? who : ""}};
    const char *text = body ? json_print(a, body) : NULL;
    struct sandbox_request q = {method,  rt && who ? arena_printf(a, "/REST/2.0%s", target) : target,
                                headers, who && !rt && !str_is(who, "admin") ? 3 : 2,
                                text,    text ? strlen(text) : 0};
    struct sandbox_reply reply;
    msec_t lag = who && w->config.laggy ? (msec_t)world_random(w, 2000) : 0;
    sandbox_handle(to, &q, w->now - lag, a, &reply);
    w->acted |= reply.status >= 200 && reply.status < 300 && !str_is(method, "GET");
    if (lag && w->listed_at[rt ? 0 : 1] >= w->now - lag)
        cover_met(w, rt ? "habit: RT shows later what it dates earlier"
                        : "habit: Redmine shows later what it dates earlier");
    json_decref(body);
    world_tell(w, "%s: %s %s %.80s: %d", who ? who : "-", method, target, text ? text : "", reply.status);
    if (ret)
        *ret = reply.body_len ? json_loads(reply.body, JSON_DECODE_ANY, NULL) : NULL;
    return reply.status;
}

struct answer {
    int status;
    json_t *result;
};

static void answered_command(void *who, int status, json_t *result) {
    struct answer *x = who;
    x->status = status;
    x->result = json_incref(result);
}

int world_command(struct world *w, const char *name, json_t *args, json_t **ret) {
    struct answer x = {0};
    world_tell(w, "command %s", name);
    engine_command(w->engine, name, args, "cli:test", answered_command, &x);
    while (!x.status && !w->failure[0] && world_step(w))
        ;
    json_decref(args);
    w->acted |= x.status >= 200 && x.status < 300;
    if (ret)
        *ret = x.result;
    else
        json_decref(x.result);
    return x.status;
}

/* ---- looking into the database ---- */

static printf_like(2, 0) sqlite3_stmt *query(struct world *w, const char *format, va_list args) {
    char sql[2000];
    sqlite3_stmt *q = NULL;
    vsnprintf(sql, sizeof(sql), format, args);
    if (sqlite3_prepare_v2(w->reader, sql, -1, &q, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(w->reader));
        abort();
    }
    return q;
}

int64_t world_number(struct world *w, int64_t otherwise, const char *format, ...) {
    va_list args;
    va_start(args, format);
    sqlite3_stmt *q = query(w, format, args);
    va_end(args);
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_type(q, 0) != SQLITE_NULL)
        otherwise = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return otherwise;
}

const char *world_text(struct world *w, const char *format, ...) {
    const char *text = "";
    va_list args;
    va_start(args, format);
    sqlite3_stmt *q = query(w, format, args);
    va_end(args);
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0))
        text = arena_strdup(w->a, (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    return text;
}
