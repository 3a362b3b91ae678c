/* cmd-list: `bascule list WHAT` with its filters. */
#include "cli.h"

static const char *updated(struct arena *a, const json_t *i, msec_t now) {
    return age_text(a, json_text(i, "updated"), now);
}
static const char *created(struct arena *a, const json_t *i, msec_t now) {
    return age_text(a, json_text(i, "created"), now);
}
static const char *since(struct arena *a, const json_t *i, msec_t now) {
    return age_text(a, json_text(i, "since"), now);
}
static const char *linked(struct arena *a, const json_t *i, msec_t now) {
    return age_text(a, json_text(i, "linked_at"), now);
}
static const char *moment(struct arena *a, const json_t *i, msec_t now) {
    return moment_text(a, json_text(i, "at"));
}

static const char *state(struct arena *a, const json_t *i, msec_t now) {
    const char *presence = json_text(i, "presence"), *s = word_of(i, "state");
    return presence && !str_is(presence, "present") ? arena_printf(a, "%s (%s)", s, presence) : s;
}

static const char *said(struct arena *a, const json_t *i, msec_t now) {
    const char *error = json_text(i, "error"), *reason = json_text(i, "reason");
    return error ? arena_printf(a, "%s: %s", reason ? reason : "", error) : reason ? reason : "";
}

static const char *about(struct arena *a, const json_t *i, msec_t now) {
    const char *ref = json_text(i, "ref"), *problem = json_text(i, "problem");
    return ref ? ref : problem ? problem : "";
}

static const struct cli_column incident_columns[] = {
    {.title = "INCIDENT", .key = "/ref"},
    {.title = "STATE", .key = "/state", .text = state, .word = true},
    {.title = "OUTCOME", .key = "/outcome", .keep = 5},
    {.title = "VERDICT", .key = "/verdict", .word = true, .keep = 9},
    {.title = "PROBLEMS", .key = "/problems", .min = 8, .keep = 8},
    {.title = "DEFECTS", .key = "/defects", .min = 10, .keep = 6},
    {.title = "PRIORITY", .key = "/priority", .keep = 3},
    {.title = "SERVICE", .key = "/service", .min = 8, .keep = 4},
    {.title = "UPDATED", .key = "/updated", .text = updated, .keep = 2},
    {.title = "ATTENTION", .key = "/attention", .min = 9, .keep = 7},
    {.title = "TITLE", .key = "/title", .min = 16},
};
static const struct cli_column defect_columns[] = {
    {.title = "DEFECT", .key = "/ref"},
    {.title = "STATE", .key = "/state", .text = state, .word = true},
    {.title = "OUTCOME", .key = "/outcome", .keep = 5},
    {.title = "VERSION", .key = "/version", .min = 7, .keep = 3},
    {.title = "PROBLEMS", .key = "/problems", .min = 8, .keep = 8},
    {.title = "INCIDENTS", .key = "/incidents/total", .right = true, .keep = 7},
    {.title = "UNRESOLVED", .key = "/incidents/closed_unresolved", .right = true, .keep = 6},
    {.title = "UPDATED", .key = "/updated", .text = updated, .keep = 2},
    {.title = "ATTENTION", .key = "/attention", .min = 9, .keep = 4},
    {.title = "TITLE", .key = "/title", .min = 16},
};
static const struct cli_column problem_columns[] = {
    {.title = "PROBLEM", .key = "/id"},
    {.title = "STATUS", .key = "/status", .word = true},
    {.title = "DELIVERY", .key = "/delivery", .word = true},
    {.title = "INCIDENTS", .key = "/incidents/total", .right = true},
    {.title = "UNRESOLVED", .key = "/incidents/closed_unresolved", .right = true, .keep = 6},
    {.title = "OPEN", .key = "/incidents/open", .right = true, .keep = 5},
    {.title = "SERVICE", .key = "/service", .min = 8, .keep = 2},
    {.title = "OWNER", .key = "/owner", .min = 6, .keep = 1},
    {.title = "DEFECTS", .key = "/defects", .min = 10, .keep = 4},
    {.title = "ATTENTION", .key = "/attention", .min = 9, .keep = 3},
    {.title = "TITLE", .key = "/title", .min = 16},
};
static const struct cli_column effect_columns[] = {
    {.title = "N", .key = "/n", .right = true},
    {.title = "RECORD", .key = "/ref"},
    {.title = "WANTS", .key = "/wants", .min = 12, .keep = 6},
    {.title = "STATE", .key = "/state", .word = true},
    {.title = "PROBLEM", .key = "/problem", .keep = 3},
    {.title = "TRIES", .key = "/attempts", .right = true, .keep = 1},
    {.title = "CREATED", .key = "/created", .text = created, .keep = 2},
    {.title = "WHY", .key = "/reason", .text = said, .min = 16},
};
static const struct cli_column link_columns[] = {
    {.title = "PROBLEM", .key = "/problem"},
    {.title = "RECORD", .key = "/ref"},
    {.title = "KIND", .key = "/kind", .keep = 2},
    {.title = "STATUS", .key = "/status", .word = true},
    {.title = "LINKED", .key = "/linked_at", .text = linked, .keep = 1},
    {.title = "TITLE", .key = "/title", .min = 16},
};
static const struct cli_column attention_columns[] = {
    {.title = "WHAT", .key = "/kind"},
    {.title = "WHERE", .key = "/subject"},
    {.title = "SINCE", .key = "/since", .text = since, .keep = 1},
    {.title = "WHO", .key = "/who", .min = 8, .keep = 2},
    {.title = "WHY", .key = "/text", .min = 16},
    {.title = "WHAT CLEARS IT", .key = "/clear", .min = 16},
};
static const struct cli_column journal_columns[] = {
    {.title = "N", .key = "/n", .right = true, .keep = 1},  {.title = "AT", .key = "/at", .text = moment},
    {.title = "WHO", .key = "/actor", .min = 8, .keep = 3}, {.title = "WHAT", .key = "/what", .keep = 4},
    {.title = "ABOUT", .key = "/ref", .text = about},       {.title = "TEXT", .key = "/text", .min = 16},
};

static const struct listing {
    enum report_what what;
    const struct cli_column *columns;
    size_t n;
    const char *none;
} listings[] = {
    {REPORT_INCIDENTS, incident_columns, array_size(incident_columns), "no incidents"},
    {REPORT_DEFECTS, defect_columns, array_size(defect_columns), "no defects"},
    {REPORT_PROBLEMS, problem_columns, array_size(problem_columns), "no problems"},
    {REPORT_EFFECTS, effect_columns, array_size(effect_columns), "no effects"},
    {REPORT_LINKS, link_columns, array_size(link_columns), "no links"},
    {REPORT_ATTENTION, attention_columns, array_size(attention_columns), "nothing needs attention"},
    {REPORT_JOURNAL, journal_columns, array_size(journal_columns), "nothing in the journal"},
};
static const char *const names[] = {"incidents", "defects",   "problems", "effects",
                                    "links",     "attention", "journal",  NULL};

/* The words of the table, then the answers, so that CSV of nothing still has its header. */
static void list_print(struct cli *c, const struct listing *l, const json_t *answer) {
    struct cli_sheet s = cli_sheet(c);
    const json_t *items = json_object_get(answer, "items");
    const char *after = json_text(answer, "after");
    if (c->format == CLI_JSON)
        json_out(s.out, answer);
    else if (c->format == CLI_TABLE && json_array_size(items) == 0)
        fprintf(s.out, "%s%s\n", l->none, c->n_values ? " that fit" : "");
    else
        cli_print_items(&s, l->columns, l->n, items);
    if (after && c->format == CLI_TABLE)
        fprintf(c->w->err, "and more: --after %s goes on, --limit (up to %d) shows more at once\n", after,
                REPORT_LIMIT_MAX);
}

static int list_run(struct cli *c) {
    cleanup_json json_t *answer = NULL;
    int which = args_choose(c, "list", c->words[0], names);
    if (which < 0)
        return CLI_USAGE;
    const char *limit = args_value(c, "limit");
    int64_t n = 0;
    if (limit && (!str_int64(limit, &n) || n < 1 || n > REPORT_LIMIT_MAX))
        return cli_wrong(c, "--limit must be between 1 and %d", REPORT_LIMIT_MAX);
    struct report_query q = {
        .what = listings[which].what,
        .state = args_value(c, "state"),
        .tracker = args_value(c, "tracker"),
        .problem = args_value(c, "problem"),
        .search = args_value(c, "search"),
        .kind = args_value(c, "kind"),
        .since = args_value(c, "since"),
        .ref = args_value(c, "ref"),
        .after = args_value(c, "after"),
        .limit = (int)n,
    };
    int r = cli_read(c, &q, &answer);
    if (r == 0)
        list_print(c, &listings[which], answer);
    return r;
}

static const struct option list_options[] = {
    {"state", "STATE[,STATE]", "of incidents, defects, problems, effects, links", NULL, false},
    {"tracker", "NAME", "of this tracker", NULL, false},
    {"problem", "P-n", "that belong to it", NULL, false},
    {"search", "WORDS", "incidents, defects, problems, journal: that hold all of them", NULL, false},
    {"kind", "KIND", "of effects, links, attention, journal", NULL, false},
    {"since", "WHEN", "changed since a day, a time, or a span ago: 2026-01-31, 7d", NULL, false},
    {"ref", "REF", "effects, links, attention, journal: of this record", NULL, false},
    {"limit", "N", "how many at most; default 100, up to 500", NULL, false},
    {"after", "TOKEN", "go on behind an earlier answer", NULL, false},
    OPTION_END,
};

const struct command command_list = {
    .name = "list",
    .summary = "incidents, defects, problems, effects, links, attention or the journal",
    .usage = "incidents|defects|problems|effects|links|attention|journal [options]",
    .help = "Newest first. `--state closed-unresolved` finds all that are closed but not solved, also those that are\n"
            "closed with an outcome like wont-fix; `--state open` finds effects and problems that are not finished.\n\n"
            "Examples:\n"
            "  bascule list incidents --state closed-unresolved --format csv\n"
            "  bascule list problems --state known-error\n"
            "  bascule list effects --state parked\n"
            "  bascule list journal --ref helpdesk:4711",
    .options = list_options,
    .words_min = 1,
    .words_max = 1,
    .run = list_run,
};
