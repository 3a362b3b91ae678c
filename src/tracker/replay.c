/* replay: a recorded case against a recipe: the requests must be these, the result
 * must be this.
 *
 * Pure: text in, differences out. Called by `bascule connectors test` and the
 * golden tests. */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT_MAX (8 << 20)

struct run {
    struct script *script;
    size_t at;
    struct arena *arena;
    struct case_replayed *out;
    struct buf text, faults;
};

static struct part *next_part(struct run *r) {
    return r->at < r->script->n ? &r->script->parts[r->at] : NULL;
}

static bool part_is(struct run *r, const char *name) {
    return next_part(r) && str_is(next_part(r)->name, name);
}

static int line_of(struct run *r) {
    return next_part(r) ? next_part(r)->line : 0;
}

static void put_part(struct run *r, const char *name, const char *head, const char *body) {
    buf_printf(&r->text, "%%%s%s%s\n", name, *head ? " " : "", head);
    if (*body)
        buf_printf(&r->text, "%s\n", body);
}

static void differs(struct run *r, int line, const char *what, const char *wanted, const char *got) {
    if (!r->out->what) {
        r->out->what = arena_strdup(r->arena, what);
        r->out->line = line;
    }
    buf_printf(&r->faults, "line %d: %s\n--- wanted\n%s\n--- got\n%s\n", line, what, wanted, got);
}

static void check_request(struct run *r, const struct http_request *q) {
    cleanup_arena struct arena *a = arena_new();
    const char *head = arena_printf(a, "%s %s", q->method, q->url), *body = q->body ? q->body : "";
    if (!part_is(r, "request")) {
        differs(r, line_of(r), "a request that was not expected", "", head);
    } else {
        const struct part *p = next_part(r);
        if (!str_is(p->head, head) || !str_is(p->body, body))
            differs(r, p->line, "another request", arena_printf(a, "%s\n%s", p->head, p->body),
                    arena_printf(a, "%s\n%s", head, body));
        r->at++;
    }
    put_part(r, "request", head, body);
}

/* "200 date: X; location: Y" */
static void read_reply(struct run *r, struct arena *a, const struct part *p, struct http_reply *ret) {
    struct http_header *headers = NULL;
    size_t n = 0;
    *ret = (struct http_reply){.result = HTTP_ANSWERED, .body = p->body, .body_len = strlen(p->body)};
    if (str_starts(p->head, "lost") || str_starts(p->head, "not-sent")) {
        ret->result = p->head[0] == 'l' ? HTTP_LOST : HTTP_NOT_SENT;
        ret->why = p->head[0] == 'l' ? "timed out" : "connection refused";
    }
    ret->status = atoi(p->head);
    for (const char *h = strchr(p->head, ' '); h; h = strchr(h, ';')) {
        h += strspn(h, "; ");
        size_t name = strcspn(h, ":"), value = strcspn(h + name, ";");
        if (h[name] == ':') {
            size_t space = 1 + strspn(h + name + 1, " ");
            *arena_push(a, &headers, &n) = (struct http_header){
                arena_strndup(a, h, name), arena_strndup(a, h + name + space, value > space ? value - space : 0)};
        }
    }
    ret->headers = headers;
    ret->n_headers = n;
    if (http_header(ret, "date") && !time_parse_http(http_header(ret, "date"), &ret->date))
        differs(r, p->line, "a Date header that is none", "", http_header(ret, "date"));
    ret->began = ret->ended = ret->date;
    if (http_header(ret, "at") && time_parse(http_header(ret, "at"), &ret->ended)) /* our own clock then */
        ret->began = ret->ended;
}

static bool give_reply(struct run *r, struct op *op) {
    cleanup_arena struct arena *a = arena_new();
    struct http_reply reply;
    if (!part_is(r, "reply")) {
        differs(r, line_of(r), "no reply for the last request", "", "");
        return false;
    }
    const struct part *p = next_part(r);
    read_reply(r, a, p, &reply);
    put_part(r, "reply", p->head, p->body);
    r->at++;
    op_reply(op, &reply);
    return true;
}

static void run_op(struct run *r, struct op *op) {
    struct http_request q;
    cleanup_buf struct buf b = {0};
    while (op_next(op, &q)) {
        check_request(r, &q);
        if (!give_reply(r, op))
            return;
    }
    case_print(&b, op_result(op));
    if (b.len)
        b.data[b.len - 1] = 0;
    if (!part_is(r, "result")) {
        differs(r, line_of(r), "it ended earlier than expected", "", buf_text(&b));
        while (next_part(r) && !part_is(r, "result") && !part_is(r, "op"))
            r->at++;
    }
    if (part_is(r, "result")) {
        if (!str_is(next_part(r)->body, buf_text(&b)))
            differs(r, next_part(r)->line, "another result", next_part(r)->body, buf_text(&b));
        r->at++;
    }
    put_part(r, "result", "", buf_text(&b));
}

static void run_ops(struct run *r, struct tracker *t) {
    struct case_op before = {0};
    if (!part_is(r, "op"))
        differs(r, line_of(r), "no %op behind %tracker", "", "");
    while (part_is(r, "op")) {
        const struct part *p = next_part(r);
        const struct op_result *read = before.op ? op_result(before.op) : NULL;
        struct case_op o = case_op_new(t, p->head, read && read->n_records ? read->records : NULL);
        put_part(r, "op", p->head, "");
        r->at++;
        if (o.op)
            run_op(r, o.op);
        else
            differs(r, p->line, "there is no such operation", "", p->head);
        if (before.arena)
            case_op_free(&before);
        before = o;
        if (!o.op)
            break;
    }
    if (before.arena)
        case_op_free(&before);
}

static void run_script(struct run *r, const char *connectors, const char *root) {
    cleanup_arena struct arena *a = arena_new();
    struct fault f = {0};
    for (; part_is(r, "case"); r->at++) {
        if (!r->out->title)
            r->out->title = arena_strdup(r->arena, next_part(r)->head);
        put_part(r, "case", next_part(r)->head, next_part(r)->body);
    }
    if (!part_is(r, "tracker")) {
        differs(r, line_of(r), "no %tracker at the beginning", "", "");
        return;
    }
    cleanup_json json_t *j = json_loads(next_part(r)->head, 0, NULL);
    if (json_text(j, "connectors"))
        json_object_set_new(j, "connectors", json_string(arena_printf(a, "%s/%s", root, json_text(j, "connectors"))));
    struct tracker *t = case_tracker(connectors, j, &f);
    if (!t) {
        differs(r, line_of(r), "the tracker cannot be made", "", f.text);
        return;
    }
    put_part(r, "tracker", next_part(r)->head, "");
    r->at++;
    run_ops(r, t);
    if (next_part(r))
        differs(r, line_of(r), "parts are left over", next_part(r)->name, "");
    tracker_free(t);
}

void case_replay(const char *connectors, const char *root, const char *text, struct arena *a,
                 struct case_replayed *ret) {
    *ret = (struct case_replayed){0};
    struct run r = {
        .script = script_read(text), .arena = a, .out = ret, .text = {.limit = OUT_MAX}, .faults = {.limit = OUT_MAX}};
    run_script(&r, connectors, root);
    ret->text = arena_strdup(a, buf_text(&r.text));
    ret->differences = ret->what ? arena_strdup(a, buf_text(&r.faults)) : NULL;
    ret->title = ret->title ? ret->title : "";
    script_free(r.script);
    buf_deinit(&r.text);
    buf_deinit(&r.faults);
}
