/* life: how a world begins and ends, dies and is started again; backups of both kinds. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START 1772366400000LL /* 2026-03-01T12:00:00Z */

/* ---- beginning and end ---- */

static void database_name(struct world *w) {
    snprintf(w->database, sizeof(w->database), "%s/bascule-%d.db", w->folder, w->generation);
}

static void dies(void *arg);

struct world *world_new(uint64_t seed, const struct world_config *config) {
    struct world *w = calloc(1, sizeof(*w));
    w->a = arena_new();
    w->seed = seed;
    w->random = seed * 0x100000001b3ULL + 17;
    w->engine_random = seed ^ 0x5bd1e9955bd1e995ULL;
    w->now = w->began = config && config->began ? config->began : START;
    w->config = config ? *config : (struct world_config){0};
    w->log = (struct log){.level = LOG_LEVEL_WARN, .write = world_log, .arg = w};
    w->desk = sandbox_new(SANDBOX_RT, DESK, w->now - DAY_MS);
    w->product = sandbox_new(SANDBOX_REDMINE, PRODUCT, w->now - DAY_MS);
    w->port = (struct engine_world){.clock = world_clock,
                                    .timers = world_timers,
                                    .transport = {transport_send, transport_cancel, w},
                                    .randomness = world_randomness,
                                    .pool = world_pool,
                                    .log = &w->log,
                                    .connectors_dir = CONNECTORS_SOURCE,
                                    .read_text = no_text,
                                    .identity_read = identity_read,
                                    .identity_write = identity_write,
                                    .machine = "m1",
                                    .instance = "b1",
                                    .arg = w};
    w->port.clock.arg = w->port.timers.arg = w->port.randomness.arg = w->port.pool.arg = w;
    snprintf(w->folder, sizeof(w->folder), "%s/bascule-sim-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(w->folder))
        abort();
    database_name(w);
    w->disk = (struct disk){.dies = dies, .arg = w};
    w->watch = watch_new();
    if (w->config.page)
        small_pages(w, w->config.page);
    if (w->config.skew)
        (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/clock", json_pack("{s:s}", "skew", w->config.skew), NULL);
    if (w->config.product_skew)
        (void)world_say(w, w->product, NULL, "PUT", "/sandbox/clock",
                        json_pack("{s:s}", "skew", w->config.product_skew), NULL);
    if (w->config.strict)
        (void)world_say(w, w->product, NULL, "PUT", "/sandbox/workflow", json_pack("{s:b}", "strict", 1), NULL);
    if (w->config.zone)
        (void)world_say(w, w->desk, NULL, "PUT", "/sandbox/zone", json_pack("{s:s}", "zone", w->config.zone), NULL);
    return w;
}

void world_start(struct world *w) {
    struct fault fault = {0};
    disk_mount(&w->disk);
    if (store_open(w->database, &w->store, &fault) < 0 || store_open_read(w->database, &w->reader, &fault) < 0) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)w->seed, fault.text);
        abort();
    }
    struct settings *s = settings_of_world(w);
    if (engine_new(&w->port, w->store, s, &w->engine, &fault) < 0 || engine_start(w->engine, &fault) < 0) {
        fprintf(stderr, "seed %llu: the engine does not begin: %s\n", (unsigned long long)w->seed, fault.text);
        abort();
    }
}

static void stopped(void *arg) {
    *(bool *)arg = true;
}

static void replies_cancelled(struct world *w) {
    w->draining = true;
    for (int i = 0; i < 1000 && w->exchanges; i++) {
        struct exchange *x = w->exchanges;
        while (x && !x->done)
            x = x->next;
        if (!x)
            break;
        exchange_reply(x);
    }
    w->draining = false;
}

/* The process's memory goes; requests that are on their way go on without it. */
static void end_process(struct world *w) {
    bool done = false;
    engine_stop(w->engine, 0, stopped, &done);
    replies_cancelled(w);
    sqlite3_close(w->reader);
    w->reader = NULL;
    w->engine = engine_free(w->engine);
    w->store = store_close(w->store);
}

void world_stop(struct world *w) {
    bool done = false;
    engine_stop(w->engine, 60 * SEC_MS, stopped, &done);
    while (!done && world_step(w))
        ;
    end_process(w);
}

static void copy_file(const char *from, const char *to) {
    char buffer[65536];
    FILE *in = fopen(from, "rb"), *out = in ? fopen(to, "wb") : NULL;
    for (size_t n; out && (n = fread(buffer, 1, sizeof(buffer), in)) > 0;)
        fwrite(buffer, 1, n, out);
    if (out)
        fclose(out);
    if (in)
        fclose(in);
}

static void files_remove(const char *database) {
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char name[300];
    for (size_t i = 0; i < array_size(ends); i++) {
        snprintf(name, sizeof(name), "%s%s", database, ends[i]);
        unlink(name);
    }
}

/* The disk as it is now is what the next process will find. */
static void snapshot(struct world *w, const char *to) {
    char from[300], dest[300];
    copy_file(w->database, to);
    snprintf(from, sizeof(from), "%s-wal", w->database);
    snprintf(dest, sizeof(dest), "%s-wal", to);
    copy_file(from, dest);
}

static void next_name(const struct world *w, char *to, size_t n) {
    snprintf(to, n, "%s/bascule-%d.db", w->folder, w->generation + 1);
}

static void dies(void *arg) {
    struct world *w = arg;
    char name[256];
    next_name(w, name, sizeof(name));
    snapshot(w, name);
    w->dead = true;
}

void world_crash_at_sync(struct world *w, int n) {
    w->disk.dies_at = n;
}

void world_crash(struct world *w) {
    char old[256];
    if (!w->dead)
        dies(w);
    w->crashes++;
    w->disk.dies_at = 0;
    w->disk.full = false; /* who starts it again makes room first */
    world_tell(w, "the process dies");
    end_process(w);
    w->dead = false;
    snprintf(old, sizeof(old), "%s", w->database);
    w->generation++;
    database_name(w);
    files_remove(old);
    w->now += 200 + (msec_t)world_random(w, 5000);
    world_start(w);
}

/* ---- accidents ---- */

static void backup_name(const struct world *w, char *to, size_t n) {
    snprintf(to, n, "%s/backup.db", w->folder);
}

void world_backup(struct world *w) {
    char name[256];
    backup_name(w, name, sizeof(name));
    files_remove(name);
    snapshot(w, name);
}

void world_restore(struct world *w) {
    char name[256], from[300], to[300];
    backup_name(w, name, sizeof(name));
    files_remove(w->database);
    copy_file(name, w->database);
    snprintf(from, sizeof(from), "%s-wal", name);
    snprintf(to, sizeof(to), "%s-wal", w->database);
    copy_file(from, to);
    watch_forget(w);
    world_tell(w, "the database is put back");
}

void world_lose(struct world *w) {
    files_remove(w->database);
    watch_forget(w);
    world_tell(w, "the database is lost");
}

int64_t world_past(struct world *w, struct sandbox *sb) {
    json_t *now = NULL;
    (void)world_say(w, sb, NULL, "GET", "/sandbox/past", NULL, &now);
    int64_t past = json_int(now, "past", -1);
    json_decref(now);
    return past;
}

void world_put_back(struct world *w, struct sandbox *sb, int64_t past) {
    if (world_say(w, sb, NULL, "PUT", "/sandbox/past", json_pack("{s:I}", "past", (json_int_t)past), NULL) != 200)
        abort();
    watch_put_back(w);
}

void world_reload(struct world *w, const struct world_config *config) {
    struct fault fault = {0};
    w->config = *config;
    struct settings *s = settings_of_world(w);
    engine_hold(w->engine, true);
    int rc;
    while ((rc = engine_reload(w->engine, s, &fault)) == -EBUSY && world_step(w))
        fault.text[0] = 0;
    engine_hold(w->engine, false);
    if (rc < 0) {
        settings_free(s);
        world_fail(w, "reload: %s", fault.text);
    }
}

struct world *world_free(struct world *w) {
    if (!w)
        return NULL;
    if (w->engine)
        end_process(w);
    while (w->exchanges) {
        struct exchange *next = w->exchanges->next;
        arena_free(w->exchanges->a);
        free(w->exchanges);
        w->exchanges = next;
    }
    while (w->timers)
        timer_gone(w->timers);
    char backup[256];
    backup_name(w, backup, sizeof(backup));
    files_remove(backup);
    files_remove(w->database);
    small_pages_remove(w);
    rmdir(w->folder);
    sandbox_free(w->desk);
    sandbox_free(w->product);
    watch_free(w->watch);
    arena_free(w->a);
    free(w);
    return NULL;
}
