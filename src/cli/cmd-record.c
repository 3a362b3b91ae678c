/* cmd-record: what people say about one record: outcome, ignore, forget, ack, sync; and defect new. */
#include "cli.h"
#include <string.h>

/* Changes of a record that take nothing but its reference and the command's options. */
static int record_change(struct cli *c, const char *verb, const char *done) {
    if (!cli_is_ref(c, c->words[0]))
        return CLI_USAGE;
    cleanup_json json_t *body = args_json(c);
    return cli_do(c, "POST", cli_path(c, "incidents", c->words[0], verb), body, done);
}

/* ---- outcome ---- */

static const struct option outcome_options[] = {
    {"reason", "TEXT", "why; stands in the journal", "reason", false},
    OPTION_END,
};

static int outcome_run(struct cli *c) {
    static const char *const outcomes[] = {"fixed",   "workaround", "wont-fix",  "risk-accepted", "not-reproducible",
                                           "invalid", "duplicate",  "withdrawn", "incomplete",    "moved",
                                           NULL};
    if (!cli_is_ref(c, c->words[0]) || args_choose(c, "outcome", c->words[1], outcomes) < 0)
        return CLI_USAGE;
    if (str_empty(args_value(c, "reason")))
        return cli_wrong(c, "--reason is missing: say why");
    cleanup_json json_t *body = args_json(c);
    json_object_set_new(body, "outcome", json_string(c->words[1]));
    return cli_do(c, "POST", cli_path(c, "incidents", c->words[0], "outcome"), body,
                  arena_printf(c->arena, "%s: %s", c->words[0], c->words[1]));
}

const struct command command_outcome = {
    .name = "outcome",
    .summary = "why an incident is closed",
    .usage = "REF OUTCOME --reason TEXT",
    .help = "OUTCOME: fixed, workaround, wont-fix, risk-accepted, not-reproducible, invalid, duplicate, withdrawn,\n"
            "incomplete, moved.\n\n"
            "Examples:\n"
            "  bascule outcome helpdesk:4711 withdrawn --reason \"the customer no longer needs it\"",
    .options = outcome_options,
    .words_min = 2,
    .words_max = 2,
    .run = outcome_run,
};

/* ---- ignore ---- */

static const struct option ignore_options[] = {
    {"off", NULL, "act again, from the next change of its verdict", "off", false},
    OPTION_END,
};

static int ignore_run(struct cli *c) {
    return record_change(
        c, "ignore",
        args_flag(c, "off") ? arena_printf(c->arena, "%s is no longer ignored; it acts from the next turn", c->words[0])
                            : arena_printf(c->arena, "%s is ignored: nothing is written to it", c->words[0]));
}

const struct command command_ignore = {
    .name = "ignore",
    .summary = "hands off a record: it counts, but nothing is written to it",
    .usage = "REF [--off]",
    .help = "Examples:\n"
            "  bascule ignore helpdesk:4711\n"
            "  bascule ignore helpdesk:4711 --off",
    .options = ignore_options,
    .words_min = 1,
    .words_max = 1,
    .run = ignore_run,
};

/* ---- forget ---- */

static const struct option forget_options[] = {
    {"yes", NULL, "do not ask", NULL, false},
    OPTION_END,
};

static int forget_run(struct cli *c) {
    if (!cli_is_ref(c, c->words[0]))
        return CLI_USAGE;
    if (!cli_sure(c, true,
                  arena_printf(c->arena, "Blank all persons and texts of %s? This cannot be undone",
                               cli_text(c->arena, c->words[0]))))
        return cli_failed(c, "nothing was done");
    return record_change(
        c, "forget",
        arena_printf(c->arena, "%s: persons and texts are blanked here; the tracker's own are its own", c->words[0]));
}

const struct command command_forget = {
    .name = "forget",
    .summary = "blank a record's persons and texts in Bascule's database",
    .usage = "REF [--yes]",
    .help = "Links, states and counts stay. Asks first on a terminal.\n\n"
            "Examples:\n"
            "  bascule forget helpdesk:4711",
    .options = forget_options,
    .words_min = 1,
    .words_max = 1,
    .run = forget_run,
};

/* ---- ack ---- */

static const struct option ack_options[] = {
    {"recurrence", NULL, "the fix was delivered and did not hold here: count it", "recurrence", false},
    OPTION_END,
};

static int ack_run(struct cli *c) {
    return record_change(c, "ack",
                         args_flag(c, "recurrence") ? arena_printf(c->arena, "%s is a recurrence", c->words[0])
                                                    : arena_printf(c->arena, "%s is acknowledged", c->words[0]));
}

const struct command command_ack = {
    .name = "ack",
    .summary = "clear an incident's came-back, did-not-hold or returned from the attention list",
    .usage = "REF [--recurrence]",
    .help = "What came back after the delivery is no recurrence until you say so; `on_reopen` in the policy says what\n"
            "recurrences do to the defect.\n\n"
            "Examples:\n"
            "  bascule ack helpdesk:4711\n"
            "  bascule ack helpdesk:4711 --recurrence",
    .options = ack_options,
    .words_min = 1,
    .words_max = 1,
    .run = ack_run,
};

/* ---- sync ---- */

static int sync_run(struct cli *c) {
    const char *what =
        strchr(c->words[0], ':') ? "has been read" : "is polled now, and all its linked records are looked at";
    return cli_do(c, "POST", cli_path(c, "sync", c->words[0], NULL), NULL,
                  arena_printf(c->arena, "%s %s", c->words[0], what));
}

const struct command command_sync = {
    .name = "sync",
    .summary = "read this record now, or a whole tracker",
    .usage = "REF\nTRACKER",
    .help =
        "One look, without waiting for the next poll. Where a record seems deleted, a second look makes it certain.\n\n"
        "Examples:\n"
        "  bascule sync helpdesk:4711\n"
        "  bascule sync product",
    .words_min = 1,
    .words_max = 1,
    .run = sync_run,
};

/* ---- defect new ---- */

static const struct option defect_options[] = {
    {"tracker", "NAME", "in which tracker; needed where there are several for defects", "tracker", false},
    {"another", NULL, "although it has an unfinished one there, or had one made", "another", false},
    OPTION_END,
};

static int defect_run(struct cli *c) {
    static const char *const verbs[] = {"new", NULL};
    int64_t n;
    if (args_choose(c, "defect command", c->words[0], verbs) < 0 || !cli_is_ref(c, c->words[1]))
        return CLI_USAGE;
    cleanup_json json_t *body = args_json(c);
    const char *of = problem_ref_parse(c->words[1], &n) ? "problems" : "incidents";
    return cli_do(c, "POST", cli_path(c, of, c->words[1], "defect"), body,
                  arena_printf(c->arena, "a defect for %s is on its way; `bascule show %s` will name it", c->words[1],
                               c->words[1]));
}

const struct command command_defect = {
    .name = "defect",
    .summary = "create the defect of an incident or problem, linked, once",
    .usage = "new REF [--tracker NAME] [--another]",
    .help =
        "Where the problem has an unfinished defect in that tracker, none is made, unless --another asks for it.\n\n"
        "Examples:\n"
        "  bascule defect new helpdesk:4711\n"
        "  bascule defect new P-12 --tracker product",
    .options = defect_options,
    .words_min = 2,
    .words_max = 2,
    .run = defect_run,
};
