/* access: every route and every role: who may, who may not, and what is said to whom. */
#include "../../../src/serve/serve.h"
#include "world.h"

/* As interface.md 3 has it. */
static const struct {
    const char *method, *path, *role;
} routes[] = {
    {"POST", "audit", "practitioner"},
    {"POST", "check", "practitioner"},
    {"POST", "defects/product:1/ack", "practitioner"},
    {"POST", "defects/product:1/forget", "owner"},
    {"POST", "defects/product:1/ignore", "practitioner"},
    {"POST", "defects/product:1/outcome", "practitioner"},
    {"POST", "effects/1/discard", "manager"},
    {"POST", "effects/1/release", "manager"},
    {"POST", "effects/1/retry", "practitioner"},
    {"POST", "incidents/helpdesk:1/ack", "practitioner"},
    {"POST", "incidents/helpdesk:1/defect", "practitioner"},
    {"POST", "incidents/helpdesk:1/forget", "owner"},
    {"POST", "incidents/helpdesk:1/ignore", "practitioner"},
    {"POST", "incidents/helpdesk:1/outcome", "practitioner"},
    {"POST", "links", "practitioner"},
    {"DELETE", "links/helpdesk:1/P-1", "practitioner"},
    {"POST", "outbox/close", "owner"},
    {"POST", "outbox/open", "owner"},
    {"POST", "policy/apply", "manager"},
    {"POST", "problems", "practitioner"},
    {"PATCH", "problems/P-1", "practitioner"},
    {"POST", "problems/P-1/accept-risk", "manager"},
    {"POST", "problems/P-1/close", "manager"},
    {"POST", "problems/P-1/defect", "practitioner"},
    {"POST", "problems/P-1/links", "practitioner"},
    {"DELETE", "problems/P-1/links/helpdesk:1", "practitioner"},
    {"POST", "problems/P-1/merge", "manager"},
    {"POST", "problems/P-1/publish", "manager"},
    {"POST", "problems/P-1/push-back", "manager"},
    {"POST", "problems/P-1/recurred", "practitioner"},
    {"POST", "problems/P-1/reopen", "manager"},
    {"POST", "problems/P-1/split", "manager"},
    {"POST", "suggestions/1/confirm", "practitioner"},
    {"POST", "suggestions/1/reject", "practitioner"},
    {"POST", "sync/helpdesk:1", "practitioner"},
    {"GET", "tokens", "owner"},
    {"POST", "tokens", "owner"},
    {"DELETE", "tokens/ci", "owner"},
    {"POST", "trackers/helpdesk/pause", "owner"},
    {"POST", "trackers/helpdesk/resume", "owner"},
};
static const char *const roles[] = {"viewer", "practitioner", "manager", "owner"};

/* On TCP, with an Authorization header; NULL: without. */
static int with(const char *authorization, const char *method, const char *target, struct buf *answer) {
    cleanup_buf struct buf r = {0};
    int fd = dial_tcp(serve_port(serve));
    buf_printf(&r, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, target);
    if (authorization)
        buf_printf(&r, "Authorization: %s\r\n", authorization);
    buf_str(&r, "\r\n");
    exchange(fd, r.data, r.len, answer, 400);
    close(fd);
    loop_turn(0);
    return answer_status(answer);
}

static size_t rank(const char *role) {
    for (size_t i = 0; i < array_size(roles); i++)
        if (str_is(roles[i], role))
            return i;
    fail();
    return 0;
}

static void each_role_may_what_it_may(void **state) {
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(routes); i++)
        for (size_t k = 0; k < array_size(roles); k++) {
            char target[100];
            fresh(state);
            engine.role = roles[k];
            snprintf(target, sizeof(target), "/api/v1/%s", routes[i].path);
            int got = with("Bearer good", routes[i].method, target, &b), want = k < rank(routes[i].role) ? 403 : 200;
            if (got != want || engine.count != (want == 200))
                fail_msg("%s %s as %s: %d, not %d", routes[i].method, target, roles[k], got, want);
            if (want == 200)
                assert_string_equal(engine.actor, "token:ada");
            else
                assert_true(answer_says(&b, routes[i].role) && answer_says(&b, roles[k]));
        }
}

/* A route that nobody wrote into the table above would be nobody's concern. */
static void every_route_stands_above(void **state) {
    (void)state;
    assert_int_equal(write_routes(), array_size(routes));
}

static void without_a_token_one_may_read(void **state) {
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(routes); i++) {
        char target[100];
        snprintf(target, sizeof(target), "/api/v1/%s", routes[i].path);
        fresh(state);
        if (with(NULL, routes[i].method, target, &b) != 401 || engine.count)
            fail_msg("%s %s: %s", routes[i].method, target, buf_text(&b));
        assert_true(answer_says(&b, "WWW-Authenticate: Bearer"));
        assert_true(answer_says(&b, "bascule token new"));
    }
    assert_int_equal(with(NULL, "GET", "/api/v1/status", &b), 200);
}

/* Whoever sends one believes to be somebody: not even reading is let pass. */
static void a_token_that_opens_nothing(void **state) {
    static const char *const wrong[] = {"Bearer bad", "Bearer ", "Bearer", "Basic Z29vZA==", "good", "Bearer go\xffod"};
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(wrong); i++) {
        fresh(state);
        engine.role = "owner";
        if (with(wrong[i], "GET", "/api/v1/status", &b) != 401 && answer_status(&b) != 400)
            fail_msg("%s: %s", wrong[i], buf_text(&b));
        if (with(wrong[i], "POST", "/api/v1/outbox/close", &b) < 400 || engine.count)
            fail_msg("%s: %s", wrong[i], buf_text(&b));
    }
    fresh(state);
    engine.role = "emperor";
    assert_int_equal(with("Bearer good", "GET", "/api/v1/status", &b), 401);
    engine.role = "viewer";
    assert_int_equal(with("bearer  good", "GET", "/api/v1/status", &b), 200);
}

static void on_the_socket_nobody_is_asked(void **state) {
    cleanup_buf struct buf b = {0};
    fresh(state);
    assert_int_equal(local("GET", "/api/v1/tokens", NULL, &b), 200);
    assert_string_equal(engine.name, "token-list");
    assert_int_equal(local("DELETE", "/api/v1/tokens/ci", NULL, &b), 200);
    assert_string_equal(engine.name, "token-revoke");
    assert_string_equal(engine.args, "{\"token\":\"ci\"}");
    assert_true(str_starts(engine.actor, "cli:"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_role_may_what_it_may, fresh),
        cmocka_unit_test_setup(every_route_stands_above, fresh),
        cmocka_unit_test_setup(without_a_token_one_may_read, fresh),
        cmocka_unit_test_setup(a_token_that_opens_nothing, fresh),
        cmocka_unit_test_setup(on_the_socket_nobody_is_asked, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
