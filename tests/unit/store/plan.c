/* plan: what is asked for each record of an import costs the same however many there are. Told by the steps that
 * SQLite's machine made for all statements of the store. */
#include "base.h"

static sqlite3 *opened; /* the store's own connection: only it has the statements */

static int note_connection(sqlite3 *db, const char **error, const void *api) {
    (void)error;
    (void)api;
    if (!opened)
        opened = db;
    return SQLITE_OK;
}

static int plan_open(void **state) {
    opened = NULL;
    sqlite3_auto_extension((void (*)(void))note_connection);
    int rc = desk_open(state);
    sqlite3_reset_auto_extension();
    return rc;
}

static int64_t steps(void) {
    int64_t n = 0;
    for (sqlite3_stmt *q = sqlite3_next_stmt(opened, NULL); q; q = sqlite3_next_stmt(opened, q))
        n += sqlite3_stmt_status(q, SQLITE_STMTSTATUS_VM_STEP, 0);
    return n;
}

static void merged_into(struct desk *d) {
    const char **refs;
    assert_int_equal(store_merged_into(d->s, d->a, "helpdesk", "1", &refs), 0);
}

static void duplicating(struct desk *d) {
    int64_t *ids;
    assert_int_equal(store_problems_duplicating(d->s, d->a, 1, &ids), 0);
}

static void shared_defect(struct desk *d) {
    assert_int_equal(store_shared_defect(d->s, 1), 0);
}

static void lookups(struct desk *d) {
    struct lookup_row *rows;
    assert_int_equal(store_lookups(d->s, d->a, "helpdesk", NOON, 4, &rows), 4);
}

static void lookup_next(struct desk *d) {
    assert_int_equal(store_lookup_next(d->s, "helpdesk"), NOON);
}

static void lookups_left(struct desk *d) {
    assert_true(store_lookups_changed_any(d->s, "helpdesk"));
}

static void (*const asked[])(struct desk *d) = {merged_into, duplicating, shared_defect,
                                                lookups,     lookup_next, lookups_left};

/* So many incidents, of a problem and a defect each, that are still to be read whole. */
static void grow(struct desk *d, int from, int to) {
    store_begin(d->s);
    for (int i = from; i < to; i++) {
        const char *incident = arena_printf(d->a, "helpdesk:%d", i), *defect = arena_printf(d->a, "product:%d", i);
        struct record_row x = record_of(incident, KIND_INCIDENT, STATE_OPEN),
                          y = record_of(defect, KIND_DEFECT, STATE_OPEN);
        struct problem_row p = {.p = {.title = "A problem", .created = NOON}};
        store_record_put(d->s, &x);
        store_record_put(d->s, &y);
        int64_t problem = store_problem_new(d->s, &p);
        for (int k = 0; k < 2; k++)
            store_link_put(d->s, &(struct link_row){.problem = problem,
                                                    .ref = k ? defect : incident,
                                                    .kind = k ? "defect" : "incident",
                                                    .status = "confirmed",
                                                    .linked_at = 1});
        store_lookup_add(d->s, &(struct lookup_row){.ref = incident, .hash = 7}, NOON);
    }
    commit(d);
}

static int64_t cost(struct desk *d, size_t i) {
    asked[i](d); /* prepared, with what statistics it may gather */
    int64_t before = steps();
    asked[i](d);
    return steps() - before;
}

static void ten_times_as_many_cost_the_same(void **state) {
    struct desk *d = *state;
    int64_t few[array_size(asked)];
    grow(d, 1, 101);
    for (size_t i = 0; i < array_size(asked); i++)
        few[i] = cost(d, i);
    grow(d, 101, 1001);
    size_t dearer = 0;
    for (size_t i = 0; i < array_size(asked); i++) {
        int64_t many = cost(d, i);
        if (few[i] > 0 && many <= few[i] + 20)
            continue;
        print_error("question %zu: %lld steps among 100, %lld among 1000\n", i, (long long)few[i], (long long)many);
        dearer++;
    }
    assert_int_equal(dearer, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_times_as_many_cost_the_same, plan_open, desk_close)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
