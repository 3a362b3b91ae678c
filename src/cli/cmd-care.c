/* cmd-care: audit, backup, doctor: is all as it should be, and will it be tomorrow? */
#include "bascule/store.h"
#include "cli.h"

#include <string.h>

static void progress(struct cli *c, const char *what, int64_t done, int64_t of, const char *things) {
    if (c->w->progress)
        c->w->progress(c->w->arg, what, done, of, things);
}

/* ---- audit ---- */

static const struct cli_column audit_columns[] = {
    {.title = "REF", .key = "/ref"},
    {.title = "WHAT", .key = "/what", .min = 8},
    {.title = "TRACKER", .key = "/tracker", .min = 10},
    {.title = "BRIDGE", .key = "/bridge", .min = 10},
    {.title = "MEND", .key = "/mend", .min = 16},
};

/* The service reads, and is asked for how far it is until it has done. */
static int audit_served(struct cli *c, json_t **ret) {
    cleanup_json json_t *body = json_object(), *at = NULL;
    int r;
    while ((r = cli_ask(c, "POST", "audit", body, &at)) == 0 && !json_bool(at, "done", false)) {
        progress(c, "audit", json_int(at, "read", 0), json_int(at, "of", 0), "records");
        json_object_set_new(body, "run", json_integer(json_int(at, "run", 0)));
        json_decref(at);
        at = NULL;
    }
    progress(c, NULL, 0, 0, NULL);
    if (r == CLI_NO_SERVICE && json_object_get(body, "run"))
        return cli_failed(c, "the service has ended meanwhile: audit again");
    if (r == 0)
        *ret = json_incref(at);
    return r;
}

/* Without a service: on a copy of the database, with the secrets that a reading needs. */
static int audit_alone(struct cli *c, json_t **ret) {
    settings_free(c->settings);
    c->settings = NULL;
    int r = cli_settings(c, true);
    if (r)
        return r;
    struct cli_job j = cli_job(c);
    c->settings = NULL; /* taken over */
    if (!c->w->audit) {
        settings_free(j.settings);
        return cli_failed(c, "this build cannot do that");
    }
    return c->w->audit(c->w->arg, &j, ret);
}

static int audit_run(struct cli *c) {
    cleanup_json json_t *found = NULL;
    int r = audit_served(c, &found);
    if (r == CLI_NO_SERVICE)
        r = audit_alone(c, &found);
    if (r)
        return r;
    const json_t *lines = json_object_get(found, "differences");
    size_t n = json_array_size(lines);
    long long read = json_int(found, "read", 0), more = json_int(found, "more", 0);
    struct cli_sheet s = cli_sheet(c);
    if (n || c->format != CLI_TABLE)
        cli_print_items(&s, audit_columns, array_size(audit_columns), lines);
    if (more)
        fprintf(c->w->err, "bascule audit: and %lld more\n", more);
    if (json_bool(found, "failed", false))
        return cli_failed(c, "not all could be read: see 'not read' above");
    if (c->format == CLI_TABLE && !n)
        fprintf(c->w->out, "Nothing differs: %lld records were read\n", read);
    return n ? CLI_ATTENTION : CLI_DONE;
}

const struct command command_audit = {
    .name = "audit",
    .summary = "read both sides of every link again: what differs?",
    .usage = "",
    .help = "Compares what the trackers show with the database and with what Bascule wrote: presence, state, fields,\n"
            "and that each note stands there once. One line a difference, with what would mend it. It writes nothing,\n"
            "and keeps to the trackers' limits. A state that people moved since is theirs, and no difference.\n"
            "Exits 0 when nothing differs, 3 when something does, 1 when not all could be read.\n\n"
            "Examples:\n"
            "  bascule audit\n"
            "  bascule audit --format csv > differences.csv",
    .run = audit_run,
};

/* ---- backup ---- */

static const struct option backup_options[] = {
    {"force", NULL, "replace FILE if it is an older backup", NULL, false},
    OPTION_END,
};

static int backup_copy(struct cli *c, const char *file, int64_t *ret_bytes) {
    struct fault f = {0};
    struct store_backup *b = NULL;
    int64_t done = 0, of = 0;
    int r = store_backup_begin(c->settings->database, file, args_flag(c, "force"), &b, &f);
    while (r == 0 && (r = store_backup_step(b, &f)) == 0) {
        store_backup_progress(b, &done, &of, ret_bytes);
        progress(c, "backup", done, of, "pages");
    }
    progress(c, NULL, 0, 0, NULL);
    if (r > 0)
        store_backup_progress(b, &done, &of, ret_bytes);
    store_backup_free(b);
    return r < 0 ? cli_failed(c, "%s", f.text) : 0;
}

static int backup_run(struct cli *c) {
    const char *file = c->words[0];
    int64_t bytes = 0;
    int r = cli_settings(c, false);
    if (r == 0 && (!*file || file[strlen(file) - 1] == '/'))
        return cli_wrong(c, "'%s' is no name of a file", cli_text(c->arena, file));
    if (r == 0)
        r = backup_copy(c, file, &bytes);
    if (r)
        return r;
    const char *restore = arena_printf(
        c->arena,
        "stop the service; move %s away, with its -wal and -shm; copy %s to its place, for the service's user only; "
        "bascule doctor; start the service, look at bascule list effects, then bascule outbox open",
        c->settings->database, file);
    cleanup_json json_t *item =
        json_pack("{s:s, s:I, s:s}", "file", file, "bytes", (json_int_t)bytes, "restore", restore);
    if (!item)
        return cli_failed(c, "the backup is made, but its name is no UTF-8");
    struct cli_sheet s = cli_sheet(c);
    if (c->format != CLI_TABLE)
        thing_out(&s, item);
    else {
        fprintf(c->w->out, "%s: %lld KiB\nTo restore it:\n", cli_text(c->arena, file), (long long)bytes / 1024);
        text_wrap(c->w->out, cli_text(c->arena, restore), 2, sheet_width(&s));
    }
    return CLI_DONE;
}

const struct command command_backup = {
    .name = "backup",
    .summary = "a copy of the database, while the service runs",
    .usage = "FILE [--force]",
    .help =
        "A copy of one moment, which keeps the service from nothing. FILE appears when it is whole and was checked;\n"
        "a failure leaves nothing. What exists is not replaced; with --force an older backup is.\n\n"
        "Examples:\n"
        "  bascule backup /var/backups/bascule-$(date +%F).db\n"
        "  bascule doctor /var/backups/bascule-2026-01-31.db",
    .options = backup_options,
    .words_min = 1,
    .words_max = 1,
    .run = backup_run,
};

/* ---- doctor ---- */

static const struct cli_column doctor_columns[] = {
    {.title = "RESULT", .key = "/result", .word = true},
    {.title = "WHAT", .key = "/what"},
    {.title = "TEXT", .key = "/text"},
};

/* A FAIL is a failure, a WARN asks for attention. */
static int doctor_code(const json_t *lines) {
    int code = CLI_DONE;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *result = json_text(json_array_get(lines, i), "result");
        if (str_is(result, "FAIL"))
            return CLI_FAILED;
        if (str_is(result, "WARN"))
            code = CLI_ATTENTION;
    }
    return code;
}

static int doctor_run(struct cli *c) {
    struct fault f = {0};
    cleanup_json json_t *lines = NULL;
    const char *file = c->n_words ? c->words[0] : NULL;
    if (!file) {
        int r = cli_settings(c, false);
        if (r)
            return r;
        file = c->settings->database;
    }
    if (report_doctor(file, c->n_words > 0, &lines, &f) < 0)
        return cli_failed(c, "%s", f.text);
    struct cli_sheet s = cli_sheet(c);
    cli_print_items(&s, doctor_columns, array_size(doctor_columns), lines);
    return doctor_code(lines);
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "is the database sound, and does it keep the laws?",
    .usage = "[FILE]",
    .help = "SQLite's own checks, then what must hold of effects, turns, links, evidence, values and search, then the\n"
            "files and the disk. One line a finding: OK, WARN or FAIL, with what to do. Only reads; works beside the\n"
            "running service and without it. FILE: another database than the configured one, such as a backup.\n\n"
            "Examples:\n"
            "  bascule doctor\n"
            "  bascule doctor /var/backups/bascule-2026-01-31.db",
    .words_max = 1,
    .run = doctor_run,
};
