/* cli: the command line (interface.md section 2).
 *
 * cli_main() is all of it: it finds the command, reads its arguments, and
 * either asks the running service, reads the database, or calls back into
 * main.c for what needs the engine. It ends nothing and exits nowhere.
 *
 * What it may know of the world comes by argument, so that tests can be one. */
#ifndef BASCULE_CLI_H
#define BASCULE_CLI_H

#include "bascule/client.h"
#include "bascule/config.h"
#include <stdio.h>

/* Exit codes. */
enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_ATTENTION = 3 };
enum cli_format { CLI_TABLE, CLI_JSON, CLI_CSV };

/* What the commands that main.c does get from the command line. */
struct cli_job {
    const char *config_file;   /* found, readable or not; NULL for demo and connectors, and where none was found */
    struct settings *settings; /* run and audit only: checked, secrets resolved, taken over */
    enum cli_format format;
    bool colour;
    int width; /* of the terminal, 0: none */
    FILE *out, *err;
    bool once;        /* run --once */
    bool diff;        /* check --diff */
    int port;         /* demo --port; 0: the default */
    const char *dir;  /* demo --dir: where its database is kept, NULL: a temporary one. connectors test DIR */
    const char *name; /* connectors NAME */
};

struct cli_world {
    void *arg;
    FILE *out, *err, *in;
    bool out_tty, err_tty, in_tty;
    int columns; /* of the terminal; 0: unknown or none. $COLUMNS goes before it */
    msec_t now;
    const char *version;
    const char *(*env)(void *arg, const char *name);
    const struct config_world *config; /* for config_parse; its file() also reads the configuration itself */
    /* Default client_call; a test's own otherwise. */
    int (*call)(const char *socket_path, const char *method, const char *path, const json_t *body,
                struct client_reply *ret, struct fault *fault);
    /* Bodies in main.c; give an enum cli_exit. */
    int (*run)(void *arg, const struct cli_job *job);
    int (*check)(void *arg, const struct cli_job *job);
    int (*demo)(void *arg, const struct cli_job *job);
    int (*connectors)(void *arg, const struct cli_job *job);
    int (*connectors_test)(void *arg, const struct cli_job *job);
    /* Where no service runs: what its command `audit` answers at the end. */
    int (*audit)(void *arg, const struct cli_job *job, json_t **ret);
    /* A bar on the terminal while something long is under way; what NULL: it is over. NULL: none. */
    void (*progress)(void *arg, const char *what, int64_t done, int64_t of, const char *things);
};

/* Gives the exit code. argv[0] is the program's name. */
int cli_main(const struct cli_world *world, int argc, char **argv);

/* Fills out, err, in, the ttys and columns from this process. */
void cli_world_terminal(struct cli_world *world);

/* ---- output, also for main.c's check and connectors ---- */

struct cli_column {
    const char *title;
    const char *key; /* JSON pointer into an item ("/ref"), NULL with `text` */
    /* Text of a cell instead of the plain value; in the arena. */
    const char *(*text)(struct arena *a, const json_t *item, msec_t now);
    int min;    /* never narrower than this when the terminal is narrow; 0: never cut */
    int keep;   /* dropped when there is no room, the lowest first; 0: never dropped */
    bool right; /* aligned right */
    bool word;  /* coloured by what it says (states, OK, FAIL) */
};
struct cli_sheet {
    FILE *out;
    enum cli_format format;
    int width; /* 0: as wide as it gets */
    bool colour;
    bool tty; /* CSV is shown with escapes there */
    msec_t now;
};
/* Prints an array of objects as table, CSV (RFC 4180) or JSON. */
void cli_print_items(const struct cli_sheet *sheet, const struct cli_column *columns, size_t n, const json_t *items);

#endif
