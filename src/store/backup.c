/* backup: an online copy of the database, as one file that appears when it is whole.
 *
 * Reads through a connection of its own, in one read transaction: in WAL mode
 * that keeps no writer waiting, and what is copied is one moment. Called by the
 * command line, in its own process: the copy is made with the rights and at the
 * place of who asked, and the service's loop has no part in it.
 *
 * It is written to FILE.bascule-part, checked, synced, and renamed. What must
 * hold: FILE is never half a copy, nothing but an older backup is replaced, and
 * a failure leaves nothing behind. */
#include "bascule/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE 100 /* of an SQLite file */
#define STEP_PAGES  256

struct store_backup {
    struct arena *arena;
    const char *database, *file, *part;
    bool force, placed;
    int lock; /* descriptor of the part, locked: -1 not ours */
    sqlite3 *from, *to;
    sqlite3_backup *copy;
    int64_t done, of; /* pages */
};

/* ---- the place ---- */

/* As this file leaves it: ours, and not in WAL mode. A database that was ever opened by the service is. */
static bool is_backup(const char *file) {
    unsigned char h[HEADER_SIZE];
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool whole = fd >= 0 && read(fd, h, sizeof(h)) == (ssize_t)sizeof(h);
    if (fd >= 0)
        close(fd);
    return whole && memcmp(h, "SQLite format 3", 16) == 0 && h[18] == 1 && h[19] == 1 && memcmp(h + 68, "Basc", 4) == 0;
}

static int place_check(const struct store_backup *b, struct fault *fault) {
    static const char *const beside[] = {"-wal", "-journal"};
    struct stat st, own;
    if (lstat(b->file, &st) == 0) {
        if (stat(b->database, &own) == 0 && st.st_dev == own.st_dev && st.st_ino == own.st_ino)
            return fault_set(fault, -EEXIST, "%s is the database itself: name another file", b->file);
        if (!b->force)
            return fault_set(fault, -EEXIST, "%s exists: name another file, or --force to replace an older backup",
                             b->file);
        if (!is_backup(b->file))
            return fault_set(
                fault, -EEXIST,
                "%s is no backup (or was used as a database since), and is not replaced: name another file", b->file);
    }
    for (size_t i = 0; i < array_size(beside); i++) {
        const char *name = arena_printf(b->arena, "%s%s", b->file, beside[i]);
        if (access(name, F_OK) == 0)
            return fault_set(fault, -EEXIST, "%s stands there and would be taken for a part of it: name another file",
                             name);
    }
    return 0;
}

static const char *folder_of(struct arena *a, const char *file) {
    const char *slash = strrchr(file, '/');
    return !slash ? "." : slash == file ? "/" : arena_strndup(a, file, (size_t)(slash - file));
}

static int place_failed(const struct store_backup *b, int error, struct fault *fault) {
    const char *folder = folder_of(b->arena, b->file);
    switch (error) {
    case ENOENT:
    case ENOTDIR: return fault_set(fault, -error, "there is no folder %s: make it, or name another", folder);
    case EACCES:
    case EPERM:
    case EROFS:
        return fault_set(fault, -error, "%s: %s: name a folder in which this user may write", folder, strerror(error));
    case ENOSPC:
    case EDQUOT: return fault_set(fault, -error, "the disk of %s is full: make room, or name another", folder);
    default: return fault_set(fault, -error, "%s: %s", b->file, strerror(error));
    }
}

/* Locked, so that two backups to one name do not write into each other; a part that a killed one left is used again. */
static int part_open(struct store_backup *b, struct fault *fault) {
    struct stat st, named;
    int fd = open(b->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return place_failed(b, errno, fault);
    bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && stat(b->part, &named) == 0 &&
                st.st_ino == named.st_ino && st.st_dev == named.st_dev;
    if (!ours) {
        close(fd);
        return fault_set(fault, -EBUSY, "another backup is being written to %s: wait for it, or name another file",
                         b->file);
    }
    b->lock = fd;
    return ftruncate(fd, 0) == 0 ? 0 : place_failed(b, errno, fault);
}

/* ---- copying ---- */

static int copy_failed(const struct store_backup *b, int code, struct fault *fault) {
    code &= 0xff;
    if (code == SQLITE_FULL)
        return place_failed(b, ENOSPC, fault);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return fault_set(fault, -EIO, "%s is damaged and was not copied: bascule doctor says more", b->database);
    return fault_set(fault, -EIO, "copying %s to %s: %s", b->database, b->file, sqlite3_errmsg(b->to));
}

/* An open read transaction keeps the copy at one moment, however much is written meanwhile. */
static int copy_begin(struct store_backup *b, struct fault *fault) {
    int rc = store_open_read(b->database, &b->from, fault);
    if (rc < 0)
        return rc;
    if (sqlite3_exec(b->from, "BEGIN; SELECT count(*) FROM meta", NULL, NULL, NULL) != SQLITE_OK)
        return fault_set(fault, -EIO, "database %s: %s", b->database, sqlite3_errmsg(b->from));
    if (sqlite3_open_v2(b->part, &b->to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(b->to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK)
        return copy_failed(b, sqlite3_errcode(b->to), fault);
    b->copy = sqlite3_backup_init(b->to, "main", b->from, "main");
    return b->copy ? 0 : copy_failed(b, sqlite3_errcode(b->to), fault);
}

int store_backup_begin(const char *database, const char *file, bool force, struct store_backup **ret,
                       struct fault *fault) {
    struct arena *a = arena_new();
    struct store_backup *b = arena_make(a, struct store_backup);
    *b = (struct store_backup){.arena = a,
                               .database = arena_strdup(a, database),
                               .file = arena_strdup(a, file),
                               .part = arena_printf(a, "%s.bascule-part", file),
                               .force = force,
                               .lock = -1};
    int rc = place_check(b, fault);
    if (rc == 0)
        rc = part_open(b, fault);
    if (rc == 0)
        rc = copy_begin(b, fault);
    if (rc < 0)
        store_backup_free(b);
    else
        *ret = b;
    return rc;
}

/* ---- the end ---- */

static int is_ok(void *arg, int n, char **values, char **names) {
    bool *ok = arg;
    (void)names;
    *ok = n == 1 && str_is(values[0], "ok");
    return 0;
}

/* No WAL beside it: one file is the whole of it, readable wherever it is carried. */
static int copy_close(struct store_backup *b, struct fault *fault) {
    bool ok = false;
    int code = sqlite3_backup_finish(b->copy);
    b->copy = NULL;
    if (code != SQLITE_OK)
        return copy_failed(b, code, fault);
    sqlite3_close(b->from);
    sqlite3_close(b->to);
    b->from = b->to = NULL;
    if (sqlite3_open_v2(b->part, &b->to, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(b->to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(b->to, "PRAGMA quick_check(1)", is_ok, &ok, NULL) != SQLITE_OK)
        return copy_failed(b, sqlite3_errcode(b->to), fault);
    if (!ok)
        return copy_failed(b, SQLITE_CORRUPT, fault);
    sqlite3_close(b->to);
    b->to = NULL;
    return 0;
}

static int place(struct store_backup *b, struct fault *fault) {
    if (fsync(b->lock) != 0)
        return place_failed(b, errno, fault);
    int rc = b->force ? -1 : renameat2(AT_FDCWD, b->part, AT_FDCWD, b->file, RENAME_NOREPLACE);
    if (rc != 0 && !b->force && errno == EEXIST)
        return fault_set(fault, -EEXIST, "%s appeared meanwhile, and is not replaced: name another file", b->file);
    if (rc != 0 && (b->force || errno == EINVAL || errno == ENOSYS)) { /* a file system without that */
        rc = place_check(b, fault);
        if (rc < 0)
            return rc;
        rc = rename(b->part, b->file);
    }
    if (rc != 0)
        return place_failed(b, errno, fault);
    b->placed = true;
    int folder = open(folder_of(b->arena, b->file), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        (void)fsync(folder);
        close(folder);
    }
    return 0;
}

int store_backup_step(struct store_backup *b, struct fault *fault) {
    int code = sqlite3_backup_step(b->copy, STEP_PAGES);
    b->of = sqlite3_backup_pagecount(b->copy);
    b->done = b->of - sqlite3_backup_remaining(b->copy);
    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return 0;
    if (code != SQLITE_DONE)
        return copy_failed(b, code, fault);
    int rc = copy_close(b, fault);
    if (rc == 0)
        rc = place(b, fault);
    return rc < 0 ? rc : 1;
}

void store_backup_progress(const struct store_backup *b, int64_t *ret_done, int64_t *ret_of, int64_t *ret_bytes) {
    struct stat st;
    *ret_done = b->done;
    *ret_of = b->of;
    *ret_bytes = fstat(b->lock, &st) == 0 ? st.st_size : 0;
}

struct store_backup *store_backup_free(struct store_backup *b) {
    static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
    if (!b)
        return NULL;
    sqlite3_backup_finish(b->copy);
    sqlite3_close(b->from);
    sqlite3_close(b->to);
    for (size_t i = 0; b->lock >= 0 && !b->placed && i < array_size(beside); i++)
        unlink(arena_printf(b->arena, "%s%s", b->part, beside[i]));
    if (b->lock >= 0)
        close(b->lock);
    arena_free(b->arena);
    return NULL;
}
