/* control: what stands under /sandbox/: the hands of a test or of the demo.
 *
 * No credentials are asked: a sandbox listens on loopback only. What a dialect
 * alone has (mail, races) is in its own rt_control and redmine_control. */
#include "call.h"

#include <stdio.h>
#include <string.h>

#define JSON_TYPE "application/json"

static void control_stats(struct call *c) {
    struct sandbox *sb = c->sb;
    reply_json(c, 200, JSON_TYPE,
               json_pack("{s:I,s:I,s:s}", "requests", (json_int_t)sb->requests, "writes", (json_int_t)sb->writes,
                         "digest", arena_printf(c->a, "%016llx", (unsigned long long)sandbox_digest(sb))));
}

static void control_clock(struct call *c, const json_t *asked) {
    struct sandbox *sb = c->sb;
    const char *text = json_text(asked, "skew");
    if (text) {
        msec_t skew;
        bool behind = text[0] == '-';
        if (!duration_parse(text + behind, &skew)) {
            reply_json(c, 400, JSON_TYPE, json_pack("{s:s}", "message", "skew is a span such as 10m or -10m"));
            return;
        }
        sb->skew = behind ? -skew : skew;
    }
    reply_json(c, 200, JSON_TYPE, json_pack("{s:I}", "skew_ms", (json_int_t)sb->skew));
}

static void control_rights(struct call *c, const json_t *asked) {
    json_t *value = json_object_get(asked, "bridge");
    bool on = json_is_true(value);
    const bool *set = json_is_boolean(value) ? &on : NULL;
    const char *taken = json_text(asked, "without"); /* one right; all others, and with `bridge` all, are given back */
    if ((taken || set) && !(c->sb->dialect == SANDBOX_RT ? rt_right_take : redmine_right_take)(c->sb, taken)) {
        reply_json(c, 400, JSON_TYPE, json_pack("{s:s}", "message", "no such right here"));
        return;
    }
    bool now = c->sb->dialect == SANDBOX_RT ? rt_rights(c->sb, set) : redmine_rights(c->sb, set);
    reply_json(c, 200, JSON_TYPE, json_pack("{s:b}", "bridge", now));
}

static void control_zone(struct call *c, const json_t *asked) {
    struct sandbox *sb = c->sb;
    const char *zone = json_text(asked, "zone"), *server = json_text(asked, "server");
    msec_t offset;
    if ((zone && !zone_offset(zone, 0, &offset)) ||
        (server && (strlen(server) >= sizeof(sb->server_zone) || !zone_offset(server, 0, &offset)))) {
        reply_json(c, 400, JSON_TYPE, json_pack("{s:s}", "message", "no such zone here; try +01:00"));
        return;
    }
    if (server)
        snprintf(sb->server_zone, sizeof(sb->server_zone), "%s", server);
    zone = sb->dialect == SANDBOX_RT ? rt_zone(sb, zone) : redmine_zone(sb, zone);
    reply_json(c, 200, JSON_TYPE, json_pack("{s:s,s:s}", "zone", zone, "server", sb->server_zone));
}

static void control_reset(struct call *c) {
    sandbox_reset(c->sb, c->now - c->sb->skew);
    reply_json(c, 200, JSON_TYPE, json_pack("{s:b}", "reset", true));
}

/* GET: a backup's number; PUT it: back to then. */
static void control_past(struct call *c, const json_t *asked) {
    int64_t to = json_int(asked, "past", past_now(c->sb));
    if (!asked || past_return(c->sb, to))
        reply_json(c, 200, JSON_TYPE, json_pack("{s:I}", "past", (json_int_t)to));
    else
        reply_json(c, 409, JSON_TYPE, json_pack("{s:s}", "message", "there is no such backup"));
}

void control_handle(struct call *c) {
    cleanup_json json_t *asked = call_object(c);
    bool write = call_is(c, "PUT") || call_is(c, "POST");
    if (write && c->request->body_len > 0 && !asked)
        reply_json(c, 400, JSON_TYPE, json_pack("{s:s}", "message", "the body is no JSON object"));
    else if (call_match(c, "/sandbox/reset") && write)
        control_reset(c);
    else if (call_match(c, "/sandbox/past"))
        control_past(c, asked);
    else if (call_match(c, "/sandbox/stats"))
        control_stats(c);
    else if (call_match(c, "/sandbox/clock"))
        control_clock(c, asked);
    else if (call_match(c, "/sandbox/rights"))
        control_rights(c, asked);
    else if (call_match(c, "/sandbox/zone"))
        control_zone(c, asked);
    else if (!(c->sb->dialect == SANDBOX_RT ? rt_control(c) : redmine_control(c)))
        reply_json(c, 404, JSON_TYPE, json_pack("{s:s}", "message", "no such control"));
}
