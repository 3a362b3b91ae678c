/* ask: where answers come from: the configuration, the service, the database.
 *
 * Called by the commands. Owns the settings of one invocation. What must hold:
 * a command that changes something goes to the running service or nowhere; one
 * that reads gives the same answer either way. */
#include "bascule/socket.h"
#include "cli.h"
#include <stdarg.h>
#include <string.h>

/* ---- saying what is wrong ---- */

static void say(struct cli *c, const char *format, va_list args) {
    fprintf(c->w->err, "bascule%s%s: ", c->command ? " " : "", c->command ? c->command->name : "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vfprintf(c->w->err, format, args);
#pragma GCC diagnostic pop
    fputc('\n', c->w->err);
}

int cli_wrong(struct cli *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(c, format, args);
    va_end(args);
    return CLI_USAGE;
}

int cli_failed(struct cli *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(c, format, args);
    va_end(args);
    return CLI_FAILED;
}

bool cli_is_problem(struct cli *c, const char *word) {
    int64_t n;
    if (problem_ref_parse(word, &n))
        return true;
    cli_wrong(c, "'%s' is no problem; one looks like P-12", cli_text(c->arena, word));
    return false;
}

bool cli_is_ref(struct cli *c, const char *word) {
    const char *tracker, *id;
    int64_t n;
    if (problem_ref_parse(word, &n) || ref_split(c->arena, word, &tracker, &id))
        return true;
    cli_wrong(c, "'%s' is no reference; one looks like helpdesk:4711 or P-12", cli_text(c->arena, word));
    return false;
}

bool cli_is_number(struct cli *c, const char *word, const char *what) {
    int64_t n;
    if (str_int64(word, &n) && n > 0)
        return true;
    cli_wrong(c, "'%s' is no number of %s", cli_text(c->arena, word), what);
    return false;
}

bool cli_sure(struct cli *c, bool otherwise, const char *question) {
    char line[64];
    if (args_flag(c, "yes"))
        return true;
    if (!c->w->in_tty || !c->w->err_tty)
        return otherwise;
    fprintf(c->w->err, "%s [y/N] ", question);
    fflush(c->w->err);
    return fgets(line, sizeof(line), c->w->in) && (line[0] == 'y' || line[0] == 'Y');
}

/* ---- the configuration ---- */

/* Who only asks needs no secrets: one that isn't there is taken for an empty word. */
static const char *lenient_env(void *arg, const char *name) {
    const struct cli_world *w = arg;
    const char *value = w->config->env(w->config->arg, name);
    bool folder = str_is(name, "STATE_DIRECTORY") || str_is(name, "CREDENTIALS_DIRECTORY");
    return value || folder ? value : "-";
}

static char *lenient_file(void *arg, struct arena *a, const char *path, struct fault *fault) {
    const struct cli_world *w = arg;
    char *text = w->config->file(w->config->arg, a, path, NULL);
    (void)fault;
    return text ? text : arena_strdup(a, "-");
}

static bool readable(struct cli *c, const char *path) {
    cleanup_arena struct arena *a = arena_new();
    return c->w->config->file(c->w->config->arg, a, path, NULL) != NULL;
}

const char *cli_config_file(struct cli *c) {
    const char *named = c->config_file ? c->config_file : c->w->env ? c->w->env(c->w->arg, "BASCULE_CONFIG") : NULL;
    if (!str_empty(named))
        return named;
    static const char *const places[] = {"bascule.yaml", "/etc/bascule/bascule.yaml"};
    for (size_t i = 0; i < array_size(places); i++)
        if (readable(c, places[i]))
            return places[i];
    return NULL;
}

static void faults_print(struct cli *c, const char *file, const struct config_faults *faults) {
    for (size_t i = 0; i < faults->count; i++)
        fprintf(c->w->err, "%s\n", config_fault_text(c->arena, file, &faults->items[i]));
}

int cli_settings(struct cli *c, bool strict) {
    struct fault f = {0};
    struct config_faults faults = {0};
    if (c->settings)
        return 0;
    const char *file = cli_config_file(c);
    if (!file)
        return cli_failed(c, "no configuration: name one with -c FILE or $BASCULE_CONFIG, or put it at ./bascule.yaml "
                             "or /etc/bascule/bascule.yaml; `bascule demo` needs none");
    char *text = c->w->config->file(c->w->config->arg, c->arena, file, &f);
    if (!text)
        return cli_failed(c, "%s", f.text[0] ? f.text : arena_printf(c->arena, "%s cannot be read", file));
    struct config_world world = {.env = lenient_env, .file = lenient_file, .arg = (void *)(uintptr_t)c->w};
    int r = config_parse(file, text, strlen(text), strict ? c->w->config : &world, c->arena, &c->settings, &faults);
    if (strict || r < 0)
        faults_print(c, file, &faults);
    c->settings_file = file;
    if (r < 0)
        return cli_failed(c, "%s cannot be used; `bascule check` says more", file);
    return 0;
}

/* ---- the service ---- */

static int call(struct cli *c, const char *method, const char *path, const json_t *body, struct client_reply *ret) {
    struct fault f = {0};
    int (*do_call)(const char *, const char *, const char *, const json_t *, struct client_reply *, struct fault *) =
        c->w->call ? c->w->call : client_call;
    int r = do_call(socket_path(c->arena, c->settings->database), method, path, body, ret, &f);
    c->over_socket = r == 0;
    return r < 0 ? cli_failed(c, "%s", f.text) * -1 : r;
}

/* Says what a refusal says; gives the exit code. */
static int refused(struct cli *c, const struct client_reply *reply) {
    const char *detail = json_text(reply->body, "detail"), *title = json_text(reply->body, "title");
    const char *text = detail  ? detail
                       : title ? title
                               : arena_printf(c->arena, "the service answered %d", reply->status);
    cli_failed(c, "%s", cli_text(c->arena, text));
    return reply->status == 400 ? CLI_USAGE : CLI_FAILED;
}

static int answer_take(struct cli *c, struct client_reply *reply, json_t **ret) {
    int code = 0;
    if (reply->status >= 400)
        code = refused(c, reply);
    else if (!reply->body)
        code = cli_failed(c, "the service answered %d, and no JSON", reply->status);
    else
        *ret = json_incref(reply->body);
    client_reply_deinit(reply);
    return code;
}

int cli_ask(struct cli *c, const char *method, const char *path, const json_t *body, json_t **ret) {
    struct client_reply reply = {0};
    int r = cli_settings(c, false);
    if (r)
        return r;
    r = call(c, method, arena_printf(c->arena, "/api/v1/%s", path), body, &reply);
    if (r == CLIENT_NO_SERVICE)
        return CLI_NO_SERVICE;
    return r < 0 ? CLI_FAILED : answer_take(c, &reply, ret);
}

int cli_change(struct cli *c, const char *method, const char *path, const json_t *body, json_t **ret) {
    int r = cli_ask(c, method, path, body, ret);
    if (r == CLI_NO_SERVICE)
        return cli_failed(c,
                          "the service is not running, and it alone may change something; start it with "
                          "`bascule run -c %s` or `systemctl start bascule`",
                          c->settings_file);
    return r;
}

char *cli_path(struct cli *c, const char *first, const char *segment, const char *last) {
    cleanup_buf struct buf b = {0};
    buf_printf(&b, "%s/", first);
    client_escape(&b, segment);
    if (last)
        buf_printf(&b, "/%s", last);
    return arena_strdup(c->arena, buf_text(&b));
}

int cli_do(struct cli *c, const char *method, const char *path, const json_t *body, const char *done) {
    cleanup_json json_t *result = NULL;
    int r = cli_change(c, method, path, body, &result);
    if (r)
        return r;
    const char *message = json_text(result, "message");
    struct cli_sheet s = cli_sheet(c);
    if (c->format == CLI_TABLE)
        fprintf(c->w->out, "%s\n", cli_text(c->arena, message ? message : done));
    else
        thing_out(&s, result);
    return CLI_DONE;
}

/* ---- reading ---- */

static void param(struct buf *b, const char *name, const char *value) {
    if (!value)
        return;
    buf_printf(b, "%c%s=", strchr(buf_text(b), '?') ? '&' : '?', name);
    client_escape(b, value);
}

/* The question as an address of the API. */
static char *question_path(struct cli *c, const struct report_query *q) {
    cleanup_buf struct buf b = {0};
    buf_printf(&b, "/api/v1/%s", report_name(q->what));
    if (q->what == REPORT_EXPLAIN || q->what == REPORT_SHOW) {
        buf_char(&b, '/');
        client_escape(&b, q->ref);
        return arena_strdup(c->arena, buf_text(&b));
    }
    if (q->what == REPORT_FIGURES) {
        buf_char(&b, '/');
        client_escape(&b, q->ref);
    }
    param(&b, "state", q->state);
    param(&b, "tracker", q->tracker);
    param(&b, "problem", q->problem);
    param(&b, "search", q->search);
    param(&b, "kind", q->kind);
    param(&b, "since", q->since);
    param(&b, "until", q->until);
    param(&b, "by", q->by);
    param(&b, "service", q->service);
    if (q->what != REPORT_FIGURES)
        param(&b, "ref", q->ref);
    param(&b, "after", q->after);
    if (q->limit)
        param(&b, "limit", arena_printf(c->arena, "%d", q->limit));
    return arena_strdup(c->arena, buf_text(&b));
}

static int read_database(struct cli *c, struct report_query *q, json_t **ret) {
    struct fault f = {0};
    struct sqlite3 *db = NULL;
    if (report_open(c->settings->database, &db, &f) < 0)
        return cli_failed(c, "%s", f.text);
    q->now = c->w->now;
    int r = report_read(db, q, ret, &f);
    report_close(db);
    if (r == 0)
        return 0;
    cli_failed(c, "%s", f.text);
    return r == REPORT_BAD_QUERY ? CLI_USAGE : CLI_FAILED;
}

int cli_read(struct cli *c, struct report_query *q, json_t **ret) {
    struct client_reply reply = {0};
    int r = cli_settings(c, false);
    if (r)
        return r;
    r = call(c, "GET", question_path(c, q), NULL, &reply);
    if (r == CLIENT_NO_SERVICE)
        return read_database(c, q, ret);
    return r < 0 ? CLI_FAILED : answer_take(c, &reply, ret);
}
