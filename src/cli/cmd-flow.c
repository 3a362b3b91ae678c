/* cmd-flow: what is on its way: retry, discard, release, outbox, pause, resume, policy. */
#include "cli.h"

/* ---- one effect, one batch ---- */

static int effect_change(struct cli *c, const char *what, const char *verb, const json_t *body, const char *done) {
    if (!cli_is_number(c, c->words[0], what))
        return CLI_USAGE;
    return cli_do(c, "POST", cli_path(c, "effects", c->words[0], verb), body,
                  arena_printf(c->arena, "%s %s %s", what, c->words[0], done));
}

static int retry_run(struct cli *c) {
    return effect_change(c, "effect", "retry", NULL, "is tried again");
}

const struct command command_retry = {
    .name = "retry",
    .summary = "try a parked effect again",
    .usage = "N",
    .help = "Examples:\n"
            "  bascule list effects --state parked\n"
            "  bascule retry 31",
    .words_min = 1,
    .words_max = 1,
    .run = retry_run,
};

static const struct option discard_options[] = {
    {"reason", "TEXT", "why; stands in the journal", "reason", false},
    OPTION_END,
};

static int discard_run(struct cli *c) {
    if (str_empty(args_value(c, "reason")))
        return cli_wrong(c, "--reason is missing: say why");
    cleanup_json json_t *body = args_json(c);
    return effect_change(c, "effect", "discard", body, "is given up");
}

const struct command command_discard = {
    .name = "discard",
    .summary = "give up a parked effect",
    .usage = "N --reason TEXT",
    .help = "It stays on record, as superseded, with the reason.\n\n"
            "Examples:\n"
            "  bascule discard 31 --reason \"done by hand\"",
    .options = discard_options,
    .words_min = 1,
    .words_max = 1,
    .run = discard_run,
};

static int release_run(struct cli *c) {
    return effect_change(c, "batch", "release", NULL, "is released");
}

const struct command command_release = {
    .name = "release",
    .summary = "let a braked batch go",
    .usage = "N",
    .help = "N is the number that the attention list names; its entry says what would be done.\n\n"
            "Examples:\n"
            "  bascule list attention --kind braked\n"
            "  bascule release 3",
    .words_min = 1,
    .words_max = 1,
    .run = release_run,
};

/* ---- what a change without bounds would do ---- */

static void counts_print(struct cli *c, FILE *out, const json_t *plan) {
    const char *message = json_text(plan, "message"), *key;
    const json_t *counts = json_object_get(plan, "would_assert");
    json_t *n;
    size_t shown = 0;
    const char *would = json_text(plan, "would");
    if (would) {
        fprintf(out, "It would %s, in a new turn of %s\n", cli_text(c->arena, would),
                count_words(c->arena, json_int(plan, "incidents", 0), "incident"));
        return;
    }
    if (message)
        fprintf(out, "%s\n", cli_text(c->arena, message));
    json_object_foreach((json_t *)(uintptr_t)(json_is_object(counts) ? counts : plan), key, n) {
        if (!json_is_integer(n))
            continue;
        fprintf(out, "%s  %8lld %s\n", shown++ ? "" : "It would touch:\n", (long long)json_integer_value(n),
                cli_text(c->arena, key));
    }
    if (!message && shown == 0)
        fprintf(out, "It would touch nothing that is settled; what waits now would leave (`bascule outbox`).\n");
}

/* Shows what it would do, asks, does it. */
static int unbounded(struct cli *c, const char *path, json_t *body, const char *question, const char *done) {
    cleanup_json json_t *plan = NULL;
    bool only_show = args_flag(c, "dry-run");
    json_object_set_new(body, "dry_run", json_true());
    if (only_show || !args_flag(c, "yes")) {
        int r = cli_change(c, "POST", path, body, &plan);
        if (r)
            return r;
        struct cli_sheet s = cli_sheet(c);
        if (c->format != CLI_TABLE && only_show)
            thing_out(&s, plan);
        else /* before a question: a program that reads the answer finds one thing only */
            counts_print(c, c->format == CLI_TABLE ? c->w->out : c->w->err, plan);
        if (only_show || json_int(plan, "incidents", 1) == 0)
            return CLI_DONE;
    }
    if (!cli_sure(c, false, question))
        return cli_failed(c, "nothing was done; say --yes to do it");
    json_object_set_new(body, "dry_run", json_false());
    return cli_do(c, "POST", path, body, done);
}

/* ---- outbox ---- */

static const struct option outbox_options[] = {
    {"assert", NULL, "open: treat what was adopted at import as new", "assert", false},
    {"instance", "NAME", "open: go on as this instance (its identity file is lost)", "instance", false},
    {"dry-run", NULL, "open: only show what would leave", NULL, false},
    {"yes", NULL, "open: do not ask", NULL, false},
    OPTION_END,
};

static int outbox_show(struct cli *c) {
    cleanup_json json_t *status = NULL;
    struct report_query q = {.what = REPORT_STATUS};
    int r = cli_read(c, &q, &status);
    if (r)
        return r;
    const json_t *outbox = json_object_get(status, "outbox");
    const char *why = json_text(outbox, "why");
    bool dry_run = json_bool(status, "dry_run", c->settings->dry_run);
    if (c->format != CLI_TABLE) {
        struct cli_sheet s = cli_sheet(c);
        if (dry_run)
            json_object_set_new((json_t *)(uintptr_t)outbox, "dry_run", json_true());
        thing_out(&s, outbox);
        return CLI_DONE;
    }
    if (dry_run)
        fprintf(c->w->out, "Dry run: everything is decided, nothing is written\n");
    fprintf(c->w->out, "The outbox is %s%s%s\n", json_bool(outbox, "open", true) ? "open" : "shut", why ? ": " : "",
            why ? cli_text(c->arena, why) : "");
    for (int i = 0; i < EFFECT_STATE_COUNT; i++)
        fprintf(c->w->out, "  %8lld %s\n", (long long)json_int(outbox, effect_state_name((enum effect_state)i), 0),
                effect_state_name((enum effect_state)i));
    return CLI_DONE;
}

static int outbox_run(struct cli *c) {
    static const char *const verbs[] = {"open", "close", NULL};
    int which = c->n_words ? args_choose(c, "outbox command", c->words[0], verbs) : 2;
    if (which < 0)
        return CLI_USAGE;
    if (which != 0 && c->n_values > 0)
        return cli_wrong(c, "--%s goes with `outbox open`", c->values[0].option->name);
    if (which == 2)
        return outbox_show(c);
    if (which == 1)
        return cli_do(c, "POST", "outbox/close", NULL, "the outbox is shut: nothing leaves until it is opened");
    cleanup_json json_t *body = args_json(c);
    return unbounded(c, "outbox/open", body, "Open the outbox?", "the outbox is open");
}

const struct command command_outbox = {
    .name = "outbox",
    .summary = "what is on its way; shut it, open it",
    .usage = "\nopen [--assert] [--instance NAME] [--dry-run] [--yes]\nclose",
    .help = "Opening shows what would leave and asks on a terminal; elsewhere it needs --yes.\n\n"
            "Examples:\n"
            "  bascule outbox\n"
            "  bascule outbox close\n"
            "  bascule outbox open --assert --dry-run",
    .options = outbox_options,
    .words_max = 1,
    .run = outbox_run,
};

/* ---- trackers ---- */

static int tracker_change(struct cli *c, const char *verb, const char *done) {
    return cli_do(c, "POST", cli_path(c, "trackers", c->words[0], verb), NULL,
                  arena_printf(c->arena, "%s %s", cli_text(c->arena, c->words[0]), done));
}

static int pause_run(struct cli *c) {
    return tracker_change(c, "pause", "is paused: neither polled nor written to");
}
static int resume_run(struct cli *c) {
    return tracker_change(c, "resume", "is polled and written to again");
}

const struct command command_pause = {
    .name = "pause",
    .summary = "stop a tracker's polling and writes",
    .usage = "TRACKER",
    .help = "Nothing is lost: what is decided meanwhile waits.\n\n"
            "Examples:\n"
            "  bascule pause helpdesk",
    .words_min = 1,
    .words_max = 1,
    .run = pause_run,
};

const struct command command_resume = {
    .name = "resume",
    .summary = "go on with a paused or stopped tracker",
    .usage = "TRACKER",
    .help = "One that was stopped because it was put back from a backup is read anew: what it shows holds, and nobody\n"
            "is told because of it. One that was stopped because of another bridge is written to again.\n\n"
            "Examples:\n"
            "  bascule resume helpdesk",
    .words_min = 1,
    .words_max = 1,
    .run = resume_run,
};

/* ---- policy ---- */

static const struct option policy_options[] = {
    {"for", "P-n|REF|TRACKER", "only to the incidents of that problem or tracker, or to that one", "for", false},
    {"dry-run", NULL, "only show what it would do", NULL, false},
    {"yes", NULL, "do not ask", NULL, false},
    OPTION_END,
};

static int policy_run(struct cli *c) {
    static const char *const verbs[] = {"apply", NULL};
    if (args_choose(c, "policy command", c->words[0], verbs) < 0)
        return CLI_USAGE;
    cleanup_json json_t *body = args_json(c);
    const char *whom = args_value(c, "for");
    return unbounded(
        c, "policy/apply", body,
        arena_printf(c->arena, "Apply the policy to %s?", whom ? cli_text(c->arena, whom) : "all incidents"),
        arena_printf(c->arena, "the policy holds for %s now", whom ? whom : "all incidents"));
}

const struct command command_policy = {
    .name = "policy",
    .summary = "apply a changed policy to incidents that stand under the old one",
    .usage = "apply [--for P-n|REF|TRACKER] [--dry-run] [--yes]",
    .help = "A changed policy holds from an incident's next turn; this starts a new turn now, without notes. It shows\n"
            "first what would come of it, and asks on a terminal; elsewhere it needs --yes.\n\n"
            "Examples:\n"
            "  bascule policy apply --dry-run\n"
            "  bascule policy apply --for P-12",
    .options = policy_options,
    .words_min = 1,
    .words_max = 1,
    .run = policy_run,
};
