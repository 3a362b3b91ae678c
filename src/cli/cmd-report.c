/* cmd-report: `bascule report NAME`, as a table, CSV, JSON or a page to print.
 *
 * What must hold: the columns are those of the answer, so that a report needs no second list of them here. */
#include "cli.h"
#include <ctype.h>
#include <string.h>

#define COLUMNS_SHOWN 24

enum { AS_TABLE, AS_JSON, AS_CSV, AS_HTML };
static const char *const formats[] = {"table", "json", "csv", "html", NULL};

static char *upper(struct arena *a, const char *text) {
    char *copy = arena_strdup(a, text);
    for (char *p = copy; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return copy;
}

/* What stands left matters most: on a narrow terminal the numbers behind it go first, the last of all never. */
static size_t columns_make(struct arena *a, const json_t *answer, struct cli_column *columns) {
    size_t i, n = json_array_size(json_object_get(answer, "columns"));
    json_t *c;
    json_array_foreach(json_object_get(answer, "columns"), i, c) {
        const char *form = json_text(c, "form"), *key = json_text(c, "key");
        bool text = str_is(form, "text");
        if (i == COLUMNS_SHOWN)
            return i;
        columns[i] = (struct cli_column){
            .title = upper(a, json_text(c, "title")),
            .key = arena_printf(a, "/%s", key),
            .right = (!text && !str_is(form, "day")) || str_is(key, "value"),
            .word = str_is(key, "state"),
            .min = text ? (str_is(key, "title") ? 16 : 8) : 0,
            .keep = i < 2 || str_is(key, "title") ? 0 : (int)(n - i),
        };
    }
    return i;
}

static void asked_print(FILE *out, const json_t *answer) {
    static const char *const keys[] = {"since", "until", "by", "service", "tracker"};
    cleanup_arena struct arena *a = arena_new();
    fprintf(out, "%s", word_of(answer, "about"));
    for (size_t i = 0; i < array_size(keys); i++)
        if (json_text(answer, keys[i]))
            fprintf(out, " %s %s", keys[i], cli_text(a, json_text(answer, keys[i])));
    fputs("\n\n", out);
}

static void table_print(struct cli *c, const json_t *answer) {
    struct cli_sheet s = cli_sheet(c);
    struct cli_column columns[COLUMNS_SHOWN];
    const char *none = json_text(answer, "none");
    s.format = CLI_TABLE;
    if (none) {
        fprintf(c->w->out, "%s%s\n", none, c->n_values ? " (of what was asked for)" : "");
        return;
    }
    asked_print(c->w->out, answer);
    size_t n = columns_make(c->arena, answer, columns);
    cli_print_items(&s, columns, n, json_object_get(answer, "items"));
}

static void report_print(struct cli *c, int format, const json_t *answer) {
    cleanup_buf struct buf b = {0};
    int64_t more = json_int(answer, "more", 0);
    if (format == AS_TABLE)
        table_print(c, answer);
    else if (format == AS_JSON)
        json_out(c->w->out, answer);
    else if (format == AS_CSV)
        report_csv(&b, answer);
    else
        report_html(&b, answer, NULL);
    fwrite(buf_text(&b), 1, b.len, c->w->out);
    if (more && format != AS_JSON)
        fprintf(c->w->err, "and %lld more: --limit (up to %d) shows more\n", (long long)more, REPORT_ROWS_MAX);
}

static int report_run(struct cli *c) {
    cleanup_json json_t *answer = NULL;
    const char *as = args_value(c, "format"), *limit = args_value(c, "limit"), *by = args_value(c, "by");
    int format = as ? args_choose(c, "format", as, formats) : AS_TABLE;
    int64_t n = 0;
    if (format < 0 || args_choose(c, "report", c->words[0], report_figures) < 0 ||
        (by && args_choose(c, "group", by, report_bys) < 0))
        return CLI_USAGE;
    if (limit && (!str_int64(limit, &n) || n < 1 || n > REPORT_ROWS_MAX))
        return cli_wrong(c, "--limit must be between 1 and %d", REPORT_ROWS_MAX);
    struct report_query q = {
        .what = REPORT_FIGURES,
        .ref = c->words[0],
        .since = args_value(c, "since"),
        .until = args_value(c, "until"),
        .by = by,
        .service = args_value(c, "service"),
        .tracker = args_value(c, "tracker"),
        .limit = (int)n,
    };
    int r = cli_read(c, &q, &answer);
    if (r == 0)
        report_print(c, format, answer);
    return r;
}

static const struct option report_options[] = {
    {"since", "WHEN", "from a day, a time, or a span ago: 2026-01-31, 90d", NULL, false},
    {"until", "WHEN", "up to then; a day is meant whole", NULL, false},
    {"by", "service|tracker|priority|owner", "a line for each, instead of one for each record", NULL, false},
    {"service", "NAME", "of this service", NULL, false},
    {"tracker", "NAME", "of this tracker", NULL, false},
    {"limit", "N", "how many lines at most; default 100, up to 10000", NULL, false},
    {"format", "table|json|csv|html", "how to print; html is a page with charts, to read and to print", NULL, false},
    OPTION_END,
};

const struct command command_report = {
    .name = "report",
    .summary = "what is open, how old it is, what it costs, and whether it gets better",
    .usage = "open-defects|closed-unresolved|known-errors|ageing|flow|service|sync [options]",
    .help = "  open-defects       defects that are not finished, with the incidents that hang on each\n"
            "  closed-unresolved  incidents that are closed without being solved, by outcome, age, work and service\n"
            "  known-errors       known errors: workaround, review, incidents since known, cost\n"
            "  ageing             what is older than 7, 30, 90, 180 days, and what has not been touched for as long\n"
            "  flow               opened, closed and backlog by week; the last 12 weeks when nothing is said\n"
            "  service            time to cause, to workaround, to telling the customer; the last year\n"
            "  sync               lag, failures and parked changes of each tracker; the last 7 days\n\n"
            "What each figure means stands in the page (--format html), in JSON, and in config/reports.md.\n\n"
            "Examples:\n"
            "  bascule report open-defects --by service\n"
            "  bascule report known-errors --format csv --limit 10000 > known-errors.csv\n"
            "  bascule report flow --since 2026-01-01 --format html > flow.html",
    .options = report_options,
    .words_min = 1,
    .words_max = 1,
    .run = report_run,
};
