/* deliver: what becomes of a write whose answer is lost, late, refused or
 * doubtful; deaths; the brake; shut outboxes. Each by a script of fates. */
#include "script.h"

/* Whatever happens to the first write on either side: it is done once in the end. */
static void every_fate_of_every_first_write(void **state) {
    static const char *const sides[] = {DESK, PRODUCT};
    (void)state;
    for (int side = 0; side < 2; side++)
        for (int fate = FATE_FINE; fate < FATE_COUNT; fate++) {
            if (fate == FATE_TWICE)
                continue;
            struct world *w = linked(NULL);
            struct script s = {.to = sides[side], .at = 1, .fate = (enum fate)fate};
            play(w, &s);
            settle(w);
            run(w, 120 * SEC_MS);
            settle(w);
            int64_t parked = world_number(w, 0, "SELECT n FROM effect WHERE state = 'parked'");
            assert_true(!parked || fate == FATE_ERROR); /* read back and not there: what said 200 has refused it */
            if (parked)
                command(w, 200, "retry", json_pack("{s:I}", "n", (json_int_t)parked));
            settle(w);
            if (product_notes(w, 1, "b1-") != 1 || effects(w, "state NOT IN ('done', 'superseded')"))
                world_print_trace(w);
            assert_true(s.seen > 0);
            assert_status(w, 1, "closed-unresolved");
            assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
            assert_int_equal(product_notes(w, 1, "b1-"), 1);
            assert_text(product_field_of(w, 1, 2), "1");
            assert_int_equal(effects(w, "state NOT IN ('done', 'superseded')"), 0);
            end(w);
        }
}

static void what_is_unsure_waits_before_it_is_believed_lost(void **state) {
    struct world *w = linked(&(struct world_config){.desk = "    look_after: 60s\n"});
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_BEFORE};
    (void)state;
    play(w, &s);
    while (!s.seen)
        run(w, SEC_MS);
    run(w, 31 * SEC_MS);
    assert_true(effects(w, "state = 'unsure'") > 0);
    run(w, 55 * SEC_MS); /* not yet */
    assert_int_equal(s.seen, 1);
    run(w, 30 * SEC_MS);
    assert_int_equal(s.seen, 2);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    end(w);
}

/* Our move was made, its answer was lost, and a person moved on before we looked: ours is done, his stays. */
static void a_person_in_between_is_not_overridden(void **state) {
    struct world *w = linked(NULL);
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_AFTER};
    (void)state;
    play(w, &s);
    while (!s.seen)
        run(w, SEC_MS);
    run(w, 3 * SEC_MS);
    assert_status(w, 1, "closed-unresolved");
    desk_status(w, 1, "open");
    run(w, 600 * SEC_MS);
    settle(w);
    assert_status(w, 1, "open");
    assert_int_equal(world_number(w, 0, "SELECT overridden FROM incident"), 1);
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    end(w);
}

/* Ticket 1 is closed-unresolved and waits for another one, which it gives. */
static int depending(struct world *w) {
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    int other = desk_ticket(w, ALICE, "To be done first", "x");
    (void)world_say(w, w->desk, "agent", "PUT", "/ticket/1", json_pack("{s:i}", "AddDependsOn", other), NULL);
    settle(w);
    return other;
}

/* RT takes the note of a request whose status it refuses, and opens the ticket on it. */
static void who_waits_for_another_is_told_nothing_before_it_moved(void **state) {
    struct world *w = linked(NULL);
    (void)state;
    int other = depending(w);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 300 * SEC_MS);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    assert_int_equal(effects(w, "kind = 'state' AND state = 'parked' AND instr(error, 'unresolved dependencies')"), 1);
    desk_status(w, other, "resolved");
    settle(w);
    command(w, 200, "retry",
            json_pack("{s:I}", "n", (json_int_t)world_number(w, 0, "SELECT n FROM effect WHERE state = 'parked'")));
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 1);
    assert_int_equal(effects(w, "state IN ('parked', 'pending', 'unsure')"), 0);
    end(w);
}

/* The field that holds the outcome is read as the record's own: that is our word coming back, and no other state. */
static void an_outcome_that_a_person_said_stays(void **state) {
    struct world *w = linked(&(struct world_config){.service = "outcome"});
    (void)state;
    settle(w);
    assert_text(desk_field_of(w, 1, "Service"), "unknown");
    command(w, 200, "outcome",
            json_pack("{s:s, s:s, s:s}", "ref", "helpdesk:1", "outcome", "not-reproducible", "reason", "gone"));
    settle(w);
    run(w, 60 * SEC_MS);
    settle(w);
    assert_text(desk_field_of(w, 1, "Service"), "not-reproducible");
    assert_int_equal(effects(w, "kind = 'field' AND instr(want, 'not-reproducible')"), 1);
    end(w);
}

/* Of a defect too the journal says that people moved what the bridge had set. */
static void a_defect_moved_by_people_is_an_override(void **state) {
    struct world *w = linked(&(struct world_config){.policy = "  on_risk_accepted: close\n"});
    (void)state;
    settle(w);
    command(w, 200, "problem-accept-risk", json_pack("{s:s, s:s}", "id", "P-1", "reason", "too rare"));
    settle(w);
    assert_int_equal(product_status_of(w, 1), ISSUE_WONT_FIX);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'override'"), 0);
    product_status(w, 1, ISSUE_WORKING);
    settle(w);
    assert_int_equal(product_status_of(w, 1), ISSUE_WORKING);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'override' AND ref = 'product:1'"),
                     1);
    end(w);
}

struct ended {
    struct world *world;
    int64_t left;
    bool told;
};

static void is_idle(void *arg, bool failed) {
    struct ended *x = arg;
    assert_false(failed);
    x->told = true;
    x->left = effects(x->world, "state NOT IN ('done', 'superseded')");
}

/* `run --once` may end then: values that are collected for two seconds are waited for. */
static void idle_is_when_all_has_left(void **state) {
    struct world *w = linked(NULL);
    struct ended x = {.world = w};
    (void)state;
    run(w, 20 * SEC_MS);
    product_status(w, 1, ISSUE_CLOSED);
    while (!world_number(w, 0, "SELECT count(*) FROM effect WHERE state = 'pending' AND not_before > %lld",
                         (long long)w->now))
        run(w, 100);
    engine_when_idle(w->engine, is_idle, &x);
    command(w, 200, "outbox-open", json_object()); /* it is open: this only makes the engine look at once */
    run(w, 60 * SEC_MS);
    assert_true(x.told);
    assert_int_equal(x.left, 0);
    end(w);
}

/* Given up: nobody is told of a move that was not made. */
static void what_is_discarded_is_not_told(void **state) {
    struct world *w = linked(NULL);
    (void)state;
    int other = depending(w);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 300 * SEC_MS);
    settle(w);
    command(w, 200, "discard",
            json_pack("{s:I, s:s}", "n", (json_int_t)world_number(w, 0, "SELECT n FROM effect WHERE state = 'parked'"),
                      "reason", "by telephone"));
    desk_status(w, other, "resolved");
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    assert_int_equal(effects(w, "state IN ('parked', 'pending')"), 0);
    end(w);
}

static void a_workaround_does_not_open_who_waits_for_another(void **state) {
    struct world *w = linked(NULL);
    (void)state;
    depending(w);
    command(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "customer_text", "Turn it off and on."));
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "Turn it off and on.", false), 1);
    assert_int_equal(desk_notes(w, 1, "Turn it off and on.", true), 0);
    end(w);
}

/* The turn moves while an older state is unsure: it is not sent any more. */
static void an_overtaken_state_is_not_sent_again(void **state) {
    struct world *w = linked(NULL);
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_BEFORE};
    (void)state;
    play(w, &s);
    while (!s.seen)
        run(w, SEC_MS);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 300 * SEC_MS);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(effects(w, "kind = 'state' AND turn = 1 AND state = 'superseded'"), 1);
    end(w);
}

/* While an unsure one waits, what else is pending for the record does not make the engine run in circles. */
static void waiting_is_quiet(void **state) {
    struct world *w = linked(&(struct world_config){.desk = "    look_after: 10m\n    poll: 1m\n"});
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_BEFORE};
    (void)state;
    play(w, &s);
    while (!s.seen)
        run(w, SEC_MS);
    run(w, 40 * SEC_MS);
    command(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Wait."));
    uint64_t before = w->requests;
    run(w, 300 * SEC_MS);
    assert_true(w->requests - before < 100);
    assert_int_equal(s.seen, 1);
    end(w);
}

/* Dies at every sync of a delivery, one after the other. */
static void death_at_every_sync(void **state) {
    (void)state;
    for (int n = 1; n <= 14; n++) {
        struct world *w = linked(NULL);
        world_crash_at_sync(w, n);
        settle(w);
        run(w, 120 * SEC_MS);
        settle(w);
        assert_status(w, 1, "closed-unresolved");
        assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
        assert_int_equal(product_notes(w, 1, "b1-"), 1);
        assert_text(product_field_of(w, 1, 3), "1");
        assert_int_equal(effects(w, "state NOT IN ('done', 'superseded')"), 0);
        end(w);
    }
}

static void dry_run_decides_and_sends_nothing(void **state) {
    struct world *w = linked(&(struct world_config){.top = "dry_run: true\n"});
    (void)state;
    w->shut = true;
    run(w, 600 * SEC_MS);
    assert_int_equal(w->writes, 0);
    assert_int_equal(effects(w, "state = 'pending' AND kind = 'state'"), 1);
    w->shut = false;
    world_reload(w, &(struct world_config){0});
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

static void a_shut_outbox_keeps_everything(void **state) {
    struct world *w = linked(NULL);
    (void)state;
    command(w, 200, "outbox-close", json_object());
    w->shut = true;
    run(w, 300 * SEC_MS);
    world_crash(w); /* it stays shut */
    run(w, 300 * SEC_MS);
    assert_int_equal(w->writes, 0);
    w->shut = false;
    command(w, 200, "outbox-open", json_object());
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

static void the_brake_holds_a_release_until_a_yes(void **state) {
    struct world *w = scene(&(struct world_config){.top = "brake: 3\n"});
    (void)state;
    settle(w);
    product_issue(w, "Totals are wrong", "x");
    for (int i = 1; i <= 5; i++) {
        desk_ticket(w, ALICE, "Wrong totals", "x");
        desk_field(w, i, "Defect", "1");
        settle(w); /* one by one: nothing to brake */
    }
    assert_status(w, 5, "closed-unresolved");
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    run(w, 300 * SEC_MS);
    for (int i = 1; i <= 5; i++)
        assert_status(w, i, "closed-unresolved");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'braked'"), 1);
    command(w, 200, "release",
            json_pack("{s:I}", "n", (json_int_t)world_number(w, 0, "SELECT id FROM batch WHERE state = 'braked'")));
    settle(w);
    for (int i = 1; i <= 5; i++) {
        assert_status(w, i, "resolved");
        assert_int_equal(desk_notes(w, i, "b1-", true), 1);
    }
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'braked'"), 0);
    end(w);
}

static void a_full_disk_stops_writing_and_goes_on(void **state) {
    struct world *w = linked(NULL);
    (void)state;
    w->disk.full = true;
    uint64_t before = w->requests;
    run(w, 600 * SEC_MS);
    assert_int_equal(w->writes, 0); /* nothing leaves that cannot be noted first */
    assert_true(w->requests - before < 2000);
    w->disk.full = false;
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    assert_int_equal(desk_notes(w, 1, "b1-", false), 1);
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fate_of_every_first_write),
        cmocka_unit_test(what_is_unsure_waits_before_it_is_believed_lost),
        cmocka_unit_test(a_person_in_between_is_not_overridden),
        cmocka_unit_test(who_waits_for_another_is_told_nothing_before_it_moved),
        cmocka_unit_test(an_outcome_that_a_person_said_stays),
        cmocka_unit_test(a_defect_moved_by_people_is_an_override),
        cmocka_unit_test(idle_is_when_all_has_left),
        cmocka_unit_test(what_is_discarded_is_not_told),
        cmocka_unit_test(a_workaround_does_not_open_who_waits_for_another),
        cmocka_unit_test(an_overtaken_state_is_not_sent_again),
        cmocka_unit_test(waiting_is_quiet),
        cmocka_unit_test(death_at_every_sync),
        cmocka_unit_test(dry_run_decides_and_sends_nothing),
        cmocka_unit_test(a_shut_outbox_keeps_everything),
        cmocka_unit_test(the_brake_holds_a_release_until_a_yes),
        cmocka_unit_test(a_full_disk_stops_writing_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
