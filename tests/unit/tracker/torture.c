/* torture: every recorded reply, broken in every way that is cheap to think of.
 *
 * Replays the golden cases with replies that are cut, bent, swapped, empty, lost or
 * of another status. Whatever comes, an operation must end within its bound, without
 * a fault of memory, and must not claim what nothing shows: an unsure write is never
 * "rejected", a lost one never "ok", and what is not OK gives no records. */
#include "case_file.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 6

static uint64_t seed;
static uint64_t next_random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}
static size_t below(size_t n) {
    return n ? (size_t)(next_random() % n) : 0;
}

struct bent {
    struct http_reply r;
    struct http_header headers[2];
    struct buf body;
};

static void body_bend(struct bent *b) {
    static const char *const pieces[] = {
        "null", "[]", "{}", "\"", "}", "]", "\xff", "\\ud800", "99999999999999999999", "-", "true", "\\u0000"};
    struct buf *body = &b->body;
    if (!body->len)
        return;
    size_t at = below(body->len), n = below(60);
    switch (below(6)) {
    case 0: body->len = at; break; /* cut */
    case 1: body->data[at] = (char)next_random(); break;
    case 2: /* a piece out */
        n = n < body->len - at ? n : body->len - at;
        memmove(body->data + at, body->data + at + n, body->len - at - n);
        body->len -= n;
        break;
    case 3: { /* a value put in the place of what stands there */
        const char *piece = pieces[below(array_size(pieces))];
        n = strlen(piece) < body->len - at ? strlen(piece) : body->len - at;
        memcpy(body->data + at, piece, n);
        break;
    }
    case 4: /* all numbers turned into texts, all texts into numbers, roughly */
        for (size_t i = 0; i < body->len; i++)
            if (body->data[i] == '"' && below(8) == 0)
                body->data[i] = '0';
        break;
    default: break;
    }
    body->data[body->len] = 0;
}

static void reply_bend(struct bent *b, const struct script *s) {
    static const int statuses[] = {200, 200, 200, 200, 201, 204, 301, 304, 400, 401, 403,
                                   404, 409, 412, 422, 429, 500, 502, 503, 999, 0};
    const struct part *p;
    do
        p = &s->parts[below(s->n)];
    while (!str_is(p->name, "reply"));
    buf_str(&b->body, p->body);
    body_bend(b);
    b->headers[0] = (struct http_header){"location", below(2) ? "/REST/2.0/transaction/" : "x"};
    b->headers[1] = (struct http_header){"retry-after", below(2) ? "-1" : "99999999999999999999"};
    b->r = (struct http_reply){.result = below(12) ? HTTP_ANSWERED : (enum http_result)below(4),
                               .why = below(2) ? "why\nnot" : NULL,
                               .status = statuses[below(array_size(statuses))],
                               .headers = b->headers,
                               .n_headers = below(3),
                               .body = buf_text(&b->body),
                               .body_len = b->body.len,
                               .date = below(2) ? 1795401000000LL : 0,
                               .began = 1795401000000LL,
                               .ended = 1795401000100LL};
}

/* One operation; at `bend` and after it replies are bent. */
static void run_bent(struct script *s, size_t *at, struct op *op, size_t bend) {
    struct http_request q;
    size_t n = 0;
    bool lost_write = false;
    while (op_next(op, &q)) {
        struct bent b = {0};
        const struct part *p = *at + 1 < s->n ? &s->parts[*at + 1] : NULL;
        assert_true(n < 300);
        assert_non_null(q.url);
        if (n++ < bend && p && str_is(p->name, "reply")) {
            *at += 2;
            buf_str(&b.body, p->body);
            b.r = (struct http_reply){
                .result = HTTP_ANSWERED, .status = atoi(p->head), .body = buf_text(&b.body), .body_len = b.body.len};
        } else {
            reply_bend(&b, s);
        }
        lost_write = lost_write || (b.r.result == HTTP_LOST && !str_is(q.method, "GET"));
        op_reply(op, &b.r);
        buf_deinit(&b.body);
    }
    const struct op_result *r = op_result(op);
    cleanup_buf struct buf out = {0};
    case_print(&out, r);
    if (lost_write)
        assert_true(r->class == CLASS_UNSURE || r->class == CLASS_RETRY_SAFE); /* what asks by POST is no write */
    if (r->class != CLASS_OK)
        assert_int_equal(r->n_records, 0);
    for (size_t i = 0; i < r->n_records; i++)
        assert_true(r->records[i].id && r->records[i].native_state && r->records[i].fields);
    if (r->cursor) {
        cleanup_json json_t *j = json_loads(r->cursor, 0, NULL);
        assert_true(json_is_object(j));
    }
}

static void torture_ops(struct script *s, struct tracker *t, size_t i, size_t bend) {
    struct case_op before = {0};
    while (i < s->n && str_is(s->parts[i].name, "op")) {
        const struct op_result *read = before.op ? op_result(before.op) : NULL;
        struct case_op o = case_op_new(t, s->parts[i].head, read && read->n_records ? read->records : NULL);
        run_bent(s, &i, o.op, i + 1 < s->n && before.op == NULL ? bend : below(4));
        case_op_free(&before);
        before = o;
        for (i++; i < s->n && !str_is(s->parts[i].name, "op");)
            i++;
    }
    case_op_free(&before);
}

static void torture_file(const char *file) {
    struct fault f = {0};
    struct script *s = case_script(file);
    cleanup_arena struct arena *a = arena_new();
    assert_non_null(s);
    size_t i = 0;
    while (i < s->n && !str_is(s->parts[i].name, "tracker"))
        i++;
    bool replies = false;
    for (size_t k = i; k < s->n; k++)
        replies = replies || str_is(s->parts[k].name, "reply");
    cleanup_json json_t *j = json_loads(s->parts[i].head, 0, NULL);
    if (json_text(j, "connectors"))
        json_object_set_new(j, "connectors",
                            json_string(arena_printf(a, "%s/%s", SOURCE_ROOT, json_text(j, "connectors"))));
    for (int round = 0; replies && round < ROUNDS; round++) {
        struct tracker *t = case_tracker(SOURCE_ROOT "/connectors", j, &f);
        assert_non_null(t);
        torture_ops(s, t, i + 1, below(4));
        tracker_free(t);
    }
    script_free(s);
}

static void torture(void **state) {
    glob_t g = {0};
    (void)state;
    seed = 88172645463325252ULL;
    glob(SOURCE_ROOT "/connectors/*/tests/*.case", 0, NULL, &g);
    glob(SOURCE_ROOT "/tests/golden/tracker/*.case", GLOB_APPEND, NULL, &g);
    assert_true(g.gl_pathc > 50);
    for (size_t i = 0; i < g.gl_pathc; i++)
        torture_file(g.gl_pathv[i]);
    globfree(&g);
}

/* Freed at any moment; replies that nobody waits for are not taken. */
static void ends_anywhere(void **state) {
    struct fault f = {0};
    (void)state;
    cleanup_json json_t *j =
        json_loads("{\"connector\":\"redmine\",\"role\":\"defects\",\"url\":\"http://x\",\"auth\":{\"key\":\"k\"},"
                   "\"scope\":{\"project\":\"p\"}}",
                   0, NULL);
    struct tracker *t = case_tracker(SOURCE_ROOT "/connectors", j, &f);
    struct http_request q;
    struct http_reply r = {.result = HTTP_ANSWERED, .status = 200, .body = "{}", .body_len = 2};
    assert_non_null(t);
    struct op *op = op_read(t, "1");
    op_reply(op, &r);
    assert_true(op_next(op, &q)); /* it wasn't taken: the question still stands */
    op_reply(op, &r);
    assert_int_equal(op_result(op)->requests, 1);
    op_free(op);
    op = op_read(t, "1");
    assert_true(op_next(op, &q));
    assert_false(op_next(op, &q)); /* no request twice */
    op_free(op);
    op = op_read(t, "../../admin?x=1&y");
    assert_true(op_next(op, &q));
    assert_string_equal(
        q.url, "http://x/issues/..%2F..%2Fadmin%3Fx%3D1%26y.json?include=journals%2Crelations%2Callowed_statuses");
    op_reply(op, &r);
    op_reply(op, &r);
    op_free(op);
    op_free(NULL);
    tracker_free(t);
    tracker_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(torture), cmocka_unit_test(ends_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
