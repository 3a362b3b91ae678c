/* report: what `bascule report` asks, and its four forms. */
#include "../../../src/cli/cli.h"
#include "world.h"

static void a_report_is_asked_of_the_service(void **state) {
    world_service.status = 200;
    world_service.body = "{\"report\":\"flow\",\"about\":\"a\",\"none\":null,\"more\":0,\"columns\":[],\"items\":[]}";
    assert_int_equal(type("report", "flow", "--since", "30d", "--until", "2026-01-01", "--by", "service", "--service",
                          "A B", "--tracker", "helpdesk", "--limit", "9000", "--format", "json"),
                     CLI_DONE);
    assert_string_equal(world_service.asked, "GET /api/v1/reports/flow?tracker=helpdesk&since=30d&until=2026-01-01&by="
                                             "service&service=A%20B&limit=9000");
    assert_int_equal(type("report", "sync"), CLI_DONE);
    assert_string_equal(world_service.asked, "GET /api/v1/reports/sync");
}

static void the_database_answers_in_four_forms(void **state) {
    assert_int_equal(type("report", "open-defects"), CLI_DONE);
    says(world_out, "Defects that are not finished");
    says(world_out, "DEFECT      STATE    INCIDENTS  UNRESOLVED");
    says(world_out, "product:56  working          3           1");
    assert_int_equal(type("report", "open-defects", "--format", "csv"), CLI_DONE);
    assert_int_equal(strncmp(world_out, "ref,state,incidents,closed_unresolved,open,age,idle,", 52), 0);
    says(world_out, "\r\nproduct:56,working,3,1,1,3,0,,1.1,,,P-1,Sum is off\r\n");
    assert_int_equal(type("report", "open-defects", "--format", "html"), CLI_DONE);
    assert_int_equal(strncmp(world_out, "<!doctype html>", 15), 0);
    says(world_out, "<rect");
    assert_int_equal(type("report", "open-defects", "--format", "json"), CLI_DONE);
    says(world_out, "\"incidents\": 3");
}

static void what_is_left_off_or_not_there_is_said(void **state) {
    assert_int_equal(type("report", "closed-unresolved", "--limit", "1"), CLI_DONE);
    says(world_err, "more: --limit (up to 10000)");
    assert_int_equal(type("report", "known-errors", "--since", "1d"), CLI_DONE);
    says(world_out, "no known errors yet: `bascule link");
    assert_string_equal(world_err, "");
}

static void a_wrong_question_names_the_right_ones(void **state) {
    assert_int_equal(type("report", "open-defect"), CLI_USAGE);
    says(world_err, "'open-defect' is no report; did you mean open-defects? there are open-defects, closed-unresolved, "
                    "known-errors, ageing, flow, service, sync");
    assert_int_equal(type("report", "flow", "--by", "ownr"), CLI_USAGE);
    says(world_err, "did you mean owner? there are service, tracker, priority, owner");
    assert_int_equal(type("report", "flow", "--format", "pdf"), CLI_USAGE);
    says(world_err, "there are table, json, csv, html");
    assert_int_equal(type("report", "flow", "--limit", "0"), CLI_USAGE);
    assert_int_equal(type("report", "flow", "--since", "soon"), CLI_USAGE);
    assert_int_equal(type("report", "flow", "--service", "Nothing"), CLI_USAGE);
    says(world_err, "service: there is no 'Nothing'; known: Billing");
    assert_int_equal(type("report"), CLI_USAGE);
    assert_int_equal(type("list", "incidents", "--format", "html"), CLI_USAGE); /* a page is a report's alone */
}

static void it_fits_the_terminal(void **state) {
    world_columns = 60;
    world_tty = true;
    assert_int_equal(type("report", "open-defects"), CLI_DONE);
    says(world_out, "product:56");
    says_not(world_out, "OWNER");
    world_columns = 0;
    world_tty = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_report_is_asked_of_the_service, world_fresh),
        cmocka_unit_test_setup(the_database_answers_in_four_forms, world_fresh),
        cmocka_unit_test_setup(what_is_left_off_or_not_there_is_said, world_fresh),
        cmocka_unit_test_setup(a_wrong_question_names_the_right_ones, world_fresh),
        cmocka_unit_test_setup(it_fits_the_terminal, world_fresh),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
