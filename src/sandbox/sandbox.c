/* sandbox: the object itself, and the way of a request to its dialect.
 *
 * Owns the arena in which all state of a tracker lives; a reset throws it away
 * and seeds anew. Called by the simulator, the demo's server, tests/tools. */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void seed(struct sandbox *sb, msec_t now) {
    sb->arena = arena_new();
    sb->skew = 0;
    sb->requests = sb->writes = 0;
    if (sb->dialect == SANDBOX_RT)
        sb->rt = rt_new(sb->arena, now);
    else
        sb->redmine = redmine_new(sb->arena, now);
}

struct sandbox *sandbox_new(enum sandbox_dialect dialect, const char *base_url, msec_t now) {
    struct sandbox *sb = calloc(1, sizeof(*sb));
    char *url = strdup(base_url);
    if (!sb || !url)
        abort();
    sb->dialect = dialect;
    sb->base_url = url;
    past_begin(sb, now);
    seed(sb, now);
    return sb;
}

struct sandbox *sandbox_free(struct sandbox *sb) {
    if (sb) {
        arena_free(sb->arena);
        arena_free(sb->past);
        free(sb->base_url);
        free(sb);
    }
    return NULL;
}

void sandbox_reset(struct sandbox *sb, msec_t now) {
    arena_free(sb->arena);
    past_begin(sb, now);
    seed(sb, now);
}

void sandbox_again(struct sandbox *sb) {
    arena_free(sb->arena);
    seed(sb, sb->seeded);
}

char *sandbox_env(const struct sandbox *sb, struct arena *a) {
    return sb->dialect == SANDBOX_RT ? rt_env(sb, a) : redmine_env(sb, a);
}

uint64_t sandbox_digest(const struct sandbox *sb) {
    return sb->dialect == SANDBOX_RT ? rt_digest(sb) : redmine_digest(sb);
}

static char *http_date(struct arena *a, msec_t t) {
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const char *iso = time_text(a, t);
    int year = 0, month = 1, day = 1;
    char clock[9] = "00:00:00";
    if (sscanf(iso, "%4d-%2d-%2dT%8s", &year, &month, &day, clock) != 4 || month < 1 || month > 12)
        return arena_strdup(a, "Thu, 01 Jan 1970 00:00:00 GMT");
    return arena_printf(a, "%s, %02d %s %04d %s GMT", days[day_number(year, month, day) % 7], day, months[month - 1],
                        year, clock);
}

void sandbox_handle(struct sandbox *sb, const struct sandbox_request *request, msec_t now, struct arena *a,
                    struct sandbox_reply *ret) {
    struct call c;
    call_init(&c, sb, request, now + sb->skew, a, ret);
    const char *at = call_header(&c, "x-sandbox-at");
    if (at && time_parse(at, &now))
        c.now = now;
    sb->requests++;
    bool control = str_starts(c.path, "/sandbox/");
    if (!control || !(str_starts(c.path, "/sandbox/reset") || str_starts(c.path, "/sandbox/past")))
        past_keep(sb, request, now);
    if (request->body_len > SANDBOX_BODY_MAX)
        reply_status(&c, 413);
    else if (control)
        control_handle(&c);
    else if (sb->dialect == SANDBOX_RT)
        rt_handle(&c);
    else
        redmine_handle(&c);
    reply_header(&c, "date", http_date(a, c.now));
    struct sandbox_header *headers = arena_alloc(a, sizeof(*headers) * c.n_headers);
    memcpy(headers, c.headers, sizeof(*headers) * c.n_headers);
    ret->headers = headers;
    ret->n_headers = c.n_headers;
    if (ret->status == 204 || ret->status == 304 || call_is(&c, "HEAD")) {
        ret->body = "";
        ret->body_len = 0;
    }
}
