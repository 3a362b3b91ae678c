/* access: who is at the other end of a call, and what he may do.
 *
 * On the Unix socket whoever may open it is the owner. On TCP a bearer token
 * (RFC 6750) says so; without one only reading is allowed, on loopback. Called by
 * serve.c. What must hold: a token that opens nothing is refused, even where none
 * is needed: whoever sends it believes to be somebody. */
#include "serve.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct asked {
    int status;
    json_t *result;
    bool answered, abandoned;
};

static void checked(void *arg, int status, json_t *result) {
    struct asked *a = arg;
    if (a->abandoned) {
        free(a);
        return;
    }
    a->answered = true;
    a->status = status;
    a->result = json_incref(result);
}

/* The engine knows, and answers at once. */
static int token_check(struct serve *s, struct http_call *call, const char *token, struct caller *ret) {
    cleanup_json json_t *args = json_pack("{s:s}", "token", token);
    struct asked *a = args ? calloc(1, sizeof(*a)) : NULL;
    if (!a)
        return 401; /* no UTF-8: none of ours */
    s->o.command(s->o.arg, "token-check", args, "bridge", checked, a);
    if (!a->answered) {
        a->abandoned = true;
        return 503;
    }
    int status = a->status;
    const char *name = json_text(a->result, "name");
    if (status == 200 && !(name && user_role_parse(json_text(a->result, "role"), &ret->role)))
        status = 401;
    ret->actor = arena_printf(call->arena, "token:%s", name ? name : "");
    json_decref(a->result);
    free(a);
    return status;
}

void access_refuse(struct http_call *call, const char *detail) {
    cleanup_json json_t *p = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", status_title(401),
                                       "status", 401, "detail", detail);
    char *text = json_dumps(p, JSON_COMPACT);
    struct http_header header = {"WWW-Authenticate", "Bearer realm=\"bascule\""};
    http_call_answer(call, &(struct http_answer){.status = 401,
                                                 .type = "application/problem+json",
                                                 .body = text,
                                                 .len = strlen(text),
                                                 .headers = &header,
                                                 .n_headers = 1});
    free(text);
}

bool access_of(struct serve *s, struct http_call *call, bool local, struct caller *ret) {
    const char *header = http_call_header(call, "Authorization");
    *ret = (struct caller){local ? USER_OWNER : USER_VIEWER,
                           local ? arena_printf(call->arena, "cli:%s", call->actor) : ""};
    if (local || !header)
        return true;
    if (strncasecmp(header, "Bearer ", 7) != 0) {
        access_refuse(call, "only bearer tokens are taken: Authorization: Bearer bsc_...");
        return false;
    }
    int status = token_check(s, call, header + 7 + strspn(header + 7, " "), ret);
    if (status == 503)
        answer_problem(call, 503, "the service cannot look at tokens now");
    else if (status != 200)
        access_refuse(call, "this token opens nothing: it is unknown, expired or revoked");
    return status == 200;
}
