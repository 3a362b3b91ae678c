/* turns: what moves a turn and what does not, what a turn tells, and whose words
 * and figures stand in it; what waits for a person, and no longer. */
#include "scene.h"

static int turn(struct world *w, int ticket) {
    return (int)world_number(w, -1, "SELECT turn FROM incident WHERE ref = 'helpdesk:%d'", ticket);
}

static void late_ticket(struct world *w, int ticket) {
    run(w, 600 * SEC_MS);
    assert_int_equal(desk_ticket(w, "bob@customer.example", "Wrong totals again", "See BUG-1"), ticket);
    settle(w);
}

/* ---- what moves a turn ---- */

/* The live defect behind a duplicate is hidden after its release: the release stays. */
static void a_hidden_live_defect_changes_no_verdict(void **state) {
    struct world *w = closed_unresolved(&(struct world_config){.product = "    sweep: 10m\n"});
    (void)state;
    product_issue(w, "The same", "x");
    assert_int_equal(world_say(w, w->product, "dev", "POST", "/issues/1/relations.json",
                               json_pack("{s:{s:i, s:s}}", "relation", "issue_to_id", 2, "relation_type", "duplicates"),
                               NULL),
                     201);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    product_status(w, 2, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    int before = turn(w, 1);
    (void)world_say(w, w->product, NULL, "POST", "/sandbox/hide", json_pack("{s:i, s:b}", "issue", 2, "hidden", 1),
                    NULL);
    run(w, 1800 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:2'"), "forbidden");
    command(w, 200, "problem-set", json_pack("{s:s, s:s}", "id", "P-1", "owner", "eve"));
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "delivered");
    assert_int_equal(turn(w, 1), before);
    assert_status(w, 1, "resolved");
    assert_int_equal(attention(w, "defect-hidden"), 1);
    assert_int_equal(attention(w, "duplicate-loop"), 0);
    end(w);
}

/* The new defect makes the problem pending: that is the bridge's own doing, and no fix that did not hold. */
static void a_new_defect_takes_nothing_back(void **state) {
    struct world *w =
        closed_unresolved(&(struct world_config){.policy = "  on_reopen: new-defect\n  recurrences: 1\n"});
    json_t *made = NULL;
    (void)state;
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 1);
    late_ticket(w, 2);
    assert_int_equal(product_count(w), 2);
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:1'"), "pending");
    assert_status(w, 1, "resolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 1);
    assert_int_equal(world_say(w, w->product, "dev", "GET", "/issues/2.json", NULL, &made), 200);
    char *text = json_dumps(made, 0);
    json_decref(made);
    assert_non_null(strstr(text, "/issues/1")); /* it says after which one it came */
    free(text);
    end(w);
}

/* The next turn is judged by the values that it stores. */
static void a_changed_policy_judges_its_own_turn(void **state) {
    struct world *w = closed_unresolved(&(struct world_config){.policy = "  delivered_when: fixed\n"});
    (void)state;
    world_reload(w, &(struct world_config){.policy = "  delivered_when: released\n"});
    product_status(w, 1, ISSUE_RESOLVED); /* delivered once, and not any more */
    settle(w);
    assert_int_equal(turn(w, 1), 1);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_int_equal(turn(w, 1), 2);
    assert_status(w, 1, "resolved");
    end(w);
}

/* ---- what a turn tells ---- */

static void applying_a_policy_tells_nobody(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    product_status(w, 1, ISSUE_RESOLVED);
    settle(w);
    world_reload(w, &(struct world_config){.policy = "  delivered_when: fixed\n"});
    command(w, 200, "policy-apply", json_object());
    settle(w);
    assert_status(w, 1, "resolved"); /* the verdict changes by it */
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    product_status(w, 1, ISSUE_WORKING); /* what comes later is told */
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 1);
    end(w);
}

static void what_comes_after_a_quiet_decision_is_told(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    world_reload(w, &(struct world_config){.policy = "  reopen_window: 1d\n"});
    command(w, 200, "policy-apply", json_object());
    settle(w);
    assert_int_equal(turn(w, 1), 2);
    command(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Use the export instead."));
    settle(w);
    assert_int_equal(desk_notes(w, 1, "Use the export instead.", true), 1);
    end(w);
}

/* Only the reason of an accepted risk is for requesters. */
static void an_internal_reason_stays_inside(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    command(w, 200, "problem-reopen", json_pack("{s:s, s:s}", "id", "P-1", "reason", "Jones botched it."));
    settle(w);
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    assert_int_equal(desk_notes(w, 1, "No fix is planned", true), 1);
    assert_int_equal(desk_notes(w, 1, "botched", false), 0);
    end(w);
}

static void the_reason_of_an_accepted_risk_is_told(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    command(w, 200, "problem-new", json_pack("{s:s}", "title", "The greater problem"));
    command(w, 200, "problem-close",
            json_pack("{s:s, s:s, s:s, s:s}", "id", "P-1", "resolution", "duplicate", "duplicate_of", "P-2", "reason",
                      "Same mess."));
    settle(w);
    command(w, 200, "problem-accept-risk", json_pack("{s:s, s:s}", "id", "P-2", "reason", "It would cost too much."));
    settle(w);
    assert_int_equal(desk_notes(w, 1, "It would cost too much.", true), 1);
    assert_int_equal(desk_notes(w, 1, "Same mess.", false), 0);
    end(w);
}

static void a_came_back_note_counts_what_came_back(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    for (int i = 2; i <= 4; i++) {
        desk_ticket(w, ALICE, "Wrong totals", "x");
        desk_field(w, i, "Defect", "1");
    }
    settle(w);
    run(w, 3 * DAY_MS);
    desk_reply(w, 1, ALICE, "It still happens!");
    settle(w);
    const char *text =
        world_text(w, "SELECT json_extract(want, '$.text') FROM effect WHERE key LIKE '%%:came-back:%%'");
    assert_true(str_starts(
        text, arena_printf(w->a, "A support request linked to this defect came back on %s", time_day(w->a, w->now))));
    run(w, DAY_MS);
    desk_reply(w, 2, ALICE, "Here too!");
    desk_reply(w, 3, ALICE, "And here!");
    settle(w);
    text = world_text(
        w, "SELECT json_extract(want, '$.text') FROM effect WHERE key LIKE '%%:came-back:%%' ORDER BY n DESC LIMIT 1");
    assert_non_null(strstr(text, time_day(w->a, w->now)));
    assert_null(strstr(text, "4 support requests"));
    end(w);
}

static void a_recurrence_note_counts_recurrences(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    late_ticket(w, 2);
    late_ticket(w, 3);
    assert_int_equal(desk_notes(w, 2, "since the fix.", false), 0);
    assert_int_equal(desk_notes(w, 3, "It is number 2 since the fix.", false), 1);
    end(w);
}

/* ---- what waits for a person ---- */

static void closed_how_is_asked_only_of_what_counts(void **state) {
    static const struct {
        const char *command, *a, *b, *c, *d;
    } ends[] = {{"unlink", "a", "helpdesk:1", "b", "P-1"},
                {"problem-close", "id", "P-1", "resolution", "cancelled"},
                {"problem-close", "id", "P-1", "resolution", "duplicate"}};
    (void)state;
    for (size_t i = 0; i < array_size(ends); i++) {
        struct world *w = closed_unresolved(&(struct world_config){.closed = "closed"});
        command(w, 200, "problem-new", json_pack("{s:s}", "title", "Another"));
        product_status(w, 1, ISSUE_CLOSED);
        settle(w);
        assert_int_equal(attention(w, "defect-closed-how"), 1);
        command(w, 200, ends[i].command,
                json_pack("{s:s, s:s, s:s}", ends[i].a, ends[i].b, ends[i].c, ends[i].d, "duplicate_of", "P-2"));
        settle(w);
        if (attention(w, "defect-closed-how"))
            print_error("%s %s\n", ends[i].command, ends[i].d);
        assert_int_equal(attention(w, "defect-closed-how"), 0);
        end(w);
    }
}

/* Closed without a reason first, and then said to be a duplicate: its live one is asked about. */
static void closed_how_goes_on_to_the_live_one(void **state) {
    struct world *w = closed_unresolved(&(struct world_config){.closed = "closed"});
    (void)state;
    product_issue(w, "The same", "x");
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_int_equal(attention(w, "defect-closed-how"), 1);
    (void)world_say(w, w->product, "admin", "POST", "/issues/1/relations.json",
                    json_pack("{s:{s:i, s:s}}", "relation", "issue_to_id", 2, "relation_type", "duplicates"), NULL);
    (void)world_say(w, w->product, "admin", "PUT", "/issues/1.json",
                    json_pack("{s:{s:s}}", "issue", "notes", "same as the other"), NULL);
    settle(w);
    assert_int_equal(attention(w, "defect-closed-how"), 0);
    product_status(w, 2, ISSUE_CLOSED);
    settle(w);
    assert_text(world_text(w, "SELECT subject FROM attention WHERE kind = 'defect-closed-how'"), "product:2");
    end(w);
}

static void a_merged_ticket_is_not_hidden(void **state) {
    struct world *w = closed_unresolved(&(struct world_config){.desk = "    sweep: 10m\n"});
    (void)state;
    desk_ticket(w, "bob@customer.example", "The same", "x");
    settle(w);
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", 1, "into", 2), NULL);
    run(w, 1800 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "merged");
    assert_int_equal(attention(w, "defect-hidden"), 0);
    end(w);
}

static void reopening_ends_the_review(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    command(w, 200, "problem-accept-risk",
            json_pack("{s:s, s:s, s:s}", "id", "P-1", "reason", "Too dear.", "review",
                      time_day(w->a, w->now + 2 * DAY_MS)));
    settle(w);
    run(w, 3 * DAY_MS);
    assert_int_equal(attention(w, "review-due"), 1);
    command(w, 200, "problem-reopen", json_pack("{s:s}", "id", "P-1"));
    settle(w);
    assert_int_equal(attention(w, "review-due"), 0);
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hidden_live_defect_changes_no_verdict),
        cmocka_unit_test(a_new_defect_takes_nothing_back),
        cmocka_unit_test(a_changed_policy_judges_its_own_turn),
        cmocka_unit_test(applying_a_policy_tells_nobody),
        cmocka_unit_test(what_comes_after_a_quiet_decision_is_told),
        cmocka_unit_test(an_internal_reason_stays_inside),
        cmocka_unit_test(the_reason_of_an_accepted_risk_is_told),
        cmocka_unit_test(a_came_back_note_counts_what_came_back),
        cmocka_unit_test(a_recurrence_note_counts_recurrences),
        cmocka_unit_test(closed_how_is_asked_only_of_what_counts),
        cmocka_unit_test(closed_how_goes_on_to_the_live_one),
        cmocka_unit_test(a_merged_ticket_is_not_hidden),
        cmocka_unit_test(reopening_ends_the_review),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
