/* cmd-token: API tokens: make one, list them, revoke one. */
#include "cli.h"

static const struct option token_options[] = {
    {"role", "ROLE", "new: viewer, practitioner, manager or owner; viewer if nothing is said", "role", false},
    {"expires", "SPAN", "new: it opens nothing after that: 90d, 12h", "expires", false},
    OPTION_END,
};

/* The token alone on stdout, so that a script can keep it. */
static int token_new(struct cli *c) {
    cleanup_json json_t *body = args_json(c), *made = NULL;
    json_object_set_new(body, "name", json_string(c->words[1]));
    if (!args_value(c, "role"))
        json_object_set_new(body, "role", json_string("viewer"));
    int r = cli_change(c, "POST", "tokens", body, &made);
    if (r)
        return r;
    const char *expires = json_text(made, "expires");
    if (c->format != CLI_TABLE) {
        struct cli_sheet s = cli_sheet(c);
        thing_out(&s, made);
        return CLI_DONE;
    }
    fprintf(c->w->err, "Token %s, role %s, %s%s. It is shown this once:\n", word_of(made, "id"), word_of(made, "role"),
            expires ? "until " : "does not expire", expires ? moment_text(c->arena, expires) : "");
    fprintf(c->w->out, "%s\n", word_of(made, "token"));
    return CLI_DONE;
}

static int token_list(struct cli *c) {
    static const struct cli_column columns[] = {
        {.title = "NAME", .key = "/name"},       {.title = "ROLE", .key = "/role"},
        {.title = "STATE", .key = "/state"},     {.title = "ID", .key = "/id"},
        {.title = "CREATED", .key = "/created"}, {.title = "USED", .key = "/used"},
        {.title = "EXPIRES", .key = "/expires"}, {.title = "BY", .key = "/created_by"},
    };
    cleanup_json json_t *found = NULL;
    int r = cli_change(c, "GET", "tokens", NULL, &found);
    if (r)
        return r;
    struct cli_sheet s = cli_sheet(c);
    const json_t *items = json_object_get(found, "items");
    if (c->format == CLI_TABLE && json_array_size(items) == 0)
        fprintf(c->w->out, "There are no tokens: bascule token new NAME --role ROLE makes one\n");
    else
        cli_print_items(&s, columns, array_size(columns), items);
    return CLI_DONE;
}

static int token_run(struct cli *c) {
    static const char *const verbs[] = {"new", "list", "revoke", NULL};
    int which = args_choose(c, "token command", c->words[0], verbs);
    if (which < 0)
        return CLI_USAGE;
    if (which != 0 && c->n_values > 0)
        return cli_wrong(c, "--%s goes with `token new`", c->values[0].option->name);
    if (which == 1)
        return c->n_words == 1 ? token_list(c) : cli_wrong(c, "`token list` takes no words");
    if (c->n_words != 2)
        return cli_wrong(c, "%s", which ? "say which: its NAME or ID" : "say whom or what it is for: a NAME");
    if (which == 0)
        return token_new(c);
    return cli_do(c, "DELETE", cli_path(c, "tokens", c->words[1], NULL), NULL,
                  arena_printf(c->arena, "%s opens nothing any more", c->words[1]));
}

const struct command command_token = {
    .name = "token",
    .summary = "API tokens: make one, list them, revoke one",
    .usage = "new NAME [--role ROLE] [--expires SPAN]\nlist\nrevoke NAME|ID",
    .help =
        "A program sends it as `Authorization: Bearer TOKEN` to /api/v1. A viewer reads; a practitioner links, writes\n"
        "workarounds and retries; a manager publishes, accepts risks, closes, releases; an owner makes tokens, pauses\n"
        "trackers, opens the outbox. The token is shown once: only a hash of it is kept.\n\n"
        "Examples:\n"
        "  bascule token new monitoring\n"
        "  bascule token new ci --role practitioner --expires 90d\n"
        "  bascule token revoke ci",
    .options = token_options,
    .words_min = 1,
    .words_max = 2,
    .run = token_run,
};
