/* commands: what each asks the service, what it prints, how it ends. */
#include "../../../src/cli/cli.h"
#include "world.h"

static void changes_become_calls(void **state) {
    static const struct {
        const char *typed[12];
        const char *asked;
    } all[] = {
        {{"link", "helpdesk:1", "P-2"}, "POST /api/v1/links {\"a\":\"helpdesk:1\",\"b\":\"P-2\"}"},
        {{"unlink", "helpdesk:1", "gitlab:g/p#1"}, "DELETE /api/v1/links/helpdesk%3A1/gitlab%3Ag%2Fp%231"},
        {{"outcome", "helpdesk:1", "withdrawn", "--reason", "no longer needed"},
         "POST /api/v1/incidents/helpdesk%3A1/outcome {\"outcome\":\"withdrawn\",\"reason\":\"no longer needed\"}"},
        {{"ignore", "helpdesk:1"}, "POST /api/v1/incidents/helpdesk%3A1/ignore {}"},
        {{"ignore", "--off", "helpdesk:1"}, "POST /api/v1/incidents/helpdesk%3A1/ignore {\"off\":true}"},
        {{"forget", "helpdesk:1"}, "POST /api/v1/incidents/helpdesk%3A1/forget {}"},
        {{"ack", "helpdesk:1"}, "POST /api/v1/incidents/helpdesk%3A1/ack {}"},
        {{"defect", "new", "helpdesk:1", "--tracker", "product"},
         "POST /api/v1/incidents/helpdesk%3A1/defect {\"tracker\":\"product\"}"},
        {{"defect", "new", "P-2"}, "POST /api/v1/problems/P-2/defect {}"},
        {{"defect", "new", "P-2", "--another"}, "POST /api/v1/problems/P-2/defect {\"another\":true}"},
        {{"problem", "new", "--title", "Too warm", "--owner", "ann"},
         "POST /api/v1/problems {\"owner\":\"ann\",\"title\":\"Too warm\"}"},
        {{"problem", "set", "P-1", "--customer-text", "a\nb", "--priority", "high", "--version", ""},
         "PATCH /api/v1/problems/P-1 {\"customer_text\":\"a\\nb\",\"priority\":\"high\",\"version\":\"\"}"},
        {{"problem", "publish", "P-1"}, "POST /api/v1/problems/P-1/publish {}"},
        {{"problem", "accept-risk", "P-1", "--reason", "r", "--review", "2027-05-01"},
         "POST /api/v1/problems/P-1/accept-risk {\"reason\":\"r\",\"review\":\"2027-05-01\"}"},
        {{"problem", "push-back", "P-1"}, "POST /api/v1/problems/P-1/push-back {}"},
        {{"problem", "close", "P-1", "--resolution", "duplicate", "--duplicate-of", "P-2"},
         "POST /api/v1/problems/P-1/close {\"duplicate_of\":\"P-2\",\"resolution\":\"duplicate\"}"},
        {{"problem", "close", "P-1", "--resolution", "fix-applied", "--version", "1.1"},
         "POST /api/v1/problems/P-1/close {\"resolution\":\"fix-applied\",\"version\":\"1.1\"}"},
        {{"problem", "close", "P-1", "--version", "1.1"}, "POST /api/v1/problems/P-1/close {\"version\":\"1.1\"}"},
        {{"problem", "reopen", "P-1"}, "POST /api/v1/problems/P-1/reopen {}"},
        {{"problem", "merge", "P-2", "P-1"}, "POST /api/v1/problems/P-2/merge {\"into\":\"P-1\"}"},
        {{"problem", "split", "P-1", "helpdesk:1", "helpdesk:2"},
         "POST /api/v1/problems/P-1/split {\"incidents\":[\"helpdesk:1\",\"helpdesk:2\"]}"},
        {{"confirm", "7"}, "POST /api/v1/suggestions/7/confirm"},
        {{"reject", "7"}, "POST /api/v1/suggestions/7/reject"},
        {{"problem", "publish", "P-1", "--customer-text", "x"},
         "POST /api/v1/problems/P-1/publish {\"customer_text\":\"x\"}"},
        {{"sync", "product"}, "POST /api/v1/sync/product"},
        {{"sync", "helpdesk:1"}, "POST /api/v1/sync/helpdesk%3A1"},
        {{"retry", "31"}, "POST /api/v1/effects/31/retry"},
        {{"discard", "31", "--reason", "by hand"}, "POST /api/v1/effects/31/discard {\"reason\":\"by hand\"}"},
        {{"release", "3"}, "POST /api/v1/effects/3/release"},
        {{"outbox", "close"}, "POST /api/v1/outbox/close"},
        {{"outbox", "open", "--yes", "--assert"}, "POST /api/v1/outbox/open {\"assert\":true,\"dry_run\":false}"},
        {{"outbox", "open", "--yes", "--instance", "b1"},
         "POST /api/v1/outbox/open {\"dry_run\":false,\"instance\":\"b1\"}"},
        {{"outbox", "open", "--dry-run"}, "POST /api/v1/outbox/open {\"dry_run\":true}"},
        {{"pause", "helpdesk"}, "POST /api/v1/trackers/helpdesk/pause"},
        {{"resume", "helpdesk"}, "POST /api/v1/trackers/helpdesk/resume"},
        {{"policy", "apply", "--yes"}, "POST /api/v1/policy/apply {\"dry_run\":false}"},
        {{"policy", "apply", "--for", "P-2", "--yes"}, "POST /api/v1/policy/apply {\"dry_run\":false,\"for\":\"P-2\"}"},
    };
    world_service.status = 200;
    world_service.body = "{\"message\":\"so it is\"}";
    for (size_t i = 0; i < array_size(all); i++) {
        int code = world_type(all[i].typed);
        if (code != CLI_DONE || !str_is(world_service.asked, all[i].asked))
            fail_msg("%s %s: %d, %s\n%s%s", all[i].typed[0], all[i].typed[1], code, world_service.asked, world_out,
                     world_err);
        says(world_out, "so it is");
        assert_string_equal(world_err, "");
    }
}

static void results_are_said_or_given_as_json(void **state) {
    world_service.status = 200;
    world_service.body = "{\"id\":\"P-7\"}";
    assert_int_equal(type("problem", "new", "--title", "x"), CLI_DONE);
    assert_string_equal(world_out, "P-7\n");
    assert_int_equal(type("problem", "new", "--title", "x", "--format", "json"), CLI_DONE);
    cleanup_json json_t *j = json_loads(world_out, 0, NULL);
    assert_string_equal(json_text(j, "id"), "P-7");
    assert_int_equal(type("problem", "new", "--title", "x", "--format", "csv"), CLI_DONE);
    assert_string_equal(world_out, "name,value\r\nid,P-7\r\n");
    world_service.body = "{\"dry_run\":true,\"incidents\":2,\"would\":\"close 2\"}";
    assert_int_equal(type("policy", "apply", "--dry-run", "--format", "csv"), CLI_DONE);
    assert_string_equal(world_out, "name,value\r\ndry_run,true\r\nincidents,2\r\nwould,close 2\r\n");
    world_tty = true;
    world_answers = "y\n";
    assert_int_equal(type("policy", "apply", "--format", "json"), CLI_DONE);
    cleanup_json json_t *only = json_loads(world_out, 0, NULL); /* one document, whatever was asked */
    assert_non_null(only);
    says(world_err, "It would close 2");
    world_tty = false;
    world_service.body = "{}";
    assert_int_equal(type("link", "helpdesk:1", "P-1"), CLI_DONE);
    assert_string_equal(world_out, "linked helpdesk:1 with P-1\n");
}

static void without_a_service_changes_say_so(void **state) {
    assert_int_equal(type("link", "helpdesk:1", "P-1"), CLI_FAILED);
    says(world_err, "the service is not running");
    says(world_err, "bascule run -c test.yaml");
    assert_string_equal(world_out, "");
}

static void refusals_are_told(void **state) {
    world_service.status = 404;
    world_service.body = "{\"title\":\"Not found\",\"detail\":\"there is no problem P-9\"}";
    assert_int_equal(type("problem", "publish", "P-9"), CLI_FAILED);
    says(world_err, "bascule problem: there is no problem P-9");
    world_service.status = 400;
    assert_int_equal(type("problem", "publish", "P-9"), CLI_USAGE);
    world_service.status = 500;
    world_service.body = NULL;
    assert_int_equal(type("status"), CLI_FAILED);
    says(world_err, "500");
    world_service.status = 200;
    assert_int_equal(type("status"), CLI_FAILED);
    says(world_err, "no JSON");
}

static void what_has_no_bounds_is_asked(void **state) {
    world_service.status = 200;
    world_service.body = "{\"would_assert\":{\"state\":12,\"note\":9},\"would_tell\":17}";
    assert_int_equal(type("outbox", "open", "--assert"), CLI_FAILED); /* no terminal: no */
    says(world_out, "12 state");
    says(world_err, "--yes");
    assert_string_equal(world_service.asked, "POST /api/v1/outbox/open {\"assert\":true,\"dry_run\":true}");
    world_service.body = "{\"dry_run\":true,\"incidents\":15,\"would\":\"close 12, resolve 3, tell 9\",\"effects\":{}}";
    assert_int_equal(type("policy", "apply", "--for", "helpdesk", "--dry-run"), CLI_DONE);
    assert_string_equal(world_out, "It would close 12, resolve 3, tell 9, in a new turn of 15 incidents\n");
    assert_int_equal(type("policy", "apply"), CLI_FAILED); /* no terminal: no */
    says(world_err, "--yes");
    assert_string_equal(world_service.asked, "POST /api/v1/policy/apply {\"dry_run\":true}");
    world_service.body = "{\"would_assert\":{\"state\":12,\"note\":9},\"would_tell\":17}";
    world_tty = true;
    world_answers = "n\n";
    assert_int_equal(type("policy", "apply"), CLI_FAILED);
    says(world_err, "[y/N]");
    world_answers = "y\n";
    assert_int_equal(type("policy", "apply"), CLI_DONE);
    assert_string_equal(world_service.asked, "POST /api/v1/policy/apply {\"dry_run\":false}");
    world_service.count = 0;
    world_answers = "";
    assert_int_equal(type("forget", "helpdesk:1"), CLI_FAILED);
    assert_int_equal(type("problem", "merge", "P-1", "P-2"), CLI_FAILED);
    assert_int_equal(world_service.count, 0);
    assert_int_equal(type("forget", "helpdesk:1", "--yes"), CLI_DONE);
    world_answers = "n\n";
    assert_int_equal(type("problem", "publish", "P-1"), CLI_FAILED);
    says(world_err, "up to 17 incidents");
    assert_string_equal(world_service.asked, "POST /api/v1/problems/P-1/publish {\"dry_run\":true}");
    world_answers = "y\n";
    assert_int_equal(type("problem", "publish", "P-1"), CLI_DONE);
    assert_string_equal(world_service.asked, "POST /api/v1/problems/P-1/publish {}");
}

static void closing_is_asked_with_numbers(void **state) {
    world_tty = true;
    world_service.status = 200;
    world_service.body = "{\"would_tell\":5,\"unfinished\":\"product:5 is working\"}";
    world_answers = "n\n";
    assert_int_equal(type("problem", "close", "P-1"), CLI_FAILED);
    says(world_err, "product:5 is working, and not finished. It resolves up to 5 incidents and tells their requesters. "
                    "[y/N]");
    assert_string_equal(world_service.asked, "POST /api/v1/problems/P-1/close {\"dry_run\":true}");
    world_service.body = "{\"would_tell\":1}";
    assert_int_equal(type("problem", "close", "P-1", "--resolution", "risk-accepted", "--reason", "rare"), CLI_FAILED);
    says(world_err, "It tells the requesters of up to 1 incident that no fix will come. [y/N]");
    assert_int_equal(type("problem", "close", "P-1", "--resolution", "duplicate", "--duplicate-of", "P-3"), CLI_FAILED);
    says(world_err, "P-3 stands for up to 1 incident from then on. [y/N]");
    world_answers = "y\n";
    assert_int_equal(type("problem", "close", "P-1"), CLI_DONE);
    assert_string_equal(world_service.asked, "POST /api/v1/problems/P-1/close {}");
    world_service.count = 0;
    assert_int_equal(type("problem", "close", "P-1", "--yes"), CLI_DONE);
    assert_int_equal(world_service.count, 1);
    says_not(world_err, "[y/N]");
}

static void one_is_no_plural(void **state) {
    world_service.status = 200;
    world_service.body = "{}";
    assert_int_equal(type("problem", "split", "P-1", "helpdesk:1"), CLI_DONE);
    assert_string_equal(world_out, "a problem of its own is made of 1 incident of P-1\n");
    world_service.body = "{\"dry_run\":true,\"incidents\":1,\"would\":\"close 1\"}";
    assert_int_equal(type("policy", "apply", "--dry-run"), CLI_DONE);
    assert_string_equal(world_out, "It would close 1, in a new turn of 1 incident\n");
}

static void the_outbox_of_a_dry_run_says_so(void **state) {
    world_service.status = 200;
    world_service.body = "{\"outbox\":{\"open\":true,\"pending\":2},\"dry_run\":true}";
    assert_int_equal(type("outbox"), CLI_DONE);
    says(world_out, "Dry run: everything is decided, nothing is written\n");
    world_service.body = "{\"outbox\":{\"open\":true,\"pending\":2},\"dry_run\":false}";
    assert_int_equal(type("outbox"), CLI_DONE);
    says_not(world_out, "ry run");
}

/* ---- reading ---- */

static void questions_go_to_the_service(void **state) {
    world_service.status = 200;
    world_service.body = "{\"items\":[],\"after\":null}";
    assert_int_equal(
        type("list", "incidents", "--state", "open,waiting", "--search", "a b&c", "--limit", "5", "--problem=P-1"),
        CLI_DONE);
    assert_string_equal(world_service.asked,
                        "GET /api/v1/incidents?state=open%2Cwaiting&problem=P-1&search=a%20b%26c&limit=5");
    says(world_out, "no incidents that fit");
    world_service.body = "{\"ref\":\"helpdesk:1\"}";
    assert_int_equal(type("show", "helpdesk:1"), CLI_DONE);
    assert_string_equal(world_service.asked, "GET /api/v1/show/helpdesk%3A1");
    assert_int_equal(type("explain", "P-1"), CLI_DONE);
    assert_string_equal(world_service.asked, "GET /api/v1/explain/P-1");
}

static void without_a_service_the_database_answers(void **state) {
    assert_int_equal(type("list", "incidents", "--state", "closed-unresolved"), CLI_DONE);
    says(world_out, "helpdesk:1  closed-unresolved  unknown");
    says(world_out, "Total is <b>wrong</b>");
    assert_int_equal(type("list", "incidents", "--format", "json", "--limit", "2"), CLI_DONE);
    cleanup_json json_t *j = json_loads(world_out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(j, "items")), 2);
    assert_non_null(json_text(j, "after"));
    assert_string_equal(world_err, "");
    assert_int_equal(type("list", "incidents", "--limit", "2"), CLI_DONE);
    says(world_err, "--after");
    assert_int_equal(type("list", "problems"), CLI_DONE);
    says(world_out, "P-1");
    assert_int_equal(type("list", "effects", "--state", "parked"), CLI_DONE);
    says(world_out, "known error: Permission denied");
    assert_int_equal(type("list", "attention"), CLI_DONE);
    says(world_out, "bascule retry 2");
    assert_int_equal(type("list", "links"), CLI_DONE);
    assert_int_equal(type("list", "defects"), CLI_DONE);
    says(world_out, "product:56");
    assert_int_equal(type("list", "journal"), CLI_DONE);
    says(world_out, "2026-01-01 20:40:05 UTC");
    assert_int_equal(type("list", "incidents", "--state", "opne"), CLI_USAGE);
    says(world_err, "is none of");
    assert_int_equal(type("list", "incidents", "--since", "never"), CLI_USAGE);
    assert_int_equal(type("show", "helpdesk:99"), CLI_FAILED);
    says(world_err, "has not been seen; `bascule sync helpdesk:99` reads it");
    assert_int_equal(type("list", "incidents", "--problem", "P-99"), CLI_USAGE);
    says(world_err, "there is no P-99; they go from P-1");
    assert_int_equal(type("list", "incidents", "--tracker", "nope"), CLI_USAGE);
    says(world_err, "known: ");
    assert_int_equal(type("list", "effects", "--kind", "foo"), CLI_USAGE);
    says(world_err, "none of state, field, note, link, create");
}

static void things_are_shown_whole(void **state) {
    assert_int_equal(type("show", "helpdesk:1"), CLI_DONE);
    says(world_out, "helpdesk:1: Total is <b>wrong</b>");
    says(world_out, "State:           closed-unresolved");
    says(world_out, "Problems:        P-1");
    says(world_out, "Links\nN  PROBLEM  LINK       SOURCE  WHERE         BY     AT\n1  P-1      confirmed  field   "
                    "field Defect  alice  2025");
    says(world_out, "Created:         2025-12-29 09:20:00 UTC");
    assert_int_equal(type("show", "P-1"), CLI_DONE);
    says(world_out, "Cause:           rounding");
    says(world_out, "Unresolved:      1");
    says(world_out, "Defects\nRECORD");
    assert_int_equal(type("show", "2"), CLI_DONE);
    says(world_out, "Effect 2: internal note known-error");
    says(world_out, "Permission denied");
    assert_int_equal(type("show", "P-1", "--format", "csv"), CLI_DONE);
    says(world_out, "name,value\r\n");
    says(world_out, "title,Sum is off\r\n");
}

static void status_ends_with_three_when_something_waits(void **state) {
    assert_int_equal(type("status"), CLI_ATTENTION);
    says(world_out, "The service is not running");
    says(world_out, "down");
    says(world_out, "refused: 401");
    says(world_out, "1 parked");
    says(world_out, "1 nobody-works");
    says_not(world_out, "dry run");
    world_service.status = 200;
    world_service.body =
        "{\"trackers\":[],\"outbox\":{\"open\":true,\"parked\":0},\"attention\":{\"total\":0,\"kinds\":{}}}";
    assert_int_equal(type("status"), CLI_DONE);
    says(world_out, "Attention: nothing");
    says_not(world_out, "not running");
    world_service.body = "{\"trackers\":[{\"name\":\"a\",\"state\":\"ok\",\"waits_until\":\"2026-01-02T03:00:42Z\","
                         "\"failures\":0,\"error\":\"asks us to slow down\"},{\"name\":\"b\",\"state\":\"down\","
                         "\"waits_until\":\"2026-01-02T04:00:00Z\",\"failures\":4}],\"attention\":{\"total\":0}}";
    assert_int_equal(type("status"), CLI_ATTENTION);
    says(world_out, "42s, at its request");
    says(world_out, "asks us to slow down");
    says(world_out, "1h, failed 4 times");
    world_service.body = "{\"trackers\":[],\"dry_run\":true,\"outbox\":{\"open\":false,\"why\":\"restored\"},"
                         "\"attention\":{\"total\":0}}";
    assert_int_equal(type("status"), CLI_ATTENTION);
    says(world_out, "dry run");
    says(world_out, "shut: restored");
    assert_int_equal(type("status", "--format", "json"), CLI_ATTENTION);
    cleanup_json json_t *j = json_loads(world_out, 0, NULL);
    assert_true(json_is_true(json_object_get(j, "running")));
    assert_true(json_is_true(json_object_get(j, "dry_run")));
    assert_int_equal(type("outbox"), CLI_DONE);
    says(world_out, "The outbox is shut: restored");
    assert_int_equal(type("outbox", "--format", "csv"), CLI_DONE);
    assert_string_equal(world_out, "name,value\r\nopen,false\r\nwhy,restored\r\ndry_run,true\r\n");
}

static void colours_and_widths_are_for_terminals(void **state) {
    assert_int_equal(type("list", "incidents"), CLI_DONE);
    says_not(world_out, "\033[");
    world_tty = true;
    world_columns = 60;
    assert_int_equal(type("list", "incidents"), CLI_DONE);
    says(world_out, "\033[");
    world_environment[1][0] = "NO_COLOR";
    world_environment[1][1] = "1";
    assert_int_equal(type("list", "incidents"), CLI_DONE);
    says_not(world_out, "\033[");
    for (char *rest = world_out, *line; (line = strsep(&rest, "\n")) != NULL;)
        if (text_width(line) > 60)
            fail_msg("too long: %s", line);
    world_environment[2][0] = "COLUMNS";
    world_environment[2][1] = "200";
    assert_int_equal(type("list", "incidents"), CLI_DONE);
    says(world_out, "Total is <b>wrong</b>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(changes_become_calls, world_fresh),
        cmocka_unit_test_setup(results_are_said_or_given_as_json, world_fresh),
        cmocka_unit_test_setup(without_a_service_changes_say_so, world_fresh),
        cmocka_unit_test_setup(refusals_are_told, world_fresh),
        cmocka_unit_test_setup(what_has_no_bounds_is_asked, world_fresh),
        cmocka_unit_test_setup(closing_is_asked_with_numbers, world_fresh),
        cmocka_unit_test_setup(one_is_no_plural, world_fresh),
        cmocka_unit_test_setup(the_outbox_of_a_dry_run_says_so, world_fresh),
        cmocka_unit_test_setup(questions_go_to_the_service, world_fresh),
        cmocka_unit_test_setup(without_a_service_the_database_answers, world_fresh),
        cmocka_unit_test_setup(things_are_shown_whole, world_fresh),
        cmocka_unit_test_setup(status_ends_with_three_when_something_waits, world_fresh),
        cmocka_unit_test_setup(colours_and_widths_are_for_terminals, world_fresh),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
