/* query: one SELECT, built piece by piece, its rows as JSON objects.
 *
 * Private to src/report. Columns name their own form: `SELECT created AS "created:time"`
 * gives {"created":"2026-01-02T03:04:05Z"}:
 *   name:time  milliseconds as RFC 3339, null for 0      name:flag  true, false
 *   name:word  text, null when empty                     name:json  text parsed, null when none
 *   name:pn    12 as "P-12", null for 0                  name       as it is in the row
 * A column that begins with an underscore stays out. */
#ifndef BASCULE_REPORT_QUERY_H
#define BASCULE_REPORT_QUERY_H

#include "bascule/report.h"
#include <sqlite3.h>

#define QUERY_VALUES_MAX 24
struct query {
    sqlite3 *db;
    struct arena *arena;
    struct fault *fault;
    struct buf sql;
    struct query_value {
        bool number;
        const char *text;
        int64_t n;
    } values[QUERY_VALUES_MAX];
    size_t count;
    sqlite3_stmt *stmt;
};
void query_init(struct query *q, sqlite3 *db, struct arena *arena, struct fault *fault);
void query_deinit(struct query *q);
#define cleanup_query __attribute__((cleanup(query_deinit)))
/* Appends SQL; each "?" in it must be followed by query_text or query_int in the same order. */
void query_sql(struct query *q, const char *sql);
void query_text(struct query *q, const char *value);
void query_int(struct query *q, int64_t value);
/* 1: a row, 0: no more, negative: failed. Prepares when called first. */
must_check int query_step(struct query *q);
/* The row as a new object. */
json_t *query_row(struct query *q);
const char *query_cell(struct query *q, int column); /* "" for NULL */
int64_t query_cell_int(struct query *q, int column);
/* All rows into an array (new). */
must_check int query_all(struct query *q, json_t **ret);
/* One-column results as an array of strings. */
must_check int query_words(struct query *q, json_t **ret);

#endif
