/* golden: replays recorded cases: the requests must be these, the result must be this.
 *
 * Cases lie in connectors/NAME/tests/ and in tests/golden/tracker/; their form is in
 * case.h. GOLDEN_UPDATE=1 in the environment writes what came out into the files:
 * then read the difference before believing it. */
#include "case.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES_MAX 400

struct run {
    const char *file;
    struct script *script;
    size_t at;
    struct buf out; /* the case as it went */
    bool update, differs;
};

static struct part *next_part(struct run *r) {
    return r->at < r->script->n ? &r->script->parts[r->at] : NULL;
}

static bool part_is(struct run *r, const char *name) {
    return next_part(r) && str_is(next_part(r)->name, name);
}

static void put_part(struct run *r, const char *name, const char *head, const char *body) {
    buf_printf(&r->out, "%%%s%s%s\n", name, *head ? " " : "", head);
    if (*body)
        buf_printf(&r->out, "%s\n", body);
}

static void differs(struct run *r, int line, const char *what, const char *wanted, const char *got) {
    r->differs = true;
    if (!r->update)
        print_error("%s:%d: %s\n--- wanted\n%s\n--- got\n%s\n", r->file, line, what, wanted, got);
}

static void check_request(struct run *r, const struct http_request *q) {
    cleanup_arena struct arena *a = arena_new();
    const char *head = arena_printf(a, "%s %s", q->method, q->url), *body = q->body ? q->body : "";
    if (!part_is(r, "request")) {
        differs(r, next_part(r) ? next_part(r)->line : 0, "a request that was not expected", "", head);
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
static void read_reply(struct arena *a, const struct part *p, struct http_reply *ret) {
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
        if (h[name] == ':')
            *arena_push(a, &headers, &n) = (struct http_header){
                arena_strndup(a, h, name),
                arena_strndup(a, h + name + 1 + strspn(h + name + 1, " "), value - 1 - strspn(h + name + 1, " "))};
    }
    ret->headers = headers;
    ret->n_headers = n;
    if (http_header(ret, "date") && !time_parse_http(http_header(ret, "date"), &ret->date))
        fail_msg("a Date header that isn't one");
    ret->began = ret->ended = ret->date;
    if (http_header(ret, "at") && time_parse(http_header(ret, "at"), &ret->ended)) /* our own clock then */
        ret->began = ret->ended;
}

static bool give_reply(struct run *r, struct op *op) {
    cleanup_arena struct arena *a = arena_new();
    struct http_reply reply;
    if (!part_is(r, "reply")) {
        differs(r, 0, "no reply for the last request", "", "");
        return false;
    }
    const struct part *p = next_part(r);
    read_reply(a, p, &reply);
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
        differs(r, next_part(r) ? next_part(r)->line : 0, "it ended earlier than expected", "", buf_text(&b));
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
    while (part_is(r, "op")) {
        const struct part *p = next_part(r);
        const struct op_result *read = before.op ? op_result(before.op) : NULL;
        struct case_op o = case_op_new(t, p->head, read && read->n_records ? read->records : NULL);
        put_part(r, "op", p->head, "");
        r->at++;
        if (!o.op)
            fail_msg("%s:%d: no such operation", r->file, p->line);
        run_op(r, o.op);
        case_op_free(&before);
        before = o;
    }
    case_op_free(&before);
}

static void write_back(struct run *r) {
    FILE *f = fopen(r->file, "we");
    assert_non_null(f);
    fwrite(r->out.data, 1, r->out.len, f);
    fclose(f);
}

static void golden_case(void **state) {
    struct run r = {.file = *state, .update = getenv("GOLDEN_UPDATE") != NULL};
    struct fault f = {0};
    r.script = script_read(r.file);
    assert_non_null(r.script);
    for (; part_is(&r, "case"); r.at++)
        put_part(&r, "case", next_part(&r)->head, next_part(&r)->body);
    if (!part_is(&r, "tracker"))
        fail_msg("%s: no %%tracker", r.file);
    cleanup_json json_t *j = json_loads(next_part(&r)->head, 0, NULL);
    const char *own = json_text(j, "connectors");
    cleanup_arena struct arena *a = arena_new();
    if (own)
        json_object_set_new(j, "connectors", json_string(arena_printf(a, "%s/%s", SOURCE_ROOT, own)));
    struct tracker *t = case_tracker(SOURCE_ROOT "/connectors", j, &f);
    if (!t)
        fail_msg("%s: %s", r.file, f.text);
    put_part(&r, "tracker", next_part(&r)->head, "");
    r.at++;
    run_ops(&r, t);
    if (r.at < r.script->n)
        differs(&r, next_part(&r)->line, "parts are left over", next_part(&r)->name, "");
    if (r.update && r.differs)
        write_back(&r);
    tracker_free(t);
    script_free(r.script);
    buf_deinit(&r.out);
    if (!r.update)
        assert_false(r.differs);
}

int main(void) {
    static struct CMUnitTest tests[CASES_MAX];
    size_t n = 0;
    glob_t g = {0};
    glob(SOURCE_ROOT "/connectors/*/tests/*.case", 0, NULL, &g);
    glob(SOURCE_ROOT "/tests/golden/tracker/*.case", GLOB_APPEND, NULL, &g);
    for (; n < g.gl_pathc && n < CASES_MAX; n++)
        tests[n] = (struct CMUnitTest){
            .name = strrchr(g.gl_pathv[n], '/') + 1, .test_func = golden_case, .initial_state = g.gl_pathv[n]};
    int rc = n ? _cmocka_run_group_tests("golden", tests, n, NULL, NULL) : 1;
    globfree(&g);
    return rc;
}
