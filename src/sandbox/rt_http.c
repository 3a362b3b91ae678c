/* rt_http: RT's REST 2: who asks, which resource, which preconditions.
 *
 * Called by sandbox.c with every request that is no control. The order of the
 * checks is RT's: 401, 404 of the path, 405, bad JSON, 403, 404 of the record,
 * 412, 415. */
#include "rt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define API "/REST/2.0"

void rt_message(struct call *c, int status, const char *text) {
    reply_json(c, status, RT_JSON_PLAIN, json_pack("{s:s}", "message", text ? text : ""));
}

static void not_found(struct call *c) {
    rt_message(c, 404, "Not Found");
}
static void forbidden(struct call *c) {
    rt_message(c, 403, "Forbidden");
}

struct rt_ticket *rt_ticket_find(const struct rt *rt, const char *id) {
    int64_t n;
    if (!str_int64(id, &n) || n < 1 || n > (int64_t)rt->n_tickets)
        return NULL;
    return rt->tickets[n - 1]->effective;
}

bool rt_body_is_utf8(const struct call *c) {
    return !c->request->body || text_is_utf8(c->request->body, c->request->body_len);
}

/* ---- who asks ---- */

static struct rt_user *user_of(struct call *c) {
    struct rt *rt = c->sb->rt;
    const char *header = call_header(c, "authorization"), *token = call_param(c, "token"), *name, *password;
    if (header && strncasecmp(header, "token ", 6) == 0)
        token = header + 6 + strspn(header + 6, " ");
    bool basic = call_basic(c, &name, &password);
    for (size_t i = 0; i < rt->n_users; i++) {
        struct rt_user *u = rt->users[i];
        if (basic ? u->password && str_is_nocase(u->name, name) && str_is(u->password, password)
                  : u->token && token && str_is(u->token, token))
            return u;
    }
    return NULL;
}

static void reply_login(struct call *c) {
    const char *agent = call_header(c, "user-agent");
    if (!agent || !str_starts(agent, "Mozilla")) {
        rt_message(c, 401, "Unauthorized");
        return;
    }
    reply_header(c, "location", "/");
    c->reply->status = 302;
    c->reply->body = "Login required";
    c->reply->body_len = 14;
}

/* ---- preconditions ---- */

static bool tag_is(const char *header, const char *tag) {
    size_t len = strlen(header);
    if (str_is(header, "*"))
        return true;
    if (len >= 2 && header[0] == '"' && header[len - 1] == '"')
        return len - 2 == strlen(tag) && strncmp(header + 1, tag, len - 2) == 0;
    return str_is(header, tag);
}

/* True: go on. RT falls over on a date (500). */
static bool precondition(struct call *c, const char *tag, bool reading) {
    const char *match = call_header(c, "if-match"), *none = call_header(c, "if-none-match");
    if (call_header(c, "if-unmodified-since") || (reading && call_header(c, "if-modified-since"))) {
        reply_text(c, 500, RT_JSON, "", 0);
        return false;
    }
    bool failed = match && !tag_is(match, tag), same = none && tag_is(none, tag);
    if (failed || (same && !reading)) {
        rt_message(c, 412, "Precondition Failed");
        return false;
    }
    if (same)
        reply_status(c, 304);
    return !same;
}

static const char *ticket_tag(const struct rt_actor *who, const struct rt_ticket *t) {
    size_t n;
    struct rt_txn **all = rt_history(who, t, &n);
    while (n-- > 0)
        if (rt_txn_visible(who, all[n]))
            return arena_printf(who->c->a, "%d", all[n]->id);
    return time_text(who->c->a, t->updated);
}

/* ---- bodies ---- */

/* A body of JSON for tickets; false after a reply. Absent is as good as {}. */
static bool body_check(struct call *c) {
    const char *type = call_header(c, "content-type");
    bool json = type && strncasecmp(type, "application/json", 16) == 0;
    if (!rt_body_is_utf8(c)) {
        reply_text(c, 500, RT_JSON, "", 0);
        return false;
    }
    if (json && c->request->body_len) {
        struct fault f = {0};
        json_t *j = json_read(c->request->body, c->request->body_len, &f);
        bool object = json_is_object(j), read = j != NULL;
        json_decref(j);
        if (!object)
            rt_message(c, 400,
                       read ? "JSON object must be a HASH" : arena_printf(c->a, "JSON parse error: %s\n", f.text));
        return object;
    }
    if (!json && c->request->body_len) {
        rt_message(c, 415, "Unsupported Media Type");
        return false;
    }
    return true;
}

/* ---- resources ---- */

static void handle_ticket(const struct rt_actor *who) {
    struct call *c = who->c;
    struct rt_ticket *t = rt_ticket_find(who->rt, c->args[0]);
    bool writes = call_is(c, "PUT") || call_is(c, "POST");
    const char *type = call_header(c, "content-type");
    bool json = type && strncasecmp(type, "application/json", 16) == 0;
    if (writes && json && !body_check(c))
        return;
    if (t && !rt_may(who, t, RT_SHOW)) {
        forbidden(c);
        return;
    }
    if (!t) {
        rt_message(c, 404, call_is(c, "PUT") ? "Resource does not exist; use POST to create" : "Not Found");
        return;
    }
    const char *tag = ticket_tag(who, t);
    bool reading = !writes && !call_is(c, "DELETE");
    bool going_on = precondition(c, tag, reading);
    if (reading && (going_on || c->reply->status == 304)) {
        reply_header(c, "etag", arena_printf(c->a, "\"%s\"", tag));
        reply_header(c, "last-modified", time_text(c->a, t->updated));
    }
    if (!going_on)
        return;
    if (reading) {
        reply_json(c, 200, RT_JSON, rt_ticket_show(who, t));
    } else if (call_is(c, "DELETE")) {
        const char *before = t->status;
        (void)rt_status_set(who, t, who->user, "deleted");
        if (t->status == before)
            rt_message(c, 500, "Internal Server Error");
        else
            reply_text(c, 204, RT_JSON, "", 0);
    } else if (call_is(c, "POST")) {
        rt_message(c, 409, "Resource already exists; use PUT to update");
    } else if (json || body_check(c)) {
        rt_put_ticket(who, t);
    }
}

static void handle_create(const struct rt_actor *who) {
    if (!call_is(who->c, "POST"))
        not_found(who->c);
    else if (!call_header(who->c, "content-type"))
        rt_message(who->c, 415, "Unsupported Media Type");
    else if (body_check(who->c))
        rt_post_ticket(who);
}

static void handle_user(const struct rt_actor *who) {
    struct call *c = who->c;
    struct rt_user *u = rt_user_find(who->rt, c->args[0]);
    if (!who->user->privileged && u != who->user) {
        forbidden(c);
    } else if (!u) {
        not_found(c);
    } else {
        bool whole = u == who->user || who->user->superuser;
        const char *seen = whole ? time_text(c->a, u->created) : "1970-01-01T00:00:00Z";
        reply_header(c, "etag", arena_printf(c->a, "\"%s\"", whole ? arena_printf(c->a, "%d", u->txn) : seen));
        reply_header(c, "last-modified", seen);
        reply_json(c, 200, RT_JSON, rt_user_show(who, u));
    }
}

static void handle_queue(const struct rt_actor *who) {
    struct call *c = who->c;
    struct rt_queue *q = rt_queue_find(who->rt, c->args[0]);
    if (!q || !(rt_user_rights(who->rt, who->user, q) & RT_SEE_QUEUE)) {
        forbidden(c);
        return;
    }
    reply_header(c, "etag", q->id == 3 ? "\"37\"" : "\"42\"");
    reply_header(c, "last-modified", time_text(c->a, who->rt->seeded));
    reply_json(c, 200, RT_JSON, rt_queue_show(who, q));
}

static void handle_rt(const struct rt_actor *who) {
    reply_json(who->c, 200, RT_JSON, json_pack("{s:s}", "Version", "5.0.3"));
}

static void handle_tickets(const struct rt_actor *who) {
    const char *type = call_header(who->c, "content-type");
    if (call_is(who->c, "POST") && type && str_starts(type, "application/x-www-form-urlencoded") &&
        who->c->request->body)
        call_read_form(who->c, who->c->request->body, who->c->request->body_len);
    rt_list_tickets(who);
}

static struct rt_txn *txn_find(const struct rt *rt, const char *id) {
    int64_t n;
    size_t low = 0, high = rt->n_txns;
    if (!str_int64(id, &n))
        return NULL;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rt->txns[middle]->id < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rt->n_txns && rt->txns[low]->id == n ? rt->txns[low] : NULL;
}

static void handle_txn(const struct rt_actor *who) {
    struct rt_txn *x = txn_find(who->rt, who->c->args[0]);
    if (!x)
        rt_message(who->c, 500, "Internal Server Error"); /* not a 404 */
    else if (!rt_txn_visible(who, x))
        forbidden(who->c);
    else
        reply_json(who->c, 200, RT_JSON, rt_txn_show(who, x));
}

static void handle_txn_parts(const struct rt_actor *who) {
    rt_list_txn_attachments(who, txn_find(who->rt, who->c->args[0]));
}

static void handle_attachment(const struct rt_actor *who) {
    int64_t n = 0;
    bool there = str_int64(who->c->args[0], &n) && n >= 1 && n <= (int64_t)who->rt->n_attachments;
    if (!there)
        rt_message(who->c, 500, "Internal Server Error");
    else if (!rt_txn_visible(who, who->rt->attachments[n - 1]->txn))
        forbidden(who->c);
    else
        reply_json(who->c, 200, RT_JSON, rt_attachment_show(who, who->rt->attachments[n - 1]));
}

static void handle_message(const struct rt_actor *who) {
    if (!rt_body_is_utf8(who->c))
        reply_text(who->c, 500, RT_JSON, "", 0);
    else
        rt_post_message(who, rt_ticket_find(who->rt, who->c->args[0]), str_is(who->c->args[1], "comment"));
}

static void handle_history(const struct rt_actor *who) {
    rt_list_history(who, rt_ticket_find(who->rt, who->c->args[0]));
}
static void handle_parts(const struct rt_actor *who) {
    rt_list_attachments(who, rt_ticket_find(who->rt, who->c->args[0]));
}
static void handle_queues_all(const struct rt_actor *who) {
    rt_list_queues(who, true);
}
static void handle_queues(const struct rt_actor *who) {
    rt_list_queues(who, false);
}
static void handle_field(const struct rt_actor *who) {
    forbidden(who->c);
}
static void handle_queue_history(const struct rt_actor *who) {
    rt_list_queue_history(who, rt_queue_find(who->rt, who->c->args[0]));
}
static void handle_bulk(const struct rt_actor *who) {
    if (call_is(who->c, "PUT"))
        rt_put_bulk(who);
    else
        rt_post_bulk(who, NULL);
}
static void handle_bulk_message(const struct rt_actor *who) {
    rt_post_bulk(who, who->c->args[0]);
}

static const struct {
    const char *pattern, *methods, *allow;
    void (*handle)(const struct rt_actor *who);
} routes[] = {
    {API "/rt", " GET HEAD ", "GET", handle_rt},
    {API "/tickets", " GET HEAD POST ", "GET,HEAD,POST", handle_tickets},
    {API "/ticket", " GET HEAD PUT POST DELETE ", "GET,HEAD,DELETE,PUT,POST", handle_create},
    {API "/ticket/#", " GET HEAD PUT POST DELETE ", "GET,HEAD,DELETE,PUT,POST", handle_ticket},
    {API "/ticket/#/history", " GET HEAD ", "GET,HEAD", handle_history},
    {API "/ticket/#/attachments", " GET HEAD ", "GET,HEAD", handle_parts},
    {API "/ticket/#/*", " POST ", "POST", handle_message},
    {API "/transactions", " GET HEAD ", "GET,HEAD", rt_list_txns},
    {API "/transaction/#", " GET HEAD ", "GET,HEAD", handle_txn},
    {API "/transaction/#/attachments", " GET HEAD ", "GET,HEAD", handle_txn_parts},
    {API "/attachment/#", " GET HEAD ", "GET,HEAD", handle_attachment},
    {API "/attachments", " GET HEAD ", "GET,HEAD", rt_list_empty},
    {API "/tickets/bulk", " PUT POST ", "PUT,POST", handle_bulk},
    {API "/tickets/bulk/*", " POST ", "POST", handle_bulk_message},
    {API "/user/*", " GET HEAD ", "GET,HEAD", handle_user},
    {API "/queues/all", " GET HEAD ", "GET,HEAD", handle_queues_all},
    {API "/queues", " GET HEAD ", "GET,HEAD", handle_queues},
    {API "/queue/*", " GET HEAD ", "GET,HEAD", handle_queue},
    {API "/queue/*/history", " GET HEAD ", "GET,HEAD", handle_queue_history},
    {API "/queue/#/customfields", " GET HEAD ", "GET,HEAD", rt_list_empty},
    {API "/customfields", " GET HEAD ", "GET,HEAD", rt_list_empty},
    {API "/customfield/#", " GET HEAD ", "GET,HEAD", handle_field},
};

static bool is_message_path(const struct call *c) {
    return str_is(c->args[1], "comment") || str_is(c->args[1], "correspond");
}
static bool is_bulk_path(const struct call *c) {
    return str_is(c->args[0], "comment") || str_is(c->args[0], "correspond");
}

static void dispatch(const struct rt_actor *who) {
    struct call *c = who->c;
    for (size_t i = 0; i < array_size(routes); i++) {
        memset(c->args, 0, sizeof(c->args));
        if (!call_match(c, routes[i].pattern))
            continue;
        if ((routes[i].handle == handle_message && !is_message_path(c)) ||
            (routes[i].handle == handle_bulk_message && !is_bulk_path(c)))
            continue;
        char *method = arena_printf(c->a, " %s ", c->method);
        if (!strstr(" GET HEAD PUT POST DELETE OPTIONS ", method)) {
            rt_message(c, 501, "Not Implemented");
        } else if (!strstr(routes[i].methods, method)) {
            reply_header(c, "allow", routes[i].allow);
            rt_message(c, 405, "Method Not Allowed");
        } else {
            routes[i].handle(who);
        }
        return;
    }
    not_found(c);
}

void rt_handle(struct call *c) {
    if (!str_starts(c->path, API "/") && !str_is(c->path, API)) {
        rt_page(c);
        return;
    }
    struct rt_actor who = {c, c->sb->rt, user_of(c)};
    if (who.user)
        dispatch(&who);
    else
        reply_login(c);
}
