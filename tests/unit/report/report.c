/* report: the questions, against a database with a known story. */
#include "bascule/report.h"
#include "desk.h"

static char path[64];
static sqlite3 *db;

static int setup(void **state) {
    struct fault f = {0};
    desk_make(path);
    assert_int_equal(store_open_read(path, &db, &f), 0);
    return 0;
}

static int teardown(void **state) {
    sqlite3_close(db);
    desk_remove(path);
    return 0;
}

static json_t *ask(struct report_query q) {
    struct fault f = {0};
    json_t *answer = NULL;
    q.now = desk_now;
    int r = report_read(db, &q, &answer, &f);
    if (r)
        fail_msg("%s: %d %s", report_name(q.what), r, f.text);
    return answer;
}

static void refuse(struct report_query q, int code, const char *words) {
    struct fault f = {0};
    json_t *answer = NULL;
    q.now = desk_now;
    assert_int_equal(report_read(db, &q, &answer, &f), code);
    assert_null(answer);
    if (!strstr(f.text, words))
        fail_msg("'%s' does not say '%s'", f.text, words);
}

/* The refs (or ids, or numbers) of a list, in order: "helpdesk:2 helpdesk:1". */
static void expect(struct report_query q, const char *key, const char *want) {
    cleanup_json json_t *answer = ask(q);
    cleanup_arena struct arena *a = arena_new();
    cleanup_buf struct buf b = {0};
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(answer, "items"), i, item)
        buf_printf(&b, "%s%s", i ? " " : "", json_as_text(a, json_object_get(item, key)));
    assert_string_equal(buf_text(&b), want);
}

static void expect_json(const json_t *root, const char *pointer, const char *want) {
    cleanup_arena struct arena *a = arena_new();
    const json_t *found = json_at(root, pointer);
    if (!found)
        fail_msg("nothing at %s", pointer);
    cleanup_json json_t *wanted = json_loads(want, JSON_DECODE_ANY, NULL);
    assert_non_null(wanted);
    if (!json_equal(found, wanted))
        fail_msg("%s is %s, not %s", pointer, json_print(a, found), want);
}

/* ---- lists ---- */

static void incidents_are_newest_first_without_the_deleted(void **state) {
    expect((struct report_query){.what = REPORT_INCIDENTS}, "ref",
           "helpdesk:2 helpdesk:1 helpdesk:3 helpdesk:5 helpdesk:6");
    expect((struct report_query){.what = REPORT_INCIDENTS, .state = "gone"}, "ref", "helpdesk:4");
}

static void an_incident_has_the_shape_of_the_interface(void **state) {
    cleanup_json json_t *answer =
        ask((struct report_query){.what = REPORT_INCIDENTS, .state = "closed-unresolved", .problem = "P-1"});
    const json_t *item = json_at(answer, "/items/0");
    static const char *const want[][2] = {
        {"/ref", "\"helpdesk:1\""},
        {"/tracker", "\"helpdesk\""},
        {"/id", "\"1\""},
        {"/kind", "\"incident\""},
        {"/title", "\"Total is <b>wrong</b>\""},
        {"/url", "\"http://desk.example/1\""},
        {"/state", "\"closed-unresolved\""},
        {"/outcome", "\"unknown\""},
        {"/native_state", "\"closed-unresolved\""},
        {"/presence", "\"present\""},
        {"/verdict", "\"pending\""},
        {"/turn", "1"},
        {"/priority", "\"high\""},
        {"/service", "\"Billing\""},
        {"/reporter", "\"alice\""},
        {"/assignee", "null"},
        {"/created", "\"2025-12-29T09:20:00Z\""},
        {"/updated", "\"2026-01-01T20:40:00Z\""},
        {"/problems", "[\"P-1\"]"},
        {"/defects", "[\"product:56\"]"},
        {"/attention", "[]"},
    };
    for (size_t i = 0; i < array_size(want); i++)
        expect_json(item, want[i][0], want[i][1]);
}

static void closed_unresolved_is_meant_widely(void **state) {
    expect((struct report_query){.what = REPORT_INCIDENTS, .state = "closed-unresolved"}, "ref",
           "helpdesk:1 helpdesk:6");
    expect((struct report_query){.what = REPORT_INCIDENTS, .state = "closed"}, "ref", "helpdesk:5 helpdesk:6");
    expect((struct report_query){.what = REPORT_INCIDENTS, .state = "open,resolved"}, "ref", "helpdesk:2 helpdesk:3");
}

static void filters_join(void **state) {
    expect((struct report_query){.what = REPORT_INCIDENTS, .search = "invoice"}, "ref", "helpdesk:2 helpdesk:1");
    expect((struct report_query){.what = REPORT_INCIDENTS, .search = "invo tot"}, "ref", "helpdesk:1");
    expect((struct report_query){.what = REPORT_INCIDENTS, .search = "\"in*voice OR"}, "ref", "");
    expect((struct report_query){.what = REPORT_INCIDENTS, .search = " "}, "ref", "");
    expect((struct report_query){.what = REPORT_INCIDENTS, .problem = "p-1", .state = "open"}, "ref", "helpdesk:2");
    expect((struct report_query){.what = REPORT_INCIDENTS, .problem = "P-2"}, "ref", "");
    expect((struct report_query){.what = REPORT_INCIDENTS, .tracker = "product"}, "ref", "");
    expect((struct report_query){.what = REPORT_INCIDENTS, .since = "1d"}, "ref", "helpdesk:2 helpdesk:1");
    expect((struct report_query){.what = REPORT_INCIDENTS, .since = "2026-01-01T20:40:00Z"}, "ref",
           "helpdesk:2 helpdesk:1");
    expect((struct report_query){.what = REPORT_INCIDENTS, .since = "2026-01-02"}, "ref", "");
    expect((struct report_query){.what = REPORT_DEFECTS, .tracker = "product"}, "ref", "product:56");
    expect((struct report_query){.what = REPORT_PROBLEMS}, "id", "P-3 P-2 P-1");
    expect((struct report_query){.what = REPORT_PROBLEMS, .since = "2025-12-31"}, "id", "P-2 P-1"); /* made, or moved */
    expect((struct report_query){.what = REPORT_PROBLEMS, .since = "2026-01-01T23:26:00Z"}, "id", "P-1");
    expect((struct report_query){.what = REPORT_PROBLEMS, .since = "2026-01-01T23:27:00Z"}, "id", "");
    expect((struct report_query){.what = REPORT_PROBLEMS, .state = "open"}, "id", "P-2 P-1");
    expect((struct report_query){.what = REPORT_PROBLEMS, .state = "known-error"}, "id", "P-1");
    expect((struct report_query){.what = REPORT_PROBLEMS, .state = "closed,detected"}, "id", "P-3 P-2");
    expect((struct report_query){.what = REPORT_PROBLEMS, .search = "rounding"}, "id", "P-1");
    expect((struct report_query){.what = REPORT_PROBLEMS, .tracker = "helpdesk"}, "id", "P-1");
    expect((struct report_query){.what = REPORT_EFFECTS}, "n", "3 2 1");
    expect((struct report_query){.what = REPORT_EFFECTS, .state = "open"}, "n", "3 2");
    expect((struct report_query){.what = REPORT_EFFECTS, .state = "parked"}, "n", "2");
    expect((struct report_query){.what = REPORT_EFFECTS, .kind = "field", .problem = "P-1"}, "n", "3");
    expect((struct report_query){.what = REPORT_EFFECTS, .tracker = "helpdesk"}, "n", "2 1");
    expect((struct report_query){.what = REPORT_EFFECTS, .kind = "state,field"}, "n", "3 1");
    expect((struct report_query){.what = REPORT_EFFECTS}, "wants",
           "incident_count = 3 internal note known-error closed-unresolved (unknown)");
    refuse((struct report_query){.what = REPORT_EFFECTS, .tracker = "help"}, REPORT_BAD_QUERY, "helpdesk");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .tracker = "nope"}, REPORT_BAD_QUERY, "there is no 'nope'");
    refuse((struct report_query){.what = REPORT_EFFECTS, .kind = "foo"}, REPORT_BAD_QUERY, "none of state, field");
    refuse((struct report_query){.what = REPORT_LINKS, .kind = "foo"}, REPORT_BAD_QUERY, "none of incident, defect");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .problem = "P-99"}, REPORT_BAD_QUERY, "there is no P-99");
    expect((struct report_query){.what = REPORT_EFFECTS, .ref = "helpdesk:2"}, "n", "2");
    expect((struct report_query){.what = REPORT_LINKS, .state = "suggested"}, "ref", "helpdesk:2");
    expect((struct report_query){.what = REPORT_LINKS, .kind = "defect"}, "ref", "product:56");
    expect((struct report_query){.what = REPORT_ATTENTION}, "kind", "tracker-down nobody-works parked");
    expect((struct report_query){.what = REPORT_ATTENTION, .problem = "P-2"}, "kind", "nobody-works");
    expect((struct report_query){.what = REPORT_ATTENTION, .tracker = "product"}, "kind", "tracker-down");
    expect((struct report_query){.what = REPORT_ATTENTION, .tracker = "helpdesk"}, "kind", "parked");
    expect((struct report_query){.what = REPORT_ATTENTION, .ref = "helpdesk:2"}, "subject", "effect:2");
    expect((struct report_query){.what = REPORT_ATTENTION, .ref = "helpdesk:2"}, "ref", "helpdesk:2");
    expect((struct report_query){.what = REPORT_JOURNAL}, "n", "3 2 1");
    expect((struct report_query){.what = REPORT_JOURNAL, .kind = "override"}, "n", "3");
    expect((struct report_query){.what = REPORT_JOURNAL, .ref = "helpdesk:1"}, "n", "2 1");
    expect((struct report_query){.what = REPORT_JOURNAL, .search = "OPEN"}, "n", "3");
}

static void what_cannot_be_asked_is_refused(void **state) {
    refuse((struct report_query){.what = REPORT_JOURNAL, .state = "open"}, REPORT_BAD_QUERY,
           "journal cannot be filtered by state");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .state = "opne"}, REPORT_BAD_QUERY,
           "'opne' is none of open, waiting");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .state = "released"}, REPORT_BAD_QUERY, "is none of");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .problem = "12"}, REPORT_BAD_QUERY, "P-12");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .since = "yesterday"}, REPORT_BAD_QUERY, "7d");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .limit = 501}, REPORT_BAD_QUERY, "500");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .after = "x"}, REPORT_BAD_QUERY, "after");
    refuse((struct report_query){.what = REPORT_INCIDENTS, .after = "5"}, REPORT_BAD_QUERY, "after");
    refuse((struct report_query){.what = REPORT_EFFECTS, .after = "5.a"}, REPORT_BAD_QUERY, "after");
    refuse((struct report_query){.what = REPORT_SHOW, .ref = "helpdesk:99"}, REPORT_NOT_FOUND, "has not been seen");
    refuse((struct report_query){.what = REPORT_SHOW, .ref = "helpdsk:1"}, REPORT_NOT_FOUND,
           "there are helpdesk, product");
    refuse((struct report_query){.what = REPORT_SHOW, .ref = "what"}, REPORT_BAD_QUERY, "no reference");
    refuse((struct report_query){.what = REPORT_SHOW, .ref = "P-9"}, REPORT_NOT_FOUND, "P-9");
    refuse((struct report_query){.what = REPORT_SHOW, .ref = "99"}, REPORT_NOT_FOUND, "effect 99");
    refuse((struct report_query){.what = REPORT_SHOW, .ref = "helpdesk:1", .kind = "defect"}, REPORT_NOT_FOUND,
           "is no defect");
    refuse((struct report_query){.what = REPORT_EXPLAIN}, REPORT_BAD_QUERY, "reference");
}

/* Whatever the page's size, all pages together are the list, each thing once. */
static void pages_add_up(void **state) {
    static const enum report_what all[] = {REPORT_INCIDENTS, REPORT_PROBLEMS,  REPORT_EFFECTS,
                                           REPORT_LINKS,     REPORT_ATTENTION, REPORT_JOURNAL};
    for (size_t w = 0; w < array_size(all); w++) {
        cleanup_json json_t *whole = ask((struct report_query){.what = all[w]});
        const json_t *items = json_object_get(whole, "items");
        assert_true(json_is_null(json_object_get(whole, "after")));
        for (int limit = 1; limit <= (int)json_array_size(items) + 1; limit++) {
            cleanup_json json_t *got = json_array(), *page = NULL;
            char after[64] = "";
            do {
                json_decref(page);
                page = ask((struct report_query){.what = all[w], .limit = limit, .after = *after ? after : NULL});
                assert_true(json_array_size(json_object_get(page, "items")) <= (size_t)limit);
                json_array_extend(got, json_object_get(page, "items"));
                snprintf(after, sizeof(after), "%s", json_text(page, "after") ? json_text(page, "after") : "");
            } while (*after);
            assert_true(json_equal(got, items));
        }
    }
}

/* ---- one ---- */

static void counts_leave_out_what_counts_nowhere(void **state) {
    cleanup_json json_t *p = ask((struct report_query){.what = REPORT_SHOW, .ref = "P-1"});
    expect_json(p, "/incidents", "{\"total\":3,\"open\":1,\"closed_unresolved\":1,\"solved\":1}");
    expect_json(p, "/defects", "[\"product:56\"]");
    expect_json(p, "/known_error", "true");
    expect_json(p, "/resolution", "null");
    expect_json(p, "/incident_items/0/status", "\"confirmed\"");
    cleanup_json json_t *d = ask((struct report_query){.what = REPORT_SHOW, .ref = "product:56"});
    expect_json(d, "/incidents", "{\"total\":3,\"open\":1,\"closed_unresolved\":1,\"solved\":1}");
    expect_json(d, "/verdict", "null");
}

static void a_persons_outcome_goes_first(void **state) {
    sqlite3 *rw;
    assert_int_equal(sqlite3_open(path, &rw), SQLITE_OK);
    desk_exec(rw, "UPDATE incident SET outcome_set = 'withdrawn' WHERE ref IN ('helpdesk:1', 'helpdesk:2')");
    cleanup_json json_t *closed = ask((struct report_query){.what = REPORT_SHOW, .ref = "helpdesk:1"});
    expect_json(closed, "/outcome", "\"withdrawn\"");
    cleanup_json json_t *open = ask((struct report_query){.what = REPORT_SHOW, .ref = "helpdesk:2"});
    expect_json(open, "/outcome", "null");
    desk_exec(rw, "UPDATE incident SET outcome_set = NULL");
    sqlite3_close(rw);
}

static void an_effect_is_shown_whole(void **state) {
    cleanup_json json_t *e = ask((struct report_query){.what = REPORT_SHOW, .ref = "effect:2"});
    expect_json(e, "/n", "2");
    expect_json(e, "/want/note", "\"known-error\"");
    expect_json(e, "/wants", "\"internal note known-error\"");
    expect_json(e, "/state", "\"parked\"");
    expect_json(e, "/problem", "\"P-1\"");
    expect_json(e, "/error", "\"Permission denied\"");
    expect_json(e, "/settled", "null");
    expect_json(e, "/attempts", "2");
}

static void explain_has_all_of_it(void **state) {
    cleanup_json json_t *e = ask((struct report_query){.what = REPORT_EXPLAIN, .ref = "helpdesk:1"});
    expect_json(e, "/decision/rule", "\"pending, open\"");
    expect_json(e, "/links/0/problem", "\"P-1\"");
    expect_json(e, "/links/0/evidence/0/place", "\"field Defect\"");
    expect_json(e, "/rejected/0/target", "\"P-2\"");
    expect_json(e, "/effects/0/n", "1");
    cleanup_json json_t *o = ask((struct report_query){.what = REPORT_EXPLAIN, .ref = "helpdesk:2"});
    expect_json(o, "/overridden", "true");
    expect_json(o, "/history/0/what", "\"override\"");
    expect_json(o, "/attention_items/0/clear", "\"bascule retry 2\"");
    cleanup_json json_t *d = ask((struct report_query){.what = REPORT_EXPLAIN, .ref = "product:56"});
    expect_json(d, "/problem_items/0/id", "\"P-1\"");
    cleanup_json json_t *p = ask((struct report_query){.what = REPORT_EXPLAIN, .ref = "P-1"});
    expect_json(p, "/id", "\"P-1\"");
}

static void what_waits_for_its_effect_or_batch_stands_with_it(void **state) {
    cleanup_json json_t *r = ask((struct report_query){.what = REPORT_SHOW, .ref = "helpdesk:2"});
    expect_json(r, "/attention", "[\"parked\"]");
    sqlite3 *rw;
    assert_int_equal(sqlite3_open(path, &rw), SQLITE_OK);
    desk_exec(rw, "INSERT INTO batch (id, problem, cause, state, created) VALUES (4, 1, 'c', 'braked', 1), (5, 2, 'c', "
                  "'released', 1)");
    desk_exec(
        rw,
        "INSERT INTO attention (kind, subject, text, who, clear, since) VALUES ('braked', 'batch:4', 't', 'w', 'c', 1),"
        " ('braked', 'batch:5', 't', 'w', 'c', 1)");
    cleanup_json json_t *one = ask((struct report_query){.what = REPORT_SHOW, .ref = "P-1"});
    cleanup_json json_t *two = ask((struct report_query){.what = REPORT_SHOW, .ref = "P-2"});
    desk_exec(rw, "DELETE FROM attention WHERE kind = 'braked'");
    sqlite3_close(rw);
    expect_json(one, "/attention", "[\"braked\"]");
    expect_json(one, "/attention_items/0/subject", "\"batch:4\"");
    expect_json(two, "/attention", "[\"nobody-works\"]");
}

static void status_counts(void **state) {
    cleanup_json json_t *s = ask((struct report_query){.what = REPORT_STATUS});
    expect_json(s, "/outbox/open", "true");
    expect_json(s, "/outbox/parked", "1");
    expect_json(s, "/outbox/pending", "1");
    expect_json(s, "/outbox/unsure", "0");
    expect_json(s, "/attention/total", "3");
    expect_json(s, "/attention/kinds/parked", "1");
    expect_json(s, "/trackers/0/name", "\"helpdesk\"");
    expect_json(s, "/trackers/0/state", "\"ok\"");
    expect_json(s, "/trackers/0/lag", "10");
    expect_json(s, "/trackers/0/backlog", "1");
    expect_json(s, "/trackers/1/state", "\"down\"");
    expect_json(s, "/incidents/open", "1");
    expect_json(s, "/problems/known_errors", "1");
    expect_json(s, "/closed_unresolved/incidents", "2");
    expect_json(s, "/instance", "\"b1\"");
    cleanup_json json_t *t = ask((struct report_query){.what = REPORT_TRACKERS});
    expect_json(t, "/items/1/error", "\"refused: 401\"");
}

static void names_go_both_ways(void **state) {
    for (int i = 0; i < REPORT_COUNT; i++) {
        enum report_what back;
        assert_true(report_parse(report_name((enum report_what)i), &back));
        assert_int_equal(back, i);
    }
    enum report_what none;
    assert_false(report_parse("nothing", &none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incidents_are_newest_first_without_the_deleted),
        cmocka_unit_test(an_incident_has_the_shape_of_the_interface),
        cmocka_unit_test(closed_unresolved_is_meant_widely),
        cmocka_unit_test(filters_join),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(pages_add_up),
        cmocka_unit_test(counts_leave_out_what_counts_nowhere),
        cmocka_unit_test(a_persons_outcome_goes_first),
        cmocka_unit_test(an_effect_is_shown_whole),
        cmocka_unit_test(explain_has_all_of_it),
        cmocka_unit_test(what_waits_for_its_effect_or_batch_stands_with_it),
        cmocka_unit_test(status_counts),
        cmocka_unit_test(names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
