/* asked: commands that would do harm, or nothing, are refused and say so. */
#include "scene.h"

/* What the command says: the refusal's detail, or the message. */
static void says(struct world *w, int status, const char *name, json_t *args, const char *words) {
    json_t *result = NULL;
    int got = world_command(w, name, args, &result);
    const char *text = json_text(result, status < 400 ? "message" : "detail");
    if (got != status || !text || !strstr(text, words))
        fail_msg("%s: %d '%s', not %d '%s'", name, got, text ? text : "", status, words);
    json_decref(result);
}

static json_t *of(const char *key, const char *value) {
    return json_pack("{s:s}", key, value);
}

static json_t *number(int n) {
    return json_pack("{s:i}", "n", n);
}

static int links(struct world *w) {
    return (int)world_number(w, -1, "SELECT count(*) FROM link WHERE status = 'confirmed' AND kind = 'incident'");
}

static void what_was_never_suggested_is_left_alone(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    int n = (int)world_number(w, 0, "SELECT n FROM evidence WHERE incident = 'helpdesk:1'");
    says(w, 409, "reject", number(n),
         "is no suggestion: it is confirmed; `bascule unlink helpdesk:1 product:1` undoes it");
    says(w, 409, "confirm", number(n), "is no suggestion: it is confirmed");
    settle(w);
    assert_int_equal(links(w), 1);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    says(w, 409, "confirm", number(n), "it is rejected; `bascule link helpdesk:1 product:1` undoes it");
    settle(w);
    assert_int_equal(links(w), 0);
    end(w);
}

static void a_second_defect_is_asked_for_by_name(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    says(w, 409, "defect-new", of("ref", "helpdesk:1"), "helpdesk:1 has product:1 already (P-1)");
    says(w, 409, "defect-new", of("ref", "P-1"), "P-1 has product:1 already (P-1)");
    settle(w);
    assert_int_equal(product_count(w), 1);
    for (int i = 0; i < 2; i++) { /* one more each time */
        command(w, 200, "defect-new", json_pack("{s:s, s:b}", "ref", "P-1", "another", 1));
        settle(w);
        assert_int_equal(product_count(w), 2 + i);
    }
    end(w);
}

static void what_is_under_way_is_said(void **state) {
    struct world *w = scene(NULL);
    (void)state;
    settle(w);
    desk_ticket(w, ALICE, "Wrong totals", "My invoice is wrong.");
    settle(w);
    command(w, 200, "outbox-close", json_object());
    command(w, 200, "defect-new", of("ref", "helpdesk:1"));
    says(w, 200, "defect-new", of("ref", "helpdesk:1"), "a defect for P-1 in product is under way already");
    says(w, 200, "defect-new", json_pack("{s:s, s:b}", "ref", "helpdesk:1", "another", 1), "under way already");
    command(w, 200, "outbox-open", json_object());
    settle(w);
    assert_int_equal(product_count(w), 1);
    product_status(w, 1, ISSUE_CLOSED); /* finished: a second one still has to be asked for */
    settle(w);
    says(w, 200, "defect-new", of("ref", "P-1"), "product:1 was made for P-1 before; --another makes one more");
    settle(w);
    assert_int_equal(product_count(w), 1);
    end(w);
}

static void a_merged_or_closed_problem_takes_no_defect(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    command(w, 200, "problem-new", of("title", "The same"));
    command(w, 200, "problem-merge", json_pack("{s:s, s:s}", "id", "P-2", "into", "P-1"));
    says(w, 409, "defect-new", of("ref", "P-2"), "P-2 is part of P-1: bascule defect new P-1");
    says(w, 409, "problem-merge", json_pack("{s:s, s:s}", "id", "P-2", "into", "P-1"), "P-2 is part of P-1 already");
    command(w, 200, "problem-new", of("title", "Over"));
    command(w, 200, "problem-close",
            json_pack("{s:s, s:s, s:s}", "id", "P-3", "resolution", "cancelled", "reason", "x"));
    says(w, 409, "defect-new", of("ref", "P-3"), "P-3 is closed (cancelled): bascule problem reopen P-3 first");
    settle(w);
    assert_int_equal(product_count(w), 1);
    end(w);
}

static json_t *split(const char *ref) {
    return json_pack("{s:s, s:[s]}", "id", "P-1", "incidents", ref);
}

static void only_what_is_linked_is_split_off(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    desk_ticket(w, ALICE, "Something else", "x");
    settle(w);
    says(w, 409, "problem-split", split("helpdesk:2"), "helpdesk:2 is not linked with P-1");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM problem"), 1);
    says(w, 200, "problem-split", split("helpdesk:1"), "P-2 is made of 1 incident of P-1");
    settle(w);
    assert_text(
        world_text(w, "SELECT group_concat(problem) FROM link WHERE ref = 'helpdesk:1' AND status = 'confirmed'"), "2");
    end(w);
}

static void closing_says_what_it_would_do(void **state) {
    struct world *w = closed_unresolved(NULL);
    json_t *plan = NULL;
    (void)state;
    assert_int_equal(world_command(w, "problem-close", json_pack("{s:s, s:b}", "id", "P-1", "dry_run", 1), &plan), 200);
    assert_int_equal(json_int(plan, "would_tell", 0), 1);
    assert_text(json_text(plan, "unfinished"), "product:1 is open");
    json_decref(plan);
    settle(w);
    assert_text(world_text(w, "SELECT resolution FROM problem"), "");
    says(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Reload it."),
         "revision 1 of P-1 is published; it is told on up to 1 incident");
    says(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Reload it."), "nobody is told again");
    end(w);
}

static json_t *risk(void) {
    return json_pack("{s:s, s:s}", "id", "P-1", "reason", "rare");
}

static void what_was_not_declined_is_not_pushed_back(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    says(w, 409, "problem-push-back", of("id", "P-1"), "P-1 is pending: only what was declined can be pushed back");
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    says(w, 409, "problem-accept-risk", risk(), "P-1 is delivered: there is no risk to accept");
    assert_text(world_text(w, "SELECT resolution FROM problem"), "");
    product_status(w, 1, ISSUE_WONT_FIX);
    settle(w);
    says(w, 409, "ack", of("ref", "P-1"),
         "nothing to acknowledge on P-1; it waits for: bascule problem accept-risk P-1");
    command(w, 200, "problem-push-back", of("id", "P-1"));
    settle(w);
    says(w, 409, "problem-push-back", of("id", "P-1"), "P-1 was pushed back already");
    command(w, 200, "problem-accept-risk", risk());
    settle(w);
    says(w, 409, "problem-push-back", of("id", "P-1"), "the risk of P-1 is accepted");
    command(w, 200, "problem-reopen", of("id", "P-1"));
    says(w, 409, "problem-reopen", of("id", "P-1"), "P-1 was reopened already");
    end(w);
}

static void nothing_to_acknowledge_is_said(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    says(w, 409, "ack", of("ref", "helpdesk:1"), "nothing to acknowledge on helpdesk:1");
    says(w, 409, "ack", of("ref", "product:1"), "nothing to acknowledge on product:1");
    desk_reply(w, 1, ALICE, "It still happens!");
    settle(w);
    command(w, 200, "ack", of("ref", "helpdesk:1"));
    settle(w);
    says(w, 409, "ack", of("ref", "helpdesk:1"), "nothing to acknowledge");
    says(w, 400, "ignore", of("ref", "P-1"), "it is for incidents");
    says(w, 400, "outcome", json_pack("{s:s, s:s}", "ref", "P-1", "outcome", "fixed"), "it is for incidents");
    end(w);
}

static enum fate product_is_down(void *arg, const struct http_request *q) {
    (void)arg;
    return str_starts(q->url, DESK) ? FATE_FINE : FATE_REFUSED;
}

static void a_look_at_what_does_not_answer(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    command(w, 202, "sync", of("ref", "product"));
    w->fate_of = product_is_down;
    run(w, 3600 * SEC_MS);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'tracker-down'"), 1);
    says(w, 502, "sync", of("ref", "product"), "product is down");
    command(w, 200, "pause", of("tracker", "helpdesk"));
    says(w, 409, "sync", of("ref", "helpdesk"), "helpdesk is paused: bascule resume helpdesk");
    end(w);
}

static void what_is_so_already(void **state) {
    struct world *w = closed_unresolved(NULL);
    (void)state;
    command(w, 200, "link", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1")); /* a word more than the field's */
    says(w, 409, "link", json_pack("{s:s, s:s}", "a", "P-1", "b", "helpdesk:1"),
         "helpdesk:1 is linked with P-1 by hand already");
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    settle(w); /* nothing hangs on P-1 any more: it was undone */
    says(w, 409, "link", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"),
         "P-1 is cancelled: bascule problem reopen");
    command(w, 200, "problem-reopen", of("id", "P-1"));
    command(w, 200, "link", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "P-1"));
    settle(w);
    assert_int_equal(links(w), 1);
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_never_suggested_is_left_alone),
        cmocka_unit_test(a_second_defect_is_asked_for_by_name),
        cmocka_unit_test(what_is_under_way_is_said),
        cmocka_unit_test(a_merged_or_closed_problem_takes_no_defect),
        cmocka_unit_test(only_what_is_linked_is_split_off),
        cmocka_unit_test(closing_says_what_it_would_do),
        cmocka_unit_test(what_was_not_declined_is_not_pushed_back),
        cmocka_unit_test(nothing_to_acknowledge_is_said),
        cmocka_unit_test(a_look_at_what_does_not_answer),
        cmocka_unit_test(what_is_so_already),
    };
    return cmocka_run_group_tests_name("asked", tests, NULL, NULL);
}
