/* serve: every address, on both doors: what it reads, what it changes, what it refuses. */
#include "world.h"

/* ---- reading ---- */

static void every_address_reads_on_both_doors(void **state) {
    static const char *const addresses[] = {
        "/api/v1/status",
        "/api/v1/trackers",
        "/api/v1/incidents",
        "/api/v1/incidents/helpdesk%3A1",
        "/api/v1/incidents/helpdesk:1",
        "/api/v1/defects",
        "/api/v1/defects/product:56",
        "/api/v1/problems",
        "/api/v1/problems/P-1",
        "/api/v1/effects",
        "/api/v1/effects/1",
        "/api/v1/links",
        "/api/v1/attention",
        "/api/v1/journal?limit=2",
        "/api/v1/explain/helpdesk:1",
        "/api/v1/show/P-1",
        "/api/v1",
        "/healthz",
        "/readyz",
        "/metrics",
        "/problems/P-1",
        "/problems/P-2",
        "/incidents/helpdesk:1",
        "/defects/product%3A56",
        "/",
        "/style.css",
        "/report.css",
        "/api/v1/reports/flow",
        "/api/v1/reports/open-defects?by=service&since=30d&until=2026-01-01&tracker=product&limit=9000&format=json",
        "/api/v1/incidents?state=open,closed-unresolved&tracker=helpdesk&search=invoice&since=30d&problem=P-1&limit=9",
    };
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(addresses); i++) {
        if (tcp("GET", addresses[i], &b) != 200 || local("GET", addresses[i], NULL, &b) != 200)
            fail_msg("%s: %s", addresses[i], buf_text(&b));
        assert_true(answer_says(&b, "nosniff") && answer_says(&b, "no-store"));
    }
}

static void lists_have_items_and_after(void **state) {
    cleanup_buf struct buf b = {0};
    assert_int_equal(tcp("GET", "/api/v1/effects?limit=2", &b), 200);
    cleanup_json json_t *j = json_loads(answer_body(&b), 0, NULL);
    assert_int_equal(json_array_size(json_object_get(j, "items")), 2);
    assert_string_equal(json_text(j, "after"), "2");
    assert_int_equal(tcp("GET", "/api/v1/effects?limit=2&after=2", &b), 200);
    assert_true(answer_says(&b, "\"after\":null"));
}

static void a_report_has_three_forms(void **state) {
    cleanup_buf struct buf b = {0};
    assert_int_equal(tcp("GET", "/api/v1/reports/open-defects", &b), 200);
    cleanup_json json_t *j = json_loads(answer_body(&b), 0, NULL);
    assert_string_equal(json_text(json_array_get(json_object_get(j, "items"), 0), "ref"), "product:56");
    assert_int_equal(tcp("GET", "/api/v1/reports/open-defects?format=csv", &b), 200);
    assert_true(answer_says(&b, "text/csv") && answer_says(&b, "filename=\"open-defects.csv\""));
    assert_true(str_starts(answer_body(&b), "ref,state,incidents,"));
    assert_int_equal(tcp("GET", "/api/v1/reports/open-defects?format=html", &b), 200);
    assert_true(answer_says(&b, "style-src 'self'") && answer_says(&b, "href=\"/report.css\""));
}

static void what_is_not_there_or_not_right_is_named(void **state) {
    static const struct {
        const char *target;
        int status;
        const char *words;
    } all[] = {
        {"/api/v1/reports/opn", 400, "there are open-defects"},
        {"/api/v1/reports", 400, "there is no report ''"},
        {"/api/v1/reports/flow?format=pdf", 400, "format must be json, csv or html"},
        {"/api/v1/reports/flow?state=open", 400, "cannot be filtered by state"},
        {"/api/v1/reports/flow?limt=5", 400, "there are since, until, by, service, tracker, limit, format"},
        {"/api/v1/reports/flow?limit=10001", 400, "between 1 and 10000"},
        {"/api/v1/effects?format=csv", 400, "no parameter 'format'"},
        {"/api/v1/incidents/helpdesk:99", 404, "has not been seen"},
        {"/api/v1/incidents/product:56", 404, "is no incident"},
        {"/api/v1/problems/P-99", 404, "P-99"},
        {"/api/v1/incidents/4711", 404, "no effect 4711"},
        {"/api/v1/incidents?limit=501", 400, "500"},
        {"/api/v1/incidents?limit=0", 400, "500"},
        {"/api/v1/incidents?stat=open", 400, "no parameter 'stat'"},
        {"/api/v1/incidents?state=opne", 400, "'opne'"},
        {"/api/v1/incidents?search=%zz", 400, "query"},
        {"/api/v1/problems/P-1?limit=2", 400, "parameters"},
        {"/api/v1/nothing", 404, "no such address"},
        {"/api/v1/show", 404, "no such address"},
        {"/api/v1/status/now", 404, "no such address"},
        {"/elsewhere", 404, "the page is at /"},
        {"/api/v1/incidents/%00", 400, "address"},
        {"/api/v1/problems/P-1/publish", 405, "POST"},
    };
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(all); i++) {
        int status = tcp("GET", all[i].target, &b);
        if (status != all[i].status || !answer_says(&b, all[i].words) || !answer_says(&b, "application/problem+json"))
            fail_msg("%s: %s", all[i].target, buf_text(&b));
        cleanup_json json_t *j = json_loads(answer_body(&b), 0, NULL);
        assert_int_equal(json_int(j, "status", 0), status);
        assert_string_equal(json_text(j, "type"), "about:blank");
        assert_non_null(json_text(j, "title"));
    }
}

static void a_head_has_no_body(void **state) {
    cleanup_buf struct buf b = {0};
    static const char request[] = "HEAD /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int fd = dial_tcp(serve_port(serve));
    exchange(fd, request, strlen(request), &b, 50);
    close(fd);
    assert_int_equal(answer_status(&b), 200);
    assert_string_equal(answer_body(&b), "");
}

static void foreign_hosts_are_refused_on_tcp_only(void **state) {
    static const struct {
        const char *host;
        int status;
    } all[] = {{"evil.example", 421},
               {"127.evil.example", 421},
               {"bascule.example.org", 200},
               {"BASCULE.example.org:8420", 200},
               {"localhost:1234", 200},
               {"[::1]:8420", 200},
               {"bascule.example.org.evil.example", 421}};
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(all); i++)
        assert_int_equal(call_full(dial_tcp(serve_port(serve)), "GET", "/api/v1/status", all[i].host, NULL, &b),
                         all[i].status);
    assert_int_equal(call_full(dial_tcp(serve_port(serve)), "GET", "/", "evil.example", NULL, &b), 421);
    assert_int_equal(call_full(dial_unix(socket_path), "GET", "/api/v1/status", "evil.example", NULL, &b), 200);
}

static void what_the_engine_knows_is_merged(void **state) {
    cleanup_buf struct buf b = {0};
    engine.answer =
        "{\"dry_run\":true,\"trackers\":[{\"name\":\"product\",\"state\":\"ok\",\"error\":null,\"last_poll\":\"\","
        "\"last_ok\":\"2026-01-02T02:59:57Z\",\"requests\":12,\"under_way\":1},{\"name\":\"other\",\"state\":\"x\"}]}";
    assert_int_equal(tcp("GET", "/api/v1/status", &b), 200);
    assert_string_equal(engine.name, "status");
    cleanup_json json_t *j = json_loads(answer_body(&b), 0, NULL);
    const json_t *product = json_at(j, "/trackers/1"), *helpdesk = json_at(j, "/trackers/0");
    assert_true(json_is_true(json_object_get(j, "dry_run")) && json_is_true(json_object_get(j, "running")));
    assert_string_equal(json_text(product, "state"), "ok");
    assert_true(json_is_null(json_object_get(product, "error")) && json_is_null(json_object_get(product, "last_poll")));
    assert_int_equal(json_int(product, "lag", -1), 3);
    assert_int_equal(json_int(product, "requests", -1), 12);
    assert_string_equal(json_text(helpdesk, "last_ok"), "2026-01-02T02:59:50Z");
    assert_int_equal(json_array_size(json_object_get(j, "trackers")), 2);
    assert_int_equal(tcp("GET", "/api/v1/trackers", &b), 200);
    assert_true(answer_says(&b, "\"requests\":12") && !answer_says(&b, "dry_run"));
    assert_int_equal(tcp("GET", "/", &b), 200);
    assert_true(answer_says(&b, "Dry run:") && answer_says(&b, "3 s ago"));
}

static void without_the_engine_the_database_stands(void **state) {
    cleanup_buf struct buf b = {0};
    engine.status = 503;
    assert_int_equal(tcp("GET", "/api/v1/status", &b), 200);
    assert_true(answer_says(&b, "refused: 401"));
    engine.later = true;
    assert_int_equal(tcp("GET", "/api/v1/status", &b), 200);
    assert_true(answer_says(&b, "refused: 401"));
    engine.done(engine.who, 200, NULL); /* too late, and harmless */
}

static void one_thing_has_a_page(void **state) {
    cleanup_buf struct buf b = {0};
    assert_int_equal(tcp("GET", "/problems/P-1", &b), 200);
    assert_true(answer_says(&b, "P-1: Sum is off") && answer_says(&b, "Content-Security-Policy: default-src 'none'"));
    assert_true(answer_says(&b, "Total is &lt;b&gt;wrong") && !answer_says(&b, "<b>wrong"));
    assert_true(answer_says(&b, "href=\"/incidents/helpdesk:1\"") && answer_says(&b, "rounding"));
    assert_int_equal(tcp("GET", "/incidents/helpdesk:1", &b), 200);
    assert_true(answer_says(&b, "treatment is close") && answer_says(&b, "href=\"/problems/P-1\""));
    assert_int_equal(tcp("GET", "/incidents/helpdesk:2", &b), 200);
    assert_true(answer_says(&b, "bascule retry 2") && answer_says(&b, "Permission denied"));
    assert_int_equal(tcp("GET", "/problems/%3Cscript%3E", &b), 400);
    assert_true(answer_says(&b, "text/html") && !answer_says(&b, "<script"));
    assert_int_equal(tcp("GET", "/problems/P-99", &b), 404);
    assert_true(answer_says(&b, "there is no problem P-99"));
    assert_int_equal(tcp("GET", "/incidents/product:56", &b), 404);
    assert_int_equal(tcp("GET", "/problems", &b), 404);
}

static void readiness_is_told(void **state) {
    cleanup_buf struct buf b = {0};
    not_ready = true;
    assert_int_equal(tcp("GET", "/readyz", &b), 503);
    assert_true(answer_says(&b, "first import"));
    assert_int_equal(tcp("GET", "/healthz", &b), 200);
}

/* ---- changing ---- */

static void every_command_has_its_address(void **state) {
    static const struct {
        const char *method, *target, *body, *name, *args;
    } all[] = {
        {"POST", "links", "{\"a\":\"helpdesk:1\",\"b\":\"P-2\"}", "link", "{\"a\":\"helpdesk:1\",\"b\":\"P-2\"}"},
        {"DELETE", "links/helpdesk%3A1/gitlab%3Ag%2Fp%231", NULL, "unlink",
         "{\"a\":\"helpdesk:1\",\"b\":\"gitlab:g/p#1\"}"},
        {"POST", "problems/P-1/links", "{\"ref\":\"helpdesk:2\"}", "link", "{\"a\":\"P-1\",\"b\":\"helpdesk:2\"}"},
        {"DELETE", "problems/P-1/links/helpdesk:2", NULL, "unlink", "{\"a\":\"P-1\",\"b\":\"helpdesk:2\"}"},
        {"POST", "incidents/helpdesk:1/outcome", "{\"outcome\":\"withdrawn\",\"reason\":\"r\",\"ref\":\"helpdesk:9\"}",
         "outcome", "{\"outcome\":\"withdrawn\",\"reason\":\"r\",\"ref\":\"helpdesk:1\"}"},
        {"POST", "incidents/helpdesk:1/ignore", "{\"off\":true}", "ignore", "{\"off\":true,\"ref\":\"helpdesk:1\"}"},
        {"POST", "incidents/helpdesk:1/forget", NULL, "forget", "{\"ref\":\"helpdesk:1\"}"},
        {"POST", "incidents/helpdesk:1/ack", NULL, "ack", "{\"ref\":\"helpdesk:1\"}"},
        {"POST", "incidents/helpdesk:1/defect", "{\"tracker\":\"product\"}", "defect-new",
         "{\"ref\":\"helpdesk:1\",\"tracker\":\"product\"}"},
        {"POST", "problems/P-1/defect", NULL, "defect-new", "{\"ref\":\"P-1\"}"},
        {"POST", "problems", "{\"title\":\"t\"}", "problem-new", "{\"title\":\"t\"}"},
        {"PATCH", "problems/P-1", "{\"cause\":\"c\"}", "problem-set", "{\"cause\":\"c\",\"id\":\"P-1\"}"},
        {"POST", "problems/P-1/publish", NULL, "problem-publish", "{\"id\":\"P-1\"}"},
        {"POST", "problems/P-1/accept-risk", "{\"reason\":\"r\",\"review\":\"2027-01-01\"}", "problem-accept-risk",
         "{\"id\":\"P-1\",\"reason\":\"r\",\"review\":\"2027-01-01\"}"},
        {"POST", "problems/P-1/push-back", NULL, "problem-push-back", "{\"id\":\"P-1\"}"},
        {"POST", "problems/P-1/close", "{\"resolution\":\"cancelled\"}", "problem-close",
         "{\"id\":\"P-1\",\"resolution\":\"cancelled\"}"},
        {"POST", "problems/P-1/reopen", NULL, "problem-reopen", "{\"id\":\"P-1\"}"},
        {"POST", "problems/P-1/merge", "{\"into\":\"P-2\"}", "problem-merge", "{\"id\":\"P-1\",\"into\":\"P-2\"}"},
        {"POST", "problems/P-1/split", "{\"incidents\":[\"helpdesk:1\"]}", "problem-split",
         "{\"id\":\"P-1\",\"incidents\":[\"helpdesk:1\"]}"},
        {"POST", "suggestions/7/confirm", NULL, "confirm", "{\"n\":7}"},
        {"POST", "suggestions/7/reject", NULL, "reject", "{\"n\":7}"},
        {"POST", "sync/helpdesk:1", NULL, "sync", "{\"ref\":\"helpdesk:1\"}"},
        {"POST", "effects/31/retry", NULL, "retry", "{\"n\":31}"},
        {"POST", "effects/31/discard", "{\"reason\":\"r\"}", "discard", "{\"n\":31,\"reason\":\"r\"}"},
        {"POST", "effects/3/release", NULL, "release", "{\"n\":3}"},
        {"POST", "outbox/open", "{\"assert\":true,\"dry_run\":true}", "outbox-open",
         "{\"assert\":true,\"dry_run\":true}"},
        {"POST", "outbox/close", NULL, "outbox-close", "{}"},
        {"POST", "trackers/helpdesk/pause", NULL, "pause", "{\"tracker\":\"helpdesk\"}"},
        {"POST", "trackers/helpdesk/resume", NULL, "resume", "{\"tracker\":\"helpdesk\"}"},
        {"POST", "policy/apply", "{\"for\":\"P-1\"}", "policy-apply", "{\"for\":\"P-1\"}"},
        {"POST", "check", NULL, "check", "{}"},
    };
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(all); i++) {
        char target[128];
        snprintf(target, sizeof(target), "/api/v1/%s", all[i].target);
        if (local(all[i].method, target, all[i].body, &b) != 200)
            fail_msg("%s: %s", target, buf_text(&b));
        assert_string_equal(engine.name, all[i].name);
        assert_string_equal(engine.args, all[i].args);
        assert_true(str_starts(engine.actor, "cli:") && strlen(engine.actor) > 4);
        assert_string_equal(answer_body(&b), "{\"message\":\"done\"}\n");
        /* and on TCP: not without a token (access.c) */
        engine.count = 0;
        assert_int_equal(call_full(dial_tcp(serve_port(serve)), all[i].method, target, "localhost", all[i].body, &b),
                         401);
        assert_int_equal(engine.count, 0);
    }
}

static void wrong_changes_never_reach_the_engine(void **state) {
    static const struct {
        const char *method, *target, *body;
        int status;
        const char *words;
    } all[] = {
        {"POST", "/api/v1/links", "[1]", 400, "object"},
        {"POST", "/api/v1/links", "{\"a\":", 400, ""},
        {"POST", "/api/v1/nothing", NULL, 404, "address"},
        {"POST", "/api/v1/effects/x/retry", NULL, 405, "GET"},
        {"POST", "/api/v1/effects/-1/retry", NULL, 405, "GET"},
        {"POST", "/api/v1/status", NULL, 405, "Allow: GET, HEAD"},
        {"PUT", "/api/v1/problems/P-1", "{}", 405, "Allow: PATCH"},
        {"DELETE", "/api/v1/problems/P-1/publish", NULL, 405, "Allow: POST"},
        {"POST", "/", NULL, 405, "Allow: GET, HEAD"},
    };
    cleanup_buf struct buf b = {0};
    for (size_t i = 0; i < array_size(all); i++) {
        int status = local(all[i].method, all[i].target, all[i].body, &b);
        if (status != all[i].status || !answer_says(&b, all[i].words))
            fail_msg("%s %s: %s", all[i].method, all[i].target, buf_text(&b));
    }
    static const char form[] =
        "POST /api/v1/links HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}";
    int fd = dial_unix(socket_path);
    exchange(fd, form, strlen(form), &b, 50);
    close(fd);
    assert_int_equal(answer_status(&b), 415);
    assert_int_equal(engine.count, 0);
}

static void refusals_of_the_engine_are_problem_details(void **state) {
    cleanup_buf struct buf b = {0};
    engine.status = 409;
    engine.answer = "{\"detail\":\"P-1 is closed already\"}";
    assert_int_equal(local("POST", "/api/v1/problems/P-1/reopen", NULL, &b), 409);
    assert_true(answer_says(&b, "application/problem+json") && answer_says(&b, "P-1 is closed already"));
    cleanup_json json_t *j = json_loads(answer_body(&b), 0, NULL);
    assert_int_equal(json_int(j, "status", 0), 409);
    assert_string_equal(json_text(j, "title"), "Conflict");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_address_reads_on_both_doors, fresh),
        cmocka_unit_test_setup(lists_have_items_and_after, fresh),
        cmocka_unit_test_setup(a_report_has_three_forms, fresh),
        cmocka_unit_test_setup(what_is_not_there_or_not_right_is_named, fresh),
        cmocka_unit_test_setup(a_head_has_no_body, fresh),
        cmocka_unit_test_setup(foreign_hosts_are_refused_on_tcp_only, fresh),
        cmocka_unit_test_setup(what_the_engine_knows_is_merged, fresh),
        cmocka_unit_test_setup(without_the_engine_the_database_stands, fresh),
        cmocka_unit_test_setup(one_thing_has_a_page, fresh),
        cmocka_unit_test_setup(readiness_is_told, fresh),
        cmocka_unit_test_setup(every_command_has_its_address, fresh),
        cmocka_unit_test_setup(wrong_changes_never_reach_the_engine, fresh),
        cmocka_unit_test_setup(refusals_of_the_engine_are_problem_details, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
