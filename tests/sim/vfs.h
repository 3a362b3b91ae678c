/* vfs: the disk of a simulated world, between SQLite and the real one.
 *
 * A sync costs nothing here and is counted: the n-th from now can be asked for,
 * and then the world's process dies right after it. A full disk refuses to
 * write. One disk at a time: SQLite asks for it by name. */
#ifndef SIM_VFS_H
#define SIM_VFS_H

#include <stdbool.h>

struct disk {
    bool full;   /* every write is refused */
    int dies_at; /* > 0: at the n-th sync from now */
    void (*dies)(void *arg);
    void *arg;
};

/* Makes it the disk of all databases that are opened from now on. */
void disk_mount(struct disk *d);

#endif
