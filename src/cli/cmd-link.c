/* cmd-link: link and unlink; confirm and reject of what was suggested. */
#include "cli.h"

static int link_run(struct cli *c) {
    if (!cli_is_ref(c, c->words[0]) || !cli_is_ref(c, c->words[1]))
        return CLI_USAGE;
    cleanup_json json_t *body = json_pack("{s:s, s:s}", "a", c->words[0], "b", c->words[1]);
    return cli_do(c, "POST", "links", body, arena_printf(c->arena, "linked %s with %s", c->words[0], c->words[1]));
}

const struct command command_link = {
    .name = "link",
    .summary = "an incident or defect with a problem, or an incident with a defect",
    .usage = "REF REF",
    .help = "Linking an incident with a defect makes the problem between them where there is none.\n\n"
            "Examples:\n"
            "  bascule link helpdesk:4711 product:56\n"
            "  bascule link helpdesk:4711 P-12",
    .words_min = 2,
    .words_max = 2,
    .run = link_run,
};

static int unlink_run(struct cli *c) {
    if (!cli_is_ref(c, c->words[0]) || !cli_is_ref(c, c->words[1]))
        return CLI_USAGE;
    cleanup_buf struct buf path = {0};
    buf_str(&path, "links/");
    client_escape(&path, c->words[0]);
    buf_char(&path, '/');
    client_escape(&path, c->words[1]);
    return cli_do(c, "DELETE", buf_text(&path), NULL,
                  arena_printf(c->arena, "unlinked %s from %s", c->words[0], c->words[1]));
}

const struct command command_unlink = {
    .name = "unlink",
    .summary = "the other way round, and it does not come back by itself",
    .usage = "REF REF",
    .help = "The link is rejected: references that stand in the tickets now will not make it again, only a new act of\n"
            "a person.\n\n"
            "Examples:\n"
            "  bascule unlink helpdesk:4711 P-12",
    .words_min = 2,
    .words_max = 2,
    .run = unlink_run,
};

static int suggestion(struct cli *c, const char *verb, const char *done) {
    if (!cli_is_number(c, c->words[0], "a suggestion"))
        return CLI_USAGE;
    return cli_do(c, "POST", cli_path(c, "suggestions", c->words[0], verb), NULL,
                  arena_printf(c->arena, "%s suggestion %s", done, c->words[0]));
}

static int confirm_run(struct cli *c) {
    return suggestion(c, "confirm", "confirmed");
}
static int reject_run(struct cli *c) {
    return suggestion(c, "reject", "rejected");
}

const struct command command_confirm = {
    .name = "confirm",
    .summary = "a suggested link",
    .usage = "N",
    .help = "N is the number that the attention list names.\n\n"
            "Examples:\n"
            "  bascule list attention --kind suggestion\n"
            "  bascule confirm 7",
    .words_min = 1,
    .words_max = 1,
    .run = confirm_run,
};

const struct command command_reject = {
    .name = "reject",
    .summary = "a suggested link; it is not suggested again",
    .usage = "N",
    .help = "Examples:\n"
            "  bascule reject 7",
    .words_min = 1,
    .words_max = 1,
    .run = reject_run,
};
