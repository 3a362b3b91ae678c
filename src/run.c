/* run: the service. io, store, engine and server are made, joined, and ended in
 * order; signals end or reload it. */
#include "main.h"

#include "bascule/socket.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOCK_TRIES   20
#define RELOAD_RETRY 50
#define RELOAD_TRIES 1200 /* a minute */

/* ---- the joints ---- */

static void *loop_watch(void *arg, int fd, void (*ready)(void *who), void *who) {
    struct watch *w;
    return io_watch(arg, fd, ready, who, &w, NULL) < 0 ? NULL : w;
}

static void loop_unwatch(void *arg, void *watch) {
    (void)arg;
    io_unwatch(watch);
}

struct serve_loop serve_loop_of(struct io *io) {
    return (struct serve_loop){.watch = loop_watch, .unwatch = loop_unwatch, .arg = io};
}

static void command(void *arg, const char *name, json_t *args, const char *actor, serve_done *done, void *who) {
    struct service *s = arg;
    if (s->stopping) {
        json_t *j = json_pack("{s:s, s:i, s:s, s:s}", "type", "about:blank", "status", 503, "title",
                              "Service Unavailable", "detail", "the service is ending");
        done(who, 503, j);
        json_decref(j);
        return;
    }
    engine_command(s->engine, name, args, actor, done, who);
}

static bool ready(void *arg, struct fault *why) {
    struct service *s = arg;
    if (!s->stopping && engine_imported(s->engine))
        return true;
    fault_set(why, -EAGAIN, s->stopping ? "the service is ending" : "the first import is not complete");
    return false;
}

static void live(void *arg, json_t *status) {
    struct service *s = arg;
    struct io_turns t;
    io_turns(s->io, &t);
    json_object_set_new(status, "loop",
                        json_pack("{s:I, s:f, s:f, s:f, s:I, s:f, s:I}", "turns", (json_int_t)t.turns, "p50", t.p50,
                                  "p99", t.p99, "max", t.max, "over_50ms", (json_int_t)t.over_50ms, "cpu_max",
                                  t.cpu_max, "cpu_over_50ms", (json_int_t)t.cpu_over_50ms));
}

static char *read_text(void *arg, struct arena *a, const char *folder, const char *name, struct fault *fault) {
    struct service *s = arg;
    struct fault quiet = {0};
    const char *path = arena_printf(a, "%s/%s", folder, name);
    char *text = s->world->config.file(s->world->config.arg, a, path, &quiet);
    if (!text && !strstr(quiet.text, "No such file"))
        fault_set(fault, -EIO, "%s", quiet.text);
    return text;
}

/* ---- beginning and end ---- */

int service_open(struct service *s, struct world *w, struct io *io, struct settings *settings, struct fault *fault) {
    cleanup_arena struct arena *a = arena_new();
    s->world = w;
    s->io = io;
    s->loop = serve_loop_of(io);
    s->engine_world = (struct engine_world){.clock = *io_clock(io),
                                            .timers = *io_timers(io),
                                            .transport = *io_transport(io),
                                            .randomness = *io_randomness(io),
                                            .pool = *io_pool(io),
                                            .log = &w->log,
                                            .connectors_dir = w->connectors_dir,
                                            .read_text = read_text,
                                            .identity_read = identity_file_read,
                                            .identity_write = identity_file_write,
                                            .machine = s->machine = machine_of(w),
                                            .arg = s};
    s->identity = strdup(arena_printf(a, "%s.identity", settings->database));
    const char *database = arena_strdup(a, settings->database), *host = arena_strdup(a, settings->listen_host);
    const char *url = arena_strdup(a, settings->public_url);
    int port = settings->listen_port;
    int rc = store_open(database, &s->store, fault);
    for (int i = 0; rc == -EBUSY && i < LOCK_TRIES; i++) { /* a killed one may still be ending */
        fault->text[0] = 0;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        rc = store_open(database, &s->store, fault);
    }
    if (rc == 0) {
        rc = engine_new(&s->engine_world, s->store, settings, &s->engine, fault);
        settings = rc == 0 ? NULL : settings;
    }
    settings_free(settings);
    if (rc < 0)
        return rc;
    struct serve_options options = {.loop = &s->loop,
                                    .timers = &s->engine_world.timers,
                                    .clock = &s->engine_world.clock,
                                    .pool = io_pool(io),
                                    .log = &w->log,
                                    .database = database,
                                    .socket_path = socket_path(a, database),
                                    .host = host,
                                    .port = port,
                                    .public_url = url,
                                    .version = VERSION,
                                    .command = command,
                                    .live = live,
                                    .ready = ready,
                                    .arg = s};
    return serve_open(&options, &s->serve, fault);
}

void service_close(struct service *s) {
    s->serve = serve_close(s->serve);
    if (s->reload_timer)
        s->engine_world.timers.free(s->reload_timer);
    settings_free(s->reload_settings);
    s->engine = engine_free(s->engine);
    s->store = store_close(s->store);
    free(s->identity);
    free(s->machine);
}

static void stopped(void *arg) {
    struct service *s = arg;
    io_stop(s->io);
}

static void end(void *arg) {
    struct service *s = arg;
    if (s->stopping)
        return;
    s->stopping = true;
    io_notify("STOPPING=1");
    log_info(&s->world->log, "ending: what is under way may finish for %lld s", (long long)(STOP_GRACE / SEC_MS));
    engine_stop(s->engine, STOP_GRACE, stopped, s);
}

/* ---- reload ---- */

static void changes_log(const struct service *s, const struct config_changes *changes) {
    for (size_t i = 0; i < changes->count; i++)
        log_info(&s->world->log, "reload: %s", changes->lines[i]);
    log_info(&s->world->log, changes->count ? "the configuration was reloaded"
                                            : "the configuration was reloaded: nothing in it has changed");
}

static void reload_try(void *arg) {
    cleanup_arena struct arena *a = arena_new();
    struct service *s = arg;
    struct fault fault = {0};
    struct config_changes changes = config_diff(engine_settings(s->engine), s->reload_settings, a);
    engine_hold(s->engine, true);
    int rc = engine_reload(s->engine, s->reload_settings, &fault);
    if (rc == -EBUSY && s->reload_tries++ < RELOAD_TRIES) {
        s->engine_world.timers.start(s->reload_timer, RELOAD_RETRY);
        return;
    }
    engine_hold(s->engine, false);
    if (rc < 0) {
        log_error(&s->world->log, "reload: %s: the running configuration stays in force", fault.text);
        settings_free(s->reload_settings);
    } else {
        changes_log(s, &changes);
    }
    s->reload_settings = NULL;
    io_notify("READY=1");
}

static void reload(void *arg) {
    struct service *s = arg;
    if (s->stopping || s->reload_settings || !s->config_file)
        return;
    io_notify("RELOADING=1");
    s->reload_settings = settings_of(s->world, s->config_file, stderr);
    if (!s->reload_settings) {
        log_error(&s->world->log, "reload: %s is faulty: the running configuration stays in force", s->config_file);
        io_notify("READY=1");
        return;
    }
    s->reload_tries = 0;
    if (!s->reload_timer)
        s->reload_timer = s->engine_world.timers.make(s->engine_world.timers.arg, reload_try, s);
    s->engine_world.timers.start(s->reload_timer, 0);
}

/* ---- running ---- */

static void idle(void *arg, bool failed) {
    struct service *s = arg;
    s->failed = failed;
    end(s);
}

int service_run(struct service *s, struct fault *fault) {
    int rc = io_signal(s->io, SIGTERM, end, s, fault);
    if (rc == 0)
        rc = io_signal(s->io, SIGINT, end, s, fault);
    if (rc == 0)
        rc = io_signal(s->io, SIGHUP, reload, s, fault);
    if (rc == 0)
        rc = engine_start(s->engine, fault);
    if (rc < 0)
        return rc;
    if (s->once)
        engine_when_idle(s->engine, idle, s);
    s->world->progress = progress_start(s);
    io_watchdog(s->io);
    io_notify("READY=1");
    io_run(s->io);
    s->world->progress = progress_end(s->world->progress);
    s->stopping = true;
    return 0;
}

int main_run(void *arg, const struct cli_job *job) {
    struct world *w = arg;
    struct service s = {.once = job->once, .config_file = job->config_file};
    struct fault fault = {0};
    struct io *io;
    int rc = io_new(&io, &fault);
    if (rc < 0) {
        fprintf(job->err, "bascule: %s\n", fault.text);
        settings_free(job->settings);
        return CLI_FAILED;
    }
    char listen[300];
    snprintf(listen, sizeof(listen), "%s:%d", job->settings->listen_host, job->settings->listen_port);
    rc = service_open(&s, w, io, job->settings, &fault);
    if (rc == 0) {
        log_info(&w->log, "bascule %s runs; http://%s", VERSION, listen);
        rc = service_run(&s, &fault);
    }
    if (rc < 0)
        fprintf(job->err, "bascule: %s\n", fault.text);
    io_drain(io);
    service_close(&s);
    io_free(io);
    return rc < 0 ? CLI_FAILED : s.failed ? CLI_ATTENTION : CLI_DONE;
}
