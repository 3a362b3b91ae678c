/* main: the one place that wires things: the process's world for the command
 * line, and the bodies of the commands that need the engine (run.c, check.c,
 * demo.c). */
#include "main.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef CONNECTORS_DIR
#define CONNECTORS_DIR "/usr/share/bascule/connectors"
#endif

#ifndef CONNECTORS_SOURCE
#define CONNECTORS_SOURCE CONNECTORS_DIR
#endif

#define FILE_MAX (4 << 20)

static const char *env_of(void *arg, const char *name) {
    (void)arg;
    return getenv(name);
}

static char *file_of(void *arg, struct arena *a, const char *path, struct fault *fault) {
    (void)arg;
    FILE *f = fopen(path, "re");
    if (!f) {
        fault_set(fault, -errno, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct buf b = {.limit = FILE_MAX};
    char part[8192];
    size_t n;
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        buf_add(&b, part, n);
    bool bad = ferror(f) || b.over;
    fclose(f);
    char *text = bad ? NULL : arena_strndup(a, buf_text(&b), b.len);
    if (bad)
        fault_set(fault, -EIO, "%s: %s", path, b.over ? "larger than 4 MiB" : "cannot be read");
    buf_deinit(&b);
    return text;
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool connector_exists(void *arg, const char *name) {
    struct world *w = arg;
    char path[5000];
    snprintf(path, sizeof(path), "%s/%s/recipe.yaml", w->connectors_dir, name);
    return access(path, R_OK) == 0;
}

/* $BASCULE_CONNECTORS, beside the program as built, as installed beside it, as configured. */
static void find_connectors(struct world *w) {
    const char *given = getenv("BASCULE_CONNECTORS");
    char exe[3000];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (given) {
        snprintf(w->connectors_dir, sizeof(w->connectors_dir), "%s", given);
        return;
    }
    exe[n > 0 ? n : 0] = 0;
    char *slash = strrchr(exe, '/');
    if (slash)
        *slash = 0;
    for (int i = 0; i < 2; i++) {
        int len = i == 0
                      ? snprintf(w->connectors_dir, sizeof(w->connectors_dir), "%s/../../connectors", exe)
                      : snprintf(w->connectors_dir, sizeof(w->connectors_dir), "%s/../share/bascule/connectors", exe);
        if (len > 0 && is_folder(w->connectors_dir))
            return;
    }
    snprintf(w->connectors_dir, sizeof(w->connectors_dir), "%s",
             is_folder(CONNECTORS_DIR) ? CONNECTORS_DIR : CONNECTORS_SOURCE);
}

static void log_line(void *arg, enum log_level level, const char *text) {
    static const char *const names[] = {"debug", "info", "warning", "error"};
    static const int priorities[] = {7, 6, 4, 3};
    struct world *w = arg;
    progress_clear(w->progress);
    if (w->journal) {
        fprintf(stderr, "<%d>%s\n", priorities[level], text);
        return;
    }
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    fprintf(stderr, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s: %s\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
            tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000, names[level], text);
}

static void show_progress(void *arg, const char *what, int64_t done, int64_t of, const char *things) {
    struct world *w = arg;
    if (!what) {
        w->progress = progress_end(w->progress);
        return;
    }
    if (!w->progress)
        w->progress = progress_new(w);
    if (w->progress)
        progress_show(w->progress, what, done, of, things);
}

struct settings *settings_of(struct world *w, const char *file, FILE *err) {
    cleanup_arena struct arena *a = arena_new();
    struct fault fault = {0};
    struct config_faults faults = {0};
    struct settings *settings = NULL;
    char full[4096];
    const char *name = realpath(file, full) ? full : file;
    char *text = file_of(NULL, a, file, &fault);
    if (!text) {
        fprintf(err, "bascule: %s\n", fault.text);
        return NULL;
    }
    int rc = config_parse(name, text, strlen(text), &w->config, a, &settings, &faults);
    for (size_t i = 0; i < faults.count; i++)
        fprintf(err, "%s\n", config_fault_text(a, file, &faults.items[i]));
    return rc < 0 ? NULL : settings;
}

int main(int argc, char **argv) {
    struct world w = {.journal = getenv("JOURNAL_STREAM") != NULL && !isatty(2)};
    struct cli_world cli = {.arg = &w, .version = VERSION, .env = env_of};
    struct timespec now;
    umask(077); /* the database holds requesters' words */
    setlocale(LC_CTYPE, "C.UTF-8");
    setvbuf(stderr, NULL, _IOLBF, 0);
    find_connectors(&w);
    w.config = (struct config_world){.env = env_of, .file = file_of, .connector_exists = connector_exists, .arg = &w};
    w.log =
        (struct log){.level = getenv("BASCULE_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, .write = log_line, .arg = &w};
    clock_gettime(CLOCK_REALTIME, &now);
    cli.now = (msec_t)now.tv_sec * SEC_MS + now.tv_nsec / 1000000;
    cli_world_terminal(&cli);
    cli.config = &w.config;
    cli.run = main_run;
    cli.check = main_check;
    cli.demo = main_demo;
    cli.connectors = main_connectors;
    cli.connectors_test = main_connectors_test;
    cli.audit = main_audit;
    cli.progress = show_progress;
    return cli_main(&cli, argc, argv);
}
