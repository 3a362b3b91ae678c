/* pages: what is longer than a page, and what never ends.
 *
 * RT's histories and texts come in pages of 100; this file makes as many as it
 * likes. Reading goes on to the last one, and stops at a bound when there is none. */
#include "bascule/tracker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MARKER "[P-7 \xc2\xb7 b1-aaaaaa]"

static json_t *auth, *scope;
static struct tracker *tracker;

static int begin(void **state) {
    struct fault f = {0};
    (void)state;
    auth = json_pack("{s:s}", "token", "1-2-x");
    scope = json_pack("{s:s}", "query", "id > 0");
    struct tracker_settings s = {
        .name = "t", .connector = "rt", .url = "http://x", .auth = auth, .scope = scope, .import_comments = true};
    return tracker_new(SOURCE_ROOT "/connectors", &s, &tracker, &f);
}

static int end(void **state) {
    (void)state;
    tracker_free(tracker);
    json_decref(auth);
    json_decref(scope);
    return 0;
}

/* Items first to last of the page that the URL asks for; all of `total`. */
static void items(struct buf *b, const char *url, int total, const char *form, bool marked) {
    const char *p = strstr(url, "&page=");
    int page = p ? atoi(p + 6) : 1;
    buf_str(b, "{\"items\":[");
    for (int i = (page - 1) * 100 + 1; i <= page * 100 && i <= total; i++) {
        buf_str(b, i % 100 == 1 ? "" : ",");
        char text[400];
        snprintf(text, sizeof(text), "%s", form);
        for (char *at; (at = strchr(text, '#'));) {
            char rest[400];
            snprintf(rest, sizeof(rest), "%s", at + 1);
            snprintf(at, sizeof(text) - (size_t)(at - text), "%d%s", i, rest);
        }
        buf_str(b, text);
        if (marked && i == total)
            b->len -= 2, buf_str(b, MARKER "\"}");
    }
    buf_str(b, "]}");
}

static void answer(struct op *op, int total) {
    struct http_request q;
    int n = 0;
    while (op_next(op, &q)) {
        cleanup_buf struct buf b = {0};
        assert_true(++n <= 200);
        if (strstr(q.url, "/history"))
            items(&b, q.url, total,
                  "{\"id\":\"#\",\"Type\":\"Status\",\"OldValue\":\"new\",\"NewValue\":\"open\",\"Creator\":{\"id\":"
                  "\"a\"},\"Created\":\"2026-11-23T01:00:00Z\"}",
                  false);
        else if (strstr(q.url, "/attachments"))
            items(&b, q.url, total,
                  "{\"id\":\"#\",\"TransactionId\":\"#\",\"ContentType\":\"text/plain\",\"Content\":\"text # \"}",
                  true);
        else
            buf_str(&b, "{\"id\":5,\"Status\":\"open\",\"Subject\":\"x\",\"LastUpdated\":\"2026-11-23T01:00:00Z\"}");
        struct http_reply r = {.result = HTTP_ANSWERED, .status = 200, .body = buf_text(&b), .body_len = b.len};
        op_reply(op, &r);
    }
}

static void all_pages_are_read(void **state) {
    (void)state;
    struct op *op = op_read(tracker, "5");
    answer(op, 250);
    assert_int_equal(op_result(op)->class, CLASS_OK);
    assert_int_equal(op_result(op)->requests, 1 + 3 + 3);
    assert_int_equal(op_result(op)->records[0].n_changes, 250);
    assert_string_equal(op_result(op)->records[0].changes[249].id, "250");
    op_free(op);
}

static void the_last_note_is_found(void **state) {
    (void)state;
    struct op *op = op_look_note(tracker, "5", MARKER);
    answer(op, 301);
    assert_true(op_result(op)->found);
    assert_string_equal(op_result(op)->echo, "301");
    assert_int_equal(op_result(op)->requests, 4);
    op_free(op);
}

static void endless_pages_end(void **state) {
    (void)state;
    struct op *op = op_read(tracker, "5");
    answer(op, 1000000);
    assert_int_equal(op_result(op)->class, CLASS_OK);
    assert_int_equal(op_result(op)->records[0].n_changes, 2000);
    op_free(op);
    op = op_look_note(tracker, "5", "[P-1 \xc2\xb7 b1-zzzzzz]");
    answer(op, 1000000);
    assert_int_equal(op_result(op)->class, CLASS_NONSENSE); /* not all was seen: "not there" would be a guess */
    op_free(op);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_pages_are_read), cmocka_unit_test(the_last_note_is_found),
                                       cmocka_unit_test(endless_pages_end)};
    return cmocka_run_group_tests(tests, begin, end);
}
