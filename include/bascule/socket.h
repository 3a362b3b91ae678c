/* socket: where the service's Unix socket is, the same for the service and for whoever calls it.
 *
 * Inline, so that serve and client agree without one using the other. */
#ifndef BASCULE_SOCKET_H
#define BASCULE_SOCKET_H

#include "bascule/base.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Beside the database: DATABASE with `.db` replaced by, or else followed by, `.sock`. */
static inline char *socket_path(struct arena *a, const char *database) {
    size_t len = strlen(database);
    bool plain = len > 3 && database[len - 4] != '/' && strcmp(database + len - 3, ".db") == 0;
    return arena_printf(a, "%.*s.sock", (int)(plain ? len - 3 : len), database);
}

/* The kernel's address has room for 107 bytes. Where path is longer its folder is opened (*ret_dir, else -1; the
 * caller closes it when the address has been used) and the address goes by way of that. */
static inline must_check int socket_address(const char *path, struct sockaddr_un *ret, int *ret_dir,
                                            struct fault *fault) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    *ret_dir = -1;
    if (strlen(path) < sizeof(a.sun_path)) {
        memcpy(a.sun_path, path, strlen(path) + 1);
        *ret = a;
        return 0;
    }
    if (strlen(name) + 32 > sizeof(a.sun_path))
        return fault_set(fault, -ENAMETOOLONG, "%s: too long a name for a socket; give the database a shorter one",
                         name);
    cleanup_arena struct arena *arena = arena_new();
    const char *folder = slash ? arena_strndup(arena, path, (size_t)(slash - path) + 1) : ".";
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fault_set(fault, -errno, "%s: %s", folder, strerror(errno));
    snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s", dir, name);
    *ret = a;
    *ret_dir = dir;
    return 0;
}

#endif
