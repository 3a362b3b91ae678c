/* backup: a copy of one moment, in steps, under writes; what it refuses, and what it leaves: nothing. */
#include "base.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char *file_of(struct desk *d, const char *name) {
    return arena_printf(d->a, "%s/%s", d->folder, name);
}

/* Something to copy: some hundred pages. */
static void fill(struct desk *d, int records) {
    store_begin(d->s);
    for (int i = 0; i < records; i++) {
        struct record_row r = record_of(arena_printf(d->a, "helpdesk:%d", i + 1), KIND_INCIDENT, STATE_OPEN);
        r.r.title = arena_printf(d->a, "A title of some length, so that pages are filled: %d", i);
        store_record_put(d->s, &r);
    }
    commit(d);
}

static int whole(struct desk *d, const char *file, bool force, struct fault *fault) {
    struct store_backup *b = NULL;
    int r = store_backup_begin(d->path, file, force, &b, fault);
    while (r == 0 && (r = store_backup_step(b, fault)) == 0)
        ;
    store_backup_free(b);
    return r;
}

static int64_t records_of(const char *file) {
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM record", -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

static void leaves_nothing(struct desk *d, const char *file) {
    static const char *const ends[] = {
        ".bascule-part", ".bascule-part-wal", ".bascule-part-shm", ".bascule-part-journal", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < array_size(ends); i++)
        assert_int_equal(access(arena_printf(d->a, "%s%s", file, ends[i]), F_OK), -1);
}

/* It takes several steps, the service writes between them, and the copy is of the moment at which it began. */
static void a_copy_of_one_moment(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    struct store_backup *b;
    struct stat st;
    const char *file = file_of(d, "copy.db");
    int64_t done, of, bytes;
    int steps = 1, r;
    fill(d, 6000);
    assert_int_equal(store_backup_begin(d->path, file, false, &b, &fault), 0);
    assert_int_equal(store_backup_step(b, &fault), 0);
    fill(d, 7000);
    while ((r = store_backup_step(b, &fault)) == 0) {
        assert_int_equal(access(file, F_OK), -1); /* it appears when it is whole */
        steps++;
    }
    assert_int_equal(r, 1);
    store_backup_progress(b, &done, &of, &bytes);
    assert_int_equal(done, of);
    store_backup_free(b);
    assert_true(steps > 1);
    assert_int_equal(records_of(file), 6000);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, bytes);
    leaves_nothing(d, file);
    assert_int_equal(number(d, "SELECT count(*) FROM record"), 7000); /* what was copied is as it was */
    struct store *copy;
    assert_int_equal(store_open(file, &copy, &fault), 0); /* and is a database like any other */
    store_close(copy);
}

static void what_exists_is_not_replaced(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    const char *file = file_of(d, "copy.db");
    fill(d, 10);
    assert_int_equal(whole(d, file, false, &fault), 1);
    fill(d, 20);
    assert_int_equal(whole(d, file, false, &fault), -EEXIST);
    assert_non_null(strstr(fault.text, "--force"));
    assert_int_equal(records_of(file), 10);
    assert_int_equal(whole(d, file, true, &fault), 1); /* an older backup, by force */
    assert_int_equal(records_of(file), 20);
    leaves_nothing(d, file);
}

static void force_replaces_backups_only(void **state) {
    struct desk *d = *state;
    static const char *const names[] = {"t.db", "used.db", "other"};
    static const char *const says[] = {"database itself", "is no backup", "is no backup"};
    struct fault fault = {0};
    struct store *used;
    assert_int_equal(store_open(file_of(d, "used.db"), &used, &fault), 0);
    store_close(used);
    FILE *f = fopen(file_of(d, "other"), "w");
    fputs("my letters", f);
    fclose(f);
    for (size_t i = 0; i < array_size(names); i++) {
        fault.text[0] = 0;
        assert_int_equal(whole(d, file_of(d, names[i]), true, &fault), -EEXIST);
        assert_non_null(strstr(fault.text, says[i]));
        assert_int_equal(access(file_of(d, arena_printf(d->a, "%s.bascule-part", names[i])), F_OK), -1);
    }
    assert_int_equal(symlink("nowhere", file_of(d, "link")), 0);
    assert_int_equal(whole(d, file_of(d, "link"), true, &fault), -EEXIST);
}

/* An old WAL would be read as a part of the new file. */
static void nothing_of_another_may_stand_beside_it(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    fclose(fopen(file_of(d, "copy.db-wal"), "w"));
    assert_int_equal(whole(d, file_of(d, "copy.db"), true, &fault), -EEXIST);
    assert_non_null(strstr(fault.text, "copy.db-wal"));
    assert_int_equal(access(file_of(d, "copy.db"), F_OK), -1);
}

static void a_place_that_is_not_there_is_said(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    assert_int_equal(whole(d, file_of(d, "no/copy.db"), false, &fault), -ENOENT);
    assert_non_null(strstr(fault.text, "there is no folder"));
    fault.text[0] = 0;
    assert_int_equal(whole(d, file_of(d, "t.db/copy.db"), false, &fault), -ENOTDIR);
    assert_non_null(strstr(fault.text, "there is no folder"));
}

static void a_disk_that_is_full_leaves_nothing(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    struct rlimit was, little;
    const char *file = file_of(d, "copy.db");
    fill(d, 6000);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    little = (struct rlimit){.rlim_cur = 64 * 1024, .rlim_max = was.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    int r = whole(d, file, false, &fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_true(r < 0);
    assert_true(fault.text[0] != 0);
    assert_int_equal(access(file, F_OK), -1);
    leaves_nothing(d, file);
}

static void one_at_a_time_and_a_killed_one_is_no_hindrance(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    struct store_backup *first;
    const char *file = file_of(d, "copy.db");
    FILE *f = fopen(file_of(d, "copy.db.bascule-part"), "w"); /* of one that was killed */
    fputs("half a page", f);
    fclose(f);
    fill(d, 5);
    assert_int_equal(store_backup_begin(d->path, file, false, &first, &fault), 0);
    assert_int_equal(whole(d, file, false, &fault), -EBUSY);
    assert_non_null(strstr(fault.text, "another backup"));
    while (store_backup_step(first, &fault) == 0)
        ;
    store_backup_free(first);
    assert_int_equal(records_of(file), 5);
    leaves_nothing(d, file);
}

static void a_damaged_database_is_not_copied(void **state) {
    struct desk *d = *state;
    struct fault fault = {0};
    char junk[2048];
    const char *file = file_of(d, "copy.db");
    fill(d, 500);
    int64_t page = number(d, "SELECT rootpage FROM sqlite_schema WHERE name = 'record_kind'");
    d->s = store_close(d->s);
    sqlite3_close(d->raw); /* the WAL is taken in */
    d->raw = NULL;
    memset(junk, 0xff, sizeof(junk));
    int fd = open(d->path, O_WRONLY);
    assert_int_equal(pwrite(fd, junk, sizeof(junk), (page - 1) * 4096), (ssize_t)sizeof(junk));
    close(fd);
    assert_int_equal(whole(d, file, false, &fault), -EIO);
    assert_non_null(strstr(fault.text, "bascule doctor"));
    assert_int_equal(access(file, F_OK), -1);
    leaves_nothing(d, file);
}

static void it_is_known_whether_a_service_runs(void **state) {
    struct desk *d = *state;
    assert_true(store_in_use(d->path));
    d->s = store_close(d->s);
    assert_false(store_in_use(d->path));
    assert_false(store_in_use(file_of(d, "nothing.db")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_copy_of_one_moment),
        TEST(what_exists_is_not_replaced),
        TEST(force_replaces_backups_only),
        TEST(nothing_of_another_may_stand_beside_it),
        TEST(a_place_that_is_not_there_is_said),
        TEST(a_disk_that_is_full_leaves_nothing),
        TEST(one_at_a_time_and_a_killed_one_is_no_hindrance),
        TEST(a_damaged_database_is_not_copied),
        TEST(it_is_known_whether_a_service_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
