/* transport: requests on their way to the sandboxes and back, and what may become of each: the menu of faults. */
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUESTS_A_MINUTE 1500 /* of a few dozen records */
#define REPLY_TIMEOUT     (30 * SEC_MS)

/* ---- the transport ---- */

/* As cover.c lists them. */
static const char *fate_name(enum fate f) {
    static const char *const names[] = {[FATE_FINE] = "",
                                        [FATE_REFUSED] = "refused",
                                        [FATE_LOST_BEFORE] = "lost before the work",
                                        [FATE_LOST_AFTER] = "lost after the work",
                                        [FATE_LATE] = "done seconds after the cut",
                                        [FATE_CUT] = "answer cut",
                                        [FATE_HTML] = "web page with 200",
                                        [FATE_HTML_AFTER] = "web page with 200, though done",
                                        [FATE_ERROR] = "error in JSON with 200",
                                        [FATE_ERROR_AFTER] = "error in JSON with 200, though done",
                                        [FATE_LIMITED] = "429",
                                        [FATE_BROKEN] = "503",
                                        [FATE_BROKEN_AFTER] = "502, though done",
                                        [FATE_TWICE] = "twice",
                                        [FATE_SLOW] = "slow",
                                        [FATE_RESET] = "reset where it was kept open",
                                        [FATE_COUNT] = "",
                                        [FATE_TIRED] = "tired",
                                        [FATE_EMPTY] = "empty",
                                        [FATE_BAD] = "400",
                                        [FATE_DENIED] = "denied"};
    return names[f];
}

bool is_write(const struct http_request *q) {
    return !str_is(q->method, "GET") && !str_is(q->method, "HEAD");
}

struct sandbox *sandbox_of(struct world *w, const char *url, const char **ret_target) {
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
    bool desk = str_starts(q->url, DESK);
    if (f == FATE_TWICE && is_write(q) && (!desk || !str_is(q->method, "PUT")))
        f = FATE_CUT; /* the second one would be a second note */
    if (f == FATE_RESET && desk)
        f = FATE_BROKEN; /* RT keeps none open */
    return f;
}

static void count_fate(const struct exchange *x) {
    const char *way = is_write(&x->request) ? "writing" : "reading",
               *name = x->fate == FATE_SLOW && x->too_slow ? "slower than the time-out" : fate_name(x->fate);
    if (x->fate != FATE_FINE && x->fate < FATE_COUNT)
        cover_met(x->w, arena_printf(x->a, "fault: %s, %s", name, way));
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

struct exchange *transport_send(void *arg, const struct http_request *q, http_done *done, void *who) {
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
        x->work_at = w->now + 100 + (msec_t)world_random(w, 29000); /* look_after is not less than the time-out */
        x->reply_at = x->work_at + 100 + (msec_t)world_random(w, 5000);
        x->too_slow = x->reply_at > w->now + timeout;
        if (x->too_slow)
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
    case FATE_ERROR:
    case FATE_RESET:
    case FATE_LIMITED:
    case FATE_DENIED:
    case FATE_BAD:
    case FATE_BROKEN: x->work_at = 0; break;
    case FATE_FINE:
    case FATE_CUT:
    case FATE_HTML_AFTER:
    case FATE_ERROR_AFTER:
    case FATE_BROKEN_AFTER:
    case FATE_TWICE:
    case FATE_COUNT:
    case FATE_TIRED:
    case FATE_EMPTY:
    default: break;
    }
    count_fate(x);
    return x;
}

void transport_cancel(struct exchange *x) {
    x->reply_at = x->w->now;
}

void exchange_work(struct exchange *x) {
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
    /* an issue's move is rare, and what it may do is told before: half of them find it changed */
    bool moves = writes && x->request.body && strstr(x->request.body, "status_id");
    if (w->meddle && world_random(w, 1000) < (uint64_t)(moves && w->meddle_permille ? 500 : w->meddle_permille))
        w->meddle(w, w->meddle_arg, &x->request);
    if (writes)
        watch_before(w, &x->request);
    habits_before(x, target);
    sandbox_handle(sb, &q, w->now, x->a, &x->answer);
    if (x->fate == FATE_TWICE)
        sandbox_handle(sb, &q, w->now, x->a, &x->answer);
    habits_after(x, target);
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
    struct http_header *headers = arena_alloc(x->a, (x->answer.n_headers + 2) * sizeof(*headers));
    size_t n = x->answer.n_headers;
    msec_t date = 0;
    habits_met(x);
    for (size_t i = 0; i < x->answer.n_headers; i++) {
        headers[i] = (struct http_header){x->answer.headers[i].name, x->answer.headers[i].value};
        if (str_is(headers[i].name, "date"))
            (void)time_parse_http(headers[i].value, &date);
    }
    if (str_starts(x->request.url, DESK))
        headers[n++] = (struct http_header){"connection", "close"};
    if (!x->answer.status)
        return lost(HTTP_LOST, "the connection closed without a reply");
    const struct world *w = x->w;
    const char *spoilt = w->spoil ? w->spoil(w->spoil_arg, x->a, x->request.url, x->answer.body) : NULL;
    return (struct http_reply){.result = HTTP_ANSWERED,
                               .status = x->answer.status,
                               .headers = headers,
                               .n_headers = n,
                               .body = spoilt ? spoilt : x->answer.body,
                               .body_len = spoilt ? strlen(spoilt) : x->answer.body_len,
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

static const char *http_date(struct arena *a, msec_t t) {
    char text[64];
    struct tm tm;
    time_t sec = (time_t)(t / SEC_MS);
    gmtime_r(&sec, &tm);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return arena_strdup(a, text);
}

/* What stands in Retry-After need not be what the standard says. */
static struct http_reply limited(struct exchange *x) {
    static const char *const waits[][2] = {{"3", "in seconds"},
                                           {"40", "in seconds"},
                                           {"0", "0"},
                                           {"soon", "in words"},
                                           {"-5", "negative"},
                                           {"", "a date to come"},
                                           {"", "a date gone by"},
                                           {"99999999999999999999", "beyond all bounds"},
                                           {NULL, "missing"}};
    struct world *w = x->w;
    size_t i = (size_t)world_random(w, array_size(waits));
    const char *value = waits[i][0];
    struct http_header *h = arena_alloc(x->a, 2 * sizeof(*h));
    cover_met(w, arena_printf(x->a, "fault: Retry-After %s", waits[i][1]));
    if (value && !*value)
        value = http_date(x->a, w->now + (str_is(waits[i][1], "a date to come") ? 30 * SEC_MS : -3600 * SEC_MS));
    h[0] = (struct http_header){"date", http_date(x->a, w->now)};
    h[1] = (struct http_header){"retry-after", value};
    return (struct http_reply){.result = HTTP_ANSWERED,
                               .status = 429,
                               .headers = h,
                               .n_headers = value ? 2 : 1,
                               .body = "slow down",
                               .body_len = 9,
                               .date = w->now};
}

static struct http_reply reply_of(struct exchange *x) {
    switch (x->fate) {
    case FATE_REFUSED: return lost(HTTP_NOT_SENT, "connection refused");
    case FATE_LOST_BEFORE:
    case FATE_LOST_AFTER: return lost(HTTP_LOST, "no reply in time");
    case FATE_LATE:
    case FATE_CUT: return lost(HTTP_LOST, "the connection broke off");
    case FATE_HTML:
    case FATE_HTML_AFTER:
        return page(x, 200, "content-type", "text/html", "<html><body>Please log in to the proxy.</body></html>");
    case FATE_ERROR:
    case FATE_ERROR_AFTER:
        return page(x, 200, "content-type", "application/json",
                    "{\"error\":\"upstream request failed\",\"errors\":[\"try again\"],\"status\":500}");
    case FATE_RESET: return lost(HTTP_LOST, "the connection was reset");
    case FATE_LIMITED: return limited(x);
    case FATE_DENIED: return page(x, 403, "content-type", "application/json", "{\"message\":\"Forbidden\"}");
    case FATE_BROKEN: return page(x, 503, "content-type", "text/plain", "unavailable");
    case FATE_BROKEN_AFTER: return page(x, 502, "content-type", "text/html", "<h1>Bad Gateway</h1>");
    case FATE_SLOW:
        if (!x->worked || x->too_slow)
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

void exchange_drop(struct exchange *x) {
    for (struct exchange **at = &x->w->exchanges; *at; at = &(*at)->next)
        if (*at == x) {
            *at = x->next;
            break;
        }
    arena_free(x->a);
    free(x);
}

void exchange_reply(struct exchange *x) {
    struct world *w = x->w;
    struct http_reply r = w->draining ? lost(HTTP_CANCELLED, "ends") : reply_of(x);
    http_done *done = x->done;
    r.began = x->began + w->step;
    r.ended = w->now + w->step;
    x->done = NULL;
    x->reply_at = 0;
    done(x->who, &r);
}
