/* cmd-show: `show REF` and `explain REF`: one thing, whole. */
#include "cli.h"

static const char *created(struct arena *a, const json_t *i, msec_t now) {
    return age_text(a, json_text(i, "created"), now);
}
static const char *moment(struct arena *a, const json_t *i, msec_t now) {
    return moment_text(a, json_text(i, "at"));
}

static const struct cli_column effect_columns[] = {
    {.title = "N", .key = "/n", .right = true},
    {.title = "RECORD", .key = "/ref"},
    {.title = "WANTS", .key = "/wants", .min = 12, .keep = 2},
    {.title = "STATE", .key = "/state", .word = true},
    {.title = "CREATED", .key = "/created", .text = created, .keep = 1},
    {.title = "WHY", .key = "/reason", .min = 16},
};
static const struct cli_column journal_columns[] = {
    {.title = "AT", .key = "/at", .text = moment},
    {.title = "WHO", .key = "/actor", .min = 8, .keep = 1},
    {.title = "WHAT", .key = "/what", .keep = 2},
    {.title = "TEXT", .key = "/text", .min = 16},
};
static const struct cli_column record_columns[] = {
    {.title = "RECORD", .key = "/ref"},
    {.title = "STATE", .key = "/state", .word = true},
    {.title = "OUTCOME", .key = "/outcome", .keep = 1},
    {.title = "LINK", .key = "/status", .word = true, .keep = 2},
    {.title = "TITLE", .key = "/title", .min = 16},
};

/* What the links of a record stand on; the number is what `confirm` and `reject` take. */
static const struct cli_column evidence_columns[] = {
    {.title = "N", .key = "/n", .right = true},
    {.title = "PROBLEM", .key = "/of"},
    {.title = "LINK", .key = "/status", .word = true},
    {.title = "SOURCE", .key = "/source", .keep = 2},
    {.title = "WHERE", .key = "/place", .min = 8},
    {.title = "BY", .key = "/actor", .min = 6, .keep = 1},
    {.title = "AT", .key = "/at", .text = moment, .keep = 3},
};

static json_t *evidence_rows(const json_t *item) {
    json_t *rows = json_array(), *link, *evidence;
    size_t i, k;
    json_array_foreach(json_object_get(item, "links"), i, link)
        json_array_foreach(json_object_get(link, "evidence"), k, evidence) {
            json_t *row = json_copy(evidence);
            json_object_set(row, "of", json_object_get(link, "problem"));
            json_object_set(row, "status", json_object_get(link, "status"));
            json_array_append_new(rows, row);
        }
    return rows;
}

static void part_print(const struct cli_sheet *s, const char *title, const struct cli_column *columns, size_t n,
                       const json_t *items) {
    if (json_array_size(items) == 0)
        return;
    heading_print(s, title);
    cli_print_items(s, columns, n, items);
}

struct row {
    const char *title, *key;
};

static void rows_print(const struct cli_sheet *s, const json_t *item, const struct row *rows, size_t n) {
    cleanup_arena struct arena *a = arena_new();
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_at(item, rows[i].key);
        const char *text = value_text(a, value);
        msec_t at;
        if (json_is_false(value) || (json_is_integer(value) && json_integer_value(value) == 0))
            continue;
        if (text && json_is_string(value) && time_parse(text, &at))
            text = moment_text(a, text);
        field_print(s, rows[i].title, json_is_true(value) ? "yes" : text);
    }
}

static const struct row record_rows[] = {
    {"State", "/state"},
    {"Outcome", "/outcome"},
    {"Outcome's reason", "/outcome_reason"},
    {"In the tracker", "/native_state"},
    {"Presence", "/presence"},
    {"Merged into", "/merged_into"},
    {"Duplicate of", "/duplicate_of"},
    {"Verdict", "/verdict"},
    {"Turn", "/turn"},
    {"Ignored", "/ignored"},
    {"Priority", "/priority"},
    {"Service", "/service"},
    {"Version", "/version"},
    {"Reporter", "/reporter"},
    {"Assignee", "/assignee"},
    {"Problems", "/problems"},
    {"Defects", "/defects"},
    {"Incidents", "/incidents/total"},
    {"Open", "/incidents/open"},
    {"Unresolved", "/incidents/closed_unresolved"},
    {"Attention", "/attention"},
    {"Created", "/created"},
    {"Updated", "/updated"},
    {"Last seen", "/last_seen"},
    {"URL", "/url"},
};
static const struct row problem_rows[] = {
    {"Status", "/status"},
    {"Known error", "/known_error"},
    {"Delivery", "/delivery"},
    {"Symptom", "/symptom"},
    {"Error code", "/error_code"},
    {"Cause", "/cause"},
    {"Workaround", "/workaround"},
    {"Customer text", "/customer_text"},
    {"Published", "/published_text"},
    {"Revision", "/revision"},
    {"Solution", "/solution"},
    {"Fixed in", "/fixed_in"},
    {"Service", "/service"},
    {"Product", "/product"},
    {"Version", "/version"},
    {"Items", "/items"},
    {"Priority", "/priority"},
    {"Impact", "/impact"},
    {"Urgency", "/urgency"},
    {"Owner", "/owner"},
    {"Group", "/group"},
    {"Resolution", "/resolution"},
    {"Reason", "/reason"},
    {"Accepted by", "/accepted_by"},
    {"Review", "/review"},
    {"Duplicate of", "/duplicate_of"},
    {"Change request", "/change_request"},
    {"Analysis target", "/analysis_target"},
    {"Incidents", "/incidents/total"},
    {"Open", "/incidents/open"},
    {"Unresolved", "/incidents/closed_unresolved"},
    {"Solved", "/incidents/solved"},
    {"Attention", "/attention"},
    {"Created", "/created"},
    {"Known since", "/known"},
    {"Closed", "/closed"},
};
static const struct row effect_rows[] = {
    {"Record", "/ref"},
    {"Title", "/title"},
    {"Kind", "/kind"},
    {"State", "/state"},
    {"Why", "/reason"},
    {"Problem", "/problem"},
    {"Turn", "/turn"},
    {"Attempts", "/attempts"},
    {"The tracker says", "/error"},
    {"Not sent", "/adopted"},
    {"Batch", "/batch"},
    {"May start from", "/from"},
    {"Key", "/key"},
    {"Marker", "/marker"},
    {"Created", "/created"},
    {"Not before", "/not_before"},
    {"Sent", "/sent"},
    {"Settled", "/settled"},
    {"URL", "/url"},
};

static void title_print(const struct cli_sheet *s, const char *name, const char *title) {
    cleanup_arena struct arena *a = arena_new();
    fprintf(s->out, "%s%s%s: %s\n", s->colour ? "\033[1m" : "", name, s->colour ? "\033[0m" : "",
            cli_text(a, title ? title : ""));
}

static void record_print(const struct cli_sheet *s, const json_t *item) {
    title_print(s, word_of(item, "ref"), json_text(item, "title"));
    rows_print(s, item, record_rows, array_size(record_rows));
}

static void problem_print(const struct cli_sheet *s, const json_t *item) {
    title_print(s, word_of(item, "id"), json_text(item, "title"));
    rows_print(s, item, problem_rows, array_size(problem_rows));
    part_print(s, "Defects", record_columns, array_size(record_columns), json_object_get(item, "defect_items"));
    part_print(s, "Incidents", record_columns, array_size(record_columns), json_object_get(item, "incident_items"));
}

static void effect_print(const struct cli_sheet *s, const json_t *item) {
    cleanup_arena struct arena *a = arena_new();
    title_print(s, arena_printf(a, "Effect %lld", (long long)json_int(item, "n", 0)), word_of(item, "wants"));
    rows_print(s, item, effect_rows, array_size(effect_rows));
    const char *text = json_text(json_object_get(item, "want"), "text");
    const char *body = text ? text : json_text(json_object_get(item, "want"), "body");
    if (body) {
        heading_print(s, "Text");
        text_wrap(s->out, body, 2, s->width);
    }
}

static void item_print(const struct cli_sheet *s, const json_t *item) {
    cleanup_json json_t *evidence = evidence_rows(item);
    if (json_object_get(item, "n"))
        effect_print(s, item);
    else if (json_object_get(item, "ref"))
        record_print(s, item);
    else
        problem_print(s, item);
    part_print(s, "Links", evidence_columns, array_size(evidence_columns), evidence);
    part_print(s, "Effects", effect_columns, array_size(effect_columns), json_object_get(item, "effects"));
    part_print(s, "Journal", journal_columns, array_size(journal_columns), json_object_get(item, "journal"));
}

static int one(struct cli *c, enum report_what what, void (*print)(const struct cli_sheet *, const json_t *)) {
    cleanup_json json_t *item = NULL;
    struct report_query q = {.what = what, .ref = c->words[0]};
    struct cli_sheet s = cli_sheet(c);
    int r = cli_read(c, &q, &item);
    if (r)
        return r;
    if (c->format != CLI_TABLE)
        thing_out(&s, item);
    else
        print(&s, item);
    return CLI_DONE;
}

static int show_run(struct cli *c) {
    return one(c, REPORT_SHOW, item_print);
}

const struct command command_show = {
    .name = "show",
    .summary = "a record, problem or effect, whole",
    .usage = "REF\nP-n\nN",
    .help = "Examples:\n"
            "  bascule show helpdesk:4711\n"
            "  bascule show P-12\n"
            "  bascule show 31                    effect 31, with the tracker's own words",
    .words_min = 1,
    .words_max = 1,
    .run = show_run,
};

static int explain_run(struct cli *c) {
    return cli_is_ref(c, c->words[0]) ? one(c, REPORT_EXPLAIN, explain_print) : CLI_USAGE;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "why it is as it is",
    .usage = "REF\nP-n",
    .help = "The rule that was applied, the facts it stood on, what was decided and what came of it, what people did\n"
            "since, and what would change it.\n\n"
            "Examples:\n"
            "  bascule explain helpdesk:4711\n"
            "  bascule explain product:56\n"
            "  bascule explain P-12 --format json",
    .words_min = 1,
    .words_max = 1,
    .run = explain_run,
};
