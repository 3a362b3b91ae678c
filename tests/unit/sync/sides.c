/* sides: what follows on the defect's side: duplicates hand on, recurrences,
 * what developers put in and take out, the policy that holds there. */
#include "scene.h"

static const struct world_config often = {.desk = "    sweep: 10m\n", .product = "    sweep: 10m\n"};

static const char *links_of(struct world *w, const char *ref) {
    return world_text(w,
                      "SELECT group_concat('P-' || problem) FROM (SELECT problem FROM link WHERE ref = '%s' AND status "
                      "= 'confirmed' ORDER BY problem)",
                      ref);
}

static void issue_field(struct world *w, int issue, int field, const char *value) {
    (void)world_say(w, w->product, "dev", "PUT", arena_printf(w->a, "/issues/%d.json", issue),
                    json_pack("{s:{s:[{s:i, s:s}]}}", "issue", "custom_fields", "id", field, "value", value), NULL);
}

/* ---- duplicates ---- */

static void a_duplicate_hands_on_and_takes_back(void **state) {
    struct world *w = closed_unresolved(&often);
    (void)state;
    product_issue(w, "Sums are wrong", "x");
    settle(w);
    (void)world_say(w, w->product, "dev", "POST", "/issues/1/relations.json",
                    json_pack("{s:{s:i, s:s}}", "relation", "issue_to_id", 2, "relation_type", "duplicates"), NULL);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    assert_text(product_field_of(w, 1, 1), "");
    assert_text(product_field_of(w, 1, 2), "");
    assert_text(product_field_of(w, 2, 2), "1");
    assert_text(product_field_of(w, 2, 3), "1");
    assert_true(strstr(product_field_of(w, 2, 1), DESK) != NULL);
    assert_int_equal(product_notes(w, 2, "b1-"), 1); /* linked */
    int64_t told = product_notes(w, 1, "b1-");
    desk_ticket(w, ALICE, "Wrong totals again", "BUG-1"); /* people go on naming the duplicate */
    settle(w);
    assert_text(product_field_of(w, 2, 2), "2");
    command(w, 200, "problem-accept-risk",
            json_pack("{s:s, s:s, s:s}", "id", "P-1", "reason", "rare", "review", "2030-01-01"));
    settle(w);
    assert_int_equal(product_notes(w, 1, "b1-"), told);
    assert_int_equal(product_notes(w, 2, "b1-"), 2); /* ... and the acceptance */
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    assert_text(product_field_of(w, 1, 2), "2");
    assert_text(product_field_of(w, 2, 2), "");
    end(w);
}

/* Nobody is live in a loop: it is shown, and comes to rest. */
static void a_loop_comes_to_rest(void **state) {
    struct world *w = closed_unresolved(&often);
    (void)state;
    product_issue(w, "Sums are wrong", "x");
    for (int i = 1; i <= 2; i++) {
        (void)world_say(w, w->product, "dev", "POST", arena_printf(w->a, "/issues/%d/relations.json", i),
                        json_pack("{s:{s:i, s:s}}", "relation", "issue_to_id", 3 - i, "relation_type", "duplicates"),
                        NULL);
        product_status(w, i, ISSUE_CLOSED);
    }
    (void)world_command(w, "sync", json_pack("{s:s}", "ref", "product:1"), NULL);
    (void)world_command(w, "sync", json_pack("{s:s}", "ref", "product:2"), NULL);
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM record WHERE duplicate_of IS NOT NULL"), 2);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    assert_int_equal(attention(w, "duplicate-loop"), 1);
    end(w);
}

/* ---- recurrences ---- */

static const struct world_config reopens = {.policy = "  on_reopen: reopen\n  recurrences: 1\n"};

static void a_came_back_is_no_recurrence_until_staff_say_so(void **state) {
    struct world *w = closed_unresolved(&reopens);
    (void)state;
    command(w, 409, "ack", json_pack("{s:s, s:b}", "ref", "helpdesk:1", "recurrence", 1)); /* nothing was delivered */
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    desk_reply(w, 1, ALICE, "It still happens!");
    settle(w);
    run(w, DAY_MS / 2);
    assert_int_equal(product_status_of(w, 1), ISSUE_CLOSED);
    command(w, 200, "ack", json_pack("{s:s}", "ref", "helpdesk:1")); /* seen: says nothing of the cause */
    settle(w);
    assert_int_equal(product_status_of(w, 1), ISSUE_CLOSED);
    command(w, 200, "ack", json_pack("{s:s, s:b}", "ref", "helpdesk:1", "recurrence", 1));
    settle(w);
    assert_int_equal(product_status_of(w, 1), ISSUE_NEW);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    end(w);
}

static struct world *late(const struct world_config *config) {
    struct world *w = closed_unresolved(config);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    run(w, 600 * SEC_MS);
    desk_ticket(w, ALICE, "Wrong totals", "See BUG-1");
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:2'"), "delivered");
    return w;
}

static void a_manager_says_yes(void **state) {
    struct world *w = late(&(struct world_config){.policy = "  on_reopen: reopen\n"});
    (void)state;
    assert_int_equal(product_status_of(w, 1), ISSUE_CLOSED); /* one of two */
    command(w, 200, "problem-recurred", json_pack("{s:s}", "id", "P-1"));
    settle(w);
    assert_int_equal(product_status_of(w, 1), ISSUE_NEW);
    command(w, 409, "problem-recurred", json_pack("{s:s}", "id", "P-1")); /* it is not delivered any more */
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    run(w, DAY_MS);
    assert_int_equal(product_status_of(w, 1), ISSUE_CLOSED); /* the yes was of that delivery */
    end(w);
}

static void where_nothing_follows_a_yes_is_refused(void **state) {
    struct world *w = late(NULL);
    (void)state;
    command(w, 409, "problem-recurred", json_pack("{s:s}", "id", "P-1"));
    end(w);
}

static void an_acknowledged_problem_stays_so(void **state) {
    struct world *w = late(&(struct world_config){.policy = "  recurrences: 1\n"});
    (void)state;
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'recurrence' AND subject = 'P-1'"),
                     1);
    command(w, 200, "ack", json_pack("{s:s}", "ref", "P-1"));
    command(w, 200, "problem-set", json_pack("{s:s, s:s}", "id", "P-1", "owner", "ada"));
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'recurrence' AND subject = 'P-1'"),
                     0);
    end(w);
}

/* Seen in its turn, not for ever; and it counts no more. */
static void an_acknowledged_late_link(void **state) {
    struct world *w = late(&(struct world_config){.policy = "  recurrences: 1\n"});
    (void)state;
    assert_int_equal(attention(w, "recurrence"), 2); /* the ticket's and the problem's */
    command(w, 200, "ack", json_pack("{s:s}", "ref", "helpdesk:2"));
    desk_comment(w, 2, "Hm.");
    settle(w);
    assert_int_equal(attention(w, "recurrence"), 0);
    command(w, 200, "ack", json_pack("{s:s, s:b}", "ref", "helpdesk:2", "recurrence", 1)); /* thought better of it */
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'recurrence' AND subject = 'P-1'"),
                     1);
    assert_int_equal(attention(w, "recurrence"), 1); /* the ticket's was answered */
    end(w);
}

/* A came-back that was seen long ago hides no late link. */
static void an_old_ack_hides_nothing(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    desk_reply(w, 1, ALICE, "It still happens!");
    settle(w);
    command(w, 200, "ack", json_pack("{s:s}", "ref", "helpdesk:1"));
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    product_issue(w, "Sums are wrong", "x");
    product_status(w, 2, ISSUE_CLOSED);
    settle(w);
    run(w, 600 * SEC_MS);
    desk_comment(w, 1, "See BUG-2");
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "delivered");
    assert_int_equal(attention(w, "recurrence"), 1);
    end(w);
}

/* ---- what developers take out and put in ---- */

static void an_incident_taken_out_is_rejected(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    desk_ticket(w, ALICE, "Another", "BUG-1");
    settle(w);
    const char *both = product_field_of(w, 1, 1);
    assert_text(product_field_of(w, 1, 2), "2");
    assert_true(strstr(both, "id=2") != NULL);
    issue_field(w, 1, 1, DESK "/Ticket/Display.html?id=1");
    settle(w);
    assert_text(links_of(w, "helpdesk:2"), "");
    assert_text(links_of(w, "helpdesk:1"), "P-1");
    assert_text(desk_field_of(w, 2, "Problem"), "");
    assert_text(product_field_of(w, 1, 2), "1");
    issue_field(w, 1, 1, DESK "/Ticket/Display.html?id=1 " DESK "/Ticket/Display.html?id=2"); /* a new act */
    settle(w);
    assert_text(links_of(w, "helpdesk:2"), "P-1");
    end(w);
}

static void a_list_of_developers_own_rejects_nothing(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    issue_field(w, 1, 1, "I keep my own list here");
    settle(w);
    assert_text(links_of(w, "helpdesk:1"), "P-1");
    assert_text(product_field_of(w, 1, 1), "I keep my own list here");
    issue_field(w, 1, 1, "");
    settle(w);
    assert_text(links_of(w, "helpdesk:1"), "");
    end(w);
}

/* What the bridge itself wants there no more, nobody rejects by being quicker. */
static void what_had_ended_is_not_rejected(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    desk_ticket(w, ALICE, "Another", "x");
    desk_field(w, 2, "Defect", "1");
    settle(w);
    assert_text(product_field_of(w, 1, 2), "2");
    command(w, 200, "outbox-close", json_object());
    desk_field(w, 2, "Defect", "");
    run(w, 60 * SEC_MS);
    assert_text(links_of(w, "helpdesk:2"), "");
    issue_field(w, 1, 1, DESK "/Ticket/Display.html?id=1");
    run(w, 60 * SEC_MS);
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM rejection"), 0);
    command(w, 200, "outbox-open", json_object());
    end(w);
}

static const struct world_config with_problem = {.product_fields =
                                                     "problem: Linked incidents, incident_count: Incident count"};

static void a_developer_moves_the_problem(void **state) {
    struct world *w = closed_unresolved(&with_problem);
    (void)state;
    command(w, 200, "problem-new", json_pack("{s:s}", "title", "Rounding"));
    settle(w);
    assert_text(product_field_of(w, 1, 1), "P-1");
    issue_field(w, 1, 1, "P-2");
    settle(w);
    assert_text(links_of(w, "product:1"), "P-2");
    assert_text(links_of(w, "helpdesk:1"), "P-2");
    assert_text(desk_field_of(w, 1, "Problem"), "P-2");
    assert_text(product_field_of(w, 1, 1), "P-2");
    assert_text(world_text(w, "SELECT resolution FROM problem WHERE id = 1"), "cancelled"); /* it holds nothing */
    end(w);
}

/* Taken out, and none named: the defect gets another problem, and nobody is told the same again. */
static void a_developer_takes_the_problem_out(void **state) {
    struct world *w = closed_unresolved(&with_problem);
    (void)state;
    issue_field(w, 1, 1, "");
    settle(w);
    assert_text(links_of(w, "helpdesk:1"), "P-2");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    assert_int_equal(product_notes(w, 1, "b1-"), 1);
    end(w);
}

/* ---- policy ---- */

static void a_rule_holds_for_the_defect_too(void **state) {
    struct world *w = closed_unresolved(&(struct world_config){.policy = "  for:\n"
                                                                         "    - match: { service: [Billing] }\n"
                                                                         "      recurrences: 1\n"
                                                                         "      on_reopen: reopen\n"
                                                                         "      thresholds: [2]\n"
                                                                         "      notes: { threshold: public }\n"});
    (void)state;
    command(w, 200, "problem-set", json_pack("{s:s, s:s}", "id", "P-1", "service", "Billing"));
    desk_ticket(w, ALICE, "Another", "BUG-1");
    settle(w);
    assert_int_equal(effects(w, "key = 'note:product:1:threshold:2' AND state = 'done' AND json_extract(want, "
                                "'$.visibility') = 'public'"),
                     1);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    run(w, 600 * SEC_MS);
    desk_ticket(w, ALICE, "Wrong totals", "See BUG-1");
    settle(w);
    assert_int_equal(product_status_of(w, 1), ISSUE_NEW);
    end(w);
}

static void a_rule_of_another_service_does_not(void **state) {
    struct world *w = closed_unresolved(&(struct world_config){.policy = "  for:\n"
                                                                         "    - match: { service: [Payroll] }\n"
                                                                         "      thresholds: [1]\n"});
    (void)state;
    assert_int_equal(effects(w, "key LIKE '%%threshold%%'"), 0);
    end(w);
}

/* `delivered_when` decides for the problem as it does for its incidents. */
static void a_rule_says_when_it_is_delivered(void **state) {
    struct world *w = scene(&(struct world_config){.policy = "  for:\n"
                                                             "    - match: { service: [Billing] }\n"
                                                             "      delivered_when: fixed\n"});
    (void)state;
    settle(w);
    command(w, 200, "problem-new", json_pack("{s:s, s:s}", "title", "Rounding", "service", "Billing"));
    product_issue(w, "Totals are wrong", "x");
    settle(w);
    command(w, 200, "link", json_pack("{s:s, s:s}", "a", "product:1", "b", "P-1"));
    product_status(w, 1, ISSUE_RESOLVED);
    settle(w);
    assert_text(world_text(w, "SELECT delivery FROM problem WHERE id = 1"), "delivered");
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duplicate_hands_on_and_takes_back),
        cmocka_unit_test(a_loop_comes_to_rest),
        cmocka_unit_test(a_came_back_is_no_recurrence_until_staff_say_so),
        cmocka_unit_test(a_manager_says_yes),
        cmocka_unit_test(where_nothing_follows_a_yes_is_refused),
        cmocka_unit_test(an_acknowledged_problem_stays_so),
        cmocka_unit_test(an_acknowledged_late_link),
        cmocka_unit_test(an_old_ack_hides_nothing),
        cmocka_unit_test(an_incident_taken_out_is_rejected),
        cmocka_unit_test(a_list_of_developers_own_rejects_nothing),
        cmocka_unit_test(what_had_ended_is_not_rejected),
        cmocka_unit_test(a_developer_moves_the_problem),
        cmocka_unit_test(a_developer_takes_the_problem_out),
        cmocka_unit_test(a_rule_holds_for_the_defect_too),
        cmocka_unit_test(a_rule_of_another_service_does_not),
        cmocka_unit_test(a_rule_says_when_it_is_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
