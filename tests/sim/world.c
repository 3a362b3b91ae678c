/* world: virtual time, the transport with its faults, beginnings and ends. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START             1772366400000LL /* 2026-03-01T12:00:00Z */
#define REQUESTS_A_MINUTE 1500            /* of a few dozen records */
#define REPLY_TIMEOUT     (30 * SEC_MS)

struct timer {
    struct timer *next;
    struct world *w;
    void (*fire)(void *who);
    void *who;
    msec_t at;
    uint64_t order;
    bool on;
};

struct exchange {
    struct exchange *next;
    struct world *w;
    struct http_request request; /* a copy in `a` */
    struct arena *a;
    http_done *done;
    void *who;
    enum fate fate;
    msec_t began, work_at, reply_at; /* 0: never, or behind it */
    uint64_t order;
    struct sandbox_reply answer;
    bool worked;
};

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

static void log_line(void *arg, enum log_level level, const char *text) {
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

static void timer_free(struct timer *t) {
    if (!t)
        return;
    for (struct timer **at = &t->w->timers; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    free(t);
}

/* ---- the transport ---- */

static const char *fate_name(enum fate f) {
    static const char *const names[] = {"",     "refused",    "lost before", "lost after", "late",      "cut",
                                        "html", "html after", "429",         "503",        "502 after", "twice",
                                        "slow", "",           "tired",       "empty",      "400",       "denied"};
    return names[f];
}

static bool is_write(const struct http_request *q) {
    return !str_is(q->method, "GET") && !str_is(q->method, "HEAD");
}

static struct sandbox *sandbox_of(struct world *w, const char *url, const char **ret_target) {
    struct sandbox *sb = str_starts(url, DESK) ? w->desk : w->product;
    *ret_target = url + strlen(sb == w->desk ? DESK : PRODUCT);
    return sb;
}

static enum fate chance_fate(struct world *w, const struct http_request *q) {
    if (w->fate_of)
        return w->fate_of(w->fate_arg, q);
    if (!w->fault_percent || !world_chance(w, w->fault_percent))
        return FATE_FINE;
    enum fate f = (enum fate)(1 + world_random(w, FATE_COUNT - 1));
    return f == FATE_TWICE && is_write(q) ? FATE_CUT : f;
}

static void copy_request(struct exchange *x, const struct http_request *q) {
    struct http_header *headers = arena_alloc(x->a, (q->n_headers + 1) * sizeof(*headers));
    for (size_t i = 0; i < q->n_headers; i++)
        headers[i] =
            (struct http_header){arena_strdup(x->a, q->headers[i].name), arena_strdup(x->a, q->headers[i].value)};
    x->request = *q;
    x->request.method = arena_strdup(x->a, q->method);
    x->request.url = arena_strdup(x->a, q->url);
    x->request.headers = headers;
    x->request.body = q->body ? arena_strndup(x->a, q->body, q->body_len) : NULL;
}

static struct exchange *transport_send(void *arg, const struct http_request *q, http_done *done, void *who) {
    struct world *w = arg;
    struct exchange *x = calloc(1, sizeof(*x));
    msec_t up = 3 + (msec_t)world_random(w, 30), timeout = q->timeout ? q->timeout : REPLY_TIMEOUT;
    *x = (struct exchange){
        .next = w->exchanges, .w = w, .a = arena_new(), .done = done, .who = who, .began = w->now, .order = w->order++};
    w->exchanges = x;
    copy_request(x, q);
    w->requests++;
    if (w->now - w->minute >= 60 * SEC_MS) {
        w->minute = w->now;
        w->requests_then = w->requests;
    } else if (w->requests - w->requests_then > REQUESTS_A_MINUTE) {
        world_fail(w, "it hammers: more than %d requests within a minute, now %s %s", REQUESTS_A_MINUTE, q->method,
                   q->url);
    }
    if (w->dead || w->draining) {
        x->reply_at = w->now;
        return x;
    }
    x->fate = chance_fate(w, q);
    if (is_write(q)) {
        w->writes++;
        watch_send(w, q);
        world_tell(w, "-> %s %s %s %.60s", q->method, q->url, fate_name(x->fate), q->body ? q->body : "");
    } else if (x->fate) {
        world_tell(w, "-> %s %.90s %s", q->method, q->url, fate_name(x->fate));
    }
    x->work_at = w->now + up;
    x->reply_at = w->now + up + 3 + (msec_t)world_random(w, 30);
    switch (x->fate) {
    case FATE_SLOW:
        x->work_at = w->now + 100 + (msec_t)world_random(w, 20000);
        x->reply_at = x->work_at + 100 + (msec_t)world_random(w, 5000);
        if (x->reply_at > w->now + timeout)
            x->reply_at = w->now + timeout;
        break;
    case FATE_LOST_BEFORE:
        x->work_at = 0;
        x->reply_at = w->now + timeout;
        break;
    case FATE_LOST_AFTER: x->reply_at = w->now + timeout; break;
    case FATE_LATE: x->work_at = x->reply_at + 500 + (msec_t)world_random(w, 15000); break;
    case FATE_REFUSED:
    case FATE_HTML:
    case FATE_LIMITED:
    case FATE_DENIED:
    case FATE_BAD:
    case FATE_BROKEN: x->work_at = 0; break;
    case FATE_FINE:
    case FATE_CUT:
    case FATE_HTML_AFTER:
    case FATE_BROKEN_AFTER:
    case FATE_TWICE:
    case FATE_COUNT:
    case FATE_TIRED:
    case FATE_EMPTY:
    default: break;
    }
    return x;
}

static void transport_cancel(struct exchange *x) {
    x->reply_at = x->w->now;
}

static void work(struct exchange *x) {
    struct world *w = x->w;
    const char *target;
    struct sandbox *sb = sandbox_of(w, x->request.url, &target);
    struct sandbox_header *headers = arena_alloc(x->a, (x->request.n_headers + 1) * sizeof(*headers));
    for (size_t i = 0; i < x->request.n_headers; i++)
        headers[i] = (struct sandbox_header){x->request.headers[i].name, x->request.headers[i].value};
    struct sandbox_request q = {x->request.method,    target,          headers,
                                x->request.n_headers, x->request.body, x->request.body_len};
    x->work_at = 0;
    x->worked = true;
    bool writes = is_write(&x->request);
    if (writes)
        watch_before(w, &x->request);
    sandbox_handle(sb, &q, w->now, x->a, &x->answer);
    if (x->fate == FATE_TWICE)
        sandbox_handle(sb, &q, w->now, x->a, &x->answer);
    if (writes) {
        watch_after(w, &x->request);
        world_tell(w, "   done %s %s: %d %.60s", x->request.method, target, x->answer.status, x->answer.body);
    }
}

static struct http_reply page(struct exchange *x, int status, const char *name, const char *value, const char *body) {
    struct http_header *h = arena_make(x->a, struct http_header);
    *h = (struct http_header){name, value};
    return (struct http_reply){.result = HTTP_ANSWERED,
                               .status = status,
                               .headers = h,
                               .n_headers = 1,
                               .body = body,
                               .body_len = strlen(body)};
}

static struct http_reply lost(enum http_result result, const char *why) {
    return (struct http_reply){.result = result, .why = why, .body = ""};
}

static struct http_reply answered(struct exchange *x) {
    struct http_header *headers = arena_alloc(x->a, (x->answer.n_headers + 1) * sizeof(*headers));
    msec_t date = 0;
    for (size_t i = 0; i < x->answer.n_headers; i++) {
        headers[i] = (struct http_header){x->answer.headers[i].name, x->answer.headers[i].value};
        if (str_is(headers[i].name, "date"))
            (void)time_parse_http(headers[i].value, &date);
    }
    if (!x->answer.status)
        return lost(HTTP_LOST, "the connection closed without a reply");
    return (struct http_reply){.result = HTTP_ANSWERED,
                               .status = x->answer.status,
                               .headers = headers,
                               .n_headers = x->answer.n_headers,
                               .body = x->answer.body,
                               .body_len = x->answer.body_len,
                               .date = date};
}

static struct http_reply tired(struct exchange *x) {
    struct http_reply r = answered(x);
    struct http_header *headers = arena_alloc(x->a, (r.n_headers + 1) * sizeof(*headers));
    for (size_t i = 0; i < r.n_headers; i++)
        headers[i] = r.headers[i];
    headers[r.n_headers++] = (struct http_header){"retry-after", "300"};
    r.headers = headers;
    return r;
}

static struct http_reply reply_of(struct exchange *x) {
    static const char *const waits[] = {"3", "40", "0", "soon", "-5", "Sun, 01 Mar 2026 12:00:00 GMT"};
    switch (x->fate) {
    case FATE_REFUSED: return lost(HTTP_NOT_SENT, "connection refused");
    case FATE_LOST_BEFORE:
    case FATE_LOST_AFTER: return lost(HTTP_LOST, "no reply in time");
    case FATE_LATE:
    case FATE_CUT: return lost(HTTP_LOST, "the connection broke off");
    case FATE_HTML:
    case FATE_HTML_AFTER:
        return page(x, 200, "content-type", "text/html", "<html><body>Please log in to the proxy.</body></html>");
    case FATE_LIMITED: return page(x, 429, "retry-after", waits[world_random(x->w, array_size(waits))], "slow down");
    case FATE_DENIED: return page(x, 403, "content-type", "application/json", "{\"message\":\"Forbidden\"}");
    case FATE_BROKEN: return page(x, 503, "content-type", "text/plain", "unavailable");
    case FATE_BROKEN_AFTER: return page(x, 502, "content-type", "text/html", "<h1>Bad Gateway</h1>");
    case FATE_SLOW:
        if (!x->worked)
            return lost(HTTP_LOST, "no reply in time");
        return answered(x);
    case FATE_EMPTY: return page(x, 200, "content-type", "application/json", "{}");
    case FATE_TIRED: return tired(x);
    case FATE_BAD: return page(x, 400, "content-type", "application/json", "{\"message\":\"Unknown field\"}");
    case FATE_FINE:
    case FATE_TWICE:
    case FATE_COUNT:
    default: return answered(x);
    }
}

static void exchange_unlink(struct exchange *x) {
    for (struct exchange **at = &x->w->exchanges; *at; at = &(*at)->next)
        if (*at == x) {
            *at = x->next;
            break;
        }
    arena_free(x->a);
    free(x);
}

static void deliver_reply(struct exchange *x) {
    struct world *w = x->w;
    struct http_reply r = w->draining ? lost(HTTP_CANCELLED, "ends") : reply_of(x);
    http_done *done = x->done;
    r.began = x->began + w->step;
    r.ended = w->now + w->step;
    x->done = NULL;
    x->reply_at = 0;
    done(x->who, &r);
}

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
        work(x);
    } else {
        deliver_reply(x);
    }
    for (struct exchange *e = w->exchanges, *next; e; e = next) {
        next = e->next;
        if (!e->work_at && !e->reply_at)
            exchange_unlink(e);
    }
    if (w->dead) {
        world_crash(w);
    } else if (!w->draining) {
        watch_step(w);
        if (w->crash_permille && world_random(w, 1000) < (uint64_t)w->crash_permille) {
            if (world_chance(w, 50))
                world_crash(w);
            else
                world_crash_at_sync(w, 1 + (int)world_random(w, 6));
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

/* ---- configuration ---- */

static const char *env_value(struct arena *a, const struct sandbox *sb, const char *name) {
    const char *env = sandbox_env(sb, a), *at = strstr(env, arena_printf(a, "%s=", name));
    at += strlen(name) + 1;
    return arena_strndup(a, at, strcspn(at, "\n"));
}

static struct settings *settings_of_world(struct world *w) {
    const struct world_config *c = &w->config;
    const char *states =
        c->states
            ? c->states
            : arena_printf(w->a, "Resolved: fixed, Closed: %s, \"Won't Fix\": { state: closed, outcome: wont-fix }",
                           c->closed ? c->closed : "{ state: released, outcome: fixed }");
    const char *text =
        arena_printf(w->a,
                     "database: %s\n%s"
                     "trackers:\n"
                     "  helpdesk:\n    connector: rt\n    role: ticketing\n    url: %s\n    auth: { token: \"%s\" }\n"
                     "    scope: { queue: Incidents }\n    states: { closed-unresolved: closed-unresolved }\n"
                     "    fields: { defect: Defect, problem: Problem, known_error: Known Error, %s: Service, "
                     "priority: Impact }\n%s"
                     "  product:\n    connector: redmine\n    role: defects\n    url: %s\n    auth: { key: \"%s\" }\n"
                     "    scope: { project: product }\n"
                     "    states: { %s }\n"
                     "    fields: { %s }\n%s"
                     "references:\n  patterns: [ { pattern: 'BUG-(\\d+)', tracker: product }%s ]\n%s%s",
                     w->database, c->top ? c->top : "", DESK, env_value(w->a, w->desk, "RT_TOKEN"),
                     c->service ? c->service : "service", c->desk ? c->desk : "", PRODUCT,
                     env_value(w->a, w->product, "REDMINE_BRIDGE_KEY"), states,
                     c->product_fields ? c->product_fields
                                       : "incidents: Linked incidents, incident_count: Incident count, "
                                         "closed_unresolved_count: Closed-unresolved incidents",
                     c->product ? c->product : "", c->patterns ? c->patterns : "", c->policy ? "policy:\n" : "",
                     c->policy ? c->policy : "");
    struct config_world cw = {0};
    struct config_faults faults = {0};
    struct settings *s = NULL;
    if (config_parse("/sim/bascule.yaml", text, strlen(text), &cw, w->a, &s, &faults) < 0) {
        for (size_t i = 0; i < faults.count; i++)
            fprintf(stderr, "%s\n", config_fault_text(w->a, "sim.yaml", &faults.items[i]));
        fprintf(stderr, "%s", text);
        abort();
    }
    return s;
}

static char *read_text(void *arg, struct arena *a, const char *folder, const char *name, struct fault *fault) {
    (void)arg, (void)a, (void)folder, (void)name, (void)fault;
    return NULL;
}

/* A dead process replaces no file. */
static char *identity_read(void *arg, struct arena *a, struct fault *fault) {
    struct world *w = arg;
    (void)fault;
    return w->identity ? arena_strdup(a, w->identity) : NULL;
}

static int identity_write(void *arg, const char *text, struct fault *fault) {
    struct world *w = arg;
    (void)fault;
    if (!w->dead)
        w->identity = arena_strdup(w->a, text);
    return 0;
}

/* ---- beginning and end ---- */

static void database_name(struct world *w) {
    snprintf(w->database, sizeof(w->database), "%s/bascule-%d.db", w->folder, w->generation);
}

static void dies(void *arg);

static char *file_text(struct arena *a, const char *name) {
    FILE *f = fopen(name, "rb");
    if (!f)
        abort();
    char *text = arena_alloc(a, 1 << 18);
    text[fread(text, 1, (1 << 18) - 1, f)] = 0;
    fclose(f);
    return text;
}

static const char *const recipes[] = {"rt", "redmine"};

static char *recipe_name(struct world *w, const char *folder, size_t i) {
    return arena_printf(w->a, "%s/%s/recipe.yaml", folder, recipes[i]);
}

/* The recipes with small pages, so that a few dozen records fill several. */
static void small_pages(struct world *w, int page) {
    static const char *const keys[] = {"size: ", "per_page: ", "limit: "};
    snprintf(w->connectors, sizeof(w->connectors), "%s/connectors", w->folder);
    mkdir(w->connectors, 0700);
    for (size_t i = 0; i < array_size(recipes); i++) {
        cleanup_buf struct buf b = {0};
        const char *at = file_text(w->a, recipe_name(w, CONNECTORS_SOURCE, i));
        for (; *at; at++) {
            size_t key = 0;
            buf_printf(&b, "%c", *at);
            for (size_t k = 0; k < array_size(keys); k++)
                if (str_starts(at, keys[k]) && str_starts(at + strlen(keys[k]), "100"))
                    key = strlen(keys[k]);
            if (key) {
                buf_printf(&b, "%.*s%d", (int)key - 1, at + 1, page);
                at += key + 2;
            }
        }
        mkdir(arena_printf(w->a, "%s/%s", w->connectors, recipes[i]), 0700);
        FILE *f = fopen(recipe_name(w, w->connectors, i), "wb");
        if (!f || fputs(buf_text(&b), f) < 0 || fclose(f) != 0)
            abort();
    }
    w->port.connectors_dir = w->connectors;
}

static void small_pages_remove(struct world *w) {
    for (size_t i = 0; w->connectors[0] && i < array_size(recipes); i++) {
        unlink(recipe_name(w, w->connectors, i));
        rmdir(arena_printf(w->a, "%s/%s", w->connectors, recipes[i]));
    }
    if (w->connectors[0])
        rmdir(w->connectors);
}

struct world *world_new(uint64_t seed, const struct world_config *config) {
    struct world *w = calloc(1, sizeof(*w));
    w->a = arena_new();
    w->seed = seed;
    w->random = seed * 0x100000001b3ULL + 17;
    w->engine_random = seed ^ 0x5bd1e9955bd1e995ULL;
    w->now = w->began = START;
    w->config = config ? *config : (struct world_config){0};
    w->log = (struct log){.level = LOG_LEVEL_WARN, .write = log_line, .arg = w};
    w->desk = sandbox_new(SANDBOX_RT, DESK, w->now - DAY_MS);
    w->product = sandbox_new(SANDBOX_REDMINE, PRODUCT, w->now - DAY_MS);
    w->port = (struct engine_world){.clock = {clock_of, mono_of, w},
                                    .timers = {timer_make, timer_start, timer_stop, timer_free, w},
                                    .transport = {transport_send, transport_cancel, w},
                                    .randomness = {fill, w},
                                    .pool = {pool_run, w},
                                    .log = &w->log,
                                    .connectors_dir = CONNECTORS_SOURCE,
                                    .read_text = read_text,
                                    .identity_read = identity_read,
                                    .identity_write = identity_write,
                                    .machine = "m1",
                                    .instance = "b1",
                                    .arg = w};
    snprintf(w->folder, sizeof(w->folder), "%s/bascule-sim-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(w->folder))
        abort();
    database_name(w);
    w->disk = (struct disk){.dies = dies, .arg = w};
    w->watch = watch_new();
    if (w->config.page)
        small_pages(w, w->config.page);
    if (w->config.skew)
        (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/clock", json_pack("{s:s}", "skew", w->config.skew), NULL);
    return w;
}

void world_start(struct world *w) {
    struct fault fault = {0};
    disk_mount(&w->disk);
    if (store_open(w->database, &w->store, &fault) < 0 || store_open_read(w->database, &w->reader, &fault) < 0) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)w->seed, fault.text);
        abort();
    }
    struct settings *s = settings_of_world(w);
    if (engine_new(&w->port, w->store, s, &w->engine, &fault) < 0 || engine_start(w->engine, &fault) < 0) {
        fprintf(stderr, "seed %llu: the engine does not begin: %s\n", (unsigned long long)w->seed, fault.text);
        abort();
    }
}

static void stopped(void *arg) {
    *(bool *)arg = true;
}

static void replies_cancelled(struct world *w) {
    w->draining = true;
    for (int i = 0; i < 1000 && w->exchanges; i++) {
        struct exchange *x = w->exchanges;
        while (x && !x->done)
            x = x->next;
        if (!x)
            break;
        deliver_reply(x);
    }
    w->draining = false;
}

/* The process's memory goes; requests that are on their way go on without it. */
static void end_process(struct world *w) {
    bool done = false;
    engine_stop(w->engine, 0, stopped, &done);
    replies_cancelled(w);
    sqlite3_close(w->reader);
    w->reader = NULL;
    w->engine = engine_free(w->engine);
    w->store = store_close(w->store);
}

void world_stop(struct world *w) {
    bool done = false;
    engine_stop(w->engine, 60 * SEC_MS, stopped, &done);
    while (!done && world_step(w))
        ;
    end_process(w);
}

static void copy_file(const char *from, const char *to) {
    char buffer[65536];
    FILE *in = fopen(from, "rb"), *out = in ? fopen(to, "wb") : NULL;
    for (size_t n; out && (n = fread(buffer, 1, sizeof(buffer), in)) > 0;)
        fwrite(buffer, 1, n, out);
    if (out)
        fclose(out);
    if (in)
        fclose(in);
}

static void files_remove(const char *database) {
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char name[300];
    for (size_t i = 0; i < array_size(ends); i++) {
        snprintf(name, sizeof(name), "%s%s", database, ends[i]);
        unlink(name);
    }
}

/* The disk as it is now is what the next process will find. */
static void snapshot(struct world *w, const char *to) {
    char from[300], dest[300];
    copy_file(w->database, to);
    snprintf(from, sizeof(from), "%s-wal", w->database);
    snprintf(dest, sizeof(dest), "%s-wal", to);
    copy_file(from, dest);
}

static void next_name(const struct world *w, char *to, size_t n) {
    snprintf(to, n, "%s/bascule-%d.db", w->folder, w->generation + 1);
}

static void dies(void *arg) {
    struct world *w = arg;
    char name[256];
    next_name(w, name, sizeof(name));
    snapshot(w, name);
    w->dead = true;
}

void world_crash_at_sync(struct world *w, int n) {
    w->disk.dies_at = n;
}

void world_crash(struct world *w) {
    char old[256];
    if (!w->dead)
        dies(w);
    w->crashes++;
    w->disk.dies_at = 0;
    w->disk.full = false; /* who starts it again makes room first */
    world_tell(w, "the process dies");
    end_process(w);
    w->dead = false;
    snprintf(old, sizeof(old), "%s", w->database);
    w->generation++;
    database_name(w);
    files_remove(old);
    w->now += 200 + (msec_t)world_random(w, 5000);
    world_start(w);
}

/* ---- accidents ---- */

static void backup_name(const struct world *w, char *to, size_t n) {
    snprintf(to, n, "%s/backup.db", w->folder);
}

void world_backup(struct world *w) {
    char name[256];
    backup_name(w, name, sizeof(name));
    files_remove(name);
    snapshot(w, name);
}

void world_restore(struct world *w) {
    char name[256], from[300], to[300];
    backup_name(w, name, sizeof(name));
    files_remove(w->database);
    copy_file(name, w->database);
    snprintf(from, sizeof(from), "%s-wal", name);
    snprintf(to, sizeof(to), "%s-wal", w->database);
    copy_file(from, to);
    world_tell(w, "the database is put back");
}

void world_lose(struct world *w) {
    files_remove(w->database);
    world_tell(w, "the database is lost");
}

int64_t world_past(struct world *w, struct sandbox *sb) {
    json_t *now = NULL;
    (void)world_say(w, sb, NULL, "GET", "/sandbox/past", NULL, &now);
    int64_t past = json_int(now, "past", -1);
    json_decref(now);
    return past;
}

void world_put_back(struct world *w, struct sandbox *sb, int64_t past) {
    if (world_say(w, sb, NULL, "PUT", "/sandbox/past", json_pack("{s:I}", "past", (json_int_t)past), NULL) != 200)
        abort();
    watch_put_back(w);
}

void world_reload(struct world *w, const struct world_config *config) {
    struct fault fault = {0};
    w->config = *config;
    struct settings *s = settings_of_world(w);
    engine_hold(w->engine, true);
    int rc;
    while ((rc = engine_reload(w->engine, s, &fault)) == -EBUSY && world_step(w))
        fault.text[0] = 0;
    engine_hold(w->engine, false);
    if (rc < 0) {
        settings_free(s);
        world_fail(w, "reload: %s", fault.text);
    }
}

struct world *world_free(struct world *w) {
    if (!w)
        return NULL;
    if (w->engine)
        end_process(w);
    while (w->exchanges) {
        struct exchange *next = w->exchanges->next;
        arena_free(w->exchanges->a);
        free(w->exchanges);
        w->exchanges = next;
    }
    while (w->timers)
        timer_free(w->timers);
    char backup[256];
    backup_name(w, backup, sizeof(backup));
    files_remove(backup);
    files_remove(w->database);
    small_pages_remove(w);
    rmdir(w->folder);
    sandbox_free(w->desk);
    sandbox_free(w->product);
    watch_free(w->watch);
    arena_free(w->a);
    free(w);
    return NULL;
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
