/* due: what has to be decided, when again; lookups; attention; quarantine. */
#include "base.h"

static void what_is_due_is_taken_once_problems_first(void **state) {
    struct desk *d = *state;
    struct due_row *due;
    store_begin(d->s);
    assert_false(store_due_any(d->s, NULL));
    store_due(d->s, KIND_DEFECT, "product:1", 0, true, "x");
    store_due(d->s, KIND_INCIDENT, "helpdesk:1", 3, true, "first");
    store_due(d->s, KIND_INCIDENT, "helpdesk:1", 7, false, "second");
    store_due_problem(d->s, 12, true, "y");
    commit(d);
    assert_true(store_due_any(d->s, NULL));
    store_begin(d->s);
    assert_int_equal(due_take(d, 2, &due), 2);
    assert_true(due[0].kind == KIND_PROBLEM && str_is(due[0].id, "12") && due[0].adopt);
    assert_true(due[1].kind == KIND_INCIDENT && due[1].batch == 7 && !due[1].adopt); /* one that is new makes it new */
    store_rollback(d->s);
    store_begin(d->s);
    assert_int_equal(due_take(d, 10, &due), 3); /* what was not decided is due still */
    commit(d);
    assert_false(store_due_any(d->s, NULL));
}

/* A tracker that joins keeps what it holds waiting, and what is linked with it; nothing else. */
static void what_is_blocked_stays_due(void **state) {
    static const char *const refs[] = {"helpdesk:1", "third:1", "helpdesk:2", "product:1", "helpdesk:3", "third:2"};
    struct desk *d = *state;
    struct due_row *due;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    store_begin(d->s);
    for (int i = 0; i < 6; i += 2) {
        int64_t id = store_problem_new(d->s, &p);
        for (int k = i; k < i + 2; k++)
            store_link_put(d->s, &(struct link_row){.problem = id,
                                                    .ref = refs[k],
                                                    .kind = k % 2 ? "defect" : "incident",
                                                    .status = k == 5 ? "suggested" : "confirmed",
                                                    .linked_at = 1});
        store_due_problem(d->s, id, false, "x");
        store_due(d->s, KIND_INCIDENT, refs[i], 0, false, "x");
        store_due(d->s, KIND_DEFECT, refs[i + 1], 0, false, "x");
    }
    store_due(d->s, KIND_DEFECT, "thirdly:1", 0, false, "x");
    assert_int_equal(due_take_but(d, 20, "[\"third\"]", &due), 6);
    for (int i = 0; i < 6; i++)
        assert_false(str_is(due[i].id, "helpdesk:1") || str_starts(due[i].id, "third:") || str_is(due[i].id, "1"));
    assert_true(store_due_any(d->s, NULL));
    assert_false(store_due_any(d->s, "[\"third\"]"));
    assert_true(store_due_any(d->s, "[\"product\"]"));
    assert_int_equal(due_take_but(d, 20, "[\"product\"]", &due), 4);
    assert_false(store_due_any(d->s, NULL));
    commit(d);
}

static void all_incidents_of_a_problem(void **state) {
    struct desk *d = *state;
    struct due_row *due;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    store_begin(d->s);
    int64_t id = store_problem_new(d->s, &p);
    for (int i = 1; i <= 3; i++)
        store_link_put(d->s, &(struct link_row){.problem = id,
                                                .ref = arena_printf(d->a, "helpdesk:%d", i),
                                                .kind = "incident",
                                                .status = i == 2 ? "suggested" : "confirmed",
                                                .linked_at = 1});
    store_due_incidents_of(d->s, id, 9, false, "x");
    assert_int_equal(due_take(d, 10, &due), 2);
    assert_int_equal(due[0].batch, 9);
    commit(d);
}

/* An incident's adoption is its own: no word about its problem makes it news, nor history. */
static void a_problem_says_nothing_of_adoption(void **state) {
    struct desk *d = *state;
    struct due_row *due;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    store_begin(d->s);
    int64_t id = store_problem_new(d->s, &p);
    for (int i = 1; i <= 2; i++)
        store_link_put(d->s, &(struct link_row){.problem = id,
                                                .ref = arena_printf(d->a, "helpdesk:%d", i),
                                                .kind = "incident",
                                                .status = "confirmed",
                                                .linked_at = 1});
    store_due(d->s, KIND_INCIDENT, "helpdesk:1", 0, true, "a reload");
    store_due(d->s, KIND_INCIDENT, "helpdesk:2", 0, false, "a person");
    assert_true(store_due_adopted(d->s));
    store_due_incidents_of(d->s, id, 9, false, "its problem moved");
    store_due_incidents_of(d->s, id, 9, true, "its problem moved");
    assert_int_equal(due_take(d, 10, &due), 2);
    assert_true(str_is(due[0].id, "helpdesk:1") && due[0].adopt && due[0].batch == 9);
    assert_true(str_is(due[1].id, "helpdesk:2") && !due[1].adopt && due[1].batch == 9);
    assert_false(store_due_adopted(d->s));
    commit(d);
}

static void due_all(struct desk *d, int64_t batch, bool adopt) {
    static const enum kind kinds[] = {KIND_PROBLEM, KIND_INCIDENT, KIND_DEFECT};
    for (size_t i = 0; i < array_size(kinds); i++) {
        char after[100] = "";
        while (store_due_page(d->s, kinds[i], after, sizeof(after), 2, batch, adopt, "all"))
            ;
    }
}

/* Each page goes on where the last one ended; numbers are numbers. */
static void all_are_due_by_pages(void **state) {
    struct desk *d = *state;
    struct due_row *due;
    store_begin(d->s);
    for (int i = 1; i <= 11; i++) {
        struct record_row r = record_of(arena_printf(d->a, "helpdesk:%d", i), KIND_INCIDENT, STATE_OPEN);
        store_record_put(d->s, &r);
        store_incident_put(d->s, &(struct incident_row){.ref = r.ref});
        store_problem_new(d->s, &(struct problem_row){.p = {.title = "x"}});
    }
    due_all(d, 0, true);
    assert_int_equal(due_take(d, 100, &due), 22);
    commit(d);
}

/* All is due: what was adopted already counts as new where all shall; and waits for the batch's yes. */
static void all_is_due_in_a_batch(void **state) {
    struct desk *d = *state;
    struct due_row *due;
    struct record_row r = record_of("helpdesk:1", KIND_INCIDENT, STATE_OPEN);
    store_begin(d->s);
    store_record_put(d->s, &r);
    store_incident_put(d->s, &(struct incident_row){.ref = "helpdesk:1"});
    due_all(d, 0, true);
    due_all(d, 5, false);
    assert_int_equal(due_take(d, 10, &due), 1);
    assert_true(!due[0].adopt && due[0].batch == 5);
    store_due(d->s, KIND_INCIDENT, "helpdesk:1", 0, false, "it moved");
    due_all(d, 0, true);
    assert_int_equal(due_take(d, 10, &due), 1);
    assert_false(due[0].adopt);
    commit(d);
}

static void timers_ripen(void **state) {
    struct desk *d = *state;
    struct due_row *due;
    store_begin(d->s);
    store_again(d->s, KIND_INCIDENT, "helpdesk:1", NOON + 10);
    store_again(d->s, KIND_INCIDENT, "helpdesk:2", NOON + 20);
    store_again(d->s, KIND_PROBLEM, "3", NOON + 5);
    store_again(d->s, KIND_PROBLEM, "3", 0);
    commit(d);
    assert_int_equal(store_again_ripe(d->s, NOON), NOON + 10);
    assert_false(store_due_any(d->s, NULL));
    assert_int_equal(store_again_ripe(d->s, NOON + 10), NOON + 20);
    store_begin(d->s);
    assert_int_equal(due_take(d, 10, &due), 1);
    commit(d);
    assert_int_equal(store_again_ripe(d->s, NOON + 30), 0);
}

static size_t waiting(struct desk *d, msec_t now) {
    struct lookup_row *rows;
    return store_lookups(d->s, d->a, "helpdesk", now, 10, &rows);
}

static void lookups_wait_their_turn(void **state) {
    struct desk *d = *state;
    struct lookup_row *rows;
    store_begin(d->s);
    store_lookup_add(d->s, &(struct lookup_row){.ref = "helpdesk:1", .adopt = true}, NOON + 100);
    store_lookup_add(d->s, &(struct lookup_row){.ref = "helpdesk:1"}, NOON); /* a second reference hurries nobody */
    assert_int_equal(waiting(d, NOON), 0);
    assert_int_equal(store_lookup_next(d->s, "helpdesk"), NOON + 100);
    store_lookup_add(d->s, &(struct lookup_row){.ref = "helpdesk:1", .hash = 5}, NOON); /* a change does */
    assert_int_equal(store_lookups(d->s, d->a, "helpdesk", NOON, 10, &rows), 1);
    assert_true(rows[0].hash == 5 && rows[0].tries == 0 && !rows[0].adopt);
    assert_true(store_lookup_waits(d->s, "helpdesk:1", 5) && !store_lookup_waits(d->s, "helpdesk:1", 6));
    assert_int_equal(store_lookups_changed(d->s, "helpdesk"), 1);
    store_lookup_later(d->s, "helpdesk:1", NOON + 50, "no answer");
    assert_int_equal(waiting(d, NOON), 0);
    assert_int_equal(store_lookups(d->s, d->a, "helpdesk", NOON + 50, 10, &rows), 1);
    assert_int_equal(rows[0].tries, 1);
    store_lookup_add(d->s, &(struct lookup_row){.ref = "helpdesk:1", .hash = 6},
                     NOON); /* it changed while it was read */
    store_lookup_done(d->s, "helpdesk:1", 5);
    assert_int_equal(waiting(d, NOON), 1);
    store_lookup_done(d->s, "helpdesk:1", 6);
    assert_int_equal(waiting(d, NOON + 1000), 0);
    commit(d);
}

static void attend(struct desk *d, const char *kinds, const char *kind, const char *text, msec_t now) {
    struct attention_item item = {.kind = kind, .subject = "P-1", .text = text, .who = "manager", .clear = "do it"};
    store_begin(d->s);
    store_attention_sync(d->s, "P-1", kinds, &item, kind ? 1 : 0, now);
    commit(d);
}

static void attention_keeps_its_since(void **state) {
    struct desk *d = *state;
    attend(d, "mixed nobody-works", "nobody-works", "nobody", NOON);
    attend(d, "mixed nobody-works", "nobody-works", "still nobody", NOON + 5);
    assert_int_equal(number(d, "SELECT since FROM attention"), NOON);
    assert_int_equal(number(d, "SELECT count(*) FROM attention WHERE text = 'still nobody'"), 1);
    attend(d, "did-not-hold works", NULL, NULL, NOON + 6); /* another's kinds; part of a name is no name */
    assert_int_equal(number(d, "SELECT count(*) FROM attention"), 1);
    attend(d, "mixed nobody-works", "mixed", "some", NOON + 7);
    assert_int_equal(number(d, "SELECT count(*) FROM attention WHERE kind = 'mixed'"), 1);
    assert_int_equal(number(d, "SELECT count(*) FROM attention"), 1);
    store_begin(d->s);
    store_attention_clear(d->s, "mixed", "P-2");
    store_attention_clear(d->s, "mixed", "P-1");
    commit(d);
    assert_int_equal(number(d, "SELECT count(*) FROM attention"), 0);
}

/* Nothing changed is no write: an idle bridge leaves the disk alone. */
static void the_same_attention_is_no_change(void **state) {
    struct desk *d = *state;
    attend(d, "mixed", "mixed", "some", NOON);
    int64_t before = store_changes(d->s);
    attend(d, "mixed", "mixed", "some", NOON + 5);
    assert_int_equal(store_changes(d->s), before);
}

static void quarantine_is_lifted(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    store_quarantine(d->s, "helpdesk", "1", "no date", NOON);
    store_quarantine(d->s, "helpdesk", "1", "no date at all", NOON + 5);
    commit(d);
    assert_int_equal(number(d, "SELECT since FROM quarantine WHERE why = 'no date at all'"), NOON);
    store_begin(d->s);
    store_quarantine(d->s, "helpdesk", "1", NULL, 0);
    commit(d);
    assert_int_equal(number(d, "SELECT count(*) FROM quarantine"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_due_is_taken_once_problems_first),
        TEST(what_is_blocked_stays_due),
        TEST(all_incidents_of_a_problem),
        TEST(a_problem_says_nothing_of_adoption),
        TEST(all_are_due_by_pages),
        TEST(all_is_due_in_a_batch),
        TEST(timers_ripen),
        TEST(lookups_wait_their_turn),
        TEST(attention_keeps_its_since),
        TEST(the_same_attention_is_no_change),
        TEST(quarantine_is_lifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
