/* check: the file, then each tracker, by the same operations as the service;
 * and what connectors can do. Reads only. */
#include "main.h"

#include "bascule/note.h"
#include "bascule/tracker.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct checking {
    struct world *w;
    struct io *io;
    const struct cli_job *job;
    json_t *lines;
    struct op *op;
    bool done;
};

static const struct cli_column columns[] = {
    {.title = "RESULT", .key = "/result", .word = true},
    {.title = "SUBJECT", .key = "/subject"},
    {.title = "WHAT", .key = "/what"},
    {.title = "TEXT", .key = "/text"},
};

static void line(json_t *lines, const char *result, const char *subject, const char *what, const char *text) {
    json_array_append_new(
        lines, json_pack("{s:s, s:s, s:s, s:s}", "result", result, "subject", subject, "what", what, "text", text));
}

/* A FAIL is a failure, a WARN asks for attention. */
static int exit_of(const json_t *lines) {
    int code = CLI_DONE;
    size_t i;
    json_t *l;
    json_array_foreach((json_t *)(uintptr_t)lines, i, l) {
        if (str_is(json_text(l, "result"), "FAIL"))
            return CLI_FAILED;
        if (str_is(json_text(l, "result"), "WARN"))
            code = CLI_ATTENTION;
    }
    return code;
}

static void lines_print(const struct cli_job *job, const json_t *lines) {
    struct cli_sheet sheet = {.out = job->out, .format = job->format, .width = job->width, .colour = job->colour};
    cli_print_items(&sheet, columns, array_size(columns), lines);
}

static void check_step(struct checking *c);

static void check_reply(void *who, const struct http_reply *reply) {
    struct checking *c = who;
    op_reply(c->op, reply);
    check_step(c);
}

static void check_step(struct checking *c) {
    struct http_request request = {0};
    const struct transport *t = io_transport(c->io);
    if (op_next(c->op, &request)) {
        t->send(t->arg, &request, check_reply, c);
    } else {
        c->done = true;
        io_stop(c->io);
    }
}

static int check_tracker(struct checking *c, const struct settings_tracker *cfg) {
    static const char *const levels[] = {"OK", "WARN", "FAIL"};
    struct fault fault = {0};
    struct tracker *t;
    struct tracker_settings s = tracker_settings_of(cfg, "b1");
    if (tracker_new(c->w->connectors_dir, &s, &t, &fault) < 0) {
        line(c->lines, "FAIL", cfg->name, "connector", fault.text);
        return 0;
    }
    if (io_new(&c->io, &fault) < 0) {
        tracker_free(t);
        fprintf(c->job->err, "bascule: %s\n", fault.text);
        return -EIO;
    }
    c->op = op_check(t, clock_now(io_clock(c->io)));
    c->done = false;
    check_step(c);
    if (!c->done)
        io_run(c->io);
    const struct op_result *r = op_result(c->op);
    for (size_t i = 0; i < r->n_findings; i++)
        line(c->lines, levels[r->findings[i].level], cfg->name, r->findings[i].what, r->findings[i].text);
    if (!r->n_findings)
        line(c->lines, "FAIL", cfg->name, "reached", r->words ? r->words : "it gave no answer");
    op_free(c->op);
    io_drain(c->io);
    io_free(c->io);
    tracker_free(t);
    return 0;
}

/* ---- the file ---- */

static struct settings *check_file(struct checking *c, struct arena *a) {
    struct config_faults faults = {0};
    struct settings *settings = NULL;
    struct fault fault = {0};
    char full[4096];
    const char *file = c->job->config_file;
    char *text = c->w->config.file(c->w->config.arg, a, file, &fault);
    if (!text) {
        line(c->lines, "FAIL", file, "file", fault.text);
        return NULL;
    }
    const char *name = realpath(file, full) ? full : file;
    int rc = config_parse(name, text, strlen(text), &c->w->config, a, &settings, &faults);
    for (size_t i = 0; i < faults.count; i++)
        line(c->lines, faults.items[i].warning ? "WARN" : "FAIL",
             arena_printf(a, "%s:%d:%d", file, faults.items[i].line, faults.items[i].column), "file",
             faults.items[i].text);
    if (rc == 0)
        line(c->lines, "OK", file, "file",
             arena_printf(a, "%zu trackers, %zu policy rules, %zu patterns", settings->n_trackers,
                          settings->policy.n_rules, settings->n_patterns));
    return rc == 0 ? settings : NULL;
}

struct texts {
    struct checking *c;
    const char *folder;
};

static char *read_template(void *arg, struct arena *a, const char *name, struct fault *fault) {
    struct texts *t = arg;
    struct fault quiet = {0};
    char *text = t->c->w->config.file(t->c->w->config.arg, a, arena_printf(a, "%s/%s", t->folder, name), &quiet);
    if (!text && !strstr(quiet.text, "No such file"))
        fault_set(fault, -EIO, "%s", quiet.text);
    return text;
}

/* Every template is loaded and rendered once with sample facts. */
static void check_texts(struct checking *c, struct arena *a, const struct settings *s) {
    struct texts texts = {.c = c, .folder = s->texts};
    struct note_source source = {.read = read_template, .arg = &texts};
    struct note_faults faults = {0};
    const struct note_templates *t;
    int rc = note_templates_load(s->texts ? &source : NULL, s->language, a, &t, &faults);
    for (size_t i = 0; i < faults.count; i++)
        line(c->lines, "FAIL", arena_printf(a, "%s:%d", faults.items[i].file, faults.items[i].line), "texts",
             faults.items[i].text);
    if (rc < 0)
        return;
    for (int k = 0; k < NOTE_KIND_COUNT; k++) {
        struct note_facts facts = note_sample((enum note_kind)k);
        (void)note_render(t, (enum note_kind)k, VISIBILITY_PUBLIC, &facts, a);
        (void)note_render(t, (enum note_kind)k, VISIBILITY_INTERNAL, &facts, a);
    }
    line(c->lines, "OK", s->texts ? s->texts : "built-in", "texts", "every note template was rendered");
}

/* ---- check --diff ---- */

/* Two ways a change takes effect: at once, and when somebody asks for it. */
static void preview_lines(struct checking *c, struct arena *a, const json_t *counts) {
    const json_t *reload = json_object_get(counts, "reload"), *apply = json_object_get(counts, "policy_apply");
    int64_t n = json_int(apply, "incidents", 0);
    line(c->lines, "OK", "diff", "at once",
         arena_printf(a, "a reload or restart would %s", json_text(reload, "would")));
    if (n)
        line(c->lines, "OK", "diff", "policy apply",
             arena_printf(a,
                          "`bascule policy apply` would %s, in a new turn of %s; without it they keep "
                          "their policy until their next turn",
                          json_text(apply, "would"), count_words(a, n, "incident")));
    else
        line(c->lines, "OK", "diff", "policy apply", "no incident stands under another policy");
}

static int preview(struct checking *c, struct settings *settings, struct arena *a) {
    struct fault fault = {0};
    char folder[] = "/tmp/bascule-diff-XXXXXX";
    json_t *counts = NULL;
    struct store *store = NULL;
    struct engine *engine = NULL;
    struct service s = {.world = c->w};
    if (access(settings->database, R_OK) != 0 || !mkdtemp(folder)) {
        line(c->lines, "WARN", "diff", "preview", "there is no database yet: nothing to compare with");
        settings_free(settings);
        return 0;
    }
    const char *copy = arena_printf(a, "%s/copy.db", folder);
    int rc = store_copy(settings->database, copy, &fault);
    if (rc == 0)
        rc = store_open(copy, &store, &fault);
    if (rc == 0)
        rc = io_new(&c->io, &fault);
    if (rc == 0) {
        s.engine_world = (struct engine_world){.clock = *io_clock(c->io),
                                               .timers = *io_timers(c->io),
                                               .transport = *io_transport(c->io),
                                               .randomness = *io_randomness(c->io),
                                               .connectors_dir = c->w->connectors_dir};
        rc = engine_new(&s.engine_world, store, settings, &engine, &fault);
        settings = rc == 0 ? NULL : settings;
    }
    if (rc == 0)
        counts = engine_preview(engine);
    if (rc < 0)
        line(c->lines, "FAIL", "diff", "preview", fault.text);
    else if (!counts)
        line(c->lines, "WARN", "diff", "preview", "the first import is not complete: nothing is decided before");
    else
        preview_lines(c, a, counts);
    json_decref(counts);
    engine_free(engine);
    store_close(store);
    if (c->io)
        io_free(c->io);
    settings_free(settings);
    unlink(copy);
    unlink(arena_printf(a, "%s-wal", copy));
    unlink(arena_printf(a, "%s-shm", copy));
    unlink(arena_printf(a, "%s.lock", copy));
    rmdir(folder);
    return 0;
}

int main_check(void *arg, const struct cli_job *job) {
    cleanup_arena struct arena *a = arena_new();
    struct checking c = {.w = arg, .job = job, .lines = json_array()};
    struct settings *settings = check_file(&c, a);
    int code = CLI_DONE;
    if (settings) {
        check_texts(&c, a, settings);
        for (size_t i = 0; i < settings->n_trackers; i++)
            if (check_tracker(&c, &settings->trackers[i]) < 0)
                code = CLI_FAILED;
        c.io = NULL;
        if (job->diff)
            preview(&c, settings, a);
        else
            settings_free(settings);
    }
    if (code == CLI_DONE)
        code = exit_of(c.lines);
    lines_print(job, c.lines);
    json_decref(c.lines);
    return code;
}

/* ---- connectors ---- */

static void ability(struct buf *b, bool can, const char *word) {
    if (can)
        buf_printf(b, "%s%s", b->len ? ", " : "", word);
}

static void describe(struct world *w, json_t *lines, const char *name) {
    struct fault fault = {0};
    struct tracker *t;
    json_t *empty = json_object();
    json_t *auth = json_object(), *scope = json_object();
    struct tracker_settings s = {.name = name,
                                 .connector = name,
                                 .url = "http://127.0.0.1",
                                 .auth = auth,
                                 .scope = scope,
                                 .states = empty,
                                 .outcomes = empty,
                                 .priorities = empty,
                                 .write = empty,
                                 .fields = empty,
                                 .instance = "b1"};
    int rc = tracker_new(w->connectors_dir, &s, &t, &fault);
    /* what it cannot do without is given it, one key at a time: only its abilities are asked for */
    for (int tries = 0; rc < 0 && tries < 8; tries++) {
        char group[8], key[64];
        const char *at = strstr(fault.text, "auth.");
        at = at ? at : strstr(fault.text, "scope.");
        if (!at || sscanf(at, "%7[a-z].%63[a-z_] is missing", group, key) != 2)
            break;
        json_object_set_new(str_is(group, "auth") ? auth : scope, key, json_string("x"));
        fault.text[0] = 0;
        rc = tracker_new(w->connectors_dir, &s, &t, &fault);
    }
    if (rc < 0) {
        line(lines, "FAIL", name, "recipe", fault.text);
    } else {
        struct buf b = {0};
        const struct tracker_abilities *can = tracker_abilities(t);
        ability(&b, can->composite_write, "state, fields and note in one request");
        ability(&b, can->public_note, "public notes");
        ability(&b, can->internal_note, "internal notes");
        ability(&b, can->create, "creates records");
        ability(&b, can->look_note, "finds its notes again");
        ability(&b, can->look_create, "finds what it created again");
        ability(&b, can->relations, "duplicates");
        ability(&b, can->versions, "versions");
        line(lines, "OK", name, "can", buf_text(&b));
        line(lines, "OK", name, "proven", tracker_proven(t));
        buf_deinit(&b);
        tracker_free(t);
    }
    json_decref(empty);
    json_decref(auth);
    json_decref(scope);
}

/* Names of those that there are: "redmine, rt". */
static char *connectors_known(struct world *w, struct arena *a, struct dirent **entries, int n) {
    cleanup_buf struct buf b = {.limit = 500};
    for (int i = 0; i < n; i++)
        if (entries[i]->d_name[0] != '.' && w->config.connector_exists(w, entries[i]->d_name))
            buf_printf(&b, "%s%s", b.len ? ", " : "", entries[i]->d_name);
    return arena_strdup(a, b.len ? buf_text(&b) : "none");
}

int main_connectors(void *arg, const struct cli_job *job) {
    struct world *w = arg;
    cleanup_json json_t *lines = json_array();
    struct dirent **entries = NULL;
    int n = scandir(w->connectors_dir, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        if (name[0] != '.' && (!job->name || str_is(job->name, name)) && w->config.connector_exists(w, name))
            describe(w, lines, name);
    }
    cleanup_arena struct arena *a = arena_new();
    const char *known = connectors_known(w, a, entries, n);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    if (json_array_size(lines) == 0) {
        fprintf(job->err, "bascule: no connector %s in %s; known: %s\n", job->name ? job->name : "", w->connectors_dir,
                known);
        return CLI_FAILED;
    }
    lines_print(job, lines);
    return exit_of(lines);
}

/* ---- connectors test ---- */

static int is_case(const struct dirent *d) {
    size_t n = strlen(d->d_name);
    return d->d_name[0] != '.' && n > 5 && str_is(d->d_name + n - 5, ".case");
}

static void replay(const struct cli_job *job, struct world *w, json_t *lines, const char *folder, const char *file) {
    cleanup_arena struct arena *a = arena_new();
    struct fault fault = {0};
    struct case_replayed r;
    const char *path = arena_printf(a, "%s/tests/%s", folder, file), *name = arena_strndup(a, file, strlen(file) - 5);
    char *text = w->config.file(w->config.arg, a, path, &fault);
    if (!text) {
        line(lines, "FAIL", name, "case", fault.text);
        return;
    }
    case_replay(w->connectors_dir, folder, text, a, &r);
    line(lines, r.what ? "FAIL" : "OK", name, "case",
         r.what ? arena_printf(a, "line %d: %s (%s)", r.line, r.what, r.title) : r.title);
    if (r.what)
        fprintf(job->err, "%s: %s\n", path, r.differences);
}

static void replay_all(const struct cli_job *job, struct world *w, json_t *lines, const char *folder,
                       const char *name) {
    cleanup_arena struct arena *a = arena_new();
    struct dirent **entries = NULL;
    int n = scandir(arena_printf(a, "%s/tests", folder), &entries, is_case, alphasort);
    for (int i = 0; i < n; i++) {
        replay(job, w, lines, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (n <= 0)
        line(lines, "WARN", name, "case",
             arena_printf(a, "no recorded case in %s/tests: nothing was replayed", folder));
}

/* A folder with a recipe: is it well-formed, and do its recorded cases go as they went? */
int main_connectors_test(void *arg, const struct cli_job *job) {
    struct world *w = arg, other = *w;
    char full[4096], parent[4096];
    if (!realpath(job->dir, full)) {
        fprintf(job->err, "bascule: %s: %s\n", job->dir, strerror(errno));
        return CLI_FAILED;
    }
    snprintf(parent, sizeof(parent), "%s", full);
    char *slash = strrchr(parent, '/');
    *slash = 0;
    snprintf(other.connectors_dir, sizeof(other.connectors_dir), "%s", parent);
    cleanup_json json_t *lines = json_array();
    describe(&other, lines, slash + 1);
    if (exit_of(lines) == CLI_DONE)
        replay_all(job, &other, lines, full, slash + 1);
    lines_print(job, lines);
    return exit_of(lines);
}
