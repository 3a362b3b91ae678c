/* link: evidence and what stands of it, rejections, links, and the counters,
 * compared with counting by hand over random data. */
#include "base.h"

static struct evidence text_of(const char *incident, const char *defect, int64_t problem, msec_t at) {
    return (struct evidence){.incident = incident,
                             .defect = defect,
                             .problem = problem,
                             .origin = "helpdesk:1",
                             .source = "text",
                             .place = "comment 1",
                             .actor = "ada",
                             .at = at,
                             .quote = "BUG-1"};
}

static int standing(struct desk *d, const char *incident) {
    struct evidences all;
    int n = 0;
    store_evidence_of_incident(d->s, d->a, incident, &all);
    for (size_t i = 0; i < all.count; i++)
        n += !all.items[i].rejected;
    return n;
}

static void evidence_comes_back_once(void **state) {
    struct desk *d = *state;
    struct evidence x = text_of("helpdesk:1", "product:1", 0, NOON), y;
    struct evidences all;
    x.suggested = true;
    store_begin(d->s);
    store_evidence_add(d->s, &x, NOON);
    store_evidence_add(d->s, &x, NOON + 5);
    commit(d);
    store_evidence_of_origin(d->s, d->a, "helpdesk:1", &all);
    assert_int_equal(all.count, 1);
    assert_true(store_evidence(d->s, d->a, all.items[0].n, &y));
    assert_string_equal(y.incident, "helpdesk:1");
    assert_string_equal(y.defect, "product:1");
    assert_string_equal(y.origin, "helpdesk:1");
    assert_string_equal(y.source, "text");
    assert_string_equal(y.place, "comment 1");
    assert_string_equal(y.actor, "ada");
    assert_string_equal(y.quote, "BUG-1");
    assert_true(y.suggested && !y.rejected && y.problem == 0 && y.at == NOON);
    store_begin(d->s);
    store_evidence_confirm(d->s, y.n);
    commit(d);
    assert_true(store_evidence(d->s, d->a, y.n, &y) && !y.suggested);
    store_evidence_of_defect(d->s, d->a, "product:1", &all);
    assert_int_equal(all.count, 1);
    store_begin(d->s);
    store_evidence_drop(d->s, y.n);
    commit(d);
    assert_false(store_evidence(d->s, d->a, y.n, &y));
}

/* A pair has two ends, never one, never three. */
static void evidence_is_of_a_pair(void **state) {
    struct desk *d = *state;
    static const struct {
        const char *incident, *defect;
        int problem;
        bool good;
    } cases[] = {{"helpdesk:1", "product:1", 0, true},  {"helpdesk:1", NULL, 1, true},
                 {NULL, "product:1", 1, true},          {"helpdesk:1", NULL, 0, false},
                 {"helpdesk:1", "product:1", 1, false}, {NULL, NULL, 1, false}};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct fault fault = {0};
        struct evidence e = text_of(cases[i].incident, cases[i].defect, cases[i].problem, NOON);
        store_begin(d->s);
        store_evidence_add(d->s, &e, NOON);
        assert_true((store_commit(d->s, &fault) == 0) == cases[i].good);
    }
}

static void a_rejection_stands_against_what_was_there(void **state) {
    struct desk *d = *state;
    struct evidence e = text_of("helpdesk:1", "product:1", 0, NOON),
                    other = text_of("helpdesk:1", "product:2", 0, NOON),
                    elsewhere = text_of("helpdesk:2", "product:1", 0, NOON);
    store_begin(d->s);
    store_evidence_add(d->s, &e, NOON);
    store_evidence_add(d->s, &other, NOON);
    store_evidence_add(d->s, &elsewhere, NOON);
    store_reject(d->s, "helpdesk:1", "product:1", NOON + 5000, "ada");
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 1);
    assert_int_equal(standing(d, "helpdesk:2"), 1);
    /* an older act, found later: it does not come back by itself */
    e.place = "comment 0";
    e.at = NOON - 1000;
    store_begin(d->s);
    store_evidence_add(d->s, &e, NOON + 9000);
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 1);
    /* a new act of a person does */
    e.place = "comment 9";
    e.at = NOON + 8000;
    store_begin(d->s);
    store_evidence_add(d->s, &e, NOON + 9000);
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 2);
    /* until it is rejected again; lifted, all of it stands */
    store_begin(d->s);
    store_reject(d->s, "helpdesk:1", "product:1", NOON + 9000, "ada");
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 1);
    store_begin(d->s);
    store_reject_lift(d->s, "helpdesk:1", "product:1");
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 4);
}

static void a_rejected_problem(void **state) {
    struct desk *d = *state;
    struct evidence i = text_of("helpdesk:1", NULL, 12, NOON), b = text_of(NULL, "product:1", 12, NOON),
                    other = text_of("helpdesk:1", NULL, 1, NOON);
    struct evidences all;
    store_begin(d->s);
    store_evidence_add(d->s, &i, NOON);
    store_evidence_add(d->s, &b, NOON);
    store_evidence_add(d->s, &other, NOON);
    store_reject(d->s, "helpdesk:1", "P-12", NOON + 5000, "ada");
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 1);
    store_evidence_of_defect(d->s, d->a, "product:1", &all);
    assert_false(all.items[0].rejected);
    store_begin(d->s);
    store_reject(d->s, "product:1", "P-12", NOON + 5000, "ada");
    commit(d);
    store_evidence_of_defect(d->s, d->a, "product:1", &all);
    assert_true(all.items[0].rejected);
}

static void evidence_follows_its_problem_and_its_incident(void **state) {
    struct desk *d = *state;
    struct evidence one = text_of("helpdesk:1", NULL, 1, NOON), same = text_of("helpdesk:1", NULL, 2, NOON),
                    defect = text_of("helpdesk:1", "product:1", 0, NOON);
    struct evidences all;
    store_begin(d->s);
    store_evidence_add(d->s, &one, NOON);
    store_evidence_add(d->s, &same, NOON); /* what both have is there once */
    store_evidence_add(d->s, &defect, NOON);
    store_evidence_move_problem(d->s, 1, 2);
    commit(d);
    store_evidence_of_incident(d->s, d->a, "helpdesk:1", &all);
    assert_int_equal(all.count, 2);
    store_begin(d->s);
    store_reject(d->s, "helpdesk:1", "product:1", NOON + 5000, "ada");
    store_incident_merge(d->s, "helpdesk:1", "helpdesk:2");
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 0);
    assert_int_equal(standing(d, "helpdesk:2"), 1); /* with the rejection */
    store_evidence_of_origin(d->s, d->a, "helpdesk:2", &all);
    assert_int_equal(all.count, 0); /* it does not stand there: the survivor's next read withdraws nothing */
    store_evidence_of_incident(d->s, d->a, "helpdesk:2", &all);
    assert_int_equal(all.count, 2);
}

/* What the survivor has on its own is stronger than what the merged one had rejected. */
static void a_merged_rejection_ends_nothing_of_the_survivors(void **state) {
    struct desk *d = *state;
    struct evidence own = text_of("helpdesk:2", "product:1", 0, NOON),
                    old = text_of("helpdesk:1", "product:1", 0, NOON),
                    other = text_of("helpdesk:1", "product:2", 0, NOON);
    struct evidences all;
    old.place = "comment 0";
    store_begin(d->s);
    store_evidence_add(d->s, &own, NOON);
    store_evidence_add(d->s, &old, NOON);
    store_evidence_add(d->s, &other, NOON);
    store_reject(d->s, "helpdesk:1", "product:1", NOON + 5000, "ada");
    store_reject(d->s, "helpdesk:1", "product:2", NOON + 5000, "ada");
    store_incident_merge(d->s, "helpdesk:1", "helpdesk:2");
    commit(d);
    store_evidence_of_incident(d->s, d->a, "helpdesk:2", &all);
    assert_int_equal(all.count, 2); /* what was rejected of the first pair is gone: it must not hold the link later */
    assert_string_equal(all.items[0].place, "comment 1");
    assert_false(all.items[0].rejected);
    assert_string_equal(all.items[1].defect, "product:2");
    assert_true(all.items[1].rejected);
}

static void a_merged_problem_is_rejected_under_its_new_number(void **state) {
    struct desk *d = *state;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    struct evidence e = text_of("helpdesk:1", NULL, 1, NOON), kept = text_of("helpdesk:2", NULL, 1, NOON);
    store_begin(d->s);
    store_problem_new(d->s, &p);
    store_problem_new(d->s, &p);
    store_evidence_add(d->s, &e, NOON);
    store_evidence_add(d->s, &kept, NOON);
    store_reject(d->s, "helpdesk:1", "P-1", NOON + 5000, "ada");
    store_reject(d->s, "helpdesk:2", "P-2", NOON + 5000, "ada");
    store_link_put(d->s,
                   &(struct link_row){.problem = 1, .ref = "helpdesk:2", .kind = "incident", .status = "confirmed"});
    store_evidence_move_problem(d->s, 1, 2);
    commit(d);
    assert_int_equal(standing(d, "helpdesk:1"), 0);
    assert_int_equal(standing(d, "helpdesk:2"), 1); /* its link to one of them is confirmed */
    e = text_of("helpdesk:1", "product:9", 0, NOON + 9000);
    e.n = 99;
    assert_false(store_rejected(d->s, "helpdesk:1", 2, &e)); /* a new act */
    e.at = NOON;
    assert_true(store_rejected(d->s, "helpdesk:1", 2, &e));
    assert_false(store_rejected(d->s, "helpdesk:1", 1, &e));
    assert_false(store_rejected(d->s, "helpdesk:2", 2, &e));
}

/* Of two links the stronger stays, with its time; of equal ones the earlier. */
static void a_moved_link_destroys_none(void **state) {
    static const char *const words[] = {"suggested", "rejected", "confirmed"};
    struct desk *d = *state;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    struct link_row *links;
    store_begin(d->s);
    store_problem_new(d->s, &p);
    store_problem_new(d->s, &p);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            for (int early = 0; early < 2; early++) {
                struct link_row from = {.problem = 1,
                                        .ref = "product:1",
                                        .kind = "defect",
                                        .status = words[i],
                                        .linked_at = early ? 5 : 9,
                                        .automatic = true},
                                to = {.problem = 2,
                                      .ref = "product:1",
                                      .kind = "defect",
                                      .status = words[k],
                                      .linked_at = 7};
                store_link_put(d->s, &from);
                store_link_put(d->s, &to);
                store_link_move(d->s, &from, 2);
                assert_int_equal(store_links_of(d->s, d->a, "product:1", NULL, &links), 1);
                assert_int_equal(links[0].problem, 2);
                assert_string_equal(links[0].status, words[i > k ? i : k]);
                assert_int_equal(links[0].linked_at, i > k ? from.linked_at : i < k ? 7 : early ? 5 : 7);
                assert_int_equal(links[0].automatic, i >= k);
            }
    commit(d);
}

static void links_come_back(void **state) {
    struct desk *d = *state;
    struct problem_row p = {.p.title = "x", .p.created = NOON};
    struct link_row *links;
    store_begin(d->s);
    int64_t one = store_problem_new(d->s, &p), two = store_problem_new(d->s, &p);
    store_link_put(d->s, &(struct link_row){.problem = one,
                                            .ref = "product:1",
                                            .kind = "defect",
                                            .status = "confirmed",
                                            .linked_at = 5,
                                            .automatic = true});
    store_link_put(d->s,
                   &(struct link_row){
                       .problem = two, .ref = "product:1", .kind = "defect", .status = "suggested", .linked_at = 6});
    assert_int_equal(store_links_of(d->s, d->a, "product:1", NULL, &links), 2);
    assert_true(links[0].problem == one && links[0].linked_at == 5 && links[0].automatic &&
                str_is(links[0].kind, "defect") && str_is(links[0].status, "confirmed"));
    assert_int_equal(store_links_of(d->s, d->a, "product:1", "confirmed", &links), 1);
    assert_int_equal(store_shared_defect(d->s, one), 0);
    store_link_put(d->s,
                   &(struct link_row){
                       .problem = two, .ref = "product:1", .kind = "defect", .status = "confirmed", .linked_at = 6});
    assert_int_equal(store_shared_defect(d->s, one), two);
    assert_int_equal(store_links_of_problem(d->s, d->a, two, "incident", NULL, 9, &links), 0);
    assert_int_equal(store_links_of_problem(d->s, d->a, two, "defect", "confirmed", 9, &links), 1);
    store_link_drop(d->s, two, "product:1");
    assert_int_equal(store_links_of_problem(d->s, d->a, two, "defect", NULL, 9, &links), 0);
    commit(d);
}

/* ---- counting ---- */

static uint64_t next(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

#define INCIDENTS 40
#define PROBLEMS  4

struct model {
    struct record_row r[INCIDENTS];
    struct incident_row i[INCIDENTS];
    bool linked[INCIDENTS][PROBLEMS];
    bool behind[PROBLEMS], cancelled[PROBLEMS]; /* the defect stands behind it */
};

static void model_fill(struct desk *d, struct model *m, uint64_t *seed) {
    static const enum state states[] = {STATE_OPEN,     STATE_WAITING, STATE_CLOSED_UNRESOLVED,
                                        STATE_RESOLVED, STATE_CLOSED,  STATE_CLOSED};
    for (int k = 0; k < INCIDENTS; k++) {
        m->r[k] =
            record_of(arena_printf(d->a, "helpdesk:%d", k + 1), KIND_INCIDENT, states[next(seed) % array_size(states)]);
        m->r[k].r.outcome =
            m->r[k].r.state == STATE_CLOSED ? (enum outcome)(1 + next(seed) % (OUTCOME_COUNT - 1)) : OUTCOME_NONE;
        m->r[k].r.presence = next(seed) % 4 ? PRESENT : (enum presence)(next(seed) % PRESENCE_COUNT);
        m->r[k].r.created = (msec_t)(next(seed) % 10);
        m->i[k] = (struct incident_row){.ref = m->r[k].ref,
                                        .verdict = (enum verdict)(next(seed) % VERDICT_COUNT),
                                        .was = (enum verdict)(next(seed) % VERDICT_COUNT),
                                        .delivered_at = next(seed) % 3 ? NOON : 0,
                                        .linked_at = NOON + (msec_t)(next(seed) % 5) * 1000,
                                        .turn = 2,
                                        .came_back_acked = next(seed) % 3 == 0, /* says nothing here */
                                        .recurred_turn = (int)(next(seed) % 5),
                                        .late_acked_turn = (int)(next(seed) % 4)};
        for (int p = 0; p < PROBLEMS; p++)
            m->linked[k][p] = next(seed) % 3 == 0;
    }
    for (int p = 0; p < PROBLEMS; p++) {
        m->behind[p] = next(seed) % 2;
        m->cancelled[p] = next(seed) % 3 == 0;
    }
}

static void model_put(struct desk *d, const struct model *m) {
    struct record_row defect = record_of("product:1", KIND_DEFECT, STATE_OPEN);
    store_begin(d->s);
    store_record_put(d->s, &defect);
    for (int p = 0; p < PROBLEMS; p++) {
        struct problem_row row = {.p = {.title = "x",
                                        .created = NOON,
                                        .resolution = m->cancelled[p] ? RESOLUTION_CANCELLED : RESOLUTION_NONE}};
        assert_int_equal(store_problem_new(d->s, &row), p + 1);
        if (m->behind[p])
            store_link_put(
                d->s,
                &(struct link_row){
                    .problem = p + 1, .ref = "product:1", .kind = "defect", .status = "confirmed", .linked_at = 1});
    }
    for (int k = 0; k < INCIDENTS; k++) {
        store_record_put(d->s, &m->r[k]);
        store_incident_put(d->s, &m->i[k]);
        for (int p = 0; p < PROBLEMS; p++)
            if (m->linked[k][p])
                store_link_put(d->s, &(struct link_row){.problem = p + 1,
                                                        .ref = m->r[k].ref,
                                                        .kind = "incident",
                                                        .status = k % 7 ? "confirmed" : "suggested",
                                                        .linked_at = 1});
    }
    commit(d);
}

/* By hand, with the words of model.h. */
static void count_one(const struct model *m, int k, struct counts *c) {
    const struct record *r = &m->r[k].r;
    const struct incident_row *i = &m->i[k];
    if (r->presence == GONE || r->presence == MERGED || state_counts_nowhere(r->state, r->outcome))
        return;
    c->total++;
    c->open += r->state == STATE_OPEN;
    c->waiting += r->state == STATE_WAITING;
    c->closed_unresolved += state_is_closed_unresolved(r->state, r->outcome);
    c->solved += state_is_solved(r->state, r->outcome);
    c->did_not_hold +=
        i->verdict == VERDICT_PENDING && i->was == VERDICT_DELIVERED && state_is_solved(r->state, r->outcome);
    bool late = i->delivered_at && i->linked_at > i->delivered_at + 2000 && i->late_acked_turn != i->turn;
    c->late += i->verdict == VERDICT_DELIVERED && (late || i->recurred_turn == i->turn);
}

static void assert_counts(const struct counts *got, const struct counts *want) {
    assert_int_equal(got->total, want->total);
    assert_int_equal(got->open, want->open);
    assert_int_equal(got->waiting, want->waiting);
    assert_int_equal(got->closed_unresolved, want->closed_unresolved);
    assert_int_equal(got->solved, want->solved);
    assert_int_equal(got->did_not_hold, want->did_not_hold);
    assert_int_equal(got->late, want->late);
}

static void counters_agree_with_counting(void **state) {
    (void)state;
    uint64_t seed = 4711;
    for (int round = 0; round < 30; round++) {
        void *mine;
        desk_open(&mine);
        struct desk *d = mine;
        struct model *m = arena_make(d->a, struct model);
        struct counts got, want;
        model_fill(d, m, &seed);
        model_put(d, m);
        for (int p = 0; p < PROBLEMS; p++) {
            want = (struct counts){0};
            for (int k = 0; k < INCIDENTS; k++)
                if (m->linked[k][p] && k % 7)
                    count_one(m, k, &want);
            store_counts_problem(d->s, p + 1, &got);
            assert_counts(&got, &want);
        }
        want = (struct counts){0};
        for (int k = 0; k < INCIDENTS; k++) { /* once each, through however many problems */
            bool counts = false;
            for (int p = 0; p < PROBLEMS; p++)
                counts |= m->linked[k][p] && k % 7 && m->behind[p] && !m->cancelled[p];
            if (counts)
                count_one(m, k, &want);
        }
        store_counts_defect(d->s, "product:1", &got);
        assert_counts(&got, &want);
        const char **refs, **urls;
        size_t n = store_incidents_of_defect(d->s, d->a, "product:1", 1000, &refs, &urls);
        assert_int_equal(n, want.total);
        for (size_t i = 1; i < n; i++) /* the newest first */
            assert_true(m->r[atoi(strchr(refs[i - 1], ':') + 1) - 1].r.created >=
                        m->r[atoi(strchr(refs[i], ':') + 1) - 1].r.created);
        desk_close(&mine);
    }
}

static void mirrored_values_come_back(void **state) {
    struct desk *d = *state;
    struct value_row v;
    store_begin(d->s);
    assert_false(store_value(d->s, d->a, "helpdesk:1", "problem", &v));
    store_value_put(d->s, "helpdesk:1", "problem", &(struct value_row){.computed = "P-1", .revision = 1});
    assert_true(store_value(d->s, d->a, "helpdesk:1", "problem", &v));
    assert_null(v.written);
    store_value_put(d->s, "helpdesk:1", "problem",
                    &(struct value_row){.computed = "", .revision = 2, .written = "P-1", .written_at = 7});
    commit(d);
    assert_true(store_value(d->s, d->a, "helpdesk:1", "problem", &v));
    assert_string_equal(v.computed, "");
    assert_string_equal(v.written, "P-1");
    assert_true(v.revision == 2 && v.written_at == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(evidence_comes_back_once),
        TEST(evidence_is_of_a_pair),
        TEST(a_rejection_stands_against_what_was_there),
        TEST(a_rejected_problem),
        TEST(evidence_follows_its_problem_and_its_incident),
        TEST(a_merged_rejection_ends_nothing_of_the_survivors),
        TEST(a_merged_problem_is_rejected_under_its_new_number),
        TEST(a_moved_link_destroys_none),
        TEST(links_come_back),
        cmocka_unit_test(counters_agree_with_counting),
        TEST(mirrored_values_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
