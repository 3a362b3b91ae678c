/* merge: merged tickets and merged problems: what was told, linked and rejected
 * counts for the survivor; defects that stand behind several problems. */
#include "scene.h"

#define BOB "bob@customer.example"

static const struct world_config often = {.desk = "    sweep: 10m\n", .product = "    sweep: 10m\n"};

static struct world *one_issue(void) {
    struct world *w = scene(&often);
    settle(w);
    product_issue(w, "Totals are wrong", "Sums are off by one.");
    return w;
}

static void hangs_on(struct world *w, int ticket, const char *defect) {
    assert_int_equal(desk_ticket(w, ticket % 2 ? ALICE : BOB, "Wrong totals", "My invoice is wrong."), ticket);
    if (*defect)
        desk_field(w, ticket, "Defect", defect);
    settle(w);
}

static void merge_tickets(struct world *w, int from, int into) {
    assert_int_equal(world_say(w, w->desk, NULL, "POST", "/sandbox/merge",
                               json_pack("{s:i, s:i}", "from", from, "into", into), NULL),
                     200);
    run(w, 1800 * SEC_MS);
    settle(w);
}

static void merge_problems(struct world *w, const char *from, const char *into) {
    command(w, 200, "problem-merge", json_pack("{s:s, s:s}", "id", from, "into", into));
    settle(w);
}

static const char *links_of(struct world *w, const char *ref) {
    return world_text(w,
                      "SELECT group_concat('P-' || problem) FROM (SELECT problem FROM link WHERE ref = '%s' AND status "
                      "= 'confirmed' ORDER BY problem)",
                      ref);
}

static int turn_of(struct world *w, int ticket) {
    return (int)world_number(w, -1, "SELECT turn FROM incident WHERE ref = 'helpdesk:%d'", ticket);
}

/* ---- tickets ---- */

static void what_the_merged_one_was_told_is_spent(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "1");
    hangs_on(w, 2, "");
    merge_tickets(w, 1, 2);
    assert_text(links_of(w, "helpdesk:2"), "P-1");
    assert_int_equal(turn_of(w, 2), 2); /* the greater one, and one more: its verdict changed */
    assert_status(w, 2, "closed-unresolved");
    assert_int_equal(effects(w, "ref = 'helpdesk:2' AND kind = 'note' AND state = 'done'"), 0);
    end(w);
}

/* Told twice in their turns, told as one never again. */
static void a_raised_turn_tells_nobody_again(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "1");
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    hangs_on(w, 2, "1");
    assert_int_equal(turn_of(w, 1), 4);
    assert_int_equal(turn_of(w, 2), 1);
    assert_int_equal(desk_notes(w, 2, "b1-", true), 1);
    int64_t told = effects(w, "kind = 'note' AND state = 'done'"), moved = effects(w, "kind = 'state'");
    merge_tickets(w, 1, 2);
    assert_int_equal(turn_of(w, 2), 4);
    assert_int_equal(effects(w, "kind = 'note' AND state = 'done'"), told);
    assert_int_equal(effects(w, "kind = 'state' AND state = 'done'") <= moved, 1);
    product_status(w, 1, ISSUE_CLOSED); /* a verdict of its own is told */
    settle(w);
    assert_status(w, 2, "resolved");
    assert_int_equal(effects(w, "kind = 'note' AND state = 'done'"), told + 1);
    end(w);
}

/* What was not told before the merge is told by the survivor. */
static void what_never_left_is_not_spent(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 2 - 1, "");
    assert_int_equal(desk_ticket(w, BOB, "Wrong totals", "x"), 2);
    settle(w);
    command(w, 200, "outbox-close", json_object());
    desk_field(w, 2, "Defect", "1");
    run(w, 60 * SEC_MS);
    assert_int_equal(effects(w, "ref = 'helpdesk:2' AND kind = 'note' AND state = 'pending'"), 1);
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", 2, "into", 1), NULL);
    run(w, 1800 * SEC_MS);
    command(w, 200, "outbox-open", json_object());
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    end(w);
}

static void a_rejection_of_the_merged_one_ends_no_link(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "1");
    hangs_on(w, 2, "1");
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    settle(w);
    merge_tickets(w, 1, 2);
    assert_text(links_of(w, "helpdesk:2"), "P-1");
    assert_text(desk_field_of(w, 2, "Problem"), "P-1");
    end(w);
}

/* ... but where the survivor has nothing of its own, it stands for it too. */
static void a_rejection_goes_along(void **state) {
    struct world *w = one_issue();
    (void)state;
    assert_int_equal(desk_ticket(w, ALICE, "Wrong totals, BUG-1", "x"), 1);
    hangs_on(w, 2, "");
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    settle(w);
    merge_tickets(w, 1, 2);
    assert_text(links_of(w, "helpdesk:2"), "");
    end(w);
}

/* The merge is seen before the survivor ever was. */
static void a_survivor_that_was_never_seen(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "1");
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    assert_int_equal(turn_of(w, 1), 3);
    assert_int_equal(desk_ticket(w, BOB, "The same", "x"), 2);
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", 1, "into", 2), NULL);
    command(w, 200, "sync", json_pack("{s:s}", "ref", "helpdesk:1"));
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "merged");
    assert_int_equal(turn_of(w, 2), -1);
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM problem WHERE resolution = 'cancelled'"), 0);
    assert_text(links_of(w, "helpdesk:2"), "P-1");
    assert_text(links_of(w, "helpdesk:1"), "");
    assert_int_equal(turn_of(w, 2), 4);
    end(w);
}

/* What developers wrote about the merged one means the survivor. */
static void a_defect_that_names_the_merged_one(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "");
    hangs_on(w, 2, "");
    (void)world_say(w, w->product, "dev", "PUT", "/issues/1.json",
                    json_pack("{s:{s:s}}", "issue", "notes", "See " DESK "/Ticket/Display.html?id=1"), NULL);
    settle(w);
    assert_text(links_of(w, "helpdesk:1"), "P-1");
    merge_tickets(w, 1, 2);
    assert_text(links_of(w, "helpdesk:2"), "P-1");
    (void)world_say(w, w->product, "dev", "PUT", "/issues/1.json", json_pack("{s:{s:s}}", "issue", "notes", "Hm."),
                    NULL);
    settle(w);
    assert_text(links_of(w, "helpdesk:2"), "P-1");
    end(w);
}

/* ---- problems ---- */

static void a_merge_keeps_the_stronger_link(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "1");
    command(w, 200, "problem-new", json_pack("{s:s}", "title", "Rounding"));
    command(w, 200, "link", json_pack("{s:s, s:s}", "a", "product:1", "b", "P-2"));
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "product:1", "b", "P-2"));
    settle(w);
    merge_problems(w, "P-2", "P-1");
    assert_text(links_of(w, "product:1"), "P-1");
    assert_text(links_of(w, "helpdesk:1"), "P-1");
    desk_comment(w, 1, "Hm."); /* looked at again */
    settle(w);
    assert_text(links_of(w, "product:1"), "P-1");
    end(w);
}

static void a_field_that_names_the_merged_problem(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "1");
    hangs_on(w, 2, "");
    desk_field(w, 2, "Problem", "P-1");
    settle(w);
    assert_text(links_of(w, "helpdesk:2"), "P-1");
    command(w, 200, "problem-new", json_pack("{s:s}", "title", "Rounding"));
    merge_problems(w, "P-1", "P-2");
    assert_text(links_of(w, "helpdesk:2"), "P-2");
    assert_text(desk_field_of(w, 2, "Problem"), "P-2");
    desk_comment(w, 2, "Hm.");
    settle(w);
    assert_text(links_of(w, "helpdesk:2"), "P-2"); /* it is still the agent's word */
    end(w);
}

/* The bridge can't write the new number: the field goes on saying P-1. */
static void a_rejection_holds_under_both_numbers(void **state) {
    struct world *w = one_issue();
    (void)state;
    hangs_on(w, 1, "1");
    hangs_on(w, 2, "");
    desk_field(w, 2, "Problem", "P-1");
    settle(w);
    command(w, 200, "outbox-close", json_object());
    command(w, 200, "problem-new", json_pack("{s:s}", "title", "Rounding"));
    command(w, 200, "problem-merge", json_pack("{s:s, s:s}", "id", "P-1", "into", "P-2"));
    desk_comment(w, 2, "Hm.");
    run(w, 60 * SEC_MS);
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:2", "b", "P-2"));
    desk_comment(w, 2, "Hm, hm.");
    run(w, 60 * SEC_MS);
    assert_text(links_of(w, "helpdesk:2"), "");
    end(w);
}

static void a_rejection_survives_the_merge_of_problems(void **state) {
    struct world *w = one_issue();
    (void)state;
    product_issue(w, "Sums are wrong", "x");
    hangs_on(w, 1, "1");
    assert_int_equal(desk_ticket(w, BOB, "Wrong totals, BUG-2", "x"), 2);
    settle(w);
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:2", "b", "P-2"));
    settle(w);
    merge_problems(w, "P-2", "P-1");
    product_issue(w, "Taxes are wrong", "x");
    (void)world_say(w, w->desk, "agent", "PUT", "/ticket/2", json_pack("{s:s}", "Subject", "Wrong totals, BUG-2"),
                    NULL);
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM rejection WHERE a = 'helpdesk:2' AND b = 'P-1'"), 1);
    assert_text(links_of(w, "helpdesk:2"), "");
    end(w);
}

/* Rejecting the problem rejects all that leads to it, also what leads to it later. */
static void a_defect_that_joins_a_rejected_problem(void **state) {
    struct world *w = one_issue();
    (void)state;
    product_issue(w, "Sums are wrong", "x");
    assert_int_equal(desk_ticket(w, ALICE, "Wrong totals, BUG-1 or BUG-2", "x"), 1);
    settle(w);
    assert_text(links_of(w, "helpdesk:1"), "P-1,P-2");
    command(w, 200, "problem-set", json_pack("{s:s, s:s}", "id", "P-1", "owner", "ada"));
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    settle(w);
    command(w, 200, "link", json_pack("{s:s, s:s}", "a", "product:2", "b", "P-1"));
    settle(w);
    assert_text(links_of(w, "helpdesk:1"), "P-2");
    desk_comment(w, 1, "It is BUG-2 indeed."); /* a new act of a person brings it back */
    settle(w);
    assert_text(links_of(w, "helpdesk:1"), "P-1,P-2");
    end(w);
}

static void duplicates(struct world *w, int issue, int of) {
    (void)world_say(w, w->product, "dev", "POST", arena_printf(w->a, "/issues/%d/relations.json", issue),
                    json_pack("{s:{s:i, s:s}}", "relation", "issue_to_id", of, "relation_type", "duplicates"), NULL);
    product_status(w, issue, ISSUE_CLOSED);
    settle(w);
    run(w, 1800 * SEC_MS); /* relations are found by the sweep */
    settle(w);
}

static void two_duplicates_of_a_third(void **state) {
    struct world *w = one_issue();
    (void)state;
    product_issue(w, "Sums are wrong", "x");
    product_issue(w, "Rounding per line", "x");
    hangs_on(w, 1, "1");
    hangs_on(w, 2, "2");
    duplicates(w, 1, 3);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'merge-proposed'"), 0);
    duplicates(w, 2, 3);
    assert_text(world_text(w, "SELECT group_concat(clear) FROM attention WHERE kind = 'merge-proposed'"),
                "bascule problem merge P-2 P-1"); /* one entry for the pair */
    product_status(w, 2, ISSUE_WORKING);
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'merge-proposed'"), 0);
    end(w);
}

/* The older problem hangs on the duplicate: it goes into the one whose defect is live. */
static void the_live_defects_problem_stays(void **state) {
    struct world *w = one_issue();
    (void)state;
    product_issue(w, "Sums are wrong", "x");
    hangs_on(w, 1, "1");
    hangs_on(w, 2, "2");
    duplicates(w, 1, 2);
    assert_text(world_text(w, "SELECT group_concat(clear) FROM attention WHERE kind = 'merge-proposed'"),
                "bascule problem merge P-1 P-2");
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_merged_one_was_told_is_spent),
        cmocka_unit_test(a_raised_turn_tells_nobody_again),
        cmocka_unit_test(what_never_left_is_not_spent),
        cmocka_unit_test(a_rejection_of_the_merged_one_ends_no_link),
        cmocka_unit_test(a_rejection_goes_along),
        cmocka_unit_test(a_survivor_that_was_never_seen),
        cmocka_unit_test(a_defect_that_names_the_merged_one),
        cmocka_unit_test(a_merge_keeps_the_stronger_link),
        cmocka_unit_test(a_field_that_names_the_merged_problem),
        cmocka_unit_test(a_rejection_holds_under_both_numbers),
        cmocka_unit_test(a_rejection_survives_the_merge_of_problems),
        cmocka_unit_test(a_defect_that_joins_a_rejected_problem),
        cmocka_unit_test(two_duplicates_of_a_third),
        cmocka_unit_test(the_live_defects_problem_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
