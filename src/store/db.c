/* db: prepared statements with sticky errors. */
#include "db.h"

#include <string.h>

void db_fail(struct store *s, const char *doing) {
    int code = sqlite3_extended_errcode(s->db);
    if (s->failed)
        return;
    switch (code & 0xff) {
    case SQLITE_FULL:
        s->failed = fault_set(&s->fault, -ENOSPC,
                              "database: the disk is full: make room; nothing is lost, it goes on by itself");
        break;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        s->failed = fault_set(&s->fault, -EIO, "database: %s (%s): check the disk, then run bascule doctor",
                              sqlite3_errmsg(s->db), doing);
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        s->failed = fault_set(&s->fault, -EBUSY, "database: another process holds it: is a second bascule running?");
        break;
    default: s->failed = fault_set(&s->fault, -EIO, "database: %s (%s)", sqlite3_errmsg(s->db), doing);
    }
}

/* By address: the texts are literals. */
static sqlite3_stmt *prepared(struct store *s, const char *sql) {
    size_t at = ((uintptr_t)sql >> 3) % STATEMENTS_MAX;
    for (size_t i = 0; i < STATEMENTS_MAX; i++, at = (at + 1) % STATEMENTS_MAX) {
        if (s->statements[at].sql == sql)
            return s->statements[at].stmt;
        if (s->statements[at].sql)
            continue;
        if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->statements[at].stmt, NULL) != SQLITE_OK) {
            db_fail(s, sql);
            return NULL;
        }
        s->statements[at].sql = sql;
        return s->statements[at].stmt;
    }
    return NULL;
}

static void bind(struct store *s, sqlite3_stmt *q, const char *types, va_list args) {
    for (int i = 0; types[i]; i++) {
        int rc;
        if (types[i] == 'i') {
            rc = sqlite3_bind_int64(q, i + 1, va_arg(args, int64_t));
        } else {
            const char *text = va_arg(args, const char *);
            if (!text && types[i] == 'S')
                text = "";
            rc = text ? sqlite3_bind_text(q, i + 1, text, -1, SQLITE_TRANSIENT) : sqlite3_bind_null(q, i + 1);
        }
        if (rc != SQLITE_OK)
            db_fail(s, "binding");
    }
}

/* Outside a transaction an error ends with its statement. */
static sqlite3_stmt *start(struct store *s, const char *sql, const char *types, va_list args) {
    if (!s->in_transaction && s->failed) {
        s->failed = 0;
        s->fault.text[0] = 0;
    }
    sqlite3_stmt *q = s->failed ? NULL : prepared(s, sql);
    if (!q)
        return NULL;
    sqlite3_reset(q);
    bind(s, q, types, args);
    return s->failed ? NULL : q;
}

bool db_next(struct store *s, sqlite3_stmt *q) {
    if (!q)
        return false;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        db_fail(s, sqlite3_sql(q));
    sqlite3_reset(q);
    return false;
}

void db_end(sqlite3_stmt *q) {
    if (q)
        sqlite3_reset(q);
}

sqlite3_stmt *db_query(struct store *s, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = start(s, sql, types, args);
    va_end(args);
    return q;
}

void db_run(struct store *s, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = start(s, sql, types, args);
    va_end(args);
    while (db_next(s, q))
        ;
}

int64_t db_number(struct store *s, int64_t otherwise, const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = start(s, sql, types, args);
    va_end(args);
    if (db_next(s, q)) {
        if (sqlite3_column_type(q, 0) != SQLITE_NULL)
            otherwise = sqlite3_column_int64(q, 0);
        db_end(q);
    }
    return otherwise;
}

json_t *col_json(struct store *s, sqlite3_stmt *q, int c) {
    const char *text = (const char *)sqlite3_column_text(q, c);
    json_t *j = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    if (j)
        json_array_append_new(s->borrowed, j);
    return j;
}

size_t db_texts(struct store *s, struct arena *a, sqlite3_stmt *q, const char ***ret) {
    size_t n = 0;
    *ret = NULL;
    while (db_next(s, q))
        *arena_push(a, ret, &n) = col_text(a, q, 0);
    return n;
}
