/* zones: trackers whose server is not in UTC. One that keeps its times as its own
 * wall shows them (Redmine) has in the night in which clocks go back an hour that
 * comes twice: it tells the first as the second, an hour ahead, and finds both
 * under either name. */
#include "scene.h"

#define HOUR_MS (3600 * SEC_MS)
#define MIN_MS  (60 * SEC_MS)

static void server_zone(struct world *w, struct sandbox *sb, const char *zone) {
    (void)world_say(w, sb, NULL, "PUT", "/sandbox/zone", json_pack("{s:s}", "server", zone), NULL);
}

static const struct world_config configs[] = {
    {.product = "    poll: 15s\n"}, {.product = "    poll: 1m\n"}, {.product = "    poll: 5m\n"}};

static struct world *in_new_york(size_t config, const char *from) {
    struct world *w = world_new(1, &configs[config]);
    server_zone(w, w->product, "America/New_York");
    assert_true(time_parse(from, &w->now));
    return w;
}

static void assert_all_known(struct world *w, int n) {
    for (int i = 1; i <= n; i++)
        if (world_number(w, 0, "SELECT count(*) FROM record WHERE ref = 'product:%d'", i) != 1) {
            world_print_trace(w);
            fail_msg("product:%d was missed", i);
        }
}

/* One ticket on one issue, shortly before the hour that comes twice. */
static struct world *linked_that_night(void) {
    struct world *w = in_new_york(0, "2026-11-01T05:10:00Z");
    world_start(w);
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    desk_ticket(w, ALICE, "Wrong totals", "See BUG-1");
    settle(w);
    return w;
}

/* New issues all the night, by slow and by quick polls. */
static void no_new_issue_is_missed(void **state) {
    static const char *const nights[] = {"2026-11-01T04:30:00Z", "2026-03-08T05:30:00Z"};
    (void)state;
    for (size_t i = 0; i < array_size(configs) * array_size(nights); i++) {
        struct world *w = in_new_york(i / 2, nights[i % 2]);
        world_start(w);
        settle(w);
        int n = 0;
        for (msec_t end = w->now + 4 * HOUR_MS; w->now < end; run(w, 97 * SEC_MS))
            n = product_issue(w, "One more", "x");
        run(w, HOUR_MS);
        assert_all_known(w, n);
        assert_int_equal(attention(w, "tracker-restored"), 0);
        end(w);
    }
}

/* Down while the hour comes for the second time, behind a change that was told an hour ahead. */
static void what_an_outage_hid_is_found(void **state) {
    (void)state;
    for (int restart = 0; restart < 2; restart++) {
        struct world *w = in_new_york(0, "2026-11-01T05:50:00Z");
        world_start(w);
        settle(w);
        product_issue(w, "Before", "x");
        settle(w);
        assert_all_known(w, 1);
        if (restart)
            world_stop(w);
        else
            world_command(w, "pause", json_pack("{s:s}", "tracker", "product"), NULL);
        for (int i = 0; i < 3; i++) {
            w->now += 14 * MIN_MS;
            product_issue(w, "Meanwhile", "x");
        }
        w->now += MIN_MS;
        if (restart)
            world_start(w);
        else
            world_command(w, "resume", json_pack("{s:s}", "tracker", "product"), NULL);
        run(w, 5 * MIN_MS);
        assert_all_known(w, 4);
        end(w);
    }
}

/* Changed before and after clocks went back: the second change looks older than the first. That is no backup. */
static void the_hour_that_comes_twice_is_no_backup(void **state) {
    (void)state;
    struct world *w = linked_that_night();
    static const int status[] = {ISSUE_WORKING, ISSUE_FEEDBACK, ISSUE_RESOLVED, ISSUE_NEW};
    for (size_t i = 0; i < array_size(status); i++) { /* 05:25, :50, 06:15, :40 */
        w->now += 15 * MIN_MS;
        (void)world_say(w, w->product, i == 2 ? "dev" : "admin", "PUT", "/issues/1.json",
                        json_pack("{s:{s:i}}", "issue", "status_id", status[i]), NULL);
        run(w, 10 * MIN_MS);
        assert_text(world_text(w, "SELECT actor FROM journal WHERE what = 'moved' AND ref = 'product:1' "
                                  "ORDER BY n DESC"),
                    i == 2 ? "Dora Developer" : "Redmine Admin");
        assert_int_equal(attention(w, "tracker-restored"), 0);
        assert_int_equal(world_number(w, -1, "SELECT count(*) FROM journal WHERE what = 'moved' AND ref = 'product:1'"),
                         (int)i + 1);
        assert_true(world_number(w, -1, "SELECT updated FROM record WHERE ref = 'product:1'") <= w->now);
        assert_true(world_number(w, -1, "SELECT updated FROM record WHERE ref = 'product:1'") >= w->now - 11 * MIN_MS);
    }
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

/* A release told an hour ahead makes no late link an early one. */
static void a_late_link_stays_late(void **state) {
    (void)state;
    struct world *w = linked_that_night();
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    run(w, 5 * MIN_MS);
    desk_ticket(w, ALICE, "Wrong again", "See BUG-1");
    settle(w);
    assert_status(w, 2, "new");
    assert_int_equal(attention(w, "recurrence"), 1);
    assert_int_equal(desk_notes(w, 2, "b1-", true), 0);
    end(w);
}

/* An account without a zone in a server that is not in UTC, and no ticket yet that could show it. */
static void an_empty_queue_hides_no_zone(void **state) {
    static const char *const zones[] = {"America/New_York", "Asia/Kolkata"};
    (void)state;
    for (size_t i = 0; i < array_size(zones); i++) {
        struct world *w = world_new(1, NULL);
        server_zone(w, w->desk, zones[i]);
        world_start(w);
        settle(w);
        for (int k = 0; k < 3; k++) {
            desk_ticket(w, ALICE, "One more", "x");
            run(w, 5 * MIN_MS);
        }
        assert_non_null(strstr(world_text(w, "SELECT text FROM attention WHERE kind = 'tracker-down'"), "time zone"));
        (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/zone", json_pack("{s:s}", "zone", "UTC"), NULL);
        run(w, 15 * MIN_MS);
        assert_int_equal(attention(w, "tracker-down"), 0);
        assert_int_equal(world_number(w, 0, "SELECT count(*) FROM record WHERE tracker = 'helpdesk'"), 3);
        end(w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_new_issue_is_missed),
        cmocka_unit_test(what_an_outage_hid_is_found),
        cmocka_unit_test(the_hour_that_comes_twice_is_no_backup),
        cmocka_unit_test(a_late_link_stays_late),
        cmocka_unit_test(an_empty_queue_hides_no_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
