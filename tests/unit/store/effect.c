/* effect: the outbox. What the schema forbids whoever asks; keys; sending in
 * order; unsure; superseded; adopted; batches and the brake. */
#include "base.h"

static const char *const states[] = {"pending", "in-flight", "unsure", "done", "superseded", "parked"};

/* Brings a fresh effect into that state by allowed moves. */
static int64_t effect_in(struct desk *d, const char *key, enum effect_state state, bool adopted) {
    static const enum effect_state ways[EFFECT_STATE_COUNT][3] = {[EFFECT_PENDING] = {EFFECT_PENDING},
                                                                  [EFFECT_IN_FLIGHT] = {EFFECT_IN_FLIGHT},
                                                                  [EFFECT_UNSURE] = {EFFECT_IN_FLIGHT, EFFECT_UNSURE},
                                                                  [EFFECT_DONE] = {EFFECT_IN_FLIGHT, EFFECT_DONE},
                                                                  [EFFECT_SUPERSEDED] = {EFFECT_SUPERSEDED},
                                                                  [EFFECT_PARKED] = {EFFECT_PARKED}};
    struct effect_row x = {
        .e = {.ref = "helpdesk:1", .kind = EFFECT_STATE, .key = key, .want = json_object(), .created = NOON},
        .adopted = adopted};
    store_begin(d->s);
    int64_t n = store_effect_add(d->s, &x, false);
    json_decref(x.e.want);
    for (int i = 0; i < 3 && state != EFFECT_PENDING && (i == 0 || ways[state][i] != EFFECT_PENDING); i++)
        store_effect_move(d->s, n, ways[state][i], NULL, NULL, NOON);
    commit(d);
    return n;
}

/* All 36 moves, and adopted or not: the trigger and the table in C are of one mind. */
static void only_allowed_moves(void **state) {
    struct desk *d = *state;
    for (int adopted = 0; adopted < 2; adopted++)
        for (int from = 0; from < EFFECT_STATE_COUNT; from++)
            for (int to = 0; to < EFFECT_STATE_COUNT; to++) {
                const char *key = arena_printf(d->a, "k-%d-%d-%d", adopted, from, to);
                int64_t n = effect_in(d, key, (enum effect_state)from, adopted);
                struct fault fault = {0};
                store_begin(d->s);
                store_effect_move(d->s, n, (enum effect_state)to, NULL, NULL, NOON);
                bool taken = store_commit(d->s, &fault) == 0;
                bool may = from == to || effect_state_may((enum effect_state)from, (enum effect_state)to);
                if (from == EFFECT_SUPERSEDED && to == EFFECT_PENDING) /* what was adopted may count as new */
                    may = adopted;
                if (taken != may)
                    print_error("%s -> %s%s: %s\n", states[from], states[to], adopted ? " (adopted)" : "",
                                taken ? "taken" : fault.text);
                assert_int_equal(taken, may);
            }
}

static void nothing_is_deleted_or_made_anew(void **state) {
    struct desk *d = *state;
    int64_t n = effect_in(d, "k", EFFECT_PENDING, false);
    assert_non_null(strstr(say(d, "DELETE FROM effect"), "law 9"));
    assert_non_null(strstr(say(d, "UPDATE effect SET key = 'other'"), "keeps its key"));
    assert_non_null(strstr(say(d, "UPDATE effect SET ref = 'helpdesk:2'"), "keeps its key"));
    assert_non_null(strstr(say(d, "UPDATE effect SET kind = 'note'"), "keeps its key"));
    assert_non_null(strstr(say(d, "INSERT INTO effect (ref, kind, key, want, state, reason, created) VALUES ('a:1', "
                                  "'state', 'x', '{}', 'in-flight', '', 1)"),
                           "begins pending"));
    store_begin(d->s);
    store_journal(d->s, NOON,
                  &(struct journal_entry){.actor = "bridge", .what = "seen", .ref = "helpdesk:1", .text = "x"});
    commit(d);
    assert_non_null(strstr(say(d, "DELETE FROM journal"), "append-only"));
    assert_int_equal(number(d, "SELECT count(*) FROM effect"), 1);
    assert_true(n > 0);
}

static void a_key_is_entered_once(void **state) {
    struct desk *d = *state;
    struct effect_row x;
    store_begin(d->s);
    int64_t n =
        effect(d, "helpdesk:1", EFFECT_STATE, "state:helpdesk:1:1", json_pack("{s:s}", "state", "resolved"), 1, 0);
    assert_true(n > 0);
    assert_int_equal(
        effect(d, "helpdesk:1", EFFECT_STATE, "state:helpdesk:1:1", json_pack("{s:s}", "state", "open"), 9, 0), 0);
    assert_true(store_effect_by_key(d->s, d->a, "state:helpdesk:1:1", &x));
    assert_int_equal(x.e.n, n);
    assert_int_equal(x.e.turn, 1);
    assert_string_equal(json_text(x.e.want, "state"), "resolved");
    assert_false(store_effect_by_key(d->s, d->a, "state:helpdesk:1:2", &x));
    commit(d);
}

static void every_column_comes_back(void **state) {
    struct desk *d = *state;
    struct effect_row x = {.e = {.ref = "helpdesk:1",
                                 .kind = EFFECT_NOTE,
                                 .key = "note:helpdesk:1:fixed:3",
                                 .want = json_pack("{s:s, s:i}", "note", "fixed", "revision", 4),
                                 .from = json_pack("[s, s]", "open", "waiting"),
                                 .reason = "it is \"fixed\"",
                                 .problem = 12,
                                 .turn = 3,
                                 .decision = 77,
                                 .created = NOON,
                                 .not_before = NOON + 5},
                           .adopted = true,
                           .marker = "abc123"},
                      y;
    store_begin(d->s);
    x.e.batch = store_batch_new(d->s, 12, "a release", NOON);
    int64_t n = store_effect_add(d->s, &x, false);
    store_effect_move(d->s, n, EFFECT_IN_FLIGHT, NULL, NULL, NOON + 10);
    store_effect_move(d->s, n, EFFECT_UNSURE, "no answer", "echo-1", NOON + 20);
    store_effect_alive(d->s, n, NOON + 15);
    store_effect_looked(d->s, n, 2);
    commit(d);
    reopen(d);
    assert_true(store_effect_by_marker(d->s, d->a, "abc123", &y));
    assert_int_equal(y.e.n, n);
    assert_string_equal(y.e.ref, "helpdesk:1");
    assert_int_equal(y.e.kind, EFFECT_NOTE);
    assert_string_equal(y.e.key, x.e.key);
    assert_true(json_equal(y.e.want, x.e.want) && json_equal(y.e.from, x.e.from));
    assert_string_equal(y.e.reason, x.e.reason);
    assert_int_equal(y.e.problem, 12);
    assert_int_equal(y.e.turn, 3);
    assert_int_equal(y.e.batch, x.e.batch);
    assert_int_equal(y.e.decision, 77);
    assert_int_equal(y.e.attempts, 1);
    assert_string_equal(y.e.error, "no answer");
    assert_string_equal(y.e.echo, "echo-1");
    assert_int_equal(y.e.created, NOON);
    assert_int_equal(y.e.not_before, NOON + 5);
    assert_int_equal(y.e.sent, NOON + 10);
    assert_int_equal(y.e.settled, 0);
    assert_true(y.adopted && y.held);
    assert_int_equal(y.looks, 2);
    assert_int_equal(y.alive, NOON + 15);
    store_begin(d->s);
    store_effect_move(d->s, n, EFFECT_DONE, NULL, NULL, NOON + 30);
    commit(d);
    assert_true(store_effect(d->s, d->a, n, &y));
    assert_null(y.e.error); /* done has nothing to say */
    assert_string_equal(y.e.echo, "echo-1");
    assert_int_equal(y.e.settled, NOON + 30);
    json_decref(x.e.want);
    json_decref(x.e.from);
}

static void a_death_in_flight_is_unsure(void **state) {
    struct desk *d = *state;
    struct effect_row x;
    int64_t flying = effect_in(d, "a", EFFECT_IN_FLIGHT, false), unsure = effect_in(d, "b", EFFECT_UNSURE, false),
            waiting = effect_in(d, "c", EFFECT_PENDING, false);
    store_begin(d->s);
    store_effect_looked(d->s, unsure, 1);
    assert_int_equal(store_in_flight_unsure(d->s, NOON + 99), 1);
    commit(d);
    assert_true(store_effect(d->s, d->a, flying, &x));
    assert_int_equal(x.e.state, EFFECT_UNSURE);
    assert_int_equal(x.alive, NOON + 99); /* it may have left just before the end */
    assert_true(store_effect(d->s, d->a, unsure, &x));
    assert_int_equal(x.looks, 0);
    assert_true(store_effect(d->s, d->a, waiting, &x));
    assert_int_equal(x.e.state, EFFECT_PENDING);
}

static size_t sendable(struct desk *d, msec_t now) {
    const char **refs;
    return store_refs_sendable(d->s, d->a, "helpdesk", now, 10, &refs);
}

static void what_may_leave(void **state) {
    struct desk *d = *state;
    const char **refs;
    struct batch_row *braked;
    store_begin(d->s);
    int64_t second = effect(d, "helpdesk:2", EFFECT_NOTE, "a", json_object(), 0, 0);
    (void)effect(d, "helpdesk:10", EFFECT_STATE, "b", json_object(), 0, 0);
    (void)effect(d, "helpdesk2:1", EFFECT_STATE, "c", json_object(), 0, 0); /* another tracker */
    int64_t batch = store_batch_new(d->s, 1, "many", NOON);
    (void)effect(d, "helpdesk:3", EFFECT_STATE, "d", json_object(), 0, batch);
    commit(d);
    assert_int_equal(store_refs_sendable(d->s, d->a, "helpdesk", NOON, 10, &refs), 2);
    assert_string_equal(refs[0], "helpdesk:2"); /* the oldest first */
    store_begin(d->s);
    store_effect_later(d->s, second, NOON + 100, "later");
    assert_int_equal(store_batches_close(d->s, d->a, 500, &braked), 0);
    commit(d);
    assert_int_equal(sendable(d, NOON), 2); /* :3 was released, :2 waits */
    assert_int_equal(store_next_sendable(d->s, "helpdesk", NOON), NOON + 100);
    assert_int_equal(sendable(d, NOON + 100), 3);
    assert_int_equal(store_next_sendable(d->s, "helpdesk", NOON + 100), 0);
}

static void what_is_on_its_way_behind_a_problem(void **state) {
    struct desk *d = *state;
    struct batch_row *braked;
    store_begin(d->s);
    int64_t held = store_batch_new(d->s, 1, "many", NOON), done;
    for (int i = 0; i < 4; i++)
        (void)effect(d, "helpdesk:1", EFFECT_STATE, arena_printf(d->a, "held%d", i), json_object(), i, held);
    assert_int_equal(store_batches_close(d->s, d->a, 3, &braked), 1);
    for (int i = 0; i < 5; i++)
        done = effect(d, "helpdesk:2", EFFECT_NOTE, arena_printf(d->a, "note%d", i), json_object(), 0, 0);
    store_effect_move(d->s, done, EFFECT_SUPERSEDED, "over", NULL, NOON);
    commit(d);
    assert_string_equal(say(d, "UPDATE effect SET problem = 1"), "");
    assert_int_equal(store_effects_leaving(d->s, 1, 100), 4);
    assert_int_equal(store_effects_leaving(d->s, 1, 3), 3);
    assert_int_equal(store_effects_leaving(d->s, 2, 100), 0);
}

static void values_that_wait_leave_sooner(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    int64_t tried = effect(d, "product:1", EFFECT_FIELD, "a", json_object(), 0, 0),
            waits = effect(d, "product:1", EFFECT_FIELD, "b", json_object(), 0, 0),
            note = effect(d, "product:1", EFFECT_NOTE, "c", json_object(), 0, 0);
    store_effect_move(d->s, tried, EFFECT_IN_FLIGHT, NULL, NULL, NOON);
    store_effect_move(d->s, tried, EFFECT_PENDING, NULL, NULL, NOON);
    store_effect_later(d->s, tried, NOON + 30000, "no answer");
    store_effect_later(d->s, waits, NOON + 30000, NULL);
    store_effect_later(d->s, note, NOON + 30000, NULL);
    store_field_sooner(d->s, "product:1", NOON + 2000);
    assert_int_equal(store_field_leaves(d->s, "product:1"), NOON + 2000);
    store_field_sooner(d->s, "product:1", NOON + 9000); /* never later */
    assert_int_equal(store_field_leaves(d->s, "product:1"), NOON + 2000);
    commit(d);
    assert_int_equal(number(d, "SELECT count(*) FROM effect WHERE not_before > 0 AND not_before = 1767268830000"), 2);
}

/* A record with something unsure is not to be touched before it may be looked for. */
static void unsure_holds_its_record(void **state) {
    struct desk *d = *state;
    int64_t n = effect_in(d, "a", EFFECT_UNSURE, false);
    store_begin(d->s);
    store_effect_later(d->s, n, NOON + 1000, NULL);
    (void)effect(d, "helpdesk:1", EFFECT_NOTE, "b", json_object(), 0, 0);
    commit(d);
    assert_int_equal(sendable(d, NOON), 0);
    assert_int_equal(store_next_sendable(d->s, "helpdesk", NOON), NOON + 1000);
    assert_int_equal(sendable(d, NOON + 1000), 1);
}

static enum effect_state state_of(struct desk *d, int64_t n) {
    struct effect_row x;
    assert_true(store_effect(d->s, d->a, n, &x));
    return x.e.state;
}

static void an_older_turn_gives_way(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    int64_t old = effect(d, "helpdesk:1", EFFECT_STATE, "a", json_object(), 1, 0),
            now = effect(d, "helpdesk:1", EFFECT_NOTE, "b", json_object(), 2, 0),
            field = effect(d, "helpdesk:1", EFFECT_FIELD, "c", json_pack("{s:s}", "field", "problem"), 0, 0),
            gone = effect(d, "helpdesk:1", EFFECT_NOTE, "d", json_object(), 1, 0),
            other = effect(d, "helpdesk:2", EFFECT_NOTE, "e", json_object(), 1, 0),
            parked = effect(d, "helpdesk:1", EFFECT_STATE, "f", json_object(), 1, 0);
    store_effect_move(d->s, gone, EFFECT_IN_FLIGHT, NULL, NULL, NOON);
    store_effect_move(d->s, parked, EFFECT_PARKED, "refused", NULL, NOON);
    assert_int_equal(store_supersede_turn(d->s, "helpdesk:1", 2, "over", NOON), 2);
    commit(d);
    assert_int_equal(state_of(d, old), EFFECT_SUPERSEDED);
    assert_int_equal(state_of(d, parked), EFFECT_SUPERSEDED);
    assert_int_equal(state_of(d, now), EFFECT_PENDING);
    assert_int_equal(state_of(d, field), EFFECT_PENDING);
    assert_int_equal(state_of(d, gone), EFFECT_IN_FLIGHT); /* it has left */
    assert_int_equal(state_of(d, other), EFFECT_PENDING);
    store_begin(d->s);
    assert_int_equal(store_supersede_field(d->s, "helpdesk:1", "problem", NOON), 1);
    assert_int_equal(store_supersede_field(d->s, "helpdesk:1", "defect", NOON), 0);
    commit(d);
    assert_int_equal(state_of(d, field), EFFECT_SUPERSEDED);
}

static void a_merged_records_parked_ones_leave_the_list(void **state) {
    struct desk *d = *state;
    int64_t parked = effect_in(d, "a", EFFECT_PARKED, false), unsure = effect_in(d, "b", EFFECT_UNSURE, false);
    store_begin(d->s);
    store_attention_set(d->s,
                        &(struct attention_item){.kind = "parked",
                                                 .subject = arena_printf(d->a, "effect:%lld", (long long)parked),
                                                 .text = "no",
                                                 .who = "x",
                                                 .clear = "y"},
                        NOON);
    store_effects_merge(d->s, "helpdesk:1", "merged", NOON);
    commit(d);
    assert_int_equal(state_of(d, parked), EFFECT_SUPERSEDED);
    assert_int_equal(state_of(d, unsure), EFFECT_UNSURE); /* still has to be looked for */
    assert_int_equal(number(d, "SELECT count(*) FROM attention"), 0);
}

static void adopted_may_count_as_new(void **state) {
    struct desk *d = *state;
    struct effect_row x = {.e = {.ref = "helpdesk:1",
                                 .kind = EFFECT_STATE,
                                 .key = "s1",
                                 .want = json_pack("{s:s}", "state", "resolved"),
                                 .turn = 1,
                                 .created = NOON},
                           .adopted = true};
    struct record_row r = record_of("helpdesk:1", KIND_INCIDENT, STATE_OPEN);
    struct incident_row i = {.ref = "helpdesk:1", .turn = 2, .adopted_turn = 2, .adopted_open = true};
    store_begin(d->s);
    store_record_put(d->s, &r);
    store_incident_put(d->s, &i);
    int64_t old = store_effect_add(d->s, &x, true);
    x.e.key = "s2";
    x.e.turn = 2;
    int64_t now = store_effect_add(d->s, &x, true);
    x.e.key = "s3";
    x.adopted = false;
    int64_t own = store_effect_add(d->s, &x, true); /* superseded for another reason */
    json_t *counts = store_adopted_counts(d->s);
    assert_int_equal(json_int(counts, "state resolved", 0), 1);
    json_decref(counts);
    assert_int_equal(store_adopted_release(d->s, 0), 1);
    commit(d);
    assert_int_equal(state_of(d, old), EFFECT_SUPERSEDED); /* its turn is over */
    assert_int_equal(state_of(d, now), EFFECT_PENDING);
    assert_int_equal(state_of(d, own), EFFECT_SUPERSEDED);
    assert_true(store_incident(d->s, d->a, "helpdesk:1", &i));
    assert_int_equal(i.adopted_turn, -1);
    assert_false(i.adopted_open);
    json_decref(x.e.want);
}

static void a_told_revision_is_remembered(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    assert_int_equal(store_told_revision(d->s, "helpdesk:1", 12), 0);
    for (int i = 1; i <= 3; i++) {
        struct effect_row x = {.e = {.ref = "helpdesk:1",
                                     .kind = EFFECT_NOTE,
                                     .key = arena_printf(d->a, "n%d", i),
                                     .want = json_pack("{s:i}", "revision", i == 2 ? 7 : i),
                                     .problem = i == 3 ? 13 : 12,
                                     .created = NOON}};
        (void)store_effect_add(d->s, &x, false);
        json_decref(x.e.want);
    }
    assert_int_equal(store_told_revision(d->s, "helpdesk:1", 12), 7);
    assert_int_equal(store_told_revision(d->s, "helpdesk:1", 13), 3);
    assert_int_equal(store_told_revision(d->s, "helpdesk:2", 12), 0);
    commit(d);
}

static json_t *note(const char *visibility) {
    return json_pack("{s:s, s:s}", "note", "fixed", "visibility", visibility);
}

static void the_brake_counts_people_and_moves(void **state) {
    struct desk *d = *state;
    struct batch_row *braked, b;
    store_begin(d->s);
    int64_t quiet = store_batch_new(d->s, 1, "few", NOON), loud = store_batch_new(d->s, 2, "many", NOON),
            later = store_batch_new(d->s, 3, "not yet", NOON);
    for (int i = 1; i <= 4; i++) {
        const char *ref = arena_printf(d->a, "helpdesk:%d", i);
        (void)effect(d, ref, EFFECT_NOTE, arena_printf(d->a, "q%d", i), note("internal"), 1, quiet);
        (void)effect(d, ref, EFFECT_NOTE, arena_printf(d->a, "l%d", i), note("public"), 1, loud);
        (void)effect(d, ref, EFFECT_NOTE, arena_printf(d->a, "m%d", i), note("public"), 1, loud); /* the same people */
        (void)effect(d, ref, EFFECT_STATE, arena_printf(d->a, "s%d", i), json_object(), 1, later);
    }
    store_due(d->s, KIND_INCIDENT, "helpdesk:9", later, false, "not decided yet");
    assert_int_equal(store_batches_close(d->s, d->a, 3, &braked), 1);
    assert_int_equal(braked[0].id, loud);
    assert_int_equal(braked[0].tells, 4);
    assert_int_equal(braked[0].moves, 0);
    commit(d);
    assert_int_equal(sendable(d, NOON), 4); /* the quiet ones */
    assert_int_equal(number(d, "SELECT count(*) FROM batch WHERE state = 'gathering'"), 1);
    store_begin(d->s);
    assert_false(store_batch_release(d->s, quiet));
    assert_true(store_batch_release(d->s, loud));
    assert_false(store_batch_release(d->s, loud));
    assert_true(store_batch(d->s, d->a, loud, &b));
    assert_int_equal(b.tells, 4);
    struct due_row *due;
    assert_int_equal(due_take(d, 10, &due), 1);
    assert_int_equal(store_batches_close(d->s, d->a, 3, &braked), 1);
    assert_int_equal(braked[0].moves, 4);
    commit(d);
}

static void exactly_the_brake_passes(void **state) {
    struct desk *d = *state;
    struct batch_row *braked;
    store_begin(d->s);
    int64_t batch = store_batch_new(d->s, 1, "as many as may", NOON);
    for (int i = 1; i <= 3; i++)
        (void)effect(d, arena_printf(d->a, "helpdesk:%d", i), EFFECT_STATE, arena_printf(d->a, "s%d", i), json_object(),
                     1, batch);
    assert_int_equal(store_batches_close(d->s, d->a, 3, &braked), 0);
    commit(d);
    assert_int_equal(sendable(d, NOON), 3);
}

static void merged_problems_keys_count_for_the_other(void **state) {
    struct desk *d = *state;
    struct effect_row x = {.e = {.ref = "helpdesk:1",
                                 .kind = EFFECT_NOTE,
                                 .key = "note:helpdesk:1:known-error:P-1",
                                 .want = json_object(),
                                 .problem = 1,
                                 .created = NOON}};
    store_begin(d->s);
    (void)store_effect_add(d->s, &x, false);
    x.e.key = "note:helpdesk:1:workaround:P-1:2";
    (void)store_effect_add(d->s, &x, false);
    x.e.key = "note:helpdesk:1:workaround:P-12:2"; /* not P-1 */
    x.e.problem = 12;
    (void)store_effect_add(d->s, &x, false);
    store_keys_copy(d->s, d->a, 1, 5, NULL, NOON);
    commit(d);
    assert_int_equal(number(d, "SELECT count(*) FROM effect WHERE problem = 5 AND state = 'superseded'"), 2);
    assert_int_equal(number(d, "SELECT count(*) FROM effect WHERE key = 'note:helpdesk:1:known-error:P-5'"), 1);
    assert_int_equal(number(d, "SELECT count(*) FROM effect WHERE key = 'note:helpdesk:1:workaround:P-5:2'"), 1);
    json_decref(x.e.want);
}

static json_t *note_want(const char *kind) {
    return json_pack("{s:s, s:i}", "note", kind, "revision", 3);
}

static bool is_spent(struct desk *d, const char *key, int turn) {
    struct effect_row x;
    return store_effect_by_key(d->s, d->a, key, &x) && x.e.turn == turn;
}

static void keys_of_a_merged_record(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    int64_t told = effect(d, "helpdesk:1", EFFECT_NOTE, "note:helpdesk:1:declined:4", note_want("declined"), 4, 0);
    store_effect_move(d->s, told, EFFECT_IN_FLIGHT, NULL, NULL, NOON);
    store_effect_move(d->s, told, EFFECT_UNSURE, NULL, NULL, NOON);
    int64_t moved = effect(d, "helpdesk:1", EFFECT_STATE, "state:helpdesk:1:4", json_object(), 4, 0);
    store_effect_move(d->s, moved, EFFECT_IN_FLIGHT, NULL, NULL, NOON);
    store_effect_move(d->s, moved, EFFECT_DONE, NULL, NULL, NOON);
    effect(d, "helpdesk:1", EFFECT_NOTE, "note:helpdesk:1:known-error:P-1", note_want("known-error"), 4, 0);
    effect(d, "helpdesk:11", EFFECT_STATE, "state:helpdesk:11:4", json_object(), 4, 0);
    store_keys_merge(d->s, "helpdesk:1", "helpdesk:2", NOON);
    store_keys_merge(d->s, "helpdesk:1", "helpdesk:2", NOON);
    commit(d);
    assert_true(is_spent(d, "note:helpdesk:2:declined:4", 4));
    assert_true(is_spent(d, "state:helpdesk:2:4", 4));
    assert_false(is_spent(d, "note:helpdesk:2:known-error:P-1", 4)); /* it never left */
    assert_int_equal(number(d, "SELECT count(*) FROM effect WHERE ref = 'helpdesk:2'"), 2);
    assert_int_equal(number(d, "SELECT count(*) FROM effect WHERE ref = 'helpdesk:2' AND state <> 'superseded'"), 0);
}

static void keys_of_a_raised_turn(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    effect(d, "helpdesk:2", EFFECT_NOTE, "note:helpdesk:2:declined:1", note_want("declined"), 1, 0);
    effect(d, "helpdesk:2", EFFECT_NOTE, "note:helpdesk:2:workaround:P-7:1", note_want("workaround"), 1, 0);
    effect(d, "helpdesk:2", EFFECT_STATE, "state:helpdesk:2:1", json_object(), 1, 0);
    effect(d, "helpdesk:2", EFFECT_FIELD, "field:helpdesk:2:defect:1", json_object(), 1, 0);
    store_keys_raise(d->s, "helpdesk:2", 1, 14, NOON);
    commit(d);
    assert_true(is_spent(d, "note:helpdesk:2:declined:14", 14));
    assert_true(is_spent(d, "state:helpdesk:2:14", 14));
    assert_false(is_spent(d, "note:helpdesk:2:workaround:P-7:14", 14)); /* that 1 is a revision */
    assert_int_equal(number(d, "SELECT count(*) FROM effect"), 6);
    assert_int_equal(number(d, "SELECT count(*) FROM effect WHERE state = 'pending' AND turn = 14"),
                     3); /* still to leave */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(only_allowed_moves),
        TEST(nothing_is_deleted_or_made_anew),
        TEST(a_key_is_entered_once),
        TEST(every_column_comes_back),
        TEST(a_death_in_flight_is_unsure),
        TEST(what_may_leave),
        TEST(what_is_on_its_way_behind_a_problem),
        TEST(values_that_wait_leave_sooner),
        TEST(unsure_holds_its_record),
        TEST(an_older_turn_gives_way),
        TEST(a_merged_records_parked_ones_leave_the_list),
        TEST(adopted_may_count_as_new),
        TEST(a_told_revision_is_remembered),
        TEST(the_brake_counts_people_and_moves),
        TEST(exactly_the_brake_passes),
        TEST(merged_problems_keys_count_for_the_other),
        TEST(keys_of_a_merged_record),
        TEST(keys_of_a_raised_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
