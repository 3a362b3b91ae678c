/* sandbox: what holds for both: determinism, resets, the clock, the story; and
 * that no request, however odd, brings one down. */
#include "say.h"

#include <stdlib.h>

static uint64_t next(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* A random request: mostly sensible paths and bodies, some bytes flipped. */
static void random_request(struct world *w, enum sandbox_dialect dialect, uint64_t *seed, const char *credential) {
    static const char *const rt_paths[] = {
        "/REST/2.0/ticket",
        "/REST/2.0/ticket/1",
        "/REST/2.0/ticket/2",
        "/REST/2.0/ticket/1/comment",
        "/REST/2.0/ticket/2/correspond",
        "/REST/2.0/ticket/1/history?fields=Type,Foo",
        "/REST/2.0/tickets?query=id%3E0&fields=CustomFields",
        "/REST/2.0/tickets?query=(Status='open'OR%20id=1)AND%20LastUpdated%3E'2026-01-01'",
        "/REST/2.0/transactions?query=id%3E1&page=2",
        "/REST/2.0/attachment/1",
        "/REST/2.0/transaction/47",
        "/REST/2.0/tickets/bulk",
        "/sandbox/mail",
        "/sandbox/zone",
        "/REST/2.0/ticket/1/attachments",
        "/Ticket/Display.html?id=1"};
    static const char *const rm_paths[] = {"/issues.json",
                                           "/issues/1.json?include=journals,relations,children,allowed_statuses",
                                           "/issues/2.json",
                                           "/issues/1/relations.json",
                                           "/relations/1.json",
                                           "/journals/1.json",
                                           "/versions/1.json",
                                           "/issues.json?status_id=*&updated_on=%3E%3D2026-01-01",
                                           "/issues.json?status_id=!1&sort=updated_on,id:desc&cf_2=%3E%3D1",
                                           "/users/current.json?include=memberships",
                                           "/search.json?q=a%20b",
                                           "/projects/product.json?include=trackers",
                                           "/sandbox/hide",
                                           "/issues/1",
                                           "/issues/3.json",
                                           "/projects/product/versions.json"};
    static const char *const methods[] = {"GET", "GET", "PUT", "PUT", "POST", "POST", "DELETE", "PATCH"};
    static const char *const bodies[] = {
        "{\"Queue\":\"Incidents\",\"Subject\":\"s\",\"Content\":\"c\",\"Requestor\":\"a@b\"}",
        "{\"Status\":\"open\",\"CustomFields\":{\"Impact\":\"low\",\"Problem\":null}}",
        "{\"Content\":\"x\",\"ContentType\":\"text/plain\",\"Status\":\"resolved\"}",
        "{\"AddRefersTo\":[\"http://a/b\",\"2\"],\"MergeInto\":1,\"Cc\":[\"c@d\",5,null]}",
        "[{\"id\":1,\"Status\":\"new\"},{}]",
        "{\"issue\":{\"project_id\":\"product\",\"subject\":\"s\",\"status_id\":2,\"parent_issue_id\":1}}",
        "{\"issue\":{\"status_id\":5,\"notes\":\"n\",\"private_notes\":true}}",
        "{\"relation\":{\"issue_to_id\":2,\"relation_type\":\"duplicates\"}}",
        "{\"issue\":{\"project_id\":\"other\",\"custom_fields\":[{\"id\":2,\"value\":\"1\"},{}]}}",
        "{\"journal\":{\"notes\":\"\"}}",
        "{\"version\":{\"status\":\"closed\"}}",
        "{\"issue\":1,\"bridge\":true,\"zone\":\"+01:00\"}"};
    const char *const *paths = dialect == SANDBOX_RT ? rt_paths : rm_paths;
    char *path = arena_strdup(w->a, paths[next(seed) % 16]),
         *body = arena_strdup(w->a, bodies[next(seed) % array_size(bodies)]);
    if (next(seed) % 4 == 0)
        path[next(seed) % strlen(path)] = (char)(next(seed) % 255 + 1);
    if (next(seed) % 4 == 0)
        body[next(seed) % strlen(body)] = (char)(next(seed) % 255 + 1);
    say_raw(w, methods[next(seed) % 8], path, body, strlen(body),
            dialect == SANDBOX_RT ? "Authorization" : "X-Redmine-API-Key", credential, "Content-Type",
            next(seed) % 8 ? "application/json" : "text/plain", NULL);
}

static uint64_t random_run(enum sandbox_dialect dialect, uint64_t seed, int requests) {
    void *state;
    world_make(&state, dialect);
    struct world *w = state;
    uint64_t hash = 0;
    const char *name = dialect == SANDBOX_RT ? "RT_ROOT_TOKEN" : "REDMINE_KEY";
    char *credential = strdup(arena_printf(w->a, dialect == SANDBOX_RT ? "token %s" : "%s", env_of(w, name)));
    for (int i = 0; i < requests; i++) {
        w->now += (msec_t)(next(&seed) % 3000);
        random_request(w, dialect, &seed, credential);
        assert_true(w->reply.status == 0 || (w->reply.status >= 200 && w->reply.status < 600));
        assert_int_equal(w->reply.body[w->reply.body_len], '\0');
        hash = hash * 31 + hash_bytes(w->reply.body, w->reply.body_len) + (uint64_t)w->reply.status;
        w->a = arena_free(w->a);
        w->a = arena_new();
    }
    hash ^= sandbox_digest(w->sb);
    free(credential);
    teardown(&state);
    return hash;
}

static void same_requests_give_same_bytes(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (int dialect = SANDBOX_RT; dialect <= SANDBOX_REDMINE; dialect++)
            assert_true(random_run((enum sandbox_dialect)dialect, seed * 7919, 300) ==
                        random_run((enum sandbox_dialect)dialect, seed * 7919, 300));
}

static void a_reset_forgets_all(void **state) {
    struct world *w = *state;
    uint64_t fresh = sandbox_digest(w->sb);
    tell(w, "bridge", "PUT", "/sandbox/clock", "{'skew':'10m'}", 200);
    tell(w, "bridge", "PUT", "/sandbox/rights", "{'bridge':false}", 200);
    tell(w, "agent", "POST", "/ticket", "{'Queue':'Incidents','Subject':'x'}", 201);
    assert_true(fresh != sandbox_digest(w->sb));
    tell(w, "bridge", "POST", "/sandbox/reset", NULL, 200);
    assert_true(fresh == sandbox_digest(w->sb));
    assert_string_equal(look(w, "bridge", "/sandbox/rights", "/bridge"), "true");
    assert_string_equal(look(w, "bridge", "/sandbox/clock", "/skew_ms"), "0");
    assert_string_equal(look(w, "bridge", "/sandbox/mail", ""), "[]");
}

static void the_clock_can_be_wrong(void **state) {
    struct world *w = *state;
    tell(w, "bridge", "PUT", "/sandbox/clock", "{'skew':'-15m'}", 200);
    tell(w, "bridge", "POST", "/ticket", "{'Queue':'Incidents','Subject':'x'}", 201);
    assert_string_equal(header_of(&w->reply, "date"), "Thu, 01 Jan 2026 11:45:00 GMT");
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Created"), "2026-01-01T11:45:00Z");
    tell(w, "bridge", "PUT", "/sandbox/clock", "{'skew':'soon'}", 400);
    tell(w, "bridge", "PUT", "/sandbox/zone", "{'zone':'Mars'}", 400);
    tell(w, "bridge", "PUT", "/sandbox/zone", "{bad", 400);
    tell(w, "bridge", "GET", "/sandbox/nothing", NULL, 404);
}

static void counts_what_it_was_asked(void **state) {
    struct world *w = *state;
    tell(w, "bridge", "POST", "/ticket", "{'Queue':'Incidents','Subject':'x'}", 201);
    const char *writes = look(w, "bridge", "/sandbox/stats", "/writes");
    tell(w, "bridge", "GET", "/ticket/1", NULL, 200);
    tell(w, "bridge", "PUT", "/ticket/1", "{}", 200);
    assert_string_equal(look(w, "bridge", "/sandbox/stats", "/writes"), writes);
    tell(w, "bridge", "PUT", "/ticket/1", "{'Status':'open'}", 200);
    assert_string_not_equal(look(w, "bridge", "/sandbox/stats", "/writes"), writes);
}

/* Everything the story says was accepted; ids and hours are in one order; the demo's headlines are there. */
static void tells_the_story(void **state) {
    (void)state;
    void *one, *two;
    setup_rt(&one);
    struct world rt = *(struct world *)one;
    setup_redmine(&two);
    struct world *rm = two;
    sandbox_seed_story(rt.sb, rm->sb, NOON);
    assert_string_equal(look(&rt, "bridge", "/tickets?query=id%3E0", "/total"), "25");
    assert_string_equal(look(rm, "bridge.redmine", "/issues.json?status_id=*", "/total_count"), "6");
    const char *before = "";
    for (int i = 1; i <= 25; i++) {
        const char *path = arena_printf(rt.a, "/ticket/%d", i), *created = look(&rt, "bridge", path, "/Created");
        assert_true(strcmp(before, created) < 0);
        assert_true(strcmp(created, "2026-01-01T12:00:00Z") <= 0);
        before = created;
        assert_string_not_equal(look(&rt, "bridge", path, "/Subject"), "");
    }
    assert_string_equal(look(&rt, "bridge", "/tickets?query=Status%3D'closed-unresolved'", "/total"), "2");
    assert_string_equal(look(&rt, "bridge", "/tickets?query=Status%3D'resolved'", "/total"), "4");
    assert_string_equal(look(&rt, "bridge", "/tickets?query='CF.{Defect}'%20IS%20NOT%20NULL", "/total"), "13");
    static const char *const statuses[] = {"Closed", "Known Error", "Resolved", "Won't Fix", "In Progress", "New"};
    for (int i = 1; i <= 6; i++)
        assert_string_equal(look(rm, "bridge.redmine", arena_printf(rm->a, "/issues/%d.json", i), "/issue/status/name"),
                            statuses[i - 1]);
    assert_string_equal(
        look(rm, "bridge.redmine", "/issues/6.json?include=relations", "/issue/relations/0/issue_to_id"), "5");
    uint64_t rt_digest = sandbox_digest(rt.sb), rm_digest = sandbox_digest(rm->sb);
    sandbox_seed_story(rt.sb, rm->sb, NOON);
    assert_true(rt_digest == sandbox_digest(rt.sb) && rm_digest == sandbox_digest(rm->sb));
    teardown(&two);
    sandbox_free(rt.sb);
    arena_free(rt.a);
}

static void shows_pages_to_people(void **state) {
    struct world *w = *state;
    tell(w, "bridge", "POST", "/ticket", "{'Queue':'Incidents','Subject':'<b>','Content':'<script>'}", 201);
    assert_int_equal(say_raw(w, "GET", "/Ticket/Display.html?id=1", NULL, 0, NULL)->status, 200);
    assert_non_null(strstr(w->reply.body, "&lt;script&gt;"));
    assert_null(strstr(w->reply.body, "<script>"));
    assert_int_equal(say_raw(w, "GET", "/Ticket/Display.html?id=2", NULL, 0, NULL)->status, 404);
    assert_int_equal(say_raw(w, "GET", "/", NULL, 0, NULL)->status, 200);
    assert_non_null(strstr(w->reply.body, "&lt;b&gt;"));
}

/* The form of the page works, and only from the page. */
static void people_can_act(void **state) {
    struct world *w = *state;
    const char *page = "/Ticket/Display.html?id=1", *type = "application/x-www-form-urlencoded";
    tell(w, "bridge", "POST", "/sandbox/mailgate", "{'from':'a@customer.example','subject':'s','content':'c'}", 201);
    const char *close = "text=sorry&kind=correspond&status=closed-unresolved",
               *again = "text=no%21&kind=customer&status=";
    assert_int_equal(
        say_raw(w, "POST", page, close, strlen(close), "Content-Type", type, "Origin", "http://evil.example", NULL)
            ->status,
        403);
    assert_int_equal(say_raw(w, "POST", page, close, strlen(close), "Content-Type", "text/plain", NULL)->status, 403);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "new");
    assert_int_equal(
        say_raw(w, "POST", page, close, strlen(close), "Content-Type", type, "Origin", "http://127.0.0.1:1", NULL)
            ->status,
        303);
    assert_string_equal(header_of(&w->reply, "location"), page);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "closed-unresolved");
    assert_string_equal(look(w, "bridge", "/sandbox/mail", "/1/to/0"), "a@customer.example");
    assert_int_equal(say_raw(w, "POST", page, again, strlen(again), "Content-Type", type, NULL)->status, 303);
    assert_string_equal(look(w, "bridge", "/ticket/1", "/Status"), "open");
    const char *broken = "text=%ff&kind=comment";
    assert_int_equal(say_raw(w, "POST", page, broken, strlen(broken), "Content-Type", type, NULL)->status, 404);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_rt, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_requests_give_same_bytes),
        TEST(a_reset_forgets_all),
        TEST(the_clock_can_be_wrong),
        TEST(counts_what_it_was_asked),
        cmocka_unit_test(tells_the_story),
        TEST(shows_pages_to_people),
        TEST(people_can_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
