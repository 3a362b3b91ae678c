/* redmine_filter: which issues a list finds, in what order. */
#include "say.h"

#define B "bridge.redmine"

/* The ids that a query finds, "3,1"; or the status when it is no 200. */
static const char *found(struct world *w, const char *query) {
    struct sandbox_reply *r = say_raw(w, "GET", arena_printf(w->a, "/issues.json?%s", query), NULL, 0,
                                      "X-Redmine-API-Key", env_of(w, "REDMINE_BRIDGE_KEY"), NULL);
    if (r->status != 200)
        return arena_printf(w->a, "%d", r->status);
    json_t *j = json_loads(r->body, 0, NULL), *issue;
    char *ids = arena_strdup(w->a, "");
    size_t i;
    json_array_foreach(json_object_get(j, "issues"), i, issue)
        ids = arena_printf(w->a, "%s%s%lld", ids, i ? "," : "", (long long)json_int(issue, "id", 0));
    json_decref(j);
    return ids;
}

static void issue(struct world *w, const char *more) {
    tell(w, B, "POST", "/issues.json", arena_printf(w->a, "{'issue':{'project_id':'product'%s}}", more), 201);
}

static int setup(void **state) {
    setup_redmine(state);
    struct world *w = *state;
    w->now = NOON + 250; /* times are stored with fractions, shown without */
    issue(w, ",'subject':'Alpha'");
    w->now += 1000;
    issue(w, ",'subject':'beta','status_id':5,'priority_id':4");
    w->now += 1000;
    issue(w, ",'subject':'Gamma','status_id':2,'custom_fields':[{'id':2,'value':'7'}],'fixed_version_id':1");
    w->now += 1000;
    tell(w, "dev", "PUT", "/issues/1.json", "{'issue':{'notes':'by dev'}}", 204);
    return 0;
}

static void filters(void **state) {
    struct world *w = *state;
    static const struct {
        const char *query, *ids;
    } rows[] = {
        {"", "3,1"},
        {"status_id=*", "3,2,1"},
        {"status_id=closed", "2"},
        {"status_id=open", "3,1"},
        {"status_id=1|2", "3,1"},
        {"status_id=!1&x=y", "3,2"},
        {"status_id=99", ""},
        {"status_id=", "422"},
        {"issue_id=2", ""}, /* closed, and nobody said that closed ones are wanted */
        {"status_id=*&issue_id=2,3", "3,2"},
        {"status_id=*&issue_id=%3E%3D2", "3,2"},
        {"status_id=*&issue_id=%3C%3D2", "2,1"},
        {"status_id=*&issue_id=%3E%3C2|3", "3,2"},
        {"status_id=*&issue_id=x", "422"},
        {"status_id=*&priority_id=4", "2"},
        {"status_id=*&cf_2=7", "3"},
        {"status_id=*&cf_2=*", "3"},
        {"status_id=*&cf_2=!*", "2,1"},
        {"status_id=*&fixed_version_id=!*", "2,1"},
        {"status_id=*&subject=Alpha", "1"},
        {"status_id=*&subject=~ETA", "2"},
        {"status_id=*&author_id=me", "3,2,1"},
        {"status_id=*&last_updated_by=me", ""},
        {"status_id=*&last_updated_by=!me", "3,2,1"},
        {"status_id=*&updated_by=6", "1"},
        {"status_id=*&nonsense=1", "3,2,1"},
        {"project_id=other", "403"},
        {"project_id=nope", "404"},
        {"project_id=", "422"},
        {"project_id=product&status_id=*", "3,2,1"},
    };
    for (size_t i = 0; i < array_size(rows); i++)
        if (strcmp(found(w, rows[i].query), rows[i].ids) != 0)
            fail_msg("%s: %s, not %s", rows[i].query, found(w, rows[i].query), rows[i].ids);
}

/* Stored: 1 at 12:00:03.250, 2 at :01.250, 3 at :02.250. */
static void times_are_compared_with_their_fractions(void **state) {
    struct world *w = *state;
    static const struct {
        const char *value, *ids;
    } rows[] = {
        {"%3E%3D2026-01-01T12:00:02Z", "3,2,1"}, /* a second early */
        {"%3E%3D2026-01-01T12:00:03Z", "3,1"},
        {"%3E%3D2026-01-01T12:00:05Z", ""},
        {"%3C%3D2026-01-01T12:00:02Z", "2"}, /* what happened within that second is missed */
        {"%3C%3D2026-01-01T12:00:03Z", "3,2"},
        {"%3E%3C2026-01-01T12:00:02Z|2026-01-01T12:00:03Z", "3,2"},
        {"2026-01-01", "3,2,1"},
        {"2026-01-02", ""},
        {"%3E%3D2026-01-02", ""},
        {"%3C%3D2025-12-31", ""},
        {"t", "3,2,1"},
        {"%3E2026-01-01T12:00:00Z", "422"},
        {"%3E%3D2026-01-01T12:00:00%2B00:00", "422"},
        {"%3E%3D2026-01-01T12:00:00.500Z", "422"},
        {"%3E%3D2026-01-01%2012:00:00Z", "422"},
        {"%3E%3D2026-02-30", "422"},
        {"x", "422"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *query = arena_printf(w->a, "status_id=*&updated_on=%s", rows[i].value);
        if (strcmp(found(w, query), rows[i].ids) != 0)
            fail_msg("%s: %s, not %s", rows[i].value, found(w, query), rows[i].ids);
    }
    tell(w, B, "PUT", "/sandbox/zone", "{'zone':'Europe/Berlin'}", 200);
    assert_string_equal(found(w, "status_id=*&updated_on=%3E%3D2026-01-01T13:00:03"), "3,1");
    assert_string_equal(found(w, "status_id=*&updated_on=%3E%3D2026-01-01T12:00:03Z"), "3,1");
}

/* As seen on a Redmine whose server is in New York, in the night in which clocks go back. */
static void an_hour_comes_twice(void **state) {
    struct world *w = *state;
    tell(w, B, "PUT", "/sandbox/zone", "{'server':'America/New_York'}", 200);
    w->now = 1793511000000; /* 2026-11-01T05:30:00Z: the wall shows 01:30 */
    issue(w, ",'subject':'The first'");
    tell(w, "admin", "PUT", "/issues/4.json", "{'issue':{'notes':'at half past'}}", 204);
    w->now += 2400 * SEC_MS; /* 06:10, the wall: 01:10 */
    issue(w, ",'subject':'The second'");
    tell(w, "admin", "PUT", "/sandbox/dated", "{'id':3,'at':'2026-11-01T06:50:00Z'}", 200);
    tell(w, "admin", "PUT", "/sandbox/dated", "{'id':99,'at':'2026-11-01T06:50:00Z'}", 404);
    assert_string_equal(look(w, B, "/issues/4.json", "/issue/created_on"), "2026-11-01T06:30:00Z");
    assert_string_equal(look(w, B, "/issues/5.json", "/issue/created_on"), "2026-11-01T06:10:00Z");
    assert_string_equal(found(w, "sort=updated_on&issue_id=%3E%3D3"), "5,4,3");
    assert_string_equal(found(w, "updated_on=%3E%3D2026-11-01T05:20:00Z&sort=id"), "3,4");
    assert_string_equal(found(w, "updated_on=%3E%3D2026-11-01T06:20:00Z&sort=id"), "3,4");
    assert_string_equal(found(w, "updated_on=%3E%3D2026-11-01T06:05:00Z&sort=id"), "3,4,5");
    assert_string_equal(found(w, "updated_on=%3E%3D2026-11-01T04:59:00Z&sort=id"), "3,4,5");
    tell(w, "admin", "PUT", "/issues/4.json", "{'issue':{'notes':'ten to'}}", 204); /* 06:10 */
    assert_string_equal(look(w, B, "/issues/4.json?include=journals", "/issue/journals/0/notes"), "ten to");
    static const char then[] = "{\"issue\":{\"project_id\":\"product\",\"subject\":\"Then\"}}";
    say_raw(w, "POST", "/issues.json", then, strlen(then), "X-Redmine-API-Key", env_of(w, "REDMINE_DEV_KEY"),
            "Content-Type", "application/json", "X-Sandbox-At", "2026-11-01T07:00:00Z", NULL);
    assert_string_equal(look(w, B, "/issues/6.json", "/issue/created_on"), "2026-11-01T07:00:00Z");
}

static void orders_and_pages(void **state) {
    struct world *w = *state;
    static const struct {
        const char *query, *ids;
    } rows[] = {
        {"sort=id", "1,2,3"},
        {"sort=id:desc", "3,2,1"},
        {"sort=updated_on,id", "2,3,1"},
        {"sort=updated_on:desc", "1,3,2"},
        {"sort=priority,subject", "1,3,2"},
        {"sort=nope", "3,2,1"},
        {"sort=id&limit=2", "1,2"},
        {"sort=id&limit=2&offset=1", "2,3"},
        {"sort=id&limit=2&page=2", "3"},
        {"sort=id&offset=9", ""},
        {"sort=id&limit=0", "1,2,3"},
        {"sort=id&limit=x&offset=-1", "1,2,3"},
        {"sort=id&page=99999999999999999999", "1,2,3"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *query = arena_printf(w->a, "status_id=*&%s", rows[i].query);
        if (strcmp(found(w, query), rows[i].ids) != 0)
            fail_msg("%s: %s, not %s", rows[i].query, found(w, query), rows[i].ids);
    }
    assert_string_equal(look(w, B, "/issues.json?status_id=*&limit=1000", "/limit"), "100");
    assert_string_equal(look(w, B, "/issues.json?status_id=*&limit=1", "/total_count"), "3");
    assert_string_equal(look(w, B, "/search.json?q=alpha", "/results/0/id"), "1");
    assert_string_equal(look(w, B, "/search.json?q=by%20dev", "/total_count"), "1");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(filters),
        TEST(times_are_compared_with_their_fractions),
        TEST(an_hour_comes_twice),
        TEST(orders_and_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
