/* table: widths, layout, CSV, and text that wants to steer the terminal. */
#include "../../../src/cli/cli.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text;
static size_t text_len;
static bool tty;

static const struct cli_column columns[] = {
    {.title = "REF", .key = "/ref"},
    {.title = "STATE", .key = "/state", .word = true, .keep = 2},
    {.title = "N", .key = "/n", .right = true, .keep = 1},
    {.title = "TITLE", .key = "/title", .min = 8},
};

static const char *print(enum cli_format format, int width, bool colour, const char *json) {
    cleanup_json json_t *items = json_loads(json, 0, NULL);
    assert_non_null(items);
    free(text);
    struct cli_sheet s = {
        .out = open_memstream(&text, &text_len), .format = format, .width = width, .colour = colour, .tty = tty};
    cli_print_items(&s, columns, array_size(columns), items);
    fclose(s.out);
    return text;
}

static int longest(const char *t) {
    int most = 0;
    cleanup_arena struct arena *a = arena_new();
    char *rest = arena_strdup(a, t);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        most = text_width(line) > most ? text_width(line) : most;
    return most;
}

static const char two[] =
    "[{\"ref\":\"helpdesk:4711\",\"state\":\"open\",\"n\":7,\"title\":\"Invoice total is wrong by one cent\"},"
    "{\"ref\":\"a:1\",\"state\":\"closed-unresolved\",\"n\":12,\"title\":\"x\"}]";

static void columns_line_up(void **state) {
    assert_string_equal(print(CLI_TABLE, 0, false, two),
                        "REF            STATE               N  TITLE\n"
                        "helpdesk:4711  open                7  Invoice total is wrong by one cent\n"
                        "a:1            closed-unresolved  12  x\n");
}

static void a_narrow_terminal_cuts_then_drops(void **state) {
    assert_string_equal(print(CLI_TABLE, 60, false, two),
                        "REF            STATE               N  TITLE\n"
                        "helpdesk:4711  open                7  Invoice total is wron\xe2\x80\xa6\n"
                        "a:1            closed-unresolved  12  x\n");
    assert_string_equal(print(CLI_TABLE, 44, false, two), "REF            STATE              TITLE\n"
                                                          "helpdesk:4711  open               Invoice t\xe2\x80\xa6\n"
                                                          "a:1            closed-unresolved  x\n");
    assert_string_equal(print(CLI_TABLE, 30, false, two), "REF            TITLE\n"
                                                          "helpdesk:4711  Invoice total \xe2\x80\xa6\n"
                                                          "a:1            x\n");
}

/* Whatever the width, no line is longer. */
static void it_always_fits(void **state) {
    static const char wide[] =
        "[{\"ref\":\"\xe5\x95\x8f\xe9\xa1\x8c\xe5\x95\x8f\xe9\xa1\x8c\",\"state\":\"o\xcc\x88pen\",\"n\":7,"
        "\"title\":\"\xe8\xab\x8b\xe6\xb1\x82\xe6\x9b\xb8\xe3\x81\xae\xe5\x90\x88\xe8\xa8\x88\xe3\x81\x8c wrong "
        "\xf0\x9f\x98\x80\"}]";
    for (int width = 20; width < 90; width++) {
        assert_true(longest(print(CLI_TABLE, width, false, two)) <= width);
        assert_true(longest(print(CLI_TABLE, width, false, wide)) <= width);
    }
    for (int width = 4; width < 20; width++)
        assert_true(longest(print(CLI_TABLE, width, false, two)) <= width);
}

static void width_is_counted_in_columns(void **state) {
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("\xc3\xbc\xc3\xa4"), 2);
    assert_int_equal(text_width("u\xcc\x88"), 1);
    assert_int_equal(text_width("\xe5\x95\x8f"), 2);
    assert_int_equal(text_width("\xf0\x9f\x98\x80"), 2);
    assert_int_equal(text_width("a\xff"), 2);
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(text_fit(a, "abcdef", 4), "abc\xe2\x80\xa6");
    assert_string_equal(text_fit(a, "abcd", 4), "abcd");
    assert_string_equal(text_fit(a, "\xe5\x95\x8f\xe9\xa1\x8c\xe5\x95\x8f", 4), "\xe5\x95\x8f\xe2\x80\xa6");
    assert_string_equal(text_fit(a, "abc", 1), "\xe2\x80\xa6");
    assert_string_equal(text_fit(a, "abc", 0), "");
}

static void nothing_steers_the_terminal(void **state) {
    cleanup_arena struct arena *a = arena_new();
    assert_string_equal(cli_text(a, "a\033[31mb\x07"), "a [31mb");
    assert_string_equal(cli_text(a, "a\xc2\x9b"
                                    "31mb"),
                        "a 31mb");
    assert_string_equal(cli_text(a, "a\xe2\x80\xae"
                                    "b"),
                        "a b");
    assert_string_equal(cli_text(a, " a\r\n\t b  c "), "a b c");
    assert_string_equal(cli_text(a, "a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd");
    assert_null(strchr(print(CLI_TABLE, 0, false, "[{\"ref\":\"a\\u001b[2J\",\"title\":\"t\\nu\"}]"), '\033'));
    assert_string_equal(text, "REF    STATE  N  TITLE\na [2J            t u\n");
}

static void csv_is_exact(void **state) {
    assert_string_equal(print(CLI_CSV, 20, true,
                              "[{\"ref\":\"a,1\",\"state\":null,\"n\":1,\"title\":\"say \\\"x\\\"\\nand "
                              "more\"},{\"ref\":[\"P-1\",\"P-2\"]}]"),
                        "ref,state,n,title\r\n\"a,1\",,1,\"say \"\"x\"\"\nand more\"\r\n\"P-1, P-2\",,,\r\n");
    assert_string_equal(print(CLI_CSV, 0, false, "[]"), "ref,state,n,title\r\n");
}

static void json_is_json(void **state) {
    cleanup_json json_t *j = json_loads(print(CLI_JSON, 10, true, two), 0, NULL);
    cleanup_json json_t *want = json_loads(two, 0, NULL);
    assert_true(json_equal(j, want));
}

static const char hostile[] = "[{\"ref\":\"a\\u001b[2J\",\"title\":\"\\u202et \\u009b31m\\u2069\\u007f\\nu\"}]";

/* ESC, CSI of one character, and what turns the direction: in the output of no format, and not lost in JSON. */
static void no_format_steers_the_terminal(void **state) {
    cleanup_json json_t *want = json_loads(hostile, 0, NULL),
                        *j = json_loads(print(CLI_JSON, 10, true, hostile), 0, NULL);
    assert_true(json_equal(j, want));
    assert_null(strpbrk(text, "\033\x7f\xc2\xe2"));
    tty = true;
    assert_string_equal(print(CLI_CSV, 80, false, hostile),
                        "ref,state,n,title\r\na\\u001b[2J,,,\"\\u202et \\u009b31m\\u2069\\u007f\nu\"\r\n");
    tty = false;
    assert_non_null(strchr(print(CLI_CSV, 80, false, hostile), '\033')); /* in a file it is as it is */
}

static void colours_do_not_move_columns(void **state) {
    cleanup_arena struct arena *a = arena_new();
    const char *plain = arena_strdup(a, print(CLI_TABLE, 60, false, two));
    const char *coloured = print(CLI_TABLE, 60, true, two);
    cleanup_buf struct buf b = {0};
    for (const char *p = coloured; *p; p++)
        if (*p == '\033')
            p += strcspn(p, "m");
        else
            buf_char(&b, *p);
    assert_string_equal(buf_text(&b), plain);
    assert_non_null(strstr(coloured, "\033[33mclosed-unresolved\033[0m"));
}

static void long_text_is_wrapped(void **state) {
    free(text);
    FILE *out = open_memstream(&text, &text_len);
    text_wrap(out, "one two three four five six\n\nseven", 2, 24);
    fclose(out);
    assert_string_equal(text, "  one two three four\n  five six\n\n  seven\n");
}

static void ages_are_readable(void **state) {
    cleanup_arena struct arena *a = arena_new();
    msec_t now = 1767322800000;
    assert_string_equal(age_text(a, "2026-01-02T02:59:30Z", now), "30 s ago");
    assert_string_equal(age_text(a, "2026-01-02T02:30:00Z", now), "30 min ago");
    assert_string_equal(age_text(a, "2026-01-01T03:00:00Z", now), "24 h ago");
    assert_string_equal(age_text(a, "2025-12-30T03:00:00Z", now), "3 days ago");
    assert_string_equal(age_text(a, "2026-01-02T03:00:30Z", now), "0 s ago");
    assert_string_equal(age_text(a, NULL, now), "never");
    assert_string_equal(moment_text(a, "2026-01-02T03:00:30Z"), "2026-01-02 03:00:30 UTC");
}

static int teardown(void **state) {
    free(text);
    text = NULL;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_line_up),
        cmocka_unit_test(a_narrow_terminal_cuts_then_drops),
        cmocka_unit_test(it_always_fits),
        cmocka_unit_test(width_is_counted_in_columns),
        cmocka_unit_test(nothing_steers_the_terminal),
        cmocka_unit_test(csv_is_exact),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(no_format_steers_the_terminal),
        cmocka_unit_test(colours_do_not_move_columns),
        cmocka_unit_test(long_text_is_wrapped),
        cmocka_unit_test(ages_are_readable),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
