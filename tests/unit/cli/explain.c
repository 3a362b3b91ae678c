/* explain: its text, word for word. */
#include "../../../src/cli/cli.h"
#include "world.h"

static void an_incident_with_all_of_it(void **state) {
    assert_int_equal(type("explain", "helpdesk:1"), CLI_DONE);
    assert_string_equal(
        world_out,
        "helpdesk:1: Total is <b>wrong</b>\n"
        "  incident, closed-unresolved (unknown), verdict pending, turn 1\n"
        "\nRule\n"
        "  - pending, open\n"
        "\nWhy\n"
        "  treatment is close\n"
        "\nFacts\n"
        "  - P-1 has delivery pending\n"
        "\nDecided\n"
        "  - state closed-unresolved\n"
        "\nLinks\n"
        "  P-1, confirmed, delivery pending: Sum is off\n"
        "    - field Defect of helpdesk:1, naming product:56, by alice, 2025-12-30 13:06:40 UTC: \"56\"\n"
        "  P-2, rejected by cli:root, 2025-12-31 16:53:20 UTC\n"
        "\nEffects\n"
        "  - effect 1, closed-unresolved (unknown), done, 2026-01-01 20:40:05 UTC: the defect is being worked on\n"
        "\nWhat would change it\n"
        "  - product:56 is released\n");
}

static void one_that_people_moved(void **state) {
    assert_int_equal(type("explain", "helpdesk:2"), CLI_DONE);
    assert_string_equal(
        world_out,
        "helpdesk:2: Rounding\n"
        "  incident, open, verdict pending, turn 1\n"
        "\nNothing has been decided about it yet.\n"
        "\nLinks\n"
        "  P-1, confirmed, delivery pending: Sum is off\n"
        "  P-2, suggested, delivery none: Slow at night\n"
        "\nEffects\n"
        "  - effect 2, internal note known-error, parked: known error; the tracker says: Permission denied\n"
        "\nOverridden\n"
        "  - the bridge left it closed-unresolved; people have moved it since, and that is left alone until its turn "
        "moves\n"
        "  - 2026-01-01 23:26:40 UTC, tracker:bob: open again\n"
        "\nAttention\n"
        "  - parked: effect 2 was refused; the administrator can clear it: bascule retry 2\n");
}

static void a_defect_and_a_problem(void **state) {
    assert_int_equal(type("explain", "product:56"), CLI_DONE);
    says(world_out, "product:56: Sum is off\n  defect, working\n");
    says(world_out, "\nProblem P-1: Sum is off\n  status diagnosed, delivery pending\n");
    says(world_out, "effect 3, incident_count = 3, pending: counts");
    assert_int_equal(type("explain", "P-1"), CLI_DONE);
    says(world_out, "P-1: Sum is off\n  known error, status diagnosed, delivery pending\n"
                    "  incidents: 1 open, 1 closed-unresolved, 1 solved, 3 in all\n");
}

/* Nothing in it depends on when it is asked, and a narrow terminal gets narrow lines. */
static void it_fits_the_terminal(void **state) {
    world_tty = true;
    world_columns = 50;
    world_environment[1][0] = "NO_COLOR";
    world_environment[1][1] = "1";
    assert_int_equal(type("explain", "helpdesk:2"), CLI_DONE);
    says(world_out, "  - the bridge left it closed-unresolved; people\n    have moved");
}

static void json_is_what_is_stored(void **state) {
    assert_int_equal(type("explain", "helpdesk:1", "--format", "json"), CLI_DONE);
    cleanup_json json_t *j = json_loads(world_out, 0, NULL);
    assert_string_equal(json_text(json_object_get(j, "decision"), "rule"), "pending, open");
}

/* Where parts are missing or of another type, it says less, and never falls over. */
static void whatever_stands_there_is_survived(void **state) {
    static const char *const bodies[] = {
        "{}",
        "{\"ref\":\"a:1\"}",
        "{\"id\":\"P-1\"}",
        "{\"ref\":1,\"kind\":2,\"state\":3}",
        "{\"ref\":\"a:1\",\"kind\":\"incident\",\"decision\":{}}",
        "{\"ref\":\"a:1\",\"kind\":\"incident\",\"decision\":{\"rule\":[1,null],\"facts\":{\"a\":1},\"did\":\"x\","
        "\"why\":7}}",
        "{\"ref\":\"a:1\",\"links\":[{},1],\"effects\":[{},null],\"attention_items\":[{}],\"rejected\":[{}],"
        "\"history\":[{\"what\":\"override\"}]}",
        "{\"n\":1}",
        "{\"ref\":\"a:1\",\"kind\":\"defect\",\"problem_items\":[{},{\"decision\":{}}]}",
        "[]",
        "\"x\"",
    };
    world_service.status = 200;
    for (size_t i = 0; i < array_size(bodies); i++) {
        world_service.body = bodies[i];
        type("explain", "a:1");
        type("show", "a:1");
        type("status");
        type("outbox");
        type("list", "incidents");
        type("list", "effects");
        type("outbox", "open");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_incident_with_all_of_it, world_fresh),
        cmocka_unit_test_setup(one_that_people_moved, world_fresh),
        cmocka_unit_test_setup(a_defect_and_a_problem, world_fresh),
        cmocka_unit_test_setup(it_fits_the_terminal, world_fresh),
        cmocka_unit_test_setup(json_is_what_is_stored, world_fresh),
        cmocka_unit_test_setup(whatever_stands_there_is_survived, world_fresh),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
