/* forgot: a tracker that was put back from a backup: nothing is believed until a
 * person says so, and nobody is told because of it; and all that only looks like
 * it: deletions, clocks, merges, records that leave. */
#include "scene.h"

static int64_t stopped(struct world *w) {
    return world_number(w, -1, "SELECT count(*) FROM attention WHERE kind = 'tracker-restored'");
}

static struct world *swept(const char *top) {
    return closed_unresolved(
        &(struct world_config){.top = top, .desk = "    sweep: 10m\n", .product = "    sweep: 10m\n"});
}

static void resume(struct world *w, const char *tracker) {
    command(w, 200, "resume", json_pack("{s:s}", "tracker", tracker));
    settle(w);
    run(w, 30 * SEC_MS); /* what it does not show any more is looked for twice */
    settle(w);
}

/* The one issue that was put back is worked on again: newer than it was seen, but with another past. */
static void no_news_from_a_defect_tracker_that_was_put_back(void **state) {
    struct world *w = swept("");
    (void)state;
    run(w, 100 * SEC_MS);
    int64_t past = world_past(w, w->product);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    run(w, 100 * SEC_MS);
    world_put_back(w, w->product, past);
    product_status(w, 1, ISSUE_WORKING);
    run(w, 300 * SEC_MS);
    assert_int_equal(stopped(w), 1);
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:1'"), "delivered");
    end(w);
}

/* Two issues: one of them is worked on after the tracker was put back, the other vouches no more. */
static struct world *put_back(const char *top, int *ret_notes) {
    struct world *w = swept(top);
    product_issue(w, "Another", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    int64_t past = world_past(w, w->product);
    desk_ticket(w, ALICE, "Wrong totals, too", "x");
    desk_field(w, 2, "Defect", "1");
    settle(w);
    assert_text(product_field_of(w, 1, 2), "2");
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    *ret_notes = desk_notes(w, 1, "b1-", false);
    run(w, 100 * SEC_MS);
    world_put_back(w, w->product, past);
    product_status(w, 2, ISSUE_WORKING);
    run(w, 120 * SEC_MS);
    return w;
}

static void no_fact_is_taken_until_a_person_says_so(void **state) {
    int notes;
    struct world *w = put_back("", &notes);
    (void)state;
    assert_int_equal(stopped(w), 1);
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:1'"), "delivered");
    assert_text(world_text(w, "SELECT state FROM record WHERE ref = 'product:2'"), "open");
    assert_non_null(
        strstr(world_text(w, "SELECT clear FROM attention WHERE kind = 'tracker-restored'"), "bascule resume product"));
    world_crash(w); /* it stays so */
    product_status(w, 1, ISSUE_WORKING);
    run(w, 300 * SEC_MS);
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:1'"), "delivered");
    assert_int_equal(stopped(w), 1);
    desk_ticket(w, ALICE, "The other tracker goes on", "x");
    run(w, 30 * SEC_MS);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM incident"), 3);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'stopped'"), 1);
    end(w);
}

static void what_it_shows_then_is_adopted(void **state) {
    static const char *const histories[] = {"", "history: assert\n"};
    (void)state;
    for (size_t i = 0; i < array_size(histories); i++) {
        int notes;
        struct world *w = put_back(histories[i], &notes);
        assert_text(product_field_of(w, 1, 2), "1");
        resume(w, "product");
        assert_int_equal(stopped(w), 0);
        assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:1'"), "pending");
        assert_text(world_text(w, "SELECT state FROM record WHERE ref = 'product:2'"), "working");
        assert_status(w, 1, "resolved");
        assert_int_equal(desk_notes(w, 1, "b1-", false), notes);
        assert_text(product_field_of(w, 1, 2), "2"); /* our fields are written again */
        product_status(w, 1, ISSUE_CLOSED);          /* told before; resolved as it is */
        settle(w);
        assert_int_equal(desk_notes(w, 1, "b1-", false), notes);
        product_status(w, 2, ISSUE_NEW); /* news again */
        settle(w);
        assert_int_equal(stopped(w), 0);
        end(w);
    }
}

/* The one that was changed last is worked on again; it has no history that could tell. */
static void somebody_at_work_vouches_for_nothing(void **state) {
    struct world *w = swept("");
    (void)state;
    product_issue(w, "Another", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    int64_t past = world_past(w, w->product);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    world_say(w, w->product, "admin", "PUT", "/issues/2.json", json_pack("{s:{s:s}}", "issue", "subject", "A"), NULL);
    settle(w);
    run(w, 100 * SEC_MS);
    world_put_back(w, w->product, past);
    world_say(w, w->product, "admin", "PUT", "/issues/2.json", json_pack("{s:{s:s}}", "issue", "subject", "B"), NULL);
    run(w, 120 * SEC_MS);
    assert_int_equal(stopped(w), 1);
    assert_text(world_text(w, "SELECT title FROM record WHERE ref = 'product:2'"), "A");
    end(w);
}

static void a_number_given_twice_is_noticed(void **state) {
    struct world *w = swept("");
    (void)state;
    run(w, 100 * SEC_MS);
    int64_t past = world_past(w, w->product);
    product_issue(w, "Will be forgotten", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    world_put_back(w, w->product, past);
    product_issue(w, "Has its number", "x");
    run(w, 200 * SEC_MS);
    assert_int_equal(stopped(w), 1);
    assert_text(world_text(w, "SELECT title FROM record WHERE ref = 'product:2'"), "Will be forgotten");
    resume(w, "product");
    assert_text(world_text(w, "SELECT title FROM record WHERE ref = 'product:2'"), "Has its number");
    assert_int_equal(stopped(w), 0);
    end(w);
}

/* The sweep meets what is not there before any news come, and believes nothing. */
static void what_it_forgot_was_not_deleted(void **state) {
    struct world *w = swept("");
    (void)state;
    desk_ticket(w, ALICE, "Not linked", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    int64_t past = world_past(w, w->desk);
    desk_ticket(w, ALICE, "Later", "x");
    desk_field(w, 3, "Defect", "1");
    desk_ticket(w, ALICE, "Later, not linked", "x");
    settle(w);
    desk_comment(w, 2, "Called the customer.");
    settle(w);
    run(w, 100 * SEC_MS);
    world_put_back(w, w->desk, past);
    run(w, 1300 * SEC_MS);
    assert_int_equal(stopped(w), 1);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:3'"), "present");
    resume(w, "helpdesk");
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:3'"), "gone");
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:4'"), "gone");
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

/* ---- what is no accident ---- */

static void news(struct world *w, int issue) {
    static int title;
    char text[40];
    snprintf(text, sizeof(text), "Title %d", title++);
    world_say(w, w->product, "admin", "PUT", issue == 1 ? "/issues/1.json" : "/issues/2.json",
              json_pack("{s:{s:s}}", "issue", "subject", text), NULL);
    settle(w);
}

static void the_newest_were_deleted(void **state) {
    struct world *w = swept("");
    (void)state;
    for (int i = 2; i <= 6; i++)
        product_issue(w, "Spam", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    for (int i = 6; i >= 2; i--) {
        char path[40];
        snprintf(path, sizeof(path), "/issues/%d.json", i);
        assert_true(world_say(w, w->product, "admin", "DELETE", path, NULL, NULL) < 300);
    }
    news(w, 1);
    run(w, 1300 * SEC_MS);
    news(w, 1);
    assert_int_equal(stopped(w), 0);
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM tracker WHERE stopped IS NOT NULL"), 0);
    end(w);
}

static void all_were_deleted(void **state) {
    struct world *w = swept("");
    (void)state;
    run(w, 100 * SEC_MS);
    world_say(w, w->product, "admin", "DELETE", "/issues/1.json", NULL, NULL);
    product_issue(w, "A new beginning", "x");
    settle(w);
    run(w, 1300 * SEC_MS);
    assert_int_equal(stopped(w), 0);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'product:1'"), "gone");
    end(w);
}

static void skew(struct world *w, const char *span) {
    world_say(w, w->product, NULL, "PUT", "/sandbox/clock", json_pack("{s:s}", "skew", span), NULL);
}

/* Its clock ran ahead, was set right, and was set wrong the other way; the process ended in between. */
static void its_clock_was_set(void **state) {
    static const char *const spans[] = {"5m", "0s", "-4m", "30s", "0s"};
    struct world *w = swept("");
    (void)state;
    for (size_t i = 0; i < array_size(spans); i++) {
        skew(w, spans[i]);
        product_issue(w, "At that time", "x");
        news(w, 1);
        run(w, 100 * SEC_MS);
        news(w, 2);
        if (i % 2)
            world_crash(w);
    }
    run(w, 1300 * SEC_MS); /* swept under the right clock */
    news(w, 1);
    news(w, 2);
    assert_int_equal(stopped(w), 0);
    end(w);
}

static void the_newest_left_the_project(void **state) {
    struct world *w = swept("");
    (void)state;
    product_issue(w, "Not ours", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    assert_true(world_say(w, w->product, "admin", "PUT", "/issues/2.json",
                          json_pack("{s:{s:s}}", "issue", "project_id", "other"), NULL) < 300);
    news(w, 1);
    run(w, 1300 * SEC_MS);
    assert_int_equal(stopped(w), 0);
    end(w);
}

static void the_newest_ticket_was_merged(void **state) {
    struct world *w = swept("");
    (void)state;
    desk_ticket(w, ALICE, "The same", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    assert_int_equal(
        world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", 2, "into", 1), NULL),
        200);
    settle(w);
    desk_comment(w, 1, "Merged.");
    settle(w);
    run(w, 1300 * SEC_MS);
    assert_int_equal(stopped(w), 0);
    end(w);
}

static enum fate spy(void *arg, const struct http_request *q) {
    *(bool *)arg |= strstr(q->url, "/issues/1.json") != NULL;
    return FATE_FINE;
}

/* An old answer once (a cache, a copy that lags behind): it is asked a second time. */
static void one_old_answer_is_no_backup(void **state) {
    struct world *w = swept("");
    bool asked = false;
    (void)state;
    product_issue(w, "Another", "x");
    settle(w);
    run(w, 100 * SEC_MS);
    int64_t past = world_past(w, w->product);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    run(w, 100 * SEC_MS);
    world_put_back(w, w->product, past);
    product_status(w, 2, ISSUE_WORKING);
    w->fate_of = spy;
    w->fate_arg = &asked;
    for (int i = 0; i < 40 && !asked; i++)
        run(w, SEC_MS);
    assert_true(asked);
    product_status(w, 1, ISSUE_WORKING); /* as it was seen */
    run(w, 100 * SEC_MS);
    assert_int_equal(stopped(w), 0);
    assert_text(world_text(w, "SELECT state FROM record WHERE ref = 'product:2'"), "working");
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_news_from_a_defect_tracker_that_was_put_back),
        cmocka_unit_test(no_fact_is_taken_until_a_person_says_so),
        cmocka_unit_test(what_it_shows_then_is_adopted),
        cmocka_unit_test(somebody_at_work_vouches_for_nothing),
        cmocka_unit_test(a_number_given_twice_is_noticed),
        cmocka_unit_test(what_it_forgot_was_not_deleted),
        cmocka_unit_test(the_newest_were_deleted),
        cmocka_unit_test(all_were_deleted),
        cmocka_unit_test(its_clock_was_set),
        cmocka_unit_test(the_newest_left_the_project),
        cmocka_unit_test(the_newest_ticket_was_merged),
        cmocka_unit_test(one_old_answer_is_no_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
