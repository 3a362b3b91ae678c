/* vfs: a SQLite VFS over the default one; see vfs.h. */
#include "vfs.h"

#include <sqlite3.h>
#include <string.h>

struct file {
    sqlite3_file base;
    struct disk *disk;
};

static sqlite3_vfs vfs;

static sqlite3_file *real(sqlite3_file *f) {
    return (sqlite3_file *)((struct file *)f + 1);
}

static int file_close(sqlite3_file *f) {
    return real(f)->pMethods->xClose(real(f));
}
static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), to, n, at);
}

static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    return ((struct file *)f)->disk->full ? SQLITE_FULL : real(f)->pMethods->xWrite(real(f), from, n, at);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 n) {
    return real(f)->pMethods->xTruncate(real(f), n);
}

static int file_sync(sqlite3_file *f, int flags) {
    struct disk *d = ((struct file *)f)->disk;
    (void)flags; /* nobody pulls the plug of the machine the test runs on */
    if (d->dies_at > 0 && --d->dies_at == 0)
        d->dies(d->arg);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *n) {
    return real(f)->pMethods->xFileSize(real(f), n);
}
static int file_lock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xLock(real(f), level);
}
static int file_unlock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
}
static int file_reserved(sqlite3_file *f, int *out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}
static int file_control(sqlite3_file *f, int op, void *arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}
static int file_sector(sqlite3_file *f) {
    return real(f)->pMethods->xSectorSize(real(f));
}
static int file_traits(sqlite3_file *f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **to) {
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, to);
}
static int file_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}
static void file_shm_barrier(sqlite3_file *f) {
    real(f)->pMethods->xShmBarrier(real(f));
}
static int file_shm_unmap(sqlite3_file *f, int del) {
    return real(f)->pMethods->xShmUnmap(real(f), del);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_traits,
                                           .xShmMap = file_shm_map,
                                           .xShmLock = file_shm_lock,
                                           .xShmBarrier = file_shm_barrier,
                                           .xShmUnmap = file_shm_unmap};

static sqlite3_vfs *below(void) {
    return sqlite3_vfs_find("unix-excl");
}

static int disk_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    int rc = below()->xOpen(below(), name, real(f), flags, out);
    ((struct file *)f)->disk = v->pAppData;
    f->pMethods = real(f)->pMethods ? &methods : NULL;
    return rc;
}

void disk_mount(struct disk *d) {
    if (!vfs.zName) {
        vfs = *below();
        vfs.zName = "sim-disk";
        vfs.szOsFile += (int)sizeof(struct file);
        vfs.pNext = NULL;
        vfs.xOpen = disk_open;
        sqlite3_vfs_register(&vfs, 1);
    }
    vfs.pAppData = d;
}
