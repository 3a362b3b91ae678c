/* adopt: what was so before, and is only seen, meant or found anew by an import, a reload or
 * a late look, tells nobody; and what was spent under an ignore stays spent. */
#include "scene.h"

/* What product's states mean in these worlds, with one more. */
#define STATES_AND(more)                                                                                               \
    "Resolved: fixed, Closed: { state: released, outcome: fixed }, \"Won't Fix\": { state: closed, outcome: wont-fix " \
    "}, " more

static int64_t told(struct world *w, int ticket) {
    return desk_notes(w, ticket, "b1-", false);
}

static struct world *two_linked(const struct world_config *config) {
    struct world *w = scene(config);
    settle(w);
    product_issue(w, "Totals are wrong", "Sums are off by one.");
    for (int t = 1; t <= 2; t++) {
        desk_ticket(w, ALICE, "Wrong totals", "My invoice is wrong.");
        desk_field(w, t, "Defect", "1");
    }
    settle(w);
    assert_status(w, 2, "closed-unresolved");
    return w;
}

/* ---- a reload ---- */

/* A person's reason stands in the field Outcome: a reload has to read it there too. */
static void a_reload_keeps_what_the_field_says(void **state) {
    const struct world_config config = {.service = "outcome"};
    struct world *w = two_linked(&config);
    (void)state;
    desk_field(w, 1, "Service", "wont-fix");
    settle(w);
    assert_text(world_text(w, "SELECT outcome FROM record WHERE ref = 'helpdesk:1'"), "wont-fix");
    world_reload(w, &config);
    assert_text(world_text(w, "SELECT outcome FROM record WHERE ref = 'helpdesk:1'"), "wont-fix");
    settle(w);
    assert_text(desk_field_of(w, 1, "Service"), "wont-fix");
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM journal WHERE what = 'mapped'"), 0);
    end(w);
}

/* ... and what a person said by command. */
static void a_reload_keeps_what_a_person_said(void **state) {
    const struct world_config config = {.states = STATES_AND("Rejected: closed")};
    struct world *w = two_linked(&config);
    (void)state;
    product_status(w, 1, ISSUE_REJECTED);
    settle(w);
    command(w, 200, "outcome", json_pack("{s:s, s:s}", "ref", "product:1", "outcome", "wont-fix"));
    settle(w);
    int64_t turn = world_number(w, -1, "SELECT turn FROM incident WHERE ref = 'helpdesk:1'");
    world_reload(w, &config);
    settle(w);
    assert_text(world_text(w, "SELECT outcome FROM record WHERE ref = 'product:1'"), "wont-fix");
    assert_int_equal(world_number(w, -1, "SELECT turn FROM incident WHERE ref = 'helpdesk:1'"), turn);
    end(w);
}

/* P-1 is due for a reason of its own when the states come to mean something else. */
static void a_reload_amid_a_decision_tells_nobody(void **state) {
    struct world *w = two_linked(NULL);
    (void)state;
    int64_t before = told(w, 1) + told(w, 2);
    product_status(w, 1, ISSUE_WORKING);
    for (int i = 0; i < 100000 && !world_number(w, 0, "SELECT count(*) FROM due WHERE kind = 'problem'"); i++)
        (void)world_step(w);
    assert_true(world_number(w, 0, "SELECT count(*) FROM due WHERE kind = 'problem' AND adopt = 0") > 0);
    world_reload(w, &(struct world_config){.states = STATES_AND("In Progress: released")});
    settle(w);
    assert_text(world_text(w, "SELECT state FROM record WHERE ref = 'product:1'"), "released");
    assert_int_equal(world_number(w, -1,
                                  "SELECT count(*) FROM incident WHERE verdict = 'delivered' AND adopted_turn = "
                                  "turn"),
                     2);
    assert_int_equal(told(w, 1) + told(w, 2), before);
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

/* What happened before the reload was meant as the old configuration has it: it is told. */
static void a_reload_swallows_nothing(void **state) {
    struct world *w = two_linked(NULL);
    (void)state;
    product_status(w, 1, ISSUE_CLOSED);
    for (int i = 0; i < 100000 && !world_number(w, 0, "SELECT count(*) FROM due WHERE kind = 'problem'"); i++)
        (void)world_step(w);
    world_reload(w, &(struct world_config){0});
    settle(w);
    assert_status(w, 1, "resolved");
    assert_status(w, 2, "resolved");
    end(w);
}

/* A person acts on one incident before all that was reloaded is decided: the others stay adopted. */
static void an_act_after_a_reload_is_only_its_own(void **state) {
    struct world *w = two_linked(NULL);
    (void)state;
    int64_t before = told(w, 2);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    desk_ticket(w, ALICE, "Another", "My invoice is wrong too.");
    desk_field(w, 3, "Defect", "1"); /* not seen yet */
    world_reload(w, &(struct world_config){.states = STATES_AND("In Progress: released")});
    settle(w);
    assert_int_equal(told(w, 2), before);
    assert_status(w, 2, "closed-unresolved");
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:3'"), "delivered");
    assert_int_equal(world_number(w, -1, "SELECT adopted_turn = turn FROM incident WHERE ref = 'helpdesk:3'"), 0);
    end(w);
}

/* ---- old references, found late ---- */

static const struct world_config no_comments = {.product = "    import: { comments: false }\n"};

static void product_comment(struct world *w, const char *text) {
    (void)world_say(w, w->product, "dev", "PUT", "/issues/1.json", json_pack("{s:{s:s}}", "issue", "notes", text),
                    NULL);
}

static struct world *imported_without_comments(const char *comment) {
    struct world *w = world_new(1, &no_comments);
    product_issue(w, "Totals are wrong", "x");
    desk_ticket(w, ALICE, "Wrong totals", "x");
    product_comment(w, comment);
    run(w, 60 * SEC_MS);
    world_start(w);
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "unlinked");
    return w;
}

static void an_old_comment_read_late_is_history(void **state) {
    struct world *w = imported_without_comments("See " DESK "/Ticket/Display.html?id=1");
    (void)state;
    product_comment(w, "No news.");
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    assert_int_equal(world_number(w, -1, "SELECT adopted_turn = turn FROM incident"), 1);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    assert_status(w, 1, "new");
    assert_int_equal(told(w, 1), 0);
    end(w);
}

static void a_new_comment_on_an_old_record_is_news(void **state) {
    struct world *w = imported_without_comments("I look into it.");
    (void)state;
    product_comment(w, "See " DESK "/Ticket/Display.html?id=1");
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(told(w, 1), 1);
    end(w);
}

/* A defect that no import brought, because it is too old, and that names the ticket itself. */
static void what_a_person_names_is_news_whatever_it_holds(void **state) {
    for (int named = 0; named < 2; named++) {
        struct world *w = world_new(1, &(struct world_config){.product = "    import: { since: 2026-03-02 }\n"});
        product_issue(w, "Totals are wrong", "See " DESK "/Ticket/Display.html?id=1");
        desk_ticket(w, ALICE, "Wrong totals", "x");
        run(w, DAY_MS);
        world_start(w);
        settle(w);
        assert_text(world_text(w, "SELECT verdict FROM incident"), "unlinked");
        if (named)
            desk_comment(w, 1, "It is BUG-1.");
        else
            product_comment(w, "No news.");
        settle(w);
        assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
        assert_int_equal(world_number(w, -1, "SELECT adopted_turn = turn FROM incident"), !named);
        assert_int_equal(told(w, 1), named);
        end(w);
    }
    (void)state;
}

/* A text that was changed is a new act, though its time is an old one. */
static void an_old_text_that_changed_is_news(void **state) {
    for (int comments = 0; comments < 2; comments++) {
        struct world *w = world_new(1, comments ? NULL : &no_comments);
        (void)state;
        product_issue(w, "Totals are wrong", "x");
        desk_ticket(w, ALICE, "Wrong totals", "x");
        run(w, 60 * SEC_MS);
        world_start(w);
        settle(w);
        (void)world_say(w, w->product, "dev", "PUT", "/issues/1.json",
                        json_pack("{s:{s:s}}", "issue", "description", "See " DESK "/Ticket/Display.html?id=1"), NULL);
        settle(w);
        assert_status(w, 1, "closed-unresolved");
        assert_int_equal(told(w, 1), 1);
        end(w);
    }
}

static void a_new_pattern_finds_history(void **state) {
    struct world *w = scene(NULL);
    (void)state;
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    desk_ticket(w, ALICE, "Wrong totals", "x");
    desk_comment(w, 1, "It is DEF-1.");
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "unlinked");
    world_reload(w, &(struct world_config){.patterns = ", { pattern: 'DEF-(\\d+)', tracker: product }"});
    run(w, 60 * SEC_MS);
    desk_comment(w, 1, "No news.");
    settle(w);
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    assert_int_equal(world_number(w, -1, "SELECT adopted_turn = turn FROM incident"), 1);
    assert_int_equal(told(w, 1), 0);
    desk_ticket(w, ALICE, "Another", "x"); /* what is written from now on is news */
    desk_comment(w, 2, "It is DEF-1.");
    settle(w);
    assert_status(w, 2, "closed-unresolved");
    assert_int_equal(told(w, 2), 1);
    end(w);
}

/* What was written before the reload, and not read before it, is news all the same. */
static void a_reload_does_not_hide_what_was_not_read(void **state) {
    struct world *w = scene(NULL);
    (void)state;
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    desk_ticket(w, ALICE, "Wrong totals", "x");
    settle(w);
    desk_comment(w, 1, "It is BUG-1.");
    run(w, 200);
    world_reload(w, &(struct world_config){.patterns = ", { pattern: 'DEF-(\\d+)', tracker: product }"});
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(told(w, 1), 1);
    end(w);
}

/* ---- ignored is not adopted ---- */

static void what_an_ignore_has_spent_is_never_asserted(void **state) {
    struct world *w = two_linked(NULL);
    (void)state;
    int64_t before = told(w, 1);
    command(w, 200, "ignore", json_pack("{s:s}", "ref", "helpdesk:1"));
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    command(w, 200, "ignore", json_pack("{s:s, s:b}", "ref", "helpdesk:1", "off", 1));
    settle(w);
    command(w, 200, "outbox-open", json_pack("{s:b}", "assert", 1));
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(told(w, 1), before);
    assert_status(w, 2, "resolved");
    end(w);
}

static void asserting_history_respects_the_brake(void **state) {
    struct world *w = world_new(1, &(struct world_config){.top = "brake: 3\n"});
    (void)state;
    product_issue(w, "Totals are wrong", "x");
    for (int t = 1; t <= 5; t++) {
        desk_ticket(w, ALICE, "Wrong totals", "x");
        desk_field(w, t, "Defect", "1");
    }
    run(w, 60 * SEC_MS);
    world_start(w);
    settle(w);
    command(w, 200, "outbox-open", json_pack("{s:b}", "assert", 1));
    settle(w);
    run(w, 120 * SEC_MS);
    for (int t = 1; t <= 5; t++)
        assert_status(w, t, "new");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'braked'"), 1);
    command(w, 200, "release",
            json_pack("{s:I}", "n", (json_int_t)world_number(w, 0, "SELECT id FROM batch WHERE state = 'braked'")));
    settle(w);
    for (int t = 1; t <= 5; t++)
        assert_status(w, t, "closed-unresolved");
    end(w);
}

/* What stands adopted and would be told counts as much as what is decided anew. */
static void telling_history_respects_the_brake(void **state) {
    struct world *w = world_new(1, &(struct world_config){.top = "brake: 3\n"});
    (void)state;
    product_issue(w, "Totals are wrong", "x");
    product_status(w, 1, ISSUE_WONT_FIX);
    for (int t = 1; t <= 5; t++) {
        desk_ticket(w, ALICE, "Wrong totals", "x");
        desk_field(w, t, "Defect", "1");
        desk_status(w, t, "closed-unresolved");
    }
    run(w, 60 * SEC_MS);
    world_start(w);
    settle(w);
    command(w, 200, "outbox-open", json_pack("{s:b}", "assert", 1));
    settle(w);
    run(w, 120 * SEC_MS);
    for (int t = 1; t <= 5; t++)
        assert_int_equal(told(w, t), 0);
    assert_int_equal(world_number(w, 0, "SELECT tells FROM batch WHERE state = 'braked'"), 5);
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_keeps_what_the_field_says),
        cmocka_unit_test(a_reload_keeps_what_a_person_said),
        cmocka_unit_test(a_reload_amid_a_decision_tells_nobody),
        cmocka_unit_test(a_reload_swallows_nothing),
        cmocka_unit_test(an_act_after_a_reload_is_only_its_own),
        cmocka_unit_test(an_old_comment_read_late_is_history),
        cmocka_unit_test(a_new_comment_on_an_old_record_is_news),
        cmocka_unit_test(what_a_person_names_is_news_whatever_it_holds),
        cmocka_unit_test(an_old_text_that_changed_is_news),
        cmocka_unit_test(a_new_pattern_finds_history),
        cmocka_unit_test(a_reload_does_not_hide_what_was_not_read),
        cmocka_unit_test(what_an_ignore_has_spent_is_never_asserted),
        cmocka_unit_test(asserting_history_respects_the_brake),
        cmocka_unit_test(telling_history_respects_the_brake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
