/* lanes: what one record, one tracker or one clock must not do to the others -
 * unreadable records, refused lists, limits, writes that always fail, a tracker
 * that joins while it is down, clocks that jump. */
#include "scene.h"

/* Whatever goes to that path (and, of writes, of that method) meets its fate. */
struct script {
    const char *url;
    const char *method; /* NULL: any */
    bool below;         /* what stands below the path too */
    enum fate fate;
    int seen;
};

static enum fate scripted(void *arg, const struct http_request *q) {
    struct script *s = arg;
    size_t n = strlen(s->url);
    if (strncmp(q->url, s->url, n) != 0 || (s->method && strcmp(q->method, s->method) != 0))
        return FATE_FINE;
    if (q->url[n] && q->url[n] != '?' && !(s->below && q->url[n] == '/'))
        return FATE_FINE;
    s->seen++;
    return s->fate;
}

static void play(struct world *w, struct script *s) {
    w->fate_of = scripted;
    w->fate_arg = s;
}

#define TICKET(n) DESK "/REST/2.0/ticket/" #n

static int64_t journalled(struct world *w, const char *what) {
    return world_number(w, -1, "SELECT count(*) FROM journal WHERE what = '%s'", what);
}

static const struct world_config often = {.desk = "    sweep: 10m\n", .product = "    sweep: 10m\n"};

/* ---- one record ---- */

static void an_unreadable_record_does_not_hold_the_import(void **state) {
    static const enum fate fates[] = {FATE_BROKEN, FATE_CUT, FATE_HTML, FATE_EMPTY};
    (void)state;
    for (size_t i = 0; i < array_size(fates); i++) {
        struct world *w = world_new(1, &often);
        struct script s = {.url = TICKET(2), .below = fates[i] != FATE_EMPTY, .fate = fates[i]};
        play(w, &s);
        product_issue(w, "Totals are wrong", "x");
        desk_ticket(w, ALICE, "One", "x");
        desk_ticket(w, ALICE, "Two", "See BUG-1");
        run(w, 60 * SEC_MS);
        world_start(w);
        run(w, 300 * SEC_MS);
        assert_text(world_text(w, "SELECT import FROM tracker WHERE name = 'helpdesk'"), "done");
        assert_text(world_text(w, "SELECT subject FROM attention WHERE kind = 'quarantined'"), "helpdesk:2");
        assert_int_equal(journalled(w, "down"), 0);
        assert_true(s.seen < 20);
        desk_ticket(w, ALICE, "Three", "See BUG-1"); /* all else goes on */
        settle(w);
        assert_status(w, 3, "closed-unresolved");
        s.fate = FATE_FINE; /* mended: the sweep finds it, and what it finds is adopted */
        run(w, 660 * SEC_MS);
        settle(w);
        assert_int_equal(attention(w, "quarantined"), 0);
        assert_int_equal(world_number(w, 0, "SELECT count(*) FROM link WHERE ref = 'helpdesk:2'"), 1);
        assert_status(w, 2, "new");
        end(w);
    }
}

static struct world *mentioned(const struct world_config *config) {
    struct world *w = scene(config);
    settle(w);
    product_issue(w, "Totals are wrong", "Sums are off by one.");
    desk_ticket(w, ALICE, "Wrong totals", "My invoice is wrong. See BUG-1");
    return w;
}

/* Read before it is written, and while looking: that one record answers nonsense is no word about its tracker. */
static void nonsense_for_one_record_takes_nobody_down(void **state) {
    (void)state;
    struct world *w = mentioned(&often);
    settle(w);
    struct script s = {.url = TICKET(1), .method = "GET", .below = true, .fate = FATE_HTML};
    play(w, &s);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 120 * SEC_MS);
    assert_true(s.seen > 0);
    desk_ticket(w, ALICE, "Another", "See BUG-1");
    run(w, 600 * SEC_MS);
    assert_int_equal(journalled(w, "down"), 0);
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:2'"), "delivered");
    assert_text(world_text(w, "SELECT subject FROM attention WHERE kind = 'quarantined'"), "helpdesk:1");
    assert_status(w, 1, "closed-unresolved");
    s.fate = FATE_FINE;
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(attention(w, "quarantined"), 0);
    end(w);
}

static void nonsense_while_looking_takes_nobody_down(void **state) {
    (void)state;
    struct world *w = mentioned(&often);
    settle(w);
    struct script s = {.url = TICKET(1), .method = "POST", .below = true, .fate = FATE_LOST_BEFORE};
    play(w, &s);
    product_status(w, 1, ISSUE_CLOSED);
    while (!s.seen)
        run(w, SEC_MS);
    s = (struct script){.url = TICKET(1), .method = "GET", .below = true, .fate = FATE_HTML};
    run(w, 300 * SEC_MS);
    assert_true(s.seen > 2 && s.seen < 40);
    assert_int_equal(journalled(w, "down"), 0);
    s.fate = FATE_FINE;
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_status(w, 1, "resolved");
    end(w);
}

/* What cannot be understood is no lost right. */
static void broken_before_a_write_is_not_forbidden(void **state) {
    (void)state;
    struct world *w = mentioned(&often);
    settle(w);
    struct script s = {.url = TICKET(1), .method = "GET", .fate = FATE_EMPTY};
    play(w, &s);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 300 * SEC_MS);
    assert_true(s.seen > 0);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "present");
    assert_text(world_text(w, "SELECT subject FROM attention WHERE kind = 'quarantined'"), "helpdesk:1");
    s.fate = FATE_FINE;
    run(w, 1800 * SEC_MS);
    settle(w);
    assert_status(w, 1, "resolved");
    end(w);
}

/* Reading works, and the same write fails each time: it ends with a person. */
static void a_write_that_always_fails_is_parked(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    struct script s = {.url = TICKET(1), .method = "POST", .below = true, .fate = FATE_BROKEN};
    play(w, &s);
    run(w, 3600 * SEC_MS);
    assert_int_equal(s.seen, 8);
    assert_true(effects(w, "ref = 'helpdesk:1' AND state = 'parked'") > 0);
    assert_int_equal(effects(w, "ref = 'helpdesk:1' AND state = 'unsure'"), 0);
    assert_non_null(strstr(world_text(w, "SELECT text FROM attention WHERE kind = 'parked'"), "503"));
    assert_int_equal(journalled(w, "down"), 0);
    s.fate = FATE_FINE;
    int64_t n; /* all that was in the request, each by itself */
    while ((n = world_number(w, 0, "SELECT coalesce(min(n), 0) FROM effect WHERE state = 'parked'")))
        command(w, 200, "retry", json_pack("{s:I}", "n", (json_int_t)n));
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    assert_int_equal(attention(w, "parked"), 0);
    end(w);
}

/* ---- one tracker ---- */

/* A list that is refused: down once, and asked ever more seldom. */
static void a_refused_list_does_not_flap(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    settle(w);
    struct script s = {.url = PRODUCT "/issues.json", .fate = FATE_BAD};
    play(w, &s);
    run(w, 600 * SEC_MS);
    int64_t since = world_number(w, 0, "SELECT error_since FROM tracker WHERE name = 'product'");
    s.seen = 0;
    run(w, 3600 * SEC_MS);
    assert_int_equal(journalled(w, "down"), 1);
    assert_int_equal(journalled(w, "up"), 0);
    assert_true(since > 0);
    assert_int_equal(world_number(w, 0, "SELECT error_since FROM tracker WHERE name = 'product'"), since);
    assert_true(s.seen > 5 && s.seen < 40);
    end(w);
}

static void a_wrong_clock_does_not_flap(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    settle(w);
    w->step = 1200 * SEC_MS;
    run(w, 3600 * SEC_MS);
    assert_int_equal(journalled(w, "down"), 2); /* both trackers, once */
    assert_int_equal(journalled(w, "up"), 0);
    w->step = 0;
    run(w, 600 * SEC_MS);
    assert_int_equal(journalled(w, "up"), 2);
    end(w);
}

static void a_limit_is_obeyed_before_it_bites(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    settle(w);
    struct script s = {.url = DESK "/REST/2.0/tickets", .fate = FATE_TIRED};
    play(w, &s);
    while (!s.seen)
        run(w, SEC_MS);
    run(w, SEC_MS);
    s.fate = FATE_FINE;
    int seen = s.seen;
    run(w, 240 * SEC_MS);
    assert_int_equal(s.seen, seen);
    run(w, 120 * SEC_MS);
    assert_true(s.seen > seen);
    assert_int_equal(journalled(w, "down"), 0);
    end(w);
}

#define THIRD(key)                                                                                                     \
    "  third:\n    connector: redmine\n    role: defects\n    url: http://product.example\n    auth: { key: \"" key    \
    "\" }\n    scope: { project: product }\n    states: { Resolved: fixed }\n"

static void a_tracker_that_joins_and_is_down_stops_nobody(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    settle(w);
    world_reload(w, &(struct world_config){.product = THIRD("wrong")});
    run(w, 60 * SEC_MS);
    assert_text(world_text(w, "SELECT subject FROM attention WHERE kind = 'tracker-down'"), "third");
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 120 * SEC_MS);
    assert_status(w, 1, "resolved");
    world_crash(w); /* nor after a new start */
    product_status(w, 1, ISSUE_WORKING);
    run(w, 120 * SEC_MS);
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

/* What waits for it does not keep the file that mends it from being taken. */
static void a_tracker_that_joins_can_be_mended(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    struct fault fault = {0};
    settle(w);
    world_reload(w, &(struct world_config){.product = THIRD("wrong")});
    run(w, 60 * SEC_MS);
    store_begin(w->store);
    store_due(w->store, KIND_DEFECT, "third:1", 0, false, "it was seen before its tracker went down");
    assert_int_equal(store_commit(w->store, &fault), 0);
    run(w, 60 * SEC_MS);
    assert_true(store_due_waits(w->store, KIND_DEFECT, "third:1"));
    msec_t before = w->now;
    world_reload(w, &(struct world_config){0});
    assert_true(w->now - before < 60 * SEC_MS);
    end(w);
}

/* ---- clocks ---- */

static void a_clock_set_back_stops_no_poll(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    settle(w);
    struct script s = {.url = DESK "/REST/2.0/tickets", .fate = FATE_FINE};
    w->step = -500 * SEC_MS;
    play(w, &s);
    run(w, 60 * SEC_MS);
    assert_true(s.seen > 1);
    desk_ticket(w, ALICE, "Another", "See BUG-1"); /* nor a write */
    run(w, 60 * SEC_MS);
    assert_status(w, 2, "closed-unresolved");
    end(w);
}

/* "Not there" counts after look_after that really went by. */
static void a_clock_set_forward_makes_nothing_believed_early(void **state) {
    (void)state;
    struct world *w = mentioned(&(struct world_config){.desk = "    look_after: 120s\n"});
    struct script s = {.url = TICKET(1), .method = "POST", .below = true, .fate = FATE_LOST_BEFORE};
    play(w, &s);
    while (!effects(w, "state = 'unsure'"))
        run(w, SEC_MS);
    w->step = 500 * SEC_MS;
    run(w, 90 * SEC_MS);
    assert_int_equal(s.seen, 1);
    s.fate = FATE_FINE;
    run(w, 120 * SEC_MS);
    settle(w);
    assert_int_equal(s.seen, 2);
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

/* The account's zone is another one, and its clock changes: no change is missed, none comes twice. */
static void a_zone_misses_nothing(void **state) {
    static const struct {
        const char *zone, *from;
    } rows[] = {{"America/New_York", "2026-11-01T03:30:00Z"}, /* back at 06:00Z; RT's own gap is 10:00Z to 11:00Z */
                {"America/New_York", "2026-03-08T01:30:00Z"}, /* forward at 07:00Z */
                {"Asia/Kolkata", "2026-11-01T03:30:00Z"}};
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct world *w = world_new(1, &(struct world_config){.desk = "    poll: 1m\n", .product = "    poll: 5m\n"});
        (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/zone", json_pack("{s:s}", "zone", rows[i].zone), NULL);
        assert_true(time_parse(rows[i].from, &w->now));
        product_issue(w, "Totals are wrong", "x");
        world_start(w);
        settle(w);
        int n = 0;
        for (msec_t end = w->now + 9 * 3600 * SEC_MS; w->now < end; run(w, 900 * SEC_MS))
            n = desk_ticket(w, ALICE, "One more", "See BUG-1");
        settle(w);
        assert_true(n > 30);
        for (int k = 1; k <= n; k++) {
            assert_status(w, k, "closed-unresolved");
            assert_int_equal(desk_notes(w, k, "b1-", false), 1);
        }
        assert_int_equal(journalled(w, "down"), 0);
        end(w);
    }
}

/* More changes in the hour that can't be said than a page holds. */
static void a_zone_is_no_trap_for_many(void **state) {
    (void)state;
    struct world *w = world_new(1, NULL);
    (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/zone", json_pack("{s:s}", "zone", "America/New_York"), NULL);
    assert_true(time_parse("2026-11-01T10:05:00Z", &w->now));
    for (int i = 0; i < 230; i++) {
        desk_ticket(w, ALICE, "One more", "x");
        w->now += 2 * SEC_MS;
    }
    world_start(w);
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM record WHERE tracker = 'helpdesk'"), 230);
    for (int i = 0; i < 120; i++)
        desk_ticket(w, ALICE, "And more", "x");
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM record WHERE tracker = 'helpdesk'"), 350);
    assert_int_equal(journalled(w, "down"), 0);
    end(w);
}

/* An answer that says nothing of the account is no word on its zone: the service stays away, and says what is wrong.
 * (An account without a zone: zones.c.) */
static void an_account_that_is_not_told_is_refused(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    settle(w);
    struct script s = {.url = DESK "/REST/2.0/user/27", .fate = FATE_EMPTY};
    play(w, &s);
    (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/zone", json_pack("{s:s}", "zone", "Europe/Berlin"), NULL);
    world_crash(w);
    run(w, 60 * SEC_MS);
    assert_non_null(
        strstr(world_text(w, "SELECT text FROM attention WHERE kind = 'tracker-down'"), "who the account is"));
    s.fate = FATE_FINE; /* now it is told */
    run(w, 600 * SEC_MS);
    assert_int_equal(attention(w, "tracker-down"), 0);
    end(w);
}

/* ---- what shows late ---- */

/* In the very second in which a ticket was made and read it gets a comment, and all the time others are made: that the
 * list goes on does not leave it behind. */
static void a_comment_in_the_second_of_the_reading(void **state) {
    (void)state;
    struct world *w = scene(&(struct world_config){.desk = "    poll: 1s\n"});
    settle(w);
    assert_int_equal(product_issue(w, "Totals are wrong", "x"), 1);
    settle(w);
    int t = 0;
    for (bool read = false; !read; run(w, 370)) {
        msec_t second = w->now / SEC_MS;
        t = desk_ticket(w, ALICE, "Wrong totals", "x");
        while (!read && w->now / SEC_MS == second) {
            run(w, 10);
            read = world_number(w, 0, "SELECT detailed_at FROM record WHERE ref = 'helpdesk:%d'", t) != 0 &&
                   w->now / SEC_MS == second;
        }
    }
    desk_comment(w, t, "It is BUG-1.");
    for (int i = 0; i < 30; i++, run(w, 400))
        desk_ticket(w, ALICE, "Another", "x");
    assert_text(world_text(w, "SELECT verdict FROM incident WHERE ref = 'helpdesk:%d'", t), "pending");
    end(w);
}

/* ---- mirrored values ---- */

static void what_changes_all_the_time_is_still_written(void **state) {
    (void)state;
    struct world *w = mentioned(NULL);
    for (int i = 2; i <= 40; i++)
        desk_ticket(w, ALICE, "One more", "x");
    settle(w);
    assert_text(product_field_of(w, 1, 2), "1");
    for (int i = 2; i <= 30; i++) {
        command(w, 200, "link", json_pack("{s:s, s:s}", "a", arena_printf(w->a, "helpdesk:%d", i), "b", "P-1"));
        run(w, SEC_MS);
    }
    assert_string_not_equal(product_field_of(w, 1, 2), "1");
    assert_true(effects(w, "ref = 'product:1' AND kind = 'field' AND state = 'done'") > 5);
    settle(w);
    assert_text(product_field_of(w, 1, 2), "30");
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unreadable_record_does_not_hold_the_import),
        cmocka_unit_test(nonsense_for_one_record_takes_nobody_down),
        cmocka_unit_test(nonsense_while_looking_takes_nobody_down),
        cmocka_unit_test(broken_before_a_write_is_not_forbidden),
        cmocka_unit_test(a_write_that_always_fails_is_parked),
        cmocka_unit_test(a_refused_list_does_not_flap),
        cmocka_unit_test(a_wrong_clock_does_not_flap),
        cmocka_unit_test(a_limit_is_obeyed_before_it_bites),
        cmocka_unit_test(a_tracker_that_joins_and_is_down_stops_nobody),
        cmocka_unit_test(a_tracker_that_joins_can_be_mended),
        cmocka_unit_test(a_clock_set_back_stops_no_poll),
        cmocka_unit_test(a_clock_set_forward_makes_nothing_believed_early),
        cmocka_unit_test(a_zone_misses_nothing),
        cmocka_unit_test(a_zone_is_no_trap_for_many),
        cmocka_unit_test(an_account_that_is_not_told_is_refused),
        cmocka_unit_test(a_comment_in_the_second_of_the_reading),
        cmocka_unit_test(what_changes_all_the_time_is_still_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
