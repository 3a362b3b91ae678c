/* say: what the sandbox's tests have in common: a tracker each, at a fixed
 * time, and one line for a request with the check of its status. */
#ifndef TEST_SANDBOX_SAY_H
#define TEST_SANDBOX_SAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those: */
#include <cmocka.h>

#include "bascule/sandbox.h"

#include <string.h>

#define NOON 1767268800000LL /* 2026-01-01T12:00:00Z */

struct world {
    struct sandbox *sb;
    struct arena *a;
    msec_t now;
    struct sandbox_reply reply; /* of the last request */
};

static inline int world_make(void **state, enum sandbox_dialect dialect) {
    static struct world w; /* one test at a time */
    w = (struct world){sandbox_new(dialect, "http://127.0.0.1:1", NOON), arena_new(), NOON, {0}};
    *state = &w;
    return 0;
}
static inline int setup_rt(void **state) {
    return world_make(state, SANDBOX_RT);
}
static inline int setup_redmine(void **state) {
    return world_make(state, SANDBOX_REDMINE);
}
static inline int teardown(void **state) {
    struct world *w = *state;
    w->sb = sandbox_free(w->sb);
    w->a = arena_free(w->a);
    return 0;
}

static inline const char *env_of(struct world *w, const char *name) {
    const char *env = sandbox_env(w->sb, w->a), *at = strstr(env, arena_printf(w->a, "%s=", name));
    assert_non_null(at);
    at += strlen(name) + 1;
    return arena_strndup(w->a, at, strcspn(at, "\n"));
}

/* The whole of a request; headers as "name", "value" pairs up to NULL. */
static inline struct sandbox_reply *say_raw(struct world *w, const char *method, const char *target, const char *body,
                                            size_t len, ...) {
    struct sandbox_header headers[8];
    size_t n = 0;
    va_list ap;
    va_start(ap, len);
    for (const char *name; n < 8 && (name = va_arg(ap, const char *)) != NULL; n++)
        headers[n] = (struct sandbox_header){name, va_arg(ap, const char *)};
    va_end(ap);
    struct sandbox_request request = {method, target, headers, n, body, len};
    sandbox_handle(w->sb, &request, w->now, w->a, &w->reply);
    return &w->reply;
}

static inline const char *credentials(struct world *w, const char *who, const char **ret_name) {
    if (strcmp(who, "dev") == 0 || strcmp(who, "admin") == 0 || strcmp(who, "bridge.redmine") == 0 ||
        strcmp(who, "outsider.redmine") == 0) {
        *ret_name = "X-Redmine-API-Key";
        return env_of(w, strcmp(who, "dev") == 0     ? "REDMINE_DEV_KEY"
                         : strcmp(who, "admin") == 0 ? "REDMINE_KEY"
                         : *who == 'b'               ? "REDMINE_BRIDGE_KEY"
                                                     : "REDMINE_OUTSIDER_KEY");
    }
    *ret_name = "Authorization";
    if (strcmp(who, "alice") == 0)
        return "Basic YWxpY2U6YWxpY2UtcHc=";
    return arena_printf(w->a, "token %s",
                        env_of(w, strcmp(who, "bridge") == 0  ? "RT_TOKEN"
                                  : strcmp(who, "agent") == 0 ? "RT_AGENT_TOKEN"
                                  : strcmp(who, "root") == 0  ? "RT_ROOT_TOKEN"
                                                              : "RT_OUTSIDER_TOKEN"));
}

/* A request of one of the users; checks the status, gives the body as JSON (free it), NULL when it is none. RT's paths
 * are without /REST/2.0. body: JSON written with ' for ". */
static inline json_t *say(struct world *w, const char *who, const char *method, const char *path, const char *body,
                          int status) {
    const char *name, *value = credentials(w, who, &name);
    char *text = body ? arena_strdup(w->a, body) : NULL;
    for (char *p = text; p && *p; p++)
        *p = *p == '\'' ? '"' : *p;
    bool rt = strcmp(name, "Authorization") == 0;
    char *target =
        rt && strncmp(path, "/sandbox", 8) != 0 ? arena_printf(w->a, "/REST/2.0%s", path) : arena_strdup(w->a, path);
    struct sandbox_reply *r = say_raw(w, method, target, text, text ? strlen(text) : 0, name, value, "Content-Type",
                                      "application/json", NULL);
    if (r->status != status)
        print_error("%s %s %s %s: %d %s\n", who, method, path, text ? text : "", r->status, r->body);
    assert_int_equal(r->status, status);
    return r->body_len ? json_loads(r->body, JSON_DECODE_ANY, NULL) : NULL;
}

/* The same where nobody looks at the body. */
static inline void tell(struct world *w, const char *who, const char *method, const char *path, const char *body,
                        int status) {
    json_decref(say(w, who, method, path, body, status));
}

/* The text at a JSON pointer of a GET. In the arena. */
static inline const char *look(struct world *w, const char *who, const char *path, const char *pointer) {
    json_t *j = say(w, who, "GET", path, NULL, 200), *at = json_at(j, pointer);
    const char *text = !at                                       ? "(absent)"
                       : json_is_null(at)                        ? "(null)"
                       : json_is_object(at) || json_is_array(at) ? json_print(w->a, at)
                                                                 : json_as_text(w->a, at);
    text = arena_strdup(w->a, text);
    json_decref(j);
    return text;
}

static inline const char *header_of(const struct sandbox_reply *r, const char *name) {
    for (size_t i = 0; i < r->n_headers; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return NULL;
}

#endif
