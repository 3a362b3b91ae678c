/* cmd-problem: problems and known errors: new, set, publish, accept-risk, push-back, close, recurred, reopen, merge,
 * split. */
#include "cli.h"

static const struct option problem_options[] = {
    {"title", "TEXT", "new, set, split: what is wrong, in one line", "title", false},
    {"symptom", "TEXT", "what people see", "symptom", false},
    {"error-code", "TEXT", "code or message by which it is known", "error_code", false},
    {"cause", "TEXT", "root cause; internal", "cause", false},
    {"workaround", "TEXT", "for agents; internal", "workaround", false},
    {"customer-text", "TEXT", "workaround as customers may read it; told only once published", "customer_text", false},
    {"solution", "TEXT", "permanent solution", "solution", false},
    {"version", "VERSION", "set, close: the version that fixes it", "version", false},
    {"affected-version", "VERSION", "the version that has it", "affected_version", false},
    {"service", "NAME", "affected service", "service", false},
    {"items", "TEXT", "affected configuration items", "items", false},
    {"product", "NAME", "affected product", "product", false},
    {"priority", "WORD", "critical, high, medium, low", "priority", false},
    {"owner", "NAME", "who sees to it", "owner", false},
    {"group", "NAME", "whose group", "group", false},
    {"change-request", "REF", "the change that carries the fix", "change_request", false},
    {"analysis-target", "DATE", "when the cause should be known", "analysis_target", false},
    {"reason", "TEXT", "accept-risk, push-back, close, recurred, reopen: why", "reason", false},
    {"review", "DATE", "set, accept-risk: when to look at it again", "review", false},
    {"resolution", "WORD", "close: fix-applied (default), risk-accepted, duplicate, cancelled", "resolution", false},
    {"duplicate-of", "P-n", "close: the problem that stands for it", "duplicate_of", false},
    {"yes", NULL, "publish, close, merge: do not ask", NULL, false},
    OPTION_END,
};

#define FACTS                                                                                                          \
    "title symptom error-code cause workaround customer-text solution version affected-version service items product " \
    "priority owner group change-request analysis-target review"

struct verb {
    const char *name;
    const char *options; /* that it takes, "" for none */
    int words;           /* behind its name; -1: two or more */
    int (*run)(struct cli *c);
};

/* ---- options that fit ---- */

static bool word_in(const char *list, const char *word) {
    size_t len = __builtin_strlen(word);
    for (const char *p = list; *p; p += *p == ' ') {
        const char *end = p;
        while (*end && *end != ' ')
            end++;
        if ((size_t)(end - p) == len && __builtin_strncmp(p, word, len) == 0)
            return true;
        p = end;
    }
    return false;
}

static bool date_given(struct cli *c, const char *name) {
    const char *value = args_value(c, name);
    msec_t at;
    if (str_empty(value) || time_parse(value, &at) || time_parse(arena_printf(c->arena, "%sT00:00:00Z", value), &at))
        return true;
    cli_wrong(c, "--%s: '%s' is no day; one looks like 2026-12-31", name, cli_text(c->arena, value));
    return false;
}

/* All options as arguments; NULL after having said what is wrong. */
static json_t *body_make(struct cli *c) {
    static const char *const priorities[] = {"critical", "high", "medium", "low", NULL};
    const char *priority = args_value(c, "priority");
    if (!date_given(c, "review") || !date_given(c, "analysis-target") ||
        (!str_empty(priority) && args_choose(c, "priority", priority, priorities) < 0))
        return NULL;
    return args_json(c);
}

static int needed(struct cli *c, const char *name) {
    return str_empty(args_value(c, name)) ? cli_wrong(c, "problem %s needs --%s", c->words[0], name) : 0;
}

/* POST problems/P-n/VERB with the options. */
static int post(struct cli *c, const char *verb, const char *done) {
    cleanup_json json_t *body = body_make(c);
    if (!body || !cli_is_problem(c, c->words[1]))
        return CLI_USAGE;
    return cli_do(c, "POST", cli_path(c, "problems", c->words[1], verb), body, done);
}

/* ---- verbs ---- */

static int new_run(struct cli *c) {
    int r = needed(c, "title");
    cleanup_json json_t *body = r ? NULL : body_make(c);
    if (!body)
        return CLI_USAGE;
    cleanup_json json_t *made = NULL;
    r = cli_change(c, "POST", "problems", body, &made);
    if (r)
        return r;
    const char *message = json_text(made, "message"), *id = json_text(made, "id");
    struct cli_sheet s = cli_sheet(c);
    if (c->format != CLI_TABLE)
        thing_out(&s, made);
    else if (message)
        fprintf(c->w->out, "%s\n", cli_text(c->arena, message));
    else
        fprintf(c->w->out, "%s\n", id ? id : "made");
    return CLI_DONE;
}

static int set_run(struct cli *c) {
    cleanup_json json_t *body = body_make(c);
    if (!body || !cli_is_problem(c, c->words[1]))
        return CLI_USAGE;
    if (json_object_size(body) == 0)
        return cli_wrong(c, "nothing to set; `bascule problem --help` lists what there is");
    return cli_do(c, "PATCH", cli_path(c, "problems", c->words[1], NULL), body,
                  arena_printf(c->arena, "%s is changed", c->words[1]));
}

/* What telling customers would do, before a question on a terminal; NULL: none is asked, or *ret is the exit code. */
static json_t *plan_of(struct cli *c, const char *verb, int *ret) {
    *ret = 0;
    if (!c->w->in_tty || !c->w->err_tty || args_flag(c, "yes"))
        return NULL;
    cleanup_json json_t *body = body_make(c);
    json_t *plan = NULL;
    if (!body) {
        *ret = CLI_USAGE;
        return NULL;
    }
    json_object_set_new(body, "dry_run", json_true());
    *ret = cli_change(c, "POST", cli_path(c, "problems", c->words[1], verb), body, &plan);
    return plan;
}

static const char *told_of(struct cli *c, const json_t *plan) {
    return count_words(c->arena, json_int(plan, "would_tell", 0), "incident");
}

/* Tells customers: on a terminal it says first how many. */
static int publish_run(struct cli *c) {
    int r;
    if (!cli_is_problem(c, c->words[1]))
        return CLI_USAGE;
    cleanup_json json_t *plan = plan_of(c, "publish", &r);
    if (r)
        return r;
    if (plan && !cli_sure(c, true, arena_printf(c->arena, "Publish it? It is told on up to %s.", told_of(c, plan))))
        return cli_failed(c, "nothing was done");
    return post(c, "publish", arena_printf(c->arena, "the customer text of %s is published", c->words[1]));
}

static int accept_run(struct cli *c) {
    if (needed(c, "reason") || needed(c, "review"))
        return CLI_USAGE;
    return post(c, "accept-risk", arena_printf(c->arena, "the risk of %s is accepted", c->words[1]));
}

static int push_run(struct cli *c) {
    return post(c, "push-back", arena_printf(c->arena, "%s is pushed back", c->words[1]));
}

/* In the order of the resolutions. */
static const char *close_question(struct cli *c, int which, const json_t *plan) {
    const char *n = told_of(c, plan), *unfinished = json_text(plan, "unfinished");
    switch (which) {
    case 0:
        return arena_printf(c->arena, "%s%sIt resolves up to %s and tells their requesters.",
                            unfinished ? cli_text(c->arena, unfinished) : "", unfinished ? ", and not finished. " : "",
                            n);
    case 1: return arena_printf(c->arena, "It tells the requesters of up to %s that no fix will come.", n);
    case 2:
        return arena_printf(c->arena, "%s stands for up to %s from then on.",
                            cli_text(c->arena, args_value(c, "duplicate-of")), n);
    default: return arena_printf(c->arena, "It leaves up to %s without a problem.", n);
    }
}

static int close_run(struct cli *c) {
    static const char *const resolutions[] = {"fix-applied", "risk-accepted", "duplicate", "cancelled", NULL};
    const char *resolution = args_value(c, "resolution") ? args_value(c, "resolution") : resolutions[0];
    int which = args_choose(c, "resolution", resolution, resolutions);
    if (which < 0 || (which == 2 && (needed(c, "duplicate-of") || !cli_is_problem(c, args_value(c, "duplicate-of")))))
        return CLI_USAGE;
    if ((which == 1 || which == 3) && needed(c, "reason"))
        return CLI_USAGE;
    if (!cli_is_problem(c, c->words[1]))
        return CLI_USAGE;
    int r;
    cleanup_json json_t *plan = plan_of(c, "close", &r);
    if (r)
        return r;
    if (plan && !cli_sure(c, true, close_question(c, which, plan)))
        return cli_failed(c, "nothing was done");
    return post(c, "close", arena_printf(c->arena, "%s is closed", c->words[1]));
}

static int recurred_run(struct cli *c) {
    return post(c, "recurred", arena_printf(c->arena, "%s recurred: what on_reopen says follows", c->words[1]));
}

static int reopen_run(struct cli *c) {
    return post(c, "reopen", arena_printf(c->arena, "%s is open again", c->words[1]));
}

static int merge_run(struct cli *c) {
    if (!cli_is_problem(c, c->words[1]) || !cli_is_problem(c, c->words[2]))
        return CLI_USAGE;
    if (!cli_sure(c, true,
                  arena_printf(c->arena, "Move all of %s into %s and end %s?", c->words[1], c->words[2], c->words[1])))
        return cli_failed(c, "nothing was done");
    cleanup_json json_t *body = json_pack("{s:s}", "into", c->words[2]);
    return cli_do(c, "POST", cli_path(c, "problems", c->words[1], "merge"), body,
                  arena_printf(c->arena, "%s is part of %s now", c->words[1], c->words[2]));
}

static int split_run(struct cli *c) {
    cleanup_json json_t *incidents = json_array();
    if (!cli_is_problem(c, c->words[1]))
        return CLI_USAGE;
    for (int i = 2; i < c->n_words; i++) {
        if (!cli_is_ref(c, c->words[i]))
            return CLI_USAGE;
        json_array_append_new(incidents, json_string(c->words[i]));
    }
    cleanup_json json_t *body = json_pack("{s:O}", "incidents", incidents);
    if (args_value(c, "title"))
        json_object_set_new(body, "title", json_string(args_value(c, "title")));
    return cli_do(c, "POST", cli_path(c, "problems", c->words[1], "split"), body,
                  arena_printf(c->arena, "a problem of its own is made of %s of %s",
                               count_words(c->arena, c->n_words - 2, "incident"), c->words[1]));
}

static const struct verb verbs[] = {
    {"new", FACTS, 0, new_run},
    {"set", FACTS, 1, set_run},
    {"publish", "customer-text yes", 1, publish_run},
    {"accept-risk", "reason review", 1, accept_run},
    {"push-back", "reason", 1, push_run},
    {"close", "resolution reason version duplicate-of yes", 1, close_run},
    {"recurred", "reason", 1, recurred_run},
    {"reopen", "reason", 1, reopen_run},
    {"merge", "yes", 2, merge_run},
    {"split", "title", -1, split_run},
};
static const char *const verb_names[] = {"new",      "set",    "publish", "accept-risk", "push-back", "close",
                                         "recurred", "reopen", "merge",   "split",       NULL};

static int problem_run(struct cli *c) {
    int which = args_choose(c, "problem command", c->words[0], verb_names);
    if (which < 0)
        return CLI_USAGE;
    const struct verb *v = &verbs[which];
    for (int i = 0; i < c->n_values; i++)
        if (!word_in(v->options, c->values[i].option->name))
            return cli_wrong(c, "problem %s does not take --%s", v->name, c->values[i].option->name);
    if (v->words >= 0 && c->n_words - 1 != v->words)
        return cli_wrong(c, "problem %s takes %s", v->name,
                         v->words == 0   ? "no problem's number"
                         : v->words == 1 ? "one problem: P-12"
                                         : "two problems: P-13 P-12");
    if (v->words < 0 && c->n_words < 3)
        return cli_wrong(c, "problem split takes a problem and the incidents to take out of it");
    return v->run(c);
}

const struct command command_problem = {
    .name = "problem",
    .summary = "new, set, publish, accept-risk, push-back, close, recurred, reopen, merge, split",
    .usage =
        "new --title TEXT [--cause TEXT] ...\nset P-n [--cause TEXT] [--workaround TEXT] [--customer-text TEXT] ...\n"
        "publish P-n [--customer-text TEXT] [--yes]\naccept-risk P-n --reason TEXT --review DATE\npush-back P-n "
        "[--reason TEXT]\n"
        "close P-n [--resolution WORD] [--reason TEXT] [--version VERSION] [--duplicate-of P-n] [--yes]\nrecurred P-n "
        "[--reason "
        "TEXT]\nreopen P-n\n"
        "merge P-n INTO [--yes]\nsplit P-n REF... [--title TEXT]",
    .help = "A customer text is saved by `set` and told to customers by `publish` only. What is internal (cause,\n"
            "workaround) is never told. `push-back` says of a declined problem that the decline is not accepted: it "
            "stands in\n"
            "the journal, the attention list asks no more, and what waited for an answer leaves; the defect itself is\n"
            "taken up again in its tracker. `close` and `publish` say on a terminal how many they tell, and ask.\n\n"
            "Examples:\n"
            "  bascule problem set P-12 --cause \"rounding per line\" --workaround \"recalculate by hand\"\n"
            "  bascule problem set P-12 --customer-text \"Please reload the invoice once.\"\n"
            "  bascule problem publish P-12\n"
            "  bascule problem accept-risk P-12 --reason \"two customers, a rewrite\" --review 2027-01-31\n"
            "  bascule problem close P-12 --resolution duplicate --duplicate-of P-3",
    .options = problem_options,
    .words_min = 1,
    .words_max = -1,
    .run = problem_run,
};
