/* base: what the tests of store have in common: a database in a folder of its own. */
#ifndef TEST_STORE_BASE_H
#define TEST_STORE_BASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those: */
#include <cmocka.h>

#include "bascule/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOON 1767268800000LL /* 2026-01-01T12:00:00Z */

struct desk {
    struct store *s;
    struct arena *a;
    sqlite3 *raw; /* a second connection, for what the store would never say */
    char folder[64], path[96];
};

static inline int desk_open(void **state) {
    struct desk *d = calloc(1, sizeof(*d));
    struct fault fault = {0};
    strcpy(d->folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/bascule-store-XXXXXX" : "/tmp/bascule-store-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    snprintf(d->path, sizeof(d->path), "%s/t.db", d->folder);
    d->a = arena_new();
    assert_int_equal(store_open(d->path, &d->s, &fault), 0);
    assert_int_equal(sqlite3_open(d->path, &d->raw), SQLITE_OK);
    *state = d;
    return 0;
}

static inline int desk_close(void **state) {
    struct desk *d = *state;
    char command[128];
    sqlite3_close(d->raw);
    d->s = store_close(d->s);
    arena_free(d->a);
    snprintf(command, sizeof(command), "rm -r '%s'", d->folder);
    assert_int_equal(system(command), 0);
    free(d);
    return 0;
}

static inline void commit(struct desk *d) {
    struct fault fault = {0};
    int rc = store_commit(d->s, &fault);
    if (rc < 0)
        print_error("%s\n", fault.text);
    assert_int_equal(rc, 0);
}

static inline void reopen(struct desk *d) {
    struct fault fault = {0};
    d->s = store_close(d->s);
    assert_int_equal(store_open(d->path, &d->s, &fault), 0);
}

/* What SQLite says to it: "" when it is taken. */
static inline const char *say(struct desk *d, const char *sql) {
    char *error = NULL;
    if (sqlite3_exec(d->raw, sql, NULL, NULL, &error) == SQLITE_OK)
        return "";
    const char *text = arena_strdup(d->a, error ? error : "?");
    sqlite3_free(error);
    return text;
}

static inline int64_t number(struct desk *d, const char *sql) {
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_prepare_v2(d->raw, sql, -1, &q, NULL), SQLITE_OK);
    int64_t n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
    sqlite3_finalize(q);
    return n;
}

static inline struct record_row record_of(const char *ref, enum kind kind, enum state state) {
    const char *colon = strchr(ref, ':');
    return (struct record_row){.ref = ref,
                               .r = {.tracker = kind == KIND_INCIDENT ? "helpdesk" : "product",
                                     .id = colon + 1,
                                     .kind = kind,
                                     .title = "Title",
                                     .state = state},
                               .first_seen = NOON,
                               .last_seen = NOON};
}

/* An effect in the state pending. */
static inline int64_t effect(struct desk *d, const char *ref, enum effect_kind kind, const char *key, json_t *want,
                             int turn, int64_t batch) {
    struct effect_row x = {.e = {.ref = ref,
                                 .kind = kind,
                                 .key = key,
                                 .want = want,
                                 .turn = turn,
                                 .batch = batch,
                                 .reason = "why",
                                 .created = NOON}};
    int64_t n = store_effect_add(d->s, &x, false);
    json_decref(want);
    return n;
}

static inline size_t due_take_but(struct desk *d, size_t limit, const char *blocked, struct due_row **ret) {
    size_t n = 0;
    struct due_row one;
    *ret = NULL;
    while (n < limit && store_due_next(d->s, d->a, blocked, &one))
        *arena_push(d->a, ret, &n) = one;
    return n;
}

static inline size_t due_take(struct desk *d, size_t limit, struct due_row **ret) {
    return due_take_but(d, limit, NULL, ret);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_open, desk_close)

#endif
