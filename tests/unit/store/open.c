/* open: beginnings, transactions with sticky errors, a full disk, other people's files. */
#include "base.h"

#include "../../../src/store/db.h"
#include "schema.h" /* made from src/store/schema.sql */
#include <sys/stat.h>

static void an_error_sticks_until_the_end(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    store_begin(d->s);
    store_meta_set(d->s, "kept", "no");
    db_run(d->s, "INSERT INTO no_such_table VALUES (1)", "");
    assert_true(store_failed(d->s));
    store_meta_set(d->s, "after", "no");
    assert_null(store_meta(d->s, d->a, "kept")); /* reads nothing either */
    assert_int_equal(effect(d, "helpdesk:1", EFFECT_STATE, "k", json_object(), 1, 0), 0);
    assert_true(store_commit(d->s, &fault) < 0);
    assert_string_not_equal(fault.text, "");
    assert_false(store_failed(d->s));
    assert_null(store_meta(d->s, d->a, "kept"));
    store_begin(d->s);
    store_meta_set(d->s, "kept", "yes");
    commit(d);
    assert_string_equal(store_meta(d->s, d->a, "kept"), "yes");
}

static void a_full_disk_loses_nothing(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    char *text = arena_alloc(d->a, 100001);
    memset(text, 'x', 100000);
    store_begin(d->s);
    store_meta_set(d->s, "before", "there");
    commit(d);
    int64_t pages = db_number(d->s, 0, "PRAGMA page_count", "");
    db_run(d->s, arena_printf(d->a, "PRAGMA max_page_count=%lld", (long long)pages), "");
    store_begin(d->s);
    store_meta_set(d->s, "small", "x");
    store_meta_set(d->s, "big", text);
    assert_int_equal(store_commit(d->s, &fault), -ENOSPC);
    assert_non_null(strstr(fault.text, "disk is full"));
    assert_null(store_meta(d->s, d->a, "small"));
    assert_string_equal(store_meta(d->s, d->a, "before"), "there");
    db_run(d->s, "PRAGMA max_page_count=1000000", "");
    store_begin(d->s);
    store_meta_set(d->s, "big", text);
    commit(d);
    assert_string_equal(store_meta(d->s, d->a, "big"), text);
}

static void rolled_back_is_never_seen(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    store_begin(d->s); /* once more is the same one */
    store_meta_set(d->s, "k", "v");
    store_rollback(d->s);
    assert_null(store_meta(d->s, d->a, "k"));
    assert_int_equal(number(d, "SELECT count(*) FROM meta WHERE key = 'k'"), 0);
}

static void what_is_committed_outlives_the_process(void **state) {
    struct desk *d = *state;
    store_begin(d->s);
    store_meta_set(d->s, "k", "v");
    commit(d);
    int64_t changes = store_changes(d->s);
    store_begin(d->s);
    store_meta_set(d->s, "k", "v"); /* the same value is no change */
    commit(d);
    assert_int_equal(store_changes(d->s), changes);
    reopen(d);
    assert_string_equal(store_meta(d->s, d->a, "k"), "v");
}

static int open_with(struct desk *d, const char *name, const char *sql, const char *bytes, struct fault *fault) {
    char path[160];
    struct store *s = NULL;
    snprintf(path, sizeof(path), "%s/%s", d->folder, name);
    if (bytes) {
        FILE *f = fopen(path, "wb");
        fputs(bytes, f);
        fclose(f);
    } else {
        sqlite3 *db;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
    }
    *fault = (struct fault){0};
    int rc = store_open(path, &s, fault);
    store_close(s);
    return rc;
}

static void other_peoples_files_are_refused(void **state) {
    struct desk *d = *state;
    struct fault f;
    assert_int_equal(open_with(d, "foreign.db", "CREATE TABLE t (x); PRAGMA application_id=7", NULL, &f), -EINVAL);
    assert_non_null(strstr(f.text, "another application"));
    assert_int_equal(open_with(d, "newer.db",
                               "CREATE TABLE t (x); PRAGMA application_id=0x42617363; PRAGMA user_version=99", NULL,
                               &f),
                     -EINVAL);
    assert_non_null(strstr(f.text, "newer bascule"));
    assert_true(open_with(d, "text.db", NULL,
                          "This is a letter to a friend, which is long enough to be a header of a database file, and "
                          "then some more.\n",
                          &f) < 0);
    assert_non_null(strstr(f.text, "not an SQLite database"));
    struct store *s = NULL;
    f = (struct fault){0};
    assert_true(store_open("/no/such/folder/t.db", &s, &f) < 0);
    assert_non_null(strstr(f.text, "/no/such/folder/t.db"));
}

static void two_services_are_one_too_many(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    struct store *second = NULL;
    assert_true(store_open(d->path, &second, &fault) < 0);
    assert_non_null(strstr(fault.text, "second bascule"));
    assert_null(second);
    store_begin(d->s); /* the first one goes on */
    store_meta_set(d->s, "k", "v");
    commit(d);
    d->s = store_close(d->s);
    assert_int_equal(store_open(d->path, &d->s, &fault), 0);
}

static void a_second_writer_has_to_wait(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    store_begin(d->s);
    store_meta_set(d->s, "first", "x");
    assert_string_not_equal(say(d, "INSERT INTO meta VALUES ('second', 'x')"), "");
    commit(d);
    assert_string_equal(say(d, "BEGIN IMMEDIATE; INSERT INTO meta VALUES ('second', 'x')"), "");
    db_run(d->s, "PRAGMA busy_timeout=10", "");
    store_begin(d->s);
    store_meta_set(d->s, "third", "x");
    assert_int_equal(store_commit(d->s, &fault), -EBUSY);
    assert_non_null(strstr(fault.text, "second bascule"));
    assert_string_equal(say(d, "ROLLBACK"), "");
}

static void a_reader_sees_and_cannot_write(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    sqlite3 *r = NULL;
    store_begin(d->s);
    store_meta_set(d->s, "k", "v");
    commit(d);
    assert_int_equal(store_open_read(d->path, &r, &fault), 0);
    assert_int_not_equal(sqlite3_exec(r, "DELETE FROM meta", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(r);
    assert_int_equal(store_open_read("/no/such/t.db", &r, &fault), -ENOENT);
}

static void a_copy_is_whole(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    char copy[160];
    struct store *s = NULL;
    snprintf(copy, sizeof(copy), "%s/copy.db", d->folder);
    store_begin(d->s);
    store_meta_set(d->s, "k", "v");
    commit(d);
    assert_int_equal(store_copy(d->path, copy, &fault), 0);
    assert_int_equal(store_open(copy, &s, &fault), 0);
    assert_string_equal(store_meta(s, d->a, "k"), "v");
    store_close(s);
    assert_true(store_copy(d->path, copy, &fault) < 0); /* never over another file */
}

/* Version 1 as it was, with what it may hold; all that came later is filled in. */
static void an_older_database_is_brought_up(void **state) {
    struct desk *d = *state;
    struct fault f = {0};
    char path[160];
    struct store *s = NULL;
    sqlite3 *db;
    struct counts c;
    snprintf(path, sizeof(path), "%s/old.db", d->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, schema_sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "PRAGMA application_id=0x42617363; PRAGMA user_version=1;"
            "INSERT INTO problem (id, title, created) VALUES (1, 'x', 1);"
            "INSERT INTO record (ref, tracker, id, kind, state, first_seen, last_seen) VALUES "
            "('helpdesk:1', 'helpdesk', '1', 'incident', 'open', 1, 1), ('helpdesk:2', 'helpdesk', '2', 'incident', "
            "'closed-unresolved', 1, 1), ('helpdesk:3', 'helpdesk', '3', 'incident', 'open', 1, 1);"
            "INSERT INTO incident (ref) VALUES ('helpdesk:1'), ('helpdesk:2'), ('helpdesk:3');"
            "INSERT INTO link VALUES (1, 'helpdesk:1', 'incident', 'confirmed', 1, 0), (1, 'helpdesk:2', 'incident', "
            "'confirmed', 1, 0), (1, 'helpdesk:3', 'incident', 'suggested', 1, 0);",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(store_open(path, &s, &f), 0);
    store_counts_problem(s, 1, &c);
    assert_true(c.total == 2 && c.open == 1 && c.closed_unresolved == 1);
    store_begin(s);
    assert_true(store_marker_add(s, "helpdesk:1", "b1", "3f9k2a", 5));
    assert_true(!store_marker_add(s, "helpdesk:1", "b1", "3f9k2a", 6)); /* known */
    assert_int_equal(store_commit(s, &f), 0);
    s = store_close(s);
    assert_int_equal(store_open(path, &s, &f), 0); /* once */
    store_close(s);
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK); /* what had left its queue by then */
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT group_concat(ref), max(unresolved_at) FROM stay", -1, &q, NULL), 0);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(q, 0), "helpdesk:2");
    assert_int_equal(sqlite3_column_int(q, 1), 1);
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* The log goes into the file by checkpoints alone, and does not grow for ever. */
static void a_checkpoint_is_asked_for_and_moves_the_log(void **state) {
    struct desk *d = *state;
    struct stat st;
    struct checkpoint *c;
    char *big = arena_alloc(d->a, 100001);
    sqlite3_close(d->raw); /* nobody reads from the log */
    d->raw = NULL;
    assert_null(store_checkpoint(d->s));
    memset(big, 'x', 100000);
    for (int i = 0; i < 60; i++) {
        store_begin(d->s);
        store_meta_set(d->s, arena_printf(d->a, "k%d", i), big);
        commit(d);
    }
    assert_int_equal(stat(d->path, &st), 0);
    assert_true(st.st_size < 1000000);
    c = store_checkpoint(d->s);
    assert_non_null(c);
    assert_null(store_checkpoint(d->s)); /* one at a time */
    store_checkpoint_run(c);
    store_checkpoint_done(c, true);
    assert_int_equal(stat(d->path, &st), 0);
    assert_true(st.st_size > 5000000);
    store_begin(d->s);
    store_meta_set(d->s, "after", "x");
    commit(d);
    assert_null(store_checkpoint(d->s)); /* the log began anew */
    assert_int_equal(stat(arena_printf(d->a, "%s-wal", d->path), &st), 0);
    assert_true(st.st_size < 8000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_error_sticks_until_the_end),
        TEST(a_full_disk_loses_nothing),
        TEST(rolled_back_is_never_seen),
        TEST(what_is_committed_outlives_the_process),
        TEST(other_peoples_files_are_refused),
        TEST(two_services_are_one_too_many),
        TEST(a_second_writer_has_to_wait),
        TEST(a_reader_sees_and_cannot_write),
        TEST(a_copy_is_whole),
        TEST(an_older_database_is_brought_up),
        TEST(a_checkpoint_is_asked_for_and_moves_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
