/* db: statements for the files of this room.
 *
 * Types of bound values: 's' text (NULL: NULL), 'S' text (NULL: ""), 'i' int64_t.
 * A statement is prepared once and kept; at most one use of a text at a time.
 * Errors stick to the store until the transaction ends (store.h). */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "bascule/store.h"

#include <sqlite3.h>

#define STATEMENTS_MAX 512

struct store {
    sqlite3 *db;
    struct {
        const char *sql;
        sqlite3_stmt *stmt;
    } statements[STATEMENTS_MAX];
    int lock; /* descriptor of PATH.lock */
    bool in_transaction;
    int failed; /* negative errno, sticky */
    struct fault fault;
    struct checkpoint *checkpoint;
    json_t *borrowed; /* array: JSON handed out with rows, until the transaction ends */
};

/* checkpoint.c */
struct checkpoint *checkpoint_new(struct store *s, const char *path);
struct checkpoint *checkpoint_free(struct checkpoint *c);

/* Runs to the end. */
void db_run(struct store *s, const char *sql, const char *types, ...);
/* Starts a query; db_next steps, and resets it at the end. NULL on failure. */
sqlite3_stmt *db_query(struct store *s, const char *sql, const char *types, ...);
bool db_next(struct store *s, sqlite3_stmt *q);
/* Ends a query early. */
void db_end(sqlite3_stmt *q);
/* The first column of the first row, `otherwise` when there is none. */
int64_t db_number(struct store *s, int64_t otherwise, const char *sql, const char *types, ...);
void db_fail(struct store *s, const char *doing);

static inline const char *col_text(struct arena *a, sqlite3_stmt *q, int c) {
    return arena_strdup(a, (const char *)sqlite3_column_text(q, c));
}
static inline int64_t col_int(sqlite3_stmt *q, int c) {
    return sqlite3_column_int64(q, c);
}
/* record.c: the full-text row of a ref. */
int64_t search_row(const char *ref);
/* forget.c: what of a forgotten record's fields may be kept; a new reference. */
json_t *forget_fields(struct store *s, struct arena *a, const char *ref, const json_t *fields);

/* A column of JSON; owned by the store until the transaction ends. */
json_t *col_json(struct store *s, sqlite3_stmt *q, int c);
/* Texts of column 0, all rows. */
size_t db_texts(struct store *s, struct arena *a, sqlite3_stmt *q, const char ***ret);

#endif
