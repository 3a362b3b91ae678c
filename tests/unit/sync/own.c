/* own: what the bridge wrote is never evidence and never a person's rejection, whatever
 * became of the request; and what a person wrote at the same moment is not lost unseen. */
#include "script.h"

#include "../../../src/sandbox/rt.h"

/* A ticket whose agent wrote of the defect, so that the bridge fills its fields. */
static struct world *mentioned(void) {
    struct world *w = scene(NULL);
    settle(w);
    product_issue(w, "Totals are wrong", "Sums are off by one.");
    desk_ticket(w, ALICE, "Wrong totals", "My invoice is wrong.");
    settle(w);
    return w;
}

/* RT drops the field's value, and takes the others. */
static void take_only(struct world *w, const char *field, const char *const *options) {
    struct rt_field *fields = arena_alloc(w->a, RT_CF_COUNT * sizeof(*fields));
    for (int i = 0; i < RT_CF_COUNT; i++) {
        fields[i] = w->desk->rt->fields[i];
        if (str_is(fields[i].name, field))
            fields[i].options = options;
    }
    w->desk->rt->fields = fields;
}

static void refuse_known_error(struct world *w) {
    static const char *const none[] = {"no", NULL};
    take_only(w, "Known Error", none);
}

#define own_evidence(w)                                                                                                \
    world_number(w, -1, "SELECT count(*) FROM evidence WHERE origin = 'helpdesk:1' AND source = 'field'")
#define rejections(w) world_number(w, -1, "SELECT count(*) FROM rejection")

static void one_field_of_three_is_refused(void **state) {
    struct world *w = mentioned();
    (void)state;
    refuse_known_error(w);
    desk_comment(w, 1, "It is BUG-1.");
    settle(w);
    run(w, 60 * SEC_MS);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    assert_text(desk_field_of(w, 1, "Known Error"), "");
    assert_int_equal(own_evidence(w), 0);
    assert_int_equal(effects(w, "kind = 'field' AND state = 'parked'"), 1);
    assert_int_equal(effects(w, "kind = 'field' AND ref = 'helpdesk:1' AND state = 'done'"), 2);
    assert_text(world_text(w, "SELECT json_extract(want, '$.field') FROM effect WHERE state = 'parked'"),
                "known_error");
    end(w);
}

/* ... and a web page came for an answer: what was read back is looked at before it is known what became of it. */
static void one_is_refused_and_the_answer_is_doubtful(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .fate = FATE_HTML_AFTER};
    (void)state;
    refuse_known_error(w);
    play(w, &s);
    desk_comment(w, 1, "It is BUG-1.");
    while (!s.seen)
        run(w, SEC_MS);
    run(w, 2 * SEC_MS);
    assert_int_equal(own_evidence(w), 0);
    run(w, 200 * SEC_MS);
    settle(w);
    assert_int_equal(own_evidence(w), 0);
    end(w);
}

static void a_look_while_a_field_is_unsure(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_AFTER};
    (void)state;
    play(w, &s);
    desk_comment(w, 1, "It is BUG-1.");
    while (!effects(w, "state = 'unsure' AND kind = 'field'"))
        run(w, SEC_MS / 20);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    command(w, 200, "sync", json_pack("{s:s}", "ref", "helpdesk:1"));
    assert_int_equal(own_evidence(w), 0);
    settle(w);
    run(w, 60 * SEC_MS);
    settle(w);
    assert_int_equal(own_evidence(w), 0);
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM journal WHERE what = 'override'"), 0);
    end(w);
}

static void describe(struct world *w, const char *text) {
    (void)world_say(w, w->product, "dev", "PUT", "/issues/1.json", json_pack("{s:{s:s}}", "issue", "description", text),
                    NULL);
}

/* Cleared by the bridge, and seen so before that is known: nobody took anything out. */
static void a_look_while_a_clearing_is_unsure(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_AFTER};
    (void)state;
    describe(w, "Sums are off by one, see " DESK "/Ticket/Display.html?id=1");
    settle(w);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    play(w, &s);
    describe(w, "Sums are off by one.");
    while (!effects(w, "state = 'unsure' AND kind = 'field'"))
        run(w, SEC_MS / 20);
    assert_text(desk_field_of(w, 1, "Defect"), "");
    command(w, 200, "sync", json_pack("{s:s}", "ref", "helpdesk:1"));
    assert_int_equal(rejections(w), 0);
    run(w, 120 * SEC_MS);
    settle(w);
    assert_int_equal(rejections(w), 0);
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM journal WHERE what = 'override'"), 0);
    describe(w, "It is " DESK "/Ticket/Display.html?id=1"); /* so it may come back */
    settle(w);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    end(w);
}

/* What a person takes out while another value of that field is parked is rejected all the same. */
static void a_person_takes_it_out_beside_a_parked_one(void **state) {
    static const char *const one[] = {"1", NULL};
    struct world *w = mentioned();
    (void)state;
    take_only(w, "Defect", one);
    product_issue(w, "Another", "x");
    desk_comment(w, 1, "It is BUG-1.");
    settle(w);
    desk_comment(w, 1, "Or BUG-2.");
    settle(w);
    assert_int_equal(effects(w, "state = 'parked'"), 1);
    assert_int_equal(rejections(w), 0);
    desk_field(w, 1, "Defect", "");
    settle(w);
    assert_int_equal(rejections(w), 1);
    end(w);
}

/* ---- lost edits ---- */

static void agent_names_another(struct world *w) {
    desk_field(w, 1, "Defect", "77");
}

static void an_edit_between_read_and_write_is_found(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .act = agent_names_another};
    (void)state;
    play(w, &s);
    desk_comment(w, 1, "It is BUG-1.");
    settle(w);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    const char *text = world_text(w, "SELECT text FROM attention WHERE kind = 'lost-edit' AND subject = 'helpdesk:1'");
    assert_non_null(strstr(text, "agent had set defect to '77'"));
    assert_non_null(strstr(text, "wrote '1'"));
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'lost-edit' AND actor = 'agent'"),
                     1);
    command(w, 200, "ack", json_pack("{s:s}", "ref", "helpdesk:1"));
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM attention WHERE kind = 'lost-edit'"), 0);
    end(w);
}

/* ... also where the answer was lost, and only a look tells what became of it. */
static void an_edit_before_a_lost_answer_is_found(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .act = agent_names_another, .fate = FATE_LOST_AFTER};
    (void)state;
    play(w, &s);
    desk_comment(w, 1, "It is BUG-1.");
    settle(w);
    run(w, 120 * SEC_MS);
    settle(w);
    assert_text(desk_field_of(w, 1, "Defect"), "1");
    assert_non_null(strstr(world_text(w, "SELECT text FROM attention WHERE kind = 'lost-edit'"), "defect to '77'"));
    end(w);
}

static void developer_counts_himself(struct world *w) {
    (void)world_say(w, w->product, "dev", "PUT", "/issues/1.json",
                    json_pack("{s:{s:[{s:i, s:s}]}}", "issue", "custom_fields", "id", 2, "value", "99"), NULL);
}

static void on_the_other_side_too(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = PRODUCT, .at = 2, .act = developer_counts_himself};
    (void)state;
    play(w, &s);
    desk_comment(w, 1, "It is BUG-1.");
    settle(w);
    assert_text(product_field_of(w, 1, 2), "1");
    assert_non_null(
        strstr(world_text(w, "SELECT text FROM attention WHERE kind = 'lost-edit' AND subject = 'product:1'"),
               "had set incident_count to '99'"));
    end(w);
}

static void agent_stalls_it(struct world *w) {
    desk_status(w, 1, "stalled");
}

static void a_state_between_read_and_write_is_found(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .act = agent_stalls_it};
    (void)state;
    play(w, &s);
    desk_comment(w, 1, "It is BUG-1.");
    settle(w);
    assert_non_null(strstr(world_text(w, "SELECT text FROM attention WHERE kind = 'lost-edit'"), "state to 'stalled'"));
    end(w);
}

/* What was known when it was written is no lost edit, not even in the same second; nor is RT's own reopening. */
static void what_was_known_is_not_lost(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_AFTER};
    (void)state;
    play(w, &s);
    desk_status(w, 1, "stalled");
    desk_field(w, 1, "Defect", "1");
    settle(w);
    run(w, 120 * SEC_MS);
    settle(w);
    assert_status(w, 1, "closed-unresolved");
    command(w, 200, "problem-publish", json_pack("{s:s, s:s}", "id", "P-1", "text", "Wait."));
    settle(w);
    product_status(w, 1, ISSUE_CLOSED);
    settle(w);
    assert_true(desk_notes(w, 1, "b1-", true) > 1);
    assert_int_equal(world_number(w, -1, "SELECT count(*) FROM attention WHERE kind = 'lost-edit'"), 0);
    end(w);
}

/* ---- confirmed and overridden in one breath ---- */

/* The first read after our write: before it is answered, an agent opens the ticket again. */
static enum fate reopening(void *arg, const struct http_request *q) {
    struct script *s = arg;
    bool write = !str_is(q->method, "GET");
    if (str_starts(q->url, s->to) && write)
        s->seen = s->seen ? s->seen : 1;
    else if (str_starts(q->url, s->to) && s->seen == 1) {
        s->seen = 2;
        desk_status(s->w, 1, "open");
    }
    return FATE_FINE;
}

static void confirmed_and_overridden_in_one_breath(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .w = w};
    (void)state;
    desk_status(w, 1, "open"); /* as it was read before, so that no read shows a difference */
    settle(w);
    w->fate_of = reopening;
    w->fate_arg = &s;
    desk_comment(w, 1, "It is BUG-1.");
    settle(w);
    assert_int_equal(s.seen, 2);
    assert_status(w, 1, "open");
    assert_int_equal(world_number(w, 0, "SELECT overridden FROM incident"), 1);
    assert_text(world_text(w, "SELECT asserted FROM incident"), "closed-unresolved");
    assert_int_equal(world_number(w, 0, "SELECT count(*) FROM journal WHERE what = 'override' AND actor = 'agent'"), 1);
    assert_text(world_text(w, "SELECT came_back_by FROM incident"), "agent");
    end(w);
}

/* Our value was taken, its answer lost, and a person wrote another before we looked: his stays. */
static void an_unsure_field_that_a_person_changed(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_AFTER};
    (void)state;
    play(w, &s);
    desk_comment(w, 1, "It is BUG-1.");
    while (!effects(w, "state = 'unsure' AND kind = 'field'"))
        run(w, SEC_MS / 20);
    desk_field(w, 1, "Known Error", "ask Bob");
    run(w, 120 * SEC_MS);
    settle(w);
    assert_text(desk_field_of(w, 1, "Known Error"), "ask Bob");
    assert_int_equal(effects(w, "state NOT IN ('done', 'superseded')"), 0);
    end(w);
}

/* ... and where the ticket was merged in between, its note is looked for on the survivor. */
static void an_unsure_note_is_looked_for_on_the_survivor(void **state) {
    struct world *w = mentioned();
    struct script s = {.to = DESK, .at = 1, .fate = FATE_LOST_AFTER};
    (void)state;
    desk_ticket(w, ALICE, "The same", "It is wrong.");
    settle(w);
    play(w, &s);
    desk_field(w, 1, "Defect", "1");
    while (!effects(w, "state = 'unsure' AND kind = 'note'"))
        run(w, SEC_MS / 20);
    (void)world_say(w, w->desk, NULL, "POST", "/sandbox/merge", json_pack("{s:i, s:i}", "from", 1, "into", 2), NULL);
    run(w, 300 * SEC_MS);
    settle(w);
    assert_text(world_text(w, "SELECT state FROM effect WHERE kind = 'note' AND ref = 'helpdesk:1'"), "done");
    end(w);
}

/* ---- forgetting ---- */

static int64_t says(struct world *w, const char *word) {
    return world_number(
        w, -1,
        "SELECT (SELECT count(*) FROM record WHERE instr(title || coalesce(reporter, '') || coalesce(assignee, '') || "
        "fields || native, '%1$s')) + (SELECT count(*) FROM evidence WHERE instr(coalesce(quote, '') || "
        "coalesce(actor, "
        "''), '%1$s')) + (SELECT count(*) FROM rejection WHERE instr(coalesce(actor, ''), '%1$s')) + (SELECT count(*) "
        "FROM journal WHERE instr(text || actor, '%1$s')) + (SELECT count(*) FROM effect WHERE instr(want, '%1$s')) + "
        "(SELECT count(*) FROM attention WHERE instr(text, '%1$s')) + (SELECT count(*) FROM problem WHERE "
        "instr(title || coalesce(decision, ''), '%1$s')) + (SELECT count(*) FROM incident WHERE "
        "instr(coalesce(came_back_by, '') || coalesce(decision, ''), '%1$s')) + (SELECT count(*) FROM search WHERE "
        "instr(title || body, '%1$s'))",
        word);
}

/* A ticket from which a defect was created, with a parked field beside it, and a customer who came back. */
static void what_is_forgotten_is_forgotten_everywhere(void **state) {
    struct world *w = scene(NULL);
    (void)state;
    settle(w);
    refuse_known_error(w);
    desk_ticket(w, "zelda@customer.example", "Zelda cannot log in", "Ask zelda, see BUG-9.");
    settle(w);
    command(w, 200, "defect-new", json_pack("{s:s, s:s}", "ref", "helpdesk:1", "tracker", "product"));
    settle(w);
    desk_reply(w, 1, "zelda@customer.example", "zelda says: still broken, BUG-8");
    settle(w);
    assert_true(says(w, "zelda") + says(w, "Zelda") > 3);
    command(w, 200, "forget", json_pack("{s:s}", "ref", "helpdesk:1"));
    /* the defect holds words of the ticket: it is another record, and forgotten by itself */
    command(w, 200, "forget", json_pack("{s:s}", "ref", "product:1"));
    assert_int_equal(says(w, "zelda"), 0);
    assert_int_equal(says(w, "Zelda"), 0);
    desk_reply(w, 1, "zelda@customer.example", "zelda again, BUG-7");
    desk_field(w, 1, "Defect", "zelda knows, 6");
    settle(w);
    run(w, 60 * SEC_MS);
    assert_int_equal(says(w, "zelda"), 0);
    assert_int_equal(says(w, "Zelda"), 0);
    assert_true(world_number(w, 0, "SELECT count(*) FROM evidence WHERE origin = 'helpdesk:1'") > 2);
    end(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_field_of_three_is_refused),
        cmocka_unit_test(one_is_refused_and_the_answer_is_doubtful),
        cmocka_unit_test(a_look_while_a_field_is_unsure),
        cmocka_unit_test(a_look_while_a_clearing_is_unsure),
        cmocka_unit_test(a_person_takes_it_out_beside_a_parked_one),
        cmocka_unit_test(an_edit_between_read_and_write_is_found),
        cmocka_unit_test(an_edit_before_a_lost_answer_is_found),
        cmocka_unit_test(on_the_other_side_too),
        cmocka_unit_test(a_state_between_read_and_write_is_found),
        cmocka_unit_test(what_was_known_is_not_lost),
        cmocka_unit_test(confirmed_and_overridden_in_one_breath),
        cmocka_unit_test(an_unsure_field_that_a_person_changed),
        cmocka_unit_test(an_unsure_note_is_looked_for_on_the_survivor),
        cmocka_unit_test(what_is_forgotten_is_forgotten_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
