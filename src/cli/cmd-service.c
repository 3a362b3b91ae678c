/* cmd-service: run, check, demo, connectors: what main.c does, called with what was typed. */
#include "cli.h"

struct cli_job cli_job(struct cli *c) {
    struct cli_sheet s = cli_sheet(c);
    return (struct cli_job){
        .settings = c->settings,
        .format = c->format,
        .colour = s.colour,
        .width = s.width,
        .out = c->w->out,
        .err = c->w->err,
    };
}

static int unavailable(struct cli *c) {
    return cli_failed(c, "this build cannot do that");
}

/* ---- run ---- */

static const struct option run_options[] = {
    {"once", NULL, "poll and deliver until nothing is due, then exit", NULL, false},
    OPTION_END,
};

static int run(struct cli *c) {
    int r = cli_settings(c, true);
    if (r)
        return r;
    struct cli_job j = cli_job(c);
    j.config_file = c->settings_file;
    j.once = args_flag(c, "once");
    if (!c->w->run)
        return unavailable(c);
    c->settings = NULL; /* taken over */
    return c->w->run(c->w->arg, &j);
}

const struct command command_run = {
    .name = "run",
    .summary = "the service",
    .usage = "[--once]",
    .help = "Polls the configured trackers, keeps incidents, problems and defects together, and serves the page and\n"
            "the API at `listen`. SIGTERM and SIGINT end it, SIGHUP reads the configuration again.\n\n"
            "Examples:\n"
            "  bascule run -c /etc/bascule/bascule.yaml\n"
            "  bascule run --once                 from cron instead of as a service",
    .options = run_options,
    .run = run,
};

/* ---- check ---- */

static const struct option check_options[] = {
    {"diff", NULL, "say what the changed file would do to the present incidents", NULL, false},
    OPTION_END,
};

static int check(struct cli *c) {
    struct cli_job j = cli_job(c);
    j.config_file = cli_config_file(c);
    j.diff = args_flag(c, "diff");
    if (!j.config_file)
        return cli_settings(c, true);
    return c->w->check ? c->w->check(c->w->arg, &j) : unavailable(c);
}

const struct command command_check = {
    .name = "check",
    .summary = "the configuration file, then each tracker: what works, what does not",
    .usage = "[--diff]",
    .help = "One line a finding: OK, WARN or FAIL. Reads only; works beside the running service and without it.\n\n"
            "Examples:\n"
            "  bascule check -c new.yaml\n"
            "  bascule check -c new.yaml --diff   what would it do?",
    .options = check_options,
    .run = check,
};

/* ---- demo ---- */

static const struct option demo_options[] = {
    {"port", "PORT", "where the page is; default 8420", NULL, true},
    {"dir", "DIR", "keep the database there; default: a temporary folder", NULL, false},
    OPTION_END,
};

static int demo(struct cli *c) {
    struct cli_job j = cli_job(c);
    const char *port = args_value(c, "port");
    int64_t n = 0;
    if (port && (!str_int64(port, &n) || n < 1 || n > 65535))
        return cli_wrong(c, "--port: '%s' is no port; one is between 1 and 65535", cli_text(c->arena, port));
    j.port = (int)n;
    j.dir = args_value(c, "dir");
    return c->w->demo ? c->w->demo(c->w->arg, &j) : unavailable(c);
}

const struct command command_demo = {
    .name = "demo",
    .summary = "the service on two built-in sandbox trackers with a story, and the page",
    .usage = "[--port PORT] [--dir DIR]",
    .help = "Needs no configuration and no network. Open the address that it prints; Ctrl-C ends it.\n\n"
            "Examples:\n"
            "  bascule demo\n"
            "  bascule demo --port 9000",
    .options = demo_options,
    .run = demo,
};

/* ---- connectors ---- */

static const struct option connectors_options[] = {
    {"live", NULL, NULL, NULL, false}, /* to come: known, so that who types it is told */
    OPTION_END,
};

static int connectors(struct cli *c) {
    struct cli_job j = cli_job(c);
    bool test = c->n_words > 0 && str_is(c->words[0], "test");
    if (test && c->n_words != 2)
        return cli_wrong(c, "test needs a folder: bascule connectors test DIR");
    if (!test && c->n_words > 1)
        return cli_wrong(c, "one name at a time");
    if (args_flag(c, "live"))
        return cli_wrong(c, "--live, a test against the real tracker, is not there yet: `bascule connectors test DIR` "
                            "replays the folder's recorded cases, and `bascule check` asks the configured trackers");
    if (test) {
        j.dir = c->words[1];
        return c->w->connectors_test ? c->w->connectors_test(c->w->arg, &j) : unavailable(c);
    }
    j.name = c->n_words ? c->words[0] : NULL;
    return c->w->connectors ? c->w->connectors(c->w->arg, &j) : unavailable(c);
}

const struct command command_connectors = {
    .name = "connectors",
    .summary = "what each tracker's connector can do",
    .usage = "[NAME]\ntest DIR",
    .help = "What each can do, and how far it is proven. `test` reads the folder's recipe and replays the recorded\n"
            "cases of its tests/: a line each; what differs goes to standard error.\n\n"
            "Examples:\n"
            "  bascule connectors\n"
            "  bascule connectors rt\n"
            "  bascule connectors test ./connectors/ours",
    .options = connectors_options,
    .words_max = 2,
    .run = connectors,
};
