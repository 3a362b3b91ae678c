/* audit: what `bascule audit` does where no service runs: the engine's own
 * command, on a copy of the database in a folder of its own, so that neither the
 * database nor its lock is touched. */
#include "main.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct auditing {
    const struct cli_job *job;
    struct world *w;
    struct io *io;
    struct engine_world world;
    struct store *store;
    struct engine *engine;
    int status;
    json_t *result;
};

static void ask(struct auditing *x, int64_t run);

static void answered(void *who, int status, json_t *result) {
    struct auditing *x = who;
    if (status == 200 && !json_bool(result, "done", false)) {
        if (x->w->progress)
            progress_show(x->w->progress, "audit", json_int(result, "read", 0), json_int(result, "of", 0), "records");
        ask(x, json_int(result, "run", 0));
        return;
    }
    x->status = status;
    x->result = json_incref(result);
    io_stop(x->io);
}

static void ask(struct auditing *x, int64_t run) {
    cleanup_json json_t *args = json_pack("{s:I}", "run", (json_int_t)run);
    engine_command(x->engine, "audit", args, "cli", answered, x);
}

static char *read_text(void *arg, struct arena *a, const char *folder, const char *name, struct fault *fault) {
    const struct auditing *x = arg;
    struct fault none = {0};
    (void)fault; /* no note is rendered here */
    return x->w->config.file(x->w->config.arg, a, arena_printf(a, "%s/%s", folder, name), &none);
}

/* The folder with the copy, 0700: TMPDIR's if there is one. */
static int open_aside(struct auditing *x, const char *copy, struct fault *fault) {
    struct settings *settings = x->job->settings;
    int rc = store_copy(settings->database, copy, fault);
    if (rc == 0)
        rc = store_open(copy, &x->store, fault);
    if (rc == 0)
        rc = io_new(&x->io, fault);
    if (rc < 0) {
        settings_free(settings);
        return rc;
    }
    x->world = (struct engine_world){.clock = *io_clock(x->io),
                                     .timers = *io_timers(x->io),
                                     .transport = *io_transport(x->io),
                                     .randomness = *io_randomness(x->io),
                                     .log = &x->w->log,
                                     .connectors_dir = x->w->connectors_dir,
                                     .read_text = read_text,
                                     .arg = x};
    rc = engine_new(&x->world, x->store, settings, &x->engine, fault);
    if (rc < 0)
        settings_free(settings);
    return rc;
}

static void close_aside(struct auditing *x, const char *folder, const char *copy) {
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".lock"};
    cleanup_arena struct arena *a = arena_new();
    if (x->io)
        io_drain(x->io);
    engine_free(x->engine);
    store_close(x->store);
    io_free(x->io);
    for (size_t i = 0; i < array_size(ends); i++)
        unlink(arena_printf(a, "%s%s", copy, ends[i]));
    rmdir(folder);
}

int main_audit(void *arg, const struct cli_job *job, json_t **ret) {
    cleanup_arena struct arena *a = arena_new();
    struct fault fault = {0};
    struct auditing x = {.job = job, .w = arg};
    const char *tmp = x.w->config.env(x.w->config.arg, "TMPDIR");
    char *folder = arena_printf(a, "%s/bascule-audit-XXXXXX", str_empty(tmp) ? "/tmp" : tmp);
    if (!mkdtemp(folder)) {
        fprintf(job->err, "bascule audit: %s: %s: the database is copied there for the audit; TMPDIR names another\n",
                folder, strerror(errno));
        settings_free(job->settings);
        return CLI_FAILED;
    }
    const char *copy = arena_printf(a, "%s/copy.db", folder);
    int rc = open_aside(&x, copy, &fault);
    if (rc == 0) {
        x.w->progress = progress_new(x.w);
        ask(&x, 0);
        io_run(x.io);
        x.w->progress = progress_end(x.w->progress);
    }
    close_aside(&x, folder, copy);
    if (rc == 0 && x.status == 200) {
        *ret = x.result;
        return CLI_DONE;
    }
    const char *detail = json_text(x.result, "detail");
    fprintf(job->err, "bascule audit: %s\n", rc < 0 ? fault.text : detail ? detail : "it ended too early");
    json_decref(x.result);
    return CLI_FAILED;
}
