/* cmd-status: the service at a glance. Exit code 3 when something needs attention. */
#include "cli.h"

static const char *last_ok(struct arena *a, const json_t *t, msec_t now) {
    return age_text(a, json_text(t, "last_ok"), now);
}

static const char *wrong(struct arena *a, const json_t *t, msec_t now) {
    const char *text = json_text(t, "stopped") ? json_text(t, "stopped") : json_text(t, "error");
    if (!text && str_is(json_text(t, "import"), "running"))
        return arena_printf(a, "%lld imported so far", (long long)json_int(t, "imported", 0));
    return text ? text : "";
}

/* A limit it has set, or a back-off after failures: until when nothing is asked of it. */
static const char *limit(struct arena *a, const json_t *t, msec_t now) {
    const char *until = json_text(t, "waits_until");
    msec_t at;
    if (str_empty(until) || !time_parse(until, &at) || at <= now)
        return "";
    long long n = (long long)json_int(t, "failures", 0);
    const char *span = duration_text(a, (at - now + SEC_MS - 1) / SEC_MS * SEC_MS);
    return n ? arena_printf(a, "%s, failed %lld times", span, n) : arena_printf(a, "%s, at its request", span);
}

static const struct cli_column tracker_columns[] = {
    {.title = "TRACKER", .key = "/name"},
    {.title = "ROLE", .key = "/role", .keep = 2},
    {.title = "CONDITION", .key = "/state", .word = true},
    {.title = "LAST POLL", .key = "/last_ok", .text = last_ok},
    {.title = "RECORDS", .key = "/records", .right = true, .keep = 1},
    {.title = "WAITING", .key = "/backlog", .right = true, .keep = 3},
    {.title = "NOT BEFORE", .key = "/waits_until", .text = limit, .keep = 4},
    {.title = "WHAT IS WRONG", .key = "/error", .text = wrong, .min = 16},
};

static long long at(const json_t *j, const char *pointer) {
    return (long long)json_integer_value(json_at(j, pointer));
}

static void outbox_print(const struct cli_sheet *s, const json_t *status, bool dry_run) {
    const json_t *outbox = json_object_get(status, "outbox");
    const char *why = json_text(outbox, "why");
    fprintf(s->out, "\nOutbox: ");
    if (dry_run)
        fprintf(s->out, "dry run: everything is decided, nothing is written; ");
    if (!json_bool(outbox, "open", true))
        fprintf(s->out, "shut%s%s; `bascule outbox open` opens it; ", why ? ": " : "", why ? why : "");
    fprintf(s->out, "%lld pending, %lld in flight, %lld unsure, %lld parked, %lld done, %lld superseded\n",
            at(outbox, "/pending"), at(outbox, "/in-flight"), at(outbox, "/unsure"), at(outbox, "/parked"),
            at(outbox, "/done"), at(outbox, "/superseded"));
}

static void attention_print(const struct cli_sheet *s, const json_t *status) {
    const char *kind;
    json_t *n;
    bool first = true;
    fprintf(s->out, "Attention: ");
    json_object_foreach(json_at(status, "/attention/kinds"), kind, n) {
        fprintf(s->out, "%s%lld %s", first ? "" : ", ", (long long)json_integer_value(n), kind);
        first = false;
    }
    fprintf(s->out, "%s\n", first ? "nothing" : "; `bascule list attention` says what clears each");
}

static void table_print(struct cli *c, const json_t *status, bool dry_run) {
    struct cli_sheet s = cli_sheet(c);
    if (!c->over_socket)
        fprintf(s.out, "The service is not running; this is what the database says. `bascule run` starts it.\n\n");
    cli_print_items(&s, tracker_columns, array_size(tracker_columns), json_object_get(status, "trackers"));
    outbox_print(&s, status, dry_run);
    attention_print(&s, status);
    fprintf(s.out,
            "Incidents: %lld open, %lld waiting, %lld closed-unresolved. Problems: %lld open, of them %lld known "
            "errors\n",
            at(status, "/incidents/open"), at(status, "/incidents/waiting"), at(status, "/closed_unresolved/incidents"),
            at(status, "/problems/open"), at(status, "/problems/known_errors"));
}

static bool needs_attention(const json_t *status) {
    size_t i;
    json_t *t;
    if (at(status, "/attention/total") > 0 || at(status, "/outbox/parked") > 0 ||
        !json_bool(json_object_get(status, "outbox"), "open", true))
        return true;
    json_array_foreach(json_object_get(status, "trackers"), i, t)
        if (str_is(json_text(t, "state"), "down") || str_is(json_text(t, "state"), "stopped"))
            return true;
    return false;
}

static int run(struct cli *c) {
    cleanup_json json_t *status = NULL;
    struct report_query q = {.what = REPORT_STATUS};
    int r = cli_read(c, &q, &status);
    if (r)
        return r;
    bool dry_run = json_bool(status, "dry_run", c->settings->dry_run);
    json_object_set_new(status, "dry_run", json_boolean(dry_run));
    json_object_set_new(status, "running", json_boolean(c->over_socket));
    if (c->format == CLI_TABLE)
        table_print(c, status, dry_run);
    else if (c->format == CLI_JSON)
        json_out(c->w->out, status);
    else {
        struct cli_sheet s = cli_sheet(c);
        cli_print_items(&s, tracker_columns, array_size(tracker_columns), json_object_get(status, "trackers"));
    }
    return needs_attention(status) ? CLI_ATTENTION : CLI_DONE;
}

const struct command command_status = {
    .name = "status",
    .summary = "trackers, outbox, and what needs attention",
    .usage = "",
    .help =
        "Exits 3 when something needs attention: an entry on the attention list, a parked change, a shut outbox, a\n"
        "tracker that is down.\n\n"
        "Examples:\n"
        "  bascule status\n"
        "  bascule status --format json | jq .outbox",
    .run = run,
};
