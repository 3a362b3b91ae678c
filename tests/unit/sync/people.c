/* people: what a person does comes first: moves made in between, moves made for
 * the bridge, records that return, tickets nobody wants touched, what agents typed. */
#include "scene.h"

/* The n-th write to the desk meets that fate; as soon as a walk was decided, a person acts. */
struct between {
    int at, seen;
    enum fate fate;
    struct world *w;
    const char *status; /* what the person sets; NULL: nothing, or it was done */
};

static enum fate between(void *arg, const struct http_request *q) {
    struct between *b = arg;
    if (!str_starts(q->url, DESK))
        return FATE_FINE;
    if (b->status && world_number(b->w, 0, "SELECT count(*) FROM journal WHERE what = 'walks'")) {
        const char *status = b->status;
        b->status = NULL;
        desk_status(b->w, 1, "open"); /* the only way out of resolved */
        desk_status(b->w, 1, status);
    }
    if (str_is(q->method, "GET"))
        return FATE_FINE;
    return ++b->seen == b->at ? b->fate : FATE_FINE;
}

static int notes_told(struct world *w, const char *kind) {
    return (int)world_number(
        w, -1, "SELECT count(*) FROM effect WHERE state = 'done' AND json_extract(want, '$.note') = '%s'", kind);
}

/* The direct move was refused; before the first step of the walk a person took the ticket elsewhere. */
static void a_walk_begins_only_where_it_may(void **state) {
    static const struct {
        const char *status, *then;
    } cases[] = {{"rejected", "rejected"}, {"open", "open"}, {"stalled", "stalled"}, {NULL, "closed-unresolved"}};
    (void)state;
    for (size_t i = 0; i < array_size(cases); i++) {
        struct world *w = linked(&(struct world_config){.policy = "  notes: { did-not-hold: internal }\n"});
        settle(w);
        product_status(w, 1, ISSUE_CLOSED);
        settle(w);
        assert_status(w, 1, "resolved");
        struct between b = {.at = 1, .w = w, .status = cases[i].status};
        w->fate_of = between;
        w->fate_arg = &b;
        product_status(w, 1, ISSUE_WORKING);
        settle(w);
        assert_true(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'walks'") > 0);
        assert_status(w, 1, cases[i].then);
        end(w);
    }
}

/* It went out of scope while its move waited to settle, and returns in another state: left alone. */
static void what_returns_in_another_state_is_left_alone(void **state) {
    struct world *w = linked(&(struct world_config){.policy = "  settle: { delivered: 1h }\n"});
    (void)state;
    settle(w);
    product_status(w, 1, ISSUE_CLOSED);
    run(w, 60 * SEC_MS);
    assert_int_equal(effects(w, "ref = 'helpdesk:1' AND state = 'pending' AND kind IN ('state', 'note')"), 2);
    assert_int_equal(world_say(w, w->desk, "root", "PUT", "/ticket/1", json_pack("{s:s}", "Queue", "Requests"), NULL),
                     200);
    run(w, 60 * SEC_MS);
    command(w, 200, "sync", json_pack("{s:s}", "ref", "helpdesk:1"));
    run(w, 60 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "forbidden");
    (void)world_say(w, w->desk, "root", "PUT", "/ticket/1", json_pack("{s:s}", "Queue", "Incidents"), NULL);
    (void)world_say(w, w->desk, "root", "PUT", "/ticket/1", json_pack("{s:s}", "Status", "open"), NULL);
    (void)world_say(w, w->desk, "root", "PUT", "/ticket/1", json_pack("{s:s}", "Status", "stalled"), NULL);
    run(w, 120 * SEC_MS);
    assert_text(world_text(w, "SELECT presence FROM record WHERE ref = 'helpdesk:1'"), "present");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'returned'"), 1);
    assert_int_equal(
        world_number(w, 0, "SELECT clear = 'bascule ack ' || subject FROM attention WHERE kind = 'returned'"), 1);
    assert_int_equal(effects(w, "ref = 'helpdesk:1' AND state = 'pending'"), 0);
    run(w, 7200 * SEC_MS);
    assert_status(w, 1, "stalled");
    assert_int_equal(desk_notes(w, 1, "b1-", true), 0);
    product_status(w, 1, ISSUE_WORKING); /* until its turn moves */
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    end(w);
}

/* Unsure when the order came to leave it alone: it is not sent again. */
static void ignoring_stops_what_is_in_flight(void **state) {
    struct world *w = linked(NULL);
    struct between b = {.at = 1, .fate = FATE_LOST_BEFORE, .w = w};
    (void)state;
    w->fate_of = between;
    w->fate_arg = &b;
    while (!b.seen)
        run(w, SEC_MS);
    command(w, 200, "ignore", json_pack("{s:s}", "ref", "helpdesk:1"));
    run(w, 600 * SEC_MS);
    settle(w);
    assert_int_equal(b.seen, 1);
    assert_status(w, 1, "new");
    assert_int_equal(effects(w, "ref = 'helpdesk:1' AND state NOT IN ('done', 'superseded')"), 0);
    end(w);
}

/* The bridge may not; a person closes the ticket for it. */
static void who_makes_the_refused_move_settles_it(void **state) {
    struct world *w = linked(NULL);
    struct between b = {.at = 1, .fate = FATE_DENIED, .w = w};
    (void)state;
    w->fate_of = between;
    w->fate_arg = &b;
    settle(w);
    assert_status(w, 1, "new");
    assert_int_equal(effects(w, "kind = 'state' AND state = 'parked'"), 1);
    assert_int_equal(notes_told(w, "known-error"), 0); /* it waits with its state */
    desk_status(w, 1, "closed-unresolved");
    settle(w);
    assert_int_equal(effects(w, "kind = 'state' AND state = 'done'"), 1);
    assert_int_equal(world_number(w, 0,
                                  "SELECT count(*) FROM attention JOIN effect ON subject = 'effect:' || effect.n WHERE "
                                  "effect.kind <> 'field'"),
                     0);
    assert_int_equal(notes_told(w, "known-error"), 1);
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'override'"), 0);
    assert_text(world_text(w, "SELECT asserted FROM incident"), "closed-unresolved");
    end(w);
}

/* The note that waits with a refused move asks nothing of the tracker meanwhile, and goes with it. */
static void a_refused_move_keeps_its_note(void **state) {
    struct world *w = linked(NULL);
    struct between b = {.at = 1, .fate = FATE_DENIED, .w = w};
    (void)state;
    w->fate_of = between;
    w->fate_arg = &b;
    settle(w);
    uint64_t before = w->requests;
    run(w, 3600 * SEC_MS);
    assert_int_equal(effects(w, "kind = 'note' AND ref = 'helpdesk:1' AND state = 'pending'"), 1);
    assert_true(w->requests - before < 3600 / 15 * 2 + 50); /* the polls, and little else */
    command(w, 200, "discard",
            json_pack("{s:i, s:s}", "n",
                      (int)world_number(w, 0, "SELECT n FROM effect WHERE kind = 'state' AND state = 'parked'"),
                      "reason", "not now"));
    run(w, 3600 * SEC_MS);
    assert_int_equal(notes_told(w, "known-error"), 0);
    assert_status(w, 1, "new");
    end(w);
}

/* Parked, and then the turn moved: it cannot be tried again. */
static void a_parked_move_ends_with_its_turn(void **state) {
    struct world *w =
        linked(&(struct world_config){.desk = "    write: { closed-unresolved: { status: nonesuch } }\n"});
    (void)state;
    settle(w);
    int n = (int)world_number(w, 0, "SELECT n FROM effect WHERE kind = 'state' AND state = 'parked'");
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_status(w, 1, "resolved");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM attention WHERE kind = 'parked'"), 0);
    command(w, 409, "retry", json_pack("{s:i}", "n", n));
    end(w);
}

/* What an agent typed and nobody has read yet stays beside what the bridge knows. */
static void what_was_typed_stays(void **state) {
    struct world *w = linked(NULL);
    (void)state;
    desk_field(w, 1, "Defect", "1, 99");
    settle(w);
    assert_text(desk_field_of(w, 1, "Defect"), "1, 99");
    product_issue(w, "Another one", "x");
    desk_comment(w, 1, "Also BUG-2.");
    settle(w);
    assert_text(desk_field_of(w, 1, "Defect"), "1, 2, 99");
    desk_field(w, 1, "Defect", "1, 2"); /* taken out again */
    settle(w);
    assert_text(desk_field_of(w, 1, "Defect"), "1, 2");
    end(w);
}

/* A person says why a ticket is closed: it counts so, until it moves. */
static void a_said_outcome_counts(void **state) {
    struct world *w = linked(&(struct world_config){.policy = "  treatment: leave\n"});
    (void)state;
    settle(w);
    desk_status(w, 1, "rejected");
    settle(w);
    assert_text(product_field_of(w, 1, 2), "0");
    command(w, 200, "outcome", json_pack("{s:s, s:s}", "ref", "helpdesk:1", "outcome", "workaround"));
    settle(w);
    assert_text(product_field_of(w, 1, 2), "1");
    assert_text(product_field_of(w, 1, 3), "1");
    desk_comment(w, 1, "A word."); /* read again: it stays */
    settle(w);
    assert_text(product_field_of(w, 1, 3), "1");
    product_status(w, 1, ISSUE_WONT_FIX); /* its turn moves */
    settle(w);
    assert_text(world_text(w, "SELECT coalesce(outcome_set, '') FROM incident"), "");
    assert_text(product_field_of(w, 1, 3), "1");
    desk_status(w, 1, "open");
    settle(w);
    desk_status(w, 1, "rejected"); /* its state moved: what was said is over */
    settle(w);
    assert_text(product_field_of(w, 1, 3), "0");
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_begins_only_where_it_may),
        cmocka_unit_test(what_returns_in_another_state_is_left_alone),
        cmocka_unit_test(ignoring_stops_what_is_in_flight),
        cmocka_unit_test(who_makes_the_refused_move_settles_it),
        cmocka_unit_test(a_refused_move_keeps_its_note),
        cmocka_unit_test(a_parked_move_ends_with_its_turn),
        cmocka_unit_test(what_was_typed_stays),
        cmocka_unit_test(a_said_outcome_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
