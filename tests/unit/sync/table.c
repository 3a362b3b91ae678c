/* table: the way of an incident through the engine: linked, closed unresolved,
 * delivered, come back; who is told what, once. */
#include "scene.h"

static void a_link_closes_unresolved_and_a_release_resolves(void **state) {
    struct world *w = linked(NULL);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0); /* nothing is published: internal */
    assert_text(desk_field_of(w, 1, "Problem"), "P-1");
    assert_text(product_field_of(w, 1, 2), "1");
    assert_text(product_field_of(w, 1, 3), "1");
    assert_true(strstr(product_field_of(w, 1, 1), DESK) != NULL);
    assert_int_equal(product_notes(w, 1, "b1-"), 1);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 1);
    assert_text(product_field_of(w, 1, 3), "0");
    assert_int_equal(effects(w, "state NOT IN ('done', 'superseded')"), 0);
    end(w);
    (void)state;
}

static void a_decline_says_so_once(void **state) {
    struct world *w = linked(NULL);
    settle(w);
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 1);
    assert_int_equal(world_number(w, 0, "SELECT turn FROM incident"), 2);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT turn FROM incident"), 4);
    end(w);
    (void)state;
}

static void a_fix_that_did_not_hold(void **state) {
    struct world *w = linked(NULL);
    settle(w);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    assert_status(w, 1, "closed-unresolved"); /* by way of open: RT knows no direct move */
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(world_number(w, 0, "SELECT turn FROM incident"), 4);
    end(w);
    (void)state;
}

static void after_the_reopen_window_nothing_moves(void **state) {
    struct world *w = linked(&(struct world_config){.policy = "  reopen_window: 1d\n"});
    settle(w);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    run(w, 2 * DAY_MS);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'did-not-hold'"), 1);
    end(w);
    (void)state;
}

static void a_person_who_reopens_is_left_alone(void **state) {
    struct world *w = linked(NULL);
    settle(w);
    desk_reply(w, 1, ALICE, "It still happens!");
    settle(w);
    assert_status(w, 1, "open");
    assert_int_equal(world_number(w, 0, "SELECT overridden FROM incident"), 1);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'override'"), 1);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'came-back'"), 1);
    assert_int_equal(product_notes(w, 1, "b1-"), 2); /* linked, came-back */
    run(w, DAY_MS / 2);
    assert_status(w, 1, "open");
    product_status(w, 1, ISSUE_CLOSED); /* a new turn, but it is reopened: a word to the agent */
    settle(w);
    assert_status(w, 1, "open");
    end(w);
    (void)state;
}

static void settling_keeps_a_slip_quiet(void **state) {
    struct world *w = linked(&(struct world_config){.policy = "  settle: { delivered: 10m }\n"});
    settle(w);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 300 * SEC_MS);
    assert_status(w, 1, "closed-unresolved");
    product_status(w, 1, ISSUE_WORKING); /* a slip, taken back */
    run(w, 1200 * SEC_MS);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 540 * SEC_MS);
    assert_status(w, 1, "closed-unresolved");
    run(w, 120 * SEC_MS);
    assert_status(w, 1, "resolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 1);
    end(w);
    (void)state;
}

static void a_late_link_tells_nobody(void **state) {
    struct world *w = scene(NULL);
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    run(w, 600 * SEC_MS);
    desk_ticket(w, ALICE, "Wrong totals", "See BUG-1");
    settle(w);
    assert_status(w, 1, "new");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'recurrence'"), 1);
    end(w);
    (void)state;
}

static void a_published_workaround_is_told_once(void **state) {
    struct world *w = linked(NULL);
    settle(w);
    command(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Use the export instead."));
    settle(w);
    assert_int_equal(desk_notes(w, 1, "Use the export instead.", true), 1);
    assert_status(w, 1, "closed-unresolved"); /* RT would reopen on a public note */
    command(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Use the other export."));
    settle(w);
    assert_int_equal(desk_notes(w, 1, "Use the other export.", true), 1);
    run(w, DAY_MS);
    assert_int_equal(desk_notes(w, 1, "b1-", true), 2);
    end(w);
    (void)state;
}

static void hold_waits_and_unlinking_opens(void **state) {
    struct world *w = linked(&(struct world_config){.policy = "  treatment: hold\n"});
    settle(w);
    assert_status(w, 1, "stalled");
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    settle(w);
    assert_status(w, 1, "open");
    assert_text(desk_field_of(w, 1, "Problem"), "");
    end(w);
    (void)state;
}

static void leave_moves_nothing(void **state) {
    struct world *w = linked(&(struct world_config){.policy = "  treatment: leave\n"});
    settle(w);
    assert_status(w, 1, "new");
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    assert_status(w, 1, "new");
    end(w);
    (void)state;
}

static void ignored_is_untouched_until_the_next_turn(void **state) {
    struct world *w = linked(NULL);
    settle(w);
    command(w, 200, "ignore", json_pack("{s:s}", "ref", "helpdesk:1"));
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    command(w, 200, "ignore", json_pack("{s:s, s:b}", "ref", "helpdesk:1", "off", 1));
    settle(w);
    assert_status(w, 1, "closed-unresolved"); /* what was withheld is spent */
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    end(w);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_closes_unresolved_and_a_release_resolves),
        cmocka_unit_test(a_decline_says_so_once),
        cmocka_unit_test(a_fix_that_did_not_hold),
        cmocka_unit_test(after_the_reopen_window_nothing_moves),
        cmocka_unit_test(a_person_who_reopens_is_left_alone),
        cmocka_unit_test(settling_keeps_a_slip_quiet),
        cmocka_unit_test(a_late_link_tells_nobody),
        cmocka_unit_test(a_published_workaround_is_told_once),
        cmocka_unit_test(hold_waits_and_unlinking_opens),
        cmocka_unit_test(leave_moves_nothing),
        cmocka_unit_test(ignored_is_untouched_until_the_next_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
