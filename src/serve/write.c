/* write: POST, PATCH and DELETE /api/v1/... (and what only the engine can read), from a path and a body to a command of
 * the engine.
 *
 * One table of routes; the arguments of a command are the members of the body
 * and what the path names. Called by serve.c. What must hold: nobody does what his
 * role does not allow; the path wins over the body, so that nobody is told one thing and does another. */
#include "serve.h"
#include <string.h>

struct route {
    const char *method, *path; /* {name}: a segment that becomes an argument; {name#}: a whole number */
    const char *command;
    enum user_role role;                 /* who may, at least (interface.md 3) */
    const char *rename_from, *rename_to; /* a member of the body under another name */
};

/* Sorted by path; `bascule COMMAND` uses the same. */
static const struct route routes[] = {
    {"POST", "audit", "audit", USER_PRACTITIONER, NULL, NULL},
    {"POST", "check", "check", USER_PRACTITIONER, NULL, NULL},
    {"POST", "defects/{ref}/ack", "ack", USER_PRACTITIONER, NULL, NULL},
    {"POST", "defects/{ref}/forget", "forget", USER_OWNER, NULL, NULL},
    {"POST", "defects/{ref}/ignore", "ignore", USER_PRACTITIONER, NULL, NULL},
    {"POST", "defects/{ref}/outcome", "outcome", USER_PRACTITIONER, NULL, NULL},
    {"POST", "effects/{n#}/discard", "discard", USER_MANAGER, NULL, NULL},
    {"POST", "effects/{n#}/release", "release", USER_MANAGER, NULL, NULL},
    {"POST", "effects/{n#}/retry", "retry", USER_PRACTITIONER, NULL, NULL},
    {"POST", "incidents/{ref}/ack", "ack", USER_PRACTITIONER, NULL, NULL},
    {"POST", "incidents/{ref}/defect", "defect-new", USER_PRACTITIONER, NULL, NULL},
    {"POST", "incidents/{ref}/forget", "forget", USER_OWNER, NULL, NULL},
    {"POST", "incidents/{ref}/ignore", "ignore", USER_PRACTITIONER, NULL, NULL},
    {"POST", "incidents/{ref}/outcome", "outcome", USER_PRACTITIONER, NULL, NULL},
    {"POST", "links", "link", USER_PRACTITIONER, NULL, NULL},
    {"DELETE", "links/{a}/{b}", "unlink", USER_PRACTITIONER, NULL, NULL},
    {"POST", "outbox/close", "outbox-close", USER_OWNER, NULL, NULL},
    {"POST", "outbox/open", "outbox-open", USER_OWNER, NULL, NULL},
    {"POST", "policy/apply", "policy-apply", USER_MANAGER, NULL, NULL},
    {"POST", "problems", "problem-new", USER_PRACTITIONER, NULL, NULL},
    {"PATCH", "problems/{id}", "problem-set", USER_PRACTITIONER, NULL, NULL},
    {"POST", "problems/{id}/accept-risk", "problem-accept-risk", USER_MANAGER, NULL, NULL},
    {"POST", "problems/{id}/close", "problem-close", USER_MANAGER, NULL, NULL},
    {"POST", "problems/{ref}/defect", "defect-new", USER_PRACTITIONER, NULL, NULL},
    {"POST", "problems/{a}/links", "link", USER_PRACTITIONER, "ref", "b"},
    {"DELETE", "problems/{a}/links/{b}", "unlink", USER_PRACTITIONER, NULL, NULL},
    {"POST", "problems/{id}/merge", "problem-merge", USER_MANAGER, NULL, NULL},
    {"POST", "problems/{id}/publish", "problem-publish", USER_MANAGER, NULL, NULL},
    {"POST", "problems/{id}/push-back", "problem-push-back", USER_MANAGER, NULL, NULL},
    {"POST", "problems/{id}/recurred", "problem-recurred", USER_PRACTITIONER, NULL, NULL},
    {"POST", "problems/{id}/reopen", "problem-reopen", USER_MANAGER, NULL, NULL},
    {"POST", "problems/{id}/split", "problem-split", USER_MANAGER, NULL, NULL},
    {"POST", "suggestions/{n#}/confirm", "confirm", USER_PRACTITIONER, NULL, NULL},
    {"POST", "suggestions/{n#}/reject", "reject", USER_PRACTITIONER, NULL, NULL},
    {"POST", "sync/{ref}", "sync", USER_PRACTITIONER, NULL, NULL},
    {"GET", "tokens", "token-list", USER_OWNER, NULL, NULL},
    {"POST", "tokens", "token-new", USER_OWNER, NULL, NULL},
    {"DELETE", "tokens/{token}", "token-revoke", USER_OWNER, NULL, NULL},
    {"POST", "trackers/{tracker}/pause", "pause", USER_OWNER, NULL, NULL},
    {"POST", "trackers/{tracker}/resume", "resume", USER_OWNER, NULL, NULL},
};

/* One segment against its pattern; puts a named one into args (which may be NULL). */
static bool segment_fits(const char *pattern, size_t len, const char *segment, json_t *args) {
    if (*pattern != '{')
        return strlen(segment) == len && strncmp(pattern, segment, len) == 0;
    bool number = pattern[len - 2] == '#';
    int64_t n = 0;
    if (number && !str_int64(segment, &n))
        return false;
    char name[32];
    snprintf(name, sizeof(name), "%.*s", (int)(len - 2 - number), pattern + 1);
    if (args)
        json_object_set_new(args, name, number ? json_integer(n) : json_string(segment));
    return true;
}

static bool route_fits(const struct route *r, const char **segments, size_t count, json_t *args) {
    const char *p = r->path;
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(p, "/");
        if (len == 0 || !segment_fits(p, len, segments[i], args))
            return false;
        p += len + (p[len] == '/');
    }
    return *p == 0;
}

const char *write_methods(struct arena *a, const char **segments, size_t count) {
    const char *methods = "";
    for (size_t i = 0; i < array_size(routes); i++)
        if (route_fits(&routes[i], segments, count, NULL) && !strstr(methods, routes[i].method))
            methods = arena_printf(a, "%s%s%s", methods, *methods ? ", " : "", routes[i].method);
    return methods;
}

/* ---- the engine's answer ---- */

/* An answer of the engine that lacks what RFC 9457 wants gets it. */
static json_t *problem_complete(json_t *result, int status) {
    json_t *p = json_is_object(result) ? json_copy(result) : json_object();
    if (!json_object_get(p, "type"))
        json_object_set_new(p, "type", json_string("about:blank"));
    if (!json_object_get(p, "title"))
        json_object_set_new(p, "title", json_string(status_title(status)));
    json_object_set_new(p, "status", json_integer(status));
    return p;
}

static void command_answer(void *who, int status, json_t *result) {
    struct http_call *call = who;
    cleanup_buf struct buf b = {0};
    cleanup_json json_t *value = status >= 400 ? problem_complete(result, status)
                                 : result      ? json_incref(result)
                                               : json_object();
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    buf_str(&b, text ? text : "{}");
    buf_char(&b, '\n');
    free(text);
    http_call_answer(call, &(struct http_answer){
                               .status = status,
                               .type = status >= 400 ? "application/problem+json" : "application/json",
                               .body = buf_text(&b),
                               .len = b.len,
                           });
}

/* ---- the call ---- */

static bool type_is_json(const struct http_call *call) {
    const char *type = http_call_header(call, "Content-Type");
    if (!type)
        return call->body_len == 0;
    size_t len = strcspn(type, "; \t");
    return len == strlen("application/json") && strncasecmp(type, "application/json", len) == 0;
}

/* The body as an object; NULL when it is none, and then the call has been answered. */
static json_t *write_body(struct http_call *call) {
    struct fault f = {0};
    if (call->body_len == 0)
        return json_object();
    if (!type_is_json(call)) {
        answer_problem(call, 415, "a body must be application/json");
        return NULL;
    }
    json_t *body = json_read(call->body, call->body_len, &f);
    if (json_is_object(body))
        return body;
    json_decref(body);
    answer_problem(call, 400, f.text[0] ? f.text : "the body must be a JSON object");
    return NULL;
}

static const struct route *route_find(const char *method, const char **segments, size_t count, json_t *args) {
    for (size_t i = 0; i < array_size(routes); i++)
        if (str_is(routes[i].method, method) && route_fits(&routes[i], segments, count, NULL)) {
            route_fits(&routes[i], segments, count, args);
            return &routes[i];
        }
    return NULL;
}

size_t write_routes(void) {
    return array_size(routes);
}

bool write_has(const char *method, const char **segments, size_t count) {
    return route_find(method, segments, count, NULL) != NULL;
}

static void role_refuse(struct http_call *call, const struct caller *who, const struct route *r) {
    answer_problem(call, 403,
                   arena_printf(call->arena, "the role %s may not do that: it takes %s", user_role_name(who->role),
                                user_role_name(r->role)));
}

void write_handle(struct serve *s, struct http_call *call, const struct caller *who, const char **segments,
                  size_t count) {
    cleanup_json json_t *named = json_object();
    const struct route *r = route_find(call->method, segments, count, named);
    if (!r) {
        answer_problem(call, 404, "there is no such address");
        return;
    }
    if (who->role < r->role) {
        role_refuse(call, who, r);
        return;
    }
    cleanup_json json_t *args = write_body(call);
    if (!args)
        return;
    if (r->rename_from && json_object_get(args, r->rename_from)) {
        json_object_set(args, r->rename_to, json_object_get(args, r->rename_from));
        json_object_del(args, r->rename_from);
    }
    json_object_update(args, named);
    s->o.command(s->o.arg, r->command, args, who->actor, command_answer, call);
}
