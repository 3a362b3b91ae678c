/* redmine: the habits of the Redmine sandbox that a bridge lives with: silent
 * refusals, writes that change nothing but the time, duplicates that close by
 * themselves. Shapes and words of answers: tests/e2e/compare_sandbox.py. */
#include "say.h"

#define B "bridge.redmine"

static void make(struct world *w, const char *more) {
    tell(w, B, "POST", "/issues.json", arena_printf(w->a, "{'issue':{'project_id':'product','subject':'S'%s}}", more),
         201);
}

static void put(struct world *w, const char *who, int id, const char *fields, int status) {
    tell(w, who, "PUT", arena_printf(w->a, "/issues/%d.json", id), arena_printf(w->a, "{'issue':{%s}}", fields),
         status);
}

static const char *status_of(struct world *w, int id) {
    return look(w, "admin", arena_printf(w->a, "/issues/%d.json", id), "/issue/status/name");
}

static void asks_for_credentials(void **state) {
    struct world *w = *state;
    assert_int_equal(say_raw(w, "GET", "/issues.json", NULL, 0, NULL)->status, 401);
    assert_non_null(header_of(&w->reply, "www-authenticate"));
    assert_int_equal(say_raw(w, "GET", "/issues.json", NULL, 0, "X-Redmine-API-Key", "", NULL)->status, 401);
    assert_int_equal(
        say_raw(w, "GET", "/users/current.json", NULL, 0, "Authorization", "Basic ZGV2OmRldi1wYXNzd29yZA==", NULL)
            ->status,
        200);
    assert_non_null(strstr(w->reply.body, "Dora"));
    const char *target = arena_printf(w->a, "/users/current.json?key=%s", env_of(w, "REDMINE_BRIDGE_KEY"));
    assert_int_equal(say_raw(w, "GET", target, NULL, 0, NULL)->status, 200);
    make(w, "");
    tell(w, "outsider.redmine", "GET", "/issues/1.json", NULL, 403);
    tell(w, B, "GET", "/projects/other.json", NULL, 403);
    tell(w, B, "GET", "/projects/nope.json", NULL, 404);
    assert_string_equal(w->reply.body, "");
}

/* What each role may do with each status, both ways of learning it: the list and the silent PUT. */
static void every_move_is_by_the_workflow(void **state) {
    struct world *w = *state;
    static const char *const dev[] = {"", "23457 8", "345 78", "245 78", "235 78", "", "", "1234", "1234"};
    for (int from = 1; from <= 8; from++)
        for (int to = 1; to <= 8; to++) {
            sandbox_reset(w->sb, NOON);
            make(w, arena_printf(w->a, ",'status_id':%d", from));
            put(w, "dev", 1, arena_printf(w->a, "'status_id':%d,'notes':'n'", to), 204);
            bool may = from == to || strchr(dev[from], '0' + to);
            assert_string_equal(look(w, B, "/issues/1.json", "/issue/status/id"),
                                arena_printf(w->a, "%d", may ? to : from));
            assert_string_equal(look(w, B, "/issues/1.json?include=journals", "/issue/journals/0/notes"), "n");
            put(w, B, 1, arena_printf(w->a, "'status_id':%d", from), 204);
            assert_string_equal(look(w, B, "/issues/1.json", "/issue/status/id"), arena_printf(w->a, "%d", from));
        }
}

static void a_write_without_change_moves_the_time(void **state) {
    struct world *w = *state;
    make(w, "");
    static const char *const nothing[] = {"",
                                          "'subject':'S'",
                                          "'status_id':99",
                                          "'status_id':1",
                                          "'notes':'  '",
                                          "'custom_fields':[{'id':99,'value':'x'}]"};
    for (size_t i = 0; i < array_size(nothing); i++) {
        const char *before = look(w, B, "/issues/1.json", "/issue/updated_on");
        w->now += 2000;
        put(w, B, 1, nothing[i], 204);
        assert_string_not_equal(look(w, B, "/issues/1.json", "/issue/updated_on"), before);
    }
    assert_string_equal(look(w, B, "/issues/1.json?include=journals", "/issue/journals"), "[]");
    put(w, B, 1, "'notes':'mine'", 204);
    const char *before = look(w, B, "/issues/1.json", "/issue/updated_on");
    w->now += 2000;
    tell(w, B, "PUT", "/journals/1.json", "{'journal':{'notes':'edited'}}", 204);
    tell(w, "dev", "PUT", "/journals/1.json", "{'journal':{'notes':'mine'}}", 403);
    assert_string_equal(look(w, B, "/issues/1.json", "/issue/updated_on"), before);
    assert_string_equal(look(w, B, "/issues/1.json?include=journals", "/issue/journals/0/notes"), "edited");
}

static void wrong_values_change_nothing(void **state) {
    struct world *w = *state;
    make(w, "");
    uint64_t before = sandbox_digest(w->sb);
    static const struct {
        const char *fields, *words;
    } rows[] = {
        {"'subject':''", "[\"Subject cannot be blank\"]"},
        {"'custom_fields':[{'id':2,'value':'abc'}]", "[\"Incident count is not a number\"]"},
        {"'priority_id':99", "[\"Priority cannot be blank\"]"},
        {"'fixed_version_id':99,'assigned_to_id':99",
         "[\"Target version is not included in the list\",\"Assignee is invalid\"]"},
        {"'due_date':'x'", "[\"Due date is not a valid date\"]"},
        {"'done_ratio':500", "[\"% Done is not included in the list\"]"},
        {"'lock_version':0,'notes':'stale'", "[]"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        json_t *j = say(w, B, "PUT", "/issues/1.json", arena_printf(w->a, "{'issue':{%s}}", rows[i].fields), 422);
        assert_string_equal(json_print(w->a, json_at(j, "/errors")), rows[i].words);
        json_decref(j);
    }
    tell(w, B, "PUT", "/issues/1.json", "{bad", 400);
    tell(w, B, "DELETE", "/issues/1.json", NULL, 403);
    tell(w, B, "POST", "/issues.json", "{'issue':{'project_id':'other','subject':'x'}}", 422);
    assert_true(before == sandbox_digest(w->sb));
}

static void a_private_note_beside_changes_makes_two_entries(void **state) {
    struct world *w = *state;
    make(w, "");
    put(w, B, 1, "'notes':'psst','private_notes':true,'status_id':2", 204);
    const char *path = "/issues/1.json?include=journals";
    assert_string_equal(look(w, B, path, "/issue/journals/0/notes"), "(null)");
    assert_string_equal(look(w, B, path, "/issue/journals/0/private_notes"), "false");
    assert_string_equal(look(w, B, path, "/issue/journals/0/details/0/new_value"), "2");
    assert_string_equal(look(w, B, path, "/issue/journals/1/notes"), "psst");
    assert_string_equal(look(w, B, path, "/issue/journals/1/private_notes"), "true");
    assert_string_equal(look(w, B, path, "/issue/journals/1/details"), "[]");
}

static void relate(struct world *w, int from, int to, const char *kind, int status) {
    tell(w, B, "POST", arena_printf(w->a, "/issues/%d/relations.json", from),
         arena_printf(w->a, "{'relation':{'issue_to_id':%d,'relation_type':'%s'}}", to, kind), status);
}

static void closing_closes_the_duplicates(void **state) {
    struct world *w = *state;
    make(w, ""), make(w, ""), make(w, ""), make(w, "");
    relate(w, 1, 2, "duplicates", 201);
    relate(w, 2, 3, "duplicates", 201);
    relate(w, 3, 4, "duplicated", 201); /* 4 duplicates 3 */
    relate(w, 1, 2, "duplicates", 422);
    relate(w, 1, 1, "relates", 422);
    relate(w, 1, 99, "relates", 422);
    const char *before = look(w, B, "/issues/1.json", "/issue/updated_on");
    assert_string_equal(before, "2026-01-01T12:00:00Z");
    w->now += 60000;
    put(w, "dev", 3, "'status_id':5,'notes':'done'", 204);
    for (int i = 1; i <= 4; i++)
        assert_string_equal(status_of(w, i), "Closed");
    const char *path = "/issues/1.json?include=journals,relations";
    assert_string_equal(look(w, B, path, "/issue/journals/1/notes"), "done");
    assert_string_equal(look(w, B, path, "/issue/journals/1/user/name"), "Dora Developer");
    assert_string_equal(look(w, B, path, "/issue/closed_on"), "2026-01-01T12:01:00Z");
    assert_string_equal(look(w, B, path, "/issue/relations/0/relation_type"), "duplicates");
    put(w, B, 3, "'status_id':4", 204);
    assert_string_equal(status_of(w, 1), "Closed");
    assert_string_equal(look(w, B, "/issues/3.json", "/issue/closed_on"), "2026-01-01T12:01:00Z"); /* stays */
}

static void a_loop_of_duplicates_breaks_closing(void **state) {
    struct world *w = *state;
    make(w, ""), make(w, ""), make(w, "");
    relate(w, 1, 2, "duplicates", 201);
    relate(w, 2, 3, "duplicates", 201);
    relate(w, 3, 1, "duplicates", 201);
    uint64_t before = sandbox_digest(w->sb);
    put(w, B, 1, "'status_id':5", 500);
    assert_true(before == sandbox_digest(w->sb));
    put(w, B, 1, "'status_id':3", 204);
    assert_string_equal(status_of(w, 1), "Resolved");
}

static void hides_what_may_not_be_read(void **state) {
    struct world *w = *state;
    make(w, ""), make(w, "");
    relate(w, 1, 2, "duplicates", 201);
    put(w, "dev", 2, "'project_id':'other'", 204);
    tell(w, B, "GET", "/issues/2.json", NULL, 403);
    assert_string_equal(look(w, B, "/issues/1.json?include=relations,journals", "/issue/relations"), "(absent)");
    assert_string_equal(look(w, B, "/issues/1.json?include=relations,journals", "/issue/journals"), "[]");
    make(w, ""), make(w, "");
    relate(w, 3, 4, "duplicates", 201);
    tell(w, B, "POST", "/sandbox/hide", "{'issue':4}", 200);
    tell(w, B, "GET", "/issues/4.json", NULL, 403);
    tell(w, "dev", "GET", "/issues/4.json", NULL, 403);
    assert_string_equal(look(w, B, "/issues/3.json?include=relations", "/issue/relations/0/issue_to_id"), "4");
    tell(w, B, "POST", "/sandbox/hide", "{'issue':4,'hidden':false}", 200);
    tell(w, B, "GET", "/issues/4.json", NULL, 200);
    tell(w, "dev", "DELETE", "/issues/3.json", NULL, 204);
    tell(w, B, "GET", "/issues/3.json", NULL, 404);
    assert_string_equal(look(w, B, "/issues/4.json?include=relations,journals", "/issue/journals"), "[]");
    tell(w, B, "POST", "/sandbox/hide", "{'issue':3}", 404);
}

static void lost_races_can_be_ordered(void **state) {
    struct world *w = *state;
    make(w, "");
    tell(w, B, "POST", "/sandbox/race", "{'puts':2}", 200);
    uint64_t before = sandbox_digest(w->sb);
    put(w, B, 1, "'notes':'x'", 422);
    assert_string_equal(w->reply.body, "{\"errors\":[]}");
    put(w, B, 1, "'notes':'x'", 422);
    assert_true(before == sandbox_digest(w->sb));
    put(w, B, 1, "'notes':'x'", 204);
}

static void versions_close(void **state) {
    struct world *w = *state;
    make(w, ",'fixed_version_id':1");
    tell(w, B, "PUT", "/versions/1.json", "{'version':{'status':'closed'}}", 403);
    tell(w, "dev", "PUT", "/versions/1.json", "{'version':{'status':'closed'}}", 204);
    tell(w, "dev", "PUT", "/versions/1.json", "{'version':{'status':'gone'}}", 422);
    assert_string_equal(look(w, B, "/projects/product/versions.json", "/versions/0/status"), "closed");
    put(w, B, 1, "'fixed_version_id':1", 204); /* it has that one already */
    make(w, "");
    put(w, B, 2, "'fixed_version_id':1", 422);
}

static void texts_come_back_as_redmine_has_them(void **state) {
    struct world *w = *state;
    make(w, ",'description':'a\\nb','custom_fields':[{'id':2,'value':7}]");
    assert_string_equal(look(w, B, "/issues/1.json", "/issue/description"), "a\r\nb");
    json_t *j = say(w, B, "GET", "/issues/1.json", NULL, 200);
    assert_true(json_is_string(json_at(j, "/issue/custom_fields/1/value")));
    assert_true(json_is_null(json_at(j, "/issue/custom_fields/0/value")));
    json_decref(j);
    put(w, B, 1, "'notes':'a\\nb'", 204);
    assert_string_equal(look(w, B, "/issues/1.json?include=journals", "/issue/journals/0/notes"), "a\nb");
}

static void unchanged_replies_can_be_saved(void **state) {
    struct world *w = *state;
    make(w, "");
    tell(w, B, "GET", "/issues.json", NULL, 200);
    const char *tag = header_of(&w->reply, "etag"), *key = env_of(w, "REDMINE_BRIDGE_KEY");
    assert_int_equal(
        say_raw(w, "GET", "/issues.json", NULL, 0, "x-redmine-api-key", key, "If-None-Match", tag, NULL)->status, 304);
    assert_int_equal(w->reply.body_len, 0);
    put(w, B, 1, "'notes':'x'", 204);
    w->now += 2000;
    put(w, B, 1, "'notes':'x'", 204);
    assert_int_equal(
        say_raw(w, "GET", "/issues.json", NULL, 0, "x-redmine-api-key", key, "If-None-Match", tag, NULL)->status, 200);
}

static void people_can_act(void **state) {
    struct world *w = *state;
    make(w, ",'description':'<i>'");
    const char *form = "notes=out+now&status_id=5&fixed_version_id=2", *type = "application/x-www-form-urlencoded";
    assert_int_equal(say_raw(w, "GET", "/issues/1", NULL, 0, NULL)->status, 200);
    assert_non_null(strstr(w->reply.body, "&lt;i&gt;"));
    assert_int_equal(say_raw(w, "POST", "/issues/1", form, strlen(form), "Content-Type", type, NULL)->status, 303);
    assert_string_equal(status_of(w, 1), "Closed");
    assert_string_equal(look(w, B, "/issues/1.json", "/issue/fixed_version/name"), "1.1");
    assert_string_equal(look(w, B, "/issues/1.json?include=journals", "/issue/journals/0/notes"), "out now");
    form = "fixed_version_id=99";
    assert_int_equal(say_raw(w, "POST", "/issues/1", form, strlen(form), "Content-Type", type, NULL)->status, 422);
    assert_int_equal(say_raw(w, "GET", "/issues/2", NULL, 0, NULL)->status, 404);
    assert_int_equal(say_raw(w, "GET", "/", NULL, 0, NULL)->status, 200);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_redmine, teardown)
    const struct CMUnitTest tests[] = {
        TEST(asks_for_credentials),
        TEST(every_move_is_by_the_workflow),
        TEST(a_write_without_change_moves_the_time),
        TEST(wrong_values_change_nothing),
        TEST(a_private_note_beside_changes_makes_two_entries),
        TEST(closing_closes_the_duplicates),
        TEST(a_loop_of_duplicates_breaks_closing),
        TEST(hides_what_may_not_be_read),
        TEST(lost_races_can_be_ordered),
        TEST(versions_close),
        TEST(texts_come_back_as_redmine_has_them),
        TEST(unchanged_replies_can_be_saved),
        TEST(people_can_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
