/* cli: which command, and help.
 *
 * Called by main.c. Owns one invocation. Adding a command: its file, its line
 * in cli.h, its line in the table below. */
#include "cli.h"
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct command *const commands[] = {
    &command_ack,     &command_audit,      &command_backup,  &command_check,
    &command_confirm, &command_connectors, &command_defect,  &command_demo,
    &command_discard, &command_doctor,     &command_explain, &command_forget,
    &command_ignore,  &command_link,       &command_list,    &command_outbox,
    &command_outcome, &command_pause,      &command_policy,  &command_problem,
    &command_reject,  &command_release,    &command_report,  &command_resume,
    &command_retry,   &command_run,        &command_show,    &command_status,
    &command_sync,    &command_token,      &command_unlink,  NULL,
};

const struct command *command_find(const char *name) {
    for (size_t i = 0; commands[i]; i++)
        if (str_is(commands[i]->name, name))
            return commands[i];
    return NULL;
}

/* ---- general help ---- */

static void group_print(FILE *out, const char *title, const char *const *names) {
    fprintf(out, "\n%s\n", title);
    for (; *names; names++)
        fprintf(out, "  %-12s %s\n", *names, command_find(*names)->summary);
}

static void general_help(FILE *out) {
    static const char *const service[] = {"demo", "run", "check", "connectors", NULL};
    static const char *const look[] = {"status", "list", "show", "explain", "report", NULL};
    static const char *const work[] = {"link",   "unlink", "problem", "defect", "outcome", "ack",
                                       "ignore", "forget", "confirm", "reject", NULL};
    static const char *const care[] = {"audit", "backup", "doctor", NULL};
    static const char *const access[] = {"token", NULL};
    static const char *const flow[] = {"sync",  "retry",  "discard", "release", "outbox",
                                       "pause", "resume", "policy",  NULL};
    fputs("Bascule joins ticketing systems and defect trackers: incidents, the defects behind them, and what is closed "
          "but not solved.\n\nusage: bascule COMMAND [-c FILE] [--format table|json|csv] ...\n",
          out);
    group_print(out, "The service", service);
    group_print(out, "Looking", look);
    group_print(out, "Incidents, problems, defects", work);
    group_print(out, "What is on its way", flow);
    group_print(out, "Care", care);
    group_print(out, "Access to the API", access);
    fputs(
        "\n`bascule COMMAND --help` says more, with examples. Exit codes: 0 done, 1 failed, 2 used wrongly, 3 done but "
        "something needs attention.\n"
        "Start with `bascule demo`: it needs no configuration.\n",
        out);
}

static int help_command(const struct cli_world *w, const char *name) {
    const struct command *command = name ? command_find(name) : NULL;
    if (command)
        help_print(w->out, command);
    else
        general_help(w->out);
    return CLI_DONE;
}

static int command_unknown(const struct cli_world *w, const char *typed) {
    cleanup_arena struct arena *a = arena_new();
    const char *names[64];
    size_t n = 0;
    for (; commands[n]; n++)
        names[n] = commands[n]->name;
    names[n] = NULL;
    const char *near = nearest(typed, names);
    fprintf(w->err, "bascule: there is no command '%s'", cli_text(a, typed));
    if (near)
        fprintf(w->err, "; did you mean `bascule %s`?\n", near);
    else
        fprintf(w->err, "; `bascule --help` lists those that there are\n");
    return CLI_USAGE;
}

/* ---- the way in ---- */

static int command_invoke(const struct cli_world *w, const struct command *command, int argc, char **argv) {
    cleanup_arena struct arena *a = arena_new();
    struct cli c = {.w = w, .arena = a, .command = command};
    int code = args_read(&c, argc, argv);
    if (code == 0 && c.help)
        help_print(w->out, command);
    else if (code == 0)
        code = command->run(&c);
    settings_free(c.settings);
    fflush(w->out);
    if (ferror(w->out) && code == CLI_DONE) {
        fprintf(w->err, "bascule %s: what it said could not be written\n", command->name);
        return CLI_FAILED;
    }
    return code;
}

int cli_main(const struct cli_world *world, int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : NULL;
    if (!first) {
        general_help(world->err);
        return CLI_USAGE;
    }
    if (str_is(first, "--help") || str_is(first, "-h") || str_is(first, "help"))
        return help_command(world, argc > 2 ? argv[2] : NULL);
    if (str_is(first, "--version") || str_is(first, "version")) {
        fprintf(world->out, "bascule %s\n", world->version ? world->version : "");
        return CLI_DONE;
    }
    const struct command *command = command_find(first);
    return command ? command_invoke(world, command, argc - 2, argv + 2) : command_unknown(world, first);
}

void cli_world_terminal(struct cli_world *world) {
    struct winsize size = {0};
    world->out = stdout;
    world->err = stderr;
    world->in = stdin;
    world->out_tty = isatty(STDOUT_FILENO);
    world->err_tty = isatty(STDERR_FILENO);
    world->in_tty = isatty(STDIN_FILENO);
    world->columns = world->out_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
