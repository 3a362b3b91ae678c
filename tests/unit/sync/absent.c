/* absent: beginnings and presence: what an import adopts, what is deleted,
 * merged, hidden; the sweep; idle polls. */
#include "scene.h"

static const struct world_config often = {.desk = "    sweep: 10m\n", .product = "    sweep: 10m\n"};

static void told_before(struct world *w) {
    product_issue(w, "Totals are wrong", "x");
    desk_ticket(w, ALICE, "Wrong totals", "x");
    desk_field(w, 1, "Defect", "1");
    run(w, 60 * SEC_MS);
}

static void history_is_adopted(void **state) {
    struct world *w = world_new(1, NULL);
    (void)state;
    told_before(w);
    world_start(w);
    settle(w);
    assert_status(w, 1, "new");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 0);
    assert_text(desk_field_of(w, 1, "Problem"), "P-1"); /* fields are written */
    assert_text(product_field_of(w, 1, 2), "1");
    product_status(w, 1, ISSUE_CLOSED); /* what is new is asserted */
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT turn FROM incident"), 2);
    end(w);
}

static void history_may_be_asserted(void **state) {
    struct world *w = world_new(1, &(struct world_config){.top = "history: assert\n"});
    (void)state;
    told_before(w);
    world_start(w);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    end(w);
}

static void what_was_adopted_may_count_as_new_later(void **state) {
    struct world *w = world_new(1, NULL);
    (void)state;
    told_before(w);
    world_start(w);
    settle(w);
    json_t *plan = NULL; /* it says what it will do, also of what was never entered: it was open before */
    assert_int_equal(world_command(w, "outbox-open", json_pack("{s:b, s:b}", "assert", 1, "dry_run", 1), &plan), 200);
    assert_int_equal(json_int(json_object_get(plan, "would_assert"), "state closed-unresolved", 0), 1);
    assert_int_equal(json_int(json_object_get(plan, "would_assert"), "note known-error", 0), 1);
    json_decref(plan);
    command(w, 200, "outbox-open", json_pack("{s:b}", "assert", 1));
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    end(w);
}

static struct world *told_and_linked(const struct world_config *config) {
    struct world *w = scene(config);
    settle(w);
    told_before(w);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    return w;
}

static void delete_issue(struct world *w, int issue) {
    assert_int_equal(
        world_say(w, w->product, "admin", "DELETE", arena_printf(w->a, "/issues/%d.json", issue), NULL, NULL), 204);
}

static void a_deleted_defect_changes_no_verdict(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    delete_issue(w, 1);
    run(w, 1800 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:1'"), "gone");
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'defect-gone'"), 1);
    command(w, 200, "ack", json_pack("{s:s}", "ref", "product:1")); /* a person takes it out of the reckoning */
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'defect-gone'"), 0);
    assert_int_equal(world_number(w, 0, "SELECT excluded FROM record WHERE ref = 'product:1'"), 1);
    end(w);
}

/* Nothing waits for ever for a record that is not there any more. */
static void a_deleted_record_leaves_nothing_behind(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    command(w, 200, "outbox-close", json_object());
    desk_ticket(w, ALICE, "Another one", "See BUG-1");
    run(w, 60 * SEC_MS);
    assert_true(effects(w, "ref = 'product:1' AND state = 'pending'") > 0);
    delete_issue(w, 1);
    command(w, 200, "outbox-open", json_object());
    run(w, 1800 * SEC_MS);
    assert_int_equal(effects(w, "ref = 'product:1' AND state NOT IN ('done', 'superseded')"), 0);
    end(w);
}

static void one_look_is_no_absence(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    assert_int_equal(
        world_say(w, w->product, NULL, "POST", "/sandbox/hide", json_pack("{s:i, s:b}", "issue", 1, "hidden", 1), NULL),
        200);
    command(w, 200, "sync", json_pack("{s:s}", "ref", "product:1"));
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:1'"), "present");
    run(w, 60 * SEC_MS); /* the second look */
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:1'"), "forbidden");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'defect-hidden'"), 1);
    (void)world_say(w, w->product, NULL, "POST", "/sandbox/hide", json_pack("{s:i, s:b}", "issue", 1, "hidden", 0),
                    NULL);
    run(w, 1800 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:1'"), "present");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'defect-hidden'"), 0);
    end(w);
}

static void of_merged_tickets_the_survivor_counts(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    desk_ticket(w, "bob@customer.example", "The same", "x");
    settle(w);
    assert_int_equal(
        world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", 1, "into", 2), NULL),
        200);
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "merged");
    assert_text(world_text(w, "SELECT group_concat(ref) FROM link WHERE kind = 'incident' AND status = 'confirmed'"),
                "helpdesk:2");
    assert_text(product_field_of(w, 1, 2), "1");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM problem WHERE resolution = 'cancelled'"), 0);
    end(w);
}

/* The merged one was linked, the survivor with the same defect too: the counter falls. */
static void a_merge_is_counted(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    desk_ticket(w, "bob@customer.example", "The same", "x");
    desk_field(w, 2, "Defect", "1");
    settle(w);
    assert_text(product_field_of(w, 1, 2), "2");
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", 1, "into", 2), NULL);
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_text(product_field_of(w, 1, 2), "1");
    end(w);
}

static void lost_rights_are_no_closing(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    (void)world_say(w, w->product, NULL, "PUT", "/sandbox/rights", json_pack("{s:b}", "bridge", 0), NULL);
    run(w, 3600 * SEC_MS);
    assert_status(w, 1, "closed-unresolved");
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    assert_true(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind IN ('tracker-down', 'defect-hidden')") >
                0);
    (void)world_say(w, w->product, NULL, "PUT", "/sandbox/rights", json_pack("{s:b}", "bridge", 1), NULL);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_status(w, 1, "resolved");
    end(w);
}

/* It stays out of the counts: that it can't be seen tells nothing of what was deleted. */
/* Nothing else happens meanwhile: the tracker vouches for itself only when it is asked. */
static void what_was_hidden_may_be_deleted(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    (void)world_say(w, w->product, NULL, "POST", "/sandbox/hide", json_pack("{s:i, s:b}", "issue", 1, "hidden", 1),
                    NULL);
    run(w, 1800 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:1'"), "forbidden");
    delete_issue(w, 1);
    run(w, 1800 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:1'"), "gone");
    assert_text(world_text(w, "SELECT verdict FROM incident"), "pending");
    end(w);
}

static void lost_rights_bring_nothing_deleted_back(void **state) {
    struct world *w = told_and_linked(&often);
    (void)state;
    assert_int_equal(world_say(w, w->desk, "root", "DELETE", "/ticket/1", NULL, NULL), 204);
    run(w, 1800 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "gone");
    (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/rights", json_pack("{s:b}", "bridge", 0), NULL);
    run(w, 3600 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "gone");
    assert_text(product_field_of(w, 1, 2), "0");
    end(w);
}

static void idle_polls_write_nothing(void **state) {
    struct world *w = told_and_linked(NULL);
    (void)state;
    run(w, 600 * SEC_MS);
    uint64_t desk = sandbox_digest(w->desk), product = sandbox_digest(w->product), requests = w->requests;
    int64_t changes = store_changes(w->store);
    run(w, 240 * SEC_MS);
    assert_true(w->requests - requests <= 2 * 17);       /* one request a poll */
    assert_true(store_changes(w->store) - changes <= 2); /* at most the two cursors, once in five minutes */
    assert_true(desk == sandbox_digest(w->desk) && product == sandbox_digest(w->product));
    end(w);
}

static void what_the_bridge_wrote_is_no_evidence(void **state) {
    struct world *w = told_and_linked(NULL);
    (void)state;
    const char *note = world_text(w, "SELECT json_extract(want, '$.text') || char(10) || json_extract(want, "
                                     "'$.marker') FROM effect WHERE ref = 'helpdesk:1' AND kind = 'note'");
    desk_ticket(w, "bob@customer.example", "Fwd: what you sent",
                note); /* forwarded by someone else: names the defect only in our words */
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM evidence WHERE incident = 'helpdesk:2'"), 0);
    assert_status(w, 2, "new");
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_is_adopted),
        cmocka_unit_test(history_may_be_asserted),
        cmocka_unit_test(what_was_adopted_may_count_as_new_later),
        cmocka_unit_test(a_deleted_defect_changes_no_verdict),
        cmocka_unit_test(a_deleted_record_leaves_nothing_behind),
        cmocka_unit_test(one_look_is_no_absence),
        cmocka_unit_test(of_merged_tickets_the_survivor_counts),
        cmocka_unit_test(a_merge_is_counted),
        cmocka_unit_test(lost_rights_are_no_closing),
        cmocka_unit_test(what_was_hidden_may_be_deleted),
        cmocka_unit_test(lost_rights_bring_nothing_deleted_back),
        cmocka_unit_test(idle_polls_write_nothing),
        cmocka_unit_test(what_the_bridge_wrote_is_no_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
