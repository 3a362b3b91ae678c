/* figures: each report against a world that was counted by hand, and what cannot be asked. */
#include "bascule/report.h"
#include "counted.h"

static char path[64], path_empty[64];
static sqlite3 *db, *empty;

static int setup(void **state) {
    struct fault f = {0};
    story_make(path, counted_story, array_size(counted_story));
    story_make(path_empty, NULL, 0);
    assert_int_equal(store_open_read(path, &db, &f), 0);
    assert_int_equal(store_open_read(path_empty, &empty, &f), 0);
    return 0;
}

static int teardown(void **state) {
    sqlite3_close(db);
    sqlite3_close(empty);
    desk_remove(path);
    desk_remove(path_empty);
    return 0;
}

static json_t *ask(sqlite3 *of, struct report_query q) {
    struct fault f = {0};
    json_t *answer = NULL;
    q.what = REPORT_FIGURES;
    q.now = desk_now;
    if (report_read(of, &q, &answer, &f))
        fail_msg("%s: %s", q.ref, f.text);
    return answer;
}

static void refuse(struct report_query q, const char *words) {
    struct fault f = {0};
    json_t *answer = NULL;
    q.what = REPORT_FIGURES;
    q.now = desk_now;
    assert_int_equal(report_read(db, &q, &answer, &f), REPORT_BAD_QUERY);
    assert_null(answer);
    if (!strstr(f.text, words))
        fail_msg("'%s' does not say '%s'", f.text, words);
}

/* Each row's columns with a space between, rows with a line break: as CSV, but for the eye. */
static char *rows_of(struct arena *a, const json_t *answer) {
    cleanup_buf struct buf b = {0};
    size_t i, k;
    json_t *item, *column;
    json_array_foreach(json_object_get(answer, "items"), i, item) {
        json_array_foreach(json_object_get(answer, "columns"), k, column) {
            const char *text = json_as_text(a, json_object_get(item, json_text(column, "key")));
            buf_printf(&b, "%s%s", k ? " " : "", text ? text : "-");
        }
        buf_char(&b, '\n');
    }
    return arena_strdup(a, buf_text(&b));
}

static void expect(struct report_query q, const char *want) {
    cleanup_arena struct arena *a = arena_new();
    cleanup_json json_t *answer = ask(db, q);
    assert_string_equal(rows_of(a, answer), want);
    assert_true(json_is_null(json_object_get(answer, "none")) == (*want != 0));
}

/* ref state incidents unresolved open age idle priority version owner service problems title */
static void open_defects(void **state) {
    expect((struct report_query){.ref = "open-defects"},
           "product:1 working 4 2 2 100 5 high 1.1 ann Billing P-1, P-2 Defect 1\n"
           "product:2 open 1 0 1 40 40 high - - Mail P-3 Defect 2\n"
           "product:5 closed 0 0 0 8 3 high - - - - Defect 5\n"
           "product:9 fixed 0 0 0 6 1 high 1.2 bob Billing - Defect 9\n");
    expect((struct report_query){.ref = "open-defects", .service = "Billing", .since = "2025-12-20"},
           "product:9 fixed 0 0 0 6 1 high 1.2 bob Billing - Defect 9\n");
    /* group defects working incidents unresolved open mean-age oldest idle */
    expect((struct report_query){.ref = "open-defects", .by = "service"}, "Billing 2 2 4 2 2 53 100 5\n"
                                                                          "(none) 1 0 0 0 0 8 8 3\n"
                                                                          "Mail 1 0 1 0 1 40 40 40\n");
}

/* by what incidents share working open finished nobody age oldest */
static void closed_unresolved(void **state) {
    expect((struct report_query){.ref = "closed-unresolved"}, "outcome unknown 2 50 1 0 0 1 18 31\n"
                                                              "outcome wont-fix 1 25 0 0 1 0 9 9\n"
                                                              "outcome workaround 1 25 1 0 0 0 50 50\n"
                                                              "age under 7 days 1 25 1 0 0 0 5 5\n"
                                                              "age 7 to 29 days 1 25 0 0 1 0 9 9\n"
                                                              "age 30 to 89 days 2 50 1 0 0 1 40 50\n"
                                                              "work somebody works on it 2 50 2 0 0 0 27 50\n"
                                                              "work its defects are finished 1 25 0 0 1 0 9 9\n"
                                                              "work no defect 1 25 0 0 0 1 31 31\n"
                                                              "service Billing 2 50 2 0 0 0 27 50\n"
                                                              "service Mail 2 50 0 0 1 1 20 31\n");
    expect((struct report_query){.ref = "closed-unresolved", .by = "tracker", .since = "10d"},
           "helpdesk 2 100 1 0 1 0 7 9\n");
    expect((struct report_query){.ref = "closed-unresolved", .by = "service", .until = "2025-12-02"},
           "Billing 1 50 1 0 0 0 50 50\nMail 1 50 0 0 0 1 31 31\n"); /* the day is meant whole */
}

/* id status workaround unresolved open incidents since-known cost known review past priority owner service title */
static void known_errors(void **state) {
    expect((struct report_query){.ref = "known-errors"},
           "P-1 resolved published 2 1 3 1 190 30 2025-12-28 yes high ann Billing Sum is off\n"
           "P-2 resolved internal 1 1 2 1 30 15 - - - bob Billing Rounding\n"
           "P-5 detected none 1 0 1 0 150 100 - - - - Mail No way\n"
           "P-3 detected none 0 1 1 0 200 39 2026-01-07 - - - Mail Slow mail\n");
    /* group known-errors with without past-review unresolved open incidents since-known cost */
    expect((struct report_query){.ref = "known-errors", .by = "service"}, "Billing 2 2 0 1 3 2 5 2 220\n"
                                                                          "Mail 2 0 2 0 1 1 2 0 350\n");
    expect((struct report_query){.ref = "known-errors", .by = "owner", .tracker = "product", .since = "31d"},
           "ann 1 1 0 1 2 1 3 1 190\nbob 1 1 0 0 1 1 2 1 30\n");
}

/* what total, created over 7 30 90 180 days ago, not updated for as long */
static void ageing(void **state) {
    expect((struct report_query){.ref = "ageing"}, "open incidents 3 2 1 0 0 1 0 0 0\n"
                                                   "waiting incidents 1 1 1 1 1 1 1 1 1\n"
                                                   "closed-unresolved incidents 4 4 3 2 0 3 2 0 0\n"
                                                   "open defects 4 3 2 1 0 1 1 0 0\n"
                                                   "known errors 4 4 3 1 0 3 2 1 0\n");
    expect((struct report_query){.ref = "ageing", .by = "owner", .service = "Billing"},
           "(none) open incidents 1 1 0 0 0 1 0 0 0\n"
           "(none) closed-unresolved incidents 2 2 1 1 0 1 1 0 0\n"
           "ann open defects 1 1 1 1 0 0 0 0 0\n"
           "ann known errors 1 1 1 0 0 0 0 0 0\n"
           "bob open defects 1 0 0 0 0 0 0 0 0\n"
           "bob known errors 1 1 0 0 0 1 0 0 0\n");
}

/* week, of incidents and then of defects: opened closed backlog rate */
static void flow(void **state) {
    expect((struct report_query){.ref = "flow", .since = "30d"}, "2025-12-01 1 1 4 100 0 0 4 -\n"
                                                                 "2025-12-08 1 1 4 100 0 1 3 -\n"
                                                                 "2025-12-15 0 0 4 - 0 0 3 -\n"
                                                                 "2025-12-22 1 2 3 200 2 1 4 50\n"
                                                                 "2025-12-29 1 0 4 0 0 0 4 -\n");
    /* what came and went after `until` is reckoned with all the same */
    expect(
        (struct report_query){
            .ref = "flow", .since = "2025-12-10", .until = "2025-12-21", .by = "service", .service = "Billing"},
        "Billing 2025-12-08 1 1 1 100 0 1 1 -\n"
        "Billing 2025-12-15 0 0 1 - 0 0 1 -\n");
}

/* figure value unit cases */
static void service(void **state) {
    expect((struct report_query){.ref = "service"}, "time to root cause 36 hours 2\n"
                                                    "time to workaround 60 hours 2\n"
                                                    "fix to customer told 0.5 hours 1\n"
                                                    "recurrences after fixed 1 incidents 1\n"
                                                    "closed-unresolved later solved 16.7 per cent 6\n");
    expect((struct report_query){.ref = "service", .by = "owner", .since = "50d"},
           "(none) fix to customer told 0.5 hours 1\n"
           "(none) recurrences after fixed 1 incidents 1\n"
           "(none) closed-unresolved later solved 20 per cent 5\n"
           "bob time to root cause 24 hours 1\n"
           "bob time to workaround 48 hours 1\n");
}

/* tracker state lag waiting unsure parked since quarantined done retried delay error */
static void sync_of_trackers(void **state) {
    expect((struct report_query){.ref = "sync"}, "helpdesk ok 10 1 0 1 3 1 3 1 20 -\n"
                                                 "product down 3600 0 0 0 - 0 0 0 - refused: 401\n");
    expect((struct report_query){.ref = "sync", .tracker = "helpdesk", .since = "30d"},
           "helpdesk ok 10 1 0 1 3 1 4 1 465 -\n");
}

/* ---- the frame ---- */

static void rows_left_off_are_counted(void **state) {
    cleanup_json json_t *answer = ask(db, (struct report_query){.ref = "open-defects", .limit = 1});
    assert_int_equal(json_array_size(json_object_get(answer, "items")), 1);
    assert_int_equal(json_int(answer, "more", -1), 3);
}

static void what_is_empty_says_so(void **state) {
    static const char *const want[][2] = {
        {"open-defects", "no open defects"},
        {"closed-unresolved", "no incidents are closed unresolved"},
        {"known-errors", "no known errors yet: `bascule link"},
        {"ageing", "nothing is unfinished"},
        {"flow", "no incidents and no defects yet"},
        {"sync", "no tracker has been polled yet"},
    };
    cleanup_arena struct arena *a = arena_new();
    for (size_t i = 0; i < array_size(want); i++) {
        cleanup_json json_t *answer = ask(empty, (struct report_query){.ref = want[i][0]});
        cleanup_buf struct buf csv = {0}, html = {0};
        assert_true(str_starts(json_text(answer, "none"), want[i][1]));
        report_csv(&csv, answer);
        report_html(&html, answer, NULL);
        assert_string_equal(strstr(buf_text(&csv), "\r\n"), "\r\n"); /* the names of the columns alone */
        assert_non_null(strstr(buf_text(&html), "What the figures mean"));
        assert_null(strstr(buf_text(&html), "<table"));
    }
    cleanup_json json_t *answer = ask(empty, (struct report_query){.ref = "service"});
    assert_string_equal(rows_of(a, answer), "time to root cause - hours 0\ntime to workaround - hours 0\n"
                                            "fix to customer told - hours 0\nrecurrences after fixed 0 incidents 0\n"
                                            "closed-unresolved later solved - per cent 0\n");
}

static void what_cannot_be_asked_is_refused(void **state) {
    refuse((struct report_query){.ref = "opn-defects"},
           "there is no report 'opn-defects'; there are open-defects, closed-unresolved, known-errors, ageing, flow, "
           "service, sync");
    refuse((struct report_query){0}, "there is no report ''");
    refuse((struct report_query){.ref = "flow", .since = "soon"}, "since: 'soon' is neither a day");
    refuse((struct report_query){.ref = "flow", .until = "never"}, "until: 'never' is neither a day");
    refuse((struct report_query){.ref = "flow", .since = "2025-12-02", .until = "2025-12-01"}, "before until");
    refuse((struct report_query){.ref = "flow", .since = "2027-01-01"}, "before now");
    refuse((struct report_query){.ref = "flow", .since = "1970-01-01"}, "520 weeks at most");
    refuse((struct report_query){.ref = "ageing", .since = "7d"}, "ageing cannot be narrowed down by since");
    refuse((struct report_query){.ref = "sync", .service = "Mail"}, "sync cannot be narrowed down by service");
    refuse((struct report_query){.ref = "open-defects", .service = "Mial"}, "there is no 'Mial'; known: Billing, Mail");
    refuse((struct report_query){.ref = "open-defects", .tracker = "nobody"}, "known: helpdesk, product");
    refuse((struct report_query){.ref = "known-errors", .by = "tracker"}, "but by service, priority, owner");
    refuse((struct report_query){.ref = "open-defects", .by = "colour"}, "but by service, tracker, priority, owner");
    refuse((struct report_query){.ref = "sync", .by = "tracker"}, "a line for each tracker already");
    refuse((struct report_query){.ref = "flow", .state = "open"}, "cannot be filtered by state");
    refuse((struct report_query){.ref = "flow", .after = "1"}, "comes whole");
    refuse((struct report_query){.ref = "flow", .limit = 10001}, "between 1 and 10000");
    struct fault f = {0};
    json_t *answer = NULL;
    struct report_query list = {.what = REPORT_INCIDENTS, .by = "service"};
    assert_int_equal(report_read(db, &list, &answer, &f), REPORT_BAD_QUERY);
}

/* ---- the other forms ---- */

static void no_text_is_a_formula(void **state) {
    static const char *const want[][2] = {
        {"=1+1", "\"'=1+1\""},         {"+1", "\"'+1\""},    {"-1", "\"'-1\""},
        {"@SUM(A1)", "\"'@SUM(A1)\""}, {"\tx", "\"'\tx\""},  {"\rx", "\"'\rx\""},
        {"=\"a\"", "\"'=\"\"a\"\"\""}, {"a=1", "a=1"},       {"a,b", "\"a,b\""},
        {"a\"b", "\"a\"\"b\""},        {"a\nb", "\"a\nb\""}, {"", ""},
    };
    for (size_t i = 0; i < array_size(want); i++) {
        cleanup_buf struct buf b = {0};
        report_csv_field(&b, want[i][0], true);
        assert_string_equal(buf_text(&b), want[i][1]);
    }
    cleanup_buf struct buf number = {0}, whole = {0};
    report_csv_field(&number, "-1", false); /* our own numbers stay numbers */
    assert_string_equal(buf_text(&number), "-1");
    cleanup_json json_t *answer =
        json_loads("{\"columns\":[{\"key\":\"a\"},{\"key\":\"b\"},{\"key\":\"c\"}],\"items\":["
                   "{\"a\":\"=x\",\"b\":-5,\"c\":null}]}",
                   0, NULL);
    report_csv(&whole, answer);
    assert_string_equal(buf_text(&whole), "a,b,c\r\n\"'=x\",-5,\r\n");
}

static void a_page_runs_and_loads_nothing(void **state) {
    for (size_t i = 0; report_figures[i]; i++) {
        cleanup_json json_t *answer = ask(db, (struct report_query){.ref = report_figures[i]});
        cleanup_buf struct buf whole = {0}, linked = {0};
        report_html(&whole, answer, NULL);
        report_html(&linked, answer, "/report.css");
        static const char *const never[] = {"<script", "javascript:", " style=", "onload", "@import", "url("};
        for (size_t k = 0; k < array_size(never); k++) {
            if (strstr(buf_text(&whole), never[k]) || strstr(buf_text(&linked), never[k]))
                fail_msg("%s: %s", report_figures[i], never[k]);
        }
        assert_non_null(strstr(buf_text(&whole), "<style>"));
        assert_null(strstr(buf_text(&linked), "<style"));
        assert_non_null(strstr(buf_text(&linked), "href=\"/report.css\""));
        bool has_chart = json_array_size(json_object_get(answer, "charts")) > 0;
        assert_true(has_chart == (strstr(buf_text(&linked), "<rect") != NULL));
    }
}

static void what_others_wrote_is_escaped(void **state) {
    cleanup_json json_t *answer = json_loads(
        "{\"title\":\"<T>\",\"about\":\"&\",\"columns\":[{\"key\":\"ref\",\"title\":\"R\",\"form\":\"text\"}],"
        "\"charts\":"
        "[{\"title\":\"c\",\"kind\":\"bars\",\"label\":\"ref\",\"values\":[\"n\"]}],\"items\":[{\"ref\":\"<i>'\\\"\","
        "\"n\":1,\"url\":\"javascript:x\"},{\"ref\":\"b\",\"n\":2,\"url\":\"http://x/?a&b\\\"\"}]}",
        0, NULL);
    cleanup_buf struct buf b = {0};
    report_html(&b, answer, "/s");
    assert_null(strstr(buf_text(&b), "<i>"));
    assert_null(strstr(buf_text(&b), "javascript"));
    assert_non_null(strstr(buf_text(&b), "&lt;i&gt;&#39;&quot;"));
    assert_non_null(strstr(buf_text(&b), "href=\"http://x/?a&amp;b&quot;\""));
    assert_non_null(strstr(buf_text(&b), "width=\"50.000%\"")); /* half of the longest */
}

/* Every figure stands in the documentation, in the very words. */
static void each_figure_is_documented(void **state) {
    cleanup_buf struct buf page = {0};
    char piece[4096];
    FILE *f = fopen(DOCUMENT, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_add(&page, piece, n);
    fclose(f);
    for (size_t i = 0; report_figures[i]; i++)
        for (int grouped = 0; grouped < 2; grouped++) {
            cleanup_arena struct arena *a = arena_new();
            size_t k;
            json_t *column;
            if (grouped && str_is(report_figures[i], "sync"))
                continue;
            cleanup_json json_t *answer =
                ask(db, (struct report_query){.ref = report_figures[i], .by = grouped ? "service" : NULL});
            const char *section = strstr(buf_text(&page), arena_printf(a, "\n## %s\n", report_figures[i]));
            assert_non_null(section);
            const char *end = strstr(section + 4, "\n## ");
            json_array_foreach(json_object_get(answer, "columns"), k, column) {
                const char *row =
                    arena_printf(a, "| `%s` | %s |", json_text(column, "key"), json_text(column, "means"));
                const char *found = strstr(section, row);
                if (!str_is(json_text(column, "key"), "group") && (!found || (end && found > end)))
                    fail_msg("%s: the page lacks %s", report_figures[i], row);
            }
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_defects),
        cmocka_unit_test(closed_unresolved),
        cmocka_unit_test(known_errors),
        cmocka_unit_test(ageing),
        cmocka_unit_test(flow),
        cmocka_unit_test(service),
        cmocka_unit_test(sync_of_trackers),
        cmocka_unit_test(rows_left_off_are_counted),
        cmocka_unit_test(what_is_empty_says_so),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(no_text_is_a_formula),
        cmocka_unit_test(a_page_runs_and_loads_nothing),
        cmocka_unit_test(what_others_wrote_is_escaped),
        cmocka_unit_test(each_figure_is_documented),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
