/* args: commands, options, help, and what is said when something was typed wrongly. */
#include "../../../src/cli/cli.h"
#include "world.h"

static void every_command_has_help(void **state) {
    for (size_t i = 0; commands[i]; i++) {
        const struct command *c = commands[i];
        assert_int_equal(type(c->name, "--help"), CLI_DONE);
        says(world_out, c->summary);
        says(world_out, "usage: bascule");
        says(world_out, "Examples:");
        says(world_out, "--config FILE");
        assert_string_equal(world_err, "");
        for (const char *line = world_out; *line; line += strcspn(line, "\n") + 1)
            if (strcspn(line, "\n") > 120)
                fail_msg("%s --help: a line of %zu", c->name, strcspn(line, "\n"));
        assert_int_equal(type("help", c->name), CLI_DONE);
        says(world_out, c->summary);
    }
}

static void the_table_is_sorted_and_general_help_lists_it(void **state) {
    for (size_t i = 1; commands[i]; i++)
        assert_true(strcmp(commands[i - 1]->name, commands[i]->name) < 0);
    assert_int_equal(type("--help"), CLI_DONE);
    for (size_t i = 0; commands[i]; i++)
        says(world_out, commands[i]->summary);
    says_not(world_out, "suggest "); /* not there yet */
    assert_int_equal(world_type((const char *const[]){NULL}), CLI_USAGE);
    says(world_err, "usage:");
    assert_int_equal(type("--version"), CLI_DONE);
    assert_string_equal(world_out, "bascule 0.1.0\n");
}

static void a_slip_is_answered_with_the_nearest(void **state) {
    assert_int_equal(type("statsu"), CLI_USAGE);
    says(world_err, "did you mean `bascule status`?");
    assert_int_equal(type("prob"), CLI_USAGE);
    says(world_err, "`bascule problem`");
    assert_int_equal(type("xyzzy"), CLI_USAGE);
    says(world_err, "--help");
    assert_int_equal(type("list", "incident"), CLI_USAGE);
    says(world_err, "did you mean incidents?");
    assert_int_equal(type("list", "incidents", "--stat=open"), CLI_USAGE);
    says(world_err, "did you mean --state?");
    assert_int_equal(type("list", "incidents", "--formt", "json"), CLI_USAGE);
    says(world_err, "did you mean --format?");
    assert_int_equal(type("status", "--format", "jsn"), CLI_USAGE);
    says(world_err, "did you mean json?");
    assert_int_equal(type("problem", "acept-risk", "P-1"), CLI_USAGE);
    says(world_err, "did you mean accept-risk?");
    assert_int_equal(type("outcome", "helpdesk:1", "wontfix", "--reason", "x"), CLI_USAGE);
    says(world_err, "did you mean wont-fix?");
    assert_string_equal(world_out, "");
}

static void what_is_wrong_is_used_wrongly(void **state) {
    static const char *const all[][6] = {
        {"link", "helpdesk:1"},
        {"link", "helpdesk:1", "P-1", "P-2"},
        {"link", "helpdesk", "P-1"},
        {"unlink", "P-1", "4711"},
        {"list"},
        {"list", "incidents", "--limit", "0"},
        {"list", "incidents", "--limit", "501"},
        {"list", "incidents", "--limit"},
        {"list", "incidents", "--state", "a", "--state=b"},
        {"list", "incidents", "-x"},
        {"list", "incidents", "-cx"},
        {"run", "--once=yes"},
        {"retry", "x"},
        {"retry", "0"},
        {"retry", "-1"},
        {"discard", "31"},
        {"discard", "31", "--reason", ""},
        {"outcome", "helpdesk:1", "fixed"},
        {"problem"},
        {"problem", "new"},
        {"problem", "new", "P-1", "--title", "x"},
        {"problem", "set", "P-1"},
        {"problem", "set", "12", "--cause", "x"},
        {"problem", "publish", "P-1", "--cause", "x"},
        {"problem", "accept-risk", "P-1"},
        {"problem", "accept-risk", "P-1", "--reason", "x"},
        {"problem", "close", "P-1", "--resolution", "duplicate"},
        {"problem", "close", "P-1", "--resolution", "cancelled"},
        {"problem", "merge", "P-1"},
        {"problem", "split", "P-1"},
        {"problem", "set", "P-1", "--priority", "much"},
        {"problem", "set", "P-1", "--reason", "x"},
        {"problem", "set", "P-1", "--analysis-target", "soon"},
        {"defect", "old", "P-1"},
        {"defect", "new"},
        {"outbox", "close", "--yes"},
        {"outbox", "shut"},
        {"connectors", "test"},
        {"connectors", "rt", "redmine"},
        {"connectors", "rt", "--live"},
        {"connectors", "test", "dir", "--live"},
        {"demo", "--port", "0"},
        {"demo", "--port", "65536"},
        {"confirm", "P-1"},
    };
    world_service.status = 200;
    world_service.body = "{}";
    for (size_t i = 0; i < array_size(all); i++) {
        if (world_type(all[i]) != CLI_USAGE || !*world_err)
            fail_msg("'%s %s %s %s' was taken: %s%s", all[i][0], all[i][1] ? all[i][1] : "", all[i][2] ? all[i][2] : "",
                     all[i][3] ? all[i][3] : "", world_out, world_err);
        assert_string_equal(world_out, "");
    }
    assert_int_equal(world_service.count, 0);
}

static void what_main_does_is_handed_over(void **state) {
    world_environment[1][0] = "RT_TOKEN";
    world_environment[1][1] = "secret";
    assert_int_equal(type("check", "--diff", "-c", "new.yaml"), CLI_DONE);
    assert_string_equal(world_body, "check");
    assert_true(world_job.diff);
    assert_string_equal(world_job.config_file, "new.yaml");
    assert_int_equal(type("demo", "--port", "9000", "--dir=/tmp/x"), CLI_DONE);
    assert_int_equal(world_job.port, 9000);
    assert_string_equal(world_job.dir, "/tmp/x");
    assert_int_equal(type("connectors", "rt"), CLI_DONE);
    assert_string_equal(world_job.name, "rt");
    assert_int_equal(type("connectors", "test", "dir"), CLI_DONE);
    assert_string_equal(world_body, "connectors_test");
    assert_string_equal(world_job.dir, "dir");
    assert_int_equal(type("connectors", "test", "dir", "--live"), CLI_USAGE);
    says(world_err, "not there yet");
    assert_int_equal(type("connectors", "--help"), CLI_DONE);
    says_not(world_out, "live");
}

static void run_needs_a_whole_configuration(void **state) {
    assert_int_equal(type("run"), CLI_FAILED); /* the secrets are not there */
    says(world_err, "test.yaml:");
    says(world_err, "RT_TOKEN");
    assert_string_equal(world_body, "");
    assert_int_equal(type("run", "-c", "none.yaml"), CLI_FAILED);
    says(world_err, "none.yaml: no such file");
    world_environment[0][1] = NULL;
    assert_int_equal(type("status"), CLI_FAILED);
    says(world_err, "-c FILE");
    assert_int_equal(type("check"), CLI_FAILED);
    says(world_err, "no configuration");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_command_has_help, world_fresh),
        cmocka_unit_test_setup(the_table_is_sorted_and_general_help_lists_it, world_fresh),
        cmocka_unit_test_setup(a_slip_is_answered_with_the_nearest, world_fresh),
        cmocka_unit_test_setup(what_is_wrong_is_used_wrongly, world_fresh),
        cmocka_unit_test_setup(what_main_does_is_handed_over, world_fresh),
        cmocka_unit_test_setup(run_needs_a_whole_configuration, world_fresh),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
