/* identity_file: the identity file beside the database, and the machine's name.
 *
 * Replaced whole, never edited: a new file is written, synced and renamed, so
 * that a crash leaves the old one or the new one. What stands in it is
 * src/sync/identity.c's. Called by run.c. */
#include "main.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *identity_file_read(void *arg, struct arena *a, struct fault *fault) {
    const struct service *s = arg;
    struct fault why = {0};
    char *text = s->world->config.file(s->world->config.arg, a, s->identity, &why);
    if (!text && access(s->identity, F_OK) == 0)
        fault_set(fault, -EIO, "%s: it says who this installation is, and must be readable", why.text);
    return text;
}

static bool put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t len = strlen(text);
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    if (fd >= 0)
        ok &= close(fd) == 0;
    return ok;
}

static void sync_folder(const char *path) {
    char folder[4096];
    snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

int identity_file_write(void *arg, const char *text, struct fault *fault) {
    const struct service *s = arg;
    char fresh[4096];
    snprintf(fresh, sizeof(fresh), "%s.new", s->identity);
    if (!put(fresh, text) || rename(fresh, s->identity) != 0)
        return fault_set(fault, -EIO, "%s: %s: it must be writable, like the database beside it", s->identity,
                         strerror(errno));
    sync_folder(s->identity);
    return 0;
}

/* machine-id(5) asks not to hand it on as it is. */
char *machine_of(const struct world *w) {
    cleanup_arena struct arena *a = arena_new();
    struct fault none = {0};
    char *id = w->config.file(w->config.arg, a, MACHINE_ID, &none);
    const char *given = w->config.env(w->config.arg, "BASCULE_MACHINE_ID");
    if (given)
        id = arena_strdup(a, given);
    if (id)
        id[strcspn(id, "\n")] = 0;
    if (str_empty(id))
        return NULL;
    return strdup(hash_word(a, arena_printf(a, "bascule %s", id), 12));
}
