/* checkpoint: moves what was committed from the log into the database's file.
 *
 * Owns a connection of its own, opened by the first one. Asked for by the engine
 * after a commit, run on a thread of the pool: the loop waits for none of its
 * syncs. What must hold: the log stays bounded. A passive one holds nobody up;
 * once all is in the file and nobody reads from the log, the next commit begins
 * it anew; where it has grown far beyond that, it is cut off. */
#include "db.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_FIRST 1000  /* 4 MiB */
#define PAGES_MOST  16384 /* 64 MiB */

struct checkpoint {
    char *path;
    sqlite3 *db;     /* only touched by store_checkpoint_run, and at the end */
    int pages, next; /* of the log after the last commit; when the next one is due */
    bool running;
};

static int committed(void *arg, sqlite3 *db, const char *name, int pages) {
    struct checkpoint *c = arg;
    (void)db, (void)name;
    if (pages < c->pages) /* the log began anew */
        c->next = PAGES_FIRST;
    c->pages = pages;
    return SQLITE_OK;
}

struct checkpoint *checkpoint_new(struct store *s, const char *path) {
    struct checkpoint *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    *c = (struct checkpoint){.path = strdup(path), .next = PAGES_FIRST};
    sqlite3_wal_hook(s->db, committed, c);
    return c;
}

struct checkpoint *checkpoint_free(struct checkpoint *c) {
    if (!c)
        return NULL;
    sqlite3_close(c->db);
    free(c->path);
    free(c);
    return NULL;
}

struct checkpoint *store_checkpoint(struct store *s) {
    struct checkpoint *c = s->checkpoint;
    if (!c || c->running || c->pages < c->next)
        return NULL;
    c->running = true;
    c->next = c->pages + PAGES_FIRST;
    return c;
}

static bool ready(struct checkpoint *c) {
    if (c->db)
        return true;
    if (sqlite3_open_v2(c->path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_exec(c->db, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; SELECT count(*) FROM sqlite_schema",
                     NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sqlite3_close(c->db);
    c->db = NULL;
    return false;
}

void store_checkpoint_run(void *checkpoint) {
    struct checkpoint *c = checkpoint;
    int pages = 0, moved = 0;
    if (!ready(c)) /* the next commit asks again */
        return;
    int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    if (rc == SQLITE_OK && pages > PAGES_MOST && moved == pages) /* busy: somebody reads or writes; another time */
        (void)sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

void store_checkpoint_done(void *checkpoint, bool ran) {
    struct checkpoint *c = checkpoint;
    (void)ran;
    c->running = false;
}
