/* record: what is put in comes out again, every column of every table of
 * records; versions, sweeps, duplicates. */
#include "base.h"

static void a_record_comes_back_whole(void **state) {
    struct desk *d = *state;
    struct record_row x = {.ref = "helpdesk:4711",
                           .r = {.tracker = "helpdesk",
                                 .id = "4711",
                                 .kind = KIND_INCIDENT,
                                 .title = "It's \"broken\" \xc3\xbc",
                                 .url = "http://desk.example/4711",
                                 .native_state = "closed-unresolved",
                                 .native_resolution = "Known Error",
                                 .state = STATE_CLOSED,
                                 .outcome = OUTCOME_WORKAROUND,
                                 .presence = FORBIDDEN,
                                 .merged_into = "12",
                                 .service = "Billing",
                                 .priority = "high",
                                 .reporter = "alice",
                                 .assignee = "ada",
                                 .version = "1.1",
                                 .version_closed = true,
                                 .created = 1,
                                 .updated = 2,
                                 .hash = 0xfedcba9876543210ULL,
                                 .fields = json_pack("{s:s, s:n}", "defect", "56", "problem"),
                                 .native = json_pack("{s:s}", "Impact", "high"),
                                 .allowed = "open,resolved"},
                           .duplicate_of = "helpdesk:1",
                           .outcome_set = "wont-fix",
                           .state_at = 3,
                           .version_at = 4,
                           .first_seen = 5,
                           .last_seen = 6,
                           .detailed_at = 7,
                           .missing_looks = 1,
                           .excluded = true},
                      y;
    store_begin(d->s);
    store_record_put(d->s, &x);
    commit(d);
    reopen(d);
    assert_true(store_record(d->s, d->a, x.ref, &y));
    const char *const *texts[][2] = {{&x.ref, &y.ref},
                                     {&x.r.tracker, &y.r.tracker},
                                     {&x.r.id, &y.r.id},
                                     {&x.r.title, &y.r.title},
                                     {&x.r.url, &y.r.url},
                                     {&x.r.native_state, &y.r.native_state},
                                     {&x.r.native_resolution, &y.r.native_resolution},
                                     {&x.r.merged_into, &y.r.merged_into},
                                     {&x.r.service, &y.r.service},
                                     {&x.r.priority, &y.r.priority},
                                     {&x.r.reporter, &y.r.reporter},
                                     {&x.r.assignee, &y.r.assignee},
                                     {&x.r.version, &y.r.version},
                                     {&x.r.allowed, &y.r.allowed},
                                     {&x.duplicate_of, &y.duplicate_of},
                                     {&x.outcome_set, &y.outcome_set}};
    for (size_t i = 0; i < array_size(texts); i++)
        assert_string_equal(*texts[i][1], *texts[i][0]);
    assert_true(y.r.kind == x.r.kind && y.r.state == x.r.state && y.r.outcome == x.r.outcome &&
                y.r.presence == x.r.presence);
    assert_true(y.r.version_closed && y.excluded);
    assert_true(y.r.created == 1 && y.r.updated == 2 && y.r.hash == x.r.hash);
    assert_true(y.state_at == 3 && y.version_at == 4 && y.first_seen == 5 && y.last_seen == 6 && y.detailed_at == 7 &&
                y.missing_looks == 1);
    assert_true(json_equal(y.r.fields, x.r.fields) && json_equal(y.r.native, x.r.native));
    assert_false(store_record(d->s, d->a, "helpdesk:4712", &y));
    json_decref(x.r.fields);
    json_decref(x.r.native);
}

/* What is unknown stays unknown, and is not an empty text. */
static void nothing_comes_back_as_nothing(void **state) {
    struct desk *d = *state;
    struct record_row x = record_of("product:1", KIND_DEFECT, STATE_OPEN), y;
    store_begin(d->s);
    store_record_put(d->s, &x);
    commit(d);
    assert_true(store_record(d->s, d->a, "product:1", &y));
    assert_null(y.r.url);
    assert_null(y.r.service);
    assert_null(y.r.version);
    assert_null(y.r.allowed);
    assert_null(y.duplicate_of);
    assert_null(y.outcome_set);
    assert_int_equal(y.r.outcome, OUTCOME_NONE);
    assert_int_equal(json_object_size(y.r.fields), 0);
}

static void every_state_and_outcome_has_a_word(void **state) {
    struct desk *d = *state;
    struct record_row y;
    for (int s = STATE_NONE; s < STATE_COUNT; s++)
        for (int o = OUTCOME_NONE; o < OUTCOME_COUNT; o++) {
            struct record_row x = record_of("product:1", KIND_DEFECT, (enum state)s);
            x.r.outcome = (enum outcome)o;
            x.r.presence = (enum presence)((s + o) % PRESENCE_COUNT);
            store_begin(d->s);
            store_record_put(d->s, &x);
            commit(d);
            assert_true(store_record(d->s, d->a, "product:1", &y));
            assert_true(y.r.state == x.r.state && y.r.outcome == x.r.outcome && y.r.presence == x.r.presence);
        }
}

static void an_unchanged_element_is_known(void **state) {
    struct desk *d = *state;
    struct record_row x = record_of("product:1", KIND_DEFECT, STATE_OPEN);
    x.r.hash = 0x8000000000000001ULL;
    store_begin(d->s);
    store_record_put(d->s, &x);
    commit(d);
    assert_true(store_record_unchanged(d->s, "product:1", x.r.hash));
    assert_false(store_record_unchanged(d->s, "product:1", 1));
    assert_false(store_record_unchanged(d->s, "product:2", x.r.hash));
    x.r.presence = GONE; /* the same bytes after an absence are news */
    store_begin(d->s);
    store_record_put(d->s, &x);
    commit(d);
    assert_false(store_record_unchanged(d->s, "product:1", x.r.hash));
}

static void an_incident_comes_back_whole(void **state) {
    struct desk *d = *state;
    struct record_row r = record_of("helpdesk:1", KIND_INCIDENT, STATE_OPEN);
    struct incident_row x = {.ref = "helpdesk:1",
                             .verdict = VERDICT_DECLINED,
                             .was = VERDICT_DELIVERED,
                             .turn = 7,
                             .adopted_turn = 5,
                             .quiet_turn = 4,
                             .asserted_turn = 6,
                             .turn_at = 11,
                             .linked_at = 12,
                             .delivered_at = 13,
                             .asserted_at = 14,
                             .came_back_at = 15,
                             .policy = "{\"a\":1}",
                             .asserted = STATE_CLOSED_UNRESOLVED,
                             .outcome = OUTCOME_WONT_FIX,
                             .outcome_set = "invalid",
                             .outcome_reason = "because",
                             .came_back_by = "alice",
                             .decision = "{}"},
                        y;
    bool *flags[] = {&x.was_linked, &x.adopted_open, &x.ignored, &x.overridden, &x.own_reopen, &x.came_back_acked};
    const bool *got[] = {&y.was_linked, &y.adopted_open, &y.ignored, &y.overridden, &y.own_reopen, &y.came_back_acked};
    for (unsigned bits = 0; bits < 1u << array_size(flags); bits++) { /* each flag in its own column */
        for (size_t i = 0; i < array_size(flags); i++)
            *flags[i] = bits >> i & 1;
        store_begin(d->s);
        store_record_put(d->s, &r);
        store_incident_put(d->s, &x);
        commit(d);
        assert_true(store_incident(d->s, d->a, "helpdesk:1", &y));
        for (size_t i = 0; i < array_size(flags); i++)
            assert_true(*got[i] == *flags[i]);
    }
    assert_true(y.verdict == x.verdict && y.was == x.was && y.turn == 7 && y.adopted_turn == 5 && y.quiet_turn == 4 &&
                y.asserted_turn == 6);
    assert_true(y.turn_at == 11 && y.linked_at == 12 && y.delivered_at == 13 && y.asserted_at == 14 &&
                y.came_back_at == 15);
    assert_true(y.asserted == x.asserted && y.outcome == x.outcome);
    assert_string_equal(y.policy, x.policy);
    assert_string_equal(y.outcome_set, "invalid");
    assert_string_equal(y.outcome_reason, "because");
    assert_string_equal(y.came_back_by, "alice");
    assert_string_equal(y.decision, "{}");
    x.asserted = STATE_NONE;
    store_begin(d->s);
    store_incident_put(d->s, &x);
    commit(d);
    assert_true(store_incident(d->s, d->a, "helpdesk:1", &y) && y.asserted == STATE_NONE);
}

static void a_problem_comes_back_whole(void **state) {
    struct desk *d = *state;
    struct problem_row x = {.p = {.known_error = true,
                                  .title = "t1",
                                  .symptom = "t2",
                                  .error_code = "t3",
                                  .service = "t4",
                                  .items = "t5",
                                  .product = "t6",
                                  .version = "t7",
                                  .impact = 1,
                                  .urgency = 2,
                                  .priority = "t8",
                                  .owner = "t9",
                                  .group = "t10",
                                  .proactive = true,
                                  .cause = "t11",
                                  .cause_at = 21,
                                  .workaround = "t12",
                                  .workaround_at = 22,
                                  .customer_text = "t13",
                                  .published_text = "t14",
                                  .revision = 3,
                                  .confirmed_at = 23,
                                  .solution = "t15",
                                  .fixed_in = "t16",
                                  .resolution = RESOLUTION_RISK_ACCEPTED,
                                  .reason = "t17",
                                  .accepted_by = "t18",
                                  .review = 24,
                                  .duplicate_of = 25,
                                  .change_request = "t19",
                                  .analysis_target = 26,
                                  .created = 27,
                                  .known = 28,
                                  .closed = 29,
                                  .resolved_at = 30,
                                  .reopened = true,
                                  .delivery = DELIVERY_MIXED,
                                  .serial = 31},
                            .status = KE_DIAGNOSED,
                            .delivered_at = 32,
                            .automatic = true,
                            .declined_acked = 33,
                            .fingerprint = 34,
                            .decision = "t20"},
                       y;
    store_begin(d->s);
    int64_t id = store_problem_new(d->s, &x);
    commit(d);
    reopen(d);
    assert_int_equal(id, 1);
    assert_true(store_problem(d->s, d->a, id, &y));
    const char *const texts[] = {y.p.title,    y.p.symptom,    y.p.error_code,    y.p.service,        y.p.items,
                                 y.p.product,  y.p.version,    y.p.priority,      y.p.owner,          y.p.group,
                                 y.p.cause,    y.p.workaround, y.p.customer_text, y.p.published_text, y.p.solution,
                                 y.p.fixed_in, y.p.reason,     y.p.accepted_by,   y.p.change_request, y.decision};
    for (size_t i = 0; i < array_size(texts); i++)
        assert_string_equal(texts[i], arena_printf(d->a, "t%zu", i + 1));
    assert_true(y.p.id == 1 && y.p.known_error && y.p.proactive && y.p.reopened && y.automatic);
    assert_true(y.p.impact == 1 && y.p.urgency == 2 && y.p.cause_at == 21 && y.p.workaround_at == 22 &&
                y.p.revision == 3 && y.p.confirmed_at == 23);
    assert_true(y.p.resolution == RESOLUTION_RISK_ACCEPTED && y.p.review == 24 && y.p.duplicate_of == 25 &&
                y.p.analysis_target == 26);
    assert_true(y.p.created == 27 && y.p.known == 28 && y.p.closed == 29 && y.p.resolved_at == 30 &&
                y.p.delivery == DELIVERY_MIXED && y.p.serial == 31);
    assert_true(y.status == KE_DIAGNOSED && y.delivered_at == 32 && y.declined_acked == 33 && y.fingerprint == 34);
    assert_false(store_problem(d->s, d->a, 2, &y));
}

/* The number of an emptied problem is never used again. */
static void a_problems_number_is_used_once(void **state) {
    struct desk *d = *state;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    store_begin(d->s);
    assert_int_equal(store_problem_new(d->s, &p), 1);
    assert_int_equal(store_problem_new(d->s, &p), 2);
    commit(d);
    assert_string_equal(say(d, "DELETE FROM problem WHERE id = 2"), "");
    store_begin(d->s);
    assert_int_equal(store_problem_new(d->s, &p), 3);
    store_problem_text(d->s, 3, 1, "text", NOON, "ada");
    p.p.id = 1;
    p.p.duplicate_of = 3;
    store_problem_put(d->s, &p);
    int64_t *duplicates;
    assert_int_equal(store_problems_duplicating(d->s, d->a, 3, &duplicates), 1);
    assert_int_equal(duplicates[0], 1);
    commit(d);
}

static void a_tracker_comes_back_whole(void **state) {
    struct desk *d = *state;
    struct tracker_row x = {.name = "helpdesk",
                            .cursor = "{\"t\":1}",
                            .import = "running",
                            .error = "e",
                            .stopped = "s",
                            .sweep_at = "helpdesk:9",
                            .versions = "{}",
                            .import_began = 1,
                            .clock_offset = -2,
                            .last_poll = 3,
                            .last_ok = 4,
                            .last_change = 5,
                            .error_since = 6,
                            .sweep_began = 7,
                            .imported = 8,
                            .paused = true},
                       y;
    store_begin(d->s);
    store_tracker_ensure(d->s, "helpdesk", "rt", "ticketing", "http://old.example");
    assert_false(store_imports_done(d->s));
    store_tracker_put(d->s, &x);
    store_tracker_ensure(d->s, "helpdesk", "rt", "ticketing", "http://desk.example"); /* moves nothing else */
    commit(d);
    assert_true(store_tracker(d->s, d->a, "helpdesk", &y));
    assert_string_equal(y.url, "http://desk.example");
    assert_string_equal(y.cursor, x.cursor);
    assert_string_equal(y.import, "running");
    assert_string_equal(y.error, "e");
    assert_string_equal(y.stopped, "s");
    assert_string_equal(y.sweep_at, "helpdesk:9");
    assert_string_equal(y.versions, "{}");
    assert_true(y.import_began == 1 && y.clock_offset == -2 && y.last_poll == 3 && y.last_ok == 4 &&
                y.last_change == 5);
    assert_true(y.error_since == 6 && y.sweep_began == 7 && y.imported == 8 && y.paused);
}

static void put_defect(struct desk *d, const char *ref, enum state state, const char *version,
                       const char *duplicate_of) {
    struct record_row x = record_of(ref, KIND_DEFECT, state);
    x.r.version = version;
    x.duplicate_of = duplicate_of;
    store_record_put(d->s, &x);
}

static void a_closed_version_tells_whom_it_moves(void **state) {
    struct desk *d = *state;
    const char **refs;
    struct record_row r;
    store_begin(d->s);
    put_defect(d, "product:1", STATE_FIXED, "1.1", NULL);
    put_defect(d, "product:2", STATE_FIXED, "1.2", NULL);
    put_defect(d, "product:3", STATE_FIXED, NULL, NULL);
    assert_int_equal(store_versions_apply(d->s, d->a, "product", "1.1", true, NOON, &refs), 1);
    assert_string_equal(refs[0], "product:1");
    assert_int_equal(store_versions_apply(d->s, d->a, "product", "1.1", true, NOON + 9, &refs), 0);
    assert_true(store_record(d->s, d->a, "product:1", &r) && r.r.version_closed && r.version_at == NOON);
    assert_int_equal(store_versions_apply(d->s, d->a, "product", "1.1", false, NOON + 9, &refs), 1);
    assert_true(store_record(d->s, d->a, "product:1", &r) && !r.r.version_closed && r.version_at == 0);
    commit(d);
}

static void duplicates_are_found_through_chains_and_loops(void **state) {
    struct desk *d = *state;
    const char **refs;
    store_begin(d->s);
    put_defect(d, "product:1", STATE_OPEN, NULL, NULL);
    put_defect(d, "product:2", STATE_CLOSED, NULL, "product:1");
    put_defect(d, "product:3", STATE_CLOSED, NULL, "product:2");
    put_defect(d, "product:4", STATE_CLOSED, NULL, "product:5");
    put_defect(d, "product:5", STATE_CLOSED, NULL, "product:4");
    assert_int_equal(store_duplicates_of(d->s, d->a, "product:1", &refs), 2);
    assert_string_equal(refs[0], "product:2");
    assert_string_equal(refs[1], "product:3");
    assert_int_equal(store_duplicates_of(d->s, d->a, "product:4", &refs), 1); /* itself is none */
    assert_int_equal(store_duplicates_of(d->s, d->a, "product:3", &refs), 0);
    commit(d);
}

static void the_sweep_goes_over_what_matters(void **state) {
    struct desk *d = *state;
    const char **refs;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    struct record_row gone = record_of("product:4", KIND_DEFECT, STATE_OPEN);
    gone.r.presence = GONE;
    store_begin(d->s);
    put_defect(d, "product:1", STATE_OPEN, NULL, NULL); /* linked */
    put_defect(d, "product:2", STATE_OPEN, NULL, NULL); /* of no interest */
    put_defect(d, "product:3", STATE_OPEN, NULL, NULL); /* its duplicate counts */
    put_defect(d, "product:5", STATE_CLOSED, NULL, "product:3");
    store_record_put(d->s, &gone);
    store_link_put(d->s, &(struct link_row){.problem = store_problem_new(d->s, &p),
                                            .ref = "product:1",
                                            .kind = "defect",
                                            .status = "confirmed",
                                            .linked_at = 1});
    assert_int_equal(store_sweep_refs(d->s, d->a, "product", "", 10, &refs), 4);
    assert_int_equal(store_sweep_refs(d->s, d->a, "product", "product:3", 1, &refs), 1);
    assert_string_equal(refs[0], "product:4");
    assert_int_equal(store_sweep_refs(d->s, d->a, "helpdesk", "", 10, &refs), 0);
    commit(d);
}

static void forgetting_blanks_persons_and_texts(void **state) {
    struct desk *d = *state;
    struct record_row x = record_of("helpdesk:1", KIND_INCIDENT, STATE_OPEN), y;
    x.r.title = "Secret of Alice";
    x.r.reporter = "alice";
    store_begin(d->s);
    store_record_put(d->s, &x);
    store_evidence_add(d->s,
                       &(struct evidence){.incident = "helpdesk:1",
                                          .defect = "product:1",
                                          .source = "text",
                                          .actor = "alice",
                                          .at = 1,
                                          .quote = "Secret of Alice"},
                       NOON);
    store_journal(
        d->s, NOON,
        &(struct journal_entry){.actor = "alice", .what = "seen", .ref = "helpdesk:1", .text = "Secret of Alice"});
    store_record_blank(d->s, "helpdesk:1", NOON);
    commit(d);
    assert_true(store_record(d->s, d->a, "helpdesk:1", &y));
    assert_string_equal(y.r.title, "");
    assert_null(y.r.reporter);
    assert_int_equal(number(d, "SELECT count(*) FROM journal WHERE text LIKE '%Alice%' OR actor = 'alice'"), 0);
    assert_int_equal(number(d, "SELECT count(*) FROM evidence WHERE quote IS NOT NULL OR actor IS NOT NULL"), 0);
    assert_int_equal(number(d, "SELECT count(*) FROM search WHERE search MATCH 'secret'"), 0);
    assert_int_equal(y.r.state, STATE_OPEN); /* the structure stays */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_record_comes_back_whole),
        TEST(nothing_comes_back_as_nothing),
        TEST(every_state_and_outcome_has_a_word),
        TEST(an_unchanged_element_is_known),
        TEST(an_incident_comes_back_whole),
        TEST(a_problem_comes_back_whole),
        TEST(a_problems_number_is_used_once),
        TEST(a_tracker_comes_back_whole),
        TEST(a_closed_version_tells_whom_it_moves),
        TEST(duplicates_are_found_through_chains_and_loops),
        TEST(the_sweep_goes_over_what_matters),
        TEST(forgetting_blanks_persons_and_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
