/* many: what must hold when one move means many incidents, or much is due at once. */
#include "scene.h"

/* ---- decided before it is written ---- */

struct backlog {
    struct world *w;
    bool came;
};

/* As ticket 1 is read before it is written, a person takes the reference out again. */
static enum fate a_person_comes_between(void *arg, const struct http_request *q) {
    struct backlog *b = arg;
    if (b->came || !str_is(q->method, "GET") || !str_starts(q->url, DESK "/REST/2.0/ticket/1") ||
        effects(b->w, "ref = 'helpdesk:1' AND kind = 'state' AND state = 'pending'") == 0)
        return FATE_FINE;
    b->came = true;
    desk_field(b->w, 1, "Defect", "");
    return FATE_FINE;
}

/* A long queue is due before ticket 1, in the order of the worker. */
static void queue_up(struct world *w) {
    struct fault fault = {0};
    store_begin(w->store);
    for (int i = 0; i < 700; i++)
        store_due(w->store, KIND_INCIDENT, arena_printf(w->a, "helpdesk:0%03d", i), 0, false, "x");
    assert_int_equal(store_commit(w->store, &fault), 0);
}

static void a_persons_edit_counts_behind_a_long_queue(void **state) {
    struct world *w = scene(NULL);
    struct backlog b = {.w = w};
    (void)state;
    settle(w);
    product_issue(w, "Totals are wrong", "Sums are off by one.");
    desk_ticket(w, ALICE, "Wrong totals", "My invoice is wrong.");
    settle(w);
    w->fate_of = a_person_comes_between;
    w->fate_arg = &b;
    desk_field(w, 1, "Defect", "1");
    while (!b.came && world_step(w))
        ;
    for (msec_t end = w->now + 300, last = 0; w->now < end && world_step(w); last = w->now)
        if (w->now != last) /* once a moment: the worker would never come to its end */
            queue_up(w);
    settle(w);
    assert_status(w, 1, "new");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 0);
    assert_text(desk_field_of(w, 1, "Problem"), "");
    end(w);
}

/* ---- one move, one batch ---- */

static void link_to(struct world *w, const char *a, const char *b) {
    command(w, 200, "link", json_pack("{s:s, s:s}", "a", a, "b", b));
}

static void the_brake_counts_a_move_through_all_its_problems(void **state) {
    struct world *w = scene(&(struct world_config){.top = "brake: 3\n"});
    (void)state;
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    settle(w);
    for (int p = 1; p <= 2; p++) {
        command(w, 200, "problem-new", json_pack("{s:s}", "title", "Totals"));
        link_to(w, "product:1", arena_printf(w->a, "P-%d", p));
        for (int k = 0; k < 2; k++) {
            int ticket = desk_ticket(w, ALICE, "Wrong totals", "x");
            settle(w);
            link_to(w, arena_printf(w->a, "helpdesk:%d", ticket), arena_printf(w->a, "P-%d", p));
            settle(w);
        }
    }
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    run(w, 300 * SEC_MS);
    for (int i = 1; i <= 4; i++)
        assert_status(w, i, "closed-unresolved");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'braked'"), 1);
    assert_int_equal(world_number(w, 0, "SELECT moves FROM batch WHERE state = 'braked'"), 4);
    command(w, 200, "release",
            json_pack("{s:I}", "n", (json_int_t)world_number(w, 0, "SELECT id FROM batch WHERE state = 'braked'")));
    settle(w);
    for (int i = 1; i <= 4; i++)
        assert_status(w, i, "resolved");
    end(w);
}

/* ---- many of one defect ---- */

#define MANY 20

static struct world *many_of_one(const struct world_config *config) {
    struct world *w = scene(config);
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    for (int i = 1; i <= MANY; i++) {
        desk_ticket(w, ALICE, "Wrong totals", "x");
        desk_field(w, i, "Defect", "1");
    }
    settle(w);
    assert_status(w, MANY, "closed-unresolved");
    assert_text(product_field_of(w, 1, 2), "20");
    assert_text(product_field_of(w, 1, 3), "20");
    return w;
}

static void count_incidents(void *arg, const char *what, const char *ref) {
    (void)ref;
    *(int *)arg += str_is(what, "incident");
}

static void a_comment_touches_whom_it_names(void **state) {
    struct world *w = many_of_one(NULL);
    int decided = 0;
    (void)state;
    desk_ticket(w, ALICE, "Other", "x");
    settle(w);
    engine_on_change(w->engine, count_incidents, &decided);
    (void)world_say(w, w->product, "dev", "PUT", "/issues/1.json",
                    json_pack("{s:{s:s}}", "issue", "notes", "See " DESK "/Ticket/Display.html?id=21"), NULL);
    settle(w);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM link WHERE kind = 'incident'"), MANY + 1);
    assert_in_range(decided, 1, MANY - 1);
    assert_status(w, 21, "closed-unresolved");
    end(w);
}

/* Computed while they wait to leave together, not for each incident that was written. */
static void counters_leave_together(void **state) {
    struct world *w = many_of_one(NULL);
    (void)state;
    int64_t before = effects(w, "ref = 'product:1' AND kind = 'field'");
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, MANY, "resolved");
    assert_text(product_field_of(w, 1, 2), "20");
    assert_text(product_field_of(w, 1, 3), "0");
    assert_in_range(effects(w, "ref = 'product:1' AND kind = 'field'") - before, 1, 8);
    end(w);
}

/* While what a release wants of 19 tickets cannot leave, the counters change: a state and a note each are on their way,
 * and all beyond 20 are a tenth of a second. */
static void counters_wait_for_many(void **state) {
    struct world *w = many_of_one(NULL);
    (void)state;
    command(w, 200, "pause", json_pack("{s:s}", "tracker", "helpdesk"));
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 60 * SEC_MS);
    int64_t before = effects(w, "kind = 'field'");
    command(w, 200, "unlink", json_pack("{s:s, s:s}", "a", "helpdesk:1", "b", "product:1"));
    run(w, SEC_MS);
    assert_true(effects(w, "kind = 'field'") > before);
    assert_int_equal(world_number(w, 0,
                                  "SELECT max(not_before - created) FROM effect WHERE ref = 'product:1' AND kind = "
                                  "'field' AND state = 'pending'"),
                     2 * SEC_MS + (2 * (MANY - 1) - 20) * 100);
    run(w, 10 * SEC_MS);
    assert_text(product_field_of(w, 1, 2), "19");
    end(w);
}

/* The sums agree with counting, whatever was done. */
static void sums_agree_with_counting(void **state) {
    struct world *w = many_of_one(NULL);
    (void)state;
    desk_status(w, 3, "open");
    desk_status(w, 4, "rejected");
    desk_field(w, 5, "Defect", "");
    settle(w);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    desk_ticket(w, ALICE, "Again", "x");
    desk_field(w, MANY + 1, "Defect", "1");
    settle(w);
    assert_int_equal(
        world_number(
            w, -1,
            "SELECT count(*) FROM (SELECT l.problem AS p, sum(w.class & 1) AS n_total, sum(w.class >> 1 & 1) AS "
            "n_open, sum(w.class >> 3 & 1) AS n_cu, sum(w.class >> 4 & 1) AS n_solved, sum(w.class >> 6 & 1) AS n_late "
            "FROM link l JOIN weight w ON w.ref = l.ref WHERE l.kind = 'incident' AND l.status = 'confirmed' "
            "GROUP BY 1) JOIN tally t ON t.problem = p AND t.total = n_total AND t.open = n_open AND "
            "t.closed_unresolved = n_cu AND t.solved = n_solved AND t.late = n_late"),
        1);
    assert_int_equal(world_number(w, -1, "SELECT total FROM tally"), MANY);
    assert_true(world_number(w, -1, "SELECT late FROM tally") == 1);
    end(w);
}

/* Death at every sync of a release: nobody is told twice, nobody is left out. */
static void death_at_every_sync_of_a_release(void **state) {
    (void)state;
    for (int n = 1; n <= 30; n += 6) {
        struct world *w = many_of_one(NULL);
        product_status(w, 1, ISSUE_CLOSED);
        world_crash_at_sync(w, n);
        settle(w);
        run(w, 120 * SEC_MS);
        settle(w);
        for (int i = 1; i <= MANY; i++) {
            assert_status(w, i, "resolved");
            assert_int_equal(desk_notes(w, i, "b1-", true), 1);
        }
        assert_text(product_field_of(w, 1, 3), "0");
        end(w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_persons_edit_counts_behind_a_long_queue),
        cmocka_unit_test(the_brake_counts_a_move_through_all_its_problems),
        cmocka_unit_test(a_comment_touches_whom_it_names),
        cmocka_unit_test(counters_leave_together),
        cmocka_unit_test(counters_wait_for_many),
        cmocka_unit_test(sums_agree_with_counting),
        cmocka_unit_test(death_at_every_sync_of_a_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
