/* open: the database file, its version, transactions and meta values. */
#include "db.h"

#include "migration_2.h" /* made from migrations/2-counted.sql */
#include "migration_3.h" /* made from migrations/3-remembered.sql */
#include "migration_4.h" /* made from migrations/4-tokens.sql */
#include "migration_5.h" /* made from migrations/5-bulk.sql */
#include "migration_6.h" /* made from migrations/6-stays.sql */
#include "schema.h"      /* made from schema.sql, which is version 1 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define APPLICATION_ID 0x42617363 /* "Basc" */

/* From version 1 on, in order. A new one is appended; an old one is never edited. */
static const char *const migrations[] = {migration_2_sql, migration_3_sql, migration_4_sql, migration_5_sql,
                                         migration_6_sql};
#define SCHEMA_VERSION ((int)array_size(migrations) + 1)

static int refuse(struct store *s, const char *path, struct fault *fault) {
    int code = sqlite3_errcode(s->db) & 0xff;
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return fault_set(fault, -EBUSY, "database %s: another process holds it: is a second bascule running on it?",
                         path);
    if (code == SQLITE_NOTADB)
        return fault_set(fault, -EINVAL, "database %s: not an SQLite database: name another file under `database:`",
                         path);
    return fault_set(fault, -EIO, "database %s: %s: check that the folder exists and is writable", path,
                     sqlite3_errmsg(s->db));
}

/* All or nothing: a database is never between two versions. */
static int migrate(struct store *s, const char *path, int from, struct fault *fault) {
    char version[64];
    snprintf(version, sizeof(version), "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION_ID,
             SCHEMA_VERSION);
    bool ok = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    if (from == 0)
        ok = ok && sqlite3_exec(s->db, schema_sql, NULL, NULL, NULL) == SQLITE_OK;
    for (int i = from > 1 ? from - 1 : 0; i < (int)array_size(migrations); i++)
        ok = ok && sqlite3_exec(s->db, migrations[i], NULL, NULL, NULL) == SQLITE_OK;
    if (ok && sqlite3_exec(s->db, version, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    int rc = refuse(s, path, fault);
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int prepare_file(struct store *s, const char *path, struct fault *fault) {
    /* exclusive: a second service on the same file is refused at once */
    static const char settings[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                   "PRAGMA busy_timeout=2000; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;";
    if (sqlite3_exec(s->db, settings, NULL, NULL, NULL) != SQLITE_OK)
        return refuse(s, path, fault);
    int64_t version = db_number(s, -1, "PRAGMA user_version", "");
    int64_t application = db_number(s, -1, "PRAGMA application_id", "");
    int64_t tables = db_number(s, -1, "SELECT count(*) FROM sqlite_schema", "");
    if (s->failed)
        return refuse(s, path, fault);
    if (tables == 0)
        return migrate(s, path, 0, fault);
    if (application != APPLICATION_ID)
        return fault_set(fault, -EINVAL,
                         "database %s: belongs to another application: name another file under `database:`", path);
    if (version > SCHEMA_VERSION)
        return fault_set(fault, -EINVAL, "database %s: made by a newer bascule (version %lld, this one knows %d)", path,
                         (long long)version, SCHEMA_VERSION);
    return version < SCHEMA_VERSION ? migrate(s, path, (int)version, fault) : 0;
}

/* One service a database, told by a lock on a file beside it that ends with the process. */
static int lock_out(struct store *s, const char *path, struct fault *fault) {
    char name[4096];
    snprintf(name, sizeof(name), "%s.lock", path);
    s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return fault_set(fault, -errno, "database %s: %s: %s: check that the folder exists and is writable", path, name,
                         strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return fault_set(fault, -EBUSY, "database %s: another process holds it: is a second bascule running on it?", path);
}

bool store_in_use(const char *path) {
    char name[4096];
    snprintf(name, sizeof(name), "%s.lock", path);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    return held;
}

int store_open(const char *path, struct store **ret, struct fault *fault) {
    struct store *s = calloc(1, sizeof(*s));
    int rc = -ENOMEM;
    if (!s)
        return fault_set(fault, rc, "out of memory");
    s->borrowed = json_array();
    rc = lock_out(s, path, fault);
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        rc = refuse(s, path, fault);
    else
        rc = prepare_file(s, path, fault);
    if (rc < 0) {
        store_close(s);
        return rc;
    }
    s->checkpoint = checkpoint_new(s, path);
    *ret = s;
    return 0;
}

int store_open_read(const char *path, struct sqlite3 **ret, struct fault *fault) {
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA busy_timeout=2000; PRAGMA query_only=ON; SELECT count(*) FROM meta", NULL, NULL,
                     NULL) != SQLITE_OK) {
        int code = sqlite3_errcode(db), rc;
        if (code == SQLITE_NOTADB || code == SQLITE_ERROR) /* no SQLite, or none of our tables */
            rc = fault_set(fault, -ENOENT, "%s is no database of Bascule", path);
        else
            rc = fault_set(fault, -ENOENT, "database %s: %s: has `bascule run` been started once?", path,
                           sqlite3_errmsg(db));
        sqlite3_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}

int store_copy(const char *path, const char *copy, struct fault *fault) {
    sqlite3 *db = NULL;
    int rc = store_open_read(path, &db, fault);
    if (rc < 0)
        return rc;
    sqlite3_stmt *q = NULL;
    if (sqlite3_exec(db, "PRAGMA query_only=OFF", NULL, NULL, NULL) != SQLITE_OK || /* the copy is written through it */
        sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &q, NULL) != SQLITE_OK ||
        sqlite3_bind_text(q, 1, copy, -1, SQLITE_STATIC) != SQLITE_OK || sqlite3_step(q) != SQLITE_DONE)
        rc = fault_set(fault, -EIO, "copying %s to %s: %s", path, copy, sqlite3_errmsg(db));
    sqlite3_finalize(q);
    sqlite3_close(db);
    return rc;
}

struct store *store_close(struct store *s) {
    if (!s)
        return NULL;
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(s->statements[i].stmt);
    s->checkpoint = checkpoint_free(s->checkpoint);
    sqlite3_close(s->db);
    if (s->lock >= 0)
        close(s->lock);
    json_decref(s->borrowed);
    free(s);
    return NULL;
}

void store_begin(struct store *s) {
    if (s->in_transaction)
        return;
    s->failed = 0;
    s->fault.text[0] = 0;
    db_run(s, "BEGIN IMMEDIATE", "");
    s->in_transaction = true;
}

static void end(struct store *s) {
    s->in_transaction = false;
    json_array_clear(s->borrowed);
}

int store_commit(struct store *s, struct fault *fault) {
    db_run(s, "COMMIT", "");
    int rc = s->failed;
    if (rc < 0) {
        fault_set(fault, rc, "%s", s->fault.text);
        store_rollback(s);
        return rc;
    }
    end(s);
    return 0;
}

void store_rollback(struct store *s) {
    s->failed = 0;
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    end(s);
}

bool store_failed(const struct store *s) {
    return s->failed != 0;
}

int64_t store_changes(const struct store *s) {
    return sqlite3_total_changes64(s->db);
}

const char *store_meta(struct store *s, struct arena *a, const char *key) {
    sqlite3_stmt *q = db_query(s, "SELECT value FROM meta WHERE key = ?", "s", key);
    const char *value = NULL;
    if (db_next(s, q)) {
        value = col_text(a, q, 0);
        db_end(q);
    }
    return value;
}

void store_meta_set(struct store *s, const char *key, const char *value) {
    db_run(
        s,
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        "ss", key, value);
}
