/* texts: what is read from trackers and what is written into them: HTML, Markdown,
 * markers, broken JSON. Pure functions, by tables and by every prefix. */
#include "../../../src/tracker/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define J "\xe2\x81\xa0" /* the joiner */

static void html_reads(void **state) {
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"<p>a</p><p>b</p>", "a\nb"},
        {"a<br>b<br/>c", "a\nb\nc"},
        {"<div>x  y\n z</div>", "x y z"},
        {"<pre>x  y\n z</pre>", "x  y\n z"},
        {"&lt;b&gt; &amp; &quot;q&quot; &#65;&#x42; &nbsp;&bogus;", "<b> & \"q\" AB &bogus;"},
        {"1 < 2 and 3 > 2", "1 < 2 and 3 > 2"},
        {"<script>alert(1)</script>ok<style>p{}</style>", "ok"},
        {"<!-- no -->yes", "yes"},
        {"<ul><li>one</li><li>two</li></ul>", "- one\n- two"},
        {"<a href=\"http://x/issues/5?a=1&amp;b=2\">bug</a>.", "bug (http://x/issues/5?a=1&b=2)."},
        {"<a href='http://x/5'>http://x/5</a>", "http://x/5"},
        {"<a href=\"javascript:x\">y</a>", "y"},
        {"me<blockquote>you<blockquote>they</blockquote></blockquote>I", "me\n> you\n> > they\nI"},
        {"a &middot b", "a &middot b"},
        {"<p", "<p"},
        {"<!-- open", ""},
        {"&#0;&#xffffffff;", "\xef\xbf\xbd\xef\xbf\xbd"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(cases); i++) {
        cleanup_arena struct arena *a = arena_new();
        assert_string_equal(html_text(a, cases[i][0]), cases[i][1]);
        for (size_t n = 0; n <= strlen(cases[i][0]); n++)
            html_text(a, arena_strndup(a, cases[i][0], n));
    }
}

static void foreign_words_are_harmless(void **state) {
    static const char *const cases[][2] = {
        {"see #12 and ##3", "see #" J "12 and #" J "#" J "3"},
        {"C# is a language", "C# is a language"},
        {"@bob, mail a@b.example", "@" J "bob, mail a@b.example"},
        {"{{include(x)}}", "{" J "{include(x)}}"},
        {"[[Wiki]]", "[" J "[Wiki]]"},
        {"!http://x/y.png!", "!" J "http://x/y.png!"},
        {"<pre> & <b>", "<" J "pre> & <" J "b>"},
        {"**bold** `code` __u__", "bold code u"},
        {"# Title\nx #1", "Title\nx #" J "1"},
        {"[text](http://x/a#b) [x](y)", "text: http://x/a#b [x](y)"},
        {"[http://x](http://x)", "http://x"},
        {"<http://x/#1>", "http://x/#1"},
        {"http://x/issues/1#note-3", "http://x/issues/1#note-3"},
        {"a \\#1 \\* \\\\ \\a", "a #" J "1 * \\ \\a"},
        {"5 < 6, 2 * 3", "5 < 6, 2 * 3"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(cases); i++) {
        cleanup_arena struct arena *a = arena_new();
        assert_string_equal(text_for(a, "harmless", cases[i][0]), cases[i][1]);
        for (size_t n = 0; n <= strlen(cases[i][0]); n++)
            text_for(a, "harmless", arena_strndup(a, cases[i][0], n));
    }
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(text_for(a, "plain", "**b** \\#1 \xff \r\nx"), "**b** #1 ? \nx");
    assert_string_equal(text_for(a, "markdown", "a \\#1"), "a \\#1");
}

/* A long mail, and what RT and Redmine make of its line ends, is read to its end: there stands what it is about. */
static void long_texts_have_ends(void **state) {
    enum { LONG = 150 << 10 };
    cleanup_arena struct arena *a = arena_new();
    char *text = arena_alloc(a, LONG + 8);
    (void)state;
    for (size_t i = 0; i < LONG; i += 2)
        memcpy(text + i, i % 80 ? "ab" : "\r\n", 2);
    memcpy(text + LONG, "BUG-1", 6);
    const char *const read[] = {html_text(a, text), text_clean(a, text, TEXT_BYTES_MAX), text_for(a, "harmless", text)};
    for (size_t i = 0; i < array_size(read); i++)
        assert_string_equal(read[i] + strlen(read[i]) - 5, "BUG-1");
}

static void text_is_cleaned(void **state) {
    cleanup_arena struct arena *a = arena_new();
    (void)state;
    assert_string_equal(text_clean(a, "a\r\nb\rc\x01\x7f\td", 100), "a\nb\nc\td");
    assert_string_equal(text_clean(a, "\xc3\xa4\xc3\xa4\xc3\xa4", 5), "\xc3\xa4\xc3\xa4");
    assert_string_equal(text_clean(a, NULL, 5), "");
}

static void markers(void **state) {
    cleanup_arena struct arena *a = arena_new();
    struct marker m;
    (void)state;
    char *made = marker_make(a, 12, "b1", "note:known-error:P-12");
    assert_true(strlen(made) <= 25);
    assert_true(marker_find(a, arena_printf(a, "Text.\n\n%s\n> quoted", made), &m));
    assert_int_equal(m.problem, 12);
    assert_string_equal(m.instance, "b1");
    assert_int_equal(strlen(m.word), 6);
    assert_string_equal(m.whole, made);
    assert_int_equal(m.at, 7);
    assert_string_equal(made, marker_make(a, 12, "b1", "note:known-error:P-12"));
    assert_string_not_equal(made, marker_make(a, 12, "b1", "note:known-error:P-13"));
    static const char *const found[] = {"[P-1 \xc2\xb7 b1-abc123]", "[P-1\n\xc2\xb7 b1-abc123]",
                                        "[P-1\xc2\xa0\xc2\xb7\xc2\xa0\x62\x31-abc123]",
                                        "[P-x] [P-1 \xc2\xb7 b1-abc123]"};
    static const char *const none[] = {"",
                                       "[P-1]",
                                       "[P-1 \xc2\xb7 b1]",
                                       "[P-1 \xc2\xb7 b1-]",
                                       "[P- \xc2\xb7 b1-x]",
                                       "[P-1 \xc2\xb7 B1-x]",
                                       "[P-99999999999999999999 \xc2\xb7 b1-x]",
                                       "[P-1 . b1-x]",
                                       "[P-1 \xc2\xb7 b1-abc123"};
    for (size_t i = 0; i < array_size(found); i++)
        assert_true(marker_find(a, found[i], &m));
    for (size_t i = 0; i < array_size(none); i++)
        assert_false(marker_find(a, none[i], &m));
}

/* ---- JSON that isn't ---- */

static void mended(void **state) {
    static const char *const cases[][2] = {
        {"{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\xef\xbf\xbdy\"}"},
        {"{\"a\":\"\\ud83d\"}", "{\"a\":\"\xef\xbf\xbd\"}"},
        {"{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\\ud83d\\ude00\"}"},
        {"{\"a\":\"\\ude00\\ud83d\"}", "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\"}"},
        {"{\"a\":\"\xff\xc3\"}", "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\"}"},
        {"{\"a\":12345678901234567890}", "{\"a\":\"12345678901234567890\"}"},
        {"{\"a\":1e999,\"b\":5}", "{\"a\":\"1e999\",\"b\":5}"},
        {"{\"a\":\"x\ty\nz\"}", "{\"a\":\"x\\u0009y\\u000az\"}"},
        {"\xef\xbb\xbf[1]", "[1]"},
        {"{\"a\":\"\\q\"}", "{\"a\":\"\xef\xbf\xbd\"}"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(cases); i++) {
        cleanup_buf struct buf b = {0};
        raw_mend(&b, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(buf_text(&b), cases[i][1]);
        cleanup_json json_t *j = json_read(buf_text(&b), b.len, NULL);
        assert_non_null(j);
        for (size_t n = 0; n <= strlen(cases[i][0]); n++) {
            cleanup_buf struct buf c = {0};
            char *exact = malloc(n ? n : 1); /* so that an overrun is seen */
            memcpy(exact, cases[i][0], n);
            raw_mend(&c, exact, n);
            free(exact);
        }
    }
}

static void count_one(void *arg, const char *element, size_t len) {
    (void)element, (void)len;
    ++*(int *)arg;
}

static void split(void **state) {
    static const struct {
        const char *text, *path;
        int count; /* -1: refused */
    } cases[] = {
        {"{\"items\":[{\"a\":1},{\"b\":[1,{}]},{\"c\":\"]}\\\"\"}]}", "/items", 3},
        {"{\"x\":{\"items\":[{}]},\"items\":[]}", "/items", 0},
        {"{\"x\":{\"items\":[{}]}}", "/x/items", 1},
        {"[{\"a\":},{\"b\":1}]", "", 2},
        {" { \"items\" : [ {\"a\" 1} , {} ] } ", "/items", 2},
        {"{\"items\":[{\"a\":1},{\"b\":", "/items", -1},
        {"{\"items\":[{\"a\":1}", "/items", -1},
        {"{\"items\":{\"a\":1}}", "/items", -1},
        {"{\"other\":[{}]}", "/items", -1},
        {"<html>", "/items", -1},
        {"", "/items", -1},
    };
    (void)state;
    for (size_t i = 0; i < array_size(cases); i++) {
        int n = 0;
        size_t len = strlen(cases[i].text);
        bool ok = raw_split(cases[i].text, len, cases[i].path, count_one, &n);
        if (ok != (cases[i].count >= 0) || (ok && n != cases[i].count))
            fail_msg("%s: %d of %d", cases[i].text, ok ? n : -1, cases[i].count);
        for (size_t k = 0; k < len; k++) {
            char *exact = malloc(k ? k : 1);
            memcpy(exact, cases[i].text, k);
            raw_split(exact, k, cases[i].path, count_one, &n);
            cleanup_arena struct arena *a = arena_new();
            raw_scalar(a, exact, k, "id");
            free(exact);
        }
    }
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(raw_scalar(a, "{\"x\":{},\"id\":55,\"y\":}", 22, "id"), "55");
    assert_string_equal(raw_scalar(a, "{\"id\":\"PROD-1\",", 15, "id"), "PROD-1");
    assert_null(raw_scalar(a, "{\"id\":{}}", 9, "id"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(html_reads),
                                       cmocka_unit_test(foreign_words_are_harmless),
                                       cmocka_unit_test(text_is_cleaned),
                                       cmocka_unit_test(long_texts_have_ends),
                                       cmocka_unit_test(markers),
                                       cmocka_unit_test(mended),
                                       cmocka_unit_test(split)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
